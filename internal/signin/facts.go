package signin

import (
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// loadFacts reads all that policy.Admit looks at besides what is given: the
// connection, the settings and the claims. It runs in the transaction that carries
// the decision out, so that the decision cannot be stale.
func loadFacts(tx *store.Tx, f policy.AdmitFacts) (policy.AdmitFacts, error) {
	if err := loadOrganization(tx, &f); err != nil {
		return f, err
	}
	if f.Claims.Subject != "" {
		account, err := tx.AccountBySubject(f.Connection.ID, f.Claims.Subject)
		if ignoreMissing(err) != nil {
			return f, err
		}
		if account.ID != "" {
			if f.Linked, err = loadPerson(tx, f.Connection, account.UserID); err != nil {
				return f, err
			}
		}
	}
	if f.Claims.Email == "" {
		return f, nil
	}
	return f, loadByEmail(tx, &f)
}

// loadOrganization reads the connection's organization, how full it is, and the
// role that newcomers get.
func loadOrganization(tx *store.Tx, f *policy.AdmitFacts) error {
	id := f.Connection.OrganizationID
	if id == "" {
		return nil
	}
	org, err := tx.Organization(id)
	if err != nil {
		return ignoreMissing(err)
	}
	f.Organization = &org
	if org.MaxAllowedMemberships > 0 {
		if f.Members, err = tx.CountMembers(id); err != nil {
			return err
		}
	}
	role, err := tx.RoleByKey(f.Settings.DefaultRole)
	f.DefaultRole = role.Key
	return ignoreMissing(err)
}

// loadByEmail reads the people who hold the address.
func loadByEmail(tx *store.Tx, f *policy.AdmitFacts) error {
	held, err := tx.VerifiedEmail(f.Claims.Email)
	if ignoreMissing(err) != nil {
		return err
	}
	switch {
	case held.ID == "":
	case f.Linked != nil && f.Linked.User.ID == held.UserID: // as it mostly is
		f.ByVerifiedEmail = f.Linked
	default:
		if f.ByVerifiedEmail, err = loadPerson(tx, f.Connection, held.UserID); err != nil {
			return err
		}
	}
	others, err := tx.UnverifiedEmails(f.Claims.Email)
	if err != nil {
		return err
	}
	for _, e := range others {
		p, err := loadPerson(tx, f.Connection, e.UserID)
		if err != nil {
			return err
		}
		f.ByUnverifiedEmail = append(f.ByUnverifiedEmail, *p)
	}
	return nil
}

// loadPerson reads a person with what matters at the connection.
func loadPerson(tx *store.Tx, c identity.Connection, id identity.UserID) (*policy.Person, error) {
	u, err := tx.User(id)
	if err != nil {
		return nil, err
	}
	p := &policy.Person{User: u}
	if p.Emails, err = tx.EmailAddressesOf(id); err != nil {
		return nil, err
	}
	account, err := tx.AccountOf(c.ID, id)
	if ignoreMissing(err) != nil {
		return nil, err
	}
	if account.ID != "" {
		p.Account = &account
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
