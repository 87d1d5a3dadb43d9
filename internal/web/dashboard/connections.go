package dashboard

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const oneConnection = connectionsPath + "/{connection_id}"

func (u *UI) connectionRoutes() map[string]handler {
	return map[string]handler{
		"GET " + connectionsPath:              u.handleConnections,
		"GET " + oneConnection:                u.handleConnection,
		"GET " + oneConnection + "/settings":  u.handleConnectionSettings,
		"POST " + oneConnection + "/settings": u.handleChangeConnection,
		"POST " + oneConnection + "/switch":   u.handleSwitchConnection,
		"GET " + oneConnection + "/delete":    u.handleDeleteConnectionPage,
		"POST " + oneConnection + "/delete":   u.handleDeleteConnection,
	}
}

func connectionNotices() map[string]string {
	return map[string]string{
		"connection_created": "The connection has been created. It is switched off until it is ready.",
		"connection_changed": "The connection has been changed.",
		"connection_on":      "The connection is active: people on its domains sign in through it from now on.",
		"connection_off":     "The connection is switched off. Who is signed in stays so.",
		"connection_deleted": "The connection has been deleted.",
	}
}

func connectionPath(id identity.ConnectionID) string { return connectionsPath + "/" + string(id) }

// connectionOf finds the connection that a URL names.
func (u *UI) connectionOf(r *http.Request) (identity.Connection, error) {
	id, err := identity.ParseConnectionID(r.PathValue("connection_id"))
	if err != nil {
		return identity.Connection{}, fault.New(fault.NotFound, "resource", "enterprise connection").Because(err)
	}
	return u.Manage.Connection(r.Context(), id)
}

// providerNames are what providers are called, in the order in which they are
// offered.
func providerNames() []string {
	return []string{
		string(identity.SAMLOkta), "Okta (SAML)", string(identity.SAMLMicrosoft), "Microsoft Entra ID (SAML)", string(identity.SAMLGoogle), "Google Workspace (SAML)",
		string(identity.SAMLCustom), "SAML", string(identity.OIDCCustom), "OpenID Connect", string(identity.OIDCGitLab), "GitLab", string(identity.OIDCGitHubEnterprise), "GitHub Enterprise",
		string(identity.OAuthGoogle), "Google (EASIE)", string(identity.OAuthMicrosoft), "Microsoft (EASIE)",
	}
}

func providerName(p identity.Provider) string {
	names := providerNames()
	for i := 0; i+1 < len(names); i += 2 {
		if names[i] == string(p) {
			return names[i+1]
		}
	}
	return string(p)
}

func (u *UI) handleConnections(w http.ResponseWriter, r *http.Request, op operator) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	order := l.choice("order", "-created_at", "created_at", "name", "-name", "updated_at", "-updated_at")
	f := manage.ConnectionFilter{Query: l.text("q"), OrderBy: order, Provider: identity.Provider(l.text("provider"))}
	if state := l.text("state"); state == "active" || state == "inactive" {
		active := state == "active"
		f.Active = &active
	}
	found, total, err := u.Manage.Connections(r.Context(), f, l.page())
	if err != nil {
		return err
	}
	names, err := u.organizationNames(r, found)
	if err != nil {
		return err
	}
	return u.show(w, r, op, connectionsScreen(l, order, found, names, total, u.Now()))
}

// organizationNames are those of connections' organizations.
func (u *UI) organizationNames(r *http.Request, list []identity.Connection) (map[identity.OrgID]string, error) {
	names := map[identity.OrgID]string{}
	var ids []identity.OrgID
	for _, c := range list {
		if _, known := names[c.OrganizationID]; !known && c.OrganizationID != "" {
			names[c.OrganizationID] = "an organization that was deleted"
			ids = append(ids, c.OrganizationID)
		}
	}
	if len(ids) == 0 {
		return names, nil
	}
	orgs, _, err := u.Manage.Organizations(r.Context(), manage.OrganizationFilter{IDs: ids}, manage.Page{Limit: len(ids)})
	for _, o := range orgs {
		names[o.ID] = o.Name
	}
	return names, err
}

func connectionsScreen(l listing, order string, found []identity.Connection, names map[identity.OrgID]string, total int, now time.Time) page.Screen {
	add := page.Action{Text: "Add connection", URL: connectionsPath + "/new", Kind: "primary"}
	s := page.Screen{Title: "Connections", Lead: "Through which identity providers people come in: one or more for each organization, or for the whole application.", Actions: []page.Action{add}}
	providers := append([]string{"", "All providers"}, providerNames()...)
	b := page.Block{Search: l.search("Search by name", l.filter("provider", "Provider", providers...), l.filter("state", "State", "", "All", "active", "Active", "inactive", "Inactive"))}
	if len(found) == 0 {
		b.Empty = &page.Empty{Icon: "plug", Title: "No connection yet", Text: "Add one, or send the customer’s administrator a setup link from the organization’s page.", Actions: []page.Action{add}}
		if l.narrowed("q", "provider", "state") {
			b.Empty = &page.Empty{Icon: "search", Title: "Nothing found", Text: "No connection has these letters in its name, or none is of that kind."}
		}
		s.Blocks = []page.Block{b}
		return s
	}
	b.Table = &page.Table{
		Caption: "Connections", Pager: l.pager(len(found), total),
		Columns: []page.Column{l.column("Connection", "name", order), {Title: "Organization"}, {Title: "Domains"}, {Title: "State"}, l.column("Created", "created_at", order)},
	}
	for _, c := range found {
		org := "Whole application"
		if c.OrganizationID != "" {
			org = names[c.OrganizationID]
		}
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
			{Text: c.Name, More: providerName(c.Provider), URL: connectionPath(c.ID)}, {Text: org}, {Text: domainsText(c.Domains)}, {Badges: connectionState(c)}, {When: page.Since(now, c.CreatedAt)},
		}})
	}
	s.Blocks = []page.Block{b}
	return s
}

// connectionTabs are the pages of a connection.
func connectionTabs(c identity.Connection) []page.Tab {
	path := connectionPath(c.ID)
	tabs := []page.Tab{{Text: "Overview", URL: path}, {Text: "Setup", URL: path + "/setup"}, {Text: "Configuration", URL: configurationPath(c.ID)}}
	if c.Provider.IsSAML() {
		tabs = append(tabs, page.Tab{Text: "Keys", URL: keysPath(c.ID)})
	}
	return append(tabs, page.Tab{Text: "Tests", URL: testsPath(c.ID)}, page.Tab{Text: "Changes", URL: changesPath(c.ID)}, page.Tab{Text: "Settings", URL: path + "/settings"})
}

// connectionHead is what all pages of a connection share.
func connectionHead(c identity.Connection, org string, now string) page.Screen {
	s := page.Screen{
		Title: c.Name, Badges: connectionState(c), Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}},
		Tabs: connectionTabs(c),
	}
	if c.OrganizationID != "" {
		s.Crumbs = []page.Link{{Text: "Organizations", URL: organizationsPath}, {Text: org, URL: organizationPath(c.OrganizationID)}}
	}
	for i := range s.Tabs {
		s.Tabs[i].Now = s.Tabs[i].Text == now
	}
	return s
}

// organizationName is that of a connection's organization; empty for one of the
// whole application.
func (u *UI) organizationName(r *http.Request, c identity.Connection) (string, error) {
	names, err := u.organizationNames(r, []identity.Connection{c})
	return names[c.OrganizationID], err
}

func (u *UI) handleConnection(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	org, err := u.organizationName(r, c)
	if err != nil {
		return err
	}
	report, err := u.connectionReport(r.Context(), c.ID)
	if err != nil {
		return err
	}
	h, err := u.health(r, c)
	if err != nil {
		return err
	}
	s := connectionScreen(c, org, u.BaseURL, u.Now())
	s.Blocks = slices.Concat(waiting(c, h.draft), withReport(s.Blocks, c, report, u.Now()), healthBlocks(c, h, u.Now()))
	s.MayLeadTo = u.providers()
	return u.show(w, r, op, s)
}

func connectionScreen(c identity.Connection, org, base string, now time.Time) page.Screen {
	s := connectionHead(c, org, "Overview")
	path := connectionPath(c.ID)
	if missing := missingFields(c); len(missing) > 0 {
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{
			Kind: "warning", Title: "It is not ready yet", Text: "Still missing: " + strings.Join(missing, ", ") + ".", Actions: []page.Action{{Text: "Go on with the setup", URL: path + "/setup", Kind: "primary"}},
		}})
	} else if !c.Active {
		s.Actions = append(s.Actions, page.Action{Text: "Switch on", URL: path + "/switch", Post: true, Kind: "primary", Fields: []page.Hidden{{Name: "on", Value: "true"}}})
	}
	if c.Active {
		s.Actions = append(s.Actions, page.Action{Text: "Switch off", URL: path + "/switch", Post: true})
	}
	belongs := page.Fact{Term: "Belongs to", Text: "The whole application"}
	if c.OrganizationID != "" {
		belongs.Text, belongs.URL = org, organizationPath(c.OrganizationID)
	}
	s.Blocks = append(s.Blocks,
		page.Block{Title: "About", Facts: []page.Fact{
			belongs, {Term: "Provider", Text: providerName(c.Provider)}, {Term: "Domains", Chips: domainList(c.Domains)}, {Term: "ID", Text: string(c.ID), Copy: true}, {Term: "Created", When: page.On(c.CreatedAt)},
		}},
		page.Block{Title: "For the identity provider", Text: "What its administrator enters in its console.", Facts: ourFacts(c, base)},
	)
	if facts := theirFacts(c, now); len(facts) > 0 {
		s.Blocks = append(s.Blocks, page.Block{Title: "From the identity provider", Text: "What it said about itself.", Facts: facts})
	}
	return s
}

// missingFields are what a connection still needs before it can be switched on.
func missingFields(c identity.Connection) []string {
	var missing []string
	var names []string
	switch {
	case c.Config.SAML != nil:
		names = c.Config.SAML.MissingFields()
	case c.Provider.IsOIDC():
		names = c.Config.OIDC.MissingFields()
	}
	for _, name := range names {
		missing = append(missing, missingWord(name))
	}
	if len(c.Domains) == 0 {
		missing = append(missing, "a domain")
	}
	return missing
}

// missingWords are what missing settings are called.
func missingWords() map[string]string {
	return map[string]string{
		"idp_entity_id": "the provider’s entity ID", "idp_sso_url": "its sign-on URL", "idp_certificate": "its certificate",
		"client_id": "the client ID", "discovery_url": "the discovery URL", "auth_url": "the authorization endpoint", "token_url": "the token endpoint",
		"user_info_url": "the user info endpoint", "jwks_url": "the key set", "issuer": "the issuer",
	}
}

func domainList(domains []identity.Domain) []string {
	list := make([]string, len(domains))
	for i, d := range domains {
		list[i] = string(d)
	}
	return list
}

// ourFacts are the values to take into the provider's console.
func ourFacts(c identity.Connection, base string) []page.Fact {
	if c.Provider.IsSAML() {
		return []page.Fact{
			{Term: "Single sign-on URL (ACS)", Text: c.ID.ACSURL(base), Copy: true}, {Term: "Audience (entity ID)", Text: c.ID.SPMetadataURL(base), Copy: true}, {Term: "Our metadata", Text: c.ID.SPMetadataURL(base), URL: c.ID.SPMetadataURL(base)},
		}
	}
	return []page.Fact{{Term: "Redirect URI", Text: identity.OAuthCallbackURL(base), Copy: true}}
}

// theirFacts are what the provider is known by.
func theirFacts(c identity.Connection, now time.Time) []page.Fact {
	if s := c.Config.SAML; s != nil {
		facts := []page.Fact{{Term: "Entity ID", Text: dash(s.IDPEntityID), Code: s.IDPEntityID != ""}, {Term: "Sign-on URL", Text: dash(s.IDPSSOURL), Code: s.IDPSSOURL != ""}}
		if s.IDPMetadataURL != "" {
			facts = append(facts, page.Fact{Term: "Metadata URL", Text: s.IDPMetadataURL, Code: true})
		}
		for _, cert := range manage.Certificates(s.IDPCertificates) {
			facts = append(facts, certificateFact(cert, now))
		}
		return facts
	}
	if o := c.Config.OIDC; o != nil && c.Provider.IsOIDC() {
		return []page.Fact{{Term: "Client ID", Text: dash(o.ClientID), Code: o.ClientID != ""}, {Term: "Discovery URL", Text: dash(o.DiscoveryURL), Code: o.DiscoveryURL != ""}, {Term: "Issuer", Text: dash(o.Issuer), Code: o.Issuer != ""}}
	}
	if c.TenantID != "" {
		return []page.Fact{{Term: "Tenant", Text: c.TenantID, Code: true}}
	}
	return nil
}

// soon is how long before its end a certificate is warned of. Ours, as others do
// (60, 30, 14, 7 and 1 days).
const soon = 60 * 24 * time.Hour

func certificateFact(c manage.CertificateView, now time.Time) page.Fact {
	f := page.Fact{Term: "Certificate", Text: c.Subject, More: "SHA-256 " + c.Fingerprint, When: page.Since(now, c.NotAfter), Badge: page.Badge{Text: "Valid", Kind: "success"}}
	switch left := c.NotAfter.Sub(now); {
	case left <= 0:
		f.Badge, f.When.Text = page.Badge{Text: "Ended", Kind: "danger"}, "ended "+f.When.Text
		return f
	case left < soon:
		f.Badge = page.Badge{Text: "Ends soon", Kind: "warning"}
	}
	f.When.Text = "ends " + f.When.Text
	return f
}

func (u *UI) handleConnectionSettings(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	return u.showConnectionSettings(w, r, op, c, connectionGiven(c), nil)
}

// connectionFields are those of the form about a connection.
func connectionFields() []string {
	return []string{
		"name", "domains", "organization", "sync_user_attributes", "disable_jit_provisioning", "allow_organization_account_linking", "disable_additional_identifications", "allow_subdomains",
	}
}

// connectionGiven is what the form shows at first.
func connectionGiven(c identity.Connection) map[string]string {
	return map[string]string{
		"name": c.Name, "domains": strings.Join(domainList(c.Domains), "\n"), "organization": string(c.OrganizationID),
		"sync_user_attributes": checked(c.Config.SyncUserAttributes), "disable_jit_provisioning": checked(c.Config.DisableJITProvisioning),
		"allow_organization_account_linking": checked(c.Config.AllowOrganizationAccountLinking), "disable_additional_identifications": checked(c.Config.DisableAdditionalIdentifications),
		"allow_subdomains": checked(c.Config.AllowSubdomains),
	}
}

func (u *UI) showConnectionSettings(w http.ResponseWriter, r *http.Request, op operator, c identity.Connection, given map[string]string, err error) error {
	org, nameErr := u.organizationName(r, c)
	if nameErr != nil {
		return nameErr
	}
	s := connectionSettingsScreen(c, org, given)
	return u.showAs(w, r, op, refused(&s, err), s)
}

func connectionSettingsScreen(c identity.Connection, org string, given map[string]string) page.Screen {
	s := connectionHead(c, org, "Settings")
	path := connectionPath(c.ID)
	box := func(name, label, hint string) page.Field {
		return page.Field{Kind: "check", Name: name, Label: label, Hint: hint, Checked: given[name] == "true"}
	}
	s.Blocks = []page.Block{
		{Text: "Before anything is saved that people notice, you see what it means for them.", Form: &page.Form{
			Action: path + "/settings", Submit: "Save",
			Fields: []page.Field{
				{Name: "name", Label: "Name", Value: given["name"], Max: 256},
				{Kind: "textarea", Name: "domains", Label: "Domains", Value: given["domains"], Code: true, Rows: 3, Hint: "One on each line. Whose address is at one of them signs in through this connection, and in no other way."},
				{Name: "organization", Label: "Organization", Value: given["organization"], Optional: c.OrganizationID == "", Code: true, Max: 128, Hint: "ID or slug of the one that its people join. A connection of the whole application can be given one; it can be moved, but not taken out of all."},
				box("sync_user_attributes", "Keep names up to date", "From the provider, at each sign-in."),
				box("disable_jit_provisioning", "Let in only people who have a user already", "Others are refused instead of being created at their first sign-in."),
				box("allow_organization_account_linking", "Members may connect the account to the user they have", "For people whose address here is another than at the provider."),
				box("disable_additional_identifications", "People may not add other addresses or a password", ""),
				box("allow_subdomains", "Subdomains belong to it too", "Addresses at eu.acme.com, where acme.com is listed."),
			},
		}},
		{Title: "Delete", Dangerous: true, Text: "Its people keep their users, and sign in another way the next time.", Actions: []page.Action{{Text: "Delete connection", URL: path + "/delete", Kind: "danger"}}},
	}
	return s
}

// connectionChange reads the form about a connection. An organization may be named
// by its slug.
func (u *UI) connectionChange(r *http.Request, given map[string]string) (manage.ConnectionChange, error) {
	on := func(name string) *bool { b := given[name] == "true"; return &b }
	name := given["name"]
	ch := manage.ConnectionChange{
		Name: &name, Domains: lines(given["domains"]), SyncUserAttributes: on("sync_user_attributes"), DisableJITProvisioning: on("disable_jit_provisioning"),
		AllowOrganizationAccountLinking: on("allow_organization_account_linking"), DisableAdditionalIdentifications: on("disable_additional_identifications"),
	}
	var err error
	ch.OrganizationID, err = u.organizationNamed(r, given["organization"])
	return ch, err
}

func (u *UI) handleChangeConnection(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, append(connectionFields(), confirmedParam)...)
	if err != nil {
		return err
	}
	ch, err := u.connectionChange(r, given)
	if err == nil && c.Provider.IsSAML() {
		subdomains := given["allow_subdomains"] == "true"
		ch.SAML = &manage.SAMLChange{AllowSubdomains: &subdomains}
	}
	var effects []manage.Effect
	if err == nil {
		effects, err = u.Manage.PreviewConnection(r.Context(), c.ID, ch)
	}
	if err == nil && len(effects) > 0 && given[confirmedParam] == "" {
		return u.show(w, r, op, confirmConnectionScreen(c, effects, given))
	}
	if err == nil {
		_, err = u.Manage.ChangeConnection(r.Context(), c.ID, ch)
	}
	if _, _, ok := problems(err); ok {
		return u.showConnectionSettings(w, r, op, c, given, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(connectionPath(c.ID)+"/settings", "connection_changed"))
}

// confirmedParam says that the consequences were looked at.
const confirmedParam = "confirmed"

// confirmConnectionScreen shows what a change means before it is made; the form's
// fields go along.
func confirmConnectionScreen(c identity.Connection, effects []manage.Effect, given map[string]string) page.Screen {
	path := connectionPath(c.ID)
	f := &page.Form{Action: path + "/settings", Submit: "Save anyway", Danger: true, Cancel: path + "/settings", Hidden: []page.Hidden{{Name: confirmedParam, Value: "true"}}}
	for _, name := range connectionFields() {
		f.Hidden = append(f.Hidden, page.Hidden{Name: name, Value: given[name]})
	}
	return page.Screen{
		Title: "Save these changes?", Lead: "Nothing has been changed yet.", Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: c.Name, URL: path}},
		Blocks: []page.Block{{Title: "What people will notice", Effects: effectsOf(effects)}, {Form: f}},
	}
}

func (u *UI) handleSwitchConnection(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "on", confirmedParam)
	if err != nil {
		return err
	}
	on := given["on"] == "true"
	ch := manage.ConnectionChange{Active: &on}
	effects, err := u.Manage.PreviewConnection(r.Context(), c.ID, ch)
	if err == nil && len(effects) > 0 && given[confirmedParam] == "" {
		return u.show(w, r, op, switchConnectionScreen(c, on, effects))
	}
	if err == nil {
		_, err = u.Manage.ChangeConnection(r.Context(), c.ID, ch)
	}
	if list, status, ok := problems(err); ok {
		s := switchConnectionScreen(c, on, nil)
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	done := "connection_off"
	if on {
		done = "connection_on"
	}
	return seeOther(w, r, after(connectionPath(c.ID), done))
}

// switchConnectionScreen asks whether to go on; without effects it only says why
// one can't.
func switchConnectionScreen(c identity.Connection, on bool, effects []manage.Effect) page.Screen {
	path := connectionPath(c.ID)
	s := page.Screen{Title: "Switch " + c.Name + " off?", Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: c.Name, URL: path}}}
	f := &page.Form{Action: path + "/switch", Submit: "Switch off", Danger: true, Cancel: path, Hidden: []page.Hidden{{Name: confirmedParam, Value: "true"}}}
	if on {
		s.Title, f.Submit, f.Danger = "Switch "+c.Name+" on?", "Switch on", false
		f.Hidden = append(f.Hidden, page.Hidden{Name: "on", Value: "true"})
	}
	if effects == nil {
		s.Blocks = []page.Block{{Actions: []page.Action{{Text: "Back", URL: path}}}}
		return s
	}
	s.Blocks = []page.Block{{Title: "What people will notice", Effects: effectsOf(effects)}, {Form: f}}
	return s
}

func (u *UI) handleDeleteConnectionPage(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	return u.showDeleteConnection(w, r, op, c, nil)
}

func (u *UI) showDeleteConnection(w http.ResponseWriter, r *http.Request, op operator, c identity.Connection, err error) error {
	effects, previewErr := u.Manage.PreviewDeletion(r.Context(), c.ID)
	if previewErr != nil {
		return previewErr
	}
	s := deleteConnectionScreen(c, effects)
	return u.showAs(w, r, op, refused(&s, err), s)
}

func deleteConnectionScreen(c identity.Connection, effects []manage.Effect) page.Screen {
	path := connectionPath(c.ID)
	return page.Screen{
		Title: "Delete " + c.Name + "?", Lead: "This can’t be undone: the same provider connected anew has another ACS URL. To stop sign-ins for a while, switch it off instead.",
		Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: c.Name, URL: path}},
		Blocks: []page.Block{
			{Title: "What people will notice", Effects: effectsOf(effects)},
			{Form: &page.Form{Action: path + "/delete", Submit: "Delete connection", Danger: true, Cancel: path + "/settings", Fields: []page.Field{{Name: "confirmation", Label: "Type the name to confirm", Hint: c.Name, Max: 256}}}},
		},
	}
}

func (u *UI) handleDeleteConnection(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	if !confirms(form, c.Name) {
		return u.showDeleteConnection(w, r, op, c, fault.New(fault.FormParamValueInvalid, "param_name", "confirmation"))
	}
	if err := u.Manage.DeleteConnection(r.Context(), c.ID); err != nil {
		return err
	}
	return seeOther(w, r, after(connectionsPath, "connection_deleted"))
}
