package session

import (
	"net/http"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
)

const (
	// ClientCookie names the browser. Clerk's Frontend API uses the same name.
	ClientCookie = "__client"

	// bindingCookie keeps the redirect after an answer that a provider initiated
	// from working in any other browser.
	bindingCookie = "usher_saml"

	// clientTokenBytes is 256 bits of chance.
	clientTokenBytes = 32

	// clientCookieAge is in seconds: a year. Browsers cap it at 400 days.
	clientCookieAge = 365 * 24 * 60 * 60
)

// BindingCookie is the name of the cookie that keeps the redirect after an answer
// that a provider initiated from working in any other browser.
func (m *Manager) BindingCookie() string { return m.HostCookie(bindingCookie) }

// HostCookie is the name of a cookie of our own, such that over https no sibling
// host can plant it (threat T-SES-02). The client's own cookie has the name that
// Clerk gave it.
func (m *Manager) HostCookie(name string) string {
	if m.Secure {
		return "__Host-" + name
	}
	return name
}

// SetCookie gives the browser its token. Lax, so that the same-site GET after a
// provider's cross-site POST brings it, and that POST itself does not.
func (m *Manager) SetCookie(w http.ResponseWriter, cookie string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people come by https
		Name:     ClientCookie,
		Value:    cookie,
		Path:     "/",
		MaxAge:   clientCookieAge,
		HttpOnly: true,
		Secure:   m.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

// newCookie is a new token for a browser, behind the browser's id: by that a
// token that was superseded is told from one of a browser that is forgotten.
func newCookie(id identity.ClientID) string {
	return string(id) + "." + secret.NewToken(clientTokenBytes)
}

// clientOf is the browser that a cookie claims to be of.
func clientOf(cookie string) identity.ClientID {
	id, _, _ := strings.Cut(cookie, ".")
	return identity.ClientID(id)
}

// clientToken reads the cookie; empty if there is none. Two of the name are
// refused (threat T-SES-02).
func clientToken(r *http.Request) (string, error) {
	token, _, err := ReadCookie(r, ClientCookie)
	return token, err
}

// ReadCookie returns the value of the cookie with exactly this name and whether it
// was sent. Two of one name are refused, since one of them was planted from a
// sibling host or a longer path (threat T-SES-02). The headers are read here
// and not by net/http, which trims names: a browser does not see the __Host-
// prefix behind an odd space, so neither may we.
func ReadCookie(r *http.Request, name string) (value string, sent bool, err error) {
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			n, v, ok := strings.Cut(strings.TrimPrefix(pair, " "), "=")
			if !ok || n != name {
				continue
			}
			if sent {
				return "", false, fault.New(fault.CookieInvalid).Detail("reason", "duplicate")
			}
			value, sent = v, true
		}
	}
	return value, sent, nil
}
