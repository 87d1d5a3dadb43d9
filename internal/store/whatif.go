package store

import (
	"usher/internal/identity"
)

// Facts about many people at once. Each is one statement, whatever their number.

// MembersAfter lists the members of an organization in the order of their ids, from
// the one after a given one on; an empty one: from the first.
func (tx *Tx) MembersAfter(org identity.OrgID, after identity.UserID, limit int) ([]identity.UserID, error) {
	return all(tx, scanID[identity.UserID], `
		SELECT user_id FROM memberships WHERE organization_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3`,
		org, after, min(limit, maxPage))
}

// AccountsOfUsers lists the accounts of several people, each one's oldest first.
func (tx *Tx) AccountsOfUsers(users []identity.UserID) (map[identity.UserID][]identity.EnterpriseAccount, error) {
	if len(users) == 0 {
		return nil, nil
	}
	var s search
	andIn(&s, "user_id IN (?)", users)
	found, err := list(tx, scanAccount, `SELECT `+accountColumns+` FROM enterprise_accounts`+s.conditions()+` ORDER BY created_at, id`, s.args...)
	of := make(map[identity.UserID][]identity.EnterpriseAccount, len(users))
	for _, a := range found {
		of[a.UserID] = append(of[a.UserID], a)
	}
	return of, err
}

// MembershipsOfUsers lists the memberships of several people.
func (tx *Tx) MembershipsOfUsers(users []identity.UserID) (map[identity.UserID][]identity.Membership, error) {
	if len(users) == 0 {
		return nil, nil
	}
	var s search
	andIn(&s, "m.user_id IN (?)", users)
	found, err := list(tx, scanMembership, `SELECT `+membershipColumns+` FROM memberships m`+s.conditions()+` ORDER BY m.created_at DESC, m.id DESC`, s.args...)
	of := make(map[identity.UserID][]identity.Membership, len(users))
	for _, m := range found {
		of[m.UserID] = append(of[m.UserID], m)
	}
	return of, err
}

// AccessIdentifiersAmong lists what the lists say of several addresses and patterns.
func (tx *Tx) AccessIdentifiersAmong(identifiers []identity.AccessPattern) ([]identity.AccessIdentifier, error) {
	if len(identifiers) == 0 {
		return nil, nil
	}
	var s search
	andIn(&s, "identifier IN (?)", identifiers)
	s.and("list IN ('allow', 'block')")
	return list(tx, scanAccess, `SELECT `+accessColumns+` FROM access_identifiers`+s.conditions()+` ORDER BY id`, s.args...)
}
