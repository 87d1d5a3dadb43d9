package account_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/web/account"
	"usher/internal/web/page"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// assetHash changes with each change of a style; the golden files don't.
var assetHash = regexp.MustCompile(`/assets/[0-9a-f]{16}/`)

func TestGolden(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	wanted := map[string]bool{}
	for _, s := range slices.Concat(samples(), hostileSamples(), languageSamples()) {
		wanted[s.name+".html"] = true
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := assetHash.ReplaceAll(render(t, pages, s).Body.Bytes(), []byte("/assets/hash/"))
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

func newPages(t *testing.T) *page.Set {
	t.Helper()
	pages, err := account.NewPages()
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func render(t *testing.T, pages *page.Set, s sample) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := pages.Render(w, http.StatusOK, s.page, s.view); err != nil {
		t.Fatal(err)
	}
	return w
}
