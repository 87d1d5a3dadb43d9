package store_test

import (
	"errors"
	"fmt"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// numbers are what the objects of a list were made from.
func numbers[T any](list []T, number func(T) string) (got []string) {
	for _, item := range list {
		got = append(got, number(item))
	}
	return got
}

func TestUsers_AreFiltered(t *testing.T) {
	t.Parallel()
	yes := true
	tests := map[string]struct {
		filter store.UserFilter
		page   store.Page
		want   []string
		total  int
	}{
		"all, the newest first":         {want: []string{"3", "2", "1", "0"}, total: 4},
		"a page":                        {page: store.Page{Limit: 2, Offset: 1}, want: []string{"2", "1"}, total: 4},
		"past the end":                  {page: store.Page{Limit: 2, Offset: 9}, total: 4},
		"by id":                         {filter: store.UserFilter{IDs: []identity.UserID{user(1).ID, "user_x"}}, want: []string{"1"}, total: 1},
		"by address":                    {filter: store.UserFilter{Emails: []identity.Email{"u1@acme.test", "u2@acme.test"}}, want: []string{"2", "1"}, total: 2},
		"by external id":                {filter: store.UserFilter{ExternalIDs: []string{"ext-2"}}, want: []string{"2"}, total: 1},
		"by organization":               {filter: store.UserFilter{OrganizationIDs: []identity.OrgID{organization(1).ID}}, want: []string{"1", "0"}, total: 2},
		"by account":                    {filter: store.UserFilter{Provider: identity.SAMLOkta, ProviderUserIDs: []string{"subject-1", "subject-3"}}, want: []string{"1"}, total: 1},
		"by provider":                   {filter: store.UserFilter{Provider: identity.SAMLOkta}, want: []string{"2", "1"}, total: 2},
		"by another provider":           {filter: store.UserFilter{Provider: identity.SAMLGoogle, ProviderUserIDs: []string{"subject-1"}}},
		"banned":                        {filter: store.UserFilter{Banned: &yes}, want: []string{"2", "0"}, total: 2},
		"by part of a name":             {filter: store.UserFilter{Query: "irst1 LAST"}, want: []string{"1"}, total: 1},
		"by part of an address":         {filter: store.UserFilter{Query: "U2@"}, want: []string{"2"}, total: 1},
		"by part of a username":         {filter: store.UserFilter{Query: "SER3"}, want: []string{"3"}, total: 1},
		"by the whole id":               {filter: store.UserFilter{Query: string(user(2).ID)}, want: []string{"2"}, total: 1},
		"a percent sign is no wildcard": {filter: store.UserFilter{Query: "%"}},
		"an underscore is none either":  {filter: store.UserFilter{Query: "first_"}},
		"nor is a backslash":            {filter: store.UserFilter{Query: `\`}},
		"several filters at once":       {filter: store.UserFilter{Banned: &yes, OrganizationIDs: []identity.OrgID{organization(1).ID}}, want: []string{"0"}, total: 1},
		"ordered by name":               {filter: store.UserFilter{OrderBy: "+first_name"}, want: []string{"0", "1", "2", "3"}, total: 4},
		"ordered by address":            {filter: store.UserFilter{OrderBy: "-email_address"}, want: []string{"2", "1", "3", "0"}, total: 4},
		"after a user":                  {filter: store.UserFilter{StartingAfter: user(2).ID}, want: []string{"1", "0"}, total: 2},
		"after a user, the oldest first": {
			filter: store.UserFilter{StartingAfter: user(1).ID, OrderBy: "created_at"}, want: []string{"2", "3"}, total: 2,
		},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			var steps []func() error
			for i := range 4 {
				steps = append(steps, func() error { return tx.InsertUser(user(i)) })
			}
			c := connection(1)
			return first(append(steps,
				func() error { return tx.InsertEmailAddress(email(1, user(1).ID, "u1@acme.test", identity.Verified)) },
				func() error { return tx.InsertEmailAddress(email(2, user(2).ID, "u2@acme.test", identity.Unverified)) },
				func() error { return tx.InsertOrganization(organization(1)) },
				func() error {
					_, err := tx.InsertMembership(membership(0, organization(1).ID, user(0).ID, "r"))
					return err
				},
				func() error {
					_, err := tx.InsertMembership(membership(1, organization(1).ID, user(1).ID, "r"))
					return err
				},
				func() error { return tx.InsertConnection(c) },
				func() error { _, err := tx.InsertAccount(account(1, c.ID, user(1).ID)); return err },
				func() error { _, err := tx.InsertAccount(account(2, c.ID, user(2).ID)); return err },
				func() error { _, err := tx.InsertAccount(account(3, "entconn_gone", user(3).ID)); return err },
			)...)
		})
		for name, test := range tests {
			read(t, db, func(tx *store.Tx) error {
				users, total, err := tx.Users(test.filter, test.page)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				equal(t, name, numbers(users, func(u identity.User) string { return u.FirstName[len("First"):] }), test.want)
				if total != test.total {
					t.Errorf("%s: total: got %d, want %d", name, total, test.total)
				}
				if test.filter.StartingAfter != "" {
					return nil // which counting takes no notice of
				}
				n, err := tx.CountUsers(test.filter)
				if n != test.total {
					t.Errorf("%s: CountUsers: got %d, want %d", name, n, test.total)
				}
				return err
			})
		}
	})
}

// Threat T-API-07.
func TestLists_RefuseAnUnknownOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		read(t, db, func(tx *store.Tx) error {
			for _, by := range []string{"password_hash", "-", "created_at desc", "id; DROP TABLE users"} {
				_, _, err := tx.Users(store.UserFilter{OrderBy: by}, store.Page{})
				_, _, err2 := tx.Organizations(store.OrganizationFilter{OrderBy: by}, store.Page{})
				_, _, err3 := tx.AllMemberships(by, store.Page{})
				for _, err := range []error{err, err2, err3} {
					if !errors.Is(err, store.ErrOrder) {
						t.Errorf("order by %q: got %v, want ErrOrder", by, err)
					}
				}
			}
			return nil
		})
	})
}

func TestOrganizationsAndMembers_AreFiltered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		acme, other := organization(1), organization(2)
		write(t, db, func(tx *store.Tx) error {
			steps := []func() error{
				func() error { return tx.InsertOrganization(acme) },
				func() error { return tx.InsertOrganization(other) },
				func() error {
					return tx.InsertRole(identity.Role{ID: "role_1", Key: identity.RoleAdmin, Permissions: []identity.Permission{identity.EntConnsManage}})
				},
				func() error { return tx.InsertRole(identity.Role{ID: "role_2", Key: identity.RoleMember}) },
			}
			for i, role := range []identity.RoleKey{identity.RoleAdmin, identity.RoleMember, identity.RoleAdmin} {
				steps = append(steps,
					func() error { return tx.InsertUser(user(i)) },
					func() error {
						return tx.InsertEmailAddress(email(i, user(i).ID, fmt.Sprint(i, "@acme.test"), identity.Verified))
					},
					func() error { _, err := tx.InsertMembership(membership(i, acme.ID, user(i).ID, role)); return err },
				)
			}
			return first(append(steps,
				func() error {
					_, err := tx.InsertMembership(membership(9, other.ID, user(0).ID, identity.RoleAdmin))
					return err
				})...)
		})
		read(t, db, func(tx *store.Tx) error {
			for name, test := range map[string]struct {
				filter store.OrganizationFilter
				want   []string
			}{
				"all":                {store.OrganizationFilter{}, []string{"org-2", "org-1"}},
				"by member":          {store.OrganizationFilter{UserIDs: []identity.UserID{user(1).ID}}, []string{"org-1"}},
				"by name":            {store.OrganizationFilter{Query: "oRG 2"}, []string{"org-2"}},
				"by number of users": {store.OrganizationFilter{OrderBy: "members_count"}, []string{"org-2", "org-1"}},
				"by id":              {store.OrganizationFilter{IDs: []identity.OrgID{acme.ID}}, []string{"org-1"}},
			} {
				got, _, err := tx.Organizations(test.filter, store.Page{})
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				equal(t, name, numbers(got, func(o identity.Organization) string { return o.Slug }), test.want)
			}
			for name, test := range map[string]struct {
				filter store.MembershipFilter
				want   []string
			}{
				"all, the newest first": {store.MembershipFilter{}, []string{"2", "1", "0"}},
				"by role":               {store.MembershipFilter{Roles: []identity.RoleKey{identity.RoleAdmin}}, []string{"2", "0"}},
				"by address":            {store.MembershipFilter{Emails: []identity.Email{"1@acme.test"}}, []string{"1"}},
				"by name":               {store.MembershipFilter{Query: "last2"}, []string{"2"}},
				"ordered by address":    {store.MembershipFilter{OrderBy: "email_address"}, []string{"0", "1", "2"}},
			} {
				got, total, err := tx.MembershipsOfOrganization(acme.ID, test.filter, store.Page{})
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				equal(t, name, numbers(got, func(m identity.Membership) string { return string(m.ID[len(m.ID)-1]) }), test.want)
				if total != len(test.want) {
					t.Errorf("%s: total: got %d, want %d", name, total, len(test.want))
				}
			}
			_, mine, err := tx.MembershipsOfUser(user(0).ID, store.Page{Limit: 1})
			_, everyones, err2 := tx.AllMemberships("", store.Page{Limit: 1})
			members, err3 := tx.CountMembers(acme.ID)
			managers, err4 := tx.CountMembersWithPermission(acme.ID, identity.EntConnsManage)
			equal(t, "counts", []int{mine, everyones, members, managers}, []int{2, 4, 3, 2})
			return errors.Join(err, err2, err3, err4)
		})
	})
}

func TestAttemptsAndSessions_AreFiltered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		other := attempt(2)
		other.ConnectionID, other.OrganizationID, other.State = "entconn_2", "org_2", identity.AttemptComplete
		other.Code, other.Email, other.TypedEmail = "", "bob@acme.test", ""
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertAttempt(attempt(1)) },
				func() error { return tx.InsertAttempt(other) },
				func() error { return tx.InsertUser(user(1)) },
				func() error { return tx.InsertSession(session(1, "client_1", user(1).ID)) },
				func() error { return tx.InsertSession(session(2, "client_2", user(1).ID)) },
				func() error { _, err := tx.EndSession(session(2, "", "").ID, identity.SessionEnded, at(9)); return err },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			for name, test := range map[string]struct {
				filter store.AttemptFilter
				want   int // how many
			}{
				"all":                {store.AttemptFilter{}, 2},
				"by connection":      {store.AttemptFilter{ConnectionID: "entconn_2"}, 1},
				"by organization":    {store.AttemptFilter{OrganizationID: "org_2"}, 1},
				"by state":           {store.AttemptFilter{State: identity.AttemptComplete}, 1},
				"by code":            {store.AttemptFilter{Code: "saml_response_expired"}, 1},
				"by typed address":   {store.AttemptFilter{Email: "ada@acme.test"}, 1},
				"by vouched address": {store.AttemptFilter{Email: "bob@acme.test"}, 1},
				"by both of two":     {store.AttemptFilter{Email: "bob@acme.test", Code: "saml_response_expired"}, 0},
			} {
				got, total, err := tx.Attempts(test.filter, store.Page{})
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if len(got) != test.want || total != test.want {
					t.Errorf("%s: got %d of %d, want %d", name, len(got), total, test.want)
				}
			}
			for name, test := range map[string]struct {
				filter store.SessionFilter
				want   []identity.SessionID
			}{
				"by user":   {store.SessionFilter{UserID: user(1).ID}, []identity.SessionID{session(2, "", "").ID, session(1, "", "").ID}},
				"by client": {store.SessionFilter{ClientID: "client_2"}, []identity.SessionID{session(2, "", "").ID}},
				"by status": {store.SessionFilter{Status: identity.SessionActive}, []identity.SessionID{session(1, "", "").ID}},
			} {
				got, _, err := tx.Sessions(test.filter, store.Page{})
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				equal(t, name, numbers(got, func(s identity.Session) string { return string(s.ID) }),
					numbers(test.want, func(id identity.SessionID) string { return string(id) }))
			}
			return nil
		})
	})
}

func TestConnections_AreFoundByDomain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		one, two, three := connection(1, "z.test", "a.test", "m.test"), connection(2, "eu.a.test", "a.test"), connection(3)
		two.OrganizationID, two.Active = "", false
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertConnection(one) },
				func() error { return tx.InsertConnection(two) },
				func() error { return tx.InsertConnection(three) },
			)
		})
		everywhere, yes := identity.OrgID(""), true
		read(t, db, func(tx *store.Tx) error {
			return first(
				func() error {
					return back(t, "both, once, domains in the order given", []identity.Connection{one, two})(
						tx.ConnectionsByDomains([]identity.Domain{"eu.a.test", "a.test", "test"}))
				},
				func() error {
					return back(t, "one", []identity.Connection{one})(tx.ConnectionsByDomains([]identity.Domain{"m.test"}))
				},
				func() error { return back(t, "none", []identity.Connection(nil))(tx.ConnectionsByDomains(nil)) },
				func() error {
					got, total, err := tx.Connections(store.ConnectionFilter{}, store.Page{Limit: 2})
					equal(t, "the newest first", got, []identity.Connection{three, two})
					if total != 3 {
						t.Errorf("total: got %d, want 3", total)
					}
					return err
				},
				func() error {
					got, _, err := tx.Connections(store.ConnectionFilter{OrganizationID: &everywhere}, store.Page{})
					equal(t, "of the whole application", got, []identity.Connection{two})
					return err
				},
				func() error {
					got, _, err := tx.Connections(store.ConnectionFilter{OrganizationID: &one.OrganizationID, Active: &yes}, store.Page{})
					equal(t, "active, of an organization", got, []identity.Connection{one})
					return err
				},
			)
		})
	})
}

func TestConnections_AreRevised(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := connection(1, "a.test", "b.test")
		revised := identity.ConnectionConfig{DisableJITProvisioning: true}
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertConnection(c) },
				func() error {
					return tx.InsertRevision(identity.ConnectionRevision{ID: "entrev_2", ConnectionID: c.ID, Number: 99, Config: revised, CreatedAt: at(9)})
				},
			)
		})
		first1 := identity.ConnectionRevision{ID: c.LiveRevisionID, ConnectionID: c.ID, Number: 1, Config: c.Config, Cause: identity.RevisionCreated, CreatedAt: c.CreatedAt}
		second := identity.ConnectionRevision{ID: "entrev_2", ConnectionID: c.ID, Number: 2, Config: revised, CreatedAt: at(9)}
		first1.By.Kind, second.By.Kind = identity.ActorUnknown, identity.ActorUnknown
		c.Config, c.LiveRevisionID, c.UpdatedAt = revised, "entrev_2", at(9)
		read(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return back(t, "the live configuration", c)(tx.Connection(c.ID)) },
				func() error { return back(t, "the first revision stays", first1)(tx.Revision(first1.ID)) },
				func() error {
					return back(t, "the newest first", []identity.ConnectionRevision{second, first1})(tx.Revisions(c.ID))
				},
			)
		})
		c.Domains, c.Name, c.Active, c.OrganizationID, c.UpdatedAt = []identity.Domain{"b.test", "c.test"}, "New", false, "", at(10)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.UpdateConnection(c) },
				func() error { return back(t, "after an update", c)(tx.Connection(c.ID)) },
				func() error { return is(t, "DeleteConnection", true)(tx.DeleteConnection(c.ID)) },
				func() error {
					left, err := tx.Texts(`SELECT id FROM connection_revisions UNION ALL SELECT domain FROM connection_domains`)
					if len(left) != 0 {
						t.Errorf("left of a deleted connection: %v", left)
					}
					return err
				},
			)
		})
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			return tx.InsertRevision(identity.ConnectionRevision{ID: "entrev_3", ConnectionID: c.ID})
		})
		if err == nil {
			t.Error("a revision of a connection that is gone was stored")
		}
	})
}

func TestMetadata_IsDueAtItsTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			var steps []func() error
			for i := range 3 {
				c := connection(i)
				steps = append(steps,
					func() error { return tx.InsertConnection(c) },
					func() error { return tx.PutMetadataState(identity.MetadataState{ConnectionID: c.ID, NextAt: at(99)}) },
					func() error {
						return tx.PutMetadataState(identity.MetadataState{ConnectionID: c.ID, NextAt: at(10 - i)})
					},
				)
			}
			return first(steps...)
		})
		read(t, db, func(tx *store.Tx) error {
			return back(t, "due", []identity.ConnectionID{connection(2).ID, connection(1).ID})(tx.MetadataDue(at(9), 5))
		})
	})
}
