package identity

import (
	"strings"
	"time"

	"github.com/segmentio/ksuid"

	"usher/internal/fault"
)

// Ids, one type a noun: a prefix, "_" and 27 characters that sort by the second
// of their making. They name things and are never secrets.

//nolint:revive // each says what it names
type (
	AttemptID       string // one SSO sign-in attempt
	AccountID       string // a person's account at one enterprise connection
	AuditID         string // a line of the audit log
	ClientID        string // one browser
	ClientSecretID  string // a client secret of an OpenID Connect connection
	ConnectionID    string // an enterprise connection
	DeliveryID      string // an event on its way to an endpoint
	DomainID        string // a domain listed by an organization
	EmailID         string // an email address of a user
	EndpointID      string // where events are delivered
	EventID         string // something that happened, told to endpoints
	ImageID         string // a picture that was uploaded
	InstanceID      string // this deployment
	InvitationID    string // an invitation to the application
	KeyID           string // a key of a connection (service provider side)
	MailID          string // a mail in the outbox or the development mailbox
	MembershipID    string // a user in an organization
	OrgID           string // an organization
	OrgInvitationID string // an invitation to an organization
	PermissionID    string // a permission
	RevisionID      string // one immutable configuration of a connection
	RoleID          string // a role
	RoleMigrationID string // a change of many members' roles
	RoleSetID       string // a set of roles
	SecretKeyID     string // a Backend API key
	SessionID       string // a signed-in session
	SignInID        string // a sign-in that is under way or over
	SignUpID        string // a sign-up that is under way or over
	TestRunID       string // a sign-in that tries a connection and signs nobody in
	UserID          string // a person

	AccessID       string // a row of the allow-list or the block-list
	ActorTokenID   string // a ticket to impersonate somebody
	RedirectID     string // a listed redirect URL
	SignInTokenID  string // a ticket to sign in with
	TemplateID     string // a template of tokens
	VerificationID string // a code sent to an address by the Backend API

	MembershipRequestID string // a wish to join an organization
	SuggestionID        string // an organization that a person may ask to join
)

// ID is implemented by every id type.
type ID interface {
	~string
	prefix() string
}

func (AttemptID) prefix() string       { return "ssoa" }
func (AccountID) prefix() string       { return "eac" }
func (AuditID) prefix() string         { return "audit" }
func (ClientID) prefix() string        { return "client" }
func (ClientSecretID) prefix() string  { return "cls" }
func (ConnectionID) prefix() string    { return "entconn" }
func (DeliveryID) prefix() string      { return "dlv" }
func (DomainID) prefix() string        { return "orgdmn" }
func (EmailID) prefix() string         { return "idn" }
func (EndpointID) prefix() string      { return "ep" }
func (EventID) prefix() string         { return "msg" }
func (ImageID) prefix() string         { return "img" }
func (InstanceID) prefix() string      { return "ins" }
func (InvitationID) prefix() string    { return "inv" }
func (KeyID) prefix() string           { return "spk" }
func (MailID) prefix() string          { return "mail" }
func (MembershipID) prefix() string    { return "orgmem" }
func (OrgID) prefix() string           { return "org" }
func (OrgInvitationID) prefix() string { return "orginv" }
func (PermissionID) prefix() string    { return "perm" }
func (RevisionID) prefix() string      { return "entrev" }
func (RoleID) prefix() string          { return "role" }
func (RoleMigrationID) prefix() string { return "rolemig" }
func (RoleSetID) prefix() string       { return "roleset" }
func (SecretKeyID) prefix() string     { return "key" }
func (SessionID) prefix() string       { return "sess" }
func (SignInID) prefix() string        { return "sia" }
func (SignUpID) prefix() string        { return "sua" }
func (TestRunID) prefix() string       { return "entrun" }
func (UserID) prefix() string          { return "user" }

func (AccessID) prefix() string       { return "alid" }
func (ActorTokenID) prefix() string   { return "act" }
func (RedirectID) prefix() string     { return "ru" }
func (SignInTokenID) prefix() string  { return "sit" }
func (TemplateID) prefix() string     { return "jtmp" }
func (VerificationID) prefix() string { return "ver" }

func (MembershipRequestID) prefix() string { return "orgmemreq" }
func (SuggestionID) prefix() string        { return "orgsug" }

// NewID makes an id that sorts by now, to the second.
func NewID[T ID](now time.Time) T {
	var zero T
	k, err := ksuid.NewRandomWithTime(now)
	if err != nil { // crypto/rand never fails; a time before 2014 gives the zero id's time
		k = ksuid.New()
	}
	return T(zero.prefix() + "_" + k.String())
}

// IDFrom makes an id that sorts by at, to the second, with chance from elsewhere:
// for rows that must come out the same again.
func IDFrom[T ID](at time.Time, chance [16]byte) T {
	var zero T
	k, err := ksuid.FromParts(at, chance[:])
	if err != nil {
		k = ksuid.Nil // a chance of another length, which there can't be
	}
	return T(zero.prefix() + "_" + k.String())
}

// idLength is the number of characters after the prefix.
const idLength = 27

// ParseID checks the form of an id from outside. The error is a NotFound fault:
// an id that cannot exist answers like one that does not.
func ParseID[T ID](s string) (T, error) {
	var zero T
	rest, ok := strings.CutPrefix(s, zero.prefix()+"_")
	if !ok || !isID(rest) {
		return zero, fault.New(fault.NotFound, "resource", zero.prefix())
	}
	return T(s), nil
}

func isID(s string) bool {
	if len(s) != idLength {
		return false
	}
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return true
}

// SAMLID is the id by which Clerk's API names the SAML settings nested in a
// connection: the connection's own id under another prefix.
func (id ConnectionID) SAMLID() string { return nested(id, "samlc") }

// OAuthID is the id by which Clerk's API names the OIDC settings nested in a
// connection.
func (id ConnectionID) OAuthID() string { return nested(id, "eaoc") }

func nested(id ConnectionID, prefix string) string {
	return prefix + "_" + strings.TrimPrefix(string(id), id.prefix()+"_")
}

// ParseConnectionID accepts a connection's id or the id of its nested SAML or OIDC
// settings, which clients may put into the same places.
func ParseConnectionID(s string) (ConnectionID, error) {
	for _, prefix := range []string{"samlc_", "eaoc_"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			s = "entconn_" + rest
		}
	}
	return ParseID[ConnectionID](s)
}
