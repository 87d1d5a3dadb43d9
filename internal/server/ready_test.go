package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/httpio"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// In this package, for a node's clock is the process's outside of it.

// node is a server over a database, with a clock that is ahead.
func node(db *store.DB, log *bytes.Buffer, ahead time.Duration) *Server {
	return &Server{
		Tools: &Tools{DB: db, Now: func() time.Time { return time.Now().Add(ahead) }},
		log:   slog.New(slog.NewTextHandler(log, nil)),
	}
}

func ready(t *testing.T, s *Server) (int, readiness) {
	t.Helper()
	rec := httptest.NewRecorder()
	httpio.Handle(s.handleReady).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
	var body readiness
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Errorf("%s: %v", rec.Body, err)
	}
	return rec.Code, body
}

// Threat T-OPS-01: a clock that is off by more than 30 seconds is a warning, not a
// node less.
func TestReady_WarnsOfAClockThatIsOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, test := range map[string]struct {
			ahead   time.Duration
			warning string
		}{
			"right":             {0, ""},
			"20 seconds ahead":  {20 * time.Second, ""},
			"45 seconds ahead":  {45 * time.Second, "is 45s ahead of the"},
			"2 minutes behind":  {-2 * time.Minute, "is 2m0s behind the"},
			"25 seconds behind": {-25 * time.Second, ""},
		} {
			status, body := ready(t, node(db, &bytes.Buffer{}, test.ahead))
			clock := "as the database's"
			switch {
			case db.Engine() == store.SQLite: // one machine, one clock
				clock, test.warning = "not compared: SQLite has no clock of its own", ""
			case test.warning != "":
				clock = "off"
			}
			if status != http.StatusOK || body.Status != "ready" || body.Clock != clock || (body.Warning != "") != (test.warning != "") || !strings.Contains(body.Warning, test.warning) {
				t.Errorf("%s: %d %+v, want a warning %q", name, status, body, test.warning)
			}
		}
	})
}

func TestReady_TheLogSaysOnceThatTheClockIsOff(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.PostgreSQL)
	var log bytes.Buffer
	ahead := time.Minute
	s := node(db, &log, 0)
	s.Now = func() time.Time { return time.Now().Add(ahead) }
	for range 3 {
		ready(t, s)
	}
	ahead = 0
	for range 3 {
		ready(t, s)
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("%d lines, want 2:\n%s", n, &log)
	}
}

// Threat T-OPS-01: a node that is hours ahead frees no replay rows, so that they
// are there still when its clock is set right.
func TestPrune_ANodeThatIsAheadFreesNothingEarly(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.PostgreSQL)
	use := func() (fresh bool) {
		storetest.Write(t, db, func(tx *store.Tx) (err error) {
			fresh, err = tx.UseAssertion("entconn_1", "_1", time.Now().Add(time.Minute))
			return err
		})
		return fresh
	}
	use()
	if err := node(db, &bytes.Buffer{}, 48*time.Hour).prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if use() {
		t.Error("a used assertion was fresh again")
	}
}
