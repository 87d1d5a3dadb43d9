package backendapi

import (
	"net/http"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// settingsBody is what a caller may send to change the deployment's settings.
type settingsBody struct {
	ApplicationName            *string              `json:"application_name"`
	SignUpMode                 *identity.SignUpMode `json:"sign_up_mode"`
	PasswordEnabled            *bool                `json:"password_enabled"`
	EmailVerifiedAtSignUp      *bool                `json:"email_verified_at_sign_up"`
	ForceOrganizationSelection *bool                `json:"force_organization_selection"`
	OrganizationSlugsEnabled   *bool                `json:"organization_slugs_enabled"`
	DefaultRole                *identity.RoleKey    `json:"default_role"`
	CreatorRole                *identity.RoleKey    `json:"creator_role"`
	MaxAllowedMemberships      *int                 `json:"max_allowed_memberships"`
	SessionLifetimeSeconds     *int64               `json:"session_lifetime_seconds"`
	SessionIdleSeconds         *int64               `json:"session_idle_seconds"`
	EvidenceDays               *int                 `json:"evidence_days"`
	SessionClaimsVersion       *int                 `json:"session_claims_version"`
	SupportEmail               *string              `json:"support_email"`
	AllowedOrigins             *[]string            `json:"allowed_origins"`
	Allowlist                  *bool                `json:"allowlist"`
	Blocklist                  *bool                `json:"blocklist"`
	ListsDisabledOnSignIn      *bool                `json:"allowlist_blocklist_disabled_on_sign_in"`
	BlockEmailSubaddresses     *bool                `json:"block_email_subaddresses"`
	BlockDisposableDomains     *bool                `json:"block_disposable_email_domains"`
}

// wireSettings are the settings, whose JSON names are those that are stored.
type wireSettings struct {
	Object string `json:"object"`
	identity.Settings
}

// handleSettings shows the deployment's settings; ours.
func (a *API) handleSettings(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Manage.Settings(r.Context())
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireSettings{"settings", s})
}

// handleChangeSettings changes them; ours.
func (a *API) handleChangeSettings(w http.ResponseWriter, r *http.Request) error {
	var b settingsBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	s, err := a.Manage.ChangeSettings(r.Context(), manage.SettingsChange(b))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireSettings{"settings", s})
}
