package dashboard

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/signin"
	"usher/internal/web/page"
)

const oneTests = oneConnection + "/tests"

func (u *UI) connectionTestRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneTests:                    u.handleTests,
		"POST " + oneTests:                   u.handleBeginTest,
		"GET " + oneTests + "/{test_run_id}": u.handleTest,
	}
}

func testsPath(id identity.ConnectionID) string { return connectionPath(id) + "/tests" }

// testAction begins a test run beside the page: with the draft, or with what is live
// where there is none.
func testAction(id identity.ConnectionID) page.Action {
	return page.Action{Text: "Run a test sign-in", URL: testsPath(id), Post: true, NewTab: true}
}

func (u *UI) handleBeginTest(w http.ResponseWriter, r *http.Request, op operator) error {
	c, _, err := u.changeForm(w, r)
	if err != nil {
		return err
	}
	link, err := u.SignIn.BeginTestRun(r.Context(), c.ID, "")
	if _, _, ok := problems(err); ok && !fault.Is(err, fault.NotFound) {
		return u.showTests(w, r, op, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, link.URL)
}

func (u *UI) handleTests(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.showTests(w, r, op, nil)
}

func (u *UI) showTests(w http.ResponseWriter, r *http.Request, op operator, refusal error) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	org, err := u.organizationName(r, c)
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	l.path = testsPath(c.ID)
	f := signin.TestRunFilter{ConnectionID: c.ID}
	if status := l.choice("status", "", "success", "failed", "pending"); status != "" {
		f.Statuses = []signin.TestRunStatus{signin.TestRunStatus(status)}
	}
	runs, total, err := u.SignIn.TestRuns(r.Context(), f, l.page())
	if err != nil {
		return err
	}
	s := connectionHead(c, org, "Tests")
	s.Actions = []page.Action{testAction(c.ID)}
	s.Blocks = []page.Block{testsBlock(c, l, runs, total, u.Now())}
	s.MayLeadTo = u.providers()
	return u.showAs(w, r, op, refused(&s, refusal), s)
}

func testsBlock(c identity.Connection, l listing, runs []signin.TestRunView, total int, now time.Time) page.Block {
	if len(runs) == 0 && !l.narrowed("status") {
		return page.Block{Empty: &page.Empty{
			Icon: "question", Title: "No test run yet", Text: "You sign in at the provider, and see what it sent and what would become of it. Nobody is signed in, and nothing changes.", Actions: []page.Action{testAction(c.ID)},
		}}
	}
	b := page.Block{Search: l.search("", l.filter("status", "Result", "", "All", "success", "It worked", "failed", "Failed", "pending", "Under way"))}
	if len(runs) == 0 {
		b.Empty = &page.Empty{Icon: "search", Title: "Nothing found", Text: "No test run has ended so."}
		return b
	}
	b.Table = &page.Table{Caption: "Test runs", Pager: l.pager(len(runs), total), Columns: []page.Column{{Title: "Test run"}, {Title: "Result"}, {Title: "Tried"}, {Title: "Person"}}}
	for _, v := range runs {
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
			{Text: page.On(v.Run.CreatedAt).Text, More: page.Since(now, v.Run.CreatedAt).Text, URL: testsPath(c.ID) + "/" + string(v.Run.ID)},
			{Badges: []page.Badge{testBadge(v)}, More: refusalWords(v)},
			{Text: triedWords(v)},
			{Text: dash(v.Claims.EmailAddress)},
		}})
	}
	return b
}

func testBadge(v signin.TestRunView) page.Badge {
	switch string(v.Status) {
	case "success":
		return page.Badge{Text: "It worked", Kind: "success"}
	case "failed":
		return page.Badge{Text: "Failed", Kind: "danger"}
	}
	return page.Badge{Text: "Under way", Kind: "accent"}
}

func refusalWords(v signin.TestRunView) string {
	if v.Refusal == nil {
		return ""
	}
	return v.Refusal.Message()
}

func triedWords(v signin.TestRunView) string {
	switch {
	case v.Number == 0 && v.Run.Draft:
		return "A draft"
	case v.Number == 0:
		return "A configuration that is gone"
	case v.Run.RevisionID == v.Connection.LiveRevisionID:
		return fmt.Sprintf("Revision %d, which is live", v.Number)
	}
	return fmt.Sprintf("Revision %d", v.Number)
}

func (u *UI) handleTest(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	id, err := identity.ParseID[identity.TestRunID](r.PathValue("test_run_id"))
	if err != nil {
		return fault.New(fault.NotFound, "resource", "test run").Because(err)
	}
	v, err := u.SignIn.TestRun(r.Context(), c.ID, id)
	if err != nil {
		return err
	}
	s := testScreen(v)
	s.MayLeadTo = u.providers()
	return u.show(w, r, op, s)
}

func testScreen(v signin.TestRunView) page.Screen {
	c := v.Connection
	s := page.Screen{
		Title: "Test run", Badges: []page.Badge{testBadge(v)}, Actions: []page.Action{testAction(c.ID)},
		Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: c.Name, URL: connectionPath(c.ID)}, {Text: "Tests", URL: testsPath(c.ID)}},
	}
	if e := v.Refusal; e != nil {
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{Kind: "danger", Title: e.Message(), Text: strings.TrimSpace(e.LongMessage() + " " + e.Fix())}})
	}
	about := page.Block{Facts: []page.Fact{{Term: "Tried", Text: triedWords(v)}, {Term: "Begun", When: page.On(v.Run.CreatedAt)}, {Term: "ID", Text: string(v.Run.ID), Copy: true}}}
	if v.Refusal != nil {
		about.Facts = append(about.Facts, page.Fact{Term: "Code", Text: string(v.Refusal.Code()), Code: true})
	}
	s.Blocks = append(s.Blocks, about)
	if words := outcomeWords(v); words != "" {
		s.Blocks = append(s.Blocks, page.Block{Title: "What would become of the person", Prose: []page.Prose{{Text: words}}})
	}
	s.Blocks = append(s.Blocks, testPerson(v)...)
	if checks := testChecks(v.Attempt); len(checks) > 0 {
		s.Blocks = append(s.Blocks, page.Block{Title: "What was checked", Checks: checks})
	}
	for _, doc := range []struct{ label, text string }{
		{"Request", v.Request}, {"Response", v.Response}, {"ID token", v.IDToken}, {"User info", v.UserInfo},
	} {
		if doc.text != "" {
			s.Blocks = append(s.Blocks, page.Block{Title: doc.label, Folded: true, Code: &page.Code{Label: "Without signatures and secrets", Text: doc.text, Copy: true}})
		}
	}
	return s
}

func outcomeWords(v signin.TestRunView) string {
	words := map[string]string{
		"create": "A new user would be made.", "link": "There is a user with this address already, who would be linked to the account at the provider.",
		"sign_in": "The person is known, and would be signed in.", "refuse": "The person would be refused.",
	}[v.Outcome.Result]
	if v.Outcome.Joins != "" {
		words += " They would join the organization with the role " + string(v.Outcome.Joins) + "."
	}
	if v.Outcome.Binds != "" {
		words += " The connection would be bound to the tenant " + v.Outcome.Binds + "."
	}
	return strings.TrimSpace(words)
}

// testPerson shows what is read of the answer, and what else came.
func testPerson(v signin.TestRunView) []page.Block {
	var blocks []page.Block
	if len(v.Mapped) > 0 {
		t := &page.Table{Caption: "What is read", Columns: []page.Column{{Title: "What"}, {Title: "At the provider"}, {Title: "What came"}}}
		for _, m := range v.Mapped {
			came := page.Cell{Text: strings.Join(m.Values, ", ")}
			if !m.Came {
				came = page.Cell{Badges: []page.Badge{{Text: "Nothing", Kind: "warning"}}}
			}
			t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{{Text: personField(m.Field)}, {Text: m.Attribute, Code: true}, came}})
		}
		blocks = append(blocks, page.Block{Title: "What is read", Table: t, Actions: []page.Action{{Text: "Change the names", URL: configurationPath(v.Connection.ID)}}})
	}
	if len(v.Others) > 0 {
		t := &page.Table{Caption: "What else came", Columns: []page.Column{{Title: "At the provider"}, {Title: "What came"}}}
		for _, a := range v.Others {
			t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{{Text: a.Name, Code: true}, {Text: strings.Join(a.Values, ", ")}}})
		}
		blocks = append(blocks, page.Block{Title: "What else came", Text: "It is not used. A custom attribute takes it into the person’s metadata.", Table: t})
	}
	return blocks
}

func personField(field string) string {
	names := map[string]string{"user_id": "Identifier", "email_address": "Email address", "email_verified": "Address is verified", "first_name": "First name", "last_name": "Last name"}
	if name, ok := names[field]; ok {
		return name
	}
	return strings.TrimPrefix(field, "public_metadata.")
}

// testChecks are the steps of an attempt in their order.
func testChecks(a identity.Attempt) []page.Check {
	var checks []page.Check
	for _, step := range a.Steps {
		c := page.Check{Text: step.Plain, State: "passed"}
		if c.Text == "" {
			c.Text = strings.ReplaceAll(step.Name, "_", " ")
		}
		if !step.Passed {
			c.State, c.Detail, c.Expected, c.Received = "failed", step.Fix, step.Expected, step.Received
		}
		checks = append(checks, c)
	}
	return checks
}
