package seed

import (
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// attemptsSpan is how far back attempts go.
const attemptsSpan = 30 * day

// refusal is why an attempt was refused, and how often of a thousand refusals.
type refusal struct {
	code   fault.Code
	reason string
	check  string
	weight int
}

// refusals are as administrators meet them: mostly clocks and certificates.
var refusals = []refusal{
	{fault.SAMLResponseInvalid, "expired", "not_on_or_after", 280},
	{fault.SAMLResponseInvalid, "signature", "signature", 220},
	{fault.SAMLEmailAddressDomainMismatch, "", "email_domain_allowed", 150},
	{fault.SAMLUserAttributeMissing, "", "email_present", 130},
	{fault.SAMLJITProvisioningDisabled, "", "jit_allowed", 90},
	{fault.SAMLResponseInvalid, "audience", "audience", 80},
	{fault.OrganizationMembershipQuotaExceededForSSO, "", "membership_quota", 30},
	{fault.SAMLResponseRelayStateMissing, "", "relay_state", 20},
}

func (f *filler) refusal() refusal {
	n := f.rand.IntN(1000)
	for _, r := range refusals {
		if n -= r.weight; n < 0 {
			return r
		}
	}
	return refusals[0]
}

// attempts are spread over the connections, a few of which have most: 88 of 100
// end with a session, 8 are refused, 4 never come back.
func (f *filler) attempts() error {
	if f.Attempts > 0 && len(f.doors) == 0 {
		return fmt.Errorf("attempts need a connection with people: ask for more organizations or memberships")
	}
	for range f.Attempts {
		u := f.rand.Float64()
		d := f.doors[int(u*u*float64(len(f.doors)))]
		a := f.attempt(d, pick(f, d.people))
		f.report.Attempts++
		if err := f.add(func(tx *store.Tx) error { return tx.InsertAttempt(a) }); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) attempt(d door, who person) identity.Attempt {
	at := f.workingHour()
	a := identity.Attempt{
		ID: id[identity.AttemptID](f, at), Kind: identity.AttemptSignIn, ConnectionID: d.connection, RevisionID: d.revision,
		OrganizationID: d.organization, State: identity.AttemptStarted, TypedEmail: who.email, StartedAt: at,
		IDPInitiated: f.oneIn(12),
		Steps:        []identity.Step{{At: at, Name: "sent_to_provider", Passed: true, Plain: "The browser was sent to the identity provider."}},
	}
	if a.IDPInitiated {
		a.TypedEmail, a.Steps = "", nil
	}
	outcome := f.rand.IntN(100)
	if outcome < 4 && !a.IDPInitiated {
		return a
	}
	// Most people are back within seconds; some look for their phone.
	const typical, spread = 6.0, 0.9
	away := time.Duration(typical * math.Exp(spread*f.rand.NormFloat64()) * float64(time.Second)).Truncate(time.Millisecond)
	if a.IDPInitiated {
		away = 0
	}
	a.ReturnedAt = at.Add(min(away, 10*time.Minute))
	a.FinishedAt = a.ReturnedAt.Add(time.Duration(50+f.rand.IntN(400)) * time.Millisecond)
	a.Email = who.email
	a.TraceID = f.trace()
	a.Steps = append(a.Steps, identity.Step{At: a.ReturnedAt, Name: "answer_received", Passed: true, Plain: "The identity provider's answer arrived."})
	a.Trace = []identity.Rule{
		{Name: "connection_active", Passed: true, Detail: string(d.connection)},
		{Name: "authenticatable", Passed: true, Detail: string(d.connection)},
	}
	if outcome < 12 {
		f.refuse(&a)
		return a
	}
	a.State, a.UserID = identity.AttemptComplete, who.id
	a.SessionID = id[identity.SessionID](f, a.FinishedAt) // of a session that is gone
	a.Steps = append(a.Steps, identity.Step{At: a.FinishedAt, Name: "browser_returned", Passed: true, Plain: "The browser came back to finish."})
	a.Trace = append(a.Trace, identity.Rule{Name: "subject_known", Passed: true, Detail: string(who.id)})
	return a
}

func (f *filler) refuse(a *identity.Attempt) {
	r := f.refusal()
	a.State, a.Code, a.FinishedAt = identity.AttemptRefused, string(r.code), a.ReturnedAt
	if r.reason != "" {
		a.Detail = identity.Metadata{"reason": r.reason}
	}
	a.Steps = append(a.Steps, identity.Step{At: a.ReturnedAt, Name: r.check})
	if r.code == fault.SAMLUserAttributeMissing || r.code == fault.SAMLResponseInvalid || r.code == fault.SAMLResponseRelayStateMissing {
		a.Email = ""
	}
}

// workingHour is a time of the last 30 days: nine of ten fall between 7 and 18
// o'clock, fewer at weekends.
func (f *filler) workingHour() time.Time {
	for {
		at := f.before(f.Now, attemptsSpan)
		quiet := at.Hour() < 7 || at.Hour() >= 18
		weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
		if quiet && !f.oneIn(8) || weekend && !f.oneIn(5) {
			continue
		}
		return at
	}
}

func (f *filler) trace() string {
	var text [16]byte
	for i := range text {
		text[i] = byte(f.rand.IntN(256)) //nolint:gosec // below 256
	}
	return hex.EncodeToString(text[:])
}
