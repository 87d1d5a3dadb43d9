package saml

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"usher/internal/fault"
)

func TestCheckSSOURL(t *testing.T) { // threat T-SAML-39
	t.Parallel()
	const (
		ok       = ""
		https    = "the URL must start with https://"
		encode   = "the URL holds characters that must be percent-encoded"
		host     = "the URL has no proper host name"
		notURL   = "this is not a URL"
		user     = "the URL must not hold a user name or password"
		fragment = "the URL must not have a fragment (#)"
	)
	tests := map[string]struct{ url, deployed, onLoopback string }{
		"https":                             {"https://idp.acme.test/sso?a=1", ok, ok},
		"https with a port":                 {"https://idp.acme.test:8443/", ok, ok},
		"https without a path":              {"https://idp.acme.test", ok, ok},
		"https at an address":               {"https://192.0.2.1/", ok, ok},
		"https at an IPv6 address":          {"https://[2001:db8::1]:8443/", ok, ok},
		"https in capitals":                 {"HTTPS://IDP.ACME.TEST/", ok, ok},
		"an underscore in the host":         {"https://my_idp.acme.test/", ok, ok},
		"http":                              {"http://idp.acme.test/sso", https, https},
		"http on localhost":                 {"http://localhost:4000/sso", https, ok},
		"http on LOCALHOST":                 {"http://LOCALHOST/sso", https, ok},
		"http on 127.0.0.2":                 {"http://127.0.0.2/sso", https, ok},
		"http on ::1":                       {"http://[::1]:80/", https, ok},
		"http on a name that only looks so": {"http://localhost.evil.test/", https, https},
		"http on a private address":         {"http://10.0.0.1/", https, https},
		"javascript:":                       {"javascript:alert(1)", https, https},
		"javascript: with a host":           {"javascript://idp.test/%0aalert(1)", https, https},
		"data:":                             {"data:text/html,hi", https, https},
		"no scheme":                         {"//idp.acme.test/sso", https, https},
		"a path":                            {"/sso", https, https},
		"nothing":                           {"", https, https},
		"a scheme alone":                    {"https:", host, host},
		"no host":                           {"https:///sso", host, host},
		"opaque":                            {"https:idp.acme.test", host, host},
		"a port alone":                      {"https://:443/", host, host},
		"a port that is none":               {"https://idp.acme.test:x/", notURL, notURL},
		"a host that ends a CSP directive":  {"https://idp.acme.test;script-src/", host, host},
		"a host with a comma":               {"https://idp.acme.test,evil.test/", host, host},
		"a host with a star":                {"https://*.acme.test/", host, host},
		"an address with a zone":            {"https://[fe80::1%25eth0]/", host, host},
		"a user":                            {"https://alice@idp.acme.test/", user, user},
		"a user and password":               {"https://a:b@idp.acme.test/", user, user},
		"an empty user":                     {"https://@idp.acme.test/", user, user},
		"a fragment":                        {"https://idp.acme.test/#a", fragment, fragment},
		"an empty fragment":                 {"https://idp.acme.test/#", fragment, fragment},
		"a space":                           {"https://idp.acme.test/a b", encode, encode},
		"a leading space":                   {" https://idp.acme.test/", encode, encode},
		"a line break":                      {"https://idp.acme.test/\n", encode, encode},
		"markup":                            {`https://idp.acme.test/"><script>`, encode, encode},
		"a backslash":                       {`https://idp.acme.test\@evil.test/`, encode, encode},
		"a letter beyond ASCII":             {"https://idp.acmé.test/", encode, encode},
		"DEL":                               {"https://idp.acme.test/\x7f", encode, encode},
		"a request already":                 {"https://idp.acme.test/sso?SAMLRequest=abc", "the URL holds a SAMLRequest: give the bare single sign-on URL", "the URL holds a SAMLRequest: give the bare single sign-on URL"},
		"a request, its name disguised":     {"https://idp.acme.test/sso?a=1&%53AMLRequest=abc", "the URL holds a SAMLRequest: give the bare single sign-on URL", "the URL holds a SAMLRequest: give the bare single sign-on URL"},
		"a RelayState already":              {"https://idp.acme.test/sso?RelayState", "the URL holds a RelayState: give the bare single sign-on URL", "the URL holds a RelayState: give the bare single sign-on URL"},
		"a signature already":               {"https://idp.acme.test/sso?Signature=x", "the URL holds a Signature: give the bare single sign-on URL", "the URL holds a Signature: give the bare single sign-on URL"},
		"2,048 bytes":                       {"https://idp.acme.test/" + strings.Repeat("a", 2048-22), ok, ok},
		"2,049 bytes":                       {"https://idp.acme.test/" + strings.Repeat("a", 2049-22), "the URL is longer than 2048 bytes", "the URL is longer than 2048 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for allow, want := range map[bool]string{false: tt.deployed, true: tt.onLoopback} {
				got := ""
				if err := CheckSSOURL(tt.url, allow); err != nil {
					got = err.Error()
				}
				if got != want {
					t.Errorf("loopback allowed %v: got %q, want %q", allow, got, want)
				}
			}
		})
	}
}

// signedMessage returns the query of a message signed by s.
func signedMessage(t testing.TB, s signer, param, message, relayState string) string {
	t.Helper()
	deflated, err := deflate(message)
	if err != nil {
		t.Fatal(err)
	}
	query, err := signedQuery(param, deflated, relayState, s.key)
	if err != nil {
		t.Fatal(err)
	}
	return query
}

// resigned replaces the signature of a query by one of s over its octets.
func resigned(t testing.TB, s signer, query string) string {
	t.Helper()
	signed, _, _ := strings.Cut(query, "&Signature=")
	value, err := signSHA256(s.key, []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "&Signature=" + escapeQuery(base64.StdEncoding.EncodeToString(value))
}

func wantRefused(t *testing.T, err error, reason string) {
	t.Helper()
	switch {
	case reason == "" && err != nil:
		t.Errorf("refused: %v", err)
	case reason != "" && err == nil:
		t.Errorf("accepted, want refused for %s", reason)
	case reason != "" && (!fault.Is(err, fault.SAMLResponseInvalid) || fault.From(err).Reason() != reason):
		t.Errorf("got %v, want refused for %s", err, reason)
	}
}

// Every way to make two readers of a query disagree is closed: threat T-SAML-29.
func TestVerifyRedirect(t *testing.T) {
	t.Parallel()
	const message = "<a>some message</a>"
	good := signedMessage(t, alpha(), paramRequest, message, "relay 1")
	bare := signedMessage(t, alpha(), paramRequest, message, "")
	other := signedMessage(t, alpha(), paramRequest, "<b/>", "relay 2")
	part := func(query, name string) string {
		for _, p := range splitQuery(query) {
			if p.name == name {
				return p.octets
			}
		}
		t.Fatalf("no %s in %s", name, query)
		return ""
	}
	request, relay := part(good, paramRequest), part(good, paramRelay)
	alg, signature := part(good, paramAlgorithm), part(good, paramSignature)
	join := func(parts ...string) string { return strings.Join(parts, "&") }
	sha1 := strings.Replace(good, escapeQuery(algRSASHA256), escapeQuery(nsDSig+"rsa-sha1"), 1)
	hmac := strings.Replace(good, "rsa-sha256", "hmac-sha256", 1)

	tests := map[string]struct {
		query  string
		reason string
	}{
		"as sent":                                    {good, ""},
		"as sent, without RelayState":                {bare, ""},
		"with parameters of others around":           {join("x=1", request, relay, "y=2", alg, signature, "login_hint=z"), ""},
		"with an empty RelayState that was signed":   {resigned(t, alpha(), join(request, "RelayState=", alg)), ""},
		"with the encoding named":                    {join("SAMLEncoding=urn%3aoasis%3Anames:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE", good), ""},
		"escaped otherwise, and signed so":           {resigned(t, alpha(), strings.ReplaceAll(good, "%2F", "%2f")), ""},
		"by another key":                             {signedMessage(t, beta(), paramRequest, message, "relay 1"), "signature"},
		"another message":                            {join(part(other, paramRequest), relay, alg, signature), "signature"},
		"another RelayState":                         {join(request, part(other, paramRelay), alg, signature), "signature"},
		"RelayState added":                           {join(part(bare, paramRequest), relay, part(bare, paramAlgorithm), part(bare, paramSignature)), "signature"},
		"RelayState added, empty":                    {join(part(bare, paramRequest), "RelayState=", part(bare, paramAlgorithm), part(bare, paramSignature)), "signature"},
		"RelayState taken out":                       {join(request, alg, signature), "signature"},
		"re-encoded":                                 {strings.Replace(good, "relay%201", "relay+1", 1), "signature"},
		"re-encoded in lower case":                   {strings.Replace(good, "%3A", "%3a", 1), "signature"},
		"the algorithm swapped":                      {strings.Replace(good, "rsa-sha256", "rsa-sha512", 1), "signature"},
		"the algorithm swapped for SHA-1":            {sha1, "algorithm"},
		"the algorithm swapped for HMAC":             {hmac, "algorithm"},
		"the algorithm of another kind of key":       {strings.Replace(good, "rsa-sha256", "ecdsa-sha256", 1), "algorithm"},
		"the message twice":                          {join(request, request, relay, alg, signature), "binding"},
		"another message before":                     {join(part(other, paramRequest), good), "binding"},
		"another message behind":                     {join(good, part(other, paramRequest)), "binding"},
		"another message behind, name disguised":     {join(good, "%53AMLRequest=x"), "binding"},
		"the message's name disguised":               {"%53" + good[1:], "binding"},
		"RelayState twice":                           {join(request, relay, relay, alg, signature), "binding"},
		"an algorithm twice":                         {join(request, relay, alg, alg, signature), "binding"},
		"a signature twice":                          {join(good, signature), "binding"},
		"a response beside the request":              {join("SAMLResponse=x", good), "binding"},
		"a response behind the request":              {join(good, "SAMLResponse=x"), "binding"},
		"RelayState first":                           {join(relay, request, alg, signature), "binding"},
		"the signature first":                        {join(signature, request, relay, alg), "binding"},
		"the algorithm behind the signature":         {join(request, relay, signature, alg), "binding"},
		"another encoding":                           {join("SAMLEncoding=none", good), "binding"},
		"unsigned":                                   {join(request, relay), "signature_missing"},
		"a signature without its algorithm":          {join(request, relay, signature), "signature_missing"},
		"an algorithm without a signature":           {join(request, relay, alg), "signature_missing"},
		"an empty signature":                         {join(request, relay, alg, "Signature="), "signature_missing"},
		"no message":                                 {join(relay, alg, signature), "signature_missing"},
		"nothing":                                    {"", "signature_missing"},
		"a response in place of the request":         {strings.Replace(good, "SAMLRequest", "SAMLResponse", 1), "binding"},
		"a signature that is not base64":             {join(request, relay, alg, "Signature=*"), "binding"},
		"a signature with a broken escape":           {join(request, relay, alg, "Signature=%zz"), "binding"},
		"an algorithm with a broken escape":          {join(request, relay, "SigAlg=%zz", signature), "binding"},
		"a signed message with a broken escape":      {resigned(t, alpha(), join("SAMLRequest=%zz", alg)), "binding"},
		"a signed RelayState with a broken escape":   {resigned(t, alpha(), join(request, "RelayState=%zz", alg)), "binding"},
		"a signed message that is not base64":        {resigned(t, alpha(), join("SAMLRequest=*", alg)), "encoding"},
		"a signed message that is not deflated":      {resigned(t, alpha(), join("SAMLRequest=AAAA", alg)), "encoding"},
		"T-DOS-04: a signed bomb":                    {signedMessage(t, alpha(), paramRequest, strings.Repeat("a", 512<<10), ""), "limit"},
		"T-SAML-05: a signed RelayState of 81 bytes": {signedMessage(t, alpha(), paramRequest, message, strings.Repeat("r", 81)), "relaystate"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := VerifyRedirect(tt.query, paramRequest, []*x509.Certificate{alpha().cert}, Legacy{})
			wantRefused(t, err, tt.reason)
			if tt.reason == "" && string(got) != message {
				t.Errorf("message %q", got)
			}
			if tt.reason != "" && got != nil {
				t.Errorf("refused, but handed out %q", got)
			}
		})
	}
}

func TestVerifyRedirectGivesRelayStateDecoded(t *testing.T) {
	t.Parallel()
	query := signedMessage(t, alpha(), paramResponse, "<a/>", "a b+c%")
	_, relay, err := VerifyRedirect(query, paramResponse, []*x509.Certificate{beta().cert, alpha().cert}, Legacy{})
	if err != nil || relay != "a b+c%" {
		t.Errorf("got %q, %v", relay, err)
	}
}

func TestVerifyRedirectNeedsACertificate(t *testing.T) { // threat T-XML-21
	t.Parallel()
	_, _, err := VerifyRedirect(signedMessage(t, alpha(), paramRequest, "<a/>", ""), paramRequest, nil, Legacy{})
	wantRefused(t, err, "signature_missing")
}

func TestVerifyRedirectReadsNoOtherParameter(t *testing.T) {
	t.Parallel()
	query := signedMessage(t, alpha(), "Other", "<a/>", "")
	if _, _, err := VerifyRedirect(query, "Other", []*x509.Certificate{alpha().cert}, Legacy{}); err == nil {
		t.Error("took another parameter for a message")
	}
}

// ECDSA values are raw, as in XML signatures: RFC 9231, section 2.3.6.
func TestVerifyRedirectTakesECDSA(t *testing.T) {
	t.Parallel()
	key, cert := gamma()
	signed, _, _ := strings.Cut(signedMessage(t, alpha(), paramRequest, "<a/>", "r"), "&Signature=")
	signed = strings.Replace(signed, "rsa-sha256", "ecdsa-sha256", 1)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 64)
	r.FillBytes(value[:32])
	s.FillBytes(value[32:])
	query := signed + "&Signature=" + escapeQuery(base64.StdEncoding.EncodeToString(value))
	if _, _, err := VerifyRedirect(query, paramRequest, []*x509.Certificate{alpha().cert, cert}, Legacy{}); err != nil {
		t.Error(err)
	}
}

func TestVerifyRedirectTakesSHA1ByExceptionOnly(t *testing.T) { // threat T-XML-18
	t.Parallel()
	query := strings.Replace(signedMessage(t, alpha(), paramRequest, "<a/>", ""), escapeQuery(algRSASHA256), escapeQuery(nsDSig+"rsa-sha1"), 1)
	certs := []*x509.Certificate{alpha().cert}
	_, _, err := VerifyRedirect(query, paramRequest, certs, Legacy{})
	wantRefused(t, err, "algorithm")
	_, _, err = VerifyRedirect(query, paramRequest, certs, Legacy{SHA1: true})
	wantRefused(t, err, "signature") // it is read now, and does not fit
}

func FuzzVerifyRedirect(f *testing.F) {
	good := signedMessage(f, alpha(), paramRequest, "<a/>", "r")
	f.Add(good)
	f.Add(signedMessage(f, alpha(), paramRequest, "<a/>", ""))
	f.Add("SAMLRequest=a&RelayState=b&SigAlg=c&Signature=d")
	f.Add("SAMLResponse=%&%53igAlg&=&&")
	certs := []*x509.Certificate{alpha().cert}
	f.Fuzz(func(t *testing.T, query string) {
		message, _, err := VerifyRedirect(query, paramRequest, certs, Legacy{})
		if err == nil && string(message) != "<a/>" {
			t.Errorf("verified %q out of %q", message, query)
		}
	})
}
