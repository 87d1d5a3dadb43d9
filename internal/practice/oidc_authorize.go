package practice

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// asked is an authorization request that may be answered.
type asked struct {
	client        OIDCClient
	query         string // as it came
	tenant        string // of the address, with the Microsoft flavour
	redirect      string
	formPost      bool
	state         string
	nonce, scope  string
	challenge     string
	prompt, hint  string
	hostedDomain  string // Google's hd: whom the client expects
	accessOffline bool   // Google's access_type=offline
}

// oauthError is a failure in the words of RFC 6749.
type oauthError struct {
	code, description string
	status            int // at the token endpoint; zero: 400
}

func (e *oauthError) Error() string { return "practice: " + e.code + ": " + e.description }

// authorizeTenant finds the tenant in the authorization endpoint's address.
func (o *OIDC) authorizeTenant(address string) (tenant string, ok bool) {
	if o.config.Flavour != Microsoft {
		return "", address == o.base+"/authorize"
	}
	rest, ok := strings.CutPrefix(address, o.base+"/")
	if !ok {
		return "", false
	}
	tenant, ok = strings.CutSuffix(rest, "/oauth2/v2.0/authorize")
	return tenant, ok && o.hasTenant(tenant)
}

// hasTenant reports whether an address may name the tenant.
func (o *OIDC) hasTenant(tenant string) bool {
	if o.config.Flavour != Microsoft {
		return tenant == ""
	}
	return tenant == tenantCommon || tenant == tenantOrganizations || slices.Contains(o.config.Tenants, tenant)
}

// ask reads an authorization request. An error is for the person, because
// nobody knows whether the redirect URI can be trusted; refused is for the client.
func (o *OIDC) ask(query, tenant string) (a asked, refused *oauthError, err error) {
	if !o.hasTenant(tenant) {
		return asked{}, nil, fmt.Errorf("practice: there is no tenant %.100q here", tenant)
	}
	v, err := url.ParseQuery(query)
	if err != nil {
		return asked{}, nil, fmt.Errorf("practice: reading the authorization request: %w", err)
	}
	client, known := o.ClientByID(v.Get("client_id"))
	if !known {
		return asked{}, nil, fmt.Errorf("practice: the application %.200q is not known here; whoever runs this provider has to name its client ID", v.Get("client_id"))
	}
	a = asked{
		client: client, query: query, tenant: tenant, redirect: v.Get("redirect_uri"),
		formPost: v.Get("response_mode") == "form_post", state: v.Get("state"), nonce: v.Get("nonce"),
		scope: v.Get("scope"), challenge: v.Get("code_challenge"), prompt: v.Get("prompt"), hint: v.Get("login_hint"),
		hostedDomain: v.Get("hd"), accessOffline: v.Get("access_type") == "offline",
	}
	if !slices.Contains(client.RedirectURIs, a.redirect) {
		return asked{}, nil, fmt.Errorf("practice: the application %.200q wants its answer at %.500q, which is not a redirect URI known of it", client.Title(), a.redirect)
	}
	return a, a.fault(v), nil
}

// fault is what is wrong with a request otherwise.
func (a asked) fault(v url.Values) *oauthError {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if len(v[name]) > 1 { // RFC 6749, section 3.1
			return &oauthError{code: "invalid_request", description: name + " is there more than once"}
		}
	}
	mode, method := v.Get("response_mode"), v.Get("code_challenge_method")
	switch {
	case v.Get("response_type") != "code":
		return &oauthError{code: "unsupported_response_type", description: "response_type must be code"}
	case v.Has("request"):
		return &oauthError{code: "request_not_supported", description: "request objects are not understood here"}
	case v.Has("request_uri"):
		return &oauthError{code: "request_uri_not_supported", description: "request objects are not understood here"}
	case mode != "" && mode != "query" && mode != "form_post":
		return &oauthError{code: "invalid_request", description: "response_mode must be query or form_post"}
	case !hasWord(a.scope, "openid"):
		return &oauthError{code: "invalid_scope", description: "scope must hold openid"}
	case a.challenge != "" && method != "S256", a.challenge == "" && method != "":
		return &oauthError{code: "invalid_request", description: "code_challenge_method must be S256, and go with a code_challenge"}
	case a.challenge != "" && len(a.challenge) != 43: // RFC 7636, section 4.2: base64url of a SHA-256
		return &oauthError{code: "invalid_request", description: "code_challenge is not that of a SHA-256"}
	case a.challenge == "" && a.client.Secret == "":
		return &oauthError{code: "invalid_request", description: "a client without a secret needs a code_challenge"}
	}
	for word := range strings.FieldsSeq(a.prompt) {
		switch {
		case word == "none" && a.prompt != "none":
			return &oauthError{code: "invalid_request", description: "prompt none goes with nothing else"}
		case word != "none" && word != "login" && word != "consent" && word != "select_account":
			return &oauthError{code: "invalid_request", description: "prompt holds a word that is not understood"}
		}
	}
	return nil
}

// refuse answers with an error.
func (a asked) refuse(e *oauthError) OIDCAnswer {
	return a.answer(url.Values{"error": {e.code}, "error_description": {e.description}, "state": {a.state}})
}

// answer carries parameters as the client wants them carried. Empty ones are
// left out.
func (a asked) answer(v url.Values) OIDCAnswer {
	for name, values := range v {
		if len(values) == 0 || values[0] == "" {
			delete(v, name)
		}
	}
	if a.formPost {
		return OIDCAnswer{URL: a.redirect, Form: v}
	}
	separator := "?"
	if strings.Contains(a.redirect, "?") {
		separator = "&"
	}
	return OIDCAnswer{URL: a.redirect + separator + v.Encode()}
}

// sendsIss reports whether the flavour names the issuer in its answers
// (RFC 9207), as Microsoft does not.
func (f Flavour) sendsIss() bool { return f != Microsoft }

// signIn answers a request for the person who was picked.
func (o *OIDC) signIn(a asked, l Login) (OIDCAnswer, error) {
	person, known := o.Person(l.Person)
	if l.Edited != nil {
		standing := person.Standing
		person, known = l.Edited.complete(), true
		if standing != Active {
			person.Standing = standing
		}
	}
	if !known || person.Standing == Deleted {
		return OIDCAnswer{}, fmt.Errorf("practice: nobody here is called %q", l.Person)
	}
	person = o.place(person)
	if a.tenant != "" && a.tenant != tenantCommon && a.tenant != tenantOrganizations && a.tenant != person.Tenant {
		return OIDCAnswer{}, fmt.Errorf("practice: %q is not of the tenant %s, where the application asks", person.Login, a.tenant)
	}
	t, err := o.turn(atAuthorize, l.Misbehave, l.Param)
	if err != nil {
		return OIDCAnswer{}, err
	}
	if err := o.stick(t, l); err != nil {
		return OIDCAnswer{}, err
	}
	t.client, t.person = a.client, person
	g := grant{
		ID: serial(), Client: a.client.ID, Login: person.Login, Edited: l.Edited, Tenant: person.Tenant,
		Redirect: a.redirect, Challenge: a.challenge, Nonce: a.nonce, Scope: a.scope, Offline: o.offline(a, person),
		AuthTime: t.now.Unix(), Misbehave: l.Misbehave, Param: l.Param,
	}
	t.grant = g
	values := url.Values{"state": {a.state}}
	if o.config.Flavour.sendsIss() {
		values.Set("iss", o.Issuer(person.Tenant))
	}
	if person.Standing == Suspended {
		values.Set("error", "access_denied")
		values.Set("error_description", "This account is suspended.")
		return a.answer(values), nil
	}
	// What fits into no token should fail here, before the client has a code.
	if _, err := o.sealer.seal(g); err != nil {
		return OIDCAnswer{}, err
	}
	out := &authorization{turn: t, values: values}
	if t.conduct.authorize != nil {
		t.conduct.authorize(out)
	}
	if out.err != nil {
		return OIDCAnswer{}, out.err
	}
	if !values.Has("error") && !values.Has("code") {
		code := o.issueCode(g)
		values.Set("code", code)
		o.mu.Lock()
		o.lastOf.put(a.client.ID, code)
		o.mu.Unlock()
	}
	return a.answer(values), nil
}

// deny answers a request for a person who does not want to sign in.
func (o *OIDC) deny(a asked) OIDCAnswer {
	values := url.Values{"state": {a.state}, "error": {"access_denied"}, "error_description": {"The person said no."}}
	if o.config.Flavour.sendsIss() {
		values.Set("iss", o.Issuer(""))
	}
	return a.answer(values)
}

// authorization is an answer through the browser, before it is carried.
type authorization struct {
	*turn
	values url.Values
}

// offline reports whether the client gets a refresh token: where it asks for
// one, and from Google only when the person consents, which is the first time
// or when the client asks for consent.
func (o *OIDC) offline(a asked, p Person) bool {
	if o.config.Flavour != Google {
		return hasWord(a.scope, "offline_access")
	}
	key := a.client.ID + "\x00" + p.Login
	o.mu.Lock()
	defer o.mu.Unlock()
	_, before := o.agreed.get(key)
	if !a.accessOffline {
		return false
	}
	o.agreed.put(key, struct{}{})
	return !before || hasWord(a.prompt, "consent")
}

// handleAuthorize takes an authorization request. With a parameter person it
// answers at once: that is the door for tests and for the command line.
func (o *OIDC) handleAuthorize(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.RawQuery
	if r.Method == http.MethodPost { // OpenID Connect Core, section 3.1.2.1
		if err := r.ParseForm(); err != nil {
			return fmt.Errorf("practice: reading the authorization request: %w", err)
		}
		query = r.PostForm.Encode()
	}
	v, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("practice: reading the authorization request: %w", err)
	}
	picked := Login{Person: v.Get("person"), Misbehave: v.Get("misbehave"), Param: v.Get("param")}
	for _, ours := range []string{"person", "misbehave", "param", "format"} {
		v.Del(ours)
	}
	query = v.Encode()
	if done, err := o.browse(w, r); done || err != nil {
		return err
	}
	a, refused, err := o.ask(query, r.PathValue("tenant"))
	if err != nil {
		return err
	}
	if refused != nil {
		return o.send(w, r, a, a.refuse(refused))
	}
	if a.prompt == "none" && picked.Person == "" {
		hinted, known := o.Person(a.hint)
		if !known || hinted.Standing != Active {
			return o.send(w, r, a, a.refuse(&oauthError{code: "login_required", description: "Nobody can be recognised here without being asked."}))
		}
		picked.Person = hinted.Login
	}
	if picked.Person != "" {
		answer, err := o.signIn(a, picked)
		if err != nil {
			return err
		}
		return o.send(w, r, a, answer)
	}
	return o.renderPick(w, r, a)
}

// browse does to a browser what the provider's mood does to everyone, and
// reports whether that was all.
func (o *OIDC) browse(w http.ResponseWriter, r *http.Request) (done bool, err error) {
	t, err := o.turn(atAuthorize, "", "")
	if err != nil || t.conduct.at&atAuthorize == 0 || t.conduct.reply == nil {
		return false, err
	}
	out := &reply{turn: t, status: http.StatusOK}
	t.conduct.reply(out)
	if out.status == http.StatusOK && !out.hangUp {
		return false, out.pause(r.Context())
	}
	return true, out.send(w, r)
}

// handleAnswer takes the page where a person was picked.
func (o *OIDC) handleAnswer(w http.ResponseWriter, r *http.Request) error {
	a, refused, err := o.ask(r.PostForm.Get("request"), r.PostForm.Get("tenant"))
	if err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	if r.PostForm.Has("deny") {
		return o.send(w, r, a, o.deny(a))
	}
	index := r.PostForm.Get("choice")
	edited, err := pickedPerson(r.PostForm)
	if err != nil {
		return err
	}
	edited, err = readClaims(func(field string) string { return r.PostForm.Get(field + "." + index) }, edited)
	if err != nil {
		return err
	}
	if r.PostForm.Get("keep") != "" {
		known, _ := o.Person(edited.Login)
		edited.Standing = known.Standing
		if err := o.SetPerson(edited); err != nil {
			return err
		}
	}
	answer, err := o.signIn(a, Login{
		Person: edited.Login, Edited: &edited, Misbehave: r.PostForm.Get("misbehave"), Param: r.PostForm.Get("param"),
	})
	if err != nil {
		return err
	}
	o.remember(w, edited)
	return o.send(w, r, a, answer)
}

// send carries an answer: to a program as JSON, to a browser as the client wants it.
func (o *OIDC) send(w http.ResponseWriter, r *http.Request, a asked, answer OIDCAnswer) error {
	if wantsJSON(r) {
		return writeJSON(w, answer)
	}
	if answer.Form == nil {
		http.Redirect(w, r, answer.URL, http.StatusSeeOther)
		return nil
	}
	w.Header().Set("Content-Security-Policy", policy(strings.Join(a.targets(), " ")))
	return o.render(w, http.StatusOK, "oidc-post", oidcPostPage{page: o.page("Signing in"), Client: a.client, Answer: answer})
}

// targets are the origins to which a form may lead.
func (a asked) targets() []string {
	target, err := origin(a.redirect)
	if err != nil { // AddClient has looked
		return nil
	}
	return append([]string{target}, a.client.Onward...)
}

// stick makes a misbehaviour that nothing ties to one sign-in the provider's
// mood, for a while.
func (o *OIDC) stick(t *turn, l Login) error {
	if l.Misbehave == "" || t.conduct.at&(atDiscovery|atJWKS) == 0 || t.conduct.name != l.Misbehave {
		return nil
	}
	return o.misbehave(mood{name: l.Misbehave, param: l.Param, until: t.now.Add(moodLasts)})
}

// errSuspended is why a person who could sign in once gets nothing any more.
var errSuspended = errors.New("practice: this person is suspended or deleted")
