package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type invitationBody struct {
	EmailAddress    string            `json:"email_address"`
	InviterUserID   string            `json:"inviter_user_id"`
	Role            identity.RoleKey  `json:"role"`
	PublicMetadata  identity.Metadata `json:"public_metadata"`
	PrivateMetadata identity.Metadata `json:"private_metadata"`
	RedirectURL     string            `json:"redirect_url"`
	ExpiresInDays   *int              `json:"expires_in_days"`
	Notify          *bool             `json:"notify"`
}

type wireOrganizationInvitation struct {
	Object            string            `json:"object"`
	ID                string            `json:"id"`
	EmailAddress      string            `json:"email_address"`
	Role              identity.RoleKey  `json:"role"`
	RoleName          string            `json:"role_name"`
	OrganizationID    string            `json:"organization_id"`
	InviterID         *string           `json:"inviter_id"`
	PublicInviterData *publicInviter    `json:"public_inviter_data"`
	Status            string            `json:"status"`
	PublicMetadata    identity.Metadata `json:"public_metadata"`
	PrivateMetadata   identity.Metadata `json:"private_metadata"`
	URL               *string           `json:"url"`
	ExpiresAt         *int64            `json:"expires_at"`
	CreatedAt         int64             `json:"created_at"`
	UpdatedAt         int64             `json:"updated_at"`

	PublicOrganizationData *publicOrganizationData `json:"public_organization_data,omitempty"`
}

type publicInviter struct {
	UserID     string  `json:"user_id"`
	FirstName  *string `json:"first_name"`
	LastName   *string `json:"last_name"`
	ImageURL   string  `json:"image_url"`
	HasImage   bool    `json:"has_image"`
	Identifier string  `json:"identifier"`
}

func (a *API) wireInvitation(v manage.InvitationView) wireOrganizationInvitation {
	w := wireOrganizationInvitation{
		Object: "organization_invitation", ID: string(v.ID), EmailAddress: string(v.Email), Role: v.Role, RoleName: v.RoleName,
		OrganizationID: string(v.OrganizationID), InviterID: orNull(v.InviterID), Status: string(v.StatusAt(a.Manage.Now())),
		PublicMetadata: object(v.PublicMetadata), PrivateMetadata: object(v.PrivateMetadata), URL: orNull(v.URL),
		ExpiresAt: millisOrNull(v.ExpiresAt), CreatedAt: millis(v.CreatedAt), UpdatedAt: millis(v.UpdatedAt),
	}
	if u := v.Inviter; u != nil {
		w.PublicInviterData = &publicInviter{UserID: string(u.ID), FirstName: orNull(u.FirstName), LastName: orNull(u.LastName), Identifier: v.InviterName}
	}
	return w
}

// wireInvitationWithOrganization is how lists over several organizations show one.
func (a *API) wireInvitationWithOrganization(v manage.InvitationView) wireOrganizationInvitation {
	w := a.wireInvitation(v)
	o := publicOrganization(v.Organization)
	w.PublicOrganizationData = &o
	return w
}

func (a *API) writeInvitation(w http.ResponseWriter, v manage.InvitationView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireInvitation(v))
}

func (a *API) handleInvite(w http.ResponseWriter, r *http.Request) error {
	var b invitationBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	made, err := a.Manage.InviteToOrganization(r.Context(), r.PathValue("organization_id"), []manage.Invite{manage.Invite(b)})
	if err != nil {
		return err
	}
	return a.writeInvitation(w, made[0], nil)
}

func (a *API) handleInviteMany(w http.ResponseWriter, r *http.Request) error {
	var b []invitationBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	invites := each(b, func(b invitationBody) manage.Invite { return manage.Invite(b) })
	made, err := a.Manage.InviteToOrganization(r.Context(), r.PathValue("organization_id"), invites)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(made, a.wireInvitation), len(made)})
}

// statuses reads a filter by status, which may be repeated.
func statuses(q httpio.Params) (list []identity.InvitationStatus, err error) {
	given, err := q.List("status")
	if err != nil {
		return nil, err
	}
	known := map[identity.InvitationStatus]bool{}
	for _, s := range identity.InvitationStatuses() {
		known[s] = true
	}
	for _, s := range texts[identity.InvitationStatus](given) {
		if !known[s] {
			return nil, fault.New(fault.FormParamValueInvalid, "param_name", "status")
		}
		list = append(list, s)
	}
	return list, nil
}

func (a *API) handleInvitations(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "status", "email_address", "order_by")
	if err != nil {
		return err
	}
	emails, emailsErr := q.List("email_address")
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, "created_at", "email_address")
	if err := fault.Join(emailsErr, orderErr); err != nil {
		return err
	}
	return a.listInvitations(w, r, q, manage.InvitationFilter{Emails: addresses(emails), OrderBy: orderText(order)})
}

func (a *API) handlePendingInvitations(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r)
	if err != nil {
		return err
	}
	return a.listInvitations(w, r, q, manage.InvitationFilter{Statuses: []identity.InvitationStatus{identity.InvitationPending}})
}

func (a *API) listInvitations(w http.ResponseWriter, r *http.Request, q httpio.Params, f manage.InvitationFilter) error {
	limit, offset, pageErr := q.Page()
	given, statusErr := statuses(q)
	if err := fault.Join(pageErr, statusErr); err != nil {
		return err
	}
	f.Statuses = append(f.Statuses, given...)
	items, total, err := a.Manage.OrganizationInvitations(r.Context(), r.PathValue("organization_id"), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, a.wireInvitation), total})
}

func (a *API) handleAllInvitations(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "status", "query", "order_by")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	given, statusErr := statuses(q)
	text, textErr := q.Text("query")
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, "created_at", "email_address")
	if err := fault.Join(pageErr, statusErr, textErr, orderErr); err != nil {
		return err
	}
	f := manage.InvitationFilter{Statuses: given, Query: text, OrderBy: orderText(order)}
	items, total, err := a.Manage.OrganizationInvitations(r.Context(), "", f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, a.wireInvitationWithOrganization), total})
}

func (a *API) handleInvitationsOfUser(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "status")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	given, statusErr := statuses(q)
	if err := fault.Join(pageErr, statusErr); err != nil {
		return err
	}
	items, total, err := a.Manage.InvitationsOfUser(r.Context(), r.PathValue("user_id"), manage.InvitationFilter{Statuses: given}, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, a.wireInvitationWithOrganization), total})
}

func (a *API) handleInvitation(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Manage.OrganizationInvitation(r.Context(), r.PathValue("organization_id"), r.PathValue("invitation_id"))
	return a.writeInvitation(w, v, err)
}

func (a *API) handleRevokeInvitation(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		RequestingUserID string `json:"requesting_user_id"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	v, err := a.Manage.RevokeInvitation(r.Context(), r.PathValue("organization_id"), r.PathValue("invitation_id"), b.RequestingUserID)
	return a.writeInvitation(w, v, err)
}
