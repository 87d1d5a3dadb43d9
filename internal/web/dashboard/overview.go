package dashboard

import (
	"net/http"
	"strconv"

	"usher/internal/manage"
	"usher/internal/web/page"
)

func (u *UI) overviewRoutes() map[string]handler {
	return map[string]handler{
		"GET " + root + "/{$}": func(w http.ResponseWriter, r *http.Request, _ operator) error { return seeOther(w, r, root) },
		"GET " + root:          u.handleOverview,
	}
}

// handleOverview is what an operator sees first.
func (u *UI) handleOverview(w http.ResponseWriter, r *http.Request, op operator) error {
	_, organizations, err := u.Manage.Organizations(r.Context(), manage.OrganizationFilter{}, manage.Page{Limit: 1})
	if err != nil {
		return err
	}
	people, err := u.Manage.CountUsers(r.Context(), manage.UserFilter{})
	if err != nil {
		return err
	}
	_, connections, err := u.Manage.Connections(r.Context(), manage.ConnectionFilter{}, manage.Page{Limit: 1})
	if err != nil {
		return err
	}
	return u.show(w, r, op, page.Screen{
		Title: "Overview",
		Blocks: []page.Block{{Numbers: []page.Number{
			{Label: "Organizations", Value: strconv.Itoa(organizations), URL: organizationsPath},
			{Label: "Users", Value: strconv.Itoa(people), URL: usersPath},
			{Label: "Connections", Value: strconv.Itoa(connections)},
		}}},
	})
}
