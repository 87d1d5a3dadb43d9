package saml

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
)

// maxEntityID is in characters: saml-core, section 8.3.6.
const maxEntityID = 1024

// IDPMetadata is what a connection needs of an identity provider's metadata
// (saml-metadata, section 2.4.3).
type IDPMetadata struct {
	EntityID string
	SSO      []Endpoint // by HTTP-Redirect or HTTP-POST, in the document's order
	SLO      []Endpoint // likewise; often empty

	// Certificates hold the keys that may sign. A key that the document gives no
	// use is here and in EncryptionCertificates.
	Certificates           []*x509.Certificate
	EncryptionCertificates []*x509.Certificate

	WantAuthnRequestsSigned bool
	NameIDFormats           []string

	ValidUntil    time.Time     // zero: no end
	CacheDuration time.Duration // how long to wait before asking again; zero: not said

	// Warnings say in plain words what an administrator should look at.
	Warnings []string
}

// Endpoint is where a provider takes messages.
type Endpoint struct {
	Binding          string
	Location         string
	ResponseLocation string // for answers, if they go elsewhere
}

// SSOEndpoint returns where to send an AuthnRequest: by HTTP-Redirect if the
// provider offers that, else by HTTP-POST.
func (m IDPMetadata) SSOEndpoint() (Endpoint, bool) {
	for _, binding := range []string{BindingRedirect, BindingPOST} {
		for _, e := range m.SSO {
			if e.Binding == binding {
				return e, true
			}
		}
	}
	return Endpoint{}, false
}

// ParseIDPMetadata reads the metadata of the identity provider named entityID, or
// of the only one in the document if entityID is empty. Endpoints may still be
// plain http: CheckSSOURL decides what a connection may use.
//
// Whose signature the document carries is not asked, since nothing says whom to
// expect; only one that contradicts the document is refused. Use
// ParseSignedIDPMetadata where a signer is known.
//
// It fails with fault SAMLFailedToParseIDPMetadata, or SAMLMetadataMissingFields
// if the provider is there but entity ID, SSO URL or certificate is not.
func ParseIDPMetadata(raw []byte, entityID string, now time.Time) (*IDPMetadata, error) {
	root, err := parseMetadataRoot(raw)
	if err != nil {
		return nil, err
	}
	warning, err := checkUntrustedSignature(root)
	if err != nil {
		return nil, err
	}
	m, err := readIDP(root, entityID, now)
	if err == nil && warning != "" {
		m.Warnings = append(m.Warnings, warning)
	}
	return m, err
}

// ParseSignedIDPMetadata is ParseIDPMetadata for a document whose root must be
// signed by somebody in particular. Nothing outside the signed octets is read.
func ParseSignedIDPMetadata(raw []byte, entityID string, trust MetadataTrust, now time.Time) (*IDPMetadata, error) {
	root, err := parseMetadataRoot(raw)
	if err != nil {
		return nil, err
	}
	signed, err := verifyMetadata(root, trust)
	if err != nil {
		return nil, err
	}
	return readIDP(signed, entityID, now)
}

// IDPEntityIDs lists the identity providers that the document describes, in its
// order, for somebody to choose from.
func IDPEntityIDs(raw []byte) ([]string, error) {
	root, err := parseMetadataRoot(raw)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entities(root) {
		id, _ := e.attr("entityID")
		if id != "" && len(idpRoles(e)) > 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// The reasons of refusals for which pages have words of their own: what people give
// us by mistake.
const (
	MetadataLoginPage       = "login_page" // or another page for people
	MetadataServiceProvider = "service_provider"
	MetadataDiscovery       = "discovery_document" // of OpenID Connect
	MetadataCertificate     = "certificate"
	MetadataAddress         = "address"
	MetadataEmpty           = "empty"
	MetadataMessage         = "message"
	MetadataEnded           = "ended"
	MetadataSeveral         = "several"
)

// noMetadata is the refusal of a document, in plain words that end the sentence
// "This is not the metadata of a SAML 2.0 identity provider: …".
func noMetadata(format string, args ...any) *fault.Error {
	return fault.New(fault.SAMLFailedToParseIDPMetadata, "reason", fmt.Sprintf(format, args...))
}

// parseMetadataRoot parses the document and makes sure that it is SAML 2.0
// metadata of some kind.
func parseMetadataRoot(raw []byte) (*element, error) {
	root, err := parseXML(raw, metadataLimits())
	if err != nil {
		if words, reason := whatElse(raw); words != "" {
			return nil, noMetadata("%s", words).Detail("reason", reason).Because(err)
		}
		found := err.Error()
		if r, ok := errors.AsType[*refusal](err); ok {
			if r.reason == "limit" {
				return nil, noMetadata("it is too large (%s)", r.received).Because(err)
			}
			found = r.received
		}
		return nil, noMetadata("it is not the XML that SAML allows (%s)", found).Because(err)
	}
	switch {
	case root.is(nsMetadata, "EntityDescriptor"), root.is(nsMetadata, "EntitiesDescriptor"):
	case root.Space == nsProtocol:
		return nil, noMetadata("this is a SAML message (%s)", root.Local).Detail("reason", MetadataMessage)
	case strings.EqualFold(root.Local, "html"):
		return nil, noMetadata("%s", htmlWords).Detail("reason", MetadataLoginPage)
	default:
		return nil, noMetadata("its root element is %.200s", root.name())
	}
	if id := duplicateID(root); id != "" {
		return nil, noMetadata("it uses the ID %.100s", id)
	}
	return root, nil
}

const htmlWords = "this is an HTML page, perhaps a login page"

// whatElse guesses what somebody gave us in place of metadata.
func whatElse(raw []byte) (words, reason string) {
	const enough = 512
	head := strings.ToLower(string(raw[:min(len(raw), enough)]))
	head = strings.TrimLeft(strings.TrimPrefix(head, byteOrderMark), xmlSpace)
	switch {
	case head == "" && len(raw) <= enough:
		return "it is empty", MetadataEmpty
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"):
		return htmlWords, MetadataLoginPage
	case strings.HasPrefix(head, "{"):
		return "this is JSON, perhaps the discovery document of OpenID Connect", MetadataDiscovery
	case strings.HasPrefix(head, "-----begin"):
		return "this is a certificate or key", MetadataCertificate
	case strings.HasPrefix(head, "https://"), strings.HasPrefix(head, "http://"):
		return "this is a URL, not the document behind it", MetadataAddress
	}
	return "", ""
}

// entities returns every EntityDescriptor, also from nested groups.
func entities(e *element) []*element {
	if e.is(nsMetadata, "EntityDescriptor") {
		return []*element{e}
	}
	var found []*element
	for _, c := range e.elements() {
		if c.is(nsMetadata, "EntityDescriptor") || c.is(nsMetadata, "EntitiesDescriptor") {
			found = append(found, entities(c)...)
		}
	}
	return found
}

// idpRoles returns the roles in which an entity is an identity provider: those
// that say they speak SAML 2.0 if there are any, so that keys for SAML 1.1 are
// not mixed in, and all of them otherwise. Then it is the endpoints that tell.
func idpRoles(entity *element) []*element {
	all := entity.children(nsMetadata, "IDPSSODescriptor")
	var speaking []*element
	for _, role := range all {
		if speaksSAML2(role) {
			speaking = append(speaking, role)
		}
	}
	if len(speaking) > 0 {
		return speaking
	}
	return all
}

func speaksSAML2(role *element) bool {
	protocols, _ := role.attr("protocolSupportEnumeration")
	return slices.Contains(strings.Fields(protocols), nsProtocol)
}

// chooseIDP finds the provider that is meant.
func chooseIDP(root *element, entityID string) (*element, error) {
	all := entities(root)
	if len(all) == 1 && entityID != "" {
		if id, _ := all[0].attr("entityID"); id != entityID {
			return nil, noMetadata("it describes %.200q, not %.200q", id, entityID)
		}
	}
	var found []*element
	for _, e := range all {
		id, _ := e.attr("entityID")
		if len(idpRoles(e)) > 0 && (entityID == "" || id == entityID) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1 && entityID == "":
		return nil, noMetadata("it describes %d identity providers: name one by its entity ID", len(found)).Detail("reason", MetadataSeveral)
	case len(found) > 1:
		return nil, noMetadata("it describes %.200q more than once", entityID)
	}
	return nil, whyNoIDP(all, entityID)
}

func whyNoIDP(all []*element, entityID string) error {
	has := func(role string) bool {
		return slices.ContainsFunc(all, func(e *element) bool { return e.child(nsMetadata, role) != nil })
	}
	switch {
	case entityID != "" && len(all) > 1:
		return noMetadata("it describes no identity provider %.200q", entityID)
	case has("SPSSODescriptor"):
		return noMetadata("this is the metadata of a service provider").Detail("reason", MetadataServiceProvider)
	}
	return noMetadata("it describes no identity provider")
}

// readIDP reads the chosen provider out of a document.
func readIDP(root *element, entityID string, now time.Time) (*IDPMetadata, error) {
	entity, err := chooseIDP(root, entityID)
	if err != nil {
		return nil, err
	}
	m := &IDPMetadata{}
	m.EntityID, _ = entity.attr("entityID")
	if len(m.EntityID) > maxEntityID {
		return nil, noMetadata("its entity ID is longer than %d characters", maxEntityID)
	}
	roles := idpRoles(entity)
	for e := entity; e != nil; e = e.Parent {
		if err := m.readValidity(e); err != nil {
			return nil, err
		}
	}
	for _, role := range roles {
		if err := m.readValidity(role); err != nil {
			return nil, err
		}
		m.readRole(role)
		if !speaksSAML2(role) {
			m.warn("The identity provider does not say that it speaks SAML 2.0.")
		}
	}
	if !m.ValidUntil.IsZero() && !now.Before(m.ValidUntil) {
		return nil, noMetadata("it was valid until %s", m.ValidUntil.UTC().Format(time.RFC3339)).Detail("reason", MetadataEnded, "ended", m.ValidUntil.UTC().Format(time.DateOnly))
	}
	var missing []string
	if m.EntityID == "" {
		missing = append(missing, "idp_entity_id")
	}
	if _, ok := m.SSOEndpoint(); !ok {
		missing = append(missing, "idp_sso_url")
	}
	if len(m.Certificates) == 0 {
		missing = append(missing, "idp_certificate")
	}
	if len(missing) > 0 {
		// The warnings say what became of a URL or certificate that is there.
		return nil, fault.New(fault.SAMLMetadataMissingFields, "missing_fields", missing).
			Detail("warnings", m.Warnings)
	}
	if n := len(m.Certificates); n > maxCertificates {
		m.warn("Of %d signing certificates only the first %d are tried.", n, maxCertificates)
	}
	for _, c := range m.Certificates {
		m.Warnings = append(m.Warnings, CertificateWarnings(c, now)...)
	}
	return m, nil
}

// readRole adds one role's endpoints, keys and wishes.
func (m *IDPMetadata) readRole(role *element) {
	m.SSO = append(m.SSO, m.readEndpoints(role, "SingleSignOnService")...)
	m.SLO = append(m.SLO, m.readEndpoints(role, "SingleLogoutService")...)
	for _, k := range role.children(nsMetadata, "KeyDescriptor") {
		m.readKey(k)
	}
	if want, _ := role.attr("WantAuthnRequestsSigned"); isTrue(want) {
		m.WantAuthnRequestsSigned = true
	}
	for _, f := range role.children(nsMetadata, "NameIDFormat") {
		format := strings.Trim(f.text(), xmlSpace)
		if format != "" && !slices.Contains(m.NameIDFormats, format) {
			m.NameIDFormats = append(m.NameIDFormats, format)
		}
	}
}

// isTrue reads an xs:boolean.
func isTrue(s string) bool {
	s = strings.Trim(s, xmlSpace)
	return s == "true" || s == "1"
}

// readEndpoints returns the endpoints that we could use. A URL that must not be
// put before a browser is left out.
func (m *IDPMetadata) readEndpoints(role *element, kind string) []Endpoint {
	var list []Endpoint
	for _, e := range role.children(nsMetadata, kind) {
		binding, _ := e.attr("Binding")
		if binding != BindingRedirect && binding != BindingPOST {
			continue
		}
		location, _ := e.attr("Location")
		response, _ := e.attr("ResponseLocation")
		p := Endpoint{binding, strings.Trim(location, xmlSpace), strings.Trim(response, xmlSpace)}
		if _, err := parseBrowserURL(p.Location); err != nil {
			m.warn("The %s at %.200q is not used: %s.", kind, p.Location, err)
			continue
		}
		if _, err := parseBrowserURL(p.ResponseLocation); err != nil && p.ResponseLocation != "" {
			m.warn("The response location of the %s at %.200q is not used.", kind, p.Location)
			p.ResponseLocation = ""
		}
		list = append(list, p)
	}
	return list
}

// readKey adds the certificates of a KeyDescriptor. One without a use serves for
// signing and for encryption (saml-metadata, section 2.4.1.1; threat T-SAML-35).
func (m *IDPMetadata) readKey(k *element) {
	use, said := k.attr("use")
	signs, encrypts := !said || use == "signing", !said || use == "encryption"
	if !signs && !encrypts {
		m.warn("A key for the unknown use %.40q is not used.", use)
		return
	}
	found := false
	for _, info := range k.children(nsDSig, "KeyInfo") {
		for _, data := range info.children(nsDSig, "X509Data") {
			var certs []*x509.Certificate
			for _, e := range data.children(nsDSig, "X509Certificate") {
				found = true
				c, err := ParseCertificate(e.text())
				if err != nil {
					m.warn("A certificate could not be read: %s.", err)
					continue
				}
				certs = append(certs, c)
			}
			for _, c := range holders(certs) {
				if signs {
					m.Certificates = appendCertificate(m.Certificates, c)
				}
				if encrypts {
					m.EncryptionCertificates = appendCertificate(m.EncryptionCertificates, c)
				}
			}
		}
	}
	if !found {
		m.warn("A key that comes without a certificate is not used.")
	}
}

// holders returns the certificates of an X509Data that hold its key, without
// those that stand there only because they issued another: an authority's key is
// not the provider's (XML Signature 1.1, section 4.5.4).
func holders(certs []*x509.Certificate) []*x509.Certificate {
	var list []*x509.Certificate
	for _, c := range certs {
		issuer := slices.ContainsFunc(certs, func(d *x509.Certificate) bool {
			return bytes.Equal(d.RawIssuer, c.RawSubject) && !bytes.Equal(d.RawIssuer, d.RawSubject)
		})
		if !issuer {
			list = append(list, c)
		}
	}
	return list
}

func appendCertificate(list []*x509.Certificate, c *x509.Certificate) []*x509.Certificate {
	if slices.ContainsFunc(list, c.Equal) {
		return list
	}
	return append(list, c)
}

func (m *IDPMetadata) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fmt.Sprintf(format, args...))
}
