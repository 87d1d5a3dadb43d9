package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// rsaKey is the RSA test key under a kid.
func rsaKey(t testing.TB, kid string) map[string]any {
	t.Helper()
	return jwk(t, testSigners().rsa, map[string]any{"kid": kid})
}

// timed is a client whose clock the test sets.
func timed(p *provider) (*Client, *clock) {
	at := &clock{at: noon()}
	return NewClient(p.server.Client(), at.now), at
}

func TestRedeem_ChoosesTheKey(t *testing.T) {
	t.Parallel()
	s := testSigners()
	rows := []struct {
		name   string
		given  func(*testing.T, *provider)
		reason string
	}{
		{"T-RP-06: no kid, one key", func(t *testing.T, p *provider) {
			delete(p.token.header, "kid")
			p.keys = []map[string]any{jwk(t, s.rsa, nil)}
		}, ""},
		{"T-RP-07: no kid, several keys", func(t *testing.T, p *provider) {
			delete(p.token.header, "kid")
			p.keys = []map[string]any{jwk(t, s.p256, nil), jwk(t, s.rsa2, nil), jwk(t, s.weak, nil), rsaKey(t, "x")}
		}, ""},
		{"T-RP-07: no kid, and unfit keys take no place of fitting ones", func(t *testing.T, p *provider) {
			delete(p.token.header, "kid")
			p.keys = nil
			for range 20 {
				p.keys = append(p.keys, jwk(t, s.p256, nil))
			}
			p.keys = append(p.keys, rsaKey(t, "x"))
		}, ""},
		{"T-RP-07: no kid, and the key is the ninth", func(t *testing.T, p *provider) {
			delete(p.token.header, "kid")
			p.keys = nil
			for range maxTried {
				p.keys = append(p.keys, jwk(t, s.rsa2, nil))
			}
			p.keys = append(p.keys, rsaKey(t, "x"))
		}, "signature"},
		{"no kid and no fitting key", func(t *testing.T, p *provider) {
			delete(p.token.header, "kid")
			p.keys = []map[string]any{jwk(t, s.p256, nil)}
		}, "key"},
		{"T-OIDC-28: the same kid twice, both are tried", func(t *testing.T, p *provider) {
			p.keys = []map[string]any{jwk(t, s.rsa2, map[string]any{"kid": "k1"}), rsaKey(t, "k1")}
		}, ""},
		{"T-OIDC-28: the same kid for another kind of key", func(t *testing.T, p *provider) {
			p.keys = []map[string]any{jwk(t, s.p256, map[string]any{"kid": "k1"}), rsaKey(t, "k1")}
		}, ""},
		{"T-OIDC-28: a key published with its private part", func(t *testing.T, p *provider) {
			p.keys = []map[string]any{jwk(t, s.rsa, map[string]any{"kid": "k1", "d": "AQAB"})}
		}, "key"},
		{"T-OIDC-28: more than 100 keys", func(t *testing.T, p *provider) {
			for i := range maxKeys {
				p.keys = append(p.keys, rsaKey(t, fmt.Sprint("x", i)))
			}
		}, "keys_unavailable"},
		{"T-OIDC-28, T-DOS-07: over 256 KiB", func(_ *testing.T, p *provider) {
			p.keys[0]["x"] = strings.Repeat("x", maxDocument)
		}, "keys_unavailable"},
		{"T-OIDC-19: a member of the set twice", func(t *testing.T, p *provider) {
			set := string(encode(t, map[string]any{"keys": p.keys}))
			p.on("/keys", func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, strings.Replace(set, `"kid":"k1"`, `"kid":"k1","kid":"k2"`, 1))
			})
		}, "keys_unavailable"},
		{"T-OIDC-19: Keys is not keys", func(t *testing.T, p *provider) {
			p.on("/keys", func(w http.ResponseWriter, _ *http.Request) { p.write(w, map[string]any{"Keys": p.keys}) })
		}, "keys_unavailable"},
		{"keys that make no sense are left out", func(t *testing.T, p *provider) {
			p.keys = append(p.keys, map[string]any{"kty": "new", "kid": "n"}, map[string]any{"kty": "RSA", "n": 5, "kid": strings.Repeat("x", 1000)})
		}, ""},
		{"a key whose certificate is broken is judged by its numbers", func(_ *testing.T, p *provider) {
			p.keys[0]["x5c"], p.keys[0]["x5t"] = []string{"broken"}, "broken"
		}, ""},
		{"a point beside its curve", func(t *testing.T, p *provider) {
			p.token.alg, p.token.key = jose.ES256, s.p256
			p.keys = []map[string]any{jwk(t, s.p256, map[string]any{"kid": "k1", "x": b64(strings.Repeat("\x01", 32))})}
		}, "key"},
		{"T-DOS-07: an endless key is left out", func(_ *testing.T, p *provider) { p.keys[0]["alg"] = strings.Repeat("x", maxKeyBytes) }, "kid_unknown"},
		{"no keys", func(_ *testing.T, p *provider) { p.keys = []map[string]any{} }, "kid_unknown"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			row.given(t, p)
			r, err := p.redeem()
			wantTEE(t, r, err, row.reason)
		})
	}
}

// signIn redeems a token under a kid, by a key.
func (p *provider) signIn(c *Client, kid string, e Expect) error {
	p.t.Helper()
	p.mu.Lock()
	p.token.header["kid"] = kid
	p.mu.Unlock()
	e.Now = noon()
	_, err := c.Redeem(p.t.Context(), testExchange(), e)
	return err
}

// T-RP-16, T-RP-18, T-RP-19: a key that changes is found, and the set is fetched
// no more often than needed.
func TestKeySets_FollowARotation(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c, at := timed(p)
	e := p.expect(c)
	wantFault(t, p.signIn(c, "k1", e), "", "")
	wantFault(t, p.signIn(c, "k1", e), "", "")
	if n := p.called("/keys"); n != 1 {
		t.Errorf("two sign-ins fetched the set %d times", n)
	}
	at.add(time.Second)
	p.keys = []map[string]any{rsaKey(t, "k2")} // T-RP-18: just before signing
	wantFault(t, p.signIn(c, "k2", e), "", "")
	wantFault(t, p.signIn(c, "k2", e), "", "")
	if n := p.called("/keys"); n != 2 {
		t.Errorf("after the rotation the set was fetched %d times", n)
	}
	at.add(refetchPause)
	p.keys = []map[string]any{rsaKey(t, "k3")} // T-RP-19
	wantFault(t, p.signIn(c, "k3", e), "", "")
}

func TestKeySets_FollowARotationUnderTheSameKid(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c, _ := timed(p)
	e := p.expect(c)
	wantFault(t, p.signIn(c, "k1", e), "", "")
	p.token.key = testSigners().rsa2
	p.keys = []map[string]any{jwk(t, testSigners().rsa2, map[string]any{"kid": "k1"})}
	wantFault(t, p.signIn(c, "k1", e), "", "")
	if n := p.called("/keys"); n != 2 {
		t.Errorf("the set was fetched %d times", n)
	}
}

// T-OIDC-27: one refetch per 30 s, whatever is sent; unknown kids are remembered.
func TestKeySets_UnknownKidsDoNotMakeUsFetch(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c, at := timed(p)
	e := p.expect(c)
	wantFault(t, p.signIn(c, "k1", e), "", "")
	for i := range 50 {
		wantFault(t, p.signIn(c, fmt.Sprint("random", i), e), "oauth_token_exchange_error", "kid_unknown")
	}
	if n := p.called("/keys"); n != 2 {
		t.Errorf("fifty unknown kids: %d fetches", n)
	}
	at.add(refetchPause)
	wantFault(t, p.signIn(c, "random0", e), "oauth_token_exchange_error", "kid_unknown") // remembered
	if n := p.called("/keys"); n != 2 {
		t.Errorf("a kid that is known to be unknown: %d fetches", n)
	}
	wantFault(t, p.signIn(c, "another", e), "oauth_token_exchange_error", "kid_unknown")
	if n := p.called("/keys"); n != 3 {
		t.Errorf("a new kid after the pause: %d fetches", n)
	}
	at.add(forgetKeyID)
	p.keys = append(p.keys, rsaKey(t, "random0")) // published late
	wantFault(t, p.signIn(c, "random0", e), "", "")
	wantFault(t, p.signIn(c, "k1", e), "", "")
}

func TestKeySets_RememberAtMostSoManyUnknownKids(t *testing.T) {
	t.Parallel()
	s := &keySet{fetchedAt: noon(), freshTill: noon().Add(maxFresh)}
	for i := range 10 * maxUnknown {
		s.remember(wantedKey{kid: fmt.Sprint(i)}, noon())
	}
	if n := len(s.unknown); n > maxUnknown {
		t.Errorf("%d are remembered", n)
	}
}

// T-OPS-12: the last good set serves for 24 h while the provider is down.
func TestKeySets_KeepTheLastGoodSetWhileTheProviderIsDown(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]http.HandlerFunc{
		"an internal error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a page":            func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>maintenance") },
		"a broken set":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":{}}`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			c, at := timed(p)
			e := p.expect(c)
			wantFault(t, p.signIn(c, "k1", e), "", "")
			p.on("/keys", down)
			at.add(defaultFresh)
			for range 5 {
				r, err := c.Redeem(t.Context(), testExchange(), e)
				wantTEE(t, r, err, "")
				if len(r.Result.Warnings) != 1 {
					t.Errorf("got the warnings %q", r.Result.Warnings)
				}
			}
			if n := p.called("/keys"); n != 2 {
				t.Errorf("a provider that is down was asked %d times", n-1)
			}
			at.add(keepStale - defaultFresh - time.Minute)
			wantFault(t, p.signIn(c, "k1", e), "", "")
			at.add(time.Minute)
			wantFault(t, p.signIn(c, "k1", e), "oauth_token_exchange_error", "keys_unavailable")
			p.on("/keys", nil)
			at.add(retryPause)
			wantFault(t, p.signIn(c, "k1", e), "", "")
		})
	}
}

// T-OPS-12: many sign-ins at once are one fetch, and one that gives up does not
// stop it for the others.
func TestKeySets_OneFetchForAllWhoAsk(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c, _ := timed(p)
	arrived, release := make(chan struct{}), make(chan struct{})
	set := encode(t, map[string]any{"keys": p.keys})
	p.on("/keys", func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		w.Write(set)
	})
	uri, w := p.server.URL+"/keys", wantedKey{alg: "RS256", kid: "k1"}
	impatient, cancel := context.WithCancel(t.Context())
	var gaveUp, wg sync.WaitGroup
	gaveUp.Go(func() {
		if ev := c.Keys.find(impatient, uri, w); ev.Failure == nil || ev.Failure.Reason != "timeout" {
			t.Errorf("who gave up got %+v", ev)
		}
	})
	<-arrived
	for range 20 {
		wg.Go(func() {
			if ev := c.Keys.find(t.Context(), uri, w); len(ev.Keys) != 1 {
				t.Errorf("got %+v", ev)
			}
		})
	}
	cancel()
	gaveUp.Wait()
	close(release)
	wg.Wait()
	if n := p.called("/keys"); n != 1 { // a second one would have closed "arrived" twice
		t.Errorf("%d fetches", n)
	}
}

// What is kept with a sign-in are the keys that its token names, and why none is.
func TestKeySets_EvidenceHasTheNamedKeysAlone(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.keys = append(p.keys, rsaKey(t, "k2"))
	r, err := p.redeem()
	wantTEE(t, r, err, "")
	if k := r.Evidence.Keys; len(k.Keys) != 1 || len(k.Known) != 2 {
		t.Errorf("got %d keys of %q", len(k.Keys), k.Known)
	}
	p.token.header["kid"] = "k3"
	r, err = p.redeem()
	wantTEE(t, r, err, "kid_unknown")
	if last := r.Result.Checks[len(r.Result.Checks)-1]; last.Name != "keys" || last.Expected != "one of k1, k2" || last.Received != "k3" {
		t.Errorf("got %+v", last)
	}
}

func TestKeyEvidence_AddTakesEachKeyOnce(t *testing.T) {
	t.Parallel()
	ev := &KeyEvidence{Keys: []json.RawMessage{[]byte("1")}}
	ev.add(&KeyEvidence{Keys: []json.RawMessage{[]byte("1"), []byte("2")}})
	ev.add(&KeyEvidence{Failure: &Failure{Reason: "timeout"}})
	if len(ev.Keys) != 2 || ev.Failure != nil {
		t.Errorf("got %+v", ev)
	}
}

func TestFreshness_IsWhatTheProviderSaysWithinLimits(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"":                              defaultFresh,
		"max-age=1800":                  30 * time.Minute,
		"public, Max-Age=7200, no-idea": 2 * time.Hour,
		"max-age=1":                     minFresh,
		"max-age=99999999":              maxFresh,
		"max-age=99999999999999999999":  defaultFresh,
		"max-age=-5":                    minFresh,
		"no-store":                      minFresh,
		"max-age=7200, no-cache":        minFresh,
		"max-age=x":                     defaultFresh,
	} {
		if got := freshness(http.Header{"Cache-Control": {header}}); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}

func TestKeySets_AreBoundedInCountAndBytes(t *testing.T) {
	t.Parallel()
	k := &KeySets{Now: noon}
	big := []storedKey{{"k", make([]byte, 200<<10)}}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range maxSets + 10 {
		s := k.set(fmt.Sprint("https://idp.test/", i))
		s.usedAt = noon().Add(time.Duration(i) * time.Second)
		if i%20 == 0 { // 500 of 200 KiB are 100 MB
			k.keep(fmt.Sprint("https://idp.test/", i), s, big)
		}
	}
	total := 0
	for _, s := range k.sets {
		total += s.bytes
	}
	if len(k.sets) > maxSets || k.bytes > maxSetBytes || total != k.bytes {
		t.Errorf("%d sets, %d bytes, counted as %d", len(k.sets), total, k.bytes)
	}
	if _, kept := k.sets[fmt.Sprint("https://idp.test/", maxSets+9)]; !kept {
		t.Error("the latest one was dropped")
	}
	if _, kept := k.sets["https://idp.test/0"]; kept {
		t.Error("the oldest one was kept")
	}
}
