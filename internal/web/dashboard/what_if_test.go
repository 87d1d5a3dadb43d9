package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
)

func TestWhatIf_SaysWhereAnAddressGoesAndWhy(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.acme()
		s.done("/dashboard/what-if", "Who cannot get in, or should?")
		s.done("/dashboard/what-if?q=new@acme.test", "Single sign-on", "Acme sign-in", "A user is created, and signed in", "Joins as", "org:member", "The address is at a domain of the connection")
		s.done("/dashboard/what-if?q=new@solo.test", "No connection serves it", "Nobody")
		no := true
		if _, err := s.tools.Manage.ChangeConnection(t.Context(), a.conn.ID, manage.ConnectionChange{DisableJITProvisioning: &no}); err != nil {
			t.Fatal(err)
		}
		s.done("/dashboard/what-if?q=new@acme.test", "Refused", "saml_jit_provisioning_disabled", "Fix")
		s.says(s.get("/dashboard/what-if?q=nobody", http.StatusUnprocessableEntity), "That is not an address")
		if n, err := s.tools.Manage.CountUsers(t.Context(), manage.UserFilter{Query: "new@"}); err != nil || n != 0 {
			t.Errorf("%d users were made by asking, %v", n, err)
		}
	})
}

func TestWhatIf_TextOfAProvidersPageIsExplained(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.says(s.post("/dashboard/what-if/page", url.Values{"saw": {"AADSTS50011: The reply URL does not match"}}, http.StatusOK), "error AADSTS50011.", "Fix, in Microsoft Entra")
		s.says(s.post("/dashboard/what-if/page", url.Values{"saw": {"Error 403: app_not_configured_for_user"}}, http.StatusOK), "error app_not_configured_for_user.", "Fix, in Google’s admin console")
		s.says(s.post("/dashboard/what-if/page", url.Values{"saw": {"something else"}}, http.StatusOK), "Nothing in it is known")
	})
}

func TestWhatIf_CountsWhomAChangeWouldLockOut(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.acme()
		org := strings.TrimPrefix(a.org, "/dashboard/organizations/")
		s.done(a.org+"/what-if", "No members yet")
		off, no := false, true
		if _, err := s.tools.Manage.ChangeConnection(t.Context(), a.conn.ID, manage.ConnectionChange{Active: &off, DisableAdditionalIdentifications: &no}); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{"ada@acme.test", "bob@solo.test"} {
			u, err := s.tools.Manage.CreateUser(t.Context(), manage.UserChange{EmailAddresses: []string{address}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.tools.Manage.AddMember(t.Context(), org, string(u.ID), identity.RoleMember, manage.MetadataChange{}); err != nil {
				t.Fatal(err)
			}
			if address == "ada@acme.test" {
				if _, err := s.tools.Manage.SetBanned(t.Context(), string(u.ID), true); err != nil {
					t.Fatal(err)
				}
			}
		}
		on := a.org + "/what-if?change=on&connection=" + string(a.conn.ID)
		s.done(a.org+"/what-if", "ada@acme.test", "bob@solo.test", "With a code or a password")
		s.done(on, "Why people can’t come in", "ada@acme.test")
		s.done(on+"&show=in", "bob@solo.test")
		s.get("/dashboard/organizations/org_000000000000000000000000000/what-if", http.StatusNotFound)
	})
}

func TestOverview_TeachesTheFirstStepsAndThenSaysWhatNeedsSomebody(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.done("/dashboard", "First steps", "Create an organization")
		a := s.acme()
		a.attempt(practice.Request{})
		s.done("/dashboard", "Nothing needs you", "Signed in", "Sign-ins by outcome", "100% of 1")
		for range 3 {
			a.attempt(practice.Request{Misbehave: "no-mail"})
		}
		s.done("/dashboard", "What needs you", "More fails at Acme sign-in than in the week before: 3 of 4", "saml_user_attribute_missing")
		s.done("/dashboard/connections/"+string(a.conn.ID), "Came in", "25%", "1 of 4", "Latest attempts", "Attributes", "email_address")
	})
}

func TestCode_HasAPageWithEveryCause(t *testing.T) {
	s := onSQLite(t)
	for _, code := range []string{
		"saml_user_attribute_missing", "saml_response_relaystate_missing", "saml_email_address_domain_mismatch", "saml_jit_provisioning_disabled",
		"oauth_access_denied", "oauth_token_exchange_error", "oauth_fetch_user_error",
	} {
		s.done("/dashboard/codes/"+code, code, "What may be behind it", "Okta", "Microsoft Entra")
	}
	s.get("/dashboard/codes/nothing", http.StatusNotFound)
}
