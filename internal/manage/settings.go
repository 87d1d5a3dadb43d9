package manage

import (
	"context"

	"usher/internal/identity"
	"usher/internal/store"
)

// Settings reads the deployment's settings.
func (s *Service) Settings(ctx context.Context) (settings identity.Settings, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		settings = in.Settings
		return err
	})
	return settings, err
}

// PrimaryEmail is the address that a person is known by; empty if there is none.
func (s *Service) PrimaryEmail(ctx context.Context, u identity.User) (email identity.Email, err error) {
	if u.PrimaryEmailID == "" {
		return "", nil
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		e, err := tx.EmailAddress(u.PrimaryEmailID)
		email = e.Address
		return ignoreMissing(err)
	})
	return email, err
}

// Mailbox lists the mail of the development mailbox, newest first.
func (s *Service) Mailbox(ctx context.Context, p store.Page) (mails []identity.Mail, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		mails, total, err = tx.Mailbox(p)
		return err
	})
	return mails, total, err
}

// MailboxMail reads a mail of the development mailbox.
func (s *Service) MailboxMail(ctx context.Context, id identity.MailID) (m identity.Mail, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		m, err = tx.MailboxMail(id)
		return err
	})
	return m, err
}
