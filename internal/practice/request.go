package practice

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	// maxPackedRequest and maxRequestXML bound a request before and after it
	// is inflated, in bytes. Ours: real requests have one or two kilobytes.
	maxPackedRequest = 16 << 10
	maxRequestXML    = 384 << 10

	// maxDepth and maxElements bound the shape of XML from outside. Ours.
	maxDepth    = 32
	maxElements = 10_000

	// maxID is the longest request ID that is repeated in an answer. Ours.
	maxID = 1024
)

// AuthnRequest is what a service provider asks.
type AuthnRequest struct {
	ID           string
	Issuer       string
	ACSURL       string // empty: the one that is known
	Destination  string
	NameIDFormat string
	Subject      string // whom the service provider expects, if it says
	ForceAuthn   bool
	IsPassive    bool
	Signed       bool // carries a signature; verified only where SP.SigningCerts allow
}

// ParseRedirect reads the value of the query parameter SAMLRequest of the
// HTTP-Redirect binding (saml-bindings, section 3.4.4.1).
func ParseRedirect(value string) (AuthnRequest, error) {
	if len(value) > base64.StdEncoding.EncodedLen(maxPackedRequest) {
		return AuthnRequest{}, fmt.Errorf("practice: the request has more than %d bytes", maxPackedRequest)
	}
	packed, err := decodeBase64(value)
	if err != nil {
		return AuthnRequest{}, err
	}
	document, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxRequestXML+1))
	if err != nil {
		return AuthnRequest{}, fmt.Errorf("practice: the request cannot be inflated: %w", err)
	}
	return parseAuthnRequest(document)
}

// ParsePOST reads the value of the form field SAMLRequest of the HTTP-POST
// binding (saml-bindings, section 3.5.4).
func ParsePOST(value string) (AuthnRequest, error) {
	if len(value) > base64.StdEncoding.EncodedLen(maxRequestXML)*2 { // line breaks
		return AuthnRequest{}, fmt.Errorf("practice: the request has more than %d bytes", maxRequestXML)
	}
	document, err := decodeBase64(value)
	if err != nil {
		return AuthnRequest{}, err
	}
	return parseAuthnRequest(document)
}

func decodeBase64(value string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
	if err != nil {
		return nil, fmt.Errorf("practice: the request is not base64: %w", err)
	}
	return raw, nil
}

// authnRequest is the part of an AuthnRequest that is read.
type authnRequest struct {
	XMLName     xml.Name   `xml:"urn:oasis:names:tc:SAML:2.0:protocol AuthnRequest"`
	Attributes  []xml.Attr `xml:",any,attr"`
	Issuer      string     `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	NameID      string     `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject>NameID"`
	NameIDAsked struct {
		Format string `xml:"Format,attr"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol NameIDPolicy"`
	Signature *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
}

func parseAuthnRequest(document []byte) (AuthnRequest, error) {
	if len(document) > maxRequestXML {
		return AuthnRequest{}, fmt.Errorf("practice: the request has more than %d bytes", maxRequestXML)
	}
	if err := checkXML(document); err != nil {
		return AuthnRequest{}, fmt.Errorf("practice: the request: %w", err)
	}
	var m authnRequest
	if err := xml.Unmarshal(document, &m); err != nil {
		return AuthnRequest{}, fmt.Errorf("practice: this is not an AuthnRequest: %w", err)
	}
	r := AuthnRequest{
		Issuer:       strings.TrimSpace(m.Issuer),
		NameIDFormat: m.NameIDAsked.Format,
		Subject:      strings.TrimSpace(m.NameID),
		Signed:       m.Signature != nil,
	}
	version := ""
	for _, a := range m.Attributes {
		if a.Name.Space != "" {
			continue
		}
		switch a.Name.Local {
		case "ID":
			r.ID = a.Value
		case "Version":
			version = a.Value
		case "AssertionConsumerServiceURL":
			r.ACSURL = a.Value
		case "Destination":
			r.Destination = a.Value
		case "ForceAuthn":
			r.ForceAuthn = a.Value == "true" || a.Value == "1"
		case "IsPassive":
			r.IsPassive = a.Value == "true" || a.Value == "1"
		}
	}
	switch {
	case version != "2.0":
		return AuthnRequest{}, fmt.Errorf("practice: the request's version is %q, not 2.0", version)
	case r.ID == "" || len(r.ID) > maxID:
		return AuthnRequest{}, errors.New("practice: the request has no ID of a sensible length")
	case r.Issuer == "":
		return AuthnRequest{}, errors.New("practice: the request has no Issuer")
	}
	return r, nil
}

// checkXML refuses what the standard library's decoder would let pass:
// document types, processing instructions, more than one root, deep trees.
func checkXML(document []byte) error {
	d := xml.NewDecoder(bytes.NewReader(document))
	depth, elements, roots := 0, 0, 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("not well-formed: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("a document type is not allowed")
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return errors.New("processing instructions are not allowed")
			}
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			elements++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return errors.New("text outside the root element")
			}
		}
		if depth < 0 || depth > maxDepth || elements > maxElements || roots > 1 {
			return fmt.Errorf("more than %d levels, %d elements or one root", maxDepth, maxElements)
		}
	}
	if roots != 1 || depth != 0 {
		return errors.New("not one whole element")
	}
	return nil
}

// verifyRedirect checks the signature of a request in the Redirect binding
// over the octets as they came (saml-bindings, section 3.4.4.1) and reports
// whether there was one.
func verifyRedirect(r *http.Request, sp SP) (signed bool, err error) {
	raw := map[string]string{}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "SAMLRequest", "RelayState", "SigAlg", "Signature":
			if _, twice := raw[name]; twice {
				return false, fmt.Errorf("practice: the query holds %s twice", name)
			}
			raw[name] = value
		}
	}
	if raw["Signature"] == "" || len(sp.SigningCerts) == 0 {
		return raw["Signature"] != "", nil
	}
	octets := "SAMLRequest=" + raw["SAMLRequest"]
	if relay, ok := raw["RelayState"]; ok {
		octets += "&RelayState=" + relay
	}
	octets += "&SigAlg=" + raw["SigAlg"]
	algorithm, err := url.QueryUnescape(raw["SigAlg"])
	if err != nil {
		return true, fmt.Errorf("practice: SigAlg: %w", err)
	}
	text, err := url.QueryUnescape(raw["Signature"])
	if err != nil {
		return true, fmt.Errorf("practice: Signature: %w", err)
	}
	value, err := decodeBase64(text)
	if err != nil {
		return true, err
	}
	var hash crypto.Hash
	var sum []byte
	switch algorithm {
	case algRSASHA256:
		s := sha256.Sum256([]byte(octets))
		hash, sum = crypto.SHA256, s[:]
	case algRSASHA512:
		s := sha512.Sum512([]byte(octets))
		hash, sum = crypto.SHA512, s[:]
	default:
		return true, fmt.Errorf("practice: the request is signed with %q, which is not understood here", algorithm)
	}
	for _, cert := range sp.SigningCerts {
		key, ok := cert.PublicKey.(*rsa.PublicKey)
		if ok && rsa.VerifyPKCS1v15(key, hash, sum, value) == nil {
			return true, nil
		}
	}
	return true, fmt.Errorf("practice: no certificate known of %q verifies the request's signature", sp.EntityID)
}
