package dashboard_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"usher/internal/fault"
	"usher/internal/manage"
)

func TestSetupLinks_AreMadeShownOnceAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		name := "Acme"
		o, err := s.tools.Manage.CreateOrganization(t.Context(), manage.OrganizationChange{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		path := "/dashboard/organizations/" + string(o.ID)
		s.says(s.get(path, http.StatusOK), "Setup link")
		s.says(s.get(path+"/setup-link", http.StatusOK), "Make a setup link", "One day")
		s.says(s.post(path+"/setup-link", url.Values{"life": {"86401"}}, http.StatusUnprocessableEntity), "It works for")
		s.says(s.post(path+"/setup-link", nil, http.StatusUnprocessableEntity), "It works for")
		made := s.post(path+"/setup-link", url.Values{"life": {"28800"}}, http.StatusOK)
		s.says(made, "Copy it now", "company sign-in for Acme")
		token := regexp.MustCompile(`/setup\?token=(aplt_[A-Za-z0-9_-]+)`).FindStringSubmatch(made)
		revoke := regexp.MustCompile(`/setup-link/(aplt_[0-9a-f]+)/revoke`).FindStringSubmatch(made)
		if token == nil || revoke == nil {
			t.Fatal("the page shows no link, or no way to revoke it")
		}
		v, err := s.tools.Manage.OpenSetupLink(t.Context(), token[1], "")
		if err != nil || v.Organization.ID != o.ID {
			t.Fatalf("the link: %+v, %v", v, err)
		}
		s.says(s.get(s.post(path+"/setup-link/"+revoke[1]+"/revoke", nil, http.StatusSeeOther), http.StatusOK), "has been revoked")
		if _, err := s.tools.Manage.SetupVisit(t.Context(), v.Browser); !fault.Is(err, fault.SetupLinkRevoked) {
			t.Errorf("after it was revoked: %v", err)
		}
		s.get("/dashboard/organizations/org_x/setup-link", http.StatusNotFound)
		s.post(path+"/setup-link/aplt_x/revoke", nil, http.StatusNotFound)
	})
}
