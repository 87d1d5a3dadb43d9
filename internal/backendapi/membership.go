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
		PublicUserData:  publicUser(m.User, m.Identifier),
		CreatedAt:       millis(m.CreatedAt),
		UpdatedAt:       millis(m.UpdatedAt),
	}
}

func publicUser(u identity.User, identifier string) publicUserData {
	return publicUserData{
		UserID:     string(u.ID),
		FirstName:  orNull(u.FirstName),
		LastName:   orNull(u.LastName),
		Identifier: identifier,
		Username:   orNull(u.Username),
		Banned:     u.Banned,

		Deprovisioned: !u.DeactivatedAt.IsZero(),
	}
}

func membershipOrders() []string {
	return []string{"created_at", "email_address", "first_name", "last_name", "username", "phone_number"}
}

func (a *API) handleMembers(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, memberFilters()...)
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	f, filterErr := memberFilter(q)
	if err := fault.Join(pageErr, filterErr); err != nil {
		return err
	}
	items, total, err := a.Manage.Members(r.Context(), r.PathValue("organization_id"), f, manage.Page{Limit: limit, Offset: offset})
	return writeMemberships(w, items, total, err)
}

func memberFilters() []string {
	return []string{
		"order_by", "user_id", "email_address", "phone_number", "username", "web3_wallet", "role", "query",
		"email_address_query", "phone_number_query", "username_query", "name_query",
		"last_active_at_before", "last_active_at_after", "created_at_before", "created_at_after",
	}
}

// memberFilter reads which members are asked for. Nobody has a phone number or a
// wallet: who asks for one finds nobody.
func memberFilter(q httpio.Params) (f manage.MembershipFilter, err error) {
	r := filterReader{q: q}
	order, err := q.Order(httpio.Order{Field: "created_at", Desc: true}, membershipOrders()...)
	f.OrderBy = orderText(order)
	f.UserIDs, f.NotUserIDs = signed[identity.UserID](r.list("user_id"))
	f.Emails, f.Usernames, f.Roles = addresses(r.list("email_address")), r.list("username"), texts[identity.RoleKey](r.list("role"))
	f.Nobody = len(r.list("phone_number"))+len(r.list("web3_wallet"))+len(r.text("phone_number_query")) > 0
	f.Query, f.EmailQuery = r.text("query"), r.text("email_address_query")
	f.UsernameQuery, f.NameQuery = r.text("username_query"), r.text("name_query")
	f.ActiveBefore, f.ActiveAfter = r.moment("last_active_at_before"), r.moment("last_active_at_after")
	f.CreatedBefore, f.CreatedAfter = r.moment("created_at_before"), r.moment("created_at_after")
	return f, fault.Join(append(r.errs, err)...)
}

// maxMillis is the last moment of the year 9999.
const maxMillis = 253402300799999

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
		Role            string            `json:"role"`
		PublicMetadata  identity.Metadata `json:"public_metadata"`
		PrivateMetadata identity.Metadata `json:"private_metadata"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(required("role", b.Role), metadataElsewhere(r, b.PublicMetadata, b.PrivateMetadata, nil)); err != nil {
		return err
	}
	m, err := a.Manage.ChangeMember(r.Context(), r.PathValue("organization_id"), r.PathValue("user_id"), manage.MembershipChange{
		Role: identity.RoleKey(b.Role), Metadata: manage.MetadataChange{Public: b.PublicMetadata, Private: b.PrivateMetadata, Replace: true},
	})
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
