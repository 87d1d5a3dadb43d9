package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tests of testdata/door notice some of its checks; which ones is the
// whole point.
func TestRun_TellsKilledFromSurvivors(t *testing.T) {
	t.Parallel()
	p, err := findIn("testdata/door", "")
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{parallel: 2, out: &bytes.Buffer{}}
	results, err := r.run(p, "")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, r := range results {
		fmt.Fprintf(&got, "killed=%t reached=%t %s\n", r.killed, r.reached, strings.TrimPrefix(r.mutant.key(), "testdata/door/door.go "))
	}
	want := `killed=true reached=true admit: !t.note("age", age >= 18), ignored
killed=false reached=false admit: !t.note("name", name != ""), ignored
killed=false reached=false Open: len(key) > 9, ignored
killed=true reached=true Open: key == "", ignored
killed=false reached=true Open: case 'x', left out
killed=true reached=true Open: key == "yes", taken as met
killed=true reached=true Open: !spare, taken as met
killed=true reached=true Open: return errors.New("the wrong key"), as nil
killed=true reached=true weigh: default, left out
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}

func TestReport_ASurvivorNeedsAReason(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "allowed.txt")
	m := &mutant{file: "a.go", line: 3, fn: "f", text: "x == 0, ignored", nth: 1}
	for text, want := range map[string]struct{ survivors, unused int }{
		"":                                    {1, 0},
		"a.go f: x == 0, ignored # y < 0 too": {0, 0},
		"a.go g: x == 0, ignored # gone":      {1, 1},
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		allowed, err := readAllowed(name)
		if err != nil {
			t.Fatal(err)
		}
		got := report(&bytes.Buffer{}, []result{{mutant: m, reached: true}}, allowed)
		if got != want.survivors || len(allowed.unused()) != want.unused {
			t.Errorf("%q: %d survivors and %d unused lines, want %+v", text, got, len(allowed.unused()), want)
		}
	}
	if err := os.WriteFile(name, []byte("a.go f: x == 0, ignored\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readAllowed(name); err == nil {
		t.Error("a line without a reason is read")
	}
}
