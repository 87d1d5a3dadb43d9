package dashboard

import (
	"embed"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

// root is where the dashboard stands.
const root = "/dashboard"

// recently is how old a sign-in may be for what an operator whose session was
// stolen would miss most. Ours (threat T-API-12).
const recently = 10 * time.Minute

// UI serves the dashboard.
type UI struct {
	SignIn      *signin.Flow
	Manage      *manage.Service
	Sessions    *session.Manager
	Forms       page.Forms
	BaseURL     string // the deployment's public origin, without a slash at the end
	Now         func() time.Time
	Development bool

	KeepAddresses bool // the audit log keeps from where an operator acts

	pages  *page.Set
	guides *guide.Set
}

// operator is who looks at a page.
type operator struct {
	session.Signed
	address string // email address
}

// handler answers an operator.
type handler func(w http.ResponseWriter, r *http.Request, op operator) error

// Init parses the pages. It must be called before Routes.
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

// routes are the pages by subject.
func (u *UI) routes() []map[string]handler {
	return []map[string]handler{
		u.overviewRoutes(),
		u.organizationRoutes(),
		u.memberRoutes(),
		u.invitationRoutes(),
		u.domainRoutes(),
		u.setupLinkRoutes(),
		u.userRoutes(),
		u.connectionRoutes(),
		u.attemptRoutes(),
		u.newConnectionRoutes(),
		u.setupRoutes(),
		u.configurationRoutes(),
		u.connectionKeyRoutes(),
		u.connectionChangeRoutes(),
		u.connectionTestRoutes(),
		u.roleRoutes(),
		u.apiKeyRoutes(),
		u.webhookRoutes(),
		u.mailRoutes(),
		u.settingsRoutes(),
		u.auditRoutes(),
		u.searchRoutes(),
	}
}

// Routes registers every page.
func (u *UI) Routes(mux *http.ServeMux) {
	for _, table := range u.routes() {
		for pattern, h := range table {
			mux.Handle(pattern, httpio.HandleWith(u.failure, u.admit(h)))
		}
	}
	mux.Handle(root+"/", httpio.HandleWith(u.failure, u.admit(func(w http.ResponseWriter, r *http.Request, _ operator) error {
		return httpio.NotFound(w, r)
	})))
}

// admit lets operators in, and says in the request's context who acts.
func (u *UI) admit(h handler) httpio.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := httpio.SameOrigin(r); err != nil {
			return err
		}
		s, err := u.Sessions.Current(r.Context(), r)
		if err != nil {
			return err
		}
		if err := u.Manage.Operate(r.Context(), s.Session, 0); err != nil {
			return err
		}
		email, err := u.Manage.PrimaryEmail(r.Context(), s.User)
		if err != nil {
			return err
		}
		return h(w, r.WithContext(identity.WithActor(r.Context(), u.actor(r, s))), operator{Signed: s, address: string(email)})
	}
}

// sure is a handler of what an operator must have signed in for shortly before.
func (u *UI) sure(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, op operator) error {
		if err := u.Manage.Operate(r.Context(), op.Session, recently); err != nil {
			return err
		}
		return h(w, r, op)
	}
}

func (u *UI) actor(r *http.Request, s session.Signed) identity.Actor {
	a := identity.Actor{Kind: identity.ActorUser, ID: string(s.User.ID), TraceID: httpio.TraceID(r.Context())}
	if u.KeepAddresses {
		a.Address = httpio.ClientIP(r).String()
	}
	return a
}

// show sends a screen with everything around it.
func (u *UI) show(w http.ResponseWriter, r *http.Request, op operator, s page.Screen) error {
	return u.showAs(w, r, op, http.StatusOK, s)
}

func (u *UI) showAs(w http.ResponseWriter, r *http.Request, op operator, status int, s page.Screen) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	f.Notices, f.Problems, f.MayLeadTo = append(u.done(r), s.Notices...), s.Problems, s.MayLeadTo
	f.SignedInAs, f.SignOutURL = op.address, "/sign-out"
	f.Nav = navigation(r.URL.Path)
	f.Search = &page.Search{Action: searchPath, Label: "Search everything", Value: searched(r)}
	s.Frame = f
	return u.pages.Render(w, status, "screen", &s)
}

func (u *UI) frame(w http.ResponseWriter, r *http.Request) (page.Frame, error) {
	settings, err := u.Manage.Settings(r.Context())
	if err != nil {
		return page.Frame{}, err
	}
	csrf, err := u.Forms.Token(w, r)
	if err != nil {
		return page.Frame{}, err
	}
	f := page.Frame{App: settings.ApplicationName, HomeURL: root, CSRF: csrf}
	if u.Development {
		f.MailboxURL = "/mailbox"
	}
	return f, nil
}

// seeOther sends the browser on by GET.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of ours; what came from outside is escaped in it
	return nil
}

// failure tells what is wrong and what to do about it.
func (u *UI) failure(w http.ResponseWriter, r *http.Request, err error) {
	e := fault.From(err)
	again := "/sign-in?return_url=" + url.QueryEscape(returnTo(r))
	if e.Code() == fault.SignedOut {
		_ = seeOther(w, r, again)
		return
	}
	f, frameErr := u.frame(w, r)
	if frameErr != nil { // the page needs no more than this
		f = page.Frame{App: "Usher", HomeURL: root}
	}
	s := page.Screen{Frame: f, Title: e.Message(), Lead: e.LongMessage()}
	block := page.Block{Facts: []page.Fact{
		{Term: "Code", Text: string(e.Code()), Code: true}, {Term: "Reference", Text: httpio.TraceID(r.Context()), Copy: true},
	}}
	if fix := e.Fix(); fix != "" {
		block.Prose = []page.Prose{{Text: fix}}
	}
	switch e.Code() {
	case fault.OperatorConfirmationRequired:
		s.Lead = "This step is for somebody who has just signed in. Sign in again, and you come back here."
		block.Prose, block.Facts = nil, nil
		block.Actions = []page.Action{{Text: "Sign in again", URL: again, Kind: "primary"}, {Text: "Back to the dashboard", URL: root}}
	case fault.OperatorRequired, fault.OperatorSignInRequired:
		f.SignOutURL = "/sign-out"
		s.Frame = f
		block.Actions = []page.Action{{Text: "Sign in as somebody else", URL: again, Kind: "primary"}}
	default:
		block.Actions = []page.Action{{Text: "Back to the dashboard", URL: root, Kind: "primary"}}
	}
	s.Blocks = []page.Block{block}
	if u.pages.Render(w, e.Status(), "refused", &s) != nil {
		httpio.WriteError(w, r, err)
	}
}

// returnTo is where to come back to after signing in: the page that was asked for,
// or the dashboard where a form was sent.
func returnTo(r *http.Request) string {
	if r.Method != http.MethodGet {
		return root
	}
	return r.URL.RequestURI()
}
