package backendapi_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

// mails are the mails that wait in the outbox, which is emptied.
func (f *fixture) waitingMails() (list []identity.Mail) {
	f.t.Helper()
	err := f.tools.DB.Write(f.t.Context(), func(tx *store.Tx) error {
		list = nil
		rows, err := tx.ClaimOutbox(f.now, 0, 100)
		for _, row := range rows {
			m, mailErr := row.Mail()
			if mailErr != nil {
				return mailErr
			}
			list = append(list, m)
			if err := tx.DoneOutbox(row.ID); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func TestInvitations_AreMadeListedAndRevoked(t *testing.T) { // behaviour 1.139
	each(t, func(t *testing.T, f *fixture) {
		carol := str(f.user("carol@globex.test", object{"first_name": "Carol", "last_name": "Holm"}), "id")
		org := str(f.call("POST", "/organizations", object{"name": "Globex", "slug": "globex", "created_by": carol}), "id")
		path := "/organizations/globex/invitations"
		made := f.call("POST", path, object{
			"email_address": "Dora@Globex.test", "role": "org:member", "inviter_user_id": carol,
			"public_metadata": object{"desk": 4}, "private_metadata": object{"cost": 1}, "redirect_url": baseURL + "/welcome",
		})
		equal(t, "address", str(made, "email_address"), "dora@globex.test")
		equal(t, "status", str(made, "status"), "pending")
		equal(t, "role", str(made, "role_name"), "Member")
		equal(t, "inviter", str(made, "public_inviter_data", "identifier"), "carol@globex.test")
		if end, _ := made["expires_at"].(float64); int64(end) != f.now.Add(30*24*time.Hour).UnixMilli() {
			t.Errorf("expires at %v, want in 30 days", end)
		}
		link := str(made, "url")
		if u, err := url.Parse(link); err != nil || u.Path != "/v1/tickets/accept" || u.Query().Get("ticket") == "" {
			t.Errorf("url %q", link)
		}
		mails := f.waitingMails()
		if len(mails) != 1 || mails[0].To != "dora@globex.test" || !strings.Contains(mails[0].Text, link) || !strings.Contains(mails[0].Text, "Carol Holm of Globex") {
			t.Errorf("mails %+v", mails)
		}
		f.call("POST", path, object{"email_address": "quiet@globex.test", "role": "org:admin", "notify": false, "expires_in_days": 1})
		equal(t, "mails of a quiet one", len(f.waitingMails()), 0)
		f.call("POST", path+"/"+str(made, "id")+"/revoke", object{"requesting_user_id": carol})
		f.refuses("POST", path+"/"+str(made, "id")+"/revoke", nil, 404, "organization_invitation_not_pending")
		f.call("POST", path, object{"email_address": "dora@globex.test", "role": "org:member"}) // again
		f.now = f.now.Add(25 * time.Hour)
		for query, want := range map[string][]string{
			"":                                {"dora@globex.test", "quiet@globex.test", "dora@globex.test"},
			"status=pending":                  {"dora@globex.test"},
			"status=revoked&status=expired":   {"quiet@globex.test", "dora@globex.test"},
			"email_address=Quiet@globex.test": {"quiet@globex.test"},
			"order_by=email_address&limit=1":  {"dora@globex.test"},
			"order_by=email_address&offset=2": {"quiet@globex.test"},
		} {
			equal(t, query, pick(f.call("GET", path+"?"+query, nil), "email_address"), want)
		}
		equal(t, "pending", pick(f.call("GET", path+"/pending", nil), "email_address"), []string{"dora@globex.test"})
		all := f.call("GET", "/organization_invitations?query=DORA", nil)
		equal(t, "of the deployment", all["total_count"], any(2.0))
		equal(t, "with its organization", pick(all, "public_organization_data", "id"), []string{org, org})
		dora := str(f.user("dora@globex.test", nil), "id")
		equal(t, "of a user", pick(f.call("GET", "/users/"+dora+"/organization_invitations?status=pending", nil), "email_address"), []string{"dora@globex.test"})
		equal(t, "read", str(f.call("GET", path+"/"+str(made, "id"), nil), "status"), "revoked")
		equal(t, "the link of one that is over", f.call("GET", path+"/"+str(made, "id"), nil)["url"], any(nil))
		equal(t, "an expired one makes room", str(f.call("POST", path, object{"email_address": "quiet@globex.test", "role": "org:member"}), "status"), "pending")
		f.refuses("GET", path+"?status=lost", nil, 422, "form_param_value_invalid")
		f.refuses("GET", path+"?order_by=role", nil, 422, "form_param_value_invalid") // threat T-API-07
		other := f.organization("Initech")
		f.refuses("GET", "/organizations/"+other+"/invitations/"+str(made, "id"), nil, 404, "resource_not_found") // threat T-API-02
		f.refuses("POST", "/organizations/"+other+"/invitations/"+str(made, "id")+"/revoke", nil, 404, "resource_not_found")
		dorasRole := f.call("POST", "/organizations/globex/memberships", object{"user_id": dora, "role": "org:member"})
		again := f.call("POST", path, object{"email_address": "x@globex.test", "role": "org:member"})
		f.refuses("POST", path+"/"+str(again, "id")+"/revoke", object{"requesting_user_id": str(dorasRole, "public_user_data", "user_id")}, 403, "missing_organization_permission")
		f.refuses("POST", path+"/"+str(again, "id")+"/revoke", object{"requesting_user_id": "user_x"}, 403, "not_a_member_in_organization")
	})
}

func TestInvitations_SayWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		carol := str(f.user("carol@globex.test", nil), "id")
		dora := str(f.user("dora@globex.test", nil), "id")
		eve := str(f.user("eve@globex.test", nil), "id")
		f.call("POST", "/organizations", object{"name": "Globex", "slug": "globex", "created_by": carol, "max_allowed_memberships": 4})
		f.call("POST", "/organizations/globex/memberships", object{"user_id": dora, "role": "org:member"})
		path := "/organizations/globex/invitations"
		f.call("POST", path, object{"email_address": "twice@globex.test", "role": "org:member"})
		with := func(more object) object {
			body := object{"email_address": "new@globex.test", "role": "org:member"}
			for k, v := range more {
				body[k] = v
			}
			return body
		}
		for name, test := range map[string]struct {
			body   object
			status int
			code   string
		}{
			"no address":                    {with(object{"email_address": nil}), 422, "form_param_missing"},
			"not an address":                {with(object{"email_address": "new"}), 422, "form_param_format_invalid"},
			"no role":                       {with(object{"role": ""}), 422, "form_param_missing"},
			"1.147 a role that there isn't": {with(object{"role": "org:nobody"}), 404, "resource_not_found"},
			"1.140 one who is invited":      {with(object{"email_address": "twice@globex.test"}), 400, "organization_invitation_not_unique"},
			"a member":                      {with(object{"email_address": "dora@globex.test"}), 400, "already_a_member_in_organization"},
			"1.138 by a member who may not": {with(object{"inviter_user_id": dora}), 403, "missing_organization_permission"},
			"1.138 by a stranger":           {with(object{"inviter_user_id": eve}), 403, "not_a_member_in_organization"},
			"no days":                       {with(object{"expires_in_days": 0}), 422, "form_param_value_invalid"},
			"more than a year":              {with(object{"expires_in_days": 366}), 422, "form_param_value_invalid"},
			"a redirect elsewhere":          {with(object{"redirect_url": "https://evil.test/"}), 422, "redirect_url_domain_mismatch"},
			"a redirect that is none":       {with(object{"redirect_url": "javascript:alert(1)"}), 422, "invalid_redirect_url"},
			"T-API-15 more than 8 KB":       {with(object{"public_metadata": object{"a": strings.Repeat("x", 8<<10)}}), 422, "form_param_exceeds_allowed_size"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses("POST", path, test.body, test.status, test.code)
			})
		}
		equal(t, "all at once", codes(f.refusal("POST", path, object{"expires_in_days": 999}, 422)),
			[]string{"form_param_missing email_address", "form_param_missing role", "form_param_value_invalid expires_in_days"})
		f.refuses("POST", "/organizations/org_x/invitations", with(nil), 404, "resource_not_found")
		f.call("POST", path, object{"email_address": "last@globex.test", "role": "org:member"})
		f.refuses("POST", path, with(nil), 403, "organization_membership_quota_exceeded") // 1.141: 2 members, 2 invited
	})
}

func TestInvitations_SeveralAtOnceAreAllMadeOrNone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.organization("Globex")
		path := "/organizations/globex/invitations"
		one := func(address string) object { return object{"email_address": address, "role": "org:member"} }
		made := f.call("POST", path+"/bulk", []object{one("a@globex.test"), one("b@globex.test")})
		equal(t, "made", pick(made, "email_address"), []string{"a@globex.test", "b@globex.test"})
		equal(t, "mails", len(f.waitingMails()), 2)
		f.refuses("POST", path+"/bulk", []object{one("c@globex.test"), one("a@globex.test")}, 400, "organization_invitation_not_unique")
		f.refuses("POST", path+"/bulk", []object{one("c@globex.test"), one("c@globex.test")}, 400, "organization_invitation_not_unique")
		f.refuses("POST", path+"/bulk", []object{one("c@globex.test"), one("c")}, 422, "form_param_format_invalid")
		equal(t, "nothing else", f.call("GET", path, nil)["total_count"], any(2.0))
		equal(t, "no mail", len(f.waitingMails()), 0)
		f.refuses("POST", path+"/bulk", []object{}, 422, "form_param_array_size_exceeded")
		f.refuses("POST", path+"/bulk", make([]object, 11), 422, "form_param_array_size_exceeded") // threat T-API-15
		f.refuses("POST", path+"/bulk", one("c@globex.test"), 400, "request_body_invalid")
	})
}

// Threat T-ORG-10: the link is in the mail, and else for who holds a secret key
// alone, whose invitation is in the audit log. Nothing else that is kept or told has
// it.
func TestInvitations_TheLinkIsForTheMailbox(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		hook := str(f.call("POST", "/webhooks/endpoints", object{"url": "https://app.test/hook"}), "id")
		org := f.organization("Globex")
		made := f.call("POST", "/organizations/"+org+"/invitations", object{"email_address": "dora@globex.test", "role": "org:member"})
		ticket := f.ticketOf(made)
		equal(t, "audit log", f.audited(str(made, "id")), []string{"organization_invitation.created"})
		for _, path := range []string{"/audit_log?limit=500", "/organizations/" + org, "/webhooks/endpoints/" + hook + "/deliveries"} {
			if text := f.send("GET", path, nil).Body.String(); strings.Contains(text, ticket) {
				t.Errorf("%s shows the link: %s", path, text)
			}
		}
		for _, d := range items(f.call("GET", "/webhooks/endpoints/"+hook+"/deliveries", nil)) {
			if text := f.send("GET", "/webhooks/endpoints/"+hook+"/deliveries/"+str(d, "id"), nil).Body.String(); strings.Contains(text, ticket) {
				t.Errorf("an endpoint is told the link: %s", text)
			}
		}
	})
}
