package store

import "time"

// Retention says how long what is over is kept. Zero means for ever.
type Retention struct {
	Attempts     time.Duration // SSO attempts, from their start
	SignIns      time.Duration // sign-ins and sign-ups, from the time they were given up
	Sessions     time.Duration // sessions, from their absolute end
	Clients      time.Duration // browsers without a session, from their last change
	RateCounters time.Duration // from the start of their window
	Mail         time.Duration // unsent mail and the development mailbox, from its making
	Events       time.Duration // events and their deliveries, from when they happened
	MailEvents   time.Duration // those that hold mails, which is sooner
}

const (
	// pruneBatch is how many rows of a table one transaction removes, so that it
	// doesn't keep others waiting.
	pruneBatch = 500

	// replayMargin is how long a used assertion, and what else guards against a
	// replay, is kept after its end (threats T-OPS-01, T-OPS-15).
	replayMargin = time.Hour
)

// PruneReport is what a call of Prune removed.
type PruneReport struct {
	Removed int
	More    bool // there is more to remove: call again, in a new transaction
}

// Prune removes a batch of what is over: pending requests, verdicts, used
// assertions and evidence after their end, and the rest as r says. What is sealed
// with a key that was lost goes too: nothing is read.
func (tx *Tx) Prune(now time.Time, r Retention) (PruneReport, error) {
	const forever = -1
	before := func(d time.Duration) int64 {
		if d <= 0 {
			return forever
		}
		return ms(now.Add(-d))
	}
	var report PruneReport
	for _, p := range []struct {
		text   string // removes a batch of what is older than $1
		before int64
	}{
		{`DELETE FROM pending_requests WHERE relay_hash IN
			(SELECT relay_hash FROM pending_requests WHERE expires_at < $1 LIMIT $2)`, before(replayMargin)},
		{`DELETE FROM verdicts WHERE nonce_hash IN
			(SELECT nonce_hash FROM verdicts WHERE expires_at < $1 LIMIT $2)`, before(replayMargin)},
		{`DELETE FROM used_assertions WHERE (connection_id, assertion_id) IN
			(SELECT connection_id, assertion_id FROM used_assertions WHERE expires_at < $1 LIMIT $2)`, before(replayMargin)},
		{`DELETE FROM evidence WHERE attempt_id IN
			(SELECT attempt_id FROM evidence WHERE expires_at < $1 LIMIT $2)`, ms(now)},
		{`DELETE FROM attempts WHERE id IN
			(SELECT id FROM attempts WHERE started_at < $1 LIMIT $2)`, before(r.Attempts)},
		{`DELETE FROM test_runs WHERE id IN
			(SELECT id FROM test_runs WHERE created_at < $1 LIMIT $2)`, before(r.Attempts)},
		{`DELETE FROM attempt_hours WHERE (connection_id, hour, state, code) IN
			(SELECT connection_id, hour, state, code FROM attempt_hours WHERE hour < $1 LIMIT $2)`, before(r.Attempts)},
		{`DELETE FROM attempt_hour_times WHERE (connection_id, hour, part, bucket) IN
			(SELECT connection_id, hour, part, bucket FROM attempt_hour_times WHERE hour < $1 LIMIT $2)`, before(r.Attempts)},
		{`DELETE FROM sign_ins WHERE id IN
			(SELECT id FROM sign_ins WHERE abandon_at < $1 LIMIT $2)`, before(r.SignIns)},
		{`DELETE FROM sign_ups WHERE id IN
			(SELECT id FROM sign_ups WHERE abandon_at < $1 LIMIT $2)`, before(r.SignIns)},
		{`DELETE FROM sessions WHERE id IN
			(SELECT id FROM sessions WHERE expire_at < $1 LIMIT $2)`, before(r.Sessions)},
		{`DELETE FROM clients WHERE id IN
			(SELECT id FROM clients c WHERE updated_at < $1
				AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.client_id = c.id) LIMIT $2)`, before(r.Clients)},
		{`DELETE FROM email_verifications WHERE id IN
			(SELECT id FROM email_verifications WHERE expires_at < $1 LIMIT $2)`, before(r.SignIns)},
		{`DELETE FROM refresh_tokens WHERE hash IN
			(SELECT hash FROM refresh_tokens WHERE expires_at < $1 LIMIT $2)`, ms(now)},
		{`DELETE FROM consumed_tokens WHERE hash IN
			(SELECT hash FROM consumed_tokens WHERE expires_at < $1 LIMIT $2)`, before(replayMargin)},
		{`DELETE FROM tickets WHERE id IN
			(SELECT id FROM tickets WHERE expires_at < $1 LIMIT $2)`, before(r.SignIns)},
		{`DELETE FROM setup_links WHERE id IN
			(SELECT id FROM setup_links WHERE expires_at < $1 LIMIT $2)`, before(r.SignIns)},
		{`DELETE FROM events WHERE id IN
			(SELECT id FROM events WHERE created_at < $1 LIMIT $2)`, before(r.Events)},
		{`DELETE FROM events WHERE id IN
			(SELECT id FROM events WHERE type = 'email.created' AND created_at < $1 LIMIT $2)`, before(r.MailEvents)},
		// Later than the events: an order that begins anew must not meet the old one.
		{`DELETE FROM event_order WHERE subject IN
			(SELECT subject FROM event_order WHERE updated_at < $1 LIMIT $2)`, before(2 * r.Events)},
		{`DELETE FROM rate_counters WHERE (name, window_start) IN
			(SELECT name, window_start FROM rate_counters WHERE window_start < $1 LIMIT $2)`, before(r.RateCounters)},
		{`DELETE FROM outbox WHERE id IN
			(SELECT id FROM outbox WHERE created_at < $1 LIMIT $2)`, before(r.Mail)},
		{`DELETE FROM mailbox WHERE id IN
			(SELECT id FROM mailbox WHERE created_at < $1 LIMIT $2)`, before(r.Mail)},
	} {
		if p.before == forever {
			continue
		}
		n, err := tx.exec(p.text, p.before, pruneBatch)
		if err != nil {
			return report, err
		}
		report.Removed += int(n)
		report.More = report.More || n == pruneBatch
	}
	return report, nil
}
