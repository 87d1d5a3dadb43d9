package store

import (
	"usher/internal/identity"
)

const accountColumns = `id, user_id, connection_id, subject, subject_format, email, first_name, last_name,
	public_metadata, last_authenticated_at, deprovisioned_at, created_at, updated_at, provider`

func scanAccount(row scanner) (a identity.EnterpriseAccount, err error) {
	err = row.Scan(&a.ID, &a.UserID, &a.ConnectionID, &a.Subject, &a.SubjectFormat, &a.Email,
		&a.FirstName, &a.LastName, (*metadata)(&a.PublicMetadata), (*milliseconds)(&a.LastAuthenticatedAt),
		(*milliseconds)(&a.DeprovisionedAt), (*milliseconds)(&a.CreatedAt), (*milliseconds)(&a.UpdatedAt), &a.Provider)
	return a, err
}

// AccountBySubject returns the account that a provider's subject names at a
// connection.
func (tx *Tx) AccountBySubject(c identity.ConnectionID, subject string) (identity.EnterpriseAccount, error) {
	return one(tx, scanAccount, `
		SELECT `+accountColumns+` FROM enterprise_accounts WHERE connection_id = $1 AND subject = $2`, c, subject)
}

// AccountOf returns a user's account at a connection.
func (tx *Tx) AccountOf(c identity.ConnectionID, user identity.UserID) (identity.EnterpriseAccount, error) {
	return one(tx, scanAccount, `
		SELECT `+accountColumns+` FROM enterprise_accounts WHERE connection_id = $1 AND user_id = $2`, c, user)
}

// AccountsOfUser lists a user's accounts, the oldest first.
func (tx *Tx) AccountsOfUser(user identity.UserID) ([]identity.EnterpriseAccount, error) {
	return all(tx, scanAccount, `
		SELECT `+accountColumns+` FROM enterprise_accounts WHERE user_id = $1 ORDER BY created_at, id`, user)
}

// ConnectionsOfUser lists the connections at which a user has an account, the
// oldest first.
func (tx *Tx) ConnectionsOfUser(user identity.UserID) ([]identity.Connection, error) {
	return all(tx, scanConnection, `
		SELECT `+connectionColumns+` FROM `+connectionTables+`
		WHERE c.id IN (SELECT connection_id FROM enterprise_accounts WHERE user_id = $1)
		ORDER BY c.created_at, c.id`, user)
}

// CountAccounts counts the accounts at a connection.
func (tx *Tx) CountAccounts(c identity.ConnectionID) (int, error) {
	return one(tx, scanInt, `SELECT count(*) FROM enterprise_accounts WHERE connection_id = $1`, c)
}

// InsertAccount adds an account and reports whether neither the subject nor the
// user had one at the connection yet.
func (tx *Tx) InsertAccount(a identity.EnterpriseAccount) (fresh bool, err error) {
	return tx.userChanged(changed[identity.UserID](tx, `
		INSERT INTO enterprise_accounts (id, user_id, connection_id, subject, subject_format, email,
			first_name, last_name, public_metadata, last_authenticated_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
		RETURNING user_id`,
		a.ID, a.UserID, a.ConnectionID, a.Subject, a.SubjectFormat, a.Email,
		a.FirstName, a.LastName, metadata(a.PublicMetadata), ms(a.LastAuthenticatedAt),
		ms(a.CreatedAt), ms(a.UpdatedAt)))
}

// UpdateAccount writes what the provider says about a person, who is there. Whose
// account it is, and where, never changes. The account must exist.
func (tx *Tx) UpdateAccount(a identity.EnterpriseAccount) error {
	if err := tx.execLater(`
		UPDATE enterprise_accounts SET subject_format = $2, email = $3, first_name = $4, last_name = $5,
			public_metadata = $6, last_authenticated_at = $7, updated_at = $8, deprovisioned_at = 0
		WHERE id = $1`,
		a.ID, a.SubjectFormat, a.Email, a.FirstName, a.LastName,
		metadata(a.PublicMetadata), ms(a.LastAuthenticatedAt), ms(a.UpdatedAt)); err != nil {
		return err
	}
	return tx.recordUser(identity.UserUpdated, a.UserID)
}

// DeleteAccount removes an account and reports whether it was there.
func (tx *Tx) DeleteAccount(id identity.AccountID) (bool, error) {
	return tx.userChanged(changed[identity.UserID](tx, `
		DELETE FROM enterprise_accounts WHERE id = $1 RETURNING user_id`, id))
}
