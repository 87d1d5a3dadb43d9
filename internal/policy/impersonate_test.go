package policy_test

import (
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestImpersonate(t *testing.T) { // threat T-SES-17
	t.Parallel()
	now := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	live := identity.Session{Status: identity.SessionActive, ExpireAt: now.Add(1), AbandonAt: now.Add(1)}
	acting := live
	acting.Actor = identity.Metadata{"sub": "user_op"}
	over := acting
	over.Status = identity.SessionEnded
	const all = "actor_named somebody_else not_nested user_not_banned user_not_deactivated"
	for name, test := range map[string]struct {
		given func(*policy.ImpersonateFacts)
		code  fault.Code
		trace string
	}{
		"somebody acts as another person":                     {func(*policy.ImpersonateFacts) {}, "", all},
		"beside the actor's own session":                      {func(f *policy.ImpersonateFacts) { f.Sessions = []identity.Session{live} }, "", all},
		"after another impersonation has ended":               {func(f *policy.ImpersonateFacts) { f.Sessions = []identity.Session{over} }, "", all},
		"not within another impersonation":                    {func(f *policy.ImpersonateFacts) { f.Sessions = []identity.Session{live, acting} }, fault.SessionCreationNotAllowed, "actor_named somebody_else not_nested"},
		"not by nobody":                                       {func(f *policy.ImpersonateFacts) { f.Actor = "" }, fault.FormParamMissing, "actor_named"},
		"not as oneself":                                      {func(f *policy.ImpersonateFacts) { f.Actor = "user_ada" }, fault.FormParamValueInvalid, "actor_named somebody_else"},
		"not as a banned person":                              {func(f *policy.ImpersonateFacts) { f.User.Banned = true }, fault.UserBanned, "actor_named somebody_else not_nested user_not_banned"},
		"not as a person whom the directory has switched off": {func(f *policy.ImpersonateFacts) { f.User.DeactivatedAt = now }, fault.UserDeactivated, all},
		"a lock against wrong passwords is no matter":         {func(f *policy.ImpersonateFacts) { f.User.LockedUntil = now.Add(time.Hour) }, "", all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := policy.ImpersonateFacts{Now: now, Actor: "user_op", User: identity.User{ID: "user_ada"}}
			test.given(&f)
			d := policy.Impersonate(f)
			if (test.code == "") != (d.Denied == nil) || d.Denied != nil && !fault.Is(d.Denied, test.code) {
				t.Errorf("got %v, want %q", d.Denied, test.code)
			}
			if d.Trace.String() != test.trace {
				t.Errorf("trace %q, want %q", d.Trace, test.trace)
			}
		})
	}
}
