package manage

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

// UserView is a user with what it is shown with.
type UserView struct {
	identity.User
	Emails   []identity.EmailAddress
	Accounts []AccountView
	SSO      map[identity.EmailID]bool // addresses on a domain that signs in by SSO
}

// AccountView is an enterprise account with its connection, zero if that is gone.
// The account names the provider in either case.
type AccountView struct {
	identity.EnterpriseAccount
	Connection identity.Connection
}

// UserChange is what a caller gave to create or change a user. Nil leaves a
// field as it is.
type UserChange struct {
	ExternalID      *string
	FirstName       *string
	LastName        *string
	Username        *string
	Password        *string
	SkipChecks      bool     // of the password
	EmailAddresses  []string // at creation only
	PrimaryEmailID  *string
	PublicMetadata  identity.Metadata
	PrivateMetadata identity.Metadata
	UnsafeMetadata  identity.Metadata
	SignOutOthers   bool // with a new password
}

// Limits of a person's own data. Ours, but for the password's least, which is
// Clerk's.
const (
	maxName        = 256 // characters
	maxEmails      = 50  // of a user
	minPassword    = 8   // characters
	maxPassword    = 128 // characters
	lockDuration   = 100 * 365 * 24 * time.Hour
	strategyAdmin  = "admin"
	maxExternalID  = 256 // bytes
	maxUsernameLen = 64  // bytes
)

// CreateUser makes a person whose addresses count as verified: the customer's
// server says so.
func (s *Service) CreateUser(ctx context.Context, ch UserChange) (UserView, error) {
	emails, err := parseEmails(ch.EmailAddresses)
	if err != nil {
		return UserView{}, err
	}
	hash, err := s.newPassword(ctx, ch)
	if err != nil {
		return UserView{}, err
	}
	now := s.Now()
	u := identity.User{ID: identity.NewID[identity.UserID](now), PasswordHash: hash, CreatedAt: now, UpdatedAt: now}
	if len(emails) == 0 && (ch.Username == nil || *ch.Username == "") && (ch.ExternalID == nil || *ch.ExternalID == "") {
		return UserView{}, fault.New(fault.FormDataMissing, "param_names", []string{"email_address"})
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := applyUser(tx, &u, ch); err != nil {
			return err
		}
		rows := make([]identity.EmailAddress, 0, len(emails))
		for i, address := range emails {
			if err := addressFree(tx, address); err != nil {
				return err
			}
			at := now.Add(time.Duration(i) * time.Millisecond) // they are listed in this order
			rows = append(rows, identity.EmailAddress{
				ID: identity.NewID[identity.EmailID](now), UserID: u.ID, Address: address,
				Status: identity.Verified, Strategy: strategyAdmin, VerifiedAt: now, CreatedAt: at, UpdatedAt: at,
			})
		}
		if len(rows) > 0 {
			u.PrimaryEmailID = rows[0].ID
		}
		if err := tx.InsertUser(u); err != nil {
			return err
		}
		for _, row := range rows {
			if err := tx.InsertEmailAddress(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return UserView{}, err
	}
	return s.User(ctx, string(u.ID))
}

func parseEmails(list []string) ([]identity.Email, error) {
	if len(list) > maxEmails {
		return nil, fault.New(fault.FormParamArraySize, "param_name", "email_address", "max_items", maxEmails)
	}
	var emails []identity.Email
	seen := map[identity.Email]bool{}
	for _, text := range list {
		e, err := identity.ParseEmail(text)
		if err != nil {
			return nil, err
		}
		if seen[e] {
			return nil, fault.New(fault.FormParamDuplicate, "param_name", "email_address")
		}
		seen[e] = true
		emails = append(emails, e)
	}
	return emails, nil
}

func addressFree(tx *store.Tx, address identity.Email) error {
	_, err := tx.VerifiedEmail(address)
	if err == nil {
		return fault.New(fault.FormIdentifierExists, "param_name", "email_address")
	}
	return store.Optional(err)
}

// newPassword checks and hashes a new password, outside any transaction.
func (s *Service) newPassword(ctx context.Context, ch UserChange) (string, error) {
	if ch.Password == nil || *ch.Password == "" {
		return "", nil
	}
	if n := utf8.RuneCountInString(*ch.Password); !ch.SkipChecks {
		switch {
		case n < minPassword:
			return "", fault.New(fault.FormPasswordTooShort, "param_name", "password", "min_length", minPassword)
		case n > maxPassword:
			return "", fault.New(fault.FormPasswordTooLong, "param_name", "password", "max_length", maxPassword)
		}
	}
	hash, err := s.Hasher.Hash(ctx, *ch.Password)
	switch {
	case errors.Is(err, secret.ErrPasswordTooLong):
		err = fault.New(fault.FormPasswordTooLong, "param_name", "password", "max_length", secret.MaxPassword).Because(err)
	case errors.Is(err, secret.ErrBusy):
		err = fault.New(fault.ServiceUnavailable).Because(err)
	}
	return hash, err
}

// applyUser puts a change into a user. All mistakes are reported.
func applyUser(tx *store.Tx, u *identity.User, ch UserChange) error {
	var errs []error
	for _, f := range []struct {
		param string
		field *string
		value *string
		max   int
	}{
		{"first_name", &u.FirstName, ch.FirstName, maxName},
		{"last_name", &u.LastName, ch.LastName, maxName},
		{"external_id", &u.ExternalID, ch.ExternalID, maxExternalID},
		{"username", &u.Username, ch.Username, maxUsernameLen},
	} {
		if f.value == nil {
			continue
		}
		if utf8.RuneCountInString(*f.value) > f.max {
			errs = append(errs, fault.New(fault.FormParamMaxLength, "param_name", f.param, "max_length", f.max))
		}
		if strings.ContainsFunc(*f.value, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
			errs = append(errs, fault.New(fault.FormParamFormatInvalid, "param_name", f.param))
		}
		*f.field = strings.TrimSpace(*f.value)
	}
	if ch.PrimaryEmailID != nil {
		e, err := tx.EmailAddress(identity.EmailID(*ch.PrimaryEmailID))
		if store.Optional(err) != nil {
			return err
		}
		if e.UserID != u.ID || !e.IsVerified() {
			errs = append(errs, fault.New(fault.NotFound, "resource", "email address", "param_name", "primary_email_address_id"))
		} else {
			u.PrimaryEmailID = e.ID
		}
	}
	meta := MetadataChange{Public: ch.PublicMetadata, Private: ch.PrivateMetadata, Unsafe: ch.UnsafeMetadata, Replace: true}
	errs = append(errs, meta.applyUser(u))
	errs = append(errs, identifiersFree(tx, *u)...)
	return fault.Join(errs...)
}

func identifiersFree(tx *store.Tx, u identity.User) []error {
	var errs []error
	for _, f := range []struct {
		param, value string
		filter       store.UserFilter
	}{
		{"external_id", u.ExternalID, store.UserFilter{ExternalIDs: []string{u.ExternalID}}},
		{"username", u.Username, store.UserFilter{Usernames: []string{u.Username}}},
	} {
		if f.value == "" {
			continue
		}
		held, _, err := tx.Users(f.filter, store.Page{Limit: 1})
		if err != nil {
			return append(errs, err)
		}
		if len(held) > 0 && held[0].ID != u.ID {
			errs = append(errs, fault.New(fault.FormIdentifierExists, "param_name", f.param))
		}
	}
	return errs
}

func (ch MetadataChange) applyUser(u *identity.User) error {
	return fault.Join(
		ch.apply("public_metadata", &u.PublicMetadata, ch.Public),
		ch.apply("private_metadata", &u.PrivateMetadata, ch.Private),
		ch.apply("unsafe_metadata", &u.UnsafeMetadata, ch.Unsafe))
}

func findUser(tx *store.Tx, id string) (identity.User, error) {
	u, err := tx.User(identity.UserID(id))
	return u, store.Missing(err, fault.New(fault.NotFound, "resource", "user"))
}

// User reads a user.
func (s *Service) User(ctx context.Context, id string) (v UserView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, id)
		if err != nil {
			return err
		}
		v, err = userView(tx, u)
		return err
	})
	return v, err
}

// Users lists users.
func (s *Service) Users(ctx context.Context, f store.UserFilter, p store.Page) (list []UserView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		users, n, err := tx.Users(f, p)
		if err != nil {
			return err
		}
		total = n
		for _, u := range users {
			v, err := userView(tx, u)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

// CountUsers counts the users that a filter finds.
func (s *Service) CountUsers(ctx context.Context, f store.UserFilter) (n int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		n, err = tx.CountUsers(f)
		return err
	})
	return n, err
}

func userView(tx *store.Tx, u identity.User) (v UserView, err error) {
	v.User, v.SSO = u, map[identity.EmailID]bool{}
	if v.Emails, err = tx.EmailAddressesOf(u.ID); err != nil {
		return v, err
	}
	for _, e := range v.Emails {
		connections, err := tx.ConnectionsByDomains(e.Address.Domain().Candidates())
		if err != nil {
			return v, err
		}
		for _, c := range connections {
			v.SSO[e.ID] = v.SSO[e.ID] || c.Active && c.Serves(e.Address.Domain())
		}
	}
	accounts, err := tx.AccountsOfUser(u.ID)
	if err != nil {
		return v, err
	}
	for _, a := range accounts {
		c, err := tx.Connection(a.ConnectionID)
		if store.Optional(err) != nil {
			return v, err
		}
		if err == nil {
			a.Provider = c.Provider
		}
		v.Accounts = append(v.Accounts, AccountView{EnterpriseAccount: a, Connection: c})
	}
	return v, nil
}

// ChangeUser changes a user.
func (s *Service) ChangeUser(ctx context.Context, id string, ch UserChange) (UserView, error) {
	hash, err := s.newPassword(ctx, ch)
	if err != nil {
		return UserView{}, err
	}
	return s.changeUser(ctx, id, func(tx *store.Tx, u *identity.User) error {
		if hash != "" {
			u.PasswordHash = hash
		}
		if hash != "" && ch.SignOutOthers {
			if _, err := tx.EndSessionsOfUser(u.ID, identity.SessionRevoked, s.Now()); err != nil {
				return err
			}
		}
		return applyUser(tx, u, ch)
	})
}

// ChangeUserMetadata changes a user's metadata.
func (s *Service) ChangeUserMetadata(ctx context.Context, id string, ch MetadataChange) (UserView, error) {
	return s.changeUser(ctx, id, func(_ *store.Tx, u *identity.User) error { return ch.applyUser(u) })
}

// SetBanned bans a user, which ends all sessions, or lifts the ban.
func (s *Service) SetBanned(ctx context.Context, id string, banned bool) (UserView, error) {
	return s.changeUser(ctx, id, func(tx *store.Tx, u *identity.User) error {
		u.Banned = banned
		if !banned {
			return nil
		}
		_, err := tx.EndSessionsOfUser(u.ID, identity.SessionRevoked, s.Now())
		return err
	})
}

// SetLocked locks a user until unlocked, or unlocks. Sessions go on.
func (s *Service) SetLocked(ctx context.Context, id string, locked bool) (UserView, error) {
	return s.changeUser(ctx, id, func(_ *store.Tx, u *identity.User) error {
		u.LockedUntil = time.Time{}
		if locked {
			u.LockedUntil = s.Now().Add(lockDuration)
		}
		return nil
	})
}

func (s *Service) changeUser(ctx context.Context, id string, change func(*store.Tx, *identity.User) error) (v UserView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, id)
		if err != nil {
			return err
		}
		if err := change(tx, &u); err != nil {
			return err
		}
		u.UpdatedAt = s.Now()
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		v, err = userView(tx, u)
		return err
	})
	return v, err
}

// DeleteUser removes a person with addresses, accounts, memberships and
// sessions. The record of attempts keeps the id only (threat T-SEC-12).
func (s *Service) DeleteUser(ctx context.Context, id string) (u identity.User, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if u, err = findUser(tx, id); err != nil {
			return err
		}
		_, err = tx.DeleteUser(u.ID)
		return err
	})
	return u, err
}
