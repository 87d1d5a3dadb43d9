package manage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/saml"
	"usher/internal/store"
)

// OIDCChange is the part of a change that OpenID Connect connections have. Nil
// leaves a setting as it is.
type OIDCChange struct {
	ClientID     *string
	ClientSecret *string // empty text: the client is public from now on
	RequiresPKCE *bool

	DiscoveryURL *string // its document replaces single endpoints given beside it
	Issuer       *string
	AuthURL      *string
	TokenURL     *string
	UserInfoURL  *string
	JWKSURL      *string

	Scopes       *[]string
	Prompt       *string
	ResponseMode *string
	LoginHint    *identity.LoginHintMode

	UserID               *string // the claim mapping, field by field
	EmailAddress         *string
	EmailVerified        *string
	FirstName            *string
	LastName             *string
	EmailVerifiedDefault *bool

	ClockSkewSeconds *int
}

// Limits of OpenID Connect settings. Ours.
const (
	maxClientID     = 1024      // bytes
	maxClientSecret = 4096      // bytes
	maxScopes       = 30        // of a connection
	maxScope        = 256       // bytes of one
	maxClaimPath    = 512       // bytes
	maxDiscovery    = 256 << 10 // bytes of a document: threat T-DOS-07
)

// discover fetches and reads the discovery document that a change names; nil if
// it names none: behaviour 1.9. GitHub has none, and its address says all.
func (s *Service) discover(ctx context.Context, p identity.Provider, ch *OIDCChange) (*learned, error) {
	if ch == nil || ch.DiscoveryURL == nil || *ch.DiscoveryURL == "" {
		return nil, nil
	}
	if p == identity.OIDCGitHubEnterprise {
		known, err := oidc.GitHubEnterprise(*ch.DiscoveryURL)
		return &learned{provider: &known}, err
	}
	return s.fetchDiscovery(ctx, *ch.DiscoveryURL)
}

func (s *Service) fetchDiscovery(ctx context.Context, from string) (*learned, error) {
	return s.fetchDocument(ctx, discoveryURL(from), oidc.ParseDiscovery)
}

func (s *Service) fetchDocument(ctx context.Context, from string, parse func([]byte, string) (oidc.Provider, error)) (*learned, error) {
	body, _, err := s.Fetch.Fetch(ctx, from, "application/json", maxDiscovery)
	if err != nil {
		return nil, fault.New(fault.OAuthDiscoveryRetrievalError, "param_name", "discovery_url").Because(err)
	}
	p, err := parse(body, from)
	if err != nil {
		return nil, err
	}
	return &learned{raw: body, provider: &p, from: from}, nil
}

// discoveryURL is where a provider's document is, for those who give the issuer
// alone (OpenID Connect Discovery, section 4).
func discoveryURL(given string) string {
	if strings.Contains(given, "/.well-known/") {
		return given
	}
	return oidc.DiscoveryURL(given)
}

// applyOIDC puts the OpenID Connect part of a change into a copy of the
// configuration, and returns the client secret that it brings; nil if none.
func (s *Service) applyOIDC(c *identity.Connection, ch OIDCChange, known *learned) (*identity.ClientSecret, error) {
	conf := *c.Config.OIDC
	c.Config.OIDC = &conf
	errs := []error{s.applyEndpoints(&conf, ch, known)}
	set(&conf.ClientID, ch.ClientID)
	errs = append(errs, atMost("client_id", conf.ClientID, maxClientID))
	var secret *identity.ClientSecret
	if ch.ClientSecret != nil {
		errs = append(errs, atMost("client_secret", *ch.ClientSecret, maxClientSecret))
		conf.SecretID = ""
		if *ch.ClientSecret != "" {
			now := s.Now()
			secret = &identity.ClientSecret{
				ID: identity.NewID[identity.ClientSecretID](now), ConnectionID: c.ID, Secret: *ch.ClientSecret, CreatedAt: now,
			}
			conf.SecretID = secret.ID
		}
	}
	set(&conf.RequiresPKCE, ch.RequiresPKCE)
	if ch.Scopes != nil {
		conf.Scopes = *ch.Scopes
		errs = append(errs, checkScopes(conf.Scopes))
	}
	set(&conf.Prompt, ch.Prompt)
	set(&conf.ResponseMode, ch.ResponseMode)
	set(&conf.LoginHint, ch.LoginHint)
	errs = append(errs,
		among("prompt", conf.Prompt, "", "none", "login", "consent", "select_account"),
		among("response_mode", conf.ResponseMode, "", "query", "form_post"),
		among("login_hint", string(conf.LoginHint), "", string(identity.HintEmailAddress), string(identity.HintOff)),
		applyClaims(&conf.Mapping, ch))
	set(&conf.ClockSkewSeconds, ch.ClockSkewSeconds)
	errs = append(errs, checkClockSkew(conf.ClockSkewSeconds))
	return secret, fault.Join(errs...)
}

// applyEndpoints takes the provider's endpoints from its discovery document, or by
// hand. What is set by hand stays: the document would bring the old back.
func (s *Service) applyEndpoints(conf *identity.OIDCConfig, ch OIDCChange, known *learned) error {
	if known != nil {
		return s.applyDiscovery(conf, known)
	}
	fields := []struct {
		param string
		field *string
		value *string
	}{
		{"issuer", &conf.Issuer, ch.Issuer},
		{"auth_url", &conf.AuthURL, ch.AuthURL},
		{"token_url", &conf.TokenURL, ch.TokenURL},
		{"user_info_url", &conf.UserInfoURL, ch.UserInfoURL},
		{"jwks_url", &conf.JWKSURL, ch.JWKSURL},
	}
	var errs []error
	for _, f := range fields {
		if f.value == nil || *f.value == *f.field {
			continue
		}
		if f.param == "issuer" { // another provider: what the one before said of itself is void
			conf.IssuerInAnswer = false
		}
		*f.field = *f.value
		conf.DiscoveryURL, conf.Discovery, conf.TokenAuth = "", "", nil
		if *f.value != "" {
			errs = append(errs, s.checkEndpoint(f.param, *f.value))
		}
	}
	if ch.DiscoveryURL != nil { // empty: without a document from now on
		conf.DiscoveryURL, conf.Discovery = "", ""
	}
	return fault.Join(errs...)
}

func (s *Service) checkEndpoint(param, raw string) error {
	if err := saml.CheckSSOURL(raw, s.AllowLoopback); err != nil {
		return fault.New(fault.FormParamFormatInvalid, "param_name", param).Detail("reason", err.Error()).Because(err)
	}
	return nil
}

// applyDiscovery takes over what a discovery document says.
func (s *Service) applyDiscovery(conf *identity.OIDCConfig, known *learned) error {
	p := known.provider
	var errs []error
	for _, endpoint := range []string{p.AuthorizationEndpoint, p.TokenEndpoint, p.UserInfoEndpoint, p.JWKSURI} {
		if endpoint != "" {
			errs = append(errs, s.checkEndpoint("discovery_url", endpoint))
		}
	}
	conf.DiscoveryURL, conf.Discovery = known.from, string(known.raw)
	conf.Issuer, conf.AuthURL, conf.TokenURL = p.Issuer, p.AuthorizationEndpoint, p.TokenEndpoint
	conf.UserInfoURL, conf.JWKSURL = p.UserInfoEndpoint, p.JWKSURI
	conf.IssuerInAnswer, conf.TokenAuth = p.IssuerInAnswer, p.AuthMethods
	return fault.Join(errs...)
}

func applyClaims(m *identity.ClaimMapping, ch OIDCChange) error {
	fields := []struct {
		param string
		field *string
		value *string
	}{
		{"attribute_mapping.user_id", &m.UserID, ch.UserID},
		{"attribute_mapping.email_address", &m.EmailAddress, ch.EmailAddress},
		{"attribute_mapping.email_verified", &m.EmailVerified, ch.EmailVerified},
		{"attribute_mapping.first_name", &m.FirstName, ch.FirstName},
		{"attribute_mapping.last_name", &m.LastName, ch.LastName},
	}
	var errs []error
	for _, f := range fields {
		set(f.field, f.value)
		errs = append(errs, atMost(f.param, *f.field, maxClaimPath))
	}
	set(&m.EmailVerifiedDefault, ch.EmailVerifiedDefault)
	return fault.Join(errs...)
}

func atMost(param, value string, limit int) error {
	if len(value) > limit {
		return fault.New(fault.FormParamMaxLength, "param_name", param, "max_length", limit)
	}
	return nil
}

func among(param, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fault.New(fault.FormParamValueInvalid, "param_name", param)
	}
	return nil
}

func checkClockSkew(seconds int) error {
	if seconds < 0 || seconds > maxClockSkew {
		return fault.New(fault.FormParamValueInvalid, "param_name", "clock_skew_seconds")
	}
	return nil
}

// checkScopes judges scopes as RFC 6749, section 3.3 writes them.
func checkScopes(scopes []string) error {
	if len(scopes) > maxScopes {
		return fault.New(fault.FormParamArraySize, "param_name", "scopes", "max_items", maxScopes)
	}
	for _, scope := range scopes {
		odd := strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r > '~' })
		if scope == "" || len(scope) > maxScope || odd {
			return fault.New(fault.FormParamFormatInvalid, "param_name", "scopes")
		}
	}
	return nil
}

// takeOverDiscovery makes a refreshed document live if it is the same provider
// that goes on: same issuer, and no endpoint at another host. Anything else waits
// for an administrator (threats T-OIDC-25, T-OIDC-26); the trouble says why.
func (s *Service) takeOverDiscovery(tx *store.Tx, c identity.Connection, known *learned) (trouble, err error) {
	old := c.Config.OIDC
	conf := *old
	if trouble := s.applyDiscovery(&conf, known); trouble != nil {
		return trouble, nil
	}
	if moved := providerOf(old).Moved(providerOf(&conf)); len(moved) > 0 {
		return fmt.Errorf("%s moved to another host; not taken over", strings.Join(moved, " and ")), nil
	}
	if old.IssuerInAnswer && !conf.IssuerInAnswer && conf.SecretID == "" {
		return errors.New("the provider no longer names itself in its answers, which a public client needs; not taken over"), nil
	}
	// A document may differ each time in what nobody reads: that is no revision.
	before, unread := c.Config, conf
	unread.Discovery = old.Discovery
	c.Config.OIDC = &unread
	if changed, err := differ(before, c.Config); err != nil || !changed {
		return nil, err
	}
	c.Config.OIDC = &conf
	return nil, s.refreshed(tx, before, c)
}

// providerOf is the provider as the protocol compares it.
func providerOf(conf *identity.OIDCConfig) oidc.Provider {
	return oidc.Provider{
		Issuer: conf.Issuer, AuthorizationEndpoint: conf.AuthURL, TokenEndpoint: conf.TokenURL,
		UserInfoEndpoint: conf.UserInfoURL, JWKSURI: conf.JWKSURL,
	}
}
