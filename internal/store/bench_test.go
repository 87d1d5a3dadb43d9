package store_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// each runs a benchmark on each engine.
func each(b *testing.B, bench func(b *testing.B, db *store.DB)) {
	for _, engine := range storetest.Engines() {
		b.Run(string(engine), func(b *testing.B) { bench(b, storetest.Open(b, engine)) })
	}
}

// people is how many the benchmarks' databases hold.
const people = 2000

func fill(b *testing.B, db *store.DB) {
	b.Helper()
	o, c := organization(1), connection(1, "acme.test")
	write(b, db, func(tx *store.Tx) error {
		return first(
			func() error { return tx.InsertOrganization(o) },
			func() error { return tx.InsertConnection(c) },
		)
	})
	const batch = 500
	for from := 0; from < people; from += batch {
		write(b, db, func(tx *store.Tx) error {
			for i := from; i < from+batch; i++ {
				if err := first(
					func() error { return tx.InsertUser(user(i)) },
					func() error { _, err := tx.InsertAccount(account(i, c.ID, user(i).ID)); return err },
					func() error { _, err := tx.InsertMembership(membership(i, o.ID, user(i).ID, "org:member")); return err },
				); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// BenchmarkWrite is a transaction like a sign-in: three reads through an index,
// and six writes, one of which has 6 KB.
func BenchmarkWrite(b *testing.B) {
	each(b, func(b *testing.B, db *store.DB) {
		fill(b, db)
		c, o := connection(1), organization(1)
		var n atomic.Int64
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := int(n.Add(1))
				a := attempt(i)
				a.Detail = identity.Metadata{"received": strings.Repeat("x", 6<<10)}
				if err := db.Write(b.Context(), func(tx *store.Tx) error {
					acc, err := tx.AccountBySubject(c.ID, fmt.Sprint("subject-", i%people))
					if err != nil {
						return err
					}
					u, err := tx.User(acc.UserID)
					if err != nil {
						return err
					}
					if _, err := tx.Membership(o.ID, u.ID); err != nil {
						return err
					}
					u.LastSignInAt, acc.LastAuthenticatedAt = at(i), at(i)
					return first(
						func() error { _, err := tx.UseAssertion(c.ID, fmt.Sprint("_", i), at(i)); return err },
						func() error { return tx.InsertAttempt(a) },
						func() error { return tx.UpdateAccount(acc) },
						func() error { return tx.UpdateUser(u) },
						func() error { return tx.InsertSession(session(i, "client_1", u.ID)) },
						func() error { return tx.InsertSignIn(signIn(i, "client_1")) },
					)
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// BenchmarkRead is one read through an index.
func BenchmarkRead(b *testing.B) {
	each(b, func(b *testing.B, db *store.DB) {
		fill(b, db)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			read(b, db, func(tx *store.Tx) error { _, err := tx.User(user(i % people).ID); return err })
		}
	})
}

// BenchmarkConnectionsByDomains looks a domain and its parent up among 100,000
// connections.
func BenchmarkConnectionsByDomains(b *testing.B) {
	each(b, func(b *testing.B, db *store.DB) {
		write(b, db, func(tx *store.Tx) error {
			const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) `
			for _, text := range []string{
				`INSERT INTO enterprise_connections (id, organization_id, name, provider, active, authenticatable,
					live_revision_id, created_at, updated_at) ` + numbers +
					`SELECT 'entconn_' || i, 'org_' || i, 'n', 'saml_okta', true, true, 'entrev_' || i, i, i FROM n`,
				`INSERT INTO connection_revisions (id, connection_id, number, config, created_at) ` + numbers +
					`SELECT 'entrev_' || i, 'entconn_' || i, 1, '{"saml":{"idp_entity_id":"x"}}', i FROM n`,
				`INSERT INTO connection_domains (connection_id, domain, position) ` + numbers +
					`SELECT 'entconn_' || i, 'd' || i || '.test', 0 FROM n`,
			} {
				if _, err := tx.Exec(text); err != nil {
					return err
				}
			}
			_, err := tx.Exec(`ANALYZE`) // as either engine's housekeeping does
			return err
		})
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			domain := identity.Domain(fmt.Sprintf("d%d.test", 1+i*7919%100000))
			read(b, db, func(tx *store.Tx) error {
				found, err := tx.ConnectionsByDomains([]identity.Domain{domain, "eu." + domain})
				if len(found) != 1 {
					b.Errorf("%s: found %d", domain, len(found))
				}
				return err
			})
		}
	})
}
