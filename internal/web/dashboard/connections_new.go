package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

func (u *UI) newConnectionRoutes() map[string]handler {
	return map[string]handler{
		"GET " + connectionsPath + "/new": u.handleNewConnection,
		"POST " + connectionsPath:         u.handleCreateConnection,
	}
}

// newConnectionURL is the page that asks for a new connection: which provider,
// without a guide, and the rest with one.
func newConnectionURL(guideKey, provider, organization string) string {
	v := url.Values{}
	for name, value := range map[string]string{"guide": guideKey, "provider": provider, "organization_id": organization} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return connectionsPath + "/new"
	}
	return connectionsPath + "/new?" + v.Encode()
}

func (u *UI) handleNewConnection(w http.ResponseWriter, r *http.Request, op operator) error {
	q := r.URL.Query()
	org := q.Get("organization_id")
	g, ok := u.chosen(q.Get("guide"), q.Get("provider"))
	if !ok {
		return u.show(w, r, op, chooseProviderScreen(u.guides.All(), org))
	}
	given := map[string]string{"organization": org, "name": g.Name}
	if org != "" {
		o, err := u.Manage.Organization(r.Context(), org)
		if err == nil {
			given["name"] = o.Name + " " + g.Name
		}
	}
	return u.showNewConnection(w, r, op, g, given, nil)
}

// protocolName is what a protocol is called.
func protocolName(p guide.Protocol) string {
	switch p {
	case guide.SAML:
		return "SAML"
	case guide.OIDC:
		return "OpenID Connect"
	default:
		return "EASIE"
	}
}

// chooseProviderScreen asks which provider a connection is to be made to.
func chooseProviderScreen(guides []guide.Guide, organization string) page.Screen {
	s := page.Screen{
		Title: "Add connection", Lead: "Which identity provider do the people have? Each has a guide through its console, for its administrator.",
		Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}},
	}
	for _, part := range []struct {
		protocol guide.Protocol
		text     string
	}{
		{guide.SAML, "What most companies’ providers speak. Nothing secret has to be exchanged."},
		{guide.OIDC, "For providers that are set up with a client ID and a secret."},
		{guide.EASIE, "One button for every company at Google or Microsoft. Their administrators set up nothing, as a rule."},
	} {
		b := page.Block{Title: protocolName(part.protocol), Text: part.text}
		for _, g := range guides {
			if g.Protocol == part.protocol {
				b.Choices = append(b.Choices, page.Choice{Title: g.Name, Avatar: g.Name, URL: newConnectionURL(g.Key, "", organization)})
			}
		}
		if part.protocol == guide.OIDC {
			for _, p := range quirky() {
				b.Choices = append(b.Choices, page.Choice{Title: providerName(p), Avatar: providerName(p), URL: newConnectionURL("generic_oidc", string(p), organization)})
			}
		}
		s.Blocks = append(s.Blocks, b)
	}
	return s
}

// quirky are the providers that have no guide of their own, and behave otherwise than
// the standard says.
func quirky() []identity.Provider {
	return []identity.Provider{identity.OIDCGitLab, identity.OIDCGitHubEnterprise}
}

// chosen is the guide to a new connection, with its provider.
func (u *UI) chosen(key, provider string) (guide.Guide, bool) {
	g, ok := u.guides.Find(key)
	if p := identity.Provider(provider); ok && g.Key == "generic_oidc" && slices.Contains(quirky(), p) {
		g.Provider, g.Name = p, providerName(p)
	}
	return g, ok
}

func (u *UI) showNewConnection(w http.ResponseWriter, r *http.Request, op operator, g guide.Guide, given map[string]string, err error) error {
	unready := false
	if g.Protocol == guide.EASIE {
		_, credentialsErr := u.Manage.ProviderCredentials(r.Context(), g.Provider)
		if unready = fault.Is(credentialsErr, fault.NotFound); credentialsErr != nil && !unready {
			return credentialsErr
		}
	}
	s := newConnectionScreen(g, given)
	if unready {
		s.Blocks = append([]page.Block{noCredentials(g.Name)}, s.Blocks...)
	}
	return u.showAs(w, r, op, refused(&s, err), s)
}

// noCredentials says that an EASIE connection can't be switched on yet.
func noCredentials(provider string) page.Block {
	return page.Block{Alert: &page.Alert{
		Kind: "warning", Title: "This application is not known to " + provider + " yet",
		Text: "All connections of this kind use one client of yours. Set it over the Backend API (provider credentials); until then, the connection can be made, but not switched on.",
	}}
}

func newConnectionScreen(g guide.Guide, given map[string]string) page.Screen {
	org := given["organization"]
	return page.Screen{
		Title: "Connect " + g.Name, Lead: "It is switched off at first: nobody notices anything before you switch it on.",
		Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: "Add connection", URL: newConnectionURL("", "", org)}},
		Blocks: []page.Block{{Form: &page.Form{
			Action: connectionsPath, Submit: "Go on with the setup", Cancel: newConnectionURL("", "", org), Hidden: []page.Hidden{{Name: "guide", Value: g.Key}, {Name: "provider", Value: string(g.Provider)}},
			Fields: []page.Field{
				{Name: "name", Label: "Name", Value: given["name"], Max: 256, Hint: "How you tell it from others. People see it where they may choose."},
				{Kind: "textarea", Name: "domains", Label: "Domains", Value: given["domains"], Code: true, Rows: 3, Example: "acme.com", Hint: "One on each line. Once the connection is on, whose address is at one of them signs in through it, and in no other way."},
				{Name: "organization", Label: "Organization", Value: org, Optional: true, Code: true, Max: 128, Hint: "ID or slug of the one that its people join. Leave it empty for a connection of the whole application."},
			},
		}}},
	}
}

func (u *UI) handleCreateConnection(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "guide", "provider", "name", "domains", "organization")
	if err != nil {
		return err
	}
	g, ok := u.chosen(given["guide"], given["provider"])
	if !ok {
		return fault.New(fault.FormParamValueInvalid, "param_name", "guide")
	}
	name := given["name"]
	ch := manage.ConnectionChange{Name: &name, Domains: lines(given["domains"])}
	expect(&ch, g)
	ch.OrganizationID, err = u.organizationNamed(r, given["organization"])
	var c identity.Connection
	if err == nil {
		c, err = u.Manage.CreateConnection(r.Context(), g.Provider, ch)
	}
	if _, _, ok := problems(err); ok {
		return u.showNewConnection(w, r, op, g, given, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, setupURL(c.ID, setupSteps(g)[0].Kind, g.Key, "connection_created"))
}

// expect makes a new connection expect what its guide leads to, where its provider
// does not say so by itself.
func expect(ch *manage.ConnectionChange, g guide.Guide) {
	m := g.Mapping
	other := func(name, preset string) *string {
		if name == "" || name == preset {
			return nil
		}
		return &name
	}
	switch g.Protocol {
	case guide.SAML:
		preset := identity.MappingPreset(g.Provider)
		ch.SAML = &manage.SAMLChange{
			UserID: other(m.UserID, preset.UserID), EmailAddress: other(m.EmailAddress, preset.EmailAddress),
			FirstName: other(m.FirstName, preset.FirstName), LastName: other(m.LastName, preset.LastName),
		}
	case guide.OIDC:
		preset := identity.ClaimMapping{}.WithPreset(g.Provider)
		ch.OIDC = &manage.OIDCChange{
			UserID: other(m.UserID, preset.UserID), EmailAddress: other(m.EmailAddress, preset.EmailAddress),
			FirstName: other(m.FirstName, preset.FirstName), LastName: other(m.LastName, preset.LastName),
		}
		if g.EmailVerifiedDefault {
			ch.OIDC.EmailVerifiedDefault = &g.EmailVerifiedDefault
		}
	default:
	}
}

// organizationNamed is the ID of the organization that a form names by ID or slug;
// nil where it names none.
func (u *UI) organizationNamed(r *http.Request, text string) (*string, error) {
	ref := strings.TrimSpace(text)
	if ref == "" {
		return nil, nil
	}
	o, err := u.Manage.Organization(r.Context(), ref)
	if err != nil {
		if fault.From(err).Status() >= http.StatusInternalServerError {
			return nil, err
		}
		return nil, fault.New(fault.FormResourceNotFound, "param_name", "organization").Because(err)
	}
	id := string(o.ID)
	return &id, nil
}
