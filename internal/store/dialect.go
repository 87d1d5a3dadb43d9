package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite" // registers itself with database/sql too
	sqlite3 "modernc.org/sqlite/lib"
)

// Engine names a kind of database.
type Engine string

// The engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// dialect is all that differs between the engines. The statements do not.
type dialect struct {
	engine      Engine
	beginWrite  []string
	beginRead   []string
	beginSchema []string // for a migration, which takes as long as it takes
	lockSchema  string   // run first in a migration; empty: beginSchema locks
	beginBulk   string   // run first in a bulk; empty: nothing
	foldCounts  string   // adds up the rows of row_counts; empty: there is but one for each name
	clock       string   // asks for the server's time in Unix milliseconds; empty: there is no server

	// uniqueTries is how often a transaction runs that met a unique value which
	// is taken. At PostgreSQL it may only have been too early to see the row
	// that took it (PostgreSQL documentation, section 13.5).
	uniqueTries int

	classify func(error) failure
}

// failure is what an engine's error means for the transaction.
type failure int

const (
	failureOther       failure = iota
	failureConflict            // a unique value is taken
	failureRace                // another transaction got in the way: again
	failureBusy                // it took too long
	failureUnavailable         // the database can't work now
	failureLost                // the connection broke, with an unknown outcome at COMMIT
)

// explain says in what the database failed, with the sentinel that fits.
func (d dialect) explain(doing string, err error) error {
	var sentinel error
	switch d.classify(err) {
	case failureConflict:
		sentinel = ErrConflict
	case failureRace, failureBusy:
		sentinel = ErrBusy
	case failureUnavailable, failureLost:
		sentinel = ErrUnavailable
	default:
		return fmt.Errorf("store: %s: %w", doing, err)
	}
	return fmt.Errorf("store: %s: %w: %w", doing, sentinel, err)
}

// again reports whether a transaction that failed so should be run again.
func (d dialect) again(err error, try int) bool {
	switch d.classify(err) {
	case failureRace:
		return true
	case failureConflict:
		return try < d.uniqueTries
	default:
		return false
	}
}

// unknownOutcome reports whether a COMMIT that failed so may have happened.
func (d dialect) unknownOutcome(err error) bool { return d.classify(err) == failureLost }

// openSQLite opens one writing connection, so that transactions queue instead
// of failing, and a few that only read.
func (db *DB) openSQLite(o Options) error {
	path := strings.TrimPrefix(strings.TrimPrefix(o.URL, "sqlite:"), "//")
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	db.dialect = dialect{
		engine:      SQLite,
		beginWrite:  []string{"BEGIN IMMEDIATE"},
		beginRead:   []string{"BEGIN"},
		beginSchema: []string{"BEGIN IMMEDIATE"},
		// In KiB. With the usual cache a transaction that touches most pages of all
		// indexes writes each of them many times.
		beginBulk:   "PRAGMA cache_size = -524288",
		uniqueTries: 1,
		classify:    classifySQLite,
	}
	lock, err := claim(path)
	if err != nil {
		return err
	}
	// The caches are in KiB (negative is that unit). Readers have small ones:
	// each costs memory for as long as the process lives.
	const readers, writerCache, readerCache = 4, "cache_size(-8192)", "cache_size(-2048)"
	common := []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"temp_store(MEMORY)", "trusted_schema(0)", "journal_size_limit(67108864)",
	}
	for _, p := range []struct {
		pool    **pool
		size    int
		pragmas []string
	}{
		{&db.writers, 1, append(common, writerCache)},
		{&db.readers, readers, append(common[:len(common):len(common)], readerCache, "query_only(1)")},
	} {
		name := (&url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": p.pragmas}.Encode()}).String()
		opener, err := sql.Open("sqlite", name) // connects to nothing yet
		if err != nil {
			return errors.Join(err, lock.Close())
		}
		db.closers = append(db.closers, opener)
		opener.SetMaxIdleConns(-1) // what is given back is closed
		*p.pool = newPool(p.size, func(ctx context.Context) (session, error) {
			return openSQLiteSession(ctx, opener)
		})
	}
	db.closers = append(db.closers, lock)
	return nil
}

// claim makes the file if need be and keeps other processes off it. SQLite
// itself would let them in, and one of them would fail when both write.
func claim(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is the operator's configuration
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if privateOnly && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by other users (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	return lockFile(path + ".lock")
}

func classifySQLite(err error) failure {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return classifyGo(err)
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return failureConflict
	}
	switch e.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return failureBusy
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return failureUnavailable
	}
	return failureOther
}

func (db *DB) openPostgres(o Options) error {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return err
	}
	// A session that hangs in a transaction would hold its locks for ever.
	limits := fmt.Sprintf("SELECT set_config('statement_timeout', '%d', true), "+
		"set_config('idle_in_transaction_session_timeout', '30000', true)", statementTimeout.Milliseconds())
	db.dialect = dialect{
		engine:     PostgreSQL,
		beginWrite: []string{"BEGIN ISOLATION LEVEL SERIALIZABLE", limits},
		beginRead:  []string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", limits},
		// Not serializable: what happened while it waited for the lock must show.
		beginSchema: []string{"BEGIN ISOLATION LEVEL READ COMMITTED"},
		foldCounts: `
			WITH gone AS (
				DELETE FROM row_counts WHERE name IN (SELECT name FROM row_counts GROUP BY name HAVING count(*) > 1)
				RETURNING name, n)
			INSERT INTO row_counts (name, n) SELECT name, sum(n) FROM gone GROUP BY name`,
		lockSchema:  "SELECT pg_advisory_xact_lock(7574868937)", // a number of our own
		clock:       "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT",
		uniqueTries: 3,
		classify:    classifyPostgres,
	}
	const defaultConns = 16
	size := o.MaxConns
	if size <= 0 {
		size = defaultConns
	}
	db.writers = newPool(size, func(ctx context.Context) (session, error) {
		return openPostgresSession(ctx, config)
	})
	db.readers = db.writers
	return nil
}

func classifyPostgres(err error) failure {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return classifyGo(err)
	}
	switch e.Code {
	case "40001", "40P01": // serialization failure, deadlock
		return failureRace
	case "23505": // unique violation
		return failureConflict
	case "57014", "55P03": // statement timeout, lock not available
		return failureBusy
	case "25006": // read-only: a standby
		return failureUnavailable
	case "40003": // completion unknown
		return failureLost
	}
	switch e.Code[:min(2, len(e.Code))] { // the class
	case "08", "57": // connection, operator intervention
		return failureLost
	case "53", "58": // out of resources, system error
		return failureUnavailable
	}
	return failureOther
}

// classifyGo knows the errors that come from this side of the connection.
func classifyGo(err error) failure {
	var network net.Error
	var connecting *pgconn.ConnectError
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		return failureOther
	case errors.Is(err, ErrBusy):
		return failureBusy
	case errors.As(err, &connecting):
		return failureUnavailable
	case errors.Is(err, errLost), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return failureLost
	}
	return failureOther
}
