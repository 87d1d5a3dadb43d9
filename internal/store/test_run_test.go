package store_test

import (
	"errors"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestDrafts_ComeBackAndGoWithTheirConnection(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := connection(1, "acme.test")
		d := identity.ConnectionDraft{
			ConnectionID: c.ID, RevisionID: "entrev_d1", BaseRevisionID: c.LiveRevisionID, Config: c.Config, CreatedAt: at(1), UpdatedAt: at(1),
		}
		ctx := identity.WithActor(t.Context(), identity.Actor{Kind: identity.ActorUser, ID: "user_1"})
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(db.Write(ctx, func(tx *store.Tx) error {
			return first(func() error { return tx.InsertConnection(c) }, func() error { return tx.PutDraft(d) })
		}))
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.Prove(c.ID, "entrev_d1", "entrun_1", at(2)) },
				func() error { return tx.Prove(c.ID, c.LiveRevisionID, "entrun_2", at(3)) },
				func() error { return tx.Prove("entconn_other", c.LiveRevisionID, "entrun_3", at(4)) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			got, err := tx.Draft(c.ID)
			if err != nil {
				return err
			}
			want := d
			want.CreatedBy, want.UpdatedBy = identity.Actor{Kind: identity.ActorUser, ID: "user_1"}, identity.Actor{Kind: identity.ActorUser, ID: "user_1"}
			want.Proof = identity.Proof{TestRunID: "entrun_1", At: at(2)}
			equal(t, "draft", got, want)
			r, err := tx.Revision(c.LiveRevisionID)
			equal(t, "who made the revision", r.By, identity.Actor{Kind: identity.ActorUser, ID: "user_1"})
			equal(t, "what proved it", r.Proof, identity.Proof{TestRunID: "entrun_2", At: at(3)})
			equal(t, "cause", r.Cause, identity.RevisionCreated)
			return err
		})
		write(t, db, func(tx *store.Tx) error { // an edit
			d.RevisionID, d.UpdatedAt, d.BaseRevisionID = "entrev_d2", at(5), "entrev_other"
			return tx.PutDraft(d)
		})
		write(t, db, func(tx *store.Tx) error {
			got, err := tx.Draft(c.ID)
			if err != nil {
				return err
			}
			if got.RevisionID != "entrev_d2" || got.BaseRevisionID != c.LiveRevisionID || got.Proof.TestRunID != "" || !got.CreatedAt.Equal(at(1)) ||
				got.CreatedBy.ID != "user_1" || got.UpdatedBy.Kind != identity.ActorUnknown {
				t.Errorf("edited: %+v", got)
			}
			for revision, known := range map[identity.RevisionID]bool{"entrev_d1": false, "entrev_d2": true, c.LiveRevisionID: true} {
				if _, err := tx.Configuration(c.ID, revision); (err == nil) != known {
					t.Errorf("configuration %s: %v", revision, err)
				}
				if _, err := tx.Configuration("entconn_other", revision); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("configuration %s of another connection: %v", revision, err)
				}
			}
			return first(
				func() error { return is(t, "a draft that was edited", false)(tx.DeleteDraft(c.ID, "entrev_d1")) },
				func() error { return is(t, "the draft", true)(tx.DeleteDraft(c.ID, "entrev_d2")) },
				func() error { return tx.PutDraft(d) },
			)
		})
		write(t, db, func(tx *store.Tx) error { return is(t, "the connection", true)(tx.DeleteConnection(c.ID)) })
		read(t, db, func(tx *store.Tx) error {
			if _, err := tx.Draft(c.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the draft of a deleted connection: %v", err)
			}
			return nil
		})
	})
}

func TestTestRuns_GoOnlyForward(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := connection(1, "acme.test")
		run := identity.TestRun{ID: "entrun_1", ConnectionID: c.ID, RevisionID: c.LiveRevisionID, Draft: true, TicketHash: "t", ExpiresAt: at(10), CreatedAt: at(1)}
		write(t, db, func(tx *store.Tx) error {
			return first(func() error { return tx.InsertConnection(c) }, func() error { return tx.InsertTestRun(run) })
		})
		opened := run
		opened.State, opened.AttemptID, opened.BrowserHash, opened.ExpiresAt = identity.TestRunOpened, "ssoa_1", "b", at(20)
		done := opened
		done.State, done.Seen, done.TokenHash, done.FinishedAt = identity.TestRunSuccess, []byte(`{"a":1}`), "k", at(6)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error {
					return is(t, "the end of one that was not opened", false)(tx.PutTestRun(done, identity.TestRunOpened))
				},
				func() error { return is(t, "a link at its end", false)(tx.OpenTestRun(opened, at(10))) },
				func() error { return is(t, "a link", true)(tx.OpenTestRun(opened, at(5))) },
				func() error { return is(t, "a link that was opened", false)(tx.OpenTestRun(opened, at(5))) },
				func() error { return is(t, "the end", true)(tx.PutTestRun(done, identity.TestRunOpened)) },
				func() error { return is(t, "another end", false)(tx.PutTestRun(done, identity.TestRunOpened)) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			got, err := tx.TestRunByTicketHash("t")
			done.By.Kind = identity.ActorUnknown
			equal(t, "test run", got, done)
			return err
		})
		write(t, db, func(tx *store.Tx) error {
			for i := range 4 {
				r := identity.TestRun{ID: identity.TestRunID("entrun_" + string(rune('a'+i))), ConnectionID: c.ID, TicketHash: string(rune('a' + i)), ExpiresAt: at(10), CreatedAt: at(2 + i)}
				if err := tx.InsertTestRun(r); err != nil {
					return err
				}
				r.ExpiresAt = at(30 + i)
				if i > 0 {
					if _, err := tx.OpenTestRun(r, at(5)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		read(t, db, func(tx *store.Tx) error {
			for _, test := range []struct {
				now    int
				want   []store.TestRunStatus
				number int
			}{
				{20, nil, 4},
				{20, []store.TestRunStatus{store.TestRunsPending}, 3},
				{32, []store.TestRunStatus{store.TestRunsPending}, 1},
				{32, []store.TestRunStatus{store.TestRunsFailed}, 2},
				{32, []store.TestRunStatus{store.TestRunsFailed, store.TestRunsSuccess}, 3},
			} {
				list, total, err := tx.TestRuns(store.TestRunFilter{ConnectionID: c.ID, Statuses: test.want, Now: at(test.now)}, store.Page{})
				if err != nil || len(list) != test.number || total != test.number {
					t.Errorf("%v at %d: %d of %d, %v", test.want, test.now, len(list), total, err)
				}
			}
			return nil
		})
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Prune(at(100), store.Retention{Attempts: at(100).Sub(at(3))})
			if err != nil {
				return err
			}
			_, total, err := tx.TestRuns(store.TestRunFilter{ConnectionID: c.ID, Now: at(0)}, store.Page{})
			equal(t, "test runs after pruning", total, 3)
			return err
		})
	})
}

func TestConnectionsOfIssuer_AreThoseThatAreLive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := connection(1, "acme.test")
		c.Config.SAML = &identity.SAMLConfig{IDPEntityID: "https://old.test"}
		write(t, db, func(tx *store.Tx) error {
			if err := tx.InsertConnection(c); err != nil {
				return err
			}
			next := identity.ConnectionConfig{OIDC: &identity.OIDCConfig{Issuer: "https://new.test"}}
			return tx.InsertRevision(identity.ConnectionRevision{ID: "entrev_2", ConnectionID: c.ID, Config: next, CreatedAt: at(2)})
		})
		read(t, db, func(tx *store.Tx) error {
			for issuer, want := range map[string]int{"https://old.test": 0, "https://new.test": 1, "": 0} {
				if list, err := tx.ConnectionsOfIssuer(issuer, 10); err != nil || len(list) != want {
					t.Errorf("of %q: %d, %v", issuer, len(list), err)
				}
			}
			return nil
		})
	})
}
