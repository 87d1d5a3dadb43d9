package account

import "usher/internal/web/page"

// User is a person's own page: who they are, where they belong, where they are
// signed in.
type User struct {
	page.Frame
	Name          string
	Email         string // primary address
	Emails        []Email
	Offers        []Offer
	Organizations []Membership
	Connections   []Company
	Sessions      []Session
	CreateURL     string // to create an organization; empty: may not
}

// Title is the name, or the address if there is none.
func (u *User) Title() string { return Account{Name: u.Name, Email: u.Email}.Title() }

// Subtitle is the address, unless it is the title.
func (u *User) Subtitle() string { return Account{Name: u.Name, Email: u.Email}.Subtitle() }

// Email is an address of the person.
type Email struct {
	Address  string
	Primary  bool
	Verified bool
	Company  string // connection that vouches for it; empty: the person proved it
}

// Membership is a person's place in an organization.
type Membership struct {
	Name     string
	Role     string // its name
	Active   bool   // the session works in it
	Company  bool   // comes from company sign-in
	LeaveURL string // empty: no way to leave
}

// Offer is an organization that the person may join, or ask to.
type Offer struct {
	Name      string
	Text      string // what came of it, or by which address
	Do        string // what its button says
	AcceptURL string // where its button posts to; empty: no button
}

// Company is a connection that the person signs in through, or may link.
type Company struct {
	Name         string
	Organization string
	Email        string // as the provider knows the person
	LastUsed     Moment
	LinkURL      string // where the person links an account there; empty: one is linked
}

// Session is a browser in which the person is signed in.
type Session struct {
	Device    string // "Firefox on Linux"
	Place     string // IP address or country; empty: unknown
	LastSeen  Moment
	Current   bool
	RevokeURL string // where its button posts to; empty: no button
}

// Moment is a time for people and for programs.
type Moment struct {
	Text string // "2 hours ago"
	Time string // RFC 3339
}

// Leave asks before a membership is given up, or says why it can't be.
type Leave struct {
	page.Frame
	Action       string
	Organization string
	Role         string
	Refused      string // LeaveCompany or LeaveLastAdmin; empty: may leave
	Company      string // connection that the membership comes from
	ContactEmail string // of the organization's administrator, if known
	BackURL      string
}

// Values of Leave.Refused.
const (
	LeaveCompany   = "company"    // the membership comes from company sign-in
	LeaveLastAdmin = "last_admin" // nobody else could manage the organization
)
