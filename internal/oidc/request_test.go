package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"usher/internal/fault"
)

func goodRequest() Request {
	return Request{ClientID: testClient, RedirectURI: testRedirect, State: "state-1", Nonce: "nonce-1", Verifier: "verifier-1"}
}

func goodProvider() Provider {
	return Provider{
		Issuer: "https://idp.test", JWKSURI: "https://idp.test/keys",
		AuthorizationEndpoint: "https://idp.test/authorize?realm=a%26b&state=theirs", TokenEndpoint: "https://idp.test/token",
	}
}

func query(t *testing.T, r Request, p Provider) url.Values {
	t.Helper()
	raw, err := r.URL(p)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range q {
		if len(values) != 1 {
			t.Errorf("%s occurs %d times", name, len(values))
		}
	}
	return q
}

// T-OIDC-08, T-RP-23: PKCE by S256 and a nonce are always sent.
func TestRequest_URLHasStateNonceAndPKCE(t *testing.T) {
	t.Parallel()
	q := query(t, goodRequest(), goodProvider())
	sum := sha256.Sum256([]byte("verifier-1"))
	for name, want := range map[string]string{
		"response_type": "code", "client_id": testClient, "redirect_uri": testRedirect, "scope": "openid email profile",
		"state": "state-1", "nonce": "nonce-1", "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "realm": "a&b",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if q.Has("prompt") || q.Has("login_hint") || q.Has("response_mode") || q.Has("hd") || q.Has("code_verifier") {
		t.Errorf("too much: %v", q)
	}
	without := goodRequest()
	without.Verifier = ""
	if _, err := without.URL(goodProvider()); !fault.Is(err, fault.FormParamMissing) {
		t.Errorf("without a verifier: %v", err)
	}
}

// T-OIDC-31: every value is encoded once.
func TestRequest_NoValueAddsAParameter(t *testing.T) {
	t.Parallel()
	const evil = "a&client_id=evil#x=%26 +\r\nb;é"
	r := goodRequest()
	r.LoginHint, r.State, r.RedirectURI, r.DomainHint = evil, evil, evil, evil
	q := query(t, r, googleElsewhere())
	for _, name := range []string{"login_hint", "state", "redirect_uri", "hd"} {
		if got := q.Get(name); got != evil {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if q.Get("client_id") != testClient {
		t.Errorf("client_id: got %q", q.Get("client_id"))
	}
	for _, scope := range []string{"a b", "", "a\"b", "a\\b", "ä", "a\n"} {
		r := goodRequest()
		r.Scopes = []string{scope}
		if _, err := r.URL(goodProvider()); !fault.Is(err, fault.FormParamValueInvalid) {
			t.Errorf("the scope %q is sent", scope)
		}
	}
}

// googleElsewhere is Google, at another address than its own.
func googleElsewhere() Provider {
	p := Google()
	p.AuthorizationEndpoint = "https://idp.test/authorize"
	return p
}

// T-OIDC-31, 1.82.
func TestParsePrompts(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"": true, "none": true, "login": true, "consent": true, "select_account": true, "login consent": true, " login ": true,
		"none login": false, "create": false, "LOGIN": false, "login login": false, "login&x=1": false, "login,consent": false,
	} {
		prompts, err := ParsePrompts(text)
		if (err == nil) != good {
			t.Errorf("%q: got %v", text, err)
		}
		r := goodRequest()
		r.Prompts = prompts
		if _, err := r.URL(goodProvider()); (err == nil) != good {
			t.Errorf("%q in a request: got %v", text, err)
		}
	}
}

func TestRequest_ProvidersOwnWays(t *testing.T) {
	t.Parallel()
	github, err := GitHubEnterprise("https://github.acme.test")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]struct {
		provider Provider
		want     url.Values
	}{
		"Google":    {Google(), url.Values{"hd": {"acme.test"}, "access_type": {"offline"}, "scope": {"openid email profile"}}},
		"Microsoft": {Microsoft(), url.Values{"domain_hint": {"acme.test"}, "access_type": nil, "scope": {"openid email profile offline_access"}}},
		"GitHub":    {github, url.Values{"hd": nil, "domain_hint": nil, "scope": {"read:user user:email"}}},
		"any other": {goodProvider(), url.Values{"hd": nil, "domain_hint": nil, "access_type": nil, "scope": {"openid email profile"}}},
	}
	for name, row := range rows {
		r := goodRequest()
		r.DomainHint, r.Offline, r.ResponseMode = "acme.test", true, ResponseModeFormPost
		q := query(t, r, row.provider)
		for param, want := range row.want {
			if got := q[param]; strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s: %s is %q, want %q", name, param, got, want)
			}
		}
		if q.Get("response_mode") != "form_post" {
			t.Errorf("%s: response_mode is %q", name, q.Get("response_mode"))
		}
	}
	r := goodRequest()
	r.Scopes, r.ResponseMode = []string{"email"}, "fragment"
	if _, err := r.URL(goodProvider()); !fault.Is(err, fault.FormParamValueInvalid) {
		t.Errorf("response_mode fragment: %v", err)
	}
	r.ResponseMode = ""
	if got := query(t, r, goodProvider()).Get("scope"); got != "openid email" {
		t.Errorf("openid is left out: %q", got)
	}
}

func TestNewState_IsLongAndNew(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		for _, s := range []string{NewState(), NewNonce(), NewVerifier()} {
			if len(s) != 43 || seen[s] { // 256 bits; a verifier has 43 characters at least: RFC 7636, section 4.1
				t.Fatalf("got %q", s)
			}
			seen[s] = true
		}
	}
}
