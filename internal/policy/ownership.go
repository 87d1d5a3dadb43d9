package policy

import (
	"slices"
	"time"

	"usher/internal/identity"
)

// Times of the proof of ownership. Ours (threat T-ORG-04).
const (
	ChallengeLife  = 7 * 24 * time.Hour // of a challenge that nobody answered
	RecheckEvery   = 24 * time.Hour     // while the record is there
	RecheckMissing = time.Hour          // while it is not, or nobody can tell
	OwnershipGrace = 7 * 24 * time.Hour // from the first look that missed it to the end of the proof
)

// RecordAnswer is what the DNS said about the record of a challenge.
type RecordAnswer int

// The answers. Unknown is trouble on the way, which proves nothing.
const (
	RecordUnknown RecordAnswer = iota
	RecordThere
	RecordMissing
)

// OwnershipFacts is what Own looks at.
type OwnershipFacts struct {
	Now       time.Time
	Ownership identity.Ownership
	Answer    RecordAnswer
}

// OwnershipDecision is the decision of Own.
type OwnershipDecision struct {
	Ownership identity.Ownership // as it is from now on
	Proved    bool               // it was not before
	Warn      bool               // the record of a proof is missing for the first time
	Lapsed    bool               // the proof has ended
	Trace     Trace
}

// Own decides what the answer to a look for the record means. A challenge that
// is not answered stays open until it expires and is never failed (behaviour
// 1.127). A proof whose record goes away stands for OwnershipGrace, so that a
// mistake in the DNS locks nobody out at once.
func Own(f OwnershipFacts) OwnershipDecision {
	out := OwnershipDecision{Ownership: f.Ownership}
	o, t := &out.Ownership, &out.Trace
	if !o.Verified() {
		if o.Status(f.Now) == identity.ProofUnverified {
			o.Attempts++
			out.Proved = t.note("record_there", f.Answer == RecordThere, "")
		} else {
			t.note("challenge_open", false, "")
		}
		if out.Proved {
			o.VerifiedAt, o.SeenAt, o.NextAt = f.Now, f.Now, f.Now.Add(RecheckEvery)
		}
		return out
	}
	if t.note("record_there", f.Answer == RecordThere, "") {
		o.SeenAt, o.MissingSince, o.NextAt = f.Now, time.Time{}, f.Now.Add(RecheckEvery)
		return out
	}
	o.NextAt = f.Now.Add(RecheckMissing)
	if o.MissingSince.IsZero() {
		// Where nobody can tell for as long as the grace, the record counts as
		// missing: a domain that has run out often ends so.
		known := f.Answer == RecordMissing || f.Now.Sub(o.SeenAt) >= OwnershipGrace
		if out.Warn = !t.note("answer_unclear", !known, ""); out.Warn {
			o.MissingSince = f.Now
		}
		return out
	}
	if out.Lapsed = !t.note("within_grace", f.Now.Sub(o.MissingSince) < OwnershipGrace, ""); out.Lapsed {
		*o = Lapse(*o, f.Now)
	}
	return out
}

// Lapse ends a proof. The challenge has expired with it: another is needed.
func Lapse(o identity.Ownership, now time.Time) identity.Ownership {
	o.VerifiedAt, o.MissingSince, o.NextAt, o.ExpiresAt = time.Time{}, time.Time{}, time.Time{}, now
	return o
}

// OwnedAbove finds the domain above one through which the organization owns it
// too: one of its own rows that is proved by itself, with no public suffix in
// between (threat T-ORG-04). It is nil where there is none.
func OwnedAbove(d identity.OrganizationDomain, siblings []identity.OrganizationDomain) *identity.OrganizationDomain {
	i := slices.IndexFunc(siblings, func(above identity.OrganizationDomain) bool {
		byItself := above.Ownership.Strategy == identity.OwnershipTXT || above.Ownership.Strategy == identity.OwnershipManual
		return above.OrganizationID == d.OrganizationID && above.Ownership.Verified() && byItself &&
			d.Name.IsSubdomainOf(above.Name) && d.Name.SharesOwner(above.Name)
	})
	if i < 0 {
		return nil
	}
	return &siblings[i]
}
