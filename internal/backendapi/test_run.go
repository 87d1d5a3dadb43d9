package backendapi

import (
	"net/http"
	"strings"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
)

type wireTestRun struct {
	ID             string        `json:"id"`
	Status         string        `json:"status"`
	ConnectionType string        `json:"connection_type"`
	UserInfo       *wireUserInfo `json:"parsed_user_info"`
	Logs           []wireLog     `json:"logs"`
	SAML           *wireSAMLRun  `json:"saml"`
	OAuth          *wireOAuthRun `json:"oauth"`
	CreatedAt      int64         `json:"created_at"`
}

type wireUserInfo struct {
	EmailAddress string `json:"email_address,omitempty"`
	FirstName    string `json:"first_name,omitempty"`
	LastName     string `json:"last_name,omitempty"`
	UserID       string `json:"user_id,omitempty"`
}

type wireLog struct {
	Level        string `json:"level"` // "info", "warning" or "error"
	Code         string `json:"code,omitempty"`
	ShortMessage string `json:"short_message,omitempty"`
	Message      string `json:"message"`
}

// wireSAMLRun is what went and came. What proves a response is taken out of it, and
// the RelayState is kept as a hash only.
type wireSAMLRun struct {
	Request  string `json:"saml_request,omitempty"`
	Response string `json:"saml_response,omitempty"`
}

// wireOAuthRun is what came. The ID token has no signature, and the access token is
// kept by nobody.
type wireOAuthRun struct {
	IDToken     string `json:"id_token,omitempty"`
	AccessToken string `json:"access_token,omitempty"`
	UserInfo    string `json:"user_info,omitempty"`
}

func wireTestRunOf(v signin.TestRunView) wireTestRun {
	w := wireTestRun{
		ID: string(v.Run.ID), Status: string(v.Status), ConnectionType: "oauth", Logs: wireLogs(v), CreatedAt: millis(v.Run.CreatedAt),
	}
	if c := v.Claims; c != (signin.SeenClaims{}) {
		w.UserInfo = &wireUserInfo{c.EmailAddress, c.FirstName, c.LastName, c.UserID}
	}
	if v.Connection.Provider.IsSAML() {
		w.ConnectionType, w.SAML = "saml", &wireSAMLRun{v.Request, v.Response}
		return w
	}
	w.OAuth = &wireOAuthRun{IDToken: v.IDToken, UserInfo: v.UserInfo}
	if v.IDToken != "" || v.UserInfo != "" {
		w.OAuth.AccessToken = "redacted"
	}
	return w
}

// wireLogs are the steps of a run, and what ended it.
func wireLogs(v signin.TestRunView) []wireLog {
	list := []wireLog{}
	for _, s := range v.Attempt.Steps {
		l := wireLog{Level: "info", Code: s.Name, ShortMessage: s.Plain, Message: sentences(s.Plain, s.Fix)}
		switch {
		case s.Name == "warning":
			l.Level = "warning"
		case !s.Passed:
			l.Level = "error"
		}
		if s.Expected != "" || s.Received != "" {
			l.Message = sentences(s.Plain, "Expected: "+s.Expected+".", "Received: "+s.Received+".", s.Fix)
		}
		if l.Message == "" {
			l.Message = s.Name
		}
		list = append(list, l)
	}
	if e := v.Refusal; e != nil {
		list = append(list, wireLog{"error", string(e.Code()), e.Message(), sentences(e.LongMessage(), e.Fix())})
	}
	return list
}

// sentences joins what there is.
func sentences(list ...string) string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

func (a *API) handleTestRuns(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	q, err := query(r, "status")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	read := filterReader{q: q}
	f := signin.TestRunFilter{ConnectionID: id, Statuses: texts[signin.TestRunStatus](read.list("status"))}
	if err := fault.Join(append(read.errs, pageErr)...); err != nil {
		return err
	}
	items, total, err := a.SignIn.TestRuns(r.Context(), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireTestRunOf), total})
}

// handleCreateTestRun makes the link to a test run: behaviour 1.118. The target is
// ours.
func (a *API) handleCreateTestRun(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	var b struct {
		Target string `json:"target"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	link, err := a.SignIn.BeginTestRun(r.Context(), id, signin.TestRunTarget(b.Target))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, map[string]string{"url": link.URL})
}

// wireTestReport is a test run with all that was found.
type wireTestReport struct {
	Object     string `json:"object"`
	RevisionID string `json:"revision_id"`
	Draft      bool   `json:"draft"`
	wireTestRun
	Mapped  []signin.SeenMapping   `json:"mapped_attributes"`
	Others  []signin.SeenAttribute `json:"other_attributes"`
	Outcome signin.TestOutcome     `json:"outcome"`
	Trace   []identity.Rule        `json:"trace"`
	Attempt string                 `json:"sso_attempt_id"`
	By      wireMaker              `json:"created_by"`
}

// handleTestRun reads one test run, with more than the list has. Ours.
func (a *API) handleTestRun(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	run, err := identity.ParseID[identity.TestRunID](r.PathValue("test_run_id"))
	if err != nil {
		return fault.New(fault.NotFound, "resource", "test run").Because(err)
	}
	v, err := a.SignIn.TestRun(r.Context(), id, run)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireTestReport{
		Object: "enterprise_connection_test_run", RevisionID: string(v.Run.RevisionID), Draft: v.Run.Draft, wireTestRun: wireTestRunOf(v),
		Mapped: append([]signin.SeenMapping{}, v.Mapped...), Others: append([]signin.SeenAttribute{}, v.Others...),
		Outcome: v.Outcome, Trace: append([]identity.Rule{}, v.Attempt.Trace...), Attempt: string(v.Attempt.ID), By: wireMakerOf(v.Run.By),
	})
}
