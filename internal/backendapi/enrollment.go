package backendapi

import (
	"net/http"
	"slices"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// enrollmentOperations are about people whom a domain lets ask to join. Clerk has
// them for browsers only; the shapes are those of its Frontend API.
func (a *API) enrollmentOperations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"GET /users/{user_id}/organization_suggestions":                                 a.handleSuggestionsOfUser,
		"GET /organizations/{organization_id}/membership_requests":                      a.handleMembershipRequests,
		"POST /organizations/{organization_id}/membership_requests/{request_id}/accept": a.handleAcceptRequest,
		"POST /organizations/{organization_id}/membership_requests/{request_id}/reject": a.handleRejectRequest,
	}
}

type wireSuggestion struct {
	Object                 string                 `json:"object"`
	ID                     string                 `json:"id"`
	PublicOrganizationData publicOrganizationData `json:"public_organization_data"`
	Status                 string                 `json:"status"`
	CreatedAt              int64                  `json:"created_at"`
	UpdatedAt              int64                  `json:"updated_at"`
}

func wireSuggestionOf(v manage.SuggestionView) wireSuggestion {
	return wireSuggestion{
		Object: "organization_suggestion", ID: string(v.ID), PublicOrganizationData: publicOrganization(v.Organization),
		Status: string(v.Status), CreatedAt: millis(v.CreatedAt), UpdatedAt: millis(v.UpdatedAt),
	}
}

type wireMembershipRequest struct {
	Object         string         `json:"object"`
	ID             string         `json:"id"`
	OrganizationID string         `json:"organization_id"`
	Status         string         `json:"status"`
	PublicUserData publicUserData `json:"public_user_data"`
	CreatedAt      int64          `json:"created_at"`
	UpdatedAt      int64          `json:"updated_at"`
}

func wireMembershipRequestOf(v manage.MembershipRequestView) wireMembershipRequest {
	return wireMembershipRequest{
		Object: "organization_membership_request", ID: string(v.ID), OrganizationID: string(v.OrganizationID),
		Status: string(v.Status), PublicUserData: publicUser(v.User, v.Identifier), CreatedAt: millis(v.CreatedAt), UpdatedAt: millis(v.UpdatedAt),
	}
}

// states reads a filter by status, which may be repeated.
func states[T ~string](q httpio.Params, known []T) ([]T, error) {
	given, err := q.List("status")
	if err != nil {
		return nil, err
	}
	list := texts[T](given)
	for _, s := range list {
		if !slices.Contains(known, s) {
			return nil, fault.New(fault.FormParamValueInvalid, "param_name", "status")
		}
	}
	return list, nil
}

func (a *API) handleSuggestionsOfUser(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "status")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	wanted, statusErr := states(q, identity.SuggestionStatuses())
	if err := fault.Join(pageErr, statusErr); err != nil {
		return err
	}
	items, total, err := a.Manage.SuggestionsOfUser(r.Context(), r.PathValue("user_id"), wanted, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireSuggestionOf), total})
}

func (a *API) handleMembershipRequests(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "status")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	wanted, statusErr := states(q, identity.RequestStatuses())
	if err := fault.Join(pageErr, statusErr); err != nil {
		return err
	}
	items, total, err := a.Manage.MembershipRequests(r.Context(), requestRef(r), wanted, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireMembershipRequestOf), total})
}

func requestRef(r *http.Request) manage.RequestRef {
	return manage.RequestRef{Organization: r.PathValue("organization_id"), Request: r.PathValue("request_id")}
}

func (a *API) handleAcceptRequest(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Manage.AcceptRequest(r.Context(), requestRef(r))
	return writeRequest(w, v, err)
}

func (a *API) handleRejectRequest(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Manage.RejectRequest(r.Context(), requestRef(r))
	return writeRequest(w, v, err)
}

func writeRequest(w http.ResponseWriter, v manage.MembershipRequestView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireMembershipRequestOf(v))
}
