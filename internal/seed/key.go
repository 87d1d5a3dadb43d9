package seed

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"time"
)

// keyPair is one key for all connections, ours and the providers' alike: 20,000
// would take an hour.
type keyPair struct {
	certificate string // base64 DER
	private     []byte // PKCS #8 DER
}

func newKeyPair(now time.Time) (k keyPair, err error) {
	const bits, years = 2048, 10
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return k, fmt.Errorf("seed: making a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Made up by usher bench seed"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(years, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return k, fmt.Errorf("seed: making a certificate: %w", err)
	}
	k.certificate = base64.StdEncoding.EncodeToString(der)
	k.private, err = x509.MarshalPKCS8PrivateKey(key)
	return k, err
}
