package page_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"usher/internal/web/page"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden.html")

var assetPath = regexp.MustCompile(`/assets/[0-9a-f]{16}/`)

type specimen struct {
	page.Frame
	Name  string
	Steps []string
}

func newSpecimen() *specimen {
	return &specimen{
		Frame: page.Frame{
			App: "Specimen", CSRF: "csrf-token", SignedInAs: "alice@acme.test", SignOutURL: "/sign-out",
			Notices:  []page.Notice{{Text: "A notice without a kind informs."}},
			Problems: []page.Problem{{Field: "domain", Text: "Enter a domain like acme.com."}, {Text: "Nothing was saved."}},
		},
		Name: "Alice Smith", Steps: []string{"Domain", "Provider", "Test", "Switch on"},
	}
}

func newSet(t *testing.T) *page.Set {
	t.Helper()
	set, err := page.NewSet(os.DirFS("testdata/specimen"))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRender_Specimen(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := newSet(t).Render(w, http.StatusOK, "specimen", newSpecimen()); err != nil {
		t.Fatal(err)
	}
	got := assetPath.ReplaceAllString(w.Body.String(), "/assets/hash/")
	file := filepath.Join("testdata", "specimen.golden.html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update rewrites it:\n%s", file, diff)
	}
}

func TestRender_SendsTheHeadersThatKeepAPageSafe(t *testing.T) {
	t.Parallel() // threat T-SES-10
	w := httptest.NewRecorder()
	if err := newSet(t).Render(w, http.StatusForbidden, "specimen", newSpecimen()); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d, want 403", w.Code)
	}
	for name, want := range map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Content-Language":        "en",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestRender_AFormLeadsOnlyToOriginsThatCannotEndThePolicy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mayLeadTo []string
		want      string
	}{
		"nowhere":                   {nil, "form-action 'self';"},
		"an origin":                 {[]string{"https://idp.test:8443"}, "form-action 'self' https://idp.test:8443;"},
		"a scheme":                  {[]string{"https:", "https:"}, "form-action 'self' https:;"},
		"an injected directive":     {[]string{"https://idp.test; script-src *"}, "form-action 'self';"},
		"a keyword":                 {[]string{"'unsafe-inline'", "*", "javascript:", ""}, "form-action 'self';"},
		"a line break":              {[]string{"https://idp.test\r\nX: y"}, "form-action 'self';"},
		"a path is no origin":       {[]string{"https://idp.test/path"}, "form-action 'self';"},
		"a wildcard is not allowed": {[]string{"https://*.test"}, "form-action 'self';"},
	}
	set := newSet(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			view := newSpecimen()
			view.MayLeadTo = tt.mayLeadTo
			w := httptest.NewRecorder()
			if err := set.Render(w, http.StatusOK, "specimen", view); err != nil {
				t.Fatal(err)
			}
			if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, tt.want) {
				t.Errorf("policy %q lacks %q", got, tt.want)
			}
		})
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for rawURL, want := range map[string]string{
		"https://IdP.test/sso?x=1":    "https://idp.test",
		"http://localhost:4000/":      "http://localhost:4000",
		"https://user:pw@idp.test/":   "https://idp.test",
		"https://[::1]:8443/sso":      "https:",
		"https://bücher.test/":        "https:",
		"javascript:alert(1)":         "",
		"//idp.test/":                 "",
		"https:///path":               "",
		"https://idp.test;script-src": "https:",
	} {
		if got := page.Origin(rawURL); got != want {
			t.Errorf("Origin(%q) = %q, want %q", rawURL, got, want)
		}
	}
}

func TestRender_AFailureSendsNothing(t *testing.T) {
	t.Parallel()
	set, err := page.NewSet(fstest.MapFS{
		"broken.html": {Data: []byte(`{{define "title"}}T{{end}}{{define "content"}}{{.NoSuchField}}{{end}}`)},
		"unsafe.html": {Data: []byte(`{{define "title"}}T{{end}}{{define "content"}}<a href="{{if .App}}"{{end}}>{{end}}`)},
		"syntax.html": {Data: []byte(`{{define "content"}}{{`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(set.Names(), "no_such_page") {
		w := httptest.NewRecorder()
		if err := set.Render(w, http.StatusOK, name, newSpecimen()); err == nil {
			t.Errorf("%s: no error", name)
		}
		if w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: sent %q, %v", name, w.Body, w.Header())
		}
	}
	if err := set.Warm("unsafe"); err == nil {
		t.Error("Warm: no error for a template whose escaping is ambiguous")
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Alice Smith":           "AS",
		"alice@acme.test":       "A",
		"alice.smith@acme.test": "AS",
		"Jean-Luc van der Berg": "JB",
		"O’Neill":               "O",
		"株式会社テスト":               "株",
		"😀":                     "?",
		"":                      "?",
		"@":                     "?",
		"\xff\xfe":              "?",
	} {
		if got := page.Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}
