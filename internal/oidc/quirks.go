package oidc

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"usher/internal/fault"
)

const (
	googleIssuer = "https://accounts.google.com"

	// microsoftIssuer is the issuer of every tenant; the token's tid fills the
	// place (Microsoft: "OpenID Connect on the Microsoft identity platform").
	microsoftIssuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
	tenantPlace     = "{tenantid}"

	// consumerTenant is where Microsoft's personal accounts live; no company
	// vouches for them (threat T-EASIE-04).
	consumerTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// tenantForm is a tenant's id as Microsoft writes it in tokens.
var tenantForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// quirk is where a provider's ways differ from the specification's.
type quirk struct {
	issuers       []string          // other forms of its issuer
	scopes        []string          // what it is asked for if nothing is configured
	offline       map[string]string // parameters that bring a refresh token
	offlineScopes []string          // and scopes
	domainHint    string            // the parameter that suggests a domain
	mailbox       string            // path, after the user info endpoint, of a list of addresses
	subject       string            // the user info's claim that names the person, if not sub
	accept        string            // the media type of user info, if not JSON
}

// quirkOf is the table of quirks. Microsoft's tenants and the relation of issuer
// and tenant are judged in judge_tenant.go.
func quirkOf(p Provider) quirk {
	switch p.Quirk {
	case QuirkGoogle:
		// Google's reference names both forms of the issuer; a refresh token comes
		// only with access_type=offline, and again only with consent.
		return quirk{
			issuers:    []string{"accounts.google.com"},
			offline:    map[string]string{"access_type": "offline"},
			domainHint: "hd",
		}
	case QuirkMicrosoft:
		return quirk{offlineScopes: []string{"offline_access"}, domainHint: "domain_hint"}
	case QuirkGitHub:
		// OAuth 2.0 without an ID token. /user has a numeric id and perhaps a
		// public address that nobody verified; /user/emails says which is.
		return quirk{
			scopes:  []string{"read:user", "user:email"},
			mailbox: "/emails",
			subject: "id",
			accept:  "application/vnd.github+json",
		}
	case QuirkNone:
	}
	return quirk{}
}

// Google returns the provider behind every Google Workspace, for EASIE.
func Google() Provider {
	return Provider{ //nolint:gosec // G101: the addresses are no credentials
		Quirk:                 QuirkGoogle,
		Issuer:                googleIssuer,
		AuthorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
		TokenEndpoint:         "https://oauth2.googleapis.com/token",
		UserInfoEndpoint:      "https://openidconnect.googleapis.com/v1/userinfo",
		JWKSURI:               "https://www.googleapis.com/oauth2/v3/certs",
		AuthMethods:           []string{methodPost, methodBasic},
	}
}

// Microsoft returns the provider behind every Entra ID tenant, for EASIE:
// work and school accounts of all tenants. Which tenant a person is of is
// Identity.TenantID.
func Microsoft() Provider {
	return Provider{ //nolint:gosec // G101: the addresses are no credentials
		Quirk:                 QuirkMicrosoft,
		Issuer:                microsoftIssuer,
		AuthorizationEndpoint: "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize",
		TokenEndpoint:         "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
		JWKSURI:               "https://login.microsoftonline.com/organizations/discovery/v2.0/keys",
		AuthMethods:           []string{methodPost, methodBasic},
	}
}

// GitHubEnterprise returns the provider at a GitHub Enterprise Server's address,
// such as https://github.acme.com.
func GitHubEnterprise(base string) (Provider, error) {
	base = strings.TrimSuffix(base, "/")
	u, err := url.Parse(base)
	if err != nil || badURL(base) != "" || u.RawQuery != "" {
		return Provider{}, fault.New(fault.OAuthProviderMisconfigured, "reason", "the address of GitHub Enterprise is not a web address").Because(err)
	}
	return Provider{
		Quirk:                 QuirkGitHub,
		AuthorizationEndpoint: base + "/login/oauth/authorize",
		TokenEndpoint:         base + "/login/oauth/access_token",
		UserInfoEndpoint:      base + "/api/v3/user",
		AuthMethods:           []string{methodPost},
	}, nil
}

// namesIssuer reports whether a value is the provider's issuer, letter for letter
// or in another form that the provider documents. For Microsoft it may be any
// tenant's; the ID token is held to its own tenant later.
func (p Provider) namesIssuer(value string) bool {
	if before, after, found := strings.Cut(p.Issuer, tenantPlace); found && p.Quirk == QuirkMicrosoft {
		tenant, ok := strings.CutPrefix(value, before)
		tenant, ok2 := strings.CutSuffix(tenant, after)
		return ok && ok2 && tenantForm.MatchString(tenant) && tenant != consumerTenant
	}
	return p.Issuer != "" && value == p.Issuer || slices.Contains(quirkOf(p).issuers, value)
}
