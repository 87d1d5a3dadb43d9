package practice

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Request says what answer to make.
type Request struct {
	SP           string  // entity ID of a known service provider
	Person       string  // login or address of a known person
	Edited       *Person // instead of what is known of Person, for this answer only
	InResponseTo string  // ID of the AuthnRequest; empty: IdP-initiated
	RelayState   string
	ACSURL       string // empty: the known one; any other than that is refused
	NameIDFormat string // what the AuthnRequest asks for; empty: the flavour's
	Misbehave    string // a name of Misbehaviours; empty: honest
	Param        string // of the misbehaviour; empty: its default

	// Now is the time of the answer. Zero: the provider's clock.
	Now time.Time
}

// Response is what the browser carries to the service provider.
type Response struct {
	SAMLResponse string `json:"saml_response"` // base64
	RelayState   string `json:"relay_state"`
	ACSURL       string `json:"acs_url"`
}

// XML is the response decoded.
func (r Response) XML() ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.SAMLResponse), ""))
}

// Respond makes an answer, honest or not.
func (i *IDP) Respond(r Request) (Response, error) {
	sp, err := i.destination(r.SP, r.ACSURL)
	if err != nil {
		return Response{}, err
	}
	person, known := i.Person(r.Person)
	if r.Edited != nil {
		person, known = r.Edited.complete(), true
	}
	if !known {
		return Response{}, fmt.Errorf("practice: nobody here is called %q", r.Person)
	}
	now := r.Now
	if now.IsZero() {
		now = i.config.Now()
	}
	d := i.honest(r, sp, person, now)
	if err := d.misbehave(r.Misbehave); err != nil {
		return Response{}, err
	}
	return i.deliver(d)
}

// refuse answers a request with a failure status and no Assertion.
func (i *IDP) refuse(r Request, status string) (Response, error) {
	sp, err := i.destination(r.SP, r.ACSURL)
	if err != nil {
		return Response{}, err
	}
	d := i.honest(r, sp, Person{}, i.config.Now())
	d.status, d.noAssertion = status, true
	return i.deliver(d)
}

// destination finds the service provider and holds it to the address known of it.
func (i *IDP) destination(entityID, acs string) (SP, error) {
	sp, known := i.SP(entityID)
	switch {
	case !known:
		return SP{}, fmt.Errorf("practice: the service provider %q is not known here", entityID)
	case acs != "" && acs != sp.ACSURL:
		return SP{}, fmt.Errorf("practice: %q asks for answers at %q, but is known to receive them at %q", entityID, acs, sp.ACSURL)
	}
	return sp, nil
}

// misbehave changes the draft as the misbehaviour of that name says.
func (d *draft) misbehave(name string) error {
	if name == "" {
		return nil
	}
	if seconds, ok := strings.CutPrefix(name, "skewed-by-"); ok && seconds != "N" {
		if _, err := strconv.Atoi(seconds); err != nil {
			return fmt.Errorf("practice: %q: not a number of seconds", name)
		}
		name, d.param = "skewed-by-N", seconds
	}
	for _, g := range catalogue() {
		for _, r := range g.rows {
			if r.name == name {
				r.change(d)
				return d.err
			}
		}
	}
	return fmt.Errorf("practice: there is no misbehaviour %q", name)
}

// deliver turns the draft into what is posted and remembers it.
func (i *IDP) deliver(d *draft) (Response, error) {
	out := Response{RelayState: d.relayState, ACSURL: d.sp.ACSURL}
	if d.repeat != repeatNothing {
		i.mu.Lock()
		last, ok := i.last[d.sp.EntityID]
		i.mu.Unlock()
		if !ok {
			return Response{}, errors.New("practice: there is no earlier answer to repeat; sign in once before")
		}
		if d.repeat == repeatResponse {
			out.SAMLResponse = last.response
			return out, nil
		}
		d.assertionID = last.assertionID
	}
	pair, err := i.pair(d.signer)
	if err != nil {
		return Response{}, err
	}
	document, err := i.write(d, pair)
	if err != nil {
		return Response{}, err
	}
	out.SAMLResponse = base64.StdEncoding.EncodeToString([]byte(document))
	if d.encode != nil {
		out.SAMLResponse = d.encode(out.SAMLResponse)
	}
	i.mu.Lock()
	i.last[d.sp.EntityID] = sent{response: out.SAMLResponse, assertionID: d.assertionID}
	i.mu.Unlock()
	return out, nil
}

// write turns the draft into the octets of a document.
func (i *IDP) write(d *draft, pair *keyPair) (string, error) {
	inner, err := i.writeAssertion(d, pair)
	if err != nil {
		return "", err
	}
	response := d.response(inner)
	signed := ""
	if d.signResponse {
		s := usual(pair, response.id)
		if d.adjustResponse != nil {
			d.adjustResponse(&s)
		}
		if signed, err = s.over(response.with("")); err != nil {
			return "", err
		}
	}
	document := response.with(signed)
	if d.arrangeWhole != nil {
		document = d.arrangeWhole(response, signed)
	}
	if d.rewrite != nil {
		document = d.rewrite(document)
	}
	return document, nil
}

// writeAssertion writes all that takes the Assertion's place in the Response.
func (i *IDP) writeAssertion(d *draft, pair *keyPair) (string, error) {
	if d.noAssertion {
		return "", nil
	}
	assertion := d.assertion()
	signed := ""
	if d.signAssertion {
		s := usual(pair, assertion.id)
		if d.adjust != nil {
			d.adjust(&s)
		}
		var err error
		if signed, err = s.over(assertion.with("")); err != nil {
			return "", err
		}
	}
	if d.afterSigning != nil {
		signed = d.afterSigning(signed)
	}
	inner := assertion.with(signed)
	if d.arrange != nil {
		inner = d.arrange(assertion, signed)
	}
	if d.tamper != nil {
		inner = d.tamper(inner)
	}
	if d.encrypt == nil {
		return inner, nil
	}
	e := *d.encrypt
	if d.strangerReads {
		stranger, err := i.pair(signerStranger)
		if err != nil {
			return "", err
		}
		e.to = stranger
	}
	sealed, err := e.seal(inner, d.sp)
	if err != nil || d.afterEncrypt == nil {
		return sealed, err
	}
	return d.afterEncrypt(sealed, inner)
}
