package dashboard

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	organizationsPath = root + "/organizations"
	oneOrganization   = organizationsPath + "/{organization_id}"
)

func (u *UI) organizationRoutes() map[string]handler {
	return map[string]handler{
		"GET " + organizationsPath:              u.handleOrganizations,
		"GET " + organizationsPath + "/new":     u.handleNewOrganization,
		"POST " + organizationsPath:             u.handleCreateOrganization,
		"GET " + oneOrganization:                u.handleOrganization,
		"GET " + oneOrganization + "/settings":  u.handleOrganizationSettings,
		"POST " + oneOrganization + "/settings": u.handleChangeOrganization,
		"GET " + oneOrganization + "/delete":    u.handleDeleteOrganizationPage,
		"POST " + oneOrganization + "/delete":   u.handleDeleteOrganization,
	}
}

func organizationNotices() map[string]string {
	return map[string]string{
		"organization_created": "The organization has been created.",
		"organization_changed": "The settings have been saved.",
		"organization_deleted": "The organization has been deleted.",
	}
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
	create := page.Action{Text: "Create organization", URL: organizationsPath + "/new", Kind: "primary"}
	s := page.Screen{
		Title: "Organizations", Lead: "Your customers. Each has its people, their roles, and the sign-in of its own identity provider.",
		Actions: []page.Action{create},
	}
	if total == 0 && !l.narrowed("q") {
		s.Blocks = []page.Block{{Empty: &page.Empty{
			Icon: "building", Title: "No organization yet", Text: "Create one for your first customer. Its single sign-on comes next.", Actions: []page.Action{create},
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
			{Avatar: o.Name, AvatarKind: "square", Text: o.Name, URL: organizationPath(o.ID)},
			{Text: o.Slug, Code: o.Slug != ""},
			{Text: strconv.Itoa(o.Members)},
			{When: page.Since(now, o.CreatedAt)},
		}})
	}
	s.Blocks = []page.Block{{Search: l.search("Search by name, slug or ID"), Table: table}}
	if len(found) == 0 {
		s.Blocks[0].Table, s.Blocks[0].Empty = nil, &page.Empty{Icon: "search", Title: "Nothing found", Text: "No organization’s name or slug has these letters."}
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
	return seeOther(w, r, after(organizationPath(o.ID), "organization_created"))
}

func organizationPath(id identity.OrgID) string { return organizationsPath + "/" + string(id) }

// organizationOf finds the organization that a URL names.
func (u *UI) organizationOf(r *http.Request) (manage.OrganizationView, error) {
	return u.Manage.Organization(r.Context(), r.PathValue("organization_id"))
}

// organizationScreen is the head that all pages of an organization share; now is
// the tab that is shown.
func organizationScreen(o manage.OrganizationView, now string) page.Screen {
	path := organizationPath(o.ID)
	s := page.Screen{
		Title: o.Name, Crumbs: []page.Link{{Text: "Organizations", URL: organizationsPath}},
		Tabs: []page.Tab{
			{Text: "Overview", URL: path},
			{Text: "Members", URL: path + "/members", Count: o.Members},
			{Text: "Invitations", URL: path + "/invitations"},
			{Text: "Domains", URL: path + "/domains"},
			{Text: "Settings", URL: path + "/settings"},
		},
	}
	for i := range s.Tabs {
		s.Tabs[i].Now = s.Tabs[i].Text == now
	}
	return s
}

func (u *UI) handleOrganization(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	connections, _, err := u.Manage.Connections(r.Context(), manage.ConnectionFilter{OrganizationID: &o.ID}, manage.Page{})
	if err != nil {
		return err
	}
	unmanaged, err := u.Manage.WithoutManager(r.Context(), o)
	if err != nil {
		return err
	}
	return u.show(w, r, op, organizationOverviewScreen(o, connections, unmanaged[o.ID]))
}

func organizationOverviewScreen(o manage.OrganizationView, connections []identity.Connection, unmanaged bool) page.Screen {
	s := organizationScreen(o, "Overview")
	if unmanaged && o.Members > 0 {
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{
			Kind: "warning", Title: "Nobody can manage this organization", Text: "None of its members has a role that may manage members. Give one of them such a role.",
			Actions: []page.Action{{Text: "Members", URL: organizationPath(o.ID) + "/members"}},
		}})
	}
	s.Blocks = append(s.Blocks, organizationConnections(o, connections))
	limit := "No limit"
	if o.MaxAllowedMemberships > 0 {
		limit = strconv.Itoa(o.Members) + " of " + strconv.Itoa(o.MaxAllowedMemberships)
	}
	s.Blocks = append(s.Blocks, page.Block{Title: "About", Facts: []page.Fact{
		{Term: "ID", Text: string(o.ID), Copy: true},
		{Term: "Slug", Text: dash(o.Slug), Code: o.Slug != ""},
		{Term: "Member limit", Text: limit},
		{Term: "Role set", Text: o.RoleSetKey, Code: true},
		{Term: "Created", When: page.On(o.CreatedAt)},
	}})
	return s
}

// organizationConnections lists how the organization's people sign in.
func organizationConnections(o manage.OrganizationView, connections []identity.Connection) page.Block {
	add := page.Action{Text: "Add connection", URL: connectionsPath + "/new?organization_id=" + string(o.ID)}
	setup := page.Action{Text: "Setup link", URL: setupLinkPath(o.ID)}
	b := page.Block{Title: "Single sign-on", Text: "Through which identity provider its people come in."}
	if len(connections) == 0 {
		add.Kind = "primary"
		b.Empty = &page.Empty{Icon: "plug", Title: "No single sign-on yet", Text: "Its people sign in with a code by mail or a password until their identity provider is connected. Their administrator can do that by a setup link.", Actions: []page.Action{add, setup}}
		return b
	}
	b.Table = &page.Table{Caption: "Connections", Columns: []page.Column{{Title: "Connection"}, {Title: "Domains"}, {Title: "State"}}}
	for _, c := range connections {
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
			{Text: c.Name, More: string(c.Provider), URL: connectionsPath + "/" + string(c.ID)}, {Text: domainsText(c.Domains)}, {Badges: connectionState(c)},
		}})
	}
	b.Actions = []page.Action{add, setup, {Text: "Who can come in?", URL: organizationPath(o.ID) + whatIf}}
	return b
}

func domainsText(domains []identity.Domain) string {
	list := make([]string, len(domains))
	for i, d := range domains {
		list[i] = string(d)
	}
	return strings.Join(list, ", ")
}

func connectionState(c identity.Connection) []page.Badge {
	switch {
	case c.InUse():
		return []page.Badge{{Text: "Active", Kind: "success"}}
	case c.Active:
		return []page.Badge{{Text: "Not ready", Kind: "warning"}}
	}
	return []page.Badge{{Text: "Inactive"}}
}

// dash stands for a text that there isn't.
func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func (u *UI) handleOrganizationSettings(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	return u.showOrganizationSettings(w, r, op, o, givenOf(o), nil)
}

// givenOf is what the form about an organization shows at first.
func givenOf(o manage.OrganizationView) map[string]string {
	return map[string]string{
		"name": o.Name, "slug": o.Slug, "max_allowed_memberships": strconv.Itoa(o.MaxAllowedMemberships), "role_set_key": o.RoleSetKey,
		"exclusive_membership": checked(o.ExclusiveMembership), "self_serve_sso_enabled": checked(o.SelfServeSSOEnabled), "admin_delete_enabled": checked(o.AdminDeleteEnabled),
	}
}

// checked is the value of a box.
func checked(on bool) string {
	if on {
		return "true"
	}
	return ""
}

func (u *UI) showOrganizationSettings(w http.ResponseWriter, r *http.Request, op operator, o manage.OrganizationView, given map[string]string, refused error) error {
	sets, _, err := u.Manage.RoleSets(r.Context(), manage.NamedFilter{}, manage.Page{})
	if err != nil {
		return err
	}
	s := organizationSettingsScreen(o, given, sets)
	status := http.StatusOK
	if list, refusedStatus, ok := problems(refused); ok {
		s.Problems, status = list, refusedStatus
	}
	return u.showAs(w, r, op, status, s)
}

func organizationSettingsScreen(o manage.OrganizationView, given map[string]string, sets []manage.RoleSetView) page.Screen {
	s := organizationScreen(o, "Settings")
	roles := page.Field{Kind: "select", Name: "role_set_key", Label: "Role set", Hint: "Which roles its members can have."}
	for _, set := range sets {
		roles.Options = append(roles.Options, page.Option{Value: set.Key, Label: set.Name, Selected: set.Key == given["role_set_key"]})
	}
	box := func(name, label, hint string) page.Field {
		return page.Field{Kind: "check", Name: name, Label: label, Hint: hint, Checked: given[name] == "true"}
	}
	s.Blocks = []page.Block{
		{Form: &page.Form{
			Action: organizationPath(o.ID) + "/settings", Submit: "Save",
			Fields: []page.Field{
				{Name: "name", Label: "Name", Value: given["name"], Max: 256},
				{Name: "slug", Label: "Slug", Value: given["slug"], Optional: true, Code: true, Max: 128, Hint: "For addresses in your application."},
				{Kind: "number", Name: "max_allowed_memberships", Label: "Member limit", Value: given["max_allowed_memberships"], Hint: "0 is no limit. Invitations that wait count as members."},
				roles,
				box("self_serve_sso_enabled", "Its administrators may set single sign-on up themselves", "They need the permission to manage enterprise connections."),
				box("exclusive_membership", "Its people belong to no other organization", "Who joins leaves no other; who belongs to another can’t join."),
				box("admin_delete_enabled", "Its administrators may delete it", "They need the permission to delete the organization."),
			},
		}},
		{Title: "Delete", Dangerous: true, Text: "Its members lose it at once, and its connections are switched off.", Actions: []page.Action{{Text: "Delete organization", URL: organizationPath(o.ID) + "/delete", Kind: "danger"}}},
	}
	return s
}

func (u *UI) handleChangeOrganization(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "name", "slug", "max_allowed_memberships", "role_set_key", "exclusive_membership", "self_serve_sso_enabled", "admin_delete_enabled")
	if err != nil {
		return err
	}
	most, err := strconv.Atoi(given["max_allowed_memberships"])
	if err != nil {
		return u.showOrganizationSettings(w, r, op, o, given, fault.New(fault.FormParamValueInvalid, "param_name", "max_allowed_memberships"))
	}
	name, slug, set := given["name"], given["slug"], given["role_set_key"]
	exclusive, selfServe, mayDelete := given["exclusive_membership"] == "true", given["self_serve_sso_enabled"] == "true", given["admin_delete_enabled"] == "true"
	ch := manage.OrganizationChange{
		Name: &name, MaxAllowedMemberships: &most, ExclusiveMembership: &exclusive, SelfServeSSOEnabled: &selfServe, AdminDeleteEnabled: &mayDelete,
	}
	if slug != o.Slug {
		ch.Slug = &slug
	}
	if set != o.RoleSetKey {
		ch.RoleSetKey = &set
	}
	if _, err := u.Manage.ChangeOrganization(r.Context(), string(o.ID), ch); err != nil {
		if _, _, ok := problems(err); ok {
			return u.showOrganizationSettings(w, r, op, o, given, err)
		}
		return err
	}
	return seeOther(w, r, after(organizationPath(o.ID)+"/settings", "organization_changed"))
}

func (u *UI) handleDeleteOrganizationPage(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	return u.showDeleteOrganization(w, r, op, o, nil)
}

func (u *UI) showDeleteOrganization(w http.ResponseWriter, r *http.Request, op operator, o manage.OrganizationView, refused error) error {
	effects, err := u.Manage.PreviewOrganizationDeletion(r.Context(), string(o.ID))
	if err != nil {
		return err
	}
	s := deleteOrganizationScreen(o, effects)
	status := http.StatusOK
	if list, refusedStatus, ok := problems(refused); ok {
		s.Problems, status = list, refusedStatus
	}
	return u.showAs(w, r, op, status, s)
}

func deleteOrganizationScreen(o manage.OrganizationView, effects []manage.Effect) page.Screen {
	path := organizationPath(o.ID)
	return page.Screen{
		Title: "Delete " + o.Name + "?", Crumbs: []page.Link{{Text: "Organizations", URL: organizationsPath}, {Text: o.Name, URL: path}},
		Lead: "This can’t be undone.",
		Blocks: []page.Block{
			{Title: "What happens", Effects: effectsOf(effects)},
			{Form: &page.Form{
				Action: path + "/delete", Submit: "Delete organization", Danger: true, Cancel: path + "/settings",
				Fields: []page.Field{{Name: "confirmation", Label: "Type the name to confirm", Hint: o.Name, Max: 256}},
			}},
		},
	}
}

func (u *UI) handleDeleteOrganization(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	if !confirms(form, o.Name) {
		return u.showDeleteOrganization(w, r, op, o, fault.New(fault.FormParamValueInvalid, "param_name", "confirmation"))
	}
	if _, err := u.Manage.DeleteOrganization(r.Context(), string(o.ID)); err != nil {
		return err
	}
	return seeOther(w, r, after(organizationsPath, "organization_deleted"))
}

// effectsOf are the consequences that policy computed, for the page that asks
// whether to go on.
func effectsOf(effects []manage.Effect) []page.Effect {
	if len(effects) == 0 {
		return []page.Effect{{Text: "Nobody notices anything."}}
	}
	list := make([]page.Effect, len(effects))
	for i, e := range effects {
		list[i] = page.Effect{Text: e.Plain, Kind: effectKind(e.Name)}
	}
	return list
}

// effectKind marks what may shut somebody out.
func effectKind(name string) string {
	switch name {
	case "no_organization_left", "no_manager_left", "sign_in_lost", "connection_disabled", "no_seat", "domain_released":
		return "danger"
	case "rejoins", "created_again", "members_removed", "domain_enforced", "user_deleted":
		return "warning"
	}
	return ""
}
