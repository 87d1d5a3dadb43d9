package oidc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// signedToken is a compact JWS whose signature has not been verified.
type signedToken struct {
	raw string
	alg string
	kid string
}

// algorithms are those that are accepted (threat T-OIDC-10): asymmetric ones
// alone, so that no text that is public can be a key.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

func isAllowed(alg string) bool {
	return slices.Contains(algorithms(), jose.SignatureAlgorithm(alg))
}

// parseToken reads the form and the header of a token: three parts (threat
// T-OIDC-13), nothing that must be understood and isn't (T-OIDC-12). Keys that
// the header names or holds are not looked at.
func parseToken(raw string) (signedToken, error) {
	const want = "a signed token of three parts"
	if len(raw) > maxToken {
		return signedToken{}, &refusal{"too_large", fmt.Sprintf("at most %d bytes", maxToken), fmt.Sprintf("%d bytes", len(raw))}
	}
	parts := strings.SplitN(raw, ".", 6)
	switch {
	case len(parts) == 5:
		return signedToken{}, &refusal{"encrypted", want, "an encrypted one"}
	case len(parts) != 3:
		return signedToken{}, malformed(want, fmt.Sprintf("%d parts", strings.Count(raw, ".")+1))
	}
	strict := base64.RawURLEncoding.Strict()
	for _, part := range parts {
		if _, err := strict.DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return signedToken{}, malformed("parts in base64url", "another encoding")
		}
	}
	text, err := strict.DecodeString(parts[0])
	if err != nil {
		return signedToken{}, malformed("a header in base64url", "another encoding")
	}
	header, err := parseObject(text)
	if err != nil {
		return signedToken{}, err
	}
	if err := checkHeader(header); err != nil {
		return signedToken{}, err
	}
	return signedToken{raw, header.text("alg"), header.text("kid")}, nil
}

func checkHeader(header object) error {
	if v, there := header["crit"]; there {
		return &refusal{"header", "nothing critical", fmt.Sprintf("crit %v", v)}
	}
	if v, there := header["b64"]; there && v != true {
		return &refusal{"header", "content in base64url", "b64 false"}
	}
	if _, text := header["kid"].(string); !text && header["kid"] != nil {
		return malformed("kid as text", "another value")
	}
	typ, cty := strings.ToLower(header.text("typ")), strings.ToLower(header.text("cty"))
	switch {
	case cty == "jwt" || cty == "application/jwt" || header["enc"] != nil:
		return &refusal{"encrypted", "a token with claims in it", "a token in a token"}
	case strings.HasSuffix(typ, "+jwt"): // explicitly another kind: RFC 8725, section 3.11
		return &refusal{"header", "typ JWT", "typ " + typ}
	}
	return nil
}

// verify verifies the signature with those of the keys that fit, and returns
// what was signed and the key.
func (t signedToken) verify(ev *KeyEvidence) ([]byte, publicKey, error) {
	fitting, err := t.keys(ev)
	if err != nil {
		return nil, publicKey{}, err
	}
	jws, err := jose.ParseSignedCompact(t.raw, algorithms())
	if err != nil {
		return nil, publicKey{}, malformed("a signed token", "another")
	}
	for _, k := range fitting {
		if payload, err := jws.Verify(k.key); err == nil {
			return payload, k, nil
		}
	}
	return nil, publicKey{}, &refusal{"signature", "a signature by a key of the identity provider", fmt.Sprintf("another, tried %d keys", len(fitting))}
}

// keys returns the keys to try, at least one.
func (t signedToken) keys(ev *KeyEvidence) ([]publicKey, error) {
	if ev == nil {
		return nil, &refusal{"keys_unavailable", "a key set", "none"}
	}
	if ev.Failure != nil {
		return nil, &refusal{"keys_unavailable", ev.Failure.Expected, ev.Failure.Reason + ": " + ev.Failure.Received}
	}
	var fitting []publicKey
	var why error
	for _, raw := range ev.Keys {
		k, err := parseKey(raw)
		if t.kid != "" && k.id != t.kid {
			continue
		}
		if err == nil {
			err = k.fits(t.alg)
		}
		if err != nil {
			why = err
			continue
		}
		if fitting = append(fitting, k); len(fitting) == maxTried {
			break
		}
	}
	switch {
	case len(fitting) > 0:
		return fitting, nil
	case why != nil:
		return nil, why
	}
	return nil, t.unknown(ev)
}

// unknown says that no key has the token's kid.
func (t signedToken) unknown(ev *KeyEvidence) error {
	known := "no keys"
	if len(ev.Known) > 0 {
		known = "one of " + strings.Join(ev.Known, ", ")
	}
	if t.kid == "" {
		return unfit("a key for "+t.alg, "none in the key set")
	}
	return &refusal{"kid_unknown", known, t.kid}
}

// reasonOf returns the reason of a refusal, "" for any other error.
func reasonOf(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.reason
	}
	return ""
}
