package session

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash.New
	_ "crypto/sha512" // for crypto.Hash.New
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// templateCategory marks a template's token, so that none passes for a session
// token.
const templateCategory = "cl_B7d4PD222AAA"

// algorithm is one of RFC 7518, section 3.1.
type algorithm struct {
	hash  crypto.Hash
	curve elliptic.Curve // of ECDSA; nil: another kind
	rsa   bool           // else, without a curve: HMAC
}

func algorithms() map[string]algorithm {
	return map[string]algorithm{
		"HS256": {hash: crypto.SHA256}, "HS384": {hash: crypto.SHA384}, "HS512": {hash: crypto.SHA512},
		"RS256": {hash: crypto.SHA256, rsa: true}, "RS384": {hash: crypto.SHA384, rsa: true}, "RS512": {hash: crypto.SHA512, rsa: true},
		"ES256": {hash: crypto.SHA256, curve: elliptic.P256()},
		"ES384": {hash: crypto.SHA384, curve: elliptic.P384()},
		"ES512": {hash: crypto.SHA512, curve: elliptic.P521()},
	}
}

// templateKey is a template's own key, ready to sign.
type templateKey struct {
	algorithm
	name   string
	secret []byte
	ec     *ecdsa.PrivateKey
	rsaKey *rsa.PrivateKey
}

var errTemplateKey = errors.New("session: the key does not fit its algorithm")

// parseTemplateKey reads a key: a shared secret as it is, at least as long as the
// hash (RFC 7518, section 3.2), or a private key in PEM.
func parseTemplateKey(name, text string) (templateKey, error) {
	a, ok := algorithms()[name]
	if !ok {
		return templateKey{}, errTemplateKey
	}
	k := templateKey{algorithm: a, name: name}
	if a.curve == nil && !a.rsa {
		k.secret = []byte(text)
		if len(k.secret) < a.hash.Size() {
			return k, errTemplateKey
		}
		return k, nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return k, errTemplateKey
	}
	private, err := parsePrivate(block.Bytes)
	if err != nil {
		return k, err
	}
	k.ec, _ = private.(*ecdsa.PrivateKey)
	k.rsaKey, _ = private.(*rsa.PrivateKey)
	switch {
	case a.rsa && k.rsaKey != nil && k.rsaKey.N.BitLen() >= signingKeyBits:
	case a.curve != nil && k.ec != nil && k.ec.Curve == a.curve:
	default:
		return k, errTemplateKey
	}
	return k, nil
}

// parsePrivate reads PKCS #8, or the older forms of either kind of key.
func parsePrivate(der []byte) (any, error) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return nil, errTemplateKey
}

// signature signs the first two parts of a token.
func (k templateKey) signature(signed []byte) ([]byte, error) {
	if k.secret != nil {
		mac := hmac.New(k.hash.New, k.secret)
		mac.Write(signed)
		return mac.Sum(nil), nil
	}
	h := k.hash.New()
	h.Write(signed)
	if k.rsaKey != nil {
		return rsa.SignPKCS1v15(rand.Reader, k.rsaKey, k.hash, h.Sum(nil))
	}
	r, s, err := ecdsa.Sign(rand.Reader, k.ec, h.Sum(nil))
	if err != nil {
		return nil, err
	}
	size := (k.curve.Params().BitSize + 7) / 8 // RFC 7518, section 3.4
	return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
}

// signTemplate writes a template's token, with the deployment's key where the
// template has none of its own.
func signTemplate(t identity.TokenTemplate, key signingKey, claims map[string]any) (string, error) {
	own := templateKey{algorithm: algorithm{hash: crypto.SHA256, rsa: true}, name: "RS256", rsaKey: key.private}
	header := map[string]string{"alg": own.name, "cat": templateCategory, "typ": "JWT", "kid": key.ID}
	if t.SigningKey != "" {
		var err error
		if own, err = parseTemplateKey(t.SigningAlgorithm, t.SigningKey); err != nil {
			return "", err
		}
		header["alg"] = own.name
		delete(header, "kid") // it is in no key set of ours
	}
	head, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("session: encoding a token: %w", err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("session: encoding a token: %w", err)
	}
	b64 := base64.RawURLEncoding
	signed := b64.EncodeToString(head) + "." + b64.EncodeToString(body)
	sig, err := own.signature([]byte(signed))
	if err != nil {
		return "", fmt.Errorf("session: signing a token: %w", err)
	}
	return signed + "." + b64.EncodeToString(sig), nil
}

// TemplateToken mints a token by a template for a session. Like a session token
// it says how things are now.
func (m *Manager) TemplateToken(ctx context.Context, ask Ask, name string) (string, error) {
	key, err := m.Keys.signer(ctx)
	if err != nil {
		return "", err
	}
	if err := m.present(ctx, ask.Session); err != nil {
		return "", err
	}
	now := m.Now()
	var t identity.TokenTemplate
	var f templateFacts
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		s, err := askedFor(tx, ask, now)
		if err != nil {
			return err
		}
		u, err := tx.User(s.UserID)
		if err != nil {
			return err
		}
		if err := Usable(u, now); err != nil {
			return err
		}
		if t, err = tx.TokenTemplateByName(name); err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "JWT template"))
		}
		f, err = loadTemplateFacts(tx, s, u)
		return err
	})
	if err != nil {
		return "", err
	}
	claims, err := m.templateClaims(t, f, ask)
	if err != nil {
		return "", err
	}
	return signTemplate(t, key, claims)
}
