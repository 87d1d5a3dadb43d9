package dashboard

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const auditPath = root + "/audit-log"

func (u *UI) auditRoutes() map[string]handler {
	return map[string]handler{"GET " + auditPath: u.handleAudit}
}

// auditNouns are what lines can be narrowed to.
func auditNouns() []string {
	return []string{
		"", "Everything", "organization.", "Organizations", "organization_membership.", "Memberships", "organization_invitation.", "Invitations",
		"organization_domain.", "Domains", "enterprise_connection.", "Connections", "sso_attempt.", "Attempts", "user.", "Users", "role.", "Roles", "settings.", "Settings",
		"secret_key.", "API keys", "webhook_endpoint.", "Webhooks", "operator_link.", "Operator links",
	}
}

func (u *UI) handleAudit(w http.ResponseWriter, r *http.Request, op operator) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	f := manage.AuditFilter{Subject: l.text("q"), ActorID: l.text("actor")}
	if noun := l.text("about"); slices.Contains(auditNouns(), noun) {
		f.Action = noun
	}
	if org, ok := strings.CutPrefix(f.Subject, "org_"); ok {
		f.OrganizationID, f.Subject = identity.OrgID("org_"+org), ""
	}
	found, total, err := u.Manage.AuditLog(r.Context(), f, l.page())
	if err != nil {
		return err
	}
	return u.show(w, r, op, auditScreen(l, found, total, u.Now()))
}

func auditScreen(l listing, found []identity.AuditEntry, total int, now time.Time) page.Screen {
	s := page.Screen{
		Title: "Audit log",
		Lead:  "Who changed what, and when. Lines are only ever added, and chained so that a line that was changed or taken out is found by: usher audit verify",
	}
	b := page.Block{Search: l.search("ID of what was changed, or of an organization", l.filter("about", "About", auditNouns()...))}
	if len(found) == 0 {
		b.Empty = &page.Empty{Icon: "list", Title: "No line", Text: "Nothing of the kind has been changed yet, or what there was is not about this ID."}
		s.Blocks = []page.Block{b}
		return s
	}
	b.Table = &page.Table{Caption: "Audit log", Pager: l.pager(len(found), total), Columns: []page.Column{{Title: "What"}, {Title: "About"}, {Title: "By"}, {Title: "When"}}}
	for _, e := range found {
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
			{Text: actionText(e.Action)}, {Text: e.Subject, Code: true, More: detailText(e.Detail)}, actorCell(e.Actor), {When: page.Since(now, e.At)},
		}})
	}
	s.Blocks = []page.Block{b}
	return s
}

// actionText is an action as people say it: "User banned".
func actionText(action string) string {
	noun, verb, _ := strings.Cut(action, ".")
	text := strings.ReplaceAll(noun+" "+strings.ReplaceAll(verb, ".", " "), "_", " ")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func actorCell(a identity.Actor) page.Cell {
	c := page.Cell{Text: a.ID, Code: a.ID != "", More: strings.ReplaceAll(string(a.Kind), "_", " ")}
	if a.ID == "" {
		c.Text, c.More = c.More, ""
	}
	return c
}

// detailText is the details of a line, in the order of their names.
func detailText(detail map[string]string) string {
	names := make([]string, 0, len(detail))
	for name := range detail {
		names = append(names, name)
	}
	slices.Sort(names)
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = strings.ReplaceAll(name, "_", " ") + ": " + detail[name]
	}
	return strings.Join(parts, ", ")
}
