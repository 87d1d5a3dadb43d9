package store

import (
	"time"

	"usher/internal/identity"
)

const signUpColumns = `id, client_id, status, email, first_name, last_name, password_hash, code_hash,
	code_tries, code_sent_at, code_expires_at, external_id, custom_action, return_url, created_user_id,
	created_session_id, created_at, updated_at, abandon_at`

func scanSignUp(row scanner) (s identity.SignUp, err error) {
	err = row.Scan(&s.ID, &s.ClientID, oneOf(&s.Status, identity.SignUpMissingRequirements,
		identity.SignUpComplete, identity.SignUpAbandoned),
		&s.Email, &s.FirstName, &s.LastName, &s.PasswordHash, &s.Code.Hash, &s.Code.Tries,
		(*milliseconds)(&s.Code.SentAt), (*milliseconds)(&s.Code.ExpiresAt),
		&s.ExternalID, &s.CustomAction, &s.ReturnURL, &s.CreatedUserID, &s.CreatedSessionID,
		(*milliseconds)(&s.CreatedAt), (*milliseconds)(&s.UpdatedAt), (*milliseconds)(&s.AbandonAt))
	return s, err
}

// SignUp returns a sign-up.
func (tx *Tx) SignUp(id identity.SignUpID) (identity.SignUp, error) {
	return one(tx, scanSignUp, `SELECT `+signUpColumns+` FROM sign_ups WHERE id = $1`, id)
}

// LatestSignUp returns the sign-up that a browser began last.
func (tx *Tx) LatestSignUp(client identity.ClientID) (identity.SignUp, error) {
	return one(tx, scanSignUp, `
		SELECT `+signUpColumns+` FROM sign_ups WHERE client_id = $1
		ORDER BY created_at DESC, id DESC LIMIT 1`, client)
}

// InsertSignUp adds a sign-up.
func (tx *Tx) InsertSignUp(s identity.SignUp) error {
	_, err := tx.exec(`
		INSERT INTO sign_ups (id, client_id, status, email, first_name, last_name, password_hash, code_hash,
			code_tries, code_sent_at, code_expires_at, external_id, custom_action, return_url, created_user_id,
			created_session_id, created_at, updated_at, abandon_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		s.ID, s.ClientID, s.Status, s.Email, s.FirstName, s.LastName, s.PasswordHash, s.Code.Hash,
		s.Code.Tries, ms(s.Code.SentAt), ms(s.Code.ExpiresAt), s.ExternalID, s.CustomAction, s.ReturnURL,
		s.CreatedUserID, s.CreatedSessionID, ms(s.CreatedAt), ms(s.UpdatedAt), ms(s.AbandonAt))
	return err
}

// UpdateSignUp writes all of a sign-up but its browser and the time of making.
// To complete one, use CompleteSignUp, which does it only once.
func (tx *Tx) UpdateSignUp(s identity.SignUp) error {
	return tx.execOne(`
		UPDATE sign_ups SET status = $2, email = $3, first_name = $4, last_name = $5, password_hash = $6,
			code_hash = $7, code_tries = $8, code_sent_at = $9, code_expires_at = $10, return_url = $11,
			created_user_id = $12, created_session_id = $13, updated_at = $14, abandon_at = $15, external_id = $16,
			custom_action = $17
		WHERE id = $1`,
		s.ID, s.Status, s.Email, s.FirstName, s.LastName, s.PasswordHash,
		s.Code.Hash, s.Code.Tries, ms(s.Code.SentAt), ms(s.Code.ExpiresAt), s.ReturnURL,
		s.CreatedUserID, s.CreatedSessionID, ms(s.UpdatedAt), ms(s.AbandonAt), s.ExternalID, s.CustomAction)
}

// CompleteSignUp ends a sign-up with a user and a session and reports whether it
// was still under way.
func (tx *Tx) CompleteSignUp(id identity.SignUpID, user identity.UserID, session identity.SessionID, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE sign_ups SET status = 'complete', created_user_id = $2, created_session_id = $3, updated_at = $4
		WHERE id = $1 AND status NOT IN ('complete', 'abandoned')`, id, user, session, ms(now))
}

// AbandonSignUps gives up what a browser has under way.
func (tx *Tx) AbandonSignUps(client identity.ClientID, now time.Time) error {
	_, err := tx.exec(`
		UPDATE sign_ups SET status = 'abandoned', updated_at = $2, abandon_at = $2
		WHERE client_id = $1 AND status NOT IN ('complete', 'abandoned')`, client, ms(now))
	return err
}

// CountSignUpCodeTry counts one more try of a sign-up's code and returns how
// many that makes.
func (tx *Tx) CountSignUpCodeTry(id identity.SignUpID, now time.Time) (int, error) {
	return one(tx, scanInt, `
		UPDATE sign_ups SET code_tries = code_tries + 1, updated_at = $2 WHERE id = $1
		RETURNING code_tries`, id, ms(now))
}
