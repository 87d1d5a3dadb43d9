package cause

import "usher/internal/fault"

// CodeCauses is what may be behind an error code, the likeliest first.
type CodeCauses struct {
	Code   fault.Code
	Causes []Name
}

// OfCodes lists the error codes that a refused sign-in ends with and that have more
// causes than their own words say.
func OfCodes() []CodeCauses {
	return []CodeCauses{
		{fault.SAMLUserAttributeMissing, []Name{EmailMissing, NameIDMissing, GuestAccount}},
		{fault.SAMLResponseRelayStateMissing, []Name{IDPInitiatedRefused, RelayStateLost}},
		{fault.SAMLEmailAddressDomainMismatch, []Name{EmailDomainMismatch, WrongAccount, GuestAccount}},
		{fault.SAMLJITProvisioningDisabled, []Name{RefusedHere}},
		{fault.SAMLResponseInvalid, []Name{
			SigningKeyRolledOver, SigningKeyUnknown, CertificateExpired, AudienceMismatch, AudienceMissing, IssuerMismatch, RecipientMismatch,
			SchemeMismatch, URLNearMiss, OtherApplication, NotSigned, WeakAlgorithm, ContentChanged, DecryptionFailed, NameIDMissing,
			NameIDUnstable, NotAssigned, StoppedAtProvider, ProviderPolicy, AuthnContext, RequestNotSigned, ACSNotRegistered,
			AssertionExpired, ClockSkew, ZeroTolerance, RelayStateLost, IDPInitiatedRefused, OldTab, Replayed, MessageNotUnderstood,
		}},
		{fault.SSOUserAttributeMissing, []Name{EmailMissing, NameIDMissing, GuestAccount}},
		{fault.SSOEmailAddressDomainMismatch, []Name{EmailDomainMismatch, WrongAccount, GuestAccount}},
		{fault.SSOHostedDomainMismatch, []Name{WrongAccount}},
		{fault.SSOAccountAlreadyConnected, []Name{PersonRecreated, NameIDUnstable}},
		{fault.ExternalAccountEmailVerificationMissing, []Name{EmailUnverified, GuestAccount}},
		{fault.OAuthAccessDenied, []Name{ConsentMissing, NotAssigned, StoppedAtProvider}},
		{fault.OAuthCallbackInvalid, []Name{OldTab, ConsentMissing, StoppedAtProvider, ApplicationUnknown, ProviderDown, ProviderPolicy, IDTokenMismatch, CodeRefused, RefusedHere}},
		{fault.OAuthTokenExchangeError, []Name{
			ClientSecretExpired, ClientSecretWrong, CodeRefused, RedirectURIMismatch, ApplicationUnknown, IDTokenMismatch, AssertionExpired, ClockSkew,
			NameIDMissing, WrongAccount, PersonSuspended, StoppedAtProvider, ConsentMissing, ProviderDown,
		}},
		{fault.OAuthFetchUserError, []Name{ConsentMissing, NameIDMissing, IDTokenMismatch, ProviderDown}},
		{fault.Deprovisioned, []Name{PersonSuspended}},
	}
}

// NeverReturned is what may be behind an attempt that never came back.
func NeverReturned() []Name {
	return []Name{
		ApplicationUnknown, ACSNotRegistered, RedirectURIMismatch, RequestNotSigned, NotAssigned, StoppedAtProvider, ApplicationInactive,
		PersonSuspended, WrongAccount, ProviderDown, ConsentMissing, PersonRecreated,
	}
}
