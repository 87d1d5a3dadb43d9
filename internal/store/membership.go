package store

import (
	"usher/internal/identity"
)

// Roles lists the roles, the oldest first.
func (tx *Tx) Roles() ([]identity.Role, error) {
	return all(tx, scanRole, `SELECT `+roleColumns+` FROM roles ORDER BY created_at, id`)
}

// RoleByKey returns the role that a key names.
func (tx *Tx) RoleByKey(key identity.RoleKey) (identity.Role, error) {
	return one(tx, scanRole, `SELECT `+roleColumns+` FROM roles WHERE key = $1`, key)
}

// RoleOf returns the role of a member of an organization; ErrNotFound also when
// the role is gone.
func (tx *Tx) RoleOf(org identity.OrgID, user identity.UserID) (identity.Role, error) {
	return one(tx, scanRole, `
		SELECT `+roleColumns+` FROM roles
		WHERE key = (SELECT role FROM memberships WHERE organization_id = $1 AND user_id = $2)`, org, user)
}

const roleColumns = `id, key, name, description, permissions, created_at, updated_at`

func scanRole(row scanner) (r identity.Role, err error) {
	err = row.Scan(&r.ID, &r.Key, &r.Name, &r.Description, document{&r.Permissions},
		(*milliseconds)(&r.CreatedAt), (*milliseconds)(&r.UpdatedAt))
	return r, err
}

// InsertRole adds a role. The error is ErrConflict when its key is taken.
func (tx *Tx) InsertRole(r identity.Role) error {
	_, err := tx.exec(`
		INSERT INTO roles (id, key, name, description, permissions, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.Key, r.Name, r.Description, document{r.Permissions}, ms(r.CreatedAt), ms(r.UpdatedAt))
	return err
}

const membershipColumns = `m.id, m.organization_id, m.user_id, m.role, m.connection_id,
	m.public_metadata, m.private_metadata, m.created_at, m.updated_at`

func scanMembership(row scanner) (m identity.Membership, err error) {
	err = row.Scan(&m.ID, &m.OrganizationID, &m.UserID, &m.Role, &m.ConnectionID,
		(*metadata)(&m.PublicMetadata), (*metadata)(&m.PrivateMetadata),
		(*milliseconds)(&m.CreatedAt), (*milliseconds)(&m.UpdatedAt))
	return m, err
}

// Membership returns a user's membership in an organization.
func (tx *Tx) Membership(org identity.OrgID, user identity.UserID) (identity.Membership, error) {
	return one(tx, scanMembership, `
		SELECT `+membershipColumns+` FROM memberships m WHERE m.organization_id = $1 AND m.user_id = $2`, org, user)
}

// MembershipFilter narrows a list of members; what is empty doesn't.
type MembershipFilter struct {
	UserIDs []identity.UserID
	Emails  []identity.Email // verified or not
	Roles   []identity.RoleKey
	Query   string // in the user's name, username or address, or the whole id
	OrderBy string // as for users, but that created_at is the membership's
}

// membershipTables are what members are listed from.
const membershipTables = `memberships m JOIN users u ON u.id = m.user_id` + primaryEmail

func membershipOrders() map[string]string {
	fields := userOrders()
	fields["created_at"], fields["updated_at"] = "m.created_at", "m.updated_at"
	return fields
}

// MembershipsOfOrganization lists the members of an organization. The error is
// ErrOrder for an order that there isn't.
func (tx *Tx) MembershipsOfOrganization(org identity.OrgID, f MembershipFilter, p Page) ([]identity.Membership, int, error) {
	s := search{from: membershipTables}
	s.and("m.organization_id = ?", org)
	andIn(&s, "m.user_id IN (?)", f.UserIDs)
	andIn(&s, "m.user_id IN (SELECT user_id FROM email_addresses WHERE address IN (?))", f.Emails)
	andIn(&s, "m.role IN (?)", f.Roles)
	s.andMatches(f.Query, userMatches()...)
	if err := s.orderBy(f.OrderBy, "m.id", membershipOrders()); err != nil {
		return nil, 0, err
	}
	return find(tx, s, membershipColumns, scanMembership, p)
}

// MembershipsOfUser lists the memberships of a user, the newest first.
func (tx *Tx) MembershipsOfUser(user identity.UserID, p Page) ([]identity.Membership, int, error) {
	s := search{from: "memberships m", order: "m.created_at DESC, m.id DESC", kept: true}
	s.and("m.user_id = ?", user)
	return find(tx, s, membershipColumns, scanMembership, p)
}

// AllMemberships lists the memberships of all organizations. The error is
// ErrOrder for an order that there isn't.
func (tx *Tx) AllMemberships(orderBy string, p Page) ([]identity.Membership, int, error) {
	s := search{from: membershipTables}
	if err := s.orderBy(orderBy, "m.id", membershipOrders()); err != nil {
		return nil, 0, err
	}
	return find(tx, s, membershipColumns, scanMembership, p)
}

// CountMembers counts the members of an organization.
func (tx *Tx) CountMembers(org identity.OrgID) (int, error) {
	return one(tx, scanInt, `SELECT count(*) FROM memberships WHERE organization_id = $1`, org)
}

// CountMembersWithPermission counts the members of an organization whose role
// allows something.
func (tx *Tx) CountMembersWithPermission(org identity.OrgID, p identity.Permission) (int, error) {
	roles, err := tx.Roles()
	if err != nil {
		return 0, err
	}
	total := 0
	for _, r := range roles {
		if !r.Allows(p) {
			continue
		}
		n, err := one(tx, scanInt, `
			SELECT count(*) FROM memberships WHERE organization_id = $1 AND role = $2`, org, r.Key)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// InsertMembership makes a user a member and reports whether they were none yet.
func (tx *Tx) InsertMembership(m identity.Membership) (fresh bool, err error) {
	return tx.execChanged(`
		INSERT INTO memberships (id, organization_id, user_id, role, connection_id,
			public_metadata, private_metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (organization_id, user_id) DO NOTHING`,
		m.ID, m.OrganizationID, m.UserID, m.Role, m.ConnectionID,
		metadata(m.PublicMetadata), metadata(m.PrivateMetadata), ms(m.CreatedAt), ms(m.UpdatedAt))
}

// UpdateMembership writes the role, the connection and the metadata of a member.
func (tx *Tx) UpdateMembership(m identity.Membership) error {
	return tx.execOne(`
		UPDATE memberships SET role = $3, connection_id = $4, public_metadata = $5,
			private_metadata = $6, updated_at = $7
		WHERE organization_id = $1 AND user_id = $2`,
		m.OrganizationID, m.UserID, m.Role, m.ConnectionID, metadata(m.PublicMetadata),
		metadata(m.PrivateMetadata), ms(m.UpdatedAt))
}

// DeleteMembership ends a membership and reports whether there was one.
func (tx *Tx) DeleteMembership(org identity.OrgID, user identity.UserID) (bool, error) {
	return tx.execChanged(`DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2`, org, user)
}
