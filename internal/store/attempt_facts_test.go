package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// tried is an attempt of a connection that came to an end.
func tried(n int, c identity.ConnectionID, state identity.AttemptState, code string, began time.Time) identity.Attempt {
	a := identity.Attempt{
		ID: id[identity.AttemptID](n), Kind: identity.AttemptSignIn, ConnectionID: c, State: state, Code: code,
		TypedEmail: identity.Email(fmt.Sprintf("p%d@acme.test", n)), StartedAt: began,
	}
	if state != identity.AttemptStarted {
		a.ReturnedAt, a.IssuedAt, a.Seen = began.Add(8*time.Second), began.Add(9*time.Second), []string{"mail"}
	}
	if state == identity.AttemptComplete {
		a.Email, a.FinishedAt = a.TypedEmail, a.ReturnedAt.Add(100*time.Millisecond)
	}
	return a
}

// What is counted is the same before and after the hours were counted ahead, and
// however often that is done.
func TestAttemptFacts_AreTheSameCountedAheadOrNot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const okta, entra = identity.ConnectionID("entconn_1"), identity.ConnectionID("entconn_2")
		start := time.Date(2026, 11, 25, 9, 10, 0, 0, time.UTC)
		write(t, db, func(tx *store.Tx) error {
			n := 0
			for h := range 5 {
				at := start.Add(time.Duration(h) * time.Hour)
				for _, a := range []identity.Attempt{
					tried(n, okta, identity.AttemptComplete, "", at), tried(n+1, okta, identity.AttemptRefused, "x", at.Add(time.Minute)),
					tried(n+2, okta, identity.AttemptStarted, "", at), tried(n+3, entra, identity.AttemptComplete, "", at),
				} {
					if err := tx.InsertAttempt(a); err != nil {
						return err
					}
				}
				n += 4
			}
			presence := tried(n, okta, identity.AttemptRefused, "deprovisioned", start)
			presence.Kind = identity.AttemptPresence
			test := tried(n+1, okta, identity.AttemptComplete, "", start)
			test.Kind = identity.AttemptTest
			if err := tx.InsertAttempt(test); err != nil {
				return err
			}
			return tx.InsertAttempt(presence)
		})
		end := start.Add(4*time.Hour + 20*time.Minute)
		w := store.Window{From: start, To: end, LostBefore: end.Add(-15 * time.Minute)}
		tally := func(c identity.ConnectionID) store.Tally {
			return storetest.Get(t, db, func(tx *store.Tx) (store.Tally, error) { return tx.CountAttempts(c, w) })
		}
		trends := func() []store.ConnectionTrend {
			last := store.Window{From: start.Add(2 * time.Hour), To: end, LostBefore: w.LostBefore}
			return storetest.Get(t, db, func(tx *store.Tx) ([]store.ConnectionTrend, error) { return tx.AttemptTrends(last, 10) })
		}
		raw, all, trend := total(tally(okta)), total(tally("")), trends()
		if want := "complete 5 refused x 5 started 5 | dated 10 drift 10s 1s 1s | provider 10 own 5"; raw != want {
			t.Errorf("of the connection: %s, want %s", raw, want)
		}
		if want := "complete 10 refused x 5 started 5 | dated 15 drift 15s 1s 1s | provider 15 own 10"; all != want {
			t.Errorf("of all: %s, want %s", all, want)
		}
		for range 3 {
			for more := true; more; {
				write(t, db, func(tx *store.Tx) (err error) { more, err = tx.CountNextHour(end); return err })
			}
			if got := total(tally(okta)); got != raw {
				t.Errorf("counted ahead: %s, want %s", got, raw)
			}
			if got := total(tally("")); got != all {
				t.Errorf("all, counted ahead: %s, want %s", got, all)
			}
			equal(t, "trends", trends(), trend)
		}
		if len(trend) != 1 || trend[0].ConnectionID != okta || trend[0].Now.Refused != 3 || trend[0].Before.Refused != 2 || trend[0].Now.Lost != 3 {
			t.Errorf("trends %+v", trend)
		}
		hours := storetest.Get(t, db, func(tx *store.Tx) ([]string, error) {
			return tx.Texts(`SELECT state FROM attempt_hours WHERE connection_id = ''`)
		})
		if len(hours) != 12 { // four hours, each with three ends; the fifth is not settled
			t.Errorf("%d rows counted ahead", len(hours))
		}
		seen := storetest.Get(t, db, func(tx *store.Tx) (int, error) { n, _, err := tx.AttributesSeen(okta, 9); return n["mail"], err })
		if seen != 6 {
			t.Errorf("mail seen %d times in the latest nine attempts, want 6", seen)
		}
	})
}

func total(t store.Tally) string {
	n := map[string]int{}
	var dated int
	var sum, least, most time.Duration
	for _, c := range t.Counts {
		n[string(c.State)+c.Code] += c.Number
		dated, sum, least, most = dated+c.Dated, sum+c.DriftSum, max(least, c.DriftLeast), max(most, c.DriftMost)
	}
	for _, c := range t.Times {
		n[c.Part] += c.Number
	}
	return fmt.Sprintf("complete %d refused x %d started %d | dated %d drift %s %s %s | provider %d own %d",
		n["complete"], n["refusedx"], n["started"], dated, sum, least, most, n["provider"], n["own"])
}

// What happened around an attempt.
func TestAttemptHistory_KnowsWhatWentBefore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const okta = identity.ConnectionID("entconn_1")
		start := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
		write(t, db, func(tx *store.Tx) error {
			for i, a := range []identity.Attempt{
				tried(1, okta, identity.AttemptComplete, "", start), tried(2, okta, identity.AttemptComplete, "", start.Add(time.Hour)),
				tried(3, okta, identity.AttemptStarted, "", start.Add(2*time.Hour)), tried(4, okta, identity.AttemptComplete, "", start.Add(3*time.Hour)),
			} {
				if i == 3 {
					a.Email = "p1@acme.test"
				}
				if err := tx.InsertAttempt(a); err != nil {
					return err
				}
			}
			return nil
		})
		write(t, db, func(tx *store.Tx) error {
			at := start.Add(2 * time.Hour)
			last, err := tx.LastSuccess(okta, at)
			equal(t, "last success", last, start.Add(time.Hour))
			if err != nil {
				return err
			}
			day := store.Window{From: start, To: start.Add(24 * time.Hour)}
			others, err := tx.CountOthersIn(okta, day, "p1@acme.test")
			equal(t, "others", others, 1)
			if err != nil {
				return err
			}
			lost, err := tx.CountLost(okta, day)
			equal(t, "lost", lost, 1)
			if err != nil {
				return err
			}
			before, after, err := tx.PersonSuccess(okta, "p1@acme.test", at)
			equal(t, "before", before, start)
			equal(t, "after", after, start.Add(3*time.Hour))
			return err
		})
	})
}

// Counting reads no attempt as a whole, whatever it is of.
func TestAttemptFacts_AreReadFromTheIndexAlone(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.SQLite)
	for _, text := range store.FactQueries() {
		plan := storetest.Get(t, db, func(tx *store.Tx) ([]string, error) { return tx.Plan(text, 4) })
		if got := strings.Join(plan, "\n"); !strings.Contains(got, "COVERING INDEX attempts_facts (connection_id=? AND state=? AND started_at>? AND started_at<?)") ||
			strings.Contains(got, "SCAN attempts") {
			t.Errorf("%s\nruns as\n%s", text, got)
		}
	}
}
