package httpio

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of outgoing calls (threats T-NET-03, T-NET-05 and T-DOS-08). Ours.
const (
	dialTimeout     = 3 * time.Second
	tlsTimeout      = 3 * time.Second
	headerTimeout   = 5 * time.Second
	defaultTimeout  = 10 * time.Second // the whole call with its body and redirects
	defaultMaxBytes = 1 << 20          // of a body
	maxHeaderBytes  = 64 << 10
	maxRedirects    = 3 // of a GET

	// idleTimeout is how long a connection waits for its next call. Servers close
	// theirs after 2 (gunicorn) or 5 seconds (Node.js, Apache), and a POST that is
	// sent at that moment is lost: net/http does not repeat it. The calls of one
	// sign-in follow each other at once.
	idleTimeout = time.Second
)

// ClientOptions say what a Client may reach. Production needs no more than Now.
type ClientOptions struct {
	Now func() time.Time

	// AllowPrivate is for development: plain HTTP, any port, loopback and
	// private networks. Link-local addresses, where clouds keep their
	// credentials, stay closed.
	AllowPrivate bool
	// Allowed are private networks that may be reached all the same, such as
	// the one of an identity provider on the premises.
	Allowed []netip.Prefix
	// Denied are networks that may not be reached, such as this server's own
	// public address. They count before Allowed.
	Denied []netip.Prefix
	// AllowedPorts may be called besides 443 and 8443.
	AllowedPorts []uint16

	Timeout  time.Duration  // of a whole call; zero: 10 s
	Answer   time.Duration  // until an answer begins; zero: 5 s
	MaxBytes int64          // of a body; zero: 1 MiB
	RootCAs  *x509.CertPool // nil: the system's
	Resolver *net.Resolver  // nil: the system's
	Proxy    *url.URL       // nil: none, whatever the environment says
}

// Client makes requests to addresses that customers chose, and cannot be led to
// places that only this server can reach: each address is judged when it is
// dialled, after its name was resolved and at every redirect (threats T-NET-01
// and T-NET-02). With a proxy, the proxy must do that.
//
// It speaks HTTP/1.1 only and takes no compressed answers.
type Client struct {
	options  ClientOptions
	guardian *ssrf.Guardian
	gate     *gate
	base     *http.Transport
}

// NewClient returns a client. It lives as long as the process.
func NewClient(o ClientOptions) *Client {
	c := &Client{options: o, gate: newGate(o.Now)}
	allowed := slices.Clone(o.Allowed)
	if o.AllowPrivate {
		allowed = append(allowed, privateNetworks()...)
	}
	var v4, v6 []netip.Prefix
	for _, p := range allowed {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	c.guardian = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))

	dialer := &net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver, Control: c.control}
	c.base = &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  cmp.Or(o.Answer, headerTimeout),
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
		MaxIdleConns:           inAll,
		MaxIdleConnsPerHost:    perHost,
		IdleConnTimeout:        idleTimeout,
		Protocols:              new(http.Protocols),
	}
	c.base.Protocols.SetHTTP1(true)
	if o.Proxy != nil {
		c.base.Proxy = http.ProxyURL(o.Proxy)
	}
	return c
}

// HTTP returns the client in the form that protocol packages take. A GET is
// redirected three times at most, and not at all when it carries credentials;
// nothing else is redirected. A body that is read past its limit fails.
func (c *Client) HTTP() *http.Client {
	timeout := c.options.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	return &http.Client{Transport: c, CheckRedirect: checkRedirect, Timeout: timeout}
}

// CheckURL says what keeps a URL from being called, as far as its text tells.
func (c *Client) CheckURL(raw string) error {
	u, err := parseURL(raw)
	if err != nil {
		return err
	}
	return c.check(u)
}

// RoundTrip makes one call, of which redirects are several.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.roundTrip(r)
	if err != nil && r.Body != nil {
		r.Body.Close() //nolint:errcheck,gosec // http.RoundTripper promises it
	}
	return resp, err
}

func (c *Client) roundTrip(r *http.Request) (*http.Response, error) {
	if err := c.check(r.URL); err != nil {
		return nil, err
	}
	host := r.URL.Host
	leave, err := c.gate.enter(r.Context(), host)
	if err != nil {
		return nil, fmt.Errorf("httpio: waiting to call %s: %w", host, err)
	}
	resp, err := c.base.RoundTrip(r)
	if !errors.Is(r.Context().Err(), context.Canceled) {
		c.gate.report(host, err == nil)
	}
	if err != nil {
		leave()
		return nil, err
	}
	left := c.options.MaxBytes
	if left == 0 {
		left = defaultMaxBytes
	}
	resp.Body = &boundedBody{body: resp.Body, left: left, leave: leave, over: r.Context().Err}
	return resp, nil
}

// check judges a URL by its text.
func (c *Client) check(u *url.URL) error {
	dev := c.options.AllowPrivate
	if u.Scheme != "https" && (u.Scheme != "http" || !dev) {
		return fmt.Errorf("httpio: URLs of scheme %q are not called", u.Scheme)
	}
	if err := checkAuthority(u); err != nil {
		return err
	}
	if port := u.Port(); port != "" && !dev {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n != 443 && n != 8443 && !slices.Contains(c.options.AllowedPorts, uint16(n)) {
			return fmt.Errorf("httpio: port %s is not called", port)
		}
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		return c.checkAddr(addr)
	}
	return nil
}

func (c *Client) checkAddr(addr netip.Addr) error {
	if inside(addr.Unmap(), c.options.Denied) {
		return fmt.Errorf("httpio: the address %s is denied", addr)
	}
	if err := c.guardian.SafeAddr(addr); err != nil {
		return fmt.Errorf("httpio: %w", err)
	}
	return nil
}

// control is called with the address of each connection before it is opened.
func (c *Client) control(network, address string, _ syscall.RawConn) error {
	if c.options.Proxy != nil {
		return nil // only the proxy is ever dialled
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("httpio: %s %s is not called", network, address)
	}
	return c.checkAddr(ap.Addr())
}

func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return fmt.Errorf("httpio: a %s is not redirected", first.Method)
	case first.Header.Get("Authorization") != "":
		return errors.New("httpio: a request with credentials is not redirected")
	case len(via) > maxRedirects:
		return fmt.Errorf("httpio: more than %d redirects", maxRedirects)
	}
	// Nothing of the first request is another host's business, even when the
	// way leads back.
	for _, r := range append(via[1:len(via):len(via)], next) {
		if r.URL.Host != first.URL.Host {
			maps.DeleteFunc(next.Header, func(name string, _ []string) bool {
				return name != "Accept" && name != "User-Agent"
			})
		}
	}
	next.Header.Del("Referer")
	return nil
}

// privateNetworks are what AllowPrivate opens: loopback, RFC 1918 and RFC 4193.
func privateNetworks() []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
		netip.PrefixFrom(netip.IPv6Loopback(), 128),
		netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfc}), 7),
	}
}

// errBodyTooLarge ends a body that is longer than the client reads.
var errBodyTooLarge = errors.New("httpio: the answer is too large")

// boundedBody is a body that ends with an error after so many bytes and gives
// the call's place back when it is closed.
type boundedBody struct {
	body  io.ReadCloser
	left  int64
	leave func()

	// over says why the call is over, nil while it is not. A server that is told of
	// the timeout may still end its answer before the connection is closed, and what
	// there is of it would pass for the whole.
	over func() error
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errBodyTooLarge
	}
	// One byte more than is left tells a body that ends there from a longer one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, errBodyTooLarge
	}
	if err == io.EOF { //nolint:errorlint // Read returns io.EOF itself
		if over := b.over(); over != nil {
			err = over
		}
	}
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.leave()
	return b.body.Close()
}
