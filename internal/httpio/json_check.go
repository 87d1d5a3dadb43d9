package httpio

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"usher/internal/fault"
)

const (
	// maxDepth is how deep objects and arrays may nest. Ours; metadata is
	// bounded further by its owner.
	maxDepth = 32

	// maxFaults is how many unknown names and wrong types one answer lists.
	maxFaults = 100
)

// checkJSON checks a text against the type it will be decoded into. It is a
// parser of its own because encoding/json matches names in any case, takes
// duplicates, mends bad text and stops at the first unknown name. It uses
// reflection as a decoder must, and only to learn names and kinds.
func checkJSON(text []byte, t reflect.Type) error {
	c := jsonChecker{text: text, known: map[reflect.Type]map[string]reflect.Type{}}
	c.space()
	if list := shape(t) != nil && shape(t).Kind() == reflect.Slice; list && c.peek() != '[' {
		return c.malformed("it is not a JSON array")
	} else if !list && c.peek() != '{' {
		return c.malformed("it is not a JSON object")
	}
	if err := c.value(t, "", 0); err != nil {
		return err
	}
	c.space()
	if c.pos < len(text) {
		return c.malformed("something follows the JSON object")
	}
	return fault.Join(c.faults...)
}

// jsonChecker walks over one text. Malformed text ends the walk; unknown names
// and wrong types are collected.
type jsonChecker struct {
	text   []byte
	pos    int
	known  map[reflect.Type]map[string]reflect.Type // members of the structs met
	faults []error
}

// value checks the value at pos against type t; nil takes anything. path is the
// names down to it, joined by dots.
func (c *jsonChecker) value(t reflect.Type, path string, depth int) error {
	if depth > maxDepth {
		return c.malformed("it is nested too deeply")
	}
	t = shape(t)
	c.space()
	switch b := c.peek(); {
	case b == '{':
		return c.object(c.expect(t, path, reflect.Struct, reflect.Map), path, depth)
	case b == '[':
		return c.array(c.expect(t, path, reflect.Slice, reflect.Array), path, depth)
	case b == '"':
		c.expect(t, path, reflect.String)
		_, err := c.string()
		return err
	case b == '-' || '0' <= b && b <= '9':
		return c.number(t, path)
	case c.literal("true") || c.literal("false"):
		c.expect(t, path, reflect.Bool)
		return nil
	case c.literal("null"):
		return nil
	}
	return c.malformed("it is not JSON")
}

func (c *jsonChecker) object(t reflect.Type, path string, depth int) error {
	known := c.members(t)
	seen := map[string]bool{}
	return c.list('{', '}', func() error {
		if c.peek() != '"' {
			return c.malformed("a name is missing")
		}
		name, err := c.string()
		if err != nil {
			return err
		}
		c.space()
		if !c.literal(":") {
			return c.malformed("a colon is missing")
		}
		inner := name
		if path != "" {
			inner = path + "." + name
		}
		if seen[name] {
			c.fail(fault.FormParamDuplicate, inner)
		}
		seen[name] = true
		var mt reflect.Type
		switch {
		case t == nil:
		case t.Kind() == reflect.Map:
			mt = t.Elem()
		default:
			var ok bool
			if mt, ok = known[name]; !ok {
				c.fail(fault.FormParamUnknown, inner)
			}
		}
		return c.value(mt, inner, depth+1)
	})
}

func (c *jsonChecker) array(t reflect.Type, path string, depth int) error {
	var elem reflect.Type
	if t != nil {
		elem = t.Elem()
	}
	return c.list('[', ']', func() error { return c.value(elem, path, depth+1) })
}

// list walks over what stands between two brackets, an item at a time.
func (c *jsonChecker) list(open, end byte, item func() error) error {
	c.literal(string(open))
	c.space()
	if c.literal(string(end)) {
		return nil
	}
	for {
		c.space()
		if err := item(); err != nil {
			return err
		}
		c.space()
		if c.literal(string(end)) {
			return nil
		}
		if !c.literal(",") {
			return c.malformed("a comma is missing")
		}
	}
}

// string reads a string and returns what it stands for.
func (c *jsonChecker) string() (string, error) {
	start, plain := c.pos, true
	for c.pos++; ; {
		switch b := c.peek(); {
		case b == '"':
			c.pos++
			if plain {
				return string(c.text[start+1 : c.pos-1]), nil
			}
			var s string
			if err := json.Unmarshal(c.text[start:c.pos], &s); err != nil {
				return "", c.malformed("it is not JSON")
			}
			return s, nil
		case b < 0x20: // also at the end of the text
			return "", c.malformed("a text has a control character or no end")
		case b == '\\':
			plain = false
			if err := c.escape(); err != nil {
				return "", err
			}
		default:
			r, n := utf8.DecodeRune(c.text[c.pos:])
			if r == utf8.RuneError && n == 1 {
				return "", c.malformed("it is not UTF-8")
			}
			c.pos += n
		}
	}
}

// escape passes over an escape sequence.
func (c *jsonChecker) escape() error {
	c.pos++
	b := c.peek()
	c.pos++
	if b != 'u' {
		if b == 0 || !strings.ContainsRune(`"\/bfnrt`, rune(b)) {
			return c.malformed("a text has an unknown escape")
		}
		return nil
	}
	unit, ok := c.hex4()
	switch {
	case !ok:
		return c.malformed("a text has an unknown escape")
	case unit == 0:
		return c.malformed("a text has a NUL character")
	case unit >= 0xDC00 && unit <= 0xDFFF:
		return c.malformed("a text has half a surrogate pair")
	case unit >= 0xD800 && unit <= 0xDBFF:
		if !c.literal(`\u`) {
			return c.malformed("a text has half a surrogate pair")
		}
		if low, ok := c.hex4(); !ok || low < 0xDC00 || low > 0xDFFF {
			return c.malformed("a text has half a surrogate pair")
		}
	}
	return nil
}

func (c *jsonChecker) hex4() (uint64, bool) {
	if c.pos+4 > len(c.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(c.text[c.pos:c.pos+4]), 16, 16)
	c.pos += 4
	return n, err == nil
}

func (c *jsonChecker) number(t reflect.Type, path string) error {
	start := c.pos
	c.literal("-")
	if !c.literal("0") && c.digits() == 0 {
		return c.malformed("a number is malformed")
	}
	if c.literal(".") && c.digits() == 0 {
		return c.malformed("a number is malformed")
	}
	if c.literal("e") || c.literal("E") {
		if !c.literal("+") {
			c.literal("-")
		}
		if c.digits() == 0 {
			return c.malformed("a number is malformed")
		}
	}
	lit := string(c.text[start:c.pos])
	f, err := strconv.ParseFloat(lit, 64)
	if err != nil {
		return c.malformed("a number is too large")
	}
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		_, err = strconv.ParseInt(lit, 10, t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, err = strconv.ParseUint(lit, 10, t.Bits())
	case reflect.Float64:
	case reflect.Float32:
		if math.Abs(f) > math.MaxFloat32 {
			err = strconv.ErrRange
		}
	default:
		err = strconv.ErrSyntax
	}
	if err != nil {
		c.fail(fault.FormParamTypeInvalid, path)
	}
	return nil
}

func (c *jsonChecker) digits() (n int) {
	for b := c.peek(); '0' <= b && b <= '9'; b = c.peek() {
		c.pos++
		n++
	}
	return n
}

// expect notes a wrong type and returns the type to go on with.
func (c *jsonChecker) expect(t reflect.Type, path string, kinds ...reflect.Kind) reflect.Type {
	if t == nil {
		return nil
	}
	for _, k := range kinds {
		if t.Kind() == k {
			return t
		}
	}
	c.fail(fault.FormParamTypeInvalid, path)
	return nil
}

// fail notes a failure of one parameter, once.
func (c *jsonChecker) fail(code fault.Code, path string) {
	err := fault.New(code, "param_name", shorten(path))
	if len(c.faults) == maxFaults {
		return
	}
	if n := len(c.faults); n > 0 && fault.From(c.faults[n-1]).LongMessage() == err.LongMessage() {
		return // the next item of the same array
	}
	c.faults = append(c.faults, err)
}

func (c *jsonChecker) malformed(why string) error {
	return fault.New(fault.RequestBodyInvalid, "reason", fmt.Sprintf("%s (at byte %d)", why, min(c.pos, len(c.text))))
}

// peek returns the next byte, 0 at the end.
func (c *jsonChecker) peek() byte {
	if c.pos < len(c.text) {
		return c.text[c.pos]
	}
	return 0
}

// literal passes over s if it comes next.
func (c *jsonChecker) literal(s string) bool {
	if len(c.text)-c.pos < len(s) || string(c.text[c.pos:c.pos+len(s)]) != s {
		return false
	}
	c.pos += len(s)
	return true
}

func (c *jsonChecker) space() {
	for b := c.peek(); b == ' ' || b == '\t' || b == '\n' || b == '\r'; b = c.peek() {
		c.pos++
	}
}

// shape returns the type whose kind says what JSON it takes: without pointers
// and Fields, and nil for one that takes anything or reads itself.
func shape(t reflect.Type) reflect.Type {
	for t != nil {
		ptr := reflect.PointerTo(t)
		switch {
		case t.Kind() == reflect.Pointer:
			t = t.Elem()
		case t.Implements(reflect.TypeFor[holder]()):
			h, ok := reflect.Zero(t).Interface().(holder)
			if !ok {
				return nil // cannot be
			}
			t = h.holds()
		case t.Kind() == reflect.Interface,
			ptr.Implements(reflect.TypeFor[json.Unmarshaler]()),
			ptr.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()),
			t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8: // base64
			return nil
		default:
			return t
		}
	}
	return nil
}

// members returns the names that a struct reads and their types.
func (c *jsonChecker) members(t reflect.Type) map[string]reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	if m, ok := c.known[t]; ok {
		return m
	}
	m := map[string]reflect.Type{}
	c.known[t] = m
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || f.Anonymous && name == "":
		case name == "":
			m[f.Name] = f.Type
		default:
			m[name] = f.Type
		}
	}
	return m
}
