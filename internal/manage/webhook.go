package manage

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// EndpointChange is what a caller gave to create or change a webhook endpoint. Nil
// leaves a field as it is.
type EndpointChange struct {
	URL         *string
	Description *string
	Types       *[]string // empty: all events
	Contacts    *[]string // addresses of those who are told when it is switched off
	Disabled    *bool
}

// EndpointView is an endpoint with how deliveries to it have gone.
type EndpointView struct {
	identity.Endpoint
	Health identity.EndpointHealth
	Counts store.DeliveryCounts // of events of the last day
}

// DeliveryView is a delivery with its event and its requests.
type DeliveryView struct {
	identity.Delivery
	Event identity.Event
	Tries []identity.DeliveryTry
}

// Limits of webhook endpoints. Ours.
const (
	maxEndpoints           = 50
	maxEndpointURL         = 2048 // bytes
	maxEndpointDescription = 256  // characters
	maxContacts            = 5
	endpointSecretBytes    = 32             // Standard Webhooks wants 24 to 64
	secretOverlap          = 24 * time.Hour // for which two secrets sign: threat T-WH-03
	healthWindow           = 24 * time.Hour

	// replayBatch is how many missed events one transaction of a replay takes up, and
	// replayMost how many all do.
	replayBatch = 500
	replayMost  = 100_000
)

// newEndpointSecret makes a secret as Standard Webhooks writes it.
func newEndpointSecret() string {
	b := make([]byte, endpointSecretBytes)
	rand.Read(b)
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}

// CreateEndpoint makes a webhook endpoint. Its secret is in the answer, this once.
func (s *Service) CreateEndpoint(ctx context.Context, ch EndpointChange) (EndpointView, error) {
	now := s.Now()
	e := identity.Endpoint{
		ID: identity.NewID[identity.EndpointID](now), CreatedAt: now, UpdatedAt: now,
		Secret: identity.EndpointSecret{Current: newEndpointSecret()},
	}
	if ch.URL == nil {
		ch.URL = new(string)
	}
	if err := s.applyEndpoint(&e, ch); err != nil {
		return EndpointView{}, err
	}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		held, err := tx.Endpoints()
		if err != nil {
			return err
		}
		if len(held) >= maxEndpoints {
			return fault.New(fault.FormParamArraySize, "param_name", "endpoints", "max_items", maxEndpoints)
		}
		if err := tx.InsertEndpoint(e); err != nil {
			return err
		}
		return s.auditEndpoint(tx, "webhook_endpoint.created", e)
	})
	return EndpointView{Endpoint: e}, err
}

// auditEndpoint writes what became of an endpoint into the audit log: of its URL,
// which may hold a secret, the host only.
func (s *Service) auditEndpoint(tx *store.Tx, action string, e identity.Endpoint) error {
	return s.audit(tx, identity.AuditEntry{Action: action, Subject: string(e.ID), Detail: map[string]string{"host": host(e.URL)}})
}

// applyEndpoint puts a change into an endpoint. All mistakes are reported.
func (s *Service) applyEndpoint(e *identity.Endpoint, ch EndpointChange) error {
	var errs []error
	if ch.URL != nil {
		e.URL = strings.TrimSpace(*ch.URL)
		errs = append(errs, s.checkEndpointURL(e.URL))
	}
	if ch.Description != nil {
		e.Description = strings.TrimSpace(*ch.Description)
		if utf8.RuneCountInString(e.Description) > maxEndpointDescription {
			errs = append(errs, fault.New(fault.FormParamMaxLength, "param_name", "description", "max_length", maxEndpointDescription))
		}
	}
	if ch.Types != nil {
		e.Types = nil
		for _, name := range *ch.Types {
			t := identity.EventType(name)
			if !slices.Contains(identity.EventTypes(), t) {
				errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "event_types"))
				break
			}
			if !slices.Contains(e.Types, t) {
				e.Types = append(e.Types, t)
			}
		}
	}
	if ch.Contacts != nil {
		contacts, err := parseContacts(*ch.Contacts)
		e.Contacts = contacts
		errs = append(errs, err)
	}
	if ch.Disabled != nil && *ch.Disabled != !e.DisabledAt.IsZero() {
		e.DisabledAt, e.DisabledBecause = time.Time{}, ""
		if *ch.Disabled {
			e.DisabledAt, e.DisabledBecause = s.Now(), "asked for"
		}
	}
	return fault.Join(errs...)
}

// checkEndpointURL refuses what must not be called (threats T-NET-01 to T-NET-04).
// Names are resolved when they are called, and judged again then.
func (s *Service) checkEndpointURL(raw string) error {
	if raw == "" {
		return fault.New(fault.FormParamMissing, "param_name", "url")
	}
	u, err := url.Parse(raw)
	if err == nil && len(raw) <= maxEndpointURL && u.Host != "" && u.Fragment == "" {
		if s.CheckURL == nil || s.CheckURL(raw) == nil {
			return nil
		}
	}
	return fault.New(fault.FormParamFormatInvalid, "param_name", "url")
}

func parseContacts(list []string) ([]identity.Email, error) {
	if len(list) > maxContacts {
		return nil, fault.New(fault.FormParamArraySize, "param_name", "contacts", "max_items", maxContacts)
	}
	var contacts []identity.Email
	for _, text := range list {
		e, err := identity.ParseEmail(text)
		if err != nil {
			return nil, fault.New(fault.FormParamFormatInvalid, "param_name", "contacts").Because(err)
		}
		contacts = append(contacts, e)
	}
	return contacts, nil
}

func findEndpoint(tx *store.Tx, id string) (identity.Endpoint, error) {
	e, err := tx.Endpoint(identity.EndpointID(id))
	return e, store.Missing(err, fault.New(fault.NotFound, "resource", "webhook endpoint"))
}

func (s *Service) endpointView(tx *store.Tx, e identity.Endpoint) (v EndpointView, err error) {
	v.Endpoint = e
	if v.Health, err = tx.EndpointHealth(e.ID); err != nil {
		return v, err
	}
	v.Counts, err = tx.CountDeliveries(e.ID, s.Now().Add(-healthWindow))
	return v, err
}

// Endpoint reads a webhook endpoint.
func (s *Service) Endpoint(ctx context.Context, id string) (v EndpointView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		e, err := findEndpoint(tx, id)
		if err != nil {
			return err
		}
		v, err = s.endpointView(tx, e)
		return err
	})
	return v, err
}

// Endpoints lists all webhook endpoints, the oldest first: there are 50 at most.
func (s *Service) Endpoints(ctx context.Context) (list []EndpointView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		endpoints, err := tx.Endpoints()
		if err != nil {
			return err
		}
		for _, e := range endpoints {
			v, err := s.endpointView(tx, e)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

// ChangeEndpoint changes a webhook endpoint. Switched off, what waits for it is
// given up; switched on, its failures are forgotten.
func (s *Service) ChangeEndpoint(ctx context.Context, id string, ch EndpointChange) (v EndpointView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := findEndpoint(tx, id)
		if err != nil {
			return err
		}
		was := e.DisabledAt
		if err := s.applyEndpoint(&e, ch); err != nil {
			return err
		}
		e.UpdatedAt = s.Now()
		if err := tx.UpdateEndpoint(e); err != nil {
			return err
		}
		switch {
		case was.IsZero() && !e.DisabledAt.IsZero():
			err = tx.StopDeliveries(e.ID, s.Now())
		case !was.IsZero() && e.DisabledAt.IsZero():
			err = tx.ForgiveEndpoint(e.ID)
		}
		if err != nil {
			return err
		}
		if err := s.auditEndpoint(tx, "webhook_endpoint.updated", e); err != nil {
			return err
		}
		v, err = s.endpointView(tx, e)
		return err
	})
	return v, err
}

// DeleteEndpoint removes a webhook endpoint with its delivery log.
func (s *Service) DeleteEndpoint(ctx context.Context, id string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := findEndpoint(tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.DeleteEndpoint(e.ID); err != nil {
			return err
		}
		return s.auditEndpoint(tx, "webhook_endpoint.deleted", e)
	})
}

// RotateEndpointSecret makes a new secret, which is in the answer this once. The
// old one signs beside it for a day.
func (s *Service) RotateEndpointSecret(ctx context.Context, id string) (EndpointView, error) {
	return s.rotateEndpointSecret(ctx, id, secretOverlap)
}

// ReplaceEndpointSecret makes a new secret, for an old one that leaked: that signs
// nothing any more.
func (s *Service) ReplaceEndpointSecret(ctx context.Context, id string) (EndpointView, error) {
	return s.rotateEndpointSecret(ctx, id, 0)
}

func (s *Service) rotateEndpointSecret(ctx context.Context, id string, overlap time.Duration) (v EndpointView, err error) {
	fresh := newEndpointSecret()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := findEndpoint(tx, id)
		if err != nil {
			return err
		}
		now := s.Now()
		old := e.Secret.Current
		e.Secret = identity.EndpointSecret{Current: fresh}
		if overlap > 0 {
			e.Secret.Old, e.Secret.OldUntil = old, now.Add(overlap)
		}
		e.UpdatedAt = now
		if err := tx.UpdateEndpoint(e); err != nil {
			return err
		}
		if err := s.auditEndpoint(tx, "webhook_endpoint.secret.rotated", e); err != nil {
			return err
		}
		v, err = s.endpointView(tx, e)
		return err
	})
	return v, err
}

// Deliveries lists the deliveries to an endpoint, the newest first.
func (s *Service) Deliveries(ctx context.Context, id string, f DeliveryFilter, p Page) (list []identity.Delivery, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		e, err := findEndpoint(tx, id)
		if err != nil {
			return err
		}
		list, total, err = tx.Deliveries(e.ID, f, p)
		return err
	})
	return list, total, err
}

func findDelivery(tx *store.Tx, endpoint, id string) (identity.Delivery, error) {
	d, err := tx.Delivery(identity.DeliveryID(id))
	if err == nil && string(d.EndpointID) != endpoint {
		err = store.ErrNotFound
	}
	return d, store.Missing(err, fault.New(fault.NotFound, "resource", "webhook delivery"))
}

// Delivery reads a delivery with its event and its requests.
func (s *Service) Delivery(ctx context.Context, endpoint, id string) (v DeliveryView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if v.Delivery, err = findDelivery(tx, endpoint, id); err != nil {
			return err
		}
		if v.Event, err = tx.Event(v.EventID); err != nil {
			return err
		}
		v.Tries, err = tx.DeliveryTries(v.ID)
		return err
	})
	return v, err
}

// enabledEndpoint finds an endpoint that things can be delivered to.
func enabledEndpoint(tx *store.Tx, id string) (identity.Endpoint, error) {
	e, err := findEndpoint(tx, id)
	if err == nil && !e.DisabledAt.IsZero() {
		err = fault.New(fault.WebhookEndpointDisabled)
	}
	return e, err
}

// ReplayDelivery delivers an event again, under its id. One that waits goes on
// waiting.
func (s *Service) ReplayDelivery(ctx context.Context, endpoint, id string) (d identity.Delivery, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := enabledEndpoint(tx, endpoint); err != nil {
			return err
		}
		found, err := findDelivery(tx, endpoint, id)
		if err != nil {
			return err
		}
		if _, err := tx.ReplayDelivery(found.ID, s.Now()); err != nil {
			return err
		}
		if err := s.audit(tx, identity.AuditEntry{
			Action: "webhook_endpoint.replayed", Subject: endpoint, Detail: map[string]string{"delivery_id": id},
		}); err != nil {
			return err
		}
		d, err = tx.Delivery(found.ID)
		return err
	})
	return d, err
}

// Replay delivers what an endpoint has missed since a time: deliveries that were
// given up, and events from while it was switched off or did not ask for them. It
// returns how many those are.
func (s *Service) Replay(ctx context.Context, endpoint string, since time.Time) (n int, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := enabledEndpoint(tx, endpoint)
		if err != nil {
			return err
		}
		if n, err = tx.ReplayFailed(e.ID, since, s.Now()); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "webhook_endpoint.replayed", Subject: endpoint})
	})
	for err == nil && n < replayMost {
		more := 0
		if more, since, err = s.catchUp(ctx, endpoint, since); more == 0 {
			break
		}
		n += more
	}
	return n, err
}

// catchUp makes deliveries of a batch of events that an endpoint never got. It
// returns how many, and where the next batch begins. Replay audits it.
func (s *Service) catchUp(ctx context.Context, endpoint string, since time.Time) (n int, next time.Time, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		n, next = 0, since
		e, err := enabledEndpoint(tx, endpoint)
		if err != nil {
			return err
		}
		missing, err := tx.EventsMissing(e.ID, e.Types, since, replayBatch)
		if err != nil {
			return err
		}
		for _, v := range missing {
			if err := tx.InsertDelivery(e.ID, v.ID, s.Now()); err != nil {
				return err
			}
			n, next = n+1, v.CreatedAt
		}
		return nil
	})
	return n, next, err
}
