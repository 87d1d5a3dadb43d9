package signin

import (
	"errors"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/store"
)

// relyingParty is what we are at a connection's OpenID provider.
type relyingParty struct {
	provider oidc.Provider
	clientID string
	secret   string // empty: a public client
	consent  bool   // the provider is to ask for it again, so that it gives a refresh token
}

// readRelyingParty reads the provider and our client there: the connection's own,
// or the deployment's at an EASIE provider.
func readRelyingParty(tx *store.Tx, c identity.Connection) (relyingParty, error) {
	if c.Provider.IsEASIE() {
		return readEASIE(tx, c.Provider)
	}
	conf := c.Config.OIDC
	if conf == nil {
		return relyingParty{}, fault.New(fault.SSOInvalidType)
	}
	rp := relyingParty{clientID: conf.ClientID, provider: oidc.Provider{
		Issuer:                conf.Issuer,
		AuthorizationEndpoint: conf.AuthURL,
		TokenEndpoint:         conf.TokenURL,
		UserInfoEndpoint:      conf.UserInfoURL,
		JWKSURI:               conf.JWKSURL,
		IssuerInAnswer:        conf.IssuerInAnswer,
		AuthMethods:           conf.TokenAuth,
	}}
	if c.Provider == identity.OIDCGitHubEnterprise {
		rp.provider.Quirk = oidc.QuirkGitHub
	}
	if conf.SecretID == "" {
		return rp, nil
	}
	s, err := tx.ClientSecret(c.ID, conf.SecretID)
	rp.secret = s.Secret
	return rp, err
}

func readEASIE(tx *store.Tx, p identity.Provider) (relyingParty, error) {
	own, err := tx.ProviderCredentials(p)
	if errors.Is(err, store.ErrNotFound) {
		return relyingParty{}, fault.New(fault.EASIEInvalidOAuthCredentials, "param_name", "provider")
	}
	if err != nil {
		return relyingParty{}, err
	}
	rp := relyingParty{clientID: own.ClientID, secret: own.ClientSecret, provider: oidc.Google()}
	if p == identity.OAuthMicrosoft {
		rp.provider = oidc.Microsoft()
	}
	if own.Discovery == "" {
		return rp, nil
	}
	parse := oidc.ParseDiscovery
	if p == identity.OAuthMicrosoft {
		parse = oidc.ParseTenantsDiscovery
	}
	quirk := rp.provider.Quirk
	rp.provider, err = parse([]byte(own.Discovery), own.DiscoveryURL)
	rp.provider.Quirk = quirk
	return rp, err
}

// forgotten reports whether we hold nothing by which an EASIE provider could be
// asked about the holder of an address. Google gives it with a consent only.
func forgotten(tx *store.Tx, c identity.Connection, hint identity.Email) (bool, error) {
	held, err := tx.VerifiedEmail(hint)
	if err != nil {
		return true, store.Optional(err)
	}
	account, err := tx.AccountOf(c.ID, held.UserID)
	if err != nil {
		return true, store.Optional(err)
	}
	_, err = tx.AccountToken(account.ID)
	return err != nil, store.Optional(err)
}

// askOIDC writes an authorization request (OpenID Connect Core, section 3.1.2.1).
func (f *Flow) askOIDC(r route, hint identity.Email) (question, error) {
	c, conf := r.connection, oidcConfig(r.connection)
	request := oidc.Request{
		ClientID:     r.rp.clientID,
		RedirectURI:  identity.OAuthCallbackURL(f.BaseURL),
		State:        oidc.NewState(),
		Nonce:        oidc.NewNonce(),
		Verifier:     oidc.NewVerifier(),
		Scopes:       conf.Scopes,
		LoginHint:    string(hint),
		ResponseMode: conf.ResponseMode,
		Offline:      c.Provider.IsEASIE(),
	}
	if conf.LoginHint == identity.HintOff {
		request.LoginHint = ""
	}
	if conf.Prompt != "" {
		request.Prompts = []string{conf.Prompt}
	}
	if r.rp.consent {
		request.Prompts = []string{oidc.PromptConsent}
	}
	if c.Provider.IsEASIE() && hint != "" {
		request.DomainHint = string(hint.Domain())
	}
	to, err := request.URL(r.rp.provider)
	return question{
		ticket:      Ticket{Connection: c, Redirect: to},
		relay:       request.State,
		destination: r.rp.provider.AuthorizationEndpoint,
		pending: identity.PendingRequest{
			RequestID: request.Nonce, CodeVerifier: request.Verifier, ExpiresAt: f.Now().Add(stateLife),
		},
	}, err
}

// oidcConfig is the connection's configuration; the zero one where it has none of
// its own.
func oidcConfig(c identity.Connection) identity.OIDCConfig {
	if c.Config.OIDC == nil {
		return identity.OIDCConfig{}
	}
	return *c.Config.OIDC
}

// standardVerified is the claim that says whether the claim email is verified
// (OpenID Connect Core, section 5.1).
const standardVerified = "email_verified"

// oidcExpect is what an answer is checked against: the connection's configuration
// as it is now, and the pending sign-in.
func oidcExpect(c identity.Connection, rp relyingParty, nonce string) oidc.Expect {
	conf := oidcConfig(c)
	m := conf.Mapping.WithPreset(c.Provider)
	e := oidc.Expect{
		Provider: rp.provider,
		ClientID: rp.clientID,
		Nonce:    nonce,
		Claims:   []string{m.EmailAddress},
		Skew:     time.Duration(conf.ClockSkewSeconds) * time.Second,
	}
	e.EmailClaim = m.EmailAddress
	if m.EmailVerified != standardVerified {
		e.VerifiedClaim = m.EmailVerified
		e.Claims = append(e.Claims, m.EmailVerified)
	}
	e.SubjectClaim = m.UserID
	for _, name := range []string{m.UserID, m.FirstName, m.LastName} {
		if name != "" {
			e.Claims = append(e.Claims, name)
		}
	}
	for _, a := range c.Config.CustomAttributes {
		if a.SSOPath != "" {
			e.Claims = append(e.Claims, a.SSOPath)
		}
	}
	return e
}
