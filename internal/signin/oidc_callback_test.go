package signin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
)

// Threats T-OIDC-01 and T-OIDC-02: an answer that belongs to no sign-in of this
// browser uses nothing up.
func TestOIDC_AStateCountsInItsBrowserAndInTime(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client, stranger := o.browser(), o.browser()
		cb := o.answers(o.begin(client, "ada@acme.test"), client, ada)
		before := o.dump()
		with := func(change func(*signin.Callback)) signin.Callback {
			c := cb
			c.Params = url.Values{}
			for name, v := range cb.Params {
				c.Params[name] = v
			}
			change(&c)
			return c
		}
		for name, test := range map[string]struct {
			cb     signin.Callback
			reason string
		}{
			"no state":            {with(func(c *signin.Callback) { c.Params.Del("state") }), "state"},
			"a state made up":     {with(func(c *signin.Callback) { c.Params.Set("state", "x") }), "state"},
			"two states":          {with(func(c *signin.Callback) { c.Params.Add("state", "x") }), "duplicate"},
			"another browser":     {with(func(c *signin.Callback) { c.Client = stranger }), "browser_mismatch"},
			"a browser like none": {with(func(c *signin.Callback) { c.Client = "" }), "browser_mismatch"},
		} {
			_, err := o.flow.FinishOIDC(t.Context(), test.cb)
			if r := o.refusal(err); r.Code() != fault.OAuthCallbackInvalid || r.Reason() != test.reason {
				t.Errorf("%s: %v for %q, want %q", name, err, r.Reason(), test.reason)
			}
		}
		o.unchanged(before)
		if o.calls.Load() != 0 {
			t.Errorf("%d token requests were made", o.calls.Load())
		}
		must(o.flow.FinishOIDC(t.Context(), cb))(t) // and it still counts

		late := o.answers(o.begin(client, "ada@acme.test"), client, ada)
		o.clock.Advance(10 * time.Minute)
		if _, err := o.flow.FinishOIDC(t.Context(), late); o.refusal(err).Reason() != "state" {
			t.Errorf("after ten minutes: %v", err)
		}
	})
}

// The RelayState of a SAML sign-in is no state, and a state is no RelayState.
func TestOIDC_NoProtocolTakesTheOthersSecret(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client := o.browser()
		saml := o.connect(o.idp, func(c *identity.Connection) { c.Domains = []identity.Domain{"looms.test"} })
		_, relay := o.asked(o.begin(client, "ada@looms.test"))
		_, err := o.flow.FinishOIDC(t.Context(), signin.Callback{Params: url.Values{"state": {relay}, "code": {"x"}}, Client: client})
		if r := o.refusal(err); r.Reason() != "state" {
			t.Errorf("RelayState as a state: %v", err)
		}
		state := o.answers(o.begin(client, "ada@acme.test"), client, ada).Params.Get("state")
		a := o.unasked(saml, practice.Request{})
		a.RelayState = state
		_, err = o.flow.FinishSAML(t.Context(), a)
		if r := o.refusal(err); r.reason() != "relaystate" {
			t.Errorf("a state as RelayState: %v", err)
		}
	})
}

// Threat T-OIDC-07: of many callbacks of one sign-in one redeems the code, and all
// in the browser come to the same end.
func TestOIDC_CallbacksOfOneSignInComeToOneEnd(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		other := o.otherNode() // another node
		for name, login := range map[string]practice.Login{
			"signed in": ada,
			"denied":    {Person: "ada@acme.test", Misbehave: "denied"},
		} {
			client := o.browser()
			cb := o.answers(o.begin(client, "ada@acme.test"), client, login)
			o.calls.Store(0)
			sessions, codes := sync.Map{}, sync.Map{}
			var wg sync.WaitGroup
			for n := range 8 {
				flow := []*signin.Flow{o.flow, other}[n%2]
				wg.Go(func() {
					done, err := flow.FinishOIDC(t.Context(), cb)
					if err != nil {
						codes.Store(fault.From(err).Code(), true)
						return
					}
					sessions.Store(done.Session.ID, true)
				})
			}
			wg.Wait()
			if ids, refusals := size(&sessions), size(&codes); ids+refusals != 1 {
				t.Errorf("%s: %d sessions and %d kinds of refusals, want one end", name, ids, refusals)
			}
			if _, denied := codes.Load(fault.OAuthAccessDenied); denied != (login.Misbehave != "") {
				t.Errorf("%s: denied %v", name, denied)
			}
			if n := o.calls.Load(); n > 1 {
				t.Errorf("%s: %d token requests", name, n)
			}
		}
	})
}

func size(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

// A callback after its end: in the same browser it leads there, elsewhere nowhere.
func TestOIDC_ACallbackThatIsRepeatedLeadsWhereItLed(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client := o.browser()
		next := must(o.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "ada@acme.test", ReturnURL: "/after"}))(t)
		cb := o.answers(next.Ticket, client, ada)
		first := must(o.flow.FinishOIDC(t.Context(), cb))(t)
		again := must(o.flow.FinishOIDC(t.Context(), cb))(t)
		if again.Session.ID != first.Session.ID || again.ReturnURL != "/after" || again.Cookie == "" {
			t.Errorf("repeated: %+v, want the session %s", again, first.Session.ID)
		}
		if o.calls.Load() != 1 {
			t.Errorf("%d token requests", o.calls.Load())
		}
		cb.Client = o.browser()
		if _, err := o.flow.FinishOIDC(t.Context(), cb); o.refusal(err).Reason() != "browser_mismatch" {
			t.Errorf("in another browser: %v", err)
		}
		cb.Client = client
		o.write(func(tx *store.Tx) error {
			_, err := tx.EndSession(first.Session.ID, identity.SessionEnded, o.clock.Now())
			return err
		})
		if _, err := o.flow.FinishOIDC(t.Context(), cb); o.refusal(err).Reason() != "state_used" {
			t.Errorf("after signing out: %v", err)
		}
	})
}

// Behaviour 1.91 and threat T-SAML-01 at OpenID Connect: what was switched off,
// deleted or changed meanwhile counts at once.
func TestOIDC_AnAnswerIsJudgedByTheConnectionOfNow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(o *openID)
		code      fault.Code // empty: signed in
	}{
		"switched off":        {func(o *openID) { o.change(func(c *identity.Connection) { c.Active = false }) }, fault.SSOSignInConnectionMissing},
		"for linking only":    {func(o *openID) { o.change(func(c *identity.Connection) { c.Authenticatable = false }) }, fault.SSOSignInConnectionMissing},
		"on another domain":   {func(o *openID) { o.change(func(c *identity.Connection) { c.Domains = []identity.Domain{"x.test"} }) }, fault.SSOEmailAddressDomainMismatch},
		"with another issuer": {func(o *openID) { o.change(func(c *identity.Connection) { c.Config.OIDC.Issuer = "https://x.test" }) }, fault.OAuthCallbackInvalid},
		"with another client": {func(o *openID) { o.change(func(c *identity.Connection) { c.Config.OIDC.ClientID = "other" }) }, fault.OAuthCallbackInvalid},
		"with another secret": {func(o *openID) { o.rotateSecret() }, ""},
		"with another mapping": {func(o *openID) {
			o.change(func(c *identity.Connection) { c.Config.OIDC.Mapping.FirstName = "nickname" })
		}, ""},
		"with another lifetime": {func(o *openID) { o.set(func(s *identity.Settings) { s.SessionLifetimeSeconds = 60 }) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
				client := o.browser()
				cb := o.answers(o.begin(client, "ada@acme.test"), client, ada)
				test.meanwhile(o)
				before := o.dump()
				_, err := o.flow.FinishOIDC(t.Context(), cb)
				if test.code == "" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				o.denied(before, err, test.code, "")
			})
		})
	}
}

// rotateSecret gives the connection its secret anew, in another row.
func (o *openID) rotateSecret() {
	o.Helper()
	now := o.clock.Now()
	s := identity.ClientSecret{ID: identity.NewID[identity.ClientSecretID](now), ConnectionID: o.conn.ID, Secret: clientSecret, CreatedAt: now}
	o.write(func(tx *store.Tx) error { return tx.InsertClientSecret(s) })
	o.change(func(c *identity.Connection) { c.Config.OIDC.SecretID = s.ID })
}

// Threat T-OIDC-05: a code and its verifier go to nobody but the provider that gave
// it, whatever the connection leads to meanwhile.
func TestOIDC_ACodeGoesToTheProviderThatGaveItOnly(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		var got atomic.Int64
		stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
		t.Cleanup(stranger.Close)
		client := o.browser()
		cb := o.answers(o.begin(client, "ada@acme.test"), client, ada)
		o.change(func(c *identity.Connection) { c.Config.OIDC.TokenURL = stranger.URL + "/token" })
		before := o.dump()
		_, err := o.flow.FinishOIDC(t.Context(), cb)
		o.denied(before, err, fault.OAuthCallbackInvalid, "settings_changed")
		if n := got.Load() + o.calls.Load(); n != 0 {
			t.Errorf("%d token requests", n)
		}
	})
}

// A connection that is deleted in mid-flow lets nobody in.
func TestOIDC_ADeletedConnectionLetsNobodyIn(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client := o.browser()
		cb := o.answers(o.begin(client, "ada@acme.test"), client, ada)
		o.write(func(tx *store.Tx) error {
			_, err := tx.DeleteConnection(o.conn.ID)
			return err
		})
		before := o.dump()
		if _, err := o.flow.FinishOIDC(t.Context(), cb); o.refusal(err).Code() != fault.SSOSignInConnectionMissing {
			t.Errorf("got %v", err)
		}
		o.unchanged(before)
	})
}

// Behaviours 1.20 and 1.21: an address on a domain that signs in by OpenID Connect
// comes in by nothing else; one on another domain is left alone.
func TestOIDC_AnEnforcedAddressComesInByNothingElse(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.set(func(s *identity.Settings) { s.PasswordEnabled = true })
		hash := must(passwordHash())(t)
		for _, address := range []string{"ada@acme.test", "carl@contractors.test"} {
			o.person(address, identity.Verified, func(u *identity.User) { u.PasswordHash = hash })
		}
		other := o.connectOpenID(identity.OIDCCustom, func(c *identity.Connection) { c.Domains = []identity.Domain{"looms.test"} })
		client := o.browser()
		s := must(o.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "ada@acme.test"}))(t).SignIn.ID
		for way, try := range map[string]func() error{
			"a password":         func() error { _, err := o.flow.Password(t.Context(), at(client), s, password); return err },
			"a code":             func() error { _, err := o.flow.SendCode(t.Context(), at(client), s); return err },
			"another connection": func() error { _, err := o.flow.Choose(t.Context(), client, s, other.ID); return err },
		} {
			if err := try(); !fault.Is(err, fault.StrategyForUserInvalid) && !fault.Is(err, fault.SSOSignInConnectionMissing) {
				t.Errorf("by %s: %v", way, err)
			}
		}
		// The other connection's provider vouches for her, to somebody who asked for an
		// address of its own.
		looms := o.browser()
		before := o.begin(looms, "ada@looms.test")
		_, err := o.flow.FinishOIDC(t.Context(), o.answers(before, looms, ada))
		if r := o.refusal(err); r.Code() != fault.SSOEmailAddressDomainMismatch {
			t.Errorf("vouched for by another connection: %v", err)
		}
		next := must(o.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "carl@contractors.test"}))(t)
		if next.Step != signin.NextPassword {
			t.Fatalf("a contractor: step %d", next.Step)
		}
		must(o.flow.Password(t.Context(), at(client), next.SignIn.ID, password))(t)
	})
}

// Threat T-SES-17: while somebody acts as another person in the browser, the answer
// waits, and is not used up.
func TestOIDC_AnAnswerWaitsForTheEndOfAnImpersonation(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client := o.browser()
		cb := o.answers(o.begin(client, "ada@acme.test"), client, ada)
		u := o.person("bob@home.test", identity.Verified, nil)
		var acting identity.Session
		o.write(func(tx *store.Tx) error {
			in, err := tx.Instance()
			if err != nil {
				return err
			}
			acting, _, err = o.flow.Sessions.Create(tx, session.Start{
				Client: client, User: u.ID, Actor: identity.Metadata{"sub": "user_x"}, Settings: in.Settings, Now: o.clock.Now(),
			})
			return err
		})
		before := o.dump()
		if _, err := o.flow.FinishOIDC(t.Context(), cb); o.refusal(err).Code() != fault.SessionCreationNotAllowed {
			t.Errorf("meanwhile: %v", err)
		}
		o.unchanged(before)
		o.write(func(tx *store.Tx) error {
			_, err := tx.EndSession(acting.ID, identity.SessionEnded, o.clock.Now())
			return err
		})
		must(o.flow.FinishOIDC(t.Context(), cb))(t)
	})
}

// A callback on another node, and after a restart: all that it needs is in the
// database (threat T-OPS-09).
func TestOIDC_ACallbackMayComeToAnotherNode(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client := o.browser()
		cb := o.answers(o.begin(client, "ada@acme.test"), client, ada)
		done := must(o.otherNode().FinishOIDC(t.Context(), cb))(t)
		if done.Session.ClientID != client {
			t.Errorf("session %+v", done.Session)
		}
	})
}

// Threat T-ID-22 at OpenID Connect.
func TestOIDC_TwentyFirstSignInsMakeOnePerson(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		var wg sync.WaitGroup
		var cbs []signin.Callback
		for range 20 {
			client := o.browser()
			cbs = append(cbs, o.answers(o.begin(client, "ada@acme.test"), client, ada))
		}
		users := sync.Map{}
		for _, cb := range cbs {
			wg.Go(func() {
				done, err := o.flow.FinishOIDC(t.Context(), cb)
				if err != nil {
					t.Errorf("FinishOIDC: %v", err)
					return
				}
				users.Store(done.Session.UserID, true)
			})
		}
		wg.Wait()
		if n := size(&users); n != 1 {
			t.Errorf("%d users", n)
		}
		o.checkCounts(map[string]int{"users": 1, "enterprise_accounts": 1, "memberships": 1, "sessions": 20})
	})
}

// A provider that is down costs its own people's sign-in, and no more: when it is
// back they sign in again (threat T-OPS-12).
func TestOIDC_AProviderThatIsDownInMidFlow(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client := o.browser()
		cb := o.answers(o.begin(client, "ada@acme.test"), client, ada)
		o.down.Store(true)
		before := o.dump()
		_, err := o.flow.FinishOIDC(t.Context(), cb)
		o.denied(before, err, fault.OAuthTokenExchangeError, "")
		o.down.Store(false)
		o.clock.Advance(time.Minute)
		cb = o.answers(o.begin(client, "ada@acme.test"), client, ada)
		must(o.flow.FinishOIDC(t.Context(), cb))(t)
	})
}
