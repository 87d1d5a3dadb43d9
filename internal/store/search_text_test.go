package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// found lists who a filter finds, by number.
func found(t *testing.T, db *store.DB, f store.UserFilter) string {
	t.Helper()
	var list []string
	read(t, db, func(tx *store.Tx) error {
		users, total, err := tx.Users(f, store.Page{})
		for _, u := range users {
			list = append(list, string(u.ID[len("user_"):]))
		}
		if total != len(users) {
			t.Errorf("%+v: total: got %d, want %d", f, total, len(users))
		}
		return err
	})
	slices.Sort(list)
	return strings.Join(list, " ")
}

// named makes a person with an address of their own.
func named(tx *store.Tx, id, given, family string) error {
	u := identity.User{ID: identity.UserID("user_" + id), FirstName: given, LastName: family, Username: "u-" + id, CreatedAt: at(1)}
	e := identity.EmailAddress{
		ID: identity.EmailID("idn_" + id), UserID: u.ID, Address: identity.Email(id + "@mail.example.test"), Status: identity.Verified,
	}
	u.PrimaryEmailID = e.ID
	return first(func() error { return tx.InsertUser(u) }, func() error { return tx.InsertEmailAddress(e) })
}

func TestUsers_AreFoundByAnyPartOfATextHoweverOdd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return named(tx, "ada", "Ada", "Lovelace") },
				func() error { return named(tx, "grace", "Grace", `O"Hara AND`) },
				func() error { return named(tx, "per", "100%", "under_score") },
				func() error { return named(tx, "uml", "müller", "straße") },
				func() error { return named(tx, "ann", "Ann", "An") },
				func() error { return named(tx, "long", strings.Repeat("abcdefgh", 10), "x") },
			)
		})
		for query, want := range map[string]string{
			"lovelace": "ada", "ovela": "ada", "ADA LOV": "ada", "a l": "ada", "ad": "ada", "lovelacx": "", "elov": "",
			`o"hara`: "grace", `" or "`: "", "hara and": "grace", "ra AND": "grace", "NEAR(": "", "*": "", "ace*": "",
			"100%": "per", "0%": "per", "r_s": "per", "rXs": "", "%%%": "", "___": "",
			"mülle": "uml", "aße": "uml", "ül": "uml",
			"nn an": "ann", "@mail.example": "ada ann grace long per uml", "uml@m": "uml", "u-un": "",
			"user_ada": "ada", "u-ada": "ada", "ada\nu-": "",
			strings.Repeat("abcdefgh", 10):      "long",
			strings.Repeat("abcdefgh", 9) + "x": "",
		} {
			if got := found(t, db, store.UserFilter{Query: query}); got != want {
				t.Errorf("%q: got %q, want %q", query, got, want)
			}
		}
		if got := found(t, db, store.UserFilter{NameQuery: "lovel", EmailQuery: "ada@"}); got != "ada" {
			t.Errorf("by name and address: got %q", got)
		}
		if got := found(t, db, store.UserFilter{NameQuery: "ada@"}); got != "" {
			t.Errorf("an address is no name: got %q", got)
		}
		if got := found(t, db, store.UserFilter{UsernameQuery: "u-gra"}); got != "grace" {
			t.Errorf("by username: got %q", got)
		}
	})
}

func TestUsers_AreFoundAsTheyAreNow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error { return named(tx, "ada", "Ada", "Byron") })
		write(t, db, func(tx *store.Tx) error {
			u, err := tx.User("user_ada")
			if err != nil {
				return err
			}
			u.LastName = "Lovelace"
			return tx.UpdateUser(u)
		})
		equal(t, "the new name", found(t, db, store.UserFilter{Query: "lovelace"}), "ada")
		equal(t, "the old name", found(t, db, store.UserFilter{Query: "byron"}), "")
		write(t, db, func(tx *store.Tx) error { return named(tx, "bob", "Lovelace", "Jr") })
		write(t, db, func(tx *store.Tx) error { _, err := tx.DeleteUser("user_ada"); return err })
		equal(t, "one is gone", found(t, db, store.UserFilter{Query: "lovelace"}), "bob")
		equal(t, "with the address", found(t, db, store.UserFilter{EmailQuery: "ada@mail"}), "")
	})
}

func TestOrganizations_AreFoundByAnyPartOfNameAndSlug(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := organization(1)
		o.Name, o.Slug = "Northwind Traders", "nwt-1"
		other := organization(2)
		other.Name, other.Slug = "Contoso", ""
		write(t, db, func(tx *store.Tx) error {
			return first(func() error { return tx.InsertOrganization(o) }, func() error { return tx.InsertOrganization(other) })
		})
		search := func(query string) (names string) {
			read(t, db, func(tx *store.Tx) error {
				list, _, err := tx.Organizations(store.OrganizationFilter{Query: query, OrderBy: "name"}, store.Page{})
				for _, o := range list {
					names += o.Name + ";"
				}
				return err
			})
			return names
		}
		for query, want := range map[string]string{
			"wind tr": "Northwind Traders;", "NWT-": "Northwind Traders;", "toso": "Contoso;", "northwindx": "",
			string(other.ID): "Contoso;", "t": "Contoso;Northwind Traders;", "ders\nnwt": "",
		} {
			equal(t, query, search(query), want)
		}
		o.Name, o.Slug = "Southwind", ""
		write(t, db, func(tx *store.Tx) error { return tx.UpdateOrganization(o) })
		equal(t, "renamed", search("southw")+search("northw")+search("nwt-1"), "Southwind;")
		write(t, db, func(tx *store.Tx) error { _, err := tx.DeleteOrganization(o.ID); return err })
		equal(t, "deleted", search("southw"), "")
	})
}

// More than an index is followed for: the list is read in its order, and counting
// stops.
func TestUsers_ManyThatMatchAreCountedUpTo5000(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const many = 10_050
		for range 2 { // both halves in transactions of their own
			if err := db.Bulk(t.Context(), func(tx *store.Tx) error {
				for i := range many / 2 {
					id := identity.NewID[identity.UserID](at(i))
					if err := tx.InsertUser(identity.User{ID: id, FirstName: "Common", LastName: fmt.Sprint("n", i), CreatedAt: at(i)}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for name, test := range map[string]struct {
			filter store.UserFilter
			page   store.Page
			rows   int
			total  int
		}{
			"everybody":           {store.UserFilter{}, store.Page{Limit: 5}, 5, many},
			"what all have":       {store.UserFilter{Query: "ommo"}, store.Page{Limit: 5}, 5, 5000},
			"two letters":         {store.UserFilter{Query: "co"}, store.Page{Limit: 5}, 5, 1000},
			"the last of them":    {store.UserFilter{Query: "ommo"}, store.Page{Limit: 100, Offset: many - 3}, 3, many},
			"past the count":      {store.UserFilter{Query: "ommo"}, store.Page{Limit: 5, Offset: 10_020}, 5, 10_025},
			"what some have":      {store.UserFilter{Query: "mon n502"}, store.Page{Limit: 5}, 5, 12},
			"what nobody has":     {store.UserFilter{Query: "commonn"}, store.Page{}, 0, 0},
			"narrowed once more":  {store.UserFilter{Query: "ommo", NameQuery: "n5020"}, store.Page{}, 2, 2},
			"with another filter": {store.UserFilter{Query: "ommo", Created: store.Span{Before: at(3)}}, store.Page{Limit: 1}, 1, 6},
		} {
			read(t, db, func(tx *store.Tx) error {
				list, total, err := tx.Users(test.filter, test.page)
				if len(list) != test.rows || total != test.total {
					t.Errorf("%s: got %d of %d, want %d of %d", name, len(list), total, test.rows, test.total)
				}
				return err
			})
		}
	})
}
