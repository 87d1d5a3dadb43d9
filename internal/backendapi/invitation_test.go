package backendapi_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
)

func TestAppInvitations_AreMadeListedAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("carol@globex.test", nil)
		made := f.call("POST", "/invitations", object{"email_address": "Dora@globex.test", "public_metadata": object{"desk": 4}, "redirect_url": baseURL + "/welcome"})
		equal(t, "address", str(made, "email_address"), "dora@globex.test")
		equal(t, "status", str(made, "status"), "pending")
		mails := f.waitingMails()
		if len(mails) != 1 || mails[0].To != "dora@globex.test" || !strings.Contains(mails[0].Text, str(made, "url")) {
			t.Errorf("mails %+v", mails)
		}
		twice := f.refuses("POST", "/invitations", object{"email_address": "dora@globex.test"}, 400, "duplicate_record") // 1.140
		equal(t, "1.140 whose", twice.Meta["email_addresses"], any([]any{"dora@globex.test"}))
		f.call("POST", "/invitations", object{"email_address": "dora@globex.test", "ignore_existing": true, "notify": false})
		f.refuses("POST", "/invitations", object{"email_address": "carol@globex.test"}, 422, "form_identifier_exists")
		f.refuses("POST", "/invitations", object{}, 422, "form_param_missing")
		f.refuses("POST", "/invitations", object{"email_address": "x@y.test", "template_slug": "other"}, 422, "form_param_value_invalid")
		f.refuses("POST", "/invitations", object{"email_address": "x@y.test", "expires_in_days": 366}, 422, "form_param_value_invalid")
		f.refuses("POST", "/invitations", object{"email_address": "x@y.test", "redirect_url": "https://evil.test"}, 422, "redirect_url_domain_mismatch")
		several := f.read("POST", "/invitations/bulk", []object{{"email_address": "a@globex.test"}, {"email_address": "b@globex.test", "expires_in_days": 1}}, 200)
		equal(t, "several", pick(several, "email_address"), []string{"a@globex.test", "b@globex.test"})
		f.refuses("POST", "/invitations/bulk", []object{{"email_address": "c@globex.test"}, {"email_address": "a@globex.test"}}, 400, "duplicate_record")
		f.refuses("POST", "/invitations/bulk", make([]object, 11), 422, "form_param_array_size_exceeded") // threat T-API-15
		revoked := f.call("POST", "/invitations/"+str(made, "id")+"/revoke", nil)
		equal(t, "revoked", revoked["revoked"], any(true))
		f.refuses("POST", "/invitations/"+str(made, "id")+"/revoke", nil, 400, "invitation_already_revoked")
		f.refuses("POST", "/invitations/inv_x/revoke", nil, 404, "resource_not_found")
		f.now = f.now.Add(25 * time.Hour)
		for query, want := range map[string][]string{
			"order_by=email_address":         {"a@globex.test", "b@globex.test", "dora@globex.test"},
			"order_by=-email_address":        {"dora@globex.test", "b@globex.test", "a@globex.test"},
			"order_by=email_address&limit=1": {"a@globex.test"},
			"order_by=expires_at&limit=1":    {"b@globex.test"},
			"status=revoked":                 {"dora@globex.test"},
			"status=expired":                 {"b@globex.test"},
			"query=DORA":                     {"dora@globex.test"},
			"query=%25":                      nil,
		} {
			equal(t, query, pick(f.read("GET", "/invitations?"+query, nil, 200), "email_address"), want)
		}
		f.refuses("GET", "/invitations?order_by=url", nil, 422, "form_param_value_invalid")
	})
}

func TestAppInvitations_MakeAnAccountWhereSignUpIsRestricted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.settings(func(s *identity.Settings) { s.SignUpMode = identity.SignUpRestricted })
		made := f.call("POST", "/invitations", object{"email_address": "dora@globex.test", "public_metadata": object{"desk": 4}})
		ticket := f.ticketOf(made)
		state, code := f.invitation(ticket, nil)
		equal(t, "state", string(state)+code, "sign_up")
		eve := f.sessionOf(str(f.user("eve@globex.test", nil), "id"))
		_, code = f.invitation(ticket, &eve)
		equal(t, "opened by another person", code, "resource_forbidden")
		done, code := f.signUp(ticket)
		equal(t, "signed up", code, "")
		u := f.call("GET", "/users/"+string(done.Session.UserID), nil)
		equal(t, "metadata of the invitation", u["public_metadata"], any(object{"desk": 4.0}))
		equal(t, "accepted", pick(f.read("GET", "/invitations", nil, 200), "status"), []string{"accepted"})
		_, code = f.signUp(ticket)
		equal(t, "again", code, "invitation_already_accepted")
		f.refuses("POST", "/invitations/"+str(made, "id")+"/revoke", nil, 400, "invitation_already_accepted")
		state, code = f.invitation(ticket, &done.Session)
		equal(t, "by who accepted", string(state)+code, "complete")

		gone := f.call("POST", "/invitations", object{"email_address": "gone@globex.test"})
		f.call("POST", "/invitations/"+str(gone, "id")+"/revoke", nil)
		_, code = f.signUp(f.ticketOf(gone))
		equal(t, "revoked", code, "revoked_invitation")
		held := f.ticketOf(f.call("POST", "/invitations", object{"email_address": "eve@globex.test", "ignore_existing": true}))
		_, code = f.signUp(held)
		equal(t, "of who has an account", code, "invitation_account_exists")
		late := f.ticketOf(f.call("POST", "/invitations", object{"email_address": "late@globex.test", "expires_in_days": 1}))
		f.now = f.now.Add(24 * time.Hour)
		_, code = f.signUp(late)
		equal(t, "expired", code, "ticket_expired_code")
	})
}

func TestAppInvitations_ToAnSSODomainLeadThroughSSO(t *testing.T) { // threat T-ORG-12, behaviours 1.31 and 1.86
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		f.call("PATCH", "/enterprise_connections/"+company.conn, object{"disable_jit_provisioning": true})
		ticket := f.ticketOf(f.call("POST", "/invitations", object{"email_address": "alice@acme.test", "public_metadata": object{"desk": 4}}))
		state, code := f.invitation(ticket, nil)
		equal(t, "state", string(state)+code, "sign_in")
		_, code = f.signUp(ticket)
		equal(t, "without SSO", code, "saml_email_address_domain_reserved")
		session := f.call("GET", "/sessions/"+company.signIn(), nil)
		u := f.call("GET", "/users/"+str(session, "user_id"), nil)
		equal(t, "metadata", u["public_metadata"], any(object{"desk": 4.0}))
		equal(t, "accepted with the admission", pick(f.read("GET", "/invitations", nil, 200), "status"), []string{"accepted"})
	})
}
