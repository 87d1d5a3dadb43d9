package manage

import (
	"context"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/mail"
	"usher/internal/store"
)

// MailTemplateView is a mail's template as it is in force, with what Usher says of
// it.
type MailTemplateView struct {
	Slug        string
	Name        string
	Position    int
	Subject     string
	Text        string
	HTML        string
	FromName    string // empty: as configured
	ReplyToName string // empty: to the sender
	Variables   []string
	Required    []string
	Changed     bool // it is not as Usher has it
	Delivered   bool // by Usher
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// MailTemplateChange is what a caller gave to change or preview a template. Nil
// leaves a field as it is; empty makes it as Usher has it.
type MailTemplateChange struct {
	Name        *string
	Subject     *string
	Text        *string
	HTML        *string
	FromName    *string
	ReplyToName *string
	Delivered   *bool
}

// MailPreview is a mail as it would be, with made-up values.
type MailPreview struct {
	Subject, Text, HTML   string
	FromName, ReplyToName string
}

// MailData is what the placeholders of a mail stood for, as JSON.
func MailData(values map[string]string) identity.Metadata { return mail.Nested(values) }

// writeMail writes a mail.
func (s *Service) writeMail(tx *store.Tx, l mail.Letter) error {
	l.BaseURL = s.BaseURL
	return mail.Write(tx, l, s.Now())
}

// MailTemplates lists the templates of all mails, in an order that stays.
func (s *Service) MailTemplates(ctx context.Context, p Page) (list []MailTemplateView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		held, err := tx.MailTemplates()
		if err != nil {
			return err
		}
		list = []MailTemplateView{}
		for _, t := range mail.Templates() {
			o := identity.MailTemplate{Slug: t.Slug}
			if i := slices.IndexFunc(held, func(o identity.MailTemplate) bool { return o.Slug == t.Slug }); i >= 0 {
				o = held[i]
			}
			list = append(list, mailTemplateView(in, t, o))
		}
		return nil
	})
	total = len(list)
	list = list[min(p.Offset, total):]
	return list[:min(p.Limit, len(list))], total, err
}

// MailTemplate reads a template.
func (s *Service) MailTemplate(ctx context.Context, slug string) (v MailTemplateView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		t, o, err := findMailTemplate(tx, slug)
		if err != nil {
			return err
		}
		in, err := tx.Instance()
		v = mailTemplateView(in, t, o)
		return err
	})
	return v, err
}

// findMailTemplate finds a template and what is wanted otherwise of it.
func findMailTemplate(tx *store.Tx, slug string) (t mail.Template, o identity.MailTemplate, err error) {
	t, ok := mail.Find(slug)
	if !ok {
		return t, o, fault.New(fault.NotFound, "resource", "template")
	}
	o, err = tx.MailTemplate(slug)
	o.Slug = slug
	return t, o, store.Optional(err)
}

func mailTemplateView(in identity.Instance, t mail.Template, o identity.MailTemplate) MailTemplateView {
	w := t.Words(o)
	v := MailTemplateView{
		Slug: t.Slug, Name: t.Name, Subject: w.Subject, Text: w.Text, HTML: w.HTML, FromName: o.FromName, ReplyToName: o.ReplyToName,
		Changed: o.Changed(), Delivered: !o.Withheld, CreatedAt: in.CreatedAt, UpdatedAt: in.CreatedAt,
	}
	if o.Name != "" {
		v.Name = o.Name
	}
	if !o.CreatedAt.IsZero() {
		v.CreatedAt, v.UpdatedAt = o.CreatedAt, o.UpdatedAt
	}
	for i, other := range mail.Templates() {
		if other.Slug == t.Slug {
			v.Position = i
		}
	}
	for _, variable := range t.Variables {
		v.Variables = append(v.Variables, variable.Name)
		if variable.Required {
			v.Required = append(v.Required, variable.Name)
		}
	}
	return v
}

func applyMailTemplate(o *identity.MailTemplate, ch MailTemplateChange) {
	set(&o.Name, ch.Name)
	set(&o.Subject, ch.Subject)
	set(&o.Text, ch.Text)
	set(&o.HTML, ch.HTML)
	set(&o.FromName, ch.FromName)
	set(&o.ReplyToName, ch.ReplyToName)
	if ch.Delivered != nil {
		o.Withheld = !*ch.Delivered
	}
}

// ChangeMailTemplate changes what a mail says, at once and on every node. What is
// refused changes nothing.
func (s *Service) ChangeMailTemplate(ctx context.Context, slug string, ch MailTemplateChange) (MailTemplateView, error) {
	return s.changeMailTemplate(ctx, slug, func(t mail.Template, o *identity.MailTemplate) error {
		applyMailTemplate(o, ch)
		*o = t.Trim(*o)
		return t.Check(*o)
	})
}

// RevertMailTemplate makes a mail say what Usher has it say. Who sends it stays as it
// is: a customer who does would otherwise send twice.
func (s *Service) RevertMailTemplate(ctx context.Context, slug string) (MailTemplateView, error) {
	return s.changeMailTemplate(ctx, slug, func(_ mail.Template, o *identity.MailTemplate) error {
		*o = identity.MailTemplate{Slug: o.Slug, Withheld: o.Withheld, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt}
		return nil
	})
}

func (s *Service) changeMailTemplate(ctx context.Context, slug string, change func(mail.Template, *identity.MailTemplate) error) (v MailTemplateView, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		t, before, err := findMailTemplate(tx, slug)
		if err != nil {
			return err
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		after := before
		if err := change(t, &after); err != nil {
			return err
		}
		if after == before {
			v = mailTemplateView(in, t, before)
			return nil
		}
		if after.UpdatedAt = now; after.CreatedAt.IsZero() {
			after.CreatedAt = now
		}
		if err := tx.PutMailTemplate(after); err != nil {
			return err
		}
		v = mailTemplateView(in, t, after)
		after.CreatedAt, after.UpdatedAt = before.CreatedAt, before.UpdatedAt
		fields, err := changedFields(before, after)
		if err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "mail_template.updated", Subject: slug, Detail: map[string]string{"fields": fields}})
	})
	return v, err
}

// PreviewMailTemplate shows a mail as a change would make it, with made-up values.
// Nothing is kept.
func (s *Service) PreviewMailTemplate(ctx context.Context, slug string, ch MailTemplateChange) (p MailPreview, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		t, o, err := findMailTemplate(tx, slug)
		if err != nil {
			return err
		}
		applyMailTemplate(&o, ch)
		if err := t.Check(o); err != nil {
			return err
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		values := t.Samples()
		values["app.name"], values["app.url"] = in.Settings.ApplicationName, s.BaseURL
		w := t.Words(o).Fill(values)
		p = MailPreview{Subject: w.Subject, Text: w.Text, HTML: w.HTML, FromName: o.FromName, ReplyToName: o.ReplyToName}
		return nil
	})
	return p, err
}
