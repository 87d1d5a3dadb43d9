package httpio

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"usher/internal/fault"
)

// ReadJSON reads the body into dst, a pointer to a struct or to a slice of them.
// It takes what encoding/json takes with these exceptions (threat T-API-06): the
// top must be an object, or the array that dst is, names must be spelled exactly as in dst and occur once, text is
// UTF-8 without NUL and lone surrogates, numbers fit a float64, nesting is
// bounded. All unknown names and wrong types are reported together. An empty
// body reads as {}.
func ReadJSON(w http.ResponseWriter, r *http.Request, dst any) error {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if !isMedia(r, "application/json") {
		return fault.New(fault.UnsupportedContentType, "expected", "application/json")
	}
	return DecodeJSON(body, dst)
}

// DecodeJSON is ReadJSON for a text, such as an object inside a form.
func DecodeJSON(text []byte, dst any) error {
	if err := checkJSON(text, reflect.TypeOf(dst)); err != nil {
		return err
	}
	err := json.Unmarshal(text, dst)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err // a type of ours that reads itself
	}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fault.New(fault.FormParamTypeInvalid, "param_name", shorten(t.Field)).Because(err)
	}
	return fault.New(fault.RequestBodyInvalid, "reason", "a value is not in the right form").Because(err)
}

// Field is a member of a JSON body that may be absent, null, or have a value. A
// PATCH leaves an absent one as it is, and clears or refuses a null.
type Field[T any] struct {
	Set   bool // the member was there, perhaps null
	Null  bool
	Value T
}

// UnmarshalJSON is called only for a member that is there.
func (f *Field[T]) UnmarshalJSON(text []byte) error {
	*f = Field[T]{Set: true}
	if string(text) == "null" {
		f.Null = true
		return nil
	}
	if err := json.Unmarshal(text, &f.Value); err != nil {
		return fmt.Errorf("httpio: reading a field: %w", err)
	}
	return nil
}

// MarshalJSON writes the value or null. Give the member "omitzero" to leave an
// absent one out.
func (f Field[T]) MarshalJSON() ([]byte, error) {
	if !f.Set || f.Null {
		return []byte("null"), nil
	}
	return json.Marshal(f.Value)
}

// Of returns a Field that is set to v.
func Of[T any](v T) Field[T] { return Field[T]{Set: true, Value: v} }

// Ptr returns the value, nil if it is absent or null.
func (f Field[T]) Ptr() *T {
	if !f.Set || f.Null {
		return nil
	}
	return &f.Value
}

func (Field[T]) holds() reflect.Type { return reflect.TypeFor[T]() }

// holder is every Field.
type holder interface{ holds() reflect.Type }
