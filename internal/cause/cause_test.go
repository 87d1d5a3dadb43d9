package cause_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
)

var began = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

func TestCauses_AreCompleteInEveryConsole(t *testing.T) {
	t.Parallel()
	seen := map[cause.Name]bool{}
	for _, c := range cause.Causes() {
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
		for _, text := range []string{string(c.Name), c.Says, c.Sees, c.Okta, c.Entra, c.Google, c.Other} {
			if strings.TrimSpace(text) == "" || len(text) > 400 {
				t.Errorf("%s: a text of %d bytes: %s", c.Name, len(text), text)
			}
		}
		if c.Says[len(c.Says)-1] != '.' || strings.Contains(c.Sees, "@") {
			t.Errorf("%s: %s", c.Name, c.Says)
		}
	}
	if len(seen) != 48 {
		t.Errorf("%d causes, want 48", len(seen))
	}
	for _, c := range cause.OfCodes() {
		if _, ok := fault.Lookup(c.Code); !ok || len(c.Causes) == 0 {
			t.Errorf("%s", c.Code)
		}
		for _, n := range c.Causes {
			if !seen[n] {
				t.Errorf("%s has the unknown cause %s", c.Code, n)
			}
		}
	}
}

// first is what a list of findings begins with.
func first(list []cause.Finding) cause.Name {
	if len(list) == 0 {
		return ""
	}
	return list[0].Cause.Name
}

func TestOfText_ReadsNumbersAndCodes(t *testing.T) {
	t.Parallel()
	saml := identity.Connection{ID: "entconn_1", Provider: identity.SAMLCustom}
	openID := identity.Connection{ID: "entconn_1", Provider: identity.OIDCCustom}
	tests := map[string]struct {
		text string
		at   identity.Connection
		want cause.Name
		fix  string // a part of it
	}{
		"Entra, at SAML":             {"AADSTS50011: The reply URL does not match", saml, cause.ACSNotRegistered, "Reply URL"},
		"Entra, at OpenID Connect":   {"AADSTS50011: The redirect URI does not match", openID, cause.RedirectURIMismatch, "App registrations"},
		"Entra, in small letters":    {"Message: aadsts700016: Application with identifier", saml, cause.ApplicationUnknown, "Identifier"},
		"Entra, two numbers":         {"AADSTS50105 … AADSTS50076", saml, cause.NotAssigned, "Add user/group"},
		"Entra, an unknown number":   {"AADSTS999999", saml, "", ""},
		"Entra, a number too long":   {"AADSTS501051234567890", saml, "", ""},
		"Entra, a bare number":       {"error 50105", saml, "", ""},
		"Google, not enabled":        {"403. That’s an error. Error: app_not_enabled_for_user", saml, cause.NotAssigned, "User access"},
		"Google, not configured":     {"Error: app_not_configured", saml, cause.ApplicationUnknown, "Entity ID"},
		"Google, for this account":   {"403 app_not_configured_for_user", saml, cause.ApplicationUnknown, "Entity ID"},
		"Google, the ACS URL":        {"Error: invalid_request, ACS Url in request https://x doesn't match", saml, cause.ACSNotRegistered, "ACS URL"},
		"Google, the redirect URI":   {"Error 400: redirect_uri_mismatch", openID, cause.RedirectURIMismatch, "redirect URIs"},
		"Okta, in words":             {"User is not assigned to this application.", saml, cause.NotAssigned, "Assign"},
		"words that say nothing":     {"It does not work!", saml, "", ""},
		"nothing":                    {"", saml, "", ""},
		"without a connection":       {"AADSTS53003", identity.Connection{}, cause.ProviderPolicy, "Conditional Access"},
		"a number far behind":        {strings.Repeat("x", 20<<10) + "AADSTS53003", saml, "", ""},
		"a text that is not Unicode": {"\xff\xfeAADSTS53003", saml, cause.ProviderPolicy, "Conditional Access"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := cause.OfText(test.text, test.at)
			if first(found) != test.want || len(found) > 0 && !strings.Contains(found[0].Fix, test.fix) {
				t.Errorf("got %+v, want %s with %q", found, test.want, test.fix)
			}
		})
	}
}

func TestConsoleOf_KnowsACustomConnectionByItsHost(t *testing.T) {
	t.Parallel()
	custom := func(url string) identity.Connection {
		return identity.Connection{Provider: identity.SAMLCustom, Config: identity.ConnectionConfig{SAML: &identity.SAMLConfig{IDPSSOURL: url}}}
	}
	tests := map[string]struct {
		at   identity.Connection
		want cause.Console
	}{
		"a preset":            {identity.Connection{Provider: identity.SAMLGoogle}, cause.Google},
		"EASIE":               {identity.Connection{Provider: identity.OAuthMicrosoft}, cause.Entra},
		"Okta":                {custom("https://acme.okta.com/app/x/sso/saml"), cause.Okta},
		"a name like Okta's":  {custom("https://evilokta.com/"), cause.Other},
		"Okta's in the path":  {custom("https://evil.test/okta.com"), cause.Other},
		"Entra":               {custom("https://login.microsoftonline.com/t/saml2"), cause.Entra},
		"Google":              {custom("https://accounts.google.com/o/saml2/idp?idpid=x"), cause.Google},
		"none":                {custom(""), cause.Other},
		"not an address":      {custom("%zz"), cause.Other},
		"OpenID Connect":      {identity.Connection{Provider: identity.OIDCCustom, Config: identity.ConnectionConfig{OIDC: &identity.OIDCConfig{Issuer: "https://acme.okta-emea.com"}}}, cause.Okta},
		"deleted, so no kind": {identity.Connection{}, cause.Other},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := cause.ConsoleOf(test.at); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Who never came back is explained by what went on around.
func TestFind_RanksWhyNobodyCameBack(t *testing.T) {
	t.Parallel()
	before, after := began.Add(-time.Hour), began.Add(time.Minute)
	tests := map[string]struct {
		history cause.History
		openID  bool
		want    string // the first two
	}{
		"nobody ever came in, at SAML":           {cause.History{}, false, "application_unknown acs_not_registered"},
		"nobody ever came in, at OpenID Connect": {cause.History{}, true, "redirect_uri_not_registered application_unknown"},
		"she came in right after":                {cause.History{LastSuccess: before, PersonAfter: after}, false, "stopped_at_provider wrong_account"},
		"others come in, she never did":          {cause.History{LastSuccess: before, OthersSince: 3}, false, "not_assigned stopped_at_provider"},
		"others come in, she did before":         {cause.History{LastSuccess: before, OthersSince: 3, PersonBefore: before}, false, "person_suspended stopped_at_provider"},
		"many at once, and nobody came in":       {cause.History{LastSuccess: before, LostAround: 9}, false, "provider_down application_inactive"},
		"many at once, and others came in":       {cause.History{LastSuccess: before, LostAround: 9, OthersSince: 1}, false, "not_assigned stopped_at_provider"},
		"two, and nobody came in":                {cause.History{LastSuccess: before, LostAround: 2}, false, "application_inactive provider_down"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := identity.Connection{ID: "entconn_1", Provider: identity.SAMLOkta}
			if test.openID {
				c.Provider = identity.OIDCCustom
			}
			test.history.Asked = true
			found := cause.Find(cause.Facts{
				Attempt: identity.Attempt{State: identity.AttemptStarted, StartedAt: began}, Overdue: true, Connection: c, History: test.history,
			})
			var names []string
			for _, f := range found[:min(2, len(found))] {
				names = append(names, string(f.Cause.Name))
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Whatever a message says and an attempt holds, Find comes to an end, and finds
// something for a refusal.
func FuzzFind(f *testing.F) {
	f.Add("saml_response_invalid", "signature", "a", "b", "AADSTS50011")
	f.Add("oauth_token_exchange_error", "time", "whole seconds", "x", "")
	f.Add("saml_user_attribute_missing", "", "", "#EXT#", "\xff")
	f.Fuzz(func(t *testing.T, code, reason, expected, received, text string) {
		found := cause.Find(cause.Facts{Text: text, Attempt: identity.Attempt{
			State: identity.AttemptRefused, Code: code,
			Detail: identity.Metadata{"reason": reason, "expected": expected, "received": received},
		}})
		if len(found) == 0 {
			t.Error("nothing is found")
		}
		for _, one := range found {
			if one.Fix == "" {
				t.Errorf("no fix for %s", one.Cause.Name)
			}
		}
	})
}
