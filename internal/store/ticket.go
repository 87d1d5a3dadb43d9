package store

import (
	"time"

	"usher/internal/identity"
)

const ticketColumns = `id, kind, token_hash, status, user_id, organization_id, actor, session_seconds,
	expires_at, created_at, updated_at`

func scanTicket(row scanner) (t identity.Ticket, err error) {
	var seconds int64
	err = row.Scan(&t.ID, oneOf(&t.Kind, identity.TicketSignIn, identity.TicketActor, identity.TicketOperator), &t.TokenHash,
		oneOf(&t.Status, identity.TicketPending, identity.TicketAccepted, identity.TicketRevoked),
		&t.UserID, &t.OrganizationID, (*metadata)(&t.Actor), &seconds,
		(*milliseconds)(&t.ExpiresAt), (*milliseconds)(&t.CreatedAt), (*milliseconds)(&t.UpdatedAt))
	t.SessionLifetime = time.Duration(seconds) * time.Second
	return t, err
}

// Ticket returns a ticket of a kind.
func (tx *Tx) Ticket(kind identity.TicketKind, id string) (identity.Ticket, error) {
	return one(tx, scanTicket, `SELECT `+ticketColumns+` FROM tickets WHERE id = $1 AND kind = $2`, id, kind)
}

// TicketByTokenHash returns the ticket whose token has a hash.
func (tx *Tx) TicketByTokenHash(hash string) (identity.Ticket, error) {
	return one(tx, scanTicket, `SELECT `+ticketColumns+` FROM tickets WHERE token_hash = $1`, hash)
}

// InsertTicket adds a ticket.
func (tx *Tx) InsertTicket(t identity.Ticket) error {
	_, err := tx.exec(`
		INSERT INTO tickets (id, kind, token_hash, status, user_id, organization_id, actor, session_seconds,
			expires_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.ID, t.Kind, t.TokenHash, t.Status, t.UserID, t.OrganizationID, metadata(t.Actor),
		int64(t.SessionLifetime/time.Second), ms(t.ExpiresAt), ms(t.CreatedAt), ms(t.UpdatedAt))
	return err
}

// EndTicket takes a pending ticket out of use with a status that says why, and
// reports whether it was pending.
func (tx *Tx) EndTicket(id string, status identity.TicketStatus, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE tickets SET status = $2, updated_at = $3 WHERE id = $1 AND status = 'pending'`, id, status, ms(now))
}

// InsertRefreshToken adds a refresh token.
func (tx *Tx) InsertRefreshToken(t identity.RefreshToken) error {
	_, err := tx.exec(`
		INSERT INTO refresh_tokens (hash, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		t.Hash, t.SessionID, ms(t.CreatedAt), ms(t.ExpiresAt))
	return err
}

// RefreshToken returns the refresh token of a hash, expired or not.
func (tx *Tx) RefreshToken(hash string) (identity.RefreshToken, error) {
	return one(tx, func(row scanner) (t identity.RefreshToken, err error) {
		err = row.Scan(&t.Hash, &t.SessionID, (*milliseconds)(&t.CreatedAt), (*milliseconds)(&t.ExpiresAt))
		return t, err
	}, `SELECT hash, session_id, created_at, expires_at FROM refresh_tokens WHERE hash = $1`, hash)
}

// ConsumeToken marks a session token as traded in. It reports whether that was
// the first time, and when that was. The mark is kept until the token is too old
// to be traded in.
func (tx *Tx) ConsumeToken(hash string, now, expires time.Time) (fresh bool, at time.Time, err error) {
	fresh, err = tx.execChanged(`
		INSERT INTO consumed_tokens (hash, consumed_at, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		hash, ms(now), ms(expires))
	if err != nil || fresh {
		return fresh, now, err
	}
	at, err = one(tx, func(row scanner) (t time.Time, err error) {
		err = row.Scan((*milliseconds)(&t))
		return t, err
	}, `SELECT consumed_at FROM consumed_tokens WHERE hash = $1`, hash)
	return false, at, err
}
