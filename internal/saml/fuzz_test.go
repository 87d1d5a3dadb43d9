package saml

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
)

// Threat T-XML-31: no input makes the parser panic, and whatever it reads
// survives a round trip through the canonicalizer unchanged.
func FuzzParseXML(f *testing.F) {
	for _, seed := range []string{
		testResponse, "", "<", "<r/>", "\ufeff<?xml version='1.0' encoding='utf-8'?><r/>", "<r a='&#9;&lt;\r\n'>&amp;\r\n<![CDATA[<]]><!-- x --></r>",
		`<a:r xmlns:a="urn:a" xmlns="urn:b" a:b="c"><x xmlns=""/></a:r>`, "<é ü='1'/>", "<!DOCTYPE r>", "<?p?>", "<:a/>", "<a:b:c/>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		root, err := parseXML(raw, responseLimits())
		if err != nil {
			return
		}
		first := (&canonicalizer{}).canonicalize(root)
		lim := responseLimits()
		lim.bytes, lim.namespaces, lim.scope = 16<<20, 10_000, 1<<20 // what is written out may be longer
		again, err := parseXML(first, lim)
		if err != nil {
			t.Fatalf("the canonical form %q is refused: %v", first, err)
		}
		if second := (&canonicalizer{}).canonicalize(again); !bytes.Equal(first, second) {
			t.Errorf("canonical form %q, once more %q", first, second)
		}
		if root.text() != again.text() || root.name() != again.name() {
			t.Errorf("read %s %q, once more %s %q", root.name(), root.text(), again.name(), again.text())
		}
		duplicateID(root)
	})
}

// Whatever arrives is refused with a reason, or amounts to what was signed.
func FuzzParseResponse(f *testing.F) {
	var genuine []Assertion
	for _, seed := range mutantSeeds(f) {
		f.Add([]byte(seed.doc))
		genuine = append(genuine, seed.claims)
	}
	f.Add([]byte(testResponse))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := ParseResponse(raw, testExpect())
		if err != nil {
			if fault.From(err).Reason() == "" || got.Assertion != nil {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		for _, want := range genuine {
			want.ResponseID = got.Assertion.ResponseID
			if cmp.Equal(want, *got.Assertion) {
				return
			}
		}
		t.Errorf("accepted with claims that nobody signed: %+v", got.Assertion)
	})
}

func FuzzDecodeRedirect(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString(packed(f, []byte(testResponse))))
	f.Add("PHIvPg==")
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		raw, err := DecodeRedirect(value)
		if err == nil && (len(raw) == 0 || len(raw) > responseLimits().bytes) {
			t.Errorf("decoded to %d bytes", len(raw))
		}
		if err != nil && fault.From(err).Reason() == "" {
			t.Errorf("refused without a reason: %v", err)
		}
	})
}
