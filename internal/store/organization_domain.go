package store

import (
	"strings"
	"time"

	"usher/internal/identity"
)

const organizationDomainColumns = `d.id, d.organization_id, d.name, d.enrollment_mode, d.verified,
	d.affiliation_email, d.affiliation_strategy, d.affiliation_code_hash, d.affiliation_code_tries,
	d.affiliation_code_sent_at, d.affiliation_code_expires_at, d.affiliation_verified_at,
	d.ownership_strategy, d.ownership_value, d.ownership_attempts, d.ownership_expires_at, d.ownership_verified_at,
	d.ownership_seen_at, d.ownership_missing_since, d.ownership_next_at, d.created_at, d.updated_at`

func scanOrganizationDomain(row scanner) (d identity.OrganizationDomain, err error) {
	a, o := &d.Affiliation, &d.Ownership
	err = row.Scan(&d.ID, &d.OrganizationID, &d.Name, oneOf(&d.EnrollmentMode, identity.EnrollmentModes()...), &d.Verified,
		&a.Email, &a.Strategy, &a.Code.Hash, &a.Code.Tries,
		(*milliseconds)(&a.Code.SentAt), (*milliseconds)(&a.Code.ExpiresAt), (*milliseconds)(&a.VerifiedAt),
		oneOf(&o.Strategy, "", identity.OwnershipTXT, identity.OwnershipManual, identity.OwnershipParent, identity.OwnershipLegacy),
		&o.Value, &o.Attempts, (*milliseconds)(&o.ExpiresAt), (*milliseconds)(&o.VerifiedAt),
		(*milliseconds)(&o.SeenAt), (*milliseconds)(&o.MissingSince), (*milliseconds)(&o.NextAt),
		(*milliseconds)(&d.CreatedAt), (*milliseconds)(&d.UpdatedAt))
	return d, err
}

// OrganizationDomain returns a domain of an organization by its id.
func (tx *Tx) OrganizationDomain(org identity.OrgID, id identity.DomainID) (identity.OrganizationDomain, error) {
	return one(tx, scanOrganizationDomain, `
		SELECT `+organizationDomainColumns+` FROM organization_domains d WHERE d.id = $1 AND d.organization_id = $2`, id, org)
}

// OrganizationDomains lists the domains of an organization, the oldest first.
func (tx *Tx) OrganizationDomains(org identity.OrgID) ([]identity.OrganizationDomain, error) {
	return all(tx, scanOrganizationDomain, `
		SELECT `+organizationDomainColumns+` FROM organization_domains d
		WHERE d.organization_id = $1 ORDER BY d.created_at, d.id`, org)
}

// DomainsNamed lists the domains of a name, whoever lists it.
func (tx *Tx) DomainsNamed(name identity.Domain) ([]identity.OrganizationDomain, error) {
	return all(tx, scanOrganizationDomain, `
		SELECT `+organizationDomainColumns+` FROM organization_domains d WHERE d.name = $1 ORDER BY d.created_at, d.id`, name)
}

// VerifiedDomain returns the one verified domain of a name, and so its owner.
func (tx *Tx) VerifiedDomain(name identity.Domain) (identity.OrganizationDomain, error) {
	return one(tx, scanOrganizationDomain, `
		SELECT `+organizationDomainColumns+` FROM organization_domains d WHERE d.name = $1 AND d.verified`, name)
}

// OrganizationDomainByName returns a domain of an organization.
func (tx *Tx) OrganizationDomainByName(org identity.OrgID, name identity.Domain) (identity.OrganizationDomain, error) {
	return one(tx, scanOrganizationDomain, `
		SELECT `+organizationDomainColumns+` FROM organization_domains d
		WHERE d.organization_id = $1 AND d.name = $2`, org, name)
}

// OrganizationDomainFilter narrows a list of domains; what is empty doesn't.
type OrganizationDomainFilter struct {
	OrganizationID identity.OrgID
	Verified       *bool // affiliation proved
	Modes          []identity.EnrollmentMode
	ExceptModes    []identity.EnrollmentMode
	Names          []identity.Domain
	Query          string // in the name, or the whole id of an organization
	OrderBy        string // name or created_at with + or - before it; empty: -created_at
}

// FindOrganizationDomains lists domains. The error is ErrOrder for an order that
// there isn't.
func (tx *Tx) FindOrganizationDomains(f OrganizationDomainFilter, p Page) ([]identity.OrganizationDomain, int, error) {
	s := search{from: "organization_domains d", table: "organization_domains"}
	if f.OrganizationID != "" {
		s.and("d.organization_id = ?", f.OrganizationID)
	}
	if f.Verified != nil {
		s.and("d.verified = ?", *f.Verified)
	}
	andIn(&s, "d.enrollment_mode IN (?)", f.Modes)
	andIn(&s, "d.enrollment_mode NOT IN (?)", f.ExceptModes)
	andIn(&s, "d.name IN (?)", f.Names)
	if strings.HasPrefix(f.Query, "org_") {
		s.and("d.organization_id = ?", f.Query)
	} else {
		s.andMatches(f.Query, "d.name LIKE ?")
	}
	if err := s.orderBy(f.OrderBy, "d.id", map[string]string{"name": "d.name", "created_at": "d.created_at"}); err != nil {
		return nil, 0, err
	}
	return find(tx, s, organizationDomainColumns, scanOrganizationDomain, p)
}

// CountOrganizationDomains counts the domains that an organization lists.
func (tx *Tx) CountOrganizationDomains(org identity.OrgID) (int, error) {
	return one(tx, scanInt, `SELECT count(*) FROM organization_domains WHERE organization_id = $1`, org)
}

// OwnershipDue lists the domains whose record is to be looked for again by now,
// the longest due first.
func (tx *Tx) OwnershipDue(now time.Time, limit int) ([]identity.OrganizationDomain, error) {
	return all(tx, scanOrganizationDomain, `
		SELECT `+organizationDomainColumns+` FROM organization_domains d
		WHERE d.ownership_next_at > 0 AND d.ownership_next_at <= $1
		ORDER BY d.ownership_next_at LIMIT $2`, ms(now), limit)
}

// InsertOrganizationDomain adds a domain. The error is ErrConflict when the
// organization lists it already, or it is claimed and belongs to another.
func (tx *Tx) InsertOrganizationDomain(d identity.OrganizationDomain) error {
	a, o := d.Affiliation, d.Ownership
	_, err := tx.exec(`
		INSERT INTO organization_domains (id, organization_id, name, enrollment_mode, verified,
			affiliation_email, affiliation_strategy, affiliation_code_hash, affiliation_code_tries,
			affiliation_code_sent_at, affiliation_code_expires_at, affiliation_verified_at,
			ownership_strategy, ownership_value, ownership_attempts, ownership_expires_at, ownership_verified_at,
			ownership_seen_at, ownership_missing_since, ownership_next_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		d.ID, d.OrganizationID, d.Name, d.EnrollmentMode, d.Verified,
		a.Email, a.Strategy, a.Code.Hash, a.Code.Tries, ms(a.Code.SentAt), ms(a.Code.ExpiresAt), ms(a.VerifiedAt),
		o.Strategy, o.Value, o.Attempts, ms(o.ExpiresAt), ms(o.VerifiedAt), ms(o.SeenAt), ms(o.MissingSince), ms(o.NextAt),
		ms(d.CreatedAt), ms(d.UpdatedAt))
	if err != nil {
		return err
	}
	return tx.Record(identity.Event{Type: identity.DomainCreated, Subject: string(d.ID), OrganizationID: d.OrganizationID})
}

// UpdateOrganizationDomain writes the mode and the proofs of a domain. The error
// is ErrConflict when another organization has claimed the name.
func (tx *Tx) UpdateOrganizationDomain(d identity.OrganizationDomain) error {
	if err := tx.recordDomain(d); err != nil {
		return err
	}
	a, o := d.Affiliation, d.Ownership
	return tx.execOne(`
		UPDATE organization_domains SET enrollment_mode = $2, verified = $3,
			affiliation_email = $4, affiliation_strategy = $5, affiliation_code_hash = $6, affiliation_code_tries = $7,
			affiliation_code_sent_at = $8, affiliation_code_expires_at = $9, affiliation_verified_at = $10,
			ownership_strategy = $11, ownership_value = $12, ownership_attempts = $13, ownership_expires_at = $14,
			ownership_verified_at = $15, ownership_seen_at = $16, ownership_missing_since = $17, ownership_next_at = $18,
			updated_at = $19
		WHERE id = $1`,
		d.ID, d.EnrollmentMode, d.Verified,
		a.Email, a.Strategy, a.Code.Hash, a.Code.Tries, ms(a.Code.SentAt), ms(a.Code.ExpiresAt), ms(a.VerifiedAt),
		o.Strategy, o.Value, o.Attempts, ms(o.ExpiresAt), ms(o.VerifiedAt), ms(o.SeenAt), ms(o.MissingSince), ms(o.NextAt),
		ms(d.UpdatedAt))
}

// recordDomain tells of a change of a domain's mode or of what is proved about it.
// Another look at its record, or another try, is no news.
func (tx *Tx) recordDomain(d identity.OrganizationDomain) error {
	before, err := tx.OrganizationDomain(d.OrganizationID, d.ID)
	if err != nil {
		return err
	}
	if before.EnrollmentMode == d.EnrollmentMode && before.Verified == d.Verified && before.Ownership.Verified() == d.Ownership.Verified() {
		return nil
	}
	return tx.Record(identity.Event{Type: identity.DomainUpdated, Subject: string(d.ID), OrganizationID: d.OrganizationID})
}

// DeleteOrganizationDomain removes a domain and reports whether it was there.
func (tx *Tx) DeleteOrganizationDomain(id identity.DomainID) (bool, error) {
	if err := tx.Record(identity.Event{Type: identity.DomainDeleted, Subject: string(id)}); err != nil {
		return false, err
	}
	return tx.execChanged(`DELETE FROM organization_domains WHERE id = $1`, id)
}
