package saml

import (
	"crypto/rsa"
	"crypto/x509"
)

// MetadataTrust names who must have signed a metadata document.
type MetadataTrust struct {
	Certificates []*x509.Certificate
	Allow        Legacy
}

// verifyMetadata verifies the signature of the root element and returns the root
// of what was signed.
func verifyMetadata(root *element, trust MetadataTrust) (*element, error) {
	v := verifier{certs: trust.Certificates, allow: trust.Allow, wholeDocument: true}
	octets, _, err := v.verify(root)
	if err != nil {
		return nil, noMetadata("its signature is missing or not by the configured signer").Because(err)
	}
	return parseMetadataRoot(octets)
}

// checkUntrustedSignature looks at the root's signature where nobody said who
// must have signed. Such a signature proves nothing: whoever changes the document
// may take it out. But one that contradicts its document betrays a change or
// damage on the way, and is refused (threat T-SAML-37): it is for another
// element, it is no value of the key beside it, or it is genuine under that key
// while the content is not what was signed. All else is ignored with a warning,
// since documents that were indented after signing are common.
func checkUntrustedSignature(root *element) (warning string, err error) {
	const ignored = "The signature of the metadata was ignored: "
	elem := root.child(nsDSig, "Signature")
	if elem == nil {
		return "", nil
	}
	s, err := readSignature(elem)
	if err != nil {
		return ignored + "it is not of the form that SAML prescribes.", nil
	}
	if err := (verifier{wholeDocument: true}).checkReference(root, s); err != nil {
		return "", noMetadata("its signature is for another element").Because(err)
	}
	method, err := signatureMethod(s.method, Legacy{})
	if err != nil {
		return ignored + "its algorithm is not accepted.", nil
	}
	digest, err := digestMethod(s.digestMethod, Legacy{})
	if err != nil {
		return ignored + "its digest algorithm is not accepted.", nil
	}
	cert, err := parseCertificateDER(s.claimedCertificate())
	if err != nil || method.fits(cert.PublicKey, Legacy{RSA1024: true}) != nil {
		return ignored + "it comes without a usable certificate.", nil
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && len(s.value) != key.Size() {
		return "", noMetadata("its signature is damaged")
	}
	info := (&canonicalizer{inclusive: s.infoPrefixes}).canonicalize(s.info)
	if !method.verify(cert.PublicKey, hashOf(method.hash, info), s.value) {
		return ignored + "it does not fit, perhaps because the document was formatted anew.", nil
	}
	octets := (&canonicalizer{skip: s.elem, inclusive: s.prefixes}).canonicalize(root)
	if err := compareDigest(digest, octets, s.digest); err != nil {
		return "", noMetadata("it was changed after it was signed").Because(err)
	}
	return "", nil
}
