package signin

import (
	"cmp"
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/session"
	"usher/internal/store"
)

// The strategies of a first factor, as Clerk's clients name them.
const (
	StrategySSO       = "enterprise_sso"
	StrategyEmailCode = "email_code"
	StrategyPassword  = "password"
)

// NextStep says what a sign-in needs next.
type NextStep int

// The steps.
const (
	NextProvider NextStep = iota + 1 // go to the identity provider: Ticket
	NextChoose                       // several connections serve the address: Choices
	NextPassword                     // ask for the password; a code is another way
	NextCode                         // a code was sent by mail
)

// Next is what a sign-in needs next.
type Next struct {
	Step    NextStep
	SignIn  identity.SignIn
	Ticket  Ticket
	Choices []Choice

	Password bool // with NextCode: the password is another way
}

// Choice is one of several connections.
type Choice struct {
	Connection   identity.Connection
	Organization string // its name; empty: the whole application
}

// Begin is what a person gave to sign in.
type Begin struct {
	Client     identity.ClientID
	Address    string
	ReturnURL  string
	Connection identity.ConnectionID // the choice among several; empty: none made
}

// Begin starts a sign-in with an address: it leads to the company's identity
// provider where there is one, else to a password or code. An address that
// nobody has leads where the others do, so that accounts cannot be counted
// (threat T-DOS-11); that a domain signs in by SSO is no secret.
func (f *Flow) Begin(ctx context.Context, b Begin) (Next, error) {
	email, err := identity.ParseEmail(b.Address)
	if err != nil {
		return Next{}, err
	}
	back, err := f.returnURL(ctx, b.ReturnURL)
	if err != nil {
		return Next{}, err
	}
	now := f.Now()
	s := identity.SignIn{
		ID:         identity.NewID[identity.SignInID](now),
		ClientID:   b.Client,
		Status:     identity.SignInNeedsFirstFactor,
		Identifier: email,
		ReturnURL:  back,
		CreatedAt:  now,
		UpdatedAt:  now,
		AbandonAt:  now.Add(signInLife),
	}
	next := Next{}
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		next = Next{}
		found, err := discover(tx, email)
		if err != nil {
			return err
		}
		u, err := userOf(tx, email)
		if err != nil {
			return err
		}
		s.UserID = u.ID
		next.SignIn = s
		switch {
		case len(found.Connections) > 0:
			next.Step = NextProvider
			next.Choices, err = choices(tx, found.Connections)
		default:
			next.Step, err = firstFactor(tx)
		}
		if err != nil {
			return err
		}
		// One at a time in a browser: the one before is void (threat T-DOS-17).
		if err := tx.AbandonSignIns(s.ClientID, now); err != nil {
			return err
		}
		return tx.InsertSignIn(s)
	})
	if err != nil || next.Step != NextProvider {
		return next, err
	}
	chosen, err := choose(next.Choices, b.Connection)
	if err != nil || chosen == "" {
		next.Step = NextChoose
		return next, err
	}
	next.Ticket, err = f.startSSO(ctx, s, chosen)
	return next, err
}

// Choose goes on with a sign-in for which several connections were offered.
func (f *Flow) Choose(ctx context.Context, client identity.ClientID, id identity.SignInID, connection identity.ConnectionID) (Ticket, error) {
	var s identity.SignIn
	var offered []Choice
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		if s, err = f.openSignIn(tx, client, id); err != nil {
			return err
		}
		found, err := discover(tx, s.Identifier)
		if err != nil {
			return err
		}
		offered, err = choices(tx, found.Connections)
		return err
	})
	if err != nil {
		return Ticket{}, err
	}
	chosen, err := choose(offered, connection)
	if err != nil {
		return Ticket{}, err
	}
	if chosen == "" {
		return Ticket{}, fault.New(fault.SSOConnectionRequired)
	}
	return f.startSSO(ctx, s, chosen)
}

// choose finds the connection to use: the one that was asked for, or the only
// one; empty if the person must choose.
func choose(offered []Choice, asked identity.ConnectionID) (identity.ConnectionID, error) {
	if asked == "" {
		if len(offered) == 1 {
			return offered[0].Connection.ID, nil
		}
		return "", nil
	}
	for _, c := range offered {
		if c.Connection.ID == asked {
			return asked, nil
		}
	}
	return "", fault.New(fault.SSOSignInConnectionMissing)
}

func choices(tx *store.Tx, connections []identity.Connection) ([]Choice, error) {
	list := make([]Choice, 0, len(connections))
	for _, c := range connections {
		choice := Choice{Connection: c}
		if c.OrganizationID != "" {
			org, err := tx.Organization(c.OrganizationID)
			if err != nil {
				return nil, err
			}
			choice.Organization = org.Name
		}
		list = append(list, choice)
	}
	return list, nil
}

// discover asks policy where an address goes.
func discover(tx *store.Tx, email identity.Email) (policy.Discovery, error) {
	connections, err := tx.ConnectionsByDomains(email.Domain().Candidates())
	if err != nil {
		return policy.Discovery{}, err
	}
	return policy.Discover(policy.DiscoverFacts{Email: email, Connections: connections}), nil
}

// userOf finds the person who holds an address, verified first; the zero user if
// nobody does.
func userOf(tx *store.Tx, email identity.Email) (identity.User, error) {
	held, err := tx.HeldEmail(email)
	if err != nil {
		if err := store.Optional(err); err != nil {
			return identity.User{}, err
		}
		others, err := tx.UnverifiedEmails(email)
		if err != nil || len(others) != 1 {
			return identity.User{}, err
		}
		held = others[0]
	}
	return tx.User(held.UserID)
}

// firstFactor chooses between password and code for an address without SSO, by
// the settings alone: whether somebody has the address, or a password, is not to
// be seen (threat T-DOS-11). The page offers a code as well.
func firstFactor(tx *store.Tx) (NextStep, error) {
	in, err := tx.Instance()
	if err != nil {
		return 0, err
	}
	if in.Settings.PasswordEnabled {
		return NextPassword, nil
	}
	return NextCode, nil
}

// OpenSignIn reads a sign-in of this browser that is still under way.
func (f *Flow) OpenSignIn(ctx context.Context, client identity.ClientID, id identity.SignInID) (s identity.SignIn, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		s, err = f.openSignIn(tx, client, id)
		return err
	})
	return s, err
}

// openSignIn is OpenSignIn in a transaction. Another browser's sign-in answers
// like one that does not exist (threat T-SES-14).
func (f *Flow) openSignIn(tx *store.Tx, client identity.ClientID, id identity.SignInID) (identity.SignIn, error) {
	s, err := tx.SignIn(id)
	if err != nil {
		return s, store.Missing(err, fault.New(fault.NotFound, "resource", "sign-in"))
	}
	if client == "" || s.ClientID != client {
		return identity.SignIn{}, fault.New(fault.NotFound, "resource", "sign-in")
	}
	if s.Status == identity.SignInAbandoned {
		return identity.SignIn{}, fault.New(fault.ClientStateInvalid).Detail("reason", "replaced",
			"expected", "the sign-in that the browser began last", "received", "one before it")
	}
	if s.Status == identity.SignInComplete || !f.Now().Before(s.AbandonAt) {
		return identity.SignIn{}, fault.New(fault.ClientStateInvalid)
	}
	return s, nil
}

// Done is a finished sign-in. The cookie must reach the browser.
type Done struct {
	Session   identity.Session
	Cookie    string // the browser's new token
	ReturnURL string // empty: the account page
	Choose    bool   // the person belongs to several organizations and none is active yet

	// TestRun is where the browser goes whose answer belongs to a test run, whatever
	// the verdict; then nothing else is set. Nil: a sign-in.
	TestRun *TestRunReturn
}

// finishSignIn completes a sign-in from its expected state and makes the
// session.
func (f *Flow) finishSignIn(tx *store.Tx, s identity.SignIn, start session.Start) (Done, error) {
	ses, cookie, err := f.Sessions.Create(tx, start)
	if err != nil {
		return Done{}, err
	}
	completed, err := tx.CompleteSignIn(s.ID, ses.ID, start.Now)
	if err != nil {
		return Done{}, err
	}
	if !completed {
		return Done{}, fault.New(fault.ClientStateInvalid)
	}
	return Done{Session: ses, Cookie: cookie, ReturnURL: s.ReturnURL}, tx.SawSignIn(start.User, start.Now)
}

// enforce refuses a strategy for an address whose domain signs in by SSO, or
// whose owner does. Facts are read in the transaction that signs in (invariant
// 7).
func enforce(tx *store.Tx, u identity.User, email identity.Email, strategy string) (refused, err error) {
	d, err := enforcement(tx, u, email, strategy)
	if err != nil || d.Denied != nil {
		return d.Denied, err
	}
	return access(tx, policy.AccessFacts{Purpose: policy.ForSignIn, Email: email})
}

// access asks policy whether the lists and restrictions let an address in.
func access(tx *store.Tx, f policy.AccessFacts) (refused, err error) {
	in, err := tx.Instance()
	if err != nil || in.Settings.Restrictions == (identity.Restrictions{}) {
		return nil, err
	}
	f.Restrictions = in.Settings.Restrictions
	if f.Listed, err = tx.AccessIdentifiersOf(f.Email); err != nil {
		return nil, err
	}
	return policy.Access(f).Denied, nil
}

// enforcement asks policy whether the holder of an address, the zero user if
// nobody is, may sign in by a strategy.
func enforcement(tx *store.Tx, u identity.User, email identity.Email, strategy string) (d policy.Decision, err error) {
	f := policy.EnforceFacts{Email: email, Strategy: strategy}
	if f.Connections, err = tx.ConnectionsByDomains(email.Domain().Candidates()); err != nil {
		return d, err
	}
	if u.ID != "" {
		if f.Bound, err = boundTo(tx, u.ID); err != nil {
			return d, err
		}
	}
	return policy.Enforce(f), nil
}

// boundTo lists the connections at which a person has an account.
func boundTo(tx *store.Tx, u identity.UserID) ([]identity.Connection, error) {
	accounts, err := tx.AccountsOfUser(u)
	if err != nil {
		return nil, err
	}
	var list []identity.Connection
	for _, a := range accounts {
		c, err := tx.Connection(a.ConnectionID)
		if store.Optional(err) != nil {
			return nil, err
		}
		if err == nil {
			list = append(list, c)
		}
	}
	return list, nil
}

// Password signs in with a password.
func (f *Flow) Password(ctx context.Context, from Browser, id identity.SignInID, password string) (Done, error) {
	var before identity.User
	var refused error
	now := f.Now()
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		s, err := f.openSignIn(tx, from.Client, id)
		if err != nil {
			return err
		}
		if before, err = userOf(tx, s.Identifier); err != nil {
			return err
		}
		refused, err = f.mayUsePassword(tx, before, s.Identifier, from.Source)
		return err
	})
	if err := cmp.Or(err, refused); err != nil {
		return Done{}, err
	}
	// Hashing is slow: outside the transaction, and done for nobody too
	// (threats T-DOS-11, T-DOS-14).
	ok, err := f.verifyPassword(ctx, before, password)
	if err != nil {
		return Done{}, busy(err)
	}
	var done Done
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		s, err := f.openSignIn(tx, from.Client, id)
		if err != nil {
			return err
		}
		u, err := userOf(tx, s.Identifier)
		if err != nil {
			return err
		}
		// Again: others tried meanwhile, and the settings may have changed.
		if refused, err = f.mayUsePassword(tx, u, s.Identifier, from.Source); refused != nil || err != nil {
			return err
		}
		// What was verified must be the password still.
		if !ok || u.ID != before.ID || u.PasswordHash != before.PasswordHash {
			refused = fault.New(fault.FormPasswordOrIdentifierIncorrect, "param_name", "password")
			return f.countWrong(tx, s.Identifier, from.Source) // commit: the try counts
		}
		if err := f.forgetWrong(tx, s.Identifier, from.Source); err != nil {
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

// mayUsePassword says first whether a password is a way in at all: an address that
// signs in by SSO has nothing to fail, and so nothing to be locked (threat
// T-DOS-12).
func (f *Flow) mayUsePassword(tx *store.Tx, u identity.User, email identity.Email, source string) (refused, err error) {
	in, err := tx.Instance()
	if err != nil {
		return nil, err
	}
	if !in.Settings.PasswordEnabled {
		return fault.New(fault.StrategyForUserInvalid), nil
	}
	if refused, err = enforce(tx, u, email, StrategyPassword); refused != nil || err != nil {
		return refused, err
	}
	return f.mayTry(tx, email, source)
}

// Where says what a sign-in under way needs next, as things are now.
func (f *Flow) Where(ctx context.Context, s identity.SignIn) (Next, error) {
	next := Next{SignIn: s}
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := discover(tx, s.Identifier)
		if err != nil {
			return err
		}
		if len(found.Connections) > 0 {
			next.Step = NextChoose
			next.Choices, err = choices(tx, found.Connections)
			return err
		}
		if next.Step, err = firstFactor(tx); err != nil {
			return err
		}
		if s.Strategy == StrategyEmailCode {
			next.Password = next.Step == NextPassword
			next.Step = NextCode
		}
		return nil
	})
	return next, err
}

// UsePassword goes back from a mailed code to the password.
func (f *Flow) UsePassword(ctx context.Context, client identity.ClientID, id identity.SignInID) error {
	return f.DB.Write(ctx, func(tx *store.Tx) error {
		s, err := f.openSignIn(tx, client, id)
		if err != nil {
			return err
		}
		s.Strategy, s.UpdatedAt = StrategyPassword, f.Now()
		return tx.UpdateSignIn(s)
	})
}
