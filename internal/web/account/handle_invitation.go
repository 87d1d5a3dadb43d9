package account

import (
	"net/http"
	"net/url"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// invitationPath is where invitations are accepted.
const invitationPath = "/accept-invitation"

// invitationParam is how Clerk's links call the ticket.
const invitationParam = "__clerk_ticket"

// holder is the session of who opens a link; nil if nobody is signed in.
func (u *UI) holder(r *http.Request) (*identity.Session, error) {
	s, err := u.Sessions.Current(r.Context(), r)
	switch {
	case err == nil:
		return &s.Session, nil
	case fault.Is(err, fault.SignedOut):
		return nil, nil
	}
	return nil, err
}

// handleInvitationPage shows an invitation. It accepts nothing: mail scanners
// open links too (threat T-ORG-09).
func (u *UI) handleInvitationPage(w http.ResponseWriter, r *http.Request) error {
	q, err := httpio.Query(r)
	if err != nil {
		return err
	}
	ticket, err := q.Text(invitationParam)
	if err != nil {
		return err
	}
	s, err := u.holder(r)
	if err != nil {
		return err
	}
	v, err := u.SignIn.Invitation(r.Context(), ticket, s)
	if err != nil {
		return err
	}
	if v.State == signin.InvitationDone {
		return seeOther(w, r, "/user")
	}
	return u.renderInvitation(w, r, http.StatusOK, AcceptInvitation{Ticket: ticket}, v)
}

func (u *UI) renderInvitation(w http.ResponseWriter, r *http.Request, status int, view AcceptInvitation, v signin.InvitationView) error {
	f, settings, err := u.frameBySettings(w, r)
	if err != nil {
		return err
	}
	f.Problems = view.Problems
	view.Frame, view.Action, view.Organization, view.Email = f, invitationPath, v.Organization.Name, string(v.Email)
	if view.Organization == "" {
		view.Organization = f.App
	}
	if v.State == signin.InvitationSignIn {
		back := invitationPath + "?" + url.Values{invitationParam: {view.Ticket}}.Encode()
		view.SignInURL = "/sign-in?" + url.Values{FieldEmail: {view.Email}, FieldReturnURL: {back}}.Encode()
	}
	if v.State == signin.InvitationSignUp {
		view.NewAccount, view.AskPassword, view.PasswordMin = true, settings.PasswordEnabled, signin.MinPassword
	}
	return u.pages.Render(w, status, PageAcceptInvitation, &view)
}

// handleAcceptInvitation accepts, for who is signed in or makes an account by it.
func (u *UI) handleAcceptInvitation(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	var fields [4]string
	var errs []error
	for i, name := range []string{"ticket", FieldFirstName, FieldLastName, FieldPassword} {
		text, err := form.Text(name)
		fields[i] = text
		errs = append(errs, err)
	}
	if err := fault.Join(errs...); err != nil {
		return err
	}
	s, err := u.holder(r)
	if err != nil {
		return err
	}
	if s != nil {
		if _, err := u.SignIn.AcceptInvitation(identity.WithActor(r.Context(), actorOf(r, *s)), fields[0], *s); err != nil {
			return err
		}
		return seeOther(w, r, "/user")
	}
	return u.signUpInvited(w, r, AcceptInvitation{Ticket: fields[0], FirstName: fields[1], LastName: fields[2]}, fields[3])
}

func (u *UI) signUpInvited(w http.ResponseWriter, r *http.Request, view AcceptInvitation, password string) error {
	if err := fault.Join(u.count(r, u.Visits), u.count(r, u.Starts)); err != nil {
		return err
	}
	v, err := u.SignIn.Invitation(r.Context(), view.Ticket, nil)
	if err != nil {
		return err
	}
	client, err := u.Sessions.EnsureClient(r.Context(), w, r)
	if err != nil {
		return err
	}
	done, err := u.SignIn.SignUpInvited(r.Context(), view.Ticket, signin.SignUpForm{
		Client: client.ID, FirstName: view.FirstName, LastName: view.LastName, Password: password,
	})
	if err != nil {
		list, status, ok := problems(words(r), err)
		if !ok || v.State != signin.InvitationSignUp {
			return err
		}
		view.Frame = page.Frame{Problems: list}
		return u.renderInvitation(w, r, status, view, v)
	}
	u.Sessions.SetCookie(w, done.Cookie)
	return seeOther(w, r, u.Arrived(done))
}
