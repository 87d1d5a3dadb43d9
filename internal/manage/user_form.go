package manage

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

// UserChange is what a caller gave to create or change a user. Nil leaves a
// field as it is.
type UserChange struct {
	ExternalID      *string
	FirstName       *string
	LastName        *string
	Username        *string
	Locale          *string // BCP 47
	Password        *string
	PasswordDigest  *string  // made elsewhere
	PasswordHasher  *string  // what made it
	SkipChecks      bool     // of the password
	EmailAddresses  []string // at creation only
	EmailStatuses   []string // "verified" or "reserved", one an address; empty: all verified
	SkipIdentifier  bool     // at creation: the user may have nothing to be known by
	PrimaryEmailID  *string
	PublicMetadata  identity.Metadata
	PrivateMetadata identity.Metadata
	UnsafeMetadata  identity.Metadata
	SignOutOthers   bool    // with a new password
	CreatedAt       *string // RFC 3339
	LegalAcceptedAt *string // RFC 3339; empty: unset
	Banned          bool    // at creation
	Locked          bool    // at creation

	DeleteSelfEnabled         *bool
	CreateOrganizationEnabled *bool
	CreateOrganizationsLimit  *int
	NotifyPrimaryChanged      bool // by mail to the primary address before
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
	maxLocale      = 35  // characters: RFC 5646, section 4.4.1
)

// localeForm is the form of a language tag: RFC 5646, section 2.1. Whether its
// parts are registered is not looked at.
var localeForm = regexp.MustCompile(`^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$`)

// CreateUser makes a person whose addresses count as verified: the customer's
// server says so.
func (s *Service) CreateUser(ctx context.Context, ch UserChange) (UserView, error) {
	now := s.Now()
	u := identity.User{ID: identity.NewID[identity.UserID](now), CreatedAt: now, UpdatedAt: now, Banned: ch.Banned}
	if ch.Locked {
		u.LockedUntil = now.Add(lockDuration)
	}
	emails, emailsErr := newEmails(u.ID, ch, now)
	if err := fault.Join(emailsErr, checkNewPassword(ch), applyFields(&u, ch, now)); err != nil {
		return UserView{}, err
	}
	if len(emails) == 0 && u.Username == "" && u.ExternalID == "" && !ch.SkipIdentifier {
		return UserView{}, fault.New(fault.FormDataMissing, "param_names", []string{"email_address"})
	}
	var err error
	if u.PasswordHash, err = s.newPassword(ctx, ch); err != nil {
		return UserView{}, err
	}
	if u.PasswordHash != "" {
		u.PasswordAt = now
	}
	if len(emails) > 0 {
		u.PrimaryEmailID = emails[0].ID
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		errs := []error{applyPrimary(tx, &u, ch), identifiersFree(tx, u)}
		for _, e := range emails {
			errs = append(errs, addressFree(tx, e.Address))
		}
		if err := fault.Join(errs...); err != nil {
			return err
		}
		if err := tx.InsertUser(u); err != nil {
			return err
		}
		for _, e := range emails {
			if err := tx.InsertEmailAddress(e); err != nil {
				return err
			}
		}
		return s.audit(tx, identity.AuditEntry{Action: "user.created", Subject: string(u.ID)})
	})
	if err != nil {
		return UserView{}, err
	}
	return s.User(ctx, string(u.ID))
}

// The states in which an address is made.
const (
	emailVerified   = "verified"
	emailReserved   = "reserved"
	emailUnverified = "unverified"
)

// newEmails are the addresses of a person who is being made, listed in the order
// that they were given in.
func newEmails(user identity.UserID, ch UserChange, now time.Time) ([]identity.EmailAddress, error) {
	const param, statusParam = "email_address", "email_address_identification_status"
	if len(ch.EmailAddresses) > maxEmails {
		return nil, fault.New(fault.FormParamArraySize, "param_name", param, "max_items", maxEmails)
	}
	if n := len(ch.EmailStatuses); n != 0 && n != len(ch.EmailAddresses) {
		return nil, fault.New(fault.FormParamArrayLengthMismatch, "param_name", statusParam, "with", param)
	}
	var rows []identity.EmailAddress
	var errs []error
	seen := map[identity.Email]bool{}
	for i, text := range ch.EmailAddresses {
		e, err := identity.ParseEmail(text)
		if err == nil && seen[e] {
			err = fault.New(fault.FormParamDuplicate, "param_name", param)
		}
		status := emailVerified
		if len(ch.EmailStatuses) > 0 {
			status = ch.EmailStatuses[i]
		}
		if status != emailVerified && status != emailReserved {
			errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", statusParam))
		}
		errs = append(errs, err)
		seen[e] = true
		rows = append(rows, newEmail(user, e, status, now.Add(time.Duration(i)*time.Millisecond)))
	}
	return rows, fault.Join(errs...)
}

// newEmail is an address that the customer's server adds to a person.
func newEmail(user identity.UserID, address identity.Email, status string, now time.Time) identity.EmailAddress {
	e := identity.EmailAddress{
		ID: identity.NewID[identity.EmailID](now), UserID: user, Address: address, Status: identity.Unverified,
		Reserved: status == emailReserved, CreatedAt: now, UpdatedAt: now,
	}
	if status == emailVerified {
		vouch(&e, now)
	}
	return e
}

// vouch marks an address as verified by the customer's server.
func vouch(e *identity.EmailAddress, now time.Time) {
	e.Status, e.Strategy, e.VerifiedAt, e.UpdatedAt = identity.Verified, strategyAdmin, now, now
}

func addressFree(tx *store.Tx, address identity.Email) error {
	_, err := tx.HeldEmail(address)
	if err == nil {
		return fault.New(fault.FormIdentifierExists, "param_name", "email_address")
	}
	return store.Optional(err)
}

// checkNewPassword judges a new password, or the digest of one that was made
// elsewhere.
func checkNewPassword(ch UserChange) error {
	if ch.PasswordDigest != nil && *ch.PasswordDigest != "" {
		return checkDigest(ch)
	}
	if ch.PasswordHasher != nil && *ch.PasswordHasher != "" {
		return fault.New(fault.FormConditionalParamMissing, "param_name", "password_digest", "with", "password_hasher")
	}
	if ch.Password == nil || *ch.Password == "" || ch.SkipChecks {
		return nil
	}
	switch n := utf8.RuneCountInString(*ch.Password); {
	case n < minPassword:
		return fault.New(fault.FormPasswordTooShort, "param_name", "password", "min_length", minPassword)
	case n > maxPassword:
		return fault.New(fault.FormPasswordTooLong, "param_name", "password", "max_length", maxPassword)
	}
	return nil
}

func checkDigest(ch UserChange) error {
	const param = "password_digest"
	prefix := ""
	switch {
	case ch.Password != nil && *ch.Password != "":
		return fault.New(fault.FormConditionalParamDisallowed, "param_name", param, "with", "password")
	case ch.PasswordHasher == nil || *ch.PasswordHasher == "":
		return fault.New(fault.FormConditionalParamMissing, "param_name", "password_hasher", "with", param)
	case *ch.PasswordHasher == "argon2id":
		prefix = "$argon2id$"
	case *ch.PasswordHasher == "bcrypt":
		prefix = "$2"
	default:
		return fault.New(fault.FormParamValueInvalid, "param_name", "password_hasher")
	}
	if err := secret.CheckImportedHash(*ch.PasswordDigest); err != nil || !strings.HasPrefix(*ch.PasswordDigest, prefix) {
		return fault.New(fault.FormPasswordDigestInvalid, "param_name", param, "password_hasher", *ch.PasswordHasher).Because(err)
	}
	return nil
}

// newPassword hashes a new password that was checked, outside any transaction.
func (s *Service) newPassword(ctx context.Context, ch UserChange) (string, error) {
	if ch.PasswordDigest != nil && *ch.PasswordDigest != "" {
		return *ch.PasswordDigest, nil
	}
	if ch.Password == nil || *ch.Password == "" {
		return "", nil
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

// applyFields puts what a change says of a user's own data into the user. All
// mistakes are reported.
func applyFields(u *identity.User, ch UserChange, now time.Time) error {
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
		{"locale", &u.Locale, ch.Locale, maxLocale},
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
	if u.Locale != "" && !localeForm.MatchString(u.Locale) {
		errs = append(errs, fault.New(fault.FormParamFormatInvalid, "param_name", "locale"))
	}
	set(&u.DeleteSelfEnabled, ch.DeleteSelfEnabled)
	if ch.CreateOrganizationEnabled != nil {
		u.CreateOrganizationDisabled = !*ch.CreateOrganizationEnabled
	}
	set(&u.CreateOrganizationsLimit, ch.CreateOrganizationsLimit)
	if u.CreateOrganizationsLimit < 0 {
		errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "create_organizations_limit"))
	}
	if ch.LegalAcceptedAt != nil && *ch.LegalAcceptedAt == "" {
		u.LegalAcceptedAt = time.Time{}
		ch.LegalAcceptedAt = nil
	}
	meta := MetadataChange{Public: ch.PublicMetadata, Private: ch.PrivateMetadata, Unsafe: ch.UnsafeMetadata, Replace: true}
	return fault.Join(append(errs, meta.applyUser(u),
		applyPast(&u.CreatedAt, "created_at", ch.CreatedAt, now), applyPast(&u.LegalAcceptedAt, "legal_accepted_at", ch.LegalAcceptedAt, now))...)
}

// applyPast sets a time that lies in the past.
func applyPast(field *time.Time, param string, value *string, now time.Time) error {
	if value == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339, *value)
	switch {
	case err != nil || t.Before(earliest()):
		return fault.New(fault.FormParamInvalidTime, "param_name", param).Because(err)
	case t.After(now):
		return fault.New(fault.FormDisallowFutureDate, "param_name", param)
	}
	*field = t.UTC().Truncate(time.Millisecond)
	return nil
}

// applyPrimary makes another of the person's addresses the primary one.
func applyPrimary(tx *store.Tx, u *identity.User, ch UserChange) error {
	if ch.PrimaryEmailID == nil {
		return nil
	}
	e, err := tx.EmailAddress(identity.EmailID(*ch.PrimaryEmailID))
	if store.Optional(err) != nil {
		return err
	}
	if e.UserID != u.ID || !e.IsVerified() {
		return fault.New(fault.NotFound, "resource", "email address", "param_name", "primary_email_address_id")
	}
	u.PrimaryEmailID = e.ID
	return nil
}

// identifiersFree reports what of a user another one has.
func identifiersFree(tx *store.Tx, u identity.User) error {
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
			return err
		}
		if len(held) > 0 && held[0].ID != u.ID {
			errs = append(errs, fault.New(fault.FormIdentifierExists, "param_name", f.param))
		}
	}
	return fault.Join(errs...)
}
