package portal_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/resolver/resolvertest"
)

// The whole way, from the link to a connection that is switched on.
func TestSetup_GoesFromTheLinkToAnActiveConnection(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.enter(s.link(s.org))
		s.says(s.see("/"), "Set up company sign-in", "Acme", "Domains", "Next")
		s.says(s.see("/domains"), "Show that your domain is yours")

		s.says(s.post(s.path+"/domains", url.Values{"name": {"acme"}}, 422), "Enter a domain like acme.com.")
		s.says(s.post(s.path+"/domains", url.Values{"name": {"gmail.com"}}, 422), "Anybody can have an address there.")
		s.post(s.path+"/domains", url.Values{"name": {"acme.test"}}, 303)
		s.says(s.post(s.path+"/domains", url.Values{"name": {"acme.test"}}, 422), "in the list already")
		d := s.domain("acme.test")
		s.says(s.see("/domains"), "_usher-challenge.acme.test", d.Ownership.Value, "Waits for the record")
		s.says(s.get(s.post(s.path+"/domains/"+string(d.ID)+"/check", nil, 303), 200), "can’t be seen yet")
		if at := s.get(s.path+"/provider", 303); at != s.path+"/domains" {
			t.Errorf("without a proved domain the providers lead to %s", at)
		}
		s.post(s.path+"/provider/okta_saml", nil, 303)
		s.publish(d)
		s.says(s.get(s.post(s.path+"/domains/"+string(d.ID)+"/check", nil, 303), 200), "acme.test is proved.", "Next")

		s.says(s.see("/provider"), "Okta", "Keycloak", "Another SAML provider")
		s.says(s.see("/provider/okta_saml"), "Set up Okta", "acme.test")
		c := s.begin("okta_saml")
		if again := s.begin("okta_saml"); again != c {
			t.Errorf("begun twice: %s and %s", c, again)
		}
		made := s.connection(c)
		if made.Active || made.OrganizationID != s.org.ID || len(made.Domains) != 1 {
			t.Errorf("made: %+v", made)
		}
		s.says(s.get(c+"/guide", 200), "Create an app integration", "Step 1 of 3")
		s.says(s.get(c+"/guide/2", 200), made.ID.ACSURL(base), made.ID.SPMetadataURL(base))
		s.get(c+"/guide/4", 404)
		s.says(s.get(c+"/activate", 200), "It is not ready yet", "We do not know enough about your provider yet.")
		s.says(s.get(c+"/test", 200), "It is not ready yet")
		s.post(c+"/activate", nil, 200)

		s.says(s.get(s.upload(c+"/connect/file", "metadata_file", s.metadata(s.clock.Now().Add(9000*time.Hour)), 303), 200), "Read and saved.", "https://idp.acme.test/sso", "Certificate valid until")
		s.says(s.get(c+"/assign", 200), "Nobody can sign in before this is done")
		s.says(s.get(c+"/test", 200), "Try it", "Run the test")
		if at := s.post(c+"/test", nil, 303); !strings.HasPrefix(at, base+"/v1/enterprise_connections/"+string(made.ID)+"/init_test_run?ticket=") {
			t.Errorf("the test begins at %s", at)
		}
		s.says(s.get(c+"/activate", 200), "What people will notice", "Nobody with an address at acme.test has an account here yet.", "No test has succeeded")
		done := s.post(c+"/activate", nil, 303)
		s.says(s.get(done, 200), "Company sign-in is active", "People with an address at acme.test are sent to Okta")
		if after := s.connection(c); !after.InUse() {
			t.Errorf("after: %+v", after)
		}
		s.says(s.see("/"), "Company sign-in is active")
		s.says(s.get(c+"/connect", 200), "This connection is in use.")

		var actors []identity.ActorKind
		lines, _, err := s.tools.Manage.AuditLog(t.Context(), manage.AuditFilter{}, manage.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if strings.HasPrefix(line.Action, "enterprise_connection.") || strings.HasPrefix(line.Action, "organization_domain.") {
				actors = append(actors, line.Actor.Kind)
			}
		}
		for _, kind := range actors {
			if kind != identity.ActorSetupLink {
				t.Errorf("acted: %v, want %s alone", actors, identity.ActorSetupLink)
				break
			}
		}
		if len(actors) < 4 {
			t.Errorf("%d lines of the audit log, want at least 4", len(actors))
		}
	})
}

func TestSetup_BelongsToTheBrowserThatBegan(t *testing.T) { // threat T-SES-16
	s := onSQLite(t)
	l := s.link(s.org)
	for range 3 { // programs that look at mail
		s.says(s.get("/setup?token="+l.Token, 200), "Begin")
	}
	s.enter(l)
	first := s.browser
	s.says(s.see("/"), "Acme")
	if s.enter(l); s.path != first.path {
		t.Errorf("the link again leads to %s, want %s", s.path, first.path)
	}

	s.browser = browser{cookies: map[string]string{}}
	s.says(s.get(first.path+"/", 403), "This setup link is not valid")
	s.says(s.post("/setup", url.Values{"token": {l.Token}}, 403), "open in another browser", "Ask whoever sent it to you for a new link.")
	s.says(s.post("/setup", url.Values{"token": {"x"}}, 403), "is not valid")
	s.says(s.get("/setup", 403), "is not valid")
	s.get("/setup/x/", 403)
	s.get("/setup/"+strings.Repeat("z", 16)+"/", 403)
	s.get("/setup/x/y/z/a/b/c", 404)

	s.browser = first
	other := s.organization("Globex")
	s.enter(s.link(other))
	s.says(s.see("/"), "Globex")
	s.says(s.get(first.path+"/", 200), "Acme") // one cookie for each link

	s.path = first.path
	if _, err := s.tools.Manage.RevokeSetupLink(t.Context(), string(l.ID), ""); err != nil {
		t.Fatal(err)
	}
	s.says(s.get(s.path+"/domains", 403), "no longer valid", "took it back")
	s.says(s.post(s.path+"/domains", url.Values{"name": {"acme.test"}}, 403), "no longer valid")
	last := s.link(s.org)
	s.enter(last)
	s.clock.Advance(time.Hour)
	s.says(s.get(s.path+"/", 403), "has expired", "What you have saved is kept.")
}

func TestSetup_TakesFormsOfItsOwnPagesAlone(t *testing.T) { // threat T-SES-07
	s := onSQLite(t)
	s.enter(s.link(s.org))
	form := url.Values{"name": {"acme.test"}}
	s.says(s.send(s.path+"/domains", form, 403), "Open the page again")
	s.send("/setup", url.Values{"token": {"x"}}, 403)
	for _, path := range []string{"/setup", s.path + "/domains"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader(url.Values{"csrf_token": {s.token()}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		s.expect(s.do(r), "from elsewhere to "+path, 403)
	}
}

// What belongs to another organization is answered letter by letter as what there
// isn't, by every page and every form.
func TestSetup_ForeignIDsAreAsThoseThatThereAreNot(t *testing.T) { // threat T-ORG-06
	each(t, func(t *testing.T, s *site) {
		acme := s.org
		s.org = s.organization("Globex")
		s.enter(s.link(s.org))
		s.prove("globex.test")
		theirs := s.begin("okta_saml")
		foreign := map[string]string{"connections": theirs[strings.LastIndex(theirs, "/")+1:], "domains": string(s.domain("globex.test").ID)}

		s.org = acme
		s.enter(s.link(s.org))
		s.prove("acme.test")
		absent := map[string]string{
			"connections": string(identity.NewID[identity.ConnectionID](s.clock.Now())), "domains": string(identity.NewID[identity.DomainID](s.clock.Now())),
		}
		reference := func(page string) string { return page[:strings.Index(page+"Reference", "Reference")] }
		routes := map[string][]string{
			"connections": {
				"GET /guide", "GET /guide/1", "GET /assign", "GET /connect", "GET /test", "GET /activate", "GET /done", "GET /drop",
				"POST /connect/url", "POST /connect/values", "POST /connect/file", "POST /connect/text", "POST /connect/oidc", "POST /test", "POST /activate", "POST /drop",
			},
			"domains": {"POST /check", "POST /again", "GET /remove", "POST /remove"},
		}
		for kind, list := range routes {
			for _, route := range list {
				method, end, _ := strings.Cut(route, " ")
				ask := func(id string) string {
					path := s.path + "/" + kind + "/" + id + end
					if method == "GET" {
						return text(s.get(path, 404))
					}
					return text(s.post(path, nil, 404))
				}
				if a, b := reference(ask(foreign[kind])), reference(ask(absent[kind])); a != b || a == "" {
					t.Errorf("%s %s: of another: %q, of nobody: %q", kind, route, a, b)
				}
			}
		}
		if c := s.connection(theirs); c.Active || len(c.Domains) != 1 {
			t.Errorf("the other organization's connection: %+v", c)
		}
		s.says(s.post(s.path+"/domains", url.Values{"name": {"globex.test"}}, 422), "can’t be used here")
	})
}

func TestSetup_ScopesSayWhatALinkIsFor(t *testing.T) {
	s := onSQLite(t)
	s.enter(s.link(s.org, identity.SetupRead))
	page := s.see("/domains")
	s.says(page, "With this link you can look, but change nothing.")
	if strings.Contains(mainPart.FindString(page), "<form") {
		t.Error("who may only look is shown a form")
	}
	s.says(s.post(s.path+"/domains", url.Values{"name": {"acme.test"}}, 403), "does not allow that")
	s.enter(s.link(s.org, "another"))
	s.get(s.path+"/", 403)
	s.enter(s.link(s.org, identity.SetupWrite))
	s.get(s.path+"/", 403)
}

func TestSetup_SaysWhatIsWrongWithWhatWasBroughtBack(t *testing.T) {
	s := onSQLite(t)
	s.enter(s.link(s.org))
	s.prove("acme.test")
	c := s.begin("okta_saml")
	sp := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"><md:SPSSODescriptor/></md:EntityDescriptor>`
	ended := strings.Replace(s.metadata(s.clock.Now().Add(9000*time.Hour)), "entityID", `validUntil="2020-05-01T00:00:00Z" entityID`, 1)
	for document, want := range map[string]string{
		sp: "the metadata of a service provider", "<!doctype html><title>Sign in</title>": "perhaps a login page", `{"issuer": "x"}`: "document of OpenID Connect",
		"-----BEGIN CERTIFICATE-----": "This is a certificate.", "https://idp.acme.test": "This is an address", " ": "It is empty.", "<a/>": "not the metadata of an identity provider",
		ended: "The document itself ended on 2020-05-01",
	} {
		page := s.upload(c+"/connect/text", "metadata_xml", document, 422)
		s.says(page, want)
		if !strings.Contains(html.UnescapeString(page), document) {
			t.Errorf("%.40q: what was pasted is lost", document)
		}
	}
	s.says(s.upload(c+"/connect/file", "metadata_file", "", 422), "Fill this in.")
	s.says(s.post(c+"/connect/url", url.Values{"metadata_url": {"https://127.0.0.1:1/metadata"}}, 400), "Nothing could be read from this address.")
	s.says(s.post(c+"/connect/url", nil, 422), "Fill this in.")
	page := s.post(c+"/connect/values", url.Values{"idp_entity_id": {"https://idp.acme.test/x"}, "sso_url": {"ftp://x"}, "certificate": {"nonsense"}}, 422)
	s.says(page, "Enter the whole address, with https.", "This is no certificate.", "nonsense")
	if !strings.Contains(page, "https://idp.acme.test/x") {
		t.Error("a value that was entered is lost")
	}
	s.post(c+"/connect/nothing", nil, 404)
	s.post(c+"/connect/oidc", nil, 404)

	s.says(s.get(s.upload(c+"/connect/file", "metadata_file", s.metadata(s.clock.Now().Add(-time.Hour)), 303), 200), "The certificate ended on")
	s.says(s.get(s.upload(c+"/connect/file", "metadata_file", s.metadata(s.clock.Now().Add(100*time.Hour)), 303), 200), "The certificate ends on")
}

func TestSetup_ActivatesOnlyWhatIsStillProved(t *testing.T) { // threat T-ORG-04
	s := onSQLite(t)
	day := int64(86_400)
	l, err := s.tools.Manage.CreateSetupLink(t.Context(), manage.SetupLinkChange{OrganizationID: string(s.org.ID)})
	if err != nil {
		t.Fatal(err)
	}
	s.enter(l)
	d := s.prove("acme.test")
	c := s.begin("keycloak_saml")
	s.upload(c+"/connect/file", "metadata_file", s.metadata(s.clock.Now().Add(9000*time.Hour)), 303)
	s.clock.Advance(25 * time.Hour)
	s.dns.Set(d.Name.OwnershipRecord(), resolvertest.Answer{})
	if l, err = s.tools.Manage.CreateSetupLink(t.Context(), manage.SetupLinkChange{OrganizationID: string(s.org.ID), ExpiresIn: &day}); err != nil {
		t.Fatal(err)
	}
	s.enter(l) // taken up again with another link
	c = s.path + c[strings.Index(c, "/connections/"):]
	s.says(s.see("/"), "Activate", "Done")
	s.says(s.post(c+"/activate", nil, 422), "was not seen in the last 24 hours")
	if s.connection(c).Active {
		t.Error("the connection was switched on")
	}
	s.publish(d)
	s.post(c+"/activate", nil, 303)
}

func TestSetup_DropsWhatNobodyUsed(t *testing.T) {
	s := onSQLite(t)
	s.enter(s.link(s.org))
	s.prove("acme.test")
	c := s.begin("okta_saml")
	s.says(s.see("/provider"), "You have begun with this", "Not active yet")
	d := s.domain("acme.test")
	s.says(s.see("/domains/"+string(d.ID)+"/remove"), "belongs to a connection and stays")
	s.post(s.path+"/domains/"+string(d.ID)+"/remove", nil, 200)
	s.says(s.get(c+"/drop", 200), "Drop Okta?")
	s.post(c+"/drop", nil, 303)
	s.get(c+"/guide", 404)
	s.post(s.path+"/domains/"+string(d.ID)+"/remove", nil, 303)

	s.prove("acme.example")
	c = s.begin("generic_oidc")
	if got := s.connection(c); got.Name != "Acme" || got.Config.OIDC.Mapping.EmailAddress != "email" {
		t.Errorf("made: %+v", got)
	}
	s.says(s.post(c+"/connect/oidc", url.Values{"client_id": {"acme"}}, 422), "Fill this in.")
	s.says(s.post(c+"/connect/oidc", url.Values{"client_id": {"acme"}, "client_secret": {"s"}, "discovery_url": {"https://127.0.0.1:1"}}, 422), "Enter the issuer")
}

func TestSetup_SpeaksTheLanguageOfTheBrowser(t *testing.T) {
	s := onSQLite(t)
	s.language = "de-CH"
	s.enter(s.link(s.org))
	s.says(s.see("/"), "Unternehmensanmeldung einrichten")
	s.says(s.post(s.path+"/domains", url.Values{"name": {"acme"}}, 422), "Geben Sie eine Domain wie acme.com ein.")
	s.prove("acme.test")
	c := s.begin("okta_saml")
	s.says(s.get(c+"/guide", 200), "Die Schritte sind auf Englisch", "Create an app integration", "Schritt 1 von 3")
}

func TestSetup_OneOfTheApplicationIsNotTheOrganizations(t *testing.T) {
	s := onSQLite(t)
	name := "Everybody"
	c, err := s.tools.Manage.CreateConnection(t.Context(), identity.SAMLCustom, manage.ConnectionChange{Name: &name, Domains: []string{"everybody.test"}})
	if err != nil {
		t.Fatal(err)
	}
	s.enter(s.link(s.org))
	s.get(s.path+"/connections/"+string(c.ID)+"/connect", 404)
}
