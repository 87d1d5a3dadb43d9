package manage

import (
	"context"
	"slices"
	"strconv"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

const (
	// migrateStep is how many memberships and organizations one transaction of a
	// migration writes, so that sign-ins get their turn in between. Ours.
	migrateStep = 500

	// migrateAtOnce is how many steps are taken before the caller is answered: a
	// small deployment never sees a migration in progress. Ours.
	migrateAtOnce = 4
)

// migrating reports whether a change of members' roles is under way that
// matters.
func migrating(tx *store.Tx, matters func(identity.RoleMigration) bool) (bool, error) {
	list, err := tx.RoleMigrations()
	return slices.ContainsFunc(list, matters), err
}

// concerning matters when a migration gives or takes one of the role sets.
func concerning(sets ...identity.RoleSetID) func(identity.RoleMigration) bool {
	return func(m identity.RoleMigration) bool { return slices.ContainsFunc(sets, m.Concerns) }
}

// managers counts the members of an organization who can manage the others,
// with the roles that they will have when a migration under way is completed.
func managers(tx *store.Tx, o identity.Organization) (int, error) {
	under, err := tx.RoleMigrations()
	if err != nil {
		return 0, err
	}
	roles, err := tx.Roles()
	if err != nil {
		return 0, err
	}
	manages := map[identity.RoleID]bool{}
	for _, r := range roles {
		manages[r.ID] = r.Allows(identity.MembershipsManage)
	}
	total := 0
	for _, r := range roles {
		after := r.ID
		for _, m := range under {
			if m.Source == o.RoleSetID {
				after = m.After(after)
			}
		}
		if !manages[after] {
			continue
		}
		n, err := tx.CountMembersWithRole(o.ID, r.ID)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// MigrateRoles goes on with the changes of members' roles that are under way
// until they are completed. It may be interrupted at any point, and run by
// several nodes at once: each step reads what is left and writes it in one
// transaction (threat T-OPS-17).
func (s *Service) MigrateRoles(ctx context.Context) error {
	var under []identity.RoleMigration
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.RoleMigrations()
		under = list
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range under {
		for done := false; !done; {
			if done, err = s.migrate(ctx, m.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// migrateFirst takes the first steps of a migration. What fails here is not
// lost: MigrateRoles goes on with it and reports what stands in its way.
func (s *Service) migrateFirst(ctx context.Context, id identity.RoleMigrationID) {
	for range migrateAtOnce {
		if done, err := s.migrate(ctx, id); done || err != nil {
			return
		}
	}
}

// migrate takes one step and reports whether the migration is completed.
func (s *Service) migrate(ctx context.Context, id identity.RoleMigrationID) (done bool, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		m, err := tx.RoleMigration(id)
		if err != nil {
			return err
		}
		if done = !m.CompletedAt.IsZero(); done {
			return nil
		}
		now := s.Now()
		if m.StartedAt.IsZero() {
			m.StartedAt = now
		}
		left, err := stepOf(tx, &m, now)
		if err != nil {
			return err
		}
		if done = !left; done {
			m.CompletedAt = now
			if m.Trigger == identity.RoleSetDeletion {
				if _, err := tx.DeleteRoleSet(m.Source); err != nil {
					return err
				}
			}
		}
		m.UpdatedAt = now
		if err := tx.UpdateRoleMigration(m); err != nil || !done {
			return err
		}
		return s.auditMigration(tx, "role_migration.completed", m)
	})
	return done, err
}

// auditMigration writes into the audit log that members' roles begin to change or
// have all changed: one line for all members, however many.
func (s *Service) auditMigration(tx *store.Tx, action string, m identity.RoleMigration) error {
	return s.audit(tx, identity.AuditEntry{Action: action, Subject: string(m.ID), Detail: map[string]string{
		"trigger": string(m.Trigger), "role_set_id": string(m.Source), "dest_role_set_id": string(m.Dest),
		"members": strconv.Itoa(m.Migrated),
	}})
}

// stepOf changes the next members, organization by organization, and reports
// whether there may be more.
func stepOf(tx *store.Tx, m *identity.RoleMigration, now time.Time) (left bool, err error) {
	orgs, err := tx.OrganizationsOfRoleSet(m.Source, m.DoneUpTo, migrateStep)
	if err != nil {
		return false, err
	}
	budget := migrateStep
	for _, org := range orgs {
		for from, to := range m.Mappings {
			n, err := tx.MoveMembers(store.RoleMove{Organization: org, From: from, To: to, Most: budget}, now)
			if err != nil {
				return false, err
			}
			m.Migrated += n
			if budget -= n; budget <= 0 {
				return true, nil
			}
		}
		for from, to := range m.Mappings {
			if err := tx.MoveInvitations(store.RoleMove{Organization: org, From: from, To: to}, now); err != nil {
				return false, err
			}
		}
		if m.Dest != "" { // it leaves the list that way
			if err := tx.MoveToRoleSet(org, m.Dest, now); err != nil {
				return false, err
			}
		} else {
			m.DoneUpTo = org
		}
		if budget--; budget <= 0 {
			return true, nil
		}
	}
	return len(orgs) == migrateStep, nil
}

// reassign begins to change members' roles in all organizations of a role set, if
// policy allows it. Named are the keys by which a refusal calls the mappings.
func (s *Service) reassign(tx *store.Tx, m identity.RoleMigration, target identity.RoleSet, named map[identity.RoleID]string) (identity.RoleMigration, error) {
	m.ID, m.CreatedAt, m.UpdatedAt = identity.NewID[identity.RoleMigrationID](s.Now()), s.Now(), s.Now()
	if err := judgeReassignment(tx, m, target, named); err != nil {
		return m, err
	}
	return m, tx.InsertRoleMigration(m)
}

// lacksManagersAfter reports whether the mappings would leave an organization of
// the role set without a manager.
func lacksManagersAfter(tx *store.Tx, set identity.RoleSetID, mappings map[identity.RoleID]identity.RoleID) (bool, error) {
	roles, err := tx.Roles()
	if err != nil {
		return false, err
	}
	manages := map[identity.RoleID]bool{}
	for _, r := range roles {
		manages[r.ID] = r.Allows(identity.MembershipsManage)
	}
	var managing, remaining []identity.RoleID
	lost := false
	for _, r := range roles {
		if !manages[r.ID] {
			continue
		}
		managing = append(managing, r.ID)
		if to, mapped := mappings[r.ID]; mapped && !manages[to] {
			lost = true
		} else {
			remaining = append(remaining, r.ID)
		}
	}
	for from, to := range mappings { // who is promoted manages too
		if manages[to] && !manages[from] {
			remaining = append(remaining, from)
		}
	}
	if !lost {
		return false, nil
	}
	return tx.WouldLackManagers(set, managing, remaining)
}

// inUse reads the roles that members of a role set's organizations have, and those
// that people who are invited are to have.
func inUse(tx *store.Tx, set identity.RoleSetID, now time.Time) ([]identity.Role, error) {
	counts, err := tx.CountMembersByRole(set)
	if err != nil {
		return nil, err
	}
	ids, err := tx.RolesInvited(set, now)
	if err != nil {
		return nil, err
	}
	for id := range counts {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return rolesOf(tx, ids)
}

func rolesOf(tx *store.Tx, ids []identity.RoleID) ([]identity.Role, error) {
	var list []identity.Role
	for _, id := range ids {
		r, err := tx.Role(id)
		if store.Optional(err) != nil {
			return nil, err
		}
		if err != nil { // a role that there is not: nobody can hold on to it
			r = identity.Role{ID: id, Key: identity.RoleKey(id)}
		}
		list = append(list, r)
	}
	return list, nil
}
