package policy

import (
	"fmt"

	"usher/internal/identity"
)

// configured says what another configuration means for people, where they sign in
// through the connection before and after.
func (i *impact) configured() {
	if i.After == nil || !i.Before.InUse() || !i.After.InUse() {
		return
	}
	was, is := i.Before.Config, i.After.Config
	if a, b := was.Issuer(), is.Issuer(); a != b {
		i.note("provider_changed", i.People, "%s who signed in before sign in at %s from now on, no longer at %s; whoever is there at this moment must start again.", providerName(b), providerName(a))
	}
	if a, b := subjectSource(i.Before), subjectSource(*i.After); a != b {
		i.note("subject_changed", i.People, "%s are known by what was read from %s, and it is read from %s from now on: who is called otherwise there is refused.", a, b)
	}
	if a, b := addressSource(i.Before), addressSource(*i.After); a != b {
		i.tell("address_changed", fmt.Sprintf("The email address is read from %q from now on, no longer from %q.", b, a))
	}
	for _, s := range []struct {
		was, is       bool
		on, off       string
		onSay, offSay string
	}{
		{
			!was.DisableJITProvisioning, !is.DisableJITProvisioning, "newcomers_admitted", "newcomers_refused",
			"People without an account get one at their first sign-in.", "People without an account are refused, unless they were invited.",
		},
		{
			was.AllowSubdomains, is.AllowSubdomains, "subdomains_enforced", "subdomains_released",
			"People with an address below the domains must sign in through this connection too.", "People with an address below the domains no longer sign in through this connection.",
		},
		{
			forces(was), forces(is), "asked_every_time", "asked_when_needed",
			"The provider asks for credentials at every sign-in.", "The provider asks for credentials only when it wants to.",
		},
		{
			was.SAML != nil && was.SAML.AllowIDPInitiated, is.SAML != nil && is.SAML.AllowIDPInitiated, "idp_initiated_admitted", "idp_initiated_refused",
			"People may begin at the provider, from its list of applications.", "People who begin at the provider, from its list of applications, are refused.",
		},
	} {
		switch {
		case s.is && !s.was:
			i.tell(s.on, s.onSay)
		case s.was && !s.is:
			i.tell(s.off, s.offSay)
		}
	}
}

// tell adds an effect that concerns nobody in particular.
func (i *impact) tell(name, plain string) {
	i.effects = append(i.effects, Effect{Name: name, Plain: plain})
}

func providerName(issuer string) string {
	if issuer == "" {
		return "a provider without a name"
	}
	return cut(issuer)
}

// subjectSource is where the person's key at the provider is read.
func subjectSource(c identity.Connection) string {
	switch {
	case c.Config.SAML != nil && c.Config.SAML.Mapping.UserID != "":
		return fmt.Sprintf("%q", c.Config.SAML.Mapping.UserID)
	case c.Config.SAML != nil:
		return "the NameID"
	case c.Config.OIDC != nil && c.Provider.IsOIDC():
		return fmt.Sprintf("%q", c.Config.OIDC.Mapping.WithPreset(c.Provider).UserID)
	}
	return ""
}

func addressSource(c identity.Connection) string {
	switch {
	case c.Config.SAML != nil:
		return c.Config.SAML.Mapping.WithPreset(c.Provider).EmailAddress
	case c.Config.OIDC != nil:
		return c.Config.OIDC.Mapping.WithPreset(c.Provider).EmailAddress
	}
	return ""
}

func forces(c identity.ConnectionConfig) bool { return c.SAML != nil && c.SAML.ForceAuthn }
