package httpio

import (
	"net/http"
	"strings"

	"usher/internal/fault"
)

// Cookie returns the value of the cookie with exactly this name and whether it
// was sent. Two of one name are refused, since one of them was planted from a
// sibling host or a longer path (threat T-SES-02). The headers are read here
// and not by net/http, which trims names: a browser does not see the __Host-
// prefix behind an odd space, so neither may we.
func Cookie(r *http.Request, name string) (value string, sent bool, err error) {
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
