package manage

import (
	"fmt"
	"time"

	"usher/internal/identity"
)

// invitationMail carries the link of an invitation to an organization.
func invitationMail(app string, v InvitationView, now time.Time) identity.Mail {
	who := v.Organization.Name
	if v.Inviter != nil && v.Inviter.Name() != "" {
		who = v.Inviter.Name() + " of " + v.Organization.Name
	}
	return identity.Mail{
		ID: identity.NewID[identity.MailID](now), To: string(v.Email), CreatedAt: now,
		Subject: fmt.Sprintf("Join %s at %s", v.Organization.Name, app),
		Text: fmt.Sprintf("%s invites you to join %s at %s:\n\n    %s\n\nThe link works until %s, for this address only.\n"+
			"If you do not want to join, ignore this mail.\n",
			who, v.Organization.Name, app, v.URL, v.ExpiresAt.UTC().Format("2 January 2006")),
	}
}
