package signin_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
)

// oidc answers as the provider and comes back.
func (r *tryout) oidc(o *openID, l practice.Login) signin.TestRunView {
	r.w.Helper()
	cb := o.answers(r.sent, "", l)
	cb.TestBrowser = r.browser
	done := must(o.flow.FinishOIDC(o.Context(), cb))(o)
	if done.Session.ID != "" || done.Cookie != "" {
		o.Errorf("a test run made a session: %+v", done)
	}
	return must(r.result(done.TestRun))(o)
}

func TestTestRun_OfOpenIDConnectWritesNobody(t *testing.T) {
	for _, p := range []identity.Provider{identity.OIDCCustom, identity.OAuthGoogle, identity.OAuthMicrosoft} {
		t.Run(string(p), func(t *testing.T) {
			eachOpenID(t, p, func(t *testing.T, o *openID) {
				o.change(func(c *identity.Connection) { c.Active = false })
				o.draft(o.conn.ID, func(c *identity.ConnectionConfig) {
					c.CustomAttributes = []identity.CustomAttribute{{Name: "Groups", Key: "groups", SSOPath: "groups", MultiValued: true}}
				})
				before := o.dump()
				run := o.world.try(o.conn.ID, "")
				v := run.oidc(o, practice.Login{Person: "ada@acme.test"})
				o.checkRun(v, store.TestRunsSuccess, "")
				if v.Claims.EmailAddress != "ada@acme.test" || v.Outcome.Result != "create" || v.Attempt.Kind != identity.AttemptTest {
					t.Errorf("seen %+v, outcome %+v, attempt %+v", v.Claims, v.Outcome, v.Attempt)
				}
				if got := v.Outcome.Binds; (p == identity.OAuthMicrosoft) != (got != "") {
					t.Errorf("the tenant that would be bound: %q", got)
				}
				for _, m := range v.Mapped {
					if (m.Field == "user_id" || m.Field == "email_address") && (!m.Came || len(m.Values) != 1 || m.Values[0] == "") {
						t.Errorf("mapped %+v", m)
					}
				}
				if parts := strings.Split(v.IDToken, "."); len(parts) != 3 || parts[2] != "redacted" {
					t.Errorf("the ID token is shown as %q", v.IDToken)
				}
				if slices.ContainsFunc(v.Others, func(a signin.SeenAttribute) bool { return a.Name == "nonce" }) {
					t.Error("the nonce is shown")
				}
				o.unchanged(before, append(tries, "connection_drafts")...)
				if draft, _ := o.proofs(o.conn.ID); draft != run.link.ID {
					t.Errorf("the draft is proved by %q", draft)
				}
			})
		})
	}
}

// Threat T-OIDC-32.
func TestTestRun_OfOpenIDConnectIsNeverASignIn(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		run, client := o.world.try(o.conn.ID, ""), o.browser()
		ticket := o.begin(client, "ada@acme.test")
		ofRun := o.answers(run.sent, client, practice.Login{Person: "ada@acme.test"}) // a browser with a client, without the cookie of the run
		ofSignIn := o.answers(ticket, client, practice.Login{Person: "ada@acme.test"})
		before := o.dump()
		for what, cb := range map[string]signin.Callback{
			"without the run's cookie":            ofRun,
			"with another cookie":                 {Params: ofRun.Params, Client: client, TestBrowser: "another"},
			"a sign-in's answer with that cookie": {Params: ofSignIn.Params, TestBrowser: run.browser},
		} {
			if _, err := o.flow.FinishOIDC(t.Context(), cb); !fault.Is(err, fault.OAuthCallbackInvalid) || fault.From(err).Reason() != "browser_mismatch" {
				t.Errorf("%s: %v", what, err)
			}
		}
		o.unchanged(before)

		// The code of one with the state of the other.
		swapped := signin.Callback{Params: ofSignIn.Params, Client: client, TestBrowser: run.browser}
		swapped.Params = cloneValues(ofSignIn.Params)
		swapped.Params.Set("state", ofRun.Params.Get("state"))
		done, err := o.flow.FinishOIDC(t.Context(), swapped)
		if err != nil {
			t.Fatal(err)
		}
		v := must(run.result(done.TestRun))(o)
		o.checkRun(v, store.TestRunsFailed, fault.OAuthTokenExchangeError)
		o.unchanged(before, tries...)

		ofRun.TestBrowser = run.browser
		if _, err := o.flow.FinishOIDC(t.Context(), ofRun); !fault.Is(err, fault.OAuthCallbackInvalid) {
			t.Errorf("a second answer to a test run: %v", err)
		}
		o.unchanged(before, tries...)

		run = o.world.try(o.conn.ID, "")
		ofRun = o.answers(run.sent, "", practice.Login{Person: "ada@acme.test"})
		ticket = o.begin(client, "ada@acme.test")
		ofSignIn = o.answers(ticket, client, practice.Login{Person: "ada@acme.test"})
		swapped = signin.Callback{Params: cloneValues(ofRun.Params), Client: client, TestBrowser: run.browser}
		swapped.Params.Set("state", ofSignIn.Params.Get("state"))
		if _, err := o.flow.FinishOIDC(t.Context(), swapped); err == nil {
			t.Error("the code of a test run signed somebody in")
		}
		o.checkCounts(map[string]int{"sessions": 0, "users": 0, "enterprise_accounts": 0, "memberships": 0})
	})
}

func TestTestRun_OfOpenIDConnectFailsAsASignInWould(t *testing.T) {
	t.Parallel()
	o := newOpenID(t, store.SQLite, identity.OIDCCustom)
	for _, m := range practice.OIDCMisbehaviours(practice.Custom) {
		t.Run(m.Name, func(t *testing.T) {
			_, signInErr := o.try(practice.Login{Person: "ada@acme.test", Misbehave: m.Name})
			if signInErr == nil {
				return
			}
			before := o.people()
			run := o.world.try(o.conn.ID, "")
			answer, err := o.op.Login(run.sent.Redirect, practice.Login{Person: "ada@acme.test", Misbehave: m.Name})
			if err != nil {
				t.Fatal(err)
			}
			done, err := o.flow.FinishOIDC(t.Context(), signin.Callback{Params: answer.Parameters(), TestBrowser: run.browser})
			if err != nil { // it lost what says that it belongs to the run
				if !fault.Is(err, fault.OAuthCallbackInvalid) && !fault.Is(err, fault.OAuthDebugMissingState) {
					t.Errorf("refused with %v", err)
				}
				return
			}
			v := must(run.result(done.TestRun))(o)
			if after := o.people(); after != before {
				t.Errorf("a test run made somebody: %s, before %s", after, before)
			}
			want := o.refusal(signInErr)
			if v.Status != store.TestRunsFailed || v.Attempt.Code != string(want.Code()) {
				if want.attempt.Detail["reason"] != "email_as_typed" {
					t.Errorf("%s with %s, a sign-in with %s", v.Status, v.Attempt.Code, want.Code())
				}
			}
		})
	}
}

func TestTestRun_NeedsWhatARequestNeeds(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.draft(o.conn.ID, func(c *identity.ConnectionConfig) { c.OIDC.TokenURL = "" })
		_, err := o.flow.BeginTestRun(t.Context(), o.conn.ID, "")
		if !fault.Is(err, fault.OAuthDebugProviderNotConfigured) {
			t.Errorf("a draft without a token endpoint: %v", err)
		}
		o.draft(o.conn.ID, func(c *identity.ConnectionConfig) { c.OIDC.SecretID = "cls_gone" })
		if _, err := o.flow.BeginTestRun(t.Context(), o.conn.ID, "x"); !fault.Is(err, fault.FormParamValueInvalid) {
			t.Errorf("a target that there is not: %v", err)
		}
		if _, err := o.flow.BeginTestRun(t.Context(), "entconn_gone", ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("a connection that there is not: %v", err)
		}
	})
}

func cloneValues(v url.Values) url.Values {
	out := url.Values{}
	for name, list := range v {
		out[name] = slices.Clone(list)
	}
	return out
}
