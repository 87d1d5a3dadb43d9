package policy_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestAddMember(t *testing.T) {
	t.Parallel()
	member := identity.Role{ID: "role_1", Key: "org:member"}
	usual := policy.JoinFacts{
		Person: "user_ada", Organization: identity.Organization{ID: "org_acme", RoleSetID: "roleset_1"}, Role: &member, Members: 4,
	}
	tests := map[string]struct {
		given func(*policy.JoinFacts)
		code  fault.Code // empty: allowed
		trace string
	}{
		"a person may be made a member": {
			given: func(*policy.JoinFacts) {},
			trace: "roles_settled role_in_set not_a_member membership_quota exclusive_membership",
		},
		"not while members' roles are being changed (threat T-OPS-17)": {
			given: func(f *policy.JoinFacts) { f.Migrating, f.Role = true, nil },
			code:  fault.RoleMigrationInProgress, trace: "roles_settled",
		},
		"1.147 not with a role outside the role set": {
			given: func(f *policy.JoinFacts) { f.Role, f.Member = nil, true },
			code:  fault.NotFound, trace: "roles_settled role_in_set",
		},
		"not twice": {
			given: func(f *policy.JoinFacts) { f.Member, f.Organization.MaxAllowedMemberships = true, 1 },
			code:  fault.AlreadyAMember, trace: "roles_settled role_in_set not_a_member",
		},
		"not when the organization is full (threat T-ORG-13)": {
			given: func(f *policy.JoinFacts) { f.Organization.MaxAllowedMemberships, f.ExclusiveElsewhere = 4, true },
			code:  fault.OrganizationMembershipQuotaExceeded, trace: "roles_settled role_in_set not_a_member membership_quota",
		},
		"1.141 nor when the seats that are left are promised": {
			given: func(f *policy.JoinFacts) { f.Organization.MaxAllowedMemberships, f.Invited = 5, 1 },
			code:  fault.OrganizationMembershipQuotaExceeded, trace: "roles_settled role_in_set not_a_member membership_quota",
		},
		"but in its last seat": {
			given: func(f *policy.JoinFacts) { f.Organization.MaxAllowedMemberships = 5 },
			trace: "roles_settled role_in_set not_a_member membership_quota exclusive_membership",
		},
		"1.35 not of an exclusive one, who belongs to another": {
			given: func(f *policy.JoinFacts) { f.Organization.ExclusiveMembership, f.OtherOrganizations = true, 1 },
			code:  fault.ExclusiveOrganizationMembership, trace: "roles_settled role_in_set not_a_member membership_quota exclusive_membership",
		},
		"1.35 nor of another, who belongs to an exclusive one": {
			given: func(f *policy.JoinFacts) { f.ExclusiveElsewhere, f.OtherOrganizations = true, 1 },
			code:  fault.ExclusiveOrganizationMembership, trace: "roles_settled role_in_set not_a_member membership_quota exclusive_membership",
		},
		"of several that are not exclusive": {
			given: func(f *policy.JoinFacts) { f.OtherOrganizations = 3 },
			trace: "roles_settled role_in_set not_a_member membership_quota exclusive_membership",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := usual
			test.given(&f)
			d := policy.AddMember(f)
			check(t, d, test.code, test.trace)
			if j := d.Plan.Join; test.code == "" && (j == nil || j.Organization != "org_acme" || j.Role != "org:member" || j.Connection != "") {
				t.Errorf("plan %+v", d.Plan)
			}
		})
	}
}

// check compares the verdict and the rules that led to it.
func check(t *testing.T, d policy.Decision, code fault.Code, trace string) {
	t.Helper()
	var got fault.Code
	if d.Denied != nil {
		got = fault.From(d.Denied).Code()
	}
	if got != code || d.Trace.String() != trace {
		t.Errorf("got %q by %q, want %q by %q", got, d.Trace, code, trace)
	}
}
