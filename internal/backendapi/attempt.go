package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
)

func (a *API) handleAttempts(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "enterprise_connection_id", "organization_id", "state", "email_address", "code")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	connection, connectionErr := q.Text("enterprise_connection_id")
	org, orgErr := q.Text("organization_id")
	state, stateErr := q.Text("state")
	email, emailErr := q.Text("email_address")
	code, codeErr := q.Text("code")
	if err := fault.Join(pageErr, connectionErr, orgErr, stateErr, emailErr, codeErr); err != nil {
		return err
	}
	f := signin.AttemptFilter{
		ConnectionID: identity.ConnectionID(connection), OrganizationID: identity.OrgID(org),
		State: identity.AttemptState(state), Code: code,
	}
	if email != "" {
		if f.Email, err = identity.ParseEmail(email); err != nil {
			return err
		}
	}
	items, total, err := a.SignIn.Attempts(r.Context(), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, signin.ReportAttempt), total})
}

func (a *API) handleAttempt(w http.ResponseWriter, r *http.Request) error {
	id, err := attemptID(r)
	if err != nil {
		return err
	}
	d, err := a.SignIn.Diagnose(r.Context(), id, "")
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, signin.ReportDiagnosis(d))
}

func (a *API) handleSimulate(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		EmailAddress string `json:"email_address"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("email_address", b.EmailAddress); err != nil {
		return err
	}
	sim, err := a.SignIn.Simulate(r.Context(), b.EmailAddress)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, signin.ReportSimulation(sim))
}
