package dashboard_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestWebhooks_AreAddedChangedSwitchedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.done("/dashboard/webhooks", "No endpoint yet")
		s.says(s.post("/dashboard/webhooks", url.Values{"url": {"ftp://nowhere"}, "description": {"Kept"}}, http.StatusUnprocessableEntity), "Add endpoint")
		made := s.post("/dashboard/webhooks", url.Values{"url": {"https://api.example.com/hooks"}, "events": {"user.created\nuser.deleted"}}, http.StatusOK)
		s.says(made, "Copy it now", "whsec_")
		one := regexp.MustCompile(`/dashboard/webhooks/[A-Za-z0-9_]+`).FindString(strings.Replace(made, "/dashboard/webhooks/new", "", 1))
		s.done(one, "https://api.example.com/hooks", "On", "Nothing yet")
		if strings.Contains(s.get(one, http.StatusOK), "whsec_") {
			t.Error("the secret is shown again")
		}
		s.says(s.post(one+"/settings", url.Values{"url": {"https://api.example.com/hooks"}, "events": {"nothing.happened"}}, http.StatusUnprocessableEntity), "Change endpoint")
		s.done(s.post(one+"/settings", url.Values{"url": {"https://api.example.com/other"}}, http.StatusSeeOther), "has been changed", "https://api.example.com/other")
		s.done(s.post(one+"/switch", nil, http.StatusSeeOther), "It is switched off")
		s.done(s.post(one+"/switch", url.Values{"on": {"true"}}, http.StatusSeeOther), "Events are delivered")
		s.says(s.post(one+"/secret", nil, http.StatusOK), "whsec_")
		s.done(s.post(one+"/replay", nil, http.StatusSeeOther), "on its way again")
		s.done(one+"/delete", "Delete this endpoint?")
		s.done(s.post(one+"/delete", nil, http.StatusSeeOther), "has been deleted")
		s.get(one, http.StatusNotFound)
	})
}

func TestWebhooks_ADeliveryIsShownAndSentAgain(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.post("/dashboard/webhooks", url.Values{"url": {"https://api.example.com/hooks"}, "events": {"user.created"}}, http.StatusOK)
		s.person("bob@solo.test")
		one := regexp.MustCompile(`/dashboard/webhooks/ep_[A-Za-z0-9]+`).FindString(s.get("/dashboard/webhooks", http.StatusOK))
		delivery := regexp.MustCompile(one + `/deliveries/[A-Za-z0-9_]+`).FindString(s.get(one+"?status=waiting", http.StatusOK))
		s.done(delivery, "user.created", "Not tried yet")
		s.done(s.post(delivery+"/replay", nil, http.StatusSeeOther), "on its way again")
		s.get(one+"/deliveries/whd_0", http.StatusNotFound)
	})
}

func TestSettings_AreSavedOrRefusedWithNothingLost(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		form := url.Values{
			"application_name": {"Northwind"}, "sign_up_mode": {"restricted"}, "password_enabled": {"true"}, "session_days": {"1.5"}, "session_idle_hours": {"8"},
			"evidence_days": {"7"}, "session_claims_version": {"2"}, "allowed_origins": {"https://app.example.com\nhttps://www.example.com"},
		}
		s.done(s.post("/dashboard/settings", form, http.StatusSeeOther), "have been saved")
		in, err := s.tools.Manage.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if in.ApplicationName != "Northwind" || in.SessionLifetimeSeconds != 36*3600 || in.SessionIdleSeconds != 8*3600 || !in.PasswordEnabled || in.EmailVerifiedAtSignUp || len(in.AllowedOrigins) != 2 {
			t.Errorf("got %+v", in)
		}
		form.Set("session_days", "soon")
		form.Set("application_name", "Kept")
		if body := s.post("/dashboard/settings", form, http.StatusUnprocessableEntity); !strings.Contains(body, `value="Kept"`) || !strings.Contains(body, `id="session_days-problem"`) {
			t.Error("what was entered is lost, or the problem is not at its field")
		}
		form.Set("session_days", "0.0001")
		if body := s.post("/dashboard/settings", form, http.StatusUnprocessableEntity); !strings.Contains(body, `id="session_days-problem"`) {
			t.Error("the flow's refusal is not at its field")
		}
		s.done(s.post("/dashboard/settings/organizations", url.Values{"max_allowed_memberships": {"5"}, "domains_enabled": {"true"}, "domain_suggestions": {"true"}}, http.StatusSeeOther), "have been saved")
		s.says(s.post("/dashboard/settings/organizations", url.Values{"max_allowed_memberships": {"few"}}, http.StatusUnprocessableEntity), "Organizations")
	})
}

func TestSettings_ListsOfWhoMayComeIn(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		path := "/dashboard/settings/access"
		s.done(s.post(path, url.Values{"blocklist": {"true"}}, http.StatusSeeOther), "have been saved")
		s.done(s.post(path+"/add", url.Values{"identifier": {"@evil.test"}, "list": {"block"}}, http.StatusSeeOther), "has been added", "*@evil.test")
		s.says(s.post(path+"/add", url.Values{"identifier": {"not an address"}, "list": {"block"}}, http.StatusUnprocessableEntity), "Add an entry")
		remove := regexp.MustCompile(path + `/block/[A-Za-z0-9_]+/delete`).FindString(s.get(path, http.StatusOK))
		s.done(s.post(remove, nil, http.StatusSeeOther), "has been removed")
		s.post(strings.Replace(remove, "/block/", "/other/", 1), nil, http.StatusNotFound)
	})
}

func TestRoles_AndPermissionsAreMadeAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.done(s.post("/dashboard/roles/permissions", url.Values{"name": {"Create invoices"}, "key": {"org:invoices:create"}}, http.StatusSeeOther), "Create invoices")
		s.says(s.post("/dashboard/roles/permissions", url.Values{"name": {"Bad"}, "key": {"nothing"}}, http.StatusUnprocessableEntity), "Create a permission")
		field := regexp.MustCompile(`name="(permission_[A-Za-z0-9_]+)"[^>]*aria-describedby`).FindStringSubmatch(s.get("/dashboard/roles/new", http.StatusOK))
		to := s.post("/dashboard/roles", url.Values{"name": {"Billing"}, "key": {"org:billing"}, field[1]: {"true"}}, http.StatusSeeOther)
		s.done(to, "The role has been created.", "Billing")
		one, _, _ := strings.Cut(to, "?")
		if body := s.get(one, http.StatusOK); !strings.Contains(body, `id="`+field[1]+`" value="true" checked`) {
			t.Error("the permission was not given")
		}
		s.done(s.post(one, url.Values{"name": {"Billing team"}, "key": {"org:billing"}}, http.StatusSeeOther), "has been changed", "Billing team")
		s.done("/dashboard/roles/sets", "Default", "Billing team")
		s.done(one+"/delete", "Delete Billing team?")
		s.done(s.post(one+"/delete", nil, http.StatusSeeOther), "has been deleted")
		s.get(one, http.StatusNotFound)
		s.done("/dashboard/roles", "Admin", "Member")
	})
}

func TestAudit_SaysWhoDidWhat(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		one := s.organization("Acme")
		s.done("/dashboard/audit-log?about=organization.", "Organization created", "user_")
		s.done("/dashboard/audit-log?q="+strings.TrimPrefix(one, "/dashboard/organizations/"), "Organization created")
		s.done("/dashboard/audit-log?q=user_none", "No line")
	})
}

func TestSearch_FindsEverything(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		one := s.organization("Acme")
		s.person("acme.fan@solo.test")
		s.done("/dashboard/search?q=acme", "Organizations", "Acme", "Users", "acme.fan@solo.test")
		s.done("/dashboard/search?q="+strings.TrimPrefix(one, "/dashboard/organizations/"), "Acme")
		s.done("/dashboard/search?q=zzzz", "Nothing found")
		s.done("/dashboard/search", "What are you looking for?")
		if to := s.get("/dashboard/search?q=ssoa_2x9KbPq7tR4mVn8sWc1yZd5eLf3", http.StatusSeeOther); to != "/dashboard/attempts/ssoa_2x9KbPq7tR4mVn8sWc1yZd5eLf3" {
			t.Errorf("the reference leads to %s", to)
		}
	})
}

// A page that can't be reached by who may not is never reached by a form either.
func TestDashboard_EveryStepOfKeysAsksForARecentSignIn(t *testing.T) { // threat T-API-12
	s := onSQLite(t)
	s.post("/dashboard/webhooks", url.Values{"url": {"https://api.example.com/hooks"}}, http.StatusOK)
	one := regexp.MustCompile(`/dashboard/webhooks/ep_[A-Za-z0-9]+`).FindString(s.get("/dashboard/webhooks", http.StatusOK))
	s.clock.Advance(10 * time.Minute)
	s.post(one+"/secret", nil, http.StatusForbidden)
}
