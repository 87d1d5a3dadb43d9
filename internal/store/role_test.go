package store_test

import (
	"errors"
	"fmt"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestRoles_ComeBackAsTheyWereStored(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := identity.Role{ID: "role_1", Key: "org:clerk", Name: "Clerk", Description: "D", Permissions: []identity.Permission{"org:a:b"}, CreatedAt: at(1), UpdatedAt: at(2)}
		p := identity.DefinedPermission{ID: "perm_1", Key: "org:a:b", Name: "A", Description: "B", CreatedAt: at(1), UpdatedAt: at(2)}
		s := identity.RoleSet{
			ID: "roleset_1", Key: "role_set:one", Name: "One", Description: "D", Type: identity.RoleSetInitial, Roles: []identity.RoleID{"role_1"},
			Default: "role_1", Creator: "role_1", CreatedAt: at(1), UpdatedAt: at(2),
		}
		m := identity.RoleMigration{
			ID: "rolemig_1", Source: "roleset_1", Dest: "roleset_2", Trigger: identity.RoleSetDeletion, Migrated: 3, DoneUpTo: "org_1",
			Mappings: map[identity.RoleID]identity.RoleID{"role_1": "role_2"}, StartedAt: at(3), CreatedAt: at(1), UpdatedAt: at(2),
		}
		i := identity.Image{ID: "img_1", ContentType: "image/png", Body: []byte{0, 255, 10}, CreatedAt: at(1)}
		o := organization(1)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertRole(r) },
				func() error { return tx.InsertPermission(p) },
				func() error { return tx.InsertRoleSet(s) },
				func() error { return tx.InsertRoleMigration(m) },
				func() error { return tx.InsertImage(i) },
				func() error { return tx.InsertOrganization(o) },
			)
		})
		o.RoleSetID = s.ID // the initial one
		read(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return back(t, "Role", r)(tx.Role(r.ID)) },
				func() error { return back(t, "DefaultRole", r)(tx.DefaultRole(o.ID)) },
				func() error { return back(t, "Permission", p)(tx.Permission(p.ID)) },
				func() error { return back(t, "PermissionByKey", p)(tx.PermissionByKey(p.Key)) },
				func() error { return back(t, "RoleSet", s)(tx.RoleSet(s.ID)) },
				func() error { return back(t, "RoleSetByKey", s)(tx.RoleSetByKey(s.Key)) },
				func() error { return back(t, "InitialRoleSet", s)(tx.InitialRoleSet()) },
				func() error { return back(t, "RoleMigration", m)(tx.RoleMigration(m.ID)) },
				func() error { return back(t, "Image", i)(tx.Image(i.ID)) },
				func() error { return back(t, "Organization", o)(tx.Organization(o.ID)) },
			)
		})
		s.Type, s.Key, s.Roles, s.UpdatedAt = identity.RoleSetCustom, "role_set:other", []identity.RoleID{"role_1", "role_2"}, at(9)
		m.Migrated, m.DoneUpTo, m.CompletedAt, m.UpdatedAt = 9, "org_2", at(8), at(9)
		r.Key, r.Permissions, r.UpdatedAt = "org:scribe", []identity.Permission{}, at(9)
		p.Key, p.Name, p.UpdatedAt = "org:a:c", "C", at(9)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.UpdateRole(r) },
				func() error { return tx.UpdatePermission(p) },
				func() error { return tx.UpdateRoleSet(s) },
				func() error { return tx.UpdateRoleMigration(m) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			under, err := tx.RoleMigrations()
			if len(under) != 0 {
				t.Errorf("a completed migration is under way: %+v", under)
			}
			return first(
				func() error { return err },
				func() error { return back(t, "Role", r)(tx.RoleByKey("org:scribe")) },
				func() error { return back(t, "Permission", p)(tx.PermissionByKey("org:a:c")) },
				func() error { return back(t, "RoleSet", s)(tx.RoleSet(s.ID)) },
				func() error { return back(t, "RoleMigration", m)(tx.RoleMigration(m.ID)) },
			)
		})
	})
}

func TestRoleSets_OneIsInitial(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insert := func(n int) error {
			return db.Write(t.Context(), func(tx *store.Tx) error {
				return tx.InsertRoleSet(identity.RoleSet{ID: identity.RoleSetID(fmt.Sprint("roleset_", n)), Key: fmt.Sprint("role_set:", n), Type: identity.RoleSetInitial})
			})
		}
		if err := insert(1); err != nil {
			t.Fatal(err)
		}
		if err := insert(2); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a second one: %v, want ErrConflict", err)
		}
	})
}

// A member keeps a role whose key changes; a key that no role has allows nothing.
func TestMemberships_HoldTheRoleNotItsKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, u, v := organization(1), user(1), user(3)
		r := identity.Role{ID: "role_1", Key: "org:clerk", Permissions: []identity.Permission{identity.MembershipsManage}}
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertOrganization(o) },
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertUser(v) },
				func() error { return tx.InsertRole(r) },
				func() error {
					return is(t, "InsertMembership", true)(tx.InsertMembership(membership(1, o.ID, u.ID, "org:clerk")))
				},
				func() error {
					return is(t, "InsertMembership", true)(tx.InsertMembership(membership(2, o.ID, v.ID, "org:later")))
				},
				func() error { r.Key = "org:scribe"; return tx.UpdateRole(r) },
				func() error {
					return tx.InsertRole(identity.Role{ID: "role_2", Key: "org:later", Permissions: r.Permissions})
				},
			)
		})
		read(t, db, func(tx *store.Tx) error {
			m, err := tx.Membership(o.ID, u.ID)
			if err != nil || m.Role != "org:scribe" {
				t.Errorf("got %s, want org:scribe", m.Role)
			}
			n, err := tx.CountMembersWithPermission(o.ID, identity.MembershipsManage)
			if n != 1 {
				t.Errorf("%d members can manage, want 1", n)
			}
			return err
		})
	})
}

// A deployment from before there were role sets goes on with the roles that its
// members have and the default role that was chosen.
func TestMigrate_GivesAnOlderDeploymentItsRoleSet(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, engine)
			write(t, db, func(tx *store.Tx) error {
				for _, statement := range []string{
					// Back to before.
					"DROP TABLE permissions", "DROP TABLE role_sets", "DROP TABLE role_migrations", "DROP TABLE images",
					"DROP INDEX organizations_role_set", "DROP INDEX organizations_created_by", "DROP INDEX memberships_role_id",
					"ALTER TABLE organizations DROP COLUMN role_set_id", "ALTER TABLE organizations DROP COLUMN logo_id",
					"ALTER TABLE memberships RENAME COLUMN role_id TO role",
					"DELETE FROM schema_migrations WHERE version = 4",
					`INSERT INTO instance (id, settings, created_at, updated_at) VALUES ('ins_1', '{"default_role":"org:admin"}', 7, 7)`,
					`INSERT INTO roles (id, key, name, description, permissions, created_at, updated_at) VALUES
						('role_a', 'org:admin', 'Admin', '', '[]', 1, 1), ('role_m', 'org:member', 'Member', '', '[]', 1, 1)`,
					`INSERT INTO organizations (id, name, slug, max_allowed_memberships, admin_delete_enabled, exclusive_membership,
						self_serve_sso_enabled, public_metadata, private_metadata, created_by, created_at, updated_at)
						VALUES ('org_1', 'O', NULL, 0, TRUE, FALSE, FALSE, '{}', '{}', '', 1, 1)`,
				} {
					if _, err := tx.Exec(statement); err != nil {
						return fmt.Errorf("%s: %w", statement, err)
					}
				}
				if err := tx.InsertUser(user(1)); err != nil {
					return err
				}
				_, err := tx.Exec(`INSERT INTO memberships (id, organization_id, user_id, role, connection_id, public_metadata, private_metadata, created_at, updated_at)
					VALUES ('orgmem_1', 'org_1', $1, 'org:member', '', '{}', '{}', 1, 1)`, user(1).ID)
				return err
			})
			if err := db.Migrate(t.Context(), at(0)); err != nil {
				t.Fatal(err)
			}
			read(t, db, func(tx *store.Tx) error {
				set, err := tx.InitialRoleSet()
				if err != nil {
					return err
				}
				equal(t, "roles", set.Roles, []identity.RoleID{"role_a", "role_m"})
				equal(t, "default and creator", []identity.RoleID{set.Default, set.Creator}, []identity.RoleID{"role_a", "role_a"})
				o, err := tx.Organization("org_1")
				equal(t, "the organization's set", o.RoleSetID, set.ID)
				if err != nil {
					return err
				}
				m, err := tx.Membership("org_1", user(1).ID)
				equal(t, "the member's role", m.Role, identity.RoleMember)
				return err
			})
		})
	}
}
