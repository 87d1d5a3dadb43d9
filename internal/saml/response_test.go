package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// acceptanceTest is a response that must be accepted, with the claims of the
// usual one unless want changes them.
type acceptanceTest struct {
	idp    func(p *testIDP)
	tamper func(doc string) string
	expect func(e *Expect)
	want   func(a *Assertion)
}

func (r acceptanceTest) run(t *testing.T) {
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
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, doc)
	}
	want := testClaims()
	if r.want != nil {
		r.want(&want)
	}
	if diff := cmp.Diff(want, *got.Assertion); diff != "" {
		t.Errorf("claims differ (-want +got):\n%s", diff)
	}
	for _, c := range got.Checks {
		if !c.Passed || c.Plain == "" || c.Fix != "" {
			t.Errorf("accepted with the check %+v", c)
		}
	}
}

func runAcceptances(t *testing.T, tests map[string]acceptanceTest) {
	t.Helper()
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.run(t)
		})
	}
}

func signsIt(p *testIDP) { p.sign = []string{"_response1"} }

func wantResponseID(a *Assertion) { a.ResponseID = "_response1" }

// The checks of an ordinary response, in the order that is part of the promise.
func TestParseResponse_NamesItsChecksInOrder(t *testing.T) {
	t.Parallel()
	p := newTestIDP("_assertion1", "_response1")
	p.encrypt = &testEncryption{}
	e := testExpect()
	e.ForceAuthn = true
	got, err := ParseResponse([]byte(p.response(t)), e)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got.Checks {
		names = append(names, c.Name)
	}
	const want = "xml document unique_ids version status assertion_count assertion_place signature_place " +
		"response_signature response_issuer destination response_in_response_to " +
		"decryption encrypted_assertion_count encrypted_unique_ids encrypted_signature_place signature_present assertion_signature " +
		"assertion_id assertion_version assertion_issuer issue_instant issued_after_request " +
		"conditions conditions_not_before conditions_not_on_or_after audience name_id name_id_format subject_confirmation " +
		"authn_statement session_not_on_or_after authn_fresh"
	if diff := cmp.Diff(strings.Fields(want), names); diff != "" {
		t.Errorf("checks differ (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(got.Checks[0])
	if err != nil || !strings.HasPrefix(string(raw), `{"name":"xml","passed":true,"expected":"","received":"","plain":"`) {
		t.Errorf("a check as JSON is %s, %v", raw, err)
	}
}

func TestParseResponse_AcceptsWhatProvidersSend(t *testing.T) {
	t.Parallel()
	runAcceptances(t, map[string]acceptanceTest{
		"the assertion signed":      {},
		"the response signed":       {idp: signsIt, want: wantResponseID},
		"both signed":               {idp: func(p *testIDP) { p.sign = []string{"_assertion1", "_response1"} }, want: wantResponseID},
		"no certificate in KeyInfo": {idp: func(p *testIDP) { p.with.cert = nil }},
		"an XML declaration and white space around": {tamper: func(doc string) string {
			return "\ufeff<?xml version='1.0' encoding='utf-8' standalone='no' ?>\r\n<!-- c -->" + doc + "\n<!-- c -->\n"
		}},
		"an indented document": {idp: func(p *testIDP) {
			p.doc = strings.NewReplacer("><", ">\n  <").Replace(p.doc)
			p.with.info = func(s string) string { return strings.ReplaceAll(s, "><", ">\n  <") }
			p.with.after = func(s string) string { return strings.ReplaceAll(s, "><", ">\n  <") }
		}},
		"white space in base64": {idp: func(p *testIDP) {
			p.with.after = func(s string) string {
				return strings.NewReplacer("<ds:SignatureValue>", "<ds:SignatureValue>\n  ", "</ds:SignatureValue>", "&#13;\n</ds:SignatureValue>").Replace(s)
			}
		}},
		"the second of two certificates": {expect: func(e *Expect) { e.Certificates = []*x509.Certificate{beta().cert, alpha().cert} }},
		"T-DOS-05 the tenth certificate": {
			idp: func(p *testIDP) { p.with.cert = nil },
			expect: func(e *Expect) {
				e.Certificates = nil
				for range 9 {
					e.Certificates = append(e.Certificates, beta().cert)
				}
				e.Certificates = append(e.Certificates, alpha().cert)
			},
		},
		"T-XML-04 a comment in the NameID":                      {tamper: tampers(testNameID, "7f3c<!-- evil -->-ada")},
		"T-XML-04 a comment in the audience":                    {tamper: tampers(testSPEntity+"<", testSPEntity[:20]+"<!-- -->"+testSPEntity[20:]+"<")},
		"T-XML-04 a comment in a value":                         {tamper: tampers("ada@acme.com", "ada@acme.com<!---->")},
		"T-XML-04 a CDATA section in the NameID":                {tamper: tampers(testNameID, "<![CDATA[7f3c]]>-ada")},
		"T-XML-04 a comment in the NameID of a signed response": {idp: signsIt, tamper: tampers(testNameID, "7f3c<!-- evil -->-ada"), want: wantResponseID},
		"T-XML-11 prefixed attributes beside the real ones": {
			idp: func(p *testIDP) {
				signsIt(p)
				p.replace("<samlp:Response", `<samlp:Response xmlns:evil="urn:evil" evil:Destination="https://evil.test" evil:InResponseTo="_x" evil:Version="1"`)
				p.replace(`<saml:Attribute Name="mail"`, `<saml:Attribute xmlns:evil="urn:evil" evil:Name="role" Name="mail"`)
			},
			want: wantResponseID,
		},
		"T-XML-12 another prefix for the same names": {idp: func(p *testIDP) {
			p.doc = strings.NewReplacer("<saml:", "<a:", "</saml:", "</a:", "xmlns:saml=", "xmlns:a=").Replace(p.doc)
		}},
		"T-XML-12 a prefix bound anew half-way": {idp: func(p *testIDP) {
			p.replace("<saml:AttributeStatement>", `<saml:AttributeStatement><saml:Attribute xmlns:saml="urn:evil" Name="role"><saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute>`)
		}},
		"T-XML-12 the default namespace": {idp: func(p *testIDP) {
			p.doc = strings.NewReplacer("<saml:", "<", "</saml:", "</").Replace(p.doc)
			p.replace("<Issuer>", `<Issuer xmlns="`+nsAssertion+`">`)
			p.replace("<Assertion ", `<Assertion xmlns="`+nsAssertion+`" `)
		}},
		"T-XML-16 a prefix list with the default namespace": {idp: func(p *testIDP) {
			p.replace("<samlp:Response", `<samlp:Response xmlns="urn:d"`)
			p.with.prefixList = "#default"
		}},
		"T-XML-20 a certificate in KeyInfo that can't be read": {idp: func(p *testIDP) {
			p.with.cert = nil
			p.with.after = func(s string) string {
				return swap(s, "</ds:Signature>", `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA*</ds:X509Certificate><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>`)
			}
		}},
		"T-XML-16 a prefix list of 32": {idp: func(p *testIDP) { p.with.prefixList = "#default xs " + strings.Repeat("p ", 30) }},
		"T-XML-32 elements in a value": {
			idp: func(p *testIDP) {
				p.replace("<saml:AttributeValue>admins<", "<saml:AttributeValue>x<saml:NameID>admins</saml:NameID></saml:AttributeValue><saml:AttributeValue>admins<")
			},
		},
		"T-XML-32 xsi:nil": {
			idp: func(p *testIDP) {
				const xsi = `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil=`
				p.replace("<saml:AttributeValue>admins<", "<saml:AttributeValue "+xsi+`"true"/><saml:AttributeValue `+xsi+`"1"/><saml:AttributeValue `+xsi+`"false">admins<`)
			},
		},
		"T-XML-32 an odd xsi:type": {idp: does(`xsi:type="xs:string"`, `xsi:type="xs:base64Binary"`)},
		"T-SAML-07 an unsolicited response where one is expected": {
			idp: func(p *testIDP) {
				p.replace(` InResponseTo="_request1"`, "")
				p.replace(` InResponseTo="_request1"`, "")
			},
			expect: func(e *Expect) { e.InResponseTo = "" },
		},
		"T-SAML-10 several audiences in several restrictions": {
			idp: does("<saml:AudienceRestriction>", "<saml:AudienceRestriction><saml:Audience>https://other</saml:Audience><saml:Audience>"+testSPEntity+"</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction>"),
		},
		"T-SAML-11 no Destination on an unsigned response": {idp: does(` Destination="`+testACS+`"`, "")},
		"T-SAML-12 a past NotBefore on the confirmation":   {idp: does(`NotOnOrAfter="2026-11-25T09:35:00Z"`, `NotBefore="2026-11-25T09:31:59Z" NotOnOrAfter="2026-11-25T09:35:00Z"`)},
		"T-SAML-12 one good confirmation of several": {
			idp: does("<saml:SubjectConfirmation ", `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>`+
				`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-25T09:35:30Z" Recipient="https://other"/></saml:SubjectConfirmation>`+
				`<saml:SubjectConfirmation `),
			want: func(a *Assertion) { a.NotOnOrAfter = time.Date(2026, 11, 25, 9, 35, 30, 0, time.UTC) },
		},
		"T-SAML-13 expired within the skew": {
			idp:  does(`NotOnOrAfter="2026-11-25T09:35:00Z"`, `NotOnOrAfter="2026-11-25T09:28:00.001Z"`),
			want: func(a *Assertion) { a.NotOnOrAfter = time.Date(2026, 11, 25, 9, 28, 0, 1e6, time.UTC) },
		},
		"T-SAML-14 conditions within the skew": {
			idp: func(p *testIDP) {
				p.replace(`NotBefore="2026-11-25T09:25:00Z" NotOnOrAfter="2026-11-25T09:36:00Z"`, `NotBefore="2026-11-25T09:32:00Z" NotOnOrAfter="2026-11-25T09:33:00Z"`)
			},
			want: func(a *Assertion) { a.NotOnOrAfter = time.Date(2026, 11, 25, 9, 33, 0, 0, time.UTC) },
		},
		"T-SAML-14 conditions without times": {idp: does(` NotBefore="2026-11-25T09:25:00Z" NotOnOrAfter="2026-11-25T09:36:00Z"`, "")},
		"T-SAML-14 a skew of ten minutes": {
			idp:    does(`NotBefore="2026-11-25T09:25:00Z"`, `NotBefore="2026-11-25T09:34:00Z"`),
			expect: func(e *Expect) { e.Skew = 10 * time.Minute },
		},
		"T-SAML-15 issued just before the request, within the skew": {expect: func(e *Expect) { e.RequestedAt = testNow.Add(time.Minute) }},
		"T-SAML-16 a fraction of a second": {
			idp:  does(`AuthnInstant="2026-11-25T09:29:00Z"`, `AuthnInstant="2026-11-25T09:29:00.1234567891Z"`),
			want: func(a *Assertion) { a.AuthnInstant = time.Date(2026, 11, 25, 9, 29, 0, 123456789, time.UTC) },
		},
		"T-SAML-17 a session without an end": {
			idp:  does(` SessionNotOnOrAfter="2026-11-25T17:30:00Z"`, ""),
			want: func(a *Assertion) { a.SessionNotOnOrAfter = time.Time{} },
		},
		"T-SAML-17 the earliest end and the freshest authentication of two": {
			idp: does("<saml:AttributeStatement>", `<saml:AuthnStatement AuthnInstant="2026-11-25T09:29:30Z" SessionNotOnOrAfter="2026-11-25T10:00:00Z"/>`+
				`<saml:AuthnStatement AuthnInstant="2026-11-25T09:20:00Z"/><saml:AuthnStatement AuthnInstant="2026-11-25T09:20:00Z" SessionNotOnOrAfter="2026-11-25T18:00:00Z"/><saml:AttributeStatement>`),
			want: func(a *Assertion) {
				a.AuthnInstant = time.Date(2026, 11, 25, 9, 29, 30, 0, time.UTC)
				a.SessionNotOnOrAfter = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
			},
		},
		"T-SAML-17 an old authentication where none was asked for": {
			idp:  does(`AuthnInstant="2026-11-25T09:29:00Z"`, `AuthnInstant="2026-11-25T05:00:00Z"`),
			want: func(a *Assertion) { a.AuthnInstant = time.Date(2026, 11, 25, 5, 0, 0, 0, time.UTC) },
		},
		"T-SAML-17 a fresh authentication where one was asked for":            {expect: func(e *Expect) { e.ForceAuthn = true }},
		"T-SAML-17 a fresh authentication, the time of the request not known": {expect: func(e *Expect) { e.ForceAuthn, e.RequestedAt = true, time.Time{} }},
		"T-SAML-18 OneTimeUse and ProxyRestriction":                           {idp: does("<saml:AudienceRestriction>", `<saml:OneTimeUse/><saml:ProxyRestriction Count="0"/><saml:AudienceRestriction>`)},
		"T-SAML-20 no Issuer on the response": {
			idp: func(p *testIDP) { p.doc = without(p.doc, "<saml:Issuer>"+testIDPEntity+"</saml:Issuer>") },
		},
		"T-SAML-31 a transient NameID where an attribute is the key": {
			idp:    does("nameid-format:persistent", "nameid-format:transient"),
			expect: func(e *Expect) { e.AllowTransient = true },
			want:   func(a *Assertion) { a.NameIDFormat = formatTransient },
		},
		"T-SAML-31 a NameID of 1,024 bytes": {
			idp:  does(testNameID, strings.Repeat("n", 1024)),
			want: func(a *Assertion) { a.NameID = strings.Repeat("n", 1024) },
		},
	})
}

func TestParseResponse_RefusesAnswersToAnotherQuestion(t *testing.T) {
	t.Parallel()
	unsolicited := func(e *Expect) { e.InResponseTo, e.RequestedAt = "", time.Time{} }
	confirmation := func(reason string, idp func(*testIDP)) refusalTest {
		return refusalTest{idp: idp, reason: reason, check: "subject_confirmation"}
	}
	const data = `<saml:SubjectConfirmationData InResponseTo="_request1"`
	runRefusals(t, map[string]refusalTest{
		"T-SAML-06 no InResponseTo on the response": {
			idp: does(` InResponseTo="_request1"`, ""), reason: "in_response_to", check: "response_in_response_to",
		},
		"T-SAML-06 another InResponseTo on the response": {
			idp: does(` InResponseTo="_request1"`, ` InResponseTo="_request2"`), reason: "in_response_to", check: "response_in_response_to",
		},
		"T-SAML-06 no InResponseTo on the confirmation":      confirmation("in_response_to", does(data, `<saml:SubjectConfirmationData`)),
		"T-SAML-06 another InResponseTo on the confirmation": confirmation("in_response_to", does(data, `<saml:SubjectConfirmationData InResponseTo="_request2"`)),
		"T-XML-11 only a prefixed InResponseTo":              confirmation("in_response_to", does(data, `<saml:SubjectConfirmationData xmlns:e="urn:e" e:InResponseTo="_request1"`)),
		"T-SAML-07 an unsolicited response with InResponseTo": {
			expect: unsolicited, reason: "unsolicited", check: "response_in_response_to",
		},
		"T-SAML-07 an unsolicited response with InResponseTo on the confirmation": {
			idp: does(` InResponseTo="_request1"`, ""), expect: unsolicited, reason: "unsolicited", check: "subject_confirmation",
		},
		"T-SAML-07 an unsolicited response with an empty InResponseTo": {
			idp: does(` InResponseTo="_request1"`, ` InResponseTo=""`), expect: unsolicited, reason: "unsolicited", check: "response_in_response_to",
		},
		"T-SAML-15 issued before the request": {
			idp: does(`IssueInstant="2026-11-25T09:29:59.5Z"`, `IssueInstant="2026-11-25T09:26:29Z"`), reason: "issued_before_request", check: "issued_after_request",
		},
		"T-SAML-17 an authentication older than the request that forced one": {
			idp:    does(`AuthnInstant="2026-11-25T09:29:00Z"`, `AuthnInstant="2026-11-25T09:26:29Z"`),
			expect: func(e *Expect) { e.ForceAuthn = true }, reason: "authn_too_old", check: "authn_fresh",
		},
	})
}

func TestParseResponse_RefusesWhatIsMeantForOthers(t *testing.T) {
	t.Parallel()
	audience := func(idp func(*testIDP)) refusalTest {
		return refusalTest{idp: idp, reason: "audience", check: "audience"}
	}
	says := func(text string) func(*testIDP) { return does(testSPEntity+"<", text+"<") }
	const restriction = "<saml:AudienceRestriction><saml:Audience>" + testSPEntity + "</saml:Audience></saml:AudienceRestriction>"
	const issuer = "<saml:Issuer>" + testIDPEntity + "</saml:Issuer>"
	assertionIssuer := func(text string) func(*testIDP) {
		return func(p *testIDP) {
			i := strings.Index(p.doc, "<saml:Assertion")
			p.doc = p.doc[:i] + swap(p.doc[i:], issuer, text)
		}
	}
	runRefusals(t, map[string]refusalTest{
		"T-SAML-10 another audience":            audience(says("https://other")),
		"T-SAML-10 a prefix of the audience":    audience(says(testSPEntity[:len(testSPEntity)-1])),
		"T-SAML-10 a trailing slash":            audience(says(testSPEntity + "/")),
		"T-SAML-10 other case":                  audience(says(strings.ToUpper(testSPEntity))),
		"T-SAML-10 an empty audience":           audience(says("")),
		"T-SAML-10 no restriction":              audience(does(restriction, "")),
		"T-SAML-10 an empty restriction":        audience(does("<saml:Audience>"+testSPEntity+"</saml:Audience>", "")),
		"T-SAML-10 a first restriction, other":  audience(does("<saml:AudienceRestriction>", "<saml:AudienceRestriction><saml:Audience>https://other</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction>")),
		"T-SAML-10 a second restriction, other": audience(does("</saml:Conditions>", "<saml:AudienceRestriction><saml:Audience>https://other</saml:Audience></saml:AudienceRestriction></saml:Conditions>")),
		"T-SAML-22 another connection of the same provider": {
			expect: func(e *Expect) { e.SPEntityID = "https://sp.example.com/v1/saml/metadata/2" }, reason: "audience", check: "audience",
		},
		"T-SAML-10 no entity ID configured": {
			idp: says(""), expect: func(e *Expect) { e.SPEntityID = "" }, reason: "audience", check: "audience",
		},
		"T-SAML-11 another Destination": {
			idp: does(`Destination="`+testACS, `Destination="https://other`), reason: "destination", check: "destination",
		},
		"T-SAML-11 another Destination on a signed response": {
			idp: signsResponse(`Destination="`+testACS, `Destination="https://other`), reason: "destination", check: "destination",
		},
		"T-SAML-11 no Destination on a signed response": {
			idp: signsResponse(` Destination="`+testACS+`"`, ""), reason: "destination", check: "destination",
		},
		"T-SAML-11 an empty Destination": {
			idp: does(`Destination="`+testACS, `Destination="`), reason: "destination", check: "destination",
		},
		"T-XML-11 only a prefixed Destination on a signed response": {
			idp: signsResponse(` Destination="`, ` xmlns:e="urn:e" e:Destination="`), reason: "destination", check: "destination",
		},
		"T-SAML-11 no ACS URL configured": {
			idp: does(`Destination="`+testACS, `Destination="`), expect: func(e *Expect) { e.ACSURL = "" }, reason: "destination", check: "destination",
		},
		"T-SAML-20 no Issuer on the assertion":      {idp: assertionIssuer(""), reason: "issuer", check: "assertion_issuer"},
		"T-SAML-20 another Issuer on the assertion": {idp: assertionIssuer("<saml:Issuer>https://other</saml:Issuer>"), reason: "issuer", check: "assertion_issuer"},
		"T-SAML-20 two Issuers on the assertion":    {idp: assertionIssuer(issuer + issuer), reason: "issuer", check: "assertion_issuer"},
		"T-SAML-20 an empty Issuer, none configured": {
			idp: func(p *testIDP) {
				assertionIssuer("<saml:Issuer/>")(p)
				p.doc = without(p.doc, issuer)
			}, expect: func(e *Expect) { e.IDPEntityID = "" }, reason: "issuer", check: "assertion_issuer",
		},
		"T-SAML-20 another Issuer on the response": {idp: does(testIDPEntity, "https://other"), reason: "issuer", check: "response_issuer"},
		"T-SAML-20 two Issuers on the response":    {idp: does("<samlp:Status>", issuer+"<samlp:Status>"), reason: "issuer", check: "response_issuer"},
		"T-SAML-21 another connection's response": {
			expect: func(e *Expect) { e.Certificates[0] = beta().cert }, reason: "signature", check: "assertion_signature",
		},
		"T-SAML-12 another Recipient": {
			idp: does(`Recipient="`+testACS, `Recipient="https://other`), reason: "subject_confirmation", check: "subject_confirmation",
		},
		"T-SAML-12 no Recipient": {
			idp: does(` Recipient="`+testACS+`"`, ""), reason: "subject_confirmation", check: "subject_confirmation",
		},
		"T-SAML-12 no Recipient, no ACS URL configured": {
			idp: func(p *testIDP) {
				p.replace(` Recipient="`+testACS+`"`, "")
				p.replace(` Destination="`+testACS+`"`, "")
			}, expect: func(e *Expect) { e.ACSURL = "" }, reason: "subject_confirmation", check: "subject_confirmation",
		},
	})
}

func TestParseResponse_RefusesWhatIsNoSignIn(t *testing.T) {
	t.Parallel()
	const bearer = `Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"`
	confirmation := func(old, text string) refusalTest {
		return refusalTest{idp: does(old, text), reason: "subject_confirmation", check: "subject_confirmation"}
	}
	nameID := func(old, text string) refusalTest {
		return refusalTest{idp: does(old, text), reason: "nameid", check: "name_id"}
	}
	subject := part(t, testResponse, nsAssertion, "Subject")
	name := part(t, testResponse, nsAssertion, "NameID")
	authn := part(t, testResponse, nsAssertion, "AuthnStatement")
	runRefusals(t, map[string]refusalTest{
		"T-SAML-12 no bearer confirmation":    confirmation(bearer, `Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"`),
		"T-SAML-12 no confirmation":           confirmation(part(t, testResponse, nsAssertion, "SubjectConfirmation"), ""),
		"T-SAML-12 no data":                   confirmation(part(t, testResponse, nsAssertion, "SubjectConfirmationData"), ""),
		"T-SAML-12 a NotBefore in the future": confirmation(`NotOnOrAfter="2026-11-25T09:35:00Z"`, `NotBefore="2026-11-25T09:32:01Z" NotOnOrAfter="2026-11-25T09:35:00Z"`),
		"T-SAML-17 no AuthnStatement":         {idp: does(authn, ""), reason: "authn_statement", check: "authn_statement"},
		"T-SAML-17 a session that is over":    {idp: does("2026-11-25T17:30:00Z", "2026-11-25T09:30:00Z"), reason: "expired", check: "session_not_on_or_after"},
		"T-SAML-17 the second session over":   {idp: does("<saml:AttributeStatement>", `<saml:AuthnStatement AuthnInstant="2026-11-25T09:29:00Z" SessionNotOnOrAfter="2026-11-25T09:29:00Z"/><saml:AttributeStatement>`), reason: "expired", check: "session_not_on_or_after"},
		"T-SAML-18 an unknown condition":      {idp: does("<saml:AudienceRestriction>", `<saml:Condition/><saml:AudienceRestriction>`), reason: "condition", check: "conditions"},
		"T-SAML-18 a foreign condition":       {idp: does("<saml:AudienceRestriction>", `<x:OneTimeUse xmlns:x="urn:x"/><saml:AudienceRestriction>`), reason: "condition", check: "conditions"},
		"T-SAML-18 two Conditions":            {idp: does("<saml:AuthnStatement", "<saml:Conditions/><saml:AuthnStatement"), reason: "condition", check: "conditions"},
		"T-SAML-19 no Status":                 {idp: does(part(t, testResponse, nsProtocol, "Status"), ""), reason: "status", check: "status"},
		"T-SAML-19 two Status":                {idp: does("<samlp:Status>", "<samlp:Status/><samlp:Status>"), reason: "status", check: "status"},
		"T-SAML-19 no StatusCode":             {idp: does(part(t, testResponse, nsProtocol, "StatusCode"), ""), reason: "status", check: "status"},
		"T-SAML-19 another status":            {idp: does("status:Success", "status:Requester"), reason: "status", check: "status"},
		"T-SAML-19 success only in the inner code": {
			idp: does(`<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`, `<samlp:StatusCode Value="urn:x"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:StatusCode>`), reason: "status", check: "status",
		},
		"T-SAML-20 SAML 1.1":                                     {idp: func(p *testIDP) { p.doc = strings.Replace(p.doc, `Z" Version="2.0"`, `Z" Version="1.1"`, 1) }, reason: "version", check: "version"},
		"T-SAML-20 no version":                                   {idp: does(` Version="2.0"`, ""), reason: "version", check: "version"},
		"T-SAML-20 an assertion of SAML 1.1":                     {idp: does(`59.5Z" Version="2.0"`, `59.5Z" Version="1.1"`), reason: "version", check: "assertion_version"},
		"T-SAML-31 no Subject":                                   nameID(subject, ""),
		"T-SAML-31 two Subjects":                                 nameID(subject, subject+"<saml:Subject/>"),
		"T-SAML-31 no NameID":                                    nameID(name, ""),
		"T-SAML-31 two NameIDs":                                  nameID(name, name+name),
		"T-SAML-31 an EncryptedID":                               nameID(name, "<saml:EncryptedID/>"),
		"T-SAML-31 an empty NameID":                              nameID(testNameID, ""),
		"T-SAML-31 a blank NameID":                               nameID(testNameID, " \n"),
		"T-SAML-31 an element in the NameID":                     nameID(testNameID, testNameID+"<x/>"),
		"T-SAML-31 a NameID of 1,025 bytes":                      nameID(testNameID, strings.Repeat("n", 1025)),
		"T-SAML-31 a transient NameID":                           {idp: does("nameid-format:persistent", "nameid-format:transient"), reason: "nameid", check: "name_id_format"},
		"T-SAML-08 an assertion without ID in a signed response": {idp: signsResponse(` ID="_assertion1"`, ""), reason: "reference", check: "assertion_id"},
	})
}

func TestParseResponse_RefusesTheWrongTime(t *testing.T) {
	t.Parallel()
	row := func(check, reason, old, text string) refusalTest {
		return refusalTest{idp: does(old, text), reason: reason, check: check}
	}
	const confirmed, conditions = `NotOnOrAfter="2026-11-25T09:35:00Z"`, `NotBefore="2026-11-25T09:25:00Z" NotOnOrAfter="2026-11-25T09:36:00Z"`
	tests := map[string]refusalTest{
		"T-SAML-13 no NotOnOrAfter on the confirmation":     row("subject_confirmation", "expired", confirmed, ""),
		"T-SAML-13 a past NotOnOrAfter on the confirmation": row("subject_confirmation", "expired", confirmed, `NotOnOrAfter="2026-11-25T09:28:00Z"`),
		"T-SAML-13 a confirmation past without skew": {
			idp: does(confirmed, `NotOnOrAfter="2026-11-25T09:30:00Z"`), expect: func(e *Expect) { e.Skew = -1; e.RequestedAt = time.Time{} }, reason: "expired", check: "subject_confirmation",
		},
		"T-SAML-14 expired":              row("conditions_not_on_or_after", "expired", `NotOnOrAfter="2026-11-25T09:36:00Z"`, `NotOnOrAfter="2026-11-25T09:28:00Z"`),
		"T-SAML-14 not yet valid":        row("conditions_not_before", "not_yet_valid", `NotBefore="2026-11-25T09:25:00Z"`, `NotBefore="2026-11-25T09:32:00.001Z"`),
		"T-SAML-14 inverted":             row("conditions_not_on_or_after", "expired", conditions, `NotBefore="2026-11-25T09:31:00Z" NotOnOrAfter="2026-11-25T09:31:00Z"`),
		"T-SAML-14 absent":               row("conditions", "expired", part(t, testResponse, nsAssertion, "Conditions"), ""),
		"T-SAML-15 issued in the future": row("issue_instant", "not_yet_valid", `IssueInstant="2026-11-25T09:29:59.5Z"`, `IssueInstant="2026-11-25T09:32:01Z"`),
	}
	for _, where := range []struct{ check, old, name string }{
		{"response_issue_instant", "2026-11-25T09:29:59Z", "response"},
		{"issue_instant_format", "2026-11-25T09:29:59.5Z", "assertion"},
		{"conditions_not_before", "2026-11-25T09:25:00Z", "NotBefore"},
		{"conditions_not_on_or_after", "2026-11-25T09:36:00Z", "NotOnOrAfter"},
		{"subject_confirmation", "2026-11-25T09:35:00Z", "confirmation"},
		{"authn_instant", "2026-11-25T09:29:00Z", "AuthnInstant"},
		{"session_not_on_or_after", "2026-11-25T17:30:00Z", "SessionNotOnOrAfter"},
	} {
		tests["T-SAML-16 no zone: "+where.name] = row(where.check, "time_format", where.old, strings.TrimSuffix(where.old, "Z"))
	}
	for name, text := range map[string]string{
		"an offset": "2026-11-25T09:25:00+00:00", "24:00": "2026-11-25T24:00:00Z", "a leap second": "2026-11-25T09:24:60Z",
		"year 99999": "99999-11-25T09:25:00Z", "a year before Christ": "-026-11-25T09:25:00Z", "a short hour": "2026-11-25T9:25:000Z",
		"month 13": "2026-13-25T09:25:00Z", "an empty fraction": "2026-11-25T09:25:00.Z", "a fraction with a sign": "2026-11-25T09:25:00.+1Z",
		"a comma": "2026-11-25T09:25:00,5Z", "nothing": "", "a space before": " 2026-11-25T09:25:00Z", "a date": "2026-11-25Z",
		"two fractions": "2026-11-25T09:25:00.1.1Z", "month 13 with a fraction": "2026-13-25T09:25:00.5Z", "lower case": "2026-11-25t09:25:00z",
	} {
		tests["T-SAML-16 "+name] = row("conditions_not_before", "time_format", "2026-11-25T09:25:00Z", text)
	}
	tests["T-SAML-16 a NotBefore on the confirmation that can't be read"] = row("subject_confirmation", "time_format", confirmed, `NotBefore="now" `+confirmed)
	tests["T-SAML-16 no IssueInstant"] = row("issue_instant_format", "time_format", ` IssueInstant="2026-11-25T09:29:59.5Z"`, "")
	tests["T-SAML-16 no AuthnInstant"] = row("authn_instant", "time_format", ` AuthnInstant="2026-11-25T09:29:00Z"`, "")
	runRefusals(t, tests)
}

// The measured drift is what an administrator needs to set a clock right.
func TestParseResponse_TellsTheDrift(t *testing.T) {
	t.Parallel()
	p := newTestIDP()
	e := testExpect()
	e.Now = testNow.Add(10*time.Minute + 3*time.Second)
	got, err := ParseResponse([]byte(p.response(t)), e)
	if err == nil {
		t.Fatal("accepted")
	}
	c := got.Checks[len(got.Checks)-1]
	const expected, received = "a time that fits 2026-11-25T09:40:03Z, clocks at most 2m0s apart", "2026-11-25T09:36:00Z, 4m3s in the past"
	if c.Expected != expected || c.Received != received {
		t.Errorf("expected %q, received %q, want %q and %q", c.Expected, c.Received, expected, received)
	}
	if !strings.Contains(c.Fix, "NTP") {
		t.Errorf("fix %q does not speak of clocks", c.Fix)
	}
}

// Threat T-SAML-15: the same for an assertion that is older than the question.
func TestParseResponse_TellsHowMuchTooEarly(t *testing.T) {
	t.Parallel()
	p := newTestIDP()
	p.replace(`IssueInstant="2026-11-25T09:29:59.5Z"`, `IssueInstant="2026-11-25T09:20:00Z"`)
	got, _ := ParseResponse([]byte(p.response(t)), testExpect())
	const want = "2026-11-25T09:20:00Z, 8m30s before it"
	if c := got.Checks[len(got.Checks)-1]; c.Received != want {
		t.Errorf("received %q, want %q", c.Received, want)
	}
}

// Threat T-SAML-13: no time at all is said to be none, not a time long ago.
func TestParseResponse_TellsTheMissingTime(t *testing.T) {
	t.Parallel()
	p := newTestIDP()
	p.replace(` NotOnOrAfter="2026-11-25T09:35:00Z"`, "")
	got, _ := ParseResponse([]byte(p.response(t)), testExpect())
	if c := got.Checks[len(got.Checks)-1]; c.Received != "none" {
		t.Errorf("received %q, want none", c.Received)
	}
}

// Threat T-SAML-19: the provider's own words are kept for the administrator, cut.
func TestParseResponse_KeepsTheProvidersWords(t *testing.T) {
	t.Parallel()
	p := newTestIDP()
	p.replace(`<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`,
		`<samlp:StatusCode Value="urn:responder"><samlp:StatusCode Value="urn:denied"/></samlp:StatusCode><samlp:StatusMessage>&lt;b&gt;no&lt;/b&gt; `+strings.Repeat("ü", 600)+`</samlp:StatusMessage>`)
	got, _ := ParseResponse([]byte(p.response(t)), testExpect())
	received := got.Checks[len(got.Checks)-1].Received
	if !strings.HasPrefix(received, "urn:responder, urn:denied: <b>no</b> üü") || len(received) > maxReceived+len("…") || !strings.HasSuffix(received, "ü…") {
		t.Errorf("received %q (%d bytes)", received, len(received))
	}
}

// Where the time of the request is not known nothing is compared with it.
func TestParseResponse_SkipsTheUnknownTimeOfTheRequest(t *testing.T) {
	t.Parallel()
	e := testExpect()
	e.RequestedAt, e.ForceAuthn = time.Time{}, true
	got, err := ParseResponse([]byte(newTestIDP().response(t)), e)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got.Checks {
		if c.Name == "issued_after_request" || c.Name == "authn_fresh" {
			t.Errorf("the check %s was made", c.Name)
		}
	}
}

// Only what the offline tool was not told is left out, and then it leaves no
// trace among the checks.
func TestParseResponse_SkipsWhatItWasNotTold(t *testing.T) {
	t.Parallel()
	doc := []byte(newTestIDP().response(t))
	tests := map[string]struct {
		skip   Skip
		expect func(*Expect)
		checks []string
	}{
		"issuer":         {Skip{Issuer: true}, func(e *Expect) { e.IDPEntityID = "" }, []string{"response_issuer", "assertion_issuer"}},
		"audience":       {Skip{Audience: true}, func(e *Expect) { e.SPEntityID = "" }, []string{"audience"}},
		"destination":    {Skip{Destination: true, Recipient: true}, func(e *Expect) { e.ACSURL = "" }, []string{"destination"}},
		"in_response_to": {Skip{InResponseTo: true}, func(e *Expect) { e.InResponseTo = "" }, []string{"response_in_response_to"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := testExpect()
			tc.expect(&e)
			if _, err := ParseResponse(doc, e); err == nil {
				t.Error("accepted without the skip")
			}
			e.Skip = tc.skip
			got, err := ParseResponse(doc, e)
			if err != nil {
				t.Fatalf("refused with the skip: %v", err)
			}
			for _, c := range got.Checks {
				for _, name := range tc.checks {
					if c.Name == name {
						t.Errorf("the skipped check %s was made", name)
					}
				}
			}
		})
	}
}

func TestParseResponse_WarnsOfCertificates(t *testing.T) {
	t.Parallel()
	renewed := selfSigned("renewed", alpha().key)
	tests := map[string]struct {
		idp    func(*testIDP)
		expect func(*Expect)
		want   []string
	}{
		"nothing to warn of": {},
		"T-SAML-40 a pinned certificate past its date": {
			expect: func(e *Expect) {
				old := *alpha().cert
				old.NotAfter = testNow.Add(-time.Second)
				e.Certificates[0] = &old
			},
			want: []string{"is valid from"},
		},
		"T-SAML-40 a pinned certificate before its date": {
			expect: func(e *Expect) {
				early := *alpha().cert
				early.NotBefore = testNow.Add(time.Second)
				e.Certificates[0] = &early
			},
			want: []string{"is valid from"},
		},
		"T-XML-20 a renewed certificate for the same key": {
			idp:  func(p *testIDP) { p.with.cert = renewed },
			want: []string{fingerprint(renewed.Raw)},
		},
		"encrypted attributes": {
			idp:  does("</saml:AttributeStatement>", "<saml:EncryptedAttribute/></saml:AttributeStatement>"),
			want: []string{"1 encrypted attributes"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, e := newTestIDP("_assertion1", "_response1"), testExpect()
			if tc.idp != nil {
				tc.idp(p)
			}
			if tc.expect != nil {
				tc.expect(&e)
			}
			got, err := ParseResponse([]byte(p.response(t)), e)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Warnings) != len(tc.want) {
				t.Fatalf("warnings %q, want %d", got.Warnings, len(tc.want))
			}
			for i, w := range tc.want {
				if !strings.Contains(got.Warnings[i], w) {
					t.Errorf("warning %q does not say %q", got.Warnings[i], w)
				}
			}
		})
	}
}

// algorithmTests are the signature methods that are accepted, with the exception
// that they need.
func algorithmTests(t testing.TB) map[string]struct {
	with  testSignature
	allow Legacy
} {
	t.Helper()
	curve := func(c elliptic.Curve) testSignature {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return testSignature{key: key, cert: selfSigned("curve", key)}
	}
	method := func(s testSignature, uri string, h crypto.Hash, pss bool) testSignature {
		s.method, s.hash, s.pss = uri, h, pss
		switch h {
		case crypto.SHA1:
			s.digestMethod = nsDSig + "sha1"
		case crypto.SHA384:
			s.digestMethod = "http://www.w3.org/2001/04/xmldsig-more#sha384"
		case crypto.SHA512:
			s.digestMethod = nsXEnc + "sha512"
		}
		return s
	}
	const more, more07 = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2007/05/xmldsig-more#"
	big := testSignature{key: alpha().key, cert: alpha().cert}
	p256 := curve(elliptic.P256())
	return map[string]struct {
		with  testSignature
		allow Legacy
	}{
		"RSA with SHA-256":             {method(big, more+"rsa-sha256", crypto.SHA256, false), Legacy{}},
		"RSA with SHA-384":             {method(big, more+"rsa-sha384", crypto.SHA384, false), Legacy{}},
		"RSA with SHA-512":             {method(big, more+"rsa-sha512", crypto.SHA512, false), Legacy{}},
		"RSA-PSS with SHA-256":         {method(big, more07+"sha256-rsa-MGF1", crypto.SHA256, true), Legacy{}},
		"RSA-PSS with SHA-384":         {method(big, more07+"sha384-rsa-MGF1", crypto.SHA384, true), Legacy{}},
		"RSA-PSS with SHA-512":         {method(big, more07+"sha512-rsa-MGF1", crypto.SHA512, true), Legacy{}},
		"ECDSA on P-256 with SHA-256":  {method(p256, more+"ecdsa-sha256", crypto.SHA256, false), Legacy{}},
		"ECDSA on P-384 with SHA-384":  {method(curve(elliptic.P384()), more+"ecdsa-sha384", crypto.SHA384, false), Legacy{}},
		"ECDSA on P-521 with SHA-512":  {method(curve(elliptic.P521()), more+"ecdsa-sha512", crypto.SHA512, false), Legacy{}},
		"T-XML-18 RSA with SHA-1":      {method(big, nsDSig+"rsa-sha1", crypto.SHA1, false), Legacy{SHA1: true}},
		"T-XML-18 ECDSA with SHA-1":    {method(p256, more+"ecdsa-sha1", crypto.SHA1, false), Legacy{SHA1: true}},
		"T-XML-18 RSA with 1,024 bits": {method(testSignature{key: delta().key, cert: delta().cert}, more+"rsa-sha256", crypto.SHA256, false), Legacy{RSA1024: true}},
	}
}

func TestParseResponse_AcceptsAlgorithms(t *testing.T) {
	t.Parallel()
	for name, tc := range algorithmTests(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTestIDP()
			p.with = tc.with
			doc := []byte(p.response(t))
			e := testExpect()
			e.Certificates[0], e.Legacy = tc.with.cert, tc.allow
			if _, err := ParseResponse(doc, e); err != nil {
				t.Errorf("refused: %v", err)
			}
			e.Legacy = Legacy{}
			if _, err := ParseResponse(doc, e); (err == nil) != (tc.allow == Legacy{}) {
				t.Errorf("without exceptions: %v", err)
			}
		})
	}
}

// Threat T-XML-06: a signature that was changed is none, whatever its method.
func TestParseResponse_RefusesAChangedSignatureOfEachMethod(t *testing.T) {
	t.Parallel()
	tests := map[string]refusalTest{}
	for name, tc := range algorithmTests(t) {
		tc.with.after = changesValue(t, func(raw []byte) []byte { raw[len(raw)-1] ^= 1; return raw })
		tests[name] = refusalTest{
			idp:    func(p *testIDP) { p.with = tc.with },
			expect: func(e *Expect) { e.Certificates[0], e.Legacy = tc.with.cert, tc.allow },
			reason: "signature", check: "assertion_signature",
		}
	}
	runRefusals(t, tests)
}

// changesValue changes the octets of a SignatureValue.
func changesValue(t testing.TB, f func(raw []byte) []byte) func(s string) string {
	return func(s string) string {
		i := strings.Index(s, "<ds:SignatureValue>") + len("<ds:SignatureValue>")
		j := strings.Index(s, "</ds:SignatureValue>")
		raw, err := base64.StdEncoding.DecodeString(s[i:j])
		if err != nil {
			t.Error(err)
		}
		return s[:i] + base64.StdEncoding.EncodeToString(f(raw)) + s[j:]
	}
}

// Threats T-XML-17 and T-XML-19: an elliptic curve's signature has one form.
func TestParseResponse_RefusesOddCurveSignatures(t *testing.T) {
	t.Parallel()
	key, cert := gamma()
	value := func(f func(raw []byte) []byte) func(*testIDP) {
		return func(p *testIDP) {
			p.with = testSignature{key: key, cert: cert, method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
			p.with.after = changesValue(t, f)
		}
	}
	row := func(f func(raw []byte) []byte) refusalTest {
		return refusalTest{idp: value(f), expect: func(e *Expect) { e.Certificates[0] = cert }, reason: "signature", check: "assertion_signature"}
	}
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	runRefusals(t, map[string]refusalTest{
		"T-XML-19 DER": row(func(raw []byte) []byte {
			der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
			if err != nil {
				t.Error(err)
			}
			return der
		}),
		"T-XML-19 a byte too many": row(func(raw []byte) []byte { return append(raw, 0) }),
		"T-XML-19 a byte too few":  row(func(raw []byte) []byte { return raw[:63] }),
		"T-XML-19 one byte":        row(func(raw []byte) []byte { return raw[:1] }),
		"T-XML-19 zero":            row(func([]byte) []byte { return make([]byte, 64) }),
		"T-XML-19 r is zero":       row(func(raw []byte) []byte { return append(make([]byte, 32), raw[32:]...) }),
		"T-XML-17 RSA under a certificate with a curve": {
			expect: func(e *Expect) { e.Certificates[0] = cert }, reason: "algorithm", check: "assertion_signature",
		},
		"T-XML-17 a key of another kind": {
			expect: func(e *Expect) { e.Certificates[0] = &x509.Certificate{PublicKey: "no key"} }, reason: "algorithm", check: "assertion_signature",
		},
		"T-XML-18 a curve of 224 bits": {
			idp: func(p *testIDP) {
				p.with = testSignature{key: small, method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
			},
			expect: func(e *Expect) { e.Certificates[0] = selfSigned("small", small) }, reason: "weak_key", check: "assertion_signature",
		},
	})
}
