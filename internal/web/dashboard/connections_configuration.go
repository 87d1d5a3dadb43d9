package dashboard

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const oneConfiguration = oneConnection + "/configuration"

func (u *UI) configurationRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneConfiguration:                 u.handleConfiguration,
		"POST " + oneConfiguration + "/mapping":   u.handleChange(mappingFields, mappingChange),
		"POST " + oneConfiguration + "/behaviour": u.handleChange(behaviourFields, behaviourChange),
		"POST " + oneConfiguration + "/add":       u.handleChange(customFields, customAdded),
		"POST " + oneConfiguration + "/remove":    u.handleChange(customFields, customRemoved),
		"GET " + oneConfiguration + "/legacy":     u.sure(u.handleLegacyPage),
		"POST " + oneConfiguration + "/legacy":    u.sure(u.handleLegacy),
	}
}

func configurationPath(id identity.ConnectionID) string {
	return connectionPath(id) + "/configuration"
}

func (u *UI) handleConfiguration(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.edition(r)
	if err != nil {
		return err
	}
	return u.showConfiguration(w, r, op, e, map[string]string{}, nil)
}

func (u *UI) showConfiguration(w http.ResponseWriter, r *http.Request, op operator, e edition, given map[string]string, err error) error {
	g, _ := u.guides.For(e.live.Provider)
	shown := configurationGiven(e.now)
	for name, value := range given {
		shown[name] = value
	}
	s := configurationScreen(e, g, shown)
	status := http.StatusOK
	if list, code, ok := problems(err); ok {
		status = code
		for i := range list {
			list[i].Field = configurationField(list[i].Field)
		}
		s.Problems = list
	}
	return u.showAs(w, r, op, status, s)
}

// configurationField is the field of the forms that a parameter of a change came in.
func configurationField(param string) string {
	if name, ok := strings.CutPrefix(param, "attribute_mapping."); ok {
		return name
	}
	fields := map[string]string{
		"login_hint.mode": "login_hint", "login_hint.source": "login_hint_source", "custom_attributes.name": "attribute", "custom_attributes.key": "key", "custom_attributes": "attribute",
	}
	if name, ok := fields[param]; ok {
		return name
	}
	return param
}

// configurationGiven is what the forms show at first.
func configurationGiven(c identity.Connection) map[string]string {
	given := map[string]string{}
	if s := c.Config.SAML; s != nil {
		hint := s.LoginHint.WithDefault(c.Provider)
		m := s.Mapping
		for name, value := range map[string]string{
			"user_id": m.UserID, "email_address": m.EmailAddress, "first_name": m.FirstName, "last_name": m.LastName,
			"login_hint": string(hint.Mode), "login_hint_source": hint.Source, "allow_idp_initiated": checked(s.AllowIDPInitiated), "force_authn": checked(s.ForceAuthn),
			"clock_skew_seconds": number(s.ClockSkewSeconds),
		} {
			given[name] = value
		}
	}
	if o := c.Config.OIDC; o != nil && c.Provider.IsOIDC() {
		m := o.Mapping
		for name, value := range map[string]string{
			"user_id": m.UserID, "email_address": m.EmailAddress, "email_verified": m.EmailVerified, "first_name": m.FirstName, "last_name": m.LastName,
			"email_verified_default": checked(m.EmailVerifiedDefault), "scopes": strings.Join(o.Scopes, " "), "prompt": o.Prompt, "response_mode": o.ResponseMode,
			"login_hint": string(o.LoginHint), "requires_pkce": checked(o.RequiresPKCE), "clock_skew_seconds": number(o.ClockSkewSeconds),
		} {
			given[name] = value
		}
	}
	return given
}

// number writes a number; nothing for 0, which stands for the default.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func configurationScreen(e edition, g guide.Guide, given map[string]string) page.Screen {
	s := connectionHead(e.live, e.org, "Configuration")
	s.Blocks = e.draftAlert()
	path := configurationPath(e.live.ID)
	draft := []page.Hidden{{Name: "draft", Value: string(e.draft)}}
	if !e.live.Provider.IsEASIE() {
		s.Blocks = append(s.Blocks, page.Block{
			Title: "Attributes", Text: "Under which names the provider sends what is known of a person. Names count letter by letter.",
			Form: &page.Form{Action: path + "/mapping", Submit: "Save the names", Hidden: draft, Fields: mappingForm(e.now, g, given)},
		})
	}
	s.Blocks = append(s.Blocks, customBlocks(e, given)...)
	switch {
	case e.live.Provider.IsSAML():
		s.Blocks = append(s.Blocks,
			page.Block{Title: "Sign-in", Form: &page.Form{Action: path + "/behaviour", Submit: "Save", Hidden: draft, Quiet: true, Fields: samlBehaviour(given)}},
			legacyBlock(e.now))
	case e.live.Provider.IsOIDC():
		s.Blocks = append(s.Blocks, page.Block{Title: "Sign-in", Form: &page.Form{Action: path + "/behaviour", Submit: "Save", Hidden: draft, Quiet: true, Fields: oidcBehaviour(given)}})
	}
	return s
}

func mappingForm(c identity.Connection, g guide.Guide, given map[string]string) []page.Field {
	also := func(preset string, sends []string) string {
		hint := "Empty: " + preset + "."
		others := slices.DeleteFunc(slices.Clone(sends), func(name string) bool { return name == preset })
		if len(others) > 0 {
			hint += " Seen at this provider, too: " + strings.Join(others, ", ") + "."
		}
		return hint
	}
	field := func(name, label, hint string) page.Field {
		return page.Field{Name: name, Label: label, Value: given[name], Optional: true, Code: true, Max: 512, Hint: hint}
	}
	if c.Provider.IsSAML() {
		m := identity.MappingPreset(c.Provider)
		return []page.Field{
			field("email_address", "Email address", also(m.EmailAddress, g.Sends.EmailAddress)),
			field("first_name", "First name", also(m.FirstName, g.Sends.FirstName)),
			field("last_name", "Last name", also(m.LastName, g.Sends.LastName)),
			field("user_id", "Identifier", also("the NameID", g.Sends.UserID)+" What stays the same when a person’s address changes. Changed while people use it, everybody is a stranger once."),
		}
	}
	m := identity.ClaimMapping{}.WithPreset(c.Provider)
	return []page.Field{
		field("email_address", "Email address", also(m.EmailAddress, nil)),
		field("email_verified", "Whether the address is verified", also(m.EmailVerified, nil)),
		{Kind: "check", Name: "email_verified_default", Label: "Count an address as verified where the provider does not say", Checked: given["email_verified_default"] == "true", Hint: "Only if people can’t enter addresses there themselves."},
		field("first_name", "First name", also(dash(m.FirstName), nil)),
		field("last_name", "Last name", also(dash(m.LastName), nil)),
		field("user_id", "Identifier", also(m.UserID, nil)+" What stays the same when a person’s address changes. Changed while people use it, everybody is a stranger once."),
	}
}

func mappingFields() []string {
	return []string{"user_id", "email_address", "email_verified", "email_verified_default", "first_name", "last_name"}
}

func mappingChange(e edition, given map[string]string) (manage.ConnectionChange, error) {
	text := func(name string) *string { s := strings.TrimSpace(given[name]); return &s }
	if e.now.Provider.IsSAML() {
		return manage.ConnectionChange{SAML: &manage.SAMLChange{UserID: text("user_id"), EmailAddress: text("email_address"), FirstName: text("first_name"), LastName: text("last_name")}}, nil
	}
	verified := given["email_verified_default"] == "true"
	return manage.ConnectionChange{OIDC: &manage.OIDCChange{
		UserID: text("user_id"), EmailAddress: text("email_address"), EmailVerified: text("email_verified"), FirstName: text("first_name"), LastName: text("last_name"), EmailVerifiedDefault: &verified,
	}}, nil
}

// customBlocks show custom attributes, and ask for another.
func customBlocks(e edition, given map[string]string) []page.Block {
	path, draft := configurationPath(e.live.ID), page.Hidden{Name: "draft", Value: string(e.draft)}
	b := page.Block{Title: "Custom attributes", Text: "What else the provider knows of a person, for your application: it goes into the person’s public metadata at each sign-in."}
	if list := e.now.Config.CustomAttributes; len(list) > 0 {
		b.Table = &page.Table{Caption: "Custom attributes", Columns: []page.Column{{Title: "Attribute"}, {Title: "At the provider"}, {Title: "By directory sync"}, {Title: "Key"}}}
		for _, a := range list {
			several := ""
			if a.MultiValued {
				several = "Several values"
			}
			b.Table.Rows = append(b.Table.Rows, page.Row{
				Cells:   []page.Cell{{Text: a.Name, More: several}, {Text: dash(a.SSOPath), Code: a.SSOPath != ""}, {Text: dash(a.SCIMPath), Code: a.SCIMPath != ""}, {Text: a.Key, Code: true}},
				Actions: []page.Action{{Text: "Remove", Unseen: a.Name, URL: path + "/remove", Post: true, Fields: []page.Hidden{draft, {Name: "key", Value: a.Key}}}},
			})
		}
	}
	add := page.Block{ID: "add-attribute", Title: "Add a custom attribute", Folded: given["attribute"] == "" && given["key"] == "", Form: &page.Form{
		Action: path + "/add", Submit: "Add attribute", Hidden: []page.Hidden{draft}, Quiet: true,
		Fields: []page.Field{
			{Name: "attribute", Label: "What it is", Value: given["attribute"], Max: 256, Example: "Department"},
			{Name: "key", Label: "Key in the metadata", Value: given["key"], Code: true, Max: 128, Example: "department", Hint: "Letters, digits, - and _; it does not begin with _."},
			{Name: "sso_path", Label: "Its name at the provider", Value: given["sso_path"], Optional: true, Code: true, Max: 512},
			{Name: "scim_path", Label: "Its name in directory sync", Value: given["scim_path"], Optional: true, Code: true, Max: 512},
			{Kind: "check", Name: "multi_valued", Label: "It may have several values", Checked: given["multi_valued"] == "true"},
		},
	}}
	return []page.Block{b, add}
}

func customFields() []string {
	return []string{"attribute", "key", "sso_path", "scim_path", "multi_valued"}
}

func customAdded(e edition, given map[string]string) (manage.ConnectionChange, error) {
	list := append(slices.Clone(e.now.Config.CustomAttributes), identity.CustomAttribute{
		Name: strings.TrimSpace(given["attribute"]), Key: strings.TrimSpace(given["key"]), SSOPath: strings.TrimSpace(given["sso_path"]),
		SCIMPath: strings.TrimSpace(given["scim_path"]), MultiValued: given["multi_valued"] == "true",
	})
	return manage.ConnectionChange{CustomAttributes: &list}, nil
}

func customRemoved(e edition, given map[string]string) (manage.ConnectionChange, error) {
	list := slices.DeleteFunc(slices.Clone(e.now.Config.CustomAttributes), func(a identity.CustomAttribute) bool { return a.Key == given["key"] })
	return manage.ConnectionChange{CustomAttributes: &list}, nil
}

// choose is a field of some values, in pairs of value and label.
func choose(f page.Field, now string, pairs ...string) page.Field {
	f.Kind = "select"
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Options = append(f.Options, page.Option{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == now})
	}
	return f
}

func skewField(given map[string]string) page.Field {
	return page.Field{Kind: "number", Name: "clock_skew_seconds", Label: "How far clocks may differ, in seconds", Value: given["clock_skew_seconds"], Optional: true, Hint: "Empty: 120. At most 600. It is better to set the clock right."}
}

func samlBehaviour(given map[string]string) []page.Field {
	return []page.Field{
		choose(page.Field{Name: "login_hint", Label: "Tell the provider who is coming"}, given["login_hint"],
			string(identity.HintOff), "No", string(identity.HintEmailAddress), "By the address that was entered", string(identity.HintCustomAttribute), "By a value of the public metadata"),
		{Name: "login_hint_source", Label: "Key of that value", Value: given["login_hint_source"], Optional: true, Code: true, Max: 128, Hint: "Only for the last choice."},
		{Kind: "check", Name: "allow_idp_initiated", Label: "People may start at the provider", Checked: given["allow_idp_initiated"] == "true", Hint: "From a tile in its portal. Nothing ties such an answer to the browser that asked: leave it off where nobody needs it."},
		{Kind: "check", Name: "force_authn", Label: "Ask for a fresh sign-in at the provider each time", Checked: given["force_authn"] == "true"},
		skewField(given),
	}
}

func oidcBehaviour(given map[string]string) []page.Field {
	return []page.Field{
		choose(page.Field{Name: "login_hint", Label: "Tell the provider who is coming"}, given["login_hint"], "", "By the address that was entered", string(identity.HintOff), "No"),
		choose(page.Field{Name: "prompt", Label: "What the provider asks of people"}, given["prompt"],
			"", "What it finds right", "login", "A fresh sign-in each time", "select_account", "Which account to use", "consent", "Consent each time", "none", "Nothing: only who is signed in there comes in"),
		choose(page.Field{Name: "response_mode", Label: "How the answer comes"}, given["response_mode"], "", "In the address (query)", "form_post", "By a form (form_post)"),
		{Name: "scopes", Label: "Scopes", Value: given["scopes"], Optional: true, Code: true, Max: 2048, Hint: "Empty: openid, email, profile. With spaces between."},
		{Kind: "check", Name: "requires_pkce", Label: "The client has no secret, or the provider wants PKCE", Checked: given["requires_pkce"] == "true", Hint: "PKCE is sent in any case."},
		skewField(given),
	}
}

func behaviourFields() []string {
	return []string{"login_hint", "login_hint_source", "allow_idp_initiated", "force_authn", "clock_skew_seconds", "prompt", "response_mode", "scopes", "requires_pkce"}
}

func behaviourChange(e edition, given map[string]string) (manage.ConnectionChange, error) {
	skew := 0
	if text := strings.TrimSpace(given["clock_skew_seconds"]); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return manage.ConnectionChange{}, fault.New(fault.FormParamValueInvalid, "param_name", "clock_skew_seconds")
		}
		skew = n
	}
	on := func(name string) *bool { b := given[name] == "true"; return &b }
	if e.now.Provider.IsSAML() {
		return manage.ConnectionChange{SAML: &manage.SAMLChange{
			LoginHint:         &identity.LoginHint{Mode: identity.LoginHintMode(given["login_hint"]), Source: strings.TrimSpace(given["login_hint_source"])},
			AllowIDPInitiated: on("allow_idp_initiated"), ForceAuthn: on("force_authn"), ClockSkewSeconds: &skew,
		}}, nil
	}
	mode, prompt, response, scopes := identity.LoginHintMode(given["login_hint"]), given["prompt"], given["response_mode"], strings.Fields(given["scopes"])
	return manage.ConnectionChange{OIDC: &manage.OIDCChange{
		LoginHint: &mode, Prompt: &prompt, ResponseMode: &response, Scopes: &scopes, RequiresPKCE: on("requires_pkce"), ClockSkewSeconds: &skew,
	}}, nil
}

// handleChange takes one of the forms of the configuration: its fields, and what
// they change.
func (u *UI) handleChange(fields func() []string, change func(edition, map[string]string) (manage.ConnectionChange, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, op operator) error {
		e, err := u.edition(r)
		if err != nil {
			return err
		}
		form, err := u.Forms.Read(w, r)
		if err != nil {
			return err
		}
		given, err := values(form, append(fields(), "draft")...)
		if err != nil {
			return err
		}
		ch, err := change(e, given)
		if err == nil {
			err = u.configure(r, e, given["draft"], ch)
		}
		if _, _, ok := problems(err); ok {
			return u.showConfiguration(w, r, op, e, given, err)
		}
		if err != nil {
			return err
		}
		return seeOther(w, r, after(configurationPath(e.live.ID), e.saved()))
	}
}

// saved is the notice after a change.
func (e edition) saved() string {
	if e.inDraft() {
		return "data_drafted"
	}
	return "connection_changed"
}

// legacyBlock shows the exception for old cryptography.
func legacyBlock(c identity.Connection) page.Block {
	l := c.Config.SAML.Legacy
	b := page.Block{Title: "Old cryptography", Text: "SHA-1, short keys and the like are refused. For a provider that can’t do better yet, there is an exception until a day.", Folded: l == identity.LegacyException{}}
	if l != (identity.LegacyException{}) {
		var allowed []string
		for _, box := range legacyBoxes() {
			if box.of(&l) != nil && *box.of(&l) {
				allowed = append(allowed, box.label)
			}
		}
		b.Facts = []page.Fact{{Term: "Allowed", Chips: allowed}, {Term: "Until", When: page.On(l.Until)}}
	}
	b.Actions = []page.Action{{Text: "Change the exception", URL: configurationPath(c.ID) + "/legacy"}}
	return b
}

type legacyBox struct {
	name, label string
	of          func(*identity.LegacyException) *bool
}

func legacyBoxes() []legacyBox {
	return []legacyBox{
		{"sha1", "Signatures with SHA-1", func(l *identity.LegacyException) *bool { return &l.SHA1 }},
		{"rsa1024", "RSA keys of 1,024 bits", func(l *identity.LegacyException) *bool { return &l.RSA1024 }},
		{"triple_des", "Encryption by Triple DES", func(l *identity.LegacyException) *bool { return &l.TripleDES }},
		{"rsa15", "Keys wrapped by RSA 1.5", func(l *identity.LegacyException) *bool { return &l.RSA15 }},
	}
}

func (u *UI) handleLegacyPage(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.edition(r)
	if err != nil {
		return err
	}
	if e.now.Config.SAML == nil {
		return fault.New(fault.NotFound, "resource", "SAML connection")
	}
	l := e.now.Config.SAML.Legacy
	given := map[string]string{}
	for _, box := range legacyBoxes() {
		given[box.name] = checked(*box.of(&l))
	}
	if !l.Until.IsZero() {
		given["until"] = l.Until.UTC().Format(time.DateOnly)
	}
	return u.show(w, r, op, legacyScreen(e, given))
}

func legacyScreen(e edition, given map[string]string) page.Screen {
	s := connectionHead(e.live, e.org, "Configuration")
	s.Blocks = e.draftAlert()
	f := &page.Form{Action: configurationPath(e.live.ID) + "/legacy", Submit: "Save the exception", Danger: true, Cancel: configurationPath(e.live.ID), Hidden: []page.Hidden{{Name: "draft", Value: string(e.draft)}}}
	for _, box := range legacyBoxes() {
		f.Fields = append(f.Fields, page.Field{Kind: "check", Name: box.name, Label: box.label, Checked: given[box.name] == "true"})
	}
	f.Fields = append(f.Fields, page.Field{Kind: "date", Name: "until", Label: "Until", Value: given["until"], Optional: true, Hint: "It is refused again from this day on, by UTC. Without a box above, there is no exception."})
	s.Blocks = append(s.Blocks, page.Block{
		Title: "Old cryptography", Text: "Allow only what the provider needs. A person’s sign-in could be forged by who can break it.", Form: f,
	})
	return s
}

func (u *UI) handleLegacy(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.edition(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "draft", "until", "sha1", "rsa1024", "triple_des", "rsa15")
	if err != nil {
		return err
	}
	l, err := legacyGiven(given, u.Now())
	if err == nil && e.now.Config.SAML == nil {
		return fault.New(fault.NotFound, "resource", "SAML connection")
	}
	if err == nil {
		err = u.configure(r, e, given["draft"], manage.ConnectionChange{SAML: &manage.SAMLChange{Legacy: &l}})
	}
	if list, status, ok := problems(err); ok {
		s := legacyScreen(e, given)
		for i := range list {
			if list[i].Field == "until" {
				list[i].Text = "Name a day between tomorrow and two years from now."
			}
		}
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(configurationPath(e.live.ID), e.saved()))
}

// longestException is how far off the end of an exception may be. Ours.
const longestException = 2 * 365 * 24 * time.Hour

func legacyGiven(given map[string]string, now time.Time) (l identity.LegacyException, err error) {
	for _, box := range legacyBoxes() {
		*box.of(&l) = given[box.name] == "true"
	}
	if l == (identity.LegacyException{}) {
		return l, nil
	}
	l.Until, err = time.Parse(time.DateOnly, strings.TrimSpace(given["until"]))
	if err != nil || !l.Until.After(now) || l.Until.After(now.Add(longestException)) {
		return l, fault.New(fault.FormParamValueInvalid, "param_name", "until").Because(err)
	}
	return l, nil
}
