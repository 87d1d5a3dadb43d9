package saml

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"
)

func exampleSPMetadata() SPMetadata {
	return SPMetadata{
		EntityID:               "https://sso.example.com/v1/saml/metadata/samlc_1.xml",
		ACSURL:                 "https://sso.example.com/v1/saml/acs/samlc_1",
		SigningCertificates:    []*x509.Certificate{alpha().cert, beta().cert},
		EncryptionCertificates: []*x509.Certificate{beta().cert},
		AuthnRequestsSigned:    true,
		WantAssertionsSigned:   true,
		NameIDFormats:          []string{"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
		OrganizationName:       "Acme & <Sons>",
		OrganizationURL:        "https://acme.test/?a=1&b=2",
	}
}

func TestSPMetadataSaysWhatItMust(t *testing.T) {
	t.Parallel()
	m := exampleSPMetadata()
	root, err := parseXML(m.XML(), metadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := root.attr("entityID"); !root.is(nsMetadata, "EntityDescriptor") || id != m.EntityID {
		t.Errorf("root %s, entity ID %s", root.name(), id)
	}
	sp := root.child(nsMetadata, "SPSSODescriptor")
	for name, want := range map[string]string{"AuthnRequestsSigned": "true", "WantAssertionsSigned": "true", "protocolSupportEnumeration": nsProtocol} {
		if got, _ := sp.attr(name); got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	// The schema's order: keys, NameID formats, then the ACS.
	var order []string
	for _, e := range sp.elements() {
		order = append(order, e.Local)
	}
	if got, want := strings.Join(order, " "), "KeyDescriptor KeyDescriptor KeyDescriptor NameIDFormat AssertionConsumerService"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	acs := sp.child(nsMetadata, "AssertionConsumerService")
	for name, want := range map[string]string{"Binding": BindingPOST, "Location": m.ACSURL, "index": "0", "isDefault": "true"} {
		if got, _ := acs.attr(name); got != want {
			t.Errorf("ACS %s=%q, want %q", name, got, want)
		}
	}
	organization := root.child(nsMetadata, "Organization")
	if got := organization.child(nsMetadata, "OrganizationDisplayName").text(); got != m.OrganizationName {
		t.Errorf("organization %q", got)
	}
	if got := organization.child(nsMetadata, "OrganizationURL").text(); got != m.OrganizationURL {
		t.Errorf("organization's URL %q", got)
	}
}

func TestSPMetadataHoldsEveryCertificateOfARollover(t *testing.T) {
	t.Parallel()
	root, err := parseXML(exampleSPMetadata().XML(), metadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range root.child(nsMetadata, "SPSSODescriptor").children(nsMetadata, "KeyDescriptor") {
		use, _ := k.attr("use")
		c, err := ParseCertificate(k.child(nsDSig, "KeyInfo").child(nsDSig, "X509Data").child(nsDSig, "X509Certificate").text())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, use+" "+c.Subject.CommonName)
		if ciphers := len(k.children(nsMetadata, "EncryptionMethod")); (ciphers > 0) != (use == "encryption") {
			t.Errorf("%d encryption methods for %s", ciphers, use)
		}
	}
	if want := "signing alpha, signing beta, encryption beta"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestSPMetadataIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(exampleSPMetadata().XML(), exampleSPMetadata().XML()) {
		t.Error("two calls give two documents")
	}
}

func TestSPMetadataLeavesOutWhatIsNotThere(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]SPMetadata{
		"nothing":            {EntityID: "e", ACSURL: "a"},
		"a name, no URL":     {EntityID: "e", ACSURL: "a", OrganizationName: "Acme"},
		"a URL, but no name": {EntityID: "e", ACSURL: "a", OrganizationURL: "https://acme.test"},
	} {
		xml := string(m.XML())
		for _, part := range []string{"Organization", "KeyDescriptor", "NameIDFormat", "validUntil"} {
			if strings.Contains(xml, part) {
				t.Errorf("%s: holds %s", name, part)
			}
		}
		if !strings.Contains(xml, `AuthnRequestsSigned="false" WantAssertionsSigned="false"`) {
			t.Errorf("%s: %s", name, xml)
		}
	}
}

func TestSPMetadataEscapesHostileValues(t *testing.T) {
	t.Parallel()
	m := exampleSPMetadata()
	m.EntityID, m.ACSURL, m.OrganizationName, m.OrganizationURL, m.NameIDFormats = hostileText, hostileText, hostileText, hostileText, []string{hostileText}
	root, err := parseXML(m.XML(), metadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	root.walk(func(*element) bool { count++; return true })
	clean, err := parseXML(exampleSPMetadata().XML(), metadataLimits())
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	clean.walk(func(*element) bool { want++; return true })
	if count != want {
		t.Errorf("%d elements, want %d", count, want)
	}
	if id, _ := root.attr("entityID"); id != hostileTextRead {
		t.Errorf("entity ID %q, want %q", id, hostileTextRead)
	}
}

func TestSPMetadataIsNotTakenForAProvider(t *testing.T) { // threat T-SAML-36
	t.Parallel()
	_, err := ParseIDPMetadata(exampleSPMetadata().XML(), "", outgoingNow)
	wantNoMetadata(t, err, "this is the metadata of a service provider")
}

func TestSPMetadataFitsTheSchema(t *testing.T) {
	t.Parallel()
	runTool(t, "xmllint", map[string]string{"sp.xml": string(exampleSPMetadata().XML())},
		"--nonet", "--noout", "--schema", samlSchema(t, "metadata"), "sp.xml")
}
