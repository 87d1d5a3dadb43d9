package signin_test

import (
	"fmt"
	"strings"
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

// long is a wrong password that is judged without hashing.
var long = strings.Repeat("long", 1000)

// fails tries a wrong password so often.
func (w *world) fails(from signin.Browser, id identity.SignInID, times int) {
	w.Helper()
	for range times {
		if _, err := w.flow.Password(w.Context(), from, id, long); !fault.Is(err, fault.FormPasswordOrIdentifierIncorrect) {
			w.Errorf("a wrong password: %v", err)
		}
	}
}

// Threat T-DOS-12: ten wrong ones from a source lock the address there, for an
// hour and for whoever tries, and nowhere else.
func TestLock_IsOfAnAddressAndASource(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		stranger := signin.Browser{Client: w.browser(), Source: "198.51.100.7"}
		theirs := w.start(stranger.Client, "carol@globex.test")
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { w.fails(stranger, theirs, 5) })
		}
		wg.Wait()
		for _, guess := range []string{"one more", password} {
			_, err := w.flow.Password(t.Context(), stranger, theirs, guess)
			if e := w.refusal(err); e.Code() != fault.UserLocked || e.Status() != 403 {
				t.Errorf("%q: %v", guess, err)
			}
		}
		// Another browser there is no way round it, by a code neither.
		beside := signin.Browser{Client: w.browser(), Source: stranger.Source}
		id := w.start(beside.Client, "carol@globex.test")
		must(w.flow.SendCode(t.Context(), beside, id))(t)
		if _, err := w.flow.Code(t.Context(), beside, id, w.code("carol@globex.test")); !fault.Is(err, fault.UserLocked) {
			t.Errorf("a code from there: %v", err)
		}
		// Another address can be tried there, and Carol comes in from elsewhere.
		w.fails(beside, w.start(beside.Client, "dora@globex.test"), 1)
		carol := w.browser()
		must(w.flow.Password(t.Context(), at(carol), w.start(carol, "carol@globex.test"), password))(t)
		w.clock.Advance(time.Hour - time.Millisecond)
		if _, err := w.flow.Password(t.Context(), stranger, theirs, password); !fault.Is(err, fault.UserLocked) {
			t.Errorf("before the hour is over: %v", err)
		}
		w.clock.Advance(time.Millisecond)
		must(w.flow.Password(t.Context(), stranger, theirs, password))(t)
	})
}

// Threat T-DOS-12: what a person mistypes is forgotten once she is in.
func TestLock_ATryThatIsRightForgetsTheWrongOnes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client := w.browser()
		for range 3 {
			id := w.start(client, "carol@globex.test")
			w.fails(at(client), id, 9)
			must(w.flow.Password(t.Context(), at(client), id, password))(t)
		}
	})
}

// Threats T-DOS-11 and T-DOS-12: an address that nobody has is locked alike.
func TestLock_AnAddressThatNobodyHasIsLockedAlike(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		id := w.start(client, "nobody@globex.test")
		w.fails(at(client), id, 10)
		if _, err := w.flow.Password(t.Context(), at(client), id, long); !fault.Is(err, fault.UserLocked) {
			t.Errorf("the eleventh: %v", err)
		}
	})
}

// Threat T-DOS-12: wrong codes of several mails count together, also at sign-up.
func TestLock_WrongCodesCount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.form("nina@home.test")
		s := w.signUp(f)
		for n := range 10 {
			if n == 5 {
				w.clock.Advance(30 * time.Second)
				if err := w.flow.ResendSignUpCode(t.Context(), at(f.Client), s.ID); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, "no code"); !fault.Is(err, fault.FormCodeIncorrect) {
				t.Errorf("try %d: %v", n+1, err)
			}
		}
		w.clock.Advance(30 * time.Second)
		if err := w.flow.ResendSignUpCode(t.Context(), at(f.Client), s.ID); err != nil {
			t.Fatal(err)
		}
		code := w.code("nina@home.test")
		if _, err := w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, code); !fault.Is(err, fault.UserLocked) {
			t.Errorf("the right code after ten wrong ones: %v", err)
		}
		must(w.flow.VerifySignUp(t.Context(), signin.Browser{Client: f.Client, Source: "elsewhere"}, s.ID, code))(t)
	})
}

// Threat T-DOS-12: an enforced SSO address has no password or code to fail, and
// so nothing that could be locked.
func TestLock_AnEnforcedAddressHasNothingToFail(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		next := must(w.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "ada@acme.test"}))(t)
		before := w.dump()
		for range 11 {
			_, errPassword := w.flow.Password(t.Context(), at(client), next.SignIn.ID, long)
			_, errCode := w.flow.Code(t.Context(), at(client), next.SignIn.ID, "123456")
			for name, err := range map[string]error{"password": errPassword, "code": errCode} {
				if !fault.Is(err, fault.StrategyForUserInvalid) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		w.unchanged(before)
		w.done(w.accepted(w.answer(next.Ticket, practice.Request{})).Nonce, client)
	})
}

// Threat T-DOS-13: 30 seconds between two mails to an address and five in an
// hour, whatever browser and source asks, and at whatever node.
func TestMail_AnAddressGetsFewOfThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		node := w.flow
		if w.engine == store.PostgreSQL {
			node = w.node(storetest.OpenURL(t, w.url))
		}
		send := func(n int) error {
			client := w.browser()
			from := signin.Browser{Client: client, Source: fmt.Sprint("source ", n)}
			flow := w.flow
			if n%2 == 1 {
				flow = node
			}
			_, err := flow.SendCode(t.Context(), from, w.start(client, "carol@globex.test"))
			return err
		}
		for n := range 5 {
			if err := send(n); err != nil {
				t.Fatalf("mail %d: %v", n+1, err)
			}
			w.clock.Advance(29 * time.Second)
			e := w.refusal(send(n + 1))
			if e.Code() != fault.VerificationCodeTooMany || e.Status() != 429 || n < 4 && e.Meta()["resets_in"] != 1 {
				t.Errorf("29 seconds after mail %d: %v, %v", n+1, e, e.Meta())
			}
			w.clock.Advance(time.Second)
		}
		w.clock.Set(began.Add(time.Hour - time.Millisecond))
		if err := send(0); !fault.Is(err, fault.VerificationCodeTooMany) {
			t.Errorf("the sixth mail in an hour: %v", err)
		}
		if got := len(w.mails()); got != 5 {
			t.Errorf("%d mails, want 5", got)
		}
		w.clock.Advance(time.Millisecond)
		if err := send(0); err != nil {
			t.Errorf("an hour after the first: %v", err)
		}
	})
}

// Threat T-DOS-13: a source asks for twenty mails in an hour, by sign-in or by
// sign-up; another is not kept from it.
func TestMail_ASourceAsksForTwentyInAnHour(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for n := range 10 {
			client := w.browser()
			must(w.flow.SendCode(t.Context(), at(client), w.start(client, fmt.Sprintf("p%d@home.test", n))))(t)
			w.signUp(w.form(fmt.Sprintf("q%d@home.test", n)))
		}
		f := w.form("nina@home.test")
		if _, _, err := w.flow.BeginSignUp(t.Context(), f); !fault.Is(err, fault.VerificationCodeTooMany) {
			t.Errorf("the 21st: %v", err)
		}
		w.checkCounts(map[string]int{"outbox": 20, "sign_ups": 10})
		f.Source = "elsewhere"
		w.signUp(f)
		w.clock.Advance(time.Hour)
		w.signUp(w.form("nora@home.test"))
	})
}

// Who tried what from where is not to be read in the database.
func TestCounters_HoldNoAddressInPlain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		id := w.start(client, "carol@globex.test")
		w.fails(at(client), id, 1)
		must(w.flow.SendCode(t.Context(), at(client), id))(t)
		rows := w.dump()["rate_counters"]
		if len(rows) != 3 {
			t.Errorf("counters %q, want 3", rows)
		}
		for _, row := range rows {
			if strings.Contains(row, "carol") || strings.Contains(row, office) {
				t.Errorf("in plain: %s", row)
			}
		}
	})
}

// Threat T-DOS-17: a browser has one live sign-in and one live sign-up; what it
// began before is void.
func TestBegin_WhatTheBrowserBeganBeforeIsVoid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client, other := w.browser(), w.browser()
		elsewhere := w.start(other, "carol@globex.test")
		first := w.start(client, "carol@globex.test")
		must(w.flow.SendCode(t.Context(), at(client), first))(t)
		second := w.start(client, "carol@globex.test")
		for name, err := range map[string]error{
			"its password": func() error {
				_, err := w.flow.Password(t.Context(), at(client), first, password)
				return err
			}(),
			"its code": func() error {
				_, err := w.flow.Code(t.Context(), at(client), first, w.code("carol@globex.test"))
				return err
			}(),
		} {
			if e := w.refusal(err); e.Code() != fault.ClientStateInvalid || e.Reason() != "replaced" {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(w.flow.Password(t.Context(), at(other), elsewhere, password))(t)
		must(w.flow.Password(t.Context(), at(client), second, password))(t)

		f := w.form("nina@home.test")
		old := w.signUp(f)
		code := w.code("nina@home.test")
		w.clock.Advance(30 * time.Second)
		w.signUp(f)
		if _, err := w.flow.VerifySignUp(t.Context(), at(f.Client), old.ID, code); !fault.Is(err, fault.ClientStateInvalid) {
			t.Errorf("a sign-up that was begun anew: %v", err)
		}
	})
}

// Threat T-DOS-17: the answer to a sign-in that is void makes no session, and its
// attempt says why.
func TestBegin_AnAnswerToASignInThatIsVoidMakesNoSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		ticket := w.begin(client, "ada@acme.test")
		waiting := w.accepted(w.answer(ticket, practice.Request{})) // and now its verdict
		late := w.begin(client, "ada@acme.test")
		last := w.begin(client, "ada@acme.test")
		for name, accepted := range map[string]signin.Accepted{
			"a verdict that waits": waiting, "an answer that comes late": w.accepted(w.answer(late, practice.Request{})),
		} {
			_, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: accepted.Nonce, Client: client})
			if r := w.refusal(err); r.Code() != fault.ClientStateInvalid || r.attempt.State != identity.AttemptRefused || r.attempt.Detail["reason"] != "replaced" {
				t.Errorf("%s: %v, attempt %+v", name, err, r.attempt)
			}
		}
		w.checkCounts(map[string]int{"sessions": 0, "users": 0})
		w.done(w.accepted(w.answer(last, practice.Request{})).Nonce, client)
	})
}
