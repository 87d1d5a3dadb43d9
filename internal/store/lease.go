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

// Counted lists when a counter was last added to, the newest first: up to limit
// times, each as often as it was counted.
func (tx *Tx) Counted(name string, limit int) ([]time.Time, error) {
	type row struct {
		at    time.Time
		count int
	}
	rows, err := all(tx, func(s scanner) (r row, err error) {
		err = s.Scan((*milliseconds)(&r.at), &r.count)
		return r, err
	}, `
		SELECT window_start, count FROM rate_counters WHERE name = $1
		ORDER BY window_start DESC LIMIT $2`, name, limit)
	var times []time.Time
	for _, r := range rows {
		for range min(r.count, limit-len(times)) {
			times = append(times, r.at)
		}
	}
	return times, err
}

// ForgetCount removes a counter.
func (tx *Tx) ForgetCount(name string) error {
	_, err := tx.exec(`DELETE FROM rate_counters WHERE name = $1`, name)
	return err
}
