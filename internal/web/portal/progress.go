package portal

import (
	"net/http"
	"slices"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// most is how many domains and connections of the organization are looked at. Ours;
// an organization has fewer.
const most = 100

// progress is how far the setup is, as the database has it.
type progress struct {
	Domains     []manage.DomainView
	Connections []identity.Connection // those that can be set up here, the newest first
	Connection  identity.Connection   // the one that is being set up; zero: none
	Tested      bool                  // a test run of what is live succeeded
}

// steps of the setup, in order.
const (
	stepDomains  = "domains"
	stepProvider = "provider"
	stepGuide    = "guide"
	stepConnect  = "connect"
	stepAssign   = "assign"
	stepTest     = "test"
	stepActivate = "activate"
)

func allSteps() []string {
	return []string{stepDomains, stepProvider, stepGuide, stepConnect, stepAssign, stepTest, stepActivate}
}

// progress loads how far the setup is. The connection is the one that a page is
// about; where it is about none, the newest.
func (u *UI) progress(r *http.Request, v visit, about identity.Connection) (progress, error) {
	var p progress
	var err error
	ref := manage.DomainRef{Organization: string(v.Organization.ID)}
	sso := manage.OrganizationDomainFilter{Modes: []identity.EnrollmentMode{identity.EnrollmentSSO}, OrderBy: "created_at"}
	if p.Domains, _, err = u.Manage.Domains(r.Context(), ref, sso, manage.Page{Limit: most}); err != nil {
		return p, err
	}
	all, _, err := u.Manage.Connections(r.Context(), manage.ConnectionFilter{OrganizationID: &v.Organization.ID}, manage.Page{Limit: most})
	if err != nil {
		return p, err
	}
	for _, c := range all {
		if settable(c) {
			p.Connections = append(p.Connections, c)
		}
	}
	p.Connection = about
	if about.ID == "" && len(p.Connections) > 0 {
		p.Connection = p.Connections[0]
	}
	if p.Connection.ID == "" {
		return p, nil
	}
	_, passed, err := u.SignIn.TestRuns(r.Context(), signin.TestRunFilter{
		ConnectionID: p.Connection.ID, RevisionID: p.Connection.LiveRevisionID, Statuses: []signin.TestRunStatus{"success"},
	}, manage.Page{Limit: 1})
	p.Tested = passed > 0
	return p, err
}

// settable reports whether a connection is of a kind that is set up here: those to
// Google and Microsoft by the deployment's own client are the operator's.
func settable(c identity.Connection) bool { return c.Provider.IsSAML() || c.Provider.IsOIDC() }

// connectionOf finds the connection that a URL names. One of another organization is
// as one that there is not.
func (u *UI) connectionOf(r *http.Request, v visit) (identity.Connection, error) {
	absent := fault.New(fault.NotFound, "resource", "enterprise connection")
	id, err := identity.ParseConnectionID(r.PathValue("connection_id"))
	if err != nil {
		return identity.Connection{}, absent.Because(err)
	}
	c, err := u.Manage.Connection(r.Context(), id)
	if err == nil && (c.OrganizationID != v.Organization.ID || !settable(c)) {
		return identity.Connection{}, absent
	}
	return c, err
}

// proved are the domains that were shown to be the organization's.
func (p progress) proved() []identity.Domain {
	var list []identity.Domain
	for _, d := range p.Domains {
		if d.Ownership.Verified() {
			list = append(list, d.Name)
		}
	}
	return list
}

// serves are the domains that the connection is to have: those that it has, and those
// that were proved and belong to no other connection of the organization.
func (p progress) serves() []identity.Domain {
	list := slices.Clone(p.Connection.Domains)
	for _, d := range p.proved() {
		elsewhere := slices.ContainsFunc(p.Connections, func(c identity.Connection) bool {
			return c.ID != p.Connection.ID && slices.Contains(c.Domains, d)
		})
		if !elsewhere && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

// known reports whether the connection has all that it needs of its provider.
func known(c identity.Connection) bool {
	switch {
	case c.ID == "":
		return false
	case c.Config.SAML != nil:
		return len(c.Config.SAML.MissingFields()) == 0
	default:
		return len(c.Config.OIDC.MissingFields()) == 0
	}
}

// done reports whether a step needs nothing more. What happens in the provider's
// console can't be seen from here: it was done if what follows from it is there.
func (p progress) done(step string) bool {
	switch step {
	case stepDomains:
		return len(p.proved()) > 0
	case stepProvider:
		return p.Connection.ID != ""
	case stepGuide, stepConnect:
		return known(p.Connection)
	case stepAssign, stepTest:
		return p.Tested || p.Connection.Active
	default:
		return p.Connection.Active
	}
}

// open reports whether a step can be gone to.
func (p progress) open(step string) bool {
	switch step {
	case stepDomains:
		return true
	case stepProvider:
		return p.done(stepDomains) || p.Connection.ID != ""
	default:
		return p.Connection.ID != ""
	}
}

// next is the first step that needs something.
func (p progress) next() string {
	for _, step := range allSteps() {
		if !p.done(step) {
			return step
		}
	}
	return stepActivate
}

func connectionPath(v visit, c identity.Connection) string {
	return v.path + "/connections/" + string(c.ID)
}

// stepPath is where a step is.
func stepPath(v visit, p progress, step string) string {
	switch step {
	case stepDomains, stepProvider:
		return v.path + "/" + step
	default:
		return connectionPath(v, p.Connection) + "/" + step
	}
}

// screen is the head that the pages of a step share.
func screen(v visit, p progress, now string) page.Screen {
	s := page.Screen{Crumbs: []page.Link{{Text: v.Organization.Name, URL: v.path + "/"}}}
	for _, step := range allSteps() {
		one := page.Step{Text: v.Say("setup.step_" + step)}
		if p.open(step) {
			one.URL = stepPath(v, p, step)
		}
		switch {
		case step == now:
			one.State = "now"
		case p.done(step):
			one.State = "done"
		}
		s.Steps = append(s.Steps, one)
	}
	return s
}

// guideOf is the guide that the connection was made by: the one of its name among
// those of its provider, or the provider's.
func (u *UI) guideOf(c identity.Connection) guide.Guide {
	for _, g := range u.guides.All() {
		if g.Provider == c.Provider && g.Name == c.Name {
			return g
		}
	}
	g, _ := u.guides.For(c.Provider)
	return g
}

func (u *UI) handleOverview(w http.ResponseWriter, r *http.Request, v visit) error {
	p, err := u.progress(r, v, identity.Connection{})
	if err != nil {
		return err
	}
	return u.show(w, r, v, overviewScreen(v, p))
}

func overviewScreen(v visit, p progress) page.Screen {
	s := screen(v, p, "")
	s.Crumbs = nil
	s.Title, s.Lead = v.Say("setup.title"), v.Organization.Name
	s.Steps = nil
	b := page.Block{}
	next := p.next()
	for _, step := range allSteps() {
		if !p.open(step) {
			break
		}
		c := page.Choice{Title: v.Say("setup.step_" + step), Text: v.Say("setup.about_" + step), URL: stepPath(v, p, step), Icon: stepIcon(step)}
		switch {
		case p.done(step):
			c.Badge = v.Say("setup.badge_done")
		case step == next:
			c.Badge = v.Say("setup.badge_next")
		}
		b.Choices = append(b.Choices, c)
	}
	b.Actions = []page.Action{{Text: v.Say("setup.go_on"), URL: stepPath(v, p, next), Kind: "primary"}}
	if p.Connection.Active {
		b.Actions[0].URL = connectionPath(v, p.Connection) + "/done"
		b.Alert = &page.Alert{Kind: "success", Text: v.Say("setup.done_title")}
	}
	s.Blocks = []page.Block{b, {Prose: []page.Prose{{Text: v.Say("setup.until", "until", until(v.Link))}}}}
	return s
}

func stepIcon(step string) string {
	switch step {
	case stepDomains:
		return "globe"
	case stepProvider:
		return "building"
	case stepGuide:
		return "screen"
	case stepConnect:
		return "plug"
	case stepAssign:
		return "people"
	case stepTest:
		return "question"
	default:
		return "key"
	}
}
