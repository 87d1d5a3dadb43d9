package store

import (
	"time"

	"usher/internal/identity"
)

const invitationColumns = `i.id, i.organization_id, i.email, COALESCE((SELECT key FROM roles r WHERE r.id = i.role_id), i.role_id),
	i.inviter_id, i.domain_id, i.status, i.public_metadata, i.private_metadata, i.redirect_url, i.user_id,
	i.expires_at, i.created_at, i.updated_at`

func scanOrganizationInvitation(row scanner) (i identity.OrganizationInvitation, err error) {
	err = row.Scan(&i.ID, &i.OrganizationID, &i.Email, &i.Role, &i.InviterID, &i.DomainID,
		oneOf(&i.Status, identity.InvitationStatuses()...), (*metadata)(&i.PublicMetadata), (*metadata)(&i.PrivateMetadata),
		&i.RedirectURL, &i.UserID, (*milliseconds)(&i.ExpiresAt), (*milliseconds)(&i.CreatedAt), (*milliseconds)(&i.UpdatedAt))
	return i, err
}

// OrganizationInvitation returns an invitation.
func (tx *Tx) OrganizationInvitation(id identity.OrgInvitationID) (identity.OrganizationInvitation, error) {
	return one(tx, scanOrganizationInvitation, `SELECT `+invitationColumns+` FROM organization_invitations i WHERE i.id = $1`, id)
}

// PendingInvitation returns the invitation to an organization that an address has
// and that has not expired by now.
func (tx *Tx) PendingInvitation(org identity.OrgID, email identity.Email, now time.Time) (identity.OrganizationInvitation, error) {
	return one(tx, scanOrganizationInvitation, `
		SELECT `+invitationColumns+` FROM organization_invitations i
		WHERE i.organization_id = $1 AND i.email = $2 AND i.status = 'pending' AND i.expires_at > $3`, org, email, ms(now))
}

// InvitationFilter narrows a list of invitations; what is empty doesn't.
type InvitationFilter struct {
	Now            time.Time // by which pending ones have expired or not
	OrganizationID identity.OrgID
	Statuses       []identity.InvitationStatus
	Emails         []identity.Email
	Query          string // in the address, or the whole id
	NotByDomain    bool   // leave out those that came by a domain
	OrderBy        string // created_at, email_address or expires_at with + or - before it; empty: -created_at
}

func (f InvitationFilter) narrow(s *search) error {
	var conditions string
	var values []any
	for _, status := range f.Statuses {
		var condition string
		var value any
		switch status {
		case identity.InvitationPending:
			condition, value = "(i.status = 'pending' AND i.expires_at > ?)", ms(f.Now)
		case identity.InvitationExpired:
			condition, value = "(i.status = 'expired' OR i.status = 'pending' AND i.expires_at <= ?)", ms(f.Now)
		default:
			condition, value = "i.status = ?", string(status)
		}
		if conditions != "" {
			conditions += " OR "
		}
		conditions += condition
		values = append(values, value)
	}
	if conditions != "" {
		s.and("("+conditions+")", values...)
	}
	andIn(s, "i.email IN (?)", f.Emails)
	s.andMatches(f.Query, "i.email LIKE ?", "i.id = ?")
	return s.orderBy(f.OrderBy, "i.id", map[string]string{
		"created_at": "i.created_at", "email_address": "i.email", "expires_at": "i.expires_at",
	})
}

// OrganizationInvitations lists invitations to organizations. The error is
// ErrOrder for an order that there isn't.
func (tx *Tx) OrganizationInvitations(f InvitationFilter, p Page) ([]identity.OrganizationInvitation, int, error) {
	s := search{from: "organization_invitations i", table: "organization_invitations"}
	if f.OrganizationID != "" {
		s.and("i.organization_id = ?", f.OrganizationID)
	}
	if f.NotByDomain {
		s.and("i.domain_id = ?", "")
	}
	if err := f.narrow(&s); err != nil {
		return nil, 0, err
	}
	return find(tx, s, invitationColumns, scanOrganizationInvitation, p)
}

// CountPendingInvitations counts the invitations to an organization that wait for
// an answer.
func (tx *Tx) CountPendingInvitations(org identity.OrgID, now time.Time) (int, error) {
	return one(tx, scanInt, `
		SELECT count(*) FROM organization_invitations
		WHERE organization_id = $1 AND status = 'pending' AND expires_at > $2`, org, ms(now))
}

// InsertOrganizationInvitation adds an invitation. One of the same address that
// has expired makes room for it; the error is ErrConflict when one is pending.
func (tx *Tx) InsertOrganizationInvitation(i identity.OrganizationInvitation) error {
	if _, err := tx.exec(`
		UPDATE organization_invitations SET status = 'expired'
		WHERE organization_id = $1 AND email = $2 AND status = 'pending' AND expires_at <= $3`,
		i.OrganizationID, i.Email, ms(i.CreatedAt)); err != nil {
		return err
	}
	_, err := tx.exec(`
		INSERT INTO organization_invitations (id, organization_id, email, role_id, inviter_id, domain_id, status,
			public_metadata, private_metadata, redirect_url, user_id, expires_at, created_at, updated_at)
		VALUES ($1, $2, $3, COALESCE((SELECT id FROM roles WHERE key = $4), $4), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		i.ID, i.OrganizationID, i.Email, i.Role, i.InviterID, i.DomainID, i.Status,
		metadata(i.PublicMetadata), metadata(i.PrivateMetadata), i.RedirectURL, i.UserID,
		ms(i.ExpiresAt), ms(i.CreatedAt), ms(i.UpdatedAt))
	if err != nil {
		return err
	}
	return tx.Record(identity.Event{Type: identity.EventInvitationCreated, Subject: string(i.ID)})
}

// SettleInvitation ends a pending invitation, for user if one accepted it, and
// reports whether it was pending.
func (tx *Tx) SettleInvitation(id identity.OrgInvitationID, to identity.InvitationStatus, user identity.UserID, now time.Time) (bool, error) {
	settled, err := tx.execChanged(`
		UPDATE organization_invitations SET status = $2, user_id = $3, updated_at = $4
		WHERE id = $1 AND status = 'pending' AND expires_at > $4`, id, to, user, ms(now))
	if err != nil || !settled {
		return false, err
	}
	kind := identity.EventInvitationRevoked
	if to == identity.InvitationAccepted {
		kind = identity.EventInvitationAccepted
	}
	return true, tx.Record(identity.Event{Type: kind, Subject: string(id), UserID: user})
}
