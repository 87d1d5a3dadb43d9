package mail

import (
	"fmt"
	"maps"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

// Letter is one mail to be written.
type Letter struct {
	Slug    string
	To      identity.Email
	UserID  identity.UserID  // whose address that is; empty: nobody's that is known
	EmailID identity.EmailID // of the address, likewise
	BaseURL string           // the deployment's public origin
	Values  map[string]string
}

// Write writes a mail into the outbox, unless the operator wants the customer to
// send it, and the event email.created, which says all of it, in the transaction of
// its cause.
func Write(tx *store.Tx, l Letter, now time.Time) error {
	t, ok := Find(l.Slug)
	if !ok {
		return fmt.Errorf("mail: no template is called %q", l.Slug)
	}
	in, err := tx.Instance()
	if err != nil {
		return err
	}
	o, err := tx.MailTemplate(l.Slug)
	if store.Optional(err) != nil {
		return err
	}
	values := map[string]string{"app.name": in.Settings.ApplicationName, "app.url": l.BaseURL}
	maps.Copy(values, l.Values)
	w := t.Words(o).Fill(values)
	m := identity.Mail{
		ID: identity.NewID[identity.MailID](now), To: string(l.To), Subject: w.Subject, Text: w.Text, HTML: w.HTML,
		FromName: o.FromName, ReplyToName: o.ReplyToName, CreatedAt: now,
	}
	if !o.Withheld {
		if err := tx.InsertMailOutbox(m); err != nil {
			return err
		}
	}
	return tx.Record(identity.Event{
		Type: identity.EmailCreated, Subject: string(m.ID), UserID: l.UserID,
		Mail: &identity.WrittenMail{Mail: m, Slug: l.Slug, UserID: l.UserID, EmailID: l.EmailID, Values: values, Delivered: !o.Withheld},
	})
}
