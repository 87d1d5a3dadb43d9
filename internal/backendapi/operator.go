package backendapi

import (
	"net/http"

	"usher/internal/httpio"
)

// handleCreateOperatorLink makes a link that opens the dashboard once. Ours, for
// "usher operator link" beside a running server.
func (a *API) handleCreateOperatorLink(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		EmailAddress string `json:"email_address"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("email_address", b.EmailAddress); err != nil {
		return err
	}
	t, err := a.Manage.OperatorLink(r.Context(), b.EmailAddress)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, struct {
		Object         string `json:"object"`
		ID             string `json:"id"`
		UserID         string `json:"user_id"`
		OrganizationID string `json:"organization_id"`
		URL            string `json:"url"`
		ExpiresAt      int64  `json:"expires_at"`
	}{"operator_link", t.ID, string(t.UserID), string(t.OrganizationID), t.URL, millis(t.ExpiresAt)})
}
