package practice

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
)

// maxKeysShown is how many keys the provider that publishes too many does. Ours.
const maxKeysShown = 10_000

// changedKeys changes what is published.
func changedKeys(change func(*reply, []jwkKey) []jwkKey) func(*reply) {
	return func(r *reply) {
		if published, ok := r.body["keys"].([]jwkKey); ok {
			r.body["keys"] = change(r, published)
		}
	}
}

// eachKey changes every key that is published.
func eachKey(change func(jwkKey)) func(*reply) {
	return changedKeys(func(_ *reply, published []jwkKey) []jwkKey {
		for _, k := range published {
			change(k)
		}
		return published
	})
}

// keySetRows change what is published. No client asks for keys on behalf of
// one sign-in, so these hold for everybody for a while, and the keys get other
// names, so that clients look.
func keySetRows() []oidcRow {
	rows := append(keyListRows(), oddKeyRows()...)
	for n := range rows {
		rows[n].threat, rows[n].renames, rows[n].at = "T-OIDC-28", true, atJWKS
	}
	return rows
}

func keyListRows() []oidcRow {
	return []oidcRow{
		{
			name: "jwks-down", want: wantExchange, says: "Publishes no keys: 503.",
			reply: func(r *reply) { r.say(http.StatusServiceUnavailable, "text/plain", "Come back later.") },
		},
		{
			name: "jwks-html", want: wantExchange, says: "A page is where the keys should be.",
			reply: func(r *reply) { r.say(http.StatusOK, "text/html", "<!doctype html><title>Hello</title>") },
		},
		{
			name: "jwks-huge", usual: 16, want: wantExchange, says: "Publishes its keys in a document of N MB; the parameter is N, 16 without one.",
			reply: func(r *reply) { r.padding = r.n << 20 },
		},
		{
			name: "jwks-many-keys", want: wantExchange, says: "Publishes ten thousand keys, the right ones last.",
			reply: changedKeys(func(_ *reply, published []jwkKey) []jwkKey {
				out := make([]jwkKey, 0, maxKeysShown+len(published))
				for n := range maxKeysShown {
					k := maps.Clone(published[0])
					k["kid"] = fmt.Sprintf("key-%d", n)
					out = append(out, k)
				}
				return append(out, published...)
			}),
		},
		{
			name: "jwks-empty", want: "kid_unknown", says: "Publishes an empty list of keys.",
			reply: changedKeys(func(*reply, []jwkKey) []jwkKey { return []jwkKey{} }),
		},
		{
			name: "jwks-same-kid", says: "Publishes another key under each key's name, before it.",
			reply: changedKeys(func(r *reply, published []jwkKey) []jwkKey {
				var out []jwkKey
				for _, k := range published {
					other, err := r.decoy()
					if err != nil {
						r.err = err
						return nil
					}
					other["kid"] = k["kid"]
					out = append(out, other, k)
				}
				return out
			}),
		},
		{
			name: "jwks-private", says: "Publishes a further key with its private part.",
			reply: changedKeys(func(r *reply, published []jwkKey) []jwkKey {
				other, err := r.decoy()
				if err != nil {
					r.err = err
					return nil
				}
				pair, err := r.o.pair(signerCurrent)
				if err != nil {
					r.err = err
					return nil
				}
				other["d"] = b64(pair.seed(purposeDecoy))
				return append(published, other)
			}),
		},
	}
}

func oddKeyRows() []oidcRow {
	return []oidcRow{
		{
			name: "jwks-symmetric", want: "alg", says: "Publishes a secret as a key, and signs with HS256 and that.",
			reply: changedKeys(func(r *reply, published []jwkKey) []jwkKey {
				return append(published, jwkKey{"kty": "oct", "use": "sig", "alg": algHS256, "kid": "symmetric", "k": b64(r.o.sealer.key[:])})
			}),
			idToken: func(id *idToken) {
				id.alg, id.key, id.header["kid"] = algHS256, id.o.sealer.key[:], "symmetric"
			},
		},
		{
			name: "jwks-for-encryption", want: "key or kid_unknown", says: "Publishes the keys for encryption only (use).",
			reply: eachKey(func(k jwkKey) { k["use"] = "enc" }),
		},
		{
			name: "jwks-other-algorithm", want: "key or kid_unknown", says: "Publishes the keys for another algorithm (alg).",
			reply: eachKey(func(k jwkKey) { k["alg"] = "RSA-OAEP" }),
		},
		{
			name: "jwks-weak-key", want: "key or kid_unknown", says: "Signs with an RSA key of 1,024 bits, which is published.",
			reply: changedKeys(func(r *reply, published []jwkKey) []jwkKey {
				weak, err := r.o.weakKey()
				if err != nil {
					r.err = err
					return nil
				}
				public, err := r.o.jwk(weak)
				r.err = err
				return append(published, public)
			}),
			idToken: func(id *idToken) {
				weak, err := id.o.weakKey()
				id.alg, id.key, id.err = algRS256, weak, err
			},
		},
		{
			name: "jwks-duplicate-member", want: wantExchange, says: "The document has its list of keys twice.",
			reply: func(r *reply) { r.rewrite = func(text string) string { return `{"keys":[],` + text[1:] } },
		},
	}
}

// decoy is a public key that signs nothing.
func (t *turn) decoy() (jwkKey, error) {
	pair, err := t.o.pair(signerCurrent)
	if err != nil {
		return nil, err
	}
	key, err := pair.ecKey(purposeDecoy)
	if err != nil {
		return nil, err
	}
	return t.o.jwk(key)
}

// weakKey is an RSA key that is too short.
func (o *OIDC) weakKey() (*rsa.PrivateKey, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.weak == nil {
		const bits = 1024
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, fmt.Errorf("practice: generating a key: %w", err)
		}
		o.weak = key
	}
	return o.weak, nil
}
