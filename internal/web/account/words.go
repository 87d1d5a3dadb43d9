package account

import "usher/internal/fault"

// WordsFor returns what a person is told about a failure. It never quotes the
// failure itself: an administrator reads that on the attempt, by its reference.
func WordsFor(err *fault.Error) Words {
	if w, ok := reasonWords(err); ok {
		return w
	}
	if w, ok := errorWords[err.Code()]; ok {
		return w
	}
	return wordsOther
}

// reasonWords are the words for what has a reason that a person can act on.
func reasonWords(err *fault.Error) (Words, bool) {
	switch err.Code() {
	case fault.OAuthTokenExchangeError, fault.OAuthFetchUserError:
		switch err.Reason() {
		case "timeout", "unreachable", "server_error", "rate_limited", "keys_unavailable":
			return wordsProviderAway, true
		}
	case fault.OAuthCallbackInvalid:
		switch err.Reason() {
		case "provider_error":
			return wordsProviderError, true
		case "iss", "code", "duplicate", "too_long":
			return wordsUnverified, true
		}
	default:
		if err.Reason() == "email_as_typed" {
			return wordsOtherAddress, true
		}
	}
	return Words{}, false
}

// Advice that several failures share.
const (
	askIT      = "Ask your company’s IT team for help, and give them the reference below."
	tryAgain   = "Try once more."
	startAgain = "Start again, and finish in the same browser window."
	askInviter = "Ask the person who invited you for another invitation."
	askAdmin   = "Ask an administrator of your organization for help."
)

var (
	wordsOther = Words{
		"That did not work",
		"We could not go on with your request.",
		[]string{startAgain, "If it goes on, ask for help and give the reference below."},
	}
	wordsAttributeMissing = Words{
		"Your company’s sign-in left out your email address",
		"You signed in, but we did not learn your email address, so we can’t tell which account is yours.",
		[]string{askIT},
	}
	wordsDomainMismatch = Words{
		"This email address can’t be used here",
		"Your company’s sign-in gave us an email address that does not belong to one of its domains here.",
		[]string{"If you have several work accounts, sign in with the other one.", "Otherwise, ask your company’s IT team, and give them the reference below."},
	}
	wordsOtherAddress = Words{
		"You signed in as somebody else",
		"The email address that your company’s sign-in gave us is not the one that you typed.",
		[]string{"Start again with the address that your company knows you by.", "If you share this computer, sign out at your company first."},
	}
	wordsUnverified = Words{
		"We couldn’t verify your company’s sign-in",
		"The answer from your company’s sign-in did not pass our checks, so we did not let it in.",
		[]string{tryAgain, "If it happens again, ask your company’s IT team, and give them the reference below."},
	}
	wordsProviderAway = Words{
		"We can’t reach your company’s sign-in",
		"You came back from it, but it does not answer when we ask who you are.",
		[]string{"Wait a minute and start again.", "If it goes on, ask your company’s IT team, and give them the reference below."},
	}
	wordsProviderError = Words{
		"There was a problem at your company’s sign-in",
		"It sent you back without signing you in.",
		[]string{"If you chose not to go on there, start again when you want to.", "Otherwise, ask your company’s IT team, and give them the reference below."},
	}
	wordsNotFinished = Words{
		"This sign-in can no longer be finished",
		"It took too long, or it has been finished already.",
		[]string{startAgain},
	}
	wordsNoConnection = Words{
		"Company sign-in is not available",
		"It is switched off, or not set up for this address.",
		[]string{"Check that you typed your work email address.", askIT},
	}
	wordsTicket = Words{
		"This link is not valid",
		"It is incomplete, or was not made here.",
		[]string{"Open the whole link of the mail.", askInviter},
	}
	wordsFull = Words{
		"Your organization has no free place",
		"You signed in, but your organization has reached its number of members.",
		[]string{askAdmin},
	}
)

// errorWords holds the failures that end a step of a hosted page. Failures of a
// field are shown at the field, in the catalogue's words.
var errorWords = map[fault.Code]Words{
	fault.SAMLUserAttributeMissing:       wordsAttributeMissing,
	fault.SSOUserAttributeMissing:        wordsAttributeMissing,
	fault.SAMLEmailAddressDomainMismatch: wordsDomainMismatch,
	fault.SSOEmailAddressDomainMismatch:  wordsDomainMismatch,
	fault.SSOHostedDomainMismatch:        wordsDomainMismatch,
	fault.SAMLResponseInvalid:            wordsUnverified,
	fault.OAuthTokenExchangeError:        wordsUnverified,
	fault.OAuthFetchUserError:            wordsUnverified,
	fault.OAuthCallbackInvalid:           wordsNotFinished,
	fault.SSOVerdictInvalid:              wordsNotFinished,
	fault.ClientStateInvalid:             wordsNotFinished,
	fault.SAMLConnectionActiveNotFound:   wordsNoConnection,
	fault.SAMLConnectionNotFound:         wordsNoConnection,
	fault.SSOSignInConnectionMissing:     wordsNoConnection,
	fault.SSOSignUpConnectionMissing:     wordsNoConnection,

	fault.TicketInvalid:                   wordsTicket,
	fault.TicketExpired:                   {"This invitation has expired", "Its link works no longer.", []string{askInviter}},
	fault.OrganizationInvitationRevoked:   {"This invitation was withdrawn", "The organization took it back.", []string{askInviter}},
	fault.OrganizationInvitationAccepted:  {"This invitation was accepted already", "It works once.", []string{"Sign in with the address that was invited."}},
	fault.InvitationRevoked:               {"This invitation was withdrawn", "Whoever invited you took it back.", []string{askInviter}},
	fault.InvitationAlreadyAccepted:       {"This invitation was accepted already", "It works once.", []string{"Sign in with the address that was invited."}},
	fault.InvitationAccountExists:         {"You have an account already", "The address that was invited has one.", []string{"Sign in with it."}},
	fault.OrganizationInvitationToDeleted: {"The organization is gone", "The organization that invited you does not exist any more.", []string{"Ask the person who sent you the link."}},
	fault.ResourceForbidden:               {"This is for somebody else", "You are signed in as somebody else than the link is for.", []string{"Sign out, open the link again, and sign in with the address that it was sent to."}},
	fault.SAMLEmailAddressDomainReserved:  {"Sign in through your company first", "This address signs in through its company.", []string{"Sign out, open the link again, and sign in through your company."}},

	fault.OrganizationMembershipQuotaExceededForSSO: wordsFull,
	fault.OrganizationMembershipQuotaExceeded:       wordsFull,

	fault.InternalError: {
		"Something went wrong on our side",
		"We could not finish what you asked for. It is not your fault, and nothing was left half done.",
		[]string{"Wait a minute and try once more.", "If it goes on, tell whoever runs this service, and give them the reference below."},
	},
	fault.ServiceUnavailable: {
		"We can’t sign you in right now",
		"The service is busy or being updated.",
		[]string{"Wait a minute and try once more."},
	},
	fault.SAMLResponseRelayStateMissing: {
		"The sign-in came back incomplete",
		"Your company’s sign-in answered, but without the note that says which sign-in it answers.",
		[]string{"Start again from the sign-in page of this application, not from your company’s app list.", "If it happens again, ask your company’s IT team, and give them the reference below."},
	},
	fault.OAuthAccessDenied: {
		"Your company didn’t let you in",
		"You did not finish there, or you may not use this application.",
		[]string{"If you stopped on the way, start again.", "Otherwise, ask your company’s IT team, and give them the reference below."},
	},
	fault.ExternalAccountEmailVerificationMissing: {
		"Your email address is not confirmed at your company",
		"Your company’s sign-in gave us your email address, but does not confirm that it is yours.",
		[]string{"If your company sent you a mail to confirm your address, follow it and start again.", "Otherwise, ask your company’s IT team, and give them the reference below."},
	},
	fault.OAuthIdentificationClaimed: {
		"This company account belongs to somebody else here",
		"It, or its email address, is already linked to another person’s account.",
		[]string{"If you have several work accounts, choose the other one.", "If both accounts here are yours, sign out and sign in with that one.", askAdmin},
	},
	fault.SAMLJITProvisioningDisabled: {
		"There is no account for you yet",
		"You signed in at your company, but nobody has set up an account for you here.",
		[]string{"Ask an administrator of your organization to invite you."},
	},
	fault.SSOAccountAlreadyConnected: {
		"Your account is connected to another company identity",
		"The identity that your company’s sign-in gave us is not the one that your account has used before.",
		[]string{"If you have several work accounts, sign in with the other one.", askIT},
	},
	fault.IdentificationClaimed: {
		"This email address belongs to another account",
		"Your company’s sign-in gave us an email address that another account here already holds.",
		[]string{askIT},
	},
	fault.Deprovisioned: {
		"Your company has ended your access",
		"Your company’s directory says that this account is no longer in use.",
		[]string{"If that is a mistake, ask your company’s IT team."},
	},
	fault.UserBanned: {
		"This account can’t sign in",
		"The account has been closed by an administrator.",
		[]string{"If you think that is a mistake, contact whoever runs this application."},
	},
	fault.UserLocked: {
		"This account is locked for now",
		"There were too many failed tries.",
		[]string{"Wait an hour and try again.", "If it was not you who tried, tell whoever runs this application."},
	},
	fault.UserDeactivated: {
		"This account is deactivated",
		"Your organization has switched this account off.",
		[]string{askAdmin},
	},
	fault.SignInNotAllowed: {
		"This address may not use the application",
		"Access is limited to certain addresses, and yours is not among them.",
		[]string{"If you have another address, sign in with that one.", "Otherwise, ask whoever runs this application."},
	},
	fault.SignUpModeRestricted: {
		"You need an invitation",
		"New accounts are by invitation only.",
		[]string{"Ask somebody who already uses the application to invite you.", "If you have an account already, sign in with its address."},
	},
	fault.CSRFTokenInvalid: {
		"This form is out of date",
		"It was open for too long, or it was not sent from our page. For your safety nothing was done.",
		[]string{"Open the page again and repeat what you did."},
	},
	fault.CookieInvalid: {
		"Your browser’s session is out of date",
		"We could not tell which sign-in this browser belongs to.",
		[]string{startAgain, "If it goes on, delete this site’s cookies in your browser."},
	},
	fault.TooManyRequests: {
		"Too many tries",
		"We have stopped for a moment, to protect your account.",
		[]string{"Wait a few minutes and try again."},
	},
	fault.NotFound: {
		"This page doesn’t exist",
		"The address may be mistyped, or what it showed is gone.",
		[]string{"Check the address, or go back to where you came from."},
	},
	fault.InvalidRedirectURL: {
		"We can’t send you to that address",
		"The application asked us to return you to a page that it has not registered.",
		[]string{"Open the application again and sign in from there.", "If it happens again, tell whoever runs the application."},
	},
}
