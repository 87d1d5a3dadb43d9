package policy

import (
	"maps"
	"slices"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
)

// RoleFacts is where a role is in use.
type RoleFacts struct {
	Creator   bool // it is the creator role of a role set
	Default   bool // it is the default role of a role set
	Members   bool // somebody has it
	Invited   bool // somebody is invited to have it
	Migrating bool // it is part of a change of members' roles that is under way
}

// DeleteRole decides whether a role may be deleted: behaviour 1.147.
func DeleteRole(f RoleFacts) Decision {
	var t Trace
	for _, rule := range []struct {
		name   string
		passed bool
		code   fault.Code
	}{
		{"roles_settled", !f.Migrating, fault.RoleMigrationInProgress},
		{"not_creator_role", !f.Creator, fault.OrganizationRoleDefaultCreatorRole},
		{"not_default_role", !f.Default, fault.OrganizationRoleDomainDefaultRole},
		{"no_members", !f.Members, fault.OrganizationRoleAssignedMembers},
		{"no_invitations", !f.Invited, fault.OrganizationRoleExistsInInvitations},
	} {
		if !t.note(rule.name, rule.passed, "") {
			return deny(t, fault.New(rule.code))
		}
	}
	return Decision{Trace: t}
}

// PermissionsFacts is what ChangePermissions looks at.
type PermissionsFacts struct {
	RoleFacts
	After identity.Role // with the permissions that it is to hold

	// LacksManagers says that some organization would be left without anybody who
	// can manage its members.
	LacksManagers bool
}

// ChangePermissions decides whether a role may hold other permissions. That of
// creators keeps what a creator needs (behaviour 1.144), and no organization is
// left without a manager (threat T-ORG-14).
func ChangePermissions(f PermissionsFacts) Decision {
	var t Trace
	if !t.note("roles_settled", !f.Migrating, "") {
		return deny(t, fault.New(fault.RoleMigrationInProgress))
	}
	if f.Creator {
		if err := creatorRole(&t, f.After); err != nil {
			return deny(t, err)
		}
	}
	if !t.note("managers_remain", !f.LacksManagers, string(f.After.Key)) {
		return deny(t, fault.New(fault.OrganizationMinimumPermissionsNeeded))
	}
	return Decision{Trace: t}
}

// creatorRole refuses a creator's role that lacks what a creator needs.
func creatorRole(t *Trace, r identity.Role) error {
	var names []string
	for _, p := range r.LacksAsCreator() {
		names = append(names, string(p))
	}
	if !t.note("creator_permissions", len(names) == 0, strings.Join(names, " ")) {
		return fault.New(fault.OrganizationMissingCreatorPermissions, "permissions", names)
	}
	return nil
}

// RoleSetFacts is what ChangeRoleSet looks at.
type RoleSetFacts struct {
	After     identity.RoleSet
	Creator   identity.Role // that After names
	Migrating bool          // the roles of its organizations' members are being changed
}

// MaxRolesOfSet is how many roles a role set has at most: behaviour 7.B.
const MaxRolesOfSet = 10

// ChangeRoleSet decides whether a role set may be as it is to be.
func ChangeRoleSet(f RoleSetFacts) Decision {
	var t Trace
	s := f.After
	if !t.note("roles_settled", !f.Migrating, string(s.ID)) {
		return deny(t, fault.New(fault.RoleMigrationInProgress))
	}
	if !t.note("some_roles", len(s.Roles) > 0, string(s.ID)) {
		return deny(t, fault.New(fault.FormParamMissing, "param_name", "roles"))
	}
	if !t.note("not_too_many_roles", len(s.Roles) <= MaxRolesOfSet, string(s.ID)) {
		return deny(t, fault.New(fault.FormParamArraySize, "param_name", "roles", "max_items", MaxRolesOfSet))
	}
	if !t.note("default_role_in_set", s.Holds(s.Default), string(s.Default)) {
		return deny(t, fault.New(fault.NotFound, "resource", "role", "param_name", "default_role_key"))
	}
	if !t.note("creator_role_in_set", s.Holds(s.Creator), string(s.Creator)) {
		return deny(t, fault.New(fault.NotFound, "resource", "role", "param_name", "creator_role_key"))
	}
	if err := creatorRole(&t, f.Creator); err != nil {
		return deny(t, err)
	}
	return Decision{Trace: t}
}

// ReassignFacts is what Reassign looks at.
type ReassignFacts struct {
	Target    identity.RoleSet                   // the role set that members will be in
	InUse     []identity.Role                    // that members have now, or people who are invited are to have
	Mappings  map[identity.RoleID]*identity.Role // by the role that is given up; nil: there is no such role
	Named     map[identity.RoleID]string         // the key to name in a refusal of a mapping
	Deletes   bool                               // Target takes the place of a set, which is deleted
	Initial   bool                               // the set that is given up is the initial one
	Migrating bool                               // one of the sets is part of a change under way

	// LacksManagers says that some organization would be left without anybody who
	// can manage its members.
	LacksManagers bool
}

// Reassign decides whether the members who have roles that the target lacks may
// get others in their place: behaviour 1.148.
func Reassign(f ReassignFacts) Decision {
	var t Trace
	if !t.note("roles_settled", !f.Migrating, string(f.Target.ID)) {
		return deny(t, fault.New(fault.RoleMigrationInProgress))
	}
	if !t.note("initial_set_stays", !f.Deletes || !f.Initial, "") {
		return deny(t, fault.New(fault.CannotDeleteInitialRoleSet))
	}
	for _, from := range slices.Sorted(maps.Keys(f.Mappings)) {
		to := f.Mappings[from]
		// A role that the target has is not given up. Otherwise a member could be
		// moved twice, from the second role to a third.
		if !t.note("mapped_from_outside", !f.Target.Holds(from), string(from)) {
			return deny(t, fault.New(fault.RoleSetMappingsInvalid, "role_key", f.Named[from]))
		}
		if !t.note("mapped_into_target", to != nil && f.Target.Holds(to.ID), string(from)) {
			return deny(t, fault.New(fault.RoleSetMappingsInvalid, "role_key", f.Named[from]))
		}
	}
	var missing []string
	for _, r := range f.InUse {
		if _, mapped := f.Mappings[r.ID]; !mapped && !f.Target.Holds(r.ID) {
			missing = append(missing, string(r.Key))
		}
	}
	slices.Sort(missing)
	if !t.note("every_role_mapped", len(missing) == 0, strings.Join(missing, " ")) {
		return deny(t, fault.New(fault.RoleSetMappingsMissing, "role_keys", missing))
	}
	if !t.note("managers_remain", !f.LacksManagers, string(f.Target.ID)) {
		return deny(t, fault.New(fault.OrganizationMinimumPermissionsNeeded))
	}
	return Decision{Trace: t}
}
