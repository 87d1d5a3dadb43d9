package cause

import (
	"net/url"
	"slices"
	"strings"

	"usher/internal/identity"
)

// Name is a cause. It is stable: names are added and never changed.
type Name string

// Cause is one reason for which sign-ins fail.
type Cause struct {
	Name Name
	Says string // one sentence: what is wrong
	Sees string // what the person or the administrator sees

	// What to do, by console. Other is for every other provider, and is never empty;
	// none of them is.
	Okta   string
	Entra  string
	Google string
	Other  string
}

// Console is a family of administrators' pages, in whose words a fix is given.
type Console string

// The consoles whose words are known.
const (
	Okta   Console = "okta"
	Entra  Console = "entra"
	Google Console = "google"
	Other  Console = "other"
)

// Consoles lists them, Other last.
func Consoles() []Console { return []Console{Okta, Entra, Google, Other} }

// Fix is what to do in a console.
func (c Cause) Fix(at Console) string {
	switch at {
	case Okta:
		return c.Okta
	case Entra:
		return c.Entra
	case Google:
		return c.Google
	case Other:
	}
	return c.Other
}

// Causes lists every cause, in the order of the documentation.
func Causes() []Cause {
	return slices.Concat(
		trustCauses(), cryptographyCauses(), personCauses(), applicationCauses(), admissionCauses(), messageCauses(), openIDCauses(),
		standingCauses(),
	)
}

// Lookup returns the cause of a name.
func Lookup(n Name) (Cause, bool) {
	list := Causes()
	i := slices.IndexFunc(list, func(c Cause) bool { return c.Name == n })
	if i < 0 {
		return Cause{}, false
	}
	return list[i], true
}

// ConsoleOf says whose console configures the provider of a connection. A custom
// connection is known by the host of its addresses.
func ConsoleOf(c identity.Connection) Console {
	switch c.Provider {
	case identity.SAMLOkta:
		return Okta
	case identity.SAMLMicrosoft, identity.OAuthMicrosoft:
		return Entra
	case identity.SAMLGoogle, identity.OAuthGoogle:
		return Google
	case identity.SAMLCustom, identity.OIDCCustom, identity.OIDCGitHubEnterprise, identity.OIDCGitLab:
	}
	var addresses []string
	if s := c.Config.SAML; s != nil {
		addresses = append(addresses, s.IDPSSOURL, s.IDPEntityID)
	}
	if o := c.Config.OIDC; o != nil {
		addresses = append(addresses, o.Issuer, o.AuthURL)
	}
	for _, a := range addresses {
		if at := consoleAt(a); at != Other {
			return at
		}
	}
	return Other
}

// consoleHosts are the hosts of providers, and what is below them.
var consoleHosts = []struct {
	host string
	at   Console
}{
	{"okta.com", Okta},
	{"oktapreview.com", Okta},
	{"okta-emea.com", Okta},
	{"okta-gov.com", Okta},
	{"microsoftonline.com", Entra},
	{"microsoftonline.us", Entra},
	{"partner.microsoftonline.cn", Entra},
	{"sts.windows.net", Entra},
	{"accounts.google.com", Google},
}

func consoleAt(address string) Console {
	u, err := url.Parse(address)
	if err != nil {
		return Other
	}
	host := strings.ToLower(u.Hostname())
	for _, h := range consoleHosts {
		if host == h.host || strings.HasSuffix(host, "."+h.host) {
			return h.at
		}
	}
	return Other
}
