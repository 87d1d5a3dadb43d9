package httpio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
)

func TestChain_PutsTheFirstLayerOutermost(t *testing.T) {
	t.Parallel()
	var order []string
	layer := func(name string) httpio.Middleware {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	end := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { order = append(order, "end") })
	httpio.Chain(end, layer("a"), layer("b")).ServeHTTP(httptest.NewRecorder(), get("/"))
	if got := strings.Join(order, " "); got != "a b end" {
		t.Errorf("order %q", got)
	}
}

// Threat T-SES-11.
func TestKnownHost_RefusesOtherHosts(t *testing.T) {
	t.Parallel()
	h := httpio.Chain(http.NotFoundHandler(), httpio.Require(httpio.WriteError, httpio.KnownHost("sso.acme.test", "localhost:8080")))
	for host, want := range map[string]int{
		"sso.acme.test": 404, "SSO.acme.test": 404, "sso.acme.test:443": 404, "localhost:8080": 404,
		"": 421, "evil.test": 421, "sso.acme.test:8443": 421, "sso.acme.test.evil.test": 421, "localhost": 421, "sso.acme.test.": 421,
	} {
		r := get("/")
		r.Host = host
		r.Header.Set("X-Forwarded-Host", "sso.acme.test")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q: got %d, want %d", host, w.Code, want)
		}
		if want == 421 && !strings.Contains(w.Body.String(), `"host_invalid"`) {
			t.Errorf("Host %q: %s", host, w.Body)
		}
	}
}

// Threat T-SES-07.
func TestSameOrigin_RefusesChangesFromOtherSites(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, site, origin string
		ok                   bool
	}{
		"a form of our own":                {"POST", "same-origin", "https://sso.acme.test", true},
		"a link from elsewhere":            {"GET", "cross-site", "", true},
		"a form of another site":           {"POST", "cross-site", "https://evil.test", false},
		"a form of a sibling":              {"POST", "same-site", "https://app.acme.test", false},
		"a cross-site delete":              {"DELETE", "cross-site", "https://evil.test", false},
		"an old browser at home":           {"POST", "", "https://sso.acme.test", true},
		"an old browser from elsewhere":    {"POST", "", "https://evil.test", false},
		"an old browser without an origin": {"POST", "", "null", false},
		"an invented site":                 {"POST", "friendly", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, "https://sso.acme.test/", nil)
			r.Header.Set("Sec-Fetch-Site", tt.site)
			r.Header.Set("Origin", tt.origin)
			err := httpio.SameOrigin(r)
			if (err == nil) != tt.ok || err != nil && !fault.Is(err, fault.CSRFTokenInvalid) {
				t.Errorf("SameOrigin = %v, want ok = %v", err, tt.ok)
			}
		})
	}
}

// Threat T-SES-07.
func TestFormTokens_BelongToOneCookie(t *testing.T) {
	t.Parallel()
	f := httpio.FormTokens{Key: []byte(strings.Repeat("k", 32))}
	token := f.Token("cookie")
	if err := f.Check("cookie", token); err != nil {
		t.Errorf("Check: %v", err)
	}
	other := httpio.FormTokens{Key: []byte(strings.Repeat("o", 32))}
	for name, err := range map[string]error{
		"another cookie": f.Check("cookie2", token),
		"no cookie":      f.Check("", f.Token("")),
		"no token":       f.Check("cookie", ""),
		"half a token":   f.Check("cookie", token[:20]),
		"not base64":     f.Check("cookie", token+"!"),
		"another key":    other.Check("cookie", token),
	} {
		if !fault.Is(err, fault.CSRFTokenInvalid) {
			t.Errorf("%s: %v, want csrf_token_invalid", name, err)
		}
	}
}

// Threat T-SES-11.
func TestClientIP_BelievesListedProxiesOnly(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy":                        {"192.0.2.1:1", nil, "192.0.2.1"},
		"a stranger forges the header":    {"192.0.2.1:1", []string{"203.0.113.9"}, "192.0.2.1"},
		"a listed proxy":                  {"10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"what came before is hearsay":     {"10.0.0.1:1", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		"two listed proxies, two headers": {"10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		"proxies all the way":             {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"with a port":                     {"10.0.0.1:1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6 with a port and a zone":     {"[fd00::1%eth0]:1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		"an IPv4 address in IPv6":         {"[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"rubbish ends the chain":          {"10.0.0.1:1", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		"a Unix socket has no address":    {"@", []string{"203.0.113.9"}, "invalid IP"},
		"a chain longer than anybody has": {"10.0.0.1:1", []string{"203.0.113.9" + strings.Repeat(", 10.0.0.2", 30)}, "10.0.0.2"},
		"other headers mean nothing":      {"10.0.0.1:1", nil, "10.0.0.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := get("/")
			r.RemoteAddr = tt.remote
			r.Header["X-Forwarded-For"] = tt.forwarded
			r.Header.Set("Forwarded", "for=198.51.100.1")
			r.Header.Set("X-Real-Ip", "198.51.100.1")
			var got string
			end := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = httpio.ClientIP(r).String() })
			httpio.Chain(end, httpio.ClientAddress(trusted)).ServeHTTP(httptest.NewRecorder(), r)
			if got != tt.want {
				t.Errorf("ClientIP = %s, want %s", got, tt.want)
			}
		})
	}
}

// Threat T-DOS-01.
func TestBodyLimit_AnswersTooLarge(t *testing.T) {
	t.Parallel()
	read := httpio.Handle(func(w http.ResponseWriter, r *http.Request) error {
		_, err := httpio.ReadForm(w, r)
		return err
	})
	raised := httpio.Handle(func(w http.ResponseWriter, r *http.Request) error {
		httpio.LimitBody(w, r, 2000)
		_, err := httpio.ReadForm(w, r)
		return err
	})
	tests := map[string]struct {
		handler http.Handler
		size    int
		status  int
	}{
		"within the limit of the surface":    {httpio.BodyLimit(1000)(read), 1000, 200},
		"over the limit of the surface":      {httpio.BodyLimit(1000)(read), 1001, 413},
		"within the limit of the route":      {httpio.BodyLimit(1000)(raised), 2000, 200},
		"over the limit of the route":        {httpio.BodyLimit(1000)(raised), 2001, 413},
		"within the default, without layers": {read, 1 << 20, 200},
		"over the default, without layers":   {read, 1<<20 + 1, 413},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("a="+strings.Repeat("x", tt.size-2)))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w, line := observed(t, tt.handler, r)
			if w.Code != tt.status {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, tt.status)
			}
			if tt.status == 413 && line["code"] != "request_body_too_large" {
				t.Errorf("code %v", line["code"])
			}
		})
	}
}

// Threat T-DOS-09.
func TestLimiter_CountsIPv6ByNetwork(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := httpio.AddressKey(netip.MustParseAddr(addr)); got != want {
			t.Errorf("AddressKey(%s) = %s, want %s", addr, got, want)
		}
	}
}

// Threat T-DOS-09.
func TestLimiter_RefusesUntilTheBucketFills(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := httpio.NewLimiter(httpio.Limit{Events: 5, Per: 10 * time.Second}, 100, func() time.Time { return now })
	h := httpio.Chain(http.NotFoundHandler(), httpio.Require(httpio.WriteError, httpio.CountAddress(l)))
	request := func(addr string) *httptest.ResponseRecorder {
		r := get("/")
		r.RemoteAddr = addr + ":1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i := range 5 {
		if w := request("192.0.2.1"); w.Code != 404 {
			t.Errorf("request %d: %d", i, w.Code)
		}
	}
	for range 3 { // refusals do not lengthen the wait
		if w := request("192.0.2.1"); w.Code != 429 || w.Header().Get("Retry-After") != "2" {
			t.Errorf("over the limit: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
	}
	if w := request("192.0.2.2"); w.Code != 404 {
		t.Errorf("another address: %d", w.Code)
	}
	now = now.Add(2 * time.Second)
	if w := request("192.0.2.1"); w.Code != 404 {
		t.Errorf("after the wait: %d", w.Code)
	}
}

// Threat T-DOS-10: where only refusals count, looking costs nothing.
func TestLimiter_WaitingCountsNothing(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := httpio.NewLimiter(httpio.Limit{Events: 1, Per: 10 * time.Second}, 100, func() time.Time { return now })
	key := strings.Repeat("key", 100)
	for range 3 {
		if wait := l.Waiting(key); wait != 0 {
			t.Errorf("before the event: %v", wait)
		}
	}
	if wait, err := l.Take(t.Context(), key); wait != 0 || err != nil {
		t.Errorf("the event: %v, %v", wait, err)
	}
	for range 3 {
		if wait := l.Waiting(key); wait != 10*time.Second {
			t.Errorf("after the event: %v, want 10s", wait)
		}
	}
}

func TestLimiter_ForgetsTheQuietNotTheBusy(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := httpio.NewLimiter(httpio.Limit{Events: 1, Per: time.Hour}, 100, func() time.Time { return now })
	long := strings.Repeat("busy", 10_000)
	for i := range 1000 {
		wait, err := l.Take(t.Context(), long)
		if err != nil || (wait > 0) != (i > 0) {
			t.Fatalf("busy key, event %d: %v, %v", i, wait, err)
		}
		if wait, err := l.Take(t.Context(), fmt.Sprint("quiet", i)); err != nil || wait > 0 {
			t.Fatalf("quiet key %d: %v, %v", i, wait, err)
		}
	}
	if wait, _ := l.Take(t.Context(), "quiet0"); wait > 0 {
		t.Error("a thousand keys later, the first is still known: memory is not bounded")
	}
}
