package signin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/store"
)

// Every misbehaviour of the practice OpenID provider gets the verdict that it
// deserves, with every kind of provider that can do it: one that is refused leaves
// its attempt and nothing else, one that is right ends in a session of the person
// whom it is about.
func TestOIDC_EveryMisbehaviourGetsItsVerdict(t *testing.T) {
	t.Parallel()
	for _, p := range []identity.Provider{identity.OIDCCustom, identity.OAuthGoogle, identity.OAuthMicrosoft} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			o := newOpenID(t, store.SQLite, p)
			for n, m := range practice.OIDCMisbehaviours(flavour(p)) {
				if elsewhere(m) {
					continue
				}
				t.Run(m.Name, func(t *testing.T) {
					o.TB = t
					o.judged(n, m)
				})
			}
		})
	}
}

// elsewhere are the misbehaviours that other tests are about: of discovery, which
// is read when a connection is made, and of refreshing.
func elsewhere(m practice.Misbehaviour) bool {
	return slices.Contains([]string{"Discovery", "Refreshing"}, m.Group) ||
		slices.Contains([]string{"lean-id-token", "replayed-code", "other-subject", "token-slow", "userinfo-slow", "jwks-slow"}, m.Name)
}

// The same where user info must be asked, for the ID token says little.
func TestOIDC_EveryMisbehaviourOfUserInfoGetsItsVerdict(t *testing.T) {
	t.Parallel()
	o := newOpenIDAs(t, store.SQLite, identity.OIDCCustom, func(c *practice.OIDCConfig) { c.LeanIDTokens = true })
	for n, m := range practice.OIDCMisbehaviours(practice.Custom) {
		if m.Group != "User info" || elsewhere(m) {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			o.TB, m.Unless = t, ""
			o.judged(n, m)
		})
	}
}

func (o *openID) judged(n int, m practice.Misbehaviour) {
	o.Helper()
	if m.Name == "missing-access-token" {
		m.Unless = "the ID token says enough, so that nothing is asked with it"
	}
	o.clock.Advance(time.Hour) // key sets may be fetched again, and pauses are over
	client := o.browser()
	person := practice.Person{Login: fmt.Sprint("p", n), Mail: fmt.Sprintf("p%d@acme.test", n), FirstName: "P", LastName: "Q"}
	if err := o.op.SetPerson(person); err != nil {
		o.Fatal(err)
	}
	cb := o.answers(o.begin(client, person.Mail), client, practice.Login{Person: person.Mail, Misbehave: m.Name})
	before := o.dump()
	done, err := o.flow.FinishOIDC(o.Context(), cb)
	if err == nil {
		if m.Want != "" && m.Unless == "" {
			o.Fatalf("%s: accepted, want a refusal for %s", m.Threat, m.Want)
		}
		if u := o.userOf(person.Mail); u.ID == "" || u.ID != done.Session.UserID {
			o.Errorf("%s: signed in %s, want the person of %s", m.Threat, done.Session.UserID, person.Mail)
		}
		return
	}
	r := o.refusal(err)
	if m.Want == "" && m.Unless == "" {
		o.Fatalf("%s: refused with %s for %q (%v), want it accepted", m.Threat, r.Code(), why(r), r.Details())
	}
	if m.Want != "" && !m.Allows(why(r)) && !m.Allows(string(r.Code())) && !strings.Contains(m.Want, string(r.Code())) {
		o.Errorf("%s: refused with %s for %q, want %s", m.Threat, r.Code(), why(r), m.Want)
	}
	o.unchanged(before, "attempts", "evidence", "pending_requests")
}

// T-RP-18 and T-RP-19: keys that are rotated, just before signing and before the
// next sign-in.
func TestOIDC_RotatedKeysAreFetchedOnce(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.in(ada)
		for _, name := range []string{"rotated-key", "rotated-key"} {
			o.clock.Advance(time.Minute)
			o.in(practice.Login{Person: "ada@acme.test", Misbehave: name})
		}
	})
}

// Threat T-EASIE-07: a known address with another subject is not linked.
func TestEASIE_ALapsedDomainBringsNobodyBack(t *testing.T) {
	eachOpenID(t, identity.OAuthGoogle, func(t *testing.T, o *openID) {
		o.in(ada)
		client := o.browser()
		cb := o.answers(o.begin(client, "ada@acme.test"), client, practice.Login{Person: "ada@acme.test", Misbehave: "other-subject"})
		before := o.dump()
		_, err := o.flow.FinishOIDC(t.Context(), cb)
		o.denied(before, err, fault.SSOAccountAlreadyConnected, "")
	})
}
