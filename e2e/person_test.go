package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/session"
	"usher/internal/web/account"
)

// person is somebody with a browser without scripts: a cookie jar, and the forms
// of pages. Where many sign in at once a real browser is too slow.
type person struct {
	base string
	node atomic.Pointer[string] // address to reach base at; nil: base's own
	http *http.Client           // with cookies; follows nothing
	bare *http.Client           // without: what the provider's page posts from another site
}

func newPerson(base string) *person {
	jar, _ := cookiejar.New(nil) // never fails without options
	p := &person{base: base}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if node := p.node.Load(); node != nil {
			address = *node
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}, DisableKeepAlives: true}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p.http = &http.Client{Jar: jar, Transport: transport, CheckRedirect: stay, Timeout: time.Minute}
	p.bare = &http.Client{Transport: transport, CheckRedirect: stay, Timeout: time.Minute}
	return p
}

// at sends the person's next requests to one of several nodes.
func (p *person) at(node string) *person {
	p.node.Store(&node)
	return p
}

// page is an answer that was read.
type page struct {
	status   int
	location string
	text     string
}

func (p *person) do(client *http.Client, method, to string, form url.Values) (page, error) {
	if strings.HasPrefix(to, "/") {
		to = p.base + to
	}
	r, err := http.NewRequest(method, to, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if client == p.http {
			r.Header.Set("Origin", p.base)
		}
	}
	res, err := client.Do(r)
	if err != nil {
		return page{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return page{res.StatusCode, res.Header.Get("Location"), string(b)}, err
}

func (p *person) get(to string) (page, error) { return p.do(p.http, http.MethodGet, to, nil) }

var csrfField = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// submit fills in the form of a page.
func (p *person) submit(on, to string, form url.Values) (page, error) {
	shown, err := p.get(on)
	if err != nil {
		return page{}, err
	}
	token := csrfField.FindStringSubmatch(shown.text)
	if token == nil {
		return page{}, fmt.Errorf("no form on %s: %d\n%s", on, shown.status, shown.text)
	}
	form.Set("csrf_token", token[1])
	return p.do(p.http, http.MethodPost, to, form)
}

// expect returns where a page leads to.
func expect(g page, err error, what string) (string, error) {
	if err == nil && g.status != http.StatusSeeOther {
		err = fmt.Errorf("status %d\n%s", g.status, g.text)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return g.location, nil
}

// begin types an address and returns where it leads.
func (p *person) begin(email string) (string, error) {
	g, err := p.submit("/sign-in", "/sign-in", url.Values{account.FieldEmail: {email}})
	return expect(g, err, "typing the address")
}

// answer is what a provider makes the browser post.
type answer64 struct {
	SAMLResponse string `json:"saml_response"`
	RelayState   string `json:"relay_state"`
	ACSURL       string `json:"acs_url"`
}

// pick is the person at the practice provider, at the address of a request.
func (p *person) pick(request, login string) (answer64, error) {
	var a answer64
	g, err := p.do(p.bare, http.MethodGet, request+"&"+url.Values{"person": {login}, "format": {"json"}}.Encode(), nil)
	if err == nil {
		err = json.Unmarshal([]byte(g.text), &a)
	}
	if err != nil {
		return a, fmt.Errorf("at the provider: %w: %s", err, g.text)
	}
	return a, nil
}

// post brings the answer, without cookies.
func (p *person) post(a answer64) (page, error) {
	return p.do(p.bare, http.MethodPost, a.ACSURL, url.Values{"SAMLResponse": {a.SAMLResponse}, "RelayState": {a.RelayState}})
}

// signIn signs in through the practice provider.
func (p *person) signIn(email string) error {
	to, err := p.begin(email)
	if err != nil {
		return err
	}
	a, err := p.pick(to, email)
	if err != nil {
		return err
	}
	g, err := p.post(a)
	if to, err = expect(g, err, "posting the answer"); err != nil {
		return err
	}
	g, err = p.get(to)
	_, err = expect(g, err, "coming back")
	return err
}

// cookie is the browser's secret.
func (p *person) cookie() string {
	u, err := url.Parse(p.base)
	if err != nil {
		return ""
	}
	for _, c := range p.http.Jar.Cookies(u) {
		if strings.Contains(c.Name, session.ClientCookie) {
			return c.Value
		}
	}
	return ""
}

// token asks for a session token as a browser does.
func (p *person) token(session string) (page, error) {
	return p.do(p.http, http.MethodPost, "/v1/client/sessions/"+session+"/tokens", url.Values{})
}

// lockedBuffer collects output of several goroutines.
type lockedBuffer struct {
	lock chan struct{}
	b    bytes.Buffer
}

func newLockedBuffer() *lockedBuffer { return &lockedBuffer{lock: make(chan struct{}, 1)} }

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.lock <- struct{}{}
	defer func() { <-l.lock }()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.lock <- struct{}{}
	defer func() { <-l.lock }()
	return l.b.String()
}

// must fails the test at once.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
