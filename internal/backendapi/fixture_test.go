package backendapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/backendapi"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/secret"
	"usher/internal/server"
	"usher/internal/signin"
	"usher/internal/store/storetest"
)

const (
	baseURL = "https://sign-in.example.test"
	testKey = "sk_test_0123456789012345678901234567890123456789"
)

// object is JSON as a test reads it.
type object = map[string]any

// fixture is the API over real flows and a database of its own.
type fixture struct {
	t       *testing.T
	tools   *server.Tools
	handler http.Handler
	now     time.Time
	header  http.Header // sent with every call
}

// each runs a test on each engine.
func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Parallel()
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			tools, err := server.OpenTools(t.Context(), server.Config{
				Database: storetest.URL(t, engine), Keys: secret.NewKeyRing("test"), PublicURL: baseURL, SecretKey: testKey,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := tools.Close(); err != nil {
					t.Error(err)
				}
			})
			f := &fixture{t: t, tools: tools, now: time.Now().Truncate(time.Millisecond)}
			now := func() time.Time { return f.now }
			tools.Now, tools.Keys.Now, tools.Sessions.Now, tools.SignIn.Now, tools.Manage.Now = now, now, now, now, now
			mux := http.NewServeMux()
			(&backendapi.API{Manage: tools.Manage, SignIn: tools.SignIn, Sessions: tools.Sessions, BaseURL: baseURL}).Routes(mux)
			f.handler = mux
			f.header = http.Header{"Authorization": {"Bearer " + testKey}, "Content-Type": {"application/json"}}
			test(t, f)
		})
	}
}

// with is the fixture with another header.
func (f *fixture) with(name string, values ...string) *fixture {
	other := *f
	other.header = f.header.Clone()
	other.header[http.CanonicalHeaderKey(name)] = values
	return &other
}

// send makes a request. A body that is text goes out as it is.
func (f *fixture) send(method, path string, body any) *httptest.ResponseRecorder {
	f.t.Helper()
	w := f.sendRaw(method, path, body)
	if got := w.Header()["Content-Type"]; !slices.Equal(got, []string{"application/json"}) {
		f.t.Errorf("%s %s: Content-Type %q, want exactly application/json", method, path, got)
	}
	return w
}

// sendRaw is send for an answer that may have no body.
func (f *fixture) sendRaw(method, path string, body any) *httptest.ResponseRecorder {
	f.t.Helper()
	var in io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(body)
	default:
		b, err := json.Marshal(body)
		if err != nil {
			f.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	f.now = f.now.Add(time.Second)
	r := httptest.NewRequestWithContext(f.t.Context(), method, backendapi.Prefix+path, in)
	r.Header = f.header.Clone()
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// read is a call that must succeed and answer as described.
func (f *fixture) read(method, path string, body any, status int) any {
	f.t.Helper()
	w := f.send(method, path, body)
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != status {
		f.t.Fatalf("%s %s: got %d, want %d: %s %v", method, path, w.Code, status, w.Body, err)
	}
	conforms(f.t, method, path, status, v)
	return v
}

// call is read for an object.
func (f *fixture) call(method, path string, body any) object {
	f.t.Helper()
	return f.answers(method, path, body, http.StatusOK)
}

func (f *fixture) answers(method, path string, body any, status int) object {
	f.t.Helper()
	o, ok := f.read(method, path, body, status).(object)
	if !ok {
		f.t.Fatalf("%s %s does not answer with an object", method, path)
	}
	return o
}

// failure is one error of an answer.
type failure struct {
	Code        string `json:"code"`
	Message     string `json:"message"`
	LongMessage string `json:"long_message"`
	Meta        object `json:"meta"`
}

// refusal is a call that must fail, in the shape of every failure.
func (f *fixture) refusal(method, path string, body any, status int) []failure {
	f.t.Helper()
	w := f.send(method, path, body)
	if w.Code != status {
		f.t.Errorf("%s %s: got %d, want %d: %s", method, path, w.Code, status, w.Body)
	}
	var answer struct {
		Errors  []failure `json:"errors"`
		TraceID *string   `json:"clerk_trace_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Errors) == 0 {
		f.t.Fatalf("%s %s: not the shape of a failure: %s", method, path, w.Body)
	}
	for _, e := range answer.Errors {
		if e.Message == "" || e.LongMessage == "" {
			f.t.Errorf("%s %s: %s has no words", method, path, e.Code)
		}
	}
	return answer.Errors
}

// refuses checks the one code of a call that must fail.
func (f *fixture) refuses(method, path string, body any, status int, code string) failure {
	f.t.Helper()
	list := f.refusal(method, path, body, status)
	if len(list) != 1 || list[0].Code != code {
		f.t.Errorf("%s %s %v: got %+v, want %s", method, path, body, list, code)
	}
	return list[0]
}

// codes are the codes of a failure with the parameter of each.
func codes(list []failure) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, fmt.Sprint(e.Code, " ", e.Meta["param_name"]))
	}
	slices.Sort(out)
	return out
}

// str is a text in nested objects.
func str(o any, path ...string) string {
	s, _ := at(o, path...).(string)
	return s
}

// items are the objects of a list, bare or with a total.
func items(v any) []object {
	if o, ok := v.(object); ok {
		v = o["data"]
	}
	list, _ := v.([]any)
	out := make([]object, 0, len(list))
	for _, item := range list {
		o, _ := item.(object)
		out = append(out, o)
	}
	return out
}

// pick is one field of every object of a list.
func pick(v any, path ...string) []string {
	var out []string
	for _, o := range items(v) {
		out = append(out, str(o, path...))
	}
	return out
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (f *fixture) user(email string, more object) object {
	f.t.Helper()
	body := object{"email_address": []string{email}}
	for name, v := range more {
		body[name] = v
	}
	return f.call("POST", "/users", body)
}

func (f *fixture) organization(name string) string {
	f.t.Helper()
	return str(f.call("POST", "/organizations", object{"name": name, "slug": strings.ToLower(name)}), "id")
}

// company is an organization with a practice provider of its own.
type company struct {
	f    *fixture
	idp  *practice.IDP
	org  string
	conn string // id of its connection
}

// company makes Acme, with alice@acme.test, an active connection and provider.
func (f *fixture) company() *company {
	f.t.Helper()
	idp, err := practice.New(practice.Config{
		BaseURL: "https://idp.example.test/acme", Name: "Acme", Now: func() time.Time { return f.now },
		People: []practice.Person{{Mail: "alice@acme.test", FirstName: "Alice", LastName: "Liddell"}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	c := &company{f: f, idp: idp, org: f.organization("Acme")}
	made := f.answers("POST", "/enterprise_connections", object{
		"name": "Acme SSO", "provider": "saml_custom", "domains": []string{"acme.test"}, "organization_id": c.org,
		"active": true, "saml": object{"idp_metadata": string(idp.Metadata())},
	}, http.StatusCreated)
	c.conn = str(made, "id")
	xml, err := f.tools.Manage.SPMetadata(f.t.Context(), identity.ConnectionID(c.conn))
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := idp.AddSPMetadata(xml); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// begin starts a sign-in and returns the browser's client and the ticket.
func (c *company) begin(email string) (identity.ClientID, signin.Ticket) {
	t := c.f.t
	t.Helper()
	c.f.now = c.f.now.Add(time.Second)
	client, err := c.f.tools.Sessions.EnsureClient(t.Context(), httptest.NewRecorder(), httptest.NewRequest("POST", "/sign-in", nil))
	if err != nil {
		t.Fatal(err)
	}
	next, err := c.f.tools.SignIn.Begin(t.Context(), signin.Begin{Client: client.ID, Address: email})
	if err != nil {
		t.Fatal(err)
	}
	return client.ID, next.Ticket
}

// answer lets the provider answer; misbehave is empty for an honest answer.
func (c *company) answer(ticket signin.Ticket, person, misbehave string) (signin.Accepted, error) {
	t := c.f.t
	t.Helper()
	u, err := url.Parse(ticket.Redirect)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := practice.ParseRedirect(u.Query().Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.idp.Respond(practice.Request{
		SP: identity.ConnectionID(c.conn).SPMetadataURL(baseURL), Person: person, InResponseTo: asked.ID,
		RelayState: u.Query().Get("RelayState"), Misbehave: misbehave,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.f.tools.SignIn.FinishSAML(t.Context(), signin.Answer{
		Connection: identity.ConnectionID(c.conn), SAMLResponse: response.SAMLResponse, RelayState: response.RelayState,
	})
}

// signIn signs Alice in and returns her session's id.
func (c *company) signIn() string {
	t := c.f.t
	t.Helper()
	client, ticket := c.begin("alice@acme.test")
	accepted, err := c.answer(ticket, "alice@acme.test", "")
	if err != nil {
		t.Fatal(err)
	}
	done, err := c.f.tools.SignIn.CompleteSAML(t.Context(), signin.Return{Nonce: accepted.Nonce, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	return string(done.Session.ID)
}

// newKey makes one more secret key.
func (f *fixture) newKey() string {
	f.t.Helper()
	key, err := f.tools.Manage.NewSecretKey(f.t.Context(), "another", false)
	if err != nil {
		f.t.Fatal(err)
	}
	return key
}
