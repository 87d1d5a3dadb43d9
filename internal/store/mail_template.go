package store

import "usher/internal/identity"

const mailTemplateColumns = `slug, name, subject, text_body, html_body, from_name, reply_to_name, withheld, created_at, updated_at`

func scanMailTemplate(row scanner) (t identity.MailTemplate, err error) {
	err = row.Scan(&t.Slug, &t.Name, &t.Subject, &t.Text, &t.HTML, &t.FromName, &t.ReplyToName, &t.Withheld,
		(*milliseconds)(&t.CreatedAt), (*milliseconds)(&t.UpdatedAt))
	return t, err
}

// MailTemplates lists what is wanted otherwise of mails: of a few at most.
func (tx *Tx) MailTemplates() ([]identity.MailTemplate, error) {
	return all(tx, scanMailTemplate, `SELECT `+mailTemplateColumns+` FROM mail_templates ORDER BY slug`)
}

// MailTemplate returns what is wanted otherwise of a mail; ErrNotFound where nothing
// is.
func (tx *Tx) MailTemplate(slug string) (identity.MailTemplate, error) {
	return one(tx, scanMailTemplate, `SELECT `+mailTemplateColumns+` FROM mail_templates WHERE slug = $1`, slug)
}

// PutMailTemplate writes what is wanted otherwise of a mail. When that began stays.
func (tx *Tx) PutMailTemplate(t identity.MailTemplate) error {
	_, err := tx.exec(`
		INSERT INTO mail_templates (slug, name, subject, text_body, html_body, from_name, reply_to_name, withheld,
			created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (slug) DO UPDATE SET name = excluded.name, subject = excluded.subject, text_body = excluded.text_body,
			html_body = excluded.html_body, from_name = excluded.from_name, reply_to_name = excluded.reply_to_name,
			withheld = excluded.withheld, updated_at = excluded.updated_at`,
		t.Slug, t.Name, t.Subject, t.Text, t.HTML, t.FromName, t.ReplyToName, t.Withheld, ms(t.CreatedAt), ms(t.UpdatedAt))
	return err
}
