package signin

import (
	"context"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/session"
	"usher/internal/store"
)

// StrategyTicket is the strategy of a sign-in by a ticket.
const StrategyTicket = "ticket"

// Redeem is a ticket that a browser brings.
type Redeem struct {
	Client    identity.ClientID
	Token     string
	ReturnURL string
}

// Redeemed is what a ticket led to: a session, or a sign-in that goes on.
type Redeemed struct {
	Done Done
	Next Next // where the address signs in by SSO; zero: Done
}

// Ticket signs a person in with a ticket, which works once. A person whose address
// is on a domain that signs in by SSO is led to the identity provider instead, and
// the ticket is used up: it is no way around (threat T-ID-20).
func (f *Flow) Ticket(ctx context.Context, r Redeem) (Redeemed, error) {
	back, err := f.returnURL(ctx, r.ReturnURL)
	if err != nil {
		return Redeemed{}, err
	}
	var out Redeemed
	var sso identity.Email
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		out, sso = Redeemed{}, ""
		t, u, err := f.ticket(tx, r.Token)
		if err != nil {
			return err
		}
		if t.Kind == identity.TicketActor {
			out.Done, err = f.impersonate(tx, t, u, r.Client)
			return err
		}
		if err := session.Usable(u, f.Now()); err != nil {
			return err
		}
		if t.Kind == identity.TicketOperator { // works when nothing else does
			out.Done, err = f.signInByTicket(tx, t, u, r.Client)
			return err
		}
		if sso, err = ticketAddress(tx, u); sso != "" || err != nil {
			return err
		}
		out.Done, err = f.signInByTicket(tx, t, u, r.Client)
		return err
	})
	if err != nil {
		return Redeemed{}, err
	}
	if sso != "" {
		out.Next, err = f.Begin(ctx, Begin{Client: r.Client, Address: string(sso), ReturnURL: back})
		return out, err
	}
	out.Done.ReturnURL = back
	return out, nil
}

// ticket finds the ticket of a token, uses it up, and finds its user.
func (f *Flow) ticket(tx *store.Tx, token string) (identity.Ticket, identity.User, error) {
	now := f.Now()
	t, err := tx.TicketByTokenHash(f.Ring.HashToken("ticket", token))
	if err != nil {
		return t, identity.User{}, store.Missing(err, fault.New(fault.TicketInvalid))
	}
	revoked, used := fault.SignInTokenRevoked, fault.SignInTokenAlreadyUsed
	if t.Kind == identity.TicketActor {
		revoked, used = fault.ActorTokenRevoked, fault.ActorTokenAlreadyUsed
	}
	switch {
	case t.Status == identity.TicketRevoked:
		return t, identity.User{}, fault.New(revoked)
	case t.Status == identity.TicketAccepted:
		return t, identity.User{}, fault.New(used)
	case !now.Before(t.ExpiresAt):
		return t, identity.User{}, fault.New(fault.TicketExpired)
	}
	pending, err := tx.EndTicket(t.ID, identity.TicketAccepted, now)
	if err != nil {
		return t, identity.User{}, err
	}
	if !pending {
		return t, identity.User{}, fault.New(used)
	}
	u, err := tx.User(t.UserID)
	return t, u, err
}

// ticketAddress is the address with which the person must sign in by SSO; empty
// where a ticket will do. One without an address who is bound to a connection is
// refused.
func ticketAddress(tx *store.Tx, u identity.User) (identity.Email, error) {
	emails, err := tx.EmailAddressesOf(u.ID)
	if err != nil {
		return "", err
	}
	var first error
	for _, e := range emails {
		if !e.IsHeld() {
			continue
		}
		refused, err := enforce(tx, u, e.Address, StrategyTicket)
		switch {
		case err != nil:
			return "", err
		case fault.Is(refused, fault.StrategyForUserInvalid):
			return e.Address, nil
		case refused != nil:
			first = refused
		}
	}
	return "", first
}

func (f *Flow) signInByTicket(tx *store.Tx, t identity.Ticket, u identity.User, client identity.ClientID) (Done, error) {
	now := f.Now()
	s := identity.SignIn{
		ID: identity.NewID[identity.SignInID](now), ClientID: client, Status: identity.SignInNeedsFirstFactor, UserID: u.ID,
		Strategy: StrategyTicket, CreatedAt: now, UpdatedAt: now, AbandonAt: now.Add(signInLife),
	}
	if err := tx.InsertSignIn(s); err != nil {
		return Done{}, err
	}
	in, err := tx.Instance()
	if err != nil {
		return Done{}, err
	}
	if err := f.enroll(tx, u.ID); err != nil {
		return Done{}, err
	}
	org, choose, err := firstOrganization(tx, u.ID)
	if err != nil {
		return Done{}, err
	}
	if t.OrganizationID != "" {
		if _, err := tx.Membership(t.OrganizationID, u.ID); err == nil {
			org, choose = t.OrganizationID, false
		} else if store.Optional(err) != nil {
			return Done{}, err
		}
	}
	done, err := f.finishSignIn(tx, s, session.Start{Client: client, User: u.ID, Organization: org, Settings: in.Settings, Now: now})
	if err != nil {
		return done, err
	}
	done.Choose = choose
	if t.Kind != identity.TicketOperator {
		return done, nil
	}
	return done, tx.Audit(identity.AuditEntry{
		At: now, Action: "operator_link.accepted", Subject: t.ID, OrganizationID: t.OrganizationID,
		Detail: map[string]string{"user_id": string(u.ID), "session_id": string(done.Session.ID)},
	})
}

// impersonate makes the session in which somebody acts as another person. It
// leaves no trace as a sign-in of that person's.
func (f *Flow) impersonate(tx *store.Tx, t identity.Ticket, u identity.User, client identity.ClientID) (Done, error) {
	now := f.Now()
	sessions, err := tx.SessionsOfClient(client)
	if err != nil {
		return Done{}, err
	}
	actor, _ := t.Actor["sub"].(string)
	d := policy.Impersonate(policy.ImpersonateFacts{Now: now, Actor: actor, User: u, Sessions: sessions})
	if d.Denied != nil {
		return Done{}, d.Denied
	}
	in, err := tx.Instance()
	if err != nil {
		return Done{}, err
	}
	org, choose, err := firstOrganization(tx, u.ID)
	if err != nil {
		return Done{}, err
	}
	s, cookie, err := f.Sessions.Create(tx, session.Start{
		Client: client, User: u.ID, Organization: org, Actor: t.Actor, Settings: in.Settings, Now: now,
		NotAfter: now.Add(max(t.SessionLifetime, time.Second)),
	})
	if err != nil {
		return Done{}, err
	}
	// Whoever holds the ticket: who that is was settled when it was made.
	return Done{Session: s, Cookie: cookie, Choose: choose}, tx.Audit(identity.AuditEntry{
		At: now, Action: "actor_token.accepted", Subject: t.ID,
		Detail: map[string]string{"user_id": string(u.ID), "session_id": string(s.ID)},
	})
}
