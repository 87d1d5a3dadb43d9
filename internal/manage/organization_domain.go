package manage

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// DomainRef names a domain of an organization, and who asks for something.
type DomainRef struct {
	Organization string // id or slug
	Domain       string // id
	Actor        identity.UserID
}

// DomainChange is what a caller gave to list a domain or to change one. Nil
// leaves a setting as it is; of a new domain, nil is the default.
type DomainChange struct {
	Name           string // of a new domain
	EnrollmentMode *identity.EnrollmentMode
	Verified       *bool // affiliation, on an operator's word; nil for a new domain: yes, unless an Actor asks
	DeletePending  bool  // of a change: what the domain has offered and nobody answered yet is taken back
}

// DomainView is a domain with what it is shown with.
type DomainView struct {
	identity.OrganizationDomain
	Organization       identity.Organization
	PendingInvitations int
	PendingSuggestions int
}

// OrganizationDomainFilter says which domains.
type OrganizationDomainFilter = store.OrganizationDomainFilter

// AddDomain lists a domain. On the word of the Backend API it is verified at
// once, unless the caller says otherwise; of a member who adds it, where she has
// a verified address there (behaviours 1.124 and 1.137).
func (s *Service) AddDomain(ctx context.Context, ref DomainRef, ch DomainChange) (v DomainView, err error) {
	name, err := identity.ParseDomain(ch.Name)
	if ch.Name == "" {
		err = fault.New(fault.FormParamMissing, "param_name", "name")
	} else if err != nil {
		err = fault.New(fault.FormParamFormatInvalid, "param_name", "name").Because(err)
	}
	if err := fault.Join(err, checkMode(ch.EnrollmentMode)); err != nil {
		return v, err
	}
	err = s.claim(ctx, func(tx *store.Tx) error {
		o, err := domainOrganization(tx, ref, identity.DomainsManage)
		if err != nil {
			return err
		}
		if v, err = s.addDomain(tx, o, ref.Actor, name, ch); err != nil {
			return err
		}
		return s.auditDomain(tx, "organization_domain.created", v.OrganizationDomain)
	})
	return v, err
}

// auditDomain writes a line about a domain.
func (s *Service) auditDomain(tx *store.Tx, action string, d identity.OrganizationDomain) error {
	return s.audit(tx, identity.AuditEntry{Action: action, Subject: string(d.ID), OrganizationID: d.OrganizationID, Detail: map[string]string{"name": string(d.Name)}})
}

// claim is a transaction that may give a name to an organization. Where another
// was faster by a moment the rows conflict; read again, the facts say how (threat
// T-ORG-02).
func (s *Service) claim(ctx context.Context, f func(*store.Tx) error) error {
	err := s.DB.Write(ctx, f)
	if errors.Is(err, store.ErrConflict) {
		err = s.DB.Write(ctx, f)
	}
	return err
}

// AddDomains lists several domains, each by itself: those that cannot be are
// listed with the code. A name that is given twice counts once.
func (s *Service) AddDomains(ctx context.Context, ref DomainRef, names []string, ch DomainChange) (done []DomainView, failed []BulkFailure, err error) {
	if len(names) > MaxBulk {
		return nil, nil, fault.New(fault.FormParamArraySize, "param_name", "names", "max_items", MaxBulk)
	}
	if err := fault.Join(checkMode(ch.EnrollmentMode), s.mayManageDomains(ctx, ref)); err != nil {
		return nil, nil, err
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		ch.Name = name
		v, err := s.AddDomain(ctx, ref, ch)
		if f, ok := errors.AsType[*fault.Error](err); ok {
			failed = append(failed, BulkFailure{name, f.Code()})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		done = append(done, v)
	}
	return done, failed, nil
}

func (s *Service) mayManageDomains(ctx context.Context, ref DomainRef) error {
	return s.DB.Read(ctx, func(tx *store.Tx) error {
		_, err := domainOrganization(tx, ref, identity.DomainsManage)
		return err
	})
}

// addDomain lists the one domain of a name; the organization may list it.
func (s *Service) addDomain(tx *store.Tx, o identity.Organization, actor identity.UserID, name identity.Domain, ch DomainChange) (DomainView, error) {
	now := s.Now()
	d := identity.OrganizationDomain{
		ID: identity.NewID[identity.DomainID](now), OrganizationID: o.ID, Name: name, EnrollmentMode: identity.EnrollmentManual,
		CreatedAt: now, UpdatedAt: now,
	}
	set(&d.EnrollmentMode, ch.EnrollmentMode)
	if err := s.mayList(tx, o, d, ""); err != nil {
		return DomainView{}, err
	}
	switch {
	case actor != "":
		address, err := verifiedAt(tx, actor, name)
		if err != nil {
			return DomainView{}, err
		}
		if address != "" {
			d.Verified, d.Affiliation = true, identity.Affiliation{Email: address, Strategy: identity.AffiliationByCode, VerifiedAt: now}
		}
	case ch.Verified == nil || *ch.Verified:
		d.Verified, d.Affiliation = true, identity.Affiliation{Strategy: identity.AffiliationByAdmin, VerifiedAt: now}
	}
	siblings, err := tx.OrganizationDomains(o.ID)
	if err != nil {
		return DomainView{}, err
	}
	if above := policy.OwnedAbove(d, siblings); above != nil {
		d.Ownership = identity.Ownership{Strategy: identity.OwnershipParent, VerifiedAt: now}
	}
	if err := tx.InsertOrganizationDomain(d); err != nil {
		return DomainView{}, err
	}
	return s.domainView(tx, d, o)
}

func checkMode(mode *identity.EnrollmentMode) error {
	if mode != nil && !mode.IsKnown() {
		return fault.New(fault.FormParamValueInvalid, "param_name", "enrollment_mode")
	}
	return nil
}

// mayList asks policy whether the organization may have the domain so. Self is
// the row itself where it is listed already.
func (s *Service) mayList(tx *store.Tx, o identity.Organization, d identity.OrganizationDomain, self identity.DomainID) error {
	in, err := tx.Instance()
	if err != nil {
		return err
	}
	f := policy.ListDomainFacts{Settings: in.Settings, Organization: o}
	f.Domain, f.Mode, f.Self, f.Disposable = d.Name, d.EnrollmentMode, self, s.disposable()
	if f.Listed, err = tx.CountOrganizationDomains(o.ID); err != nil {
		return err
	}
	if f.Connections, err = tx.ConnectionsByDomains(d.Name.Candidates()); err != nil {
		return err
	}
	if f.DomainFacts.Listed, err = tx.DomainsNamed(d.Name); err != nil {
		return err
	}
	return policy.ListDomain(f).Denied
}

// verifiedAt is an address of the user, verified, at the domain; empty if there
// is none.
func verifiedAt(tx *store.Tx, user identity.UserID, name identity.Domain) (identity.Email, error) {
	held, err := tx.EmailAddressesOf(user)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(held, func(e identity.EmailAddress) bool { return e.IsVerified() && e.Address.Domain() == name })
	if i < 0 {
		return "", nil
	}
	return held[i].Address, nil
}

// domainOrganization finds the organization that a caller works at. A member
// needs the permission; to others the organization does not exist.
func domainOrganization(tx *store.Tx, ref DomainRef, p identity.Permission) (identity.Organization, error) {
	o, err := findOrganization(tx, ref.Organization)
	if ref.Actor == "" || err != nil {
		return o, err
	}
	return o, permitted(tx, o.ID, ref.Actor, p)
}

// permitted asks policy whether a user may do something in an organization.
func permitted(tx *store.Tx, org identity.OrgID, user identity.UserID, p identity.Permission) error {
	role, err := tx.RoleOf(org, user)
	if store.Optional(err) != nil {
		return err
	}
	if err != nil {
		return policy.Permit(nil, p).Denied
	}
	return policy.Permit(&role, p).Denied
}

// findDomain finds a domain for a caller who needs the permission.
func findDomain(tx *store.Tx, ref DomainRef, p identity.Permission) (o identity.Organization, d identity.OrganizationDomain, err error) {
	if o, err = domainOrganization(tx, ref, p); err != nil {
		return o, d, err
	}
	d, err = tx.OrganizationDomain(o.ID, identity.DomainID(ref.Domain))
	return o, d, store.Missing(err, fault.New(fault.NotFound, "resource", "organization domain"))
}

// domainView adds how many offers by the domain wait for an answer.
func (s *Service) domainView(tx *store.Tx, d identity.OrganizationDomain, o identity.Organization) (DomainView, error) {
	waiting, err := tx.PendingOffers([]identity.DomainID{d.ID}, s.Now())
	return newDomainView(d, o, waiting), err
}

func newDomainView(d identity.OrganizationDomain, o identity.Organization, waiting map[identity.DomainID]store.PendingOffers) DomainView {
	n := waiting[d.ID]
	return DomainView{OrganizationDomain: d, Organization: o, PendingInvitations: n.Invitations, PendingSuggestions: n.Suggestions}
}

// Domain reads a domain of an organization.
func (s *Service) Domain(ctx context.Context, ref DomainRef) (v DomainView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, d, err := findDomain(tx, ref, identity.DomainsRead)
		if err != nil {
			return err
		}
		v, err = s.domainView(tx, d, o)
		return err
	})
	return v, err
}

// Domains lists domains: those of the organization that the reference names, or
// where it names none, as the filter says.
func (s *Service) Domains(ctx context.Context, ref DomainRef, f OrganizationDomainFilter, p Page) (list []DomainView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if ref.Organization != "" {
			o, err := domainOrganization(tx, ref, identity.DomainsRead)
			if err != nil {
				return err
			}
			f.OrganizationID = o.ID
		}
		rows, n, err := tx.FindOrganizationDomains(f, p)
		if err != nil {
			return err
		}
		list, total = make([]DomainView, 0, len(rows)), n
		ids := make([]identity.DomainID, len(rows))
		for i, d := range rows {
			ids[i] = d.ID
		}
		waiting, err := tx.PendingOffers(ids, s.Now())
		if err != nil {
			return err
		}
		orgs := map[identity.OrgID]identity.Organization{}
		for _, d := range rows {
			o, known := orgs[d.OrganizationID]
			if !known {
				if o, err = tx.Organization(d.OrganizationID); err != nil {
					return err
				}
				orgs[o.ID] = o
			}
			list = append(list, newDomainView(d, o, waiting))
		}
		return nil
	})
	return list, total, err
}

// ChangeDomain changes how people are enrolled by a domain, or whether it counts
// as verified. What is judged when a domain is listed is judged again. What was
// offered by the domain stays, unless the caller says otherwise or the ground for
// it is gone (behaviour 1.135).
func (s *Service) ChangeDomain(ctx context.Context, ref DomainRef, ch DomainChange) (DomainView, error) {
	if err := checkMode(ch.EnrollmentMode); err != nil {
		return DomainView{}, err
	}
	return s.changeDomain(ctx, ref, func(tx *store.Tx, o identity.Organization, d *identity.OrganizationDomain) error {
		now := s.Now()
		before := *d
		set(&d.EnrollmentMode, ch.EnrollmentMode)
		switch {
		case ch.Verified == nil || *ch.Verified == d.Verified:
		case *ch.Verified:
			d.Verified, d.Affiliation = true, identity.Affiliation{Email: d.Affiliation.Email, Strategy: identity.AffiliationByAdmin, VerifiedAt: now}
		default:
			d.Verified, d.Affiliation = false, identity.Affiliation{}
		}
		if before.EnrollmentMode != d.EnrollmentMode || !before.Verified && d.Verified {
			if err := s.mayList(tx, o, *d, d.ID); err != nil {
				return err
			}
		}
		return s.settleOffers(tx, before, *d, ch)
	})
}

// settleOffers takes back what the domain has offered where the change ends it, and
// writes the change of the mode into the audit log.
func (s *Service) settleOffers(tx *store.Tx, before, d identity.OrganizationDomain, ch DomainChange) error {
	if ch.DeletePending || !policy.OffersStand(before, d) {
		if err := s.dropOffers(tx, d.OrganizationID, d.ID); err != nil {
			return err
		}
	}
	if before.EnrollmentMode == d.EnrollmentMode {
		return nil
	}
	return s.audit(tx, identity.AuditEntry{
		Action: "organization_domain.enrollment_mode.updated", Subject: string(d.ID), OrganizationID: d.OrganizationID,
		Detail: map[string]string{"name": string(d.Name), "before": string(before.EnrollmentMode), "after": string(d.EnrollmentMode)},
	})
}

// dropOffers takes back what a domain has offered and nobody has answered.
func (s *Service) dropOffers(tx *store.Tx, org identity.OrgID, domain identity.DomainID) error {
	dropped, err := tx.DropOffers(domain, s.Now())
	if err != nil || len(dropped.Invitations) == 0 && dropped.Suggestions == 0 {
		return err
	}
	return s.audit(tx, identity.AuditEntry{
		Action: "organization_domain.offers_deleted", Subject: string(domain), OrganizationID: org,
		Detail: map[string]string{"invitations": strconv.Itoa(len(dropped.Invitations)), "suggestions": strconv.Itoa(dropped.Suggestions)},
	})
}

func (s *Service) changeDomain(ctx context.Context, ref DomainRef, change func(*store.Tx, identity.Organization, *identity.OrganizationDomain) error) (v DomainView, err error) {
	err = s.claim(ctx, func(tx *store.Tx) error {
		o, d, err := findDomain(tx, ref, identity.DomainsManage)
		if err != nil {
			return err
		}
		owned := d.Ownership.Verified()
		if err := change(tx, o, &d); err != nil {
			return err
		}
		action := "organization_domain.updated"
		if !owned && d.Ownership.Verified() {
			action = "organization_domain.ownership_verified"
		}
		d.UpdatedAt = s.Now()
		if err := tx.UpdateOrganizationDomain(d); err != nil {
			return err
		}
		if err := s.auditDomain(tx, action, d); err != nil {
			return err
		}
		v, err = s.domainView(tx, d, o)
		return err
	})
	return v, err
}

// DeleteDomain takes a domain off an organization's list, with the proofs of
// domains below it that rest on it and what it has offered that nobody answered.
func (s *Service) DeleteDomain(ctx context.Context, ref DomainRef) (d identity.OrganizationDomain, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		var o identity.Organization
		if o, d, err = findDomain(tx, ref, identity.DomainsManage); err != nil {
			return err
		}
		f := policy.UnlistDomainFacts{Domain: d}
		if f.Siblings, err = tx.OrganizationDomains(o.ID); err != nil {
			return err
		}
		if f.Connections, _, err = tx.Connections(store.ConnectionFilter{OrganizationID: &o.ID}, store.Page{}); err != nil {
			return err
		}
		if denied := policy.UnlistDomain(f).Denied; denied != nil {
			return denied
		}
		if err := s.dropOffers(tx, o.ID, d.ID); err != nil {
			return err
		}
		if _, err := tx.DeleteOrganizationDomain(d.ID); err != nil {
			return err
		}
		if err := s.auditDomain(tx, "organization_domain.deleted", d); err != nil {
			return err
		}
		return s.settleBelow(tx, d.OrganizationID)
	})
	return d, err
}

// settleBelow ends the proofs that rested on a domain above which is no longer
// proved or no longer there.
func (s *Service) settleBelow(tx *store.Tx, org identity.OrgID) error {
	rows, err := tx.OrganizationDomains(org)
	if err != nil {
		return err
	}
	for _, d := range rows {
		if d.Ownership.Strategy != identity.OwnershipParent || !d.Ownership.Verified() || policy.OwnedAbove(d, rows) != nil {
			continue
		}
		d.Ownership, d.UpdatedAt = policy.Lapse(d.Ownership, s.Now()), s.Now()
		if err := tx.UpdateOrganizationDomain(d); err != nil {
			return err
		}
	}
	return nil
}
