package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/notify"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// signature is what Standard Webhooks wants, made without the code under test.
func signature(t *testing.T, secret string, r received) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, r.id+"."+r.timestamp+"."+r.body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Threat T-WH-01.
func TestWebhooks_AreSignedOverIDTimeAndBody(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		h.user("user_1")
		h.round()
		got := r.take()
		if len(got) != 1 {
			t.Fatalf("got %d deliveries, want 1", len(got))
		}
		body := fmt.Sprintf(`{"data":{"id":"user_1"},"instance_id":"ins_1","object":"event","timestamp":%d,"type":"user.created"}`, began.UnixMilli())
		if got[0].body != body {
			t.Errorf("body: got %s, want %s", got[0].body, body)
		}
		if want := signature(t, secretOf(1), got[0]); got[0].signature != want {
			t.Errorf("signature: got %s, want %s", got[0].signature, want)
		}
		if got[0].timestamp != fmt.Sprint(began.Unix()) || !strings.HasPrefix(got[0].id, "msg_") {
			t.Errorf("id %q and time %q", got[0].id, got[0].timestamp)
		}
		h.round()
		if again := r.take(); len(again) != 0 {
			t.Errorf("delivered again: %s", whats(again))
		}
	})
}

// Threat T-WH-01: the receiver knows a repetition by its id, and refuses an old time.
func TestWebhooks_KeepTheIDAndRenewTheTimeAtEachTry(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		r.set(status(http.StatusInternalServerError))
		h.user("user_1")
		h.round()
		h.clock.Advance(5*time.Second - time.Millisecond)
		h.round()
		if got := r.take(); len(got) != 1 {
			t.Fatalf("tried %d times before its pause was over", len(got))
		}
		h.clock.Advance(time.Millisecond)
		r.set(nil)
		h.round()
		again := r.take()
		d := h.deliveries(r)[0]
		if len(again) != 1 || again[0].id != string(d.EventID) || again[0].timestamp != fmt.Sprint(h.clock.Now().Unix()) {
			t.Errorf("the second try: %+v, want the id %s and the time %d", again, d.EventID, h.clock.Now().Unix())
		}
		if d.Status != identity.Delivered || d.Tries != 2 {
			t.Errorf("the delivery is %s after %d tries", d.Status, d.Tries)
		}
		log := h.tries(d.ID)
		if len(log) != 2 || log[0].Code != 500 || log[0].Failure == "" || log[1].Code != 204 || log[1].Failure != "" {
			t.Errorf("the delivery log: %+v", log)
		}
	})
}

func TestWebhooks_GoOnlyToWhoAsked(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		all, updates := h.endpoint(1), h.endpoint(2, identity.UserUpdated)
		off := h.endpoint(3)
		e := *off.Endpoint
		e.DisabledAt = began
		h.write(func(tx *store.Tx) error { return tx.UpdateEndpoint(e) })
		h.user("user_1")
		h.change("user_1")
		h.round()
		if got := whats(all.take()); got != "user.created user_1, user.updated user_1" {
			t.Errorf("to the endpoint for all: %s", got)
		}
		if got := whats(updates.take()); got != "user.updated user_1" {
			t.Errorf("to the endpoint for changes: %s", got)
		}
		if got := whats(off.take()); got != "" {
			t.Errorf("to the endpoint that is off: %s", got)
		}
	})
}

// What happened to one thing arrives in order, also when the first is refused;
// other things do not wait for it.
func TestWebhooks_KeepTheOrderOfOneThing(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		r.set(func(w http.ResponseWriter, _ *http.Request) {
			if whats(r.got[len(r.got)-1:]) == "user.created user_1" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		h.user("user_1")
		h.change("user_1")
		h.clock.Advance(time.Millisecond)
		h.user("user_2")
		h.round()
		if got := whats(r.take()); got != "user.created user_1, user.created user_2" {
			t.Errorf("first: %s", got)
		}
		r.set(nil)
		h.clock.Advance(5 * time.Second)
		h.round()
		if got := whats(r.take()); got != "user.created user_1, user.updated user_1" {
			t.Errorf("then: %s", got)
		}
	})
}

// Threat T-WH-02: while one endpoint hangs, another gets everything.
func TestWebhooks_AHangingEndpointHoldsNobodyUp(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		hangs, works := h.endpoint(1), h.endpoint(2)
		arrived, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		hangs.set(func(http.ResponseWriter, *http.Request) { once.Do(func() { close(arrived) }); <-release })
		for _, id := range []identity.UserID{"user_1", "user_2", "user_3"} {
			h.user(id)
		}
		done := make(chan struct{})
		works.set(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			if len(works.got) == 3 {
				close(done)
			}
		})
		if err := h.node.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-arrived
		<-done
		if err := h.node.Start(t.Context()); err != nil { // a busy endpoint gets no second worker
			t.Fatal(err)
		}
		hangs.mu.Lock()
		n := len(hangs.got)
		hangs.mu.Unlock()
		if n != 1 {
			t.Errorf("the hanging endpoint was asked %d times at once", n)
		}
		close(release)
		h.node.Wait()
	})
}

// Threat T-WH-02: what is no plain 2xx is a failure, is not followed, and is read
// no further than it is of use.
func TestWebhooks_AnEndpointThatLiesHasFailed(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		elsewhere := h.endpoint(9, identity.DomainCreated)
		for name, answer := range map[string]http.HandlerFunc{
			"redirects": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
			"redirects the body too": func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			},
			"answers without end": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadGateway)
				for {
					if _, err := io.WriteString(w, strings.Repeat("\x00spam", 1000)); err != nil {
						return
					}
				}
			},
			"breaks off": func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err == nil {
					c.Close()
				}
			},
		} {
			r := h.endpoint(1)
			r.set(answer)
			h.user(identity.UserID("user_" + name))
			h.round()
			d := h.deliveries(r)[0]
			log := h.tries(d.ID)
			if d.Status != identity.DeliveryWaiting || len(log) != 1 || log[0].Failure == "" {
				t.Errorf("%s: %s, %+v", name, d.Status, log)
				continue
			}
			if len(log[0].Answer) > 2048 || strings.Contains(log[0].Answer, "\x00") {
				t.Errorf("%s: the log keeps %d bytes", name, len(log[0].Answer))
			}
			if strings.Contains(log[0].Failure, r.URL) {
				t.Errorf("%s: the log quotes the URL: %s", name, log[0].Failure)
			}
			h.write(func(tx *store.Tx) error { _, err := tx.DeleteEndpoint(r.ID); return err })
		}
		if got := elsewhere.take(); len(got) != 0 {
			t.Errorf("a redirect was followed: %s", whats(got))
		}
	})
}

// Threat T-WH-02: three days without one success, and the endpoint is switched off
// with a mail; other endpoints notice nothing.
func TestWebhooks_AnEndpointThatFailsForThreeDaysIsSwitchedOff(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		bad, good := h.endpoint(1), h.endpoint(2)
		bad.set(status(http.StatusInternalServerError))
		h.user("user_1")
		tries := 0
		for h.clock.Now().Sub(began) < 100*time.Hour && h.reload(bad).DisabledAt.IsZero() {
			h.round()
			tries += len(bad.take())
			h.clock.Advance(time.Minute)
		}
		e := h.reload(bad)
		if after := e.DisabledAt.Sub(began); after < 72*time.Hour || after > 73*time.Hour || e.DisabledBecause != identity.DisabledFailing {
			t.Errorf("switched off after %s because %q, want three days", after, e.DisabledBecause)
		}
		if tries != 10 {
			t.Errorf("tried %d times, want 10", tries)
		}
		if d := h.deliveries(bad)[0]; d.Status != identity.DeliveryFailed {
			t.Errorf("the delivery is %s", d.Status)
		}
		if got := whats(good.take()); got != "user.created user_1" {
			t.Errorf("to the other endpoint: %s", got)
		}
		mails := storetest.Get(t, h.db, func(tx *store.Tx) (bool, error) { return tx.OutboxDue(h.clock.Now()) })
		h.delivers(1)
		if got := h.server.mails(); !mails || len(got) != 1 || got[0].To != "ops@customer.test" || !strings.Contains(got[0].Text, string(bad.ID)) || strings.Contains(got[0].Text, "/hook") {
			t.Errorf("mail: %+v", got)
		}
		lines := storetest.Get(t, h.db, func(tx *store.Tx) ([]identity.AuditEntry, error) {
			list, _, err := tx.AuditLog(store.AuditFilter{Action: "webhook_endpoint.disabled"}, store.Page{})
			return list, err
		})
		if len(lines) != 1 || lines[0].Actor.Kind != identity.ActorSystem || lines[0].Subject != string(bad.ID) {
			t.Errorf("audit log: %+v", lines)
		}
		h.user("user_2")
		h.round()
		if got := whats(bad.take()); got != "" {
			t.Errorf("to the endpoint that is off: %s", got)
		}
	})
}

// What an administrator changes while the last try is under way stays: an endpoint
// is switched off as it is then, and one whose failures were forgiven, or that was
// switched off by hand meanwhile, is left alone.
func TestWebhooks_TheLastFailureUndoesNoChange(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*store.Tx, identity.Endpoint) error
		off    string
	}{
		"another secret": {func(tx *store.Tx, e identity.Endpoint) error {
			e.Secret.Current = secretOf(7)
			return tx.UpdateEndpoint(e)
		}, identity.DisabledFailing},
		"switched off by hand": {func(tx *store.Tx, e identity.Endpoint) error {
			e.Secret.Current, e.DisabledAt, e.DisabledBecause = secretOf(7), began, "asked for"
			return tx.UpdateEndpoint(e)
		}, "asked for"},
		"forgiven": {func(tx *store.Tx, e identity.Endpoint) error {
			e.Secret.Current = secretOf(7)
			if err := tx.UpdateEndpoint(e); err != nil {
				return err
			}
			return tx.ForgiveEndpoint(e.ID)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachHooks(t, func(t *testing.T, h *hooks) {
				r := h.endpoint(1)
				r.set(status(http.StatusInternalServerError))
				h.user("user_1")
				h.round()
				h.clock.Advance(73 * time.Hour)
				r.set(func(w http.ResponseWriter, _ *http.Request) {
					if err := h.db.Write(context.Background(), func(tx *store.Tx) error { return test.change(tx, *r.Endpoint) }); err != nil {
						t.Error(err)
					}
					w.WriteHeader(http.StatusInternalServerError)
				})
				h.round()
				if e := h.reload(r); e.Secret.Current != secretOf(7) || e.DisabledBecause != test.off {
					t.Errorf("the endpoint is off because %q, want %q; its new secret stays: %v", e.DisabledBecause, test.off, e.Secret.Current == secretOf(7))
				}
			})
		})
	}
}

// One event that an endpoint chokes on is given up; the endpoint goes on.
func TestWebhooks_OneBadEventDoesNotSwitchAnEndpointOff(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		r.set(func(w http.ResponseWriter, _ *http.Request) {
			if strings.HasSuffix(whats(r.got[len(r.got)-1:]), "user_poison") {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		h.user("user_poison")
		for i := 0; h.clock.Now().Sub(began) < 80*time.Hour; i++ {
			if i%10 == 0 {
				h.user(identity.UserID(fmt.Sprint("user_", i)))
			}
			h.round()
			h.clock.Advance(15 * time.Minute)
		}
		if e := h.reload(r); !e.DisabledAt.IsZero() {
			t.Errorf("switched off because %q", e.DisabledBecause)
		}
		failed := 0
		for _, d := range h.deliveries(r) {
			if d.Status == identity.DeliveryFailed {
				failed++
			}
		}
		if failed != 1 {
			t.Errorf("%d deliveries were given up, want the one", failed)
		}
	})
}

// After five failures in a row nothing is tried for a while, whatever waits.
func TestWebhooks_AnEndpointThatFailsRests(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		r.set(status(http.StatusInternalServerError))
		for i := range 20 {
			h.user(identity.UserID(fmt.Sprint("user_", i)))
		}
		h.round()
		if n := len(r.take()); n != 5 {
			t.Errorf("asked %d times, want 5", n)
		}
		h.clock.Advance(30*time.Second - time.Millisecond)
		h.round()
		if n := len(r.take()); n != 0 {
			t.Errorf("asked %d times while it rests", n)
		}
		r.set(nil)
		h.clock.Advance(time.Millisecond)
		h.round()
		if n := len(r.take()); n != 20 {
			t.Errorf("asked %d times after its rest, want 20", n)
		}
		if got := h.health(r); got.Failures != 0 || !got.FailingSince.IsZero() || !got.RestUntil.IsZero() || !got.LastSuccessAt.Equal(h.clock.Now()) {
			t.Errorf("health: %+v", got)
		}
	})
}

// Threat T-WH-03: two signatures for a day, then only the new one.
func TestWebhooks_TwoSecretsSignForADay(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		e := *r.Endpoint
		e.Secret = identity.EndpointSecret{Current: secretOf(2), Old: secretOf(1), OldUntil: began.Add(24 * time.Hour)}
		h.write(func(tx *store.Tx) error { return tx.UpdateEndpoint(e) })
		h.clock.Advance(24*time.Hour - time.Millisecond)
		h.user("user_1")
		h.round()
		h.clock.Advance(time.Millisecond)
		h.user("user_2")
		h.round()
		got := r.take()
		if len(got) != 2 {
			t.Fatalf("got %d deliveries", len(got))
		}
		if want := signature(t, secretOf(2), got[0]) + " " + signature(t, secretOf(1), got[0]); got[0].signature != want {
			t.Errorf("within the day: got %s, want %s", got[0].signature, want)
		}
		if want := signature(t, secretOf(2), got[1]); got[1].signature != want {
			t.Errorf("after it: got %s, want %s", got[1].signature, want)
		}
	})
}

// Threat T-OPS-08: what a node had in hand when it died is delivered by another
// after its lease, under the same id; nobody delivers it before.
func TestWebhooks_WhatADeadNodeHadIsDeliveredAgain(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		h.user("user_1")
		h.clock.Advance(time.Millisecond)
		h.user("user_2")
		h.write(func(tx *store.Tx) error { // it died after it took the endpoint, and maybe after it delivered
			ok, err := tx.TakeEndpoint(store.Lease{Endpoint: r.ID, Holder: "dead"}, began, began.Add(30*time.Second))
			if !ok {
				t.Error("the endpoint was not free")
			}
			return err
		})
		h.clock.Advance(30*time.Second - 2*time.Millisecond)
		h.round()
		if got := r.take(); len(got) != 0 {
			t.Errorf("within its lease: %s", whats(got))
		}
		h.clock.Advance(time.Millisecond)
		h.round()
		if got := whats(r.take()); got != "user.created user_1, user.created user_2" {
			t.Errorf("after its lease: %s", got)
		}
	})
}

// A node that is stopped while it delivers gives its endpoint back at once.
func TestWebhooks_AStoppedNodeLeavesItsEndpoint(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		ctx, stop := context.WithCancel(t.Context())
		r.set(func(_ http.ResponseWriter, req *http.Request) { stop(); <-req.Context().Done() })
		h.user("user_1")
		h.node.Run(ctx) // returns
		r.set(nil)
		first := r.take()
		if err := h.other("two", h.db).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := h.other("three", h.db)
		for range 1000 { // until the second node is through
			if err := second.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			second.Wait()
			if h.deliveries(r)[0].Status == identity.Delivered {
				break
			}
		}
		if d := h.deliveries(r)[0]; d.Status != identity.Delivered || d.Tries != 1 {
			t.Errorf("the delivery is %s after %d tries: stopping is not the endpoint's failure", d.Status, d.Tries)
		}
		if got := r.take(); len(first) != 1 || len(got) != 1 || first[0].id != got[0].id {
			t.Errorf("first %s, then %s", whats(first), whats(got))
		}
	})
}

// Threat T-OPS-15: two nodes at once deliver everything once, in order.
func TestWebhooks_TwoNodesShareTheWork(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		receivers := []*receiver{h.endpoint(1), h.endpoint(2), h.endpoint(3)}
		want := ""
		for i := range 5 {
			id := identity.UserID(fmt.Sprint("user_", i))
			h.user(id)
			h.change(id)
			want += fmt.Sprintf(", user.created %s, user.updated %s", id, id)
			h.clock.Advance(time.Millisecond)
		}
		two := h.other("two", h.db)
		var wg sync.WaitGroup
		for _, node := range []*notify.Webhooks{h.node, two} {
			wg.Go(func() {
				for range 3 { // while what the round before began is under way
					if err := node.Start(t.Context()); err != nil {
						t.Error(err)
					}
				}
				node.Wait()
			})
		}
		wg.Wait()
		h.round()
		for i, r := range receivers {
			if got := whats(r.take()); ", "+got != want {
				t.Errorf("endpoint %d got %s, want %s", i, got, want)
			}
		}
	})
}

// Threat T-SEC-12: what events tell of a person goes with the person.
func TestWebhooks_ADeletedPersonIsToldOfByIDOnly(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		r := h.endpoint(1)
		h.user("user_1")
		h.change("user_1")
		h.write(func(tx *store.Tx) error { _, err := tx.DeleteUser("user_1"); return err })
		h.round()
		if got := whats(r.take()); got != "user.deleted user_1" {
			t.Errorf("delivered: %s", got)
		}
	})
}
