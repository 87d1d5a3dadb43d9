package saml

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// DefaultSkew is how far the two clocks may be apart (threat T-SAML-14); ours.
const DefaultSkew = 2 * time.Minute

// statusSuccess is the only status that signs anybody in.
const statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"

// Expect is what a response must fit: the connection, the pending request and
// the time. All of it comes from the connection that the URL names, nothing
// from the message.
type Expect struct {
	Now         time.Time
	IDPEntityID string
	SPEntityID  string
	ACSURL      string

	// InResponseTo is the ID of the pending request. Where it is empty only a
	// response that answers no request is accepted.
	InResponseTo string
	RequestedAt  time.Time // of the pending request; zero: not known
	ForceAuthn   bool      // the request asked for a fresh authentication

	Certificates   []*x509.Certificate // of the identity provider; ten are tried
	DecryptionKeys []*rsa.PrivateKey   // of the service provider

	// Skew is how far the clocks may be apart. 0 means two minutes, less than 0
	// means none.
	Skew   time.Duration
	Legacy Legacy

	// AllowTransient accepts a transient NameID, for a connection that takes
	// the person's stable key from an attribute.
	AllowTransient bool

	// Skip leaves checks out, for looking at a response offline. A sign-in must
	// leave it at its zero value.
	Skip Skip
}

// Skip names checks that are left out because what they compare with is not
// known. Nothing that is skipped appears in Result.Checks.
type Skip struct {
	Issuer, Audience, Destination, Recipient, InResponseTo bool
}

// Result is the judgement on one response.
type Result struct {
	// Checks are those that were made, in order. The last one failed if the
	// response was refused, and those after it were not reached.
	Checks    []Check    `json:"checks"`
	Assertion *Assertion `json:"assertion"` // nil when refused
	Warnings  []string   `json:"warnings"`  // for administrators

	// IssueInstant is of an assertion whose signature verified, refused or not; zero
	// where it did not come so far.
	IssueInstant time.Time `json:"-"`
}

// Assertion is what the identity provider vouches for, taken from octets that
// its signature covers and from nothing else.
type Assertion struct {
	ID           string `json:"id"`
	ResponseID   string `json:"response_id"` // "" where the response itself is not signed
	Issuer       string `json:"issuer"`
	NameID       string `json:"name_id"`
	NameIDFormat string `json:"name_id_format"`
	SessionIndex string `json:"session_index"`
	// NotOnOrAfter is the last instant at which the assertion could be accepted,
	// skew not counted: a mark against replay is kept at least until then and
	// the skew.
	NotOnOrAfter        time.Time   `json:"not_on_or_after"`
	AuthnInstant        time.Time   `json:"authn_instant"`
	SessionNotOnOrAfter time.Time   `json:"session_not_on_or_after"` // zero: no limit
	Attributes          []Attribute `json:"attributes"`
	Encrypted           bool        `json:"encrypted"` // it came encrypted
	SignedBy            string      `json:"signed_by"` // SHA-256 of the certificate, hexadecimal
}

// Attribute is one attribute as sent. A value that holds elements instead of
// text is left out of Values.
type Attribute struct {
	Name         string   `json:"name"`
	NameFormat   string   `json:"name_format"`
	FriendlyName string   `json:"friendly_name"`
	Values       []string `json:"values"`
}

// ParseResponse judges a response. Nobody is signed in unless it returns no
// error; Result.Checks says what was checked either way. An error is a fault of
// the code SAMLResponseInvalid whose details are reason, expected and received.
func ParseResponse(raw []byte, e Expect) (Result, error) {
	j := &judge{expect: e, skew: e.Skew}
	if j.skew == 0 {
		j.skew = DefaultSkew
	}
	j.skew = max(j.skew, 0)
	j.result.Checks = make([]Check, 0, 32) // as many as a good response has
	a, err := j.response(raw)
	if err != nil {
		return j.result, refused(err)
	}
	j.result.Assertion = a
	return j.result, nil
}

// judge makes the checks of one response.
type judge struct {
	expect Expect
	skew   time.Duration
	result Result

	responseSigned bool              // and the signature verified
	signedBy       *x509.Certificate // of the innermost signature verified so far
}

// response follows a response from its bytes to its assertion. What is cheap
// and what depends on the document's shape comes before any cryptography
// (threat T-DOS-05).
func (j *judge) response(raw []byte) (*Assertion, error) {
	root, err := parseXML(raw, responseLimits())
	if err := j.note("xml", err); err != nil {
		return nil, err
	}
	if err := j.checkShape(root); err != nil {
		return nil, err
	}
	wrapped, err := j.locateAssertion(root)
	if err != nil {
		return nil, err
	}
	encrypted := isEncrypted(wrapped)
	if err := j.checkSignaturePlaces(root, wrapped); err != nil {
		return nil, err
	}

	response := root
	if isSigned(root) {
		if response, err = j.verified("response_signature", root); err != nil {
			return nil, err
		}
		j.responseSigned = true
	}
	if err := j.checkResponse(response); err != nil {
		return nil, err
	}
	// Where the response is signed its octets hold the assertion. If that is
	// signed itself, its own octets are read; they are verified where it stood,
	// or where it was decrypted, since prefixes may be declared around it.
	assertion := response.child(nsAssertion, wrapped.Local)
	if encrypted {
		if assertion, err = j.decrypted(root, assertion); err != nil {
			return nil, err
		}
		wrapped = assertion
	}
	if isSigned(wrapped) {
		if assertion, err = j.verified("assertion_signature", wrapped); err != nil {
			return nil, err
		}
	}
	a, err := j.claims(assertion)
	if err != nil {
		return nil, err
	}
	a.Encrypted, a.SignedBy = encrypted, fingerprint(j.signedBy.Raw)
	if j.responseSigned {
		a.ResponseID, _ = response.attr("ID")
	}
	return a, nil
}

func isEncrypted(e *element) bool { return e.is(nsAssertion, "EncryptedAssertion") }

// isSigned reports whether e has a signature of its own, good or bad.
func isSigned(e *element) bool { return e.child(nsDSig, "Signature") != nil }

// checkShape looks at what can be told without keys.
func (j *judge) checkShape(root *element) error {
	reason := "namespace"
	if isSigned(root) { // a signature for something else (threat T-XML-09)
		reason = "reference_not_consumed"
	}
	if err := j.check("document", root.is(nsProtocol, "Response"), refusal{reason, "{" + nsProtocol + "}Response", root.name()}); err != nil {
		return err
	}
	twice := duplicateID(root)
	if err := j.check("unique_ids", twice == "", refusal{"duplicate_id", "every ID once", twice}); err != nil {
		return err
	}
	if err := j.checkVersion("version", root); err != nil {
		return err
	}
	return j.checkStatus(root)
}

func (j *judge) checkVersion(name string, e *element) error {
	v, _ := e.attr("Version")
	return j.check(name, v == "2.0", refusal{"version", "2.0", v})
}

// checkStatus wants success; anything else is the identity provider's own
// refusal, in its words.
func (j *judge) checkStatus(root *element) error {
	list := root.children(nsProtocol, "Status")
	if len(list) != 1 {
		return j.note("status", &refusal{"status", "one Status", fmt.Sprint(len(list))})
	}
	var received string
	ok := false
	if code := list[0].child(nsProtocol, "StatusCode"); code != nil {
		received, _ = code.attr("Value")
		ok = received == statusSuccess
		if inner := code.child(nsProtocol, "StatusCode"); inner != nil {
			sub, _ := inner.attr("Value")
			received += ", " + sub
		}
	}
	if message := list[0].child(nsProtocol, "StatusMessage"); message != nil {
		received += ": " + message.text()
	}
	return j.check("status", ok, refusal{"status", statusSuccess, received})
}

// locateAssertion returns the one assertion of the document, plain or
// encrypted, as a child of the response. A second one anywhere, or one anywhere
// else, is how signatures are wrapped (threat T-XML-07).
func (j *judge) locateAssertion(root *element) (*element, error) {
	found, count := countAssertions(root)
	if err := j.check("assertion_count", count == 1, refusal{"assertion_count", "one assertion", fmt.Sprint(count)}); err != nil {
		return nil, err
	}
	return found, j.check("assertion_place", found.Parent == root,
		refusal{"reference_not_consumed", "the assertion directly in the response", "the assertion in " + found.Parent.name()})
}

func countAssertions(root *element) (last *element, count int) {
	root.walk(func(e *element) bool {
		if e.is(nsAssertion, "Assertion") || e.is(nsAssertion, "EncryptedAssertion") {
			last = e
			count++
		}
		return true
	})
	return last, count
}

// checkSignaturePlaces wants every signature to sign the response or its
// assertion, and at least one where it can be told yet.
func (j *judge) checkSignaturePlaces(root, assertion *element) error {
	places := []*element{root, assertion}
	if isEncrypted(assertion) {
		places = places[:1]
	}
	stray := straySignature(root, places...)
	if err := j.check("signature_place", stray == "",
		refusal{"reference_not_consumed", "signatures of the response or of its assertion only", stray}); err != nil {
		return err
	}
	if isEncrypted(assertion) {
		return nil
	}
	return j.checkSigned(root, assertion)
}

// checkSigned wants a signature of the response or of the plain assertion; that
// it is good is checked elsewhere, and always.
func (j *judge) checkSigned(root, assertion *element) error {
	const want = "a signature of the response or of the assertion"
	if !isSigned(root) && !isSigned(assertion) {
		return j.note("signature_present", &refusal{"signature_missing", want, "none"})
	}
	j.pass("signature_present", want, "a signature")
	return nil
}

// straySignature describes a Signature that is not a child of one of the
// parents; "" if there is none.
func straySignature(root *element, parents ...*element) string {
	var stray string
	root.walk(func(e *element) bool {
		if !e.is(nsDSig, "Signature") {
			return true
		}
		if slices.Contains(parents, e.Parent) {
			return true
		}
		stray = "a signature in " + e.Parent.name()
		return false
	})
	return stray
}

// verified verifies the signature of e and returns e as its signed octets say
// it is.
func (j *judge) verified(name string, e *element) (*element, error) {
	octets, cert, err := verifyEnveloped(e, j.expect.Certificates, j.expect.Legacy)
	if err != nil {
		return nil, j.note(name, err)
	}
	signed, err := parseXML(octets, responseLimits())
	if err != nil {
		return nil, j.note(name, err)
	}
	j.signedBy = cert
	j.pass(name, "a signature by a certificate of the connection", fingerprint(cert.Raw))
	j.warnCertificate(e, cert)
	return signed, nil
}

// warnCertificate notes what an administrator should know about a certificate
// that did verify. The pin is the trust: its dates don't refuse (threat
// T-SAML-40).
func (j *judge) warnCertificate(e *element, cert *x509.Certificate) {
	if j.expect.Now.After(cert.NotAfter) || j.expect.Now.Before(cert.NotBefore) {
		j.warn("The certificate %s of the identity provider is valid from %s to %s only.",
			fingerprint(cert.Raw), instant(cert.NotBefore), instant(cert.NotAfter))
	}
	s := signature{keyInfo: e.child(nsDSig, "Signature").child(nsDSig, "KeyInfo")}
	claimed := s.claimedCertificates()
	if len(claimed) > 0 && !slices.ContainsFunc(claimed, func(der []byte) bool { return bytes.Equal(der, cert.Raw) }) {
		j.warn("The message names another certificate for the same key: %s. Import the metadata again.", fingerprint(claimed[0]))
	}
}

// warn notes a warning, once.
func (j *judge) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if !slices.Contains(j.result.Warnings, w) {
		j.result.Warnings = append(j.result.Warnings, w)
	}
}

// decrypted opens the EncryptedAssertion and applies to what is inside the
// rules of a document's shape once more.
func (j *judge) decrypted(root, wrapped *element) (*element, error) {
	inner, err := decryptAssertion(wrapped, j.expect.DecryptionKeys, j.expect.Legacy)
	if err := j.note("decryption", err); err != nil {
		return nil, err
	}
	_, count := countAssertions(inner)
	if err := j.check("encrypted_assertion_count", count == 1 && inner.is(nsAssertion, "Assertion"),
		refusal{"assertion_count", "one assertion", fmt.Sprintf("%d in %s", count, inner.name())}); err != nil {
		return nil, err
	}
	twice := duplicateID(root, inner)
	if err := j.check("encrypted_unique_ids", twice == "", refusal{"duplicate_id", "every ID once", twice}); err != nil {
		return nil, err
	}
	stray := straySignature(inner, inner)
	if err := j.check("encrypted_signature_place", stray == "", refusal{"reference_not_consumed", "a signature of the assertion only", stray}); err != nil {
		return nil, err
	}
	return inner, j.checkSigned(root, inner)
}

// checkResponse compares the envelope with the connection and the pending
// request.
func (j *judge) checkResponse(r *element) error {
	if r.child(nsAssertion, "Issuer") != nil { // it may be missing here
		if err := j.checkIssuer("response_issuer", r); err != nil {
			return err
		}
	}
	if !j.expect.Skip.Destination {
		destination, present := r.attr("Destination")
		if present || j.responseSigned {
			if err := j.check("destination", same(destination, j.expect.ACSURL), refusal{"destination", j.expect.ACSURL, destination}); err != nil {
				return err
			}
		}
	}
	if _, err := j.instant("response_issue_instant", r, "IssueInstant"); err != nil {
		return err
	}
	if j.expect.Skip.InResponseTo {
		return nil
	}
	id, present := r.attr("InResponseTo")
	return j.note("response_in_response_to", j.answers(id, present))
}

// checkIssuer wants one Issuer that is the connection's identity provider.
func (j *judge) checkIssuer(name string, e *element) error {
	if j.expect.Skip.Issuer {
		return nil
	}
	list := e.children(nsAssertion, "Issuer")
	if len(list) != 1 {
		return j.note(name, &refusal{"issuer", "one Issuer", fmt.Sprint(len(list))})
	}
	issuer := list[0].text()
	return j.check(name, same(issuer, j.expect.IDPEntityID), refusal{"issuer", j.expect.IDPEntityID, issuer})
}

// same reports whether got is what is expected. Where nothing is expected, no
// value is, not even an empty one: a setting that is missing opens no door.
func same(got, want string) bool {
	return want != "" && got == want
}

// answers judges an InResponseTo.
func (j *judge) answers(id string, present bool) error {
	want := j.expect.InResponseTo
	switch {
	case want == "" && present:
		return &refusal{"unsolicited", "no InResponseTo: no request is pending", id}
	case want != id:
		return &refusal{"in_response_to", want, cmp.Or(id, "none")}
	}
	return nil
}
