package manage

import (
	"context"
	"slices"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// SelfServe is somebody who is no operator and sets up a connection of an
// organization: a member, or who holds a link for that.
type SelfServe struct {
	Organization identity.OrgID
	Member       identity.UserID // needs the permission; empty: somebody who holds a link
}

// maySelfServe asks policy whether who acts may leave the connection so. Operators
// may.
func (s *Service) maySelfServe(tx *store.Tx, by *SelfServe, before, c identity.Connection) error {
	if by == nil {
		return nil
	}
	if err := by.permitted(tx); err != nil {
		return err
	}
	f := policy.SelfServeFacts{Now: s.Now(), Organization: by.Organization, Before: before, Connection: c}
	var err error
	if f.Listed, err = tx.OrganizationDomains(by.Organization); err != nil {
		return err
	}
	return policy.SelfServe(f).Denied
}

func (by SelfServe) permitted(tx *store.Tx) error {
	if _, err := tx.Organization(by.Organization); err != nil {
		return store.Missing(err, fault.New(fault.OrganizationNotFound))
	}
	if by.Member == "" {
		return nil
	}
	return permitted(tx, by.Organization, by.Member, identity.EntConnsManage)
}

// refreshProofsOf is refreshProofs for the domains that a connection has after a
// change; before is zero where it is being created. One of another organization is
// not there. It comes first of all: who may not act makes us call nobody.
func (s *Service) refreshProofsOf(ctx context.Context, before identity.Connection, ch ConnectionChange) error {
	if ch.By == nil {
		return nil
	}
	if before.ID != "" && before.OrganizationID != ch.By.Organization {
		return fault.New(fault.NotFound, "resource", "enterprise connection")
	}
	names := before.Domains
	if len(ch.Domains) > 0 {
		var err error
		if names, err = parseDomains(ch.Domains); err != nil {
			return err
		}
	}
	return s.refreshProofs(ctx, *ch.By, names)
}

// refreshProofs looks at once for the records of proofs that are too old for what a
// connection of these domains may need, so that a proof is refused only when its
// record is gone. It runs before the transaction: the DNS may be slow.
func (s *Service) refreshProofs(ctx context.Context, by SelfServe, names []identity.Domain) error {
	var stale []identity.OrganizationDomain
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		if err := by.permitted(tx); err != nil {
			return err
		}
		listed, err := tx.OrganizationDomains(by.Organization)
		if err == nil {
			stale = staleProofs(listed, names, s)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range stale { // as many as an organization may list, at most
		if err := s.recheck(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// staleProofs are the domains whose records the proofs of the named ones rest on,
// and were not seen for too long.
func staleProofs(listed []identity.OrganizationDomain, names []identity.Domain, s *Service) (stale []identity.OrganizationDomain) {
	for _, d := range listed {
		if !slices.Contains(names, d.Name) || !d.Ownership.Verified() || policy.Fresh(d, listed, s.Now()) {
			continue
		}
		if d.Ownership.Strategy == identity.OwnershipParent {
			above := policy.OwnedAbove(d, listed)
			if above == nil {
				continue
			}
			d = *above
		}
		known := slices.ContainsFunc(stale, func(other identity.OrganizationDomain) bool { return other.ID == d.ID })
		if d.Ownership.Strategy == identity.OwnershipTXT && !known {
			stale = append(stale, d)
		}
	}
	return stale
}
