package saml

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

const (
	// maxLogoutAge is how long after it was made a logout message is taken. It
	// bounds how long its ID must be remembered against replay. Ours.
	maxLogoutAge = 5 * time.Minute

	// maxLogoutNameID is in bytes, as for an assertion's NameID (threat T-SAML-31).
	maxLogoutNameID = 1024
)

// LogoutExpect is what a logout message must fit. All of it comes from the
// connection that the message's URL names.
type LogoutExpect struct {
	Issuer       string // entity ID of the identity provider
	Destination  string // our URL that took the message
	Certificates []*x509.Certificate
	Allow        Legacy
	Now          time.Time
	Skew         time.Duration // tolerated difference between the clocks
	InResponseTo string        // ID of our LogoutRequest, for a response
}

// LogoutRequest asks to end sessions (saml-core, section 3.7.1). Its ID must be
// used once only, which the caller sees to (threat T-SAML-30).
type LogoutRequest struct {
	ID             string
	NameID         string
	NameIDFormat   string
	SessionIndexes []string // empty: every session of the person
	// Expires is when the message stops being accepted, and so how long its ID
	// must be remembered.
	Expires time.Time
}

// LogoutResponse answers a LogoutRequest of ours.
type LogoutResponse struct {
	ID        string
	Succeeded bool
}

// ParseLogoutRequest reads a LogoutRequest that came by HTTP-POST. It must carry
// an enveloped signature; only what that covers is read.
func ParseLogoutRequest(raw []byte, want LogoutExpect) (*LogoutRequest, error) {
	root, err := openLogout(raw, "LogoutRequest", want)
	if err != nil {
		return nil, refused(err)
	}
	r, err := readLogoutRequest(root, want)
	if err != nil {
		return nil, refused(err)
	}
	return r, nil
}

// ParseLogoutRequestQuery reads a LogoutRequest that came by HTTP-Redirect, signed
// as VerifyRedirect says, and its RelayState.
func ParseLogoutRequestQuery(rawQuery string, want LogoutExpect) (r *LogoutRequest, relayState string, err error) {
	message, relayState, err := VerifyRedirect(rawQuery, paramRequest, want.Certificates, want.Allow)
	if err != nil {
		return nil, "", err
	}
	root, err := parseLogout(message, "LogoutRequest")
	if err != nil {
		return nil, "", refused(err)
	}
	if r, err = readLogoutRequest(root, want); err != nil {
		return nil, "", refused(err)
	}
	return r, relayState, nil
}

// ParseLogoutResponse reads a LogoutResponse that came by HTTP-POST. A response
// that says the logout failed is no error.
func ParseLogoutResponse(raw []byte, want LogoutExpect) (*LogoutResponse, error) {
	root, err := openLogout(raw, "LogoutResponse", want)
	if err != nil {
		return nil, refused(err)
	}
	r, err := readLogoutResponse(root, want)
	if err != nil {
		return nil, refused(err)
	}
	return r, nil
}

// ParseLogoutResponseQuery reads a LogoutResponse that came by HTTP-Redirect.
func ParseLogoutResponseQuery(rawQuery string, want LogoutExpect) (*LogoutResponse, error) {
	message, _, err := VerifyRedirect(rawQuery, paramResponse, want.Certificates, want.Allow)
	if err != nil {
		return nil, err
	}
	root, err := parseLogout(message, "LogoutResponse")
	if err != nil {
		return nil, refused(err)
	}
	r, err := readLogoutResponse(root, want)
	if err != nil {
		return nil, refused(err)
	}
	return r, nil
}

// openLogout returns the root of the octets that the message's own signature
// covers.
func openLogout(raw []byte, local string, want LogoutExpect) (*element, error) {
	root, err := parseLogout(raw, local)
	if err != nil {
		return nil, err
	}
	octets, _, err := verifyEnveloped(root, want.Certificates, want.Allow)
	if err != nil {
		return nil, err
	}
	return parseLogout(octets, local)
}

func parseLogout(raw []byte, local string) (*element, error) {
	root, err := parseXML(raw, responseLimits())
	if err != nil {
		return nil, err
	}
	if !root.is(nsProtocol, local) {
		return nil, &refusal{"message", "a " + local, root.name()}
	}
	if id := duplicateID(root); id != "" {
		return nil, &refusal{"duplicate_id", "each ID once", id}
	}
	return root, nil
}

// checkLogout checks what requests and responses share, and returns the ID and
// when the message stops being accepted.
func checkLogout(root *element, want LogoutExpect) (id string, expires time.Time, err error) {
	if v, _ := root.attr("Version"); v != "2.0" {
		return "", expires, &refusal{"version", "2.0", fmt.Sprintf("%.20q", v)}
	}
	if id, _ = root.attr("ID"); id == "" {
		return "", expires, &refusal{"id", "an ID", "none"}
	}
	issuers := root.children(nsAssertion, "Issuer")
	if len(issuers) != 1 {
		return "", expires, &refusal{"issuer", want.Issuer, fmt.Sprintf("%d issuers", len(issuers))}
	}
	if s := strings.Trim(issuers[0].text(), xmlSpace); s != want.Issuer {
		return "", expires, &refusal{"issuer", want.Issuer, s}
	}
	// A signed message must name where it is sent to: saml-bindings, sections
	// 3.4.5.2 and 3.5.5.2.
	if d, _ := root.attr("Destination"); d == "" || d != want.Destination {
		return "", expires, &refusal{"destination", want.Destination, fmt.Sprintf("%.500q", d)}
	}
	s, _ := root.attr("IssueInstant")
	issued, err := parseInstant(s)
	if err != nil {
		return "", expires, &refusal{"time_format", "IssueInstant in UTC", fmt.Sprintf("%.40q", s)}
	}
	if issued.After(want.Now.Add(want.Skew)) {
		return "", expires, &refusal{"not_yet_valid", "made before " + instant(want.Now.Add(want.Skew)), instant(issued)}
	}
	expires = issued.Add(maxLogoutAge + want.Skew)
	if s, said := root.attr("NotOnOrAfter"); said {
		end, err := parseInstant(s)
		if err != nil {
			return "", expires, &refusal{"time_format", "NotOnOrAfter in UTC", fmt.Sprintf("%.40q", s)}
		}
		if end = end.Add(want.Skew); end.Before(expires) {
			expires = end
		}
	}
	if !want.Now.Before(expires) {
		return "", expires, &refusal{"expired", "before " + instant(expires), instant(want.Now)}
	}
	return id, expires, nil
}

func readLogoutRequest(root *element, want LogoutExpect) (*LogoutRequest, error) {
	id, expires, err := checkLogout(root, want)
	if err != nil {
		return nil, err
	}
	if root.child(nsAssertion, "EncryptedID") != nil {
		return nil, &refusal{"nameid", "a plain NameID", "an encrypted one"}
	}
	names := root.children(nsAssertion, "NameID")
	if len(names) != 1 {
		return nil, &refusal{"nameid", "one NameID", fmt.Sprint(len(names))}
	}
	r := &LogoutRequest{ID: id, NameID: strings.Trim(names[0].text(), xmlSpace), Expires: expires}
	if r.NameID == "" || len(r.NameID) > maxLogoutNameID {
		return nil, &refusal{"nameid", fmt.Sprintf("1 to %d bytes", maxLogoutNameID), fmt.Sprintf("%d bytes", len(r.NameID))}
	}
	r.NameIDFormat, _ = names[0].attr("Format")
	for _, e := range root.children(nsProtocol, "SessionIndex") {
		r.SessionIndexes = append(r.SessionIndexes, strings.Trim(e.text(), xmlSpace))
	}
	return r, nil
}

func readLogoutResponse(root *element, want LogoutExpect) (*LogoutResponse, error) {
	id, _, err := checkLogout(root, want)
	if err != nil {
		return nil, err
	}
	if to, _ := root.attr("InResponseTo"); to == "" || to != want.InResponseTo {
		return nil, &refusal{"in_response_to", want.InResponseTo, fmt.Sprintf("%.100q", to)}
	}
	status := root.child(nsProtocol, "Status")
	if status == nil {
		return nil, &refusal{"status", "a Status", "none"}
	}
	code := status.child(nsProtocol, "StatusCode")
	if code == nil {
		return nil, &refusal{"status", "a StatusCode", "none"}
	}
	value, _ := code.attr("Value")
	return &LogoutResponse{ID: id, Succeeded: value == statusSuccess}, nil
}
