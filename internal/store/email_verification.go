package store

import (
	"time"

	"usher/internal/identity"
)

const verificationColumns = `id, email_id, code_hash, code_tries, sent_at, expires_at, verified_at`

func scanVerification(row scanner) (v identity.EmailVerification, err error) {
	err = row.Scan(&v.ID, &v.EmailID, &v.Code.Hash, &v.Code.Tries, (*milliseconds)(&v.Code.SentAt),
		(*milliseconds)(&v.Code.ExpiresAt), (*milliseconds)(&v.VerifiedAt))
	return v, err
}

// EmailVerification returns a code that was sent to an address.
func (tx *Tx) EmailVerification(id identity.VerificationID) (identity.EmailVerification, error) {
	return one(tx, scanVerification, `SELECT `+verificationColumns+` FROM email_verifications WHERE id = $1`, id)
}

// InsertEmailVerification adds a code that is about to be sent.
func (tx *Tx) InsertEmailVerification(v identity.EmailVerification) error {
	_, err := tx.exec(`
		INSERT INTO email_verifications (id, email_id, code_hash, code_tries, sent_at, expires_at, verified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		v.ID, v.EmailID, v.Code.Hash, v.Code.Tries, ms(v.Code.SentAt), ms(v.Code.ExpiresAt), ms(v.VerifiedAt))
	return err
}

// CountEmailVerificationTry counts one more try of a code and returns how many
// that makes.
func (tx *Tx) CountEmailVerificationTry(id identity.VerificationID) (int, error) {
	return one(tx, scanInt, `
		UPDATE email_verifications SET code_tries = code_tries + 1 WHERE id = $1 RETURNING code_tries`, id)
}

// CompleteEmailVerification notes that the code was shown, and reports whether
// that is the first time.
func (tx *Tx) CompleteEmailVerification(id identity.VerificationID, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE email_verifications SET verified_at = $2 WHERE id = $1 AND verified_at = 0`, id, ms(now))
}
