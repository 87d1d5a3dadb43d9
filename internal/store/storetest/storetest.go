// Package storetest gives a test fresh, migrated databases, one for each engine,
// and a clock.
//
// SQLite needs nothing. For PostgreSQL it starts a private server from the
// programs of the machine, which all test processes of a user share and which
// ends with the last of them; USHER_TEST_POSTGRES names an existing server
// instead. Without either, PostgreSQL is skipped, unless USHER_TEST_ALL=1.
package storetest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"usher/internal/secret"
	"usher/internal/store"
)

// Engines lists what tests run on.
func Engines() []store.Engine { return []store.Engine{store.SQLite, store.PostgreSQL} }

// Each runs a test on each engine, in parallel, with an empty database of its own.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, engine))
		})
	}
}

// Open returns an empty database, closed at the end of the test.
func Open(t testing.TB, engine store.Engine) *store.DB {
	t.Helper()
	return OpenURL(t, URL(t, engine))
}

// Two returns two nodes' handles on one PostgreSQL database.
func Two(t testing.TB) (a, b *store.DB) {
	t.Helper()
	url := URL(t, store.PostgreSQL)
	return OpenURL(t, url), OpenURL(t, url)
}

// OpenURL opens a database with Keys, closed at the end of the test.
func OpenURL(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Keys: Keys()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return db
}

// URL makes an empty, migrated database that is removed at the end of the test,
// and returns its URL.
func URL(t testing.TB, engine store.Engine) string {
	t.Helper()
	if engine == store.PostgreSQL {
		return postgresURL(t)
	}
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// Keys is the key ring of the databases. It is the same in every process.
func Keys() *secret.KeyRing {
	ring, err := secret.ParseKeyRing(
		"hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= test:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
	if err != nil {
		panic(err) // a constant
	}
	return ring
}

// sqliteTemplate is the content of an empty, migrated file.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "usher-storetest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	if err := migrate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// migratedAt is when the databases say that they were migrated.
var migratedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
