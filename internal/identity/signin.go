package identity

import "time"

// SignInStatus is the state of a sign-in.
type SignInStatus string

// The states of a sign-in.
const (
	SignInNeedsIdentifier   SignInStatus = "needs_identifier"
	SignInNeedsFirstFactor  SignInStatus = "needs_first_factor"
	SignInNeedsSecondFactor SignInStatus = "needs_second_factor"
	SignInComplete          SignInStatus = "complete"
	SignInAbandoned         SignInStatus = "abandoned"
)

// SignIn is one sign-in of a client, from the address to the session.
type SignIn struct {
	ID               SignInID
	ClientID         ClientID
	Status           SignInStatus
	Identifier       Email
	UserID           UserID // empty: nobody has the address, or not known yet
	Strategy         string // the prepared first factor: "email_code", "enterprise_sso"; empty: none
	Code             CodeChallenge
	AttemptID        AttemptID // the SSO attempt under way; empty if none
	ErrorCode        string    // why the identity provider's leg failed; empty if it did not
	ErrorMeta        Metadata
	ReturnURL        string // where to go afterwards; checked before it is stored
	CreatedSessionID SessionID
	CreatedAt        time.Time
	UpdatedAt        time.Time
	AbandonAt        time.Time
}

// CodeChallenge is a code that was sent by mail.
type CodeChallenge struct {
	Hash      string    // keyed hash; empty: none sent
	Tries     int       // wrong ones so far
	SentAt    time.Time // for the wait between two mails
	ExpiresAt time.Time
}

// SignUpStatus is the state of a sign-up.
type SignUpStatus string

// The states of a sign-up.
const (
	SignUpMissingRequirements SignUpStatus = "missing_requirements"
	SignUpComplete            SignUpStatus = "complete"
	SignUpAbandoned           SignUpStatus = "abandoned"
)

// SignUp is one sign-up of a client, by password or code; people who come by SSO
// need none.
type SignUp struct {
	ID               SignUpID
	ClientID         ClientID
	Status           SignUpStatus
	Email            Email
	FirstName        string
	LastName         string
	PasswordHash     string
	Code             CodeChallenge
	ExternalID       string // the customer's own id, for the user who is made; empty: none
	CustomAction     bool   // said by the customer's server; changes nothing here
	ReturnURL        string
	CreatedUserID    UserID
	CreatedSessionID SessionID
	CreatedAt        time.Time
	UpdatedAt        time.Time
	AbandonAt        time.Time
}

// At is the status at a time: a sign-up that was not finished by then is given up.
func (s SignUp) At(now time.Time) SignUpStatus {
	if s.Status == SignUpMissingRequirements && !now.Before(s.AbandonAt) {
		return SignUpAbandoned
	}
	return s.Status
}
