package backendapi

import (
	"net/http"
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// wireSetupLink is a setup link, which Clerk calls an admin portal link token.
type wireSetupLink struct {
	Object           string               `json:"object"`
	ID               identity.SetupLinkID `json:"id"`
	PortalID         string               `json:"admin_portal_link_id"`
	InstanceID       identity.InstanceID  `json:"instance_id"`
	OrganizationID   identity.OrgID       `json:"organization_id"`
	ITContactID      *string              `json:"it_contact_id"`
	Scopes           []string             `json:"scopes"` // null: all
	Token            string               `json:"token,omitempty"`
	Revoked          bool                 `json:"revoked"`
	RevocationReason *string              `json:"revocation_reason"`
	Expired          bool                 `json:"expired"`
	Expiration       int64                `json:"expiration"`
	CreatedAt        int64                `json:"created_at"`
	UpdatedAt        int64                `json:"updated_at"`
}

func wireSetupLinkOf(l identity.SetupLink, in identity.InstanceID, now time.Time) wireSetupLink {
	return wireSetupLink{
		Object: "admin_portal_link_token", ID: l.ID, PortalID: l.OrganizationID.PortalID(), InstanceID: in, OrganizationID: l.OrganizationID,
		ITContactID: orNull(l.ITContactID), Scopes: l.Scopes, Revoked: l.Revoked(), RevocationReason: orNull(l.RevocationReason),
		Expired: l.Expired(now), Expiration: millis(l.ExpiresAt), CreatedAt: millis(l.CreatedAt), UpdatedAt: millis(l.UpdatedAt),
	}
}

func (a *API) setupLinkOperations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"POST /admin_portal_link_tokens":                        a.handleCreateSetupLink,
		"POST /admin_portal_link_tokens/{setup_link_id}/revoke": a.handleRevokeSetupLink,
	}
}

func (a *API) handleCreateSetupLink(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		OrganizationID string   `json:"organization_id"`
		ITContactID    *string  `json:"it_contact_id"`
		Scopes         []string `json:"scopes"`
		ExpiresIn      *int64   `json:"seconds_until_expiration"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("organization_id", b.OrganizationID); err != nil {
		return err
	}
	l, err := a.Manage.CreateSetupLink(r.Context(), manage.SetupLinkChange{
		OrganizationID: b.OrganizationID, ITContactID: b.ITContactID, Scopes: b.Scopes, ExpiresIn: b.ExpiresIn,
	})
	if err != nil {
		return err
	}
	out := wireSetupLinkOf(l.SetupLink, l.Instance, a.Manage.Now())
	out.Token = l.Token
	return httpio.WriteJSON(w, http.StatusCreated, out)
}

func (a *API) handleRevokeSetupLink(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Reason *string `json:"revocation_reason"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	reason := ""
	if b.Reason != nil {
		reason = *b.Reason
	}
	l, err := a.Manage.RevokeSetupLink(r.Context(), r.PathValue("setup_link_id"), reason)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireSetupLinkOf(l.SetupLink, l.Instance, a.Manage.Now()))
}
