package session

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

// sessionCategory marks a session token; SDKs refuse other kinds in its place.
const sessionCategory = "cl_B7d4PD111AAA"

// notBeforeSlack lets verifiers with a slow clock accept a new token.
const notBeforeSlack = 10 * time.Second

// Ask says which token of a session is wanted.
type Ask struct {
	Session         identity.SessionID
	Client          identity.ClientID // the browser that asks; empty: the Backend API
	Organization    *identity.OrgID   // nil: the session's; empty: none
	AuthorizedParty string            // "azp": the Origin of the request; empty: left out
	Lifetime        time.Duration     // 0: TokenLifetime
}

// Token mints a session token. Everything in it is read now: a revoked session,
// a banned person or a lowered role shows in the next token. It writes nothing,
// but that the session is in use, once in touchAfter.
func (m *Manager) Token(ctx context.Context, ask Ask) (string, error) {
	key, err := m.Keys.signer(ctx)
	if err != nil {
		return "", err
	}
	s, c, err := m.read(ctx, ask)
	if err != nil {
		return "", err
	}
	asked, err := m.askProvider(ctx, s)
	if err != nil {
		return "", err
	}
	if asked {
		if s, c, err = m.read(ctx, ask); err != nil {
			return "", err
		}
	}
	if ask.Client != "" { // a person is there
		if err := m.touch(ctx, s); err != nil {
			return "", err
		}
	}
	return key.sign(c)
}

// read reads the session that a token is asked for and what the token says.
func (m *Manager) read(ctx context.Context, ask Ask) (s identity.Session, c claims, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		if s, err = askedFor(tx, ask, m.Now()); err != nil {
			return err
		}
		c, err = m.claims(tx, ask, s)
		return err
	})
	return s, c, err
}

// askProvider asks whether the session's person is still there, where that is
// due, and reports whether it was.
func (m *Manager) askProvider(ctx context.Context, s identity.Session) (asked bool, err error) {
	if m.Presence == nil || s.CheckAt.IsZero() || m.Now().Before(s.CheckAt) {
		return false, nil
	}
	return true, m.Presence.CheckPresence(ctx, s)
}

// present asks whether the person of a session that is live is still there, where
// that is due.
func (m *Manager) present(ctx context.Context, id identity.SessionID) error {
	var s identity.Session
	err := m.DB.Read(ctx, func(tx *store.Tx) (err error) {
		s, err = tx.Session(id)
		return store.Optional(err)
	})
	if err != nil || !s.Live(m.Now()) {
		return err
	}
	_, err = m.askProvider(ctx, s)
	return err
}

// askedFor finds the session that a token is asked for. Another browser's answers
// like one that does not exist.
func askedFor(tx *store.Tx, ask Ask, now time.Time) (identity.Session, error) {
	tx.Ahead(func() {
		_, _ = tx.Session(ask.Session)
		_, _ = tx.Instance()
	})
	s, err := tx.Session(ask.Session)
	if err != nil {
		return s, store.Missing(err, fault.New(fault.NotFound, "resource", "session"))
	}
	if ask.Client != "" && s.ClientID != ask.Client {
		return s, fault.New(fault.NotFound, "resource", "session")
	}
	if !s.Live(now) {
		return s, ended(tx, s)
	}
	return s, nil
}

// ended says why a session has no token any more.
func ended(tx *store.Tx, s identity.Session) error {
	if s.ConnectionID != "" {
		account, err := tx.AccountOf(s.ConnectionID, s.UserID)
		if store.Optional(err) != nil {
			return err
		}
		if !account.DeprovisionedAt.IsZero() {
			return fault.New(fault.Deprovisioned)
		}
	}
	return fault.New(fault.AuthenticationInvalid)
}

// claims reads what a token says.
func (m *Manager) claims(tx *store.Tx, ask Ask, s identity.Session) (claims, error) {
	now := m.Now()
	org := s.LastActiveOrganizationID
	if ask.Organization != nil {
		org = *ask.Organization
	}
	tx.Ahead(func() {
		_, _ = tx.User(s.UserID)
		if org != "" {
			_, _ = tx.Membership(org, s.UserID)
			_, _ = tx.Organization(org)
			_, _ = tx.RoleOf(org, s.UserID)
		}
	})
	u, err := tx.User(s.UserID)
	if err != nil {
		return claims{}, err
	}
	if err := Usable(u, now); err != nil {
		return claims{}, err
	}
	in, err := tx.Instance()
	if err != nil {
		return claims{}, err
	}
	lifetime := ask.Lifetime
	if lifetime == 0 {
		lifetime = TokenLifetime
	}
	c := claims{
		Actor:           s.Actor,
		AuthorizedParty: ask.AuthorizedParty,
		Expires:         now.Add(lifetime).Unix(),
		FactorAges:      [2]int64{int64(now.Sub(s.FirstFactorAt) / time.Minute), -1},
		IssuedAt:        now.Unix(),
		Issuer:          m.Issuer,
		NotBefore:       now.Add(-notBeforeSlack).Unix(),
		SessionID:       s.ID,
		Subject:         u.ID,
	}
	version := in.Settings.SessionClaimsVersion
	if version != 1 {
		c.Version, c.ID, c.Status, c.Plan = 2, secret.NewToken(16), string(s.Status), "u:free_user"
	}
	if org == "" {
		return c, nil
	}
	return c, addOrganization(tx, &c, org, ask.Organization != nil)
}

// addOrganization puts the person's place in the organization into the claims. A
// session's organization that the person has left is dropped in silence; one
// that was asked for by name is refused.
func addOrganization(tx *store.Tx, c *claims, id identity.OrgID, asked bool) error {
	member, err := tx.Membership(id, c.Subject)
	if errors.Is(err, store.ErrNotFound) && !asked {
		return nil
	}
	if err != nil {
		return store.Missing(err, fault.New(fault.OrganizationNotFound))
	}
	org, err := tx.Organization(id)
	if err != nil {
		return err
	}
	role, err := tx.RoleOf(id, c.Subject)
	if store.Optional(err) != nil { // a role that there is not allows nothing
		return err
	}
	if c.Version == 0 {
		c.OrgID, c.OrgSlug, c.OrgRole = org.ID, org.Slug, member.Role
		for _, p := range role.Permissions {
			if !p.IsSystem() {
				c.OrgPermissions = append(c.OrgPermissions, p)
			}
		}
		return nil
	}
	features, actions, masks := packPermissions(role.Permissions)
	c.Plan = "o:free_org"
	c.Features = features
	c.Organization = &orgClaim{
		ID: org.ID, Slug: org.Slug, Role: strings.TrimPrefix(string(member.Role), "org:"),
		Permissions: actions, Masks: masks,
	}
	return nil
}

// Usable refuses people who may not have a token any more.
func Usable(u identity.User, now time.Time) error {
	switch {
	case u.Banned:
		return fault.New(fault.UserBanned)
	case !u.DeactivatedAt.IsZero():
		return fault.New(fault.UserDeactivated)
	case u.Locked(now):
		return fault.New(fault.UserLocked)
	}
	return nil
}

// claims is the body of a session token: version 2, or version 1 where Version
// is zero.
type claims struct {
	Actor           identity.Metadata     `json:"act,omitempty"`
	AuthorizedParty string                `json:"azp,omitempty"`
	Expires         int64                 `json:"exp"`
	Features        string                `json:"fea,omitempty"`
	FactorAges      [2]int64              `json:"fva"`
	IssuedAt        int64                 `json:"iat"`
	Issuer          string                `json:"iss"`
	ID              string                `json:"jti,omitempty"`
	NotBefore       int64                 `json:"nbf"`
	Organization    *orgClaim             `json:"o,omitempty"`
	Plan            string                `json:"pla,omitempty"`
	SessionID       identity.SessionID    `json:"sid"`
	Status          string                `json:"sts,omitempty"`
	Subject         identity.UserID       `json:"sub"`
	Version         int                   `json:"v,omitempty"`
	OrgID           identity.OrgID        `json:"org_id,omitempty"`
	OrgSlug         string                `json:"org_slug,omitempty"`
	OrgRole         identity.RoleKey      `json:"org_role,omitempty"`
	OrgPermissions  []identity.Permission `json:"org_permissions,omitempty"`
}

type orgClaim struct {
	Masks       string         `json:"fpm,omitempty"`
	ID          identity.OrgID `json:"id"`
	Permissions string         `json:"per,omitempty"`
	Role        string         `json:"rol"`
	Slug        string         `json:"slg,omitempty"`
}

// packPermissions writes custom permissions as Clerk's version 2 tokens do: the
// features, the distinct actions, and for each feature a bit mask over the
// actions, least significant bit first. System permissions never appear.
func packPermissions(all []identity.Permission) (features, actions, masks string) {
	byFeature := map[string][]string{}
	var names, acts []string
	for _, p := range all {
		parts := strings.SplitN(string(p), ":", 3)
		if p.IsSystem() || len(parts) != 3 {
			continue
		}
		if byFeature[parts[1]] == nil {
			names = append(names, parts[1])
		}
		byFeature[parts[1]] = append(byFeature[parts[1]], parts[2])
		if !slices.Contains(acts, parts[2]) {
			acts = append(acts, parts[2])
		}
	}
	slices.Sort(names)
	slices.Sort(acts)
	fea, fpm := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		mask := new(big.Int)
		for bit, action := range acts {
			if slices.Contains(byFeature[name], action) {
				mask.SetBit(mask, bit, 1)
			}
		}
		fea[i], fpm[i] = "o:"+name, mask.String()
	}
	return strings.Join(fea, ","), strings.Join(acts, ","), strings.Join(fpm, ",")
}

// tokenHeader is the first part of every token of a key.
func tokenHeader(kid string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil,
		`{"alg":"RS256","cat":%q,"kid":%q,"typ":"JWT"}`, sessionCategory, kid))
}

// sign writes a token: RS256, RFC 7515.
func (k signingKey) sign(c claims) (string, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("session: encoding a token: %w", err)
	}
	b := make([]byte, 0, len(k.header)+2+base64.RawURLEncoding.EncodedLen(len(body))+base64.RawURLEncoding.EncodedLen(k.private.Size()))
	b = append(b, k.header...)
	b = append(b, '.')
	b = base64.RawURLEncoding.AppendEncode(b, body)
	digest := sha256.Sum256(b)
	sig, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("session: signing a token: %w", err)
	}
	b = append(b, '.')
	return string(base64.RawURLEncoding.AppendEncode(b, sig)), nil
}
