package backendapi

import (
	"net/http"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type organizationSettingsBody struct {
	Enabled               *bool                      `json:"enabled"`
	MaxAllowedMemberships *int                       `json:"max_allowed_memberships"`
	AdminDeleteEnabled    *bool                      `json:"admin_delete_enabled"`
	DomainsEnabled        *bool                      `json:"domains_enabled"`
	SlugDisabled          *bool                      `json:"slug_disabled"`
	DomainModes           *[]identity.EnrollmentMode `json:"domains_enrollment_modes"`
	CreatorRoleID         *string                    `json:"creator_role_id"`
	DefaultRoleID         *string                    `json:"domains_default_role_id"`
}

type wireOrganizationSettings struct {
	Object                string                    `json:"object"`
	Enabled               bool                      `json:"enabled"`
	MaxAllowedMemberships int                       `json:"max_allowed_memberships"`
	MaxAllowedRoles       int                       `json:"max_allowed_roles"`
	MaxRoleSetsAllowed    int                       `json:"max_role_sets_allowed"`
	MaxAllowedDomains     int                       `json:"max_allowed_domains"`
	CreatorRole           identity.RoleKey          `json:"creator_role"`
	AdminDeleteEnabled    bool                      `json:"admin_delete_enabled"`
	DomainsEnabled        bool                      `json:"domains_enabled"`
	SlugDisabled          bool                      `json:"slug_disabled"`
	DomainModes           []identity.EnrollmentMode `json:"domains_enrollment_modes"`
	DefaultRole           identity.RoleKey          `json:"domains_default_role"`
	InitialRoleSetKey     *string                   `json:"initial_role_set_key"`
}

// maxOrganizationDomains is how many domains an organization may list: behaviour
// 7.B.
const maxOrganizationDomains = 10

func wireOrganizationSettingsOf(s manage.OrganizationSettings) wireOrganizationSettings {
	return wireOrganizationSettings{
		Object:                "organization_settings",
		Enabled:               !s.OrganizationsDisabled,
		MaxAllowedMemberships: s.MaxAllowedMemberships,
		MaxAllowedRoles:       manage.MaxRoles,
		MaxRoleSetsAllowed:    manage.MaxRoleSets,
		MaxAllowedDomains:     maxOrganizationDomains,
		CreatorRole:           s.CreatorRole,
		AdminDeleteEnabled:    !s.OrganizationAdminDeleteDisabled,
		DomainsEnabled:        s.OrganizationDomainsEnabled,
		SlugDisabled:          !s.OrganizationSlugsEnabled,
		DomainModes:           s.DomainModes(),
		DefaultRole:           s.DefaultRole,
		InitialRoleSetKey:     orNull(s.InitialRoleSet),
	}
}

func (a *API) handleOrganizationSettings(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Manage.OrganizationSettings(r.Context())
	return writeOrganizationSettings(w, s, err)
}

func (a *API) handleChangeOrganizationSettings(w http.ResponseWriter, r *http.Request) error {
	var b organizationSettingsBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	s, err := a.Manage.ChangeOrganizationSettings(r.Context(), manage.OrganizationSettingsChange(b))
	return writeOrganizationSettings(w, s, err)
}

func writeOrganizationSettings(w http.ResponseWriter, s manage.OrganizationSettings, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireOrganizationSettingsOf(s))
}
