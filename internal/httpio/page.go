package httpio

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const (
	policyHeader = "Content-Security-Policy"

	// formToSelf is the part of the policy that AllowFormAction extends.
	formToSelf = "form-action 'self'"

	// pagePolicy allows what the pages are made of: one style sheet, scripts in
	// files, images of our own and inline data (QR codes).
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
		formToSelf + "; frame-ancestors 'none'; base-uri 'none'"
)

// PageHeaders sets the security headers of pages (threat T-SES-10). public is
// the address that people use.
func PageHeaders(public *url.URL) Middleware {
	https := public.Scheme == "https"
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set(policyHeader, pagePolicy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cache-Control", "no-store")
			if https {
				h.Set("Referrer-Policy", "no-referrer")
				// Two years, as hstspreload.org recommends; other names of the
				// domain are not ours to bind.
				h.Set("Strict-Transport-Security", "max-age=63072000")
			} else {
				// Browsers may send no Sec-Fetch-Site over plain HTTP, and under
				// no-referrer their Origin is "null": no form would arrive.
				h.Set("Referrer-Policy", "same-origin")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// AllowFormAction lets the forms of one page post to the origin of target too:
// the page that hands a browser over to an identity provider. Browsers apply
// the policy to redirects that answer a form as well, so a form whose handler
// redirects to another origin needs it too (threat T-SAML-39). Plain HTTP is
// for loopback only.
func AllowFormAction(w http.ResponseWriter, target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return errors.New("httpio: a form's target is not a URL") // the parser's error would quote it
	}
	loopback := u.Hostname() == "localhost"
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		loopback = addr.IsLoopback()
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return fmt.Errorf("httpio: a form may not be sent to a URL of scheme %q", u.Scheme)
	}
	if err := checkAuthority(u); err != nil {
		return err
	}
	policy := w.Header().Get(policyHeader)
	if !strings.Contains(policy, formToSelf) {
		return errors.New("httpio: the page has no policy to extend: PageHeaders is missing")
	}
	w.Header().Set(policyHeader, strings.Replace(policy, formToSelf, formToSelf+" "+u.Scheme+"://"+u.Host, 1))
	return nil
}
