package identity

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// EventType names what happened, as Clerk's webhooks do.
type EventType string

// The events. Names are only added.
const (
	UserCreated             EventType = "user.created"
	UserUpdated             EventType = "user.updated"
	UserDeleted             EventType = "user.deleted"
	EventSessionCreated     EventType = "session.created"
	EventSessionPending     EventType = "session.pending"
	EventSessionEnded       EventType = "session.ended"
	EventSessionRemoved     EventType = "session.removed"
	EventSessionRevoked     EventType = "session.revoked"
	OrganizationCreated     EventType = "organization.created"
	OrganizationUpdated     EventType = "organization.updated"
	OrganizationDeleted     EventType = "organization.deleted"
	MembershipCreated       EventType = "organizationMembership.created"
	MembershipUpdated       EventType = "organizationMembership.updated"
	MembershipDeleted       EventType = "organizationMembership.deleted"
	DomainCreated           EventType = "organizationDomain.created"
	DomainUpdated           EventType = "organizationDomain.updated"
	DomainDeleted           EventType = "organizationDomain.deleted"
	RoleCreated             EventType = "role.created"
	RoleUpdated             EventType = "role.updated"
	RoleDeleted             EventType = "role.deleted"
	PermissionCreated       EventType = "permission.created"
	PermissionUpdated       EventType = "permission.updated"
	PermissionDeleted       EventType = "permission.deleted"
	EventInvitationCreated  EventType = "organizationInvitation.created"
	EventInvitationAccepted EventType = "organizationInvitation.accepted"
	EventInvitationRevoked  EventType = "organizationInvitation.revoked"
	EmailCreated            EventType = "email.created"
)

// EventTypes lists every event that there is.
func EventTypes() []EventType {
	return []EventType{
		UserCreated, UserUpdated, UserDeleted,
		EventSessionCreated, EventSessionPending, EventSessionEnded, EventSessionRemoved, EventSessionRevoked,
		OrganizationCreated, OrganizationUpdated, OrganizationDeleted,
		MembershipCreated, MembershipUpdated, MembershipDeleted,
		DomainCreated, DomainUpdated, DomainDeleted,
		RoleCreated, RoleUpdated, RoleDeleted,
		PermissionCreated, PermissionUpdated, PermissionDeleted,
		EventInvitationCreated, EventInvitationAccepted, EventInvitationRevoked,
		EmailCreated,
	}
}

// Secret reports whether what the event says holds a code or a link that lets
// somebody in: it is sealed at rest, and the delivery log leaves it out.
func (t EventType) Secret() bool { return t == EmailCreated || t == EventInvitationCreated }

// Object is what the event is about, such as "user".
func (t EventType) Object() string {
	object, _, _ := strings.Cut(string(t), ".")
	return object
}

// Verb is what happened to it, such as "created".
func (t EventType) Verb() string {
	_, verb, _ := strings.Cut(string(t), ".")
	return verb
}

// SessionEvent is the event of a session that takes on a status. A session that
// another replaces in its browser has ended; its status says how.
func SessionEvent(s SessionStatus) EventType {
	switch s {
	case SessionActive:
		return EventSessionCreated
	case SessionPending:
		return EventSessionPending
	case SessionRemoved:
		return EventSessionRemoved
	case SessionRevoked:
		return EventSessionRevoked
	default:
		return EventSessionEnded
	}
}

// Event is something that happened. It is written with its cause, in the same
// transaction, and delivered afterwards under its id, at least once.
type Event struct {
	ID             EventID
	Type           EventType
	Subject        string // the id of what it is about
	UserID         UserID // the person whom Data tells of; empty: nobody
	OrganizationID OrgID  // of a membership or a domain
	Data           json.RawMessage
	Mail           *WrittenMail // of email.created, which no row tells of; kept nowhere but in Data
	CreatedAt      time.Time
}

// DisabledFailing is why an endpoint is switched off that failed for three days.
const DisabledFailing = "failing"

// Endpoint is a URL of the customer's to which events are delivered.
type Endpoint struct {
	ID              EndpointID
	URL             string
	Description     string
	Types           []EventType // empty: all
	Contacts        []Email     // who is told when it is switched off because it fails
	DisabledAt      time.Time   // zero: events are delivered
	DisabledBecause string
	Secret          EndpointSecret
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Wants reports whether an event is for the endpoint.
func (e Endpoint) Wants(t EventType) bool {
	return e.DisabledAt.IsZero() && (len(e.Types) == 0 || slices.Contains(e.Types, t))
}

// EndpointSecret signs deliveries; sealed at rest. After a rotation the old one
// signs beside the new until OldUntil.
type EndpointSecret struct {
	Current  string    `json:"current"`
	Old      string    `json:"old,omitempty"`
	OldUntil time.Time `json:"old_until,omitzero"`
}

// Signing lists the secrets that sign at now, the current one first.
func (s EndpointSecret) Signing(now time.Time) []string {
	if s.Old == "" || !now.Before(s.OldUntil) {
		return []string{s.Current}
	}
	return []string{s.Current, s.Old}
}

// EndpointHealth is how deliveries to an endpoint have gone.
type EndpointHealth struct {
	Failures      int       // tries in a row that failed
	FailingSince  time.Time // zero: the last try succeeded
	RestUntil     time.Time // nothing is tried before
	LastSuccessAt time.Time
	LastFailureAt time.Time
}

// DeliveryStatus is the state of a delivery.
type DeliveryStatus string

// The states of a delivery.
const (
	DeliveryWaiting DeliveryStatus = "waiting"
	Delivered       DeliveryStatus = "delivered"
	DeliveryFailed  DeliveryStatus = "failed" // given up
)

// Delivery is an event on its way to an endpoint.
type Delivery struct {
	ID         DeliveryID
	EndpointID EndpointID
	EventID    EventID
	Type       EventType
	Status     DeliveryStatus
	Tries      int // since it was made or replayed
	NextAt     time.Time
	CreatedAt  time.Time
	FinishedAt time.Time // zero: waiting
}

// DeliveryTry is one request of a delivery.
type DeliveryTry struct {
	DeliveryID DeliveryID
	Number     int // from 1, replays counted on
	At         time.Time
	Took       time.Duration
	Code       int    // HTTP status; 0: no answer
	Failure    string // empty: it was delivered
	Answer     string // the beginning of the answer's body
}
