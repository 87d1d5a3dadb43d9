package saml

import (
	"strings"
	"unicode/utf8"
)

// Namespaces that we write, with the prefixes we give them.
const (
	declSAMLP = ` xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"`
	declSAML  = ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`
	declMD    = ` xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"`
	declDS    = ` xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`
)

// What Usher writes is exclusive canonical XML from the start: namespace
// declarations before attributes, attributes sorted by name, no empty-element
// tags, and the escapes below. So it can be digested as it stands.

// The escapes of canonical XML 1.0, section 2.3.
var (
	textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attrEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;",
		"\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// writeText returns s as the content of an element.
func writeText(s string) string { return textEscapes.Replace(legalXML(s)) }

// writeAttr returns an attribute, with the space before it.
func writeAttr(name, value string) string {
	return " " + name + `="` + attrEscapes.Replace(legalXML(value)) + `"`
}

// writeBool returns an attribute of type xs:boolean, with the space before it.
func writeBool(name string, value bool) string {
	if value {
		return " " + name + `="true"`
	}
	return " " + name + `="false"`
}

// writeElement returns an element that holds only text.
func writeElement(name, text string) string {
	return "<" + name + ">" + writeText(text) + "</" + name + ">"
}

// legalXML replaces what no XML document can hold, not even escaped
// (XML 1.0, section 2.2), by U+FFFD.
func legalXML(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return r
		case r < 0x20 || r == 0xFFFE || r == 0xFFFF:
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}
