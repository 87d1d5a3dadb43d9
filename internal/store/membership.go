package store

import (
	"time"

	"usher/internal/identity"
)

// A member's role is stored by its id and read by its key. A key that no role
// has is kept as it is; it allows nothing.
const membershipColumns = `m.id, m.organization_id, m.user_id,
	COALESCE((SELECT r.key FROM roles r WHERE r.id = m.role_id), m.role_id), m.connection_id,
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
	UserIDs    []identity.UserID
	NotUserIDs []identity.UserID
	Emails     []identity.Email // verified or not
	Usernames  []string
	Roles      []identity.RoleKey
	Nobody     bool   // something was asked for that no user has
	Query      string // in the user's name, username or address, or the whole id

	EmailQuery    string // in an address
	UsernameQuery string
	NameQuery     string

	// Of the user, not of the membership. Zero: not asked.
	ActiveBefore, ActiveAfter   time.Time
	CreatedBefore, CreatedAfter time.Time

	OrderBy string // as for users, but that created_at is the membership's
}

// membershipTables are what members are listed from.
const membershipTables = `memberships m JOIN users u ON u.id = m.user_id` + primaryEmail

func membershipOrders() map[string]string {
	fields := userOrders()
	fields["created_at"], fields["updated_at"] = "m.created_at", "m.updated_at"
	fields["phone_number"] = "m.id" // nobody has one
	return fields
}

// MembershipsOfOrganization lists the members of an organization. The error is
// ErrOrder for an order that there isn't.
func (tx *Tx) MembershipsOfOrganization(org identity.OrgID, f MembershipFilter, p Page) ([]identity.Membership, int, error) {
	s := search{from: membershipTables}
	if !f.asksUser() {
		s.counted = "memberships m"
	}
	s.and("m.organization_id = ?", org)
	f.narrow(&s)
	if err := s.orderBy(f.OrderBy, "m.id", membershipOrders()); err != nil {
		return nil, 0, err
	}
	return find(tx, s, membershipColumns, scanMembership, p)
}

// asksUser reports whether the filter looks at more than the membership.
func (f MembershipFilter) asksUser() bool {
	texts := f.Query + f.EmailQuery + f.UsernameQuery + f.NameQuery
	return texts != "" || len(f.Usernames) > 0 ||
		!f.ActiveBefore.IsZero() || !f.ActiveAfter.IsZero() || !f.CreatedBefore.IsZero() || !f.CreatedAfter.IsZero()
}

func (f MembershipFilter) narrow(s *search) {
	andIn(s, "m.user_id IN (?)", f.UserIDs)
	andIn(s, "m.user_id NOT IN (?)", f.NotUserIDs)
	andIn(s, "m.user_id IN (SELECT user_id FROM email_addresses WHERE address IN (?))", f.Emails)
	andIn(s, "u.username IN (?)", f.Usernames)
	andIn(s, "m.role_id IN (SELECT id FROM roles WHERE key IN (?))", f.Roles)
	if f.Nobody {
		s.and("1 = 0")
	}
	s.andMatches(f.Query, userMatches()...)
	s.andMatches(f.EmailQuery, addressMatches)
	s.andMatches(f.UsernameQuery, "lower(u.username) LIKE ?")
	s.andMatches(f.NameQuery, "lower(u.first_name || ' ' || u.last_name) LIKE ?")
	for condition, t := range map[string]time.Time{
		"u.last_active_at < ?": f.ActiveBefore, "u.last_active_at > ?": f.ActiveAfter,
		"u.created_at < ?": f.CreatedBefore, "u.created_at > ?": f.CreatedAfter,
	} {
		if !t.IsZero() {
			s.and(condition, ms(t))
		}
	}
}

// MembershipsOfUser lists the memberships of a user, the newest first.
func (tx *Tx) MembershipsOfUser(user identity.UserID, p Page) ([]identity.Membership, int, error) {
	s := search{from: "memberships m", order: "m.created_at DESC, m.id DESC", kept: true}
	s.and("m.user_id = ?", user)
	return find(tx, s, membershipColumns, scanMembership, p)
}

// OtherOrganizations counts the organizations that a user belongs to besides one,
// and reports whether one of them allows no other.
func (tx *Tx) OtherOrganizations(user identity.UserID, besides identity.OrgID) (n int, exclusive bool, err error) {
	type found struct{ all, exclusive int }
	f, err := one(tx, func(row scanner) (f found, err error) {
		err = row.Scan(&f.all, &f.exclusive)
		return f, err
	}, `
		SELECT count(*), COALESCE(sum(CASE WHEN o.exclusive_membership THEN 1 ELSE 0 END), 0)
		FROM memberships m JOIN organizations o ON o.id = m.organization_id
		WHERE m.user_id = $1 AND m.organization_id <> $2`, user, besides)
	return f.all, f.exclusive > 0, err
}

// MembershipByID returns a membership.
func (tx *Tx) MembershipByID(id identity.MembershipID) (identity.Membership, error) {
	return one(tx, scanMembership, `SELECT `+membershipColumns+` FROM memberships m WHERE m.id = $1`, id)
}

// AllMemberships lists the memberships of all organizations. The error is
// ErrOrder for an order that there isn't.
func (tx *Tx) AllMemberships(orderBy string, p Page) ([]identity.Membership, int, error) {
	s := search{from: membershipTables, table: "memberships"}
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
		n, err := tx.CountMembersWithRole(org, r.ID)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// CountMembersWithRole counts the members of an organization who have a role.
func (tx *Tx) CountMembersWithRole(org identity.OrgID, role identity.RoleID) (int, error) {
	return one(tx, scanInt, `
		SELECT count(*) FROM memberships WHERE organization_id = $1 AND role_id = $2`, org, role)
}

// MembersElsewhere reports whether some member of an organization belongs to
// another one too.
func (tx *Tx) MembersElsewhere(org identity.OrgID) (bool, error) {
	found, err := list(tx, scanID[identity.UserID], `
		SELECT m.user_id FROM memberships m JOIN memberships n ON n.user_id = m.user_id AND n.organization_id <> m.organization_id
		WHERE m.organization_id = $1 LIMIT 1`, org)
	return len(found) > 0, err
}

// AddressesOfMembersWith lists the primary addresses of members whose role allows
// something, verified ones only, at most maxPage of them.
func (tx *Tx) AddressesOfMembersWith(org identity.OrgID, p identity.Permission) ([]identity.Email, error) {
	roles, err := tx.Roles()
	if err != nil {
		return nil, err
	}
	var ids []identity.RoleID
	for _, r := range roles {
		if r.Allows(p) {
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	s := search{from: `memberships m JOIN users u ON u.id = m.user_id JOIN email_addresses e ON e.id = u.primary_email_id`, order: "m.created_at, m.id"}
	s.and("m.organization_id = ?", org)
	s.and("e.status = ?", identity.Verified)
	andIn(&s, "m.role_id IN (?)", ids)
	list, _, err := find(tx, s, "e.address", scanID[identity.Email], Page{})
	return list, err
}

// InsertMembership makes a user a member and reports whether they were none yet.
func (tx *Tx) InsertMembership(m identity.Membership) (fresh bool, err error) {
	fresh, err = tx.execChanged(`
		INSERT INTO memberships (id, organization_id, user_id, role_id, connection_id,
			public_metadata, private_metadata, created_at, updated_at)
		VALUES ($1, $2, $3, COALESCE((SELECT id FROM roles WHERE key = $4), $4), $5, $6, $7, $8, $9) ON CONFLICT (organization_id, user_id) DO NOTHING`,
		m.ID, m.OrganizationID, m.UserID, m.Role, m.ConnectionID,
		metadata(m.PublicMetadata), metadata(m.PrivateMetadata), ms(m.CreatedAt), ms(m.UpdatedAt))
	if err != nil || !fresh {
		return false, err
	}
	return true, tx.recordMembership(identity.MembershipCreated, m.OrganizationID, m.UserID)
}

// UpdateMembership writes the role, the connection and the metadata of a member.
func (tx *Tx) UpdateMembership(m identity.Membership) error {
	if err := tx.execOne(`
		UPDATE memberships SET role_id = COALESCE((SELECT id FROM roles WHERE key = $3), $3), connection_id = $4, public_metadata = $5,
			private_metadata = $6, updated_at = $7
		WHERE organization_id = $1 AND user_id = $2`,
		m.OrganizationID, m.UserID, m.Role, m.ConnectionID, metadata(m.PublicMetadata),
		metadata(m.PrivateMetadata), ms(m.UpdatedAt)); err != nil {
		return err
	}
	return tx.recordMembership(identity.MembershipUpdated, m.OrganizationID, m.UserID)
}

// DeleteMembership ends a membership and reports whether there was one. No domain
// of the organization offers it to the person again.
func (tx *Tx) DeleteMembership(org identity.OrgID, user identity.UserID) (bool, error) {
	if err := tx.recordMembership(identity.MembershipDeleted, org, user); err != nil {
		return false, err
	}
	if _, err := tx.exec(`
		INSERT INTO enrollments (organization_id, user_id, domain_id, offer_id)
		SELECT m.organization_id, m.user_id, '', '' FROM memberships m WHERE m.organization_id = $1 AND m.user_id = $2
		ON CONFLICT (organization_id, user_id) DO NOTHING`, org, user); err != nil {
		return false, err
	}
	return tx.execChanged(`DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2`, org, user)
}
