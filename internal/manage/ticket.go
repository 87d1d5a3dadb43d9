package manage

import (
	"context"
	"encoding/json"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/store"
)

// Lives of tickets and of what they begin: Clerk's, but for the limits, ours.
const (
	signInTokenLife     = 30 * 24 * time.Hour
	maxSignInTokenLife  = 10 * 365 * 24 * time.Hour
	actorTokenLife      = time.Hour
	maxActorTokenLife   = 30 * 24 * time.Hour
	actorSessionLife    = 30 * time.Minute
	maxActorSessionLife = 24 * time.Hour

	maxActor    = 1 << 10 // bytes of JSON: it goes into every session token; ours
	ticketBytes = 32      // 256 bits of chance
)

// TicketChange is what a caller gave to make a ticket.
type TicketChange struct {
	UserID         string
	OrganizationID string            // of a sign-in token: to be active
	Actor          identity.Metadata // of an actor token
	ExpiresIn      *int64            // seconds
	SessionFor     *int64            // seconds; of an actor token
}

// NewTicket is a ticket with its token, which is shown this once.
type NewTicket struct {
	identity.Ticket
	Token string
	URL   string // where the person redeems it
}

// CreateSignInToken makes a ticket with which a user signs in once. One whose
// address is on a domain that signs in by SSO is led there instead.
func (s *Service) CreateSignInToken(ctx context.Context, ch TicketChange) (NewTicket, error) {
	life, err := seconds("expires_in_seconds", ch.ExpiresIn, signInTokenLife, maxSignInTokenLife)
	if err != nil {
		return NewTicket{}, err
	}
	now := s.Now()
	t := s.newTicket(string(identity.NewID[identity.SignInTokenID](now)), identity.TicketSignIn, ch)
	t.ExpiresAt = now.Add(life)
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, ch.UserID)
		if err != nil {
			return err
		}
		if ch.OrganizationID != "" {
			org, err := tx.Membership(identity.OrgID(ch.OrganizationID), u.ID)
			if err != nil {
				return store.Missing(err, fault.New(fault.OrganizationNotFound))
			}
			t.OrganizationID = org.OrganizationID
		}
		if err := tx.InsertTicket(t.Ticket); err != nil {
			return err
		}
		return s.auditTicket(tx, "created", t.Ticket)
	})
	return t, err
}

// CreateActorToken makes a ticket with which somebody acts as a user for a while.
func (s *Service) CreateActorToken(ctx context.Context, ch TicketChange) (NewTicket, error) {
	life, lifeErr := seconds("expires_in_seconds", ch.ExpiresIn, actorTokenLife, maxActorTokenLife)
	session, sessionErr := seconds("session_max_duration_in_seconds", ch.SessionFor, actorSessionLife, maxActorSessionLife)
	if err := fault.Join(lifeErr, sessionErr, checkActor(ch.Actor)); err != nil {
		return NewTicket{}, err
	}
	now := s.Now()
	t := s.newTicket(string(identity.NewID[identity.ActorTokenID](now)), identity.TicketActor, ch)
	t.ExpiresAt, t.Actor, t.SessionLifetime = now.Add(life), ch.Actor, session
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		u, err := tx.User(identity.UserID(ch.UserID))
		if err != nil {
			return store.Missing(err, fault.New(fault.FormResourceNotFound, "param_name", "user_id"))
		}
		actor, _ := ch.Actor["sub"].(string)
		if d := policy.Impersonate(policy.ImpersonateFacts{Now: now, Actor: actor, User: u}); d.Denied != nil {
			return d.Denied
		}
		if err := tx.InsertTicket(t.Ticket); err != nil {
			return err
		}
		return s.auditTicket(tx, "created", t.Ticket)
	})
	return t, err
}

func (s *Service) newTicket(id string, kind identity.TicketKind, ch TicketChange) NewTicket {
	now := s.Now()
	token := secret.NewToken(ticketBytes)
	return NewTicket{Token: token, URL: s.BaseURL + "/sign-in?__clerk_ticket=" + token, Ticket: identity.Ticket{
		ID: id, Kind: kind, TokenHash: s.Ring.HashToken("ticket", token), Status: identity.TicketPending,
		UserID: identity.UserID(ch.UserID), CreatedAt: now, UpdatedAt: now,
	}}
}

// checkActor judges who is to act. Only "sub" is read; all of it goes into the
// session's tokens.
func checkActor(actor identity.Metadata) error {
	if actor == nil {
		return fault.New(fault.FormParamMissing, "param_name", "actor")
	}
	text, err := json.Marshal(actor)
	if err != nil || len(text) > maxActor {
		return fault.New(fault.FormParamTooLarge, "param_name", "actor").Because(err)
	}
	if _, ok := actor["sub"].(string); actor["sub"] != nil && !ok {
		return fault.New(fault.FormParamTypeInvalid, "param_name", "actor.sub")
	}
	return nil
}

// seconds reads a time that a caller may choose.
func seconds(param string, value *int64, byDefault, most time.Duration) (time.Duration, error) {
	if value == nil {
		return byDefault, nil
	}
	if *value < 1 || *value > int64(most/time.Second) {
		return 0, fault.New(fault.FormParamValueInvalid, "param_name", param)
	}
	return time.Duration(*value) * time.Second, nil
}

// RevokeTicket takes a ticket that nobody has used out of use.
func (s *Service) RevokeTicket(ctx context.Context, kind identity.TicketKind, id string) (t identity.Ticket, err error) {
	now := s.Now()
	resource, late := "sign-in token", fault.New(fault.SignInTokenCannotBeRevoked)
	if kind == identity.TicketActor {
		resource, late = "actor token", fault.New(fault.ActorTokenCannotBeRevoked)
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Ticket(kind, id); err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", resource))
		}
		pending, err := tx.EndTicket(id, identity.TicketRevoked, now)
		if err != nil {
			return err
		}
		if !pending {
			return late
		}
		if t, err = tx.Ticket(kind, id); err != nil {
			return err
		}
		return s.auditTicket(tx, "revoked", t)
	})
	return t, err
}

// auditTicket writes what became of a ticket into the audit log. Of who is to act
// it has the id, if that is one of ours.
func (s *Service) auditTicket(tx *store.Tx, verb string, t identity.Ticket) error {
	noun, detail := "sign_in_token", map[string]string{"user_id": string(t.UserID)}
	if t.Kind == identity.TicketActor {
		noun = "actor_token"
		sub, _ := t.Actor["sub"].(string)
		if _, err := identity.ParseID[identity.UserID](sub); err == nil {
			detail["actor_id"] = sub
		}
	}
	return s.audit(tx, identity.AuditEntry{Action: noun + "." + verb, Subject: t.ID, OrganizationID: t.OrganizationID, Detail: detail})
}
