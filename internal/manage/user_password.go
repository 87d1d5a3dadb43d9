package manage

import (
	"context"
	"errors"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

// VerifyPassword says nothing when the password is the user's, and
// IncorrectPassword when it is another.
func (s *Service) VerifyPassword(ctx context.Context, id, password string) error {
	if password == "" {
		return fault.New(fault.FormParamMissing, "param_name", "password")
	}
	var u identity.User
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = findUser(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	if u.PasswordHash == "" {
		return fault.New(fault.NoPasswordSet)
	}
	v, err := s.Hasher.Verify(ctx, password, u.PasswordHash)
	switch {
	case errors.Is(err, secret.ErrPasswordTooLong):
	case errors.Is(err, secret.ErrBusy):
		return fault.New(fault.ServiceUnavailable).Because(err)
	case err != nil:
		return err
	}
	if !v.OK {
		return fault.New(fault.IncorrectPassword)
	}
	return nil
}

// RemovePassword takes a user's password away, and with signOut ends all
// sessions. A user without one stays as it is.
func (s *Service) RemovePassword(ctx context.Context, id string, signOut *bool) (UserView, error) {
	return s.changeUserAs(ctx, "user.password.removed", id, func(tx *store.Tx, u *identity.User) error {
		if u.PasswordHash != "" {
			u.PasswordHash, u.PasswordAt = "", s.Now()
		}
		if signOut == nil || !*signOut {
			return nil
		}
		_, err := tx.EndSessionsOfUser(u.ID, identity.SessionRevoked, s.Now())
		return err
	})
}

// maxBulk is how many users can be named at once: Clerk's.
const maxBulk = 50

// Ban bans several users, which ends their sessions.
func (s *Service) Ban(ctx context.Context, ids []string) ([]UserView, error) {
	return s.eachUser(ctx, "user.banned", ids, func(tx *store.Tx, u *identity.User) error {
		u.Banned = true
		_, err := tx.EndSessionsOfUser(u.ID, identity.SessionRevoked, s.Now())
		return err
	})
}

// Unban lifts the ban on several users.
func (s *Service) Unban(ctx context.Context, ids []string) ([]UserView, error) {
	return s.eachUser(ctx, "user.unbanned", ids, func(_ *store.Tx, u *identity.User) error {
		u.Banned = false
		return nil
	})
}

// eachUser changes several users, all or none of them; the audit log calls it by
// the action.
func (s *Service) eachUser(ctx context.Context, action string, ids []string, change func(*store.Tx, *identity.User) error) (list []UserView, err error) {
	switch {
	case len(ids) == 0:
		return nil, fault.New(fault.FormParamMissing, "param_name", "user_ids")
	case len(ids) > maxBulk:
		return nil, fault.New(fault.BulkSizeExceeded, "max_items", maxBulk)
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		list = nil
		for _, id := range ids {
			v, err := s.change(tx, id, change)
			if err != nil {
				return err
			}
			if err := s.audit(tx, identity.AuditEntry{Action: action, Subject: string(v.ID)}); err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

// DeleteAccount takes an enterprise account away from a user. The address that
// it vouched for stays, and stays verified; the person is linked anew at the next
// sign-in through the connection.
func (s *Service) DeleteAccount(ctx context.Context, user string, id identity.AccountID) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, user)
		if err != nil {
			return err
		}
		accounts, err := tx.AccountsOfUser(u.ID)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			if a.ID != id {
				continue
			}
			if err := s.deleteAccount(tx, u, a); err != nil {
				return err
			}
			return s.audit(tx, identity.AuditEntry{
				Action: "enterprise_account.deleted", Subject: string(a.ID),
				Detail: map[string]string{"user_id": string(u.ID), "enterprise_connection_id": string(a.ConnectionID)},
			})
		}
		return fault.New(fault.NotFound, "resource", "external account")
	})
}

func (s *Service) deleteAccount(tx *store.Tx, u identity.User, a identity.EnterpriseAccount) error {
	emails, err := tx.EmailAddressesOf(u.ID)
	if err != nil {
		return err
	}
	for _, e := range emails {
		if e.AccountID != a.ID {
			continue
		}
		e.AccountID, e.UpdatedAt = "", s.Now()
		if err := tx.UpdateEmailAddress(e); err != nil {
			return err
		}
	}
	_, err = tx.DeleteAccount(a.ID)
	return err
}
