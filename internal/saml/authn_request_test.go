package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

func exampleRequest() AuthnRequest {
	return AuthnRequest{
		ID:           "_8e8dc5f69a98cc4c1ff3427e5ce34606fd672f91",
		IssueInstant: outgoingNow.In(time.FixedZone("CET", 3600)),
		Destination:  "https://idp.acme.test/sso?idpid=C01&x=%2F",
		ACSURL:       "https://sso.example.com/v1/saml/acs/samlc_1",
		Issuer:       "https://sso.example.com/v1/saml/metadata/samlc_1.xml",
	}
}

func hostileRequest() AuthnRequest {
	r := exampleRequest()
	r.ID, r.ACSURL, r.Issuer, r.NameIDFormat, r.LoginHint = "_1"+hostileText, "https://sso.example.com/"+hostileText, hostileText, hostileText, hostileText
	return r
}

func TestNewRequestIDCannotBeGuessed(t *testing.T) { // threat T-SAML-34
	t.Parallel()
	form := regexp.MustCompile(`^_[0-9a-f]{40}$`) // 160 bits
	seen := map[string]bool{}
	for range 1000 {
		id := NewRequestID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("%q is malformed or a repetition", id)
		}
		seen[id] = true
	}
}

// sentByRedirect takes the URL apart as a provider does, with nothing of ours.
func sentByRedirect(t *testing.T, raw string) (xml string, query url.Values) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	query = u.Query()
	deflated, err := base64.StdEncoding.DecodeString(query.Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	message, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		t.Fatal(err)
	}
	return string(message), query
}

func TestAuthnRequestSaysWhatItMust(t *testing.T) {
	t.Parallel()
	plain := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"` +
		` AssertionConsumerServiceURL="https://sso.example.com/v1/saml/acs/samlc_1"` +
		` Destination="https://idp.acme.test/sso?idpid=C01&amp;x=%2F"` +
		` ID="_8e8dc5f69a98cc4c1ff3427e5ce34606fd672f91" IssueInstant="2026-11-25T09:30:00Z"` +
		` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Version="2.0">` +
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sso.example.com/v1/saml/metadata/samlc_1.xml</saml:Issuer>` +
		`</samlp:AuthnRequest>`
	tests := map[string]struct {
		given func(*AuthnRequest)
		want  string
	}{
		"the least": {func(*AuthnRequest) {}, plain},
		"behaviour 80: force_authn asks for the credentials again": {
			func(r *AuthnRequest) { r.ForceAuthn = true },
			strings.Replace(plain, ` ID=`, ` ForceAuthn="true" ID=`, 1),
		},
		"a NameID format is asked for": {
			func(r *AuthnRequest) { r.NameIDFormat = "urn:f" },
			strings.Replace(plain, `</samlp:Au`, `<samlp:NameIDPolicy AllowCreate="true" Format="urn:f"></samlp:NameIDPolicy></samlp:Au`, 1),
		},
		"behaviour 81: a login hint leaves the request as it is, without a Subject": {
			func(r *AuthnRequest) { r.LoginHint = "alice@acme.test" }, plain,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := exampleRequest()
			tt.given(&r)
			redirect, err := r.RedirectURL("", nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := sentByRedirect(t, redirect); got != tt.want {
				t.Errorf("by redirect:\n got %s\nwant %s", got, tt.want)
			}
			form, err := r.PostForm("", nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := base64.StdEncoding.DecodeString(form.SAMLRequest); string(got) != tt.want {
				t.Errorf("by post:\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRedirectURLKeepsTheQueryOfTheEndpoint(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		destination, hint, relay string
		want                     string // before SAMLRequest=
	}{
		"no query":                {"https://idp.test/sso", "", "", "https://idp.test/sso?"},
		"an empty query":          {"https://idp.test/sso?", "", "", "https://idp.test/sso?"},
		"a query":                 {"https://idp.test/sso?idpid=C%2f1", "", "", "https://idp.test/sso?idpid=C%2f1&"},
		"a query that goes on":    {"https://idp.test/sso?a=1&", "", "", "https://idp.test/sso?a=1&"},
		"behaviour 81: the hint":  {"https://idp.test/sso?a=1", "o'b+x y&z@acme.test", "", "https://idp.test/sso?a=1&login_hint=o%27b%2Bx%20y%26z%40acme.test&"},
		"RelayState of its limit": {"https://idp.test/sso", "", strings.Repeat("r", 80), "https://idp.test/sso?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := exampleRequest()
			r.Destination, r.LoginHint = tt.destination, tt.hint
			got, err := r.RedirectURL(tt.relay, nil)
			if err != nil {
				t.Fatal(err)
			}
			before, rest, found := strings.Cut(got, "SAMLRequest=")
			if !found || before != tt.want {
				t.Errorf("got %s, want %sSAMLRequest=…", got, tt.want)
			}
			if got := strings.Contains(rest, "&RelayState="); got != (tt.relay != "") {
				t.Errorf("RelayState in %s: %v", rest, got)
			}
			if strings.Contains(rest, "Sig") {
				t.Errorf("signed without a key: %s", rest)
			}
			form, err := r.PostForm(tt.relay, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.TrimRight(tt.want, "&?"); strings.TrimRight(form.Action, "&?") != want {
				t.Errorf("form goes to %s, want %s", form.Action, want)
			}
			if form.RelayState != tt.relay {
				t.Errorf("RelayState %q", form.RelayState)
			}
		})
	}
}

// The octets are signed as they are sent: saml-bindings, section 3.4.4.1.
func TestRedirectURLIsSigned(t *testing.T) {
	t.Parallel()
	for _, relay := range []string{"", "k/+ 1"} {
		r := hostileRequest()
		raw, err := r.RedirectURL(relay, alpha().key)
		if err != nil {
			t.Fatal(err)
		}
		_, query := sentByRedirect(t, raw)
		if got := query.Get("SigAlg"); got != "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" {
			t.Errorf("algorithm %s", got)
		}
		if got := query.Get("RelayState"); got != relay {
			t.Errorf("RelayState %q, want %q", got, relay)
		}
		signed, _, _ := strings.Cut(raw[strings.Index(raw, "SAMLRequest="):], "&Signature=")
		value, err := base64.StdEncoding.DecodeString(query.Get("Signature"))
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte(signed))
		if err := rsa.VerifyPKCS1v15(&alpha().key.PublicKey, crypto.SHA256, digest[:], value); err != nil {
			t.Errorf("signature: %v", err)
		}
		_, rawQuery, _ := strings.Cut(raw, "?")
		message, gotRelay, err := VerifyRedirect(rawQuery, "SAMLRequest", []*x509.Certificate{alpha().cert}, Legacy{})
		if err != nil || gotRelay != relay || string(message) != r.xml("") {
			t.Errorf("VerifyRedirect: %q %q %v", message, gotRelay, err)
		}
	}
}

// What we write must be canonical, or nobody could verify what we sign.
func TestAuthnRequestIsCanonicalWhateverItHolds(t *testing.T) {
	t.Parallel()
	for _, message := range []string{exampleRequest().xml(""), hostileRequest().xml("")} {
		root, err := parseXML([]byte(message), responseLimits())
		if err != nil {
			t.Fatalf("%v in %s", err, message)
		}
		if got := string((&canonicalizer{}).canonicalize(root)); got != message {
			t.Errorf("canonical form\n got %q\nwant %q", got, message)
		}
	}
	root, err := parseXML([]byte(hostileRequest().xml("")), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got := root.child(nsAssertion, "Issuer").text(); got != hostileTextRead {
		t.Errorf("text: got %q, want %q", got, hostileTextRead)
	}
	format, _ := root.child(nsProtocol, "NameIDPolicy").attr("Format")
	if format != hostileTextRead {
		t.Errorf("attribute: got %q, want %q", format, hostileTextRead)
	}
}

func postedRequest(t *testing.T, r AuthnRequest) string {
	t.Helper()
	form, err := r.PostForm("relay", alpha().key, alpha().cert)
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(form.SAMLRequest)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

func TestPostFormIsSigned(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]AuthnRequest{"example": exampleRequest(), "hostile": hostileRequest()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := postedRequest(t, r)
			root, err := parseXML([]byte(message), responseLimits())
			if err != nil {
				t.Fatal(err)
			}
			octets, _, err := verifyEnveloped(root, []*x509.Certificate{alpha().cert}, Legacy{})
			if err != nil || string(octets) != r.xml("") {
				t.Errorf("verifyEnveloped: %q, %v", octets, err)
			}
			if _, _, err := verifyEnveloped(root, []*x509.Certificate{beta().cert}, Legacy{}); err == nil {
				t.Error("verified under another key")
			}
			// The schema wants Issuer, Signature, NameIDPolicy in this order.
			parts := root.elements()
			if !parts[0].is(nsAssertion, "Issuer") || !parts[1].is(nsDSig, "Signature") {
				t.Errorf("order: %s, %s", parts[0].name(), parts[1].name())
			}
		})
	}
}

func TestPostFormNeedsNoCertificateInTheSignature(t *testing.T) {
	t.Parallel()
	form, err := exampleRequest().PostForm("", alpha().key, nil)
	if err != nil {
		t.Fatal(err)
	}
	message, _ := base64.StdEncoding.DecodeString(form.SAMLRequest)
	if bytes.Contains(message, []byte("KeyInfo")) || !bytes.Contains(message, []byte("SignatureValue")) {
		t.Errorf("got %s", message)
	}
}

func TestPostFormIsVerifiedByXmlsec1(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]AuthnRequest{"example": exampleRequest(), "hostile": hostileRequest()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "hostile" {
				r.ID = "_1" // libxml2 looks up an ID by its normalized value
			}
			runTool(t, "xmlsec1", map[string]string{"request.xml": postedRequest(t, r), "cert.pem": pemCertificate(alpha().cert)},
				"--verify", "--pubkey-cert-pem", "cert.pem", "--id-attr:ID", nsProtocol+":AuthnRequest", "request.xml")
		})
	}
}

func TestPostFormIsVerifiedByGoxmldsig(t *testing.T) {
	t.Parallel()
	for _, r := range []AuthnRequest{exampleRequest(), {
		ID: "_1", IssueInstant: outgoingNow, Destination: "https://idp.test/", ACSURL: `https://a/?b=1&c="<`, Issuer: "é & <b>",
		NameIDFormat: "urn:f", ForceAuthn: true,
	}} {
		doc := etree.NewDocument()
		if err := doc.ReadFromString(postedRequest(t, r)); err != nil {
			t.Fatal(err)
		}
		verify := func(c *x509.Certificate) error {
			ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
			ctx.IdAttribute = "ID"
			ctx.Clock = dsig.NewFakeClockAt(outgoingNow)
			_, err := ctx.Validate(doc.Root())
			return err
		}
		if err := verify(alpha().cert); err != nil {
			t.Errorf("refused: %v", err)
		}
		if err := verify(beta().cert); err == nil {
			t.Error("accepted under another key")
		}
	}
}

func TestAuthnRequestIsNotSentUnsignedForWantOfAKey(t *testing.T) {
	t.Parallel()
	tiny := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: big.NewInt(15), E: 3}, D: big.NewInt(3),
		Primes: []*big.Int{big.NewInt(3), big.NewInt(5)},
	}
	if got, err := exampleRequest().RedirectURL("", tiny); err == nil {
		t.Errorf("sent to %s", got)
	}
	if got, err := exampleRequest().PostForm("", tiny, nil); err == nil {
		t.Errorf("sent as %v", got)
	}
}

func TestAuthnRequestFitsTheSchema(t *testing.T) {
	t.Parallel()
	r := exampleRequest()
	r.ForceAuthn, r.NameIDFormat = true, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	runTool(t, "xmllint", map[string]string{"plain.xml": r.xml(""), "signed.xml": postedRequest(t, r)},
		"--nonet", "--noout", "--schema", samlSchema(t, "protocol"), "plain.xml", "signed.xml")
}

func TestAuthnRequestIsNotSentHalfFilled(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given func(*AuthnRequest)
		relay string
	}{
		"no ID":                               {func(r *AuthnRequest) { r.ID = "" }, ""},
		"no issuer":                           {func(r *AuthnRequest) { r.Issuer = "" }, ""},
		"no ACS URL":                          {func(r *AuthnRequest) { r.ACSURL = "" }, ""},
		"no time":                             {func(r *AuthnRequest) { r.IssueInstant = time.Time{} }, ""},
		"no destination":                      {func(r *AuthnRequest) { r.Destination = "" }, ""},
		"T-SAML-39: destination javascript:":  {func(r *AuthnRequest) { r.Destination = "javascript:alert(1)" }, ""},
		"T-SAML-39: destination with a quote": {func(r *AuthnRequest) { r.Destination = `https://idp.test/"><script>` }, ""},
		"T-SAML-05: RelayState of 81 bytes":   {func(*AuthnRequest) {}, strings.Repeat("r", 81)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := exampleRequest()
			tt.given(&r)
			if got, err := r.RedirectURL(tt.relay, nil); err == nil {
				t.Errorf("sent to %s", got)
			}
			if got, err := r.PostForm(tt.relay, nil, nil); err == nil {
				t.Errorf("sent as %v", got)
			}
		})
	}
}
