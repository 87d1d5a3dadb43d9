package store

import (
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

// Clients lists browsers, the newest first.
func (tx *Tx) Clients(p Page) ([]identity.Client, int, error) {
	return find(tx, search{from: "clients", order: "created_at DESC, id DESC"}, clientColumns, scanClient, p)
}

// InsertClient adds a browser.
func (tx *Tx) InsertClient(c identity.Client) error {
	_, err := tx.exec(`
		INSERT INTO clients (id, token_hash, last_active_session_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5)`,
		c.ID, c.TokenHash, c.LastActiveSessionID, ms(c.CreatedAt), ms(c.UpdatedAt))
	return err
}

// UpdateClient writes all of a browser but the time of making. The browser must
// be there.
func (tx *Tx) UpdateClient(c identity.Client) error {
	return tx.execLater(`
		UPDATE clients SET token_hash = $2, last_active_session_id = $3, updated_at = $4 WHERE id = $1`,
		c.ID, c.TokenHash, c.LastActiveSessionID, ms(c.UpdatedAt))
}

// DeleteClient removes a browser and reports whether it was there. Its sessions
// are not ended by that.
func (tx *Tx) DeleteClient(id identity.ClientID) (bool, error) {
	return tx.execChanged(`DELETE FROM clients WHERE id = $1`, id)
}
