package account

import "usher/internal/web/page"

// SignIn asks for the address; where it goes from there is the policy's matter.
type SignIn struct {
	page.Frame
	Action    string // where the form posts to; so in all views
	Email     string // typed before, or a hint from the application
	ReturnURL string // where the person is going, already found safe
	SignUpURL string // empty: sign-up is closed
}

// SignInPassword asks for the password.
type SignInPassword struct {
	page.Frame
	Action    string
	Email     string
	ChangeURL string // back to the address
	CanCode   bool   // a code by email is an alternative
}

// SignInCode asks for the code that was sent by email.
type SignInCode struct {
	page.Frame
	Action      string
	Email       string
	ChangeURL   string
	Minutes     int  // how long the code works
	WaitSeconds int  // until another code may be asked for; 0: now
	CanPassword bool // the password is an alternative
}

// ChooseConnection lets a person pick when several connections serve an address.
type ChooseConnection struct {
	page.Frame
	Action      string
	Email       string
	ChangeURL   string
	Connections []ConnectionChoice
}

// ConnectionChoice is one way to sign in through a company.
type ConnectionChoice struct {
	ID           string
	Name         string // of the connection
	Organization string // which the person signs in to; empty: the application as a whole
	ByName       bool   // told apart by the connection's name: another is of the same organization
}

// Title is what tells the choice from the others.
func (c ConnectionChoice) Title() string {
	if c.ByName || c.Organization == "" {
		return c.Name
	}
	return c.Organization
}

// Subtitle is the other name, if there is one.
func (c ConnectionChoice) Subtitle() string {
	switch {
	case c.Organization == "":
		return ""
	case c.ByName:
		return c.Organization
	}
	return c.Name
}

// Going takes a person to their identity provider with a form, as the SAML
// HTTP-POST binding wants it. It sends itself where scripts run.
type Going struct {
	page.Frame
	Connection string // name of the connection
	Host       string // of the provider, for the person to recognise
	URL        string // the provider's sign-on URL
	Fields     []Hidden
	BackURL    string // to the sign-in page, with the address kept
}

// Hidden is a hidden field of a form.
type Hidden struct{ Name, Value string }

// NewGoing returns the page with the policy that lets its form leave.
func NewGoing(frame page.Frame, ssoURL string) *Going {
	frame.MayLeadTo = []string{page.Origin(ssoURL)}
	return &Going{Frame: frame, URL: ssoURL}
}

// Ticket lets a person go on who opened a link that signs in.
type Ticket struct {
	page.Frame
	Action    string
	Ticket    string
	ReturnURL string
}

// SwitchAccount stands between a sign-in that the identity provider started
// and a browser in which somebody else is signed in (threat T-SAML-27).
type SwitchAccount struct {
	page.Frame
	Action     string
	Current    Account // signed in now
	Arriving   Account // whom the provider vouches for
	Connection string  // through which the second one comes
}

// Account is a person as a page names them.
type Account struct {
	Name  string // empty: unknown
	Email string
}

// Title is the name, or the address if there is none.
func (a Account) Title() string {
	if a.Name == "" {
		return a.Email
	}
	return a.Name
}

// Subtitle is the address, unless it is the title.
func (a Account) Subtitle() string {
	if a.Name == "" {
		return ""
	}
	return a.Email
}

// SignedOut says that the session has ended.
type SignedOut struct {
	page.Frame
	SignInURL string
	Company   string // name of the connection whose own session may go on; empty: none
}

// AttemptEnded tells why a sign-in or a link can't be taken further here.
type AttemptEnded struct {
	page.Frame
	Why      string // EndedExpired, EndedUsed or EndedOtherBrowser
	StartURL string
}

// Values of AttemptEnded.Why.
const (
	EndedExpired      = "expired"       // took too long
	EndedUsed         = "used"          // link or answer used before
	EndedOtherBrowser = "other_browser" // begun in another browser (threat T-SAML-25)
)
