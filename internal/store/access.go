package store

import "usher/internal/identity"

const accessColumns = `id, list, identifier, created_at, updated_at`

func scanAccess(row scanner) (a identity.AccessIdentifier, err error) {
	err = row.Scan(&a.ID, oneOf(&a.List, identity.AllowList, identity.BlockList), &a.Identifier,
		(*milliseconds)(&a.CreatedAt), (*milliseconds)(&a.UpdatedAt))
	return a, err
}

// AccessIdentifiers lists the rows of a list, the newest first.
func (tx *Tx) AccessIdentifiers(l identity.AccessList, p Page) ([]identity.AccessIdentifier, int, error) {
	s := search{from: "access_identifiers", order: "created_at DESC, id DESC"}
	s.and("list = ?", l)
	return find(tx, s, accessColumns, scanAccess, p)
}

// AccessIdentifiersOf returns the rows of both lists that mean an address.
func (tx *Tx) AccessIdentifiersOf(e identity.Email) ([]identity.AccessIdentifier, error) {
	p := e.AccessPatterns()
	return all(tx, scanAccess, `
		SELECT `+accessColumns+` FROM access_identifiers
		WHERE list IN ('allow', 'block') AND identifier IN ($1, $2) ORDER BY id`, p[0], p[1])
}

// InsertAccessIdentifier adds a row and reports whether the list did not have it.
func (tx *Tx) InsertAccessIdentifier(a identity.AccessIdentifier) (bool, error) {
	return tx.execChanged(`
		INSERT INTO access_identifiers (id, list, identifier, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		a.ID, a.List, a.Identifier, ms(a.CreatedAt), ms(a.UpdatedAt))
}

// DeleteAccessIdentifier removes a row of a list and reports whether it was
// there.
func (tx *Tx) DeleteAccessIdentifier(l identity.AccessList, id identity.AccessID) (bool, error) {
	return tx.execChanged(`DELETE FROM access_identifiers WHERE id = $1 AND list = $2`, id, l)
}

const redirectColumns = `id, url, created_at, updated_at`

func scanRedirect(row scanner) (r identity.RedirectURL, err error) {
	err = row.Scan(&r.ID, &r.URL, (*milliseconds)(&r.CreatedAt), (*milliseconds)(&r.UpdatedAt))
	return r, err
}

// RedirectURLs lists the redirect URLs, the newest first.
func (tx *Tx) RedirectURLs(p Page) ([]identity.RedirectURL, int, error) {
	return find(tx, search{from: "redirect_urls", order: "created_at DESC, id DESC"}, redirectColumns, scanRedirect, p)
}

// RedirectURL returns a redirect URL.
func (tx *Tx) RedirectURL(id identity.RedirectID) (identity.RedirectURL, error) {
	return one(tx, scanRedirect, `SELECT `+redirectColumns+` FROM redirect_urls WHERE id = $1`, id)
}

// ListsRedirectURL reports whether exactly this URL is listed.
func (tx *Tx) ListsRedirectURL(url string) (bool, error) {
	return one(tx, scanBool, `SELECT EXISTS (SELECT 1 FROM redirect_urls WHERE url = $1)`, url)
}

// InsertRedirectURL adds a URL and reports whether it was not there.
func (tx *Tx) InsertRedirectURL(r identity.RedirectURL) (bool, error) {
	return tx.execChanged(`
		INSERT INTO redirect_urls (id, url, created_at, updated_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		r.ID, r.URL, ms(r.CreatedAt), ms(r.UpdatedAt))
}

// DeleteRedirectURL removes a URL and reports whether it was there.
func (tx *Tx) DeleteRedirectURL(id identity.RedirectID) (bool, error) {
	return tx.execChanged(`DELETE FROM redirect_urls WHERE id = $1`, id)
}
