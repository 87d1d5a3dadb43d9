package identity

import "time"

// TicketKind is what a ticket is for.
type TicketKind string

// The kinds.
const (
	TicketSignIn TicketKind = "sign_in" // the user signs in with it
	TicketActor  TicketKind = "actor"   // somebody else acts as the user

	// TicketOperator signs an operator in without SSO: for the first start, and for
	// when the operators' provider is out of order.
	TicketOperator TicketKind = "operator"
)

// TicketStatus is the state of a ticket.
type TicketStatus string

// The states. Only a pending ticket can be used.
const (
	TicketPending  TicketStatus = "pending"
	TicketAccepted TicketStatus = "accepted"
	TicketRevoked  TicketStatus = "revoked"
)

// Ticket signs a person in once, without a first factor. Its token is shown once
// and kept as a hash.
type Ticket struct {
	ID              string // a SignInTokenID or an ActorTokenID
	Kind            TicketKind
	TokenHash       string
	Status          TicketStatus
	UserID          UserID
	OrganizationID  OrgID    // to be active; empty: as at any sign-in
	Actor           Metadata // with TicketActor: "sub" is who impersonates
	SessionLifetime time.Duration
	ExpiresAt       time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// TokenTemplate makes tokens for other systems out of a session.
type TokenTemplate struct {
	ID               TemplateID
	Name             string
	Claims           Metadata // with shortcodes such as {{user.id}}
	Lifetime         time.Duration
	ClockSkew        time.Duration
	SigningAlgorithm string
	SigningKey       string // PEM, or a shared secret; empty: the deployment's key
	CreatedAt        time.Time
	UpdatedAt        time.Time
}
