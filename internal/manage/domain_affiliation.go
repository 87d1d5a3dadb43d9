package manage

import (
	"context"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/store"
)

const (
	affiliationLife = 10 * time.Minute // of a code, as of those for sign-in: threat T-SES-15

	// Purposes of hashes and names of counters.
	affiliationCode  = "affiliation code"
	affiliationMails = "affiliation mails"
)

// PrepareAffiliation mails a code to an address at the domain. Where the person
// who asks has verified that address, no code is needed.
func (s *Service) PrepareAffiliation(ctx context.Context, ref DomainRef, address string) (DomainView, error) {
	email, err := identity.ParseEmail(address)
	if err != nil {
		return DomainView{}, fault.New(fault.FormParamFormatInvalid, "param_name", "affiliation_email_address").Because(err)
	}
	code := secret.NewCode()
	return s.changeDomain(ctx, ref, func(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain) error {
		if d.Verified {
			return fault.New(fault.VerificationAlreadyVerified)
		}
		if denied := policy.Affiliate(*d, email).Denied; denied != nil {
			return denied
		}
		if err := s.mayList(tx, o, *d, d.ID); err != nil {
			return err
		}
		now := s.Now()
		if held, err := tx.VerifiedEmail(email); store.Optional(err) != nil {
			return err
		} else if err == nil && ref.Actor != "" && held.UserID == ref.Actor {
			d.Verified, d.Affiliation = true, identity.Affiliation{Email: email, Strategy: identity.AffiliationByCode, VerifiedAt: now}
			return nil
		}
		if err := s.mayMail(tx, affiliationMails, o.ID, email); err != nil {
			return err
		}
		d.Affiliation = identity.Affiliation{
			Email: email, Strategy: identity.AffiliationByCode,
			Code: identity.CodeChallenge{Hash: s.Ring.HashToken(affiliationCode, string(d.ID)+":"+code), SentAt: now, ExpiresAt: now.Add(affiliationLife)},
		}
		return s.writeMail(tx, affiliationMail(domainMail{to: email, org: o, domain: *d}, code))
	})
}

// mayMail asks policy whether another mail may go to an address and be asked for
// by an organization, and counts it if so.
func (s *Service) mayMail(tx *store.Tx, purpose string, org identity.OrgID, to identity.Email) error {
	facts := policy.MailFacts{Now: s.Now()}
	toName := "mail_to:" + s.Ring.HashToken(purpose, string(to))
	fromName := "mail_from:" + s.Ring.HashToken(purpose, string(org))
	var err error
	if facts.To, err = tx.Counted(toName, policy.MailsTo); err != nil {
		return err
	}
	if facts.From, err = tx.Counted(fromName, policy.MailsFrom); err != nil {
		return err
	}
	if denied := policy.Mail(facts).Denied; denied != nil {
		return denied
	}
	for _, name := range []string{toName, fromName} {
		if _, err := tx.Count(name, facts.Now, 1); err != nil {
			return err
		}
	}
	return nil
}

// AttemptAffiliation proves the affiliation by the code that was mailed. A wrong
// one counts, whatever comes of the call.
func (s *Service) AttemptAffiliation(ctx context.Context, ref DomainRef, code string) (DomainView, error) {
	var refused error
	v, err := s.changeDomain(ctx, ref, func(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain) error {
		if refused = s.judgeAffiliation(d, code); refused != nil {
			return nil // commit: a wrong code counts
		}
		if err := s.mayList(tx, o, *d, d.ID); err != nil {
			return err
		}
		d.Verified = true
		d.Affiliation.Code, d.Affiliation.VerifiedAt = identity.CodeChallenge{}, s.Now()
		return nil
	})
	if err == nil {
		err = refused
	}
	return v, err
}

func (s *Service) judgeAffiliation(d *identity.OrganizationDomain, code string) error {
	c := &d.Affiliation.Code
	switch {
	case d.Verified:
		return fault.New(fault.VerificationAlreadyVerified)
	case c.Hash == "":
		return fault.New(fault.VerificationMissing)
	case c.Tries >= identity.MaxAffiliationTries:
		return fault.New(fault.VerificationFailed)
	case !s.Now().Before(c.ExpiresAt):
		return fault.New(fault.VerificationExpired)
	case !s.Ring.MatchToken(affiliationCode, string(d.ID)+":"+code, c.Hash):
		c.Tries++
		return fault.New(fault.FormCodeIncorrect, "param_name", "code")
	}
	return nil
}
