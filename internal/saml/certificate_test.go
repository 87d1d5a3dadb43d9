package saml

import (
	"bytes"
	"crypto/dsa" //nolint:staticcheck // to be refused
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

func pemCertificate(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func TestParseCertificate(t *testing.T) {
	t.Parallel()
	cert := alpha().cert
	bare, armored := EncodeCertificate(cert), pemCertificate(cert)
	pkcs8, _, err := NewSPKey(outgoingNow, "x", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		text string
		want string // of the error; empty: read
	}{
		"PEM":                          {armored, ""},
		"PEM after other text":         {"Subject: alpha\n" + armored + "\n", ""},
		"PEM with CR LF":               {strings.ReplaceAll(armored, "\n", "\r\n"), ""},
		"PEM on one line":              {strings.ReplaceAll(armored, "\n", ""), ""},
		"PEM with spaces for breaks":   {strings.ReplaceAll(armored, "\n", " "), ""},
		"bare base64":                  {bare, ""},
		"bare base64, indented":        {"\n\t" + bare[:70] + "\r\n\t  " + bare[70:] + "\n", ""},
		"nothing":                      {"", "the certificate is empty"},
		"white space":                  {" \n", "the certificate is empty"},
		"words":                        {"my certificate", "this is neither a PEM certificate nor base64"},
		"base64 of something else":     {"aGVsbG8=", "this is no X.509 certificate"},
		"a certificate cut off":        {base64.StdEncoding.EncodeToString(cert.Raw[:400]), "this is no X.509 certificate"},
		"bytes behind a certificate":   {base64.StdEncoding.EncodeToString(append(bytes.Clone(cert.Raw), 0)), "this is no X.509 certificate"},
		"a serial number of no bytes":  {"MAQwAgIA", "this is no X.509 certificate"},
		"PEM cut off in its label":     {"-----BEGIN CERTIF", "the PEM block is cut off"},
		"PEM cut off in its body":      {"-----BEGIN CERTIFICATE-----\n" + bare, "the PEM block is cut off"},
		"two certificates":             {armored + armored, "these are several PEM blocks: give one certificate at a time"},
		"a private key":                {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), "this is a private key, which must stay where it is: give the certificate"},
		"a public key":                 {"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----", "this PEM block is no certificate"},
		"T-DOS-06: more than 64 KiB":   {strings.Repeat(" ", maxCertificateText-len(bare)+1) + bare, "the certificate is longer than 64 KiB"},
		"T-DOS-06: 64 KiB and no more": {strings.Repeat(" ", maxCertificateText-len(bare)) + bare, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseCertificate(tt.text)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want == "" && !got.Equal(cert):
				t.Error("another certificate was read")
			case tt.want != "" && err == nil:
				t.Errorf("read, want %q", tt.want)
			case tt.want != "" && err.Error() != tt.want:
				t.Errorf("error %q, want %q", err, tt.want)
			}
		})
	}
}

// alphaAndSerial returns alpha's certificate and, inside it, the octets of its
// serial number, which follow the version and a length.
func alphaAndSerial(t testing.TB) (der, serial []byte) {
	t.Helper()
	der = bytes.Clone(alpha().cert.Raw)
	version := []byte{0xa0, 3, 2, 1, 2, 2}
	i := bytes.Index(der, version)
	if i < 0 {
		t.Fatal("the certificate has no version 3")
	}
	i += len(version)
	return der, der[i+1 : i+1+int(der[i])]
}

// negativeSerial returns alpha's certificate with a negative serial number.
func negativeSerial(t testing.TB) []byte {
	t.Helper()
	der, serial := alphaAndSerial(t)
	serial[0] |= 0x80
	return der
}

func TestParseCertificateReadsNegativeSerialNumbers(t *testing.T) {
	t.Parallel()
	der := negativeSerial(t)
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("crypto/x509 reads it by itself: the workaround can go")
	}
	c, err := ParseCertificate(base64.StdEncoding.EncodeToString(der))
	if err != nil {
		t.Fatal(err)
	}
	if !alpha().key.PublicKey.Equal(c.PublicKey) {
		t.Error("another key was read")
	}
	if got, want := EncodeCertificate(c), base64.StdEncoding.EncodeToString(der); got != want {
		t.Errorf("written again as %s, want %s", got, want)
	}
	if _, err := ParseCertificate(base64.StdEncoding.EncodeToString(append(der, 0))); err == nil {
		t.Error("bytes behind it were overlooked")
	}
}

// Only a negative number is forgiven: DER has one form of each other.
func TestParseCertificateRefusesASerialNumberWithANeedlessZero(t *testing.T) {
	t.Parallel()
	der, serial := alphaAndSerial(t)
	serial[0], serial[1] = 0, 1
	if _, err := ParseCertificate(base64.StdEncoding.EncodeToString(der)); err == nil {
		t.Error("it was read")
	}
}

func TestEncodeCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	s := EncodeCertificate(alpha().cert)
	if strings.ContainsAny(s, "-\n ") {
		t.Errorf("not bare base64: %s", s)
	}
	c, err := ParseCertificate(s)
	if err != nil || !c.Equal(alpha().cert) {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestCertificateWarnings(t *testing.T) {
	t.Parallel()
	small := *alpha().cert
	smallKey := alpha().key.PublicKey
	smallKey.N = new(big.Int).Rsh(smallKey.N, 1024)
	small.PublicKey = &smallKey
	_, curve := gamma()
	odd := &x509.Certificate{
		Subject: pkix.Name{CommonName: "odd"}, PublicKey: &dsa.PublicKey{},
		NotBefore: outgoingNow.Add(-time.Hour), NotAfter: outgoingNow.Add(time.Hour),
	}
	nameless := *alpha().cert
	nameless.Subject = pkix.Name{Organization: []string{"Acme"}}
	tests := map[string]struct {
		cert *x509.Certificate
		now  time.Time
		want []string
	}{
		"T-SAML-40: past its date":        {alpha().cert, outgoingNow.Add(48 * time.Hour), []string{`The certificate "alpha" expired on 2026-11-26.`}},
		"not yet valid":                   {alpha().cert, outgoingNow.Add(-48 * time.Hour), []string{`The certificate "alpha" is valid from 2026-11-25 only.`}},
		"a subject without a common name": {&nameless, outgoingNow.Add(48 * time.Hour), []string{`The certificate "O=Acme" expired on 2026-11-26.`}},
		"in its time":                     {alpha().cert, outgoingNow, nil},
		"an elliptic curve":               {curve, outgoingNow, nil},
		"a small RSA key":                 {&small, outgoingNow, []string{`The RSA key of the certificate "alpha" has 1024 bits: signatures with fewer than 2048 are refused.`}},
		"a key that nobody uses":          {odd, outgoingNow, []string{`The key of the certificate "odd" is neither RSA nor ECDSA: its signatures are refused.`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := CertificateWarnings(tt.cert, tt.now)
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzParseCertificate(f *testing.F) {
	f.Add(pemCertificate(alpha().cert))
	f.Add(EncodeCertificate(alpha().cert))
	f.Add(base64.StdEncoding.EncodeToString(negativeSerial(f)))
	f.Add("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCertificate(s)
		if err != nil {
			return
		}
		again, err := ParseCertificate(EncodeCertificate(c))
		if err != nil || !again.Equal(c) {
			t.Errorf("not read again: %v", err)
		}
	})
}
