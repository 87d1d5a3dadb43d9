package saml

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The parties of the generated responses.
const (
	testIDPEntity = "https://idp.example.com/metadata"
	testSPEntity  = "https://sp.example.com/v1/saml/metadata/1"
	testACS       = "https://sp.example.com/v1/saml/acs/1"
	testRequest   = "_request1"
	testNameID    = "7f3c-ada"
)

var testNow = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// testAssertion and testResponse are what an ordinary identity provider says.
// Times are relative to testNow.
const testAssertion = `<saml:Assertion ID="_assertion1" IssueInstant="2026-11-25T09:29:59.5Z" Version="2.0">` +
	`<saml:Issuer>` + testIDPEntity + `</saml:Issuer>` +
	`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">` + testNameID + `</saml:NameID>` +
	`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">` +
	`<saml:SubjectConfirmationData InResponseTo="_request1" NotOnOrAfter="2026-11-25T09:35:00Z" Recipient="` + testACS + `"/>` +
	`</saml:SubjectConfirmation></saml:Subject>` +
	`<saml:Conditions NotBefore="2026-11-25T09:25:00Z" NotOnOrAfter="2026-11-25T09:36:00Z">` +
	`<saml:AudienceRestriction><saml:Audience>` + testSPEntity + `</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
	`<saml:AuthnStatement AuthnInstant="2026-11-25T09:29:00Z" SessionIndex="_session1" SessionNotOnOrAfter="2026-11-25T17:30:00Z">` +
	`<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
	`<saml:AttributeStatement>` +
	`<saml:Attribute Name="mail" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic" FriendlyName="e-mail">` +
	`<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">ada@acme.com</saml:AttributeValue></saml:Attribute>` +
	`<saml:Attribute Name="groups"><saml:AttributeValue>staff &amp; friends</saml:AttributeValue><saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute>` +
	`</saml:AttributeStatement></saml:Assertion>`

const testResponse = `<samlp:Response xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"` +
	` Destination="` + testACS + `" ID="_response1" InResponseTo="_request1" IssueInstant="2026-11-25T09:29:59Z" Version="2.0">` +
	`<saml:Issuer>` + testIDPEntity + `</saml:Issuer>` +
	`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
	testAssertion + `</samlp:Response>`

// testClaims is what the response above amounts to.
func testClaims() Assertion {
	return Assertion{
		ID: "_assertion1", Issuer: testIDPEntity, NameID: testNameID,
		NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", SessionIndex: "_session1",
		NotOnOrAfter:        time.Date(2026, 11, 25, 9, 35, 0, 0, time.UTC),
		AuthnInstant:        time.Date(2026, 11, 25, 9, 29, 0, 0, time.UTC),
		SessionNotOnOrAfter: time.Date(2026, 11, 25, 17, 30, 0, 0, time.UTC),
		Attributes: []Attribute{
			{Name: "mail", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", FriendlyName: "e-mail", Values: []string{"ada@acme.com"}},
			{Name: "groups", Values: []string{"staff & friends", "admins"}},
		},
		SignedBy: fingerprint(alpha().cert.Raw),
	}
}

func testExpect() Expect {
	return Expect{
		Now: testNow, IDPEntityID: testIDPEntity, SPEntityID: testSPEntity, ACSURL: testACS,
		InResponseTo: testRequest, RequestedAt: testNow.Add(-90 * time.Second),
		Certificates:   []*x509.Certificate{alpha().cert},
		DecryptionKeys: []*rsa.PrivateKey{beta().key},
	}
}

// testIDP is an identity provider that signs whatever it is told to.
type testIDP struct {
	doc     string
	sign    []string // IDs of what is signed, inner first
	with    testSignature
	encrypt *testEncryption // of the assertion, once it is signed
}

// newTestIDP signs the assertion, or what is named instead.
func newTestIDP(sign ...string) *testIDP {
	if sign == nil {
		sign = []string{"_assertion1"}
	}
	return &testIDP{doc: testResponse, sign: sign, with: testSignature{key: alpha().key, cert: alpha().cert}}
}

// replace changes what the identity provider says, which must be there to change.
func (p *testIDP) replace(old, text string) { p.doc = swap(p.doc, old, text) }

// swap is strings.Replace of the first occurrence, which must exist.
func swap(s, old, text string) string {
	if !strings.Contains(s, old) {
		panic(fmt.Sprintf("the fixture does not hold %q", old))
	}
	return strings.Replace(s, old, text, 1)
}

// response returns the document as it would be posted.
func (p *testIDP) response(t testing.TB) string {
	t.Helper()
	doc, open := p.doc, p.encrypt != nil
	for _, id := range p.sign {
		if open && id == "_response1" {
			doc, open = p.encrypt.apply(t, doc), false
		}
		doc = p.with.apply(t, doc, id)
	}
	if open {
		doc = p.encrypt.apply(t, doc)
	}
	return doc
}

// testSignature is how the identity provider signs. Zero values are the usual.
type testSignature struct {
	key          crypto.Signer
	cert         *x509.Certificate // in KeyInfo; nil for no KeyInfo
	method       string
	digestMethod string
	prefixList   string
	hash         crypto.Hash           // of the signature and the digest
	pss          bool                  // RSA-PSS
	info         func(s string) string // changes SignedInfo before it is signed
	after        func(s string) string // changes the Signature afterwards
}

// apply signs the element with the ID.
func (s testSignature) apply(t testing.TB, doc, id string) string {
	t.Helper()
	root, err := parseXML([]byte(doc), responseLimits())
	if err != nil {
		t.Fatalf("fixture: %v", err)
	}
	var e *element
	root.walk(func(x *element) bool {
		if v, _ := x.attr("ID"); v == id {
			e = x
		}
		return e == nil
	})
	if e == nil {
		t.Fatalf("fixture: no element has the ID %q", id)
	}
	if s.hash == 0 {
		s.hash = crypto.SHA256
	}
	if s.method == "" {
		s.method = algRSASHA256
	}
	if s.digestMethod == "" {
		s.digestMethod = algSHA256
	}
	inclusive := ""
	if s.prefixList != "" {
		inclusive = `<ec:InclusiveNamespaces xmlns:ec="` + nsExcC14N + `" PrefixList="` + s.prefixList + `"/>`
	}
	prefixes := strings.Fields(s.prefixList)
	for i := range prefixes {
		prefixes[i] = strings.TrimPrefix(prefixes[i], "#default")
	}
	octets := (&canonicalizer{inclusive: prefixes}).canonicalize(e)
	info := `<ds:SignedInfo xmlns:ds="` + nsDSig + `"><ds:CanonicalizationMethod Algorithm="` + algExcC14N + `"/>` +
		`<ds:SignatureMethod Algorithm="` + s.method + `"/><ds:Reference URI="#` + id + `"><ds:Transforms>` +
		`<ds:Transform Algorithm="` + algEnveloped + `"/><ds:Transform Algorithm="` + algExcC14N + `">` + inclusive + `</ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + s.digestMethod + `"/><ds:DigestValue>` +
		base64.StdEncoding.EncodeToString(hashOf(s.hash, octets)) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	if s.info != nil {
		info = s.info(info)
	}
	infoRoot, err := parseXML([]byte(info), responseLimits())
	if err != nil {
		t.Fatalf("fixture: %v", err)
	}
	value := s.value(t, hashOf(s.hash, (&canonicalizer{}).canonicalize(infoRoot)))
	signature := `<ds:Signature xmlns:ds="` + nsDSig + `">` + info +
		`<ds:SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</ds:SignatureValue>`
	if s.cert != nil {
		signature += `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(s.cert.Raw) +
			`</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	}
	signature += `</ds:Signature>`
	if s.after != nil {
		signature = s.after(signature)
	}
	at := e.start + strings.IndexByte(doc[e.start:], '>') + 1
	if issuer := e.child(nsAssertion, "Issuer"); issuer != nil {
		at = issuer.end
	}
	return doc[:at] + signature + doc[at:]
}

func (s testSignature) value(t testing.TB, hashed []byte) []byte {
	t.Helper()
	var opts crypto.SignerOpts = s.hash
	if s.pss {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.hash}
	}
	if k, ok := s.key.(*ecdsa.PrivateKey); ok {
		a, b, err := ecdsa.Sign(rand.Reader, k, hashed)
		if err != nil {
			t.Fatal(err)
		}
		size := (k.Curve.Params().BitSize + 7) / 8
		return append(a.FillBytes(make([]byte, size)), b.FillBytes(make([]byte, size))...)
	}
	value, err := s.key.Sign(rand.Reader, hashed, opts)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// testEncryption is how the identity provider encrypts. Zero values are the
// usual: AES-256-GCM, its key by RSA-OAEP inside the EncryptedData.
type testEncryption struct {
	cipher    string // URI
	transport string // URI
	oaep      *rsa.OAEPOptions
	params    string // children of the key's EncryptionMethod
	beside    bool   // the EncryptedKey stands beside the EncryptedData
	to        *rsa.PublicKey
	plain     func(s string) string // changes what is encrypted
	text      func(b []byte) []byte // changes the ciphertext
	session   func(b []byte) []byte // changes the key that is wrapped
	after     func(s string) string // changes the EncryptedAssertion
}

// apply encrypts the assertion of the document.
func (x testEncryption) apply(t testing.TB, doc string) string {
	t.Helper()
	root, err := parseXML([]byte(doc), responseLimits())
	if err != nil {
		t.Fatalf("fixture: %v", err)
	}
	e := root.child(nsAssertion, "Assertion")
	plain := swap(doc[e.start:e.end], "<saml:Assertion", `<saml:Assertion xmlns:saml="`+nsAssertion+`"`)
	if x.plain != nil {
		plain = x.plain(plain)
	}
	if x.cipher == "" {
		x.cipher = nsXEnc11 + "aes256-gcm"
	}
	c, err := contentCipher(x.cipher, Legacy{TripleDES: true})
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{7}, c.keySize)
	text := x.seal(t, c, key, []byte(plain))
	if x.text != nil {
		text = x.text(text)
	}
	if x.session != nil {
		key = x.session(key)
	}
	wrapped := x.wrap(t, key)
	encryptedKey := `<xenc:EncryptedKey xmlns:xenc="` + nsXEnc + `" xmlns:ds="` + nsDSig + `" Id="_key1"><xenc:EncryptionMethod Algorithm="` + x.transport + `">` + x.params +
		`</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(wrapped) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`
	if x.transport == "" {
		encryptedKey = swap(encryptedKey, `Algorithm=""`, `Algorithm="`+nsXEnc+`rsa-oaep-mgf1p"`)
	}
	inside, beside := encryptedKey, ""
	if x.beside {
		inside, beside = `<ds:RetrievalMethod Type="`+nsXEnc+`EncryptedKey" URI="#_key1"/>`, encryptedKey
	}
	out := `<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="` + nsXEnc + `" Type="` + nsXEnc + `Element">` +
		`<xenc:EncryptionMethod Algorithm="` + x.cipher + `"/><ds:KeyInfo xmlns:ds="` + nsDSig + `">` + inside + `</ds:KeyInfo>` +
		`<xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(text) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>` +
		beside + `</saml:EncryptedAssertion>`
	if x.after != nil {
		out = x.after(out)
	}
	return doc[:e.start] + out + doc[e.end:]
}

func (x testEncryption) seal(t testing.TB, c blockCipher, key, plain []byte) []byte {
	t.Helper()
	block, err := c.block(key)
	if err != nil {
		t.Fatal(err)
	}
	if c.gcm {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		nonce := bytes.Repeat([]byte{9}, 12)
		return aead.Seal(nonce, nonce, plain, nil)
	}
	size := block.BlockSize()
	pad := size - len(plain)%size
	plain = append(plain, make([]byte, pad)...)
	plain[len(plain)-1] = byte(pad)
	out := bytes.Repeat([]byte{9}, size+len(plain))
	cipher.NewCBCEncrypter(block, out[:size]).CryptBlocks(out[size:], plain)
	return out
}

func (x testEncryption) wrap(t testing.TB, key []byte) []byte {
	t.Helper()
	to := x.to
	if to == nil {
		to = &beta().key.PublicKey
	}
	if x.transport == nsXEnc+"rsa-1_5" {
		wrapped, err := rsa.EncryptPKCS1v15(rand.Reader, to, key) //nolint:staticcheck // as an old provider does
		if err != nil {
			t.Fatal(err)
		}
		return wrapped
	}
	o := rsa.OAEPOptions{Hash: crypto.SHA1}
	if x.oaep != nil {
		o = *x.oaep
	}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, to, key, &o)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

// sealBlock encrypts whole blocks by CBC, as they are.
func sealBlock(t testing.TB, key, plain []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 16+len(plain))
	cipher.NewCBCEncrypter(block, out[:16]).CryptBlocks(out[16:], plain)
	return out
}

// bigResponse says the same with some size in bytes.
func bigResponse(size int) string {
	const one = `<saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.5.1.1"><saml:AttributeValue>cn=a group of some length,ou=groups,dc=acme,dc=com</saml:AttributeValue></saml:Attribute>`
	doc := testResponse
	for len(doc) < size-2400 { // what a signature adds
		doc = swap(doc, "</saml:AttributeStatement>", one+"</saml:AttributeStatement>")
	}
	return doc
}

// sum is a digest for a fixture.
func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(h[:])
}
