package dashboard

import (
	"net/http"
	"net/url"
	"strings"

	"usher/internal/web/page"
)

// Where subjects stand that other pages lead to.
const (
	connectionsPath = root + "/connections"
	attemptsPath    = root + "/attempts"
	simulatePath    = root + "/what-if" // what would happen if somebody signed in
)

// withQuery is a list narrowed by a text.
func withQuery(path, q string) string { return path + "?" + url.Values{"q": {q}}.Encode() }

// navigation is what stands at the side. The subject that a page belongs to is
// marked.
func navigation(path string) []page.NavGroup {
	groups := []page.NavGroup{
		{Links: []page.NavLink{
			{Text: "Overview", URL: root, Icon: "home"},
		}},
		{Title: "Sign-in", Links: []page.NavLink{
			{Text: "Connections", URL: connectionsPath, Icon: "plug"},
			{Text: "Domains", URL: domainsPath, Icon: "globe"},
			{Text: "Attempts", URL: attemptsPath, Icon: "clock"},
			{Text: "What if", URL: simulatePath, Icon: "question"},
		}},
		{Title: "People", Links: []page.NavLink{
			{Text: "Organizations", URL: root + "/organizations", Icon: "building"},
			{Text: "Users", URL: usersPath, Icon: "people"},
			{Text: "Roles", URL: rolesPath, Icon: "shield"},
		}},
		{Title: "Deployment", Links: []page.NavLink{
			{Text: "API keys", URL: apiKeysPath, Icon: "key"},
			{Text: "Webhooks", URL: webhooksPath, Icon: "hook"},
			{Text: "Mail", URL: mailPath, Icon: "mail"},
			{Text: "Settings", URL: settingsPath, Icon: "gear"},
			{Text: "Audit log", URL: auditPath, Icon: "list"},
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
	if r.URL.Path != searchPath {
		return ""
	}
	return r.URL.Query().Get("q")
}
