package session

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

// Manager makes, finds and ends clients and sessions.
type Manager struct {
	DB     *store.DB
	Now    func() time.Time
	Ring   *secret.KeyRing
	Keys   *Keys
	Issuer string // "iss" of session tokens: https and the host of the publishable key
	Secure bool   // cookies go over https only

	// Presence asks providers whether people are still there; nil: nobody is asked.
	Presence Presence

	// Development lets the Backend API make sessions of nothing.
	Development bool
}

// Presence asks the provider of a session's person whether the person is still
// there. It revokes what must be revoked; the error then is a fault that ends the
// request: Deprovisioned, or AuthenticationInvalid where the provider has been
// silent for too long. A provider that is down is not the same as a person who is
// gone.
type Presence interface {
	CheckPresence(ctx context.Context, s identity.Session) error
}

// Signed is a signed-in person in a browser.
type Signed struct {
	Client  identity.Client
	Session identity.Session
	User    identity.User
}

// touchAfter is how long a session's last use may lag behind, or a quarter of the
// idle time where that is less: one write in that time, not one a request. Ours.
const touchAfter = 5 * time.Minute

// Client finds the browser that a request comes from. Without a cookie, or with
// one of a browser that is forgotten, ok is false. A doubled cookie is refused,
// and so is one that a later one superseded: see Superseded.
func (m *Manager) Client(ctx context.Context, r *http.Request) (c identity.Client, ok bool, err error) {
	cookie, err := clientToken(r)
	if err != nil || cookie == "" {
		return c, false, err
	}
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		c, err = tx.ClientByTokenHash(m.hash(cookie))
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err := tx.Client(clientOf(cookie)); err != nil {
			return err
		}
		return fault.New(fault.CookieInvalid).Detail("reason", superseded)
	})
	if errors.Is(err, store.ErrNotFound) {
		return identity.Client{}, false, nil
	}
	return c, err == nil, err
}

const superseded = "superseded"

// Superseded reports whether a request was refused for a cookie that its browser
// has got another for since: it was planted or stolen before a sign-in (threat
// T-SES-01), or a backup brought it back.
func Superseded(err error) bool {
	return fault.Is(err, fault.CookieInvalid) && fault.From(err).Reason() == superseded
}

// EnsureClient is Client, but makes a browser that is not known yet, or whose
// cookie is superseded, and sets its cookie. Only calls that begin something use it, never one that a forwarded
// link reaches (threats T-SAML-25, T-SAML-26).
func (m *Manager) EnsureClient(ctx context.Context, w http.ResponseWriter, r *http.Request) (identity.Client, error) {
	c, ok, err := m.Client(ctx, r)
	if err != nil && !Superseded(err) || ok {
		return c, err
	}
	now := m.Now()
	id := identity.NewID[identity.ClientID](now)
	cookie := newCookie(id)
	c = identity.Client{ID: id, TokenHash: m.hash(cookie), CreatedAt: now, UpdatedAt: now}
	err = m.DB.Write(ctx, func(tx *store.Tx) error { return tx.InsertClient(c) })
	if err != nil {
		return identity.Client{}, err
	}
	m.SetCookie(w, cookie)
	return c, nil
}

// Current finds the person who is signed in in the request's browser. Without
// one the error is a SignedOut fault.
func (m *Manager) Current(ctx context.Context, r *http.Request) (Signed, error) {
	c, ok, err := m.Client(ctx, r)
	if err != nil {
		return Signed{}, err
	}
	if !ok {
		return Signed{}, fault.New(fault.SignedOut)
	}
	var s Signed
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		s, err = m.live(tx, c)
		return err
	})
	if err != nil {
		return Signed{}, err
	}
	if _, err := m.askProvider(ctx, s.Session); err != nil {
		if fault.Is(err, fault.Deprovisioned) || fault.Is(err, fault.AuthenticationInvalid) {
			err = fault.New(fault.SignedOut).Because(err)
		}
		return Signed{}, err
	}
	return s, m.touch(ctx, s.Session)
}

// live finds the client's live session and its user; SignedOut if there is none.
func (m *Manager) live(tx *store.Tx, c identity.Client) (Signed, error) {
	sessions, err := tx.SessionsOfClient(c.ID)
	if err != nil {
		return Signed{}, err
	}
	now := m.Now()
	for _, s := range sessions {
		if !s.Live(now) {
			continue
		}
		u, err := tx.User(s.UserID)
		if err != nil {
			return Signed{}, err
		}
		return Signed{Client: c, Session: s, User: u}, nil
	}
	return Signed{}, fault.New(fault.SignedOut)
}

// touch moves the end of an idle session on, once in touchAfter at most.
func (m *Manager) touch(ctx context.Context, s identity.Session) error {
	now := m.Now()
	if now.Sub(s.LastActiveAt) < min(touchAfter, s.AbandonAt.Sub(s.LastActiveAt)/4) {
		return nil
	}
	return m.DB.Write(ctx, func(tx *store.Tx) error {
		s, err := tx.Session(s.ID)
		if err != nil || !s.Live(now) {
			return err
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		s.LastActiveAt, s.UpdatedAt = now, now
		s.AbandonAt = now.Add(idle(s, in.Settings))
		if s.Impersonated() { // the person is not there
			return tx.UpdateSession(s)
		}
		if err := tx.TouchUser(s.UserID, now, now.Add(-touchUserAfter)); err != nil {
			return err
		}
		return tx.UpdateSession(s)
	})
}

// touchUserAfter is how long a person's last use may lag behind. Ours; Clerk's own
// is said to have the precision of a day.
const touchUserAfter = time.Hour

// impersonationIdle is how long an impersonated session lives unused: Clerk's.
const impersonationIdle = 10 * time.Minute

// idle is how long a session lives while nobody uses it.
func idle(s identity.Session, settings identity.Settings) time.Duration {
	d := time.Duration(settings.SessionIdleSeconds) * time.Second
	if s.Impersonated() {
		return min(d, impersonationIdle)
	}
	return d
}

// Start is a session to make.
type Start struct {
	Client       identity.ClientID
	User         identity.UserID
	Connection   identity.ConnectionID // empty: not by SSO
	Organization identity.OrgID        // to be active; empty: none
	Actor        identity.Metadata     // who acts as the user; empty: the user
	NotAfter     time.Time             // the provider's limit; zero: none
	CheckAt      time.Time             // when the provider is asked next whether the person is still there; zero: never
	Settings     identity.Settings
	Now          time.Time
}

// Create makes a session in the transaction and gives the browser a new token,
// so that a planted cookie is worth nothing (threat T-SES-01). Live sessions of
// the browser are replaced, but not one in which somebody acts as another person:
// that is ended by hand first (threat T-SES-17). The caller sets the cookie after the commit.
func (m *Manager) Create(tx *store.Tx, st Start) (identity.Session, string, error) {
	now := st.Now
	tx.Ahead(func() {
		_, _ = tx.Client(st.Client)
		_, _ = tx.SessionsOfClient(st.Client)
	})
	c, err := tx.Client(st.Client)
	if err != nil {
		return identity.Session{}, "", err
	}
	old, err := tx.SessionsOfClient(c.ID)
	if err != nil {
		return identity.Session{}, "", err
	}
	if err := mayCreate(old, now); err != nil {
		return identity.Session{}, "", err
	}
	for _, s := range old {
		if s.Live(now) {
			if _, err := tx.EndSession(s.ID, identity.SessionReplaced, now); err != nil {
				return identity.Session{}, "", err
			}
		}
	}
	s := identity.Session{
		ID:                       identity.NewID[identity.SessionID](now),
		ClientID:                 c.ID,
		UserID:                   st.User,
		Status:                   identity.SessionActive,
		ConnectionID:             st.Connection,
		LastActiveOrganizationID: st.Organization,
		Actor:                    st.Actor,
		FirstFactorAt:            now,
		ExpireAt:                 now.Add(time.Duration(st.Settings.SessionLifetimeSeconds) * time.Second),
		LastActiveAt:             now,
		CheckAt:                  st.CheckAt,
		CreatedAt:                now,
		UpdatedAt:                now,
	}
	s.AbandonAt = now.Add(idle(s, st.Settings))
	if !st.NotAfter.IsZero() && st.NotAfter.Before(s.ExpireAt) {
		s.ExpireAt = st.NotAfter
	}
	if st.Settings.ForceOrganizationSelection && s.LastActiveOrganizationID == "" {
		s.Status = identity.SessionPending
	}
	if err := tx.InsertSession(s); err != nil {
		return identity.Session{}, "", err
	}
	cookie := newCookie(c.ID)
	c.TokenHash, c.LastActiveSessionID, c.UpdatedAt = m.hash(cookie), s.ID, now
	return s, cookie, tx.UpdateClient(c)
}

// MayCreate says why no session can be made in a browser; nil if one can.
func (m *Manager) MayCreate(tx *store.Tx, id identity.ClientID) error {
	sessions, err := tx.SessionsOfClient(id)
	if err != nil {
		return err
	}
	return mayCreate(sessions, m.Now())
}

// mayCreate is asked of the sessions that a browser has.
func mayCreate(sessions []identity.Session, now time.Time) error {
	if slices.ContainsFunc(sessions, func(s identity.Session) bool { return s.Live(now) && s.Impersonated() }) {
		return fault.New(fault.SessionCreationNotAllowed)
	}
	return nil
}

// Reissue gives a browser that has shown its token a new one, in the transaction.
// The caller sets the cookie after the commit.
func (m *Manager) Reissue(tx *store.Tx, id identity.ClientID) (string, error) {
	c, err := tx.Client(id)
	if err != nil {
		return "", err
	}
	cookie := newCookie(c.ID)
	c.TokenHash, c.UpdatedAt = m.hash(cookie), m.Now()
	return cookie, tx.UpdateClient(c)
}

// SignOut ends the sessions of a browser. It is no error if there is none.
func (m *Manager) SignOut(ctx context.Context, c identity.Client) error {
	now := m.Now()
	return m.DB.Write(ctx, func(tx *store.Tx) error {
		sessions, err := tx.SessionsOfClient(c.ID)
		if err != nil {
			return err
		}
		for _, s := range sessions {
			if _, err := tx.EndSession(s.ID, identity.SessionEnded, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetOrganization makes one of the person's organizations the active one of the
// session; the empty id makes none active. Of an organization that the person is
// not a member of it says OrganizationNotFound.
func (m *Manager) SetOrganization(ctx context.Context, id identity.SessionID, org identity.OrgID) error {
	now := m.Now()
	return m.DB.Write(ctx, func(tx *store.Tx) error {
		s, err := tx.Session(id)
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "session"))
		}
		if !s.Live(now) {
			return fault.New(fault.InvalidActionForSession)
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		if org != "" {
			if _, err := tx.Membership(org, s.UserID); err != nil {
				return store.Missing(err, fault.New(fault.OrganizationNotFound))
			}
		} else if in.Settings.ForceOrganizationSelection {
			return nil // the old one stays
		}
		if s, err = m.Activate(tx, s); err != nil {
			return err
		}
		s.LastActiveOrganizationID, s.UpdatedAt = org, now
		return tx.UpdateSession(s)
	})
}

// Activate makes an active one of a session that waited for its person to choose an
// organization. The caller writes it.
func (m *Manager) Activate(tx *store.Tx, s identity.Session) (identity.Session, error) {
	if s.Status != identity.SessionPending {
		return s, nil
	}
	s.Status = identity.SessionActive
	return s, tx.Record(identity.Event{Type: identity.EventSessionCreated, Subject: string(s.ID), UserID: s.UserID})
}

func (m *Manager) hash(cookie string) string { return m.Ring.HashToken("client", cookie) }

// Filter says which sessions a list is about.
type Filter = store.SessionFilter

// Session reads a session; one whose time has run out says so in its status.
func (m *Manager) Session(ctx context.Context, id identity.SessionID) (s identity.Session, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		s, err = tx.Session(id)
		return store.Missing(err, fault.New(fault.NotFound, "resource", "session"))
	})
	return m.aged(s), err
}

// List lists sessions, newest first.
func (m *Manager) List(ctx context.Context, f store.SessionFilter, p store.Page) (list []identity.Session, total int, err error) {
	f.At = m.Now()
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		list, total, err = tx.Sessions(f, p)
		return err
	})
	for i := range list {
		list[i] = m.aged(list[i])
	}
	return list, total, err
}

// aged shows a session that has run out as what it is: the row is not touched.
func (m *Manager) aged(s identity.Session) identity.Session {
	now := m.Now()
	switch {
	case s.Status != identity.SessionActive && s.Status != identity.SessionPending:
	case !now.Before(s.ExpireAt):
		s.Status = identity.SessionExpired
	case !now.Before(s.AbandonAt):
		s.Status = identity.SessionAbandoned
	}
	return s
}

// Revoke ends a session at once: no token is minted for it any more. One that is
// over already stays as it is.
func (m *Manager) Revoke(ctx context.Context, id identity.SessionID) (identity.Session, error) {
	err := m.DB.Write(ctx, func(tx *store.Tx) error {
		s, err := tx.Session(id)
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "session"))
		}
		now := m.Now()
		ended, err := tx.EndSession(id, identity.SessionRevoked, now)
		if err != nil || !ended {
			return err
		}
		return tx.Audit(identity.AuditEntry{
			At: now, Action: "session.revoked", Subject: string(id), Detail: map[string]string{"user_id": string(s.UserID)},
		})
	})
	if err != nil {
		return identity.Session{}, err
	}
	return m.Session(ctx, id)
}
