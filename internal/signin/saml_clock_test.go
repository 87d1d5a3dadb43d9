package signin_test

import (
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/store"
)

// Threat T-OPS-01: a clock that steps back frees no replay rows: what was pruned
// before the step was two hours too old to be accepted after it.
func TestReplay_RowsOutliveAClockThatStepsBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
		answer := w.unasked(w.conn, practice.Request{})
		w.accepted(answer)
		w.clock.Advance(2 * time.Hour)
		w.write(func(tx *store.Tx) error {
			_, err := tx.Prune(w.clock.Now(), store.Retention{})
			return err
		})
		w.clock.Set(began.Add(time.Second))
		_, err := w.flow.FinishSAML(t.Context(), answer)
		if r := w.refusal(err); r.reason() != "replay" {
			t.Errorf("refused for %q, %v", r.reason(), err)
		}
	})
}
