package dashboard

import (
	"net/http"
	"strconv"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	setupLinkBelow = oneOrganization + "/setup-link"
	oneSetupLink   = setupLinkBelow + "/{setup_link_id}"
)

func (u *UI) setupLinkRoutes() map[string]handler {
	return map[string]handler{
		"GET " + setupLinkBelow:            u.handleNewSetupLink,
		"POST " + setupLinkBelow:           u.handleCreateSetupLink,
		"POST " + oneSetupLink + "/revoke": u.handleRevokeSetupLink,
	}
}

func setupLinkNotices() map[string]string {
	return map[string]string{
		"setup_link_revoked": "The setup link has been revoked. Whoever had it open is out at once; what was saved stays.",
	}
}

func setupLinkPath(o identity.OrgID) string { return organizationPath(o) + "/setup-link" }

// setupLives are the lives that a setup link may be given, in seconds, and their
// words.
func setupLives(now string) []page.Option {
	options := []page.Option{
		{Value: "3600", Label: "One hour", Hint: "For somebody who waits for it, or is on the phone with you."},
		{Value: "28800", Label: "Eight hours", Hint: "A working day."},
		{Value: "86400", Label: "One day", Hint: "The longest. Where a change of the DNS must be asked for."},
	}
	for i := range options {
		options[i].Selected = options[i].Value == now
	}
	return options
}

func (u *UI) handleNewSetupLink(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	return u.show(w, r, op, newSetupLinkScreen(o, "28800"))
}

func newSetupLinkScreen(o manage.OrganizationView, life string) page.Screen {
	path := setupLinkPath(o.ID)
	return page.Screen{
		Title: "Make a setup link", Crumbs: []page.Link{{Text: "Organizations", URL: organizationsPath}, {Text: o.Name, URL: organizationPath(o.ID)}},
		Lead: "By it the customer’s IT administrator shows that a domain is theirs, connects the identity provider, tries it and activates it, without an account here.",
		Blocks: []page.Block{{Form: &page.Form{
			Action: path, Submit: "Make setup link", Cancel: organizationPath(o.ID),
			Fields: []page.Field{{Kind: "radio", Name: "life", Label: "It works for", Options: setupLives(life), Hint: "The first browser that opens it keeps it; no other gets in."}},
		}}},
	}
}

func (u *UI) handleCreateSetupLink(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "life")
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(given["life"], 10, 64)
	if err != nil {
		seconds = 0 // which the flow refuses
	}
	link, err := u.Manage.CreateSetupLink(r.Context(), manage.SetupLinkChange{OrganizationID: string(o.ID), ExpiresIn: &seconds})
	if list, status, ok := problems(err); ok {
		s := newSetupLinkScreen(o, given["life"])
		for i := range list {
			list[i].Field = "life"
		}
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	settings, err := u.Manage.Settings(r.Context())
	if err != nil {
		return err
	}
	return u.show(w, r, op, setupLinkCreatedScreen(o, link, settings.ApplicationName))
}

// setupLinkCreatedScreen is the answer to the form itself: the link lies in no URL of
// ours, and is shown this once.
func setupLinkCreatedScreen(o manage.OrganizationView, link manage.NewSetupLink, app string) page.Screen {
	path := setupLinkPath(o.ID)
	text := "Hello,\n\nto set up company sign-in for " + o.Name + " at " + app + ", open this link:\n\n" + link.URL +
		"\n\nIt takes about ten minutes. You need to be able to add a DNS record to your domain and to administer your identity provider; " +
		"an account at " + app + " is not needed. The link works until " + page.On(link.ExpiresAt).Text + ", in the browser in which you open it first."
	return page.Screen{
		Title: "The setup link", Crumbs: []page.Link{{Text: "Organizations", URL: organizationsPath}, {Text: o.Name, URL: organizationPath(o.ID)}},
		Blocks: []page.Block{
			{Alert: &page.Alert{Kind: "warning", Title: "Copy it now", Text: "The link is shown this once. We keep only a hash of it. Give it to the one person who is to use it."}},
			{Facts: []page.Fact{{Term: "Link", Text: link.URL, Copy: true}, {Term: "Works until", When: page.On(link.ExpiresAt)}}},
			{Title: "A text to send", Code: &page.Code{Text: text, Copy: true}},
			{Actions: []page.Action{
				{Text: "Done", URL: organizationPath(o.ID), Kind: "primary"},
				{Text: "Revoke it", URL: path + "/" + string(link.ID) + "/revoke", Post: true},
			}},
		},
	}
}

func (u *UI) handleRevokeSetupLink(w http.ResponseWriter, r *http.Request, _ operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	if _, err := u.Manage.RevokeSetupLink(r.Context(), r.PathValue("setup_link_id"), ""); err != nil {
		return err
	}
	return seeOther(w, r, after(organizationPath(o.ID), "setup_link_revoked"))
}
