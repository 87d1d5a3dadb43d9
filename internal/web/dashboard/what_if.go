package dashboard

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// whatIf is the end of the paths of such pages.
const whatIf = "/what-if"

// handleWhatIf says what would happen if the owner of an address signed in now.
func (u *UI) handleWhatIf(w http.ResponseWriter, r *http.Request, op operator) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	q := strings.TrimSpace(l.text("q"))
	if q == "" {
		return u.show(w, r, op, whatIfScreen(q, nil))
	}
	sim, err := u.SignIn.Simulate(r.Context(), q)
	if _, status, ok := problems(err); ok {
		s := whatIfScreen(q, nil)
		s.Blocks[0].Alert = &page.Alert{Kind: "danger", Title: "That is not an address", Text: "Enter an email address like name@company.com."}
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return u.show(w, r, op, whatIfScreen(q, &sim))
}

func whatIfScreen(q string, sim *signin.Simulation) page.Screen {
	s := page.Screen{
		Title: "What if somebody signs in?", Lead: "Asked of the very rules that decide at a sign-in. Nothing happens: nobody is signed in, created or mailed.",
		Blocks: []page.Block{{Search: &page.Search{Action: simulatePath, Label: "Email address", Value: q}}},
	}
	if sim == nil {
		if q == "" {
			s.Blocks[0].Empty = &page.Empty{Icon: "question", Title: "Who cannot get in, or should?", Text: "Enter an address: you see which connection it goes to, whether a user is created, linked or refused, and why. The provider is taken to vouch for the address."}
		}
		s.Blocks = append(s.Blocks, pageSaysBlock(""))
		return s
	}
	s.Blocks = append(s.Blocks, simulationBlocks(*sim)...)
	s.Blocks = append(s.Blocks, pageSaysBlock(""))
	return s
}

func simulationBlocks(sim signin.Simulation) []page.Block {
	user := page.Fact{Term: "User today", Text: "Nobody"}
	if sim.User.ID != "" {
		user.Text, user.URL = string(sim.User.ID), userPath(sim.User.ID)
	}
	route := page.Block{Title: "Where the address goes", Facts: []page.Fact{{Term: "Way", Text: routeWords(len(sim.Outcomes))}, user}}
	if len(sim.Outcomes) == 0 && len(sim.Factors) > 0 {
		chips := make([]string, len(sim.Factors))
		for i, f := range sim.Factors {
			chips[i] = words(f)
		}
		route.Facts = append(route.Facts, page.Fact{Term: "Asked for", Chips: chips})
	}
	blocks := []page.Block{route, {Title: "Why it goes there", Folded: true, Checks: ruleChecks(slices.Concat(sim.Discovery.Trace, sim.FactorTrace), false)}}
	for _, o := range sim.Outcomes {
		blocks = append(blocks, outcomeBlock(o), decisionBlock(o.Decision.Trace, o.Decision.Denied != nil))
	}
	blocks = append(blocks, page.Block{Actions: []page.Action{{Text: "Attempts of this person", URL: withQuery(attemptsPath, string(sim.Email))}}})
	return blocks
}

func routeWords(connections int) string {
	switch connections {
	case 0:
		return "No connection serves it: a code by mail, or a password"
	case 1:
		return "Single sign-on"
	}
	return "Single sign-on; the person chooses one of " + strconv.Itoa(connections) + " connections"
}

// outcomeBlock is what one connection would lead to.
func outcomeBlock(o signin.Outcome) page.Block {
	p := o.Decision.Plan
	result := page.Fact{Term: "Result", Badge: resultBadge(o.Decision)}
	connection := page.Fact{Term: "Connection", Text: o.Connection.Name, URL: connectionPath(o.Connection.ID)}
	b := page.Block{Title: "Through " + o.Connection.Name, Facts: []page.Fact{result, connection}}
	if o.Organization.ID != "" {
		b.Facts = append(b.Facts, page.Fact{Term: "Organization", Text: o.Organization.Name, URL: organizationPath(o.Organization.ID)})
	}
	if p.User != "" {
		b.Facts = append(b.Facts, page.Fact{Term: "User", Text: string(p.User), URL: userPath(p.User)})
	}
	switch {
	case o.Decision.Denied != nil:
		f := fault.From(o.Decision.Denied)
		b.Facts = append(b.Facts, page.Fact{Term: "Why", Text: f.LongMessage()}, page.Fact{Term: "Code", Text: string(f.Code()), URL: codePath(f.Code())})
		if fix := f.Fix(); fix != "" {
			b.Facts = append(b.Facts, page.Fact{Term: "Fix", Text: fix})
		}
	case p.Join != nil:
		b.Facts = append(b.Facts, page.Fact{Term: "Membership", Text: "Joins as", Chips: []string{string(p.Join.Role)}})
	case o.Organization.ID != "":
		b.Facts = append(b.Facts, page.Fact{Term: "Membership", Text: "Stays as it is"})
	}
	return b
}

func resultBadge(d policy.Decision) page.Badge {
	switch {
	case d.Denied != nil:
		return page.Badge{Text: "Refused", Kind: "danger"}
	case d.Plan.CreateUser != nil:
		return page.Badge{Text: "A user is created, and signed in", Kind: "success"}
	case d.Plan.Link != nil:
		return page.Badge{Text: "The account is linked to the user, who is signed in", Kind: "success"}
	}
	return page.Badge{Text: "Signed in", Kind: "success"}
}

func pageSaysBlock(saw string) page.Block {
	return page.Block{
		Title: "Stopped at the provider?", Text: "Paste what its error page says, such as AADSTS50105 or app_not_configured: here is what it means, and what to do.",
		Form: sawForm(simulatePath+"/page", saw),
	}
}

// handleWhatPageSays says what a text of a provider's page means. It writes nothing,
// so it answers at once.
func (u *UI) handleWhatPageSays(w http.ResponseWriter, r *http.Request, op operator) error {
	saw, err := u.saw(w, r)
	if err != nil {
		return err
	}
	found, err := u.SignIn.DiagnoseText(r.Context(), "", saw)
	if err != nil {
		return err
	}
	return u.show(w, r, op, pageSaysScreen(saw, found))
}

func pageSaysScreen(saw string, found []cause.Finding) page.Screen {
	s := page.Screen{Title: "What the provider’s page says", Crumbs: []page.Link{{Text: "What if", URL: simulatePath}}}
	s.Blocks = causeBlocks(found)
	if len(found) == 0 {
		s.Blocks = []page.Block{{Alert: &page.Alert{Title: "Nothing in it is known", Text: "Error numbers such as AADSTS50105 and codes such as app_not_configured are. Paste the whole text of the page; or look for the attempt, which knows more."}}}
	}
	s.Blocks = append(s.Blocks, pageSaysBlock(saw))
	return s
}

// The changes that can be thought of for a whole organization.
const (
	changeNothing = "" // as it is
	changeOn      = "on"
	changeOff     = "off"
)

// handleOrganizationWhatIf says how all members of an organization would come in.
func (u *UI) handleOrganizationWhatIf(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	connections, _, err := u.Manage.Connections(r.Context(), manage.ConnectionFilter{OrganizationID: &o.ID}, manage.Page{})
	if err != nil {
		return err
	}
	q := proposalOf(l, o.ID, connections)
	part := signin.Part{Offset: l.page().Offset, Limit: perPage, Of: membersAsked(l.text("show"))}
	n, err := u.SignIn.CountWhatIf(r.Context(), q, part)
	if err != nil {
		return err
	}
	return u.show(w, r, op, organizationWhatIfScreen(l, o, connections, n))
}

// proposalOf is the change that a URL asks about.
func proposalOf(l listing, o identity.OrgID, connections []identity.Connection) signin.WhatIf {
	q := signin.WhatIf{Organization: o}
	change := l.choice("change", changeNothing, changeOn, changeOff)
	for _, c := range connections {
		if change != changeNothing && string(c.ID) == l.text("connection") {
			on := change == changeOn
			q.Proposal = signin.Proposal{Connection: c.ID, Active: &on}
		}
	}
	return q
}

func membersAsked(show string) func(signin.MemberOutcome) bool {
	switch show {
	case "locked_out":
		return signin.MemberOutcome.LockedOut
	case "out":
		return func(m signin.MemberOutcome) bool { return !m.Then.In }
	case "in":
		return func(m signin.MemberOutcome) bool { return m.Then.In }
	}
	return nil
}

func organizationWhatIfScreen(l listing, o manage.OrganizationView, connections []identity.Connection, n signin.WhatIfCount) page.Screen {
	s := page.Screen{
		Title: "Who would be locked out?", Lead: "How each member comes in now, and would with a change. Asked of the very rules that decide at a sign-in; nothing is changed.",
		Crumbs: []page.Link{{Text: "Organizations", URL: organizationsPath}, {Text: o.Name, URL: organizationPath(o.ID)}},
	}
	pairs := []string{"", "None"}
	for _, c := range connections {
		pairs = append(pairs, string(c.ID), c.Name)
	}
	ask := page.Block{Search: &page.Search{Action: l.path, Filters: []page.Filter{
		l.filter("connection", "Connection", pairs...), l.filter("change", "Change", changeNothing, "As it is now", changeOn, "Switched on", changeOff, "Switched off"),
		l.filter("show", "List", "", "Everybody", "locked_out", "Locked out by it", "out", "Can’t come in", "in", "Can come in"),
	}}}
	if changes := l.narrowed("connection") && l.narrowed("change"); changes {
		locked := page.Number{Label: "Locked out by it", Value: strconv.Itoa(n.LockedOut), URL: l.with("show", "locked_out")}
		if n.LockedOut > 0 {
			locked.Kind = "danger"
		}
		ask.Numbers = append(ask.Numbers, locked)
	} else if len(connections) > 0 {
		ask.Text = "Choose a connection and a change to see whom it would lock out; below is how it is now."
	}
	ask.Numbers = append(ask.Numbers, page.Number{Label: "Can come in", Value: strconv.Itoa(n.In), More: routesText(n), URL: l.with("show", "in")},
		page.Number{Label: "Can’t come in", Value: strconv.Itoa(n.Judged - n.In), URL: l.with("show", "out")})
	if n.LetIn > 0 {
		ask.Numbers = append(ask.Numbers, page.Number{Label: "Let in by it", Value: strconv.Itoa(n.LetIn), Kind: "success"})
	}
	if n.More {
		ask.Text += " The first " + strconv.Itoa(n.Judged) + " members were looked at."
	}
	s.Blocks = []page.Block{ask}
	if len(n.Codes) > 0 {
		b := page.Block{Title: "Why people can’t come in"}
		for _, c := range n.Codes {
			b.Effects = append(b.Effects, page.Effect{Count: c.Number, Text: fault.New(c.Code).Message() + " (" + string(c.Code) + ")", Kind: "warning", URL: codePath(c.Code)})
		}
		s.Blocks = append(s.Blocks, b)
	}
	return withMembers(s, l, n)
}

func withMembers(s page.Screen, l listing, n signin.WhatIfCount) page.Screen {
	if len(n.Members) == 0 {
		e := &page.Empty{Icon: "check-circle", Title: "Nobody", Text: "Of the members, nobody is of that kind."}
		if n.Judged == 0 {
			e.Icon, e.Title, e.Text = "people", "No members yet", "As soon as the organization has members, you see here how each comes in."
		}
		s.Blocks = append(s.Blocks, page.Block{Title: "Members", Empty: e})
		return s
	}
	t := &page.Table{Caption: "Members", Pager: l.pager(len(n.Members), n.Total), Columns: []page.Column{{Title: "Person"}, {Title: "Now"}}}
	changes := l.narrowed("connection") && l.narrowed("change")
	if changes {
		t.Columns = append(t.Columns, page.Column{Title: "Then"})
	}
	for _, m := range n.Members {
		name := strings.TrimSpace(m.User.FirstName + " " + m.User.LastName)
		for _, other := range []string{string(m.Email), string(m.User.ID)} {
			if name == "" {
				name = other
			}
		}
		row := page.Row{Cells: []page.Cell{{Avatar: name, Text: name, More: string(m.Email), URL: userPath(m.User.ID)}, wayCell(m.Now)}}
		if changes {
			row.Cells = append(row.Cells, wayCell(m.Then))
		}
		t.Rows = append(t.Rows, row)
	}
	s.Blocks = append(s.Blocks, page.Block{Title: "Members", Table: t})
	return s
}

// wayCell is how a person comes in, or why not.
func wayCell(w signin.Way) page.Cell {
	c := page.Cell{Badges: []page.Badge{{Text: "Comes in", Kind: "success"}}, More: wayWords(w)}
	if !w.In {
		c.Badges = []page.Badge{{Text: "Can’t", Kind: "danger"}}
		c.More = fault.From(w.Refused).Message()
	}
	return c
}

func wayWords(w signin.Way) string {
	switch w.Route {
	case signin.RouteNoAddress:
		return "Without an address"
	case signin.RouteFirstFactor:
		return "With a code or a password"
	}
	return "Through " + w.Connection.Name
}

func routesText(n signin.WhatIfCount) string {
	sso := n.Routes[signin.StrategySSO] + n.Routes[signin.RouteChoose]
	return strconv.Itoa(sso) + " by single sign-on, " + strconv.Itoa(n.In-sso) + " otherwise"
}
