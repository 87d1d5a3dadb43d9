package manage

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/store"
)

// Invite is what a caller gave to invite an address to an organization.
type Invite struct {
	EmailAddress    string
	InviterUserID   string // empty: nobody in person
	Role            identity.RoleKey
	PublicMetadata  identity.Metadata
	PrivateMetadata identity.Metadata
	RedirectURL     string
	ExpiresInDays   *int
	Notify          *bool // nil: mail it
}

// InvitationView is an invitation to an organization with what it is shown with.
type InvitationView struct {
	identity.OrganizationInvitation
	Organization identity.Organization
	RoleName     string
	Inviter      *identity.User
	InviterName  string // the address or username that the inviter is known by
	URL          string // its link, while it is pending; for holders of a secret key alone (threat T-ORG-10)
}

// InvitationFilter says which invitations.
type InvitationFilter = store.InvitationFilter

// Limits of invitations: Clerk's (behaviour 1.139).
const (
	invitationDays    = 30
	maxInvitationDays = 365
)

// InviteToOrganization invites addresses, all of them or none, and mails the links.
func (s *Service) InviteToOrganization(ctx context.Context, org string, list []Invite) (views []InvitationView, err error) {
	if len(list) == 0 || len(list) > MaxBulk {
		return nil, fault.New(fault.FormParamArraySize, "param_name", "invitations", "max_items", MaxBulk)
	}
	made := make([]identity.OrganizationInvitation, len(list))
	var errs []error
	for i, in := range list {
		made[i], err = s.newInvitation(ctx, in)
		errs = append(errs, err)
	}
	if err := fault.Join(errs...); err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		views = nil
		o, err := findOrganization(tx, org)
		if err != nil {
			return err
		}
		for i, invitation := range made {
			invitation.OrganizationID = o.ID
			v, err := s.invite(tx, o, invitation)
			if err != nil {
				return err
			}
			if list[i].Notify == nil || *list[i].Notify {
				if err := s.writeMail(tx, invitationMail(v)); err != nil {
					return err
				}
			}
			if err := s.audit(tx, identity.AuditEntry{Action: "organization_invitation.created", Subject: string(v.ID), OrganizationID: o.ID}); err != nil {
				return err
			}
			views = append(views, v)
		}
		return nil
	})
	return views, err
}

// newInvitation checks what can be told without the database. All mistakes are
// reported.
func (s *Service) newInvitation(ctx context.Context, in Invite) (identity.OrganizationInvitation, error) {
	now := s.Now()
	i := identity.OrganizationInvitation{
		ID: identity.NewID[identity.OrgInvitationID](now), Role: in.Role, InviterID: identity.UserID(in.InviterUserID),
		Status: identity.InvitationPending, PublicMetadata: in.PublicMetadata, PrivateMetadata: in.PrivateMetadata,
		RedirectURL: in.RedirectURL, CreatedAt: now, UpdatedAt: now,
	}
	var emailErr, roleErr, daysErr error
	i.Email, emailErr = identity.ParseEmail(in.EmailAddress)
	if in.EmailAddress == "" {
		emailErr = fault.New(fault.FormParamMissing, "param_name", "email_address")
	}
	if in.Role == "" {
		roleErr = fault.New(fault.FormParamMissing, "param_name", "role")
	}
	i.ExpiresAt, daysErr = expiry(now, in.ExpiresInDays)
	return i, fault.Join(emailErr, roleErr, daysErr, s.checkRedirect(ctx, in.RedirectURL),
		checkMetadata("public_metadata", in.PublicMetadata), checkMetadata("private_metadata", in.PrivateMetadata))
}

// expiry is the end of an invitation.
func expiry(now time.Time, days *int) (time.Time, error) {
	n := invitationDays
	set(&n, days)
	if n < 1 || n > maxInvitationDays {
		return time.Time{}, fault.New(fault.FormParamValueInvalid, "param_name", "expires_in_days")
	}
	return now.Add(time.Duration(n) * 24 * time.Hour), nil
}

// checkRedirect refuses a URL at an origin that is not one of the deployment's, and
// that is not listed.
func (s *Service) checkRedirect(ctx context.Context, raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxRedirectURL || strings.ContainsAny(raw, "\\\r\n\t\x00") || u.Host == "" || u.User != nil {
		return fault.New(fault.InvalidRedirectURL, "param_name", "redirect_url")
	}
	origin := u.Scheme + "://" + u.Host
	if origin == s.BaseURL || slices.Contains(s.AllowedOrigins, origin) {
		return nil
	}
	return s.DB.Read(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil || slices.Contains(in.Settings.AllowedOrigins, origin) {
			return err
		}
		listed, err := tx.ListsRedirectURL(raw)
		if err == nil && !listed {
			err = fault.New(fault.RedirectURLDomainMismatch, "param_name", "redirect_url")
		}
		return err
	})
}

// invite asks policy about one invitation and keeps it.
func (s *Service) invite(tx *store.Tx, o identity.Organization, i identity.OrganizationInvitation) (InvitationView, error) {
	f := policy.InviteFacts{Organization: o, Email: i.Email, Anyone: i.InviterID == ""}
	var err error
	if f.Role, err = provision.RoleInSet(tx, o, i.Role); err != nil {
		return InvitationView{}, err
	}
	if !f.Anyone {
		role, err := tx.RoleOf(o.ID, i.InviterID)
		if store.Optional(err) != nil {
			return InvitationView{}, err
		}
		if err == nil {
			f.Inviter = &role
		}
	}
	if held, err := tx.HeldEmail(i.Email); store.Optional(err) != nil {
		return InvitationView{}, err
	} else if err == nil {
		_, err = tx.Membership(o.ID, held.UserID)
		if store.Optional(err) != nil {
			return InvitationView{}, err
		}
		f.Member = err == nil
	}
	if _, err = tx.PendingInvitation(o.ID, i.Email, i.CreatedAt); store.Optional(err) != nil {
		return InvitationView{}, err
	}
	f.Pending = err == nil
	members, err := tx.CountMembers(o.ID)
	if err != nil {
		return InvitationView{}, err
	}
	waiting, err := tx.CountPendingInvitations(o.ID, i.CreatedAt)
	if err != nil {
		return InvitationView{}, err
	}
	f.Seats = members + waiting
	if denied := policy.Invite(f).Denied; denied != nil {
		return InvitationView{}, denied
	}
	if err := tx.InsertOrganizationInvitation(i); err != nil {
		return InvitationView{}, err
	}
	return s.invitationView(tx, i)
}

func (s *Service) invitationView(tx *store.Tx, i identity.OrganizationInvitation) (v InvitationView, err error) {
	v.OrganizationInvitation = i
	if v.Organization, err = tx.Organization(i.OrganizationID); err != nil {
		return v, err
	}
	role, err := tx.RoleByKey(i.Role)
	if store.Optional(err) != nil {
		return v, err
	}
	v.RoleName = role.Name
	if i.InviterID != "" {
		u, err := tx.User(i.InviterID)
		if store.Optional(err) != nil {
			return v, err
		}
		if err == nil {
			v.Inviter, v.InviterName = &u, u.Username
			e, err := tx.EmailAddress(u.PrimaryEmailID)
			if store.Optional(err) != nil {
				return v, err
			}
			if err == nil {
				v.InviterName = string(e.Address)
			}
		}
	}
	if i.StatusAt(s.Now()) == identity.InvitationPending {
		v.URL, err = s.invitationURL(i)
	}
	return v, err
}

// OrganizationInvitations lists invitations: those of an organization, without
// those that came by a domain (behaviour 1.143), or where none is named, all.
func (s *Service) OrganizationInvitations(ctx context.Context, org string, f InvitationFilter, p Page) (list []InvitationView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if org != "" {
			o, err := findOrganization(tx, org)
			if err != nil {
				return err
			}
			f.OrganizationID, f.NotByDomain = o.ID, true
		}
		list, total, err = s.findInvitations(tx, f, p)
		return err
	})
	return list, total, err
}

func (s *Service) findInvitations(tx *store.Tx, f InvitationFilter, p Page) (list []InvitationView, total int, err error) {
	f.Now = s.Now()
	rows, total, err := tx.OrganizationInvitations(f, p)
	if err != nil {
		return nil, 0, err
	}
	list = make([]InvitationView, 0, len(rows))
	for _, i := range rows {
		v, err := s.invitationView(tx, i)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, v)
	}
	return list, total, nil
}

// InvitationsOfUser lists the invitations to the verified addresses of a user.
func (s *Service) InvitationsOfUser(ctx context.Context, user string, f InvitationFilter, p Page) (list []InvitationView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, total = []InvitationView{}, 0
		u, err := findUser(tx, user)
		if err != nil {
			return err
		}
		held, err := tx.EmailAddressesOf(u.ID)
		if err != nil {
			return err
		}
		f.Emails = nil
		for _, e := range held {
			if e.IsVerified() {
				f.Emails = append(f.Emails, e.Address)
			}
		}
		if len(f.Emails) == 0 {
			return nil
		}
		list, total, err = s.findInvitations(tx, f, p)
		return err
	})
	return list, total, err
}

// OrganizationInvitation reads an invitation of an organization.
func (s *Service) OrganizationInvitation(ctx context.Context, org, id string) (v InvitationView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		i, err := findInvitation(tx, org, id)
		if err != nil {
			return err
		}
		v, err = s.invitationView(tx, i)
		return err
	})
	return v, err
}

func findInvitation(tx *store.Tx, org, id string) (identity.OrganizationInvitation, error) {
	o, err := findOrganization(tx, org)
	if err != nil {
		return identity.OrganizationInvitation{}, err
	}
	i, err := tx.OrganizationInvitation(identity.OrgInvitationID(id))
	if err == nil && i.OrganizationID != o.ID {
		err = store.ErrNotFound
	}
	return i, store.Missing(err, fault.New(fault.NotFound, "resource", "organization invitation"))
}

// RevokeInvitation withdraws a pending invitation, in the name of a user if one
// is given, who must be allowed to manage members.
func (s *Service) RevokeInvitation(ctx context.Context, org, id, requester string) (v InvitationView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		i, err := findInvitation(tx, org, id)
		if err != nil {
			return err
		}
		if requester != "" {
			err := permitted(tx, i.OrganizationID, identity.UserID(requester), identity.MembershipsManage)
			if fault.Is(err, fault.OrganizationNotFound) { // to the API, which sees the organization, it is the person who is not there
				err = fault.New(fault.NotAMember, "param_name", "requesting_user_id")
			}
			if err != nil {
				return err
			}
		}
		revoked, err := tx.SettleInvitation(i.ID, identity.InvitationRevoked, "", s.Now())
		if err != nil {
			return err
		}
		if !revoked {
			return fault.New(fault.OrganizationInvitationNotPending)
		}
		if err := s.audit(tx, identity.AuditEntry{Action: "organization_invitation.revoked", Subject: string(i.ID), OrganizationID: i.OrganizationID}); err != nil {
			return err
		}
		i.Status, i.UpdatedAt = identity.InvitationRevoked, s.Now()
		v, err = s.invitationView(tx, i)
		return err
	})
	return v, err
}
