package policy_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestLeaveAndRemove(t *testing.T) {
	t.Parallel()
	admin := identity.Role{Key: "org:admin", Permissions: identity.SystemPermissions()}
	member := identity.Role{Key: "org:member", Permissions: []identity.Permission{identity.MembershipsRead}}
	invited := policy.RemovalFacts{
		Membership: identity.Membership{ID: "orgmem_1", OrganizationID: "org_acme", UserID: "user_ada"},
		Role:       member, Managers: 1, Organizations: 1,
	}
	sso := invited
	sso.Membership.ConnectionID, sso.JoinedThrough = "entconn_1", at("entconn_1", "org_acme", "acme.test")
	change := func(f policy.RemovalFacts, how func(*policy.RemovalFacts)) policy.RemovalFacts {
		how(&f)
		return f
	}
	tests := map[string]struct {
		facts   policy.RemovalFacts
		leave   fault.Code // empty: allowed
		remove  fault.Code
		rejoins identity.ConnectionID // after Remove
	}{
		"a member who joined otherwise may leave": {facts: invited},
		"1.37 a member who joined through a connection cannot leave": {
			facts: sso, leave: fault.OrganizationMembershipEnterpriseConnection, rejoins: "entconn_1",
		},
		"1.38 but can be removed (part 8 no. 8)": {
			facts: sso, leave: fault.OrganizationMembershipEnterpriseConnection, rejoins: "entconn_1",
		},
		"1.39 a removed user is added again at the next sign-in (threat T-ORG-15)": {
			facts: sso, leave: fault.OrganizationMembershipEnterpriseConnection, rejoins: "entconn_1",
		},
		"1.39 unless the connection is disabled": {
			facts: change(sso, func(f *policy.RemovalFacts) { f.JoinedThrough.Active = false }),
			leave: fault.OrganizationMembershipEnterpriseConnection,
		},
		"1.39 or is for linking only": {
			facts: change(sso, func(f *policy.RemovalFacts) { f.JoinedThrough.Authenticatable = false }),
			leave: fault.OrganizationMembershipEnterpriseConnection,
		},
		"1.39 or was moved": {
			facts: change(sso, func(f *policy.RemovalFacts) { f.JoinedThrough.OrganizationID = "org_globex" }),
		},
		"1.39 or deleted": {
			facts: change(sso, func(f *policy.RemovalFacts) { f.JoinedThrough = identity.Connection{} }),
		},
		"part 8 no. 9: joined through compares with the connection's present organization": {
			facts: change(sso, func(f *policy.RemovalFacts) { f.JoinedThrough.OrganizationID = "org_globex" }),
		},
		"another connection of the organization does not tie": {
			facts: change(sso, func(f *policy.RemovalFacts) { f.JoinedThrough.ID = "entconn_2" }),
		},
		"1.44 the last member able to manage the organization (threat T-ORG-14)": {
			facts: change(invited, func(f *policy.RemovalFacts) { f.Role = admin }),
			leave: fault.OrganizationMinimumPermissionsNeeded, remove: fault.OrganizationMinimumPermissionsNeeded,
		},
		"1.44 one of two": {facts: change(invited, func(f *policy.RemovalFacts) { f.Role, f.Managers = admin, 2 })},
		"1.44 an SSO member who is the last administrator is not removed either": {
			facts: change(sso, func(f *policy.RemovalFacts) { f.Role = admin }),
			leave: fault.OrganizationMembershipEnterpriseConnection, remove: fault.OrganizationMinimumPermissionsNeeded,
		},
		"1.45 the last membership when personal accounts are off": {
			facts: change(invited, func(f *policy.RemovalFacts) { f.OrganizationRequired = true }),
			leave: fault.PersonalAccountsNotAllowed, remove: fault.PersonalAccountsNotAllowed,
		},
		"1.45 one of two memberships": {
			facts: change(invited, func(f *policy.RemovalFacts) { f.OrganizationRequired, f.Organizations = true, 2 }),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := policy.Plan{User: "user_ada", RemoveMembership: "orgmem_1"}
			planned := func(d policy.Decision, code fault.Code) {
				t.Helper()
				checkDenied(t, d.Denied, code, nil)
				if want := map[bool]policy.Plan{true: plan}[code == ""]; d.Plan != want {
					t.Errorf("plan: got %+v; want %+v", d.Plan, want)
				}
			}
			planned(policy.Leave(tt.facts), tt.leave)
			removed := policy.Remove(tt.facts)
			planned(removed.Decision, tt.remove)
			if removed.RejoinsThrough != tt.rejoins {
				t.Errorf("rejoins through %q; want %q", removed.RejoinsThrough, tt.rejoins)
			}
		})
	}
	if got, want := policy.Leave(invited).Trace.String(), "joined_otherwise manager_remains organization_remains"; got != want {
		t.Errorf("trace of Leave:\n got %s\nwant %s", got, want)
	}
	if got, want := policy.Remove(sso).Trace.String(), "manager_remains organization_remains"; got != want {
		t.Errorf("trace of Remove:\n got %s\nwant %s", got, want)
	}
}
