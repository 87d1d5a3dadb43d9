package cause

// personCauses are about whom the answer names: NameID, address, guest, account.
func personCauses() []Cause {
	return []Cause{
		{
			NameIDMissing, "The answer does not name the person.",
			"One person is refused whose profile lacks something, or everybody if nothing is mapped.",
			"Check “Application username” in the SAML settings, and that this person has a value there under Assignments.",
			"Under “Attributes & Claims” look at the source of “Unique User Identifier (Name ID)”: it is empty for this person, as user.mail is for accounts without a mailbox. Choose user.userprincipalname or user.objectid.",
			"In “Name ID” choose a field that every person has, such as Basic Information → Primary email.",
			"Let the provider send a NameID (at OpenID Connect: sub) for every person. AD FS needs a claim rule for it.",
		},
		{
			NameIDUnstable, "The name by which the provider knows the person changes, or has a form that the provider does not give.",
			"People are refused from the first sign-in on, or from the second.",
			"Set “Name ID format” to EmailAddress or Persistent; it has to fit what a request asks for.",
			"Edit “Unique User Identifier (Name ID)” and choose the format Persistent or Email address. AADSTS75016 means that the asked format is not given.",
			"Set “Name ID format” to PERSISTENT or EMAIL.",
			"Choose a NameID that stays the same, such as persistent or emailAddress, or map a lasting attribute to user_id on the connection.",
		},
		{
			EmailMissing, "The answer brings no address under the name that the connection expects.",
			"Everybody of the connection is refused after the provider let them through, or single people who have no address there.",
			"Add an attribute statement to the application whose value is user.email, under the name that the connection expects.",
			"Under “Attributes & Claims” add or keep the claim …/claims/emailaddress with the source user.mail; it is blank for accounts without a mailbox, for which user.userprincipalname may serve.",
			"Under “Attribute mapping” map Primary email to the name that the connection expects.",
			"Let the provider send the address under the name that the connection expects, or change the attribute mapping on the connection to the name that is sent.",
		},
		{
			EmailDomainMismatch, "The person's address is at a domain that the connection does not serve.",
			"Some people are refused after the provider let them through, those with an address elsewhere.",
			"Choose whether the attribute takes user.email or user.login: they may be at different domains. Or add the domain to the connection.",
			"Choose whether the claim takes user.mail or user.userprincipalname: their domains often differ. Or add the domain to the connection.",
			"The person's Primary email is at a secondary or alias domain. Change it in Directory → Users, or add the domain to the connection.",
			"Send the address that is at a domain of the connection, or add the domain to the connection once it is verified.",
		},
		{
			GuestAccount, "The person is a guest of the tenant, with an address that is not its own.",
			"Guests are refused, employees come in.",
			"Okta has no guests of this kind: the account was brought in from a directory that does. Give it an address of the organization there.",
			"The value holds #EXT# or belongs to another tenant. Give guests a conditional claim for “External guests” with the source user.mail, or let them sign in with their own organization.",
			"Google has no guests of this kind: give the person an account of the organization's own domain.",
			"Give the person an account of the organization's own, or send the guest's real address and add its domain to the connection.",
		},
		{
			EmailUnverified, "The provider does not vouch that the address is the person's.",
			"The person comes back from the provider and is refused.",
			"Let the person verify the primary email in the Okta profile, or send email_verified as true for addresses that the organization manages.",
			"Entra has no email_verified: do not require it, and set the connection's default. At a shared application add the optional claim xms_edov, and verify the domain in the tenant.",
			"A Workspace account's address is verified. This is often a personal account: let the person choose the work account.",
			"Let the provider send email_verified as true, or, if it sends none and may be trusted, set the connection's default.",
		},
		{
			WrongAccount, "The person came back as somebody else, or from another tenant than the connection's.",
			"The person sees the provider's page, is known there at once, and is refused here; or the provider itself refuses.",
			"The browser is signed in to Okta as another person, or the connection leads to another Okta organization. Sign out there and try again; compare the organization's URL.",
			"Let the person choose “Use another account”, in a private window if need be. Compare the tenant in the connection's addresses; a guest has to be invited to it first.",
			"Let the person choose the work account in the list of Google accounts, in a private window if need be.",
			"Let the person sign out at the provider, or use a private window, and choose the account of this organization.",
		},
		{
			PersonSuspended, "The account is suspended or deleted at the provider.",
			"It worked for this person before; others still come in.",
			"Look at the person's status in Directory → People, and activate or unsuspend the account if that is right.",
			"Look at “Account enabled” of the person under Users; AADSTS50057 says the same.",
			"Look whether the person is shown as suspended in Directory → Users, and reactivate if that is right.",
			"Enable the person's account at the provider, if that is right.",
		},
		{
			PersonRecreated, "The provider knows the address under another account than before.",
			"One person is refused who came in before, often after leaving and coming back.",
			"The Okta user was made anew. Make sure that it is the same person, then take the old account off the user here, so that the next sign-in links the new one.",
			"The object id is another one. Make sure that it is the same person, then take the old account off the user here, so that the next sign-in links the new one.",
			"The Google account was made anew. Make sure that it is the same person, then take the old account off the user here, so that the next sign-in links the new one.",
			"Make sure that it is the same person, then take the old account off the user here, so that the next sign-in links the new one. An address that changed hands must not be linked.",
		},
	}
}
