package fault

// The codes, by subject. The spelling is the wire's; the catalogue below says
// what each means.
const (
	// SSO: connections and SAML.
	SAMLUserAttributeMissing             Code = "saml_user_attribute_missing"
	SAMLResponseRelayStateMissing        Code = "saml_response_relaystate_missing"
	SAMLEmailAddressDomainMismatch       Code = "saml_email_address_domain_mismatch"
	SAMLJITProvisioningDisabled          Code = "saml_jit_provisioning_disabled"
	SAMLResponseInvalid                  Code = "saml_response_invalid"
	SAMLConnectionActiveNotFound         Code = "saml_connection_active_not_found"
	SAMLConnectionNotFound               Code = "saml_connection_not_found"
	SAMLConnectionCantBeActivated        Code = "saml_connection_cant_be_activated"
	SAMLFailedToFetchIDPMetadata         Code = "saml_failed_to_fetch_idp_metadata"
	SAMLFailedToParseIDPMetadata         Code = "saml_failed_to_parse_idp_metadata"
	SAMLMetadataMissingFields            Code = "saml_metadata_missing_fields"
	SAMLEmailAddressDomainReserved       Code = "saml_email_address_domain_reserved"
	SSOUserAttributeMissing              Code = "enterprise_sso_user_attribute_missing"
	SSOEmailAddressDomainMismatch        Code = "enterprise_sso_email_address_domain_mismatch"
	SSOHostedDomainMismatch              Code = "enterprise_sso_hosted_domain_mismatch"
	SSOAdditionalIdentificationsDisabled Code = "enterprise_sso_additional_identifications_disabled"
	SSOSignInConnectionMissing           Code = "enterprise_sso_sign_in_connection_missing"
	SSOSignUpConnectionMissing           Code = "enterprise_sso_sign_up_connection_missing"
	SSOConnectionRequired                Code = "enterprise_connection_id_is_required_with_multiple_connections"
	SSOAccountAlreadyConnected           Code = "enterprise_sso_account_already_connected"
	SSOInvalidType                       Code = "enterprise_connection_invalid_type"
	SSONameNotDerivable                  Code = "enterprise_connection_name_not_derivable"
	SSOAttemptNotFound                   Code = "sso_attempt_not_found"
	SSOVerdictInvalid                    Code = "sso_verdict_invalid"
	ConnectionDomainTaken                Code = "enterprise_connection_domain_taken"
	ConnectionDraftNotReady              Code = "enterprise_connection_draft_not_ready"
	ConnectionDraftChanged               Code = "enterprise_connection_draft_changed"
	TestRunTicketInvalid                 Code = "enterprise_connection_test_run_ticket_invalid"
	TestRunNeverReturned                 Code = "enterprise_connection_test_run_never_returned"
	Deprovisioned                        Code = "deprovisioned"

	// SSO: OpenID Connect and EASIE.
	OAuthCallbackInvalid                    Code = "oauth_callback_invalid"
	OAuthAccessDenied                       Code = "oauth_access_denied"
	OAuthTokenExchangeError                 Code = "oauth_token_exchange_error"
	OAuthFetchUserError                     Code = "oauth_fetch_user_error"
	OAuthDiscoveryIssuerMismatch            Code = "custom_oauth_provider_discovery_issuer_mismatch"
	OAuthDiscoveryRetrievalError            Code = "custom_oauth_provider_discovery_server_retrieval_error"
	OAuthCannotUseDiscoveryURL              Code = "custom_oauth_provider_cannot_use_discovery_url"
	OAuthProviderMisconfigured              Code = "misconfigured_oauth_provider"
	OAuthRedirectURIMismatch                Code = "redirect_uri_mismatch"
	OAuthDebugMissingState                  Code = "oauth_debug_callback_missing_state"
	OAuthDebugProviderNotConfigured         Code = "oauth_debug_provider_not_configured"
	ExternalAccountEmailVerificationMissing Code = "external_account_email_address_verification_required"
	OAuthIdentificationClaimed              Code = "oauth_identification_claimed"
	OAuthProviderInUse                      Code = "oauth_provider_in_use"
	EASIEConnectionActiveNotFound           Code = "easie_connection_active_not_found"
	EASIEInvalidOAuthCredentials            Code = "easie_invalid_oauth_credentials"

	// Organizations, memberships, domains.
	OrganizationNotFound                       Code = "organization_not_found_or_unauthorized"
	OrganizationMembershipEnterpriseConnection Code = "organization_membership_enterprise_connection_cannot_remove"
	OrganizationMembershipQuotaExceededForSSO  Code = "organization_membership_quota_exceeded_for_sso"
	OrganizationMembershipQuotaExceeded        Code = "organization_membership_quota_exceeded"
	OrganizationMinimumPermissionsNeeded       Code = "organization_minimum_permissions_needed"
	AlreadyAMember                             Code = "already_a_member_in_organization"
	NotAMember                                 Code = "not_a_member_in_organization"
	PersonalAccountsNotAllowed                 Code = "personal_accounts_not_allowed"
	ExclusiveOrganizationMembership            Code = "exclusive_organization_membership"
	MissingOrganizationPermission              Code = "missing_organization_permission"
	OrganizationDomainExistsForSSO             Code = "organization_domain_exists_for_enterprise_connection"
	OrganizationDomainExistsForEnrollment      Code = "organization_domain_exists_for_enrollment"
	OrganizationDomainCommon                   Code = "organization_domain_common"
	OrganizationDomainAlreadyExists            Code = "organization_domain_already_exists"
	OrganizationDomainAlreadyExistsSame        Code = "organization_domain_already_exists_same_organization"
	OrganizationDomainBlocked                  Code = "organization_domain_blocked"
	OrganizationDomainMismatch                 Code = "organization_domain_mismatch"
	OrganizationDomainsNotEnabled              Code = "organization_domains_not_enabled"
	OrganizationDomainModeNotEnabled           Code = "organization_domain_enrollment_mode_not_enabled"
	OrganizationDomainQuotaExceeded            Code = "organization_domain_quota_exceeded"
	OrganizationDomainLastVerified             Code = "organization_domain_last_verified_cannot_delete"
	OrganizationUnlimitedMembershipRequired    Code = "organization_unlimited_membership_required"
	OrganizationInvitationNotUnique            Code = "organization_invitation_not_unique"
	OrganizationInvitationNotPending           Code = "organization_invitation_not_pending"
	OrganizationInvitationNotFound             Code = "organization_invitation_not_found"
	OrganizationInvitationRevoked              Code = "organization_invitation_revoked_code"
	OrganizationInvitationAccepted             Code = "organization_invitation_already_accepted"
	OrganizationInvitationToDeleted            Code = "organization_invitation_to_deleted_organization"
	OrganizationSuggestionAccepted             Code = "organization_suggestion_already_accepted"
	MembershipRequestNotPending                Code = "organization_membership_request_not_pending"
	OrganizationDomainOwnershipNotVerified     Code = "organization_domain_ownership_not_verified"
	OrganizationDomainModeInvalid              Code = "organization_domain_enrollment_mode_invalid"
	InvitationRevoked                          Code = "revoked_invitation"
	InvitationAlreadyAccepted                  Code = "invitation_already_accepted"
	InvitationAlreadyRevoked                   Code = "invitation_already_revoked"
	InvitationAccountExists                    Code = "invitation_account_exists"
	TicketInvalid                              Code = "ticket_invalid_code"
	TicketExpired                              Code = "ticket_expired_code"
	OrganizationCreatorNotFound                Code = "organization_creator_not_found"
	OrganizationSlugsDisabled                  Code = "organization_slugs_disabled"
	OrganizationAdminDeleteNotEnabled          Code = "organization_admin_delete_not_enabled"
	OrganizationNotEnabled                     Code = "organization_not_enabled_in_instance"
	OrganizationsDisableNotAllowed             Code = "organizations_disable_not_allowed"
	ForceSelectionWithoutOrganizations         Code = "force_organization_selection_not_allowed_when_organizations_disabled"
	OrganizationCreationLimitExceeded          Code = "org_creation_limit_exceeded"
	ExclusiveMembershipExistingMembers         Code = "exclusive_organization_membership_existing_members"
	OrganizationRoleDefaultCreatorRole         Code = "organization_role_default_creator_role"
	OrganizationRoleDomainDefaultRole          Code = "organization_role_domain_default_role"
	OrganizationRoleAssignedMembers            Code = "organization_role_assigned_members"
	OrganizationRoleExistsInInvitations        Code = "organization_role_exists_in_invitations"
	OrganizationMissingCreatorPermissions      Code = "organization_missing_creator_role_permissions"
	OrganizationSystemPermission               Code = "organization_system_permission_not_modifiable"
	OrganizationRolePermissionExists           Code = "organization_role_permission_association_exists"
	OrganizationRolePermissionNotFound         Code = "organization_role_permission_association_not_found"
	OrganizationRolesQuotaExceeded             Code = "organization_instance_roles_quota_exceeded"
	OrganizationRoleSetsQuotaExceeded          Code = "organization_instance_role_sets_quota_exceeded"
	RoleSetMappingsMissing                     Code = "organization_role_set_reassignment_mappings_missing"
	RoleSetMappingsInvalid                     Code = "organization_role_set_reassignment_mappings_invalid"
	CannotDeleteInitialRoleSet                 Code = "cannot_delete_initial_role_set"
	RoleMigrationInProgress                    Code = "role_migration_in_progress"

	// Sign-in and sign-up.
	StrategyForUserInvalid            Code = "strategy_for_user_invalid"
	SignInNotAllowed                  Code = "not_allowed_access"
	SignUpModeRestricted              Code = "sign_up_mode_restricted"
	SignUpRestrictedWaitlist          Code = "sign_up_restricted_waitlist"
	SignUpCannotBeUpdated             Code = "sign_up_cannot_be_updated"
	IdentificationClaimed             Code = "identification_claimed"
	SignInMustUseConnectionIdentifier Code = "sign_in_must_use_enterprise_connection_identifier"
	UserBanned                        Code = "user_banned"
	UserLocked                        Code = "user_locked"
	UserDeactivated                   Code = "user_deactivated"
	VerificationFailed                Code = "verification_failed"
	VerificationExpired               Code = "verification_expired"
	VerificationMissing               Code = "verification_missing"
	VerificationAlreadyVerified       Code = "verification_already_verified"
	VerificationCodeTooMany           Code = "verification_code_too_many_requests"
	FormCodeIncorrect                 Code = "form_code_incorrect"
	FormPasswordIncorrect             Code = "form_password_incorrect"
	FormPasswordOrIdentifierIncorrect Code = "form_password_or_identifier_incorrect"
	FormIdentifierNotFound            Code = "form_identifier_not_found"
	FormIdentifierExists              Code = "form_identifier_exists"
	FormPasswordTooShort              Code = "form_password_length_too_short"
	FormPasswordTooLong               Code = "form_password_length_too_long"
	NotFound                          Code = "resource_not_found"
	ResourceForbidden                 Code = "resource_forbidden"
	SessionExists                     Code = "session_exists"
	IdentifierAlreadySignedIn         Code = "identifier_already_signed_in"
	ClientStateInvalid                Code = "client_state_invalid"
	NoPasswordSet                     Code = "no_password_set"
	IncorrectPassword                 Code = "incorrect_password"
	IdentificationDeletionFailed      Code = "identification_deletion_failed"
	LinkedIdentificationDeletion      Code = "delete_linked_identification_disallowed"
	SignInTokenRevoked                Code = "sign_in_token_revoked_code"
	SignInTokenAlreadyUsed            Code = "sign_in_token_already_used_code"
	SignInTokenCannotBeRevoked        Code = "sign_in_token_cannot_be_revoked_code"
	ActorTokenRevoked                 Code = "actor_token_revoked_code"
	ActorTokenAlreadyUsed             Code = "actor_token_already_used_code"
	ActorTokenCannotBeRevoked         Code = "actor_token_cannot_be_revoked_code"
	SetupLinkInvalid                  Code = "setup_link_invalid"
	SetupLinkExpired                  Code = "setup_link_expired"
	SetupLinkRevoked                  Code = "setup_link_revoked"
	SetupLinkUsed                     Code = "setup_link_used"

	// Sessions, clients, requests.
	AuthenticationInvalid        Code = "authentication_invalid"
	SignedOut                    Code = "signed_out"
	OperatorRequired             Code = "operator_required"
	OperatorSignInRequired       Code = "operator_sign_in_required"
	OperatorConfirmationRequired Code = "operator_confirmation_required"
	InvalidSessionToken          Code = "invalid_session_token"
	InvalidActionForSession      Code = "invalid_action_for_session"
	SessionRefreshInactive       Code = "session_refresh_inactive_session"
	SessionCreationNotAllowed    Code = "session_creation_not_allowed"
	RefreshOriginInvalid         Code = "refresh_request_origin_invalid"
	RefreshOriginMismatch        Code = "refresh_request_origin_azp_mismatch"
	ExpiredTokenInvalid          Code = "expired_session_token_invalid"
	ExpiredTokenMissingAZP       Code = "expired_session_token_missing_azp"
	ExpiredTokenMissingSID       Code = "expired_session_token_missing_sid"
	ExpiredTokenMissingIAT       Code = "session_refresh_expired_session_token_missing_iat"
	ExpiredTokenTooOld           Code = "session_refresh_expired_session_token_too_old"
	ExpiredTokenConsumed         Code = "session_refresh_expired_session_token_consumed"
	RefreshSIDMismatch           Code = "refresh_sid_mismatch"
	RefreshTokenNotFound         Code = "refresh_token_not_found"
	RefreshSessionNotFound       Code = "session_refresh_session_not_found"
	SecretKeyInvalid             Code = "clerk_key_invalid"
	AuthorizationHeaderInvalid   Code = "authorization_header_format_invalid"
	AuthorizationInvalid         Code = "authorization_invalid"
	CSRFTokenInvalid             Code = "csrf_token_invalid"
	CookieInvalid                Code = "cookie_invalid"
	HostInvalid                  Code = "host_invalid"
	OriginInvalid                Code = "origin_invalid"

	// Parameters.
	FormParamFormatInvalid         Code = "form_param_format_invalid"
	FormParamValueInvalid          Code = "form_param_value_invalid"
	FormParamTypeInvalid           Code = "form_param_type_invalid"
	FormParamMissing               Code = "form_param_missing"
	FormParamUnknown               Code = "form_param_unknown"
	FormParamNil                   Code = "form_param_nil"
	FormParamDuplicate             Code = "form_param_duplicate"
	FormParamTooLarge              Code = "form_param_exceeds_allowed_size"
	FormParamMaxLength             Code = "form_param_max_length_exceeded"
	FormParamArraySize             Code = "form_param_array_size_exceeded"
	FormDataMissing                Code = "form_data_missing"
	FormAlreadyExists              Code = "form_already_exists"
	FormPublicClientRequiresPKCE   Code = "form_public_client_requires_pkce"
	RequestBodyInvalid             Code = "request_body_invalid"
	RequestBodyTooLarge            Code = "request_body_too_large"
	UnsupportedContentType         Code = "unsupported_content_type"
	APIVersionInvalid              Code = "api_version_invalid"
	FormPasswordDigestInvalid      Code = "form_password_digest_invalid_code"
	FormConditionalParamMissing    Code = "form_conditional_param_missing"
	FormConditionalParamDisallowed Code = "form_conditional_param_disallowed"
	FormParamInvalidTime           Code = "form_param_invalid_time"
	FormDisallowFutureDate         Code = "form_disallow_future_date"
	FormParamArrayLengthMismatch   Code = "form_param_array_length_mismatch"
	FormVerificationNeeded         Code = "form_verification_needed"
	FormResourceNotFound           Code = "form_resource_not_found"
	FormInvalidOrigin              Code = "form_invalid_origin"
	FormEmailAddressBlocked        Code = "form_email_address_blocked"
	MailPlaceholderUnknown         Code = "mail_template_placeholder_unknown"
	MailPlaceholderMissing         Code = "mail_template_placeholder_missing"
	BulkSizeExceeded               Code = "bulk_size_exceeded"
	DuplicateRecord                Code = "duplicate_record"
	TemplateReservedClaim          Code = "jwt_template_reserved_claim"
	RequestInvalidForEnvironment   Code = "request_invalid_for_environment"
	InvalidRedirectURL             Code = "invalid_redirect_url"
	RedirectURLDomainMismatch      Code = "redirect_url_domain_mismatch"

	// Webhooks. Ours.
	WebhookEndpointDisabled Code = "webhook_endpoint_disabled"

	// General.
	ImageTooLarge         Code = "image_too_large"
	ImageNotFound         Code = "image_not_found"
	MethodNotAllowed      Code = "method_not_allowed"
	FeatureNotEnabled     Code = "feature_not_enabled"
	FeatureNotImplemented Code = "feature_not_implemented"
	Conflict              Code = "conflict"
	TooManyRequests       Code = "too_many_requests"
	ServiceUnavailable    Code = "service_unavailable"
	InternalError         Code = "internal_clerk_error"
)

// catalogue holds the words of every code. It is closed: a code that is not
// here is reported as InternalError.
var catalogue = map[Code]Entry{
	// SSO: connections and SAML.
	SAMLUserAttributeMissing: {
		400, "Your company's sign-in did not send your email address.",
		"The SAML response lacks the attribute {missing_attribute}, or holds more than one value for it.",
		"In the identity provider, add an attribute statement named {missing_attribute} with the person's email address, and check that the person has one.",
	},
	SAMLResponseRelayStateMissing: {
		400, "The sign-in came back without its reference.",
		"The SAML response carries no RelayState. A sign-in that started here must return the RelayState that was sent.",
		"Let the identity provider return RelayState unchanged. If people start at the provider's portal, allow sign-ins initiated by the identity provider on the connection.",
	},
	SAMLEmailAddressDomainMismatch: {
		400, "This email address may not sign in through this connection.",
		"The identity provider sent an address at {received_domain}; this connection speaks for {expected_domain}.",
		"Add {received_domain} to the connection's domains, or correct the address in the identity provider.",
	},
	SAMLJITProvisioningDisabled: {
		404, "There is no account for you yet.",
		"No account exists for {email_address}, and this connection does not create accounts.",
		"Invite the person, create the account through the Backend API or a directory, or turn just-in-time provisioning on for the connection.",
	},
	SAMLResponseInvalid: {
		401, "Your company's sign-in could not be verified.",
		"The SAML response was not accepted.",
		"See the failed check on the attempt: expected {expected}, received {received}.",
	},
	SAMLConnectionActiveNotFound: {
		404, "This sign-in connection does not exist or is switched off.",
		"No active SAML connection has this id.",
		"Enable the connection, or correct the ACS URL in the identity provider.",
	},
	SAMLConnectionNotFound: {
		422, "No company sign-in is set up for this address.",
		"No SAML connection serves this address.",
		"",
	},
	SAMLConnectionCantBeActivated: {
		422, "The connection cannot be switched on yet.",
		"These are missing: {missing_fields}.",
		"Give the identity provider's metadata, or its entity ID, SSO URL and signing certificate.",
	},
	SAMLFailedToFetchIDPMetadata: {
		400, "The metadata could not be fetched.",
		"The identity provider's metadata could not be fetched from the URL.",
		"Open the URL in a browser: it must answer with XML, over https, without a login.",
	},
	SAMLFailedToParseIDPMetadata: {
		422, "The metadata could not be read.",
		"This is not the metadata of a SAML 2.0 identity provider: {reason}.",
		"Download the metadata of the identity provider again; do not use that of the service provider.",
	},
	SAMLMetadataMissingFields: {
		422, "The metadata is incomplete.",
		"The metadata lacks {missing_fields}.",
		"Download the metadata of the identity provider again, or enter the fields by hand.",
	},
	SAMLEmailAddressDomainReserved: {
		422, "This address signs in through its company.",
		"Addresses at this domain sign in through their company's identity provider.",
		"Use the company sign-in for this address, or another address.",
	},
	SSOUserAttributeMissing: {
		400, "Your company's sign-in did not send your email address.",
		"The identity provider left out {missing_attribute}.",
		"Let the identity provider send {missing_attribute}.",
	},
	SSOEmailAddressDomainMismatch: {
		400, "This email address may not sign in through this connection.",
		"The identity provider sent an address at {received_domain}; this connection speaks for {expected_domain}.",
		"Add {received_domain} to the connection's domains, or correct the address in the identity provider.",
	},
	SSOHostedDomainMismatch: {
		400, "This account belongs to another company.",
		"The hosted domain of the account is not a domain of this connection.",
		"",
	},
	SSOAdditionalIdentificationsDisabled: {
		422, "You cannot add another identifier.",
		"Your account is managed by your company's sign-in, which allows no further identifiers.",
		"Allow additional identifiers on the connection.",
	},
	SSOSignInConnectionMissing: {
		422, "No company sign-in is set up for this address.",
		"No enterprise connection serves the domain of this address.",
		"",
	},
	SSOSignUpConnectionMissing: {
		422, "No company sign-in is set up for this address.",
		"No enterprise connection serves the domain of this address.",
		"",
	},
	SSOConnectionRequired: {
		422, "Choose how to sign in.",
		"Several connections serve this address; name one.",
		"",
	},
	SSOAccountAlreadyConnected: {
		400, "This account is already connected to another company identity.",
		"The account already has an identity at this connection, and it is not the one that came back.",
		"If the person's identity was created anew at the provider, disconnect the old one from the account.",
	},
	SSOInvalidType: {
		400, "This does not work with this kind of connection.",
		"The operation does not support this kind of connection.",
		"",
	},
	SSONameNotDerivable: {
		422, "Give the connection a name.",
		"No name was given and none can be derived.",
		"",
	},
	SSOAttemptNotFound: {
		404, "This sign-in attempt is not known.",
		"No sign-in attempt has this reference; evidence and attempts are kept for a limited time.",
		"",
	},
	SSOVerdictInvalid: {
		400, "This sign-in has already been finished or took too long.",
		"The reference of the sign-in is unknown, used or expired. Start again.",
		"",
	},
	ConnectionDomainTaken: {
		409, "Another connection already speaks for this domain.",
		"The domain {domain} belongs to a connection of another organization.",
		"Remove the domain from the other connection first.",
	},
	ConnectionDraftNotReady: {
		422, "Nobody could sign in with this draft, so it was not made live.",
		"The draft has findings that would keep everybody out: {findings}.",
		"Read the draft for what is wrong with each setting, and correct it.",
	},
	ConnectionDraftChanged: {
		409, "The draft or the live configuration has changed since you looked at it.",
		"What was to be done was decided on another configuration than the one that is there now.",
		"Look at the draft and its changes again, then repeat.",
	},
	TestRunTicketInvalid: {
		400, "This link to a test run can no longer be used.",
		"It was opened already, has expired, or was not made here.",
		"Make another test run. Its link works once, for 15 minutes.",
	},
	TestRunNeverReturned: {
		400, "Nobody came back from the identity provider.",
		"The browser was sent to the identity provider and brought no answer in time.",
		"Look at what the provider showed. Most often it does not know this service yet, or the person is not assigned to the application.",
	},
	Deprovisioned: {
		401, "Your company has ended your access.",
		"The identity provider has deprovisioned this person.",
		"",
	},

	// SSO: OpenID Connect and EASIE.
	OAuthCallbackInvalid: {
		400, "The sign-in could not be completed. Start again.",
		"The answer of the identity provider does not belong to a sign-in that is under way here.",
		"See the failed check on the attempt: expected {expected}, received {received}.",
	},
	OAuthAccessDenied: {
		403, "You were not let in by your company's sign-in.",
		"The person refused, or the identity provider did not let the person use this application.",
		"Assign the person to the application in the identity provider, and grant it the scopes that it asks for.",
	},
	OAuthTokenExchangeError: {
		400, "Your company's sign-in could not be verified.",
		"The identity provider's answer could not be exchanged for a proof of identity that holds.",
		"See the failed check on the attempt: expected {expected}, received {received}.",
	},
	OAuthFetchUserError: {
		400, "Your company's sign-in did not say who you are.",
		"The user information could not be read from the identity provider.",
		"See the failed check on the attempt: expected {expected}, received {received}.",
	},
	OAuthDiscoveryIssuerMismatch: {
		422, "The discovery document belongs to another issuer.",
		"The discovery document names the issuer {received}, which does not belong to its URL.",
		"Use the discovery URL of that issuer: {expected}.",
	},
	OAuthDiscoveryRetrievalError: {
		422, "The discovery document could not be fetched.",
		"The discovery document could not be fetched from the URL.",
		"Open the URL in a browser: it must answer with JSON, over https, without a login.",
	},
	OAuthCannotUseDiscoveryURL: {
		422, "The discovery document cannot be used.",
		"This is not the discovery document of an OpenID provider that can be used here: {reason}.",
		"Correct the URL, or enter the endpoints by hand.",
	},
	OAuthProviderMisconfigured: {
		400, "Your company's sign-in is not set up completely.",
		"The settings of the identity provider cannot be used: {reason}.",
		"Correct the connection's endpoints.",
	},
	OAuthRedirectURIMismatch: {
		400, "The identity provider does not know this site's address.",
		"The redirect URI is not registered at the identity provider.",
		"Register {redirect_uri} as a redirect URI of the application, letter for letter.",
	},
	OAuthDebugProviderNotConfigured: {
		400, "This connection cannot be tried yet.",
		"The identity provider's settings are not complete: {missing_fields} is missing.",
		"Set the client ID, the client secret and the provider's endpoints.",
	},
	OAuthDebugMissingState: {
		400, "This test of a sign-in cannot be continued. Start it again.",
		"The answer to a test run came back without its state.",
		"",
	},
	ExternalAccountEmailVerificationMissing: {
		400, "Your email address must be verified first.",
		"The identity provider does not say that the email address is the person's own.",
		"Let the identity provider verify the address and send email_verified. For Microsoft Entra ID add the optional claim xms_edov to the application's ID token.",
	},
	OAuthIdentificationClaimed: {
		400, "This account belongs to somebody else.",
		"The account at the identity provider, or its address, is linked to another person here.",
		"Sign in as that person, or ask an administrator to remove the link.",
	},
	OAuthProviderInUse: {
		400, "This provider is in use.",
		"Connections that are switched on sign in with the client at {provider}.",
		"Switch those connections off or delete them first.",
	},
	EASIEConnectionActiveNotFound: {
		404, "This sign-in connection is not active.",
		"There is no active connection here.",
		"Enable the connection, or check which one the address belongs to.",
	},
	EASIEInvalidOAuthCredentials: {
		422, "Own OAuth credentials are needed.",
		"In production the connection needs a client of its own at the provider; shared development credentials do not work.",
		"Register an application at the provider, and enter its client ID and client secret.",
	},

	// Organizations, memberships, domains.
	OrganizationNotFound: {
		404, "Organization not found.",
		"The organization does not exist, or you may not see it.",
		"",
	},
	OrganizationMembershipEnterpriseConnection: {
		403, "You cannot leave this organization.",
		"Your membership comes from your company's sign-in. An administrator can remove you.",
		"",
	},
	OrganizationMembershipQuotaExceededForSSO: {
		403, "Your organization is full.",
		"The organization has reached its limit of {max_allowed_memberships} members.",
		"Raise the organization's member limit, or remove members.",
	},
	OrganizationMembershipQuotaExceeded: {
		403, "The organization is full.",
		"The organization has reached its limit of {max_allowed_memberships} members.",
		"Raise the organization's member limit.",
	},
	OrganizationMinimumPermissionsNeeded: {
		400, "The organization needs an administrator.",
		"This would leave nobody who can manage the organization.",
		"Give another member the administrator role first.",
	},
	AlreadyAMember: {
		400, "Already a member.",
		"This person is already a member of the organization.",
		"",
	},
	NotAMember: {
		403, "Not a member.",
		"This person is not a member of the organization.",
		"",
	},
	PersonalAccountsNotAllowed: {
		422, "You need an organization.",
		"This would leave the person without any organization.",
		"",
	},
	ExclusiveOrganizationMembership: {
		422, "This organization allows no other membership.",
		"A person of this organization may belong to no other.",
		"",
	},
	MissingOrganizationPermission: {
		403, "You may not do that.",
		"Your role lacks the permission {permission}.",
		"Give the member a role with {permission}.",
	},
	OrganizationDomainExistsForSSO: {
		422, "This domain already signs in through a connection.",
		"The domain {domain} is used by an enterprise connection of this organization.",
		"Remove the domain from the connection first.",
	},
	OrganizationDomainExistsForEnrollment: {
		422, "This domain is already a verified domain.",
		"The domain {domain} is a verified domain of this organization.",
		"Delete the verified domain first, or enable the connection through the API that replaces it.",
	},
	OrganizationDomainCommon: {
		422, "This is a public mail provider.",
		"The domain {domain} belongs to a public mail provider.",
		"",
	},
	OrganizationDomainAlreadyExists: {
		422, "This domain is already taken.",
		"The domain {domain} is verified by another organization.",
		"",
	},
	OrganizationDomainAlreadyExistsSame: {
		422, "This domain is already listed.",
		"The organization already has the domain {domain}.",
		"",
	},
	OrganizationDomainBlocked: {
		422, "This mail provider is blocked.",
		"The domain {domain} hands out addresses for a short time, or is blocked here.",
		"",
	},
	OrganizationDomainMismatch: {
		422, "The address is elsewhere.",
		"The address must be one at {domain}.",
		"",
	},
	OrganizationDomainsNotEnabled: {
		403, "Verified domains are switched off.",
		"Verified domains are switched off on this instance.",
		"Switch domains on in the organization settings.",
	},
	OrganizationDomainModeNotEnabled: {
		403, "This way of joining is switched off.",
		"The enrollment mode {enrollment_mode} is switched off on this instance.",
		"Add it to the enrollment modes in the organization settings.",
	},
	OrganizationDomainQuotaExceeded: {
		403, "No more domains.",
		"The organization has {max_allowed_domains} domains, which is the limit.",
		"Delete domains that are not used.",
	},
	OrganizationDomainLastVerified: {
		422, "SSO needs this domain.",
		"The domain {domain} is the last one that shows who owns the organization's enterprise connection.",
		"Delete the connection first, or verify another of its domains.",
	},
	OrganizationUnlimitedMembershipRequired: {
		403, "The number of members is limited.",
		"People can join by themselves only where the number of members is not limited.",
		"Set the organization's max_allowed_memberships to 0.",
	},
	OrganizationInvitationNotUnique: {
		400, "This address is invited already.",
		"{email_address} has a pending invitation to this organization.",
		"Revoke that invitation first, or wait until it expires.",
	},
	OrganizationInvitationNotPending: {
		404, "The invitation is not pending.",
		"The invitation was accepted or revoked, or has expired.",
		"",
	},
	OrganizationInvitationNotFound: {
		404, "No such invitation.",
		"There is no such invitation to an address of yours.",
		"",
	},
	OrganizationInvitationRevoked: {
		400, "This invitation was withdrawn.",
		"The invitation was revoked by the organization.",
		"Invite the person again.",
	},
	OrganizationInvitationAccepted: {
		400, "This invitation was accepted already.",
		"The invitation was accepted already. Sign in to go on.",
		"",
	},
	OrganizationInvitationToDeleted: {
		400, "The organization is gone.",
		"The organization that sent this invitation does not exist any more.",
		"",
	},
	OrganizationSuggestionAccepted: {
		400, "You have asked to join already.",
		"The suggestion was accepted already.",
		"",
	},
	MembershipRequestNotPending: {
		404, "The request is not pending.",
		"The request to join was accepted or rejected already.",
		"",
	},
	OrganizationDomainOwnershipNotVerified: {
		422, "The domain is not verified.",
		"It is not shown, or was not in the last 24 hours, that the organization owns {domain}.",
		"Verify the ownership of the domain. If it is verified, see that its TXT record is still there, and try again.",
	},
	OrganizationDomainModeInvalid: {
		422, "The domain is not listed for SSO.",
		"The organization lists {domain} with another enrollment mode than enterprise_sso.",
		"Set the enrollment mode of the domain to enterprise_sso.",
	},
	InvitationRevoked: {
		400, "This invitation was withdrawn.",
		"The invitation was revoked.",
		"Invite the person again.",
	},
	InvitationAlreadyAccepted: {
		400, "This invitation was accepted already.",
		"The invitation was accepted already. Sign in to go on.",
		"",
	},
	InvitationAlreadyRevoked: {
		400, "The invitation is revoked already.",
		"The invitation is revoked already.",
		"",
	},
	InvitationAccountExists: {
		400, "There is an account already.",
		"The invited address has an account already. Sign in to go on.",
		"",
	},
	OrganizationCreatorNotFound: {
		400, "The creator does not exist.",
		"No user has the id given as created_by.",
		"",
	},
	OrganizationSlugsDisabled: {
		403, "Slugs are switched off.",
		"Organization slugs are switched off on this instance.",
		"",
	},
	OrganizationAdminDeleteNotEnabled: {
		403, "The organization cannot be deleted here.",
		"Deletion by administrators is switched off for this organization.",
		"",
	},
	OrganizationNotEnabled: {
		403, "Organizations are switched off.",
		"Organizations are switched off on this instance.",
		"Switch organizations on in the organization settings.",
	},
	OrganizationsDisableNotAllowed: {
		400, "Organizations cannot be switched off.",
		"There are organizations still; delete them first.",
		"",
	},
	ForceSelectionWithoutOrganizations: {
		422, "An organization cannot be required.",
		"An organization cannot be required while organizations are switched off.",
		"Switch organizations on first, or do not require one.",
	},
	OrganizationCreationLimitExceeded: {
		403, "No more organizations.",
		"This person has created {max_organizations} organizations, which is the limit.",
		"Delete organizations that are not used, or create the organization without a creator.",
	},
	ExclusiveMembershipExistingMembers: {
		422, "Members belong to other organizations.",
		"Members of this organization belong to other organizations too.",
		"Remove them from the others first.",
	},
	OrganizationRoleDefaultCreatorRole: {
		422, "The role is in use.",
		"The role is that of organizations' creators in a role set.",
		"Give the role set another creator role first.",
	},
	OrganizationRoleDomainDefaultRole: {
		422, "The role is in use.",
		"The role is the default role of a role set.",
		"Give the role set another default role first.",
	},
	OrganizationRoleAssignedMembers: {
		422, "The role is in use.",
		"There are members who have the role.",
		"Give them another role first.",
	},
	OrganizationRoleExistsInInvitations: {
		422, "The role is in use.",
		"There are pending invitations with the role.",
		"Revoke them first, or wait until they have expired.",
	},
	OrganizationMissingCreatorPermissions: {
		422, "The creator's role needs more permissions.",
		"The role of organizations' creators must hold {permissions}.",
		"",
	},
	OrganizationSystemPermission: {
		403, "System permissions cannot be changed.",
		"System permissions can be given to roles, but neither changed nor deleted.",
		"",
	},
	OrganizationRolePermissionExists: {
		409, "The role holds this permission already.",
		"The role holds this permission already.",
		"",
	},
	OrganizationRolePermissionNotFound: {
		404, "The role does not hold this permission.",
		"The role does not hold this permission.",
		"",
	},
	OrganizationRolesQuotaExceeded: {
		403, "No more roles.",
		"There are {max_allowed_roles} roles of your own, which is the limit.",
		"Delete roles that are not used.",
	},
	OrganizationRoleSetsQuotaExceeded: {
		403, "No more role sets.",
		"There are {max_role_sets_allowed} role sets, which is the limit.",
		"Replace role sets that are not used.",
	},
	RoleSetMappingsMissing: {
		422, "Some members would have no role.",
		"Members have roles that the other role set lacks: {role_keys}.",
		"Say which role takes the place of each.",
	},
	RoleSetMappingsInvalid: {
		422, "That role cannot take the place of another.",
		"The role {role_key} is not part of the role set.",
		"",
	},
	CannotDeleteInitialRoleSet: {
		403, "The initial role set stays.",
		"The role set of new organizations cannot be replaced.",
		"Make another role set the initial one first.",
	},
	RoleMigrationInProgress: {
		409, "Roles are being changed.",
		"Members' roles are being changed at this moment. Try again when that is done.",
		"",
	},

	// Sign-in and sign-up.
	StrategyForUserInvalid: {
		400, "This way of signing in is not available.",
		"The strategy is not available for this account.",
		"",
	},
	SignInNotAllowed: {
		403, "Access is not allowed.",
		"This address may not use the application.",
		"",
	},
	SignUpModeRestricted: {
		403, "Sign-up is by invitation.",
		"Sign-up is closed here; ask for an invitation.",
		"",
	},
	SignUpRestrictedWaitlist: {
		403, "Sign-up is not open yet.",
		"Sign-up is not open yet; join the waiting list.",
		"",
	},
	SignUpCannotBeUpdated: {
		403, "It is too late for that.",
		"The sign-up is over: it was completed or given up.",
		"",
	},
	IdentificationClaimed: {
		400, "This address belongs to another account.",
		"The address is held by another account.",
		"Remove the address from the other account, or correct it in the identity provider.",
	},
	SignInMustUseConnectionIdentifier: {
		422, "Sign in with your work email address.",
		"This account signs in through its company; use its email address.",
		"",
	},
	UserBanned: {
		403, "This account is banned.",
		"This account is banned.",
		"Lift the ban on the user.",
	},
	UserLocked: {
		403, "This account is locked.",
		"This account is locked. Try again later or ask an administrator.",
		"Wait: after ten wrong tries from one place it is locked for an hour, from there only. Or lift the lock that was put on the user.",
	},
	UserDeactivated: {
		403, "This account is deactivated.",
		"Your organization has deactivated this account.",
		"Activate the user in the directory.",
	},
	VerificationFailed: {
		400, "Too many wrong codes.",
		"Too many wrong attempts. Ask for a new code.",
		"",
	},
	VerificationExpired: {
		400, "The code has expired.",
		"The code has expired. Ask for a new one.",
		"",
	},
	VerificationMissing: {
		400, "No code was sent yet.",
		"Ask for a code first.",
		"",
	},
	VerificationAlreadyVerified: {
		400, "Already verified.",
		"This has been verified already.",
		"",
	},
	VerificationCodeTooMany: {
		429, "Wait a moment before asking for another code.",
		"Codes can be sent every 30 seconds, and a few times an hour.",
		"",
	},
	FormCodeIncorrect: {
		422, "That code is not right.",
		"The code is incorrect.",
		"",
	},
	FormPasswordIncorrect: {
		422, "That password is not right.",
		"The password is incorrect. Try again, or use another method.",
		"",
	},
	FormPasswordOrIdentifierIncorrect: {
		422, "Address or password is not right.",
		"The address or the password is incorrect.",
		"",
	},
	FormIdentifierNotFound: {
		422, "No account was found.",
		"No account has this address.",
		"",
	},
	FormIdentifierExists: {
		422, "That address is taken.",
		"The address is taken. Use another one, or sign in.",
		"",
	},
	FormPasswordTooShort: {
		422, "The password is too short.",
		"The password must have at least {min_length} characters.",
		"",
	},
	FormPasswordTooLong: {
		422, "The password is too long.",
		"The password may have at most {max_length} characters.",
		"",
	},
	NotFound: {
		404, "Not found.",
		"This {resource} does not exist.",
		"",
	},
	ResourceForbidden: {
		403, "Not allowed.",
		"This belongs to someone else or is over.",
		"",
	},
	SessionExists: {
		400, "You are already signed in.",
		"You are already signed in; sign out first.",
		"",
	},
	IdentifierAlreadySignedIn: {
		400, "You are already signed in.",
		"This account is already signed in here.",
		"",
	},
	ClientStateInvalid: {
		400, "That is not possible now.",
		"The sign-in is not in a state that allows this. Start again.",
		"",
	},
	NoPasswordSet: {
		400, "There is no password.",
		"The user has no password.",
		"",
	},
	IncorrectPassword: {
		422, "That password is not right.",
		"The password is incorrect.",
		"",
	},
	IdentificationDeletionFailed: {
		400, "This is the last way to name the account.",
		"The last identifier of a user cannot be deleted.",
		"",
	},
	LinkedIdentificationDeletion: {
		400, "This address belongs to a connected account.",
		"The address is vouched for by a connected account; remove that first.",
		"",
	},
	TicketInvalid: {
		400, "This link is not valid.",
		"The ticket is not valid.",
		"",
	},
	TicketExpired: {
		400, "This link has expired.",
		"The ticket has expired.",
		"Make a new one.",
	},
	SignInTokenRevoked: {
		400, "This link is no longer valid.",
		"The sign-in token was revoked.",
		"Make a new one.",
	},
	SignInTokenAlreadyUsed: {
		400, "This link was used already.",
		"The sign-in token was used already.",
		"Make a new one.",
	},
	SignInTokenCannotBeRevoked: {
		400, "It is too late for that.",
		"The sign-in token is not pending.",
		"",
	},
	ActorTokenRevoked: {
		400, "This link is no longer valid.",
		"The actor token was revoked.",
		"Make a new one.",
	},
	ActorTokenAlreadyUsed: {
		400, "This link was used already.",
		"The actor token was used already.",
		"Make a new one.",
	},
	ActorTokenCannotBeRevoked: {
		400, "It is too late for that.",
		"The actor token is not pending.",
		"",
	},
	SetupLinkInvalid: {
		403, "This setup link is not valid.",
		"The setup link is not valid, or this browser has not opened it.",
		"Open the whole link, or make a new one.",
	},
	SetupLinkExpired: {
		403, "This setup link has expired.",
		"The time for which the setup link was made is over.",
		"Make a new one.",
	},
	SetupLinkRevoked: {
		403, "This setup link is no longer valid.",
		"The setup link was revoked.",
		"Make a new one.",
	},
	SetupLinkUsed: {
		403, "This setup link is in use.",
		"The setup link was opened in another browser, and works in that one only.",
		"Go on in the browser in which it was opened first. If that was nobody whom you know, revoke the link and make a new one.",
	},

	// Sessions, clients, requests.
	AuthenticationInvalid: {
		401, "You are signed out.",
		"There is no active session.",
		"",
	},
	OperatorRequired: {
		403, "The dashboard is for operators.",
		"You are signed in, but you are no member of the operators' organization.",
		"Ask an operator to add you, or run: usher operator link --email you@example.com",
	},
	OperatorSignInRequired: {
		403, "The dashboard needs the operators' own sign-in.",
		"This session was made through another organization's sign-in or on somebody's behalf, which does not open the dashboard.",
		"Sign out and sign in as an operator, or run: usher operator link --email you@example.com",
	},
	OperatorConfirmationRequired: {
		403, "Confirm that it is you.",
		"This step needs a sign-in that is less than {within_seconds} seconds old.",
		"Sign in again, then repeat the step.",
	},
	SignedOut: {
		401, "You are signed out.",
		"There is no active session.",
		"",
	},
	InvalidSessionToken: {
		400, "The session token is not valid.",
		"The session token did not verify.",
		"",
	},
	InvalidActionForSession: {
		400, "That is not possible for this session.",
		"The state of the session does not allow this.",
		"",
	},
	SessionRefreshInactive: {
		401, "The session is over.",
		"The session is not active.",
		"",
	},
	SessionCreationNotAllowed: {
		409, "Somebody acts for another person here.",
		"No session can be made while a user is impersonated in this browser. Sign out first.",
		"",
	},
	RefreshOriginInvalid: {
		401, "The session cannot be renewed.",
		"request_origin is not an origin.",
		"",
	},
	RefreshOriginMismatch: {
		401, "The session cannot be renewed.",
		"The token was made for another origin.",
		"",
	},
	ExpiredTokenInvalid: {
		401, "The session cannot be renewed.",
		"The expired token does not verify.",
		"",
	},
	ExpiredTokenMissingAZP: {
		401, "The session cannot be renewed.",
		"The expired token names no authorized party.",
		"",
	},
	ExpiredTokenMissingSID: {
		401, "The session cannot be renewed.",
		"The expired token names no session.",
		"",
	},
	ExpiredTokenMissingIAT: {
		401, "The session cannot be renewed.",
		"The expired token does not say when it was made.",
		"",
	},
	ExpiredTokenTooOld: {
		401, "The session cannot be renewed.",
		"The expired token is too old.",
		"",
	},
	ExpiredTokenConsumed: {
		401, "The session is over.",
		"The expired token was used for a refresh already. The session was ended.",
		"",
	},
	RefreshSIDMismatch: {
		401, "The session cannot be renewed.",
		"The token belongs to another session.",
		"",
	},
	RefreshTokenNotFound: {
		401, "The session cannot be renewed.",
		"The refresh token is unknown or has expired.",
		"",
	},
	RefreshSessionNotFound: {
		401, "The session cannot be renewed.",
		"The session does not exist.",
		"",
	},
	SecretKeyInvalid: {
		401, "The secret key is not valid.",
		"The secret key is unknown, revoked or of another deployment.",
		"",
	},
	AuthorizationHeaderInvalid: {
		401, "The Authorization header is not valid.",
		"Send the header Authorization: Bearer sk_….",
		"",
	},
	AuthorizationInvalid: {
		403, "Not allowed.",
		"You are not permitted to do that.",
		"",
	},
	CSRFTokenInvalid: {
		403, "This form came from elsewhere.",
		"The request came from another site, or its form is too old. Open the page again.",
		"",
	},
	CookieInvalid: {
		400, "The browser's cookie is not valid.",
		"The cookie is malformed, doubled or superseded. Start again.",
		"",
	},
	HostInvalid: {
		421, "Unknown host.",
		"This server does not answer for that host name.",
		"Set public_url to the name that people use.",
	},
	OriginInvalid: {
		400, "The origin is not allowed.",
		"Requests from this origin are not allowed.",
		"",
	},

	// Parameters.
	FormParamFormatInvalid: {
		422, "{param_name} is not in the right form.",
		"{param_name} is not in the right form.",
		"",
	},
	FormParamValueInvalid: {
		422, "{param_name} is not valid.",
		"The value of {param_name} is not allowed.",
		"",
	},
	FormParamTypeInvalid: {
		422, "{param_name} is of the wrong type.",
		"{param_name} is of the wrong type.",
		"",
	},
	FormParamMissing: {
		422, "{param_name} is missing.",
		"{param_name} must be given.",
		"",
	},
	FormParamUnknown: {
		422, "{param_name} is not a valid parameter.",
		"{param_name} is not a parameter of this request.",
		"",
	},
	FormParamNil: {
		422, "{param_name} cannot be empty.",
		"{param_name} cannot be null.",
		"",
	},
	FormParamDuplicate: {
		422, "{param_name} is given twice.",
		"{param_name} is included more than once.",
		"",
	},
	FormParamTooLarge: {
		422, "{param_name} is too large.",
		"{param_name} is larger than allowed.",
		"",
	},
	FormParamMaxLength: {
		422, "{param_name} is too long.",
		"{param_name} may have at most {max_length} characters.",
		"",
	},
	FormParamArraySize: {
		422, "{param_name} has too many items.",
		"{param_name} may have at most {max_items} items.",
		"",
	},
	FormDataMissing: {
		422, "Required fields are missing.",
		"Required fields are missing: {param_names}.",
		"",
	},
	FormAlreadyExists: {
		422, "This already exists.",
		"{param_name} is already in use.",
		"",
	},
	FormPublicClientRequiresPKCE: {
		422, "PKCE is required.",
		"A client without a secret must use PKCE.",
		"",
	},
	RequestBodyInvalid: {
		400, "The request body is not valid.",
		"The request body could not be read: {reason}.",
		"",
	},
	RequestBodyTooLarge: {
		413, "The request body is too large.",
		"The request body is larger than allowed.",
		"",
	},
	UnsupportedContentType: {
		415, "This content type is not supported.",
		"Send {expected}.",
		"",
	},
	APIVersionInvalid: {
		400, "The API version is not valid.",
		"The API version is unknown, or was sent twice.",
		"",
	},
	FormPasswordDigestInvalid: {
		422, "The password digest is not valid.",
		"The digest is not one of {password_hasher}, or it costs too much.",
		"",
	},
	FormConditionalParamMissing: {
		422, "{param_name} is missing.",
		"{param_name} must be given together with {with}.",
		"",
	},
	FormConditionalParamDisallowed: {
		422, "{param_name} is not allowed here.",
		"{param_name} cannot be given together with {with}.",
		"",
	},
	FormParamInvalidTime: {
		422, "{param_name} is not a time.",
		"{param_name} must be a time as RFC 3339 writes it.",
		"",
	},
	FormDisallowFutureDate: {
		422, "{param_name} lies in the future.",
		"{param_name} must not lie in the future.",
		"",
	},
	FormParamArrayLengthMismatch: {
		422, "{param_name} has another number of items.",
		"{param_name} must have as many items as {with}.",
		"",
	},
	FormVerificationNeeded: {
		422, "{param_name} needs a verified address.",
		"The address must be verified first.",
		"",
	},
	FormResourceNotFound: {
		422, "{param_name} names nothing.",
		"What {param_name} names does not exist.",
		"",
	},
	FormInvalidOrigin: {
		422, "{param_name} holds what is no origin.",
		"{param_name} must hold origins such as https://app.example.com.",
		"",
	},
	FormEmailAddressBlocked: {
		403, "This email address cannot be used.",
		"The provider of the address hands out addresses for a short time, or is blocked here.",
		"Use an address that lasts.",
	},
	MailPlaceholderUnknown: {
		422, "{param_name} has a placeholder that this mail does not have.",
		"{param_name} has the placeholder {placeholder}, which this mail does not have.",
		"The template lists its placeholders as available_variables. There is nothing else between {{ and }}.",
	},
	MailPlaceholderMissing: {
		422, "{param_name} lacks a placeholder that this mail needs.",
		"{param_name} must have the placeholder {placeholder}: without it the mail is of no use.",
		"",
	},
	BulkSizeExceeded: {
		400, "Too many at once.",
		"At most {max_items} items can be sent at once.",
		"",
	},
	DuplicateRecord: {
		400, "This already exists.",
		"There is such an entry, or a pending invitation, already.",
		"",
	},
	TemplateReservedClaim: {
		400, "A claim is reserved.",
		"The claim {claim} is set by the server.",
		"",
	},
	RequestInvalidForEnvironment: {
		400, "This works in development only.",
		"The operation is not available on a production instance.",
		"",
	},
	InvalidRedirectURL: {
		422, "The return address is not valid.",
		"The redirect URL is not a valid URL.",
		"",
	},
	RedirectURLDomainMismatch: {
		422, "The return address is not allowed.",
		"The redirect URL is not on an allowed origin.",
		"Add the origin to allowed_origins.",
	},

	// General.
	ImageTooLarge: {
		413, "The image is too large.",
		"An image may have 10 MB and 25 megapixels.",
		"",
	},
	ImageNotFound: {
		404, "There is no such image.",
		"No image has this id.",
		"",
	},
	MethodNotAllowed: {
		405, "Method not allowed.",
		"This address does not answer {method}.",
		"",
	},
	FeatureNotEnabled: {
		403, "This is switched off.",
		"The feature is not enabled on this instance.",
		"",
	},
	WebhookEndpointDisabled: {
		409, "The webhook endpoint is switched off.",
		"Nothing is delivered to an endpoint that is switched off.",
		"Switch the endpoint on, then ask for what it has missed.",
	},
	FeatureNotImplemented: {
		403, "This is not available.",
		"The feature is not available in this version.",
		"",
	},
	Conflict: {
		409, "Somebody else changed this.",
		"The object changed meanwhile. Read it again and repeat.",
		"",
	},
	TooManyRequests: {
		429, "Too many requests.",
		"Too many requests. Wait {resets_in} seconds.",
		"",
	},
	ServiceUnavailable: {
		503, "The service is busy.",
		"The service cannot do this at the moment. Try again shortly.",
		"",
	},
	InternalError: {
		500, "Something went wrong.",
		"Something went wrong on our side. The reference is in the log.",
		"",
	},
}

// variants are the words of a code for one of its reasons, where the usual ones
// would mislead. The status is the same.
var variants = map[Code]map[string]Entry{
	OAuthCallbackInvalid: {
		"provider_error": {
			400, "Your company's sign-in reported a problem. Start again.",
			"The identity provider sent the person back with an error instead of a code.",
			"The identity provider said: {received}. Its own log says more.",
		},
		"iss": {
			400, "The sign-in could not be completed. Start again.",
			"The answer comes from another identity provider than the one that was asked.",
			"See the failed check on the attempt: expected {expected}, received {received}.",
		},
	},
	OAuthTokenExchangeError: {
		"invalid_client": {
			400, "Your company's sign-in could not be verified.",
			"The identity provider did not accept the client ID and the client secret of this connection.",
			"Enter the client ID and the client secret again. The identity provider said: {received}.",
		},
		"unreachable": {
			400, "Your company's sign-in could not be verified.",
			"The identity provider could not be reached to exchange its answer for a proof of identity.",
			"Try again. If it lasts, look whether the identity provider runs, and whether this server may reach it.",
		},
	},
	SAMLEmailAddressDomainMismatch: {"email_as_typed": {
		400, "You signed in with another email address.",
		"The identity provider sent another address than the one that was typed.",
		"The person typed {expected} and signed in at the provider as {received}. If both are the same person's, correct the address at the provider, or type the one that it sends.",
	}},
	SSOEmailAddressDomainMismatch: {"email_as_typed": {
		400, "You signed in with another email address.",
		"The identity provider sent another address than the one that was typed.",
		"The person typed {expected} and signed in at the provider as {received}. If both are the same person's, correct the address at the provider, or type the one that it sends.",
	}},
}
