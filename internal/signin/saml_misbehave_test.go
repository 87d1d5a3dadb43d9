package signin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/store"
)

// wants is what the answers of the practice provider are refused for where its
// catalogue leaves it to the circumstances; empty: accepted.
func wants(unasked bool) map[string]string {
	const noAddress = "saml_user_attribute_missing" // an address out of form is none
	want := map[string]string{
		"skewed-by-N": "", // a minute, which is tolerated
		"quoted-mail": noAddress, "dotted-domain": noAddress,
		"encrypted-empty": "signature_malformed", // the CipherValue is
	}
	if !unasked {
		return want
	}
	for _, name := range []string{
		"issued-before-request", "old-authn", "no-relaystate", "wrong-relaystate", "relaystate-url", "missing-in-response-to",
		"confirmation-missing-in-response-to", "unsolicited", "other-address",
	} {
		want[name] = ""
	}
	for _, name := range []string{"wrong-in-response-to", "confirmation-wrong-in-response-to"} {
		want[name] = "saml_response_relaystate_missing" // it answers something, and brings no RelayState
	}
	return want
}

// Every answer that the practice provider can make gets the verdict that it
// deserves; one that is refused leaves its attempt and nothing else, one that is
// right ends in a session of the person whom it is about.
func TestSAML_EveryMisbehaviourGetsItsVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.ForceAuthn = true })
	for n, m := range practice.Misbehaviours() {
		t.Run(m.Name, func(t *testing.T) {
			w.TB = t
			client := w.browser()
			person := practice.Person{Mail: fmt.Sprintf("p%d@acme.test", n), FirstName: "P", LastName: "Q"}
			if m.Name == "replayed" || m.Name == "repeated-assertion-id" {
				w.signInAs(practice.Request{Edited: &person})
			}
			ticket := w.begin(client, person.Mail)
			want, other := wants(false)[m.Name]
			if !other {
				want = m.Want
			}
			answer := w.answer(ticket, practice.Request{Edited: &person, Misbehave: m.Name})
			before := w.dump()
			accepted, err := w.flow.FinishSAML(t.Context(), answer)
			if want != "" {
				r := w.refused(before, err, w.refusal(err).reason())
				if m.Want = want; !m.Allows(r.reason()) {
					t.Errorf("%s: refused for %q, want %s", m.Threat, r.reason(), want)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: refused with %v for %q, want it accepted", m.Threat, err, w.refusal(err).reason())
			}
			done := w.done(accepted.Nonce, client)
			if u := w.userOf(person.Mail); u.ID == "" || u.ID != done.Session.UserID {
				t.Errorf("%s: signed in %s, want the person of %s", m.Threat, done.Session.UserID, person.Mail)
			}
		})
	}
}

func TestSAML_EveryMisbehaviourGetsItsVerdictUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
	for n, m := range practice.Misbehaviours() {
		t.Run(m.Name, func(t *testing.T) {
			w.TB = t
			person := practice.Person{Mail: fmt.Sprintf("p%d@acme.test", n), FirstName: "P", LastName: "Q"}
			if m.Name == "replayed" || m.Name == "repeated-assertion-id" {
				w.accepted(w.unasked(w.conn, practice.Request{Edited: &person}))
			}
			want, other := wants(true)[m.Name]
			if !other {
				want = m.Want
			}
			answer := w.unasked(w.conn, practice.Request{Edited: &person, Misbehave: m.Name})
			before := w.dump()
			_, err := w.flow.FinishSAML(t.Context(), answer)
			if want == "" {
				if err != nil {
					t.Errorf("%s: refused with %v for %q, want it accepted", m.Threat, err, w.refusal(err).reason())
				}
				return
			}
			r := w.refused(before, err, w.refusal(err).reason())
			if m.Want = want; !m.Allows(r.reason()) || !r.attempt.IDPInitiated {
				t.Errorf("%s: refused for %q, want %s", m.Threat, r.reason(), want)
			}
		})
	}
}

// Threats T-SAML-14 and T-OPS-01: 120 seconds of drift unless the connection says
// otherwise, and the refusal names the drift.
func TestSAML_ClocksMayBeApartAsFarAsTheConnectionSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	tests := map[string]struct {
		skew  int // of the connection; 0: the default
		drift string
		want  []string // reasons; none: accepted
	}{
		"a provider two minutes ahead":                        {0, "120", nil},
		"a provider four minutes ahead":                       {0, "240", []string{"not_yet_valid"}},
		"a provider a minute behind":                          {0, "-60", nil},
		"a provider five minutes behind":                      {0, "-300", []string{"expired", "issued_before_request"}},
		"a provider four minutes ahead, where five are right": {300, "240", nil},
		"a provider a minute ahead, where one second is":      {1, "60", []string{"not_yet_valid"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.ClockSkewSeconds = test.skew })
			ticket := w.begin(w.browser(), "ada@acme.test")
			_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Misbehave: "skewed-by-N", Param: test.drift}))
			if test.want == nil {
				if err != nil {
					t.Errorf("refused: %v, %v", err, w.refusal(err).attempt.Detail)
				}
				return
			}
			r := w.refusal(err)
			if !slices.Contains(test.want, r.reason()) || r.attempt.Detail["received"] == "" {
				t.Errorf("refused for %q with %v, want one of %v", r.reason(), r.attempt.Detail, test.want)
			}
		})
	}
}

// Threat T-XML-18: old cryptography works until the day of the exception.
func TestSAML_ALegacyExceptionEndsOnItsDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	until := began.Add(24 * time.Hour)
	w.revise(w.conn.ID, func(c *identity.Connection) {
		c.Config.SAML.Legacy = identity.LegacyException{SHA1: true, TripleDES: true, RSA15: true, Until: until}
	})
	for _, name := range []string{"sha1", "sha1-digest", "encrypted-3des", "encrypted-rsa15"} {
		w.signInAs(practice.Request{Person: "ada@acme.test", Misbehave: name})
	}
	w.clock.Advance(24 * time.Hour)
	ticket := w.begin(w.browser(), "ada@acme.test")
	_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Misbehave: "sha1"}))
	if r := w.refusal(err); r.reason() != "algorithm" {
		t.Errorf("after its day: refused for %q, want algorithm", r.reason())
	}
}

// Threat T-SAML-31: a transient NameID is no key, unless an attribute is one.
func TestSAML_AStableAttributeMayBeTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.Mapping.UserID = "employee" })
	person := &practice.Person{Mail: "ada@acme.test", Attributes: []practice.Attribute{{Name: "employee", Values: []string{"E1"}}}}
	first := w.signInAs(practice.Request{Edited: person, Misbehave: "transient-nameid"})
	second := w.signInAs(practice.Request{Edited: person, Misbehave: "transient-nameid"})
	if first.Session.UserID != second.Session.UserID {
		t.Error("two sign-ins, two people")
	}
	person.Attributes[0].Values = []string{"E1", "E2"}
	ticket := w.begin(w.browser(), "ada@acme.test")
	_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Edited: person}))
	if r := w.refusal(err); r.reason() != "saml_user_attribute_missing" || r.Meta()["missing_attribute"] != "employee" {
		t.Errorf("two keys: %v", err)
	}
}

// Threats T-SAML-33 and T-DOS-15.
func TestSAML_MetadataFromAProviderIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	long := make([]byte, 8<<10)
	for i := range long {
		long[i] = 'x'
	}
	client := w.browser()
	accepted := w.accepted(w.answer(w.begin(client, "ada@acme.test"), practice.Request{Edited: &practice.Person{
		Mail: "ada@acme.test", Attributes: []practice.Attribute{
			{Name: "public_metadata_long", Values: []string{string(long)}},
			{Name: "public_metadata_ok", Values: []string{"1"}},
			{Name: "public_metadata_not ok", Values: []string{"1"}},
		},
	}}))
	w.done(accepted.Nonce, client)
	u := w.userOf("ada@acme.test")
	if len(u.PublicMetadata) != 1 || u.PublicMetadata["ok"] != "1" || len(u.PrivateMetadata) != 0 {
		t.Errorf("metadata %v, private %v", u.PublicMetadata, u.PrivateMetadata)
	}
	warnings := 0
	for _, s := range w.attempt(accepted.AttemptID).Steps {
		if s.Name == "warning" {
			warnings++
		}
	}
	if warnings != 2 {
		t.Errorf("%d warnings in the attempt, want 2", warnings)
	}
}
