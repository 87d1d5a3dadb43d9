package store

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"usher/internal/identity"
)

// Recorder lets a database write an event with each change that endpoints may
// want to hear of. It is set before the database is used; without one, nothing is
// recorded.
type Recorder struct {
	Now func() time.Time

	// Describe returns what an event says of its subject, as JSON, and which
	// person that tells of. It reads in the transaction of the change; ErrNotFound
	// drops the event.
	Describe func(*Tx, identity.Event) (json.RawMessage, error)
}

// Record makes the database write events.
func (db *DB) Record(r Recorder) { db.recorder = &r }

// recording is what a transaction has to tell.
type recording struct {
	asked     bool
	endpoints []identity.Endpoint
	events    []identity.Event // in their order; Data nil: described at the end
}

// Record notes that something happened, for the endpoints. The writing methods of
// nouns do it themselves: a flow needs it only for what no row tells.
//
// What was made or changed is described at the end of the transaction, once, as
// it is then. What is deleted is described at once: record it before.
func (tx *Tx) Record(e identity.Event) error {
	if told, err := tx.listeners(); err != nil || !told {
		return err
	}
	r := &tx.recording
	same := func(verb string) func(identity.Event) bool {
		return func(o identity.Event) bool {
			return o.Subject == e.Subject && o.Type.Object() == e.Type.Object() && o.Type.Verb() == verb
		}
	}
	switch e.Type.Verb() {
	case "updated":
		if slices.ContainsFunc(r.events, same("created")) || slices.ContainsFunc(r.events, same("updated")) {
			return nil
		}
	case "deleted":
		data, err := tx.db.recorder.Describe(tx, e)
		if err != nil {
			return Optional(err)
		}
		e.Data = data
		r.events = slices.DeleteFunc(r.events, func(o identity.Event) bool {
			return o.Subject == e.Subject || e.Type == identity.UserDeleted && string(o.UserID) == e.Subject
		})
	}
	r.events = append(r.events, e)
	return nil
}

// listeners reports whether there is an endpoint at all. One that is switched off
// counts: it may ask for what it missed.
func (tx *Tx) listeners() (bool, error) {
	if tx.db.recorder == nil || tx.bulk != nil {
		return false, nil
	}
	if !tx.recording.asked {
		list, err := tx.Endpoints()
		if err != nil {
			return false, err
		}
		tx.recording.asked, tx.recording.endpoints = true, list
	}
	return len(tx.recording.endpoints) > 0, nil
}

// writeEvents writes what was recorded, and a delivery to each endpoint that
// wants it.
func (tx *Tx) writeEvents() error {
	if len(tx.recording.events) == 0 {
		return nil
	}
	now := tx.db.recorder.Now()
	for i, e := range tx.recording.events {
		if e.Data == nil {
			data, err := tx.db.recorder.Describe(tx, e)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			e.Data = data
		}
		e.ID, e.CreatedAt = identity.NewID[identity.EventID](now), now
		if err := tx.writeEvent(e, now.UnixMicro()+int64(i)); err != nil {
			return err
		}
	}
	return nil
}

// writeEvent writes one. Sort is when it happened, in microseconds: the order of
// events of different things, which two nodes may see differently. The position
// is the order of the events of one thing, which is strict.
func (tx *Tx) writeEvent(e identity.Event, sort int64) error {
	position, err := one(tx, scanInt, `
		INSERT INTO event_order (subject, position, updated_at) VALUES ($1, 1, $2)
		ON CONFLICT (subject) DO UPDATE SET position = event_order.position + 1, updated_at = excluded.updated_at
		RETURNING position`, e.Subject, ms(e.CreatedAt))
	if err != nil {
		return err
	}
	data, err := tx.sealEvent(e)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`
		INSERT INTO events (id, type, subject, position, user_id, data, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.ID, e.Type, e.Subject, position, e.UserID, data, ms(e.CreatedAt)); err != nil {
		return err
	}
	for _, endpoint := range tx.recording.endpoints {
		if !endpoint.Wants(e.Type) {
			continue
		}
		if _, err := tx.exec(`
			INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, subject, position, sort,
				status, tries, next_at, created_at, finished_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $9, 0)`,
			identity.NewID[identity.DeliveryID](e.CreatedAt), endpoint.ID, e.ID, e.Type, e.Subject, position, sort,
			identity.DeliveryWaiting, ms(e.CreatedAt)); err != nil {
			return err
		}
	}
	return nil
}

// sealEvent is what is stored of an event's data. A code or a link in it is sealed,
// as it is in the outbox.
func (tx *Tx) sealEvent(e identity.Event) (string, error) {
	if !e.Type.Secret() {
		return string(e.Data), nil
	}
	return tx.db.keys.Seal("events", "data", string(e.ID), e.Data)
}

// Event returns an event.
func (tx *Tx) Event(id identity.EventID) (identity.Event, error) {
	return one(tx, func(row scanner) (e identity.Event, err error) {
		var data string
		if err := row.Scan(&e.ID, &e.Type, &e.Subject, &e.UserID, &data, (*milliseconds)(&e.CreatedAt)); err != nil {
			return e, err
		}
		if e.Data = json.RawMessage(data); e.Type.Secret() {
			e.Data, err = tx.db.keys.Open("events", "data", string(e.ID), data)
		}
		return e, err
	}, `SELECT id, type, subject, user_id, data, created_at FROM events WHERE id = $1`, id)
}

// eraseEvents removes what events tell of a person who is going (threat T-SEC-12).
func (tx *Tx) eraseEvents(u identity.UserID) error {
	if u == "" {
		return nil
	}
	_, err := tx.exec(`DELETE FROM events WHERE user_id = $1 AND user_id <> ''`, u)
	return err
}

// changed runs a statement that changes rows and returns a column of each.
func changed[T ~string](tx *Tx, text string, args ...any) ([]T, error) {
	args, err := tx.change(args) // what was read ahead may no longer be so
	if err != nil {
		return nil, err
	}
	if tx.bulk != nil {
		return nil, tx.inBulk(text, args)
	}
	return all(tx, scanID[T], text, args...)
}

// userChanged records that something of a user's changed, after a statement that
// returned whose it was.
func (tx *Tx) userChanged(owners []identity.UserID, err error) (bool, error) {
	if err != nil || len(owners) == 0 {
		return false, err
	}
	return true, tx.Record(identity.Event{Type: identity.UserUpdated, Subject: string(owners[0]), UserID: owners[0]})
}

// recordUser records an event about a user.
func (tx *Tx) recordUser(t identity.EventType, u identity.UserID) error {
	return tx.Record(identity.Event{Type: t, Subject: string(u), UserID: u})
}

// recordOrganization records an event about an organization.
func (tx *Tx) recordOrganization(t identity.EventType, o identity.OrgID) error {
	return tx.Record(identity.Event{Type: t, Subject: string(o), OrganizationID: o})
}

// recordMembership records an event about a membership, if there is one.
func (tx *Tx) recordMembership(t identity.EventType, org identity.OrgID, user identity.UserID) error {
	if told, err := tx.listeners(); err != nil || !told {
		return err
	}
	m, err := tx.Membership(org, user)
	if err != nil {
		return Optional(err)
	}
	return tx.Record(identity.Event{Type: t, Subject: string(m.ID), OrganizationID: org, UserID: user})
}

// recordSession records that a session took on a status.
func (tx *Tx) recordSession(s identity.SessionStatus, id identity.SessionID, user identity.UserID) error {
	return tx.Record(identity.Event{Type: identity.SessionEvent(s), Subject: string(id), UserID: user})
}
