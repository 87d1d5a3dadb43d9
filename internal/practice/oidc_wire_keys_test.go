package practice

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// keyedWith reports whether HS256 with a secret verifies the ID token.
func keyedWith(secret func(*wire) []byte) func(*wire) bool {
	return func(w *wire) bool {
		// By hand: go-jose takes no short secrets.
		at := strings.LastIndex(w.raw, ".")
		m := hmac.New(sha256.New, secret(w))
		m.Write([]byte(w.raw[:max(at, 0)]))
		return w.raw[at+1:] == b64(m.Sum(nil)) && headed("alg", "HS256")(w) && w.trusted != nil
	}
}

// published finds a published key by what it holds.
func (w *wire) published(name string, value any) map[string]any {
	keys, _ := w.jwks.body["keys"].([]any)
	for _, k := range keys {
		if k, ok := k.(map[string]any); ok && k[name] == value {
			return k
		}
	}
	return nil
}

// strangers reports whether the key that nobody published verifies the ID token.
func strangers(w *wire) bool {
	jws, err := jose.ParseSignedCompact(w.raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return false
	}
	_, err = jws.Verify(&testReceiver().key.PublicKey)
	return err == nil && forged(w)
}

func wireSignatures() map[string]func(*wire) bool {
	nothing := func(alg string) func(*wire) bool {
		return func(w *wire) bool { return headed("alg", alg)(w) && strings.HasSuffix(w.raw, ".") && w.trusted != nil }
	}
	return map[string]func(*wire) bool{
		"signed-rs256":        all(good, headed("alg", "RS256")),
		"signed-ps256":        all(good, headed("alg", "PS256")),
		"signed-es256":        all(good, headed("alg", "ES256")),
		"signed-eddsa":        all(good, headed("alg", "EdDSA")),
		"alg-none":            nothing("none"),
		"alg-none-mixed-case": nothing("nOnE"),
		"hs256-public-key": keyedWith(func(w *wire) []byte {
			der, _ := x509.MarshalPKIXPublicKey(&w.o.Key().PublicKey)
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		}),
		"hs256-jwks": keyedWith(func(w *wire) []byte {
			text, _ := json.Marshal(w.published("kid", w.header["kid"]))
			return text
		}),
		"hs256-client-secret": keyedWith(func(*wire) []byte { return []byte("s3cret & 100%") }),
		"bad-signature":       func(w *wire) bool { return forged(w) && w.parts == 3 },
		"tampered":            func(w *wire) bool { return forged(w) && w.claims["email"] == "mallory@acme.test" },
		"empty-signature":     func(w *wire) bool { return w.parts == 3 && strings.HasSuffix(w.raw, ".") && headed("alg", "RS256")(w) },
		"no-signature":        func(w *wire) bool { return w.parts == 2 && headed("alg", "RS256")(w) },
		"encrypted":           all(func(w *wire) bool { return w.parts == 5 && w.trusted != nil }, headed("enc", "A256GCM"), headed("alg", "RSA-OAEP")),
		"encrypted-unsigned":  opensToUnsigned,
	}
}

// opensToUnsigned decrypts by hand, with the client's secret.
func opensToUnsigned(w *wire) bool {
	parts := strings.Split(w.raw, ".")
	if len(parts) != 5 || parts[1] != "" {
		return false
	}
	decoded := make([][]byte, 5)
	for n, part := range parts {
		decoded[n], _ = base64.RawURLEncoding.DecodeString(part)
	}
	key := sha256.Sum256([]byte("s3cret & 100%"))
	block, _ := aes.NewCipher(key[:])
	gcm, _ := cipher.NewGCM(block)
	inner, err := gcm.Open(nil, decoded[2], append(decoded[3], decoded[4]...), []byte(parts[0]))
	if err != nil {
		return false
	}
	header, rest, _ := strings.Cut(string(inner), ".")
	text, _ := base64.RawURLEncoding.DecodeString(header)
	return strings.Contains(string(text), `"alg":"none"`) && strings.HasSuffix(rest, ".")
}

func wireKeys() map[string]func(*wire) bool {
	unknown := func(w *wire) bool { return w.verified != nil && w.published("kid", w.header["kid"]) == nil }
	return map[string]func(*wire) bool{
		"wrong-key": strangers,
		"rotated-key": func(w *wire) bool {
			was, _, _ := decodeKeys(testKeys())
			public, _ := w.o.jwk(was.key)
			return good(w) && public["kid"] != w.header["kid"] && w.published("kid", public["kid"]) == nil
		},
		"kid-absent":  all(good, headed("kid", nil)),
		"kid-unknown": all(unknown, headed("kid", "unknown")),
		"kid-flood":   func(w *wire) bool { return unknown(w) && len(w.header["kid"].(string)) == 27 },
		"kid-number":  headed("kid", 1),
		"kid-of-another-kind": func(w *wire) bool {
			return forged(w) && w.published("kid", w.header["kid"])["kty"] == "EC" && w.header["alg"] == "RS256"
		},
		"header-jwk": func(w *wire) bool {
			text, _ := json.Marshal(w.header["jwk"])
			var key jose.JSONWebKey
			if err := key.UnmarshalJSON(text); err != nil {
				return false
			}
			return strangers(w) && testReceiver().key.PublicKey.Equal(key.Key)
		},
		"header-jku": all(strangers, headed("jku", "https://mallory.test/jwks")),
		"header-x5u": all(strangers, headed("x5u", "https://mallory.test/cert.pem")),
		"header-x5c": func(w *wire) bool {
			return strangers(w) && fmt.Sprint(w.header["x5c"]) == "["+base64.StdEncoding.EncodeToString(testReceiver().cert.Raw)+"]"
		},
		"header-crit":   all(headed("crit", "[practice]"), headed("practice", true)),
		"header-b64":    all(headed("crit", "[b64]"), headed("b64", false)),
		"header-no-typ": all(good, headed("typ", nil)),

		"jwks-down": func(w *wire) bool { return w.jwks.status == 503 },
		"jwks-html": func(w *wire) bool {
			return w.jwks.status == 200 && strings.HasPrefix(w.jwks.header.Get("Content-Type"), "text/html")
		},
		"jwks-huge":      func(w *wire) bool { return len(w.jwks.text) > 3<<20 && w.verified == nil },
		"jwks-many-keys": func(w *wire) bool { return strings.Count(w.jwks.text, `"kid"`) == maxKeysShown+3 && w.verified == nil },
		"jwks-empty":     func(w *wire) bool { return w.jwks.text == `{"keys":[]}` },
		"jwks-same-kid": func(w *wire) bool {
			return w.verified == nil && strings.Count(w.jwks.text, fmt.Sprintf(`"kid":%q`, w.header["kid"])) == 2
		},
		"jwks-private": func(w *wire) bool { return strings.Contains(w.jwks.text, `"d":`) && w.trusted == nil },
		"jwks-symmetric": func(w *wire) bool {
			k, _ := w.published("kid", "symmetric")["k"].(string)
			secret, _ := base64.RawURLEncoding.DecodeString(k)
			return keyedWith(func(*wire) []byte { return secret })(w)
		},
		"jwks-for-encryption": func(w *wire) bool {
			return w.verified == nil && w.published("use", "sig") == nil && w.published("use", "enc") != nil
		},
		"jwks-other-algorithm": func(w *wire) bool { return w.published("kid", w.header["kid"])["alg"] == "RSA-OAEP" },
		"jwks-weak-key": func(w *wire) bool {
			n, _ := w.published("kid", w.header["kid"])["n"].(string)
			return w.verified == nil && len(n) == 171 // 128 bytes
		},
		"jwks-duplicate-member": func(w *wire) bool { return strings.HasPrefix(w.jwks.text, `{"keys":[],"keys":[{`) },
	}
}

func wireEndpoints() map[string]func(*wire) bool {
	isPage := func(h heard) bool {
		return h.status == 200 && strings.HasPrefix(h.header.Get("Content-Type"), "text/html")
	}
	elsewhere := func(h heard) bool { return h.status == 307 && h.header.Get("Location") == "https://mallory.test/" }
	late := func(h heard) bool { return h.err != nil && strings.Contains(h.err.Error(), "deadline") }
	ended := func(h heard) bool { return h.err != nil && strings.Contains(h.err.Error(), "EOF") }
	return map[string]func(*wire) bool{
		"token-invalid-client": tokenIs(401, "invalid_client"),
		"token-invalid-grant":  tokenIs(400, "invalid_grant"),
		"token-server-error":   tokenIs(500, "server_error"),
		"token-busy":           func(w *wire) bool { return w.token.status == 429 && w.token.header.Get("Retry-After") == "30" },
		"token-html":           func(w *wire) bool { return isPage(w.token) },
		"token-not-json":       func(w *wire) bool { return w.token.status == 200 && w.token.body == nil },
		"token-redirect":       func(w *wire) bool { return elsewhere(w.token) },
		"token-slow":           func(w *wire) bool { return late(w.token) },
		"token-huge":           func(w *wire) bool { return len(w.token.text) > 3<<20 && good(w) },
		"token-hangs-up":       func(w *wire) bool { return ended(w.token) },
		"error-with-200":       tokenIs(200, "invalid_grant"),
		"odd-token-type":       func(w *wire) bool { return good(w) && w.token.body["token_type"] == "N_A" },
		"lower-token-type":     func(w *wire) bool { return good(w) && w.token.body["token_type"] == "bearer" },
		"missing-token-type":   func(w *wire) bool { return good(w) && w.token.body["token_type"] == nil },
		"missing-id-token":     func(w *wire) bool { return w.token.body["id_token"] == nil && w.token.body["access_token"] != nil },
		"numeric-id-token":     func(w *wire) bool { return w.token.body["id_token"] == 1.0 },
		"missing-access-token": func(w *wire) bool { return w.token.body["access_token"] == nil && good(w) },
		"duplicate-id-token":   func(w *wire) bool { return strings.Count(w.token.text, `"id_token":`) == 2 },

		"refresh-invalid-grant":  refreshIs(400, "invalid_grant"),
		"suspended-person":       all(refreshIs(400, "invalid_grant"), userInfoIs(401, "invalid_token")),
		"deleted-person":         all(refreshIs(400, "invalid_grant"), userInfoIs(401, "invalid_token")),
		"refresh-server-error":   refreshIs(500, "server_error"),
		"refresh-down":           func(w *wire) bool { return good(w) && w.refresh.status == 503 && w.refresh.body == nil },
		"refresh-busy":           refreshIs(429, "temporarily_unavailable"),
		"refresh-slow":           func(w *wire) bool { return good(w) && late(w.refresh) },
		"refresh-hangs-up":       func(w *wire) bool { return good(w) && ended(w.refresh) },
		"refresh-invalid-client": refreshIs(401, "invalid_client"),
		"refresh-no-token": func(w *wire) bool {
			return w.refresh.status == 200 && w.refresh.body["refresh_token"] == nil && w.token.body["refresh_token"] != nil
		},

		"userinfo-error":          userInfoIs(500, "server_error"),
		"userinfo-invalid-token":  userInfoIs(401, "invalid_token"),
		"userinfo-error-with-200": userInfoIs(200, "invalid_token"),
		"userinfo-html":           func(w *wire) bool { return good(w) && isPage(w.userInfo) },
		"userinfo-redirect":       func(w *wire) bool { return good(w) && elsewhere(w.userInfo) },
		"userinfo-slow":           func(w *wire) bool { return good(w) && late(w.userInfo) },
		"userinfo-huge":           func(w *wire) bool { return good(w) && len(w.userInfo.text) > 3<<20 && w.userInfo.body["sub"] != nil },
		"userinfo-hangs-up":       func(w *wire) bool { return good(w) && ended(w.userInfo) },
		"userinfo-signed-badly": func(w *wire) bool {
			jws, err := jose.ParseSignedCompact(w.userInfo.text, []jose.SignatureAlgorithm{jose.RS256})
			if err != nil {
				return false
			}
			_, err = jws.Verify(&w.o.Key().PublicKey)
			return good(w) && err != nil && w.userInfo.header.Get("Content-Type") == "application/jwt"
		},
		"userinfo-other-sub": func(w *wire) bool {
			return good(w) && w.userInfo.body["sub"] == "mallory" && w.claims["sub"] != "mallory"
		},
		"userinfo-missing-sub": func(w *wire) bool {
			return good(w) && w.userInfo.body["sub"] == nil && w.userInfo.body["email"] == alice.Mail
		},
		"userinfo-duplicate-sub": func(w *wire) bool { return good(w) && strings.Count(w.userInfo.text, `"sub":`) == 2 },

		"discovery-down":         func(w *wire) bool { return good(w) && w.discovery.status == 503 },
		"discovery-html":         func(w *wire) bool { return good(w) && isPage(w.discovery) },
		"discovery-huge":         func(w *wire) bool { return good(w) && len(w.discovery.text) > 3<<20 },
		"discovery-wrong-issuer": func(w *wire) bool { return good(w) && w.discovery.body["issuer"] == "https://mallory.test" },
		"discovery-issuer-slash": func(w *wire) bool { return good(w) && w.discovery.body["issuer"] == w.o.Issuer("")+"/" },
		"discovery-no-keys": func(w *wire) bool {
			return good(w) && w.discovery.body["jwks_uri"] == nil && w.discovery.body["issuer"] != nil
		},
		"discovery-moved": func(w *wire) bool {
			return good(w) && w.discovery.body["token_endpoint"] == "https://mallory.test/token"
		},
		"discovery-private": func(w *wire) bool {
			return good(w) && w.discovery.body["token_endpoint"] == "http://169.254.169.254/token"
		},
		"discovery-duplicate-member": func(w *wire) bool { return good(w) && strings.Count(w.discovery.text, `"issuer":`) == 2 },

		"down": func(w *wire) bool {
			return w.token.status == 503 && w.discovery.status == 503 && w.jwks.status == 503 && w.page().status == 503
		},
		"hangs-up": func(w *wire) bool { return ended(w.token) && ended(w.discovery) && ended(w.jwks) && ended(w.page()) },
		"slow":     func(w *wire) bool { return late(w.token) && late(w.discovery) && late(w.jwks) },
	}
}

// page is what a browser gets that comes to sign in.
func (w *wire) page() heard { return w.hear("GET", w.p.begin(), nil) }

// The catalogue names every misbehaviour once, with all that is asked of one.
func TestOIDCMisbehaviours_AreComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range []Flavour{Custom, Okta, Google, Microsoft} {
		here := map[string]bool{}
		for _, m := range OIDCMisbehaviours(f) {
			if here[m.Name] || m.Group == "" || m.Says == "" || m.Threat == "" || strings.ToLower(m.Name) != m.Name && m.Name != "skewed-by-N" {
				t.Errorf("%+v is incomplete or there twice", m)
			}
			here[m.Name], seen[m.Name] = true, true
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d", len(seen))
	}
}
