package manage

import (
	"context"

	"usher/internal/policy"
	"usher/internal/store"
)

// CallKind names calls of which there may be only so many an hour.
type CallKind = policy.CallKind

// The kinds. Surfaces name them here.
const (
	CallInvite                   = policy.CallInvite
	CallInviteBulk               = policy.CallInviteBulk
	CallInviteToOrganization     = policy.CallInviteToOrganization
	CallInviteToOrganizationBulk = policy.CallInviteToOrganizationBulk
)

// CountCall counts a call and refuses it where there have been too many within the
// hour. The count is in the database: all nodes share it. It is a transaction of its
// own, so that what the call comes to makes no difference; a refused call is not
// counted.
func (s *Service) CountCall(ctx context.Context, kind CallKind) error {
	now := s.Now()
	name := "calls:" + string(kind)
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		calls, err := tx.Counted(name, kind.Most())
		if err != nil {
			return err
		}
		if denied := policy.Call(policy.CallFacts{Now: now, Kind: kind, Calls: calls}).Denied; denied != nil {
			return denied
		}
		_, err = tx.Count(name, now, 1)
		return err
	})
}
