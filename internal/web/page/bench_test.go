package page_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"usher/internal/web/page"
)

// BenchmarkWarm is what a page costs at start, or on its first view.
func BenchmarkWarm(b *testing.B) {
	for b.Loop() {
		set, err := page.NewSet(os.DirFS("testdata/specimen"))
		if err != nil {
			b.Fatal(err)
		}
		if err := set.Warm("specimen"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRender is what a page costs each time.
func BenchmarkRender(b *testing.B) {
	set, err := page.NewSet(os.DirFS("testdata/specimen"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := set.Render(httptest.NewRecorder(), http.StatusOK, "specimen", newSpecimen()); err != nil {
			b.Fatal(err)
		}
	}
}
