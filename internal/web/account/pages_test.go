package account_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"usher/internal/fault"
	"usher/internal/message"
	"usher/internal/web/account"
)

func TestPages_EachHasASampleAndAHostileOne(t *testing.T) {
	t.Parallel()
	sampled := map[string]int{}
	for _, s := range samples() {
		sampled[s.page] |= 1
	}
	for _, s := range hostileSamples() {
		sampled[s.page] |= 2
	}
	for _, name := range newPages(t).Names() {
		if sampled[name] != 3 {
			t.Errorf("page %s lacks a sample or a hostile one", name)
		}
	}
}

func TestPages_TheEagerOnesExist(t *testing.T) {
	t.Parallel()
	if err := newPages(t).Warm(account.EagerPages()...); err != nil {
		t.Error(err)
	}
}

// Every page, with ordinary and with hostile content, keeps the rules that a
// reader of one template would not see broken (threat T-API-09).
func TestPages_KeepTheRules(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for _, s := range append(samples(), hostileSamples()...) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			body := render(t, pages, s).Body.Bytes()
			checkBalanced(t, body)
			root, err := html.Parse(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			all := elements(root)
			checkLandmarks(t, all)
			checkNames(t, all)
			checkForms(t, all)
			checkSafe(t, all)
		})
	}
}

type element struct {
	tag  string
	attr map[string]string
	node *html.Node
}

func elements(root *html.Node) []element {
	var all []element
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := element{tag: n.Data, attr: map[string]string{}, node: n}
		for _, a := range n.Attr {
			e.attr[a.Key] = a.Val
		}
		all = append(all, e)
	}
	return all
}

func (e element) text() string {
	var b strings.Builder
	for n := range e.node.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func (e element) has(attr string) bool { _, ok := e.attr[attr]; return ok }

// checkBalanced: the parser forgives everything, so count tags.
func checkBalanced(t *testing.T, body []byte) {
	t.Helper()
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true, "hr": true, "img": true}
	var open []string
	for z := html.NewTokenizer(bytes.NewReader(body)); z.Next() != html.ErrorToken; {
		token := z.Token()
		switch token.Type {
		case html.StartTagToken:
			if !void[token.Data] {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> closes %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("never closed: %v", open)
	}
}

func checkLandmarks(t *testing.T, all []element) {
	t.Helper()
	count := map[string]int{}
	ids := map[string]int{}
	focus := 0
	for _, e := range all {
		count[e.tag]++
		if id := e.attr["id"]; id != "" {
			ids[id]++
		}
		if e.has("autofocus") {
			focus++
		}
		switch e.tag {
		case "html":
			if e.attr["lang"] == "" {
				t.Error("no lang")
			}
		case "title", "h1", "h2", "a", "button", "label":
			if e.text() == "" {
				t.Errorf("empty <%s>", e.tag)
			}
		}
	}
	for tag, want := range map[string]int{"main": 1, "h1": 1, "header": 1, "footer": 1, "title": 1} {
		if count[tag] != want {
			t.Errorf("%d <%s>, want %d", count[tag], tag, want)
		}
	}
	if focus > 1 {
		t.Errorf("%d elements want the focus", focus)
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if ids[id] > 1 {
			t.Errorf("id %q occurs %d times", id, ids[id])
		}
	}
}

// checkNames: inputs have labels, and what refers to an id finds it.
func checkNames(t *testing.T, all []element) {
	t.Helper()
	ids, labelled := map[string]bool{}, map[string]bool{}
	for _, e := range all {
		ids[e.attr["id"]] = true
		if e.tag == "label" {
			labelled[e.attr["for"]] = true
		}
	}
	for _, e := range all {
		if e.tag == "input" && e.attr["type"] != "hidden" && !e.has("hidden") && !labelled[e.attr["id"]] {
			t.Errorf("input %q has no label", e.attr["name"])
		}
		for _, attr := range []string{"aria-describedby", "aria-labelledby", "for", "data-copy", "data-reveal"} {
			for _, id := range strings.Fields(e.attr[attr]) {
				if !ids[id] {
					t.Errorf("%s names %q, which is not there", attr, id)
				}
			}
		}
		if fragment, ok := strings.CutPrefix(e.attr["href"], "#"); ok && fragment != "ZgotmplZ" && !ids[fragment] {
			t.Errorf("link to #%s, which is not there", fragment)
		}
	}
}

// checkForms: every form posts, and carries the CSRF token unless it leaves
// for an identity provider, which must not learn it.
func checkForms(t *testing.T, all []element) {
	t.Helper()
	for _, form := range all {
		if form.tag != "form" {
			continue
		}
		if form.attr["method"] != "post" {
			t.Errorf("form to %q does not post", form.attr["action"])
		}
		var token, button bool
		for _, e := range elements(form.node) {
			token = token || e.attr["name"] == "csrf_token"
			button = button || e.tag == "button" && e.attr["type"] == "submit"
		}
		if leaves := form.has("data-auto-post"); token == leaves {
			t.Errorf("form to %q: csrf token %v, want %v", form.attr["action"], token, !leaves)
		}
		if !button {
			t.Errorf("form to %q can't be sent without a script", form.attr["action"])
		}
	}
}

// checkSafe: nothing inline, nothing from elsewhere, no element that hostile
// text could have made (threats T-SES-10, T-SEC-06).
func checkSafe(t *testing.T, all []element) {
	t.Helper()
	for _, e := range all {
		switch e.tag {
		case "script":
			if !strings.HasPrefix(e.attr["src"], "/assets/") || e.text() != "" {
				t.Errorf("script that is not ours: %v", e.attr)
			}
		case "link":
			if !strings.HasPrefix(e.attr["href"], "/assets/") {
				t.Errorf("link to %q", e.attr["href"])
			}
		case "style", "img", "iframe", "object", "embed", "base", "textarea":
			t.Errorf("<%s> on the page", e.tag)
		}
		for name, value := range e.attr {
			if name == "style" || strings.HasPrefix(name, "on") {
				t.Errorf("inline %s on <%s>", name, e.tag)
			}
			if (name == "href" || name == "action" || name == "src") && strings.HasPrefix(strings.ToLower(value), "javascript:") {
				t.Errorf("%s=%q", name, value)
			}
		}
	}
}

func TestGoing_MayLeaveForTheProviderAlone(t *testing.T) {
	t.Parallel()
	going := account.NewGoing(frame(), "https://login.acme.test:8443/saml?x=1")
	w := render(t, newPages(t), sample{page: account.PageGoing, view: going})
	got := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(got, "form-action 'self' https://login.acme.test:8443;") {
		t.Errorf("Content-Security-Policy = %q", got)
	}
}

func TestWordsFor_EveryCodeSaysWhatHappenedAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, code := range fault.Codes() {
		w := account.WordsFor(message.Text{}, fault.New(code))
		if w.Heading == "" || w.Happened == "" || len(w.Todo) == 0 {
			t.Errorf("%s: %+v", code, w)
		}
	}
}

func TestWordsFor_QuoteNothingOfTheFailure(t *testing.T) {
	t.Parallel() // threat T-SEC-06
	for _, code := range fault.Codes() {
		err := fault.New(code, "received_domain", "secret.test", "email_address", "secret@secret.test", "missing_attribute", "secret").Detail("reason", "secret")
		w := account.WordsFor(message.Text{}, err)
		if text := w.Heading + w.Happened + strings.Join(w.Todo, ""); strings.Contains(text, "secret") || strings.Contains(text, "{") {
			t.Errorf("%s: %q", code, text)
		}
	}
}
