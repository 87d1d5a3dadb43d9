package identity

import "time"

// AttemptState says how far an SSO attempt came.
type AttemptState string

// The states of an attempt.
const (
	AttemptStarted  AttemptState = "started"  // sent to the provider; if it stays so, it never came back
	AttemptAdmitted AttemptState = "admitted" // the provider's answer was accepted; the browser has not picked the session up yet
	AttemptComplete AttemptState = "complete" // a session was made, an account linked, or a test run ended well
	AttemptRefused  AttemptState = "refused"
)

// AttemptKind says what was attempted.
type AttemptKind string

// The kinds of attempts.
const (
	AttemptSignIn   AttemptKind = "sign_in"
	AttemptLink     AttemptKind = "link"     // a signed-in person links an account to her own
	AttemptPresence AttemptKind = "presence" // a provider was asked whether a person is still there
	AttemptTest     AttemptKind = "test_run" // a test run: nobody is signed in
)

// Attempt is the record of one SSO sign-in, or of one question to a provider that
// was not answered well, whatever became of it.
type Attempt struct {
	ID             AttemptID
	Kind           AttemptKind // empty: AttemptSignIn
	ConnectionID   ConnectionID
	RevisionID     RevisionID // the revision that judged it; that of the start while under way
	OrganizationID OrgID
	IDPInitiated   bool
	State          AttemptState
	TypedEmail     Email    // what the person typed; empty when initiated by the provider
	Email          Email    // what the provider vouched for; empty if it never got that far
	Code           string   // why it was refused; empty otherwise
	Meta           Metadata // of the refusal, as on the wire
	Detail         Metadata // of the refusal, for administrators: reason, expected, received
	Steps          []Step
	Trace          []Rule
	UserID         UserID
	SessionID      SessionID
	TraceID        string    // of the request that judged it, as in the logs
	IssuedAt       time.Time // when the provider made its answer, by the provider's clock; zero: not known
	Seen           []string  // the names of the attributes that came, at most MaxSeen
	StartedAt      time.Time
	ReturnedAt     time.Time // when the provider's answer arrived
	FinishedAt     time.Time
}

// Step is one thing that happened in an attempt, with its time. Protocol checks
// are steps too.
type Step struct {
	At       time.Time `json:"at"`
	Name     string    `json:"name"`
	Passed   bool      `json:"passed"`
	Expected string    `json:"expected,omitempty"`
	Received string    `json:"received,omitempty"`
	Plain    string    `json:"plain,omitempty"` // in plain words
	Fix      string    `json:"fix,omitempty"`
}

// Rule is one rule of a decision: its stable name, whether it passed, and the
// values that it looked at.
type Rule struct {
	Name   string `json:"rule"`
	Passed bool   `json:"passed"`
	Detail string `json:"detail,omitempty"`
}

// Evidence is what came from the provider, sealed at rest and kept for a short
// time only.
type Evidence struct {
	AttemptID AttemptID
	Body      []byte // the message as received
	ExpiresAt time.Time

	// What it was judged by besides the connection, to judge it again.
	RequestID   string    // that it was to answer; at OpenID Connect the nonce
	RequestedAt time.Time // zero: nothing was asked
	ForceAuthn  bool
	ReceivedAt  time.Time // zero: kept by a release that did not note it
	Relay       string    // how RelayState stood: see signin
}

// PendingRequest is what RelayState, or "state" at OpenID Connect, points at: a
// sign-in that was sent to the provider and is expected back.
type PendingRequest struct {
	RelayHash    string // keyed hash of RelayState or state
	RequestID    string // of the AuthnRequest, for InResponseTo; at OpenID Connect the nonce
	CodeVerifier string // of PKCE (RFC 7636), sealed at rest; empty at SAML
	AttemptID    AttemptID
	ConnectionID ConnectionID
	RevisionID   RevisionID
	ClientID     ClientID // the browser that began it
	SignInID     SignInID
	TypedEmail   Email
	ForceAuthn   bool
	Link         SessionID // the session whose person links an account; empty: a sign-in
	TestRun      TestRunID // the test run that it is for; empty: a sign-in
	CreatedAt    time.Time
	ExpiresAt    time.Time
	UsedAt       time.Time // zero: not yet
}

// Verdict is an accepted answer that waits for its browser.
type Verdict struct {
	NonceHash    string
	AttemptID    AttemptID
	ConnectionID ConnectionID
	RevisionID   RevisionID
	ClientID     ClientID // the browser that must come; empty when the provider initiated it
	SignInID     SignInID
	TypedEmail   Email
	Link         SessionID // the session whose person links an account; empty: a sign-in
	Claims       []byte    // JSON, sealed at rest
	ReturnURL    string
	CreatedAt    time.Time
	ExpiresAt    time.Time
	UsedAt       time.Time
}
