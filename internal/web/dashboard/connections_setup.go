package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/guided"
	"usher/internal/web/page"
)

const oneSetup = oneConnection + "/setup"

func (u *UI) setupRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneSetup:                u.handleSetup,
		"GET " + oneSetup + "/{step}":    u.handleSetupStep,
		"POST " + oneSetup + "/connect":  u.handleProviderData,
		"POST " + oneSetup + "/metadata": u.handleMetadataFile,
	}
}

func setupNotices() map[string]string {
	return map[string]string{
		"data_saved":   "That has been taken over. Look below whether it is what you expect.",
		"data_drafted": "That is in the draft now. What is live has not changed.",
	}
}

// setupURL is a step of the guide, with what has just been done.
func setupURL(id identity.ConnectionID, step guide.StepKind, guideKey, done string) string {
	v := url.Values{"guide": {guideKey}}
	if done != "" {
		v.Set(doneParam, done)
	}
	return connectionPath(id) + "/setup/" + string(step) + "?" + v.Encode()
}

// setupSteps are the steps of a guide that are gone through.
func setupSteps(g guide.Guide) []guide.Step { return g.Setup() }

// stepName is what a step is called beside the others.
func stepName(g guide.Guide, k guide.StepKind) string {
	switch k {
	case guide.StepCreate:
		return "Application"
	case guide.StepConfigure:
		if g.Protocol == guide.EASIE {
			return "Permission"
		}
		return "Our addresses"
	case guide.StepAttributes:
		return "Attributes"
	case guide.StepConnect:
		return "Provider’s data"
	case guide.StepAssign:
		return "People"
	case guide.StepTest:
		return "Test"
	case guide.StepTrouble:
		return "Trouble"
	default:
		return "Renewal"
	}
}

// edition is a connection as its pages change it.
type edition struct {
	live  identity.Connection
	now   identity.Connection // with the draft as its configuration, where there is one
	draft identity.RevisionID // empty: there is none
	org   string              // name of its organization
}

// inDraft reports whether changes go into the draft: people use what is live, or
// somebody has begun one.
func (e edition) inDraft() bool { return e.live.Active || e.draft != "" }

// edition reads the connection that a URL names, for a page that changes it.
func (u *UI) edition(r *http.Request) (e edition, err error) {
	if e.live, err = u.connectionOf(r); err != nil {
		return e, err
	}
	e.now = e.live
	if e.org, err = u.organizationName(r, e.live); err != nil {
		return e, err
	}
	v, err := u.Manage.Draft(r.Context(), e.live.ID)
	switch {
	case err == nil:
		e.now, e.draft = v.Configured, v.Draft.RevisionID
	case !fault.Is(err, fault.NotFound):
		return e, err
	}
	return e, nil
}

// configure changes a connection's configuration: at once where nobody uses it, else
// in its draft. Seen is the draft that the form showed.
func (u *UI) configure(r *http.Request, e edition, seen string, ch manage.ConnectionChange) error {
	if e.inDraft() {
		_, err := u.Manage.EditDraft(r.Context(), e.live.ID, identity.RevisionID(seen), ch)
		return err
	}
	_, err := u.Manage.ChangeConnection(r.Context(), e.live.ID, ch)
	return err
}

// draftAlert says where changes go, for a connection that is in use.
func (e edition) draftAlert() []page.Block {
	if !e.inDraft() {
		return nil
	}
	a := &page.Alert{Kind: "info", Title: "People use this connection", Text: "What you change here goes into a draft. You compare and test it before it becomes live."}
	if e.draft != "" {
		a.Title, a.Text = "You are editing the draft", "What is live stays as it is until the draft is promoted."
		a.Actions = []page.Action{{Text: "Look at the draft", URL: changesPath(e.live.ID)}}
	}
	return []page.Block{{Alert: a}}
}

// guideOf is the guide that a URL names, or the one of the connection's provider.
func (u *UI) guideOf(r *http.Request, c identity.Connection) (guide.Guide, error) {
	g, ok := u.guides.Find(r.URL.Query().Get("guide"))
	if !ok || g.Provider != c.Provider {
		if g, ok = u.guides.For(c.Provider); !ok {
			return g, fault.New(fault.NotFound, "resource", "guide")
		}
	}
	settings, err := u.Manage.Settings(r.Context())
	return g.Fill(guide.Values{
		ACSURL: c.ID.ACSURL(u.BaseURL), EntityID: c.ID.SPMetadataURL(u.BaseURL), MetadataURL: c.ID.SPMetadataURL(u.BaseURL),
		RedirectURI: identity.OAuthCallbackURL(u.BaseURL), Application: settings.ApplicationName,
	}), err
}

func (u *UI) handleSetup(w http.ResponseWriter, r *http.Request, _ operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	g, err := u.guideOf(r, c)
	if err != nil {
		return err
	}
	return seeOther(w, r, setupURL(c.ID, setupSteps(g)[0].Kind, g.Key, ""))
}

func (u *UI) handleSetupStep(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.edition(r)
	if err != nil {
		return err
	}
	return u.showSetup(w, r, op, e, guide.StepKind(r.PathValue("step")), dataGiven(e.now), nil)
}

// setupView is what a page of the setup shows.
type setupView struct {
	edition
	guide    guide.Guide
	others   []guide.Guide // for the same provider; this one is among them, or none
	step     guide.Step
	findings []manage.Finding
	base     string
}

func (u *UI) showSetup(w http.ResponseWriter, r *http.Request, op operator, e edition, at guide.StepKind, given map[string]string, refusal error) error {
	g, err := u.guideOf(r, e.live)
	if err != nil {
		return err
	}
	v := setupView{edition: e, guide: g, base: u.BaseURL}
	var ok bool
	if v.step, ok = g.Step(at); !ok {
		return fault.New(fault.NotFound, "resource", "step")
	}
	for _, other := range u.guides.All() {
		if other.Provider == e.live.Provider {
			v.others = append(v.others, other)
		}
	}
	if at == guide.StepConnect && refusal == nil {
		if v.findings, err = u.findings(r, e); err != nil {
			return err
		}
	}
	s := setupScreen(v, given, u.Now())
	status := http.StatusOK
	if list, code, ok := dataProblems(refusal, given["way"]); ok {
		s.Problems, status = list, code
	}
	if at == guide.StepTest {
		s.MayLeadTo = u.providers()
	}
	return u.showAs(w, r, op, status, s)
}

// providers is where a form may lead that begins a test run: the provider itself,
// and where that goes on to.
func (u *UI) providers() []string {
	if u.Development {
		return []string{"https:", "http:"}
	}
	return []string{"https:"}
}

// findings are what is wrong with the configuration that is being edited, once the
// provider has said something about itself.
func (u *UI) findings(r *http.Request, e edition) ([]manage.Finding, error) {
	if e.draft != "" {
		v, err := u.Manage.Draft(r.Context(), e.live.ID)
		return slices.DeleteFunc(v.Findings, func(f manage.Finding) bool { return f.Code == "not_tested" || f.Code == "test_run_failed" }), err
	}
	return u.Manage.ConnectionFindings(r.Context(), e.live.ID)
}

// finished reports whether the provider's data is there.
func finished(c identity.Connection) bool {
	switch {
	case c.Config.SAML != nil:
		return len(c.Config.SAML.MissingFields()) == 0
	case c.Provider.IsOIDC():
		return len(c.Config.OIDC.MissingFields()) == 0
	}
	return true
}

func setupScreen(v setupView, given map[string]string, now time.Time) page.Screen {
	s := connectionHead(v.live, v.org, "Setup")
	steps := setupSteps(v.guide)
	at := slices.IndexFunc(steps, func(step guide.Step) bool { return step.Kind == v.step.Kind })
	link := func(k guide.StepKind) string { return setupURL(v.live.ID, k, v.guide.Key, "") }
	for i, step := range steps {
		one := page.Step{Text: stepName(v.guide, step.Kind), URL: link(step.Kind)}
		switch {
		case i == at:
			one.State = "now"
		case step.Kind == guide.StepConnect && v.guide.Protocol != guide.EASIE && finished(v.now):
			one.State = "done"
		}
		s.Steps = append(s.Steps, one)
	}
	if at == 0 && len(v.others) > 1 {
		s.Blocks = append(s.Blocks, page.Block{Search: chooseGuide(v)})
	}
	if v.step.Kind == guide.StepConnect {
		s.Blocks = append(s.Blocks, v.draftAlert()...)
	}
	s.Blocks = append(s.Blocks, page.Block{Title: v.step.Title, Text: v.guide.Name + ", by " + protocolName(v.guide.Protocol), Prose: guided.Step(v.step)})
	switch v.step.Kind {
	case guide.StepConnect:
		s.Blocks = append(s.Blocks, dataBlocks(v, given, now)...)
	case guide.StepTest:
		s.Blocks = append(s.Blocks, testBlock(v.edition))
	default:
	}
	s.Blocks = append(s.Blocks, page.Block{Actions: setupActions(v, steps, at)})
	return s
}

// chooseGuide leads to the guide through another console.
func chooseGuide(v setupView) *page.Search {
	f := page.Filter{Name: "guide", Label: "Console"}
	for _, g := range v.others {
		f.Options = append(f.Options, page.Option{Value: g.Key, Label: g.Name, Selected: g.Key == v.guide.Key})
	}
	return &page.Search{Action: connectionPath(v.live.ID) + "/setup", Filters: []page.Filter{f}}
}

// setupActions lead to the steps before and after, and to what isn't on the way.
func setupActions(v setupView, steps []guide.Step, at int) []page.Action {
	link := func(k guide.StepKind) string { return setupURL(v.live.ID, k, v.guide.Key, "") }
	var list []page.Action
	if at >= 0 && at+1 < len(steps) {
		next := page.Action{Text: "Next: " + steps[at+1].Title, URL: link(steps[at+1].Kind), Kind: "primary"}
		if v.step.Kind == guide.StepConnect && !finished(v.now) {
			next.Text, next.Kind = "Do this later", ""
		}
		list = append(list, next)
	}
	if at > 0 {
		list = append(list, page.Action{Text: "Back", URL: link(steps[at-1].Kind)})
	}
	for _, k := range []guide.StepKind{guide.StepTrouble, guide.StepRenew} {
		if later, ok := v.guide.Step(k); ok && k != v.step.Kind && (at < 0 || at+1 == len(steps)) {
			list = append(list, page.Action{Text: later.Title, URL: link(k)})
		}
	}
	return list
}

// testBlock begins a test run, and what comes after it.
func testBlock(e edition) page.Block {
	b := page.Block{Title: "Test sign-in", Text: "You sign in at the provider, and see here what it sent and what would become of it. Nobody is signed in, and nothing changes."}
	if !finished(e.now) {
		b.Alert = &page.Alert{Kind: "warning", Text: "The provider’s data is not complete yet."}
		return b
	}
	b.Actions = []page.Action{testAction(e.live.ID), {Text: "Test runs so far", URL: testsPath(e.live.ID)}}
	switch {
	case e.draft != "":
		b.Actions = append(b.Actions, page.Action{Text: "Look at the draft", URL: changesPath(e.live.ID)})
	case !e.live.Active:
		b.Actions = append(b.Actions, page.Action{Text: "Switch the connection on", URL: connectionPath(e.live.ID) + "/switch", Post: true, Fields: []page.Hidden{{Name: "on", Value: "true"}}})
	}
	return b
}
