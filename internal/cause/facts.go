package cause

import (
	"time"

	"usher/internal/identity"
)

// Facts is what Find looks at. All but the attempt may be missing; then less is
// found out.
type Facts struct {
	Attempt    identity.Attempt
	Overdue    bool                // sent to the provider and not back in time
	Connection identity.Connection // zero if it has been deleted
	Seen       Seen
	Trusted    []Certificate // the provider's, on the connection
	Elsewhere  []string      // issuers and addresses that belong to other connections here
	History    History
	Text       string // what the person saw at the provider, pasted; empty: nothing
}

// Certificate is what is told of a certificate.
type Certificate struct {
	Fingerprint string // SHA-256, hexadecimal
	Subject     string
	NotBefore   time.Time
	NotAfter    time.Time
}

// Seen is what the kept message says. Nothing of it is verified, and no value that
// is about the person is in it.
type Seen struct {
	Kept         bool // there was a message to look at
	ReceivedAt   time.Time
	InResponseTo string
	IssueInstant time.Time
	NotBefore    time.Time
	NameIDFormat string
	Guest        bool // the name or an address is that of a guest (#EXT#)
	Certificates []Certificate
	Attributes   []Attribute
}

// Attribute is an attribute or claim that came.
type Attribute struct {
	Name    string
	Address identity.Domain // of the address that its only value looks like; empty: like none
}

// History is what happened at the connection before and after.
type History struct {
	Asked bool // the fields below are filled

	LastSuccess  time.Time // of anybody, before the attempt; zero: never
	OthersSince  int       // who came in within Around after the attempt's start, other people, at most 20
	PersonBefore time.Time // the person's last success before; zero: never
	PersonAfter  time.Time // the person's first success after; zero: none
	LostAround   int       // attempts within Around that never came back, this one included, at most 20
}

// Around is how far before and after an attempt others are looked at. Ours.
const Around = 30 * time.Minute

// Confidence is how sure a finding is.
type Confidence string

// The degrees.
const (
	Certain  Confidence = "certain"  // the attempt itself shows it
	Likely   Confidence = "likely"   // it fits what is known best
	Possible Confidence = "possible" // it fits too
)

// Finding is one cause of one attempt.
type Finding struct {
	Cause      Cause
	Confidence Confidence
	Because    string // the facts that speak for it, in a sentence
	Console    Console
	Fix        string // in the words of the console
}
