package backendapi

import (
	"net/http"
	"strings"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type wireAccess struct {
	Object         string `json:"object"`
	ID             string `json:"id"`
	Identifier     string `json:"identifier"`
	IdentifierType string `json:"identifier_type"`
	CreatedAt      int64  `json:"created_at"`
	UpdatedAt      int64  `json:"updated_at"`
}

func wireAccessOf(a identity.AccessIdentifier) wireAccess {
	return wireAccess{
		Object: string(a.List) + "list_identifier", ID: string(a.ID), Identifier: string(a.Identifier), IdentifierType: "email_address",
		CreatedAt: millis(a.CreatedAt), UpdatedAt: millis(a.UpdatedAt),
	}
}

// pageOf reads which part of a list is asked for that has no filters, and whether
// with its total.
func pageOf(r *http.Request) (p manage.Page, paginated bool, err error) {
	q, err := query(r)
	if err != nil {
		return p, false, err
	}
	var pageErr error
	p.Limit, p.Offset, pageErr = q.Page()
	paginated, _, err = q.Bool("paginated")
	return p, paginated, fault.Join(pageErr, err)
}

// writeList answers with a bare array, or with the total where it was asked for.
func writeList[T any](w http.ResponseWriter, items []T, total *int) error {
	if total != nil {
		return httpio.WriteJSON(w, http.StatusOK, list{items, *total})
	}
	return httpio.WriteJSON(w, http.StatusOK, items)
}

// totalIf is the total where it was asked for.
func totalIf(paginated bool, n int) *int {
	if !paginated {
		return nil
	}
	return &n
}

func (a *API) handleAllowlist(w http.ResponseWriter, r *http.Request) error {
	p, paginated, err := pageOf(r)
	if err != nil {
		return err
	}
	items, total, err := a.Manage.AccessIdentifiers(r.Context(), identity.AllowList, p)
	if err != nil {
		return err
	}
	return writeList(w, each(items, wireAccessOf), totalIf(paginated, total))
}

func (a *API) handleBlocklist(w http.ResponseWriter, r *http.Request) error {
	p, _, err := pageOf(r)
	if err != nil {
		return err
	}
	items, total, err := a.Manage.AccessIdentifiers(r.Context(), identity.BlockList, p)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireAccessOf), total})
}

// accessBody names what a list is to have.
type accessBody struct {
	Identifier string `json:"identifier"`
}

func (a *API) handleAllow(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		accessBody
		Notify *bool `json:"notify"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if is(b.Notify) { // an invitation would go with it
		return fault.New(fault.FeatureNotImplemented, "param_name", "notify")
	}
	return a.addAccess(w, r, identity.AllowList, b.Identifier)
}

func (a *API) handleBlock(w http.ResponseWriter, r *http.Request) error {
	var b accessBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	return a.addAccess(w, r, identity.BlockList, b.Identifier)
}

func (a *API) addAccess(w http.ResponseWriter, r *http.Request, l identity.AccessList, identifier string) error {
	if err := required("identifier", strings.TrimSpace(identifier)); err != nil {
		return err
	}
	row, err := a.Manage.AddAccessIdentifier(r.Context(), l, identifier)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireAccessOf(row))
}

func (a *API) handleDisallow(w http.ResponseWriter, r *http.Request) error {
	return a.deleteAccess(w, r, identity.AllowList)
}

func (a *API) handleUnblock(w http.ResponseWriter, r *http.Request) error {
	return a.deleteAccess(w, r, identity.BlockList)
}

func (a *API) deleteAccess(w http.ResponseWriter, r *http.Request, l identity.AccessList) error {
	id := identity.AccessID(r.PathValue("identifier_id"))
	if err := a.Manage.DeleteAccessIdentifier(r.Context(), l, id); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: string(l) + "list_identifier", ID: string(id), Deleted: true})
}

type wireRedirect struct {
	Object    string `json:"object"`
	ID        string `json:"id"`
	URL       string `json:"url"`
	CreatedAt int64  `json:"created_at"`
	UpdatedAt int64  `json:"updated_at"`
}

func wireRedirectOf(u identity.RedirectURL) wireRedirect {
	return wireRedirect{"redirect_url", string(u.ID), u.URL, millis(u.CreatedAt), millis(u.UpdatedAt)}
}

func (a *API) handleRedirectURLs(w http.ResponseWriter, r *http.Request) error {
	p, paginated, err := pageOf(r)
	if err != nil {
		return err
	}
	items, total, err := a.Manage.RedirectURLs(r.Context(), p)
	if err != nil {
		return err
	}
	return writeList(w, each(items, wireRedirectOf), totalIf(paginated, total))
}

func (a *API) handleAddRedirectURL(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		URL string `json:"url"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("url", b.URL); err != nil {
		return err
	}
	u, err := a.Manage.AddRedirectURL(r.Context(), b.URL)
	return writeRedirect(w, u, err)
}

func (a *API) handleRedirectURL(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.RedirectURL(r.Context(), identity.RedirectID(r.PathValue("id")))
	return writeRedirect(w, u, err)
}

func writeRedirect(w http.ResponseWriter, u identity.RedirectURL, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireRedirectOf(u))
}

func (a *API) handleDeleteRedirectURL(w http.ResponseWriter, r *http.Request) error {
	id := identity.RedirectID(r.PathValue("id"))
	if err := a.Manage.DeleteRedirectURL(r.Context(), id); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "redirect_url", ID: string(id), Deleted: true})
}
