package oidc

import (
	"cmp"
	"errors"

	"usher/internal/fault"
)

// Check is one check of a sign-in. Name is stable; Plain and Fix are for an
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

// refuse makes the fault of an error that note or check returned; nil stays nil.
func refuse(code fault.Code, err error) error {
	if err == nil {
		return nil
	}
	return refused(code, err)
}

// plainWords says what a check is about.
func plainWords(name string) string {
	switch name {
	case "answer_issuer":
		return "The answer comes from the identity provider that was asked."
	case "answer":
		return "The identity provider let the person through."
	case "token_answer":
		return "The identity provider exchanged the code for tokens."
	case "id_token":
		return "There is an ID token, and it is a plain signed one."
	case "algorithm":
		return "The ID token is signed by an algorithm that is safe."
	case "keys":
		return "The identity provider publishes the key that the ID token names."
	case "signature":
		return "The signature of the ID token is good."
	case "claims":
		return "The content of the ID token is sound JSON within the limits."
	case "issuer":
		return "The ID token comes from the identity provider of this connection."
	case "tenant":
		return "The ID token names the tenant that its issuer is of."
	case "key_issuer":
		return "The key that signed may sign for this issuer."
	case "audience":
		return "The ID token is meant for this connection's client."
	case "authorized_party":
		return "The ID token was issued to this connection's client."
	case "expires":
		return "The ID token is still valid."
	case "issued_at":
		return "The ID token was not issued in the future."
	case "not_before":
		return "The ID token is valid already."
	case "nonce":
		return "The ID token belongs to the sign-in that was started here."
	case "access_token_hash":
		return "The ID token and the access token belong together."
	case "subject":
		return "The ID token names a person."
	case "user_info":
		return "The user information can be read."
	case "user_info_signature":
		return "The signature of the user information is good."
	case "user_info_issuer", "user_info_audience":
		return "The signed user information is from the same issuer, for the same client."
	case "user_info_subject":
		return "The user information is about the person whom the ID token names."
	case "person":
		return "The user information names a person."
	case "mailbox":
		return "The person's addresses can be read."
	}
	return ""
}

// fixFor says what an administrator can do about a reason. Reasons that no
// setting can cause have one answer: something has changed the message.
func fixFor(reason string) string {
	if fix := fixForAnswer(reason); fix != "" {
		return fix
	}
	switch reason {
	case "alg":
		return "Choose RS256 or ES256 as the signing algorithm of ID tokens in the identity provider."
	case "encrypted":
		return "Switch the encryption of ID tokens off in the identity provider; sign them only."
	case "key":
		return "Let the identity provider sign with RSA of 2,048 bits or more, or with the curve that fits its algorithm, and publish the key for signatures."
	case "kid_unknown":
		return "Compare the issuer and the key set's address (jwks_uri) with the identity provider's. If it has just changed its keys, try again in a minute."
	case "keys_unavailable":
		return "Open the key set's address (jwks_uri) in a browser: it must answer with JSON, over https, without a login."
	case "signature":
		return "Compare the key set's address (jwks_uri) with the identity provider's discovery document; they must be of one server and one tenant."
	case "iss":
		return "Set the issuer on the connection to the one that is received, letter for letter, if that is your identity provider's; discover the connection again."
	case "tenant":
		return "Sign in with a work account of a Microsoft Entra tenant."
	case "aud":
		return "Compare the client ID on the connection with the one in the identity provider."
	case "time":
		return "Set the clocks of the identity provider and of this server by NTP."
	case "nonce":
		return "Start the sign-in again from this application, in one browser window. If it fails again, let the identity provider return the nonce."
	case "sub":
		return "Let the identity provider send sub: text of at most 255 characters that never changes for a person."
	case "sub_mismatch":
		return "Let the user info endpoint and the ID token give the same sub. Two servers or two tenants behind one set of addresses cause this."
	case "subject_missing":
		return "Map the person's key to a claim of the user information that never changes for a person."
	case "no_access_token":
		return "Let the token endpoint send an access token."
	case "unauthorized":
		return "Grant the scopes openid, email and profile to the application, and compare the user info endpoint with the identity provider's."
	}
	return "An unchanged answer of an identity provider does not look like this. Keep it and ask the provider's support."
}

// fixForAnswer is fixFor for what a provider says instead of giving tokens.
func fixForAnswer(reason string) string {
	switch reason {
	case "access_denied":
		return "Assign the person to the application in the identity provider, and grant the application its scopes."
	case "provider_error":
		return "The identity provider refused, in the words that were received. Its own log says more."
	case "code":
		return "Start the sign-in again. If it fails again, let the identity provider answer with response type code."
	case "invalid_client", "secret_wrong":
		return "Enter the client ID and the client secret again. In Microsoft Entra ID copy the secret's value, not its ID."
	case "secret_expired":
		return "Make a new client secret in the identity provider and enter it on the connection; the old one has expired."
	case "auth_method":
		return "Allow client_secret_basic or client_secret_post for this application in the identity provider."
	case "invalid_grant", "code_used":
		return "Start the sign-in again. If it fails each time, compare the redirect URI and the token endpoint with the identity provider's."
	case "person_gone":
		return "The person is disabled or deleted at the identity provider. Enable the account there."
	case "interaction_required":
		return "The identity provider wants the person to do something, such as a second factor. Let the person sign in again."
	case "pkce":
		return "Start the sign-in again, in one browser window. If it fails each time, let the identity provider accept PKCE with S256."
	case "tenant_mismatch":
		return "The token endpoint is another tenant's than the authorization endpoint. Discover the connection again."
	case "redirect_uri":
		return "Register this connection's redirect URI at the identity provider, letter for letter."
	case "unauthorized_client", "unsupported_grant_type":
		return "Allow the authorization code flow for this application in the identity provider."
	case "invalid_scope":
		return "Remove scopes from the connection that the identity provider does not know."
	case "invalid_request":
		return "The identity provider did not understand the request. Compare the token endpoint with the identity provider's."
	case "html", "not_json", "status":
		return "Compare the endpoint with the identity provider's discovery document; what answers there is something else."
	case "redirected":
		return "Enter the address that the endpoint redirects to; secrets are not sent on by a redirect."
	case "timeout", "unreachable", "server_error", "rate_limited":
		return "Try again. If it lasts, look at the identity provider's status page, and whether this server may reach it."
	case "no_id_token":
		return "Add the scope openid to the connection, and allow ID tokens for the application in the identity provider."
	case "token_type":
		return "Let the identity provider issue bearer tokens for this application."
	case "too_large":
		return "Send fewer claims or groups."
	}
	return ""
}
