package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// recordAll lets a database tell one endpoint everything, by type and subject, and
// of users their first name.
func recordAll(t *testing.T, dbs ...*store.DB) {
	t.Helper()
	for _, db := range dbs {
		db.Record(store.Recorder{
			Now: func() time.Time { return at(50) },
			Describe: func(tx *store.Tx, e identity.Event) (json.RawMessage, error) {
				name := ""
				if e.Type.Object() == "user" {
					u, err := tx.User(identity.UserID(e.Subject))
					if err != nil {
						return nil, err
					}
					name = u.FirstName
				}
				return json.Marshal(name)
			},
		})
	}
	write(t, dbs[0], func(tx *store.Tx) error {
		return tx.InsertEndpoint(identity.Endpoint{ID: "ep_1", URL: "https://customer.test", CreatedAt: at(1)})
	})
}

// told are the events in the order of one endpoint's deliveries.
func told(t *testing.T, db *store.DB) string {
	t.Helper()
	var list []string
	read(t, db, func(tx *store.Tx) (err error) {
		list, err = tx.Texts(`
			SELECT d.type || ' ' || d.subject FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
			ORDER BY d.sort, d.position`)
		return err
	})
	return strings.Join(list, ", ")
}

// Behaviour 6.B: each change of a noun is told with it, once a transaction, as it
// is at the end of it.
func TestEvents_AreWrittenByTheChangesThemselves(t *testing.T) {
	t.Parallel()
	u, o, c := user(1), organization(1), connection(1)
	m, a, e := membership(1, o.ID, u.ID, identity.RoleMember), account(1, c.ID, u.ID), email(1, u.ID, "a@b.test", identity.Verified)
	s := session(1, "client_1", u.ID)
	d := identity.OrganizationDomain{ID: "orgdmn_1", OrganizationID: o.ID, Name: "a.test", EnrollmentMode: identity.EnrollmentManual}
	invitation := identity.OrganizationInvitation{
		ID: "orginv_1", OrganizationID: o.ID, Email: "c@b.test", Role: identity.RoleMember, Status: identity.InvitationPending,
		ExpiresAt: at(9), CreatedAt: at(1), UpdatedAt: at(1),
	}
	listed := d
	listed.ID, listed.Name = "orgdmn_2", "b.test"
	const from, role, permission = identity.RoleID(identity.RoleMember), identity.RoleID("role_1"), "perm_1"
	name := func(t string, id any) string { return fmt.Sprint(t, " ", id) }
	tests := map[string]struct {
		change func(*store.Tx) error
		want   []string
	}{
		"a domain that is looked at, or tried, is no news": {
			func(tx *store.Tx) error {
				looked := listed
				looked.Ownership.Attempts, looked.Affiliation.Code.Tries, looked.UpdatedAt = 3, 2, at(9)
				return tx.UpdateOrganizationDomain(looked)
			},
			nil,
		},
		"a domain that is proved was updated": {
			func(tx *store.Tx) error {
				proved := listed
				proved.Ownership.VerifiedAt = at(9)
				return tx.UpdateOrganizationDomain(proved)
			},
			[]string{name("organizationDomain.updated", listed.ID)},
		},
		"a user who is made, with an address and an account, was made": {
			func(tx *store.Tx) error {
				return first(
					func() error { return tx.InsertUser(user(2)) },
					func() error { return tx.InsertEmailAddress(email(2, user(2).ID, "c@d.test", identity.Verified)) },
					func() error { _, err := tx.InsertAccount(account(2, c.ID, user(2).ID)); return err },
				)
			},
			[]string{name("user.created", user(2).ID)},
		},
		"a user who changed twice has changed": {
			func(tx *store.Tx) error {
				return first(func() error { return tx.UpdateUser(u) }, func() error { return tx.UpdateUser(u) })
			},
			[]string{name("user.updated", u.ID)},
		},
		"an address that changed is its user's change": {
			func(tx *store.Tx) error { return tx.UpdateEmailAddress(e) }, []string{name("user.updated", u.ID)},
		},
		"an address that went is its user's change": {
			func(tx *store.Tx) error { _, err := tx.DeleteEmailAddress(e.ID); return err }, []string{name("user.updated", u.ID)},
		},
		"an account that was refreshed is its user's change": {
			func(tx *store.Tx) error { return tx.UpdateAccount(a) }, []string{name("user.updated", u.ID)},
		},
		"an account that went is its user's change": {
			func(tx *store.Tx) error { _, err := tx.DeleteAccount(a.ID); return err }, []string{name("user.updated", u.ID)},
		},
		"an account that was there already is nobody's change": {
			func(tx *store.Tx) error { _, err := tx.InsertAccount(a); return err }, nil,
		},
		"a user who went": {
			func(tx *store.Tx) error {
				return first(func() error { return tx.UpdateUser(u) }, func() error { _, err := tx.DeleteUser(u.ID); return err })
			},
			[]string{name("user.deleted", u.ID)},
		},
		"nobody who went": {func(tx *store.Tx) error { _, err := tx.DeleteUser("user_none"); return err }, nil},
		"an organization": {
			func(tx *store.Tx) error { return tx.UpdateOrganization(o) }, []string{name("organization.updated", o.ID)},
		},
		"an organization that went": {
			func(tx *store.Tx) error { _, err := tx.DeleteOrganization(o.ID); return err }, []string{name("organization.deleted", o.ID)},
		},
		"a membership": {
			func(tx *store.Tx) error { return tx.UpdateMembership(m) }, []string{name("organizationMembership.updated", m.ID)},
		},
		"a membership that ended": {
			func(tx *store.Tx) error { _, err := tx.DeleteMembership(o.ID, u.ID); return err },
			[]string{name("organizationMembership.deleted", m.ID)},
		},
		"no membership that ended": {
			func(tx *store.Tx) error { _, err := tx.DeleteMembership(o.ID, "user_none"); return err }, nil,
		},
		"a domain": {
			func(tx *store.Tx) error {
				return first(func() error { return tx.InsertOrganizationDomain(d) }, func() error { _, err := tx.DeleteOrganizationDomain(d.ID); return err })
			},
			[]string{name("organizationDomain.deleted", d.ID)},
		},
		"a session that is used": {func(tx *store.Tx) error { return tx.UpdateSession(s) }, nil},
		"a session that was revoked": {
			func(tx *store.Tx) error { _, err := tx.EndSession(s.ID, identity.SessionRevoked, at(3)); return err },
			[]string{name("session.revoked", s.ID)},
		},
		"a session that was replaced has ended": {
			func(tx *store.Tx) error { _, err := tx.EndSession(s.ID, identity.SessionReplaced, at(3)); return err },
			[]string{name("session.ended", s.ID)},
		},
		"all sessions of a user": {
			func(tx *store.Tx) error {
				_, err := tx.EndSessionsOfUser(u.ID, identity.SessionRevoked, at(3))
				return err
			},
			[]string{name("session.revoked", s.ID)},
		},
		"a session that waits for a choice": {
			func(tx *store.Tx) error {
				p := session(2, "client_2", u.ID)
				p.Status = identity.SessionPending
				return tx.InsertSession(p)
			},
			[]string{name("session.pending", session(2, "client_2", u.ID).ID)},
		},
		"a new role and what it may allow": {
			func(tx *store.Tx) error {
				return first(
					func() error {
						return tx.InsertPermission(identity.DefinedPermission{ID: "perm_new", Key: "org:new:read", CreatedAt: at(1), UpdatedAt: at(1)})
					},
					func() error {
						return tx.InsertRole(identity.Role{ID: "role_new", Key: "org:new", CreatedAt: at(1), UpdatedAt: at(1)})
					},
				)
			},
			[]string{"permission.created perm_new", "role.created role_new"},
		},
		"a role that changed": {
			func(tx *store.Tx) error {
				return tx.UpdateRole(identity.Role{ID: role, Key: "org:colleague", UpdatedAt: at(2)})
			},
			[]string{"role.updated " + string(role)},
		},
		"a role that went": {
			func(tx *store.Tx) error { _, err := tx.DeleteRole(role); return err }, []string{"role.deleted " + string(role)},
		},
		"a permission that changed": {
			func(tx *store.Tx) error {
				return tx.UpdatePermission(identity.DefinedPermission{ID: permission, Key: "org:invoices:write", UpdatedAt: at(2)})
			},
			[]string{"permission.updated " + permission},
		},
		"a permission that went": {
			func(tx *store.Tx) error { _, err := tx.DeletePermission(permission); return err }, []string{"permission.deleted " + permission},
		},
		"an invitation": {
			func(tx *store.Tx) error {
				other := invitation
				other.ID, other.Email = "orginv_2", "d@b.test"
				return tx.InsertOrganizationInvitation(other)
			},
			[]string{"organizationInvitation.created orginv_2"},
		},
		"an invitation that was accepted": {
			func(tx *store.Tx) error {
				_, err := tx.SettleInvitation(invitation.ID, identity.InvitationAccepted, u.ID, at(3))
				return err
			},
			[]string{name("organizationInvitation.accepted", invitation.ID)},
		},
		"an invitation that was revoked": {
			func(tx *store.Tx) error {
				_, err := tx.SettleInvitation(invitation.ID, identity.InvitationRevoked, "", at(3))
				return err
			},
			[]string{name("organizationInvitation.revoked", invitation.ID)},
		},
		"an invitation that had expired": {
			func(tx *store.Tx) error {
				_, err := tx.SettleInvitation(invitation.ID, identity.InvitationRevoked, "", at(9))
				return err
			},
			nil,
		},
		"members who are given another role together": {
			func(tx *store.Tx) error {
				n, err := tx.MoveMembers(store.RoleMove{Organization: o.ID, From: from, To: role, Most: 9}, at(3))
				if err == nil && n != 1 {
					err = fmt.Errorf("%d members moved", n)
				}
				return err
			},
			[]string{name("organizationMembership.updated", m.ID)},
		},
		"an organization that is given another role set": {
			func(tx *store.Tx) error { return tx.MoveToRoleSet(o.ID, "roleset_2", at(3)) }, []string{name("organization.updated", o.ID)},
		},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				write(t, db, func(tx *store.Tx) error {
					return first(
						func() error {
							return tx.InsertRole(identity.Role{ID: role, Key: "org:guest", CreatedAt: at(1), UpdatedAt: at(1)})
						},
						func() error {
							return tx.InsertPermission(identity.DefinedPermission{ID: permission, Key: "org:invoices:read", CreatedAt: at(1), UpdatedAt: at(1)})
						},
						func() error { return tx.InsertUser(u) },
						func() error { return tx.InsertOrganization(o) },
						func() error { _, err := tx.InsertMembership(m); return err },
						func() error { return tx.InsertEmailAddress(e) },
						func() error { _, err := tx.InsertAccount(a); return err },
						func() error { return tx.InsertSession(s) },
						func() error { return tx.InsertOrganizationDomain(listed) },
						func() error { return tx.InsertOrganizationInvitation(invitation) },
					)
				})
				recordAll(t, db)
				write(t, db, test.change)
				if got, want := told(t, db), strings.Join(test.want, ", "); got != want {
					t.Errorf("told: %s; want %s", got, want)
				}
			})
		})
	}
}

func TestEvents_AreOfOnePieceWithTheirCause(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		recordAll(t, db)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertUser(user(1)); err != nil {
				return err
			}
			return errors.New("no")
		})
		if got := told(t, db); err == nil || got != "" {
			t.Errorf("told of what did not happen: %s, %v", got, err)
		}
	})
}

func TestEvents_WithoutAnEndpointNothingIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		recordAll(t, db)
		write(t, db, func(tx *store.Tx) error { _, err := tx.DeleteEndpoint("ep_1"); return err })
		write(t, db, func(tx *store.Tx) error { return tx.InsertUser(user(1)) })
		read(t, db, func(tx *store.Tx) error {
			kept, err := tx.Texts(`SELECT id FROM events`)
			equal(t, "events", kept, []string(nil))
			return err
		})
	})
}

// Threat T-OPS-15: what two nodes do to one thing at once is told in the order in
// which it happened.
func TestEvents_OfOneThingAreInOrderFromTwoNodes(t *testing.T) {
	t.Parallel()
	a, b := storetest.Two(t)
	recordAll(t, a, b)
	write(t, a, func(tx *store.Tx) error { return tx.InsertUser(user(1)) })
	var wg sync.WaitGroup
	for _, db := range []*store.DB{a, b} {
		for range 10 {
			wg.Go(func() {
				write(t, db, func(tx *store.Tx) error {
					u, err := tx.User(user(1).ID)
					if err != nil {
						return err
					}
					u.FirstName += "+"
					return tx.UpdateUser(u)
				})
			})
		}
	}
	wg.Wait()
	read(t, a, func(tx *store.Tx) error {
		names, err := tx.Texts(`SELECT data FROM events ORDER BY position`)
		if len(names) != 21 {
			t.Errorf("%d events, want 21", len(names))
		}
		for i, n := range names {
			if want := `"` + user(1).FirstName + strings.Repeat("+", i) + `"`; n != want {
				t.Errorf("event %d: got %s, want %s", i, n, want)
			}
		}
		return err
	})
}

// Threat T-SEC-07 and T-SEC-12: they are not kept for ever.
func TestEvents_ArePruned(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		recordAll(t, db)
		write(t, db, func(tx *store.Tx) error { return tx.InsertUser(user(1)) })
		prune := func(after time.Duration) string {
			write(t, db, func(tx *store.Tx) error {
				_, err := tx.Prune(at(50).Add(after), store.Retention{Events: time.Hour})
				return err
			})
			return told(t, db)
		}
		if got := prune(time.Hour); got == "" {
			t.Error("removed too early")
		}
		if got := prune(time.Hour + time.Millisecond); got != "" {
			t.Errorf("left: %s", got)
		}
	})
}

// Threats T-SEC-01 and T-SEC-07: what mails say is sealed, and kept for a shorter
// time.
func TestEvents_OfMailsAreSealedAndGoSooner(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const canary = "canary-7f3a"
		recordAll(t, db)
		write(t, db, func(tx *store.Tx) error {
			data, err := json.Marshal(canary)
			if err != nil {
				return err
			}
			return first(
				func() error { return tx.InsertUser(user(1)) },
				func() error {
					return tx.Record(identity.Event{Type: identity.EmailCreated, Subject: "mail_1", Data: data})
				},
			)
		})
		read(t, db, func(tx *store.Tx) error {
			raw, err := tx.Texts(`SELECT data FROM events WHERE type = 'email.created'`)
			if err != nil || len(raw) != 1 || !strings.HasPrefix(raw[0], "sealed1.") {
				t.Errorf("at rest: %q, %v", raw, err)
			}
			ids, err := tx.Texts(`SELECT id FROM events WHERE type = 'email.created'`)
			if err != nil {
				return err
			}
			e, err := tx.Event(identity.EventID(ids[0]))
			if string(e.Data) != `"`+canary+`"` {
				t.Errorf("read: %s", e.Data)
			}
			return err
		})
		prune := func(after time.Duration) string {
			write(t, db, func(tx *store.Tx) error {
				_, err := tx.Prune(at(50).Add(after), store.Retention{Events: time.Hour, MailEvents: time.Minute})
				return err
			})
			return told(t, db)
		}
		if got := prune(time.Minute); !strings.Contains(got, "email.created") {
			t.Errorf("removed too early: %s", got)
		}
		if got := prune(time.Minute + time.Millisecond); got != "user.created "+string(user(1).ID) {
			t.Errorf("left: %s", got)
		}
	})
}

// The migration of events may come to a database that has later ones already.
func TestMigrate_EventsComeAfterLaterNumbers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			for _, text := range []string{
				`DROP TABLE webhook_tries`, `DROP TABLE webhook_deliveries`, `DROP TABLE events`, `DROP TABLE event_order`,
				`DROP TABLE webhook_health`, `DROP TABLE webhook_endpoints`, `DROP TABLE audit_log`, `DROP TABLE audit_head`,
				`DELETE FROM schema_migrations WHERE version = 6`,
			} {
				if _, err := tx.Exec(text); err != nil {
					return err
				}
			}
			return nil
		})
		if err := db.Migrate(t.Context(), at(2)); err != nil {
			t.Fatal(err)
		}
		recordAll(t, db)
		write(t, db, func(tx *store.Tx) error {
			return first(func() error { return tx.InsertUser(user(1)) }, func() error { return tx.Audit(identity.AuditEntry{At: at(3), Action: "x"}) })
		})
		if got := told(t, db); got == "" {
			t.Error("nothing is told")
		}
	})
}
