package dashboard

import (
	"net/http"
	"strconv"
	"time"

	"usher/internal/manage"
	"usher/internal/web/page"
)

const organizationsPath = root + "/organizations"

func (u *UI) organizationRoutes() map[string]handler {
	const one = organizationsPath + "/{organization_id}"
	return map[string]handler{
		"GET " + organizationsPath:          u.handleOrganizations,
		"GET " + organizationsPath + "/new": u.handleNewOrganization,
		"POST " + organizationsPath:         u.handleCreateOrganization,
		"GET " + one:                        u.handleOrganization,
		"GET " + one + "/members":           u.handleMembers,
	}
}

func organizationNotices() map[string]string {
	return map[string]string{"organization_created": "The organization has been created."}
}

func (u *UI) handleOrganizations(w http.ResponseWriter, r *http.Request, op operator) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	order := l.choice("order", "-created_at", "created_at", "name", "-name", "members_count", "-members_count")
	found, total, err := u.Manage.Organizations(r.Context(), manage.OrganizationFilter{Query: l.text("q"), OrderBy: order}, l.page())
	if err != nil {
		return err
	}
	return u.show(w, r, op, organizationsScreen(l, order, found, total, u.Now()))
}

func organizationsScreen(l listing, order string, found []manage.OrganizationView, total int, now time.Time) page.Screen {
	s := page.Screen{
		Title: "Organizations", Lead: "Your customers. Each has its people, their roles, and the sign-in of its own identity provider.",
		Actions: []page.Action{{Text: "Create organization", URL: organizationsPath + "/new", Kind: "primary"}},
	}
	if total == 0 && !l.narrowed("q") {
		s.Blocks = []page.Block{{Empty: &page.Empty{
			Icon: "building", Title: "No organization yet", Text: "Create one for your first customer. Its single sign-on comes next.",
			Actions: []page.Action{{Text: "Create organization", URL: organizationsPath + "/new", Kind: "primary"}},
		}}}
		return s
	}
	table := &page.Table{
		Caption: "Organizations",
		Columns: []page.Column{l.column("Name", "name", order), {Title: "Slug"}, l.column("Members", "members_count", order), l.column("Created", "created_at", order)},
		Pager:   l.pager(len(found), total),
	}
	table.Columns[2].Number = true
	for _, o := range found {
		table.Rows = append(table.Rows, page.Row{Cells: []page.Cell{
			{Avatar: o.Name, AvatarKind: "square", Text: o.Name, URL: organizationsPath + "/" + string(o.ID)},
			{Text: o.Slug, Code: true},
			{Text: strconv.Itoa(o.Members)},
			{When: page.Since(now, o.CreatedAt)},
		}})
	}
	s.Blocks = []page.Block{{Search: l.search("Search by name, slug or ID"), Table: table}}
	if len(found) == 0 {
		s.Blocks[0].Table, s.Blocks[0].Empty = nil, &page.Empty{Icon: "search", Title: "Nothing found", Text: "No organization's name or slug has these letters."}
	}
	return s
}

func (u *UI) handleNewOrganization(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.show(w, r, op, newOrganizationScreen(map[string]string{}))
}

// newOrganizationScreen asks for a new organization, with what was given before.
func newOrganizationScreen(given map[string]string) page.Screen {
	return page.Screen{
		Title: "Create organization", Crumbs: []page.Link{{Text: "Organizations", URL: organizationsPath}},
		Blocks: []page.Block{{Form: &page.Form{
			Action: organizationsPath, Submit: "Create organization", Cancel: organizationsPath,
			Fields: []page.Field{
				{Name: "name", Label: "Name", Value: given["name"], Max: 256, First: true, Hint: "As its people know it."},
				{Name: "slug", Label: "Slug", Value: given["slug"], Optional: true, Code: true, Max: 128, Hint: "For addresses in your application, such as acme-corp."},
			},
		}}},
	}
}

func (u *UI) handleCreateOrganization(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "name", "slug")
	if err != nil {
		return err
	}
	name, slug := given["name"], given["slug"]
	ch := manage.OrganizationChange{Name: &name}
	if slug != "" {
		ch.Slug = &slug
	}
	o, err := u.Manage.CreateOrganization(r.Context(), ch)
	if list, status, ok := problems(err); ok {
		s := newOrganizationScreen(given)
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(organizationsPath+"/"+string(o.ID), "organization_created"))
}

// organizationScreen is the head that all pages of an organization share.
func organizationScreen(o manage.OrganizationView, now string) page.Screen {
	path := organizationsPath + "/" + string(o.ID)
	s := page.Screen{
		Title: o.Name, Crumbs: []page.Link{{Text: "Organizations", URL: organizationsPath}},
		Tabs: []page.Tab{{Text: "Overview", URL: path}, {Text: "Members", URL: path + "/members", Count: o.Members}},
	}
	for i := range s.Tabs {
		s.Tabs[i].Now = s.Tabs[i].Text == now
	}
	return s
}

func (u *UI) handleOrganization(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.Manage.Organization(r.Context(), r.PathValue("organization_id"))
	if err != nil {
		return err
	}
	s := organizationScreen(o, "Overview")
	limit := "No limit"
	if o.MaxAllowedMemberships > 0 {
		limit = strconv.Itoa(o.MaxAllowedMemberships)
	}
	s.Blocks = []page.Block{{Title: "About", Facts: []page.Fact{
		{Term: "ID", Text: string(o.ID), Copy: true},
		{Term: "Slug", Text: o.Slug, Code: o.Slug != ""},
		{Term: "Member limit", Text: limit},
		{Term: "Role set", Text: o.RoleSetKey, Code: true},
		{Term: "Created", When: page.On(o.CreatedAt)},
	}}}
	return u.show(w, r, op, s)
}

func (u *UI) handleMembers(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.Manage.Organization(r.Context(), r.PathValue("organization_id"))
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	found, total, err := u.Manage.Members(r.Context(), string(o.ID), manage.MembershipFilter{Query: l.text("q")}, l.page())
	if err != nil {
		return err
	}
	s := organizationScreen(o, "Members")
	table := &page.Table{Caption: "Members", Columns: []page.Column{{Title: "Person"}, {Title: "Role"}, {Title: "Joined"}}, Pager: l.pager(len(found), total)}
	for _, m := range found {
		table.Rows = append(table.Rows, page.Row{Cells: []page.Cell{
			{Avatar: m.User.Name(), Text: m.User.Name(), More: m.Identifier, URL: usersPath + "/" + string(m.UserID)}, {Text: m.Role.Name}, {When: page.Since(u.Now(), m.CreatedAt)},
		}})
	}
	s.Blocks = []page.Block{{Search: l.search("Search by name, address or ID"), Table: table}}
	if len(found) == 0 {
		s.Blocks[0].Table, s.Blocks[0].Empty = nil, &page.Empty{Icon: "people", Title: "Nobody here", Text: "People join by an invitation or through the organization's sign-in."}
	}
	return u.show(w, r, op, s)
}
