package backendapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// initech is an organization with Dora as its administrator and Carol as a
// member.
func (f *fixture) initech() (dora, carol string) {
	f.t.Helper()
	dora, carol = str(f.user("dora@initech.test", nil), "id"), str(f.user("carol@initech.test", nil), "id")
	f.call("POST", "/organizations", object{"name": "Initech", "slug": "initech", "created_by": dora})
	f.call("POST", "/organizations/initech/memberships", object{"user_id": carol, "role": "org:member"})
	return dora, carol
}

// permission is the id of a permission.
func (f *fixture) permission(key string) string {
	f.t.Helper()
	for _, p := range items(f.call("GET", "/organization_permissions?limit=100&query="+key, nil)) {
		if str(p, "key") == key {
			return str(p, "id")
		}
	}
	f.t.Fatalf("there is no permission %s", key)
	return ""
}

// role makes a role with permissions, which are made too where they are not the
// system's.
func (f *fixture) role(key string, permissions ...string) string {
	f.t.Helper()
	ids := []string{}
	for _, p := range permissions {
		if !strings.HasPrefix(p, "org:sys_") && f.call("GET", "/organization_permissions?query="+p, nil)["total_count"] == 0.0 {
			f.call("POST", "/organization_permissions", object{"name": p, "key": p})
		}
		ids = append(ids, f.permission(p))
	}
	made := f.call("POST", "/organization_roles", object{
		"name": "Role " + key, "key": key, "permissions": ids, "include_in_initial_role_set": true,
	})
	return str(made, "id")
}

// roleID is the id of a role.
func (f *fixture) roleID(key string) string {
	f.t.Helper()
	for _, r := range items(f.call("GET", "/organization_roles?limit=100", nil)) {
		if str(r, "key") == key {
			return str(r, "id")
		}
	}
	f.t.Fatalf("there is no role %s", key)
	return ""
}

func keysOf(v any) []string {
	list := pick(v, "key")
	slices.Sort(list)
	return list
}

func TestRoles_1_144_TheFirstAreAdminAndMember(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		roles := f.call("GET", "/organization_roles?order_by=key", nil)
		equal(t, "keys", pick(roles, "key"), []string{"org:admin", "org:member"})
		admin, member := items(roles)[0], items(roles)[1]
		equal(t, "the administrator may create", admin["is_creator_eligible"], any(true))
		equal(t, "a member may not", member["is_creator_eligible"], any(false))
		equal(t, "administrator holds", len(items(object{"data": admin["permissions"]})), 9)
		equal(t, "member holds", keysOf(object{"data": member["permissions"]}), []string{"org:sys_billing:read", "org:sys_memberships:read"})
		equal(t, "by its id", f.call("GET", "/organization_roles/"+str(admin, "id"), nil), admin)
		equal(t, "found by exact id", f.call("GET", "/organization_roles?query="+str(admin, "id"), nil)["total_count"], any(1.0))
		equal(t, "found by key", pick(f.call("GET", "/organization_roles?query=DMIN", nil), "key"), []string{"org:admin"})
		f.refuses("GET", "/organization_roles/role_x", nil, 404, "resource_not_found")
		f.refuses("GET", "/organization_roles?order_by=id", nil, 422, "form_param_value_invalid")
	})
}

func TestRoles_1_144_ACreatorsRoleKeepsWhatACreatorNeeds(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		admin := f.roleID("org:admin")
		refused := f.refuses("PATCH", "/organization_roles/"+admin, object{"permissions": []string{f.permission("org:sys_profile:manage")}}, 422, "organization_missing_creator_role_permissions")
		equal(t, "it says which", refused.Meta["permissions"], any([]any{"org:sys_memberships:manage", "org:sys_memberships:read", "org:sys_profile:delete"}))
		f.refuses("DELETE", "/organization_roles/"+admin+"/permissions/"+f.permission("org:sys_profile:delete"), nil, 422, "organization_missing_creator_role_permissions")
		f.refuses("PATCH", "/role_sets/role_set:default", object{"creator_role_key": "org:member"}, 422, "organization_missing_creator_role_permissions")
		f.refuses("POST", "/role_sets", object{
			"name": "Weak", "default_role_key": "org:member", "creator_role_key": "org:member", "roles": []string{"org:member"},
		}, 422, "organization_missing_creator_role_permissions")
		f.refuses("PATCH", "/instance/organization_settings", object{"creator_role_id": f.roleID("org:member")}, 422, "organization_missing_creator_role_permissions")
		f.call("DELETE", "/organization_roles/"+admin+"/permissions/"+f.permission("org:sys_billing:manage"), nil) // any other
	})
}

func TestPermissions_1_145_ThoseOfTheSystemAreFixed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		list := f.call("GET", "/organization_permissions?limit=100&order_by=key", nil)
		equal(t, "keys", pick(list, "key"), []string{
			"org:sys_billing:manage", "org:sys_billing:read", "org:sys_domains:manage", "org:sys_domains:read", "org:sys_entconns:manage",
			"org:sys_memberships:manage", "org:sys_memberships:read", "org:sys_profile:delete", "org:sys_profile:manage",
		})
		p := items(list)[0]
		equal(t, "type", str(p, "type"), "system")
		f.refuses("PATCH", "/organization_permissions/"+str(p, "id"), object{"name": "Mine"}, 403, "organization_system_permission_not_modifiable")
		f.refuses("DELETE", "/organization_permissions/"+str(p, "id"), nil, 403, "organization_system_permission_not_modifiable")
		f.refuses("POST", "/organization_permissions", object{"name": "Mine", "key": "org:sys_mine:read"}, 422, "form_param_format_invalid")
	})
}

func TestPermissions_1_146_AreMadeNamedGivenAndTakenAway(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.call("POST", "/organization_permissions", object{"name": " Create invoices ", "key": "org:invoices:create", "description": "May bill"})
		equal(t, "name", str(made, "name"), "Create invoices")
		equal(t, "type", str(made, "type"), "user")
		equal(t, "read", f.call("GET", "/organization_permissions/"+str(made, "id"), nil), made)
		equal(t, "newest first", pick(f.call("GET", "/organization_permissions?limit=1", nil), "key"), []string{"org:invoices:create"})
		equal(t, "codes", codes(f.refusal("POST", "/organization_permissions", object{"key": "invoices"}, 422)), []string{"form_param_format_invalid key", "form_param_missing name"})
		f.refuses("POST", "/organization_permissions", object{"name": "Again", "key": "org:invoices:create"}, 422, "form_identifier_exists")

		admin := "/organization_roles/" + f.roleID("org:admin") + "/permissions/" + str(made, "id")
		holds := func() bool {
			return slices.Contains(keysOf(object{"data": f.call("GET", "/organization_roles?query=org:admin", nil)["data"].([]any)[0].(object)["permissions"]}), "org:invoices:create")
		}
		f.call("POST", admin, nil)
		f.refuses("POST", admin, nil, 409, "organization_role_permission_association_exists")
		equal(t, "given", holds(), true)
		f.call("DELETE", admin, nil)
		f.refuses("DELETE", admin, nil, 404, "organization_role_permission_association_not_found")
		equal(t, "taken away", holds(), false)
		f.refuses("POST", "/organization_roles/"+f.roleID("org:admin")+"/permissions/perm_x", nil, 404, "resource_not_found")
		f.refuses("POST", "/organization_roles/role_x/permissions/"+str(made, "id"), nil, 404, "resource_not_found")

		f.call("POST", admin, nil)
		f.call("PATCH", "/organization_permissions/"+str(made, "id"), object{"key": "org:invoices:write", "name": "Write invoices"})
		equal(t, "a role follows a permission's key", pick(object{"data": f.call("GET", "/organization_roles/"+f.roleID("org:admin"), nil)["permissions"]}, "key")[9], "org:invoices:write")
		equal(t, "deleted", f.call("DELETE", "/organization_permissions/"+str(made, "id"), nil), object{"object": "permission", "id": str(made, "id"), "deleted": true})
		equal(t, "gone from the role", len(f.call("GET", "/organization_roles/"+f.roleID("org:admin"), nil)["permissions"].([]any)), 9)
		f.refuses("GET", "/organization_permissions/"+str(made, "id"), nil, 404, "resource_not_found")
	})
}

func TestRoles_1_146_AreMadeChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		read := f.permission("org:sys_memberships:read")
		made := f.call("POST", "/organization_roles", object{"name": "Billing", "key": "org:billing", "description": "Pays", "permissions": []string{read}})
		id := str(made, "id")
		equal(t, "description", str(made, "description"), "Pays")
		equal(t, "roles of the initial set", pick(object{"data": f.call("GET", "/role_sets/role_set:default", nil)["roles"]}, "key"), []string{"org:admin", "org:member"})
		for name, test := range map[string]struct {
			body object
			want []string
		}{
			"nothing":                      {object{}, []string{"form_param_missing key", "form_param_missing name"}},
			"a key without a prefix":       {object{"name": "X", "key": "billing"}, []string{"form_param_format_invalid key"}},
			"a key in capitals":            {object{"name": "X", "key": "org:Billing"}, []string{"form_param_format_invalid key"}},
			"a very long key":              {object{"name": "X", "key": "org:" + strings.Repeat("x", 130)}, []string{"form_param_max_length_exceeded key"}},
			"a taken key":                  {object{"name": "X", "key": "org:billing"}, []string{"form_identifier_exists key"}},
			"a name that is markup":        {object{"name": "<b>", "key": "org:x"}, []string{"form_param_value_invalid name"}},
			"a very long description":      {object{"name": "X", "key": "org:x", "description": strings.Repeat("x", 1001)}, []string{"form_param_max_length_exceeded description"}},
			"one permission twice":         {object{"name": "X", "key": "org:x", "permissions": []string{read, read}}, []string{"form_param_duplicate permissions"}},
			"permissions that are no list": {object{"name": "X", "key": "org:x", "permissions": "all"}, []string{"form_param_type_invalid permissions"}},
			"an unknown field":             {object{"name": "X", "key": "org:x", "color": "red"}, []string{"form_param_unknown color"}},
		} {
			equal(t, name, codes(f.refusal("POST", "/organization_roles", test.body, 422)), test.want)
		}
		f.refuses("POST", "/organization_roles", object{"name": "X", "key": "org:x", "permissions": []string{"perm_x"}}, 404, "resource_not_found")

		f.call("POST", "/role_sets/role_set:default/roles", object{"role_keys": []string{"org:billing"}})
		f.call("PATCH", "/organizations/initech/memberships/"+carol, object{"role": "org:billing"})
		f.refuses("DELETE", "/organization_roles/"+id, nil, 422, "organization_role_assigned_members")
		renamed := f.call("PATCH", "/organization_roles/"+id, object{"key": "org:accounting", "name": "Accounting"})
		equal(t, "its permissions stay", pick(object{"data": renamed["permissions"]}, "key"), []string{"org:sys_memberships:read"})
		equal(t, "its members keep it under its new key", pick(f.call("GET", "/organizations/initech/memberships?role=org:accounting", nil), "public_user_data", "user_id"), []string{carol})
		equal(t, "and not under the old one", f.call("GET", "/organizations/initech/memberships?role=org:billing", nil)["total_count"], any(0.0))
		f.call("PATCH", "/organizations/initech/memberships/"+carol, object{"role": "org:member"})
		equal(t, "deleted", f.call("DELETE", "/organization_roles/"+id, nil), object{"object": "role", "id": id, "deleted": true})
		f.refuses("DELETE", "/organization_roles/"+id, nil, 404, "resource_not_found")
		equal(t, "gone from the set", pick(object{"data": f.call("GET", "/role_sets/role_set:default", nil)["roles"]}, "key"), []string{"org:admin", "org:member"})
		f.refuses("PATCH", "/organizations/initech/memberships/"+carol, object{"role": "org:accounting"}, 404, "resource_not_found")
	})
}

func TestRoles_1_146_ThereAreTenOfOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for n := range 10 {
			f.call("POST", "/organization_roles", object{"name": "R", "key": fmt.Sprint("org:r", n)})
		}
		refused := f.refuses("POST", "/organization_roles", object{"name": "R", "key": "org:more"}, 403, "organization_instance_roles_quota_exceeded")
		equal(t, "limit", refused.Meta["max_allowed_roles"], any(10.0))
		// Two and eight more are what a set can hold.
		keys := []string{}
		for n := range 8 {
			keys = append(keys, fmt.Sprint("org:r", n))
		}
		f.call("POST", "/role_sets/role_set:default/roles", object{"role_keys": keys})
		f.refuses("POST", "/role_sets/role_set:default/roles", object{"role_keys": []string{"org:r9"}}, 422, "form_param_array_size_exceeded")
		f.refuses("POST", "/role_sets/role_set:default/roles", object{"role_keys": []string{"org:r1"}}, 422, "form_param_duplicate")
	})
}

func TestRoles_1_147_OnlyThoseOfTheRoleSetCanBeAssigned(t *testing.T) { // threat T-ORG-11
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		f.call("POST", "/organization_roles", object{"name": "Outside", "key": "org:outside"})
		eve := str(f.user("eve@initech.test", nil), "id")
		f.refuses("PATCH", "/organizations/initech/memberships/"+carol, object{"role": "org:outside"}, 404, "resource_not_found")
		f.refuses("POST", "/organizations/initech/memberships", object{"user_id": eve, "role": "org:outside"}, 404, "resource_not_found")
		f.call("POST", "/role_sets/role_set:default/roles", object{"role_keys": []string{"org:outside"}})
		f.call("POST", "/organizations/initech/memberships", object{"user_id": eve, "role": "org:outside"})
	})
}

func TestRoles_1_147_OneThatIsInUseStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.initech()
		f.refuses("DELETE", "/organization_roles/"+f.roleID("org:admin"), nil, 422, "organization_role_default_creator_role")
		f.refuses("DELETE", "/organization_roles/"+f.roleID("org:member"), nil, 422, "organization_role_domain_default_role")
		other := f.role("org:other")
		f.call("PATCH", "/role_sets/role_set:default", object{"default_role_key": "org:other"})
		f.refuses("DELETE", "/organization_roles/"+other, nil, 422, "organization_role_domain_default_role")
		f.refuses("DELETE", "/organization_roles/"+f.roleID("org:member"), nil, 422, "organization_role_assigned_members")
	})
}

// Threat T-ORG-14: nor by way of a role's permissions.
func TestRoles_1_44_APermissionStaysThatTheOnlyManagersHold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, carol := f.initech()
		lead := f.role("org:lead", "org:sys_memberships:manage", "org:sys_memberships:read")
		path := "/organizations/initech/memberships/"
		f.call("PATCH", path+carol, object{"role": "org:lead"})
		f.call("PATCH", path+dora, object{"role": "org:member"})
		manage := f.permission("org:sys_memberships:manage")
		f.refuses("DELETE", "/organization_roles/"+lead+"/permissions/"+manage, nil, 400, "organization_minimum_permissions_needed")
		f.refuses("PATCH", "/organization_roles/"+lead, object{"permissions": []string{}}, 400, "organization_minimum_permissions_needed")
		f.refuses("POST", "/role_sets/role_set:default/roles/replace", object{"role_key": "org:lead", "to_role_key": "org:member"}, 400, "organization_minimum_permissions_needed")
		f.call("PATCH", path+dora, object{"role": "org:admin"})
		f.call("DELETE", "/organization_roles/"+lead+"/permissions/"+manage, nil)
		f.refuses("PATCH", path+dora, object{"role": "org:member"}, 400, "organization_minimum_permissions_needed")
	})
}

// A role's own permissions show in the next token, and those of the system never
// (behaviour 1.145, threat T-ORG-18).
func TestRoles_OwnPermissionsAreInTheNextToken(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		session := company.signIn()
		user := str(f.call("GET", "/sessions/"+session, nil), "user_id")
		next := func() object {
			return claims(t, str(f.call("POST", "/sessions/"+session+"/tokens", object{}), "jwt"))
		}
		equal(t, "at first", at(next(), "o", "per"), any(nil))
		f.role("org:clerk", "org:dashboard:read", "org:dashboard:manage", "org:teams:read", "org:sys_profile:manage")
		f.call("PATCH", "/organizations/acme/memberships/"+user, object{"role": "org:clerk"})
		c := next()
		equal(t, "role", str(c, "o", "rol"), "clerk")
		equal(t, "features", str(c, "fea"), "o:dashboard,o:teams")
		equal(t, "permissions", str(c, "o", "per"), "manage,read")
		equal(t, "masks", str(c, "o", "fpm"), "3,2")
		f.call("PATCH", "/organization_roles/"+f.roleID("org:clerk"), object{"key": "org:scribe"})
		equal(t, "the role by its new key", str(next(), "o", "rol"), "scribe")
		f.call("DELETE", "/organizations/acme", nil)
		equal(t, "no organization after it is deleted", next()["o"], any(nil))
		equal(t, "nor in the session", f.call("GET", "/sessions/"+session, nil)["last_active_organization_id"], any(nil))
	})
}
