package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// Bindings of saml-bindings that Usher speaks.
const (
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// requestIDBytes is the chance in the ID of a request: 160 bits, more than the
// 128 that saml-core, section 1.3.4 asks for (threat T-SAML-34).
const requestIDBytes = 20

// AuthnRequest asks an identity provider to sign somebody in
// (saml-core, section 3.4.1).
type AuthnRequest struct {
	ID           string    // from NewRequestID; the response answers to it
	IssueInstant time.Time // when it was made
	Destination  string    // SSO URL of the identity provider
	ACSURL       string    // where the response is to be posted
	Issuer       string    // our entity ID
	NameIDFormat string    // empty: the provider chooses
	LoginHint    string    // address to prefill at the provider; empty: none
	ForceAuthn   bool      // ask for the credentials again, whatever session there is
}

// PostForm is what a page posts to a provider to send a request by HTTP-POST
// (saml-bindings, section 3.5). The page must escape the values.
type PostForm struct {
	Action      string // the URL to post to
	SAMLRequest string // base64
	RelayState  string // empty: leave the field out
}

// NewRequestID returns a fresh unguessable ID. It starts with an underscore since
// an xs:ID can't start with a digit.
func NewRequestID() string {
	var b [requestIDBytes]byte
	rand.Read(b[:])
	return "_" + hex.EncodeToString(b[:])
}

// RedirectURL returns the URL that sends the request by HTTP-Redirect. With a key
// the query is signed (saml-bindings, section 3.4.4.1).
//
// The login hint travels as a parameter of its own: Entra ID refuses requests
// with a Subject element, and the other large providers read the parameter.
func (r AuthnRequest) RedirectURL(relayState string, key *rsa.PrivateKey) (string, error) {
	if err := r.check(relayState); err != nil {
		return "", err
	}
	message, err := deflate(r.xml(""))
	if err != nil {
		return "", err
	}
	query, err := signedQuery(paramRequest, message, relayState, key)
	if err != nil {
		return "", err
	}
	return appendQuery(r.hintedDestination(), query), nil
}

// PostForm returns the form that sends the request by HTTP-POST. With a key the
// request carries an enveloped signature, and the certificate beside it if there
// is one.
func (r AuthnRequest) PostForm(relayState string, key *rsa.PrivateKey, cert *x509.Certificate) (PostForm, error) {
	if err := r.check(relayState); err != nil {
		return PostForm{}, err
	}
	message := r.xml("")
	if key != nil {
		// The request without its signature is what the enveloped-signature
		// transform leaves, and it is in canonical form already.
		signature, err := signEnveloped(message, r.ID, key, cert)
		if err != nil {
			return PostForm{}, err
		}
		message = r.xml(signature)
	}
	return PostForm{
		Action:      r.hintedDestination(),
		SAMLRequest: base64.StdEncoding.EncodeToString([]byte(message)),
		RelayState:  relayState,
	}, nil
}

func (r AuthnRequest) check(relayState string) error {
	switch {
	case r.ID == "" || r.Issuer == "" || r.ACSURL == "" || r.IssueInstant.IsZero():
		return errors.New("saml: the request lacks its ID, issuer, ACS URL or time")
	case len(relayState) > maxRelayState:
		return errors.New("saml: RelayState is longer than 80 bytes")
	}
	_, err := parseBrowserURL(r.Destination)
	return err
}

func (r AuthnRequest) hintedDestination() string {
	if r.LoginHint == "" {
		return r.Destination
	}
	return appendQuery(r.Destination, "login_hint="+escapeQuery(r.LoginHint))
}

// xml writes the request; signature goes where the schema wants it, after Issuer.
func (r AuthnRequest) xml(signature string) string {
	var b strings.Builder
	b.WriteString("<samlp:AuthnRequest" + declSAMLP)
	b.WriteString(writeAttr("AssertionConsumerServiceURL", r.ACSURL))
	b.WriteString(writeAttr("Destination", r.Destination))
	if r.ForceAuthn {
		b.WriteString(writeBool("ForceAuthn", true))
	}
	b.WriteString(writeAttr("ID", r.ID))
	b.WriteString(writeAttr("IssueInstant", instant(r.IssueInstant)))
	b.WriteString(writeAttr("ProtocolBinding", BindingPOST))
	b.WriteString(` Version="2.0">`)
	b.WriteString("<saml:Issuer" + declSAML + ">" + writeText(r.Issuer) + "</saml:Issuer>")
	b.WriteString(signature)
	if r.NameIDFormat != "" {
		b.WriteString(`<samlp:NameIDPolicy AllowCreate="true"` + writeAttr("Format", r.NameIDFormat) + "></samlp:NameIDPolicy>")
	}
	b.WriteString("</samlp:AuthnRequest>")
	return b.String()
}
