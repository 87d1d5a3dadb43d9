package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/store"
)

// finishSAMLTest judges the answer to a test run's request and keeps what was made
// of it for the browser that opened the run. The first answer is the last.
func (f *Flow) finishSAMLTest(ctx context.Context, j *judgement) (Accepted, error) {
	if !j.pending.UsedAt.IsZero() || !j.now.Before(j.pending.ExpiresAt) {
		return Accepted{}, j.refused
	}
	f.verify(j)
	back := TestRunReturn{Connection: j.connection.ID, Run: j.pending.TestRun, Token: secret.NewToken(nonceBytes)}
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		unused, err := tx.UsePendingRequest(j.pending.RelayHash, j.now)
		if err == nil && !unused {
			err = refuseRelay(cause.RelayUsed, j.connection, time.Time{})
		}
		if err != nil {
			return err
		}
		run, err := tx.TestRun(j.pending.TestRun)
		if err != nil {
			return store.Missing(err, fault.From(refuseRelay(cause.RelayUsed, j.connection, time.Time{})))
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		a, err := openAttempt(tx, j, j.connection)
		if err != nil {
			return err
		}
		seen := unpackSeen(run)
		seen.seeSAML(j)
		if in.Settings.EvidenceDays > 0 {
			seen.Response = redactXML(j.raw)
		}
		refused := j.refused
		if refused == nil {
			refused, err = f.tryAssertion(tx, j, in.Settings, &a, &seen)
			if err != nil {
				return err
			}
		}
		if refused != nil {
			refuse(&a, refused, j.now)
		} else {
			a.State, a.FinishedAt = identity.AttemptComplete, j.now
		}
		// What the answer says is nobody's to see until the browser has shown its
		// cookie: until then the attempt waits beside the run.
		seen.Waiting = &a
		run.State, run.TokenHash = identity.TestRunAnswered, f.hashTestToken(back.Token)
		return putRun(tx, run, identity.TestRunOpened, seen)
	})
	return Accepted{TestRun: &back}, err
}

// tryConfiguration lets an answer be judged by the configuration that its test run
// tries. Gone says that it is no longer there.
func (f *Flow) tryConfiguration(tx *store.Tx, j *judgement) (gone, err error) {
	c, err := configuredAs(tx, j.connection.ID, j.pending.RevisionID)
	if fault.Is(err, fault.ConnectionDraftChanged) {
		return err, nil
	}
	if err == nil {
		j.connection = c
	}
	return nil, err
}

// tryAssertion uses the assertion up, as every door does (threat T-SAML-09), and
// asks policy.
func (f *Flow) tryAssertion(tx *store.Tx, j *judgement, settings identity.Settings, a *identity.Attempt, seen *testSeen) (refused, err error) {
	assertion := j.result.Assertion
	unused, err := tx.UseAssertion(j.connection.ID, assertion.ID, assertion.NotOnOrAfter.Add(skew(j.connection)+replayMargin))
	if err != nil {
		return nil, err
	}
	if !unused {
		return fault.New(fault.SAMLResponseInvalid).Detail("reason", "replay",
			"expected", "an assertion that was not used before", "received", assertion.ID), nil
	}
	return f.try(tx, policy.AdmitFacts{Now: j.now, Settings: settings, Connection: j.connection, Claims: j.claims}, a, seen)
}

// try asks policy what would happen to the person if the connection was switched
// on with this configuration, and writes nothing.
func (f *Flow) try(tx *store.Tx, facts policy.AdmitFacts, a *identity.Attempt, seen *testSeen) (refused, err error) {
	facts.Connection.Active, facts.Connection.Authenticatable = true, true
	d, err := f.decide(tx, facts, "", "")
	if err != nil {
		return nil, err
	}
	a.Trace, a.Email, a.UserID = d.Trace, facts.Claims.Email, d.Plan.User
	seen.outcome(d)
	return d.Denied, nil
}

// readTest finds the test run that a state belongs to, in the browser that opened
// it, and what the answer is judged by: the configuration that is tried.
func (f *Flow) readTest(tx *store.Tx, j *callback, p identity.PendingRequest) error {
	run, err := tx.TestRun(p.TestRun)
	if err != nil {
		return store.Missing(err, refuseState("state", "a test run that is under way", "the state of one that is gone"))
	}
	switch {
	case j.TestBrowser == "" || run.BrowserHash != f.hashTestBrowser(j.TestBrowser):
		return refuseState("browser_mismatch", "the browser that opened the test run", "another browser")
	case !p.UsedAt.IsZero():
		return stateUsed()
	case !f.Now().Before(p.ExpiresAt):
		return refuseState("state", "a test run that is under way", "a state that expired at "+p.ExpiresAt.UTC().Format(time.RFC3339))
	}
	j.pending = p
	j.connection, err = configuredAs(tx, p.ConnectionID, p.RevisionID)
	if fault.Is(err, fault.ConnectionDraftChanged) {
		j.gone = err
		return nil
	}
	if err == nil {
		j.rp, err = readRelyingParty(tx, j.connection)
	}
	return err
}

// landTest keeps what was made of an OpenID provider's answer to a test run. Its
// cookie has been shown.
func (f *Flow) landTest(ctx context.Context, j *callback) (Done, error) {
	now := f.Now()
	back := TestRunReturn{Connection: j.pending.ConnectionID, Run: j.pending.TestRun, Token: secret.NewToken(nonceBytes)}
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		run, err := tx.TestRun(j.pending.TestRun)
		if err != nil {
			return store.Missing(err, stateUsed())
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		a, err := tx.Attempt(j.pending.AttemptID)
		if err != nil {
			return err
		}
		a.Steps = append(a.Steps, j.steps(now)...)
		seen, refused := unpackSeen(run), j.refused
		if in.Settings.EvidenceDays > 0 {
			seen.IDToken, seen.UserInfo = redactOIDC(j.redeemed.Evidence)
		}
		if refused == nil {
			facts := policy.AdmitFacts{
				Now: now, Settings: in.Settings, Connection: j.connection, Claims: oidcClaims(j.connection, j.redeemed.Result.Identity),
			}
			seen.seeOIDC(j.connection, j.redeemed.Result.Identity, facts.Claims)
			a.Steps = append(a.Steps, warned(now, facts.Claims.Warnings)...)
			if refused, err = f.try(tx, facts, &a, &seen); err != nil {
				return err
			}
		}
		if refused != nil {
			refuse(&a, refused, now)
		} else {
			a.State, a.FinishedAt = identity.AttemptComplete, now
		}
		if err := j.keepEvidence(tx, in.Settings, now); err != nil {
			return err
		}
		run.TokenHash = f.hashTestToken(back.Token)
		return endRun(tx, run, ending{from: identity.TestRunOpened, attempt: a, seen: seen, now: now})
	})
	return Done{TestRun: &back}, err
}

// ending is how a test run ends.
type ending struct {
	from    identity.TestRunState
	attempt identity.Attempt
	seen    testSeen
	now     time.Time
}

// endRun ends a test run with what became of its attempt.
func endRun(tx *store.Tx, run identity.TestRun, e ending) error {
	run.State, run.FinishedAt, e.seen.Waiting = identity.TestRunSuccess, e.now, nil
	if e.attempt.Code != "" {
		run.State = identity.TestRunFailed
	}
	if err := tx.UpdateAttempt(e.attempt); err != nil {
		return err
	}
	if err := putRun(tx, run, e.from, e.seen); err != nil || run.State == identity.TestRunFailed {
		return err
	}
	return tx.Prove(run.ConnectionID, run.RevisionID, run.ID, e.now)
}

func putRun(tx *store.Tx, run identity.TestRun, from identity.TestRunState, seen testSeen) error {
	var err error
	if run.Seen, err = json.Marshal(seen); err != nil {
		return fmt.Errorf("signin: keeping a test run: %w", err)
	}
	was, err := tx.PutTestRun(run, from)
	if err == nil && !was {
		err = stateUsed()
	}
	return err
}

// TestRunResult shows the result of a test run in the browser that opened it, and
// ends the run where only that was missing. In any other browser the run fails.
// Whoever has no token learns nothing, not even whether there is such a run.
func (f *Flow) TestRunResult(ctx context.Context, v TestRunVisitor) (view TestRunView, err error) {
	now := f.Now()
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		view = TestRunView{}
		run, err := tx.TestRun(v.Run)
		if store.Optional(err) != nil {
			return err
		}
		known := err == nil && run.ConnectionID == v.Connection && run.TokenHash != "" &&
			f.Ring.MatchToken("test run result", v.Secret, run.TokenHash) && now.Before(run.CreatedAt.Add(TestRunVisit))
		if !known {
			return fault.New(fault.NotFound, "resource", "test run")
		}
		ours := v.Browser != "" && run.BrowserHash == f.hashTestBrowser(v.Browser)
		if run.State == identity.TestRunAnswered && !run.Over(now) {
			if err := f.endAnswered(tx, run, ours); err != nil {
				return err
			}
			if run, err = tx.TestRun(v.Run); err != nil {
				return err
			}
		}
		if !ours {
			return nil // what was written counts
		}
		view, err = f.viewTestRun(tx, run)
		return err
	})
	if err == nil && view.Run.ID == "" {
		err = refuseState("browser_mismatch", "the browser that opened the test run", "another browser")
	}
	return view, err
}

// endAnswered ends a test run whose answer waited for its browser.
func (f *Flow) endAnswered(tx *store.Tx, run identity.TestRun, ours bool) error {
	seen := unpackSeen(run)
	if seen.Waiting == nil {
		return fmt.Errorf("signin: test run %s waits for nothing", run.ID)
	}
	e := ending{from: identity.TestRunAnswered, attempt: *seen.Waiting, seen: seen, now: f.Now()}
	if !ours {
		begun, err := tx.Attempt(run.AttemptID)
		if err != nil {
			return err
		}
		refuse(&begun, fault.New(fault.SAMLResponseInvalid).Detail("reason", "browser_mismatch",
			"expected", "the browser that opened the test run", "received", "another browser"), e.now)
		e.attempt, e.seen = begun, testSeen{Request: seen.Request}
		return endRun(tx, run, e)
	}
	e.attempt.Steps = append(e.attempt.Steps, identity.Step{
		At: e.now, Name: "browser_returned", Passed: true, Plain: "The browser came back to finish.",
	})
	return endRun(tx, run, e)
}
