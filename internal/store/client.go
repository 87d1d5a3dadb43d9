package store

import (
	"time"

	"usher/internal/identity"
)

const clientColumns = `id, token_hash, last_active_session_id, created_at, updated_at`

func scanClient(row scanner) (c identity.Client, err error) {
	err = row.Scan(&c.ID, &c.TokenHash, &c.LastActiveSessionID,
		(*milliseconds)(&c.CreatedAt), (*milliseconds)(&c.UpdatedAt))
	return c, err
}

// Client returns a browser.
func (tx *Tx) Client(id identity.ClientID) (identity.Client, error) {
	return one(tx, scanClient, `SELECT `+clientColumns+` FROM clients WHERE id = $1`, id)
}

// ClientByTokenHash returns the browser whose token has a hash.
func (tx *Tx) ClientByTokenHash(hash string) (identity.Client, error) {
	return one(tx, scanClient, `SELECT `+clientColumns+` FROM clients WHERE token_hash = $1`, hash)
}

// InsertClient adds a browser.
func (tx *Tx) InsertClient(c identity.Client) error {
	_, err := tx.exec(`
		INSERT INTO clients (id, token_hash, last_active_session_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5)`,
		c.ID, c.TokenHash, c.LastActiveSessionID, ms(c.CreatedAt), ms(c.UpdatedAt))
	return err
}

// UpdateClient writes all of a browser but its token, which RotateClientToken
// changes, and the time of making.
func (tx *Tx) UpdateClient(c identity.Client) error {
	return tx.execOne(`
		UPDATE clients SET last_active_session_id = $2, updated_at = $3 WHERE id = $1`,
		c.ID, c.LastActiveSessionID, ms(c.UpdatedAt))
}

// RotateClientToken replaces the hash of a browser's token and reports whether
// it was still the old one.
func (tx *Tx) RotateClientToken(id identity.ClientID, oldHash, newHash string, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE clients SET token_hash = $3, updated_at = $4 WHERE id = $1 AND token_hash = $2`,
		id, oldHash, newHash, ms(now))
}

// DeleteClient removes a browser and reports whether it was there. Its sessions
// are not ended by that.
func (tx *Tx) DeleteClient(id identity.ClientID) (bool, error) {
	return tx.execChanged(`DELETE FROM clients WHERE id = $1`, id)
}
