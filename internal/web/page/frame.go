package page

import (
	"slices"

	"usher/internal/message"
)

// Frame is what every page has besides its own content. Views embed it.
type Frame struct {
	App     string // the application's name, as its people know it
	HomeURL string // where the application's name leads; empty: nowhere

	message.Text        // what templates say things by: {{.T "sign_in.title"}}
	Dir          string // "rtl" for languages written from right to left

	CSRF string // goes with every form to this server

	SignedInAs string // address of who is signed in; empty: nobody
	SignOutURL string // where the sign-out button posts to; empty: no button

	Nav    []NavGroup // of a surface of many pages; empty: none
	Search *Search    // over all of them, in the bar on top

	Notices  []Notice
	Problems []Problem // what was wrong with the form that was sent

	HelpURL    string // of the application; shown at the foot if set
	PrivacyURL string
	TermsURL   string

	// MailboxURL is the development mailbox. Set, it also marks every page as
	// one of a development server.
	MailboxURL string

	// MayLeadTo lists where a form of this page may take the browser besides
	// this server, directly or by a redirect: origins ("https://idp.example"),
	// or a scheme with its colon ("https:") where the origin is known only
	// later. Chromium applies form-action to each redirect after a form too, so
	// a sign-in form needs it.
	MayLeadTo []string
}

// View is what Render takes: a struct that embeds Frame.
type View interface{ frame() *Frame }

func (f *Frame) frame() *Frame { return f }

// NavGroup is a part of the navigation.
type NavGroup struct {
	Title string
	Links []NavLink
}

// NavLink leads to a page.
type NavLink struct {
	Text, URL, Icon string
	Now             bool // it is the page that is shown, or the list that it belongs to
	Count           int  // of what waits there; shown if it is not 0
}

// Notice tells something that is not wrong with a form.
type Notice struct {
	Kind    string // "success", "info", "warning" or "danger"; empty: info
	Text    string
	Actions []Action // such as a way back
}

// Problem is one thing wrong with a form. Its text says what to do about it.
type Problem struct {
	Field string // name of the field; empty: the form as a whole
	Text  string
}

// Calm reports whether nothing was wrong with the form.
func (f *Frame) Calm() bool { return len(f.Problems) == 0 }

// ProblemWith returns what is wrong with a field, or nothing.
func (f *Frame) ProblemWith(field string) string {
	for _, p := range f.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// Summary returns the problems to list above the form. A single one that names
// its field is shown there alone, and the field takes the focus.
func (f *Frame) Summary() []Problem {
	if len(f.Problems) == 1 && f.Problems[0].Field != "" {
		return nil
	}
	return f.Problems
}

// FocusOn reports whether a field is the only one with a problem.
func (f *Frame) FocusOn(field string) bool {
	return len(f.Problems) == 1 && f.Problems[0].Field == field
}

// formTargets is the value of form-action.
func (f *Frame) formTargets() []string {
	targets := []string{"'self'"}
	for _, t := range f.MayLeadTo {
		if isSource(t) && !slices.Contains(targets, t) {
			targets = append(targets, t)
		}
	}
	return targets
}
