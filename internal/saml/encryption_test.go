package saml

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
)

// encrypts makes the identity provider encrypt the signed assertion.
func encrypts(x testEncryption) func(*testIDP) {
	return func(p *testIDP) { p.encrypt = &x }
}

func wantEncrypted(a *Assertion) { a.Encrypted = true }

func TestParseResponse_DecryptsAssertions(t *testing.T) {
	t.Parallel()
	mgf := func(digest, mgf string) string {
		return `<ds:DigestMethod Algorithm="` + digest + `"/><x:MGF xmlns:x="` + nsXEnc11 + `" Algorithm="` + nsXEnc11 + mgf + `"/>`
	}
	tests := map[string]acceptanceTest{
		"the key beside the data, and a RetrievalMethod": {idp: encrypts(testEncryption{beside: true})},
		"the response signed, the assertion not": {
			idp:  func(p *testIDP) { signsIt(p); p.encrypt = &testEncryption{} },
			want: func(a *Assertion) { wantEncrypted(a); wantResponseID(a) },
		},
		"both signed": {
			idp: func(p *testIDP) {
				p.sign = []string{"_assertion1", "_response1"}
				p.encrypt = &testEncryption{}
			},
			want: func(a *Assertion) { wantEncrypted(a); wantResponseID(a) },
		},
		"prefixes that are declared around": {idp: encrypts(testEncryption{plain: func(s string) string {
			return without(s, ` xmlns:saml="`+nsAssertion+`"`)
		}})},
		"an XML declaration inside": {idp: encrypts(testEncryption{plain: func(s string) string {
			return `<?xml version="1.0"?>` + s
		}})},
		"the second of two keys, which CBC alone can't tell": {
			idp:    encrypts(testEncryption{cipher: nsXEnc + "aes128-cbc"}),
			expect: func(e *Expect) { e.DecryptionKeys = []*rsa.PrivateKey{alpha().key, beta().key} },
		},
		"the second of two encrypted keys": {idp: encrypts(testEncryption{after: func(s string) string {
			other := testEncryption{to: &alpha().key.PublicKey}.apply(t, testResponse)
			return swap(s, "<xenc:EncryptedKey", swap(part(t, other, nsXEnc, "EncryptedKey"), "_key1", "_key2")+"<xenc:EncryptedKey")
		}})},
		"T-XML-04 a comment inside": {idp: encrypts(testEncryption{plain: func(s string) string {
			return swap(s, testNameID, "7f3c<!-- evil -->-ada")
		}})},
		"T-XML-27 OAEP with a SHA-256 digest and a SHA-1 mask": {idp: encrypts(testEncryption{
			oaep: &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA1}, params: `<ds:DigestMethod Algorithm="` + nsXEnc + `sha256"/>`,
		})},
		"T-XML-27 the older OAEP ignores a mask of its own": {idp: encrypts(testEncryption{
			oaep: &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA1}, params: mgf(nsXEnc+"sha256", "mgf1sha256"),
		})},
		"T-XML-27 OAEP with a label": {idp: encrypts(testEncryption{
			oaep: &rsa.OAEPOptions{Hash: crypto.SHA1, Label: []byte("usher")}, params: `<xenc:OAEPparams>dXNoZXI=</xenc:OAEPparams>`,
		})},
		"T-XML-27 OAEP by default": {idp: encrypts(testEncryption{transport: nsXEnc11 + "rsa-oaep"})},
		"T-XML-27 OAEP with a SHA-1 mask said": {idp: encrypts(testEncryption{
			transport: nsXEnc11 + "rsa-oaep", oaep: &rsa.OAEPOptions{Hash: crypto.SHA512, MGFHash: crypto.SHA1}, params: mgf(nsXEnc+"sha512", "mgf1sha1"),
		})},
		"T-XML-27 OAEP with a SHA-256 mask": {idp: encrypts(testEncryption{
			transport: nsXEnc11 + "rsa-oaep", oaep: &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA256}, params: mgf(nsXEnc+"sha256", "mgf1sha256"),
		})},
		"T-XML-27 OAEP with a SHA-384 mask": {idp: encrypts(testEncryption{
			transport: nsXEnc11 + "rsa-oaep", oaep: &rsa.OAEPOptions{Hash: crypto.SHA384, MGFHash: crypto.SHA384}, params: mgf("http://www.w3.org/2001/04/xmldsig-more#sha384", "mgf1sha384"),
		})},
		"T-XML-27 OAEP with a SHA-512 mask": {idp: encrypts(testEncryption{
			transport: nsXEnc11 + "rsa-oaep", oaep: &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA512}, params: mgf(nsDSig+"sha1", "mgf1sha512"),
		})},
		"T-XML-18 Triple DES by exception": {
			idp: encrypts(testEncryption{cipher: nsXEnc + "tripledes-cbc"}), expect: func(e *Expect) { e.Legacy.TripleDES = true },
		},
		"T-XML-18 RSA 1.5 by exception": {
			idp: encrypts(testEncryption{transport: nsXEnc + "rsa-1_5"}), expect: func(e *Expect) { e.Legacy.RSA15 = true },
		},
	}
	for _, c := range []string{
		nsXEnc11 + "aes128-gcm", nsXEnc11 + "aes192-gcm", nsXEnc11 + "aes256-gcm",
		nsXEnc + "aes128-cbc", nsXEnc + "aes192-cbc", nsXEnc + "aes256-cbc",
	} {
		tests["cipher "+c[len(c)-10:]] = acceptanceTest{idp: encrypts(testEncryption{cipher: c})}
	}
	for name, r := range tests {
		if r.want == nil {
			r.want = wantEncrypted
		}
		tests[name] = r
	}
	runAcceptances(t, tests)
}

func TestParseResponse_RefusesOddEncryption(t *testing.T) {
	t.Parallel()
	row := func(reason, check string, x testEncryption) refusalTest {
		return refusalTest{idp: encrypts(x), reason: reason, check: check}
	}
	after := func(old, text string) testEncryption {
		return testEncryption{after: func(s string) string { return swap(s, old, text) }}
	}
	plain := func(f func(s string) string) testEncryption { return testEncryption{plain: f} }
	const keyMethod = `<xenc:EncryptionMethod Algorithm="` + nsXEnc + `rsa-oaep-mgf1p"></xenc:EncryptionMethod>`
	const dataMethod = `<xenc:EncryptionMethod Algorithm="` + nsXEnc11 + `aes256-gcm"/>`
	unsigned := func(x testEncryption) func(*testIDP) {
		return func(p *testIDP) { p.sign, p.encrypt = nil, &x }
	}
	runRefusals(t, map[string]refusalTest{
		"T-XML-23 an encrypted assertion without any signature": {
			idp: unsigned(testEncryption{}), reason: "signature_missing", check: "signature_present",
		},
		"T-XML-24 a plain assertion beside the encrypted one": row("assertion_count", "assertion_count", testEncryption{after: func(s string) string { return s + forged() }}),
		"T-XML-24 two encrypted assertions":                   row("assertion_count", "assertion_count", testEncryption{after: func(s string) string { return s + "<saml:EncryptedAssertion/>" }}),
		"T-XML-24 encrypted within encrypted": row("assertion_count", "encrypted_assertion_count", plain(func(string) string {
			return `<saml:EncryptedAssertion xmlns:saml="` + nsAssertion + `"/>`
		})),
		"T-XML-24 an assertion in the advice of the encrypted one": row("assertion_count", "encrypted_assertion_count", plain(func(s string) string {
			return swap(s, "<saml:AuthnStatement", "<saml:Advice>"+forged()+"</saml:Advice><saml:AuthnStatement")
		})),
		"T-XML-24 an assertion inside something else": row("assertion_count", "encrypted_assertion_count", plain(func(s string) string {
			return "<x>" + s + "</x>"
		})),
		"T-XML-24 no assertion inside": row("assertion_count", "encrypted_assertion_count", plain(func(string) string { return "<x/>" })),
		"T-XML-24 two roots inside":    row("assertion_count", "decryption", plain(func(s string) string { return s + s })),
		"T-XML-24 a DTD inside":        row("dtd", "decryption", plain(func(s string) string { return "<!DOCTYPE x>" + s })),
		"T-XML-24 too deep inside":     row("limit", "decryption", plain(func(string) string { return strings.Repeat("<x>", 33) })),
		"T-XML-24 the encrypted assertion not in its place": row("reference_not_consumed", "assertion_place", testEncryption{after: func(s string) string {
			return "<samlp:Extensions>" + s + "</samlp:Extensions>"
		}}),
		"T-XML-10 an ID inside that is also outside": row("duplicate_id", "encrypted_unique_ids", plain(func(s string) string {
			return swap(s, "<saml:Subject>", `<saml:Subject Id="_response1">`)
		})),
		"T-XML-07 a stray signature inside": row("reference_not_consumed", "encrypted_signature_place", plain(func(s string) string {
			return swap(s, "<saml:Subject>", `<saml:Subject><ds:Signature xmlns:ds="`+nsDSig+`"/>`)
		})),
		"T-XML-07 a stray signature beside the data": row("reference_not_consumed", "signature_place", testEncryption{after: func(s string) string {
			return swap(s, "</saml:EncryptedAssertion>", `<ds:Signature xmlns:ds="`+nsDSig+`"/></saml:EncryptedAssertion>`)
		}}),
		"T-XML-22 a broken signature inside a signed response": {
			idp: func(p *testIDP) {
				p.sign = []string{"_assertion1", "_response1"}
				p.encrypt = &testEncryption{plain: func(s string) string { return swap(s, testNameID, "eve") }}
			},
			reason: "signature", check: "assertion_signature",
		},
		"T-XML-06 the NameID inside changed": row("signature", "assertion_signature", plain(func(s string) string { return swap(s, testNameID, "eve") })),
		"T-XML-18 Triple DES":                row("algorithm", "decryption", testEncryption{cipher: nsXEnc + "tripledes-cbc"}),
		"T-XML-18 RSA 1.5":                   row("algorithm", "decryption", testEncryption{transport: nsXEnc + "rsa-1_5"}),
		"T-XML-27 an unknown cipher":         row("algorithm", "decryption", after(nsXEnc11+"aes256-gcm", nsXEnc11+"aes256-ocb")),
		"T-XML-27 an unknown digest of OAEP": row("algorithm", "decryption", testEncryption{params: `<ds:DigestMethod Algorithm="urn:x"/>`}),
		"T-XML-27 an unknown mask of OAEP": row("algorithm", "decryption", testEncryption{
			transport: nsXEnc11 + "rsa-oaep", params: `<x:MGF xmlns:x="` + nsXEnc11 + `" Algorithm="urn:x"/>`,
		}),
		"T-XML-27 an odd label of OAEP":     row("signature_malformed", "decryption", testEncryption{params: `<xenc:OAEPparams><x/></xenc:OAEPparams>`}),
		"T-XML-05 a comment in CipherValue": row("signature_malformed", "decryption", after("</xenc:CipherValue>", "<!-- x --></xenc:CipherValue>")),
		"T-XML-05 a comment in the data's CipherValue": row("signature_malformed", "decryption", testEncryption{after: func(s string) string {
			i := strings.LastIndex(s, "</xenc:CipherValue>")
			return s[:i] + "<!-- x -->" + s[i:]
		}}),
		"T-XML-18 an unknown key transport, RSA 1.5 allowed": {
			idp: encrypts(after(nsXEnc+"rsa-oaep-mgf1p", "urn:x")), expect: func(e *Expect) { e.Legacy.RSA15 = true }, reason: "algorithm", check: "decryption",
		},
		"T-XML-20 a CipherReference": row("decryption", "decryption", testEncryption{after: func(s string) string {
			i := strings.LastIndex(s, "<xenc:CipherValue>")
			j := strings.LastIndex(s, "</xenc:CipherValue>") + len("</xenc:CipherValue>")
			return s[:i] + `<xenc:CipherReference URI="file:///etc/passwd"/>` + s[j:]
		}}),
		"T-XML-26 no EncryptedData": row("decryption", "decryption", testEncryption{after: func(string) string { return "<saml:EncryptedAssertion/>" }}),
		"T-XML-26 two EncryptedData": row("decryption", "decryption", testEncryption{after: func(s string) string {
			return swap(s, "</saml:EncryptedAssertion>", `<x:EncryptedData xmlns:x="`+nsXEnc+`"/></saml:EncryptedAssertion>`)
		}}),
		"T-XML-26 no method of the data": row("decryption", "decryption", after(dataMethod, "")),
		"T-XML-26 no method of the key":  row("decryption", "decryption", after(keyMethod, "")),
		"T-XML-26 no key":                row("decryption", "decryption", testEncryption{after: func(s string) string { return without(s, part(t, s2doc(s), nsXEnc, "EncryptedKey")) }}),
		"T-XML-26 no CipherData": row("decryption", "decryption", testEncryption{after: func(s string) string {
			i := strings.LastIndex(s, "<xenc:CipherData>")
			j := strings.LastIndex(s, "</xenc:CipherData>") + len("</xenc:CipherData>")
			return s[:i] + s[j:]
		}}),
		"no decryption key": {
			idp: encrypts(testEncryption{}), expect: func(e *Expect) { e.DecryptionKeys = nil }, reason: "decryption", check: "decryption",
		},
		"T-DOS-05 the ninth key": {
			idp: encrypts(testEncryption{}),
			expect: func(e *Expect) {
				e.DecryptionKeys = nil
				for range 8 {
					e.DecryptionKeys = append(e.DecryptionKeys, alpha().key)
				}
				e.DecryptionKeys = append(e.DecryptionKeys, beta().key)
			},
			reason: "decryption", check: "decryption",
		},
	})
}

// s2doc declares the prefixes around a fragment of the fixture.
func s2doc(s string) string { return `<x xmlns:saml="` + nsAssertion + `">` + s + `</x>` }

// Threats T-XML-25 to T-XML-27: whatever is wrong with a key or a ciphertext,
// the answer is the same to the letter, and nothing panics.
func TestParseResponse_OneAnswerToEveryProbe(t *testing.T) {
	t.Parallel()
	text := func(cipher string, f func(b []byte) []byte) testEncryption {
		return testEncryption{cipher: cipher, text: f}
	}
	const cbc, gcm = nsXEnc + "aes256-cbc", nsXEnc11 + "aes256-gcm"
	key := bytes.Repeat([]byte{7}, 32)
	probes := map[string]testEncryption{
		"T-XML-25 CBC, the padding spoiled":           text(cbc, func(b []byte) []byte { b[len(b)-17] ^= 0x80; return b }),
		"T-XML-25 CBC, the first block spoiled":       text(cbc, func(b []byte) []byte { b[17] ^= 1; return b }),
		"T-XML-26 CBC, an all-zero plaintext":         text(cbc, func([]byte) []byte { return sealBlock(t, key, make([]byte, 48)) }),
		"T-XML-26 CBC, an initialization vector only": text(cbc, func(b []byte) []byte { return b[:16] }),
		"T-XML-26 CBC, one byte":                      text(cbc, func(b []byte) []byte { return b[:1] }),
		"T-XML-26 CBC, an odd length":                 text(cbc, func(b []byte) []byte { return b[:len(b)-1] }),
		"T-XML-27 GCM, the tag cut":                   text(gcm, func(b []byte) []byte { return b[:len(b)-4] }),
		"T-XML-27 GCM, the tag changed":               text(gcm, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }),
		"T-XML-27 GCM, the tag missing":               text(gcm, func(b []byte) []byte { return b[:len(b)-16] }),
		"T-XML-26 GCM, shorter than the vector":       text(gcm, func(b []byte) []byte { return b[:11] }),
		"T-XML-26 GCM, the vector only":               text(gcm, func(b []byte) []byte { return b[:12] }),
		"T-XML-26 a wrapped key too short":            {session: func(b []byte) []byte { return b[:16] }},
		"T-XML-26 a wrapped key too long":             {session: func(b []byte) []byte { return append(b, b...) }},
		"T-XML-26 a wrapped key that is empty":        {session: func([]byte) []byte { return nil }},
		"T-XML-26 CBC, padding longer than all":       text(cbc, func([]byte) []byte { return sealBlock(t, key, bytes.Repeat([]byte{0xff}, 16)) }),
		"T-XML-26 a key of another cipher's size": {session: func(b []byte) []byte { return b[:16] }, text: func([]byte) []byte {
			return testEncryption{}.seal(t, blockCipher{16, aes.NewCipher, true}, key[:16], []byte("<x/>"))
		}},
		"T-XML-25 a key for somebody else":          {to: &alpha().key.PublicKey},
		"T-XML-25 RSA 1.5, a key for somebody else": {transport: nsXEnc + "rsa-1_5", to: &alpha().key.PublicKey},
		"T-XML-25 RSA 1.5, a wrapped key too short": {transport: nsXEnc + "rsa-1_5", session: func(b []byte) []byte { return b[:16] }},
		"T-XML-25 RSA 1.5, a value of one byte":     {transport: nsXEnc + "rsa-1_5", after: shortValue},
		"T-XML-25 OAEP, a value of one byte":        {after: shortValue},
		"T-XML-25 a plaintext that is no XML":       {plain: func(string) string { return "no XML" }},
		"T-XML-25 a plaintext that is not UTF-8":    {plain: func(string) string { return "\xff" }},
		"T-XML-25 a plaintext that is empty":        {plain: func(string) string { return "" }},
		"T-XML-25 CBC, a plaintext that is empty":   {cipher: cbc, plain: func(string) string { return "" }},
	}
	var first map[string]any
	for name, x := range probes {
		p := newTestIDP()
		p.encrypt = &x
		e := testExpect()
		e.Legacy.RSA15 = true
		_, err := ParseResponse([]byte(p.response(t)), e)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		got := fault.From(err).Details()
		if first == nil {
			first = got
		}
		if got["reason"] != "decryption" {
			t.Errorf("%s: reason %v", name, got["reason"])
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%s: answered differently:\n%s", name, diff)
		}
	}
}

// What can't be opened never gets as far as a parser (threats T-XML-26, T-XML-27).
func TestBlockCipher_OpensOnlyWhatItSealed(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{7}, 32)
	cbc, gcm := blockCipher{32, aes.NewCipher, false}, blockCipher{32, aes.NewCipher, true}
	sealed := testEncryption{}.seal(t, gcm, key, []byte("<x/>"))
	if plain, ok := gcm.open(key, sealed); !ok || string(plain) != "<x/>" {
		t.Errorf("opened as %q, %v", plain, ok)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	tests := map[string]struct {
		with      blockCipher
		key, text []byte
	}{
		"a GCM tag that was changed": {gcm, key, changed},
		"CBC padding of no bytes":    {cbc, key, sealBlock(t, key, make([]byte, 48))},
		"a key of no cipher's size":  {gcm, key[:5], sealed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if plain, ok := tc.with.open(tc.key, tc.text); ok {
				t.Errorf("opened as %q", plain)
			}
		})
	}
}

// An administrator is told when it is the key that is missing.
func TestParseResponse_NamesTheMissingKey(t *testing.T) {
	t.Parallel()
	p := newTestIDP()
	p.encrypt = &testEncryption{}
	e := testExpect()
	e.DecryptionKeys = nil
	got, _ := ParseResponse([]byte(p.response(t)), e)
	if c := got.Checks[len(got.Checks)-1]; !strings.Contains(c.Expected, "no decryption key") {
		t.Errorf("expected %q does not speak of the key", c.Expected)
	}
}

// A wrong key of the data can give a padding that passes. Then the next is tried.
func TestParseResponse_TriesTheNextKeyAfterGarbage(t *testing.T) {
	t.Parallel()
	var wrong []byte
	x := testEncryption{cipher: nsXEnc + "aes128-cbc"}
	x.text = func(text []byte) []byte {
		c := blockCipher{16, aes.NewCipher, false}
		for i := 0; wrong == nil; i++ {
			k := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 8)
			if _, ok := c.open(k, text); ok {
				wrong = k
			}
		}
		return text
	}
	x.after = func(s string) string {
		other := testEncryption{cipher: x.cipher, session: func([]byte) []byte { return wrong }}.apply(t, testResponse)
		return swap(s, "<xenc:EncryptedKey", swap(part(t, other, nsXEnc, "EncryptedKey"), "_key1", "_key2")+"<xenc:EncryptedKey")
	}
	acceptanceTest{idp: encrypts(x), want: wantEncrypted}.run(t)
}

// shortValue cuts the encrypted key to one byte.
func shortValue(s string) string {
	i := strings.Index(s, "<xenc:CipherValue>") + len("<xenc:CipherValue>")
	j := i + strings.Index(s[i:], "<")
	return s[:i] + "AA==" + s[j:]
}

// Vectors of the W3C and others whose keys are wrapped by RSA decrypt to what
// stands beside them.
func TestCorpus_Decryption(t *testing.T) {
	t.Parallel()
	rows := readCorpus(t, "xmlenc")
	find := func(kind, name string) []byte {
		for _, r := range rows {
			if r.Kind == kind && filepath.Base(r.Path) == name {
				return r.raw
			}
		}
		return nil
	}
	keys := corpusKeys(t, rows)
	decrypted, refused := 0, 0
	for _, r := range rows {
		name := filepath.Base(r.Path)
		want := find(r.Kind, strings.TrimSuffix(name, ".xml")+".data")
		if filepath.Ext(name) != ".xml" {
			continue
		}
		root, err := parseXML(r.raw, responseLimits())
		if err != nil {
			refused++ // a document type declaration, most often
			continue
		}
		got, err := decryptVector(root, keys)
		if err != nil {
			refused++
			if want != nil && bytes.Contains(r.raw, []byte("rsa-")) && !bytes.Contains(r.raw, []byte("hmac")) {
				t.Errorf("%s: %v", r.File, err)
			}
			continue
		}
		decrypted++
		if strings.HasPrefix(name, "bad-") {
			t.Errorf("%s was decrypted", r.File)
		}
		// The vectors and what stands beside them differ in line ends, and in how
		// they write an empty element.
		plain := strings.NewReplacer("\r\n", "\n", "></Expires>", "/>")
		if want != nil && !strings.Contains(plain.Replace(string(want)), plain.Replace(string(got))) {
			t.Errorf("%s: got %q, want a part of %q", r.File, got, want)
		}
	}
	t.Logf("%d decrypted, %d refused", decrypted, refused)
	if decrypted < 10 {
		t.Errorf("only %d vectors were decrypted", decrypted)
	}
}

// decryptVector decrypts the first EncryptedData of a document under any key.
func decryptVector(root *element, keys []*rsa.PrivateKey) (plain []byte, err error) {
	var data *element
	root.walk(func(e *element) bool {
		if e.is(nsXEnc, "EncryptedData") {
			data = e
		}
		return data == nil
	})
	if data == nil {
		return nil, os.ErrNotExist
	}
	s, err := readEncryptedData(data, nil, Legacy{TripleDES: true, RSA15: true})
	if err != nil {
		return nil, err
	}
	for _, k := range keys { // one at a time: there are more of them than a response may try
		for got := range s.plaintexts([]*rsa.PrivateKey{k}) {
			if bytes.IndexFunc(got, func(r rune) bool { return r == '\uFFFD' }) < 0 {
				return got, nil
			}
		}
	}
	return nil, os.ErrInvalid
}

// corpusKeys returns the RSA private keys among the files, in any form.
func corpusKeys(t *testing.T, rows []corpusRow) []*rsa.PrivateKey {
	t.Helper()
	var keys []*rsa.PrivateKey
	for _, r := range rows {
		der := r.raw
		if block, _ := pem.Decode(r.raw); block != nil {
			der = block.Bytes
		}
		if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			keys = append(keys, k)
		} else if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
			if k, ok := k.(*rsa.PrivateKey); ok {
				keys = append(keys, k)
			}
		}
	}
	return keys
}
