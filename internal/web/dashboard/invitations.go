package dashboard

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const invitationsBelow = oneOrganization + "/invitations"

func (u *UI) invitationRoutes() map[string]handler {
	return map[string]handler{
		"GET " + invitationsBelow:                              u.handleInvitations,
		"GET " + invitationsBelow + "/new":                     u.handleInvitePage,
		"POST " + invitationsBelow:                             u.handleInvite,
		"POST " + invitationsBelow + "/{invitation_id}/revoke": u.handleRevokeInvitation,
		"POST " + invitationsBelow + "/{invitation_id}/resend": u.handleResendInvitation,
	}
}

func invitationNotices() map[string]string {
	return map[string]string{
		"invited":            "The invitations are on their way.",
		"invitation_revoked": "The invitation has been revoked. Its link no longer works.",
		"invitation_resent":  "The invitation has been sent again. The link is the same.",
	}
}

func invitationsPath(o identity.OrgID) string { return organizationPath(o) + "/invitations" }

func (u *UI) handleInvitations(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	order := l.choice("order", "-created_at", "created_at", "email_address", "-email_address", "expires_at", "-expires_at")
	f := manage.InvitationFilter{Query: l.text("q"), OrderBy: order, NotByDomain: true}
	if status := l.text("status"); status != "" {
		f.Statuses = []identity.InvitationStatus{identity.InvitationStatus(status)}
	}
	found, total, err := u.Manage.OrganizationInvitations(r.Context(), string(o.ID), f, l.page())
	if err != nil {
		return err
	}
	return u.show(w, r, op, invitationsScreen(o, l, order, found, total, u.Now()))
}

func invitationsScreen(o manage.OrganizationView, l listing, order string, found []manage.InvitationView, total int, now time.Time) page.Screen {
	s := organizationScreen(o, "Invitations")
	invite := page.Action{Text: "Invite people", URL: invitationsPath(o.ID) + "/new", Kind: "primary"}
	s.Actions = []page.Action{invite}
	b := page.Block{Search: l.search("Search by address or ID", l.filter("status", "Status", "", "All", "pending", "Pending", "accepted", "Accepted", "revoked", "Revoked", "expired", "Expired"))}
	if len(found) == 0 {
		b.Empty = &page.Empty{Icon: "mail", Title: "No invitations yet", Text: "Invite people by their address. Who is on a single sign-on domain is led through it.", Actions: []page.Action{invite}}
		if l.narrowed("q", "status") {
			b.Empty = &page.Empty{Icon: "search", Title: "Nothing found", Text: "No invitation is to such an address in this state."}
		}
		s.Blocks = []page.Block{b}
		return s
	}
	b.Table = &page.Table{
		Caption: "Invitations", Pager: l.pager(len(found), total),
		Columns: []page.Column{l.column("Address", "email_address", order), {Title: "Role"}, {Title: "Status"}, l.column("Sent", "created_at", order), l.column("Ends", "expires_at", order), {Title: "Actions"}},
	}
	for _, i := range found {
		status := i.StatusAt(now)
		row := page.Row{Cells: []page.Cell{
			{Text: string(i.Email), More: invitedBy(i)}, {Text: i.RoleName}, {Badges: []page.Badge{invitationBadge(status)}}, {When: page.Since(now, i.CreatedAt)}, {When: page.Since(now, i.ExpiresAt)}, {},
		}}
		if status == identity.InvitationPending {
			path := invitationsPath(o.ID) + "/" + string(i.ID)
			row.Actions = []page.Action{
				{Text: "Send again", Unseen: "to " + string(i.Email), URL: path + "/resend", Post: true}, {Text: "Revoke", Unseen: "the invitation of " + string(i.Email), URL: path + "/revoke", Post: true},
			}
		}
		b.Table.Rows = append(b.Table.Rows, row)
	}
	s.Blocks = []page.Block{b}
	return s
}

func invitedBy(i manage.InvitationView) string {
	if i.InviterName == "" {
		return ""
	}
	return "by " + i.InviterName
}

func invitationBadge(s identity.InvitationStatus) page.Badge {
	switch s {
	case identity.InvitationPending:
		return page.Badge{Text: "Pending", Kind: "accent"}
	case identity.InvitationAccepted:
		return page.Badge{Text: "Accepted", Kind: "success"}
	case identity.InvitationRevoked:
		return page.Badge{Text: "Revoked"}
	default:
		return page.Badge{Text: "Expired"}
	}
}

func (u *UI) handleInvitePage(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	return u.showInvite(w, r, op, o, map[string]string{}, nil)
}

func (u *UI) showInvite(w http.ResponseWriter, r *http.Request, op operator, o manage.OrganizationView, given map[string]string, refused error) error {
	roles, err := u.rolesOf(r, o)
	if err != nil {
		return err
	}
	s := inviteScreen(o, given, roles)
	status := http.StatusOK
	if list, refusedStatus, ok := problems(refused); ok {
		for i := range list {
			if list[i].Field == "email_address" || list[i].Field == "invitations" {
				list[i].Field = "email_addresses"
			}
		}
		s.Problems, status = list, refusedStatus
	}
	return u.showAs(w, r, op, status, s)
}

func inviteScreen(o manage.OrganizationView, given map[string]string, roles []manage.RoleInSet) page.Screen {
	return page.Screen{
		Title: "Invite people", Lead: "Each gets a mail with a link. An address on a single sign-on domain is led through it, and the invitation is used up once the person is in.",
		Crumbs: []page.Link{
			{Text: "Organizations", URL: organizationsPath}, {Text: o.Name, URL: organizationPath(o.ID)}, {Text: "Invitations", URL: invitationsPath(o.ID)},
		},
		Blocks: []page.Block{{Form: &page.Form{
			Action: invitationsPath(o.ID), Submit: "Send invitations", Cancel: invitationsPath(o.ID),
			Fields: []page.Field{
				{Kind: "textarea", Name: "email_addresses", Label: "Email addresses", Value: given["email_addresses"], Hint: "One on each line, up to 10. Either all are invited or none.", Example: "ada@example.com"},
				roleField(roles, given["role"]),
			},
		}}},
	}
}

func (u *UI) handleInvite(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "email_addresses", "role")
	if err != nil {
		return err
	}
	var list []manage.Invite
	for _, address := range strings.FieldsFunc(given["email_addresses"], func(c rune) bool { return strings.ContainsRune(" \t\r\n,;", c) }) {
		list = append(list, manage.Invite{EmailAddress: address, Role: identity.RoleKey(given["role"])})
	}
	if len(list) == 0 {
		return u.showInvite(w, r, op, o, given, fault.New(fault.FormParamMissing, "param_name", "email_addresses"))
	}
	if _, err = u.Manage.InviteToOrganization(r.Context(), string(o.ID), list); err != nil {
		if _, _, ok := problems(err); ok {
			return u.showInvite(w, r, op, o, given, err)
		}
		return err
	}
	return seeOther(w, r, after(invitationsPath(o.ID), "invited"))
}

func (u *UI) handleRevokeInvitation(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	i, err := u.Manage.RevokeInvitation(r.Context(), r.PathValue("organization_id"), r.PathValue("invitation_id"), "")
	if err != nil {
		return err
	}
	return seeOther(w, r, after(invitationsPath(i.OrganizationID), "invitation_revoked"))
}

func (u *UI) handleResendInvitation(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	i, err := u.Manage.ResendInvitation(r.Context(), r.PathValue("organization_id"), r.PathValue("invitation_id"))
	if err != nil {
		return err
	}
	return seeOther(w, r, after(invitationsPath(i.OrganizationID), "invitation_resent"))
}
