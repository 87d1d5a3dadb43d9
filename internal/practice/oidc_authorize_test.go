package practice

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// browse asks for a page, or posts a form to it.
func browse(o *OIDC, method, path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, o.BaseURL()+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	return w
}

// with sets a parameter of an authorization request, or with nothing removes it.
func with(name, value string) func(url.Values) {
	return func(v url.Values) {
		v.Set(name, value)
		if value == "" {
			v.Del(name)
		}
	}
}

func TestOIDCAuthorize_ToldWhatItCannotAnswer(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, nil)
	p := newParty(t, o, "rp")
	tests := map[string]struct {
		change func(url.Values)
		code   string // empty: the person is told, and nobody is sent anywhere
	}{
		"an unknown client":               {with("client_id", "x"), ""},
		"no client":                       {with("client_id", ""), ""},
		"an unknown redirect_uri":         {with("redirect_uri", testCallback+"/"), ""},
		"no redirect_uri":                 {with("redirect_uri", ""), ""},
		"another response_type":           {with("response_type", "code id_token"), "unsupported_response_type"},
		"another response_mode":           {with("response_mode", "fragment"), "invalid_request"},
		"no openid in the scope":          {with("scope", "email"), "invalid_scope"},
		"a plain code_challenge":          {with("code_challenge_method", "plain"), "invalid_request"},
		"a code_challenge of no method":   {with("code_challenge_method", ""), "invalid_request"},
		"a method without code_challenge": {with("code_challenge", ""), "invalid_request"},
		"a short code_challenge":          {with("code_challenge", "x"), "invalid_request"},
		"a parameter twice":               {func(v url.Values) { v.Add("nonce", "2") }, "invalid_request"},
		"a request object":                {with("request", "e30.e30."), "request_not_supported"},
		"a request object elsewhere":      {with("request_uri", "https://rp.test/r"), "request_uri_not_supported"},
		"prompt=none with another":        {with("prompt", "none login"), "invalid_request"},
		"an unknown prompt":               {with("prompt", "create"), "invalid_request"},
		"prompt=none without a hint":      {with("prompt", "none"), "login_required"},
		"a public client without PKCE": {func(v url.Values) {
			v.Set("client_id", "public")
			v.Del("code_challenge")
			v.Del("code_challenge_method")
		}, "invalid_request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := must[*url.URL](t)(url.Parse(p.begin()))
			v := u.Query()
			test.change(v)
			w := browse(o, http.MethodGet, "/authorize?"+v.Encode(), nil)
			place := must[*url.URL](t)(url.Parse(w.Header().Get("Location")))
			if test.code == "" {
				if w.Code != 400 || place.String() != "" {
					t.Errorf("got %d, to %q", w.Code, place)
				}
				return
			}
			if got := place.Query(); w.Code != 303 || got.Get("error") != test.code || got.Get("state") != "s-1" || got.Has("code") {
				t.Errorf("got %d, to %q, want %s", w.Code, place, test.code)
			}
		})
	}
}

func TestOIDCAuthorize_KeepsWhatTheRedirectURIHasAlready(t *testing.T) {
	t.Parallel()
	p := newParty(t, testOIDC(t, nil), "rp")
	p.config.RedirectURL = testCallback + "?tenant=1"
	answer := must[OIDCAnswer](t)(p.o.Login(p.begin(), Login{Person: alice.Login}))
	if !strings.HasPrefix(answer.URL, testCallback+"?tenant=1&") || answer.Parameters().Get("code") == "" {
		t.Errorf("the answer goes to %s", answer.URL)
	}
}

func TestOIDCAuthorize_PromptNoneAnswersForWhomTheHintNames(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, nil)
	p := newParty(t, o, "rp")
	address := p.begin(oauth2.SetAuthURLParam("prompt", "none"), oauth2.SetAuthURLParam("login_hint", alice.Mail))
	w := browse(o, http.MethodGet, strings.TrimPrefix(address, o.BaseURL()), nil)
	place := must[*url.URL](t)(url.Parse(w.Header().Get("Location")))
	if _, err := p.tokens(place.Query().Get("code")); w.Code != 303 || err != nil {
		t.Errorf("got %d, to %s: %v", w.Code, place, err)
	}
	if err := o.SetStanding(alice.Login, Suspended); err != nil {
		t.Fatal(err)
	}
	w = browse(o, http.MethodGet, strings.TrimPrefix(address, o.BaseURL()), nil)
	if !strings.Contains(w.Header().Get("Location"), "error=login_required") {
		t.Errorf("a suspended person: %d, to %s", w.Code, w.Header().Get("Location"))
	}
}

func TestOIDCAuthorize_AsksWhoAndAnswersInBothModes(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, func(c *OIDCConfig) { c.Clients[0].Onward = []string{"http://localhost:3000"} })
	p := newParty(t, o, "rp")
	for _, mode := range []string{"query", "form_post"} {
		address := p.begin(oauth2.SetAuthURLParam("response_mode", mode), oauth2.SetAuthURLParam("login_hint", "bob@acme.test"))
		w := browse(o, http.MethodGet, strings.TrimPrefix(address, o.BaseURL()), nil)
		page := w.Body.String()
		for _, want := range []string{"Alice Ämter", "password is asked here", "alg-none", "Edit claims of Bob", "Somebody who is not on the list", "Do not sign in"} {
			if w.Code != 200 || !strings.Contains(page, want) {
				t.Fatalf("%s: %d, the page lacks %q", mode, w.Code, want)
			}
		}
		if strings.Contains(page, "missing-hd") {
			t.Errorf("%s: the page offers what only Google's flavour does", mode)
		}
		if strings.Index(page, "bob@acme.test") > strings.Index(page, "alice@acme.test") || !strings.Contains(page, ">expected<") {
			t.Errorf("%s: the expected person is not first", mode)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://rp.test http://localhost:3000") {
			t.Errorf("%s: the policy is %s", mode, csp)
		}
		form := url.Values{
			"choice": {"0"}, "misbehave": {"unverified-mail"}, "mail.0": {"edited@acme.test"}, "attributes.0": {"color=red"},
			"request": {hidden(t, page, "request")}, "tenant": {""}, "login.0": {hidden(t, page, "login.0")},
		}
		w = browse(o, http.MethodPost, "/answer", form, "Sec-Fetch-Site", "same-origin")
		var got url.Values
		if mode == "query" {
			place := must[*url.URL](t)(url.Parse(w.Header().Get("Location")))
			got = place.Query()
		} else {
			page := w.Body.String()
			if !strings.Contains(page, `action="`+testCallback+`"`) || !strings.Contains(page, "/post.js") || !strings.Contains(page, ">Continue</button>") {
				t.Errorf("the form is incomplete:\n%s", page)
			}
			got = url.Values{"code": {hidden(t, page, "code")}, "state": {hidden(t, page, "state")}, "iss": {hidden(t, page, "iss")}}
		}
		if got.Get("state") != "s-1" || got.Get("iss") != o.Issuer("") {
			t.Errorf("%s: the answer is %v", mode, got)
		}
		token := must[*oauth2.Token](t)(p.tokens(got.Get("code")))
		id := must[*oidc.IDToken](t)(p.verify(token.Extra("id_token").(string)))
		var said map[string]any
		if err := id.Claims(&said); err != nil {
			t.Fatal(err)
		}
		if said["email"] != "edited@acme.test" || said["color"] != "red" || said["email_verified"] != false {
			t.Errorf("%s: the ID token says %v", mode, said)
		}
		if known, _ := o.Person("bob@acme.test"); known.Mail != "bob@acme.test" {
			t.Errorf("%s: what was edited once was kept: %+v", mode, known)
		}
		form = url.Values{"deny": {"1"}, "request": form["request"]}
		if w = browse(o, http.MethodPost, "/answer", form); !strings.Contains(w.Header().Get("Location")+w.Body.String(), "access_denied") {
			t.Errorf("%s: after no: %d %s", mode, w.Code, w.Body)
		}
		if w = browse(o, http.MethodPost, "/answer", form, "Sec-Fetch-Site", "cross-site"); w.Code != 400 {
			t.Errorf("%s: a form from another site: %d", mode, w.Code)
		}
	}
}

func TestOIDCAuthorize_GoogleOffersPeopleOfTheHostedDomain(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, func(c *OIDCConfig) {
		c.Flavour = Google
		c.People = append(c.People, Person{Mail: "carol@globex.test"}, Person{Mail: "dave@gmail.com"})
	})
	p := newParty(t, o, "rp")
	for hd, want := range map[string][4]bool{"": {true, true, true, true}, "globex.test": {false, false, true, false}, "*": {true, true, true, false}} {
		page := browse(o, http.MethodGet, strings.TrimPrefix(p.begin(oauth2.SetAuthURLParam("hd", hd)), o.BaseURL()), nil).Body.String()
		for n, mail := range []string{"alice@acme.test", "bob@acme.test", "carol@globex.test", "dave@gmail.com"} {
			if got := strings.Contains(page, `value="`+mail+`"`); got != want[n] {
				t.Errorf("hd %q offers %s: %v", hd, mail, got)
			}
		}
	}
}

// Programs have no page: they name the person and get JSON.
func TestOIDCAuthorize_AnswersAProgramAtOnce(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, nil)
	p := newParty(t, o, "rp")
	path := strings.TrimPrefix(p.begin(oauth2.SetAuthURLParam("response_mode", "form_post")), o.BaseURL())
	w := browse(o, http.MethodGet, path+"&person=alice@acme.test&misbehave=missing-state&format=json", nil)
	var answer OIDCAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if answer.URL != testCallback || answer.Form.Get("code") == "" || answer.Form.Has("state") {
		t.Errorf("got %+v", answer)
	}
	for query, want := range map[string]string{
		"&person=nobody":                                          "nobody here is called",
		"&person=alice@acme.test&misbehave=x":                     "no misbehaviour",
		"&person=alice@acme.test&misbehave=missing-hd":            "only the flavour google",
		"&person=alice@acme.test&misbehave=token-slow&param=long": "not a number",
		"&person=alice@acme.test&misbehave=replayed-code":         "", // the one above
		"&person=alice@acme.test&misbehave=skewed-by-x":           "not a number",
	} {
		w := browse(o, http.MethodGet, path+query+"&format=json", nil)
		if want != "" && (w.Code != 400 || !strings.Contains(w.Body.String(), want)) || want == "" && w.Code != 200 {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func TestOIDCPages_SuspendAndBringBackPeople(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, nil)
	standing := func() Standing { p, _ := o.Person(alice.Login); return p.Standing }
	for _, step := range []struct {
		action string
		want   Standing
		button string
	}{{"suspend", Suspended, "Restore"}, {"restore", Active, "Suspend"}, {"delete", Deleted, "Restore"}, {"save", Deleted, "Restore"}, {"restore", Active, "Delete"}} {
		w := browse(o, http.MethodPost, "/people", url.Values{"action": {step.action}, "login": {alice.Login}})
		page := browse(o, http.MethodGet, "/people?saved", nil).Body.String()
		if w.Code != 303 || standing() != step.want || !strings.Contains(page, step.button) || !strings.Contains(page, "Saved.") {
			t.Errorf("%s: %d, %q", step.action, w.Code, standing())
		}
	}
	if p, _ := o.Person(alice.Login); p.Mail != alice.Mail || p.LastName != alice.LastName || len(p.Groups) != 2 {
		t.Errorf("a program that names no fields changes them: %+v", p)
	}
	w := browse(o, http.MethodPost, "/people", url.Values{"mail": {"eve@acme.test"}, "unverified": {"1"}, "hosted_domain": {"x.test"}, "action": {"save"}}, "Accept", "application/json")
	if eve, known := o.Person("eve@acme.test"); !known || !eve.Unverified || eve.HostedDomain != "x.test" || !strings.Contains(w.Body.String(), `"unverified":true`) {
		t.Errorf("added %+v: %s", eve, w.Body)
	}
	if w := browse(o, http.MethodPost, "/people", url.Values{"action": {"suspend"}, "login": {"x"}}); w.Code != 400 {
		t.Errorf("suspended nobody: %d", w.Code)
	}
	if w := browse(o, http.MethodPost, "/people", url.Values{"action": {"suspend"}, "login": {alice.Login}}, "Sec-Fetch-Site", "cross-site"); w.Code != 400 || standing() != Active {
		t.Errorf("suspended from another site: %d", w.Code)
	}
}

func TestOIDCPages_TheFirstPageChangesMoodAndKeys(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, nil)
	page := browse(o, http.MethodGet, "/", nil).Body.String()
	for _, want := range []string{o.DiscoveryURL(), "<code>rp</code>, with a secret", "<code>public</code>, public", testCallback} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if w := browse(o, http.MethodPost, "/mood", url.Values{"misbehave": {"slow"}, "param": {" 7 "}}); w.Code != 303 {
		t.Errorf("a mood: %d %s", w.Code, w.Body)
	}
	page = browse(o, http.MethodGet, "/", nil).Body.String()
	if !strings.Contains(page, "misbehaves of itself") || !strings.Contains(page, "<code>slow</code> (7)") {
		t.Error("the page does not tell the mood")
	}
	if w := browse(o, http.MethodPost, "/mood", url.Values{"misbehave": {"x"}}); w.Code != 400 {
		t.Errorf("a mood that there is not: %d", w.Code)
	}
	if w := browse(o, http.MethodPost, "/mood", url.Values{"misbehave": {""}}); w.Code != 303 || o.moodNow() != (moodView{}) {
		t.Errorf("honest again: %d %+v", w.Code, o.moodNow())
	}
	keys := func() int { return strings.Count(browse(o, http.MethodGet, "/jwks", nil).Body.String(), `"kid"`) }
	was := o.Certificate()
	browse(o, http.MethodPost, "/keys", url.Values{"action": {"announce"}})
	if keys() != 6 || o.Certificate() != was {
		t.Errorf("%d keys after the next were announced", keys())
	}
	browse(o, http.MethodPost, "/keys", url.Values{"action": {"roll-over"}})
	if keys() != 3 || o.Certificate() == was {
		t.Errorf("%d keys after the next came into use", keys())
	}
	if w := browse(o, http.MethodPost, "/keys", url.Values{"action": {"x"}}); w.Code != 400 {
		t.Errorf("something else with keys: %d", w.Code)
	}
	var list []Misbehaviour
	if err := json.Unmarshal(browse(o, http.MethodGet, "/misbehaviours", nil).Body.Bytes(), &list); err != nil || len(list) != len(OIDCMisbehaviours(Custom)) {
		t.Errorf("%d misbehaviours listed: %v", len(list), err)
	}
}
