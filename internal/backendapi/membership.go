package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type membershipBody struct {
	UserID          string            `json:"user_id"`
	Role            string            `json:"role"`
	PublicMetadata  identity.Metadata `json:"public_metadata"`
	PrivateMetadata identity.Metadata `json:"private_metadata"`
}

type wireMembership struct {
	Object          string                `json:"object"`
	ID              string                `json:"id"`
	Role            identity.RoleKey      `json:"role"`
	RoleName        string                `json:"role_name"`
	Permissions     []identity.Permission `json:"permissions"`
	PublicMetadata  identity.Metadata     `json:"public_metadata"`
	PrivateMetadata identity.Metadata     `json:"private_metadata"`
	Organization    wireOrganization      `json:"organization"`
	PublicUserData  publicUserData        `json:"public_user_data"`
	CreatedAt       int64                 `json:"created_at"`
	UpdatedAt       int64                 `json:"updated_at"`
}

type publicUserData struct {
	UserID          string  `json:"user_id"`
	FirstName       *string `json:"first_name"`
	LastName        *string `json:"last_name"`
	ProfileImageURL string  `json:"profile_image_url"`
	ImageURL        string  `json:"image_url"`
	HasImage        bool    `json:"has_image"`
	Identifier      string  `json:"identifier"`
	Username        *string `json:"username"`
	Banned          bool    `json:"banned"`
	Deprovisioned   bool    `json:"deprovisioned"`
}

func wireMembershipOf(m manage.MembershipView) wireMembership {
	permissions := m.Role.Permissions
	if permissions == nil {
		permissions = []identity.Permission{}
	}
	return wireMembership{
		Object:          "organization_membership",
		ID:              string(m.ID),
		Role:            m.Membership.Role,
		RoleName:        m.Role.Name,
		Permissions:     permissions,
		PublicMetadata:  object(m.PublicMetadata),
		PrivateMetadata: object(m.PrivateMetadata),
		Organization:    wireOrganizationCounted(m.Organization),
		PublicUserData: publicUserData{
			UserID:     string(m.User.ID),
			FirstName:  orNull(m.User.FirstName),
			LastName:   orNull(m.User.LastName),
			Identifier: m.Identifier,
			Username:   orNull(m.User.Username),
			Banned:     m.User.Banned,

			Deprovisioned: !m.User.DeactivatedAt.IsZero(),
		},
		CreatedAt: millis(m.CreatedAt),
		UpdatedAt: millis(m.UpdatedAt),
	}
}

func membershipOrders() []string {
	return []string{"created_at", "email_address", "first_name", "last_name", "username", "phone_number"}
}

func (a *API) handleMembers(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "order_by", "user_id", "email_address", "role", "query")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, membershipOrders()...)
	users, usersErr := q.List("user_id")
	emails, emailsErr := q.List("email_address")
	roles, rolesErr := q.List("role")
	query, queryErr := q.Text("query")
	if err := fault.Join(pageErr, orderErr, usersErr, emailsErr, rolesErr, queryErr); err != nil {
		return err
	}
	items, total, err := a.Manage.Members(r.Context(), r.PathValue("organization_id"), manage.MembershipFilter{
		UserIDs: texts[identity.UserID](users), Emails: addresses(emails), Roles: texts[identity.RoleKey](roles), Query: query, OrderBy: orderText(order),
	}, manage.Page{Limit: limit, Offset: offset})
	return writeMemberships(w, items, total, err)
}

func (a *API) handleMembershipsOfUser(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r)
	if err != nil {
		return err
	}
	limit, offset, err := q.Page()
	if err != nil {
		return err
	}
	items, total, err := a.Manage.MembershipsOf(r.Context(), r.PathValue("user_id"), manage.Page{Limit: limit, Offset: offset})
	return writeMemberships(w, items, total, err)
}

func (a *API) handleAllMemberships(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "order_by")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, membershipOrders()...)
	if err := fault.Join(pageErr, orderErr); err != nil {
		return err
	}
	items, total, err := a.Manage.AllMemberships(r.Context(), orderText(order), manage.Page{Limit: limit, Offset: offset})
	return writeMemberships(w, items, total, err)
}

func writeMemberships(w http.ResponseWriter, items []manage.MembershipView, total int, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireMembershipOf), total})
}

func (a *API) handleAddMember(w http.ResponseWriter, r *http.Request) error {
	var b membershipBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(required("user_id", b.UserID), required("role", b.Role)); err != nil {
		return err
	}
	m, err := a.Manage.AddMember(r.Context(), r.PathValue("organization_id"), b.UserID, identity.RoleKey(b.Role),
		manage.MetadataChange{Public: b.PublicMetadata, Private: b.PrivateMetadata})
	return writeMembership(w, m, err)
}

func required(name, value string) error {
	if value == "" {
		return fault.New(fault.FormParamMissing, "param_name", name)
	}
	return nil
}

func (a *API) handleChangeMember(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Role string `json:"role"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("role", b.Role); err != nil {
		return err
	}
	m, err := a.Manage.ChangeMemberRole(r.Context(), r.PathValue("organization_id"), r.PathValue("user_id"), identity.RoleKey(b.Role))
	return writeMembership(w, m, err)
}

func (a *API) handleRemoveMember(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Manage.RemoveMember(r.Context(), r.PathValue("organization_id"), r.PathValue("user_id"))
	return writeMembership(w, m, err)
}

func (a *API) handleMergeMembershipMetadata(w http.ResponseWriter, r *http.Request) error {
	ch, err := readMetadata(w, r, false, false)
	if err != nil {
		return err
	}
	m, err := a.Manage.ChangeMembershipMetadata(r.Context(), r.PathValue("organization_id"), r.PathValue("user_id"), ch)
	return writeMembership(w, m, err)
}

func writeMembership(w http.ResponseWriter, m manage.MembershipView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireMembershipOf(m))
}
