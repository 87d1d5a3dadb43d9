package backendapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/frontendapi"
	"usher/internal/identity"
)

// Behaviours 138 to 155: invitations, roles and organizations, as seen through the Backend
// API. Left out: 143 takes invitations that a domain makes. What is of browsers in 138, 142,
// 145, 151 and 153 is tested where it is served, or not served yet.

func TestB138_OnlyWhoCanManageMembersInvites(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, carol := f.initech()
		stranger := str(f.user("eve@globex.test", nil), "id")
		const path = "/organizations/initech/invitations"
		by := func(inviter string) object {
			return object{"email_address": "new@initech.test", "role": "org:member", "inviter_user_id": inviter}
		}
		f.refuses("POST", path, by(carol), 403, "missing_organization_permission")
		f.refuses("POST", path, by(stranger), 403, "not_a_member_in_organization")
		f.refuses("POST", path+"/bulk", []any{by(carol)}, 403, "missing_organization_permission")
		made := f.call("POST", path, by(dora))
		equal(t, "inviter", str(made, "public_inviter_data", "user_id"), dora)
		f.refuses("POST", path+"/"+str(made, "id")+"/revoke", object{"requesting_user_id": carol}, 403, "missing_organization_permission")
		f.call("POST", path+"/"+str(made, "id")+"/revoke", object{"requesting_user_id": dora})
	})
}

func TestB139_AnInvitationLasts30DaysAndItsMetadataMovesToTheMembership(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Globex")
		path := "/organizations/" + org + "/invitations"
		day := float64((24 * time.Hour).Milliseconds())
		lasts := func(body object) any {
			made := f.call("POST", path, body)
			return (made["expires_at"].(float64) - made["created_at"].(float64)) / day
		}
		equal(t, "by default", lasts(object{"email_address": "a@globex.test", "role": "org:member"}), any(30.0))
		equal(t, "one day", lasts(object{"email_address": "b@globex.test", "role": "org:member", "expires_in_days": 1}), any(1.0))
		equal(t, "a year", lasts(object{"email_address": "c@globex.test", "role": "org:member", "expires_in_days": 365}), any(365.0))
		for _, days := range []int{0, -1, 366} {
			f.refuses("POST", path, object{"email_address": "d@globex.test", "role": "org:member", "expires_in_days": days}, 422, "form_param_value_invalid")
		}
		eleven := slices.Repeat([]any{object{"email_address": "x@globex.test", "role": "org:member"}}, 11)
		f.refuses("POST", path+"/bulk", eleven, 422, "form_param_array_size_exceeded")
		f.refuses("POST", path+"/bulk", []any{}, 422, "form_param_array_size_exceeded")

		f.user("dora@globex.test", nil)
		ticket := f.invite(org, "dora@globex.test")
		dora := f.signInByCode("dora@globex.test")
		equal(t, "accepted", f.accept(ticket, dora), "")
		m := items(f.call("GET", "/organizations/"+org+"/memberships", nil))[0]
		equal(t, "public metadata", m["public_metadata"], any(object{"desk": 4.0}))
		equal(t, "private metadata", m["private_metadata"], any(object{"cost": 1.0}))
		accepted := items(f.call("GET", path+"?status=accepted", nil))[0]
		f.refuses("POST", path+"/"+str(accepted, "id")+"/revoke", nil, 404, "organization_invitation_not_pending")
	})
}

func TestB140_AnAddressHasOnePendingInvitationToEach(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		globex, initech := "/organizations/"+f.organization("Globex"), "/organizations/"+f.organization("Initech")
		body := object{"email_address": "dora@globex.test", "role": "org:member"}
		made := f.call("POST", globex+"/invitations", body)
		f.refuses("POST", globex+"/invitations", object{"email_address": "DORA@globex.test", "role": "org:admin"}, 400, "organization_invitation_not_unique")
		f.call("POST", initech+"/invitations", body)
		f.call("POST", globex+"/invitations/"+str(made, "id")+"/revoke", nil)
		f.call("POST", globex+"/invitations", body)

		f.call("POST", "/invitations", object{"email_address": "dora@globex.test"})
		f.refuses("POST", "/invitations", object{"email_address": "dora@globex.test"}, 400, "duplicate_record")
		f.call("POST", "/invitations", object{"email_address": "dora@globex.test", "ignore_existing": true})
	})
}

func TestB141_InvitationsCountAgainstTheMemberCap(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora := str(f.user("dora@initech.test", nil), "id")
		carol := str(f.user("carol@initech.test", nil), "id")
		f.call("POST", "/organizations", object{"name": "Initech", "slug": "initech", "created_by": dora, "max_allowed_memberships": 3})
		invite := func(name string) object { return object{"email_address": name + "@initech.test", "role": "org:member"} }
		first := f.call("POST", "/organizations/initech/invitations", invite("a"))
		f.refuses("POST", "/organizations/initech/invitations/bulk", []any{invite("b"), invite("c")}, 403, "organization_membership_quota_exceeded")
		f.call("POST", "/organizations/initech/invitations", invite("b"))
		f.refuses("POST", "/organizations/initech/invitations", invite("c"), 403, "organization_membership_quota_exceeded")
		f.refuses("POST", "/organizations/initech/memberships", object{"user_id": carol, "role": "org:member"}, 403, "organization_membership_quota_exceeded")
		invited := str(f.user("b@initech.test", nil), "id")
		f.call("POST", "/organizations/initech/invitations/"+str(first, "id")+"/revoke", nil)
		f.call("POST", "/organizations/initech/memberships", object{"user_id": carol, "role": "org:member"})
		f.call("POST", "/organizations/initech/memberships", object{"user_id": invited, "role": "org:member"}) // whose seat it is
	})
}

func TestB142_TheLinkLeadsOnWithATicketAndWhatIsToBeDone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.tools.Manage.AllowedOrigins = []string{"https://app.test"}
		mux := http.NewServeMux()
		(&frontendapi.API{Manage: f.tools.Manage, SignIn: f.tools.SignIn, Sessions: f.tools.Sessions, BaseURL: baseURL}).Routes(mux)
		c := f.company()
		f.user("dora@globex.test", nil)
		status := func(path string, body object) string {
			t.Helper()
			link, err := url.Parse(str(f.call("POST", path, body), "url"))
			if err != nil || link.Path != "/v1/tickets/accept" {
				t.Fatalf("link %s: %v", link, err)
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", link.RequestURI(), http.NoBody))
			to, err := url.Parse(w.Header().Get("Location"))
			if err != nil || w.Code != http.StatusSeeOther || to.Query().Get("__clerk_ticket") == "" {
				t.Errorf("got %d to %s, %v", w.Code, to, err)
			}
			return to.Host + " " + to.Query().Get("__clerk_status")
		}
		path := "/organizations/" + c.org + "/invitations"
		to := func(address string) object {
			return object{"email_address": address, "role": "org:member", "redirect_url": "https://app.test/welcome"}
		}
		equal(t, "who has an account", status(path, to("dora@globex.test")), "app.test sign_in")
		equal(t, "who has none", status(path, to("new@globex.test")), "app.test sign_up")
		equal(t, "who signs in by SSO", status(path, to("bob@acme.test")), "app.test sign_in")
		equal(t, "to the application", status("/invitations", object{"email_address": "gil@globex.test", "redirect_url": "https://app.test/x"}), "app.test sign_up")
	})
}

func TestB144_ThereAreTwoRolesAndACreatorsRoleKeepsWhatACreatorNeeds(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		equal(t, "roles", pick(f.call("GET", "/organization_roles?order_by=key", nil), "key"), []string{"org:admin", "org:member"})
		admin := "/organization_roles/" + f.roleID("org:admin")
		for _, key := range []string{"org:sys_memberships:manage", "org:sys_memberships:read", "org:sys_profile:delete"} {
			f.refuses("DELETE", admin+"/permissions/"+f.permission(key), nil, 422, "organization_missing_creator_role_permissions")
		}
		f.call("DELETE", admin+"/permissions/"+f.permission("org:sys_domains:read"), nil)
		f.refuses("PATCH", "/role_sets/role_set:default", object{"creator_role_key": "org:member"}, 422, "organization_missing_creator_role_permissions")
	})
}

func TestB145_SystemPermissionsAreNineOfNoClaim(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		all := []string{
			"org:sys_billing:manage", "org:sys_billing:read", "org:sys_domains:manage", "org:sys_domains:read", "org:sys_entconns:manage",
			"org:sys_memberships:manage", "org:sys_memberships:read", "org:sys_profile:delete", "org:sys_profile:manage",
		}
		equal(t, "permissions", pick(f.call("GET", "/organization_permissions?order_by=key&limit=100", nil), "key"), all)
		holds := func(role string) []string {
			keys := pick(object{"data": f.call("GET", "/organization_roles/"+f.roleID(role), nil)["permissions"]}, "key")
			slices.Sort(keys)
			return keys
		}
		equal(t, "of administrators", holds("org:admin"), all)
		equal(t, "of members", holds("org:member"), []string{"org:sys_billing:read", "org:sys_memberships:read"})
		f.call("POST", "/organization_permissions", object{"name": "Read", "key": "org:invoices:read"})
		f.call("POST", "/organization_roles/"+f.roleID("org:member")+"/permissions/"+f.permission("org:invoices:read"), nil)
		token := str(f.call("POST", "/sessions/"+f.company().signIn()+"/tokens", nil), "jwt")
		text := fmt.Sprint(claims(t, token))
		if strings.Contains(text, "sys_") || !strings.Contains(text, "invoices") {
			t.Errorf("claims: %s", text)
		}
	})
}

func TestB146_RolesAndPermissionsOfOnesOwnAreOfAFormAndTenRolesAtMost(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, key := range []string{"billing", "org:Billing", "org:a-b", "org:", "org:a:b", "sys:x"} {
			f.refuses("POST", "/organization_roles", object{"name": "X", "key": key}, 422, "form_param_format_invalid")
		}
		for _, key := range []string{"invoices:read", "org:invoices", "org:invoices:read:all", "org::read"} {
			f.refuses("POST", "/organization_permissions", object{"name": "X", "key": key}, 422, "form_param_format_invalid")
		}
		f.call("POST", "/organization_permissions", object{"name": "X", "key": "org:invoices:read"})
		for n := range 10 {
			f.call("POST", "/organization_roles", object{"name": "X", "key": fmt.Sprint("org:r", n)})
		}
		f.refuses("POST", "/organization_roles", object{"name": "X", "key": "org:r10"}, 403, "organization_instance_roles_quota_exceeded")
	})
}

func TestB147_ARoleIsGivenOnlyOutOfTheRoleSetAndStaysWhileItIsInUse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, carol := f.initech()
		f.call("POST", "/organization_roles", object{"name": "Outside", "key": "org:outside"})
		const members, invitations = "/organizations/initech/memberships", "/organizations/initech/invitations"
		f.refuses("PATCH", members+"/"+carol, object{"role": "org:outside"}, 404, "resource_not_found")
		f.refuses("POST", invitations, object{"email_address": "x@initech.test", "role": "org:outside"}, 404, "resource_not_found")
		eve := str(f.user("eve@initech.test", nil), "id")
		f.refuses("POST", members, object{"user_id": eve, "role": "org:outside"}, 404, "resource_not_found")

		id := f.role("org:billing")
		f.call("PATCH", members+"/"+carol, object{"role": "org:billing"})
		f.refuses("DELETE", "/organization_roles/"+id, nil, 422, "organization_role_assigned_members")
		f.call("PATCH", members+"/"+carol, object{"role": "org:member"})
		invitation := str(f.call("POST", invitations, object{"email_address": "x@initech.test", "role": "org:billing"}), "id")
		f.refuses("DELETE", "/organization_roles/"+id, nil, 422, "organization_role_exists_in_invitations")
		f.refuses("DELETE", "/organization_roles/"+f.roleID("org:admin"), nil, 422, "organization_role_default_creator_role")
		f.refuses("DELETE", "/organization_roles/"+f.roleID("org:member"), nil, 422, "organization_role_domain_default_role")
		f.call("POST", invitations+"/"+invitation+"/revoke", object{"requesting_user_id": dora})
		f.call("DELETE", "/organization_roles/"+id, nil)
	})
}

func TestB148_ARoleSetIsChangedForAnotherWithAMappingOfTheRolesInUse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		f.call("PATCH", "/organizations/initech/memberships/"+carol, object{"role": "org:member"})
		for _, name := range []string{"old", "new"} {
			f.call("POST", "/role_sets", object{
				"name": name, "key": "role_set:" + name, "default_role_key": "org:admin", "creator_role_key": "org:admin", "roles": []string{"org:admin"},
			})
		}
		refused := f.refuses("PATCH", "/organizations/initech", object{"role_set_key": "role_set:new"}, 422, "organization_role_set_reassignment_mappings_missing")
		equal(t, "what is missing", refused.Meta["role_keys"], any([]any{"org:member"}))
		f.call("POST", "/role_sets/role_set:old/roles", object{"role_keys": []string{"org:member"}})
		f.call("PATCH", "/organizations/initech", object{"role_set_key": "role_set:old"})
		replace := func(mappings object) object {
			return object{"dest_role_set_key": "role_set:new", "reassignment_mappings": mappings}
		}
		f.refuses("POST", "/role_sets/role_set:old/replace", replace(nil), 422, "organization_role_set_reassignment_mappings_missing")
		f.refuses("POST", "/role_sets/role_set:old/replace", replace(object{"org:member": "org:nobody"}), 422, "organization_role_set_reassignment_mappings_invalid")
		f.call("POST", "/role_sets/role_set:old/replace", replace(object{"org:member": "org:admin"}))
		equal(t, "roles", pick(f.call("GET", "/organizations/initech/memberships", nil), "role"), []string{"org:admin", "org:admin"})
		(&everything{f: f}).move("role_set:new")
		f.refuses("PATCH", "/role_sets/role_set:new", object{"name": "X"}, 409, "role_migration_in_progress")
		f.refuses("POST", "/role_sets/role_set:new/roles", object{"role_keys": []string{"org:member"}}, 409, "role_migration_in_progress")
	})
}

func TestB149_ANewOrganizationTakesTheInitialRoleSetAndAnOldOneKeepsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		set := func(slug string) any { return f.call("GET", "/organizations/"+slug, nil)["role_set_key"] }
		f.organization("Before")
		equal(t, "before", set("before"), any("role_set:default"))
		f.call("POST", "/role_sets", object{
			"name": "New", "key": "role_set:new", "default_role_key": "org:member", "creator_role_key": "org:admin", "roles": []string{"org:admin", "org:member"}, "type": "initial",
		})
		f.organization("After")
		equal(t, "after", set("after"), any("role_set:new"))
		equal(t, "the old one", set("before"), any("role_set:default"))
		equal(t, "the set before", f.call("GET", "/role_sets/role_set:default", nil)["type"], any("custom"))
		equal(t, "in the settings", f.call("GET", "/instance/organization_settings", nil)["initial_role_set_key"], any("role_set:new"))
	})
}

func TestB150_CapsAreSetForNewOrganizationsAndNoughtIsNone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora := str(f.user("dora@initech.test", nil), "id")
		carol := str(f.user("carol@initech.test", nil), "id")
		f.call("PATCH", "/instance/organization_settings", object{"max_allowed_memberships": 1})
		capped := f.call("POST", "/organizations", object{"name": "Capped", "created_by": dora})
		equal(t, "cap of a new one", capped["max_allowed_memberships"], any(1.0))
		add := object{"user_id": carol, "role": "org:member"}
		f.refuses("POST", "/organizations/"+str(capped, "id")+"/memberships", add, 403, "organization_membership_quota_exceeded")
		f.call("PATCH", "/organizations/"+str(capped, "id"), object{"max_allowed_memberships": 0})
		f.call("POST", "/organizations/"+str(capped, "id")+"/memberships", add)

		f.call("PATCH", "/users/"+carol, object{"create_organizations_limit": 1})
		f.call("POST", "/organizations", object{"name": "First", "created_by": carol})
		f.refuses("POST", "/organizations", object{"name": "Second", "created_by": carol}, 403, "org_creation_limit_exceeded")
		f.call("PATCH", "/users/"+carol, object{"create_organizations_limit": 0})
		f.call("POST", "/organizations", object{"name": "Second", "created_by": carol})
	})
}

func TestB151_WhereMembershipIsRequiredASessionWithoutAnOrganizationIsPending(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, _ = f.initech()
		dave := str(f.user("dave@solo.test", nil), "id")
		f.call("PATCH", "/settings", object{"force_organization_selection": true})
		s := string(f.signInByCode("dave@solo.test").ID)
		equal(t, "status", str(f.call("GET", "/sessions/"+s, nil), "status"), "pending")
		equal(t, "not among the active", len(items(f.read("GET", "/sessions?status=active&user_id="+dave, nil, 200))), 0)
		equal(t, "in its token", claims(t, str(f.call("POST", "/sessions/"+s+"/tokens", nil), "jwt"))["sts"], any("pending"))
		c := f.company()
		equal(t, "who comes with an organization", str(f.call("GET", "/sessions/"+c.signIn(), nil), "status"), "active")
	})
}

func TestB152_ASlugIsRefusedWhereSlugsAreOff(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.call("PATCH", "/instance/organization_settings", object{"slug_disabled": true})
		f.refuses("POST", "/organizations", object{"name": "Acme", "slug": "acme"}, 403, "organization_slugs_disabled")
		made := f.call("POST", "/organizations", object{"name": "Acme"})
		f.refuses("PATCH", "/organizations/"+str(made, "id"), object{"slug": "acme"}, 403, "organization_slugs_disabled")
		f.call("PATCH", "/instance/organization_settings", object{"slug_disabled": false})
		f.call("PATCH", "/organizations/"+str(made, "id"), object{"slug": "acme"})
	})
}

func TestB153_WhetherAdministratorsMayDeleteIsSetForNewOrganizations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		before := f.organization("Before")
		f.call("PATCH", "/instance/organization_settings", object{"admin_delete_enabled": false})
		equal(t, "the old one", f.call("GET", "/organizations/"+before, nil)["admin_delete_enabled"], any(true))
		after := f.organization("After")
		equal(t, "a new one", f.call("GET", "/organizations/"+after, nil)["admin_delete_enabled"], any(false))
		equal(t, "each by itself", f.call("PATCH", "/organizations/"+after, object{"admin_delete_enabled": true})["admin_delete_enabled"], any(true))
		f.call("DELETE", "/organizations/"+before, nil) // the secret key may
	})
}

func TestB154_MetadataIsMergedDeeplyByPatchAndReplacedFieldByFieldByPut(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		const org = "/organizations/initech/metadata"
		member := "/organizations/initech/memberships/" + carol + "/metadata"
		for _, path := range []string{org, member} {
			f.call("PATCH", path, object{"public_metadata": object{"a": object{"b": 1, "c": 2}, "d": 3}, "private_metadata": object{"p": 1}})
			merged := f.call("PATCH", path, object{"public_metadata": object{"a": object{"b": nil, "e": 5}, "d": nil}})
			equal(t, path+" merged", merged["public_metadata"], any(object{"a": object{"c": 2.0, "e": 5.0}}))
			equal(t, path+" beside it", merged["private_metadata"], any(object{"p": 1.0}))
		}
		replaced := f.call("PUT", org, object{"private_metadata": object{"q": 2}})
		equal(t, "replaced", replaced["private_metadata"], any(object{"q": 2.0}))
		equal(t, "not given", replaced["public_metadata"], any(object{"a": object{"c": 2.0, "e": 5.0}}))
	})
}

func TestB155_AnOrganizationComesBeforeItsPeopleOrAPersonBeforeTheOrganization(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		// From the top: the organization and its SSO, then an invitation, then the person.
		c := f.company()
		f.call("POST", "/organizations/"+c.org+"/invitations", object{"email_address": "alice@acme.test", "role": "org:admin"})
		c.signIn()
		equal(t, "joined with the role of the invitation", pick(f.call("GET", "/organizations/"+c.org+"/memberships", nil), "role"), []string{"org:admin"})

		// From the bottom: a person, who makes an organization, which then gets SSO.
		f.user("dora@initech.test", nil)
		first := f.signInByCode("dora@initech.test")
		org := str(f.call("POST", "/organizations", object{"name": "Initech", "created_by": string(first.UserID)}), "id")
		made := f.answers("POST", "/enterprise_connections", object{
			"name": "Initech SSO", "provider": "saml_custom", "domains": []string{"initech.test"}, "organization_id": org,
			"active": true, "saml": object{"idp_metadata": string(c.idp.Metadata())},
		}, 201)
		xml, err := f.tools.Manage.SPMetadata(t.Context(), identity.ConnectionID(str(made, "id")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.idp.AddSPMetadata(xml); err != nil {
			t.Fatal(err)
		}
		equal(t, "who has been signed in stays so", str(f.call("GET", "/sessions/"+string(first.ID), nil), "status"), "active")
		equal(t, "role", pick(f.call("GET", "/organizations/"+org+"/memberships", nil), "role"), []string{"org:admin"})
		simulated := f.call("POST", "/sso_simulations", object{"email_address": "dora@initech.test"})
		equal(t, "the next sign-in", []string{str(simulated, "route"), str(simulated["outcomes"].([]any)[0], "result")}, []string{"enterprise_sso", "link"})
	})
}
