package practice

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
)

// ourKid makes the token name the honest key, whoever signs.
func (id *idToken) ourKid(alg string) {
	pair, err := id.o.pair(signerCurrent)
	if err != nil {
		id.err = err
		return
	}
	key, err := pair.forAlgorithm(alg)
	if err != nil {
		id.err = err
		return
	}
	public, err := id.o.jwk(key)
	if err != nil {
		id.err = err
		return
	}
	id.header["kid"] = public["kid"]
}

// keyed signs with HS256 and a secret that is none.
func keyed(secret func(*idToken) ([]byte, error)) func(*idToken) {
	return func(id *idToken) {
		key, err := secret(id)
		if err != nil {
			id.err = err
			return
		}
		id.ourKid(algRS256)
		id.alg, id.key = algHS256, key
	}
}

// unsigned signs nothing, under a name for that.
func unsigned(alg string) func(*idToken) {
	return func(id *idToken) {
		id.ourKid(id.alg)
		id.alg, id.header["alg"] = algNone, alg
	}
}

func jwsRows() []oidcRow {
	signed := func(alg string) func(*idToken) {
		return func(id *idToken) {
			id.alg = alg
			if id.claims["at_hash"] != nil { // what it was made of went with another algorithm
				id.claims["at_hash"] = nil
			}
		}
	}
	return []oidcRow{
		{name: "signed-rs256", threat: "T-OIDC-10", says: "Is signed with RS256.", idToken: signed(algRS256)},
		{name: "signed-ps256", threat: "T-OIDC-10", says: "Is signed with PS256.", idToken: signed(algPS256)},
		{name: "signed-es256", threat: "T-OIDC-10", says: "Is signed with ES256.", idToken: signed(algES256)},
		{name: "signed-eddsa", threat: "T-OIDC-10", says: "Is signed with EdDSA.", idToken: signed(algEdDSA)},
	}
}

func confusionRows() []oidcRow {
	return []oidcRow{
		{name: "alg-none", threat: "T-OIDC-09", want: "alg", says: "Is not signed, and says so.", idToken: unsigned("none")},
		{name: "alg-none-mixed-case", threat: "T-OIDC-09", want: "alg", says: "Is not signed, and says “nOnE”.", idToken: unsigned("nOnE")},
		{
			name: "hs256-public-key", threat: "T-OIDC-10", want: "alg", says: "Is signed with HS256 and the public key in PEM as the secret.",
			idToken: keyed(func(id *idToken) ([]byte, error) {
				der, err := x509.MarshalPKIXPublicKey(&id.o.Key().PublicKey)
				return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
			}),
		},
		{
			name: "hs256-jwks", threat: "T-OIDC-10", want: "alg", says: "Is signed with HS256 and the published key as the secret.",
			idToken: keyed(func(id *idToken) ([]byte, error) {
				public, err := id.o.jwk(id.o.Key())
				if err != nil {
					return nil, err
				}
				return json.Marshal(public)
			}),
		},
		{
			name: "hs256-client-secret", threat: "T-OIDC-10", want: "alg", says: "Is signed with HS256 and the client's secret.",
			idToken: keyed(func(id *idToken) ([]byte, error) {
				if id.client.Secret == "" {
					id.fail("the client has no secret")
				}
				return []byte(id.client.Secret), id.err
			}),
		},
	}
}

func brokenRows() []oidcRow {
	return []oidcRow{
		{
			name: "bad-signature", threat: "T-OIDC-11", want: "signature", says: "The signature is damaged.",
			idToken: func(id *idToken) {
				id.arrange = func(s string) string {
					at := strings.LastIndex(s, ".") + 1
					if s[at] == 'A' {
						return s[:at] + "B" + s[at+1:]
					}
					return s[:at] + "A" + s[at+1:]
				}
			},
		},
		{
			name: "tampered", threat: "T-OIDC-11", want: "signature", says: "The address was changed after signing; the parameter is the address.",
			idToken: func(id *idToken) {
				id.arrange = func(s string) string {
					forged := claims{}
					for name, value := range id.claims {
						forged[name] = value
					}
					forged["email"] = id.or("mallory@" + id.person.Mail[strings.LastIndex(id.person.Mail, "@")+1:])
					text, err := json.Marshal(forged)
					if err != nil {
						return ""
					}
					parts := strings.Split(s, ".")
					return parts[0] + "." + b64(text) + "." + parts[2]
				}
			},
		},
		{
			name: "empty-signature", threat: "T-OIDC-09", want: "signature or malformed", says: "The signature is empty.",
			idToken: func(id *idToken) {
				id.arrange = func(s string) string { return s[:strings.LastIndex(s, ".")+1] }
			},
		},
		{
			name: "no-signature", threat: "T-OIDC-09", want: "malformed", says: "The signature's part is missing.",
			idToken: func(id *idToken) {
				id.arrange = func(s string) string { return s[:strings.LastIndex(s, ".")] }
			},
		},
		{
			name: "encrypted", threat: "T-OIDC-13", want: "encrypted", says: "Looks encrypted, for a key that nobody has.",
			idToken: func(id *idToken) {
				id.arrange = func(string) string {
					return b64([]byte(`{"alg":"RSA-OAEP","cty":"JWT","enc":"A256GCM"}`)) + "." + serial() + "." + serial()[:16] + "." + serial() + "." + serial()[:22]
				}
			},
		},
		{
			name: "encrypted-unsigned", threat: "T-OIDC-13", want: "encrypted", says: "Is encrypted with the client's secret, and what is inside is not signed.",
			idToken: func(id *idToken) {
				unsigned("none")(id)
				if id.client.Secret == "" {
					id.fail("the client has no secret")
				}
				id.arrange = func(s string) string { return sealDirectly(s, id.client.Secret) }
			},
		},
	}
}

// sealDirectly encrypts with a key made of a client's secret (RFC 7516,
// section 3.1; OpenID Connect Core, section 10.2).
func sealDirectly(text, secret string) string {
	header := b64([]byte(`{"alg":"dir","cty":"JWT","enc":"A256GCM"}`))
	key, iv := sha256.Sum256([]byte(secret)), make([]byte, 12)
	rand.Read(iv)
	block, err := aes.NewCipher(key[:])
	if err != nil { // not with 32 bytes
		return ""
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil { // not with AES
		return ""
	}
	sealed := gcm.Seal(nil, iv, []byte(text), []byte(header))
	tag := len(sealed) - gcm.Overhead()
	return header + ".." + b64(iv) + "." + b64(sealed[:tag]) + "." + b64(sealed[tag:])
}

// header sets a header of the token; nil removes it.
func header(name string, value any) func(*idToken) {
	return func(id *idToken) { id.header[name] = value }
}

// byStranger signs with a key that nobody published, under our key's name.
func byStranger(change func(*idToken)) func(*idToken) {
	return func(id *idToken) {
		id.ourKid(id.alg)
		id.signer = signerStranger
		change(id)
	}
}

func jwkRows() []oidcRow {
	return []oidcRow{
		{
			name: "wrong-key", threat: "T-OIDC-11", want: "signature", says: "Is signed with a key of somebody else, under the name of the right one.",
			idToken: byStranger(func(*idToken) {}),
		},
		{
			name: "rotated-key", threat: "T-OIDC-27", says: "Is signed with a key that came into use just now.",
			idToken: func(id *idToken) { id.err = id.o.RollOver() },
		},
		{name: "kid-absent", threat: "T-OIDC-27", says: "Does not name the key.", idToken: header("kid", nil)},
		{
			name: "kid-unknown", threat: "T-OIDC-27", want: "kid_unknown", says: "Names a key that is not published.",
			idToken: header("kid", "unknown"),
		},
		{
			name: "kid-flood", threat: "T-OIDC-27", want: "kid_unknown", says: "Names another key that is not published each time.",
			idToken: func(id *idToken) { id.header["kid"] = serial() },
		},
		{
			name: "kid-number", threat: "T-OIDC-27", want: "malformed or header or kid_unknown", says: "Names the key by a number.",
			idToken: header("kid", 1),
		},
		{
			name: "kid-of-another-kind", threat: "T-OIDC-11", want: "key or signature", says: "Names a key that is not for this algorithm.",
			idToken: func(id *idToken) {
				other := algES256
				if id.alg == algES256 {
					other = algRS256
				}
				id.ourKid(other)
			},
		},
	}
}

func headerRows() []oidcRow {
	return []oidcRow{
		{
			name: "header-jwk", threat: "T-OIDC-12", want: "signature or header", says: "Brings the key that it is signed with, which is somebody else's.",
			idToken: byStranger(func(id *idToken) {
				pair, err := id.o.pair(signerStranger)
				if err == nil {
					if id.key, err = pair.forAlgorithm(id.alg); err == nil {
						id.header["jwk"], err = id.o.jwk(id.key)
					}
				}
				id.err = err
			}),
		},
		{
			name: "header-jku", threat: "T-OIDC-12", want: "signature or header", says: "Says that its key is at an address of somebody else's.",
			idToken: byStranger(header("jku", "https://mallory.test/jwks")),
		},
		{
			name: "header-x5u", threat: "T-OIDC-12", want: "signature or header", says: "Says that its certificate is at an address of somebody else's.",
			idToken: byStranger(header("x5u", "https://mallory.test/cert.pem")),
		},
		{
			name: "header-x5c", threat: "T-OIDC-12", want: "signature or header", says: "Brings the certificate of the key that it is signed with, which is somebody else's.",
			idToken: byStranger(func(id *idToken) {
				pair, err := id.o.pair(signerStranger)
				if err != nil {
					id.err = err
					return
				}
				id.alg = algRS256
				id.ourKid(algRS256)
				id.header["x5c"] = []string{base64.StdEncoding.EncodeToString(pair.cert.Raw)}
			}),
		},
		{
			name: "header-crit", threat: "T-OIDC-12", want: "header", says: "Has a header that must be understood, and that nobody knows.",
			idToken: func(id *idToken) {
				id.header["crit"], id.header["practice"] = []string{"practice"}, true
			},
		},
		{
			name: "header-b64", threat: "T-OIDC-12", want: "header", says: "Says that its claims are not encoded (b64), though they are.",
			idToken: func(id *idToken) {
				id.header["crit"], id.header["b64"] = []string{"b64"}, false
			},
		},
		{name: "header-no-typ", threat: "T-OIDC-12", says: "Does not say that it is a JWT.", idToken: header("typ", nil)},
	}
}
