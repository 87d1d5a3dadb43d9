package server

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDisposableFile_IsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	f := &disposableFile{path: filepath.Join(t.TempDir(), "domains")}
	at := time.Now().Add(-time.Hour)
	write := func(text string) error {
		t.Helper()
		if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Minute)
		if err := os.Chtimes(f.path, at, at); err != nil {
			t.Fatal(err)
		}
		return f.read(t.Context())
	}
	if err := f.read(t.Context()); err == nil {
		t.Error("a file that is not there was read")
	}
	if err := write("# ours\n\nBurner.test # since May\r\nb\u00fccher.test\n"); err != nil {
		t.Error(err)
	}
	if set := f.set(); !set.Holds("burner.test") || !set.Holds("eu.burner.test") || !set.Holds("xn--bcher-kva.test") || set.Holds("acme.test") || len(set) != 2 {
		t.Errorf("read: %v", f.set())
	}
	for _, bad := range []string{"acme.test\nno domain\n", "a\x00b\n", "*@acme.test\n"} {
		if err := write(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
		if !f.set().Holds("burner.test") {
			t.Errorf("after %q what was read before is gone", bad)
		}
	}
	if err := write("other.test\n"); err != nil || f.set().Holds("burner.test") || !f.set().Holds("other.test") {
		t.Errorf("after a change: %v, %v", f.set(), err)
	}
	none := &disposableFile{}
	if err := none.read(t.Context()); err != nil || none.set() != nil {
		t.Errorf("no file: %v, %v", none.set(), err)
	}
}
