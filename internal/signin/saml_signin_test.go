package signin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
)

func TestSAML_TheFirstSignInMakesUserAccountMembershipAndSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		next := must(w.flow.Begin(t.Context(), signin.Begin{Client: client, Address: " Ada@ACME.test"[1:], ReturnURL: "/organization"}))(t)
		accepted := w.accepted(w.answer(next.Ticket, practice.Request{}))
		if accepted.AttemptID != next.Ticket.AttemptID || accepted.Binding != "" {
			t.Errorf("accepted %+v, want attempt %s and no binding", accepted, next.Ticket.AttemptID)
		}
		w.checkCounts(map[string]int{"users": 0, "sessions": 0})
		done := w.done(accepted.Nonce, client)

		u := w.userOf("ada@acme.test")
		if u.FirstName != "Ada" || u.LastName != "Lovelace" || !u.LastSignInAt.Equal(began) || u.ID != done.Session.UserID {
			t.Errorf("user %+v", u)
		}
		account := get(w, func(tx *store.Tx) (identity.EnterpriseAccount, error) { return tx.AccountOf(w.conn.ID, u.ID) })
		ada, _ := w.idp.Person("ada@acme.test")
		if account.Subject != ada.Subject || account.Email != "ada@acme.test" || !account.LastAuthenticatedAt.Equal(began) {
			t.Errorf("account %+v", account)
		}
		emails := get(w, func(tx *store.Tx) ([]identity.EmailAddress, error) { return tx.EmailAddressesOf(u.ID) })
		if len(emails) != 1 || !emails[0].IsVerified() || emails[0].Strategy != "saml" || emails[0].AccountID != account.ID || emails[0].ID != u.PrimaryEmailID {
			t.Errorf("addresses %+v", emails)
		}
		m := w.memberships(u.ID)
		if len(m) != 1 || m[0].OrganizationID != w.org.ID || m[0].Role != identity.RoleMember || m[0].ConnectionID != w.conn.ID {
			t.Errorf("memberships %+v, want one of the default role through the connection", m)
		}
		s := get(w, func(tx *store.Tx) (identity.Session, error) { return tx.Session(done.Session.ID) })
		if diff := cmp.Diff(done.Session, s); diff != "" || s.ClientID != client || s.ConnectionID != w.conn.ID ||
			s.LastActiveOrganizationID != w.org.ID || s.Status != identity.SessionActive {
			t.Errorf("session %+v, stored %s", s, diff)
		}
		if done.ReturnURL != "/organization" || done.Cookie == "" || done.Choose {
			t.Errorf("done %+v", done)
		}
		a := w.attempt(accepted.AttemptID)
		if a.State != identity.AttemptComplete || a.UserID != u.ID || a.SessionID != s.ID || a.RevisionID != w.conn.LiveRevisionID || a.IDPInitiated ||
			a.TypedEmail != "ada@acme.test" || a.Email != "ada@acme.test" || a.OrganizationID != w.org.ID || a.Code != "" || a.TraceID != "trace" || len(a.Trace) == 0 {
			t.Errorf("attempt %+v", a)
		}
		if first, last := a.Steps[0].Name, a.Steps[len(a.Steps)-1].Name; first != "sent_to_provider" || last != "browser_returned" {
			t.Errorf("steps from %s to %s", first, last)
		}
		w.checkCounts(map[string]int{"users": 1, "enterprise_accounts": 1, "memberships": 1, "sessions": 1, "outbox": 0, "attempts": 1, "evidence": 1})
	})
}

func TestSAML_TheSecondSignInFindsThePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signIn("ada@acme.test")
		w.clock.Advance(time.Hour)
		second := w.signIn("ada@acme.test")
		if first.Session.UserID != second.Session.UserID || first.Session.ID == second.Session.ID {
			t.Errorf("sessions %+v and %+v", first.Session, second.Session)
		}
		if u := w.userOf("ada@acme.test"); !u.LastSignInAt.Equal(began.Add(time.Hour)) {
			t.Errorf("last sign-in at %s", u.LastSignInAt)
		}
		w.checkCounts(map[string]int{"users": 1, "enterprise_accounts": 1, "email_addresses": 1, "memberships": 1, "sessions": 2})
	})
}

func TestSAML_AChangedNameIsTakenOverUnlessSyncIsOff(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signIn("ada@acme.test")
		renamed := practice.Person{Login: "ada@acme.test", Mail: "ada@acme.test", FirstName: "Augusta", LastName: "King"}
		if err := w.idp.SetPerson(renamed); err != nil {
			t.Fatal(err)
		}
		w.signIn("ada@acme.test")
		if u := w.userOf("ada@acme.test"); u.Name() != "Augusta King" {
			t.Errorf("after a sign-in: %q, want the new name", u.Name())
		}
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SyncUserAttributes = false })
		renamed.FirstName = "Countess"
		if err := w.idp.SetPerson(renamed); err != nil {
			t.Fatal(err)
		}
		w.signIn("ada@acme.test")
		if u := w.userOf("ada@acme.test"); u.Name() != "Augusta King" {
			t.Errorf("without sync: %q, want the name as it was", u.Name())
		}
	})
}

// Threat T-ID-13; the key of a person is (connection, subject), never the address.
func TestSAML_AChangedAddressMovesWithThePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.signIn("ada@acme.test")
		moved := practice.Person{Login: "ada@acme.test", Mail: "ada.king@acme.test", FirstName: "Ada", LastName: "King"}
		after := w.signInAs(practice.Request{Edited: &moved})
		if before.Session.UserID != after.Session.UserID {
			t.Errorf("another person came out: %s, want %s", after.Session.UserID, before.Session.UserID)
		}
		emails := get(w, func(tx *store.Tx) ([]identity.EmailAddress, error) { return tx.EmailAddressesOf(after.Session.UserID) })
		if len(emails) != 1 || emails[0].Address != "ada.king@acme.test" || !emails[0].IsVerified() || emails[0].ID != w.userOf("ada.king@acme.test").PrimaryEmailID {
			t.Errorf("addresses %+v, want the new one in the old one's place", emails)
		}

		w.signIn("bob@acme.test")
		taken := practice.Person{Login: "ada@acme.test", Mail: "bob@acme.test"}
		ticket := w.begin(w.browser(), "bob@acme.test")
		dump := w.dump()
		_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Edited: &taken}))
		w.refused(dump, err, string(fault.IdentificationClaimed))
	})
}

func TestSAML_ARemovedMemberIsBackAtTheNextSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.signIn("ada@acme.test").Session.UserID
		w.write(func(tx *store.Tx) error {
			_, err := tx.DeleteMembership(w.org.ID, u)
			return err
		})
		done := w.signIn("ada@acme.test")
		if m := w.memberships(u); len(m) != 1 || m[0].OrganizationID != w.org.ID || done.Session.LastActiveOrganizationID != w.org.ID {
			t.Errorf("memberships %+v", m)
		}
	})
}

// Behaviour 1.41.
func TestSAML_AfterAMoveOnePersonIsInBothOrganizations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.signIn("ada@acme.test").Session.UserID
		globex := w.organization("Globex")
		w.clock.Advance(time.Second)
		w.revise(w.conn.ID, func(c *identity.Connection) { c.OrganizationID = globex.ID })
		if m := w.memberships(u); len(m) != 1 || m[0].OrganizationID != w.org.ID {
			t.Errorf("the move itself changed memberships: %+v", m)
		}
		done := w.signIn("ada@acme.test")
		m := w.memberships(u)
		if len(m) != 2 || m[0].OrganizationID != globex.ID || m[1].OrganizationID != w.org.ID || done.Session.LastActiveOrganizationID != globex.ID {
			t.Errorf("memberships %+v, session in %s", m, done.Session.LastActiveOrganizationID)
		}
	})
}

func TestSAML_AnApplicationWideConnectionMakesNoMember(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) { c.OrganizationID = "" })
		done := w.signIn("ada@acme.test")
		if m := w.memberships(done.Session.UserID); len(m) != 0 || done.Session.LastActiveOrganizationID != "" {
			t.Errorf("memberships %+v", m)
		}
	})
}

func TestSAML_CustomAttributesReachPublicMetadata(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) {
			c.Config.CustomAttributes = []identity.CustomAttribute{
				{Name: "Department", Key: "department", SSOPath: "dept"},
				{Name: "Groups", Key: "groups", SSOPath: "groups", MultiValued: true},
				{Name: "Badges", Key: "badges", SSOPath: "badges", MultiValued: true},
				{Name: "Gone", Key: "gone", SSOPath: "gone"},
			}
		})
		w.signInAs(practice.Request{Edited: &practice.Person{
			Mail: "ada@acme.test", Groups: []string{"eng"},
			Attributes: []practice.Attribute{
				{Name: "dept", Values: []string{"R&D", "Sales"}},
				{Name: "badges", Values: []string{" "}},
				{Name: "public_metadata_desk", Values: []string{"42"}},
				{Name: "public_metadata__proto", Values: []string{"x"}},
				{Name: "public_metadata_many", Values: []string{"a", "b"}},
			},
		}})
		want := identity.Metadata{
			"department": "R&D", "groups": []any{"eng"}, "badges": []any{}, "desk": "42", "many": []any{"a", "b"},
		}
		if diff := cmp.Diff(want, w.userOf("ada@acme.test").PublicMetadata); diff != "" {
			t.Errorf("public metadata, behaviours 1.67 to 1.69 (-want +got):\n%s", diff)
		}
	})
}

// Threat T-SAML-17: the provider's own limit bounds the session.
func TestSAML_TheSessionEndsNoLaterThanTheProviderSays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		done := w.signInAs(practice.Request{Person: "ada@acme.test", Misbehave: "session-ends-soon"})
		if want := began.Add(10 * time.Minute); !done.Session.ExpireAt.Equal(want) {
			t.Errorf("the session ends at %s, want %s", done.Session.ExpireAt, want)
		}
	})
}

// Invariant 8: a refusal leaves an attempt record and nothing else.
func TestSAML_RefusalsKeepTheirAttemptAndWriteNothingElse(t *testing.T) {
	tests := map[string]struct {
		given     func(w *world) // before the sign-in begins
		meanwhile func(w *world) // while the browser is at the provider
		answer    practice.Request
		change    func(*signin.Answer)
		want      string
		status    int
	}{
		"an address at another domain": {answer: practice.Request{Misbehave: "other-domain"}, want: "saml_email_address_domain_mismatch", status: 400},
		"another address than the one typed, threat T-SAML-24": {
			answer: practice.Request{Person: "bob@acme.test"}, want: "saml_email_address_domain_mismatch", status: 400,
		},
		"no address": {answer: practice.Request{Misbehave: "no-mail"}, want: "saml_user_attribute_missing", status: 400},
		"no RelayState, threat T-SAML-03": {
			answer: practice.Request{Misbehave: "no-relaystate"}, want: "saml_response_relaystate_missing", status: 400,
		},
		"no RelayState where the provider may initiate, threat T-SAML-07": {
			given: func(w *world) {
				w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
			},
			answer: practice.Request{Misbehave: "no-relaystate"}, want: "saml_response_relaystate_missing", status: 400,
		},
		"a stranger where nobody is created": {
			given: func(w *world) {
				w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.DisableJITProvisioning = true })
			},
			want: "saml_jit_provisioning_disabled", status: 404,
		},
		"an organization that is full": {
			given: func(w *world) {
				w.signIn("bob@acme.test")
				w.write(func(tx *store.Tx) error {
					o := w.org
					o.MaxAllowedMemberships = 1
					return tx.UpdateOrganization(o)
				})
			},
			want: "organization_membership_quota_exceeded_for_sso", status: 403,
		},
		"a banned person, threat T-ID-18": {
			given: known(func(u *identity.User) { u.Banned = true }), want: "user_banned", status: 403,
		},
		"a locked person, threat T-ID-18": {
			given: known(func(u *identity.User) { u.LockedUntil = began.Add(time.Hour) }), want: "user_locked", status: 403,
		},
		"a deactivated person, threat T-ID-18": {
			given: known(func(u *identity.User) { u.DeactivatedAt = began }), want: "user_deactivated", status: 403,
		},
		"a known address under another subject, threat T-ID-12": {
			given:  func(w *world) { w.signIn("ada@acme.test") },
			answer: practice.Request{Misbehave: "email-nameid"}, want: "enterprise_sso_account_already_connected", status: 400,
		},
		"a connection that was switched off meanwhile, threat T-SAML-01": {
			meanwhile: func(w *world) { w.revise(w.conn.ID, func(c *identity.Connection) { c.Active = false }) },
			want:      "saml_connection_active_not_found", status: 404,
		},
		"a connection that is for linking only by now, threat T-SAML-02": {
			meanwhile: func(w *world) { w.revise(w.conn.ID, func(c *identity.Connection) { c.Authenticatable = false }) },
			want:      "saml_connection_active_not_found", status: 404,
		},
		"a connection whose organization is gone": {
			meanwhile: func(w *world) {
				w.write(func(tx *store.Tx) error {
					_, err := tx.DeleteOrganization(w.org.ID)
					return err
				})
			},
			want: "saml_connection_active_not_found", status: 404,
		},
		"a RelayState that nobody sent, threat T-SAML-04": {
			change: func(a *signin.Answer) { a.RelayState = "other" }, want: "relaystate", status: 401,
		},
		"a RelayState that is an address, threat T-SAML-05": {
			answer: practice.Request{Misbehave: "relaystate-url"}, want: "relaystate", status: 401,
		},
		"a RelayState that expired after 15 minutes, threat T-SAML-04": {
			meanwhile: func(w *world) { w.clock.Advance(15 * time.Minute) }, want: "relaystate", status: 401,
		},
		"a message that is none": {change: func(a *signin.Answer) { a.SAMLResponse = "" }, want: "encoding", status: 401},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				if test.given != nil {
					test.given(w)
				}
				ticket := w.begin(w.browser(), "ada@acme.test")
				if test.meanwhile != nil {
					test.meanwhile(w)
				}
				before := w.dump()
				answer := w.answer(ticket, test.answer)
				if test.change != nil {
					test.change(&answer)
				}
				_, err := w.flow.FinishSAML(t.Context(), answer)
				r := w.refused(before, err, test.want)
				if r.Status() != test.status {
					t.Errorf("status %d, want %d", r.Status(), test.status)
				}
			})
		})
	}
}

// known has Ada sign in, and something happen to her then.
func known(change func(*identity.User)) func(*world) {
	return func(w *world) {
		w.signIn("ada@acme.test")
		w.change(w.userOf("ada@acme.test"), change)
	}
}

func (w *world) change(u identity.User, change func(*identity.User)) {
	w.Helper()
	change(&u)
	w.write(func(tx *store.Tx) error { return tx.UpdateUser(u) })
}

// The refusal can be read again in the words of the catalogue.
func TestSAML_ARefusalIsExplained(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ticket := w.begin(w.browser(), "ada@acme.test")
		_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Misbehave: "other-domain"}))
		if w.refusal(err).attempt.ID != ticket.AttemptID {
			t.Errorf("refers to %v, want %s", fault.From(err).Meta(), ticket.AttemptID)
		}
		e := must(w.flow.Explain(t.Context(), ticket.AttemptID))(t)
		r := signin.ReportAttempt(e)
		if r.State != "refused" || r.Refusal == nil || r.Refusal.Code != "saml_email_address_domain_mismatch" || r.Refusal.Fix == "" ||
			r.Refusal.Meta["received_domain"] != "somebody-else.test" || r.Organization != "Acme" || r.ConnectionName != "Acme sign-in" {
			t.Errorf("report %+v", r)
		}
		last := r.Trace[len(r.Trace)-1]
		if last.Name != "email_domain_allowed" || last.Passed {
			t.Errorf("trace ends with %+v", last)
		}
	})
}

func TestSAML_AnAttemptThatNeverCameBackIsVisibleAsSuch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ticket := w.begin(w.browser(), "ada@acme.test")
		state := func() string {
			return signin.ReportAttempt(must(w.flow.Explain(t.Context(), ticket.AttemptID))(t)).State
		}
		if got := state(); got != "started" {
			t.Errorf("at once: %s", got)
		}
		w.clock.Advance(15*time.Minute + time.Millisecond)
		if got := state(); got != "never_returned" {
			t.Errorf("after 15 minutes: %s", got)
		}
		if _, err := w.flow.Explain(t.Context(), "ssoa_unknown"); !fault.Is(err, fault.SSOAttemptNotFound) {
			t.Errorf("an unknown attempt: %v", err)
		}
	})
}
