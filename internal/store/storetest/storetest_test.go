package storetest_test

import (
	"testing"
	"time"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestEach_DatabasesAreEmptyAndApart(t *testing.T) {
	t.Parallel()
	for range 3 {
		storetest.Each(t, func(t *testing.T, db *store.DB) {
			if err := db.Write(t.Context(), func(tx *store.Tx) error {
				n, err := tx.Count("name", time.UnixMilli(1), 1)
				if n != 1 {
					t.Errorf("count in a fresh database: got %d, want 1", n)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
