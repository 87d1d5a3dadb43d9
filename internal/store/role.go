package store

import (
	"usher/internal/identity"
)

const roleColumns = `r.id, r.key, r.name, r.description, r.permissions, r.created_at, r.updated_at`

func scanRole(row scanner) (r identity.Role, err error) {
	err = row.Scan(&r.ID, &r.Key, &r.Name, &r.Description, document{&r.Permissions},
		(*milliseconds)(&r.CreatedAt), (*milliseconds)(&r.UpdatedAt))
	return r, err
}

// Roles lists the roles, the oldest first.
func (tx *Tx) Roles() ([]identity.Role, error) {
	return all(tx, scanRole, `SELECT `+roleColumns+` FROM roles r ORDER BY r.created_at, r.id`)
}

// Role returns a role.
func (tx *Tx) Role(id identity.RoleID) (identity.Role, error) {
	return one(tx, scanRole, `SELECT `+roleColumns+` FROM roles r WHERE r.id = $1`, id)
}

// RoleByKey returns the role that a key names.
func (tx *Tx) RoleByKey(key identity.RoleKey) (identity.Role, error) {
	return one(tx, scanRole, `SELECT `+roleColumns+` FROM roles r WHERE r.key = $1`, key)
}

// RoleOf returns the role of a member of an organization; ErrNotFound also when
// the role is gone.
func (tx *Tx) RoleOf(org identity.OrgID, user identity.UserID) (identity.Role, error) {
	return one(tx, scanRole, `
		SELECT `+roleColumns+` FROM roles r
		WHERE r.id = (SELECT role_id FROM memberships WHERE organization_id = $1 AND user_id = $2)`, org, user)
}

// DefaultRole returns the role of people who come to an organization by
// themselves: that of its role set.
func (tx *Tx) DefaultRole(org identity.OrgID) (identity.Role, error) {
	return one(tx, scanRole, `
		SELECT `+roleColumns+` FROM organizations o
		JOIN role_sets s ON s.id = o.role_set_id JOIN roles r ON r.id = s.default_role_id
		WHERE o.id = $1`, org)
}

// NamedFilter narrows a list of roles, permissions or role sets; what is empty
// doesn't.
type NamedFilter struct {
	Query   string // in the name or the key, or the whole id
	OrderBy string // name, key or created_at with + or - before it; empty: -created_at
}

// named is a list of a table whose rows have a name and a key.
func (f NamedFilter) named(table, as string) (search, error) {
	s := search{from: table + " " + as}
	s.andMatches(f.Query, "lower("+as+".name) LIKE ?", "lower("+as+".key) LIKE ?", as+".id = ?")
	err := s.orderBy(f.OrderBy, as+".id", map[string]string{
		"name": as + ".name", "key": as + ".key", "created_at": as + ".created_at",
	})
	return s, err
}

// FindRoles lists roles. The error is ErrOrder for an order that there isn't.
func (tx *Tx) FindRoles(f NamedFilter, p Page) ([]identity.Role, int, error) {
	s, err := f.named("roles", "r")
	if err != nil {
		return nil, 0, err
	}
	return find(tx, s, roleColumns, scanRole, p)
}

// InsertRole adds a role. The error is ErrConflict when its key is taken.
func (tx *Tx) InsertRole(r identity.Role) error {
	_, err := tx.exec(`
		INSERT INTO roles (id, key, name, description, permissions, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.Key, r.Name, r.Description, document{r.Permissions}, ms(r.CreatedAt), ms(r.UpdatedAt))
	if err != nil {
		return err
	}
	return tx.Record(identity.Event{Type: identity.RoleCreated, Subject: string(r.ID)})
}

// UpdateRole writes all of a role but the time of making.
func (tx *Tx) UpdateRole(r identity.Role) error {
	if err := tx.execOne(`
		UPDATE roles SET key = $2, name = $3, description = $4, permissions = $5, updated_at = $6 WHERE id = $1`,
		r.ID, r.Key, r.Name, r.Description, document{r.Permissions}, ms(r.UpdatedAt)); err != nil {
		return err
	}
	return tx.Record(identity.Event{Type: identity.RoleUpdated, Subject: string(r.ID)})
}

// DeleteRole removes a role and reports whether it was there.
func (tx *Tx) DeleteRole(id identity.RoleID) (bool, error) {
	if err := tx.Record(identity.Event{Type: identity.RoleDeleted, Subject: string(id)}); err != nil {
		return false, err
	}
	return tx.execChanged(`DELETE FROM roles WHERE id = $1`, id)
}

// RoleHasMembers reports whether anybody has the role.
func (tx *Tx) RoleHasMembers(id identity.RoleID) (bool, error) {
	return one(tx, scanBool, `SELECT EXISTS (SELECT 1 FROM memberships WHERE role_id = $1)`, id)
}

// WouldLackManagers reports whether an organization would be left without a
// manager if of the roles that manage only those that remain did. An empty set
// means every organization.
func (tx *Tx) WouldLackManagers(set identity.RoleSetID, managing, remaining []identity.RoleID) (bool, error) {
	var s search
	if set != "" {
		s.and("o.role_set_id = ?", set)
	}
	andIn(&s, "EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = o.id AND m.role_id IN (?))", managing)
	andIn(&s, "NOT EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = o.id AND m.role_id IN (?))", remaining)
	found, err := list(tx, scanID[identity.OrgID], `SELECT o.id FROM organizations o`+s.conditions()+` LIMIT 1`, s.args...)
	return len(found) > 0, err
}

const permissionColumns = `p.id, p.key, p.name, p.description, p.created_at, p.updated_at`

func scanPermission(row scanner) (p identity.DefinedPermission, err error) {
	err = row.Scan(&p.ID, &p.Key, &p.Name, &p.Description, (*milliseconds)(&p.CreatedAt), (*milliseconds)(&p.UpdatedAt))
	return p, err
}

// Permission returns a permission.
func (tx *Tx) Permission(id identity.PermissionID) (identity.DefinedPermission, error) {
	return one(tx, scanPermission, `SELECT `+permissionColumns+` FROM permissions p WHERE p.id = $1`, id)
}

// PermissionByKey returns the permission that a key names.
func (tx *Tx) PermissionByKey(key identity.Permission) (identity.DefinedPermission, error) {
	return one(tx, scanPermission, `SELECT `+permissionColumns+` FROM permissions p WHERE p.key = $1`, key)
}

// FindPermissions lists permissions. The error is ErrOrder for an order that
// there isn't.
func (tx *Tx) FindPermissions(f NamedFilter, p Page) ([]identity.DefinedPermission, int, error) {
	s, err := f.named("permissions", "p")
	if err != nil {
		return nil, 0, err
	}
	return find(tx, s, permissionColumns, scanPermission, p)
}

// InsertPermission adds a permission. The error is ErrConflict when its key is
// taken.
func (tx *Tx) InsertPermission(p identity.DefinedPermission) error {
	_, err := tx.exec(`
		INSERT INTO permissions (id, key, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.ID, p.Key, p.Name, p.Description, ms(p.CreatedAt), ms(p.UpdatedAt))
	if err != nil {
		return err
	}
	return tx.Record(identity.Event{Type: identity.PermissionCreated, Subject: string(p.ID)})
}

// UpdatePermission writes all of a permission but the time of making.
func (tx *Tx) UpdatePermission(p identity.DefinedPermission) error {
	if err := tx.execOne(`
		UPDATE permissions SET key = $2, name = $3, description = $4, updated_at = $5 WHERE id = $1`,
		p.ID, p.Key, p.Name, p.Description, ms(p.UpdatedAt)); err != nil {
		return err
	}
	return tx.Record(identity.Event{Type: identity.PermissionUpdated, Subject: string(p.ID)})
}

// DeletePermission removes a permission and reports whether it was there.
func (tx *Tx) DeletePermission(id identity.PermissionID) (bool, error) {
	if err := tx.Record(identity.Event{Type: identity.PermissionDeleted, Subject: string(id)}); err != nil {
		return false, err
	}
	return tx.execChanged(`DELETE FROM permissions WHERE id = $1`, id)
}
