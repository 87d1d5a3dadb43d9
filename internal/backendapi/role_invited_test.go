package backendapi_test

import (
	"slices"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
)

// invited invites an address and returns the invitation.
func (f *fixture) invited(org, address, role string) object {
	f.t.Helper()
	return f.call("POST", "/organizations/"+org+"/invitations", object{"email_address": address, "role": role})
}

func TestRoles_1_147_OneThatSomebodyIsInvitedToStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.initech()
		guest := f.role("org:guest")
		i := f.invited("initech", "eve@initech.test", "org:guest")
		f.refuses("DELETE", "/organization_roles/"+guest, nil, 422, "organization_role_exists_in_invitations")
		f.call("POST", "/organizations/initech/invitations/"+str(i, "id")+"/revoke", nil)
		f.call("DELETE", "/organization_roles/"+guest, nil)
	})
}

// Threat T-ORG-11: nobody becomes a member with a role that is not in the set, by
// an invitation of before.
func TestRoleSets_1_148_PeopleWhoAreInvitedGetTheOtherRoleToo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.initech()
		f.role("org:guest")
		f.role("org:visitor")
		eve := str(f.user("eve@initech.test", nil), "id")
		ticket := f.ticketOf(f.invited("initech", "eve@initech.test", "org:guest"))
		f.call("POST", "/role_sets/role_set:default/roles/replace", object{"role_key": "org:guest", "to_role_key": "org:visitor"})
		equal(t, "the invitation", pick(f.call("GET", "/organizations/initech/invitations", nil), "role"), []string{"org:visitor"})
		equal(t, "accepted", f.accept(ticket, f.sessionOf(eve)), "")
		equal(t, "Eve", pick(f.call("GET", "/organizations/initech/memberships?user_id="+eve, nil), "role"), []string{"org:visitor"})

		f.call("POST", "/role_sets", object{
			"name": "Second", "key": "role_set:second", "default_role_key": "org:member", "creator_role_key": "org:admin",
			"roles": []string{"org:admin", "org:member", "org:visitor"},
		})
		f.role("org:clerk")
		f.invited("initech", "frank@initech.test", "org:clerk")
		refused := f.refuses("PATCH", "/organizations/initech", object{"role_set_key": "role_set:second"}, 422, "organization_role_set_reassignment_mappings_missing")
		equal(t, "roles", refused.Meta["role_keys"], any([]any{"org:clerk"}))
	})
}

// An invitation whose role has left the set is not used: who comes by SSO gets the
// role of everybody who does.
func TestInvitations_WithARoleThatIsGoneAreNotUsedBySSO(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		f.call("POST", "/organization_roles", object{"name": "Guest", "key": "org:guest", "include_in_initial_role_set": true})
		f.invited(company.org, "alice@acme.test", "org:guest")
		f.withoutRole("org:guest")
		id := company.signIn()
		equal(t, "Alice", pick(f.call("GET", "/organizations/"+company.org+"/memberships", nil), "role"), []string{"org:member"})
		f.call("POST", "/sessions/"+id+"/tokens", nil)
	})
}

// withoutRole takes a role out of the initial set behind the API's back, as in the
// middle of a change of many members' roles.
func (f *fixture) withoutRole(key identity.RoleKey) {
	f.t.Helper()
	err := f.tools.DB.Write(f.t.Context(), func(tx *store.Tx) error {
		r, err := tx.RoleByKey(key)
		if err != nil {
			return err
		}
		set, err := tx.InitialRoleSet()
		if err != nil {
			return err
		}
		set.Roles = slices.DeleteFunc(set.Roles, func(id identity.RoleID) bool { return id == r.ID })
		return tx.UpdateRoleSet(set)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// A role that there is not allows nothing; its holder gets tokens all the same.
func TestMemberships_WithARoleThatThereIsNotHaveTokens(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		org := str(f.call("GET", "/organizations/initech", nil), "id")
		err := f.tools.DB.Write(t.Context(), func(tx *store.Tx) error {
			m, err := tx.Membership(identity.OrgID(org), identity.UserID(carol))
			if err != nil {
				return err
			}
			m.Role = "org:ghost"
			return tx.UpdateMembership(m)
		})
		if err != nil {
			t.Fatal(err)
		}
		f.call("POST", "/jwt_templates", object{"name": "app", "claims": object{"role": "{{org.role}}", "may": "{{org_membership.permissions}}"}})
		f.tools.Sessions.Development = true
		id := str(f.call("POST", "/sessions", object{"user_id": carol, "active_organization_id": org}), "id")
		claims := claimsOf(t, str(f.call("POST", "/sessions/"+id+"/tokens", nil), "jwt"))
		equal(t, "organization", claims["o"], any(object{"id": org, "rol": "ghost", "slg": "initech"}))
		claims = claimsOf(t, str(f.call("POST", "/sessions/"+id+"/tokens/app", nil), "jwt"))
		equal(t, "by a template", claims["role"], any("org:ghost"))
		equal(t, "allows", claims["may"], any([]any{}))
	})
}
