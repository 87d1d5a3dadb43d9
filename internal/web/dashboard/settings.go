package dashboard

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const settingsPath = root + "/settings"

func (u *UI) settingsRoutes() map[string]handler {
	return map[string]handler{
		"GET " + settingsPath:                                            u.handleSettings,
		"POST " + settingsPath:                                           u.handleChangeSettings,
		"GET " + settingsPath + "/organizations":                         u.handleOrganizationDefaults,
		"POST " + settingsPath + "/organizations":                        u.handleChangeOrganizationDefaults,
		"GET " + settingsPath + "/access":                                u.handleAccess,
		"POST " + settingsPath + "/access":                               u.handleChangeAccess,
		"POST " + settingsPath + "/access/add":                           u.handleAddAccess,
		"POST " + settingsPath + "/access/{list}/{identifier_id}/delete": u.handleDeleteAccess,
	}
}

func settingsNotices() map[string]string {
	return map[string]string{
		"settings_changed": "The settings have been saved. They count at once, on every node.",
		"access_added":     "The entry has been added.",
		"access_deleted":   "The entry has been removed.",
	}
}

// settingsScreen is the head that all pages of settings share.
func settingsScreen(now string) page.Screen {
	s := page.Screen{Title: "Settings", Tabs: []page.Tab{
		{Text: "General", URL: settingsPath}, {Text: "Organizations", URL: settingsPath + "/organizations"}, {Text: "Who may come in", URL: settingsPath + "/access"},
	}}
	for i := range s.Tabs {
		s.Tabs[i].Now = s.Tabs[i].Text == now
	}
	return s
}

// refused puts the problems of a form on its screen, and says with which status.
func refused(s *page.Screen, err error) int {
	if list, status, ok := problems(err); ok {
		s.Problems = list
		return status
	}
	return http.StatusOK
}

func (u *UI) handleSettings(w http.ResponseWriter, r *http.Request, op operator) error {
	in, err := u.Manage.Settings(r.Context())
	if err != nil {
		return err
	}
	return u.show(w, r, op, generalSettingsScreen(givenSettings(in)))
}

// givenSettings is what the form shows at first.
func givenSettings(in identity.Settings) map[string]string {
	const hour, day = 60 * 60, 24 * 60 * 60
	return map[string]string{
		"application_name": in.ApplicationName, "support_email": in.SupportEmail, "sign_up_mode": string(in.SignUpMode), "password_enabled": checked(in.PasswordEnabled),
		"email_verified_at_sign_up": checked(in.EmailVerifiedAtSignUp), "session_days": decimal(in.SessionLifetimeSeconds, day), "session_idle_hours": decimal(in.SessionIdleSeconds, hour),
		"evidence_days": strconv.Itoa(in.EvidenceDays), "session_claims_version": strconv.Itoa(in.SessionClaimsVersion), "allowed_origins": strings.Join(in.AllowedOrigins, "\n"),
	}
}

// decimal is a number of seconds in a larger unit.
func decimal(seconds int64, unit float64) string {
	return strconv.FormatFloat(float64(seconds)/unit, 'f', -1, 64)
}

func generalSettingsScreen(given map[string]string) page.Screen {
	s := settingsScreen("General")
	choice := func(name string, pairs ...string) []page.Option {
		var options []page.Option
		for i := 0; i+2 < len(pairs); i += 3 {
			options = append(options, page.Option{Value: pairs[i], Label: pairs[i+1], Hint: pairs[i+2], Selected: given[name] == pairs[i]})
		}
		return options
	}
	s.Blocks = []page.Block{{Form: &page.Form{
		Action: settingsPath, Submit: "Save",
		Fields: []page.Field{
			{Name: "application_name", Label: "Application name", Value: given["application_name"], Max: 100, Hint: "On pages and in mail."},
			{Kind: "email", Name: "support_email", Label: "Support address", Value: given["support_email"], Optional: true, Max: 320, Hint: "Whom a page names that tells of a failure."},
			{Kind: "radio", Name: "sign_up_mode", Label: "Who may sign up", Options: choice("sign_up_mode",
				"public", "Everybody", "Single sign-on creates people in every mode.", "restricted", "Who is invited", "", "waitlist", "Nobody for now", "")},
			{Kind: "check", Name: "password_enabled", Label: "Passwords", Hint: "For people without single sign-on. Without it they get a code by mail.", Checked: given["password_enabled"] == "true"},
			{Kind: "check", Name: "email_verified_at_sign_up", Label: "Addresses are proved at sign-up", Hint: "An address that nobody proved never links to an account at an identity provider.", Checked: given["email_verified_at_sign_up"] == "true"},
			{Kind: "number", Name: "session_days", Label: "Longest session, in days", Value: given["session_days"]},
			{Kind: "number", Name: "session_idle_hours", Label: "Sign out when unused for, in hours", Value: given["session_idle_hours"]},
			{Kind: "number", Name: "evidence_days", Label: "Keep what providers sent for, in days", Value: given["evidence_days"], Hint: "Sealed; it lets a failed sign-in be looked at and judged again. 0 keeps nothing."},
			{Kind: "radio", Name: "session_claims_version", Label: "Form of session tokens", Options: choice("session_claims_version", "2", "Version 2", "", "1", "Version 1", "For SDKs from before April 2025.")},
			{Kind: "textarea", Name: "allowed_origins", Label: "Allowed origins", Value: given["allowed_origins"], Optional: true, Code: true, Rows: 3, Hint: "Of your applications, one on each line, such as https://app.example.com. People may be sent there, and its pages may ask for tokens."},
		},
	}}}
	return s
}

func (u *UI) handleChangeSettings(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "application_name", "support_email", "sign_up_mode", "password_enabled", "email_verified_at_sign_up",
		"session_days", "session_idle_hours", "evidence_days", "session_claims_version", "allowed_origins")
	if err != nil {
		return err
	}
	ch, err := settingsChange(given)
	if err == nil {
		_, err = u.Manage.ChangeSettings(r.Context(), ch)
	}
	if _, _, ok := problems(err); ok {
		s := generalSettingsScreen(given)
		return u.showAs(w, r, op, refused(&s, settingsFields(err)), s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(settingsPath, "settings_changed"))
}

// settingsChange reads the numbers of the form.
func settingsChange(given map[string]string) (manage.SettingsChange, error) {
	const hour, day = 60 * 60, 24 * 60 * 60
	var errs []error
	seconds := func(name string, unit float64) *int64 {
		n, err := strconv.ParseFloat(strings.TrimSpace(given[name]), 64)
		if err != nil || n < 0 || n > 100_000 {
			errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", name))
			return nil
		}
		whole := int64(n * unit)
		return &whole
	}
	number := func(name string) *int {
		n, err := strconv.Atoi(strings.TrimSpace(given[name]))
		if err != nil {
			errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", name))
			return nil
		}
		return &n
	}
	mode, name, support := identity.SignUpMode(given["sign_up_mode"]), given["application_name"], strings.TrimSpace(given["support_email"])
	passwords, proved, origins := given["password_enabled"] == "true", given["email_verified_at_sign_up"] == "true", lines(given["allowed_origins"])
	return manage.SettingsChange{
		ApplicationName: &name, SupportEmail: &support, SignUpMode: &mode, PasswordEnabled: &passwords, EmailVerifiedAtSignUp: &proved,
		SessionLifetimeSeconds: seconds("session_days", day), SessionIdleSeconds: seconds("session_idle_hours", hour),
		EvidenceDays: number("evidence_days"), SessionClaimsVersion: number("session_claims_version"), AllowedOrigins: &origins,
	}, fault.Join(errs...)
}

// settingsFields puts failures at the fields that stand for the settings.
func settingsFields(err error) error {
	fields := map[string]string{"session_lifetime_seconds": "session_days", "session_idle_seconds": "session_idle_hours"}
	var errs []error
	for _, e := range fault.All(err) {
		name, _ := e.Meta()["param_name"].(string)
		if field, ok := fields[name]; ok {
			errs = append(errs, fault.New(e.Code(), "param_name", field))
		} else {
			errs = append(errs, e)
		}
	}
	return fault.Join(errs...)
}

func (u *UI) handleOrganizationDefaults(w http.ResponseWriter, r *http.Request, op operator) error {
	in, err := u.Manage.Settings(r.Context())
	if err != nil {
		return err
	}
	return u.show(w, r, op, organizationDefaultsScreen(map[string]string{
		"max_allowed_memberships": strconv.Itoa(in.MaxAllowedMemberships), "organization_slugs_enabled": checked(in.OrganizationSlugsEnabled),
		"force_organization_selection": checked(in.ForceOrganizationSelection), "admin_delete_enabled": checked(!in.OrganizationAdminDeleteDisabled),
		"domains_enabled": checked(in.OrganizationDomainsEnabled), "domain_invitations": checked(in.OrganizationDomainInvitations), "domain_suggestions": checked(in.OrganizationDomainSuggestions),
	}))
}

func organizationDefaultsScreen(given map[string]string) page.Screen {
	s := settingsScreen("Organizations")
	box := func(name, label, hint string) page.Field {
		return page.Field{Kind: "check", Name: name, Label: label, Hint: hint, Checked: given[name] == "true"}
	}
	s.Blocks = []page.Block{{Form: &page.Form{
		Action: settingsPath + "/organizations", Submit: "Save",
		Fields: []page.Field{
			{Kind: "number", Name: "max_allowed_memberships", Label: "Member limit of a new organization", Value: given["max_allowed_memberships"], Hint: "0 is no limit."},
			box("force_organization_selection", "People must work in an organization", "A session is complete only once one is active."),
			box("organization_slugs_enabled", "Organizations may have slugs", ""),
			box("admin_delete_enabled", "Administrators of a new organization may delete it", ""),
			box("domains_enabled", "Organizations may list domains", "For single sign-on, and for people to join by."),
			box("domain_invitations", "Domains may invite automatically", "Who has a verified address at one is invited."),
			box("domain_suggestions", "Domains may suggest automatically", "Who has one may ask to join."),
		},
	}}}
	return s
}

func (u *UI) handleChangeOrganizationDefaults(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "max_allowed_memberships", "force_organization_selection", "organization_slugs_enabled", "admin_delete_enabled",
		"domains_enabled", "domain_invitations", "domain_suggestions")
	if err != nil {
		return err
	}
	if err := u.changeOrganizationDefaults(r, given); err != nil {
		if _, _, ok := problems(err); !ok {
			return err
		}
		s := organizationDefaultsScreen(given)
		return u.showAs(w, r, op, refused(&s, err), s)
	}
	return seeOther(w, r, after(settingsPath+"/organizations", "settings_changed"))
}

func (u *UI) changeOrganizationDefaults(r *http.Request, given map[string]string) error {
	most, err := strconv.Atoi(strings.TrimSpace(given["max_allowed_memberships"]))
	if err != nil {
		return fault.New(fault.FormParamValueInvalid, "param_name", "max_allowed_memberships").Because(err)
	}
	on := func(name string) *bool { b := given[name] == "true"; return &b }
	if _, err := u.Manage.ChangeSettings(r.Context(), manage.SettingsChange{ForceOrganizationSelection: on("force_organization_selection"), OrganizationSlugsEnabled: on("organization_slugs_enabled")}); err != nil {
		return err
	}
	modes := []identity.EnrollmentMode{identity.EnrollmentManual}
	if *on("domain_invitations") {
		modes = append(modes, identity.EnrollmentInvitation)
	}
	if *on("domain_suggestions") {
		modes = append(modes, identity.EnrollmentSuggestion)
	}
	_, err = u.Manage.ChangeOrganizationSettings(r.Context(), manage.OrganizationSettingsChange{
		MaxAllowedMemberships: &most, AdminDeleteEnabled: on("admin_delete_enabled"), DomainsEnabled: on("domains_enabled"), DomainModes: &modes,
	})
	return err
}

// access is what the page about lists shows.
type access struct {
	restrictions identity.Restrictions
	allowed      []identity.AccessIdentifier
	blocked      []identity.AccessIdentifier
}

func (u *UI) accessOf(r *http.Request) (a access, err error) {
	in, err := u.Manage.Settings(r.Context())
	if err != nil {
		return a, err
	}
	a.restrictions = in.Restrictions
	if a.allowed, _, err = u.Manage.AccessIdentifiers(r.Context(), identity.AllowList, manage.Page{}); err != nil {
		return a, err
	}
	a.blocked, _, err = u.Manage.AccessIdentifiers(r.Context(), identity.BlockList, manage.Page{})
	return a, err
}

func (u *UI) handleAccess(w http.ResponseWriter, r *http.Request, op operator) error {
	a, err := u.accessOf(r)
	if err != nil {
		return err
	}
	return u.show(w, r, op, accessScreen(a, "", string(identity.AllowList)))
}

func accessScreen(a access, given, list string) page.Screen {
	s := settingsScreen("Who may come in")
	box := func(name, label, hint string, on bool) page.Field {
		return page.Field{Kind: "check", Name: name, Label: label, Hint: hint, Checked: on}
	}
	path := settingsPath + "/access"
	rows := func(l identity.AccessList, entries []identity.AccessIdentifier) *page.Table {
		t := &page.Table{Caption: string(l), Columns: []page.Column{{Title: "Entry"}, {Title: "Actions"}}}
		for _, e := range entries {
			t.Rows = append(t.Rows, page.Row{
				Cells:   []page.Cell{{Text: string(e.Identifier), Code: true}, {}},
				Actions: []page.Action{{Text: "Remove", Unseen: string(e.Identifier), URL: path + "/" + string(l) + "/" + string(e.ID) + "/delete", Post: true}},
			})
		}
		return t
	}
	allowed := page.Block{Title: "Allow-list", Text: "Who else may sign up and in while it counts. People who come by single sign-on are not asked."}
	if len(a.allowed) > 0 {
		allowed.Table = rows(identity.AllowList, a.allowed)
	}
	blocked := page.Block{Title: "Block-list", Text: "Who may not sign up or in while it counts, by single sign-on neither."}
	if len(a.blocked) > 0 {
		blocked.Table = rows(identity.BlockList, a.blocked)
	}
	s.Blocks = []page.Block{
		{Title: "Restrictions", Form: &page.Form{Action: path, Submit: "Save", Fields: []page.Field{
			box("allowlist", "Only addresses on the allow-list", "", a.restrictions.Allowlist),
			box("blocklist", "No address on the block-list", "", a.restrictions.Blocklist),
			box("lists_at_sign_up_only", "The lists count at sign-up only", "Who has an account keeps signing in.", a.restrictions.ListsDisabledOnSignIn),
			box("block_email_subaddresses", "No addresses with a +", "At sign-up; name+tag@example.com is another mailbox of one person.", a.restrictions.BlockEmailSubaddresses),
		}}},
		allowed, blocked,
		{Title: "Add an entry", Form: &page.Form{Action: path + "/add", Submit: "Add", Quiet: true, Fields: []page.Field{
			{Name: "identifier", Label: "Address or domain", Value: given, Max: 320, Example: "ada@example.com or @example.com"},
			{Kind: "select", Name: "list", Label: "List", Options: []page.Option{
				{Value: string(identity.AllowList), Label: "Allow-list", Selected: list == string(identity.AllowList)}, {Value: string(identity.BlockList), Label: "Block-list", Selected: list == string(identity.BlockList)},
			}},
		}}},
	}
	return s
}

func (u *UI) handleChangeAccess(w http.ResponseWriter, r *http.Request, _ operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	on := func(name string) *bool { b, _, boolErr := form.Bool(name); err = fault.Join(err, boolErr); return &b }
	ch := manage.SettingsChange{
		Allowlist: on("allowlist"), Blocklist: on("blocklist"), ListsDisabledOnSignIn: on("lists_at_sign_up_only"), BlockEmailSubaddresses: on("block_email_subaddresses"),
	}
	if err != nil {
		return err
	}
	if _, err := u.Manage.ChangeSettings(r.Context(), ch); err != nil {
		return err
	}
	return seeOther(w, r, after(settingsPath+"/access", "settings_changed"))
}

func accessList(name string) (identity.AccessList, error) {
	l := identity.AccessList(name)
	if !slices.Contains([]identity.AccessList{identity.AllowList, identity.BlockList}, l) {
		return "", fault.New(fault.FormParamValueInvalid, "param_name", "list")
	}
	return l, nil
}

func (u *UI) handleAddAccess(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "identifier", "list")
	if err != nil {
		return err
	}
	l, err := accessList(given["list"])
	if err == nil {
		_, err = u.Manage.AddAccessIdentifier(r.Context(), l, strings.TrimSpace(given["identifier"]))
	}
	if _, _, ok := problems(err); ok {
		a, accessErr := u.accessOf(r)
		if accessErr != nil {
			return accessErr
		}
		s := accessScreen(a, given["identifier"], given["list"])
		return u.showAs(w, r, op, refused(&s, err), s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(settingsPath+"/access", "access_added"))
}

func (u *UI) handleDeleteAccess(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	l, err := accessList(r.PathValue("list"))
	if err != nil {
		return httpio.NotFound(w, r)
	}
	if err := u.Manage.DeleteAccessIdentifier(r.Context(), l, identity.AccessID(r.PathValue("identifier_id"))); err != nil {
		return err
	}
	return seeOther(w, r, after(settingsPath+"/access", "access_deleted"))
}
