package store

import (
	"strings"
	"time"

	"usher/internal/identity"
)

const testRunColumns = `id, connection_id, revision_id, draft, state, attempt_id, ticket_hash, browser_hash, token_hash,
	seen, actor_kind, actor_id, expires_at, created_at, finished_at`

func (tx *Tx) scanTestRun(row scanner) (r identity.TestRun, err error) {
	var sealed string
	if err := row.Scan(&r.ID, &r.ConnectionID, &r.RevisionID, &r.Draft,
		oneOf(&r.State, identity.TestRunCreated, identity.TestRunOpened, identity.TestRunAnswered,
			identity.TestRunSuccess, identity.TestRunFailed),
		&r.AttemptID, &r.TicketHash, &r.BrowserHash, &r.TokenHash, &sealed,
		oneOf(&r.By.Kind, identity.ActorKinds()...), &r.By.ID,
		(*milliseconds)(&r.ExpiresAt), (*milliseconds)(&r.CreatedAt), (*milliseconds)(&r.FinishedAt)); err != nil {
		return r, err
	}
	seen, err := tx.openText("test_runs", "seen", string(r.ID), sealed)
	r.Seen = []byte(seen)
	return r, err
}

// InsertTestRun adds a test run whose link was just made. Who acts is what
// identity.WithActor said.
func (tx *Tx) InsertTestRun(r identity.TestRun) error {
	by := identity.ActorFrom(tx.ctx)
	_, err := tx.exec(`
		INSERT INTO test_runs (id, connection_id, revision_id, draft, state, attempt_id, ticket_hash, browser_hash, token_hash,
			seen, actor_kind, actor_id, expires_at, created_at, finished_at)
		VALUES ($1, $2, $3, $4, 'created', '', $5, '', '', '', $6, $7, $8, $9, 0)`,
		r.ID, r.ConnectionID, r.RevisionID, r.Draft, r.TicketHash, by.Kind, by.ID, ms(r.ExpiresAt), ms(r.CreatedAt))
	return err
}

// TestRun returns a test run.
func (tx *Tx) TestRun(id identity.TestRunID) (identity.TestRun, error) {
	return one(tx, tx.scanTestRun, `SELECT `+testRunColumns+` FROM test_runs WHERE id = $1`, id)
}

// TestRunByTicketHash returns the test run whose link holds a ticket, used or not.
func (tx *Tx) TestRunByTicketHash(hash string) (identity.TestRun, error) {
	return one(tx, tx.scanTestRun, `SELECT `+testRunColumns+` FROM test_runs WHERE ticket_hash = $1`, hash)
}

// OpenTestRun uses the ticket of a test run up, for one browser, and reports
// whether it was unused and still good.
func (tx *Tx) OpenTestRun(r identity.TestRun, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE test_runs SET state = 'opened', attempt_id = $2, browser_hash = $3, expires_at = $4
		WHERE id = $1 AND state = 'created' AND expires_at > $5`,
		r.ID, r.AttemptID, r.BrowserHash, ms(r.ExpiresAt), ms(now))
}

// PutTestRun writes what became of a test run: its state, what came, what opens
// the result, and when it ended. It reports whether the run was in the state that
// it is taken from: nothing becomes of one that is over.
func (tx *Tx) PutTestRun(r identity.TestRun, from identity.TestRunState) (bool, error) {
	seen, err := tx.sealText("test_runs", "seen", string(r.ID), string(r.Seen))
	if err != nil {
		return false, err
	}
	return tx.execChanged(`
		UPDATE test_runs SET state = $3, seen = $4, token_hash = $5, finished_at = $6
		WHERE id = $1 AND state = $2`,
		r.ID, from, r.State, seen, r.TokenHash, ms(r.FinishedAt))
}

// TestRunStatus is the state of a test run as it counts at a time.
type TestRunStatus string

// The statuses of test runs.
const (
	TestRunsPending TestRunStatus = "pending"
	TestRunsSuccess TestRunStatus = "success"
	TestRunsFailed  TestRunStatus = "failed"
)

// TestRunFilter says which test runs of a connection a list is about.
type TestRunFilter struct {
	ConnectionID identity.ConnectionID
	Statuses     []TestRunStatus     // empty: all
	RevisionID   identity.RevisionID // empty: any
	Now          time.Time           // by which one under way may have failed
}

// TestRuns lists the test runs of a connection whose links were opened, the newest
// first.
func (tx *Tx) TestRuns(f TestRunFilter, p Page) ([]identity.TestRun, int, error) {
	s := search{from: "test_runs", order: "created_at DESC, id DESC"}
	s.and("connection_id = ?", f.ConnectionID)
	s.and("state <> 'created'")
	if f.RevisionID != "" {
		s.and("revision_id = ?", f.RevisionID)
	}
	if len(f.Statuses) > 0 {
		var either []string
		var args []any
		for _, status := range f.Statuses {
			switch status {
			case TestRunsPending:
				either, args = append(either, "(state IN ('opened', 'answered') AND expires_at > ?)"), append(args, ms(f.Now))
			case TestRunsFailed:
				either, args = append(either, "(state = 'failed' OR state IN ('opened', 'answered') AND expires_at <= ?)"), append(args, ms(f.Now))
			case TestRunsSuccess:
				either = append(either, "state = 'success'")
			}
		}
		s.and("("+strings.Join(either, " OR ")+")", args...)
	}
	return find(tx, s, testRunColumns, tx.scanTestRun, p)
}
