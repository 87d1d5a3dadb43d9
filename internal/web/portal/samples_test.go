package portal

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/message"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// sampled is when samples are looked at.
var sampled = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)

// longName is an organization's that is longer than any line.
const longName = "Vereinigte Versicherungsgesellschaften der Handelskammer Musterstadt und Umgebung"

// sampleVisit is a browser at the pages of a link.
func sampleVisit(lang, organization string) visit {
	return visit{
		SetupVisit: manage.SetupVisit{
			Link:         identity.SetupLink{ID: "aplt_6b0720d4000000000000000000000000", ExpiresAt: sampled.Add(8 * time.Hour)},
			Organization: identity.Organization{ID: "org_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Name: organization},
		},
		Text: message.In(lang), path: root + "/0123456789abcdef",
	}
}

func sampleDomain(name identity.Domain, o identity.Ownership) manage.DomainView {
	return manage.DomainView{OrganizationDomain: identity.OrganizationDomain{
		ID: identity.DomainID("orgdmn_" + strings.ReplaceAll(string(name), ".", "")), Name: name, EnrollmentMode: identity.EnrollmentSSO, Ownership: o,
	}}
}

func sampleDomains() (proved, waits, lapsed manage.DomainView) {
	const value = "usher-challenge=nb2hi4dthixs6zlymfwxa3dffzrw63i"
	return sampleDomain("acme.test", identity.Ownership{Strategy: identity.OwnershipTXT, Value: value, VerifiedAt: sampled, SeenAt: sampled}),
		sampleDomain("acme.example", identity.Ownership{Strategy: identity.OwnershipTXT, Value: value, ExpiresAt: sampled.Add(time.Hour)}),
		sampleDomain("a-name-that-is-much-longer-than-those-of-others.acme-corporation.example", identity.Ownership{Strategy: identity.OwnershipTXT, Value: value, ExpiresAt: sampled})
}

// sampleConnection is one that was made by the guide to Okta; it knows its provider
// once it is known.
func sampleConnection() (begun, filled, active identity.Connection) {
	begun = identity.Connection{
		ID: "entconn_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Name: "Okta", Provider: identity.SAMLOkta, Domains: []identity.Domain{"acme.test"},
		Authenticatable: true, LiveRevisionID: "rev_1", Config: identity.ConnectionConfig{SAML: &identity.SAMLConfig{}},
	}
	filled = begun
	filled.Config.SAML = &identity.SAMLConfig{
		IDPEntityID: "http://www.okta.com/exk1fcia6d6EMsf331d8", IDPSSOURL: "https://acme.okta.com/app/exk1fcia6d6EMsf331d8/sso/saml",
		IDPMetadataURL: "https://acme.okta.com/app/exk1fcia6d6EMsf331d8/sso/saml/metadata", IDPCertificates: []string{"x"},
	}
	active = filled
	active.Active = true
	return begun, filled, active
}

func sampleRuns(c identity.Connection) (success, failed signin.TestRunView) {
	run := identity.TestRun{ID: "run_1", ConnectionID: c.ID, RevisionID: c.LiveRevisionID, State: identity.TestRunSuccess}
	success = signin.TestRunView{
		Run: run, Connection: c, Number: 2,
		Mapped: []signin.SeenMapping{
			{Field: "user_id", Attribute: "NameID", Came: true, Values: []string{"00u1fcia6d6EMsf331d8"}},
			{Field: "email_address", Attribute: "mail", Came: true, Values: []string{"alice@acme.test"}},
			{Field: "first_name", Attribute: "firstName"},
			{Field: "public_metadata.team", Attribute: "team", Came: true, Values: []string{"<b>blue</b>", "green"}},
		},
		Others:  []signin.SeenAttribute{{Name: "login", Values: []string{"alice"}}},
		Attempt: identity.Attempt{Steps: []identity.Step{{Name: "signature", Plain: "The signature is the provider’s.", Passed: true}, {Name: "warning", Plain: "The clocks differ by 40 seconds.", Passed: true}}},
	}
	failed = success
	failed.Run.State, failed.Mapped, failed.Others = identity.TestRunFailed, nil, nil
	failed.Run.RevisionID = "rev_0"
	failed.Refusal = fault.New(fault.SAMLResponseInvalid)
	failed.Attempt.Steps = []identity.Step{{Name: "audience", Plain: "The answer is for somebody else.", Expected: "https://usher.test/x", Received: "https://usher.test/x/", Fix: "Copy the entity ID again."}}
	return success, failed
}

// sample is a screen with something on it; its name is that of the golden file.
type sample struct {
	name   string
	lang   string
	screen page.Screen
}

func samples(t *testing.T) []sample {
	t.Helper()
	guides, err := guide.Load()
	if err != nil {
		t.Fatal(err)
	}
	u := &UI{guides: guides, BaseURL: "https://usher.test"}
	begun, _, _ := sampleConnection()
	okta := u.guideOf(begun).Fill(guide.Values{ACSURL: begun.ID.ACSURL(u.BaseURL), EntityID: begun.ID.SPMetadataURL(u.BaseURL), Application: "Northwind Bank"})
	all := doorSamples()
	all = append(all, domainSamples()...)
	all = append(all, providerSamples(u, okta)...)
	all = append(all, lastSamples(okta)...)
	return all
}

func doorSamples() []sample {
	en := message.In("en")
	v := sampleVisit("en", "Acme")
	proved, _, _ := sampleDomains()
	begun, filled, active := sampleConnection()
	list := []manage.DomainView{proved}
	look := v
	look.Link.Scopes = []string{identity.SetupRead}
	return []sample{
		{"welcome", "en", welcomeScreen(en, "Northwind Bank", "aplt_c2FtcGxl")},
		{"failure_used", "en", failureScreen(en, fault.New(fault.SetupLinkUsed), "0af7651916cd43dd8448eb211c80319c", "")},
		{"failure_expired", "fr", failureScreen(message.In("fr"), fault.New(fault.SetupLinkExpired), "0af7651916cd43dd8448eb211c80319c", "help@northwind.test")},
		{"overview_new", "en", overviewScreen(v, progress{})},
		{"overview", "en", overviewScreen(v, progress{Domains: list, Connection: begun, Connections: []identity.Connection{begun}})},
		{"overview_tested", "ja", overviewScreen(sampleVisit("ja", longName), progress{Domains: list, Connection: filled, Connections: []identity.Connection{filled}, Tested: true})},
		{"overview_done", "en", overviewScreen(v, progress{Domains: list, Connection: active, Connections: []identity.Connection{active}})},
		{"look_only", "en", lookOnly(en, domainsScreen(look, progress{Domains: list}, "", sampled))},
	}
}

func domainSamples() []sample {
	v := sampleVisit("en", "Acme")
	proved, waits, lapsed := sampleDomains()
	missing := proved
	missing.Ownership.MissingSince = sampled
	begun, _, _ := sampleConnection()
	mine := progress{Domains: []manage.DomainView{proved}, Connection: begun, Connections: []identity.Connection{begun}}
	refused := domainsScreen(v, progress{}, "gmail.com", sampled)
	refused.Problems = []page.Problem{{Field: "name", Text: v.Say("setup.problem.organization_domain_common")}}
	checked := domainsScreen(v, progress{Domains: []manage.DomainView{waits}}, "", sampled)
	checked.Notices = []page.Notice{checkedNotice(v, waits)}
	return []sample{
		{"domains_none", "en", domainsScreen(v, progress{}, "", sampled)},
		{"domains_refused", "en", refused},
		{"domains_checked", "en", checked},
		{"domains", "en", domainsScreen(v, progress{Domains: []manage.DomainView{proved, waits, lapsed}}, "", sampled)},
		{"domains_german", "de", domainsScreen(sampleVisit("de", longName), progress{Domains: []manage.DomainView{proved, waits, lapsed}}, "", sampled)},
		{"domains_missing", "en", domainsScreen(v, progress{Domains: []manage.DomainView{missing}}, "", sampled)},
		{"domain_remove", "en", removeDomainScreen(v, progress{}, waits)},
		{"domain_in_use", "en", removeDomainScreen(v, mine, proved)},
	}
}

func providerSamples(u *UI, okta guide.Guide) []sample {
	v := sampleVisit("en", "Acme")
	proved, _, _ := sampleDomains()
	begun, filled, active := sampleConnection()
	fresh := progress{Domains: []manage.DomainView{proved}}
	mine := progress{Domains: fresh.Domains, Connection: begun, Connections: []identity.Connection{begun}}
	knows, runs := mine, mine
	knows.Connection, runs.Connection = filled, active
	refused := connectScreen(v, mine, okta, brought{way: wayURL, given: map[string]string{"metadata_url": "https://acme.okta.com/login"}}, sampled)
	refused.Problems = []page.Problem{{Field: "metadata_url", Text: v.Say("setup.problem.login_page")}}
	pasted := connectScreen(v, mine, okta, brought{way: wayText, given: map[string]string{"metadata_xml": "<script>alert(1)</script>"}}, sampled)
	pasted.Problems = []page.Problem{{Field: "metadata_xml", Text: v.Say("setup.problem.not_metadata")}}
	openid := mine
	openid.Connection = identity.Connection{ID: begun.ID, Name: "Acme", Provider: identity.OIDCCustom, Domains: begun.Domains, Config: identity.ConnectionConfig{OIDC: &identity.OIDCConfig{SecretID: "secret_1"}}}
	ended := filled
	saml := *filled.Config.SAML
	saml.IDPCertificates = []string{sampleCertificate(sampled.Add(-48 * time.Hour))}
	ended.Config.SAML = &saml
	expired := mine
	expired.Connection = ended
	return []sample{
		{"providers", "en", providersScreen(v, fresh, u.offered())},
		{"providers_begun", "pt-BR", providersScreen(sampleVisit("pt-BR", "Acme"), mine, u.offered())},
		{"provider", "en", providerScreen(v, fresh, okta)},
		{"drop", "en", dropScreen(v, mine, begun)},
		{"guide_1", "en", guideScreen(v, mine, okta, 1)},
		{"guide_2", "es", guideScreen(sampleVisit("es", longName), mine, okta, 2)},
		{"guide_3", "en", guideScreen(v, mine, okta, 3)},
		{"connect", "en", connectScreen(v, mine, okta, brought{given: standing(begun)}, sampled)},
		{"connect_refused", "en", refused},
		{"connect_pasted", "en", pasted},
		{"connect_known", "en", connectScreen(v, knows, okta, brought{given: standing(filled)}, sampled)},
		{"connect_ended", "en", connectScreen(v, expired, okta, brought{given: standing(ended)}, sampled)},
		{"connect_in_use", "en", connectScreen(v, runs, okta, brought{given: standing(active)}, sampled)},
		{"connect_openid", "en", connectScreen(v, openid, u.guideOf(openid.Connection), brought{given: standing(openid.Connection)}, sampled)},
		{"assign", "en", assignScreen(v, mine, okta)},
	}
}

func lastSamples(okta guide.Guide) []sample {
	v := sampleVisit("en", "Acme")
	proved, _, _ := sampleDomains()
	begun, filled, active := sampleConnection()
	p := func(c identity.Connection, tested bool) progress {
		return progress{Domains: []manage.DomainView{proved}, Connection: c, Connections: []identity.Connection{c}, Tested: tested}
	}
	success, failed := sampleRuns(filled)
	pending := success
	pending.Run.State, pending.Mapped, pending.Others, pending.Attempt = identity.TestRunOpened, nil, nil, identity.Attempt{}
	effects := []manage.Effect{{Name: "domain_enforced", People: 143, Plain: "143 people …"}}
	return []sample{
		{"test", "en", testScreen(v, p(filled, false), okta, nil)},
		{"test_not_ready", "en", testScreen(v, p(begun, false), okta, nil)},
		{"test_pending", "en", testScreen(v, p(filled, false), okta, []signin.TestRunView{pending})},
		{"test_success", "en", testScreen(v, p(filled, true), okta, []signin.TestRunView{success})},
		{"test_failed", "en", testScreen(v, p(filled, false), okta, []signin.TestRunView{failed})},
		{"activate", "en", activateScreen(v, p(filled, true), effects, sampled)},
		{"activate_nobody", "de", activateScreen(sampleVisit("de", longName), p(filled, false), []manage.Effect{{Name: "domain_enforced"}}, sampled)},
		{"activate_not_ready", "en", activateScreen(v, progress{Connection: begun}, nil, sampled)},
		{"done", "en", doneScreen(v, p(active, true), "help@northwind.test")},
		{"done_nobody_to_ask", "en", doneScreen(v, p(active, true), "")},
	}
}

// sampleCertificate is one that ends then, the same at each run.
func sampleCertificate(ends time.Time) string {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append(make([]byte, 31), 7))
	if err != nil {
		return err.Error()
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "acme.okta.com"}, NotBefore: ends.Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return err.Error()
	}
	return base64.StdEncoding.EncodeToString(der)
}
