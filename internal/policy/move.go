package policy

import (
	"usher/internal/fault"
	"usher/internal/identity"
)

// MoveFacts is what Move looks at.
type MoveFacts struct {
	Connection identity.Connection    // as it stands
	Target     *identity.Organization // nil: unknown, or not to be seen

	// The actor's roles in the organization that the connection is in and in the
	// target; nil: no member. Not looked at with Anyone.
	RoleThere, RoleTarget *identity.Role
	Anyone                bool // the Backend API and operators: no role limits them

	Others []identity.Connection         // at the connection's domains, as for Domain
	Listed []identity.OrganizationDomain // of the connection's domains, as for Domain

	People        int // who have an account at the connection
	JoinedThrough int // members of the present organization who joined through it
	InTarget      int // of People, those who belong to the target already
	TargetMembers int
}

// Movement is the decision of Move and what follows from it. Moving writes the
// connection's organization and nothing about any person.
type Movement struct {
	Denied error
	Trace  Trace

	To identity.OrgID // empty when denied

	Stay      int // members of the old organization who stay there, and may leave it now
	JoinLater int // people who join the target at their next sign-in
	NoSeat    int // of JoinLater, those for whom the target has no seat as things are
}

// Move decides whether a connection may go to another organization, and says
// what follows: memberships stay where they are, nobody is removed, and each
// person joins the new organization at her next sign-in.
func Move(f MoveFacts) Movement {
	m := Movement{}
	if err := m.judge(f); err != nil {
		m.Denied = err
		return m
	}
	m.To, m.Stay, m.JoinLater = f.Target.ID, f.JoinedThrough, max(f.People-f.InTarget, 0)
	if limit := f.Target.MaxAllowedMemberships; limit > 0 {
		m.NoSeat = max(m.JoinLater-max(limit-f.TargetMembers, 0), 0)
	}
	if m.To == f.Connection.OrganizationID { // nothing moves
		m.Stay, m.JoinLater, m.NoSeat = 0, 0, 0
	}
	return m
}

func (m *Movement) judge(f MoveFacts) error {
	if !m.Trace.note("target_exists", f.Target != nil, "") {
		return fault.New(fault.OrganizationNotFound)
	}
	if !f.Anyone {
		there := f.RoleThere != nil && f.RoleThere.Allows(identity.EntConnsManage)
		if !m.Trace.note("permitted_there", there, string(f.Connection.OrganizationID)) {
			return fault.New(fault.OrganizationNotFound)
		}
		target := f.RoleTarget != nil && f.RoleTarget.Allows(identity.EntConnsManage)
		if !m.Trace.note("permitted_in_target", target, string(f.Target.ID)) {
			return fault.New(fault.OrganizationNotFound)
		}
	}
	c := f.Connection
	for _, d := range c.Domains {
		at := DomainFacts{
			Use: UseSSO, Domain: d, Organization: f.Target.ID, Connection: c.ID,
			AllowSubdomains: c.Config.AllowSubdomains, Connections: f.Others, Listed: f.Listed,
		}
		if err := ssoDomain(&m.Trace, at); err != nil {
			return err
		}
	}
	return nil
}
