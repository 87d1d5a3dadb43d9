package signin

import (
	"cmp"
	"context"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/session"
	"usher/internal/store"
)

// SignUpForm is what a person gave to sign up.
type SignUpForm struct {
	Client    identity.ClientID
	Source    string // as in Browser
	Address   string
	FirstName string
	LastName  string
	Password  string // empty where passwords are off
	ReturnURL string
}

// Limits of a person's own data, in characters. Ours, but for the password's
// least, which is Clerk's.
const (
	maxName     = 256
	MinPassword = 8
	maxPassword = 128
)

// BeginSignUp starts a sign-up. An address on a domain that signs in by SSO is
// sent there instead: the Next then leads to its provider. A sign-up for an
// address that is taken looks like any other; its owner gets a mail
// (threat T-DOS-11).
func (f *Flow) BeginSignUp(ctx context.Context, form SignUpForm) (identity.SignUp, Next, error) {
	email, back, err := f.checkSignUp(ctx, form)
	if err != nil {
		return identity.SignUp{}, Next{}, err
	}
	sso, err := f.ServedBySSO(ctx, email)
	if err != nil {
		return identity.SignUp{}, Next{}, err
	}
	if sso {
		next, err := f.Begin(ctx, Begin{Client: form.Client, Address: string(email), ReturnURL: back})
		return identity.SignUp{}, next, err
	}
	now := f.Now()
	s := identity.SignUp{
		ID:        identity.NewID[identity.SignUpID](now),
		ClientID:  form.Client,
		Status:    identity.SignUpMissingRequirements,
		Email:     email,
		FirstName: form.FirstName,
		LastName:  form.LastName,
		ReturnURL: back,
		CreatedAt: now,
		UpdatedAt: now,
		AbandonAt: now.Add(signInLife),
	}
	if form.Password != "" {
		if s.PasswordHash, err = f.Hasher.Hash(ctx, form.Password); err != nil {
			return identity.SignUp{}, Next{}, busy(err)
		}
	}
	code := secret.NewCode()
	s.Code = f.challenge(string(s.ID), code, now)
	err = f.DB.Write(ctx, func(tx *store.Tx) error { return f.insertSignUp(tx, s, form.Source, code) })
	return s, Next{Step: NextCode}, err
}

// ServedBySSO reports whether an address goes to an identity provider.
func (f *Flow) ServedBySSO(ctx context.Context, email identity.Email) (sso bool, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := discover(tx, email)
		sso = len(found.Connections) > 0
		return err
	})
	return sso, err
}

// insertSignUp keeps the sign-up, where sign-up is open, and mails the code.
func (f *Flow) insertSignUp(tx *store.Tx, s identity.SignUp, source, code string) error {
	in, err := tx.Instance()
	if err != nil {
		return err
	}
	if err := f.maySignUp(tx, s.Email, in.Settings); err != nil {
		return err
	}
	if !in.Settings.PasswordEnabled {
		s.PasswordHash = ""
	}
	if err := f.mayMail(tx, s.Email, source); err != nil {
		return err
	}
	if err := tx.AbandonSignUps(s.ClientID, s.CreatedAt); err != nil { // threat T-DOS-17
		return err
	}
	if err := tx.InsertSignUp(s); err != nil {
		return err
	}
	return f.mailSignUp(tx, s, code)
}

// maySignUp asks policy whether an address may sign up by itself, without SSO.
func (f *Flow) maySignUp(tx *store.Tx, email identity.Email, settings identity.Settings) error {
	connections, err := tx.ConnectionsByDomains(email.Domain().Candidates())
	if err != nil {
		return err
	}
	d := policy.Enforce(policy.EnforceFacts{
		Purpose: policy.ForSignUp, Email: email, Strategy: StrategyEmailCode,
		Connections: connections, SignUpMode: settings.SignUpMode,
	})
	if d.Denied != nil {
		return d.Denied
	}
	refused, err := access(tx, policy.AccessFacts{Purpose: policy.ForSignUp, Email: email, Disposable: f.disposable()})
	return cmp.Or(err, refused)
}

// mailSignUp mails the code, or says to the owner of the address that there is
// an account.
func (f *Flow) mailSignUp(tx *store.Tx, s identity.SignUp, code string) error {
	held, err := tx.HeldEmail(s.Email)
	if err == nil {
		return f.writeMail(tx, accountExistsMail(f.BaseURL, held))
	}
	if err := store.Optional(err); err != nil {
		return err
	}
	return f.writeMail(tx, codeMail(s.Email, code))
}

// checkSignUp reports every field that is wrong, not only the first.
func (f *Flow) checkSignUp(ctx context.Context, form SignUpForm) (identity.Email, string, error) {
	email, emailErr := identity.ParseEmail(form.Address)
	back, backErr := f.returnURL(ctx, form.ReturnURL)
	return email, back, fault.Join(emailErr, backErr,
		checkName("first_name", form.FirstName), checkName("last_name", form.LastName),
		checkPassword(form.Password))
}

func checkName(param, name string) error {
	if utf8.RuneCountInString(name) > maxName {
		return fault.New(fault.FormParamMaxLength, "param_name", param, "max_length", maxName)
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return fault.New(fault.FormParamFormatInvalid, "param_name", param)
		}
	}
	return nil
}

// checkPassword judges a new password; an empty one means that none was given.
func checkPassword(p string) error {
	switch n := utf8.RuneCountInString(p); {
	case n == 0:
		return nil
	case n < MinPassword:
		return fault.New(fault.FormPasswordTooShort, "param_name", "password", "min_length", MinPassword)
	case n > maxPassword:
		return fault.New(fault.FormPasswordTooLong, "param_name", "password", "max_length", maxPassword)
	}
	return nil
}

// VerifySignUp finishes a sign-up with the code that was mailed: the person and
// the session are made. Facts are read now: the domain may have come under SSO
// since the mail, and then there is no code to fail.
func (f *Flow) VerifySignUp(ctx context.Context, from Browser, id identity.SignUpID, code string) (Done, error) {
	now := f.Now()
	var done Done
	var refused error
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		refused = nil
		s, err := f.openSignUp(tx, from.Client, id)
		if err != nil {
			return err
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		if err := f.maySignUp(tx, s.Email, in.Settings); err != nil {
			return err
		}
		if refused, err = f.mayTry(tx, s.Email, from.Source); refused != nil || err != nil {
			return err
		}
		tries, err := tx.CountSignUpCodeTry(s.ID, now)
		if err != nil {
			return err
		}
		if refused = f.checkCode(string(s.ID), s.Code, tries, code); refused != nil {
			return f.countRefused(tx, s.Email, from.Source, refused)
		}
		if err := f.forgetWrong(tx, s.Email, from.Source); err != nil {
			return err
		}
		done, err = f.createSignedUp(tx, s, in.Settings)
		return err
	})
	if err == nil {
		err = refused
	}
	return done, err
}

// createSignedUp makes the person and the session, unless the address was taken
// since the mail.
func (f *Flow) createSignedUp(tx *store.Tx, s identity.SignUp, settings identity.Settings) (Done, error) {
	now := f.Now()
	if _, err := tx.HeldEmail(s.Email); store.Optional(err) != nil {
		return Done{}, err
	} else if err == nil {
		return Done{}, fault.New(fault.FormIdentifierExists, "param_name", "email_address")
	}
	if err := externalIDFree(tx, s.ExternalID); err != nil {
		return Done{}, err
	}
	email := identity.EmailAddress{
		ID:         identity.NewID[identity.EmailID](now),
		Address:    s.Email,
		Status:     identity.Verified,
		Strategy:   StrategyEmailCode,
		VerifiedAt: now,
		CreatedAt:  now,
		UpdatedAt:  now,
	}
	u := identity.User{
		ID:             identity.NewID[identity.UserID](now),
		ExternalID:     s.ExternalID,
		FirstName:      s.FirstName,
		LastName:       s.LastName,
		PasswordHash:   s.PasswordHash,
		PrimaryEmailID: email.ID,
		LastSignInAt:   now,
		LastActiveAt:   now,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	email.UserID = u.ID
	if err := tx.InsertUser(u); err != nil {
		return Done{}, err
	}
	if err := tx.InsertEmailAddress(email); err != nil {
		return Done{}, err
	}
	if err := f.enroll(tx, u.ID); err != nil {
		return Done{}, err
	}
	ses, cookie, err := f.Sessions.Create(tx, session.Start{Client: s.ClientID, User: u.ID, Settings: settings, Now: now})
	if err != nil {
		return Done{}, err
	}
	completed, err := tx.CompleteSignUp(s.ID, u.ID, ses.ID, now)
	if err == nil && !completed {
		err = fault.New(fault.ClientStateInvalid)
	}
	return Done{Session: ses, Cookie: cookie, ReturnURL: s.ReturnURL}, err
}

// externalIDFree refuses an id that somebody was given since the sign-up was: a
// person without it would be a stranger to the customer's server.
func externalIDFree(tx *store.Tx, id string) error {
	if id == "" {
		return nil
	}
	held, _, err := tx.Users(store.UserFilter{ExternalIDs: []string{id}}, store.Page{Limit: 1})
	if err == nil && len(held) > 0 {
		err = fault.New(fault.FormIdentifierExists, "param_name", "external_id")
	}
	return err
}

// OpenSignUp reads a sign-up of this browser that is still under way.
func (f *Flow) OpenSignUp(ctx context.Context, client identity.ClientID, id identity.SignUpID) (s identity.SignUp, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		s, err = f.openSignUp(tx, client, id)
		return err
	})
	return s, err
}

func (f *Flow) openSignUp(tx *store.Tx, client identity.ClientID, id identity.SignUpID) (identity.SignUp, error) {
	s, err := tx.SignUp(id)
	if err != nil {
		return s, store.Missing(err, fault.New(fault.NotFound, "resource", "sign-up"))
	}
	if client == "" || s.ClientID != client {
		return identity.SignUp{}, fault.New(fault.NotFound, "resource", "sign-up")
	}
	if s.At(f.Now()) != identity.SignUpMissingRequirements {
		return identity.SignUp{}, fault.New(fault.ClientStateInvalid)
	}
	return s, nil
}

// ResendSignUpCode mails another code for a sign-up; the one before it is void.
func (f *Flow) ResendSignUpCode(ctx context.Context, from Browser, id identity.SignUpID) error {
	now := f.Now()
	code := secret.NewCode()
	return f.DB.Write(ctx, func(tx *store.Tx) error {
		s, err := f.openSignUp(tx, from.Client, id)
		if err != nil {
			return err
		}
		if err := f.mayMail(tx, s.Email, from.Source); err != nil {
			return err
		}
		s.Code, s.UpdatedAt = f.challenge(string(s.ID), code, now), now
		if err := tx.UpdateSignUp(s); err != nil {
			return err
		}
		return f.mailSignUp(tx, s, code)
	})
}
