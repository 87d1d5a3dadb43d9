package practice

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
)

// Algorithms of JSON web signatures: RFC 7518, section 3.1, and RFC 8037.
const (
	algNone  = "none"
	algHS256 = "HS256"
	algRS256 = "RS256"
	algPS256 = "PS256"
	algES256 = "ES256"
	algEdDSA = "EdDSA"
)

// jwkKey is a key as published.
type jwkKey = map[string]any

// idToken is an ID token before it is signed. Each hook, where set, stands in
// for what an honest provider does at that point.
type idToken struct {
	*turn
	header, claims claims
	alg            string
	signer         signer
	key            any                        // instead of the signer's: *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, or []byte for HS256
	payload        func(text string) string   // the octets of the claims, before they are signed
	arrange        func(signed string) string // what is sent
}

// idToken writes the ID token that goes with an access token.
func (o *OIDC) idToken(t *turn, access string) (string, error) {
	c := t.about()
	if o.config.LeanIDTokens {
		c = claims{"sub": c["sub"]}
	}
	t.idTokenClaims(c)
	if o.config.Flavour != Microsoft {
		c["at_hash"] = atHash(o.config.Algorithm, access)
	}
	id := &idToken{turn: t, header: claims{"typ": "JWT"}, claims: c, alg: o.config.Algorithm}
	if t.conduct.person != nil {
		t.conduct.person(t, c)
	}
	if t.conduct.idToken != nil {
		t.conduct.idToken(id)
	}
	if t.err != nil {
		return "", t.err
	}
	return id.sign()
}

// atHash is OpenID Connect Core, section 3.1.3.6.
func atHash(alg, access string) string {
	if alg == algEdDSA { // Ed25519 hashes with SHA-512
		sum := sha512.Sum512([]byte(access))
		return b64(sum[:32])
	}
	sum := sha256.Sum256([]byte(access))
	return b64(sum[:16])
}

// sign writes the token in the compact form (RFC 7515, section 7.1).
func (id *idToken) sign() (string, error) {
	pair, err := id.o.pair(id.signer)
	if err != nil {
		return "", err
	}
	if id.key == nil {
		if id.key, err = pair.forAlgorithm(id.alg); err != nil {
			return "", err
		}
	}
	if _, set := id.header["alg"]; !set {
		id.header["alg"] = id.alg
	}
	if _, set := id.header["kid"]; !set {
		public, err := id.o.jwk(id.key)
		if err != nil {
			return "", err
		}
		id.header["kid"] = public["kid"]
	}
	id.header.prune()
	id.claims.prune()
	header, err := json.Marshal(id.header)
	if err != nil {
		return "", fmt.Errorf("practice: writing an ID token: %w", err)
	}
	payload, err := json.Marshal(id.claims)
	if err != nil {
		return "", fmt.Errorf("practice: writing an ID token: %w", err)
	}
	text := string(payload)
	if id.payload != nil {
		text = id.payload(text)
	}
	input := b64(header) + "." + b64([]byte(text))
	signature, err := signJWS(id.alg, id.key, input)
	if err != nil {
		return "", err
	}
	signed := input + "." + b64(signature)
	if id.arrange != nil {
		signed = id.arrange(signed)
	}
	return signed, nil
}

// signJWS signs the input (RFC 7518, section 3).
func signJWS(alg string, key any, input string) ([]byte, error) {
	sum := sha256.Sum256([]byte(input))
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if alg == algPS256 {
			return rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			return nil, fmt.Errorf("practice: signing: %w", err)
		}
		out := make([]byte, 64) // P-256: RFC 7518, section 3.4
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out, nil
	case ed25519.PrivateKey:
		return ed25519.Sign(k, []byte(input)), nil
	case []byte:
		m := hmac.New(sha256.New, k)
		m.Write([]byte(input))
		return m.Sum(nil), nil
	}
	return nil, nil // none
}

// forAlgorithm is the pair's key for an algorithm. Those that are not RSA are
// derived from it, so that they outlive a restart as it does.
func (p *keyPair) forAlgorithm(alg string) (any, error) {
	switch alg {
	case algES256:
		return p.ecKey(purposeP256)
	case algEdDSA:
		return ed25519.NewKeyFromSeed(p.seed(purposeEd25519)), nil
	case algNone:
		return nil, nil
	}
	return p.key, nil
}

// seed is 32 bytes that only the key's holder can know.
func (p *keyPair) seed(purpose string) []byte {
	m := hmac.New(sha256.New, x509.MarshalPKCS1PrivateKey(p.key))
	m.Write([]byte(purpose))
	return m.Sum(nil)
}

// What keys are derived for.
const (
	purposeEd25519   = "ed25519"
	purposeP256      = "p256"
	purposeConsumers = "p256 consumers"
	purposeDecoy     = "p256 decoy"
)

// ecKey is an elliptic-curve key of the pair's, one for each purpose.
func (p *keyPair) ecKey(purpose string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), p.seed(purpose))
	if err != nil {
		return nil, fmt.Errorf("practice: deriving a key: %w", err)
	}
	return key, nil
}

// jwk is a key's public part, as published (RFC 7517). Its kid is its
// thumbprint (RFC 7638).
func (o *OIDC) jwk(key any) (jwkKey, error) {
	var public map[string]string // what the thumbprint is made of
	switch k := key.(type) {
	case *rsa.PrivateKey:
		public = map[string]string{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PrivateKey:
		point, err := k.PublicKey.Bytes()
		if err != nil {
			return nil, fmt.Errorf("practice: publishing a key: %w", err)
		}
		public = map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
	case ed25519.PrivateKey:
		public = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": b64(k.Public().(ed25519.PublicKey))}
	default: // no key, or one that is nobody's to know
		return jwkKey{}, nil
	}
	text, err := json.Marshal(public) // members in the order of RFC 7638
	if err != nil {
		return nil, fmt.Errorf("practice: publishing a key: %w", err)
	}
	sum := sha256.Sum256(text)
	o.mu.Lock()
	defer o.mu.Unlock()
	out := jwkKey{"use": "sig", "kid": b64(sum[:]) + o.kids}
	for name, value := range public {
		out[name] = value
	}
	if o.config.Flavour == Microsoft {
		out["issuer"] = o.base + "/{tenantid}/v2.0"
	}
	return out, nil
}

// renameKeys gives the keys other identifiers, so that clients have to fetch
// them again.
func (o *OIDC) renameKeys() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kids = "-" + serial()[:8]
}
