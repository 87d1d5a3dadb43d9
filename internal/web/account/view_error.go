package account

import "usher/internal/web/page"

// Error tells a person that something failed: in our words alone, never those
// of the provider or of a program (threat T-SEC-06).
type Error struct {
	page.Frame
	Words
	Reference    string // "ssoa_…": the attempt; or a trace ID
	Code         string // of the failure, for whoever is asked for help; see docs/errors.md
	At           Moment
	ContactName  string // who to ask; empty with ContactEmail: "your administrator"
	ContactEmail string
	StartURL     string // to start again; empty: nothing to start
	AccountURL   string // to the person's own page, instead of StartURL; empty: not from there
}

// Words are what a person is told about a failure.
type Words struct {
	Heading  string // what happened, as a title
	Happened string // what happened, in one or two sentences
	Todo     []string
}
