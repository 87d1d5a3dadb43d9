package dashboard

import (
	"net/http"
	"strings"

	"usher/internal/web/page"
)

// navigation is what stands at the side. The subject that a page belongs to is
// marked.
func navigation(path string) []page.NavGroup {
	groups := []page.NavGroup{
		{Links: []page.NavLink{
			{Text: "Overview", URL: root, Icon: "home"},
		}},
		{Title: "People", Links: []page.NavLink{
			{Text: "Organizations", URL: root + "/organizations", Icon: "building"},
			{Text: "Users", URL: usersPath, Icon: "people"},
			{Text: "Domains", URL: domainsPath, Icon: "globe"},
		}},
		{Title: "Deployment", Links: []page.NavLink{
			{Text: "API keys", URL: root + "/api-keys", Icon: "key"},
		}},
	}
	for g := range groups {
		for i := range groups[g].Links {
			l := &groups[g].Links[i]
			l.Now = path == l.URL || l.URL != root && strings.HasPrefix(path, l.URL+"/")
		}
	}
	return groups
}

// searched is what the search over everything was asked for.
func searched(r *http.Request) string {
	if r.URL.Path != root+"/search" {
		return ""
	}
	return r.URL.Query().Get("q")
}
