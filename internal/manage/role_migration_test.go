package manage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
)

// sets makes the role set "old" of administrators and members, and "new" of
// bosses and guests.
func (w *world) sets() {
	w.Helper()
	for key, permissions := range map[string][]identity.Permission{"org:boss": identity.SystemPermissions(), "org:guest": {}} {
		w.write(func(tx *store.Tx) error {
			return tx.InsertRole(identity.Role{ID: identity.NewID[identity.RoleID](began), Key: identity.RoleKey(key), Name: key, Permissions: permissions, CreatedAt: began, UpdatedAt: began})
		})
	}
	for key, roles := range map[string][]string{"role_set:old": {"org:admin", "org:member"}, "role_set:new": {"org:boss", "org:guest"}} {
		must(w.s.CreateRoleSet(w.Context(), manage.RoleSetChange{
			Name: ptr("S"), Key: ptr(key), CreatorRoleKey: &roles[0], DefaultRoleKey: &roles[1], Roles: roles,
		}))(w)
	}
}

func mappings() map[string]string {
	return map[string]string{"org:admin": "org:boss", "org:member": "org:guest"}
}

// crowd fills an organization of the role set "old" with members, and makes many
// small organizations. It returns the large one and how many members there are.
func (w *world) crowd(members, small int) (identity.Organization, int) {
	w.Helper()
	ada := w.user("ada@acme.test")
	org := must(w.s.CreateOrganization(w.Context(), manage.OrganizationChange{Name: ptr("Large"), CreatedBy: ptr(string(ada.ID)), RoleSetKey: ptr("role_set:old")}))(w).Organization
	for from := 0; from < members+small; from += 500 {
		w.write(func(tx *store.Tx) error {
			for n := from; n < min(from+500, members+small); n++ {
				m := identity.Membership{
					ID: identity.NewID[identity.MembershipID](began), OrganizationID: org.ID, UserID: ada.ID, Role: identity.RoleMember, CreatedAt: began, UpdatedAt: began,
				}
				if n < members {
					u := identity.User{ID: identity.NewID[identity.UserID](began), FirstName: fmt.Sprint("M", n), CreatedAt: began, UpdatedAt: began}
					if err := tx.InsertUser(u); err != nil {
						return err
					}
					m.UserID = u.ID
				} else {
					o := identity.Organization{ID: identity.NewID[identity.OrgID](began), Name: "Small", RoleSetID: org.RoleSetID, CreatedAt: began, UpdatedAt: began}
					if err := tx.InsertOrganization(o); err != nil {
						return err
					}
					m.OrganizationID = o.ID
				}
				if _, err := tx.InsertMembership(m); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return org, members + small + 1
}

// Threat T-OPS-17, behaviour 1.148.
func TestRoleMigration_GoesOnWhereItWasInterrupted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sets()
		org, all := w.crowd(2300, 600)
		old := must(w.s.ReplaceRoleSet(t.Context(), "role_set:old", "role_set:new", mappings()))(t)
		under := must(w.s.RoleSet(t.Context(), "role_set:old"))(t).Migration
		if under == nil || under.Migrated == 0 || under.Migrated >= all || under.StartedAt.IsZero() || under.Trigger != identity.RoleSetDeletion {
			t.Fatalf("after the answer: %+v", under)
		}
		meanwhile(t, w, org)

		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		interrupted := w.node(func() time.Time {
			if steps++; steps == 2 {
				cancel()
			}
			return w.clock.Now()
		})
		if err := interrupted.MigrateRoles(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		halfway := must(w.s.RoleSet(t.Context(), "role_set:old"))(t).Migration
		if halfway == nil || halfway.Migrated <= under.Migrated {
			t.Fatalf("after the interruption: %+v", halfway)
		}
		if err := w.node(w.clock.Now).MigrateRoles(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := w.s.RoleSet(t.Context(), "role_set:old")
		refused(t, "the old set, read afterwards", err, fault.NotFound)
		done := get(w, func(tx *store.Tx) (identity.RoleMigration, error) { return tx.RoleMigration(under.ID) })
		if done.Migrated != all || done.CompletedAt.IsZero() {
			t.Errorf("completed: %+v, want %d members", done, all)
		}
		counts := map[identity.RoleKey]int{}
		for _, r := range must(w.s.RoleSet(t.Context(), "role_set:new"))(t).Roles {
			counts[r.Key] = *r.Members
		}
		if counts["org:boss"] != 1 || counts["org:guest"] != all-1 {
			t.Errorf("members by role: %v, want 1 and %d", counts, all-1)
		}
		left := get(w, func(tx *store.Tx) ([]identity.OrgID, error) { return tx.OrganizationsOfRoleSet(old.ID, "", 10) })
		if len(left) != 0 {
			t.Errorf("organizations left behind: %v", left)
		}
		if err := w.s.MigrateRoles(t.Context()); err != nil { // nothing to do
			t.Error(err)
		}
		w.member(org.ID, "new@acme.test", "org:guest")
	})
}

// meanwhile checks what a migration under way holds up.
func meanwhile(t *testing.T, w *world, org identity.Organization) {
	t.Helper()
	eve := w.user("eve@acme.test")
	ada := must(w.s.Organization(t.Context(), string(org.ID)))(t).CreatedBy
	name, other := ptr("X"), w.organization("Other")
	for what, call := range map[string]func() error{
		"adding a member": func() error {
			_, err := w.s.AddMember(t.Context(), string(org.ID), string(eve.ID), "org:member", manage.MetadataChange{})
			return err
		},
		"changing a member's role": func() error {
			_, err := w.s.ChangeMemberRole(t.Context(), string(org.ID), string(ada), "org:member")
			return err
		},
		"changing the old set": func() error {
			_, err := w.s.ChangeRoleSet(t.Context(), "role_set:old", manage.RoleSetChange{Name: name})
			return err
		},
		"changing the new set": func() error {
			_, err := w.s.ChangeRoleSet(t.Context(), "role_set:new", manage.RoleSetChange{Name: name})
			return err
		},
		"replacing a role of the new set": func() error {
			_, err := w.s.ReplaceRoleInSet(t.Context(), "role_set:new", "org:guest", "org:boss")
			return err
		},
		"replacing the set again": func() error {
			_, err := w.s.ReplaceRoleSet(t.Context(), "role_set:old", "role_set:new", mappings())
			return err
		},
		"replacing the new set": func() error {
			_, err := w.s.ReplaceRoleSet(t.Context(), "role_set:new", "role_set:default", map[string]string{"org:boss": "org:admin", "org:guest": "org:member"})
			return err
		},
		"deleting a role that is given": func() error {
			roles, _, err := w.s.Roles(t.Context(), manage.NamedFilter{Query: "org:guest"}, manage.Page{})
			if err != nil {
				return err
			}
			_, err = w.s.DeleteRole(t.Context(), string(roles[0].ID))
			return err
		},
		"giving an organization the old set": func() error {
			_, err := w.s.ChangeOrganization(t.Context(), string(other.ID), manage.OrganizationChange{RoleSetKey: ptr("role_set:old")})
			return err
		},
		"making an organization with it": func() error {
			_, err := w.s.CreateOrganization(t.Context(), manage.OrganizationChange{Name: name, RoleSetKey: ptr("role_set:old")})
			return err
		},
	} {
		refused(t, what, call(), fault.RoleMigrationInProgress)
	}
	must(w.s.ChangeOrganization(t.Context(), string(org.ID), manage.OrganizationChange{Name: ptr("Larger")}))(t) // anything else goes on
	must(w.s.AddMember(t.Context(), string(other.ID), string(eve.ID), "org:member", manage.MetadataChange{}))(t) // so do others
}

// node is a service of its own over the same database.
func (w *world) node(now func() time.Time) *manage.Service {
	return &manage.Service{DB: w.db, Now: now, Ring: w.s.Ring, Hasher: w.s.Hasher, Fetch: w.s.Fetch, BaseURL: base}
}

func TestRoleMigration_SeveralNodesMoveEachMemberOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sets()
		_, all := w.crowd(2200, 300)
		must(w.s.ReplaceRoleSet(t.Context(), "role_set:old", "role_set:new", mappings()))(t)
		under := must(w.s.RoleSet(t.Context(), "role_set:new"))(t).Migration
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				// One may find that the others were faster all the time; its next run goes on.
				if err := w.node(w.clock.Now).MigrateRoles(t.Context()); err != nil && !fault.Is(err, fault.ServiceUnavailable) {
					t.Errorf("MigrateRoles: %v", err)
				}
			})
		}
		wg.Wait()
		if err := w.s.MigrateRoles(t.Context()); err != nil {
			t.Fatal(err)
		}
		done := get(w, func(tx *store.Tx) (identity.RoleMigration, error) { return tx.RoleMigration(under.ID) })
		if done.Migrated != all || done.CompletedAt.IsZero() {
			t.Errorf("completed: %+v, want %d members", done, all)
		}
	})
}

func TestRoleMigration_WhoComesBySSOMeanwhileIsMovedToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sets()
		org, _ := w.crowd(2300, 0)
		must(w.s.ReplaceRoleSet(t.Context(), "role_set:old", "role_set:new", mappings()))(t)
		eve := w.user("eve@acme.test")
		w.write(func(tx *store.Tx) error { // as a sign-in does it
			role, err := tx.DefaultRole(org.ID)
			if err != nil {
				return err
			}
			_, err = tx.InsertMembership(identity.Membership{ID: identity.NewID[identity.MembershipID](began), OrganizationID: org.ID, UserID: eve.ID, Role: role.Key, CreatedAt: began, UpdatedAt: began})
			return err
		})
		if got := must(w.s.MembershipOf(t.Context(), org.ID, eve.ID))(t); got.Membership.Role != "org:member" {
			t.Errorf("at first she is %s", got.Membership.Role)
		}
		if err := w.s.MigrateRoles(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := must(w.s.MembershipOf(t.Context(), org.ID, eve.ID))(t); got.Membership.Role != "org:guest" {
			t.Errorf("in the end she is %s", got.Membership.Role)
		}
	})
}

// Threat T-ORG-14: who is a manager only until the migration is completed counts
// for nothing.
func TestRoleMigration_TheLastWhoWillManageStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sets()
		org := w.organization("Acme")
		one := w.member(org.ID, "one@acme.test", identity.RoleAdmin)
		w.member(org.ID, "two@acme.test", identity.RoleAdmin)
		w.write(func(tx *store.Tx) error {
			boss, err := tx.RoleByKey("org:boss")
			if err != nil {
				return err
			}
			m, err := tx.Membership(org.ID, one.ID)
			if err != nil {
				return err
			}
			m.Role = "org:boss"
			if err := tx.UpdateMembership(m); err != nil {
				return err
			}
			admin, err := tx.RoleByKey(identity.RoleAdmin)
			if err != nil {
				return err
			}
			guest, err := tx.RoleByKey("org:guest")
			if err != nil {
				return err
			}
			set, err := tx.InitialRoleSet()
			if err != nil || boss.ID == "" {
				return err
			}
			return tx.InsertRoleMigration(identity.RoleMigration{
				ID: "rolemig_1", Source: set.ID, Trigger: identity.RoleRemoval, Mappings: map[identity.RoleID]identity.RoleID{admin.ID: guest.ID}, CreatedAt: began,
			})
		})
		_, err := w.s.RemoveMember(t.Context(), string(org.ID), string(one.ID))
		refused(t, "removing the boss", err, fault.OrganizationMinimumPermissionsNeeded)
		refused(t, "leaving", w.s.Leave(t.Context(), org.ID, one.ID), fault.OrganizationMinimumPermissionsNeeded)
	})
}
