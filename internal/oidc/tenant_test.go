package oidc

import (
	"encoding/json"
	"strings"
	"testing"
)

const (
	testTenant  = "11111111-2222-3333-4444-555555555555"
	otherTenant = "99999999-2222-3333-4444-555555555555"
)

// microsoft is the provider of all tenants, at the test's address.
func microsoft(p *provider) Provider {
	d := Microsoft()
	d.Issuer = p.server.URL + "/{tenantid}/v2.0"
	d.TokenEndpoint, d.JWKSURI = p.server.URL+"/token", p.server.URL+"/keys"
	p.token.claims["iss"] = p.server.URL + "/" + testTenant + "/v2.0"
	p.token.claims["tid"], p.token.claims["oid"], p.token.claims["xms_edov"] = testTenant, "o-1", true
	delete(p.token.claims, "email_verified")
	return d
}

func TestRedeem_Microsoft(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) { p.token.claims[name] = value }
	}
	keyIssuer := func(tail string) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) { p.keys[0]["issuer"] = p.server.URL + tail }
	}
	rows := []struct {
		name   string
		given  func(*testing.T, *provider)
		reason string
		edov   Verified
	}{
		{"a tenant's person is accepted", func(*testing.T, *provider) {}, "", VerifiedYes},
		{"T-EASIE-01: xms_edov is 1", set("xms_edov", 1), "", VerifiedYes},
		{"T-EASIE-01: xms_edov is the text 1", set("xms_edov", "1"), "", VerifiedYes},
		{"T-EASIE-01: xms_edov is the text true", set("xms_edov", "true"), "", VerifiedYes},
		{"T-EASIE-01: xms_edov is false", set("xms_edov", false), "", VerifiedNo},
		{"T-EASIE-01: xms_edov is the text false", set("xms_edov", "false"), "", VerifiedNo},
		{"T-EASIE-01: xms_edov is 0", set("xms_edov", 0), "", VerifiedNo},
		{"T-EASIE-01: xms_edov is null", set("xms_edov", nil), "", VerifiedNo},
		{"T-EASIE-01: xms_edov is absent", func(_ *testing.T, p *provider) { delete(p.token.claims, "xms_edov") }, "", VerifiedUnsaid},
		{"T-EASIE-03, T-EASIE-04: tid of another tenant than the issuer's", set("tid", otherTenant), "iss", ""},
		{"T-EASIE-04: the issuer of version 1", set("iss", "https://sts.windows.net/"+testTenant+"/"), "iss", ""},
		{"T-EASIE-04: the issuer of another cloud", set("iss", "https://login.microsoftonline.us/"+testTenant+"/v2.0"), "iss", ""},
		{"T-EASIE-04: the template itself", func(_ *testing.T, p *provider) {
			p.token.claims["iss"], p.token.claims["tid"] = p.server.URL+"/{tenantid}/v2.0", "{tenantid}"
		}, "iss", ""},
		{"T-EASIE-04: personal accounts", func(_ *testing.T, p *provider) {
			p.token.claims["iss"], p.token.claims["tid"] = p.server.URL+"/"+consumerTenant+"/v2.0", consumerTenant
		}, "iss", ""},
		{"T-EASIE-04: tid in capitals", func(_ *testing.T, p *provider) {
			tid := "AAAAAAAA-2222-3333-4444-555555555555"
			p.token.claims["iss"], p.token.claims["tid"] = p.server.URL+"/"+tid+"/v2.0", tid
		}, "iss", ""},
		{"T-EASIE-04: tid is a name", func(_ *testing.T, p *provider) {
			p.token.claims["iss"], p.token.claims["tid"] = p.server.URL+"/acme.test/v2.0", "acme.test"
		}, "iss", ""},
		{"T-EASIE-04: no tid", func(_ *testing.T, p *provider) { delete(p.token.claims, "tid") }, "iss", ""},
		{"T-EASIE-04: the key is of this tenant", keyIssuer("/" + testTenant + "/v2.0"), "", VerifiedYes},
		{"T-EASIE-04: the key is of every tenant", keyIssuer("/{tenantid}/v2.0"), "", VerifiedYes},
		{"T-EASIE-04: the key is of another tenant", keyIssuer("/" + otherTenant + "/v2.0"), "iss", ""},
		{"T-EASIE-04: the key is of personal accounts", keyIssuer("/" + consumerTenant + "/v2.0"), "iss", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			d := microsoft(p)
			row.given(t, p)
			r, err := p.client().Redeem(t.Context(), testExchange(), Expect{Now: noon(), Provider: d, ClientID: testClient, Nonce: testNonce})
			wantTEE(t, r, err, row.reason)
			if row.reason != "" {
				return
			}
			i := r.Result.Identity
			if i.TenantID != testTenant || i.ObjectID != "o-1" || i.EDOV != row.edov || i.EmailVerified != VerifiedUnsaid || i.Email != "ada@acme.test" {
				t.Errorf("got %+v", i)
			}
		})
	}
}

// T-EASIE-04: without a place for the tenant, no issuer is every tenant's.
func TestRedeem_MicrosoftNeedsAPlaceForTheTenant(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	d := microsoft(p)
	d.Issuer = p.server.URL + "/" + testTenant + "/v2.0"
	p.token.claims["tid"] = otherTenant
	r, err := p.client().Redeem(t.Context(), testExchange(), Expect{Now: noon(), Provider: d, ClientID: testClient, Nonce: testNonce})
	wantTEE(t, r, err, "iss")
}

// T-EASIE-02, T-EASIE-05.
func TestRedeem_MicrosoftNamesThatAnyoneCanChooseAreNoAddress(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	d := microsoft(p)
	delete(p.token.claims, "email")
	for _, name := range []string{"preferred_username", "upn", "unique_name"} {
		p.token.claims[name] = "victim@acme.test"
	}
	p.token.claims["acct"] = 1
	e := Expect{Now: noon(), Provider: d, ClientID: testClient, Nonce: testNonce, EmailClaim: "preferred_username"}
	r, err := p.client().Redeem(t.Context(), testExchange(), e)
	wantTEE(t, r, err, "")
	if i := r.Result.Identity; i.Email != "" || i.EDOV != VerifiedUnsaid || i.Acct != "1" {
		t.Errorf("got %+v", i)
	}
}

// One tenant's own issuer is an ordinary provider; its tenant is told all the
// same, where the issuer confirms it.
func TestJudge_FillsTheTenantOfASingleTenantsIssuer(t *testing.T) {
	t.Parallel()
	for iss, want := range map[string]string{
		strings.Replace(microsoftIssuer, tenantPlace, testTenant, 1): testTenant,
		"https://login.acme.test/":                                   "",
	} {
		j := newJudge(Expect{Provider: Provider{Issuer: iss, JWKSURI: "https://keys.test"}})
		if err := j.judgeIssuer(object{"iss": iss, "tid": testTenant, "oid": "o", "acct": json.Number("0"), "hd": "acme.test"}, publicKey{}); err != nil {
			t.Fatal(err)
		}
		if j.identity.TenantID != want || j.identity.HostedDomain != "" {
			t.Errorf("%s: got %+v", iss, j.identity)
		}
	}
}

// T-EASIE-06, as far as it is of the wire: hd comes from the ID token alone.
func TestRedeem_Google(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		given  func(*provider)
		reason string
		hd     string
	}{
		{"the issuer as an address", func(p *provider) { p.token.claims["hd"] = "acme.test" }, "", "acme.test"},
		{"the issuer as a name", func(p *provider) { p.token.claims["iss"], p.token.claims["hd"] = "accounts.google.com", "acme.test" }, "", "acme.test"},
		{"no hd", func(*provider) {}, "", ""},
		{"hd in user information only", func(p *provider) { p.info["hd"] = "acme.test" }, "", ""},
		{"hd is no text", func(p *provider) { p.token.claims["hd"] = []string{"acme.test"} }, "", ""},
		{"the issuer by http", func(p *provider) { p.token.claims["iss"] = "http://accounts.google.com" }, "iss", ""},
		{"the issuer with a slash", func(p *provider) { p.token.claims["iss"] = "https://accounts.google.com/" }, "iss", ""},
	}
	for _, row := range rows {
		t.Run("T-EASIE-06: "+row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			d := Google()
			d.TokenEndpoint, d.JWKSURI, d.UserInfoEndpoint = p.server.URL+"/token", p.server.URL+"/keys", p.server.URL+"/userinfo"
			p.token.claims["iss"] = googleIssuer
			row.given(p)
			e := Expect{Now: noon(), Provider: d, ClientID: testClient, Nonce: testNonce, Claims: []string{"family_name"}}
			r, err := p.client().Redeem(t.Context(), testExchange(), e)
			wantTEE(t, r, err, row.reason)
			if row.reason == "" && r.Result.Identity.HostedDomain != row.hd {
				t.Errorf("got %q, want %q", r.Result.Identity.HostedDomain, row.hd)
			}
		})
	}
}

func TestPresets_AreComplete(t *testing.T) {
	t.Parallel()
	github, err := GitHubEnterprise("https://github.acme.test/")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Provider{Google(), Microsoft(), github} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", p.Quirk, err)
		}
	}
	if got, want := github.UserInfoEndpoint, "https://github.acme.test/api/v3/user"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, base := range []string{"", "github.acme.test", "https://x@github.acme.test", "https://github.acme.test?x=1", "ftp://x"} {
		if _, err := GitHubEnterprise(base); err == nil {
			t.Errorf("%q is taken", base)
		}
	}
}
