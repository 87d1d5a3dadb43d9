package store_test

import (
	"errors"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestChanges_ReportWhetherTheirPreconditionHeld(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		u, o, c := user(1), organization(1), connection(1, "acme.test")
		s, si := session(1, "client_1", u.ID), signIn(1, "client_1")
		su := identity.SignUp{ID: "sua_1", ClientID: "client_1", Status: identity.SignUpMissingRequirements}
		request := identity.PendingRequest{RelayHash: "relay", ExpiresAt: at(10)}
		verdict := identity.Verdict{NonceHash: "nonce", ExpiresAt: at(10)}
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertOrganization(o) },
				func() error { return tx.InsertConnection(c) },
				func() error { return tx.InsertSession(s) },
				func() error { return tx.InsertSession(session(2, "client_2", u.ID)) },
				func() error { return tx.InsertSignIn(si) },
				func() error { return tx.InsertSignUp(su) },
				func() error { return tx.InsertClient(identity.Client{ID: "client_1", TokenHash: "one"}) },
				func() error { return tx.InsertPendingRequest(request) },
				func() error { return tx.InsertVerdict(verdict) },
				func() error { return tx.InsertSecretKey(identity.SecretKey{ID: "key_1", Hash: "h"}) },
				func() error { return tx.InsertSigningKey(identity.SigningKey{ID: "kid_1"}) },
				func() error { return tx.InsertConnectionKey(identity.ConnectionKey{ID: "spk_1", ConnectionID: c.ID}) },
			)
		})
		other := func(m identity.Membership) identity.Membership { m.ID = "orgmem_other"; return m }
		m, a := membership(1, o.ID, u.ID, identity.RoleMember), account(1, c.ID, u.ID)
		sameSubject, sameUser := a, a
		sameSubject.ID, sameSubject.UserID = "eac_2", "user_2"
		sameUser.ID, sameUser.Subject = "eac_3", "another"
		write(t, db, func(tx *store.Tx) error {
			step := func(what string, want bool, change func() (bool, error)) func() error {
				return func() error { return is(t, what, want)(change()) }
			}
			return first(
				step("a first member", true, func() (bool, error) { return tx.InsertMembership(m) }),
				step("a member again", false, func() (bool, error) { return tx.InsertMembership(other(m)) }),
				step("a first account", true, func() (bool, error) { return tx.InsertAccount(a) }),
				step("another user's account of the same subject", false, func() (bool, error) { return tx.InsertAccount(sameSubject) }),
				step("a second account of a user", false, func() (bool, error) { return tx.InsertAccount(sameUser) }),
				step("a first enrollment", true, func() (bool, error) {
					return tx.InsertEnrollment(identity.Enrollment{OrganizationID: o.ID, UserID: u.ID, DomainID: "orgdmn_1"})
				}),
				step("a second one", false, func() (bool, error) {
					return tx.InsertEnrollment(identity.Enrollment{OrganizationID: o.ID, UserID: u.ID, DomainID: "orgdmn_2"})
				}),
				step("an unused request", true, func() (bool, error) { return tx.UsePendingRequest("relay", at(1)) }),
				step("a used request", false, func() (bool, error) { return tx.UsePendingRequest("relay", at(1)) }),
				step("a verdict at its end", false, func() (bool, error) { return tx.UseVerdict("nonce", at(10)) }),
				step("an unused verdict", true, func() (bool, error) { return tx.UseVerdict("nonce", at(9)) }),
				step("a used verdict", false, func() (bool, error) { return tx.UseVerdict("nonce", at(9)) }),
				step("no verdict", false, func() (bool, error) { return tx.UseVerdict("other", at(9)) }),
				step("a fresh assertion", true, func() (bool, error) { return tx.UseAssertion(c.ID, "_1", at(10)) }),
				step("a replayed assertion", false, func() (bool, error) { return tx.UseAssertion(c.ID, "_1", at(10)) }),
				step("the same id at another connection", true, func() (bool, error) { return tx.UseAssertion("entconn_2", "_1", at(10)) }),
				step("a live session", true, func() (bool, error) { return tx.EndSession(s.ID, identity.SessionRevoked, at(5)) }),
				step("an ended session", false, func() (bool, error) { return tx.EndSession(s.ID, identity.SessionRemoved, at(6)) }),
				step("a sign-in under way", true, func() (bool, error) { return tx.CompleteSignIn(si.ID, s.ID, at(5)) }),
				step("a complete sign-in", false, func() (bool, error) { return tx.CompleteSignIn(si.ID, "sess_2", at(6)) }),
				step("a sign-up under way", true, func() (bool, error) { return tx.CompleteSignUp(su.ID, u.ID, s.ID, at(5)) }),
				step("a complete sign-up", false, func() (bool, error) { return tx.CompleteSignUp(su.ID, u.ID, s.ID, at(6)) }),
				step("a good key", true, func() (bool, error) { return tx.RevokeSecretKey("key_1", at(5)) }),
				step("a revoked key", false, func() (bool, error) { return tx.RevokeSecretKey("key_1", at(6)) }),
				step("a signing key in use", true, func() (bool, error) { return tx.RetireSigningKey("kid_1", at(7)) }),
				step("a retired signing key, later", false, func() (bool, error) { return tx.RetireSigningKey("kid_1", at(8)) }),
				step("a retired signing key, sooner", true, func() (bool, error) { return tx.RetireSigningKey("kid_1", at(5)) }),
				step("a connection's key in use", true, func() (bool, error) { return tx.RetireConnectionKey("spk_1", at(5)) }),
				step("a connection's retired key", false, func() (bool, error) { return tx.RetireConnectionKey("spk_1", at(6)) }),
				step("a first instance", true, func() (bool, error) { return tx.InsertInstance(identity.Instance{ID: "ins_1"}) }),
				step("a second instance", false, func() (bool, error) { return tx.InsertInstance(identity.Instance{ID: "ins_2"}) }),
				step("a member to remove", true, func() (bool, error) { return tx.DeleteMembership(o.ID, u.ID) }),
				step("a removed member", false, func() (bool, error) { return tx.DeleteMembership(o.ID, u.ID) }),
			)
		})
		read(t, db, func(tx *store.Tx) error {
			got, err := tx.Session(s.ID)
			if got.Status != identity.SessionRevoked {
				t.Errorf("an ended session: got %s, want the first status", got.Status)
			}
			if _, err := tx.SecretKeyByHash("h"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a revoked secret key: got %v, want ErrNotFound", err)
			}
			if keys, err := tx.ConnectionKeys(c.ID); len(keys) != 0 || err != nil {
				t.Errorf("retired keys of a connection: got %d, %v, want none", len(keys), err)
			}
			return err
		})
		write(t, db, func(tx *store.Tx) error {
			s.Status = identity.SessionActive
			if err := tx.UpdateSession(s); err != nil {
				return err
			}
			if got, err := tx.Session(s.ID); got.Status != identity.SessionRevoked || err != nil {
				t.Errorf("a session that was ended came back to life: %s, %v", got.Status, err)
			}
			if n, err := tx.EndSessionsOfUser(u.ID, identity.SessionEnded, at(9)); n != 1 || err != nil {
				t.Errorf("live sessions of the user: got %d, %v, want 1", n, err)
			}
			if n, err := tx.CountCodeTry(si.ID, at(7)); n != 2 || err != nil {
				t.Errorf("tries: got %d, %v, want 2", n, err)
			}
			if n, err := tx.DeleteSigningKeysRetiredBefore(at(5)); n != 0 || err != nil {
				t.Errorf("keys retired before their time: got %d, %v, want 0", n, err)
			}
			if n, err := tx.DeleteSigningKeysRetiredBefore(at(6)); n != 1 || err != nil {
				t.Errorf("retired keys: got %d, %v, want 1", n, err)
			}
			return nil
		})
	})
}

func TestUniqueValues_AreConflictsWhenTaken(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ada, bob := user(1), user(2)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(ada) },
				func() error { return tx.InsertUser(bob) },
				func() error { return tx.InsertUser(identity.User{ID: "user_3"}) },
				func() error { return tx.InsertUser(identity.User{ID: "user_4"}) }, // both without the unique values
				func() error { return tx.InsertOrganization(organization(1)) },
				func() error { return tx.InsertOrganization(identity.Organization{ID: "org_2"}) },
				func() error { return tx.InsertOrganization(identity.Organization{ID: "org_3"}) },
				func() error { return tx.InsertEmailAddress(email(1, ada.ID, "a@b.test", identity.Verified)) },
				func() error { return tx.InsertEmailAddress(email(2, bob.ID, "a@b.test", identity.Unverified)) },
				func() error {
					return tx.InsertOrganizationDomain(identity.OrganizationDomain{ID: "orgdmn_1", OrganizationID: "org_2", Name: "b.test", EnrollmentMode: identity.EnrollmentSSO, Verified: true})
				},
				func() error {
					return tx.InsertOrganizationDomain(identity.OrganizationDomain{ID: "orgdmn_2", OrganizationID: "org_3", Name: "b.test", EnrollmentMode: identity.EnrollmentSSO})
				},
			)
		})
		for what, change := range map[string]func(tx *store.Tx) error{
			"external id": func(tx *store.Tx) error {
				return tx.InsertUser(identity.User{ID: "user_5", ExternalID: ada.ExternalID})
			},
			"username": func(tx *store.Tx) error {
				bob.Username = ada.Username
				return tx.UpdateUser(bob)
			},
			"slug": func(tx *store.Tx) error {
				return tx.InsertOrganization(identity.Organization{ID: "org_4", Slug: "org-1"})
			},
			"an address of one's own, twice": func(tx *store.Tx) error {
				return tx.InsertEmailAddress(email(3, ada.ID, "a@b.test", identity.Unverified))
			},
			"another's verified address": func(tx *store.Tx) error {
				return tx.InsertEmailAddress(email(4, "user_3", "a@b.test", identity.Verified))
			},
			"an address that another verifies": func(tx *store.Tx) error {
				return tx.UpdateEmailAddress(email(2, bob.ID, "a@b.test", identity.Verified))
			},
			"another's verified domain": func(tx *store.Tx) error {
				return tx.InsertOrganizationDomain(identity.OrganizationDomain{ID: "orgdmn_3", OrganizationID: "org_3", Name: "b.test", Verified: true})
			},
		} {
			if err := db.Write(t.Context(), change); !errors.Is(err, store.ErrConflict) {
				t.Errorf("%s: got %v, want ErrConflict", what, err)
			}
		}
	})
}

func TestDeleteUser_TakesWhatIsTheirs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		u, o := user(1), organization(1)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertOrganization(o) },
				func() error { _, err := tx.InsertMembership(membership(1, o.ID, u.ID, identity.RoleAdmin)); return err },
				func() error { _, err := tx.InsertAccount(account(1, "entconn_1", u.ID)); return err },
				func() error { return tx.InsertEmailAddress(email(1, u.ID, "a@b.test", identity.Verified)) },
				func() error { return tx.InsertSession(session(1, "client_1", u.ID)) },
				func() error { return is(t, "DeleteUser", true)(tx.DeleteUser(u.ID)) },
				func() error { return is(t, "DeleteUser again", false)(tx.DeleteUser(u.ID)) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			for _, table := range []string{"email_addresses", "memberships", "enterprise_accounts", "sessions"} {
				if left, err := tx.Texts(`SELECT id FROM ` + table); len(left) != 0 || err != nil {
					t.Errorf("%s: %d rows left, %v", table, len(left), err)
				}
			}
			return nil
		})
	})
}

func TestLease_IsOneHoldersUntilItRunsOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, step := range []struct {
			what   string
			holder string
			now    int
			until  int
			want   bool
		}{
			{"free", "a", 0, 10, true},
			{"another's", "b", 9, 20, false},
			{"one's own, renewed", "a", 9, 15, true},
			{"still another's", "b", 14, 20, false},
			{"run out", "b", 15, 25, true},
			{"lost", "a", 16, 25, false},
		} {
			write(t, db, func(tx *store.Tx) error {
				return is(t, step.what, step.want)(tx.TakeLease("prune", step.holder, at(step.now), at(step.until)))
			})
		}
	})
}

func TestOutbox_GivesARowToOneUntilItsLeaseRunsOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		claim := func(now, limit int) (ids []identity.MailID) {
			t.Helper()
			write(t, db, func(tx *store.Tx) error {
				ids = nil
				rows, err := tx.ClaimOutbox(at(now), 30*time.Second, limit)
				for _, r := range rows {
					ids = append(ids, r.ID)
				}
				return err
			})
			return ids
		}
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertMailOutbox(identity.Mail{ID: "mail_1", CreatedAt: at(1)}) },
				func() error { return tx.InsertMailOutbox(identity.Mail{ID: "mail_3", CreatedAt: at(3)}) },
				func() error { return tx.InsertMailOutbox(identity.Mail{ID: "mail_2", CreatedAt: at(2)}) },
				func() error { return is(t, "OutboxDue before", false)(tx.OutboxDue(at(0))) },
				func() error { return is(t, "OutboxDue", true)(tx.OutboxDue(at(1))) },
			)
		})
		equal(t, "before their time", claim(0, 10), []identity.MailID(nil))
		equal(t, "the oldest first", claim(5, 2), []identity.MailID{"mail_1", "mail_2"})
		equal(t, "what is left", claim(5, 10), []identity.MailID{"mail_3"})
		equal(t, "all taken", claim(6, 10), []identity.MailID(nil))
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.DoneOutbox("mail_1") },
				func() error { return tx.RetryOutbox("mail_2", at(7), "no route") },
			)
		})
		write(t, db, func(tx *store.Tx) error {
			rows, err := tx.ClaimOutbox(at(7), time.Minute, 10)
			if len(rows) != 1 || rows[0].ID != "mail_2" || rows[0].Tries != 2 || rows[0].LastError != "no route" {
				t.Errorf("a retried row: got %+v", rows)
			}
			return err
		})
		equal(t, "the lease has run out", claim(35, 10), []identity.MailID{"mail_3"})
	})
}

func TestPrune_RemovesOnlyWhatIsOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const hour = 3600
		u := user(1)
		write(t, db, func(tx *store.Tx) error {
			steps := []func() error{
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertAttempt(attempt(1)) },
				func() error { return tx.InsertAttempt(attempt(2 * hour)) },
				func() error {
					return tx.PutEvidence(identity.Evidence{AttemptID: attempt(1).ID, ExpiresAt: at(hour - 1)})
				},
				func() error {
					return tx.InsertClient(identity.Client{ID: "client_old", TokenHash: "1", UpdatedAt: at(1)})
				},
				func() error {
					return tx.InsertClient(identity.Client{ID: "client_used", TokenHash: "2", UpdatedAt: at(1)})
				},
				func() error { return tx.InsertSession(session(3*hour, "client_used", u.ID)) },
				func() error { return tx.InsertSignIn(signIn(1, "client_old")) },
			}
			for i := range 2 { // threat T-DOS-17: also where there is no mail server to take them
				m := identity.Mail{ID: identity.MailID(string(rune('a' + i))), To: "ada@acme.test", CreatedAt: at(1 + i*hour)}
				steps = append(steps,
					func() error { return tx.InsertMailOutbox(m) },
					func() error { return tx.InsertMailbox(m) },
				)
			}
			for i, expires := range []int{0, hour / 2, 2 * hour} {
				name := string(rune('a' + i))
				steps = append(steps,
					func() error { _, err := tx.UseAssertion("entconn_1", name, at(expires)); return err },
					func() error {
						return tx.InsertPendingRequest(identity.PendingRequest{RelayHash: name, ExpiresAt: at(expires)})
					},
					func() error { return tx.InsertVerdict(identity.Verdict{NonceHash: name, ExpiresAt: at(expires)}) },
					func() error { _, err := tx.Count(name, at(expires), 1); return err },
				)
			}
			return first(steps...)
		})
		var report store.PruneReport
		write(t, db, func(tx *store.Tx) (err error) {
			report, err = tx.Prune(at(hour+2), store.Retention{Attempts: time.Hour, Clients: time.Hour, Mail: time.Hour})
			return err
		})
		// One each of assertions, requests, verdicts, evidence, attempts, clients and mails unsent and kept.
		if want := (store.PruneReport{Removed: 8}); report != want {
			t.Errorf("got %+v, want %+v", report, want)
		}
		write(t, db, func(tx *store.Tx) (err error) {
			report, err = tx.Prune(at(48*hour), store.Retention{
				Attempts: time.Hour, SignIns: time.Hour, Sessions: time.Hour, Clients: time.Hour, RateCounters: time.Hour,
			})
			return err
		})
		// Two each of assertions, requests and verdicts; attempt, sign-in, session, client, three counters.
		if want := (store.PruneReport{Removed: 13}); report != want {
			t.Errorf("got %+v, want %+v", report, want)
		}
		write(t, db, func(tx *store.Tx) (err error) {
			for i := range 501 {
				if _, err := tx.Count("c", at(i), 1); err != nil {
					return err
				}
			}
			report, err = tx.Prune(at(48*hour), store.Retention{RateCounters: time.Hour})
			return err
		})
		if want := (store.PruneReport{Removed: 500, More: true}); report != want {
			t.Errorf("a batch: got %+v, want %+v", report, want)
		}
	})
}
