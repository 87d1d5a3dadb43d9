package account_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/message"
	"usher/internal/web/account"
)

// A code may have several causes that a person can do something about.
func TestWordsFor_SaysWhatThePersonCanActOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code    fault.Code
		reason  string
		heading string
	}{
		"a denial at the provider":               {fault.OAuthAccessDenied, "access_denied", "Your company didn’t let you in"},
		"the provider's own error":               {fault.OAuthCallbackInvalid, "provider_error", "There was a problem at your company’s sign-in"},
		"the answer of another provider":         {fault.OAuthCallbackInvalid, "iss", "We couldn’t verify your company’s sign-in"},
		"a state that nobody knows":              {fault.OAuthCallbackInvalid, "state", "This sign-in can no longer be finished"},
		"a provider that is gone":                {fault.OAuthTokenExchangeError, "unreachable", "We can’t reach your company’s sign-in"},
		"a provider that is gone half way":       {fault.OAuthFetchUserError, "timeout", "We can’t reach your company’s sign-in"},
		"a client secret that is wrong":          {fault.OAuthTokenExchangeError, "invalid_client", "We couldn’t verify your company’s sign-in"},
		"user information that is wrong":         {fault.OAuthFetchUserError, "sub_mismatch", "We couldn’t verify your company’s sign-in"},
		"an address that nobody proved":          {fault.ExternalAccountEmailVerificationMissing, "", "Your email address is not confirmed at your company"},
		"an address other than the typed one":    {fault.SSOEmailAddressDomainMismatch, "email_as_typed", "You signed in as somebody else"},
		"an address of another domain":           {fault.SSOEmailAddressDomainMismatch, "domain", "This email address can’t be used here"},
		"an account that another person has":     {fault.OAuthIdentificationClaimed, "subject_taken", "This company account belongs to somebody else here"},
		"what we have no words of its own about": {fault.SSOInvalidType, "", "That did not work"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := account.WordsFor(message.Text{}, fault.New(test.code).Detail("reason", test.reason)).Heading; got != test.heading {
				t.Errorf("heading: got %q, want %q", got, test.heading)
			}
		})
	}
}
