package frontendapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/oidc"
	"usher/internal/practice"
)

const callback = "/v1/oauth_callback"

// openID is a practice OpenID provider for looms.test, over real HTTP.
type openID struct {
	*practice.OIDC
	w     *world
	calls atomic.Int64 // of programs
}

func (w *world) openID() *openID {
	w.Helper()
	o := &openID{w: w}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		o.calls.Add(1)
		o.ServeHTTP(rw, r)
	}))
	w.Cleanup(server.Close)
	o.OIDC = must(practice.NewOIDC(practice.OIDCConfig{
		BaseURL: server.URL + "/practice/oidc", Now: w.clock.Now, Keys: idpKeys(w),
		People:  []practice.Person{{Mail: "ada@looms.test", FirstName: "Ada"}, {Mail: "bob@looms.test", FirstName: "Bob"}},
		Clients: []practice.OIDCClient{{ID: "usher", Secret: "practice", RedirectURIs: []string{base + callback}}},
	}))(w)
	client := httpio.NewClient(httpio.ClientOptions{Now: w.clock.Now, AllowPrivate: true})
	w.tools.Manage.AllowLoopback, w.tools.Manage.Fetch = true, client
	w.tools.SignIn.OIDC = oidc.NewClient(client.HTTP(), w.clock.Now)
	name, active, id, secret, mode, from := "Looms", true, "usher", "practice", "form_post", o.DiscoveryURL()
	must(w.tools.Manage.CreateConnection(w.Context(), identity.OIDCCustom, manage.ConnectionChange{
		Name: &name, Domains: []string{"looms.test"}, Active: &active,
		OIDC: &manage.OIDCChange{ClientID: &id, ClientSecret: &secret, DiscoveryURL: &from, ResponseMode: &mode},
	}))(w)
	return o
}

// answer is what the provider makes the browser bring.
func (o *openID) answer(b *browser, misbehave string) url.Values {
	o.w.Helper()
	ticket := b.begin("ada@looms.test")
	return must(o.Login(ticket.Redirect, practice.Login{Person: "ada@looms.test", Misbehave: misbehave}))(o.w).Parameters()
}

// Behaviour 1.12, threat T-OIDC-03: the form brings no cookie, so it becomes the GET,
// and is kept nowhere on the way.
func TestCallback_AFormBecomesTheGetAndThatSignsIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, b := w.openID(), w.browser()
		params := o.answer(b, "")
		before, asked := b.cookies["__client"], o.calls.Load()
		rec := b.crossSite(callback, params.Encode())
		to := must(url.Parse(rec.Header().Get("Location")))(t)
		if rec.Code != http.StatusSeeOther || to.Path != callback || to.IsAbs() || to.Query().Encode() != params.Encode() || rec.Header().Get("Set-Cookie") != "" {
			t.Fatalf("got %d to %s with %v", rec.Code, to, rec.Header())
		}
		if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers %v", rec.Header())
		}
		if o.calls.Load() != asked {
			t.Error("the form made a call to the provider")
		}
		rec = b.send(http.MethodGet, to.String(), "")
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/user" || b.cookies["__client"] == before {
			t.Errorf("got %d to %q with cookies %v", rec.Code, rec.Header().Get("Location"), b.cookies)
		}
		if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers %v", rec.Header())
		}
	})
}

// Threats T-OIDC-01, T-OIDC-02 and T-OIDC-30, T-RP-22: what is refused, in JSON.
func TestCallback_Refusals(t *testing.T) {
	w := onSQLite(t)
	o, b := w.openID(), w.program()
	stranger := w.program()
	stranger.begin("bob@looms.test")
	with := func(v url.Values, name, value string) string {
		v.Set(name, value)
		return v.Encode()
	}
	tests := map[string]struct {
		by    *browser
		query string
	}{
		"nothing":                    {b, ""},
		"a state that was made up":   {b, with(o.answer(b, ""), "state", "x")},
		"two states":                 {b, o.answer(b, "").Encode() + "&state=x"},
		"another browser":            {stranger, o.answer(b, "").Encode()},
		"a browser without a cookie": {w.program(), o.answer(b, "").Encode()},
		"a query that is broken":     {b, "state=%zz"},
		"a query that is too long":   {b, o.answer(b, "").Encode() + "&x=" + strings.Repeat("x", 17<<10)},
	}
	for name, test := range tests {
		meta := checkCode(t, name, test.by.send(http.MethodGet, callback+"?"+test.query, ""), 400, fault.OAuthCallbackInvalid)
		if meta["attempt_id"] != nil || meta["reason"] != nil || meta["expected"] != nil || meta["received"] != nil {
			t.Errorf("%s: meta %v", name, meta)
		}
	}
	meta := checkCode(t, "the person declined", b.send(http.MethodGet, callback+"?"+o.answer(b, "denied").Encode(), ""), 403, fault.OAuthAccessDenied)
	if id, _ := meta["attempt_id"].(string); !strings.HasPrefix(id, "ssoa_") {
		t.Errorf("meta %v", meta)
	}
	rec := b.crossSite(callback, "state="+strings.Repeat("x", 17<<10))
	checkCode(t, "a form that is too long", rec, 413, "request_body_too_large")
	rec = b.send(http.MethodPut, callback, "")
	if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, POST" {
		t.Errorf("PUT: %d, Allow %q", rec.Code, rec.Header().Get("Allow"))
	}
}

// Threats T-OIDC-30 and T-SEC-06: a provider's words are for administrators; the
// person gets ours, with the reference.
func TestCallback_AProvidersWordsAreNotShown(t *testing.T) {
	w := onSQLite(t)
	o, b := w.openID(), w.browser()
	params := o.answer(b, "")
	params.Del("code")
	params.Set("error", "server_error")
	params.Set("error_description", "<script>alert('words of the provider')</script>")
	rec := b.crossSite(callback, params.Encode())
	rec = b.send(http.MethodGet, rec.Header().Get("Location"), "")
	page := rec.Body.String()
	if rec.Code != http.StatusBadRequest || strings.Contains(page, "words of the provider") || strings.Contains(page, params.Get("state")) || !strings.Contains(page, "ssoa_") {
		t.Errorf("got %d: %s", rec.Code, page)
	}
}

// Threat T-OIDC-33: no logout token is taken anywhere, signed or not; nobody is signed
// out by one.
func TestCallback_NobodyIsSignedOutByALogoutToken(t *testing.T) {
	w := onSQLite(t)
	o, b := w.openID(), w.browser()
	rec := b.send(http.MethodGet, callback+"?"+o.answer(b, "").Encode(), "")
	if rec.Code != http.StatusSeeOther {
		t.Fatalf("got %d: %s", rec.Code, rec.Body)
	}
	token := url.Values{"logout_token": {"eyJhbGciOiJub25lIn0.e30."}}.Encode()
	for _, path := range []string{"/v1/oauth_logout", "/v1/oidc/backchannel_logout", "/v1/backchannel_logout", "/v1/oidc/logout"} {
		if rec := w.program().crossSite(path, token); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	p := w.program()
	rec = p.crossSite(callback, token)
	checkCode(t, "at the callback", p.send(http.MethodGet, rec.Header().Get("Location"), ""), 400, fault.OAuthCallbackInvalid)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base, http.NoBody)
	r.AddCookie(&http.Cookie{Name: "__client", Value: b.cookies["__client"]})
	if s := must(w.tools.Sessions.Current(t.Context(), r))(t); !s.Session.Live(w.clock.Now()) {
		t.Errorf("session %+v", s.Session)
	}
}

// Threat T-DOS-10 at the callback: whoever sends answers that belong to nothing waits,
// a person who is under way from the same address does not.
func TestCallback_FloodsWaitAndPeopleDoNot(t *testing.T) {
	w := onSQLite(t)
	o, flood, b := w.openID(), w.program(), w.program()
	params := o.answer(b, "")
	for range 60 {
		flood.send(http.MethodGet, callback+"?state=x", "")
	}
	if rec := flood.send(http.MethodGet, callback+"?state=x", ""); rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") == "" {
		t.Errorf("the 61st: %d", rec.Code)
	}
	if rec := b.send(http.MethodGet, callback+"?"+params.Encode(), ""); rec.Code != http.StatusSeeOther {
		t.Errorf("a person meanwhile: %d %s", rec.Code, rec.Body)
	}
}
