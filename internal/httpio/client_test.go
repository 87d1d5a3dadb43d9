package httpio_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/dns/dnsmessage"

	"usher/internal/httpio"
)

// The tests reach servers on 127.0.0.2, which stands for the internet: a client
// made by outside is allowed to call it. 127.0.0.1 stays what it is, a way in.
const outsideIP, insideIP = "127.0.0.2", "127.0.0.1"

// site is a server that counts its requests and connections.
type site struct {
	*httptest.Server

	requests, conns atomic.Int64
}

func serve(t *testing.T, ip string, h http.HandlerFunc) *site {
	t.Helper()
	s := unstarted(t, ip, h)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func unstarted(t *testing.T, ip string, h http.HandlerFunc) *site {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", ip+":0")
	if err != nil {
		t.Skipf("no listener on %s: %v", ip, err)
	}
	s := &site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		h(w, r)
	}))
	s.Listener.Close()
	s.Listener = ln
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	return s
}

// url is the site's address under a name of its certificate.
func (s *site) url(host, path string) string {
	return "https://" + net.JoinHostPort(host, fmt.Sprint(s.port())) + path
}

func (s *site) port() uint16 { return uint16(s.Listener.Addr().(*net.TCPAddr).Port) }

// outside is a client for the sites, with names resolved by answers.
func outside(t *testing.T, o httpio.ClientOptions, answers func(name string) []string, sites ...*site) *httpio.Client {
	t.Helper()
	o.Now = time.Now
	o.Allowed = append(o.Allowed, netip.MustParsePrefix(outsideIP+"/32"))
	o.Resolver = resolver(t, answers)
	o.RootCAs = x509.NewCertPool()
	for _, s := range sites {
		o.AllowedPorts = append(o.AllowedPorts, s.port())
		if s.Certificate() != nil {
			o.RootCAs.AddCert(s.Certificate())
		}
	}
	return httpio.NewClient(o)
}

func always(ips ...string) func(string) []string { return func(string) []string { return ips } }

// resolver asks a DNS server of the test's own.
func resolver(t *testing.T, answers func(name string) []string) *net.Resolver {
	t.Helper()
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(t.Context(), "udp", insideIP+":0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply, err := answer(buf[:n], answers); err == nil {
				conn.WriteTo(reply, from)
			}
		}
	})
	t.Cleanup(func() { conn.Close(); wg.Wait() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func answer(query []byte, answers func(name string) []string) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil, errors.New("not a question")
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, ip := range answers(strings.TrimSuffix(q.Name.String(), ".")) {
		addr := netip.MustParseAddr(ip)
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: addr.As4()}})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return m.Pack()
}

// refused fetches and wants one text for everybody and a reason for operators.
func refused(t *testing.T, c *httpio.Client, url, reason string) error {
	t.Helper()
	body, _, err := c.Fetch(t.Context(), url, "*/*", 1<<16)
	f, ok := errors.AsType[*httpio.FetchError](err)
	if !ok {
		t.Errorf("Fetch(%s) = %q, %v; want a FetchError", url, body, err)
		return err
	}
	if got := f.Error(); got != "the address could not be fetched" { // threat T-NET-06
		t.Errorf("Fetch(%s) says %q", url, got)
	}
	if !strings.Contains(f.Reason(), reason) || strings.Contains(f.Reason(), "canary") {
		t.Errorf("Fetch(%s): reason %q, want %q, without the query", url, f.Reason(), reason)
	}
	return err
}

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Accept"), r.Header.Get("Accept-Encoding"))
}

func TestFetch_ReturnsBodyAndType(t *testing.T) {
	t.Parallel()
	s := serve(t, outsideIP, hello)
	c := outside(t, httpio.ClientOptions{}, always(outsideIP), s)
	body, contentType, err := c.Fetch(t.Context(), s.url("example.com", "/metadata?x=1"), "application/xml", 100)
	if err != nil || string(body) != "GET application/xml " || contentType != "application/samlmetadata+xml" {
		t.Errorf("Fetch = %q, %q, %v", body, contentType, err)
	}
}

// Threat T-NET-01: a harmless name that leads inward is refused when it is
// dialled, before a byte is sent.
func TestFetch_RefusesANameThatLeadsInward(t *testing.T) {
	t.Parallel()
	s := serve(t, insideIP, hello)
	for _, ips := range [][]string{{insideIP}, {"::ffff:127.0.0.1"}, {"::1"}, {"10.0.0.1", insideIP}, {"169.254.169.254"}, {"64:ff9b::7f00:1"}} {
		c := outside(t, httpio.ClientOptions{}, always(ips...), s)
		err := refused(t, c, s.url("example.com", "/?canary"), "")
		if !errors.Is(err, ssrf.ErrProhibitedIP) && !strings.Contains(ips[0], ":") {
			t.Errorf("%v: %v, want a prohibited address", ips, errors.Unwrap(err))
		}
	}
	if n := s.conns.Load(); n != 0 {
		t.Errorf("%d connections were opened", n)
	}
}

// Threat T-NET-01: DNS rebinding. The name leads outside at first and inward at
// the next look; every look is the one that is used.
func TestFetch_RefusesARebound(t *testing.T) {
	t.Parallel()
	out := serve(t, outsideIP, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		hello(w, r)
	})
	inward := serve(t, insideIP, hello)
	var rebound atomic.Bool
	c := outside(t, httpio.ClientOptions{}, func(string) []string {
		if rebound.Load() {
			return []string{insideIP}
		}
		return []string{outsideIP}
	}, out, inward)
	if _, _, err := c.Fetch(t.Context(), out.url("example.com", "/"), "*/*", 100); err != nil {
		t.Fatalf("at first: %v", errors.Unwrap(err))
	}
	rebound.Store(true)
	if err := refused(t, c, inward.url("example.com", "/?canary"), "not a permitted destination"); !errors.Is(err, ssrf.ErrProhibitedIP) {
		t.Errorf("rebound: %v", err)
	}
	if n := inward.conns.Load(); n != 0 {
		t.Errorf("%d connections were opened", n)
	}
}

// Threats T-NET-02 and T-NET-04.
func TestCheckURL_IsStrict(t *testing.T) {
	t.Parallel()
	c := httpio.NewClient(httpio.ClientOptions{Now: time.Now, AllowedPorts: []uint16{9443}})
	for _, url := range []string{
		"https://idp.test", "https://idp.test/metadata?x=1#f", "https://IDP.test:443/", "https://idp.test:8443", "https://idp.test:9443",
		"https://xn--bcher-kva.test", "https://1password.com/", "https://8.8.8.8/", "https://[2606:4700::1111]/", "https://idp",
	} {
		if err := c.CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"", "idp.test", "//idp.test", "/path", "https:", "https:///", "https:idp.test", "https://?x", "https://:443/",
		"http://idp.test", "ftp://idp.test", "file:///etc/passwd", "gopher://idp.test", "javascript:alert(1)", "unix:///run/docker.sock",
		"https://user@idp.test/", "https://user:pass@idp.test/", "https://@idp.test/", "https://8.8.8.8@127.0.0.1/",
		"https://idp.test:80", "https://idp.test:25", "https://idp.test:", "https://idp.test:0", "https://idp.test:0443", "https://idp.test:65979", "https://idp.test:+443",
		"https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.0.0.1./", "https://127.0.0.01/", "https://a.0x7f/",
		"https://10.0.0.1/", "https://169.254.169.254/latest/", "https://0.0.0.0/", "https://255.255.255.255/",
		"https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/",
		"https://[fe80::1%25lo]/", "https://[::1%25lo]/", "https://[127.0.0.1]/", "https://[idp.test]/", "https://[::1]idp.test/", "https://[::1", "https://::1/",
		"https://idp..test/", "https://.idp.test/", "https://idp.test./", "https://-idp.test/", "https://idp-.test/", "https://idp_1.test/", "https://idp.test%2f@evil/", "https://idp.test\\@evil/",
		"https://bücher.test/", "https://idp.test\t/", "https://idp.test\r\nHost: x/", "https://*.test/", "https://" + strings.Repeat("a", 64) + ".test/", "https://" + strings.Repeat("a.", 127) + "test/",
		"https://idp.test/" + strings.Repeat("a", 2048), "https://１２７.0.0.1/", "https://127。0。0。1/",
	} {
		if err := c.CheckURL(url); err == nil {
			t.Errorf("%q passes", url)
		}
		refused(t, c, url, "")
	}
}

// Threat T-NET-03.
func TestFetch_JudgesEveryRedirect(t *testing.T) {
	t.Parallel()
	inward := serve(t, insideIP, hello)
	var out *site
	out = serve(t, outsideIP, func(w http.ResponseWriter, r *http.Request) {
		hops, _ := strconv.Atoi(r.URL.Query().Get("hops"))
		switch to := r.URL.Query().Get("to"); {
		case to != "":
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		case hops > 0:
			http.Redirect(w, r, out.url("example.com", fmt.Sprint("/?hops=", hops-1)), http.StatusSeeOther)
		default:
			hello(w, r)
		}
	})
	c := outside(t, httpio.ClientOptions{}, always(outsideIP), out, inward)
	for _, hops := range []int{0, 1, 3} {
		if _, _, err := c.Fetch(t.Context(), out.url("example.com", fmt.Sprint("/?hops=", hops)), "*/*", 100); err != nil {
			t.Errorf("%d redirects: %v", hops, errors.Unwrap(err))
		}
	}
	refused(t, c, out.url("example.com", "/?hops=4"), "more than 3 redirects")
	for to, reason := range map[string]string{
		inward.url(insideIP, "/"):                       "not a permitted destination",
		"https://[::ffff:127.0.0.1]/":                   "not a permitted destination",
		"https://127.1/":                                "invalid IPv4",
		"http://example.com/":                           `scheme "http"`,
		"//localhost:22/":                               "port 22",
		"file:///etc/passwd":                            `scheme "file"`,
		"https://user:secret@example.com/":              "credentials",
		"https://169.254.169.254/latest/meta-data/iam/": "not a permitted destination",
	} {
		refused(t, c, out.url("example.com", "/?to="+url.QueryEscape(to)), reason)
	}
	if n := inward.conns.Load(); n != 0 {
		t.Errorf("%d connections were opened inward", n)
	}
}

// Threat T-NET-03.
func TestHTTP_RedirectsNoPostAndNoCredentials(t *testing.T) {
	t.Parallel()
	var out *site
	out = serve(t, outsideIP, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, out.url("example.com", "/again"), http.StatusTemporaryRedirect)
	})
	c := outside(t, httpio.ClientOptions{}, always(outsideIP), out)
	for name, r := range map[string]*http.Request{
		"a POST":               request(t, http.MethodPost, out.url("example.com", "/"), nil),
		"a GET with a token":   request(t, http.MethodGet, out.url("example.com", "/"), http.Header{"Authorization": {"Bearer x"}}),
		"a DELETE, of course,": request(t, http.MethodDelete, out.url("example.com", "/"), nil),
	} {
		before := out.requests.Load()
		resp, err := c.HTTP().Do(r)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s was redirected", name)
		}
		if n := out.requests.Load() - before; n != 1 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}

// Threat T-NET-03: neither the other host nor the first one, when the way leads
// back, sees what the first request carried.
func TestHTTP_DropsHeadersAcrossHosts(t *testing.T) {
	t.Parallel()
	var seen []string
	var out *site
	out = serve(t, outsideIP, func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		seen = append(seen, fmt.Sprintf("%s%s cookie=%q key=%q referer=%q accept=%q", host, r.URL.Path, r.Header.Get("Cookie"), r.Header.Get("X-Key"), r.Referer(), r.Header.Get("Accept")))
		switch r.URL.Path {
		case "/1":
			http.Redirect(w, r, "/2", http.StatusFound)
		case "/2":
			http.Redirect(w, r, out.url("www.example.com", "/3"), http.StatusFound)
		case "/3":
			http.Redirect(w, r, out.url("example.com", "/4"), http.StatusFound)
		}
	})
	c := outside(t, httpio.ClientOptions{}, always(outsideIP), out)
	resp, err := c.HTTP().Do(request(t, http.MethodGet, out.url("example.com", "/1?secret"), http.Header{"Cookie": {"c=1"}, "X-Key": {"k"}, "Accept": {"a/b"}}))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := []string{
		`example.com/1 cookie="c=1" key="k" referer="" accept="a/b"`,
		`example.com/2 cookie="c=1" key="k" referer="" accept="a/b"`,
		`www.example.com/3 cookie="" key="" referer="" accept="a/b"`,
		`example.com/4 cookie="" key="" referer="" accept="a/b"`,
	}
	if !slices.Equal(seen, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}

func request(t *testing.T, method, target string, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	if header == nil {
		r.Header = http.Header{}
	}
	return r
}

// Threat T-NET-05.
func TestFetch_RefusesWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 10<<20))
	z.Close()
	tests := map[string]struct {
		serve   http.HandlerFunc
		reason  string
		timeout time.Duration // zero: the default, for what ends by itself
	}{
		"a body one byte over the limit": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write(bytes.Repeat([]byte("x"), 1<<16+1))
		}, "too large", 0},
		"an endless body": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
					return
				}
			}
		}, "too large", 0},
		"a body that never comes": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			http.NewResponseController(w).Flush()
			wait(r, done)
		}, "", 300 * time.Millisecond},
		"a slow drip": {func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for r.Context().Err() == nil {
				<-tick.C
				io.WriteString(w, "x")
				http.NewResponseController(w).Flush()
			}
		}, "", 300 * time.Millisecond},
		"headers that never come": {func(_ http.ResponseWriter, r *http.Request) { wait(r, done) }, "", 300 * time.Millisecond},
		"a gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}, "compressed", 0},
		"huge headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Huge", strings.Repeat("x", 100<<10))
		}, "headers exceeded", 0},
		"many headers": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 10_000 {
				w.Header().Set("X-Many-"+strconv.Itoa(i), "x")
			}
		}, "headers exceeded", 0},
		"not found":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "status 404", 0},
		"no content": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "status 204", 0},
		"partial":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(206) }, "status 206", 0},
		"a broken end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "x")
		}, "unexpected EOF", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, outsideIP, tt.serve)
			c := outside(t, httpio.ClientOptions{Timeout: tt.timeout}, always(outsideIP), s)
			refused(t, c, s.url("example.com", "/?canary"), tt.reason)
		})
	}
}

// wait holds a request until its client has left or the test is over.
func wait(r *http.Request, done <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-done:
	}
}

// Threat T-NET-05.
func TestFetch_VerifiesTLS(t *testing.T) {
	t.Parallel()
	s := serve(t, outsideIP, hello)
	refused(t, outside(t, httpio.ClientOptions{}, always(outsideIP), s), s.url("idp.test", "/"), "not idp.test")
	stranger := outside(t, httpio.ClientOptions{AllowedPorts: []uint16{s.port()}}, always(outsideIP))
	refused(t, stranger, s.url("example.com", "/"), "unknown authority")

	old := unstarted(t, outsideIP, hello)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	t.Cleanup(old.Close)
	refused(t, outside(t, httpio.ClientOptions{}, always(outsideIP), old), old.url("example.com", "/"), "protocol version")
	if s.requests.Load()+old.requests.Load() != 0 {
		t.Error("a request was sent")
	}
}

func TestClient_InDevelopmentReachesLoopbackOverHTTP(t *testing.T) {
	t.Parallel()
	s := unstarted(t, insideIP, hello)
	s.Start()
	t.Cleanup(s.Close)
	dev := httpio.NewClient(httpio.ClientOptions{Now: time.Now, AllowPrivate: true})
	if body, _, err := dev.Fetch(t.Context(), s.URL, "text/plain", 100); err != nil || string(body) != "GET text/plain " {
		t.Errorf("Fetch = %q, %v", body, err)
	}
	refused(t, httpio.NewClient(httpio.ClientOptions{Now: time.Now, AllowedPorts: []uint16{s.port()}}), s.URL, `scheme "http"`)
	refused(t, dev, "http://169.254.169.254/latest/meta-data/", "169.254.169.254")
}

// Threats T-NET-05 and T-DOS-07: the client for protocol packages bounds bodies
// too.
func TestHTTP_BoundsBodies(t *testing.T) {
	t.Parallel()
	s := serve(t, outsideIP, func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		if err != nil {
			t.Error(err)
		}
		w.Write(bytes.Repeat([]byte("x"), n))
	})
	c := outside(t, httpio.ClientOptions{MaxBytes: 10_000}, always(outsideIP), s)
	for n, ok := range map[int]bool{0: true, 9_999: true, 10_000: true, 10_001: false, 100_000: false} {
		resp, err := c.HTTP().Get(s.url("example.com", fmt.Sprint("/?n=", n)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if (err == nil) != ok || len(body) != min(n, 10_000) {
			t.Errorf("%d bytes: read %d, %v", n, len(body), err)
		}
	}
}

// A server that closes a connection just when a POST is sent on it loses the POST,
// and with it the code of a sign-in. So we close it first.
func TestClient_ClosesAnIdleConnectionBeforeServersDo(t *testing.T) {
	t.Parallel()
	closed := make(chan time.Time, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- time.Now()
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := httpio.NewClient(httpio.ClientOptions{Now: time.Now, AllowPrivate: true}).HTTP()
	resp, err := c.Post(s.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body) // what matters is the connection
	resp.Body.Close()
	answered := time.Now()
	select {
	case at := <-closed:
		if kept := at.Sub(answered); kept > 4*time.Second {
			t.Errorf("the connection was kept for %v, as long as servers keep theirs", kept)
		}
	case <-time.After(30 * time.Second):
		t.Error("the connection is kept for half a minute")
	}
}
