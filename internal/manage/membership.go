package manage

import (
	"context"
	"time"

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
		facts, err := provision.JoinFacts(tx, o, u.ID, role)
		if err != nil {
			return err
		}
		if facts.Invited, err = invitedBeside(tx, o.ID, u.ID, now); err != nil {
			return err
		}
		m := identity.Membership{
			ID: identity.NewID[identity.MembershipID](now), OrganizationID: o.ID, UserID: u.ID, Role: role,
			CreatedAt: now, UpdatedAt: now,
		}
		if err := fault.Join(meta.apply("public_metadata", &m.PublicMetadata, meta.Public),
			meta.apply("private_metadata", &m.PrivateMetadata, meta.Private), policy.AddMember(facts).Denied); err != nil {
			return err
		}
		if _, err := tx.InsertMembership(m); err != nil {
			return err
		}
		if err := s.auditMember(tx, "organization_membership.created", m, map[string]string{"role": string(m.Role)}); err != nil {
			return err
		}
		v, err = s.membershipView(tx, m)
		return err
	})
	return v, err
}

// invitedBeside counts who is invited to an organization but for one person.
func invitedBeside(tx *store.Tx, org identity.OrgID, user identity.UserID, now time.Time) (int, error) {
	n, err := tx.CountPendingInvitations(org, now)
	if err != nil || n == 0 {
		return n, err
	}
	addresses, err := tx.EmailAddressesOf(user)
	for _, e := range addresses {
		if !e.IsVerified() {
			continue
		}
		_, found := tx.PendingInvitation(org, e.Address, now)
		if store.Optional(found) != nil {
			return 0, found
		}
		if found == nil {
			n--
		}
	}
	return n, err
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
		list, err = s.membershipViews(tx, rows)
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
		list, err = s.membershipViews(tx, rows)
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
		list, err = s.membershipViews(tx, rows)
		return err
	})
	return list, total, err
}

func (s *Service) membershipViews(tx *store.Tx, rows []identity.Membership) ([]MembershipView, error) {
	list := make([]MembershipView, 0, len(rows))
	known := shown{orgs: map[identity.OrgID]OrganizationView{}, roles: map[identity.RoleKey]identity.Role{}}
	for _, m := range rows {
		v, err := s.viewMembership(tx, m, known)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (s *Service) membershipView(tx *store.Tx, m identity.Membership) (MembershipView, error) {
	views, err := s.membershipViews(tx, []identity.Membership{m})
	if err != nil {
		return MembershipView{}, err
	}
	return views[0], nil
}

// shown is what was read already for a list of memberships.
type shown struct {
	orgs  map[identity.OrgID]OrganizationView
	roles map[identity.RoleKey]identity.Role
}

func (s *Service) viewMembership(tx *store.Tx, m identity.Membership, known shown) (v MembershipView, err error) {
	v.Membership = m
	var ok bool
	if v.Organization, ok = known.orgs[m.OrganizationID]; !ok {
		o, err := tx.Organization(m.OrganizationID)
		if err != nil {
			return v, err
		}
		if v.Organization, err = s.organizationView(tx, o); err != nil {
			return v, err
		}
		known.orgs[m.OrganizationID] = v.Organization
	}
	if v.Role, ok = known.roles[m.Role]; !ok {
		if v.Role, err = tx.RoleByKey(m.Role); store.Optional(err) != nil {
			return v, err
		}
		known.roles[m.Role] = v.Role
	}
	if v.User, err = tx.User(m.UserID); err != nil {
		return v, err
	}
	v.Identifier, err = identifierOf(tx, v.User)
	return v, err
}

// identifierOf is the primary address by which a user is known, or the username.
func identifierOf(tx *store.Tx, u identity.User) (string, error) {
	if u.PrimaryEmailID == "" {
		return u.Username, nil
	}
	e, err := tx.EmailAddress(u.PrimaryEmailID)
	return string(e.Address), store.Optional(err)
}

// MembershipChange is what a caller gave to change a membership.
type MembershipChange struct {
	Role     identity.RoleKey
	Metadata MetadataChange
}

// ChangeMemberRole gives a member another role; the last administrator keeps
// hers.
func (s *Service) ChangeMemberRole(ctx context.Context, org, user string, role identity.RoleKey) (MembershipView, error) {
	return s.ChangeMember(ctx, org, user, MembershipChange{Role: role})
}

// ChangeMember is ChangeMemberRole with metadata, as older versions of the API
// have it.
func (s *Service) ChangeMember(ctx context.Context, org, user string, ch MembershipChange) (MembershipView, error) {
	return s.changeMembership(ctx, org, user, func(tx *store.Tx, m *identity.Membership) error {
		if err := fault.Join(
			ch.Metadata.apply("public_metadata", &m.PublicMetadata, ch.Metadata.Public),
			ch.Metadata.apply("private_metadata", &m.PrivateMetadata, ch.Metadata.Private)); err != nil {
			return err
		}
		o, err := tx.Organization(m.OrganizationID)
		if err != nil {
			return err
		}
		facts := policy.ChangeRoleFacts{Anyone: true}
		if facts.To, err = provision.RoleInSet(tx, o, ch.Role); err != nil {
			return err
		}
		if facts.From, err = tx.RoleByKey(m.Role); store.Optional(err) != nil {
			return err
		}
		if facts.Managers, err = managers(tx, o); err != nil {
			return err
		}
		if facts.Migrating, err = migrating(tx, func(m identity.RoleMigration) bool { return m.Source == o.RoleSetID }); err != nil {
			return err
		}
		was := m.Role
		m.Role = ch.Role
		if denied := policy.ChangeRole(facts).Denied; denied != nil {
			return denied
		}
		return s.auditMember(tx, "organization_membership.updated", *m, map[string]string{"role_was": string(was), "role": string(m.Role)})
	})
}

// ChangeMembershipMetadata changes a membership's metadata.
func (s *Service) ChangeMembershipMetadata(ctx context.Context, org, user string, ch MetadataChange) (MembershipView, error) {
	return s.changeMembership(ctx, org, user, func(tx *store.Tx, m *identity.Membership) error {
		if err := s.auditMember(tx, "organization_membership.metadata.updated", *m, nil); err != nil {
			return err
		}
		return fault.Join(
			ch.apply("public_metadata", &m.PublicMetadata, ch.Public),
			ch.apply("private_metadata", &m.PrivateMetadata, ch.Private))
	})
}

// auditMember writes what became of a membership into the audit log.
func (s *Service) auditMember(tx *store.Tx, action string, m identity.Membership, detail map[string]string) error {
	if detail == nil {
		detail = map[string]string{}
	}
	detail["user_id"] = string(m.UserID)
	return s.audit(tx, identity.AuditEntry{Action: action, Subject: string(m.ID), OrganizationID: m.OrganizationID, Detail: detail})
}

// changeMembership changes a membership; the change writes the audit log.
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
		v, err = s.membershipView(tx, m)
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
		if v, err = s.membershipView(tx, m); err != nil {
			return err
		}
		facts, err := removalFacts(tx, m, v.Role)
		if err != nil {
			return err
		}
		if err := s.auditMember(tx, "organization_membership.deleted", m, nil); err != nil {
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
		v, err = s.membershipView(tx, m)
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
		m, err := tx.Membership(org, user)
		if err != nil {
			return err
		}
		if err := s.auditMember(tx, "organization_membership.deleted", m, nil); err != nil {
			return err
		}
		return s.carryOut(tx, d)
	})
}

func removalFacts(tx *store.Tx, m identity.Membership, role identity.Role) (f policy.RemovalFacts, err error) {
	f.Membership, f.Role = m, role
	o, err := tx.Organization(m.OrganizationID)
	if err != nil {
		return f, err
	}
	if f.Managers, err = managers(tx, o); err != nil {
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
