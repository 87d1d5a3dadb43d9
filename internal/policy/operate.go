package policy

import (
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
)

// OperateFacts is what Operate looks at.
type OperateFacts struct {
	Now        time.Time
	Operators  identity.OrgID // the operators' organization; empty: there is none yet
	Session    identity.Session
	Membership *identity.Membership // of the session's user there; nil: no member
	Connection *identity.Connection // that the session came through; nil: another way, or it is gone

	// Within is how short ago the person must have signed in; zero: at any time of
	// the session.
	Within time.Duration
}

// Operate decides whether a session may run the deployment: see all of it, and
// change it. That takes a member of the operators' organization who signed in by
// the operators' own means. Another organization's provider vouches for its
// people there and not here (threat T-ID-17), and nobody acts as an operator
// (threat T-SES-17).
func Operate(f OperateFacts) Decision {
	var t Trace
	if !t.note("is_operator", f.Operators != "" && f.Membership != nil && f.Membership.OrganizationID == f.Operators, string(f.Session.UserID)) {
		return deny(t, fault.New(fault.OperatorRequired))
	}
	if !t.note("not_impersonated", !f.Session.Impersonated(), string(f.Session.ID)) {
		return deny(t, fault.New(fault.OperatorSignInRequired))
	}
	own := f.Session.ConnectionID == "" || f.Connection != nil && f.Connection.OrganizationID == f.Operators
	if !t.note("own_sign_in", own, string(f.Session.ConnectionID)) {
		return deny(t, fault.New(fault.OperatorSignInRequired))
	}
	if f.Within > 0 && !t.note("signed_in_recently", f.Now.Sub(f.Session.FirstFactorAt) < f.Within, f.Within.String()) {
		return deny(t, fault.New(fault.OperatorConfirmationRequired, "within_seconds", int(f.Within/time.Second)))
	}
	return Decision{Trace: t}
}
