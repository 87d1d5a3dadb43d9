package backendapi

import (
	"net/http"
	netmail "net/mail"
	"strings"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/manage"
)

// mailTemplateOperations are about the words of mails. There are no others: Usher
// sends no SMS.
func (a *API) mailTemplateOperations() map[string]httpio.Handler {
	const one = "/templates/{template_type}/{slug}"
	return map[string]httpio.Handler{
		"GET /templates/{template_type}":   a.handleMailTemplates,
		"GET " + one:                       a.handleMailTemplate,
		"PUT " + one:                       a.handleChangeMailTemplate,
		"POST " + one + "/revert":          a.handleRevertMailTemplate,
		"POST " + one + "/preview":         a.handlePreviewMailTemplate,
		"POST " + one + "/toggle_delivery": a.handleToggleMailDelivery,
	}
}

// The types of templates, as Clerk calls them.
const (
	templateEmail = "email"
	templateSMS   = "sms"
)

// mailTemplateBody is what a caller may send for a template. The markup is the plain
// text of the mail; the body its HTML. Null or empty: as Usher has it.
type mailTemplateBody struct {
	Name        httpio.Field[string] `json:"name"`
	Subject     httpio.Field[string] `json:"subject"`
	Markup      httpio.Field[string] `json:"markup"`
	Body        httpio.Field[string] `json:"body"`
	FromName    httpio.Field[string] `json:"from_email_name"`
	ReplyToName httpio.Field[string] `json:"reply_to_email_name"`
	Delivered   *bool                `json:"delivered_by_clerk"`
}

func (a *API) mailTemplateChange(b mailTemplateBody) manage.MailTemplateChange {
	if name, _ := a.sender(); b.FromName.Value == name {
		b.FromName.Value = "" // what the template was read with, not a choice
	}
	return manage.MailTemplateChange{
		Name: orEmpty(b.Name), Subject: orEmpty(b.Subject), Text: lines(b.Markup), HTML: lines(b.Body),
		FromName: orEmpty(b.FromName), ReplyToName: orEmpty(b.ReplyToName), Delivered: b.Delivered,
	}
}

// orEmpty is a member that was there; null is empty.
func orEmpty(f httpio.Field[string]) *string {
	if !f.Set {
		return nil
	}
	return &f.Value
}

// lines is orEmpty for text of several lines, each ending as in Unix.
func lines(f httpio.Field[string]) *string {
	f.Value = strings.ReplaceAll(f.Value, "\r\n", "\n")
	return orEmpty(f)
}

type wireMailTemplate struct {
	Object              string   `json:"object"`
	ID                  string   `json:"id"`
	ResourceType        string   `json:"resource_type"`
	TemplateType        string   `json:"template_type"`
	Name                string   `json:"name"`
	Slug                string   `json:"slug"`
	Position            int      `json:"position"`
	CanRevert           bool     `json:"can_revert"`
	CanDelete           bool     `json:"can_delete"`
	CanEditBody         bool     `json:"can_edit_body"`
	CanToggle           bool     `json:"can_toggle"`
	Subject             string   `json:"subject"`
	Markup              string   `json:"markup"`
	Body                string   `json:"body"`
	AvailableVariables  []string `json:"available_variables"`
	RequiredVariables   []string `json:"required_variables"`
	FromEmailName       string   `json:"from_email_name"`
	ReplyToEmailName    string   `json:"reply_to_email_name"`
	DeliveredByClerk    bool     `json:"delivered_by_clerk"`
	Enabled             bool     `json:"enabled"`
	FlaggedAsSuspicious bool     `json:"flagged_as_suspicious"`
	UpdatedAt           int64    `json:"updated_at"`
	CreatedAt           int64    `json:"created_at"`
}

func (a *API) wireMailTemplate(v manage.MailTemplateView) wireMailTemplate {
	w := wireMailTemplate{
		Object: "template", ID: "tmpl_" + v.Slug, ResourceType: "system", TemplateType: templateEmail, Name: v.Name, Slug: v.Slug,
		Position: v.Position, CanRevert: v.Changed, CanEditBody: true, Subject: v.Subject, Markup: v.Text, Body: v.HTML,
		AvailableVariables: v.Variables, RequiredVariables: append([]string{}, v.Required...), FromEmailName: a.senderName(v.FromName),
		ReplyToEmailName: v.ReplyToName, DeliveredByClerk: v.Delivered, Enabled: true,
		UpdatedAt: millis(v.UpdatedAt), CreatedAt: millis(v.CreatedAt),
	}
	if v.Changed {
		w.ResourceType = "user"
	}
	return w
}

// sender is the configured sender in its parts. Where none is configured no mail is
// sent, and the name is a likely one.
func (a *API) sender() (name, domain string) {
	if from, err := netmail.ParseAddress(a.MailFrom); err == nil {
		i := strings.LastIndexByte(from.Address, '@')
		return from.Address[:i], from.Address[i+1:]
	}
	return "no-reply", ""
}

// senderName is what stands before the @ of a mail's sender.
func (a *API) senderName(own string) string {
	if own != "" {
		return own
	}
	name, _ := a.sender()
	return name
}

// mailSlug is the slug in the path. There is none of another type.
func mailSlug(r *http.Request) (string, error) {
	if r.PathValue("template_type") != templateEmail {
		return "", fault.New(fault.NotFound, "resource", "template")
	}
	return r.PathValue("slug"), nil
}

func (a *API) writeMailTemplate(w http.ResponseWriter, v manage.MailTemplateView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireMailTemplate(v))
}

func (a *API) handleMailTemplates(w http.ResponseWriter, r *http.Request) error {
	p, paginated, err := pageOf(r)
	if err != nil {
		return err
	}
	switch r.PathValue("template_type") {
	case templateEmail:
	case templateSMS:
		return writeList(w, []wireMailTemplate{}, totalIf(paginated, 0))
	default:
		return fault.New(fault.FormParamValueInvalid, "param_name", "template_type")
	}
	items, total, err := a.Manage.MailTemplates(r.Context(), p)
	if err != nil {
		return err
	}
	return writeList(w, each(items, a.wireMailTemplate), totalIf(paginated, total))
}

func (a *API) handleMailTemplate(w http.ResponseWriter, r *http.Request) error {
	slug, err := mailSlug(r)
	if err != nil {
		return err
	}
	v, err := a.Manage.MailTemplate(r.Context(), slug)
	return a.writeMailTemplate(w, v, err)
}

func (a *API) handleChangeMailTemplate(w http.ResponseWriter, r *http.Request) error {
	slug, err := mailSlug(r)
	if err != nil {
		return err
	}
	var b mailTemplateBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	v, err := a.Manage.ChangeMailTemplate(r.Context(), slug, a.mailTemplateChange(b))
	return a.writeMailTemplate(w, v, err)
}

func (a *API) handleRevertMailTemplate(w http.ResponseWriter, r *http.Request) error {
	slug, err := mailSlug(r)
	if err != nil {
		return err
	}
	v, err := a.Manage.RevertMailTemplate(r.Context(), slug)
	return a.writeMailTemplate(w, v, err)
}

func (a *API) handleToggleMailDelivery(w http.ResponseWriter, r *http.Request) error {
	slug, err := mailSlug(r)
	if err != nil {
		return err
	}
	var b struct {
		Delivered *bool `json:"delivered_by_clerk"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.Delivered == nil {
		return fault.New(fault.FormParamMissing, "param_name", "delivered_by_clerk")
	}
	v, err := a.Manage.ChangeMailTemplate(r.Context(), slug, manage.MailTemplateChange{Delivered: b.Delivered})
	return a.writeMailTemplate(w, v, err)
}

// handlePreviewMailTemplate shows a mail with made-up values.
func (a *API) handlePreviewMailTemplate(w http.ResponseWriter, r *http.Request) error {
	slug, err := mailSlug(r)
	if err != nil {
		return err
	}
	var b mailTemplateBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	p, err := a.Manage.PreviewMailTemplate(r.Context(), slug, a.mailTemplateChange(b))
	if err != nil {
		return err
	}
	_, domain := a.sender()
	address := func(name string) *string {
		if name == "" || domain == "" {
			return nil
		}
		full := name + "@" + domain
		return &full
	}
	return httpio.WriteJSON(w, http.StatusOK, struct {
		Subject        string  `json:"subject"`
		Body           string  `json:"body"`
		BodyPlain      string  `json:"body_plain"`
		FromAddress    *string `json:"from_email_address"`
		ReplyToAddress *string `json:"reply_to_email_address"`
	}{p.Subject, p.HTML, p.Text, address(a.senderName(p.FromName)), address(p.ReplyToName)})
}
