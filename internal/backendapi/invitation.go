package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type appInvitationBody struct {
	EmailAddress   string            `json:"email_address"`
	PublicMetadata identity.Metadata `json:"public_metadata"`
	RedirectURL    string            `json:"redirect_url"`
	Notify         *bool             `json:"notify"`
	IgnoreExisting *bool             `json:"ignore_existing"`
	ExpiresInDays  *int              `json:"expires_in_days"`
	TemplateSlug   string            `json:"template_slug"`
}

type wireInvitation struct {
	Object         string            `json:"object"`
	ID             string            `json:"id"`
	EmailAddress   string            `json:"email_address"`
	PublicMetadata identity.Metadata `json:"public_metadata"`
	Revoked        bool              `json:"revoked"`
	Status         string            `json:"status"`
	URL            string            `json:"url,omitempty"`
	ExpiresAt      *int64            `json:"expires_at"`
	CreatedAt      int64             `json:"created_at"`
	UpdatedAt      int64             `json:"updated_at"`
}

func (a *API) wireAppInvitation(v manage.AppInvitationView) wireInvitation {
	status := v.StatusAt(a.Manage.Now())
	return wireInvitation{
		Object: "invitation", ID: string(v.ID), EmailAddress: string(v.Email), PublicMetadata: object(v.PublicMetadata),
		Revoked: status == identity.InvitationRevoked, Status: string(status), URL: v.URL,
		ExpiresAt: millisOrNull(v.ExpiresAt), CreatedAt: millis(v.CreatedAt), UpdatedAt: millis(v.UpdatedAt),
	}
}

func (a *API) handleAppInvite(w http.ResponseWriter, r *http.Request) error {
	var b appInvitationBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	made, err := a.Manage.Invite(r.Context(), []manage.AppInvite{manage.AppInvite(b)})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireAppInvitation(made[0]))
}

func (a *API) handleAppInviteMany(w http.ResponseWriter, r *http.Request) error {
	var b []appInvitationBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	made, err := a.Manage.Invite(r.Context(), each(b, func(b appInvitationBody) manage.AppInvite { return manage.AppInvite(b) }))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, each(made, a.wireAppInvitation))
}

// handleAppInvitations answers with a bare list, or one with its total for who
// asks for that.
func (a *API) handleAppInvitations(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "status", "query", "order_by")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	given, statusErr := statuses(q)
	text, textErr := q.Text("query")
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, "created_at", "email_address", "expires_at")
	paginated, _, paginatedErr := q.Bool("paginated")
	if err := fault.Join(pageErr, statusErr, textErr, orderErr, paginatedErr); err != nil {
		return err
	}
	f := manage.InvitationFilter{Statuses: given, Query: text, OrderBy: orderText(order)}
	items, total, err := a.Manage.Invitations(r.Context(), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	found := each(items, a.wireAppInvitation)
	if paginated {
		return httpio.WriteJSON(w, http.StatusOK, list{found, total})
	}
	return httpio.WriteJSON(w, http.StatusOK, found)
}

func (a *API) handleRevokeAppInvitation(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Manage.RevokeAppInvitation(r.Context(), r.PathValue("invitation_id"))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireAppInvitation(v))
}

// invitationOperations are those on invitations to organizations and to the application.
func (a *API) invitationOperations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"GET /organization_invitations":                                            a.handleAllInvitations,
		"GET /users/{user_id}/organization_invitations":                            a.handleInvitationsOfUser,
		"GET /organizations/{organization_id}/invitations":                         a.handleInvitations,
		"POST /organizations/{organization_id}/invitations":                        a.handleInvite,
		"POST /organizations/{organization_id}/invitations/bulk":                   a.handleInviteMany,
		"GET /organizations/{organization_id}/invitations/pending":                 a.handlePendingInvitations,
		"GET /organizations/{organization_id}/invitations/{invitation_id}":         a.handleInvitation,
		"POST /organizations/{organization_id}/invitations/{invitation_id}/revoke": a.handleRevokeInvitation,
		"GET /invitations":                         a.handleAppInvitations,
		"POST /invitations":                        a.handleAppInvite,
		"POST /invitations/bulk":                   a.handleAppInviteMany,
		"POST /invitations/{invitation_id}/revoke": a.handleRevokeAppInvitation,
	}
}
