package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// counted are the tables whose rows are known without counting.
var counted = []string{
	"users", "organizations", "memberships", "enterprise_connections", "organization_domains", "organization_invitations", "attempts",
}

// agrees compares what is known with what is there.
func agrees(t *testing.T, name string, db *store.DB) {
	t.Helper()
	read(t, db, func(tx *store.Tx) error {
		for _, table := range counted {
			is, err := tx.Texts(`SELECT CAST(count(*) AS TEXT) FROM ` + table)
			if err != nil {
				return err
			}
			known, err := tx.Texts(`SELECT CAST(sum(n) AS TEXT) FROM row_counts WHERE name = $1`, table)
			if err != nil {
				return err
			}
			equal(t, name+": "+table, known, is)
		}
		return nil
	})
}

func TestRowCounts_AreExactWhateverHappens(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, u := organization(1), user(1)
		write(t, db, func(tx *store.Tx) error {
			again := func() error {
				_, err := tx.InsertMembership(membership(2, o.ID, u.ID, "org:member")) // is one already
				return err
			}
			return first(
				func() error { return tx.InsertOrganization(o) },
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertUser(user(2)) },
				func() error { return tx.InsertConnection(connection(1, "acme.test")) },
				func() error { return tx.InsertAttempt(attempt(1)) },
				func() error { _, err := tx.InsertMembership(membership(1, o.ID, u.ID, "org:member")); return err },
				again,
			)
		})
		agrees(t, "rows that are added", db)
		rolledBack := errors.New("no")
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			return errors.Join(tx.InsertUser(user(3)), tx.InsertAttempt(attempt(2)), rolledBack)
		})
		if !errors.Is(err, rolledBack) {
			t.Fatal(err)
		}
		agrees(t, "rows of a transaction that failed", db)
		write(t, db, func(tx *store.Tx) error { _, err := tx.DeleteUser(u.ID); return err })
		agrees(t, "a member who goes with the user", db)
		write(t, db, func(tx *store.Tx) error { _, err := tx.DeleteOrganization(o.ID); return err })
		write(t, db, func(tx *store.Tx) error { _, err := tx.DeleteConnection(connection(1).ID); return err })
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Prune(attempt(1).StartedAt.AddDate(1, 0, 0), store.Retention{Attempts: 1})
			return err
		})
		agrees(t, "rows that are deleted", db)
	})
}

// Twenty write while two nodes add up.
func TestRowCounts_AreExactWhileTheyAreAddedUp(t *testing.T) {
	t.Parallel()
	a, b := storetest.Two(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for j := range 5 {
				n := 100 + i*5 + j
				if err := a.Write(t.Context(), func(tx *store.Tx) error {
					return errors.Join(tx.InsertUser(user(n)), tx.InsertOrganization(numbered(n)))
				}); err != nil {
					t.Errorf("writing: %v", err)
				}
			}
		})
	}
	for _, db := range []*store.DB{a, b} {
		wg.Go(func() {
			for range 20 {
				if err := db.FoldCounts(t.Context()); err != nil {
					t.Errorf("adding up: %v", err)
				}
			}
		})
	}
	wg.Wait()
	agrees(t, "meanwhile", a)
	if err := a.FoldCounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	agrees(t, "at the end", b)
	read(t, b, func(tx *store.Tx) error {
		rows, err := tx.Texts(`SELECT n || '' FROM row_counts WHERE name = 'users'`)
		equal(t, "one row is left", rows, []string{"100"})
		return err
	})
}

func numbered(n int) identity.Organization {
	o := organization(n)
	o.Slug = fmt.Sprint("slug-", n)
	return o
}
