package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/secret"
	"usher/internal/server"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/internal/web/dashboard"
	"usher/internal/web/page"
)

const base = "https://usher.test"

// site is the dashboard over real flows and a real database.
type site struct {
	testing.TB
	clock   *storetest.Clock
	tools   *server.Tools
	handler http.Handler
	cookies map[string]string
}

// each runs a test on both engines, with an operator signed in.
func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	t.Parallel()
	for _, engine := range []store.Engine{store.SQLite, store.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newSite(t, engine))
		})
	}
}

// onSQLite is for what the engines cannot differ in.
func onSQLite(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	return newSite(t, store.SQLite)
}

func newSite(t *testing.T, engine store.Engine) *site {
	t.Helper()
	s := &site{TB: t, clock: &storetest.Clock{}, cookies: map[string]string{}}
	tools, err := server.OpenTools(t.Context(), server.Config{
		Database: storetest.URL(t, engine), Keys: secret.NewKeyRing("test"), PublicURL: base,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tools.Close() })
	s.tools = tools
	now := s.clock.Now
	tools.Keys.Now, tools.Sessions.Now, tools.SignIn.Now, tools.Manage.Now = now, now, now, now
	s.clock.Set(time.Now().Add(time.Millisecond)) // the deployment was made by the real clock
	ui := &dashboard.UI{
		SignIn: tools.SignIn, Manage: tools.Manage, Sessions: tools.Sessions, BaseURL: base, Now: now,
		Forms: page.Forms{Tokens: httpio.FormTokens{Key: []byte("form tokens")}, Cookie: "usher_form", ReadCookie: session.ReadCookie},
	}
	if err := ui.Init(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	ui.Routes(mux)
	s.handler = mux
	s.operate()
	return s
}

// operate signs an operator in.
func (s *site) operate() {
	s.Helper()
	link, err := s.tools.Manage.OperatorLink(s.Context(), "olga@northwind.test")
	if err != nil {
		s.Fatal(err)
	}
	s.redeem(link)
}

// redeem signs in with a ticket.
func (s *site) redeem(t manage.NewTicket) {
	s.Helper()
	client := identity.Client{ID: identity.NewID[identity.ClientID](s.clock.Now()), TokenHash: t.Token}
	if err := s.tools.DB.Write(s.Context(), func(tx *store.Tx) error { return tx.InsertClient(client) }); err != nil {
		s.Fatal(err)
	}
	done, err := s.tools.SignIn.Ticket(s.Context(), signin.Redeem{Client: client.ID, Token: t.Token})
	if err != nil {
		s.Fatal(err)
	}
	s.cookies[session.ClientCookie] = done.Done.Cookie
}

// signInAs signs a person in who is no operator.
func (s *site) signInAs(email string) {
	s.Helper()
	u, err := s.tools.Manage.CreateUser(s.Context(), manage.UserChange{EmailAddresses: []string{email}})
	if err != nil {
		s.Fatal(err)
	}
	ticket, err := s.tools.Manage.CreateSignInToken(s.Context(), manage.TicketChange{UserID: string(u.ID)})
	if err != nil {
		s.Fatal(err)
	}
	s.redeem(ticket)
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	s.Helper()
	for name, value := range s.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		s.cookies[c.Name] = c.Value
	}
	return w
}

// get opens a page and expects its status.
func (s *site) get(path string, status int) string {
	s.Helper()
	w := s.do(httptest.NewRequestWithContext(s.Context(), http.MethodGet, base+path, nil))
	if w.Code != status {
		s.Fatalf("GET %s: %d, want %d\n%s", path, w.Code, status, text(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

// post sends a form with the token of a page that has one.
func (s *site) post(path string, form url.Values, status int) string {
	s.Helper()
	token := csrf(s.get("/dashboard", http.StatusOK))
	if form == nil {
		form = url.Values{}
	}
	form.Set("csrf_token", token)
	return s.send(path, form, status)
}

func (s *site) send(path string, form url.Values, status int) string {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, base+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := s.do(r)
	if w.Code != status {
		s.Fatalf("POST %s: %d, want %d\n%s", path, w.Code, status, text(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

var (
	csrfField = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)
	mainPart  = regexp.MustCompile(`(?s)<main.*?</main>`)
	tags      = regexp.MustCompile(`(?s)<[^>]*>`)
	spaces    = regexp.MustCompile(`\s+`)
)

func csrf(body string) string {
	if m := csrfField.FindStringSubmatch(body); m != nil {
		return m[1]
	}
	return ""
}

// text is what a page says.
func text(body string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(tags.ReplaceAllString(mainPart.FindString(body), " "), " "))
}

// says fails unless a page says something.
func (s *site) says(body string, wanted ...string) {
	s.Helper()
	got := text(body)
	for _, want := range wanted {
		if !strings.Contains(got, want) {
			s.Errorf("the page does not say %q:\n%s", want, got)
		}
	}
}
