package oidc

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// hand builds a token whose header and signature are free.
func hand(header, payload string, sign func(input string) []byte) string {
	input := b64(header) + "." + b64(payload)
	return input + "." + b64(string(sign(input)))
}

func hs256(key []byte) func(string) []byte {
	return func(input string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(input))
		return m.Sum(nil)
	}
}

func unsigned(string) []byte { return nil }

// claimsText is the good claims as JSON, with one string in place of another.
func claimsText(t *testing.T, p *provider, old, now string) []byte {
	t.Helper()
	text := string(encode(t, p.token.claims))
	if !strings.Contains(text, old) {
		t.Fatalf("%s lacks %s", text, old)
	}
	return []byte(strings.Replace(text, old, now, 1))
}

func TestRedeem_JudgesTheIDToken(t *testing.T) {
	t.Parallel()
	s := testSigners()
	set := func(name string, value any) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) { p.token.claims[name] = value }
	}
	drop := func(name string) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) { delete(p.token.claims, name) }
	}
	text := func(old, now string) func(*testing.T, *provider) {
		return func(t *testing.T, p *provider) { p.token.payload = claimsText(t, p, old, now) }
	}
	header := func(name string, value any) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) { p.token.header[name] = value }
	}
	raw := func(h string, sign func(string) []byte) func(*testing.T, *provider) {
		return func(t *testing.T, p *provider) { p.token.raw = hand(h, string(encode(t, p.token.claims)), sign) }
	}
	key := func(alg jose.SignatureAlgorithm, signer any, extra map[string]any) func(*testing.T, *provider) {
		return func(t *testing.T, p *provider) {
			p.token.alg, p.token.key = alg, signer
			e := map[string]any{"kid": "k1"}
			for n, v := range extra {
				e[n] = v
			}
			p.keys = []map[string]any{jwk(t, signer, e)}
		}
	}
	now := noon()
	rows := []struct {
		name   string
		given  func(*testing.T, *provider)
		reason string // "": accepted
	}{
		{"T-RP-01, T-RP-08: a good token of RS256 is accepted", func(*testing.T, *provider) {}, ""},
		{"RS384", key(jose.RS384, s.rsa, nil), ""},
		{"RS512", key(jose.RS512, s.rsa, nil), ""},
		{"PS256", key(jose.PS256, s.rsa, nil), ""},
		{"ES256", key(jose.ES256, s.p256, nil), ""},
		{"ES384", key(jose.ES384, s.p384, nil), ""},
		{"ES512", key(jose.ES512, s.p521, nil), ""},
		{"EdDSA", key(jose.EdDSA, s.ed, nil), ""},

		{"T-OIDC-09, T-RP-09: alg none", raw(`{"alg":"none"}`, unsigned), "alg"},
		{"T-OIDC-09: alg NonE", raw(`{"alg":"NonE","kid":"k1"}`, unsigned), "alg"},
		{"T-OIDC-09: no alg", raw(`{"kid":"k1"}`, unsigned), "alg"},
		{"T-OIDC-10: HS256 by the client secret", raw(`{"alg":"HS256"}`, hs256([]byte(testSecret))), "alg"},
		{"T-OIDC-10, T-RP-21: HS256 by the public key", raw(`{"alg":"HS256","kid":"k1"}`, hs256(pemOf(t))), "alg"},
		{"T-OIDC-10: HS256 by the text of the key set", raw(`{"alg":"HS256","kid":"k1"}`, hs256(encode(t, keySetOf(t)))), "alg"},
		{"T-OIDC-11: the key is for encryption", key(jose.RS256, s.rsa, map[string]any{"use": "enc"}), "key"},
		{"T-OIDC-11: the key does not verify", key(jose.RS256, s.rsa, map[string]any{"key_ops": []string{"encrypt"}}), "key"},
		{"T-OIDC-11: a key that verifies", key(jose.RS256, s.rsa, map[string]any{"key_ops": []string{"verify"}}), ""},
		{"T-OIDC-11: the key is for another algorithm", key(jose.RS256, s.rsa, map[string]any{"alg": "PS256"}), "key"},
		{"T-OIDC-11: an RSA key under 2048 bits", key(jose.RS256, s.weak, nil), "key"},
		{"T-OIDC-11: a key of another kind", func(t *testing.T, p *provider) {
			p.keys = []map[string]any{jwk(t, s.p256, map[string]any{"kid": "k1"})}
		}, "key"},
		{"T-OIDC-11: a key on another curve", func(t *testing.T, p *provider) {
			p.token.alg, p.token.key = jose.ES256, s.p256
			p.keys = []map[string]any{jwk(t, s.p384, map[string]any{"kid": "k1"})}
		}, "key"},
		{"T-OIDC-11: an Ed25519 key for RS256", func(t *testing.T, p *provider) {
			p.keys = []map[string]any{jwk(t, s.ed, map[string]any{"kid": "k1"})}
		}, "key"},
		{"T-OIDC-11: a key of a kind that nobody knows", func(_ *testing.T, p *provider) { p.keys = []map[string]any{{"kty": "new", "kid": "k1"}} }, "key"},
		{"T-OIDC-11: RSA of 16384 bits", func(_ *testing.T, p *provider) {
			p.keys[0]["n"] = b64("\xff" + strings.Repeat("\x01", 2047))
		}, "key"},
		{"T-OIDC-11: a symmetric key", func(_ *testing.T, p *provider) {
			p.keys = []map[string]any{{"kty": "oct", "k": b64(testSecret), "kid": "k1"}}
		}, "kid_unknown"},
		{"T-OIDC-12: a key in the header", func(t *testing.T, p *provider) {
			p.token.key = s.rsa2
			p.token.header["jwk"] = jwk(t, s.rsa2, nil)
		}, "signature"},
		{"T-OIDC-12: addresses of keys in the header", func(_ *testing.T, p *provider) {
			p.token.key = s.rsa2
			p.token.header["jku"], p.token.header["x5u"] = p.server.URL+"/evil", p.server.URL+"/evil"
		}, "signature"},
		{"T-OIDC-12: an unknown critical header", header("crit", []string{"exp"}), "header"},
		{"T-OIDC-12: an empty crit", header("crit", []string{}), "header"},
		{"T-OIDC-12: b64 false", func(t *testing.T, p *provider) {
			p.token.raw = hand(`{"alg":"RS256","kid":"k1","b64":false}`, string(encode(t, p.token.claims)), unsigned)
		}, "header"},
		{"T-OIDC-12: another kind of token", header("typ", "at+jwt"), "header"},
		{"typ JWT", header("typ", "JWT"), ""},
		{"T-OIDC-13: five parts", func(_ *testing.T, p *provider) { p.token.raw = b64(`{"alg":"dir","enc":"A256GCM"}`) + "..a.b.c" }, "encrypted"},
		{"T-OIDC-13: a token in a token", header("cty", "JWT"), "encrypted"},
		{"T-OIDC-13: two parts", func(_ *testing.T, p *provider) { p.token.raw = "a.b" }, "malformed"},
		{"T-OIDC-13: padded base64", func(t *testing.T, p *provider) { p.token.raw = strings.Replace(p.token.sign(t), ".", "=.", 1) }, "malformed"},
		{"T-OIDC-13: a line break in it", func(t *testing.T, p *provider) { p.token.raw = p.token.sign(t) + "\n" }, "malformed"},
		{"T-OIDC-13: bits that stand for nothing", func(t *testing.T, p *provider) {
			r := p.token.sign(t) // 256 bytes are 342 characters, the last of which has four bits to spare
			p.token.raw = r[:len(r)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", r[len(r)-1])|1])
		}, "malformed"},
		{"T-OIDC-13: the header is no JSON", raw("alg", unsigned), "malformed"},
		{"T-OIDC-13: kid is a number", raw(`{"alg":"RS256","kid":1}`, unsigned), "malformed"},
		{"T-OIDC-13: enc in a signed token's header", raw(`{"alg":"RS256","enc":"A256GCM"}`, unsigned), "encrypted"},
		{"T-OIDC-13: JSON serialization", func(_ *testing.T, p *provider) { p.token.raw = `{"payload":"e30"}` }, "malformed"},
		{"T-DOS-07: thousands of dots", func(_ *testing.T, p *provider) { p.token.raw = strings.Repeat(".", 20_000) }, "malformed"},
		{"T-DOS-07: over 64 KiB", func(_ *testing.T, p *provider) { p.token.claims["x"] = strings.Repeat("x", maxToken) }, "too_large"},
		{"T-RP-10: a bad signature", func(t *testing.T, p *provider) {
			r := p.token.sign(t)
			c := "A"
			if r[len(r)-20] == 'A' {
				c = "B"
			}
			p.token.raw = r[:len(r)-20] + c + r[len(r)-19:]
		}, "signature"},
		{"T-RP-10: another content", func(t *testing.T, p *provider) {
			parts := strings.Split(p.token.sign(t), ".")
			parts[1] = b64(string(claimsText(t, p, "u-1", "u-2")))
			p.token.raw = strings.Join(parts, ".")
		}, "signature"},
		{"T-RP-21: a bad ES256 signature", func(t *testing.T, p *provider) {
			key(jose.ES256, s.p256, nil)(t, p)
			r := p.token.sign(t)
			p.token.raw = r[:len(r)-86] + b64(strings.Repeat("\x01", 64))
		}, "signature"},
		{"T-OIDC-11: an ES256 signature of zeros", func(t *testing.T, p *provider) {
			key(jose.ES256, s.p256, nil)(t, p)
			r := p.token.sign(t)
			p.token.raw = r[:len(r)-86] + b64(strings.Repeat("\x00", 64))
		}, "signature"},

		{"T-RP-02: another issuer", set("iss", "https://evil.test"), "iss"},
		{"T-OIDC-14: the issuer with a slash", func(_ *testing.T, p *provider) { p.token.claims["iss"] = p.server.URL + "/" }, "iss"},
		{"T-OIDC-14: the issuer in other letters", func(_ *testing.T, p *provider) {
			p.token.claims["iss"] = strings.Replace(p.server.URL, "http", "HTTP", 1)
		}, "iss"},
		{"T-OIDC-14: the issuer by another scheme", func(_ *testing.T, p *provider) {
			p.token.claims["iss"] = strings.Replace(p.server.URL, "http", "https", 1)
		}, "iss"},
		{"T-OIDC-14: no issuer", drop("iss"), "iss"},
		{"T-RP-03, T-OIDC-18: no sub", drop("sub"), "sub"},
		{"T-OIDC-18: an empty sub", set("sub", ""), "sub"},
		{"T-OIDC-18: a number as sub", set("sub", 17), "sub"},
		{"T-OIDC-18: a sub of 256 characters", set("sub", strings.Repeat("x", 256)), "sub"},
		{"T-OIDC-18: a sub of 255 characters", set("sub", strings.Repeat("x", 255)), ""},
		{"T-RP-04: another audience", set("aud", "other"), "aud"},
		{"T-RP-20, T-OIDC-15: no audience", drop("aud"), "aud"},
		{"T-OIDC-15: an empty list of audiences", set("aud", []string{}), "aud"},
		{"T-OIDC-15: the audience in other letters", set("aud", "Usher client"), "aud"},
		{"T-OIDC-15: a list of one audience", set("aud", []string{testClient}), ""},
		{"T-OIDC-15: several audiences without azp", set("aud", []string{testClient, "other"}), "aud"},
		{"T-OIDC-15: several audiences with azp", func(_ *testing.T, p *provider) {
			p.token.claims["aud"], p.token.claims["azp"] = []string{testClient, "other"}, testClient
		}, ""},
		{"T-OIDC-15: azp is another", set("azp", "other"), "aud"},
		{"T-OIDC-15: a number among the audiences", func(_ *testing.T, p *provider) {
			p.token.claims["aud"], p.token.claims["azp"] = []any{testClient, 1}, testClient
		}, "aud"},
		{"T-OIDC-16: expired by more than the skew", set("exp", now.Add(-2*time.Minute).Unix()), "time"},
		{"T-OIDC-16: expired within the skew", set("exp", now.Add(-119*time.Second).Unix()), ""},
		{"T-OIDC-16: no exp", drop("exp"), "time"},
		{"T-RP-05, T-OIDC-16: no iat", drop("iat"), "time"},
		{"T-OIDC-16: iat in the future", set("iat", now.Add(121*time.Second).Unix()), "time"},
		{"T-OIDC-16: iat in the future within the skew", set("iat", now.Add(120*time.Second).Unix()), ""},
		{"T-OIDC-16: nbf in the future", set("nbf", now.Add(121*time.Second).Unix()), "time"},
		{"T-OIDC-16: nbf has come", set("nbf", now.Unix()), ""},
		{"T-OIDC-16: nbf as text", set("nbf", "soon"), "time"},
		{"T-OIDC-16: iat as a float", set("iat", float64(now.Unix())+0.5), "time"},
		{"T-OIDC-16: exp beyond the year 9999", set("exp", int64(maxSeconds)+1), "time"},
		{"T-OIDC-16: exp as text", set("exp", fmt.Sprint(now.Add(time.Hour).Unix())), "time"},
		{"T-OIDC-16: exp as a float", text(`"exp":`+fmt.Sprint(now.Add(time.Hour).Unix()), `"exp":1.9e9`), "time"},
		{"T-OIDC-16: exp is negative", set("exp", -1), "time"},
		{"T-OIDC-16: exp is 1e300", text(`"exp":`+fmt.Sprint(now.Add(time.Hour).Unix()), `"exp":1e300`), "time"},
		{"T-OIDC-16: exp overflows", text(`"exp":`+fmt.Sprint(now.Add(time.Hour).Unix()), `"exp":9223372036854775807`), "time"},
		{"T-OIDC-16: exp is null", set("exp", nil), "time"},
		{"T-RP-12, T-OIDC-17: another nonce", set("nonce", "other"), "nonce"},
		{"T-OIDC-17: no nonce", drop("nonce"), "nonce"},
		{"T-OIDC-17: at_hash is right", set("at_hash", leftHash("RS256", testAccess)), ""},
		{"T-OIDC-17: at_hash is another token's", set("at_hash", leftHash("RS256", "other")), "at_hash"},
		{"T-OIDC-17: at_hash is empty, and no access token came", func(_ *testing.T, p *provider) {
			p.token.claims["at_hash"], p.answer = "", map[string]any{"access_token": nil}
		}, "at_hash"},
		{"T-OIDC-17: at_hash is null", set("at_hash", nil), "at_hash"},
		{"T-OIDC-19: a member twice", text(`"sub":"u-1"`, `"sub":"u-1","sub":"u-2"`), "malformed"},
		{"T-OIDC-19: a member twice, once escaped", text(`"sub":"u-1"`, `"sub":"u-1","\u0073ub":"u-2"`), "malformed"},
		{"T-OIDC-19: a member twice, deep inside", text(`"sub":"u-1"`, `"sub":"u-1","x":[{"a":1,"a":2}]`), "malformed"},
		{"T-OIDC-19: sub in other letters", text(`"sub":"u-1"`, `"Sub":"u-1"`), "sub"},
		{"T-OIDC-19: SUB beside sub is another claim", text(`"sub":"u-1"`, `"sub":"u-1","SUB":"u-2"`), ""},
		{"T-OIDC-19: half a surrogate pair", text(`"sub":"u-1"`, `"sub":"\ud800"`), "malformed"},
		{"T-OIDC-19: NUL in text", text(`"sub":"u-1"`, `"sub":"u\u0000"`), "malformed"},
		{"T-OIDC-19: something follows", text(`"u-1"}`, `"u-1"}{}`), "malformed"},
		{"T-OIDC-19: not an object", func(_ *testing.T, p *provider) { p.token.payload = []byte(`["iss"]`) }, "malformed"},
		{"T-OIDC-19: the header has a member twice", raw(`{"alg":"RS256","alg":"none","kid":"k1"}`, unsigned), "malformed"},
		{"T-OIDC-19: Alg is not alg", raw(`{"Alg":"RS256","kid":"k1"}`, unsigned), "alg"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			row.given(t, p)
			r, err := p.redeem()
			wantTEE(t, r, err, row.reason)
			if (r.Tokens != Tokens{}) != (row.reason == "") {
				t.Errorf("tokens: %+v", r.Tokens)
			}
			if row.reason == "" && r.Result.Identity.Email != "ada@acme.test" {
				t.Errorf("got %+v", r.Result.Identity)
			}
			if n := p.called("/evil"); n != 0 {
				t.Error("an address in the header was called")
			}
		})
	}
}

func pemOf(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(testSigners().rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Every at_hash algorithm, against the specification's own example (OpenID
// Connect Core, appendix A.3) and by the length of the hash.
func TestLeftHash_IsHalfOfTheAlgorithmsHash(t *testing.T) {
	t.Parallel()
	if got, want := leftHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for alg, h := range map[string]crypto.Hash{"PS384": crypto.SHA384, "ES512": crypto.SHA512, "EdDSA": crypto.SHA512} {
		if got, want := len(leftHash(alg, "x")), len(b64(strings.Repeat("x", h.Size()/2))); got != want {
			t.Errorf("%s: %d characters, want %d", alg, got, want)
		}
	}
	if got := leftHash("RS256", ""); got != "" {
		t.Errorf("without a token: %q", got)
	}
}

func TestRedeem_TakesClockDriftAsConfigured(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.token.claims["exp"] = noon().Add(-time.Second).Unix()
	c := p.client()
	e := p.expect(c)
	e.Skew = -1
	r, err := c.Redeem(t.Context(), testExchange(), e)
	wantTEE(t, r, err, "time")
	p.token.claims["exp"] = noon().Add(-4 * time.Minute).Unix()
	e.Skew = 5 * time.Minute
	r, err = c.Redeem(t.Context(), testExchange(), e)
	wantTEE(t, r, err, "")
}

// A setting that is missing opens no door.
func TestJudge_RefusesWhereNothingIsExpected(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(*Expect){
		"aud":   func(e *Expect) { e.ClientID = "" },
		"nonce": func(e *Expect) { e.Nonce = "" },
	} {
		p := newProvider(t)
		c := p.client()
		e := p.expect(c)
		change(&e)
		p.token.claims["aud"], p.token.claims["nonce"] = e.ClientID, e.Nonce
		r, err := c.Redeem(t.Context(), testExchange(), e)
		wantTEE(t, r, err, reason)
	}
	if got := (Provider{}).namesIssuer(""); got {
		t.Error("an empty issuer is nobody's")
	}
}

// T-OIDC-16: a time that is no time is refused also when evidence is looked at
// without a clock.
func TestJudge_ReadsTimesWithoutAClock(t *testing.T) {
	t.Parallel()
	for _, exp := range []any{"soon", 1.5, -1, 1e300, nil, int64(maxSeconds) + 1} {
		p := newProvider(t)
		p.token.claims["exp"] = exp
		c := p.client()
		e := p.expect(c)
		e.Skip.Time = true
		r, err := c.Redeem(t.Context(), testExchange(), e)
		wantTEE(t, r, err, "time")
	}
}

// Evidence can be kept, holds no secret, and is judged again with the same end.
func TestJudge_AgainFromKeptEvidence(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.token.claims["at_hash"] = leftHash("RS256", testAccess)
	c := p.client()
	e := p.expect(c)
	e.Claims = []string{"family_name"}
	first, err := c.Redeem(t.Context(), testExchange(), e)
	wantFault(t, err, "", "")
	kept := encode(t, first.Evidence)
	for _, secret := range []string{testSecret, testCode, testAccess, testRefresh, testExchange().Verifier} {
		if strings.Contains(string(kept), secret) || strings.Contains(string(encode(t, first)), secret) {
			t.Errorf("the evidence holds %q: %s", secret, kept)
		}
	}
	var ev Evidence
	if err := json.Unmarshal(kept, &ev); err != nil {
		t.Fatal(err)
	}
	again, err := Judge(ev, e)
	wantFault(t, err, "", "")
	if got, want := string(encode(t, again)), string(encode(t, first.Result)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e.Now = noon().Add(2 * time.Hour)
	_, err = Judge(ev, e)
	wantFault(t, err, "oauth_token_exchange_error", "time")
	e.Skip = Skip{Time: true, Nonce: true}
	e.Nonce = ""
	_, err = Judge(ev, e)
	wantFault(t, err, "", "")
	e = Expect{Provider: e.Provider, ClientID: testClient, Nonce: testNonce} // the time of the evidence
	_, err = Judge(ev, e)
	wantFault(t, err, "", "")
	var back Identity
	if err := json.Unmarshal(encode(t, first.Result.Identity), &back); err != nil {
		t.Fatal(err)
	}
	if v, ok := back.Lookup("family_name"); !ok || v.Text != "Lovelace" {
		t.Errorf("a kept identity has family_name %+v", v)
	}
}

// The first failed check is the last, and the order is part of the promise.
func TestResult_ChecksAreInOrder(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.token.claims["at_hash"] = leftHash("RS256", testAccess)
	p.token.claims["nbf"] = noon().Unix()
	c := p.client()
	e := p.expect(c)
	e.Claims = []string{"family_name"}
	e.Provider.IssuerInAnswer = true
	x := testExchange()
	x.Answer.Issuer = p.server.URL
	r, err := c.Redeem(t.Context(), x, e)
	wantFault(t, err, "", "")
	var names []string
	for _, check := range r.Result.Checks {
		names = append(names, check.Name)
		if !check.Passed || check.Plain == "" || check.Fix != "" {
			t.Errorf("of a good sign-in: %+v", check)
		}
	}
	want := "answer_issuer answer token_answer id_token algorithm keys signature claims issuer audience " +
		"expires issued_at not_before nonce access_token_hash subject user_info user_info_subject"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
