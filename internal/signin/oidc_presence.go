package signin

import (
	"context"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/store"
)

const (
	// presenceEvery is how often an EASIE provider is asked about one person at
	// most: behaviour 1.87.
	presenceEvery = 10 * time.Minute

	// presenceTime is how long a provider may take to answer, and presenceClaim how
	// long nobody else asks meanwhile. Ours.
	presenceTime  = 15 * time.Second
	presenceClaim = time.Minute

	// presenceGrace is how long people stay signed in while their provider cannot
	// be asked, presenceRetry how soon it is asked again. Ours (threat T-EASIE-09).
	presenceGrace = time.Hour
	presenceRetry = time.Minute
)

// presence is one question to a provider.
type presence struct {
	session    identity.Session
	connection identity.Connection
	account    identity.EnterpriseAccount
	request    oidc.RefreshRequest
	now        time.Time

	// doubted says that the question before was not answered, as far as is known:
	// whether the refresh token is still good is not.
	doubted bool
}

// CheckPresence implements session.Presence.
func (f *Flow) CheckPresence(ctx context.Context, s identity.Session) error {
	p := &presence{session: s, now: f.Now()}
	var due bool
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		var err error
		due, err = claimPresence(tx, p)
		return err
	})
	if err != nil || !due {
		return err
	}
	// Whoever leaves does not stop it: the refresh token may be spent.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), presenceTime)
	defer cancel()
	answer := f.OIDC.Refresh(ctx, p.request)
	var verdict error
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		var err error
		verdict, err = f.settlePresence(tx, p, answer)
		return err
	})
	if err == nil {
		err = verdict
	}
	return err
}

// claimPresence reads what the provider is asked with, and takes the question from
// everybody else. It reports whether there is anything to ask.
func claimPresence(tx *store.Tx, p *presence) (due bool, err error) {
	never := func() (bool, error) { return false, tx.SetSessionCheck(p.session.ID, time.Time{}) }
	if p.connection, err = tx.Connection(p.session.ConnectionID); err != nil {
		if err := store.Optional(err); err != nil {
			return false, err
		}
		return never() // deleted: sessions are kept
	}
	if !p.connection.InUse() {
		return false, tx.SetSessionCheck(p.session.ID, p.now.Add(presenceEvery)) // switched off: they are, too
	}
	if p.account, err = tx.AccountOf(p.connection.ID, p.session.UserID); err != nil {
		if err := store.Optional(err); err != nil {
			return false, err
		}
		return never()
	}
	token, err := tx.AccountToken(p.account.ID)
	if err != nil {
		if err := store.Optional(err); err != nil {
			return false, err
		}
		return never()
	}
	due, err = tx.ClaimAccountCheck(p.account.ID, p.now, p.now.Add(presenceClaim))
	if err != nil || !due {
		if err == nil {
			err = tx.SetSessionCheck(p.session.ID, token.NextCheckAt)
		}
		return false, err
	}
	p.doubted = !token.FailingSince.IsZero()
	rp, err := readRelyingParty(tx, p.connection)
	if err != nil {
		return false, err
	}
	p.request = oidc.RefreshRequest{
		Provider: rp.provider, ClientID: rp.clientID, ClientSecret: rp.secret,
		RefreshToken: token.RefreshToken, Issuer: token.Issuer, Subject: token.Subject,
	}
	return true, nil
}

// settlePresence carries out what the provider's answer means. The verdict is a
// fault that ends the person's request.
func (f *Flow) settlePresence(tx *store.Tx, p *presence, answer oidc.Refreshed) (verdict, err error) {
	token, err := tx.AccountToken(p.account.ID)
	if err != nil {
		return nil, store.Optional(err) // gone, or unlinked, meanwhile
	}
	if token.RefreshToken != p.request.RefreshToken {
		return nil, nil // a sign-in since then knows better
	}
	token.UpdatedAt = p.now
	switch answer.Liveness {
	case oidc.Gone:
		if p.doubted && answer.Reason == "invalid_grant" {
			return f.lost(tx, p, answer)
		}
		return f.deprovision(tx, p, answer)
	case oidc.Unknown:
		return f.unanswered(tx, p, token, answer)
	case oidc.Alive:
	}
	if answer.RefreshToken != "" {
		token.RefreshToken = answer.RefreshToken
	}
	token.NextCheckAt, token.FailingSince = p.now.Add(presenceEvery), time.Time{}
	if err := tx.PutAccountToken(token); err != nil {
		return nil, err
	}
	return nil, tx.SetSessionCheck(p.session.ID, token.NextCheckAt)
}

// deprovision ends the sessions of a person of whom the provider says that she is
// gone.
func (f *Flow) deprovision(tx *store.Tx, p *presence, answer oidc.Refreshed) (verdict, err error) {
	if err := tx.DeprovisionAccount(p.account.ID, p.now); err != nil {
		return nil, err
	}
	if _, err := tx.EndSessionsOfUser(p.account.UserID, identity.SessionRevoked, p.now); err != nil {
		return nil, err
	}
	verdict = fault.New(fault.Deprovisioned).Detail("reason", answer.Reason, "received", answer.Received)
	return verdict, p.record(tx, verdict, "The provider says that the person is suspended or deleted. All sessions of the person have ended.")
}

// lost ends the sessions of a person about whom the provider cannot be asked any
// more: it does not take our refresh token. The answer that replaced the token may
// never have reached us, or our client there is another one since, so that says
// nothing about the person, who may sign in again.
func (f *Flow) lost(tx *store.Tx, p *presence, answer oidc.Refreshed) (verdict, err error) {
	if err := tx.ForgetAccountToken(p.account.ID); err != nil {
		return nil, err
	}
	if _, err := tx.EndSessionsOfUser(p.account.UserID, identity.SessionExpired, p.now); err != nil {
		return nil, err
	}
	return fault.New(fault.AuthenticationInvalid), p.record(tx,
		fault.New(fault.OAuthTokenExchangeError).Detail("reason", answer.Reason, "received", answer.Received),
		"The provider does not take our refresh token, after a question that was not answered or a change of our client there. "+
			"All sessions of the person have ended; the person may sign in again.")
}

// unanswered keeps a person signed in for a while whose provider cannot be asked.
func (f *Flow) unanswered(tx *store.Tx, p *presence, token identity.AccountToken, answer oidc.Refreshed) (verdict, err error) {
	token.NextCheckAt = p.now.Add(presenceRetry)
	if err := tx.PutAccountToken(token); err != nil {
		return nil, err
	}
	silent := fault.New(fault.OAuthTokenExchangeError).Detail("reason", answer.Reason, "received", answer.Received)
	ends := token.FailingSince.Add(presenceGrace)
	if answer.Refused || !p.now.Before(ends) {
		if _, err := tx.EndSession(p.session.ID, identity.SessionExpired, p.now); err != nil {
			return nil, err
		}
		return fault.New(fault.AuthenticationInvalid),
			p.record(tx, silent, "The provider could not be asked whether the person is still there, for too long. The session has ended; the person may sign in again.")
	}
	if !p.doubted {
		text := "The provider could not be asked whether the person is still there. The person stays signed in until " +
			ends.UTC().Format(time.RFC3339) + " at the latest, and the provider is asked again before."
		if err := p.record(tx, silent, text); err != nil {
			return nil, err
		}
	}
	return nil, tx.SetSessionCheck(p.session.ID, token.NextCheckAt)
}

// record puts what went wrong into the log of attempts.
func (p *presence) record(tx *store.Tx, cause error, plain string) error {
	a := identity.Attempt{
		ID: identity.NewID[identity.AttemptID](p.now), Kind: identity.AttemptPresence,
		ConnectionID: p.connection.ID, RevisionID: p.connection.LiveRevisionID, OrganizationID: p.connection.OrganizationID,
		Email: p.account.Email, UserID: p.account.UserID, SessionID: p.session.ID, StartedAt: p.now, ReturnedAt: p.now,
	}
	refuse(&a, cause, p.now)
	a.Steps = []identity.Step{{At: p.now, Name: "presence", Expected: "the person is still there", Received: fault.From(cause).Reason(), Plain: plain}}
	return tx.InsertAttempt(a)
}

// keepRefreshToken keeps what the provider is asked with later, and returns when
// it is asked next; never, where it is not asked.
func (f *Flow) keepRefreshToken(tx *store.Tx, v arrival, account identity.AccountID, a *identity.Attempt) (time.Time, error) {
	if !v.connection.Provider.IsEASIE() {
		return time.Time{}, nil
	}
	t, err := tx.AccountToken(account)
	if store.Optional(err) != nil {
		return time.Time{}, err
	}
	if v.refresh.Token != "" {
		t.RefreshToken, t.Issuer, t.Subject = v.refresh.Token, v.refresh.Issuer, v.refresh.Subject
	}
	if t.RefreshToken == "" {
		a.Steps = append(a.Steps, identity.Step{
			At: v.now, Name: "warning", Passed: true,
			Plain: "The provider gave no refresh token: it cannot be asked later whether the person is still there.",
		})
		return time.Time{}, nil
	}
	t.AccountID, t.NextCheckAt, t.FailingSince, t.UpdatedAt = account, v.now.Add(presenceEvery), time.Time{}, v.now
	return t.NextCheckAt, tx.PutAccountToken(t)
}
