package account_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/account"
)

// invite makes Globex, invites an address and returns the page that its link
// leads to.
func (s *site) invite(address string) string {
	s.Helper()
	name := "Globex"
	o, err := s.tools.Manage.CreateOrganization(s.Context(), manage.OrganizationChange{Name: &name})
	if err != nil {
		s.Fatal(err)
	}
	made, err := s.tools.Manage.InviteToOrganization(s.Context(), string(o.ID), []manage.Invite{{EmailAddress: address, Role: "org:member"}})
	if err != nil {
		s.Fatal(err)
	}
	u, err := url.Parse(made[0].URL)
	if err != nil {
		s.Fatal(err)
	}
	return "/accept-invitation?" + url.Values{"__clerk_ticket": {u.Query().Get("ticket")}}.Encode()
}

func ticketIn(page string) string {
	u, _ := url.Parse(page)
	return u.Query().Get("__clerk_ticket")
}

// Threat T-SES-17: what somebody does who acts as another is not the other's deed.
func TestLeave_ByAnImpersonatorIsSaidInTheAuditLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.invite("dora@globex.test")
	dora := s.visitor()
	dora.get(page)
	dora.led("/accept-invitation", url.Values{"ticket": {ticketIn(page)}})
	o, m, err := s.onlyMember("dora@globex.test")
	if err != nil {
		t.Fatal(err)
	}
	actor := identity.Metadata{"sub": "user_support"}
	ticket, err := s.tools.Manage.CreateActorToken(t.Context(), manage.TicketChange{UserID: string(m), Actor: actor})
	if err != nil {
		t.Fatal(err)
	}
	support := s.visitor()
	support.get("/sign-in?__clerk_ticket=" + ticket.Token)
	support.led("/sign-in/ticket", url.Values{account.FieldTicket: {ticket.Token}})
	support.get("/organization/" + string(o) + "/leave")
	if to := support.led("/organization/"+string(o)+"/leave", url.Values{}); to != "/user" {
		t.Fatalf("led to %s", to)
	}
	lines, _, err := s.tools.Manage.AuditLog(t.Context(), manage.AuditFilter{Action: "organization_membership.deleted"}, manage.Page{})
	if err != nil || len(lines) != 1 {
		t.Fatalf("audit log: %+v, %v", lines, err)
	}
	used, _, err := s.tools.Manage.AuditLog(t.Context(), manage.AuditFilter{Action: "actor_token.accepted", Subject: ticket.ID}, manage.Page{})
	if err != nil || len(used) != 1 {
		t.Fatalf("audit log: %+v, %v", used, err)
	}
	if a := lines[0].Actor; a.Kind != identity.ActorImpersonator || a.ID != used[0].Detail["session_id"] {
		t.Errorf("who left: %+v, want the one of the session %s", a, used[0].Detail["session_id"])
	}
}

// onlyMember finds a person's organization and the person.
func (s *site) onlyMember(address identity.Email) (identity.OrgID, identity.UserID, error) {
	users, _, err := s.tools.Manage.Users(s.Context(), manage.UserFilter{Emails: []identity.Email{address}}, manage.Page{})
	if err != nil || len(users) != 1 {
		return "", "", err
	}
	list, _, err := s.tools.Manage.MembershipsOf(s.Context(), string(users[0].ID), manage.Page{})
	if err != nil || len(list) != 1 {
		return "", "", err
	}
	return list[0].OrganizationID, users[0].ID, nil
}

func TestAcceptInvitation_MakesAnAccountAndJoins(t *testing.T) { // behaviour 1.142
	t.Parallel()
	s := newSite(t)
	page := s.invite("dora@globex.test")
	v := s.visitor()
	for range 2 { // threat T-ORG-09
		shows(t, "the invitation", v.get(page), http.StatusOK, "/accept-invitation", "Join <bdi>Globex</bdi>")
	}
	shows(t, "a name that cannot be", v.post("/accept-invitation", url.Values{"ticket": {ticketIn(page)}, account.FieldFirstName: {"a\nb"}}),
		http.StatusUnprocessableEntity, "/accept-invitation", `value="a`)
	if to := v.led("/accept-invitation", url.Values{"ticket": {ticketIn(page)}, account.FieldFirstName: {"Dora"}}); to != "/user" {
		t.Errorf("led to %s", to)
	}
	if body := v.get("/user").Body.String(); !strings.Contains(body, "Globex") || !strings.Contains(body, "Dora") {
		t.Errorf("the account page shows no membership:\n%s", body)
	}
	if rec := v.get(page); rec.Header().Get("Location") != "/user" {
		t.Errorf("once more by the same person: got %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	if rec := s.visitor().get(page); rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "accepted already") {
		t.Errorf("by anybody else: got %d: %s", rec.Code, rec.Body)
	}
}

func TestAcceptInvitation_SendsWhoHasAnAccountToSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if _, err := s.tools.Manage.CreateUser(t.Context(), manage.UserChange{EmailAddresses: []string{"dora@globex.test"}}); err != nil {
		t.Fatal(err)
	}
	page := s.invite("dora@globex.test")
	body := s.visitor().get(page).Body.String()
	if !strings.Contains(body, "Sign in to join") || !strings.Contains(body, "return_url=%2Faccept-invitation") {
		t.Errorf("no way to sign in:\n%s", body)
	}
}

func TestAcceptInvitation_RefusesOnAPage(t *testing.T) { // threat T-ORG-08
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/accept-invitation", "/accept-invitation?__clerk_ticket=x.y"} {
		if rec := s.visitor().get(path); rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "This link is not valid") {
			t.Errorf("%s: got %d: %s", path, rec.Code, rec.Body)
		}
	}
}
