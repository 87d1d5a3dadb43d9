package policy_test

import (
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
)

func TestOwn(t *testing.T) {
	t.Parallel()
	const hour, day = time.Hour, 24 * time.Hour
	open := identity.Ownership{Strategy: identity.OwnershipTXT, Value: "v", ExpiresAt: now.Add(hour)}
	proved := identity.Ownership{
		Strategy: identity.OwnershipTXT, Value: "v", ExpiresAt: now.Add(-hour), VerifiedAt: now.Add(-30 * day), SeenAt: now.Add(-day), NextAt: now,
	}
	missingFor := func(d time.Duration) identity.Ownership {
		o := proved
		o.MissingSince, o.SeenAt = now.Add(-d), now.Add(-d-day)
		return o
	}
	unseenFor := func(d time.Duration) identity.Ownership {
		o := proved
		o.SeenAt = now.Add(-d)
		return o
	}
	expired := open
	expired.ExpiresAt = now
	tests := map[string]struct {
		before identity.Ownership
		answer policy.RecordAnswer
		status identity.ProofStatus
		then   string // proved, warn or lapsed
		next   time.Duration
		miss   bool
		trace  string
	}{
		"1.127 a match verifies":                                         {before: open, answer: policy.RecordThere, status: identity.ProofVerified, then: "proved", next: day, trace: "record_there"},
		"1.127 a miss keeps the challenge open":                          {before: open, answer: policy.RecordMissing, status: identity.ProofUnverified, trace: "record_there"},
		"1.127 trouble with the DNS keeps it open too":                   {before: open, answer: policy.RecordUnknown, status: identity.ProofUnverified, trace: "record_there"},
		"1.127 an expired challenge is not answered":                     {before: expired, answer: policy.RecordThere, status: identity.ProofExpired, trace: "challenge_open"},
		"a record that is still there is looked for in a day":            {before: proved, answer: policy.RecordThere, status: identity.ProofVerified, next: day, trace: "record_there"},
		"T-ORG-04 a record that went away is warned of":                  {before: proved, answer: policy.RecordMissing, status: identity.ProofVerified, then: "warn", next: hour, miss: true, trace: "record_there answer_unclear"},
		"T-ORG-04 trouble with the DNS is not a missing record":          {before: proved, answer: policy.RecordUnknown, status: identity.ProofVerified, next: hour, trace: "record_there answer_unclear"},
		"T-ORG-04 but a week of it is":                                   {before: unseenFor(7 * day), answer: policy.RecordUnknown, status: identity.ProofVerified, then: "warn", next: hour, miss: true, trace: "record_there answer_unclear"},
		"T-ORG-04 within the grace the proof stands":                     {before: missingFor(7*day - 1), answer: policy.RecordMissing, status: identity.ProofVerified, next: hour, miss: true, trace: "record_there within_grace"},
		"T-ORG-04 after seven days it has lapsed":                        {before: missingFor(7 * day), answer: policy.RecordMissing, status: identity.ProofExpired, then: "lapsed", trace: "record_there within_grace"},
		"T-ORG-04 a record that is back within the grace ends the worry": {before: missingFor(6 * day), answer: policy.RecordThere, status: identity.ProofVerified, next: day, trace: "record_there"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Own(policy.OwnershipFacts{Now: now, Ownership: tt.before, Answer: tt.answer})
			var then string
			for what, so := range map[string]bool{"proved": d.Proved, "warn": d.Warn, "lapsed": d.Lapsed} {
				if so {
					then += what
				}
			}
			var next time.Duration
			if !d.Ownership.NextAt.IsZero() {
				next = d.Ownership.NextAt.Sub(now)
			}
			if got := d.Ownership.Status(now); got != tt.status || then != tt.then || next != tt.next || d.Trace.String() != tt.trace {
				t.Errorf("got %s, %q, next in %v, %s\nwant %s, %q, next in %v, %s", got, then, next, d.Trace, tt.status, tt.then, tt.next, tt.trace)
			}
			if missing := !d.Ownership.MissingSince.IsZero(); missing != tt.miss {
				t.Errorf("missing: got %v, want %v", missing, tt.miss)
			}
		})
	}
}

func TestOwnedAbove(t *testing.T) {
	t.Parallel()
	row := func(org identity.OrgID, name identity.Domain, s identity.OwnershipStrategy) identity.OrganizationDomain {
		d := identity.OrganizationDomain{ID: "orgdmn_above", OrganizationID: org, Name: name}
		if s != "" {
			d.Ownership = identity.Ownership{Strategy: s, VerifiedAt: now}
		}
		return d
	}
	lapsed := row("org_acme", "acme.test", identity.OwnershipTXT)
	lapsed.Ownership.VerifiedAt = time.Time{}
	for name, tt := range map[string]struct {
		domain identity.Domain
		above  identity.OrganizationDomain
		want   bool
	}{
		"1.122 a subdomain of a domain that is proved": {"eu.acme.test", row("org_acme", "acme.test", identity.OwnershipTXT), true},
		"of one on an operator's word":                 {"eu.acme.test", row("org_acme", "acme.test", identity.OwnershipManual), true},
		"T-ORG-04 of one that is not proved":           {"eu.acme.test", row("org_acme", "acme.test", ""), false},
		"T-ORG-04 of one whose proof has lapsed":       {"eu.acme.test", lapsed, false},
		"T-ORG-04 of one that itself rests on another": {"a.eu.acme.test", row("org_acme", "eu.acme.test", identity.OwnershipParent), false},
		"T-ORG-04 of another organization's":           {"eu.acme.test", row("org_globex", "acme.test", identity.OwnershipTXT), false},
		"T-ORG-04 a lookalike":                         {"evilacme.test", row("org_acme", "acme.test", identity.OwnershipTXT), false},
		"the domain itself":                            {"acme.test", row("org_acme", "acme.test", identity.OwnershipTXT), false},
		"T-ORG-04 with a public suffix in between":     {"victim.s3.amazonaws.com", row("org_acme", "amazonaws.com", identity.OwnershipTXT), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := policy.OwnedAbove(identity.OrganizationDomain{OrganizationID: "org_acme", Name: tt.domain}, []identity.OrganizationDomain{tt.above})
			if (got != nil) != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
