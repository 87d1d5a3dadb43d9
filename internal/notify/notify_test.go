package notify_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/identity"
	"usher/internal/notify"
	"usher/internal/store"
)

func TestDeliver_SendsWhatIsDueOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.delivers(0)
		want := []identity.Mail{w.mail("one")}
		w.clock.Advance(time.Second)
		want = append(want, w.mail("two"))
		w.delivers(2)
		w.delivers(0)
		if diff := cmp.Diff(want, w.server.mails()); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}
		if n, _ := w.waiting(); n != 0 {
			t.Errorf("%d mails wait still", n)
		}
	})
}

// Threat T-OPS-13: the pause after a failure doubles, from ten seconds to an hour.
func TestDeliver_TriesAgainAfterAFailure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.server.set(true)
		w.mail("one")
		w.delivers(0)
		for _, pause := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
			w.clock.Advance(pause - time.Millisecond)
			tried := w.server.tried()
			w.delivers(0)
			if w.server.tried() != tried {
				t.Errorf("tried again before %s", pause)
			}
			w.clock.Advance(time.Millisecond)
			w.delivers(0)
			if w.server.tried() != tried+1 {
				t.Errorf("not tried again after %s", pause)
			}
		}
		w.server.set(false)
		w.clock.Advance(80*time.Second - time.Millisecond)
		w.delivers(0)
		w.clock.Advance(time.Millisecond)
		w.delivers(1)
	})
}

// One that fails does not hold up the others.
func TestDeliver_AFailureIsOneMailsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(func(tx *store.Tx) error {
			return tx.InsertOutbox(store.OutboxRow{
				ID: "mail_broken", Kind: store.OutboxMail, Payload: []byte("{"), NextAt: began, CreatedAt: began,
			})
		})
		w.clock.Advance(time.Second)
		w.mail("one")
		w.delivers(1)
		if n, why := w.waiting(); n != 1 || why == "" {
			t.Errorf("%d wait, the last failure was %q; want the broken one with its reason", n, why)
		}
	})
}

func TestDeliver_GivesUpAfterThreeDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.server.set(true)
		w.mail("old")
		for range 200 {
			w.delivers(0)
			w.clock.Advance(time.Hour)
			if !w.waits() {
				break
			}
		}
		if age := w.clock.Now().Sub(began); age < 72*time.Hour || age > 76*time.Hour {
			t.Errorf("given up after %s, want three days", age)
		}
	})
}

// Threat T-OPS-08: a node that dies between sending and noting it leaves the mail
// to the next, after its lease; nobody sends it twice before.
func TestDeliver_WhatADeadNodeHadIsSentAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.mail("one")
		ctx, kill := context.WithCancel(t.Context())
		dying := &server{hook: kill}
		if sent, err := w.node(dying).Deliver(ctx); err == nil {
			t.Fatalf("the dying node says that it sent %d", sent)
		}
		if got := dying.mails(); len(got) != 1 {
			t.Fatalf("the dying node sent %v", got)
		}
		w.delivers(0)
		w.clock.Advance(time.Minute - time.Millisecond)
		w.delivers(0)
		w.clock.Advance(time.Millisecond)
		w.delivers(1)
		if got := w.server.mails(); len(got) != 1 || got[0].ID != m.ID {
			t.Errorf("sent again: %+v, want the same mail", got)
		}
	})
}

// A server that takes its time with one mail holds up no other, and another node
// does not send that one too.
func TestDeliver_NodesDoNotSendTheSameMail(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const mails = 5
		for range mails {
			w.mail("many")
		}
		slow := &server{hook: func() {
			w.clock.Advance(30 * time.Second) // smtpTimeout
			w.delivers(mails - 1)
		}}
		if sent, err := w.node(slow).Deliver(t.Context()); sent != 1 || err != nil {
			t.Errorf("the slow node sent %d, %v", sent, err)
		}
		seen := map[identity.MailID]bool{}
		for _, m := range append(slow.mails(), w.server.mails()...) {
			seen[m.ID] = true
		}
		if len(seen) != mails {
			t.Errorf("%d different mails were sent, want %d", len(seen), mails)
		}
	})
}

func TestDeliver_TwoNodesAtOnceShareTheWork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const mails = 10
		for range mails {
			w.mail("many")
		}
		var wg sync.WaitGroup
		for _, n := range []*notify.Notifier{w.node(w.server), w.n} {
			wg.Go(func() {
				if _, err := n.Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := len(w.server.mails()); got != mails {
			t.Errorf("%d mails were sent, want %d", got, mails)
		}
	})
}

func TestRun_DeliversUntilItIsStopped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mail("one")
		ctx, stop := context.WithCancel(t.Context())
		w.server.hook = stop
		w.n.Run(ctx) // returns
		if len(w.server.mails()) != 1 {
			t.Error("nothing was sent")
		}
	})
}

func TestMailbox_KeepsMailForItsPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.mail("one")
		w.n.Send = &notify.Mailbox{DB: w.db}
		w.delivers(1)
		err := w.db.Read(t.Context(), func(tx *store.Tx) error {
			got, err := tx.MailboxMail(m.ID)
			if diff := cmp.Diff(m, got); diff != "" {
				t.Errorf("mail (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestHeld_MailWaitsForAServer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mail("one")
		w.n.Send = notify.Held{}
		w.delivers(0)
		w.n.Send = w.server
		w.clock.Advance(10 * time.Second)
		w.delivers(1)
	})
}
