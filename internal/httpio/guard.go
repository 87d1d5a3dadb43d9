package httpio

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"

	"usher/internal/fault"
)

// Middleware adds something around a handler.
type Middleware func(http.Handler) http.Handler

// Chain puts layers around h, the first outermost.
func Chain(h http.Handler, layers ...Middleware) http.Handler {
	for i := len(layers) - 1; i >= 0; i-- {
		h = layers[i](h)
	}
	return h
}

// Require lets a request pass when check has no objection; render answers the
// others.
func Require(render Renderer, check func(*http.Request) error) Middleware {
	return func(next http.Handler) http.Handler {
		return HandleWith(render, func(w http.ResponseWriter, r *http.Request) error {
			if err := check(r); err != nil {
				return err
			}
			next.ServeHTTP(w, r)
			return nil
		})
	}
}

// KnownHost is a check for Require: the Host header must name one of hosts, each
// a name with a port unless that is the scheme's own (threat T-SES-11). No
// forwarded header is read. Probes that ask by address belong outside of it.
func KnownHost(hosts ...string) func(*http.Request) error {
	known := map[string]bool{}
	for _, h := range hosts {
		known[plainHost(h)] = true
	}
	return func(r *http.Request) error {
		if r.Host == "" || !known[plainHost(r.Host)] {
			return fault.New(fault.HostInvalid)
		}
		return nil
	}
}

func plainHost(host string) string {
	host = strings.ToLower(host)
	for _, port := range []string{":443", ":80"} {
		if h, ok := strings.CutSuffix(host, port); ok {
			return h
		}
	}
	return host
}

// SameOrigin is a check for Require: a request that changes something must come
// from a page of this origin, judged by Sec-Fetch-Site or Origin, without any
// exception (threat T-SES-07).
func SameOrigin(r *http.Request) error {
	if err := new(http.CrossOriginProtection).Check(r); err != nil {
		return fault.New(fault.CSRFTokenInvalid).Because(err)
	}
	return nil
}

// maxForwarded is how many hops of X-Forwarded-For are read. Ours.
const maxForwarded = 20

type clientKey struct{}

// ClientAddress finds the client's address for ClientIP. X-Forwarded-For counts
// only as far as trusted proxies wrote it: from its end, past every trusted
// address, to the first that is not (threat T-SES-11).
func ClientAddress(trusted []netip.Prefix) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			addr := forwardedFor(r, trusted)
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, addr)))
		})
	}
}

// ClientIP returns the client's address: that of the connection without
// ClientAddress, the zero Addr when there is none (a Unix socket).
func ClientIP(r *http.Request) netip.Addr {
	if addr, ok := r.Context().Value(clientKey{}).(netip.Addr); ok {
		return addr
	}
	return parseAddr(r.RemoteAddr)
}

func forwardedFor(r *http.Request, trusted []netip.Prefix) netip.Addr {
	addr := parseAddr(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= max(0, len(hops)-maxForwarded) && inside(addr, trusted); i-- {
		next := parseAddr(strings.TrimSpace(hops[i]))
		if !next.IsValid() {
			break
		}
		addr = next
	}
	return addr
}

// parseAddr reads an address with or without a port.
func parseAddr(s string) netip.Addr {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		addr = ap.Addr()
	}
	return addr.Unmap().WithZone("")
}

func inside(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// DefaultBody is the largest body that is read unless a route says otherwise,
// in bytes (threat T-DOS-01).
const DefaultBody = 1 << 20

// BodyLimit bounds the body of every request; LimitBody in a handler may set
// another bound.
func BodyLimit(bytes int64) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			LimitBody(w, r, bytes)
			next.ServeHTTP(w, r)
		})
	}
}

// LimitBody bounds the body of one request and replaces a former bound. What
// was read before does not count.
func LimitBody(w http.ResponseWriter, r *http.Request, bytes int64) {
	raw := r.Body
	if l, ok := raw.(*limitedBody); ok {
		raw = l.raw
	}
	if raw == nil {
		return // a request made by a program
	}
	if x, ok := w.(*exchange); ok {
		w = x.ResponseWriter // MaxBytesReader asks net/http's own to close the connection
	}
	r.Body = &limitedBody{ReadCloser: http.MaxBytesReader(w, raw, bytes), raw: raw}
}

type limitedBody struct {
	io.ReadCloser

	raw io.ReadCloser
}

func limitByDefault(w http.ResponseWriter, r *http.Request) {
	if _, ok := r.Body.(*limitedBody); !ok {
		LimitBody(w, r, DefaultBody)
	}
}
