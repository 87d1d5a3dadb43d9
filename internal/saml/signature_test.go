package saml

import (
	"crypto/x509"
	"testing"
)

// Threat T-XML-14: a reference to the whole document is for the root of signed
// metadata only.
func TestVerifier_WholeDocument(t *testing.T) {
	t.Parallel()
	const doc = `<md:EntityDescriptor xmlns:md="` + nsMetadata + `" ID="_metadata1"><md:IDPSSODescriptor ID="_part1"></md:IDPSSODescriptor></md:EntityDescriptor>`
	usual := verifier{certs: []*x509.Certificate{alpha().cert}}
	whole := usual
	whole.wholeDocument = true
	tests := map[string]struct {
		with   verifier
		signed string // ID
		uri    string // of the reference
		reason string // empty: verifies
	}{
		"an ID":                                   {usual, "_metadata1", "#_metadata1", ""},
		"an ID where the whole may be named":      {whole, "_metadata1", "#_metadata1", ""},
		"the whole where it may be named":         {whole, "_metadata1", "", ""},
		"the whole in a message":                  {usual, "_metadata1", "", "reference"},
		"the whole for a part":                    {whole, "_part1", "", "reference"},
		"no reference at all":                     {whole, "_metadata1", "-", "reference"},
		"another ID where the whole may be named": {whole, "_metadata1", "#_part1", "reference"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testSignature{key: alpha().key, info: func(s string) string {
				if tc.uri == "-" {
					return without(s, `URI="#`+tc.signed+`"`)
				}
				return swap(s, `URI="#`+tc.signed+`"`, `URI="`+tc.uri+`"`)
			}}
			root, err := parseXML([]byte(s.apply(t, doc, tc.signed)), metadataLimits())
			if err != nil {
				t.Fatal(err)
			}
			e := root
			if tc.signed == "_part1" {
				e = root.elements()[0]
			}
			octets, cert, err := tc.with.verify(e)
			if tc.reason == "" {
				if err != nil || cert != alpha().cert || string(octets) != doc {
					t.Errorf("octets %s, certificate %v, error %v", octets, cert, err)
				}
				return
			}
			if reasonOf(err) != tc.reason {
				t.Errorf("error %v, want the reason %q", err, tc.reason)
			}
		})
	}
}
