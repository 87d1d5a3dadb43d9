package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/store"
)

// RequestRef names a request to join an organization, and who asks for something.
type RequestRef struct {
	Organization string          // id or slug
	Request      string          // id
	Actor        identity.UserID // needs to manage members; empty: an operator
}

// MembershipRequestView is a request with what it is shown with.
type MembershipRequestView struct {
	identity.MembershipRequest
	User       identity.User
	Identifier string // the user's primary address, or username
}

// MembershipRequests lists the requests to join an organization; of these states if
// any are named.
func (s *Service) MembershipRequests(ctx context.Context, ref RequestRef, statuses []identity.RequestStatus, p Page) (list []MembershipRequestView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := ref.organization(tx)
		if err != nil {
			return err
		}
		rows, n, err := tx.MembershipRequests(o.ID, statuses, p)
		if err != nil {
			return err
		}
		list, total = make([]MembershipRequestView, 0, len(rows)), n
		for _, r := range rows {
			v, err := requestView(tx, r)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

// organization finds the organization for who may manage its members.
func (ref RequestRef) organization(tx *store.Tx) (identity.Organization, error) {
	return domainOrganization(tx, DomainRef{Organization: ref.Organization, Actor: ref.Actor}, identity.MembershipsManage)
}

func requestView(tx *store.Tx, r identity.MembershipRequest) (v MembershipRequestView, err error) {
	v.MembershipRequest = r
	if v.User, err = tx.User(r.UserID); err != nil {
		return v, err
	}
	v.Identifier, err = identifierOf(tx, v.User)
	return v, err
}

// AcceptRequest makes the person of a request a member.
func (s *Service) AcceptRequest(ctx context.Context, ref RequestRef) (MembershipRequestView, error) {
	return s.decideRequest(ctx, ref, func(tx *store.Tx, o identity.Organization, r *identity.MembershipRequest) error {
		role, err := tx.DefaultRole(o.ID)
		if store.Optional(err) != nil {
			return err
		}
		facts, err := provision.JoinFacts(tx, o, r.UserID, role.Key)
		if err != nil {
			return err
		}
		if denied := policy.AcceptRequest(*r, facts).Denied; denied != nil {
			return denied
		}
		now := s.Now()
		m := identity.Membership{
			ID: identity.NewID[identity.MembershipID](now), OrganizationID: o.ID, UserID: r.UserID, Role: role.Key,
			CreatedAt: now, UpdatedAt: now,
		}
		if _, err := tx.InsertMembership(m); err != nil {
			return err
		}
		r.Status = identity.RequestAccepted
		return s.auditMember(tx, "organization_membership.created", m, map[string]string{"role": string(m.Role)})
	})
}

// RejectRequest turns a request down. No domain of the organization makes the
// person another offer.
func (s *Service) RejectRequest(ctx context.Context, ref RequestRef) (MembershipRequestView, error) {
	return s.decideRequest(ctx, ref, func(_ *store.Tx, _ identity.Organization, r *identity.MembershipRequest) error {
		if denied := policy.Undecided(*r).Denied; denied != nil {
			return denied
		}
		r.Status = identity.RequestRejected
		return nil
	})
}

func (s *Service) decideRequest(ctx context.Context, ref RequestRef, decide func(*store.Tx, identity.Organization, *identity.MembershipRequest) error) (v MembershipRequestView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		o, err := ref.organization(tx)
		if err != nil {
			return err
		}
		r, err := tx.MembershipRequest(o.ID, identity.MembershipRequestID(ref.Request))
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "membership request"))
		}
		if err := decide(tx, o, &r); err != nil {
			return err
		}
		r.UpdatedAt = s.Now()
		if _, err := tx.SettleMembershipRequest(r.ID, r.Status, r.UpdatedAt); err != nil {
			return err
		}
		if _, err := tx.MoveSuggestion(r.SuggestionID, identity.SuggestionAccepted, identity.SuggestionCompleted, r.UpdatedAt); err != nil {
			return err
		}
		if err := s.audit(tx, identity.AuditEntry{
			Action: "organization_membership_request." + string(r.Status), Subject: string(r.ID), OrganizationID: o.ID,
			Detail: map[string]string{"user_id": string(r.UserID)},
		}); err != nil {
			return err
		}
		v, err = requestView(tx, r)
		return err
	})
	return v, err
}
