package identity

import "time"

// InvitationStatus is what became of an invitation.
type InvitationStatus string

// The states. What is stored as pending has expired when its time is over.
const (
	InvitationPending  InvitationStatus = "pending"
	InvitationAccepted InvitationStatus = "accepted"
	InvitationRevoked  InvitationStatus = "revoked"
	InvitationExpired  InvitationStatus = "expired"
)

// InvitationStatuses lists the states.
func InvitationStatuses() []InvitationStatus {
	return []InvitationStatus{InvitationPending, InvitationAccepted, InvitationRevoked, InvitationExpired}
}

// OrganizationInvitation asks the owner of an address to join an organization.
type OrganizationInvitation struct {
	ID              OrgInvitationID
	OrganizationID  OrgID
	Email           Email
	Role            RoleKey
	InviterID       UserID   // empty: nobody in person
	DomainID        DomainID // that it came by; empty: somebody made it
	Status          InvitationStatus
	PublicMetadata  Metadata // of the membership to be
	PrivateMetadata Metadata
	RedirectURL     string // where the link leads instead of to our own page; empty: there
	UserID          UserID // who accepted it
	ExpiresAt       time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// StatusAt is the status at a time.
func (i OrganizationInvitation) StatusAt(now time.Time) InvitationStatus {
	return statusAt(i.Status, i.ExpiresAt, now)
}

func statusAt(s InvitationStatus, end, now time.Time) InvitationStatus {
	if s == InvitationPending && !now.Before(end) {
		return InvitationExpired
	}
	return s
}

// Invitation asks the owner of an address to make an account.
type Invitation struct {
	ID             InvitationID
	Email          Email
	Status         InvitationStatus
	PublicMetadata Metadata // of the user to be
	RedirectURL    string   // as of an OrganizationInvitation
	UserID         UserID   // who accepted it
	ExpiresAt      time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// StatusAt is the status at a time.
func (i Invitation) StatusAt(now time.Time) InvitationStatus {
	return statusAt(i.Status, i.ExpiresAt, now)
}
