package portal

import (
	"net/http"
	"strings"

	"usher/internal/guide"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
	"usher/internal/web/page"
)

func (u *UI) testRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneConnection + "/test":  u.handleTest,
		"POST " + oneConnection + "/test": u.handleBeginTest,
	}
}

func (u *UI) handleTest(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	return u.showTest(w, r, v, c, nil)
}

func (u *UI) showTest(w http.ResponseWriter, r *http.Request, v visit, c identity.Connection, refused error) error {
	p, err := u.progress(r, v, c)
	if err != nil {
		return err
	}
	runs, _, err := u.SignIn.TestRuns(r.Context(), signin.TestRunFilter{ConnectionID: c.ID}, manage.Page{Limit: 1})
	if err != nil {
		return err
	}
	g, err := u.filled(r, c)
	if err != nil {
		return err
	}
	s := testScreen(v, p, g, runs)
	s.MayLeadTo = []string{"https:"} // the provider, wherever it is
	if u.Development {
		s.MayLeadTo = append(s.MayLeadTo, "http:")
	}
	status, err := refuse(v.Text, &s, refused, "")
	if err != nil {
		return err
	}
	return u.showAs(w, r, v, status, s)
}

func testScreen(v visit, p progress, g guide.Guide, runs []signin.TestRunView) page.Screen {
	s := screen(v, p, stepTest)
	s.Title, s.Lead = v.Say("setup.test_title"), v.Say("setup.test_lead")
	path := connectionPath(v, p.Connection)
	next := page.Action{Text: v.Say("setup.test_skip"), URL: path + "/activate"}
	run := page.Action{Text: v.Say("setup.test_run"), URL: path + "/test", Post: true, NewTab: true, Kind: "primary"}
	look := page.Action{Text: v.Say("setup.test_look"), URL: path + "/test"}
	switch {
	case !known(p.Connection):
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{
			Kind: "warning", Title: v.Say("setup.not_ready"), Text: v.Say("setup.not_ready_connect"),
			Actions: []page.Action{{Text: v.Say("setup.step_connect"), URL: path + "/connect"}},
		}})
		return s
	case p.Tested:
		run.Kind, next.Kind = "", "primary"
		s.Blocks = append(s.Blocks, page.Block{Actions: []page.Action{next, run, look}})
	default:
		s.Blocks = append(s.Blocks, page.Block{Text: v.Say("setup.test_tab"), Actions: []page.Action{run, look, next}})
	}
	if len(runs) > 0 {
		s.Blocks = append(s.Blocks, resultBlocks(v, runs[0])...)
	}
	s.Blocks = append(s.Blocks, trouble(v, g)...)
	return s
}

// resultBlocks say what a test run found: the verdict, what to do, and what came.
func resultBlocks(v visit, run signin.TestRunView) []page.Block {
	verdict := page.Alert{Kind: "info", Title: v.Say("setup.test_pending"), Text: v.Say("setup.test_pending_text")}
	switch {
	case run.Refusal != nil:
		verdict = page.Alert{Kind: "danger", Title: v.Say("setup.test_failed"), Text: strings.TrimSpace(run.Refusal.LongMessage() + " " + fixOf(run))}
	case run.Run.State == identity.TestRunSuccess:
		verdict = page.Alert{Kind: "success", Title: v.Say("setup.test_success"), Text: v.Say("setup.test_success_text")}
	}
	blocks := []page.Block{{Alert: &verdict}}
	if run.Run.RevisionID != run.Connection.LiveRevisionID {
		blocks = append(blocks, page.Block{Alert: &page.Alert{Kind: "warning", Text: v.Say("setup.test_old")}})
	}
	if len(run.Mapped) > 0 {
		blocks = append(blocks, page.Block{Title: v.Say("setup.test_read"), Table: mappedTable(v, run)})
	}
	if len(run.Others) > 0 {
		b := page.Block{Title: v.Say("setup.test_others"), Folded: true, ID: "others"}
		for _, o := range run.Others {
			b.Facts = append(b.Facts, page.Fact{Term: o.Name, Chips: o.Values})
		}
		blocks = append(blocks, b)
	}
	if len(run.Attempt.Steps) > 0 {
		b := page.Block{Title: v.Say("setup.test_checks"), Folded: true, ID: "checks"}
		for _, step := range run.Attempt.Steps {
			b.Checks = append(b.Checks, check(step))
			b.Folded = b.Folded && step.Passed // one that failed is seen at once
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// fixOf is what to do about a failure: the check that failed knows more than the code.
func fixOf(run signin.TestRunView) string {
	fix := run.Refusal.Fix()
	for _, s := range run.Attempt.Steps {
		if !s.Passed && s.Fix != "" {
			fix = s.Fix
		}
	}
	return fix
}

func check(s identity.Step) page.Check {
	c := page.Check{Text: s.Plain, State: "passed"}
	switch {
	case s.Name == "warning":
		c.State = "warning"
	case !s.Passed:
		c.State, c.Detail, c.Expected, c.Received = "failed", s.Fix, s.Expected, s.Received
	}
	return c
}

func mappedTable(v visit, run signin.TestRunView) *page.Table {
	t := &page.Table{Caption: v.Say("setup.test_read"), Columns: []page.Column{{Title: v.Say("setup.test_field")}, {Title: v.Say("setup.test_attribute")}, {Title: v.Say("setup.test_came")}}}
	for _, m := range run.Mapped {
		field := m.Field
		if key := "setup.field_" + m.Field; v.Has(key) {
			field = v.Say(key)
		}
		came := page.Cell{Text: strings.Join(m.Values, ", ")}
		if !m.Came {
			came = page.Cell{Badges: []page.Badge{{Text: v.Say("setup.test_nothing"), Kind: "warning"}}}
		}
		t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{{Text: field}, {Text: m.Attribute, Code: m.Attribute != ""}, came}})
	}
	return t
}

// handleBeginTest makes a test run and sends the browser, in a tab of its own, to the
// provider.
func (u *UI) handleBeginTest(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	err = httpio.Count(r.Context(), u.Asks, string(v.Link.ID))
	var link signin.TestRunLink
	if err == nil {
		link, err = u.SignIn.BeginTestRun(r.Context(), c.ID, signin.TestLive)
	}
	if err != nil {
		return u.showTest(w, r, v, c, err)
	}
	return seeOther(w, r, link.URL)
}
