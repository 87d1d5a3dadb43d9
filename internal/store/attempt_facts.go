package store

import (
	"errors"
	"time"

	"usher/internal/identity"
)

// What is counted of attempts: read from the hours that were counted before, and
// from the attempts themselves since then. The index attempts_facts holds all that
// is looked at, so that no attempt is read as a whole.

// Tally is what is counted of the attempts of a time.
type Tally struct {
	Counts []identity.AttemptCount // by hour, state and code
	Times  []identity.TimeCount    // by part and bucket, of the whole time
}

// Window is a time for which attempts are counted. From is rounded down to the hour.
type Window struct {
	From, To time.Time

	// LostBefore is when an attempt that is under way must have begun to count as
	// one that never came back. Others that are under way do not count.
	LostBefore time.Time
}

// attemptsSettled is how long after its hour an attempt changes no more: the
// longest stay at a provider, the wait for the browser, and some.
const attemptsSettled = 30 * time.Minute

const (
	countColumns = `count(*), CAST(coalesce(sum(CASE WHEN issued_at > 0 AND returned_at > 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN issued_at > 0 AND returned_at > 0 THEN issued_at - returned_at END), 0) AS BIGINT),
		coalesce(min(CASE WHEN issued_at > 0 AND returned_at > 0 THEN issued_at - returned_at END), 0),
		coalesce(max(CASE WHEN issued_at > 0 AND returned_at > 0 THEN issued_at - returned_at END), 0)`

	// ofConnection and ofAll say which attempts are counted, $1 the connection. A
	// test run is no sign-in, nor is a question to a provider whether a person is
	// still there, which is kept only where it was not answered well.
	ofConnection = `connection_id = $1 AND state IN ('started', 'admitted', 'complete', 'refused') AND kind NOT IN ('presence', 'test_run')
		AND started_at >= $2 AND started_at < $3 AND (state <> 'started' OR started_at < $4)`
	ofAll = `$1 = '' AND connection_id = of.id AND state IN ('started', 'admitted', 'complete', 'refused') AND kind NOT IN ('presence', 'test_run')
		AND started_at >= $2 AND started_at < $3 AND (state <> 'started' OR started_at < $4)`

	// eachOf names the connections that have attempts, by a jump in the index for
	// each, so that those of a time are found in it for all of them.
	eachOf = `WITH RECURSIVE of (id) AS (
			SELECT min(connection_id) FROM attempts
			UNION ALL
			SELECT (SELECT min(connection_id) FROM attempts WHERE connection_id > of.id) FROM of WHERE of.id IS NOT NULL
		) `
	fromEach = `of CROSS JOIN attempts`

	hourOf = `started_at - started_at % 3600000`
)

func scanCount(row scanner) (c identity.AttemptCount, err error) {
	var sum, least, most int64
	err = row.Scan((*milliseconds)(&c.Hour), oneOf(&c.State, identity.AttemptStarted, identity.AttemptAdmitted, identity.AttemptComplete,
		identity.AttemptRefused), &c.Code, &c.Number, &c.Dated, &sum, &least, &most)
	c.DriftSum, c.DriftLeast, c.DriftMost = millis(sum), millis(least), millis(most)
	return c, err
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func scanTime(row scanner) (c identity.TimeCount, err error) {
	err = row.Scan(&c.Part, &c.Bucket, &c.Number)
	return c, err
}

// CountAttempts counts the attempts at a connection; an empty one: all.
func (tx *Tx) CountAttempts(c identity.ConnectionID, s Window) (Tally, error) {
	var t Tally
	counted, err := tx.countedUntil()
	if err != nil {
		return t, err
	}
	from, to := s.From.Truncate(time.Hour), s.To
	// Where counting is behind, or not, what is left is read itself.
	edge := counted
	if edge.Before(from) {
		edge = from
	}
	if edge.After(to) {
		edge = to.Truncate(time.Hour)
	}
	t.Counts, err = list(tx, scanCount, `
		SELECT hour, state, code, number, dated, drift_sum, drift_least, drift_most FROM attempt_hours
		WHERE connection_id = $1 AND hour >= $2 AND hour < $3 ORDER BY hour, state, code`, c, ms(from), ms(edge))
	if err != nil {
		return t, err
	}
	t.Times, err = list(tx, scanTime, `
		SELECT part, bucket, CAST(sum(number) AS BIGINT) FROM attempt_hour_times
		WHERE connection_id = $1 AND hour >= $2 AND hour < $3 GROUP BY part, bucket ORDER BY part, bucket`, c, ms(from), ms(edge))
	if err != nil {
		return t, err
	}
	return t, tx.countSince(&t, c, Window{edge, to, s.LostBefore})
}

// countSince adds what is not counted yet.
func (tx *Tx) countSince(t *Tally, c identity.ConnectionID, s Window) error {
	with, from, which := "", "attempts", ofConnection
	if c == "" {
		with, from, which = eachOf, fromEach, ofAll
	}
	counts, err := list(tx, scanCount, with+`SELECT `+hourOf+`, state, code, `+countColumns+` FROM `+from+`
		WHERE `+which+` GROUP BY `+hourOf+`, state, code ORDER BY 1, 2, 3`, c, ms(s.From), ms(s.To), ms(s.LostBefore))
	if err != nil {
		return err
	}
	t.Counts = append(t.Counts, counts...)
	times, err := list(tx, scanTime, with+`
		SELECT '`+identity.PartProvider+`', provider_part, count(*) FROM `+from+`
		WHERE `+which+` AND provider_part > 0 GROUP BY provider_part
		UNION ALL
		SELECT '`+identity.PartOwn+`', own_part, count(*) FROM `+from+`
		WHERE `+which+` AND own_part > 0 GROUP BY own_part ORDER BY 1, 2`, c, ms(s.From), ms(s.To), ms(s.LostBefore))
	t.Times = append(t.Times, times...)
	return err
}

// countedUntil is the beginning of the first hour that is not counted yet.
func (tx *Tx) countedUntil() (time.Time, error) {
	until, err := one(tx, scanTimestamp, `SELECT until FROM attempt_counting WHERE id = 'attempts'`)
	return until, Optional(err)
}

func scanTimestamp(row scanner) (t time.Time, err error) {
	err = row.Scan((*milliseconds)(&t))
	return t, err
}

// CountNextHour counts the next hour of attempts that change no more, and reports
// whether there may be more to count. Counting again changes nothing.
func (tx *Tx) CountNextHour(now time.Time) (more bool, err error) {
	settled := now.Add(-attemptsSettled).Truncate(time.Hour)
	until, err := tx.countedUntil()
	if err != nil {
		return false, err
	}
	first, err := one(tx, scanTimestamp, `SELECT started_at FROM attempts WHERE started_at >= $1 ORDER BY started_at LIMIT 1`, ms(until))
	if errors.Is(err, ErrNotFound) {
		first, err = settled, nil
	}
	if err != nil {
		return false, err
	}
	hour := first.Truncate(time.Hour)
	if !hour.Before(settled) {
		return false, tx.keepCounted(settled, until)
	}
	if err := tx.countHour(hour); err != nil {
		return false, err
	}
	return true, tx.keepCounted(hour.Add(time.Hour), until)
}

func (tx *Tx) keepCounted(until, before time.Time) error {
	if !until.After(before) {
		return nil
	}
	_, err := tx.exec(`
		INSERT INTO attempt_counting (id, until) VALUES ('attempts', $1)
		ON CONFLICT (id) DO UPDATE SET until = excluded.until`, ms(until))
	return err
}

// countHour counts an hour by connection, and then all of it.
func (tx *Tx) countHour(hour time.Time) error {
	for _, table := range []string{"attempt_hours", "attempt_hour_times"} {
		if _, err := tx.exec(`DELETE FROM `+table+` WHERE hour = $1`, ms(hour)); err != nil {
			return err
		}
	}
	end := hour.Add(time.Hour)
	const which = `connection_id = of.id AND state IN ('started', 'admitted', 'complete', 'refused') AND kind NOT IN ('presence', 'test_run')
		AND started_at >= $1 AND started_at < $2`
	for _, text := range []string{
		eachOf + `INSERT INTO attempt_hours (connection_id, hour, state, code, number, dated, drift_sum, drift_least, drift_most)
		SELECT connection_id, CAST($1 AS BIGINT), state, code, ` + countColumns + `
		FROM ` + fromEach + `  WHERE ` + which + ` AND connection_id <> '' GROUP BY connection_id, state, code`,

		eachOf + `INSERT INTO attempt_hour_times (connection_id, hour, part, bucket, number)
		SELECT connection_id, CAST($1 AS BIGINT), '` + identity.PartProvider + `', provider_part, count(*)
		FROM ` + fromEach + `  WHERE ` + which + ` AND connection_id <> '' AND provider_part > 0 GROUP BY connection_id, provider_part`,

		eachOf + `INSERT INTO attempt_hour_times (connection_id, hour, part, bucket, number)
		SELECT connection_id, CAST($1 AS BIGINT), '` + identity.PartOwn + `', own_part, count(*)
		FROM ` + fromEach + `  WHERE ` + which + ` AND connection_id <> '' AND own_part > 0 GROUP BY connection_id, own_part`,
	} {
		if _, err := tx.exec(text, ms(hour), ms(end)); err != nil {
			return err
		}
	}
	for _, text := range []string{
		`INSERT INTO attempt_hours (connection_id, hour, state, code, number, dated, drift_sum, drift_least, drift_most)
		SELECT '', hour, state, code, CAST(sum(number) AS BIGINT), CAST(sum(dated) AS BIGINT), CAST(sum(drift_sum) AS BIGINT),
			min(drift_least), max(drift_most)
		FROM attempt_hours WHERE hour = $1 AND connection_id <> '' GROUP BY hour, state, code`,

		`INSERT INTO attempt_hour_times (connection_id, hour, part, bucket, number)
		SELECT '', hour, part, bucket, CAST(sum(number) AS BIGINT)
		FROM attempt_hour_times WHERE hour = $1 AND connection_id <> '' GROUP BY hour, part, bucket`,
	} {
		if _, err := tx.exec(text, ms(hour)); err != nil {
			return err
		}
	}
	return nil
}

// ConnectionTrend is how a connection's attempts went before and after a moment.
type ConnectionTrend struct {
	ConnectionID identity.ConnectionID
	Before, Now  Outcomes
}

// Outcomes are numbers of attempts by their end.
type Outcomes struct{ Complete, Refused, Lost int }

// AttemptTrends returns the connections with a failed attempt in the span, those
// with most of them first, at most limit; each beside the time of the same length
// before. Of hours that are counted, and of those since.
func (tx *Tx) AttemptTrends(s Window, limit int) ([]ConnectionTrend, error) {
	from := s.From.Truncate(time.Hour)
	earlier := from.Add(-s.To.Sub(from))
	counted, err := tx.countedUntil()
	if err != nil {
		return nil, err
	}
	if counted.Before(earlier) {
		counted = earlier
	}
	scan := func(row scanner) (t ConnectionTrend, err error) {
		err = row.Scan(&t.ConnectionID, &t.Before.Complete, &t.Before.Refused, &t.Before.Lost, &t.Now.Complete, &t.Now.Refused, &t.Now.Lost)
		return t, err
	}
	return list(tx, scan, eachOf+`, parts AS (
			SELECT connection_id, hour AS at, state, number FROM attempt_hours
			WHERE hour >= $1 AND hour < $2 AND connection_id <> ''
			UNION ALL
			SELECT connection_id, started_at, state, 1 FROM `+fromEach+`
			WHERE connection_id = of.id AND state IN ('started', 'admitted', 'complete', 'refused') AND started_at >= $2 AND started_at < $3 AND kind NOT IN ('presence', 'test_run') AND (state <> 'started' OR started_at < $5)
		), sums AS (
			SELECT connection_id,
				CAST(sum(CASE WHEN at < $4 AND state = 'complete' THEN number ELSE 0 END) AS BIGINT) AS complete_before,
				CAST(sum(CASE WHEN at < $4 AND state = 'refused' THEN number ELSE 0 END) AS BIGINT) AS refused_before,
				CAST(sum(CASE WHEN at < $4 AND state = 'started' THEN number ELSE 0 END) AS BIGINT) AS lost_before,
				CAST(sum(CASE WHEN at >= $4 AND state = 'complete' THEN number ELSE 0 END) AS BIGINT) AS complete_now,
				CAST(sum(CASE WHEN at >= $4 AND state = 'refused' THEN number ELSE 0 END) AS BIGINT) AS refused_now,
				CAST(sum(CASE WHEN at >= $4 AND state = 'started' THEN number ELSE 0 END) AS BIGINT) AS lost_now
			FROM parts GROUP BY connection_id
		)
		SELECT connection_id, complete_before, refused_before, lost_before, complete_now, refused_now, lost_now
		FROM sums WHERE refused_now + lost_now > 0
		ORDER BY refused_now + lost_now - refused_before - lost_before DESC, connection_id LIMIT $6`,
		ms(earlier), ms(counted), ms(s.To), ms(from), ms(s.LostBefore), limit)
}

// AttributesSeen lists the names of the attributes that came in the latest
// attempts at a connection: of each, at most limit attempts being looked at.
func (tx *Tx) AttributesSeen(c identity.ConnectionID, limit int) (map[string]int, int, error) {
	rows, err := all(tx, func(row scanner) (names []string, err error) {
		err = row.Scan(document{&names})
		return names, err
	}, `SELECT seen FROM attempts WHERE connection_id = $1 ORDER BY started_at DESC LIMIT $2`, c, limit)
	found, with := map[string]int{}, 0
	for _, names := range rows {
		if len(names) > 0 {
			with++
		}
		for _, n := range names {
			found[n]++
		}
	}
	return found, with, err
}
