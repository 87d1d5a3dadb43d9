package signin_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Threats T-SAML-25 and T-SAML-26: whoever began a sign-in gets its session, and
// nobody else, whether the provider's link was forwarded or its answer planted.
func TestSAML_ASignInEndsInTheBrowserThatBeganItOrWithoutASession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		attacker, victim := w.browser(), w.browser()
		for name, client := range map[string]identity.ClientID{"another browser": victim, "a browser without a cookie": ""} {
			accepted := w.accepted(w.answer(w.begin(attacker, "ada@acme.test"), practice.Request{}))
			before := w.dump()
			_, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: accepted.Nonce, Client: client})
			r := w.refusal(err)
			if r.Code() != fault.SAMLResponseInvalid || r.reason() != "browser_mismatch" || r.attempt.State != identity.AttemptRefused || r.Status() != 401 {
				t.Errorf("%s: %v, attempt %+v", name, err, r.attempt)
			}
			w.unchanged(before, "attempts", "verdicts")
			// It is used up for the right browser as well.
			if _, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: accepted.Nonce, Client: attacker}); !fault.Is(err, fault.SSOVerdictInvalid) {
				t.Errorf("%s, then the right one: %v", name, err)
			}
		}
	})
}

func TestSAML_AVerdictWorksOnceAndForFiveMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		accepted := w.accepted(w.answer(w.begin(client, "ada@acme.test"), practice.Request{}))
		w.done(accepted.Nonce, client)
		before := w.dump()
		for name, nonce := range map[string]string{"a used one": accepted.Nonce, "an unknown one": "nonce", "none": ""} {
			if _, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: nonce, Client: client, Binding: "b"}); !fault.Is(err, fault.SSOVerdictInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.unchanged(before)

		late := w.accepted(w.answer(w.begin(client, "ada@acme.test"), practice.Request{}))
		w.clock.Advance(5 * time.Minute)
		if _, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: late.Nonce, Client: client}); !fault.Is(err, fault.SSOVerdictInvalid) {
			t.Errorf("after five minutes: %v", err)
		}
	})
}

// Invariant 7: what is switched off, banned or taken away between the provider's
// answer and the browser's return is so.
func TestSAML_FactsAreReadAgainWhenTheBrowserReturns(t *testing.T) {
	tests := map[string]struct {
		between func(w *world)
		want    string
	}{
		"the connection was switched off, threat T-SAML-01": {
			func(w *world) { w.revise(w.conn.ID, func(c *identity.Connection) { c.Active = false }) }, "saml_connection_active_not_found",
		},
		"the connection was deleted": {
			func(w *world) {
				w.write(func(tx *store.Tx) error {
					_, err := tx.DeleteConnection(w.conn.ID)
					return err
				})
			}, "saml_connection_active_not_found",
		},
		"the domain was taken away": {
			func(w *world) {
				w.revise(w.conn.ID, func(c *identity.Connection) { c.Domains = []identity.Domain{"acme.example"} })
			}, "saml_email_address_domain_mismatch",
		},
		"the certificate was taken away, threat T-SEC-11": {
			func(w *world) {
				next := must(w.idp.NextCertificate())(w)
				w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.IDPCertificates = []string{encode(next)} })
			}, "signature",
		},
		"another attribute names the person now, invariant 7": {
			func(w *world) {
				w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.Mapping.UserID = "employee" })
			}, "sso_verdict_invalid",
		},
		"the person was banned": {
			func(w *world) { w.change(w.userOf("ada@acme.test"), func(u *identity.User) { u.Banned = true }) }, "user_banned",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.signIn("ada@acme.test")
				client := w.browser()
				accepted := w.accepted(w.answer(w.begin(client, "ada@acme.test"), practice.Request{}))
				test.between(w)
				before := w.dump()
				_, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: accepted.Nonce, Client: client})
				if r := w.refusal(err); r.reason() != test.want || r.attempt.ID != accepted.AttemptID || r.attempt.State != identity.AttemptRefused {
					t.Errorf("got %v for %q, attempt %+v; want %s", err, r.reason(), r.attempt, test.want)
				}
				w.unchanged(before, "attempts", "verdicts")
			})
		})
	}
}

// A sign-in that two answers belong to ends once; the second answer writes
// nothing about anybody.
func TestSAML_ASignInThatIsOverIsNotCompletedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Advance(time.Second)
		w.connect(w.idp, func(c *identity.Connection) { c.OrganizationID = w.org.ID })
		client := w.browser()
		next := must(w.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "ada@acme.test"}))(t)
		if next.Step != signin.NextChoose || len(next.Choices) != 2 {
			t.Fatalf("next %+v, want a choice of two", next)
		}
		var nonces []string
		for _, choice := range next.Choices {
			ticket := must(w.flow.Choose(t.Context(), client, next.SignIn.ID, choice.Connection.ID))(t)
			nonces = append(nonces, w.accepted(w.answer(ticket, practice.Request{})).Nonce)
		}
		w.done(nonces[0], client)
		before := w.dump()
		_, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: nonces[1], Client: client})
		if r := w.refusal(err); r.Code() != fault.ClientStateInvalid || r.attempt.State != identity.AttemptRefused {
			t.Errorf("got %v, attempt %+v", err, r.attempt)
		}
		w.unchanged(before, "attempts", "verdicts")
		if _, err := w.flow.Choose(t.Context(), client, next.SignIn.ID, w.conn.ID); !fault.Is(err, fault.ClientStateInvalid) {
			t.Errorf("going on with a sign-in that is over: %v", err)
		}
	})
}

// Behaviours 1.76 and 1.77: off unless the connection allows it.
func TestSAML_TheProviderInitiatesOnlyWhereItMay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.dump()
		_, err := w.flow.FinishSAML(t.Context(), w.unasked(w.conn, practice.Request{}))
		w.refused(before, err, "saml_response_relaystate_missing")

		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
		accepted := w.accepted(w.unasked(w.conn, practice.Request{RelayState: "https://evil.test/"}))
		ret := signin.Return{Nonce: accepted.Nonce}
		if accepted.Binding == "" {
			t.Fatal("nothing binds the answer to the browser that brought it")
		}
		if _, err := w.flow.CompleteSAML(t.Context(), ret); !fault.Is(err, fault.SSOVerdictInvalid) {
			t.Errorf("without the cookie beside the redirect: %v", err)
		}
		ret.Binding = "another"
		if _, err := w.flow.CompleteSAML(t.Context(), ret); !fault.Is(err, fault.SSOVerdictInvalid) {
			t.Errorf("with another cookie: %v", err)
		}
		ret.Binding = accepted.Binding
		if _, err := w.flow.CompleteSAML(t.Context(), ret); !errors.Is(err, signin.ErrNeedsClient) {
			t.Errorf("without a client: %v", err)
		}
		ret.Client = w.browser()
		done := must(w.flow.CompleteSAML(t.Context(), ret))(t)
		if done.ReturnURL != "" {
			t.Errorf("RelayState became a place to go: %q (threat T-SAML-05)", done.ReturnURL)
		}
		a := w.attempt(accepted.AttemptID)
		if !a.IDPInitiated || a.State != identity.AttemptComplete || a.TypedEmail != "" || a.UserID != done.Session.UserID {
			t.Errorf("attempt %+v", a)
		}

		w.revise(w.conn.ID, func(c *identity.Connection) { c.Active = false })
		before = w.dump()
		_, err = w.flow.FinishSAML(t.Context(), w.unasked(w.conn, practice.Request{}))
		w.refused(before, err, "saml_connection_active_not_found") // threat T-SAML-01
	})
}

// Threat T-SAML-27.
func TestSAML_AnotherPersonsSessionEndsOnlyWhenSheSaysSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
		client := w.browser()
		bob := w.done(w.accepted(w.answer(w.begin(client, "bob@acme.test"), practice.Request{Person: "bob@acme.test"})).Nonce, client)
		accepted := w.accepted(w.unasked(w.conn, practice.Request{}))
		ret := signin.Return{Nonce: accepted.Nonce, Binding: accepted.Binding, Client: client}
		before := w.dump()
		_, err := w.flow.CompleteSAML(t.Context(), ret)
		s, ok := errors.AsType[signin.SwitchNeeded](err)
		if !ok || s.Current.ID != bob.Session.UserID || s.Email != "ada@acme.test" || s.Connection != "Acme sign-in" {
			t.Fatalf("got %v, want a question that names both", err)
		}
		w.unchanged(before)
		ret.Switch = true
		ada := must(w.flow.CompleteSAML(t.Context(), ret))(t)
		old := get(w, func(tx *store.Tx) (identity.Session, error) { return tx.Session(bob.Session.ID) })
		if ada.Session.UserID == bob.Session.UserID || old.Status != identity.SessionReplaced {
			t.Errorf("Ada %+v, Bob's session %s", ada.Session, old.Status)
		}

		// The same person is not asked, even before her account is known here.
		again := w.accepted(w.unasked(w.conn, practice.Request{}))
		must(w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: again.Nonce, Binding: again.Binding, Client: client}))(t)
		w.write(func(tx *store.Tx) error {
			a, err := tx.AccountOf(w.conn.ID, ada.Session.UserID)
			if err != nil {
				return err
			}
			_, err = tx.DeleteAccount(a.ID)
			return err
		})
		again = w.accepted(w.unasked(w.conn, practice.Request{}))
		must(w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: again.Nonce, Binding: again.Binding, Client: client}))(t)
	})
}

// Somebody who would be refused is told so, and not asked whether to switch first.
func TestSAML_ARefusalComesBeforeTheQuestion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
		client := w.browser()
		w.done(w.accepted(w.answer(w.begin(client, "bob@acme.test"), practice.Request{Person: "bob@acme.test"})).Nonce, client)
		accepted := w.accepted(w.unasked(w.conn, practice.Request{}))
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.DisableJITProvisioning = true })
		_, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: accepted.Nonce, Binding: accepted.Binding, Client: client})
		if !fault.Is(err, fault.SAMLJITProvisioningDisabled) {
			t.Errorf("got %v", err)
		}
	})
}

// Threats T-SAML-21 and T-SAML-22: two organizations at one provider, with one
// entity ID and one certificate.
func TestSAML_AnAnswerForOneConnectionIsWorthNothingAtAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		globex := w.organization("Globex")
		w.clock.Advance(time.Second)
		other := w.connect(w.idp, func(c *identity.Connection) {
			c.OrganizationID, c.Domains = globex.ID, []identity.Domain{"globex.test"}
		})
		gina := practice.Person{Mail: "gina@globex.test", FirstName: "Gina"}
		ada, ginas := w.begin(w.browser(), "ada@acme.test"), w.begin(w.browser(), "gina@globex.test")

		// A's answer and RelayState at B.
		answer := w.answer(ada, practice.Request{})
		answer.Connection = other.ID
		before := w.dump()
		_, err := w.flow.FinishSAML(t.Context(), answer)
		w.refused(before, err, "relaystate")

		// A's answer with B's RelayState at B: the audience decides.
		_, relay := w.asked(ginas)
		answer.RelayState = relay
		before = w.dump()
		_, err = w.flow.FinishSAML(t.Context(), answer)
		if r := w.refusal(err); !slices.Contains([]string{"audience", "destination", "in_response_to"}, r.reason()) {
			t.Errorf("refused for %q", r.reason())
		}
		w.unchanged(before, "attempts", "evidence")

		// B's provider vouches for A's person: threat T-SAML-23.
		victim := practice.Person{Mail: "ada@acme.test"}
		ginas = w.begin(w.browser(), "gina@globex.test")
		before = w.dump()
		_, err = w.flow.FinishSAML(t.Context(), w.answer(ginas, practice.Request{Edited: &victim}))
		w.refused(before, err, "saml_email_address_domain_mismatch")

		// A's own sign-in is still open: threat T-SAML-04.
		if a := w.attempt(ada.AttemptID); a.State != identity.AttemptStarted {
			t.Errorf("A's attempt is %s", a.State)
		}
		w.accepted(w.answer(ada, practice.Request{}))

		// One subject at two connections is two people.
		gina.Subject = "same"
		first := w.signInAs(practice.Request{Edited: &practice.Person{Mail: "sue@acme.test", Subject: "same"}})
		client := w.browser()
		ginas = w.begin(client, "gina@globex.test")
		second := w.done(w.accepted(w.answer(ginas, practice.Request{Edited: &gina})).Nonce, client)
		if first.Session.UserID == second.Session.UserID {
			t.Error("a subject of one connection reached a person of another")
		}
	})
}

// Threat T-SAML-08: the same answer, and the same assertion in a new response.
func TestSAML_AnAnswerIsUsedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		ticket := w.begin(client, "ada@acme.test")
		answer := w.answer(ticket, practice.Request{})
		w.done(w.accepted(answer).Nonce, client)
		before := w.dump()
		_, err := w.flow.FinishSAML(t.Context(), answer)
		r := w.refused(before, err, "relaystate")
		if r.attempt.ID == ticket.AttemptID || r.attempt.IDPInitiated || r.attempt.TypedEmail != "ada@acme.test" {
			t.Errorf("the replay's attempt: %+v, want one of its own", r.attempt)
		}
		if a := w.attempt(ticket.AttemptID); a.State != identity.AttemptComplete || a.Code != "" || len(a.Trace) == 0 {
			t.Errorf("the replay changed the attempt that was complete: %+v", a)
		}

		// Through the other door, threat T-SAML-09: unasked.
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
		unasked := w.unasked(w.conn, practice.Request{})
		w.accepted(unasked)
		before = w.dump()
		_, err = w.flow.FinishSAML(t.Context(), unasked)
		w.refused(before, err, "replay")
		again := w.unasked(w.conn, practice.Request{Misbehave: "repeated-assertion-id"})
		before = w.dump()
		_, err = w.flow.FinishSAML(t.Context(), again)
		w.refused(before, err, "replay")
		ticket = w.begin(client, "ada@acme.test")
		again = w.answer(ticket, practice.Request{Misbehave: "repeated-assertion-id"})
		before = w.dump()
		_, err = w.flow.FinishSAML(t.Context(), again)
		w.refused(before, err, "replay")
	})
}

// A refusal does not use the request up: the person presses back and tries again.
func TestSAML_AfterARefusalTheSameRequestMayBeAnsweredAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		ticket := w.begin(client, "ada@acme.test")
		_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Misbehave: "no-mail"}))
		if r := w.refusal(err); r.attempt.ID != ticket.AttemptID {
			t.Errorf("attempt %s, want %s", r.attempt.ID, ticket.AttemptID)
		}
		accepted := w.accepted(w.answer(ticket, practice.Request{}))
		w.done(accepted.Nonce, client)
		first, second := w.attempt(ticket.AttemptID), w.attempt(accepted.AttemptID)
		if first.State != identity.AttemptRefused || second.State != identity.AttemptComplete || second.Code != "" {
			t.Errorf("attempts %+v and %+v", first, second)
		}
	})
}

// Threats T-SAML-08 and T-OPS-09: on two nodes within a millisecond, one wins.
func TestSAML_OfOneAnswerPostedTwentyTimesOneWins(t *testing.T) {
	t.Parallel()
	nodes := map[string]func(t *testing.T) (*world, []*signin.Flow){
		"sqlite": func(t *testing.T) (*world, []*signin.Flow) {
			w := newWorld(t, store.SQLite)
			return w, []*signin.Flow{w.flow}
		},
		"two nodes on one PostgreSQL": func(t *testing.T) (*world, []*signin.Flow) {
			w := newWorld(t, store.PostgreSQL)
			return w, []*signin.Flow{w.flow, w.node(storetest.OpenURL(t, w.url))}
		},
	}
	for name, open := range nodes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, flows := open(t)
			client := w.browser()
			ticket := w.begin(client, "ada@acme.test")
			answer := w.answer(ticket, practice.Request{})
			var mu sync.Mutex
			var won []signin.Accepted
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					accepted, err := flows[i%len(flows)].FinishSAML(t.Context(), answer)
					mu.Lock()
					defer mu.Unlock()
					switch r := fault.From(err); {
					case err == nil:
						won = append(won, accepted)
					case r.Code() != fault.SAMLResponseInvalid:
						t.Errorf("refused with %v, want a replay", err)
					}
				})
			}
			wg.Wait()
			if len(won) != 1 {
				t.Fatalf("%d answers were accepted, want one", len(won))
			}
			w.done(won[0].Nonce, client)
			if a := w.attempt(won[0].AttemptID); a.State != identity.AttemptComplete || a.Code != "" {
				t.Errorf("the winner's attempt: %+v", a)
			}
			w.checkCounts(map[string]int{"sessions": 1, "users": 1, "verdicts": 1, "used_assertions": 1, "attempts": 20})
		})
	}
}

// Threats T-ID-22 and T-OPS-09: twenty browsers finish the first sign-in of one
// person at once. One user, one account, one membership, twenty sessions.
func TestSAML_TwentyFirstSignInsAtOnceMakeOnePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) { firstSignInRace(t, w, w.flow) })
}

func TestSAML_TwentyFirstSignInsOnTwoNodesMakeOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.PostgreSQL)
	firstSignInRace(t, w, w.flow, w.node(storetest.OpenURL(t, w.url)))
}

func firstSignInRace(t *testing.T, w *world, flows ...*signin.Flow) {
	type way struct {
		client identity.ClientID
		answer signin.Answer
	}
	var ways []way
	for range 20 {
		client := w.browser()
		ways = append(ways, way{client, w.answer(w.begin(client, "ada@acme.test"), practice.Request{})})
	}
	var wg sync.WaitGroup
	users, nonces := make([]identity.UserID, len(ways)), make([]string, len(ways))
	for i, way := range ways {
		wg.Go(func() {
			// Finished on one node, completed on the other.
			err := func() error {
				accepted, err := flows[i%len(flows)].FinishSAML(t.Context(), way.answer)
				nonces[i] = accepted.Nonce
				return err
			}()
			if err != nil {
				t.Errorf("FinishSAML: %v", err)
				return
			}
			err = func() error {
				done, err := flows[(i+1)%len(flows)].CompleteSAML(t.Context(), signin.Return{Nonce: nonces[i], Client: way.client})
				users[i] = done.Session.UserID
				return err
			}()
			if err != nil {
				t.Errorf("CompleteSAML: %v", err)
			}
		})
	}
	wg.Wait()
	slices.Sort(users)
	if len(slices.Compact(users)) != 1 {
		t.Errorf("people %v, want one", users)
	}
	w.checkCounts(map[string]int{"users": 1, "enterprise_accounts": 1, "email_addresses": 1, "memberships": 1, "sessions": 20})
}

// While a connection is revised again and again, every answer is judged by the
// revision that its attempt names, and by no other.
func TestSAML_ARevisionInTheMiddleIsJudgedByToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		right, wrong := encode(w.idp.Certificate()), encode(must(w.idp.NextCertificate())(t))
		var answers []signin.Answer
		for range 15 {
			answers = append(answers, w.answer(w.begin(w.browser(), "ada@acme.test"), practice.Request{}))
		}
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				w.revise(w.conn.ID, func(c *identity.Connection) {
					c.Config.SAML.IDPCertificates = []string{[]string{wrong, right}[n%2]}
				})
			}
		})
		for _, answer := range answers {
			accepted, err := w.flow.FinishSAML(t.Context(), answer)
			if fault.Is(err, fault.ServiceUnavailable) || errors.Is(err, store.ErrBusy) {
				continue // revised too often meanwhile
			}
			id := accepted.AttemptID
			if err != nil {
				id = w.refusal(err).attempt.ID
			}
			a := w.attempt(id)
			r := get(w, func(tx *store.Tx) (identity.ConnectionRevision, error) { return tx.Revision(a.RevisionID) })
			if trusted := r.Config.SAML.IDPCertificates[0] == right; trusted != (err == nil) {
				t.Errorf("judged %v by revision %d, which trusts the certificate: %v", err, r.Number, trusted)
			}
		}
		close(done)
		wg.Wait()
	})
}

// An attempt names the revision that judged it, not the one that it began under.
func TestSAML_AnAttemptNamesTheRevisionThatJudgedIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ticket := w.begin(w.browser(), "ada@acme.test")
		w.clock.Advance(time.Second)
		live := w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.ClockSkewSeconds = 60 })
		fresh := get(w, func(tx *store.Tx) (identity.Connection, error) { return tx.Connection(live.ID) })
		if a := w.attempt(ticket.AttemptID); a.RevisionID != w.conn.LiveRevisionID {
			t.Errorf("begun under %s, want %s", a.RevisionID, w.conn.LiveRevisionID)
		}
		accepted := w.accepted(w.answer(ticket, practice.Request{}))
		if a := w.attempt(accepted.AttemptID); a.RevisionID != fresh.LiveRevisionID {
			t.Errorf("judged under %s, want %s", a.RevisionID, fresh.LiveRevisionID)
		}
	})
}
