package manage

import (
	"strconv"
	"time"

	"usher/internal/identity"
	"usher/internal/mail"
	"usher/internal/policy"
)

// domainMail is what the mails about a domain are made of.
type domainMail struct {
	to     identity.Email
	org    identity.Organization
	domain identity.OrganizationDomain
}

func (m domainMail) letter(slug string, values map[string]string) mail.Letter {
	values["domain"], values["org.name"] = m.domain.Name.Display(), m.org.Name
	return mail.Letter{Slug: slug, To: m.to, Values: values}
}

// recordMissingMail warns that a proof will end.
func recordMissingMail(m domainMail) mail.Letter {
	return m.letter(mail.RecordMissing, map[string]string{
		"record_name": m.domain.Name.OwnershipRecord(), "record_value": m.domain.Ownership.Value,
		"ends_at": m.domain.Ownership.MissingSince.Add(policy.OwnershipGrace).UTC().Format("2 January 2006, 15:04 MST"),
	})
}

// ownershipLapsedMail says that a proof has ended.
func ownershipLapsedMail(m domainMail) mail.Letter {
	return m.letter(mail.OwnershipLapsed, map[string]string{"grace_days": strconv.Itoa(int(policy.OwnershipGrace / (24 * time.Hour)))})
}

// affiliationMail carries the code that shows that somebody reads mail at a domain.
func affiliationMail(m domainMail, code string) mail.Letter {
	return m.letter(mail.AffiliationCode, map[string]string{
		"otp_code": code, "expires_in_minutes": strconv.Itoa(int(affiliationLife / time.Minute)),
	})
}
