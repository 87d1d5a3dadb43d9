package notify_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/notify"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var began = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// server is a mail server that may be down.
type server struct {
	mu   sync.Mutex
	down bool
	asks int
	got  []identity.Mail
	hook func() // called while a mail is being sent
}

var errDown = errors.New("mail server down")

// Send takes a mail.
func (s *server) Send(_ context.Context, m identity.Mail) error {
	if s.hook != nil {
		s.hook()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks++
	if s.down {
		return errDown
	}
	s.got = append(s.got, m)
	return nil
}

func (s *server) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// tried is how often a mail was to be sent.
func (s *server) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asks
}

func (s *server) mails() []identity.Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]identity.Mail(nil), s.got...)
}

// world is an outbox and a mail server.
type world struct {
	testing.TB
	db     *store.DB
	clock  *storetest.Clock
	server *server
	n      *notify.Notifier
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := &world{TB: t, db: db, clock: storetest.NewClock(began), server: &server{}}
		w.n = w.node(w.server)
		test(t, w)
	})
}

// node is a notifier of another process on the same database.
func (w *world) node(s notify.Sender) *notify.Notifier {
	return &notify.Notifier{DB: w.db, Now: w.clock.Now, Send: s, Log: slog.New(slog.DiscardHandler)}
}

func (w *world) write(f func(*store.Tx) error) {
	w.Helper()
	storetest.Write(w, w.db, f)
}

// mail puts one into the outbox.
func (w *world) mail(subject string) identity.Mail {
	w.Helper()
	m := identity.Mail{
		ID: identity.NewID[identity.MailID](w.clock.Now()), To: "ada@acme.test", Subject: subject, Text: "Hello.", CreatedAt: w.clock.Now(),
	}
	w.write(func(tx *store.Tx) error { return tx.InsertMailOutbox(m) })
	return m
}

// delivers checks how many mails a run sends.
func (w *world) delivers(want int) {
	w.Helper()
	got, err := w.n.Deliver(w.Context())
	if err != nil || got != want {
		w.Errorf("after %s: sent %d, %v; want %d", w.clock.Now().Sub(began), got, err, want)
	}
}

// waits reports whether any mail is in the outbox.
func (w *world) waits() (waits bool) {
	w.Helper()
	err := w.db.Read(w.Context(), func(tx *store.Tx) (err error) {
		waits, err = tx.OutboxDue(w.clock.Now().Add(1000 * time.Hour))
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return waits
}

// waiting is how many mails are in the outbox, and what the last failure was. It
// takes them.
func (w *world) waiting() (n int, lastError string) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		rows, err := tx.ClaimOutbox(w.clock.Now().Add(1000*time.Hour), 1000*time.Hour, 1000)
		if n = len(rows); n > 0 {
			lastError = rows[n-1].LastError
		}
		return err
	})
	return n, lastError
}
