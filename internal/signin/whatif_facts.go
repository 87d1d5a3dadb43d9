package signin

import (
	"slices"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// crowd is the facts about many people, read at once: those that loadFacts reads of
// one. That both lead to the same decision is what its test proves.
type crowd struct {
	tx       *store.Tx
	flow     *Flow
	settings identity.Settings
	proposed *identity.Connection // nil: no change

	users       map[identity.UserID]identity.User
	emails      map[identity.UserID][]identity.EmailAddress
	accounts    map[identity.UserID][]identity.EnterpriseAccount
	memberships map[identity.UserID][]identity.Membership
	listed      map[identity.AccessPattern][]identity.AccessIdentifier // by identifier

	connections []identity.Connection // that list a domain of somebody, or somebody has an account at
	changed     []identity.Connection // the same, with the change

	organizations map[identity.OrgID]*hosting
}

// hosting is what Admit looks at of an organization.
type hosting struct {
	organization *identity.Organization // nil: there is none
	members      int
	role         identity.RoleKey
}

func (w *crowd) load(ids []identity.UserID) error {
	in, err := w.tx.Instance()
	if err != nil {
		return err
	}
	w.settings = in.Settings
	users, _, err := w.tx.Users(store.UserFilter{IDs: ids}, store.Page{Limit: mostMembers})
	if err != nil {
		return err
	}
	w.users = make(map[identity.UserID]identity.User, len(users))
	for _, u := range users {
		w.users[u.ID] = u
	}
	if w.emails, err = w.tx.EmailAddressesOfUsers(ids); err != nil {
		return err
	}
	if w.accounts, err = w.tx.AccountsOfUsers(ids); err != nil {
		return err
	}
	if w.memberships, err = w.tx.MembershipsOfUsers(ids); err != nil {
		return err
	}
	if err := w.loadListed(); err != nil {
		return err
	}
	return w.loadConnections()
}

func (w *crowd) loadListed() error {
	if !w.settings.Restrictions.Blocklist {
		return nil
	}
	var asked []identity.AccessPattern
	for _, list := range w.emails {
		for _, e := range list {
			p := e.Address.AccessPatterns()
			asked = append(asked, p[0], p[1])
		}
	}
	slices.Sort(asked)
	found, err := w.tx.AccessIdentifiersAmong(slices.Compact(asked))
	w.listed = map[identity.AccessPattern][]identity.AccessIdentifier{}
	for _, a := range found {
		w.listed[a.Identifier] = append(w.listed[a.Identifier], a)
	}
	return err
}

// loadConnections reads the connections that matter to these people.
func (w *crowd) loadConnections() error {
	var domains []identity.Domain
	for _, list := range w.emails {
		for _, e := range list {
			domains = append(domains, e.Address.Domain().Candidates()...)
		}
	}
	slices.Sort(domains)
	var err error
	if w.connections, err = w.tx.ConnectionsByDomains(slices.Compact(domains)); err != nil {
		return err
	}
	for _, list := range w.accounts {
		for _, a := range list {
			if a.ConnectionID == "" || connectionOf(w.connections, a.ConnectionID) != nil {
				continue
			}
			c, err := w.tx.Connection(a.ConnectionID)
			if store.Optional(err) != nil {
				return err
			}
			if err == nil {
				w.connections = append(w.connections, c)
			}
		}
	}
	if w.proposed == nil {
		return nil
	}
	w.changed = slices.DeleteFunc(slices.Clone(w.connections), func(c identity.Connection) bool { return c.ID == w.proposed.ID })
	w.changed = append(w.changed, *w.proposed)
	return nil
}

func connectionOf(list []identity.Connection, id identity.ConnectionID) *identity.Connection {
	if i := slices.IndexFunc(list, func(c identity.Connection) bool { return c.ID == id }); i >= 0 {
		return &list[i]
	}
	return nil
}

// bound lists the connections at which a person has an account.
func (w *crowd) bound(id identity.UserID, connections []identity.Connection) []identity.Connection {
	var list []identity.Connection
	for _, a := range w.accounts[id] {
		if c := connectionOf(connections, a.ConnectionID); c != nil {
			list = append(list, *c)
		}
	}
	return list
}

// admit asks policy about a person at a connection.
func (w *crowd) admit(id identity.UserID, e identity.EmailAddress, c identity.Connection) (policy.Decision, error) {
	facts := policy.AdmitFacts{
		Now: w.flow.Now(), Settings: w.settings, Connection: c, Claims: vouched(c, e.Address), TypedEmail: e.Address,
	}
	account := w.accountAt(id, c.ID)
	if account != nil {
		facts.Claims.Subject, facts.Claims.SubjectFormat = account.Subject, account.SubjectFormat
	}
	// An address that is not proved may be others' too: that is read as at a sign-in.
	if !e.IsVerified() {
		facts, err := loadFacts(w.tx, facts)
		return policy.Admit(facts), err
	}
	person, err := w.person(id, c)
	if err != nil {
		return policy.Decision{}, err
	}
	person.Account, facts.ByVerifiedEmail = account, person
	if account != nil {
		facts.Linked = person
	}
	p := e.Address.AccessPatterns()
	facts.Listed = slices.Concat(w.listed[p[0]], w.listed[p[1]])
	if err := w.host(&facts, person); err != nil {
		return policy.Decision{}, err
	}
	return policy.Admit(facts), nil
}

func (w *crowd) accountAt(id identity.UserID, c identity.ConnectionID) *identity.EnterpriseAccount {
	list := w.accounts[id]
	if i := slices.IndexFunc(list, func(a identity.EnterpriseAccount) bool { return a.ConnectionID == c }); i >= 0 {
		return &list[i]
	}
	return nil
}

// person is what matters of a person at a connection.
func (w *crowd) person(id identity.UserID, c identity.Connection) (*policy.Person, error) {
	p := &policy.Person{User: w.users[id], Emails: w.emails[id]}
	for _, m := range w.memberships[id] {
		if m.OrganizationID == c.OrganizationID {
			p.Membership = &m
			continue
		}
		p.OtherOrganizations++
		h, err := w.hosting(m.OrganizationID)
		if err != nil {
			return nil, err
		}
		p.ExclusiveElsewhere = p.ExclusiveElsewhere || h.organization != nil && h.organization.ExclusiveMembership
	}
	return p, nil
}

// host fills in what is of the connection's organization.
func (w *crowd) host(facts *policy.AdmitFacts, p *policy.Person) error {
	id := facts.Connection.OrganizationID
	if id == "" {
		return nil
	}
	h, err := w.hosting(id)
	if err != nil || h.organization == nil {
		return err
	}
	facts.Organization = h.organization
	if p.Membership != nil {
		return nil
	}
	facts.Members, facts.DefaultRole = h.members, h.role
	invited, err := w.tx.PendingInvitation(id, facts.Claims.Email, facts.Now)
	if err == nil {
		facts.Invitation = &invited
	}
	return store.Optional(err)
}

// hosting reads an organization once.
func (w *crowd) hosting(id identity.OrgID) (*hosting, error) {
	if h := w.organizations[id]; h != nil {
		return h, nil
	}
	h := &hosting{}
	w.organizations[id] = h
	org, err := w.tx.Organization(id)
	if err != nil {
		return h, store.Optional(err)
	}
	h.organization = &org
	if org.MaxAllowedMemberships > 0 {
		if h.members, err = w.tx.CountMembers(id); err != nil {
			return h, err
		}
	}
	role, err := w.tx.DefaultRole(id)
	h.role = role.Key
	return h, store.Optional(err)
}
