package backendapi

import (
	"net/http"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

func (a *API) handleVerifyPassword(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Password string `json:"password"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := a.Manage.VerifyPassword(r.Context(), r.PathValue("user_id"), b.Password); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, map[string]bool{"verified": true})
}

func (a *API) handleRemovePassword(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		SignOut *bool `json:"sign_out_of_other_sessions"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	u, err := a.Manage.RemovePassword(r.Context(), r.PathValue("user_id"), b.SignOut)
	return a.writeUser(w, u, err)
}

func (a *API) handleDeleteAccount(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("external_account_id")
	if err := a.Manage.DeleteAccount(r.Context(), r.PathValue("user_id"), identity.AccountID(id)); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "external_account", ID: id, Deleted: true})
}

// bulkBody names several users.
type bulkBody struct {
	UserIDs []string `json:"user_ids"`
}

func (a *API) handleBanUsers(w http.ResponseWriter, r *http.Request) error {
	var b bulkBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	list, err := a.Manage.Ban(r.Context(), b.UserIDs)
	return a.writeUsers(w, list, err)
}

func (a *API) handleUnbanUsers(w http.ResponseWriter, r *http.Request) error {
	var b bulkBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	list, err := a.Manage.Unban(r.Context(), b.UserIDs)
	return a.writeUsers(w, list, err)
}

func (a *API) writeUsers(w http.ResponseWriter, list []manage.UserView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, each(list, a.wireUser)) // a bare array, as Clerk's
}
