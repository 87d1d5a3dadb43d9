package manage

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"time"
)

// CertificateView is a certificate as people tell it from others.
type CertificateView struct {
	Subject     string
	Fingerprint string // SHA-256, in hexadecimal
	NotBefore   time.Time
	NotAfter    time.Time
}

// Certificates reads stored certificates (base64 DER). One that can't be read any
// more is left out; none is stored that could not be read.
func Certificates(stored []string) []CertificateView {
	var list []CertificateView
	for _, text := range stored {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			continue
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		sum := sha256.Sum256(der)
		list = append(list, CertificateView{Subject: c.Subject.String(), Fingerprint: hex.EncodeToString(sum[:]), NotBefore: c.NotBefore, NotAfter: c.NotAfter})
	}
	return list
}

// CertificatesPEM writes stored certificates as consoles show them.
func CertificatesPEM(stored []string) []string {
	var list []string
	for _, text := range stored {
		if block := pemOf(text); block != "" {
			list = append(list, block)
		}
	}
	return list
}
