package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
)

// organization makes one by the form and returns its path.
func (s *site) organization(name string) string {
	s.Helper()
	to, _, _ := strings.Cut(s.post("/dashboard/organizations", url.Values{"name": {name}}, http.StatusSeeOther), "?")
	return to
}

// person makes a user who has proved an address.
func (s *site) person(email string) identity.UserID {
	s.Helper()
	u, err := s.tools.Manage.CreateUser(s.Context(), manage.UserChange{EmailAddresses: []string{email}})
	if err != nil {
		s.Fatal(err)
	}
	return u.ID
}

// done opens where a form led, and expects what it says.
func (s *site) done(to string, wanted ...string) {
	s.Helper()
	s.says(s.get(to, http.StatusOK), wanted...)
}

func TestOrganizations_AreCreatedListedAndShown(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		to := s.post("/dashboard/organizations", url.Values{"name": {"Acme"}, "slug": {"acme"}}, http.StatusSeeOther)
		s.done(to, "The organization has been created.", "acme", "No limit", "No single sign-on yet")
		s.done("/dashboard/organizations?q=ACM", "Acme")
		s.says(s.post("/dashboard/organizations", url.Values{"name": {"Other"}, "slug": {"acme"}}, http.StatusUnprocessableEntity), "taken")
		s.get("/dashboard/organizations/org_000000000000000000000000000", http.StatusNotFound)
	})
}

func TestOrganizations_AreChanged(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		path := s.organization("Acme")
		form := url.Values{"name": {"Acme Corp"}, "slug": {"acme"}, "max_allowed_memberships": {"20"}, "role_set_key": {"role_set:default"}, "self_serve_sso_enabled": {"true"}}
		s.done(s.post(path+"/settings", form, http.StatusSeeOther), "saved", "Acme Corp")
		o, err := s.tools.Manage.Organization(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		if o.Name != "Acme Corp" || o.MaxAllowedMemberships != 20 || !o.SelfServeSSOEnabled || o.AdminDeleteEnabled {
			t.Errorf("got %+v", o)
		}
		form.Set("max_allowed_memberships", "many")
		form.Set("name", "Kept")
		if body := s.post(path+"/settings", form, http.StatusUnprocessableEntity); !strings.Contains(body, `value="Kept"`) {
			t.Error("what was entered is lost")
		}
	})
}

func TestOrganizations_AreDeletedOnceTheNameIsTyped(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		path := s.organization("Acme")
		s.person("bob@solo.test")
		s.done(s.post(path+"/members", url.Values{"email_address": {"bob@solo.test"}, "role": {"org:member"}}, http.StatusSeeOther), "is a member now")
		s.done(path+"/delete", "Delete Acme?", "1 person will lose their membership", "1 person will be left without any organization")
		s.says(s.post(path+"/delete", url.Values{"confirmation": {"acme"}}, http.StatusUnprocessableEntity), "That is not the name")
		s.done(s.post(path+"/delete", url.Values{"confirmation": {"Acme"}}, http.StatusSeeOther), "has been deleted")
		s.get(path, http.StatusNotFound)
	})
}

func TestMembers_AreAddedChangedRemovedAndBroughtBack(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		path := s.organization("Acme") + "/members"
		bob := path + "/" + string(s.person("bob@solo.test"))
		s.done(s.post(path, url.Values{"email_address": {"Bob@Solo.test"}, "role": {"org:member"}}, http.StatusSeeOther), "is a member now", "Invitation or by hand")
		s.says(s.post(path, url.Values{"email_address": {"zoe@solo.test"}, "role": {"org:member"}}, http.StatusUnprocessableEntity), "Nobody has proved this address")
		s.done(s.post(bob, url.Values{"role": {"org:admin"}}, http.StatusSeeOther), "The role has been changed")
		s.says(s.post(bob, url.Values{"role": {"org:member"}}, http.StatusBadRequest), "manage")
		s.says(s.post(bob+"/remove", nil, http.StatusBadRequest), "manage")
		s.person("ada@solo.test")
		s.post(path, url.Values{"email_address": {"ada@solo.test"}, "role": {"org:admin"}}, http.StatusSeeOther)
		s.done(bob+"/remove", "Remove bob@solo.test?", "loses access")
		list := s.post(bob+"/remove", nil, http.StatusSeeOther)
		s.done(list, "bob@solo.test is no longer a member.", "Undo")
		s.get(bob, http.StatusNotFound)
		s.done(s.post(path, url.Values{"email_address": {"bob@solo.test"}, "role": {"org:admin"}}, http.StatusSeeOther), "is a member now")
	})
}

func TestInvitations_AreSentAgainAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		path := s.organization("Acme") + "/invitations"
		s.done(path, "No invitations yet")
		s.says(s.post(path, url.Values{"email_addresses": {"zoe@solo.test\nmax"}, "role": {"org:member"}}, http.StatusUnprocessableEntity), "Enter an email address like", "max")
		s.done(s.post(path, url.Values{"email_addresses": {"zoe@solo.test\nmax@solo.test"}, "role": {"org:member"}}, http.StatusSeeOther), "on their way", "zoe@solo.test", "max@solo.test", "Pending")
		found, _, err := s.tools.Manage.OrganizationInvitations(t.Context(), strings.Split(path, "/")[3], manage.InvitationFilter{Query: "zoe"}, manage.Page{})
		if err != nil {
			t.Fatal(err)
		}
		zoe := path + "/" + string(found[0].ID)
		s.clock.Advance(time.Minute)
		s.done(s.post(zoe+"/resend", nil, http.StatusSeeOther), "sent again")
		s.done(s.post(zoe+"/revoke", nil, http.StatusSeeOther), "has been revoked", "Revoked")
		s.post(zoe+"/resend", nil, http.StatusNotFound)
		other := s.organization("Other") + "/invitations/" + string(found[0].ID)
		s.post(other+"/revoke", nil, http.StatusNotFound)
	})
}

func TestDomains_AreAddedProvedAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		path := s.organization("Acme") + "/domains"
		s.done(path, "No domain yet")
		s.says(s.post(path, url.Values{"name": {"not a domain"}, "enrollment_mode": {"enterprise_sso"}}, http.StatusUnprocessableEntity), "Enter a domain like acme.com.")
		one, _, _ := strings.Cut(s.post(path, url.Values{"name": {"Acme.test"}, "enrollment_mode": {"enterprise_sso"}}, http.StatusSeeOther), "?")
		s.done(one, "acme.test", "Not proved")
		s.done(s.post(one+"/prepare", nil, http.StatusSeeOther), "_usher-challenge.acme.test", "Waits for the record")
		s.done(s.post(one+"/verify", nil, http.StatusSeeOther), "Proved", "An operator’s word")
		s.done("/dashboard/domains?q=acme", "acme.test", "Ownership proved")
		s.done(one+"/delete", "Remove acme.test?")
		s.done(s.post(one+"/delete", nil, http.StatusSeeOther), "has been removed")
		s.get(one, http.StatusNotFound)
	})
}
