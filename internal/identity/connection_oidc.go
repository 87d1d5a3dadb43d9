package identity

import "time"

// OIDCConfig holds the OpenID Connect settings of a revision. Endpoints come from
// the discovery document, or were given by hand where DiscoveryURL is empty.
// EASIE connections have the zero value: client and endpoints are the
// deployment's.
type OIDCConfig struct {
	ClientID string `json:"client_id,omitempty"`

	// SecretID names the client secret, which is sealed in a row of its own; empty:
	// a public client, which needs PKCE.
	SecretID     ClientSecretID `json:"secret_id,omitempty"`
	RequiresPKCE bool           `json:"requires_pkce,omitempty"` // PKCE is sent in any case

	DiscoveryURL string `json:"discovery_url,omitempty"`
	Discovery    string `json:"discovery,omitempty"` // the document as it was fetched
	Issuer       string `json:"issuer,omitempty"`    // empty: identity comes from user info alone
	AuthURL      string `json:"auth_url,omitempty"`
	TokenURL     string `json:"token_url,omitempty"`
	UserInfoURL  string `json:"user_info_url,omitempty"`
	JWKSURL      string `json:"jwks_url,omitempty"`

	// IssuerInAnswer says that the provider names itself in its answer (RFC 9207).
	IssuerInAnswer bool     `json:"issuer_in_answer,omitempty"`
	TokenAuth      []string `json:"token_auth,omitempty"` // how a client may prove itself, as discovery says

	Scopes           []string      `json:"scopes,omitempty"`        // empty: openid, email, profile
	Prompt           string        `json:"prompt,omitempty"`        // of every request; empty: the provider's choice
	ResponseMode     string        `json:"response_mode,omitempty"` // "query" or "form_post"; empty: query
	Mapping          ClaimMapping  `json:"claim_mapping"`
	LoginHint        LoginHintMode `json:"login_hint,omitempty"`         // empty: the address is sent
	ClockSkewSeconds int           `json:"clock_skew_seconds,omitempty"` // 0: the default of 120; at most 600
}

// ClaimMapping says which claim becomes which field of the person, by name or by
// a path into nested claims. An empty name means the standard one.
type ClaimMapping struct {
	UserID        string `json:"user_id,omitempty"`        // "sub"
	EmailAddress  string `json:"email_address,omitempty"`  // "email"
	EmailVerified string `json:"email_verified,omitempty"` // "email_verified"
	FirstName     string `json:"first_name,omitempty"`     // "given_name"
	LastName      string `json:"last_name,omitempty"`      // "family_name"

	// EmailVerifiedDefault is what counts where the provider does not say whether
	// the address is verified: behaviour 1.51.
	EmailVerifiedDefault bool `json:"email_verified_default,omitempty"`
}

// WithPreset fills the names that were left empty with the provider's.
func (m ClaimMapping) WithPreset(p Provider) ClaimMapping {
	preset := ClaimMapping{
		UserID: "sub", EmailAddress: "email", EmailVerified: "email_verified", FirstName: "given_name", LastName: "family_name",
	}
	if p == OIDCGitHubEnterprise {
		preset.UserID, preset.FirstName, preset.LastName = "id", "name", ""
	}
	for _, f := range []struct{ field, preset *string }{
		{&m.UserID, &preset.UserID},
		{&m.EmailAddress, &preset.EmailAddress},
		{&m.EmailVerified, &preset.EmailVerified},
		{&m.FirstName, &preset.FirstName},
		{&m.LastName, &preset.LastName},
	} {
		if *f.field == "" {
			*f.field = *f.preset
		}
	}
	return m
}

// MissingFields names what an OpenID Connect connection still needs before it can
// be switched on.
func (c *OIDCConfig) MissingFields() []string {
	if c == nil {
		return []string{"client_id", "discovery_url"}
	}
	var missing []string
	if c.ClientID == "" {
		missing = append(missing, "client_id")
	}
	if c.AuthURL == "" {
		missing = append(missing, "auth_url")
	}
	if c.TokenURL == "" {
		missing = append(missing, "token_url")
	}
	if c.UserInfoURL == "" && (c.Issuer == "" || c.JWKSURL == "") {
		missing = append(missing, "user_info_url")
	}
	switch { // an ID token is judged by both, or none is read
	case c.Issuer != "" && c.JWKSURL == "":
		missing = append(missing, "jwks_url")
	case c.Issuer == "" && c.JWKSURL != "":
		missing = append(missing, "issuer")
	}
	return missing
}

// ClientSecret is a client secret of a connection, sealed at rest and never read
// back by anybody but the token request.
type ClientSecret struct {
	ID           ClientSecretID
	ConnectionID ConnectionID
	Secret       string
	CreatedAt    time.Time
}

// ProviderCredentials are the deployment's client at an EASIE provider.
type ProviderCredentials struct {
	Provider     Provider
	ClientID     string
	ClientSecret string // sealed at rest
	DiscoveryURL string // empty: the provider's own; another one only in development
	Discovery    string // the document found there
	UpdatedAt    time.Time
}

// AccountToken is what is kept to ask an EASIE provider whether a person is still
// there: before a new session token, and at most every so often.
type AccountToken struct {
	AccountID    AccountID
	RefreshToken string    // sealed at rest
	Issuer       string    // of the ID token that came with the first one
	Subject      string    // its "sub": an answer about anybody else is not believed
	NextCheckAt  time.Time // the provider is not asked before
	FailingSince time.Time // zero: the last question was answered, and nothing has changed since
	UpdatedAt    time.Time
}

// OAuthCallbackURL is where OpenID providers send the browser back; base is the
// deployment's public origin. It is one for all connections: behaviour 1.12.
func OAuthCallbackURL(base string) string { return base + "/v1/oauth_callback" }
