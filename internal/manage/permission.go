package manage

import (
	"context"
	"slices"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// PermissionChange is what a caller gave to create or change a permission. Nil
// leaves a field as it is.
type PermissionChange struct {
	Name        *string
	Key         *string
	Description *string
}

// Permissions lists permissions, those of the system too.
func (s *Service) Permissions(ctx context.Context, f NamedFilter, p Page) (list []identity.DefinedPermission, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, total, err = tx.FindPermissions(f, p)
		return err
	})
	return list, total, err
}

// Permission reads a permission.
func (s *Service) Permission(ctx context.Context, id string) (p identity.DefinedPermission, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		p, err = findPermission(tx, id)
		return err
	})
	return p, err
}

func findPermission(tx *store.Tx, id string) (identity.DefinedPermission, error) {
	p, err := tx.Permission(identity.PermissionID(id))
	return p, store.Missing(err, fault.New(fault.NotFound, "resource", "permission"))
}

// CreatePermission makes a permission. It shows in session tokens once a role
// holds it.
func (s *Service) CreatePermission(ctx context.Context, ch PermissionChange) (p identity.DefinedPermission, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		p = identity.DefinedPermission{ID: identity.NewID[identity.PermissionID](now), CreatedAt: now, UpdatedAt: now}
		if err := applyPermission(tx, &p, ch); err != nil {
			return err
		}
		if err := tx.InsertPermission(p); err != nil {
			return err
		}
		return s.auditPermission(tx, "permission.created", p)
	})
	return p, err
}

func applyPermission(tx *store.Tx, p *identity.DefinedPermission, ch PermissionChange) error {
	set(&p.Name, ch.Name)
	set(&p.Description, ch.Description)
	p.Name = strings.TrimSpace(p.Name)
	if ch.Key != nil {
		p.Key = identity.Permission(*ch.Key)
	}
	held, err := tx.PermissionByKey(p.Key)
	return fault.Join(checkWords(p.Name, p.Description), checkKey(string(p.Key), permissionKeyForm), keyFree(held.ID == p.ID, err))
}

// ChangePermission changes a permission of one's own, in every role that holds
// it.
func (s *Service) ChangePermission(ctx context.Context, id string, ch PermissionChange) (p identity.DefinedPermission, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if p, err = ownPermission(tx, id); err != nil {
			return err
		}
		before := p.Key
		if err := applyPermission(tx, &p, ch); err != nil {
			return err
		}
		p.UpdatedAt = s.Now()
		if err := tx.UpdatePermission(p); err != nil {
			return err
		}
		if err := s.auditPermission(tx, "permission.updated", p); err != nil || p.Key == before {
			return err
		}
		return s.replacePermission(tx, before, []identity.Permission{p.Key})
	})
	return p, err
}

// DeletePermission removes a permission of one's own from every role, and for
// good.
func (s *Service) DeletePermission(ctx context.Context, id string) (p identity.DefinedPermission, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if p, err = ownPermission(tx, id); err != nil {
			return err
		}
		if _, err := tx.DeletePermission(p.ID); err != nil {
			return err
		}
		if err := s.auditPermission(tx, "permission.deleted", p); err != nil {
			return err
		}
		return s.replacePermission(tx, p.Key, nil)
	})
	return p, err
}

func (s *Service) auditPermission(tx *store.Tx, action string, p identity.DefinedPermission) error {
	return s.audit(tx, identity.AuditEntry{Action: action, Subject: string(p.ID), Detail: map[string]string{"key": string(p.Key)}})
}

// ownPermission finds a permission that may be changed: behaviour 1.145.
func ownPermission(tx *store.Tx, id string) (identity.DefinedPermission, error) {
	p, err := findPermission(tx, id)
	if err == nil && p.Key.IsSystem() {
		err = fault.New(fault.OrganizationSystemPermission)
	}
	return p, err
}

// replacePermission puts others in the place of a permission in every role.
func (s *Service) replacePermission(tx *store.Tx, old identity.Permission, by []identity.Permission) error {
	roles, err := tx.Roles()
	if err != nil {
		return err
	}
	for _, r := range roles {
		i := slices.Index(r.Permissions, old)
		if i < 0 {
			continue
		}
		r.Permissions = slices.Replace(r.Permissions, i, i+1, by...)
		r.UpdatedAt = s.Now()
		if err := tx.UpdateRole(r); err != nil {
			return err
		}
		if err := s.auditRole(tx, "role.updated", r); err != nil {
			return err
		}
	}
	return nil
}
