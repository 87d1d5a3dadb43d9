package identity

import (
	"slices"
	"strings"
	"time"
)

// Organization is a customer of the product.
type Organization struct {
	ID                    OrgID
	Name                  string
	Slug                  string // unique when set
	MaxAllowedMemberships int    // 0: unlimited
	AdminDeleteEnabled    bool
	ExclusiveMembership   bool // its members may belong to no other organization
	SelfServeSSOEnabled   bool
	RoleSetID             RoleSetID // of the roles that its members may have
	LogoID                ImageID   // empty: none
	PublicMetadata        Metadata
	PrivateMetadata       Metadata
	CreatedBy             UserID
	CreatedAt             time.Time
	UpdatedAt             time.Time
}

// RoleKey names a role, such as "org:member".
type RoleKey string

// The roles that every deployment has.
const (
	RoleAdmin  RoleKey = "org:admin"
	RoleMember RoleKey = "org:member"
)

// Permission names what a role allows, such as "org:sys_memberships:manage".
type Permission string

// The system permissions. They never appear in session tokens.
const (
	ProfileManage     Permission = "org:sys_profile:manage"
	ProfileDelete     Permission = "org:sys_profile:delete"
	MembershipsRead   Permission = "org:sys_memberships:read"
	MembershipsManage Permission = "org:sys_memberships:manage"
	DomainsRead       Permission = "org:sys_domains:read"
	DomainsManage     Permission = "org:sys_domains:manage"
	BillingRead       Permission = "org:sys_billing:read"
	BillingManage     Permission = "org:sys_billing:manage"
	EntConnsManage    Permission = "org:sys_entconns:manage"
)

// SystemPermissions lists them in the order in which they are shown.
func SystemPermissions() []Permission {
	return []Permission{
		ProfileManage, ProfileDelete, MembershipsRead, MembershipsManage,
		DomainsRead, DomainsManage, BillingRead, BillingManage, EntConnsManage,
	}
}

// IsSystem reports whether the permission is one of Usher's own.
func (p Permission) IsSystem() bool { return strings.HasPrefix(string(p), "org:sys_") }

// Role is a named set of permissions.
type Role struct {
	ID          RoleID
	Key         RoleKey
	Name        string
	Description string
	Permissions []Permission
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Allows reports whether the role holds the permission.
func (r Role) Allows(p Permission) bool { return slices.Contains(r.Permissions, p) }

// Membership is a user in an organization.
type Membership struct {
	ID              MembershipID
	OrganizationID  OrgID
	UserID          UserID
	Role            RoleKey
	ConnectionID    ConnectionID // the connection that the member joined through; empty: by other means
	PublicMetadata  Metadata
	PrivateMetadata Metadata
	CreatedAt       time.Time
	UpdatedAt       time.Time
}
