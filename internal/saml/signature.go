package saml

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxCertificates is how many certificates are tried for one signature
	// (threat T-DOS-05); ours.
	maxCertificates = 10

	// maxPrefixes and maxPrefixList bound an InclusiveNamespaces PrefixList, in
	// prefixes and bytes (threat T-XML-16); ours.
	maxPrefixes   = 32
	maxPrefixList = 1 << 10
)

const (
	algExcC14N   = nsExcC14N
	algEnveloped = nsDSig + "enveloped-signature"
)

// verifier verifies XML signatures under the certificates of a connection. What
// a message says about its key is never a key (threat T-XML-20).
type verifier struct {
	certs []*x509.Certificate
	allow Legacy
	// wholeDocument lets the Reference of the root's Signature be URI="", which
	// signed metadata uses; a SAML message must name an ID.
	wholeDocument bool
}

// verifyEnveloped verifies the one Signature that is a direct child of e and
// covers e by its ID. It returns the canonical octets that were digested, which
// are the only thing to read afterwards, and the certificate that fits. An
// error holds a *refusal.
func verifyEnveloped(e *element, certs []*x509.Certificate, allow Legacy) (octets []byte, cert *x509.Certificate, err error) {
	return verifier{certs: certs, allow: allow}.verify(e)
}

func (v verifier) verify(e *element) (octets []byte, cert *x509.Certificate, err error) {
	signatures := e.children(nsDSig, "Signature")
	switch len(signatures) {
	case 0:
		return nil, nil, &refusal{"signature_missing", "a signature", "none"}
	case 1:
	default:
		return nil, nil, &refusal{"signature_count", "one signature", fmt.Sprint(len(signatures))}
	}
	s, err := readSignature(signatures[0])
	if err != nil {
		return nil, nil, err
	}
	if err := v.checkReference(e, s); err != nil {
		return nil, nil, err
	}
	method, err := signatureMethod(s.method, v.allow)
	if err != nil {
		return nil, nil, err
	}
	digest, err := digestMethod(s.digestMethod, v.allow)
	if err != nil {
		return nil, nil, err
	}
	certs, err := v.usable(method)
	if err != nil {
		return nil, nil, err
	}

	octets = (&canonicalizer{skip: s.elem, inclusive: s.prefixes}).canonicalize(e)
	if err := compareDigest(digest, octets, s.digest); err != nil {
		return nil, nil, err
	}
	info := (&canonicalizer{inclusive: s.infoPrefixes}).canonicalize(s.info)
	hashed := hashOf(method.hash, info)
	for _, c := range s.narrow(certs) {
		if method.verify(c.PublicKey, hashed, s.value) {
			return octets, c, nil
		}
	}
	return nil, nil, &refusal{"signature", "a signature by " + fingerprints(certs), s.claimedKey()}
}

// checkReference wants the reference to name the parent of the signature, byte
// for byte (threat T-XML-14).
func (v verifier) checkReference(e *element, s *signature) error {
	if v.wholeDocument && s.uri == "" && e.Parent == nil {
		return nil
	}
	id, _ := e.attr("ID")
	if id == "" {
		return &refusal{"reference", "an ID on the signed element", "none"}
	}
	if s.uri != "#"+id {
		return &refusal{"reference", "#" + id, fmt.Sprintf("%q", s.uri)}
	}
	return nil
}

// usable returns the certificates whose keys fit the method.
func (v verifier) usable(m sigMethod) ([]*x509.Certificate, error) {
	if len(v.certs) == 0 {
		return nil, &refusal{"signature_missing", "a certificate of the identity provider to verify with", "none is configured"}
	}
	var fit []*x509.Certificate
	var last error
	for _, c := range v.certs[:min(len(v.certs), maxCertificates)] {
		if err := m.fits(c.PublicKey, v.allow); err != nil {
			last = err
			continue
		}
		fit = append(fit, c)
	}
	if len(fit) == 0 {
		return nil, last
	}
	return fit, nil
}

func compareDigest(h crypto.Hash, octets, want []byte) error {
	// A canonicalizer that fails has digested nothing; a reference that matches
	// the digest of nothing was made for one (threat T-XML-13).
	if bytes.Equal(want, hashOf(h, nil)) {
		return &refusal{"canonicalization", "a digest of the signed element", "the digest of nothing"}
	}
	if got := hashOf(h, octets); !bytes.Equal(got, want) {
		return &refusal{
			"signature",
			"the digest " + base64.StdEncoding.EncodeToString(want) + ", as signed",
			base64.StdEncoding.EncodeToString(got) + ": the content was changed after it was signed",
		}
	}
	return nil
}

// signature is a ds:Signature taken apart, nothing of it verified.
type signature struct {
	elem         *element
	info         *element // SignedInfo
	method       string   // algorithm of the signature
	infoPrefixes []string
	uri          string
	prefixes     []string
	digestMethod string
	digest       []byte
	value        []byte
	keyInfo      *element // nil for none
}

// readSignature takes a Signature apart and refuses every shape but the one
// that SAML allows (saml-core section 5.4).
func readSignature(e *element) (*signature, error) {
	s := &signature{elem: e}
	parts := e.elements()
	if len(parts) == 0 {
		return nil, &refusal{"signature_missing", "a signature", "an empty Signature element"}
	}
	for _, p := range parts {
		if p.is(nsDSig, "Object") {
			return nil, &refusal{"signature_count", "a Signature without an Object", "a ds:Object"}
		}
	}
	if e.hasText() || len(parts) < 2 || !sequence(parts, nsDSig, "SignedInfo", "SignatureValue", "KeyInfo") {
		return nil, malformed("Signature", "SignedInfo, SignatureValue and at most one KeyInfo", parts)
	}
	s.info = parts[0]
	if len(parts) == 3 {
		s.keyInfo = parts[2]
	}
	var err error
	if s.value, err = binaryText(parts[1]); err != nil {
		return nil, err
	}
	return s, s.readInfo()
}

func (s *signature) readInfo() error {
	parts := s.info.elements()
	if n := len(s.info.children(nsDSig, "Reference")); n > 1 {
		return &refusal{"reference", "one Reference", fmt.Sprint(n)}
	}
	if s.info.hasText() || len(parts) != 3 || !sequence(parts, nsDSig, "CanonicalizationMethod", "SignatureMethod", "Reference") {
		return malformed("SignedInfo", "CanonicalizationMethod, SignatureMethod and Reference", parts)
	}
	var err error
	if s.infoPrefixes, err = excC14N(parts[0]); err != nil {
		return err
	}
	if s.method, err = algorithm(parts[1]); err != nil {
		return err
	}
	if len(parts[1].elements()) != 0 {
		return &refusal{"algorithm", "a SignatureMethod without parameters", "parameters"}
	}
	return s.readReference(parts[2])
}

func (s *signature) readReference(ref *element) error {
	var ok bool
	if s.uri, ok = ref.attr("URI"); !ok {
		return &refusal{"reference", "a Reference with a URI", "none"}
	}
	parts := ref.elements()
	if len(parts) > 0 && parts[0].is(nsDSig, "DigestMethod") {
		return &refusal{"transform", "enveloped-signature, then exclusive canonicalization", "no Transforms"}
	}
	if ref.hasText() || len(parts) != 3 || !sequence(parts, nsDSig, "Transforms", "DigestMethod", "DigestValue") {
		return malformed("Reference", "Transforms, DigestMethod and DigestValue", parts)
	}
	var err error
	if err = s.readTransforms(parts[0]); err != nil {
		return err
	}
	if s.digestMethod, err = algorithm(parts[1]); err != nil {
		return err
	}
	s.digest, err = binaryText(parts[2])
	return err
}

// readTransforms wants exactly the two that SAML signatures have
// (saml-core section 5.4.4, threat T-XML-15).
func (s *signature) readTransforms(e *element) error {
	var names []string
	transforms := e.elements()
	for _, t := range transforms {
		name, _ := t.attr("Algorithm")
		names = append(names, name)
	}
	if len(transforms) != 2 || !transforms[0].is(nsDSig, "Transform") || !transforms[1].is(nsDSig, "Transform") ||
		names[0] != algEnveloped || len(transforms[0].elements()) != 0 {
		return &refusal{"transform", "enveloped-signature, then exclusive canonicalization", strings.Join(names, ", ")}
	}
	var err error
	s.prefixes, err = excC14N(transforms[1])
	return err
}

// excC14N reads a CanonicalizationMethod or Transform that must be exclusive
// canonicalization, and returns the prefixes of its InclusiveNamespaces.
func excC14N(e *element) ([]string, error) {
	name, err := algorithm(e)
	if err != nil {
		return nil, err
	}
	if name != algExcC14N {
		return nil, &refusal{"transform", algExcC14N, name}
	}
	parts := e.elements()
	if len(parts) == 0 {
		return nil, nil
	}
	list, ok := parts[0].attr("PrefixList")
	if len(parts) > 1 || !parts[0].is(nsExcC14N, "InclusiveNamespaces") || !ok {
		return nil, &refusal{"transform", "one InclusiveNamespaces with a PrefixList", parts[len(parts)-1].name()}
	}
	if len(list) > maxPrefixList {
		return nil, &refusal{"transform", fmt.Sprintf("a PrefixList of at most %d bytes", maxPrefixList), fmt.Sprintf("%d bytes", len(list))}
	}
	prefixes := strings.Fields(list)
	if len(prefixes) > maxPrefixes {
		return nil, &refusal{"transform", fmt.Sprintf("at most %d prefixes", maxPrefixes), fmt.Sprint(len(prefixes))}
	}
	for i, p := range prefixes {
		if p == "#default" {
			prefixes[i] = ""
		}
	}
	return prefixes, nil
}

// narrow returns those of the certificates whose key the message itself names
// in KeyInfo; all of them where it names none. A message that names another key
// than it was signed with contradicts itself, and readers that trust KeyInfo
// would have been deceived (threat T-XML-20). A renewed certificate for the same
// key is the same key.
func (s *signature) narrow(certs []*x509.Certificate) []*x509.Certificate {
	claimed := s.claimedCertificates()
	if len(claimed) == 0 {
		return certs
	}
	var fit []*x509.Certificate
	for _, c := range certs {
		names := func(der []byte) bool { return bytes.Contains(der, c.RawSubjectPublicKeyInfo) }
		if slices.ContainsFunc(claimed, names) {
			fit = append(fit, c)
		}
	}
	return fit
}

// claimedKey says which key the message claims to be signed with, for an
// administrator to compare.
func (s *signature) claimedKey() string {
	if claimed := s.claimedCertificates(); len(claimed) > 0 {
		return "a signature that names the certificate " + fingerprint(claimed[0])
	}
	return "a signature that names no certificate"
}

// claimedCertificates returns the certificates of KeyInfo, not parsed; a chain
// has several.
func (s *signature) claimedCertificates() [][]byte {
	var list [][]byte
	if s.keyInfo == nil {
		return nil
	}
	for _, data := range s.keyInfo.children(nsDSig, "X509Data") {
		for _, c := range data.children(nsDSig, "X509Certificate") {
			if raw, err := decodeBase64(c.text()); err == nil && len(raw) > 0 {
				list = append(list, raw)
			}
		}
	}
	return list
}

// claimedCertificate returns the first of them, nil for none.
func (s *signature) claimedCertificate() []byte {
	if list := s.claimedCertificates(); len(list) > 0 {
		return list[0]
	}
	return nil
}

// fingerprint is the SHA-256 of a certificate in hexadecimal.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func fingerprints(certs []*x509.Certificate) string {
	var list []string
	for _, c := range certs {
		list = append(list, fingerprint(c.Raw))
	}
	return strings.Join(list, " or ")
}

// sequence reports whether each element has the name of its place.
func sequence(list []*element, space string, names ...string) bool {
	for i, e := range list {
		if i >= len(names) || !e.is(space, names[i]) {
			return false
		}
	}
	return true
}

func malformed(where, want string, got []*element) error {
	names := make([]string, 0, len(got))
	for _, e := range got {
		names = append(names, e.Local)
	}
	return &refusal{"signature_malformed", want + " in " + where, cmp.Or(strings.Join(names, ", "), "nothing")}
}

func algorithm(e *element) (string, error) {
	name, ok := e.attr("Algorithm")
	if !ok {
		return "", &refusal{"signature_malformed", "an Algorithm on " + e.Local, "none"}
	}
	return name, nil
}

// binaryText decodes the content of a DigestValue or SignatureValue, which must
// be one run of text: readers disagree on what a comment or a child inside it
// means (threat T-XML-05).
func binaryText(e *element) ([]byte, error) {
	s, _ := e.soleText()
	raw, err := decodeBase64(s)
	if err != nil || len(raw) == 0 {
		return nil, &refusal{"signature_malformed", "base64 in " + e.Local + ", and nothing else", "something else"}
	}
	return raw, nil
}
