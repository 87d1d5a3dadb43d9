package policy

import (
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
)

// ImpersonateFacts is what Impersonate looks at.
type ImpersonateFacts struct {
	Now   time.Time
	Actor string        // who acts: a user's id, or what the customer's server calls its people
	User  identity.User // whom the actor is to act as

	// Sessions are those of the browser in which it begins.
	Sessions []identity.Session
}

// Impersonate decides whether somebody may act as a user. It is asked when a
// ticket for it is made, and again when it is used.
func Impersonate(f ImpersonateFacts) Decision {
	var t Trace
	if !t.note("actor_named", f.Actor != "", f.Actor) {
		return deny(t, fault.New(fault.FormParamMissing, "param_name", "actor.sub"))
	}
	if !t.note("somebody_else", f.Actor != string(f.User.ID), f.Actor) {
		return deny(t, fault.New(fault.FormParamValueInvalid, "param_name", "actor.sub"))
	}
	nested := slices.ContainsFunc(f.Sessions, func(s identity.Session) bool { return s.Live(f.Now) && s.Impersonated() })
	if !t.note("not_nested", !nested, string(f.User.ID)) {
		return deny(t, fault.New(fault.SessionCreationNotAllowed))
	}
	if !t.note("user_not_banned", !f.User.Banned, string(f.User.ID)) {
		return deny(t, fault.New(fault.UserBanned))
	}
	if !t.note("user_not_deactivated", f.User.DeactivatedAt.IsZero(), string(f.User.ID)) {
		return deny(t, fault.New(fault.UserDeactivated))
	}
	return Decision{Trace: t}
}
