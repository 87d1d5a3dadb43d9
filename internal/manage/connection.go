package manage

import (
	"context"
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/saml"
	"usher/internal/store"
)

// ConnectionChange is what a caller gave to create or change a connection. Nil
// leaves a setting as it is; at creation, as the default.
type ConnectionChange struct {
	Name                             *string
	Domains                          []string // empty: unchanged
	OrganizationID                   *string  // empty text: unchanged; a connection cannot be unlinked
	Active                           *bool
	Authenticatable                  *bool
	SyncUserAttributes               *bool
	DisableAdditionalIdentifications *bool
	AllowOrganizationAccountLinking  *bool
	DisableJITProvisioning           *bool
	CustomAttributes                 *[]identity.CustomAttribute
	TenantID                         *string // of an EASIE connection to Microsoft; empty text: none
	SAML                             *SAMLChange
	OIDC                             *OIDCChange
	KeepVerifiedDomains              bool // refuse what would end a Verified Domain

	By *SelfServe // who acts where it is no operator; nil: an operator
}

// SAMLChange is the part of a change that SAML connections have.
type SAMLChange struct {
	IDPEntityID       *string
	IDPSSOURL         *string
	IDPCertificates   []string // PEM or base64; empty: unchanged
	IDPMetadataURL    *string
	IDPMetadata       *string
	UserID            *string // the attribute mapping, field by field
	EmailAddress      *string
	FirstName         *string
	LastName          *string
	AllowSubdomains   *bool
	AllowIDPInitiated *bool
	ForceAuthn        *bool
	LoginHint         *identity.LoginHint
	ClockSkewSeconds  *int
	Legacy            *identity.LegacyException
}

const (
	maxConnectionName = 256     // characters; ours
	maxDomains        = 100     // of a connection; ours
	maxMetadata       = 5 << 20 // bytes: threat T-DOS-06
	maxClockSkew      = 600     // seconds: threat T-SAML-14
	spKeyLife         = 10 * 365 * 24 * time.Hour
)

// CreateConnection makes a connection, switched off unless the change switches
// it on.
func (s *Service) CreateConnection(ctx context.Context, p identity.Provider, ch ConnectionChange) (identity.Connection, error) {
	now := s.Now()
	c := identity.Connection{
		ID:              identity.NewID[identity.ConnectionID](now),
		Provider:        p,
		Authenticatable: true,
		LiveRevisionID:  identity.NewID[identity.RevisionID](now),
		CreatedAt:       now,
		UpdatedAt:       now,
		Config: identity.ConnectionConfig{
			SyncUserAttributes:               true,
			DisableAdditionalIdentifications: true,
		},
	}
	switch {
	case p.IsSAML():
		c.Config.SAML = &identity.SAMLConfig{}
	default:
		c.Config.OIDC = &identity.OIDCConfig{}
	}
	if err := s.refreshProofsOf(ctx, identity.Connection{}, ch); err != nil {
		return c, err
	}
	known, err := s.learnAbout(ctx, c, ch)
	if err != nil {
		return c, err
	}
	secret, err := s.apply(&c, ch, known)
	if err != nil {
		return c, err
	}
	var key *identity.ConnectionKey
	if p.IsSAML() {
		made, err := newConnectionKey(c.ID, now)
		if err != nil {
			return c, err
		}
		key = &made
	}
	var made identity.Connection
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.maySelfServe(tx, ch.By, identity.Connection{}, c); err != nil {
			return err
		}
		if err := s.admissible(tx, identity.Connection{}, c); err != nil {
			return err
		}
		if err := tx.InsertConnection(c); err != nil {
			return err
		}
		if err := insertSecret(tx, secret); err != nil {
			return err
		}
		if key != nil {
			if err := tx.InsertConnectionKey(*key); err != nil {
				return err
			}
		}
		if err := s.scheduleRefresh(tx, c.ID, known); err != nil {
			return err
		}
		if err := s.auditConnection(tx, "enterprise_connection.created", c); err != nil {
			return err
		}
		made, err = tx.Connection(c.ID)
		return err
	})
	return made, err
}

// insertSecret keeps the client secret that a change brought, if it brought one.
func insertSecret(tx *store.Tx, secret *identity.ClientSecret) error {
	if secret == nil {
		return nil
	}
	return tx.InsertClientSecret(*secret)
}

// ChangeConnection changes a connection. A changed configuration is a new
// revision, live at once.
func (s *Service) ChangeConnection(ctx context.Context, id identity.ConnectionID, ch ConnectionChange) (identity.Connection, error) {
	before, err := s.Connection(ctx, id)
	if err != nil {
		return before, err
	}
	if err := s.refreshProofsOf(ctx, before, ch); err != nil {
		return before, err
	}
	known, err := s.learnAbout(ctx, before, ch)
	if err != nil {
		return before, err
	}
	var after identity.Connection
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		was := c
		secret, err := s.apply(&c, ch, known)
		if err != nil {
			return err
		}
		if err := s.maySelfServe(tx, ch.By, was, c); err != nil {
			return err
		}
		if ch.KeepVerifiedDomains {
			d, err := s.judgeDomains(tx, was, c)
			if err == nil {
				err = d.Unconsented()
			}
			if err != nil {
				return err
			}
		}
		if err := s.admissible(tx, was, c); err != nil {
			return err
		}
		c.UpdatedAt = s.Now()
		if err := tx.UpdateConnection(c); err != nil {
			return err
		}
		if err := insertSecret(tx, secret); err != nil {
			return err
		}
		if _, err := s.reviseIfChanged(tx, was.Config, c, identity.RevisionChanged); err != nil {
			return err
		}
		if err := s.scheduleRefresh(tx, id, known); err != nil {
			return err
		}
		if after, err = tx.Connection(id); err != nil {
			return err
		}
		return s.auditConnection(tx, "enterprise_connection.updated", after)
	})
	return after, err
}

// auditConnection writes what became of a connection into the audit log: which
// configuration is live now, and whether it is in use.
func (s *Service) auditConnection(tx *store.Tx, action string, c identity.Connection) error {
	return s.audit(tx, identity.AuditEntry{
		Action: action, Subject: string(c.ID), OrganizationID: c.OrganizationID,
		Detail: map[string]string{"revision_id": string(c.LiveRevisionID), "active": strconv.FormatBool(c.Active)},
	})
}

// reviseIfChanged is revise where the configuration is another one than before; it
// reports whether it is.
func (s *Service) reviseIfChanged(tx *store.Tx, before identity.ConnectionConfig, c identity.Connection, cause identity.RevisionCause) (bool, error) {
	changed, err := differ(before, c.Config)
	if err != nil || !changed {
		return false, err
	}
	return true, s.revise(tx, c, cause)
}

// differ reports whether two configurations are not the same.
func differ(a, b identity.ConnectionConfig) (bool, error) {
	before, err := encodeConfig(a)
	if err != nil {
		return false, err
	}
	after, err := encodeConfig(b)
	return before != after, err
}

// revise makes the connection's configuration a new live revision.
func (s *Service) revise(tx *store.Tx, c identity.Connection, cause identity.RevisionCause) error {
	now := s.Now()
	return tx.InsertRevision(identity.ConnectionRevision{
		ID: identity.NewID[identity.RevisionID](now), ConnectionID: c.ID, Config: c.Config, Cause: cause, CreatedAt: now,
	})
}

// Connection reads a connection.
func (s *Service) Connection(ctx context.Context, id identity.ConnectionID) (c identity.Connection, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		c, err = s.connection(tx, id)
		return err
	})
	return c, err
}

func (s *Service) connection(tx *store.Tx, id identity.ConnectionID) (identity.Connection, error) {
	c, err := tx.Connection(id)
	return c, store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
}

// Connections lists connections, newest first.
func (s *Service) Connections(ctx context.Context, f store.ConnectionFilter, p store.Page) (list []identity.Connection, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, total, err = tx.Connections(f, p)
		return err
	})
	return list, total, err
}

// DeleteConnection removes a connection. People stay, with their accounts and
// sessions, and use another way in from now on.
func (s *Service) DeleteConnection(ctx context.Context, id identity.ConnectionID) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.DeleteConnection(id); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "enterprise_connection.deleted", Subject: string(id), OrganizationID: c.OrganizationID})
	})
}

// admissible asks policy whether the connection may have these domains and be
// active, and carries out what follows. Before is the zero connection at
// creation.
func (s *Service) admissible(tx *store.Tx, before, c identity.Connection) error {
	d, err := s.judgeDomains(tx, before, c)
	if err == nil {
		err = d.Denied
	}
	if err != nil {
		return err
	}
	for _, id := range d.DropVerifiedDomains {
		if err := s.dropOffers(tx, c.OrganizationID, id); err != nil {
			return err
		}
		if _, err := tx.DeleteOrganizationDomain(id); err != nil {
			return err
		}
		if err := s.audit(tx, identity.AuditEntry{Action: "organization_domain.deleted", Subject: string(id), OrganizationID: c.OrganizationID}); err != nil {
			return err
		}
	}
	return nil
}

// judgeDomains is admissible without the consequences.
func (s *Service) judgeDomains(tx *store.Tx, before, c identity.Connection) (policy.ConnectionDomainDecision, error) {
	var none policy.ConnectionDomainDecision
	if c.Active {
		if err := mayBeActive(tx, c); err != nil {
			return none, err
		}
	}
	facts := policy.ConnectionDomainFacts{Connection: c, Before: before, Disposable: s.disposable()}
	if c.OrganizationID != "" {
		if _, err := tx.Organization(c.OrganizationID); err != nil {
			return none, store.Missing(err, fault.New(fault.OrganizationNotFound))
		}
		var err error
		if facts.Listed, err = tx.OrganizationDomains(c.OrganizationID); err != nil {
			return none, err
		}
	}
	var err error
	if facts.Others, err = tx.ConnectionsByDomains(neighbours(c)); err != nil {
		return none, err
	}
	if c.Config.AllowSubdomains {
		below, err := tx.ConnectionsBelow(c.Domains)
		if err != nil {
			return none, err
		}
		facts.Others = append(facts.Others, below...)
	}
	return policy.ConnectionDomains(facts), nil
}

// mayBeActive asks policy whether a connection has all that it needs.
func mayBeActive(tx *store.Tx, c identity.Connection) error {
	facts := policy.ActivateFacts{Connection: c}
	if c.Provider.IsEASIE() {
		_, err := tx.ProviderCredentials(c.Provider)
		if store.Optional(err) != nil {
			return err
		}
		facts.Credentials = err == nil
	}
	return policy.Activate(facts).Denied
}

// neighbours are the names under which a connection that could be in the way is
// listed: the connection's own domains, and all above them.
func neighbours(c identity.Connection) []identity.Domain {
	var list []identity.Domain
	for _, d := range c.Domains {
		list = append(list, d.Candidates()...)
	}
	return list
}

// apply puts a change into a connection, and returns the client secret that it
// brings; nil if none. All mistakes are reported.
func (s *Service) apply(c *identity.Connection, ch ConnectionChange, known *learned) (secret *identity.ClientSecret, err error) {
	var errs []error
	if ch.Name != nil {
		c.Name = strings.TrimSpace(*ch.Name)
	}
	switch n := utf8.RuneCountInString(c.Name); {
	case n == 0:
		errs = append(errs, fault.New(fault.FormParamMissing, "param_name", "name"))
	case n > maxConnectionName:
		errs = append(errs, fault.New(fault.FormParamMaxLength, "param_name", "name", "max_length", maxConnectionName))
	}
	if len(ch.Domains) > 0 {
		var err error
		c.Domains, err = parseDomains(ch.Domains)
		errs = append(errs, err)
	} else if len(c.Domains) == 0 {
		errs = append(errs, fault.New(fault.FormParamMissing, "param_name", "domains"))
	}
	if ch.OrganizationID != nil && *ch.OrganizationID != "" {
		org, err := identity.ParseID[identity.OrgID](*ch.OrganizationID)
		if err != nil {
			err = fault.New(fault.OrganizationNotFound)
		}
		c.OrganizationID = org
		errs = append(errs, err)
	}
	set(&c.Active, ch.Active)
	set(&c.Authenticatable, ch.Authenticatable)
	set(&c.Config.SyncUserAttributes, ch.SyncUserAttributes)
	set(&c.Config.DisableAdditionalIdentifications, ch.DisableAdditionalIdentifications)
	set(&c.Config.AllowOrganizationAccountLinking, ch.AllowOrganizationAccountLinking)
	set(&c.Config.DisableJITProvisioning, ch.DisableJITProvisioning)
	if ch.CustomAttributes != nil {
		errs = append(errs, checkCustomAttributes(*ch.CustomAttributes))
		c.Config.CustomAttributes = *ch.CustomAttributes
	}
	switch {
	case ch.SAML != nil && c.Config.SAML != nil:
		errs = append(errs, s.applySAML(c, *ch.SAML, known))
	case ch.OIDC != nil && c.Provider.IsOIDC():
		secret, err = s.applyOIDC(c, *ch.OIDC, known)
		errs = append(errs, err)
	case c.Provider.IsEASIE():
		errs = append(errs, applyEASIE(c, ch))
	}
	return secret, fault.Join(errs...)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func parseDomains(names []string) ([]identity.Domain, error) {
	if len(names) > maxDomains {
		return nil, fault.New(fault.FormParamArraySize, "param_name", "domains", "max_items", maxDomains)
	}
	var list []identity.Domain
	seen := map[identity.Domain]bool{}
	for _, name := range names {
		d, err := identity.ParseDomain(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if !seen[d] {
			list = append(list, d)
		}
		seen[d] = true
	}
	return list, nil
}

// applySAML puts the SAML part of a change into a copy of the configuration:
// revisions are immutable.
func (s *Service) applySAML(c *identity.Connection, ch SAMLChange, known *learned) error {
	conf := *c.Config.SAML
	c.Config.SAML = &conf
	var errs []error
	set(&conf.IDPEntityID, ch.IDPEntityID)
	if ch.IDPSSOURL != nil {
		conf.IDPSSOURL, conf.IDPSSOBinding = *ch.IDPSSOURL, ""
		if *ch.IDPSSOURL != "" {
			errs = append(errs, s.checkSSOURL(*ch.IDPSSOURL))
		}
	}
	if len(ch.IDPCertificates) > 0 {
		certs, err := encodeCertificates(ch.IDPCertificates)
		errs = append(errs, err)
		conf.IDPCertificates = certs
	}
	// What an administrator sets by hand stays: the URL would bring a certificate
	// back that was taken away.
	if conf.IDPMetadataURL != "" && (ch.IDPEntityID != nil || ch.IDPSSOURL != nil || len(ch.IDPCertificates) > 0) {
		conf.IDPMetadataURL = ""
	}
	set(&conf.IDPMetadataURL, ch.IDPMetadataURL)
	if known != nil {
		errs = append(errs, known.apply(&conf, s.AllowLoopback))
	}
	set(&conf.Mapping.UserID, ch.UserID)
	set(&conf.Mapping.EmailAddress, ch.EmailAddress)
	set(&conf.Mapping.FirstName, ch.FirstName)
	set(&conf.Mapping.LastName, ch.LastName)
	set(&c.Config.AllowSubdomains, ch.AllowSubdomains)
	set(&conf.AllowIDPInitiated, ch.AllowIDPInitiated)
	set(&conf.ForceAuthn, ch.ForceAuthn)
	set(&conf.LoginHint, ch.LoginHint)
	set(&conf.ClockSkewSeconds, ch.ClockSkewSeconds)
	set(&conf.Legacy, ch.Legacy)
	errs = append(errs, checkClockSkew(conf.ClockSkewSeconds), checkLoginHint(conf.LoginHint))
	return fault.Join(errs...)
}

// checkSSOURL says which parameter a URL came in that can't be a provider's.
func (s *Service) checkSSOURL(raw string) error {
	if err := saml.CheckSSOURL(raw, s.AllowLoopback); err != nil {
		return fault.New(fault.FormParamFormatInvalid, "param_name", "idp_sso_url").Detail("reason", err.Error()).Because(err)
	}
	return nil
}

func checkLoginHint(h identity.LoginHint) error {
	switch h.Mode {
	case "", identity.HintOff, identity.HintEmailAddress:
		return nil
	case identity.HintCustomAttribute:
		if h.Source == "" {
			return fault.New(fault.FormParamMissing, "param_name", "login_hint.source")
		}
		return nil
	default:
		return fault.New(fault.FormParamValueInvalid, "param_name", "login_hint.mode")
	}
}

func encodeCertificates(texts []string) ([]string, error) {
	var list []string
	for _, text := range texts {
		cert, err := saml.ParseCertificate(text)
		if err != nil {
			return nil, fault.New(fault.FormParamFormatInvalid, "param_name", "idp_certificate").Detail("reason", err.Error()).Because(err)
		}
		list = append(list, saml.EncodeCertificate(cert))
	}
	return list, nil
}

// newConnectionKey makes our key pair of a connection.
func newConnectionKey(id identity.ConnectionID, now time.Time) (identity.ConnectionKey, error) {
	private, der, err := saml.NewSPKey(now, string(id), spKeyLife)
	if err != nil {
		return identity.ConnectionKey{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return identity.ConnectionKey{}, fmt.Errorf("manage: reading a certificate back: %w", err)
	}
	return identity.ConnectionKey{
		ID:           identity.NewID[identity.KeyID](now),
		ConnectionID: id,
		Certificate:  saml.EncodeCertificate(cert),
		PrivateKey:   private,
		CreatedAt:    now,
	}, nil
}
