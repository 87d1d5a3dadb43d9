package manage

import (
	"context"
	"slices"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/mail"
	"usher/internal/policy"
	"usher/internal/store"
)

// EmailView is an address with what it is shown with.
type EmailView struct {
	identity.EmailAddress
	SSO bool // its domain signs in by SSO
}

// EmailChange is what a caller gave to add or change an address. False changes
// nothing: an address is not made unproved again.
type EmailChange struct {
	UserID   string // of a new address
	Address  string // of a new address
	Status   string // of one that replaces all: "verified", "reserved" or "unverified"; empty: verified
	Verified bool
	Primary  bool
	Notify   bool // the primary address before, when that changes
}

// Email reads an address.
func (s *Service) Email(ctx context.Context, id identity.EmailID) (v EmailView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		e, err := findEmail(tx, id)
		if err != nil {
			return err
		}
		v, err = emailView(tx, e)
		return err
	})
	return v, err
}

func findEmail(tx *store.Tx, id identity.EmailID) (identity.EmailAddress, error) {
	e, err := tx.EmailAddress(id)
	return e, store.Missing(err, fault.New(fault.NotFound, "resource", "email address"))
}

func emailView(tx *store.Tx, e identity.EmailAddress) (EmailView, error) {
	connections, err := tx.ConnectionsByDomains(e.Address.Domain().Candidates())
	if err != nil {
		return EmailView{}, err
	}
	sso := slices.ContainsFunc(connections, func(c identity.Connection) bool { return c.Active && c.Serves(e.Address.Domain()) })
	return EmailView{EmailAddress: e, SSO: sso}, nil
}

// mayAdd asks policy whether a user may have one more address.
func (s *Service) mayAdd(tx *store.Tx, user identity.UserID, address identity.Email) error {
	f := policy.EnforceFacts{Purpose: policy.ForAddress, Email: address, Strategy: strategyAdmin}
	var err error
	if f.Connections, err = tx.ConnectionsByDomains(address.Domain().Candidates()); err != nil {
		return err
	}
	if f.Bound, err = tx.ConnectionsOfUser(user); err != nil {
		return err
	}
	if denied := policy.Enforce(f).Denied; denied != nil {
		return denied
	}
	in, err := tx.Instance()
	if err != nil {
		return err
	}
	return policy.Access(policy.AccessFacts{
		Purpose: policy.ForAddress, Email: address, Restrictions: in.Settings.Restrictions, Disposable: s.disposable(),
	}).Denied
}

// AddEmail adds an address to a user. The first one is the primary one.
func (s *Service) AddEmail(ctx context.Context, ch EmailChange) (v EmailView, err error) {
	address, err := identity.ParseEmail(ch.Address)
	if err != nil {
		return EmailView{}, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, ch.UserID)
		if err != nil {
			return err
		}
		rows, err := tx.EmailAddressesOf(u.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(e identity.EmailAddress) bool { return e.Address == address }) {
			return fault.New(fault.FormIdentifierExists, "param_name", "email_address")
		}
		if len(rows) >= maxEmails {
			return fault.New(fault.FormParamArraySize, "param_name", "email_address", "max_items", maxEmails)
		}
		if err := fault.Join(s.mayAdd(tx, u.ID, address), addressFree(tx, address)); err != nil {
			return err
		}
		status := emailUnverified
		if ch.Verified {
			status = emailVerified
		}
		e := newEmail(u.ID, address, status, now)
		if err := tx.InsertEmailAddress(e); err != nil {
			return err
		}
		if ch.Primary || len(rows) == 0 {
			if err := s.makePrimary(tx, u, e, ch.Notify); err != nil {
				return err
			}
		}
		if err := s.auditEmail(tx, "email_address.created", e); err != nil {
			return err
		}
		v, err = emailView(tx, e)
		return err
	})
	return v, err
}

// auditEmail writes what became of an address into the audit log, which has its id
// only (threat T-SEC-12).
func (s *Service) auditEmail(tx *store.Tx, action string, e identity.EmailAddress) error {
	return s.audit(tx, identity.AuditEntry{Action: action, Subject: string(e.ID), Detail: map[string]string{"user_id": string(e.UserID)}})
}

// makePrimary makes an address the primary one, at the time of its last change.
// One that is to take another's place must be proved.
func (s *Service) makePrimary(tx *store.Tx, u identity.User, e identity.EmailAddress, notify bool) error {
	before := u.PrimaryEmailID
	if before == e.ID {
		return nil
	}
	if before != "" && !e.IsHeld() {
		return fault.New(fault.FormVerificationNeeded, "param_name", "primary")
	}
	u.PrimaryEmailID, u.UpdatedAt = e.ID, e.UpdatedAt
	if err := tx.UpdateUser(u); err != nil || !notify {
		return err
	}
	return s.mailPrimaryChanged(tx, before)
}

// mailPrimaryChanged tells the address that was the primary one.
func (s *Service) mailPrimaryChanged(tx *store.Tx, before identity.EmailID) error {
	e, err := tx.EmailAddress(before)
	if err != nil || !e.IsVerified() {
		return store.Optional(err)
	}
	return s.mailPrimary(tx, e)
}

func (s *Service) mailPrimary(tx *store.Tx, before identity.EmailAddress) error {
	return s.writeMail(tx, mail.Letter{Slug: mail.PrimaryEmailChanged, To: before.Address, UserID: before.UserID, EmailID: before.ID})
}

// ChangeEmail marks an address as verified, or makes it the primary one.
func (s *Service) ChangeEmail(ctx context.Context, id identity.EmailID, ch EmailChange) (v EmailView, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := findEmail(tx, id)
		if err != nil {
			return err
		}
		if ch.Verified && !e.IsVerified() {
			held, err := tx.HeldEmail(e.Address)
			if store.Optional(err) != nil {
				return err
			}
			if err == nil && held.ID != e.ID {
				return fault.New(fault.IdentificationClaimed, "param_name", "email_address")
			}
			vouch(&e, now)
			if err := tx.UpdateEmailAddress(e); err != nil {
				return err
			}
		}
		if ch.Primary {
			u, err := tx.User(e.UserID)
			if err != nil {
				return err
			}
			primary := e
			primary.UpdatedAt = now
			if err := s.makePrimary(tx, u, primary, ch.Notify); err != nil {
				return err
			}
		}
		if err := s.auditEmail(tx, "email_address.updated", e); err != nil {
			return err
		}
		v, err = emailView(tx, e)
		return err
	})
	return v, err
}

// DeleteEmail removes an address. One that an account vouches for stays, and so
// does the last thing that a person can be named by. Another address becomes the
// primary one if need be, proved ones first.
func (s *Service) DeleteEmail(ctx context.Context, id identity.EmailID) error {
	now := s.Now()
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := findEmail(tx, id)
		if err != nil {
			return err
		}
		u, err := tx.User(e.UserID)
		if err != nil {
			return err
		}
		rows, err := tx.EmailAddressesOf(u.ID)
		if err != nil {
			return err
		}
		linked, err := vouchedFor(tx, u.ID, []identity.EmailAddress{e})
		switch {
		case err != nil:
			return err
		case linked:
			return fault.New(fault.LinkedIdentificationDeletion)
		case len(rows) == 1 && u.Username == "":
			return fault.New(fault.IdentificationDeletionFailed)
		}
		if _, err := tx.DeleteEmailAddress(e.ID); err != nil {
			return err
		}
		if err := s.auditEmail(tx, "email_address.deleted", e); err != nil || u.PrimaryEmailID != e.ID {
			return err
		}
		rows = slices.DeleteFunc(rows, func(row identity.EmailAddress) bool { return row.ID == e.ID })
		u.PrimaryEmailID, u.UpdatedAt = nextPrimary(rows), now
		return tx.UpdateUser(u)
	})
}

// nextPrimary is the oldest proved address, or the oldest that is nobody else's;
// empty if there is none.
func nextPrimary(rows []identity.EmailAddress) identity.EmailID {
	for _, fit := range []func(identity.EmailAddress) bool{identity.EmailAddress.IsVerified, identity.EmailAddress.IsHeld} {
		if i := slices.IndexFunc(rows, fit); i >= 0 {
			return rows[i].ID
		}
	}
	return ""
}

// vouchedFor reports whether an account that the user has vouches for one of the
// addresses.
func vouchedFor(tx *store.Tx, user identity.UserID, rows []identity.EmailAddress) (bool, error) {
	accounts, err := tx.AccountsOfUser(user)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(rows, func(e identity.EmailAddress) bool {
		return slices.ContainsFunc(accounts, func(a identity.EnterpriseAccount) bool { return a.ID == e.AccountID })
	}), nil
}

// ReplaceEmails gives a user one address in the place of all.
func (s *Service) ReplaceEmails(ctx context.Context, ch EmailChange) (v EmailView, err error) {
	address, addressErr := identity.ParseEmail(ch.Address)
	var statusErr error
	switch ch.Status {
	case "":
		ch.Status = emailVerified
	case emailVerified, emailReserved, emailUnverified:
	default:
		statusErr = fault.New(fault.FormParamValueInvalid, "param_name", "identification_status")
	}
	if err := fault.Join(addressErr, statusErr); err != nil {
		return EmailView{}, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, ch.UserID)
		if err != nil {
			return err
		}
		v.EmailAddress = newEmail(u.ID, address, ch.Status, s.Now())
		if err := s.replaceEmails(tx, u, v.EmailAddress, ch.Notify); err != nil {
			return err
		}
		if err := s.auditEmail(tx, "email_address.replaced", v.EmailAddress); err != nil {
			return err
		}
		v, err = emailView(tx, v.EmailAddress)
		return err
	})
	return v, err
}

func (s *Service) replaceEmails(tx *store.Tx, u identity.User, e identity.EmailAddress, notify bool) error {
	rows, err := tx.EmailAddressesOf(u.ID)
	if err != nil {
		return err
	}
	linked, err := vouchedFor(tx, u.ID, rows)
	if err != nil {
		return err
	}
	if linked {
		return fault.New(fault.LinkedIdentificationDeletion)
	}
	if err := s.mayAdd(tx, u.ID, e.Address); err != nil {
		return err
	}
	var before identity.EmailAddress
	for _, row := range rows {
		if row.ID == u.PrimaryEmailID {
			before = row
		}
		if _, err := tx.DeleteEmailAddress(row.ID); err != nil {
			return err
		}
	}
	if e.IsHeld() {
		if err := addressFree(tx, e.Address); err != nil {
			return err
		}
	}
	if err := tx.InsertEmailAddress(e); err != nil {
		return err
	}
	u.PrimaryEmailID, u.UpdatedAt = e.ID, e.UpdatedAt
	if err := tx.UpdateUser(u); err != nil {
		return err
	}
	if !notify || !before.IsVerified() || before.Address == e.Address {
		return nil
	}
	return s.mailPrimary(tx, before)
}
