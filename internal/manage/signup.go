package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// SignUpChange is what the customer's server says of a sign-up that is under way. Nil
// leaves a field as it is.
type SignUpChange struct {
	ExternalID   *string // for the user who will be made; empty: none
	CustomAction *bool
}

// SignUpView is a sign-up with what it could be made of.
type SignUpView struct {
	identity.SignUp
	Passwords bool // people may have one
}

// SignUp reads a sign-up of any browser.
func (s *Service) SignUp(ctx context.Context, id identity.SignUpID) (v SignUpView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		v, err = s.signUp(tx, id)
		return err
	})
	return v, err
}

func (s *Service) signUp(tx *store.Tx, id identity.SignUpID) (v SignUpView, err error) {
	if v.SignUp, err = tx.SignUp(id); err != nil {
		return v, store.Missing(err, fault.New(fault.NotFound, "resource", "sign-up"))
	}
	v.Status = v.At(s.Now())
	in, err := tx.Instance()
	v.Passwords = in.Settings.PasswordEnabled
	return v, err
}

// ChangeSignUp changes what the customer's server says of a sign-up, while it is
// under way.
func (s *Service) ChangeSignUp(ctx context.Context, id identity.SignUpID, ch SignUpChange) (v SignUpView, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if v, err = s.signUp(tx, id); err != nil {
			return err
		}
		if v.Status != identity.SignUpMissingRequirements {
			return fault.New(fault.SignUpCannotBeUpdated)
		}
		user := identity.User{ExternalID: v.ExternalID} // judged as the user's that it will be
		if err := applyFields(&user, UserChange{ExternalID: ch.ExternalID}, s.Now()); err != nil {
			return err
		}
		if err := identifiersFree(tx, user); err != nil {
			return err
		}
		v.ExternalID, v.UpdatedAt = user.ExternalID, s.Now()
		set(&v.CustomAction, ch.CustomAction)
		if err := tx.UpdateSignUp(v.SignUp); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "sign_up.updated", Subject: string(id)})
	})
	return v, err
}
