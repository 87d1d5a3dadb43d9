package manage

import (
	"usher/internal/mail"
)

// mailDay is a day as mails say it.
const mailDay = "2 January 2006"

// invitationMail carries the link of an invitation to an organization.
func invitationMail(v InvitationView) mail.Letter {
	by, name := v.Organization.Name, ""
	if v.Inviter != nil && v.Inviter.Name() != "" {
		name = v.Inviter.Name()
		by = name + " of " + v.Organization.Name
	}
	return mail.Letter{Slug: mail.OrganizationInvitation, To: v.Email, Values: map[string]string{
		"action_url": v.URL, "expires_on": v.ExpiresAt.UTC().Format(mailDay), "org.name": v.Organization.Name,
		"inviter_name": name, "invited_by": by, "role_name": v.RoleName,
	}}
}

// appInvitationMail carries the link of an invitation to the application.
func appInvitationMail(v AppInvitationView) mail.Letter {
	return mail.Letter{Slug: mail.Invitation, To: v.Email, Values: map[string]string{
		"action_url": v.URL, "expires_on": v.ExpiresAt.UTC().Format(mailDay),
	}}
}
