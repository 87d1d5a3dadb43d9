// Package seed fills an empty database with made-up organizations, people,
// connections, sessions and SSO attempts, as many as are asked for: to measure
// with, and to see how the pages look when there is much. Every row is one that
// the product could have written, but nothing is recorded as having happened: no
// events, no audit lines.
package seed

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

// Plan says what to make. The same plan makes the same rows, but for the keys of
// connections.
type Plan struct {
	Organizations int
	Memberships   int
	Attempts      int
	Seed          uint64
	Now           time.Time // when everything has happened by
}

// The most that can be asked for. Ours: what a disk of today holds.
const (
	maxOrganizations = 10_000_000
	maxRows          = 100_000_000
)

// Validate says why a plan can't be carried out.
func (p Plan) Validate() error {
	switch {
	case p.Organizations < 1 || p.Organizations > maxOrganizations:
		return fmt.Errorf("organizations must be from 1 to %d", maxOrganizations)
	case p.Memberships < 0 || p.Memberships > maxRows:
		return fmt.Errorf("memberships must be from 0 to %d", maxRows)
	case p.Attempts < 0 || p.Attempts > maxRows:
		return fmt.Errorf("attempts must be from 0 to %d", maxRows)
	case p.Attempts > 0 && p.Memberships == 0:
		return errors.New("attempts need people: memberships must not be 0")
	case p.Memberships > p.Organizations*maxMembers:
		return fmt.Errorf("an organization gets at most %d members: ask for more organizations", maxMembers)
	}
	return nil
}

// Report counts what was made.
type Report struct {
	Organizations, Users, Memberships, Domains, Connections, Invitations, Sessions, Attempts int
	Rows                                                                                     int
}

// ErrNotEmpty says that the database holds something already.
var ErrNotEmpty = errors.New("the database is not empty")

// ErrServed says that a server uses the database.
var ErrServed = errors.New("a server is running on the database, or was a minute ago")

// batch is how many rows a transaction writes. Ours: a second or a few.
const batch = 100_000

// filler is a plan being carried out.
type filler struct {
	Plan
	ctx      context.Context // of one call of Fill
	db       *store.DB
	rand     *rand.Rand
	progress func(Report)
	key      keyPair

	report  Report
	pending []func(*store.Tx) error

	regulars []identity.UserID // some people of earlier organizations
	next     int               // of regulars, to join a second organization
	doors    []door            // connections that people sign in through
}

// Fill makes what the plan says. The database must be migrated, hold its roles,
// and nothing else. Progress, if not nil, hears of every batch.
func (p Plan) Fill(ctx context.Context, db *store.DB, progress func(Report)) (Report, error) {
	if err := p.Validate(); err != nil {
		return Report{}, err
	}
	if err := db.Read(ctx, p.free); err != nil {
		return Report{}, err
	}
	p.Now = p.Now.UTC().Truncate(time.Hour) // the same rows for those who ask twice in an hour
	key, err := newKeyPair(p.Now)
	if err != nil {
		return Report{}, err
	}
	f := &filler{
		Plan: p, ctx: ctx, db: db, progress: progress, key: key,
		rand: rand.New(rand.NewPCG(p.Seed, 0)), //nolint:gosec // rows that were made up, not secrets
	}
	for i, size := range f.sizes() {
		if err := f.organization(i, size); err != nil {
			return f.report, err
		}
	}
	if err := f.attempts(); err != nil {
		return f.report, err
	}
	if err := f.flush(); err != nil {
		return f.report, err
	}
	return f.report, db.Tidy(ctx)
}

// free says why the database may not be filled.
func (p Plan) free(tx *store.Tx) error {
	until, err := tx.ServedUntil()
	if err != nil {
		return err
	}
	if until.After(p.Now) {
		return fmt.Errorf("%w (until %s)", ErrServed, until.Format(time.RFC3339))
	}
	empty, err := tx.IsEmpty()
	if err == nil && !empty {
		return ErrNotEmpty
	}
	return err
}

// add puts a row off until there are enough to write.
func (f *filler) add(insert func(*store.Tx) error) error {
	f.pending = append(f.pending, insert)
	f.report.Rows++
	if len(f.pending) < batch {
		return nil
	}
	return f.flush()
}

func (f *filler) flush() error {
	err := f.db.Bulk(f.ctx, func(tx *store.Tx) error {
		for _, insert := range f.pending {
			if err := insert(tx); err != nil {
				return err
			}
		}
		return nil
	})
	f.pending = f.pending[:0]
	if err != nil {
		return err
	}
	if f.progress != nil {
		f.progress(f.report)
	}
	return f.db.FoldCounts(f.ctx)
}

// id makes an id of a time out of the plan's chance.
func id[T identity.ID](f *filler, at time.Time) T {
	var chance [16]byte
	binary.LittleEndian.PutUint64(chance[:8], f.rand.Uint64())
	binary.LittleEndian.PutUint64(chance[8:], f.rand.Uint64())
	return identity.IDFrom[T](at, chance)
}

// oneIn reports true once in n times.
func (f *filler) oneIn(n int) bool { return f.rand.IntN(n) == 0 }

// pick is one of a list.
func pick[T any](f *filler, list []T) T { return list[f.rand.IntN(len(list))] }

// before is a time within a duration before the end.
func (f *filler) before(end time.Time, within time.Duration) time.Time {
	return end.Add(-time.Duration(f.rand.Int64N(int64(within)))).Truncate(time.Millisecond)
}
