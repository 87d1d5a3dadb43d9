package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestDashboard_IsForOperatorsOnly(t *testing.T) { // threat T-ID-17
	s := onSQLite(t)
	paths := []string{"/dashboard", "/dashboard/organizations", "/dashboard/organizations/new", "/dashboard/users", "/dashboard/nothing"}
	s.cookies = map[string]string{}
	for _, path := range paths {
		if to := s.get(path, http.StatusSeeOther); to != "/sign-in?return_url="+url.QueryEscape(path) {
			t.Errorf("%s leads who is signed out to %s", path, to)
		}
	}
	s.signInAs("eve@acme.test")
	for _, path := range paths {
		if body := s.get(path, http.StatusForbidden); !strings.Contains(body, "operator_required") {
			t.Errorf("%s: %s", path, text(body))
		}
	}
}

func TestDashboard_TakesOnlyItsOwnForms(t *testing.T) { // threat T-SES-07
	s := onSQLite(t)
	s.send("/dashboard/organizations", url.Values{"name": {"Acme"}}, http.StatusForbidden)
	s.send("/dashboard/organizations", url.Values{"name": {"Acme"}, "csrf_token": {"made up"}}, http.StatusForbidden)
	s.says(s.get("/dashboard/organizations?q=acme", http.StatusOK), "Nothing found")
}
