package saml

import (
	"crypto/x509"
	"strings"
)

// SPMetadata describes one connection's side of us to its identity provider
// (saml-metadata, section 2.4.4). It carries no end date: providers that import
// it once would stop working on that day.
type SPMetadata struct {
	EntityID string
	ACSURL   string // takes responses by HTTP-POST, and by nothing else

	// Several certificates stand side by side while keys are rolled over.
	SigningCertificates    []*x509.Certificate
	EncryptionCertificates []*x509.Certificate

	AuthnRequestsSigned  bool
	WantAssertionsSigned bool
	NameIDFormats        []string

	// Both or neither: the schema wants a URL with each name.
	OrganizationName string
	OrganizationURL  string
}

// encryptionMethods are what we decrypt, the best first. Providers that read the
// list (Shibboleth does) choose from it.
var encryptionMethods = [...]string{
	"http://www.w3.org/2009/xmlenc11#aes256-gcm",
	"http://www.w3.org/2009/xmlenc11#aes128-gcm",
	"http://www.w3.org/2001/04/xmlenc#aes256-cbc",
	"http://www.w3.org/2001/04/xmlenc#aes128-cbc",
	"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
}

// XML returns the document. The same metadata gives the same octets.
func (m SPMetadata) XML() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	b.WriteString("<md:EntityDescriptor" + declMD + writeAttr("entityID", m.EntityID) + ">")
	b.WriteString("<md:SPSSODescriptor")
	b.WriteString(writeBool("AuthnRequestsSigned", m.AuthnRequestsSigned))
	b.WriteString(writeBool("WantAssertionsSigned", m.WantAssertionsSigned))
	b.WriteString(writeAttr("protocolSupportEnumeration", nsProtocol) + ">")
	for _, c := range m.SigningCertificates {
		writeKeyDescriptor(&b, "signing", c)
	}
	for _, c := range m.EncryptionCertificates {
		writeKeyDescriptor(&b, "encryption", c)
	}
	for _, f := range m.NameIDFormats {
		b.WriteString(writeElement("md:NameIDFormat", f))
	}
	b.WriteString("<md:AssertionConsumerService" + writeAttr("Binding", BindingPOST) +
		writeAttr("Location", m.ACSURL) + ` index="0" isDefault="true"></md:AssertionConsumerService>`)
	b.WriteString("</md:SPSSODescriptor>")
	if m.OrganizationName != "" && m.OrganizationURL != "" {
		b.WriteString("<md:Organization>")
		b.WriteString(`<md:OrganizationName xml:lang="en">` + writeText(m.OrganizationName) + "</md:OrganizationName>")
		b.WriteString(`<md:OrganizationDisplayName xml:lang="en">` + writeText(m.OrganizationName) + "</md:OrganizationDisplayName>")
		b.WriteString(`<md:OrganizationURL xml:lang="en">` + writeText(m.OrganizationURL) + "</md:OrganizationURL>")
		b.WriteString("</md:Organization>")
	}
	b.WriteString("</md:EntityDescriptor>\n")
	return []byte(b.String())
}

func writeKeyDescriptor(b *strings.Builder, use string, c *x509.Certificate) {
	b.WriteString(`<md:KeyDescriptor use="` + use + `"><ds:KeyInfo` + declDS + "><ds:X509Data><ds:X509Certificate>")
	b.WriteString(EncodeCertificate(c))
	b.WriteString("</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")
	if use == "encryption" {
		for _, a := range encryptionMethods {
			b.WriteString(`<md:EncryptionMethod Algorithm="` + a + `"></md:EncryptionMethod>`)
		}
	}
	b.WriteString("</md:KeyDescriptor>")
}
