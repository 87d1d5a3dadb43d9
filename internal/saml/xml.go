package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Namespaces that the package reads or writes.
const (
	nsXML       = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS     = "http://www.w3.org/2000/xmlns/"
	nsXSI       = "http://www.w3.org/2001/XMLSchema-instance"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsDSig      = "http://www.w3.org/2000/09/xmldsig#"
	nsDSig11    = "http://www.w3.org/2009/xmldsig11#"
	nsXEnc      = "http://www.w3.org/2001/04/xmlenc#"
	nsXEnc11    = "http://www.w3.org/2009/xmlenc11#"
	nsExcC14N   = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// limits bound what one document may cost. Each is a count, or a size in bytes.
// The numbers are ours (threats T-DOS-02, T-DOS-03, T-DOS-06); the largest of
// 150 real responses has 15 KB, depth 9, 73 elements, 11 attributes on one.
type limits struct {
	bytes      int // of the whole document
	depth      int // of nested elements
	elements   int
	attributes int // on one element
	namespaces int // declarations on one element
	scope      int // declarations on one element and its ancestors together
	name       int // bytes of one qualified name
	value      int // bytes of one attribute value, or of one run of text
}

// responseLimits are for what a browser brings from an identity provider.
func responseLimits() limits {
	return limits{
		bytes: 384 << 10, depth: 32, elements: 10_000, attributes: 64,
		namespaces: 32, scope: 128, name: 1 << 10, value: 128 << 10,
	}
}

// metadataLimits are for metadata, which may be a federation's aggregate.
func metadataLimits() limits {
	l := responseLimits()
	l.bytes, l.elements = 5<<20, 100_000
	return l
}

// refusal is why hostile input was turned away. It becomes the detail of a
// fault: reason is a stable name, the rest is for an administrator.
type refusal struct {
	reason   string
	expected string
	received string
}

func (r *refusal) Error() string {
	s := r.reason
	if r.expected != "" {
		s += ": expected " + r.expected
	}
	if r.received != "" {
		s += ", received " + r.received
	}
	return s
}

// reasonOf returns the reason of the refusal that err holds, "" for none.
func reasonOf(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.reason
	}
	return ""
}

// errSecondRoot marks the refusal of an element after the root element, which
// is one more way to bring two assertions.
var errSecondRoot = errors.New("a second root element")

// element is an element of a parsed document. Strings share the memory of the
// document.
type element struct {
	Space, Prefix, Local string // Space is the namespace URI, "" for none
	Attrs                []attr // in document order, without namespace declarations
	Children             []node
	Parent               *element // nil for the root

	ns         []nsDecl // declarations made on this element
	start, end int      // in the document, in bytes: the element is [start, end)
}

// attr is an attribute. Space is "" for one without a prefix: the default
// namespace does not apply to attributes.
type attr struct {
	Space, Prefix, Local, Value string
}

// nsDecl is xmlns:prefix="uri"; the prefix of a default declaration is "".
type nsDecl struct {
	prefix, uri string
}

type nodeKind uint8

const (
	textNode nodeKind = iota
	cdataNode
	commentNode
	elementNode
)

// node is a child of an element. Text is decoded: references are resolved and
// line ends are "\n", as XML 1.0 sections 2.11 and 4.1 say.
type node struct {
	kind nodeKind
	elem *element // of an elementNode
	text string   // of any other
}

// is reports whether the element has the expanded name.
func (e *element) is(space, local string) bool {
	return e.Local == local && e.Space == space
}

// child returns the first child element with the expanded name, nil for none.
func (e *element) child(space, local string) *element {
	for _, n := range e.Children {
		if n.kind == elementNode && n.elem.is(space, local) {
			return n.elem
		}
	}
	return nil
}

// children returns every child element with the expanded name, in order.
func (e *element) children(space, local string) []*element {
	var found []*element
	for _, n := range e.Children {
		if n.kind == elementNode && n.elem.is(space, local) {
			found = append(found, n.elem)
		}
	}
	return found
}

// elements returns the child elements, in order.
func (e *element) elements() []*element {
	var found []*element
	for _, n := range e.Children {
		if n.kind == elementNode {
			found = append(found, n.elem)
		}
	}
	return found
}

// attr returns the attribute that has the name and no namespace. A prefixed
// attribute of the same local name is another attribute (threat T-XML-11).
func (e *element) attr(local string) (string, bool) {
	return e.attrNS("", local)
}

func (e *element) attrNS(space, local string) (string, bool) {
	for i := range e.Attrs {
		if e.Attrs[i].Local == local && e.Attrs[i].Space == space {
			return e.Attrs[i].Value, true
		}
	}
	return "", false
}

// text returns the element's own text, joined across comments and CDATA
// sections, so that a comment can't cut a value short (threat T-XML-04). The
// text of child elements does not belong to it.
func (e *element) text() string {
	var first string
	var joined []string
	for _, n := range e.Children {
		if n.kind != textNode && n.kind != cdataNode {
			continue
		}
		switch {
		case joined != nil:
			joined = append(joined, n.text)
		case first != "":
			joined = []string{first, n.text}
		default:
			first = n.text
		}
	}
	if joined != nil {
		return strings.Join(joined, "")
	}
	return first
}

// soleText returns the element's content if it is one run of plain text and
// nothing else: no comment, CDATA section or child element.
func (e *element) soleText() (string, bool) {
	if len(e.Children) != 1 || e.Children[0].kind != textNode {
		return "", false
	}
	return e.Children[0].text, true
}

// hasText reports whether there is text other than white space directly in e.
func (e *element) hasText() bool {
	return strings.Trim(e.text(), xmlSpace) != ""
}

// walk calls visit for e and every element below it, in document order, until
// visit returns false. It reports whether every call returned true.
func (e *element) walk(visit func(*element) bool) bool {
	if !visit(e) {
		return false
	}
	for _, n := range e.Children {
		if n.kind == elementNode && !n.elem.walk(visit) {
			return false
		}
	}
	return true
}

// lookup returns the namespace that the prefix stands for on e. An undeclared
// default namespace is "", and found.
func (e *element) lookup(prefix string) (uri string, found bool) {
	if prefix == "xml" {
		return nsXML, true
	}
	for ; e != nil; e = e.Parent {
		for i := range e.ns {
			if e.ns[i].prefix == prefix {
				return e.ns[i].uri, true
			}
		}
	}
	return "", prefix == ""
}

// scope returns the namespace declarations that are in force inside e.
func (e *element) scope() []nsDecl {
	var list []nsDecl
	seen := func(prefix string) bool {
		return slices.ContainsFunc(list, func(d nsDecl) bool { return d.prefix == prefix })
	}
	for ; e != nil; e = e.Parent {
		for _, d := range e.ns {
			if !seen(d.prefix) {
				list = append(list, d)
			}
		}
	}
	return list
}

// name returns the expanded name as {namespace}local, for administrators.
func (e *element) name() string {
	return "{" + e.Space + "}" + e.Local
}

// duplicateID describes an identifier that occurs twice in the trees, "" for none.
// Only the attribute ID without a namespace is an identifier of SAML, but an
// equal value in anything that some other reader could take for one (Id, id,
// xml:id, x:ID) is a duplicate too (threat T-XML-10).
func duplicateID(roots ...*element) string {
	var ids []string
	for _, root := range roots {
		root.walk(func(e *element) bool {
			for i := range e.Attrs {
				if strings.EqualFold(e.Attrs[i].Local, "id") {
					ids = append(ids, e.Attrs[i].Value)
				}
			}
			return true
		})
	}
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			return fmt.Sprintf("%q twice", ids[i])
		}
	}
	return ""
}
