// Package notify delivers what flows put into the outbox, mail, and the events of
// the database to webhook endpoints. Both are delivered after their transaction has
// committed, at least once, and tried again until they are old (threats T-OPS-08,
// T-OPS-13).
package notify

import (
	"context"
	"log/slog"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

// Sender sends a mail.
type Sender interface {
	Send(ctx context.Context, m identity.Mail) error
}

// Notifier empties the outbox.
type Notifier struct {
	DB   *store.DB
	Now  func() time.Time
	Send Sender
	Log  *slog.Logger
}

const (
	// lease is how long a node has for a mail before another takes it over: more
	// than smtpTimeout, so that a slow server does not get it twice.
	lease = time.Minute

	// firstRetry is the pause after the first failure; it doubles up to maxRetry.
	firstRetry = 10 * time.Second
	maxRetry   = time.Hour

	// giveUp is when a mail is too old to be worth sending. Codes have long
	// expired by then.
	giveUp = 3 * 24 * time.Hour

	// poll is how often the outbox is looked at.
	poll = 500 * time.Millisecond
)

// Run delivers until the context ends.
func (n *Notifier) Run(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := Survive(func() error { _, err := n.Deliver(ctx); return err })
		if err != nil && ctx.Err() == nil {
			n.Log.LogAttrs(ctx, slog.LevelError, "outbox", slog.String("cause", err.Error()))
		}
	}
}

// Deliver sends what is due, one mail after the other, and returns how many were
// sent. A failure of one is noted in its row; the error is trouble with the
// database.
func (n *Notifier) Deliver(ctx context.Context) (sent int, err error) {
	for {
		due, err := n.due(ctx)
		if err != nil || !due {
			return sent, err
		}
		var rows []store.OutboxRow
		err = n.DB.Write(ctx, func(tx *store.Tx) error {
			rows, err = tx.ClaimOutbox(n.Now(), lease, 1)
			return err
		})
		if err != nil || len(rows) == 0 { // another node was faster
			return sent, err
		}
		failure := Survive(func() error { return n.send(ctx, rows[0]) })
		if err := n.settle(ctx, rows[0], failure); err != nil {
			return sent, err
		}
		if failure == nil {
			sent++
		}
	}
}

// due looks without writing: most of the time there is nothing.
func (n *Notifier) due(ctx context.Context) (due bool, err error) {
	err = n.DB.Read(ctx, func(tx *store.Tx) error {
		due, err = tx.OutboxDue(n.Now())
		return err
	})
	return due, err
}

func (n *Notifier) send(ctx context.Context, row store.OutboxRow) error {
	m, err := row.Mail()
	if err != nil {
		return err
	}
	return n.Send.Send(ctx, m)
}

func (n *Notifier) settle(ctx context.Context, row store.OutboxRow, failure error) error {
	now := n.Now()
	return n.DB.Write(ctx, func(tx *store.Tx) error {
		if failure == nil {
			return tx.DoneOutbox(row.ID)
		}
		if now.Sub(row.CreatedAt) > giveUp {
			n.Log.LogAttrs(ctx, slog.LevelError, "mail given up", slog.String("mail_id", string(row.ID)))
			return tx.DoneOutbox(row.ID)
		}
		wait := min(maxRetry, firstRetry<<min(row.Tries-1, 10))
		return tx.RetryOutbox(row.ID, now.Add(wait), failure.Error())
	})
}
