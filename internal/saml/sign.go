package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
)

// What we sign with: RFC 9231, section 2.3.2, and XML Encryption, section 5.7.2.
const (
	algRSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algSHA256    = nsXEnc + "sha256"
)

// signEnveloped returns the ds:Signature for the element whose canonical octets
// without it are given, and whose ID is id (saml-core, section 5.4). The
// certificate stands beside it if there is one.
func signEnveloped(octets, id string, key *rsa.PrivateKey, cert *x509.Certificate) (string, error) {
	digest := sha256.Sum256([]byte(octets))
	body := `<ds:CanonicalizationMethod Algorithm="` + algExcC14N + `"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="` + algRSASHA256 + `"></ds:SignatureMethod>` +
		`<ds:Reference` + writeAttr("URI", "#"+id) + `><ds:Transforms>` +
		`<ds:Transform Algorithm="` + algEnveloped + `"></ds:Transform>` +
		`<ds:Transform Algorithm="` + algExcC14N + `"></ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + algSHA256 + `"></ds:DigestMethod>` +
		`<ds:DigestValue>` + base64.StdEncoding.EncodeToString(digest[:]) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`

	// Canonicalized by itself, SignedInfo declares the prefix that it inherits
	// from Signature in the document.
	value, err := signSHA256(key, []byte("<ds:SignedInfo"+declDS+">"+body))
	if err != nil {
		return "", err
	}
	signature := "<ds:Signature" + declDS + "><ds:SignedInfo>" + body +
		"<ds:SignatureValue>" + base64.StdEncoding.EncodeToString(value) + "</ds:SignatureValue>"
	if cert != nil {
		signature += "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" + EncodeCertificate(cert) +
			"</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
	}
	return signature + "</ds:Signature>", nil
}

// signSHA256 signs with RSA PKCS #1 v1.5 and SHA-256.
func signSHA256(key *rsa.PrivateKey, octets []byte) ([]byte, error) {
	digest := sha256.Sum256(octets)
	value, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return nil, fmt.Errorf("saml: signing: %w", err)
	}
	return value, nil
}
