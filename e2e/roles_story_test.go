package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver

	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// crowdSize is how many members the organization has.
const crowdSize = 100_000

// The role of 100,000 members is changed. In the middle the process is killed;
// the next one goes on (threat T-OPS-17).
func TestRoles_AChangeOf100000MembersSurvivesAKill(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			o := server.DevOptions{Data: t.TempDir(), Listen: freeAddress(t)}
			if engine == store.PostgreSQL {
				o.Database = storetest.URL(t, engine)
			}
			p := runDev(t, o)
			p.call("POST", "/organization_roles", object{"name": "Guest", "key": "org:guest", "include_in_initial_role_set": true}, 200)
			if code := p.stop(os.Interrupt); code != 0 {
				t.Fatalf("it ended with %d, want 0", code)
			}
			fill(t, o, crowdSize)

			p = runDev(t, o)
			carol := p.user("carol@globex.test").str("id")
			began := p.call("POST", "/role_sets/role_set:default/roles/replace", object{"role_key": "org:member", "to_role_key": "org:guest"}, 200)
			if began["role_set_migration"] == nil {
				t.Fatalf("100,000 members were moved before the answer: %v", began)
			}
			p.call("POST", "/organizations/acme/memberships", object{"user_id": carol, "role": "org:guest"}, 409)
			before := p.migrated()
			p.await(func() bool { return p.migrated() > before })
			halfway := p.migrated()
			p.kill()
			if halfway >= crowdSize {
				t.Fatal("it was through before it could be killed")
			}

			p = runDev(t, o)
			if now := p.migrated(); now < halfway {
				t.Errorf("after the kill %v are moved, before it were %v", now, halfway)
			}
			p.await(func() bool { return p.set()["role_set_migration"] == nil })
			moved := p.call("GET", "/organizations/acme/memberships?role=org:guest", nil, 200)["total_count"]
			if n, _ := moved.(float64); n < crowdSize {
				t.Errorf("%v members were moved, want %d", moved, crowdSize)
			}
			if left := p.call("GET", "/organizations/acme/memberships?role=org:member", nil, 200)["total_count"]; left != 0.0 {
				t.Errorf("%v members were left behind", left)
			}
			p.call("POST", "/organizations/acme/memberships", object{"user_id": carol, "role": "org:guest"}, 200)
		})
	}
}

func (u *usher) set() object { return u.call("GET", "/role_sets/role_set:default", nil, 200) }

// migrated is how many members have their new role, as everybody can read.
func (u *usher) migrated() float64 {
	under, _ := u.set()["role_set_migration"].(map[string]any)
	n, _ := under["migrated_members"].(float64)
	return n
}

// fill makes so many people members of Acme, behind the API's back: it would take
// minutes otherwise.
func fill(t *testing.T, o server.DevOptions, size int) {
	t.Helper()
	exec := func(statement string) error {
		db, err := sql.Open("sqlite", filepath.Join(o.Data, "usher.db"))
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(t.Context(), statement)
		return err
	}
	if o.Database != "" {
		exec = func(statement string) error {
			db, err := pgx.Connect(t.Context(), o.Database)
			if err != nil {
				return err
			}
			defer db.Close(t.Context())
			_, err = db.Exec(t.Context(), statement)
			return err
		}
	}
	numbers := fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) `, size)
	const id = ` || '_00000000000000000000' || CAST(1000000 + i AS TEXT)`
	for _, statement := range []string{
		`INSERT INTO users (id, external_id, first_name, last_name, username, password_hash, primary_email_id, public_metadata,
			private_metadata, unsafe_metadata, banned, locked_until, deactivated_at, last_sign_in_at, last_active_at, created_at, updated_at) ` +
			numbers + `SELECT 'user'` + id + `, NULL, 'M', '', NULL, '', '', '{}', '{}', '{}', FALSE, 0, 0, 0, 0, 1, 1 FROM n`,
		`INSERT INTO memberships (id, organization_id, user_id, role_id, connection_id, public_metadata, private_metadata, created_at, updated_at) ` +
			numbers + `SELECT 'orgmem'` + id + `, o.id, 'user'` + id + `, r.id, '', '{}', '{}', 1, 1
			FROM n, organizations o, roles r WHERE o.slug = 'acme' AND r.key = 'org:member'`,
	} {
		must(t, exec(statement))
	}
}
