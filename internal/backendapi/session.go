package backendapi

import (
	"net/http"
	"slices"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/session"
)

type wireSession struct {
	Object                   string            `json:"object"`
	ID                       string            `json:"id"`
	UserID                   string            `json:"user_id"`
	ClientID                 string            `json:"client_id"`
	Status                   string            `json:"status"`
	Actor                    identity.Metadata `json:"actor"`
	LastActiveOrganizationID *string           `json:"last_active_organization_id"`
	LastActiveAt             int64             `json:"last_active_at"`
	ExpireAt                 int64             `json:"expire_at"`
	AbandonAt                int64             `json:"abandon_at"`
	CreatedAt                int64             `json:"created_at"`
	UpdatedAt                int64             `json:"updated_at"`
}

func wireSessionOf(s identity.Session) wireSession {
	return wireSession{
		Object:                   "session",
		ID:                       string(s.ID),
		UserID:                   string(s.UserID),
		ClientID:                 string(s.ClientID),
		Status:                   string(s.Status),
		Actor:                    s.Actor,
		LastActiveOrganizationID: orNull(s.LastActiveOrganizationID),
		LastActiveAt:             millis(s.LastActiveAt),
		ExpireAt:                 millis(s.ExpireAt),
		AbandonAt:                millis(s.AbandonAt),
		CreatedAt:                millis(s.CreatedAt),
		UpdatedAt:                millis(s.UpdatedAt),
	}
}

func (a *API) handleSessions(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "client_id", "user_id", "status")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	client, clientErr := q.Text("client_id")
	user, userErr := q.Text("user_id")
	status, statusErr := q.Text("status")
	if status != "" && !slices.Contains(identity.SessionStatuses(), identity.SessionStatus(status)) {
		statusErr = fault.New(fault.FormParamValueInvalid, "param_name", "status")
	}
	paginated, _, paginatedErr := q.Bool("paginated")
	if err := fault.Join(pageErr, clientErr, userErr, statusErr, paginatedErr); err != nil {
		return err
	}
	items, total, err := a.Sessions.List(r.Context(), session.Filter{
		ClientID: identity.ClientID(client), UserID: identity.UserID(user), Status: identity.SessionStatus(status),
	}, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	if paginated {
		return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireSessionOf), total})
	}
	return httpio.WriteJSON(w, http.StatusOK, each(items, wireSessionOf))
}

func (a *API) handleSession(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Sessions.Session(r.Context(), identity.SessionID(r.PathValue("session_id")))
	return writeSession(w, s, err)
}

func (a *API) handleRevokeSession(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Sessions.Revoke(r.Context(), identity.SessionID(r.PathValue("session_id")))
	return writeSession(w, s, err)
}

func writeSession(w http.ResponseWriter, s identity.Session, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireSessionOf(s))
}

func (a *API) handleSessionToken(w http.ResponseWriter, r *http.Request) error {
	ask, err := readAsk(w, r)
	if err != nil {
		return err
	}
	token, err := a.Sessions.Token(r.Context(), ask)
	return writeToken(w, token, err)
}
