package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A page with what the harness must be able to drive and to find fault with.
const selfPage = `<!doctype html><html lang="en"><head><title>Self</title>
<style>:root{color-scheme:light dark} @media (prefers-color-scheme:dark){p::after{content:" dark"}} @media (max-width:500px){p::after{content:" narrow"}}</style></head>
<body><main><h1>Sign in</h1><p>Hello %s</p>
<form method="post"><label for="e">Email address</label><input id="e" name="email"><button>Continue</button></form>
<p><label for="p">Plan</label> <select id="p"><option>Free</option><option>Paid</option></select> <label><input type="checkbox"> Agree</label>
<a href="/other">Elsewhere</a></p>%s<noscript><b>no scripts</b></noscript></main></body></html>`

func selfServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if c, err := r.Cookie("who"); err == nil {
			who = c.Value
		}
		fmt.Fprintf(w, selfPage, who, "")
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "who", Value: r.FormValue("email"), HttpOnly: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'none'")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, selfPage, "you", `<input name="unlabelled"><script>1</script>`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestBrowser_EachVisitorHasItsOwnCookies(t *testing.T) {
	t.Parallel()
	base := selfServer(t)
	b := newBrowser(t)
	alice, bob := b.visitor("alice", look{}), b.visitor("bob", look{noScript: true})
	if status := alice.open(base + "/"); status != http.StatusOK {
		t.Errorf("status %d, want 200", status)
	}
	alice.fill("Email address", "alice@acme.test")
	alice.click(button("Continue"))
	alice.waitURL("/welcome$")
	alice.mustSay("Hello alice@acme.test")
	cookies := alice.cookies()
	if len(cookies) != 1 || cookies[0].Value != "alice@acme.test" || !cookies[0].HTTPOnly || cookies[0].SameSite != "Lax" {
		t.Errorf("cookies %+v", cookies)
	}
	bob.open(base + "/")
	bob.mustSay("Hello nobody")
	bob.mustSay("no scripts")
	bob.addCookie(cookies[0])
	bob.reload()
	bob.mustSay("Hello alice@acme.test")
	if alice.count(byText("no scripts")) != 0 {
		t.Error("alice's browser runs no scripts")
	}
}

func TestBrowser_KeyboardScreensAndPictures(t *testing.T) {
	t.Parallel()
	base := selfServer(t)
	v := newBrowser(t).visitor("ada", look{})
	v.open(base)
	v.press("Tab")
	if got := v.focused(); got != "Email address" {
		t.Errorf("the keyboard is at %q", got)
	}
	after := func() (s string) {
		v.evaluate(`getComputedStyle(document.querySelector("p"), "::after").content`, &s)
		return s
	}
	v.setColorScheme("dark")
	if got := after(); got != `" dark"` {
		t.Errorf("in the dark: %s", got)
	}
	v.setColorScheme("light")
	v.setViewport(400, 800)
	if got := after(); got != `" narrow"` {
		t.Errorf("on a narrow screen: %s", got)
	}
	v.screenshot(filepath.Join(t.TempDir(), "self.png"))
	if v.title() != "Self" || v.url() != base+"/" || v.textOf(byCSS("h1")) != "Sign in" {
		t.Errorf("at %s: %q %q", v.url(), v.title(), v.textOf(byCSS("h1")))
	}
}

func TestBrowser_FormsLinksAndTabs(t *testing.T) {
	t.Parallel()
	base := selfServer(t)
	v := newBrowser(t).visitor("ada", look{locale: "de-DE"})
	v.open(base + "/")
	v.choose("Plan", "Paid")
	v.check(byLabel("Agree"))
	if v.count(byCSS("option:checked")) != 1 || v.count(byCSS("input:checked")) != 1 {
		t.Errorf("nothing is chosen in %s", v.html())
	}
	if got := v.attribute(link("Elsewhere"), "href"); got != "/other" {
		t.Errorf("the link goes to %q", got)
	}
	v.click(link("Elsewhere"))
	v.waitURL("/other$")
	v.back()
	v.waitURL("^" + base + "/$")
	v.addCookie(cookie{Name: "who", Value: "ada", Domain: "127.0.0.1", Path: "/", Expires: -1, SameSite: "Lax"})
	v.newTab()
	v.open(base + "/")
	if got := v.text(); !strings.Contains(got, "Hello ada") {
		t.Errorf("the new tab says %q", got)
	}
	v.clearCookies()
	v.reload()
	v.mustSay("Hello nobody")
}

func TestBrowser_FindsFault(t *testing.T) {
	t.Parallel()
	base := selfServer(t)
	v := newBrowser(t).visitor("ada", look{})
	v.open(base + "/")
	v.mustBeAccessible()
	if got := v.problems(); len(got) != 0 {
		t.Errorf("problems of a good page: %q", got)
	}
	if status := v.open(base + "/bad"); status != http.StatusTeapot {
		t.Errorf("status %d, want 418", status)
	}
	if !slices.ContainsFunc(v.axe(), func(a violation) bool { return a.Rule == "label" }) {
		t.Errorf("axe finds nothing wrong with a field without a label: %+v", v.axe())
	}
	if got := v.problems(); len(got) != 1 {
		t.Errorf("problems %q, want the refused script", got)
	}
	if got := v.hosts(); len(got) != 1 || "http://"+got[0] != base {
		t.Errorf("hosts %q", got)
	}
}

// A request that another site redirects to, or posts, can be held: whoever waits
// for it does something meanwhile.
func TestBrowser_HoldsARequest(t *testing.T) {
	t.Parallel()
	base := selfServer(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, base+"/back?by=redirect", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><form action="/redirect"><button>Redirect</button></form>`)
		fmt.Fprintf(w, `<form method="post" action="%s/back"><button>Post</button></form>`, base)
	})
	other := httptest.NewServer(mux)
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	v := newBrowser(t).visitor("ada", look{})
	for by, want := range map[string]string{"Redirect": base + "/back?by=redirect", "Post": base + "/welcome"} {
		v.open(elsewhere)
		v.hold(want + "*")
		v.click(button(by))
		if got := v.held(); got != want {
			t.Errorf("%s: held %q, want %q", by, got, want)
		}
		if got := v.url(); got != elsewhere+"/" {
			t.Errorf("%s: at %q before the request is released", by, got)
		}
		v.newTab()
		v.open(base)
		v.firstTab()
		v.release()
		v.waitURL("^" + base)
	}
}
