package session_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"usher/internal/session"
	"usher/internal/store/storetest"
)

// BenchmarkToken is the minting of a session token; BenchmarkBareSign the one RSA
// signature in it, which is the least that it can cost.
func BenchmarkToken(b *testing.B) {
	for _, engine := range storetest.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			w := newWorld(b, storetest.Open(b, engine))
			browser := w.browser()
			ask := session.Ask{Session: browser.signIn(nil).ID, Client: browser.client, AuthorizedParty: "https://app.test"}
			b.ReportAllocs()
			for b.Loop() {
				w.token(ask)
			}
		})
	}
}

func BenchmarkBareSign(b *testing.B) {
	parsed := must(x509.ParsePKCS8PrivateKey(must(firstKey())(b).PrivateKey))(b)
	key, _ := parsed.(*rsa.PrivateKey)
	sum := sha256.Sum256([]byte("token"))
	b.ReportAllocs()
	for b.Loop() {
		must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]))(b)
	}
}
