package backendapi_test

import (
	"fmt"
	"testing"
	"time"
)

func TestOrganizations_AreFoundOrLeftOutById(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, carol := f.initech()
		a, b := f.organization("Alpha"), f.organization("Beta")
		f.call("POST", "/organizations/alpha/memberships", object{"user_id": carol, "role": "org:admin"})
		for query, want := range map[string][]string{
			"organization_id=-" + a:                              {"beta", "initech"},
			"organization_id=%2B" + a + "&organization_id=+" + b: {"alpha", "beta"},
			"organization_id=org_x":                              nil,
			"user_id=" + carol:                                   {"alpha", "initech"},
			"user_id=%2B" + carol + ",-" + dora:                  {"alpha"},
			"user_id=-" + carol:                                  {"beta"},
		} {
			equal(t, query, pick(f.call("GET", "/organizations?order_by=name&"+query, nil), "slug"), want)
		}
		many := ""
		for n := range 101 {
			many += fmt.Sprint("&organization_id=org_", n)
		}
		f.refuses("GET", "/organizations?limit=1"+many, nil, 422, "form_param_array_size_exceeded")
	})
}

func TestOrganizations_SayWhetherSomebodyCanManageThem(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.initech()
		f.organization("Empty")
		const asked = "include_missing_member_with_elevated_permissions"
		equal(t, "with an administrator", f.call("GET", "/organizations/initech?"+asked+"=true", nil)["missing_member_with_elevated_permissions"], any(false))
		equal(t, "without one", items(f.call("GET", "/organizations?query=empty&"+asked+"=true", nil))[0]["missing_member_with_elevated_permissions"], any(true))
		equal(t, "not asked", f.call("GET", "/organizations/empty", nil)["missing_member_with_elevated_permissions"], any(nil))
		f.refuses("GET", "/organizations/empty?"+asked+"=perhaps", nil, 422, "form_param_value_invalid")
	})
}

func TestOrganizations_MayHaveBeenMadeEarlier(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.call("POST", "/organizations", object{"name": "Old", "slug": "old", "created_at": "2012-10-20T07:15:20.902Z"})
		equal(t, "made", made["created_at"], any(1350717320902.0))
		changed := f.call("PATCH", "/organizations/old", object{"created_at": "2013-01-01T00:00:00+01:00"})
		equal(t, "changed", changed["created_at"], any(1356994800000.0))
		equal(t, "read back", f.call("GET", "/organizations/old", nil)["created_at"], any(1356994800000.0))
		for _, when := range []string{"yesterday", "2012-10-20", "0001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"} {
			f.refuses("PATCH", "/organizations/old", object{"created_at": when}, 422, "form_param_format_invalid")
		}
	})
}

// Threat T-ORG-19.
func TestOrganizations_DoNotPassForOthers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for name, body := range map[string]object{
			"Latin with a Cyrillic a":     {"name": "Аcme"},
			"Latin with a Greek o":        {"name": "Glοbex"},
			"a slug of our own addresses": {"name": "X", "slug": "sign-in"},
			"a slug of authority":         {"name": "X", "slug": "admin"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses("POST", "/organizations", body, 422, "form_param_value_invalid")
			})
		}
		for _, name := range []string{"Акме", "Ελλάς", "Acme Россия", "株式会社Acme", "Müller & Söhne"} {
			f.call("POST", "/organizations", object{"name": name})
		}
	})
}

func TestOrganizations_1_35_AnExclusiveOneSharesItsMembersWithNone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, carol := f.initech()
		f.organization("Other")
		f.call("POST", "/organizations/other/memberships", object{"user_id": carol, "role": "org:member"})
		f.refuses("PATCH", "/organizations/initech", object{"exclusive_membership": true}, 422, "exclusive_organization_membership_existing_members")
		f.call("DELETE", "/organizations/other/memberships/"+carol, nil)
		equal(t, "now it may be", f.call("PATCH", "/organizations/initech", object{"exclusive_membership": true})["exclusive_membership"], any(true))
		f.refuses("POST", "/organizations/other/memberships", object{"user_id": carol, "role": "org:member"}, 422, "exclusive_organization_membership")
		f.refuses("POST", "/organizations", object{"name": "Own", "created_by": dora}, 422, "exclusive_organization_membership")
		eve := str(f.user("eve@initech.test", nil), "id")
		f.call("POST", "/organizations/other/memberships", object{"user_id": eve, "role": "org:member"})
		f.refuses("POST", "/organizations/initech/memberships", object{"user_id": eve, "role": "org:member"}, 422, "exclusive_organization_membership")
	})
}

func TestOrganizations_1_150_APersonMakesAHundredAtMost(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora := str(f.user("dora@initech.test", nil), "id")
		for n := range 100 {
			f.call("POST", "/organizations", object{"name": fmt.Sprint("O ", n), "created_by": dora})
		}
		refused := f.refuses("POST", "/organizations", object{"name": "One more", "created_by": dora}, 403, "org_creation_limit_exceeded")
		equal(t, "limit", refused.Meta["max_organizations"], any(100.0))
		f.call("POST", "/organizations", object{"name": "By nobody"})
	})
}

// Threat T-ORG-16: what is foreign, and what is not there, answer the same.
func TestOrganizations_OnesThatAreNotThereAnswerAlike(t *testing.T) { // threat T-API-02
	each(t, func(t *testing.T, f *fixture) {
		for _, id := range []string{"org_x", "nobody", "org_000000000000000000000000000", "%27%20OR%201=1", "user_000000000000000000000000000"} {
			for _, call := range []struct {
				method, path string
				body         any
			}{
				{"GET", "", nil},
				{"PATCH", "", object{"name": "X"}},
				{"DELETE", "", nil},
				{"PATCH", "/metadata", object{}},
				{"PUT", "/metadata", object{}},
				{"DELETE", "/logo", nil},
				{"GET", "/memberships", nil},
				{"POST", "/memberships", object{"user_id": "user_x", "role": "org:member"}},
				{"PATCH", "/memberships/user_x", object{"role": "org:member"}},
				{"DELETE", "/memberships/user_x", nil},
			} {
				f.refuses(call.method, "/organizations/"+id+call.path, call.body, 404, "resource_not_found")
			}
		}
	})
}

func TestMemberships_1_45_TheLastOneStaysWhereAnOrganizationIsRequired(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		f.call("PATCH", "/settings", object{"force_organization_selection": true})
		f.refuses("DELETE", "/organizations/initech/memberships/"+carol, nil, 422, "personal_accounts_not_allowed")
		f.organization("Other")
		f.call("POST", "/organizations/other/memberships", object{"user_id": carol, "role": "org:member"})
		f.call("DELETE", "/organizations/initech/memberships/"+carol, nil)
	})
}

func TestMemberships_AreFilteredInEveryWay(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		began := f.now.UnixMilli()
		dora := str(f.user("dora@initech.test", object{"first_name": "Dora", "last_name": "Explorer", "username": "dora"}), "id")
		f.call("POST", "/organizations", object{"name": "Initech", "slug": "initech", "created_by": dora})
		f.now = f.now.Add(time.Hour)
		carol := str(f.user("carol@globex.test", object{"first_name": "Carol", "last_name": "Cole", "username": "carol"}), "id")
		f.call("POST", "/organizations/initech/memberships", object{"user_id": carol, "role": "org:member"})
		hour := began + 30*60*1000
		for query, want := range map[string][]string{
			"user_id=-" + dora:                        {"Carol"},
			"user_id=%2B" + dora + ",user_x":          {"Dora"},
			"username=dora&username=x":                {"Dora"},
			"phone_number=%2B15550100":                nil,
			"web3_wallet=0x1":                         nil,
			"phone_number_query=555":                  nil,
			"email_address_query=GLOBEX":              {"Carol"},
			"username_query=aro":                      {"Carol"},
			"name_query=ora+expl":                     {"Dora"},
			"name_query=initech":                      nil,
			"query=initech":                           {"Dora"},
			fmt.Sprint("created_at_before=", hour):    {"Dora"},
			fmt.Sprint("created_at_after=", hour):     {"Carol"},
			fmt.Sprint("last_active_at_after=", hour): nil,
			"role=org:member,org:x":                   {"Carol"},
			"role=org:x":                              nil,
			"order_by=phone_number":                   {"Dora", "Carol"},
			"order_by=-username":                      {"Dora", "Carol"},
			"order_by=email_address":                  {"Carol", "Dora"},
			"username_query=%25":                      nil, // threat T-API-07
			"email_address_query=_ora":                nil,
		} {
			equal(t, query, pick(f.call("GET", "/organizations/initech/memberships?"+query, nil), "public_user_data", "first_name"), want)
		}
		equal(t, "all that is wrong", codes(f.refusal("GET", "/organizations/initech/memberships?created_at_before=x&last_active_at_after=-1&limit=501&order_by=age", nil, 422)), []string{
			"form_param_value_invalid created_at_before", "form_param_value_invalid last_active_at_after", "form_param_value_invalid limit", "form_param_value_invalid order_by",
		})
	})
}

func TestMemberships_OlderVersionsChangeMetadataWithTheRole(t *testing.T) { // behaviour 1.154
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		path, body := "/organizations/initech/memberships/"+carol, object{"role": "org:admin", "public_metadata": object{"desk": 4}}
		equal(t, "older", f.call("PATCH", path, body)["public_metadata"], any(object{"desk": 4.0}))
		f.with("Clerk-API-Version", "2026-05-12").refuses("PATCH", path, body, 422, "form_param_unknown")
		f.refuses("PATCH", path, object{}, 422, "form_param_missing")
	})
}

func TestOrganizationSettings_AreShownAndChanged(t *testing.T) { // behaviours 1.28, 1.149 to 1.153
	each(t, func(t *testing.T, f *fixture) {
		f.initech()
		before := f.call("GET", "/instance/organization_settings", nil)
		equal(t, "at first", before, object{
			"object": "organization_settings", "enabled": true, "max_allowed_memberships": 0.0, "max_allowed_roles": 10.0, "max_role_sets_allowed": 50.0,
			"max_allowed_domains": 10.0, "creator_role": "org:admin", "admin_delete_enabled": true, "domains_enabled": false, "slug_disabled": false,
			"domains_enrollment_modes": []any{"manual_invitation"}, "domains_default_role": "org:member", "initial_role_set_key": "role_set:default",
		})
		owner := f.role("org:owner", "org:sys_memberships:manage", "org:sys_memberships:read", "org:sys_profile:delete")
		changed := f.call("PATCH", "/instance/organization_settings", object{
			"max_allowed_memberships": 3, "admin_delete_enabled": false, "domains_enabled": true, "slug_disabled": true,
			"domains_enrollment_modes": []string{"automatic_suggestion"}, "creator_role_id": owner, "domains_default_role_id": f.roleID("org:admin"),
		})
		equal(t, "read back", f.call("GET", "/instance/organization_settings", nil), changed)
		equal(t, "modes", changed["domains_enrollment_modes"], any([]any{"manual_invitation", "automatic_suggestion"}))
		equal(t, "roles by their keys", []string{str(changed, "creator_role"), str(changed, "domains_default_role")}, []string{"org:owner", "org:admin"})
		equal(t, "the same in our own settings", str(f.call("GET", "/settings", nil), "creator_role"), "org:owner")
		f.refuses("POST", "/organizations", object{"name": "X", "slug": "x"}, 403, "organization_slugs_disabled")
		made := f.call("POST", "/organizations", object{"name": "X", "created_by": str(f.user("x@x.test", nil), "id")})
		equal(t, "a new organization", []any{made["max_allowed_memberships"], made["admin_delete_enabled"]}, []any{3.0, false})
		equal(t, "its creator", pick(f.call("GET", "/organizations/"+str(made, "id")+"/memberships", nil), "role"), []string{"org:owner"})
		equal(t, "one from before", f.call("GET", "/organizations/initech", nil)["admin_delete_enabled"], any(true))
		equal(t, "null changes nothing", f.call("PATCH", "/instance/organization_settings", object{"max_allowed_memberships": nil, "creator_role_id": nil}), changed)
	})
}

func TestOrganizationSettings_RefuseWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const path = "/instance/organization_settings"
		f.call("POST", "/organization_roles", object{"name": "Outside", "key": "org:outside"})
		equal(t, "roles", codes(f.refusal("PATCH", path, object{"creator_role_id": "role_x", "domains_default_role_id": f.roleID("org:outside")}, 404)),
			[]string{"resource_not_found creator_role_id", "resource_not_found domains_default_role_id"})
		f.refuses("PATCH", path, object{"max_allowed_memberships": -1}, 422, "form_param_value_invalid")
		f.refuses("PATCH", path, object{"domains_enrollment_modes": []string{"enterprise_sso"}}, 422, "form_param_value_invalid")
		f.refuses("PATCH", path, object{"max_allowed_permissions": 1}, 422, "form_param_unknown")

		f.organization("Alpha")
		f.refuses("PATCH", path, object{"enabled": false}, 400, "organizations_disable_not_allowed")
		f.call("DELETE", "/organizations/alpha", nil)
		f.call("PATCH", path, object{"enabled": false})
		f.refuses("POST", "/organizations", object{"name": "X"}, 403, "organization_not_enabled_in_instance")
		f.refuses("PATCH", "/settings", object{"force_organization_selection": true}, 422, "force_organization_selection_not_allowed_when_organizations_disabled")
		f.call("PATCH", path, object{"enabled": true})
		f.call("PATCH", "/settings", object{"force_organization_selection": true})
		f.refuses("PATCH", path, object{"enabled": false}, 422, "force_organization_selection_not_allowed_when_organizations_disabled")
	})
}
