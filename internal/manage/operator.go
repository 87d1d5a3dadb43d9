package manage

import (
	"context"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// operatorLinkLife is how long a link for an operator can be opened. Ours (threat
// T-SES-16).
const operatorLinkLife = 10 * time.Minute

// operatorsSlug is kept from everybody else: see reservedSlugs.
const operatorsSlug = "operators"

// Operate says what keeps a session from running the deployment. With within, the
// person must have signed in that short ago: for what an operator whose session
// was stolen would miss most (threat T-API-12).
func (s *Service) Operate(ctx context.Context, of identity.Session, within time.Duration) error {
	return s.DB.Read(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		f := policy.OperateFacts{Now: s.Now(), Operators: in.Settings.OperatorsOrganizationID, Session: of, Within: within}
		m, err := tx.Membership(f.Operators, of.UserID)
		if store.Optional(err) != nil {
			return err
		}
		if err == nil {
			f.Membership = &m
		}
		if of.ConnectionID != "" {
			c, err := tx.Connection(of.ConnectionID)
			if store.Optional(err) != nil {
				return err
			}
			if err == nil {
				f.Connection = &c
			}
		}
		return policy.Operate(f).Denied
	})
}

// OperatorLink makes a link that signs a person in as an operator, once and soon,
// without SSO: for the first start, and for when the operators' own provider is out
// of order. The person and the operators' organization are made where they are
// missing.
func (s *Service) OperatorLink(ctx context.Context, address string) (NewTicket, error) {
	email, err := identity.ParseEmail(address)
	if err != nil {
		return NewTicket{}, err
	}
	org, err := s.operators(ctx)
	if err != nil {
		return NewTicket{}, err
	}
	user, err := s.personWith(ctx, email)
	if err != nil {
		return NewTicket{}, err
	}
	if err := s.enlist(ctx, org, user); err != nil {
		return NewTicket{}, err
	}
	now := s.Now()
	t := s.newTicket(string(identity.NewID[identity.SignInTokenID](now)), identity.TicketOperator, TicketChange{UserID: string(user)})
	t.OrganizationID, t.ExpiresAt = org, now.Add(operatorLinkLife)
	t.URL += "&return_url=%2Fdashboard"
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.InsertTicket(t.Ticket); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{
			Action: "operator_link.created", Subject: t.ID, OrganizationID: org, Detail: map[string]string{"user_id": string(user)},
		})
	})
	return t, err
}

// enlist makes a person an operator. Who is one stays as she is, whatever keeps
// others from joining at the moment.
func (s *Service) enlist(ctx context.Context, org identity.OrgID, user identity.UserID) error {
	_, err := s.MembershipOf(ctx, org, user)
	if !fault.Is(err, fault.OrganizationNotFound) {
		return err
	}
	_, err = s.AddMember(ctx, string(org), string(user), identity.RoleAdmin, MetadataChange{})
	if fault.Is(err, fault.AlreadyAMember) {
		return nil
	}
	return err
}

// operators returns the operators' organization, and makes it when there is none.
func (s *Service) operators(ctx context.Context) (id identity.OrgID, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		id = in.Settings.OperatorsOrganizationID
		if _, err := tx.Organization(id); store.Optional(err) != nil || err == nil {
			return err
		}
		set, err := tx.InitialRoleSet()
		if err != nil {
			return err
		}
		o := identity.Organization{
			ID: identity.NewID[identity.OrgID](now), Name: "Operators", Slug: operatorsSlug, RoleSetID: set.ID, CreatedAt: now, UpdatedAt: now,
		}
		if err := tx.InsertOrganization(o); err != nil {
			return err
		}
		id = o.ID
		after := in.Settings
		after.OperatorsOrganizationID = id
		if err := tx.UpdateSettings(in.ID, after, now); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "organization.created", Subject: string(id), OrganizationID: id})
	})
	return id, err
}

// personWith returns the user who holds an address, and makes one when there is
// nobody.
func (s *Service) personWith(ctx context.Context, email identity.Email) (id identity.UserID, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		held, err := tx.HeldEmail(email)
		id = held.UserID
		return store.Optional(err)
	})
	if err != nil || id != "" {
		return id, err
	}
	u, err := s.CreateUser(ctx, UserChange{EmailAddresses: []string{string(email)}})
	return u.ID, err
}
