package provision

import (
	"slices"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// JoinFacts reads what policy asks about somebody who is to become a member with a
// role; the empty user is one who is about to be made.
func JoinFacts(tx *store.Tx, o identity.Organization, user identity.UserID, role identity.RoleKey) (f policy.JoinFacts, err error) {
	f.Organization, f.Person = o, user
	if f.Role, err = RoleInSet(tx, o, role); err != nil {
		return f, err
	}
	under, err := tx.RoleMigrations()
	if err != nil {
		return f, err
	}
	f.Migrating = slices.ContainsFunc(under, func(m identity.RoleMigration) bool { return m.Source == o.RoleSetID })
	if f.Members, err = tx.CountMembers(o.ID); err != nil || user == "" {
		return f, err
	}
	_, err = tx.Membership(o.ID, user)
	if f.Member = err == nil; store.Optional(err) != nil {
		return f, err
	}
	f.OtherOrganizations, f.ExclusiveElsewhere, err = tx.OtherOrganizations(user, o.ID)
	return f, err
}

// RoleInSet returns the role of a key if members of the organization may have it;
// else nil.
func RoleInSet(tx *store.Tx, o identity.Organization, key identity.RoleKey) (*identity.Role, error) {
	set, err := tx.RoleSet(o.RoleSetID)
	if err != nil {
		return nil, store.Optional(err)
	}
	r, err := tx.RoleByKey(key)
	if err != nil || !set.Holds(r.ID) {
		return nil, store.Optional(err)
	}
	return &r, nil
}
