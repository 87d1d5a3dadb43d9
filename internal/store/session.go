package store

import (
	"time"

	"usher/internal/identity"
)

const sessionColumns = `id, client_id, user_id, status, connection_id, last_active_organization_id, actor,
	first_factor_at, expire_at, abandon_at, last_active_at, check_at, created_at, updated_at`

func scanSession(row scanner) (s identity.Session, err error) {
	err = row.Scan(&s.ID, &s.ClientID, &s.UserID, oneOf(&s.Status, identity.SessionActive,
		identity.SessionPending, identity.SessionEnded, identity.SessionExpired, identity.SessionRemoved,
		identity.SessionRevoked, identity.SessionAbandoned, identity.SessionReplaced),
		&s.ConnectionID, &s.LastActiveOrganizationID, (*metadata)(&s.Actor), (*milliseconds)(&s.FirstFactorAt),
		(*milliseconds)(&s.ExpireAt), (*milliseconds)(&s.AbandonAt), (*milliseconds)(&s.LastActiveAt),
		(*milliseconds)(&s.CheckAt), (*milliseconds)(&s.CreatedAt), (*milliseconds)(&s.UpdatedAt))
	if len(s.Actor) == 0 {
		s.Actor = nil
	}
	return s, err
}

// Session returns a session, live or not.
func (tx *Tx) Session(id identity.SessionID) (identity.Session, error) {
	return one(tx, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE id = $1`, id)
}

// SessionsOfClient lists the sessions of a browser, live or not, the oldest
// first.
func (tx *Tx) SessionsOfClient(client identity.ClientID) ([]identity.Session, error) {
	return all(tx, scanSession, `
		SELECT `+sessionColumns+` FROM sessions WHERE client_id = $1 ORDER BY created_at, id`, client)
}

// SessionsOfUser lists the sessions of a user, live or not, the oldest first.
func (tx *Tx) SessionsOfUser(user identity.UserID) ([]identity.Session, error) {
	return all(tx, scanSession, `
		SELECT `+sessionColumns+` FROM sessions WHERE user_id = $1 ORDER BY created_at, id`, user)
}

// SessionFilter narrows a list of sessions; what is empty doesn't.
type SessionFilter struct {
	ClientID identity.ClientID
	UserID   identity.UserID
	Status   identity.SessionStatus
	At       time.Time // when Status is asked for: time ends sessions, not a write
}

// Sessions lists sessions, the newest first.
func (tx *Tx) Sessions(f SessionFilter, p Page) ([]identity.Session, int, error) {
	s := search{from: "sessions", order: "created_at DESC, id DESC"}
	if f.ClientID != "" {
		s.and("client_id = ?", f.ClientID)
	}
	if f.UserID != "" {
		s.and("user_id = ?", f.UserID)
	}
	if f.Status != "" {
		at := ms(f.At)
		s.and(`CASE WHEN status IN ('active', 'pending') AND expire_at <= ? THEN 'expired'
			WHEN status IN ('active', 'pending') AND abandon_at <= ? THEN 'abandoned' ELSE status END = ?`, at, at, f.Status)
	}
	return find(tx, s, sessionColumns, scanSession, p)
}

// InsertSession adds a session.
func (tx *Tx) InsertSession(s identity.Session) error {
	err := tx.execLater(`
		INSERT INTO sessions (id, client_id, user_id, status, connection_id, last_active_organization_id, actor,
			first_factor_at, expire_at, abandon_at, last_active_at, check_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		s.ID, s.ClientID, s.UserID, s.Status, s.ConnectionID, s.LastActiveOrganizationID, metadata(s.Actor),
		ms(s.FirstFactorAt), ms(s.ExpireAt), ms(s.AbandonAt), ms(s.LastActiveAt), ms(s.CheckAt), ms(s.CreatedAt), ms(s.UpdatedAt))
	if err != nil {
		return err
	}
	return tx.recordSession(s.Status, s.ID, s.UserID)
}

// UpdateSession writes what may change while a session is in use. It brings no
// session back to life: EndSession is the way out, and there is none in.
func (tx *Tx) UpdateSession(s identity.Session) error {
	return tx.execOne(`
		UPDATE sessions SET status = CASE WHEN status IN ('active', 'pending') THEN $2 ELSE status END,
			last_active_organization_id = $3, expire_at = $4, abandon_at = $5, last_active_at = $6, updated_at = $7
		WHERE id = $1`,
		s.ID, s.Status, s.LastActiveOrganizationID, ms(s.ExpireAt), ms(s.AbandonAt),
		ms(s.LastActiveAt), ms(s.UpdatedAt))
}

// SetSessionCheck says when the provider is asked next about a session's person.
func (tx *Tx) SetSessionCheck(id identity.SessionID, at time.Time) error {
	return tx.execOne(`UPDATE sessions SET check_at = $2 WHERE id = $1`, id, ms(at))
}

// EndSession takes a session out of use with a status that says why, and reports
// whether it was in use.
func (tx *Tx) EndSession(id identity.SessionID, status identity.SessionStatus, now time.Time) (bool, error) {
	users, err := changed[identity.UserID](tx, `
		UPDATE sessions SET status = $2, updated_at = $3
		WHERE id = $1 AND status IN ('active', 'pending') RETURNING user_id`, id, status, ms(now))
	if err != nil || len(users) == 0 {
		return false, err
	}
	return true, tx.recordSession(status, id, users[0])
}

// EndSessionsOfUser ends every session of a user that is in use and returns how
// many those were.
func (tx *Tx) EndSessionsOfUser(user identity.UserID, status identity.SessionStatus, now time.Time) (int, error) {
	ended, err := changed[identity.SessionID](tx, `
		UPDATE sessions SET status = $2, updated_at = $3
		WHERE user_id = $1 AND status IN ('active', 'pending') RETURNING id`, user, status, ms(now))
	if err != nil {
		return 0, err
	}
	for _, id := range ended {
		if err := tx.recordSession(status, id, user); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}
