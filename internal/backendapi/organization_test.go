package backendapi_test

import (
	"strings"
	"testing"
)

func TestOrganizations_AreMadeReadChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		creator := str(f.user("carol@globex.test", nil), "id")
		made := f.call("POST", "/organizations", object{
			"name": " Globex ", "slug": "globex", "created_by": creator, "max_allowed_memberships": 3,
			"public_metadata": object{"a": 1}, "private_metadata": object{"b": 2},
		})
		id := str(made, "id")
		equal(t, "name", str(made, "name"), "Globex")
		equal(t, "created by", str(made, "created_by"), creator)
		equal(t, "no count unless asked", made["members_count"], any(nil))
		equal(t, "counted", f.call("GET", "/organizations/globex?include_members_count=true", nil)["members_count"], any(1.0))
		members := f.call("GET", "/organizations/"+id+"/memberships", nil)
		equal(t, "the creator", pick(members, "role"), []string{"org:admin"})
		changed := f.call("PATCH", "/organizations/globex", object{"name": "Globex 2", "slug": nil, "admin_delete_enabled": false})
		equal(t, "name", str(changed, "name"), "Globex 2")
		equal(t, "null leaves as it is", str(changed, "slug"), "globex")
		equal(t, "by id and by slug", f.call("GET", "/organizations/"+id, nil), f.call("GET", "/organizations/globex", nil))
		list := f.call("GET", "/organizations?query=lobe&include_members_count=true&user_id="+creator, nil)
		equal(t, "listed", items(list)[0]["members_count"], any(1.0))
		equal(t, "total", list["total_count"], any(1.0))
		f.organization("Initech")
		equal(t, "of the user", pick(f.call("GET", "/organizations?user_id="+creator, nil), "slug"), []string{"globex"})
		equal(t, "by exact id", pick(f.call("GET", "/organizations?query="+id, nil), "slug"), []string{"globex"})
		equal(t, "by ids", pick(f.call("GET", "/organizations?organization_id="+id+",org_x", nil), "slug"), []string{"globex"})
		equal(t, "a percent sign is a letter", f.call("GET", "/organizations?query=%25", nil)["total_count"], any(0.0))
		equal(t, "deleted", f.call("DELETE", "/organizations/"+id, nil), object{"object": "organization", "id": id, "slug": "globex", "deleted": true})
		f.refuses("GET", "/organizations/globex", nil, 404, "resource_not_found")
		equal(t, "memberships go too", f.call("GET", "/users/"+creator+"/organization_memberships", nil)["total_count"], any(0.0))
	})
}

func TestOrganizations_RefusesWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.organization("Globex")
		f.organization("Initech")
		for name, test := range map[string]struct {
			method, path string
			body         object
			status       int
			code         string
		}{
			"an empty name":               {"POST", "/organizations", object{"name": " "}, 422, "form_param_missing"},
			"a name that is a link":       {"POST", "/organizations", object{"name": "see https://evil.test"}, 422, "form_param_value_invalid"},
			"a name that is markup":       {"POST", "/organizations", object{"name": "<b>"}, 422, "form_param_value_invalid"},
			"a name that turns around":    {"POST", "/organizations", object{"name": "a\u202eb"}, 422, "form_param_value_invalid"},
			"a very long name":            {"POST", "/organizations", object{"name": strings.Repeat("ä", 257)}, 422, "form_param_max_length_exceeded"},
			"a slug in capitals":          {"POST", "/organizations", object{"name": "X", "slug": "Globex-2"}, 422, "form_param_format_invalid"},
			"a slug that could be an id":  {"POST", "/organizations", object{"name": "X", "slug": "org_x"}, 422, "form_param_format_invalid"},
			"a taken slug":                {"POST", "/organizations", object{"name": "X", "slug": "globex"}, 422, "form_identifier_exists"},
			"another's slug":              {"PATCH", "/organizations/initech", object{"slug": "globex"}, 422, "form_identifier_exists"},
			"less than no members":        {"POST", "/organizations", object{"name": "X", "max_allowed_memberships": -1}, 422, "form_param_value_invalid"},
			"half a member":               {"POST", "/organizations", object{"name": "X", "max_allowed_memberships": 1.5}, 422, "form_param_type_invalid"},
			"a creator whom nobody knows": {"POST", "/organizations", object{"name": "X", "created_by": "user_x"}, 400, "organization_creator_not_found"},
			"another creator":             {"PATCH", "/organizations/initech", object{"created_by": "user_x"}, 422, "form_param_unknown"},
			"unsafe metadata":             {"PATCH", "/organizations/initech/metadata", object{"unsafe_metadata": object{}}, 422, "form_param_unknown"},
			"metadata of more than 8 KB":  {"POST", "/organizations", object{"name": "X", "public_metadata": object{"a": strings.Repeat("x", 8<<10)}}, 422, "form_param_exceeds_allowed_size"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses(test.method, test.path, test.body, test.status, test.code)
			})
		}
		equal(t, "organizations", f.call("GET", "/organizations", nil)["total_count"], any(2.0))
		f.call("PATCH", "/organizations/globex", object{"slug": "globex"}) // one's own
	})
}

func TestOrganizations_MetadataIsMergedOrReplaced(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.call("POST", "/organizations", object{"name": "G", "slug": "g", "public_metadata": object{"a": object{"b": 1, "c": 2}}, "private_metadata": object{"p": 1}})
		merged := f.call("PATCH", "/organizations/g/metadata", object{"public_metadata": object{"a": object{"b": nil}}})
		equal(t, "merged", merged["public_metadata"], any(object{"a": object{"c": 2.0}}))
		replaced := f.call("PUT", "/organizations/g/metadata", object{"public_metadata": object{"x": 1}})
		equal(t, "replaced", replaced["public_metadata"], any(object{"x": 1.0}))
		equal(t, "what was not named stays", replaced["private_metadata"], any(object{"p": 1.0}))
		newest := f.with("Clerk-API-Version", "2026-08-20")
		newest.refuses("PATCH", "/organizations/g", object{"public_metadata": object{}}, 422, "form_param_unknown")
		older := f.call("PATCH", "/organizations/g", object{"public_metadata": object{"y": 1}})
		equal(t, "older versions replace by a change", older["public_metadata"], any(object{"y": 1.0}))
	})
}

func TestMemberships_AreMadeListedChangedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		carol := str(f.user("carol@globex.test", object{"first_name": "Carol"}), "id")
		dora := str(f.user("dora@globex.test", object{"first_name": "Dora"}), "id")
		org := str(f.call("POST", "/organizations", object{"name": "G", "slug": "g", "created_by": carol, "max_allowed_memberships": 2}), "id")
		path := "/organizations/g/memberships"
		made := f.call("POST", path, object{"user_id": dora, "role": "org:member", "public_metadata": object{"desk": 4}})
		equal(t, "organization", str(made, "organization", "id"), org)
		equal(t, "count", at(made, "organization", "members_count"), any(2.0))
		equal(t, "identifier", str(made, "public_user_data", "identifier"), "dora@globex.test")
		f.refuses("POST", path, object{"user_id": dora, "role": "org:member"}, 400, "already_a_member_in_organization")
		third := str(f.user("eve@globex.test", nil), "id")
		full := f.refuses("POST", path, object{"user_id": third, "role": "org:member"}, 403, "organization_membership_quota_exceeded")
		equal(t, "quota", full.Meta["max_allowed_memberships"], any(2.0))
		equal(t, "missing", codes(f.refusal("POST", path, object{}, 422)), []string{"form_param_missing role", "form_param_missing user_id"})
		for query, want := range map[string][]string{
			"":                               {"Dora", "Carol"},
			"order_by=first_name":            {"Carol", "Dora"},
			"role=org:admin":                 {"Carol"},
			"user_id=" + dora:                {"Dora"},
			"email_address=Dora@globex.test": {"Dora"},
			"query=dor":                      {"Dora"},
			"query=%25":                      nil,
			"limit=1&offset=1":               {"Carol"},
		} {
			equal(t, query, pick(f.call("GET", path+"?"+query, nil), "public_user_data", "first_name"), want)
		}
		equal(t, "of the deployment", f.call("GET", "/organization_memberships", nil)["total_count"], any(2.0))
		f.refuses("PATCH", path+"/"+carol, object{"role": "org:member"}, 400, "organization_minimum_permissions_needed")
		f.refuses("DELETE", path+"/"+carol, nil, 400, "organization_minimum_permissions_needed")
		f.refuses("PATCH", path+"/"+dora, object{"role": "org:nobody"}, 404, "resource_not_found")
		promoted := f.call("PATCH", path+"/"+dora, object{"role": "org:admin"})
		equal(t, "role", str(promoted, "role_name"), "Admin")
		f.call("PATCH", path+"/"+carol, object{"role": "org:member"})
		merged := f.call("PATCH", path+"/"+dora+"/metadata", object{"public_metadata": object{"desk": nil, "floor": 2}, "private_metadata": object{"x": 1}})
		equal(t, "metadata", merged["public_metadata"], any(object{"floor": 2.0}))
		removed := f.call("DELETE", path+"/"+carol, nil)
		equal(t, "a removal answers with the membership", str(removed, "object"), "organization_membership")
		f.refuses("DELETE", path+"/"+carol, nil, 404, "resource_not_found")
	})
}

func TestMemberships_OneThatSSOMadeCanBeRemovedAndComesBack(t *testing.T) { // behaviours 1.42 to 1.44
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		session := f.call("GET", "/sessions/"+company.signIn(), nil)
		equal(t, "active organization", str(session, "last_active_organization_id"), company.org)
		user := str(session, "user_id")
		f.call("DELETE", "/organizations/"+company.org+"/memberships/"+user, nil)
		session = f.call("GET", "/sessions/"+str(session, "id"), nil)
		equal(t, "active organization after the removal", session["last_active_organization_id"], any(nil)) // threat T-ORG-18
		company.signIn()
		equal(t, "members", pick(f.call("GET", "/organizations/acme/memberships", nil), "public_user_data", "user_id"), []string{user})
	})
}

func TestMemberships_SayWhoIsBannedOrDeactivated(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		carol := str(f.user("carol@globex.test", nil), "id")
		f.call("POST", "/organizations", object{"name": "G", "slug": "g", "created_by": carol})
		f.call("POST", "/users/"+carol+"/ban", nil)
		f.deactivate(carol)
		data := at(items(f.call("GET", "/organizations/g/memberships", nil))[0], "public_user_data")
		equal(t, "banned", at(data, "banned"), any(true))
		equal(t, "deprovisioned", at(data, "deprovisioned"), any(true))
	})
}
