package manage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// AuditFilter says which lines of the audit log.
type AuditFilter = store.AuditFilter

// AuditHead is the end of the audit log: keep it elsewhere to prove later that
// nothing before it was taken away.
type AuditHead = store.AuditHead

// audit writes a line of the audit log in the transaction of what it tells of: if
// it can't be written, nothing is (threat T-API-13). Every method that changes
// something calls it.
func (s *Service) audit(tx *store.Tx, e identity.AuditEntry) error {
	e.At = s.Now()
	return tx.Audit(e)
}

// changedFields names the JSON fields in which two things of one type differ.
func changedFields(before, after any) (string, error) {
	var fields [2]map[string]json.RawMessage
	for i, v := range []any{before, after} {
		text, err := json.Marshal(v)
		if err != nil {
			return "", fmt.Errorf("manage: comparing: %w", err)
		}
		if err := json.Unmarshal(text, &fields[i]); err != nil {
			return "", fmt.Errorf("manage: comparing: %w", err)
		}
	}
	var names []string
	for name, value := range fields[1] {
		if string(value) != string(fields[0][name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " "), nil
}

// AuditLog lists lines of the audit log, the newest first.
func (s *Service) AuditLog(ctx context.Context, f AuditFilter, p Page) (list []identity.AuditEntry, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, total, err = tx.AuditLog(f, p)
		return err
	})
	return list, total, err
}

// AuditAfter lists up to 500 lines of the audit log behind a position, in the order
// of the chain: what an export reads, page by page.
func (s *Service) AuditAfter(ctx context.Context, position int64, limit int) (list []identity.AuditEntry, err error) {
	if limit <= 0 || limit > chainBatch {
		limit = chainBatch
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, err = tx.AuditAfter(position, limit)
		return err
	})
	return list, err
}

const (
	// chainBatch is how many lines one transaction chains or checks. Ours.
	chainBatch = 500

	// chainLate is after how long a line without a place in the chain is suspicious:
	// the job that chains runs every second. Ours.
	chainLate = 10 * time.Minute
)

// ChainAudit gives new lines of the audit log their places in the chain, and
// returns how many. One node at a time does it.
func (s *Service) ChainAudit(ctx context.Context) (chained int, err error) {
	for {
		// Read apart from the writing: who writes lines is never in the way.
		var lines []store.Unchained
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			lines, err = tx.AuditUnchained(chainBatch)
			return err
		})
		if err != nil || len(lines) == 0 {
			return chained, err
		}
		err = s.DB.Write(ctx, func(tx *store.Tx) error { return tx.ChainAudit(lines) })
		if err != nil {
			return chained, err
		}
		chained += len(lines)
		if len(lines) < chainBatch {
			return chained, nil
		}
	}
}

// AuditVerdict is what a check of the audit log found.
type AuditVerdict struct {
	Lines   int64            // that are in the chain and as they were written
	Waiting int              // that have no place yet
	Head    AuditHead        // the end that was reached
	BadAt   int64            // position of the first bad line; 0: none has one
	BadID   identity.AuditID // its id, if it is there
	Problem string           // empty: the log is whole
}

// VerifyAudit checks the audit log from its first line to its end: that no line
// was changed, taken out, moved or cut off the end (threat T-API-13). With an
// earlier end, which was kept elsewhere, it also finds out whether everything up
// to there is still the same.
func (s *Service) VerifyAudit(ctx context.Context, kept AuditHead) (v AuditVerdict, err error) {
	met := kept.Position == 0
	for v.Problem == "" {
		more := false
		before, metBefore := v, met
		err := s.DB.Read(ctx, func(tx *store.Tx) error {
			v, met = before, metBefore // it may run twice
			lines, err := tx.AuditAfter(v.Head.Position, chainBatch)
			if err != nil {
				return err
			}
			more = len(lines) > 0
			for _, line := range lines {
				if err := v.follow(tx, line); err != nil || v.Problem != "" {
					return err
				}
				if v.Head.Position == kept.Position {
					if met = v.Head == kept; !met {
						v.bad(line, "the line is not the one that stood there when the end was kept")
						return nil
					}
				}
			}
			if more {
				return nil
			}
			return v.end(tx, s.Now())
		})
		if err != nil {
			return v, err
		}
		if !more {
			break
		}
	}
	if v.Problem == "" && !met {
		v.BadAt, v.Problem = v.Head.Position+1, fmt.Sprintf("lines up to %d were there when the end was kept", kept.Position)
	}
	return v, nil
}

// follow checks a line behind those before it.
func (v *AuditVerdict) follow(tx *store.Tx, line identity.AuditEntry) error {
	switch next := v.Head.Position + 1; {
	case line.Position != next:
		v.BadAt, v.Problem = next, "the line is missing"
		return nil
	case !line.Intact:
		v.bad(line, "the line was changed")
		return nil
	}
	follows, err := tx.FollowsAudit(v.Head, line)
	if err != nil {
		return err
	}
	if !follows {
		v.bad(line, "the line does not follow the one before it")
		return nil
	}
	v.Head = AuditHead{Position: line.Position, Chain: line.Chain}
	v.Lines++
	return nil
}

func (v *AuditVerdict) bad(line identity.AuditEntry, problem string) {
	v.BadAt, v.BadID, v.Problem = line.Position, line.ID, problem
}

// end compares the last line with the end that is kept beside the log, and looks
// at the lines that are not chained yet.
func (v *AuditVerdict) end(tx *store.Tx, now time.Time) error {
	head, intact, err := tx.AuditHead()
	switch {
	case err != nil:
		return err
	case !intact:
		v.Problem = "the end of the log was tampered with"
		return nil
	case head.Position > v.Head.Position:
		v.BadAt = v.Head.Position + 1
		v.Problem = fmt.Sprintf("the end is missing: lines %d to %d", v.BadAt, head.Position)
		return nil
	case head != v.Head:
		v.BadAt, v.Problem = head.Position+1, "lines were added behind the end"
		return nil
	}
	waiting, err := tx.AuditWaiting(chainBatch)
	if err != nil {
		return err
	}
	v.Waiting = len(waiting)
	for _, line := range waiting {
		switch {
		case !line.Intact:
			v.bad(line, "a line that is not chained yet was changed")
			return nil
		case now.Sub(line.At) > chainLate:
			v.bad(line, "a line was never chained: does a server run?")
			return nil
		}
	}
	return nil
}

// ParseAuditHead reads an end as String writes it.
func ParseAuditHead(text string) (AuditHead, error) {
	var h AuditHead
	if _, err := fmt.Sscanf(text, "%d:%s", &h.Position, &h.Chain); err != nil || h.Position <= 0 || len(h.Chain) > 64 {
		return AuditHead{}, fault.New(fault.FormParamFormatInvalid, "param_name", "head")
	}
	return h, nil
}
