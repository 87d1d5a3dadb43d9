package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// roleOperations are those on roles, permissions, role sets and what the
// deployment decides about organizations.
func (a *API) roleOperations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"GET /organization_roles":                                                       a.handleRoles,
		"POST /organization_roles":                                                      a.handleCreateRole,
		"GET /organization_roles/{organization_role_id}":                                a.handleRole,
		"PATCH /organization_roles/{organization_role_id}":                              a.handleChangeRole,
		"DELETE /organization_roles/{organization_role_id}":                             a.handleDeleteRole,
		"POST /organization_roles/{organization_role_id}/permissions/{permission_id}":   a.handleGrantPermission,
		"DELETE /organization_roles/{organization_role_id}/permissions/{permission_id}": a.handleWithdrawPermission,
		"GET /organization_permissions":                                                 a.handlePermissions,
		"POST /organization_permissions":                                                a.handleCreatePermission,
		"GET /organization_permissions/{permission_id}":                                 a.handlePermission,
		"PATCH /organization_permissions/{permission_id}":                               a.handleChangePermission,
		"DELETE /organization_permissions/{permission_id}":                              a.handleDeletePermission,
		"GET /role_sets":                                     a.handleRoleSets,
		"POST /role_sets":                                    a.handleCreateRoleSet,
		"GET /role_sets/{role_set_key_or_id}":                a.handleRoleSet,
		"PATCH /role_sets/{role_set_key_or_id}":              a.handleChangeRoleSet,
		"POST /role_sets/{role_set_key_or_id}/replace":       a.handleReplaceRoleSet,
		"POST /role_sets/{role_set_key_or_id}/roles":         a.handleAddRolesToSet,
		"POST /role_sets/{role_set_key_or_id}/roles/replace": a.handleReplaceRoleInSet,
		"GET /instance/organization_settings":                a.handleOrganizationSettings,
		"PATCH /instance/organization_settings":              a.handleChangeOrganizationSettings,
	}
}

type roleBody struct {
	Name                    *string   `json:"name"`
	Key                     *string   `json:"key"`
	Description             *string   `json:"description"`
	Permissions             *[]string `json:"permissions"`
	IncludeInInitialRoleSet *bool     `json:"include_in_initial_role_set"`
}

type wireRole struct {
	Object            string           `json:"object"`
	ID                identity.RoleID  `json:"id"`
	Name              string           `json:"name"`
	Key               identity.RoleKey `json:"key"`
	Description       *string          `json:"description"`
	IsCreatorEligible bool             `json:"is_creator_eligible"`
	Permissions       []wirePermission `json:"permissions"`
	CreatedAt         int64            `json:"created_at"`
	UpdatedAt         int64            `json:"updated_at"`
}

func wireRoleOf(r manage.RoleView) wireRole {
	return wireRole{
		Object:            "role",
		ID:                r.ID,
		Name:              r.Name,
		Key:               r.Key,
		Description:       orNull(r.Description),
		IsCreatorEligible: len(r.LacksAsCreator()) == 0,
		Permissions:       each(r.Permissions, wirePermissionOf),
		CreatedAt:         millis(r.CreatedAt),
		UpdatedAt:         millis(r.UpdatedAt),
	}
}

type permissionBody struct {
	Name        *string `json:"name"`
	Key         *string `json:"key"`
	Description *string `json:"description"`
}

type wirePermission struct {
	Object      string                `json:"object"`
	ID          identity.PermissionID `json:"id"`
	Name        string                `json:"name"`
	Key         identity.Permission   `json:"key"`
	Description string                `json:"description"`
	Type        string                `json:"type"`
	CreatedAt   int64                 `json:"created_at"`
	UpdatedAt   int64                 `json:"updated_at"`
}

func wirePermissionOf(p identity.DefinedPermission) wirePermission {
	kind := "user"
	if p.Key.IsSystem() {
		kind = "system"
	}
	return wirePermission{
		Object:      "permission",
		ID:          p.ID,
		Name:        p.Name,
		Key:         p.Key,
		Description: p.Description,
		Type:        kind,
		CreatedAt:   millis(p.CreatedAt),
		UpdatedAt:   millis(p.UpdatedAt),
	}
}

// named reads what a list of things with a name and a key is asked for.
func named(r *http.Request) (f manage.NamedFilter, p manage.Page, err error) {
	q, err := query(r, "query", "order_by")
	if err != nil {
		return f, p, err
	}
	var pageErr, queryErr error
	p.Limit, p.Offset, pageErr = q.Page()
	f.Query, queryErr = q.Text("query")
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, "created_at", "name", "key")
	f.OrderBy = orderText(order)
	return f, p, fault.Join(pageErr, queryErr, orderErr)
}

func (a *API) handleRoles(w http.ResponseWriter, r *http.Request) error {
	f, p, err := named(r)
	if err != nil {
		return err
	}
	items, total, err := a.Manage.Roles(r.Context(), f, p)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireRoleOf), total})
}

func (a *API) handleCreateRole(w http.ResponseWriter, r *http.Request) error {
	var b roleBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	role, err := a.Manage.CreateRole(r.Context(), manage.RoleChange(b))
	return writeRole(w, role, err)
}

func (a *API) handleRole(w http.ResponseWriter, r *http.Request) error {
	role, err := a.Manage.Role(r.Context(), r.PathValue("organization_role_id"))
	return writeRole(w, role, err)
}

func (a *API) handleChangeRole(w http.ResponseWriter, r *http.Request) error {
	var b roleBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.IncludeInInitialRoleSet != nil {
		return fault.New(fault.FormParamUnknown, "param_name", "include_in_initial_role_set")
	}
	role, err := a.Manage.ChangeRole(r.Context(), r.PathValue("organization_role_id"), manage.RoleChange(b))
	return writeRole(w, role, err)
}

func (a *API) handleDeleteRole(w http.ResponseWriter, r *http.Request) error {
	role, err := a.Manage.DeleteRole(r.Context(), r.PathValue("organization_role_id"))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "role", ID: string(role.ID), Deleted: true})
}

func (a *API) handleGrantPermission(w http.ResponseWriter, r *http.Request) error {
	role, err := a.Manage.GrantPermission(r.Context(), r.PathValue("organization_role_id"), r.PathValue("permission_id"))
	return writeRole(w, role, err)
}

func (a *API) handleWithdrawPermission(w http.ResponseWriter, r *http.Request) error {
	role, err := a.Manage.WithdrawPermission(r.Context(), r.PathValue("organization_role_id"), r.PathValue("permission_id"))
	return writeRole(w, role, err)
}

func writeRole(w http.ResponseWriter, role manage.RoleView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireRoleOf(role))
}

func (a *API) handlePermissions(w http.ResponseWriter, r *http.Request) error {
	f, p, err := named(r)
	if err != nil {
		return err
	}
	items, total, err := a.Manage.Permissions(r.Context(), f, p)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wirePermissionOf), total})
}

func (a *API) handleCreatePermission(w http.ResponseWriter, r *http.Request) error {
	var b permissionBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	p, err := a.Manage.CreatePermission(r.Context(), manage.PermissionChange(b))
	return writePermission(w, p, err)
}

func (a *API) handlePermission(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Manage.Permission(r.Context(), r.PathValue("permission_id"))
	return writePermission(w, p, err)
}

func (a *API) handleChangePermission(w http.ResponseWriter, r *http.Request) error {
	var b permissionBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	p, err := a.Manage.ChangePermission(r.Context(), r.PathValue("permission_id"), manage.PermissionChange(b))
	return writePermission(w, p, err)
}

func (a *API) handleDeletePermission(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Manage.DeletePermission(r.Context(), r.PathValue("permission_id"))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "permission", ID: string(p.ID), Deleted: true})
}

func writePermission(w http.ResponseWriter, p identity.DefinedPermission, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wirePermissionOf(p))
}
