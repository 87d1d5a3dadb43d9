package signin

import (
	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
)

// CauseReport is a cause of an attempt's end, and what to do about it.
type CauseReport struct {
	Cause      string `json:"cause"`      // stable
	Confidence string `json:"confidence"` // "certain", "likely" or "possible"
	Message    string `json:"message"`
	Because    string `json:"because"` // the facts that speak for it
	Console    string `json:"console"` // "okta", "entra", "google" or "other": whose words the fix is in
	Fix        string `json:"fix"`
}

// ReportCauses makes the reports of findings.
func ReportCauses(found []cause.Finding) []CauseReport {
	list := []CauseReport{}
	for _, f := range found {
		list = append(list, CauseReport{
			string(f.Cause.Name), string(f.Confidence), f.Cause.Says, f.Because, string(f.Console), f.Fix,
		})
	}
	return list
}

// ReportDiagnosis makes the report of an attempt with its causes.
func ReportDiagnosis(d Diagnosis) AttemptReport {
	r := ReportAttempt(d.Explanation)
	r.Causes = ReportCauses(d.Findings)
	return r
}

// ReplayReport is an attempt beside what its answer leads to now.
type ReplayReport struct {
	Object     string        `json:"object"`
	Attempt    AttemptReport `json:"attempt"`     // as it was
	RevisionID string        `json:"revision_id"` // that judged it again; empty for settings that are not kept
	JudgedAt   int64         `json:"judged_at"`   // what the clock showed, as at receipt
	Changed    bool          `json:"changed"`     // whether the verdict is another one
	Verdict    VerdictReport `json:"verdict"`
}

// VerdictReport is what an answer leads to.
type VerdictReport struct {
	Result  string          `json:"result"` // "create", "link", "sign_in", "refuse", or "accept" where policy was not asked
	Email   string          `json:"email_address,omitempty"`
	UserID  string          `json:"user_id,omitempty"`
	Joins   bool            `json:"joins_organization"`
	Role    string          `json:"role,omitempty"` // with Joins
	Refusal *RefusalReport  `json:"refusal"`
	Causes  []CauseReport   `json:"causes"`
	Steps   []StepReport    `json:"steps"`
	Trace   []identity.Rule `json:"trace"`
}

// ReportReplay makes the report of a replay.
func ReportReplay(r Replay) ReplayReport {
	v := VerdictReport{
		Email: string(r.Now.Email), UserID: string(r.Now.Decision.Plan.User), Causes: ReportCauses(r.Now.Findings),
		Steps: reportSteps(r.Now.Checks), Trace: append([]identity.Rule{}, r.Now.Decision.Trace...),
	}
	if j := r.Now.Decision.Plan.Join; j != nil {
		v.Joins, v.Role = true, string(j.Role)
	}
	switch {
	case r.Now.Refused != nil:
		v.Result = "refuse"
		refusal := reportRefusal(fault.From(r.Now.Refused))
		v.Refusal = &refusal
	case !r.Now.Asked:
		v.Result = "accept"
	default:
		v.Result = result(r.Now.Decision)
	}
	return ReplayReport{
		Object: "sso_replay", Attempt: ReportDiagnosis(r.Was), RevisionID: string(r.Revision), JudgedAt: r.At.UnixMilli(),
		Changed: r.Changed(), Verdict: v,
	}
}

// Changed reports whether the verdict is another than it was: accepted for refused,
// the reverse, or refused for another reason.
func (r Replay) Changed() bool {
	was := r.Was.Refusal
	if was == nil || r.Now.Refused == nil {
		return (was == nil) != (r.Now.Refused == nil)
	}
	is := fault.From(r.Now.Refused)
	return was.Code() != is.Code() || was.Details()["reason"] != is.Details()["reason"]
}

// WhatIfReport says how a page of members would come in.
type WhatIfReport struct {
	Object         string         `json:"object"`
	OrganizationID string         `json:"organization_id"`
	Members        []MemberReport `json:"members"`
	Judged         int            `json:"judged"`     // members of the page, listed or not
	LockedOut      int            `json:"locked_out"` // of them
	Next           string         `json:"next"`       // for after; empty: there are no more
}

// MemberReport is how a member comes in now, and would with the change.
type MemberReport struct {
	UserID    string    `json:"user_id"`
	Email     string    `json:"email_address,omitempty"`
	LockedOut bool      `json:"locked_out"` // can come in now, and could not with the change
	Now       WayReport `json:"now"`
	Then      WayReport `json:"then"`
}

// WayReport is how a person comes in, or why she does not.
type WayReport struct {
	In           bool           `json:"in"`
	Route        string         `json:"route"` // "enterprise_sso", "choose", "first_factor" or "no_address"
	Email        string         `json:"email_address,omitempty"`
	ConnectionID string         `json:"enterprise_connection_id,omitempty"`
	Result       string         `json:"result,omitempty"` // at a connection: "create", "link", "sign_in" or "refuse"
	Refusal      *RefusalReport `json:"refusal"`
}

// ReportWhatIf makes the report of a page; of those who would be locked out alone, if
// asked.
func ReportWhatIf(q WhatIf, page WhatIfPage, only func(MemberOutcome) bool) WhatIfReport {
	r := WhatIfReport{
		Object: "sso_organization_simulation", OrganizationID: string(q.Organization), Members: []MemberReport{},
		Judged: len(page.Members), Next: string(page.Next),
	}
	for _, m := range page.Members {
		if m.LockedOut() {
			r.LockedOut++
		}
		if only != nil && !only(m) {
			continue
		}
		r.Members = append(r.Members, MemberReport{
			UserID: string(m.User.ID), Email: string(m.Email), LockedOut: m.LockedOut(), Now: reportWay(m.Now), Then: reportWay(m.Then),
		})
	}
	return r
}

func reportWay(w Way) WayReport {
	r := WayReport{In: w.In, Route: w.Route, Email: string(w.Email), ConnectionID: string(w.Connection.ID)}
	if w.Connection.ID != "" {
		r.Result = result(w.Decision)
	}
	if w.Refused != nil {
		refusal := reportRefusal(fault.From(w.Refused))
		r.Refusal = &refusal
	}
	return r
}
