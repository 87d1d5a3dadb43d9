package mail

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
)

// Limits of what an operator may write. Ours: the largest mails of mailing tools are
// half as long as maxHTML, and providers cut a mail off at some 100 KB.
const (
	maxTemplateName = 100      // characters
	maxSubject      = 200      // characters
	maxText         = 16 << 10 // bytes
	maxHTML         = 64 << 10 // bytes
	maxPlaceholders = 100      // of a part
	maxLocalPart    = 64       // bytes: RFC 5321, section 4.5.3.1.1

	// maxValue is in bytes: the longest is a link with where it leads to.
	maxValue = 8 << 10
)

// piece is a part of a template: text, or the name of a placeholder.
type piece struct{ text, name string }

// pieces reads a template. There is nothing in it but text and {{names}} (threat
// T-API-14); ok is false where braces are opened and not closed.
func pieces(s string) (list []piece, ok bool) {
	for {
		before, rest, open := strings.Cut(s, "{{")
		list = append(list, piece{text: before})
		if !open {
			return list, true
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return list, false
		}
		list = append(list, piece{name: strings.TrimSpace(name)})
		s = after
	}
}

// fill replaces the placeholders. One that has no value is empty.
func fill(s string, values map[string]string, write func(string) string) string {
	list, ok := pieces(s)
	if !ok {
		return s
	}
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.text)
		if p.name != "" {
			b.WriteString(write(values[p.name]))
		}
	}
	return b.String()
}

// plain is a value on one line: nothing in it begins a paragraph, or another field
// of a header (threat T-WH-04).
func plain(v string) string {
	if len(v) > maxValue {
		v = strings.ToValidUTF8(v[:maxValue], "")
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, v)
}

// escaped is a value within HTML, or within a quoted attribute.
func escaped(v string) string { return html.EscapeString(plain(v)) }

// Check judges what an operator wants. Every mistake is reported.
func (t Template) Check(o identity.MailTemplate) error {
	subject := checkLine("subject", o.Subject, maxSubject)
	if subject == nil {
		subject = t.checkPlaceholders("subject", o.Subject)
	}
	return fault.Join(
		checkLine("name", o.Name, maxTemplateName), subject,
		t.checkBody("markup", o.Text, maxText), checkMarkup(o.Text), t.checkBody("body", o.HTML, maxHTML),
		checkLocalPart("from_email_name", o.FromName), checkLocalPart("reply_to_email_name", o.ReplyToName),
	)
}

// checkLine judges what stands on one line.
func checkLine(param, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.FormParamMaxLength, "param_name", param, "max_length", most)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return fault.New(fault.FormParamFormatInvalid, "param_name", param)
	}
	return nil
}

// checkBody judges the text or the HTML; empty is Usher's own.
func (t Template) checkBody(param, s string, most int) error {
	switch {
	case s == "":
		return nil
	case len(s) > most:
		return fault.New(fault.FormParamTooLarge, "param_name", param, "max_bytes", most)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return fault.New(fault.FormParamFormatInvalid, "param_name", param)
	}
	errs := []error{t.checkPlaceholders(param, s)}
	list, _ := pieces(s)
	for _, v := range t.Variables {
		if v.Required && !holds(list, v.Name) {
			errs = append(errs, fault.New(fault.MailPlaceholderMissing, "param_name", param, "placeholder", v.Name))
		}
	}
	return fault.Join(errs...)
}

func holds(list []piece, name string) bool {
	for _, p := range list {
		if p.name == name {
			return true
		}
	}
	return false
}

// checkPlaceholders judges the placeholders of a part.
func (t Template) checkPlaceholders(param, s string) error {
	list, ok := pieces(s)
	if !ok {
		return fault.New(fault.FormParamFormatInvalid, "param_name", param)
	}
	if len(list)/2 > maxPlaceholders {
		return fault.New(fault.FormParamArraySize, "param_name", param, "max_items", maxPlaceholders)
	}
	var errs []error
	seen := map[string]bool{}
	for i, p := range list {
		if placeholder := i%2 == 1; placeholder && !t.Has(p.name) && !seen[p.name] {
			seen[p.name] = true
			errs = append(errs, fault.New(fault.MailPlaceholderUnknown, "param_name", param, "placeholder", shorten(p.name)))
		}
	}
	return fault.Join(errs...)
}

// shorten keeps a made-up name from filling an answer.
func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// checkMarkup refuses the markup of an editor: Usher's is the plain text of the mail.
func checkMarkup(s string) error {
	if strings.HasPrefix(strings.TrimSpace(s), "<") {
		return fault.New(fault.FormParamValueInvalid, "param_name", "markup").Detail("reason", "not_plain_text")
	}
	return nil
}

// checkLocalPart judges what stands before the @ of a sender: a dot-atom of RFC 5322
// without what some servers read otherwise.
func checkLocalPart(param, s string) error {
	ok := len(s) <= maxLocalPart && !strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") && !strings.Contains(s, "..") &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r))
		})
	if !ok {
		return fault.New(fault.FormParamFormatInvalid, "param_name", param)
	}
	return nil
}

// nest puts a value where its name leads.
func nest(into identity.Metadata, name, value string) {
	head, rest, deeper := strings.Cut(name, ".")
	if !deeper {
		into[head] = value
		return
	}
	inner, ok := into[head].(map[string]any)
	if !ok {
		inner = map[string]any{}
		into[head] = inner
	}
	nest(inner, rest, value)
}
