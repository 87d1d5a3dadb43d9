package server

import (
	"context"
	"strings"
	"testing"
	"time"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Threat T-DOS-18: a job that panics has failed; the process and its other jobs go
// on, and so does the job when its time comes again.
func TestRunJob_SurvivesAPanic(t *testing.T) {
	t.Parallel()
	s := &Server{Tools: &Tools{DB: storetest.Open(t, store.SQLite), Now: time.Now}}
	for _, margin := range []time.Duration{0, time.Minute} {
		ran := 0
		j := job{"boom", time.Minute, margin, func(context.Context) error {
			ran++
			if ran == 1 {
				panic("boom")
			}
			return nil
		}}
		if err := s.runJob(t.Context(), j, "one"); err == nil || !strings.Contains(err.Error(), "panic: boom") {
			t.Errorf("margin %s: got %v, want the panic as an error", margin, err)
		}
		if err := s.runJob(t.Context(), j, "one"); err != nil || ran != 2 {
			t.Errorf("margin %s: afterwards %v, ran %d times", margin, err, ran)
		}
	}
}
