package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/identity"
)

// OutboxKind says what a row of the outbox is.
type OutboxKind string

// OutboxMail is a mail to send.
const OutboxMail OutboxKind = "mail"

// OutboxRow is something to be done after a commit, at least once.
type OutboxRow struct {
	ID        identity.MailID
	Kind      OutboxKind
	Payload   []byte // sealed at rest
	NextAt    time.Time
	Tries     int // that began, this one included
	LastError string
	CreatedAt time.Time
}

// Mail reads the payload of a mail.
func (r OutboxRow) Mail() (m identity.Mail, err error) {
	if r.Kind != OutboxMail {
		return m, fmt.Errorf("store: outbox row %s is a %q, not a mail", r.ID, r.Kind)
	}
	err = json.Unmarshal(r.Payload, &m)
	return m, err
}

// InsertMailOutbox adds a mail to be sent.
func (tx *Tx) InsertMailOutbox(m identity.Mail) error {
	payload, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return tx.InsertOutbox(OutboxRow{
		ID: m.ID, Kind: OutboxMail, Payload: payload, NextAt: m.CreatedAt, CreatedAt: m.CreatedAt,
	})
}

// InsertOutbox adds something to be done from NextAt on.
func (tx *Tx) InsertOutbox(r OutboxRow) error {
	sealed, err := tx.db.keys.Seal("outbox", "payload", string(r.ID), r.Payload)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO outbox (id, kind, payload, next_at, tries, last_error, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.Kind, sealed, ms(r.NextAt), r.Tries, r.LastError, ms(r.CreatedAt))
	return err
}

// ClaimOutbox takes up to limit rows that are due, the oldest first. Nobody else
// gets them for the time of the lease; after that they come again, unless
// DoneOutbox or RetryOutbox was called.
func (tx *Tx) ClaimOutbox(now time.Time, lease time.Duration, limit int) ([]OutboxRow, error) {
	rows, err := all(tx, func(row scanner) (r OutboxRow, err error) {
		var sealed string
		if err := row.Scan(&r.ID, oneOf(&r.Kind, OutboxMail), &sealed, (*milliseconds)(&r.NextAt), &r.Tries,
			&r.LastError, (*milliseconds)(&r.CreatedAt)); err != nil {
			return r, err
		}
		r.Payload, err = tx.db.keys.Open("outbox", "payload", string(r.ID), sealed)
		return r, err
	}, `
		UPDATE outbox SET next_at = $2, tries = tries + 1
		WHERE id IN (SELECT id FROM outbox WHERE next_at <= $1 ORDER BY next_at, id LIMIT $3)
		RETURNING id, kind, payload, next_at, tries, last_error, created_at`,
		ms(now), ms(now.Add(lease)), limit)
	slices.SortFunc(rows, func(a, b OutboxRow) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return rows, err
}

// DoneOutbox removes a row that was dealt with.
func (tx *Tx) DoneOutbox(id identity.MailID) error {
	_, err := tx.exec(`DELETE FROM outbox WHERE id = $1`, id)
	return err
}

// RetryOutbox says when to try a row again and why that is necessary.
func (tx *Tx) RetryOutbox(id identity.MailID, nextAt time.Time, lastError string) error {
	_, err := tx.exec(`UPDATE outbox SET next_at = $2, last_error = $3 WHERE id = $1`, id, ms(nextAt), lastError)
	return err
}

const mailboxColumns = `id, recipient, subject, text_body, html_body, created_at`

func scanMail(row scanner) (m identity.Mail, err error) {
	err = row.Scan(&m.ID, &m.To, &m.Subject, &m.Text, &m.HTML, (*milliseconds)(&m.CreatedAt))
	return m, err
}

// InsertMailbox puts a mail into the development mailbox instead of sending it.
func (tx *Tx) InsertMailbox(m identity.Mail) error {
	_, err := tx.exec(`
		INSERT INTO mailbox (id, recipient, subject, text_body, html_body, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
		m.ID, m.To, m.Subject, m.Text, m.HTML, ms(m.CreatedAt))
	return err
}

// Mailbox lists the mails of the development mailbox, the newest first.
func (tx *Tx) Mailbox(p Page) ([]identity.Mail, int, error) {
	return find(tx, search{from: "mailbox", order: "created_at DESC, id DESC"}, mailboxColumns, scanMail, p)
}

// MailboxMail returns a mail of the development mailbox.
func (tx *Tx) MailboxMail(id identity.MailID) (identity.Mail, error) {
	return one(tx, scanMail, `SELECT `+mailboxColumns+` FROM mailbox WHERE id = $1`, id)
}

// OutboxDue reports whether anything is to be done by now, without taking it.
func (tx *Tx) OutboxDue(now time.Time) (bool, error) {
	return one(tx, scanBool, `SELECT EXISTS (SELECT 1 FROM outbox WHERE next_at <= $1)`, ms(now))
}
