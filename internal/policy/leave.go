package policy

import (
	"strconv"

	"usher/internal/fault"
	"usher/internal/identity"
)

// RemovalFacts is what Leave and Remove look at.
type RemovalFacts struct {
	Membership identity.Membership
	Role       identity.Role // of the member
	Managers   int           // members who may manage members, this one included

	// JoinedThrough is the connection that the membership names, as it is now;
	// zero: it names none, or one that is deleted.
	JoinedThrough identity.Connection

	Organizations        int  // that the person belongs to, this one included
	OrganizationRequired bool // people without an organization are not allowed
}

// Leave decides whether a member may leave at her own wish. A member who joined
// by SSO may not: she would be back at the next sign-in. An administrator can
// remove her.
func Leave(f RemovalFacts) Decision {
	var t Trace
	c := f.JoinedThrough
	if !t.note("joined_otherwise", !tied(f), string(c.ID)) {
		return deny(t, fault.New(fault.OrganizationMembershipEnterpriseConnection))
	}
	return removal(&t, f)
}

// tied reports whether the member came by a connection that still is the
// organization's. After a move the old members are free to go.
func tied(f RemovalFacts) bool {
	c, m := f.JoinedThrough, f.Membership
	return m.ConnectionID != "" && m.ConnectionID == c.ID && c.OrganizationID == m.OrganizationID
}

// removal holds the rules that Leave and Remove share.
func removal(t *Trace, f RemovalFacts) Decision {
	if err := managerRemains(t, f.Role, f.Managers); err != nil {
		return deny(*t, err)
	}
	if !t.note("organization_remains", !f.OrganizationRequired || f.Organizations > 1, strconv.Itoa(f.Organizations)+" organizations") {
		return deny(*t, fault.New(fault.PersonalAccountsNotAllowed))
	}
	return Decision{Plan: Plan{User: f.Membership.UserID, RemoveMembership: f.Membership.ID}, Trace: *t}
}

// managerRemains refuses to let the last member go who can manage the others.
func managerRemains(t *Trace, role identity.Role, managers int) error {
	others := !role.Allows(identity.MembershipsManage) || managers > 1
	if !t.note("manager_remains", others, strconv.Itoa(managers)+" can manage members") {
		return fault.New(fault.OrganizationMinimumPermissionsNeeded)
	}
	return nil
}
