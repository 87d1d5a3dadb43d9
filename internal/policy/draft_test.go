package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
)

var today = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// goodDraft is one with which everybody can sign in, and that was tried.
func goodDraft() policy.DraftFacts {
	c := at("entconn_1", "org_acme", "acme.test")
	c.Provider, c.Name = identity.SAMLCustom, "Acme"
	c.Config.SAML = &identity.SAMLConfig{IDPEntityID: "https://idp.test", IDPSSOURL: "https://idp.test/sso", IDPCertificates: []string{"x"}}
	return policy.DraftFacts{
		Now: today, Connection: c, Base: "entrev_1", Live: "entrev_1", BaseURL: "https://usher.test",
		Certificates: []policy.CertificateFacts{{Subject: "IdP", From: today.AddDate(-1, 0, 0), Until: today.AddDate(1, 0, 0)}},
		Proof:        identity.Proof{TestRunID: "entrun_1", At: today},
	}
}

func openIDDraft(f *policy.DraftFacts) *identity.OIDCConfig {
	f.Connection.Provider, f.Connection.Config.SAML, f.Certificates = identity.OIDCCustom, nil, nil
	f.Connection.Config.OIDC = &identity.OIDCConfig{
		ClientID: "usher", SecretID: "cls_1", Issuer: "https://op.test", AuthURL: "https://op.test/a", TokenURL: "https://op.test/t", JWKSURL: "https://op.test/k",
	}
	return f.Connection.Config.OIDC
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	ended := policy.CertificateFacts{Subject: "Old", From: today.AddDate(-3, 0, 0), Until: today}
	tests := map[string]struct {
		given func(*policy.DraftFacts)
		want  string // severity, code and field of each finding
	}{
		"a good one":            {given: func(*policy.DraftFacts) {}},
		"without a domain":      {func(f *policy.DraftFacts) { f.Connection.Domains = nil }, "error domain_missing domains"},
		"without a certificate": {func(f *policy.DraftFacts) { f.Connection.Config.SAML.IDPCertificates, f.Certificates = nil, nil }, "error certificate_missing saml.idp_certificates"},
		"without an SSO URL":    {func(f *policy.DraftFacts) { f.Connection.Config.SAML.IDPSSOURL = "" }, "error setting_missing saml.idp_sso_url"},
		"our entity ID as the provider's": {func(f *policy.DraftFacts) {
			f.Connection.Config.SAML.IDPEntityID = "https://usher.test/v1/saml/metadata/entconn_1.xml"
		}, "error provider_is_this_service saml.idp_entity_id"},
		"our ACS URL as the SSO URL": {func(f *policy.DraftFacts) {
			f.Connection.Config.SAML.IDPSSOURL = "https://usher.test/v1/saml/acs/entconn_1"
		}, "error provider_is_this_service saml.idp_sso_url"},
		"a certificate that ended, proved by a test run": {
			func(f *policy.DraftFacts) { f.Certificates = []policy.CertificateFacts{ended} },
			"warning certificate_ended saml.idp_certificates",
		},
		"a certificate that ended, without a proof": {
			func(f *policy.DraftFacts) {
				f.Certificates, f.Proof = []policy.CertificateFacts{ended}, identity.Proof{}
			},
			"error certificates_ended saml.idp_certificates; warning certificate_ended saml.idp_certificates; warning not_tested ",
		},
		"one of two that ended": {
			func(f *policy.DraftFacts) { f.Certificates, f.Proof.TestRunID = append(f.Certificates, ended), "" },
			"warning certificate_ended saml.idp_certificates; warning not_tested ",
		},
		"a certificate that ends in 30 days": {
			func(f *policy.DraftFacts) { f.Certificates[0].Until = today.Add(policy.CertificateWarning) },
			"warning certificate_ends_soon saml.idp_certificates",
		},
		"a certificate that ends a second later": {given: func(f *policy.DraftFacts) {
			f.Certificates[0].Until = today.Add(policy.CertificateWarning + time.Second)
		}},
		"a certificate that is not valid yet": {
			func(f *policy.DraftFacts) { f.Certificates[0].From = today.Add(time.Hour) },
			"warning certificate_not_yet_valid saml.idp_certificates",
		},
		"weak keys only": {
			func(f *policy.DraftFacts) { f.Certificates[0].Weak = true },
			"error certificates_weak saml.idp_certificates; warning certificate_weak saml.idp_certificates",
		},
		"weak keys with an exception": {given: func(f *policy.DraftFacts) {
			f.Certificates[0].Weak = true
			f.Connection.Config.SAML.Legacy = identity.LegacyException{RSA1024: true, Until: today.Add(time.Hour)}
		}},
		"weak keys with an exception that ended": {
			func(f *policy.DraftFacts) {
				f.Certificates[0].Weak = true
				f.Connection.Config.SAML.Legacy = identity.LegacyException{RSA1024: true, Until: today}
			},
			"error certificates_weak saml.idp_certificates; warning certificate_weak saml.idp_certificates; warning exception_ended saml.legacy",
		},
		"keys of no use, exception or not": {
			func(f *policy.DraftFacts) {
				f.Certificates[0].Unusable = true
				f.Connection.Config.SAML.Legacy = identity.LegacyException{RSA1024: true, Until: today.Add(time.Hour)}
			},
			"error certificates_weak saml.idp_certificates; warning certificate_weak saml.idp_certificates",
		},
		"metadata of another provider": {func(f *policy.DraftFacts) { f.MetadataIssuer = "https://other.test" }, "warning metadata_mismatch saml.idp_entity_id"},
		"metadata that is unusual":     {func(f *policy.DraftFacts) { f.MetadataNotices = []string{"It is unusual."} }, "warning metadata_notice saml.idp_metadata"},
		"the provider of another connection": {
			func(f *policy.DraftFacts) {
				other := f.Connection
				other.ID = "entconn_2"
				f.SameIssuer = []identity.Connection{f.Connection, other}
			},
			"warning issuer_shared saml.idp_entity_id",
		},
		"its own provider":              {given: func(f *policy.DraftFacts) { f.SameIssuer = []identity.Connection{f.Connection} }},
		"begun on what was live before": {func(f *policy.DraftFacts) { f.Live = "entrev_2" }, "warning live_changed "},
		"a test run that failed":        {func(f *policy.DraftFacts) { f.RunFailed, f.Proof.TestRunID = "saml_response_invalid", "" }, "warning test_run_failed "},
		"never tried":                   {func(f *policy.DraftFacts) { f.Proof.TestRunID = "" }, "warning not_tested "},
		"a good one at OpenID Connect":  {given: func(f *policy.DraftFacts) { openIDDraft(f) }},
		"without a client ID":           {func(f *policy.DraftFacts) { openIDDraft(f).ClientID = "" }, "error setting_missing oidc.client_id"},
		"a public client": {
			func(f *policy.DraftFacts) { openIDDraft(f).SecretID = "" },
			"error public_client_without_pkce oidc.requires_pkce; error public_client_without_issuer oidc.client_secret",
		},
		"another client at the same OpenID provider": {given: func(f *policy.DraftFacts) {
			openIDDraft(f)
			other := f.Connection
			other.ID, other.Config.OIDC = "entconn_2", &identity.OIDCConfig{Issuer: "https://op.test", ClientID: "another"}
			f.SameIssuer = []identity.Connection{other}
		}},
		"the same client at the same OpenID provider": {
			func(f *policy.DraftFacts) {
				openIDDraft(f)
				other := f.Connection
				other.ID = "entconn_2"
				f.SameIssuer = []identity.Connection{other}
			},
			"warning issuer_shared oidc.client_id",
		},
		"EASIE without the deployment's client": {
			func(f *policy.DraftFacts) { openIDDraft(f); f.Connection.Provider = identity.OAuthGoogle },
			"error credentials_missing ",
		},
		"EASIE": {given: func(f *policy.DraftFacts) {
			openIDDraft(f)
			f.Connection.Provider, f.Credentials, f.Connection.Config.OIDC = identity.OAuthGoogle, true, &identity.OIDCConfig{}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := goodDraft()
			test.given(&f)
			var got []string
			found := policy.Diagnose(f)
			for _, x := range found {
				got = append(got, string(x.Severity)+" "+x.Code+" "+x.Field)
				if x.Plain == "" || x.Severity == policy.SeverityError && x.Fix == "" {
					t.Errorf("%s has no words", x.Code)
				}
			}
			if strings.Join(got, "; ") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), test.want)
			}
			blocked := slices.ContainsFunc(found, func(x policy.Finding) bool { return x.Severity == policy.SeverityError })
			if blocked != (len(policy.Blocking(found)) > 0) {
				t.Error("Blocking disagrees")
			}
			// What may not be switched on may not be made live by a draft either.
			if policy.Activate(policy.ActivateFacts{Connection: f.Connection, Credentials: f.Credentials}).Denied != nil && !blocked {
				t.Error("Activate refuses it and Diagnose does not")
			}
		})
	}
}

// Nothing is told of another organization's connection but that it is there.
func TestDiagnose_TellsNothingOfOtherOrganizations(t *testing.T) {
	t.Parallel()
	for org, told := range map[identity.OrgID]bool{"org_acme": true, "org_evil": false, "": false} {
		f := goodDraft()
		other := f.Connection
		other.ID, other.OrganizationID, other.Name = "entconn_2", org, "Hidden"
		f.SameIssuer = []identity.Connection{other}
		found := policy.Diagnose(f)
		if len(found) != 1 || strings.Contains(found[0].Plain, "Hidden") != told {
			t.Errorf("of a connection of %q: %+v", org, found)
		}
	}
}

func TestImpact_OfAnotherConfiguration(t *testing.T) {
	t.Parallel()
	saml := func(change func(*identity.ConnectionConfig)) identity.ConnectionConfig {
		c := identity.ConnectionConfig{SAML: &identity.SAMLConfig{IDPEntityID: "https://idp.test"}}
		change(&c)
		return c
	}
	tests := map[string]struct {
		after  identity.ConnectionConfig
		absent bool // the connection is switched off
		want   string
	}{
		"the same":         {after: saml(func(*identity.ConnectionConfig) {})},
		"a certificate":    {after: saml(func(c *identity.ConnectionConfig) { c.SAML.IDPCertificates = []string{"x"} })},
		"another provider": {after: saml(func(c *identity.ConnectionConfig) { c.SAML.IDPEntityID = "https://new.test" }), want: "provider_changed 12"},
		"another key of the person": {
			after: saml(func(c *identity.ConnectionConfig) { c.SAML.Mapping.UserID = "oid" }), want: "subject_changed 12",
		},
		"another attribute for the address": {
			after: saml(func(c *identity.ConnectionConfig) { c.SAML.Mapping.EmailAddress = "upn" }), want: "address_changed 0",
		},
		"the preset, named":     {after: saml(func(c *identity.ConnectionConfig) { c.SAML.Mapping.EmailAddress = "mail" })},
		"nobody new":            {after: saml(func(c *identity.ConnectionConfig) { c.DisableJITProvisioning = true }), want: "newcomers_refused 0"},
		"the names below":       {after: saml(func(c *identity.ConnectionConfig) { c.AllowSubdomains = true }), want: "subdomains_enforced 0"},
		"credentials always":    {after: saml(func(c *identity.ConnectionConfig) { c.SAML.ForceAuthn = true }), want: "asked_every_time 0"},
		"begun at the provider": {after: saml(func(c *identity.ConnectionConfig) { c.SAML.AllowIDPInitiated = true }), want: "idp_initiated_admitted 0"},
		"switched off":          {after: saml(func(c *identity.ConnectionConfig) { c.SAML.IDPEntityID = "https://new.test" }), absent: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := at("entconn_1", "org_acme", "acme.test")
			before.Provider, before.Config = identity.SAMLCustom, saml(func(*identity.ConnectionConfig) {})
			before.Active = !test.absent
			after := before
			after.Config = test.after
			var got []string
			for _, e := range policy.Impact(policy.ImpactFacts{Before: before, After: &after, People: 12}) {
				got = append(got, e.Name+" "+map[bool]string{true: "12", false: "0"}[e.People == 12])
			}
			if strings.Join(got, "; ") != test.want {
				t.Errorf("got %q, want %q", strings.Join(got, "; "), test.want)
			}
		})
	}
}
