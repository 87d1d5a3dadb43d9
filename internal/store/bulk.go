package store

import (
	"context"
	"time"
)

// bulkBatch is how many statements of a bulk travel together at PostgreSQL: the
// round trips are spread thin, and what waits stays small.
const bulkBatch = 1000

// Bulk runs f like Write, to fill a database: its statements are not waited for,
// so that all of them seem to find what they look for, and one that fails fails
// the transaction later. Nothing is recorded: nobody is told of rows that were
// made up. Only methods that add rows may be called. At SQLite the database keeps
// half a GB of cache from then on: it is for a process that ends with it.
func (db *DB) Bulk(ctx context.Context, f func(*Tx) error) error {
	return db.Write(ctx, func(tx *Tx) error {
		if text := db.dialect.beginBulk; text != "" {
			if err := tx.session.script(tx.ctx, text); err != nil {
				return tx.failed(err)
			}
		}
		tx.bulk = new(int)
		if err := f(tx); err != nil {
			return err
		}
		tx.bulk = nil
		return tx.flush()
	})
}

// inBulk puts a statement off without waiting for it.
func (tx *Tx) inBulk(text string, args []any) error {
	d := deferred{query: query{text: text, args: args}, changed: func(int64) error { return nil }}
	if err := tx.session.later(tx.ctx, d); err != nil {
		return tx.failed(err)
	}
	if *tx.bulk++; *tx.bulk%bulkBatch == 0 {
		return tx.flush()
	}
	return nil
}

// IsEmpty reports whether the database holds no people, organizations,
// connections or attempts.
func (tx *Tx) IsEmpty() (bool, error) {
	some, err := one(tx, scanBool, `
		SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM organizations)
			OR EXISTS (SELECT 1 FROM enterprise_connections) OR EXISTS (SELECT 1 FROM attempts)`)
	return !some, err
}

// ServedUntil returns the latest end of a lease, which a running server renews:
// one that lies ahead says that a server is, or was a moment ago, at work here.
func (tx *Tx) ServedUntil() (at time.Time, err error) {
	return one(tx, func(row scanner) (time.Time, error) {
		err := row.Scan((*milliseconds)(&at))
		return at, err
	}, `SELECT COALESCE(max(expires_at), 0) FROM leases`)
}

// Tidy does at PostgreSQL what the server does by itself, but not at once: it looks
// at how many rows there are of what, and cleans up. SQLite needs none of it, and
// must not be analyzed: what it would find out makes it plan statements anew for
// each value, those inside of its text index too.
func (db *DB) Tidy(ctx context.Context) error {
	if db.Engine() != PostgreSQL {
		return nil
	}
	s, err := db.writers.get(ctx)
	if err != nil {
		return answer(db.dialect.explain("connecting", err))
	}
	err = s.script(ctx, `VACUUM ANALYZE`) // not in a transaction
	db.writers.put(s, err == nil)
	if err != nil {
		return answer(db.dialect.explain("tidying up", err))
	}
	return nil
}
