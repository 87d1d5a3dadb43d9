package httpio

import (
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"usher/internal/fault"
)

const (
	// maxParams is how many pairs a query or a form may have. Ours.
	maxParams = 1000

	// defaultPage and maxPage are the items of one page of a list: Clerk's.
	defaultPage = 10
	maxPage     = 500

	// maxOffset keeps sums with maxPage inside an int32, which every database
	// takes. Ours.
	maxOffset = math.MaxInt32 - maxPage

	// MaxList is how many values one parameter may have: Clerk's.
	MaxList = 100
)

// Params are the parameters of a query or a form, each possibly repeated.
type Params url.Values

// Query reads the parameters of the request's URL.
func Query(r *http.Request) (Params, error) {
	p, ok := parseParams(r.URL.RawQuery)
	if !ok {
		return nil, fault.New(fault.FormParamFormatInvalid, "param_name", "query")
	}
	return p, nil
}

// ReadForm reads a body of type application/x-www-form-urlencoded. An empty
// body of any type is an empty form.
func ReadForm(w http.ResponseWriter, r *http.Request) (Params, error) {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return Params{}, err
	}
	if !isMedia(r, "application/x-www-form-urlencoded") {
		return nil, fault.New(fault.RequestBodyInvalid, "reason", "it is not a form")
	}
	p, ok := parseParams(string(body))
	if !ok {
		return nil, fault.New(fault.RequestBodyInvalid, "reason", "the form is malformed")
	}
	return p, nil
}

// Has reports whether the parameter was given, with or without a value.
func (p Params) Has(name string) bool { return len(p[name]) > 0 }

// Text returns the one value of a parameter, empty without one.
func (p Params) Text(name string) (string, error) {
	switch values := p[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	default:
		return "", fault.New(fault.FormParamDuplicate, "param_name", name)
	}
}

// Bool returns whether the parameter is "true", and whether it was given at all.
func (p Params) Bool(name string) (value, given bool, err error) {
	s, err := p.Text(name)
	if err != nil || s == "" {
		return false, false, err
	}
	if s != "true" && s != "false" {
		return false, false, invalidValue(name)
	}
	return s == "true", true, nil
}

// Int returns a whole number between least and most, and whether it was given.
func (p Params) Int(name string, least, most int64) (value int64, given bool, err error) {
	s, err := p.Text(name)
	if err != nil || s == "" {
		return 0, false, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		return 0, false, invalidValue(name)
	}
	return n, true, nil
}

// List returns the values of a parameter that may be repeated or hold several
// values between commas. Empty ones are left out.
func (p Params) List(name string) ([]string, error) {
	var list []string
	for _, v := range p[name] {
		for item := range strings.SplitSeq(v, ",") {
			if item == "" {
				continue
			}
			if len(list) == MaxList {
				return nil, fault.New(fault.FormParamArraySize, "param_name", name, "max_items", MaxList)
			}
			list = append(list, item)
		}
	}
	return list, nil
}

// Page returns which part of a list is asked for.
func (p Params) Page() (limit, offset int, err error) {
	l, given, lerr := p.Int("limit", 1, maxPage)
	if !given {
		l = defaultPage
	}
	o, _, oerr := p.Int("offset", 0, maxOffset)
	return int(l), int(o), fault.Join(lerr, oerr)
}

// Page is Params.Page of the request's query.
func Page(r *http.Request) (limit, offset int, err error) {
	p, err := Query(r)
	if err != nil {
		return 0, 0, err
	}
	return p.Page()
}

// Order is the field that a list is sorted by.
type Order struct {
	Field string
	Desc  bool
}

// Order reads order_by: a field of the allowed ones with an optional + or -.
// Several may be given; the first counts, as with Clerk.
func (p Params) Order(byDefault Order, allowed ...string) (Order, error) {
	s, err := p.Text("order_by")
	if err != nil || s == "" {
		return byDefault, err
	}
	s, _, _ = strings.Cut(s, ",")
	var o Order
	switch s[:min(1, len(s))] {
	case "-":
		o.Desc, s = true, s[1:]
	case "+", " ": // an unescaped + in a query reads as a space
		s = s[1:]
	}
	if !slices.Contains(allowed, s) {
		return Order{}, invalidValue("order_by")
	}
	o.Field = s
	return o, nil
}

// Allow refuses every parameter that is not named here, all of them in one
// error (threat T-API-03).
func (p Params) Allow(names ...string) error {
	var unknown []string
	for name := range p {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	var errs []error
	for _, name := range unknown[:min(len(unknown), maxFaults)] {
		errs = append(errs, fault.New(fault.FormParamUnknown, "param_name", shorten(name)))
	}
	return fault.Join(errs...)
}

func invalidValue(name string) error {
	return fault.New(fault.FormParamValueInvalid, "param_name", name)
}

func parseParams(s string) (Params, bool) {
	if strings.Count(s, "&") >= maxParams {
		return nil, false
	}
	values, err := url.ParseQuery(s)
	if err != nil {
		return nil, false
	}
	for name, list := range values {
		for _, v := range append(list, name) {
			if !isText(v) {
				return nil, false
			}
		}
	}
	return Params(values), true
}

// isText reports whether a database can hold s: PostgreSQL has no place for NUL
// in a text.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// readBody reads the whole body within its bound.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	limitByDefault(w, r)
	body, err := io.ReadAll(r.Body)
	if err == nil {
		return body, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fault.New(fault.RequestBodyTooLarge)
	}
	return nil, fault.New(fault.RequestBodyInvalid, "reason", "it ended early").Because(err)
}

// isMedia reports whether the body's one content type is want, in UTF-8 if it
// names a charset.
func isMedia(r *http.Request, want string) bool {
	types := r.Header["Content-Type"]
	if len(types) != 1 {
		return false
	}
	got, params, err := mime.ParseMediaType(types[0])
	charset := params["charset"]
	return err == nil && got == want && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// shorten keeps a name that the caller chose from filling the answer.
func shorten(name string) string {
	const most = 100 // bytes
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}
