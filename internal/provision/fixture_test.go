package provision_test

import (
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const conn identity.ConnectionID = "entconn_1"

var (
	earlier = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	now     = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
)

// world is a database with one organization.
type world struct {
	testing.TB
	db  *store.DB
	org identity.OrgID
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := &world{TB: t, db: db, org: identity.NewID[identity.OrgID](now)}
		w.write(func(tx *store.Tx) error {
			return tx.InsertOrganization(identity.Organization{ID: w.org, Name: "Acme", CreatedAt: earlier, UpdatedAt: earlier})
		})
		test(t, w)
	})
}

func (w *world) write(f func(*store.Tx) error) {
	w.Helper()
	storetest.Write(w, w.db, f)
}

func get[T any](w *world, f func(*store.Tx) (T, error)) T {
	w.Helper()
	return storetest.Get(w, w.db, f)
}

func (w *world) apply(plan policy.Plan) provision.Applied {
	w.Helper()
	return w.applyAt(plan, now)
}

func (w *world) applyAt(plan policy.Plan, at time.Time) (out provision.Applied) {
	w.Helper()
	w.write(func(tx *store.Tx) (err error) {
		out, err = provision.Apply(tx, plan, "saml", at)
		return err
	})
	return out
}

// bare makes a person without an address.
func (w *world) bare() identity.User {
	w.Helper()
	u := identity.User{ID: identity.NewID[identity.UserID](earlier), CreatedAt: earlier, UpdatedAt: earlier}
	w.write(func(tx *store.Tx) error { return tx.InsertUser(u) })
	return u
}

// person makes a person with an address that was verified by a code, or not.
func (w *world) person(address identity.Email, status identity.VerificationStatus) (identity.User, identity.EmailAddress) {
	w.Helper()
	u := w.bare()
	e := identity.EmailAddress{
		ID: identity.NewID[identity.EmailID](earlier), UserID: u.ID, Address: address, Status: status, CreatedAt: earlier, UpdatedAt: earlier,
	}
	if e.IsVerified() {
		e.Strategy, e.VerifiedAt = "email_code", earlier
	}
	u.PrimaryEmailID = e.ID
	w.write(func(tx *store.Tx) error {
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		return tx.InsertEmailAddress(e)
	})
	return u, e
}

// session makes a live one with the organization active.
func (w *world) session(u identity.UserID) identity.SessionID {
	w.Helper()
	s := identity.Session{
		ID: identity.NewID[identity.SessionID](now), ClientID: "client_1", UserID: u, Status: identity.SessionActive, LastActiveOrganizationID: w.org,
		ExpireAt: now.Add(time.Hour), AbandonAt: now.Add(time.Hour), CreatedAt: earlier, UpdatedAt: earlier,
	}
	w.write(func(tx *store.Tx) error { return tx.InsertSession(s) })
	return s.ID
}

func (w *world) sessionOf(id identity.SessionID) identity.Session {
	w.Helper()
	return get(w, func(tx *store.Tx) (identity.Session, error) { return tx.Session(id) })
}

func (w *world) user(id identity.UserID) identity.User {
	w.Helper()
	return get(w, func(tx *store.Tx) (identity.User, error) { return tx.User(id) })
}

func (w *world) count() int {
	w.Helper()
	return get(w, func(tx *store.Tx) (int, error) { return tx.CountUsers(store.UserFilter{}) })
}

func (w *world) emails(u identity.UserID) []identity.EmailAddress {
	w.Helper()
	return get(w, func(tx *store.Tx) ([]identity.EmailAddress, error) { return tx.EmailAddressesOf(u) })
}

func (w *world) account(subject string) identity.EnterpriseAccount {
	w.Helper()
	return get(w, func(tx *store.Tx) (identity.EnterpriseAccount, error) { return tx.AccountBySubject(conn, subject) })
}

func (w *world) memberships(u identity.UserID) []identity.Membership {
	w.Helper()
	return get(w, func(tx *store.Tx) ([]identity.Membership, error) {
		list, _, err := tx.MembershipsOfUser(u, store.Page{})
		return list, err
	})
}
