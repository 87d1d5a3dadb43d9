package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys     = 100     // in a set (threat T-DOS-07)
	maxTried    = 8       // keys tried for one signature (T-RP-07)
	maxKeyID    = 512     // bytes; ours
	maxKeyBytes = 4 << 10 // of a key as JSON; ours, RSA of 8192 bits takes 1.5 KiB
	minRSA      = 2048
	maxRSA      = 8192 // bits; ours, verification takes long beyond it
	isRemoved   = "removed"
)

// publicKey is a key of a provider's set.
type publicKey struct {
	key     crypto.PublicKey
	id      string
	alg     string
	use     string
	ops     []string // nil: not said
	issuer  string   // Microsoft: for whom alone the key signs
	printed string   // thumbprint, hexadecimal
}

// storedKey is a key as it is cached: its public members only.
type storedKey struct {
	id  string
	raw json.RawMessage
}

// parseKeySet reads a key set (RFC 7517, section 5). Symmetric keys and those that
// make no sense are left out (threat T-OIDC-28); what is wrong with the others
// is told when they are used.
func parseKeySet(raw []byte) ([]storedKey, error) {
	doc, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	list, ok := doc["keys"].([]any)
	if !ok {
		return nil, malformed("a list of keys", "none")
	}
	if len(list) > maxKeys {
		return nil, &refusal{"too_large", fmt.Sprintf("at most %d keys", maxKeys), fmt.Sprint(len(list))}
	}
	keys := make([]storedKey, 0, len(list))
	for _, item := range list {
		k, ok := item.(object)
		if !ok || k.text("kty") == "oct" || len(k.text("kid")) > maxKeyID {
			continue
		}
		kept := object{}
		for _, name := range []string{"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y", "issuer"} {
			if v, there := k[name]; there {
				kept[name] = v
			}
		}
		if _, private := k["d"]; private {
			kept["d"] = isRemoved // everybody could sign with it
		}
		text, err := json.Marshal(kept)
		if err != nil {
			return nil, fmt.Errorf("oidc: keeping a key: %w", err)
		}
		if len(text) <= maxKeyBytes {
			keys = append(keys, storedKey{k.text("kid"), text})
		}
	}
	return keys, nil
}

// parseKey reads one key as parseKeySet kept it, or says why it is unfit for any
// signature.
func parseKey(raw []byte) (publicKey, error) {
	doc, err := parseObject(raw)
	if err != nil {
		return publicKey{}, err
	}
	k := publicKey{id: doc.text("kid"), alg: doc.text("alg"), use: doc.text("use"), ops: doc.texts("key_ops"), issuer: doc.text("issuer")}
	if _, private := doc["d"]; private {
		return k, unfit("a public key", "a key whose private part was published")
	}
	material := object{}
	for _, name := range []string{"kty", "n", "e", "crv", "x", "y"} {
		if v, there := doc[name]; there {
			material[name] = v
		}
	}
	text, err := json.Marshal(material)
	if err != nil {
		return k, unfit("a key that can be read", "another")
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(text); err != nil || !jwk.Valid() || !jwk.IsPublic() {
		return k, unfit("a sound public key", clip("a "+doc.text("kty")+" key that is not"))
	}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return k, unfit("a sound public key", "another")
	}
	k.key, k.printed = jwk.Key, hex.EncodeToString(sum)
	return k, nil
}

// fits says why a key must not verify signatures by an algorithm (threat
// T-OIDC-11), nil if it may.
func (k publicKey) fits(alg string) error {
	switch {
	case k.use != "" && k.use != "sig":
		return unfit("a key for signatures", "use "+k.use)
	case k.ops != nil && !slices.Contains(k.ops, "verify"):
		return unfit("a key that verifies", "key_ops "+strings.Join(k.ops, " "))
	case k.alg != "" && k.alg != alg:
		return unfit("a key for "+alg, "a key for "+k.alg)
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
			return unfit(fmt.Sprintf("RSA of %d to %d bits", minRSA, maxRSA), fmt.Sprintf("%d bits", bits))
		}
		if strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS") {
			return nil
		}
		return unfit("a key for "+alg, "an RSA key")
	case *ecdsa.PublicKey:
		curve := key.Curve.Params().Name
		if want := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg]; want != curve {
			return unfit("a key for "+alg, "a key on "+curve)
		}
		return nil
	case ed25519.PublicKey:
		if alg != string(jose.EdDSA) {
			return unfit("a key for "+alg, "an Ed25519 key")
		}
		return nil
	}
	return unfit("an RSA, elliptic curve or Ed25519 key", fmt.Sprintf("%T", k.key))
}

func unfit(expected, received string) error {
	return &refusal{"key", expected, received}
}
