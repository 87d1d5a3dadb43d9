package store

import (
	"time"

	"usher/internal/identity"
)

const organizationColumns = `o.id, o.name, o.slug, o.max_allowed_memberships, o.admin_delete_enabled,
	o.exclusive_membership, o.self_serve_sso_enabled, o.role_set_id, o.logo_id, o.public_metadata,
	o.private_metadata, o.created_by, o.created_at, o.updated_at`

func scanOrganization(row scanner) (o identity.Organization, err error) {
	err = row.Scan(&o.ID, &o.Name, (*optional)(&o.Slug), &o.MaxAllowedMemberships, &o.AdminDeleteEnabled,
		&o.ExclusiveMembership, &o.SelfServeSSOEnabled, &o.RoleSetID, &o.LogoID, (*metadata)(&o.PublicMetadata),
		(*metadata)(&o.PrivateMetadata), &o.CreatedBy, (*milliseconds)(&o.CreatedAt), (*milliseconds)(&o.UpdatedAt))
	return o, err
}

// Organization returns an organization.
func (tx *Tx) Organization(id identity.OrgID) (identity.Organization, error) {
	return one(tx, scanOrganization, `SELECT `+organizationColumns+` FROM organizations o WHERE o.id = $1`, id)
}

// OrganizationBySlug returns the organization with a slug.
func (tx *Tx) OrganizationBySlug(slug string) (identity.Organization, error) {
	return one(tx, scanOrganization, `SELECT `+organizationColumns+` FROM organizations o WHERE o.slug = $1`, slug)
}

// OrganizationFilter narrows a list of organizations; what is empty doesn't.
type OrganizationFilter struct {
	IDs        []identity.OrgID
	NotIDs     []identity.OrgID
	UserIDs    []identity.UserID // with one of them as a member
	NotUserIDs []identity.UserID // with none of them as a member
	Query      string            // in the name or the slug, or the whole id
	OrderBy    string            // name, created_at or members_count with + or - before it; empty: -created_at
}

// Organizations lists organizations. The error is ErrOrder for an order that
// there isn't.
func (tx *Tx) Organizations(f OrganizationFilter, p Page) ([]identity.Organization, int, error) {
	s := search{from: "organizations o", table: "organizations"}
	andIn(&s, "o.id IN (?)", f.IDs)
	andIn(&s, "o.id NOT IN (?)", f.NotIDs)
	andIn(&s, "o.id IN (SELECT organization_id FROM memberships WHERE user_id IN (?))", f.UserIDs)
	andIn(&s, "o.id NOT IN (SELECT organization_id FROM memberships WHERE user_id IN (?))", f.NotUserIDs)
	s.andMatches(f.Query, "lower(o.name) LIKE ?", "lower(o.slug) LIKE ?", "o.id = ?")
	if err := s.narrow(tx, f.Query, "o.id", []textIndex{organizationTexts()}, "SELECT id FROM organizations WHERE id = ?"); err != nil {
		return nil, 0, err
	}
	if err := s.orderBy(f.OrderBy, "o.id", map[string]string{
		"name":          "o.name",
		"created_at":    "o.created_at",
		"members_count": "(SELECT count(*) FROM memberships m WHERE m.organization_id = o.id)",
	}); err != nil {
		return nil, 0, err
	}
	return find(tx, s, organizationColumns, scanOrganization, p)
}

// InsertOrganization adds an organization. Without a role set it gets the initial
// one. The error is ErrConflict when the slug is taken.
func (tx *Tx) InsertOrganization(o identity.Organization) error {
	_, err := tx.exec(`
		INSERT INTO organizations (id, name, slug, max_allowed_memberships, admin_delete_enabled,
			exclusive_membership, self_serve_sso_enabled, public_metadata, private_metadata,
			created_by, created_at, updated_at, logo_id, role_set_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
			COALESCE(NULLIF($14, ''), (SELECT id FROM role_sets WHERE type = 'initial'), ''))`,
		o.ID, o.Name, optional(o.Slug), o.MaxAllowedMemberships, o.AdminDeleteEnabled,
		o.ExclusiveMembership, o.SelfServeSSOEnabled, metadata(o.PublicMetadata), metadata(o.PrivateMetadata),
		o.CreatedBy, ms(o.CreatedAt), ms(o.UpdatedAt), o.LogoID, o.RoleSetID)
	if err != nil {
		return err
	}
	return tx.recordOrganization(identity.OrganizationCreated, o.ID)
}

// UpdateOrganization writes all of an organization but who made it.
func (tx *Tx) UpdateOrganization(o identity.Organization) error {
	if err := tx.execOne(`
		UPDATE organizations SET name = $2, slug = $3, max_allowed_memberships = $4,
			admin_delete_enabled = $5, exclusive_membership = $6, self_serve_sso_enabled = $7,
			public_metadata = $8, private_metadata = $9, updated_at = $10, role_set_id = $11,
			logo_id = $12, created_at = $13
		WHERE id = $1`,
		o.ID, o.Name, optional(o.Slug), o.MaxAllowedMemberships,
		o.AdminDeleteEnabled, o.ExclusiveMembership, o.SelfServeSSOEnabled,
		metadata(o.PublicMetadata), metadata(o.PrivateMetadata), ms(o.UpdatedAt), o.RoleSetID, o.LogoID, ms(o.CreatedAt)); err != nil {
		return err
	}
	return tx.recordOrganization(identity.OrganizationUpdated, o.ID)
}

// CountOrganizationsMadeBy counts the organizations that a user has made and that
// are there still.
func (tx *Tx) CountOrganizationsMadeBy(id identity.UserID) (int, error) {
	return one(tx, scanInt, `SELECT count(*) FROM organizations WHERE created_by = $1`, id)
}

// OrganizationsOfRoleSet lists organizations with a role set in the order of
// their ids, after one of them.
func (tx *Tx) OrganizationsOfRoleSet(set identity.RoleSetID, after identity.OrgID, limit int) ([]identity.OrgID, error) {
	return all(tx, scanID[identity.OrgID], `
		SELECT id FROM organizations WHERE role_set_id = $1 AND id > $2 ORDER BY id LIMIT $3`, set, after, limit)
}

// MoveToRoleSet gives an organization another role set and leaves its members'
// roles as they are.
func (tx *Tx) MoveToRoleSet(id identity.OrgID, set identity.RoleSetID, now time.Time) error {
	if err := tx.execOne(`UPDATE organizations SET role_set_id = $2, updated_at = $3 WHERE id = $1`, id, set, ms(now)); err != nil {
		return err
	}
	return tx.recordOrganization(identity.OrganizationUpdated, id)
}

// DeselectOrganization makes an organization the active one of none of its
// members' sessions.
func (tx *Tx) DeselectOrganization(id identity.OrgID, now time.Time) error {
	_, err := tx.exec(`
		UPDATE sessions SET last_active_organization_id = '', updated_at = $2
		WHERE last_active_organization_id = $1
			AND user_id IN (SELECT user_id FROM memberships WHERE organization_id = $1)`, id, ms(now))
	return err
}

// DeleteOrganization removes an organization with its memberships and domains,
// and reports whether it was there. Its connections stay.
func (tx *Tx) DeleteOrganization(id identity.OrgID) (bool, error) {
	if err := tx.recordOrganization(identity.OrganizationDeleted, id); err != nil {
		return false, err
	}
	return tx.execChanged(`DELETE FROM organizations WHERE id = $1`, id)
}
