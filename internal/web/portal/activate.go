package portal

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

func (u *UI) activateRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneConnection + "/activate":  u.handleActivatePage,
		"POST " + oneConnection + "/activate": u.handleActivate,
		"GET " + oneConnection + "/done":      u.handleDone,
	}
}

func (u *UI) handleActivatePage(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	return u.showActivate(w, r, v, c, nil)
}

// activation is the change that switches the connection on, for all domains that were
// proved.
func activation(v visit, p progress) manage.ConnectionChange {
	on := true
	return manage.ConnectionChange{Active: &on, Domains: texts(p.serves()), By: by(v)}
}

func (u *UI) showActivate(w http.ResponseWriter, r *http.Request, v visit, c identity.Connection, refused error) error {
	p, err := u.progress(r, v, c)
	if err != nil {
		return err
	}
	var effects []manage.Effect
	if known(c) && p.done(stepDomains) {
		var previewErr error
		if effects, previewErr = u.Manage.PreviewConnection(r.Context(), c.ID, activation(v, p)); refused == nil {
			refused = previewErr
		}
	}
	s := activateScreen(v, p, effects, u.Now())
	status, err := refuse(v.Text, &s, refused, "")
	if err != nil {
		return err
	}
	return u.showAs(w, r, v, status, s)
}

func activateScreen(v visit, p progress, effects []manage.Effect, now time.Time) page.Screen {
	s := screen(v, p, stepActivate)
	c := p.Connection
	s.Title, s.Lead = v.Say("setup.activate_title"), v.Say("setup.activate_lead")
	lacks := func(text, step string) {
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{
			Kind: "warning", Title: v.Say("setup.not_ready"), Text: text, Actions: []page.Action{{Text: v.Say("setup.step_" + step), URL: stepPath(v, p, step)}},
		}})
	}
	if !p.done(stepDomains) {
		lacks(v.Say("setup.not_ready_domains"), stepDomains)
	}
	if !known(c) {
		lacks(v.Say("setup.not_ready_connect"), stepConnect)
	}
	if len(s.Blocks) > 0 {
		return s
	}
	if alert := certificateAlert(v, certificates(c), now); alert != nil {
		s.Blocks = append(s.Blocks, page.Block{Alert: alert})
	}
	if !p.Tested && !c.Active {
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{
			Kind: "warning", Text: v.Say("setup.not_tested"), Actions: []page.Action{{Text: v.Say("setup.test_title"), URL: stepPath(v, p, stepTest)}},
		}})
	}
	path := connectionPath(v, c)
	s.Blocks = append(s.Blocks,
		page.Block{Title: v.Say("setup.activate_effects"), Effects: effectsOf(v, p, effects)},
		page.Block{Form: &page.Form{Action: path + "/activate", Submit: v.Say("setup.activate_submit"), Cancel: v.path + "/"}})
	return s
}

// effectsOf says what people will notice. Of a connection that is switched on, the
// flow names the domains that are new to it in their order.
func effectsOf(v visit, p progress, effects []manage.Effect) []page.Effect {
	var list []page.Effect
	var added []identity.Domain
	for _, d := range p.serves() {
		if !p.Connection.InUse() || !slices.Contains(p.Connection.Domains, d) {
			added = append(added, d)
		}
	}
	for _, e := range effects {
		text := e.Plain
		if e.Name == "domain_enforced" && len(added) > 0 {
			text = enforcedText(v, e.People, added[0], p.Connection.Name)
			added = added[1:]
		}
		list = append(list, page.Effect{Text: text})
	}
	return append(list, page.Effect{Text: v.Say("setup.effect_later", "organization", v.Organization.Name)})
}

func enforcedText(v visit, people int, d identity.Domain, provider string) string {
	if people == 0 {
		return v.Say("setup.effect_nobody", "domain", string(d), "provider", provider)
	}
	return v.Say("setup.effect_domain", "count", people, "domain", string(d), "provider", provider)
}

func (u *UI) handleActivate(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, c)
	if err != nil {
		return err
	}
	if !p.done(stepDomains) || !known(c) {
		return u.showActivate(w, r, v, c, nil)
	}
	err = httpio.Count(r.Context(), u.Asks, string(v.Link.ID)) // it may look for records again
	if err == nil {
		_, err = u.Manage.ChangeConnection(r.Context(), c.ID, activation(v, p))
	}
	if err != nil {
		return u.showActivate(w, r, v, c, err)
	}
	return seeOther(w, r, connectionPath(v, c)+"/done")
}

func (u *UI) handleDone(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, c)
	if err != nil {
		return err
	}
	if !c.Active {
		return seeOther(w, r, stepPath(v, p, p.next()))
	}
	settings, err := u.Manage.Settings(r.Context())
	if err != nil {
		return err
	}
	return u.show(w, r, v, doneScreen(v, p, settings.SupportEmail))
}

func doneScreen(v visit, p progress, support string) page.Screen {
	s := screen(v, p, "")
	s.Title, s.Lead = v.Say("setup.done_title"), v.Say("setup.done_lead")
	ask := v.Say("setup.done_ask")
	if support != "" {
		ask = v.Say("setup.done_ask_at", "email", support)
	}
	s.Blocks = []page.Block{{
		Prose: []page.Prose{{Items: []page.Item{
			{Text: v.Say("setup.done_people", "domains", strings.Join(texts(p.Connection.Domains), ", "), "provider", p.Connection.Name)},
			{Text: v.Say("setup.done_try")},
			{Text: ask},
			{Text: v.Say("setup.domain_keep")},
			{Text: v.Say("setup.done_back", "until", until(v.Link))},
		}}},
		Actions: []page.Action{{Text: v.Say("setup.done_sign_in"), URL: "/sign-in", Kind: "primary"}, {Text: v.Say("setup.overview"), URL: v.path + "/"}},
	}}
	return s
}
