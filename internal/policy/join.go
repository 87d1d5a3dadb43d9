package policy

import (
	"strconv"

	"usher/internal/fault"
	"usher/internal/identity"
)

// JoinFacts is what AddMember looks at.
type JoinFacts struct {
	Person       identity.UserID
	Organization identity.Organization
	Role         *identity.Role // nil: there is no such role in the organization's role set
	Migrating    bool           // the roles of the organization's members are being changed
	Member       bool           // the person is one already
	Members      int            // of the organization
	Invited      int            // others who are invited to it: they count, behaviour 1.141

	OtherOrganizations int  // that the person belongs to
	ExclusiveElsewhere bool // one of them allows no other
}

// AddMember decides whether a person may be made a member by the Backend API or
// an operator.
func AddMember(f JoinFacts) Decision {
	var t Trace
	o := f.Organization
	if !t.note("roles_settled", !f.Migrating, string(o.RoleSetID)) {
		return deny(t, fault.New(fault.RoleMigrationInProgress))
	}
	if !t.note("role_in_set", f.Role != nil, string(o.RoleSetID)) {
		return deny(t, fault.New(fault.NotFound, "resource", "role", "param_name", "role"))
	}
	if !t.note("not_a_member", !f.Member, string(f.Person)) {
		return deny(t, fault.New(fault.AlreadyAMember))
	}
	limit := o.MaxAllowedMemberships
	taken := f.Members + f.Invited
	if !t.note("membership_quota", limit <= 0 || taken < limit, strconv.Itoa(taken)+" of "+strconv.Itoa(limit)) {
		return deny(t, fault.New(fault.OrganizationMembershipQuotaExceeded, "max_allowed_memberships", limit))
	}
	free := !f.ExclusiveElsewhere && (f.OtherOrganizations == 0 || !o.ExclusiveMembership)
	if !t.note("exclusive_membership", free, strconv.Itoa(f.OtherOrganizations)+" other organizations") {
		return deny(t, fault.New(fault.ExclusiveOrganizationMembership))
	}
	return Decision{Plan: Plan{User: f.Person, Join: &Join{Organization: o.ID, Role: f.Role.Key}}, Trace: t}
}
