package store

import (
	"time"

	"usher/internal/identity"
)

const appInvitationColumns = `i.id, i.email, i.status, i.public_metadata, i.redirect_url, i.user_id, i.expires_at, i.created_at, i.updated_at`

func scanInvitation(row scanner) (i identity.Invitation, err error) {
	err = row.Scan(&i.ID, &i.Email, oneOf(&i.Status, identity.InvitationStatuses()...), (*metadata)(&i.PublicMetadata),
		&i.RedirectURL, &i.UserID, (*milliseconds)(&i.ExpiresAt), (*milliseconds)(&i.CreatedAt), (*milliseconds)(&i.UpdatedAt))
	return i, err
}

// Invitation returns an invitation to the application.
func (tx *Tx) Invitation(id identity.InvitationID) (identity.Invitation, error) {
	return one(tx, scanInvitation, `SELECT `+appInvitationColumns+` FROM invitations i WHERE i.id = $1`, id)
}

// InvitationTo returns the newest invitation to the application that an address
// has and that has not expired by now.
func (tx *Tx) InvitationTo(email identity.Email, now time.Time) (identity.Invitation, error) {
	return one(tx, scanInvitation, `
		SELECT `+appInvitationColumns+` FROM invitations i
		WHERE i.email = $1 AND i.status = 'pending' AND i.expires_at > $2
		ORDER BY i.created_at DESC, i.id DESC LIMIT 1`, email, ms(now))
}

// Invitations lists invitations to the application. The error is ErrOrder for an
// order that there isn't.
func (tx *Tx) Invitations(f InvitationFilter, p Page) ([]identity.Invitation, int, error) {
	s := search{from: "invitations i"}
	if err := f.narrow(&s); err != nil {
		return nil, 0, err
	}
	return find(tx, s, appInvitationColumns, scanInvitation, p)
}

// InsertInvitation adds an invitation to the application.
func (tx *Tx) InsertInvitation(i identity.Invitation) error {
	_, err := tx.exec(`
		INSERT INTO invitations (id, email, status, public_metadata, redirect_url, user_id, expires_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		i.ID, i.Email, i.Status, metadata(i.PublicMetadata), i.RedirectURL, i.UserID, ms(i.ExpiresAt), ms(i.CreatedAt), ms(i.UpdatedAt))
	return err
}

// SettleAppInvitation ends a pending invitation to the application, for user if
// one accepted it, and reports whether it was pending.
func (tx *Tx) SettleAppInvitation(id identity.InvitationID, to identity.InvitationStatus, user identity.UserID, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE invitations SET status = $2, user_id = $3, updated_at = $4
		WHERE id = $1 AND status = 'pending' AND expires_at > $4`, id, to, user, ms(now))
}
