package page

import (
	"net/http"
	"net/url"
	"strings"
)

// setHeaders sends what keeps a page safe (threat T-SES-10): no frames, no
// script or style but our files, no guessing of types, no referrer, no copy in
// a cache.
func setHeaders(h http.Header, formTargets []string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"form-action "+strings.Join(formTargets, " ")+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that don't know frame-ancestors
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
}

// Origin returns what Frame.MayLeadTo needs for forms that lead to a URL: its
// origin, or its scheme alone if a policy can't spell the host (an IPv6
// literal, a name not in ASCII). It is empty for anything but http and https.
func Origin(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	if !isSource(origin) {
		return u.Scheme + ":"
	}
	return origin
}

// isSource reports whether s is a scheme or an origin that is safe to put into
// a policy: letters that could end the directive never are.
func isSource(s string) bool {
	scheme, host, found := strings.Cut(s, ":")
	if !found || (scheme != "http" && scheme != "https") {
		return false
	}
	if host == "" {
		return true
	}
	name, ok := strings.CutPrefix(host, "//")
	if !ok || name == "" {
		return false
	}
	for _, c := range name {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == ':') {
			return false
		}
	}
	return true
}
