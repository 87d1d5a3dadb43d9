package practice

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// request is what the tests below answer.
var request = Request{SP: testSP, Person: "alice@acme.test", InResponseTo: "_question", RelayState: "relay"}

func TestRespond_HonestAnswerSaysWhoAndForWhom(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	document := respond(t, i, request)
	p, _ := i.Person(alice.Login)
	for _, want := range []string{
		`<samlp:Response xmlns:samlp="` + nsProtocol + `" Destination="` + testACS + `" ID="_`,
		`InResponseTo="_question"`, `IssueInstant="2026-11-25T09:30:00.000Z"`,
		`<saml:NameID Format="` + formatPersistent + `">` + p.Subject + `</saml:NameID>`,
		`NotOnOrAfter="2026-11-25T09:35:00.000Z" Recipient="` + testACS + `"`,
		`<saml:Audience>` + testSP + `</saml:Audience>`, `SessionIndex="_`,
		`Name="mail" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic"><saml:AttributeValue>alice@acme.test<`,
		`<saml:AttributeValue>Ämter<`, `<saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>eng<`,
		`Algorithm="` + algRSASHA256 + `"`,
	} {
		if !strings.Contains(document, want) {
			t.Errorf("lacks %s:\n%s", want, document)
		}
	}
	if strings.Index(document, "<ds:Signature ") < strings.Index(document, "<saml:Assertion ") {
		t.Error("the Response is signed, not the Assertion")
	}
}

func TestRespond_FlavoursNameThingsAsTheirProvidersDo(t *testing.T) {
	t.Parallel()
	tests := map[Flavour][]string{
		Okta:      {`Name="mail"`, `Name="firstName"`, formatPersistent},
		Google:    {`Name="email"`, `Name="firstName"`, `Format="` + formatEmail + `">alice@acme.test<`},
		Microsoft: {`claims/emailaddress"`, `claims/givenname"`, `claims/surname"`, `2008/06/identity/claims/groups"`, "attrname-format:uri"},
	}
	for flavour, wants := range tests {
		document := respond(t, testIDP(t, func(c *Config) { c.Flavour = flavour }), request)
		for _, want := range wants {
			if !strings.Contains(document, want) {
				t.Errorf("%s: lacks %s", flavour, want)
			}
		}
	}
}

func TestRespond_HostileValuesStayValues(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	hostile := Person{
		Mail: `a&b<c>"d'@acme.test`, FirstName: "</saml:AttributeValue><evil/>", LastName: "nul\x00 bad\xff cr\r tab\t",
		Subject: "]]><!--", Attributes: []Attribute{{Name: `x" y="1` + "\n", Values: []string{"<?pi?>"}}},
	}
	r := request
	r.Edited, r.InResponseTo = &hostile, `_"><evil`
	document := respond(t, i, r)
	if err := wellFormed(document); err != nil {
		t.Fatalf("not well-formed: %v\n%s", err, document)
	}
	var read struct {
		InResponseTo string `xml:"InResponseTo,attr"`
		NameID       string `xml:"Assertion>Subject>NameID"`
		Attributes   []struct {
			Name   string   `xml:"Name,attr"`
			Values []string `xml:"AttributeValue"`
		} `xml:"Assertion>AttributeStatement>Attribute"`
	}
	if err := xml.Unmarshal([]byte(document), &read); err != nil {
		t.Fatal(err)
	}
	if read.InResponseTo != r.InResponseTo || read.NameID != hostile.Subject || read.Attributes[0].Values[0] != hostile.Mail ||
		read.Attributes[1].Values[0] != hostile.FirstName || read.Attributes[3].Name != hostile.Attributes[0].Name ||
		read.Attributes[2].Values[0] != "nul\uFFFD bad\uFFFD cr\r tab\t" {
		t.Errorf("got %+v", read)
	}
	verify(t, i.Certificate(), document, "Assertion", true)
}

// One honest answer comes first, for those that repeat it.
func TestMisbehaviours_EachCanBeMade(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	honest := respond(t, i, request)
	illFormed := map[string]bool{}
	for _, r := range malformedRows() {
		illFormed[r.name] = true
	}
	// encoding/xml does not read document types and what they declare.
	for _, name := range []string{"dtd", "external-entity", "entity-bomb"} {
		illFormed[name] = true
	}
	seen := map[string]bool{}
	for _, m := range Misbehaviours() {
		if seen[m.Name] || m.Group == "" || m.Says == "" || m.Threat == "" || !regexp.MustCompile(`^[a-z0-9-]+(N)?$`).MatchString(m.Name) {
			t.Errorf("%+v is incomplete or there twice", m)
		}
		seen[m.Name] = true
		r := request
		r.Misbehave = m.Name
		answer, err := i.Respond(r)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		document, err := answer.XML()
		if err != nil && m.Name != "not-base64" {
			t.Errorf("%s: %v", m.Name, err)
		}
		if answer.ACSURL != testACS || string(document) == honest && answer.RelayState == "relay" && m.Name != "replayed" {
			t.Errorf("%s changes nothing", m.Name)
		}
		if err := wellFormed(string(document)); err != nil && !illFormed[m.Name] {
			t.Errorf("%s is not well-formed: %v", m.Name, err)
		}
	}
}

func TestRespond_ReplaysThePreviousAnswer(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	r := request
	r.Misbehave = "replayed"
	if _, err := i.Respond(r); err == nil {
		t.Error("replayed an answer that was never made")
	}
	first := respond(t, i, request)
	if again := respond(t, i, r); again != first {
		t.Error("the replayed answer differs")
	}
	id := regexp.MustCompile(`<saml:Assertion xmlns:saml="[^"]*" ID="([^"]*)"`)
	r.Misbehave = "repeated-assertion-id"
	if next := respond(t, i, r); id.FindStringSubmatch(next)[1] != id.FindStringSubmatch(first)[1] || next == first {
		t.Error("the Assertion's ID is not repeated, or all is")
	}
}

func TestRespond_SkewMovesEveryTime(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	for name, want := range map[string]time.Duration{"skewed-by-60": time.Minute, "skewed-by--240": -4 * time.Minute, "skewed-by-N": time.Minute} {
		r := request
		r.Misbehave = name
		document := respond(t, i, r)
		for _, attribute := range []string{"IssueInstant", "NotBefore", "AuthnInstant"} {
			if at := attribute + `="` + stamp(testNow().Add(want)) + `"`; !strings.Contains(document, at) {
				t.Errorf("%s: lacks %s", name, at)
			}
		}
	}
	for _, name := range []string{"skewed-by-", "skewed-by-x", "no-such-thing"} {
		r := request
		r.Misbehave = name
		if _, err := i.Respond(r); err == nil {
			t.Errorf("%q: got no error", name)
		}
	}
}

func TestRespond_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	i := testIDP(t, func(c *Config) { c.SPs = append(c.SPs, SP{EntityID: "plain", ACSURL: testACS}) })
	for name, r := range map[string]Request{
		"a service provider":     {SP: "x", Person: alice.Login},
		"a person":               {SP: testSP, Person: "nobody"},
		"another ACS":            {SP: testSP, Person: alice.Login, ACSURL: "https://evil.test/"},
		"an encryption key":      {SP: "plain", Person: alice.Login, Misbehave: "encrypted"},
		"a size that is no size": {SP: testSP, Person: alice.Login, Misbehave: "huge", Param: "big"},
	} {
		if _, err := i.Respond(r); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// A second opinion on what must be accepted: xmlsec1 finds every signature good.
func TestMisbehaviours_XMLSecAcceptsWhatMustBeAccepted(t *testing.T) {
	t.Parallel()
	needXMLSec(t)
	i := testIDP(t, nil)
	for _, m := range Misbehaviours() {
		// xmlsec1 1.2 knows neither RSA-PSS nor MGF1 with SHA-256; tests of their own are below.
		if !m.Valid() || m.Name == "rsa-pss" || m.Name == "encrypted-oaep-sha256" {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			r := request
			r.Misbehave = m.Name
			document := respond(t, i, r)
			switch m.Name {
			case "encrypted-signed-outside":
				verify(t, i.Certificate(), document, "Response", true)
				return
			case "response-signed-only":
				verify(t, i.Certificate(), document, "Response", true)
				return
			case "both-signed":
				verify(t, i.Certificate(), document, "Response", true)
			case "encrypted", "encrypted-cbc":
				document = decrypt(t, document)
			}
			verify(t, i.Certificate(), document, "Assertion", true)
		})
	}
}

// And on damage: xmlsec1 finds these signatures bad.
func TestMisbehaviours_XMLSecRefusesDamage(t *testing.T) {
	t.Parallel()
	needXMLSec(t)
	i := testIDP(t, nil)
	for name, signed := range map[string]string{
		"wrong-key": "Assertion", "rolled-over-key": "Assertion", "tampered-attribute": "Assertion",
		"broken-inner-signature": "Assertion", "broken-outer-signature": "Response",
		"empty-signature": "Assertion", "empty-signature-value": "Assertion", "short-signature-value": "Assertion",
		"stripped-digest": "Assertion", "no-signedinfo": "Assertion", "two-signedinfo": "Assertion",
		"signature-twice": "Assertion", "hmac-confusion": "Assertion", "unknown-algorithm": "Assertion", "unsigned": "Assertion",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request
			r.Misbehave = name
			verify(t, i.Certificate(), respond(t, i, r), signed, false)
		})
	}
}

// Some attacks and oddities carry a signature that is right, so that a
// service provider which stops there lets them in. xmlsec1 does stop there.
func TestMisbehaviours_AttacksCarryRightSignatures(t *testing.T) {
	t.Parallel()
	needXMLSec(t)
	i := testIDP(t, nil)
	names := []string{
		"transform-xpath", "transform-inclusive", "transform-comments", "many-prefixes", "reference-twice", "reference-empty", "reference-pointer",
		"unknown-condition", "processing-instruction", "comment-truncation", "sha1", "sha1-digest", "duplicate-lower-id",
		"broken-inner-signature", "missing-destination", "status-failed-with-assertion",
	}
	for _, r := range wrappingRows() {
		// These three hide what is signed inside the signature itself, where
		// xmlsec1 is stricter than those whom the attack was made for.
		if r.name != "xsw-1" && r.name != "xsw-6" && r.name != "xsw-8" {
			names = append(names, r.name)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request
			r.Misbehave = name
			verify(t, i.Certificate(), respond(t, i, r), "", true)
		})
	}
}

func TestMisbehaviours_PSSSignatureIsRight(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	r := request
	r.Misbehave = "rsa-pss"
	document := respond(t, i, r)
	info := strings.Replace(between(document, "<ds:SignedInfo>", "</ds:SignedInfo>"), "<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="`+nsSignature+`">`, 1)
	value := strings.TrimSuffix(strings.TrimPrefix(between(document, "<ds:SignatureValue>", "</ds:SignatureValue>"), "<ds:SignatureValue>"), "</ds:SignatureValue>")
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(info))
	if err := rsa.VerifyPSS(&i.Key().PublicKey, crypto.SHA256, sum[:], raw, nil); err != nil {
		t.Error(err)
	}
}

func TestMisbehaviours_EncryptedWithSHA256CanBeRead(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	r := request
	r.Misbehave = "encrypted-oaep-sha256"
	values := regexp.MustCompile(`<xenc:CipherValue>([^<]*)<`).FindAllStringSubmatch(respond(t, i, r), -1)
	if len(values) != 2 {
		t.Fatalf("%d CipherValues", len(values))
	}
	wrapped, _ := base64.StdEncoding.DecodeString(values[0][1])
	sealed, _ := base64.StdEncoding.DecodeString(values[1][1])
	key, err := rsa.DecryptOAEP(sha256.New(), nil, testReceiver().key, wrapped, nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := gcm.Open(nil, sealed[:12], sealed[12:], nil)
	if err != nil {
		t.Fatal(err)
	}
	verify(t, i.Certificate(), string(assertion), "Assertion", true)
}

func TestRespond_RolledOverKeyIsTheNextOne(t *testing.T) {
	t.Parallel()
	needXMLSec(t)
	i := testIDP(t, nil)
	r := request
	r.Misbehave = "rolled-over-key"
	next, err := i.NextCertificate()
	if err != nil {
		t.Fatal(err)
	}
	verify(t, next, respond(t, i, r), "Assertion", true)
}

// The honest digest, computed once more over the text as it stands: what is
// written is in canonical form already.
func TestRespond_DigestIsOverTheTextAsWritten(t *testing.T) {
	t.Parallel()
	document := respond(t, testIDP(t, nil), request)
	assertion := between(document, "<saml:Assertion ", "</saml:Assertion>")
	sum := sha256.Sum256([]byte(strings.Replace(assertion, between(assertion, "<ds:Signature ", "</ds:Signature>"), "", 1)))
	if want := "<ds:DigestValue>" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(document, want) {
		t.Errorf("lacks %s", want)
	}
}

func needXMLSec(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		t.Skip("xmlsec1 is not installed")
	}
}

// verify asks xmlsec1 about the signature in the element so named (empty: the
// first signature) and wants it to be good or not.
func verify(t *testing.T, cert *x509.Certificate, document, element string, want bool) {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		return
	}
	path := "(//*[local-name()='Signature'])[1]"
	if element != "" {
		path = "//*[local-name()='" + element + "']/*[local-name()='Signature']"
	}
	dir := t.TempDir()
	certFile, file := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "response.xml")
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	write(t, file, []byte(document))
	out, err := exec.CommandContext(t.Context(), "xmlsec1", "--verify", "--enabled-key-data", "rsa", "--pubkey-cert-pem", certFile,
		"--id-attr:ID", nsAssertion+":Assertion", "--id-attr:ID", nsProtocol+":Response",
		"--node-xpath", path, file).CombinedOutput()
	if (err == nil) != want {
		t.Errorf("xmlsec1: %v, want good=%v\n%s", err, want, out)
	}
}

// decrypt has xmlsec1 decrypt the Assertion.
func decrypt(t *testing.T, document string) string {
	t.Helper()
	dir := t.TempDir()
	keyFile, file := filepath.Join(dir, "key.pem"), filepath.Join(dir, "response.xml")
	der, err := x509.MarshalPKCS8PrivateKey(testReceiver().key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	write(t, file, []byte(document))
	command := exec.CommandContext(t.Context(), "xmlsec1", "--decrypt", "--privkey-pem", keyFile, file)
	var out, problem bytes.Buffer
	command.Stdout, command.Stderr = &out, &problem
	if err := command.Run(); err != nil {
		t.Fatalf("xmlsec1: %v\n%s", err, problem.String())
	}
	return out.String()
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
