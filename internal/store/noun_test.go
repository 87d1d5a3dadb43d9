package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// back checks that what is found is what was stored.
func back[T any](t *testing.T, what string, want T) func(T, error) error {
	t.Helper()
	return func(got T, err error) error {
		t.Helper()
		if err == nil {
			equal(t, what, got, want)
		}
		return err
	}
}

func TestNouns_ComeBackAsTheyWereStored(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		u, o, c := user(1), organization(1), connection(1, "acme.test", "acme.example")
		m, a := membership(1, o.ID, u.ID, identity.RoleAdmin), account(1, c.ID, u.ID)
		e := email(1, u.ID, "ada@acme.test", identity.Verified)
		s, si := session(1, "client_1", u.ID), signIn(1, "client_1")
		cl := identity.Client{ID: "client_1", TokenHash: "t", LastActiveSessionID: s.ID, CreatedAt: at(1), UpdatedAt: at(2)}
		su := identity.SignUp{
			ID: id[identity.SignUpID](1), ClientID: cl.ID, Status: identity.SignUpMissingRequirements, Email: "a@b.test",
			FirstName: "A", LastName: "B", PasswordHash: "p", ExternalID: "crm-7", CustomAction: true, ReturnURL: "https://app.test/",
			Code:      identity.CodeChallenge{Hash: "h", Tries: 2, SentAt: at(1), ExpiresAt: at(2)},
			CreatedAt: at(3), UpdatedAt: at(4), AbandonAt: at(5),
		}
		at1 := attempt(1)
		d := identity.OrganizationDomain{
			ID: id[identity.DomainID](1), OrganizationID: o.ID, Name: "acme.test", EnrollmentMode: identity.EnrollmentSSO,
			Verified: true, CreatedAt: at(1), UpdatedAt: at(2),
			Affiliation: identity.Affiliation{
				Email: "ada@acme.test", Strategy: identity.AffiliationByCode, VerifiedAt: at(3),
				Code: identity.CodeChallenge{Hash: "h", Tries: 1, SentAt: at(4), ExpiresAt: at(5)},
			},
			Ownership: identity.Ownership{
				Strategy: identity.OwnershipTXT, Value: "v", Attempts: 2, ExpiresAt: at(6), VerifiedAt: at(7), SeenAt: at(8),
				MissingSince: at(9), NextAt: at(10),
			},
		}
		r := identity.Role{
			ID: id[identity.RoleID](1), Key: identity.RoleAdmin, Name: "Admin", Description: "All",
			Permissions: identity.SystemPermissions(), CreatedAt: at(1), UpdatedAt: at(2),
		}
		ms := identity.MetadataState{ConnectionID: c.ID, FetchedAt: at(1), NextAt: at(2), Failures: 3, LastError: "timeout"}
		p := identity.PendingRequest{
			RelayHash: "relay", RequestID: "_1", CodeVerifier: "verifier", AttemptID: at1.ID, ConnectionID: c.ID, RevisionID: c.LiveRevisionID,
			ClientID: cl.ID, SignInID: si.ID, TypedEmail: "ada@acme.test", ForceAuthn: true, CreatedAt: at(1), ExpiresAt: at(2),
		}
		key := identity.SecretKey{ID: "key_1", Hash: "kh", Name: "first", CreatedAt: at(1)}
		inst := identity.Instance{ID: "ins_1", Settings: identity.DefaultSettings(), CreatedAt: at(1), UpdatedAt: at(1)}

		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertOrganization(o) },
				func() error { return tx.InsertConnection(c) },
				func() error { return is(t, "InsertMembership", true)(tx.InsertMembership(m)) },
				func() error { return is(t, "InsertAccount", true)(tx.InsertAccount(a)) },
				func() error { return tx.InsertEmailAddress(e) },
				func() error { return tx.InsertClient(cl) },
				func() error { return tx.InsertSession(s) },
				func() error { return tx.InsertSignIn(si) },
				func() error { return tx.InsertSignUp(su) },
				func() error { return tx.InsertAttempt(at1) },
				func() error { return tx.InsertOrganizationDomain(d) },
				func() error { return tx.InsertRole(r) },
				func() error { return tx.PutMetadataState(ms) },
				func() error { return tx.InsertPendingRequest(p) },
				func() error { return tx.InsertSecretKey(key) },
				func() error { return is(t, "InsertInstance", true)(tx.InsertInstance(inst)) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return back(t, "User", u)(tx.User(u.ID)) },
				func() error { return back(t, "Organization", o)(tx.Organization(o.ID)) },
				func() error { return back(t, "OrganizationBySlug", o)(tx.OrganizationBySlug("org-1")) },
				func() error { return back(t, "Connection", c)(tx.Connection(c.ID)) },
				func() error { return back(t, "Membership", m)(tx.Membership(o.ID, u.ID)) },
				func() error { return back(t, "AccountBySubject", a)(tx.AccountBySubject(c.ID, a.Subject)) },
				func() error { return back(t, "AccountOf", a)(tx.AccountOf(c.ID, u.ID)) },
				func() error { return back(t, "EmailAddress", e)(tx.EmailAddress(e.ID)) },
				func() error { return back(t, "VerifiedEmail", e)(tx.VerifiedEmail(e.Address)) },
				func() error { return back(t, "Client", cl)(tx.Client(cl.ID)) },
				func() error { return back(t, "ClientByTokenHash", cl)(tx.ClientByTokenHash("t")) },
				func() error { return back(t, "Session", s)(tx.Session(s.ID)) },
				func() error { return back(t, "SignIn", si)(tx.SignIn(si.ID)) },
				func() error { return back(t, "SignUp", su)(tx.SignUp(su.ID)) },
				func() error { return back(t, "Attempt", at1)(tx.Attempt(at1.ID)) },
				func() error { return back(t, "VerifiedDomain", d)(tx.VerifiedDomain("acme.test")) },
				func() error { return back(t, "OrganizationDomainByName", d)(tx.OrganizationDomainByName(o.ID, d.Name)) },
				func() error { return back(t, "RoleByKey", r)(tx.RoleByKey(r.Key)) },
				func() error { return back(t, "MetadataState", ms)(tx.MetadataState(c.ID)) },
				func() error { return back(t, "PendingRequest", p)(tx.PendingRequest("relay")) },
				func() error { return back(t, "SecretKeyByHash", key)(tx.SecretKeyByHash("kh")) },
				func() error { return back(t, "Instance", inst)(tx.Instance()) },
			)
		})
	})
}

func TestNouns_ThatAreMissingAreNotFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			for what, look := range map[string]func() error{
				"User":               func() error { _, err := tx.User("user_x"); return err },
				"VerifiedEmail":      func() error { _, err := tx.VerifiedEmail("x@y.test"); return err },
				"Connection":         func() error { _, err := tx.Connection("entconn_x"); return err },
				"AccountBySubject":   func() error { _, err := tx.AccountBySubject("entconn_x", "s"); return err },
				"Instance":           func() error { _, err := tx.Instance(); return err },
				"LatestSignIn":       func() error { _, err := tx.LatestSignIn("client_x"); return err },
				"CountCodeTry":       func() error { _, err := tx.CountCodeTry("sia_x", at(0)); return err },
				"UpdateUser":         func() error { return tx.UpdateUser(user(9)) },
				"UpdateConnection":   func() error { return tx.UpdateConnection(connection(9)) },
				"UpdateSignIn":       func() error { return tx.UpdateSignIn(signIn(9, "client_x")) },
				"UpdateOrganization": func() error { return tx.UpdateOrganization(organization(9)) },
			} {
				if err := look(); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s: got %v, want ErrNotFound", what, err)
				}
			}
			return nil
		})
	})
}

func TestNouns_ThatAreUpdatedComeBackSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		u, o, c := user(1), organization(1), connection(1)
		m, a := membership(1, o.ID, u.ID, identity.RoleAdmin), account(1, c.ID, u.ID)
		e := email(1, u.ID, "a@b.test", identity.Unverified)
		si, at1, s := signIn(1, "client_1"), attempt(1), session(1, "client_1", u.ID)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertOrganization(o) },
				func() error { return is(t, "InsertMembership", true)(tx.InsertMembership(m)) },
				func() error { return is(t, "InsertAccount", true)(tx.InsertAccount(a)) },
				func() error { return tx.InsertEmailAddress(e) },
				func() error { return tx.InsertSession(s) },
				func() error { return tx.InsertSignIn(si) },
				func() error { return tx.InsertAttempt(at1) },
			)
		})
		// Everything that may change does.
		created := u.CreatedAt
		u = identity.User{ID: u.ID, FirstName: "Grace", Banned: true, LastSignInAt: at(50), CreatedAt: created, UpdatedAt: at(51)}
		o = identity.Organization{ID: o.ID, Name: "New", CreatedBy: o.CreatedBy, CreatedAt: o.CreatedAt, UpdatedAt: at(52)}
		m.Role, m.ConnectionID, m.PublicMetadata, m.PrivateMetadata, m.UpdatedAt = identity.RoleMember, "", nil, nil, at(53)
		a.SubjectFormat, a.Email, a.FirstName, a.LastName, a.LastAuthenticatedAt, a.UpdatedAt = "f", "new@b.test", "G", "H", at(54), at(55)
		e.Status, e.Strategy, e.AccountID, e.VerifiedAt, e.UpdatedAt = identity.Verified, "admin", "", at(56), at(57)
		s.Status, s.LastActiveOrganizationID, s.ExpireAt, s.AbandonAt, s.LastActiveAt, s.UpdatedAt = identity.SessionPending, "", at(60), at(61), at(62), at(63)
		si = identity.SignIn{ID: si.ID, ClientID: si.ClientID, Status: identity.SignInNeedsSecondFactor, CreatedAt: si.CreatedAt, UpdatedAt: at(64), AbandonAt: at(65)}
		at1.RevisionID, at1.State, at1.Email, at1.Code, at1.Meta, at1.Detail = "entrev_2", identity.AttemptComplete, "g@b.test", "", nil, nil
		at1.Steps, at1.Trace, at1.UserID, at1.SessionID, at1.TraceID, at1.ReturnedAt, at1.FinishedAt = nil, nil, "user_2", "sess_2", "t2", at(66), at(67)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.UpdateUser(u) },
				func() error { return tx.UpdateOrganization(o) },
				func() error { return tx.UpdateMembership(m) },
				func() error { return tx.UpdateAccount(a) },
				func() error { return tx.UpdateEmailAddress(e) },
				func() error { return tx.UpdateSession(s) },
				func() error { return tx.UpdateSignIn(si) },
				func() error { return tx.UpdateAttempt(at1) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return back(t, "User", u)(tx.User(u.ID)) },
				func() error { return back(t, "Organization", o)(tx.Organization(o.ID)) },
				func() error { return back(t, "Membership", m)(tx.Membership(o.ID, u.ID)) },
				func() error { return back(t, "AccountOf", a)(tx.AccountOf(c.ID, u.ID)) },
				func() error { return back(t, "EmailAddress", e)(tx.EmailAddress(e.ID)) },
				func() error { return back(t, "Session", s)(tx.Session(s.ID)) },
				func() error { return back(t, "SignIn", si)(tx.SignIn(si.ID)) },
				func() error { return back(t, "Attempt", at1)(tx.Attempt(at1.ID)) },
			)
		})
	})
}

func TestMetadata_IsNeverNil(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error { return tx.InsertUser(identity.User{ID: "user_1"}) })
		read(t, db, func(tx *store.Tx) error {
			u, err := tx.User("user_1")
			if err == nil && (u.PublicMetadata == nil || u.PrivateMetadata == nil || u.UnsafeMetadata == nil) {
				t.Error("metadata is nil: writing to it would panic")
			}
			if !u.CreatedAt.IsZero() {
				t.Errorf("a zero time came back as %v", u.CreatedAt)
			}
			return err
		})
	})
}

// Threat T-OPS-11: unknown value is an error, never a default.
func TestStates_OfANewerReleaseAreErrors(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := session(1, "client_1", "user_1")
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(identity.User{ID: "user_1"}) },
				func() error { return tx.InsertSession(s) },
				func() error { _, err := tx.Exec(`UPDATE sessions SET status = 'hovering'`); return err },
			)
		})
		err := db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Session(s.ID); return err })
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session in an unknown state: got %v, want an error", err)
		}
	})
}

// Threats T-SEC-01 and T-SEC-02.
func TestSecrets_AreSealedInTheirRow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const canary = "canary-7f3a"
		c, at1 := connection(1), attempt(1)
		key := identity.ConnectionKey{ID: "spk_1", ConnectionID: c.ID, Certificate: "MIIB", PrivateKey: []byte(canary), CreatedAt: at(1)}
		signing := identity.SigningKey{ID: "kid_1", PrivateKey: []byte(canary), SignsFrom: at(1), CreatedAt: at(1)}
		evidence := identity.Evidence{
			AttemptID: at1.ID, Body: []byte(canary), ExpiresAt: at(9),
			RequestID: "_1", RequestedAt: at(1), ForceAuthn: true, ReceivedAt: at(2), Relay: "awaited",
		}
		verdict := identity.Verdict{
			NonceHash: "nonce", AttemptID: at1.ID, ConnectionID: c.ID, RevisionID: c.LiveRevisionID, ClientID: "client_1",
			SignInID: "sia_1", TypedEmail: "a@b.test", Claims: []byte(canary), ReturnURL: "/", CreatedAt: at(1), ExpiresAt: at(2),
		}
		mail := identity.Mail{ID: "mail_1", To: "a@b.test", Subject: "s", Text: canary, HTML: "<p>", FromName: "f", ReplyToName: "r", CreatedAt: at(1)}
		template := identity.MailTemplate{
			Slug: "invitation", Name: "n", Subject: "s", Text: "t", HTML: "<p>", FromName: "f", ReplyToName: "r", Withheld: true,
			CreatedAt: at(1), UpdatedAt: at(2),
		}
		kept := template
		kept.CreatedAt = time.Time{} // when it was first written stays
		endpoint := identity.Endpoint{
			ID: "ep_1", URL: "https://customer.test/", Description: "CRM", Types: []identity.EventType{identity.UserCreated},
			Contacts: []identity.Email{"ops@customer.test"}, DisabledAt: at(3), DisabledBecause: "x",
			Secret: identity.EndpointSecret{Current: canary, Old: canary, OldUntil: at(4)}, CreatedAt: at(1), UpdatedAt: at(2),
		}
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertConnection(c) },
				func() error { return tx.InsertConnectionKey(key) },
				func() error { return tx.InsertSigningKey(signing) },
				func() error { return tx.InsertAttempt(at1) },
				func() error { return tx.PutEvidence(identity.Evidence{AttemptID: at1.ID, Body: []byte("old")}) },
				func() error { return tx.PutEvidence(evidence) },
				func() error { return tx.InsertVerdict(verdict) },
				func() error { return tx.InsertMailOutbox(mail) },
				func() error { return tx.InsertEndpoint(endpoint) },
				func() error { return tx.PutMailTemplate(identity.MailTemplate{Slug: template.Slug, Subject: "old"}) },
				func() error { return tx.PutMailTemplate(template) },
				func() error {
					raw, err := tx.Texts(`
						SELECT private_key FROM connection_keys UNION ALL SELECT private_key FROM signing_keys
						UNION ALL SELECT body FROM evidence UNION ALL SELECT claims FROM verdicts
						UNION ALL SELECT payload FROM outbox UNION ALL SELECT secret FROM webhook_endpoints`)
					if len(raw) != 6 {
						t.Errorf("sealed values: got %d, want 6", len(raw))
					}
					for _, text := range raw {
						if strings.Contains(text, canary) || !strings.HasPrefix(text, "sealed1.") {
							t.Errorf("not sealed: %s", text)
						}
					}
					return err
				},
			)
		})
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return back(t, "ConnectionKeys", []identity.ConnectionKey{key})(tx.ConnectionKeys(c.ID)) },
				func() error { return back(t, "SigningKeys", []identity.SigningKey{signing})(tx.SigningKeys()) },
				func() error { return back(t, "Evidence", evidence)(tx.Evidence(at1.ID)) },
				func() error { return back(t, "Verdict", verdict)(tx.Verdict("nonce")) },
				func() error { return back(t, "Endpoint", endpoint)(tx.Endpoint("ep_1")) },
				func() error { return back(t, "MailTemplate", kept)(tx.MailTemplate(template.Slug)) },
				func() error { return back(t, "MailTemplates", []identity.MailTemplate{kept})(tx.MailTemplates()) },
				func() error {
					rows, err := tx.ClaimOutbox(at(1), time.Minute, 10)
					if err != nil || len(rows) != 1 {
						return fmt.Errorf("ClaimOutbox: %d rows, %w", len(rows), err)
					}
					return back(t, "Mail", mail)(rows[0].Mail())
				},
			)
		})
		// Moved to another row, a value does not open.
		write(t, db, func(tx *store.Tx) error { _, err := tx.Exec(`UPDATE signing_keys SET id = 'kid_2'`); return err })
		err := db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.SigningKeys(); return err })
		if !errors.Is(err, secret.ErrNotOpened) {
			t.Errorf("a key in another row: got %v, want ErrNotOpened", err)
		}
	})
}

// Threat T-SEC-03.
func TestCheckKeys_NamesTheMissingKey(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := storetest.URL(t, engine)
			db := storetest.OpenURL(t, url)
			write(t, db, func(tx *store.Tx) error {
				return first(
					func() error { return tx.InsertConnection(connection(1)) },
					func() error {
						return tx.InsertConnectionKey(identity.ConnectionKey{ID: "spk_1", ConnectionID: connection(1).ID})
					},
					tx.CheckKeys,
				)
			})
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			ring, err := secret.ParseKeyRing(secret.NewKeyRing("tes_"))
			if err != nil {
				t.Fatal(err)
			}
			other, err := store.Open(t.Context(), store.Options{URL: url, Keys: ring})
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			err = other.Read(t.Context(), (*store.Tx).CheckKeys)
			var missing *secret.MissingKeyError
			if !errors.As(err, &missing) || missing.ID != "test" {
				t.Errorf("got %v, want the key %q missing", err, "test")
			}
		})
	}
}
