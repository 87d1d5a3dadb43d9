package identity

import "time"

// Mail is one mail to send.
type Mail struct {
	ID          MailID
	To          string
	Subject     string
	Text        string
	HTML        string // may be empty
	FromName    string `json:",omitempty"` // before the @ of the sender; empty: as configured
	ReplyToName string `json:",omitempty"` // before the @ of where answers go; empty: to the sender
	CreatedAt   time.Time
}

// WrittenMail is a mail with what email.created says of it besides.
type WrittenMail struct {
	Mail
	Slug      string // of its template
	UserID    UserID // whose address it goes to; empty: nobody's that is known
	EmailID   EmailID
	Values    map[string]string // what its placeholders stand for
	Delivered bool              // by Usher; otherwise the customer sends it
}

// MailTemplate is what an operator wants otherwise of one of the mails that Usher
// sends. What is empty is as Usher has it. The names are those of the API, for the
// audit log.
type MailTemplate struct {
	Slug        string    `json:"slug"`
	Name        string    `json:"name"`
	Subject     string    `json:"subject"`
	Text        string    `json:"markup"`
	HTML        string    `json:"body"`
	FromName    string    `json:"from_email_name"`
	ReplyToName string    `json:"reply_to_email_name"`
	Withheld    bool      `json:"withheld"` // Usher does not send it: the customer does, by email.created
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Changed reports whether anything of the mail itself is otherwise.
func (t MailTemplate) Changed() bool {
	return t.Name != "" || t.Subject != "" || t.Text != "" || t.HTML != "" || t.FromName != "" || t.ReplyToName != ""
}
