package oidc

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"usher/internal/fault"
)

// Quirk names a provider whose ways differ from the specification's. The zero
// value is a provider without any.
type Quirk string

// The providers that need special care; quirks.go says which.
const (
	QuirkNone      Quirk = ""
	QuirkGoogle    Quirk = "google"
	QuirkMicrosoft Quirk = "microsoft" // all tenants at once; one tenant's own issuer has no quirk
	QuirkGitHub    Quirk = "github"
)

// Limits of a provider's description. Ours.
const (
	maxURL      = 2048 // bytes
	maxListed   = 100  // items of a list
	maxListItem = 200  // bytes
)

// Provider describes an OpenID provider, as its discovery document or an
// administrator does. It can be kept as JSON.
//
// Two forms are complete: with issuer and key set the ID token says who the
// person is; without both, user information alone does, and no ID token is read.
type Provider struct {
	Quirk                 Quirk  `json:"quirk,omitempty"`
	Issuer                string `json:"issuer,omitempty"` // Microsoft: with {tenantid} in it
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserInfoEndpoint      string `json:"userinfo_endpoint,omitempty"`
	JWKSURI               string `json:"jwks_uri,omitempty"`

	// AuthMethods are the ways to show the client secret that the token endpoint
	// takes. Empty means not known: client_secret_basic is tried, then
	// client_secret_post.
	AuthMethods   []string `json:"token_endpoint_auth_methods,omitempty"`
	Algorithms    []string `json:"id_token_signing_algs,omitempty"`
	Scopes        []string `json:"scopes,omitempty"`
	Claims        []string `json:"claims,omitempty"`
	ResponseModes []string `json:"response_modes,omitempty"`
	Prompts       []string `json:"prompt_values,omitempty"`

	// IssuerInAnswer says that every answer names the issuer (RFC 9207); one that
	// doesn't is refused then.
	IssuerInAnswer bool `json:"iss_in_answer,omitempty"`
}

// HasIDToken reports whether an ID token says who the person is. Otherwise the
// user information does.
func (p Provider) HasIDToken() bool { return p.Issuer != "" && p.JWKSURI != "" }

// Validate says why the description cannot be used, all faults at once, each of
// the code OAuthProviderMisconfigured with the details field and reason. The
// field is the name in JSON.
func (p Provider) Validate() error {
	var faults []error
	bad := func(field, reason string) {
		faults = append(faults, fault.New(fault.OAuthProviderMisconfigured, "reason", field+" "+reason).
			Detail("field", field, "reason", reason))
	}
	for _, u := range p.urls() {
		switch {
		case u.url == "" && u.required:
			bad(u.field, "is missing")
		case u.url != "" && badURL(u.url) != "":
			bad(u.field, badURL(u.url))
		}
	}
	switch {
	case p.Issuer == "" && p.JWKSURI != "":
		bad("issuer", "is missing: the key set is of no use without it")
	case p.Issuer != "" && p.JWKSURI == "":
		bad("jwks_uri", "is missing: an issuer's ID tokens cannot be verified without it")
	}
	if !p.HasIDToken() && p.UserInfoEndpoint == "" {
		bad("userinfo_endpoint", "is missing: without issuer and jwks_uri nothing else says who the person is")
	}
	return fault.Join(faults...)
}

// Moved lists what has changed from p to next so much that somebody should look
// at it first: the issuer, and endpoints that are at another host now (threat
// T-OIDC-26). The names are those in JSON.
func (p Provider) Moved(next Provider) []string {
	var moved []string
	if p.Issuer != next.Issuer {
		moved = append(moved, "issuer")
	}
	after := next.urls()
	for i, u := range p.urls() {
		if origin(u.url) != origin(after[i].url) {
			moved = append(moved, u.field)
		}
	}
	return moved
}

type namedURL struct {
	field    string
	url      string
	required bool
}

// urls lists the endpoints in a fixed order.
func (p Provider) urls() []namedURL {
	return []namedURL{
		{"authorization_endpoint", p.AuthorizationEndpoint, true},
		{"token_endpoint", p.TokenEndpoint, true},
		{"userinfo_endpoint", p.UserInfoEndpoint, false},
		{"jwks_uri", p.JWKSURI, false},
	}
}

// badURL says what is wrong with an endpoint's URL, "" if nothing is. Where it
// may lead is the business of the HTTP client.
func badURL(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case len(raw) > maxURL:
		return fmt.Sprintf("is longer than %d bytes", maxURL)
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Opaque != "":
		return "is not a web address"
	case u.User != nil:
		return "holds a user name"
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return "has a fragment"
	}
	return ""
}

// origin is a URL's scheme and host, "" for none.
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// takes reports whether a list of what a provider supports has the value; one
// that says nothing may.
func takes(list []string, value string) bool {
	return len(list) == 0 || slices.Contains(list, value)
}
