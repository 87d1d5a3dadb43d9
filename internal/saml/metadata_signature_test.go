package saml

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
)

// signedAcme is canonical metadata of acme's provider, signed.
func signedAcme(t testing.TB, s signer) string {
	t.Helper()
	before := "<md:EntityDescriptor" + declMD + ` ID="_m" entityID="` + acmeID + `">`
	sso := strings.Replace(acmeSSO, "/>", "></md:SingleSignOnService>", 1)
	role := `<md:IDPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `">` + signingKey() + sso + `</md:IDPSSODescriptor>`
	return signedDocument(t, s, "_m", before, role+"</md:EntityDescriptor>")
}

func trusting(certs ...*x509.Certificate) MetadataTrust { return MetadataTrust{Certificates: certs} }

func TestParseSignedIDPMetadata(t *testing.T) { // threat T-SAML-37
	t.Parallel()
	good := signedAcme(t, beta())
	whole := strings.Replace(good, "#_m", "", 1)
	const reason = "its signature is missing or not by the configured signer"
	tests := map[string]struct {
		raw   string
		trust MetadataTrust
		want  string // reason; empty: read
	}{
		"signed by whom we trust":                  {good, trusting(beta().cert), ""},
		"signed by one whom we trust":              {good, trusting(alpha().cert, beta().cert), ""},
		"signed by somebody else":                  {good, trusting(alpha().cert), reason},
		"nobody is trusted":                        {good, trusting(), reason},
		"unsigned":                                 {acme(), trusting(beta().cert), reason},
		"changed":                                  {strings.Replace(good, "https://idp.acme.test/sso", "https://idp.evil.test/sso", 1), trusting(beta().cert), reason},
		"for the whole document, resigned wrongly": {whole, trusting(beta().cert), reason},
		"signed inside only":                       {group("", good), trusting(beta().cert), reason},
		"wrapped: the signed one inside":           {strings.Replace(acme(), "<md:IDP", "<md:Extensions>"+good+"</md:Extensions><md:IDP", 1), trusting(beta().cert), reason},
		"not metadata at all":                      {"x", trusting(beta().cert), "it is not the XML"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseSignedIDPMetadata([]byte(tt.raw), "", tt.trust, outgoingNow)
			if tt.want != "" {
				wantNoMetadata(t, err, tt.want)
				return
			}
			if err != nil || m.EntityID != acmeID || names(m.Certificates) != "alpha" {
				t.Errorf("got %v, %v", m, err)
			}
		})
	}
}

func TestParseSignedIDPMetadataChoosesByEntityID(t *testing.T) {
	t.Parallel()
	_, err := ParseSignedIDPMetadata([]byte(signedAcme(t, beta())), "https://other.test", trusting(beta().cert), outgoingNow)
	wantNoMetadata(t, err, "it describes")
}

// A federation signs its whole document with URI="".
func TestParseSignedIDPMetadataTakesASignatureOfTheWholeDocument(t *testing.T) {
	t.Parallel()
	before := "<md:EntitiesDescriptor" + declMD + ">"
	after := strings.Replace(strings.ReplaceAll(acme(), "/>", "></md:SingleSignOnService>"), declMD, "", 1) + "</md:EntitiesDescriptor>"
	signature, err := signEnveloped(before+after, "", beta().key, nil)
	if err != nil {
		t.Fatal(err)
	}
	// signEnveloped signs "#" + ID; sign once more for the empty URI.
	signature = resignedURI(t, signature)
	m, err := ParseSignedIDPMetadata([]byte(before+signature+after), "", trusting(beta().cert), outgoingNow)
	if err != nil || m.EntityID != acmeID {
		t.Errorf("got %v, %v", m, err)
	}
}

// resignedURI replaces the reference "#" of a signature by the empty one.
func resignedURI(t *testing.T, signature string) string {
	t.Helper()
	signature = strings.Replace(signature, `URI="#"`, `URI=""`, 1)
	root, err := parseXML([]byte(signature), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	info := (&canonicalizer{}).canonicalize(root.child(nsDSig, "SignedInfo"))
	value, err := signSHA256(beta().key, info)
	if err != nil {
		t.Fatal(err)
	}
	old := root.child(nsDSig, "SignatureValue").text()
	return strings.Replace(signature, old, base64.StdEncoding.EncodeToString(value), 1)
}

// Where nobody is trusted a signature is no evidence, but one that contradicts
// its document is refused: threat T-SAML-37.
func TestParseIDPMetadataLooksAtASignatureOfNobody(t *testing.T) {
	t.Parallel()
	good := signedAcme(t, beta())
	cut := func(s, from, to string) string {
		before, rest, _ := strings.Cut(s, from)
		_, after, _ := strings.Cut(rest, to)
		return before + from + to + after
	}
	tests := map[string]struct {
		raw     string
		reason  string // empty: read
		warning string
	}{
		"in order":                               {good, "", ""},
		"changed content":                        {strings.Replace(good, "https://idp.acme.test/sso", "https://idp.evil.test/sso", 1), "it was changed after it was signed", ""},
		"for another element":                    {strings.Replace(good, `URI="#_m"`, `URI="#_x"`, 1), "its signature is for another element", ""},
		"damaged value":                          {strings.Replace(cut(good, "<ds:SignatureValue>", "</ds:SignatureValue>"), "<ds:SignatureValue>", "<ds:SignatureValue>AAAA", 1), "its signature is damaged", ""},
		"formatted anew":                         {strings.ReplaceAll(good, "><", ">\n<"), "", "The signature of the metadata was ignored: it does not fit, perhaps because the document was formatted anew."},
		"no value":                               {cut(good, "<ds:SignatureValue>", "</ds:SignatureValue>"), "", "The signature of the metadata was ignored: it is not of the form that SAML prescribes."},
		"an old algorithm":                       {strings.Replace(good, algRSASHA256, nsDSig+"rsa-sha1", 1), "", "The signature of the metadata was ignored: its algorithm is not accepted."},
		"an old digest":                          {strings.Replace(good, algSHA256, nsDSig+"sha1", 1), "", "The signature of the metadata was ignored: its digest algorithm is not accepted."},
		"an algorithm that does not fit the key": {strings.Replace(good, "rsa-sha256", "ecdsa-sha256", 1), "", "The signature of the metadata was ignored: it comes without a usable certificate."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseIDPMetadata([]byte(tt.raw), "", outgoingNow)
			if tt.reason != "" {
				wantNoMetadata(t, err, tt.reason)
				return
			}
			if err != nil || strings.Join(m.Warnings, "\n") != tt.warning {
				t.Errorf("got %v, %v, want the warning %q", m, err, tt.warning)
			}
		})
	}
}

func TestParseIDPMetadataIgnoresASignatureWithoutCertificate(t *testing.T) {
	t.Parallel()
	bare := beta()
	bare.cert = nil
	m, err := ParseIDPMetadata([]byte(signedAcme(t, bare)), "", outgoingNow)
	if err != nil || len(m.Warnings) != 1 || !strings.HasSuffix(m.Warnings[0], "it comes without a usable certificate.") {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestParseIDPMetadataLooksAtASignatureByEllipticCurve(t *testing.T) {
	t.Parallel()
	key, cert := gamma()
	raw := strings.Replace(signedAcme(t, signer{beta().key, cert}), "rsa-sha256", "ecdsa-sha256", 1)
	root, err := parseXML([]byte(raw), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	signature := root.child(nsDSig, "Signature")
	digest := sha256.Sum256((&canonicalizer{}).canonicalize(signature.child(nsDSig, "SignedInfo")))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 64)
	r.FillBytes(value[:32])
	s.FillBytes(value[32:])
	raw = strings.Replace(raw, signature.child(nsDSig, "SignatureValue").text(), base64.StdEncoding.EncodeToString(value), 1)
	m, err := ParseIDPMetadata([]byte(raw), "", outgoingNow)
	if err != nil || len(m.Warnings) != 0 {
		t.Errorf("in order: %v, %v", m, err)
	}
	_, err = ParseIDPMetadata([]byte(strings.Replace(raw, "https://idp.acme.test/sso", "https://idp.evil.test/sso", 1)), "", outgoingNow)
	wantNoMetadata(t, err, "it was changed after it was signed")
}
