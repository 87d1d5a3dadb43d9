package backendapi_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/signin"
)

// beginSignUp begins a sign-up in a new browser and returns it with the code that was
// mailed.
func (f *fixture) beginSignUp(email string) (identity.SignUp, string) {
	f.t.Helper()
	f.now = f.now.Add(time.Second)
	s, _, err := f.tools.SignIn.BeginSignUp(f.t.Context(), signin.SignUpForm{
		Client: f.browser(), Source: "192.0.2.7", Address: email, FirstName: "Nina", LastName: "New", Password: "correct horse battery",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return s, sixDigits.FindString(f.lastMail().Text)
}

func (f *fixture) verifySignUp(s identity.SignUp, code string) (signin.Done, error) {
	f.t.Helper()
	return f.tools.SignIn.VerifySignUp(f.t.Context(), signin.Browser{Client: s.ClientID, Source: "192.0.2.7"}, s.ID, code)
}

func TestSignUps_AreReadAndTakeTheCustomersOwnID(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.settings(func(s *identity.Settings) { s.PasswordEnabled = true })
		s, code := f.beginSignUp("nina@home.test")
		path := "/sign_ups/" + string(s.ID)
		got := f.call("GET", path, nil)
		for name, want := range map[string]any{
			"object": "sign_up_attempt", "status": "missing_requirements", "email_address": "nina@home.test", "first_name": "Nina",
			"last_name": "New", "password_enabled": true, "custom_action": false, "external_id": nil, "created_user_id": nil,
			"missing_fields": []any{}, "unverified_fields": []any{"email_address"}, "required_fields": []any{"email_address"}, "optional_fields": []any{"first_name", "last_name", "password"},
		} {
			equal(t, name, got[name], want)
		}
		equal(t, "next", str(got, "verifications", "email_address", "next_action"), "needs_attempt")
		equal(t, "of the browser", str(f.call("GET", "/clients/"+string(s.ClientID), nil), "sign_up_id"), string(s.ID))

		changed := f.call("PATCH", path, object{"external_id": " crm-7 ", "custom_action": true})
		equal(t, "external id", changed["external_id"], any("crm-7"))
		equal(t, "custom action", changed["custom_action"], any(true))
		equal(t, "null and nothing change nothing", f.call("PATCH", path, object{"external_id": nil})["external_id"], any("crm-7"))
		equal(t, "without a body", f.call("PATCH", path, nil)["custom_action"], any(true))
		equal(t, "an empty text clears", f.call("PATCH", path, object{"external_id": ""})["external_id"], any(nil))
		f.call("PATCH", path, object{"external_id": "crm-7"})
		equal(t, "audit log", len(f.audited(string(s.ID))), 5)

		done, err := f.verifySignUp(s, code)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the user has it", f.call("GET", "/users/"+string(done.Session.UserID), nil)["external_id"], any("crm-7"))
		got = f.call("GET", path, nil)
		for name, want := range map[string]any{
			"status": "complete", "created_user_id": string(done.Session.UserID), "created_session_id": string(done.Session.ID), "unverified_fields": []any{},
		} {
			equal(t, name, got[name], want)
		}
		equal(t, "verified", str(got, "verifications", "email_address", "status"), "verified")
		f.refuses("PATCH", path, object{"external_id": "crm-8"}, 403, "sign_up_cannot_be_updated")
		equal(t, "the user keeps it", f.call("GET", "/users/"+string(done.Session.UserID), nil)["external_id"], any("crm-7"))
	})
}

func TestSignUps_RefuseWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("carol@globex.test", object{"external_id": "taken"})
		s, code := f.beginSignUp("nina@home.test")
		path := "/sign_ups/" + string(s.ID)
		for name, test := range map[string]struct {
			id   any
			code string
		}{
			"another's id":           {"taken", "form_identifier_exists"},
			"too long":               {strings.Repeat("x", 257), "form_param_max_length_exceeded"},
			"of more than one line":  {"a\nb", "form_param_format_invalid"},
			"a number":               {7, "form_param_type_invalid"},
			"an object as an id":     {object{}, "form_param_type_invalid"},
			"a list where a text is": {[]string{"a"}, "form_param_type_invalid"},
		} {
			e := f.refuses("PATCH", path, object{"external_id": test.id}, 422, test.code)
			equal(t, name, e.Meta["param_name"], any("external_id"))
		}
		f.refuses("PATCH", path, object{"status": "complete"}, 422, "form_param_unknown")
		f.refuses("PATCH", path, object{"custom_action": "yes"}, 422, "form_param_type_invalid")
		for _, id := range []string{"sua_x", "%00", "%ff", string(s.ClientID), strings.Repeat("a", 5000)} {
			f.refuses("GET", "/sign_ups/"+id, nil, 404, "resource_not_found")
			f.refuses("PATCH", "/sign_ups/"+id, object{"external_id": "x"}, 404, "resource_not_found")
		}

		// Two sign-ups may wish for one id; the first that is finished has it.
		other, otherCode := f.beginSignUp("olaf@home.test")
		f.call("PATCH", path, object{"external_id": "crm-7"})
		f.call("PATCH", "/sign_ups/"+string(other.ID), object{"external_id": "crm-7"})
		if _, err := f.verifySignUp(s, code); err != nil {
			t.Fatal(err)
		}
		if _, err := f.verifySignUp(other, otherCode); err == nil || !strings.HasPrefix(err.Error(), "form_identifier_exists") {
			t.Errorf("the second sign-up with an id: got %v, want form_identifier_exists", err)
		}

		late, _ := f.beginSignUp("late@home.test")
		f.now = late.AbandonAt
		equal(t, "given up", f.call("GET", "/sign_ups/"+string(late.ID), nil)["status"], any("abandoned"))
		f.refuses("PATCH", "/sign_ups/"+string(late.ID), object{"custom_action": true}, 403, "sign_up_cannot_be_updated")
	})
}
