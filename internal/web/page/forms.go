package page

import (
	"crypto/rand"
	"net/http"

	"usher/internal/httpio"
)

// Forms gives the forms of pages their token, and reads them back only with it
// (threat T-SES-07). What a token is bound to names no person and outlives the
// rotation of the client's cookie, so that forms in other tabs stay good; reading a
// page must not make a client (threat T-SAML-25).
type Forms struct {
	Tokens httpio.FormTokens
	Cookie string // the name of the cookie that tokens are bound to
	Secure bool   // the cookie goes over https only

	// ReadCookie returns the value of the cookie with a name, and whether it was
	// sent; it refuses a doubled one.
	ReadCookie func(r *http.Request, name string) (string, bool, error)
}

// Token returns the token for the forms of a page. A browser without the cookie
// that it is bound to gets one.
func (f Forms) Token(w http.ResponseWriter, r *http.Request) (string, error) {
	cookie, sent, err := f.ReadCookie(r, f.Cookie)
	if err != nil {
		return "", err
	}
	if !sent || cookie == "" {
		cookie = rand.Text()
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people come by https
			Name: f.Cookie, Value: cookie, Path: "/", HttpOnly: true, Secure: f.Secure, SameSite: http.SameSiteLaxMode,
		})
	}
	return f.Tokens.Token(cookie), nil
}

// Read reads a form and checks its token.
func (f Forms) Read(w http.ResponseWriter, r *http.Request) (httpio.Params, error) {
	form, err := httpio.ReadForm(w, r)
	if err != nil {
		return nil, err
	}
	token, err := form.Text("csrf_token")
	if err != nil {
		return nil, err
	}
	return form, f.Check(r, token)
}

// Check refuses a form without the token of its browser: for one that Read doesn't
// read, because it holds a file.
func (f Forms) Check(r *http.Request, token string) error {
	cookie, _, err := f.ReadCookie(r, f.Cookie)
	if err != nil {
		return err
	}
	return f.Tokens.Check(cookie, token)
}
