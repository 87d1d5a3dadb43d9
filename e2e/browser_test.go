package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// callLimit is how long an operation may take before the browser counts as
// hung. Operations have a limit of their own, 30 s, and then say what they
// waited for.
const callLimit = 2 * time.Minute

// chrome is one Chromium, driven by node/browser.mjs. All tests of a run share
// it; each visitor has cookies of its own.
type chrome struct {
	in io.Writer

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
	dead    error // why nothing more will come
}

type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
}

// sharedChrome starts the browser at its first use. It ends when this process
// does, which closes its input.
var sharedChrome = sync.OnceValues(func() (*chrome, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(node, "browser.mjs")
	cmd.Dir = "node"
	if file, err := exec.LookPath("chromium"); err == nil {
		cmd.Env = append(os.Environ(), "USHER_TEST_CHROMIUM="+file)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &chrome{in: in, waiting: map[int]chan answer{}}
	ready := c.expect(0)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			c.deliver(lines.Bytes())
		}
		err := errors.Join(lines.Err(), cmd.Wait())
		c.end(fmt.Errorf("the browser ended (%w): %s", err, &stderr))
	}()
	_, err = c.wait(ready)
	return c, err
})

// expect makes room for the answer to a request.
func (c *chrome) expect(id int) chan answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan answer, 1)
	if c.dead != nil {
		ch <- answer{Error: c.dead.Error()}
		return ch
	}
	c.waiting[id] = ch
	return ch
}

func (c *chrome) deliver(line []byte) {
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.waiting[a.ID]; ch != nil {
		ch <- a
		delete(c.waiting, a.ID)
	}
}

func (c *chrome) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = err
	for _, ch := range c.waiting {
		ch <- answer{Error: err.Error()}
	}
	clear(c.waiting)
}

func (c *chrome) wait(ch chan answer) (json.RawMessage, error) {
	select {
	case a := <-ch:
		if a.Error != "" {
			return nil, errors.New(a.Error)
		}
		return a.Result, nil
	case <-time.After(callLimit):
		return nil, errors.New("the browser does not answer")
	}
}

// call sends one request and waits for its answer.
func (c *chrome) call(request map[string]any) (json.RawMessage, error) {
	c.mu.Lock()
	c.last++
	id := c.last
	c.mu.Unlock()
	request["id"] = id
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	ch := c.expect(id)
	c.mu.Lock()
	_, err = c.in.Write(append(line, '\n'))
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.wait(ch)
}

// browser makes visitors for one test.
type browser struct {
	t        *testing.T
	chrome   *chrome
	visitors []*visitor
}

// newBrowser skips the test where Chromium, Node.js or its packages are missing.
// If the test fails, it leaves a screenshot of every visitor in build/.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	requireNode(t, "playwright-core")
	requireNode(t, "axe-core")
	requireCommand(t, "chromium", "chromium")
	c, err := sharedChrome()
	if err != nil {
		t.Fatal("starting the browser: ", err)
	}
	b := &browser{t: t, chrome: c}
	t.Cleanup(func() {
		for _, v := range b.visitors {
			if t.Failed() {
				v.report()
			}
			c.call(map[string]any{"op": "close", "visitor": v.name})
		}
	})
	return b
}

// look is how a visitor's browser is set up. The zero value is a light screen of
// 1280 by 800 with scripts.
type look struct {
	noScript      bool
	dark          bool
	width, height int // pixels
	locale        string
}

// visitor is a person at a browser: a context with cookies of its own, and the
// page it is on. Every method fails the test if it can't do what it says.
type visitor struct {
	t      *testing.T
	chrome *chrome
	name   string
}

// visitor makes one. Name tells visitors of one test apart.
func (b *browser) visitor(name string, l look) *visitor {
	b.t.Helper()
	v := &visitor{t: b.t, chrome: b.chrome, name: b.t.Name() + " " + name}
	request := map[string]any{"op": "newVisitor", "visitor": v.name, "javaScript": !l.noScript}
	if l.dark {
		request["colorScheme"] = "dark"
	}
	if l.width > 0 {
		request["width"], request["height"] = l.width, l.height
	}
	if l.locale != "" {
		request["locale"] = l.locale
	}
	if _, err := b.chrome.call(request); err != nil {
		b.t.Fatal("a new visitor: ", err)
	}
	b.visitors = append(b.visitors, v)
	return v
}

// target finds an element on a page; exactly one must fit.
type target map[string]any

func byRole(role, name string) target { return target{"role": role, "name": name} }
func byLabel(label string) target     { return target{"label": label} }
func byCSS(css string) target         { return target{"css": css} }
func byText(text string) target       { return target{"text": text} }

func button(name string) target { return byRole("button", name) }
func link(name string) target   { return byRole("link", name) }

// with adds to a target what an operation needs besides.
func (e target) with(key string, value any) target {
	more := target{key: value}
	for k, v := range e {
		more[k] = v
	}
	return more
}

// do makes an operation and puts its result into result, if that isn't nil.
func (v *visitor) do(op string, args target, result any) {
	v.t.Helper()
	raw, err := v.try(op, args)
	if err != nil {
		v.t.Fatalf("%s %v: %v", op, map[string]any(args), err)
	}
	if result != nil {
		if err := json.Unmarshal(raw, result); err != nil {
			v.t.Fatalf("%s: %v in %s", op, err, raw)
		}
	}
}

func (v *visitor) try(op string, args target) (json.RawMessage, error) {
	request := map[string]any{"op": op, "visitor": v.name}
	for k, a := range args {
		request[k] = a
	}
	return v.chrome.call(request)
}

// open goes to an address and returns the status of the answer.
func (v *visitor) open(url string) (status int) {
	v.t.Helper()
	var result struct{ Status int }
	v.do("open", target{"url": url}, &result)
	return result.Status
}

func (v *visitor) reload()              { v.t.Helper(); v.do("reload", nil, nil) }
func (v *visitor) back()                { v.t.Helper(); v.do("back", nil, nil) }
func (v *visitor) newTab()              { v.t.Helper(); v.do("newTab", nil, nil) }
func (v *visitor) firstTab()            { v.t.Helper(); v.do("firstTab", nil, nil) }
func (v *visitor) click(e target)       { v.t.Helper(); v.do("click", e, nil) }
func (v *visitor) check(e target)       { v.t.Helper(); v.do("check", e, nil) }
func (v *visitor) waitFor(e target)     { v.t.Helper(); v.do("waitFor", e, nil) }
func (v *visitor) clearCookies()        { v.t.Helper(); v.do("clearCookies", nil, nil) }
func (v *visitor) press(key string)     { v.t.Helper(); v.do("press", target{"value": key}, nil) }
func (v *visitor) typeText(s string)    { v.t.Helper(); v.do("type", target{"value": s}, nil) }
func (v *visitor) waitURL(regex string) { v.t.Helper(); v.do("waitURL", target{"value": regex}, nil) }

func (v *visitor) fill(label, value string) {
	v.t.Helper()
	v.do("fill", byLabel(label).with("value", value), nil)
}

// choose picks an option of a list by its label.
func (v *visitor) choose(label, option string) {
	v.t.Helper()
	v.do("select", byLabel(label).with("value", option), nil)
}

func (v *visitor) setColorScheme(scheme string) {
	v.t.Helper()
	v.do("setColorScheme", target{"value": scheme}, nil)
}

func (v *visitor) setViewport(width, height int) {
	v.t.Helper()
	v.do("setViewport", target{"width": width, "height": height}, nil)
}

func (v *visitor) str(op string, args target) (s string) {
	v.t.Helper()
	v.do(op, args, &s)
	return s
}

// text is what the page says, as a person reads it.
func (v *visitor) text() string           { v.t.Helper(); return v.str("text", nil) }
func (v *visitor) textOf(e target) string { v.t.Helper(); return v.str("text", e) }
func (v *visitor) title() string          { v.t.Helper(); return v.str("title", nil) }
func (v *visitor) url() string            { v.t.Helper(); return v.str("url", nil) }
func (v *visitor) html() string           { v.t.Helper(); return v.str("html", nil) }

// focused describes the element that has the keyboard: its label or its text.
func (v *visitor) focused() string { v.t.Helper(); return v.str("focused", nil) }

// hold stops the next request of the page whose address is of the pattern, also
// one that another site redirects to.
func (v *visitor) hold(pattern string) { v.t.Helper(); v.do("hold", target{"value": pattern}, nil) }

// held waits for what hold stops, and returns its address.
func (v *visitor) held() string { v.t.Helper(); return v.str("held", nil) }

// release lets it go on.
func (v *visitor) release() { v.t.Helper(); v.do("release", nil, nil) }

func (v *visitor) attribute(e target, name string) string {
	v.t.Helper()
	return v.str("attribute", e.with("value", name))
}

// count returns how many elements fit, without waiting.
func (v *visitor) count(e target) (n int) {
	v.t.Helper()
	v.do("count", e, &n)
	return n
}

// evaluate runs an expression in the page and puts its value into result.
func (v *visitor) evaluate(expression string, result any) {
	v.t.Helper()
	v.do("evaluate", target{"value": expression}, result)
}

// mustSay waits until the page holds an element with exactly this text.
func (v *visitor) mustSay(text string) { v.t.Helper(); v.waitFor(byText(text)) }

// cookie is one that the visitor holds, as the browser keeps it.
type cookie struct {
	Name     string  `json:"name"`
	Value    string  `json:"value"`
	Domain   string  `json:"domain"`
	Path     string  `json:"path"`
	Expires  float64 `json:"expires"` // Unix seconds; -1 for the session's
	HTTPOnly bool    `json:"httpOnly"`
	Secure   bool    `json:"secure"`
	SameSite string  `json:"sameSite"`
}

func (v *visitor) cookies() (list []cookie) {
	v.t.Helper()
	v.do("cookies", nil, &list)
	return list
}

// addCookie gives the visitor a cookie, such as one taken from another.
func (v *visitor) addCookie(c cookie) {
	v.t.Helper()
	v.do("addCookie", target{"cookie": c}, nil)
}

// problems returns what the pages complained about since it was last asked:
// errors of scripts and of the console, such as what the content security
// policy refused.
func (v *visitor) problems() (list []string) {
	v.t.Helper()
	v.do("problems", nil, &list)
	return list
}

// hosts returns every host that the visitor's pages asked for anything.
func (v *visitor) hosts() (list []string) {
	v.t.Helper()
	v.do("hosts", nil, &list)
	return list
}

// violation is a rule of accessibility that a page breaks.
type violation struct {
	Rule, Impact, Help string
	Nodes              []string
}

// axe looks for what shuts out people with disabilities, by WCAG 2.2 A and AA
// and axe-core's best practices.
func (v *visitor) axe() (list []violation) {
	v.t.Helper()
	v.do("axe", nil, &list)
	return list
}

// mustBeAccessible fails the test with what axe finds on the page.
func (v *visitor) mustBeAccessible() {
	v.t.Helper()
	for _, a := range v.axe() {
		v.t.Errorf("%s: %s (%s): %s\n\t%s", v.url(), a.Rule, a.Impact, a.Help, strings.Join(a.Nodes, "\n\t"))
	}
}

// screenshot writes a picture of the whole page.
func (v *visitor) screenshot(file string) {
	v.t.Helper()
	abs, err := filepath.Abs(file)
	if err != nil {
		v.t.Fatal(err)
	}
	v.do("screenshot", target{"path": abs}, nil)
}

// report says where the visitor is, and leaves a picture in build/.
func (v *visitor) report() {
	name := strings.NewReplacer("/", "_", " ", "-").Replace(v.name)
	file, err := filepath.Abs(filepath.Join(root, "build", "failed", name+".png"))
	if err != nil {
		return
	}
	url, _ := v.try("url", nil)
	text, _ := v.try("text", nil)
	if len(text) > 2000 {
		text = append(text[:2000:2000], "…"...)
	}
	if _, err := v.try("screenshot", target{"path": file}); err != nil {
		file = err.Error()
	}
	v.t.Logf("%s is at %s\n%s\npicture: %s", v.name, url, text, file)
}

// on gives the browser to a subtest: its visitors end with it.
func (b *browser) on(t *testing.T) *browser {
	t.Helper()
	return newBrowser(t)
}
