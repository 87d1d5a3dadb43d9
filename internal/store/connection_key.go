package store

import (
	"time"

	"usher/internal/identity"
)

// ConnectionKeys returns our keys at a connection that are not retired, the
// newest first.
func (tx *Tx) ConnectionKeys(id identity.ConnectionID) ([]identity.ConnectionKey, error) {
	return all(tx, tx.scanConnectionKey, `
		SELECT id, connection_id, certificate, private_key, created_at, retired_at
		FROM connection_keys WHERE connection_id = $1 AND retired_at = 0
		ORDER BY created_at DESC, id DESC`, id)
}

func (tx *Tx) scanConnectionKey(row scanner) (k identity.ConnectionKey, err error) {
	var sealed string
	if err := row.Scan(&k.ID, &k.ConnectionID, &k.Certificate, &sealed,
		(*milliseconds)(&k.CreatedAt), (*milliseconds)(&k.RetiredAt)); err != nil {
		return k, err
	}
	k.PrivateKey, err = tx.db.keys.Open("connection_keys", "private_key", string(k.ID), sealed)
	return k, err
}

// InsertConnectionKey adds a key, sealed.
func (tx *Tx) InsertConnectionKey(k identity.ConnectionKey) error {
	sealed, err := tx.db.keys.Seal("connection_keys", "private_key", string(k.ID), k.PrivateKey)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO connection_keys (id, connection_id, certificate, private_key, created_at, retired_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		k.ID, k.ConnectionID, k.Certificate, sealed, ms(k.CreatedAt), ms(k.RetiredAt))
	return err
}

// RetireConnectionKey takes a key out of use and reports whether it was in use.
func (tx *Tx) RetireConnectionKey(id identity.KeyID, at time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE connection_keys SET retired_at = $2 WHERE id = $1 AND retired_at = 0`, id, ms(at))
}
