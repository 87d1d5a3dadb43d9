package policy

import (
	"strconv"

	"usher/internal/fault"
	"usher/internal/identity"
)

// tenant: does a multi-tenant provider speak for the tenant that the connection is
// bound to? One key set signs for all of its tenants, so this is what keeps them
// apart (threats T-EASIE-03, T-EASIE-06).
func (a *admission) tenant() error {
	switch a.Connection.Provider {
	case identity.OAuthGoogle:
		return a.hostedDomain()
	case identity.OAuthMicrosoft:
		return a.entraTenant()
	default:
		return nil
	}
}

// belongs is where the provider says that the person belongs; nowhere for claims
// that say nothing.
func (a *admission) belongs() Tenant {
	if a.Claims.Tenant == nil {
		return Tenant{}
	}
	return *a.Claims.Tenant
}

func (a *admission) hostedDomain() error {
	hd := a.belongs().HostedDomain
	d, _ := identity.ParseDomain(hd) // no connection serves the empty one
	if !a.trace.note("hosted_domain", a.Connection.Serves(d), cut(hd)+" in ["+domainList(a.Connection, " ")+"]") {
		return fault.New(fault.SSOHostedDomainMismatch).Detail("reason", "hosted_domain",
			"expected", domainList(a.Connection, ", "), "received", cut(hd))
	}
	return nil
}

func (a *admission) entraTenant() error {
	tid, bound := a.belongs().ID, a.Connection.TenantID
	if !a.trace.note("tenant", tid != "" && (bound == "" || tid == bound), cut(tid)) {
		expected := bound
		if bound == "" {
			expected = "the id of a tenant"
		}
		return fault.New(fault.OAuthTokenExchangeError).Detail("reason", "tenant", "expected", expected, "received", cut(tid))
	}
	if bound == "" {
		a.plan.BindTenant = &TenantBinding{Connection: a.Connection.ID, Tenant: tid}
	}
	return nil
}

// trust: does the provider vouch for the address, and may it? An address in a
// token is no proof by itself: at Entra any tenant can write any address into it
// (threat T-EASIE-01), elsewhere a person may have typed it in.
func (a *admission) trust() error {
	c := a.Claims
	trusted, how := c.EmailVerified, string(c.Protocol)
	switch {
	case a.Connection.Provider == identity.OAuthMicrosoft:
		trusted, how = a.belongs().OwnsDomain && (c.EmailVerified || c.EmailUnsaid), "xms_edov "+strconv.FormatBool(a.belongs().OwnsDomain)
		if a.belongs().Guest {
			how += ", guest account"
		}
	case a.Connection.Provider.IsEASIE():
		how = "email_verified " + strconv.FormatBool(trusted)
	case c.Protocol == ProtocolOIDC && c.EmailUnsaid:
		oidc := a.Connection.Config.OIDC
		trusted = oidc != nil && oidc.Mapping.EmailVerifiedDefault
		how = "the provider does not say, and the connection's default is " + strconv.FormatBool(trusted)
	case c.Protocol == ProtocolOIDC:
		how = "email_verified " + strconv.FormatBool(trusted)
	}
	if a.trace.note("email_trusted", trusted, how) {
		return nil
	}
	return fault.New(fault.ExternalAccountEmailVerificationMissing).Detail("reason", "email_not_verified",
		"expected", "an address that the provider has verified", "received", how)
}
