package practice

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
)

// Name identifier formats: saml-core, section 8.3.
const (
	formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	formatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

const (
	methodBearer      = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	methodHolderOfKey = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"

	// lifetime is how long an answer is good for: what Okta and Entra give is
	// between five minutes and an hour.
	lifetime = 5 * time.Minute
)

// draft is everything that one answer says, before it becomes XML. A
// misbehaviour changes it. A field that is empty is left out of the XML.
type draft struct {
	sp    SP
	now   time.Time
	param string
	err   error // why a misbehaviour is impossible here

	// The Response.
	responseID, responseVersion, responseIssuer     string
	responseInstant, destination, responseInReplyTo string
	extensions, status                              string // XML
	responseMore                                    []at   // further attributes

	// The Assertion.
	assertionID, version, issuer, instant string
	nameID, nameIDFormat                  string
	nameIDXML                             string // instead of nameID
	confirmations                         []confirmation
	noConditions                          bool
	notBefore, notOnOrAfter               string
	audiences                             [][]string // a restriction each
	moreConditions                        string     // XML
	advice                                string     // XML
	noAuthn                               bool
	authnInstant, sessionIndex            string
	sessionNotOnOrAfter                   string
	attributes                            []attribute
	moreAttributes                        string // XML
	assertionMore                         []at   // further attributes
	noAssertion                           bool

	relayState string
	mailName   string // what the flavour calls the address

	delivery
}

// delivery is how a draft is signed, encrypted, put together and sent. Each
// hook, where set, stands in for what an honest provider does at that point.
type delivery struct {
	signer         signer
	signAssertion  bool
	signResponse   bool
	adjust         func(*signature)                               // the Assertion's signature, before it is made
	adjustResponse func(*signature)                               // the Response's, likewise
	afterSigning   func(signature string) string                  // the Assertion's ds:Signature
	tamper         func(assertion string) string                  // the signed Assertion
	arrange        func(genuine element, signature string) string // all that takes the Assertion's place
	arrangeWhole   func(genuine element, signature string) string // the whole Response
	strangerReads  bool                                           // encrypted for somebody else
	encrypt        *encryption                                    // what the Assertion becomes
	afterEncrypt   func(sealed, plain string) (string, error)     // what takes its place then
	rewrite        func(document string) string                   // the octets before base64
	encode         func(base64 string) string                     // what is posted
	repeat         repetition                                     // what is taken from the last answer
}

// signer says whose key signs.
type signer int

const (
	signerCurrent signer = iota
	signerNext
	signerStranger
)

// repetition says what of the previous answer to a service provider is sent again.
type repetition int

const (
	repeatNothing repetition = iota
	repeatResponse
	repeatAssertionID
)

// confirmation is one saml:SubjectConfirmation.
type confirmation struct {
	method, inReplyTo, recipient, notBefore, notOnOrAfter string
}

// attribute is one saml:Attribute.
type attribute struct {
	name, friendlyName string
	values             []string
}

// stamp writes a time as SAML wants it: UTC with a Z (saml-core, section 1.3.3).
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// newID is an xs:ID of 160 random bits (saml-core, section 1.3.4, asks for 128 at least).
func newID() string {
	b := make([]byte, 20)
	rand.Read(b)
	return "_" + hex.EncodeToString(b)
}

// status writes the content of a samlp:Status. The outer code is "Success",
// "Responder" or the like; the inner one and the message may be empty.
func status(outer, inner, message string) string {
	const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
	nested := ""
	if inner != "" {
		nested = node("samlp:StatusCode", "", at{"Value", prefix + inner})
	}
	out := node("samlp:StatusCode", nested, at{"Value", prefix + outer})
	if message != "" {
		out += node("samlp:StatusMessage", text(message))
	}
	return out
}

// honest is the draft of a true answer.
func (i *IDP) honest(r Request, sp SP, p Person, now time.Time) *draft {
	d := &draft{
		sp: sp, now: now, param: r.Param,
		responseID: newID(), responseVersion: "2.0", responseIssuer: i.EntityID(),
		responseInstant: stamp(now), destination: sp.ACSURL, responseInReplyTo: r.InResponseTo,
		status:      status("Success", "", ""),
		assertionID: newID(), version: "2.0", issuer: i.EntityID(), instant: stamp(now),
		confirmations: []confirmation{{
			method: methodBearer, inReplyTo: r.InResponseTo, recipient: sp.ACSURL, notOnOrAfter: stamp(now.Add(lifetime)),
		}},
		notBefore: stamp(now), notOnOrAfter: stamp(now.Add(lifetime)),
		audiences:    [][]string{{sp.EntityID}},
		authnInstant: stamp(now), sessionIndex: newID(),
		relayState: r.RelayState,
		delivery:   delivery{signAssertion: true},
	}
	d.nameID, d.nameIDFormat = p.Subject, formatPersistent
	if i.config.Flavour == Google {
		d.nameID, d.nameIDFormat = p.Mail, formatEmail
	}
	switch r.NameIDFormat {
	case formatPersistent:
		d.nameID, d.nameIDFormat = p.Subject, formatPersistent
	case formatEmail:
		d.nameID, d.nameIDFormat = p.Mail, formatEmail
	case formatTransient:
		d.nameID, d.nameIDFormat = newID(), formatTransient
	}
	d.attributes = i.config.Flavour.attributes(p)
	d.mailName = d.attributes[0].name
	return d
}

// attributes are the names under which a provider of this flavour sends what
// it knows of a person, the address first.
func (f Flavour) attributes(p Person) []attribute {
	mail, first, last, groups := "mail", "firstName", "lastName", "groups"
	switch f {
	case Google:
		mail = "email"
	case Microsoft:
		const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
		mail, first, last = claims+"emailaddress", claims+"givenname", claims+"surname"
		groups = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
	case Custom, Okta:
	}
	out := []attribute{
		{name: mail, values: []string{p.Mail}},
		{name: first, values: []string{p.FirstName}},
		{name: last, values: []string{p.LastName}},
	}
	if len(p.Groups) > 0 {
		out = append(out, attribute{name: groups, values: p.Groups})
	}
	for _, a := range p.Attributes {
		out = append(out, attribute{name: a.Name, values: a.Values})
	}
	return out
}

// set gives an attribute these values; none removes it.
func (d *draft) set(name string, values ...string) {
	var out []attribute
	for _, a := range d.attributes {
		if a.name != name {
			out = append(out, a)
		}
	}
	if len(values) > 0 {
		out = append([]attribute{{name: name, values: values}}, out...)
	}
	d.attributes = out
}

// mail is the address that the draft states.
func (d *draft) mail() string {
	for _, a := range d.attributes {
		if a.name == d.mailName && len(a.values) > 0 {
			return a.values[0]
		}
	}
	return ""
}

// domain is the part of the address after the @.
func (d *draft) domain() string {
	mail := d.mail()
	return mail[strings.LastIndex(mail, "@")+1:]
}

// confirm changes every confirmation.
func (d *draft) confirm(change func(*confirmation)) {
	for n := range d.confirmations {
		change(&d.confirmations[n])
	}
}

// response is the samlp:Response around what takes the Assertion's place.
func (d *draft) response(inner string) element {
	e := element{
		id: d.responseID,
		open: open("samlp:Response", append([]at{
			{"xmlns:samlp", nsProtocol},
			{"Destination", d.destination},
			{"ID", d.responseID},
			{"InResponseTo", d.responseInReplyTo},
			{"IssueInstant", d.responseInstant},
			{"Version", d.responseVersion},
		}, d.responseMore...)...),
		body:  inner,
		close: "</samlp:Response>",
	}
	if d.responseIssuer != "" {
		e.issuer = node("saml:Issuer", text(d.responseIssuer), at{"xmlns:saml", nsAssertion})
	}
	if d.status != "" {
		e.body = node("samlp:Status", d.status) + e.body
	}
	if d.extensions != "" {
		e.body = node("samlp:Extensions", d.extensions) + e.body
	}
	return e
}

// assertion is the saml:Assertion.
func (d *draft) assertion() element {
	e := element{
		id: d.assertionID,
		open: open("saml:Assertion", append([]at{
			{"xmlns:saml", nsAssertion},
			{"ID", d.assertionID},
			{"IssueInstant", d.instant},
			{"Version", d.version},
		}, d.assertionMore...)...),
		body:  d.subject() + d.conditions(),
		close: "</saml:Assertion>",
	}
	if d.issuer != "" {
		e.issuer = node("saml:Issuer", text(d.issuer))
	}
	if d.advice != "" {
		e.body += node("saml:Advice", d.advice)
	}
	if !d.noAuthn {
		e.body += node("saml:AuthnStatement",
			node("saml:AuthnContext", node("saml:AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified")),
			at{"AuthnInstant", d.authnInstant},
			at{"SessionIndex", d.sessionIndex},
			at{"SessionNotOnOrAfter", d.sessionNotOnOrAfter})
	}
	e.body += d.attributeStatement()
	return e
}

func (d *draft) subject() string {
	out := d.nameIDXML
	if out == "" && d.nameIDFormat != "" {
		out = node("saml:NameID", text(d.nameID), at{"Format", d.nameIDFormat})
	}
	for _, c := range d.confirmations {
		out += node("saml:SubjectConfirmation",
			node("saml:SubjectConfirmationData", "",
				at{"InResponseTo", c.inReplyTo},
				at{"NotBefore", c.notBefore},
				at{"NotOnOrAfter", c.notOnOrAfter},
				at{"Recipient", c.recipient}),
			at{"Method", c.method})
	}
	return node("saml:Subject", out)
}

func (d *draft) conditions() string {
	if d.noConditions {
		return ""
	}
	var out strings.Builder
	for _, audiences := range d.audiences {
		var in string
		for _, a := range audiences {
			in += node("saml:Audience", text(a))
		}
		out.WriteString(node("saml:AudienceRestriction", in))
	}
	return node("saml:Conditions", out.String()+d.moreConditions,
		at{"NotBefore", d.notBefore},
		at{"NotOnOrAfter", d.notOnOrAfter})
}

func (d *draft) attributeStatement() string {
	var out strings.Builder
	for _, a := range d.attributes {
		format := "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
		if strings.Contains(a.name, "://") {
			format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
		}
		var values strings.Builder
		for _, v := range a.values {
			values.WriteString(node("saml:AttributeValue", text(v)))
		}
		out.WriteString(node("saml:Attribute", values.String(),
			at{"FriendlyName", a.friendlyName}, at{"Name", a.name}, at{"NameFormat", format}))
	}
	if out.Len() == 0 && d.moreAttributes == "" {
		return ""
	}
	return node("saml:AttributeStatement", out.String()+d.moreAttributes)
}

// forged is the Assertion that an attacker would like to be read: another
// person at the same service provider, signed by nobody. The parameter of a
// misbehaviour may name the person's address.
func (d *draft) forged() element {
	f := *d
	victim := d.victim()
	f.assertionID = newID()
	f.nameID, f.nameIDXML = victim, ""
	f.advice = ""
	f.set(f.mailName, victim)
	return f.assertion()
}

// victim is whom an attacker wants to be.
func (d *draft) victim() string {
	if d.param != "" {
		return d.param
	}
	if victim := "admin@" + d.domain(); victim != d.mail() {
		return victim
	}
	return "root@" + d.domain()
}
