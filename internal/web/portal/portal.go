package portal

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/message"
	"usher/internal/signin"
	"usher/internal/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

const (
	// root is where the setup pages stand; one link's stand below its own key.
	root    = "/setup"
	oneLink = root + "/{key}"

	// keyBytes of the hash of a token tell links of one browser apart: 64 bits.
	keyBytes = 8
)

// UI serves the setup pages.
type UI struct {
	SignIn      *signin.Flow
	Manage      *manage.Service
	Forms       page.Forms
	BaseURL     string // the deployment's public origin, without a slash at the end
	Now         func() time.Time
	HostCookie  func(name string) string // the name under which a cookie is ours alone
	Development bool
	Opens       httpio.Counter // links opened, by address
	Asks        httpio.Counter // what makes us ask other servers, by link

	KeepAddresses bool // the audit log keeps from where somebody acts

	pages  *page.Set
	guides *guide.Set
}

// visit is a browser at the pages of a link.
type visit struct {
	manage.SetupVisit
	message.Text
	path string // of the link's pages
}

// handler answers a visit.
type handler func(w http.ResponseWriter, r *http.Request, v visit) error

// Init parses the pages and reads the guides. It must be called before Routes.
func (u *UI) Init() error {
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		return err
	}
	if u.pages, err = page.NewSet(files); err != nil {
		return err
	}
	if u.guides, err = guide.Load(); err != nil {
		return err
	}
	return u.pages.Warm(u.pages.Names()...)
}

// routes are the pages behind the link, by subject.
func (u *UI) routes() []map[string]handler {
	return []map[string]handler{
		{"GET " + oneLink + "/{$}": u.handleOverview},
		u.domainRoutes(),
		u.providerRoutes(),
		u.guideRoutes(),
		u.connectRoutes(),
		u.testRoutes(),
		u.activateRoutes(),
	}
}

// Routes registers every page.
func (u *UI) Routes(mux *http.ServeMux) {
	mux.Handle("GET "+root, httpio.HandleWith(u.failure, u.handleWelcome))
	mux.Handle("POST "+root, httpio.HandleWith(u.failure, u.handleOpen))
	for _, table := range u.routes() {
		for pattern, h := range table {
			mux.Handle(pattern, httpio.HandleWith(u.failure, u.admit(h)))
		}
	}
	mux.Handle(root+"/", httpio.HandleWith(u.failure, httpio.NotFound))
}

// keyOf is what the pages of a link stand under, and its cookie. It is made of the
// token, which it does not tell.
func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:keyBytes])
}

// cookieOf is the name of the cookie of a link; empty for what can't be the key of
// one.
func (u *UI) cookieOf(key string) string {
	if len(key) != 2*keyBytes || strings.Trim(key, "0123456789abcdef") != "" {
		return ""
	}
	return u.HostCookie("usher_setup_" + key)
}

// admit lets in the browser that opened the link, for what the link is for, and says
// in the request's context who acts.
func (u *UI) admit(h handler) httpio.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := httpio.SameOrigin(r); err != nil {
			return err
		}
		key := r.PathValue("key")
		name := u.cookieOf(key)
		if name == "" {
			return fault.New(fault.SetupLinkInvalid)
		}
		browser, _, err := u.Forms.ReadCookie(r, name)
		if err != nil {
			return err
		}
		found, err := u.Manage.SetupVisit(r.Context(), browser)
		if err != nil {
			return err
		}
		scope := identity.SetupRead
		if r.Method != http.MethodGet {
			scope = identity.SetupWrite
		}
		if !found.Link.Allows(identity.SetupRead) || !found.Link.Allows(scope) {
			return fault.New(fault.ResourceForbidden)
		}
		v := visit{SetupVisit: found, Text: words(r), path: root + "/" + key}
		return h(w, r.WithContext(u.acting(r, found.Link)), v)
	}
}

func (u *UI) acting(r *http.Request, l identity.SetupLink) context.Context {
	a := identity.Actor{Kind: identity.ActorSetupLink, ID: string(l.ID), TraceID: httpio.TraceID(r.Context())}
	if u.KeepAddresses {
		a.Address = httpio.ClientIP(r).String()
	}
	return identity.WithActor(r.Context(), a)
}

// words are those of the languages that a browser asks for.
func words(r *http.Request) message.Text { return message.For(r.Header.Get("Accept-Language")) }

// handleWelcome asks for a click. Programs that look at mail open links: reading the
// page changes nothing.
func (u *UI) handleWelcome(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	if token == "" {
		return fault.New(fault.SetupLinkInvalid)
	}
	f, settings, err := u.frame(w, r)
	if err != nil {
		return err
	}
	s := welcomeScreen(f.Text, settings.ApplicationName, token)
	s.Frame = f
	return u.pages.Render(w, http.StatusOK, "screen", &s)
}

func welcomeScreen(t message.Text, app, token string) page.Screen {
	return page.Screen{
		Title: t.Say("setup.title"), Lead: t.Say("setup.welcome", "app", app),
		Blocks: []page.Block{{
			Prose:   []page.Prose{{Items: []page.Item{{Text: t.Say("setup.hint")}, {Text: t.Say("setup.bound")}}}},
			Actions: []page.Action{{Text: t.Say("setup.begin"), URL: root, Post: true, Kind: "primary", Fields: []page.Hidden{{Name: "token", Value: token}}}},
		}},
	}
}

// handleOpen exchanges the token for the cookie of the browser.
func (u *UI) handleOpen(w http.ResponseWriter, r *http.Request) error {
	if err := httpio.SameOrigin(r); err != nil {
		return err
	}
	if err := httpio.Count(r.Context(), u.Opens, httpio.ClientIP(r).String()); err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	token, err := form.Text("token")
	if err != nil {
		return err
	}
	key := keyOf(token)
	name := u.cookieOf(key)
	browser, _, err := u.Forms.ReadCookie(r, name)
	if err != nil {
		return err
	}
	ctx := identity.WithActor(r.Context(), identity.Actor{Kind: identity.ActorSetupLink, TraceID: httpio.TraceID(r.Context())})
	v, err := u.Manage.OpenSetupLink(ctx, token, browser)
	if err != nil {
		return err
	}
	if v.Browser != "" {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people come by https
			Name: name, Value: v.Browser, Path: "/", MaxAge: max(1, int(v.Link.ExpiresAt.Sub(u.Now())/time.Second)),
			HttpOnly: true, Secure: u.Forms.Secure, SameSite: http.SameSiteLaxMode,
		})
	}
	return seeOther(w, r, root+"/"+key+"/")
}

// frame is what every page has, by the settings.
func (u *UI) frame(w http.ResponseWriter, r *http.Request) (page.Frame, identity.Settings, error) {
	settings, err := u.Manage.Settings(r.Context())
	if err != nil {
		return page.Frame{}, settings, err
	}
	csrf, err := u.Forms.Token(w, r)
	if err != nil {
		return page.Frame{}, settings, err
	}
	f := page.Frame{Text: words(r), App: settings.ApplicationName, CSRF: csrf}
	if u.Development {
		f.MailboxURL = "/mailbox"
	}
	return f, settings, nil
}

// show sends a screen with everything around it. Who may only look sees no forms.
func (u *UI) show(w http.ResponseWriter, r *http.Request, v visit, s page.Screen) error {
	return u.showAs(w, r, v, http.StatusOK, s)
}

func (u *UI) showAs(w http.ResponseWriter, r *http.Request, v visit, status int, s page.Screen) error {
	f, _, err := u.frame(w, r)
	if err != nil {
		return err
	}
	f.HomeURL = v.path + "/"
	f.Notices, f.Problems, f.MayLeadTo = s.Notices, s.Problems, s.MayLeadTo
	if !v.Link.Allows(identity.SetupWrite) {
		s = lookOnly(v.Text, s)
		f.Notices = s.Notices
	}
	s.Frame = f
	return u.pages.Render(w, status, "screen", &s)
}

// lookOnly takes out of a screen what changes something.
func lookOnly(t message.Text, s page.Screen) page.Screen {
	posts := func(list []page.Action) (rest []page.Action) {
		for _, a := range list {
			if !a.Post {
				rest = append(rest, a)
			}
		}
		return rest
	}
	s.Notices = append([]page.Notice{{Text: t.Say("setup.look_only")}}, s.Notices...)
	s.Actions = posts(s.Actions)
	for i := range s.Blocks {
		b := &s.Blocks[i]
		b.Form, b.Actions = nil, posts(b.Actions)
	}
	return s
}

// seeOther sends the browser on by GET.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of ours; what came from outside is escaped in it
	return nil
}

// failure says what happened and what to do next, in plain words.
func (u *UI) failure(w http.ResponseWriter, r *http.Request, err error) {
	e := fault.From(err)
	f, settings, frameErr := u.frame(w, r)
	if frameErr != nil { // the page needs no more than this
		f = page.Frame{Text: words(r), App: "Usher"}
	}
	s := failureScreen(f.Text, e, httpio.TraceID(r.Context()), settings.SupportEmail)
	s.Frame = f
	if u.pages.Render(w, e.Status(), "screen", &s) != nil {
		httpio.WriteError(w, r, err)
	}
}

func failureScreen(t message.Text, e *fault.Error, reference, support string) page.Screen {
	name, advice := failureWords(e.Code())
	s := page.Screen{Title: t.Say("failure." + name + ".heading"), Lead: t.Say("failure." + name + ".happened")}
	var items []page.Item
	for _, a := range advice {
		items = append(items, page.Item{Text: t.Say("advice." + a)})
	}
	b := page.Block{Prose: []page.Prose{{Items: items}}, Facts: []page.Fact{{Term: t.Say("setup.reference"), Text: reference, Copy: true}}}
	if support != "" {
		b.Facts = append(b.Facts, page.Fact{Term: t.Say("page.help"), Text: support, Copy: true})
	}
	s.Blocks = []page.Block{b}
	return s
}

// failureWords name the messages about a failure: "failure.…" and "advice.…".
func failureWords(c fault.Code) (name string, advice []string) {
	switch c {
	case fault.SetupLinkInvalid:
		return "setup_link", []string{"whole_link", "new_link"}
	case fault.SetupLinkExpired:
		return "setup_link_expired", []string{"new_link"}
	case fault.SetupLinkRevoked:
		return "setup_link_revoked", []string{"new_link"}
	case fault.SetupLinkUsed:
		return "setup_link_used", []string{"same_browser", "new_link"}
	case fault.NotFound, fault.OrganizationNotFound:
		return "not_found", []string{"check_address"}
	case fault.CSRFTokenInvalid:
		return "form_old", []string{"open_again"}
	case fault.CookieInvalid:
		return "cookie", []string{"start_again", "cookies"}
	case fault.TooManyRequests:
		return "too_many", []string{"wait_minutes"}
	case fault.ResourceForbidden:
		return "setup_scope", []string{"other_link"}
	case fault.ServiceUnavailable:
		return "unavailable", []string{"wait_try"}
	default:
		return "other", []string{"start_again", "goes_on"}
	}
}

// until is when the link ends, as every language writes it.
func until(l identity.SetupLink) string { return l.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC") }
