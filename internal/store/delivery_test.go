package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// A queue that was empty until a moment ago is read as fast as ever: the database
// does not know of it yet. Each of these reads took seconds once.
func TestNextDelivery_IsAsFastWhenManyWait(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := storetest.NewClock(at(1))
		db.Record(store.Recorder{Now: clock.Now, Describe: func(*store.Tx, identity.Event) (json.RawMessage, error) {
			return json.RawMessage(`{}`), nil
		}})
		e := identity.Endpoint{ID: id[identity.EndpointID](1), URL: "https://app.test", CreatedAt: at(1)}
		write(t, db, func(tx *store.Tx) error { return tx.InsertEndpoint(e) })
		const batches, size = 4, 600
		for batch := range batches {
			write(t, db, func(tx *store.Tx) error {
				for n := range size {
					if err := tx.InsertUser(identity.User{ID: identity.UserID(fmt.Sprint("user_", batch, "_", n))}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		const reads = 20
		began := time.Now()
		for range reads {
			d := storetest.Get(t, db, func(tx *store.Tx) (identity.Delivery, error) { return tx.NextDelivery(e.ID, at(100)) })
			if d.Type != identity.UserCreated {
				t.Fatalf("next is %+v", d)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%d reads took %s", reads, took)
		}
	})
}
