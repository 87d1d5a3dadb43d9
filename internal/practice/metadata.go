package practice

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Bindings of SAML 2.0.
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// maxMetadata is the largest metadata document read, in bytes. Ours: a
// service provider's has a few kilobytes.
const maxMetadata = 1 << 20

// Metadata is the provider's own metadata document.
func (i *IDP) Metadata() []byte {
	pairs := i.shown()
	var keys string
	for _, p := range pairs {
		keys += node("md:KeyDescriptor",
			node("ds:KeyInfo", keyInfo(p), at{"xmlns:ds", nsSignature}),
			at{"use", "signing"})
	}
	format := formatPersistent
	if i.config.Flavour == Google {
		format = formatEmail
	}
	signed := "false"
	if i.config.WantSignedRequests {
		signed = "true"
	}
	descriptor := node("md:IDPSSODescriptor",
		keys+node("md:NameIDFormat", format)+
			node("md:SingleSignOnService", "", at{"Binding", bindingRedirect}, at{"Location", i.SSOURL()})+
			node("md:SingleSignOnService", "", at{"Binding", bindingPOST}, at{"Location", i.SSOURL()}),
		at{"WantAuthnRequestsSigned", signed},
		at{"protocolSupportEnumeration", nsProtocol})
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		node("md:EntityDescriptor", descriptor, at{"xmlns:md", nsMetadata}, at{"entityID", i.EntityID()}) + "\n")
}

// spDescriptor is the part of a service provider's metadata that is read.
type spDescriptor struct {
	XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID string   `xml:"entityID,attr"`
	SP       []struct {
		Keys []struct {
			Use   string   `xml:"use,attr"`
			Certs []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
		Consumers []struct {
			Binding  string `xml:"Binding,attr"`
			Location string `xml:"Location,attr"`
			Default  bool   `xml:"isDefault,attr"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata AssertionConsumerService"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:metadata SPSSODescriptor"`
}

// ReadSP reads a service provider's metadata.
func ReadSP(document []byte) (SP, error) {
	if len(document) > maxMetadata {
		return SP{}, fmt.Errorf("practice: metadata has more than %d bytes", maxMetadata)
	}
	if err := checkXML(document); err != nil {
		return SP{}, fmt.Errorf("practice: metadata: %w", err)
	}
	var d spDescriptor
	if err := xml.Unmarshal(document, &d); err != nil {
		return SP{}, fmt.Errorf("practice: metadata of a single service provider expected: %w", err)
	}
	if len(d.SP) != 1 {
		return SP{}, fmt.Errorf("practice: metadata of %q describes %d service providers instead of one", d.EntityID, len(d.SP))
	}
	sp := SP{EntityID: d.EntityID}
	for _, c := range d.SP[0].Consumers {
		if c.Binding == bindingPOST && (sp.ACSURL == "" || c.Default) {
			sp.ACSURL = c.Location
		}
	}
	if sp.ACSURL == "" {
		return SP{}, fmt.Errorf("practice: metadata of %q has no assertion consumer service for HTTP-POST", d.EntityID)
	}
	for _, k := range d.SP[0].Keys {
		for _, text := range k.Certs {
			cert, err := readCertificate(text)
			if err != nil {
				return SP{}, fmt.Errorf("practice: metadata of %q: %w", d.EntityID, err)
			}
			// No use: both (saml-metadata, section 2.4.1.1).
			if k.Use != "encryption" {
				sp.SigningCerts = append(sp.SigningCerts, cert)
			}
			if k.Use != "signing" && sp.EncryptionCert == nil {
				sp.EncryptionCert = cert
			}
		}
	}
	return sp, nil
}

// readCertificate reads a certificate in base64, however it is broken into lines.
func readCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("a certificate is not base64: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("a certificate cannot be read: %w", err)
	}
	return cert, nil
}

// AddSPMetadata makes a service provider known by its metadata.
func (i *IDP) AddSPMetadata(document []byte) (SP, error) {
	sp, err := ReadSP(document)
	if err != nil {
		return SP{}, err
	}
	return sp, i.AddSP(sp)
}

// AddSPFromURL makes a service provider known by the metadata at address,
// fetched with the client of the configuration.
func (i *IDP) AddSPFromURL(ctx context.Context, address string) (SP, error) {
	if i.config.Client == nil {
		return SP{}, errors.New("practice: this provider fetches nothing; paste the metadata instead")
	}
	if _, err := origin(address); err != nil {
		return SP{}, fmt.Errorf("practice: metadata URL: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return SP{}, fmt.Errorf("practice: fetching metadata: %w", err)
	}
	answer, err := i.config.Client.Do(request)
	if err != nil {
		return SP{}, fmt.Errorf("practice: fetching metadata: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return SP{}, fmt.Errorf("practice: fetching metadata: %s answers %s", address, answer.Status)
	}
	document, err := io.ReadAll(io.LimitReader(answer.Body, maxMetadata+1))
	if err != nil {
		return SP{}, fmt.Errorf("practice: fetching metadata: %w", err)
	}
	return i.AddSPMetadata(document)
}
