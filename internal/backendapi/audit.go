package backendapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// actor is who calls, for the audit log: the secret key, and where the deployment
// keeps it, the address of the server that holds it.
func (a *API) actor(r *http.Request, key identity.SecretKeyID) identity.Actor {
	actor := identity.Actor{Kind: identity.ActorSecretKey, ID: string(key), TraceID: httpio.TraceID(r.Context())}
	if a.AuditAddresses {
		actor.Address = httpio.ClientIP(r).String()
	}
	return actor
}

// auditRoutes are the operations on the audit log; ours.
func (a *API) auditRoutes() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"GET /audit_log":                a.handleAuditLog,
		"GET /audit_log/export":         a.handleExportAudit,
		"POST /audit_log/verifications": a.handleVerifyAudit,
	}
}

type wireAudit struct {
	Object         string            `json:"object"`
	ID             string            `json:"id"`
	Position       *int64            `json:"position"` // in the chain; null: within a second
	At             int64             `json:"at"`
	Actor          wireActor         `json:"actor"`
	Action         string            `json:"action"`
	Subject        string            `json:"subject"`
	OrganizationID *string           `json:"organization_id"`
	Detail         map[string]string `json:"detail"`
	Chain          *string           `json:"chain"`
}

type wireActor struct {
	Kind    identity.ActorKind `json:"kind"`
	ID      *string            `json:"id"`
	Address *string            `json:"address"`
	TraceID *string            `json:"trace_id"`
}

func wireAuditOf(e identity.AuditEntry) wireAudit {
	w := wireAudit{
		Object: "audit_entry", ID: string(e.ID), At: millis(e.At), Action: e.Action, Subject: e.Subject,
		Actor:          wireActor{e.Actor.Kind, orNull(e.Actor.ID), orNull(e.Actor.Address), orNull(e.Actor.TraceID)},
		OrganizationID: orNull(e.OrganizationID), Detail: e.Detail, Chain: orNull(e.Chain),
	}
	if w.Detail == nil {
		w.Detail = map[string]string{}
	}
	if e.Position > 0 {
		w.Position = &e.Position
	}
	return w
}

func (a *API) handleAuditLog(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "actor_kind", "actor_id", "action", "subject", "organization_id", "since", "until")
	if err != nil {
		return err
	}
	var errs []error
	text := func(name string) string {
		s, err := q.Text(name)
		errs = append(errs, err)
		return s
	}
	at := func(name string) time.Time {
		s := text(name)
		n, err := strconv.ParseInt(s, 10, 64)
		if s != "" && (err != nil || n < 0) {
			errs = append(errs, fault.New(fault.FormParamFormatInvalid, "param_name", name))
		}
		if n <= 0 {
			return time.Time{}
		}
		return time.UnixMilli(n)
	}
	f := manage.AuditFilter{
		ActorKind: identity.ActorKind(text("actor_kind")), ActorID: text("actor_id"), Action: text("action"), Subject: text("subject"),
		OrganizationID: identity.OrgID(text("organization_id")), Since: at("since"), Until: at("until"),
	}
	if f.ActorKind != "" && !slices.Contains(identity.ActorKinds(), f.ActorKind) {
		errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", "actor_kind"))
	}
	limit, offset, pageErr := q.Page()
	if err := fault.Join(append(errs, pageErr)...); err != nil {
		return err
	}
	items, total, err := a.Manage.AuditLog(r.Context(), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireAuditOf), total})
}

// maxAuditExport is how many lines one call exports; the next begins after the
// last. Ours.
const maxAuditExport = 5000

// handleExportAudit writes the chained lines behind a position, in order, as JSON
// lines.
func (a *API) handleExportAudit(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "after")
	if err != nil {
		return err
	}
	text, err := q.Text("after")
	if err != nil {
		return err
	}
	after, err := strconv.ParseInt(cmp.Or(text, "0"), 10, 64)
	if err != nil || after < 0 {
		return fault.New(fault.FormParamFormatInvalid, "param_name", "after")
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	for n := 0; n < maxAuditExport; {
		lines, err := a.Manage.AuditAfter(r.Context(), after, maxAuditExport-n)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			break
		}
		for _, line := range lines {
			if err := encoder.Encode(wireAuditOf(line)); err != nil {
				return fmt.Errorf("backendapi: writing the audit log: %w", err)
			}
		}
		n += len(lines)
		after = lines[len(lines)-1].Position
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(body.Bytes())
	return err
}

type wireVerdict struct {
	Object  string  `json:"object"`
	Whole   bool    `json:"whole"`
	Lines   int64   `json:"lines"`
	Waiting int     `json:"waiting"`
	Head    *string `json:"head"`
	BadAt   *int64  `json:"bad_position"`
	BadID   *string `json:"bad_id"`
	Problem *string `json:"problem"`
}

func (a *API) handleVerifyAudit(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Head string `json:"head"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	var kept manage.AuditHead
	if b.Head != "" {
		var err error
		if kept, err = manage.ParseAuditHead(b.Head); err != nil {
			return err
		}
	}
	v, err := a.Manage.VerifyAudit(r.Context(), kept)
	if err != nil {
		return err
	}
	wire := wireVerdict{
		Object: "audit_verification", Whole: v.Problem == "", Lines: v.Lines, Waiting: v.Waiting,
		BadID: orNull(v.BadID), Problem: orNull(v.Problem),
	}
	if v.Head.Position > 0 {
		wire.Head = orNull(v.Head.String())
	}
	if v.BadAt > 0 {
		wire.BadAt = &v.BadAt
	}
	return httpio.WriteJSON(w, http.StatusOK, wire)
}

// AuditLine is a line of the audit log as an export shows it.
func AuditLine(e identity.AuditEntry) any { return wireAuditOf(e) }
