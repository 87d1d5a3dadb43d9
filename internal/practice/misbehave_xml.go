package practice

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// inNameID puts XML into the middle of the NameID of a finished document.
func (d *draft) inNameID(content string) func(string) string {
	return func(document string) string {
		half := len(d.nameID) / 2
		for half > 0 && half < len(d.nameID) && d.nameID[half]&0xC0 == 0x80 {
			half-- // not within a character
		}
		const end = "</saml:NameID>"
		return strings.ReplaceAll(document, text(d.nameID)+end, text(d.nameID[:half])+content+text(d.nameID[half:])+end)
	}
}

// rewritten replaces the whole document.
func rewritten(change func(document string) string) func(*draft) {
	return func(d *draft) { d.rewrite = change }
}

func xmlRows() []row { //nolint:funlen // a table
	return []row{
		{
			"comment-in-nameid", "T-XML-04", "", "Has a comment within the person's name, which must be read whole.",
			func(d *draft) { d.tamper = d.inNameID("<!-- a comment -->") },
		},
		{
			"comment-truncation", "T-XML-04", "saml_email_address_domain_mismatch", "An address at another domain, made to end early by a comment.",
			func(d *draft) {
				const rest = ".somebody-else.test"
				victim := d.victim()
				d.set(d.mailName, victim+rest)
				d.nameID = victim + rest
				d.tamper = func(s string) string {
					return strings.ReplaceAll(s, text(victim+rest)+"</", text(victim)+"<!---->"+text(rest)+"</")
				}
			},
		},
		{
			"processing-instruction", "T-XML-03", "processing_instruction", "Has a processing instruction within the person's name.",
			func(d *draft) {
				d.nameIDXML = d.inNameID("<?practice not-an-?>")(node("saml:NameID", text(d.nameID), at{"Format", d.nameIDFormat}))
			},
		},
		{
			"cdata-in-nameid", "T-XML-04", "", "Has the person's name half in a CDATA section.",
			func(d *draft) {
				d.tamper = func(s string) string {
					if d.nameID == "" || d.nameID[0] >= 0x80 {
						return s
					}
					return strings.Replace(s, text(d.nameID)+"</saml:NameID>", "<![CDATA["+d.nameID[:1]+"]]>"+text(d.nameID[1:])+"</saml:NameID>", 1)
				}
			},
		},
		{
			"character-reference", "T-XML-02", "", "Has a letter of the address as a number.",
			func(d *draft) {
				mail := text(d.mail())
				d.tamper = func(s string) string { return strings.ReplaceAll(s, mail, strings.Replace(mail, "@", "&#x40;", 1)) }
			},
		},
		{
			"dtd", "T-XML-01", "dtd", "Begins with a document type.",
			rewritten(func(s string) string { return "<!DOCTYPE Response>" + s }),
		},
		{
			"external-entity", "T-XML-01", "dtd", "Refers to a file of the service provider's.",
			func(d *draft) {
				d.rewrite = func(s string) string {
					return `<!DOCTYPE Response [<!ENTITY file SYSTEM "file:///etc/hostname">]>` + d.inNameID("&file;")(s)
				}
			},
		},
		{
			"entity-bomb", "T-XML-01", "dtd", "Expands to a thousand million words.",
			func(d *draft) {
				dtd := `<!DOCTYPE Response [<!ENTITY e0 "lol">`
				for n := 1; n < 10; n++ {
					dtd += fmt.Sprintf(`<!ENTITY e%d "%s">`, n, strings.Repeat(fmt.Sprintf("&e%d;", n-1), 10))
				}
				d.rewrite = func(s string) string { return dtd + "]>" + d.inNameID("&e9;")(s) }
			},
		},
		{
			"foreign-attributes", "T-XML-11", "", "Has attributes in a namespace of its own beside the real ones.",
			func(d *draft) {
				d.assertionMore = []at{{"xmlns:evil", "urn:practice:evil"}, {"evil:IssueInstant", "never"}, {"evil:Version", "1.0"}}
				d.responseMore = []at{{"xmlns:evil", "urn:practice:evil"}, {"evil:Destination", "https://somebody-else.test/"}, {"evil:InResponseTo", "_other"}}
			},
		},
		{
			"foreign-assertion", "T-XML-12", "assertion_count or namespace", "Makes its statement in a namespace of its own.",
			func(d *draft) {
				d.arrange = func(e element, s string) string {
					e.open = strings.Replace(e.open, "<saml:Assertion", `<evil:Assertion xmlns:evil="urn:practice:evil"`, 1)
					e.close = "</evil:Assertion>"
					return e.with(s)
				}
			},
		},
		{
			"saml11-assertion", "T-XML-12", "assertion_count or namespace or version", "Makes its statement in SAML 1.1.",
			func(d *draft) {
				d.arrange = func(element, string) string {
					return node("saml1:Assertion", "", at{"xmlns:saml1", "urn:oasis:names:tc:SAML:1.0:assertion"},
						at{"AssertionID", d.assertionID}, at{"IssueInstant", d.instant}, at{"Issuer", d.issuer}, at{"MajorVersion", "1"}, at{"MinorVersion", "1"})
				}
			},
		},
		{
			"namespace-reserved", "T-XML-12", "namespace or not_well_formed", "Gives the prefix xml another meaning.",
			func(d *draft) { d.responseMore = []at{{"xmlns:xml", "urn:practice:evil"}} },
		},
		{
			"namespace-unbound", "T-XML-12", "namespace or not_well_formed", "Gives a prefix no meaning.",
			rewritten(func(s string) string { return strings.Replace(s, " ID=", ` xmlns:p="" ID=`, 1) }),
		},
	}
}

func malformedRows() []row {
	toUTF16 := func(s string) string {
		out := []byte{0xFF, 0xFE}
		for _, unit := range utf16.Encode([]rune(s)) {
			out = binary.LittleEndian.AppendUint16(out, unit)
		}
		return string(out)
	}
	return []row{
		{
			"xml-declaration", "T-XML-29", "", "Begins by saying that it is XML in UTF-8.",
			rewritten(func(s string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + s }),
		},
		{
			"broken-lines", "T-XML-30", "", "Is posted in lines of 76 letters.",
			func(d *draft) {
				d.encode = func(s string) string {
					var out strings.Builder
					for ; len(s) > 76; s = s[76:] {
						out.WriteString(s[:76] + "\r\n")
					}
					return out.String() + s + "\r\n"
				}
			},
		},
		{
			"undeclared-entity", "T-XML-02", "not_well_formed", "Refers to something that is not defined.",
			func(d *draft) { d.rewrite = d.inNameID("&nbsp;") },
		},
		{
			"nul-reference", "T-XML-02", "not_well_formed", "Has a character in it that XML does not allow.",
			func(d *draft) { d.rewrite = d.inNameID("&#0;") },
		},
		{
			"duplicate-attribute", "T-XML-10", "not_well_formed", "Says its version twice.",
			rewritten(func(s string) string { return strings.Replace(s, ` Version="`, ` Version="2.0" Version="`, 1) }),
		},
		{
			"duplicate-attribute-prefixed", "T-XML-10", "not_well_formed", "Has the same attribute under two prefixes.",
			rewritten(func(s string) string {
				return strings.Replace(s, " ID=", ` xmlns:a="urn:practice:x" xmlns:b="urn:practice:x" a:y="1" b:y="2" ID=`, 1)
			}),
		},
		{
			"odd-names", "T-XML-28", "not_well_formed or namespace", "Has an element that is named with a colon only.",
			rewritten(func(s string) string { return strings.Replace(s, "<samlp:Status>", "<:a></:a><samlp:Status>", 1) }),
		},
		{"utf-16", "T-XML-29", "encoding", "Is written in UTF-16.", rewritten(toUTF16)},
		{
			"latin-1", "T-XML-29", "encoding", "Says that it is written in ISO 8859-1.",
			rewritten(func(s string) string { return `<?xml version="1.0" encoding="ISO-8859-1"?>` + s }),
		},
		{
			"invalid-utf8", "T-XML-29", "encoding", "Has octets in it that are not UTF-8.",
			func(d *draft) { d.rewrite = d.inNameID("\xC0\xAF") },
		},
		{
			"byte-order-mark-inside", "T-XML-29", "not_well_formed or encoding", "Has a byte order mark where none belongs.",
			rewritten(func(s string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + "\uFEFF" + s }),
		},
		{
			"two-roots", "T-XML-30", "not_well_formed", "Is two documents in one.",
			rewritten(func(s string) string { return s + s }),
		},
		{
			"text-after-root", "T-XML-30", "not_well_formed", "Goes on after its end.",
			rewritten(func(s string) string { return s + "and so on" }),
		},
		{
			"cut-off", "T-XML-30", "not_well_formed", "Ends in the middle.",
			rewritten(func(s string) string { return s[:len(s)/2] }),
		},
		{"empty", "T-XML-30", "not_well_formed or encoding", "Is empty.", rewritten(func(string) string { return "" })},
		{
			"not-base64", "T-XML-30", "encoding", "Is posted with letters that base64 does not have.",
			func(d *draft) { d.encode = func(s string) string { return "@@@@" + s } },
		},
	}
}

// padding is an attribute that the service provider does not ask for.
func padding(content string) string {
	return node("saml:Attribute", content, at{"Name", "practice_padding"})
}

func sizeRows() []row {
	const want = "limit"
	return []row{
		{
			"huge", "T-DOS-02", "limit or request_body_too_large", "Has 600 KiB, or as many as the parameter says.",
			func(d *draft) {
				if d.param == "" {
					d.param = "600"
				}
				kib, err := strconv.Atoi(d.param)
				if err != nil || kib < 0 || kib > 64<<10 {
					d.fail("%q is not a number of KiB up to 65536", d.param)
					return
				}
				d.moreAttributes = padding(strings.Repeat(node("saml:AttributeValue", strings.Repeat("x", 1024)), kib))
			},
		},
		{
			"deep", "T-DOS-03", want, "Has forty elements within each other.",
			func(d *draft) {
				const depth = 40
				d.moreAttributes = padding(node("saml:AttributeValue",
					open("x:n", at{"xmlns:x", "urn:practice:x"})+strings.Repeat("<x:n>", depth-1)+strings.Repeat("</x:n>", depth)))
			},
		},
		{
			"many-elements", "T-DOS-03", want, "Has more than ten thousand elements.",
			func(d *draft) {
				d.moreAttributes = padding(node("saml:AttributeValue",
					node("x:n", strings.Repeat("<x:n></x:n>", 10_000), at{"xmlns:x", "urn:practice:x"})))
			},
		},
		{
			"many-attributes", "T-DOS-03", want, "Has an element with seventy attributes.",
			func(d *draft) {
				for n := range 70 {
					d.responseMore = append(d.responseMore, at{fmt.Sprintf("a%02d", n), "1"})
				}
			},
		},
		{
			"many-namespaces", "T-DOS-03", want, "Has an element that declares forty prefixes.",
			func(d *draft) {
				for n := range 40 {
					d.responseMore = append(d.responseMore, at{fmt.Sprintf("xmlns:n%02d", n), "urn:practice:x"})
				}
			},
		},
		{
			"long-name", "T-DOS-03", want, "Has an element with a name of 1,100 letters.",
			func(d *draft) {
				d.moreAttributes = padding(node("saml:AttributeValue", node("x:"+strings.Repeat("n", 1100), "", at{"xmlns:x", "urn:practice:x"})))
			},
		},
		{
			"long-value", "T-DOS-03", want, "Has an attribute value of 130 KiB.",
			func(d *draft) {
				d.moreAttributes = padding(node("saml:AttributeValue", strings.Repeat("x", 130<<10)))
			},
		},
	}
}
