package account

import "usher/internal/web/page"

// AcceptInvitation is where the link of an invitation leads. One of three things
// is asked for: to join, to sign in first, or to make an account.
type AcceptInvitation struct {
	page.Frame
	Action       string
	Organization string
	Email        string
	Ticket       string

	SignInURL   string // set: the person signs in first
	NewAccount  bool   // the person has no account yet
	FirstName   string
	LastName    string
	AskPassword bool
	PasswordMin int // characters
}
