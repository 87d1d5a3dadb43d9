package seed_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/seed"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// side is a database of one size, with what the operations are asked about.
type side struct {
	testing.TB
	db     *store.DB
	manage *manage.Service
	signin *signin.Flow

	orgs        []identity.Organization // with some members, made in the middle of time
	members     [][]identity.Membership // of each
	thousand    identity.Organization   // with 1,000 members
	users       []identity.User
	addresses   []identity.Email
	connections []identity.Connection
	attempts    []identity.Attempt
	outsider    identity.User // a member of none of the organizations
}

func ptr[T any](v T) *T { return &v }

// openSide opens a database of a size, which is made if it isn't there.
func openSide(b *testing.B, engine store.Engine, dir string, p seed.Plan) *side {
	b.Helper()
	now := time.Now()
	name := fmt.Sprintf("%d_%d_%d", p.Organizations, p.Memberships, p.Attempts)
	fill := func(db *store.DB) {
		found(b, db, now)
		p.Now = now
		if _, err := p.Fill(b.Context(), db, nil); err != nil {
			b.Fatal(err)
		}
	}
	s := &side{TB: b}
	if dir == "" {
		s.db = storetest.Open(b, engine)
		fill(s.db)
	} else {
		s.db = storetest.OpenURL(b, storetest.Kept(b, engine, dir, name, fill))
	}
	clock := func() time.Time { return time.Now() }
	s.manage = &manage.Service{DB: s.db, Now: clock, Ring: storetest.Keys(), BaseURL: "https://usher.test"}
	s.signin = &signin.Flow{DB: s.db, Now: clock, Ring: storetest.Keys(), BaseURL: "https://usher.test"}
	s.sample(p)
	return s
}

// samples is how many of everything are asked about in turn.
const samples = 64

// sample picks what the operations are asked about. Organizations and people are of
// the same kind on both sides; there are only more of them on one.
func (s *side) sample(p seed.Plan) {
	err := s.db.Read(s.Context(), func(tx *store.Tx) error {
		orgs, _, err := tx.Organizations(store.OrganizationFilter{}, store.Page{Offset: p.Organizations / 3})
		if err != nil {
			return err
		}
		for _, o := range orgs {
			list, _, err := tx.MembershipsOfOrganization(o.ID, store.MembershipFilter{}, store.Page{})
			if err != nil {
				return err
			}
			if len(list) < 5 || len(list) > 9 || len(s.orgs) == samples {
				continue
			}
			s.orgs, s.members = append(s.orgs, o), append(s.members, list)
			u, err := tx.User(list[0].UserID)
			if err != nil {
				return err
			}
			emails, err := tx.EmailAddressesOf(u.ID)
			if err != nil {
				return err
			}
			s.users, s.addresses = append(s.users, u), append(s.addresses, emails[0].Address)
		}
		newest, _, err := tx.Users(store.UserFilter{}, store.Page{Limit: 1})
		if err != nil {
			return err
		}
		s.outsider = newest[0]
		if s.connections, _, err = tx.Connections(store.ConnectionFilter{}, store.Page{Limit: samples, Offset: 20}); err != nil {
			return err
		}
		s.attempts, _, err = tx.Attempts(store.AttemptFilter{State: identity.AttemptRefused}, store.Page{Limit: samples, Offset: 100})
		return err
	})
	if err == nil {
		err = s.db.Read(s.Context(), s.findThousand)
	}
	if err != nil {
		s.Fatal(err)
	}
	s.attempts = slices.DeleteFunc(s.attempts, func(a identity.Attempt) bool { return a.TypedEmail == "" })
}

func (s *side) findThousand(tx *store.Tx) error {
	for after := 0; ; after += 500 {
		orgs, _, err := tx.Organizations(store.OrganizationFilter{}, store.Page{Offset: after})
		if err != nil || len(orgs) == 0 {
			return cmp.Or(err, store.ErrNotFound)
		}
		for _, o := range orgs {
			n, err := tx.CountMembers(o.ID)
			if err != nil {
				return err
			}
			if n == 1000 {
				s.thousand = o
				return nil
			}
		}
	}
}

// at is one of a list, in turn.
func at[T any](list []T, i int) T { return list[i%len(list)] }

// reads runs one transaction.
func (s *side) reads(f func(tx *store.Tx) error) error { return s.db.Read(s.Context(), f) }

// operation is something that must not take longer because there is more.
type operation struct {
	name string
	run  func(s *side, i int) error
}

var page = store.Page{Limit: 10}

func organizations(s *side, f store.OrganizationFilter) error {
	list, _, err := s.manage.Organizations(s.Context(), f, page)
	if err == nil && len(list) == 0 {
		return store.ErrNotFound
	}
	return err
}

func users(s *side, f store.UserFilter) error {
	return s.reads(func(tx *store.Tx) error {
		list, _, err := tx.Users(f, page)
		if err == nil && len(list) == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

func members(s *side, o identity.Organization, f store.MembershipFilter) error {
	list, _, err := s.manage.Members(s.Context(), string(o.ID), f, page)
	if err == nil && len(list) == 0 {
		return store.ErrNotFound
	}
	return err
}

func attempts(s *side, f store.AttemptFilter) error {
	return s.reads(func(tx *store.Tx) error {
		list, _, err := tx.Attempts(f, page)
		if err == nil && len(list) == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

func operations() []operation {
	return slices.Concat(organizationOperations(), userOperations(), memberOperations(), []operation{
		{"permission check", func(s *side, i int) error {
			m := at(at(s.members, i), i)
			return s.reads(func(tx *store.Tx) error {
				r, err := tx.RoleOf(m.OrganizationID, m.UserID)
				if err != nil {
					return err
				}
				denied := policy.Permit(&r, identity.ProfileManage).Denied
				if denied != nil && fault.From(denied).Code() != fault.MissingOrganizationPermission {
					return denied
				}
				return nil
			})
		}},
		{"user by address", func(s *side, i int) error {
			return s.reads(func(tx *store.Tx) error {
				e, err := tx.VerifiedEmail(at(s.addresses, i))
				if err != nil {
					return err
				}
				_, err = tx.User(e.UserID)
				return err
			})
		}},
		{"where an address signs in", func(s *side, i int) error {
			_, err := s.signin.Where(s.Context(), identity.SignIn{Identifier: identity.Email("ada@" + string(at(s.connections, i).Domains[0]))})
			return err
		}},
		{"connections, newest", func(s *side, _ int) error {
			return s.reads(func(tx *store.Tx) error { _, _, err := tx.Connections(store.ConnectionFilter{}, page); return err })
		}},
		{"attempts, newest", func(s *side, _ int) error { return attempts(s, store.AttemptFilter{}) }},
		{"attempts, of an organization", func(s *side, i int) error {
			return attempts(s, store.AttemptFilter{OrganizationID: at(s.attempts, i).OrganizationID})
		}},
		{"attempts, of an address", func(s *side, i int) error {
			return attempts(s, store.AttemptFilter{Email: at(s.attempts, i).TypedEmail})
		}},
		{"attempts, of an id", func(s *side, i int) error {
			return s.reads(func(tx *store.Tx) error { _, err := tx.Attempt(at(s.attempts, i).ID); return err })
		}},
		{"attempts, refused (up to 5,000 counted)", func(s *side, _ int) error {
			return attempts(s, store.AttemptFilter{State: identity.AttemptRefused})
		}},
		{"attempts, of a code (up to 5,000 counted)", func(s *side, _ int) error {
			return attempts(s, store.AttemptFilter{Code: string(fault.SAMLJITProvisioningDisabled)})
		}},
	})
}

func organizationOperations() []operation {
	return []operation{
		{"organizations, newest", func(s *side, _ int) error { return organizations(s, store.OrganizationFilter{}) }},
		{"organizations, by name", func(s *side, _ int) error { return organizations(s, store.OrganizationFilter{OrderBy: "name"}) }},
		{"organizations, of a user", func(s *side, i int) error {
			return organizations(s, store.OrganizationFilter{UserIDs: []identity.UserID{at(s.users, i).ID}})
		}},
		{"organizations, a slug searched", func(s *side, i int) error {
			return organizations(s, store.OrganizationFilter{Query: at(s.orgs, i).Slug[1:]})
		}},
		{"organizations, a common word searched", func(s *side, _ int) error {
			return organizations(s, store.OrganizationFilter{Query: "alcon"}) // one of 50 organizations
		}},
		{"organizations, two letters searched", func(s *side, _ int) error {
			return organizations(s, store.OrganizationFilter{Query: "ba"})
		}},
		{"organization renamed", func(s *side, i int) error {
			return s.db.Write(s.Context(), func(tx *store.Tx) error {
				o := at(s.orgs, i)
				o.Name += fmt.Sprint(" ", i)
				return tx.UpdateOrganization(o)
			})
		}},
	}
}

func userOperations() []operation {
	return []operation{
		{"users, newest", func(s *side, _ int) error { return users(s, store.UserFilter{}) }},
		{"users, counted", func(s *side, _ int) error {
			return s.reads(func(tx *store.Tx) error { _, err := tx.CountUsers(store.UserFilter{}); return err })
		}},
		{"users, of an address", func(s *side, i int) error {
			return users(s, store.UserFilter{Emails: []identity.Email{at(s.addresses, i)}})
		}},
		{"users, of an organization", func(s *side, i int) error {
			return users(s, store.UserFilter{OrganizationIDs: []identity.OrgID{at(s.orgs, i).ID}})
		}},
		{"users, an address searched", func(s *side, i int) error {
			return users(s, store.UserFilter{Query: strings.TrimSuffix(string(at(s.addresses, i))[1:], ".test")})
		}},
		{"users, a full name searched", func(s *side, i int) error {
			return users(s, store.UserFilter{Query: at(s.users, i).Name()})
		}},
		{"users, a last name searched", func(s *side, _ int) error { return users(s, store.UserFilter{Query: "lovelac"}) }},
		{"users, what all have searched", func(s *side, _ int) error { return users(s, store.UserFilter{Query: ".test"}) }},
		{"users, two letters searched", func(s *side, _ int) error { return users(s, store.UserFilter{Query: "ba"}) }},
		{"user added and removed", func(s *side, i int) error {
			email := fmt.Sprintf("new.person%d.%d@example.test", i, time.Now().UnixNano())
			v, err := s.manage.CreateUser(s.Context(), manage.UserChange{FirstName: ptr("New"), LastName: ptr("Person"), EmailAddresses: []string{email}})
			if err != nil {
				return err
			}
			return s.db.Write(s.Context(), func(tx *store.Tx) error { _, err := tx.DeleteUser(v.ID); return err })
		}},
	}
}

func memberOperations() []operation {
	return []operation{
		{"members of an organization", func(s *side, i int) error { return members(s, at(s.orgs, i), store.MembershipFilter{}) }},
		{"members of one with 1,000", func(s *side, _ int) error { return members(s, s.thousand, store.MembershipFilter{}) }},
		{"members of one with 1,000, searched", func(s *side, _ int) error { return members(s, s.thousand, store.MembershipFilter{Query: "an"}) }},
		{"members, administrators", func(s *side, i int) error {
			return members(s, at(s.orgs, i), store.MembershipFilter{Roles: []identity.RoleKey{identity.RoleAdmin}})
		}},
		{"members counted", func(s *side, i int) error {
			return s.reads(func(tx *store.Tx) error { _, err := tx.CountMembers(at(s.orgs, i).ID); return err })
		}},
		{"memberships of a user", func(s *side, i int) error {
			_, _, err := s.manage.MembershipsOf(s.Context(), string(at(s.users, i).ID), page)
			return err
		}},
		{"memberships, all, newest", func(s *side, _ int) error {
			_, _, err := s.manage.AllMemberships(s.Context(), "", page)
			return err
		}},
		{"member added and removed", func(s *side, i int) error {
			o := at(s.orgs, i)
			if _, err := s.manage.AddMember(s.Context(), string(o.ID), string(s.outsider.ID), identity.RoleMember, manage.MetadataChange{}); err != nil {
				return err
			}
			return s.db.Write(s.Context(), func(tx *store.Tx) error { _, err := tx.DeleteMembership(o.ID, s.outsider.ID); return err })
		}},
	}
}

// BenchmarkScale compares what is asked most of a database of 1,000 organizations
// and 10,000 memberships with the same asked of a hundred times as much, one after
// the other: so that what else the machine does hits both. Each operation reports
// the median on either side, and what one is to the other; 1 is best.
//
// The large database takes minutes to make. With USHER_BENCH_DIR it is made once,
// with 1,000,000 attempts besides, and kept: below that folder at SQLite, on the
// tests' server at PostgreSQL, where DROP DATABASE removes it. Without, the large one
// is ten times the small one, made in a minute and thrown away.
func BenchmarkScale(b *testing.B) {
	small := seed.Plan{Organizations: 1000, Memberships: 10_000, Attempts: 10_000, Seed: 1}
	times, dir := 100, os.Getenv("USHER_BENCH_DIR")
	if dir == "" {
		times = 10
	}
	large := seed.Plan{Organizations: times * small.Organizations, Memberships: times * small.Memberships, Attempts: times * small.Attempts, Seed: 1}
	for _, engine := range storetest.Engines() {
		b.Run(string(engine), func(b *testing.B) {
			sides := []*side{openSide(b, engine, dir, small), openSide(b, engine, dir, large)}
			for _, op := range operations() {
				b.Run(strings.ReplaceAll(op.name, " ", "_"), func(b *testing.B) { compare(b, op, sides) })
			}
		})
	}
}

func compare(b *testing.B, op operation, sides []*side) {
	took := make([][]time.Duration, len(sides))
	for _, s := range sides { // what is compared is work, not how cold a file is
		began := time.Now()
		for i := 0; i < samples && time.Since(began) < time.Second; i++ {
			if err := op.run(s, i); err != nil {
				b.Fatal(err)
			}
		}
	}
	for i := 0; b.Loop(); i++ {
		for n, s := range sides {
			began := time.Now()
			if err := op.run(s, i); err != nil {
				b.Fatal(err)
			}
			took[n] = append(took[n], time.Since(began))
		}
	}
	medians := make([]float64, len(sides))
	for n := range sides {
		slices.Sort(took[n])
		medians[n] = float64(took[n][len(took[n])/2].Nanoseconds()) / 1000
	}
	b.ReportMetric(medians[0], "small-µs")
	b.ReportMetric(medians[1], "large-µs")
	b.ReportMetric(medians[1]/medians[0], "ratio")
	b.ReportMetric(0, "ns/op") // of both together says nothing
}
