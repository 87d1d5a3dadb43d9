package frontendapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/frontendapi"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/practice/practicetest"
	"usher/internal/secret"
	"usher/internal/server"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/internal/web/account"
	"usher/internal/web/page"
)

const base = "https://usher.test"

// idpKeys are of the real time, as the deployment is.
var idpKeys = practicetest.Keys(time.Now())

// world is the surface over real flows, with Acme at a practice identity provider.
type world struct {
	testing.TB
	clock   *storetest.Clock
	tools   *server.Tools
	handler http.Handler
	idp     *practice.IDP
	conn    identity.Connection
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, engine))
		})
	}
}

// onSQLite is for what both engines cannot differ in.
func onSQLite(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return newWorld(t, store.SQLite)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newWorld(t testing.TB, engine store.Engine) *world {
	t.Helper()
	w := &world{TB: t, clock: &storetest.Clock{}}
	now := w.clock.Now
	w.tools = must(server.OpenTools(t.Context(), server.Config{
		Database: storetest.URL(t, engine), Keys: secret.NewKeyRing("test"), PublicURL: base,
	}))(t)
	t.Cleanup(func() { w.tools.Close() })
	w.tools.Keys.Now, w.tools.Sessions.Now, w.tools.SignIn.Now, w.tools.Manage.Now = now, now, now, now
	w.clock.Set(time.Now().Add(time.Millisecond)) // the deployment was made by the real clock
	ui := &account.UI{
		SignIn: w.tools.SignIn, Manage: w.tools.Manage, Sessions: w.tools.Sessions,
		Forms: page.Forms{Tokens: httpio.FormTokens{Key: []byte("form tokens")}, Cookie: "usher_form", ReadCookie: session.ReadCookie}, BaseURL: base, Now: now,
		Starts: httpio.NewLimiter(httpio.Limit{Events: 1000, Per: time.Second}, 10, now),
		Tries:  httpio.NewLimiter(httpio.Limit{Events: 1000, Per: time.Second}, 10, now),
	}
	if err := ui.Init(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	(&frontendapi.API{
		SignIn: w.tools.SignIn, Manage: w.tools.Manage, Sessions: w.tools.Sessions, Pages: ui,
		Refusals: httpio.NewLimiter(httpio.Limit{Events: 60, Per: time.Minute}, 100, now),
		Floods:   httpio.NewLimiter(httpio.Limit{Events: 600, Per: time.Minute}, 100, now),
	}).Routes(mux)
	w.handler = mux
	w.idp = must(practice.New(practice.Config{
		BaseURL: "https://idp.test", Now: now, Keys: idpKeys(t),
		People: []practice.Person{{Mail: "ada@acme.test", FirstName: "Ada"}, {Mail: "bob@acme.test", FirstName: "Bob"}},
	}))(t)
	name, active, metadata := "Acme sign-in", true, string(w.idp.Metadata())
	org := must(w.tools.Manage.CreateOrganization(t.Context(), manage.OrganizationChange{Name: &name}))(t)
	id := string(org.ID)
	w.conn = must(w.tools.Manage.CreateConnection(t.Context(), identity.SAMLCustom, manage.ConnectionChange{
		Name: &name, Domains: []string{"acme.test"}, OrganizationID: &id, Active: &active, SAML: &manage.SAMLChange{IDPMetadata: &metadata},
	}))(t)
	must(w.idp.AddSPMetadata(must(w.tools.Manage.SPMetadata(t.Context(), w.conn.ID))(t)))(t)
	return w
}

// mayInitiate lets the provider begin sign-ins.
func (w *world) mayInitiate() {
	w.Helper()
	yes := true
	must(w.tools.Manage.ChangeConnection(w.Context(), w.conn.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{AllowIDPInitiated: &yes}}))(w)
}

// browser keeps cookies and shows pages, as browsers do.
type browser struct {
	w       *world
	address string
	accept  string
	cookies map[string]string
}

func (w *world) browser() *browser {
	return &browser{w: w, address: "192.0.2.1:1234", accept: "text/html,application/xhtml+xml", cookies: map[string]string{}}
}

// program is one that reads JSON.
func (w *world) program() *browser {
	b := w.browser()
	b.accept = "application/json"
	return b
}

// send makes a request with the browser's cookies.
func (b *browser) send(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(b.w.Context(), method, base+path, strings.NewReader(body))
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = b.address
	r.Header.Set("Accept", b.accept)
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return rec
}

// crossSite is send as another site makes it: no cookie goes along, for they are Lax.
func (b *browser) crossSite(path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(b.w.Context(), http.MethodPost, base+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// begin starts a sign-in in this browser, as the hosted page does.
func (b *browser) begin(address string) signin.Ticket {
	b.w.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(b.w.Context(), http.MethodPost, base+"/sign-in", http.NoBody)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := must(b.w.tools.Sessions.EnsureClient(b.w.Context(), rec, r))(b.w)
	for _, c := range rec.Result().Cookies() {
		b.cookies[c.Name] = c.Value
	}
	next := must(b.w.tools.SignIn.Begin(b.w.Context(), signin.Begin{Client: client.ID, Address: address}))(b.w)
	return next.Ticket
}

// answer is the form that the provider makes the browser post.
func (w *world) answer(ticket signin.Ticket, r practice.Request) string {
	w.Helper()
	u := must(url.Parse(ticket.Redirect))(w)
	asked := must(practice.ParseRedirect(u.Query().Get("SAMLRequest")))(w)
	r.InResponseTo, r.RelayState = asked.ID, u.Query().Get("RelayState")
	return w.unasked(r)
}

func (w *world) unasked(r practice.Request) string {
	w.Helper()
	if r.Person == "" {
		r.Person = "ada@acme.test"
	}
	r.SP = w.conn.ID.SPMetadataURL(base)
	answer := must(w.idp.Respond(r))(w)
	form := url.Values{"SAMLResponse": {answer.SAMLResponse}}
	if answer.RelayState != "" {
		form.Set("RelayState", answer.RelayState)
	}
	return form.Encode()
}

func (w *world) acs() string { return "/v1/saml/acs/" + string(w.conn.ID) }

// follows takes the redirect to the place where sign-ins are completed.
func (b *browser) follows(rec *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	b.w.Helper()
	to := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/v1/saml/complete?nonce=") {
		b.w.Fatalf("got %d to %q, want the redirect to complete: %s", rec.Code, to, rec.Body)
	}
	return b.send(http.MethodGet, to, "")
}

// checkCode checks a failure in JSON.
func checkCode(t testing.TB, what string, rec *httptest.ResponseRecorder, status int, want ...fault.Code) map[string]any {
	t.Helper()
	var body httpio.ErrorBody
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Errorf("%s: %d %s: %v", what, rec.Code, rec.Body, err)
		return nil
	}
	var got []fault.Code
	var meta map[string]any
	for _, e := range body.Errors {
		got, meta = append(got, e.Code), e.Meta
	}
	if rec.Code != status || !slices.Equal(got, want) || rec.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s: got %d %v, want %d %v", what, rec.Code, got, status, want)
	}
	return meta
}
