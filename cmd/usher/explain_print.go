package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"usher/internal/identity"
	"usher/internal/signin"
)

// row writes a line of facts; nothing where there is no fact.
func row(out io.Writer, name, value string) {
	if value != "" {
		fmt.Fprintf(out, "  %-13s %s\n", name, clean(value))
	}
}

// named is a thing with its name, if it has one.
func named(name, id string) string {
	if name == "" || id == "" {
		return id
	}
	return name + " (" + id + ")"
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms) }

func optionalMillis(ms *int64) string {
	if ms == nil {
		return ""
	}
	return stamp(fromMillis(*ms))
}

// writeAttempt tells the story of an attempt.
func writeAttempt(out io.Writer, p paint, r signin.AttemptReport) {
	fmt.Fprintf(out, "%s  %s\n\n", p.bold(clean(r.ID)), attemptInWords(p, r))
	row(out, "Connection", cmp.Or(named(r.ConnectionName, r.ConnectionID), "deleted"))
	row(out, "Revision", r.RevisionID)
	row(out, "Organization", named(r.Organization, r.OrganizationID))
	row(out, "Begun", startedBy(r))
	row(out, "Came back", optionalMillis(r.ReturnedAt))
	row(out, "Finished", optionalMillis(r.FinishedAt))
	row(out, "Typed", r.TypedEmail)
	row(out, "Vouched for", r.Email)
	row(out, "User", r.UserID)
	row(out, "Session", r.SessionID)
	row(out, "In the logs", r.TraceID)
	if len(r.Steps) > 0 {
		fmt.Fprintln(out, "\nWhat happened")
	}
	for _, s := range r.Steps {
		fmt.Fprintf(out, "  %s %s  %s  %s\n", p.dim(after(s.At-r.StartedAt)), p.mark(s.Passed), clean(cmp.Or(s.Plain, s.Name)), p.dim(clean(s.Name)))
		if !s.Passed {
			writeComparison(out, comparison{s.Expected, s.Received, s.Fix})
		}
	}
	writeTrace(out, p, "Decision", r.Trace)
	if r.Refusal != nil {
		fmt.Fprintln(out)
		writeRefusal(out, p, "", *r.Refusal)
	}
	writeCauses(out, p, r.Causes)
}

// after is how long after the start something happened.
func after(ms int64) string {
	return fmt.Sprintf("%9s", fmt.Sprintf("+%.3fs", float64(ms)/1000))
}

func startedBy(r signin.AttemptReport) string {
	at := stamp(fromMillis(r.StartedAt))
	switch {
	case r.IDPInitiated:
		return at + ", at the identity provider"
	case r.Kind == string(identity.AttemptLink):
		return at + ", here, to connect an account to the user's own"
	case r.Kind == string(identity.AttemptPresence):
		return at + ", by this server, to learn whether the person is still there"
	}
	return at + ", here"
}

func attemptInWords(p paint, r signin.AttemptReport) string {
	switch r.State {
	case string(identity.AttemptComplete):
		switch identity.AttemptKind(r.Kind) {
		case identity.AttemptLink:
			return p.green("connected")
		case identity.AttemptPresence:
			return p.green("still there")
		case identity.AttemptTest:
			return p.green("would succeed")
		case identity.AttemptSignIn:
		}
		return p.green("signed in")
	case string(identity.AttemptRefused):
		if r.Refusal != nil {
			return p.red("refused") + ": " + clean(r.Refusal.Code)
		}
		return p.red("refused")
	case string(identity.AttemptStarted):
		return "under way: sent to the identity provider, not back yet"
	case string(identity.AttemptAdmitted):
		return "accepted; the browser has not come to pick the session up"
	case "never_returned":
		return p.red("started and never came back") + ": the identity provider sent nobody back in time"
	}
	return clean(r.State)
}

func writeTrace(out io.Writer, p paint, title string, trace []identity.Rule) {
	if len(trace) > 0 {
		fmt.Fprintf(out, "\n%s\n", title)
	}
	writeRules(out, p, "  ", trace)
}

func writeRules(out io.Writer, p paint, indent string, trace []identity.Rule) {
	for _, rule := range trace {
		fmt.Fprintf(out, "%s%s %-24s %s\n", indent, p.mark(rule.Passed), clean(rule.Name), p.dim(clean(rule.Detail)))
	}
}

// writeRefusal says why, and what to change.
func writeRefusal(out io.Writer, p paint, indent string, r signin.RefusalReport) {
	code := clean(r.Code)
	if r.Reason != "" {
		code += " (" + clean(r.Reason) + ")"
	}
	fmt.Fprintf(out, "%s%s %s\n", indent, p.red("Refused:"), code)
	for _, text := range []string{cmp.Or(r.LongMessage, r.Message), r.Fix} {
		for _, line := range wrap(clean(text), textWidth) {
			if line != "" {
				fmt.Fprintf(out, "%s  %s\n", indent, line)
			}
		}
	}
}

// writeSimulation says what would happen to the owner of an address.
func writeSimulation(out io.Writer, p paint, r signin.SimulationReport) {
	fmt.Fprintf(out, "%s  %s\n\n", p.bold(clean(r.Email)), routeInWords(r))
	row(out, "User today", cmp.Or(r.UserID, "nobody"))
	row(out, "First factors", strings.Join(r.Factors, ", "))
	writeTrace(out, p, "Which connection", r.Trace)
	for _, o := range r.Outcomes {
		fmt.Fprintf(out, "\n%s\n", p.bold(clean(named(o.ConnectionName, o.ConnectionID))))
		row(out, "Organization", named(o.Organization, o.OrganizationID))
		row(out, "Outcome", resultInWords(o))
		row(out, "User", o.UserID)
		row(out, "Membership", membershipInWords(o))
		writeRules(out, p, "    ", o.Trace)
		if o.Refusal != nil {
			writeRefusal(out, p, "  ", *o.Refusal)
		}
	}
	if len(r.Outcomes) > 0 {
		fmt.Fprintln(out, "\nAssumed: the provider vouches for this very address, and for the same person as last time.")
	}
}

func routeInWords(r signin.SimulationReport) string {
	switch r.Route {
	case signin.StrategySSO:
		return "is sent to the identity provider"
	case "choose":
		return fmt.Sprintf("is asked which of %d connections to use", len(r.Outcomes))
	case "first_factor":
		return "signs in here: no connection serves the address"
	}
	return clean(r.Route)
}

func resultInWords(o signin.OutcomeReport) string {
	switch o.Result {
	case "create":
		return "a user is created"
	case "link":
		return "the user is linked to the connection"
	case "sign_in":
		return "the known user signs in"
	case "refuse":
		return "refused"
	}
	return o.Result
}

func membershipInWords(o signin.OutcomeReport) string {
	switch {
	case o.Result == "refuse" || o.OrganizationID == "":
		return ""
	case o.Joins:
		return "joins as " + o.Role
	}
	return "stays as it is"
}
