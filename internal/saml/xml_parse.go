package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// xmlSpace is the white space of XML 1.0, production 3.
const xmlSpace = " \t\r\n"

// parseXML reads a whole document: namespace-aware, strict, in one pass.
//
// It is narrower than XML 1.0 on purpose: UTF-8 only, no document type
// declaration, no processing instruction, no relative namespace name, and the
// limits. Nothing outside the five predefined entities is ever resolved. An
// error holds a *refusal.
func parseXML(raw []byte, lim limits) (*element, error) {
	return parseXMLWithin(raw, lim, nil)
}

// parseXMLWithin reads a document that was cut out of another and may use the
// namespace declarations that are in scope there. They count as declarations of
// its root.
func parseXMLWithin(raw []byte, lim limits, scope []nsDecl) (*element, error) {
	if len(raw) > lim.bytes {
		return nil, &refusal{"limit", fmt.Sprintf("at most %d bytes", lim.bytes), fmt.Sprintf("%d bytes", len(raw))}
	}
	if err := checkCharacters(raw); err != nil {
		return nil, err
	}
	p := &parser{src: string(raw), lim: lim, inherited: scope}
	p.src = strings.TrimPrefix(p.src, byteOrderMark)
	if err := p.document(); err != nil {
		return nil, err
	}
	return p.root, nil
}

const byteOrderMark = "\uFEFF"

// checkCharacters refuses bytes that are not UTF-8 and characters that XML 1.0,
// production 2, leaves out.
func checkCharacters(raw []byte) error {
	if !utf8.Valid(raw) {
		return &refusal{"encoding", "UTF-8", "bytes that are not UTF-8"}
	}
	for i, c := range raw {
		switch {
		case c >= 0x20 && c != 0xEF:
		case c == 0:
			return &refusal{"encoding", "UTF-8 text", fmt.Sprintf("a NUL at byte %d", i)}
		case c == 0xEF:
			// U+FFFE and U+FFFF are EF BF BE and EF BF BF; utf8.Valid has made
			// sure of the two bytes that follow.
			if raw[i+1] == 0xBF && raw[i+2] >= 0xBE {
				return &refusal{"not_well_formed", "characters that XML allows", fmt.Sprintf("U+FFFE or U+FFFF at byte %d", i)}
			}
		case c != '\t' && c != '\n' && c != '\r':
			return &refusal{"not_well_formed", "characters that XML allows", fmt.Sprintf("U+%04X at byte %d", c, i)}
		}
	}
	return nil
}

// parser holds the state of one pass. Children, attributes and declarations are
// collected in scratch slices and copied into slabs when their element is
// complete, so that a document costs few allocations.
type parser struct {
	src  string
	pos  int
	lim  limits
	root *element
	cur  *element // the innermost open element

	inherited []nsDecl // in scope around the root

	depth, count, scope int

	open  []node // children of all open elements, innermost last
	marks []int  // where the children of each open element begin in open

	attrs []attr   // of the start tag being read
	decls []nsDecl // of the start tag being read

	elements slab[element]
	nodes    slab[node]
	attrSlab slab[attr]
	nsSlab   slab[nsDecl]
}

// fail makes a refusal that names the line.
func (p *parser) fail(reason, format string, args ...any) error {
	pos := min(p.pos, len(p.src))
	line := 1 + strings.Count(p.src[:pos], "\n")
	return &refusal{reason, "", fmt.Sprintf(format, args...) + fmt.Sprintf(", line %d", line)}
}

func (p *parser) document() error {
	if err := p.declaration(); err != nil {
		return err
	}
	for p.pos < len(p.src) {
		var err error
		switch {
		case p.src[p.pos] != '<':
			err = p.characters()
		case p.has("</"):
			err = p.endTag()
		case p.has("<!--"):
			err = p.comment()
		case p.has("<![CDATA["):
			err = p.cdata()
		case p.has("<!DOCTYPE"):
			err = p.fail("dtd", "a document type declaration")
		case p.has("<?"):
			err = p.fail("processing_instruction", "a processing instruction")
		default:
			err = p.startTag()
		}
		if err != nil {
			return err
		}
	}
	if p.root == nil || p.cur != nil {
		return p.fail("not_well_formed", "a document that ends too early")
	}
	return nil
}

func (p *parser) has(prefix string) bool {
	return strings.HasPrefix(p.src[p.pos:], prefix)
}

func (p *parser) skipSpace() bool {
	from := p.pos
	for p.pos < len(p.src) && isSpace(p.src[p.pos]) {
		p.pos++
	}
	return p.pos > from
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

// declaration reads <?xml version="1.0" encoding="UTF-8" standalone="yes"?> at
// the first byte (production 23); it is optional.
func (p *parser) declaration() error {
	if !p.has("<?xml") || len(p.src) < 6 || !isSpace(p.src[5]) {
		return nil
	}
	end := strings.Index(p.src, "?>")
	if end < 0 {
		return p.fail("not_well_formed", "an XML declaration without an end")
	}
	body := p.src[len("<?xml"):end]
	for i, name := range []string{"version", "encoding", "standalone"} {
		value, rest, ok := pseudoAttribute(body, name)
		if !ok {
			if i == 0 {
				return p.fail("not_well_formed", "an XML declaration without a version")
			}
			continue
		}
		body = rest
		switch name {
		case "version":
			ok = value == "1.0"
		case "standalone":
			ok = value == "yes" || value == "no"
		case "encoding":
			if !strings.EqualFold(value, "UTF-8") {
				return p.fail("encoding", "encoding %.40q", value)
			}
		}
		if !ok {
			return p.fail("not_well_formed", "%s=%.40q in the XML declaration", name, value)
		}
	}
	if strings.Trim(body, xmlSpace) != "" {
		return p.fail("not_well_formed", "a malformed XML declaration")
	}
	p.pos = end + len("?>")
	return nil
}

// pseudoAttribute cuts ` name="value"` off the front of s.
func pseudoAttribute(s, name string) (value, rest string, ok bool) {
	t := strings.TrimLeft(s, xmlSpace)
	if len(t) == len(s) {
		return "", "", false
	}
	if t, ok = strings.CutPrefix(t, name); !ok {
		return "", "", false
	}
	t = strings.TrimLeft(t, xmlSpace)
	if t, ok = strings.CutPrefix(t, "="); !ok {
		return "", "", false
	}
	t = strings.TrimLeft(t, xmlSpace)
	if t == "" || (t[0] != '"' && t[0] != '\'') {
		return "", "", false
	}
	return strings.Cut(t[1:], t[:1])
}

// characters reads a run of text up to the next markup.
func (p *parser) characters() error {
	end := strings.IndexByte(p.src[p.pos:], '<')
	if end < 0 {
		end = len(p.src) - p.pos
	}
	raw := p.src[p.pos : p.pos+end]
	if p.cur == nil {
		if strings.Trim(raw, xmlSpace) == "" {
			p.pos += end
			return nil
		}
		if strings.HasPrefix(strings.TrimLeft(raw, xmlSpace), byteOrderMark) {
			return p.fail("encoding", "a byte order mark that is not at the start")
		}
		return p.fail("not_well_formed", "text outside the root element")
	}
	if len(raw) > p.lim.value {
		return p.fail("limit", "more than %d bytes of text", p.lim.value)
	}
	if strings.Contains(raw, "]]>") {
		return p.fail("not_well_formed", "]]> in text")
	}
	text, err := p.decode(raw, '\n')
	if err != nil {
		return err
	}
	p.pos += end
	p.open = append(p.open, node{kind: textNode, text: text})
	return nil
}

func (p *parser) comment() error {
	body := p.src[p.pos+len("<!--"):]
	end := strings.Index(body, "--")
	if end < 0 || !strings.HasPrefix(body[end:], "-->") {
		return p.fail("not_well_formed", "a malformed comment")
	}
	if end > p.lim.value {
		return p.fail("limit", "more than %d bytes of comment", p.lim.value)
	}
	p.pos += len("<!--") + end + len("-->")
	if p.cur != nil { // comments around the root have no meaning and are dropped
		p.open = append(p.open, node{kind: commentNode, text: newlines(body[:end])})
	}
	return nil
}

func (p *parser) cdata() error {
	body := p.src[p.pos+len("<![CDATA["):]
	end := strings.Index(body, "]]>")
	switch {
	case end < 0:
		return p.fail("not_well_formed", "a CDATA section without an end")
	case p.cur == nil:
		return p.fail("not_well_formed", "a CDATA section outside the root element")
	case end > p.lim.value:
		return p.fail("limit", "more than %d bytes of text", p.lim.value)
	}
	p.pos += len("<![CDATA[") + end + len("]]>")
	p.open = append(p.open, node{kind: cdataNode, text: newlines(body[:end])})
	return nil
}

// newlines replaces CR and CR LF by LF (section 2.11).
func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// startTag reads <name …> or <name …/>.
func (p *parser) startTag() error {
	start := p.pos
	p.pos++
	if p.root != nil && p.cur == nil {
		return errors.Join(p.fail("not_well_formed", "a second root element"), errSecondRoot)
	}
	if p.count++; p.count > p.lim.elements {
		return p.fail("limit", "more than %d elements", p.lim.elements)
	}
	if p.depth++; p.depth > p.lim.depth {
		return p.fail("limit", "elements nested deeper than %d", p.lim.depth)
	}
	prefix, local, err := p.qname()
	if err != nil {
		return err
	}
	selfClosed, err := p.attributes()
	if err != nil {
		return err
	}
	if p.root == nil {
		p.inherit()
	}
	e := p.elements.one()
	*e = element{
		Prefix: prefix, Local: local, Parent: p.cur, start: start,
		Attrs: p.attrSlab.keep(p.attrs), ns: p.nsSlab.keep(p.decls),
	}
	if p.scope += len(e.ns); p.scope > p.lim.scope {
		return p.fail("limit", "more than %d namespace declarations in scope", p.lim.scope)
	}
	if err := p.resolve(e); err != nil {
		return err
	}
	if p.cur == nil {
		p.root = e
	} else {
		p.open = append(p.open, node{kind: elementNode, elem: e})
	}
	p.cur = e
	p.marks = append(p.marks, len(p.open))
	if selfClosed {
		p.closeElement()
	}
	return nil
}

// inherit adds the declarations around the root to its own.
func (p *parser) inherit() {
	own := len(p.decls)
	for _, d := range p.inherited {
		if !slices.ContainsFunc(p.decls[:own], func(o nsDecl) bool { return o.prefix == d.prefix }) {
			p.decls = append(p.decls, d)
		}
	}
}

// closeElement ends the innermost open element at the current position.
func (p *parser) closeElement() {
	e := p.cur
	last := len(p.marks) - 1
	e.Children = p.nodes.keep(p.open[p.marks[last]:])
	e.end = p.pos
	p.open = p.open[:p.marks[last]]
	p.marks = p.marks[:last]
	p.scope -= len(e.ns)
	p.depth--
	p.cur = e.Parent
}

func (p *parser) endTag() error {
	p.pos += len("</")
	if p.cur == nil {
		return p.fail("not_well_formed", "an end tag without a start")
	}
	prefix, local, err := p.qname()
	if err != nil {
		return err
	}
	if prefix != p.cur.Prefix || local != p.cur.Local {
		return p.fail("not_well_formed", "end tag %.80q for %.80q", local, p.cur.Local)
	}
	p.skipSpace()
	if !p.has(">") {
		return p.fail("not_well_formed", "a malformed end tag")
	}
	p.pos++
	p.closeElement()
	return nil
}

// qname reads a qualified name: one colon at most, with something on both
// sides (Namespaces in XML 1.0, production 7).
func (p *parser) qname() (prefix, local string, err error) {
	first, ok := p.ncname()
	if !ok {
		return "", "", p.fail("not_well_formed", "a malformed name")
	}
	from := p.pos - len(first)
	local = first
	if p.has(":") {
		p.pos++
		prefix = first
		if local, ok = p.ncname(); !ok { // a second colon is no start of anything
			return "", "", p.fail("not_well_formed", "a malformed name after %.80q", prefix+":")
		}
	}
	if p.pos-from > p.lim.name {
		return "", "", p.fail("limit", "a name longer than %d bytes", p.lim.name)
	}
	return prefix, local, nil
}

// ncname reads a name without a colon; ok is false where there is none.
func (p *parser) ncname() (name string, ok bool) {
	from := p.pos
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if c < utf8.RuneSelf {
			if !isNameByte(c, p.pos == from) {
				break
			}
			p.pos++
			continue
		}
		r, size := utf8.DecodeRuneInString(p.src[p.pos:])
		if !isNameRune(r, p.pos == from) {
			break
		}
		p.pos += size
	}
	return p.src[from:p.pos], p.pos > from
}

func isNameByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		return true
	case c >= '0' && c <= '9', c == '-', c == '.':
		return !first
	}
	return false
}

// isNameRune is productions 4 and 4a of XML 1.0, fifth edition, from U+0080 on.
func isNameRune(r rune, first bool) bool {
	switch {
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r >= 0x203F && r <= 0x2040:
		return !first
	case r >= 0xC0 && r <= 0xD6, r >= 0xD8 && r <= 0xF6, r >= 0xF8 && r <= 0x2FF,
		r >= 0x370 && r <= 0x37D, r >= 0x37F && r <= 0x1FFF, r >= 0x200C && r <= 0x200D,
		r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF, r >= 0x3001 && r <= 0xD7FF,
		r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD, r >= 0x10000 && r <= 0xEFFFF:
		return true
	}
	return false
}

// slab hands out slices that share allocations. What it has handed out is never
// moved.
type slab[T any] struct {
	free []T
	size int // of the last allocation, in items
}

func (s *slab[T]) take(n int) []T {
	if len(s.free) < n {
		s.size = min(max(2*s.size, 32), 1024)
		s.free = make([]T, max(s.size, n))
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

func (s *slab[T]) one() *T { return &s.take(1)[0] }

// keep returns a copy of the list.
func (s *slab[T]) keep(list []T) []T {
	out := s.take(len(list))
	copy(out, list)
	return out
}
