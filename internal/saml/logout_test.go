package saml

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ourSLO = "https://sso.example.com/v1/saml/slo/samlc_1"

func logoutExpect() LogoutExpect {
	return LogoutExpect{
		Issuer: acmeID, Destination: ourSLO, Certificates: []*x509.Certificate{alpha().cert},
		Now: outgoingNow, Skew: time.Minute, InResponseTo: "_q",
	}
}

// logoutMessage is a canonical message in two parts: the signature goes between.
type logoutMessage struct{ before, after string }

func logoutRequest() logoutMessage {
	return logoutMessage{
		`<samlp:LogoutRequest` + declSAMLP + ` Destination="` + ourSLO + `" ID="_l" IssueInstant="2026-11-25T09:29:00Z" NotOnOrAfter="2026-11-25T09:32:00Z" Version="2.0">` +
			`<saml:Issuer` + declSAML + `>` + acmeID + `</saml:Issuer>`,
		`<saml:NameID` + declSAML + ` Format="urn:f">alice</saml:NameID><samlp:SessionIndex>s1</samlp:SessionIndex><samlp:SessionIndex>s2</samlp:SessionIndex></samlp:LogoutRequest>`,
	}
}

func logoutResponse(status string) logoutMessage {
	return logoutMessage{
		`<samlp:LogoutResponse` + declSAMLP + ` Destination="` + ourSLO + `" ID="_r" InResponseTo="_q" IssueInstant="2026-11-25T09:29:00Z" Version="2.0">` +
			`<saml:Issuer` + declSAML + `>` + acmeID + `</saml:Issuer>`,
		`<samlp:Status><samlp:StatusCode Value="` + status + `"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`,
	}
}

func (m logoutMessage) replace(from, to string) logoutMessage {
	return logoutMessage{strings.Replace(m.before, from, to, 1), strings.Replace(m.after, from, to, 1)}
}

func (m logoutMessage) signed(t *testing.T, s signer, id string) []byte {
	t.Helper()
	return []byte(signedDocument(t, s, id, m.before, m.after))
}

func TestParseLogoutRequestReadsWhatWasSigned(t *testing.T) {
	t.Parallel()
	want := &LogoutRequest{
		ID: "_l", NameID: "alice", NameIDFormat: "urn:f", SessionIndexes: []string{"s1", "s2"},
		Expires: time.Date(2026, 11, 25, 9, 33, 0, 0, time.UTC), // NotOnOrAfter and the skew
	}
	got, err := ParseLogoutRequest(logoutRequest().signed(t, alpha(), "_l"), logoutExpect())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("by post: %v (-want +got)\n%s", err, diff)
	}
	m := logoutRequest()
	query := signedMessage(t, alpha(), paramRequest, m.before+m.after, "r")
	got, relay, err := ParseLogoutRequestQuery(query, logoutExpect())
	if diff := cmp.Diff(want, got); err != nil || diff != "" || relay != "r" {
		t.Errorf("by redirect: %q, %v (-want +got)\n%s", relay, err, diff)
	}
	forever := logoutRequest().replace(` NotOnOrAfter="2026-11-25T09:32:00Z"`, "")
	got, err = ParseLogoutRequest(forever.signed(t, alpha(), "_l"), logoutExpect())
	if end := time.Date(2026, 11, 25, 9, 35, 0, 0, time.UTC); err != nil || !got.Expires.Equal(end) {
		t.Errorf("without NotOnOrAfter: expires %v, %v, want %v", got, err, end)
	}
}

func TestParseLogoutRequestRefuses(t *testing.T) { // threat T-SAML-30
	t.Parallel()
	good := logoutRequest()
	change := func(from, to string) logoutMessage { return good.replace(from, to) }
	tests := map[string]struct {
		message logoutMessage
		reason  string
	}{
		"another issuer":               {change(acmeID, "https://globex.test"), "issuer"},
		"no issuer":                    {change("<saml:Issuer"+declSAML+">"+acmeID+"</saml:Issuer>", ""), "issuer"},
		"a second issuer":              {logoutMessage{good.before + "<saml:Issuer" + declSAML + ">" + acmeID + "</saml:Issuer>", good.after}, "issuer"},
		"another destination":          {change(ourSLO, "https://sso.example.com/v1/saml/slo/samlc_2"), "destination"},
		"no destination":               {change(` Destination="`+ourSLO+`"`, ""), "destination"},
		"SAML 1.1":                     {change(`Version="2.0"`, `Version="1.1"`), "version"},
		"no version":                   {change(` Version="2.0"`, ""), "version"},
		"expired":                      {change("2026-11-25T09:32:00Z", "2026-11-25T09:29:00Z"), "expired"},
		"old, though it never expires": {change("2026-11-25T09:29:00Z", "2026-11-25T09:24:00Z").replace("2026-11-25T09:32:00Z", "2036-01-01T00:00:00Z"), "expired"},
		"of the future":                {change("2026-11-25T09:29:00Z", "2026-11-25T09:31:01Z"), "not_yet_valid"},
		"a time in another zone":       {change("2026-11-25T09:29:00Z", "2026-11-25T10:29:00+01:00"), "time_format"},
		"no time":                      {change(` IssueInstant="2026-11-25T09:29:00Z"`, ""), "time_format"},
		"an end that is no time":       {change("2026-11-25T09:32:00Z", "soon"), "time_format"},
		"no NameID":                    {logoutMessage{good.before, "</samlp:LogoutRequest>"}, "nameid"},
		"an empty NameID":              {change(">alice<", "> <"), "nameid"},
		"two NameIDs":                  {logoutMessage{good.before + "<saml:NameID" + declSAML + ">bob</saml:NameID>", good.after}, "nameid"},
		"a long NameID":                {change("alice", strings.Repeat("a", 1025)), "nameid"},
		"an encrypted NameID":          {logoutMessage{good.before + "<saml:EncryptedID" + declSAML + "></saml:EncryptedID>", good.after}, "nameid"},
		"a response":                   {logoutResponse("urn:x").replace("_r", "_l"), "message"},
		"T-XML-10: an ID twice":        {change(`<samlp:SessionIndex>`, `<samlp:SessionIndex Id="_l">`), "duplicate_id"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseLogoutRequest(tt.message.signed(t, alpha(), "_l"), logoutExpect())
			wantRefused(t, err, tt.reason)
			query := signedMessage(t, alpha(), paramRequest, tt.message.before+tt.message.after, "")
			_, _, err = ParseLogoutRequestQuery(query, logoutExpect())
			wantRefused(t, err, tt.reason)
		})
	}
}

func TestParseLogoutRequestWantsASignature(t *testing.T) { // threat T-SAML-30
	t.Parallel()
	m := logoutRequest()
	signed := string(m.signed(t, alpha(), "_l"))
	wrapped := strings.NewReplacer(`ID="_l"`, `ID="_e"`, "alice", "mallory").Replace(m.before) +
		"<samlp:Extensions>" + signed + "</samlp:Extensions>" + strings.Replace(m.after, "alice", "mallory", 1)
	tests := map[string]struct{ raw, reason string }{
		"unsigned":                         {m.before + m.after, "signature_missing"},
		"of another connection":            {string(m.signed(t, beta(), "_l")), "signature"},
		"another NameID":                   {strings.Replace(signed, "alice", "mallory", 1), "signature"},
		"no ID to sign":                    {string(m.replace(` ID="_l"`, "").signed(t, alpha(), "_l")), "reference"},
		"T-XML-07: the signed one wrapped": {wrapped, "signature_missing"},
		"not XML":                          {"x", "not_well_formed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseLogoutRequest([]byte(tt.raw), logoutExpect())
			wantRefused(t, err, tt.reason)
		})
	}
	query, _, _ := strings.Cut(signedMessage(t, alpha(), paramRequest, m.before+m.after, ""), "&SigAlg")
	_, _, err := ParseLogoutRequestQuery(query, logoutExpect())
	wantRefused(t, err, "signature_missing")
	_, _, err = ParseLogoutRequestQuery(signedMessage(t, alpha(), paramRequest, "x", ""), logoutExpect())
	wantRefused(t, err, "not_well_formed")
	// An enveloped signature is none of the query.
	_, _, err = ParseLogoutRequestQuery(signedMessage(t, beta(), paramRequest, signed, ""), logoutExpect())
	wantRefused(t, err, "signature")
	// A query's message needs an ID although no signature refers to it.
	bare := m.replace(` ID="_l"`, "")
	_, _, err = ParseLogoutRequestQuery(signedMessage(t, alpha(), paramRequest, bare.before+bare.after, ""), logoutExpect())
	wantRefused(t, err, "id")
}

func TestParseLogoutResponse(t *testing.T) {
	t.Parallel()
	good := logoutResponse(statusSuccess)
	tests := map[string]struct {
		message   logoutMessage
		reason    string
		succeeded bool
	}{
		"success":               {good, "", true},
		"failure is no error":   {logoutResponse("urn:oasis:names:tc:SAML:2.0:status:Responder"), "", false},
		"to another request":    {good.replace("_q", "_x"), "in_response_to", false},
		"to no request":         {good.replace(` InResponseTo="_q"`, ""), "in_response_to", false},
		"without a status":      {logoutMessage{good.before, "</samlp:LogoutResponse>"}, "status", false},
		"without a status code": {logoutMessage{good.before, "<samlp:Status></samlp:Status></samlp:LogoutResponse>"}, "status", false},
		"by another issuer":     {good.replace(acmeID, "https://globex.test"), "issuer", false},
		"a request":             {logoutRequest().replace("_l", "_r"), "message", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := ParseLogoutResponse(tt.message.signed(t, alpha(), "_r"), logoutExpect())
			wantRefused(t, err, tt.reason)
			if err == nil && (r.ID != "_r" || r.Succeeded != tt.succeeded) {
				t.Errorf("by post: got %v", r)
			}
			r, err = ParseLogoutResponseQuery(signedMessage(t, alpha(), paramResponse, tt.message.before+tt.message.after, ""), logoutExpect())
			wantRefused(t, err, tt.reason)
			if err == nil && (r.ID != "_r" || r.Succeeded != tt.succeeded) {
				t.Errorf("by redirect: got %v", r)
			}
		})
	}
	_, err := ParseLogoutResponse(good.signed(t, beta(), "_r"), logoutExpect())
	wantRefused(t, err, "signature")
	_, err = ParseLogoutResponseQuery(signedMessage(t, beta(), paramResponse, good.before+good.after, ""), logoutExpect())
	wantRefused(t, err, "signature")
	_, err = ParseLogoutResponseQuery(signedMessage(t, alpha(), paramResponse, "x", ""), logoutExpect())
	wantRefused(t, err, "not_well_formed")
}

func TestParseLogoutRequestNeedsADestination(t *testing.T) {
	t.Parallel()
	want := logoutExpect()
	want.Destination = ""
	_, err := ParseLogoutRequest(logoutRequest().replace(` Destination="`+ourSLO+`"`, "").signed(t, alpha(), "_l"), want)
	wantRefused(t, err, "destination")
}

func TestParseLogoutResponseNeedsARequest(t *testing.T) {
	t.Parallel()
	want := logoutExpect()
	want.InResponseTo = ""
	_, err := ParseLogoutResponse(logoutResponse(statusSuccess).replace(` InResponseTo="_q"`, "").signed(t, alpha(), "_r"), want)
	wantRefused(t, err, "in_response_to")
}

// The verdicts of the corpus: threat T-SAML-30.
func TestLogoutCorpus(t *testing.T) {
	t.Parallel()
	certs := corpusCertificates(t)
	var verified int
	for _, row := range metadataCorpus(t, "logout") {
		raw := row.raw
		var err error
		switch row.Encoding {
		case "b64":
			raw, err = DecodePost(string(raw))
		case "b64deflate":
			raw, err = DecodeRedirect(string(raw))
		}
		if err != nil {
			if row.Expect != "reject" {
				t.Errorf("%s: %v", row.File, err)
			}
			continue
		}
		var signed *element
		for c := range slices.Chunk(certs, maxCertificates) {
			root, err := openLogout(raw, row.Kind, LogoutExpect{Certificates: c, Allow: Legacy{SHA1: true, RSA1024: true}})
			var r *refusal
			if err != nil && !errors.As(err, &r) {
				t.Errorf("%s: no refusal: %v", row.File, err)
			}
			if err == nil {
				signed = root
			}
		}
		accepted := signed != nil && withinItsTime(signed)
		if accepted != (row.Expect == "signature-valid") {
			t.Errorf("%s: accepted %v, want %s", row.File, accepted, row.Expect)
		}
		if accepted {
			verified++
		}
	}
	if verified != 4 {
		t.Errorf("%d verified, want 4", verified)
	}
}

// withinItsTime judges what a signature covers at the end that it names, or soon
// after it was made. The rest is what the connection would expect.
func withinItsTime(signed *element) bool {
	s, _ := signed.attr("IssueInstant")
	if end, said := signed.attr("NotOnOrAfter"); said {
		s = end
	}
	now, err := parseInstant(s)
	if err != nil {
		return false
	}
	destination, _ := signed.attr("Destination")
	_, _, err = checkLogout(signed, LogoutExpect{
		Issuer:      strings.TrimSpace(signed.child(nsAssertion, "Issuer").text()),
		Destination: destination, Now: now.Add(time.Second),
	})
	return err == nil
}

// corpusCertificates are those of every identity provider of the corpus, also
// those that only stand in its logout messages.
func corpusCertificates(t *testing.T) []*x509.Certificate {
	t.Helper()
	var certs []*x509.Certificate
	add := func(text string) {
		if c, err := ParseCertificate(text); err == nil {
			certs = appendCertificate(certs, c)
		}
	}
	for _, row := range metadataCorpus(t, "logout") {
		root, err := parseXML(row.raw, responseLimits())
		if err != nil {
			continue
		}
		if s := root.child(nsDSig, "Signature"); s != nil {
			if parsed, err := readSignature(s); err == nil {
				add(base64.StdEncoding.EncodeToString(parsed.claimedCertificate()))
			}
		}
	}
	return certs
}
