package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// draftOperations are about what is not live yet, what was, and what tries it. The
// drafts and revisions are ours.
func (a *API) draftOperations() map[string]httpio.Handler {
	const path = "/enterprise_connections/{enterprise_connection_id}"
	return map[string]httpio.Handler{
		"GET " + path + "/draft":                            a.handleDraft,
		"PATCH " + path + "/draft":                          a.handleEditDraft,
		"DELETE " + path + "/draft":                         a.handleDiscardDraft,
		"POST " + path + "/draft/promote":                   a.handlePromoteDraft,
		"GET " + path + "/revisions":                        a.handleRevisions,
		"POST " + path + "/revisions/{revision_id}/restore": a.handleRestoreRevision,
		"GET " + path + "/test_runs":                        a.handleTestRuns,
		"POST " + path + "/test_runs":                       a.handleCreateTestRun,
		"GET " + path + "/test_runs/{test_run_id}":          a.handleTestRun,
	}
}

type wireDraft struct {
	Object         string         `json:"object"`
	RevisionID     string         `json:"revision_id"`
	BaseRevisionID string         `json:"base_revision_id"`
	LiveRevisionID string         `json:"live_revision_id"`
	Promotable     bool           `json:"promotable"`
	Refusal        *wireRefusal   `json:"refusal"` // why it is not
	Connection     wireConnection `json:"enterprise_connection"`
	Changes        []wireChange   `json:"changes"`
	Findings       []wireFinding  `json:"findings"`
	Effects        []wireEffect   `json:"effects"`
	Proof          *wireProof     `json:"test_run"`
	CreatedBy      wireMaker      `json:"created_by"`
	UpdatedBy      wireMaker      `json:"updated_by"`
	CreatedAt      int64          `json:"created_at"`
	UpdatedAt      int64          `json:"updated_at"`
}

type wireRefusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type wireChange struct {
	Field  string `json:"field"`
	Live   any    `json:"live"`
	Draft  any    `json:"draft"`
	Secret bool   `json:"secret"`
}

type wireFinding struct {
	Code     string  `json:"code"`
	Severity string  `json:"severity"` // "error" or "warning"
	Field    *string `json:"field"`
	Message  string  `json:"message"`
	Fix      *string `json:"fix"`
}

// wireProof names the newest test run that ended well with a configuration.
type wireProof struct {
	ID string `json:"id"`
	At int64  `json:"at"`
}

type wireMaker struct {
	Kind string  `json:"kind"`
	ID   *string `json:"id"`
}

func wireMakerOf(a identity.Actor) wireMaker { return wireMaker{string(a.Kind), orNull(a.ID)} }

func wireProofOf(p identity.Proof) *wireProof {
	if p.TestRunID == "" {
		return nil
	}
	return &wireProof{string(p.TestRunID), millis(p.At)}
}

func wireChanges(list []manage.SettingChange) []wireChange {
	return each(list, func(ch manage.SettingChange) wireChange { return wireChange(ch) })
}

func wireEffects(list []manage.Effect) []wireEffect {
	return each(list, func(e manage.Effect) wireEffect { return wireEffect{e.Name, e.People, e.Plain} })
}

func (a *API) wireDraft(v manage.DraftView) wireDraft {
	w := wireDraft{
		Object: "enterprise_connection_draft", RevisionID: string(v.Draft.RevisionID), BaseRevisionID: string(v.Draft.BaseRevisionID),
		LiveRevisionID: string(v.Live.LiveRevisionID), Promotable: v.Refused == nil, Connection: a.wireConnection(v.Configured),
		Changes: wireChanges(v.Changes), Effects: wireEffects(v.Effects), Proof: wireProofOf(v.Draft.Proof),
		Findings: each(v.Findings, func(f manage.Finding) wireFinding {
			return wireFinding{f.Code, string(f.Severity), orNull(f.Field), f.Plain, orNull(f.Fix)}
		}),
		CreatedBy: wireMakerOf(v.Draft.CreatedBy), UpdatedBy: wireMakerOf(v.Draft.UpdatedBy),
		CreatedAt: millis(v.Draft.CreatedAt), UpdatedAt: millis(v.Draft.UpdatedAt),
	}
	if v.Refused != nil {
		e := fault.From(v.Refused)
		w.Refusal = &wireRefusal{string(e.Code()), e.LongMessage()}
	}
	return w
}

func (a *API) handleDraft(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	v, err := a.Manage.Draft(r.Context(), id)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireDraft(v))
}

// draftBody is a change as PATCH of a connection takes it, with the draft that it
// was made on.
type draftBody struct {
	connectionBody
	RevisionID string `json:"revision_id"`
}

func (a *API) handleEditDraft(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	var b draftBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := a.sameProvider(r, id, b.Provider); err != nil {
		return err
	}
	v, err := a.Manage.EditDraft(r.Context(), id, identity.RevisionID(b.RevisionID), b.change())
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireDraft(v))
}

func (a *API) handleDiscardDraft(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	q, err := httpio.Query(r)
	if err != nil {
		return err
	}
	seen, err := q.Text("revision_id")
	if err != nil {
		return err
	}
	if err := a.Manage.DiscardDraft(r.Context(), id, identity.RevisionID(seen)); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "enterprise_connection_draft", ID: string(id), Deleted: true})
}

func (a *API) handlePromoteDraft(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	var b struct {
		RevisionID     string `json:"revision_id"`
		LiveRevisionID string `json:"live_revision_id"`
		NeedsTestRun   bool   `json:"needs_test_run"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(required("revision_id", b.RevisionID), required("live_revision_id", b.LiveRevisionID)); err != nil {
		return err
	}
	c, err := a.Manage.PromoteDraft(r.Context(), id, manage.Promotion{
		Draft: identity.RevisionID(b.RevisionID), Live: identity.RevisionID(b.LiveRevisionID), NeedsTestRun: b.NeedsTestRun,
	})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireConnection(c))
}

type wireRevision struct {
	Object       string       `json:"object"`
	ID           string       `json:"id"`
	Number       int          `json:"number"`
	Live         bool         `json:"live"`
	Cause        *string      `json:"cause"`
	RestoredFrom *string      `json:"restored_from"`
	CreatedBy    wireMaker    `json:"created_by"`
	Changes      []wireChange `json:"changes"` // from the one before: live is the older value, draft the newer
	Proof        *wireProof   `json:"test_run"`
	CreatedAt    int64        `json:"created_at"`
}

func wireRevisionOf(v manage.RevisionView) wireRevision {
	return wireRevision{
		Object: "enterprise_connection_revision", ID: string(v.ID), Number: v.Number, Live: v.Live, Cause: orNull(v.Cause),
		RestoredFrom: orNull(v.RestoredFrom), CreatedBy: wireMakerOf(v.By), Changes: wireChanges(v.Changes),
		Proof: wireProofOf(v.Proof), CreatedAt: millis(v.CreatedAt),
	}
}

func (a *API) handleRevisions(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	q, err := query(r)
	if err != nil {
		return err
	}
	limit, offset, err := q.Page()
	if err != nil {
		return err
	}
	items, total, err := a.Manage.Revisions(r.Context(), id, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireRevisionOf), total})
}

func (a *API) handleRestoreRevision(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	revision, err := identity.ParseID[identity.RevisionID](r.PathValue("revision_id"))
	if err != nil {
		return fault.New(fault.NotFound, "resource", "revision").Because(err)
	}
	var b struct {
		LiveRevisionID string `json:"live_revision_id"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	c, err := a.Manage.RestoreRevision(r.Context(), id, manage.Restoration{Revision: revision, Live: identity.RevisionID(b.LiveRevisionID)})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireConnection(c))
}
