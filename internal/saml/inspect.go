package saml

import (
	"crypto/x509"
	"time"
)

// Inspection is what a response says, with nothing of it verified: for explaining
// why it was refused, and never for deciding anything.
type Inspection struct {
	InResponseTo string
	IssueInstant time.Time // of the assertion, else of the response; zero: none that can be read
	NotBefore    time.Time // of the conditions
	NameID       string
	NameIDFormat string
	Certificates []*x509.Certificate // that its signatures name, at most four
	Attributes   []Attribute
	Encrypted    bool // the assertion is: what is in it is not seen
}

// maxNamed is how many certificates of a message are looked at. Ours.
const maxNamed = 4

// Inspect reads a response as far as it can be read. What cannot stays zero.
func Inspect(raw []byte) Inspection {
	var i Inspection
	root, err := parseXML(raw, responseLimits())
	if err != nil {
		return i
	}
	i.InResponseTo, _ = root.attr("InResponseTo")
	i.inspect(root)
	i.Encrypted = root.child(nsAssertion, "EncryptedAssertion") != nil
	assertion := root.child(nsAssertion, "Assertion")
	if assertion == nil {
		return i
	}
	i.inspect(assertion)
	if c := assertion.child(nsAssertion, "Conditions"); c != nil {
		i.NotBefore, _, _ = optionalInstant(c, "NotBefore")
	}
	if s := assertion.child(nsAssertion, "Subject"); s != nil {
		if n := s.child(nsAssertion, "NameID"); n != nil {
			i.NameID = n.text()
			i.NameIDFormat, _ = n.attr("Format")
		}
	}
	i.Attributes = new(judge).attributes(assertion)
	return i
}

// inspect reads what response and assertion have both.
func (i *Inspection) inspect(e *element) {
	if t, present, err := optionalInstant(e, "IssueInstant"); present && err == nil {
		i.IssueInstant = t
	}
	signed := e.child(nsDSig, "Signature")
	if signed == nil {
		return
	}
	s, err := readSignature(signed)
	if err != nil {
		return
	}
	for _, der := range s.claimedCertificates() {
		if c, err := x509.ParseCertificate(der); err == nil && len(i.Certificates) < maxNamed {
			i.Certificates = append(i.Certificates, c)
		}
	}
}
