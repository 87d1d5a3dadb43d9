package signin

import (
	"slices"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/store"
)

// loadFacts reads all that policy.Admit looks at besides what is given: the
// connection, the settings and the claims. It runs in the transaction that carries
// the decision out, so that the decision cannot be stale. What policy looks at only
// for somebody who is not known yet is read only then.
func loadFacts(tx *store.Tx, f policy.AdmitFacts) (policy.AdmitFacts, error) {
	tx.Ahead(func() { firstFacts(tx, f.Connection, f.Claims.Subject) })
	for _, load := range []func(*store.Tx, *policy.AdmitFacts) error{loadLinked, loadByEmail, loadInvitation, loadOrganization, loadListed} {
		if err := load(tx, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

// firstFacts asks what loadFacts can ask before it knows who is meant.
func firstFacts(tx *store.Tx, c identity.Connection, subject string) {
	if subject != "" {
		_, _ = tx.AccountBySubject(c.ID, subject)
	}
	if c.OrganizationID != "" {
		_, _ = tx.Organization(c.OrganizationID)
	}
}

// loadLinked reads the person whom the subject names at the connection.
func loadLinked(tx *store.Tx, f *policy.AdmitFacts) error {
	if f.Claims.Subject == "" {
		return nil
	}
	account, err := tx.AccountBySubject(f.Connection.ID, f.Claims.Subject)
	if err != nil {
		return store.Optional(err)
	}
	if f.Linked, err = loadPerson(tx, f.Connection, account.UserID); err != nil {
		return err
	}
	f.Linked.Account = &account
	return nil
}

// loadByEmail reads the people who hold the address. A verified address has one
// owner; who holds it unverified matters only while nobody else is meant.
func loadByEmail(tx *store.Tx, f *policy.AdmitFacts) error {
	if f.Claims.Email == "" {
		return nil
	}
	if f.Linked != nil && holdsVerified(f.Linked, f.Claims.Email) {
		f.ByVerifiedEmail = f.Linked
		return nil
	}
	held, err := tx.HeldEmail(f.Claims.Email)
	if store.Optional(err) != nil {
		return err
	}
	if err == nil {
		f.ByVerifiedEmail, err = loadWithAccount(tx, f.Connection, held.UserID)
		return err
	}
	if f.Linked != nil {
		return nil
	}
	others, err := tx.UnverifiedEmails(f.Claims.Email)
	if err != nil {
		return err
	}
	for _, e := range others {
		p, err := loadWithAccount(tx, f.Connection, e.UserID)
		if err != nil {
			return err
		}
		f.ByUnverifiedEmail = append(f.ByUnverifiedEmail, *p)
	}
	return nil
}

// loadInvitation reads the invitation to the application of somebody who has no
// account yet.
func loadInvitation(tx *store.Tx, f *policy.AdmitFacts) error {
	if f.Claims.Email == "" || f.Linked != nil || f.ByVerifiedEmail != nil {
		return nil
	}
	invited, err := tx.InvitationTo(f.Claims.Email, f.Now)
	if err == nil {
		f.AppInvitation = &invited
	}
	return store.Optional(err)
}

func holdsVerified(p *policy.Person, email identity.Email) bool {
	return slices.ContainsFunc(p.Emails, func(e identity.EmailAddress) bool { return e.Address == email && e.IsVerified() })
}

// loadOrganization reads the connection's organization and, for somebody who may
// join it, how full it is and the role that newcomers get.
func loadOrganization(tx *store.Tx, f *policy.AdmitFacts) error {
	id := f.Connection.OrganizationID
	if id == "" {
		return nil
	}
	org, err := tx.Organization(id)
	if err != nil {
		return store.Optional(err)
	}
	f.Organization = &org
	if f.Linked != nil && f.Linked.Membership != nil {
		return nil
	}
	if org.MaxAllowedMemberships > 0 {
		if f.Members, err = tx.CountMembers(id); err != nil {
			return err
		}
	}
	role, err := tx.DefaultRole(id)
	f.DefaultRole = role.Key
	if store.Optional(err) != nil {
		return err
	}
	invited, err := tx.PendingInvitation(id, f.Claims.Email, f.Now)
	if err != nil {
		return store.Optional(err)
	}
	f.Invitation = &invited
	f.InvitedRole, err = provision.RoleInSet(tx, org, invited.Role)
	return err
}

// loadListed reads what the block-list says of the address, where it is in use.
func loadListed(tx *store.Tx, f *policy.AdmitFacts) (err error) {
	if f.Settings.Restrictions.Blocklist && f.Claims.Email != "" {
		f.Listed, err = tx.AccessIdentifiersOf(f.Claims.Email)
	}
	return err
}

// loadWithAccount is loadPerson with the account at the connection, if there is one.
func loadWithAccount(tx *store.Tx, c identity.Connection, id identity.UserID) (*policy.Person, error) {
	p, err := loadPerson(tx, c, id)
	if err != nil {
		return nil, err
	}
	account, err := tx.AccountOf(c.ID, id)
	if err == nil {
		p.Account = &account
	}
	return p, store.Optional(err)
}

// loadPerson reads a person with addresses and memberships.
func loadPerson(tx *store.Tx, c identity.Connection, id identity.UserID) (*policy.Person, error) {
	tx.Ahead(func() {
		_, _ = tx.User(id)
		_, _ = tx.EmailAddressesOf(id)
		_, _, _ = tx.MembershipsOfUser(id, store.Page{})
	})
	u, err := tx.User(id)
	if err != nil {
		return nil, err
	}
	p := &policy.Person{User: u}
	if p.Emails, err = tx.EmailAddressesOf(id); err != nil {
		return nil, err
	}
	return p, loadMemberships(tx, c, p)
}

func loadMemberships(tx *store.Tx, c identity.Connection, p *policy.Person) error {
	list, _, err := tx.MembershipsOfUser(p.User.ID, store.Page{})
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.OrganizationID == c.OrganizationID {
			p.Membership = &m
			continue
		}
		p.OtherOrganizations++
		org, err := tx.Organization(m.OrganizationID)
		if err != nil {
			return err
		}
		p.ExclusiveElsewhere = p.ExclusiveElsewhere || org.ExclusiveMembership
	}
	return nil
}
