package manage

import (
	"fmt"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
)

// recordMissingMail warns that a proof will end.
func recordMissingMail(m domainMail) identity.Mail {
	ends := m.domain.Ownership.MissingSince.Add(policy.OwnershipGrace).UTC().Format("2 January 2006, 15:04 MST")
	return identity.Mail{
		ID: identity.NewID[identity.MailID](m.now), To: string(m.to), CreatedAt: m.now,
		Subject: fmt.Sprintf("The DNS record of %s is missing", m.domain.Name.Display()),
		Text: fmt.Sprintf("%s owns %s at %s by a TXT record in the DNS, which was not found today.\n\n"+
			"Please put it back:\n\n    name:  %s\n    value: %s\n\n"+
			"Everything works as before until %s. If the record is still missing then, the domain counts as not verified.\n",
			m.org.Name, m.domain.Name.Display(), m.app, m.domain.Name.OwnershipRecord(), m.domain.Ownership.Value, ends),
	}
}

// ownershipLapsedMail says that a proof has ended.
func ownershipLapsedMail(m domainMail) identity.Mail {
	return identity.Mail{
		ID: identity.NewID[identity.MailID](m.now), To: string(m.to), CreatedAt: m.now,
		Subject: fmt.Sprintf("%s is no longer verified", m.domain.Name.Display()),
		Text: fmt.Sprintf("The TXT record by which %s owns %s at %s has been missing for %d days, so the domain no longer counts as verified.\n\n"+
			"People who sign in through it still can. To verify the domain again, ask for a new record and put it into the DNS.\n",
			m.org.Name, m.domain.Name.Display(), m.app, int(policy.OwnershipGrace/(24*time.Hour))),
	}
}

// affiliationMail carries the code that shows that somebody reads mail at a domain.
func affiliationMail(m domainMail, code string) identity.Mail {
	return identity.Mail{
		ID: identity.NewID[identity.MailID](m.now), To: string(m.to), CreatedAt: m.now,
		Subject: fmt.Sprintf("%s is your code to verify %s", code, m.domain.Name.Display()),
		Text: fmt.Sprintf("Your code to verify that %s belongs to %s at %s is:\n\n    %s\n\n"+
			"It works once, for %d minutes. If you did not ask for it, ignore this mail: nothing happens without it.\n",
			m.domain.Name.Display(), m.org.Name, m.app, code, int(affiliationLife/time.Minute)),
	}
}
