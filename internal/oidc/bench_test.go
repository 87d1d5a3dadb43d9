package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// evidenceFor is a good sign-in by a key, as it is kept.
func evidenceFor(tb testing.TB, alg jose.SignatureAlgorithm, key any) (Evidence, Expect) {
	tb.Helper()
	k := goodToken("https://idp.test")
	k.alg, k.key = alg, key
	raw, err := json.Marshal(jwk(tb, key, map[string]any{"kid": "k1"}))
	if err != nil {
		tb.Fatal(err)
	}
	ev := Evidence{Answer: Answer{HasCode: true}, Token: &TokenAnswer{IDToken: k.sign(tb)}, Keys: &KeyEvidence{Keys: []json.RawMessage{raw}}}
	return ev, Expect{Now: noon(), ClientID: testClient, Nonce: testNonce, Provider: goodProvider()}
}

// The whole judgement of a sign-in: reading the key, signature, claims.
func BenchmarkJudge(b *testing.B) {
	s := testSigners()
	for _, bench := range []struct {
		alg jose.SignatureAlgorithm
		key any
	}{{jose.RS256, s.rsa}, {jose.ES256, s.p256}, {jose.EdDSA, s.ed}} {
		b.Run(string(bench.alg), func(b *testing.B) {
			ev, e := evidenceFor(b, bench.alg, bench.key)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Judge(ev, e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The form, the key and the signature of an ID token alone.
func BenchmarkVerifyIDToken(b *testing.B) {
	s := testSigners()
	for _, bench := range []struct {
		alg jose.SignatureAlgorithm
		key any
	}{{jose.RS256, s.rsa}, {jose.ES256, s.p256}} {
		b.Run(string(bench.alg), func(b *testing.B) {
			ev, _ := evidenceFor(b, bench.alg, bench.key)
			b.ReportAllocs()
			for b.Loop() {
				token, err := parseToken(ev.Token.IDToken)
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err := token.verify(ev.Keys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The cost of refusing the largest token that is read.
func BenchmarkJudge_LargestForgedToken(b *testing.B) {
	ev, e := evidenceFor(b, jose.RS256, testSigners().rsa)
	k := goodToken("https://idp.test")
	k.key = testSigners().rsa2
	k.claims["x"] = string(make([]byte, 6<<10)) // NULs are six bytes of JSON each
	ev.Token.IDToken = k.sign(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Judge(ev, e); err == nil {
			b.Fatal("accepted")
		}
	}
}

// The key sets of 1,000 connections, of two RSA keys each: bytes a set.
func BenchmarkKeySets_Memory(b *testing.B) {
	set, err := json.Marshal(map[string]any{"keys": []any{
		jwk(b, testSigners().rsa, map[string]any{"kid": "k1", "alg": "RS256", "use": "sig"}),
		jwk(b, testSigners().rsa2, map[string]any{"kid": "k2", "alg": "RS256", "use": "sig"}),
	}})
	if err != nil {
		b.Fatal(err)
	}
	const connections = 1000
	for b.Loop() {
		k := &KeySets{Now: noon}
		before := heap()
		for i := range connections {
			keys, err := parseKeySet(set)
			if err != nil {
				b.Fatal(err)
			}
			uri := fmt.Sprintf("https://idp%d.test/keys", i)
			s := k.set(uri)
			k.keep(uri, s, keys)
			s.freshTill = s.fetchedAt.Add(freshness(http.Header{}))
		}
		b.ReportMetric(float64(heap()-before)/connections, "heap-B/set")
		b.ReportMetric(float64(k.bytes)/connections, "counted-B/set")
		runtime.KeepAlive(k)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A key that is in the cache.
func BenchmarkKeySets_Find(b *testing.B) {
	k := &KeySets{Now: noon, sets: map[string]*keySet{}}
	keys, err := parseKeySet(encode(b, map[string]any{"keys": keySetOf(b)}))
	if err != nil {
		b.Fatal(err)
	}
	s := k.set("u")
	k.keep("u", s, keys)
	s.freshTill = noon().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if ev := k.find(b.Context(), "u", wantedKey{alg: "RS256", kid: "k1"}); len(ev.Keys) != 1 {
			b.Fatal("not found")
		}
	}
}
