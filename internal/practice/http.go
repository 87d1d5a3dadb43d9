package practice

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// personCookie remembers who was picked last, to offer that person first.
// It admits nobody.
const personCookie = "practice_person"

// routes is the table of what is served.
func (i *IDP) routes() []route {
	return []route{
		{"GET {base}/{$}", i.handlePortal},
		{"GET {base}/metadata", i.handleMetadata},
		{"GET {base}/sso", i.handleSSO},
		{"POST {base}/sso", i.handleSSO},
		{"POST {base}/answer", i.same(i.handleAnswer)},
		{"GET {base}/people", i.handlePeople},
		{"POST {base}/people", i.same(i.handleChangePeople)},
		{"POST {base}/applications", i.same(i.handleAddSP)},
		{"POST {base}/keys", i.handleKeys(&i.keyring)},
		{"GET {base}/misbehaviours", i.handleMisbehaviours},
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
	i.remember(w, edited)
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
