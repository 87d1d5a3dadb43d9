package practice

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const (
	// keyBits is the size of generated keys: what most providers use.
	keyBits = 2048

	// keyYears is how long a generated certificate lasts. Providers sign
	// their own for ten years or so; service providers pin it.
	keyYears = 10
)

// keyPair is a signing key and the certificate that announces it.
type keyPair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

// generateKeyPair makes a key with a self-signed certificate for name.
func generateKeyPair(name string, now time.Time) (*keyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("practice: generating a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("practice: choosing a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: []string{"Practice identity provider"}},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(keyYears, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("practice: making a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("practice: reading the certificate made: %w", err)
	}
	return &keyPair{key: key, cert: cert}, nil
}

// encodeKeys writes pairs as PEM: each private key followed by its certificate.
func encodeKeys(pairs ...*keyPair) ([]byte, error) {
	var out bytes.Buffer
	for _, p := range pairs {
		if p == nil {
			continue
		}
		der, err := x509.MarshalPKCS8PrivateKey(p.key)
		if err != nil {
			return nil, fmt.Errorf("practice: writing a key: %w", err)
		}
		for _, block := range []*pem.Block{
			{Type: "PRIVATE KEY", Bytes: der},
			{Type: "CERTIFICATE", Bytes: p.cert.Raw},
		} {
			if err := pem.Encode(&out, block); err != nil {
				return nil, fmt.Errorf("practice: writing a key: %w", err)
			}
		}
	}
	return out.Bytes(), nil
}

// decodeKeys reads what encodeKeys wrote: the current pair and, where it was
// made already, the next one.
func decodeKeys(text []byte) (current, next *keyPair, err error) {
	var pairs []*keyPair
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, nil, fmt.Errorf("practice: reading a key: %w", err)
			}
			key, ok := parsed.(*rsa.PrivateKey)
			if !ok {
				return nil, nil, errors.New("practice: reading a key: it is not an RSA key")
			}
			pairs = append(pairs, &keyPair{key: key})
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, fmt.Errorf("practice: reading a certificate: %w", err)
			}
			if len(pairs) == 0 || !pairs[len(pairs)-1].key.PublicKey.Equal(cert.PublicKey) {
				return nil, nil, errors.New("practice: reading keys: a certificate does not follow its key")
			}
			pairs[len(pairs)-1].cert = cert
		default:
			return nil, nil, fmt.Errorf("practice: reading keys: a block of type %q", block.Type)
		}
	}
	for _, p := range pairs {
		if p.cert == nil {
			return nil, nil, errors.New("practice: reading keys: a key has no certificate")
		}
	}
	switch len(pairs) {
	case 1:
		return pairs[0], nil, nil
	case 2:
		return pairs[0], pairs[1], nil
	}
	return nil, nil, fmt.Errorf("practice: reading keys: %d keys instead of one or two", len(pairs))
}
