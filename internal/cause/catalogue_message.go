package cause

// messageCauses are about times, and about which question an answer belongs to.
func messageCauses() []Cause {
	return []Cause{
		{
			AssertionExpired, "The answer arrived too late.",
			"The person took long, or went back to an old page; a second try works.",
			"Let the person try again. If it happens often, look at what delays the answer, such as a slow second factor or app; Okta's answers last five minutes.",
			"Let the person try again. If it happens often, look at what delays the answer; Entra's answers last about an hour.",
			"Let the person try again. If it happens often, look at what delays the answer; Google's answers last five minutes.",
			"Let the person try again. If it happens each time, compare the clocks, and the lifetime that the provider gives.",
		},
		{
			ClockSkew, "The clocks of the provider and of this server are apart.",
			"Everybody of the connection is refused, or of every connection if it is this server's clock.",
			"Okta's clock is right: set this server's clock by NTP.",
			"Entra's clock is right: set this server's clock by NTP.",
			"Google's clock is right: set this server's clock by NTP.",
			"Set both clocks by NTP. If they can't agree, raise the allowed drift on the connection.",
		},
		{
			ZeroTolerance, "The provider's clock is a few seconds ahead, and its answers leave no room for that.",
			"Some sign-ins are refused and the next one works.",
			"Okta leaves five minutes of room: set this server's clock by NTP.",
			"Entra leaves five minutes of room: set this server's clock by NTP. Behind Entra may stand AD FS, for which see there.",
			"Google leaves five minutes of room: set this server's clock by NTP.",
			"Raise the allowed drift on the connection. At AD FS: Set-AdfsRelyingPartyTrust -NotBeforeSkew 2 for the relying party.",
		},
		{
			RelayStateLost, "The answer came without the RelayState that the request had, or with another one.",
			"The person is sent back by the provider and refused here; often everybody of the connection.",
			"Leave “Default RelayState” empty.",
			"Leave “Relay State (Optional)” empty.",
			"Leave “Start URL” empty.",
			"Let the provider return the RelayState of the request unchanged, and set no RelayState of its own.",
		},
		{
			IDPInitiatedRefused, "The sign-in began at the provider, which the connection does not allow.",
			"People who click the tile at the provider are refused; those who begin here come in.",
			"Give people the application's own address: hide the tile and add a Bookmark App that leads here. Or allow it on the connection.",
			"Set “Sign on URL” to the application's own address, so that the tile begins here. Or allow it on the connection.",
			"Give people the application's own address in place of the entry in Google's menu. Or allow it on the connection.",
			"Begin at the application, or allow sign-ins that begin at the provider on the connection. Rippling: tick “Disable InResponseTo field in assertions for IdP initiated SSO”.",
		},
		{
			OldTab, "The answer belongs to a sign-in that is over: the back button, an old tab, or another browser.",
			"The person is refused once, and comes in by beginning anew.",
			"Nothing at Okta: let the person begin again at the application, in one window.",
			"Nothing at Entra (AADSTS900561 is the same on its side): let the person begin again at the application, in one window.",
			"Nothing at Google: let the person begin again at the application, in one window.",
			"Let the person begin again at the application, in one window; a bookmark should be of the application and not of the provider's page.",
		},
		{
			Replayed, "The same answer was sent twice.",
			"The person clicked twice or reloaded; if nobody did, somebody has a copy of the answer.",
			"Nothing at Okta. If it was not the person, look at who can read traffic or browser histories, and end the sessions of the person.",
			"Nothing at Entra. If it was not the person, look at who can read traffic or browser histories, and end the sessions of the person.",
			"Nothing at Google. If it was not the person, look at who can read traffic or browser histories, and end the sessions of the person.",
			"Let the person begin again. If it was not the person, look at who can read traffic or browser histories, and end the sessions of the person.",
		},
		{
			MessageNotUnderstood, "What arrived is no sound answer of a provider: damaged, too large, or made to deceive.",
			"The person is refused; one time, or everybody if something rewrites the answers.",
			"Okta's answers do not look like this: look at what stands between, and at attributes and groups that make the answer too large.",
			"Entra's answers do not look like this: look at what stands between, and at attributes and groups that make the answer too large.",
			"Google's answers do not look like this: look at what stands between, and at attributes and groups that make the answer too large.",
			"Keep the answer and ask the provider's support. Send fewer attributes and groups if it is too large; look at proxies if it is damaged.",
		},
		{
			TooManyGroups, "The person is in more groups than the provider sends.",
			"The person comes in, and roles or groups are missing.",
			"Narrow “Group Attribute Statements” by a filter, to the groups that the application needs.",
			"Edit the group claim and choose “Groups assigned to the application” in place of all: above 150 groups (200 in a JWT) Entra sends a link.",
			"Under “Group membership (optional)” choose the groups that the application needs; their number is limited.",
			"Send only the groups that the application needs.",
		},
	}
}
