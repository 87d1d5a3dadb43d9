package account_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

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
