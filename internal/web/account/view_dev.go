package account

import "usher/internal/web/page"

// Home is the front door of a production server.
type Home struct {
	page.Frame
	SignInURL string
	SignUpURL string // empty: sign-up is closed
	UserURL   string // of who is signed in; empty: nobody is
}

// DevHome welcomes at a development server and says what to try.
type DevHome struct {
	page.Frame
	People       []DevPerson
	Places       []DevPlace
	Commands     []DevCommand
	BaseURL      string
	Publishable  string // publishable key; the secret one is in File
	File         string // where dev.json is
	Organization string // an organization to try API calls with, if any
}

// DevPerson is somebody to sign in as.
type DevPerson struct {
	Email, Name string
	How         string // "Acme, through the practice provider"
	URL         string // sign-in page with the address filled in
}

// DevPlace is a page worth a look.
type DevPlace struct{ Icon, Title, Text, URL string }

// DevCommand is a command line worth a try.
type DevCommand struct{ Command, Text string }

// Mailbox lists the mail that a development server would have sent.
type Mailbox struct {
	page.Frame
	Mails []MailLine
}

// MailLine is a mail in the list.
type MailLine struct {
	Subject, To string
	Sent        Moment
	URL         string
}

// Mail is one message. Its parts are shown as text: what a mail says is data.
type Mail struct {
	page.Frame
	Subject, From, To string
	Sent              Moment
	Code              string   // the one-time code in it, to copy; empty: none
	Links             []string // in it
	Text, HTML        string
	BackURL           string
}
