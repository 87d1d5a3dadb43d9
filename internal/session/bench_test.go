package session_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"syscall"
	"testing"
	"time"

	"usher/internal/session"
	"usher/internal/store/storetest"
)

// measure reports the processor time of this process beside the wall clock's.
func measure(b *testing.B, step func()) {
	b.Helper()
	cpu := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkToken is the minting of a session token; BenchmarkBareSign the one RSA
// signature in it, which is the least that it can cost.
func BenchmarkToken(b *testing.B) {
	for _, engine := range storetest.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			w := newWorld(b, storetest.Open(b, engine))
			browser := w.browser()
			ask := session.Ask{Session: browser.signIn(nil).ID, Client: browser.client, AuthorizedParty: "https://app.test"}
			measure(b, func() { w.token(ask) })
		})
	}
}

func BenchmarkBareSign(b *testing.B) {
	parsed := must(x509.ParsePKCS8PrivateKey(must(firstKey())(b).PrivateKey))(b)
	key, _ := parsed.(*rsa.PrivateKey)
	sum := sha256.Sum256([]byte("token"))
	measure(b, func() { must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]))(b) })
}
