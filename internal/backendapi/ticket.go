package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type wireTicket struct {
	Object    string            `json:"object"`
	ID        string            `json:"id"`
	Status    string            `json:"status"`
	UserID    string            `json:"user_id"`
	Actor     identity.Metadata `json:"actor,omitempty"`
	Token     string            `json:"token,omitempty"` // at creation only
	URL       *string           `json:"url,omitempty"`
	CreatedAt int64             `json:"created_at"`
	UpdatedAt int64             `json:"updated_at"`
}

func wireTicketOf(t identity.Ticket) wireTicket {
	return wireTicket{
		Object: string(t.Kind) + "_token", ID: t.ID, Status: string(t.Status), UserID: string(t.UserID), Actor: t.Actor,
		CreatedAt: millis(t.CreatedAt), UpdatedAt: millis(t.UpdatedAt),
	}
}

func writeNewTicket(w http.ResponseWriter, t manage.NewTicket, err error) error {
	if err != nil {
		return err
	}
	out := wireTicketOf(t.Ticket)
	out.Token, out.URL = t.Token, &t.URL
	return httpio.WriteJSON(w, http.StatusOK, out)
}

func (a *API) handleCreateSignInToken(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		UserID    string  `json:"user_id"`
		OrgID     *string `json:"org_id"`
		ExpiresIn *int64  `json:"expires_in_seconds"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("user_id", b.UserID); err != nil {
		return err
	}
	ch := manage.TicketChange{UserID: b.UserID, ExpiresIn: b.ExpiresIn}
	if b.OrgID != nil {
		ch.OrganizationID = *b.OrgID
	}
	t, err := a.Manage.CreateSignInToken(r.Context(), ch)
	return writeNewTicket(w, t, err)
}

func (a *API) handleRevokeSignInToken(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Manage.RevokeTicket(r.Context(), identity.TicketSignIn, r.PathValue("sign_in_token_id"))
	return writeTicket(w, t, err)
}

func (a *API) handleCreateActorToken(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		UserID     string            `json:"user_id"`
		Actor      identity.Metadata `json:"actor"`
		ExpiresIn  *int64            `json:"expires_in_seconds"`
		SessionFor *int64            `json:"session_max_duration_in_seconds"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	var actorErr error
	if b.Actor == nil {
		actorErr = fault.New(fault.FormParamMissing, "param_name", "actor")
	}
	if err := fault.Join(required("user_id", b.UserID), actorErr); err != nil {
		return err
	}
	t, err := a.Manage.CreateActorToken(r.Context(), manage.TicketChange{
		UserID: b.UserID, Actor: b.Actor, ExpiresIn: b.ExpiresIn, SessionFor: b.SessionFor,
	})
	return writeNewTicket(w, t, err)
}

func (a *API) handleRevokeActorToken(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Manage.RevokeTicket(r.Context(), identity.TicketActor, r.PathValue("actor_token_id"))
	return writeTicket(w, t, err)
}

func writeTicket(w http.ResponseWriter, t identity.Ticket, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireTicketOf(t))
}
