package cause

// openIDCauses are those of OpenID Connect alone.
func openIDCauses() []Cause {
	return []Cause{
		{
			RedirectURIMismatch, "The provider does not have this server's redirect URI.",
			"The person sees an error page of the provider and never comes back, on every try since the set-up.",
			"Add the redirect URI to “Sign-in redirect URIs” of the application.",
			"AADSTS50011: App registrations → Authentication → “Redirect URIs”. AADSTS50194: the application serves one tenant, and the connection's addresses name /common.",
			"redirect_uri_mismatch: add the redirect URI to “Authorised redirect URIs” of the client.",
			"Register the redirect URI at the provider, letter for letter.",
		},
		{
			ClientSecretExpired, "The client secret has ended.",
			"It worked until a day, and since then everybody of the connection is refused.",
			"Make a new secret under “Client Credentials” and enter it on the connection.",
			"AADSTS7000222: make a new one under “Certificates & secrets” → “New client secret”, enter its Value on the connection, and note its end.",
			"Use “Add secret” on the client under Credentials and enter the new one on the connection.",
			"Make a new client secret at the provider and enter it on the connection.",
		},
		{
			ClientSecretWrong, "The provider does not accept the client ID and secret of the connection.",
			"Everybody of the connection is refused after the provider let them through.",
			"Copy client ID and secret from “Client Credentials” into the connection again, without spaces.",
			"AADSTS7000215: copy the “Value” of the secret, not its “Secret ID”. It is shown only once: make a new one if it is lost.",
			"Copy client ID and secret from Credentials into the connection again, without spaces.",
			"Enter client ID and client secret on the connection again, and allow client_secret_basic or client_secret_post.",
		},
		{
			CodeRefused, "The provider does not redeem the code that it gave.",
			"One try is refused and the next works; if none works, addresses of two tenants are mixed.",
			"Let the person try again. If each try fails, compare the token endpoint with the issuer's discovery document.",
			"Let the person try again (AADSTS54005, 70008: used or too old). AADSTS700005: compare the tenant in the endpoints.",
			"Let the person try again. If each try fails, compare the token endpoint with Google's discovery document.",
			"Let the person try again. If each try fails, compare redirect URI, token endpoint and PKCE (S256) with the provider's.",
		},
		{
			ConsentMissing, "The application was not granted what it asks for.",
			"The person sees a question or refusal at the provider, and comes back without having been let through.",
			"Grant the scopes openid, email and profile to the application under “Okta API Scopes” or in the authorization server's policy.",
			"AADSTS90094, 65001: under “API permissions” choose “Grant admin consent for …”. 65004: the person said no; try again.",
			"Under Security → “API controls” trust the application; access_denied and admin_policy_enforced say that it is not.",
			"Let an administrator grant the scopes openid, email and profile to the application, and the person agree.",
		},
		{
			IDTokenMismatch, "The ID token does not belong to this connection, or its signature does not fit.",
			"Everybody of the connection is refused after the provider let them through.",
			"Compare the issuer: the organization's own and each custom authorization server have different ones. Discover the connection again.",
			"Compare the issuer: the endpoints of v1 and v2 have different ones. Discover the connection again from …/v2.0.",
			"Compare the client ID: it is of another project. Discover the connection again.",
			"Discover the connection again from the provider's issuer, and compare issuer, client ID and the key set's address.",
		},
	}
}
