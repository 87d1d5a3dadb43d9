package signin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/signin"
	"usher/internal/store"
)

// form is a sign-up that is in order.
func (w *world) form(address string) signin.SignUpForm {
	w.Helper()
	return signin.SignUpForm{
		Client: w.browser(), Source: office, Address: address, FirstName: "Nina", LastName: "New", Password: password, ReturnURL: "/user",
	}
}

func (w *world) signUp(f signin.SignUpForm) identity.SignUp {
	w.Helper()
	s, next, err := w.flow.BeginSignUp(w.Context(), f)
	if err != nil || next.Step != signin.NextCode {
		w.Fatalf("sign-up of %s: step %d, %v", f.Address, next.Step, err)
	}
	return s
}

func TestSignUp_MakesAPersonWhoProvedTheAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.form("Nina@home.test")
		s := w.signUp(f)
		w.checkCounts(map[string]int{"users": 0, "sessions": 0})
		must(w.flow.OpenSignUp(t.Context(), f.Client, s.ID))(t)
		done := must(w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, w.code("nina@home.test")))(t)
		u := w.userOf("nina@home.test")
		e := get(w, func(tx *store.Tx) (identity.EmailAddress, error) { return tx.VerifiedEmail("nina@home.test") })
		if u.ID != done.Session.UserID || u.Name() != "Nina New" || e.Strategy != "email_code" || e.ID != u.PrimaryEmailID || done.ReturnURL != "/user" || done.Cookie == "" {
			t.Errorf("user %+v, address %+v, done %+v", u, e, done)
		}
		if _, err := w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, w.code("nina@home.test")); !fault.Is(err, fault.ClientStateInvalid) {
			t.Errorf("once more: %v", err)
		}
		id := w.start(f.Client, "nina@home.test")
		must(w.flow.Password(t.Context(), at(f.Client), id, password))(t)
	})
}

func TestSignUp_ReportsEveryFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	f := signin.SignUpForm{
		Client: w.browser(), Address: "no address", FirstName: strings.Repeat("n", 257), LastName: "a\nb", Password: "short", ReturnURL: "https://evil.test",
	}
	_, _, err := w.flow.BeginSignUp(t.Context(), f)
	var codes []fault.Code
	for _, e := range fault.All(err) {
		codes = append(codes, e.Code())
	}
	want := []fault.Code{
		fault.FormParamFormatInvalid, fault.RedirectURLDomainMismatch, fault.FormParamMaxLength, fault.FormParamFormatInvalid, fault.FormPasswordTooShort,
	}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	f = w.form("nina@home.test")
	f.Password = strings.Repeat("ü", 129)
	if _, _, err := w.flow.BeginSignUp(t.Context(), f); !fault.Is(err, fault.FormPasswordTooLong) {
		t.Errorf("129 letters: %v", err)
	}
}

// An address on an SSO domain is taken to its provider, where the account is made.
func TestSignUp_AnAddressOnAnSSODomainGoesToSSO(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(func(s *identity.Settings) { s.SignUpMode = identity.SignUpRestricted }) // behaviour 1.34
		s, next, err := w.flow.BeginSignUp(t.Context(), w.form("ada@acme.test"))
		if err != nil || s.ID != "" || next.Step != signin.NextProvider || next.Ticket.Redirect == "" {
			t.Fatalf("sign-up %+v, next %+v, %v", s, next, err)
		}
		w.checkCounts(map[string]int{"sign_ups": 0, "outbox": 0, "sign_ins": 1})
	})
}

// Threat T-DOS-11: a sign-up for an address that is taken looks like any other;
// its owner gets a mail that says so.
func TestSignUp_AnAddressThatIsTakenLooksLikeAnyOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		seen := func(address string) (steps []any) {
			f := w.form(address)
			s, next, err := w.flow.BeginSignUp(t.Context(), f)
			steps = append(steps, s.Status, next.Step, err)
			for range 6 {
				_, err := w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, "not a code")
				steps = append(steps, fault.From(err).Code(), fault.From(err).Meta())
			}
			w.clock.Advance(30 * time.Second)
			return append(steps, w.flow.ResendSignUpCode(t.Context(), at(f.Client), s.ID))
		}
		fresh, taken := seen("nina@home.test"), seen("carol@globex.test")
		if diff := cmp.Diff(fresh, taken); diff != "" {
			t.Errorf("fresh and taken differ:\n%s", diff)
		}
		for _, m := range w.mails() {
			if hasCode := sixDigits.MatchString(m.Text); hasCode == (m.To == "carol@globex.test") {
				t.Errorf("mail %+v", m)
			}
		}
		w.checkCounts(map[string]int{"users": 1, "outbox": 4})
	})
}

func TestSignUp_IsOpenOnlyWhereTheSettingsSaySo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.form("nina@home.test")
		for mode, code := range map[identity.SignUpMode]fault.Code{
			identity.SignUpRestricted: fault.SignUpModeRestricted, identity.SignUpWaitlist: fault.SignUpRestrictedWaitlist,
		} {
			w.set(func(s *identity.Settings) { s.SignUpMode = mode })
			before := w.dump()
			_, _, err := w.flow.BeginSignUp(t.Context(), f)
			if e := w.refusal(err); e.Code() != code || e.Status() != 403 {
				t.Errorf("%s: %v", mode, err)
			}
			w.unchanged(before)
		}
	})
}

// What holds when the code comes back counts, not what held when it was mailed.
func TestSignUp_FactsAreReadAgainWhenTheCodeComesBack(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(w *world)
		code      fault.Code
	}{
		"the domain came under SSO": {
			func(w *world) {
				w.connect(w.idp, func(c *identity.Connection) { c.Domains = []identity.Domain{"home.test"} })
			}, fault.SAMLEmailAddressDomainReserved,
		},
		"the address was taken": {
			func(w *world) { w.person("nina@home.test", identity.Verified, nil) }, fault.FormIdentifierExists,
		},
		"sign-up was closed": {
			func(w *world) { w.set(func(s *identity.Settings) { s.SignUpMode = identity.SignUpRestricted }) }, fault.SignUpModeRestricted,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				f := w.form("nina@home.test")
				s := w.signUp(f)
				code := w.code("nina@home.test")
				test.meanwhile(w)
				before := w.dump()
				if _, err := w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, code); !fault.Is(err, test.code) {
					t.Errorf("got %v, want %s", err, test.code)
				}
				w.unchanged(before)
			})
		})
	}
}

// Threats T-SES-14, T-SES-15 and T-DOS-13.
func TestSignUp_ItsCodeIsBoundCountedAndBounded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.form("nina@home.test")
		s := w.signUp(f)
		code := w.code("nina@home.test")
		if _, err := w.flow.VerifySignUp(t.Context(), at(w.browser()), s.ID, code); !fault.Is(err, fault.NotFound) {
			t.Errorf("another browser: %v", err)
		}
		if err := w.flow.ResendSignUpCode(t.Context(), at(f.Client), s.ID); !fault.Is(err, fault.VerificationCodeTooMany) {
			t.Errorf("another code at once: %v", err)
		}
		for range 5 {
			if _, err := w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, other(code)); !fault.Is(err, fault.FormCodeIncorrect) {
				t.Errorf("a wrong code: %v", err)
			}
		}
		if _, err := w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, code); !fault.Is(err, fault.VerificationFailed) {
			t.Errorf("the right code after five wrong ones: %v", err)
		}
		w.clock.Advance(30 * time.Second)
		if err := w.flow.ResendSignUpCode(t.Context(), at(f.Client), s.ID); err != nil {
			t.Fatal(err)
		}
		must(w.flow.VerifySignUp(t.Context(), at(f.Client), s.ID, w.code("nina@home.test")))(t)
		for range 5 {
			w.signUp(w.form("nora@home.test"))
			w.clock.Advance(30 * time.Second)
		}
		if _, _, err := w.flow.BeginSignUp(t.Context(), w.form("nora@home.test")); !fault.Is(err, fault.VerificationCodeTooMany) {
			t.Errorf("the sixth mail in an hour: %v", err)
		}
	})
}

// Threat T-ID-10, behaviours 1.48 and 1.49: an account that somebody prepared under
// an address that was never proved.
func TestSAML_AnAccountThatWasPreparedIsTakenOverEmptyOrLeftAlone(t *testing.T) {
	prepare := func(w *world) (attacker identity.User, session identity.Session) {
		attacker = w.person("ada@acme.test", identity.Unverified, func(u *identity.User) { u.PasswordHash, u.Username = "x", "ada" })
		w.write(func(tx *store.Tx) error {
			session = identity.Session{
				ID: identity.NewID[identity.SessionID](began), ClientID: "client_attacker", UserID: attacker.ID, Status: identity.SessionActive,
				ExpireAt: began.Add(time.Hour), AbandonAt: began.Add(time.Hour), CreatedAt: began, UpdatedAt: began,
			}
			if err := tx.InsertSession(session); err != nil {
				return err
			}
			return tx.InsertEmailAddress(identity.EmailAddress{
				ID: identity.NewID[identity.EmailID](began), UserID: attacker.ID, Address: "attacker@evil.test", Status: identity.Unverified,
				CreatedAt: began.Add(time.Second), UpdatedAt: began,
			})
		})
		return attacker, session
	}
	t.Run("where addresses are verified at sign-up, a new person is made", func(t *testing.T) {
		each(t, func(t *testing.T, w *world) {
			attacker, _ := prepare(w)
			before := get(w, func(tx *store.Tx) (identity.User, error) { return tx.User(attacker.ID) })
			if done := w.signIn("ada@acme.test"); done.Session.UserID == attacker.ID {
				t.Error("the prepared account was linked")
			}
			after := get(w, func(tx *store.Tx) (identity.User, error) { return tx.User(attacker.ID) })
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("the prepared account changed:\n%s", diff)
			}
		})
	})
	t.Run("elsewhere it is taken over without what was prepared", func(t *testing.T) {
		each(t, func(t *testing.T, w *world) {
			w.set(func(s *identity.Settings) { s.EmailVerifiedAtSignUp = false })
			attacker, session := prepare(w)
			done := w.signIn("ada@acme.test")
			u := get(w, func(tx *store.Tx) (identity.User, error) { return tx.User(attacker.ID) })
			if done.Session.UserID != attacker.ID || u.PasswordHash != "" || u.Username != "" {
				t.Errorf("session of %s, user %+v", done.Session.UserID, u)
			}
			emails := get(w, func(tx *store.Tx) ([]identity.EmailAddress, error) { return tx.EmailAddressesOf(u.ID) })
			if len(emails) != 1 || !emails[0].IsVerified() || emails[0].ID != u.PrimaryEmailID || emails[0].Address != "ada@acme.test" {
				t.Errorf("addresses %+v", emails)
			}
			if s := get(w, func(tx *store.Tx) (identity.Session, error) { return tx.Session(session.ID) }); s.Status != identity.SessionRevoked {
				t.Errorf("the prepared session is %s", s.Status)
			}
		})
	})
}
