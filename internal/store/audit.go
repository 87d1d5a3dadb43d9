package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	bytesof "encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"usher/internal/identity"
)

// Lines of the audit log are written with the change that they tell of, under a
// hash of their own, and chained after the commit by one node at a time: were the
// end of the chain read and written in every such transaction, each would be in
// the way of all others at PostgreSQL. The keys come from the key ring, so that
// who can write to the database can't forge a line or an end (threat T-API-13).

// Audit writes a line of the audit log. Who acts is what identity.WithActor said,
// or where nobody did, what the entry says; what the system does of itself in
// somebody's call is the system's. The rest is the entry's.
func (tx *Tx) Audit(e identity.AuditEntry) error {
	e.ID = identity.NewID[identity.AuditID](e.At)
	if actor := identity.ActorFrom(tx.ctx); e.Actor.Kind != identity.ActorSystem && (actor.Kind != identity.ActorUnknown || e.Actor.Kind == "") {
		e.Actor = actor
	}
	mac, err := tx.auditMAC(e)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO audit_log (id, at, actor_kind, actor_id, address, trace_id, action, subject, organization_id,
			detail, mac, position, chain)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, '')`,
		e.ID, ms(e.At), e.Actor.Kind, e.Actor.ID, e.Actor.Address, e.Actor.TraceID, e.Action, e.Subject, e.OrganizationID,
		auditDetail(e), mac)
	return err
}

// auditDetail is the detail as it is stored and hashed: keys in their order.
func auditDetail(e identity.AuditEntry) string {
	if len(e.Detail) == 0 {
		return "{}"
	}
	text, err := json.Marshal(e.Detail)
	if err != nil { // strings always can
		return "{}"
	}
	return string(text)
}

// keyed is the HMAC-SHA-256 of texts, each with its length before it, under a key
// for one purpose.
func (tx *Tx) keyed(purpose string, texts ...string) (string, error) {
	key, err := tx.db.keys.Key(purpose)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	for _, text := range texts {
		mac.Write(bytesof.BigEndian.AppendUint64(nil, uint64(len(text))))
		mac.Write([]byte(text))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

func (tx *Tx) auditMAC(e identity.AuditEntry) (string, error) {
	return tx.keyed("audit line", string(e.ID), fmt.Sprint(ms(e.At)), string(e.Actor.Kind), e.Actor.ID, e.Actor.Address,
		e.Actor.TraceID, e.Action, e.Subject, string(e.OrganizationID), auditDetail(e))
}

// auditChain is the hash of a line in its place.
func (tx *Tx) auditChain(before string, position int64, mac string) (string, error) {
	return tx.keyed("audit chain", before, fmt.Sprint(position), mac)
}

// AuditHead is the end of the chain: how many lines there are and the hash of all.
type AuditHead struct {
	Position int64
	Chain    string
}

// AuditHead returns the end of the chain, which is zero at first, and whether it
// is as it was written.
func (tx *Tx) AuditHead() (head AuditHead, intact bool, err error) {
	var mac string
	head, err = one(tx, func(row scanner) (h AuditHead, err error) {
		err = row.Scan(&h.Position, &h.Chain, &mac)
		return h, err
	}, `SELECT position, chain, mac FROM audit_head WHERE id = 'head'`)
	if err != nil {
		return AuditHead{}, true, Optional(err)
	}
	want, err := tx.auditHeadMAC(head)
	return head, hmac.Equal([]byte(mac), []byte(want)), err
}

// Unchained is a line that has no place in the chain yet.
type Unchained struct {
	ID  identity.AuditID
	At  time.Time
	mac string
}

// AuditUnchained lists up to limit lines without a place, the oldest first.
func (tx *Tx) AuditUnchained(limit int) ([]Unchained, error) {
	return all(tx, func(row scanner) (u Unchained, err error) {
		err = row.Scan(&u.ID, (*milliseconds)(&u.At), &u.mac)
		return u, err
	}, `SELECT id, at, mac FROM audit_log WHERE position IS NULL ORDER BY at, id LIMIT $1`, limit)
}

// ChainAudit gives lines their places at the end of the chain. Another node may
// have been faster: its lines are left out. A head that was tampered with is not
// built on.
func (tx *Tx) ChainAudit(lines []Unchained) error {
	if err := tx.lockAuditHead(); err != nil {
		return err
	}
	head, intact, err := tx.AuditHead()
	if err != nil {
		return err
	}
	if !intact {
		return fmt.Errorf("store: the end of the audit log was tampered with")
	}
	for _, line := range lines {
		next, err := tx.auditChain(head.Chain, head.Position+1, line.mac)
		if err != nil {
			return err
		}
		placed, err := tx.execChanged(`
			UPDATE audit_log SET position = $2, chain = $3 WHERE id = $1 AND position IS NULL`, line.ID, head.Position+1, next)
		if err != nil {
			return err
		}
		if placed {
			head = AuditHead{head.Position + 1, next}
		}
	}
	mac, err := tx.auditHeadMAC(head)
	if err != nil {
		return err
	}
	return tx.execOne(`UPDATE audit_head SET position = $1, chain = $2, mac = $3 WHERE id = 'head'`, head.Position, head.Chain, mac)
}

// lockAuditHead makes who else chains wait, and then begin anew: two who gave out
// one place would both fail. Without a head it makes the first.
func (tx *Tx) lockAuditHead() error {
	mac, err := tx.auditHeadMAC(AuditHead{})
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO audit_head (id, position, chain, mac) VALUES ('head', 0, '', $1)
		ON CONFLICT (id) DO UPDATE SET position = audit_head.position`, mac)
	return err
}

func (tx *Tx) auditHeadMAC(head AuditHead) (string, error) {
	return tx.keyed("audit head", fmt.Sprint(head.Position), head.Chain)
}

const auditColumns = `id, at, actor_kind, actor_id, address, trace_id, action, subject, organization_id, detail, mac,
	COALESCE(position, 0), chain`

func scanAudit(tx *Tx) func(scanner) (identity.AuditEntry, error) {
	return func(row scanner) (e identity.AuditEntry, err error) {
		var detail, mac string
		if err := row.Scan(&e.ID, (*milliseconds)(&e.At), &e.Actor.Kind, &e.Actor.ID, &e.Actor.Address, &e.Actor.TraceID,
			&e.Action, &e.Subject, &e.OrganizationID, &detail, &mac, &e.Position, &e.Chain); err != nil {
			return e, err
		}
		// What can't be read was not written by us; Intact will say so.
		if json.Unmarshal([]byte(detail), &e.Detail) != nil {
			e.Detail = map[string]string{"unreadable": detail}
		}
		want, err := tx.auditMAC(e)
		e.Intact = hmac.Equal([]byte(mac), []byte(want)) && detail == auditDetail(e)
		return e, err
	}
}

// AuditFilter narrows a list of lines; what is empty doesn't.
type AuditFilter struct {
	ActorKind      identity.ActorKind
	ActorID        string
	Action         string // an action, or with a dot at its end all of a noun: "user."
	Subject        string
	OrganizationID identity.OrgID
	Since          time.Time
	Until          time.Time // before
}

// AuditLog lists lines, the newest first.
func (tx *Tx) AuditLog(f AuditFilter, p Page) ([]identity.AuditEntry, int, error) {
	s := search{from: "audit_log", order: "at DESC, id DESC"}
	for _, c := range []struct{ condition, value string }{
		{"actor_kind = ?", string(f.ActorKind)},
		{"actor_id = ?", f.ActorID},
		{"subject = ?", f.Subject},
		{"organization_id = ?", string(f.OrganizationID)},
	} {
		if c.value != "" {
			s.and(c.condition, c.value)
		}
	}
	if noun, all := strings.CutSuffix(f.Action, "."); all && noun != "" {
		s.and("substr(action, 1, "+fmt.Sprint(len(f.Action))+") = ?", f.Action)
	} else if f.Action != "" {
		s.and("action = ?", f.Action)
	}
	if !f.Since.IsZero() {
		s.and("at >= ?", ms(f.Since))
	}
	if !f.Until.IsZero() {
		s.and("at < ?", ms(f.Until))
	}
	return find(tx, s, auditColumns, scanAudit(tx), p)
}

// AuditAfter lists up to limit lines of the chain behind a position, in order.
func (tx *Tx) AuditAfter(position int64, limit int) ([]identity.AuditEntry, error) {
	return all(tx, scanAudit(tx), `
		SELECT `+auditColumns+` FROM audit_log WHERE position > $1 ORDER BY position LIMIT $2`, position, limit)
}

// AuditWaiting lists up to limit lines that have no place in the chain yet.
func (tx *Tx) AuditWaiting(limit int) ([]identity.AuditEntry, error) {
	return all(tx, scanAudit(tx), `
		SELECT `+auditColumns+` FROM audit_log WHERE position IS NULL ORDER BY at, id LIMIT $1`, limit)
}

// FollowsAudit reports whether a line stands in the chain right behind another
// place.
func (tx *Tx) FollowsAudit(before AuditHead, e identity.AuditEntry) (bool, error) {
	mac, err := tx.auditMAC(e)
	if err != nil {
		return false, err
	}
	want, err := tx.auditChain(before.Chain, before.Position+1, mac)
	return e.Position == before.Position+1 && hmac.Equal([]byte(e.Chain), []byte(want)), err
}

// String is the end as a person keeps it elsewhere.
func (h AuditHead) String() string { return fmt.Sprintf("%d:%s", h.Position, h.Chain) }
