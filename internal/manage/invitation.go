package manage

import (
	"context"
	"slices"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// AppInvite is what a caller gave to invite an address to make an account.
type AppInvite struct {
	EmailAddress   string
	PublicMetadata identity.Metadata
	RedirectURL    string
	Notify         *bool // nil: mail it
	IgnoreExisting *bool // invite although the address is invited, or has an account; nil: do not
	ExpiresInDays  *int
	TemplateSlug   string // which mail; there is one
}

// AppInvitationView is an invitation to the application with its link, while it is
// pending.
type AppInvitationView struct {
	identity.Invitation
	URL string
}

// Invite invites addresses to make an account, all of them or none, and mails the
// links.
func (s *Service) Invite(ctx context.Context, list []AppInvite) (views []AppInvitationView, err error) {
	if len(list) == 0 || len(list) > MaxBulk {
		return nil, fault.New(fault.FormParamArraySize, "param_name", "invitations", "max_items", MaxBulk)
	}
	made := make([]identity.Invitation, len(list))
	var errs []error
	for i, in := range list {
		made[i], err = s.newAppInvitation(ctx, in)
		errs = append(errs, err)
	}
	if err := fault.Join(errs...); err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		views = nil
		for i, invitation := range made {
			v, err := s.inviteToApp(tx, invitation, list[i])
			if err != nil {
				return err
			}
			if list[i].Notify == nil || *list[i].Notify {
				if err := s.writeMail(tx, appInvitationMail(v)); err != nil {
					return err
				}
			}
			if err := s.audit(tx, identity.AuditEntry{Action: "invitation.created", Subject: string(v.ID)}); err != nil {
				return err
			}
			views = append(views, v)
		}
		return nil
	})
	return views, err
}

func (s *Service) newAppInvitation(ctx context.Context, in AppInvite) (identity.Invitation, error) {
	now := s.Now()
	i := identity.Invitation{
		ID: identity.NewID[identity.InvitationID](now), Status: identity.InvitationPending, PublicMetadata: in.PublicMetadata,
		RedirectURL: in.RedirectURL, CreatedAt: now, UpdatedAt: now,
	}
	var emailErr, daysErr, slugErr error
	i.Email, emailErr = identity.ParseEmail(in.EmailAddress)
	if in.EmailAddress == "" {
		emailErr = fault.New(fault.FormParamMissing, "param_name", "email_address")
	}
	i.ExpiresAt, daysErr = expiry(now, in.ExpiresInDays)
	if !slices.Contains([]string{"", "invitation", "waitlist_invitation"}, in.TemplateSlug) {
		slugErr = fault.New(fault.FormParamValueInvalid, "param_name", "template_slug")
	}
	return i, fault.Join(emailErr, daysErr, slugErr, s.checkRedirect(ctx, in.RedirectURL), checkMetadata("public_metadata", in.PublicMetadata))
}

func (s *Service) inviteToApp(tx *store.Tx, i identity.Invitation, in AppInvite) (v AppInvitationView, err error) {
	f := policy.InviteToAppFacts{Email: i.Email, IgnoreExisting: in.IgnoreExisting != nil && *in.IgnoreExisting}
	_, err = tx.HeldEmail(i.Email)
	if store.Optional(err) != nil {
		return v, err
	}
	f.Account = err == nil
	_, err = tx.InvitationTo(i.Email, i.CreatedAt)
	if store.Optional(err) != nil {
		return v, err
	}
	f.Pending = err == nil
	if denied := policy.InviteToApp(f).Denied; denied != nil {
		return v, denied
	}
	if err := tx.InsertInvitation(i); err != nil {
		return v, err
	}
	return s.appInvitationView(i)
}

func (s *Service) appInvitationView(i identity.Invitation) (v AppInvitationView, err error) {
	v.Invitation = i
	if i.StatusAt(s.Now()) == identity.InvitationPending {
		v.URL, err = s.appInvitationURL(i)
	}
	return v, err
}

// Invitations lists invitations to the application; revoked ones only when they
// are asked for.
func (s *Service) Invitations(ctx context.Context, f InvitationFilter, p Page) (list []AppInvitationView, total int, err error) {
	f.Now = s.Now()
	if len(f.Statuses) == 0 {
		f.Statuses = []identity.InvitationStatus{identity.InvitationPending, identity.InvitationAccepted, identity.InvitationExpired}
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		rows, n, err := tx.Invitations(f, p)
		if err != nil {
			return err
		}
		list, total = make([]AppInvitationView, 0, len(rows)), n
		for _, i := range rows {
			v, err := s.appInvitationView(i)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

// RevokeAppInvitation withdraws an invitation to the application.
func (s *Service) RevokeAppInvitation(ctx context.Context, id string) (v AppInvitationView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		i, err := tx.Invitation(identity.InvitationID(id))
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "invitation"))
		}
		if i.Status == identity.InvitationAccepted {
			return fault.New(fault.InvitationAlreadyAccepted)
		}
		if i.Status == identity.InvitationRevoked {
			return fault.New(fault.InvitationAlreadyRevoked)
		}
		if _, err := tx.SettleAppInvitation(i.ID, identity.InvitationRevoked, "", s.Now()); err != nil {
			return err
		}
		if err := s.audit(tx, identity.AuditEntry{Action: "invitation.revoked", Subject: string(i.ID)}); err != nil {
			return err
		}
		if i, err = tx.Invitation(i.ID); err != nil {
			return err
		}
		v, err = s.appInvitationView(i)
		return err
	})
	return v, err
}
