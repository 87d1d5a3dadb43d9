package portal

import (
	"net/http"
	"strconv"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/identity"
	"usher/internal/web/guided"
	"usher/internal/web/page"
)

func (u *UI) guideRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneConnection + "/guide":        u.handleGuide,
		"GET " + oneConnection + "/guide/{page}": u.handleGuide,
		"GET " + oneConnection + "/assign":       u.handleAssign,
	}
}

// filled is the guide of a connection with the connection's own values in it.
func (u *UI) filled(r *http.Request, c identity.Connection) (guide.Guide, error) {
	settings, err := u.Manage.Settings(r.Context())
	return u.guideOf(c).Fill(guide.Values{
		ACSURL: c.ID.ACSURL(u.BaseURL), EntityID: c.ID.SPMetadataURL(u.BaseURL), MetadataURL: c.ID.SPMetadataURL(u.BaseURL),
		RedirectURI: identity.OAuthCallbackURL(u.BaseURL), Application: settings.ApplicationName,
	}), err
}

// console are the steps that are taken in the provider's console before anything is
// brought back.
func console(g guide.Guide) []guide.Step {
	var list []guide.Step
	for _, s := range g.Setup() {
		if s.Kind == guide.StepCreate || s.Kind == guide.StepConfigure || s.Kind == guide.StepAttributes {
			list = append(list, s)
		}
	}
	return list
}

// handleGuide shows a page of the guide; the URL without a number is the first.
func (u *UI) handleGuide(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	g, err := u.filled(r, c)
	if err != nil {
		return err
	}
	n := 1
	if text := r.PathValue("page"); text != "" {
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > len(console(g)) {
			return fault.New(fault.NotFound, "resource", "step")
		}
	}
	p, err := u.progress(r, v, c)
	if err != nil {
		return err
	}
	return u.show(w, r, v, guideScreen(v, p, g, n))
}

func guideScreen(v visit, p progress, g guide.Guide, n int) page.Screen {
	steps := console(g)
	s := screen(v, p, stepGuide)
	s.Title = g.Name
	if n > len(steps) { // a guide without steps there
		return s
	}
	step := steps[n-1]
	s.Title = step.Title
	s.Badges = []page.Badge{{Text: v.Say("setup.step", "number", n, "total", len(steps))}}
	s.Lead = englishNote(v)
	b := page.Block{Prose: guided.Step(step)}
	path := connectionPath(v, p.Connection)
	next := page.Action{Text: v.Say("setup.next"), URL: path + "/connect", Kind: "primary"}
	if n < len(steps) {
		next.URL = path + "/guide/" + strconv.Itoa(n+1)
	}
	b.Actions = []page.Action{next}
	if n > 1 {
		b.Actions = append(b.Actions, page.Action{Text: v.Say("setup.back"), URL: path + "/guide/" + strconv.Itoa(n-1)})
	}
	s.Blocks = []page.Block{b}
	s.Blocks = append(s.Blocks, trouble(v, g)...)
	return s
}

// englishNote says that guides are in English, to those who read another language.
func englishNote(v visit) string {
	if v.Lang() == "en" {
		return ""
	}
	return v.Say("setup.english_guide")
}

// trouble is what goes wrong at the provider, to be unfolded.
func trouble(v visit, g guide.Guide) []page.Block {
	step, ok := g.Step(guide.StepTrouble)
	if !ok {
		return nil
	}
	return []page.Block{{Title: v.Say("setup.help_title"), ID: "trouble", Prose: guided.Step(step), Folded: true}}
}

func (u *UI) handleAssign(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	g, err := u.filled(r, c)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, c)
	if err != nil {
		return err
	}
	return u.show(w, r, v, assignScreen(v, p, g))
}

func assignScreen(v visit, p progress, g guide.Guide) page.Screen {
	s := screen(v, p, stepAssign)
	path := connectionPath(v, p.Connection)
	b := page.Block{Actions: []page.Action{{Text: v.Say("setup.next"), URL: path + "/test", Kind: "primary"}}}
	if step, ok := g.Step(guide.StepAssign); ok {
		s.Title, s.Lead, b.Prose = step.Title, englishNote(v), guided.Step(step)
	} else {
		s.Title, s.Lead = v.Say("setup.kind.assign"), v.Say("setup.assign_plain")
	}
	s.Blocks = append([]page.Block{b}, trouble(v, g)...)
	return s
}
