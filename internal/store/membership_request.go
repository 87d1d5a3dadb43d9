package store

import (
	"time"

	"usher/internal/identity"
)

const requestColumns = `id, organization_id, user_id, suggestion_id, status, created_at, updated_at`

func scanRequest(row scanner) (r identity.MembershipRequest, err error) {
	err = row.Scan(&r.ID, &r.OrganizationID, &r.UserID, &r.SuggestionID, oneOf(&r.Status, identity.RequestStatuses()...),
		(*milliseconds)(&r.CreatedAt), (*milliseconds)(&r.UpdatedAt))
	return r, err
}

// MembershipRequest returns a request to join an organization.
func (tx *Tx) MembershipRequest(org identity.OrgID, id identity.MembershipRequestID) (identity.MembershipRequest, error) {
	return one(tx, scanRequest, `
		SELECT `+requestColumns+` FROM membership_requests WHERE id = $1 AND organization_id = $2`, id, org)
}

// MembershipRequests lists the requests to join an organization, the newest first;
// of these states if any are named.
func (tx *Tx) MembershipRequests(org identity.OrgID, statuses []identity.RequestStatus, p Page) ([]identity.MembershipRequest, int, error) {
	s := search{from: "membership_requests", order: "created_at DESC, id DESC"}
	s.and("organization_id = ?", org)
	andIn(&s, "status IN (?)", statuses)
	return find(tx, s, requestColumns, scanRequest, p)
}

// InsertMembershipRequest adds a request. The error is ErrConflict when the person
// waits for an answer of the organization already.
func (tx *Tx) InsertMembershipRequest(r identity.MembershipRequest) error {
	_, err := tx.exec(`
		INSERT INTO membership_requests (id, organization_id, user_id, suggestion_id, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.OrganizationID, r.UserID, r.SuggestionID, r.Status, ms(r.CreatedAt), ms(r.UpdatedAt))
	return err
}

// SettleMembershipRequest decides a request and reports whether it was pending.
func (tx *Tx) SettleMembershipRequest(id identity.MembershipRequestID, to identity.RequestStatus, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE membership_requests SET status = $2, updated_at = $3 WHERE id = $1 AND status = 'pending'`, id, to, ms(now))
}
