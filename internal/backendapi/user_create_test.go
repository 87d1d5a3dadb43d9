package backendapi_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestUsers_AreMadeWithAllThatAMigrationBrings(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		digest, err := bcrypt.GenerateFromPassword([]byte("from the old system"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		made := f.user("carol@globex.test", object{
			"created_at": "2019-03-04T05:06:07.089+01:00", "legal_accepted_at": "2020-01-01T00:00:00Z", "locale": "de-CH",
			"password_digest": string(digest), "password_hasher": "bcrypt", "delete_self_enabled": true,
			"create_organization_enabled": false, "create_organizations_limit": 3, "banned": true, "locked": true,
			"skip_legal_checks": true, "skip_password_requirement": true,
		})
		for name, want := range map[string]any{
			"created_at": 1551672367089.0, "legal_accepted_at": 1577836800000.0, "locale": "de-CH", "password_enabled": true,
			"delete_self_enabled": true, "create_organization_enabled": false, "create_organizations_limit": 3.0, "banned": true, "locked": true,
		} {
			equal(t, name, made[name], want)
		}
		id := str(made, "id")
		equal(t, "its password", f.call("POST", "/users/"+id+"/verify_password", object{"password": "from the old system"}), object{"verified": true})
		again := f.call("GET", "/users/"+id, nil)
		delete(made, "lockout_expires_in_seconds") // it runs
		delete(again, "lockout_expires_in_seconds")
		equal(t, "read again", again, made)
		changed := f.call("PATCH", "/users/"+id, object{
			"created_at": "2018-01-01T00:00:00Z", "legal_accepted_at": "", "create_organization_enabled": true, "create_organizations_limit": 0, "locale": "",
		})
		for name, want := range map[string]any{
			"created_at": 1514764800000.0, "legal_accepted_at": nil, "locale": nil, "create_organization_enabled": true, "create_organizations_limit": nil,
		} {
			equal(t, "changed "+name, changed[name], want)
		}
		nobody := f.call("POST", "/users", object{"first_name": "Nemo", "skip_user_requirement": true})
		equal(t, "nothing to be known by", nobody["primary_email_address_id"], any(nil))
	})
}

func TestUsers_AllMistakesOfAFormAreReported(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		// No row can hold the first moment of 1970: there it means that there is no time.
		f.refuses("POST", "/users", object{"username": "ada", "created_at": "1970-01-01T00:00:00Z"}, 422, "form_param_invalid_time")
		equal(t, "mistakes", codes(f.refusal("POST", "/users", object{
			"email_address": []string{"x", "a@b.test", "A@b.test"}, "password": "short", "first_name": strings.Repeat("x", 300), "locale": "d!",
			"created_at": "yesterday", "legal_accepted_at": "2999-01-01T00:00:00Z", "create_organizations_limit": -1,
		}, 422)), []string{
			"form_disallow_future_date legal_accepted_at", "form_param_duplicate email_address", "form_param_format_invalid email_address",
			"form_param_format_invalid locale", "form_param_invalid_time created_at", "form_param_max_length_exceeded first_name",
			"form_param_value_invalid create_organizations_limit", "form_password_length_too_short password",
		})
		f.user("carol@globex.test", object{"username": "carol", "external_id": "1"})
		equal(t, "what is taken", codes(f.refusal("POST", "/users", object{
			"email_address": []string{"carol@globex.test"}, "username": "carol", "external_id": "1",
		}, 422)), []string{"form_identifier_exists email_address", "form_identifier_exists external_id", "form_identifier_exists username"})
		for name, test := range map[string]struct {
			body object
			code string
		}{
			"a digest without its hasher":       {object{"password_digest": "$2a$10$x"}, "form_conditional_param_missing"},
			"a hasher without a digest":         {object{"password_hasher": "bcrypt"}, "form_conditional_param_missing"},
			"a digest beside a password":        {object{"password_digest": "x", "password_hasher": "bcrypt", "password": "long enough"}, "form_conditional_param_disallowed"},
			"a hasher that is not supported":    {object{"password_digest": "x", "password_hasher": "md5"}, "form_param_value_invalid"},
			"a digest of another hasher":        {object{"password_digest": "$2a$10$x", "password_hasher": "argon2id"}, "form_password_digest_invalid_code"},
			"a digest that costs too much":      {object{"password_digest": "$2a$31$" + strings.Repeat("a", 53), "password_hasher": "bcrypt"}, "form_password_digest_invalid_code"},
			"another number of states":          {object{"email_address": []string{"x@x.test"}, "email_address_identification_status": []string{"verified", "reserved"}}, "form_param_array_length_mismatch"},
			"a state that there isn't":          {object{"email_address": []string{"x@x.test"}, "email_address_identification_status": []string{"unverified"}}, "form_param_value_invalid"},
			"a telephone number":                {object{"phone_number": []string{"+15551234567"}}, "form_param_unknown"},
			"a second factor of another system": {object{"totp_secret": "x"}, "form_param_unknown"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				test.body["username"] = "x"
				g.refuses("POST", "/users", test.body, 422, test.code)
			})
		}
	})
}

// A reserved address is nobody else's, and becomes proved by its owner's first
// sign-in through the company's provider.
func TestUsers_AReservedAddressIsKeptForItsOwner(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		made := f.user("alice@acme.test", object{"email_address_identification_status": []string{"reserved"}})
		email := made["email_addresses"].([]any)[0]
		equal(t, "reserved", at(email, "reserved"), any(true))
		equal(t, "verification", at(email, "verification"), any(nil))
		f.refuses("POST", "/users", object{"email_address": []string{"alice@acme.test"}}, 422, "form_identifier_exists")
		session := company.signIn()
		equal(t, "who signed in", f.call("GET", "/sessions/"+session, nil)["user_id"], made["id"])
		email = f.call("GET", "/users/"+str(made, "id"), nil)["email_addresses"].([]any)[0]
		equal(t, "reserved, afterwards", at(email, "reserved"), any(false))
		equal(t, "verification, afterwards", str(email, "verification", "strategy"), "saml")
	})
}

func TestUsers_PasswordsAreVerifiedAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		session := company.signIn()
		id := str(f.call("GET", "/sessions/"+session, nil), "user_id")
		verify := "/users/" + id + "/verify_password"
		f.refuses("POST", verify, object{"password": "correct horse"}, 400, "no_password_set")
		changed := f.call("PATCH", "/users/"+id, object{"password": "correct horse"})
		if changed["password_last_updated_at"] == nil {
			t.Error("the change of the password left no date")
		}
		f.call("POST", verify, object{"password": "correct horse"})
		f.refuses("POST", verify, object{"password": "wrong horse"}, 422, "incorrect_password")
		f.refuses("POST", verify, object{"password": strings.Repeat("x", 5000)}, 422, "incorrect_password")
		f.refuses("POST", verify, object{}, 422, "form_param_missing")
		f.refuses("POST", "/users/user_x/verify_password", object{"password": "x"}, 404, "resource_not_found")
		equal(t, "removed", f.call("POST", "/users/"+id+"/remove_password", nil)["password_enabled"], any(false))
		equal(t, "the session goes on", str(f.call("GET", "/sessions/"+session, nil), "status"), "active")
		f.call("POST", "/users/"+id+"/remove_password", object{"sign_out_of_other_sessions": true})
		equal(t, "the session ends", str(f.call("GET", "/sessions/"+session, nil), "status"), "revoked")
	})
}

func TestUsers_AreBannedTogetherOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		one, two := str(f.user("one@globex.test", nil), "id"), str(f.user("two@globex.test", nil), "id")
		banned := f.read("POST", "/users/ban", object{"user_ids": []string{one, two}}, 200)
		for _, u := range items(banned) {
			equal(t, "banned", u["banned"], any(true))
		}
		f.refuses("POST", "/users/unban", object{"user_ids": []string{one, "user_none"}}, 404, "resource_not_found")
		equal(t, "a call that failed changes nothing", f.call("GET", "/users/"+one, nil)["banned"], any(true))
		equal(t, "unbanned", pick(f.read("POST", "/users/unban", object{"user_ids": []string{one}}, 200), "id"), []string{one})
		f.refuses("POST", "/users/ban", object{"user_ids": []string{}}, 422, "form_param_missing")
		f.refuses("POST", "/users/ban", object{"user_ids": strings.Split(strings.Repeat("u,", 51), ",")}, 400, "bulk_size_exceeded")
	})
}

func TestUsers_AnEnterpriseAccountIsTakenAway(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		alice := items(f.read("GET", "/users", nil, 200))[0]
		id, account := str(alice, "id"), str(alice["enterprise_accounts"].([]any)[0], "id")
		other := str(f.user("carol@globex.test", nil), "id")
		f.refuses("DELETE", "/users/"+other+"/external_accounts/"+account, nil, 404, "resource_not_found") // threat T-API-02
		equal(t, "deleted", f.call("DELETE", "/users/"+id+"/external_accounts/"+account, nil), object{"object": "external_account", "id": account, "deleted": true})
		alice = f.call("GET", "/users/"+id, nil)
		equal(t, "accounts", alice["enterprise_accounts"], any([]any{}))
		equal(t, "the address is linked to nothing", at(alice["email_addresses"].([]any)[0], "linked_to"), any([]any{}))
		company.signIn() // and is linked anew, to the same person
		equal(t, "accounts again", len(f.call("GET", "/users/"+id, nil)["enterprise_accounts"].([]any)), 1)
	})
}
