package dashboard

import (
	"net/http"
	"net/url"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const oneMember = oneOrganization + "/members/{user_id}"

func (u *UI) memberRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneOrganization + "/members":     u.handleMembers,
		"GET " + oneOrganization + "/members/add": u.handleAddMemberPage,
		"POST " + oneOrganization + "/members":    u.handleAddMember,
		"GET " + oneMember:                        u.handleMember,
		"POST " + oneMember:                       u.handleChangeMember,
		"GET " + oneMember + "/remove":            u.handleRemoveMemberPage,
		"POST " + oneMember + "/remove":           u.handleRemoveMember,
	}
}

func memberNotices() map[string]string {
	return map[string]string{
		"member_added":   "The person is a member now.",
		"member_changed": "The role has been changed. It shows with the next session token, within a minute.",
	}
}

func membersPath(o identity.OrgID) string { return organizationPath(o) + "/members" }

func (u *UI) handleMembers(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	roles, err := u.rolesOf(r, o)
	if err != nil {
		return err
	}
	order := l.choice("order", "-created_at", "created_at")
	f := manage.MembershipFilter{Query: l.text("q"), OrderBy: order}
	if role := l.text("role"); role != "" {
		f.Roles = []identity.RoleKey{identity.RoleKey(role)}
	}
	found, total, err := u.Manage.Members(r.Context(), string(o.ID), f, l.page())
	if err != nil {
		return err
	}
	s := membersScreen(o, l, order, found, total, roles, u.Now())
	if undo, ok := u.removed(r, o); ok {
		s.Notices = append(s.Notices, undo)
	}
	return u.show(w, r, op, s)
}

// rolesOf are the roles that members of an organization can have.
func (u *UI) rolesOf(r *http.Request, o manage.OrganizationView) ([]manage.RoleInSet, error) {
	if o.RoleSetKey == "" {
		return nil, nil
	}
	set, err := u.Manage.RoleSet(r.Context(), o.RoleSetKey)
	return set.Roles, err
}

func membersScreen(o manage.OrganizationView, l listing, order string, found []manage.MembershipView, total int, roles []manage.RoleInSet, now time.Time) page.Screen {
	s := organizationScreen(o, "Members")
	s.Actions = []page.Action{
		{Text: "Add member", URL: membersPath(o.ID) + "/add"}, {Text: "Invite people", URL: organizationPath(o.ID) + "/invitations/new", Kind: "primary"},
	}
	filter := []string{"", "All roles"}
	for _, role := range roles {
		filter = append(filter, string(role.Key), role.Name)
	}
	b := page.Block{Search: l.search("Search by name, address or ID", l.filter("role", "Role", filter...))}
	if len(found) == 0 {
		b.Empty = &page.Empty{Icon: "people", Title: "No members yet", Text: "People join by an invitation, or through the organization’s sign-in once it is active."}
		if l.narrowed("q", "role") {
			b.Empty = &page.Empty{Icon: "search", Title: "Nobody found", Text: "No member’s name or address has these letters, or none has the role."}
		}
		s.Blocks = []page.Block{b}
		return s
	}
	b.Table = &page.Table{Caption: "Members", Columns: []page.Column{{Title: "Person"}, {Title: "Role"}, {Title: "Joined by"}, l.column("Joined", "created_at", order)}, Pager: l.pager(len(found), total)}
	for _, m := range found {
		c := page.Cell{Avatar: memberName(m), Text: memberName(m), More: m.Identifier, URL: membersPath(o.ID) + "/" + string(m.UserID)}
		if c.More == c.Text {
			c.More = ""
		}
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{c, {Text: roleName(m)}, {Text: joinedBy(m)}, {When: page.Since(now, m.CreatedAt)}}})
	}
	s.Blocks = []page.Block{b}
	return s
}

func memberName(m manage.MembershipView) string {
	if name := m.User.Name(); name != "" {
		return name
	}
	return m.Identifier
}

func roleName(m manage.MembershipView) string {
	if m.Role.Name != "" {
		return m.Role.Name
	}
	return string(m.Membership.Role)
}

func joinedBy(m manage.MembershipView) string {
	if m.ConnectionID != "" {
		return "Single sign-on"
	}
	return "Invitation or by hand"
}

// memberOf finds the membership that a URL names.
func (u *UI) memberOf(r *http.Request) (manage.MembershipView, error) {
	m, err := u.Manage.MembershipOf(r.Context(), identity.OrgID(r.PathValue("organization_id")), identity.UserID(r.PathValue("user_id")))
	if fault.Is(err, fault.OrganizationNotFound) {
		err = fault.New(fault.NotFound, "resource", "membership").Because(err)
	}
	return m, err
}

func (u *UI) handleMember(w http.ResponseWriter, r *http.Request, op operator) error {
	m, err := u.memberOf(r)
	if err != nil {
		return err
	}
	return u.showMember(w, r, op, m, nil)
}

func (u *UI) showMember(w http.ResponseWriter, r *http.Request, op operator, m manage.MembershipView, refused error) error {
	roles, err := u.rolesOf(r, m.Organization)
	if err != nil {
		return err
	}
	s := memberScreen(m, roles)
	status := http.StatusOK
	if list, refusedStatus, ok := problems(refused); ok {
		s.Problems, status = list, refusedStatus
	}
	return u.showAs(w, r, op, status, s)
}

func memberScreen(m manage.MembershipView, roles []manage.RoleInSet) page.Screen {
	path := membersPath(m.OrganizationID) + "/" + string(m.UserID)
	role := page.Field{Kind: "select", Name: "role", Label: "Role"}
	for _, r := range roles {
		role.Options = append(role.Options, page.Option{Value: string(r.Key), Label: r.Name, Selected: r.Key == m.Membership.Role})
	}
	return page.Screen{
		Title: memberName(m), Lead: "Membership in " + m.Organization.Name,
		Crumbs: []page.Link{
			{Text: "Organizations", URL: organizationsPath}, {Text: m.Organization.Name, URL: organizationPath(m.OrganizationID)}, {Text: "Members", URL: membersPath(m.OrganizationID)},
		},
		Blocks: []page.Block{
			{Facts: []page.Fact{
				{Term: "Person", Text: dash(m.Identifier), URL: userPath(m.UserID)},
				{Term: "Joined by", Text: joinedBy(m)},
				{Term: "Joined", When: page.On(m.CreatedAt)},
				{Term: "Membership ID", Text: string(m.ID), Copy: true},
			}},
			{Title: "Role", Text: "What the person may do in this organization.", Form: &page.Form{Action: path, Submit: "Change role", Fields: []page.Field{role}}},
			{Title: "Remove", Dangerous: true, Text: "The person’s user stays.", Actions: []page.Action{{Text: "Remove from organization", URL: path + "/remove", Kind: "danger"}}},
		},
	}
}

func (u *UI) handleChangeMember(w http.ResponseWriter, r *http.Request, op operator) error {
	m, err := u.memberOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "role")
	if err != nil {
		return err
	}
	if _, err := u.Manage.ChangeMemberRole(r.Context(), string(m.OrganizationID), string(m.UserID), identity.RoleKey(given["role"])); err != nil {
		if _, _, ok := problems(err); ok {
			return u.showMember(w, r, op, m, err)
		}
		return err
	}
	return seeOther(w, r, after(membersPath(m.OrganizationID)+"/"+string(m.UserID), "member_changed"))
}

func (u *UI) handleRemoveMemberPage(w http.ResponseWriter, r *http.Request, op operator) error {
	m, effects, err := u.Manage.PreviewRemoval(r.Context(), r.PathValue("organization_id"), r.PathValue("user_id"))
	if list, _, ok := problems(err); ok && m.ID != "" {
		s := removeMemberScreen(m, nil) // nothing went wrong: it says why one can't
		s.Problems = list
		return u.show(w, r, op, s)
	}
	if err != nil {
		return err
	}
	return u.show(w, r, op, removeMemberScreen(m, effects))
}

// removeMemberScreen asks whether to go on; without effects it only says why one
// can't.
func removeMemberScreen(m manage.MembershipView, effects []manage.Effect) page.Screen {
	path := membersPath(m.OrganizationID) + "/" + string(m.UserID)
	s := page.Screen{
		Title: "Remove " + memberName(m) + "?",
		Crumbs: []page.Link{
			{Text: "Organizations", URL: organizationsPath}, {Text: m.Organization.Name, URL: organizationPath(m.OrganizationID)}, {Text: "Members", URL: membersPath(m.OrganizationID)},
		},
	}
	if effects == nil {
		s.Blocks = []page.Block{{Actions: []page.Action{{Text: "Back", URL: path}}}}
		return s
	}
	s.Blocks = []page.Block{
		{Title: "What happens", Effects: effectsOf(effects)},
		{Form: &page.Form{Action: path + "/remove", Submit: "Remove from organization", Danger: true, Cancel: path}},
	}
	return s
}

// The parameters by which the list of members says whom it can bring back.
const (
	removedParam = "removed"
	roleParam    = "as"
)

func (u *UI) handleRemoveMember(w http.ResponseWriter, r *http.Request, op operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	org, user := r.PathValue("organization_id"), r.PathValue("user_id")
	m, err := u.Manage.RemoveMember(r.Context(), org, user)
	if list, status, ok := problems(err); ok && m.ID != "" {
		s := removeMemberScreen(m, nil)
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, membersPath(m.OrganizationID)+"?"+url.Values{removedParam: {string(m.UserID)}, roleParam: {string(m.Membership.Role)}}.Encode())
}

// removed says who has just been removed, with a way back.
func (u *UI) removed(r *http.Request, o manage.OrganizationView) (page.Notice, bool) {
	id := r.URL.Query().Get(removedParam)
	if id == "" {
		return page.Notice{}, false
	}
	p, err := u.Manage.User(r.Context(), id)
	if err != nil {
		return page.Notice{}, false // the notice is a comfort; the list says the rest
	}
	if _, err := u.Manage.MembershipOf(r.Context(), o.ID, p.ID); err == nil {
		return page.Notice{}, false
	}
	return page.Notice{
		Kind: "success", Text: nameOf(p) + " is no longer a member.",
		Actions: []page.Action{{Text: "Undo", Unseen: "and make " + nameOf(p) + " a member again", URL: membersPath(o.ID), Post: true, Fields: []page.Hidden{
			{Name: "email_address", Value: addressOf(p)}, {Name: "role", Value: r.URL.Query().Get(roleParam)},
		}}},
	}, true
}

func (u *UI) handleAddMemberPage(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	return u.showAddMember(w, r, op, o, map[string]string{}, nil)
}

func (u *UI) showAddMember(w http.ResponseWriter, r *http.Request, op operator, o manage.OrganizationView, given map[string]string, refused error) error {
	roles, err := u.rolesOf(r, o)
	if err != nil {
		return err
	}
	s := addMemberScreen(o, given, roles)
	status := http.StatusOK
	if list, refusedStatus, ok := problems(refused); ok {
		s.Problems, status = list, refusedStatus
	}
	return u.showAs(w, r, op, status, s)
}

func addMemberScreen(o manage.OrganizationView, given map[string]string, roles []manage.RoleInSet) page.Screen {
	return page.Screen{
		Title: "Add member", Lead: "Somebody who has an account already becomes a member at once. To let others in, invite them.",
		Crumbs: []page.Link{
			{Text: "Organizations", URL: organizationsPath}, {Text: o.Name, URL: organizationPath(o.ID)}, {Text: "Members", URL: membersPath(o.ID)},
		},
		Blocks: []page.Block{{Form: &page.Form{
			Action: membersPath(o.ID), Submit: "Add member", Cancel: membersPath(o.ID),
			Fields: []page.Field{
				{Kind: "email", Name: "email_address", Label: "Email address", Value: given["email_address"], First: true, Max: 320}, roleField(roles, given["role"]),
			},
		}}},
	}
}

// roleField asks for a role; at first it is that of new members.
func roleField(roles []manage.RoleInSet, given string) page.Field {
	f := page.Field{Kind: "select", Name: "role", Label: "Role"}
	for _, r := range roles {
		f.Options = append(f.Options, page.Option{Value: string(r.Key), Label: r.Name, Selected: string(r.Key) == given || given == "" && r.Key == identity.RoleMember})
	}
	return f
}

func (u *UI) handleAddMember(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "email_address", "role")
	if err != nil {
		return err
	}
	person, err := u.personWith(r, given["email_address"])
	if err == nil {
		_, err = u.Manage.AddMember(r.Context(), string(o.ID), string(person), identity.RoleKey(given["role"]), manage.MetadataChange{})
	}
	if _, _, ok := problems(err); ok {
		return u.showAddMember(w, r, op, o, given, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(membersPath(o.ID)+"/"+string(person), "member_added"))
}

// personWith finds who holds an address.
func (u *UI) personWith(r *http.Request, address string) (identity.UserID, error) {
	email, err := identity.ParseEmail(address)
	if err != nil {
		return "", fault.New(fault.FormParamFormatInvalid, "param_name", "email_address").Because(err)
	}
	found, _, err := u.Manage.Users(r.Context(), manage.UserFilter{Emails: []identity.Email{email}}, manage.Page{Limit: 2})
	if err != nil {
		return "", err
	}
	for _, p := range found {
		for _, e := range p.Emails {
			if e.Address == email && e.IsVerified() {
				return p.ID, nil
			}
		}
	}
	return "", fault.New(fault.FormResourceNotFound, "param_name", "email_address")
}
