package saml

import (
	"cmp"
	"errors"
)

// Check is one check of a response. Name is stable; Plain and Fix are for an
// administrator to read.
type Check struct {
	Name     string `json:"name"`
	Passed   bool   `json:"passed"`
	Expected string `json:"expected"`
	Received string `json:"received"`
	Plain    string `json:"plain"`         // what was checked
	Fix      string `json:"fix,omitempty"` // what to do, of one that failed
}

// check notes a check and returns the refusal if it failed.
func (j *judge) check(name string, ok bool, r refusal) error {
	if ok {
		j.pass(name, r.expected, r.received)
		return nil
	}
	r.expected = cmp.Or(r.expected, "a value, but none is configured")
	r.received = cmp.Or(r.received, "nothing")
	return j.note(name, &r)
}

// note notes a check that failed with err, or passed if err is nil, and returns
// err.
func (j *judge) note(name string, err error) error {
	if err == nil {
		j.pass(name, "", "")
		return nil
	}
	c := Check{Name: name, Plain: plainWords(name)}
	if r, ok := errors.AsType[*refusal](err); ok {
		c.Expected, c.Received, c.Fix = clip(r.expected), clip(r.received), fixFor(r.reason)
	}
	j.result.Checks = append(j.result.Checks, c)
	return err
}

func (j *judge) pass(name, expected, received string) {
	j.result.Checks = append(j.result.Checks, Check{
		Name: name, Passed: true, Expected: clip(expected), Received: clip(received), Plain: plainWords(name),
	})
}

// plainWords says what a check is about.
func plainWords(name string) string {
	switch name {
	case "xml":
		return "The response is sound XML within the limits."
	case "document":
		return "The document is a SAML 2.0 response."
	case "unique_ids", "encrypted_unique_ids":
		return "No identifier is used twice."
	case "version", "assertion_version":
		return "The version is SAML 2.0."
	case "status":
		return "The identity provider reports success."
	case "assertion_count", "encrypted_assertion_count":
		return "There is exactly one assertion."
	case "assertion_place":
		return "The assertion is in its place."
	case "signature_place", "encrypted_signature_place":
		return "Nothing else is signed than the response and its assertion."
	case "signature_present":
		return "The response or the assertion is signed."
	case "response_signature":
		return "The signature of the response is good."
	case "assertion_signature":
		return "The signature of the assertion is good."
	case "response_issuer", "assertion_issuer":
		return "It comes from the identity provider of this connection."
	case "destination":
		return "The response was sent to this connection's address."
	case "response_issue_instant", "issue_instant_format":
		return "The time of issue can be read."
	case "response_in_response_to":
		return "The response answers the request that was sent."
	case "decryption":
		return "The assertion can be decrypted."
	case "assertion_id":
		return "The assertion has an identifier."
	case "issue_instant":
		return "The assertion was not issued in the future."
	case "issued_after_request":
		return "The assertion was issued after it was asked for."
	case "conditions":
		return "The conditions of the assertion are understood."
	case "conditions_not_before":
		return "The assertion is valid already."
	case "conditions_not_on_or_after":
		return "The assertion is still valid."
	case "audience":
		return "The assertion is meant for this connection."
	case "name_id":
		return "The assertion names a person."
	case "name_id_format":
		return "The person's name stays the same from one sign-in to the next."
	case "subject_confirmation":
		return "The assertion may be delivered here, now and by a browser."
	case "authn_statement", "authn_instant":
		return "The person signed in at the identity provider."
	case "session_not_on_or_after":
		return "The session at the identity provider is not over."
	case "authn_fresh":
		return "The person signed in afresh, as was asked for."
	}
	return ""
}

// fixFor says what an administrator can do about a reason. Reasons that no
// setting can cause have one answer: something has changed the message.
func fixFor(reason string) string {
	switch reason {
	case "signature":
		return "If the identity provider has a new signing certificate, add it to the connection: import the metadata again. Otherwise the response was changed on its way."
	case "signature_missing":
		return "Let the identity provider sign the assertion or the response, and configure its signing certificate on the connection."
	case "algorithm", "weak_key":
		return "Choose RSA with SHA-256 and a key of 2,048 bits or more in the identity provider. An exception for old algorithms can be set on the connection, with an end date."
	case "transform", "canonicalization":
		return "Choose exclusive canonicalization, the usual setting, in the identity provider."
	case "decryption":
		return "Import this connection's current metadata in the identity provider, so that it encrypts to the right certificate, or switch encryption off."
	case "status":
		return "The identity provider refused the sign-in. Look in its log; most often the person is not assigned to the application."
	case "issuer":
		return "Correct the identity provider's entity ID on the connection, or send people to the right application."
	case "destination", "subject_confirmation":
		return "Set the ACS URL (also called reply URL or recipient) in the identity provider to this connection's."
	case "audience":
		return "Set the audience (also called SP entity ID or identifier) in the identity provider to this connection's."
	case "expired", "not_yet_valid":
		return "Set the clocks of the identity provider and of this server by NTP. If they can't agree, raise the allowed drift on the connection."
	case "issued_before_request", "in_response_to":
		return "Start the sign-in again from this application, in one browser window."
	case "authn_too_old":
		return "Let the identity provider honour ForceAuthn, or stop asking for it on the connection."
	case "unsolicited":
		return "Start at this application, or allow sign-ins that start at the identity provider on the connection."
	case "nameid":
		return "Let the identity provider send a NameID that stays the same, such as persistent or emailAddress."
	case "authn_statement":
		return "Let the identity provider send an AuthnStatement; a response without one is no sign-in."
	case "time_format":
		return "Times must be in UTC and end in Z."
	case "version":
		return "Choose SAML 2.0 in the identity provider."
	case "condition":
		return "Remove the condition in the identity provider; it asks for something that can't be promised here."
	case "limit":
		return "Send fewer attributes or groups."
	case "encoding":
		return "Send the response as UTF-8."
	}
	return "An unchanged response of an identity provider does not look like this. Keep the response and ask the provider's support."
}
