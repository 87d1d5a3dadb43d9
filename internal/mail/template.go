package mail

import (
	"maps"
	"slices"
	"strings"

	"usher/internal/identity"
)

// The mails, by the slug of their template. Where Clerk sends such a mail too, the
// slug is Clerk's. Slugs are only added.
const (
	VerificationCode       = "verification_code"
	NoAccount              = "no_account"
	AccountExists          = "account_exists"
	Invitation             = "invitation"
	OrganizationInvitation = "organization_invitation"
	AffiliationCode        = "affiliation_code"
	RecordMissing          = "domain_record_missing"
	OwnershipLapsed        = "domain_ownership_lapsed"
	PrimaryEmailChanged    = "primary_email_address_changed"
	EndpointDisabled       = "webhook_endpoint_disabled"
	ConnectionChanged      = "connection_changed"
	DomainInvitation       = "domain_invitation"
)

// Variable is what a placeholder of a template may stand for. Names are only added.
type Variable struct {
	Name     string
	Required bool   // the text and the HTML must have it: without it the mail is of no use
	Sample   string // for a preview
}

// Template is a mail as Usher has it.
type Template struct {
	Slug      string
	Name      string
	Subject   string
	Text      string
	Action    string // what the button says that leads to {{action_url}}
	Variables []Variable
}

// Has reports whether the template has a variable.
func (t Template) Has(name string) bool {
	return slices.ContainsFunc(t.Variables, func(v Variable) bool { return v.Name == name })
}

// Samples are the values of a preview.
func (t Template) Samples() map[string]string {
	values := map[string]string{}
	for _, v := range t.Variables {
		values[v.Name] = v.Sample
	}
	return values
}

// Find returns the template of a slug.
func Find(slug string) (Template, bool) {
	i := slices.IndexFunc(Templates(), func(t Template) bool { return t.Slug == slug })
	if i < 0 {
		return Template{}, false
	}
	return Templates()[i], true
}

// Templates lists the mails. In a text, what is indented stands out: {{otp_code}} is
// shown large, {{action_url}} as a button.
func Templates() []Template {
	return append(codeTemplates(), append(invitationTemplates(), noticeTemplates()...)...)
}

// with adds the variables that every mail has.
func with(more ...Variable) []Variable {
	return append([]Variable{{Name: "app.name", Sample: "Acme"}, {Name: "app.url", Sample: "https://sign-in.example.com"}}, more...)
}

func code() Variable { return Variable{Name: "otp_code", Required: true, Sample: "424242"} }

func link(sample string) Variable {
	return Variable{Name: "action_url", Required: true, Sample: "https://sign-in.example.com" + sample}
}

func codeTemplates() []Template {
	return []Template{
		{
			// The subject holds the code too: it is read on a lock screen.
			Slug: VerificationCode, Name: "Verification code",
			Subject: "{{otp_code}} is your code for {{app.name}}",
			Text: `Your code for {{app.name}} is:

    {{otp_code}}

It works once, for {{expires_in_minutes}} minutes, and only in the browser that asked for it.
If you did not ask for it, ignore this mail: nobody gets in without it.
`,
			Variables: with(code(), Variable{Name: "expires_in_minutes", Sample: "10"}),
		},
		{
			Slug: NoAccount, Name: "No account",
			Subject: "No account for this address at {{app.name}}",
			Text: `Somebody asked to sign in to {{app.name}} with this address, but no account has it.

If it was you, sign up here:

    {{action_url}}

or try another address. Otherwise ignore this mail.
`,
			Action: "Sign up", Variables: with(link("/sign-up")),
		},
		{
			Slug: AccountExists, Name: "Account exists already",
			Subject: "You already have an account at {{app.name}}",
			Text: `Somebody asked to sign up at {{app.name}} with this address, but it has an account already.

If it was you, sign in here:

    {{action_url}}

Otherwise ignore this mail.
`,
			Action: "Sign in", Variables: with(link("/sign-in")),
		},
	}
}

func invitationTemplates() []Template {
	return []Template{
		{
			Slug: Invitation, Name: "Invitation",
			Subject: "You are invited to {{app.name}}",
			Text: `You are invited to make an account at {{app.name}}:

    {{action_url}}

The link works until {{expires_on}}, for this address only.
If you do not want an account, ignore this mail.
`,
			Action:    "Accept the invitation",
			Variables: with(link("/accept-invitation?ticket=…"), Variable{Name: "expires_on", Sample: "25 December 2026"}),
		},
		{
			Slug: OrganizationInvitation, Name: "Invitation to an organization",
			Subject: "Join {{org.name}} at {{app.name}}",
			Text: `{{invited_by}} invites you to join {{org.name}} at {{app.name}}:

    {{action_url}}

The link works until {{expires_on}}, for this address only.
If you do not want to join, ignore this mail.
`,
			Action: "Join",
			Variables: with(
				link("/accept-invitation?ticket=…"), Variable{Name: "expires_on", Sample: "25 December 2026"},
				Variable{Name: "org.name", Sample: "Acme Rockets"}, Variable{Name: "inviter_name", Sample: "Ada Lovelace"},
				Variable{Name: "invited_by", Sample: "Ada Lovelace of Acme Rockets"}, Variable{Name: "role_name", Sample: "Member"},
			),
		},
		{
			Slug: DomainInvitation, Name: "Invitation by a domain",
			Subject: "Join {{org.name}} at {{app.name}}",
			Text: `{{org.name}} invites everybody with an address at {{domain}} to join it at {{app.name}}:

    {{action_url}}

The link works until {{expires_on}}, for this address only.
If you do not want to join, ignore this mail.
`,
			Action: "Join",
			Variables: with(
				link("/accept-invitation?__clerk_ticket=…"), Variable{Name: "expires_on", Sample: "25 December 2026"},
				Variable{Name: "org.name", Sample: "Acme"}, Variable{Name: "domain", Sample: "acme.com"},
			),
		},
	}
}

func noticeTemplates() []Template {
	domain := []Variable{{Name: "org.name", Sample: "Acme Rockets"}, {Name: "domain", Sample: "acme.com"}}
	return []Template{
		{
			Slug: AffiliationCode, Name: "Code to verify a domain",
			Subject: "{{otp_code}} is your code to verify {{domain}}",
			Text: `Your code to verify that {{domain}} belongs to {{org.name}} at {{app.name}} is:

    {{otp_code}}

It works once, for {{expires_in_minutes}} minutes. If you did not ask for it, ignore this mail: nothing happens without it.
`,
			Variables: with(append(domain, code(), Variable{Name: "expires_in_minutes", Sample: "10"})...),
		},
		{
			Slug: RecordMissing, Name: "DNS record missing",
			Subject: "The DNS record of {{domain}} is missing",
			Text: `{{org.name}} owns {{domain}} at {{app.name}} by a TXT record in the DNS, which was not found today.

Please put it back:

    name:  {{record_name}}
    value: {{record_value}}

Everything works as before until {{ends_at}}. If the record is still missing then, the domain counts as not verified.
`,
			Variables: with(append(
				domain, Variable{Name: "record_name", Required: true, Sample: "_usher.acme.com"},
				Variable{Name: "record_value", Required: true, Sample: "usher-challenge=…"}, Variable{Name: "ends_at", Sample: "2 December 2026, 09:30 UTC"},
			)...),
		},
		{
			Slug: OwnershipLapsed, Name: "Domain no longer verified",
			Subject: "{{domain}} is no longer verified",
			Text: `The TXT record by which {{org.name}} owns {{domain}} at {{app.name}} has been missing for {{grace_days}} days, so the domain no longer counts as verified.

People who sign in through it still can. To verify the domain again, ask for a new record and put it into the DNS.
`,
			Variables: with(append(domain, Variable{Name: "grace_days", Sample: "7"})...),
		},
		{
			Slug: PrimaryEmailChanged, Name: "Primary email address changed",
			Subject: "Your primary email address at {{app.name}} was changed",
			Text: `Your account at {{app.name}} has another primary email address from now on.
Mail about the account goes there.

If you did not expect this, write to your administrator.
`,
			Variables: with(),
		},
		{
			Slug: EndpointDisabled, Name: "Webhook endpoint disabled",
			Subject: "{{app.name}}: deliveries to {{endpoint.host}} have stopped",
			Text: `Events of {{app.name}} could not be delivered to the webhook endpoint {{endpoint.id}}
({{endpoint.host}}) for three days. It has been switched off.

When it works again, switch it on over the Backend API and let it have what it
missed: PATCH /backend/v1/webhooks/endpoints/{{endpoint.id}}, then POST …/replay.
`,
			Variables: with(Variable{Name: "endpoint.id", Sample: "ep_…"}, Variable{Name: "endpoint.host", Sample: "app.example.com"}),
		},
		{
			Slug: ConnectionChanged, Name: "Single sign-on changed",
			Subject: "The single sign-on of {{org.name}} was changed",
			Text: `{{org.name}} signs in at {{app.name}} through {{connection.name}}. {{change}}

If you do not know of this change, have it looked at: the earlier settings are kept, and can be made live again.

Reference: {{revision.id}}
`,
			Variables: with(
				Variable{Name: "org.name", Sample: "Acme"}, Variable{Name: "connection.name", Sample: "Acme Okta"},
				Variable{Name: "change", Sample: "A draft of its settings was made live."}, Variable{Name: "revision.id", Sample: "entconnrev_…"},
			),
		},
	}
}

// Words are the three parts of a mail, with placeholders or without.
type Words struct{ Subject, Text, HTML string }

// Words are what the mail says where the operator wants it as t says. HTML that
// nobody wrote is made of the text, so that both say the same.
func (t Template) Words(o identity.MailTemplate) Words {
	w := Words{Subject: t.Subject, Text: t.Text, HTML: o.HTML}
	if o.Subject != "" {
		w.Subject = o.Subject
	}
	if o.Text != "" {
		w.Text = o.Text
	}
	if w.HTML == "" {
		w.HTML = t.html(w)
	}
	return w
}

// Fill puts values into the placeholders.
func (w Words) Fill(values map[string]string) Words {
	return Words{
		Subject: strings.TrimSpace(fill(w.Subject, values, plain)), Text: fill(w.Text, values, plain), HTML: fill(w.HTML, values, escaped),
	}
}

// Trim takes out of what an operator wants what Usher has so already: it follows
// when Usher's words become better ones.
func (t Template) Trim(o identity.MailTemplate) identity.MailTemplate {
	own := t.Words(identity.MailTemplate{})
	if o.Subject == own.Subject {
		o.Subject = ""
	}
	if o.Text == own.Text {
		o.Text = ""
	}
	if o.HTML == own.HTML || o.HTML == t.Words(identity.MailTemplate{Subject: o.Subject, Text: o.Text}).HTML {
		o.HTML = ""
	}
	if o.Name == t.Name {
		o.Name = ""
	}
	return o
}

// Nested is what values are as JSON: a dot in a name leads into an object.
func Nested(values map[string]string) identity.Metadata {
	out := identity.Metadata{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		nest(out, name, values[name])
	}
	return out
}
