package store

import (
	"time"

	"usher/internal/identity"
)

// What a change of a connection would mean for people, counted.

// CountMembersThrough counts the members of an organization who joined through a
// connection.
func (tx *Tx) CountMembersThrough(org identity.OrgID, c identity.ConnectionID) (int, error) {
	return one(tx, scanInt, `
		SELECT count(*) FROM memberships WHERE organization_id = $1 AND connection_id = $2`, org, c)
}

// CountAccountsInOrganization counts the people with an account at a connection
// who are members of an organization.
func (tx *Tx) CountAccountsInOrganization(c identity.ConnectionID, org identity.OrgID) (int, error) {
	return one(tx, scanInt, `
		SELECT count(*) FROM enterprise_accounts a
		JOIN memberships m ON m.user_id = a.user_id AND m.organization_id = $2
		WHERE a.connection_id = $1`, c, org)
}

// CountSignedInThrough counts the people who are signed in through a connection.
func (tx *Tx) CountSignedInThrough(c identity.ConnectionID, now time.Time) (int, error) {
	return one(tx, scanInt, `
		SELECT count(DISTINCT s.user_id) FROM enterprise_accounts a
		JOIN sessions s ON s.user_id = a.user_id
		WHERE a.connection_id = $1 AND s.connection_id = $1 AND s.status IN ('active', 'pending')
			AND s.expire_at > $2 AND s.abandon_at > $2`, c, ms(now))
}

// CountAtDomain counts the people who hold a verified address at a domain. The
// expression is the part after the "@", in the words that both engines know and
// that the index is made of.
func (tx *Tx) CountAtDomain(d identity.Domain) (int, error) {
	return one(tx, scanInt, `
		SELECT count(DISTINCT user_id) FROM email_addresses
		WHERE replace(address, rtrim(address, replace(address, '@', '')), '') = $1 AND status = 'verified'`, d)
}

// CountMembersOnlyHere counts the members of an organization who belong to no
// other.
func (tx *Tx) CountMembersOnlyHere(org identity.OrgID) (int, error) {
	return one(tx, scanInt, `
		SELECT count(*) FROM memberships m WHERE m.organization_id = $1 AND NOT EXISTS (
			SELECT 1 FROM memberships o WHERE o.user_id = m.user_id AND o.organization_id <> $1)`, org)
}

// CountWorkingIn counts the people who are signed in with an organization active.
func (tx *Tx) CountWorkingIn(org identity.OrgID, now time.Time) (int, error) {
	return one(tx, scanInt, `
		SELECT count(DISTINCT s.user_id) FROM memberships m
		JOIN sessions s ON s.user_id = m.user_id
		WHERE m.organization_id = $1 AND s.last_active_organization_id = $1 AND s.status IN ('active', 'pending')
			AND s.expire_at > $2 AND s.abandon_at > $2`, org, ms(now))
}

// CountAccountsOf counts the people with an account at one of an organization's
// connections.
func (tx *Tx) CountAccountsOf(org identity.OrgID) (int, error) {
	return one(tx, scanInt, `
		SELECT count(DISTINCT a.user_id) FROM enterprise_connections c
		JOIN enterprise_accounts a ON a.connection_id = c.id
		WHERE c.organization_id = $1`, org)
}
