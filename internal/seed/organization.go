package seed

import (
	"strconv"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

const (
	day = 24 * time.Hour

	// history is how far back organizations and people were made.
	history = 3 * 365 * day

	// sessionLife is that of a new deployment's settings.
	sessionLife = 7 * day

	// regulars is how many people are remembered to join a second organization, and
	// doorPeople how many of a connection's people its attempts are of.
	regulars   = 4096
	doorPeople = 8
)

// door is a connection that people sign in through.
type door struct {
	connection   identity.ConnectionID
	revision     identity.RevisionID
	organization identity.OrgID
	people       []person
}

type person struct {
	id          identity.UserID
	email       identity.Email
	first, last string
	joined      time.Time
	fresh       bool // a member of no other organization yet
}

// place is an organization being made.
type place struct {
	identity.Organization
	domain     identity.Domain
	connection *identity.Connection // nil: no single sign-on
}

// organization makes one with all that belongs to it: every second has a domain,
// every fifth a connection, every third invitations.
func (f *filler) organization(i, size int) error {
	// In the order of time, as rows come in life: the newest at the end of indexes.
	step := history / time.Duration(f.Organizations)
	made := f.before(f.Now.Add(-step*time.Duration(f.Organizations-i-1)), step)
	name, slug, domain := f.company(i)
	p := place{
		Organization: identity.Organization{
			ID: id[identity.OrgID](f, made), Name: name, Slug: slug, AdminDeleteEnabled: true,
			PublicMetadata: identity.Metadata{"plan": pick(f, []string{"free", "team", "business"})},
			CreatedAt:      made, UpdatedAt: made,
		},
		domain: domain,
	}
	members := make([]person, size)
	for n := range members {
		members[n] = f.someone(p, n)
	}
	if size > 0 {
		p.CreatedBy = members[0].id
	}
	o := p.Organization
	f.report.Organizations++
	if err := f.add(func(tx *store.Tx) error { return tx.InsertOrganization(o) }); err != nil {
		return err
	}
	if err := f.domainAndConnection(&p, i); err != nil {
		return err
	}
	for n, m := range members {
		role := identity.RoleMember
		if n == 0 || f.oneIn(20) {
			role = identity.RoleAdmin
		}
		if err := f.member(p, m, role); err != nil {
			return err
		}
	}
	f.remember(p, members)
	if i%3 != 0 {
		return nil
	}
	return f.invitations(p)
}

// remember keeps some people for later organizations and attempts.
func (f *filler) remember(p place, members []person) {
	for n, m := range members {
		if !m.fresh || n%10 != 0 {
			continue
		}
		if len(f.regulars) < regulars {
			f.regulars = append(f.regulars, m.id)
		} else {
			f.regulars[f.rand.IntN(regulars)] = m.id
		}
	}
	if c := p.connection; c != nil && len(members) > 0 {
		f.doors = append(f.doors, door{c.ID, c.LiveRevisionID, p.ID, ofDoor(members)})
	}
}

// ofDoor are the first of the people who sign in through a connection.
func ofDoor(members []person) []person {
	var list []person
	for _, m := range members {
		if m.fresh && len(list) < doorPeople {
			list = append(list, m)
		}
	}
	return list
}

// someone is a new person or, once in eight times, one who is a member elsewhere.
func (f *filler) someone(p place, n int) person {
	u := f.rand.Float64() // most come soon
	m := person{joined: p.CreatedAt.Add(time.Duration(u * u * u * float64(f.Now.Sub(p.CreatedAt)))).Truncate(time.Millisecond), fresh: true}
	if n == 0 {
		m.joined = p.CreatedAt
	}
	if n > 0 && n < len(f.regulars)/2 && f.oneIn(8) {
		// One after the other: nobody twice in one organization.
		f.next = (f.next + 1) % len(f.regulars)
		m.id, m.fresh = f.regulars[f.next], false
		return m
	}
	m.id, m.first, m.last = id[identity.UserID](f, m.joined), pick(f, firstNames), pick(f, lastNames)
	m.email = address(m.first, m.last, n+1, p.domain)
	return m
}

func (f *filler) domainAndConnection(p *place, i int) error {
	sso := i%5 == 0
	if !sso && i%2 == 0 {
		return nil
	}
	at := p.CreatedAt
	d := identity.OrganizationDomain{
		ID: id[identity.DomainID](f, at), OrganizationID: p.ID, Name: p.domain, EnrollmentMode: identity.EnrollmentManual,
		Verified: true, Affiliation: identity.Affiliation{Strategy: identity.AffiliationByAdmin, VerifiedAt: at},
		CreatedAt: at, UpdatedAt: at,
	}
	if sso {
		d.EnrollmentMode = identity.EnrollmentSSO
		d.Ownership = identity.Ownership{Strategy: identity.OwnershipManual, VerifiedAt: at}
	}
	f.report.Domains++
	if err := f.add(func(tx *store.Tx) error { return tx.InsertOrganizationDomain(d) }); err != nil || !sso {
		return err
	}
	return f.connectionOf(p)
}

// connectionOf makes a SAML connection, every third with a second revision.
func (f *filler) connectionOf(p *place) error {
	at := p.CreatedAt
	host := "https://idp." + string(p.domain)
	config := identity.ConnectionConfig{
		SyncUserAttributes: true, DisableAdditionalIdentifications: true,
		SAML: &identity.SAMLConfig{
			IDPEntityID: host + "/entity", IDPSSOURL: host + "/sso", IDPCertificates: []string{f.key.certificate},
		},
	}
	c := identity.Connection{
		ID: id[identity.ConnectionID](f, at), OrganizationID: p.ID, Name: p.Name,
		Provider: pick(f, []identity.Provider{identity.SAMLOkta, identity.SAMLMicrosoft, identity.SAMLGoogle, identity.SAMLCustom}),
		Domains:  []identity.Domain{p.domain}, Active: !f.oneIn(10), Authenticatable: true,
		LiveRevisionID: id[identity.RevisionID](f, at), CreatedAt: at, UpdatedAt: at, Config: config,
	}
	p.connection = &c
	key := identity.ConnectionKey{
		ID: id[identity.KeyID](f, at), ConnectionID: c.ID,
		Certificate: f.key.certificate, PrivateKey: f.key.private, CreatedAt: at,
	}
	first := c
	f.report.Connections++
	if err := f.add(func(tx *store.Tx) error { return tx.InsertConnection(first) }); err != nil {
		return err
	}
	if err := f.add(func(tx *store.Tx) error { return tx.InsertConnectionKey(key) }); err != nil || !f.oneIn(3) {
		return err
	}
	later := f.before(f.Now, f.Now.Sub(at))
	config.SAML = &identity.SAMLConfig{
		IDPEntityID: host + "/entity", IDPSSOURL: host + "/sso/saml", IDPCertificates: []string{f.key.certificate},
	}
	c.LiveRevisionID, c.UpdatedAt = id[identity.RevisionID](f, later), later
	r := identity.ConnectionRevision{ID: c.LiveRevisionID, ConnectionID: c.ID, Config: config, CreatedAt: later}
	return f.add(func(tx *store.Tx) error { return tx.InsertRevision(r) })
}

// invitations are up to three, some of them answered.
func (f *filler) invitations(p place) error {
	const life = 30 * day // of an invitation, as the Backend API makes them
	for n := range 1 + f.rand.IntN(3) {
		at := f.before(f.Now, 2*life)
		if at.Before(p.CreatedAt) {
			at = p.CreatedAt
		}
		i := identity.OrganizationInvitation{
			ID: id[identity.OrgInvitationID](f, at), OrganizationID: p.ID, InviterID: p.CreatedBy,
			Email: identity.Email("guest" + strconv.Itoa(n+1) + "@" + string(p.domain)), Role: identity.RoleMember,
			Status:    pick(f, []identity.InvitationStatus{identity.InvitationPending, identity.InvitationPending, identity.InvitationRevoked}),
			ExpiresAt: at.Add(life), CreatedAt: at, UpdatedAt: at,
		}
		f.report.Invitations++
		if err := f.add(func(tx *store.Tx) error { return tx.InsertOrganizationInvitation(i) }); err != nil {
			return err
		}
	}
	return nil
}
