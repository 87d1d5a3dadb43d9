package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // registers SHA-1: by exception in signatures, and the default digest of RSA-OAEP
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"math/big"
)

// minRSABits is the smallest RSA modulus that needs no exception; NIST SP
// 800-131A. minLegacyRSABits is the smallest with one. minECBits is the
// smallest elliptic curve.
const (
	minRSABits       = 2048
	minLegacyRSABits = 1024
	minECBits        = 256
)

// Legacy lists the named exceptions that a connection may hold for an old
// identity provider. The zero value allows none.
type Legacy struct {
	SHA1      bool // SHA-1 in signatures and their digests
	RSA1024   bool // RSA keys from 1,024 bits on
	TripleDES bool // Triple DES as the cipher of an encrypted assertion
	RSA15     bool // RSA 1.5 as its key transport
}

type sigScheme uint8

const (
	rsaPKCS1 sigScheme = iota
	rsaPSS
	ecdsaRaw
)

// sigMethod is a SignatureMethod.
type sigMethod struct {
	scheme sigScheme
	hash   crypto.Hash
}

// signatureMethod returns the method of a URI: RFC 9231, sections 2.3.2 to
// 2.3.10. HMAC, DSA and MD5 are not among them (threat T-XML-17).
func signatureMethod(uri string, allow Legacy) (sigMethod, error) {
	const more, more07 = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2007/05/xmldsig-more#"
	var m sigMethod
	switch uri {
	case nsDSig + "rsa-sha1":
		m = sigMethod{rsaPKCS1, crypto.SHA1}
	case more + "rsa-sha256":
		m = sigMethod{rsaPKCS1, crypto.SHA256}
	case more + "rsa-sha384":
		m = sigMethod{rsaPKCS1, crypto.SHA384}
	case more + "rsa-sha512":
		m = sigMethod{rsaPKCS1, crypto.SHA512}
	case more07 + "sha256-rsa-MGF1":
		m = sigMethod{rsaPSS, crypto.SHA256}
	case more07 + "sha384-rsa-MGF1":
		m = sigMethod{rsaPSS, crypto.SHA384}
	case more07 + "sha512-rsa-MGF1":
		m = sigMethod{rsaPSS, crypto.SHA512}
	case more + "ecdsa-sha1":
		m = sigMethod{ecdsaRaw, crypto.SHA1}
	case more + "ecdsa-sha256":
		m = sigMethod{ecdsaRaw, crypto.SHA256}
	case more + "ecdsa-sha384":
		m = sigMethod{ecdsaRaw, crypto.SHA384}
	case more + "ecdsa-sha512":
		m = sigMethod{ecdsaRaw, crypto.SHA512}
	default:
		return m, &refusal{"algorithm", "a signature by RSA, RSA-PSS or ECDSA with SHA-256, SHA-384 or SHA-512", uri}
	}
	if m.hash == crypto.SHA1 && !allow.SHA1 {
		return m, &refusal{"algorithm", "a signature with SHA-256, SHA-384 or SHA-512", uri}
	}
	return m, nil
}

// digestMethod returns the hash of a DigestMethod.
func digestMethod(uri string, allow Legacy) (crypto.Hash, error) {
	h := hashByURI(uri)
	if h == 0 || h == crypto.SHA1 && !allow.SHA1 {
		return 0, &refusal{"algorithm", "a digest by SHA-256, SHA-384 or SHA-512", uri}
	}
	return h, nil
}

// hashByURI returns 0 for one that is not known.
func hashByURI(uri string) crypto.Hash {
	switch uri {
	case nsDSig + "sha1":
		return crypto.SHA1
	case nsXEnc + "sha256":
		return crypto.SHA256
	case "http://www.w3.org/2001/04/xmldsig-more#sha384":
		return crypto.SHA384
	case nsXEnc + "sha512":
		return crypto.SHA512
	}
	return 0
}

func hashOf(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}

// fits reports why a key can't be used with the method; nil if it can.
func (m sigMethod) fits(key any, allow Legacy) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if m.scheme == ecdsaRaw {
			return &refusal{"algorithm", "a signature by RSA, as the certificate's key is", "ECDSA"}
		}
		return checkRSASize(k, allow)
	case *ecdsa.PublicKey:
		if m.scheme != ecdsaRaw {
			return &refusal{"algorithm", "a signature by ECDSA, as the certificate's key is", "RSA"}
		}
		if bits := k.Curve.Params().BitSize; bits < minECBits {
			return &refusal{"weak_key", fmt.Sprintf("a curve of at least %d bits", minECBits), fmt.Sprint(bits)}
		}
		return nil
	}
	return &refusal{"algorithm", "a certificate with an RSA or ECDSA key", fmt.Sprintf("%T", key)}
}

func checkRSASize(k *rsa.PublicKey, allow Legacy) error {
	least := minRSABits
	if allow.RSA1024 {
		least = minLegacyRSABits
	}
	if bits := k.N.BitLen(); bits < least {
		return &refusal{"weak_key", fmt.Sprintf("an RSA key of at least %d bits", least), fmt.Sprint(bits)}
	}
	return nil
}

// verify reports whether value is a signature of the hash by the key, which
// must fit the method.
func (m sigMethod) verify(key any, hashed, value []byte) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if m.scheme == rsaPSS { // salt as long as the hash: RFC 9231, section 2.3.10
			return rsa.VerifyPSS(k, m.hash, hashed, value, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(k, m.hash, hashed, value) == nil
	case *ecdsa.PublicKey:
		// r and s side by side, each as long as the curve's field: XML Signature
		// 1.1, section 6.4.3. A DER value has another length (threat T-XML-19).
		size := (k.Curve.Params().BitSize + 7) / 8
		if len(value) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])
		return ecdsa.Verify(k, hashed, r, s)
	}
	return false
}
