package practice

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// askXML is a request as a service provider writes it.
func askXML(more string) string {
	return `<?xml version="1.0"?><p:AuthnRequest xmlns:p="` + nsProtocol + `" ID="_question" Version="2.0" Destination="` + testBase + `/sso" ` + more +
		`><a:Issuer xmlns:a="` + nsAssertion + `">` + testSP + `</a:Issuer></p:AuthnRequest>`
}

func deflated(document string) string {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = io.WriteString(w, document)
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func get(i *IDP, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, testBase+path, nil)
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w
}

func post(i *IDP, path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, testBase+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w
}

// hidden reads the value of a hidden field on a page.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)<input type="hidden" name="` + regexp.QuoteMeta(name) + `" value="([^"]*)">`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no field %s in\n%s", name, page)
	}
	return html.UnescapeString(found[1])
}

func TestSSO_AsksWhoInBothBindingsAndAnswersWithAForm(t *testing.T) {
	t.Parallel()
	relay := "r <&\"'>" + strings.Repeat("x", 5000)
	i := testIDP(t, func(c *Config) { c.SPs[0].Onward = []string{"http://localhost:3000"} })
	for binding, w := range map[string]*httptest.ResponseRecorder{
		"redirect": get(i, "/sso?"+url.Values{"SAMLRequest": {deflated(askXML(""))}, "RelayState": {relay}}.Encode()),
		"post":     post(i, "/sso", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(askXML("")))}, "RelayState": {relay}}, "Origin", "https://sp.test", "Sec-Fetch-Site", "cross-site"),
	} {
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", binding, w.Code, w.Body)
		}
		page := w.Body.String()
		for _, want := range []string{"Alice Ämter", "password is asked here", "wrong-audience", "Edit attributes of Bob", "Somebody who is not on the list"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q", binding, want)
			}
		}
		form := url.Values{"choice": {"0"}, "misbehave": {"both-signed"}}
		for _, name := range []string{"sp", "in_response_to", "RelayState", "name_id_format", "login.0"} {
			form.Set(name, hidden(t, page, name))
		}
		form.Set("mail.0", "edited@acme.test")
		form.Set("groups.0", "a, b ,")
		form.Set("attributes.0", "color=red\r\ncolor=blue\r\nsize=1=2\r\n")
		w = post(i, "/answer", form, "Sec-Fetch-Site", "same-origin")
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", binding, w.Code, w.Body)
		}
		page = w.Body.String()
		if got := hidden(t, page, "RelayState"); got != relay {
			t.Errorf("%s: RelayState %.40q", binding, got)
		}
		if !strings.Contains(page, `action="`+testACS+`"`) || !strings.Contains(page, `src="/practice/acme/post.js"`) || !strings.Contains(page, ">Continue</button>") {
			t.Errorf("%s: the form is incomplete:\n%s", binding, page)
		}
		document, err := Response{SAMLResponse: hidden(t, page, "SAMLResponse")}.XML()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`InResponseTo="_question"`, ">edited@acme.test<", "<saml:AttributeValue>red</saml:AttributeValue><saml:AttributeValue>blue<", ">1=2<", ">a</saml:AttributeValue>"} {
			if !strings.Contains(string(document), want) {
				t.Errorf("%s: lacks %s", binding, want)
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.HasSuffix(csp, "form-action 'self' https://sp.test http://localhost:3000") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %s", binding, csp)
		}
		if p, _ := i.Person(alice.Login); p.Mail != alice.Mail {
			t.Errorf("%s: the edit was kept unasked", binding)
		}
	}
}

func TestSSO_AnswersProgramsAtOnce(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	query := url.Values{"SAMLRequest": {deflated(askXML(""))}, "RelayState": {"r"}, "person": {"bob@acme.test"}, "misbehave": {"skewed-by-N"}, "param": {"-60"}}
	w := get(i, "/sso?"+query.Encode(), "Accept", "application/json")
	var answer Response
	if err := json.NewDecoder(w.Body).Decode(&answer); err != nil || w.Code != 200 {
		t.Fatalf("%d %v", w.Code, err)
	}
	document, err := answer.XML()
	if err != nil || !strings.Contains(string(document), `NotBefore="2026-11-25T09:29:00.000Z"`) || answer.RelayState != "r" || answer.ACSURL != testACS {
		t.Errorf("got %+v, %v", answer, err)
	}
	if w := get(i, "/sso?sp="+url.QueryEscape(testSP)+"&person=bob@acme.test&format=json"); w.Code != 200 || strings.Contains(w.Body.String(), "InResponseTo") {
		t.Errorf("IdP-initiated: %d %s", w.Code, w.Body)
	}
	query.Set("person", "nobody")
	if w := get(i, "/sso?"+query.Encode(), "Accept", "application/json"); w.Code != 400 || !strings.Contains(w.Body.String(), `"error"`) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("unknown person: %d %s", w.Code, w.Body)
	}
}

func TestSSO_SuggestsWhomTheApplicationExpects(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	request := "/sso?SAMLRequest=" + url.QueryEscape(deflated(askXML("")))
	forced := "/sso?SAMLRequest=" + url.QueryEscape(deflated(askXML(`ForceAuthn="true"`)))
	expected := regexp.MustCompile(`(?s)card preferred.*?name="login\.\d+" value="([^"]*)"`)
	for _, test := range []struct{ says, path, cookie, want string }{
		{"nobody without a hint", request, "", ""},
		{"the login hint", request + "&login_hint=BOB@acme.test", "", "bob@acme.test"},
		{"whoever was picked last", request, "bob%40acme.test", "bob@acme.test"},
		{"the hint before the last", request + "&login_hint=alice@acme.test", "bob%40acme.test", "alice@acme.test"},
		{"nobody of itself when asked afresh", forced, "bob%40acme.test", ""},
	} {
		w := get(i, test.path, "Cookie", personCookie+"="+test.cookie)
		got := ""
		if m := expected.FindStringSubmatch(w.Body.String()); m != nil {
			got = html.UnescapeString(m[1])
		}
		if w.Code != 200 || got != test.want {
			t.Errorf("%s: got %d %q, want %q", test.says, w.Code, got, test.want)
		}
	}
	if w := get(i, request+"&login_hint=new@acme.test"); !strings.Contains(w.Body.String(), `value="new@acme.test"`) {
		t.Error("an unknown hint does not fill in the form for somebody else")
	}
	if w := get(i, "/sso?format=json&SAMLRequest="+url.QueryEscape(deflated(askXML(`IsPassive="1"`)))); !strings.Contains(decoded(t, w), "NoPassive") {
		t.Errorf("a passive request: %s", w.Body)
	}
}

func decoded(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var answer Response
	if err := json.NewDecoder(w.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	document, err := answer.XML()
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// threat T-DOS-04 and its like, from the other side.
func TestSSO_RefusesHostileRequests(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	raw := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	tests := map[string]string{ // deflated for Redirect
		"a deflate bomb":             deflated(strings.Repeat(" ", 50<<20)),
		"not deflated":               raw(askXML("")),
		"not base64":                 "@@@",
		"too long":                   strings.Repeat("A", 2*maxPackedRequest),
		"nothing in it":              deflated(""),
		"not XML":                    deflated("hello"),
		"a document type":            deflated(`<!DOCTYPE x [<!ENTITY e "x">]>` + askXML("")[21:]),
		"a processing instruction":   deflated(strings.Replace(askXML(""), "<a:Issuer", "<?x?><a:Issuer", 1)),
		"two roots":                  deflated(askXML("") + askXML("")[21:]),
		"deep":                       deflated(strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000)),
		"many elements":              deflated("<a>" + strings.Repeat("<b/>", maxElements) + "</a>"),
		"another message":            deflated(strings.ReplaceAll(askXML(""), "AuthnRequest", "LogoutRequest")),
		"another version":            deflated(strings.Replace(askXML(""), `Version="2.0"`, `Version="1.1"`, 1)),
		"no ID":                      deflated(strings.Replace(askXML(""), ` ID="_question"`, "", 1)),
		"an ID without end":          deflated(strings.Replace(askXML(""), "_question", strings.Repeat("x", maxID+1), 1)),
		"an ACS of somebody else's":  deflated(askXML(`AssertionConsumerServiceURL="https://evil.test/"`)),
		"meant for another provider": deflated(strings.Replace(askXML(""), testBase, "https://other.test", 1)),
		"cut off":                    deflated(askXML("")[:80]),
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := get(i, "/sso?person=bob@acme.test&SAMLRequest="+url.QueryEscape(request))
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "That did not work") {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
	for name, form := range map[string]url.Values{
		"a document type by POST": {"SAMLRequest": {raw("<!DOCTYPE x>" + askXML("")[21:])}},
		"too long by POST":        {"SAMLRequest": {raw(askXML("") + strings.Repeat(" ", maxRequestXML))}},
		"a form without end":      {"SAMLRequest": {strings.Repeat("A", maxForm)}},
	} {
		if w := post(i, "/sso", form); w.Code != http.StatusBadRequest && w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %d", name, w.Code)
		}
	}
}

func FuzzParseAuthnRequest(f *testing.F) {
	f.Add([]byte(askXML("")))
	f.Add([]byte(`<a b="c"><!-- d --></a>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if r, err := parseAuthnRequest(document); err == nil && (r.ID == "" || r.Issuer == "") {
			t.Errorf("accepted %q as %+v", document, r)
		}
		_, _ = ReadSP(document)
		_, _ = ParseRedirect(base64.StdEncoding.EncodeToString(document))
	})
}

func TestSSO_AsksBeforeItAnswersAnApplicationThatNobodyAdded(t *testing.T) {
	t.Parallel()
	request := strings.Replace(askXML(`AssertionConsumerServiceURL="https://new.test/acs"`), testSP, "https://new.test/", 1)
	query := "SAMLRequest=" + url.QueryEscape(deflated(request))
	i := testIDP(t, nil)
	w := get(i, "/sso?"+query)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "Add this application and go on") || hidden(t, w.Body.String(), "then") != query {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	form := url.Values{"entity_id": {"https://new.test/"}, "acs_url": {"https://new.test/acs"}, "then": {query}}
	if w := post(i, "/applications", form, "Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"); w.Code != 400 {
		t.Errorf("a form from another site: %d", w.Code)
	}
	if w := post(i, "/applications", form, "Sec-Fetch-Site", "same-origin"); w.Code != 303 || w.Header().Get("Location") != "/practice/acme/sso?"+query {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := get(i, "/sso?"+query); w.Code != 200 {
		t.Errorf("once added: %d", w.Code)
	}
	open := testIDP(t, func(c *Config) { c.AnySP = true })
	if w := get(open, "/sso?"+query); w.Code != 200 {
		t.Errorf("open to all: %d %s", w.Code, w.Body)
	}
}

func TestSSO_VerifiesSignedRedirects(t *testing.T) {
	t.Parallel()
	i := testIDP(t, func(c *Config) {
		c.WantSignedRequests = true
		c.SPs[0].SigningCerts = []*x509.Certificate{testReceiver().cert}
	})
	signed := "SAMLRequest=" + url.QueryEscape(deflated(askXML(""))) + "&RelayState=r&SigAlg=" + url.QueryEscape(algRSASHA256)
	sum := sha256.Sum256([]byte(signed))
	value, err := rsa.SignPKCS1v15(rand.Reader, testReceiver().key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
	for query, want := range map[string]int{
		signed + signature: 200,
		signed + signature + "&login_hint=bob@acme.test": 200,
		signed: 400,
		strings.Replace(signed, "=r&", "=q&", 1) + signature:           400,
		signed + signature + "&RelayState=other":                       400,
		strings.Replace(signed, "sha256", "sha1", 1) + signature:       400,
		signed + "&Signature=" + url.QueryEscape(raw64("wrong bytes")): 400,
	} {
		if w := get(i, "/sso?"+query); w.Code != want {
			t.Errorf("got %d, want %d: %s", w.Code, want, query)
		}
	}
}

func raw64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestPages_AllAnswerUnderAStrictPolicyAndEscapeWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>"'`
	i := testIDP(t, func(c *Config) {
		c.Name = evil
		c.People = []Person{{Login: evil, Mail: evil, FirstName: evil, Groups: []string{evil}, Attributes: []Attribute{{Name: evil, Values: []string{evil}}}}}
		c.SPs[0].Name = evil
	})
	if err := i.AnnounceNext(); err != nil {
		t.Fatal(err)
	}
	sp := url.QueryEscape(testSP)
	for path, want := range map[string]int{
		"/": 200, "/people": 200, "/people?saved": 200, "/sso?sp=" + sp: 200, "/sso?sp=" + sp + "&RelayState=" + url.QueryEscape(evil): 200,
		"/sso?sp=" + sp + "&person=" + url.QueryEscape(evil): 200, "/sso?sp=" + url.QueryEscape(evil): 400,
		"/sso": 400, "/metadata": 200, "/post.js": 200, "/style.css": 200, "/misbehaviours": 200, "": 303, "/none": 404,
	} {
		w := get(i, path)
		csp := w.Header().Get("Content-Security-Policy")
		if w.Code != want || !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'") ||
			w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got %d, policy %q", path, w.Code, csp)
		}
		if page := w.Body.String(); strings.Contains(page, "<script>") || strings.Contains(page, " style=") || strings.Contains(page, " onclick=") {
			t.Errorf("%s: a script or style within the page:\n%s", path, page)
		}
	}
	if w := get(i, "/metadata"); wellFormed(w.Body.String()) != nil || w.Header().Get("Content-Type") != "application/samlmetadata+xml" {
		t.Error("metadata is not served as such")
	}
}

func TestPeople_ChangesLastUntilTheProviderStops(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	same := []string{"Sec-Fetch-Site", "same-origin"}
	w := post(i, "/people", url.Values{"login": {alice.Login}, "first_name": {"Alicia"}}) // a program: no headers of a browser
	p, _ := i.Person(alice.Login)
	if w.Code != 303 || p.FirstName != "Alicia" || p.Mail != alice.Mail || len(p.Groups) != 2 {
		t.Errorf("partial change: %d %+v", w.Code, p)
	}
	post(i, "/people", url.Values{"login": {""}, "mail": {"new@acme.test"}, "attributes": {"a=b"}}, same...)
	if p, ok := i.Person("new@acme.test"); !ok || p.Subject == "" || p.Attributes[0].Values[0] != "b" {
		t.Errorf("added: %+v", p)
	}
	post(i, "/people", url.Values{"login": {"bob@acme.test"}, "action": {"remove"}}, same...)
	if _, ok := i.Person("bob@acme.test"); ok {
		t.Error("bob was not removed")
	}
	if w := post(i, "/people", url.Values{"login": {alice.Login}, "action": {"remove"}}, "Sec-Fetch-Site", "cross-site"); w.Code != 400 {
		t.Errorf("a form from another site: %d", w.Code)
	}
	if w := post(i, "/people", url.Values{"login": {"x"}, "attributes": {"no equals sign"}}, same...); w.Code != 400 {
		t.Errorf("a bad attribute: %d", w.Code)
	}
	var people []Person
	if err := json.NewDecoder(get(i, "/people?format=json").Body).Decode(&people); err != nil || len(people) != 2 {
		t.Errorf("as JSON: %v %v", people, err)
	}
}

func TestPortal_AddsApplicationsByMetadataAndItsAddress(t *testing.T) {
	t.Parallel()
	document := `<EntityDescriptor xmlns="` + nsMetadata + `" entityID="https://meta.test/"><SPSSODescriptor><AssertionConsumerService Binding="` +
		bindingPOST + `" Location="https://meta.test/acs"/></SPSSODescriptor></EntityDescriptor>`
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metadata" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, strings.Replace(document, "meta.test", "url.test", 1))
	}))
	t.Cleanup(served.Close)
	i := testIDP(t, func(c *Config) { c.Client = served.Client() })
	for _, test := range []struct {
		field, value string
		status       int
		added        string
	}{
		{"metadata", document, 303, "https://meta.test/"},
		{"metadata_url", served.URL + "/metadata", 303, "https://url.test/"},
		{"metadata_url", served.URL + "/other", 400, ""},
		{"metadata_url", "file:///etc/passwd", 400, ""},
		{"metadata", "<x/>", 400, ""},
		{"entity_id", "no-acs", 400, ""},
	} {
		w := post(i, "/applications", url.Values{test.field: {test.value}}, "Sec-Fetch-Site", "same-origin")
		if _, ok := i.SP(test.added); w.Code != test.status || ok != (test.added != "") {
			t.Errorf("%s %.40s: got %d, added %v", test.field, test.value, w.Code, ok)
		}
	}
	if w := post(testIDP(t, nil), "/applications", url.Values{"metadata_url": {served.URL + "/metadata"}}); w.Code != 400 {
		t.Errorf("without a client: %d", w.Code)
	}
}

func TestPortal_RollsKeysOver(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	before := i.Certificate()
	for action, want := range map[string]int{"announce": 303, "steal": 400} {
		if w := post(i, "/keys", url.Values{"action": {action}}, "Sec-Fetch-Site", "same-origin"); w.Code != want {
			t.Errorf("%s: %d", action, w.Code)
		}
	}
	if w := post(i, "/keys", url.Values{"action": {"roll-over"}}, "Sec-Fetch-Site", "same-origin"); w.Code != 303 || i.Certificate().Equal(before) {
		t.Errorf("roll-over: %d", w.Code)
	}
}

func TestServeHTTP_WorksWithoutAPath(t *testing.T) {
	t.Parallel()
	i := testIDP(t, func(c *Config) { c.BaseURL = "http://127.0.0.1:4000" })
	w := httptest.NewRecorder()
	i.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:4000/", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `href="/style.css"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
