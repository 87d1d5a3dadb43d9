package account

import (
	"net/http"
	"net/url"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/signin"
	"usher/internal/web/page"
)

func (u *UI) handleSignUpPage(w http.ResponseWriter, r *http.Request) error {
	email, back, err := u.entry(r)
	if err != nil {
		return err
	}
	return u.renderSignUp(w, r, http.StatusOK, SignUp{Email: email, ReturnURL: back})
}

func (u *UI) renderSignUp(w http.ResponseWriter, r *http.Request, status int, view SignUp) error {
	f, settings, err := u.frameBySettings(w, r)
	if err != nil {
		return err
	}
	if settings.SignUpMode != identity.SignUpPublic {
		return fault.New(fault.SignUpModeRestricted)
	}
	f.Problems = view.Problems
	view.Frame, view.Action, view.SignInURL = u.leads(f), "/sign-up", "/sign-in"
	view.AskNames, view.AskPassword, view.PasswordMin = true, settings.PasswordEnabled, signin.MinPassword
	return u.pages.Render(w, status, PageSignUp, &view)
}

func (u *UI) handleSignUp(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	var fields [5]string
	var errs []error
	for i, name := range []string{FieldEmail, FieldFirstName, FieldLastName, FieldPassword, FieldReturnURL} {
		text, err := form.Text(name)
		fields[i] = text
		errs = append(errs, err)
	}
	if err := fault.Join(errs...); err != nil {
		return err
	}
	view := SignUp{Email: fields[0], FirstName: fields[1], LastName: fields[2], ReturnURL: fields[4]}
	s, next, err := u.beginSignUp(w, r, view, fields[3])
	if err != nil {
		list, status, ok := problems(words(r), err)
		if !ok {
			return err
		}
		view.Frame = page.Frame{Problems: list}
		return u.renderSignUp(w, r, status, view)
	}
	if s.ID == "" { // the address signs in by SSO: that makes the account
		return u.lead(w, r, next)
	}
	return seeOther(w, r, "/sign-up/"+string(s.ID))
}

func (u *UI) beginSignUp(w http.ResponseWriter, r *http.Request, view SignUp, password string) (identity.SignUp, signin.Next, error) {
	if err := fault.Join(u.count(r, u.Visits), u.count(r, u.Starts)); err != nil {
		return identity.SignUp{}, signin.Next{}, err
	}
	client, err := u.Sessions.EnsureClient(r.Context(), w, r)
	if err != nil {
		return identity.SignUp{}, signin.Next{}, err
	}
	return u.SignIn.BeginSignUp(r.Context(), signin.SignUpForm{
		Client: client.ID, Source: source(r), Address: view.Email, FirstName: view.FirstName, LastName: view.LastName,
		Password: password, ReturnURL: view.ReturnURL,
	})
}

// signUpStep reads the sign-up that a URL names, of this browser.
func (u *UI) signUpStep(r *http.Request) (identity.SignUp, error) {
	return openStep(u, r, "sign_up_id", u.SignIn.OpenSignUp)
}

func (u *UI) handleSignUpStep(w http.ResponseWriter, r *http.Request) error {
	s, err := u.signUpStep(r)
	if err != nil {
		return err
	}
	return u.renderSignUpCode(w, r, http.StatusOK, s, nil)
}

func (u *UI) renderSignUpCode(w http.ResponseWriter, r *http.Request, status int, s identity.SignUp, list []page.Problem) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	f.Problems = list
	return u.pages.Render(w, status, PageSignUpCode, &SignUpCode{
		Frame: f, Action: "/sign-up/" + string(s.ID), Email: string(s.Email),
		ChangeURL: "/sign-up?" + url.Values{FieldEmail: {string(s.Email)}}.Encode(),
		Minutes:   codeMinutes, WaitSeconds: u.wait(s.Code),
	})
}

func (u *UI) handleSignUpCode(w http.ResponseWriter, r *http.Request) error {
	s, do, code, err := postedStep(u, w, r, u.signUpStep, FieldCode)
	if err != nil {
		return err
	}
	var done signin.Done
	if do == DoResend {
		err = u.SignIn.ResendSignUpCode(r.Context(), from(r, s.ClientID), s.ID)
	} else if err = u.count(r, u.Tries); err == nil {
		done, err = u.SignIn.VerifySignUp(r.Context(), from(r, s.ClientID), s.ID, digits(code))
	}
	if err != nil {
		list, status, ok := problems(words(r), err)
		if !ok {
			return err
		}
		return u.renderSignUpCode(w, r, status, s, list)
	}
	if do == DoResend {
		return seeOther(w, r, "/sign-up/"+string(s.ID))
	}
	u.Sessions.SetCookie(w, done.Cookie)
	return seeOther(w, r, u.Arrived(done))
}
