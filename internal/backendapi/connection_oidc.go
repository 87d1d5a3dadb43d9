package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// oidcBody is the part of a connection's body that OpenID Connect has. The fields
// from issuer on are ours.
type oidcBody struct {
	ClientID     *string `json:"client_id"`
	ClientSecret *string `json:"client_secret"`
	DiscoveryURL *string `json:"discovery_url"`
	AuthURL      *string `json:"auth_url"`
	TokenURL     *string `json:"token_url"`
	UserInfoURL  *string `json:"user_info_url"`
	RequiresPKCE *bool   `json:"requires_pkce"`

	Issuer           *string                 `json:"issuer"`
	JWKSURL          *string                 `json:"jwks_url"`
	Scopes           *[]string               `json:"scopes"`
	Prompt           *string                 `json:"prompt"`
	ResponseMode     *string                 `json:"response_mode"`
	LoginHint        *identity.LoginHintMode `json:"login_hint"`
	Mapping          *claimMappingBody       `json:"attribute_mapping"`
	ClockSkewSeconds *int                    `json:"clock_skew_seconds"`
	TenantID         *string                 `json:"tenant_id"` // of a connection to Microsoft by EASIE
}

type claimMappingBody struct {
	UserID               *string `json:"user_id"`
	EmailAddress         *string `json:"email_address"`
	EmailVerified        *string `json:"email_verified"`
	FirstName            *string `json:"first_name"`
	LastName             *string `json:"last_name"`
	EmailVerifiedDefault *bool   `json:"email_verified_default"`
}

func (b oidcBody) change() *manage.OIDCChange {
	ch := &manage.OIDCChange{
		ClientID:         b.ClientID,
		ClientSecret:     b.ClientSecret,
		RequiresPKCE:     b.RequiresPKCE,
		DiscoveryURL:     b.DiscoveryURL,
		Issuer:           b.Issuer,
		AuthURL:          b.AuthURL,
		TokenURL:         b.TokenURL,
		UserInfoURL:      b.UserInfoURL,
		JWKSURL:          b.JWKSURL,
		Scopes:           b.Scopes,
		Prompt:           b.Prompt,
		ResponseMode:     b.ResponseMode,
		LoginHint:        b.LoginHint,
		ClockSkewSeconds: b.ClockSkewSeconds,
	}
	if m := b.Mapping; m != nil {
		ch.UserID, ch.EmailAddress, ch.EmailVerified = m.UserID, m.EmailAddress, m.EmailVerified
		ch.FirstName, ch.LastName, ch.EmailVerifiedDefault = m.FirstName, m.LastName, m.EmailVerifiedDefault
	}
	return ch
}

// wireOAuth is the configuration nested in a connection. The client secret is
// never in it; the fields from redirect_uri on are ours.
type wireOAuth struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	ProviderKey   string  `json:"provider_key"`
	ClientID      *string `json:"client_id"`
	DiscoveryURL  *string `json:"discovery_url"`
	AuthURL       *string `json:"auth_url"`
	TokenURL      *string `json:"token_url"`
	UserInfoURL   *string `json:"user_info_url"`
	RequiresPKCE  bool    `json:"requires_pkce"`
	LogoPublicURL *string `json:"logo_public_url"`
	CreatedAt     int64   `json:"created_at"`
	UpdatedAt     int64   `json:"updated_at"`

	RedirectURI      string            `json:"redirect_uri"`
	HasClientSecret  bool              `json:"has_client_secret"`
	Issuer           *string           `json:"issuer"`
	JWKSURL          *string           `json:"jwks_url"`
	Scopes           []string          `json:"scopes"`
	Prompt           string            `json:"prompt"`
	ResponseMode     string            `json:"response_mode"`
	LoginHint        string            `json:"login_hint"`
	Mapping          *wireClaimMapping `json:"attribute_mapping"`
	ClockSkewSeconds int               `json:"clock_skew_seconds"`
	TenantID         *string           `json:"tenant_id"`
}

type wireClaimMapping struct {
	UserID               string `json:"user_id"`
	EmailAddress         string `json:"email_address"`
	EmailVerified        string `json:"email_verified"`
	FirstName            string `json:"first_name"`
	LastName             string `json:"last_name"`
	EmailVerifiedDefault bool   `json:"email_verified_default"`
}

func (a *API) wireOAuth(c identity.Connection) *wireOAuth {
	conf := c.Config.OIDC
	if conf == nil {
		return nil
	}
	m := conf.Mapping.WithPreset(c.Provider)
	w := &wireOAuth{
		ID:               c.ID.OAuthID(),
		Name:             c.Name,
		ProviderKey:      string(c.Provider),
		ClientID:         orNull(conf.ClientID),
		DiscoveryURL:     orNull(conf.DiscoveryURL),
		AuthURL:          orNull(conf.AuthURL),
		TokenURL:         orNull(conf.TokenURL),
		UserInfoURL:      orNull(conf.UserInfoURL),
		RequiresPKCE:     conf.RequiresPKCE,
		CreatedAt:        millis(c.CreatedAt),
		UpdatedAt:        millis(c.UpdatedAt),
		RedirectURI:      identity.OAuthCallbackURL(a.BaseURL),
		HasClientSecret:  conf.SecretID != "",
		Issuer:           orNull(conf.Issuer),
		JWKSURL:          orNull(conf.JWKSURL),
		Scopes:           conf.Scopes,
		Prompt:           conf.Prompt,
		ResponseMode:     conf.ResponseMode,
		LoginHint:        string(conf.LoginHint),
		ClockSkewSeconds: conf.ClockSkewSeconds,
		TenantID:         orNull(c.TenantID),
	}
	if c.Provider.IsOIDC() {
		w.Mapping = &wireClaimMapping{m.UserID, m.EmailAddress, m.EmailVerified, m.FirstName, m.LastName, m.EmailVerifiedDefault}
	}
	if w.Scopes == nil {
		w.Scopes = []string{}
	}
	return w
}

// credentialsBody is the deployment's client at an EASIE provider.
type credentialsBody struct {
	ClientID     string  `json:"client_id"`
	ClientSecret *string `json:"client_secret"`
	DiscoveryURL string  `json:"discovery_url"` // development only
}

// wireCredentials shows that client without its secret.
type wireCredentials struct {
	Object       string  `json:"object"`
	Provider     string  `json:"provider"`
	ClientID     string  `json:"client_id"`
	DiscoveryURL *string `json:"discovery_url"`
	RedirectURI  string  `json:"redirect_uri"`
	UpdatedAt    int64   `json:"updated_at"`
}

func (a *API) wireCredentials(c identity.ProviderCredentials) wireCredentials {
	return wireCredentials{
		"provider_credentials", string(c.Provider), c.ClientID, orNull(c.DiscoveryURL),
		identity.OAuthCallbackURL(a.BaseURL), millis(c.UpdatedAt),
	}
}

func easieProvider(r *http.Request) (identity.Provider, error) {
	p := identity.Provider(r.PathValue("provider"))
	if !p.IsEASIE() {
		return "", fault.New(fault.NotFound, "resource", "provider")
	}
	return p, nil
}

func (a *API) handlePutCredentials(w http.ResponseWriter, r *http.Request) error {
	p, err := easieProvider(r)
	if err != nil {
		return err
	}
	var b credentialsBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	c, err := a.Manage.SetProviderCredentials(r.Context(), p, manage.CredentialsChange{
		ClientID: b.ClientID, ClientSecret: b.ClientSecret, DiscoveryURL: b.DiscoveryURL,
	})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireCredentials(c))
}

func (a *API) handleCredentials(w http.ResponseWriter, r *http.Request) error {
	p, err := easieProvider(r)
	if err != nil {
		return err
	}
	c, err := a.Manage.ProviderCredentials(r.Context(), p)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireCredentials(c))
}

func (a *API) handleDeleteCredentials(w http.ResponseWriter, r *http.Request) error {
	p, err := easieProvider(r)
	if err != nil {
		return err
	}
	if err := a.Manage.RemoveProviderCredentials(r.Context(), p); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "provider_credentials", ID: string(p), Deleted: true})
}
