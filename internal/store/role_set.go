package store

import (
	"time"

	"usher/internal/identity"
)

const roleSetColumns = `s.id, s.key, s.name, s.description, s.type, s.roles, s.default_role_id, s.creator_role_id,
	s.created_at, s.updated_at`

func scanRoleSet(row scanner) (s identity.RoleSet, err error) {
	err = row.Scan(&s.ID, &s.Key, &s.Name, &s.Description, oneOf(&s.Type, identity.RoleSetInitial, identity.RoleSetCustom),
		document{&s.Roles}, &s.Default, &s.Creator, (*milliseconds)(&s.CreatedAt), (*milliseconds)(&s.UpdatedAt))
	return s, err
}

// RoleSet returns a role set.
func (tx *Tx) RoleSet(id identity.RoleSetID) (identity.RoleSet, error) {
	return one(tx, scanRoleSet, `SELECT `+roleSetColumns+` FROM role_sets s WHERE s.id = $1`, id)
}

// RoleSetByKey returns the role set that a key names.
func (tx *Tx) RoleSetByKey(key string) (identity.RoleSet, error) {
	return one(tx, scanRoleSet, `SELECT `+roleSetColumns+` FROM role_sets s WHERE s.key = $1`, key)
}

// InitialRoleSet returns the role set of new organizations.
func (tx *Tx) InitialRoleSet() (identity.RoleSet, error) {
	return one(tx, scanRoleSet, `SELECT `+roleSetColumns+` FROM role_sets s WHERE s.type = 'initial'`)
}

// RoleSets lists all role sets, the oldest first.
func (tx *Tx) RoleSets() ([]identity.RoleSet, error) {
	return all(tx, scanRoleSet, `SELECT `+roleSetColumns+` FROM role_sets s ORDER BY s.created_at, s.id`)
}

// FindRoleSets lists role sets. The error is ErrOrder for an order that there
// isn't.
func (tx *Tx) FindRoleSets(f NamedFilter, p Page) ([]identity.RoleSet, int, error) {
	s, err := f.named("role_sets", "s")
	if err != nil {
		return nil, 0, err
	}
	return find(tx, s, roleSetColumns, scanRoleSet, p)
}

// InsertRoleSet adds a role set. The error is ErrConflict when its key is taken,
// or it is initial and there is one already.
func (tx *Tx) InsertRoleSet(s identity.RoleSet) error {
	_, err := tx.exec(`
		INSERT INTO role_sets (id, key, name, description, type, roles, default_role_id, creator_role_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		s.ID, s.Key, s.Name, s.Description, s.Type, document{s.Roles}, s.Default, s.Creator, ms(s.CreatedAt), ms(s.UpdatedAt))
	return err
}

// UpdateRoleSet writes all of a role set but the time of making.
func (tx *Tx) UpdateRoleSet(s identity.RoleSet) error {
	return tx.execOne(`
		UPDATE role_sets SET key = $2, name = $3, description = $4, type = $5, roles = $6, default_role_id = $7,
			creator_role_id = $8, updated_at = $9
		WHERE id = $1`,
		s.ID, s.Key, s.Name, s.Description, s.Type, document{s.Roles}, s.Default, s.Creator, ms(s.UpdatedAt))
}

// DeleteRoleSet removes a role set and reports whether it was there.
func (tx *Tx) DeleteRoleSet(id identity.RoleSetID) (bool, error) {
	return tx.execChanged(`DELETE FROM role_sets WHERE id = $1`, id)
}

// CountMembersByRole counts the members of all organizations with a role set, by
// their role.
func (tx *Tx) CountMembersByRole(set identity.RoleSetID) (map[identity.RoleID]int, error) {
	type count struct {
		role identity.RoleID
		n    int
	}
	rows, err := list(tx, func(row scanner) (c count, err error) {
		err = row.Scan(&c.role, &c.n)
		return c, err
	}, `
		SELECT m.role_id, count(*) FROM organizations o JOIN memberships m ON m.organization_id = o.id
		WHERE o.role_set_id = $1 GROUP BY m.role_id`, set)
	counts := map[identity.RoleID]int{}
	for _, c := range rows {
		counts[c.role] = c.n
	}
	return counts, err
}

// RolesInUse lists the roles that the members of an organization have, and those
// that people who are invited by now are to have.
func (tx *Tx) RolesInUse(org identity.OrgID, now time.Time) ([]identity.RoleID, error) {
	return all(tx, scanID[identity.RoleID], `
		SELECT role_id FROM memberships WHERE organization_id = $1
		UNION
		SELECT role_id FROM organization_invitations WHERE organization_id = $1 AND status = 'pending' AND expires_at > $2`, org, ms(now))
}

// RolesInvited lists the roles that people who are invited by now to organizations
// of a role set are to have.
func (tx *Tx) RolesInvited(set identity.RoleSetID, now time.Time) ([]identity.RoleID, error) {
	return list(tx, scanID[identity.RoleID], `
		SELECT DISTINCT i.role_id FROM organizations o JOIN organization_invitations i ON i.organization_id = o.id
		WHERE o.role_set_id = $1 AND i.status = 'pending' AND i.expires_at > $2`, set, ms(now))
}

// RoleIsInvited reports whether somebody is invited by now to have a role.
func (tx *Tx) RoleIsInvited(id identity.RoleID, now time.Time) (bool, error) {
	return one(tx, scanBool, `
		SELECT EXISTS (SELECT 1 FROM organization_invitations WHERE role_id = $1 AND status = 'pending' AND expires_at > $2)`, id, ms(now))
}

const roleMigrationColumns = `id, source_role_set_id, dest_role_set_id, trigger_type, mappings, migrated_members,
	done_up_to, started_at, completed_at, created_at, updated_at`

func scanRoleMigration(row scanner) (m identity.RoleMigration, err error) {
	err = row.Scan(&m.ID, &m.Source, &m.Dest, oneOf(&m.Trigger, identity.RoleSetDeletion, identity.RoleRemoval),
		document{&m.Mappings}, &m.Migrated, &m.DoneUpTo, (*milliseconds)(&m.StartedAt), (*milliseconds)(&m.CompletedAt),
		(*milliseconds)(&m.CreatedAt), (*milliseconds)(&m.UpdatedAt))
	return m, err
}

// RoleMigration returns a migration, completed or not.
func (tx *Tx) RoleMigration(id identity.RoleMigrationID) (identity.RoleMigration, error) {
	return one(tx, scanRoleMigration, `SELECT `+roleMigrationColumns+` FROM role_migrations WHERE id = $1`, id)
}

// RoleMigrations lists the migrations that are not completed, the oldest first.
func (tx *Tx) RoleMigrations() ([]identity.RoleMigration, error) {
	return all(tx, scanRoleMigration, `
		SELECT `+roleMigrationColumns+` FROM role_migrations WHERE completed_at = 0 ORDER BY created_at, id`)
}

// InsertRoleMigration begins a migration.
func (tx *Tx) InsertRoleMigration(m identity.RoleMigration) error {
	_, err := tx.exec(`
		INSERT INTO role_migrations (id, source_role_set_id, dest_role_set_id, trigger_type, mappings, migrated_members,
			done_up_to, started_at, completed_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		m.ID, m.Source, m.Dest, m.Trigger, document{m.Mappings}, m.Migrated, m.DoneUpTo,
		ms(m.StartedAt), ms(m.CompletedAt), ms(m.CreatedAt), ms(m.UpdatedAt))
	return err
}

// UpdateRoleMigration writes how far a migration is.
func (tx *Tx) UpdateRoleMigration(m identity.RoleMigration) error {
	return tx.execOne(`
		UPDATE role_migrations SET migrated_members = $2, done_up_to = $3, started_at = $4, completed_at = $5, updated_at = $6
		WHERE id = $1`,
		m.ID, m.Migrated, m.DoneUpTo, ms(m.StartedAt), ms(m.CompletedAt), ms(m.UpdatedAt))
}

// RoleMove is one step of a migration: members of an organization get another
// role.
type RoleMove struct {
	Organization identity.OrgID
	From, To     identity.RoleID
	Most         int // members; invitations all go at once
}

// MoveMembers carries a step out and returns how many members it was.
func (tx *Tx) MoveMembers(m RoleMove, now time.Time) (int, error) {
	users, err := changed[identity.UserID](tx, `
		UPDATE memberships SET role_id = $3, updated_at = $5
		WHERE id IN (SELECT id FROM memberships WHERE organization_id = $1 AND role_id = $2 LIMIT $4)
		RETURNING user_id`,
		m.Organization, m.From, m.To, m.Most, ms(now))
	if err != nil {
		return 0, err
	}
	for _, u := range users {
		if err := tx.recordMembership(identity.MembershipUpdated, m.Organization, u); err != nil {
			return 0, err
		}
	}
	return len(users), nil
}

// MoveInvitations carries a step out for the people who are invited to the
// organization.
func (tx *Tx) MoveInvitations(m RoleMove, now time.Time) error {
	_, err := tx.exec(`
		UPDATE organization_invitations SET role_id = $3, updated_at = $4
		WHERE organization_id = $1 AND role_id = $2 AND status = 'pending'`, m.Organization, m.From, m.To, ms(now))
	return err
}

// InsertFirstRoles gives a new deployment its roles and its role set.
func (tx *Tx) InsertFirstRoles(now time.Time) error {
	roles, set := identity.FirstRoles(now)
	for _, r := range roles {
		if err := tx.InsertRole(r); err != nil {
			return err
		}
	}
	return tx.InsertRoleSet(set)
}
