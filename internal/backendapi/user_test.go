package backendapi_test

import (
	"strconv"
	"strings"
	"testing"
)

func TestUsers_AreMadeReadChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.call("POST", "/users", object{
			"email_address": []string{"Carol@Globex.TEST", "carol@home.test"}, "first_name": "Carol", "last_name": "Danvers",
			"username": "carol", "external_id": "ext-1", "password": "correct horse", "public_metadata": object{"plan": "pro"},
			"private_metadata": object{"crm": 7}, "unsafe_metadata": object{"theme": "dark"},
		})
		id := str(made, "id")
		equal(t, "object", str(made, "object"), "user")
		byAddress := map[string]object{}
		for _, e := range made["email_addresses"].([]any) {
			byAddress[str(e, "email_address")] = e.(object)
		}
		work, home := byAddress["carol@globex.test"], byAddress["carol@home.test"] // folded
		equal(t, "it is verified", str(work, "verification", "status"), "verified")
		equal(t, "the first is primary", str(made, "primary_email_address_id"), str(work, "id"))
		equal(t, "password", made["password_enabled"], true)
		if text := f.send("GET", "/users/"+id, nil).Body.String(); strings.Contains(text, "argon2") || strings.Contains(text, "correct horse") {
			t.Errorf("the password shows: %s", text) // threat T-SEC-04
		}
		changed := f.call("PATCH", "/users/"+id, object{
			"first_name": "Caroline", "last_name": "", "primary_email_address_id": str(home, "id"), "external_id": nil,
		})
		equal(t, "first name", changed["first_name"], any("Caroline"))
		equal(t, "an empty last name", changed["last_name"], any(nil))
		equal(t, "null leaves as it is", changed["external_id"], any("ext-1"))
		equal(t, "absent leaves as it is", changed["username"], any("carol"))
		equal(t, "primary", str(changed, "primary_email_address_id"), str(home, "id"))
		if changed["updated_at"].(float64) <= made["updated_at"].(float64) {
			t.Error("updated_at did not move")
		}
		equal(t, "read again", f.call("GET", "/users/"+id, nil), changed)
		equal(t, "deleted", f.call("DELETE", "/users/"+id, nil), object{"object": "user", "id": id, "external_id": "ext-1", "deleted": true})
		f.refuses("GET", "/users/"+id, nil, 404, "resource_not_found")
		f.user("carol@globex.test", nil) // the address is free again
	})
}

func TestUsers_RefusesWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := str(f.user("carol@globex.test", object{"username": "carol", "external_id": "1"}), "id")
		stranger := str(f.user("dora@globex.test", nil)["email_addresses"].([]any)[0], "id")
		for name, test := range map[string]struct {
			method, path string
			body         object
			code         string
		}{
			"nothing to be known by":       {"POST", "/users", object{"first_name": "X"}, "form_data_missing"},
			"no address":                   {"POST", "/users", object{"email_address": []string{"carol"}}, "form_param_format_invalid"},
			"the same address twice":       {"POST", "/users", object{"email_address": []string{"x@x.test", "X@x.test"}}, "form_param_duplicate"},
			"a taken address":              {"POST", "/users", object{"email_address": []string{"CAROL@globex.test"}}, "form_identifier_exists"},
			"a taken username":             {"POST", "/users", object{"username": "carol"}, "form_identifier_exists"},
			"a taken external id":          {"POST", "/users", object{"external_id": "1"}, "form_identifier_exists"},
			"a short password":             {"POST", "/users", object{"username": "x", "password": "seven77"}, "form_password_length_too_short"},
			"a long password":              {"POST", "/users", object{"username": "x", "password": strings.Repeat("p", 129)}, "form_password_length_too_long"},
			"a name of two lines":          {"PATCH", "/users/" + id, object{"first_name": "A\nB"}, "form_param_format_invalid"},
			"a very long name":             {"PATCH", "/users/" + id, object{"first_name": strings.Repeat("ä", 257)}, "form_param_max_length_exceeded"},
			"addresses in a change":        {"PATCH", "/users/" + id, object{"email_address": []string{"x@x.test"}}, "form_param_unknown"},
			"one's own id":                 {"PATCH", "/users/" + id, object{"id": "user_x"}, "form_param_unknown"},
			"metadata of more than 8 KB":   {"PATCH", "/users/" + id, object{"public_metadata": object{"a": strings.Repeat("x", 8<<10)}}, "form_param_exceeds_allowed_size"},
			"metadata deeper than 16":      {"PATCH", "/users/" + id, object{"public_metadata": deep(17)}, "form_param_value_invalid"},
			"too many addresses":           {"POST", "/users", object{"email_address": many(51)}, "form_param_array_size_exceeded"},
			"ban together with the change": {"PATCH", "/users/" + id, object{"banned": true}, "form_param_unknown"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses(test.method, test.path, test.body, 422, test.code)
			})
		}
		f.refuses("PATCH", "/users/"+id, object{"primary_email_address_id": stranger}, 404, "resource_not_found") // threat T-API-02
		f.call("PATCH", "/users/"+id, object{"public_metadata": deep(16)})
		f.call("POST", "/users", object{"username": "short", "password": "x", "skip_password_checks": true})
	})
}

// deep is an object of n levels.
func deep(n int) object {
	o := object{}
	for range n - 1 {
		o = object{"a": o}
	}
	return o
}

// many are n addresses.
func many(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.Repeat("a", i+1) + "@x.test"
	}
	return list
}

func TestUsers_AreFoundByEachFilter(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		carol := str(f.user("carol@globex.test", object{"username": "caz", "external_id": "e_1", "first_name": "Carol"}), "id")
		dora := str(f.user("dora@globex.test", object{"first_name": "Dora 100%"}), "id")
		f.call("POST", "/users/"+dora+"/ban", nil)
		f.call("POST", "/organizations/"+company.org+"/memberships", object{"user_id": carol, "role": "org:member"})
		alice := f.read("GET", "/users?email_address=alice@acme.test", nil, 200)
		subject := str(items(alice)[0]["enterprise_accounts"].([]any)[0], "provider_user_id")
		active := strconv.FormatInt(int64(items(alice)[0]["last_active_at"].(float64)), 10)
		born := strconv.FormatInt(int64(f.call("GET", "/users/"+carol, nil)["created_at"].(float64)), 10)
		for query, want := range map[string][]string{
			"":                                  {"Dora 100%", "Carol", "Alice"},
			"email_address=carol@globex.test":   {"Carol"},
			"email_address=Carol%40GLOBEX.test": {"Carol"},
			"email_address=nobody@globex.test":  nil,
			"email_address=x":                   nil,
			"email_address=carol@globex.test,alice@acme.test":        {"Carol", "Alice"},
			"email_address=carol@globex.test&email_address=x@y.test": {"Carol"},
			"external_id=e_1":                {"Carol"},
			"username=caz":                   {"Carol"},
			"user_id=" + carol + "," + dora:  {"Dora 100%", "Carol"},
			"organization_id=" + company.org: {"Carol", "Alice"},
			"banned=true":                    {"Dora 100%"},
			"banned=false":                   {"Carol", "Alice"},
			"query=caro":                     {"Carol"},
			"query=ACME.test":                {"Alice"},
			"query=" + carol:                 {"Carol"},
			"query=%25":                      {"Dora 100%"},
			"query=_":                        nil,
			"query=%27%20OR%201=1--":         nil,
			"provider=saml_custom&provider_user_id=" + subject: {"Alice"},
			"starting_after=" + dora:                           {"Carol", "Alice"},
			"external_id=-e_1":                                 {"Dora 100%", "Alice"},
			"external_id=%2Be_1":                               {"Carol"},
			"external_id=+e_1":                                 {"Carol"},
			"user_id=-" + dora + ",-" + carol:                  {"Alice"},
			"user_id=" + carol + ",-" + carol:                  nil,
			"organization_id=-" + company.org:                  {"Dora 100%"},
			"email_address_query=GLOBEX":                       {"Dora 100%", "Carol"},
			"email_address_query=dora":                         {"Dora 100%"},
			"username_query=AZ":                                {"Carol"},
			"username_query=globex":                            nil,
			"name_query=100%25":                                {"Dora 100%"},
			"name_query=caz":                                   nil,
			"phone_number=%2B15551234567":                      nil,
			"web3_wallet=0x1":                                  nil,
			"phone_number_query=555":                           nil,
			"last_active_at_after=1":                           {"Alice"}, // only Alice has signed in
			"last_active_at_since=" + active:                   {"Alice"},
			"last_active_at_after=" + active:                   nil,
			"last_active_at_before=" + active:                  nil,
			"last_active_at_before=9999999999999":              {"Alice"},
			"last_sign_in_at_after=1":                          {"Alice"},
			"last_sign_in_at_before=1":                         nil,
			"created_at_after=" + born:                         {"Dora 100%"},
			"created_at_before=" + born:                        {"Alice"},
		} {
			list := f.read("GET", "/users?"+query, nil, 200)
			equal(t, query, pick(list, "first_name"), want)
			if _, bare := list.([]any); !bare {
				t.Errorf("the list of users is not a bare array")
			}
			if strings.HasPrefix(query, "starting_after") {
				continue
			}
			counted := f.call("GET", "/users/count?"+query, nil)
			equal(t, "count of "+query, counted, object{"object": "total_count", "total_count": float64(len(want))})
		}
		f.refuses("GET", "/users?starting_after="+dora+"&offset=1", nil, 422, "form_conditional_param_disallowed")
		f.refuses("GET", "/users?starting_after="+dora+"&order_by=username", nil, 422, "form_param_value_invalid")
		f.refuses("GET", "/users?provider_user_id=1", nil, 422, "form_conditional_param_missing")
		equal(t, "all that is wrong", codes(f.refusal("GET", "/users/count?created_at_before=x&last_active_at_since=-1&name_query=a&name_query=b", nil, 422)), []string{
			"form_param_duplicate name_query", "form_param_value_invalid created_at_before", "form_param_value_invalid last_active_at_since",
		})
		f.refuses("GET", "/users?user_id="+strings.Repeat("u,", 101), nil, 422, "form_param_array_size_exceeded")
	})
}

func TestUsers_ShowTheirEnterpriseAccounts(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		alice := items(f.read("GET", "/users", nil, 200))[0]
		account := alice["enterprise_accounts"].([]any)[0]
		equal(t, "protocol", str(account, "protocol"), "saml")
		equal(t, "provider", str(account, "provider"), "saml_custom")
		equal(t, "connection", str(account, "enterprise_connection", "id"), company.conn)
		equal(t, "old shape", str(alice["saml_accounts"].([]any)[0], "saml_connection", "domain"), "acme.test")
		email := alice["email_addresses"].([]any)[0]
		equal(t, "verification", str(email, "verification", "strategy"), "saml")
		equal(t, "linked to", str(at(email, "linked_to").([]any)[0], "id"), str(account, "id"))
		equal(t, "SSO", at(email, "matches_sso_connection"), any(true))
		members := f.call("GET", "/users/"+str(alice, "id")+"/organization_memberships", nil)
		equal(t, "memberships", pick(members, "organization", "slug"), []string{"acme"})
		f.call("DELETE", "/enterprise_connections/"+company.conn, nil)
		alice = f.call("GET", "/users/"+str(alice, "id"), nil) // people stay
		account = alice["enterprise_accounts"].([]any)[0]      // behaviour 1.43: with their accounts, told truly
		equal(t, "provider of one that is gone", str(account, "provider"), "saml_custom")
		equal(t, "connection that is gone", at(account, "enterprise_connection"), any(nil))
		equal(t, "active without the connection", at(account, "active"), any(false))
		equal(t, "old shape without the connection", str(alice["saml_accounts"].([]any)[0], "provider"), "saml_custom")
		equal(t, "SSO without the connection", at(alice["email_addresses"].([]any)[0], "matches_sso_connection"), any(false))
	})
}

func TestUsers_AreBannedAndLocked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		session := f.company().signIn()
		id := str(f.call("GET", "/sessions/"+session, nil), "user_id")
		locked := f.call("POST", "/users/"+id+"/lock", nil)
		equal(t, "locked", locked["locked"], true)
		f.refuses("POST", "/sessions/"+session+"/tokens", nil, 403, "user_locked")
		equal(t, "unlocked", f.call("POST", "/users/"+id+"/unlock", nil)["locked"], false)
		f.call("POST", "/sessions/"+session+"/tokens", nil)
		equal(t, "banned", f.call("POST", "/users/"+id+"/ban", nil)["banned"], true)
		equal(t, "the session of a banned person", str(f.call("GET", "/sessions/"+session, nil), "status"), "revoked")
		equal(t, "unbanned", f.call("POST", "/users/"+id+"/unban", nil)["banned"], false)
		f.refuses("POST", "/sessions/"+session+"/tokens", nil, 401, "authentication_invalid")
	})
}

func TestUsers_MetadataIsMergedOrReplaced(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := str(f.user("carol@globex.test", object{
			"public_metadata": object{"plan": object{"name": "pro", "seats": 5}, "old": true}, "private_metadata": object{"crm": 7},
		}), "id")
		path := "/users/" + id + "/metadata"
		merged := f.call("PATCH", path, object{"public_metadata": object{"plan": object{"seats": 6}, "old": nil, "list": []int{1}}})
		equal(t, "merged deeply, null removes", merged["public_metadata"],
			any(object{"plan": object{"name": "pro", "seats": 6.0}, "list": []any{1.0}}))
		equal(t, "what was not named stays", merged["private_metadata"], any(object{"crm": 7.0}))
		replaced := f.call("PUT", path, object{"public_metadata": object{"a": object{"b": nil}}, "unsafe_metadata": object{}})
		equal(t, "replaced", replaced["public_metadata"], any(object{"a": object{"b": nil}}))
		equal(t, "what was not named stays", replaced["private_metadata"], any(object{"crm": 7.0}))
		emptied := f.call("PUT", path, object{"public_metadata": object{}})
		equal(t, "emptied", emptied["public_metadata"], any(object{}))
		f.call("PATCH", path, nil)
		f.refuses("PATCH", path, object{"first_name": "X"}, 422, "form_param_unknown")
		f.refuses("PATCH", path, object{"public_metadata": object{"a": strings.Repeat("x", 8<<10)}}, 422, "form_param_exceeds_allowed_size")
		proto := f.call("PATCH", path, `{"public_metadata":{"__proto__":{"admin":true},"constructor":1}}`) // threat T-API-15
		equal(t, "odd names are names", proto["public_metadata"], any(object{"__proto__": object{"admin": true}, "constructor": 1.0}))

		newest := f.with("Clerk-API-Version", "2026-05-12")
		equal(t, "since 2026-05-12 it has its own path", codes(newest.refusal("PATCH", "/users/"+id, object{
			"first_name": "X", "public_metadata": object{}, "unsafe_metadata": object{},
		}, 422)), []string{"form_param_unknown public_metadata", "form_param_unknown unsafe_metadata"})
		newest.call("PATCH", "/users/"+id, object{"first_name": "X"})
		newest.call("PATCH", path, object{"public_metadata": object{"a": 1}})
		older := f.with("Clerk-API-Version", "2025-04-10").call("PATCH", "/users/"+id, object{"public_metadata": object{"b": 2}})
		equal(t, "before, a change of the user replaced it", older["public_metadata"], any(object{"b": 2.0}))
	})
}
