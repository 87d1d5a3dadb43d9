package store_test

import (
	"errors"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Ahead is advice: what is read is the same with it and without.
func TestAhead_ChangesNoAnswer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ada, bob := user(1), user(2)
		ada.FirstName = "Ada"
		write(t, db, func(tx *store.Tx) error { return tx.InsertUser(ada) })
		write(t, db, func(tx *store.Tx) error {
			expect := func(when string, id identity.UserID, name string) {
				t.Helper()
				u, err := tx.User(id)
				if store.Optional(err) != nil || u.FirstName != name {
					t.Errorf("%s: got %q, %v; want %q", when, u.FirstName, err, name)
				}
			}
			both := func() {
				_, _ = tx.User(ada.ID)
				_, _ = tx.User(bob.ID)
			}
			tx.Ahead(both)
			tx.Ahead(both)
			expect("read ahead", ada.ID, "Ada")
			expect("read ahead, missing", bob.ID, "")
			expect("again", ada.ID, "Ada")
			tx.Ahead(both)
			ada.FirstName, bob.FirstName = "Countess", "Bob"
			if err := errors.Join(tx.UpdateUser(ada), tx.InsertUser(bob)); err != nil {
				return err
			}
			expect("changed since", ada.ID, "Countess")
			expect("made since", bob.ID, "Bob")
			tx.Ahead(both)
			if err := tx.SawSignIn(ada.ID, at(9)); err != nil {
				return err
			}
			u, err := tx.User(ada.ID)
			if !u.LastSignInAt.Equal(at(9)) {
				t.Errorf("changed later: got %v, want %v", u.LastSignInAt, at(9))
			}
			tx.Ahead(both) // nobody asks
			return err
		})
	})
}

func TestAhead_RefusesAChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			tx.Ahead(func() { _ = tx.InsertUser(user(1)) })
			return nil
		})
		if err == nil {
			t.Error("got no error")
		}
	})
}

// A change that nobody waits for still fails its transaction.
func TestWrite_FailsWithAChangeThatWasPutOff(t *testing.T) {
	t.Parallel()
	s := session(1, "client_1", user(9).ID) // a user who does not exist
	tests := map[string]struct {
		change func(tx *store.Tx) error
		want   error // nil: any
	}{
		"a row to change is missing": {func(tx *store.Tx) error { return tx.UpdateAttempt(attempt(9)) }, store.ErrNotFound},
		"a row is there already": {func(tx *store.Tx) error {
			return errors.Join(tx.InsertAttempt(attempt(1)), tx.InsertAttempt(attempt(1)))
		}, store.ErrConflict},
		"a reference leads nowhere": {func(tx *store.Tx) error { return tx.InsertSession(s) }, nil},
		"and something is asked after it": {func(tx *store.Tx) error {
			_ = tx.UpdateAttempt(attempt(9))
			_, err := tx.Roles()
			return err
		}, store.ErrNotFound},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, test := range tests {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				if err := tx.InsertUser(user(1)); err != nil {
					return err
				}
				return test.change(tx)
			})
			if err == nil || (test.want != nil && !errors.Is(err, test.want)) {
				t.Errorf("%s: got %v, want %v", name, err, test.want)
			}
			read(t, db, func(tx *store.Tx) error {
				if _, err := tx.User(user(1).ID); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s: got %v, want nothing written", name, err)
				}
				return nil
			})
		}
	})
}

// What was put off happens, in its order, though nothing follows it.
func TestWrite_CommitsWhatWasPutOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := attempt(1)
		write(t, db, func(tx *store.Tx) error {
			begun := a
			begun.State = identity.AttemptStarted
			return errors.Join(tx.InsertAttempt(begun), tx.UpdateAttempt(a))
		})
		read(t, db, func(tx *store.Tx) error { return back(t, "Attempt", a)(tx.Attempt(a.ID)) })
	})
}
