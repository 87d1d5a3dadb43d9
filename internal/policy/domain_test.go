package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestDomain(t *testing.T) {
	t.Parallel()
	listed := func(org identity.OrgID, mode identity.EnrollmentMode, verified bool) []identity.OrganizationDomain {
		return []identity.OrganizationDomain{{ID: "orgdmn_1", OrganizationID: org, Name: "acme.test", EnrollmentMode: mode, Verified: verified}}
	}
	const (
		general = "not_public_suffix not_common not_blocked "
		sso     = general + "not_enrolled_here not_taken"
		enroll  = general + "not_sso_here not_listed_here not_verified_elsewhere"
	)
	tests := map[string]struct {
		given func(*policy.DomainFacts)
		code  fault.Code
		trace string
		meta  map[string]any
	}{
		"an SSO domain": {given: func(*policy.DomainFacts) {}, trace: sso},
		"threat T-ID-09: no SSO on a public suffix": {
			given: func(f *policy.DomainFacts) { f.Domain = "co.uk" },
			code:  fault.FormParamValueInvalid, meta: map[string]any{"param_name": "domains"}, trace: "not_public_suffix",
		},
		"threat T-ID-09: nor on a private one": {
			given: func(f *policy.DomainFacts) { f.Domain = "github.io" },
			code:  fault.FormParamValueInvalid, trace: "not_public_suffix",
		},
		"threat T-ID-09: no Verified Domain on a public suffix": {
			given: func(f *policy.DomainFacts) { f.Use, f.Domain = policy.UseVerified, "co.uk" },
			code:  fault.FormParamValueInvalid, meta: map[string]any{"param_name": "name"}, trace: "not_public_suffix",
		},
		"1.18 allow_subdomains only on an eTLD+1": {
			given: func(f *policy.DomainFacts) { f.Domain, f.AllowSubdomains = "eu.acme.test", true },
			code:  fault.FormParamValueInvalid, meta: map[string]any{"param_name": "allow_subdomains"},
			trace: "not_public_suffix registrable",
		},
		"1.18 on an eTLD+1": {
			given: func(f *policy.DomainFacts) { f.AllowSubdomains = true },
			trace: "not_public_suffix registrable not_common not_blocked not_enrolled_here not_taken",
		},
		"a subdomain without allow_subdomains": {
			given: func(f *policy.DomainFacts) { f.Domain = "eu.acme.test" }, trace: sso,
		},
		"1.130 a common provider is organization_domain_common (threat T-ORG-05)": {
			given: func(f *policy.DomainFacts) { f.Use, f.Domain = policy.UseVerified, "gmail.com" },
			code:  fault.OrganizationDomainCommon, meta: map[string]any{"param_name": "name"}, trace: "not_public_suffix not_common",
		},
		"threat T-ORG-05: no SSO on one either": {
			given: func(f *policy.DomainFacts) { f.Domain = "outlook.com" },
			code:  fault.OrganizationDomainCommon, trace: "not_public_suffix not_common",
		},
		"threat T-ORG-05: nor below one": {
			given: func(f *policy.DomainFacts) { f.Domain = "x.gmx.de" },
			code:  fault.OrganizationDomainCommon, trace: "not_public_suffix not_common",
		},

		"1.22 adding SSO when the Verified Domain exists (threat T-ORG-06)": {
			given: func(f *policy.DomainFacts) { f.Listed = listed("org_acme", identity.EnrollmentManual, true) },
			code:  fault.OrganizationDomainExistsForEnrollment, trace: general + "not_enrolled_here",
		},
		"1.22 another organization's Verified Domain is no hindrance": {
			given: func(f *policy.DomainFacts) { f.Listed = listed("org_globex", identity.EnrollmentManual, true) }, trace: sso,
		},
		"1.22 one that is not verified yet is judged when it is": {
			given: func(f *policy.DomainFacts) { f.Listed = listed("org_acme", identity.EnrollmentManual, false) }, trace: sso,
		},
		"1.22 a domain listed for SSO is what SSO needs": {
			given: func(f *policy.DomainFacts) { f.Listed = listed("org_acme", identity.EnrollmentSSO, true) }, trace: sso,
		},
		"1.22 another domain of the organization": {
			given: func(f *policy.DomainFacts) {
				f.Listed = listed("org_acme", identity.EnrollmentManual, true)
				f.Listed[0].Name = "acme.example"
			}, trace: sso,
		},
		"1.22 an application-wide connection has no organization": {
			given: func(f *policy.DomainFacts) {
				f.Organization, f.Listed = "", listed("", identity.EnrollmentManual, true)
			}, trace: sso,
		},

		"1.25 a duplicate domain across organizations": {
			given: func(f *policy.DomainFacts) {
				f.Connections = []identity.Connection{at("entconn_9", "org_globex", "acme.test")}
			},
			code: fault.ConnectionDomainTaken, meta: map[string]any{"domain": "acme.test"}, trace: sso,
		},
		"1.25 also by one that is switched off": {
			given: func(f *policy.DomainFacts) {
				f.Connections = []identity.Connection{with(at("entconn_9", "org_globex", "acme.test"), inactive)}
			},
			code: fault.ConnectionDomainTaken, trace: sso,
		},
		"a domain below another organization's that takes its subdomains": {
			given: func(f *policy.DomainFacts) {
				f.Domain, f.Connections = "eu.acme.test", []identity.Connection{with(at("entconn_9", "org_globex", "acme.test"), subdomains)}
			},
			code: fault.ConnectionDomainTaken, trace: sso,
		},
		"a domain below another organization's that does not": {
			given: func(f *policy.DomainFacts) {
				f.Domain, f.Connections = "eu.acme.test", []identity.Connection{at("entconn_9", "org_globex", "acme.test")}
			}, trace: sso,
		},
		"with subdomains, above another organization's": {
			given: func(f *policy.DomainFacts) {
				f.AllowSubdomains, f.Connections = true, []identity.Connection{at("entconn_9", "org_globex", "eu.acme.test")}
			},
			code: fault.ConnectionDomainTaken, trace: "not_public_suffix registrable not_common not_blocked not_enrolled_here not_taken",
		},
		"without subdomains, above another organization's": {
			given: func(f *policy.DomainFacts) {
				f.Connections = []identity.Connection{at("entconn_9", "org_globex", "eu.acme.test")}
			}, trace: sso,
		},
		"1.24 several connections of one organization share a domain": {
			given: func(f *policy.DomainFacts) {
				f.Connections = []identity.Connection{at("entconn_9", "org_acme", "acme.test")}
			}, trace: sso,
		},
		"1.24 one of the application and one of an organization share a domain": {
			given: func(f *policy.DomainFacts) { f.Connections = []identity.Connection{at("entconn_9", "", "acme.test")} }, trace: sso,
		},
		"1.24 and the other way": {
			given: func(f *policy.DomainFacts) {
				f.Organization, f.Connections = "", []identity.Connection{at("entconn_9", "org_globex", "acme.test")}
			}, trace: sso,
		},
		"a connection is no conflict with itself": {
			given: func(f *policy.DomainFacts) {
				f.Connections = []identity.Connection{at("entconn_1", "org_globex", "acme.test")}
			}, trace: sso,
		},

		"a Verified Domain": {
			given: func(f *policy.DomainFacts) { f.Use = policy.UseVerified }, trace: enroll,
		},
		"1.22 adding the Verified Domain when SSO has it (threat T-ORG-06)": {
			given: func(f *policy.DomainFacts) {
				f.Use, f.Connections = policy.UseVerified, []identity.Connection{with(at("entconn_1", "org_acme", "acme.test"), inactive)}
			},
			code: fault.OrganizationDomainExistsForSSO, trace: general + "not_sso_here",
		},
		"1.22 or serves it as a subdomain": {
			given: func(f *policy.DomainFacts) {
				f.Use, f.Domain = policy.UseVerified, "eu.acme.test"
				f.Connections = []identity.Connection{with(at("entconn_1", "org_acme", "acme.test"), subdomains)}
			},
			code: fault.OrganizationDomainExistsForSSO, trace: general + "not_sso_here",
		},
		"1.22 SSO of another organization is no hindrance to a Verified Domain": {
			given: func(f *policy.DomainFacts) {
				f.Use, f.Connections = policy.UseVerified, []identity.Connection{at("entconn_1", "org_globex", "acme.test")}
			}, trace: enroll,
		},
		"1.131 one of a name in an organization, verified or not": {
			given: func(f *policy.DomainFacts) { f.Use, f.Listed = policy.UseVerified, listed("org_acme", "", false) },
			code:  fault.OrganizationDomainAlreadyExistsSame, trace: general + "not_sso_here not_listed_here",
		},
		"1.131 the row that is about to be verified is itself": {
			given: func(f *policy.DomainFacts) {
				f.Use, f.Listed, f.Self = policy.UseVerified, listed("org_acme", "", false), "orgdmn_1"
			}, trace: enroll,
		},
		"1.131 one verified domain of a name in the deployment (threat T-ORG-02)": {
			given: func(f *policy.DomainFacts) { f.Use, f.Listed = policy.UseVerified, listed("org_globex", "", true) },
			code:  fault.OrganizationDomainAlreadyExists, trace: enroll,
		},
		"1.131 another organization's that is not verified": {
			given: func(f *policy.DomainFacts) { f.Use, f.Listed = policy.UseVerified, listed("org_globex", "", false) }, trace: enroll,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := policy.DomainFacts{Domain: "acme.test", Organization: "org_acme", Connection: "entconn_1"}
			tt.given(&f)
			d := policy.Domain(f)
			checkDenied(t, d.Denied, tt.code, tt.meta)
			checkTrace(t, d.Trace, tt.trace)
		})
	}
}

func TestConnectionDomains(t *testing.T) {
	t.Parallel()
	c := at("entconn_1", "org_acme", "acme.test", "acme.example")
	enrolled := []identity.OrganizationDomain{
		{ID: "orgdmn_1", OrganizationID: "org_acme", Name: "acme.test", EnrollmentMode: identity.EnrollmentInvitation, Verified: true},
		{ID: "orgdmn_2", OrganizationID: "org_acme", Name: "acme.example", EnrollmentMode: identity.EnrollmentSSO, Verified: true},
		{ID: "orgdmn_3", OrganizationID: "org_globex", Name: "acme.test", EnrollmentMode: identity.EnrollmentManual, Verified: true},
	}
	moved := c
	moved.OrganizationID = "org_globex"
	tests := map[string]struct {
		facts policy.ConnectionDomainFacts
		code  fault.Code
		drop  []identity.DomainID
	}{
		"all domains free": {facts: policy.ConnectionDomainFacts{Connection: c}},
		"1.22 a new connection on a Verified Domain": {
			facts: policy.ConnectionDomainFacts{Connection: c, Listed: enrolled}, code: fault.OrganizationDomainExistsForEnrollment,
		},
		"1.22 a Verified Domain added to a connection": {
			facts: policy.ConnectionDomainFacts{Connection: c, Before: at("entconn_1", "org_acme", "acme.example"), Listed: enrolled},
			code:  fault.OrganizationDomainExistsForEnrollment,
		},
		"1.22 a connection that comes to the organization": {
			facts: policy.ConnectionDomainFacts{Connection: c, Before: moved, Listed: enrolled}, code: fault.OrganizationDomainExistsForEnrollment,
		},
		"1.23 enabling deletes the matching verified enrollment domains": {
			facts: policy.ConnectionDomainFacts{Connection: c, Before: with(c, inactive), Listed: enrolled}, drop: []identity.DomainID{"orgdmn_1"},
		},
		"1.23 while it is disabled they stay": {
			facts: policy.ConnectionDomainFacts{Connection: with(c, inactive), Before: with(c, inactive), Listed: enrolled},
		},
		"a refusal of one domain drops nothing": {
			facts: policy.ConnectionDomainFacts{
				Connection: c, Before: c, Listed: enrolled, Others: []identity.Connection{at("entconn_9", "org_globex", "acme.example")},
			},
			code: fault.ConnectionDomainTaken,
		},
		"1.18 allow_subdomains is judged for every domain": {
			facts: policy.ConnectionDomainFacts{Connection: with(at("entconn_1", "org_acme", "acme.test", "eu.acme.example"), subdomains)},
			code:  fault.FormParamValueInvalid,
		},
		"the connection among the others is itself": {
			facts: policy.ConnectionDomainFacts{Connection: c, Before: moved, Others: []identity.Connection{moved}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.ConnectionDomains(tt.facts)
			checkDenied(t, d.Denied, tt.code, nil)
			if diff := cmp.Diff(tt.drop, d.DropVerifiedDomains); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestActivate(t *testing.T) {
	t.Parallel()
	ready := at("entconn_1", "org_acme", "acme.test")
	ready.Config.SAML = &identity.SAMLConfig{IDPEntityID: "https://idp.test", IDPSSOURL: "https://idp.test/sso", IDPCertificates: []string{"MII"}}
	custom := with(ready, func(c *identity.Connection) {
		c.Provider, c.Config.SAML = identity.OIDCCustom, nil
		c.Config.OIDC = &identity.OIDCConfig{
			ClientID: "usher", SecretID: "cls_1", Issuer: "https://idp.test", JWKSURL: "https://idp.test/keys",
			AuthURL: "https://idp.test/auth", TokenURL: "https://idp.test/token",
		}
	})
	oidc := func(change func(*identity.OIDCConfig)) identity.Connection {
		return with(custom, func(c *identity.Connection) {
			conf := *custom.Config.OIDC
			change(&conf)
			c.Config.OIDC = &conf
		})
	}
	easie := with(ready, func(c *identity.Connection) { c.Provider, c.Config.SAML = identity.OAuthGoogle, nil })
	tests := map[string]struct {
		c           identity.Connection
		credentials bool
		code        fault.Code
		missing     []string
		trace       string
	}{
		"1.8 an OpenID Connect connection with endpoints, client and secret": {c: custom, trace: "protocol_known configured public_client_has_pkce public_client_names_issuer"},
		"1.8 user info can stand in for the ID token": {
			c: oidc(func(c *identity.OIDCConfig) {
				c.Issuer, c.JWKSURL, c.UserInfoURL = "", "", "https://idp.test/me"
			}),
			trace: "protocol_known configured public_client_has_pkce public_client_names_issuer",
		},
		"1.8 without a key set or user info nothing says who it is": {
			c:    oidc(func(c *identity.OIDCConfig) { c.JWKSURL = "" }),
			code: fault.FormParamMissing, trace: "protocol_known configured",
		},
		"1.8 PKCE is mandatory without a secret (threat T-OIDC-08)": {
			c:    oidc(func(c *identity.OIDCConfig) { c.SecretID = "" }),
			code: fault.FormPublicClientRequiresPKCE, trace: "protocol_known configured public_client_has_pkce",
		},
		"threat T-OIDC-05: a public client at a provider that does not name itself in its answers": {
			c:    oidc(func(c *identity.OIDCConfig) { c.SecretID, c.RequiresPKCE = "", true }),
			code: fault.FormParamMissing, trace: "protocol_known configured public_client_has_pkce public_client_names_issuer",
		},
		"a public client at a provider that does": {
			c:     oidc(func(c *identity.OIDCConfig) { c.SecretID, c.RequiresPKCE, c.IssuerInAnswer = "", true, true }),
			trace: "protocol_known configured public_client_has_pkce public_client_names_issuer",
		},
		"1.10 EASIE with the deployment's own client": {c: easie, credentials: true, trace: "protocol_known credentials_present"},
		"1.10 EASIE without one (threat T-EASIE-08)": {
			c: easie, code: fault.EASIEInvalidOAuthCredentials, trace: "protocol_known credentials_present",
		},
		"1.4 a SAML connection with its IdP data": {c: ready, trace: "protocol_known configured"},
		"1.4 activating without the IdP data names what is missing": {
			c:    with(ready, func(c *identity.Connection) { c.Config.SAML = nil }),
			code: fault.SAMLConnectionCantBeActivated, missing: []string{"idp_entity_id", "idp_sso_url", "idp_certificate"},
			trace: "protocol_known configured",
		},
		"1.4 without a certificate no signature could be checked (threat T-XML-21)": {
			c: with(ready, func(c *identity.Connection) {
				saml := *ready.Config.SAML
				saml.IDPCertificates = nil
				c.Config.SAML = &saml
			}),
			code: fault.SAMLConnectionCantBeActivated, missing: []string{"idp_certificate"}, trace: "protocol_known configured",
		},
		"without a domain": {
			c:    with(ready, func(c *identity.Connection) { c.Domains = nil }),
			code: fault.SAMLConnectionCantBeActivated, missing: []string{"domains"}, trace: "protocol_known configured",
		},
		"a protocol that is not spoken": {
			c:    with(ready, func(c *identity.Connection) { c.Provider = "ws_federation" }),
			code: fault.SSOInvalidType, trace: "protocol_known",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Activate(policy.ActivateFacts{Connection: tt.c, Credentials: tt.credentials})
			var meta map[string]any
			if tt.missing != nil {
				meta = map[string]any{"missing_fields": tt.missing}
			}
			checkDenied(t, d.Denied, tt.code, meta)
			checkTrace(t, d.Trace, tt.trace)
		})
	}
}
