package store

import (
	"fmt"
	"strconv"
	"time"

	"usher/internal/identity"
	"usher/internal/secret"
)

// Instance returns this deployment; ErrNotFound before it was set up.
func (tx *Tx) Instance() (identity.Instance, error) {
	return one(tx, func(row scanner) (i identity.Instance, err error) {
		err = row.Scan(&i.ID, document{&i.Settings}, (*milliseconds)(&i.CreatedAt), (*milliseconds)(&i.UpdatedAt))
		return i, err
	}, `SELECT id, settings, created_at, updated_at FROM instance`)
}

// InsertInstance sets the deployment up and reports whether it was not before.
func (tx *Tx) InsertInstance(i identity.Instance) (fresh bool, err error) {
	return tx.execChanged(`
		INSERT INTO instance (id, settings, created_at, updated_at)
		SELECT $1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM instance)`,
		i.ID, document{i.Settings}, ms(i.CreatedAt), ms(i.UpdatedAt))
}

// UpdateSettings writes the settings of the deployment.
func (tx *Tx) UpdateSettings(id identity.InstanceID, s identity.Settings, now time.Time) error {
	return tx.execOne(`UPDATE instance SET settings = $2, updated_at = $3 WHERE id = $1`,
		id, document{s}, ms(now))
}

// SigningKeys returns the keys that sign session tokens, retired ones as long as
// they have not been deleted, the newest first.
func (tx *Tx) SigningKeys() ([]identity.SigningKey, error) {
	return all(tx, func(row scanner) (k identity.SigningKey, err error) {
		var sealed string
		if err := row.Scan(&k.ID, &sealed, (*milliseconds)(&k.SignsFrom), (*milliseconds)(&k.RetiredAt),
			(*milliseconds)(&k.CreatedAt)); err != nil {
			return k, err
		}
		k.PrivateKey, err = tx.db.keys.Open("signing_keys", "private_key", k.ID, sealed)
		return k, err
	}, `
		SELECT id, private_key, signs_from, retired_at, created_at
		FROM signing_keys ORDER BY created_at DESC, id DESC`)
}

// InsertSigningKey adds a key, sealed.
func (tx *Tx) InsertSigningKey(k identity.SigningKey) error {
	sealed, err := tx.db.keys.Seal("signing_keys", "private_key", k.ID, k.PrivateKey)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO signing_keys (id, private_key, signs_from, retired_at, created_at)
		VALUES ($1, $2, $3, $4, $5)`,
		k.ID, sealed, ms(k.SignsFrom), ms(k.RetiredAt), ms(k.CreatedAt))
	return err
}

// RetireSigningKey sets when a key leaves the key set, and reports whether that
// is sooner than it was. It is never put off.
func (tx *Tx) RetireSigningKey(id string, at time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE signing_keys SET retired_at = $2 WHERE id = $1 AND (retired_at = 0 OR retired_at > $2)`, id, ms(at))
}

// DeleteSigningKeysRetiredBefore removes keys that left the key set before a
// time, and returns how many.
func (tx *Tx) DeleteSigningKeysRetiredBefore(t time.Time) (int, error) {
	n, err := tx.exec(`DELETE FROM signing_keys WHERE retired_at <> 0 AND retired_at < $1`, ms(t))
	return int(n), err
}

// CheckKeys reports a key that a stored value is sealed with and the key ring
// lacks, so that a start can be refused (threat T-SEC-03). Evidence and verdicts,
// which don't live long, are not looked at.
func (tx *Tx) CheckKeys() error {
	for _, column := range []struct{ table, name string }{
		{"signing_keys", "private_key"},
		{"connection_keys", "private_key"},
		{"outbox", "payload"},
		{"jwt_templates", "signing_key"},
		{"webhook_endpoints", "secret"},
	} {
		var s search
		s.and(column.name + " <> ''")
		for _, id := range tx.db.keys.KeyIDs() {
			// Not LIKE: ids may hold its wildcards.
			s.and("substr("+column.name+", 1, "+strconv.Itoa(len("sealed1.."+id))+") <> ?", "sealed1."+id+".")
		}
		others, err := list(tx, scanID[string], `SELECT `+column.name+` FROM `+column.table+s.conditions()+` LIMIT 1`, s.args...)
		if err != nil {
			return err
		}
		for _, sealed := range others {
			id, err := secret.SealedWith(sealed)
			if err == nil {
				err = tx.db.keys.Require(id)
			}
			if err != nil {
				return fmt.Errorf("store: a value of %s.%s: %w", column.table, column.name, err)
			}
		}
	}
	return nil
}

const secretKeyColumns = `id, hash, name, created_at, revoked_at` //nolint:gosec // names, not values

func scanSecretKey(row scanner) (k identity.SecretKey, err error) {
	err = row.Scan(&k.ID, &k.Hash, &k.Name, (*milliseconds)(&k.CreatedAt), (*milliseconds)(&k.RevokedAt))
	return k, err
}

// SecretKeyByHash returns the Backend API key of a hash. A revoked one is not
// found.
func (tx *Tx) SecretKeyByHash(hash string) (identity.SecretKey, error) {
	return one(tx, scanSecretKey, `
		SELECT `+secretKeyColumns+` FROM secret_keys WHERE hash = $1 AND revoked_at = 0`, hash)
}

// SecretKeys lists the Backend API keys, revoked ones too, the newest first.
func (tx *Tx) SecretKeys() ([]identity.SecretKey, error) {
	return all(tx, scanSecretKey, `SELECT `+secretKeyColumns+` FROM secret_keys ORDER BY created_at DESC, id DESC`)
}

// InsertSecretKey adds a Backend API key.
func (tx *Tx) InsertSecretKey(k identity.SecretKey) error {
	_, err := tx.exec(`
		INSERT INTO secret_keys (id, hash, name, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5)`,
		k.ID, k.Hash, k.Name, ms(k.CreatedAt), ms(k.RevokedAt))
	return err
}

// RevokeSecretKey shuts a Backend API key out and reports whether it was good
// before.
func (tx *Tx) RevokeSecretKey(id identity.SecretKeyID, at time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE secret_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, ms(at))
}
