package portal

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/message"
	"usher/internal/web/page"
)

// These tests are inside of the package: they draw the screens that handlers build,
// from samples.

var update = flag.Bool("update", false, "rewrite testdata/golden")

// assetHash changes with each change of a style; the golden files don't.
var assetHash = regexp.MustCompile(`/assets/[0-9a-f]{16}/`)

func TestGolden(t *testing.T) {
	t.Parallel()
	ui := &UI{}
	if err := ui.Init(); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	for _, s := range samples(t) {
		wanted[s.name+".html"] = true
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.screen.Frame = page.Frame{
				Text: message.In(s.lang), App: "Northwind Bank", HomeURL: root + "/0123456789abcdef/", CSRF: "csrf-token",
				Notices: s.screen.Notices, Problems: s.screen.Problems,
			}
			w := httptest.NewRecorder()
			if err := ui.pages.Render(w, http.StatusOK, "screen", &s.screen); err != nil {
				t.Fatal(err)
			}
			got := assetHash.ReplaceAll(w.Body.Bytes(), []byte("/assets/hash/"))
			if unsaid := regexp.MustCompile(`\b(setup|page|failure|advice)\.[a-z_.]+`).Find(got); unsaid != nil {
				t.Errorf("the page shows the key %s", unsaid)
			}
			file := filepath.Join("testdata", "golden", s.name+".html")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s differs (-want +got); go test -update rewrites it:\n%s", file, diff)
			}
		})
	}
	entries, err := os.ReadDir(filepath.Join("testdata", "golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !wanted[e.Name()] {
			t.Errorf("testdata/golden/%s belongs to no sample", e.Name())
		}
	}
}
