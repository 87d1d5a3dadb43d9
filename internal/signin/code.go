package signin

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/session"
	"usher/internal/store"
)

// Limits of a mailed code. Ours (threat T-SES-15). Those of guessing and mailing
// are policy's.
const (
	CodeLife  = 10 * time.Minute
	CodeWait  = policy.MailWait
	codeTries = 5
)

// SendCode mails a code for a sign-in. For an address that nobody has, the mail
// says so and offers to sign up: the page looks the same (threat T-DOS-11).
func (f *Flow) SendCode(ctx context.Context, from Browser, id identity.SignInID) (identity.SignIn, error) {
	now := f.Now()
	code := secret.NewCode()
	var s identity.SignIn
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		var err error
		if s, err = f.openSignIn(tx, from.Client, id); err != nil {
			return err
		}
		u, err := userOf(tx, s.Identifier)
		if err != nil {
			return err
		}
		if refused, err := enforce(tx, u, s.Identifier, StrategyEmailCode); refused != nil || err != nil {
			return cmp.Or(err, refused)
		}
		if err := f.mayMail(tx, s.Identifier, from.Source); err != nil {
			return err
		}
		s.Strategy, s.UpdatedAt = StrategyEmailCode, now
		s.Code = f.challenge(string(s.ID), code, now)
		if err := tx.UpdateSignIn(s); err != nil {
			return err
		}
		letter := codeMail(s.Identifier, code)
		if letter.UserID = u.ID; u.ID == "" {
			letter = noAccountMail(f.BaseURL, s.Identifier)
		}
		return f.writeMail(tx, letter)
	})
	return s, err
}

// challenge is what is kept of a code: its hash, bound to what it is for.
func (f *Flow) challenge(of, code string, now time.Time) identity.CodeChallenge {
	return identity.CodeChallenge{Hash: f.hashCode(of, code), SentAt: now, ExpiresAt: now.Add(CodeLife)}
}

func (f *Flow) hashCode(of, code string) string { return f.Ring.HashToken("code", of+":"+code) }

// checkCode judges a code. The try was counted before, in the database, so that
// parallel guesses count too.
func (f *Flow) checkCode(of string, c identity.CodeChallenge, tries int, code string) error {
	switch {
	case c.Hash == "":
		return fault.New(fault.VerificationMissing)
	case tries > codeTries:
		return fault.New(fault.VerificationFailed)
	case !f.Now().Before(c.ExpiresAt):
		return fault.New(fault.VerificationExpired)
	case subtle.ConstantTimeCompare([]byte(f.hashCode(of, code)), []byte(c.Hash)) != 1:
		return fault.New(fault.FormCodeIncorrect, "param_name", "code")
	}
	return nil
}

// countRefused counts a code that was judged and wrong. Whatever it returns nil
// for is committed: a try counts.
func (f *Flow) countRefused(tx *store.Tx, email identity.Email, source string, refused error) error {
	if !fault.Is(refused, fault.FormCodeIncorrect) {
		return nil
	}
	return f.countWrong(tx, email, source)
}

// Code signs in with a code that was mailed.
func (f *Flow) Code(ctx context.Context, from Browser, id identity.SignInID, code string) (Done, error) {
	now := f.Now()
	var done Done
	var refused error
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		s, err := f.openSignIn(tx, from.Client, id)
		if err != nil {
			return err
		}
		u, err := userOf(tx, s.Identifier)
		if err != nil {
			return err
		}
		if refused, err = enforce(tx, u, s.Identifier, StrategyEmailCode); refused != nil || err != nil {
			return err
		}
		if refused, err = f.mayTry(tx, s.Identifier, from.Source); refused != nil || err != nil {
			return err
		}
		tries, err := tx.CountCodeTry(s.ID, now)
		if err != nil {
			return err
		}
		if refused = f.checkCode(string(s.ID), s.Code, tries, code); refused != nil {
			return f.countRefused(tx, s.Identifier, from.Source, refused)
		}
		if err := f.forgetWrong(tx, s.Identifier, from.Source); err != nil {
			return err
		}
		if err := verifyHeld(tx, u, s.Identifier, now); err != nil {
			return err
		}
		done, err = f.signInUser(tx, s, u.ID, now)
		return err
	})
	if err == nil {
		err = refused
	}
	return done, err
}

// verifyHeld marks a person's address as verified by the code that reached it.
func verifyHeld(tx *store.Tx, u identity.User, email identity.Email, now time.Time) error {
	if u.ID == "" {
		return fault.New(fault.FormCodeIncorrect, "param_name", "code")
	}
	held, err := tx.EmailAddressesOf(u.ID)
	if err != nil {
		return err
	}
	for _, e := range held {
		if e.Address == email && !e.IsVerified() {
			e.Status, e.Strategy, e.VerifiedAt, e.UpdatedAt = identity.Verified, StrategyEmailCode, now, now
			return tx.UpdateEmailAddress(e)
		}
	}
	return nil
}

// signInUser makes the session of a person who proved an address without SSO.
func (f *Flow) signInUser(tx *store.Tx, s identity.SignIn, id identity.UserID, now time.Time) (Done, error) {
	u, err := tx.User(id)
	if err != nil {
		return Done{}, err
	}
	if err := session.Usable(u, now); err != nil {
		return Done{}, err
	}
	in, err := tx.Instance()
	if err != nil {
		return Done{}, err
	}
	if err := f.enroll(tx, u.ID); err != nil {
		return Done{}, err
	}
	org, choose, err := firstOrganization(tx, u.ID)
	if err != nil {
		return Done{}, err
	}
	done, err := f.finishSignIn(tx, s, session.Start{
		Client: s.ClientID, User: u.ID, Organization: org, Settings: in.Settings, Now: now,
	})
	done.Choose = choose
	return done, err
}

// firstOrganization is the one to be active at first: the only one there is. With
// several the person chooses.
func firstOrganization(tx *store.Tx, u identity.UserID) (org identity.OrgID, choose bool, err error) {
	list, total, err := tx.MembershipsOfUser(u, store.Page{Limit: 1})
	if err != nil || total == 0 {
		return "", false, err
	}
	if total > 1 {
		return "", true, nil
	}
	return list[0].OrganizationID, false, nil
}

// busy turns a full hashing queue into an answer.
func busy(err error) error {
	if errors.Is(err, secret.ErrBusy) {
		return fault.New(fault.ServiceUnavailable).Because(err)
	}
	return err
}

// verifyPassword judges a password; for nobody, and for a person without one, it
// takes as long and says no.
func (f *Flow) verifyPassword(ctx context.Context, u identity.User, password string) (bool, error) {
	var v secret.Verdict
	var err error
	if u.PasswordHash == "" {
		err = f.Hasher.VerifyNobody(ctx, password)
	} else {
		v, err = f.Hasher.Verify(ctx, password, u.PasswordHash)
	}
	if errors.Is(err, secret.ErrPasswordTooLong) {
		return false, nil // nobody has one like that
	}
	return v.OK, err
}
