package backendapi_test

import (
	"regexp"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

func TestEmails_AreAddedChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.user("carol@globex.test", nil)
		user, first := str(made, "id"), str(made, "primary_email_address_id")
		second := f.call("POST", "/email_addresses", object{"user_id": user, "email_address": "Carol@Home.test"})
		equal(t, "address", str(second, "email_address"), "carol@home.test")
		equal(t, "not verified unless said", second["verification"], any(nil))
		path := "/email_addresses/" + str(second, "id")
		equal(t, "read again", f.call("GET", path, nil), second)
		f.refuses("PATCH", path, object{"primary": true}, 422, "form_verification_needed")
		equal(t, "false changes nothing", f.call("PATCH", path, object{"verified": false, "primary": false})["verification"], any(nil))
		equal(t, "verified", str(f.call("PATCH", path, object{"verified": true, "primary": true}), "verification", "strategy"), "admin")
		equal(t, "primary", str(f.call("GET", "/users/"+user, nil), "primary_email_address_id"), str(second, "id"))
		third := f.call("POST", "/email_addresses", object{"user_id": user, "email_address": "c@home.test", "verified": true, "primary": true})
		equal(t, "primary at once", str(f.call("GET", "/users/"+user, nil), "primary_email_address_id"), str(third, "id"))
		gone := f.call("DELETE", "/email_addresses/"+str(third, "id"), nil)
		equal(t, "deleted", gone, object{"object": "email_address", "id": str(third, "id"), "deleted": true})
		equal(t, "the oldest verified follows", str(f.call("GET", "/users/"+user, nil), "primary_email_address_id"), first)
		f.call("DELETE", path, nil)
		f.refuses("GET", path, nil, 404, "resource_not_found")
		f.refuses("DELETE", "/email_addresses/"+first, nil, 400, "identification_deletion_failed")
		f.call("PATCH", "/users/"+user, object{"username": "carol"})
		f.call("DELETE", "/email_addresses/"+first, nil)
		equal(t, "none is primary", f.call("GET", "/users/"+user, nil)["primary_email_address_id"], any(nil))
		only := f.call("POST", "/email_addresses", object{"user_id": user, "email_address": "x@home.test"})
		equal(t, "the only one is primary", str(f.call("GET", "/users/"+user, nil), "primary_email_address_id"), str(only, "id"))
	})
}

func TestEmails_RefuseWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		user := str(f.user("carol@globex.test", nil), "id")
		f.user("dora@globex.test", nil)
		claim := f.call("POST", "/email_addresses", object{"user_id": user, "email_address": "shared@globex.test"})
		f.user("shared@globex.test", nil)
		f.refuses("PATCH", "/email_addresses/"+str(claim, "id"), object{"verified": true}, 400, "identification_claimed")
		for name, test := range map[string]struct {
			body   object
			status int
			code   string
		}{
			"an unknown user":         {object{"user_id": "user_x", "email_address": "a@b.test"}, 404, "resource_not_found"},
			"no address":              {object{"user_id": user, "email_address": "carol"}, 422, "form_param_format_invalid"},
			"an address of another":   {object{"user_id": user, "email_address": "DORA@globex.test", "verified": true}, 422, "form_identifier_exists"},
			"one that the user has":   {object{"user_id": user, "email_address": "carol@globex.test"}, 422, "form_identifier_exists"},
			"a parameter that isn't":  {object{"user_id": user, "email_address": "a@b.test", "id": "idn_1"}, 422, "form_param_unknown"},
			"primary without a proof": {object{"user_id": user, "email_address": "a@b.test", "primary": true}, 422, "form_verification_needed"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses("POST", "/email_addresses", test.body, test.status, test.code)
			})
		}
		equal(t, "all that is missing", codes(f.refusal("POST", "/email_addresses", object{}, 422)), []string{"form_param_missing email_address", "form_param_missing user_id"})
		for _, id := range []string{"idn_1", "%00", user} {
			for _, method := range []string{"GET", "PATCH", "DELETE"} {
				f.refuses(method, "/email_addresses/"+id, nil, 404, "resource_not_found")
			}
			f.refuses("POST", "/email_addresses/"+id+"/prepare_verification", nil, 404, "resource_not_found")
		}
	})
}

// Behaviours 1.56 to 1.59.
func TestEmails_OfPeopleWhoComeBySSO(t *testing.T) { // threat T-ID-21
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		alice := items(f.read("GET", "/users", nil, 200))[0]
		id, email := str(alice, "id"), str(alice, "primary_email_address_id")
		carol := str(f.user("carol@globex.test", nil), "id")
		// 1.59: an SSO domain's address comes by SSO.
		f.refuses("POST", "/email_addresses", object{"user_id": carol, "email_address": "carol@acme.test"}, 422, "saml_email_address_domain_reserved")
		f.refuses("PUT", "/users/"+carol+"/email_address", object{"email_address": "carol@acme.test"}, 422, "saml_email_address_domain_reserved")
		// 1.57: no other identifier beside it, unless the connection allows it.
		other := object{"user_id": id, "email_address": "alice@home.test", "verified": true}
		f.refuses("POST", "/email_addresses", other, 422, "enterprise_sso_additional_identifications_disabled")
		f.call("PATCH", "/enterprise_connections/"+company.conn, object{"disable_additional_identifications": false})
		f.call("POST", "/email_addresses", other)
		// 1.58: it says so, and is verified by SSO only.
		equal(t, "matches", f.call("GET", "/email_addresses/"+email, nil)["matches_sso_connection"], any(true))
		f.refuses("POST", "/email_addresses/"+email+"/prepare_verification", nil, 422, "saml_email_address_domain_reserved")
		f.refuses("DELETE", "/email_addresses/"+email, nil, 400, "delete_linked_identification_disallowed")
		f.refuses("PUT", "/users/"+id+"/email_address", object{"email_address": "a@home.test"}, 400, "delete_linked_identification_disallowed")
	})
}

func TestEmails_AreReplacedByOne(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		user := str(f.call("POST", "/users", object{"email_address": []string{"one@globex.test", "two@globex.test"}}), "id")
		path := "/users/" + user + "/email_address"
		replaced := f.call("PUT", path, object{"email_address": "three@globex.test", "notify_primary_email_address_changed": true})
		equal(t, "verified", str(replaced, "verification", "strategy"), "admin")
		all := f.call("GET", "/users/"+user, nil)
		equal(t, "addresses", len(all["email_addresses"].([]any)), 1)
		equal(t, "primary", all["primary_email_address_id"], replaced["id"])
		equal(t, "who was told", f.mails(), []string{"one@globex.test"})
		f.user("one@globex.test", nil) // it is free again
		f.refuses("PUT", path, object{"email_address": "one@globex.test"}, 422, "form_identifier_exists")
		f.refuses("PUT", path, object{"email_address": "one@globex.test", "identification_status": "reserved"}, 422, "form_identifier_exists")
		unproved := f.call("PUT", path, object{"email_address": "one@globex.test", "identification_status": "unverified"})
		equal(t, "unverified", unproved["reserved"], any(false))
		equal(t, "reserved", f.call("PUT", path, object{"email_address": "four@globex.test", "identification_status": "reserved"})["reserved"], any(true))
		f.call("PUT", path, object{"email_address": "four@globex.test", "notify_primary_email_address_changed": true})
		equal(t, "nobody was told of the same", f.mails(), []string(nil))
		equal(t, "mistakes", codes(f.refusal("PUT", path, object{"email_address": "x", "identification_status": "y"}, 422)),
			[]string{"form_param_format_invalid email_address", "form_param_value_invalid identification_status"})
		f.refuses("PUT", path, object{}, 422, "form_param_missing")
		f.refuses("PUT", "/users/user_x/email_address", object{"email_address": "x@y.test"}, 404, "resource_not_found")
	})
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

func TestEmails_AreVerifiedByACodeForTheCustomersServer(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		user := str(f.user("carol@globex.test", nil), "id")
		email := str(f.call("POST", "/email_addresses", object{"user_id": user, "email_address": "carol@home.test"}), "id")
		prepare, attempt := "/email_addresses/"+email+"/prepare_verification", "/email_addresses/"+email+"/attempt_verification"
		sent := f.call("POST", prepare, nil)
		code := sixDigits.FindString(f.lastMail().Text)
		try := func(code string) object {
			return f.call("POST", attempt, object{"verification_id": sent["id"], "code": code})
		}
		equal(t, "sent", sent["status"], any("unverified"))
		f.refuses("POST", prepare, nil, 429, "verification_code_too_many_requests")
		wrong := try("x")
		equal(t, "a wrong code is no error", wrong["status"], any("unverified"))
		equal(t, "and counts", wrong["attempts"], any(1.0))
		equal(t, "the address is not proved", f.call("GET", "/email_addresses/"+email, nil)["verification"], any(nil))
		equal(t, "the right one", try(code)["status"], any("verified"))
		equal(t, "the address is proved", str(f.call("GET", "/email_addresses/"+email, nil), "verification", "strategy"), "email_code")
		f.refuses("POST", attempt, object{"verification_id": sent["id"], "code": code}, 400, "verification_already_verified")
		equal(t, "audit log", f.audited(email), []string{"email_address.created", "email_address.verification.prepared", "email_address.verified"})
		equal(t, "no session", f.read("GET", "/sessions?user_id="+user, nil, 200), any([]any{}))

		f.now = f.now.Add(time.Minute)
		sent = f.call("POST", prepare, nil)
		for range 5 {
			try("x")
		}
		equal(t, "after five tries", try(sixDigits.FindString(f.lastMail().Text))["status"], any("failed")) // threat T-SES-15
		f.now = f.now.Add(time.Minute)
		sent = f.call("POST", prepare, nil)
		code = sixDigits.FindString(f.lastMail().Text)
		f.now = f.now.Add(10 * time.Minute)
		equal(t, "after ten minutes", try(code)["status"], any("expired"))

		other := str(f.call("GET", "/users/"+user, nil), "primary_email_address_id")
		f.refuses("POST", "/email_addresses/"+other+"/attempt_verification", object{"verification_id": sent["id"], "code": code}, 404, "resource_not_found")
		equal(t, "missing", codes(f.refusal("POST", attempt, object{}, 422)), []string{"form_param_missing code", "form_param_missing verification_id"})
	})
}

// outbox takes the mails that wait to be sent.
func (f *fixture) outbox() []identity.Mail {
	f.t.Helper()
	var mails []identity.Mail
	err := f.tools.DB.Write(f.t.Context(), func(tx *store.Tx) error {
		mails = nil
		rows, err := tx.ClaimOutbox(f.now, 0, 100)
		for _, r := range rows {
			m, err := r.Mail()
			if err != nil {
				return err
			}
			mails = append(mails, m)
			if err := tx.DoneOutbox(r.ID); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return mails
}

func (f *fixture) mails() []string {
	f.t.Helper()
	var to []string
	for _, m := range f.outbox() {
		to = append(to, m.To)
	}
	return to
}

func (f *fixture) lastMail() identity.Mail {
	f.t.Helper()
	mails := f.outbox()
	if len(mails) == 0 {
		f.t.Fatal("no mail")
	}
	return mails[len(mails)-1]
}
