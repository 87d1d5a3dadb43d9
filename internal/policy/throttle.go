package policy

import (
	"math"
	"strconv"
	"time"

	"usher/internal/fault"
)

// Limits of guessing and of mailing (threats T-DOS-12 and T-DOS-13). The lock is
// Clerk's default; the wait between two mails is Clerk's; the others are ours.
const (
	MaxWrongTries = 10               // within LockTime, until the source is locked out
	LockTime      = time.Hour        // from the last wrong try
	MailWait      = 30 * time.Second // between two mails to an address
	MailsTo       = 5                // an hour, to an address
	MailsFrom     = 20               // an hour, asked for by a source
)

// TryFacts is what Try looks at.
type TryFacts struct {
	Now time.Time

	// Wrong are the last tries that failed with an address from a source, the
	// newest first, MaxWrongTries of them at most; none since one succeeded.
	Wrong []time.Time
}

// Try decides whether a password or a code may be tried with an address. It is
// asked about one source of tries alone, so that a stranger elsewhere cannot
// lock anybody out.
func Try(f TryFacts) Decision {
	var t Trace
	locked := false
	if n := len(f.Wrong); n >= MaxWrongTries {
		last := f.Wrong[0]
		locked = last.Sub(f.Wrong[MaxWrongTries-1]) < LockTime && f.Now.Before(last.Add(LockTime))
	}
	if !t.note("source_not_locked", !locked, strconv.Itoa(len(f.Wrong))+" wrong") {
		return deny(t, fault.New(fault.UserLocked))
	}
	return Decision{Trace: t}
}

// MailFacts is what Mail looks at: when mails were sent, the newest first.
type MailFacts struct {
	Now  time.Time
	To   []time.Time // the last MailsTo to the address
	From []time.Time // the last MailsFrom that the source asked for
}

// Mail decides whether another code may be mailed. Its refusal says in how many
// seconds one may.
func Mail(f MailFacts) Decision {
	var t Trace
	for _, rule := range []struct {
		name string
		sent []time.Time
		most int
		span time.Duration
	}{
		{"mail_wait_over", f.To, 1, MailWait},
		{"mails_to_address", f.To, MailsTo, time.Hour},
		{"mails_from_source", f.From, MailsFrom, time.Hour},
	} {
		wait := time.Duration(0)
		if len(rule.sent) >= rule.most {
			wait = rule.sent[rule.most-1].Add(rule.span).Sub(f.Now)
		}
		if !t.note(rule.name, wait <= 0, strconv.Itoa(rule.most)+" in "+rule.span.String()) {
			return deny(t, fault.New(fault.VerificationCodeTooMany, "resets_in", int(math.Ceil(wait.Seconds()))))
		}
	}
	return Decision{Trace: t}
}

// CallKind names calls of the Backend API of which there may be only so many an
// hour, over all nodes.
type CallKind string

// The kinds, as counters are named after them.
const (
	CallInvite                   CallKind = "invitations"
	CallInviteBulk               CallKind = "invitations_bulk"
	CallInviteToOrganization     CallKind = "organization_invitations"
	CallInviteToOrganizationBulk CallKind = "organization_invitations_bulk"
)

// Most is how many calls of the kind there may be in an hour: Clerk's (behaviour 7.A).
func (k CallKind) Most() int {
	switch k {
	case CallInvite:
		return 100
	case CallInviteBulk:
		return 25
	case CallInviteToOrganization:
		return 250
	case CallInviteToOrganizationBulk:
		return 50
	}
	return 0
}

// CallFacts is what Call looks at.
type CallFacts struct {
	Now   time.Time
	Kind  CallKind
	Calls []time.Time // the last of the kind, the newest first; Most of them are enough
}

// Call decides whether there may be another call of a kind. Its refusal says in how
// many seconds there may.
func Call(f CallFacts) Decision {
	var t Trace
	most := f.Kind.Most()
	wait := time.Duration(0)
	if len(f.Calls) >= most && most > 0 {
		wait = f.Calls[most-1].Add(time.Hour).Sub(f.Now)
	}
	if !t.note("calls_this_hour", wait <= 0, strconv.Itoa(most)+" "+string(f.Kind)) {
		return deny(t, fault.New(fault.TooManyRequests, "resets_in", int(math.Ceil(wait.Seconds()))))
	}
	return Decision{Trace: t}
}
