package portal

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	providersPath = oneLink + "/provider"
	oneConnection = oneLink + "/connections/{connection_id}"
)

func (u *UI) providerRoutes() map[string]handler {
	return map[string]handler{
		"GET " + providersPath:               u.handleProviders,
		"GET " + providersPath + "/{guide}":  u.handleProvider,
		"POST " + providersPath + "/{guide}": u.handleBegin,
		"GET " + oneConnection + "/drop":     u.handleDropPage,
		"POST " + oneConnection + "/drop":    u.handleDrop,
	}
}

// offered are the guides to choose from.
func (u *UI) offered() []guide.Guide {
	var list []guide.Guide
	for _, g := range u.guides.All() {
		if g.Protocol != guide.EASIE {
			list = append(list, g)
		}
	}
	return list
}

func (u *UI) handleProviders(w http.ResponseWriter, r *http.Request, v visit) error {
	p, err := u.progress(r, v, identity.Connection{})
	if err != nil {
		return err
	}
	if !p.open(stepProvider) {
		return seeOther(w, r, v.path+"/domains")
	}
	return u.show(w, r, v, providersScreen(v, p, u.offered()))
}

func providersScreen(v visit, p progress, guides []guide.Guide) page.Screen {
	s := screen(v, p, stepProvider)
	s.Title, s.Lead = v.Say("setup.choose"), v.Say("setup.choose_lead")
	choice := page.Block{}
	if len(p.Connections) > 0 {
		begun := page.Block{Title: v.Say("setup.provider_begun")}
		for _, c := range p.Connections {
			one := page.Choice{Title: c.Name, Text: protocolText(v, c.Provider), Avatar: c.Name, URL: connectionPath(v, c) + "/guide", Badge: v.Say("setup.badge_inactive")}
			if c.Active {
				one.Badge = v.Say("setup.badge_active")
			}
			begun.Choices = append(begun.Choices, one)
		}
		s.Blocks = append(s.Blocks, begun)
		choice.Title = v.Say("setup.provider_other")
	}
	for _, g := range guides {
		choice.Choices = append(choice.Choices, page.Choice{Title: g.Name, Text: protocolText(v, g.Provider), Avatar: g.Name, URL: v.path + "/provider/" + g.Key})
	}
	s.Blocks = append(s.Blocks, choice)
	return s
}

func protocolText(v visit, p identity.Provider) string {
	if p.IsSAML() {
		return v.Say("setup.protocol_saml")
	}
	return v.Say("setup.protocol_oidc")
}

// chosen is the guide that a URL names.
func (u *UI) chosen(r *http.Request) (guide.Guide, error) {
	g, ok := u.guides.Find(r.PathValue("guide"))
	if !ok || g.Protocol == guide.EASIE {
		return g, fault.New(fault.NotFound, "resource", "guide")
	}
	return g, nil
}

func (u *UI) handleProvider(w http.ResponseWriter, r *http.Request, v visit) error {
	return u.showProvider(w, r, v, nil)
}

func (u *UI) showProvider(w http.ResponseWriter, r *http.Request, v visit, refused error) error {
	g, err := u.chosen(r)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, identity.Connection{})
	if err != nil {
		return err
	}
	if !p.done(stepDomains) {
		return seeOther(w, r, v.path+"/domains")
	}
	s := providerScreen(v, p, g)
	status, err := refuse(v.Text, &s, refused, "")
	if err != nil {
		return err
	}
	return u.showAs(w, r, v, status, s)
}

func providerScreen(v visit, p progress, g guide.Guide) page.Screen {
	s := screen(v, p, stepProvider)
	s.Title, s.Lead = v.Say("setup.provider_title", "provider", g.Name), v.Say("setup.provider_lead")
	back := v.path + "/provider"
	s.Blocks = []page.Block{{
		Facts: []page.Fact{{Term: v.Say("setup.step_domains"), Chips: texts(p.fresh())}},
		Form:  &page.Form{Action: back + "/" + g.Key, Submit: v.Say("setup.begin"), Cancel: back},
	}}
	return s
}

// fresh are the domains that a new connection is to have.
func (p progress) fresh() []identity.Domain {
	p.Connection = identity.Connection{}
	if list := p.serves(); len(list) > 0 {
		return list
	}
	return p.proved() // all belong to a connection: the new one takes its place
}

func texts(domains []identity.Domain) []string {
	list := make([]string, len(domains))
	for i, d := range domains {
		list[i] = string(d)
	}
	return list
}

// by says who acts: whoever holds the link, for the organization alone.
func by(v visit) *manage.SelfServe { return &manage.SelfServe{Organization: v.Organization.ID} }

// handleBegin makes the connection, switched off. One that was begun with the same
// guide and waits is gone on with.
func (u *UI) handleBegin(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	g, err := u.chosen(r)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, identity.Connection{})
	if err != nil {
		return err
	}
	if !p.done(stepDomains) {
		return seeOther(w, r, v.path+"/domains")
	}
	for _, c := range p.Connections {
		if !c.Active && u.guideOf(c).Key == g.Key {
			return seeOther(w, r, connectionPath(v, c)+"/guide")
		}
	}
	err = httpio.Count(r.Context(), u.Asks, string(v.Link.ID))
	var c identity.Connection
	if err == nil {
		c, err = u.Manage.CreateConnection(r.Context(), g.Provider, beginning(v, g, p))
	}
	if err != nil {
		return u.showProvider(w, r, v, err)
	}
	return seeOther(w, r, connectionPath(v, c)+"/guide")
}

// beginning is what a connection is made with: the names that the guide has the
// provider send.
func beginning(v visit, g guide.Guide, p progress) manage.ConnectionChange {
	name, org := g.Name, string(v.Organization.ID)
	if g.Key == "generic_saml" || g.Key == "generic_oidc" {
		name = v.Organization.Name // people see it; "another provider" says nothing
	}
	ch := manage.ConnectionChange{Name: &name, OrganizationID: &org, Domains: texts(p.fresh()), By: by(v)}
	m := g.Mapping
	switch {
	case g.Provider == identity.SAMLCustom:
		ch.SAML = &manage.SAMLChange{UserID: given(m.UserID), EmailAddress: given(m.EmailAddress), FirstName: given(m.FirstName), LastName: given(m.LastName)}
	case g.Protocol == guide.OIDC:
		ch.OIDC = &manage.OIDCChange{UserID: given(m.UserID), EmailAddress: given(m.EmailAddress), FirstName: given(m.FirstName), LastName: given(m.LastName)}
		if g.EmailVerifiedDefault {
			ch.OIDC.EmailVerifiedDefault = &g.EmailVerifiedDefault
		}
	}
	return ch
}

// given is a text if there is one.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (u *UI) handleDropPage(w http.ResponseWriter, r *http.Request, v visit) error {
	c, p, err := u.droppable(r, v)
	if err != nil {
		return err
	}
	return u.show(w, r, v, dropScreen(v, p, c))
}

// droppable is the connection that a URL names, if it is one that nobody has used.
func (u *UI) droppable(r *http.Request, v visit) (identity.Connection, progress, error) {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return c, progress{}, err
	}
	effects, err := u.Manage.PreviewDeletion(r.Context(), c.ID)
	if err == nil && (c.Active || len(effects) > 0) {
		err = fault.New(fault.NotFound, "resource", "enterprise connection")
	}
	if err != nil {
		return c, progress{}, err
	}
	p, err := u.progress(r, v, c)
	return c, p, err
}

func dropScreen(v visit, p progress, c identity.Connection) page.Screen {
	s := screen(v, p, stepProvider)
	s.Title, s.Lead = v.Say("setup.drop_title", "connection", c.Name), v.Say("setup.drop_lead")
	s.Blocks = []page.Block{{Form: &page.Form{Action: connectionPath(v, c) + "/drop", Submit: v.Say("setup.provider_drop"), Danger: true, Cancel: v.path + "/provider"}}}
	return s
}

func (u *UI) handleDrop(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	c, _, err := u.droppable(r, v)
	if err != nil {
		return err
	}
	if err := u.Manage.DeleteConnection(r.Context(), c.ID); err != nil {
		return err
	}
	return seeOther(w, r, v.path+"/provider")
}
