package identity

import "time"

// Enrollment says that a person was offered membership of an organization by one
// of its domains, or has left it: nobody is offered it twice.
type Enrollment struct {
	OrganizationID OrgID
	UserID         UserID
	DomainID       DomainID // that the offer came by; empty: the person has left
	OfferID        string   // the invitation or suggestion; empty as DomainID
}

// SuggestionStatus is what became of a suggestion.
type SuggestionStatus string

// The states. Accepted is that of a person who waits for an administrator's word.
const (
	SuggestionPending   SuggestionStatus = "pending"
	SuggestionAccepted  SuggestionStatus = "accepted"
	SuggestionCompleted SuggestionStatus = "completed" // the request that it led to is decided
)

// SuggestionStatuses lists the states.
func SuggestionStatuses() []SuggestionStatus {
	return []SuggestionStatus{SuggestionPending, SuggestionAccepted, SuggestionCompleted}
}

// OrganizationSuggestion tells a person of an organization that she may ask to
// join.
type OrganizationSuggestion struct {
	ID             SuggestionID
	OrganizationID OrgID
	UserID         UserID
	DomainID       DomainID // that it came by
	Status         SuggestionStatus
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// RequestStatus is what became of a request.
type RequestStatus string

// The states.
const (
	RequestPending  RequestStatus = "pending"
	RequestAccepted RequestStatus = "accepted"
	RequestRejected RequestStatus = "rejected"
)

// RequestStatuses lists the states.
func RequestStatuses() []RequestStatus {
	return []RequestStatus{RequestPending, RequestAccepted, RequestRejected}
}

// MembershipRequest is a person's wish to join an organization that was suggested
// to her.
type MembershipRequest struct {
	ID             MembershipRequestID
	OrganizationID OrgID
	UserID         UserID
	SuggestionID   SuggestionID
	Status         RequestStatus
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
