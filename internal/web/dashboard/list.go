package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"usher/internal/httpio"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	// perPage is how many lines a list has. Ours.
	perPage = 25

	// maxPages bounds how far one can turn pages; beyond, one narrows the list. Ours.
	maxPages = 4000
)

// listing is the part of a list that a URL asks for: everything about how a list is
// narrowed, ordered and turned lies in its URL.
type listing struct {
	path   string
	params httpio.Params
	number int // of the page, from 1
}

func newListing(r *http.Request) (listing, error) {
	q, err := httpio.Query(r)
	if err != nil {
		return listing{}, err
	}
	n, given, err := q.Int("page", 1, maxPages)
	if err != nil {
		return listing{}, err
	}
	if !given {
		n = 1
	}
	return listing{path: r.URL.Path, params: q, number: int(n)}, nil
}

// text is the value of a parameter; one that was given twice is none.
func (l listing) text(name string) string {
	s, err := l.params.Text(name)
	if err != nil {
		return ""
	}
	return s
}

// choice is the value of a parameter if it is one of some, else the first of them.
func (l listing) choice(name string, of ...string) string {
	if s := l.text(name); slices.Contains(of, s) {
		return s
	}
	return of[0]
}

// page is the part to read.
func (l listing) page() manage.Page {
	return manage.Page{Limit: perPage, Offset: (l.number - 1) * perPage}
}

// with is the URL of the list with other values of parameters, given as name and
// value in turn; an empty one goes. It begins at the first page unless a page is
// named.
func (l listing) with(pairs ...string) string {
	v := url.Values{}
	for name, values := range l.params {
		if name != "page" && name != doneParam && len(values) == 1 && values[0] != "" {
			v.Set(name, values[0])
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Del(pairs[i])
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return l.path
	}
	return l.path + "?" + v.Encode()
}

// narrowed reports whether any of some parameters is given.
func (l listing) narrowed(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return l.text(name) != "" })
}

// column is one that the list can be ordered by. order is how it is ordered now, as
// flows take it: a field with "-" before it for descending.
func (l listing) column(title, field, order string) page.Column {
	c := page.Column{Title: title, Sort: l.with("order", field)}
	switch strings.TrimPrefix(order, "+") {
	case field:
		c.Order, c.Sort = "ascending", l.with("order", "-"+field)
	case "-" + field:
		c.Order = "descending"
	}
	return c
}

// pager says which part is shown; nil where it is all.
func (l listing) pager(shown, total int) *page.Pager {
	if l.number == 1 && shown >= total {
		return nil
	}
	from := (l.number-1)*perPage + 1
	p := &page.Pager{From: min(from, total), To: from + shown - 1, Total: total}
	if l.number > 1 {
		p.Previous = l.with("page", strconv.Itoa(l.number-1))
	}
	if p.To < total && l.number < maxPages {
		p.Next = l.with("page", strconv.Itoa(l.number+1))
	}
	return p
}

// search is the form that narrows the list by a text and filters.
func (l listing) search(label string, filters ...page.Filter) *page.Search {
	s := &page.Search{Action: l.path, Label: label, Value: l.text("q"), Filters: filters}
	names := []string{"q"}
	for _, f := range filters {
		names = append(names, f.Name)
	}
	if l.narrowed(names...) {
		pairs := make([]string, 0, 2*len(names))
		for _, n := range names {
			pairs = append(pairs, n, "")
		}
		s.Reset = l.with(pairs...)
	}
	if order := l.text("order"); order != "" {
		s.Keep = []page.Hidden{{Name: "order", Value: order}}
	}
	return s
}

// filter is a thing to narrow the list by: pairs of value and label.
func (l listing) filter(name, label string, pairs ...string) page.Filter {
	f := page.Filter{Name: name, Label: label}
	now := l.text(name)
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Options = append(f.Options, page.Option{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == now})
	}
	return f
}
