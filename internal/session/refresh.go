package session

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

const (
	refreshTokenBytes = 32 // 256 bits of chance

	// maxRefreshAge is how old a session token may be that is traded in. Ours; the
	// browser gets a new one from the Frontend API after that.
	maxRefreshAge = 24 * time.Hour

	// refreshGrace is how long after a trade the same token may come again without
	// ending the session: a page makes several requests at once. Ours.
	refreshGrace = 10 * time.Second

	// maxTokenText is in bytes. Ours.
	maxTokenText = 16 << 10
)

// IssueRefresh makes the refresh token of a session, which a handshake gives the
// browser beside its session token.
func (m *Manager) IssueRefresh(tx *store.Tx, s identity.Session) (string, error) {
	token := secret.NewToken(refreshTokenBytes)
	return token, tx.InsertRefreshToken(identity.RefreshToken{
		Hash: m.hashRefresh(token), SessionID: s.ID, CreatedAt: m.Now(), ExpiresAt: s.ExpireAt,
	})
}

func (m *Manager) hashRefresh(token string) string { return m.Ring.HashToken("refresh", token) }

// hashExpired is of what is signed. The signature behind it can be written in
// several ways, in which a copy would pass for another token.
func (m *Manager) hashExpired(token string) string {
	return m.Ring.HashToken("expired token", token[:max(strings.LastIndexByte(token, '.'), 0)])
}

// RefreshAsk is what an application's server sends to get the browser that talks
// to it a new session token.
type RefreshAsk struct {
	Session      identity.SessionID
	ExpiredToken string
	RefreshToken string
	Origin       string // of the browser's request
}

// expired is what is read of the token that is traded in.
type expired struct {
	AuthorizedParty string             `json:"azp"`
	IssuedAt        int64              `json:"iat"`
	SessionID       identity.SessionID `json:"sid"`
	Subject         identity.UserID    `json:"sub"`
}

// Refresh trades an expired session token and a refresh token in for a new
// session token. A token is traded in once: if it comes again, somebody has a
// copy, and the session ends (threat T-SES-13).
func (m *Manager) Refresh(ctx context.Context, ask RefreshAsk) (string, error) {
	key, err := m.Keys.signer(ctx)
	if err != nil {
		return "", err
	}
	old, err := m.readExpired(ctx, ask)
	if err != nil {
		return "", err
	}
	if err := m.present(ctx, ask.Session); err != nil {
		return "", err
	}
	var c claims
	var refused error
	err = m.DB.Write(ctx, func(tx *store.Tx) error {
		refused = nil
		s, err := m.refreshable(tx, ask, old)
		if err != nil {
			return err
		}
		now := m.Now()
		fresh, at, err := tx.ConsumeToken(m.hashExpired(ask.ExpiredToken), now, time.Unix(old.IssuedAt, 0).Add(maxRefreshAge))
		if err != nil {
			return err
		}
		if !fresh {
			refused = fault.New(fault.ExpiredTokenConsumed)
			if now.Sub(at) >= refreshGrace {
				return endStolen(tx, s, now) // commit: the session is over
			}
			return nil
		}
		c, err = m.claims(tx, Ask{Session: s.ID, AuthorizedParty: ask.Origin}, s)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return "", err
	}
	return key.sign(c)
}

// endStolen ends a session of which somebody has a copy.
func endStolen(tx *store.Tx, s identity.Session, now time.Time) error {
	ended, err := tx.EndSession(s.ID, identity.SessionRevoked, now)
	if err != nil || !ended {
		return err
	}
	return tx.Audit(identity.AuditEntry{At: now, Action: "session.revoked", Subject: string(s.ID), Detail: map[string]string{
		"user_id": string(s.UserID), "reason": "an expired token was traded in twice",
	}})
}

// refreshable finds the session, if it may be refreshed with this token.
func (m *Manager) refreshable(tx *store.Tx, ask RefreshAsk, old expired) (identity.Session, error) {
	s, err := tx.Session(ask.Session)
	if err != nil {
		return s, store.Missing(err, fault.New(fault.RefreshSessionNotFound))
	}
	now := m.Now()
	t, err := tx.RefreshToken(m.hashRefresh(ask.RefreshToken))
	if store.Optional(err) != nil {
		return s, err
	}
	switch {
	case err != nil, t.SessionID != s.ID, !now.Before(t.ExpiresAt):
		return s, fault.New(fault.RefreshTokenNotFound)
	case !s.Live(now):
		return s, fault.New(fault.SessionRefreshInactive)
	case old.Subject != s.UserID:
		return s, fault.New(fault.ExpiredTokenInvalid)
	}
	u, err := tx.User(s.UserID)
	if err != nil {
		return s, err
	}
	if err := Usable(u, now); err != nil {
		return s, fault.New(fault.SessionRefreshInactive).Because(err)
	}
	return s, nil
}

// readExpired judges the token that is traded in, whose time may be over.
func (m *Manager) readExpired(ctx context.Context, ask RefreshAsk) (expired, error) {
	origin, err := url.Parse(ask.Origin)
	if err != nil || origin.Host == "" || origin.Scheme == "" || ask.Origin != origin.Scheme+"://"+origin.Host {
		return expired{}, fault.New(fault.RefreshOriginInvalid)
	}
	body, ok, err := m.Keys.verified(ctx, ask.ExpiredToken)
	if err != nil {
		return expired{}, err
	}
	var old expired
	if !ok || json.Unmarshal(body, &old) != nil {
		return expired{}, fault.New(fault.ExpiredTokenInvalid)
	}
	switch age := m.Now().Sub(time.Unix(old.IssuedAt, 0)); {
	case old.AuthorizedParty == "":
		return old, fault.New(fault.ExpiredTokenMissingAZP)
	case old.SessionID == "":
		return old, fault.New(fault.ExpiredTokenMissingSID)
	case old.IssuedAt == 0:
		return old, fault.New(fault.ExpiredTokenMissingIAT)
	case old.AuthorizedParty != ask.Origin:
		return old, fault.New(fault.RefreshOriginMismatch)
	case old.SessionID != ask.Session:
		return old, fault.New(fault.RefreshSIDMismatch)
	case age >= maxRefreshAge:
		return old, fault.New(fault.ExpiredTokenTooOld)
	}
	return old, nil
}

// verified returns the claims of a session token that one of the published keys
// signed; ok is false for any other text. Its times are not looked at.
func (k *Keys) verified(ctx context.Context, token string) (claims []byte, ok bool, err error) {
	keys, err := k.load(ctx)
	if err != nil {
		return nil, false, err
	}
	parts := strings.Split(token, ".")
	if len(token) > maxTokenText || len(parts) != 3 {
		return nil, false, nil
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	sig, sigErr := base64.RawURLEncoding.DecodeString(parts[2])
	body, bodyErr := base64.RawURLEncoding.DecodeString(parts[1])
	if sigErr != nil || bodyErr != nil {
		return nil, false, nil
	}
	for _, key := range keys {
		// The header is compared as a whole: another algorithm or kind of token has
		// another one.
		if key.header == parts[0] && rsa.VerifyPKCS1v15(&key.private.PublicKey, crypto.SHA256, sum[:], sig) == nil {
			return body, true, nil
		}
	}
	return nil, false, nil
}
