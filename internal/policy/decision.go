package policy

import (
	"strings"

	"usher/internal/identity"
)

// Decision is an answer with its reasons.
type Decision struct {
	Denied error // a fault; nil: allowed
	Plan   Plan  // what is to be written; empty when denied
	Trace  Trace
}

// Trace lists the rules that were looked at, in order. It ends at the first
// refusal; that of Discover goes on, for it looks at several connections.
type Trace []identity.Rule

// note appends a rule and returns whether it passed.
func (t *Trace) note(rule string, passed bool, detail string) bool {
	*t = append(*t, identity.Rule{Name: rule, Passed: passed, Detail: detail})
	return passed
}

// String is the names of the rules, in order.
func (t Trace) String() string {
	names := make([]string, len(t))
	for i, r := range t {
		names[i] = r.Name
	}
	return strings.Join(names, " ")
}

func deny(t Trace, err error) Decision { return Decision{Denied: err, Trace: t} }

// Plan says what is to be written about one person. Its zero value writes nothing.
type Plan struct {
	User       identity.UserID // the existing person; empty: CreateUser, or no person is meant
	CreateUser *NewUser

	Link    *Account // the account to create
	Refresh *Account // the known account, as it is now

	// VerifyEmail is an address of the person that the account vouches for from
	// now on; it becomes verified if it is not.
	VerifyEmail identity.EmailID
	UpdateEmail *EmailUpdate   // the provider's address changed
	AddEmail    identity.Email // the provider's address, verified, which the person has nowhere yet

	UpdateUser *UserUpdate

	// RemoveCredentials takes away all that somebody else may have prepared under
	// an address that was never proved: the password, second factors, every other
	// address, pending codes, and all sessions (threat T-ID-10).
	RemoveCredentials bool

	BindTenant *TenantBinding // at the first sign-in through a connection to a multi-tenant provider

	Accept           *identity.Invitation // to the application, by which the new person came; accepted with it
	Join             *Join
	RemoveMembership identity.MembershipID

	// NeedsSecondFactor holds the session back until the person's own second
	// factor is shown: a provider's word replaces the password only.
	NeedsSecondFactor bool
}

// NewUser is a person to create, with a verified address that the new account
// vouches for.
type NewUser struct {
	Email          identity.Email
	FirstName      string
	LastName       string
	PublicMetadata identity.Metadata
}

// Account is what the enterprise account of a person holds.
type Account struct {
	ID             identity.AccountID // empty: to be created
	ConnectionID   identity.ConnectionID
	Subject        string
	SubjectFormat  string
	Email          identity.Email
	FirstName      string
	LastName       string
	PublicMetadata identity.Metadata
}

// EmailUpdate changes the address of a row that stays verified by the account.
type EmailUpdate struct {
	ID identity.EmailID
	To identity.Email
}

// UserUpdate is what the provider's attributes change about a person. Empty
// fields change nothing; metadata is merged by key.
type UserUpdate struct {
	FirstName      string
	LastName       string
	PublicMetadata identity.Metadata
}

// TenantBinding binds a connection to one tenant of its provider, for good.
type TenantBinding struct {
	Connection identity.ConnectionID
	Tenant     string
}

// Join makes the person a member.
type Join struct {
	Organization identity.OrgID
	Role         identity.RoleKey
	Connection   identity.ConnectionID // through which; the member cannot leave on her own

	// Invitation is what the member was invited by; it is accepted with the
	// membership, which takes its metadata.
	Invitation      identity.OrgInvitationID
	PublicMetadata  identity.Metadata
	PrivateMetadata identity.Metadata
}

// JoinByInvitation is the membership that an invitation leads to. Whoever was
// invited may leave, also when she came by SSO.
func JoinByInvitation(i identity.OrganizationInvitation) Join {
	return Join{
		Organization: i.OrganizationID, Role: i.Role, Invitation: i.ID,
		PublicMetadata: i.PublicMetadata, PrivateMetadata: i.PrivateMetadata,
	}
}
