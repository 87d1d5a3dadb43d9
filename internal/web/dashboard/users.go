package dashboard

import (
	"net/http"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const usersPath = root + "/users"

func (u *UI) userRoutes() map[string]handler {
	return map[string]handler{
		"GET " + usersPath:                u.handleUsers,
		"GET " + usersPath + "/{user_id}": u.handleUser,
	}
}

func userNotices() map[string]string { return map[string]string{} }

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
	if len(found) == perPage || l.number > 1 {
		if total, err = u.Manage.CountUsers(r.Context(), f); err != nil {
			return err
		}
	}
	return u.show(w, r, op, usersScreen(l, order, found, total, u.Now()))
}

func usersScreen(l listing, order string, found []manage.UserView, total int, now time.Time) page.Screen {
	table := &page.Table{
		Caption: "Users",
		Columns: []page.Column{{Title: "Person"}, {Title: "State"}, l.column("Last sign-in", "last_sign_in_at", order), l.column("Created", "created_at", order)},
		Pager:   l.pager(len(found), total),
	}
	for _, p := range found {
		table.Rows = append(table.Rows, page.Row{Cells: []page.Cell{
			personCell(p),
			{Badges: stateOf(p)},
			{When: page.Since(now, p.LastSignInAt)},
			{When: page.Since(now, p.CreatedAt)},
		}})
	}
	s := page.Screen{Title: "Users", Lead: "Everybody who has an account, in whichever organizations."}
	s.Blocks = []page.Block{{
		Search: l.search("Search by name, address or ID", l.filter("state", "State", "", "All", "active", "Not banned", "banned", "Banned")), Table: table,
	}}
	if len(found) == 0 {
		s.Blocks[0].Table, s.Blocks[0].Empty = nil, &page.Empty{Icon: "people", Title: "Nobody found", Text: "People appear here once they sign in, sign up, or are created over the API."}
	}
	return s
}

// nameOf is what a person is called in a list.
func nameOf(p manage.UserView) string {
	if name := p.Name(); name != "" {
		return name
	}
	return addressOf(p)
}

// personCell is a person in a list, leading to the person's page.
func personCell(p manage.UserView) page.Cell {
	c := page.Cell{Avatar: nameOf(p), Text: nameOf(p), More: addressOf(p), URL: usersPath + "/" + string(p.ID)}
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

func stateOf(p manage.UserView) []page.Badge {
	switch {
	case p.Banned:
		return []page.Badge{{Text: "Banned", Kind: "danger"}}
	case p.Deprovisioned():
		return []page.Badge{{Text: "Deprovisioned", Kind: "warning"}}
	}
	return []page.Badge{{Text: "Active", Kind: "success"}}
}

func (u *UI) handleUser(w http.ResponseWriter, r *http.Request, op operator) error {
	p, err := u.Manage.User(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	s := page.Screen{Title: nameOf(p), Crumbs: []page.Link{{Text: "Users", URL: usersPath}}, Badges: stateOf(p)}
	about := page.Block{Title: "About", Facts: []page.Fact{
		{Term: "ID", Text: string(p.ID), Copy: true}, {Term: "Last sign-in", When: page.Since(u.Now(), p.LastSignInAt)}, {Term: "Created", When: page.On(p.CreatedAt)},
	}}
	s.Blocks = []page.Block{about, {Title: "Email addresses", Facts: addressFacts(p.Emails, p.PrimaryEmailID)}}
	return u.show(w, r, op, s)
}

func addressFacts(emails []identity.EmailAddress, primary identity.EmailID) []page.Fact {
	var facts []page.Fact
	for _, e := range emails {
		f := page.Fact{Term: "Address", Text: string(e.Address), Badge: page.Badge{Text: "Not verified", Kind: "warning"}}
		if e.IsVerified() {
			f.Badge = page.Badge{Text: "Verified", Kind: "success"}
		}
		if e.ID == primary {
			f.Term = "Primary address"
		}
		facts = append(facts, f)
	}
	return facts
}
