package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"usher/internal/httpio"
)

// maxDrift is how far this node's clock may be from the database's until /readyz
// warns (threat T-OPS-01).
const maxDrift = 30 * time.Second

// readiness is the body of /readyz.
type readiness struct {
	Status  string `json:"status"`
	Clock   string `json:"clock,omitempty"`
	Warning string `json:"warning,omitempty"`
}

// handleReady says whether requests should be sent here. A clock that is off is
// a warning only: with all of them off, no node would be left.
func (s *Server) handleReady(w http.ResponseWriter, r *http.Request) error {
	if s.stopping.Load() {
		return httpio.WriteJSON(w, http.StatusServiceUnavailable, readiness{Status: "stopping"})
	}
	err := s.DB.Ping(r.Context())
	ready := readiness{Status: "ready"}
	if err == nil {
		err = s.compareClocks(r.Context(), &ready)
	}
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "not ready", slog.String("cause", err.Error()))
		return httpio.WriteJSON(w, http.StatusServiceUnavailable, readiness{Status: "database unreachable"})
	}
	return httpio.WriteJSON(w, http.StatusOK, ready)
}

// compareClocks says how this node's clock stands to the database's. It is logged
// when that changes, not at every probe.
func (s *Server) compareClocks(ctx context.Context, ready *readiness) error {
	before := s.Now()
	at, ok, err := s.DB.Clock(ctx)
	if err != nil {
		return err
	}
	if !ok {
		ready.Clock = "not compared: SQLite has no clock of its own"
		return nil
	}
	after := s.Now()
	ahead := before.Add(after.Sub(before) / 2).Sub(at) // the answer was given in between
	drifting := ahead.Abs() > maxDrift
	ready.Clock = "as the database's"
	if drifting {
		direction := "ahead of"
		if ahead < 0 {
			direction = "behind"
		}
		ready.Clock = "off"
		ready.Warning = fmt.Sprintf("The clock of this node is %s %s the database's.", ahead.Abs().Round(time.Second), direction)
	}
	if s.drifting.Swap(drifting) != drifting {
		level, event := slog.LevelInfo, "clock agrees with the database's"
		if drifting {
			level, event = slog.LevelWarn, "clock differs from the database's"
		}
		s.log.LogAttrs(ctx, level, event, slog.Duration("ahead", ahead))
	}
	return nil
}
