package policy_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestEnforce(t *testing.T) {
	t.Parallel()
	c := at("entconn_1", "org_acme", "acme.test")
	on := []identity.Connection{c}
	bound := func(change func(*identity.Connection)) []identity.Connection {
		return []identity.Connection{with(c, change)}
	}
	const (
		signIn  = "strategy_allowed identifier_of_connection"
		address = "additional_identifiers_allowed domain_not_reserved"
	)
	tests := map[string]struct {
		facts policy.EnforceFacts
		code  fault.Code // empty: allowed
		trace string
	}{
		"1.20 whoever is on a matching domain must authenticate at the IdP (threat T-ID-20)": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "password", Connections: on},
			fault.StrategyForUserInvalid, "strategy_allowed",
		},
		"1.21 a connection that cannot work locks matching users out": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "email_code", Connections: bound(func(c *identity.Connection) { c.Config.SAML = nil })},
			fault.StrategyForUserInvalid, "strategy_allowed",
		},
		"threat T-ID-20: a code": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "email_code", Connections: on},
			fault.StrategyForUserInvalid, "strategy_allowed",
		},
		"threat T-ID-20: a ticket leads into SSO": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "ticket", Connections: on},
			fault.StrategyForUserInvalid, "strategy_allowed",
		},
		"threat T-ID-20: a reset": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "reset_password_email_code", Connections: on},
			fault.StrategyForUserInvalid, "strategy_allowed",
		},
		"SSO on an SSO domain": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: policy.StrategySSO, Connections: on, Bound: on}, "", "connection_found",
		},
		"SSO elsewhere": {
			policy.EnforceFacts{Email: "ada@home.test", Strategy: policy.StrategySSO, Connections: on},
			fault.SSOSignInConnectionMissing, "connection_found",
		},
		"1.19 a contractor on another domain uses other methods": {
			policy.EnforceFacts{Email: "cy@contractor.test", Strategy: "password", Connections: on}, "", signIn,
		},
		"1.19 in one organization domain A can require SSO while domain B does not": {
			policy.EnforceFacts{Email: "bo@acme.example", Strategy: "email_code", Connections: on}, "", signIn,
		},
		"1.90 with the connection disabled other methods are back": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "password", Connections: bound(inactive), Bound: bound(inactive)}, "", signIn,
		},
		"a connection for linking only enforces nothing": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "password", Connections: bound(linkOnly), Bound: bound(linkOnly)}, "", signIn,
		},
		"1.60 a user name of an account that is bound to a connection (threat T-ID-21)": {
			policy.EnforceFacts{Strategy: "password", Bound: bound(lenient)},
			fault.SignInMustUseConnectionIdentifier, signIn,
		},
		"a user name of an account that is not": {policy.EnforceFacts{Strategy: "password"}, "", signIn},
		"a user name after the connection was disabled": {
			policy.EnforceFacts{Strategy: "password", Bound: bound(inactive)}, "", signIn,
		},
		"1.56 other methods may be used only if additional identifiers are allowed": {
			policy.EnforceFacts{Email: "ada@home.test", Strategy: "password", Bound: bound(strict)},
			fault.SignInMustUseConnectionIdentifier, signIn,
		},
		"1.56 where they are allowed an address elsewhere signs in": {
			policy.EnforceFacts{Email: "ada@home.test", Strategy: "password", Bound: bound(lenient)}, "", signIn,
		},
		"1.56 for an address that the connection serves the domain decides": {
			policy.EnforceFacts{Email: "ada@acme.test", Strategy: "password", Bound: bound(strict)}, "", signIn,
		},

		"1.59 signing up by password on an SSO domain is saml_email_address_domain_reserved": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@acme.test", Strategy: "password", Connections: on},
			fault.SAMLEmailAddressDomainReserved, "domain_not_reserved",
		},
		"1.59 the domain is looked at before the mode of sign-up": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@acme.test", Strategy: "password", Connections: on, SignUpMode: identity.SignUpWaitlist},
			fault.SAMLEmailAddressDomainReserved, "domain_not_reserved",
		},
		"signing up elsewhere": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@home.test", Strategy: "password", Connections: on, SignUpMode: identity.SignUpPublic},
			"", "domain_not_reserved sign_up_open",
		},
		"signing up where no mode was chosen": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@home.test", Strategy: "password"}, "", "domain_not_reserved sign_up_open",
		},
		"1.34 waitlist mode blocks others with sign_up_restricted_waitlist": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@home.test", Strategy: "password", SignUpMode: identity.SignUpWaitlist},
			fault.SignUpRestrictedWaitlist, "domain_not_reserved sign_up_open",
		},
		"1.34 restricted mode blocks others": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@home.test", Strategy: "password", SignUpMode: identity.SignUpRestricted},
			fault.SignUpModeRestricted, "domain_not_reserved sign_up_open",
		},
		"1.34 restricted mode lets SSO through": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@acme.test", Strategy: policy.StrategySSO, Connections: on, SignUpMode: identity.SignUpRestricted},
			"", "connection_found",
		},
		"signing up by SSO elsewhere": {
			policy.EnforceFacts{Purpose: policy.ForSignUp, Email: "ada@home.test", Strategy: policy.StrategySSO, Connections: on},
			fault.SSOSignUpConnectionMissing, "connection_found",
		},

		"1.57 adding an address where the connection forbids more (threat T-ID-21)": {
			policy.EnforceFacts{Purpose: policy.ForAddress, Email: "ada@home.test", Strategy: "email_code", Bound: bound(strict)},
			fault.SSOAdditionalIdentificationsDisabled, "additional_identifiers_allowed",
		},
		"1.57 adding a phone": {
			policy.EnforceFacts{Purpose: policy.ForIdentifier, Bound: bound(strict)},
			fault.SSOAdditionalIdentificationsDisabled, "additional_identifiers_allowed",
		},
		"adding a phone where more are allowed": {
			policy.EnforceFacts{Purpose: policy.ForIdentifier, Bound: bound(lenient)}, "", "additional_identifiers_allowed",
		},
		"adding a phone after the connection was disabled": {
			policy.EnforceFacts{Purpose: policy.ForIdentifier, Bound: []identity.Connection{with(with(c, strict), inactive)}}, "", "additional_identifiers_allowed",
		},
		"1.58 an address on an SSO domain is verified by enterprise_sso": {
			policy.EnforceFacts{Purpose: policy.ForAddress, Email: "ada@acme.test", Strategy: policy.StrategySSO, Connections: on}, "", address,
		},
		"1.58 and by no code (threat T-ID-21)": {
			policy.EnforceFacts{Purpose: policy.ForAddress, Email: "ada@acme.test", Strategy: "email_code", Connections: on},
			fault.SAMLEmailAddressDomainReserved, address,
		},
		"adding an address elsewhere": {
			policy.EnforceFacts{Purpose: policy.ForAddress, Email: "ada@home.test", Strategy: "email_code", Connections: on}, "", address,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Enforce(tt.facts)
			checkDenied(t, d.Denied, tt.code, nil)
			if got := d.Trace.String(); got != tt.trace {
				t.Errorf("trace:\n got %s\nwant %s", got, tt.trace)
			}
			if d.Plan != (policy.Plan{}) {
				t.Errorf("got the plan %+v", d.Plan)
			}
		})
	}
}
