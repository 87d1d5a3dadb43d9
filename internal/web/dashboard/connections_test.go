package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/manage"
)

// connection makes one that is ready, switched off.
func (s *site) connection(org string, domains ...string) identity.Connection {
	s.Helper()
	name, id, client, secret := "Acme Okta", strings.TrimPrefix(org, "/dashboard/organizations/"), "client", "secret"
	issuer, endpoint := "https://idp.example.com", "https://idp.example.com/endpoint"
	ch := manage.ConnectionChange{Name: &name, Domains: domains, OIDC: &manage.OIDCChange{
		ClientID: &client, ClientSecret: &secret, Issuer: &issuer, AuthURL: &endpoint, TokenURL: &endpoint, JWKSURL: &endpoint, UserInfoURL: &endpoint,
	}}
	if id != "" {
		ch.OrganizationID = &id
	}
	c, err := s.tools.Manage.CreateConnection(s.Context(), identity.OIDCCustom, ch)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func TestConnections_AreListedAndShown(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.done("/dashboard/connections", "No connection yet")
		c := s.connection(s.organization("Acme"), "acme.test")
		s.done("/dashboard/connections?q=okta", "Acme Okta", "Acme", "acme.test", "Inactive")
		s.done("/dashboard/connections/"+string(c.ID), "Redirect URI", base+"/v1/oauth_callback", "Switch on", "acme.test")
		s.get("/dashboard/connections/entconn_000000000000000000000000000", http.StatusNotFound)
		s.get("/dashboard/connections/nothing", http.StatusNotFound)
	})
}

func TestConnections_AreSwitchedOnceItIsSeenWhatThatMeans(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		c := s.connection(s.organization("Acme"), "acme.test")
		one := "/dashboard/connections/" + string(c.ID)
		s.person("alice@acme.test")
		s.says(s.post(one+"/switch", url.Values{"on": {"true"}}, http.StatusOK), "Switch Acme Okta on?", "1 person with an address at acme.test must sign in through this connection")
		if c, err := s.tools.Manage.Connection(t.Context(), c.ID); err != nil || c.Active {
			t.Fatalf("switched on before it was confirmed: %v", err)
		}
		s.done(s.post(one+"/switch", url.Values{"on": {"true"}, "confirmed": {"true"}}, http.StatusSeeOther), "The connection is active")
		s.says(s.post(one+"/switch", nil, http.StatusOK), "Switch Acme Okta off?", "can no longer sign in through this connection")
		s.done(s.post(one+"/switch", url.Values{"confirmed": {"true"}}, http.StatusSeeOther), "is switched off")
	})
}

func TestConnections_AreChangedAndMovedOnceItIsSeenWhatThatMeans(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		c := s.connection(s.organization("Acme"), "acme.test")
		other := s.organization("Globex")
		one := "/dashboard/connections/" + string(c.ID)
		s.post(one+"/switch", url.Values{"on": {"true"}, "confirmed": {"true"}}, http.StatusSeeOther)
		s.person("alice@acme.example")
		form := url.Values{"name": {"Acme"}, "domains": {"acme.test\nacme.example"}, "organization": {strings.TrimPrefix(other, "/dashboard/organizations/")}}
		asked := s.post(one+"/settings", form, http.StatusOK)
		s.says(asked, "Save these changes?", "1 person with an address at acme.example must sign in through this connection")
		if !strings.Contains(asked, `name="domains" value="acme.test`) {
			t.Error("the change does not go along with the confirmation")
		}
		form.Set("confirmed", "true")
		s.done(s.post(one+"/settings", form, http.StatusSeeOther), "has been changed", "Globex")
		form.Set("organization", "no-such")
		form.Set("name", "Kept")
		if body := s.post(one+"/settings", form, http.StatusUnprocessableEntity); !strings.Contains(body, `value="Kept"`) || !strings.Contains(body, "No organization has this ID or slug.") {
			t.Error("what was entered is lost, or the problem is not told")
		}
	})
}

func TestConnections_AreDeletedOnceTheNameIsTyped(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		one := "/dashboard/connections/" + string(s.connection("", "acme.test").ID)
		s.done(one+"/delete", "Delete Acme Okta?", "Nobody notices anything")
		s.says(s.post(one+"/delete", url.Values{"confirmation": {"acme"}}, http.StatusUnprocessableEntity), "That is not the name")
		s.done(s.post(one+"/delete", url.Values{"confirmation": {"Acme Okta"}}, http.StatusSeeOther), "has been deleted")
		s.get(one, http.StatusNotFound)
	})
}
