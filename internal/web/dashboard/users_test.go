package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestUsers_AreCreatedFoundAndChanged(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		to := s.post("/dashboard/users", url.Values{"email_address": {"Bob@Solo.test"}, "first_name": {"Bob"}}, http.StatusSeeOther)
		s.done(to, "The user has been created.", "bob@solo.test", "Proved", "No organization", "Not signed in")
		one, _, _ := strings.Cut(to, "?")
		s.says(s.post("/dashboard/users", url.Values{"email_address": {"bob"}, "first_name": {"Zoe"}}, http.StatusUnprocessableEntity), "Enter an email address like")
		s.done(s.post(one, url.Values{"first_name": {"Robert"}, "last_name": {"Builder"}}, http.StatusSeeOther), "saved", "Robert Builder")
		s.done("/dashboard/users?q=robert", "Robert Builder")
		s.done("/dashboard/users?q=nobody", "Nobody found")
		s.get("/dashboard/users/user_000000000000000000000000000", http.StatusNotFound)
	})
}

func TestUsers_AreBannedAndSignedOut(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		operator := s.cookies
		s.cookies = map[string]string{}
		s.signInAs("bob@solo.test")
		bob := s.cookies
		s.cookies = operator
		found := s.get("/dashboard/users?q=bob", http.StatusOK)
		_, rest, _ := strings.Cut(found, `href="/dashboard/users/user_`)
		id, _, _ := strings.Cut(rest, `"`)
		one := "/dashboard/users/user_" + id
		s.done(one, "Code, password or link", "Sign out everywhere")
		s.done(s.post(one+"/sign-out", nil, http.StatusSeeOther), "signed out everywhere", "Not signed in")
		s.cookies = bob
		s.get("/dashboard", http.StatusSeeOther)
		s.cookies = operator
		s.done(s.post(one+"/ban", nil, http.StatusSeeOther), "is banned", "Lift the ban")
		s.done("/dashboard/users?state=banned", "bob@solo.test")
		s.done(s.post(one+"/unban", nil, http.StatusSeeOther), "may sign in again")
		s.done(one+"/delete", "gone for good")
		s.says(s.post(one+"/delete", url.Values{"confirmation": {"Bob"}}, http.StatusUnprocessableEntity), "That is not the name")
		s.done(s.post(one+"/delete", url.Values{"confirmation": {"bob@solo.test"}}, http.StatusSeeOther), "has been deleted")
		s.get(one, http.StatusNotFound)
	})
}

func TestUsers_AreActedAsOnlyShortlyAfterSigningIn(t *testing.T) { // threats T-API-12, T-SES-17
	s := onSQLite(t)
	one := "/dashboard/users/" + string(s.person("bob@solo.test"))
	if body := s.post(one+"/act-as", nil, http.StatusOK); !strings.Contains(body, "__clerk_ticket=") {
		t.Errorf("no link: %s", text(body))
	}
	s.clock.Advance(10 * time.Minute)
	s.says(s.get(one+"/act-as", http.StatusForbidden), "Sign in again")
	s.post(one+"/act-as", nil, http.StatusForbidden)
}
