package account

import "usher/internal/web/page"

// TestRun shows an administrator what a test run found. All that came is told, in
// the words of whoever sent it: the page is of the browser that made the run.
type TestRun struct {
	page.Frame
	Kind       string // "success", "danger" or "info"
	Verdict    string // in a few words
	Meaning    string // what it means, in a sentence
	Fix        string // what to do; empty: nothing
	Code       string // of the failure, see docs/errors.md
	Connection string
	Tried      string // "the draft", "revision 3, which is live"
	Reference  string
	At         Moment

	Outcome  []string // what would happen to the person, a sentence each
	Read     []TestFact
	Other    []TestFact
	Steps    []TestStep
	Trace    []TestStep
	Response string // what the provider sent; empty: nothing, or not kept
}

// TestFact is what came under a name.
type TestFact struct {
	Term   string // what it is for; empty: nothing
	Name   string // at the provider
	Values []string
	Came   bool
}

// TestStep is a check or a rule.
type TestStep struct {
	Name     string // stable
	Plain    string
	Passed   bool
	Warning  bool // nothing failed
	Expected string
	Received string
	Detail   string // what a rule looked at
	Fix      string
}
