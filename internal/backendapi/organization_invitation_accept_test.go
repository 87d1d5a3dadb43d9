package backendapi_test

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
)

// invite invites an address as a member and returns the ticket of its link.
func (f *fixture) invite(org, address string) string {
	f.t.Helper()
	return f.ticketOf(f.call("POST", "/organizations/"+org+"/invitations", object{
		"email_address": address, "role": "org:member", "public_metadata": object{"desk": 4}, "private_metadata": object{"cost": 1},
	}))
}

func (f *fixture) ticketOf(invitation object) string {
	f.t.Helper()
	u, err := url.Parse(str(invitation, "url"))
	if err != nil {
		f.t.Fatal(err)
	}
	return u.Query().Get("ticket")
}

// sessionOf signs a user in, in a browser of its own, without SSO.
func (f *fixture) sessionOf(user string) identity.Session {
	f.t.Helper()
	client := f.browser()
	var s identity.Session
	err := f.tools.DB.Write(f.t.Context(), func(tx *store.Tx) (err error) {
		s, _, err = f.tools.Sessions.Create(tx, session.Start{Client: client, User: identity.UserID(user), Settings: identity.DefaultSettings(), Now: f.now})
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fixture) invitation(ticket string, s *identity.Session) (signin.InvitationState, string) {
	v, err := f.tools.SignIn.Invitation(f.t.Context(), ticket, s)
	return v.State, codeOf(err)
}

func (f *fixture) accept(ticket string, s identity.Session) string {
	_, err := f.tools.SignIn.AcceptInvitation(f.t.Context(), ticket, s)
	return codeOf(err)
}

func (f *fixture) signUp(ticket string) (signin.Done, string) {
	done, err := f.tools.SignIn.SignUpInvited(f.t.Context(), ticket, signin.SignUpForm{Client: f.browser(), FirstName: "Dora"})
	return done, codeOf(err)
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return string(fault.From(err).Code())
}

func TestInvitations_AreAcceptedByWhoIsSignedIn(t *testing.T) { // behaviours 1.139, 1.142
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Globex")
		dora, eve := str(f.user("dora@globex.test", nil), "id"), str(f.user("eve@globex.test", nil), "id")
		ticket := f.invite(org, "dora@globex.test")
		state, code := f.invitation(ticket, nil)
		equal(t, "signed out, with an account", string(state)+code, "sign_in")
		eves, doras := f.sessionOf(eve), f.sessionOf(dora)
		_, code = f.invitation(ticket, &eves)
		equal(t, "T-ORG-09 opened by another person", code, "resource_forbidden")
		equal(t, "T-ORG-09 accepted by another person", f.accept(ticket, eves), "resource_forbidden")
		for range 3 {
			state, code = f.invitation(ticket, &doras)
			equal(t, "T-ORG-09 looking consumes nothing", string(state)+code, "accept")
		}
		equal(t, "accepted", f.accept(ticket, doras), "")
		m := items(f.call("GET", "/organizations/"+org+"/memberships", nil))[0]
		equal(t, "role", str(m, "role"), "org:member")
		equal(t, "1.139 metadata moves to the membership", m["public_metadata"], any(object{"desk": 4.0}))
		equal(t, "and the private", m["private_metadata"], any(object{"cost": 1.0}))
		equal(t, "active organization", str(f.call("GET", "/sessions/"+string(doras.ID), nil), "last_active_organization_id"), org)
		equal(t, "again by the same person", f.accept(ticket, doras), "")
		_, code = f.invitation(ticket, nil)
		equal(t, "T-ORG-09 used", code, "organization_invitation_already_accepted")
		equal(t, "status", pick(f.call("GET", "/organizations/"+org+"/invitations", nil), "status"), []string{"accepted"})
	})
}

// A session that waits for an organization has one then.
func TestInvitations_EndTheWaitForAnOrganization(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.settings(func(s *identity.Settings) { s.ForceOrganizationSelection = true })
		f.call("POST", "/webhooks/endpoints", object{"url": "https://app.test/hook", "event_types": []string{"session.created", "session.pending"}})
		org, dora := f.organization("Globex"), str(f.user("dora@globex.test", nil), "id")
		ticket := f.invite(org, "dora@globex.test")
		var s identity.Session
		client := f.browser()
		err := f.tools.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
			in, err := tx.Instance()
			if err != nil {
				return err
			}
			s, _, err = f.tools.Sessions.Create(tx, session.Start{Client: client, User: identity.UserID(dora), Settings: in.Settings, Now: f.now})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "before", string(s.Status), "pending")
		equal(t, "accepted", f.accept(ticket, s), "")
		after := f.call("GET", "/sessions/"+string(s.ID), nil)
		equal(t, "after", str(after, "status"), "active")
		equal(t, "active organization", str(after, "last_active_organization_id"), org)
		token := str(f.call("POST", "/sessions/"+string(s.ID)+"/tokens", nil), "jwt")
		equal(t, "in its token", claimsOf(t, token)["sts"], any("active"))
	})
}

// Whoever has the reserved address has an account already, and signs in to prove it.
func TestInvitations_ToAReservedAddressLeadToItsAccount(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Globex")
		f.call("POST", "/users", object{"email_address": []string{"dora@globex.test"}, "email_address_identification_status": []string{"reserved"}})
		ticket := f.invite(org, "dora@globex.test")
		state, code := f.invitation(ticket, nil)
		equal(t, "signed out", string(state)+code, "sign_in")
		_, code = f.signUp(ticket)
		equal(t, "another account", code, "form_identifier_exists")
		f.refuses("POST", "/invitations", object{"email_address": "dora@globex.test"}, 422, "form_identifier_exists")
	})
}

func TestInvitations_MakeTheAccountOfWhoHasNone(t *testing.T) { // behaviour 1.142
	each(t, func(t *testing.T, f *fixture) {
		f.settings(func(s *identity.Settings) { s.SignUpMode = identity.SignUpRestricted })
		org := f.organization("Globex")
		ticket := f.invite(org, "dora@globex.test")
		state, code := f.invitation(ticket, nil)
		equal(t, "state", string(state)+code, "sign_up")
		done, code := f.signUp(ticket)
		equal(t, "signed up, also where sign-up is restricted", code, "")
		equal(t, "active organization", string(done.Session.LastActiveOrganizationID), org)
		u := f.call("GET", "/users/"+string(done.Session.UserID), nil)
		email := at(u, "email_addresses").([]any)[0]
		equal(t, "address", str(email, "email_address"), "dora@globex.test")
		equal(t, "verified by", str(email, "verification", "strategy"), "ticket")
		_, code = f.signUp(ticket)
		equal(t, "again", code, "organization_invitation_already_accepted")
		equal(t, "members", f.call("GET", "/organizations/"+org+"/memberships", nil)["total_count"], any(1.0))
	})
}

func TestInvitations_TicketsThatDoNotHold(t *testing.T) { // threats T-ORG-08, T-ORG-09
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Globex")
		other := f.organization("Initech")
		made := f.call("POST", "/organizations/"+org+"/invitations", object{"email_address": "dora@globex.test", "role": "org:member"})
		id := str(made, "id")
		good := f.ticketOf(made)
		sign := func(ring *secret.KeyRing, kind, id string, says ...string) string {
			text, err := ring.SignTicket(secret.Ticket{Kind: kind, ID: id, Says: says})
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		stranger, err := secret.ParseKeyRing(secret.NewKeyRing("k"))
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct{ ticket, code string }{
			"none":                         {"", "ticket_invalid_code"},
			"made up":                      {"eyJrIjoi.x", "ticket_invalid_code"},
			"altered":                      {"A" + good[1:], "ticket_invalid_code"},
			"cut off":                      {good[:len(good)-1], "ticket_invalid_code"},
			"signed by another deployment": {sign(stranger, "organization_invitation", id, org, "dora@globex.test"), "ticket_invalid_code"},
			"of another kind":              {sign(f.tools.Ring, "session", id, org, "dora@globex.test"), "ticket_invalid_code"},
			"for another organization":     {sign(f.tools.Ring, "organization_invitation", id, other, "dora@globex.test"), "ticket_invalid_code"},
			"for another address":          {sign(f.tools.Ring, "organization_invitation", id, org, "eve@globex.test"), "ticket_invalid_code"},
			"of a row that there isn't":    {sign(f.tools.Ring, "organization_invitation", "orginv_x", org, "dora@globex.test"), "organization_invitation_to_deleted_organization"},
		} {
			_, code := f.invitation(tt.ticket, nil)
			equal(t, name, code, tt.code)
			_, code = f.signUp(tt.ticket)
			equal(t, name+", to sign up", code, tt.code)
		}
		f.call("POST", "/organizations/"+org+"/invitations/"+id+"/revoke", nil)
		_, code := f.signUp(good)
		equal(t, "revoked", code, "organization_invitation_revoked_code")
		late := f.invite(org, "late@globex.test")
		f.now = f.now.Add(30 * 24 * time.Hour)
		_, code = f.signUp(late)
		equal(t, "expired", code, "ticket_expired_code")
		gone := f.invite(other, "gone@globex.test")
		f.call("DELETE", "/organizations/"+other, nil)
		_, code = f.signUp(gone)
		equal(t, "of an organization that is gone", code, "organization_invitation_to_deleted_organization")
	})
}

func TestInvitations_ToAnSSODomainLeadThroughSSO(t *testing.T) { // threat T-ORG-12, behaviours 1.31 and 1.86
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		f.call("PATCH", "/enterprise_connections/"+company.conn, object{"disable_jit_provisioning": true})
		ticket := f.ticketOf(f.call("POST", "/organizations/"+company.org+"/invitations", object{
			"email_address": "alice@acme.test", "role": "org:admin", "public_metadata": object{"desk": 4},
		}))
		globex := f.organization("Globex")
		elsewhere := f.invite(globex, "alice@acme.test")
		state, code := f.invitation(ticket, nil)
		equal(t, "signed out", string(state)+code, "sign_in")
		_, code = f.signUp(ticket)
		equal(t, "no account without SSO", code, "saml_email_address_domain_reserved")
		equal(t, "still pending", pick(f.call("GET", "/organizations/"+company.org+"/invitations", nil), "status"), []string{"pending"})

		through := company.signIn() // though JIT is off: 1.31
		m := items(f.call("GET", "/organizations/"+company.org+"/memberships", nil))[0]
		equal(t, "the invitation's role, not the default one", str(m, "role"), "org:admin")
		equal(t, "its metadata", m["public_metadata"], any(object{"desk": 4.0}))
		equal(t, "accepted with the admission", pick(f.call("GET", "/organizations/"+company.org+"/invitations", nil), "status"), []string{"accepted"})
		alice := str(m, "public_user_data", "user_id")
		plain := f.sessionOf(alice)
		equal(t, "by another way than SSO", f.accept(elsewhere, plain), "saml_email_address_domain_reserved")
		s, err := f.tools.Sessions.Session(t.Context(), identity.SessionID(through))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "to another organization, by who came through SSO", f.accept(elsewhere, s), "")
	})
}

func TestInvitations_LastSeatIsTakenOnce(t *testing.T) { // threat T-ORG-13
	each(t, func(t *testing.T, f *fixture) {
		org := str(f.call("POST", "/organizations", object{"name": "Small", "max_allowed_memberships": 2}), "id")
		tickets := []string{f.invite(org, "a@globex.test"), f.invite(org, "b@globex.test")}
		f.call("PATCH", "/organizations/"+org, object{"max_allowed_memberships": 1})
		got := make([]string, len(tickets))
		clients := []identity.ClientID{f.browser(), f.browser()}
		var wg sync.WaitGroup
		for i, ticket := range tickets {
			wg.Go(func() {
				_, err := f.tools.SignIn.SignUpInvited(t.Context(), ticket, signin.SignUpForm{Client: clients[i]})
				got[i] = codeOf(err)
			})
		}
		wg.Wait()
		if got[0] > got[1] {
			got[0], got[1] = got[1], got[0]
		}
		equal(t, "one gets in", got, []string{"", "organization_membership_quota_exceeded"})
	})
}
