package dashboard

import (
	"net/http"
	"strings"

	"usher/internal/httpio"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	mailPath = root + "/mail"
	oneMail  = mailPath + "/{slug}"

	// maxMails is more than there are. Ours.
	maxMails = 100
)

func (u *UI) mailRoutes() map[string]handler {
	return map[string]handler{
		"GET " + mailPath:             u.handleMails,
		"GET " + oneMail:              u.handleMail,
		"POST " + oneMail:             u.handleChangeMail,
		"POST " + oneMail + "/revert": u.handleRevertMail,
	}
}

func mailNotices() map[string]string {
	return map[string]string{
		"mail_changed":  "The mail says so from now on, on every node.",
		"mail_reverted": "The mail says again what Usher has it say.",
	}
}

func (u *UI) handleMails(w http.ResponseWriter, r *http.Request, op operator) error {
	list, _, err := u.Manage.MailTemplates(r.Context(), manage.Page{Limit: maxMails})
	if err != nil {
		return err
	}
	return u.show(w, r, op, mailsScreen(list))
}

func mailsScreen(list []manage.MailTemplateView) page.Screen {
	t := &page.Table{Caption: "Mails", Columns: []page.Column{{Title: "Mail"}, {Title: "Subject"}, {Title: "State"}}}
	for _, m := range list {
		t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{{Text: m.Name, More: m.Slug, URL: mailPath + "/" + m.Slug}, {Text: m.Subject}, {Badges: mailState(m)}}})
	}
	return page.Screen{
		Title: "Mail", Lead: "What Usher writes to people. Each mail can say it in your words, or be left to your own server, which hears of it by the event email.created.",
		Blocks: []page.Block{{Table: t}},
	}
}

func mailState(m manage.MailTemplateView) []page.Badge {
	var list []page.Badge
	if m.Changed {
		list = append(list, page.Badge{Text: "In your words", Kind: "accent"})
	}
	if !m.Delivered {
		list = append(list, page.Badge{Text: "Sent by you", Kind: "warning"})
	}
	if list == nil {
		list = []page.Badge{{Text: "As Usher has it"}}
	}
	return list
}

// mailGiven is what the form about a mail holds.
func mailGiven(m manage.MailTemplateView) map[string]string {
	return map[string]string{"subject": m.Subject, "text": m.Text, "html": m.HTML, "from_name": m.FromName, "reply_to_name": m.ReplyToName, "delivered": checked(m.Delivered)}
}

func (u *UI) handleMail(w http.ResponseWriter, r *http.Request, op operator) error {
	m, err := u.Manage.MailTemplate(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return u.showMail(w, r, op, m, mailGiven(m), nil)
}

func (u *UI) showMail(w http.ResponseWriter, r *http.Request, op operator, m manage.MailTemplateView, given map[string]string, refusal error) error {
	preview, err := u.Manage.PreviewMailTemplate(r.Context(), m.Slug, mailChange(m, given))
	if _, _, ok := problems(err); err != nil && !ok {
		return err
	}
	s := mailScreen(m, given, preview)
	status := refused(&s, refusal)
	for i := range s.Problems {
		if field, ok := map[string]string{"markup": "text", "body": "html"}[s.Problems[i].Field]; ok {
			s.Problems[i].Field = field
		}
	}
	return u.showAs(w, r, op, status, s)
}

func mailScreen(m manage.MailTemplateView, given map[string]string, preview manage.MailPreview) page.Screen {
	path := mailPath + "/" + m.Slug
	s := page.Screen{Title: m.Name, Badges: mailState(m), Crumbs: []page.Link{{Text: "Mail", URL: mailPath}}}
	if m.Changed {
		s.Actions = []page.Action{{Text: "As Usher has it", URL: path + "/revert", Post: true}}
	}
	hint := "May hold " + placeholders(m.Variables) + "."
	if len(m.Required) > 0 {
		hint += " Must hold " + placeholders(m.Required) + "."
	}
	s.Blocks = []page.Block{{Title: "What it says", Text: hint, Form: &page.Form{
		Action: path, Submit: "Save",
		Fields: []page.Field{
			{Name: "subject", Label: "Subject", Value: given["subject"], Max: 998},
			{Kind: "textarea", Name: "text", Label: "Text", Value: given["text"], Rows: 12, Code: true},
			{Kind: "textarea", Name: "html", Label: "HTML", Value: given["html"], Rows: 8, Code: true, Optional: true, Hint: "Without any, it is made of the text, so that both say the same."},
			{Name: "from_name", Label: "Sender’s name", Value: given["from_name"], Optional: true, Max: 256},
			{Name: "reply_to_name", Label: "Name to reply to", Value: given["reply_to_name"], Optional: true, Max: 256},
			{Kind: "check", Name: "delivered", Label: "Usher sends it", Hint: "Otherwise your server does, by the event email.created.", Checked: given["delivered"] == "true"},
		},
	}}}
	if preview.Text != "" {
		s.Blocks = append(s.Blocks, page.Block{Title: "As it would be", Text: "With made-up values.", Facts: []page.Fact{{Term: "Subject", Text: preview.Subject}}, Code: &page.Code{Text: preview.Text}})
	}
	return s
}

func placeholders(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = "{{" + n + "}}"
	}
	return strings.Join(list, ", ")
}

// mailChange is what was given, where it is not what Usher says anyway.
func mailChange(m manage.MailTemplateView, given map[string]string) manage.MailTemplateChange {
	subject, text, html, from, reply, delivered := given["subject"], unix(given["text"]), unix(given["html"]), given["from_name"], given["reply_to_name"], given["delivered"] == "true"
	ch := manage.MailTemplateChange{Subject: &subject, Text: &text, FromName: &from, ReplyToName: &reply, Delivered: &delivered}
	if strings.TrimSpace(html) != strings.TrimSpace(unix(m.HTML)) {
		ch.HTML = &html
	}
	return ch
}

// unix has lines end as they are kept: browsers send CR LF.
func unix(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

func readMail(form httpio.Params) (map[string]string, error) {
	return values(form, "subject", "text", "html", "from_name", "reply_to_name", "delivered")
}

func (u *UI) handleChangeMail(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	m, err := u.Manage.MailTemplate(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	given, err := readMail(form)
	if err != nil {
		return err
	}
	if _, err := u.Manage.ChangeMailTemplate(r.Context(), m.Slug, mailChange(m, given)); err != nil {
		if _, _, ok := problems(err); ok {
			return u.showMail(w, r, op, m, given, err)
		}
		return err
	}
	return seeOther(w, r, after(mailPath+"/"+m.Slug, "mail_changed"))
}

func (u *UI) handleRevertMail(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	m, err := u.Manage.RevertMailTemplate(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return seeOther(w, r, after(mailPath+"/"+m.Slug, "mail_reverted"))
}
