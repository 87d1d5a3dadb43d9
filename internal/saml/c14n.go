package saml

import (
	"cmp"
	"slices"
	"strings"
)

// canonicalizer writes an element by Exclusive XML Canonicalization 1.0,
// without comments: the only form that SAML signatures need
// (saml-core section 5.4.3).
type canonicalizer struct {
	// skip is left out with all it holds: the Signature that the enveloped
	// signature transform takes out. It may be nil.
	skip *element
	// inclusive lists the prefixes of an InclusiveNamespaces PrefixList; "" is
	// its #default.
	inclusive []string

	out      []byte
	rendered []nsDecl // written on the element at hand and around it
	sorted   []attr   // scratch
}

// canonicalize returns the octets of e.
func (c *canonicalizer) canonicalize(e *element) []byte {
	c.out = make([]byte, 0, e.end-e.start+256)
	c.rendered = nil
	c.element(e)
	return c.out
}

func (c *canonicalizer) element(e *element) {
	mark := len(c.rendered)
	c.out = append(c.out, '<')
	c.name(e.Prefix, e.Local)
	c.namespaces(e)
	c.attributes(e)
	c.out = append(c.out, '>')
	for _, n := range e.Children {
		switch {
		case n.kind == textNode || n.kind == cdataNode:
			c.text(n.text)
		case n.kind == elementNode && n.elem != c.skip:
			c.element(n.elem)
		}
	}
	c.out = append(c.out, "</"...)
	c.name(e.Prefix, e.Local)
	c.out = append(c.out, '>')
	c.rendered = c.rendered[:mark]
}

func (c *canonicalizer) name(prefix, local string) {
	if prefix != "" {
		c.out = append(c.out, prefix...)
		c.out = append(c.out, ':')
	}
	c.out = append(c.out, local...)
}

// namespaces writes the declarations that e needs and that are not in force
// yet: those of prefixes it visibly uses, and those of the inclusive list
// (section 3 of the specification).
func (c *canonicalizer) namespaces(e *element) {
	mark := len(c.rendered)
	c.declare(e, e.Prefix)
	for i := range e.Attrs {
		if e.Attrs[i].Prefix != "" {
			c.declare(e, e.Attrs[i].Prefix)
		}
	}
	for _, prefix := range c.inclusive {
		c.declare(e, prefix)
	}
	fresh := c.rendered[mark:]
	slices.SortFunc(fresh, func(a, b nsDecl) int { return cmp.Compare(a.prefix, b.prefix) })
	for _, d := range fresh {
		c.out = append(c.out, " xmlns"...)
		if d.prefix != "" {
			c.out = append(c.out, ':')
			c.out = append(c.out, d.prefix...)
		}
		c.attributeValue(d.uri)
	}
}

// declare notes the declaration of a prefix on e, unless the output has it
// already.
func (c *canonicalizer) declare(e *element, prefix string) {
	if prefix == "xml" {
		return // bound by definition, and never declared
	}
	uri, _ := e.lookup(prefix) // "" for a listed prefix that is not in scope
	for _, d := range slices.Backward(c.rendered) {
		if d.prefix == prefix {
			if d.uri != uri {
				c.rendered = append(c.rendered, nsDecl{prefix, uri})
			}
			return
		}
	}
	if uri != "" { // no xmlns="" where nothing was declared
		c.rendered = append(c.rendered, nsDecl{prefix, uri})
	}
}

// attributes writes the attributes by namespace, then by name.
func (c *canonicalizer) attributes(e *element) {
	c.sorted = append(c.sorted[:0], e.Attrs...)
	slices.SortFunc(c.sorted, compareAttrs)
	for i := range c.sorted {
		c.out = append(c.out, ' ')
		c.name(c.sorted[i].Prefix, c.sorted[i].Local)
		c.attributeValue(c.sorted[i].Value)
	}
}

func compareAttrs(a, b attr) int {
	if n := strings.Compare(a.Space, b.Space); n != 0 {
		return n
	}
	return strings.Compare(a.Local, b.Local)
}

func (c *canonicalizer) attributeValue(s string) {
	c.out = append(c.out, `="`...)
	from := 0
	for i := range len(s) {
		var escaped string
		switch s[i] {
		case '&':
			escaped = "&amp;"
		case '<':
			escaped = "&lt;"
		case '"':
			escaped = "&quot;"
		case '\t':
			escaped = "&#x9;"
		case '\n':
			escaped = "&#xA;"
		case '\r':
			escaped = "&#xD;"
		default:
			continue
		}
		c.out = append(c.out, s[from:i]...)
		c.out = append(c.out, escaped...)
		from = i + 1
	}
	c.out = append(c.out, s[from:]...)
	c.out = append(c.out, '"')
}

func (c *canonicalizer) text(s string) {
	from := 0
	for i := range len(s) {
		var escaped string
		switch s[i] {
		case '&':
			escaped = "&amp;"
		case '<':
			escaped = "&lt;"
		case '>':
			escaped = "&gt;"
		case '\r':
			escaped = "&#xD;"
		default:
			continue
		}
		c.out = append(c.out, s[from:i]...)
		c.out = append(c.out, escaped...)
		from = i + 1
	}
	c.out = append(c.out, s[from:]...)
}
