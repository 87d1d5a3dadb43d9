package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
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
	var link identity.SessionID
	// Whoever makes a nonce up is told so without a writing transaction.
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		_, err := f.verdict(tx, r)
		return store.Missing(err, fault.New(fault.SSOVerdictInvalid))
	})
	if err != nil {
		return Done{}, err
	}
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		refused = nil
		v, err := f.verdict(tx, r)
		if err != nil {
			return store.Missing(err, fault.New(fault.SSOVerdictInvalid))
		}
		attemptID, link = v.AttemptID, v.Link
		unused, err := tx.UseVerdict(v.NonceHash, now)
		if err != nil {
			return err
		}
		if !unused {
			return fault.New(fault.SSOVerdictInvalid)
		}
		if v.ClientID == "" && r.Client == "" {
			return ErrNeedsClient
		}
		tx.Ahead(func() {
			_, _ = tx.Attempt(v.AttemptID)
			_, _ = tx.SignIn(v.SignInID)
			_, _ = tx.Instance()
			_, _ = tx.Connection(v.ConnectionID)
		})
		attempt, err := tx.Attempt(v.AttemptID)
		if err != nil {
			return err
		}
		if v.ClientID != "" && v.ClientID != r.Client {
			refused = fault.New(fault.SAMLResponseInvalid).Detail("reason", "browser_mismatch",
				"expected", "the browser that began the sign-in", "received", "another browser")
		} else if done, refused, err = f.complete(tx, v, r, &attempt); err != nil {
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
		return Done{}, refer(refused, attemptID, link)
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

// complete carries the verdict out. Nothing is written before the last reason to
// refuse.
func (f *Flow) complete(tx *store.Tx, v identity.Verdict, r Return, a *identity.Attempt) (done Done, refused, err error) {
	now := f.Now()
	k, err := unpack(v)
	if err != nil {
		return Done{}, nil, err
	}
	var s identity.SignIn
	if v.Link == "" {
		if s, refused, err = f.signInOf(tx, v, r.Client); refused != nil || err != nil {
			return Done{}, refused, err
		}
	}
	in, err := tx.Instance()
	if err != nil {
		return Done{}, nil, err
	}
	c, d, err := f.decideAgain(tx, v, k, policy.AdmitFacts{
		Now: now, Settings: in.Settings, Claims: k.Claims, TypedEmail: v.TypedEmail,
	})
	if err != nil {
		return Done{}, nil, err
	}
	a.Trace = d.Trace
	if d.Denied != nil {
		return Done{}, d.Denied, nil
	}
	arriving := arrival{signIn: s, plan: d.Plan, connection: c, settings: in.Settings, now: now, notAfter: k.NotAfter}
	if v.Link != "" {
		done, err = f.arriveLinked(tx, arriving, v.Link, a)
		return done, nil, err
	}
	if v.ClientID == "" && !r.Switch {
		other, err := f.otherThan(tx, d.Plan.User, r.Client)
		if err != nil {
			return Done{}, nil, err
		}
		if other.ID != "" {
			return Done{}, nil, SwitchNeeded{Current: other, Email: k.Claims.Email, Connection: c.Name}
		}
	}
	if v.SignInID == "" {
		if err := tx.AbandonSignIns(s.ClientID, now); err != nil {
			return Done{}, nil, err
		}
		if err := tx.InsertSignIn(s); err != nil {
			return Done{}, nil, err
		}
	}
	done, err = f.arrive(tx, arriving, a)
	return done, nil, err
}

// decideAgain asks policy with the facts as they are now, and whether the
// connection still trusts the certificate that vouched: taking it away works at
// once (threat T-SEC-11).
func (f *Flow) decideAgain(tx *store.Tx, v identity.Verdict, k kept, facts policy.AdmitFacts) (identity.Connection, policy.Decision, error) {
	c, err := samlConnection(tx, v.ConnectionID)
	if fault.Is(err, fault.SAMLConnectionActiveNotFound) {
		return c, policy.Decision{Denied: err}, nil
	}
	if err != nil {
		return c, policy.Decision{}, err
	}
	trusted, err := trusts(c, k.SignedBy)
	if err != nil {
		return c, policy.Decision{}, err
	}
	if !trusted {
		return c, policy.Decision{Denied: fault.New(fault.SAMLResponseInvalid).Detail("reason", "signature",
			"expected", "a certificate of the connection", "received", "one that was removed meanwhile")}, nil
	}
	same, err := sameTerms(tx, c, v)
	if err != nil {
		return c, policy.Decision{}, err
	}
	if !same {
		return c, policy.Decision{Denied: fault.New(fault.SSOVerdictInvalid).Detail("reason", "settings_changed",
			"expected", "the settings that judged the answer", "received", "other ones since")}, nil
	}
	facts.Connection = c
	d, err := f.decide(tx, facts, v.Link, v.ClientID)
	return c, d, err
}

// sameTerms reports whether the connection would still judge the answer as its
// revision of then did: what was changed since counts at once (invariant 7).
func sameTerms(tx *store.Tx, c identity.Connection, v identity.Verdict) (bool, error) {
	if c.LiveRevisionID == v.RevisionID {
		return true, nil
	}
	then, err := tx.Revision(v.RevisionID)
	if err != nil {
		return false, err
	}
	was, is := then.Config.SAML, c.Config.SAML
	return was != nil && was.IDPEntityID == is.IDPEntityID && was.Mapping == is.Mapping && was.Legacy == is.Legacy &&
		was.ForceAuthn == is.ForceAuthn && (v.ClientID != "" || is.AllowIDPInitiated), nil
}

// trusts reports whether a certificate, named by its SHA-256, is one of the
// connection's.
func trusts(c identity.Connection, fingerprint string) (bool, error) {
	for _, text := range c.Config.SAML.IDPCertificates {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return false, fmt.Errorf("signin: a stored certificate of %s: %w", c.ID, err)
		}
		sum := sha256.Sum256(der)
		if hex.EncodeToString(sum[:]) == fingerprint {
			return true, nil
		}
	}
	return false, nil
}

// otherThan is who else is signed in in the browser than the person who arrives;
// the zero user if nobody is.
func (f *Flow) otherThan(tx *store.Tx, arriving identity.UserID, client identity.ClientID) (identity.User, error) {
	sessions, err := tx.SessionsOfClient(client)
	if err != nil {
		return identity.User{}, err
	}
	for _, s := range sessions {
		if s.Live(f.Now()) && s.UserID != arriving {
			return tx.User(s.UserID)
		}
	}
	return identity.User{}, nil
}

// signInOf is the sign-in that the verdict finishes; a new one, not yet kept,
// where the provider initiated it. One that is over already is a refusal.
func (f *Flow) signInOf(tx *store.Tx, v identity.Verdict, client identity.ClientID) (s identity.SignIn, refused, err error) {
	now := f.Now()
	if v.SignInID != "" {
		return f.signInUnderWay(tx, client, v.SignInID)
	}
	return identity.SignIn{
		ID:        identity.NewID[identity.SignInID](now),
		ClientID:  client,
		Status:    identity.SignInNeedsFirstFactor,
		Strategy:  StrategySSO,
		AttemptID: v.AttemptID,
		CreatedAt: now,
		UpdatedAt: now,
		AbandonAt: now.Add(signInLife),
	}, nil, nil
}

// signInUnderWay is openSignIn with a sign-in that is over as a refusal.
func (f *Flow) signInUnderWay(tx *store.Tx, client identity.ClientID, id identity.SignInID) (s identity.SignIn, refused, err error) {
	s, err = f.openSignIn(tx, client, id)
	if fault.Is(err, fault.ClientStateInvalid) || fault.Is(err, fault.NotFound) {
		return s, err, nil
	}
	return s, nil, err
}

func unpack(v identity.Verdict) (kept, error) {
	var k kept
	if err := json.Unmarshal(v.Claims, &k); err != nil {
		return k, fmt.Errorf("signin: reading kept claims: %w", err)
	}
	return k, nil
}
