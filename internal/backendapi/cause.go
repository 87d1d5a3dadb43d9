package backendapi

import (
	"net/http"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/signin"
)

// maxSaw is how long a text of a provider's page may be, in bytes. Ours.
const maxSaw = 16 << 10

func attemptID(r *http.Request) (identity.AttemptID, error) {
	id, err := identity.ParseID[identity.AttemptID](r.PathValue("attempt_id"))
	if err != nil {
		return "", fault.New(fault.SSOAttemptNotFound).Because(err)
	}
	return id, nil
}

// handleAttemptCauses ranks the causes of an attempt again, with the text that the
// person saw at the provider. Nothing is kept.
func (a *API) handleAttemptCauses(w http.ResponseWriter, r *http.Request) error {
	id, err := attemptID(r)
	if err != nil {
		return err
	}
	var b struct {
		Text string `json:"text"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := textFits(b.Text); err != nil {
		return err
	}
	d, err := a.SignIn.Diagnose(r.Context(), id, b.Text)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, signin.ReportDiagnosis(d))
}

func textFits(text string) error {
	if len(text) > maxSaw {
		return fault.New(fault.FormParamMaxLength, "param_name", "text", "max_length", maxSaw)
	}
	return nil
}

// handleCauses says what a text of a provider's page means.
func (a *API) handleCauses(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Text         string `json:"text"`
		ConnectionID string `json:"enterprise_connection_id"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(required("text", b.Text), textFits(b.Text)); err != nil {
		return err
	}
	found, err := a.SignIn.DiagnoseText(r.Context(), identity.ConnectionID(b.ConnectionID), b.Text)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{signin.ReportCauses(found), len(found)})
}

// handleReplayAttempt judges an attempt's evidence again.
func (a *API) handleReplayAttempt(w http.ResponseWriter, r *http.Request) error {
	id, err := attemptID(r)
	if err != nil {
		return err
	}
	var b struct {
		RevisionID string `json:"revision_id"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	replay, err := a.SignIn.Replay(r.Context(), id, signin.Against{Revision: identity.RevisionID(b.RevisionID)})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, signin.ReportReplay(replay))
}

// whatIfBody asks what a change would mean for the members of an organization.
type whatIfBody struct {
	OrganizationID  string   `json:"organization_id"`
	ConnectionID    string   `json:"enterprise_connection_id"`
	RevisionID      string   `json:"revision_id"`
	Domains         []string `json:"domains"`
	Active          *bool    `json:"active"`
	Authenticatable *bool    `json:"authenticatable"`
	LockedOutOnly   bool     `json:"locked_out_only"`
	After           string   `json:"after"`
	Limit           int      `json:"limit"`
}

func (b whatIfBody) question() (signin.WhatIf, error) {
	q := signin.WhatIf{
		Organization: identity.OrgID(b.OrganizationID), After: identity.UserID(b.After), Limit: b.Limit,
		Proposal: signin.Proposal{
			Connection: identity.ConnectionID(b.ConnectionID), Revision: identity.RevisionID(b.RevisionID),
			Active: b.Active, Authenticatable: b.Authenticatable,
		},
	}
	if err := required("organization_id", b.OrganizationID); err != nil {
		return q, err
	}
	if b.Limit < 0 || b.Limit > 500 {
		return q, fault.New(fault.FormParamValueInvalid, "param_name", "limit")
	}
	changes := b.RevisionID != "" || b.Domains != nil || b.Active != nil || b.Authenticatable != nil
	if changes && b.ConnectionID == "" {
		return q, fault.New(fault.FormParamMissing, "param_name", "enterprise_connection_id")
	}
	if len(b.Domains) > httpio.MaxList {
		return q, fault.New(fault.FormParamArraySize, "param_name", "domains", "max_items", httpio.MaxList)
	}
	for _, name := range b.Domains {
		d, err := identity.ParseDomain(name)
		if err != nil {
			return q, err
		}
		q.Proposal.Domains = append(q.Proposal.Domains, d)
	}
	return q, nil
}

// handleWhatIf says how a page of members comes in now, and would with the change.
func (a *API) handleWhatIf(w http.ResponseWriter, r *http.Request) error {
	var b whatIfBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	q, err := b.question()
	if err != nil {
		return err
	}
	page, err := a.SignIn.WhatIf(r.Context(), q)
	if err != nil {
		return err
	}
	var only func(signin.MemberOutcome) bool
	if b.LockedOutOnly {
		only = signin.MemberOutcome.LockedOut
	}
	return httpio.WriteJSON(w, http.StatusOK, signin.ReportWhatIf(q, page, only))
}

// factsBack is for how long facts are asked for: "hours", a day without it.
func factsBack(r *http.Request) (time.Duration, error) {
	q, err := query(r, "hours")
	if err != nil {
		return 0, err
	}
	hours, _, err := q.Int("hours", 1, maxFactsHours)
	return time.Duration(hours) * time.Hour, err
}
