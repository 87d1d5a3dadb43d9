package practice

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
)

// Algorithms of XML signatures: XMLDSig 1.1, section 6, and RFC 9231.
const (
	algExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algInclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	algEnveloped = nsSignature + "enveloped-signature"
	algXPath     = "http://www.w3.org/TR/1999/REC-xpath-19991116"

	algRSASHA1    = nsSignature + "rsa-sha1"
	algRSASHA256  = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algRSASHA512  = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	algPSSSHA256  = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
	algHMACSHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"

	algSHA1   = nsSignature + "sha1"
	algSHA256 = nsEnc + "sha256"
	algSHA512 = nsEnc + "sha512"
)

// signature says how to sign. Its zero values are filled in by defaults; what
// misbehaves sets them to something else.
type signature struct {
	pair   *keyPair
	method string
	digest string

	// reference is the URI of what is signed.
	reference string

	// transforms is the content of ds:Transforms.
	transforms string

	// octets, if set, changes what is digested: what the transforms give,
	// where that is not the element as written.
	octets func(string) string

	// digestValue, if set, is written instead of the true one.
	digestValue string

	// signedInfo, if set, changes the content of ds:SignedInfo before it is signed.
	signedInfo func(string) string

	noKeyInfo bool
}

// transform writes one ds:Transform.
func transform(algorithm, content string) string {
	return node("ds:Transform", content, at{"Algorithm", algorithm})
}

// usual is how an honest provider signs the element with this ID.
func usual(pair *keyPair, id string) signature {
	return signature{
		pair:       pair,
		method:     algRSASHA256,
		digest:     algSHA256,
		reference:  "#" + id,
		transforms: transform(algEnveloped, "") + transform(algExclusive, ""),
	}
}

// over signs an element, given as text in canonical form without its
// signature, and returns the ds:Signature.
func (s signature) over(unsigned string) (string, error) {
	if s.octets != nil {
		unsigned = s.octets(unsigned)
	}
	value := s.digestValue
	if value == "" {
		sum, err := digest(s.digest, unsigned)
		if err != nil {
			return "", err
		}
		value = base64.StdEncoding.EncodeToString(sum)
	}
	info := node("ds:CanonicalizationMethod", "", at{"Algorithm", algExclusive}) +
		node("ds:SignatureMethod", "", at{"Algorithm", s.method}) +
		s.referenceTo(value)
	if s.signedInfo != nil {
		info = s.signedInfo(info)
	}
	signed, err := s.value(node("ds:SignedInfo", info, at{"xmlns:ds", nsSignature}))
	if err != nil {
		return "", err
	}
	out := node("ds:SignedInfo", info) + node("ds:SignatureValue", base64.StdEncoding.EncodeToString(signed))
	if !s.noKeyInfo {
		out += node("ds:KeyInfo", keyInfo(s.pair))
	}
	return node("ds:Signature", out, at{"xmlns:ds", nsSignature}), nil
}

// referenceTo writes the ds:Reference, whose URI may be empty.
func (s signature) referenceTo(digestValue string) string {
	return `<ds:Reference URI="` + attributeEscapes.Replace(s.reference) + `">` +
		node("ds:Transforms", s.transforms) +
		node("ds:DigestMethod", "", at{"Algorithm", s.digest}) +
		node("ds:DigestValue", digestValue) +
		"</ds:Reference>"
}

// keyInfo is the content of ds:KeyInfo: a hint, never a reason to trust.
func keyInfo(pair *keyPair) string {
	return node("ds:X509Data", node("ds:X509Certificate", base64.StdEncoding.EncodeToString(pair.cert.Raw)))
}

func digest(algorithm, octets string) ([]byte, error) {
	switch algorithm {
	case algSHA1:
		sum := sha1.Sum([]byte(octets))
		return sum[:], nil
	case algSHA256:
		sum := sha256.Sum256([]byte(octets))
		return sum[:], nil
	case algSHA512:
		sum := sha512.Sum512([]byte(octets))
		return sum[:], nil
	}
	return nil, fmt.Errorf("practice: no digest %q", algorithm)
}

// value computes the signature value over the canonical SignedInfo.
func (s signature) value(octets string) ([]byte, error) {
	hashes := map[string]crypto.Hash{algRSASHA1: crypto.SHA1, algRSASHA512: crypto.SHA512}
	switch s.method {
	case algHMACSHA256:
		// The certificate as the key: everyone has it.
		mac := hmac.New(sha256.New, s.pair.cert.Raw)
		mac.Write([]byte(octets))
		return mac.Sum(nil), nil
	case algPSSSHA256:
		sum := sha256.Sum256([]byte(octets))
		// RFC 9231, section 2.3.9: the salt is as long as the digest.
		return rsa.SignPSS(rand.Reader, s.pair.key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	hash, ok := hashes[s.method]
	if !ok {
		hash = crypto.SHA256 // also under an invented name
	}
	h := hash.New()
	h.Write([]byte(octets))
	return rsa.SignPKCS1v15(rand.Reader, s.pair.key, hash, h.Sum(nil))
}

// inheriting returns canonical octets in which the element with prefix saml
// at their start also declares samlp, which its parent declares: what
// inclusive canonicalization gives, or an inclusive prefix list.
func inheriting(octets string) string {
	saml := ` xmlns:saml="` + nsAssertion + `"`
	return strings.Replace(octets, saml, saml+` xmlns:samlp="`+nsProtocol+`"`, 1)
}
