package account

import (
	"usher/internal/fault"
	"usher/internal/message"
)

// WordsFor returns what a person is told about a failure. It never quotes the
// failure itself: an administrator reads that on the attempt, by its reference.
func WordsFor(t message.Text, err *fault.Error) Words {
	s := situationOf(err)
	w := Words{Heading: t.Say("failure." + s.name + ".heading"), Happened: t.Say("failure." + s.name + ".happened")}
	for _, advice := range s.advice {
		w.Todo = append(w.Todo, t.Say("advice."+advice))
	}
	return w
}

// situation is a failure as a person sees it; several codes may be one. Its words are
// in package message, failure.toml.
type situation struct {
	name   string
	advice []string // what can be done, in order
}

func situationOf(err *fault.Error) situation {
	if s, ok := reasonSituation(err); ok {
		return s
	}
	if s, ok := situations[err.Code()]; ok {
		return s
	}
	return failedOther
}

// reasonSituation is that of a failure with a reason that a person can act on.
func reasonSituation(err *fault.Error) (situation, bool) {
	switch err.Code() {
	case fault.OAuthTokenExchangeError, fault.OAuthFetchUserError:
		switch err.Reason() {
		case "timeout", "unreachable", "server_error", "rate_limited", "keys_unavailable":
			return situation{"provider_away", []string{"wait_start", "goes_on_it"}}, true
		}
	case fault.OAuthCallbackInvalid:
		switch err.Reason() {
		case "provider_error":
			return situation{"provider_error", []string{"chose_not", "else_it"}}, true
		case "iss", "code", "duplicate", "too_long":
			return failedUnverified, true
		}
	default:
		if err.Reason() == "email_as_typed" {
			return situation{"other_address", []string{"known_address", "shared_computer"}}, true
		}
	}
	return situation{}, false
}

var (
	failedOther            = situation{"other", []string{"start_again", "goes_on"}}
	failedAttributeMissing = situation{"attribute_missing", []string{"ask_it"}}
	failedDomainMismatch   = situation{"domain_mismatch", []string{"other_account", "else_it"}}
	failedUnverified       = situation{"unverified", []string{"try_again", "again_it"}}
	failedNotFinished      = situation{"not_finished", []string{"start_again"}}
	failedNoConnection     = situation{"no_connection", []string{"work_address", "ask_it"}}
	failedFull             = situation{"full", []string{"ask_admin"}}
)

// situations holds the failures that end a step of a hosted page. Failures of a field
// are shown at the field.
var situations = map[fault.Code]situation{
	fault.SAMLUserAttributeMissing:       failedAttributeMissing,
	fault.SSOUserAttributeMissing:        failedAttributeMissing,
	fault.SAMLEmailAddressDomainMismatch: failedDomainMismatch,
	fault.SSOEmailAddressDomainMismatch:  failedDomainMismatch,
	fault.SSOHostedDomainMismatch:        failedDomainMismatch,
	fault.SAMLResponseInvalid:            failedUnverified,
	fault.OAuthTokenExchangeError:        failedUnverified,
	fault.OAuthFetchUserError:            failedUnverified,
	fault.OAuthCallbackInvalid:           failedNotFinished,
	fault.SSOVerdictInvalid:              failedNotFinished,
	fault.ClientStateInvalid:             failedNotFinished,
	fault.SAMLConnectionActiveNotFound:   failedNoConnection,
	fault.SAMLConnectionNotFound:         failedNoConnection,
	fault.SSOSignInConnectionMissing:     failedNoConnection,
	fault.SSOSignUpConnectionMissing:     failedNoConnection,

	fault.TestRunTicketInvalid:            {"test_run_link", []string{"new_test_run"}},
	fault.ConnectionDraftChanged:          {"test_run_outdated", []string{"new_test_run"}},
	fault.OAuthDebugProviderNotConfigured: {"test_run_incomplete", []string{"complete_settings"}},
	fault.TicketInvalid:                   {"ticket", []string{"whole_link", "ask_inviter"}},
	fault.TicketExpired:                   {"invitation_expired", []string{"ask_inviter"}},
	fault.OrganizationInvitationRevoked:   {"invitation_withdrawn", []string{"ask_inviter"}},
	fault.OrganizationInvitationAccepted:  {"invitation_accepted", []string{"invited_address"}},
	fault.InvitationRevoked:               {"app_invitation_withdrawn", []string{"ask_inviter"}},
	fault.InvitationAlreadyAccepted:       {"invitation_accepted", []string{"invited_address"}},
	fault.InvitationAccountExists:         {"account_exists", []string{"sign_in_with_it"}},
	fault.OrganizationInvitationToDeleted: {"organization_gone", []string{"ask_sender"}},
	fault.ResourceForbidden:               {"somebody_else", []string{"sign_out_sent"}},
	fault.SAMLEmailAddressDomainReserved:  {"domain_reserved", []string{"sign_out_company"}},

	fault.OrganizationMembershipQuotaExceededForSSO: failedFull,
	fault.OrganizationMembershipQuotaExceeded:       failedFull,

	fault.InternalError:                           {"internal", []string{"wait_try", "tell_operator"}},
	fault.ServiceUnavailable:                      {"unavailable", []string{"wait_try"}},
	fault.SAMLResponseRelayStateMissing:           {"relay_state", []string{"from_application", "again_it"}},
	fault.OAuthAccessDenied:                       {"denied", []string{"stopped", "else_it"}},
	fault.ExternalAccountEmailVerificationMissing: {"email_unconfirmed", []string{"confirm_mail", "else_it"}},
	fault.OAuthIdentificationClaimed:              {"account_claimed", []string{"choose_account", "both_yours", "ask_admin"}},
	fault.SAMLJITProvisioningDisabled:             {"no_account", []string{"be_invited"}},
	fault.SSOAccountAlreadyConnected:              {"other_identity", []string{"other_account", "ask_it"}},
	fault.IdentificationClaimed:                   {"address_claimed", []string{"ask_it"}},
	fault.Deprovisioned:                           {"deprovisioned", []string{"mistake_it"}},
	fault.UserBanned:                              {"banned", []string{"mistake_operator"}},
	fault.UserLocked:                              {"locked", []string{"wait_hour", "not_you"}},
	fault.UserDeactivated:                         {"deactivated", []string{"ask_admin"}},
	fault.SignInNotAllowed:                        {"not_allowed", []string{"other_address", "else_operator"}},
	fault.SignUpModeRestricted:                    {"restricted", []string{"ask_user", "have_account"}},
	fault.CSRFTokenInvalid:                        {"form_old", []string{"open_again"}},
	fault.CookieInvalid:                           {"cookie", []string{"start_again", "cookies"}},
	fault.TooManyRequests:                         {"too_many", []string{"wait_minutes"}},
	fault.NotFound:                                {"not_found", []string{"check_address"}},
	fault.InvalidRedirectURL:                      {"redirect", []string{"open_application", "again_operator"}},

	fault.SetupLinkInvalid: {"setup_link", []string{"whole_link", "new_link"}},
	fault.SetupLinkExpired: {"setup_link_expired", []string{"new_link"}},
	fault.SetupLinkRevoked: {"setup_link_revoked", []string{"new_link"}},
	fault.SetupLinkUsed:    {"setup_link_used", []string{"same_browser", "new_link"}},
}
