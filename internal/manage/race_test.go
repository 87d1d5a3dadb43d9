package manage_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
)

// Two who make role sets of one name at once both get one: the loser's transaction
// runs again and chooses another key.
func TestRoleSet_TwoOfOneNameAtOnceGetKeysOfTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const sets = 6
		var wg sync.WaitGroup
		keys := make([]string, sets)
		for i := range sets {
			wg.Go(func() {
				v, err := w.s.CreateRoleSet(t.Context(), manage.RoleSetChange{
					Name: ptr("Sales"), DefaultRoleKey: ptr("org:member"), CreatorRoleKey: ptr("org:admin"), Roles: []string{"org:admin", "org:member"},
				})
				if err != nil {
					t.Error(err)
				}
				keys[i] = v.Key
			})
		}
		wg.Wait()
		slices.Sort(keys)
		want := []string{"role_set:sales"}
		for n := 2; n <= sets; n++ {
			want = append(want, fmt.Sprint("role_set:sales_", n))
		}
		if !slices.Equal(keys, want) {
			t.Errorf("keys %v, want %v", keys, want)
		}
	})
}

// Lists end after 500 rows; what is decided about a person does not.
func TestMember_OfVeryManyOrganizations(t *testing.T) {
	w := onSQLite(t)
	ada := w.user("ada@acme.test")
	var first identity.OrgID
	w.write(func(tx *store.Tx) error {
		for n := range 502 {
			at := began.Add(time.Duration(n) * time.Millisecond)
			o := identity.Organization{
				ID: identity.NewID[identity.OrgID](at), Name: "Many", ExclusiveMembership: n == 0, CreatedAt: at, UpdatedAt: at,
			}
			if err := tx.InsertOrganization(o); err != nil {
				return err
			}
			if n == 0 {
				first = o.ID
			}
			if _, err := tx.InsertMembership(identity.Membership{
				ID: identity.NewID[identity.MembershipID](at), OrganizationID: o.ID, UserID: ada.ID, Role: identity.RoleMember, CreatedAt: at, UpdatedAt: at,
			}); err != nil {
				return err
			}
		}
		return nil
	})
	_, err := w.s.AddMember(t.Context(), string(first), string(ada.ID), identity.RoleMember, manage.MetadataChange{})
	refused(t, "where she is a member already", err, fault.AlreadyAMember)
	other := w.organization("Other")
	_, err = w.s.AddMember(t.Context(), string(other.ID), string(ada.ID), identity.RoleMember, manage.MetadataChange{})
	refused(t, "while one allows no other", err, fault.ExclusiveOrganizationMembership)
	must(w.s.RemoveMember(t.Context(), string(first), string(ada.ID)))(t)
	must(w.s.AddMember(t.Context(), string(other.ID), string(ada.ID), identity.RoleMember, manage.MetadataChange{}))(t)
}

// Lists end after 500 rows; an organization that goes switches all its connections off.
func TestOrganization_OfVeryManyConnections(t *testing.T) {
	w := onSQLite(t)
	o := w.organization("Many")
	var first identity.ConnectionID
	w.write(func(tx *store.Tx) error {
		for n := range 502 {
			at := began.Add(time.Duration(n) * time.Millisecond)
			c := identity.Connection{
				ID: identity.NewID[identity.ConnectionID](at), Provider: identity.SAMLCustom, Name: "One", OrganizationID: o.ID, Active: true,
				LiveRevisionID: identity.NewID[identity.RevisionID](at), CreatedAt: at, UpdatedAt: at,
			}
			if n == 0 {
				first = c.ID
			}
			if err := tx.InsertConnection(c); err != nil {
				return err
			}
		}
		return nil
	})
	must(w.s.DeleteOrganization(t.Context(), string(o.ID)))(t)
	if w.reload(first).Active {
		t.Error("the oldest connection is on still")
	}
}
