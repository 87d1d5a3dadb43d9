package portal_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"mime/multipart"
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
	"usher/internal/resolver"
	"usher/internal/resolver/resolvertest"
	"usher/internal/secret"
	"usher/internal/server"
	"usher/internal/session"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/internal/web/page"
	"usher/internal/web/portal"
)

const base = "https://usher.test"

// site is the setup pages over real flows, a real database and a name server.
type site struct {
	testing.TB
	clock   *storetest.Clock
	tools   *server.Tools
	dns     *resolvertest.Server
	handler http.Handler
	org     identity.Organization
	browser // of the administrator
}

// browser holds cookies and where its link's pages are.
type browser struct {
	cookies  map[string]string
	path     string
	language string
}

// each runs a test on both engines.
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
	s := &site{TB: t, clock: &storetest.Clock{}, dns: resolvertest.Serve(t), browser: browser{cookies: map[string]string{}}}
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
	tools.Manage.Records = &resolver.Client{Servers: []string{s.dns.Address}}
	s.clock.Set(time.Now().Add(time.Millisecond)) // the deployment was made by the real clock
	limit := httpio.Limit{Events: 100, Per: time.Minute}
	ui := &portal.UI{
		SignIn: tools.SignIn, Manage: tools.Manage, BaseURL: base, Now: now, HostCookie: tools.Sessions.HostCookie,
		Opens: httpio.NewLimiter(limit, 10, now), Asks: httpio.NewLimiter(limit, 10, now),
		Forms: page.Forms{Tokens: httpio.FormTokens{Key: []byte("form tokens")}, Cookie: "usher_form", ReadCookie: session.ReadCookie},
	}
	if err := ui.Init(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	ui.Routes(mux)
	s.handler = mux
	s.org = s.organization("Acme")
	return s
}

func (s *site) organization(name string) identity.Organization {
	s.Helper()
	o, err := s.tools.Manage.CreateOrganization(s.Context(), manage.OrganizationChange{Name: &name})
	if err != nil {
		s.Fatal(err)
	}
	return o.Organization
}

// link makes a setup link; no scopes are all.
func (s *site) link(o identity.Organization, scopes ...string) manage.NewSetupLink {
	s.Helper()
	l, err := s.tools.Manage.CreateSetupLink(s.Context(), manage.SetupLinkChange{OrganizationID: string(o.ID), Scopes: scopes})
	if err != nil {
		s.Fatal(err)
	}
	return l
}

// enter opens a link as its first browser.
func (s *site) enter(l manage.NewSetupLink) {
	s.Helper()
	at := s.send("/setup", url.Values{"token": {l.Token}, "csrf_token": {csrf(s.get("/setup?token="+l.Token, 200))}}, 303)
	s.path = strings.TrimSuffix(at, "/")
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	s.Helper()
	for name, value := range s.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if s.language != "" {
		r.Header.Set("Accept-Language", s.language)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		s.cookies[c.Name] = c.Value
	}
	return w
}

func (s *site) expect(w *httptest.ResponseRecorder, what string, status int) string {
	s.Helper()
	if w.Code != status {
		s.Fatalf("%s: %d, want %d\n%s", what, w.Code, status, text(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

// get opens a page and expects its status.
func (s *site) get(path string, status int) string {
	s.Helper()
	return s.expect(s.do(httptest.NewRequestWithContext(s.Context(), http.MethodGet, base+path, nil)), "GET "+path, status)
}

// see opens a page of the link.
func (s *site) see(path string) string { s.Helper(); return s.get(s.path+path, http.StatusOK) }

// post sends a form with the token of the browser.
func (s *site) post(path string, form url.Values, status int) string {
	s.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("csrf_token", s.token())
	return s.send(path, form, status)
}

func (s *site) token() string { s.Helper(); return csrf(s.get("/setup?token=x", http.StatusOK)) }

func (s *site) send(path string, form url.Values, status int) string {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, base+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	ours(r)
	return s.expect(s.do(r), "POST "+path, status)
}

// upload sends a document as a browser sends a file or a long text.
func (s *site) upload(path, field, document string, status int) string {
	s.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("csrf_token", s.token())
	part, _ := form.CreateFormFile(field, "metadata.xml")
	part.Write([]byte(document))
	form.Close()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, base+path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	ours(r)
	return s.expect(s.do(r), "POST "+path, status)
}

func ours(r *http.Request) {
	r.Header.Set("Origin", base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
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

// prove adds a domain and publishes its record.
func (s *site) prove(name string) manage.DomainView {
	s.Helper()
	s.post(s.path+"/domains", url.Values{"name": {name}}, 303)
	d := s.domain(name)
	s.publish(d)
	s.post(s.path+"/domains/"+string(d.ID)+"/check", nil, 303)
	if d = s.domain(name); !d.Ownership.Verified() {
		s.Fatalf("%s is not proved: %+v", name, d.Ownership)
	}
	return d
}

func (s *site) publish(d manage.DomainView) {
	s.dns.Set(d.Name.OwnershipRecord(), resolvertest.Text(d.Name.OwnershipRecord(), d.Ownership.Value))
}

func (s *site) domain(name string) manage.DomainView {
	s.Helper()
	list, _, err := s.tools.Manage.Domains(s.Context(), manage.DomainRef{Organization: string(s.org.ID)}, manage.OrganizationDomainFilter{Names: []identity.Domain{identity.Domain(name)}}, manage.Page{})
	if err != nil || len(list) != 1 {
		s.Fatalf("domain %s: %v, %v", name, list, err)
	}
	return list[0]
}

// begin makes the connection by a guide, and returns its path.
func (s *site) begin(guide string) string {
	s.Helper()
	return strings.TrimSuffix(s.post(s.path+"/provider/"+guide, nil, 303), "/guide")
}

func (s *site) connection(path string) identity.Connection {
	s.Helper()
	c, err := s.tools.Manage.Connection(s.Context(), identity.ConnectionID(path[strings.LastIndex(path, "/")+1:]))
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// metadata is that of an identity provider whose certificate ends then.
func (s *site) metadata(ends time.Time) string {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp.acme.test"}, NotBefore: ends.Add(-1000 * time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		s.Fatal(err)
	}
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.acme.test/metadata"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		base64.StdEncoding.EncodeToString(der) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.acme.test/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}
