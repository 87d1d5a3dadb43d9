package account_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/httpio"
	"usher/internal/manage"
	"usher/internal/secret"
	"usher/internal/server"
	"usher/internal/session"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/internal/web/account"
	"usher/internal/web/page"
)

const base = "https://usher.test"

// site is the pages over real flows, for what the engines cannot differ in.
type site struct {
	testing.TB
	clock   *storetest.Clock
	tools   *server.Tools
	handler http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{TB: t, clock: &storetest.Clock{}}
	tools, err := server.OpenTools(t.Context(), server.Config{
		Database: storetest.URL(t, store.SQLite), Keys: secret.NewKeyRing("test"), PublicURL: base,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tools.Close() })
	s.tools = tools
	now := s.clock.Now
	tools.Keys.Now, tools.Sessions.Now, tools.SignIn.Now, tools.Manage.Now = now, now, now, now
	s.clock.Set(time.Now().Add(time.Millisecond)) // the deployment was made by the real clock
	counter := httpio.NewLimiter(httpio.Limit{Events: 1000, Per: time.Second}, 10, now)
	ui := &account.UI{
		SignIn: tools.SignIn, Manage: tools.Manage, Sessions: tools.Sessions, Forms: page.Forms{Tokens: httpio.FormTokens{Key: []byte("form tokens")}, Cookie: "usher_form", ReadCookie: session.ReadCookie},
		BaseURL: base, Now: now, Visits: counter, Starts: counter, Tries: counter,
	}
	if err := ui.Init(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	ui.Routes(mux)
	s.handler = mux
	return s
}

// passwords switches them on.
func (s *site) passwords() {
	s.Helper()
	on := true
	if _, err := s.tools.Manage.ChangeSettings(s.Context(), manage.SettingsChange{PasswordEnabled: &on}); err != nil {
		s.Fatal(err)
	}
}

// visitor is a browser without scripts.
type visitor struct {
	s       *site
	address string
	cookies map[string]string
	csrf    string
}

func (s *site) visitor() *visitor {
	return &visitor{s: s, address: "192.0.2.1:1234", cookies: map[string]string{}}
}

var csrfField = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

func (v *visitor) get(path string) *httptest.ResponseRecorder {
	return v.do(httptest.NewRequestWithContext(v.s.Context(), http.MethodGet, base+path, http.NoBody))
}

// post sends the form of the page that was seen last.
func (v *visitor) post(path string, form url.Values) *httptest.ResponseRecorder {
	form.Set("csrf_token", v.csrf)
	r := httptest.NewRequestWithContext(v.s.Context(), http.MethodPost, base+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(r)
}

func (v *visitor) do(r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = v.address
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	v.s.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		v.cookies[c.Name] = c.Value
	}
	if m := csrfField.FindStringSubmatch(rec.Body.String()); m != nil {
		v.csrf = m[1]
	}
	return rec
}

// led posts a form that must lead on, opens what it leads to and returns its path.
func (v *visitor) led(path string, form url.Values) string {
	v.s.Helper()
	rec := v.post(path, form)
	to := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther {
		v.s.Fatalf("%s: got %d, want to be led on: %s", path, rec.Code, rec.Body)
	}
	if rec := v.get(to); rec.Code != http.StatusOK {
		v.s.Fatalf("%s: got %d: %s", to, rec.Code, rec.Body)
	}
	return to
}

// shows checks that an answer is a page with a form and some words.
func shows(t *testing.T, what string, rec *httptest.ResponseRecorder, status int, form, words string) {
	t.Helper()
	body := rec.Body.String()
	if rec.Code != status || !strings.Contains(body, `action="`+form+`"`) || !strings.Contains(body, words) {
		t.Errorf("%s: got %d, want %d with the form %s and %q:\n%s", what, rec.Code, status, form, words, body)
	}
}

// Threat T-DOS-13: whoever asks for codes too fast is told so in the form, and can
// still type the code that came.
func TestForms_ALimitOfMailsIsShownInTheForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor()
	v.get("/sign-up")
	step := v.led("/sign-up", url.Values{account.FieldEmail: {"nina@home.test"}})
	resend := url.Values{account.FieldDo: {account.DoResend}}
	shows(t, "another code at once", v.post(step, resend), 429, step, "Wait a moment before asking for another code.")
	for range 4 {
		s.clock.Advance(30 * time.Second)
		v.led(step, resend)
	}
	s.clock.Advance(30 * time.Second)
	shows(t, "the sixth code in an hour", v.post(step, resend), 429, step, "Ask for another in 58 minutes.")

	v.get("/sign-in")
	other := v.post("/sign-in", url.Values{account.FieldEmail: {"nina@home.test"}})
	if other.Code != 429 || !strings.Contains(other.Body.String(), "/code") || !strings.Contains(other.Body.String(), "58 minutes") {
		t.Errorf("a sign-in that begins with a code: %d %s", other.Code, other.Body)
	}
	v.get("/sign-up")
	shows(t, "a sign-up", v.post("/sign-up", url.Values{account.FieldEmail: {"nina@home.test"}}), 429, "/sign-up", "58 minutes")
}

// Threat T-DOS-12: the lock is of the network that the tries come from.
func TestForms_TriesAreCountedByTheirNetwork(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.passwords()
	begin := func(address string) (*visitor, string) {
		v := s.visitor()
		v.address = address
		v.get("/sign-in")
		return v, v.led("/sign-in", url.Values{account.FieldEmail: {"carol@globex.test"}}) + "/password"
	}
	wrong := url.Values{account.FieldPassword: {strings.Repeat("long", 1000)}}
	v, path := begin("[2001:db8:1:2::1]:1234")
	for range 10 {
		if rec := v.post(path, wrong); rec.Code != http.StatusUnprocessableEntity {
			t.Fatalf("a wrong password: %d %s", rec.Code, rec.Body)
		}
	}
	for address, status := range map[string]int{
		"[2001:db8:1:2::ffff]:1": http.StatusForbidden, "[2001:db8:1:3::1]:1": http.StatusUnprocessableEntity, "192.0.2.1:1": http.StatusUnprocessableEntity,
	} {
		v, path := begin(address)
		if rec := v.post(path, wrong); rec.Code != status || status == http.StatusForbidden && !strings.Contains(rec.Body.String(), "This account is locked for now") {
			t.Errorf("from %s: got %d, want %d: %s", address, rec.Code, status, rec.Body)
		}
	}
}

// Threat T-SES-01: a superseded cookie gets a plain page, and whoever has it can
// start again.
func TestForms_ASupersededCookieIsNoLockOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor()
	v.get("/sign-up")
	step := v.led("/sign-up", url.Values{account.FieldEmail: {"nina@home.test"}})
	old := v.cookies["__client"]
	v.led(step, url.Values{account.FieldCode: {s.code()}})
	latest := v.cookies["__client"]
	v.cookies["__client"] = old
	for _, path := range []string{"/user", "/organization", step} {
		rec := v.get(path)
		if body := rec.Body.String(); rec.Code != 400 || !strings.Contains(body, "session is out of date") || !strings.Contains(body, `href="/sign-in"`) {
			t.Errorf("%s: %d %s", path, rec.Code, body)
		}
	}
	for _, path := range []string{"/", "/sign-in", "/sign-up"} {
		if rec := v.get(path); rec.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	s.clock.Advance(30 * time.Second)
	v.get("/sign-in")
	v.led("/sign-in", url.Values{account.FieldEmail: {"nina@home.test"}})
	if v.cookies["__client"] == old {
		t.Error("the old cookie stayed")
	}
	v.cookies["__client"] = latest
	if rec := v.get("/user"); rec.Code != http.StatusOK {
		t.Errorf("by the cookie of the sign-in: %d %s", rec.Code, rec.Body)
	}
}

// code is the one in the only mail.
func (s *site) code() string {
	s.Helper()
	var code string
	storetest.Write(s, s.tools.DB, func(tx *store.Tx) error {
		rows, err := tx.ClaimOutbox(s.clock.Now(), 0, 1)
		if err != nil || len(rows) != 1 {
			s.Fatalf("mails %+v, %v", rows, err)
		}
		m, err := rows[0].Mail()
		code, _, _ = strings.Cut(m.Subject, " ")
		return err
	})
	return code
}

func TestForms_WhoCreatesAnOrganizationRunsIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor()
	v.get("/sign-up")
	step := v.led("/sign-up", url.Values{account.FieldEmail: {"nina@home.test"}})
	v.led(step, url.Values{account.FieldCode: {s.code()}})
	if body := v.get("/user").Body.String(); !strings.Contains(body, `href="/create-organization"`) {
		t.Errorf("the account page has no way to it:\n%s", body)
	}
	v.get("/create-organization")
	shows(t, "a name with a link", v.post("/create-organization", url.Values{account.FieldName: {"https://evil.test"}}), 422, "/create-organization", "without links")
	if to := v.led("/create-organization", url.Values{account.FieldName: {"Nina’s"}}); to != "/user" {
		t.Errorf("it leads to %s", to)
	}
	body := v.get("/user").Body.String()
	for _, want := range []string{"Nina’s", "Admin", "Current"} {
		if !strings.Contains(body, want) {
			t.Errorf("the account page does not say %q:\n%s", want, body)
		}
	}
}
