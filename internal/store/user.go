package store

import (
	"errors"
	"time"

	"usher/internal/identity"
)

const userColumns = `u.id, u.external_id, u.first_name, u.last_name, u.username, u.password_hash,
	u.primary_email_id, u.public_metadata, u.private_metadata, u.unsafe_metadata, u.banned, u.locked_until,
	u.deactivated_at, u.locale, u.legal_accepted_at, u.password_updated_at, u.delete_self_enabled,
	u.create_organization_disabled, u.create_organizations_limit, u.last_sign_in_at, u.last_active_at,
	u.created_at, u.updated_at`

func scanUser(row scanner) (u identity.User, err error) {
	err = row.Scan(&u.ID, (*optional)(&u.ExternalID), &u.FirstName, &u.LastName, (*optional)(&u.Username),
		&u.PasswordHash, &u.PrimaryEmailID, (*metadata)(&u.PublicMetadata), (*metadata)(&u.PrivateMetadata),
		(*metadata)(&u.UnsafeMetadata), &u.Banned, (*milliseconds)(&u.LockedUntil),
		(*milliseconds)(&u.DeactivatedAt), &u.Locale, (*milliseconds)(&u.LegalAcceptedAt),
		(*milliseconds)(&u.PasswordAt), &u.DeleteSelfEnabled, &u.CreateOrganizationDisabled,
		&u.CreateOrganizationsLimit, (*milliseconds)(&u.LastSignInAt), (*milliseconds)(&u.LastActiveAt),
		(*milliseconds)(&u.CreatedAt), (*milliseconds)(&u.UpdatedAt))
	return u, err
}

// User returns a person.
func (tx *Tx) User(id identity.UserID) (identity.User, error) {
	return one(tx, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id)
}

// UserFilter narrows a list of users; what is empty doesn't. A user must match
// every field, and one value of each.
type UserFilter struct {
	IDs             []identity.UserID
	Emails          []identity.Email // verified or not
	ExternalIDs     []string
	Usernames       []string
	OrganizationIDs []identity.OrgID  // members
	Query           string            // in the name, the username, an address, or the whole id or external id
	Provider        identity.Provider // has an account at a connection of this kind
	ProviderUserIDs []string          // with one of these subjects; needs Provider
	Banned          *bool

	// Those of these are left out.
	NotIDs             []identity.UserID
	NotExternalIDs     []string
	NotOrganizationIDs []identity.OrgID

	EmailQuery    string // in an address
	UsernameQuery string
	NameQuery     string // in first and last name

	Created    Span
	LastActive Span
	LastSignIn Span

	Nobody bool // for a filter by what nobody has here

	// OrderBy is a field of the list below with + or - before it; empty:
	// -created_at. StartingAfter continues after a user in the order of
	// created_at.
	OrderBy       string
	StartingAfter identity.UserID
}

// Span is a part of time, its ends left out; a zero end is open. What has no time
// is in no span.
type Span struct{ After, Before time.Time }

func (p Span) and(s *search, column string) {
	if !p.After.IsZero() {
		s.and(column+" > ?", ms(p.After))
	}
	if !p.Before.IsZero() {
		s.and(column+" > 0 AND "+column+" < ?", ms(p.Before))
	}
}

// userOrders are the fields that lists of users and members can be ordered by.
// Columns are of users u and email_addresses p, the primary address.
func userOrders() map[string]string {
	return map[string]string{
		"created_at":      "u.created_at",
		"updated_at":      "u.updated_at",
		"first_name":      "u.first_name",
		"last_name":       "u.last_name",
		"username":        "COALESCE(u.username, '')",
		"email_address":   "COALESCE(p.address, '')",
		"last_active_at":  "u.last_active_at",
		"last_sign_in_at": "u.last_sign_in_at",
		"phone_number":    "''", // nobody has any here
		"web3wallet":      "''",
	}
}

// addressMatches is the expression in which a query finds an address of users u. As
// EXISTS it would be a join to PostgreSQL, and may be where it begins to read.
const addressMatches = "(SELECT count(*) FROM email_addresses e WHERE e.user_id = u.id AND e.address LIKE ?) > 0"

// userMatches are the expressions in which a query finds users u.
func userMatches() []string {
	return []string{
		"lower(u.first_name || ' ' || u.last_name) LIKE ?",
		"lower(u.username) LIKE ?",
		addressMatches,
		"u.id = ?",
		"u.external_id = ?",
	}
}

// primaryEmail joins the primary address of users u.
const primaryEmail = ` LEFT JOIN email_addresses p ON p.id = u.primary_email_id`

// Users lists people. The error is ErrOrder for an order that there isn't.
func (tx *Tx) Users(f UserFilter, p Page) ([]identity.User, int, error) {
	s, err := f.search(tx)
	if err != nil {
		return nil, 0, err
	}
	s.counted = s.from
	s.from += primaryEmail
	if err := s.orderBy(f.OrderBy, "u.id", userOrders()); err != nil {
		return nil, 0, err
	}
	if f.StartingAfter != "" {
		switch f.OrderBy {
		case "", "-created_at":
			s.and("(u.created_at, u.id) < (SELECT created_at, id FROM users WHERE id = ?)", f.StartingAfter)
		case "created_at", "+created_at":
			s.and("(u.created_at, u.id) > (SELECT created_at, id FROM users WHERE id = ?)", f.StartingAfter)
		default:
			return nil, 0, ErrOrder
		}
	}
	return find(tx, s, userColumns, scanUser, p)
}

// CountUsers counts the people that match, up to maxCounted where a part of a text
// is asked for.
func (tx *Tx) CountUsers(f UserFilter) (int, error) {
	s, err := f.search(tx)
	if err != nil {
		return 0, err
	}
	return s.count(tx)
}

func (f UserFilter) search(tx *Tx) (search, error) {
	s := search{from: "users u", table: "users"}
	andIn(&s, "u.id IN (?)", f.IDs)
	andIn(&s, "u.id IN (SELECT user_id FROM email_addresses WHERE address IN (?))", f.Emails)
	andIn(&s, "u.external_id IN (?)", f.ExternalIDs)
	andIn(&s, "u.username IN (?)", f.Usernames)
	andIn(&s, "u.id IN (SELECT user_id FROM memberships WHERE organization_id IN (?))", f.OrganizationIDs)
	if f.Provider != "" {
		const accounts = `u.id IN (SELECT a.user_id FROM enterprise_accounts a
			JOIN enterprise_connections c ON c.id = a.connection_id WHERE c.provider = ?`
		if len(f.ProviderUserIDs) == 0 {
			s.and(accounts+")", f.Provider)
		}
		andIn(&s, accounts+" AND a.subject IN (?))", f.ProviderUserIDs, f.Provider)
	}
	if f.Banned != nil { // in words that the index of the banned is known by
		s.and(map[bool]string{true: "u.banned", false: "NOT u.banned"}[*f.Banned])
	}
	s.andMatches(f.Query, userMatches()...)
	andIn(&s, "u.id NOT IN (?)", f.NotIDs)
	andIn(&s, "(u.external_id IS NULL OR u.external_id NOT IN (?))", f.NotExternalIDs)
	andIn(&s, "u.id NOT IN (SELECT user_id FROM memberships WHERE organization_id IN (?))", f.NotOrganizationIDs)
	s.andMatches(f.EmailQuery, addressMatches)
	s.andMatches(f.UsernameQuery, "lower(u.username) LIKE ?")
	s.andMatches(f.NameQuery, "lower(u.first_name || ' ' || u.last_name) LIKE ?")
	f.Created.and(&s, "u.created_at")
	f.LastActive.and(&s, "u.last_active_at")
	f.LastSignIn.and(&s, "u.last_sign_in_at")
	if f.Nobody {
		s.and("1 = 0")
	}
	return s, f.narrow(tx, &s)
}

// narrow lets indexes find the texts that are asked for.
func (f UserFilter) narrow(tx *Tx, s *search) error {
	byName, byAddress := []textIndex{userTexts()}, []textIndex{addressTexts()}
	return errors.Join(
		s.narrow(tx, f.Query, "u.id", []textIndex{userTexts(), addressTexts()},
			"SELECT id FROM users WHERE id = ?", "SELECT id FROM users WHERE external_id = ?"),
		s.narrow(tx, f.NameQuery, "u.id", byName),
		s.narrow(tx, f.UsernameQuery, "u.id", byName),
		s.narrow(tx, f.EmailQuery, "u.id", byAddress),
	)
}

// InsertUser adds a person. The error is ErrConflict when the external id or
// the username is taken.
func (tx *Tx) InsertUser(u identity.User) error {
	_, err := tx.exec(`
		INSERT INTO users (id, external_id, first_name, last_name, username, password_hash,
			primary_email_id, public_metadata, private_metadata, unsafe_metadata, banned, locked_until,
			deactivated_at, locale, legal_accepted_at, password_updated_at, delete_self_enabled,
			create_organization_disabled, create_organizations_limit, last_sign_in_at, last_active_at,
			created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		u.ID, optional(u.ExternalID), u.FirstName, u.LastName, optional(u.Username), u.PasswordHash,
		u.PrimaryEmailID, metadata(u.PublicMetadata), metadata(u.PrivateMetadata), metadata(u.UnsafeMetadata),
		u.Banned, ms(u.LockedUntil), ms(u.DeactivatedAt), u.Locale, ms(u.LegalAcceptedAt), ms(u.PasswordAt),
		u.DeleteSelfEnabled, u.CreateOrganizationDisabled, u.CreateOrganizationsLimit, ms(u.LastSignInAt),
		ms(u.LastActiveAt), ms(u.CreatedAt), ms(u.UpdatedAt))
	if err != nil {
		return err
	}
	return tx.recordUser(identity.UserCreated, u.ID)
}

// UpdateUser writes all of a person.
func (tx *Tx) UpdateUser(u identity.User) error {
	if err := tx.execOne(`
		UPDATE users SET external_id = $2, first_name = $3, last_name = $4, username = $5,
			password_hash = $6, primary_email_id = $7, public_metadata = $8, private_metadata = $9,
			unsafe_metadata = $10, banned = $11, locked_until = $12, deactivated_at = $13,
			locale = $14, legal_accepted_at = $15, password_updated_at = $16, delete_self_enabled = $17,
			create_organization_disabled = $18, create_organizations_limit = $19, last_sign_in_at = $20,
			last_active_at = $21, created_at = $22, updated_at = $23
		WHERE id = $1`,
		u.ID, optional(u.ExternalID), u.FirstName, u.LastName, optional(u.Username), u.PasswordHash,
		u.PrimaryEmailID, metadata(u.PublicMetadata), metadata(u.PrivateMetadata), metadata(u.UnsafeMetadata),
		u.Banned, ms(u.LockedUntil), ms(u.DeactivatedAt), u.Locale, ms(u.LegalAcceptedAt), ms(u.PasswordAt),
		u.DeleteSelfEnabled, u.CreateOrganizationDisabled, u.CreateOrganizationsLimit, ms(u.LastSignInAt),
		ms(u.LastActiveAt), ms(u.CreatedAt), ms(u.UpdatedAt)); err != nil {
		return err
	}
	return tx.recordUser(identity.UserUpdated, u.ID)
}

// SawSignIn notes when a person signed in last. The person must be there.
func (tx *Tx) SawSignIn(id identity.UserID, now time.Time) error {
	if err := tx.execLater(`UPDATE users SET last_sign_in_at = $2, last_active_at = $2 WHERE id = $1`, id, ms(now)); err != nil {
		return err
	}
	return tx.recordUser(identity.UserUpdated, id)
}

// TouchUser notes that a person was active, unless that was noted after a time.
func (tx *Tx) TouchUser(id identity.UserID, now, after time.Time) error {
	_, err := tx.exec(`
		UPDATE users SET last_active_at = $2 WHERE id = $1 AND last_active_at < $3`, id, ms(now), ms(after))
	return err
}

// DeleteUser removes a person with their addresses, memberships, accounts and
// sessions and the events about them, and reports whether they were there.
func (tx *Tx) DeleteUser(id identity.UserID) (bool, error) {
	if err := tx.recordUser(identity.UserDeleted, id); err != nil {
		return false, err
	}
	if err := tx.eraseEvents(id); err != nil {
		return false, err
	}
	return tx.execChanged(`DELETE FROM users WHERE id = $1`, id)
}
