package dashboard

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/httpio"
	"usher/internal/web/page"
)

// These tests are inside of the package: they draw the screens that handlers build,
// from samples.

var update = flag.Bool("update", false, "rewrite testdata/golden")

// assetHash changes with each change of a style; the golden files don't.
var assetHash = regexp.MustCompile(`/assets/[0-9a-f]{16}/`)

// sampled is when samples are looked at.
var sampled = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)

// sample is a screen with something on it; its name is that of the golden file.
type sample struct {
	name   string
	path   string // of the page, for the navigation
	screen page.Screen
}

// samples are the screens as operators see them.
func samples() []sample {
	var all []sample
	all = append(all, organizationSamples()...)
	all = append(all, memberSamples()...)
	all = append(all, invitationSamples()...)
	all = append(all, domainSamples()...)
	all = append(all, setupLinkSamples()...)
	all = append(all, userSamples()...)
	all = append(all, connectionSamples()...)
	all = append(all, setupSamples()...)
	all = append(all, configurationSamples()...)
	all = append(all, changeSamples()...)
	all = append(all, roleSamples()...)
	all = append(all, apiKeySamples()...)
	all = append(all, webhookSamples()...)
	all = append(all, mailSamples()...)
	all = append(all, settingsSamples()...)
	all = append(all, auditSamples()...)
	all = append(all, searchSamples()...)
	all = append(all, attemptSamples()...)
	all = append(all, whatIfSamples()...)
	all = append(all, overviewSamples()...)
	return all
}

// asked is the part of a list that a URL asks for.
func asked(path string, params httpio.Params) listing {
	return listing{path: path, params: params, number: 1}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	ui := &UI{}
	if err := ui.Init(); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	for _, s := range samples() {
		wanted[s.name+".html"] = true
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.screen.Frame = page.Frame{
				App: "Northwind Bank", HomeURL: root, CSRF: "csrf-token", SignedInAs: "olga@northwind.test", SignOutURL: "/sign-out",
				Nav: navigation(s.path), Search: &page.Search{Action: root + "/search", Label: "Search everything"},
				Notices: s.screen.Notices, Problems: s.screen.Problems,
			}
			w := httptest.NewRecorder()
			if err := ui.pages.Render(w, http.StatusOK, "screen", &s.screen); err != nil {
				t.Fatal(err)
			}
			got := assetHash.ReplaceAll(w.Body.Bytes(), []byte("/assets/hash/"))
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
