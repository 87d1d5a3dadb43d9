package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/policy"
	"usher/internal/store"
)

// Callback is what an OpenID provider made the browser bring.
type Callback struct {
	Params  url.Values
	Client  identity.ClientID // of the browser's cookie; empty: it has none
	TraceID string            // of the request, kept with the attempt

	TestBrowser string // the value of its cookie for test runs; empty: it has none
}

// callback is one Callback on its way through FinishOIDC.
type callback struct {
	Callback
	answer     oidc.Answer
	pending    identity.PendingRequest
	connection identity.Connection
	rp         relyingParty
	moved      bool // the connection leads to another provider than the one that was asked
	redeemed   oidc.Redeemed
	gone       error // of a test run: the configuration that it tries is no longer there
	refused    error // by the protocol, before policy was asked
}

const (
	// callbackTime is how long an answer may take to be judged, calls to the
	// provider included. Those who leave meanwhile do not stop it: their code is
	// spent, and they may be back in another request. Ours.
	callbackTime = 45 * time.Second

	// sameEndTime is how long the second of two callbacks waits for what becomes
	// of the first, looking every sameEndPause. Ours.
	sameEndTime  = 20 * time.Second
	sameEndPause = 100 * time.Millisecond
)

// FinishOIDC judges an OpenID provider's answer and makes the session: the
// browser's cookie comes with the answer, so there is no second leg as at SAML.
// Whatever the verdict, the attempt is kept; a refusal writes nothing else.
//
// Of several callbacks of one sign-in, one redeems the code. The others, in the
// same browser, come to the same end (threat T-OIDC-07).
//
// The error of a refusal is a fault whose meta "attempt_id" refers to the attempt,
// but where the answer belongs to no sign-in of this browser.
func (f *Flow) FinishOIDC(ctx context.Context, cb Callback) (Done, error) {
	j := &callback{Callback: cb}
	var err error
	if j.answer, err = oidc.ParseAnswer(cb.Params); err != nil {
		return Done{}, err
	}
	if err := f.DB.Read(ctx, func(tx *store.Tx) error { return f.readState(tx, j) }); err != nil {
		return Done{}, err
	}
	first, err := f.claim(ctx, j)
	if err != nil {
		return Done{}, err
	}
	if !first {
		if j.pending.TestRun != "" {
			return Done{}, stateUsed()
		}
		return f.sameEnd(ctx, j)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callbackTime)
	defer cancel()
	switch {
	case j.gone != nil:
		j.refused = j.gone
	case j.moved:
		j.refused = refuseMoved()
	default:
		j.redeemed, j.refused = f.OIDC.Redeem(ctx, oidc.Exchange{
			Answer:       j.answer,
			ClientSecret: j.rp.secret,
			RedirectURI:  identity.OAuthCallbackURL(f.BaseURL),
			Verifier:     j.pending.CodeVerifier,
		}, oidcExpect(j.connection, j.rp, j.pending.RequestID))
	}
	if j.pending.TestRun != "" {
		return f.landTest(ctx, j)
	}
	for range maxJudgements {
		done, err := f.land(ctx, j)
		if !errors.Is(err, errRevised) {
			return done, err
		}
		if err := f.judgeAgain(ctx, j); err != nil {
			return Done{}, err
		}
	}
	return Done{}, fault.New(fault.ServiceUnavailable).Because(errRevised)
}

// readState finds the sign-in that a state belongs to, in the browser that began
// it. Nothing is used up yet: a stranger cannot burn it (threat T-OIDC-02). All
// that an answer is judged by comes from the connection found here, never from
// the answer (threat T-OIDC-05).
func (f *Flow) readState(tx *store.Tx, j *callback) error {
	p, err := tx.PendingRequest(f.hashRelay(j.answer.State))
	if err != nil {
		return store.Missing(err, refuseState("state", "the state of a sign-in that is under way", "a state that was never sent"))
	}
	switch {
	case p.CodeVerifier == "": // of a SAML request
		return refuseState("state", "the state of a sign-in that is under way", "the RelayState of another protocol's sign-in")
	case p.TestRun != "":
		return f.readTest(tx, j, p)
	case j.Client == "" || j.Client != p.ClientID:
		return refuseState("browser_mismatch", "the browser that began the sign-in", "another browser")
	case p.UsedAt.IsZero() && !f.Now().Before(p.ExpiresAt):
		return refuseState("state", "a sign-in that is under way", "a state that expired at "+p.ExpiresAt.UTC().Format(time.RFC3339))
	}
	if p.Link == "" && p.UsedAt.IsZero() { // it waits until the browser may have a session
		if err := f.Sessions.MayCreate(tx, j.Client); err != nil {
			return err
		}
	}
	j.pending = p
	return f.readTerms(tx, j)
}

func refuseState(reason, expected, received string) *fault.Error {
	return fault.New(fault.OAuthCallbackInvalid).Detail("reason", reason, "expected", expected, "received", received)
}

// refuseMoved is the refusal of an answer to a question that the connection would
// put to another provider now.
func refuseMoved() error {
	return refuseState("settings_changed", "the provider that the connection leads to now", "an answer of the one before")
}

// readTerms reads what the answer is judged by, as it is now.
func (f *Flow) readTerms(tx *store.Tx, j *callback) (err error) {
	j.connection, err = tx.Connection(j.pending.ConnectionID)
	if err != nil {
		return store.Missing(err, fault.New(fault.SSOSignInConnectionMissing))
	}
	if j.moved, err = movedSince(tx, j.connection, j.pending.RevisionID); err != nil {
		return err
	}
	j.rp, err = readRelyingParty(tx, j.connection)
	return err
}

// movedSince reports whether a connection leads to another provider than by a
// revision before, or as another client. A code goes to nobody but the provider
// that gave it (threat T-OIDC-05).
func movedSince(tx *store.Tx, c identity.Connection, before identity.RevisionID) (bool, error) {
	if c.LiveRevisionID == before || c.Config.OIDC == nil {
		return false, nil
	}
	then, err := tx.Revision(before)
	if err != nil {
		return false, err
	}
	was, is := then.Config.OIDC, c.Config.OIDC
	return was == nil || was.Issuer != is.Issuer || was.TokenURL != is.TokenURL || was.ClientID != is.ClientID, nil
}

// claim uses the state up, before the code is redeemed, and notes that the answer
// came. It reports whether this callback was the first.
func (f *Flow) claim(ctx context.Context, j *callback) (first bool, err error) {
	now := f.Now()
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		first, err = tx.UsePendingRequest(j.pending.RelayHash, now)
		if err != nil || !first {
			return err
		}
		a, err := tx.Attempt(j.pending.AttemptID)
		if err != nil {
			return err
		}
		a.ReturnedAt, a.TraceID = now, j.TraceID
		a.Steps = append(a.Steps, answerReceived(now))
		return tx.UpdateAttempt(a)
	})
	return first, err
}

// sameEnd waits for what becomes of the callback that was first, and brings this
// one to it.
func (f *Flow) sameEnd(ctx context.Context, j *callback) (Done, error) {
	ctx, cancel := context.WithTimeout(ctx, sameEndTime)
	defer cancel()
	for {
		var a identity.Attempt
		err := f.DB.Read(ctx, func(tx *store.Tx) error {
			var err error
			a, err = tx.Attempt(j.pending.AttemptID)
			return err
		})
		if err != nil {
			return Done{}, store.Missing(err, stateUsed())
		}
		switch a.State {
		case identity.AttemptComplete:
			return f.arriveAgain(ctx, j, a)
		case identity.AttemptRefused:
			return Done{}, refer(refusalOf(a), a.ID, j.pending.Link)
		case identity.AttemptStarted, identity.AttemptAdmitted:
		}
		select {
		case <-ctx.Done():
			return Done{}, refer(stateUsed(), a.ID, j.pending.Link)
		case <-time.After(sameEndPause):
		}
	}
}

func stateUsed() *fault.Error {
	return refuseState("state_used", "a state that was not used before", "one that was used already")
}

// arriveAgain brings a browser to the session that its other callback made, while
// it is still there. The browser may not have seen the cookie that came with it.
func (f *Flow) arriveAgain(ctx context.Context, j *callback, a identity.Attempt) (done Done, err error) {
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		done.Session, err = tx.Session(a.SessionID)
		if store.Optional(err) != nil {
			return err
		}
		if done.Session.ClientID != j.Client || !done.Session.Live(f.Now()) {
			return refer(stateUsed(), a.ID, j.pending.Link)
		}
		s, err := tx.SignIn(j.pending.SignInID)
		if store.Optional(err) != nil {
			return err
		}
		done.ReturnURL = s.ReturnURL
		if j.pending.Link != "" {
			done.ReturnURL = linkedURL
		}
		done.Cookie, err = f.Sessions.Reissue(tx, j.Client)
		return err
	})
	return done, err
}

// judgeAgain judges the same evidence by the connection's settings of now.
func (f *Flow) judgeAgain(ctx context.Context, j *callback) error {
	if err := f.DB.Read(ctx, func(tx *store.Tx) error { return f.readTerms(tx, j) }); err != nil {
		return err
	}
	if j.moved {
		j.refused = refuseMoved()
		return nil
	}
	expect := oidcExpect(j.connection, j.rp, j.pending.RequestID)
	expect.Now = f.Now()
	j.redeemed.Result, j.refused = oidc.Judge(j.redeemed.Evidence, expect)
	return nil
}

// land carries the verdict out in one transaction.
func (f *Flow) land(ctx context.Context, j *callback) (Done, error) {
	now := f.Now()
	var done Done
	var refused error
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		done, refused = Done{}, j.refused
		c, err := tx.Connection(j.connection.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			c, refused = j.connection, fault.New(fault.SSOSignInConnectionMissing)
			c.Active = false
		case err != nil:
			return err
		case c.LiveRevisionID != j.connection.LiveRevisionID:
			return errRevised
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		a, err := tx.Attempt(j.pending.AttemptID)
		if err != nil {
			return err
		}
		a.RevisionID = c.LiveRevisionID
		a.Steps = append(a.Steps, j.steps(now)...)
		a.IssuedAt, a.Seen = oidcSeen(j.redeemed)
		if refused == nil {
			facts := policy.AdmitFacts{
				Now: now, Settings: in.Settings, Connection: c, TypedEmail: j.pending.TypedEmail,
				Claims: oidcClaims(c, j.redeemed.Result.Identity),
			}
			if done, refused, err = f.landAdmitted(tx, j, facts, &a); err != nil {
				return err
			}
		}
		if refused != nil {
			refuse(&a, refused, now)
		}
		if err := tx.UpdateAttempt(a); err != nil {
			return err
		}
		return j.keepEvidence(tx, in.Settings, now)
	})
	if err != nil {
		return Done{}, err
	}
	if refused != nil {
		return Done{}, refer(refused, j.pending.AttemptID, j.pending.Link)
	}
	return done, nil
}

// landAdmitted asks policy and lets the person in. Nothing is written before the
// last reason to refuse.
func (f *Flow) landAdmitted(tx *store.Tx, j *callback, facts policy.AdmitFacts, a *identity.Attempt) (done Done, refused, err error) {
	var s identity.SignIn
	if j.pending.Link == "" {
		if s, refused, err = f.signInUnderWay(tx, j.Client, j.pending.SignInID); refused != nil || err != nil {
			return Done{}, refused, err
		}
	}
	a.Steps = append(a.Steps, warned(facts.Now, facts.Claims.Warnings)...)
	d, err := f.decide(tx, facts, j.pending.Link, j.Client)
	if err != nil {
		return Done{}, nil, err
	}
	a.Trace, a.Email = d.Trace, facts.Claims.Email
	if d.Denied != nil {
		return Done{}, d.Denied, nil
	}
	who := j.redeemed.Result.Identity
	arriving := arrival{
		signIn: s, plan: d.Plan, connection: facts.Connection, settings: facts.Settings, now: facts.Now,
		refresh: refresh{j.redeemed.Tokens.RefreshToken, who.Issuer, who.Subject},
	}
	if j.pending.Link != "" {
		done, err = f.arriveLinked(tx, arriving, j.pending.Link, a)
	} else {
		done, err = f.arrive(tx, arriving, a)
	}
	return done, nil, err
}

// steps are the checks that were made of the answer.
func (j *callback) steps(now time.Time) []identity.Step {
	var list []identity.Step
	for _, check := range j.redeemed.Result.Checks {
		list = append(list, identity.Step{
			At: now, Name: check.Name, Passed: check.Passed,
			Expected: check.Expected, Received: check.Received, Plain: check.Plain, Fix: check.Fix,
		})
	}
	return append(list, warned(now, j.redeemed.Result.Warnings)...)
}

// keepEvidence keeps what the provider sent, where evidence is kept. It holds no
// secret (see oidc.Evidence).
func (j *callback) keepEvidence(tx *store.Tx, settings identity.Settings, now time.Time) error {
	if settings.EvidenceDays == 0 {
		return nil
	}
	body, err := json.Marshal(j.redeemed.Evidence)
	if err != nil {
		return fmt.Errorf("signin: encoding evidence: %w", err)
	}
	if len(body) > maxEvidence {
		return nil
	}
	return tx.PutEvidence(identity.Evidence{
		AttemptID: j.pending.AttemptID, Body: body, ExpiresAt: now.AddDate(0, 0, settings.EvidenceDays),
		RequestID: j.pending.RequestID, RequestedAt: j.pending.CreatedAt, ReceivedAt: now, Relay: cause.RelayAwaited,
	})
}
