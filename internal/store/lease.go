package store

import "time"

// TakeLease makes holder the one who does a job until a time, and reports
// whether it is: a lease of its own is renewed, another's only taken once it has
// run out.
func (tx *Tx) TakeLease(name, holder string, now, until time.Time) (bool, error) {
	return tx.execChanged(`
		INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $4)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= $3`,
		name, holder, ms(now), ms(until))
}

// Count adds to a counter that all nodes share and returns what it has come to
// in the window of time that began at windowStart.
func (tx *Tx) Count(name string, windowStart time.Time, by int) (int, error) {
	return one(tx, scanInt, `
		INSERT INTO rate_counters (name, window_start, count) VALUES ($1, $2, $3)
		ON CONFLICT (name, window_start) DO UPDATE SET count = rate_counters.count + excluded.count
		RETURNING count`,
		name, ms(windowStart), by)
}
