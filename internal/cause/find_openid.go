package cause

import "strings"

// answer finds the causes of what came back through the browser.
func (x *finder) answer(reason string) {
	received := x.detail("received")
	if x.text(received, Certain) {
		return
	}
	switch reason {
	case "access_denied":
		x.note(ConsentMissing, Likely, "The provider says: %s", clip(received))
		x.note(NotAssigned, Likely, "Many providers answer so for a person who is not assigned.")
		x.note(StoppedAtProvider, Possible, "Or the person gave up.")
	case "provider_error":
		x.providerError(received)
	case "iss":
		x.note(IDTokenMismatch, Certain, "The answer is of the issuer %q, wanted %q.", received, x.detail("expected"))
	case "settings_changed":
		x.note(RefusedHere, Certain, "The connection leads to another provider since.")
	case "state_used", "state", "browser_mismatch":
		x.note(OldTab, Likely, "Received: %s.", received)
	default:
		x.note(CodeRefused, Likely, "Wanted: %s. Received: %s.", x.detail("expected"), received)
	}
}

// providerError reads an error of RFC 6749, section 4.1.2.1, or of OpenID Connect
// Core, section 3.1.2.6.
func (x *finder) providerError(received string) {
	said := "The provider says: " + clip(received)
	code, _, _ := strings.Cut(received, ":")
	switch strings.TrimSpace(code) {
	case "consent_required", "invalid_scope":
		x.note(ConsentMissing, Certain, "%s", said)
	case "login_required", "interaction_required", "account_selection_required":
		x.note(StoppedAtProvider, Certain, "%s", said)
	case "unauthorized_client":
		x.note(ApplicationUnknown, Likely, "%s", said)
	case "unmet_authentication_requirements":
		x.note(AuthnContext, Certain, "%s", said)
	case "server_error", "temporarily_unavailable":
		x.note(ProviderDown, Likely, "%s", said)
	default:
		x.note(ProviderPolicy, Likely, "%s", said)
	}
}

// tokens finds the causes of oauth_token_exchange_error.
func (x *finder) tokens(reason string) {
	received := x.detail("received")
	if x.failed().Name == "token_answer" && x.text(received, Certain) {
		return
	}
	both := func(n Name) { x.note(n, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), received) }
	switch reason {
	case "invalid_client", "secret_wrong", "auth_method":
		both(ClientSecretWrong)
		x.note(ClientSecretExpired, Possible, "Some providers answer so to a secret that has ended.")
	case "secret_expired":
		both(ClientSecretExpired)
	case "invalid_grant", "code_used", "pkce", "tenant_mismatch":
		both(CodeRefused)
	case "redirect_uri":
		both(RedirectURIMismatch)
	case "unauthorized_client", "unsupported_grant_type":
		both(ApplicationUnknown)
	case "invalid_scope":
		both(ConsentMissing)
	case "interaction_required":
		both(StoppedAtProvider)
	case "person_gone":
		both(PersonSuspended)
	case "tenant":
		both(WrongAccount)
	case "time":
		x.tokenTimes()
	case "sub", "subject_missing":
		both(NameIDMissing)
	case "timeout", "unreachable", "server_error", "rate_limited", "html", "not_json", "status", "redirected", "keys_unavailable", "missing", "too_large":
		both(ProviderDown)
	default:
		if x.failed().Name == "token_answer" {
			both(ProviderDown)
			return
		}
		both(IDTokenMismatch)
	}
}

// tokenTimes tells an ID token that is old from clocks that are apart.
func (x *finder) tokenTimes() {
	received := x.detail("received")
	switch {
	case strings.HasPrefix(x.detail("expected"), "whole seconds"):
		x.note(IDTokenMismatch, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), received)
	case x.failed().Name == "expires":
		x.note(AssertionExpired, Likely, "The ID token ended at %s.", received)
		x.note(ClockSkew, Likely, "Or the clocks are apart.")
	default:
		x.note(ClockSkew, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), received)
	}
}

// userInfo finds the causes of oauth_fetch_user_error.
func (x *finder) userInfo(reason string) {
	received := x.detail("received")
	switch reason {
	case "unauthorized", "no_access_token":
		x.note(ConsentMissing, Likely, "Wanted: %s. Received: %s.", x.detail("expected"), received)
	case "sub_mismatch":
		x.note(IDTokenMismatch, Certain, "ID token and user information are about two people.")
	case "subject_missing":
		x.note(NameIDMissing, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), received)
	case "signature", "iss", "aud", "alg", "kid_unknown", "key":
		x.note(IDTokenMismatch, Certain, "Wanted: %s. Received: %s.", x.detail("expected"), received)
	default:
		x.note(ProviderDown, Likely, "Wanted: %s. Received: %s.", x.detail("expected"), received)
	}
}
