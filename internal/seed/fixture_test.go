package seed_test

import (
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// found makes what every deployment has.
func found(t testing.TB, db *store.DB, now time.Time) {
	t.Helper()
	storetest.Write(t, db, func(tx *store.Tx) error {
		in := identity.Instance{ID: identity.NewID[identity.InstanceID](now), Settings: identity.DefaultSettings(), CreatedAt: now, UpdatedAt: now}
		if _, err := tx.InsertInstance(in); err != nil {
			return err
		}
		return tx.InsertFirstRoles(now)
	})
}
