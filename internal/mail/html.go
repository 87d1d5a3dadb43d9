package mail

import (
	"html"
	"strings"
)

// The look of the HTML: tables, because mail programs know those best; styles on each
// element, because some drop the others; nothing that is fetched. A program that
// knows of dark mode reads the classes. Colours have a contrast of at least 4.5 to 1.
const (
	htmlHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>`
	htmlStyle = `</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #121417 !important; }
  .card { background: #1c1f24 !important; border-color: #31363f !important; }
  .name, .words { color: #e8eaed !important; }
  .quiet { color: #a4abb6 !important; }
  .box { background: #262a31 !important; color: #ffffff !important; }
  .button { background: #e8eaed !important; }
  .button a { color: #16181d !important; }
}
</style>
</head>
<body class="page" style="margin: 0; padding: 0; background: #f3f4f6;">
<table role="presentation" class="page" width="100%" cellspacing="0" cellpadding="0" border="0" style="background: #f3f4f6;"><tr><td align="center" style="padding: 32px 16px;">
<table role="presentation" class="card" width="100%" cellspacing="0" cellpadding="0" border="0" style="max-width: 520px; background: #ffffff; border: 1px solid #e2e5ea; border-radius: 12px; border-collapse: separate;"><tr><td align="left" style="padding: 32px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;">
<p class="name" style="margin: 0 0 24px; font-size: 17px; line-height: 24px; font-weight: 600; color: #16181d;">{{app.name}}</p>
`
	htmlEnd = `</td></tr></table>
</td></tr></table>
</body>
</html>
`
	htmlWords  = `<p class="words" style="margin: 0 0 16px; font-size: 16px; line-height: 24px; color: #16181d;">`
	htmlCode   = `<table role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0" style="margin: 0 0 16px;"><tr><td class="box" align="center" style="padding: 16px; background: #f3f4f6; border-radius: 8px; font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 32px; line-height: 40px; font-weight: 600; letter-spacing: 6px; color: #16181d;">{{otp_code}}</td></tr></table>`
	htmlButton = `<table role="presentation" cellspacing="0" cellpadding="0" border="0" style="margin: 0 0 12px;"><tr><td class="button" align="center" style="background: #16181d; border-radius: 8px;"><a href="{{action_url}}" style="display: inline-block; padding: 12px 24px; font-size: 16px; line-height: 24px; font-weight: 600; color: #ffffff; text-decoration: none;">`
	htmlLink   = `</a></td></tr></table>
<p class="quiet" style="margin: 0 0 16px; font-size: 13px; line-height: 20px; color: #59616e; word-break: break-all;">{{action_url}}</p>`
	htmlBox = `<table role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0" style="margin: 0 0 16px;"><tr><td class="box" style="padding: 12px 16px; background: #f3f4f6; border-radius: 8px; font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 14px; line-height: 22px; color: #16181d; word-break: break-all;">`
)

// html makes the HTML of a text: a paragraph of each of its own, and a box of what
// is indented.
func (t Template) html(w Words) string {
	var b strings.Builder
	b.WriteString(htmlHead + html.EscapeString(w.Subject) + htmlStyle)
	for block := range strings.SplitSeq(w.Text, "\n\n") {
		if block = strings.Trim(block, "\n"); strings.TrimSpace(block) == "" {
			continue
		}
		lines := strings.Split(block, "\n")
		for i := range lines {
			lines[i] = html.EscapeString(strings.TrimSpace(lines[i]))
		}
		switch text := strings.Join(lines, "<br>\n"); {
		case !strings.HasPrefix(block, "    "):
			b.WriteString(htmlWords + text + "</p>")
		case text == "{{otp_code}}":
			b.WriteString(htmlCode)
		case text == "{{action_url}}":
			b.WriteString(htmlButton + html.EscapeString(t.Action) + htmlLink)
		default:
			b.WriteString(htmlBox + text + "</td></tr></table>")
		}
		b.WriteString("\n")
	}
	b.WriteString(htmlEnd)
	return b.String()
}
