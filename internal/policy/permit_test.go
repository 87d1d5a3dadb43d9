package policy_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

var (
	adminRole  = identity.Role{Key: "org:admin", Permissions: identity.SystemPermissions()}
	memberRole = identity.Role{Key: "org:member", Permissions: []identity.Permission{identity.MembershipsRead, identity.BillingRead}}
	hrRole     = identity.Role{Key: "org:hr", Permissions: []identity.Permission{identity.MembershipsRead, identity.MembershipsManage}}
)

func TestPermit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		role  *identity.Role
		p     identity.Permission
		code  fault.Code
		trace string
	}{
		"1.145 an administrator has all":                         {&adminRole, identity.EntConnsManage, "", "is_member permitted"},
		"1.138 only who manages memberships may invite":          {&memberRole, identity.MembershipsManage, fault.MissingOrganizationPermission, "is_member permitted"},
		"1.38 any member who manages memberships may remove":     {&hrRole, identity.MembershipsManage, "", "is_member permitted"},
		"threat T-ORG-16: for a stranger there is nothing there": {nil, identity.MembershipsRead, fault.OrganizationNotFound, "is_member"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Permit(tt.role, tt.p)
			checkDenied(t, d.Denied, tt.code, nil)
			if got := d.Trace.String(); got != tt.trace {
				t.Errorf("trace: got %s; want %s", got, tt.trace)
			}
		})
	}
}

func TestChangeRole(t *testing.T) {
	t.Parallel()
	owner := identity.Role{Key: "org:owner", Permissions: []identity.Permission{identity.MembershipsManage, identity.ProfileDelete}}
	tests := map[string]struct {
		facts policy.ChangeRoleFacts
		code  fault.Code
		trace string
	}{
		"an administrator promotes": {
			policy.ChangeRoleFacts{Actor: &adminRole, From: memberRole, To: &hrRole, Managers: 1},
			"",
			"is_member permitted role_exists within_own_permissions",
		},
		"the Backend API promotes": {
			policy.ChangeRoleFacts{Anyone: true, From: memberRole, To: &adminRole, Managers: 1}, "", "role_exists",
		},
		"a member does not": {
			policy.ChangeRoleFacts{Actor: &memberRole, From: memberRole, To: &hrRole, Managers: 1},
			fault.MissingOrganizationPermission, "is_member permitted",
		},
		"a stranger does not": {
			policy.ChangeRoleFacts{From: memberRole, To: &hrRole, Managers: 1}, fault.OrganizationNotFound, "is_member",
		},
		"threat T-ORG-11: nobody promotes above the own permissions": {
			policy.ChangeRoleFacts{Actor: &hrRole, From: memberRole, To: &owner, Managers: 1},
			fault.MissingOrganizationPermission, "is_member permitted role_exists within_own_permissions",
		},
		"threat T-ORG-11: whichever of the permissions it is": {
			policy.ChangeRoleFacts{Actor: &hrRole, From: memberRole, To: &identity.Role{Permissions: []identity.Permission{identity.ProfileDelete}}, Managers: 1},
			fault.MissingOrganizationPermission, "is_member permitted role_exists within_own_permissions",
		},
		"1.147 a role that is not there cannot be given": {
			policy.ChangeRoleFacts{Actor: &adminRole, From: memberRole, Managers: 1}, fault.NotFound, "is_member permitted role_exists",
		},
		"1.44 the last member able to manage cannot be demoted (threat T-ORG-14)": {
			policy.ChangeRoleFacts{Actor: &adminRole, From: adminRole, To: &memberRole, Managers: 1},
			fault.OrganizationMinimumPermissionsNeeded, "is_member permitted role_exists within_own_permissions manager_remains",
		},
		"1.44 nor by the Backend API": {
			policy.ChangeRoleFacts{Anyone: true, From: adminRole, To: &memberRole, Managers: 1},
			fault.OrganizationMinimumPermissionsNeeded, "role_exists manager_remains",
		},
		"one of two can": {
			policy.ChangeRoleFacts{Anyone: true, From: adminRole, To: &memberRole, Managers: 2}, "", "role_exists manager_remains",
		},
		"who manages members under another role stays able to": {
			policy.ChangeRoleFacts{Anyone: true, From: adminRole, To: &hrRole, Managers: 1}, "", "role_exists",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.ChangeRole(tt.facts)
			checkDenied(t, d.Denied, tt.code, nil)
			if got := d.Trace.String(); got != tt.trace {
				t.Errorf("trace:\n got %s\nwant %s", got, tt.trace)
			}
		})
	}
}
