package manage

import (
	"context"
	"regexp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/store"
)

// tenantID is how Microsoft writes the id of a tenant: a GUID in small letters
// (threat T-EASIE-04).
var tenantID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// applyEASIE puts what EASIE connections have into one. Their people have the one
// identifier: behaviour 1.56.
func applyEASIE(c *identity.Connection, ch ConnectionChange) error {
	var errs []error
	if ch.DisableAdditionalIdentifications != nil && !*ch.DisableAdditionalIdentifications {
		errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "disable_additional_identifications"))
	}
	if ch.TenantID != nil {
		if *ch.TenantID != "" && (c.Provider != identity.OAuthMicrosoft || !tenantID.MatchString(*ch.TenantID)) {
			errs = append(errs, fault.New(fault.FormParamFormatInvalid, "param_name", "tenant_id"))
		}
		c.TenantID = *ch.TenantID
	}
	return fault.Join(errs...)
}

// CredentialsChange is the deployment's client at an EASIE provider, as it is to
// be. A nil secret keeps the one that there is.
type CredentialsChange struct {
	ClientID     string
	ClientSecret *string
	DiscoveryURL string // development only: a practice provider in the place of the real one
}

// SetProviderCredentials sets the deployment's client at an EASIE provider. All
// EASIE connections to it use this one: behaviour 1.10.
func (s *Service) SetProviderCredentials(ctx context.Context, p identity.Provider, ch CredentialsChange) (identity.ProviderCredentials, error) {
	now := s.Now()
	c := identity.ProviderCredentials{Provider: p, ClientID: ch.ClientID, UpdatedAt: now}
	var errs []error
	if !p.IsEASIE() {
		errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "provider"))
	}
	if ch.ClientID == "" {
		errs = append(errs, fault.New(fault.FormParamMissing, "param_name", "client_id"))
	}
	errs = append(errs, atMost("client_id", ch.ClientID, maxClientID))
	if ch.ClientSecret != nil {
		errs = append(errs, atMost("client_secret", *ch.ClientSecret, maxClientSecret))
	}
	if ch.DiscoveryURL != "" && !s.AllowLoopback {
		errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "discovery_url"))
	}
	if err := fault.Join(errs...); err != nil {
		return c, err
	}
	if ch.DiscoveryURL != "" {
		parse := oidc.ParseDiscovery
		if p == identity.OAuthMicrosoft {
			parse = oidc.ParseTenantsDiscovery
		}
		known, err := s.fetchDocument(ctx, discoveryURL(ch.DiscoveryURL), parse)
		if err != nil {
			return c, err
		}
		c.DiscoveryURL, c.Discovery = known.from, string(known.raw)
	}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		before, err := tx.ProviderCredentials(p)
		if store.Optional(err) != nil {
			return err
		}
		c.ClientSecret = before.ClientSecret
		set(&c.ClientSecret, ch.ClientSecret)
		if c.ClientSecret == "" {
			return fault.New(fault.FormParamMissing, "param_name", "client_secret")
		}
		if before.ClientID != c.ClientID {
			// What the old client was given, the new one may not use: that says
			// nothing about people.
			if err := tx.DoubtAccountTokens(p, now); err != nil {
				return err
			}
		}
		if err := tx.PutProviderCredentials(c); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "provider_credentials.updated", Subject: string(p)})
	})
	return c, err
}

// ProviderCredentials reads the deployment's client at an EASIE provider.
func (s *Service) ProviderCredentials(ctx context.Context, p identity.Provider) (c identity.ProviderCredentials, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.ProviderCredentials(p)
		return store.Missing(err, fault.New(fault.NotFound, "resource", "provider credentials"))
	})
	return c, err
}

// RemoveProviderCredentials takes the deployment's client at an EASIE provider
// away. That is refused while a connection that is switched on needs it.
func (s *Service) RemoveProviderCredentials(ctx context.Context, p identity.Provider) error {
	active := true
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		_, using, err := tx.Connections(store.ConnectionFilter{Provider: p, Active: &active}, store.Page{Limit: 1})
		if err != nil {
			return err
		}
		if using > 0 {
			return fault.New(fault.OAuthProviderInUse, "provider", string(p))
		}
		deleted, err := tx.DeleteProviderCredentials(p)
		if err == nil && !deleted {
			err = fault.New(fault.NotFound, "resource", "provider credentials")
		}
		if err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "provider_credentials.deleted", Subject: string(p)})
	})
}
