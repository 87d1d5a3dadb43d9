package dashboard

import (
	"net/http"
	"strings"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const searchPath = root + "/search"

// maxFound is how many of each kind a search shows. Ours.
const maxFound = 5

func (u *UI) searchRoutes() map[string]handler {
	return map[string]handler{"GET " + searchPath: u.handleSearch}
}

// found is what a search brought up.
type found struct {
	organizations []manage.OrganizationView
	users         []manage.UserView
	connections   []identity.Connection
	domains       []manage.DomainView
}

func (f found) none() bool {
	return len(f.organizations)+len(f.users)+len(f.connections)+len(f.domains) == 0
}

// handleSearch looks everywhere for a text. The reference of an attempt leads to it
// at once.
func (u *UI) handleSearch(w http.ResponseWriter, r *http.Request, op operator) error {
	q := strings.TrimSpace(searched(r))
	if strings.HasPrefix(q, "ssoa_") {
		if id, err := identity.ParseID[identity.AttemptID](q); err == nil {
			return seeOther(w, r, attemptsPath+"/"+string(id))
		}
	}
	var all found
	if q != "" {
		var err error
		if all, err = u.search(r, q); err != nil {
			return err
		}
	}
	return u.show(w, r, op, searchScreen(q, all))
}

func (u *UI) search(r *http.Request, q string) (all found, err error) {
	part := manage.Page{Limit: maxFound}
	if all.organizations, _, err = u.Manage.Organizations(r.Context(), manage.OrganizationFilter{Query: q}, part); err != nil {
		return all, err
	}
	if all.users, _, err = u.Manage.Users(r.Context(), manage.UserFilter{Query: q}, part); err != nil {
		return all, err
	}
	if id, err := identity.ParseConnectionID(q); err == nil {
		if c, err := u.Manage.Connection(r.Context(), id); err == nil {
			all.connections = []identity.Connection{c}
		}
	} else if all.connections, _, err = u.Manage.Connections(r.Context(), manage.ConnectionFilter{Query: q}, part); err != nil {
		return all, err
	}
	all.domains, _, err = u.Manage.Domains(r.Context(), manage.DomainRef{}, manage.OrganizationDomainFilter{Query: q}, part)
	return all, err
}

func searchScreen(q string, all found) page.Screen {
	s := page.Screen{Title: "Search", Lead: "Organizations, users, connections and domains by name, address or ID; attempts by the reference on a person’s error page."}
	if q == "" || all.none() {
		e := &page.Empty{Icon: "search", Title: "Nothing found", Text: "Nothing has these letters in its name, address or ID."}
		if q == "" {
			e.Title, e.Text = "What are you looking for?", "Type into the box above. Press / to get there."
		}
		s.Blocks = []page.Block{{Empty: e}}
		return s
	}
	more := func(path string) []page.Action { return []page.Action{{Text: "All results", URL: withQuery(path, q)}} }
	add := func(title, path string, rows []page.Row) {
		if len(rows) == 0 {
			return
		}
		b := page.Block{Title: title, Table: &page.Table{Caption: title, Columns: []page.Column{{Title: "Name"}}, Rows: rows}}
		if len(rows) == maxFound {
			b.Actions = more(path)
		}
		s.Blocks = append(s.Blocks, b)
	}
	var rows []page.Row
	for _, o := range all.organizations {
		rows = append(rows, page.Row{Cells: []page.Cell{{Avatar: o.Name, AvatarKind: "square", Text: o.Name, More: o.Slug, URL: organizationPath(o.ID)}}})
	}
	add("Organizations", organizationsPath, rows)
	rows = nil
	for _, p := range all.users {
		rows = append(rows, page.Row{Cells: []page.Cell{personCell(p)}})
	}
	add("Users", usersPath, rows)
	rows = nil
	for _, c := range all.connections {
		rows = append(rows, page.Row{Cells: []page.Cell{{Text: c.Name, More: domainsText(c.Domains), URL: connectionsPath + "/" + string(c.ID)}}})
	}
	add("Connections", connectionsPath, rows)
	rows = nil
	for _, d := range all.domains {
		rows = append(rows, page.Row{Cells: []page.Cell{{Text: string(d.Name), More: d.Organization.Name, URL: domainPath(d)}}})
	}
	add("Domains", domainsPath, rows)
	return s
}
