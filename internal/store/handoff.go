package store

import (
	"time"

	"usher/internal/identity"
)

// What travels between a browser's legs of a sign-in: out to the provider
// (pending requests), back from it (assertions, used once) and over to the
// browser that began it (verdicts).

// InsertPendingRequest adds a sign-in that was sent to a provider, its code
// verifier sealed.
func (tx *Tx) InsertPendingRequest(p identity.PendingRequest) error {
	verifier, err := tx.sealText("pending_requests", "code_verifier", p.RelayHash, p.CodeVerifier)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO pending_requests (relay_hash, request_id, code_verifier, attempt_id, connection_id, revision_id,
			client_id, sign_in_id, typed_email, force_authn, link_session_id, test_run_id, created_at, expires_at, used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		p.RelayHash, p.RequestID, verifier, p.AttemptID, p.ConnectionID, p.RevisionID,
		p.ClientID, p.SignInID, p.TypedEmail, p.ForceAuthn, p.Link, p.TestRun, ms(p.CreatedAt), ms(p.ExpiresAt), ms(p.UsedAt))
	return err
}

// PendingRequest returns what a RelayState or state points at, used or not.
func (tx *Tx) PendingRequest(relayHash string) (identity.PendingRequest, error) {
	return one(tx, func(row scanner) (p identity.PendingRequest, err error) {
		var verifier string
		if err := row.Scan(&p.RelayHash, &p.RequestID, &verifier, &p.AttemptID, &p.ConnectionID, &p.RevisionID,
			&p.ClientID, &p.SignInID, &p.TypedEmail, &p.ForceAuthn, &p.Link, &p.TestRun, (*milliseconds)(&p.CreatedAt),
			(*milliseconds)(&p.ExpiresAt), (*milliseconds)(&p.UsedAt)); err != nil {
			return p, err
		}
		p.CodeVerifier, err = tx.openText("pending_requests", "code_verifier", p.RelayHash, verifier)
		return p, err
	}, `
		SELECT relay_hash, request_id, code_verifier, attempt_id, connection_id, revision_id,
			client_id, sign_in_id, typed_email, force_authn, link_session_id, test_run_id, created_at, expires_at, used_at
		FROM pending_requests WHERE relay_hash = $1`, relayHash)
}

// UsePendingRequest marks a pending request as used and reports whether it was
// unused and still good.
func (tx *Tx) UsePendingRequest(relayHash string, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE pending_requests SET used_at = $2
		WHERE relay_hash = $1 AND used_at = 0 AND expires_at > $2`, relayHash, ms(now))
}

// InsertVerdict adds an accepted answer, its claims sealed.
func (tx *Tx) InsertVerdict(v identity.Verdict) error {
	sealed, err := tx.db.keys.Seal("verdicts", "claims", v.NonceHash, v.Claims)
	if err != nil {
		return err
	}
	return tx.execLater(`
		INSERT INTO verdicts (nonce_hash, attempt_id, connection_id, revision_id, client_id, sign_in_id,
			typed_email, link_session_id, claims, return_url, created_at, expires_at, used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		v.NonceHash, v.AttemptID, v.ConnectionID, v.RevisionID, v.ClientID, v.SignInID,
		v.TypedEmail, v.Link, sealed, v.ReturnURL, ms(v.CreatedAt), ms(v.ExpiresAt), ms(v.UsedAt))
}

// Verdict returns the accepted answer that a nonce points at, used or not.
func (tx *Tx) Verdict(nonceHash string) (identity.Verdict, error) {
	return one(tx, func(row scanner) (v identity.Verdict, err error) {
		var sealed string
		if err := row.Scan(&v.NonceHash, &v.AttemptID, &v.ConnectionID, &v.RevisionID, &v.ClientID,
			&v.SignInID, &v.TypedEmail, &v.Link, &sealed, &v.ReturnURL, (*milliseconds)(&v.CreatedAt),
			(*milliseconds)(&v.ExpiresAt), (*milliseconds)(&v.UsedAt)); err != nil {
			return v, err
		}
		v.Claims, err = tx.db.keys.Open("verdicts", "claims", v.NonceHash, sealed)
		return v, err
	}, `
		SELECT nonce_hash, attempt_id, connection_id, revision_id, client_id, sign_in_id,
			typed_email, link_session_id, claims, return_url, created_at, expires_at, used_at
		FROM verdicts WHERE nonce_hash = $1`, nonceHash)
}

// UseVerdict marks a verdict as used and reports whether it was unused and still
// good.
func (tx *Tx) UseVerdict(nonceHash string, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE verdicts SET used_at = $2
		WHERE nonce_hash = $1 AND used_at = 0 AND expires_at > $2`, nonceHash, ms(now))
}

// UseAssertion marks an assertion as used and reports whether it was fresh. The
// mark is kept until expires, after which the assertion is refused for its age
// anyway, and an hour more for clocks that step back (threat T-OPS-15).
func (tx *Tx) UseAssertion(c identity.ConnectionID, assertionID string, expires time.Time) (fresh bool, err error) {
	return tx.execChanged(`
		INSERT INTO used_assertions (connection_id, assertion_id, expires_at)
		VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		c, assertionID, ms(expires))
}
