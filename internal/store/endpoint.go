package store

import (
	"encoding/json"
	"time"

	"usher/internal/identity"
)

const endpointColumns = `id, url, description, types, contacts, disabled_at, disabled_because, secret, created_at, updated_at`

func scanEndpoint(tx *Tx) func(scanner) (identity.Endpoint, error) {
	return func(row scanner) (e identity.Endpoint, err error) {
		var sealed string
		if err := row.Scan(&e.ID, &e.URL, &e.Description, document{&e.Types}, document{&e.Contacts},
			(*milliseconds)(&e.DisabledAt), &e.DisabledBecause, &sealed,
			(*milliseconds)(&e.CreatedAt), (*milliseconds)(&e.UpdatedAt)); err != nil {
			return e, err
		}
		text, err := tx.db.keys.Open("webhook_endpoints", "secret", string(e.ID), sealed)
		if err != nil {
			return e, err
		}
		return e, json.Unmarshal(text, &e.Secret)
	}
}

func (tx *Tx) sealEndpointSecret(e identity.Endpoint) (string, error) {
	text, err := json.Marshal(e.Secret)
	if err != nil {
		return "", err
	}
	return tx.db.keys.Seal("webhook_endpoints", "secret", string(e.ID), text)
}

// Endpoints lists the endpoints, the oldest first.
func (tx *Tx) Endpoints() ([]identity.Endpoint, error) {
	return all(tx, scanEndpoint(tx), `SELECT `+endpointColumns+` FROM webhook_endpoints ORDER BY created_at, id`)
}

// Endpoint returns an endpoint.
func (tx *Tx) Endpoint(id identity.EndpointID) (identity.Endpoint, error) {
	return one(tx, scanEndpoint(tx), `SELECT `+endpointColumns+` FROM webhook_endpoints WHERE id = $1`, id)
}

// InsertEndpoint adds an endpoint, its secret sealed.
func (tx *Tx) InsertEndpoint(e identity.Endpoint) error {
	sealed, err := tx.sealEndpointSecret(e)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`
		INSERT INTO webhook_endpoints (id, url, description, types, contacts, disabled_at, disabled_because,
			secret, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.ID, e.URL, e.Description, document{e.Types}, document{e.Contacts}, ms(e.DisabledAt), e.DisabledBecause,
		sealed, ms(e.CreatedAt), ms(e.UpdatedAt)); err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO webhook_health (endpoint_id, holder, leased_until, failures, failing_since, rest_until,
			last_success_at, last_failure_at)
		VALUES ($1, '', 0, 0, 0, 0, 0, 0)`, e.ID)
	return err
}

// UpdateEndpoint writes all of an endpoint but when it was made.
func (tx *Tx) UpdateEndpoint(e identity.Endpoint) error {
	sealed, err := tx.sealEndpointSecret(e)
	if err != nil {
		return err
	}
	return tx.execOne(`
		UPDATE webhook_endpoints SET url = $2, description = $3, types = $4, contacts = $5, disabled_at = $6,
			disabled_because = $7, secret = $8, updated_at = $9
		WHERE id = $1`,
		e.ID, e.URL, e.Description, document{e.Types}, document{e.Contacts}, ms(e.DisabledAt), e.DisabledBecause,
		sealed, ms(e.UpdatedAt))
}

// DeleteEndpoint removes an endpoint with its deliveries and reports whether it
// was there.
func (tx *Tx) DeleteEndpoint(id identity.EndpointID) (bool, error) {
	return tx.execChanged(`DELETE FROM webhook_endpoints WHERE id = $1`, id)
}

// EndpointHealth returns how deliveries to an endpoint have gone.
func (tx *Tx) EndpointHealth(id identity.EndpointID) (identity.EndpointHealth, error) {
	return one(tx, func(row scanner) (h identity.EndpointHealth, err error) {
		err = row.Scan(&h.Failures, (*milliseconds)(&h.FailingSince), (*milliseconds)(&h.RestUntil),
			(*milliseconds)(&h.LastSuccessAt), (*milliseconds)(&h.LastFailureAt))
		return h, err
	}, `
		SELECT failures, failing_since, rest_until, last_success_at, last_failure_at
		FROM webhook_health WHERE endpoint_id = $1`, id)
}

// Lease is a node's right to deliver to an endpoint, alone.
type Lease struct {
	Endpoint identity.EndpointID
	Holder   string
}

// TakeEndpoint takes or renews the right to deliver to an endpoint, and reports
// whether this node has it. Another's is taken once it has run out.
func (tx *Tx) TakeEndpoint(l Lease, now, until time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE webhook_health SET holder = $2, leased_until = $4
		WHERE endpoint_id = $1 AND (holder = $2 OR leased_until <= $3)`, l.Endpoint, l.Holder, ms(now), ms(until))
}

// LeaveEndpoint gives the right back.
func (tx *Tx) LeaveEndpoint(l Lease) error {
	_, err := tx.exec(`
		UPDATE webhook_health SET holder = '', leased_until = 0 WHERE endpoint_id = $1 AND holder = $2`, l.Endpoint, l.Holder)
	return err
}

// PutEndpointHealth writes how deliveries go and reports whether the node still
// has the right to say so.
func (tx *Tx) PutEndpointHealth(l Lease, h identity.EndpointHealth) (bool, error) {
	return tx.execChanged(`
		UPDATE webhook_health SET failures = $3, failing_since = $4, rest_until = $5, last_success_at = $6,
			last_failure_at = $7
		WHERE endpoint_id = $1 AND holder = $2`,
		l.Endpoint, l.Holder, h.Failures, ms(h.FailingSince), ms(h.RestUntil), ms(h.LastSuccessAt), ms(h.LastFailureAt))
}

// ForgiveEndpoint lets an endpoint begin anew: its failures no longer count.
func (tx *Tx) ForgiveEndpoint(id identity.EndpointID) error {
	_, err := tx.exec(`
		UPDATE webhook_health SET failures = 0, failing_since = 0, rest_until = 0 WHERE endpoint_id = $1`, id)
	return err
}
