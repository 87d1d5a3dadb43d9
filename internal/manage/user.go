package manage

import (
	"context"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// UserView is a user with what it is shown with.
type UserView struct {
	identity.User
	Emails   []identity.EmailAddress
	Accounts []AccountView
	SSO      map[identity.EmailID]bool // addresses on a domain that signs in by SSO
}

// Deprovisioned reports whether the person may not sign in because a provider or
// a directory said so.
func (v UserView) Deprovisioned() bool {
	return !v.DeactivatedAt.IsZero() ||
		slices.ContainsFunc(v.Accounts, func(a AccountView) bool { return !a.DeprovisionedAt.IsZero() })
}

// AccountView is an enterprise account with its connection, zero if that is gone.
// The account names the provider in either case.
type AccountView struct {
	identity.EnterpriseAccount
	Connection identity.Connection
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
	now := s.Now()
	if err := fault.Join(checkNewPassword(ch), applyFields(&identity.User{}, ch, now)); err != nil {
		return UserView{}, err
	}
	hash, err := s.newPassword(ctx, ch)
	if err != nil {
		return UserView{}, err
	}
	return s.changeUser(ctx, id, func(tx *store.Tx, u *identity.User) error {
		if hash != "" {
			u.PasswordHash, u.PasswordAt = hash, now
		}
		if hash != "" && ch.SignOutOthers {
			if _, err := tx.EndSessionsOfUser(u.ID, identity.SessionRevoked, now); err != nil {
				return err
			}
		}
		before := u.PrimaryEmailID
		if err := fault.Join(applyFields(u, ch, now), applyPrimary(tx, u, ch), identifiersFree(tx, *u)); err != nil {
			return err
		}
		if !ch.NotifyPrimaryChanged || u.PrimaryEmailID == before {
			return nil
		}
		return s.mailPrimaryChanged(tx, before)
	})
}

// ChangeUserMetadata changes a user's metadata.
func (s *Service) ChangeUserMetadata(ctx context.Context, id string, ch MetadataChange) (UserView, error) {
	return s.changeUserAs(ctx, "user.metadata.updated", id, func(_ *store.Tx, u *identity.User) error { return ch.applyUser(u) })
}

// SetBanned bans a user, which ends all sessions, or lifts the ban.
func (s *Service) SetBanned(ctx context.Context, id string, banned bool) (UserView, error) {
	action := "user.unbanned"
	if banned {
		action = "user.banned"
	}
	return s.changeUserAs(ctx, action, id, func(tx *store.Tx, u *identity.User) error {
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
	action := "user.unlocked"
	if locked {
		action = "user.locked"
	}
	return s.changeUserAs(ctx, action, id, func(_ *store.Tx, u *identity.User) error {
		u.LockedUntil = time.Time{}
		if locked {
			u.LockedUntil = s.Now().Add(lockDuration)
		}
		return nil
	})
}

func (s *Service) changeUser(ctx context.Context, id string, change func(*store.Tx, *identity.User) error) (UserView, error) {
	return s.changeUserAs(ctx, "user.updated", id, change)
}

// changeUserAs changes a user; the audit log calls it by the action.
func (s *Service) changeUserAs(ctx context.Context, action, id string, change func(*store.Tx, *identity.User) error) (v UserView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if v, err = s.change(tx, id, change); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: action, Subject: string(v.ID)})
	})
	return v, err
}

func (s *Service) change(tx *store.Tx, id string, change func(*store.Tx, *identity.User) error) (UserView, error) {
	u, err := findUser(tx, id)
	if err != nil {
		return UserView{}, err
	}
	if err := change(tx, &u); err != nil {
		return UserView{}, err
	}
	u.UpdatedAt = s.Now()
	if err := tx.UpdateUser(u); err != nil {
		return UserView{}, err
	}
	return userView(tx, u)
}

// DeleteUser removes a person with addresses, accounts, memberships and
// sessions. The record of attempts keeps the id only (threat T-SEC-12).
func (s *Service) DeleteUser(ctx context.Context, id string) (u identity.User, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if u, err = findUser(tx, id); err != nil {
			return err
		}
		if _, err = tx.DeleteUser(u.ID); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "user.deleted", Subject: string(u.ID)})
	})
	return u, err
}
