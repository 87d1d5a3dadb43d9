package message

import (
	"fmt"
	"html/template"
	"strings"
)

// Rich says a message for the content of a page: values are set apart from the words
// around them, in whichever direction they are written, and what is between ** is
// emphasized. Everything is escaped: neither words nor values can be HTML.
func (t Text) Rich(key string, args ...any) (template.HTML, error) {
	text, values, err := t.choose(key, args)
	if err != nil {
		return "", err
	}
	return values.rich(strings.NewReplacer("[", "", "]", "").Replace(text)), nil
}

func (a arguments) rich(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "**") {
		if i > 0 {
			b.WriteString([]string{"</b>", "<b>"}[i%2])
		}
		at := 0
		for _, m := range placeholder.FindAllStringSubmatchIndex(part, -1) {
			b.WriteString(template.HTMLEscapeString(part[at:m[0]]))
			value := template.HTMLEscapeString(fmt.Sprint(a[part[m[2]:m[3]]]))
			if _, number := a[part[m[2]:m[3]]].(int); number {
				b.WriteString(value)
			} else {
				b.WriteString("<bdi>" + value + "</bdi>")
			}
			at = m[1]
		}
		b.WriteString(template.HTMLEscapeString(part[at:]))
	}
	return template.HTML(b.String()) //nolint:gosec // escaped above, piece by piece
}

// Parts are a message around something that a page makes a link or a button of.
type Parts struct {
	Before template.HTML
	Inside template.HTML
	After  template.HTML
}

// Around says a message in parts, as Rich does: what is in its brackets, and what
// stands before and behind.
func (t Text) Around(key string, args ...any) (Parts, error) {
	text, values, err := t.choose(key, args)
	if err != nil {
		return Parts{}, err
	}
	before, rest, open := strings.Cut(text, "[")
	inside, after, closed := strings.Cut(rest, "]")
	if !open || !closed {
		return Parts{}, fmt.Errorf("message: %s has no brackets", key)
	}
	return Parts{values.rich(before), values.rich(inside), values.rich(after)}, nil
}
