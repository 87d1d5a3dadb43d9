package identity

import "time"

// TestRunState says how far a test run came.
type TestRunState string

// The states of a test run, in their order. One that is not over by its ExpiresAt
// has failed: nobody came back.
const (
	TestRunCreated  TestRunState = "created"  // its link was not opened yet
	TestRunOpened   TestRunState = "opened"   // the browser is at the provider
	TestRunAnswered TestRunState = "answered" // a SAML provider's answer was judged, and waits for the browser
	TestRunSuccess  TestRunState = "success"
	TestRunFailed   TestRunState = "failed"
)

// TestRun is a sign-in at a provider that signs nobody in: it shows what a
// configuration makes of the provider's answer. What was checked is on its attempt.
type TestRun struct {
	ID           TestRunID
	ConnectionID ConnectionID
	RevisionID   RevisionID // of the configuration that is tried
	Draft        bool       // it was a draft when the link was made
	State        TestRunState
	AttemptID    AttemptID // empty: the link was not opened yet
	TicketHash   string    // keyed hash of what the link holds
	BrowserHash  string    // keyed hash of the cookie of the browser that opened it
	TokenHash    string    // keyed hash of what opens the result; empty: there is none yet
	Seen         []byte    // JSON of what came, sealed at rest; empty: nothing did
	By           Actor     // who made the link: kind and id
	ExpiresAt    time.Time // of the link; of the stay at the provider once it is opened
	CreatedAt    time.Time
	FinishedAt   time.Time
}

// Over reports whether nothing more can come of the test run.
func (r TestRun) Over(now time.Time) bool {
	return r.State == TestRunSuccess || r.State == TestRunFailed || !now.Before(r.ExpiresAt)
}
