package manage

import (
	"context"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// PreviewConnection says what people would see if a connection was changed, and
// writes nothing. A change that would be refused is refused here too.
func (s *Service) PreviewConnection(ctx context.Context, id identity.ConnectionID, ch ConnectionChange) ([]policy.Effect, error) {
	before, err := s.Connection(ctx, id)
	if err != nil {
		return nil, err
	}
	known, err := s.learnAbout(ctx, before, ch)
	if err != nil {
		return nil, err
	}
	var effects []policy.Effect
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		after := c
		if _, err := s.apply(&after, ch, known); err != nil {
			return err
		}
		d, err := s.judgeDomains(tx, c, after)
		if err != nil {
			return err
		}
		if d.Denied != nil {
			return d.Denied
		}
		effects, err = s.impact(tx, c, &after)
		return err
	})
	return effects, err
}

// PreviewDeletion says what people would see if a connection was deleted.
func (s *Service) PreviewDeletion(ctx context.Context, id identity.ConnectionID) (effects []policy.Effect, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		effects, err = s.impact(tx, c, nil)
		return err
	})
	return effects, err
}

// impact loads what policy.Impact looks at. After is nil for a deletion.
func (s *Service) impact(tx *store.Tx, before identity.Connection, after *identity.Connection) ([]policy.Effect, error) {
	in, err := tx.Instance()
	if err != nil {
		return nil, err
	}
	f := policy.ImpactFacts{Before: before, After: after, Settings: in.Settings, AtDomain: map[identity.Domain]int{}}
	domains := before.Domains
	if after != nil {
		domains = append(domains[:len(domains):len(domains)], after.Domains...)
	}
	for _, d := range domains {
		if f.AtDomain[d], err = tx.CountAtDomain(d); err != nil {
			return nil, err
		}
	}
	if f.Others, err = tx.ConnectionsByDomains(neighbours(identity.Connection{Domains: domains})); err != nil {
		return nil, err
	}
	if f.People, err = tx.CountAccounts(before.ID); err != nil {
		return nil, err
	}
	if f.Sessions, err = tx.CountSignedInThrough(before.ID, s.Now()); err != nil {
		return nil, err
	}
	if f.Through, err = tx.CountMembersThrough(before.OrganizationID, before.ID); err != nil {
		return nil, err
	}
	if after != nil && after.OrganizationID != before.OrganizationID {
		if f.Move, err = movement(tx, f); err != nil {
			return nil, err
		}
	}
	return policy.Impact(f), nil
}

// movement asks policy what follows from moving the connection.
func movement(tx *store.Tx, f policy.ImpactFacts) (policy.Movement, error) {
	target, err := tx.Organization(f.After.OrganizationID)
	if err != nil {
		return policy.Movement{}, err
	}
	m := policy.MoveFacts{
		Connection: f.Before, Target: &target, Anyone: true, Others: f.Others, People: f.People, JoinedThrough: f.Through,
	}
	if m.Listed, err = tx.OrganizationDomains(target.ID); err != nil {
		return policy.Movement{}, err
	}
	if m.InTarget, err = tx.CountAccountsInOrganization(f.Before.ID, target.ID); err != nil {
		return policy.Movement{}, err
	}
	if m.TargetMembers, err = tx.CountMembers(target.ID); err != nil {
		return policy.Movement{}, err
	}
	return policy.Move(m), nil
}
