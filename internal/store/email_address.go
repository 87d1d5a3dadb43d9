package store

import (
	"usher/internal/identity"
)

const emailColumns = `id, user_id, address, status, strategy, account_id, reserved, verified_at, created_at, updated_at`

func scanEmailAddress(row scanner) (e identity.EmailAddress, err error) {
	err = row.Scan(&e.ID, &e.UserID, &e.Address, oneOf(&e.Status, identity.Unverified, identity.Verified),
		&e.Strategy, &e.AccountID, &e.Reserved, (*milliseconds)(&e.VerifiedAt), (*milliseconds)(&e.CreatedAt),
		(*milliseconds)(&e.UpdatedAt))
	return e, err
}

// EmailAddress returns an address of a user.
func (tx *Tx) EmailAddress(id identity.EmailID) (identity.EmailAddress, error) {
	return one(tx, scanEmailAddress, `SELECT `+emailColumns+` FROM email_addresses WHERE id = $1`, id)
}

// EmailAddressesOf lists the addresses of a user, the oldest first.
func (tx *Tx) EmailAddressesOf(user identity.UserID) ([]identity.EmailAddress, error) {
	return all(tx, scanEmailAddress, `
		SELECT `+emailColumns+` FROM email_addresses WHERE user_id = $1 ORDER BY created_at, id`, user)
}

// EmailAddressesOfUsers lists the addresses of several users, each user's oldest
// first.
func (tx *Tx) EmailAddressesOfUsers(users []identity.UserID) (map[identity.UserID][]identity.EmailAddress, error) {
	if len(users) == 0 {
		return nil, nil
	}
	var s search
	andIn(&s, "user_id IN (?)", users)
	found, err := list(tx, scanEmailAddress,
		`SELECT `+emailColumns+` FROM email_addresses`+s.conditions()+` ORDER BY created_at, id`, s.args...)
	if err != nil {
		return nil, err
	}
	of := make(map[identity.UserID][]identity.EmailAddress, len(users))
	for _, e := range found {
		of[e.UserID] = append(of[e.UserID], e)
	}
	return of, nil
}

// HeldEmail returns the one address of this spelling that is proved or reserved,
// and so its owner.
func (tx *Tx) HeldEmail(address identity.Email) (identity.EmailAddress, error) {
	return one(tx, scanEmailAddress, `
		SELECT `+emailColumns+` FROM email_addresses WHERE address = $1 AND (status = 'verified' OR reserved)`, address)
}

// VerifiedEmail returns the one proved address of this spelling, and so its
// owner.
func (tx *Tx) VerifiedEmail(address identity.Email) (identity.EmailAddress, error) {
	return one(tx, scanEmailAddress, `
		SELECT `+emailColumns+` FROM email_addresses WHERE address = $1 AND status = 'verified'`, address)
}

// UnverifiedEmails lists the users' addresses of this spelling that nobody has
// proved, the oldest first.
func (tx *Tx) UnverifiedEmails(address identity.Email) ([]identity.EmailAddress, error) {
	return all(tx, scanEmailAddress, `
		SELECT `+emailColumns+` FROM email_addresses WHERE address = $1 AND status = 'unverified'
		ORDER BY created_at, id`, address)
}

// InsertEmailAddress adds an address. The error is ErrConflict when the user has
// it already, or it is verified and belongs to another.
func (tx *Tx) InsertEmailAddress(e identity.EmailAddress) error {
	_, err := tx.exec(`
		INSERT INTO email_addresses (id, user_id, address, status, strategy, account_id,
			reserved, verified_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.ID, e.UserID, e.Address, e.Status, e.Strategy, e.AccountID, e.Reserved,
		ms(e.VerifiedAt), ms(e.CreatedAt), ms(e.UpdatedAt))
	if err != nil {
		return err
	}
	return tx.recordUser(identity.UserUpdated, e.UserID)
}

// UpdateEmailAddress writes what may change of an address: how it is verified.
// The error is ErrConflict when another user has verified it.
func (tx *Tx) UpdateEmailAddress(e identity.EmailAddress) error {
	found, err := tx.userChanged(changed[identity.UserID](tx, `
		UPDATE email_addresses SET status = $2, strategy = $3, account_id = $4, reserved = $5, verified_at = $6, updated_at = $7
		WHERE id = $1 RETURNING user_id`,
		e.ID, e.Status, e.Strategy, e.AccountID, e.Reserved, ms(e.VerifiedAt), ms(e.UpdatedAt)))
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}

// DeleteEmailAddress removes an address and reports whether it was there.
func (tx *Tx) DeleteEmailAddress(id identity.EmailID) (bool, error) {
	return tx.userChanged(changed[identity.UserID](tx, `
		DELETE FROM email_addresses WHERE id = $1 RETURNING user_id`, id))
}
