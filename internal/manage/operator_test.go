package manage_test

import (
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

func TestOperatorLink_MakesTheFirstOperatorAndTheirOrganization(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, err := w.s.OperatorLink(t.Context(), "Ada@Northwind.test")
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.s.OperatorLink(t.Context(), "ada@northwind.test")
		if err != nil {
			t.Fatal(err)
		}
		if again.UserID != first.UserID || again.OrganizationID != first.OrganizationID || again.Token == first.Token {
			t.Errorf("a second link is for %s in %s, want %s in %s and another token", again.UserID, again.OrganizationID, first.UserID, first.OrganizationID)
		}
		if got, want := first.ExpiresAt, began.Add(10*time.Minute); !got.Equal(want) {
			t.Errorf("it ends at %v, want %v", got, want)
		}
		session := identity.Session{ID: "sess_1", UserID: first.UserID, FirstFactorAt: began}
		if err := w.s.Operate(t.Context(), session, 10*time.Minute); err != nil {
			t.Errorf("the operator may not operate: %v", err)
		}
		w.clock.Advance(10 * time.Minute)
		if err := w.s.Operate(t.Context(), session, 10*time.Minute); !fault.Is(err, fault.OperatorConfirmationRequired) {
			t.Errorf("ten minutes later: %v", err)
		}
		session.UserID = "user_somebody"
		if err := w.s.Operate(t.Context(), session, 0); !fault.Is(err, fault.OperatorRequired) {
			t.Errorf("somebody else: %v", err)
		}
		if _, err := w.s.OperatorLink(t.Context(), "nobody"); !fault.Is(err, fault.FormParamFormatInvalid) {
			t.Errorf("an address that is none: %v", err)
		}
	})
}

func TestOperatorLink_MakesTheOrganizationAgainAfterItWasDeleted(t *testing.T) {
	w := onSQLite(t)
	first, err := w.s.OperatorLink(t.Context(), "ada@northwind.test")
	if err != nil {
		t.Fatal(err)
	}
	w.write(func(tx *store.Tx) error {
		_, err := tx.DeleteOrganization(first.OrganizationID)
		return err
	})
	again, err := w.s.OperatorLink(t.Context(), "ada@northwind.test")
	if err != nil {
		t.Fatal(err)
	}
	if again.OrganizationID == first.OrganizationID {
		t.Error("still the one that is gone")
	}
	if err := w.s.Operate(t.Context(), identity.Session{UserID: again.UserID}, 0); err != nil {
		t.Error(err)
	}
}
