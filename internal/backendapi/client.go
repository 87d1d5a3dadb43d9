package backendapi

import (
	"net/http"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/session"
)

type wireClient struct {
	Object              string        `json:"object"`
	ID                  string        `json:"id"`
	SessionIDs          []string      `json:"session_ids"`
	Sessions            []wireSession `json:"sessions"`
	SignInID            *string       `json:"sign_in_id"`
	SignUpID            *string       `json:"sign_up_id"`
	LastActiveSessionID *string       `json:"last_active_session_id"`
	LastStrategy        *string       `json:"last_authentication_strategy"`
	CreatedAt           int64         `json:"created_at"`
	UpdatedAt           int64         `json:"updated_at"`
}

func wireClientOf(c session.ClientView) wireClient {
	return wireClient{
		Object: "client", ID: string(c.ID), Sessions: each(c.Sessions, wireSessionOf),
		SessionIDs: each(c.Sessions, func(s identity.Session) string { return string(s.ID) }),
		SignInID:   orNull(c.SignIn), SignUpID: orNull(c.SignUp), LastActiveSessionID: orNull(c.LastActiveSessionID),
		LastStrategy: orNull(c.Strategy), CreatedAt: millis(c.CreatedAt), UpdatedAt: millis(c.UpdatedAt),
	}
}

func (a *API) handleClients(w http.ResponseWriter, r *http.Request) error {
	p, paginated, err := pageOf(r)
	if err != nil {
		return err
	}
	items, total, err := a.Sessions.Clients(r.Context(), p)
	if err != nil {
		return err
	}
	return writeList(w, each(items, wireClientOf), totalIf(paginated, total))
}

func (a *API) handleClient(w http.ResponseWriter, r *http.Request) error {
	c, err := a.Sessions.ClientByID(r.Context(), identity.ClientID(r.PathValue("client_id")))
	return writeClient(w, c, err)
}

// handleVerifyClient finds the browser of a cookie that an application's server
// was sent.
func (a *API) handleVerifyClient(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Token string `json:"token"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("token", b.Token); err != nil {
		return err
	}
	c, err := a.Sessions.ClientByToken(r.Context(), b.Token)
	return writeClient(w, c, err)
}

func writeClient(w http.ResponseWriter, c session.ClientView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireClientOf(c))
}

func (a *API) handleCreateSession(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		UserID         string  `json:"user_id"`
		OrganizationID *string `json:"active_organization_id"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("user_id", b.UserID); err != nil {
		return err
	}
	var org identity.OrgID
	if b.OrganizationID != nil {
		org = identity.OrgID(*b.OrganizationID)
	}
	s, err := a.Sessions.Begin(r.Context(), identity.UserID(b.UserID), org)
	return writeSession(w, s, err)
}

// The forms in which a new token is given.
const (
	formatToken  = "token"
	formatCookie = "cookie"
)

func (a *API) handleRefreshSession(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		ExpiredToken  string            `json:"expired_token"`
		RefreshToken  string            `json:"refresh_token"`
		RequestOrigin string            `json:"request_origin"`
		Headers       identity.Metadata `json:"request_headers"` // not looked at
		Format        *string           `json:"format"`
		Address       *string           `json:"request_originating_ip"` // not looked at
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	format := formatToken
	if b.Format != nil && *b.Format != "" {
		format = *b.Format
	}
	var formatErr error
	if format != formatToken && format != formatCookie {
		formatErr = fault.New(fault.FormParamValueInvalid, "param_name", "format")
	}
	if err := fault.Join(required("expired_token", b.ExpiredToken), required("refresh_token", b.RefreshToken),
		required("request_origin", b.RequestOrigin), formatErr); err != nil {
		return err
	}
	token, err := a.Sessions.Refresh(r.Context(), session.RefreshAsk{
		Session: identity.SessionID(r.PathValue("session_id")), ExpiredToken: b.ExpiredToken, RefreshToken: b.RefreshToken, Origin: b.RequestOrigin,
	})
	if err != nil {
		return err
	}
	if format == formatCookie {
		return httpio.WriteJSON(w, http.StatusOK, map[string]any{"object": "cookies", "cookies": []string{sessionCookie(token)}})
	}
	return httpio.WriteJSON(w, http.StatusOK, map[string]string{"object": "token", "jwt": token})
}

// sessionCookieAge is in seconds: a year. The token in it says how long it is good.
const sessionCookieAge = 365 * 24 * 60 * 60

// sessionCookie is the cookie that an application's server sets at its own host.
// The application's scripts read it, as Clerk's do.
func sessionCookie(token string) string {
	c := &http.Cookie{ //nolint:gosec // read by scripts, by Clerk's design
		Name: "__session", Value: token, Path: "/", MaxAge: sessionCookieAge, Secure: true, SameSite: http.SameSiteLaxMode,
	}
	return c.String()
}

func (a *API) handleTemplateToken(w http.ResponseWriter, r *http.Request) error {
	ask, err := readAsk(w, r)
	if err != nil {
		return err
	}
	token, err := a.Sessions.TemplateToken(r.Context(), ask, r.PathValue("template_name"))
	return writeToken(w, token, err)
}

// readAsk reads which token of a session is wanted.
func readAsk(w http.ResponseWriter, r *http.Request) (session.Ask, error) {
	var b struct {
		ExpiresInSeconds *int64 `json:"expires_in_seconds"`
	}
	ask := session.Ask{Session: identity.SessionID(r.PathValue("session_id"))}
	if err := httpio.ReadJSON(w, r, &b); err != nil || b.ExpiresInSeconds == nil {
		return ask, err
	}
	seconds := *b.ExpiresInSeconds
	if seconds < int64(session.MinTokenLife/time.Second) || seconds > int64(session.MaxTokenLife/time.Second) {
		return ask, fault.New(fault.FormParamValueInvalid, "param_name", "expires_in_seconds")
	}
	ask.Lifetime = time.Duration(seconds) * time.Second
	return ask, nil
}

func writeToken(w http.ResponseWriter, token string, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, map[string]string{"object": "token", "jwt": token})
}
