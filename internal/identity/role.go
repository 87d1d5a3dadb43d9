package identity

import (
	"slices"
	"strings"
	"time"
)

// DefinedPermission is a permission with what administrators say about it.
type DefinedPermission struct {
	ID          PermissionID
	Key         Permission
	Name        string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Feature is what a custom permission belongs to, such as "invoices" in
// "org:invoices:create".
func (p Permission) Feature() string {
	feature, _, _ := strings.Cut(strings.TrimPrefix(string(p), "org:"), ":")
	return feature
}

// CreatorPermissions are what the role of an organization's creator must hold:
// behaviour 1.144.
func CreatorPermissions() []Permission {
	return []Permission{MembershipsManage, MembershipsRead, ProfileDelete}
}

// LacksAsCreator lists what the role would need besides to be a creator's.
func (r Role) LacksAsCreator() []Permission {
	var missing []Permission
	for _, p := range CreatorPermissions() {
		if !r.Allows(p) {
			missing = append(missing, p)
		}
	}
	return missing
}

// RoleSetType says whether a role set is the one of new organizations.
type RoleSetType string

// The types. One role set is initial.
const (
	RoleSetInitial RoleSetType = "initial"
	RoleSetCustom  RoleSetType = "custom"
)

// RoleSet is the roles that the members of an organization may have. Every
// organization has one.
type RoleSet struct {
	ID          RoleSetID
	Key         string // such as "role_set:default"
	Name        string
	Description string
	Type        RoleSetType
	Roles       []RoleID
	Default     RoleID // of people who come by themselves; one of Roles
	Creator     RoleID // of who makes an organization; one of Roles
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Holds reports whether the role is one of the set.
func (s RoleSet) Holds(id RoleID) bool { return slices.Contains(s.Roles, id) }

// RoleMigrationTrigger says why the roles of many members change.
type RoleMigrationTrigger string

// The triggers.
const (
	RoleSetDeletion RoleMigrationTrigger = "role_set_deletion" // another set takes the place of one
	RoleRemoval     RoleMigrationTrigger = "role_removal"      // another role takes the place of one
)

// RoleMigration is the change of many members' roles. It goes on in the
// background, in small steps, until it is completed.
type RoleMigration struct {
	ID          RoleMigrationID
	Source      RoleSetID
	Dest        RoleSetID // empty: the organizations keep the source
	Trigger     RoleMigrationTrigger
	Mappings    map[RoleID]RoleID
	Migrated    int       // members so far
	DoneUpTo    OrgID     // where a RoleRemoval is: organizations up to this one are done
	StartedAt   time.Time // zero: not yet
	CompletedAt time.Time // zero: not yet
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Concerns reports whether the role set is part of the migration.
func (m RoleMigration) Concerns(id RoleSetID) bool {
	return id != "" && (m.Source == id || m.Dest == id)
}

// Touches reports whether the role is given or taken by the migration.
func (m RoleMigration) Touches(id RoleID) bool {
	for from, to := range m.Mappings {
		if from == id || to == id {
			return true
		}
	}
	return false
}

// After is the role that members who have this one will have in the end.
func (m RoleMigration) After(id RoleID) RoleID {
	if to, ok := m.Mappings[id]; ok {
		return to
	}
	return id
}

// FirstRoles are the roles of a new deployment and the initial role set of them:
// behaviours 1.144 and 1.145.
func FirstRoles(now time.Time) ([]Role, RoleSet) {
	admin := Role{
		ID: NewID[RoleID](now), Key: RoleAdmin, Name: "Admin",
		Description: "May manage the organization and its members.",
		Permissions: SystemPermissions(), CreatedAt: now, UpdatedAt: now,
	}
	member := Role{
		ID: NewID[RoleID](now), Key: RoleMember, Name: "Member",
		Description: "May see the other members.",
		Permissions: []Permission{MembershipsRead, BillingRead}, CreatedAt: now, UpdatedAt: now,
	}
	return []Role{admin, member}, RoleSet{
		ID: NewID[RoleSetID](now), Key: "role_set:default", Name: "Default", Type: RoleSetInitial,
		Roles: []RoleID{admin.ID, member.ID}, Default: member.ID, Creator: admin.ID, CreatedAt: now, UpdatedAt: now,
	}
}
