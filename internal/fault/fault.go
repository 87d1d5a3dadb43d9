// Package fault owns the one error type that people and programs outside can
// act on, and the closed catalogue of its codes: status, words, fix.
//
// Functions return error, never *Error. A failure without a code is an internal
// error: its cause goes to the log and nowhere else.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Code names a kind of failure. Codes are part of the public interface and are
// never renamed; those that Clerk's clients know are spelled as Clerk spells them.
type Code string

// Error is one failure. It is made by New and read by From and All.
type Error struct {
	code   Code
	meta   map[string]any // goes out on the wire
	detail map[string]any // for administrators only
	cause  error
}

// New makes an error of the catalogue. The rest are pairs of a name and a value
// that fill the {name} places of its words and travel in its meta. An odd list
// loses its last name; an unknown code is reported as InternalError.
func New(code Code, pairs ...any) *Error {
	e := &Error{code: code}
	e.meta = put(e.meta, pairs)
	return e
}

// Because records the cause, which is logged and never shown.
func (e *Error) Because(err error) *Error {
	e.cause = err
	return e
}

// Detail adds facts that only an administrator may see (on an attempt, in
// "usher explain"): the reason of a refusal, expected and received values.
func (e *Error) Detail(pairs ...any) *Error {
	e.detail = put(e.detail, pairs)
	return e
}

func put(m map[string]any, pairs []any) map[string]any {
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			continue
		}
		if m == nil {
			m = map[string]any{}
		}
		m[name] = pairs[i+1]
	}
	return m
}

// Code returns the code, InternalError for one outside the catalogue.
func (e *Error) Code() Code {
	if _, ok := catalogue[e.code]; !ok {
		return InternalError
	}
	return e.code
}

// Status is the HTTP status.
func (e *Error) Status() int { return e.entry().Status }

// Message is one short sentence for the person.
func (e *Error) Message() string { return fill(e.entry().Message, e.meta) }

// LongMessage says more, with the values of meta filled in.
func (e *Error) LongMessage() string { return fill(e.entry().Long, e.meta) }

// Fix tells an administrator what to change; it may be empty. Values of
// Detail are filled in too, so it is not for the person who was refused.
func (e *Error) Fix() string { return fill(fill(e.entry().Fix, e.detail), e.meta) }

// Meta returns a copy of the values that travel on the wire; nil when empty.
func (e *Error) Meta() map[string]any { return maps.Clone(e.meta) }

// Details returns a copy of the values for administrators; nil when empty.
func (e *Error) Details() map[string]any { return maps.Clone(e.detail) }

// Reason is the detail "reason": which check of a family refused. It is empty
// for codes that need none.
func (e *Error) Reason() string {
	s, _ := e.detail["reason"].(string)
	return s
}

// Error is for logs: the code, the reason and the cause.
func (e *Error) Error() string {
	s := string(e.Code())
	if r := e.Reason(); r != "" {
		s += " (" + r + ")"
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether the target is an Error of the same code, so that
// errors.Is(err, fault.New(code)) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.code == e.code
}

// entry is the code's line, in the words of the reason where it has its own.
func (e *Error) entry() Entry {
	if other, ok := variants[e.Code()][e.Reason()]; ok {
		return other
	}
	return catalogue[e.Code()]
}

func fill(s string, values map[string]any) string {
	for name, v := range values {
		s = strings.ReplaceAll(s, "{"+name+"}", text(v))
	}
	return s
}

func text(v any) string {
	if list, ok := v.([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(v)
}

// From returns the first Error in err's tree. Any other error becomes an
// InternalError with err as its cause; nil stays nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return New(InternalError).Because(err)
}

// Is reports whether err's tree holds an Error with the code.
func Is(err error, code Code) bool {
	for _, e := range All(err) {
		if e.code == code {
			return true
		}
	}
	return false
}

// Join returns one error of several failures, such as the fields of a form;
// nil if all are nil.
func Join(errs ...error) error { return errors.Join(errs...) }

// All returns every Error in err's tree, in order; for an error without any, one
// InternalError.
func All(err error) []*Error {
	if err == nil {
		return nil
	}
	var found []*Error
	var walk func(error)
	walk = func(err error) {
		if e, ok := err.(*Error); ok { //nolint:errorlint // the tree is walked by hand
			found = append(found, e)
			return
		}
		switch u := err.(type) { //nolint:errorlint // the tree is walked by hand
		case interface{ Unwrap() []error }:
			for _, e := range u.Unwrap() {
				walk(e)
			}
		case interface{ Unwrap() error }:
			if e := u.Unwrap(); e != nil {
				walk(e)
			}
		}
	}
	walk(err)
	if len(found) == 0 {
		found = append(found, New(InternalError).Because(err))
	}
	return found
}

// Entry is a line of the catalogue. In the words, {name} stands for a value.
type Entry struct {
	Status  int    // HTTP status
	Message string // for the person, short
	Long    string // for the person or the calling program
	Fix     string // for the administrator; may name details
}

// Codes returns every code of the catalogue, sorted.
func Codes() []Code {
	return slices.Sorted(maps.Keys(catalogue))
}

// Lookup returns the catalogue's line for a code.
func Lookup(code Code) (Entry, bool) {
	e, ok := catalogue[code]
	return e, ok
}
