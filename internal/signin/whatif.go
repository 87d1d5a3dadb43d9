package signin

import (
	"context"
	"slices"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// Proposal is a change of a connection that is thought of. What is nil stays as it
// is.
type Proposal struct {
	Connection      identity.ConnectionID // empty: nothing changes
	Revision        identity.RevisionID
	Config          *identity.ConnectionConfig // one that is not kept, such as a draft; before Revision
	Domains         []identity.Domain
	Active          *bool
	Authenticatable *bool
}

// WhatIf asks what a change would mean for the members of an organization, a page
// at a time in the order of their ids.
type WhatIf struct {
	Organization identity.OrgID
	Proposal     Proposal
	After        identity.UserID // the last one of the page before; empty: the first page
	Limit        int             // 0: 100; 500 at most
}

// WhatIfPage is what would happen to some members.
type WhatIfPage struct {
	Members []MemberOutcome
	Next    identity.UserID // for After; empty: there are no more
}

// MemberOutcome is how a member would come in, now and with the change.
type MemberOutcome struct {
	User      identity.User
	Email     identity.Email // the primary one; empty: none
	Now, Then Way
}

// LockedOut reports whether the change would keep a member out who can come in now.
func (m MemberOutcome) LockedOut() bool { return m.Now.In && !m.Then.In }

// Way is how a person comes in, or why she does not.
type Way struct {
	In         bool
	Route      string // "enterprise_sso", "choose", "first_factor" or "no_address"
	Email      identity.Email
	Connection identity.Connection // through which; zero at the first factor
	Refused    error               // a fault; nil with In
	Decision   policy.Decision
}

// The routes of a Way, beside StrategySSO.
const (
	RouteChoose      = "choose"
	RouteFirstFactor = "first_factor"
	RouteNoAddress   = "no_address"
)

const (
	usualMembers = 100
	mostMembers  = 500
)

// WhatIf judges a page of members with the very functions of a sign-in, on facts
// that are read for all of them at once. It writes nothing. The provider is taken
// to vouch for each address, and for the same person as last time.
func (f *Flow) WhatIf(ctx context.Context, q WhatIf) (page WhatIfPage, err error) {
	if q.Limit <= 0 {
		q.Limit = usualMembers
	}
	q.Limit = min(q.Limit, mostMembers)
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		page = WhatIfPage{}
		if _, err := tx.Organization(q.Organization); err != nil {
			return store.Missing(err, fault.New(fault.OrganizationNotFound))
		}
		w := &crowd{tx: tx, flow: f, organizations: map[identity.OrgID]*hosting{}}
		if w.proposed, err = propose(tx, q); err != nil {
			return err
		}
		ids, err := tx.MembersAfter(q.Organization, q.After, q.Limit)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := w.load(ids); err != nil {
			return err
		}
		if len(ids) == q.Limit {
			page.Next = ids[len(ids)-1]
		}
		for _, id := range ids {
			m, err := w.member(id)
			if err != nil {
				return err
			}
			page.Members = append(page.Members, m)
		}
		return nil
	})
	return page, err
}

// propose is the connection as it would be; nil if none changes. It must be one of
// the organization, or of the whole application.
func propose(tx *store.Tx, q WhatIf) (*identity.Connection, error) {
	p := q.Proposal
	if p.Connection == "" {
		return nil, nil
	}
	c, err := tx.Connection(p.Connection)
	if err == nil && c.OrganizationID != "" && c.OrganizationID != q.Organization {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
	}
	if p.Revision != "" {
		r, err := tx.Revision(p.Revision)
		if err == nil && r.ConnectionID != c.ID {
			err = store.ErrNotFound
		}
		if err != nil {
			return nil, store.Missing(err, fault.New(fault.NotFound, "resource", "revision"))
		}
		c.Config = r.Config
	}
	if p.Config != nil {
		c.Config = *p.Config
	}
	if p.Domains != nil {
		c.Domains = p.Domains
	}
	if p.Active != nil {
		c.Active = *p.Active
	}
	if p.Authenticatable != nil {
		c.Authenticatable = *p.Authenticatable
	}
	return &c, nil
}

// member judges one member, now and with the change.
func (w *crowd) member(id identity.UserID) (MemberOutcome, error) {
	m := MemberOutcome{User: w.users[id]}
	for _, e := range w.emails[id] {
		if e.ID == m.User.PrimaryEmailID {
			m.Email = e.Address
		}
	}
	var err error
	if m.Now, err = w.way(id, m.Email, w.connections); err != nil {
		return m, err
	}
	m.Then = m.Now
	if w.proposed != nil {
		m.Then, err = w.way(id, m.Email, w.changed)
	}
	return m, err
}

// way finds how a person comes in: by the primary address if it goes, else by
// another one. If none goes it is the primary's refusal.
func (w *crowd) way(id identity.UserID, primary identity.Email, connections []identity.Connection) (Way, error) {
	var first Way
	addresses := slices.Clone(w.emails[id])
	slices.SortStableFunc(addresses, func(a, b identity.EmailAddress) int {
		return rank(a, primary) - rank(b, primary)
	})
	for i, e := range addresses {
		way, err := w.wayBy(id, e, connections)
		if err != nil || way.In {
			return way, err
		}
		if i == 0 {
			first = way
		}
	}
	if len(addresses) > 0 {
		return first, nil
	}
	d := policy.Enforce(policy.EnforceFacts{Strategy: StrategyPassword, Bound: w.bound(id, connections)})
	return Way{In: d.Denied == nil, Route: RouteNoAddress, Refused: d.Denied, Decision: d}, nil
}

func rank(e identity.EmailAddress, primary identity.Email) int {
	switch {
	case e.Address == primary:
		return 0
	case e.IsVerified():
		return 1
	}
	return 2
}

// wayBy is way by one address.
func (w *crowd) wayBy(id identity.UserID, e identity.EmailAddress, connections []identity.Connection) (Way, error) {
	candidates := listing(connections, e.Address.Domain())
	found := policy.Discover(policy.DiscoverFacts{Email: e.Address, Connections: candidates}).Connections
	way := Way{Route: RouteFirstFactor, Email: e.Address}
	if len(found) == 0 {
		way.Decision = policy.Enforce(policy.EnforceFacts{
			Email: e.Address, Strategy: StrategyEmailCode, Connections: candidates, Bound: w.bound(id, connections),
		})
		way.Refused = way.Decision.Denied
		way.In = way.Refused == nil
		return way, nil
	}
	way.Route = StrategySSO
	if len(found) > 1 {
		way.Route = RouteChoose
	}
	for i, c := range found {
		d, err := w.admit(id, e, c)
		if err != nil {
			return way, err
		}
		if i == 0 || d.Denied == nil {
			way.Connection, way.Decision, way.Refused, way.In = c, d, d.Denied, d.Denied == nil
		}
		if way.In {
			break
		}
	}
	return way, nil
}

// listing are the connections that list a domain or one above it.
func listing(connections []identity.Connection, d identity.Domain) []identity.Connection {
	above := d.Candidates()
	var list []identity.Connection
	for _, c := range connections {
		if slices.ContainsFunc(c.Domains, func(d identity.Domain) bool { return slices.Contains(above, d) }) {
			list = append(list, c)
		}
	}
	return list
}
