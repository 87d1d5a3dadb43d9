package policy_test

import (
	"slices"
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestDeleteRole(t *testing.T) { // behaviour 1.147
	t.Parallel()
	for name, test := range map[string]struct {
		facts policy.RoleFacts
		code  fault.Code
		trace string
	}{
		"a role that nobody uses":     {policy.RoleFacts{}, "", "roles_settled not_creator_role not_default_role no_members no_invitations"},
		"not one that is being moved": {policy.RoleFacts{Migrating: true, Creator: true}, fault.RoleMigrationInProgress, "roles_settled"},
		"not that of creators":        {policy.RoleFacts{Creator: true, Default: true}, fault.OrganizationRoleDefaultCreatorRole, "roles_settled not_creator_role"},
		"not the default one":         {policy.RoleFacts{Default: true, Members: true}, fault.OrganizationRoleDomainDefaultRole, "roles_settled not_creator_role not_default_role"},
		"not one that members have":   {policy.RoleFacts{Members: true}, fault.OrganizationRoleAssignedMembers, "roles_settled not_creator_role not_default_role no_members"},
		"nor one to be had": {
			policy.RoleFacts{Invited: true}, fault.OrganizationRoleExistsInInvitations, "roles_settled not_creator_role not_default_role no_members no_invitations",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, policy.DeleteRole(test.facts), test.code, test.trace)
		})
	}
}

func TestChangePermissions(t *testing.T) {
	t.Parallel()
	weak := identity.Role{Key: "org:weak", Permissions: []identity.Permission{identity.MembershipsRead}}
	creator := identity.Role{Key: "org:creator", Permissions: identity.CreatorPermissions()}
	for name, test := range map[string]struct {
		facts policy.PermissionsFacts
		code  fault.Code
		trace string
	}{
		"an ordinary role may hold little":           {policy.PermissionsFacts{After: weak}, "", "roles_settled managers_remain"},
		"1.144 a creator's role needs three":         {policy.PermissionsFacts{After: weak, RoleFacts: policy.RoleFacts{Creator: true}}, fault.OrganizationMissingCreatorPermissions, "roles_settled creator_permissions"},
		"1.144 and no more":                          {policy.PermissionsFacts{After: creator, RoleFacts: policy.RoleFacts{Creator: true}}, "", "roles_settled creator_permissions managers_remain"},
		"1.44 no organization is without a manager":  {policy.PermissionsFacts{After: weak, LacksManagers: true}, fault.OrganizationMinimumPermissionsNeeded, "roles_settled managers_remain"},
		"not while its members are moved (T-OPS-17)": {policy.PermissionsFacts{After: creator, RoleFacts: policy.RoleFacts{Migrating: true}}, fault.RoleMigrationInProgress, "roles_settled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, policy.ChangePermissions(test.facts), test.code, test.trace)
		})
	}
}

func TestChangeRoleSet(t *testing.T) {
	t.Parallel()
	usual := policy.RoleSetFacts{
		After:   identity.RoleSet{ID: "roleset_1", Roles: []identity.RoleID{"role_a", "role_m"}, Default: "role_m", Creator: "role_a"},
		Creator: identity.Role{ID: "role_a", Permissions: identity.CreatorPermissions()},
	}
	const all = "roles_settled some_roles not_too_many_roles default_role_in_set creator_role_in_set creator_permissions"
	for name, test := range map[string]struct {
		given func(*policy.RoleSetFacts)
		code  fault.Code
		trace string
	}{
		"a set with a default and a creator role": {func(*policy.RoleSetFacts) {}, "", all},
		"one role may be both": {func(f *policy.RoleSetFacts) {
			f.After.Roles, f.After.Default = []identity.RoleID{"role_a"}, "role_a"
		}, "", all},
		"not while its members are moved": {func(f *policy.RoleSetFacts) { f.Migrating = true }, fault.RoleMigrationInProgress, "roles_settled"},
		"not without roles":               {func(f *policy.RoleSetFacts) { f.After.Roles = nil }, fault.FormParamMissing, "roles_settled some_roles"},
		"not with eleven": {func(f *policy.RoleSetFacts) {
			f.After.Roles = slices.Repeat([]identity.RoleID{"role_a"}, 11)
		}, fault.FormParamArraySize, "roles_settled some_roles not_too_many_roles"},
		"not with a default role outside": {func(f *policy.RoleSetFacts) { f.After.Default = "role_x" }, fault.NotFound, "roles_settled some_roles not_too_many_roles default_role_in_set"},
		"not with a creator role outside": {func(f *policy.RoleSetFacts) { f.After.Creator = "role_x" }, fault.NotFound, "roles_settled some_roles not_too_many_roles default_role_in_set creator_role_in_set"},
		"1.144 not with a weak creator":   {func(f *policy.RoleSetFacts) { f.Creator.Permissions = nil }, fault.OrganizationMissingCreatorPermissions, all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := usual
			f.After.Roles = slices.Clone(usual.After.Roles)
			test.given(&f)
			check(t, policy.ChangeRoleSet(f), test.code, test.trace)
		})
	}
}

func TestReassign(t *testing.T) { // behaviour 1.148
	t.Parallel()
	a, b, c := identity.Role{ID: "role_a", Key: "org:a"}, identity.Role{ID: "role_b", Key: "org:b"}, identity.Role{ID: "role_c", Key: "org:c"}
	usual := policy.ReassignFacts{
		Target: identity.RoleSet{ID: "roleset_2", Roles: []identity.RoleID{b.ID, c.ID}}, InUse: []identity.Role{a, b}, Deletes: true,
		Mappings: map[identity.RoleID]*identity.Role{a.ID: &c}, Named: map[identity.RoleID]string{a.ID: "org:c"},
	}
	const all = "roles_settled initial_set_stays mapped_from_outside mapped_into_target every_role_mapped managers_remain"
	for name, test := range map[string]struct {
		given func(*policy.ReassignFacts)
		code  fault.Code
		trace string
	}{
		"what the target lacks is mapped": {func(*policy.ReassignFacts) {}, "", all},
		"a role in use that is in the target needs no mapping": {func(f *policy.ReassignFacts) {
			f.InUse, f.Mappings = []identity.Role{b, c}, nil
		}, "", "roles_settled initial_set_stays every_role_mapped managers_remain"},
		"not twice at once (threat T-OPS-17)": {func(f *policy.ReassignFacts) { f.Migrating = true }, fault.RoleMigrationInProgress, "roles_settled"},
		"the initial set stays":               {func(f *policy.ReassignFacts) { f.Initial = true }, fault.CannotDeleteInitialRoleSet, "roles_settled initial_set_stays"},
		"a role of the initial set may go":    {func(f *policy.ReassignFacts) { f.Initial, f.Deletes = true, false }, "", all},
		"not to a role outside the target": {func(f *policy.ReassignFacts) {
			f.Mappings = map[identity.RoleID]*identity.Role{a.ID: &a}
		}, fault.RoleSetMappingsInvalid, "roles_settled initial_set_stays mapped_from_outside mapped_into_target"},
		"not to a role that there is not": {func(f *policy.ReassignFacts) {
			f.Mappings = map[identity.RoleID]*identity.Role{a.ID: nil}
		}, fault.RoleSetMappingsInvalid, "roles_settled initial_set_stays mapped_from_outside mapped_into_target"},
		"not from a role that the target keeps": {func(f *policy.ReassignFacts) {
			f.Mappings = map[identity.RoleID]*identity.Role{b.ID: &c}
		}, fault.RoleSetMappingsInvalid, "roles_settled initial_set_stays mapped_from_outside"},
		"not without a mapping for a role in use": {func(f *policy.ReassignFacts) { f.Mappings = nil }, fault.RoleSetMappingsMissing, "roles_settled initial_set_stays every_role_mapped"},
		"not without managers (threat T-ORG-14)":  {func(f *policy.ReassignFacts) { f.LacksManagers = true }, fault.OrganizationMinimumPermissionsNeeded, all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := usual
			test.given(&f)
			check(t, policy.Reassign(f), test.code, test.trace)
		})
	}
}
