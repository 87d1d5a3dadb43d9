package store

import (
	"cmp"
	"time"

	"usher/internal/identity"
)

const attemptColumns = `id, kind, connection_id, revision_id, organization_id, idp_initiated, state, typed_email,
	email, code, meta, detail, steps, trace, user_id, session_id, trace_id, started_at, returned_at, finished_at,
	issued_at, seen`

func scanAttempt(row scanner) (a identity.Attempt, err error) {
	err = row.Scan(&a.ID, oneOf(&a.Kind, identity.AttemptSignIn, identity.AttemptLink, identity.AttemptPresence, identity.AttemptTest), &a.ConnectionID, &a.RevisionID, &a.OrganizationID, &a.IDPInitiated,
		oneOf(&a.State, identity.AttemptStarted, identity.AttemptAdmitted, identity.AttemptComplete,
			identity.AttemptRefused),
		&a.TypedEmail, &a.Email, &a.Code, (*metadata)(&a.Meta), (*metadata)(&a.Detail),
		document{&a.Steps}, document{&a.Trace}, &a.UserID, &a.SessionID, &a.TraceID,
		(*milliseconds)(&a.StartedAt), (*milliseconds)(&a.ReturnedAt), (*milliseconds)(&a.FinishedAt),
		(*milliseconds)(&a.IssuedAt), document{&a.Seen})
	return a, err
}

// Attempt returns an SSO sign-in attempt.
func (tx *Tx) Attempt(id identity.AttemptID) (identity.Attempt, error) {
	return one(tx, scanAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE id = $1`, id)
}

// AttemptFilter narrows a list of attempts; what is empty doesn't.
type AttemptFilter struct {
	ConnectionID   identity.ConnectionID
	OrganizationID identity.OrgID
	State          identity.AttemptState
	Email          identity.Email // typed by the person or sent by the provider
	Code           string
	Since, Before  time.Time // when it was started; zero: at any time
}

// Attempts lists attempts, the newest first. With a filter, they are counted up to
// maxCounted.
func (tx *Tx) Attempts(f AttemptFilter, p Page) ([]identity.Attempt, int, error) {
	s := search{from: "attempts", order: "started_at DESC, id DESC", table: "attempts", most: maxCounted}
	if f.ConnectionID != "" {
		s.and("connection_id = ?", f.ConnectionID)
	}
	if f.OrganizationID != "" {
		s.and("organization_id = ?", f.OrganizationID)
	}
	if f.State != "" {
		s.and("state = ?", f.State)
		if f.State != identity.AttemptComplete { // the words that the index is known by
			s.and("state <> 'complete'")
		}
	}
	if f.Email != "" {
		s.and("(email = ? OR typed_email = ?)", f.Email, f.Email)
	}
	if f.Code != "" {
		s.and("code = ? AND code <> ''", f.Code)
	}
	if !f.Since.IsZero() {
		s.and("started_at >= ?", ms(f.Since))
	}
	if !f.Before.IsZero() {
		s.and("started_at < ?", ms(f.Before))
	}
	return find(tx, s, attemptColumns, scanAttempt, p)
}

// InsertAttempt adds an attempt.
func (tx *Tx) InsertAttempt(a identity.Attempt) error {
	provider, own := a.Parts()
	return tx.execLater(`
		INSERT INTO attempts (id, kind, connection_id, revision_id, organization_id, idp_initiated, state,
			typed_email, email, code, meta, detail, steps, trace, user_id, session_id, trace_id,
			started_at, returned_at, finished_at, issued_at, seen, provider_part, own_part)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
			$21, $22, $23, $24)`,
		a.ID, cmp.Or(a.Kind, identity.AttemptSignIn), a.ConnectionID, a.RevisionID, a.OrganizationID, a.IDPInitiated, a.State,
		a.TypedEmail, a.Email, a.Code, metadata(a.Meta), metadata(a.Detail), document{a.Steps},
		document{a.Trace}, a.UserID, a.SessionID, a.TraceID,
		ms(a.StartedAt), ms(a.ReturnedAt), ms(a.FinishedAt), ms(a.IssuedAt), document{seen(a)}, provider, own)
}

// seen is never null.
func seen(a identity.Attempt) []string {
	return append([]string{}, a.Seen[:min(len(a.Seen), identity.MaxSeen)]...)
}

// UpdateAttempt writes what became of an attempt. Where it began (connection,
// organization, who initiated it, the typed address, the time) stays. The attempt
// must be there.
func (tx *Tx) UpdateAttempt(a identity.Attempt) error {
	provider, own := a.Parts()
	return tx.execLater(`
		UPDATE attempts SET revision_id = $2, state = $3, email = $4, code = $5, meta = $6, detail = $7,
			steps = $8, trace = $9, user_id = $10, session_id = $11, trace_id = $12,
			returned_at = $13, finished_at = $14, issued_at = $15, seen = $16, provider_part = $17, own_part = $18
		WHERE id = $1`,
		a.ID, a.RevisionID, a.State, a.Email, a.Code, metadata(a.Meta), metadata(a.Detail),
		document{a.Steps}, document{a.Trace}, a.UserID, a.SessionID, a.TraceID,
		ms(a.ReturnedAt), ms(a.FinishedAt), ms(a.IssuedAt), document{seen(a)}, provider, own)
}

// PutEvidence keeps what came from the provider, sealed, in the place of what
// was kept for the attempt before.
func (tx *Tx) PutEvidence(e identity.Evidence) error {
	sealed, err := tx.db.keys.Seal("evidence", "body", string(e.AttemptID), e.Body)
	if err != nil {
		return err
	}
	return tx.execLater(`
		INSERT INTO evidence (attempt_id, body, expires_at, request_id, requested_at, force_authn, received_at, relay)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (attempt_id) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at,
			request_id = excluded.request_id, requested_at = excluded.requested_at, force_authn = excluded.force_authn,
			received_at = excluded.received_at, relay = excluded.relay`,
		e.AttemptID, sealed, ms(e.ExpiresAt), e.RequestID, ms(e.RequestedAt), e.ForceAuthn, ms(e.ReceivedAt), e.Relay)
}

// Evidence returns what came from the provider. It may have run out and wait to
// be pruned: the caller looks at ExpiresAt.
func (tx *Tx) Evidence(id identity.AttemptID) (identity.Evidence, error) {
	return one(tx, func(row scanner) (e identity.Evidence, err error) {
		var sealed string
		if err := row.Scan(&e.AttemptID, &sealed, (*milliseconds)(&e.ExpiresAt), &e.RequestID, (*milliseconds)(&e.RequestedAt),
			&e.ForceAuthn, (*milliseconds)(&e.ReceivedAt), &e.Relay); err != nil {
			return e, err
		}
		e.Body, err = tx.db.keys.Open("evidence", "body", string(e.AttemptID), sealed)
		return e, err
	}, `
		SELECT attempt_id, body, expires_at, request_id, requested_at, force_authn, received_at, relay
		FROM evidence WHERE attempt_id = $1`, id)
}
