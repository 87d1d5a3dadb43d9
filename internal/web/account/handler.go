package account

import (
	"net/http"
	"net/url"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/message"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// UI serves the hosted pages.
type UI struct {
	SignIn   *signin.Flow
	Manage   *manage.Service
	Sessions *session.Manager
	Forms    page.Forms
	BaseURL  string // the deployment's public origin, without a slash at the end
	Now      func() time.Time
	Visits   httpio.Counter // sign-ins and sign-ups begun, by address
	Starts   httpio.Counter // those of them that do not go to an identity provider
	Tries    httpio.Counter // codes and passwords tried, by address
	Dev      *Dev           // nil: not a development server

	pages *page.Set
}

// Dev is what a development server shows besides.
type Dev struct {
	Home func() DevHome // what to try; the frame is filled in here
}

// Init parses the pages of an ordinary sign-in. It must be called before Routes.
func (u *UI) Init() error {
	var err error
	if u.pages, err = NewPages(); err != nil {
		return err
	}
	return u.pages.Warm(EagerPages()...)
}

// Routes registers every page.
func (u *UI) Routes(mux *http.ServeMux) {
	mux.Handle("GET /assets/", page.Assets())
	for pattern, h := range map[string]httpio.Handler{
		"GET /{$}": u.handleHome,

		"GET /sign-in":                        u.handleSignInPage,
		"POST /sign-in":                       u.handleSignIn,
		"GET /sign-in/{sign_in_id}":           u.handleSignInStep,
		"POST /sign-in/ticket":                u.handleTicket,
		"POST /sign-in/switch":                u.handleSwitch,
		"POST /sign-in/{sign_in_id}/sso":      u.handleChooseConnection,
		"POST /sign-in/{sign_in_id}/password": u.handlePassword,
		"POST /sign-in/{sign_in_id}/code":     u.handleCode,

		"GET /sign-up":               u.handleSignUpPage,
		"POST /sign-up":              u.handleSignUp,
		"GET /sign-up/{sign_up_id}":  u.handleSignUpStep,
		"POST /sign-up/{sign_up_id}": u.handleSignUpCode,

		"GET " + invitationPath:  u.handleInvitationPage,
		"POST " + invitationPath: u.handleAcceptInvitation,

		"GET " + createPath:  u.handleCreateOrganizationPage,
		"POST " + createPath: u.handleCreateOrganization,

		"GET /user":          u.handleUser,
		"GET /organization":  u.handleOrganizations,
		"POST /organization": u.handleChooseOrganization,
		"GET /organization/{organization_id}/leave":  u.handleLeavePage,
		"POST /organization/{organization_id}/leave": u.handleLeave,
		"POST /sessions/{session_id}/revoke":         u.handleRevokeSession,
		"POST /user/connections/{connection_id}":     u.handleLink,
		"POST /user/invitations/{invitation_id}":     u.handleAcceptOwnInvitation,
		"POST /user/suggestions/{suggestion_id}":     u.handleAcceptSuggestion,
		"POST /sign-out":                             u.handleSignOut,
		"GET /signed-out":                            u.handleSignedOut,
	} {
		mux.Handle(pattern, httpio.HandleWith(u.Failure, u.guarded(h)))
	}
	if u.Dev != nil {
		mux.Handle("GET /mailbox", httpio.HandleWith(u.Failure, u.handleMailbox))
		mux.Handle("GET /mailbox/{mail_id}", httpio.HandleWith(u.Failure, u.handleMail))
	}
	mux.Handle("/", httpio.HandleWith(u.Failure, httpio.NotFound))
}

// guarded lets only forms of our own pages change anything (threat T-SES-07).
func (u *UI) guarded(h httpio.Handler) httpio.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := httpio.SameOrigin(r); err != nil {
			return err
		}
		return h(w, r)
	}
}

// frame is what every page has.
func (u *UI) frame(w http.ResponseWriter, r *http.Request) (page.Frame, error) {
	f, _, err := u.frameBySettings(w, r)
	return f, err
}

// frameBySettings is the frame of a page that depends on the settings itself, with
// those that it was made by.
func (u *UI) frameBySettings(w http.ResponseWriter, r *http.Request) (page.Frame, identity.Settings, error) {
	settings, err := u.Manage.Settings(r.Context())
	if err != nil {
		return page.Frame{}, settings, err
	}
	csrf, err := u.Forms.Token(w, r)
	if err != nil {
		return page.Frame{}, settings, err
	}
	f := page.Frame{Text: words(r), App: settings.ApplicationName, HomeURL: "/", CSRF: csrf}
	if u.Dev != nil {
		f.MailboxURL = "/mailbox"
	}
	return f, settings, nil
}

// leads lets a form's redirect reach an identity provider, wherever it is.
func (u *UI) leads(f page.Frame) page.Frame {
	f.MayLeadTo = []string{"https:"}
	if u.Dev != nil {
		f.MayLeadTo = append(f.MayLeadTo, "http:")
	}
	return f
}

// signedIn finds who is signed in, and a frame that says so.
func (u *UI) signedIn(w http.ResponseWriter, r *http.Request) (session.Signed, page.Frame, error) {
	s, err := u.Sessions.Current(r.Context(), r)
	if err != nil {
		return s, page.Frame{}, err
	}
	f, err := u.frame(w, r)
	f.SignOutURL = "/sign-out"
	return s, f, err
}

// seeOther sends the browser on by GET.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// problems are the failures of a form, for its page; ok is false for a failure
// that is not one of the form's.
func problems(t message.Text, err error) (list []page.Problem, status int, ok bool) {
	for _, e := range fault.All(err) {
		if e.Status() >= http.StatusInternalServerError || !formFailure(e) {
			return nil, 0, false
		}
		field, _ := e.Meta()["param_name"].(string)
		list = append(list, page.Problem{Field: field, Text: problemText(t, e)})
	}
	return list, fault.From(err).Status(), true
}

// formFailure reports whether a failure can be mended in the form that was sent.
func formFailure(e *fault.Error) bool {
	switch e.Code() {
	case fault.FormCodeIncorrect, fault.FormPasswordIncorrect, fault.FormPasswordOrIdentifierIncorrect,
		fault.FormPasswordTooShort, fault.FormPasswordTooLong, fault.FormParamFormatInvalid, fault.FormParamMissing,
		fault.FormParamMaxLength, fault.FormIdentifierExists, fault.VerificationExpired, fault.VerificationFailed,
		fault.VerificationMissing, fault.VerificationCodeTooMany, fault.TooManyRequests, fault.StrategyForUserInvalid:
		return true
	default:
		return false
	}
}

func problemText(t message.Text, e *fault.Error) string {
	if e.Code() == fault.FormParamFormatInvalid && e.Meta()["param_name"] == FieldEmail {
		return t.Say("problem.email_form")
	}
	if wait, ok := e.Meta()["resets_in"].(int); ok && e.Code() == fault.VerificationCodeTooMany && wait > 60 {
		return t.Say("problem.codes_wait", "count", (wait+59)/60)
	}
	if key := "problem." + string(e.Code()); t.Has(key) {
		return t.Say(key)
	}
	return e.Message()
}

// words are those of the languages that a browser asks for.
func words(r *http.Request) message.Text { return message.For(r.Header.Get("Accept-Language")) }

// Failure shows a failure in plain words with its reference. It is the Renderer
// of every page, and of the provider's leg.
func (u *UI) Failure(w http.ResponseWriter, r *http.Request, err error) {
	e := fault.From(err)
	if e.Code() == fault.SignedOut && r.Method == http.MethodGet {
		_ = seeOther(w, r, "/sign-in?return_url="+url.QueryEscape(r.URL.Path))
		return
	}
	f, settings, frameErr := u.frameBySettings(w, r)
	if frameErr != nil { // the page needs no more than this
		f = page.Frame{Text: words(r), App: "Usher", HomeURL: "/"}
	}
	if why := ended(e); why != "" {
		view := &AttemptEnded{Frame: f, Why: why, StartURL: "/sign-in"}
		if u.pages.Render(w, e.Status(), PageAttemptEnded, view) == nil {
			return
		}
	}
	reference, _ := e.Meta()["attempt_id"].(string)
	if reference == "" {
		reference = httpio.TraceID(r.Context())
	}
	view := &Error{Frame: f, Words: WordsFor(f.Text, e), Reference: reference, Code: string(e.Code()), At: moment(f.Text, u.Now(), u.Now()), StartURL: "/sign-in", ContactEmail: settings.SupportEmail}
	if linking, _ := e.Details()["linking"].(bool); linking {
		view.StartURL, view.AccountURL = "", "/user"
	}
	if u.pages.Render(w, e.Status(), PageError, view) != nil {
		httpio.WriteError(w, r, err)
	}
}

// ended says which page explains a sign-in that cannot be finished here.
func ended(e *fault.Error) string {
	switch {
	case e.Code() == fault.SSOVerdictInvalid:
		return EndedUsed
	case e.Reason() == "browser_mismatch":
		return EndedOtherBrowser
	}
	return ""
}

// Arrived is where a browser goes that has just signed in.
func (u *UI) Arrived(done signin.Done) string {
	switch {
	case done.ReturnURL != "":
		return done.ReturnURL
	case done.Choose:
		return "/organization"
	}
	return "/user"
}

// Switch asks whether another person's session may end.
func (u *UI) Switch(w http.ResponseWriter, r *http.Request, s signin.SwitchNeeded, nonce string) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	email, err := u.Manage.PrimaryEmail(r.Context(), s.Current)
	if err != nil {
		return err
	}
	return u.pages.Render(w, http.StatusOK, PageSwitchAccount, &SwitchAccount{
		Frame: f, Action: "/sign-in/switch?nonce=" + url.QueryEscape(nonce),
		Current:    Account{Name: s.Current.Name(), Email: string(email)},
		Arriving:   Account{Email: string(s.Email)},
		Connection: s.Connection,
	})
}
