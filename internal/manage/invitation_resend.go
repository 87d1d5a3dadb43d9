package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// ResendInvitation mails the link of a pending invitation again. It is the same
// link, and ends when it would have.
func (s *Service) ResendInvitation(ctx context.Context, org, id string) (v InvitationView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		i, err := findInvitation(tx, org, id)
		if err != nil {
			return err
		}
		if i.StatusAt(s.Now()) != identity.InvitationPending {
			return fault.New(fault.OrganizationInvitationNotPending)
		}
		if err := s.mayMail(tx, "organization_invitation", i.OrganizationID, i.Email); err != nil {
			return err
		}
		if v, err = s.invitationView(tx, i); err != nil {
			return err
		}
		if err := s.writeMail(tx, invitationMail(v)); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "organization_invitation.resent", Subject: string(i.ID), OrganizationID: i.OrganizationID})
	})
	return v, err
}
