package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/policy"
	"usher/internal/saml"
	"usher/internal/store"
)

// Against says by which configuration of its connection an attempt is judged again:
// the live one, unless something is given.
type Against struct {
	Revision identity.RevisionID
	Config   *identity.ConnectionConfig // one that is not kept, such as a draft
}

// Replay is an attempt that was judged again.
type Replay struct {
	Was      Diagnosis
	Revision identity.RevisionID // that judged it again; empty for a configuration that is not kept
	At       time.Time           // the time at which it was judged, as at receipt
	Now      ReplayVerdict
}

// ReplayVerdict is what an answer leads to.
type ReplayVerdict struct {
	Checks   []identity.Step
	Email    identity.Email  // that was vouched for; empty if it never got so far
	Decision policy.Decision // empty where the protocol refused, or for an account that was to be linked
	Asked    bool            // whether policy was asked
	Refused  error           // a fault; nil: it would be accepted
	Findings []cause.Finding // why, if it would be refused
}

// Replay judges the kept evidence of an attempt again, with the clock as at receipt,
// and people and settings as they are now. It writes nothing, and whether the answer
// was used before is not looked at.
func (f *Flow) Replay(ctx context.Context, id identity.AttemptID, by Against) (r Replay, err error) {
	if r.Was, err = f.Diagnose(ctx, id, ""); err != nil {
		return r, err
	}
	var again replayed
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		again = replayed{attempt: r.Was.Attempt}
		if err := f.readReplayed(tx, &again, by); err != nil {
			return err
		}
		r.Revision, r.At = again.revision, again.at
		return nil
	})
	if err != nil {
		return r, err
	}
	claims, refused := f.judgeReplayed(&again)
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		r.Now, err = f.settleReplayed(tx, again, claims, refused)
		return err
	})
	return r, err
}

// replayed is one attempt on its way through Replay.
type replayed struct {
	attempt    identity.Attempt
	connection identity.Connection
	revision   identity.RevisionID
	evidence   identity.Evidence
	at         time.Time
	keys       []identity.ConnectionKey
	rp         relyingParty
	checks     []identity.Step
}

// noEvidence is the refusal to judge again what was not kept, or no longer.
func noEvidence() *fault.Error {
	return fault.New(fault.NotFound, "resource", "evidence of the attempt")
}

func (f *Flow) readReplayed(tx *store.Tx, r *replayed, by Against) (err error) {
	if r.evidence, err = tx.Evidence(r.attempt.ID); err != nil {
		return store.Missing(err, noEvidence())
	}
	// What was kept by a release before this one does not say what it was judged by.
	if r.at = r.evidence.ReceivedAt; r.at.IsZero() || !f.Now().Before(r.evidence.ExpiresAt) {
		return noEvidence()
	}
	if r.connection, err = tx.Connection(r.attempt.ConnectionID); err != nil {
		return store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
	}
	r.revision = r.connection.LiveRevisionID
	if by.Revision != "" {
		revision, err := tx.Revision(by.Revision)
		if err == nil && revision.ConnectionID != r.connection.ID {
			err = store.ErrNotFound
		}
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "revision"))
		}
		r.revision, r.connection.Config = revision.ID, revision.Config
	}
	if by.Config != nil {
		r.revision, r.connection.Config = "", *by.Config
	}
	if (r.connection.Config.SAML == nil) == r.connection.Provider.IsSAML() {
		return fault.New(fault.SSOInvalidType)
	}
	if r.connection.Provider.IsSAML() {
		r.keys, err = tx.ConnectionKeys(r.connection.ID)
		return err
	}
	r.rp, err = readRelyingParty(tx, r.connection)
	return store.Optional(err) // the secret is not needed
}

// judgeReplayed makes the checks of the protocol, outside any transaction.
func (f *Flow) judgeReplayed(r *replayed) (claims policy.Claims, refused error) {
	r.checks = []identity.Step{answerReceived(r.at)}
	if !r.connection.Provider.IsSAML() {
		return f.judgeOIDCAgain(r)
	}
	e := r.evidence
	j := &judgement{
		answer:     Answer{Connection: r.connection.ID, SAMLResponse: string(e.Body)},
		now:        r.at,
		connection: r.connection,
		keys:       r.keys,
		relay:      e.Relay,
		pending: identity.PendingRequest{
			RequestID: e.RequestID, CreatedAt: e.RequestedAt, ForceAuthn: e.ForceAuthn, TypedEmail: r.attempt.TypedEmail,
		},
	}
	if e.Relay != cause.RelayMissing {
		j.answer.RelayState = e.Relay // any text: that there was one counts
	}
	j.raw, j.refused = saml.DecodePost(j.answer.SAMLResponse)
	if err := refuseRelay(e.Relay, r.connection, e.ReceivedAt); err != nil {
		j.refused = err
	}
	f.verify(j)
	for _, c := range j.result.Checks {
		r.checks = append(r.checks, identity.Step{
			At: r.at, Name: c.Name, Passed: c.Passed, Expected: c.Expected, Received: c.Received, Plain: c.Plain, Fix: c.Fix,
		})
	}
	r.checks = append(r.checks, warned(r.at, slices.Concat(j.result.Warnings, j.claims.Warnings))...)
	return j.claims, j.refused
}

func (f *Flow) judgeOIDCAgain(r *replayed) (policy.Claims, error) {
	j := callback{}
	if err := json.Unmarshal(r.evidence.Body, &j.redeemed.Evidence); err != nil {
		return policy.Claims{}, fmt.Errorf("signin: reading evidence of %s: %w", r.attempt.ID, err)
	}
	expect := oidcExpect(r.connection, r.rp, r.evidence.RequestID)
	var refused error
	j.redeemed.Result, refused = oidc.Judge(j.redeemed.Evidence, expect)
	r.checks = append(r.checks, j.steps(r.at)...)
	if refused != nil {
		return policy.Claims{}, refused
	}
	claims := oidcClaims(r.connection, j.redeemed.Result.Identity)
	r.checks = append(r.checks, warned(r.at, claims.Warnings)...)
	return claims, nil
}

// settleReplayed asks policy, and finds the causes of a refusal.
func (f *Flow) settleReplayed(tx *store.Tx, r replayed, claims policy.Claims, refused error) (v ReplayVerdict, err error) {
	v = ReplayVerdict{Checks: r.checks, Refused: refused, Email: claims.Email}
	// An account that was to be linked is a matter of a session that is over.
	if refused == nil && r.attempt.Kind != identity.AttemptLink {
		in, err := tx.Instance()
		if err != nil {
			return v, err
		}
		facts, err := loadFacts(tx, policy.AdmitFacts{
			Now: f.Now(), Settings: in.Settings, Connection: r.connection, Claims: claims, TypedEmail: r.attempt.TypedEmail,
		})
		if err != nil {
			return v, err
		}
		v.Asked, v.Decision = true, policy.Admit(facts)
		v.Refused = v.Decision.Denied
	}
	if v.Refused == nil {
		return v, nil
	}
	again := r.attempt
	again.RevisionID, again.Steps, again.Trace = r.revision, v.Checks, v.Decision.Trace
	refuse(&again, v.Refused, r.at)
	facts := cause.Facts{Attempt: again, Connection: r.connection}
	if err := judgedBy(tx, &facts); err != nil {
		return v, err
	}
	if facts.Seen, err = f.seen(tx, again, r.connection); err != nil {
		return v, err
	}
	if facts.Elsewhere, err = f.elsewhere(tx, r.connection); err != nil {
		return v, err
	}
	if facts.History, err = history(tx, again, f.Now()); err != nil {
		return v, err
	}
	v.Findings = cause.Find(facts)
	return v, nil
}
