package manage

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// RoleChange is what a caller gave to create or change a role. Nil leaves a field
// as it is.
type RoleChange struct {
	Name                    *string
	Key                     *string
	Description             *string
	Permissions             *[]string // ids; put in place of those that it has
	IncludeInInitialRoleSet *bool     // when it is created
}

// RoleView is a role with its permissions as they are shown.
type RoleView struct {
	identity.Role
	Permissions []identity.DefinedPermission
}

const (
	// MaxRoles is how many roles a deployment may have besides its first two:
	// behaviour 1.146.
	MaxRoles = 10

	// MaxRoleSets is how many role sets there may be. Ours.
	MaxRoleSets = 50

	maxRoleName    = 256  // characters of a name; ours, as of an organization's
	maxDescription = 1000 // characters; ours
	maxKey         = 128  // bytes; ours
)

var (
	roleKeyForm       = regexp.MustCompile(`^org:[a-z0-9_]+$`)
	permissionKeyForm = regexp.MustCompile(`^org:[a-z0-9_]+:[a-z0-9_]+$`)
	roleSetKeyForm    = regexp.MustCompile(`^role_set:[a-z0-9_]+$`)
)

// checkKey refuses a key that is not in its form.
func checkKey(key string, form *regexp.Regexp) error {
	switch {
	case key == "":
		return fault.New(fault.FormParamMissing, "param_name", "key")
	case len(key) > maxKey:
		return fault.New(fault.FormParamMaxLength, "param_name", "key", "max_length", maxKey)
	case !form.MatchString(key) || form != roleSetKeyForm && strings.HasPrefix(key, "org:sys_"):
		return fault.New(fault.FormParamFormatInvalid, "param_name", "key")
	}
	return nil
}

// checkWords refuses a name or a description that cannot be shown.
func checkWords(name, description string) error {
	var errs []error
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		errs = append(errs, fault.New(fault.FormParamMissing, "param_name", "name"))
	case n > maxRoleName:
		errs = append(errs, fault.New(fault.FormParamMaxLength, "param_name", "name", "max_length", maxRoleName))
	case markup.MatchString(name) || bidiMarks.MatchString(name) || strings.ContainsAny(name, "\r\n\t"):
		errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "name"))
	}
	if utf8.RuneCountInString(description) > maxDescription {
		errs = append(errs, fault.New(fault.FormParamMaxLength, "param_name", "description", "max_length", maxDescription))
	}
	return fault.Join(errs...)
}

// keyFree refuses a key that something else has. Err is of looking it up.
func keyFree(same bool, err error) error {
	switch {
	case store.Optional(err) != nil:
		return err
	case err == nil && !same:
		return fault.New(fault.FormIdentifierExists, "param_name", "key")
	}
	return nil
}

// Roles lists roles.
func (s *Service) Roles(ctx context.Context, f NamedFilter, p Page) (list []RoleView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		roles, n, err := tx.FindRoles(f, p)
		if err != nil {
			return err
		}
		total = n
		for _, r := range roles {
			v, err := roleView(tx, r)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

// Role reads a role.
func (s *Service) Role(ctx context.Context, id string) (v RoleView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		r, err := findRole(tx, id)
		if err != nil {
			return err
		}
		v, err = roleView(tx, r)
		return err
	})
	return v, err
}

func findRole(tx *store.Tx, id string) (identity.Role, error) {
	r, err := tx.Role(identity.RoleID(id))
	return r, store.Missing(err, fault.New(fault.NotFound, "resource", "role"))
}

func roleView(tx *store.Tx, r identity.Role) (RoleView, error) {
	v := RoleView{Role: r}
	for _, key := range r.Permissions {
		p, err := tx.PermissionByKey(key)
		if store.Optional(err) != nil {
			return v, err
		}
		if err == nil {
			v.Permissions = append(v.Permissions, p)
		}
	}
	return v, nil
}

// CreateRole makes a role.
func (s *Service) CreateRole(ctx context.Context, ch RoleChange) (v RoleView, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		r := identity.Role{ID: identity.NewID[identity.RoleID](now), Permissions: []identity.Permission{}, CreatedAt: now, UpdatedAt: now}
		if err := applyRole(tx, &r, ch); err != nil {
			return err
		}
		roles, err := tx.Roles()
		if err != nil {
			return err
		}
		own := slices.DeleteFunc(roles, func(r identity.Role) bool { return r.Key == identity.RoleAdmin || r.Key == identity.RoleMember })
		if len(own) >= MaxRoles {
			return fault.New(fault.OrganizationRolesQuotaExceeded, "max_allowed_roles", MaxRoles)
		}
		if err := tx.InsertRole(r); err != nil {
			return err
		}
		if err := s.auditRole(tx, "role.created", r); err != nil {
			return err
		}
		if ch.IncludeInInitialRoleSet != nil && *ch.IncludeInInitialRoleSet {
			if err := s.includeInitially(tx, r.ID); err != nil {
				return err
			}
		}
		v, err = roleView(tx, r)
		return err
	})
	return v, err
}

// includeInitially adds a role to the initial role set.
func (s *Service) includeInitially(tx *store.Tx, id identity.RoleID) error {
	set, err := tx.InitialRoleSet()
	if err != nil {
		return store.Missing(err, fault.New(fault.NotFound, "resource", "role set"))
	}
	set.Roles = append(set.Roles, id)
	return s.saveRoleSet(tx, set)
}

// applyRole puts a change into a role. All mistakes are reported.
func applyRole(tx *store.Tx, r *identity.Role, ch RoleChange) error {
	set(&r.Name, ch.Name)
	set(&r.Description, ch.Description)
	r.Name = strings.TrimSpace(r.Name)
	if ch.Key != nil {
		r.Key = identity.RoleKey(*ch.Key)
	}
	errs := []error{checkWords(r.Name, r.Description), checkKey(string(r.Key), roleKeyForm)}
	held, err := tx.RoleByKey(r.Key)
	errs = append(errs, keyFree(held.ID == r.ID, err))
	if ch.Permissions != nil {
		errs = append(errs, setPermissions(tx, r, *ch.Permissions))
	}
	return fault.Join(errs...)
}

// setPermissions gives a role the permissions that ids name.
func setPermissions(tx *store.Tx, r *identity.Role, ids []string) error {
	r.Permissions = []identity.Permission{}
	for _, id := range ids {
		p, err := tx.Permission(identity.PermissionID(id))
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "permission", "param_name", "permissions"))
		}
		if r.Allows(p.Key) {
			return fault.New(fault.FormParamDuplicate, "param_name", "permissions")
		}
		r.Permissions = append(r.Permissions, p.Key)
	}
	return nil
}

// ChangeRole changes a role. Members keep it, whatever its key is.
func (s *Service) ChangeRole(ctx context.Context, id string, ch RoleChange) (RoleView, error) {
	return s.changeRole(ctx, "role.updated", id, func(tx *store.Tx, r *identity.Role) error { return applyRole(tx, r, ch) })
}

// GrantPermission adds a permission to a role.
func (s *Service) GrantPermission(ctx context.Context, role, permission string) (RoleView, error) {
	return s.changeRole(ctx, "role.permission.granted", role, func(tx *store.Tx, r *identity.Role) error {
		p, err := findPermission(tx, permission)
		if err != nil {
			return err
		}
		if r.Allows(p.Key) {
			return fault.New(fault.OrganizationRolePermissionExists)
		}
		r.Permissions = append(slices.Clone(r.Permissions), p.Key)
		return nil
	})
}

// WithdrawPermission takes a permission from a role.
func (s *Service) WithdrawPermission(ctx context.Context, role, permission string) (RoleView, error) {
	return s.changeRole(ctx, "role.permission.withdrawn", role, func(tx *store.Tx, r *identity.Role) error {
		p, err := findPermission(tx, permission)
		if err != nil {
			return err
		}
		if !r.Allows(p.Key) {
			return fault.New(fault.OrganizationRolePermissionNotFound)
		}
		r.Permissions = slices.DeleteFunc(slices.Clone(r.Permissions), func(k identity.Permission) bool { return k == p.Key })
		return nil
	})
}

// changeRole changes a role; the audit log calls it by the action.
func (s *Service) changeRole(ctx context.Context, action, id string, change func(*store.Tx, *identity.Role) error) (v RoleView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		before, err := findRole(tx, id)
		if err != nil {
			return err
		}
		r := before
		if err := change(tx, &r); err != nil {
			return err
		}
		r.UpdatedAt = s.Now()
		if err := mayHold(tx, before, r); err != nil {
			return err
		}
		if err := tx.UpdateRole(r); err != nil {
			return err
		}
		if err := s.auditRole(tx, action, r); err != nil {
			return err
		}
		v, err = roleView(tx, r)
		return err
	})
	return v, err
}

// auditRole writes what became of a role into the audit log, and what it allows
// now.
func (s *Service) auditRole(tx *store.Tx, action string, r identity.Role) error {
	permissions := make([]string, 0, len(r.Permissions))
	for _, p := range r.Permissions {
		permissions = append(permissions, string(p))
	}
	return s.audit(tx, identity.AuditEntry{
		Action: action, Subject: string(r.ID),
		Detail: map[string]string{"key": string(r.Key), "permissions": strings.Join(permissions, " ")},
	})
}

// mayHold asks policy whether a role may hold other permissions than before.
func mayHold(tx *store.Tx, before, after identity.Role) error {
	if slices.Equal(before.Permissions, after.Permissions) {
		return nil
	}
	use, err := roleUse(tx, before.ID, after.UpdatedAt)
	if err != nil {
		return err
	}
	facts := policy.PermissionsFacts{RoleFacts: use, After: after}
	if before.Allows(identity.MembershipsManage) && !after.Allows(identity.MembershipsManage) {
		if facts.LacksManagers, err = lacksManagersWithout(tx, before.ID); err != nil {
			return err
		}
	}
	return policy.ChangePermissions(facts).Denied
}

// lacksManagersWithout reports whether some organization has nobody who can
// manage its members but by a role.
func lacksManagersWithout(tx *store.Tx, id identity.RoleID) (bool, error) {
	roles, err := tx.Roles()
	if err != nil {
		return false, err
	}
	var others []identity.RoleID
	for _, r := range roles {
		if r.ID != id && r.Allows(identity.MembershipsManage) {
			others = append(others, r.ID)
		}
	}
	return tx.WouldLackManagers("", []identity.RoleID{id}, others)
}

// roleUse reads where a role is in use.
func roleUse(tx *store.Tx, id identity.RoleID, now time.Time) (f policy.RoleFacts, err error) {
	sets, err := tx.RoleSets()
	if err != nil {
		return f, err
	}
	for _, set := range sets {
		f.Creator = f.Creator || set.Creator == id
		f.Default = f.Default || set.Default == id
	}
	if f.Members, err = tx.RoleHasMembers(id); err != nil {
		return f, err
	}
	if f.Migrating, err = migrating(tx, func(m identity.RoleMigration) bool { return m.Touches(id) }); err != nil {
		return f, err
	}
	f.Invited, err = tx.RoleIsInvited(id, now)
	return f, err
}

// DeleteRole removes a role that is not in use, from its role sets too.
func (s *Service) DeleteRole(ctx context.Context, id string) (r identity.Role, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if r, err = findRole(tx, id); err != nil {
			return err
		}
		use, err := roleUse(tx, r.ID, s.Now())
		if err != nil {
			return err
		}
		if err := policy.DeleteRole(use).Denied; err != nil {
			return err
		}
		sets, err := tx.RoleSets()
		if err != nil {
			return err
		}
		for _, set := range sets {
			if !set.Holds(r.ID) {
				continue
			}
			set.Roles = slices.DeleteFunc(set.Roles, func(held identity.RoleID) bool { return held == r.ID })
			if err := s.updateRoleSet(tx, set); err != nil {
				return err
			}
		}
		if _, err = tx.DeleteRole(r.ID); err != nil {
			return err
		}
		return s.auditRole(tx, "role.deleted", r)
	})
	return r, err
}
