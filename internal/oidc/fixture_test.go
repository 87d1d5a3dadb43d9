package oidc

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/fault"
)

const (
	testClient   = "usher client" // the space shows how it is encoded
	testSecret   = "s3cret+/="
	testCode     = "code-0123456789"
	testAccess   = "access-0123456789"
	testRefresh  = "refresh-0123456789"
	testRedirect = "https://sso.acme.test/v1/oauth_callback"
	testNonce    = "nonce-0123456789"
)

func noon() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// signers are the keys of tests, made once: RSA keys take long.
type signers struct {
	rsa, rsa2, weak *rsa.PrivateKey
	p256, p384      *ecdsa.PrivateKey
	p521            *ecdsa.PrivateKey
	ed              ed25519.PrivateKey
}

var testSigners = sync.OnceValue(func() signers {
	var s signers
	s.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	s.rsa2, _ = rsa.GenerateKey(rand.Reader, 2048)
	s.weak, _ = rsa.GenerateKey(rand.Reader, 1024)
	s.p256, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.p384, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	s.p521, _ = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, s.ed, _ = ed25519.GenerateKey(rand.Reader)
	return s
})

// token is an ID token in the making.
type token struct {
	header  map[string]any // beside alg
	claims  map[string]any
	payload []byte // in place of the claims
	alg     jose.SignatureAlgorithm
	key     any
	raw     string // in place of all
}

func goodToken(issuer string) *token {
	return &token{
		header: map[string]any{"kid": "k1"},
		claims: map[string]any{
			"iss": issuer, "aud": testClient, "sub": "u-1", "nonce": testNonce,
			"iat": noon().Unix(), "exp": noon().Add(time.Hour).Unix(),
			"email": "ada@acme.test", "email_verified": true, "given_name": "Ada",
		},
		alg: jose.RS256,
		key: testSigners().rsa,
	}
}

func (k *token) sign(t testing.TB) string {
	t.Helper()
	if k.raw != "" {
		return k.raw
	}
	payload := k.payload
	if payload == nil {
		payload = encode(t, k.claims)
	}
	opts := &jose.SignerOptions{}
	for name, value := range k.header {
		opts = opts.WithHeader(jose.HeaderKey(name), value)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: k.key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// jwk writes a public key as providers publish it.
func jwk(t testing.TB, key any, extra map[string]any) map[string]any {
	t.Helper()
	private := jose.JSONWebKey{Key: key}
	public := private.Public()
	var o map[string]any
	if err := json.Unmarshal(encode(t, public), &o); err != nil {
		t.Fatal(err)
	}
	maps.Copy(o, extra)
	return o
}

// keySetOf is a set of the RSA key k1.
func keySetOf(t testing.TB) []map[string]any {
	t.Helper()
	return []map[string]any{jwk(t, testSigners().rsa, map[string]any{"kid": "k1", "alg": "RS256", "use": "sig"})}
}

// provider is an honest OpenID provider over real HTTP, which tests change
// before they use it. What it was asked is in calls and last.
type provider struct {
	t      testing.TB
	server *httptest.Server

	mu        sync.Mutex
	discovery map[string]any
	keys      []map[string]any
	token     *token
	answer    map[string]any // more members of the token answer, or nil values to take out
	info      map[string]any
	replace   map[string]http.HandlerFunc // by path
	calls     map[string]int
	last      map[string]*http.Request
	form      url.Values
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{t: t, calls: map[string]int{}, last: map[string]*http.Request{}, replace: map[string]http.HandlerFunc{}}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	base := p.server.URL
	p.discovery = map[string]any{
		"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
		"userinfo_endpoint": base + "/userinfo", "jwks_uri": base + "/keys", "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
	}
	p.keys = keySetOf(t)
	p.token = goodToken(base)
	p.info = map[string]any{"sub": "u-1", "email": "ada@acme.test", "email_verified": true, "family_name": "Lovelace"}
	return p
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.calls[r.URL.Path]++
	p.last[r.URL.Path] = r
	replaced := p.replace[r.URL.Path]
	p.mu.Unlock()
	if replaced != nil {
		replaced(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.write(w, p.discovery)
	case "/keys":
		p.write(w, map[string]any{"keys": p.keys})
	case "/token":
		body, _ := io.ReadAll(r.Body)
		p.form, _ = url.ParseQuery(string(body))
		a := map[string]any{"access_token": testAccess, "refresh_token": testRefresh, "token_type": "Bearer", "expires_in": 3600}
		if p.token != nil {
			a["id_token"] = p.token.sign(p.t)
		}
		for name, value := range p.answer {
			a[name] = value
			if value == nil {
				delete(a, name)
			}
		}
		p.write(w, a)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer "+testAccess || r.URL.RawQuery != "" || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.write(w, p.info)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (p *provider) write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(encode(p.t, v))
}

// on replaces an endpoint.
func (p *provider) on(path string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replace[path] = h
}

func (p *provider) called(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (p *provider) client() *Client { return NewClient(p.server.Client(), noon) }

// described is the provider as its discovery document says.
func (p *provider) described(c *Client) Provider {
	p.t.Helper()
	d, err := c.Discover(p.t.Context(), DiscoveryURL(p.server.URL))
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *provider) expect(c *Client) Expect {
	p.t.Helper()
	return Expect{Now: noon(), Provider: p.described(c), ClientID: testClient, Nonce: testNonce}
}

func testExchange() Exchange {
	return Exchange{
		Answer:       Answer{State: "s", Code: testCode, HasCode: true},
		ClientSecret: testSecret, RedirectURI: testRedirect, Verifier: "verifier-0123456789",
	}
}

// redeem runs a whole sign-in at the provider.
func (p *provider) redeem() (Redeemed, error) {
	p.t.Helper()
	c := p.client()
	return c.Redeem(p.t.Context(), testExchange(), p.expect(c))
}

// wantFault compares an error with a code and a reason; "" is no error.
func wantFault(t *testing.T, err error, code fault.Code, reason string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("got %v, want no error", err)
		}
		return
	}
	if got := fault.From(err); err == nil || got.Code() != code || got.Reason() != reason {
		t.Fatalf("got %v, want %s (%s)", err, code, reason)
	}
}

// wantTEE wants the refusal of a token, and nobody.
func wantTEE(t *testing.T, r Redeemed, err error, reason string) {
	t.Helper()
	if reason == "" {
		wantFault(t, err, "", "")
		if r.Result.Identity == nil {
			t.Fatal("got nobody")
		}
		return
	}
	wantFault(t, err, fault.OAuthTokenExchangeError, reason)
	if r.Result.Identity != nil {
		t.Fatalf("refused, and still got %+v", r.Result.Identity)
	}
	last := r.Result.Checks[len(r.Result.Checks)-1]
	if last.Passed || last.Plain == "" || last.Fix == "" {
		t.Errorf("the last check does not explain: %+v", last)
	}
}
