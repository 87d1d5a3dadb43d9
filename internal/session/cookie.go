package session

import (
	"net/http"

	"usher/internal/httpio"
)

const (
	// ClientCookie names the browser. Clerk's Frontend API uses the same name.
	ClientCookie = "__client"

	// BindingCookie keeps the redirect after an answer that a provider initiated
	// from working in any other browser.
	BindingCookie = "__usher_saml"

	// clientTokenBytes is 256 bits of chance.
	clientTokenBytes = 32

	// clientCookieAge is in seconds: a year. Browsers cap it at 400 days.
	clientCookieAge = 365 * 24 * 60 * 60
)

// SetCookie gives the browser its token. Lax, so that the same-site GET after a
// provider's cross-site POST brings it, and that POST itself does not.
func (m *Manager) SetCookie(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{
		Name:     ClientCookie,
		Value:    token,
		Path:     "/",
		MaxAge:   clientCookieAge,
		HttpOnly: true,
		Secure:   m.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

// clientToken reads the cookie; empty if there is none. Two of the name are
// refused (threat T-SES-02).
func clientToken(r *http.Request) (string, error) {
	token, _, err := httpio.Cookie(r, ClientCookie)
	return token, err
}
