package policy_test

import (
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/policy"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// every lists n times, the newest first, of which the newest is so long ago.
func every(gap time.Duration, n int, ago time.Duration) []time.Time {
	list := make([]time.Time, n)
	for i := range list {
		list[i] = noon.Add(-ago - time.Duration(i)*gap)
	}
	return list
}

// Threat T-DOS-12.
func TestTry(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		wrong  []time.Time
		locked bool
	}{
		"the first try":                          {},
		"after nine wrong ones":                  {every(time.Second, 9, 0), false},
		"after ten at once":                      {every(0, 10, 0), true},
		"after ten in an hour":                   {every(time.Hour/9-time.Second, 10, 0), true},
		"after ten in more than an hour":         {every(time.Hour/9+time.Second, 10, 0), false},
		"59 minutes after the tenth":             {every(time.Second, 10, 59*time.Minute), true},
		"an hour after the tenth":                {every(time.Second, 10, time.Hour), false},
		"where the clock has stepped back since": {every(time.Second, 10, -time.Minute), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Try(policy.TryFacts{Now: noon, Wrong: test.wrong})
			if fault.Is(d.Denied, fault.UserLocked) != test.locked || (d.Denied != nil) != test.locked || d.Trace.String() != "source_not_locked" {
				t.Errorf("got %v, %s, want locked: %v", d.Denied, d.Trace, test.locked)
			}
		})
	}
}

// Threat T-DOS-13.
func TestMail(t *testing.T) {
	t.Parallel()
	const all = "mail_wait_over mails_to_address mails_from_source"
	tests := map[string]struct {
		to, from []time.Time
		wait     int // seconds; 0: it may be sent
		trace    string
	}{
		"the first":                         {trace: all},
		"after 29 and a half seconds":       {to: every(0, 1, 29500*time.Millisecond), wait: 1, trace: "mail_wait_over"},
		"after 30 seconds":                  {to: every(0, 1, 30*time.Second), trace: all},
		"the fifth in an hour":              {to: every(time.Minute, 4, time.Minute), trace: all},
		"the sixth in an hour":              {to: every(time.Minute, 5, time.Minute), wait: 55 * 60, trace: "mail_wait_over mails_to_address"},
		"the sixth in more than an hour":    {to: every(15*time.Minute, 5, time.Minute), trace: all},
		"the twentieth of a source":         {from: every(time.Second, 19, 0), trace: all},
		"the twenty-first of a source":      {from: every(time.Second, 20, 0), wait: 3600 - 19, trace: all},
		"after an hour of a source's first": {from: every(time.Hour/19, 20, time.Second), trace: all},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Mail(policy.MailFacts{Now: noon, To: test.to, From: test.from})
			wait := 0
			if d.Denied != nil {
				e := fault.From(d.Denied)
				wait, _ = e.Meta()["resets_in"].(int)
				if e.Code() != fault.VerificationCodeTooMany || e.Status() != 429 {
					t.Errorf("refused with %v", e)
				}
			}
			if wait != test.wait || d.Trace.String() != test.trace {
				t.Errorf("got %d seconds, %s, want %d, %s", wait, d.Trace, test.wait, test.trace)
			}
		})
	}
}

// Behaviour 7.A.
func TestCall(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind  policy.CallKind
		calls []time.Time
		wait  int // seconds; 0: it may be made
	}{
		"the first":                            {kind: policy.CallInvite},
		"the hundredth invitation":             {policy.CallInvite, every(time.Second, 99, 0), 0},
		"the hundred and first":                {policy.CallInvite, every(time.Second, 100, 0), 3600 - 99},
		"an hour after the first of a hundred": {policy.CallInvite, every(time.Hour/99, 100, time.Second), 0},
		"the twenty-sixth list of invitations": {policy.CallInviteBulk, every(0, 25, time.Minute), 59 * 60},
		"the 250th to organizations":           {policy.CallInviteToOrganization, every(0, 249, 0), 0},
		"the 251st to organizations":           {policy.CallInviteToOrganization, every(0, 250, 0), 3600},
		"the fiftieth list to organizations":   {policy.CallInviteToOrganizationBulk, every(0, 49, 0), 0},
		"the 51st list to organizations":       {policy.CallInviteToOrganizationBulk, every(0, 50, 0), 3600},
		"where the clock has stepped back":     {policy.CallInviteBulk, every(0, 25, -time.Minute), 3660},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Call(policy.CallFacts{Now: noon, Kind: test.kind, Calls: test.calls})
			wait := 0
			if d.Denied != nil {
				e := fault.From(d.Denied)
				wait, _ = e.Meta()["resets_in"].(int)
				if e.Code() != fault.TooManyRequests {
					t.Errorf("refused with %v", e)
				}
			}
			if wait != test.wait || d.Trace.String() != "calls_this_hour" {
				t.Errorf("got %d s, %s, want %d s", wait, d.Trace, test.wait)
			}
		})
	}
}
