package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxCertificateText is the longest text read as a certificate or a key, in
// bytes (threat T-DOS-06; ours). Real ones have one to three thousand.
const maxCertificateText = 64 << 10

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
)

// ParseCertificate reads one X.509 certificate, written as PEM or as bare base64
// of its DER form, as consoles and metadata show it. White space does not
// matter, so a PEM block that a form squeezed into one line is read too.
//
// Dates and the certificate's own signature are not checked: a pinned
// certificate is trusted because it was pinned (threat T-SAML-40). The error's
// text is plain words for an administrator.
func ParseCertificate(s string) (*x509.Certificate, error) {
	if len(s) > maxCertificateText {
		return nil, fmt.Errorf("the certificate is longer than %d KiB", maxCertificateText>>10)
	}
	body, err := certificateBody(s)
	if err != nil {
		return nil, err
	}
	der, err := decodeBase64(body)
	if err != nil {
		return nil, errors.New("this is neither a PEM certificate nor base64")
	}
	if len(der) == 0 {
		return nil, errors.New("the certificate is empty")
	}
	return parseCertificateDER(der)
}

// certificateBody returns the base64 of the only PEM block in s, or s itself if
// it holds none.
func certificateBody(s string) (string, error) {
	_, rest, found := strings.Cut(s, pemBegin)
	if !found {
		return s, nil
	}
	kind, rest, found := strings.Cut(rest, pemDash)
	if !found {
		return "", errors.New("the PEM block is cut off")
	}
	switch kind {
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
	default:
		if strings.HasSuffix(kind, "PRIVATE KEY") {
			return "", errors.New("this is a private key, which must stay where it is: give the certificate")
		}
		return "", errors.New("this PEM block is no certificate")
	}
	body, rest, found := strings.Cut(rest, pemEnd)
	if !found {
		return "", errors.New("the PEM block is cut off")
	}
	if strings.Contains(rest, pemBegin) {
		return "", errors.New("these are several PEM blocks: give one certificate at a time")
	}
	return body, nil
}

// parseCertificateDER parses a certificate, also one with a negative serial
// number. RFC 5280, 4.1.2.2 forbids those and crypto/x509 refuses them, but
// Microsoft has issued token-signing certificates with them; nothing here
// depends on the number.
func parseCertificateDER(der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err == nil {
		return c, nil
	}
	patched, ok := withPositiveSerial(der)
	if !ok {
		return nil, errors.New("this is no X.509 certificate")
	}
	c, err = x509.ParseCertificate(patched)
	if err != nil {
		return nil, errors.New("this is no X.509 certificate")
	}
	c.Raw = bytes.Clone(der) // fingerprints and EncodeCertificate speak of the original
	return c, nil
}

// withPositiveSerial returns a copy of a certificate whose negative serial number
// is replaced by a positive one of the same length; ok is false if it has none.
func withPositiveSerial(der []byte) (patched []byte, ok bool) {
	patched = bytes.Clone(der)
	input := cryptobyte.String(patched)
	var certificate, tbs, serial cryptobyte.String
	if !input.ReadASN1(&certificate, asn1.SEQUENCE) ||
		!certificate.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) ||
		!tbs.ReadASN1(&serial, asn1.INTEGER) ||
		len(serial) == 0 || serial[0] < 0x80 {
		return nil, false
	}
	serial[0] = 1 // shares its bytes with patched
	return patched, true
}

// EncodeCertificate returns the certificate as bare base64 of its DER form on one
// line, the form that metadata uses.
func EncodeCertificate(c *x509.Certificate) string {
	return base64.StdEncoding.EncodeToString(c.Raw)
}

// pemBlock returns the DER of the first PEM block in data whose type ends with
// suffix, or data itself if it is not PEM.
func pemBlock(data []byte, suffix string) ([]byte, error) {
	if !bytes.Contains(data, []byte(pemBegin)) {
		return data, nil
	}
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			return nil, fmt.Errorf("no PEM block of type %s", suffix)
		}
		if strings.HasSuffix(block.Type, suffix) {
			return block.Bytes, nil
		}
	}
}

// CertificateWarnings says in plain words what is unusual about a provider's
// certificate. None of it stops the certificate from being used but a key that
// is too weak, which only a connection's dated exception lets through.
func CertificateWarnings(c *x509.Certificate, now time.Time) []string {
	var list []string
	subject := c.Subject.CommonName
	if subject == "" {
		subject = c.Subject.String()
	}
	switch {
	case now.After(c.NotAfter):
		list = append(list, fmt.Sprintf("The certificate %.200q expired on %s.", subject, c.NotAfter.UTC().Format(time.DateOnly)))
	case now.Before(c.NotBefore):
		list = append(list, fmt.Sprintf("The certificate %.200q is valid from %s only.", subject, c.NotBefore.UTC().Format(time.DateOnly)))
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			list = append(list, fmt.Sprintf("The RSA key of the certificate %.200q has %d bits: signatures with fewer than %d are refused.", subject, key.N.BitLen(), minRSABits))
		}
	case *ecdsa.PublicKey:
	default:
		list = append(list, fmt.Sprintf("The key of the certificate %.200q is neither RSA nor ECDSA: its signatures are refused.", subject))
	}
	return list
}
