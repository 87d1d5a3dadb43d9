package manage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/saml"
	"usher/internal/store"
)

// learned is what a provider says about itself: SAML metadata or an OpenID
// discovery document.
type learned struct {
	raw      []byte
	meta     *saml.IDPMetadata // nil at OpenID Connect
	provider *oidc.Provider    // nil at SAML
	from     string            // the URL that it was fetched from; empty: it was given
}

// learnAbout fetches or reads what a change says about the provider; nil if it
// says nothing. Before is the connection as it stands.
func (s *Service) learnAbout(ctx context.Context, before identity.Connection, ch ConnectionChange) (*learned, error) {
	switch {
	case before.Config.SAML != nil:
		return s.learn(ctx, ch.SAML, before.Config.SAML.IDPEntityID)
	case before.Provider.IsOIDC():
		return s.discover(ctx, before.Provider, ch.OIDC)
	}
	return nil, nil
}

// learn fetches or reads the metadata that a change brings; nil if it brings
// none. It is parsed before the change is accepted: behaviours 1.5 and 1.6.
func (s *Service) learn(ctx context.Context, ch *SAMLChange, entityID string) (*learned, error) {
	switch {
	case ch == nil:
		return nil, nil
	case ch.IDPMetadata != nil && *ch.IDPMetadata != "":
		if len(*ch.IDPMetadata) > maxMetadata {
			return nil, fault.New(fault.FormParamTooLarge, "param_name", "idp_metadata")
		}
		return s.read([]byte(*ch.IDPMetadata), wantedEntity(ch, entityID))
	case ch.IDPMetadataURL != nil && *ch.IDPMetadataURL != "":
		return s.fetchMetadata(ctx, *ch.IDPMetadataURL, wantedEntity(ch, entityID))
	}
	return nil, nil
}

// wantedEntity names the provider to take from a document of several: the one
// that the change names, else the one that the connection has.
func wantedEntity(ch *SAMLChange, entityID string) string {
	if ch.IDPEntityID != nil {
		return *ch.IDPEntityID
	}
	return entityID
}

// metadataTypes are what a metadata URL is asked for: SAML metadata, appendix A.
const metadataTypes = "application/samlmetadata+xml, application/xml, text/xml"

func (s *Service) fetchMetadata(ctx context.Context, from, entityID string) (*learned, error) {
	body, _, err := s.Fetch.Fetch(ctx, from, metadataTypes, maxMetadata)
	if err != nil {
		return nil, fault.New(fault.SAMLFailedToFetchIDPMetadata).Because(err)
	}
	known, err := s.read(body, entityID)
	if err != nil {
		return nil, err
	}
	known.from = from
	return known, nil
}

// read parses a document. A connection whose provider changes its entity ID is
// another connection, but a document of one provider needs no name: the name is
// tried first, then none.
func (s *Service) read(raw []byte, entityID string) (*learned, error) {
	ids, err := saml.IDPEntityIDs(raw)
	if err != nil {
		return nil, err
	}
	switch len(ids) {
	case 0: // why there is none says more than which was not found
		entityID = ""
	case 1:
		entityID = ids[0]
	}
	meta, err := saml.ParseIDPMetadata(raw, entityID, s.Now())
	if err != nil {
		return nil, err
	}
	return &learned{raw: raw, meta: meta}, nil
}

// apply puts the metadata into the settings, over single values given beside it.
func (l *learned) apply(conf *identity.SAMLConfig, allowLoopback bool) error {
	endpoint, ok := l.meta.SSOEndpoint()
	if !ok {
		return fault.New(fault.SAMLMetadataMissingFields, "missing_fields", []string{"idp_sso_url"})
	}
	if err := saml.CheckSSOURL(endpoint.Location, allowLoopback); err != nil {
		return fault.New(fault.SAMLFailedToParseIDPMetadata, "reason", "of its single sign-on endpoint, "+err.Error()).Because(err)
	}
	conf.IDPEntityID = l.meta.EntityID
	conf.IDPSSOURL = endpoint.Location
	conf.IDPSSOBinding = ""
	if endpoint.Binding == saml.BindingPOST {
		conf.IDPSSOBinding = "post"
	}
	conf.IDPCertificates = nil
	for _, cert := range l.meta.Certificates {
		conf.IDPCertificates = append(conf.IDPCertificates, saml.EncodeCertificate(cert))
	}
	conf.WantSigned = l.meta.WantAuthnRequestsSigned
	conf.IDPMetadata = string(l.raw)
	return nil
}

// scheduleRefresh puts a connection whose metadata was just fetched on the list
// of those that are fetched again.
func (s *Service) scheduleRefresh(tx *store.Tx, id identity.ConnectionID, known *learned) error {
	if known == nil || known.from == "" {
		return nil
	}
	now := s.Now()
	return tx.PutMetadataState(identity.MetadataState{ConnectionID: id, FetchedAt: now, NextAt: now.Add(refreshSoon)})
}

const (
	// refreshBatch is how many metadata URLs one run fetches.
	refreshBatch = 20

	// refreshBackoff is the pause after a failure; it doubles, up to the interval.
	refreshBackoff = 5 * time.Minute

	// parked is when a connection without a metadata URL is looked at again; a URL
	// that is set brings it back at once.
	parked = 100 * 365 * 24 * time.Hour
)

// RefreshMetadata fetches the metadata that is due and takes over what it may. A
// failure keeps the last good set and is noted for the administrator.
func (s *Service) RefreshMetadata(ctx context.Context, interval time.Duration) (refreshed int, err error) {
	var due []identity.ConnectionID
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		due, err = tx.MetadataDue(s.Now(), refreshBatch)
		return err
	})
	for _, id := range due {
		if err := s.refresh(ctx, id, interval); err != nil {
			return refreshed, err
		}
		refreshed++
	}
	return refreshed, err
}

// source says how the document about a connection's provider is fetched again;
// nil if it has no URL.
func (s *Service) source(c identity.Connection) func(context.Context) (*learned, error) {
	switch {
	case c.Config.SAML != nil && c.Config.SAML.IDPMetadataURL != "":
		return func(ctx context.Context) (*learned, error) {
			return s.fetchMetadata(ctx, c.Config.SAML.IDPMetadataURL, c.Config.SAML.IDPEntityID)
		}
	case c.Config.OIDC != nil && c.Config.OIDC.DiscoveryURL != "":
		return func(ctx context.Context) (*learned, error) { return s.fetchDiscovery(ctx, c.Config.OIDC.DiscoveryURL) }
	}
	return nil
}

func (s *Service) refresh(ctx context.Context, id identity.ConnectionID, interval time.Duration) error {
	c, err := s.Connection(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	now := s.Now()
	refetch := s.source(c)
	if refetch == nil {
		return s.DB.Write(ctx, func(tx *store.Tx) error {
			return tx.PutMetadataState(identity.MetadataState{ConnectionID: id, NextAt: now.Add(parked)})
		})
	}
	known, fetchErr := refetch(ctx)
	judged := c.LiveRevisionID
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(id)
		if err != nil || c.LiveRevisionID != judged { // revised meanwhile: at the next run
			return store.Optional(err)
		}
		state, err := tx.MetadataState(id)
		if store.Optional(err) != nil {
			return err
		}
		state.ConnectionID = id
		trouble := fetchErr
		if trouble == nil {
			trouble, err = s.takeOver(tx, c, known)
			if err != nil {
				return err
			}
		}
		if trouble == nil {
			state.FetchedAt, state.NextAt, state.Failures, state.LastError = now, now.Add(interval), 0, ""
			return tx.PutMetadataState(state)
		}
		state.Failures++
		state.LastError = trouble.Error()
		state.NextAt = now.Add(min(interval, refreshBackoff<<min(state.Failures-1, 10)))
		return tx.PutMetadataState(state)
	})
}

// takeOver makes refreshed metadata live if it is the same provider that goes on:
// same entity ID, same SSO host, and a certificate in common. Anything else
// waits for an administrator (threat T-SAML-38); the trouble says why.
func (s *Service) takeOver(tx *store.Tx, c identity.Connection, known *learned) (trouble, err error) {
	if known.provider != nil {
		return s.takeOverDiscovery(tx, c, known)
	}
	conf := *c.Config.SAML
	if trouble := known.apply(&conf, s.AllowLoopback); trouble != nil {
		return trouble, nil
	}
	old := c.Config.SAML
	switch {
	case conf.IDPEntityID != old.IDPEntityID:
		return fmt.Errorf("the entity ID changed from %q to %q; not taken over", old.IDPEntityID, conf.IDPEntityID), nil
	case host(conf.IDPSSOURL) != host(old.IDPSSOURL):
		return fmt.Errorf("the SSO URL moved from %s to %s; not taken over", host(old.IDPSSOURL), host(conf.IDPSSOURL)), nil
	case !slices.ContainsFunc(conf.IDPCertificates, func(cert string) bool { return slices.Contains(old.IDPCertificates, cert) }):
		return errors.New("every certificate changed at once; not taken over"), nil
	}
	before := c.Config
	c.Config.SAML = &conf
	return nil, s.refreshed(tx, before, c)
}

// refreshed makes a refreshed configuration live where it is another one.
func (s *Service) refreshed(tx *store.Tx, before identity.ConnectionConfig, c identity.Connection) error {
	changed, err := s.reviseIfChanged(tx, before, c, identity.RevisionRefreshed)
	if err != nil || !changed {
		return err
	}
	return s.audit(tx, identity.AuditEntry{
		Action: "enterprise_connection.metadata.refreshed", Subject: string(c.ID), OrganizationID: c.OrganizationID,
	})
}

func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

func encodeConfig(c identity.ConnectionConfig) (string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("manage: encoding a configuration: %w", err)
	}
	return string(b), nil
}

// customKey is the form of a custom attribute's key: behaviour 1.68.
var customKey = regexp.MustCompile(`^[^_\s][A-Za-z0-9_-]*$`)

const maxCustomAttributes = 50 // of a connection; ours

func checkCustomAttributes(list []identity.CustomAttribute) error {
	if len(list) > maxCustomAttributes {
		return fault.New(fault.FormParamArraySize, "param_name", "custom_attributes", "max_items", maxCustomAttributes)
	}
	seen := map[string]bool{}
	for _, a := range list {
		switch {
		case a.Name == "":
			return fault.New(fault.FormParamMissing, "param_name", "custom_attributes.name")
		case len(a.Key) > 128 || !customKey.MatchString(a.Key):
			return fault.New(fault.FormParamFormatInvalid, "param_name", "custom_attributes.key")
		case seen[a.Key]:
			return fault.New(fault.FormParamDuplicate, "param_name", "custom_attributes.key")
		}
		seen[a.Key] = true
	}
	return nil
}
