package practice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// maxForm is the largest form read, in bytes: a request, and a RelayState of
// whatever length.
const maxForm = 2 << 20

// site is what every practice provider is on the web: a place, its pages and
// how they are sent.
type site struct {
	base  string // as browsers see it, without a slash at the end
	path  string // of base
	name  string
	links []link // at the foot of every page

	mux   *http.ServeMux
	pages *template.Template
	cross *http.CrossOriginProtection
}

// link is a document of the provider's, below its base.
type link struct{ Path, Text string }

// page is what every page shows.
type page struct {
	Title string
	Name  string // of the provider
	Base  string // path before every address
	Links []link
}

// handler answers a request or says why not.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is a pattern, with {base} for the site's path, and what answers it.
type route struct {
	pattern string
	handler handler
}

// plainPath is what a base URL's path may consist of: nothing that a route
// pattern or a cookie's path understands in its own way.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// newSite makes a site without routes.
func newSite(base, name string) (*site, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("practice: BaseURL: %w", err)
	}
	if _, err := origin(base); err != nil {
		return nil, fmt.Errorf("practice: BaseURL: %w", err)
	}
	if !plainPath.MatchString(u.Path) || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("practice: BaseURL %q must end in a plain path, without a slash at its end", base)
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	return &site{
		base: base, path: u.Path, name: name, pages: pages,
		mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(),
	}, nil
}

// route serves these and what every page needs.
func (s *site) route(routes ...route) {
	routes = append(routes,
		route{"GET {base}/post.js", s.asset("post.js", "text/javascript; charset=utf-8")},
		route{"GET {base}/style.css", s.asset("style.css", "text/css; charset=utf-8")})
	for _, r := range routes {
		s.mux.Handle(strings.Replace(r.pattern, "{base}", s.path, 1), s.handle(r.handler))
	}
	if s.path != "" {
		s.mux.Handle("GET "+s.path, http.RedirectHandler(s.path+"/", http.StatusSeeOther))
	}
}

// BaseURL is where the provider answers.
func (s *site) BaseURL() string { return s.base }

// ServeHTTP serves everything below BaseURL.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy(""))
	h.Set("Referrer-Policy", "strict-origin") // so that the ACS sees a true Origin
	h.Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

// policy is the Content-Security-Policy of a page whose forms may also go to
// the given origins.
func policy(targets string) string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action " +
		strings.TrimSpace("'self' "+targets)
}

// handle turns a handler's error into an answer. What goes wrong here is what
// the other side did wrong, so it is told.
func (s *site) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := h(w, r); err != nil {
			s.problem(w, r, err)
		}
	})
}

func (s *site) problem(w http.ResponseWriter, r *http.Request, problem error) {
	status := http.StatusBadRequest
	var tooLarge *http.MaxBytesError
	if errors.As(problem, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	words := strings.TrimPrefix(problem.Error(), "practice: ")
	if wantsJSON(r) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = writeJSON(w, map[string]string{"error": words})
		return
	}
	var unknown *unknownSPError
	page := problemPage{page: s.page("That did not work"), Says: words}
	if errors.As(problem, &unknown) {
		page.Unknown = unknown
	}
	_ = s.render(w, status, "problem", page)
}

// same lets only forms of the provider's own pages through, and programs that
// are no browsers.
func (s *site) same(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.cross.Check(r); err != nil {
			return fmt.Errorf("practice: this form was sent from another site: %w", err)
		}
		if err := r.ParseForm(); err != nil {
			return fmt.Errorf("practice: reading the form: %w", err)
		}
		return h(w, r)
	}
}

func wantsJSON(r *http.Request) bool {
	return r.URL.Query().Get("format") == "json" || strings.Contains(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return fmt.Errorf("practice: writing JSON: %w", err)
	}
	return nil
}

// asset serves a file that pages need.
func (s *site) asset(name, contentType string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		content, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			return fmt.Errorf("practice: reading %s: %w", name, err)
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content)
		return nil
	}
}

func (s *site) page(title string) page {
	return page{Title: title, Name: s.name, Base: s.path, Links: s.links}
}

// render writes a page. It is complete before its first octet is sent.
func (s *site) render(w http.ResponseWriter, status int, name string, data any) error {
	var out bytes.Buffer
	if err := s.pages.ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("practice: writing the page %q: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
	return nil
}

// remember offers a person first for the next time. The cookie admits nobody.
func (s *site) remember(w http.ResponseWriter, p Person) {
	http.SetCookie(w, &http.Cookie{
		Name: personCookie, Value: url.QueryEscape(p.Login), Path: s.path + "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.base, "https:"),
	})
}

// remembered is the login of whoever was picked last, or empty.
func remembered(r *http.Request) string {
	c, err := r.Cookie(personCookie)
	if err != nil {
		return ""
	}
	login, _ := url.QueryUnescape(c.Value)
	return login
}

// handleKeys announces the next key or puts it into use.
func (s *site) handleKeys(keys *keyring) handler {
	return s.same(func(w http.ResponseWriter, r *http.Request) error {
		var err error
		switch r.PostForm.Get("action") {
		case "announce":
			err = keys.AnnounceNext()
		case "roll-over":
			err = keys.RollOver()
		default:
			err = errors.New("practice: the keys can be announced or rolled over, nothing else")
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, s.path+"/#keys", http.StatusSeeOther)
		return nil
	})
}

// plainHost is a host that can stand in a Content-Security-Policy, where
// commas, semicolons and spaces have a meaning.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// origin returns the scheme and host of a web address.
func origin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("not an address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || !plainHost.MatchString(u.Host) {
		return "", fmt.Errorf("%q is not a plain http or https address", address)
	}
	return u.Scheme + "://" + u.Host, nil
}
