package store

import (
	"time"

	"usher/internal/identity"
)

const signInColumns = `id, client_id, status, identifier, user_id, strategy, code_hash, code_tries,
	code_sent_at, code_expires_at, attempt_id, error_code, error_meta, return_url, created_session_id,
	created_at, updated_at, abandon_at`

func scanSignIn(row scanner) (s identity.SignIn, err error) {
	err = row.Scan(&s.ID, &s.ClientID, oneOf(&s.Status, identity.SignInNeedsIdentifier,
		identity.SignInNeedsFirstFactor, identity.SignInNeedsSecondFactor, identity.SignInComplete,
		identity.SignInAbandoned),
		&s.Identifier, &s.UserID, &s.Strategy, &s.Code.Hash, &s.Code.Tries,
		(*milliseconds)(&s.Code.SentAt), (*milliseconds)(&s.Code.ExpiresAt), &s.AttemptID, &s.ErrorCode,
		(*metadata)(&s.ErrorMeta), &s.ReturnURL, &s.CreatedSessionID,
		(*milliseconds)(&s.CreatedAt), (*milliseconds)(&s.UpdatedAt), (*milliseconds)(&s.AbandonAt))
	return s, err
}

// SignIn returns a sign-in.
func (tx *Tx) SignIn(id identity.SignInID) (identity.SignIn, error) {
	return one(tx, scanSignIn, `SELECT `+signInColumns+` FROM sign_ins WHERE id = $1`, id)
}

// LatestSignIn returns the sign-in that a browser began last.
func (tx *Tx) LatestSignIn(client identity.ClientID) (identity.SignIn, error) {
	return one(tx, scanSignIn, `
		SELECT `+signInColumns+` FROM sign_ins WHERE client_id = $1
		ORDER BY created_at DESC, id DESC LIMIT 1`, client)
}

// InsertSignIn adds a sign-in.
func (tx *Tx) InsertSignIn(s identity.SignIn) error {
	_, err := tx.exec(`
		INSERT INTO sign_ins (id, client_id, status, identifier, user_id, strategy, code_hash, code_tries,
			code_sent_at, code_expires_at, attempt_id, error_code, error_meta, return_url, created_session_id,
			created_at, updated_at, abandon_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		s.ID, s.ClientID, s.Status, s.Identifier, s.UserID, s.Strategy, s.Code.Hash, s.Code.Tries,
		ms(s.Code.SentAt), ms(s.Code.ExpiresAt), s.AttemptID, s.ErrorCode, metadata(s.ErrorMeta), s.ReturnURL,
		s.CreatedSessionID, ms(s.CreatedAt), ms(s.UpdatedAt), ms(s.AbandonAt))
	return err
}

// UpdateSignIn writes all of a sign-in but its browser and the time of making.
// To complete one, use CompleteSignIn, which does it only once.
func (tx *Tx) UpdateSignIn(s identity.SignIn) error {
	return tx.execOne(`
		UPDATE sign_ins SET status = $2, identifier = $3, user_id = $4, strategy = $5, code_hash = $6,
			code_tries = $7, code_sent_at = $8, code_expires_at = $9, attempt_id = $10, error_code = $11,
			error_meta = $12, return_url = $13, created_session_id = $14, updated_at = $15, abandon_at = $16
		WHERE id = $1`,
		s.ID, s.Status, s.Identifier, s.UserID, s.Strategy, s.Code.Hash,
		s.Code.Tries, ms(s.Code.SentAt), ms(s.Code.ExpiresAt), s.AttemptID, s.ErrorCode,
		metadata(s.ErrorMeta), s.ReturnURL, s.CreatedSessionID, ms(s.UpdatedAt), ms(s.AbandonAt))
}

// CompleteSignIn ends a sign-in with a session and reports whether it was still
// under way.
func (tx *Tx) CompleteSignIn(id identity.SignInID, session identity.SessionID, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE sign_ins SET status = 'complete', created_session_id = $2, updated_at = $3
		WHERE id = $1 AND status NOT IN ('complete', 'abandoned')`, id, session, ms(now))
}

// AbandonSignIns gives up what a browser has under way.
func (tx *Tx) AbandonSignIns(client identity.ClientID, now time.Time) error {
	_, err := tx.exec(`
		UPDATE sign_ins SET status = 'abandoned', updated_at = $2, abandon_at = $2
		WHERE client_id = $1 AND status NOT IN ('complete', 'abandoned')`, client, ms(now))
	return err
}

// CountCodeTry counts one more try of a sign-in's code and returns how many that
// makes.
func (tx *Tx) CountCodeTry(id identity.SignInID, now time.Time) (int, error) {
	return one(tx, scanInt, `
		UPDATE sign_ins SET code_tries = code_tries + 1, updated_at = $2 WHERE id = $1
		RETURNING code_tries`, id, ms(now))
}
