package practice

import (
	"fmt"
	"strings"
)

func personRows() []row {
	return []row{
		{
			"transient-nameid", "T-SAML-31", "nameid unless a stable user_id attribute is mapped", "Names the person differently at each sign-in.",
			func(d *draft) { d.nameID, d.nameIDFormat = newID(), formatTransient },
		},
		{
			"no-nameid", "T-SAML-31", "nameid", "Does not name the person.",
			func(d *draft) { d.nameIDFormat = "" },
		},
		{
			"empty-nameid", "T-SAML-31", "nameid", "Names the person with nothing.",
			func(d *draft) { d.nameID = "" },
		},
		{
			"long-nameid", "T-SAML-31", "nameid", "Names the person with 1,025 letters.",
			func(d *draft) { d.nameID = strings.Repeat("n", 1025) },
		},
		{
			"email-nameid", "T-SAML-31", "", "Names the person by address.",
			func(d *draft) { d.nameID, d.nameIDFormat = d.mail(), formatEmail },
		},
		{
			"unspecified-nameid", "T-SAML-31", "", "Names the person without saying what kind of name it is.",
			func(d *draft) { d.nameIDFormat = formatUnspecified },
		},
		{
			"nested-value", "T-XML-32", "", "Has attributes with elements for values, with no value, and with odd types.",
			func(d *draft) {
				xsi := at{"xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"}
				d.moreAttributes = node("saml:Attribute",
					node("saml:AttributeValue", node("saml:NameID", "nested"))+
						node("saml:AttributeValue", "", xsi, at{"xsi:nil", "true"})+
						node("saml:AttributeValue", "typed", xsi, at{"xsi:type", "practice:odd"}),
					at{"Name", "practice_odd"})
			},
		},
		{
			"many-groups", "T-DOS-15", "", "The person is in a thousand groups.",
			func(d *draft) {
				groups := make([]string, 1000)
				for n := range groups {
					groups[n] = fmt.Sprintf("group-%04d", n)
				}
				d.attributes = append(d.attributes, attribute{name: "practice_groups", values: groups})
			},
		},
		{
			"odd-claims", "T-SAML-33", "", "Has attributes that try to set a role, private data and __proto__.",
			func(d *draft) {
				for _, name := range []string{"public_metadata___proto__", "public_metadata_", "private_metadata_role", "role", "organization_id"} {
					d.attributes = append(d.attributes, attribute{name: name, values: []string{"org:admin"}})
				}
			},
		},
		{
			"markup-in-name", "T-SAML-33", "", "The person's name and an attribute consist of markup.",
			func(d *draft) {
				d.attributes[1].values = []string{`<script>alert("1")</script>`}
				d.attributes[2].values = []string{`'"><img src=x onerror=alert(1)>`}
			},
		},
	}
}

func mailRows() []row {
	const missing, mismatch = "saml_user_attribute_missing", "saml_email_address_domain_mismatch"
	as := func(change func(mail, domain string) string) func(*draft) {
		return func(d *draft) { d.set(d.mailName, change(d.mail(), d.domain())) }
	}
	local := func(mail string) string { return mail[:max(strings.LastIndex(mail, "@"), 0)] }
	return []row{
		{
			"no-mail", "T-SAML-32", missing, "Leaves out the address.",
			func(d *draft) { d.set(d.mailName) },
		},
		{
			"blank-mail", "T-SAML-32", missing, "Gives an address of blanks.",
			as(func(string, string) string { return "  " }),
		},
		{
			"two-mails", "T-SAML-32", missing, "Gives two addresses.",
			func(d *draft) { d.set(d.mailName, d.mail(), "second@"+d.domain()) },
		},
		{
			"friendly-name-mail", "T-SAML-32", missing, "Gives the address in an attribute that is only displayed as the right one.",
			func(d *draft) {
				mail := d.mail()
				d.set(d.mailName)
				d.attributes = append(d.attributes, attribute{name: "urn:practice:other", friendlyName: d.mailName, values: []string{mail}})
			},
		},
		{
			"same-mail-twice", "T-SAML-32", "", "Gives the same address twice, once in capital letters.",
			func(d *draft) { d.set(d.mailName, d.mail(), strings.ToUpper(d.mail())) },
		},
		{
			"mail-capitals", "T-SAML-32", "", "Gives the address in capital letters.",
			as(func(mail, _ string) string { return strings.ToUpper(mail) }),
		},
		{
			"other-domain", "T-SAML-23", mismatch, "Gives an address at a domain that is somebody else's.",
			as(func(mail, _ string) string { return local(mail) + "@somebody-else.test" }),
		},
		{
			"subdomain", "T-SAML-23", mismatch + " unless the connection speaks for subdomains", "Gives an address at a subdomain.",
			as(func(mail, domain string) string { return local(mail) + "@eu." + domain }),
		},
		{
			"other-address", "T-SAML-24", mismatch + " unless no address was typed to begin with", "Gives another address at the right domain.",
			as(func(_, domain string) string { return "somebody.else@" + domain }),
		},
		{
			"lookalike-domain", "T-SAML-23", mismatch, "Gives an address at a domain that looks alike: a Cyrillic letter in it.",
			as(func(mail, domain string) string {
				return local(mail) + "@" + strings.NewReplacer("a", "а", "e", "е", "o", "о").Replace(domain)
			}),
		},
		{
			"dotted-domain", "T-SAML-23", mismatch, "Gives an address at a domain with a dot at its end.",
			as(func(mail, _ string) string { return mail + "." }),
		},
		{
			"quoted-mail", "T-SAML-23", mismatch, "Gives an address whose quoted part holds the right domain.",
			as(func(mail, _ string) string { return `"` + mail + `"@somebody-else.test` }),
		},
	}
}
