package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
)

// vectorKeys returns the keys that a signature of a test vector names, which is
// what no signature of a message is ever asked for.
func vectorKeys(sig *element) (keys []any, certs []*x509.Certificate) {
	info := sig.child(nsDSig, "KeyInfo")
	if info == nil {
		return nil, nil
	}
	for _, der := range (&signature{keyInfo: info}).claimedCertificates() {
		if c, err := x509.ParseCertificate(der); err == nil {
			certs = append(certs, c)
			keys = append(keys, c.PublicKey)
		}
	}
	value := info.child(nsDSig, "KeyValue")
	if value == nil {
		return keys, certs
	}
	if e := value.child(nsDSig, "RSAKeyValue"); e != nil {
		n, _ := decodeBase64(e.child(nsDSig, "Modulus").text())
		x, _ := decodeBase64(e.child(nsDSig, "Exponent").text())
		keys = append(keys, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(x).Int64())})
	}
	if e := value.child(nsDSig11, "ECKeyValue"); e != nil && e.child(nsDSig11, "PublicKey") != nil {
		point, _ := decodeBase64(e.child(nsDSig11, "PublicKey").text())
		for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
			if k, err := ecdsa.ParseUncompressedPublicKey(c, point); err == nil {
				keys = append(keys, k)
			}
		}
	}
	return keys, certs
}

// verifyVector verifies an enveloped signature over its whole document by
// inclusive canonicalization, as the vectors have it; of one without a key only
// the digest. handled is false for one that uses something else.
func verifyVector(root *element, keys []any) (ok, handled bool) {
	sig := root.child(nsDSig, "Signature")
	if sig == nil {
		return false, false
	}
	info := sig.child(nsDSig, "SignedInfo")
	refs := info.children(nsDSig, "Reference")
	uri, _ := refs[0].attr("URI")
	if len(refs) != 1 || uri != "" || refs[0].child(nsDSig, "Transforms") == nil {
		return false, false
	}
	for _, t := range append(refs[0].child(nsDSig, "Transforms").elements(), info.child(nsDSig, "CanonicalizationMethod")) {
		switch name, _ := t.attr("Algorithm"); name {
		case algEnveloped, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315":
		case "http://www.w3.org/TR/1999/REC-xpath-19991116": // another way to say enveloped
			if !strings.Contains(t.child(nsDSig, "XPath").text(), "not(ancestor-or-self::dsig:Signature)") {
				return false, false
			}
		default:
			return false, false
		}
	}
	digest, _ := refs[0].child(nsDSig, "DigestMethod").attr("Algorithm")
	h, err := digestMethod(digest, Legacy{SHA1: true})
	if err != nil {
		return false, false
	}
	want, _ := decodeBase64(refs[0].child(nsDSig, "DigestValue").text())
	if !bytes.Equal(hashOf(h, inclusively(canonicalizer{skip: sig}, root)), want) {
		return false, true
	}
	method, _ := info.child(nsDSig, "SignatureMethod").attr("Algorithm")
	m, err := signatureMethod(method, Legacy{SHA1: true})
	if err != nil || len(keys) == 0 {
		return true, true
	}
	value, _ := decodeBase64(sig.child(nsDSig, "SignatureValue").text())
	hashed := hashOf(m.hash, inclusively(canonicalizer{}, info))
	for _, k := range keys {
		if m.fits(k, Legacy{RSA1024: true}) == nil && m.verify(k, hashed, value) {
			return true, true
		}
	}
	return false, true
}

// Vectors of the W3C and of xmlsec: what can be verified by our canonicalizer
// and our algorithms is verified, and nothing of it passes for a signature of
// SAML (threat T-XML-15).
func TestCorpus_Signatures(t *testing.T) {
	t.Parallel()
	verified, signatures, failed := 0, 0, 0
	for _, r := range readCorpus(t, "xmldsig") {
		root, err := parseXML(r.raw, metadataLimits())
		if err != nil {
			continue // a document type declaration, or no XML at all
		}
		root.walk(func(e *element) bool {
			sig := e.child(nsDSig, "Signature")
			if sig == nil {
				return true
			}
			_, certs := vectorKeys(sig)
			v := verifier{certs: append(certs, alpha().cert), allow: Legacy{SHA1: true, RSA1024: true}, wholeDocument: true}
			if octets, _, err := v.verify(e); err == nil {
				t.Errorf("%s was accepted: %s", r.File, octets)
			}
			return true
		})
		keys, _ := vectorKeys(firstSignature(root))
		ok, handled := verifyVector(root, keys)
		switch bad := r.Expect == "verify-fail"; {
		case !handled, bad && len(keys) == 0:
		case ok && bad:
			t.Errorf("%s verifies", r.File)
		case ok:
			verified++
			if len(keys) > 0 {
				signatures++
			}
		case bad:
			failed++
		default:
			t.Errorf("%s does not verify", r.File)
		}
	}
	t.Logf("%d digests and %d of their signatures verified, %d failed as they must", verified, signatures, failed)
	if verified < 10 || signatures == 0 || failed == 0 {
		t.Errorf("%d verified, %d failed as they must: too few to prove anything", verified, failed)
	}
}

func firstSignature(root *element) *element {
	if s := firstNamed(root, "Signature"); s != nil {
		return s
	}
	return root
}
