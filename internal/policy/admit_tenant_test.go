package policy_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

// at an OpenID Connect provider.
func openID(p identity.Provider) func(*policy.AdmitFacts) {
	return func(f *policy.AdmitFacts) {
		f.Claims.Protocol, f.Claims.EmailName = policy.ProtocolOIDC, "email"
		f.Connection.Provider, f.Connection.Config.SAML = p, nil
		f.Connection.Config.OIDC = &identity.OIDCConfig{}
		switch p {
		case identity.OAuthGoogle:
			f.Claims.Tenant = &policy.Tenant{HostedDomain: "acme.test"}
		case identity.OAuthMicrosoft:
			f.Claims.EmailVerified, f.Claims.EmailUnsaid = false, true // Entra does not say
			f.Claims.Tenant = &policy.Tenant{ID: "t-1", OwnsDomain: true}
			f.Connection.TenantID = "t-1"
		}
	}
}

const (
	vouching    = opening + "subject_present subject_stable email_present "
	atGoogle    = vouching + "hosted_domain email_trusted "
	atMicrosoft = vouching + "tenant email_trusted "
	arriving    = "email_domain_allowed email_as_typed person_unknown jit_allowed " + joining + "attributes"
)

// Behaviour 1.51, threat T-OIDC-22.
func TestAdmit_openIDProvidersVouchForAddresses(t *testing.T) {
	t.Parallel()
	custom := openID(identity.OIDCCustom)
	runAdmit(t, map[string]admitTest{
		"1.51 an address that the provider has verified": {
			given: custom, plan: created, trace: newcomer + joining + "attributes",
		},
		"1.51 an address that the provider says is not verified": {
			given: func(f *policy.AdmitFacts) {
				custom(f)
				f.Claims.EmailVerified, f.Connection.Config.OIDC.Mapping.EmailVerifiedDefault = false, true
			},
			code: fault.ExternalAccountEmailVerificationMissing, trace: claimed,
		},
		"1.51 without the claim an address is not trusted": {
			given: func(f *policy.AdmitFacts) { custom(f); f.Claims.EmailVerified, f.Claims.EmailUnsaid = false, true },
			code:  fault.ExternalAccountEmailVerificationMissing, trace: claimed,
		},
		"1.51 without the claim, and a connection that says nothing of a default": {
			given: func(f *policy.AdmitFacts) {
				custom(f)
				f.Claims.EmailVerified, f.Claims.EmailUnsaid, f.Connection.Config.OIDC = false, true, nil
			},
			code: fault.ExternalAccountEmailVerificationMissing, trace: claimed,
		},
		"1.51 without the claim the connection's default counts": {
			given: func(f *policy.AdmitFacts) {
				custom(f)
				f.Claims.EmailVerified, f.Claims.EmailUnsaid = false, true
				f.Connection.Config.OIDC.Mapping.EmailVerifiedDefault = true
			},
			plan: created, trace: newcomer + joining + "attributes",
		},
		"1.64 without an address": {
			given: func(f *policy.AdmitFacts) { custom(f); f.Claims.Email, f.Claims.EmailName = "", "" },
			code:  fault.SSOUserAttributeMissing, meta: map[string]any{"missing_attribute": "email"}, trace: vouching,
		},
		"1.65 an address on another domain (threat T-OIDC-24)": {
			given: func(f *policy.AdmitFacts) { custom(f); f.Claims.Email = "ada@evil.test" },
			code:  fault.SSOEmailAddressDomainMismatch,
			meta:  map[string]any{"expected_domain": "acme.test", "received_domain": "evil.test"},
			trace: claimed + "email_domain_allowed",
		},
		"a connection that was switched off meanwhile": {
			given: func(f *policy.AdmitFacts) { custom(f); f.Connection.Active = false },
			code:  fault.SSOSignInConnectionMissing, trace: "connection_active",
		},
	})
}

// Behaviour 1.52, threats T-EASIE-01 to T-EASIE-07.
func TestAdmit_multiTenantProvidersSpeakForOneTenant(t *testing.T) {
	t.Parallel()
	google, microsoft := openID(identity.OAuthGoogle), openID(identity.OAuthMicrosoft)
	bound := created
	bound.BindTenant = &policy.TenantBinding{Connection: okta.ID, Tenant: "t-1"}
	domain := func(hd string) func(*policy.AdmitFacts) {
		return func(f *policy.AdmitFacts) { google(f); f.Claims.Tenant.HostedDomain = hd }
	}
	runAdmit(t, map[string]admitTest{
		"1.52 Google: the hosted domain is the connection's": {given: google, plan: created, trace: atGoogle + arriving},
		"1.52 Google: without a hosted domain (threat T-EASIE-06)": {
			given: domain(""), code: fault.SSOHostedDomainMismatch, trace: vouching + "hosted_domain",
		},
		"1.52 Google: another hosted domain (threat T-EASIE-06)": {
			given: domain("evil.test"), code: fault.SSOHostedDomainMismatch, trace: vouching + "hosted_domain",
		},
		"Google: claims that say nothing of a tenant": {
			given: func(f *policy.AdmitFacts) { google(f); f.Claims.Tenant = nil },
			code:  fault.SSOHostedDomainMismatch, trace: vouching + "hosted_domain",
		},
		"Google: an address that is not verified": {
			given: func(f *policy.AdmitFacts) { google(f); f.Claims.EmailVerified = false },
			code:  fault.ExternalAccountEmailVerificationMissing, trace: atGoogle,
		},
		"Google: no default stands in for a verified address": {
			given: func(f *policy.AdmitFacts) {
				google(f)
				f.Claims.EmailVerified, f.Claims.EmailUnsaid = false, true
				f.Connection.Config.OIDC.Mapping.EmailVerifiedDefault = true
			},
			code: fault.ExternalAccountEmailVerificationMissing, trace: atGoogle,
		},
		"Google: an alias domain of the workspace that the connection does not serve": {
			given: func(f *policy.AdmitFacts) { google(f); f.Claims.Email = "ada@alias.test" },
			code:  fault.SSOEmailAddressDomainMismatch,
			meta:  map[string]any{"expected_domain": "acme.test", "received_domain": "alias.test"},
			trace: atGoogle + "email_domain_allowed",
		},
		"1.52 Microsoft: the bound tenant, which owns the domain": {given: microsoft, plan: created, trace: atMicrosoft + arriving},
		"1.52 Microsoft: a tenant that has not proved the domain (threat T-EASIE-01)": {
			given: func(f *policy.AdmitFacts) { microsoft(f); f.Claims.Tenant.OwnsDomain = false },
			code:  fault.ExternalAccountEmailVerificationMissing, trace: atMicrosoft,
		},
		"threat T-EASIE-01: email_verified does not stand in for xms_edov": {
			given: func(f *policy.AdmitFacts) {
				microsoft(f)
				f.Claims.EmailVerified, f.Claims.EmailUnsaid, f.Claims.Tenant.OwnsDomain = true, false, false
			},
			code: fault.ExternalAccountEmailVerificationMissing, trace: atMicrosoft,
		},
		"threat T-OIDC-22: an address that Microsoft says is not verified": {
			given: func(f *policy.AdmitFacts) { microsoft(f); f.Claims.EmailUnsaid = false },
			code:  fault.ExternalAccountEmailVerificationMissing, trace: atMicrosoft,
		},
		"threat T-EASIE-03: another tenant than the bound one": {
			given: func(f *policy.AdmitFacts) { microsoft(f); f.Claims.Tenant.ID = "t-2" },
			code:  fault.OAuthTokenExchangeError, trace: vouching + "tenant",
		},
		"threat T-EASIE-03: no tenant at all": {
			given: func(f *policy.AdmitFacts) { microsoft(f); f.Claims.Tenant.ID, f.Connection.TenantID = "", "" },
			code:  fault.OAuthTokenExchangeError, trace: vouching + "tenant",
		},
		"the first sign-in binds the tenant": {
			given: func(f *policy.AdmitFacts) { microsoft(f); f.Connection.TenantID = "" },
			plan:  bound, trace: atMicrosoft + arriving,
		},
		"threat T-EASIE-03: a tenant that does not own the domain binds nothing": {
			given: func(f *policy.AdmitFacts) {
				microsoft(f)
				f.Connection.TenantID, f.Claims.Tenant.OwnsDomain = "", false
			},
			code: fault.ExternalAccountEmailVerificationMissing, trace: atMicrosoft,
		},
		"threat T-EASIE-05: a guest of the tenant is trusted like anybody else": {
			given: func(f *policy.AdmitFacts) { microsoft(f); f.Claims.Tenant.Guest = true },
			plan:  created, trace: atMicrosoft + arriving,
		},
		"threat T-EASIE-05: a guest whose domain the tenant does not own": {
			given: func(f *policy.AdmitFacts) {
				microsoft(f)
				f.Claims.Tenant.Guest, f.Claims.Tenant.OwnsDomain = true, false
			},
			code: fault.ExternalAccountEmailVerificationMissing, trace: atMicrosoft,
		},
		"threat T-EASIE-07: a known address with another subject": {
			given: func(f *policy.AdmitFacts) {
				google(f)
				f.ByVerifiedEmail = linked()
				f.Claims.Subject = "s-2"
			},
			code:  fault.SSOAccountAlreadyConnected,
			trace: atGoogle + "email_domain_allowed email_as_typed email_verified_match subject_unchanged",
		},
		"1.10 a connection to a provider that was switched off": {
			given: func(f *policy.AdmitFacts) { google(f); f.Connection.Active = false },
			code:  fault.EASIEConnectionActiveNotFound, trace: "connection_active",
		},
	})
}
