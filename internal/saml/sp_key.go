package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const (
	// spKeyBits is the size of the service provider's keys: what every identity
	// provider accepts, and the least that NIST SP 800-131A allows.
	spKeyBits = 2048

	// serialBits leaves the sign bit of the 20 bytes that RFC 5280, 4.1.2.2 allows.
	serialBits = 159
)

// NewSPKey makes an RSA key for the service provider, in PKCS #8 form, and a
// self-signed certificate for it, in DER form, valid from now on. Identity
// providers look at the key in the certificate, some also at its dates.
func NewSPKey(now time.Time, commonName string, validity time.Duration) (pkcs8, certificate []byte, err error) {
	if validity <= 0 {
		return nil, nil, errors.New("saml: validity of a key must be positive")
	}
	key, err := rsa.GenerateKey(rand.Reader, spKeyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("saml: making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, nil, fmt.Errorf("saml: making a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial.Add(serial, big.NewInt(1)), // zero is not allowed
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             now.Add(-time.Hour), // clocks differ
		NotAfter:              now.Add(validity),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	certificate, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("saml: signing the certificate: %w", err)
	}
	pkcs8, err = x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("saml: encoding the key: %w", err)
	}
	return pkcs8, certificate, nil
}

// ParseSPKey reads an RSA private key, as PEM or DER, in PKCS #8 or PKCS #1 form.
// Errors hold nothing of the key.
func ParseSPKey(data []byte) (*rsa.PrivateKey, error) {
	if len(data) > maxCertificateText {
		return nil, fmt.Errorf("saml: the private key is longer than %d KiB", maxCertificateText>>10)
	}
	der, err := pemBlock(data, "PRIVATE KEY")
	if err != nil {
		return nil, fmt.Errorf("saml: reading the private key: %w", err)
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("saml: this is no unencrypted PKCS #8 or PKCS #1 private key")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("saml: the private key is not an RSA key")
	}
	return key, nil
}
