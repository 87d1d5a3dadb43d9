package cause

// applicationCauses are about the application at the provider: most of them only
// the provider sees, so that the person never comes back.
func applicationCauses() []Cause {
	return []Cause{
		{
			ApplicationUnknown, "The provider does not know the application that the request names.",
			"The person sees an error page of the provider and never comes back, on every try since the set-up.",
			"Compare the SSO URL on the connection with the application's own “Sign on URL”: Okta shows a page that is not found where the application is another one or gone.",
			"AADSTS700016: the “Identifier (Entity ID)” is not in this tenant. Copy the connection's SP entity ID there, and compare the tenant in the SSO URL.",
			"403 app_not_configured: “Entity ID” has to equal this connection's SP entity ID, capitals included. app_not_configured_for_user also comes when another Google account is in use.",
			"Create the application at the provider with this connection's SP entity ID or client ID, and compare the tenant in the connection's addresses.",
		},
		{
			ACSNotRegistered, "The provider does not have the address to which it should send the answer.",
			"The person sees an error page of the provider and never comes back, on every try since the set-up.",
			"Set “Single sign-on URL” to this connection's ACS URL, or add it to “Other Requestable SSO URLs”.",
			"AADSTS50011: add this connection's ACS URL to “Reply URL (Assertion Consumer Service URL)”.",
			"Set “ACS URL” to this connection's ACS URL; it has to equal the one in the request.",
			"Set the ACS URL (also called reply URL) at the provider to this connection's, letter for letter.",
		},
		{
			RecipientMismatch, "The answer was made for another address than this connection's.",
			"Everybody of the connection is refused, though the provider lets them through.",
			"Tick “Use this for Recipient URL and Destination URL” beside the Single sign-on URL, or set both to this connection's ACS URL.",
			"Set “Reply URL (Assertion Consumer Service URL)” to this connection's ACS URL and make it the default.",
			"Set “ACS URL” to this connection's ACS URL.",
			"Set the ACS URL, recipient and destination at the provider to this connection's ACS URL.",
		},
		{
			SchemeMismatch, "The addresses differ in http and https only.",
			"Everybody of the connection is refused, though all looks right.",
			"Edit the Single sign-on URL, and Recipient and Destination if they are set apart: they have to begin with https as the connection shows.",
			"Edit the “Reply URL” so that it begins as the connection shows.",
			"Edit the “ACS URL” so that it begins with https as the connection shows.",
			"Edit the address at the provider so that it begins as the connection shows. If this server stands behind a proxy, compare its base URL too.",
		},
		{
			URLNearMiss, "The addresses differ only in a slash at the end, in capitals, or in the port.",
			"Everybody of the connection is refused, though all looks right.",
			"Copy this connection's ACS URL into “Single sign-on URL” again, without adding or taking away anything.",
			"Copy this connection's ACS URL into “Reply URL” again, without adding or taking away anything.",
			"Copy this connection's ACS URL into “ACS URL” again, without adding or taking away anything.",
			"Copy the address from the connection into the provider's field again, letter for letter.",
		},
		{
			OtherApplication, "The answer belongs to another connection or environment.",
			"Everybody of the connection is refused, often after settings were copied from staging.",
			"Compare the application's id (exk…) in the metadata with the connection's: two applications were mixed up.",
			"Compare the application id in “App Federation Metadata Url” (appid=…) with the connection's: two applications were mixed up.",
			"Compare the idpid and the application with the connection's: two applications were mixed up.",
			"Compare which application at the provider belongs to which connection and environment; the metadata of one was given to the other.",
		},
		{
			RequestNotSigned, "The provider wants signed requests, or does not accept the signature.",
			"Everybody of the connection sees an error of the provider, or comes back refused by it.",
			"Switch “Signed Requests” off, or switch signing on here and upload this connection's certificate as “Signature Certificate”.",
			"AADSTS76021: under “Verification certificates” upload this connection's certificate and switch request signing on here, or untick “Require verification certificates”.",
			"Where the application offers a certificate of the service provider, upload this connection's and switch request signing on here; else leave it off on both sides.",
			"Switch request signing on at the connection and import its metadata at the provider; PingFederate, AD FS (SignedSamlRequestsRequired) and Keycloak can demand it.",
		},
	}
}

// admissionCauses are about whom the provider lets into the application.
func admissionCauses() []Cause {
	return []Cause{
		{
			NotAssigned, "The person is not assigned to the application.",
			"One person or group sees an error of the provider; others come in.",
			"On the application's “Assignments” tab choose “Assign to People” or “Assign to Groups”.",
			"AADSTS50105: under “Users and groups” choose “Add user/group”, or set “Assignment required?” to No. Nested groups do not count.",
			"403 app_not_enabled_for_user: under “User access” switch the application on for the person's organizational unit; it can take a while to work.",
			"Assign the person, or a group of the person, to the application at the provider.",
		},
		{
			StoppedAtProvider, "The person was stopped or gave up at the provider: password, second factor, a rule.",
			"The person does not come back once or twice, and then does; or sees a page of the provider.",
			"Look in Reports → System Log, filtered by the application and the person.",
			"Look in the sign-in logs of the person, with the tab “Conditional Access”; AADSTS53003, 53000 or 50076 name the rule.",
			"Look in the audit and investigation page at the SAML or login log events of the person.",
			"Look in the provider's own log for this person at this time; let the person try once more.",
		},
		{
			ApplicationInactive, "The application is switched off or deleted at the provider.",
			"It worked, and since a moment nobody of the connection comes back.",
			"Look at the application's status and activate it.",
			"Set “Enabled for users to sign-in?” to Yes under Properties, and look whether the application was deleted.",
			"Under “User access” the application is OFF for everyone, or it was deleted: switch it on.",
			"Switch the application on at the provider, or make it again and import its metadata here.",
		},
		{
			AuthnContext, "The provider could not authenticate in the way that the request asks for.",
			"The person sees an error of the provider, or comes back refused by it.",
			"This server asks for no particular way. Look at the application's authentication policy, and at what stands between.",
			"AADSTS75011: the session at Entra was made in another way than the request names. This server sends no RequestedAuthnContext: look at what stands between, or let the person sign in afresh.",
			"This server asks for no particular way. Look at what stands between, or let the person sign in afresh.",
			"This server sends no RequestedAuthnContext: relax the policy at the provider, or look at a broker between that adds one.",
		},
		{
			ProviderPolicy, "A policy of the provider forbids this sign-in.",
			"The person sees a page of the provider, or comes back refused by it; often from one place or device only.",
			"Look at the application's sign-on (authentication) policy, and in the System Log at which rule it was.",
			"Look at the tab “Conditional Access” of the sign-in in the logs; cross-tenant access and tenant restrictions count too.",
			"Look at Security → “Context-Aware Access” and at the access levels of the application.",
			"Look in the provider's log for the policy that refused, and at place, device and time of the person.",
		},
	}
}
