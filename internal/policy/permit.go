package policy

import (
	"slices"

	"usher/internal/fault"
	"usher/internal/identity"
)

// Permit decides whether the holder of a role may do something in the role's
// organization. A nil role is that of somebody who is no member, for whom the
// organization does not exist (threat T-ORG-16).
func Permit(role *identity.Role, p identity.Permission) Decision {
	var t Trace
	if !t.note("is_member", role != nil, "") {
		return deny(t, fault.New(fault.OrganizationNotFound))
	}
	if !t.note("permitted", role.Allows(p), string(role.Key)+" holds "+string(p)) {
		return deny(t, fault.New(fault.MissingOrganizationPermission, "permission", string(p)))
	}
	return Decision{Trace: t}
}

// ChangeRoleFacts is what ChangeRole looks at.
type ChangeRoleFacts struct {
	Actor    *identity.Role // of who does it; nil with Anyone
	Anyone   bool           // the Backend API and operators: no role limits them
	From     identity.Role  // the member's present role
	To       *identity.Role // nil: there is no such role in the organization's role set
	Managers int            // members who may manage members, this one included

	Migrating bool // the roles of the organization's members are being changed
}

// ChangeRole decides whether a member may get another role. Nobody hands out
// what she does not have (threat T-ORG-11), and somebody stays who can manage
// the members (threat T-ORG-14).
func ChangeRole(f ChangeRoleFacts) Decision {
	var t Trace
	if !f.Anyone {
		d := Permit(f.Actor, identity.MembershipsManage)
		if t = d.Trace; d.Denied != nil {
			return d
		}
	}
	if f.Migrating {
		t.note("roles_settled", false, "")
		return deny(t, fault.New(fault.RoleMigrationInProgress))
	}
	if !t.note("role_exists", f.To != nil, "") {
		return deny(t, fault.New(fault.NotFound, "resource", "role", "param_name", "role"))
	}
	if !f.Anyone {
		i := slices.IndexFunc(f.To.Permissions, func(p identity.Permission) bool { return !f.Actor.Allows(p) })
		if !t.note("within_own_permissions", i < 0, string(f.To.Key)) {
			return deny(t, fault.New(fault.MissingOrganizationPermission, "permission", string(f.To.Permissions[i])))
		}
	}
	if f.To.Allows(identity.MembershipsManage) {
		return Decision{Trace: t}
	}
	if err := managerRemains(&t, f.From, f.Managers); err != nil {
		return deny(t, err)
	}
	return Decision{Trace: t}
}
