package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// codeMinutes is how long a mailed code works, for the page's words.
const codeMinutes = int(signin.CodeLife / time.Minute)

func (u *UI) handleSignInPage(w http.ResponseWriter, r *http.Request) error {
	if ticket, err := hasTicket(r); err != nil || ticket != "" {
		if err != nil {
			return err
		}
		return u.ticketPage(w, r, ticket)
	}
	email, back, err := u.entry(r)
	if err != nil {
		return err
	}
	return u.renderSignIn(w, r, http.StatusOK, SignIn{Email: email, ReturnURL: back})
}

// entry reads what a link to the first page of a sign-in or a sign-up may fill in.
func (u *UI) entry(r *http.Request) (email, back string, err error) {
	q, err := httpio.Query(r)
	if err != nil {
		return "", "", err
	}
	email, emailErr := q.Text(FieldEmail)
	back, backErr := q.Text(FieldReturnURL)
	return email, back, fault.Join(emailErr, backErr, u.SignIn.CheckReturn(r.Context(), back))
}

func (u *UI) renderSignIn(w http.ResponseWriter, r *http.Request, status int, view SignIn) error {
	f, settings, err := u.frameBySettings(w, r)
	if err != nil {
		return err
	}
	f.Problems = view.Problems
	view.Frame = u.leads(f)
	view.Action = "/sign-in"
	if settings.SignUpMode == identity.SignUpPublic {
		view.SignUpURL = "/sign-up"
	}
	return u.pages.Render(w, status, PageSignIn, &view)
}

// handleSignIn takes the address and leads on. It is the call that starts a
// sign-in: the browser gets its cookie here.
func (u *UI) handleSignIn(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	email, emailErr := form.Text(FieldEmail)
	back, backErr := form.Text(FieldReturnURL)
	if err := fault.Join(emailErr, backErr); err != nil {
		return err
	}
	next, err := u.begin(w, r, email, back)
	if err == nil {
		return u.lead(w, r, next)
	}
	if list, status, ok := problems(words(r), err); ok {
		return u.renderSignIn(w, r, status, SignIn{Frame: page.Frame{Problems: list}, Email: email, ReturnURL: back})
	}
	return err
}

// begin counts before anything is written: what goes to an identity provider
// generously, the rest strictly (threat T-DOS-09).
func (u *UI) begin(w http.ResponseWriter, r *http.Request, email, back string) (signin.Next, error) {
	if err := u.count(r, u.Visits); err != nil {
		return signin.Next{}, err
	}
	address, err := identity.ParseEmail(email) // a typing mistake makes no client
	if err != nil {
		return signin.Next{}, err
	}
	sso, err := u.SignIn.ServedBySSO(r.Context(), address)
	if err != nil {
		return signin.Next{}, err
	}
	if !sso {
		if err := u.count(r, u.Starts); err != nil {
			return signin.Next{}, err
		}
	}
	client, err := u.Sessions.EnsureClient(r.Context(), w, r)
	if err != nil {
		return signin.Next{}, err
	}
	return u.SignIn.Begin(r.Context(), signin.Begin{Client: client.ID, Address: email, ReturnURL: back})
}

// count counts an event of the request's address.
func (u *UI) count(r *http.Request, c httpio.Counter) error {
	return httpio.Count(r.Context(), c, source(r))
}

// source is where a request comes from, for what is counted by it.
func source(r *http.Request) string { return httpio.AddressKey(httpio.ClientIP(r)) }

// from is the browser of a request, for what is counted by where it is.
func from(r *http.Request, client identity.ClientID) signin.Browser {
	return signin.Browser{Client: client, Source: source(r)}
}

// lead sends the browser to the next step.
func (u *UI) lead(w http.ResponseWriter, r *http.Request, next signin.Next) error {
	step := "/sign-in/" + string(next.SignIn.ID)
	switch next.Step {
	case signin.NextProvider:
		return u.toProvider(w, r, next.Ticket, next.SignIn.Identifier)
	case signin.NextChoose:
		return seeOther(w, r, step)
	case signin.NextPassword:
		return seeOther(w, r, step)
	case signin.NextCode:
		return u.sendCode(w, r, next.SignIn)
	}
	return errors.New("account: unknown step of a sign-in")
}

// toProvider sends the browser to the identity provider, by redirect or by a
// form.
func (u *UI) toProvider(w http.ResponseWriter, r *http.Request, t signin.Ticket, email identity.Email) error {
	if t.Form == nil {
		return seeOther(w, r, t.Redirect)
	}
	return u.going(w, r, t, signInWith(email))
}

// going sends the browser to the identity provider by a form. Back is where it can
// go instead; empty: nowhere.
func (u *UI) going(w http.ResponseWriter, r *http.Request, t signin.Ticket, back string) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	view := NewGoing(f, t.Form.Action)
	view.Connection, view.BackURL = t.Connection.Name, back
	if target, err := url.Parse(t.Form.Action); err == nil {
		view.Host = target.Host
	}
	view.Fields = []Hidden{{"SAMLRequest", t.Form.SAMLRequest}, {"RelayState", t.Form.RelayState}}
	return u.pages.Render(w, http.StatusOK, PageGoing, view)
}

func signInWith(email identity.Email) string {
	return "/sign-in?" + url.Values{FieldEmail: {string(email)}}.Encode()
}

// step reads the sign-in that a URL names, of this browser.
func (u *UI) step(r *http.Request) (identity.SignIn, error) {
	return openStep(u, r, "sign_in_id", u.SignIn.OpenSignIn)
}

// openStep reads what the URL's parameter names, of this browser.
func openStep[K identity.ID, T any](u *UI, r *http.Request, param string, open func(context.Context, identity.ClientID, K) (T, error)) (T, error) {
	var zero T
	id, err := identity.ParseID[K](r.PathValue(param))
	if err != nil {
		return zero, err
	}
	client, _, err := u.Sessions.Client(r.Context(), r)
	if err != nil {
		return zero, err
	}
	return open(r.Context(), client.ID, id)
}

// postedStep reads a step and the form posted to it: the button, and the field
// that the step asks for.
func postedStep[T any](u *UI, w http.ResponseWriter, r *http.Request, step func(*http.Request) (T, error), field string) (s T, do, value string, err error) {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return s, "", "", err
	}
	if s, err = step(r); err != nil {
		return s, "", "", err
	}
	do, doErr := form.Text(FieldDo)
	value, valueErr := form.Text(field)
	return s, do, value, fault.Join(doErr, valueErr)
}

// handleSignInStep shows where a sign-in stands.
func (u *UI) handleSignInStep(w http.ResponseWriter, r *http.Request) error {
	s, err := u.step(r)
	if err != nil {
		return err
	}
	return u.renderStep(w, r, http.StatusOK, s, nil)
}

func (u *UI) renderStep(w http.ResponseWriter, r *http.Request, status int, s identity.SignIn, list []page.Problem) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	f.Problems = list
	next, err := u.SignIn.Where(r.Context(), s)
	if err != nil {
		return err
	}
	action := "/sign-in/" + string(s.ID)
	change := signInWith(s.Identifier)
	switch next.Step {
	case signin.NextChoose, signin.NextProvider:
		view := &ChooseConnection{Frame: u.leads(f), Action: action + "/sso", Email: string(s.Identifier), ChangeURL: change}
		of := map[identity.OrgID]int{}
		for _, c := range next.Choices {
			of[c.Connection.OrganizationID]++
		}
		for _, c := range next.Choices {
			view.Connections = append(view.Connections, ConnectionChoice{
				ID: string(c.Connection.ID), Name: c.Connection.Name, Organization: c.Organization,
				ByName: of[c.Connection.OrganizationID] > 1,
			})
		}
		return u.pages.Render(w, status, PageChooseConnection, view)
	case signin.NextPassword:
		return u.pages.Render(w, status, PageSignInPassword, &SignInPassword{
			Frame: f, Action: action + "/password", Email: string(s.Identifier), ChangeURL: change, CanCode: true,
		})
	case signin.NextCode:
	}
	return u.pages.Render(w, status, PageSignInCode, &SignInCode{
		Frame: f, Action: action + "/code", Email: string(s.Identifier), ChangeURL: change,
		Minutes: codeMinutes, WaitSeconds: u.wait(s.Code), CanPassword: next.Password,
	})
}

// wait is how many seconds are left until another code may be asked for.
func (u *UI) wait(c identity.CodeChallenge) int {
	return max(0, int(c.SentAt.Add(signin.CodeWait).Sub(u.Now())/time.Second))
}

// retry shows a step again with what was wrong, or hands the failure on.
func (u *UI) retry(w http.ResponseWriter, r *http.Request, s identity.SignIn, err error) error {
	list, status, ok := problems(words(r), err)
	if !ok {
		return err
	}
	return u.renderStep(w, r, status, s, list)
}

func (u *UI) handleChooseConnection(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	s, err := u.step(r)
	if err != nil {
		return err
	}
	text, err := form.Text(FieldConnection)
	if err != nil {
		return err
	}
	if err := u.count(r, u.Visits); err != nil {
		return err
	}
	ticket, err := u.SignIn.Choose(r.Context(), s.ClientID, s.ID, identity.ConnectionID(text))
	if err != nil {
		return err
	}
	return u.toProvider(w, r, ticket, s.Identifier)
}

func (u *UI) handlePassword(w http.ResponseWriter, r *http.Request) error {
	s, do, password, err := postedStep(u, w, r, u.step, FieldPassword)
	if err != nil {
		return err
	}
	if do == DoCode {
		return u.sendCode(w, r, s)
	}
	if err := u.count(r, u.Tries); err != nil {
		return u.retry(w, r, s, err)
	}
	done, err := u.SignIn.Password(r.Context(), from(r, s.ClientID), s.ID, password)
	return u.finish(w, r, s, done, err)
}

func (u *UI) sendCode(w http.ResponseWriter, r *http.Request, s identity.SignIn) error {
	sent, err := u.SignIn.SendCode(r.Context(), from(r, s.ClientID), s.ID)
	if err != nil {
		return u.retry(w, r, s, err)
	}
	return seeOther(w, r, "/sign-in/"+string(sent.ID))
}

func (u *UI) handleCode(w http.ResponseWriter, r *http.Request) error {
	s, do, code, err := postedStep(u, w, r, u.step, FieldCode)
	if err != nil {
		return err
	}
	switch do {
	case DoResend:
		return u.sendCode(w, r, s)
	case DoPassword:
		if err := u.SignIn.UsePassword(r.Context(), s.ClientID, s.ID); err != nil {
			return err
		}
		return seeOther(w, r, "/sign-in/"+string(s.ID))
	}
	if err := u.count(r, u.Tries); err != nil {
		return u.retry(w, r, s, err)
	}
	done, err := u.SignIn.Code(r.Context(), from(r, s.ClientID), s.ID, digits(code))
	return u.finish(w, r, s, done, err)
}

// digits forgives the spaces and dashes that people type and paste into a code.
func digits(code string) string {
	out := make([]byte, 0, len(code))
	for _, c := range []byte(code) {
		if c != ' ' && c != '-' {
			out = append(out, c)
		}
	}
	return string(out)
}

// finish hands the new cookie over and leads on, or shows the step again.
func (u *UI) finish(w http.ResponseWriter, r *http.Request, s identity.SignIn, done signin.Done, err error) error {
	if err != nil {
		return u.retry(w, r, s, err)
	}
	u.Sessions.SetCookie(w, done.Cookie)
	return seeOther(w, r, u.Arrived(done))
}

// handleSwitch is the answer to the question whether another person's session
// may end for a sign-in that the provider initiated (threat T-SAML-27).
func (u *UI) handleSwitch(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	do, err := form.Text(FieldDo)
	if err != nil {
		return err
	}
	if do != DoSwitch {
		return seeOther(w, r, "/user")
	}
	q, err := httpio.Query(r)
	if err != nil {
		return err
	}
	nonce, nonceErr := q.Text("nonce")
	binding, _, bindingErr := session.ReadCookie(r, u.Sessions.BindingCookie())
	client, _, clientErr := u.Sessions.Client(r.Context(), r)
	if err := fault.Join(nonceErr, bindingErr, clientErr); err != nil {
		return err
	}
	done, err := u.SignIn.CompleteSAML(r.Context(), signin.Return{Nonce: nonce, Binding: binding, Client: client.ID, Switch: true})
	if err != nil {
		return err
	}
	u.Sessions.SetCookie(w, done.Cookie)
	return seeOther(w, r, u.Arrived(done))
}
