package identity

import "time"

// User is a person.
type User struct {
	ID              UserID
	ExternalID      string // the customer's own id; unique when set
	FirstName       string
	LastName        string
	Username        string
	PasswordHash    string // PHC form; empty: no password
	PrimaryEmailID  EmailID
	PublicMetadata  Metadata
	PrivateMetadata Metadata
	UnsafeMetadata  Metadata
	Banned          bool
	LockedUntil     time.Time // zero: not locked
	DeactivatedAt   time.Time // zero: active; set by a directory or an administrator
	Locale          string    // BCP 47; empty: not known
	LegalAcceptedAt time.Time // zero: not known
	PasswordAt      time.Time // when the password was set; zero: not known or none

	DeleteSelfEnabled          bool
	CreateOrganizationDisabled bool
	CreateOrganizationsLimit   int // 0: unlimited

	LastSignInAt time.Time
	LastActiveAt time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Name is the person's full name, or empty.
func (u User) Name() string {
	switch {
	case u.FirstName == "":
		return u.LastName
	case u.LastName == "":
		return u.FirstName
	}
	return u.FirstName + " " + u.LastName
}

// Locked reports whether the account is locked at now.
func (u User) Locked(now time.Time) bool { return now.Before(u.LockedUntil) }

// VerificationStatus says whether an address is proved.
type VerificationStatus string

// The states of an address.
const (
	Unverified VerificationStatus = "unverified"
	Verified   VerificationStatus = "verified"
)

// EmailAddress is an address of a user. A verified or reserved address belongs
// to one user of the deployment; other ones may repeat.
type EmailAddress struct {
	ID         EmailID
	UserID     UserID
	Address    Email
	Status     VerificationStatus
	Strategy   string    // how it was verified: "email_code", "saml", "oauth_…", "admin"; empty when unverified
	AccountID  AccountID // the enterprise account that vouches for it; empty if none
	Reserved   bool      // the customer's server said whose it is; nobody has proved it
	VerifiedAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// IsVerified reports whether the address is proved.
func (e EmailAddress) IsVerified() bool { return e.Status == Verified }

// IsHeld reports whether nobody else may have the address: it is proved, or
// reserved by the customer's server.
func (e EmailAddress) IsHeld() bool { return e.IsVerified() || e.Reserved }

// EmailVerification is a code that the Backend API sent to an address of a user.
type EmailVerification struct {
	ID         VerificationID
	EmailID    EmailID
	Code       CodeChallenge
	VerifiedAt time.Time // zero: not yet
}

// Metadata is a JSON object. Nil and empty mean the same.
type Metadata map[string]any

// EnterpriseAccount is a person's identity at one connection. The key is
// (ConnectionID, Subject); the address only found the person at the first link.
type EnterpriseAccount struct {
	ID                  AccountID
	UserID              UserID
	ConnectionID        ConnectionID
	Provider            Provider // of a connection that was deleted since; empty while it stands
	Subject             string   // NameID, or the mapped user_id attribute; at OIDC "sub", at Entra "tid:oid"
	SubjectFormat       string   // NameID format; empty at OIDC
	Email               Email
	FirstName           string
	LastName            string
	PublicMetadata      Metadata // what the provider's attributes became
	LastAuthenticatedAt time.Time
	DeprovisionedAt     time.Time // the provider said that the person is gone; zero: there, or never asked
	CreatedAt           time.Time
	UpdatedAt           time.Time
}
