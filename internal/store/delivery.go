package store

import (
	"time"

	"usher/internal/identity"
)

// deliverable says which deliveries may be tried at $1: of each thing only the
// oldest that waits, so that what happened to one thing arrives in order. It is no
// NOT EXISTS: PostgreSQL takes a queue for empty that nearly always is, and would
// compare each of thousands of rows with all others.
const deliverable = `d.status = 'waiting' AND d.next_at <= $1 AND d.position = (
		SELECT o.position FROM webhook_deliveries o WHERE o.endpoint_id = d.endpoint_id AND o.subject = d.subject
			AND o.status = 'waiting' ORDER BY o.position LIMIT 1)`

// EndpointsDue lists the endpoints that something may be delivered to now.
func (tx *Tx) EndpointsDue(now time.Time) ([]identity.EndpointID, error) {
	return all(tx, scanID[identity.EndpointID], `
		SELECT e.id FROM webhook_endpoints e JOIN webhook_health h ON h.endpoint_id = e.id
		WHERE e.disabled_at = 0 AND h.rest_until <= $1 AND EXISTS (
			SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'waiting' AND d.next_at <= $1)
		ORDER BY e.created_at, e.id`, ms(now))
}

const deliveryColumns = `d.id, d.endpoint_id, d.event_id, d.type, d.status, d.tries, d.next_at, d.created_at, d.finished_at`

func scanDelivery(row scanner) (d identity.Delivery, err error) {
	err = row.Scan(&d.ID, &d.EndpointID, &d.EventID, &d.Type,
		oneOf(&d.Status, identity.DeliveryWaiting, identity.Delivered, identity.DeliveryFailed),
		&d.Tries, (*milliseconds)(&d.NextAt), (*milliseconds)(&d.CreatedAt), (*milliseconds)(&d.FinishedAt))
	return d, err
}

// NextDelivery returns what to deliver to an endpoint now; ErrNotFound if there is
// nothing.
func (tx *Tx) NextDelivery(e identity.EndpointID, now time.Time) (identity.Delivery, error) {
	return one(tx, scanDelivery, `
		SELECT `+deliveryColumns+` FROM webhook_deliveries d
		WHERE d.endpoint_id = $2 AND `+deliverable+` ORDER BY d.sort, d.id LIMIT 1`, ms(now), e)
}

// Delivery returns a delivery.
func (tx *Tx) Delivery(id identity.DeliveryID) (identity.Delivery, error) {
	return one(tx, scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_deliveries d WHERE d.id = $1`, id)
}

// DeliveryFilter narrows a list of deliveries; what is empty doesn't.
type DeliveryFilter struct {
	Status  identity.DeliveryStatus
	EventID identity.EventID
	Type    identity.EventType
}

// Deliveries lists the deliveries to an endpoint, the newest first.
func (tx *Tx) Deliveries(e identity.EndpointID, f DeliveryFilter, p Page) ([]identity.Delivery, int, error) {
	s := search{from: "webhook_deliveries d", order: "d.created_at DESC, d.id DESC"}
	s.and("d.endpoint_id = ?", e)
	if f.Status != "" {
		s.and("d.status = ?", f.Status)
	}
	if f.EventID != "" {
		s.and("d.event_id = ?", f.EventID)
	}
	if f.Type != "" {
		s.and("d.type = ?", f.Type)
	}
	return find(tx, s, deliveryColumns, scanDelivery, p)
}

// UpdateDelivery writes what became of a delivery that waits, and reports whether
// it did.
func (tx *Tx) UpdateDelivery(d identity.Delivery) (bool, error) {
	return tx.execChanged(`
		UPDATE webhook_deliveries SET status = $2, tries = $3, next_at = $4, finished_at = $5
		WHERE id = $1 AND status = 'waiting'`, d.ID, d.Status, d.Tries, ms(d.NextAt), ms(d.FinishedAt))
}

// StopDeliveries gives up what waits for an endpoint.
func (tx *Tx) StopDeliveries(e identity.EndpointID, now time.Time) error {
	_, err := tx.exec(`
		UPDATE webhook_deliveries SET status = 'failed', finished_at = $2
		WHERE endpoint_id = $1 AND status = 'waiting'`, e, ms(now))
	return err
}

// ReplayDelivery lets a delivery wait again and reports whether it did not.
func (tx *Tx) ReplayDelivery(id identity.DeliveryID, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE webhook_deliveries SET status = 'waiting', tries = 0, next_at = $2, finished_at = 0
		WHERE id = $1 AND status <> 'waiting'`, id, ms(now))
}

// ReplayFailed lets the deliveries of events since a time that were given up wait
// again, and returns how many.
func (tx *Tx) ReplayFailed(e identity.EndpointID, since, now time.Time) (int, error) {
	n, err := tx.exec(`
		UPDATE webhook_deliveries SET status = 'waiting', tries = 0, next_at = $3, finished_at = 0
		WHERE endpoint_id = $1 AND created_at >= $2 AND status = 'failed'`, e, ms(since), ms(now))
	return int(n), err
}

// EventsMissing lists up to limit events since a time that an endpoint never got a
// delivery of, the oldest first; of the given types, or of all.
func (tx *Tx) EventsMissing(e identity.EndpointID, types []identity.EventType, since time.Time, limit int) ([]identity.Event, error) {
	s := search{from: "events v", order: "v.created_at, v.id"}
	s.and("v.created_at >= ?", ms(since))
	s.and("(SELECT d.id FROM webhook_deliveries d WHERE d.event_id = v.id AND d.endpoint_id = ?) IS NULL", e) // as above
	andIn(&s, "v.type IN (?)", types)
	list, _, err := find(tx, s, "v.id, v.type, v.subject, v.created_at", func(row scanner) (v identity.Event, err error) {
		err = row.Scan(&v.ID, &v.Type, &v.Subject, (*milliseconds)(&v.CreatedAt))
		return v, err
	}, Page{Limit: limit})
	return list, err
}

// InsertDelivery adds the delivery of an event that an endpoint has missed.
func (tx *Tx) InsertDelivery(e identity.EndpointID, v identity.EventID, now time.Time) error {
	_, err := tx.exec(`
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, subject, position, sort,
			status, tries, next_at, created_at, finished_at)
		SELECT $1, $2, v.id, v.type, v.subject, v.position, v.created_at * 1000, 'waiting', 0, CAST($4 AS BIGINT), v.created_at, 0
		FROM events v WHERE v.id = $3 ON CONFLICT DO NOTHING`,
		identity.NewID[identity.DeliveryID](now), e, v, ms(now))
	return err
}

// InsertDeliveryTry adds what one request came to. Its number follows the last.
func (tx *Tx) InsertDeliveryTry(t identity.DeliveryTry) error {
	_, err := tx.exec(`
		INSERT INTO webhook_tries (delivery_id, number, at, took_ms, code, failure, answer)
		SELECT $1, COALESCE(max(number), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), $5, $6
		FROM webhook_tries WHERE delivery_id = $1`,
		t.DeliveryID, ms(t.At), t.Took.Milliseconds(), t.Code, t.Failure, t.Answer)
	return err
}

// DeliveryTries lists the requests of a delivery, the first first.
func (tx *Tx) DeliveryTries(id identity.DeliveryID) ([]identity.DeliveryTry, error) {
	return all(tx, func(row scanner) (t identity.DeliveryTry, err error) {
		var took int64
		err = row.Scan(&t.DeliveryID, &t.Number, (*milliseconds)(&t.At), &took, &t.Code, &t.Failure, &t.Answer)
		t.Took = time.Duration(took) * time.Millisecond
		return t, err
	}, `
		SELECT delivery_id, number, at, took_ms, code, failure, answer
		FROM webhook_tries WHERE delivery_id = $1 ORDER BY number`, id)
}

// DeliveryCounts is how many deliveries to an endpoint are in each state.
type DeliveryCounts struct{ Waiting, Delivered, Failed int }

// CountDeliveries counts the deliveries to an endpoint of events since a time.
func (tx *Tx) CountDeliveries(e identity.EndpointID, since time.Time) (c DeliveryCounts, err error) {
	return one(tx, func(row scanner) (c DeliveryCounts, err error) {
		err = row.Scan(&c.Waiting, &c.Delivered, &c.Failed)
		return c, err
	}, `
		SELECT COALESCE(sum(CASE WHEN status = 'waiting' THEN 1 ELSE 0 END), 0),
			COALESCE(sum(CASE WHEN status = 'delivered' THEN 1 ELSE 0 END), 0),
			COALESCE(sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), 0)
		FROM webhook_deliveries WHERE endpoint_id = $1 AND created_at >= $2`, e, ms(since))
}
