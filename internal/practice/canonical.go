package practice

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Namespaces and the prefixes that this package writes them with.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"  // samlp
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion" // saml
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"  // md
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"    // ds
	nsEnc       = "http://www.w3.org/2001/04/xmlenc#"     // xenc
)

// Escapes of canonical XML 1.0, section 2.3: exactly these and no others.
var (
	textEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// text writes s as the content of an element.
func text(s string) string { return textEscapes.Replace(legal(s)) }

// legal replaces what XML 1.0, section 2.2, does not allow in a document.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000:
			return r
		}
		return utf8.RuneError
	}, s)
}

// at is an attribute or a namespace declaration: name and value.
type at [2]string

// open writes a start tag in the order of exclusive canonicalization:
// declarations, then plain attributes, then prefixed ones (of one namespace at
// most), each by name. Attributes with an empty value are left out.
func open(name string, attributes ...at) string {
	rank := func(a at) int {
		switch {
		case strings.HasPrefix(a[0], "xmlns:"):
			return 0
		case strings.Contains(a[0], ":"):
			return 2
		}
		return 1
	}
	slices.SortStableFunc(attributes, func(a, b at) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a[0], b[0])
	})
	var out strings.Builder
	out.WriteString("<" + name)
	for _, a := range attributes {
		if a[1] != "" {
			out.WriteString(" " + a[0] + `="` + attributeEscapes.Replace(legal(a[1])) + `"`)
		}
	}
	out.WriteString(">")
	return out.String()
}

// node writes an element around content that is XML already.
func node(name, content string, attributes ...at) string {
	return open(name, attributes...) + content + "</" + name + ">"
}

// element is an element that can be signed: its parts stay apart so that a
// signature can be put in its place, after the issuer, without searching.
type element struct {
	id                 string
	open, issuer, body string
	close              string
}

// with writes the element with a signature, or without where it is empty.
func (e element) with(signature string) string {
	return e.open + e.issuer + signature + e.body + e.close
}
