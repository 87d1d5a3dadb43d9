package seed_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/seed"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var now = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

func plan() seed.Plan {
	return seed.Plan{Organizations: 60, Memberships: 700, Attempts: 300, Seed: 3, Now: now}
}

func fill(t *testing.T, db *store.DB, p seed.Plan) seed.Report {
	t.Helper()
	found(t, db, now)
	made, err := p.Fill(t.Context(), db, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// contents are all organizations, people and attempts that lists show.
func contents(t *testing.T, db *store.DB) (orgs []identity.Organization, users []identity.User, attempts []identity.Attempt) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		var errs [3]error
		orgs, _, errs[0] = tx.Organizations(store.OrganizationFilter{}, store.Page{})
		users, _, errs[1] = tx.Users(store.UserFilter{}, store.Page{})
		attempts, _, errs[2] = tx.Attempts(store.AttemptFilter{}, store.Page{})
		return errors.Join(errs[:]...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return orgs, users, attempts
}

func TestFill_MakesWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		made := fill(t, db, plan())
		if made.Organizations != 60 || made.Memberships != 700 || made.Attempts != 300 {
			t.Errorf("got %+v", made)
		}
		_, _, attempts := contents(t, db)
		states, codes := map[identity.AttemptState]int{}, map[string]int{}
		for _, a := range attempts {
			states[a.State]++
			codes[a.Code]++
			if a.StartedAt.After(now) || now.Sub(a.StartedAt) > 31*24*time.Hour || a.FinishedAt.Before(a.ReturnedAt) {
				t.Errorf("%s: from %s to %s", a.ID, a.StartedAt, a.FinishedAt)
			}
		}
		if states[identity.AttemptComplete] < 200 || states[identity.AttemptRefused] < 5 || states[identity.AttemptStarted] < 2 || len(codes) < 4 {
			t.Errorf("states %v, codes %v", states, codes)
		}
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			_, members, err := tx.AllMemberships("", store.Page{Limit: 1})
			if members != made.Memberships {
				t.Errorf("memberships: got %d, want %d", members, made.Memberships)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestFill_MakesTheSameAgain(t *testing.T) {
	t.Parallel()
	one, two, other := storetest.Open(t, store.SQLite), storetest.Open(t, store.PostgreSQL), storetest.Open(t, store.SQLite)
	p := plan()
	fill(t, one, p)
	p.Now = p.Now.Add(10 * time.Minute) // within the hour
	fill(t, two, p)
	p.Seed++
	fill(t, other, p)
	ids := func(db *store.DB) string {
		orgs, users, attempts := contents(t, db)
		var list []string
		for _, o := range orgs {
			list = append(list, string(o.ID), o.Slug)
		}
		for _, u := range users {
			list = append(list, string(u.ID), u.Name())
		}
		for _, a := range attempts {
			list = append(list, string(a.ID), string(a.State))
		}
		slices.Sort(list)
		return strings.Join(list, "\n")
	}
	if ids(one) != ids(two) {
		t.Error("the same seed made something else")
	}
	if ids(one) == ids(other) {
		t.Error("another seed made the same")
	}
}

func TestFill_MostOrganizationsAreSmall(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.SQLite)
	p := plan()
	p.Organizations, p.Memberships, p.Attempts = 400, 4000, 0
	fill(t, db, p)
	orgs, _, _ := contents(t, db)
	sizes := map[string]int{}
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		for _, o := range orgs {
			n, err := tx.CountMembers(o.ID)
			if err != nil {
				return err
			}
			switch {
			case n == 0:
				sizes["none"]++
			case n < 10:
				sizes["small"]++
			case n == 100:
				sizes["hundred"]++
			}
			admins, err := tx.CountMembersWithPermission(o.ID, identity.MembershipsManage)
			if err != nil {
				return err
			}
			if admins == 0 {
				t.Errorf("%s has nobody who may manage it", o.ID)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if sizes["none"] > 0 || sizes["small"] < 200 || sizes["hundred"] != 4 {
		t.Errorf("sizes: %v", sizes)
	}
}

func TestFill_RefusesADatabaseInUse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		fill(t, db, seed.Plan{Organizations: 1, Now: now})
		if _, err := plan().Fill(t.Context(), db, nil); !errors.Is(err, seed.ErrNotEmpty) {
			t.Errorf("one that is not empty: got %v", err)
		}
		storetest.Write(t, db, func(tx *store.Tx) error {
			_, err := tx.TakeLease("prune", "a node", now, now.Add(time.Minute))
			return err
		})
		if _, err := plan().Fill(t.Context(), db, nil); !errors.Is(err, seed.ErrServed) {
			t.Errorf("one that is served: got %v", err)
		}
	})
}

func TestPlan_SaysWhyItCannotBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plan seed.Plan
		want string
	}{
		"no organization":      {seed.Plan{}, "organizations"},
		"too many members":     {seed.Plan{Organizations: 1, Memberships: 10_001}, "at most 10000 members"},
		"attempts of nobody":   {seed.Plan{Organizations: 1, Attempts: 1}, "attempts need people"},
		"a negative number":    {seed.Plan{Organizations: 1, Memberships: -1}, "memberships"},
		"more than disks hold": {seed.Plan{Organizations: 1, Memberships: 1, Attempts: 1 << 40}, "attempts"},
	} {
		if err := test.plan.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
}
