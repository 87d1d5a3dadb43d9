package signin_test

import (
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
)

// eachEASIE runs a test with both multi-tenant providers, on each engine.
func eachEASIE(t *testing.T, test func(t *testing.T, o *openID)) {
	t.Helper()
	t.Parallel()
	for _, p := range []identity.Provider{identity.OAuthGoogle, identity.OAuthMicrosoft} {
		t.Run(string(p), func(t *testing.T) { eachOpenID(t, p, test) })
	}
}

// token asks for a session token; the code of the refusal, or none.
func (o *openID) token(flow *signin.Flow, s identity.Session) fault.Code {
	o.Helper()
	_, err := flow.Sessions.Token(o.Context(), session.Ask{Session: s.ID, Client: s.ClientID})
	if err == nil {
		return ""
	}
	return fault.From(err).Code()
}

func (o *openID) session(id identity.SessionID) identity.Session {
	o.Helper()
	return get(o.world, func(tx *store.Tx) (identity.Session, error) { return tx.Session(id) })
}

// questions are the records of questions to the provider that were not answered
// well.
func (o *openID) questions() (list []identity.Attempt) {
	o.Helper()
	all := get(o.world, func(tx *store.Tx) ([]identity.Attempt, error) {
		list, _, err := tx.Attempts(store.AttemptFilter{}, store.Page{})
		return list, err
	})
	for _, a := range all {
		if a.Kind == identity.AttemptPresence {
			list = append(list, a)
		}
	}
	return list
}

// Behaviour 1.87, threat T-EASIE-09: who is suspended or deleted has no session.
func TestPresence_WhoIsGoneIsSignedOutEverywhere(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		for _, standing := range []practice.Standing{practice.Suspended, practice.Deleted} {
			s, elsewhere := o.in(ada).Session, o.in(ada).Session
			o.calls.Store(0)
			if code := o.token(o.flow, s); code != "" || o.calls.Load() != 0 {
				t.Errorf("at once: %q with %d questions", code, o.calls.Load())
			}
			if err := o.op.SetStanding("ada@acme.test", standing); err != nil {
				t.Fatal(err)
			}
			o.clock.Advance(10*time.Minute - time.Second)
			if code := o.token(o.flow, s); code != "" {
				t.Errorf("%s, before ten minutes: %q", standing, code)
			}
			o.clock.Advance(time.Second)
			for _, s := range []identity.Session{s, elsewhere, s} {
				if code := o.token(o.flow, s); code != fault.Deprovisioned {
					t.Errorf("%s: %q, want deprovisioned", standing, code)
				}
				if s = o.session(s.ID); s.Status != identity.SessionRevoked {
					t.Errorf("%s: the session is %s", standing, s.Status)
				}
			}
			q := o.questions()
			if len(q) == 0 || q[0].Code != string(fault.Deprovisioned) || q[0].Email != "ada@acme.test" || q[0].Steps[0].Plain == "" {
				t.Errorf("%s: attempts %+v", standing, q)
			}
			// Brought back, the person signs in again and is there.
			if err := o.op.SetStanding("ada@acme.test", practice.Active); err != nil {
				t.Fatal(err)
			}
			back := o.in(ada).Session
			if code := o.token(o.flow, back); code != "" {
				t.Errorf("back again: %q", code)
			}
			if code := o.token(o.flow, s); code == fault.Deprovisioned || code == "" {
				t.Errorf("the old session, once the person is back: %q", code)
			}
		}
	})
}

// Who is there stays signed in, for as long as the session lasts; the provider's
// new refresh tokens are kept.
func TestPresence_WhoIsThereIsAskedAboutEveryTenMinutes(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		s := o.in(ada).Session
		o.calls.Store(0)
		for range 4 {
			o.clock.Advance(10 * time.Minute)
			for range 2 {
				if code := o.token(o.flow, s); code != "" {
					t.Errorf("refused with %q", code)
				}
			}
		}
		if n := o.calls.Load(); n != 4 {
			t.Errorf("%d questions, want 4", n)
		}
	})
}

// Threat T-EASIE-10: two nodes at once ask once.
func TestPresence_TwoNodesAskOnce(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		other := o.otherNode()
		s := o.in(ada).Session
		o.calls.Store(0)
		o.clock.Advance(10 * time.Minute)
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				if code := o.token([]*signin.Flow{o.flow, other}[n%2], s); code != "" {
					t.Errorf("refused with %q", code)
				}
			})
		}
		wg.Wait()
		if n := o.calls.Load(); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
	})
}

// Threat T-EASIE-09: a provider that is down is not a person who is gone.
func TestPresence_AProviderThatIsSilentIsGivenAnHour(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		s := o.in(ada).Session
		o.down.Store(true)
		o.clock.Advance(10 * time.Minute)
		for range 4 {
			if code := o.token(o.flow, s); code != "" {
				t.Fatalf("in the hour of grace: %q", code)
			}
			o.clock.Advance(15*time.Minute - time.Second)
		}
		if q := o.questions(); len(q) != 1 || q[0].Code != string(fault.OAuthTokenExchangeError) {
			t.Errorf("attempts %+v, want one that says so", q)
		}
		o.clock.Advance(time.Minute)
		if code := o.token(o.flow, s); code != fault.AuthenticationInvalid {
			t.Errorf("after an hour: %q, want to sign in again", code)
		}
		if s := o.session(s.ID); s.Status != identity.SessionExpired {
			t.Errorf("the session is %s", s.Status)
		}
		o.down.Store(false)
		o.clock.Advance(time.Minute)
		if code := o.token(o.flow, o.in(ada).Session); code != "" {
			t.Errorf("signed in again: %q", code)
		}
	})
}

// A provider that answers again within the hour is asked as before.
func TestPresence_AProviderThatIsBackIsBelieved(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		s := o.in(ada).Session
		o.down.Store(true)
		o.clock.Advance(10 * time.Minute)
		if code := o.token(o.flow, s); code != "" {
			t.Fatalf("refused with %q", code)
		}
		o.down.Store(false)
		o.clock.Advance(59 * time.Minute)
		if code := o.token(o.flow, s); code != "" {
			t.Fatalf("refused with %q", code)
		}
		o.down.Store(true)
		o.clock.Advance(59 * time.Minute)
		if code := o.token(o.flow, s); code != "" {
			t.Errorf("the hour begins anew: refused with %q", code)
		}
	})
}

// T-RP-27: an answer about somebody else is not believed, and gets no grace.
func TestPresence_AnAnswerAboutSomebodyElseEndsTheSession(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		s := o.in(ada).Session
		if err := o.op.Misbehave("missing-sub", ""); err != nil {
			t.Fatal(err)
		}
		o.clock.Advance(10 * time.Minute)
		if code := o.token(o.flow, s); code != fault.AuthenticationInvalid {
			t.Errorf("got %q, want to sign in again", code)
		}
	})
}

// Behaviour 1.90: a connection that is switched off or deleted keeps its sessions.
func TestPresence_IsNotAskedThroughAConnectionThatIsOff(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		s := o.in(ada).Session
		o.change(func(c *identity.Connection) { c.Active = false })
		o.calls.Store(0)
		o.clock.Advance(10 * time.Minute)
		if code := o.token(o.flow, s); code != "" {
			t.Errorf("switched off: %q", code)
		}
		o.write(func(tx *store.Tx) error {
			_, err := tx.DeleteConnection(o.conn.ID)
			return err
		})
		o.clock.Advance(10 * time.Minute)
		if code := o.token(o.flow, s); code != "" || o.calls.Load() != 0 {
			t.Errorf("deleted: %q with %d questions", code, o.calls.Load())
		}
	})
}

// Threats T-EASIE-03 and T-EASIE-04: the first tenant that owns the domain is the
// connection's.
func TestEASIE_TheTenantIsBoundAtTheFirstSignIn(t *testing.T) {
	eachOpenID(t, identity.OAuthMicrosoft, func(t *testing.T, o *openID) {
		if _, err := o.try(practice.Login{Person: "ada@acme.test", Misbehave: "false-edov"}); o.refusal(err).Code() != fault.ExternalAccountEmailVerificationMissing {
			t.Fatalf("a tenant that does not own the domain: %v", err)
		}
		bound := func() string {
			return get(o.world, func(tx *store.Tx) (identity.Connection, error) { return tx.Connection(o.conn.ID) }).TenantID
		}
		if got := bound(); got != "" {
			t.Fatalf("bound to %q by a refusal", got)
		}
		o.in(ada)
		if got := bound(); got != tenantAcme {
			t.Fatalf("bound to %q", got)
		}
		if _, err := o.try(practice.Login{Person: "bob@acme.test", Misbehave: "other-tenant"}); why(o.refusal(err)) != "tenant" {
			t.Errorf("another tenant: %v", err)
		}
	})
}

// Threats T-EASIE-09 and T-EASIE-10: the answer that replaced a refresh token may be
// lost, with its node or on the way. That the provider does not take the old one any
// more then says nothing about the person, who must sign in again.
func TestPresence_ATokenThatMayBeSpentSaysNothingAboutThePerson(t *testing.T) {
	t.Parallel()
	for name, loses := range map[string]func(o *openID, a identity.AccountID, s identity.Session){
		"a node that died before it kept the answer": func(o *openID, a identity.AccountID, s identity.Session) {
			o.write(func(tx *store.Tx) error {
				now := o.clock.Now()
				_, err := tx.ClaimAccountCheck(a, now, now.Add(time.Minute))
				return err
			})
			if code := o.token(o.flow, s); code != "" {
				o.Errorf("while the question is another's: %q", code)
			}
		},
		"an answer that did not arrive": func(o *openID, _ identity.AccountID, s identity.Session) {
			o.down.Store(true)
			if code := o.token(o.flow, s); code != "" {
				o.Errorf("in the hour of grace: %q", code)
			}
			o.down.Store(false)
		},
		"another client at the provider": func(o *openID, _ identity.AccountID, _ identity.Session) {
			o.write(func(tx *store.Tx) error { return tx.DoubtAccountTokens(o.conn.Provider, o.clock.Now()) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachEASIE(t, func(t *testing.T, o *openID) {
				s, elsewhere := o.in(ada).Session, o.in(ada).Session
				account := get(o.world, func(tx *store.Tx) (identity.EnterpriseAccount, error) { return tx.AccountOf(o.conn.ID, s.UserID) })
				o.clock.Advance(10 * time.Minute)
				loses(o, account.ID, s)
				if err := o.op.Misbehave("refresh-invalid-grant", ""); err != nil {
					t.Fatal(err)
				}
				o.clock.Advance(time.Minute)
				for _, s := range []identity.Session{s, elsewhere} {
					if code := o.token(o.flow, s); code == fault.Deprovisioned || code == "" {
						t.Errorf("got %q, want to sign in again", code)
					}
					if s = o.session(s.ID); s.Status != identity.SessionExpired {
						t.Errorf("the session is %s", s.Status)
					}
				}
				account = get(o.world, func(tx *store.Tx) (identity.EnterpriseAccount, error) { return tx.AccountOf(o.conn.ID, s.UserID) })
				if q := o.questions(); !account.DeprovisionedAt.IsZero() || len(q) == 0 || q[0].Code != string(fault.OAuthTokenExchangeError) {
					t.Errorf("account %+v, attempts %+v", account, q)
				}
				if err := o.op.Misbehave("", ""); err != nil {
					t.Fatal(err)
				}
				again := o.in(ada).Session
				o.clock.Advance(10 * time.Minute)
				if code := o.token(o.flow, again); code != "" {
					t.Errorf("signed in again: %q", code)
				}
			})
		})
	}
}

// A provider that names the person as gone is believed, whatever was lost before.
func TestPresence_ThePersonNamedAsGoneIsGoneInAnyCase(t *testing.T) {
	eachOpenID(t, identity.OAuthMicrosoft, func(t *testing.T, o *openID) {
		s := o.in(ada).Session
		o.write(func(tx *store.Tx) error { return tx.DoubtAccountTokens(o.conn.Provider, o.clock.Now()) })
		if err := o.op.SetStanding("ada@acme.test", practice.Suspended); err != nil {
			t.Fatal(err)
		}
		o.clock.Advance(10 * time.Minute)
		if code := o.token(o.flow, s); code != fault.Deprovisioned {
			t.Errorf("got %q", code)
		}
	})
}

// What the provider was asked with goes with the connection (T-SEC-01).
func TestPresence_ADeletedConnectionLeavesNoRefreshToken(t *testing.T) {
	eachEASIE(t, func(t *testing.T, o *openID) {
		o.in(ada)
		o.checkCounts(map[string]int{"account_tokens": 1})
		o.write(func(tx *store.Tx) error {
			_, err := tx.DeleteConnection(o.conn.ID)
			return err
		})
		o.checkCounts(map[string]int{"account_tokens": 0, "connection_secrets": 0, "enterprise_accounts": 1})
	})
}
