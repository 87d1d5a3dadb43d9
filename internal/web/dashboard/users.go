package dashboard

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/session"
	"usher/internal/web/page"
)

const (
	usersPath = root + "/users"
	oneUser   = usersPath + "/{user_id}"

	// maxShown is how many organizations, or sessions, a person's page has. Ours.
	maxShown = 100
)

func (u *UI) userRoutes() map[string]handler {
	return map[string]handler{
		"GET " + usersPath:          u.handleUsers,
		"GET " + usersPath + "/new": u.handleNewUser,
		"POST " + usersPath:         u.handleCreateUser,
		"GET " + oneUser:            u.handleUser,
		"POST " + oneUser:           u.handleChangeUser,
		"POST " + oneUser + "/ban": u.userStep("user_banned", func(r *http.Request, id string) error {
			_, err := u.Manage.SetBanned(r.Context(), id, true)
			return err
		}),
		"POST " + oneUser + "/unban": u.userStep("user_unbanned", func(r *http.Request, id string) error {
			_, err := u.Manage.SetBanned(r.Context(), id, false)
			return err
		}),
		"POST " + oneUser + "/unlock": u.userStep("user_unlocked", func(r *http.Request, id string) error {
			_, err := u.Manage.SetLocked(r.Context(), id, false)
			return err
		}),
		"POST " + oneUser + "/sign-out":                 u.userStep("user_signed_out", u.signOutEverywhere),
		"GET " + oneUser + "/act-as":                    u.sure(u.handleActAsPage),
		"POST " + oneUser + "/act-as":                   u.sure(u.handleActAs),
		"GET " + oneUser + "/delete":                    u.handleDeleteUserPage,
		"POST " + oneUser + "/delete":                   u.handleDeleteUser,
		"POST " + sessionsPath + "/{session_id}/revoke": u.handleRevokeSession,
	}
}

// sessionsPath is where single sessions are ended.
const sessionsPath = root + "/sessions"

func userNotices() map[string]string {
	return map[string]string{
		"user_created":    "The user has been created.",
		"user_changed":    "The changes have been saved.",
		"user_banned":     "The user is banned: signed out everywhere, and refused from now on.",
		"user_unbanned":   "The user may sign in again.",
		"user_unlocked":   "The user is no longer locked.",
		"user_signed_out": "The user has been signed out everywhere.",
		"user_deleted":    "The user has been deleted.",
		"session_revoked": "The session has been ended.",
	}
}

func userPath(id identity.UserID) string { return usersPath + "/" + string(id) }

func (u *UI) handleUsers(w http.ResponseWriter, r *http.Request, op operator) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	order := l.choice("order", "-created_at", "created_at", "last_sign_in_at", "-last_sign_in_at")
	f := manage.UserFilter{Query: l.text("q"), OrderBy: order}
	if state := l.text("state"); state == "banned" || state == "active" {
		banned := state == "banned"
		f.Banned = &banned
	}
	found, total, err := u.Manage.Users(r.Context(), f, l.page())
	if err != nil {
		return err
	}
	return u.show(w, r, op, usersScreen(l, order, found, total, u.Now()))
}

func usersScreen(l listing, order string, found []manage.UserView, total int, now time.Time) page.Screen {
	create := page.Action{Text: "Create user", URL: usersPath + "/new"}
	s := page.Screen{Title: "Users", Lead: "Everybody who has an account, in whichever organizations.", Actions: []page.Action{create}}
	b := page.Block{Search: l.search("Search by name, address or ID", l.filter("state", "State", "", "All", "active", "Not banned", "banned", "Banned"))}
	if len(found) == 0 {
		b.Empty = &page.Empty{Icon: "people", Title: "No users yet", Text: "People appear here once they sign in through their organization, accept an invitation or sign up.", Actions: []page.Action{create}}
		if l.narrowed("q", "state") {
			b.Empty = &page.Empty{Icon: "search", Title: "Nobody found", Text: "Nobody’s name or address has these letters, or nobody is in that state."}
		}
		s.Blocks = []page.Block{b}
		return s
	}
	b.Table = &page.Table{
		Caption: "Users", Pager: l.pager(len(found), total),
		Columns: []page.Column{{Title: "Person"}, {Title: "State"}, l.column("Last sign-in", "last_sign_in_at", order), l.column("Created", "created_at", order)},
	}
	for _, p := range found {
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
			personCell(p), {Badges: stateOf(p, now)}, {When: page.Since(now, p.LastSignInAt)}, {When: page.Since(now, p.CreatedAt)},
		}})
	}
	s.Blocks = []page.Block{b}
	return s
}

// nameOf is what a person is called in a list.
func nameOf(p manage.UserView) string {
	for _, name := range []string{p.Name(), addressOf(p), p.Username} {
		if name != "" {
			return name
		}
	}
	return string(p.ID)
}

// personCell is a person in a list, leading to the person's page.
func personCell(p manage.UserView) page.Cell {
	c := page.Cell{Avatar: nameOf(p), Text: nameOf(p), More: addressOf(p), URL: userPath(p.ID)}
	if c.More == c.Text {
		c.More = ""
	}
	return c
}

// addressOf is the person's primary address.
func addressOf(p manage.UserView) string {
	for _, e := range p.Emails {
		if e.ID == p.PrimaryEmailID {
			return string(e.Address)
		}
	}
	return ""
}

func stateOf(p manage.UserView, now time.Time) []page.Badge {
	switch {
	case p.Banned:
		return []page.Badge{{Text: "Banned", Kind: "danger"}}
	case p.Locked(now):
		return []page.Badge{{Text: "Locked", Kind: "danger"}}
	case p.Deprovisioned():
		return []page.Badge{{Text: "Deprovisioned", Kind: "warning"}}
	}
	return []page.Badge{{Text: "Active", Kind: "success"}}
}

func (u *UI) handleNewUser(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.show(w, r, op, newUserScreen(map[string]string{}))
}

func newUserScreen(given map[string]string) page.Screen {
	return page.Screen{
		Title: "Create user", Crumbs: []page.Link{{Text: "Users", URL: usersPath}},
		Lead: "Rarely needed: people are created when they first sign in through their organization, or accept an invitation. Create one ahead where just-in-time creation is off.",
		Blocks: []page.Block{{Form: &page.Form{
			Action: usersPath, Submit: "Create user", Cancel: usersPath,
			Fields: []page.Field{
				{Kind: "email", Name: "email_address", Label: "Email address", Value: given["email_address"], First: true, Max: 320, Hint: "It counts as proved, on your word."},
				{Name: "first_name", Label: "First name", Value: given["first_name"], Optional: true, Max: 256},
				{Name: "last_name", Label: "Last name", Value: given["last_name"], Optional: true, Max: 256},
			},
		}}},
	}
}

func (u *UI) handleCreateUser(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "email_address", "first_name", "last_name")
	if err != nil {
		return err
	}
	first, last := given["first_name"], given["last_name"]
	p, err := u.Manage.CreateUser(r.Context(), manage.UserChange{EmailAddresses: []string{given["email_address"]}, FirstName: &first, LastName: &last})
	if list, status, ok := problems(err); ok {
		s := newUserScreen(given)
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(userPath(p.ID), "user_created"))
}

// dossier is everything that a person's page shows.
type dossier struct {
	person      manage.UserView
	memberships []manage.MembershipView
	sessions    []identity.Session // live ones
}

func (u *UI) dossierOf(r *http.Request) (d dossier, err error) {
	if d.person, err = u.Manage.User(r.Context(), r.PathValue("user_id")); err != nil {
		return d, err
	}
	if d.memberships, _, err = u.Manage.MembershipsOf(r.Context(), string(d.person.ID), manage.Page{Limit: maxShown}); err != nil {
		return d, err
	}
	all, _, err := u.Sessions.List(r.Context(), session.Filter{UserID: d.person.ID}, manage.Page{Limit: maxShown})
	for _, s := range all {
		if s.Live(u.Now()) {
			d.sessions = append(d.sessions, s)
		}
	}
	return d, err
}

func (u *UI) handleUser(w http.ResponseWriter, r *http.Request, op operator) error {
	d, err := u.dossierOf(r)
	if err != nil {
		return err
	}
	return u.show(w, r, op, userScreen(d, d.person.FirstName, d.person.LastName, u.Now()))
}

func userScreen(d dossier, first, last string, now time.Time) page.Screen {
	p := d.person
	path := userPath(p.ID)
	s := page.Screen{Title: nameOf(p), Crumbs: []page.Link{{Text: "Users", URL: usersPath}}, Badges: stateOf(p, now)}
	s.Actions = []page.Action{{Text: "Why can’t this person get in?", URL: withQuery(simulatePath, addressOf(p))}}
	s.Blocks = []page.Block{
		{Facts: []page.Fact{
			{Term: "ID", Text: string(p.ID), Copy: true},
			{Term: "External ID", Text: dash(p.ExternalID)},
			{Term: "Last sign-in", When: page.Since(now, p.LastSignInAt), Text: never(p.LastSignInAt)},
			{Term: "Created", When: page.On(p.CreatedAt)},
		}},
		addressesBlock(p), membershipsBlock(d.memberships, now), accountsBlock(p, now), sessionsBlock(d.sessions, path, now),
		{Title: "Name", Form: &page.Form{Action: path, Submit: "Save", Quiet: true, Fields: []page.Field{
			{Name: "first_name", Label: "First name", Value: first, Optional: true, Max: 256}, {Name: "last_name", Label: "Last name", Value: last, Optional: true, Max: 256},
		}}},
		userDanger(p, path, now),
	}
	return s
}

// never says that something has not been yet.
func never(t time.Time) string {
	if t.IsZero() {
		return "Never"
	}
	return ""
}

func addressesBlock(p manage.UserView) page.Block {
	b := page.Block{Title: "Email addresses"}
	if len(p.Emails) == 0 {
		b.Empty = &page.Empty{Icon: "mail", Title: "No address", Text: "The person can’t sign in by mail."}
		return b
	}
	b.Table = &page.Table{Caption: "Email addresses", Columns: []page.Column{{Title: "Address"}, {Title: "State"}, {Title: "Sign-in"}}}
	for _, e := range p.Emails {
		row := page.Row{Cells: []page.Cell{{Text: string(e.Address)}, {Badges: []page.Badge{{Text: "Not proved", Kind: "warning"}}}, {Text: "Code or password"}}}
		if e.IsVerified() {
			row.Cells[1].Badges[0] = page.Badge{Text: "Proved", Kind: "success"}
		}
		if e.ID == p.PrimaryEmailID {
			row.Cells[1].Badges = append(row.Cells[1].Badges, page.Badge{Text: "Primary"})
		}
		if p.SSO[e.ID] {
			row.Cells[2].Text = "Single sign-on only"
		}
		b.Table.Rows = append(b.Table.Rows, row)
	}
	return b
}

func membershipsBlock(list []manage.MembershipView, now time.Time) page.Block {
	b := page.Block{Title: "Organizations"}
	if len(list) == 0 {
		b.Empty = &page.Empty{Icon: "building", Title: "No organization", Text: "The person belongs to none. Add the person on an organization’s members page."}
		return b
	}
	b.Table = &page.Table{Caption: "Organizations", Columns: []page.Column{{Title: "Organization"}, {Title: "Role"}, {Title: "Joined by"}, {Title: "Joined"}}}
	for _, m := range list {
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
			{Avatar: m.Organization.Name, AvatarKind: "square", Text: m.Organization.Name, URL: membersPath(m.OrganizationID) + "/" + string(m.UserID)},
			{Text: roleName(m)},
			{Text: joinedBy(m)},
			{When: page.Since(now, m.CreatedAt)},
		}})
	}
	return b
}

func accountsBlock(p manage.UserView, now time.Time) page.Block {
	b := page.Block{Title: "Accounts at identity providers", Text: "By which connections vouch for the person."}
	if len(p.Accounts) == 0 {
		b.Empty = &page.Empty{Icon: "plug", Title: "None", Text: "The person has never signed in through a connection."}
		return b
	}
	b.Table = &page.Table{Caption: "Accounts", Columns: []page.Column{{Title: "Connection"}, {Title: "Subject"}, {Title: "State"}, {Title: "Last used"}}}
	for _, a := range p.Accounts {
		c := page.Cell{Text: "A connection that was deleted", More: string(a.Email)}
		if a.Connection.ID != "" {
			c.Text, c.URL = a.Connection.Name, connectionsPath+"/"+string(a.Connection.ID)
		}
		state := page.Badge{Text: "Linked", Kind: "success"}
		if !a.DeprovisionedAt.IsZero() {
			state = page.Badge{Text: "Deprovisioned", Kind: "warning"}
		}
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{c, {Text: a.Subject, Code: true}, {Badges: []page.Badge{state}}, {When: page.Since(now, a.LastAuthenticatedAt)}}})
	}
	return b
}

func sessionsBlock(list []identity.Session, path string, now time.Time) page.Block {
	b := page.Block{Title: "Sessions"}
	if len(list) == 0 {
		b.Empty = &page.Empty{Icon: "screen", Title: "Not signed in", Text: "The person has no session at the moment."}
		return b
	}
	b.Table = &page.Table{Caption: "Sessions", Columns: []page.Column{{Title: "Session"}, {Title: "By"}, {Title: "Last active"}, {Title: "Ends"}, {Title: "Actions"}}}
	for _, s := range list {
		by := "Code, password or link"
		switch {
		case s.Impersonated():
			by = "Somebody acting as the person"
		case s.ConnectionID != "":
			by = "Single sign-on"
		}
		b.Table.Rows = append(b.Table.Rows, page.Row{
			Cells:   []page.Cell{{Text: string(s.ID), Code: true}, {Text: by}, {When: page.Since(now, s.LastActiveAt)}, {When: page.Since(now, s.ExpireAt)}, {}},
			Actions: []page.Action{{Text: "End", Unseen: "session " + string(s.ID), URL: sessionsPath + "/" + string(s.ID) + "/revoke", Post: true}},
		})
	}
	b.Actions = []page.Action{{Text: "Sign out everywhere", URL: path + "/sign-out", Post: true}}
	return b
}

// userDanger is what an operator can do to a person.
func userDanger(p manage.UserView, path string, now time.Time) page.Block {
	b := page.Block{Title: "Access", Dangerous: true, Text: "A ban signs the person out everywhere and refuses every sign-in, through connections too. It can be lifted; a deletion can’t."}
	if p.Locked(now) {
		b.Actions = append(b.Actions, page.Action{Text: "Unlock", URL: path + "/unlock", Post: true})
	}
	if p.Banned {
		b.Actions = append(b.Actions, page.Action{Text: "Lift the ban", URL: path + "/unban", Post: true})
	} else {
		b.Actions = append(b.Actions, page.Action{Text: "Ban", URL: path + "/ban", Post: true, Kind: "danger"}, page.Action{Text: "Act as this person", URL: path + "/act-as"})
	}
	b.Actions = append(b.Actions, page.Action{Text: "Delete", URL: path + "/delete", Kind: "danger"})
	return b
}

func (u *UI) handleChangeUser(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "first_name", "last_name")
	if err != nil {
		return err
	}
	first, last := given["first_name"], given["last_name"]
	p, err := u.Manage.ChangeUser(r.Context(), r.PathValue("user_id"), manage.UserChange{FirstName: &first, LastName: &last})
	if list, status, ok := problems(err); ok && !fault.Is(err, fault.NotFound) {
		d, err := u.dossierOf(r)
		if err != nil {
			return err
		}
		s := userScreen(d, first, last, u.Now())
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(userPath(p.ID), "user_changed"))
}

// userStep is a button on a person's page.
func (u *UI) userStep(done string, step func(r *http.Request, id string) error) handler {
	return func(w http.ResponseWriter, r *http.Request, _ operator) error {
		if _, err := u.Forms.Read(w, r); err != nil {
			return err
		}
		id := r.PathValue("user_id")
		if err := step(r, id); err != nil {
			return err
		}
		return seeOther(w, r, after(userPath(identity.UserID(id)), done))
	}
}

func (u *UI) signOutEverywhere(r *http.Request, _ string) error {
	d, err := u.dossierOf(r)
	if err != nil {
		return err
	}
	for _, s := range d.sessions {
		if _, err := u.Sessions.Revoke(r.Context(), s.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

func (u *UI) handleRevokeSession(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	s, err := u.Sessions.Revoke(r.Context(), identity.SessionID(r.PathValue("session_id")))
	if err != nil {
		return err
	}
	return seeOther(w, r, after(userPath(s.UserID), "session_revoked"))
}

func (u *UI) handleActAsPage(w http.ResponseWriter, r *http.Request, op operator) error {
	p, err := u.Manage.User(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	return u.show(w, r, op, actAsScreen(p, ""))
}

// actAsScreen asks whether to go on, or has the link.
func actAsScreen(p manage.UserView, link string) page.Screen {
	s := page.Screen{
		Title: "Act as " + nameOf(p), Crumbs: []page.Link{{Text: "Users", URL: usersPath}, {Text: nameOf(p), URL: userPath(p.ID)}},
		Lead: "You get a link that opens your application as this person, for half an hour. Every session token says that it is you who acts, and so does the audit log.",
	}
	if link == "" {
		s.Blocks = []page.Block{{Form: &page.Form{Action: userPath(p.ID) + "/act-as", Submit: "Make the link", Cancel: userPath(p.ID)}}}
		return s
	}
	s.Blocks = []page.Block{{
		Alert: &page.Alert{Kind: "warning", Title: "Open it in a private window", Text: "It works once, within an hour. In this browser you would be signed out of the dashboard."},
		Facts: []page.Fact{{Term: "Link", Text: link, Copy: true}}, Actions: []page.Action{{Text: "Done", URL: userPath(p.ID), Kind: "primary"}},
	}}
	return s
}

func (u *UI) handleActAs(w http.ResponseWriter, r *http.Request, op operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	p, err := u.Manage.User(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	t, err := u.Manage.CreateActorToken(r.Context(), manage.TicketChange{UserID: string(p.ID), Actor: identity.Metadata{"sub": string(op.User.ID)}})
	if list, status, ok := problems(err); ok {
		s := actAsScreen(p, "")
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return u.show(w, r, op, actAsScreen(p, t.URL))
}

func (u *UI) handleDeleteUserPage(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.showDeleteUser(w, r, op, nil)
}

func (u *UI) showDeleteUser(w http.ResponseWriter, r *http.Request, op operator, refused error) error {
	p, effects, err := u.Manage.PreviewUserDeletion(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	s := deleteUserScreen(p, effects)
	status := http.StatusOK
	if list, refusedStatus, ok := problems(refused); ok {
		s.Problems, status = list, refusedStatus
	}
	return u.showAs(w, r, op, status, s)
}

func deleteUserScreen(p manage.UserView, effects []manage.Effect) page.Screen {
	path := userPath(p.ID)
	return page.Screen{
		Title: "Delete " + nameOf(p) + "?", Lead: "This can’t be undone. To keep somebody out for a while, ban the user instead.",
		Crumbs: []page.Link{{Text: "Users", URL: usersPath}, {Text: nameOf(p), URL: path}},
		Blocks: []page.Block{
			{Title: "What happens", Effects: effectsOf(effects)},
			{Form: &page.Form{
				Action: path + "/delete", Submit: "Delete user", Danger: true, Cancel: path,
				Fields: []page.Field{{Name: "confirmation", Label: "Type the name to confirm", Hint: nameOf(p), Max: 320}},
			}},
		},
	}
}

func (u *UI) handleDeleteUser(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	p, err := u.Manage.User(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	if !confirms(form, nameOf(p)) {
		return u.showDeleteUser(w, r, op, fault.New(fault.FormParamValueInvalid, "param_name", "confirmation"))
	}
	if _, err := u.Manage.DeleteUser(r.Context(), string(p.ID)); err != nil {
		if _, _, ok := problems(err); ok {
			return u.showDeleteUser(w, r, op, err)
		}
		return err
	}
	return seeOther(w, r, after(usersPath, "user_deleted"))
}

// confirms reports whether the name was typed that a form about harm asks for.
func confirms(form httpio.Params, name string) bool {
	typed, err := form.Text("confirmation")
	return err == nil && strings.TrimSpace(typed) == strings.TrimSpace(name)
}
