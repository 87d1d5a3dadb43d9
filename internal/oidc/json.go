package oidc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Limits of JSON that providers send. Bytes of a document and a token are
// threat T-DOS-07; the rest is ours.
const (
	maxDocument = 256 << 10 // bytes of a discovery document, key set, token answer or user info
	maxToken    = 64 << 10  // bytes of an ID token
	maxDepth    = 32        // objects and arrays inside each other
	maxValues   = 20_000    // values in one document
)

// object is a JSON object as parseJSON reads it. Its values are nil, bool,
// string, json.Number, []any and object.
type object map[string]any

// text returns a member that is a string, "" for any other.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// parseObject is parseJSON for a text that must be an object.
func parseObject(raw []byte) (object, error) {
	v, err := parseJSON(raw)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, malformed("a JSON object", "another JSON value")
	}
	return o, nil
}

// parseJSON reads a JSON text as strictly as identity needs it (threat
// T-OIDC-19): names are kept as they are spelled and occur once, text is UTF-8
// without NUL and without half surrogates, numbers stay as they were written,
// nothing follows the value, and size and depth are bounded.
func parseJSON(raw []byte) (any, error) {
	switch {
	case len(raw) > maxDocument:
		return nil, &refusal{"too_large", fmt.Sprintf("at most %d bytes", maxDocument), fmt.Sprintf("%d bytes", len(raw))}
	case !utf8.Valid(raw):
		return nil, malformed("JSON in UTF-8", "bytes that are not UTF-8")
	case !soundEscapes(raw):
		return nil, malformed("text without NUL and half surrogates", "an escape of one")
	}
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(raw))}
	r.dec.UseNumber()
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return nil, malformed("one JSON value", "something after it")
	}
	return v, nil
}

// jsonReader builds a value from the tokens of encoding/json, whose own decoding
// matches names in any case and takes the last of duplicates.
type jsonReader struct {
	dec    *json.Decoder
	values int
}

func (r *jsonReader) value(depth int) (any, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, malformed("JSON", "something else")
	}
	if r.values++; r.values > maxValues {
		return nil, malformed(fmt.Sprintf("at most %d values", maxValues), "more")
	}
	d, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth == maxDepth {
		return nil, malformed(fmt.Sprintf("values at most %d deep", maxDepth), "deeper ones")
	}
	if d == '{' {
		return r.object(depth)
	}
	list := []any{}
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, r.end()
}

func (r *jsonReader) object(depth int) (any, error) {
	o := object{}
	for r.dec.More() {
		t, err := r.dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, malformed("JSON", "something else")
		}
		if _, twice := o[name]; twice {
			return nil, malformed("every name once", fmt.Sprintf("%q twice", name))
		}
		if o[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return o, r.end()
}

// end reads the bracket that closes an object or a list.
func (r *jsonReader) end() error {
	if _, err := r.dec.Token(); err != nil {
		return malformed("JSON", "something else")
	}
	return nil
}

// soundEscapes reports whether no \u escape stands for NUL or half a surrogate
// pair, which encoding/json would silently turn into another character.
func soundEscapes(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // whatever is escaped
		unit, ok := escape(raw, i)
		switch {
		case !ok:
		case unit == 0 || unit >= 0xDC00 && unit <= 0xDFFF:
			return false
		case unit >= 0xD800 && unit <= 0xDBFF:
			low, ok := escape(raw, i+6)
			if !ok || raw[i+5] != '\\' || low < 0xDC00 || low > 0xDFFF {
				return false
			}
			i += 6
		}
	}
	return true
}

// escape returns the number of the \u escape whose "u" is at i.
func escape(raw []byte, i int) (unit uint64, ok bool) {
	if i+5 > len(raw) || raw[i] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
	return unit, err == nil
}

func malformed(expected, received string) error {
	return &refusal{"malformed", expected, received}
}
