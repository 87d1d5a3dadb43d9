package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/store"
)

// Clock is moved by hand, in milliseconds. It may be read while it is moved.
type Clock struct{ ms atomic.Int64 }

// NewClock returns a clock that stands at t.
func NewClock(t time.Time) *Clock {
	c := &Clock{}
	c.Set(t)
	return c
}

// Now is what the clock shows, in UTC.
func (c *Clock) Now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

// Advance moves the clock on.
func (c *Clock) Advance(by time.Duration) { c.ms.Add(by.Milliseconds()) }

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) { c.ms.Store(t.UnixMilli()) }

// Write runs a transaction that must succeed.
func Write(t testing.TB, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// Get reads one thing, which must succeed.
func Get[T any](t testing.TB, db *store.DB, f func(*store.Tx) (T, error)) (v T) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		v, err = f(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
