package saml

import (
	"strconv"
	"strings"
)

// attributes reads the rest of a start tag into p.attrs and p.decls, and
// reports whether the tag closes its element.
func (p *parser) attributes() (selfClosed bool, err error) {
	p.attrs, p.decls = p.attrs[:0], p.decls[:0]
	for {
		spaced := p.skipSpace()
		switch {
		case p.has(">"):
			p.pos++
			return false, nil
		case p.has("/>"):
			p.pos += len("/>")
			return true, nil
		case !spaced:
			return false, p.fail("not_well_formed", "a malformed start tag")
		}
		prefix, local, err := p.qname()
		if err != nil {
			return false, err
		}
		value, err := p.attributeValue()
		if err != nil {
			return false, err
		}
		switch {
		case prefix == "xmlns":
			err = p.declare(local, value)
		case prefix == "" && local == "xmlns":
			err = p.declare("", value)
		case len(p.attrs) == p.lim.attributes:
			err = p.fail("limit", "more than %d attributes on one element", p.lim.attributes)
		default:
			p.attrs = append(p.attrs, attr{Prefix: prefix, Local: local, Value: value})
		}
		if err != nil {
			return false, err
		}
	}
}

// attributeValue reads ="value" with white space allowed around the sign.
func (p *parser) attributeValue() (string, error) {
	p.skipSpace()
	if !p.has("=") {
		return "", p.fail("not_well_formed", "an attribute without a value")
	}
	p.pos++
	p.skipSpace()
	if !p.has(`"`) && !p.has("'") {
		return "", p.fail("not_well_formed", "an attribute value without quotes")
	}
	quote := p.src[p.pos]
	p.pos++
	end := strings.IndexByte(p.src[p.pos:], quote)
	if end < 0 {
		return "", p.fail("not_well_formed", "an attribute value without an end")
	}
	if end > p.lim.value {
		return "", p.fail("limit", "an attribute value longer than %d bytes", p.lim.value)
	}
	raw := p.src[p.pos : p.pos+end]
	if strings.IndexByte(raw, '<') >= 0 {
		return "", p.fail("not_well_formed", "< in an attribute value")
	}
	value, err := p.decode(raw, ' ')
	p.pos += end + 1
	return value, err
}

// declare notes a namespace declaration (Namespaces in XML 1.0, section 3).
func (p *parser) declare(prefix, uri string) error {
	switch {
	case prefix == "xmlns",
		(prefix == "xml") != (uri == nsXML), // each belongs to the other only
		uri == nsXMLNS,
		prefix != "" && uri == "":
		return p.fail("namespace", "xmlns:%.40s=%.80q", prefix, uri)
	case uri != "" && !hasScheme(uri):
		// Canonicalization is undefined for these, and implementations that
		// fail there have digested nothing (threat T-XML-13).
		return p.fail("canonicalization", "the relative namespace name %.80q", uri)
	case len(p.decls) == p.lim.namespaces:
		return p.fail("limit", "more than %d namespace declarations on one element", p.lim.namespaces)
	}
	for i := range p.decls {
		if p.decls[i].prefix == prefix {
			return p.fail("not_well_formed", "the prefix %.80q declared twice", prefix)
		}
	}
	p.decls = append(p.decls, nsDecl{prefix, uri})
	return nil
}

// hasScheme reports whether the URI is absolute (RFC 3986, section 3.1).
func hasScheme(uri string) bool {
	for i := range len(uri) {
		c := uri[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case c >= '0' && c <= '9', c == '+', c == '-', c == '.':
			if i == 0 {
				return false
			}
		default:
			return c == ':' && i > 0
		}
	}
	return false
}

// resolve gives e and its attributes their namespaces, and refuses two
// attributes with one expanded name.
func (p *parser) resolve(e *element) error {
	var ok bool
	if e.Space, ok = e.lookup(e.Prefix); !ok {
		return p.fail("namespace", "the undeclared prefix %.80q", e.Prefix)
	}
	for i := range e.Attrs {
		a := &e.Attrs[i]
		if a.Prefix != "" {
			if a.Space, ok = e.lookup(a.Prefix); !ok {
				return p.fail("namespace", "the undeclared prefix %.80q", a.Prefix)
			}
		}
		for j := range i {
			if e.Attrs[j].Local == a.Local && e.Attrs[j].Space == a.Space {
				return p.fail("not_well_formed", "the attribute %.80q twice", a.Local)
			}
		}
	}
	return nil
}

// decode resolves references and normalizes white space: line ends become
// lineEnd, which is "\n" in text; in an attribute it is " ", and tabs become
// spaces too (sections 2.11, 3.3.3 and 4.1).
func (p *parser) decode(raw string, lineEnd byte) (string, error) {
	special := "&\r"
	if lineEnd == ' ' {
		special = "&\r\n\t"
	}
	next := strings.IndexAny(raw, special)
	if next < 0 {
		return raw, nil
	}
	out := make([]byte, 0, len(raw))
	for next >= 0 {
		out = append(out, raw[:next]...)
		c := raw[next]
		raw = raw[next+1:]
		switch {
		case c == '&':
			name, rest, ok := strings.Cut(raw, ";")
			if !ok {
				return "", p.fail("not_well_formed", "a reference without an end")
			}
			if out, ok = appendReference(out, name); !ok {
				return "", p.fail("not_well_formed", "the reference %.40q", "&"+name+";")
			}
			raw = rest
		case c == '\r' && strings.HasPrefix(raw, "\n"): // the line feed comes next
		default:
			out = append(out, lineEnd)
		}
		next = strings.IndexAny(raw, special)
	}
	return string(append(out, raw...)), nil
}

// appendReference appends what &name; stands for.
func appendReference(out []byte, name string) ([]byte, bool) {
	switch name {
	case "amp":
		return append(out, '&'), true
	case "lt":
		return append(out, '<'), true
	case "gt":
		return append(out, '>'), true
	case "quot":
		return append(out, '"'), true
	case "apos":
		return append(out, '\''), true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return out, false
	}
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 31)
	if err != nil || !isChar(rune(n)) {
		return out, false
	}
	return append(out, string(rune(n))...), true
}

// isChar is production 2 of XML 1.0.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
