package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// count adds to a counter and returns what it comes to.
func count(t testing.TB, db *store.DB, name string, by int) (n int) {
	t.Helper()
	write(t, db, func(tx *store.Tx) (err error) {
		n, err = tx.Count(name, at(0), by)
		return err
	})
	return n
}

// server is a connection of its own to the PostgreSQL database at a URL.
func server(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func TestMigrate_AgainDoesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		count(t, db, "kept", 1)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := db.Migrate(t.Context(), at(0)); err != nil {
					t.Errorf("Migrate: %v", err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db, "kept", 1); n != 2 {
			t.Errorf("count: got %d, want 2", n)
		}
	})
}

// Two nodes start on an empty database at the same time.
func TestMigrate_FromTwoNodesAtOnce(t *testing.T) {
	t.Parallel()
	a, b := storetest.Two(t)
	write(t, a, func(tx *store.Tx) error {
		_, err := tx.Exec(`DROP SCHEMA public CASCADE`)
		return err
	})
	write(t, a, func(tx *store.Tx) error { _, err := tx.Exec(`CREATE SCHEMA public`); return err })
	var wg sync.WaitGroup
	for _, db := range []*store.DB{a, b, a, b} {
		wg.Go(func() {
			if err := db.Migrate(t.Context(), at(0)); err != nil {
				t.Errorf("Migrate: %v", err)
			}
		})
	}
	wg.Wait()
	count(t, b, "works", 1)
}

func TestWrite_RunsAsIfAlone(t *testing.T) {
	t.Parallel()
	const writers = 20
	increment := func(t *testing.T, nodes ...*store.DB) {
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				err := nodes[i%len(nodes)].Write(t.Context(), func(tx *store.Tx) error {
					u, err := tx.User("user_1")
					if err != nil {
						return err
					}
					u.FirstName += "x"
					return tx.UpdateUser(u)
				})
				if err != nil {
					t.Errorf("Write: %v", err)
				}
			})
		}
		wg.Wait()
		read(t, nodes[0], func(tx *store.Tx) error {
			u, err := tx.User("user_1")
			if len(u.FirstName) != writers {
				t.Errorf("increments: got %d, want %d", len(u.FirstName), writers)
			}
			return err
		})
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error { return tx.InsertUser(identity.User{ID: "user_1"}) })
		increment(t, db)
	})
	t.Run("two nodes", func(t *testing.T) {
		t.Parallel()
		a, b := storetest.Two(t)
		write(t, a, func(tx *store.Tx) error { return tx.InsertUser(identity.User{ID: "user_1"}) })
		increment(t, a, b)
	})
}

// Twenty browsers look whether a name is free and take it. One gets it, and the
// others see that it is taken: nobody gets an error (threat T-OPS-07).
func TestWrite_LosersOfARaceForAUniqueValueSeeTheWinner(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for i := range 20 {
			wg.Go(func() {
				var inserted bool
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					inserted = false
					if _, err := tx.OrganizationBySlug("acme"); !errors.Is(err, store.ErrNotFound) {
						return err
					}
					inserted = true
					return tx.InsertOrganization(identity.Organization{ID: id[identity.OrgID](i), Slug: "acme"})
				})
				if err != nil {
					t.Errorf("Write: %v", err)
				}
				if inserted {
					mu.Lock()
					made++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if made != 1 {
			t.Errorf("organizations made: got %d, want 1", made)
		}
	})
}

func TestWrite_GivesUpWithErrBusy(t *testing.T) {
	t.Parallel()
	a, b := storetest.Two(t)
	count(t, a, "n", 1)
	tries := 0
	err := a.Write(t.Context(), func(tx *store.Tx) error {
		tries++
		if _, err := tx.Texts(`SELECT name FROM rate_counters`); err != nil {
			return err
		}
		count(t, b, "n", 1) // gets in the way each time
		_, err := tx.Count("n", at(0), 1)
		return err
	})
	if !errors.Is(err, store.ErrBusy) || tries < 2 || tries > 10 {
		t.Errorf("got %v after %d tries, want ErrBusy after 2 to 10", err, tries)
	}
}

func TestWrite_RollsBack(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	tests := map[string]struct {
		f    func(tx *store.Tx) error
		want error // nil: any
	}{
		"what f refuses": {func(*store.Tx) error { return mine }, mine},
		"a statement's failure that f keeps to itself": {func(tx *store.Tx) error {
			_, _ = tx.Exec(`SELECT nonsense FROM nowhere`)
			return nil
		}, nil},
		"a statement's failure in place of which f returns another": {func(tx *store.Tx) error {
			_ = tx.InsertUser(identity.User{ID: "user_1"})
			_ = tx.InsertUser(identity.User{ID: "user_1"})
			return mine
		}, store.ErrConflict},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, test := range tests {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Count(name, at(0), 1); err != nil {
					return err
				}
				return test.f(tx)
			})
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%s: got %v, want %v", name, err, test.want)
			}
			if n := count(t, db, name, 1); n != 1 {
				t.Errorf("%s: something was committed", name)
			}
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = db.Write(t.Context(), func(tx *store.Tx) error {
				_, _ = tx.Count("panic", at(0), 1)
				panic("as handlers do")
			})
		}()
		if n := count(t, db, "panic", 1); n != 1 {
			t.Error("a panic committed")
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Count("cancel", at(0), 1)
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the caller left before the commit: got %v, want context.Canceled", err)
		}
		if n := count(t, db, "cancel", 1); n != 1 {
			t.Error("committed for a caller who had left")
		}
		var kept *store.Tx
		write(t, db, func(tx *store.Tx) error { kept = tx; return nil })
		if _, err := kept.User("user_1"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("a transaction that is over: got %v, want an error", err)
		}
	})
}

func TestRead_SeesOneSnapshotAndCannotWrite(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error { return tx.InsertUser(user(1)) })
		read(t, db, func(tx *store.Tx) error {
			before, err := tx.CountUsers(store.UserFilter{})
			if err != nil {
				return err
			}
			write(t, db, func(tx *store.Tx) error { return tx.InsertUser(user(2)) })
			after, err := tx.CountUsers(store.UserFilter{})
			if before != 1 || after != 1 {
				t.Errorf("users in one snapshot: %d, then %d, want 1 both times", before, after)
			}
			return err
		})
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			_ = tx.InsertUser(user(3))
			return nil
		})
		if err == nil {
			t.Error("writing in Read: no error")
		}
		read(t, db, func(tx *store.Tx) error {
			n, err := tx.CountUsers(store.UserFilter{})
			if n != 2 {
				t.Errorf("users: got %d, want 2", n)
			}
			return err
		})
	})
}

// Threat T-OPS-05.
func TestOpen_RefusesASecondProcess(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t, store.SQLite)
	db := storetest.OpenURL(t, url)
	options := store.Options{URL: url, Keys: storetest.Keys()}
	_, err := store.Open(t.Context(), options)
	if want := fmt.Sprintf("another process (%d) has it open", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("second opening: got %v, want %q", err, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatalf("after it was closed: %v", err)
	}
	_ = again.Close()
}

// Threat T-SEC-08.
func TestOpen_KeepsTheFileFromOthers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd #name? 100%.db")
	options := store.Options{URL: path, Keys: storetest.Keys()}
	db, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), at(0)); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Dir(path) + "/*")
	if len(files) != 4 { // the data, -wal, -shm, .lock
		t.Errorf("files: got %q, want 4", files)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v, want 0600", name, info.Mode(), err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), options); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others may read: got %v, want it refused", err)
	}
}

func TestOpen_RefusesWithAReason(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing", "usher.db")
	tests := map[string]string{
		"mysql://u:hunter2@host/db":             `unknown kind of database "mysql"`,
		"postgres://u:hunter2@127.0.0.1:1/db":   "refused",
		"postgres://u:hunter2@host:notaport/db": "port",
		missing:                                 "no such file or directory",
	}
	for url, want := range tests {
		_, err := store.Open(t.Context(), store.Options{URL: url, Keys: storetest.Keys()})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", url, err)
		}
	}
}

// Threat T-OPS-04.
func TestDiskFull_IsAnErrorAndPasses(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.SQLite)
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Count("half", at(0), 1); err != nil {
			return err
		}
		if _, err := tx.Texts(`PRAGMA max_page_count = 1`); err != nil { // as many as there are
			return err
		}
		for i := range 1000 {
			a := attempt(i)
			a.Code = strings.Repeat("x", 4096)
			if err := tx.InsertAttempt(a); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if n := count(t, db, "half", 1); n != 1 {
		t.Error("half of the transaction was committed")
	}
}

// Threat T-OPS-06: the server that we are connected to became a standby.
func TestReadOnlyServer_IsAnErrorAndPasses(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t, store.PostgreSQL)
	admin := server(t, url)
	set := func(value string) {
		t.Helper()
		var name string
		if err := admin.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Exec(t.Context(), "SET default_transaction_read_only = off; ALTER DATABASE "+name+" SET default_transaction_read_only = "+value); err != nil {
			t.Fatal(err)
		}
	}
	set("on")
	db := storetest.OpenURL(t, url)
	increment := func() error {
		return db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Count("n", at(0), 1); return err })
	}
	if err := increment(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	set("off")
	if err := increment(); err != nil {
		t.Errorf("after it passed: %v", err)
	}
}

// Threat T-OPS-06.
func TestLostConnection_DuringCommitIsSaidAndPasses(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t, store.PostgreSQL)
	db, admin := storetest.OpenURL(t, url), server(t, url)
	terminate := func(which string) {
		t.Helper()
		_, err := admin.Exec(t.Context(), `
			SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = $1`, which)
		if err != nil {
			t.Fatal(err)
		}
	}
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Count("n", at(0), 1)
		terminate("idle in transaction")
		return err
	})
	if !errors.Is(err, store.ErrOutcomeUnknown) {
		t.Errorf("during COMMIT: got %v, want ErrOutcomeUnknown", err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Roles(); err != nil {
			return err
		}
		terminate("idle in transaction")
		_, err := tx.Count("n", at(0), 1)
		return err
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("before: got %v, want ErrUnavailable", err)
	}
	// Several idle connections die. Nobody notices.
	var inside, wg sync.WaitGroup
	inside.Add(3)
	for range 3 {
		wg.Go(func() {
			read(t, db, func(*store.Tx) error {
				inside.Done()
				inside.Wait()
				return nil
			})
		})
	}
	wg.Wait()
	terminate("idle")
	if n := count(t, db, "n", 1); n != 1 {
		t.Errorf("count: got %d, want 1", n)
	}
}

// Threat T-DOS-16.
func TestSlowStatement_IsStopped(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	slow := map[store.Engine]string{
		store.SQLite:     `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n`,
		store.PostgreSQL: `SELECT CAST(pg_sleep(20) AS TEXT)`,
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		start := time.Now()
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Texts(slow[db.Engine()])
			return err
		})
		if !errors.Is(err, store.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("took %v", took)
		}
		count(t, db, "works", 1)
	})
}

// Threat T-DOS-16, where the limit travels with the statement that it is for.
func TestSlowStatement_IsStoppedWhenItIsTheFirst(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	db := storetest.Open(t, store.PostgreSQL)
	start := time.Now()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`SELECT pg_sleep(60)`)
		return err
	})
	if !errors.Is(err, store.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

// A pooler that can't keep prepared statements.
func TestExecMode_NeedsNoPreparedStatements(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t, store.PostgreSQL)
	sep := "?"
	if strings.Contains(url, "?") {
		sep = "&"
	}
	db := storetest.OpenURL(t, url+sep+"default_query_exec_mode=exec")
	c := connection(1, "acme.test")
	write(t, db, func(tx *store.Tx) error {
		return first(
			func() error { return tx.InsertUser(user(1)) },
			func() error { return tx.InsertConnection(c) },
			func() error { _, err := tx.InsertInstance(identity.Instance{ID: "ins_1"}); return err },
			func() error { return is(t, "TakeLease", true)(tx.TakeLease("n", "h", at(0), at(1))) },
			func() error { _, err := tx.ClaimOutbox(at(1), time.Second, 5); return err },
			func() error { _, err := tx.Prune(at(1), store.Retention{Attempts: time.Hour}); return err },
			func() error { return back(t, "User", user(1))(tx.User(user(1).ID)) },
			func() error { return back(t, "Connection", c)(tx.Connection(c.ID)) },
			func() error {
				prepared, err := tx.Texts(`SELECT statement FROM pg_prepared_statements`)
				if len(prepared) != 0 {
					t.Errorf("prepared: %q", prepared)
				}
				return err
			},
		)
	})
}
