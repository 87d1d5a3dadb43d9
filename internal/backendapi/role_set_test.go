package backendapi_test

import (
	"fmt"
	"testing"
)

// rolesOf are the keys of a set's roles, in order.
func rolesOf(set object) []string { return pick(object{"data": set["roles"]}, "key") }

func TestRoleSets_AreMadeListedAndChanged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.role("org:guest")
		made := f.call("POST", "/role_sets", object{
			"name": "Small customers!", "default_role_key": "org:guest", "creator_role_key": "org:admin", "roles": []string{"org:guest", "org:admin"},
		})
		equal(t, "a key made of the name", str(made, "key"), "role_set:small_customers")
		equal(t, "type", str(made, "type"), "custom")
		equal(t, "roles", rolesOf(made), []string{"org:guest", "org:admin"})
		equal(t, "default role", str(made, "default_role", "key"), "org:guest")
		equal(t, "creator role", str(made, "creator_role", "key"), "org:admin")
		equal(t, "no migration", made["role_set_migration"], any(nil))
		again := f.call("POST", "/role_sets", object{
			"name": "Small customers", "default_role_key": "org:admin", "creator_role_key": "org:admin", "roles": []string{"org:admin"},
		})
		equal(t, "another key for the same name", str(again, "key"), "role_set:small_customers_2")
		equal(t, "by id and by key", f.call("GET", "/role_sets/"+str(made, "id"), nil), f.call("GET", "/role_sets/role_set:small_customers", nil))
		equal(t, "listed", pick(f.call("GET", "/role_sets?order_by=-key&query=small", nil), "key"), []string{"role_set:small_customers_2", "role_set:small_customers"})
		changed := f.call("PATCH", "/role_sets/"+str(made, "id"), object{"name": "Customers", "key": "role_set:customers", "description": "of ours", "default_role_key": "org:admin"})
		equal(t, "changed", []string{str(changed, "name"), str(changed, "key"), str(changed, "description"), str(changed, "default_role", "key")}, []string{"Customers", "role_set:customers", "of ours", "org:admin"})
		more := f.call("POST", "/role_sets/role_set:customers/roles", object{"role_keys": []string{"org:member"}, "default_role_key": "org:member"})
		equal(t, "with one more", rolesOf(more), []string{"org:guest", "org:admin", "org:member"})
		equal(t, "default role", str(more, "default_role", "key"), "org:member")
		f.refuses("GET", "/role_sets/role_set:none", nil, 404, "resource_not_found")
	})
}

func TestRoleSets_RefuseWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		body := func(more object) object {
			b := object{"name": "S", "key": "role_set:s", "default_role_key": "org:member", "creator_role_key": "org:admin", "roles": []string{"org:admin", "org:member"}}
			for name, v := range more {
				if b[name] = v; v == nil {
					delete(b, name)
				}
			}
			return b
		}
		for name, test := range map[string]struct {
			body   object
			status int
			code   string
		}{
			"no name":                        {body(object{"name": nil}), 422, "form_param_missing"},
			"no roles":                       {body(object{"roles": []string{}}), 422, "form_param_missing"},
			"a role that there is not":       {body(object{"roles": []string{"org:admin", "org:member", "org:x"}}), 404, "resource_not_found"},
			"a role twice":                   {body(object{"roles": []string{"org:admin", "org:member", "org:admin"}}), 422, "form_param_duplicate"},
			"a default role outside":         {body(object{"roles": []string{"org:admin"}}), 404, "resource_not_found"},
			"a creator role outside":         {body(object{"roles": []string{"org:member"}}), 404, "resource_not_found"},
			"a key in another form":          {body(object{"key": "default"}), 422, "form_param_format_invalid"},
			"a taken key":                    {body(object{"key": "role_set:default"}), 422, "form_identifier_exists"},
			"a type that there is not":       {body(object{"type": "big"}), 422, "form_param_value_invalid"},
			"a creator role that is nothing": {body(object{"creator_role_key": "org:x"}), 404, "resource_not_found"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses("POST", "/role_sets", test.body, test.status, test.code)
			})
		}
		f.refuses("PATCH", "/role_sets/role_set:default", object{"type": "custom"}, 422, "form_param_value_invalid")
		f.refuses("PATCH", "/role_sets/role_set:default", object{"roles": []string{}}, 422, "form_param_unknown")
		f.refuses("PATCH", "/role_sets/role_set:default", object{"default_role_key": "org:x"}, 404, "resource_not_found")
		f.refuses("POST", "/role_sets/role_set:default/roles", object{}, 422, "form_param_missing")
		for n := range 49 {
			f.call("POST", "/role_sets", body(object{"key": fmt.Sprint("role_set:s", n)}))
		}
		refused := f.refuses("POST", "/role_sets", body(nil), 403, "organization_instance_role_sets_quota_exceeded")
		equal(t, "limit", refused.Meta["max_role_sets_allowed"], any(50.0))
	})
}

func TestRoleSets_1_149_TheInitialOneIsThatOfNewOrganizations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, _ := f.initech()
		f.role("org:owner", "org:sys_memberships:manage", "org:sys_memberships:read", "org:sys_profile:delete")
		made := f.call("POST", "/role_sets", object{
			"name": "Second", "key": "role_set:second", "default_role_key": "org:owner", "creator_role_key": "org:owner", "roles": []string{"org:owner"},
		})
		equal(t, "not yet", str(f.call("POST", "/organizations", object{"name": "A", "slug": "a"}), "role_set_key"), "role_set:default")
		equal(t, "named by the caller", str(f.call("POST", "/organizations", object{"name": "B", "slug": "b", "role_set_key": "role_set:second"}), "role_set_key"), "role_set:second")
		f.refuses("POST", "/organizations", object{"name": "C", "role_set_key": "role_set:x"}, 404, "resource_not_found")
		f.call("PATCH", "/role_sets/"+str(made, "id"), object{"type": "initial"})
		equal(t, "there is one initial set", str(f.call("GET", "/role_sets/role_set:default", nil), "type"), "custom")
		equal(t, "new organization", str(f.call("POST", "/organizations", object{"name": "D", "slug": "d", "created_by": dora}), "role_set_key"), "role_set:second")
		equal(t, "its creator", pick(f.call("GET", "/organizations/d/memberships", nil), "role"), []string{"org:owner"})
		equal(t, "those before stay as they are", str(f.call("GET", "/organizations/a", nil), "role_set_key"), "role_set:default")
		settings := f.call("GET", "/instance/organization_settings", nil)
		equal(t, "settings", []string{str(settings, "initial_role_set_key"), str(settings, "creator_role")}, []string{"role_set:second", "org:owner"})
	})
}

func TestRoleSets_1_148_AnOrganizationChangesItIfItsMembersRolesAreInTheOther(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		f.call("POST", "/role_sets", object{
			"name": "Second", "key": "role_set:second", "default_role_key": "org:admin", "creator_role_key": "org:admin", "roles": []string{"org:admin"},
		})
		refused := f.refuses("PATCH", "/organizations/initech", object{"role_set_key": "role_set:second"}, 422, "organization_role_set_reassignment_mappings_missing")
		equal(t, "roles", refused.Meta["role_keys"], any([]any{"org:member"}))
		f.call("PATCH", "/organizations/initech/memberships/"+carol, object{"role": "org:admin"})
		equal(t, "changed", str(f.call("PATCH", "/organizations/initech", object{"role_set_key": "role_set:second"}), "role_set_key"), "role_set:second")
		f.refuses("PATCH", "/organizations/initech/memberships/"+carol, object{"role": "org:member"}, 404, "resource_not_found")
		f.refuses("PATCH", "/organizations/initech", object{"role_set_key": "role_set:x"}, 404, "resource_not_found")
	})
}

func TestRoleSets_1_148_ReplacingOneNeedsAMappingForEachRoleInUse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, carol := f.initech()
		f.role("org:guest")
		f.role("org:boss", "org:sys_memberships:manage", "org:sys_memberships:read", "org:sys_profile:delete")
		for key, roles := range map[string][]string{"role_set:old": {"org:admin", "org:member"}, "role_set:new": {"org:boss", "org:guest"}} {
			f.call("POST", "/role_sets", object{"name": "S", "key": key, "default_role_key": roles[1], "creator_role_key": roles[0], "roles": roles})
		}
		f.call("PATCH", "/organizations/initech", object{"role_set_key": "role_set:old"})
		path := "/role_sets/role_set:old/replace"
		with := func(mappings object) object {
			return object{"dest_role_set_key": "role_set:new", "reassignment_mappings": mappings}
		}
		f.refuses("POST", path, object{}, 422, "form_param_missing")
		f.refuses("POST", path, object{"dest_role_set_key": "role_set:x"}, 404, "resource_not_found")
		f.refuses("POST", path, object{"dest_role_set_key": "role_set:old"}, 422, "form_param_value_invalid")
		missing := f.refuses("POST", path, with(object{"org:admin": "org:boss"}), 422, "organization_role_set_reassignment_mappings_missing")
		equal(t, "roles", missing.Meta["role_keys"], any([]any{"org:member"}))
		invalid := f.refuses("POST", path, with(object{"org:admin": "org:boss", "org:member": "org:admin"}), 422, "organization_role_set_reassignment_mappings_invalid")
		equal(t, "role", invalid.Meta["role_key"], any("org:admin"))
		f.refuses("POST", path, with(object{"org:x": "org:boss"}), 422, "organization_role_set_reassignment_mappings_invalid")
		f.refuses("POST", path, with(object{"org:guest": "org:boss", "org:member": "org:guest", "org:admin": "org:boss"}), 422, "organization_role_set_reassignment_mappings_invalid")
		f.refuses("POST", path, with(object{"org:admin": "org:guest", "org:member": "org:guest"}), 400, "organization_minimum_permissions_needed") // threat T-ORG-14
		f.refuses("POST", "/role_sets/role_set:default/replace", object{"dest_role_set_key": "role_set:new"}, 403, "cannot_delete_initial_role_set")

		id := str(f.call("GET", "/role_sets/role_set:old", nil), "id")
		gone := f.call("POST", path, with(object{"org:admin": "org:boss", "org:member": "org:guest"}))
		equal(t, "answer", gone, object{"object": "role_set", "id": id, "deleted": true})
		f.refuses("GET", "/role_sets/role_set:old", nil, 404, "resource_not_found")
		equal(t, "the organization's set", str(f.call("GET", "/organizations/initech", nil), "role_set_key"), "role_set:new")
		equal(t, "Dora", pick(f.call("GET", "/organizations/initech/memberships?user_id="+dora, nil), "role"), []string{"org:boss"})
		equal(t, "Carol", pick(f.call("GET", "/organizations/initech/memberships?user_id="+carol, nil), "role"), []string{"org:guest"})
	})
}

func TestRoleSets_ReplacingARoleMovesItsMembers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		f.role("org:guest")
		path := "/role_sets/role_set:default/roles/replace"
		equal(t, "missing", codes(f.refusal("POST", path, object{}, 422)), []string{"form_param_missing role_key", "form_param_missing to_role_key"})
		f.refuses("POST", path, object{"role_key": "org:member", "to_role_key": "org:member"}, 404, "resource_not_found")
		f.refuses("POST", path, object{"role_key": "org:x", "to_role_key": "org:guest"}, 404, "resource_not_found")
		f.refuses("POST", path, object{"role_key": "org:admin", "to_role_key": "org:guest"}, 422, "organization_missing_creator_role_permissions")
		set := f.call("POST", path, object{"role_key": "org:member", "to_role_key": "org:guest"})
		equal(t, "roles", rolesOf(set), []string{"org:admin", "org:guest"})
		equal(t, "the default role follows", str(set, "default_role", "key"), "org:guest")
		equal(t, "members", at(items(object{"data": set["roles"]})[1], "members_count"), any(1.0))
		equal(t, "Carol", pick(f.call("GET", "/organizations/initech/memberships?user_id="+carol, nil), "role"), []string{"org:guest"})
		equal(t, "the role is there still", str(f.call("GET", "/organization_roles/"+f.roleID("org:member"), nil), "key"), "org:member")
		f.call("DELETE", "/organization_roles/"+f.roleID("org:member"), nil) // and can go now
		// Who comes by SSO gets it too: behaviour 1.28.
		company := f.company()
		company.signIn()
		equal(t, "who comes by SSO", pick(f.call("GET", "/organizations/acme/memberships", nil), "role"), []string{"org:guest"})
	})
}
