package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/session"
	"usher/internal/store"
)

// Return is a browser that comes back with the nonce of an accepted answer.
type Return struct {
	Nonce   string
	Binding string            // the cookie that was set beside the redirect; empty: none
	Client  identity.ClientID // of its cookie; empty: it has none
	Switch  bool              // the person confirmed that another person's session may end
}

// SwitchNeeded says that the browser is signed in as somebody else, and that the
// provider initiated this sign-in: the person must confirm (threat T-SAML-27).
type SwitchNeeded struct {
	Current    identity.User
	Email      identity.Email // of the person who would be signed in
	Connection string         // the name of the one through which that person comes
}

// Error makes SwitchNeeded an error that a page answers with a question.
func (SwitchNeeded) Error() string { return "signin: another person is signed in in this browser" }

// ErrNeedsClient says that the browser has no client yet; the surface makes one and
// calls again. It happens only where the provider initiated the sign-in.
var ErrNeedsClient = errors.New("signin: the browser has no client")

// CompleteSAML makes the session for an accepted answer: the facts are read
// again, policy confirms, the person is provisioned and the sign-in completed,
// in one transaction. It ends in the browser that began it or without a session.
func (f *Flow) CompleteSAML(ctx context.Context, r Return) (Done, error) {
	now := f.Now()
	var done Done
	var refused error
	var attemptID identity.AttemptID
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		refused = nil
		v, err := f.verdict(tx, r)
		if err != nil {
			return missing(err, fault.New(fault.SSOVerdictInvalid))
		}
		attemptID = v.AttemptID
		if !v.UsedAt.IsZero() || !now.Before(v.ExpiresAt) {
			return fault.New(fault.SSOVerdictInvalid)
		}
		if err := f.mayComplete(tx, v, r); err != nil {
			return err
		}
		if _, err := tx.UseVerdict(v.NonceHash, now); err != nil {
			return err
		}
		attempt, err := tx.Attempt(v.AttemptID)
		if err != nil {
			return err
		}
		if v.ClientID != "" && v.ClientID != r.Client {
			refused = fault.New(fault.SAMLResponseInvalid).Detail("reason", "browser_mismatch",
				"expected", "the browser that began the sign-in", "received", "another browser")
		} else if done, refused, err = f.complete(tx, v, r.Client, &attempt); err != nil {
			return err
		}
		attempt.Steps = append(attempt.Steps, identity.Step{
			At: now, Name: "browser_returned", Passed: refused == nil, Plain: "The browser came back to finish.",
		})
		if refused != nil {
			refuse(&attempt, refused, now)
		}
		return tx.UpdateAttempt(attempt)
	})
	if err != nil {
		return Done{}, err
	}
	if refused != nil {
		return Done{}, refer(refused, attemptID)
	}
	return done, nil
}

// verdict finds the verdict of a nonce: one that the browser's client is bound
// to, or one that the cookie beside the redirect is part of.
func (f *Flow) verdict(tx *store.Tx, r Return) (identity.Verdict, error) {
	v, err := tx.Verdict(f.hashNonce(r.Nonce, ""))
	if errors.Is(err, store.ErrNotFound) && r.Binding != "" {
		return tx.Verdict(f.hashNonce(r.Nonce, r.Binding))
	}
	return v, err
}

// mayComplete stops before anything is used up: where the provider initiated the
// sign-in, somebody else may be signed in in this browser.
func (f *Flow) mayComplete(tx *store.Tx, v identity.Verdict, r Return) error {
	if v.ClientID != "" {
		return nil
	}
	if r.Client == "" {
		return ErrNeedsClient
	}
	if r.Switch {
		return nil
	}
	k, err := unpack(v)
	if err != nil {
		return err
	}
	now := f.Now()
	sessions, err := tx.SessionsOfClient(r.Client)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if !s.Live(now) {
			continue
		}
		account, err := tx.AccountBySubject(v.ConnectionID, k.Claims.Subject)
		if ignoreMissing(err) != nil {
			return err
		}
		if account.UserID == s.UserID {
			continue
		}
		u, err := tx.User(s.UserID)
		if err != nil {
			return err
		}
		c, err := tx.Connection(v.ConnectionID)
		if err != nil {
			return err
		}
		return SwitchNeeded{Current: u, Email: k.Claims.Email, Connection: c.Name}
	}
	return nil
}

// complete carries the verdict out.
func (f *Flow) complete(tx *store.Tx, v identity.Verdict, client identity.ClientID, a *identity.Attempt) (done Done, refused, err error) {
	now := f.Now()
	k, err := unpack(v)
	if err != nil {
		return Done{}, nil, err
	}
	c, err := activeSAML(tx, v.ConnectionID)
	if err != nil {
		return Done{}, err, nil //nolint:nilerr // switched off meanwhile: a refusal of this attempt
	}
	facts, err := loadFacts(tx, c, k.Claims, v.TypedEmail, now)
	if err != nil {
		return Done{}, nil, err
	}
	d := policy.Admit(facts)
	a.Trace = d.Trace
	if d.Denied != nil {
		return Done{}, d.Denied, nil
	}
	applied, err := provision.Apply(tx, d.Plan, "saml", now)
	if err != nil {
		return Done{}, nil, err
	}
	in, err := tx.Instance()
	if err != nil {
		return Done{}, nil, err
	}
	start := session.Start{
		Client: client, User: applied.User, Connection: c.ID, Organization: c.OrganizationID,
		NotAfter: k.NotAfter, Settings: in.Settings, Now: now,
	}
	s, err := f.signInOf(tx, v, client)
	if err != nil {
		return Done{}, nil, err
	}
	if done, err = f.finishSignIn(tx, s, start); err != nil {
		if fault.Is(err, fault.ClientStateInvalid) {
			return Done{}, err, nil
		}
		return Done{}, nil, err
	}
	a.State, a.FinishedAt = identity.AttemptComplete, now
	a.UserID, a.SessionID, a.OrganizationID = applied.User, done.Session.ID, c.OrganizationID
	return done, nil, nil
}

// signInOf is the sign-in that the verdict finishes; one is made where the
// provider initiated it.
func (f *Flow) signInOf(tx *store.Tx, v identity.Verdict, client identity.ClientID) (identity.SignIn, error) {
	if v.SignInID != "" {
		return tx.SignIn(v.SignInID)
	}
	now := f.Now()
	s := identity.SignIn{
		ID:        identity.NewID[identity.SignInID](now),
		ClientID:  client,
		Status:    identity.SignInNeedsFirstFactor,
		Strategy:  StrategySSO,
		AttemptID: v.AttemptID,
		CreatedAt: now,
		UpdatedAt: now,
		AbandonAt: now.Add(signInLife),
	}
	return s, tx.InsertSignIn(s)
}

func unpack(v identity.Verdict) (kept, error) {
	var k kept
	if err := json.Unmarshal(v.Claims, &k); err != nil {
		return k, fmt.Errorf("signin: reading kept claims: %w", err)
	}
	return k, nil
}
