package oidc

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/fault"
)

// wants is Expect with claims that only user information has.
func (p *provider) wants(c *Client, claims ...string) Expect {
	e := p.expect(c)
	e.Claims = claims
	return e
}

func TestRedeem_FetchesUserInformationOnlyWhenAClaimIsMissing(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		claims []string
		given  func(*provider)
		calls  int
	}{
		{"all is in the ID token", []string{"given_name", "email"}, func(*provider) {}, 0},
		{"T-RP-13: a mapped claim is missing", []string{"family_name"}, func(*provider) {}, 1},
		{"the address is missing", nil, func(p *provider) { delete(p.token.claims, "email") }, 1},
		{"there is no endpoint", []string{"family_name"}, func(p *provider) { delete(p.discovery, "userinfo_endpoint") }, 0},
		{"there is no access token", []string{"family_name"}, func(p *provider) { p.answer = map[string]any{"access_token": nil} }, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			row.given(p)
			c := p.client()
			r, err := c.Redeem(t.Context(), testExchange(), p.wants(c, row.claims...))
			wantTEE(t, r, err, "")
			if n := p.called("/userinfo"); n != row.calls {
				t.Errorf("%d calls, want %d", n, row.calls)
			}
			if v, _ := r.Result.Identity.Lookup("family_name"); row.calls == 1 && v.Text != "Lovelace" {
				t.Errorf("family_name: %+v", v)
			}
		})
	}
}

// T-RP-24: the access token goes into the header, nowhere else.
func TestRedeem_UserInformationIsAskedByHeaderAlone(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client()
	r, err := c.Redeem(t.Context(), testExchange(), p.wants(c, "family_name"))
	wantTEE(t, r, err, "")
	got := p.last["/userinfo"]
	if got.Method != http.MethodGet || got.Header.Get("Authorization") != "Bearer "+testAccess || got.URL.RawQuery != "" || got.ContentLength > 0 {
		t.Errorf("got %s %s %v", got.Method, got.URL, got.Header)
	}
}

func TestRedeem_RefusesUserInformation(t *testing.T) {
	t.Parallel()
	says := func(status int, contentType, body string) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) {
			p.on("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", contentType)
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			})
		}
	}
	info := func(name string, value any) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) { p.info[name] = value }
	}
	signed := func(change func(*token)) func(*testing.T, *provider) {
		return func(t *testing.T, p *provider) {
			k := goodToken(p.server.URL)
			k.claims["family_name"] = "Lovelace"
			change(k)
			says(200, "application/jwt", k.sign(t))(t, p)
		}
	}
	const json = "application/json"
	rows := []struct {
		name   string
		given  func(*testing.T, *provider)
		reason string
	}{
		{"T-RP-11, T-OIDC-20: another sub", info("sub", "u-2"), "sub_mismatch"},
		{"T-OIDC-20: no sub", func(_ *testing.T, p *provider) { delete(p.info, "sub") }, "sub_mismatch"},
		{"T-OIDC-20: sub in other letters", info("sub", "U-1"), "sub_mismatch"},
		{"T-OIDC-20: sub is a list", info("sub", []string{"u-1"}), "sub_mismatch"},
		{"T-OIDC-19: sub twice", says(200, json, `{"sub":"u-2","sub":"u-1"}`), "malformed"},
		{"T-OIDC-19: Sub is not sub", says(200, json, `{"Sub":"u-1"}`), "sub_mismatch"},
		{"T-OIDC-23: a page", says(200, "text/html", "<html>"), "html"},
		{"T-OIDC-23: a page that says it is JSON", says(200, json, "<html>"), "html"},
		{"T-OIDC-23: an error with 200", says(200, json, `{"error":"invalid_token"}`), "provider_error"},
		{"T-OIDC-23: a list", says(200, json, `[{"sub":"u-1"}]`), "malformed"},
		{"1.83: not authorized", says(401, json, `{"error":"invalid_token"}`), "unauthorized"},
		{"1.83: forbidden", says(403, "", ""), "unauthorized"},
		{"not there", says(404, "", ""), "status"},
		{"an internal error", says(500, json, `{}`), "server_error"},
		{"too many requests", says(429, json, `{}`), "rate_limited"},
		{"T-DOS-07: too large", says(200, json, `{"sub":"u-1","x":"`+strings.Repeat("x", maxUserInfo)+`"}`), "too_large"},
		{"T-NET-03: a redirect", func(_ *testing.T, p *provider) {
			p.on("/userinfo", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
		}, "redirected"},
		{"T-RP-25: signed", signed(func(*token) {}), ""},
		{"T-RP-25: signed, without iss and aud", signed(func(k *token) { delete(k.claims, "iss"); delete(k.claims, "aud") }), ""},
		{"T-OIDC-23: signed by another key", signed(func(k *token) { k.key = testSigners().rsa2 }), "signature"},
		{"T-OIDC-23: signed by an unknown key", signed(func(k *token) { k.header["kid"] = "x" }), "kid_unknown"},
		{"T-OIDC-23: a token without signature", signed(func(k *token) { k.raw = hand(`{"alg":"none"}`, `{"sub":"u-1"}`, unsigned) }), "alg"},
		{"T-OIDC-23: a token by the client secret", signed(func(k *token) { k.raw = hand(`{"alg":"HS256"}`, `{"sub":"u-1"}`, hs256([]byte(testSecret))) }), "alg"},
		{"T-OIDC-23: a broken token", says(200, "application/jwt", "x"), "malformed"},
		{"T-OIDC-20: signed, of another sub", signed(func(k *token) { k.claims["sub"] = "u-2" }), "sub_mismatch"},
		{"signed for another issuer", signed(func(k *token) { k.claims["iss"] = "https://evil.test" }), "iss"},
		{"signed for another client", signed(func(k *token) { k.claims["aud"] = "other" }), "aud"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			row.given(t, p)
			c := p.client()
			r, err := c.Redeem(t.Context(), testExchange(), p.wants(c, "family_name"))
			if row.reason == "" {
				wantTEE(t, r, err, "")
				if v, _ := r.Result.Identity.Lookup("family_name"); v.Text != "Lovelace" {
					t.Errorf("got %+v", r.Result.Identity)
				}
				return
			}
			wantFault(t, err, fault.OAuthFetchUserError, row.reason)
			if r.Result.Identity != nil || fault.From(err).Status() != 400 {
				t.Errorf("got %+v, status %d", r.Result.Identity, fault.From(err).Status())
			}
			if last := r.Result.Checks[len(r.Result.Checks)-1]; last.Passed || last.Fix == "" || last.Plain == "" {
				t.Errorf("the last check does not explain: %+v", last)
			}
			if p.called("/elsewhere") != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}

// Signed user information may be signed by another key of the same set.
func TestRedeem_UserInformationSignedByAnotherKeyOfTheSet(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.keys = append(p.keys, jwk(t, testSigners().p256, map[string]any{"kid": "k2"}))
	k := goodToken(p.server.URL)
	k.header["kid"], k.alg, k.key = "k2", jose.ES256, testSigners().p256
	raw := k.sign(t)
	p.on("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwt; charset=utf-8")
		fmt.Fprint(w, raw)
	})
	c := p.client()
	r, err := c.Redeem(t.Context(), testExchange(), p.wants(c, "family_name"))
	wantTEE(t, r, err, "")
}

// What repeats the access token is kept without it.
func TestRedeem_TakesTheAccessTokenOutOfUserInformation(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.info["echo"] = "got " + testAccess
	c := p.client()
	r, err := c.Redeem(t.Context(), testExchange(), p.wants(c, "family_name"))
	wantTEE(t, r, err, "")
	if v, _ := r.Result.Identity.Lookup("echo"); v.Text != "got [removed]" {
		t.Errorf("got %+v", v)
	}
}

// T-OIDC-21, T-OIDC-22: an address and what is said of it are from one document.
func TestRedeem_AddressAndItsVerificationAreFromOneDocument(t *testing.T) {
	t.Parallel()
	const absent = "absent"
	rows := []struct {
		name            string
		token, info     [2]any // email, email_verified
		email           string
		verified        Verified
		from            Source
		emailClaim      string
		otherAddressOfT any
	}{
		{"T-OIDC-22: true", [2]any{"a@acme.test", true}, [2]any{}, "a@acme.test", VerifiedYes, FromIDToken, "", nil},
		{"T-OIDC-22: the text true", [2]any{"a@acme.test", "true"}, [2]any{}, "a@acme.test", VerifiedYes, FromIDToken, "", nil},
		{"T-OIDC-22: false", [2]any{"a@acme.test", false}, [2]any{}, "a@acme.test", VerifiedNo, FromIDToken, "", nil},
		{"T-OIDC-22: the text false", [2]any{"a@acme.test", "false"}, [2]any{}, "a@acme.test", VerifiedNo, FromIDToken, "", nil},
		{"T-OIDC-22: 1", [2]any{"a@acme.test", 1}, [2]any{}, "a@acme.test", VerifiedNo, FromIDToken, "", nil},
		{"T-OIDC-22: the text True", [2]any{"a@acme.test", "True"}, [2]any{}, "a@acme.test", VerifiedNo, FromIDToken, "", nil},
		{"T-OIDC-22: null", [2]any{"a@acme.test", nil}, [2]any{}, "a@acme.test", VerifiedNo, FromIDToken, "", nil},
		{"T-OIDC-22: absent", [2]any{"a@acme.test", absent}, [2]any{absent, absent}, "a@acme.test", VerifiedUnsaid, FromIDToken, "", nil},
		{"T-OIDC-21: the address here, its verification there", [2]any{absent, true}, [2]any{"a@acme.test", absent}, "a@acme.test", VerifiedUnsaid, FromUserInfo, "", nil},
		{"T-OIDC-21: both here, the address there is another", [2]any{"a@acme.test", false}, [2]any{"b@acme.test", true}, "a@acme.test", VerifiedNo, FromIDToken, "", nil},
		{"T-OIDC-21: the address only there", [2]any{absent, absent}, [2]any{"a@acme.test", true}, "a@acme.test", VerifiedYes, FromUserInfo, "", nil},
		{"T-OIDC-21: only there is it verified", [2]any{"a@acme.test", absent}, [2]any{"b@acme.test", true}, "b@acme.test", VerifiedYes, FromUserInfo, "", nil},
		{"T-OIDC-21: email_verified does not vouch for another claim", [2]any{"own@evil.test", true}, [2]any{absent, absent}, "victim@acme.test", VerifiedUnsaid, FromIDToken, "mail", "victim@acme.test"},
		{"another claim that holds the same address", [2]any{"a@acme.test", true}, [2]any{absent, absent}, "a@acme.test", VerifiedYes, FromIDToken, "mail", "a@acme.test"},
		{"a list of one address", [2]any{absent, absent}, [2]any{absent, absent}, "a@acme.test", VerifiedUnsaid, FromIDToken, "mail", []string{"a@acme.test"}},
		{"a list of two addresses", [2]any{absent, absent}, [2]any{absent, absent}, "", VerifiedUnsaid, "", "mail", []string{"a@acme.test", "b@acme.test"}},
		{"T-OIDC-22: the mapped claim says no, email_verified yes", [2]any{"a@acme.test", true}, [2]any{absent, absent}, "a@acme.test", VerifiedNo, FromIDToken, "mapped:mail", false},
		{"T-OIDC-22: the mapped claim says yes, email_verified no", [2]any{"a@acme.test", false}, [2]any{absent, absent}, "a@acme.test", VerifiedYes, FromIDToken, "mapped:mail", true},
		{"T-OIDC-22: the mapped claim is absent", [2]any{"a@acme.test", true}, [2]any{absent, absent}, "a@acme.test", VerifiedUnsaid, FromIDToken, "mapped:checked", nil},
		{"T-OIDC-24: no address anywhere", [2]any{absent, true}, [2]any{absent, true}, "", VerifiedUnsaid, "", "", nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			for i, name := range []string{"email", "email_verified"} {
				p.token.claims[name], p.info[name] = row.token[i], row.info[i]
				if row.token[i] == absent {
					delete(p.token.claims, name)
				}
				if row.info[i] == absent {
					delete(p.info, name)
				}
			}
			if row.otherAddressOfT != nil {
				p.token.claims["mail"] = row.otherAddressOfT
			}
			c := p.client()
			e := p.wants(c, "family_name")
			e.EmailClaim = row.emailClaim
			if mapped, ok := strings.CutPrefix(row.emailClaim, "mapped:"); ok {
				e.EmailClaim, e.VerifiedClaim = "", mapped
			}
			r, err := c.Redeem(t.Context(), testExchange(), e)
			wantTEE(t, r, err, "")
			i := r.Result.Identity
			if i.Email != row.email || i.EmailVerified != row.verified || i.EmailFrom != row.from {
				t.Errorf("got %q %q from %q", i.Email, i.EmailVerified, i.EmailFrom)
			}
			if v, _ := i.Lookup("email_verified"); row.verified == VerifiedYes && e.VerifiedClaim == "" && v.Text != "true" {
				t.Errorf("Lookup: %+v", v)
			}
		})
	}
}

// T-RP-26: claims that live elsewhere are ignored, and nothing is fetched.
func TestRedeem_AggregatedAndDistributedClaimsAreIgnored(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for _, o := range []map[string]any{p.token.claims, p.info} {
		o["_claim_names"] = map[string]any{"groups": "src1", "family_name": "src2"}
		o["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": p.server.URL + "/evil"}, "src2": map[string]any{"JWT": "x.y.z"}}
	}
	delete(p.info, "family_name")
	c := p.client()
	r, err := c.Redeem(t.Context(), testExchange(), p.wants(c, "family_name", "groups"))
	wantTEE(t, r, err, "")
	if p.called("/evil") != 0 {
		t.Error("a source of claims was called")
	}
	for _, path := range []string{"family_name", "groups", "_claim_names", "_claim_names.groups", "_claim_sources.src2.JWT"} {
		if v, ok := r.Result.Identity.Lookup(path); ok {
			t.Errorf("%s: %+v", path, v)
		}
	}
	if len(r.Result.Warnings) != 1 { // F47
		t.Errorf("nothing warns of groups that were left out: %q", r.Result.Warnings)
	}
}

// 1.8: a connection set up by hand, of user information alone.
func TestRedeem_UserInformationAlone(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name    string
		given   func(*testing.T, *provider)
		path    string
		code    fault.Code
		reason  string
		subject string
	}{
		{"sub", func(*testing.T, *provider) {}, "", "", "", "u-1"},
		{"an unverified ID token is not read", func(_ *testing.T, p *provider) {
			p.token.raw = hand(`{"alg":"none"}`, `{"sub":"evil","email":"evil@acme.test"}`, unsigned)
		}, "", "", "", "u-1"},
		{"another key", func(_ *testing.T, p *provider) { p.info["account"] = map[string]any{"id": 9007199254740993} }, "account.id", "", "", "9007199254740993"},
		{"T-OIDC-24: no key", func(_ *testing.T, p *provider) { delete(p.info, "sub") }, "", fault.SSOUserAttributeMissing, "subject_missing", ""},
		{"an empty key", func(_ *testing.T, p *provider) { p.info["sub"] = "" }, "", fault.SSOUserAttributeMissing, "subject_missing", ""},
		{"a float as key", func(_ *testing.T, p *provider) { p.info["sub"] = 1.5 }, "", fault.SSOUserAttributeMissing, "subject_missing", ""},
		{"zero as key", func(_ *testing.T, p *provider) { p.info["sub"] = 0 }, "", fault.SSOUserAttributeMissing, "subject_missing", ""},
		{"a truth value as key", func(_ *testing.T, p *provider) { p.info["sub"] = true }, "", fault.SSOUserAttributeMissing, "subject_missing", ""},
		{"an endless key", func(_ *testing.T, p *provider) { p.info["sub"] = strings.Repeat("x", 256) }, "", fault.SSOUserAttributeMissing, "subject_missing", ""},
		{"no access token", func(_ *testing.T, p *provider) { p.answer = map[string]any{"access_token": nil} }, "", fault.OAuthFetchUserError, "no_access_token", ""},
		{"signed user information, which nothing can verify", func(t *testing.T, p *provider) {
			raw := goodToken(p.server.URL).sign(t)
			p.on("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/jwt")
				fmt.Fprint(w, raw)
			})
		}, "", fault.OAuthFetchUserError, "keys_unavailable", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			row.given(t, p)
			c := p.client()
			base := p.server.URL
			d := Provider{AuthorizationEndpoint: base + "/authorize", TokenEndpoint: base + "/token", UserInfoEndpoint: base + "/userinfo"}
			r, err := c.Redeem(t.Context(), testExchange(), Expect{Provider: d, ClientID: testClient, SubjectClaim: row.path})
			wantFault(t, err, row.code, row.reason)
			if row.code == "" && (r.Result.Identity.Subject != row.subject || r.Result.Identity.Email != "ada@acme.test" || r.Result.Identity.Issuer != "") {
				t.Errorf("got %+v", r.Result.Identity)
			}
			if r.Evidence.Token != nil && r.Evidence.Token.IDToken != "" || p.called("/keys") != 0 {
				t.Error("the ID token was read")
			}
		})
	}
}

// 1.2: GitHub Enterprise is OAuth 2.0 alone; its public address is nobody's word.
func TestRedeem_GitHubEnterprise(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, emails string
		email        string
		verified     Verified
		reason       string
	}{
		{"a verified primary address", `[{"email":"x@acme.test","primary":false,"verified":true},{"email":"ada@acme.test","primary":true,"verified":true}]`, "ada@acme.test", VerifiedYes, ""},
		{"an unverified primary address", `[{"email":"ada@acme.test","primary":true,"verified":false}]`, "ada@acme.test", VerifiedNo, ""},
		{"no primary address", `[{"email":"ada@acme.test","primary":"true","verified":true}]`, "", VerifiedUnsaid, ""},
		{"no addresses", `[]`, "", VerifiedUnsaid, ""},
		{"something else", `{"message":"Not Found"}`, "", "", "malformed"},
		{"a name twice", `[{"email":"a","email":"b"}]`, "", "", "malformed"},
		{"no permission", "", "", "", "unauthorized"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			d, err := GitHubEnterprise(p.server.URL)
			if err != nil {
				t.Fatal(err)
			}
			p.on("/login/oauth/access_token", func(w http.ResponseWriter, r *http.Request) {
				p.write(w, map[string]any{"access_token": testAccess, "token_type": "bearer", "scope": "read:user,user:email"})
			})
			p.on("/api/v3/user", func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"id":12345678901234567,"login":"ada","name":"Ada","email":"victim@acme.test"}`)
			})
			p.on("/api/v3/user/emails", func(w http.ResponseWriter, _ *http.Request) {
				if row.emails == "" {
					w.WriteHeader(http.StatusForbidden)
				}
				fmt.Fprint(w, row.emails)
			})
			c := p.client()
			r, err := c.Redeem(t.Context(), testExchange(), Expect{Provider: d, ClientID: testClient})
			if row.reason != "" {
				wantFault(t, err, fault.OAuthFetchUserError, row.reason)
				return
			}
			wantFault(t, err, "", "")
			i := r.Result.Identity
			if i.Subject != "12345678901234567" || i.Email != row.email || i.EmailVerified != row.verified {
				t.Errorf("got %+v", i)
			}
			if v, _ := i.Lookup("email"); v.Text != row.email {
				t.Errorf("Lookup finds the address %q", v.Text)
			}
			if v, _ := i.Lookup("name"); v.Text != "Ada" {
				t.Errorf("name: %+v", v)
			}
		})
	}
}
