package storetest

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/store"
)

// Kept returns the URL of a database that outlives the tests, so that one that
// takes minutes to fill is filled once: a file of dir at SQLite, a database of the
// shared server at PostgreSQL. It is made, migrated and filled if it isn't there;
// a name is of one release's schema. It must not be changed for good.
func Kept(t testing.TB, engine store.Engine, dir, name string, fill func(*store.DB)) string {
	t.Helper()
	sum, err := store.SchemaSum()
	if err != nil {
		t.Fatal(err)
	}
	name = "usher_bench_" + name + "_" + sum
	if engine == store.PostgreSQL {
		return keptPostgres(t, name, fill)
	}
	path := filepath.Join(dir, name+".db")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return "sqlite:" + path
	}
	part := filepath.Join(dir, name+".part")
	for _, end := range []string{"", "-wal", "-shm", ".lock"} { // of one that was interrupted
		_ = os.Remove(part + end)
	}
	fillKept(t, "sqlite:"+part, fill)
	if err := os.Rename(part, path); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

func keptPostgres(t testing.TB, name string, fill func(*store.DB)) string {
	t.Helper()
	s, err := postgres()
	if errors.Is(err, errMissing) && os.Getenv("USHER_TEST_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.names(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		return s.url(name)
	}
	part := "usher_test_" + strings.ToLower(rand.Text()) // one that is left over is dropped in time
	if err := s.exec(t.Context(), "CREATE DATABASE "+part); err != nil {
		t.Fatal(err)
	}
	fillKept(t, s.url(part), fill)
	if err := s.exec(t.Context(), "ALTER DATABASE "+part+" RENAME TO "+name); err != nil {
		t.Fatal(err)
	}
	return s.url(name)
}

func fillKept(t testing.TB, url string, fill func(*store.DB)) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Keys: Keys()})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), migratedAt); err != nil {
		t.Fatal(err)
	}
	fill(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
