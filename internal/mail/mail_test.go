package mail_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/mail"
)

// What Usher itself says must pass what an operator's words must pass.
func TestTemplates_FulfilTheirOwnRules(t *testing.T) {
	t.Parallel()
	for _, one := range mail.Templates() {
		w := one.Words(identity.MailTemplate{})
		if err := one.Check(identity.MailTemplate{Name: one.Name, Subject: w.Subject, Text: w.Text, HTML: w.HTML}); err != nil {
			t.Errorf("%s: %v", one.Slug, err)
		}
		values := one.Samples()
		for _, v := range one.Variables {
			if v.Sample == "" {
				t.Errorf("%s: %s has no sample", one.Slug, v.Name)
			}
		}
		filled := w.Fill(values)
		for part, text := range map[string]string{"subject": filled.Subject, "text": filled.Text, "HTML": filled.HTML} {
			if text == "" || strings.Contains(text, "{{") || strings.Contains(text, "}}") {
				t.Errorf("%s: the %s: %q", one.Slug, part, text)
			}
		}
		if url := values["action_url"]; url != "" && (!strings.Contains(filled.HTML, `href="`+url+`"`) || one.Action == "") {
			t.Errorf("%s: no button leads to %s", one.Slug, url)
		}
	}
}

// Nothing is fetched when a mail is opened: nobody learns who read it, and when.
func TestTemplates_HaveNothingRemote(t *testing.T) {
	t.Parallel()
	fetched := regexp.MustCompile(`(?i)<(img|link|script|iframe|object|embed|video|audio|form|base)\b|@import|url\(|\bsrc=`)
	for _, one := range mail.Templates() {
		html := one.Words(identity.MailTemplate{}).HTML
		if got := fetched.FindString(html); got != "" {
			t.Errorf("%s has %s", one.Slug, got)
		}
		if !strings.Contains(html, "prefers-color-scheme: dark") {
			t.Errorf("%s has no dark look", one.Slug)
		}
	}
}

func TestFill_EscapesInHTMLAndKeepsToOneLine(t *testing.T) {
	t.Parallel()
	w := mail.Words{Subject: "{{x}}", Text: "a {{ x }} b", HTML: `<a title="{{x}}">{{x}}</a>`}
	got := w.Fill(map[string]string{"x": "\"<b>'&\r\nBcc: eve@evil.test\x00\u2028{{y}}"})
	want := mail.Words{
		Subject: "\"<b>'&  Bcc: eve@evil.test  {{y}}",
		Text:    "a \"<b>'&  Bcc: eve@evil.test  {{y}} b",
		HTML:    `<a title="&#34;&lt;b&gt;&#39;&amp;  Bcc: eve@evil.test  {{y}}">&#34;&lt;b&gt;&#39;&amp;  Bcc: eve@evil.test  {{y}}</a>`,
	}
	if got != want { // and what a value holds is no placeholder
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	long := mail.Words{Text: "{{x}}"}.Fill(map[string]string{"x": strings.Repeat("ü", 10_000)})
	if len(long.Text) > 8<<10 || !strings.HasSuffix(long.Text, "ü") {
		t.Errorf("a long value: %d bytes", len(long.Text))
	}
}

// Threat T-API-14: there is nothing between the braces but a name of the list.
func TestCheck(t *testing.T) {
	t.Parallel()
	const code, unknown, missing = "{{otp_code}}", "mail_template_placeholder_unknown", "mail_template_placeholder_missing"
	body := "<p>" + code + "</p>"
	for name, test := range map[string]struct {
		wants identity.MailTemplate
		codes string
	}{
		"nothing":                          {identity.MailTemplate{}, ""},
		"all of it":                        {identity.MailTemplate{Name: "Code", Subject: "{{ otp_code }}", Text: "a\n\tb " + code, HTML: body, FromName: "no.reply+x", ReplyToName: "help"}, ""},
		"an unknown placeholder":           {identity.MailTemplate{Subject: "{{user.private_metadata}}"}, unknown + " subject"},
		"an empty one":                     {identity.MailTemplate{Subject: "{{}}"}, unknown + " subject"},
		"code":                             {identity.MailTemplate{HTML: body + "{{#if x}}{{{otp_code}}}{{/if}}{{range .}}"}, unknown + " body " + unknown + " body " + unknown + " body " + unknown + " body"},
		"another mail's placeholder":       {identity.MailTemplate{Text: code + "{{action_url}}"}, unknown + " markup"},
		"braces that are not closed":       {identity.MailTemplate{Subject: "{{otp_code"}, "form_param_format_invalid subject"},
		"text without the code":            {identity.MailTemplate{Text: "Hello."}, missing + " markup"},
		"HTML without the code":            {identity.MailTemplate{HTML: "<p>Hello.</p>", Text: code}, missing + " body"},
		"a code in the subject is no help": {identity.MailTemplate{Subject: code, Text: "Hello."}, missing + " markup"},
		"a line break in the subject":      {identity.MailTemplate{Subject: "a\r\nBcc: eve@evil.test"}, "form_param_format_invalid subject"},
		"a line break in the name":         {identity.MailTemplate{Name: "a\nb"}, "form_param_format_invalid name"},
		"NUL in the text":                  {identity.MailTemplate{Text: code + "\x00"}, "form_param_format_invalid markup"},
		"NUL in the HTML":                  {identity.MailTemplate{HTML: body + "\x00"}, "form_param_format_invalid body"},
		"a long name":                      {identity.MailTemplate{Name: strings.Repeat("ü", 101)}, "form_param_max_length_exceeded name"},
		"a long subject":                   {identity.MailTemplate{Subject: strings.Repeat("ü", 201)}, "form_param_max_length_exceeded subject"},
		"a long text":                      {identity.MailTemplate{Text: code + strings.Repeat("x", 16<<10)}, "form_param_exceeds_allowed_size markup"},
		"long HTML":                        {identity.MailTemplate{HTML: body + strings.Repeat("x", 64<<10)}, "form_param_exceeds_allowed_size body"},
		"very many placeholders":           {identity.MailTemplate{Text: strings.Repeat(code, 101)}, "form_param_array_size_exceeded markup"},
		"the markup of an editor":          {identity.MailTemplate{Text: " <re-html>" + code}, "form_param_value_invalid markup"},
		"a sender with a domain":           {identity.MailTemplate{FromName: "a@b.test"}, "form_param_format_invalid from_email_name"},
		"a sender with a line break":       {identity.MailTemplate{FromName: "a\r\nb"}, "form_param_format_invalid from_email_name"},
		"answers to two dots":              {identity.MailTemplate{ReplyToName: "a..b"}, "form_param_format_invalid reply_to_email_name"},
		"all mistakes at once":             {identity.MailTemplate{Subject: "{{a}}", Text: "b", HTML: "{{"}, unknown + " subject " + missing + " markup form_param_format_invalid body " + missing + " body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			template, _ := mail.Find(mail.VerificationCode)
			var got []string
			if err := template.Check(test.wants); err != nil {
				for _, e := range fault.All(err) {
					got = append(got, string(e.Code()), e.Meta()["param_name"].(string))
				}
			}
			if text := strings.Join(got, " "); text != test.codes {
				t.Errorf("got  %s\nwant %s", text, test.codes)
			}
		})
	}
}

func TestWords_OtherTextMakesOtherHTML(t *testing.T) {
	t.Parallel()
	template, _ := mail.Find(mail.OrganizationInvitation)
	w := template.Words(identity.MailTemplate{Text: "Hi & welcome to <{{org.name}}>:\n\n    {{action_url}}\n\nline\nbreak\n\n    fixed\n"})
	for _, want := range []string{"Hi &amp; welcome to &lt;{{org.name}}&gt;:</p>", `<a href="{{action_url}}"`, "Join</a>", "line<br>\nbreak</p>", ">fixed</td>"} {
		if !strings.Contains(w.HTML, want) {
			t.Errorf("lacks %s:\n%s", want, w.HTML)
		}
	}
	own := template.Words(identity.MailTemplate{})
	if got := template.Trim(identity.MailTemplate{Name: template.Name, Subject: own.Subject, Text: own.Text, HTML: own.HTML}); got != (identity.MailTemplate{}) {
		t.Errorf("Usher's own words count as others: %+v", got)
	}
}

func TestTemplates_AreDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/mail.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range mail.Templates() {
		row := regexp.MustCompile("(?m)^\\| `" + one.Slug + "` .*$").FindString(string(doc))
		if row == "" {
			t.Errorf("docs/mail.md has no row for %s", one.Slug)
		}
		for _, v := range one.Variables {
			name := "`" + v.Name + "`"
			if v.Required {
				name = "**" + name + "**"
			}
			if !strings.Contains(row, name) && !strings.HasPrefix(v.Name, "app.") {
				t.Errorf("docs/mail.md: the row of %s lacks %s", one.Slug, name)
			}
		}
	}
}
