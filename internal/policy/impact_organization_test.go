package policy_test

import (
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/policy"
)

func names(effects []policy.Effect) string {
	var list []string
	for _, e := range effects {
		list = append(list, e.Name)
	}
	return strings.Join(list, " ")
}

func TestOrganizationImpact(t *testing.T) {
	t.Parallel()
	on := identity.Connection{Name: "Okta", Active: true, Authenticatable: true, Domains: []identity.Domain{"acme.test"}}
	off := identity.Connection{Name: "Old"}
	for name, test := range map[string]struct {
		f    policy.OrganizationImpactFacts
		want string
	}{
		"an empty one concerns nobody":                     {policy.OrganizationImpactFacts{}, ""},
		"its members lose it, some of them their only one": {policy.OrganizationImpactFacts{Members: 143, OnlyHere: 12, Signed: 3}, "members_removed no_organization_left deselected"},
		"invitations become void":                          {policy.OrganizationImpactFacts{Invitations: 1}, "invitations_void"},
		"connections in use are switched off":              {policy.OrganizationImpactFacts{Connections: []identity.Connection{on, off}, Through: 5}, "connection_disabled sign_in_lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := names(policy.OrganizationImpact(test.f)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRemovalImpact(t *testing.T) {
	t.Parallel()
	tied := policy.RemovalFacts{
		Membership: identity.Membership{OrganizationID: "org_a", ConnectionID: "c"}, Organizations: 2,
		JoinedThrough: identity.Connection{ID: "c", Name: "Okta", OrganizationID: "org_a", Active: true, Authenticatable: true, Domains: []identity.Domain{"acme.test"}},
	}
	moved := tied
	moved.JoinedThrough.OrganizationID = "org_b"
	for name, test := range map[string]struct {
		f    policy.RemovalFacts
		want string
	}{
		"who was invited is gone":                        {policy.RemovalFacts{Organizations: 2}, "members_removed"},
		"who has no other organization":                  {policy.RemovalFacts{Organizations: 1}, "members_removed no_organization_left"},
		"who joined through a connection comes back":     {tied, "members_removed rejoins"},
		"but not through one that has moved on":          {moved, "members_removed"},
		"the last one who can manage may not be removed": {policy.RemovalFacts{Role: identity.Role{Permissions: []identity.Permission{identity.MembershipsManage}}, Managers: 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := names(policy.RemovalImpact(test.f)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestUserImpact(t *testing.T) {
	t.Parallel()
	f := policy.UserImpactFacts{Organizations: 2, LastManagerOf: []string{"Acme"}, Sessions: 1, Rejoins: []string{"Okta"}}
	if got, want := names(policy.UserImpact(f)), "user_deleted memberships_removed no_manager_left sessions_ended created_again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := names(policy.UserImpact(policy.UserImpactFacts{})), "user_deleted"; got != want {
		t.Errorf("nobody in particular: got %q, want %q", got, want)
	}
}
