package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/store"
)

// MembershipView is a membership with what it is shown with.
type MembershipView struct {
	identity.Membership
	Organization OrganizationView
	Role         identity.Role
	User         identity.User
	Identifier   string // the user's primary address, or username
}

// AddMember makes a user a member.
func (s *Service) AddMember(ctx context.Context, org, user string, role identity.RoleKey, meta MetadataChange) (v MembershipView, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		o, err := findOrganization(tx, org)
		if err != nil {
			return err
		}
		u, err := findUser(tx, user)
		if err != nil {
			return err
		}
		if _, err := tx.RoleByKey(role); err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "role", "param_name", "role"))
		}
		m := identity.Membership{
			ID: identity.NewID[identity.MembershipID](now), OrganizationID: o.ID, UserID: u.ID, Role: role,
			CreatedAt: now, UpdatedAt: now,
		}
		if err := fault.Join(meta.apply("public_metadata", &m.PublicMetadata, meta.Public),
			meta.apply("private_metadata", &m.PrivateMetadata, meta.Private)); err != nil {
			return err
		}
		if _, err := tx.Membership(o.ID, u.ID); err == nil {
			return fault.New(fault.AlreadyAMember)
		} else if store.Optional(err) != nil {
			return err
		}
		if err := mayJoin(tx, o); err != nil {
			return err
		}
		if _, err := tx.InsertMembership(m); err != nil {
			return err
		}
		v, err = membershipView(tx, m)
		return err
	})
	return v, err
}

// mayJoin refuses the member that would be one too many.
func mayJoin(tx *store.Tx, o identity.Organization) error {
	n, err := tx.CountMembers(o.ID)
	if err != nil {
		return err
	}
	if o.MaxAllowedMemberships > 0 && n >= o.MaxAllowedMemberships {
		return fault.New(fault.OrganizationMembershipQuotaExceeded, "max_allowed_memberships", o.MaxAllowedMemberships)
	}
	return nil
}

// Members lists the members of an organization.
func (s *Service) Members(ctx context.Context, org string, f store.MembershipFilter, p store.Page) (list []MembershipView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := findOrganization(tx, org)
		if err != nil {
			return err
		}
		rows, n, err := tx.MembershipsOfOrganization(o.ID, f, p)
		if err != nil {
			return err
		}
		total = n
		list, err = membershipViews(tx, rows)
		return err
	})
	return list, total, err
}

// MembershipsOf lists the organizations of a user.
func (s *Service) MembershipsOf(ctx context.Context, user string, p store.Page) (list []MembershipView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, user)
		if err != nil {
			return err
		}
		rows, n, err := tx.MembershipsOfUser(u.ID, p)
		if err != nil {
			return err
		}
		total = n
		list, err = membershipViews(tx, rows)
		return err
	})
	return list, total, err
}

// AllMemberships lists the memberships of the whole deployment.
func (s *Service) AllMemberships(ctx context.Context, order string, p store.Page) (list []MembershipView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		rows, n, err := tx.AllMemberships(order, p)
		if err != nil {
			return err
		}
		total = n
		list, err = membershipViews(tx, rows)
		return err
	})
	return list, total, err
}

func membershipViews(tx *store.Tx, rows []identity.Membership) ([]MembershipView, error) {
	list := make([]MembershipView, 0, len(rows))
	for _, m := range rows {
		v, err := membershipView(tx, m)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func membershipView(tx *store.Tx, m identity.Membership) (v MembershipView, err error) {
	v.Membership = m
	if v.Organization.Organization, err = tx.Organization(m.OrganizationID); err != nil {
		return v, err
	}
	if v.Organization.Members, err = tx.CountMembers(m.OrganizationID); err != nil {
		return v, err
	}
	if v.Role, err = tx.RoleByKey(m.Role); store.Optional(err) != nil {
		return v, err
	}
	if v.User, err = tx.User(m.UserID); err != nil {
		return v, err
	}
	v.Identifier = v.User.Username
	if v.User.PrimaryEmailID != "" {
		e, err := tx.EmailAddress(v.User.PrimaryEmailID)
		if store.Optional(err) != nil {
			return v, err
		}
		v.Identifier = string(e.Address)
	}
	return v, nil
}

// ChangeMemberRole gives a member another role; the last administrator keeps
// hers.
func (s *Service) ChangeMemberRole(ctx context.Context, org, user string, role identity.RoleKey) (MembershipView, error) {
	return s.changeMembership(ctx, org, user, func(tx *store.Tx, m *identity.Membership) error {
		facts := policy.ChangeRoleFacts{Anyone: true}
		to, err := tx.RoleByKey(role)
		if store.Optional(err) != nil {
			return err
		}
		if err == nil {
			facts.To = &to
		}
		if facts.From, err = tx.RoleByKey(m.Role); store.Optional(err) != nil {
			return err
		}
		if facts.Managers, err = tx.CountMembersWithPermission(m.OrganizationID, identity.MembershipsManage); err != nil {
			return err
		}
		m.Role = role
		return policy.ChangeRole(facts).Denied
	})
}

// ChangeMembershipMetadata changes a membership's metadata.
func (s *Service) ChangeMembershipMetadata(ctx context.Context, org, user string, ch MetadataChange) (MembershipView, error) {
	return s.changeMembership(ctx, org, user, func(_ *store.Tx, m *identity.Membership) error {
		return fault.Join(
			ch.apply("public_metadata", &m.PublicMetadata, ch.Public),
			ch.apply("private_metadata", &m.PrivateMetadata, ch.Private))
	})
}

func (s *Service) changeMembership(ctx context.Context, org, user string, change func(*store.Tx, *identity.Membership) error) (v MembershipView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		m, err := findMembership(tx, org, user)
		if err != nil {
			return err
		}
		if err := change(tx, &m); err != nil {
			return err
		}
		m.UpdatedAt = s.Now()
		if err := tx.UpdateMembership(m); err != nil {
			return err
		}
		v, err = membershipView(tx, m)
		return err
	})
	return v, err
}

func findMembership(tx *store.Tx, org, user string) (identity.Membership, error) {
	o, err := findOrganization(tx, org)
	if err != nil {
		return identity.Membership{}, err
	}
	m, err := tx.Membership(o.ID, identity.UserID(user))
	return m, store.Missing(err, fault.New(fault.NotFound, "resource", "organization membership"))
}

// RemoveMember takes a member out. One who joined by SSO comes back at the next
// sign-in, unless the provider or the connection says otherwise.
func (s *Service) RemoveMember(ctx context.Context, org, user string) (v MembershipView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		m, err := findMembership(tx, org, user)
		if err != nil {
			return err
		}
		if v, err = membershipView(tx, m); err != nil {
			return err
		}
		facts, err := removalFacts(tx, m, v.Role)
		if err != nil {
			return err
		}
		return s.carryOut(tx, policy.Remove(facts).Decision)
	})
	return v, err
}

// carryOut does what policy decided.
func (s *Service) carryOut(tx *store.Tx, d policy.Decision) error {
	if d.Denied != nil {
		return d.Denied
	}
	_, err := provision.Apply(tx, d.Plan, strategyAdmin, s.Now())
	return err
}

// MembershipOf reads a person's membership; one that is not there says
// OrganizationNotFound, whether or not the organization exists.
func (s *Service) MembershipOf(ctx context.Context, org identity.OrgID, user identity.UserID) (v MembershipView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		m, err := tx.Membership(org, user)
		if err != nil {
			return store.Missing(err, fault.New(fault.OrganizationNotFound))
		}
		v, err = membershipView(tx, m)
		return err
	})
	return v, err
}

// MayLeave asks policy whether a member may go; refused says why not.
func (s *Service) MayLeave(ctx context.Context, org identity.OrgID, user identity.UserID) (refused, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		d, err := mayLeave(tx, org, user)
		refused = d.Denied
		return err
	})
	return refused, err
}

func mayLeave(tx *store.Tx, org identity.OrgID, user identity.UserID) (policy.Decision, error) {
	m, err := tx.Membership(org, user)
	if err != nil {
		return policy.Decision{}, store.Missing(err, fault.New(fault.OrganizationNotFound))
	}
	role, err := tx.RoleByKey(m.Role)
	if store.Optional(err) != nil {
		return policy.Decision{}, err
	}
	facts, err := removalFacts(tx, m, role)
	if err != nil {
		return policy.Decision{}, err
	}
	return policy.Leave(facts), nil
}

// Leave takes a member out at her own wish.
func (s *Service) Leave(ctx context.Context, org identity.OrgID, user identity.UserID) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		d, err := mayLeave(tx, org, user)
		if err != nil {
			return err
		}
		return s.carryOut(tx, d)
	})
}

func removalFacts(tx *store.Tx, m identity.Membership, role identity.Role) (f policy.RemovalFacts, err error) {
	f.Membership, f.Role = m, role
	if f.Managers, err = tx.CountMembersWithPermission(m.OrganizationID, identity.MembershipsManage); err != nil {
		return f, err
	}
	if m.ConnectionID != "" {
		c, err := tx.Connection(m.ConnectionID)
		if store.Optional(err) != nil {
			return f, err
		}
		f.JoinedThrough = c
	}
	in, err := tx.Instance()
	if err != nil {
		return f, err
	}
	_, f.Organizations, err = tx.MembershipsOfUser(m.UserID, store.Page{Limit: 1})
	f.OrganizationRequired = in.Settings.ForceOrganizationSelection
	return f, err
}
