package signin

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/saml"
	"usher/internal/secret"
	"usher/internal/store"
)

// Answer is what a provider made the browser post.
type Answer struct {
	Connection   identity.ConnectionID
	SAMLResponse string // base64, as in the form
	RelayState   string
	TraceID      string // of the request, kept with the attempt
}

// Accepted is an answer that was accepted. The browser brings the nonce back in
// a same-site GET, with its cookie.
type Accepted struct {
	AttemptID identity.AttemptID
	Nonce     string

	// Binding is the value of a cookie to set beside the redirect. Only where the
	// provider initiated the sign-in, and so no browser is known: it keeps the
	// redirect from working in any other browser.
	Binding string

	// TestRun is where the browser goes whose answer belongs to a test run, whatever
	// the verdict; then nothing else is set. Nil: a sign-in.
	TestRun *TestRunReturn
}

// judgement is one answer on its way through FinishSAML.
type judgement struct {
	answer     Answer
	now        time.Time
	fresh      identity.AttemptID // of an attempt that is not known yet
	connection identity.Connection
	keys       []identity.ConnectionKey // only where something is encrypted
	pending    identity.PendingRequest  // zero when the provider initiated it
	relay      string                   // how RelayState stands: a constant of package cause
	raw        []byte
	result     saml.Result
	claims     policy.Claims
	refused    error // by the protocol, before policy was asked
}

// FinishSAML judges a provider's answer. Whatever the verdict, the attempt is
// kept; a refusal writes nothing else. An accepted answer is not yet a session:
// that is for the browser that began the sign-in (threats T-SAML-25 to 27).
//
// The error of a refusal is a fault whose meta "attempt_id" refers to the
// attempt.
func (f *Flow) FinishSAML(ctx context.Context, a Answer) (Accepted, error) {
	for range maxJudgements {
		j := &judgement{answer: a, now: f.Now()}
		j.fresh = identity.NewID[identity.AttemptID](j.now)
		j.raw, j.refused = saml.DecodePost(a.SAMLResponse)
		err := f.DB.Read(ctx, func(tx *store.Tx) error { return f.readRequest(tx, j) })
		if err != nil {
			return Accepted{}, err
		}
		if j.pending.TestRun != "" {
			return f.finishSAMLTest(ctx, j)
		}
		f.verify(j)
		accepted, err := f.settle(ctx, j)
		if !errors.Is(err, errRevised) {
			return accepted, err
		}
	}
	return Accepted{}, fault.New(fault.ServiceUnavailable).Because(errRevised)
}

// maxJudgements is how often an answer is judged when the connection's
// configuration keeps changing meanwhile. Ours.
const maxJudgements = 5

// errRevised says that the connection got a new revision while the answer was
// judged by the old one.
var errRevised = errors.New("signin: the connection was revised meanwhile")

// Awaited reports whether RelayState, or a state, is that of a sign-in that is under
// way, which nobody can make up. An empty connection: at any of them.
func (f *Flow) Awaited(ctx context.Context, c identity.ConnectionID, relayState string) (awaited bool, err error) {
	if relayState == "" {
		return false, nil
	}
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		p, err := tx.PendingRequest(f.hashRelay(relayState))
		awaited = err == nil && (c == "" || p.ConnectionID == c) && p.UsedAt.IsZero() && f.Now().Before(p.ExpiresAt)
		return store.Optional(err)
	})
	return awaited, err
}

// readRequest reads the connection, its keys, and the request that RelayState
// points at. Keys come from the connection that the URL names, and from nowhere
// else (invariant 2).
func (f *Flow) readRequest(tx *store.Tx, j *judgement) error {
	tx.Ahead(func() {
		_, _ = tx.Connection(j.answer.Connection)
		_, _ = tx.PendingRequest(f.hashRelay(j.answer.RelayState))
	})
	var refused, err error
	if j.connection, err = samlConnection(tx, j.answer.Connection); err != nil {
		return err
	}
	if j.pending, refused, err = f.pendingRequest(tx, j); err != nil {
		return err
	}
	if j.pending.TestRun != "" {
		gone, err := f.tryConfiguration(tx, j)
		if err != nil {
			return err
		}
		if refused == nil {
			refused = gone
		}
	} else if !j.mayUse() {
		refused = fault.New(fault.SAMLConnectionActiveNotFound).Detail("reason", "inactive")
	}
	if refused != nil {
		j.refused = refused
	}
	// Reading a private key costs as much as a signature, and most answers come
	// in plain. Names cannot be written in another way in XML that is UTF-8.
	if j.refused == nil && bytes.Contains(j.raw, []byte("EncryptedAssertion")) {
		j.keys, err = tx.ConnectionKeys(j.connection.ID)
	}
	return err
}

// samlConnection reads a SAML connection in any state.
func samlConnection(tx *store.Tx, id identity.ConnectionID) (identity.Connection, error) {
	c, err := tx.Connection(id)
	if err == nil && c.Config.SAML == nil {
		err = fault.New(fault.SAMLConnectionActiveNotFound)
	}
	return c, store.Missing(err, fault.New(fault.SAMLConnectionActiveNotFound))
}

// mayUse reports whether the connection is open for what the answer is wanted for:
// to link an account, it need not be one for signing in (threat T-SAML-02).
func (j *judgement) mayUse() bool {
	return j.connection.InUse() || j.pending.Link != "" && j.connection.Active
}

// pendingRequest finds the request that an answer belongs to. None is found for
// an answer that the provider initiated, whose RelayState is then ignored: it is
// never a place to go (threat T-SAML-05).
func (f *Flow) pendingRequest(tx *store.Tx, j *judgement) (identity.PendingRequest, error, error) {
	p, err := identity.PendingRequest{}, error(nil)
	j.relay = cause.RelayMissing
	if j.answer.RelayState != "" {
		p, err = tx.PendingRequest(f.hashRelay(j.answer.RelayState))
		if store.Optional(err) != nil {
			return identity.PendingRequest{}, nil, err
		}
		switch {
		case err != nil:
			j.relay = cause.RelayUnknown
		case p.ConnectionID != j.connection.ID:
			j.relay, p = cause.RelayForeign, identity.PendingRequest{}
		case !p.UsedAt.IsZero():
			j.relay = cause.RelayUsed
		case !j.now.Before(p.ExpiresAt):
			j.relay = cause.RelayExpired
		default:
			j.relay = cause.RelayAwaited
		}
	}
	return p, refuseRelay(j.relay, j.connection, p.ExpiresAt), nil
}

// refuseRelay is the refusal of an answer for how its RelayState stands; nil if it
// may be judged. Where the provider may initiate, one that is unknown counts as none.
func refuseRelay(relay string, c identity.Connection, expires time.Time) error {
	unsolicited := c.Config.SAML.AllowIDPInitiated
	received := ""
	switch relay {
	case cause.RelayAwaited:
		return nil
	case cause.RelayMissing:
		if unsolicited {
			return nil
		}
		return fault.New(fault.SAMLResponseRelayStateMissing)
	case cause.RelayForeign:
		received = "the RelayState of another connection's sign-in"
	case cause.RelayUsed:
		received = "a RelayState that was used already"
	case cause.RelayExpired:
		received = fmt.Sprintf("a RelayState that expired at %s", expires.UTC().Format(time.RFC3339))
	default:
		if unsolicited {
			return nil
		}
		relay, received = cause.RelayUnknown, "a RelayState that was never sent"
	}
	return fault.New(fault.SAMLResponseInvalid).
		Detail("reason", "relaystate", "expected", "the RelayState of a sign-in that is under way", "received", received, "relay_state", relay)
}

// verify parses and checks the answer, outside any transaction.
func (f *Flow) verify(j *judgement) {
	if j.refused != nil {
		j.noteAnswers()
		return
	}
	expect, err := f.expect(j)
	if err != nil {
		j.refused = err
		return
	}
	j.result, err = saml.ParseResponse(j.raw, expect)
	if err != nil {
		j.refused = err
		if j.answer.RelayState == "" && fault.From(err).Reason() == "unsolicited" {
			// It answers a request and lost its RelayState: threat T-SAML-03.
			j.refused = fault.New(fault.SAMLResponseRelayStateMissing).Detail("answers", cause.AnswersRequest).Because(err)
		}
		return
	}
	j.claims = samlClaims(j.connection, j.result.Assertion)
}

// noteAnswers notes whether an answer without a RelayState names a request: for
// explaining, since nothing of it is verified, and it is not kept.
func (j *judgement) noteAnswers() {
	if e := fault.From(j.refused); e.Code() == fault.SAMLResponseRelayStateMissing && saml.Inspect(j.raw).InResponseTo != "" {
		j.refused = e.Detail("answers", cause.AnswersRequest)
	}
}

// expect is what the answer is checked against: the connection's live revision
// and the pending request.
func (f *Flow) expect(j *judgement) (saml.Expect, error) {
	c := j.connection
	s := c.Config.SAML
	legacy := s.Legacy.At(j.now)
	e := saml.Expect{
		Now:            j.now,
		IDPEntityID:    s.IDPEntityID,
		SPEntityID:     c.ID.SPMetadataURL(f.BaseURL),
		ACSURL:         c.ID.ACSURL(f.BaseURL),
		InResponseTo:   j.pending.RequestID,
		RequestedAt:    j.pending.CreatedAt,
		ForceAuthn:     j.pending.ForceAuthn,
		Skew:           time.Duration(s.ClockSkewSeconds) * time.Second,
		AllowTransient: s.Mapping.UserID != "",
		Legacy: saml.Legacy{
			SHA1: legacy.SHA1, RSA1024: legacy.RSA1024, TripleDES: legacy.TripleDES, RSA15: legacy.RSA15,
		},
	}
	e.Certificates = make([]*x509.Certificate, 0, len(s.IDPCertificates))
	for _, text := range s.IDPCertificates {
		cert, err := saml.ParseCertificate(text)
		if err != nil {
			return e, fmt.Errorf("signin: a stored certificate of %s: %w", c.ID, err)
		}
		e.Certificates = append(e.Certificates, cert)
	}
	for _, row := range j.keys {
		key, err := saml.ParseSPKey(row.PrivateKey)
		if err != nil {
			return e, fmt.Errorf("signin: a stored key of %s: %w", c.ID, err)
		}
		e.DecryptionKeys = append(e.DecryptionKeys, key)
	}
	return e, nil
}

// settle asks policy and writes the outcome, in one transaction.
func (f *Flow) settle(ctx context.Context, j *judgement) (Accepted, error) {
	accepted := Accepted{Nonce: secret.NewToken(nonceBytes)}
	if j.pending.ClientID == "" {
		accepted.Binding = secret.NewToken(nonceBytes)
	}
	var refused error
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		j.readAhead(tx)
		// The connection as it is now: it may have been switched off meanwhile.
		c, err := samlConnection(tx, j.connection.ID)
		if err != nil {
			return err
		}
		if c.LiveRevisionID != j.connection.LiveRevisionID {
			return errRevised
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		attempt, err := openAttempt(tx, j, c)
		if err != nil {
			return err
		}
		accepted.AttemptID = attempt.ID
		if refused = j.refused; refused == nil {
			facts := policy.AdmitFacts{
				Now: j.now, Settings: in.Settings, Connection: c, Claims: j.claims, TypedEmail: j.pending.TypedEmail,
			}
			if refused, err = f.admit(tx, j, facts, &attempt); err != nil {
				return err
			}
		}
		if refused == nil {
			attempt.State = identity.AttemptAdmitted
			if err := f.keepVerdict(tx, j, attempt, f.hashNonce(accepted.Nonce, accepted.Binding)); err != nil {
				return err
			}
		} else {
			refuse(&attempt, refused, j.now)
		}
		return j.keepAttempt(tx, attempt, in.Settings)
	})
	if err != nil {
		return Accepted{}, err
	}
	if refused != nil {
		return Accepted{}, refer(refused, accepted.AttemptID, j.pending.Link)
	}
	return accepted, nil
}

// readAhead names what settle reads first.
func (j *judgement) readAhead(tx *store.Tx) {
	tx.Ahead(func() {
		_, _ = tx.Connection(j.connection.ID)
		_, _ = tx.Instance()
		if j.pending.AttemptID != "" {
			_, _ = tx.Attempt(j.pending.AttemptID)
		}
		if j.refused == nil {
			firstFacts(tx, j.connection, j.claims.Subject)
		}
	})
}

// nonceBytes is 256 bits of chance.
const nonceBytes = 32

// openAttempt is the attempt that the answer belongs to; a new one when the
// provider initiated it, when nothing says where it belongs, or when the one that
// was begun has its answer: what became of that stays as it is.
func openAttempt(tx *store.Tx, j *judgement, c identity.Connection) (identity.Attempt, error) {
	a := identity.Attempt{
		ID: j.fresh, ConnectionID: c.ID, OrganizationID: c.OrganizationID, StartedAt: j.now,
		IDPInitiated: j.pending.AttemptID == "", TypedEmail: j.pending.TypedEmail,
	}
	if j.pending.AttemptID != "" {
		begun, err := tx.Attempt(j.pending.AttemptID)
		if store.Optional(err) != nil {
			return a, err
		}
		if begun.State == identity.AttemptStarted {
			a = begun
		}
	}
	a.RevisionID = c.LiveRevisionID
	a.TraceID, a.ReturnedAt = j.answer.TraceID, j.now
	a.Steps = append(a.Steps, answerReceived(j.now))
	for _, check := range j.result.Checks {
		a.Steps = append(a.Steps, identity.Step{
			At: j.now, Name: check.Name, Passed: check.Passed,
			Expected: check.Expected, Received: check.Received, Plain: check.Plain, Fix: check.Fix,
		})
	}
	a.Steps = append(a.Steps, warned(j.now, j.result.Warnings)...)
	a.Steps = append(a.Steps, warned(j.now, j.claims.Warnings)...)
	a.IssuedAt, a.Seen = j.result.IssueInstant, samlNames(j.result.Assertion)
	return a, nil
}

// warned are the steps that tell of warnings: nothing failed.
func warned(at time.Time, warnings []string) []identity.Step {
	var steps []identity.Step
	for _, warning := range warnings {
		steps = append(steps, identity.Step{At: at, Name: "warning", Passed: true, Plain: warning})
	}
	return steps
}

// admit asks policy, then uses the assertion and the request up. The refusal is
// a value; err is trouble.
func (f *Flow) admit(tx *store.Tx, j *judgement, facts policy.AdmitFacts, a *identity.Attempt) (refused, err error) {
	c := facts.Connection
	d, err := f.decide(tx, facts, j.pending.Link, j.pending.ClientID)
	if err != nil {
		return nil, err
	}
	a.Trace, a.Email = d.Trace, j.claims.Email
	if d.Denied != nil {
		return d.Denied, nil
	}
	assertion := j.result.Assertion
	expires := assertion.NotOnOrAfter.Add(skew(c) + replayMargin)
	unused, err := tx.UseAssertion(c.ID, assertion.ID, expires)
	if err != nil {
		return nil, err
	}
	if !unused {
		return fault.New(fault.SAMLResponseInvalid).Detail("reason", "replay",
			"expected", "an assertion that was not used before", "received", assertion.ID), nil
	}
	if j.pending.RelayHash == "" {
		return nil, nil
	}
	unused, err = tx.UsePendingRequest(j.pending.RelayHash, j.now)
	if err == nil && !unused {
		return refuseRelay(cause.RelayUsed, c, time.Time{}), nil
	}
	return nil, err
}

// skew is the connection's clock tolerance.
func skew(c identity.Connection) time.Duration {
	if s := c.Config.SAML.ClockSkewSeconds; s != 0 {
		return time.Duration(s) * time.Second
	}
	return saml.DefaultSkew
}

// kept is what a verdict keeps of an answer until the browser comes.
type kept struct {
	Claims   policy.Claims `json:"claims"`
	NotAfter time.Time     `json:"not_after,omitzero"` // SessionNotOnOrAfter
	SignedBy string        `json:"signed_by"`          // SHA-256 of the certificate, hexadecimal
}

func (f *Flow) keepVerdict(tx *store.Tx, j *judgement, a identity.Attempt, nonceHash string) error {
	body, err := json.Marshal(kept{
		Claims: j.claims, NotAfter: j.result.Assertion.SessionNotOnOrAfter, SignedBy: j.result.Assertion.SignedBy,
	})
	if err != nil {
		return fmt.Errorf("signin: keeping claims: %w", err)
	}
	return tx.InsertVerdict(identity.Verdict{
		NonceHash:    nonceHash,
		AttemptID:    a.ID,
		ConnectionID: a.ConnectionID,
		RevisionID:   a.RevisionID,
		ClientID:     j.pending.ClientID,
		SignInID:     j.pending.SignInID,
		TypedEmail:   j.pending.TypedEmail,
		Link:         j.pending.Link,
		Claims:       body,
		CreatedAt:    j.now,
		ExpiresAt:    j.now.Add(verdictLife),
	})
}

func (f *Flow) hashNonce(nonce, binding string) string {
	return f.Ring.HashToken("verdict", nonce+"."+binding)
}

// keepAttempt writes the attempt and, where evidence is kept, the message.
func (j *judgement) keepAttempt(tx *store.Tx, a identity.Attempt, settings identity.Settings) error {
	write := tx.UpdateAttempt
	if a.ID == j.fresh {
		write = tx.InsertAttempt
	}
	err := write(a)
	if err != nil || settings.EvidenceDays == 0 || len(j.answer.SAMLResponse) > maxEvidence || !j.worthKeeping() {
		return err
	}
	return tx.PutEvidence(identity.Evidence{
		AttemptID: a.ID,
		Body:      []byte(j.answer.SAMLResponse),
		ExpiresAt: j.now.AddDate(0, 0, settings.EvidenceDays),

		RequestID: j.pending.RequestID, RequestedAt: j.pending.CreatedAt, ForceAuthn: j.pending.ForceAuthn,
		ReceivedAt: j.now, Relay: j.relay,
	})
}

// worthKeeping reports whether the message is more than what anybody could post:
// it answers a request of ours, or the provider has signed it. Strangers cannot
// fill the disk (threat T-DOS-17).
func (j *judgement) worthKeeping() bool {
	return j.pending.AttemptID != "" || slices.ContainsFunc(j.result.Checks, func(c saml.Check) bool {
		return c.Passed && strings.HasSuffix(c.Name, "_signature")
	})
}

// maxEvidence is in bytes: threat T-DOS-17.
const maxEvidence = 256 << 10

// refuse puts a refusal into an attempt.
func refuse(a *identity.Attempt, err error, now time.Time) {
	e := fault.From(err)
	a.State, a.FinishedAt = identity.AttemptRefused, now
	a.Code, a.Meta, a.Detail = string(e.Code()), e.Meta(), e.Details()
}

// refer adds the attempt's reference to a refusal, for the page and the API. Of one
// that was to link an account, the detail "linking" says so: its person is signed in
// and has a page to go back to.
func refer(err error, id identity.AttemptID, link identity.SessionID) error {
	e := fault.From(err)
	meta, detail := []any{"attempt_id", string(id)}, []any{}
	for name, v := range e.Meta() {
		meta = append(meta, name, v)
	}
	for name, v := range e.Details() {
		detail = append(detail, name, v)
	}
	if link != "" {
		detail = append(detail, "linking", true)
	}
	return fault.New(e.Code(), meta...).Detail(detail...).Because(err)
}
