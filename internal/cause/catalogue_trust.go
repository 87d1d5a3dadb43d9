package cause

// trustCauses are about who speaks, and for whom it was meant: issuer, audience,
// signature, encryption.
func trustCauses() []Cause {
	return []Cause{
		{
			IssuerMismatch, "The answer comes from another issuer than the connection names.",
			"Everybody of the connection is refused, from the first try or since the connection was edited.",
			"In the application's Sign On tab open the metadata details and copy the Issuer (http://www.okta.com/exk…) into the connection as the IdP entity ID, or import the metadata again.",
			"Copy the “Microsoft Entra Identifier” from the application's SAML page, with the slash at its end, into the connection as the IdP entity ID, or import the metadata again.",
			"Copy the Entity ID with its idpid from the application's “Download metadata” window into the connection as the IdP entity ID.",
			"Set the IdP entity ID on the connection to the Issuer that the provider sends, letter for letter; importing the provider's metadata does it.",
		},
		{
			AudienceMismatch, "The answer is meant for another service provider than this connection.",
			"Everybody of the connection is refused, though the provider lets them through.",
			"Edit the SAML settings of the application and set “Audience URI (SP Entity ID)” to this connection's SP entity ID.",
			"In “Basic SAML Configuration” set “Identifier (Entity ID)” to this connection's SP entity ID and make it the default.",
			"In the application's “Service provider details” set “Entity ID” to this connection's SP entity ID; capitals count.",
			"Set the audience (also called SP entity ID or identifier) at the provider to this connection's SP entity ID, letter for letter.",
		},
		{
			AudienceMissing, "The answer does not say for whom it is meant.",
			"Everybody of the connection is refused, though the provider lets them through.",
			"Edit the SAML settings of the application and fill in “Audience URI (SP Entity ID)” with this connection's SP entity ID.",
			"In “Basic SAML Configuration” fill in “Identifier (Entity ID)” with this connection's SP entity ID. If something between Entra and here rewrites the answer, switch that off.",
			"In the application's “Service provider details” fill in “Entity ID” with this connection's SP entity ID.",
			"Let the provider send an AudienceRestriction with this connection's SP entity ID.",
		},
		{
			SigningKeyUnknown, "The answer is signed with a key that the connection does not know.",
			"Everybody of the connection is refused, often all at once.",
			"In the application's Sign On tab, under “SAML Signing Certificates”, choose “View IdP metadata” of the active certificate and import that on the connection.",
			"Under “SAML Certificates” copy the “App Federation Metadata Url” into the connection, so that its certificates are read from there.",
			"Use “Download metadata” on the application's page, or Security → Authentication → “SSO with SAML applications”, and import the file on the connection.",
			"Import the provider's current metadata on the connection, or add the certificate that the provider signs with.",
		},
		{
			SigningKeyRolledOver, "The provider signs with a new certificate, which the connection does not have yet.",
			"It worked until a moment, and since then everybody of the connection is refused.",
			"A new certificate was activated under “SAML Signing Certificates”. Import the metadata again, and save the metadata URL on the connection so that the next change is found by itself.",
			"A new certificate was made active, or is in use since the old one ended. Save the “App Federation Metadata Url” on the connection; several certificates can stand side by side.",
			"The application was moved to the account's other certificate, which a super administrator does. Download the metadata and add its certificate here, best before the switch: Google publishes no metadata URL.",
			"Import the provider's metadata again, or add the new certificate beside the old one. A metadata URL on the connection makes the next change harmless.",
		},
		{
			CertificateExpired, "The provider's signing certificate on the connection has ended.",
			"Sign-ins carry a warning, or fail because the provider has moved to another certificate.",
			"Under “SAML Signing Certificates” generate a new certificate, import the metadata here, and then activate it.",
			"Under “SAML Certificates” choose “New Certificate”, import the metadata here, and then make it active. They last three years unless set otherwise.",
			"A super administrator adds a certificate under Security → Authentication → “SSO with SAML applications”; there can be two. Add it here before the application is switched to it.",
			"Make a new signing certificate at the provider and add it to the connection before the provider uses it.",
		},
		{
			ContentChanged, "The answer was changed after the provider had signed it.",
			"Single people or places are refused, others are not.",
			"Okta did not do it: look at proxies, browser extensions and security products between the browser and this server.",
			"Entra did not do it: look at proxies, browser extensions and security products between the browser and this server.",
			"Google did not do it: look at proxies, browser extensions and security products between the browser and this server.",
			"Look at what stands between the browser and this server and rewrites forms, line ends or text: a proxy, a browser extension, a security product.",
		},
		{
			NotSigned, "The answer is not signed, or not where it counts.",
			"Everybody of the connection is refused.",
			"Edit the SAML settings, show the advanced ones, and set “Response” and “Assertion Signature” to Signed.",
			"Under “SAML Certificates” edit the signing certificate and choose a “Signing Option” that signs the assertion, the response, or both.",
			"Google signs the assertion. If the connection was set up against something else that answers in its place, compare the SSO URL; “Signed response” signs the response as well where it is offered.",
			"Let the provider sign the assertion or the response, and put its certificate on the connection.",
		},
	}
}

// cryptographyCauses are about ways of signing and encrypting.
func cryptographyCauses() []Cause {
	return []Cause{
		{
			WeakAlgorithm, "The answer is signed or encrypted in a way that is no longer safe.",
			"Everybody of the connection is refused.",
			"Edit the SAML settings, show the advanced ones, and set “Signature Algorithm” to RSA-SHA256 and “Digest Algorithm” to SHA256.",
			"Under “SAML Certificates” edit the signing certificate and set “Signing Algorithm” to SHA-256.",
			"Google signs with SHA-256 by itself. If an old certificate is in use, move the application to a new one.",
			"Choose RSA with SHA-256 and 2,048 bits or more at the provider (Auth0: signatureAlgorithm and digestAlgorithm). An exception with an end date can be set on the connection.",
		},
		{
			DecryptionFailed, "The answer is encrypted to a key that the connection does not have.",
			"Everybody of the connection is refused, often since keys were changed here.",
			"Edit the SAML settings and upload this connection's current certificate as “Encryption Certificate” under “Assertion Encryption”, or set that to Unencrypted.",
			"Under “Token encryption” import this connection's current certificate and activate it, or deactivate encryption.",
			"Custom applications in Google's console are not known to encrypt. Look at what else answers in its place, and compare the SSO URL.",
			"Import this connection's current metadata at the provider, so that it encrypts to the right certificate, or switch encryption off.",
		},
	}
}
