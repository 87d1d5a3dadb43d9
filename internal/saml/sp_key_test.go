package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

func TestNewSPKeyMakesAKeyAndItsCertificate(t *testing.T) {
	t.Parallel()
	pkcs8, der, err := NewSPKey(outgoingNow, "Acme <SSO>", 365*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseSPKey(pkcs8)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		t.Error("the certificate is for another key")
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Errorf("not signed by its own key: %v", err)
	}
	if got := key.N.BitLen(); got != 2048 {
		t.Errorf("%d bits", got)
	}
	if cert.Subject.CommonName != "Acme <SSO>" || cert.IsCA {
		t.Errorf("subject %s, CA %v", cert.Subject, cert.IsCA)
	}
	if !cert.NotBefore.Before(outgoingNow) || !cert.NotAfter.Equal(outgoingNow.Add(365*24*time.Hour)) {
		t.Errorf("valid from %s to %s", cert.NotBefore, cert.NotAfter)
	}
	if cert.SerialNumber.Sign() <= 0 || cert.SerialNumber.Cmp(alpha().cert.SerialNumber) == 0 {
		t.Errorf("serial number %s", cert.SerialNumber)
	}
}

func TestNewSPKeyNeedsALife(t *testing.T) {
	t.Parallel()
	if _, _, err := NewSPKey(outgoingNow, "x", 0); err == nil {
		t.Error("made a certificate that is never valid")
	}
}

func TestNewSPKeyNeedsANameInUTF8(t *testing.T) {
	t.Parallel()
	if _, _, err := NewSPKey(outgoingNow, "\xff", time.Hour); err == nil {
		t.Error("made a certificate for a name that none can hold")
	}
}

func TestParseSPKey(t *testing.T) {
	t.Parallel()
	key := alpha().key
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	curve, _ := gamma()
	pkcs8Curve, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	armor := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	tests := map[string]struct {
		data []byte
		want string // in the error; empty: read
	}{
		"PKCS #8, DER":               {pkcs8, ""},
		"PKCS #1, DER":               {pkcs1, ""},
		"PKCS #8, PEM":               {armor("PRIVATE KEY", pkcs8), ""},
		"PKCS #1, PEM":               {armor("RSA PRIVATE KEY", pkcs1), ""},
		"PEM behind a certificate":   {append([]byte(pemCertificate(alpha().cert)), armor("PRIVATE KEY", pkcs8)...), ""},
		"a certificate":              {[]byte(pemCertificate(alpha().cert)), "no PEM block of type PRIVATE KEY"},
		"nothing":                    {nil, "this is no unencrypted"},
		"an encrypted key":           {armor("ENCRYPTED PRIVATE KEY", []byte{0x30, 0}), "this is no unencrypted"},
		"an elliptic curve":          {armor("PRIVATE KEY", pkcs8Curve), "not an RSA key"},
		"T-DOS-06: more than 64 KiB": {append(bytes.Repeat([]byte(" "), maxCertificateText), pkcs8...), "longer than 64 KiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseSPKey(tt.data)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want == "" && !got.Equal(key):
				t.Error("another key was read")
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
