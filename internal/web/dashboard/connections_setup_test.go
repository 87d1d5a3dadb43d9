package dashboard_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/practice/practicetest"
)

// providerKeys are those of practice providers, whose certificates end in ten years.
var providerKeys = practicetest.Keys(time.Now())

// provider is a practice identity provider, and a server with its metadata and other
// things that people give by mistake.
func (s *site) provider() (idp *practice.IDP, at string) {
	s.Helper()
	idp, err := practice.New(practice.Config{BaseURL: "https://idp.test", Now: s.clock.Now, Keys: providerKeys(s)})
	if err != nil {
		s.Fatal(err)
	}
	mux := http.NewServeMux()
	answer := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
	}
	answer("/metadata", string(idp.Metadata()))
	answer("/login", "<!doctype html><html><form></form></html>")
	answer("/.well-known/openid-configuration", "<!doctype html><html><form></form></html>")
	server := httptest.NewServer(mux)
	s.Cleanup(server.Close)
	s.tools.Manage.AllowLoopback = true
	s.tools.Manage.Fetch = httpio.NewClient(httpio.ClientOptions{Now: s.clock.Now, AllowPrivate: true})
	return idp, server.URL
}

// fresh makes a connection through the pages, and returns where it stands.
func (s *site) fresh(guide string, more url.Values) string {
	s.Helper()
	form := url.Values{"guide": {guide}, "name": {"Acme sign-in"}, "domains": {"acme.test"}}
	for name, values := range more {
		form[name] = values
	}
	to := s.post("/dashboard/connections", form, http.StatusSeeOther)
	s.done(to, "The connection has been created.")
	one, _, _ := strings.Cut(to, "/setup/")
	return one
}

// at reads the connection that stands there.
func (s *site) at(one string) identity.Connection {
	s.Helper()
	c, err := s.tools.Manage.Connection(s.Context(), identity.ConnectionID(strings.TrimPrefix(one, "/dashboard/connections/")))
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// upload sends a file with a form.
func (s *site) upload(path string, file []byte, status int) string {
	s.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("csrf_token", csrf(s.get("/dashboard", http.StatusOK)))
	w.WriteField("guide", "okta_saml")
	part, _ := w.CreateFormFile("file", "metadata.xml")
	part.Write(file)
	w.Close()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, base+path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Origin", base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	got := s.do(r)
	if got.Code != status {
		s.Fatalf("upload to %s: %d, want %d\n%s", path, got.Code, status, text(got.Body.String()))
	}
	if status == http.StatusSeeOther {
		return got.Header().Get("Location")
	}
	return got.Body.String()
}

func TestNewConnection_IsMadeInactiveForAnOrganizationOrTheApplication(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		org := s.organization("Acme")
		id := strings.TrimPrefix(org, "/dashboard/organizations/")
		s.done("/dashboard/connections/new?organization_id="+id, "Okta", "Microsoft Entra ID", "EASIE", "GitLab", "GitHub Enterprise")
		body := s.get("/dashboard/connections/new?guide=keycloak_saml&organization_id="+id, http.StatusOK)
		if !strings.Contains(body, `value="Acme Keycloak"`) || !strings.Contains(body, `value="`+id+`"`) {
			t.Error("the organization is not filled in")
		}
		form := url.Values{"guide": {"keycloak_saml"}, "name": {"Acme Keycloak"}, "domains": {"acme.test\nacme.example"}, "organization": {"no-such"}}
		body = s.post("/dashboard/connections", form, http.StatusUnprocessableEntity)
		if !strings.Contains(body, "No organization has this ID or slug.") || !strings.Contains(body, "acme.example") {
			t.Error("the problem is not told, or what was given is lost")
		}
		form.Set("organization", id)
		to := s.post("/dashboard/connections", form, http.StatusSeeOther)
		s.done(to, "The connection has been created. It is switched off until it is ready.", "Create a client")
		one, _, _ := strings.Cut(to, "/setup/")
		if c := s.at(one); c.Active || string(c.OrganizationID) != id || c.Provider != identity.SAMLCustom || len(c.Domains) != 2 {
			t.Errorf("made %+v", c)
		}
		if c := s.at(s.fresh("entra_oidc", url.Values{"domains": {"globex.test"}})); c.OrganizationID != "" || c.Config.OIDC.Mapping.UserID != "oid" || !c.Config.OIDC.Mapping.EmailVerifiedDefault {
			t.Errorf("the guide's mapping is not expected: %+v", c.Config.OIDC)
		}
		if c := s.at(s.fresh("generic_oidc", url.Values{"provider": {"oidc_gitlab"}, "domains": {"initech.test"}})); c.Provider != identity.OIDCGitLab {
			t.Errorf("made for %s", c.Provider)
		}
		s.post("/dashboard/connections", url.Values{"guide": {"no_such"}}, http.StatusUnprocessableEntity)
	})
}

func TestNewConnection_SaysThatTheApplicationIsNotKnownToGoogleYet(t *testing.T) {
	s := onSQLite(t)
	s.done("/dashboard/connections/new?guide=google_easie", "This application is not known to Google Workspace yet")
	secret := "secret"
	if _, err := s.tools.Manage.SetProviderCredentials(t.Context(), identity.OAuthGoogle, manage.CredentialsChange{ClientID: "client", ClientSecret: &secret}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.get("/dashboard/connections/new?guide=google_easie", http.StatusOK), "not known") {
		t.Error("it is known")
	}
}

func TestSetup_LeadsThroughEveryGuideWithOurValues(t *testing.T) {
	s := onSQLite(t)
	one := s.fresh("okta_saml", nil)
	c := s.at(one)
	to := s.get(one+"/setup", http.StatusSeeOther)
	s.done(to, "Create an app integration", "Application", "Our addresses", "Provider’s data", "Next: Enter our addresses")
	s.done(one+"/setup/configure?guide=okta_saml", c.ID.ACSURL(base), c.ID.SPMetadataURL(base))
	s.done(one+"/setup/test", "The provider’s data is not complete yet.", "When something goes wrong")
	s.done(one+"/setup/renew", "When the certificate is renewed")
	s.get(one+"/setup/nothing", http.StatusNotFound)
	custom := s.fresh("keycloak_saml", url.Values{"domains": {"globex.test"}})
	s.done(custom+"/setup/create?guide=keycloak_saml", "Create a client", "Console", "Shibboleth")
	s.done(custom+"/setup/create?guide=okta_saml", "SAML") // of another provider: the generic one
}

func TestSetup_TakesMetadataByItsAddressAFileTextOrSingleValues(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		idp, at := s.provider()
		known := func(one string) {
			t.Helper()
			if c := s.at(one); c.Config.SAML.IDPEntityID != idp.EntityID() || len(c.Config.SAML.IDPCertificates) != 1 {
				t.Errorf("known: %+v", c.Config.SAML)
			}
		}
		one := s.fresh("okta_saml", nil)
		to := s.post(one+"/setup/connect", url.Values{"way": {"url"}, "guide": {"okta_saml"}, "metadata_url": {at + "/metadata"}}, http.StatusSeeOther)
		s.done(to, "That has been taken over.", "What is known", idp.EntityID(), "Valid", "Next: Assign people")
		known(one)
		s.done(one, "Metadata", "Last read", "Fresh", "Our keys", "Run a test sign-in")

		one = s.fresh("okta_saml", url.Values{"domains": {"b.test"}})
		s.done(s.upload(one+"/setup/metadata", idp.Metadata(), http.StatusSeeOther), "That has been taken over.")
		known(one)
		s.done(one, "The provider’s data was given by hand.")

		one = s.fresh("google_saml", url.Values{"domains": {"c.test"}})
		s.post(one+"/setup/connect", url.Values{"way": {"text"}, "metadata_text": {string(idp.Metadata())}}, http.StatusSeeOther)
		known(one)

		pem := manage.CertificatesPEM(s.at(one).Config.SAML.IDPCertificates)[0]
		one = s.fresh("okta_saml", url.Values{"domains": {"d.test"}})
		s.post(one+"/setup/connect", url.Values{"way": {"fields"}, "idp_entity_id": {idp.EntityID()}, "idp_sso_url": {idp.SSOURL()}, "idp_certificate": {"Subject: idp\n" + pem + "\n" + pem}}, http.StatusSeeOther)
		if n := len(s.at(one).Config.SAML.IDPCertificates); n != 2 {
			t.Errorf("%d certificates", n)
		}
	})
}

// What people give by mistake is told at once, and nothing is lost.
func TestSetup_SaysInPlainWordsWhatIsWrongWithTheProvidersData(t *testing.T) {
	s := onSQLite(t)
	idp, at := s.provider()
	one := s.fresh("okta_saml", nil)
	ours, err := s.tools.Manage.SPMetadata(t.Context(), s.at(one).ID)
	if err != nil {
		t.Fatal(err)
	}
	_, bare, _ := strings.Cut(string(idp.Metadata()), "?>")
	other := strings.ReplaceAll(bare, idp.EntityID(), "https://other.test")
	two := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + bare + other + `</md:EntitiesDescriptor>`
	lacking := strings.ReplaceAll(string(idp.Metadata()), "SingleSignOnService", "SingleSignOn")
	for name, tt := range map[string]struct {
		form  url.Values
		words []string
		kept  string
	}{
		"a login page":              {url.Values{"way": {"url"}, "metadata_url": {at + "/login"}}, []string{"This is an HTML page, perhaps a login page.", "Open the address in a private window"}, at + "/login"},
		"nothing there":             {url.Values{"way": {"url"}, "metadata_url": {at + "/nothing"}}, []string{"answered with status 404"}, at + "/nothing"},
		"no address":                {url.Values{"way": {"url"}}, []string{"Fill this in."}, ""},
		"a service provider":        {url.Values{"way": {"text"}, "metadata_text": {string(ours)}}, []string{"This is the metadata of a service provider.", "What belongs here is the metadata of the identity provider"}, "SPSSODescriptor"},
		"several providers":         {url.Values{"way": {"text"}, "metadata_text": {two}}, []string{"It describes 2 identity providers", "Which provider"}, "EntitiesDescriptor"},
		"no sign-on URL":            {url.Values{"way": {"text"}, "metadata_text": {lacking}}, []string{"The metadata lacks its sign-on URL."}, "SingleSignOn"},
		"JSON":                      {url.Values{"way": {"text"}, "metadata_text": {`{"issuer":"x"}`}}, []string{"This connection speaks SAML."}, "issuer"},
		"a private key":             {url.Values{"way": {"fields"}, "idp_entity_id": {"x"}, "idp_certificate": {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}}, []string{"This is a private key, which must stay where it is"}, "BEGIN PRIVATE KEY"},
		"plain http":                {url.Values{"way": {"fields"}, "idp_sso_url": {"http://idp.test/sso"}}, []string{"The URL must start with https://."}, "http://idp.test/sso"},
		"a certificate's SHA-256 …": {url.Values{"way": {"fields"}, "idp_certificate": {"ab:cd:ef"}}, []string{"This is neither a PEM certificate nor base64."}, "ab:cd:ef"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.form.Set("guide", "okta_saml")
			s := s.with(t)
			status := http.StatusUnprocessableEntity
			if name == "nothing there" {
				status = http.StatusBadRequest
			}
			body := s.post(one+"/setup/connect", tt.form, status)
			s.says(body, tt.words...)
			if !strings.Contains(body, tt.kept) {
				t.Errorf("what was given is lost")
			}
			if c := s.at(one); c.Config.SAML.IDPEntityID != "" {
				t.Error("it was taken over")
			}
		})
	}
	s.says(s.upload(one+"/setup/metadata", ours, http.StatusUnprocessableEntity), "This is the metadata of a service provider.")
	s.says(s.upload(one+"/setup/metadata", []byte{0xff, 0xfe, 0}, http.StatusUnprocessableEntity), "It is not text in UTF-8.")
	to := s.post(one+"/setup/connect", url.Values{"way": {"text"}, "guide": {"okta_saml"}, "metadata_text": {two}, "entity": {"https://other.test"}}, http.StatusSeeOther)
	s.done(to, "https://other.test")
}

// A certificate that has ended is taken, for some providers go on signing with it, and
// told of at once.
func TestSetup_TellsOfACertificateThatHasEnded(t *testing.T) {
	s := onSQLite(t)
	idp, _ := s.provider()
	one := s.fresh("okta_saml", nil)
	document := string(idp.Metadata())
	s.clock.Advance(11 * 365 * 24 * time.Hour)
	s.operate()
	to := s.post(one+"/setup/connect", url.Values{"way": {"text"}, "metadata_text": {document}}, http.StatusSeeOther)
	s.done(to, "Ended", "Every certificate has ended", "metadata again.")
}

func TestSetup_TakesAClientAndSaysWhatIsWrongWithItsProvider(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		_, at := s.provider()
		one := s.fresh("generic_oidc", nil)
		form := url.Values{"way": {"url"}, "guide": {"generic_oidc"}, "discovery_url": {at}, "client_id": {"client-1"}, "client_secret": {"hush-hush"}}
		body := s.post(one+"/setup/connect", form, http.StatusUnprocessableEntity)
		s.says(body, "This can’t be used as a discovery document: it is an HTML page, perhaps a login page.")
		if !strings.Contains(body, "client-1") || strings.Contains(body, "hush-hush") {
			t.Error("what was given is lost, or a secret is shown")
		}
		s.says(s.post(one+"/setup/connect", url.Values{"way": {"url"}}, http.StatusUnprocessableEntity), "Fill this in.")
		endpoints := url.Values{
			"way": {"endpoints"}, "guide": {"generic_oidc"}, "issuer": {"https://idp.test"}, "auth_url": {"https://idp.test/a"}, "token_url": {"https://idp.test/t"}, "jwks_url": {"https://idp.test/k"},
		}
		s.done(s.post(one+"/setup/connect", endpoints, http.StatusSeeOther), "That has been taken over.")
		if c := s.at(one); c.Config.OIDC.AuthURL != "https://idp.test/a" || c.Config.OIDC.JWKSURL != "https://idp.test/k" {
			t.Errorf("known: %+v", c.Config.OIDC)
		}
	})
}

func TestSetup_TakesATenantWhileTheConnectionIsOff(t *testing.T) {
	s := onSQLite(t)
	one := s.fresh("microsoft_easie", nil)
	s.says(s.post(one+"/setup/connect", url.Values{"way": {"tenant"}, "guide": {"microsoft_easie"}, "tenant_id": {"acme"}}, http.StatusUnprocessableEntity), "32 digits and letters")
	s.done(s.post(one+"/setup/connect", url.Values{"way": {"tenant"}, "guide": {"microsoft_easie"}, "tenant_id": {"00000000-0000-4000-8000-000000000001"}}, http.StatusSeeOther), "That has been taken over.")
	if c := s.at(one); c.TenantID != "00000000-0000-4000-8000-000000000001" {
		t.Errorf("tenant %q", c.TenantID)
	}
}

// with is the site for a test of its own within a test.
func (s *site) with(t *testing.T) *site {
	other := *s
	other.TB = t
	return &other
}
