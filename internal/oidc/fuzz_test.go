package oidc

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"usher/internal/fault"
)

// T-OIDC-19: what the strict reader takes, encoding/json takes too and reads as
// the same; and it can be written and read once more.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",null,true,{"b":1e3}]}`, `{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\ud800"`, `[`, ``, `5 `, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := parseJSON(raw)
		if err != nil {
			if reasonOf(err) == "" {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		var other any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&other); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		first := encode(t, v)
		if second := encode(t, other); !bytes.Equal(first, second) {
			t.Errorf("read as %s, by encoding/json as %s", first, second)
		}
	})
}

func FuzzParseDiscovery(f *testing.F) {
	f.Add(encode(f, goodDiscovery()), "https://idp.test/realm")
	f.Add([]byte(`{"issuer":"https://idp.test"}`), "https://idp.test")
	f.Fuzz(func(t *testing.T, raw []byte, issuer string) {
		from := DiscoveryURL(issuer)
		p, err := ParseDiscovery(raw, from)
		if err != nil {
			if fault.From(err).Status() != 422 {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if p.Validate() != nil || DiscoveryURL(p.Issuer) != strings.Split(from, "?")[0] {
			t.Errorf("taken: %+v", p)
		}
		if _, err := goodRequest().URL(p); err != nil {
			t.Errorf("no request can be made: %v", err)
		}
	})
}

func FuzzParseKeySet(f *testing.F) {
	f.Add(encode(f, map[string]any{"keys": keySetOf(f)}), "RS256")
	f.Add(encode(f, map[string]any{"keys": []any{jwk(f, testSigners().p256, nil), jwk(f, testSigners().ed, nil)}}), "ES256")
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AQ","e":"AQAB","d":"AQ"}]}`), "EdDSA")
	f.Fuzz(func(t *testing.T, raw []byte, alg string) {
		keys, err := parseKeySet(raw)
		if err != nil {
			return
		}
		for _, k := range keys {
			if bytes.Contains(k.raw, []byte(`"oct"`)) && json.Valid(k.raw) && strings.Contains(string(k.raw), `"kty":"oct"`) {
				t.Errorf("a symmetric key is kept: %s", k.raw)
			}
			parsed, err := parseKey(k.raw)
			if err == nil && parsed.fits(alg) == nil && !isAllowed(alg) {
				t.Errorf("a key fits %q", alg)
			}
		}
	})
}

// Whatever arrives as an ID token is refused with a reason, or says what was
// signed.
func FuzzJudgeIDToken(f *testing.F) {
	const issuer = "https://idp.test"
	keys, err := parseKeySet(encode(f, map[string]any{"keys": keySetOf(f)}))
	if err != nil {
		f.Fatal(err)
	}
	good := goodToken(issuer).sign(f)
	f.Add(good)
	f.Add(hand(`{"alg":"none"}`, `{"sub":"u-2"}`, unsigned))
	f.Add("a.b.c.d.e")
	e := Expect{Now: noon(), ClientID: testClient, Nonce: testNonce, Provider: goodProvider()}
	f.Fuzz(func(t *testing.T, raw string) {
		ev := Evidence{Answer: Answer{HasCode: true}, Token: &TokenAnswer{IDToken: raw}, Keys: &KeyEvidence{Keys: []json.RawMessage{keys[0].raw}}}
		r, err := Judge(ev, e)
		if err != nil {
			if fault.From(err).Reason() == "" || r.Identity != nil {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		if r.Identity.Subject != "u-1" || raw != good {
			t.Errorf("accepted what nobody signed: %s", raw)
		}
	})
}

func FuzzJudgeUserInfo(f *testing.F) {
	f.Add([]byte(`{"sub":"u-1","email":"ada@acme.test"}`), "application/json")
	f.Add([]byte(goodToken("https://idp.test").sign(f)), "application/jwt")
	e := Expect{Now: noon(), ClientID: testClient, Provider: Provider{UserInfoEndpoint: "https://idp.test/u"}}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		ev := Evidence{Answer: Answer{HasCode: true}, Token: &TokenAnswer{}, UserInfo: &Document{ContentType: contentType, Body: body}}
		r, err := Judge(ev, e)
		if err != nil {
			if fault.From(err).Reason() == "" || r.Identity != nil {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		if n := len(r.Identity.Subject); n == 0 || n > maxSubject {
			t.Errorf("accepted the subject %q", r.Identity.Subject)
		}
		r.Identity.Lookup(r.Identity.Subject)
	})
}

func FuzzParseAnswer(f *testing.F) {
	f.Add("state=s&code=c&iss=https%3A%2F%2Fidp.test")
	f.Add("state=s&error=access_denied&error_description=x")
	f.Add("state=s&state=t")
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, err := ParseAnswer(form)
		if err != nil {
			if fault.From(err).Reason() == "" {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		if a.State == "" || len(a.State) > maxState || len(a.ErrorDescription) > maxReceived+len("…") {
			t.Errorf("taken: %+v", a)
		}
	})
}
