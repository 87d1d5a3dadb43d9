package manage

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// RoleSetChange is what a caller gave to create or change a role set. Nil leaves
// a field as it is.
type RoleSetChange struct {
	Name           *string
	Key            *string
	Description    *string
	Type           *string
	DefaultRoleKey *string
	CreatorRoleKey *string
	Roles          []string // keys; those to begin with, or to add
}

// RoleSetView is a role set as it is shown.
type RoleSetView struct {
	identity.RoleSet
	Instance  identity.InstanceID
	Roles     []RoleInSet
	Migration *identity.RoleMigration // under way; nil: none
	Keys      map[identity.RoleID]identity.RoleKey
}

// RoleInSet is a role with how many members of the set's organizations have it.
// They are not counted while a migration is under way: it changes from moment to
// moment, and whoever waits for the end asks often.
type RoleInSet struct {
	identity.Role
	Members *int // nil: not counted
}

// RoleSets lists role sets.
func (s *Service) RoleSets(ctx context.Context, f NamedFilter, p Page) (list []RoleSetView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		sets, n, err := tx.FindRoleSets(f, p)
		if err != nil {
			return err
		}
		total = n
		for _, set := range sets {
			v, err := roleSetView(tx, set)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

// RoleSet reads a role set by its key or id.
func (s *Service) RoleSet(ctx context.Context, keyOrID string) (v RoleSetView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		set, err := findRoleSet(tx, keyOrID)
		if err != nil {
			return err
		}
		v, err = roleSetView(tx, set)
		return err
	})
	return v, err
}

func findRoleSet(tx *store.Tx, keyOrID string) (set identity.RoleSet, err error) {
	if id, parseErr := identity.ParseID[identity.RoleSetID](keyOrID); parseErr == nil {
		set, err = tx.RoleSet(id)
	} else {
		set, err = tx.RoleSetByKey(keyOrID)
	}
	return set, store.Missing(err, fault.New(fault.NotFound, "resource", "role set"))
}

func roleSetView(tx *store.Tx, set identity.RoleSet) (RoleSetView, error) {
	v := RoleSetView{RoleSet: set, Keys: map[identity.RoleID]identity.RoleKey{}}
	in, err := tx.Instance()
	if err != nil {
		return v, err
	}
	v.Instance = in.ID
	under, err := tx.RoleMigrations()
	if err != nil {
		return v, err
	}
	for _, m := range under {
		if m.Concerns(set.ID) {
			v.Migration = &m
		}
	}
	var counts map[identity.RoleID]int
	if v.Migration == nil {
		if counts, err = tx.CountMembersByRole(set.ID); err != nil {
			return v, err
		}
	}
	roles, err := tx.Roles()
	for _, r := range roles {
		v.Keys[r.ID] = r.Key
		if !set.Holds(r.ID) {
			continue
		}
		in := RoleInSet{Role: r}
		if n := counts[r.ID]; counts != nil {
			in.Members = &n
		}
		v.Roles = append(v.Roles, in)
	}
	slices.SortFunc(v.Roles, func(a, b RoleInSet) int { return slices.Index(set.Roles, a.ID) - slices.Index(set.Roles, b.ID) })
	return v, err
}

// CreateRoleSet makes a role set.
func (s *Service) CreateRoleSet(ctx context.Context, ch RoleSetChange) (v RoleSetView, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		set := identity.RoleSet{ID: identity.NewID[identity.RoleSetID](now), Type: identity.RoleSetCustom, CreatedAt: now, UpdatedAt: now}
		ch := ch // it may run twice, and the key that is free then is another
		if ch.Key == nil && ch.Name != nil {
			key, err := keyFromName(tx, *ch.Name)
			if err != nil {
				return err
			}
			ch.Key = &key
		}
		if err := applyRoleSet(tx, &set, ch); err != nil {
			return err
		}
		sets, err := tx.RoleSets()
		if err != nil {
			return err
		}
		if len(sets) >= MaxRoleSets {
			return fault.New(fault.OrganizationRoleSetsQuotaExceeded, "max_role_sets_allowed", MaxRoleSets)
		}
		if err := judgeRoleSet(tx, set); err != nil {
			return err
		}
		if err := s.makeWay(tx, set); err != nil {
			return err
		}
		if err := tx.InsertRoleSet(set); err != nil {
			return err
		}
		if err := s.auditRoleSet(tx, "role_set.created", set); err != nil {
			return err
		}
		v, err = roleSetView(tx, set)
		return err
	})
	return v, err
}

// keyFromName makes a key of a name; one that is taken gets a number.
func keyFromName(tx *store.Tx, name string) (string, error) {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	key := "role_set:" + strings.Join(words, "_")
	if len(words) == 0 {
		key += "custom"
	}
	key = key[:min(len(key), maxKey-4)]
	for n := 1; ; n++ {
		candidate := key
		if n > 1 {
			candidate += "_" + strconv.Itoa(n)
		}
		if _, err := tx.RoleSetByKey(candidate); err != nil {
			return candidate, store.Optional(err)
		}
	}
}

// applyRoleSet puts a change into a role set. All mistakes are reported.
func applyRoleSet(tx *store.Tx, rs *identity.RoleSet, ch RoleSetChange) error {
	set(&rs.Name, ch.Name)
	set(&rs.Key, ch.Key)
	set(&rs.Description, ch.Description)
	rs.Name = strings.TrimSpace(rs.Name)
	errs := []error{checkWords(rs.Name, rs.Description), checkKey(rs.Key, roleSetKeyForm)}
	held, err := tx.RoleSetByKey(rs.Key)
	errs = append(errs, keyFree(held.ID == rs.ID, err))
	switch {
	case ch.Type == nil:
	case *ch.Type == string(identity.RoleSetInitial):
		rs.Type = identity.RoleSetInitial
	case *ch.Type != string(rs.Type):
		errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "type"))
	}
	param := "roles"
	if len(rs.Roles) > 0 {
		param = "role_keys" // they are added to those that the set has
	}
	for _, key := range ch.Roles {
		id, err := roleID(tx, key, param)
		if err == nil && rs.Holds(id) {
			err = fault.New(fault.FormParamDuplicate, "param_name", param)
		}
		rs.Roles = append(rs.Roles, id)
		errs = append(errs, err)
	}
	for _, named := range []struct {
		key   *string
		param string
		field *identity.RoleID
	}{{ch.DefaultRoleKey, "default_role_key", &rs.Default}, {ch.CreatorRoleKey, "creator_role_key", &rs.Creator}} {
		if named.key == nil {
			continue
		}
		id, err := roleID(tx, *named.key, named.param)
		*named.field = id
		errs = append(errs, err)
	}
	return fault.Join(errs...)
}

// roleID is the id of the role that a parameter names.
func roleID(tx *store.Tx, key, param string) (identity.RoleID, error) {
	r, err := tx.RoleByKey(identity.RoleKey(key))
	return r.ID, store.Missing(err, fault.New(fault.NotFound, "resource", "role", "param_name", param))
}

// judgeRoleSet asks policy whether a role set may be so.
func judgeRoleSet(tx *store.Tx, set identity.RoleSet) error {
	busy, err := migrating(tx, concerning(set.ID))
	if err != nil {
		return err
	}
	creator, err := tx.Role(set.Creator)
	if store.Optional(err) != nil {
		return err
	}
	return policy.ChangeRoleSet(policy.RoleSetFacts{After: set, Creator: creator, Migrating: busy}).Denied
}

// makeWay takes the place of the initial role set from another.
func (s *Service) makeWay(tx *store.Tx, set identity.RoleSet) error {
	if set.Type != identity.RoleSetInitial {
		return nil
	}
	before, err := tx.InitialRoleSet()
	if err != nil || before.ID == set.ID {
		return store.Optional(err)
	}
	before.Type = identity.RoleSetCustom
	return s.updateRoleSet(tx, before)
}

// updateRoleSet writes a changed role set, and its line of the audit log.
func (s *Service) updateRoleSet(tx *store.Tx, set identity.RoleSet) error {
	set.UpdatedAt = s.Now()
	if err := tx.UpdateRoleSet(set); err != nil {
		return err
	}
	return s.auditRoleSet(tx, "role_set.updated", set)
}

func (s *Service) auditRoleSet(tx *store.Tx, action string, set identity.RoleSet) error {
	return s.audit(tx, identity.AuditEntry{
		Action: action, Subject: string(set.ID), Detail: map[string]string{
			"key": set.Key, "default_role_id": string(set.Default), "creator_role_id": string(set.Creator),
		},
	})
}

// saveRoleSet writes a changed role set that policy allows.
func (s *Service) saveRoleSet(tx *store.Tx, set identity.RoleSet) error {
	if err := judgeRoleSet(tx, set); err != nil {
		return err
	}
	if err := s.makeWay(tx, set); err != nil {
		return err
	}
	return s.updateRoleSet(tx, set)
}

// ChangeRoleSet changes a role set, or adds roles to it.
func (s *Service) ChangeRoleSet(ctx context.Context, keyOrID string, ch RoleSetChange) (v RoleSetView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		set, err := findRoleSet(tx, keyOrID)
		if err != nil {
			return err
		}
		if err := applyRoleSet(tx, &set, ch); err != nil {
			return err
		}
		if err := s.saveRoleSet(tx, set); err != nil {
			return err
		}
		v, err = roleSetView(tx, set)
		return err
	})
	return v, err
}

// ReplaceRoleInSet takes a role out of a set and gives those members who have it
// another one of the set.
func (s *Service) ReplaceRoleInSet(ctx context.Context, keyOrID, from, to string) (RoleSetView, error) {
	var id identity.RoleMigrationID
	var setID identity.RoleSetID
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		set, err := findRoleSet(tx, keyOrID)
		if err != nil {
			return err
		}
		setID = set.ID
		old, oldErr := roleID(tx, from, "role_key")
		if oldErr == nil && !set.Holds(old) {
			oldErr = fault.New(fault.NotFound, "resource", "role", "param_name", "role_key")
		}
		next, nextErr := roleID(tx, to, "to_role_key")
		if nextErr == nil && (!set.Holds(next) || next == old) {
			nextErr = fault.New(fault.NotFound, "resource", "role", "param_name", "to_role_key")
		}
		if err := fault.Join(oldErr, nextErr); err != nil {
			return err
		}
		set.Roles = slices.DeleteFunc(set.Roles, func(held identity.RoleID) bool { return held == old })
		for _, named := range []*identity.RoleID{&set.Default, &set.Creator} {
			if *named == old {
				*named = next
			}
		}
		m := identity.RoleMigration{Source: set.ID, Trigger: identity.RoleRemoval, Mappings: map[identity.RoleID]identity.RoleID{old: next}}
		if err := s.saveRoleSet(tx, set); err != nil {
			return err
		}
		if m, err = s.reassign(tx, m, set, map[identity.RoleID]string{old: to}); err != nil {
			return err
		}
		id = m.ID
		return s.auditMigration(tx, "role_migration.created", m)
	})
	if err != nil {
		return RoleSetView{}, err
	}
	s.migrateFirst(ctx, id)
	return s.RoleSet(ctx, string(setID))
}

// ReplaceRoleSet puts another role set in the place of one, which is deleted.
// Mappings say, by keys, which role takes the place of each that the other set
// lacks.
func (s *Service) ReplaceRoleSet(ctx context.Context, keyOrID, dest string, mappings map[string]string) (set identity.RoleSet, err error) {
	var id identity.RoleMigrationID
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if set, err = findRoleSet(tx, keyOrID); err != nil {
			return err
		}
		target, err := tx.RoleSetByKey(dest)
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "role set", "param_name", "dest_role_set_key"))
		}
		if target.ID == set.ID {
			return fault.New(fault.FormParamValueInvalid, "param_name", "dest_role_set_key")
		}
		m := identity.RoleMigration{
			Source: set.ID, Dest: target.ID, Trigger: identity.RoleSetDeletion, Mappings: map[identity.RoleID]identity.RoleID{},
		}
		named := map[identity.RoleID]string{}
		for from, to := range mappings {
			if from == to {
				continue // nothing changes; policy sees whether the target has it
			}
			old, err := tx.RoleByKey(identity.RoleKey(from))
			if err != nil {
				return store.Missing(err, fault.New(fault.RoleSetMappingsInvalid, "role_key", from))
			}
			next, err := tx.RoleByKey(identity.RoleKey(to))
			if store.Optional(err) != nil {
				return err
			}
			m.Mappings[old.ID], named[old.ID] = next.ID, to
			if target.Holds(old.ID) {
				named[old.ID] = from
			}
		}
		if m, err = s.reassign(tx, m, target, named); err != nil {
			return err
		}
		id = m.ID
		return s.auditMigration(tx, "role_migration.created", m)
	})
	if err != nil {
		return set, err
	}
	s.migrateFirst(ctx, id)
	return set, nil
}

// judgeReassignment asks policy whether members may get other roles.
func judgeReassignment(tx *store.Tx, m identity.RoleMigration, target identity.RoleSet, named map[identity.RoleID]string) error {
	source, err := tx.RoleSet(m.Source)
	if err != nil {
		return err
	}
	facts := policy.ReassignFacts{
		Target: target, Named: named, Mappings: map[identity.RoleID]*identity.Role{},
		Deletes: m.Trigger == identity.RoleSetDeletion, Initial: source.Type == identity.RoleSetInitial,
	}
	for from, to := range m.Mappings {
		r, err := tx.Role(to)
		if store.Optional(err) != nil {
			return err
		}
		if facts.Mappings[from] = nil; err == nil {
			facts.Mappings[from] = &r
		}
	}
	if facts.InUse, err = inUse(tx, m.Source, m.CreatedAt); err != nil {
		return err
	}
	if facts.Migrating, err = migrating(tx, concerning(m.Source, m.Dest)); err != nil {
		return err
	}
	if facts.LacksManagers, err = lacksManagersAfter(tx, m.Source, m.Mappings); err != nil {
		return err
	}
	return policy.Reassign(facts).Denied
}

// changeRoleSetOf gives an organization another role set, which must have every
// role that its members have: behaviour 1.148.
func changeRoleSetOf(tx *store.Tx, o *identity.Organization, key *string) error {
	if key == nil || *key == "" {
		return nil
	}
	target, err := tx.RoleSetByKey(*key)
	if err != nil {
		return store.Missing(err, fault.New(fault.NotFound, "resource", "role set", "param_name", "role_set_key"))
	}
	if target.ID == o.RoleSetID {
		return nil
	}
	facts := policy.ReassignFacts{Target: target}
	if facts.Migrating, err = migrating(tx, concerning(o.RoleSetID, target.ID)); err != nil {
		return err
	}
	ids, err := tx.RolesInUse(o.ID, o.UpdatedAt)
	if err != nil {
		return err
	}
	if facts.InUse, err = rolesOf(tx, ids); err != nil {
		return err
	}
	o.RoleSetID = target.ID
	return policy.Reassign(facts).Denied
}
