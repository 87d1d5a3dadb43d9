package saml

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// outgoingNow is the present of the tests of what we send and of metadata.
var outgoingNow = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// signer is a key with its certificate.
type signer struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

func newSigner(name string) signer {
	pkcs8, der, err := NewSPKey(outgoingNow, name, 24*time.Hour)
	if err != nil {
		panic(err)
	}
	key, err := ParseSPKey(pkcs8)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return signer{key, cert}
}

// Making RSA keys is slow, so the tests share two pairs. Nothing changes them.
var (
	alpha = sync.OnceValue(func() signer { return newSigner("alpha") })
	beta  = sync.OnceValue(func() signer { return newSigner("beta") })
)

// gamma signs with an elliptic curve.
var gamma = sync.OnceValues(func() (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gamma"},
		NotBefore: outgoingNow.Add(-time.Hour), NotAfter: outgoingNow.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return key, cert
})

// signedDocument puts a signature between the parts of a document, which must be
// canonical and carry the ID.
func signedDocument(t testing.TB, s signer, id, before, after string) string {
	t.Helper()
	signature, err := signEnveloped(before+after, id, s.key, s.cert)
	if err != nil {
		t.Fatal(err)
	}
	return before + signature + after
}

// runTool runs a program of the machine on files that it makes, and skips the
// test where the program is absent.
func runTool(t *testing.T, name string, files map[string]string, args ...string) {
	t.Helper()
	requireTool(t, name)
	dir := t.TempDir()
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// samlSchema returns the path of one of the SAML schemas, which come with
// SimpleSAMLphp's package, and skips the test where they are absent.
func samlSchema(t *testing.T, name string) string {
	t.Helper()
	path := "/usr/share/simplesamlphp/schemas/saml-schema-" + name + "-2.0.xsd"
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the SAML schemas of SimpleSAMLphp are not installed: %v", err)
	}
	return path
}

// hostileText holds everything that a careless writer of XML lets through.
const hostileText = "a&b<c>\"d'e\r\n\tf]]>-->\x00\x0b\ufffe\uffff\xff<x ID=\"_1\"/>é\U0001F600"

// hostileTextRead is what a reader must find in its place.
const hostileTextRead = "a&b<c>\"d'e\r\n\tf]]>-->\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD<x ID=\"_1\"/>é\U0001F600"

// requireTool skips a test that asks another program for a second opinion, where
// that is absent or the run is to be short. Under "make test", which installs it,
// its absence is a failure.
func requireTool(t *testing.T, name string) {
	t.Helper()
	if testing.Short() {
		t.Skip("a second opinion is for whole runs")
	}
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("USHER_TEST_ALL") == "1" {
		t.Fatal(name + " is not installed")
	}
	t.Skip(name + " is not installed: apt-get install " + name + ", or make test")
}
