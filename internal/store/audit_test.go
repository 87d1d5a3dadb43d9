package store_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// audited is a database whose audit log is written, chained, tampered with and
// checked.
type audited struct {
	testing.TB
	db  *store.DB
	s   *manage.Service
	now time.Time
}

func newAudited(t testing.TB, db *store.DB) *audited {
	t.Helper()
	w := &audited{TB: t, db: db, now: at(0)}
	w.s = &manage.Service{DB: db, Now: func() time.Time { return w.now }}
	return w
}

func eachAudited(t *testing.T, test func(t *testing.T, w *audited)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newAudited(t, db)) })
}

// line writes one, a millisecond after the last.
func (w *audited) line() {
	w.Helper()
	w.now = w.now.Add(time.Millisecond)
	ctx := identity.WithActor(w.Context(), identity.Actor{Kind: identity.ActorSecretKey, ID: "key_1"})
	err := w.db.Write(ctx, func(tx *store.Tx) error {
		return tx.Audit(identity.AuditEntry{At: w.now, Action: "user.banned", Subject: "user_1", Detail: map[string]string{"a": "1", "b": "2"}})
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *audited) tamper(statement string) {
	w.Helper()
	if strings.TrimSpace(statement) != "" {
		write(w, w.db, func(tx *store.Tx) error { _, err := tx.Exec(statement); return err })
	}
}

func (w *audited) chains(want int) {
	w.Helper()
	if n, err := w.s.ChainAudit(w.Context()); n != want || err != nil {
		w.Fatalf("chained %d lines, %v, want %d", n, err, want)
	}
}

func (w *audited) verify(kept manage.AuditHead) manage.AuditVerdict {
	w.Helper()
	v, err := w.s.VerifyAudit(w.Context(), kept)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

// Threat T-API-13.
func TestVerifyAudit_NamesTheFirstBadLine(t *testing.T) {
	t.Parallel()
	const lines = 7
	tests := map[string]struct {
		tamper string // run on the database; empty: nothing
		kept   bool   // with the end that was kept elsewhere
		badAt  int64
		says   string
	}{
		"a log that nobody touched is whole":   {"", false, 0, ""},
		"and is what it was":                   {"", true, 0, ""},
		"a line was changed":                   {`UPDATE audit_log SET actor_id = 'key_2' WHERE position = 3`, false, 3, "was changed"},
		"a line was changed in its detail":     {`UPDATE audit_log SET detail = '{"host":"x"}' WHERE position = 3`, false, 3, "was changed"},
		"a line was made unreadable":           {`UPDATE audit_log SET detail = 'x' WHERE position = 3`, false, 3, "was changed"},
		"a line was redated":                   {`UPDATE audit_log SET at = at + 1 WHERE position = 3`, false, 3, "was changed"},
		"a line was taken out":                 {`DELETE FROM audit_log WHERE position = 3`, false, 3, "missing"},
		"the first line was taken out":         {`DELETE FROM audit_log WHERE position = 1`, false, 1, "missing"},
		"a line was taken out, the rest moved": {`DELETE FROM audit_log WHERE position = 3; UPDATE audit_log SET position = position - 1 WHERE position > 3`, false, 3, "does not follow"},
		"two lines changed places":             {`UPDATE audit_log SET position = 100 WHERE position = 3; UPDATE audit_log SET position = 3 WHERE position = 4; UPDATE audit_log SET position = 4 WHERE position = 100`, false, 3, "does not follow"},
		"the end was cut off":                  {`DELETE FROM audit_log WHERE position > 5`, false, 6, "lines 6 to 7"},
		"the end was cut off and moved":        {`DELETE FROM audit_log WHERE position > 5; UPDATE audit_head SET position = 5, chain = (SELECT chain FROM audit_log WHERE position = 5)`, false, 0, "tampered"},
		"the end was taken away":               {`DELETE FROM audit_head`, false, 1, "behind the end"},
		"everything was taken away":            {`DELETE FROM audit_log; DELETE FROM audit_head`, true, 1, "lines up to 7"},
		"an unchained line was changed":        {`UPDATE audit_log SET position = NULL, action = 'x' WHERE position = 7; DELETE FROM audit_head`, false, 1, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w := newAudited(t, db)
				for range lines {
					w.line()
				}
				w.chains(lines)
				whole := w.verify(manage.AuditHead{})
				if whole.Lines != lines || whole.Problem != "" {
					t.Fatalf("before: %+v", whole)
				}
				var kept manage.AuditHead
				if test.kept {
					kept = whole.Head
				}
				for statement := range strings.SplitSeq(test.tamper, ";") {
					w.tamper(statement)
				}
				got := w.verify(kept)
				if (got.Problem == "") != (test.tamper == "") || !strings.Contains(got.Problem, test.says) || got.BadAt != test.badAt {
					t.Errorf("got line %d: %q, want %d: %q", got.BadAt, got.Problem, test.badAt, test.says)
				}
			})
		})
	}
}

// Threat T-API-13: a copy that was put back passes every check but that of the end
// that was kept elsewhere.
func TestVerifyAudit_FindsAnOlderStateByTheEndThatWasKept(t *testing.T) {
	eachAudited(t, func(t *testing.T, w *audited) {
		w.line()
		w.chains(1)
		w.tamper(`CREATE TABLE older AS SELECT * FROM audit_head`)
		w.line()
		w.chains(1)
		kept := w.verify(manage.AuditHead{}).Head
		w.tamper(`DELETE FROM audit_log WHERE position = 2`)
		w.tamper(`DELETE FROM audit_head`)
		w.tamper(`INSERT INTO audit_head SELECT * FROM older`)
		if got := w.verify(manage.AuditHead{}); got.Problem != "" {
			t.Errorf("without the end: %+v", got)
		}
		if got := w.verify(kept); got.BadAt != 2 || got.Problem == "" {
			t.Errorf("with it: %+v", got)
		}
		if parsed, err := manage.ParseAuditHead(kept.String()); err != nil || parsed != kept {
			t.Errorf("the end as text: %v, %v", parsed, err)
		}
		if _, err := manage.ParseAuditHead("x:y"); err == nil {
			t.Error("what is no end was read as one")
		}
	})
}

func TestVerifyAudit_NoticesALineThatIsNeverChained(t *testing.T) {
	eachAudited(t, func(t *testing.T, w *audited) {
		w.line()
		if got := w.verify(manage.AuditHead{}); got.Problem != "" || got.Waiting != 1 {
			t.Errorf("at once: %+v", got)
		}
		w.now = w.now.Add(10*time.Minute + time.Millisecond)
		if got := w.verify(manage.AuditHead{}); got.Problem == "" || got.BadID == "" {
			t.Errorf("after ten minutes: %+v", got)
		}
		w.tamper(`UPDATE audit_log SET action = 'x'`)
		if got := w.verify(manage.AuditHead{}); !strings.Contains(got.Problem, "was changed") {
			t.Errorf("changed before it was chained: %+v", got)
		}
	})
}
