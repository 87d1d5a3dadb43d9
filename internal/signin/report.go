package signin

import (
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

// The reports below are what the Backend API and "usher explain --json" show:
// one shape for both. Times are Unix milliseconds.

// AttemptReport is an attempt as it is shown to administrators.
type AttemptReport struct {
	Object         string          `json:"object"`
	ID             string          `json:"id"`
	Kind           string          `json:"kind"`  // "sign_in", "link", "presence" or "test_run"
	State          string          `json:"state"` // "started", "never_returned", "admitted", "complete", "refused"
	IDPInitiated   bool            `json:"idp_initiated"`
	ConnectionID   string          `json:"enterprise_connection_id"`
	ConnectionName string          `json:"enterprise_connection_name"`
	RevisionID     string          `json:"revision_id"`
	OrganizationID string          `json:"organization_id,omitempty"`
	Organization   string          `json:"organization_name,omitempty"`
	TypedEmail     string          `json:"typed_email_address,omitempty"`
	Email          string          `json:"email_address,omitempty"`
	UserID         string          `json:"user_id,omitempty"`
	SessionID      string          `json:"session_id,omitempty"`
	Refusal        *RefusalReport  `json:"refusal"`
	Causes         []CauseReport   `json:"causes,omitempty"` // the likeliest first; of one attempt, not in lists
	Steps          []StepReport    `json:"steps"`
	Trace          []identity.Rule `json:"trace"`
	TraceID        string          `json:"clerk_trace_id,omitempty"`
	StartedAt      int64           `json:"started_at"`
	ReturnedAt     *int64          `json:"returned_at"`
	FinishedAt     *int64          `json:"finished_at"`
}

// RefusalReport says why, and what to change.
type RefusalReport struct {
	Code        string         `json:"code"`
	Reason      string         `json:"reason,omitempty"`
	Message     string         `json:"message"`
	LongMessage string         `json:"long_message"`
	Fix         string         `json:"fix,omitempty"`
	Meta        map[string]any `json:"meta,omitempty"`
	Detail      map[string]any `json:"detail,omitempty"`
}

// StepReport is a step of an attempt.
type StepReport struct {
	At       int64  `json:"at"`
	Name     string `json:"name"`
	Passed   bool   `json:"passed"`
	Expected string `json:"expected,omitempty"`
	Received string `json:"received,omitempty"`
	Plain    string `json:"plain,omitempty"`
	Fix      string `json:"fix,omitempty"`
}

// neverReturned is the state shown of an attempt that was started and is overdue.
const neverReturned = "never_returned"

// ReportAttempt makes the report of an attempt.
func ReportAttempt(e Explanation) AttemptReport {
	a := e.Attempt
	r := AttemptReport{
		Object:         "sso_attempt",
		ID:             string(a.ID),
		Kind:           string(a.Kind),
		State:          string(a.State),
		IDPInitiated:   a.IDPInitiated,
		ConnectionID:   string(a.ConnectionID),
		ConnectionName: e.Connection.Name,
		RevisionID:     string(a.RevisionID),
		OrganizationID: string(a.OrganizationID),
		Organization:   e.Organization.Name,
		TypedEmail:     string(a.TypedEmail),
		Email:          string(a.Email),
		UserID:         string(a.UserID),
		SessionID:      string(a.SessionID),
		Steps:          []StepReport{},
		Trace:          []identity.Rule{},
		TraceID:        a.TraceID,
		StartedAt:      a.StartedAt.UnixMilli(),
		ReturnedAt:     millisOrNull(a.ReturnedAt),
		FinishedAt:     millisOrNull(a.FinishedAt),
	}
	if e.Overdue {
		r.State = neverReturned
	}
	if e.Refusal != nil {
		report := reportRefusal(e.Refusal)
		r.Refusal = &report
	}
	r.Steps = append(r.Steps, reportSteps(a.Steps)...)
	r.Trace = append(r.Trace, a.Trace...)
	return r
}

func reportSteps(steps []identity.Step) []StepReport {
	list := []StepReport{}
	for _, s := range steps {
		list = append(list, StepReport{s.At.UnixMilli(), s.Name, s.Passed, s.Expected, s.Received, s.Plain, s.Fix})
	}
	return list
}

func reportRefusal(e *fault.Error) RefusalReport {
	return RefusalReport{
		Code: string(e.Code()), Reason: e.Reason(), Message: e.Message(), LongMessage: e.LongMessage(),
		Fix: e.Fix(), Meta: e.Meta(), Detail: e.Details(),
	}
}

func millisOrNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

// SimulationReport says what would happen if somebody signed in now.
type SimulationReport struct {
	Object   string          `json:"object"`
	Email    string          `json:"email_address"`
	Route    string          `json:"route"` // "enterprise_sso", "choose" or "first_factor"
	Factors  []string        `json:"first_factors,omitempty"`
	UserID   string          `json:"user_id,omitempty"` // who holds the address today
	Trace    []identity.Rule `json:"discovery"`
	Outcomes []OutcomeReport `json:"outcomes"`
}

// OutcomeReport says what one connection would lead to.
type OutcomeReport struct {
	ConnectionID   string          `json:"enterprise_connection_id"`
	ConnectionName string          `json:"enterprise_connection_name"`
	OrganizationID string          `json:"organization_id,omitempty"`
	Organization   string          `json:"organization_name,omitempty"`
	Result         string          `json:"result"` // "create", "link", "sign_in" or "refuse"
	UserID         string          `json:"user_id,omitempty"`
	Joins          bool            `json:"joins_organization"`
	Role           string          `json:"role,omitempty"` // with Joins
	Refusal        *RefusalReport  `json:"refusal"`
	Trace          []identity.Rule `json:"trace"`
}

// ReportSimulation makes the report of a simulation.
func ReportSimulation(s Simulation) SimulationReport {
	r := SimulationReport{
		Object: "sso_simulation", Email: string(s.Email), UserID: string(s.User.ID),
		Factors: s.Factors, Trace: s.Discovery.Trace, Outcomes: []OutcomeReport{},
	}
	switch len(s.Outcomes) {
	case 0:
		r.Route = "first_factor"
	case 1:
		r.Route = StrategySSO
	default:
		r.Route = "choose"
	}
	for _, o := range s.Outcomes {
		r.Outcomes = append(r.Outcomes, reportOutcome(o))
	}
	return r
}

func reportOutcome(o Outcome) OutcomeReport {
	p := o.Decision.Plan
	r := OutcomeReport{
		ConnectionID:   string(o.Connection.ID),
		ConnectionName: o.Connection.Name,
		OrganizationID: string(o.Connection.OrganizationID),
		Organization:   o.Organization.Name,
		Result:         result(o.Decision),
		UserID:         string(p.User),
		Trace:          o.Decision.Trace,
	}
	if p.Join != nil {
		r.Joins, r.Role = true, string(p.Join.Role)
	}
	if o.Decision.Denied != nil {
		report := reportRefusal(fault.From(o.Decision.Denied))
		r.Refusal = &report
	}
	return r
}

func result(d policy.Decision) string {
	switch {
	case d.Denied != nil:
		return "refuse"
	case d.Plan.CreateUser != nil:
		return "create"
	case d.Plan.Link != nil:
		return "link"
	}
	return "sign_in"
}
