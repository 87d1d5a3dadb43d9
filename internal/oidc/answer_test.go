package oidc

import (
	"net/url"
	"strings"
	"testing"

	"usher/internal/fault"
)

func TestParseAnswer(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		form   url.Values
		reason string
	}{
		"a code":                           {url.Values{"state": {"s"}, "code": {"c"}, "session_state": {"x", "y"}}, ""},
		"T-OIDC-30, T-RP-22: an error":     {url.Values{"state": {"s"}, "error": {"access_denied"}}, ""},
		"T-OIDC-01: no state":              {url.Values{"code": {"c"}}, "state"},
		"T-OIDC-01: an empty state":        {url.Values{"code": {"c"}, "state": {""}}, "state"},
		"two states":                       {url.Values{"code": {"c"}, "state": {"s", "s"}}, "duplicate"},
		"two codes":                        {url.Values{"code": {"c", "d"}, "state": {"s"}}, "duplicate"},
		"two issuers":                      {url.Values{"code": {"c"}, "state": {"s"}, "iss": {"a", "b"}}, "duplicate"},
		"an endless state":                 {url.Values{"code": {"c"}, "state": {strings.Repeat("s", maxState+1)}}, "too_long"},
		"an endless code":                  {url.Values{"code": {strings.Repeat("c", maxCode+1)}, "state": {"s"}}, "too_long"},
		"T-RP-28: parameters of a foreign": {url.Values{"iss": {"https://evil.test"}, "login_hint": {"x"}, "target_link_uri": {"https://evil.test"}}, "state"},
	}
	for name, row := range rows {
		a, err := ParseAnswer(row.form)
		if row.reason == "" {
			if err != nil || a.State != "s" || a.HasCode == (a.Error != "") {
				t.Errorf("%s: got %+v, %v", name, a, err)
			}
			continue
		}
		if f := fault.From(err); f == nil || f.Code() != fault.OAuthCallbackInvalid || f.Reason() != row.reason || f.Status() != 400 {
			t.Errorf("%s: got %v, want the reason %s", name, err, row.reason)
		}
	}
}

// T-OIDC-30: what the provider says is for administrators, and cut.
func TestRedeem_AnErrorAnswerIsToldToAdministratorsAlone(t *testing.T) {
	t.Parallel()
	long := "<script>alert(1)</script>" + strings.Repeat("x", 10<<10)
	rows := []struct {
		name, err string
		code      fault.Code
		status    int
		reason    string
	}{
		{"1.83: denied", "access_denied", fault.OAuthAccessDenied, 403, "access_denied"},
		{"any other", "server_error", fault.OAuthCallbackInvalid, 400, "provider_error"},
		{"one that nobody knows", `<b>"&`, fault.OAuthCallbackInvalid, 400, "provider_error"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			a, err := ParseAnswer(url.Values{"state": {"s"}, "error": {row.err}, "error_description": {long}, "code": {"c"}})
			if err != nil {
				t.Fatal(err)
			}
			c := p.client()
			r, err := c.Redeem(t.Context(), Exchange{Answer: a}, p.expect(c))
			wantFault(t, err, row.code, row.reason)
			f := fault.From(err)
			received, _ := f.Details()["received"].(string)
			if !strings.HasPrefix(received, row.err+": <script>") || len(received) > maxReceived+10 {
				t.Errorf("the administrator is told %d bytes: %.80q", len(received), received)
			}
			if f.Status() != row.status || strings.Contains(f.Message()+f.LongMessage(), "script") || f.Meta() != nil {
				t.Errorf("the person is told %q, %q, %v with status %d", f.Message(), f.LongMessage(), f.Meta(), f.Status())
			}
			if p.called("/token") != 0 || r.Result.Identity != nil {
				t.Error("the code was used")
			}
		})
	}
}

// T-OIDC-04: the issuer is looked at before any token request.
func TestRedeem_AnAnswerOfAnotherIssuerEndsThere(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name       string
		iss        string // "": missing; "own": the provider's
		advertised bool
		err        string
		refused    bool
	}{
		{"its own", "own", true, "", false},
		{"its own, not advertised", "own", false, "", false},
		{"missing and not advertised", "", false, "", false},
		{"missing though advertised", "", true, "", true},
		{"another", "https://evil.test", true, "", true},
		{"another, not advertised", "https://evil.test", false, "", true},
		{"another, with an error", "https://evil.test", true, "access_denied", true},
	}
	for _, row := range rows {
		t.Run("T-OIDC-04: "+row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.discovery["authorization_response_iss_parameter_supported"] = row.advertised
			c := p.client()
			e := p.expect(c)
			x := testExchange()
			x.Answer.Issuer, x.Answer.Error = strings.Replace(row.iss, "own", p.server.URL, 1), row.err
			_, err := c.Redeem(t.Context(), x, e)
			if !row.refused {
				wantFault(t, err, "", "")
				return
			}
			wantFault(t, err, fault.OAuthCallbackInvalid, "iss")
			if n := p.called("/token"); n != 0 {
				t.Errorf("%d token requests", n)
			}
		})
	}
	m := Microsoft()
	for iss, want := range map[string]bool{
		"https://login.microsoftonline.com/" + testTenant + "/v2.0":     true,
		"https://login.microsoftonline.com/" + consumerTenant + "/v2.0": false,
		"https://login.microsoftonline.com/{tenantid}/v2.0":             false,
		testTenant:           false,
		testTenant + "/v2.0": false,
		"https://login.microsoftonline.com/" + testTenant: false,
		"https://login.microsoftonline.com/x/../v2.0":     false,
		"https://evil.test/" + testTenant + "/v2.0":       false,
	} {
		if got := m.namesIssuer(iss); got != want {
			t.Errorf("Microsoft, %s: got %t", iss, got)
		}
	}
}

func TestRedeem_NoCodeNoTokenRequest(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client()
	_, err := c.Redeem(t.Context(), Exchange{Answer: Answer{State: "s"}}, p.expect(c))
	wantFault(t, err, fault.OAuthCallbackInvalid, "code")
	if p.called("/token") != 0 {
		t.Error("a token request was made")
	}
}
