package signin_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
)

const password = "correct horse battery"

// passwordHash is made once: hashing is slow on purpose.
var passwordHash = sync.OnceValues(func() (string, error) { return hasher().Hash(context.Background(), password) })

// carol is a person without SSO, with a password.
func (w *world) carol() identity.User {
	w.Helper()
	hash := must(passwordHash())(w)
	return w.person("carol@globex.test", identity.Verified, func(u *identity.User) { u.PasswordHash = hash })
}

// start begins a sign-in without SSO.
func (w *world) start(client identity.ClientID, address string) identity.SignInID {
	w.Helper()
	next := must(w.flow.Begin(w.Context(), signin.Begin{Client: client, Address: address}))(w)
	if next.Step != signin.NextPassword && next.Step != signin.NextCode {
		w.Fatalf("sign-in of %s: step %d, want a password or a code", address, next.Step)
	}
	return next.SignIn.ID
}

// mails are those in the outbox, oldest first.
func (w *world) mails() []identity.Mail {
	w.Helper()
	var mails []identity.Mail
	w.write(func(tx *store.Tx) error {
		mails = nil
		rows, err := tx.ClaimOutbox(w.clock.Now().Add(1000*time.Hour), 0, 1000)
		for _, row := range rows {
			m, err := row.Mail()
			if err != nil {
				return err
			}
			mails = append(mails, m)
		}
		return err
	})
	return mails
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// code is the one in the last mail to an address.
func (w *world) code(to string) string {
	w.Helper()
	code := ""
	for _, m := range w.mails() {
		if m.To == to && strings.Contains(m.Text, sixDigits.FindString(m.Subject)) {
			code = sixDigits.FindString(m.Subject)
		}
	}
	if code == "" {
		w.Fatalf("no code was mailed to %s", to)
	}
	return code
}

// other is a wrong code.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestPassword_SignsIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		carol, client := w.carol(), w.browser()
		id := w.start(client, "Carol@globex.test")
		done := must(w.flow.Password(t.Context(), at(client), id, password))(t)
		if done.Session.UserID != carol.ID || done.Session.ConnectionID != "" || done.Cookie == "" {
			t.Errorf("done %+v", done)
		}
		if _, err := w.flow.Password(t.Context(), at(client), id, password); !fault.Is(err, fault.ClientStateInvalid) {
			t.Errorf("once more: %v", err)
		}
	})
}

// Threat T-DOS-11: a wrong password, no password and nobody answer alike.
func TestPassword_WrongOnesAnswerAlike(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		w.person("plain@globex.test", identity.Verified, nil)
		client := w.browser()
		for _, address := range []string{"carol@globex.test", "plain@globex.test", "nobody@globex.test"} {
			id := w.start(client, address)
			for _, wrong := range []string{"wrong", "", strings.Repeat("long", 1000)} {
				_, err := w.flow.Password(t.Context(), at(client), id, wrong)
				if e := w.refusal(err); e.Code() != fault.FormPasswordOrIdentifierIncorrect || e.Status() != 422 {
					t.Errorf("%s with %d letters: %v", address, len(wrong), err)
				}
			}
		}
	})
}

func TestPassword_WorksOnlyWherePasswordsAreOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client := w.browser()
		id := w.start(client, "carol@globex.test")
		w.set(func(s *identity.Settings) { s.PasswordEnabled = false })
		if _, err := w.flow.Password(t.Context(), at(client), id, password); !fault.Is(err, fault.StrategyForUserInvalid) {
			t.Errorf("got %v", err)
		}
		next := must(w.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "carol@globex.test"}))(t)
		if next.Step != signin.NextCode {
			t.Errorf("step %d, want the code", next.Step)
		}
	})
}

// Threat T-ID-20: an address on an SSO domain gets SSO and nothing else, also when
// its domain came under SSO while the sign-in was under way.
func TestEnforce_AnAddressOnAnSSODomainHasNoPasswordAndNoCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		one, two, client := w.browser(), w.browser(), w.browser()
		byPassword, byCode, unsent := w.start(one, "carol@globex.test"), w.start(two, "carol@globex.test"), w.start(client, "carol@globex.test")
		must(w.flow.SendCode(t.Context(), at(two), byCode))(t)
		code := w.code("carol@globex.test")
		w.clock.Advance(time.Minute)
		w.connect(w.idp, func(c *identity.Connection) { c.Domains = []identity.Domain{"globex.test"} })
		before := w.dump()
		_, errPassword := w.flow.Password(t.Context(), at(one), byPassword, password)
		_, errCode := w.flow.Code(t.Context(), at(two), byCode, code)
		_, errSend := w.flow.SendCode(t.Context(), at(client), unsent)
		for name, err := range map[string]error{"password": errPassword, "code": errCode, "another mail": errSend} {
			if e := w.refusal(err); e.Code() != fault.StrategyForUserInvalid || e.Status() != 400 {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.unchanged(before)
		w.begin(client, "carol@globex.test")
		if where := must(w.flow.Where(t.Context(), get(w, func(tx *store.Tx) (identity.SignIn, error) { return tx.SignIn(byCode) })))(t); where.Step != signin.NextChoose {
			t.Errorf("where %+v", where)
		}
	})
}

// Threat T-ID-21, behaviour 1.60: a person who comes by SSO does not come round it
// by another address of hers.
func TestEnforce_AnotherAddressIsNoWayRoundSSO(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.signIn("ada@acme.test").Session.UserID
		w.write(func(tx *store.Tx) error {
			u, err := tx.User(ada)
			if err != nil {
				return err
			}
			u.PasswordHash = must(passwordHash())(w)
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
			return tx.InsertEmailAddress(identity.EmailAddress{
				ID: identity.NewID[identity.EmailID](began), UserID: ada, Address: "ada@home.test", Status: identity.Verified, CreatedAt: began, UpdatedAt: began,
			})
		})
		client := w.browser()
		id := w.start(client, "ada@home.test")
		for name, try := range map[string]func() error{
			"password": func() error { _, err := w.flow.Password(t.Context(), at(client), id, password); return err },
			"code":     func() error { _, err := w.flow.SendCode(t.Context(), at(client), id); return err },
		} {
			if err := try(); !fault.Is(err, fault.SignInMustUseConnectionIdentifier) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.DisableAdditionalIdentifications = false })
		must(w.flow.Password(t.Context(), at(client), id, password))(t)
	})
}

func TestCode_SignsInAndProvesTheAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, client := w.person("una@globex.test", identity.Unverified, nil), w.browser()
		id := w.start(client, "una@globex.test")
		if _, err := w.flow.Code(t.Context(), at(client), id, "123456"); !fault.Is(err, fault.VerificationMissing) {
			t.Errorf("before a code was sent: %v", err)
		}
		must(w.flow.SendCode(t.Context(), at(client), id))(t)
		done := must(w.flow.Code(t.Context(), at(client), id, w.code("una@globex.test")))(t)
		e := get(w, func(tx *store.Tx) (identity.EmailAddress, error) { return tx.VerifiedEmail("una@globex.test") })
		if done.Session.UserID != u.ID || e.Strategy != "email_code" || !e.VerifiedAt.Equal(began) {
			t.Errorf("session %+v, address %+v", done.Session, e)
		}
	})
}

func TestCode_ExpiresAfterTenMinutesAndOnlyTheLastOneIsGood(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client := w.browser()
		id := w.start(client, "carol@globex.test")
		must(w.flow.SendCode(t.Context(), at(client), id))(t)
		first := w.code("carol@globex.test")
		w.clock.Advance(10 * time.Minute)
		if _, err := w.flow.Code(t.Context(), at(client), id, first); !fault.Is(err, fault.VerificationExpired) {
			t.Errorf("after ten minutes: %v", err)
		}
		must(w.flow.SendCode(t.Context(), at(client), id))(t)
		if second := w.code("carol@globex.test"); second != first { // one in a million
			if _, err := w.flow.Code(t.Context(), at(client), id, first); !fault.Is(err, fault.FormCodeIncorrect) {
				t.Errorf("the code before: %v", err)
			}
		}
		must(w.flow.Code(t.Context(), at(client), id, w.code("carol@globex.test")))(t)
	})
}

// Threat T-SES-15: five tries a code, counted in the database, in parallel too.
func TestCode_HasFiveTries(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client := w.browser()
		id := w.start(client, "carol@globex.test")
		must(w.flow.SendCode(t.Context(), at(client), id))(t)
		code := w.code("carol@globex.test")
		var wrong, over atomic.Int32
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				err := func() error {
					_, err := w.flow.Code(t.Context(), at(client), id, other(code))
					return err
				}()
				switch {
				case fault.Is(err, fault.FormCodeIncorrect):
					wrong.Add(1)
				case fault.Is(err, fault.VerificationFailed):
					over.Add(1)
				default:
					t.Errorf("a wrong code: %v", err)
				}
			})
		}
		wg.Wait()
		if wrong.Load() != 5 || over.Load() != 7 {
			t.Errorf("%d were judged and %d too many, want 5 and 7", wrong.Load(), over.Load())
		}
		if _, err := w.flow.Code(t.Context(), at(client), id, code); !fault.Is(err, fault.VerificationFailed) {
			t.Errorf("the right code after too many tries: %v", err)
		}
	})
}

// Threat T-SES-14.
func TestCode_WorksInTheBrowserThatAskedForItOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client := w.browser()
		id := w.start(client, "carol@globex.test")
		must(w.flow.SendCode(t.Context(), at(client), id))(t)
		code := w.code("carol@globex.test")
		stranger := w.browser()
		before := w.dump()
		for name, someone := range map[string]identity.ClientID{"another browser": stranger, "no cookie": ""} {
			if _, err := w.flow.Code(t.Context(), at(someone), id, code); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.unchanged(before)
		elsewhere := w.start(client, "carol@globex.test")
		if _, err := w.flow.Code(t.Context(), at(client), elsewhere, code); !fault.Is(err, fault.VerificationMissing) {
			t.Errorf("at another sign-in of the browser: %v", err)
		}
	})
}

// Threat T-DOS-11: who has an account cannot be told from the answers, only from
// the mailbox.
func TestSendCode_KnownAndUnknownAddressesAnswerAlike(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client := w.browser()
		seen := func(address string) (steps []any) {
			next, err := w.flow.Begin(t.Context(), signin.Begin{Client: client, Address: address})
			steps = append(steps, next.Step, err)
			s, err := w.flow.SendCode(t.Context(), at(client), next.SignIn.ID)
			steps = append(steps, s.Strategy, s.Status, err)
			where, err := w.flow.Where(t.Context(), s)
			steps = append(steps, where.Step, where.Password, err)
			for range 6 {
				_, err := w.flow.Code(t.Context(), at(client), next.SignIn.ID, "not a code")
				steps = append(steps, fault.From(err).Code(), fault.From(err).Meta())
			}
			return steps
		}
		known, unknown := seen("carol@globex.test"), seen("nobody@globex.test")
		if diff := cmp.Diff(known, unknown); diff != "" {
			t.Errorf("known and unknown differ:\n%s", diff)
		}
		mails := w.mails()
		slices.SortFunc(mails, func(a, b identity.Mail) int { return strings.Compare(a.To, b.To) })
		if len(mails) != 2 || !sixDigits.MatchString(mails[0].Text) || sixDigits.MatchString(mails[1].Text) || !strings.Contains(mails[1].Text, base+"/sign-up") {
			t.Errorf("mails %+v", mails)
		}
	})
}

func TestSignIn_PeopleInTroubleGetNoSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		client := w.browser()
		for code, change := range map[fault.Code]func(*identity.User){
			fault.UserBanned:      func(u *identity.User) { u.Banned = true },
			fault.UserLocked:      func(u *identity.User) { u.LockedUntil = began.Add(time.Hour) },
			fault.UserDeactivated: func(u *identity.User) { u.DeactivatedAt = began },
		} {
			address := strings.ReplaceAll(string(code), "_", "-") + "@globex.test"
			w.person(address, identity.Verified, change)
			id := w.start(client, address)
			must(w.flow.SendCode(t.Context(), at(client), id))(t)
			if _, err := w.flow.Code(t.Context(), at(client), id, w.code(address)); !fault.Is(err, code) {
				t.Errorf("got %v, want %s", err, code)
			}
		}
		w.checkCounts(map[string]int{"sessions": 0})
	})
}

// The one organization there is becomes the active one; of several the person
// chooses.
func TestSignIn_TheOnlyOrganizationIsActive(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		carol, client := w.carol(), w.browser()
		sign := func() signin.Done {
			return must(w.flow.Password(t.Context(), at(client), w.start(client, "carol@globex.test"), password))(t)
		}
		if done := sign(); done.Session.LastActiveOrganizationID != "" || done.Choose {
			t.Errorf("with none: %+v", done)
		}
		for n, org := range []identity.Organization{w.org, w.organization("Globex")} {
			w.write(func(tx *store.Tx) error {
				_, err := tx.InsertMembership(identity.Membership{
					ID: identity.NewID[identity.MembershipID](began), OrganizationID: org.ID, UserID: carol.ID, Role: identity.RoleMember, CreatedAt: began, UpdatedAt: began,
				})
				return err
			})
			done := sign()
			if n == 0 && (done.Session.LastActiveOrganizationID != w.org.ID || done.Choose) || n == 1 && (done.Session.LastActiveOrganizationID != "" || !done.Choose) {
				t.Errorf("with %d: %+v", n+1, done)
			}
		}
	})
}

func TestSignIn_IsGivenUpAfterADay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		client := w.browser()
		id := w.start(client, "carol@globex.test")
		must(w.flow.OpenSignIn(t.Context(), client, id))(t)
		if err := w.flow.UsePassword(t.Context(), client, id); err != nil {
			t.Error(err)
		}
		w.clock.Advance(24 * time.Hour)
		if _, err := w.flow.OpenSignIn(t.Context(), client, id); !fault.Is(err, fault.ClientStateInvalid) {
			t.Errorf("after a day: %v", err)
		}
		if _, err := w.flow.OpenSignIn(t.Context(), client, "sia_unknown"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown one: %v", err)
		}
	})
}

// Simulation runs the functions of a sign-in and writes nothing.
func TestSimulate_SaysWhatWouldHappen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.carol()
		w.signIn("ada@acme.test")
		w.person("linked@acme.test", identity.Verified, nil)
		w.person("banned@acme.test", identity.Verified, func(u *identity.User) { u.Banned = true })
		before := w.dump()
		tests := map[string]struct {
			route, result, refusal string
			joins                  bool
			factors                []string
		}{
			"new@acme.test":      {route: "enterprise_sso", result: "create", joins: true},
			"ada@acme.test":      {route: "enterprise_sso", result: "sign_in"},
			"linked@acme.test":   {route: "enterprise_sso", result: "link", joins: true},
			"banned@acme.test":   {route: "enterprise_sso", result: "refuse", refusal: "user_banned"},
			"carol@globex.test":  {route: "first_factor", factors: []string{"password", "email_code"}},
			"nobody@globex.test": {route: "first_factor", factors: []string{"password", "email_code"}},
		}
		for address, want := range tests {
			r := signin.ReportSimulation(must(w.flow.Simulate(t.Context(), address))(t))
			if r.Route != want.route || !slices.Equal(r.Factors, want.factors) || (len(r.Outcomes) == 1) != (want.result != "") {
				t.Errorf("%s: %+v", address, r)
				continue
			}
			if want.result == "" {
				continue
			}
			o := r.Outcomes[0]
			refusal := ""
			if o.Refusal != nil {
				refusal = o.Refusal.Code
			}
			if o.Result != want.result || o.Joins != want.joins || refusal != want.refusal || o.Organization != "Acme" || len(o.Trace) == 0 {
				t.Errorf("%s: %+v", address, o)
			}
		}
		if _, err := w.flow.Simulate(t.Context(), "no address"); !fault.Is(err, fault.FormParamFormatInvalid) {
			t.Errorf("no address: %v", err)
		}
		w.unchanged(before)
	})
}

func TestAttempts_AreListedNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signIn("ada@acme.test")
		w.clock.Advance(time.Second)
		w.begin(w.browser(), "bob@acme.test")
		list, total, err := w.flow.Attempts(t.Context(), store.AttemptFilter{ConnectionID: w.conn.ID}, store.Page{})
		if err != nil || total != 2 || list[0].Attempt.TypedEmail != "bob@acme.test" || list[1].Attempt.State != identity.AttemptComplete || list[1].Organization.Name != "Acme" {
			t.Errorf("attempts %+v, %d, %v", list, total, err)
		}
		list, _, err = w.flow.Attempts(t.Context(), store.AttemptFilter{Email: "ada@acme.test"}, store.Page{})
		if err != nil || len(list) != 1 {
			t.Errorf("Ada's attempts %+v, %v", list, err)
		}
	})
}

// Threat T-SEC-07: the message is kept for as long as the settings say, or not.
func TestEvidence_IsKeptAsTheSettingsSay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		answer := w.answer(w.begin(w.browser(), "ada@acme.test"), practice.Request{})
		accepted := w.accepted(answer)
		e := get(w, func(tx *store.Tx) (identity.Evidence, error) { return tx.Evidence(accepted.AttemptID) })
		if string(e.Body) != answer.SAMLResponse || !e.ExpiresAt.Equal(began.AddDate(0, 0, 14)) {
			t.Errorf("evidence until %s, %d bytes", e.ExpiresAt, len(e.Body))
		}
		for _, row := range w.dump()["evidence"] {
			if strings.Contains(row, answer.SAMLResponse[:100]) {
				t.Error("evidence is stored in plain")
			}
		}
		// What anybody could have posted is not kept (threat T-DOS-17).
		_, err := w.flow.FinishSAML(t.Context(), signin.Answer{Connection: w.conn.ID, SAMLResponse: "bm9uc2Vuc2U="})
		w.refusal(err)
		w.checkCounts(map[string]int{"evidence": 1, "attempts": 2})
		w.set(func(s *identity.Settings) { s.EvidenceDays = 0 })
		w.signIn("ada@acme.test")
		w.checkCounts(map[string]int{"evidence": 1})
	})
}
