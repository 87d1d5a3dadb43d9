package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/identity"
)

// The columns that need a conversion. Each is used for scanning by a pointer
// conversion, such as (*milliseconds)(&u.CreatedAt).

// milliseconds is a time as Unix milliseconds, 0 for the zero time.
type milliseconds time.Time

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Scan implements sql.Scanner.
func (t *milliseconds) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is %T, not an integer", src)
	}
	*t = milliseconds{}
	if n != 0 {
		*t = milliseconds(time.UnixMilli(n).UTC())
	}
	return nil
}

// optional is a text that is NULL when empty, so that several rows may lack a
// unique value.
type optional string

// Value implements driver.Valuer.
func (s optional) Value() (driver.Value, error) {
	if s == "" {
		return nil, nil
	}
	return string(s), nil
}

// Scan implements sql.Scanner.
func (s *optional) Scan(src any) error {
	if src == nil {
		*s = ""
		return nil
	}
	text, err := asText(src)
	*s = optional(text)
	return err
}

// metadata is a JSON object, never null.
type metadata identity.Metadata

// Value implements driver.Valuer.
func (m metadata) Value() (driver.Value, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(identity.Metadata(m))
	return string(text), err
}

// Scan implements sql.Scanner.
func (m *metadata) Scan(src any) error {
	text, err := asText(src)
	if err != nil {
		return err
	}
	*m = metadata{}
	if text == "{}" {
		return nil
	}
	return json.Unmarshal([]byte(text), (*map[string]any)(m))
}

// document is any other value that is kept as JSON. For scanning, v is a pointer.
type document struct{ v any }

// Value implements driver.Valuer.
func (d document) Value() (driver.Value, error) {
	text, err := json.Marshal(d.v)
	return string(text), err
}

// Scan implements sql.Scanner.
func (d document) Scan(src any) error {
	text, err := asText(src)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), d.v)
}

// choice is a text out of a closed list. One that is unknown was written by a
// newer release and is an error, never a default (threat T-OPS-11).
type choice[T ~string] struct {
	into  *T
	known []T
}

// oneOf makes a choice.
func oneOf[T ~string](into *T, known ...T) choice[T] { return choice[T]{into, known} }

// Scan implements sql.Scanner.
func (c choice[T]) Scan(src any) error {
	text, err := asText(src)
	if err != nil {
		return err
	}
	if !slices.Contains(c.known, T(text)) {
		return fmt.Errorf("%q is not known to this release", text)
	}
	*c.into = T(text)
	return nil
}

func asText(src any) (string, error) {
	switch text := src.(type) {
	case string:
		return text, nil
	case []byte:
		return string(text), nil
	}
	return "", fmt.Errorf("a text is %T", src)
}
