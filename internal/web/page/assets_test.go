package page_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"

	"usher/internal/web/page"
)

// stylesheet returns the path that pages give for the stylesheet.
func stylesheet(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := newSet(t).Render(w, http.StatusOK, "specimen", newSpecimen()); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`/assets/[0-9a-f]{16}/usher\.css`).FindString(w.Body.String())
	if found == "" {
		t.Fatal("the page has no stylesheet")
	}
	return found
}

func get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	page.Assets().ServeHTTP(w, r)
	return w
}

func TestAssets_ThePresentOnesAreKeptForEver(t *testing.T) {
	t.Parallel()
	w := get(stylesheet(t))
	if got, want := w.Header().Get("Cache-Control"), "public, max-age=31536000, immutable"; w.Code != 200 || got != want {
		t.Errorf("status %d, Cache-Control %q, want 200, %q", w.Code, got, want)
	}
	if got, want := w.Header().Get("Content-Type"), "text/css; charset=utf-8"; got != want {
		t.Errorf("Content-Type %q, want %q", got, want)
	}
	file, err := os.ReadFile("assets/usher.css")
	if err != nil {
		t.Fatal(err)
	}
	if w.Body.String() != string(file) {
		t.Error("not the stylesheet")
	}
	if w := get(stylesheet(t), "If-None-Match", w.Header().Get("ETag")); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("asked again: status %d, %d bytes, want 304 and none", w.Code, w.Body.Len())
	}
}

func TestAssets_AnOldHashGetsThePresentFileUncached(t *testing.T) {
	t.Parallel()
	w := get("/assets/0123456789abcdef/usher.css")
	if got := w.Header().Get("Cache-Control"); w.Code != 200 || got != "no-cache" {
		t.Errorf("status %d, Cache-Control %q, want 200, no-cache", w.Code, got)
	}
}

func TestAssets_AreCompressedForWhoCanReadIt(t *testing.T) {
	t.Parallel()
	w := get(stylesheet(t), "Accept-Encoding", "br, gzip")
	if got := w.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding %q, want gzip", got)
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != get(stylesheet(t)).Body.String() {
		t.Error("unpacked, it is not the stylesheet")
	}
}

func TestAssets_NothingElseIsServed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/assets/", "/assets/x", "/assets/x/", "/assets/x/../set.go", "/assets/x/nothing.css", "/assets/x/y/usher.css"} {
		if w := get(path); w.Code != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	page.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodPost, stylesheet(t), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", w.Code)
	}
}

// What a browser must have before it shows a page: less than 100 KB, ours.
// Phones on a train are why; the stylesheet is all of it.
func TestAssets_AreSmall(t *testing.T) {
	t.Parallel()
	const most = 48 << 10 // bytes, unpacked
	entries, err := os.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > most {
		t.Errorf("assets have %d bytes, want at most %d", total, most)
	}
}
