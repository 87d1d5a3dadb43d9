package store_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/seed"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// reading says how much of a table a list may read.
type reading int

const (
	byIndex reading = iota // only what an index leads to
	inTurn                 // an index in its order, until the page is full
)

var (
	// A step of SQLite's plan that reads a table, or an index, from its beginning.
	// The steps of virtual tables say how they are asked, and don't fit.
	sqliteScan = regexp.MustCompile(`^SCAN (\w+)( USING (COVERING )?INDEX \w+)?$`)

	postgresScan = regexp.MustCompile(`(Seq Scan|Index Scan|Index Only Scan|Bitmap Heap Scan|Bitmap Index Scan)( Backward)?( using \w+)? on (\w+)`)

	// fewRows are tables with a handful of rows, results of subqueries, and aliases
	// of either.
	fewRows = regexp.MustCompile(`^(roles|r|role_sets|s|instance|webhook_endpoints|role_migrations|c|CONSTANT|row_counts|row_counts_name)$`)
)

// whole returns the step of a plan that reads more than it may, or nothing.
func whole(e store.Engine, plan []string, may reading) string {
	for i, step := range plan {
		if e == store.SQLite {
			scan := sqliteScan.FindStringSubmatch(step)
			switch {
			case scan == nil || fewRows.MatchString(scan[1]):
			case scan[2] == "" || may == byIndex:
				return step
			}
			continue
		}
		scan := postgresScan.FindStringSubmatch(step)
		if scan == nil || fewRows.MatchString(scan[4]) || scan[1] == "Bitmap Heap Scan" {
			continue
		}
		rest := strings.Join(plan[i+1:min(i+3, len(plan))], "\n")
		if before, _, ok := strings.Cut(rest, "->"); ok {
			rest = before
		}
		if scan[1] == "Seq Scan" || !strings.Contains(rest, "Index Cond") && may == byIndex {
			return step
		}
	}
	return ""
}

// filled is a database with some of everything, and what there is in it.
type filled struct {
	org        identity.Organization
	user       identity.User
	address    identity.Email
	connection identity.Connection
}

func fillSome(t *testing.T, db *store.DB) (f filled) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error { return tx.InsertFirstRoles(at(0)) })
	plan := seed.Plan{Organizations: 300, Memberships: 2000, Attempts: 1000, Seed: 1, Now: time.Now()}
	if _, err := plan.Fill(t.Context(), db, nil); err != nil {
		t.Fatal(err)
	}
	read(t, db, func(tx *store.Tx) error {
		orgs, _, err1 := tx.Organizations(store.OrganizationFilter{}, store.Page{Limit: 1, Offset: 9})
		users, _, err2 := tx.Users(store.UserFilter{}, store.Page{Limit: 1, Offset: 9})
		connections, _, err3 := tx.Connections(store.ConnectionFilter{}, store.Page{Limit: 1, Offset: 9})
		f = filled{orgs[0], users[0], "", connections[0]}
		emails, err4 := tx.EmailAddressesOf(f.user.ID)
		f.address = emails[0].Address
		return errors.Join(err1, err2, err3, err4)
	})
	return f
}

// What is asked often reads only what it finds, or the first of what is in order,
// on either engine, and so do the counts beside it.
func TestLists_UseAnIndex(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		f := fillSome(t, db)
		type statement struct {
			text string
			args []any
		}
		var noted []statement
		db.Watch(func(text string, args []any) { noted = append(noted, statement{text, append([]any(nil), args...)}) })
		for name, test := range listCases(f) {
			noted = nil
			write(t, db, func(tx *store.Tx) error { return test.ask(tx) })
			asked := noted
			read(t, db, func(tx *store.Tx) error {
				if db.Engine() == store.PostgreSQL { // there is too little for it to bother
					if _, err := tx.Exec(`SET LOCAL enable_seqscan = off`); err != nil {
						return err
					}
				}
				for _, s := range asked {
					if !strings.Contains(s.text, "FROM") && !strings.Contains(s.text, "WHERE") {
						continue
					}
					plan, err := tx.Explain(s.text, s.args...)
					if err != nil {
						return err
					}
					may := test.may
					switch counts := strings.HasPrefix(s.text, "SELECT count(*)"); {
					case counts && test.capped && strings.HasSuffix(s.text, " LIMIT 5000) c"):
						continue
					case counts:
						may = byIndex
					}
					if step := whole(db.Engine(), plan, may); step != "" {
						t.Errorf("%s: reads all of a table: %s\n%s\n%s", name, step, s.text, strings.Join(plan, "\n"))
					}
				}
				return nil
			})
		}
	})
}

// listCase is a question with how much may be read for it.
type listCase struct {
	may    reading
	capped bool // most rows match, and counting stops at 5,000
	ask    func(*store.Tx) error
}

func listCases(f filled) map[string]listCase {
	some := store.Page{Limit: 2}
	orgs := func(may reading, filter store.OrganizationFilter) listCase {
		return listCase{may: may, ask: func(tx *store.Tx) error { _, _, err := tx.Organizations(filter, some); return err }}
	}
	users := func(may reading, filter store.UserFilter) listCase {
		return listCase{may: may, ask: func(tx *store.Tx) error { _, _, err := tx.Users(filter, some); return err }}
	}
	members := func(filter store.MembershipFilter) listCase {
		return listCase{ask: func(tx *store.Tx) error {
			_, _, err := tx.MembershipsOfOrganization(f.org.ID, filter, some)
			return err
		}}
	}
	attempts := func(may reading, filter store.AttemptFilter) listCase {
		return listCase{may: may, ask: func(tx *store.Tx) error { _, _, err := tx.Attempts(filter, some); return err }}
	}
	yes := true
	complete := attempts(inTurn, store.AttemptFilter{State: identity.AttemptComplete})
	complete.capped = true
	return map[string]listCase{
		"organizations, newest":     orgs(inTurn, store.OrganizationFilter{}),
		"organizations, by name":    orgs(inTurn, store.OrganizationFilter{OrderBy: "name"}),
		"organizations of a user":   orgs(byIndex, store.OrganizationFilter{UserIDs: []identity.UserID{f.user.ID}}),
		"organizations, by id":      orgs(byIndex, store.OrganizationFilter{IDs: []identity.OrgID{f.org.ID}}),
		"organizations, searched":   orgs(byIndex, store.OrganizationFilter{Query: f.org.Slug[1:]}),
		"users, newest":             users(inTurn, store.UserFilter{}),
		"users, of an address":      users(byIndex, store.UserFilter{Emails: []identity.Email{f.address}}),
		"users, of an organization": users(byIndex, store.UserFilter{OrganizationIDs: []identity.OrgID{f.org.ID}}),
		"users, searched":           users(byIndex, store.UserFilter{Query: string(f.address[1:])}),
		"users, a name searched":    users(byIndex, store.UserFilter{NameQuery: f.user.Name()}),
		"users, address searched":   users(byIndex, store.UserFilter{EmailQuery: string(f.address[1:])}),
		"users, banned":             users(inTurn, store.UserFilter{Banned: &yes}),
		"users, external id":        users(byIndex, store.UserFilter{ExternalIDs: []string{"crm_1"}}),
		"users counted": {ask: func(tx *store.Tx) error {
			_, err := tx.CountUsers(store.UserFilter{})
			return err
		}},
		"members":             members(store.MembershipFilter{}),
		"members, searched":   members(store.MembershipFilter{Query: "an"}),
		"members, of a role":  members(store.MembershipFilter{Roles: []identity.RoleKey{identity.RoleAdmin}}),
		"members, an address": members(store.MembershipFilter{Emails: []identity.Email{f.address}}),
		"memberships of a user": {ask: func(tx *store.Tx) error {
			_, _, err := tx.MembershipsOfUser(f.user.ID, some)
			return err
		}},
		"all memberships": {may: inTurn, ask: func(tx *store.Tx) error { _, _, err := tx.AllMemberships("", some); return err }},
		"permission":      {ask: func(tx *store.Tx) error { _, err := tx.RoleOf(f.org.ID, f.user.ID); return store.Optional(err) }},
		"managers counted": {ask: func(tx *store.Tx) error {
			_, err := tx.CountMembersWithPermission(f.org.ID, identity.MembershipsManage)
			return err
		}},
		"a member added": {ask: func(tx *store.Tx) error {
			m := identity.Membership{ID: identity.NewID[identity.MembershipID](at(1)), OrganizationID: f.org.ID, UserID: f.user.ID, Role: identity.RoleMember}
			if _, err := tx.InsertMembership(m); err != nil {
				return err
			}
			_, err := tx.CountMembers(f.org.ID)
			return err
		}},
		"a member removed": {ask: func(tx *store.Tx) error { _, err := tx.DeleteMembership(f.org.ID, f.user.ID); return err }},
		"a domain's connection": {ask: func(tx *store.Tx) error {
			_, err := tx.ConnectionsByDomains(f.connection.Domains)
			return err
		}},
		"connections, newest": {may: inTurn, ask: func(tx *store.Tx) error {
			_, _, err := tx.Connections(store.ConnectionFilter{}, some)
			return err
		}},
		"connections of an organization": {ask: func(tx *store.Tx) error {
			_, _, err := tx.Connections(store.ConnectionFilter{OrganizationID: &f.org.ID}, some)
			return err
		}},
		"domains, newest": {may: inTurn, ask: func(tx *store.Tx) error {
			_, _, err := tx.FindOrganizationDomains(store.OrganizationDomainFilter{}, some)
			return err
		}},
		"invitations of an organization": {ask: func(tx *store.Tx) error {
			_, _, err := tx.OrganizationInvitations(store.InvitationFilter{OrganizationID: f.org.ID}, some)
			return err
		}},
		"sessions of a user": {ask: func(tx *store.Tx) error {
			_, _, err := tx.Sessions(store.SessionFilter{UserID: f.user.ID}, some)
			return err
		}},
		"attempts, newest":             attempts(inTurn, store.AttemptFilter{}),
		"attempts, of an organization": attempts(byIndex, store.AttemptFilter{OrganizationID: f.connection.OrganizationID}),
		"attempts, of a connection":    attempts(byIndex, store.AttemptFilter{ConnectionID: f.connection.ID}),
		"attempts, of an address":      attempts(byIndex, store.AttemptFilter{Email: f.address}),
		"attempts, refused":            attempts(byIndex, store.AttemptFilter{State: identity.AttemptRefused}),
		"attempts, of a code":          attempts(byIndex, store.AttemptFilter{Code: "saml_response_invalid"}),
		"attempts, complete":           complete,
	}
}
