package manage

import (
	"context"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// restorePause is how long a provider's metadata is left alone after an earlier
// revision was restored: it may be what was wrong. Ours.
const restorePause = 24 * time.Hour

// RevisionView is a revision of a connection in its history.
type RevisionView struct {
	identity.ConnectionRevision
	Live    bool
	Changes []SettingChange // from the revision before
}

// Revisions lists the configurations that a connection has had live, the newest
// first.
func (s *Service) Revisions(ctx context.Context, id identity.ConnectionID, p Page) (list []RevisionView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		if p.Limit <= 0 || p.Limit > maxRevisions {
			p.Limit = maxRevisions
		}
		p.Limit++ // the one before the last tells what that changed
		revisions, n, err := tx.RevisionsPage(id, p)
		if err != nil {
			return err
		}
		total = n
		for i, r := range revisions {
			if i == p.Limit-1 {
				break
			}
			v := RevisionView{ConnectionRevision: r, Live: r.ID == c.LiveRevisionID}
			if i+1 < len(revisions) {
				before := revisions[i+1]
				v.Changes = compare(c.Configured(before.ID, before.Config), c.Configured(r.ID, r.Config))
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

// maxRevisions is how many revisions a list has at most: each may hold metadata of
// megabytes. Ours.
const maxRevisions = 50

// CompareRevisions says what differs from one configuration of a connection to
// another: revisions, or the draft.
func (s *Service) CompareRevisions(ctx context.Context, id identity.ConnectionID, from, to identity.RevisionID) (list []SettingChange, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		var sides [2]identity.Connection
		for i, side := range []identity.RevisionID{from, to} {
			config, err := tx.Configuration(id, side)
			if err != nil {
				return store.Missing(err, fault.New(fault.NotFound, "resource", "revision"))
			}
			sides[i] = c.Configured(side, config)
		}
		list = compare(sides[0], sides[1])
		return nil
	})
	return list, err
}

// Restoration is an earlier revision as somebody wants it back.
type Restoration struct {
	Revision identity.RevisionID

	// Live is what was live when that was decided; empty: whatever is.
	Live identity.RevisionID
}

// RestoreRevision makes an earlier configuration live again, as a new revision: the
// history only grows. It asks for no test run and minds no finding, for it is the
// way out of trouble; only what keeps a connection from being switched on, or
// another organization's domain, stands in the way. The draft stays.
func (s *Service) RestoreRevision(ctx context.Context, id identity.ConnectionID, r Restoration) (after identity.Connection, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		if r.Live != "" && c.LiveRevisionID != r.Live {
			return fault.New(fault.ConnectionDraftChanged)
		}
		old, err := tx.Revision(r.Revision)
		if err != nil || old.ConnectionID != id {
			if err == nil {
				err = store.ErrNotFound
			}
			return store.Missing(err, fault.New(fault.NotFound, "resource", "revision"))
		}
		if after = c; old.ID == c.LiveRevisionID {
			return nil
		}
		now := s.Now()
		after, err = s.makeLive(tx, c, identity.ConnectionRevision{
			ID: identity.NewID[identity.RevisionID](now), ConnectionID: id, Config: old.Config,
			Cause: identity.RevisionRestored, RestoredFrom: old.ID, Proof: old.Proof, CreatedAt: now,
		})
		return err
	})
	return after, err
}
