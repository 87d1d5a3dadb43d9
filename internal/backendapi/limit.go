package backendapi

import (
	"net/http"

	"usher/internal/httpio"
	"usher/internal/manage"
)

// changes are the operations of which one thing may have only so many in ten
// seconds, with the parameters that name it (behaviour 7.A). Those of one thing
// count together.
func changes() map[string][]string {
	user, organization := []string{"user_id"}, []string{"organization_id"}
	membership := []string{"organization_id", "user_id"}
	return map[string][]string{
		"PATCH /users/{user_id}":                                                user,
		"PATCH /users/{user_id}/metadata":                                       user,
		"PUT /users/{user_id}/metadata":                                         user,
		"PATCH /organizations/{organization_id}":                                organization,
		"PATCH /organizations/{organization_id}/metadata":                       organization,
		"PUT /organizations/{organization_id}/metadata":                         organization,
		"PATCH /organizations/{organization_id}/memberships/{user_id}":          membership,
		"PATCH /organizations/{organization_id}/memberships/{user_id}/metadata": membership,
	}
}

// hourly are the operations of which there may be only so many an hour in all.
func hourly() map[string]manage.CallKind {
	return map[string]manage.CallKind{
		"POST /invitations":                                      manage.CallInvite,
		"POST /invitations/bulk":                                 manage.CallInviteBulk,
		"POST /organizations/{organization_id}/invitations":      manage.CallInviteToOrganization,
		"POST /organizations/{organization_id}/invitations/bulk": manage.CallInviteToOrganizationBulk,
	}
}

// limited counts calls with a valid key, so that nobody else uses up the limit. The
// key set is never limited: verifiers need it.
func (a *API) limited(pattern string, h httpio.Handler) httpio.Handler {
	if pattern == "GET /jwks" {
		return h
	}
	names, kind := changes()[pattern], hourly()[pattern]
	return func(w http.ResponseWriter, r *http.Request) error {
		if a.Calls != nil {
			if err := httpio.Count(r.Context(), a.Calls, "all"); err != nil {
				return err
			}
		}
		if len(names) > 0 && a.Changes != nil {
			key := ""
			for _, name := range names {
				key += r.PathValue(name) + " "
			}
			if err := httpio.Count(r.Context(), a.Changes, key); err != nil {
				return err
			}
		}
		if kind != "" {
			if err := a.Manage.CountCall(r.Context(), kind); err != nil {
				return err
			}
		}
		return h(w, r)
	}
}
