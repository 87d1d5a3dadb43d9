package backendapi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
)

// eventData is what the endpoint is sent of the newest event of a type.
func (f *fixture) eventData(endpoint, kind string) object {
	f.t.Helper()
	list := items(f.call("GET", "/webhooks/endpoints/"+endpoint+"/deliveries?event_type="+kind, nil))
	if len(list) == 0 {
		f.t.Fatalf("there is no %s among %v", kind, f.deliveries(endpoint))
	}
	var data object
	err := f.tools.DB.Read(f.t.Context(), func(tx *store.Tx) error {
		e, err := tx.Event(identity.EventID(str(list[0], "event_id")))
		if err != nil {
			return err
		}
		return json.Unmarshal(e.Data, &data)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return data
}

// shown is what the delivery log shows of it.
func (f *fixture) shown(endpoint, kind string) object {
	f.t.Helper()
	path := "/webhooks/endpoints/" + endpoint + "/deliveries"
	list := items(f.call("GET", path+"?event_type="+kind, nil))
	data, _ := f.call("GET", path+"/"+str(list[0], "id"), nil)["data"].(object)
	return data
}

// Behaviour 6.B.
func TestEvents_TellOfInvitations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := str(f.endpoint(nil), "id")
		carol := str(f.user("carol@globex.test", object{"first_name": "Carol"}), "id")
		dora := str(f.user("dora@globex.test", nil), "id")
		org := str(f.call("POST", "/organizations", object{"name": "Globex", "slug": "globex", "created_by": carol}), "id")
		made := f.call("POST", "/organizations/"+org+"/invitations", object{"email_address": "dora@globex.test", "role": "org:member", "inviter_user_id": carol})
		created := f.eventData(id, "organizationInvitation.created")
		conformsEvent(t, "OrganizationInvitation", without(created, "data"))
		equal(t, "created", without(created, "data"), made)
		equal(t, "its organization", str(created, "data", "public_organization_data", "slug"), "globex")
		if shown := f.shown(id, "organizationInvitation.created"); shown["url"] != nil || shown["email_address"] != "dora@globex.test" {
			t.Errorf("T-ORG-10 the delivery log: %v", shown)
		}

		equal(t, "accepted", f.accept(f.ticketOf(made), f.sessionOf(dora)), "")
		accepted := f.eventData(id, "organizationInvitation.accepted")
		conformsEvent(t, "OrganizationInvitation", without(accepted, "data", "user_id"))
		if str(accepted, "status") != "accepted" || str(accepted, "user_id") != dora || accepted["url"] != nil {
			t.Errorf("accepted: %v", accepted)
		}
		lines := items(f.call("GET", "/audit_log?action=organization_invitation.accepted", nil))
		equal(t, "lines", len(lines), 1)
		line := lines[0]
		equal(t, "the line", line["detail"], any(object{"inviter_id": carol, "role": "org:member", "user_id": dora}))
		equal(t, "of", str(line, "subject")+str(line, "organization_id"), str(made, "id")+org)
		equal(t, "by", line["actor"].(object)["id"], any(dora))

		other := f.call("POST", "/organizations/"+org+"/invitations", object{"email_address": "eve@globex.test", "role": "org:member"})
		f.call("POST", "/organizations/"+org+"/invitations/"+str(other, "id")+"/revoke", nil)
		revoked := f.eventData(id, "organizationInvitation.revoked")
		conformsEvent(t, "OrganizationInvitation", without(revoked, "data"))
		if str(revoked, "status") != "revoked" || str(revoked, "id") != str(other, "id") || revoked["url"] != nil {
			t.Errorf("revoked: %v", revoked)
		}
		got := slices.DeleteFunc(f.deliveries(id), func(kind string) bool {
			return !strings.HasPrefix(kind, "organizationInvitation.") && kind != "email.created"
		})
		equal(t, "all of them", got, []string{
			"email.created", "email.created", "organizationInvitation.accepted", "organizationInvitation.created",
			"organizationInvitation.created", "organizationInvitation.revoked",
		})
		mail := f.eventData(id, "email.created")
		conformsEvent(t, "EmailEventPayload", mail)
		equal(t, "the link", strings.HasPrefix(str(mail, "data", "action_url"), baseURL+"/"), true)

		// One that was not mailed is told of all the same; one that is refused is not.
		f.call("POST", "/organizations/"+org+"/invitations", object{"email_address": "fay@globex.test", "role": "org:member", "notify": false})
		f.refusal("POST", "/organizations/"+org+"/invitations", object{"email_address": "fay@globex.test", "role": "org:member"}, 400)
		mails := slices.DeleteFunc(f.deliveries(id), func(kind string) bool { return kind != "email.created" })
		equal(t, "mails", len(mails), 2)
	})
}

// Threats T-SEC-01 and T-SEC-12: what a mail says is sealed at rest, left out of the
// delivery log, and goes with the person.
func TestEvents_KeepMailsSealed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := str(f.endpoint(nil), "id")
		f.mailCode("ada@acme.test")
		data := f.eventData(id, "email.created")
		code := str(data, "data", "otp_code")
		shown, err := json.Marshal(f.shown(id, "email.created"))
		if err != nil || strings.Contains(string(shown), code) || !strings.Contains(string(shown), "ada@acme.test") {
			t.Errorf("the delivery log: %s, %v", shown, err)
		}
		f.call("DELETE", "/users/"+str(data, "user_id"), nil)
		equal(t, "after the person", slices.Contains(f.deliveries(id), "email.created"), false)
	})
}

// An invitation to the application leaves its line too.
func TestInvitations_AcceptanceIsInTheAuditLog(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.call("POST", "/invitations", object{"email_address": "dora@globex.test"})
		done, code := f.signUp(f.ticketOf(made))
		equal(t, "signed up", code, "")
		line := items(f.call("GET", "/audit_log?action=invitation.accepted", nil))[0]
		equal(t, "the line", line["detail"], any(object{"user_id": string(done.Session.UserID)}))
		equal(t, "by", str(line, "actor", "kind")+" "+str(line, "actor", "id"), "user "+string(done.Session.UserID))
	})
}

// without is an object without some members.
func without(o object, names ...string) object {
	out := object{}
	for name, v := range o {
		if !slices.Contains(names, name) {
			out[name] = v
		}
	}
	return out
}
