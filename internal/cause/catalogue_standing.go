package cause

// standingCauses are an outage, and what was decided here.
func standingCauses() []Cause {
	return []Cause{
		{
			ProviderDown, "The provider cannot be reached, or does not answer as it should.",
			"Many people at once do not come back, or are refused.",
			"Look at status.okta.com, and whether this server may reach the organization's addresses.",
			"Look at Microsoft's service health, and whether this server may reach login.microsoftonline.com.",
			"Look at the Google Workspace status dashboard, and whether this server may reach Google's addresses.",
			"Look at the provider's status page, and whether this server may reach its addresses through firewall and proxy.",
		},
		{
			RefusedHere, "The provider vouched for the person; a rule of this server refused.",
			"The person comes back from the provider and is told why on the page.",
			"Nothing at Okta: the decision of the attempt names the rule, and its fix is here.",
			"Nothing at Entra: the decision of the attempt names the rule, and its fix is here.",
			"Nothing at Google: the decision of the attempt names the rule, and its fix is here.",
			"The decision of the attempt names the rule: the connection is off, the person is banned, an account or a seat is missing. Change it here.",
		},
	}
}
