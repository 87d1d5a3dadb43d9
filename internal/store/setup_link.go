package store

import (
	"time"

	"usher/internal/identity"
)

const setupLinkColumns = `id, organization_id, it_contact_id, scopes, token_hash, browser_hash, opened_at, revoked_at,
	revocation_reason, expires_at, created_at, updated_at`

func scanSetupLink(row scanner) (l identity.SetupLink, err error) {
	err = row.Scan(&l.ID, &l.OrganizationID, &l.ITContactID, document{&l.Scopes}, &l.TokenHash,
		(*optional)(&l.BrowserHash), (*milliseconds)(&l.OpenedAt), (*milliseconds)(&l.RevokedAt),
		&l.RevocationReason, (*milliseconds)(&l.ExpiresAt), (*milliseconds)(&l.CreatedAt), (*milliseconds)(&l.UpdatedAt))
	return l, err
}

// SetupLink returns a setup link.
func (tx *Tx) SetupLink(id identity.SetupLinkID) (identity.SetupLink, error) {
	return one(tx, scanSetupLink, `SELECT `+setupLinkColumns+` FROM setup_links WHERE id = $1`, id)
}

// SetupLinkByTokenHash returns the setup link whose token has a hash.
func (tx *Tx) SetupLinkByTokenHash(hash string) (identity.SetupLink, error) {
	return one(tx, scanSetupLink, `SELECT `+setupLinkColumns+` FROM setup_links WHERE token_hash = $1`, hash)
}

// SetupLinkByBrowserHash returns the setup link that was opened by the browser
// whose secret has a hash.
func (tx *Tx) SetupLinkByBrowserHash(hash string) (identity.SetupLink, error) {
	return one(tx, scanSetupLink, `SELECT `+setupLinkColumns+` FROM setup_links WHERE browser_hash = $1`, hash)
}

// InsertSetupLink adds a setup link.
func (tx *Tx) InsertSetupLink(l identity.SetupLink) error {
	_, err := tx.exec(`
		INSERT INTO setup_links (id, organization_id, it_contact_id, scopes, token_hash, browser_hash, opened_at,
			revoked_at, revocation_reason, expires_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		l.ID, l.OrganizationID, l.ITContactID, document{l.Scopes}, l.TokenHash, optional(l.BrowserHash), ms(l.OpenedAt),
		ms(l.RevokedAt), l.RevocationReason, ms(l.ExpiresAt), ms(l.CreatedAt), ms(l.UpdatedAt))
	return err
}

// BindSetupLink gives a setup link to a browser, and reports whether it was free.
func (tx *Tx) BindSetupLink(id identity.SetupLinkID, browserHash string, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE setup_links SET browser_hash = $2, opened_at = $3, updated_at = $3
		WHERE id = $1 AND browser_hash IS NULL AND revoked_at = 0 AND expires_at > $3`, id, browserHash, ms(now))
}

// RevokeSetupLink takes a setup link out of use, and reports whether it was in use.
func (tx *Tx) RevokeSetupLink(id identity.SetupLinkID, reason string, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE setup_links SET revoked_at = $3, revocation_reason = $2, updated_at = $3
		WHERE id = $1 AND revoked_at = 0`, id, reason, ms(now))
}
