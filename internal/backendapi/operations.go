package backendapi

import "usher/internal/httpio"

// userOperations are about people, their addresses and sessions, and the tickets
// that make one.
func (a *API) userOperations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"POST /users/ban":                                                 a.handleBanUsers,
		"POST /users/unban":                                               a.handleUnbanUsers,
		"POST /users/{user_id}/verify_password":                           a.handleVerifyPassword,
		"POST /users/{user_id}/remove_password":                           a.handleRemovePassword,
		"PUT /users/{user_id}/email_address":                              a.handleReplaceEmails,
		"DELETE /users/{user_id}/external_accounts/{external_account_id}": a.handleDeleteAccount,
		"POST /email_addresses":                                           a.handleAddEmail,
		"GET /email_addresses/{email_address_id}":                         a.handleEmail,
		"PATCH /email_addresses/{email_address_id}":                       a.handleChangeEmail,
		"DELETE /email_addresses/{email_address_id}":                      a.handleDeleteEmail,
		"POST /email_addresses/{email_address_id}/prepare_verification":   a.handlePrepareVerification,
		"POST /email_addresses/{email_address_id}/attempt_verification":   a.handleAttemptVerification,

		"POST /sessions":                                     a.handleCreateSession,
		"POST /sessions/{session_id}/refresh":                a.handleRefreshSession,
		"POST /sessions/{session_id}/tokens/{template_name}": a.handleTemplateToken,

		"GET /clients":             a.handleClients,
		"GET /clients/{client_id}": a.handleClient,
		"POST /clients/verify":     a.handleVerifyClient,

		"POST /sign_in_tokens":                           a.handleCreateSignInToken,
		"POST /sign_in_tokens/{sign_in_token_id}/revoke": a.handleRevokeSignInToken,
		"POST /actor_tokens":                             a.handleCreateActorToken,
		"POST /actor_tokens/{actor_token_id}/revoke":     a.handleRevokeActorToken,

		"GET /sign_ups/{id}":   a.handleSignUp,
		"PATCH /sign_ups/{id}": a.handleChangeSignUp,
	}
}

// instanceOperations are about the deployment: its settings, templates and lists.
func (a *API) instanceOperations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"GET /saml_connections":                         a.handleSAMLConnections,
		"POST /saml_connections":                        a.handleCreateSAMLConnection,
		"GET /saml_connections/{saml_connection_id}":    a.handleSAMLConnection,
		"PATCH /saml_connections/{saml_connection_id}":  a.handleChangeSAMLConnection,
		"DELETE /saml_connections/{saml_connection_id}": a.handleDeleteSAMLConnection,

		"GET /jwt_templates":                  a.handleTemplates,
		"POST /jwt_templates":                 a.handleCreateTemplate,
		"GET /jwt_templates/{template_id}":    a.handleTemplate,
		"PATCH /jwt_templates/{template_id}":  a.handleChangeTemplate,
		"DELETE /jwt_templates/{template_id}": a.handleDeleteTemplate,

		"GET /instance":                                 a.handleInstance,
		"PATCH /instance":                               a.handleChangeInstance,
		"PATCH /instance/restrictions":                  a.handleChangeRestrictions,
		"GET /domains":                                  a.handleDomains,
		"POST /testing_tokens":                          a.handleTestingToken,
		"GET /redirect_urls":                            a.handleRedirectURLs,
		"POST /redirect_urls":                           a.handleAddRedirectURL,
		"GET /redirect_urls/{id}":                       a.handleRedirectURL,
		"DELETE /redirect_urls/{id}":                    a.handleDeleteRedirectURL,
		"GET /allowlist_identifiers":                    a.handleAllowlist,
		"POST /allowlist_identifiers":                   a.handleAllow,
		"DELETE /allowlist_identifiers/{identifier_id}": a.handleDisallow,
		"GET /blocklist_identifiers":                    a.handleBlocklist,
		"POST /blocklist_identifiers":                   a.handleBlock,
		"DELETE /blocklist_identifiers/{identifier_id}": a.handleUnblock,
	}
}
