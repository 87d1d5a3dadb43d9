package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"usher/internal/secret"
)

// The failures that a caller can tell apart, with errors.Is.
var (
	// ErrNotFound says that the one row asked for does not exist.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that a unique value (an address, a slug) is taken.
	ErrConflict = errors.New("already taken")
	// ErrBusy says that the database had too much to do; nothing was written.
	ErrBusy = errors.New("database busy")
	// ErrUnavailable says that the database can't work now (disk full, server
	// gone, read-only); nothing was written.
	ErrUnavailable = errors.New("database unavailable")
	// ErrOutcomeUnknown says that the connection was lost during COMMIT: the
	// transaction may have happened. Read back before trying again.
	ErrOutcomeUnknown = errors.New("commit outcome unknown")
	// ErrOrder says that a list can't be ordered by what was asked for.
	ErrOrder = errors.New("unknown order")
)

const (
	// maxTries is how often a transaction runs at most, and retryBudget how
	// long it is tried again (threat T-OPS-07).
	maxTries    = 10
	retryBudget = 2 * time.Second

	// statementTimeout bounds one statement, and the wait for a connection
	// (threat T-DOS-16).
	statementTimeout = 5 * time.Second

	// endTimeout bounds COMMIT and ROLLBACK, which a caller's leaving does not
	// interrupt.
	endTimeout = 5 * time.Second
)

// Options say which database to open and with what.
type Options struct {
	// URL is "sqlite:PATH", a bare path, or "postgres://…". A PostgreSQL URL may
	// end in default_query_exec_mode=exec, for poolers that can't keep prepared
	// statements.
	URL string

	// Keys seal the secret columns. Required.
	Keys *secret.KeyRing

	// MaxConns is the most connections to PostgreSQL from this process; 0 means
	// 16. SQLite has one writer and four readers whatever it says.
	MaxConns int

	// Log gets one line for a transaction that was given up. Nil: none.
	Log *slog.Logger
}

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect dialect
	keys    *secret.KeyRing
	log     *slog.Logger
	writers *pool
	readers *pool         // the same as writers at PostgreSQL
	losers  chan struct{} // holds one token: who lost a race tries again alone

	recorder *Recorder   // nil: no events
	closers  []io.Closer // after the pools
}

// Open opens a database, creating a SQLite file that isn't there. It does not
// migrate: Migrate does.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Keys == nil {
		return nil, errors.New("store: no key ring given")
	}
	db := &DB{keys: o.Keys, log: o.Log, losers: make(chan struct{}, 1)}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	var err error
	scheme, _, isURL := strings.Cut(o.URL, "://")
	switch {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		err = db.openPostgres(o)
	case isURL && scheme != "sqlite":
		err = fmt.Errorf("unknown kind of database %q: want sqlite:PATH or postgres://…", scheme)
	default:
		err = db.openSQLite(o)
	}
	if err != nil {
		return nil, fmt.Errorf("store: opening the database: %w", err)
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: opening the database: %w", err), db.Close())
	}
	return db, nil
}

// Engine says which database it is.
func (db *DB) Engine() Engine { return db.dialect.engine }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.Read(ctx, func(tx *Tx) error {
		_, err := one(tx, scanInt, `SELECT 1`)
		return err
	})
}

// Clock tells the time of the database's server. SQLite has none of its own, and
// ok is false: it runs on the clock of this process.
func (db *DB) Clock(ctx context.Context) (now time.Time, ok bool, err error) {
	if db.dialect.clock == "" {
		return now, false, nil
	}
	err = db.Read(ctx, func(tx *Tx) error {
		now, err = one(tx, func(row scanner) (at time.Time, err error) {
			err = row.Scan((*milliseconds)(&at))
			return at, err
		}, db.dialect.clock)
		return err
	})
	return now, err == nil, err
}

// Close waits for the transactions under way and closes the database; again, it
// does nothing. It must not be called inside a transaction.
func (db *DB) Close() error {
	var errs []error
	if db.readers != db.writers {
		errs = append(errs, db.readers.close())
	}
	errs = append(errs, db.writers.close())
	for _, c := range db.closers {
		errs = append(errs, c.Close())
	}
	db.closers = nil
	return errors.Join(errs...)
}

// Write runs f in a transaction that behaves as if it ran alone and commits it
// if f returns nil. When another transaction got in the way, f runs again; after
// ten times or two seconds the error is ErrBusy.
//
// A statement that failed fails the transaction, whatever f returns. The
// sentinels of this package but ErrNotFound come as faults.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	return answer(db.retry(ctx, func() (*Tx, error) { return db.write(ctx, db.dialect.beginWrite, f) }))
}

// Read runs f over one snapshot of the database. Writing in it is an error.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	return answer(db.retry(ctx, func() (*Tx, error) { return db.read(ctx, f) }))
}

// retry runs a transaction until it is through or must be given up. Those that
// lost a race try again one after the other: twenty that want the same rows would
// else go on losing to each other.
func (db *DB) retry(ctx context.Context, run func() (*Tx, error)) error {
	tx, err := run()
	if err == nil || tx == nil || !db.dialect.again(tx.err, 1) {
		return err
	}
	if err := db.turn(ctx, err); err != nil {
		return err
	}
	defer func() { <-db.losers }()
	budget := time.NewTimer(retryBudget)
	defer budget.Stop()
	for try := 2; ; try++ {
		tx, err := run()
		if err == nil || tx == nil || !db.dialect.again(tx.err, try) {
			return err
		}
		if try == maxTries {
			return db.giveUp(ctx, try, err)
		}
		pause := time.NewTimer(pause(try))
		select {
		case <-pause.C:
		case <-budget.C:
			pause.Stop()
			return db.giveUp(ctx, try, err)
		case <-ctx.Done():
			pause.Stop()
			return fmt.Errorf("store: waiting to try again: %w", ctx.Err())
		}
	}
}

// turn waits until a transaction that lost may try again.
func (db *DB) turn(ctx context.Context, lost error) error {
	wait := time.NewTimer(statementTimeout)
	defer wait.Stop()
	select {
	case db.losers <- struct{}{}:
		return nil
	case <-wait.C:
		return db.giveUp(ctx, 1, lost)
	case <-ctx.Done():
		return fmt.Errorf("store: waiting to try again: %w", ctx.Err())
	}
}

func (db *DB) giveUp(ctx context.Context, tries int, err error) error {
	db.log.WarnContext(ctx, "store.transaction_given_up", "tries", tries)
	return fmt.Errorf("store: after %d tries: %w", tries, err)
}

// pause is how long to wait after a failed try: a random time of up to 2 ms,
// doubling with each try up to 256 ms, so that competitors spread out.
func pause(try int) time.Duration {
	most := 2 * time.Millisecond << min(try-1, 7)
	return time.Duration(rand.Int64N(int64(most)) + 1) //nolint:gosec // no secret
}

// write runs f once. The Tx is nil when f has not run.
func (db *DB) write(ctx context.Context, begin []string, f func(*Tx) error) (_ *Tx, err error) {
	s, err := db.begin(ctx, db.writers, begin)
	if err != nil {
		return nil, err
	}
	tx := &Tx{ctx: ctx, db: db, session: s}
	open := true
	defer func() { // also when f panics
		if open {
			db.rollback(ctx, db.writers, tx)
		}
	}()
	if err := tx.run(f); err != nil {
		return tx, err
	}
	if err := tx.run((*Tx).writeEvents); err != nil {
		return tx, err
	}
	if err := tx.flush(); err != nil {
		return tx, err
	}
	if err := ctx.Err(); err != nil {
		return tx, fmt.Errorf("store: before commit: %w", err)
	}
	open = false
	return tx, db.commit(ctx, tx)
}

// read runs f once and throws the transaction away.
func (db *DB) read(ctx context.Context, f func(*Tx) error) (*Tx, error) {
	s, err := db.begin(ctx, db.readers, db.dialect.beginRead)
	if err != nil {
		return nil, err
	}
	tx := &Tx{ctx: ctx, db: db, session: s}
	defer db.rollback(ctx, db.readers, tx)
	return tx, tx.run(f)
}

// begin opens a transaction.
func (db *DB) begin(ctx context.Context, p *pool, texts []string) (session, error) {
	s, err := p.get(ctx)
	if err != nil {
		return nil, db.dialect.explain("connecting", err)
	}
	if err := s.begin(ctx, texts); err != nil {
		p.put(s, false)
		return nil, db.dialect.explain("beginning a transaction", err)
	}
	return s, nil
}

// rollback ends a transaction without effect. A connection that can't even do
// that, or whose server can't work, is closed, which ends the transaction too.
func (db *DB) rollback(ctx context.Context, p *pool, tx *Tx) {
	tx.over = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := tx.session.end(ctx, "ROLLBACK")
	p.put(tx.session, err == nil && !errors.Is(tx.err, ErrUnavailable))
}

// commit makes a transaction last.
func (db *DB) commit(ctx context.Context, tx *Tx) error {
	tx.over = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := tx.session.end(ctx, "COMMIT")
	db.writers.put(tx.session, err == nil)
	if err == nil {
		return nil
	}
	if db.dialect.unknownOutcome(err) {
		tx.err = fmt.Errorf("store: committing: %w: %w", ErrOutcomeUnknown, err)
	} else {
		tx.err = db.dialect.explain("committing", err)
	}
	return tx.err
}
