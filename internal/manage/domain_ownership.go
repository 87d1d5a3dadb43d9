package manage

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"slices"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/mail"
	"usher/internal/policy"
	"usher/internal/store"
)

// Records looks up the TXT records of a name. No record is no error; an error
// says that nobody could tell.
type Records interface {
	TXT(ctx context.Context, name string) ([]string, error)
}

const (
	// MaxBulk is how many domains or invitations one call takes: Clerk's.
	MaxBulk = 10

	// challengeBytes are 160 bits: threat T-ORG-03.
	challengeBytes = 20

	// recheckBatch is how many records one round of the job looks for.
	recheckBatch = 50
)

// BulkFailure says why one of several failed.
type BulkFailure struct {
	ID   string // of a domain, or its name
	Code fault.Code
}

// PrepareOwnership makes a new challenge for a domain; the one before it is void.
// Where the proof stands already, or the organization owns a domain above, there
// is nothing to prepare.
func (s *Service) PrepareOwnership(ctx context.Context, ref DomainRef) (DomainView, error) {
	return s.changeDomain(ctx, ref, func(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain) error {
		if d.Ownership.Verified() {
			return nil
		}
		siblings, err := tx.OrganizationDomains(o.ID)
		if err != nil {
			return err
		}
		now := s.Now()
		if policy.OwnedAbove(*d, siblings) != nil {
			return s.own(tx, o, d, identity.Ownership{Strategy: identity.OwnershipParent, VerifiedAt: now})
		}
		if !d.Name.HasOwnershipRecord() {
			return fault.New(fault.FormParamValueInvalid, "param_name", "name").Detail("reason", "too_long_for_record")
		}
		d.Ownership = identity.Ownership{Strategy: identity.OwnershipTXT, Value: newChallenge(), ExpiresAt: now.Add(policy.ChallengeLife)}
		return nil
	})
}

// newChallenge is what a TXT record has to say. It is made anew for each
// organization, domain and challenge, so that it says nothing elsewhere.
func newChallenge() string {
	b := make([]byte, challengeBytes)
	rand.Read(b)
	return "usher-challenge=" + strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// own gives the domain a proof, if policy still lets the organization have it.
func (s *Service) own(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain, proof identity.Ownership) error {
	f := policy.DomainFacts{Use: policy.UseVerified, Domain: d.Name, Organization: o.ID, Self: d.ID, Mode: d.EnrollmentMode, Disposable: s.disposable()}
	var err error
	if f.Connections, err = tx.ConnectionsByDomains(d.Name.Candidates()); err != nil {
		return err
	}
	if f.Listed, err = tx.DomainsNamed(d.Name); err != nil {
		return err
	}
	if denied := policy.Domain(f).Denied; denied != nil {
		return denied
	}
	d.Ownership = proof
	return nil
}

// VerifyOwnership takes an operator's word that the organization owns the domain.
// It does nothing where that is proved (behaviour 1.129).
func (s *Service) VerifyOwnership(ctx context.Context, ref DomainRef) (DomainView, error) {
	return s.changeDomain(ctx, ref, func(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain) error {
		if d.Ownership.Verified() {
			return nil
		}
		return s.own(tx, o, d, identity.Ownership{Strategy: identity.OwnershipManual, VerifiedAt: s.Now()})
	})
}

// AttemptOwnership looks for the record of a challenge. One that is not there, or
// that nobody can tell of, leaves the challenge open.
func (s *Service) AttemptOwnership(ctx context.Context, ref DomainRef) (DomainView, error) {
	v, err := s.Domain(ctx, ref)
	if err != nil {
		return v, err
	}
	if v.Ownership.Verified() {
		return v, nil
	}
	if v.Ownership.Strategy != identity.OwnershipTXT {
		return v, fault.New(fault.VerificationMissing)
	}
	answer := s.look(ctx, v.OrganizationDomain)
	asked := v.Ownership.Value
	return s.changeDomain(ctx, ref, func(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain) error {
		if d.Ownership.Value != asked { // a new challenge, made since: the answer was to the old one
			return nil
		}
		return s.settleOwnership(tx, o, d, answer)
	})
}

// look asks the DNS for the record of a domain's challenge.
func (s *Service) look(ctx context.Context, d identity.OrganizationDomain) policy.RecordAnswer {
	if d.Ownership.Value == "" {
		return policy.RecordUnknown
	}
	values, err := s.Records.TXT(ctx, d.Name.OwnershipRecord())
	switch {
	case err != nil:
		return policy.RecordUnknown
	case slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) == d.Ownership.Value }):
		return policy.RecordThere
	}
	return policy.RecordMissing
}

// settleOwnership carries out what the answer means.
func (s *Service) settleOwnership(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain, answer policy.RecordAnswer) error {
	out := policy.Own(policy.OwnershipFacts{Now: s.Now(), Ownership: d.Ownership, Answer: answer})
	if out.Proved {
		return s.own(tx, o, d, out.Ownership)
	}
	d.Ownership = out.Ownership
	if out.Warn {
		return s.mailAboutDomain(tx, o, recordMissingMail, *d)
	}
	if out.Lapsed {
		return s.mailAboutDomain(tx, o, ownershipLapsedMail, *d)
	}
	return nil
}

// OwnershipOfMany prepares or attempts the proofs of several domains of an
// organization, each by itself: those that fail are listed with the code.
func (s *Service) OwnershipOfMany(ctx context.Context, ref DomainRef, ids []string, one func(context.Context, DomainRef) (DomainView, error)) (done []DomainView, failed []BulkFailure, err error) {
	if len(ids) > MaxBulk {
		return nil, nil, fault.New(fault.FormParamArraySize, "param_name", "organization_domain_ids", "max_items", MaxBulk)
	}
	if err := s.mayManageDomains(ctx, ref); err != nil {
		return nil, nil, err
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue
		}
		v, err := one(ctx, DomainRef{Organization: ref.Organization, Domain: id, Actor: ref.Actor})
		if f, ok := errors.AsType[*fault.Error](err); ok {
			failed = append(failed, BulkFailure{id, f.Code()})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		done = append(done, v)
	}
	return done, failed, nil
}

// RecheckOwnership looks again for the records of proofs that are due, and says
// how many it looked for.
func (s *Service) RecheckOwnership(ctx context.Context) (looked int, err error) {
	var due []identity.OrganizationDomain
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		due, err = tx.OwnershipDue(s.Now(), recheckBatch)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, d := range due {
		if err := s.recheck(ctx, d); err != nil {
			return looked, err
		}
		looked++
	}
	return looked, nil
}

func (s *Service) recheck(ctx context.Context, asked identity.OrganizationDomain) error {
	answer := s.look(ctx, asked)
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		o, err := tx.Organization(asked.OrganizationID)
		if err != nil {
			return store.Optional(err)
		}
		d, err := tx.OrganizationDomain(asked.OrganizationID, asked.ID)
		if err != nil {
			return store.Optional(err)
		}
		if d.Ownership.Value != asked.Ownership.Value || !d.Ownership.Verified() {
			return nil
		}
		if err := s.settleOwnership(tx, o, &d, answer); err != nil {
			return err
		}
		d.UpdatedAt = s.Now()
		if err := tx.UpdateOrganizationDomain(d); err != nil {
			return err
		}
		if d.Ownership.Verified() {
			return nil
		}
		if err := s.auditDomain(tx, "organization_domain.ownership_lapsed", d); err != nil {
			return err
		}
		return s.settleBelow(tx, o.ID)
	})
}

// mailAboutDomain mails those who manage the organization's domains.
func (s *Service) mailAboutDomain(tx *store.Tx, o identity.Organization, letter func(domainMail) mail.Letter, d identity.OrganizationDomain) error {
	to, err := tx.AddressesOfMembersWith(o.ID, identity.DomainsManage)
	if err != nil {
		return err
	}
	for _, address := range to {
		if err := s.writeMail(tx, letter(domainMail{to: address, org: o, domain: d})); err != nil {
			return err
		}
	}
	return nil
}
