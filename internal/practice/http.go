package practice

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	// maxForm is the largest form read, in bytes: a request, and a RelayState
	// of whatever length.
	maxForm = 2 << 20

	// personCookie remembers who was picked last, to offer that person first.
	// It admits nobody.
	personCookie = "practice_person"
)

// handler answers a request or says why not.
type handler func(w http.ResponseWriter, r *http.Request) error

// route builds the table of what is served.
func (i *IDP) route() error {
	pages, err := parsePages()
	if err != nil {
		return err
	}
	i.pages, i.mux = pages, http.NewServeMux()
	routes := []struct {
		pattern string
		h       handler
	}{
		{"GET {base}/{$}", i.handlePortal},
		{"GET {base}/metadata", i.handleMetadata},
		{"GET {base}/sso", i.handleSSO},
		{"POST {base}/sso", i.handleSSO},
		{"POST {base}/answer", i.same(i.handleAnswer)},
		{"GET {base}/people", i.handlePeople},
		{"POST {base}/people", i.same(i.handleChangePeople)},
		{"POST {base}/applications", i.same(i.handleAddSP)},
		{"POST {base}/keys", i.same(i.handleKeys)},
		{"GET {base}/misbehaviours", i.handleMisbehaviours},
		{"GET {base}/post.js", i.asset("post.js", "text/javascript; charset=utf-8")},
		{"GET {base}/style.css", i.asset("style.css", "text/css; charset=utf-8")},
	}
	for _, route := range routes {
		i.mux.Handle(strings.Replace(route.pattern, "{base}", i.path, 1), i.handle(route.h))
	}
	if i.path != "" {
		i.mux.Handle("GET "+i.path, http.RedirectHandler(i.path+"/", http.StatusSeeOther))
	}
	return nil
}

// ServeHTTP serves everything below BaseURL.
func (i *IDP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy(""))
	h.Set("Referrer-Policy", "strict-origin") // so that the ACS sees a true Origin
	h.Set("X-Content-Type-Options", "nosniff")
	i.mux.ServeHTTP(w, r)
}

// policy is the Content-Security-Policy of a page whose forms may also go to
// the given origins.
func policy(targets string) string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action " +
		strings.TrimSpace("'self' "+targets)
}

// handle turns a handler's error into an answer. What goes wrong here is what
// the other side did wrong, so it is told.
func (i *IDP) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := h(w, r); err != nil {
			i.problem(w, r, err)
		}
	})
}

func (i *IDP) problem(w http.ResponseWriter, r *http.Request, problem error) {
	status := http.StatusBadRequest
	var tooLarge *http.MaxBytesError
	if errors.As(problem, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	words := strings.TrimPrefix(problem.Error(), "practice: ")
	if wantsJSON(r) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = writeJSON(w, map[string]string{"error": words})
		return
	}
	var unknown *unknownSPError
	page := problemPage{page: i.page("That did not work"), Says: words}
	if errors.As(problem, &unknown) {
		page.Unknown = unknown
	}
	_ = i.render(w, status, "problem", page)
}

// same lets only forms of the provider's own pages through, and programs that
// are no browsers.
func (i *IDP) same(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := i.cross.Check(r); err != nil {
			return fmt.Errorf("practice: this form was sent from another site: %w", err)
		}
		if err := r.ParseForm(); err != nil {
			return fmt.Errorf("practice: reading the form: %w", err)
		}
		return h(w, r)
	}
}

func wantsJSON(r *http.Request) bool {
	return r.URL.Query().Get("format") == "json" || strings.Contains(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return fmt.Errorf("practice: writing JSON: %w", err)
	}
	return nil
}

// asset serves a file that pages need.
func (i *IDP) asset(name, contentType string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		content, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			return fmt.Errorf("practice: reading %s: %w", name, err)
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content)
		return nil
	}
}

func (i *IDP) handleMetadata(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(i.Metadata())
	return nil
}

func (i *IDP) handleMisbehaviours(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, Misbehaviours())
}

// question is what an application asks, or what a person wants to open.
type question struct {
	SP           SP
	InResponseTo string
	RelayState   string
	NameIDFormat string
	ForceAuthn   bool
	passive      bool
	hint         string // whom the application expects
}

// unknownSPError is a request from a service provider that nobody added.
type unknownSPError struct {
	EntityID, ACSURL string

	// Query repeats the request after the service provider was added. Empty:
	// it came by POST and has to be started again.
	Query string
}

func (e *unknownSPError) Error() string {
	return fmt.Sprintf("practice: the application %q is not known here yet", e.EntityID)
}

// handleSSO takes a question in either binding, or a person's wish to open an
// application (parameter sp). With a parameter person it answers at once:
// that is the door for tests and for the command line.
func (i *IDP) handleSSO(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("practice: reading the form: %w", err)
	}
	q, err := i.question(r)
	if err != nil {
		return err
	}
	if person := r.Form.Get("person"); person != "" {
		return i.answer(w, r, Request{
			SP: q.SP.EntityID, Person: person, InResponseTo: q.InResponseTo, RelayState: q.RelayState,
			NameIDFormat: q.NameIDFormat, Misbehave: r.Form.Get("misbehave"), Param: r.Form.Get("param"),
		})
	}
	if q.passive {
		refused, err := i.refuse(Request{SP: q.SP.EntityID, InResponseTo: q.InResponseTo, RelayState: q.RelayState},
			status("Responder", "NoPassive", "Nobody can be recognised here without being asked."))
		if err != nil {
			return err
		}
		return i.send(w, r, q.SP, refused)
	}
	return i.renderPick(w, r, q)
}

// question reads what is asked and by whom.
func (i *IDP) question(r *http.Request) (question, error) {
	packed := r.Form.Get("SAMLRequest")
	if packed == "" {
		sp, ok := i.SP(r.Form.Get("sp"))
		if !ok {
			return question{}, errors.New("practice: there is neither a SAMLRequest nor an application that is known here (sp)")
		}
		return question{SP: sp, RelayState: r.Form.Get("RelayState"), hint: r.Form.Get("login_hint")}, nil
	}
	parse := ParsePOST
	if r.Method == http.MethodGet {
		parse = ParseRedirect
	}
	asked, err := parse(packed)
	if err != nil {
		return question{}, err
	}
	sp, err := i.admit(r, asked)
	if err != nil {
		return question{}, err
	}
	if asked.Destination != "" && asked.Destination != i.SSOURL() {
		return question{}, fmt.Errorf("practice: the request was meant for %q; this is %q", asked.Destination, i.SSOURL())
	}
	signed := asked.Signed
	if r.Method == http.MethodGet {
		if signed, err = verifyRedirect(r, sp); err != nil {
			return question{}, err
		}
	}
	if i.config.WantSignedRequests && !signed {
		return question{}, errors.New("practice: the request is not signed, and this provider's metadata says that it must be")
	}
	hint := asked.Subject
	if h := r.Form.Get("login_hint"); h != "" {
		hint = h
	}
	return question{
		SP: sp, InResponseTo: asked.ID, RelayState: r.Form.Get("RelayState"), NameIDFormat: asked.NameIDFormat,
		ForceAuthn: asked.ForceAuthn, passive: asked.IsPassive, hint: hint,
	}, nil
}

// admit finds the service provider that asks.
func (i *IDP) admit(r *http.Request, asked AuthnRequest) (SP, error) {
	if sp, known := i.SP(asked.Issuer); known {
		return i.destination(sp.EntityID, asked.ACSURL)
	}
	if i.config.AnySP && asked.ACSURL != "" {
		sp := SP{EntityID: asked.Issuer, ACSURL: asked.ACSURL}
		return sp, i.AddSP(sp)
	}
	unknown := &unknownSPError{EntityID: asked.Issuer, ACSURL: asked.ACSURL}
	if r.Method == http.MethodGet {
		unknown.Query = r.URL.RawQuery
	}
	return SP{}, unknown
}

// handleAnswer takes the page where a person was picked.
func (i *IDP) handleAnswer(w http.ResponseWriter, r *http.Request) error {
	edited, err := pickedPerson(r.PostForm)
	if err != nil {
		return err
	}
	if r.PostForm.Get("keep") != "" {
		if err := i.SetPerson(edited); err != nil {
			return err
		}
	}
	cookie := &http.Cookie{
		Name: personCookie, Value: url.QueryEscape(edited.Login), Path: i.path + "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(i.config.BaseURL, "https:"),
	}
	http.SetCookie(w, cookie)
	return i.answer(w, r, Request{
		SP: r.PostForm.Get("sp"), Person: edited.Login, Edited: &edited,
		InResponseTo: r.PostForm.Get("in_response_to"), RelayState: r.PostForm.Get("RelayState"),
		NameIDFormat: r.PostForm.Get("name_id_format"),
		Misbehave:    r.PostForm.Get("misbehave"), Param: r.PostForm.Get("param"),
	})
}

// answer makes an answer and sends the browser on with it.
func (i *IDP) answer(w http.ResponseWriter, r *http.Request, request Request) error {
	response, err := i.Respond(request)
	if err != nil {
		return err
	}
	sp, _ := i.SP(request.SP)
	return i.send(w, r, sp, response)
}

// send gives a program the answer as JSON and a browser a form with it.
func (i *IDP) send(w http.ResponseWriter, r *http.Request, sp SP, response Response) error {
	if wantsJSON(r) {
		return writeJSON(w, response)
	}
	target, err := origin(response.ACSURL)
	if err != nil {
		return fmt.Errorf("practice: ACS URL: %w", err)
	}
	w.Header().Set("Content-Security-Policy", policy(strings.Join(append([]string{target}, sp.Onward...), " ")))
	return i.render(w, http.StatusOK, "post", postPage{page: i.page("Signing in"), SP: sp, Response: response})
}
