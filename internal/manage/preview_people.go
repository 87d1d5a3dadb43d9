package manage

import (
	"context"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// PreviewOrganizationDeletion says what follows from deleting an organization, and
// writes nothing.
func (s *Service) PreviewOrganizationDeletion(ctx context.Context, idOrSlug string) (effects []policy.Effect, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		o, err := findOrganization(tx, idOrSlug)
		if err != nil {
			return err
		}
		var f policy.OrganizationImpactFacts
		for _, count := range []struct {
			into *int
			of   func() (int, error)
		}{
			{&f.Members, func() (int, error) { return tx.CountMembers(o.ID) }},
			{&f.OnlyHere, func() (int, error) { return tx.CountMembersOnlyHere(o.ID) }},
			{&f.Signed, func() (int, error) { return tx.CountWorkingIn(o.ID, s.Now()) }},
			{&f.Invitations, func() (int, error) { return tx.CountPendingInvitations(o.ID, s.Now()) }},
			{&f.Through, func() (int, error) { return tx.CountAccountsOf(o.ID) }},
		} {
			if *count.into, err = count.of(); err != nil {
				return err
			}
		}
		if f.Connections, _, err = tx.Connections(store.ConnectionFilter{OrganizationID: &o.ID}, store.Page{}); err != nil {
			return err
		}
		effects = policy.OrganizationImpact(f)
		return nil
	})
	return effects, err
}

// PreviewRemoval says what follows from taking a member out, and writes nothing. A
// removal that would be refused is refused here too.
func (s *Service) PreviewRemoval(ctx context.Context, org, user string) (v MembershipView, effects []policy.Effect, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		m, err := findMembership(tx, org, user)
		if err != nil {
			return err
		}
		if v, err = s.membershipView(tx, m); err != nil {
			return err
		}
		facts, err := removalFacts(tx, m, v.Role)
		if err != nil {
			return err
		}
		effects = policy.RemovalImpact(facts)
		return policy.Remove(facts).Denied
	})
	return v, effects, err
}

// maxPreviewed is of how many of a person's organizations it is said whether
// somebody else can manage them. Ours.
const maxPreviewed = 100

// PreviewUserDeletion says what follows from deleting a person, and writes nothing.
func (s *Service) PreviewUserDeletion(ctx context.Context, id string) (v UserView, effects []policy.Effect, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, id)
		if err != nil {
			return err
		}
		if v, err = userView(tx, u); err != nil {
			return err
		}
		f := policy.UserImpactFacts{}
		for _, a := range v.Accounts {
			if a.Connection.InUse() {
				f.Rejoins = append(f.Rejoins, a.Connection.Name)
			}
		}
		sessions, err := tx.SessionsOfUser(u.ID)
		if err != nil {
			return err
		}
		for _, session := range sessions {
			if session.Live(s.Now()) {
				f.Sessions++
			}
		}
		if f.Organizations, f.LastManagerOf, err = s.managedAlone(tx, u.ID); err != nil {
			return err
		}
		effects = policy.UserImpact(f)
		return nil
	})
	return v, effects, err
}

// managedAlone counts a person's organizations, and names those whose members
// nobody else can manage.
func (s *Service) managedAlone(tx *store.Tx, user identity.UserID) (n int, alone []string, err error) {
	list, n, err := tx.MembershipsOfUser(user, store.Page{Limit: maxPreviewed})
	if err != nil {
		return 0, nil, err
	}
	for _, m := range list {
		v, err := s.membershipView(tx, m)
		if err != nil {
			return 0, nil, err
		}
		if !v.Role.Allows(identity.MembershipsManage) {
			continue
		}
		managers, err := managers(tx, v.Organization.Organization)
		if err != nil {
			return 0, nil, err
		}
		if managers == 1 {
			alone = append(alone, v.Organization.Name)
		}
	}
	return n, alone, nil
}
