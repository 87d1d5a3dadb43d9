package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
)

// refusalTest is a response that must be refused: what the identity provider
// does, what happens to it on the way, and what was expected of it.
type refusalTest struct {
	idp    func(p *testIDP)
	tamper func(doc string) string
	expect func(e *Expect)
	reason string
	check  string // that refuses
}

// run also proves that the refusal can be shown to an administrator.
func (r refusalTest) run(t *testing.T) {
	t.Helper()
	p := newTestIDP()
	if r.idp != nil {
		r.idp(p)
	}
	doc := p.response(t)
	if r.tamper != nil {
		doc = r.tamper(doc)
	}
	e := testExpect()
	if r.expect != nil {
		r.expect(&e)
	}
	got, err := ParseResponse([]byte(doc), e)
	if err == nil {
		t.Fatalf("accepted %+v\n%s", got.Assertion, doc)
	}
	f := fault.From(err)
	if f.Code() != fault.SAMLResponseInvalid || f.Reason() != r.reason {
		t.Errorf("refused with %s %q, want reason %q: %v", f.Code(), f.Reason(), r.reason, err)
	}
	if got.Assertion != nil {
		t.Errorf("a refused response has the assertion %+v", got.Assertion)
	}
	for i, c := range got.Checks {
		last := i == len(got.Checks)-1
		if c.Passed == last {
			t.Errorf("check %d of %d, %s: passed is %v", i+1, len(got.Checks), c.Name, c.Passed)
		}
		if c.Plain == "" || last == (c.Fix == "") {
			t.Errorf("check %s has plain words %q, fix %q", c.Name, c.Plain, c.Fix)
		}
	}
	c := got.Checks[len(got.Checks)-1]
	if c.Name != r.check {
		t.Errorf("refused by the check %q, want %q", c.Name, r.check)
	}
	if d := f.Details(); d["expected"] != c.Expected || d["received"] != c.Received || c.Expected+c.Received == "" {
		t.Errorf("details %v do not repeat the check %+v", d, c)
	}
}

func runRefusals(t *testing.T, tests map[string]refusalTest) {
	t.Helper()
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.run(t)
		})
	}
}

// does makes the identity provider say something else.
func does(old, text string) func(*testIDP) {
	return func(p *testIDP) { p.replace(old, text) }
}

// signsResponse makes it sign the response, and say something else.
func signsResponse(old, text string) func(*testIDP) {
	return func(p *testIDP) {
		p.sign = []string{"_response1"}
		p.replace(old, text)
	}
}

// tampers changes the message after it was signed.
func tampers(old, text string) func(string) string {
	return func(doc string) string { return swap(doc, old, text) }
}

// signsInfo signs a changed SignedInfo: the signature is genuine.
func signsInfo(old, text string) func(*testIDP) {
	return func(p *testIDP) { p.with.info = func(s string) string { return swap(s, old, text) } }
}

// part returns the text of the first element with the expanded name.
func part(t testing.TB, doc, space, local string) string {
	t.Helper()
	root, err := parseXML([]byte(doc), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	root.walk(func(e *element) bool {
		if e.is(space, local) {
			text = doc[e.start:e.end]
		}
		return text == ""
	})
	if text == "" {
		t.Fatalf("no %s in %s", local, doc)
	}
	return text
}

// without cuts the first occurrence of a text out.
func without(doc, text string) string { return swap(doc, text, "") }

// forged is the assertion that an attacker would like to be read.
func forged() string {
	return strings.NewReplacer(testNameID, "eve", "_assertion1", "_evil").Replace(testAssertion)
}

func TestParseResponse_RefusesHostileDocuments(t *testing.T) {
	t.Parallel()
	prolog := func(s string) func(string) string { return func(doc string) string { return s + doc } }
	runRefusals(t, map[string]refusalTest{
		"T-XML-01 external entity":  {tamper: prolog(`<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>`), reason: "dtd", check: "xml"},
		"T-XML-01 parameter entity": {tamper: prolog(`<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]>`), reason: "dtd", check: "xml"},
		"T-XML-01 billion laughs":   {tamper: prolog(`<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>`), reason: "dtd", check: "xml"},
		"T-XML-01 default ID":       {tamper: prolog(`<!DOCTYPE r [<!ATTLIST r ID CDATA "_assertion1">]>`), reason: "dtd", check: "xml"},
		"T-XML-02 undeclared entity": {
			tamper: tampers(testNameID, "&nbsp;"), reason: "not_well_formed", check: "xml",
		},
		"T-XML-02 reference to NUL": {tamper: tampers(testNameID, "ada&#0;"), reason: "not_well_formed", check: "xml"},
		"T-XML-03 processing instruction in the NameID": {
			tamper: tampers(testNameID, "eve@acme.com<?p -an-?>"+testNameID), reason: "processing_instruction", check: "xml",
		},
		"T-XML-03 processing instruction after the root": {
			tamper: func(doc string) string { return doc + "<?xml-stylesheet href='x'?>" }, reason: "processing_instruction", check: "xml",
		},
		"T-XML-10 two equal attributes": {
			tamper: tampers(`ID="_response1"`, `ID="_response1" ID="_response1"`), reason: "not_well_formed", check: "xml",
		},
		"T-XML-10 two equal IDs": {
			idp: does("<samlp:Status>", `<samlp:Extensions><x ID="_assertion1"/></samlp:Extensions><samlp:Status>`), reason: "duplicate_id", check: "unique_ids",
		},
		"T-XML-10 an Id equal to an ID": {
			idp: does("<samlp:Status>", `<samlp:Status Id="_assertion1">`), reason: "duplicate_id", check: "unique_ids",
		},
		"T-XML-10 an xml:id equal to an ID": {
			idp: does("<samlp:Status>", `<samlp:Status xml:id="_assertion1">`), reason: "duplicate_id", check: "unique_ids",
		},
		"T-XML-10 a prefixed ID equal to the ID beside it": {
			idp:    does(`<saml:Assertion ID="_assertion1"`, `<saml:Assertion xmlns:evil="urn:evil" evil:ID="_assertion1" ID="_assertion1"`),
			reason: "duplicate_id", check: "unique_ids",
		},
		"T-XML-12 the prefix xmlns bound": {
			tamper: tampers("<samlp:Status>", `<samlp:Status xmlns:xmlns="urn:x">`), reason: "namespace", check: "xml",
		},
		"T-XML-12 an undeclared prefix": {tamper: tampers("<samlp:Status>", `<samlp:Status y:z="">`), reason: "namespace", check: "xml"},
		"T-XML-12 a response of another namespace": {
			tamper: tampers("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.0:protocol"), reason: "namespace", check: "document",
		},
		"T-XML-12 an assertion of another namespace": {
			idp: func(p *testIDP) {
				p.sign = []string{"_response1"}
				p.doc = strings.NewReplacer("<saml:Assertion", `<evil:Assertion xmlns:evil="urn:evil"`, "</saml:Assertion", "</evil:Assertion").Replace(p.doc)
			},
			reason: "assertion_count", check: "assertion_count",
		},
		"T-XML-13 a relative namespace name": {
			tamper: tampers("<samlp:Status>", `<samlp:Status xmlns:x="relative">`), reason: "canonicalization", check: "xml",
		},
		"T-XML-29 UTF-16": {
			tamper: func(doc string) string { return "\xff\xfe" + strings.Join(strings.Split(doc, ""), "\x00") }, reason: "encoding", check: "xml",
		},
		"T-XML-29 Latin-1": {tamper: prolog(`<?xml version="1.0" encoding="ISO-8859-1"?>`), reason: "encoding", check: "xml"},
		"T-XML-30 two roots": {
			tamper: func(doc string) string { return doc + doc }, reason: "not_well_formed", check: "xml",
		},
		"T-XML-30 text after the root": {tamper: func(doc string) string { return doc + "x" }, reason: "not_well_formed", check: "xml"},
		"T-XML-30 an empty body":       {tamper: func(string) string { return "" }, reason: "not_well_formed", check: "xml"},
		"T-DOS-03 a canonical form over the limits": {
			idp: func(p *testIDP) {
				signsIt(p)
				p.replace("<samlp:Status>", "<samlp:Extensions>"+strings.Repeat("<x>"+strings.Repeat(">", 10_000)+"</x>", 12)+"</samlp:Extensions><samlp:Status>")
			}, reason: "limit", check: "response_signature",
		},
		"T-DOS-03 too many elements": {
			tamper: tampers("<samlp:Status>", "<samlp:Extensions>"+strings.Repeat("<x/>", 10_000)+"</samlp:Extensions><samlp:Status>"), reason: "limit", check: "xml",
		},
	})
}

// Threat T-XML-07: whatever is wrapped around, beside or inside of what is
// signed, only what is signed is read, and then only in its place.
func TestParseResponse_RefusesWrappedSignatures(t *testing.T) {
	t.Parallel()
	extension := func(s string) string { return "<samlp:Extensions>" + s + "</samlp:Extensions>" }
	// signed returns the parts of a response: the signed assertion, the same
	// without its signature, and the signature.
	signed := func(doc string) (a, bare, signature string) {
		a = part(t, doc, nsAssertion, "Assertion")
		signature = part(t, doc, nsDSig, "Signature")
		return a, without(a, signature), signature
	}
	object := func(signature, content string) string {
		return swap(signature, "</ds:Signature>", "<ds:Object>"+content+"</ds:Object></ds:Signature>")
	}
	evilResponse := func() string {
		return strings.NewReplacer("_response1", "_evilresponse", testAssertion, forged()).Replace(testResponse)
	}
	const issuer = "<saml:Issuer>" + testIDPEntity + "</saml:Issuer>"
	runRefusals(t, map[string]refusalTest{
		"T-XML-07 XSW 1: the signed response inside the forged one's signature": {idp: signsIt, tamper: func(doc string) string {
			signature := part(t, doc, nsDSig, "Signature")
			return swap(evilResponse(), issuer, issuer+swap(signature, "</ds:Signature>", without(doc, signature)+"</ds:Signature>"))
		}, reason: "assertion_count", check: "assertion_count"},
		"T-XML-07 XSW 2: the signed response before its signature in the forged one": {idp: signsIt, tamper: func(doc string) string {
			signature := part(t, doc, nsDSig, "Signature")
			return swap(evilResponse(), issuer, issuer+without(doc, signature)+signature)
		}, reason: "assertion_count", check: "assertion_count"},
		"T-XML-07 XSW 3: a forged assertion before": {
			tamper: func(doc string) string { return swap(doc, "<saml:Assertion", forged()+"<saml:Assertion") },
			reason: "assertion_count", check: "assertion_count",
		},
		"T-XML-07 XSW 4: a forged assertion around": {tamper: func(doc string) string {
			a, _, _ := signed(doc)
			return swap(doc, a, swap(forged(), "</saml:Assertion>", a+"</saml:Assertion>"))
		}, reason: "assertion_count", check: "assertion_count"},
		"T-XML-07 XSW 5: the signature in the forged assertion, the signed one behind": {tamper: func(doc string) string {
			a, bare, signature := signed(doc)
			return swap(doc, a, swap(forged(), issuer, issuer+signature)+bare)
		}, reason: "assertion_count", check: "assertion_count"},
		"T-XML-07 XSW 6: the signed assertion inside the signature of the forged one": {tamper: func(doc string) string {
			a, bare, signature := signed(doc)
			return swap(doc, a, swap(forged(), issuer, issuer+swap(signature, "</ds:Signature>", bare+"</ds:Signature>")))
		}, reason: "assertion_count", check: "assertion_count"},
		"T-XML-07 XSW 7: a forged assertion in Extensions": {
			tamper: func(doc string) string { return swap(doc, "<samlp:Status>", extension(forged())+"<samlp:Status>") },
			reason: "assertion_count", check: "assertion_count",
		},
		"T-XML-07 XSW 8: the signed assertion in an Object of the forged one's signature": {tamper: func(doc string) string {
			a, bare, signature := signed(doc)
			return swap(doc, a, swap(forged(), issuer, issuer+object(signature, bare)))
		}, reason: "assertion_count", check: "assertion_count"},
		"T-XML-07 a forged assertion in Advice": {
			idp: does("<saml:AuthnStatement", "<saml:Advice>"+forged()+"</saml:Advice><saml:AuthnStatement"), reason: "assertion_count", check: "assertion_count",
		},
		"T-XML-07 a forged assertion in StatusDetail": {
			tamper: tampers("</samlp:Status>", "<samlp:StatusDetail>"+forged()+"</samlp:StatusDetail></samlp:Status>"),
			reason: "assertion_count", check: "assertion_count",
		},
		"T-XML-07 no assertion": {
			idp:    func(p *testIDP) { p.doc, p.sign = without(p.doc, testAssertion), []string{"_response1"} },
			reason: "assertion_count", check: "assertion_count",
		},
		"T-XML-07 the signed assertion moved into Extensions": {tamper: func(doc string) string {
			a, _, _ := signed(doc)
			return swap(without(doc, a), "<samlp:Status>", extension(a)+"<samlp:Status>")
		}, reason: "reference_not_consumed", check: "assertion_place"},
		"T-XML-07 the signature moved into Extensions": {tamper: func(doc string) string {
			_, _, signature := signed(doc)
			return swap(without(doc, signature), "<samlp:Status>", extension(signature)+"<samlp:Status>")
		}, reason: "reference_not_consumed", check: "signature_place"},
		"T-XML-07 the assertion's signature moved to the response": {tamper: func(doc string) string {
			_, _, signature := signed(doc)
			return swap(without(doc, signature), "<samlp:Status>", signature+"<samlp:Status>")
		}, reason: "reference", check: "response_signature"},
		"T-XML-07 the signed content renamed, a forged assertion in its place": {tamper: func(doc string) string {
			a, _, _ := signed(doc)
			kept := strings.NewReplacer("<saml:Assertion", "<saml:Kept", "</saml:Assertion", "</saml:Kept").Replace(a)
			return swap(doc, a, forged()+kept)
		}, reason: "reference_not_consumed", check: "signature_place"},
		"T-XML-08 a second signature on the assertion": {tamper: func(doc string) string {
			_, _, signature := signed(doc)
			return swap(doc, signature, signature+signature)
		}, reason: "signature_count", check: "assertion_signature"},
		"T-XML-08 a second signature on the response": {idp: signsIt, tamper: func(doc string) string {
			signature := part(t, doc, nsDSig, "Signature")
			return swap(doc, signature, signature+signature)
		}, reason: "signature_count", check: "response_signature"},
		"T-XML-08 a second signature with a forged assertion in its Object": {tamper: func(doc string) string {
			_, _, signature := signed(doc)
			return swap(doc, signature, signature+object(signature, forged()))
		}, reason: "assertion_count", check: "assertion_count"},
		"T-XML-08 an Object in the signature": {tamper: func(doc string) string {
			_, _, signature := signed(doc)
			return swap(doc, signature, object(signature, "<x/>"))
		}, reason: "signature_count", check: "assertion_signature"},
		"T-XML-09 a signed LogoutResponse": {idp: func(p *testIDP) {
			signsIt(p)
			p.doc = strings.NewReplacer("<samlp:Response", "<samlp:LogoutResponse", "</samlp:Response", "</samlp:LogoutResponse").Replace(p.doc)
		}, reason: "reference_not_consumed", check: "document"},
		"T-XML-09 signed metadata in Extensions of an unsigned response": {idp: func(p *testIDP) {
			p.sign = []string{"_metadata1"}
			p.replace("<samlp:Status>", extension(`<md:EntityDescriptor xmlns:md="`+nsMetadata+`" ID="_metadata1"></md:EntityDescriptor>`)+"<samlp:Status>")
		}, reason: "reference_not_consumed", check: "signature_place"},
		"T-XML-09 a signed response that reports an error": {
			idp: signsResponse("status:Success", "status:Responder"), reason: "status", check: "status",
		},
	})
}

// A signature says exactly one thing in exactly one form.
func TestParseResponse_RefusesOddSignatures(t *testing.T) {
	t.Parallel()
	after := func(old, text string) func(*testIDP) {
		return func(p *testIDP) { p.with.after = func(s string) string { return swap(s, old, text) } }
	}
	cut := func(from, to, text string) func(*testIDP) {
		return func(p *testIDP) {
			p.with.after = func(s string) string {
				i := strings.Index(s, from)
				j := i + strings.Index(s[i:], to) + len(to)
				return s[:i] + text + s[j:]
			}
		}
	}
	const infoOpen = `<ds:SignedInfo xmlns:ds="` + nsDSig + `">`
	const exc = `<ds:Transform Algorithm="` + algExcC14N + `"></ds:Transform>`
	prefixes := func(list string) func(*testIDP) {
		return signsInfo(exc, `<ds:Transform Algorithm="`+algExcC14N+`"><ec:InclusiveNamespaces xmlns:ec="`+nsExcC14N+`" PrefixList="`+list+`"/></ds:Transform>`)
	}
	tests := map[string]refusalTest{}
	for name, r := range map[string]struct {
		reason string
		idp    func(*testIDP)
	}{
		"T-XML-05 a comment in DigestValue":             {"signature_malformed", signsInfo("</ds:DigestValue>", "<!-- x --></ds:DigestValue>")},
		"T-XML-05 a CDATA section in DigestValue":       {"signature_malformed", cut("<ds:DigestValue>", "</ds:DigestValue>", "<ds:DigestValue><![CDATA["+sum("x")+"]]></ds:DigestValue>")},
		"T-XML-05 a child in DigestValue":               {"signature_malformed", signsInfo("</ds:DigestValue>", "<x/></ds:DigestValue>")},
		"T-XML-05 an empty DigestValue":                 {"signature_malformed", cut("<ds:DigestValue>", "</ds:DigestValue>", "<ds:DigestValue/>")},
		"T-XML-05 a DigestValue that is white space":    {"signature_malformed", cut("<ds:DigestValue>", "</ds:DigestValue>", "<ds:DigestValue> </ds:DigestValue>")},
		"T-XML-05 a DigestValue that is not base64":     {"signature_malformed", cut("<ds:DigestValue>", "</ds:DigestValue>", "<ds:DigestValue>*</ds:DigestValue>")},
		"T-XML-05 a comment in SignatureValue":          {"signature_malformed", after("</ds:SignatureValue>", "<!-- x --></ds:SignatureValue>")},
		"T-XML-05 no SignedInfo":                        {"signature_malformed", cut("<ds:SignedInfo", "</ds:SignedInfo>", "")},
		"T-XML-05 two SignedInfo":                       {"signature_malformed", after("<ds:SignatureValue>", infoOpen+"</ds:SignedInfo><ds:SignatureValue>")},
		"T-XML-05 SignedInfo not first":                 {"signature_malformed", after(`xmldsig#">`+infoOpen, `xmldsig#"><ds:KeyInfo/>`+infoOpen)},
		"T-XML-05 text in Signature":                    {"signature_malformed", after(infoOpen, "x"+infoOpen)},
		"T-XML-05 text in SignedInfo":                   {"signature_malformed", signsInfo(infoOpen, infoOpen+"x")},
		"T-XML-05 text in Reference":                    {"signature_malformed", signsInfo("<ds:Transforms>", "x<ds:Transforms>")},
		"T-XML-05 a fourth child":                       {"signature_malformed", after("</ds:Signature>", "<ds:KeyInfo/></ds:Signature>")},
		"T-XML-05 SignedInfo of another namespace":      {"signature_malformed", after(infoOpen, `<ds:SignedInfo xmlns:ds="urn:evil">`)},
		"T-XML-05 a DigestValue that is base64 in part": {"signature_malformed", cut("<ds:DigestValue>", "</ds:DigestValue>", "<ds:DigestValue>AAAA*</ds:DigestValue>")},
		"T-XML-05 a third child that is no KeyInfo": {"signature_malformed", func(p *testIDP) {
			p.with.cert = nil
			p.with.after = func(s string) string { return swap(s, "</ds:Signature>", "<ds:X/></ds:Signature>") }
		}},
		"T-XML-05 a SignatureValue by another name": {"signature_malformed", func(p *testIDP) {
			p.with.after = func(s string) string { return strings.ReplaceAll(s, "ds:SignatureValue", "ds:Value") }
		}},
		"T-XML-05 a DigestValue by another name": {"signature_malformed", func(p *testIDP) {
			p.with.info = func(s string) string { return strings.ReplaceAll(s, "ds:DigestValue", "ds:Value") }
		}},
		"T-XML-05 a CanonicalizationMethod by another name":     {"signature_malformed", signsInfo("ds:CanonicalizationMethod", "ds:Canonical")},
		"T-XML-31 no DigestValue":                               {"signature_malformed", cut("<ds:DigestValue>", "</ds:DigestValue>", "")},
		"T-XML-31 an empty Reference":                           {"signature_malformed", cut("<ds:Transforms>", "</ds:DigestValue>", "")},
		"T-XML-31 no SignatureValue":                            {"signature_malformed", cut("<ds:SignatureValue>", "</ds:Signature>", "</ds:Signature>")},
		"T-XML-31 no CanonicalizationMethod":                    {"signature_malformed", signsInfo(`<ds:CanonicalizationMethod Algorithm="`+algExcC14N+`"/>`, "")},
		"T-XML-31 no Reference":                                 {"signature_malformed", cut("<ds:Reference ", "</ds:Reference>", "")},
		"T-XML-31 no DigestMethod":                              {"signature_malformed", signsInfo(`<ds:DigestMethod Algorithm="`+algSHA256+`"/>`, "")},
		"T-XML-31 no Algorithm on SignatureMethod":              {"signature_malformed", signsInfo(`<ds:SignatureMethod Algorithm=`, `<ds:SignatureMethod X=`)},
		"T-XML-31 no Algorithm on DigestMethod":                 {"signature_malformed", signsInfo(`<ds:DigestMethod Algorithm=`, `<ds:DigestMethod X=`)},
		"T-XML-31 no Algorithm on CanonicalizationMethod":       {"signature_malformed", signsInfo(`<ds:CanonicalizationMethod Algorithm=`, `<ds:CanonicalizationMethod X=`)},
		"T-XML-13 the digest of nothing":                        {"canonicalization", cut("<ds:DigestValue>", "</ds:DigestValue>", "<ds:DigestValue>"+sum("")+"</ds:DigestValue>")},
		"T-XML-14 an empty URI":                                 {"reference", signsInfo(`URI="#_assertion1"`, `URI=""`)},
		"T-XML-14 no URI":                                       {"reference", signsInfo(`URI="#_assertion1"`, ``)},
		"T-XML-14 an XPointer":                                  {"reference", signsInfo(`URI="#_assertion1"`, `URI="#xpointer(id('_assertion1'))"`)},
		"T-XML-14 a file":                                       {"reference", signsInfo(`URI="#_assertion1"`, `URI="file:///etc/passwd"`)},
		"T-XML-14 a URL":                                        {"reference", signsInfo(`URI="#_assertion1"`, `URI="http://127.0.0.1/x"`)},
		"T-XML-14 a dangling reference":                         {"reference", signsInfo(`URI="#_assertion1"`, `URI="#_none"`)},
		"T-XML-14 the response's ID on the assertion's":         {"reference", signsInfo(`URI="#_assertion1"`, `URI="#_response1"`)},
		"T-XML-14 an ID in other case":                          {"reference", signsInfo(`URI="#_assertion1"`, `URI="#_ASSERTION1"`)},
		"T-XML-14 two References":                               {"reference", signsInfo("</ds:SignedInfo>", `<ds:Reference URI="#_response1"/></ds:SignedInfo>`)},
		"T-XML-15 inclusive canonicalization of SignedInfo":     {"transform", signsInfo(`Method Algorithm="`+algExcC14N, `Method Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315`)},
		"T-XML-15 canonicalization of SignedInfo with comments": {"transform", signsInfo(`Method Algorithm="`+algExcC14N, `Method Algorithm="`+algExcC14N+`WithComments`)},
		"T-XML-15 canonicalization with comments":               {"transform", signsInfo(`Transform Algorithm="`+algExcC14N, `Transform Algorithm="`+algExcC14N+`WithComments`)},
		"T-XML-15 inclusive canonicalization":                   {"transform", signsInfo(`Transform Algorithm="`+algExcC14N, `Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315`)},
		"T-XML-15 XSLT":                                         {"transform", signsInfo(algEnveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116")},
		"T-XML-15 XPath":                                        {"transform", signsInfo(algEnveloped, "http://www.w3.org/TR/1999/REC-xpath-19991116")},
		"T-XML-15 an XPath filter inside enveloped-signature":   {"transform", signsInfo(`enveloped-signature"/>`, `enveloped-signature"><x/></ds:Transform>`)},
		"T-XML-15 a third transform":                            {"transform", signsInfo("</ds:Transforms>", exc+"</ds:Transforms>")},
		"T-XML-15 one transform":                                {"transform", signsInfo(`<ds:Transform Algorithm="`+algEnveloped+`"/>`, "")},
		"T-XML-15 no transforms":                                {"transform", signsInfo(`<ds:Transforms><ds:Transform Algorithm="`+algEnveloped+`"/>`+exc+`</ds:Transforms>`, "")},
		"T-XML-15 a Transform of another namespace":             {"transform", signsInfo(`<ds:Transform Algorithm="`+algEnveloped, `<x:Transform xmlns:x="urn:x" Algorithm="`+algEnveloped)},
		"T-XML-15 a second Transform of another namespace":      {"transform", signsInfo(exc, `<x:Transform xmlns:x="urn:x" Algorithm="`+algExcC14N+`"/>`)},
		"T-XML-15 XPath inside exclusive canonicalization":      {"transform", signsInfo(exc, `<ds:Transform Algorithm="`+algExcC14N+`"><ds:XPath>x</ds:XPath></ds:Transform>`)},
		"T-XML-16 a list by another name":                       {"transform", signsInfo(exc, `<ds:Transform Algorithm="`+algExcC14N+`"><ec:X xmlns:ec="`+nsExcC14N+`" PrefixList="saml"/></ds:Transform>`)},
		"T-XML-16 33 prefixes":                                  {"transform", prefixes(strings.Repeat("p ", 33))},
		"T-XML-16 a prefix list over 1 KiB":                     {"transform", prefixes(strings.Repeat("p", 1025))},
		"T-XML-16 two lists":                                    {"transform", signsInfo(exc, `<ds:Transform Algorithm="`+algExcC14N+`">`+strings.Repeat(`<ec:InclusiveNamespaces xmlns:ec="`+nsExcC14N+`" PrefixList="saml"/>`, 2)+`</ds:Transform>`)},
		"T-XML-16 no list":                                      {"transform", signsInfo(exc, `<ds:Transform Algorithm="`+algExcC14N+`"><ec:InclusiveNamespaces xmlns:ec="`+nsExcC14N+`"/></ds:Transform>`)},
		"T-XML-17 HMAC":                                         {"algorithm", signsInfo(algRSASHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")},
		"T-XML-17 none":                                         {"algorithm", signsInfo(algRSASHA256, "none")},
		"T-XML-17 MD5":                                          {"algorithm", signsInfo(algRSASHA256, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5")},
		"T-XML-17 DSA":                                          {"algorithm", signsInfo(algRSASHA256, nsDSig+"dsa-sha1")},
		"T-XML-17 an MD5 digest":                                {"algorithm", signsInfo(algSHA256, "http://www.w3.org/2001/04/xmldsig-more#md5")},
		"T-XML-17 ECDSA under an RSA certificate":               {"algorithm", signsInfo(algRSASHA256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")},
		"T-XML-17 parameters of the method":                     {"algorithm", signsInfo(`rsa-sha256"/>`, `rsa-sha256"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>`)},
		"T-XML-18 SHA-1 signature":                              {"algorithm", signsInfo(algRSASHA256, nsDSig+"rsa-sha1")},
		"T-XML-18 SHA-1 digest":                                 {"algorithm", signsInfo(algSHA256, nsDSig+"sha1")},
		"T-XML-19 an RSA value longer than the modulus":         {"signature", after("<ds:SignatureValue>", "<ds:SignatureValue>AAAA")},
		"T-XML-21 an empty Signature": {"signature_missing", func(p *testIDP) {
			p.with.after = func(string) string { return `<ds:Signature xmlns:ds="` + nsDSig + `"/>` }
		}},
		"T-XML-20 an attacker's key and certificate":           {"signature", func(p *testIDP) { p.with.key, p.with.cert = beta().key, beta().cert }},
		"T-XML-20 an attacker's key":                           {"signature", func(p *testIDP) { p.with.key, p.with.cert = beta().key, nil }},
		"T-XML-20 an attacker's key with the real certificate": {"signature", func(p *testIDP) { p.with.key = beta().key }},
		"T-XML-20 a genuine signature that names another key":  {"signature", func(p *testIDP) { p.with.cert = beta().cert }},
		"T-XML-06 a digest of other content":                   {"signature", cut("<ds:DigestValue>", "</ds:DigestValue>", "<ds:DigestValue>"+sum("x")+"</ds:DigestValue>")},
		"T-XML-33 a canonical difference made after the signing": {"signature", func(p *testIDP) {
			p.with.info = func(s string) string { return swap(s, `URI="`, ` Type="x" URI="`) }
			p.with.after = func(s string) string { return swap(s, `Type="x"`, `Type="y"`) }
		}},
	} {
		tests[name] = refusalTest{idp: r.idp, reason: r.reason, check: "assertion_signature"}
	}
	tests["T-XML-14 no ID on the signed element"] = refusalTest{
		tamper: tampers(`<saml:Assertion ID="_assertion1"`, `<saml:Assertion`),
		reason: "reference", check: "assertion_signature",
	}
	tests["T-XML-14 an empty ID on the signed element"] = refusalTest{
		idp: signsInfo(`URI="#_assertion1"`, `URI="#"`), tamper: tampers(`<saml:Assertion ID="_assertion1"`, `<saml:Assertion ID=""`),
		reason: "reference", check: "assertion_signature",
	}
	runRefusals(t, tests)
}

func TestParseResponse_RefusesWhatIsNotSigned(t *testing.T) {
	t.Parallel()
	both := func(p *testIDP) { p.sign = []string{"_assertion1", "_response1"} }
	breakSignature := func(n int) func(string) string {
		return func(doc string) string {
			parts := strings.SplitAfter(doc, "<ds:SignatureValue>")
			parts[n] = "AAAA" + parts[n][4:]
			return strings.Join(parts, "")
		}
	}
	runRefusals(t, map[string]refusalTest{
		"T-XML-21 stripped signature": {
			idp: func(p *testIDP) { p.sign = nil }, reason: "signature_missing", check: "signature_present",
		},
		"T-XML-21 no certificate configured": {
			expect: func(e *Expect) { e.Certificates = nil }, reason: "signature_missing", check: "assertion_signature",
		},
		"T-XML-22 a good response signature, a broken assertion signature": {
			idp: func(p *testIDP) {
				p.sign = []string{"_response1"}
				p.replace("<saml:Subject>", brokenSignature(t)+"<saml:Subject>")
			},
			reason: "signature", check: "assertion_signature",
		},
		"T-XML-22 a good assertion signature, a broken response signature": {
			idp: both, tamper: breakSignature(1), reason: "signature", check: "response_signature",
		},
		"T-XML-06 the NameID changed after signing": {
			tamper: tampers(testNameID, "eve"), reason: "signature", check: "assertion_signature",
		},
		"T-XML-06 the NameID changed in a signed response": {
			idp: func(p *testIDP) { p.sign = []string{"_response1"} }, tamper: tampers(testNameID, "eve"), reason: "signature", check: "response_signature",
		},
		"T-XML-18 an RSA key of 1024 bits": {
			idp:    func(p *testIDP) { p.with.key, p.with.cert = delta().key, delta().cert },
			expect: func(e *Expect) { e.Certificates[0] = delta().cert },
			reason: "weak_key", check: "assertion_signature",
		},
		"T-XML-18 an RSA key of 512 bits, with the exception": {
			idp:    func(p *testIDP) { p.with.cert = nil },
			expect: func(e *Expect) { e.Certificates[0] = shortKey(); e.Legacy.RSA1024 = true },
			reason: "weak_key", check: "assertion_signature",
		},
		"T-DOS-05 the eleventh certificate": {
			idp: func(p *testIDP) { p.with.cert = nil },
			expect: func(e *Expect) {
				e.Certificates = nil
				for range 10 {
					e.Certificates = append(e.Certificates, beta().cert)
				}
				e.Certificates = append(e.Certificates, alpha().cert)
			},
			reason: "signature", check: "assertion_signature",
		},
	})
}

// Threat T-XML-20: a certificate that is not known is shown, and nothing else is
// made of it.
func TestParseResponse_NamesTheUnknownCertificate(t *testing.T) {
	t.Parallel()
	for want, cert := range map[string]*x509.Certificate{fingerprint(beta().cert.Raw): beta().cert, "names no certificate": nil} {
		p := newTestIDP()
		p.with.key, p.with.cert = beta().key, cert
		got, err := ParseResponse([]byte(p.response(t)), testExpect())
		if err == nil {
			t.Fatal("accepted")
		}
		c := got.Checks[len(got.Checks)-1]
		if !strings.Contains(c.Received, want) || !strings.Contains(c.Expected, fingerprint(alpha().cert.Raw)) {
			t.Errorf("expected %q, received %q, want them to name %s and %s", c.Expected, c.Received, fingerprint(alpha().cert.Raw), want)
		}
	}
}

// brokenSignature is a signature of the assertion with its value spoiled.
func brokenSignature(t testing.TB) string {
	t.Helper()
	s := part(t, newTestIDP().response(t), nsDSig, "Signature")
	i := strings.Index(s, "<ds:SignatureValue>") + len("<ds:SignatureValue>")
	return s[:i] + "AAAA" + s[i+4:]
}

// delta is an identity provider with a key of 1,024 bits.
var delta = sync.OnceValue(func() signer {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return signer{key, selfSigned("delta", key)}
})

// selfSigned returns a certificate for the key.
func selfSigned(name string, key crypto.Signer) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: testNow.Add(-time.Hour), NotAfter: testNow.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// shortKey is a certificate with an RSA key of 512 bits.
func shortKey() *x509.Certificate {
	c := *alpha().cert
	n := new(big.Int).Lsh(big.NewInt(1), 511)
	c.PublicKey = &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}
	return &c
}
