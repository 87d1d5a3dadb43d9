package backendapi_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
)

var mailedCode = regexp.MustCompile(`^\d{6}`)

// comes signs somebody up and returns the session. The mails since are dropped.
func (f *fixture) comes(address string) identity.Session {
	f.t.Helper()
	s, code := f.beginsSignUp(address)
	done, err := f.tools.SignIn.VerifySignUp(f.t.Context(), signin.Browser{Client: s.ClientID, Source: "192.0.2.1"}, s.ID, code)
	if err != nil {
		f.t.Fatal(err)
	}
	return done.Session
}

func (f *fixture) beginsSignUp(address string) (identity.SignUp, string) {
	f.t.Helper()
	f.outbox()
	s, _, err := f.tools.SignIn.BeginSignUp(f.t.Context(), signin.SignUpForm{Client: f.browser(), Source: "192.0.2.1", Address: address})
	if err != nil {
		f.t.Fatal(err)
	}
	return s, mailedCode.FindString(f.lastMail().Subject)
}

// enrolls makes an organization that enrolls by a domain, and returns the paths of
// both.
func (f *fixture) enrolls(name, domain, mode string) (organization, path string) {
	f.t.Helper()
	f.domains()
	organization = "/organizations/" + f.organization(name)
	made := f.call("POST", organization+"/domains", object{"name": domain, "enrollment_mode": mode})
	return organization, organization + "/domains/" + str(made, "id")
}

// pendingAt are the two counts of a domain.
func (f *fixture) pendingAt(organization, domain string) [2]any {
	f.t.Helper()
	for _, d := range f.call("GET", organization+"/domains", nil)["data"].([]any) {
		if d := d.(object); strings.HasSuffix(domain, str(d, "id")) {
			return [2]any{d["total_pending_invitations"], d["total_pending_suggestions"]}
		}
	}
	f.t.Fatalf("%s is not listed", domain)
	return [2]any{}
}

func (f *fixture) ofUser(s identity.Session, what string) []any {
	f.t.Helper()
	return f.call("GET", "/users/"+string(s.UserID)+"/"+what, nil)["data"].([]any)
}

// both runs two things at the same time and returns the codes that they failed
// with, in order.
func both(one, two func() error) []string {
	var wg sync.WaitGroup
	codes := make([]string, 2)
	for i, f := range []func() error{one, two} {
		wg.Go(func() { codes[i] = codeOf(f()) })
	}
	wg.Wait()
	slices.Sort(codes)
	return codes
}

func TestB134And143_WhoSignsUpWithAnAddressAtTheDomainIsInvitedBesideTheList(t *testing.T) { // behaviours 1.134, 1.143
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "automatic_invitation")
		dora := f.comes("dora@acme.test")
		mails := f.outbox()
		if len(mails) != 1 || mails[0].To != "dora@acme.test" || !strings.Contains(mails[0].Text, "/v1/tickets/accept?ticket=") {
			t.Errorf("mails %+v, want the invitation", mails)
		}
		made := f.ofUser(dora, "organization_invitations")
		if len(made) != 1 || str(made[0].(object), "status") != "pending" || str(made[0].(object), "role") != "org:member" {
			t.Fatalf("invitations %v", made)
		}
		id := str(made[0].(object), "id")
		equal(t, "1.143 not in the organization's list", len(f.call("GET", org+"/invitations", nil)["data"].([]any)), 0)
		equal(t, "the domain counts it", f.pendingAt(org, domain), [2]any{1.0, 0.0})
		equal(t, "in the audit log", f.audited(id), []string{"organization_invitation.created"})

		eve := f.comes("eve@eu.acme.test") // T-ORG-07
		equal(t, "nobody at a subdomain", len(f.ofUser(eve, "organization_invitations")), 0)
		if _, err := f.tools.SignIn.AcceptOwnInvitation(t.Context(), identity.OrgInvitationID(id), eve); codeOf(err) != "organization_invitation_not_found" {
			t.Errorf("T-ORG-09 another person's: %v", err)
		}
		v, err := f.tools.SignIn.AcceptOwnInvitation(t.Context(), identity.OrgInvitationID(id), dora)
		if err != nil || v.State != signin.InvitationDone {
			t.Fatalf("accepting: %v, %v", v.State, err)
		}
		equal(t, "a member", len(f.ofUser(dora, "organization_memberships")), 1)
		equal(t, "the domain counts it no more", f.pendingAt(org, domain), [2]any{0.0, 0.0})
		if _, err := f.tools.SignIn.AcceptOwnInvitation(t.Context(), identity.OrgInvitationID(id), dora); err != nil {
			t.Errorf("accepting once more: %v", err)
		}
	})
}

func TestEnrollment_ReachesWhoWasThereBeforeAtTheNextVisit(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		dora := f.comes("dora@acme.test")
		org, domain := f.enrolls("Acme", "acme.test", "automatic_suggestion")
		equal(t, "nothing at once", f.pendingAt(org, domain), [2]any{0.0, 0.0})
		for range 2 {
			if err := f.tools.SignIn.Enroll(t.Context(), dora); err != nil {
				t.Fatal(err)
			}
		}
		made := f.ofUser(dora, "organization_suggestions")
		if len(made) != 1 || str(made[0].(object), "status") != "pending" || str(made[0].(object), "public_organization_data", "name") != "Acme" {
			t.Fatalf("suggestions %v", made)
		}
		equal(t, "the domain counts it", f.pendingAt(org, domain), [2]any{0.0, 1.0})
		equal(t, "without a mail", f.mails(), []string(nil))
		equal(t, "by state", len(f.call("GET", "/users/"+string(dora.UserID)+"/organization_suggestions?status=accepted", nil)["data"].([]any)), 0)
		f.refuses("GET", "/users/"+string(dora.UserID)+"/organization_suggestions?status=x", nil, 422, "form_param_value_invalid")

		acting := dora
		acting.Actor = identity.Metadata{"sub": "user_admin"}
		f.call("PATCH", domain, object{"delete_pending": true})
		if err := f.tools.SignIn.Enroll(t.Context(), acting); err != nil {
			t.Fatal(err)
		}
		equal(t, "who only acts as the person sees nothing made", f.pendingAt(org, domain), [2]any{0.0, 0.0})
	})
}

func TestEnrollment_ReachesAnAddressThatIsProvedLater(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "automatic_invitation")
		user := f.comes("dora@home.test")
		e := f.call("POST", "/email_addresses", object{"user_id": string(user.UserID), "email_address": "dora@acme.test", "verified": false})
		if err := f.tools.SignIn.Enroll(t.Context(), user); err != nil {
			t.Fatal(err)
		}
		equal(t, "T-ORG-07 not before it is proved", f.pendingAt(org, domain), [2]any{0.0, 0.0})
		f.outbox()
		v, err := f.tools.SignIn.PrepareVerification(t.Context(), identity.EmailID(str(e, "id")))
		if err != nil {
			t.Fatal(err)
		}
		code := mailedCode.FindString(f.lastMail().Subject)
		if _, err := f.tools.SignIn.AttemptVerification(t.Context(), identity.EmailID(str(e, "id")), v.ID, code); err != nil {
			t.Fatal(err)
		}
		equal(t, "at once with the proof", f.pendingAt(org, domain), [2]any{1.0, 0.0})
	})
}

func TestEnrollment_OfferedOnceAndNotToWhoHasLeft(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "automatic_invitation")
		again := func(s identity.Session, what string) {
			t.Helper()
			if err := f.tools.SignIn.Enroll(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			equal(t, what, f.pendingAt(org, domain), [2]any{0.0, 0.0})
		}
		dora := f.comes("dora@acme.test")
		id := str(f.ofUser(dora, "organization_invitations")[0].(object), "id")
		f.call("POST", org+"/invitations/"+id+"/revoke", object{})
		again(dora, "not after it was revoked")
		f.call("PATCH", domain, object{"enrollment_mode": "automatic_suggestion"})
		again(dora, "nor in another mode")

		f.call("PATCH", domain, object{"enrollment_mode": "manual_invitation"})
		carol := f.comes("carol@acme.test")
		f.call("POST", org+"/memberships", object{"user_id": string(carol.UserID), "role": "org:member"})
		f.call("PATCH", domain, object{"enrollment_mode": "automatic_suggestion"})
		again(carol, "not a member")
		f.call("DELETE", org+"/memberships/"+string(carol.UserID), nil)
		again(carol, "not who was removed")

		f.call("PATCH", domain, object{"enrollment_mode": "manual_invitation"})
		eve := f.comes("eve@acme.test")
		f.call("PATCH", domain, object{"enrollment_mode": "automatic_invitation"})
		f.call("POST", "/users/"+string(eve.UserID)+"/ban", object{})
		again(eve, "not who is banned")
		f.call("POST", "/users/"+string(eve.UserID)+"/unban", object{})
		f.settings(func(s *identity.Settings) { s.OrganizationDomainInvitations = false })
		again(eve, "1.133 not in a mode that was switched off")
		f.settings(func(s *identity.Settings) { s.OrganizationDomainInvitations = true })
		f.call("PATCH", org, object{"max_allowed_memberships": 1})
		f.call("POST", org+"/memberships", object{"user_id": string(carol.UserID), "role": "org:member"})
		again(eve, "1.136 not where the last seat is gone since")
	})
}

func TestEnrollment_NotWhereSSOServesTheAddress(t *testing.T) { // threat T-ORG-06
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Globex", "acme.test", "automatic_invitation")
		f.call("PATCH", domain, object{"enrollment_mode": "manual_invitation"})
		dora := f.comes("dora@acme.test")
		f.company() // an active connection of another organization
		f.call("PATCH", domain, object{"enrollment_mode": "automatic_invitation"})
		if err := f.tools.SignIn.Enroll(t.Context(), dora); err != nil {
			t.Fatal(err)
		}
		equal(t, "nothing is offered", f.pendingAt(org, domain), [2]any{0.0, 0.0})
	})
}

func TestB134_ASuggestionLeadsToARequestThatAnAdministratorDecides(t *testing.T) { // behaviour 1.134
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "automatic_suggestion")
		admin := f.user("boss@home.test", nil)
		f.call("POST", org+"/memberships", object{"user_id": str(admin, "id"), "role": "org:admin"})
		ask := func(address string) (identity.Session, string) {
			s := f.comes(address)
			id := str(f.ofUser(s, "organization_suggestions")[0].(object), "id")
			v, err := f.tools.Manage.AcceptSuggestion(t.Context(), s.UserID, id)
			if err != nil || v.Status != identity.SuggestionAccepted {
				t.Fatalf("%s: %+v, %v", address, v, err)
			}
			_, err = f.tools.Manage.AcceptSuggestion(t.Context(), s.UserID, id)
			equal(t, "twice", codeOf(err), "organization_suggestion_already_accepted")
			_, err = f.tools.Manage.AcceptSuggestion(t.Context(), identity.UserID(str(admin, "id")), id)
			equal(t, "another person's", codeOf(err), "resource_not_found")
			equal(t, "in the audit log", f.audited(id), []string{"organization_suggestion.accepted"})
			list := f.call("GET", org+"/membership_requests?status=pending", nil)["data"].([]any)
			if len(list) != 1 || str(list[0].(object), "public_user_data", "identifier") != address {
				t.Fatalf("requests %v", list)
			}
			return s, str(list[0].(object), "id")
		}
		dora, request := ask("dora@acme.test")
		equal(t, "nobody waits for the person any more", f.pendingAt(org, domain), [2]any{0.0, 0.0})
		equal(t, "no member yet", len(f.ofUser(dora, "organization_memberships")), 0)
		path := org + "/membership_requests/" + request
		other := "/organizations/" + f.organization("Globex")
		f.refuses("POST", other+"/membership_requests/"+request+"/accept", object{}, 404, "resource_not_found") // T-ORG-16
		for _, actor := range []identity.UserID{dora.UserID, "user_nobody"} {
			_, err := f.tools.Manage.AcceptRequest(t.Context(), manage.RequestRef{Organization: strings.TrimPrefix(org, "/organizations/"), Request: request, Actor: actor})
			equal(t, "T-ORG-16 a stranger", codeOf(err), "organization_not_found_or_unauthorized")
		}
		accepted := f.call("POST", path+"/accept", object{})
		equal(t, "accepted", str(accepted, "status"), "accepted")
		member := f.ofUser(dora, "organization_memberships")
		equal(t, "a member with the default role", []any{len(member), str(member[0].(object), "role")}, []any{1, "org:member"})
		equal(t, "in the audit log", f.audited(request), []string{"organization_membership_request.accepted"})
		f.refuses("POST", path+"/accept", object{}, 404, "organization_membership_request_not_pending")
		f.refuses("POST", path+"/reject", object{}, 404, "organization_membership_request_not_pending")
		_, _, err := f.tools.Manage.MembershipRequests(t.Context(), manage.RequestRef{Organization: strings.TrimPrefix(org, "/organizations/"), Actor: dora.UserID}, nil, manage.Page{})
		equal(t, "a member without the permission", codeOf(err), "missing_organization_permission")

		eve, request := ask("eve@acme.test")
		ref := manage.RequestRef{Organization: strings.TrimPrefix(org, "/organizations/"), Request: request, Actor: identity.UserID(str(admin, "id"))}
		v, err := f.tools.Manage.RejectRequest(t.Context(), ref)
		if err != nil || v.Status != identity.RequestRejected {
			t.Fatalf("%+v, %v", v, err)
		}
		equal(t, "in the audit log", f.audited(request), []string{"organization_membership_request.rejected"})
		if err := f.tools.SignIn.Enroll(t.Context(), eve); err != nil {
			t.Fatal(err)
		}
		equal(t, "no member, and no other offer", []int{len(f.ofUser(eve, "organization_memberships")), len(f.ofUser(eve, "organization_suggestions"))}, []int{0, 1})
		f.refuses("GET", org+"/membership_requests?status=x", nil, 422, "form_param_value_invalid")
		f.refuses("POST", org+"/membership_requests/orgmemreq_x/accept", object{}, 404, "resource_not_found")
	})
}

func TestB135_WhatWaitsGoesWithItsGround(t *testing.T) { // behaviour 1.135
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "automatic_invitation")
		dora := f.comes("dora@acme.test")
		id := str(f.ofUser(dora, "organization_invitations")[0].(object), "id")
		f.call("PATCH", domain, object{"enrollment_mode": "automatic_suggestion"})
		equal(t, "another mode leaves it", f.pendingAt(org, domain), [2]any{1.0, 0.0})
		f.call("PATCH", domain, object{"enrollment_mode": "automatic_suggestion", "delete_pending": true})
		equal(t, "delete_pending does not", f.pendingAt(org, domain), [2]any{0.0, 0.0})
		_, err := f.tools.SignIn.AcceptOwnInvitation(t.Context(), identity.OrgInvitationID(id), dora)
		equal(t, "it can't be accepted", codeOf(err), "organization_invitation_revoked_code")

		visit := func() string {
			t.Helper()
			if err := f.tools.SignIn.Enroll(t.Context(), dora); err != nil {
				t.Fatal(err)
			}
			equal(t, "what was taken back may be offered again", f.pendingAt(org, domain), [2]any{0.0, 1.0})
			return str(f.ofUser(dora, "organization_suggestions")[0].(object), "id")
		}
		visit()
		f.call("PATCH", domain, object{"verified": false})
		equal(t, "a domain that is no longer verified has offered nothing", f.pendingAt(org, domain), [2]any{0.0, 0.0})
		f.call("PATCH", domain, object{"verified": true})
		suggestion := visit()
		f.call("DELETE", domain, nil)
		_, err = f.tools.Manage.AcceptSuggestion(t.Context(), dora.UserID, suggestion)
		equal(t, "nor one that is gone", codeOf(err), "resource_not_found")
		actions := f.audited(strings.TrimPrefix(domain, org+"/domains/"))
		for _, want := range []string{"organization_domain.enrollment_mode.updated", "organization_domain.offers_deleted"} {
			if !slices.Contains(actions, want) {
				t.Errorf("the audit log has no line %s: %v", want, actions)
			}
		}

		domain = org + "/domains/" + str(f.call("POST", org+"/domains", object{"name": "acme.test", "enrollment_mode": "automatic_suggestion"}), "id")
		suggestion = visit()
		if _, err := f.tools.Manage.AcceptSuggestion(t.Context(), dora.UserID, suggestion); err != nil {
			t.Fatal(err)
		}
		f.call("DELETE", domain, nil)
		equal(t, "who has asked still waits for an answer", len(f.call("GET", org+"/membership_requests?status=pending", nil)["data"].([]any)), 1)
		f.call("DELETE", "/users/"+string(dora.UserID), nil)
		equal(t, "a request goes with its person", len(f.call("GET", org+"/membership_requests", nil)["data"].([]any)), 0)
	})
}

func TestEnrollment_Races(t *testing.T) { // threat T-ORG-13
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "automatic_suggestion")
		ctx, flow, service := t.Context(), f.tools.SignIn, f.tools.Manage
		one, oneCode := f.beginsSignUp("dora@acme.test")
		two, twoCode := f.beginsSignUp("carol@acme.test")
		sessions := make([]identity.Session, 2)
		come := func(i int, s identity.SignUp, code string) func() error {
			return func() error {
				done, err := flow.VerifySignUp(ctx, signin.Browser{Client: s.ClientID, Source: "192.0.2.1"}, s.ID, code)
				sessions[i] = done.Session
				return err
			}
		}
		equal(t, "two sign up at once", both(come(0, one, oneCode), come(1, two, twoCode)), []string{"", ""})
		equal(t, "each gets one", f.pendingAt(org, domain), [2]any{0.0, 2.0})

		f.call("PATCH", domain, object{"delete_pending": true})
		visit := func() error { return flow.Enroll(ctx, sessions[0]) }
		equal(t, "a person in two windows", both(visit, visit), []string{"", ""})
		equal(t, "gets one", f.pendingAt(org, domain), [2]any{0.0, 1.0})
		if err := flow.Enroll(ctx, sessions[1]); err != nil {
			t.Fatal(err)
		}

		requests := make([]string, 2)
		for i, s := range sessions {
			id := str(f.ofUser(s, "organization_suggestions")[0].(object), "id")
			accept := func() error { _, err := service.AcceptSuggestion(ctx, s.UserID, id); return err }
			equal(t, "accepted twice at once", both(accept, accept), []string{"", "organization_suggestion_already_accepted"})
			list := f.call("GET", org+"/membership_requests", nil)["data"].([]any)
			equal(t, "one request", len(list), i+1)
			requests[i] = str(list[0].(object), "id")
		}
		decide := func(request string, f func(manage.RequestRef) error) func() error {
			return func() error {
				return f(manage.RequestRef{Organization: strings.TrimPrefix(org, "/organizations/"), Request: request})
			}
		}
		accept := func(r manage.RequestRef) error { _, err := service.AcceptRequest(ctx, r); return err }
		reject := func(r manage.RequestRef) error { _, err := service.RejectRequest(ctx, r); return err }
		f.call("PATCH", org, object{"max_allowed_memberships": 1})
		equal(t, "two for the last seat", both(decide(requests[0], accept), decide(requests[1], accept)),
			[]string{"", string(fault.OrganizationMembershipQuotaExceeded)})
		f.call("PATCH", org, object{"max_allowed_memberships": 5})
		left := requests[0]
		if str(f.call("GET", org+"/membership_requests?status=pending", nil)["data"].([]any)[0].(object), "id") == requests[1] {
			left = requests[1]
		}
		equal(t, "two administrators at once", both(decide(left, accept), decide(left, accept)),
			[]string{"", "organization_membership_request_not_pending"})
		equal(t, "members", len(f.call("GET", org+"/memberships", nil)["data"].([]any)), 2)

		s := f.comes("eve@acme.test")
		if _, err := service.AcceptSuggestion(ctx, s.UserID, str(f.ofUser(s, "organization_suggestions")[0].(object), "id")); err != nil {
			t.Fatal(err)
		}
		id := str(f.call("GET", org+"/membership_requests?status=pending", nil)["data"].([]any)[0].(object), "id")
		equal(t, "one accepts, another rejects", both(decide(id, accept), decide(id, reject)), []string{"", "organization_membership_request_not_pending"})

		f.call("PATCH", org, object{"max_allowed_memberships": 0})
		f.call("PATCH", domain, object{"enrollment_mode": "automatic_invitation"})
		s = f.comes("mallory@acme.test")
		invitation := identity.OrgInvitationID(str(f.ofUser(s, "organization_invitations")[0].(object), "id"))
		join := func() error { _, err := flow.AcceptOwnInvitation(ctx, invitation, s); return err }
		equal(t, "an invitation accepted twice at once", both(join, join), []string{"", ""})
		equal(t, "one membership", len(f.ofUser(s, "organization_memberships")), 1)
	})
}

func TestB136_NobodyIsEnrolledWhereMembersAreLimited(t *testing.T) { // behaviour 1.136
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "manual_invitation")
		f.call("PATCH", org, object{"max_allowed_memberships": 5})
		for _, mode := range []string{"automatic_invitation", "automatic_suggestion"} {
			f.refuses("PATCH", domain, object{"enrollment_mode": mode}, 403, "organization_unlimited_membership_required")
			f.refuses("POST", org+"/domains", object{"name": "acme.example", "enrollment_mode": mode}, 403, "organization_unlimited_membership_required")
		}
	})
}

func TestEnrollment_AnInvitationThatNobodyAcceptsExpires(t *testing.T) { // behaviour 1.139
	each(t, func(t *testing.T, f *fixture) {
		org, domain := f.enrolls("Acme", "acme.test", "automatic_invitation")
		dora := f.comes("dora@acme.test")
		f.now = f.now.Add(30*24*time.Hour - time.Hour)
		equal(t, "before", f.pendingAt(org, domain), [2]any{1.0, 0.0})
		f.now = f.now.Add(time.Hour)
		equal(t, "after", f.pendingAt(org, domain), [2]any{0.0, 0.0})
		if err := f.tools.SignIn.Enroll(t.Context(), dora); err != nil {
			t.Fatal(err)
		}
		equal(t, "once", len(f.ofUser(dora, "organization_invitations")), 1)
	})
}
