package store

import (
	"time"

	"usher/internal/identity"
)

// Draft returns the draft of a connection.
func (tx *Tx) Draft(id identity.ConnectionID) (identity.ConnectionDraft, error) {
	return one(tx, func(row scanner) (d identity.ConnectionDraft, err error) {
		err = row.Scan(&d.ConnectionID, &d.RevisionID, &d.BaseRevisionID, document{&d.Config},
			&d.Proof.TestRunID, (*milliseconds)(&d.Proof.At),
			oneOf(&d.CreatedBy.Kind, identity.ActorKinds()...), &d.CreatedBy.ID,
			oneOf(&d.UpdatedBy.Kind, identity.ActorKinds()...), &d.UpdatedBy.ID,
			(*milliseconds)(&d.CreatedAt), (*milliseconds)(&d.UpdatedAt))
		return d, err
	}, `
		SELECT connection_id, revision_id, base_revision_id, config, proved_by, proved_at, created_by_kind, created_by_id,
			updated_by_kind, updated_by_id, created_at, updated_at
		FROM connection_drafts WHERE connection_id = $1`, id)
}

// PutDraft keeps a draft in the place of the connection's draft so far. Who acts
// is what identity.WithActor said; who began it stays.
func (tx *Tx) PutDraft(d identity.ConnectionDraft) error {
	by := identity.ActorFrom(tx.ctx)
	_, err := tx.exec(`
		INSERT INTO connection_drafts (connection_id, revision_id, base_revision_id, config, proved_by, proved_at,
			created_by_kind, created_by_id, updated_by_kind, updated_by_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, '', 0, $5, $6, $5, $6, $7, $8)
		ON CONFLICT (connection_id) DO UPDATE SET revision_id = excluded.revision_id, config = excluded.config,
			proved_by = '', proved_at = 0, updated_by_kind = excluded.updated_by_kind, updated_by_id = excluded.updated_by_id,
			updated_at = excluded.updated_at`,
		d.ConnectionID, d.RevisionID, d.BaseRevisionID, document{d.Config}, by.Kind, by.ID, ms(d.CreatedAt), ms(d.UpdatedAt))
	return err
}

// DeleteDraft removes a draft as somebody has seen it, and reports whether it was
// there and still the same.
func (tx *Tx) DeleteDraft(id identity.ConnectionID, seen identity.RevisionID) (bool, error) {
	return tx.execChanged(`DELETE FROM connection_drafts WHERE connection_id = $1 AND revision_id = $2`, id, seen)
}

// Configuration returns a configuration of a connection: a revision of it, or its
// draft.
func (tx *Tx) Configuration(c identity.ConnectionID, id identity.RevisionID) (identity.ConnectionConfig, error) {
	return one(tx, func(row scanner) (conf identity.ConnectionConfig, err error) {
		err = row.Scan(document{&conf})
		return conf, err
	}, `
		SELECT config FROM connection_revisions WHERE id = $2 AND connection_id = $1
		UNION ALL SELECT config FROM connection_drafts WHERE revision_id = $2 AND connection_id = $1`, c, id)
}

// RevisionUsesSecret reports whether a revision of a connection uses a client
// secret of it. It reads all of them: for administrators' changes, not for
// sign-ins.
func (tx *Tx) RevisionUsesSecret(c identity.ConnectionID, id identity.ClientSecretID) (bool, error) {
	revisions, err := tx.Revisions(c)
	for _, r := range revisions {
		if r.Config.SecretID() == id {
			return true, nil
		}
	}
	return false, err
}

// DeleteClientSecret removes a client secret of a connection.
func (tx *Tx) DeleteClientSecret(c identity.ConnectionID, id identity.ClientSecretID) error {
	_, err := tx.exec(`DELETE FROM connection_secrets WHERE connection_id = $1 AND id = $2`, c, id)
	return err
}

// Prove notes the test run that ended well with a configuration, be it a draft or
// a revision.
func (tx *Tx) Prove(c identity.ConnectionID, id identity.RevisionID, run identity.TestRunID, at time.Time) error {
	if _, err := tx.exec(`
		UPDATE connection_revisions SET proved_by = $3, proved_at = $4 WHERE id = $2 AND connection_id = $1`,
		c, id, run, ms(at)); err != nil {
		return err
	}
	_, err := tx.exec(`
		UPDATE connection_drafts SET proved_by = $3, proved_at = $4 WHERE revision_id = $2 AND connection_id = $1`,
		c, id, run, ms(at))
	return err
}

// ConnectionsOfIssuer returns the connections whose live provider goes by a name,
// the oldest first, at most so many.
func (tx *Tx) ConnectionsOfIssuer(issuer string, limit int) ([]identity.Connection, error) {
	if issuer == "" {
		return nil, nil
	}
	return all(tx, scanConnection, `
		SELECT `+connectionColumns+` FROM `+connectionTables+`
		WHERE c.id IN (SELECT connection_id FROM connection_revisions WHERE issuer = $1) AND r.issuer = $1
		ORDER BY c.created_at, c.id LIMIT $2`, issuer, limit)
}
