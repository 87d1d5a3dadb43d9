package signin

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/session"
	"usher/internal/store"
)

// Linkable lists the connections at which a signed-in person may link an account
// to her own: behaviour 1.53.
func (f *Flow) Linkable(ctx context.Context, s session.Signed) (list []identity.Connection, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		members, _, err := tx.MembershipsOfUser(s.User.ID, store.Page{})
		if err != nil {
			return err
		}
		active := true
		for _, m := range members {
			connections, _, err := tx.Connections(store.ConnectionFilter{OrganizationID: &m.OrganizationID, Active: &active}, store.Page{})
			if err != nil {
				return err
			}
			for _, c := range connections {
				d, err := mayLink(tx, c, s)
				if err != nil {
					return err
				}
				if d.Denied == nil {
					list = append(list, c)
				}
			}
		}
		return nil
	})
	return list, err
}

// BeginLink sends a signed-in person to a connection's provider, to link the
// account there to her own. What comes back counts for this person, in this
// session, and once (threat T-ID-14).
func (f *Flow) BeginLink(ctx context.Context, s session.Signed, id identity.ConnectionID) (Ticket, error) {
	now := f.Now()
	if err := f.DB.Read(ctx, func(tx *store.Tx) error { return checkLink(tx, id, s) }); err != nil {
		return Ticket{}, err
	}
	q, err := f.ask(ctx, id, "")
	if err != nil {
		return Ticket{}, err
	}
	attempt := f.started(q, now)
	attempt.Kind, attempt.UserID = identity.AttemptLink, s.User.ID
	q.ticket.AttemptID = attempt.ID
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		if err := checkLink(tx, id, s); err != nil {
			return err
		}
		p := q.pending
		p.ClientID, p.Link = s.Client.ID, s.Session.ID
		return f.remember(tx, q, attempt, p)
	})
	return q.ticket, err
}

// checkLink says why a person may not link an account at a connection; nil if she
// may.
func checkLink(tx *store.Tx, id identity.ConnectionID, s session.Signed) error {
	c, err := tx.Connection(id)
	if err != nil {
		return store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
	}
	d, err := mayLink(tx, c, s)
	if err == nil {
		err = d.Denied
	}
	return err
}

// mayLink asks policy whether a person may link an account at a connection.
func mayLink(tx *store.Tx, c identity.Connection, s session.Signed) (policy.Decision, error) {
	p, err := loadWithAccount(tx, c, s.User.ID)
	if err != nil {
		return policy.Decision{}, err
	}
	return policy.MayLink(policy.LinkFacts{
		AdmitFacts: policy.AdmitFacts{Connection: c}, Person: *p, Impersonated: s.Session.Impersonated(),
	}), nil
}

// decide asks policy about what a provider vouches for: to let the person in, or
// to link the account to the person of a session, in the browser that began it.
func (f *Flow) decide(tx *store.Tx, facts policy.AdmitFacts, link identity.SessionID, client identity.ClientID) (policy.Decision, error) {
	facts, err := loadFacts(tx, facts)
	if err != nil {
		return policy.Decision{}, err
	}
	if link == "" {
		return policy.Admit(facts), nil
	}
	s, err := tx.Session(link)
	if store.Optional(err) != nil {
		return policy.Decision{}, err
	}
	if !s.Live(f.Now()) || s.ClientID != client {
		return policy.Decision{Denied: fault.New(fault.SignedOut)}, nil
	}
	p, err := loadWithAccount(tx, facts.Connection, s.UserID)
	if err != nil {
		return policy.Decision{}, err
	}
	return policy.Link(policy.LinkFacts{AdmitFacts: facts, Person: *p, Impersonated: s.Impersonated()}), nil
}

// arriveLinked carries out the plan of a linked account and completes the attempt.
// Nobody is signed in by it.
func (f *Flow) arriveLinked(tx *store.Tx, v arrival, link identity.SessionID, a *identity.Attempt) (Done, error) {
	applied, err := provision.Apply(tx, v.plan, verifiedBy(v.connection.Provider), v.now)
	if err != nil {
		return Done{}, err
	}
	if _, err := f.keepRefreshToken(tx, v, applied.Account, a); err != nil {
		return Done{}, err
	}
	a.State, a.FinishedAt = identity.AttemptComplete, v.now
	a.UserID, a.SessionID = applied.User.ID, link
	return Done{ReturnURL: linkedURL}, nil
}

// linkedURL is where a person finds the account that was just linked.
const linkedURL = "/user"
