package dashboard

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	rolesPath = root + "/roles"
	oneRole   = rolesPath + "/{role_id}"
)

func (u *UI) roleRoutes() map[string]handler {
	return map[string]handler{
		"GET " + rolesPath:                                          u.handleRoles,
		"GET " + rolesPath + "/new":                                 u.handleNewRole,
		"POST " + rolesPath:                                         u.handleCreateRole,
		"GET " + oneRole:                                            u.handleRole,
		"POST " + oneRole:                                           u.handleChangeRole,
		"GET " + oneRole + "/delete":                                u.handleDeleteRolePage,
		"POST " + oneRole + "/delete":                               u.handleDeleteRole,
		"GET " + rolesPath + "/permissions":                         u.handlePermissions,
		"POST " + rolesPath + "/permissions":                        u.handleCreatePermission,
		"POST " + rolesPath + "/permissions/{permission_id}/delete": u.handleDeletePermission,
		"GET " + rolesPath + "/sets":                                u.handleRoleSets,
	}
}

func roleNotices() map[string]string {
	return map[string]string{
		"role_created":       "The role has been created.",
		"role_changed":       "The role has been changed. It shows with everybody’s next session token, within a minute.",
		"role_deleted":       "The role has been deleted.",
		"permission_created": "The permission has been created. Give it to a role.",
		"permission_deleted": "The permission has been deleted.",
	}
}

// rolesScreen is the head that the pages about roles share.
func rolesScreen(now string) page.Screen {
	s := page.Screen{Title: "Roles", Lead: "What members may do. A role has permissions; a role set says which roles an organization’s members can have.", Tabs: []page.Tab{
		{Text: "Roles", URL: rolesPath}, {Text: "Permissions", URL: rolesPath + "/permissions"}, {Text: "Role sets", URL: rolesPath + "/sets"},
	}}
	for i := range s.Tabs {
		s.Tabs[i].Now = s.Tabs[i].Text == now
	}
	return s
}

func (u *UI) handleRoles(w http.ResponseWriter, r *http.Request, op operator) error {
	list, _, err := u.Manage.Roles(r.Context(), manage.NamedFilter{OrderBy: "created_at"}, manage.Page{})
	if err != nil {
		return err
	}
	return u.show(w, r, op, roleListScreen(list, u.Now()))
}

func roleListScreen(list []manage.RoleView, now time.Time) page.Screen {
	s := rolesScreen("Roles")
	s.Actions = []page.Action{{Text: "Create role", URL: rolesPath + "/new", Kind: "primary"}}
	t := &page.Table{Caption: "Roles", Columns: []page.Column{{Title: "Role"}, {Title: "Key"}, {Title: "Permissions", Number: true}, {Title: "Created"}}}
	for _, r := range list {
		t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{
			{Text: r.Name, More: r.Description, URL: rolesPath + "/" + string(r.ID)}, {Text: string(r.Key), Code: true}, {Text: strconv.Itoa(len(r.Permissions))}, {When: page.Since(now, r.CreatedAt)},
		}})
	}
	s.Blocks = []page.Block{{Table: t}}
	return s
}

// roleGiven is what the form about a role holds.
type roleGiven struct {
	name, key, description string
	permissions            map[string]bool // by id
}

func (u *UI) handleNewRole(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.showRoleForm(w, r, op, "", roleGiven{key: "org:"}, nil)
}

// showRoleForm shows the form about a role; without an id it is a new one.
func (u *UI) showRoleForm(w http.ResponseWriter, r *http.Request, op operator, id identity.RoleID, given roleGiven, err error) error {
	permissions, _, listErr := u.Manage.Permissions(r.Context(), manage.NamedFilter{OrderBy: "key"}, manage.Page{})
	if listErr != nil {
		return listErr
	}
	s := roleScreen(id, given, permissions)
	return u.showAs(w, r, op, refused(&s, err), s)
}

func roleScreen(id identity.RoleID, given roleGiven, permissions []identity.DefinedPermission) page.Screen {
	s := page.Screen{Title: "Create role", Crumbs: []page.Link{{Text: "Roles", URL: rolesPath}}}
	f := &page.Form{Action: rolesPath, Submit: "Create role", Cancel: rolesPath, Fields: []page.Field{
		{Name: "name", Label: "Name", Value: given.name, Max: 256, First: id == ""},
		{Name: "key", Label: "Key", Value: given.key, Code: true, Max: 128, Hint: "As your application asks for it, such as org:billing."},
		{Name: "description", Label: "Description", Value: given.description, Optional: true, Max: 256},
	}}
	for _, p := range permissions {
		f.Fields = append(f.Fields, page.Field{Kind: "check", Name: permissionField + string(p.ID), Label: p.Name, Hint: string(p.Key), Checked: given.permissions[string(p.ID)]})
	}
	s.Blocks = []page.Block{{Form: f}}
	if id != "" {
		s.Title, f.Action, f.Submit = given.name, rolesPath+"/"+string(id), "Save"
		s.Blocks = append(s.Blocks, page.Block{Title: "Delete", Dangerous: true, Text: "Only a role that no member has and no invitation names.", Actions: []page.Action{{Text: "Delete role", URL: f.Action + "/delete", Kind: "danger"}}})
	}
	return s
}

// permissionField begins the names of the boxes of permissions.
const permissionField = "permission_"

func readRole(form httpio.Params) (roleGiven, manage.RoleChange, error) {
	given, err := values(form, "name", "key", "description")
	if err != nil {
		return roleGiven{}, manage.RoleChange{}, err
	}
	g := roleGiven{name: given["name"], key: strings.TrimSpace(given["key"]), description: given["description"], permissions: map[string]bool{}}
	ids := []string{}
	for name := range form {
		if id, ok := strings.CutPrefix(name, permissionField); ok {
			g.permissions[id] = true
			ids = append(ids, id)
		}
	}
	return g, manage.RoleChange{Name: &g.name, Key: &g.key, Description: &g.description, Permissions: &ids}, nil
}

func (u *UI) handleCreateRole(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, ch, err := readRole(form)
	if err != nil {
		return err
	}
	included := true
	ch.IncludeInInitialRoleSet = &included
	v, err := u.Manage.CreateRole(r.Context(), ch)
	if _, _, ok := problems(err); ok {
		return u.showRoleForm(w, r, op, "", given, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(rolesPath+"/"+string(v.ID), "role_created"))
}

func (u *UI) handleRole(w http.ResponseWriter, r *http.Request, op operator) error {
	v, err := u.Manage.Role(r.Context(), r.PathValue("role_id"))
	if err != nil {
		return err
	}
	given := roleGiven{name: v.Name, key: string(v.Key), description: v.Description, permissions: map[string]bool{}}
	for _, p := range v.Permissions {
		given.permissions[string(p.ID)] = true
	}
	return u.showRoleForm(w, r, op, v.ID, given, nil)
}

func (u *UI) handleChangeRole(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	before, err := u.Manage.Role(r.Context(), r.PathValue("role_id"))
	if err != nil {
		return err
	}
	given, ch, err := readRole(form)
	if err != nil {
		return err
	}
	if _, err := u.Manage.ChangeRole(r.Context(), string(before.ID), ch); err != nil {
		if _, _, ok := problems(err); ok {
			return u.showRoleForm(w, r, op, before.ID, given, err)
		}
		return err
	}
	return seeOther(w, r, after(rolesPath+"/"+string(before.ID), "role_changed"))
}

func (u *UI) handleDeleteRolePage(w http.ResponseWriter, r *http.Request, op operator) error {
	v, err := u.Manage.Role(r.Context(), r.PathValue("role_id"))
	if err != nil {
		return err
	}
	return u.show(w, r, op, deleteRoleScreen(v))
}

func deleteRoleScreen(v manage.RoleView) page.Screen {
	path := rolesPath + "/" + string(v.ID)
	return page.Screen{
		Title: "Delete " + v.Name + "?", Lead: "It goes only while nobody has it; who has it is moved to another role first.",
		Crumbs: []page.Link{{Text: "Roles", URL: rolesPath}, {Text: v.Name, URL: path}},
		Blocks: []page.Block{{Form: &page.Form{Action: path + "/delete", Submit: "Delete role", Danger: true, Cancel: path}}},
	}
}

func (u *UI) handleDeleteRole(w http.ResponseWriter, r *http.Request, op operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	v, err := u.Manage.Role(r.Context(), r.PathValue("role_id"))
	if err != nil {
		return err
	}
	if _, err := u.Manage.DeleteRole(r.Context(), string(v.ID)); err != nil {
		if _, _, ok := problems(err); ok {
			s := deleteRoleScreen(v)
			return u.showAs(w, r, op, refused(&s, err), s)
		}
		return err
	}
	return seeOther(w, r, after(rolesPath, "role_deleted"))
}

func (u *UI) handlePermissions(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.showPermissions(w, r, op, map[string]string{"key": "org:"}, nil)
}

func (u *UI) showPermissions(w http.ResponseWriter, r *http.Request, op operator, given map[string]string, err error) error {
	list, _, listErr := u.Manage.Permissions(r.Context(), manage.NamedFilter{OrderBy: "key"}, manage.Page{})
	if listErr != nil {
		return listErr
	}
	s := permissionsScreen(list, given)
	return u.showAs(w, r, op, refused(&s, err), s)
}

func permissionsScreen(list []identity.DefinedPermission, given map[string]string) page.Screen {
	s := rolesScreen("Permissions")
	t := &page.Table{Caption: "Permissions", Columns: []page.Column{{Title: "Permission"}, {Title: "Key"}, {Title: "Actions"}}}
	for _, p := range list {
		row := page.Row{Cells: []page.Cell{{Text: p.Name, More: p.Description}, {Text: string(p.Key), Code: true}, {}}}
		if p.Key.IsSystem() {
			row.Cells[2].Text = "Usher’s own"
		} else {
			row.Actions = []page.Action{{Text: "Delete", Unseen: p.Name, URL: rolesPath + "/permissions/" + string(p.ID) + "/delete", Post: true}}
		}
		t.Rows = append(t.Rows, row)
	}
	s.Blocks = []page.Block{{Table: t}, {Title: "Create a permission", Form: &page.Form{Action: rolesPath + "/permissions", Submit: "Create permission", Quiet: true, Fields: []page.Field{
		{Name: "name", Label: "Name", Value: given["name"], Max: 256, Example: "Create invoices"},
		{Name: "key", Label: "Key", Value: given["key"], Code: true, Max: 128, Hint: "Feature and action, such as org:invoices:create."},
		{Name: "description", Label: "Description", Value: given["description"], Optional: true, Max: 256},
	}}}}
	return s
}

func (u *UI) handleCreatePermission(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "name", "key", "description")
	if err != nil {
		return err
	}
	name, key, description := given["name"], strings.TrimSpace(given["key"]), given["description"]
	if _, err := u.Manage.CreatePermission(r.Context(), manage.PermissionChange{Name: &name, Key: &key, Description: &description}); err != nil {
		if _, _, ok := problems(err); ok {
			return u.showPermissions(w, r, op, given, err)
		}
		return err
	}
	return seeOther(w, r, after(rolesPath+"/permissions", "permission_created"))
}

func (u *UI) handleDeletePermission(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	if _, err := u.Manage.DeletePermission(r.Context(), r.PathValue("permission_id")); err != nil {
		return err
	}
	return seeOther(w, r, after(rolesPath+"/permissions", "permission_deleted"))
}

func (u *UI) handleRoleSets(w http.ResponseWriter, r *http.Request, op operator) error {
	list, _, err := u.Manage.RoleSets(r.Context(), manage.NamedFilter{OrderBy: "created_at"}, manage.Page{})
	if err != nil {
		return err
	}
	return u.show(w, r, op, roleSetsScreen(list))
}

func roleSetsScreen(list []manage.RoleSetView) page.Screen {
	s := rolesScreen("Role sets")
	for _, set := range list {
		b := page.Block{Title: set.Name, Text: set.Description, Facts: []page.Fact{{Term: "Key", Text: set.Key, Code: true}}}
		var names []string
		for _, r := range set.Roles {
			names = append(names, r.Name)
		}
		b.Facts = append(b.Facts, page.Fact{Term: "Roles", Chips: names}, page.Fact{Term: "Of a new member", Text: string(set.Keys[set.Default])}, page.Fact{Term: "Of a creator", Text: string(set.Keys[set.Creator])})
		if m := set.Migration; m != nil {
			b.Alert = &page.Alert{Kind: "info", Title: "Roles are being changed", Text: strconv.Itoa(m.Migrated) + " members so far. It goes on by itself, and after a restart too."}
		}
		s.Blocks = append(s.Blocks, b)
	}
	return s
}
