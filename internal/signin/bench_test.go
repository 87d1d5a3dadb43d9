package signin_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// cpu is the processor time that this process has used. PostgreSQL's is not in it.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs step b.N times and reports the latencies and the processor time.
func measure(b *testing.B, step func(i int)) {
	b.Helper()
	took := make([]time.Duration, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu(b)
	for i := range b.N {
		start := time.Now()
		step(i)
		took[i] = time.Since(start)
	}
	used := cpu(b) - before
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkSignIn is what a whole sign-in costs at the ACS: the provider's answer
// judged, the browser's return, the first session token. The person is known, as
// most are. BenchmarkBare is the least that it can cost.
func BenchmarkSignIn(b *testing.B) {
	for _, engine := range storetest.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			w := newWorld(b, engine)
			w.signIn("ada@acme.test")
			answers, clients := make([]signin.Answer, b.N), make([]identity.ClientID, b.N)
			for i := range b.N {
				clients[i] = w.browser()
				answers[i] = w.answer(w.begin(clients[i], "ada@acme.test"), practice.Request{})
			}
			measure(b, func(i int) {
				done := w.done(w.accepted(answers[i]).Nonce, clients[i])
				must(w.flow.Sessions.Token(b.Context(), session.Ask{Session: done.Session.ID, Client: clients[i]}))(b)
			})
		})
	}
}

// BenchmarkOIDCSignIn is what a whole sign-in costs at the callback: the code redeemed
// at a provider on this machine, over HTTP, the answer judged, the first session
// token. The person is known. The provider runs in this process: provider-µs/op is
// its part of the time, which is in the other figures too.
func BenchmarkOIDCSignIn(b *testing.B) {
	for _, engine := range storetest.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			o := newOpenID(b, engine, identity.OIDCCustom)
			o.in(ada)
			callbacks := make([]signin.Callback, b.N)
			for i := range b.N {
				client := o.browser()
				callbacks[i] = o.answers(o.begin(client, "ada@acme.test"), client, ada)
			}
			o.spent.Store(0)
			measure(b, func(i int) {
				done := must(o.flow.FinishOIDC(b.Context(), callbacks[i]))(b)
				must(o.flow.Sessions.Token(b.Context(), session.Ask{Session: done.Session.ID, Client: done.Session.ClientID}))(b)
			})
			b.ReportMetric(float64(o.spent.Load())/1000/float64(b.N), "provider-µs/op")
		})
	}
}

// BenchmarkBare is one RSA-2048 verification, one RSA-2048 signature and one
// commit.
func BenchmarkBare(b *testing.B) {
	key := must(rsaKey())(b)
	sum := sha256.Sum256([]byte("message"))
	signature := must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]))(b)
	for _, engine := range storetest.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			w := newWorld(b, engine)
			measure(b, func(i int) {
				if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
					b.Fatal(err)
				}
				must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]))(b)
				w.write(func(tx *store.Tx) error {
					_, err := tx.UseAssertion(w.conn.ID, fmt.Sprint(i), began)
					return err
				})
			})
		})
	}
}

// BenchmarkDiscover is an address of one of 100,000 connections being led to it.
func BenchmarkDiscover(b *testing.B) {
	const connections, batch = 100_000, 1000
	w := newWorld(b, store.SQLite)
	for n := 0; n < connections; n += batch {
		w.write(func(tx *store.Tx) error {
			for i := n; i < n+batch; i++ {
				c := w.conn
				c.ID, c.LiveRevisionID = identity.NewID[identity.ConnectionID](began), identity.NewID[identity.RevisionID](began)
				c.OrganizationID, c.Domains = "", []identity.Domain{identity.Domain(fmt.Sprintf("d%d.test", i))}
				if err := tx.InsertConnection(c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	measure(b, func(i int) {
		email := identity.Email(fmt.Sprintf("ada@d%d.test", i*7919%connections))
		next := must(w.flow.Where(b.Context(), identity.SignIn{Identifier: email}))(b)
		if len(next.Choices) != 1 {
			b.Fatal("not found")
		}
	})
}
