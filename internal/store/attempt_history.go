package store

import (
	"time"

	"usher/internal/identity"
)

// What happened at a connection around an attempt: each is answered by a few
// entries of an index, whatever the number of attempts.

// maxAround is how many attempts around another are counted.
const maxAround = 20

// LastSuccess is when somebody last came in through a connection before a time;
// the zero time: nobody.
func (tx *Tx) LastSuccess(c identity.ConnectionID, before time.Time) (time.Time, error) {
	t, err := one(tx, scanTimestamp, `
		SELECT started_at FROM attempts
		WHERE connection_id = $1 AND state = 'complete' AND started_at < $2 ORDER BY started_at DESC LIMIT 1`, c, ms(before))
	return t, Optional(err)
}

// CountOthersIn counts, up to 20, those who came in through a connection within a
// time, but for one person.
func (tx *Tx) CountOthersIn(c identity.ConnectionID, s Window, but identity.Email) (int, error) {
	return one(tx, scanInt, `
		SELECT count(*) FROM (
			SELECT email FROM attempts
			WHERE connection_id = $1 AND state = 'complete' AND started_at >= $2 AND started_at < $3
			LIMIT $4
		) around WHERE email <> $5`, c, ms(s.From), ms(s.To), maxAround, but)
}

// CountLost counts, up to 20, the attempts at a connection that began within a time
// and never came back.
func (tx *Tx) CountLost(c identity.ConnectionID, s Window) (int, error) {
	return one(tx, scanInt, `
		SELECT count(*) FROM (
			SELECT id FROM attempts
			WHERE connection_id = $1 AND state = 'started' AND started_at >= $2 AND started_at < $3 LIMIT $4
		) around`, c, ms(s.From), ms(s.To), maxAround)
}

// PersonSuccess is when a person, by the address that was vouched for, last came
// in through a connection before a time, or first from then on; the zero time:
// never.
func (tx *Tx) PersonSuccess(c identity.ConnectionID, e identity.Email, at time.Time) (before, after time.Time, err error) {
	before, err = one(tx, scanTimestamp, `
		SELECT started_at FROM attempts
		WHERE email = $1 AND started_at < $2 AND connection_id = $3 AND state = 'complete'
		ORDER BY started_at DESC LIMIT 1`, e, ms(at), c)
	if Optional(err) != nil {
		return before, after, err
	}
	after, err = one(tx, scanTimestamp, `
		SELECT started_at FROM attempts
		WHERE email = $1 AND started_at > $2 AND connection_id = $3 AND state = 'complete'
		ORDER BY started_at LIMIT 1`, e, ms(at), c)
	return before, after, Optional(err)
}
