package store

import (
	"time"

	"usher/internal/identity"
)

const templateColumns = `id, name, claims, lifetime, clock_skew, signing_algorithm, signing_key, created_at, updated_at`

func (tx *Tx) scanTemplate(row scanner) (t identity.TokenTemplate, err error) {
	var lifetime, skew int64
	var sealed string
	if err := row.Scan(&t.ID, &t.Name, (*metadata)(&t.Claims), &lifetime, &skew, &t.SigningAlgorithm, &sealed,
		(*milliseconds)(&t.CreatedAt), (*milliseconds)(&t.UpdatedAt)); err != nil {
		return t, err
	}
	t.Lifetime, t.ClockSkew = time.Duration(lifetime)*time.Second, time.Duration(skew)*time.Second
	if sealed == "" {
		return t, nil
	}
	key, err := tx.db.keys.Open("jwt_templates", "signing_key", string(t.ID), sealed)
	t.SigningKey = string(key)
	return t, err
}

// TokenTemplates lists templates, the newest first.
func (tx *Tx) TokenTemplates(p Page) ([]identity.TokenTemplate, int, error) {
	return find(tx, search{from: "jwt_templates", order: "created_at DESC, id DESC"}, templateColumns, tx.scanTemplate, p)
}

// TokenTemplate returns a template.
func (tx *Tx) TokenTemplate(id identity.TemplateID) (identity.TokenTemplate, error) {
	return one(tx, tx.scanTemplate, `SELECT `+templateColumns+` FROM jwt_templates WHERE id = $1`, id)
}

// TokenTemplateByName returns the template of a name.
func (tx *Tx) TokenTemplateByName(name string) (identity.TokenTemplate, error) {
	return one(tx, tx.scanTemplate, `SELECT `+templateColumns+` FROM jwt_templates WHERE name = $1`, name)
}

// sealTemplateKey seals a template's own key; empty stays empty.
func (tx *Tx) sealTemplateKey(t identity.TokenTemplate) (string, error) {
	if t.SigningKey == "" {
		return "", nil
	}
	return tx.db.keys.Seal("jwt_templates", "signing_key", string(t.ID), []byte(t.SigningKey))
}

// InsertTokenTemplate adds a template, its key sealed. The error is ErrConflict
// when the name is taken.
func (tx *Tx) InsertTokenTemplate(t identity.TokenTemplate) error {
	sealed, err := tx.sealTemplateKey(t)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO jwt_templates (id, name, claims, lifetime, clock_skew, signing_algorithm, signing_key, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.ID, t.Name, metadata(t.Claims), int64(t.Lifetime/time.Second), int64(t.ClockSkew/time.Second),
		t.SigningAlgorithm, sealed, ms(t.CreatedAt), ms(t.UpdatedAt))
	return err
}

// UpdateTokenTemplate writes all of a template but the time of making.
func (tx *Tx) UpdateTokenTemplate(t identity.TokenTemplate) error {
	sealed, err := tx.sealTemplateKey(t)
	if err != nil {
		return err
	}
	return tx.execOne(`
		UPDATE jwt_templates SET name = $2, claims = $3, lifetime = $4, clock_skew = $5, signing_algorithm = $6,
			signing_key = $7, updated_at = $8
		WHERE id = $1`,
		t.ID, t.Name, metadata(t.Claims), int64(t.Lifetime/time.Second), int64(t.ClockSkew/time.Second),
		t.SigningAlgorithm, sealed, ms(t.UpdatedAt))
}

// DeleteTokenTemplate removes a template and reports whether it was there.
func (tx *Tx) DeleteTokenTemplate(id identity.TemplateID) (bool, error) {
	return tx.execChanged(`DELETE FROM jwt_templates WHERE id = $1`, id)
}
