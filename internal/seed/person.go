package seed

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

// member makes a membership and, of somebody new, the person.
func (f *filler) member(p place, m person, role identity.RoleKey) error {
	row := identity.Membership{
		ID: id[identity.MembershipID](f, m.joined), OrganizationID: p.ID, UserID: m.id, Role: role,
		CreatedAt: m.joined, UpdatedAt: m.joined,
	}
	if m.fresh {
		if p.connection != nil {
			row.ConnectionID = p.connection.ID
		}
		if err := f.user(p, m); err != nil {
			return err
		}
	}
	f.report.Memberships++
	return f.add(func(tx *store.Tx) error { _, err := tx.InsertMembership(row); return err })
}

// user makes a person with an address and, where the organization has single
// sign-on, an account; every tenth is signed in.
func (f *filler) user(p place, m person) error {
	at := m.joined
	seen := f.before(f.Now, f.Now.Sub(at)+time.Millisecond)
	u := identity.User{
		ID: m.id, FirstName: m.first, LastName: m.last, PrimaryEmailID: id[identity.EmailID](f, at),
		DeleteSelfEnabled: true, Banned: f.oneIn(1000), LastSignInAt: seen, LastActiveAt: seen, CreatedAt: at, UpdatedAt: at,
	}
	if f.oneIn(5) {
		u.ExternalID = "crm_" + string(u.ID[len("user_"):])
	}
	e := identity.EmailAddress{
		ID: u.PrimaryEmailID, UserID: u.ID, Address: m.email, Status: identity.Verified, Strategy: "email_code",
		VerifiedAt: at, CreatedAt: at, UpdatedAt: at,
	}
	f.report.Users++
	if err := f.add(func(tx *store.Tx) error { return tx.InsertUser(u) }); err != nil {
		return err
	}
	if c := p.connection; c != nil {
		a := identity.EnterpriseAccount{
			ID: id[identity.AccountID](f, at), UserID: u.ID, ConnectionID: c.ID, Subject: string(m.email),
			SubjectFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", Email: m.email,
			FirstName: u.FirstName, LastName: u.LastName, LastAuthenticatedAt: seen, CreatedAt: at, UpdatedAt: at,
		}
		e.AccountID, e.Strategy = a.ID, "saml"
		if err := f.add(func(tx *store.Tx) error { _, err := tx.InsertAccount(a); return err }); err != nil {
			return err
		}
	}
	if err := f.add(func(tx *store.Tx) error { return tx.InsertEmailAddress(e) }); err != nil || !f.oneIn(10) {
		return err
	}
	return f.session(p, u)
}

func (f *filler) session(p place, u identity.User) error {
	at := f.before(f.Now, sessionLife)
	if at.Before(u.CreatedAt) {
		at = u.CreatedAt
	}
	c := identity.Client{ID: id[identity.ClientID](f, at), TokenHash: f.hash(), CreatedAt: at, UpdatedAt: at}
	s := identity.Session{
		ID: id[identity.SessionID](f, at), ClientID: c.ID, UserID: u.ID, Status: identity.SessionActive,
		LastActiveOrganizationID: p.ID, FirstFactorAt: at, LastActiveAt: at,
		ExpireAt: at.Add(sessionLife), AbandonAt: at.Add(sessionLife), CreatedAt: at, UpdatedAt: at,
	}
	if p.connection != nil {
		s.ConnectionID = p.connection.ID
	}
	c.LastActiveSessionID = s.ID
	f.report.Sessions++
	if err := f.add(func(tx *store.Tx) error { return tx.InsertClient(c) }); err != nil {
		return err
	}
	return f.add(func(tx *store.Tx) error { return tx.InsertSession(s) })
}

// hash looks like that of a token, and is of none that anybody could find.
func (f *filler) hash() string {
	const words = 4
	var text []byte
	for range words {
		text = binary.LittleEndian.AppendUint64(text, f.rand.Uint64())
	}
	return hex.EncodeToString(text)
}
