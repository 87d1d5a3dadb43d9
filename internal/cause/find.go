package cause

import (
	"fmt"
	"slices"

	"usher/internal/fault"
	"usher/internal/identity"
)

// Find ranks the causes of an attempt, the likeliest first. It is empty for an
// attempt at which nothing went wrong, or that is still under way.
func Find(f Facts) []Finding {
	x := &finder{Facts: f, console: ConsoleOf(f.Connection)}
	if f.Text != "" {
		x.text(f.Text, Certain)
	}
	switch {
	case f.Attempt.State == identity.AttemptRefused:
		x.refused()
	case f.Overdue:
		x.lost()
	}
	x.warnings()
	return x.found
}

// finder collects findings, in order.
type finder struct {
	Facts
	console Console
	found   []Finding
}

// note adds a cause, unless it was found already.
func (x *finder) note(n Name, c Confidence, because string, args ...any) {
	if slices.ContainsFunc(x.found, func(f Finding) bool { return f.Cause.Name == n }) {
		return
	}
	if len(args) > 0 {
		because = fmt.Sprintf(because, args...)
	}
	known, ok := Lookup(n)
	if !ok {
		return
	}
	x.found = append(x.found, Finding{Cause: known, Confidence: c, Because: because, Console: x.console, Fix: known.Fix(x.console)})
}

// detail is a text of the refusal's details: reason, expected, received.
func (x *finder) detail(name string) string {
	s, _ := x.Attempt.Detail[name].(string)
	return s
}

// failed is the step that failed; zero if none did.
func (x *finder) failed() identity.Step {
	for _, s := range x.Attempt.Steps {
		if !s.Passed {
			return s
		}
	}
	return identity.Step{}
}

func (x *finder) refused() {
	switch fault.Code(x.Attempt.Code) {
	case fault.SAMLResponseInvalid:
		x.saml(x.detail("reason"))
	case fault.SAMLResponseRelayStateMissing:
		x.relayStateMissing()
	case fault.OAuthAccessDenied, fault.OAuthCallbackInvalid:
		x.answer(x.detail("reason"))
	case fault.OAuthTokenExchangeError:
		x.tokens(x.detail("reason"))
	case fault.OAuthFetchUserError:
		x.userInfo(x.detail("reason"))
	default:
		x.policy()
	}
}

// warnings are what a sign-in told of though it may have succeeded.
func (x *finder) warnings() {
	for _, c := range x.Trusted {
		at := x.Attempt.StartedAt
		if !x.Attempt.ReturnedAt.IsZero() && x.Attempt.SessionID != "" && at.After(c.NotAfter) && len(x.Trusted) == 1 {
			x.note(CertificateExpired, Possible, "The only certificate on the connection ended at %s.", stamp(c.NotAfter))
		}
	}
	for _, a := range x.Seen.Attributes {
		if slices.Contains(overage, a.Name) {
			x.note(TooManyGroups, Likely, "The provider sent %q, a link in place of the groups.", a.Name)
		}
	}
}

// overage are the names by which Entra says that there are too many groups: the
// claim of SAML, and those of JWT.
var overage = []string{
	"http://schemas.microsoft.com/claims/groups.link",
	"_claim_names", "hasgroups",
}
