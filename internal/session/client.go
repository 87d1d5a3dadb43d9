package session

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

// ClientView is a browser with what it is shown with.
type ClientView struct {
	identity.Client
	Sessions []identity.Session // the oldest first
	SignIn   identity.SignInID  // under way; empty: none
	SignUp   identity.SignUpID  // under way; empty: none
	Strategy string             // of the last sign-in; empty: not known
}

// ClientByID reads a browser.
func (m *Manager) ClientByID(ctx context.Context, id identity.ClientID) (ClientView, error) {
	return m.viewClient(ctx, func(tx *store.Tx) (identity.Client, error) {
		c, err := tx.Client(id)
		return c, store.Missing(err, fault.New(fault.NotFound, "resource", "client"))
	})
}

// ClientByToken reads the browser whose cookie has this value. One that is
// superseded is no browser's.
func (m *Manager) ClientByToken(ctx context.Context, token string) (ClientView, error) {
	return m.viewClient(ctx, func(tx *store.Tx) (identity.Client, error) {
		c, err := tx.ClientByTokenHash(m.hash(token))
		return c, store.Missing(err, fault.New(fault.CookieInvalid))
	})
}

func (m *Manager) viewClient(ctx context.Context, find func(*store.Tx) (identity.Client, error)) (v ClientView, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := find(tx)
		if err != nil {
			return err
		}
		v, err = m.clientView(tx, c)
		return err
	})
	return v, err
}

// Clients lists browsers, newest first.
func (m *Manager) Clients(ctx context.Context, p store.Page) (list []ClientView, total int, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		clients, n, err := tx.Clients(p)
		if err != nil {
			return err
		}
		list, total = nil, n
		for _, c := range clients {
			v, err := m.clientView(tx, c)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

func (m *Manager) clientView(tx *store.Tx, c identity.Client) (ClientView, error) {
	v := ClientView{Client: c}
	sessions, err := tx.SessionsOfClient(c.ID)
	if err != nil {
		return v, err
	}
	for _, s := range sessions {
		v.Sessions = append(v.Sessions, m.aged(s))
		if s.ID == c.LastActiveSessionID && s.ConnectionID != "" {
			v.Strategy = "enterprise_sso"
		}
	}
	now := m.Now()
	in, err := tx.LatestSignIn(c.ID)
	if store.Optional(err) != nil {
		return v, err
	}
	if err == nil && in.Status != identity.SignInComplete && in.Status != identity.SignInAbandoned && now.Before(in.AbandonAt) {
		v.SignIn = in.ID
	}
	up, err := tx.LatestSignUp(c.ID)
	if err == nil && up.Status == identity.SignUpMissingRequirements && now.Before(up.AbandonAt) {
		v.SignUp = up.ID
	}
	return v, store.Optional(err)
}

// Begin makes a session of nothing, in a browser that does not exist: for tests of
// applications, in development only.
func (m *Manager) Begin(ctx context.Context, user identity.UserID, org identity.OrgID) (s identity.Session, err error) {
	if !m.Development {
		return s, fault.New(fault.RequestInvalidForEnvironment)
	}
	now := m.Now()
	err = m.DB.Write(ctx, func(tx *store.Tx) error {
		u, err := tx.User(user)
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "user"))
		}
		if err := Usable(u, now); err != nil {
			return err
		}
		if org != "" {
			if _, err := tx.Membership(org, u.ID); err != nil {
				return store.Missing(err, fault.New(fault.OrganizationNotFound))
			}
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		c := identity.Client{
			ID: identity.NewID[identity.ClientID](now), TokenHash: m.hash(secret.NewToken(clientTokenBytes)), CreatedAt: now, UpdatedAt: now,
		}
		if err := tx.InsertClient(c); err != nil {
			return err
		}
		s, _, err = m.Create(tx, Start{Client: c.ID, User: u.ID, Organization: org, Settings: in.Settings, Now: now})
		if err != nil {
			return err
		}
		return tx.Audit(identity.AuditEntry{
			At: now, Action: "session.created", Subject: string(s.ID), Detail: map[string]string{"user_id": string(u.ID)},
		})
	})
	return s, err
}
