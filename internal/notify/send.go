package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"

	"usher/internal/identity"
	"usher/internal/store"
)

// SMTP sends mail through a server, over TLS unless it is told otherwise.
type SMTP struct {
	Host      string
	Port      int
	Username  string // empty: no authentication
	Password  string
	From      string
	Plaintext bool // no TLS: only for a server on the same machine
}

// smtpTimeout is for one mail. Ours.
const smtpTimeout = 30 * time.Second

// portSMTPS speaks TLS from the start: RFC 8314, section 3.3.
const portSMTPS = 465

// Send sends a mail. Nothing in an address or subject can begin another field: line
// breaks are refused, and the library encodes the rest (threat T-WH-04).
func (s *SMTP) Send(ctx context.Context, m identity.Mail) error {
	for _, field := range []string{m.To, m.Subject, m.FromName, m.ReplyToName, string(m.ID)} {
		if strings.ContainsFunc(field, unicode.IsControl) {
			return errors.New("notify: a field of the header holds a control character")
		}
	}
	msg := mail.NewMsg()
	if err := s.address(msg, m); err != nil {
		return err
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(string(m.ID) + "@usher")
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	options := s.options()
	if s.Port != portSMTPS {
		// The library leaves a connection open on which TLS or the login failed.
		var opened net.Conn
		defer func() {
			if opened != nil {
				_ = opened.Close()
			}
		}()
		options = append(options, mail.WithDialContextFunc(func(ctx context.Context, network, address string) (conn net.Conn, err error) {
			opened, err = new(net.Dialer).DialContext(ctx, network, address)
			return opened, err
		}))
	}
	client, err := mail.NewClient(s.Host, options...)
	if err != nil {
		return fmt.Errorf("notify: mail server: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("notify: sending: %w", err)
	}
	return nil
}

// address fills in who a mail is from and to. A template's own names are at the
// domain of the configured sender.
func (s *SMTP) address(msg *mail.Msg, m identity.Mail) error {
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		return fmt.Errorf("notify: sender: %w", err)
	}
	domain := from.Address[strings.LastIndexByte(from.Address, '@'):]
	if m.FromName != "" {
		from.Address = m.FromName + domain
	}
	if err := msg.From(from.String()); err != nil {
		return fmt.Errorf("notify: sender: %w", err)
	}
	if m.ReplyToName != "" {
		if err := msg.ReplyTo(m.ReplyToName + domain); err != nil {
			return fmt.Errorf("notify: where answers go: %w", err)
		}
	}
	if err := msg.To(m.To); err != nil {
		return fmt.Errorf("notify: recipient: %w", err)
	}
	return nil
}

func (s *SMTP) options() []mail.Option {
	list := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(smtpTimeout)}
	switch {
	case s.Plaintext:
		list = append(list, mail.WithTLSPolicy(mail.NoTLS))
	case s.Port == portSMTPS:
		list = append(list, mail.WithSSL())
	default:
		list = append(list, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Username != "" {
		list = append(list, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
	}
	return list
}

// Mailbox keeps mail in the database, for the mailbox page of a development
// server.
type Mailbox struct{ DB *store.DB }

// Send puts a mail into the mailbox.
func (b *Mailbox) Send(ctx context.Context, m identity.Mail) error {
	return b.DB.Write(ctx, func(tx *store.Tx) error { return tx.InsertMailbox(m) })
}

// Held is for a deployment without a mail server: mail waits in the outbox.
type Held struct{}

// Send fails, so that the mail is tried again once there is a server.
func (Held) Send(context.Context, identity.Mail) error {
	return fmt.Errorf("notify: no mail server is configured (smtp_host)")
}
