package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"usher/internal/identity"
	"usher/internal/mail"
	"usher/internal/store"
)

// Caller makes a request to a customer's endpoint: guarded, without redirects, and
// done within webhookTimeout.
type Caller interface {
	Do(r *http.Request) (*http.Response, error)
}

// Webhooks delivers events to endpoints: at least once, those of one thing in
// their order, one request at a time to each endpoint, from one node at a time.
// An endpoint that is slow, hangs or fails costs only itself (threat T-WH-02).
type Webhooks struct {
	DB     *store.DB
	Now    func() time.Time
	Call   func() Caller // a caller that no two endpoints share
	Holder string        // names this process
	Log    *slog.Logger

	BaseURL string // the deployment's public origin, for mails

	mu   sync.Mutex
	busy map[identity.EndpointID]bool
	work sync.WaitGroup
}

const (
	// WebhookTimeout is for one request, answer included (threat T-WH-02).
	WebhookTimeout = 15 * time.Second

	// webhookLease is how long a node has for one delivery before another takes the
	// endpoint over: more than WebhookTimeout and what is written after it.
	webhookLease = 30 * time.Second

	// restAfter is after how many failures in a row an endpoint is left alone for a
	// while, whatever waits for it: firstRest, doubling up to maxRest. Ours.
	restAfter = 5
	firstRest = 30 * time.Second
	maxRest   = 15 * time.Minute

	// drainMost bounds how long one endpoint keeps a worker between two looks at
	// whether it may. Ours.
	drainMost = 1000
)

// retryPauses are the pauses before the second try of a delivery and those that
// follow: three days in all (threat T-WH-02). After the last it is given up.
func retryPauses() []time.Duration {
	return []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
		14 * time.Hour, 20 * time.Hour, 20*time.Hour + 25*time.Minute,
	}
}

// failingMost is how long an endpoint may fail without one success before it is
// switched off: as long as one delivery is tried.
func failingMost() (sum time.Duration) {
	for _, p := range retryPauses() {
		sum += p
	}
	return sum
}

// Run delivers until the context ends, and then waits for what is under way.
func (w *Webhooks) Run(ctx context.Context) {
	defer w.work.Wait()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := Survive(func() error { return w.Start(ctx) }); err != nil {
			w.failed(ctx, "", err)
		}
	}
}

// Start begins to deliver what is due, each endpoint in a goroutine of its own,
// and returns at once. Wait waits for them.
func (w *Webhooks) Start(ctx context.Context) error {
	var due []identity.EndpointID
	err := w.DB.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.EndpointsDue(w.Now())
		return err
	})
	for _, id := range due {
		if w.take(id) {
			w.work.Go(func() {
				defer w.leave(id)
				if err := Survive(func() error { return w.drain(ctx, id) }); err != nil {
					w.failed(ctx, id, err)
				}
			})
		}
	}
	return err
}

// Wait returns when nothing is being delivered. Nobody else may be at Start.
func (w *Webhooks) Wait() { w.work.Wait() }

func (w *Webhooks) take(id identity.EndpointID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy == nil {
		w.busy = map[identity.EndpointID]bool{}
	}
	if w.busy[id] {
		return false
	}
	w.busy[id] = true
	return true
}

func (w *Webhooks) leave(id identity.EndpointID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, id)
}

func (w *Webhooks) failed(ctx context.Context, id identity.EndpointID, err error) {
	if ctx.Err() == nil {
		w.Log.LogAttrs(ctx, slog.LevelError, "webhooks", slog.String("endpoint_id", string(id)), slog.String("cause", err.Error()))
	}
}

// parcel is all that one request needs.
type parcel struct {
	endpoint identity.Endpoint
	health   identity.EndpointHealth
	delivery identity.Delivery
	event    identity.Event
	instance identity.InstanceID
}

// next reads what to deliver; ok is false when there is nothing now.
func (w *Webhooks) next(ctx context.Context, id identity.EndpointID) (p parcel, ok bool, err error) {
	now := w.Now()
	err = w.DB.Read(ctx, func(tx *store.Tx) error {
		p = parcel{}
		if p.endpoint, err = tx.Endpoint(id); err != nil {
			return err
		}
		if p.health, err = tx.EndpointHealth(id); err != nil {
			return err
		}
		if !p.endpoint.DisabledAt.IsZero() || now.Before(p.health.RestUntil) {
			return store.ErrNotFound
		}
		if p.delivery, err = tx.NextDelivery(id, now); err != nil {
			return err
		}
		if p.event, err = tx.Event(p.delivery.EventID); err != nil {
			return err
		}
		in, err := tx.Instance()
		p.instance = in.ID
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return p, false, nil
	}
	return p, err == nil, err
}

// drain delivers to one endpoint until nothing is due, it rests, or another node
// has it.
func (w *Webhooks) drain(ctx context.Context, id identity.EndpointID) error {
	if _, ok, err := w.next(ctx, id); err != nil || !ok { // most of what seems due waits for its turn
		return err
	}
	lease := store.Lease{Endpoint: id, Holder: w.Holder}
	mine := false
	err := w.DB.Write(ctx, func(tx *store.Tx) (err error) {
		now := w.Now()
		mine, err = tx.TakeEndpoint(lease, now, now.Add(webhookLease))
		return err
	})
	if err != nil || !mine {
		return err
	}
	call := w.Call()
	for range drainMost {
		p, ok, err := w.next(ctx, id)
		if err != nil || !ok {
			return errors.Join(err, w.release(ctx, lease))
		}
		try := w.send(ctx, call, p)
		if ctx.Err() != nil { // we are stopped: it is not the endpoint's failure
			return w.release(ctx, lease)
		}
		if mine, err = w.settle(ctx, lease, p, try); err != nil || !mine {
			return err
		}
	}
	return w.release(ctx, lease)
}

func (w *Webhooks) release(ctx context.Context, l store.Lease) error {
	return w.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.LeaveEndpoint(l) })
}

// settle notes what a try came to, and reports whether the node still has the
// endpoint. If it was too slow for its lease, another node does the delivery.
func (w *Webhooks) settle(ctx context.Context, l store.Lease, p parcel, try identity.DeliveryTry) (mine bool, err error) {
	ctx = identity.WithActor(ctx, identity.Actor{Kind: identity.ActorSystem, ID: "webhooks"})
	off := false
	err = w.DB.Write(ctx, func(tx *store.Tx) error {
		off = false
		now := w.Now()
		mine, err = tx.TakeEndpoint(l, now, now.Add(webhookLease))
		if err != nil || !mine {
			return err
		}
		if p, err = refreshed(tx, p); err != nil {
			return err
		}
		d, h := judge(p, try, now)
		if _, err := tx.PutEndpointHealth(l, h); err != nil {
			return err
		}
		changed, err := tx.UpdateDelivery(d)
		if err != nil || !changed { // deleted meanwhile, with the person whom it told of
			return err
		}
		if err := tx.InsertDeliveryTry(try); err != nil {
			return err
		}
		off = p.endpoint.DisabledAt.IsZero() && !h.FailingSince.IsZero() && now.Sub(h.FailingSince) >= failingMost()
		if !off {
			return nil
		}
		return w.switchOff(tx, p, now)
	})
	if off && err == nil {
		w.Log.LogAttrs(ctx, slog.LevelError, "webhook endpoint switched off", slog.String("endpoint_id", string(l.Endpoint)))
	}
	return mine && !off, err
}

// refreshed is the parcel with the endpoint and its health as they are now: an
// administrator may have changed them while the request was under way.
func refreshed(tx *store.Tx, p parcel) (parcel, error) {
	var err error
	if p.health, err = tx.EndpointHealth(p.endpoint.ID); err != nil {
		return p, err
	}
	p.endpoint, err = tx.Endpoint(p.endpoint.ID)
	return p, err
}

// judge says what becomes of the delivery and of the endpoint after a try.
func judge(p parcel, try identity.DeliveryTry, now time.Time) (identity.Delivery, identity.EndpointHealth) {
	d, h := p.delivery, p.health
	d.Tries++
	if try.Failure == "" {
		d.Status, d.FinishedAt = identity.Delivered, now
		return d, identity.EndpointHealth{LastSuccessAt: now, LastFailureAt: h.LastFailureAt}
	}
	if pauses := retryPauses(); d.Tries <= len(pauses) {
		d.NextAt = now.Add(pauses[d.Tries-1])
	} else {
		d.Status, d.FinishedAt = identity.DeliveryFailed, now
	}
	h.Failures++
	h.LastFailureAt = now
	if h.FailingSince.IsZero() {
		h.FailingSince = now
	}
	if h.Failures >= restAfter {
		h.RestUntil = now.Add(min(maxRest, firstRest<<min(h.Failures-restAfter, 10)))
	}
	return d, h
}

// switchOff stops deliveries to an endpoint that has failed for too long and tells
// its contacts.
func (w *Webhooks) switchOff(tx *store.Tx, p parcel, now time.Time) error {
	e := p.endpoint
	e.DisabledAt, e.DisabledBecause, e.UpdatedAt = now, identity.DisabledFailing, now
	if err := tx.UpdateEndpoint(e); err != nil {
		return err
	}
	if err := tx.StopDeliveries(e.ID, now); err != nil {
		return err
	}
	if err := tx.Audit(identity.AuditEntry{At: now, Action: "webhook_endpoint.disabled", Subject: string(e.ID)}); err != nil {
		return err
	}
	for _, to := range e.Contacts {
		if err := mail.Write(tx, w.switchedOffMail(to, e), now); err != nil {
			return err
		}
	}
	return nil
}
