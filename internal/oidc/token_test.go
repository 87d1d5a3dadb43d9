package oidc

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
)

// T-RP-14: HTTP Basic, both parts form-encoded first.
func TestRedeem_ShowsTheSecretAsTheProviderWantsIt(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		methods []string
		secret  string
		basic   bool
		form    string // of client_secret
		reason  string
	}{
		"T-RP-14: as nothing is said: by Basic": {nil, testSecret, true, "", ""},
		"by Basic":                              {[]string{"private_key_jwt", "client_secret_post", "client_secret_basic"}, testSecret, true, "", ""},
		"by the form":                           {[]string{"client_secret_post"}, testSecret, false, testSecret, ""},
		"1.8: a public client":                  {[]string{"client_secret_post", "none"}, "", false, "", ""},
		"in no way that is known":               {[]string{"private_key_jwt", "tls_client_auth"}, testSecret, false, "", "auth_method"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			if row.methods != nil {
				p.discovery["token_endpoint_auth_methods_supported"] = row.methods
			}
			c := p.client()
			x := testExchange()
			x.ClientSecret = row.secret
			r, err := c.Redeem(t.Context(), x, p.expect(c))
			wantTEE(t, r, err, row.reason)
			if row.reason != "" {
				return
			}
			user, password, basic := p.last["/token"].BasicAuth()
			if basic != row.basic || basic && (user != "usher+client" || password != "s3cret%2B%2F%3D") {
				t.Errorf("Basic: %t, %q, %q", basic, user, password)
			}
			if p.form.Get("client_secret") != row.form || p.form.Has("client_id") == basic {
				t.Errorf("form: %v", p.form)
			}
			for field, want := range map[string]string{
				"grant_type": "authorization_code", "code": testCode, "redirect_uri": testRedirect, "code_verifier": "verifier-0123456789",
			} {
				if got := p.form.Get(field); got != want {
					t.Errorf("%s: got %q, want %q", field, got, want)
				}
			}
			if h := p.last["/token"].Header; h.Get("Accept") != "application/json" || h.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("headers: %v", h)
			}
			if r.Tokens.AccessToken != testAccess || r.Tokens.RefreshToken != testRefresh {
				t.Errorf("tokens: %+v", r.Tokens)
			}
		})
	}
}

// 1.8: set up by hand, nothing says how the secret is wanted.
func TestRedeem_TriesTheFormWhereBasicIsRefusedAndNothingWasSaid(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client()
	e := p.expect(c)
	e.Provider.AuthMethods = nil
	p.on("/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_secret") != testSecret {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		p.write(w, map[string]any{"access_token": testAccess, "token_type": "bearer", "id_token": p.token.sign(t)})
	})
	r, err := c.Redeem(t.Context(), testExchange(), e)
	wantTEE(t, r, err, "")
	if n := p.called("/token"); n != 2 {
		t.Errorf("%d token requests", n)
	}
	x := testExchange()
	x.ClientSecret = "wrong"
	r, err = c.Redeem(t.Context(), x, e)
	wantTEE(t, r, err, "invalid_client")
	if n := p.called("/token"); n != 4 {
		t.Errorf("%d token requests", n)
	}
}

// T-OIDC-29, 1.83: what the token endpoint may answer, each with its own reason.
func TestRedeem_ExplainsTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	says := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	failed := func(body string) http.HandlerFunc { return says(400, "application/json", body) }
	good := func(extra string) http.HandlerFunc {
		return says(200, "application/json", `{"access_token":"a","token_type":"Bearer"`+extra+`}`)
	}
	rows := []struct {
		name   string
		answer http.HandlerFunc
		reason string
	}{
		{"F35: invalid_client", failed(`{"error":"invalid_client"}`), "invalid_client"},
		{"F34: Entra ID: the secret has expired", failed(`{"error":"invalid_client","error_codes":[7000222]}`), "secret_expired"},
		{"F35: Entra ID: the secret is wrong", failed(`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`), "secret_wrong"},
		{"F36, T-OIDC-06: invalid_grant", failed(`{"error":"invalid_grant"}`), "invalid_grant"},
		{"F36: Entra ID: the code was used", failed(`{"error":"invalid_grant","error_codes":[54005]}`), "code_used"},
		{"F36, T-OIDC-06: Entra ID: another verifier", failed(`{"error":"invalid_grant","error_codes":[501481]}`), "pkce"},
		{"F36: Entra ID: another tenant", failed(`{"error":"invalid_grant","error_codes":[700005]}`), "tenant_mismatch"},
		{"Google: redirect_uri_mismatch", failed(`{"error":"redirect_uri_mismatch"}`), "redirect_uri"},
		{"Keycloak: Incorrect redirect_uri", failed(`{"error":"invalid_grant","error_description":"Incorrect redirect_uri"}`), "redirect_uri"},
		{"unauthorized_client", failed(`{"error":"unauthorized_client"}`), "unauthorized_client"},
		{"an error that nobody knows", failed(`{"error":"what"}`), "provider_error"},
		{"an error that is no text", failed(`{"error":{"code":5}}`), "provider_error"},
		{"T-OIDC-29: an error with status 200", says(200, "application/json", `{"error":"bad_verification_code"}`), "invalid_grant"},
		{"T-OIDC-29: an error beside tokens", good(`,"error":"invalid_client"`), "invalid_client"},
		{"T-OIDC-29: a page", says(200, "text/html", "<html>"), "html"},
		{"T-OIDC-29: a page that says it is JSON", says(200, "application/json", "\n <html>"), "html"},
		{"T-OIDC-29: a form", says(200, "application/x-www-form-urlencoded", "access_token=a"), "not_json"},
		{"T-OIDC-29: nothing", says(200, "", ""), "not_json"},
		{"T-OIDC-29: broken JSON", says(200, "application/json", `{"access_token":`), "malformed"},
		{"T-OIDC-19: a member twice", good(`,"access_token":"b"`), "malformed"},
		{"T-OIDC-29: no ID token", good(""), "no_id_token"},
		{"T-OIDC-29: an ID token that is no text", good(`,"id_token":5`), "no_id_token"},
		{"T-OIDC-29: another type of token", says(200, "application/json", `{"access_token":"a","token_type":"mac","id_token":"x"}`), "token_type"},
		{"an access token that would break a header", says(200, "application/json", `{"access_token":"a\r\nb","token_type":"Bearer","id_token":"x"}`), "malformed"},
		{"T-OIDC-29: a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "redirected"},
		{"an internal error", says(500, "application/json", `{"error":"invalid_grant"}`), "server_error"},
		{"not available", says(503, "text/html", "<html>"), "server_error"},
		{"too many requests", says(429, "application/json", `{"error":"invalid_grant"}`), "rate_limited"},
		{"status 404", says(404, "text/plain", "not found"), "status"},
		{"status 400 without an error", failed(`{}`), "status"},
		{"T-DOS-07: over 256 KiB", says(200, "application/json", `{"x":"`+strings.Repeat("x", maxDocument)+`"}`), "too_large"},
		{"the connection ends", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "unreachable"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.on("/token", row.answer)
			r, err := p.redeem()
			wantTEE(t, r, err, row.reason)
			if f := fault.From(err); f.Status() != 400 || strings.Contains(f.Message()+f.LongMessage(), "AADSTS") || f.Meta() != nil {
				t.Errorf("the person is told %q %q %v", f.Message(), f.LongMessage(), f.Meta())
			}
			if p.called("/elsewhere") != 0 {
				t.Error("the redirect was followed")
			}
			if n := p.called("/userinfo"); n != 0 {
				t.Error("user information was asked for")
			}
		})
	}
}

// T-OIDC-29: a token that would break a header is refused, not sent.
func TestRedeem_TokensArePrintable(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]map[string]any{
		"a line break":     {"access_token": "a\r\nb"},
		"a space":          {"access_token": "a b"},
		"another alphabet": {"refresh_token": "é"},
		"endless":          {"access_token": strings.Repeat("x", maxSecretToken+1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.answer = answer
			r, err := p.redeem()
			wantTEE(t, r, err, "malformed")
			if got := r.Result.Checks[len(r.Result.Checks)-1].Name; got != "token_answer" {
				t.Errorf("refused by %s", got)
			}
		})
	}
}

func TestRedeem_AnswersInTime(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client()
	e := p.expect(c)
	over := make(chan struct{})
	defer close(over)
	p.on("/token", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r, err := c.Redeem(ctx, testExchange(), e)
	wantTEE(t, r, err, "timeout")
}

// What a provider repeats of our secrets does not get into evidence or logs.
func TestRedeem_TakesOurSecretsOutOfTheProvidersWords(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.on("/token", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		user, _, _ := r.BasicAuth()
		w.WriteHeader(http.StatusBadRequest)
		p.write(w, map[string]any{"error": "invalid_grant", "error_description": user + " sent " + r.PostForm.Get("code") + ", " + r.PostForm.Get("code_verifier") + " and " + testSecret})
	})
	r, err := p.redeem()
	wantTEE(t, r, err, "invalid_grant")
	all := string(encode(t, r)) + err.Error() + fmt.Sprint(fault.From(err).Details())
	for _, secret := range []string{testSecret, testCode, testExchange().Verifier} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in %s", secret, all)
		}
	}
	if !strings.Contains(all, "[removed]") {
		t.Error("the provider's words are not kept")
	}
}
