package oidc

import (
	"context"
	"slices"
	"strings"

	"usher/internal/fault"
)

const wellKnown = "/.well-known/openid-configuration"

// DiscoveryURL returns where an issuer's discovery document is (OpenID Connect
// Discovery, section 4.1): one slash at its end is left out.
func DiscoveryURL(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + wellKnown
}

// Discover fetches and reads a discovery document. Besides ParseDiscovery's
// errors there is OAuthDiscoveryRetrievalError. Where a stored document is read
// again, see Provider.Moved.
func (c *Client) Discover(ctx context.Context, discoveryURL string) (Provider, error) {
	if reason := badURL(discoveryURL); reason != "" {
		return Provider{}, unusable("its URL "+reason, discoveryURL)
	}
	got, failure := get(ctx, c.HTTP, discoveryURL)
	if failure != nil {
		return Provider{}, fault.New(fault.OAuthDiscoveryRetrievalError, "param_name", "discovery_url").
			Detail("reason", failure.Reason, "expected", failure.Expected, "received", failure.Received)
	}
	return ParseDiscovery(got.body, discoveryURL)
}

// ParseDiscovery reads a discovery document that was fetched from a URL. The
// issuer in it must be the URL's own (threat T-OIDC-25; a query of the URL
// doesn't matter). Its errors are faults: OAuthDiscoveryIssuerMismatch with the
// details expected (a URL) and received (the issuer), or
// OAuthCannotUseDiscoveryURL with what is wrong as reason.
func ParseDiscovery(raw []byte, from string) (Provider, error) {
	p, err := parseDiscovery(raw, from)
	if err != nil {
		return Provider{}, err
	}
	asked, _, _ := strings.Cut(from, "?")
	if want := DiscoveryURL(p.Issuer); want != asked {
		return Provider{}, otherIssuer(want, p.Issuer)
	}
	return p, nil
}

// ParseTenantsDiscovery reads the document of a provider that speaks for many
// tenants at once as Microsoft does: its issuer has the place of a tenant where
// the URL says common or organizations. ParseDiscovery refuses such a document:
// who trusts one trusts every tenant, and must look at which it was.
func ParseTenantsDiscovery(raw []byte, from string) (Provider, error) {
	p, err := parseDiscovery(raw, from)
	if err != nil {
		return Provider{}, err
	}
	p.Quirk = QuirkMicrosoft
	for _, all := range []string{"common", "organizations"} {
		if from == DiscoveryURL(strings.Replace(p.Issuer, tenantPlace, all, 1)) && strings.Count(p.Issuer, tenantPlace) == 1 {
			return p, nil
		}
	}
	return Provider{}, otherIssuer(from, p.Issuer)
}

func otherIssuer(want, received string) error {
	return fault.New(fault.OAuthDiscoveryIssuerMismatch, "param_name", "discovery_url", "expected", clip(want), "received", clip(received)).
		Detail("reason", "issuer", "expected", clip(want), "received", clip(received))
}

func parseDiscovery(raw []byte, from string) (Provider, error) {
	doc, err := parseObject(raw)
	if err != nil {
		return Provider{}, fault.New(fault.OAuthCannotUseDiscoveryURL, "param_name", "discovery_url", "reason", whatElse(raw)).
			Detail("reason", "malformed").Because(err)
	}
	p := Provider{
		Issuer:                doc.text("issuer"),
		AuthorizationEndpoint: doc.text("authorization_endpoint"),
		TokenEndpoint:         doc.text("token_endpoint"),
		UserInfoEndpoint:      doc.text("userinfo_endpoint"),
		JWKSURI:               doc.text("jwks_uri"),
		AuthMethods:           doc.texts("token_endpoint_auth_methods_supported"),
		Algorithms:            doc.texts("id_token_signing_alg_values_supported"),
		Scopes:                doc.texts("scopes_supported"),
		Claims:                doc.texts("claims_supported"),
		ResponseModes:         doc.texts("response_modes_supported"),
		Prompts:               doc.texts("prompt_values_supported"),
		IssuerInAnswer:        doc["authorization_response_iss_parameter_supported"] == true,
	}
	if len(p.AuthMethods) == 0 {
		p.AuthMethods = []string{methodBasic} // OpenID Connect Discovery, section 3
	}
	if p.Issuer == googleIssuer {
		p.Quirk = QuirkGoogle
	}
	if err := checkDiscovered(p, from); err != nil {
		return Provider{}, err
	}
	if types := doc.texts("response_types_supported"); !takes(types, "code") {
		return Provider{}, unusable("it does not offer the response type code", strings.Join(types, " "))
	}
	return p, nil
}

// whatElse says what stands where a discovery document should.
func whatElse(raw []byte) string {
	const enough = 512
	head := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(raw[:min(len(raw), enough)]), "\ufeff")))
	switch {
	case head == "":
		return "it is empty"
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"):
		return "it is an HTML page, perhaps a login page"
	case strings.HasPrefix(head, "<"):
		return "it is XML, perhaps the metadata of SAML"
	}
	return "it is not a sound JSON object"
}

func checkDiscovered(p Provider, from string) error {
	var missing []string
	for _, f := range []struct{ name, value string }{
		{"issuer", p.Issuer},
		{"authorization_endpoint", p.AuthorizationEndpoint},
		{"token_endpoint", p.TokenEndpoint},
		{"jwks_uri", p.JWKSURI},
	} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return unusable("it lacks "+strings.Join(missing, ", "), "")
	}
	for _, u := range p.urls() {
		switch {
		case u.url == "":
		case badURL(u.url) != "":
			return unusable(u.field+" "+badURL(u.url), u.url)
		case strings.HasPrefix(origin(from), "https:") && !strings.HasPrefix(origin(u.url), "https:"):
			return unusable(u.field+" is not https", u.url)
		}
	}
	if !slices.ContainsFunc(p.Algorithms, isAllowed) && len(p.Algorithms) > 0 {
		return unusable("it signs ID tokens by none of the algorithms that are safe", strings.Join(p.Algorithms, " "))
	}
	return nil
}

func unusable(reason, received string) error {
	return fault.New(fault.OAuthCannotUseDiscoveryURL, "param_name", "discovery_url", "reason", reason).
		Detail("reason", "unusable", "expected", "a document that can be used", "received", clip(received))
}

// texts returns a member that is a list of texts, as much of it as makes sense.
func (o object) texts(name string) []string {
	list, _ := o[name].([]any)
	var texts []string
	for _, item := range list[:min(len(list), maxListed)] {
		if s, ok := item.(string); ok && len(s) <= maxListItem {
			texts = append(texts, s)
		}
	}
	return texts
}
