package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"usher/internal/identity"
)

// connectionColumns, of connectionTables. Domains hold no spaces.
const (
	connectionColumns = `c.id, c.organization_id, c.name, c.provider, c.active, c.authenticatable,
		c.live_revision_id, c.tenant_id, c.created_at, c.updated_at, r.config,
		COALESCE((SELECT string_agg(d.domain, ' ' ORDER BY d.position)
			FROM connection_domains d WHERE d.connection_id = c.id), '')`
	connectionTables = `enterprise_connections c JOIN connection_revisions r ON r.id = c.live_revision_id`
)

func scanConnection(row scanner) (c identity.Connection, err error) {
	var domains string
	err = row.Scan(&c.ID, &c.OrganizationID, &c.Name, oneOf(&c.Provider, identity.Providers()...),
		&c.Active, &c.Authenticatable, &c.LiveRevisionID, &c.TenantID, (*milliseconds)(&c.CreatedAt),
		(*milliseconds)(&c.UpdatedAt), document{&c.Config}, &domains)
	for d := range strings.FieldsSeq(domains) {
		c.Domains = append(c.Domains, identity.Domain(d))
	}
	return c, err
}

// Connection returns a connection with its domains and its live configuration.
func (tx *Tx) Connection(id identity.ConnectionID) (identity.Connection, error) {
	return one(tx, scanConnection, `
		SELECT `+connectionColumns+` FROM `+connectionTables+` WHERE c.id = $1`, id)
}

// ConnectionFilter narrows a list of connections. Nil fields don't.
type ConnectionFilter struct {
	OrganizationID *identity.OrgID // pointing at "": those of the whole application
	Active         *bool
	Provider       identity.Provider // empty: any

	SAML               bool   // only those of that protocol
	Query              string // in the name
	OrganizationIDs    []identity.OrgID
	NotOrganizationIDs []identity.OrgID
	OrderBy            string // created_at, updated_at or name, with + or - before it; empty: -created_at
}

// Connections lists connections.
func (tx *Tx) Connections(f ConnectionFilter, p Page) ([]identity.Connection, int, error) {
	s := search{from: connectionTables, counted: "enterprise_connections c", table: "enterprise_connections"}
	if err := s.orderBy(f.OrderBy, "c.id", map[string]string{
		"created_at": "c.created_at", "updated_at": "c.updated_at", "name": "c.name",
	}); err != nil {
		return nil, 0, err
	}
	if f.SAML {
		s.and("c.provider LIKE 'saml!_%' ESCAPE '!'")
	}
	s.andMatches(f.Query, "lower(c.name) LIKE ?")
	andIn(&s, "c.organization_id IN (?)", f.OrganizationIDs)
	andIn(&s, "c.organization_id NOT IN (?)", f.NotOrganizationIDs)
	if f.OrganizationID != nil {
		s.and("c.organization_id = ?", *f.OrganizationID)
	}
	if f.Active != nil {
		s.and("c.active = ?", *f.Active)
	}
	if f.Provider != "" {
		s.and("c.provider = ?", f.Provider)
	}
	return find(tx, s, connectionColumns, scanConnection, p)
}

// ConnectionsByDomains returns every connection that lists one of the domains,
// the oldest first. To find those that serve a domain, give it and its parents.
func (tx *Tx) ConnectionsByDomains(domains []identity.Domain) ([]identity.Connection, error) {
	if len(domains) == 0 {
		return nil, nil
	}
	var s search
	andIn(&s, "domain IN (?)", domains)
	return all(tx, scanConnection, `
		SELECT `+connectionColumns+` FROM `+connectionTables+`
		WHERE c.id IN (SELECT connection_id FROM connection_domains`+s.conditions()+`)
		ORDER BY c.created_at, c.id`, s.args...)
}

// ConnectionsBelow returns every connection that lists a name below one of the
// domains, the oldest first. It reads all listed names: for administrators'
// changes, not for sign-ins.
func (tx *Tx) ConnectionsBelow(domains []identity.Domain) ([]identity.Connection, error) {
	if len(domains) == 0 {
		return nil, nil
	}
	var below search
	for _, d := range domains {
		// Not LIKE, whose wildcards a name may hold.
		suffix := "." + string(d)
		below.where = append(below.where, "substr(domain, length(domain) - "+strconv.Itoa(len(suffix)-1)+") = $"+strconv.Itoa(len(below.args)+1))
		below.args = append(below.args, suffix)
	}
	return list(tx, scanConnection, `
		SELECT `+connectionColumns+` FROM `+connectionTables+`
		WHERE c.id IN (SELECT connection_id FROM connection_domains WHERE `+strings.Join(below.where, " OR ")+`)
		ORDER BY c.created_at, c.id`, below.args...)
}

// InsertConnection adds a connection, its domains and, as number 1, the revision
// that c.LiveRevisionID names, with c.Config.
func (tx *Tx) InsertConnection(c identity.Connection) error {
	if c.LiveRevisionID == "" {
		return errors.New("store: a new connection needs the id of its first revision")
	}
	if _, err := tx.exec(`
		INSERT INTO enterprise_connections (id, organization_id, name, provider, active,
			authenticatable, live_revision_id, tenant_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		c.ID, c.OrganizationID, c.Name, c.Provider, c.Active,
		c.Authenticatable, c.LiveRevisionID, c.TenantID, ms(c.CreatedAt), ms(c.UpdatedAt)); err != nil {
		return err
	}
	if err := tx.insertConnectionDomains(c); err != nil {
		return err
	}
	return tx.insertRevision(identity.ConnectionRevision{
		ID: c.LiveRevisionID, ConnectionID: c.ID, Config: c.Config, Cause: identity.RevisionCreated, CreatedAt: c.CreatedAt,
	})
}

// UpdateConnection writes the part that stays while configurations change, and
// replaces the domains. Config and LiveRevisionID are left alone.
func (tx *Tx) UpdateConnection(c identity.Connection) error {
	if err := tx.execOne(`
		UPDATE enterprise_connections
		SET organization_id = $2, name = $3, provider = $4, active = $5, authenticatable = $6, tenant_id = $7, updated_at = $8
		WHERE id = $1`,
		c.ID, c.OrganizationID, c.Name, c.Provider, c.Active, c.Authenticatable, c.TenantID, ms(c.UpdatedAt)); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM connection_domains WHERE connection_id = $1`, c.ID); err != nil {
		return err
	}
	return tx.insertConnectionDomains(c)
}

// SwitchOffConnections switches off all connections of an organization.
func (tx *Tx) SwitchOffConnections(org identity.OrgID, now time.Time) error {
	_, err := tx.exec(`
		UPDATE enterprise_connections SET active = FALSE, updated_at = $2 WHERE organization_id = $1 AND active`, org, ms(now))
	return err
}

func (tx *Tx) insertConnectionDomains(c identity.Connection) error {
	for i, d := range c.Domains {
		if strings.Contains(string(d), " ") {
			return fmt.Errorf("store: %q is not a domain in its stored form", d)
		}
		if _, err := tx.exec(`
			INSERT INTO connection_domains (connection_id, domain, position) VALUES ($1, $2, $3)`,
			c.ID, d, i); err != nil {
			return err
		}
	}
	return nil
}

// BindTenant binds a connection to a tenant and reports whether it was bound to
// none before.
func (tx *Tx) BindTenant(id identity.ConnectionID, tenant string, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE enterprise_connections SET tenant_id = $2, updated_at = $3 WHERE id = $1 AND tenant_id = ''`,
		id, tenant, ms(now))
}

// DeleteConnection removes a connection with its revisions, keys and domains,
// and reports whether it was there. People's accounts at it stay, and keep the
// name of its provider; what the provider was asked with about them goes.
func (tx *Tx) DeleteConnection(id identity.ConnectionID) (bool, error) {
	if _, err := tx.exec(`
		UPDATE enterprise_accounts
		SET provider = (SELECT provider FROM enterprise_connections c WHERE c.id = enterprise_accounts.connection_id)
		WHERE connection_id = $1 AND EXISTS (SELECT 1 FROM enterprise_connections c WHERE c.id = $1)`, id); err != nil {
		return false, err
	}
	if _, err := tx.exec(`
		DELETE FROM account_tokens
		WHERE account_id IN (SELECT id FROM enterprise_accounts WHERE connection_id = $1)`, id); err != nil {
		return false, err
	}
	return tx.execChanged(`DELETE FROM enterprise_connections WHERE id = $1`, id)
}

const revisionColumns = `id, connection_id, number, config, cause, restored_from, actor_kind, actor_id,
	proved_by, proved_at, created_at`

func scanRevision(row scanner) (r identity.ConnectionRevision, err error) {
	err = row.Scan(&r.ID, &r.ConnectionID, &r.Number, document{&r.Config},
		oneOf(&r.Cause, "", identity.RevisionCreated, identity.RevisionChanged, identity.RevisionRefreshed,
			identity.RevisionPromoted, identity.RevisionRestored),
		&r.RestoredFrom, oneOf(&r.By.Kind, identity.ActorKinds()...), &r.By.ID,
		&r.Proof.TestRunID, (*milliseconds)(&r.Proof.At), (*milliseconds)(&r.CreatedAt))
	return r, err
}

// Revision returns one configuration of a connection, live or not.
func (tx *Tx) Revision(id identity.RevisionID) (identity.ConnectionRevision, error) {
	return one(tx, scanRevision, `SELECT `+revisionColumns+` FROM connection_revisions WHERE id = $1`, id)
}

// Revisions lists the configurations of a connection, the newest first.
func (tx *Tx) Revisions(id identity.ConnectionID) ([]identity.ConnectionRevision, error) {
	return all(tx, scanRevision, `
		SELECT `+revisionColumns+` FROM connection_revisions WHERE connection_id = $1 ORDER BY number DESC`, id)
}

// RevisionsPage is a page of Revisions, with how many there are in all.
func (tx *Tx) RevisionsPage(id identity.ConnectionID, p Page) ([]identity.ConnectionRevision, int, error) {
	s := search{from: "connection_revisions", order: "number DESC"}
	s.and("connection_id = ?", id)
	return find(tx, s, revisionColumns, scanRevision, p)
}

// InsertRevision adds a configuration under the next number, whatever r.Number
// says, and makes it the live one. Who acts is what identity.WithActor said.
func (tx *Tx) InsertRevision(r identity.ConnectionRevision) error {
	if err := tx.insertRevision(r); err != nil {
		return err
	}
	return tx.execOne(`
		UPDATE enterprise_connections SET live_revision_id = $2, updated_at = $3 WHERE id = $1`,
		r.ConnectionID, r.ID, ms(r.CreatedAt))
}

func (tx *Tx) insertRevision(r identity.ConnectionRevision) error {
	by := identity.ActorFrom(tx.ctx)
	_, err := tx.exec(`
		INSERT INTO connection_revisions (id, connection_id, number, config, cause, restored_from, actor_kind, actor_id,
			issuer, proved_by, proved_at, created_at)
		VALUES ($1, $2, (SELECT COALESCE(max(number), 0) + 1 FROM connection_revisions WHERE connection_id = $2), $3, $4, $5, $6, $7,
			$8, $9, $10, $11)`,
		r.ID, r.ConnectionID, document{r.Config}, r.Cause, r.RestoredFrom, by.Kind, by.ID,
		r.Config.Issuer(), r.Proof.TestRunID, ms(r.Proof.At), ms(r.CreatedAt))
	return err
}

// MetadataState returns how the refreshing of a connection's metadata goes.
func (tx *Tx) MetadataState(id identity.ConnectionID) (identity.MetadataState, error) {
	return one(tx, func(row scanner) (s identity.MetadataState, err error) {
		err = row.Scan(&s.ConnectionID, (*milliseconds)(&s.FetchedAt), (*milliseconds)(&s.NextAt),
			&s.Failures, &s.LastError)
		return s, err
	}, `
		SELECT connection_id, fetched_at, next_at, failures, last_error
		FROM connection_metadata WHERE connection_id = $1`, id)
}

// PutMetadataState writes it, whether or not there was one.
func (tx *Tx) PutMetadataState(s identity.MetadataState) error {
	_, err := tx.exec(`
		INSERT INTO connection_metadata (connection_id, fetched_at, next_at, failures, last_error)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (connection_id) DO UPDATE SET fetched_at = excluded.fetched_at,
			next_at = excluded.next_at, failures = excluded.failures, last_error = excluded.last_error`,
		s.ConnectionID, ms(s.FetchedAt), ms(s.NextAt), s.Failures, s.LastError)
	return err
}

// MetadataDue lists connections whose metadata is to be fetched now, the longest
// overdue first.
func (tx *Tx) MetadataDue(now time.Time, limit int) ([]identity.ConnectionID, error) {
	return all(tx, scanID[identity.ConnectionID], `
		SELECT connection_id FROM connection_metadata WHERE next_at <= $1 ORDER BY next_at LIMIT $2`,
		ms(now), limit)
}
