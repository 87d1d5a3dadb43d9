package signin_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/practice"
	"usher/internal/saml"
	"usher/internal/signin"
	"usher/internal/store"
)

// tries are the tables that a test run may write.
var tries = []string{"attempts", "evidence", "pending_requests", "used_assertions", "test_runs", "audit_log"}

// draft makes a draft of a connection out of what is live.
func (w *world) draft(id identity.ConnectionID, change func(*identity.ConnectionConfig)) identity.ConnectionDraft {
	w.Helper()
	now := w.clock.Now()
	var d identity.ConnectionDraft
	w.write(func(tx *store.Tx) error {
		c, err := tx.Connection(id)
		if err != nil {
			return err
		}
		d = identity.ConnectionDraft{
			ConnectionID: id, RevisionID: identity.NewID[identity.RevisionID](now), BaseRevisionID: c.LiveRevisionID, Config: c.Config,
			CreatedAt: now, UpdatedAt: now,
		}
		if c.Config.SAML != nil {
			conf := *c.Config.SAML
			d.Config.SAML = &conf
		} else {
			conf := *c.Config.OIDC
			d.Config.OIDC = &conf
		}
		change(&d.Config)
		return tx.PutDraft(d)
	})
	return d
}

// tryout is a test run in a browser of its own.
type tryout struct {
	w       *world
	conn    identity.ConnectionID
	link    signin.TestRunLink
	ticket  string // in the link
	browser string
	sent    signin.Ticket
}

// try opens the link to a test run.
func (w *world) try(id identity.ConnectionID, target signin.TestRunTarget) *tryout {
	w.Helper()
	r := &tryout{w: w, conn: id, browser: "browser-" + string(identity.NewID[identity.TestRunID](w.clock.Now()))}
	r.link = must(w.flow.BeginTestRun(w.Context(), id, target))(w)
	r.ticket = must(url.Parse(r.link.URL))(w).Query().Get("ticket")
	r.sent = must(r.open())(w)
	return r
}

func (r *tryout) open() (signin.Ticket, error) {
	return r.w.flow.OpenTestRun(r.w.Context(), signin.TestRunVisitor{Connection: r.conn, Secret: r.ticket, Browser: r.browser})
}

// result shows the result as the browser that came back sees it.
func (r *tryout) result(back *signin.TestRunReturn) (signin.TestRunView, error) {
	r.w.Helper()
	if back == nil {
		r.w.Fatal("the answer was not taken as one to a test run")
	}
	if back.Run != r.link.ID || back.Connection != r.conn {
		r.w.Errorf("back to %+v, want run %s", back, r.link.ID)
	}
	return r.w.flow.TestRunResult(r.w.Context(), signin.TestRunVisitor{
		Connection: back.Connection, Run: back.Run, Secret: back.Token, Browser: r.browser,
	})
}

// saml answers as the provider and comes back.
func (r *tryout) saml(q practice.Request) signin.TestRunView {
	r.w.Helper()
	accepted := r.w.accepted(r.w.answer(r.sent, q))
	if accepted.Nonce != "" || accepted.AttemptID != "" || accepted.Binding != "" {
		r.w.Errorf("a test run's answer was accepted as a sign-in: %+v", accepted)
	}
	return must(r.result(accepted.TestRun))(r.w)
}

func (r *tryout) stands() signin.TestRunView {
	r.w.Helper()
	return must(r.w.flow.TestRun(r.w.Context(), r.conn, r.link.ID))(r.w)
}

func (w *world) checkRun(v signin.TestRunView, status signin.TestRunStatus, code fault.Code) {
	w.Helper()
	got := fault.Code("")
	if v.Refusal != nil {
		got = v.Refusal.Code()
	}
	if v.Status != status || got != code {
		w.Errorf("the run is %s with %q, want %s with %q; attempt %+v", v.Status, got, status, code, v.Attempt)
	}
}

// people counts what a sign-in makes of somebody.
func (w *world) people() string {
	w.Helper()
	return strings.Join(w.rows(`SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM memberships),
		(SELECT count(*) FROM enterprise_accounts), (SELECT count(*) FROM sessions), (SELECT count(*) FROM verdicts)`), " ")
}

func (w *world) proofs(id identity.ConnectionID) (draft, live identity.TestRunID) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		d, err := tx.Draft(id)
		if store.Optional(err) != nil {
			return err
		}
		c, err := tx.Connection(id)
		if err != nil {
			return err
		}
		r, err := tx.Revision(c.LiveRevisionID)
		draft, live = d.Proof.TestRunID, r.Proof.TestRunID
		return err
	})
	return draft, live
}

// Behaviours 1.118 to 1.121.
func TestTestRun_TriesADraftOnASwitchedOffConnectionAndWritesNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.provider("https://other.test")
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Active = false })
		w.introduce(other, w.conn, must(spKeys())(w)[0].Certificate)
		w.draft(w.conn.ID, func(c *identity.ConnectionConfig) {
			c.SAML.IDPEntityID, c.SAML.IDPSSOURL, c.SAML.IDPCertificates = other.EntityID(), other.SSOURL(), []string{encode(other.Certificate())}
		})
		before := w.dump()
		run := w.try(w.conn.ID, "")
		if v := run.stands(); v.Status != store.TestRunsPending || !strings.Contains(v.Request, "AuthnRequest") && v.Request != "" {
			t.Errorf("at the provider it is %s", v.Status)
		}
		w.idp = other
		v := run.saml(practice.Request{})
		w.checkRun(v, store.TestRunsSuccess, "")
		if v.Claims.EmailAddress != "ada@acme.test" || v.Claims.FirstName != "Ada" || v.Outcome.Result != "create" || v.Outcome.Joins == "" {
			t.Errorf("seen %+v, outcome %+v", v.Claims, v.Outcome)
		}
		if !strings.Contains(v.Request, "AuthnRequest") || !strings.Contains(v.Response, "ada@acme.test") {
			t.Errorf("the request is %q, the response %q", v.Request, v.Response)
		}
		if got := policy.Trace(v.Attempt.Trace).String(); !strings.Contains(got, "email_domain_allowed") || v.Attempt.Kind != identity.AttemptTest {
			t.Errorf("attempt %+v, rules %s", v.Attempt, got)
		}
		i := slices.IndexFunc(v.Mapped, func(m signin.SeenMapping) bool { return m.Field == "email_address" })
		if i < 0 || v.Mapped[i].Attribute != "mail" || !v.Mapped[i].Came {
			t.Errorf("mapped: %+v", v.Mapped)
		}
		w.unchanged(before, append(tries, "connection_drafts")...)
		if draft, live := w.proofs(w.conn.ID); draft != run.link.ID || live != "" {
			t.Errorf("proved: draft by %q, live by %q", draft, live)
		}
	})
}

func TestTestRun_TriesWhatIsLive(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if _, err := w.flow.BeginTestRun(t.Context(), w.conn.ID, signin.TestDraft); !fault.Is(err, fault.NotFound) {
			t.Errorf("a draft that there is not: %v", err)
		}
		w.draft(w.conn.ID, func(c *identity.ConnectionConfig) { c.SAML.IDPEntityID = "https://elsewhere.test" })
		run := w.try(w.conn.ID, signin.TestLive)
		w.checkRun(run.saml(practice.Request{}), store.TestRunsSuccess, "")
		if draft, live := w.proofs(w.conn.ID); draft != "" || live != run.link.ID {
			t.Errorf("proved: draft by %q, live by %q", draft, live)
		}
		run = w.try(w.conn.ID, "")
		w.checkRun(run.saml(practice.Request{}), store.TestRunsFailed, fault.SAMLResponseInvalid)
		w.checkCounts(map[string]int{"users": 0, "memberships": 0, "enterprise_accounts": 0, "sessions": 0, "verdicts": 0, "clients": 0})
	})
}

// Whatever a provider can do wrong fails a test run for the same reason as a
// sign-in, and signs nobody in.
func TestTestRun_FailsAsASignInWould(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	for _, m := range practice.Misbehaviours() {
		t.Run(m.Name, func(t *testing.T) {
			client := w.browser()
			_, signInErr := w.flow.FinishSAML(t.Context(), w.answer(w.begin(client, "ada@acme.test"), practice.Request{Misbehave: m.Name}))
			run := w.try(w.conn.ID, "")
			before := w.people()
			accepted, err := w.flow.FinishSAML(t.Context(), w.answer(run.sent, practice.Request{Misbehave: m.Name}))
			if err != nil { // it lost what says that it belongs to the run
				if fault.Is(err, fault.SAMLResponseRelayStateMissing) || w.refusal(err).reason() == "relaystate" {
					return
				}
				t.Fatalf("refused with %v", err)
			}
			v := must(run.result(accepted.TestRun))(w)
			if after := w.people(); after != before {
				t.Errorf("a test run made somebody: %s, before %s", after, before)
			}
			if signInErr == nil || w.refusal(signInErr).attempt.Detail["reason"] == "email_as_typed" {
				return // it needs more than one answer, or an address that was typed
			}
			want := w.refusal(signInErr)
			if v.Status != store.TestRunsFailed || v.Attempt.Code != string(want.Code()) || v.Attempt.Detail["reason"] != want.attempt.Detail["reason"] {
				t.Errorf("%s with %s %v, a sign-in with %s %v", v.Status, v.Attempt.Code, v.Attempt.Detail, want.Code(), want.attempt.Detail)
			}
		})
	}
	w.checkCounts(map[string]int{"sessions": 0, "enterprise_accounts": 0})
}

// Threats T-OIDC-32 and T-SAML-09: from neither kind of request a way leads to the
// other's end.
func TestTestRun_AndSignInsAreNeverTheOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
		run, client := w.try(w.conn.ID, signin.TestLive), w.browser()
		ticket := w.begin(client, "ada@acme.test")
		ofRun, ofSignIn := w.answer(run.sent, practice.Request{}), w.answer(ticket, practice.Request{})
		before := w.dump()

		swapped := ofRun
		swapped.RelayState = ofSignIn.RelayState
		if _, err := w.flow.FinishSAML(t.Context(), swapped); w.refusal(err).reason() != "in_response_to" {
			t.Errorf("a test run's answer with a sign-in's RelayState: %v", err)
		}
		swapped.RelayState = ""
		if _, err := w.flow.FinishSAML(t.Context(), swapped); !fault.Is(err, fault.SAMLResponseRelayStateMissing) {
			t.Errorf("a test run's answer as one that nobody asked for: %v", err)
		}
		w.unchanged(before, "attempts", "evidence")

		swapped = ofSignIn
		swapped.RelayState = ofRun.RelayState
		v := must(run.result(w.accepted(swapped).TestRun))(w)
		w.checkRun(v, store.TestRunsFailed, fault.SAMLResponseInvalid)
		if v.Attempt.Detail["reason"] != "in_response_to" || v.Claims != (signin.SeenClaims{}) {
			t.Errorf("a sign-in's answer in a test run: %v, seen %+v", v.Attempt.Detail, v.Claims)
		}
		if _, err := w.flow.FinishSAML(t.Context(), ofRun); err == nil || fault.From(err).Reason() != "relaystate" {
			t.Errorf("the first answer is not the last: %v", err)
		}
		w.checkRun(run.stands(), store.TestRunsFailed, fault.SAMLResponseInvalid)
		w.unchanged(before, tries...)

		w.done(w.accepted(ofSignIn).Nonce, client) // the sign-in itself goes on
		run = w.try(w.conn.ID, signin.TestLive)
		ofRun = w.answer(run.sent, practice.Request{})
		back := w.accepted(ofRun).TestRun
		if _, err := w.flow.FinishSAML(t.Context(), ofRun); err == nil || fault.From(err).Reason() != "relaystate" {
			t.Errorf("the answer once more: %v", err)
		}
		ofRun.RelayState = ""
		if _, err := w.flow.FinishSAML(t.Context(), ofRun); err == nil {
			t.Error("an answer that a test run used up signed somebody in")
		}
		if _, err := w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: back.Token, Client: client}); !fault.Is(err, fault.SSOVerdictInvalid) {
			t.Errorf("the token of a result as the nonce of a sign-in: %v", err)
		}
		w.checkRun(must(run.result(back))(w), store.TestRunsSuccess, "")
		w.checkCounts(map[string]int{"sessions": 1, "users": 1})
	})
}

// Threat T-SES-16.
func TestTestRun_BelongsToTheBrowserThatOpenedItsLink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		run := w.try(w.conn.ID, "")
		if _, err := run.open(); !fault.Is(err, fault.TestRunTicketInvalid) {
			t.Errorf("a link that was opened: %v", err)
		}
		back := w.accepted(w.answer(run.sent, practice.Request{})).TestRun
		if v := run.stands(); v.Status != store.TestRunsPending || v.Claims != (signin.SeenClaims{}) || v.Attempt.Email != "" || v.Response != "" {
			t.Errorf("before the browser is back, it is told: %+v", v)
		}
		for what, visitor := range map[string]signin.TestRunVisitor{
			"another token":      {Connection: run.conn, Run: run.link.ID, Secret: back.Token + "x", Browser: run.browser},
			"no token":           {Connection: run.conn, Run: run.link.ID, Browser: run.browser},
			"the ticket":         {Connection: run.conn, Run: run.link.ID, Secret: run.ticket, Browser: run.browser},
			"another run":        {Connection: run.conn, Run: identity.NewID[identity.TestRunID](w.clock.Now()), Secret: back.Token, Browser: run.browser},
			"another connection": {Connection: identity.NewID[identity.ConnectionID](w.clock.Now()), Run: run.link.ID, Secret: back.Token, Browser: run.browser},
		} {
			if _, err := w.flow.TestRunResult(t.Context(), visitor); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		stranger := signin.TestRunVisitor{Connection: run.conn, Run: run.link.ID, Secret: back.Token, Browser: "another"}
		if _, err := w.flow.TestRunResult(t.Context(), stranger); fault.From(err).Reason() != "browser_mismatch" {
			t.Errorf("another browser: %v", err)
		}
		v := must(run.result(back))(w)
		w.checkRun(v, store.TestRunsFailed, fault.SAMLResponseInvalid)
		if v.Claims != (signin.SeenClaims{}) || v.Response != "" || v.Attempt.Email != "" {
			t.Errorf("what another browser brought is told: %+v", v)
		}
		if draft, live := w.proofs(w.conn.ID); draft != "" || live != "" {
			t.Error("it proved something")
		}

		run = w.try(w.conn.ID, "")
		back = w.accepted(w.answer(run.sent, practice.Request{})).TestRun
		w.checkRun(must(run.result(back))(w), store.TestRunsSuccess, "")
		w.checkRun(must(run.result(back))(w), store.TestRunsSuccess, "") // read once more
		stranger = signin.TestRunVisitor{Connection: run.conn, Run: run.link.ID, Secret: back.Token, Browser: "another"}
		if _, err := w.flow.TestRunResult(t.Context(), stranger); err == nil {
			t.Error("another browser reads a result")
		}
		w.clock.Advance(signin.TestRunVisit)
		if _, err := run.result(back); !fault.Is(err, fault.NotFound) {
			t.Errorf("a day later: %v", err)
		}
	})
}

func TestTestRun_LinksAndStaysEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		link := must(w.flow.BeginTestRun(t.Context(), w.conn.ID, ""))(w)
		if got := link.ExpiresAt.Sub(w.clock.Now()); got != 15*time.Minute {
			t.Errorf("a link works for %s", got)
		}
		if list, _, err := w.flow.TestRuns(t.Context(), signin.TestRunFilter{ConnectionID: w.conn.ID}, store.Page{}); err != nil || len(list) != 0 {
			t.Errorf("a link that nobody opened is listed: %v %v", list, err)
		}
		w.clock.Advance(15 * time.Minute)
		ticket := must(url.Parse(link.URL))(w).Query().Get("ticket")
		late := signin.TestRunVisitor{Connection: w.conn.ID, Secret: ticket, Browser: "b"}
		if _, err := w.flow.OpenTestRun(t.Context(), late); !fault.Is(err, fault.TestRunTicketInvalid) {
			t.Errorf("a link after its end: %v", err)
		}
		run := w.try(w.conn.ID, "")
		statuses := func(want ...signin.TestRunStatus) int {
			list, total, err := w.flow.TestRuns(t.Context(), signin.TestRunFilter{ConnectionID: w.conn.ID, Statuses: want}, store.Page{})
			if err != nil || total != len(list) {
				t.Errorf("list of %v: %d of %d, %v", want, len(list), total, err)
			}
			return total
		}
		if statuses("pending") != 1 || statuses("failed") != 0 || statuses() != 1 {
			t.Error("at the provider it is not pending")
		}
		answer := w.answer(run.sent, practice.Request{})
		w.clock.Advance(15 * time.Minute)
		if statuses("pending") != 0 || statuses("failed") != 1 || statuses("success", "pending") != 0 {
			t.Error("overdue, it is not failed")
		}
		w.checkRun(run.stands(), store.TestRunsFailed, fault.TestRunNeverReturned)
		if _, err := w.flow.FinishSAML(t.Context(), answer); err == nil || fault.From(err).Reason() != "relaystate" {
			t.Errorf("an answer after the end: %v", err)
		}
		if _, _, err := w.flow.TestRuns(t.Context(), signin.TestRunFilter{ConnectionID: w.conn.ID, Statuses: []signin.TestRunStatus{"x"}}, store.Page{}); !fault.Is(err, fault.FormParamValueInvalid) {
			t.Errorf("a status that there is not: %v", err)
		}
	})
}

func TestTestRun_TriesNoOtherConfigurationThanItWasBegunFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.draft(w.conn.ID, func(c *identity.ConnectionConfig) { c.SAML.ForceAuthn = true })
		link := must(w.flow.BeginTestRun(t.Context(), w.conn.ID, ""))(w)
		run := w.try(w.conn.ID, "")
		w.draft(w.conn.ID, func(c *identity.ConnectionConfig) { c.SAML.ClockSkewSeconds = 60 })
		ticket := must(url.Parse(link.URL))(w).Query().Get("ticket")
		if _, err := w.flow.OpenTestRun(t.Context(), signin.TestRunVisitor{Connection: w.conn.ID, Secret: ticket, Browser: "b"}); !fault.Is(err, fault.ConnectionDraftChanged) {
			t.Errorf("the link to a draft that is gone: %v", err)
		}
		w.checkRun(run.saml(practice.Request{}), store.TestRunsFailed, fault.ConnectionDraftChanged)

		// What is live then stays a revision, so the run goes on.
		run = w.try(w.conn.ID, signin.TestLive)
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.IDPEntityID = "https://elsewhere.test" })
		v := run.saml(practice.Request{})
		w.checkRun(v, store.TestRunsSuccess, "")
		if _, live := w.proofs(w.conn.ID); live != "" || v.Run.RevisionID == v.Connection.LiveRevisionID {
			t.Error("it proved what it did not try")
		}
	})
}

// An answer to a test run is shown without what would make it count elsewhere.
func TestTestRun_ShowsNothingThatCouldBeUsedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
		run := w.try(w.conn.ID, "")
		v := run.saml(practice.Request{Misbehave: "wrong-audience"})
		if v.Status != store.TestRunsFailed || !strings.Contains(v.Response, "SignatureValue") {
			t.Fatalf("%s: %s", v.Status, v.Response)
		}
		if _, err := saml.ParseResponse([]byte(v.Response), saml.Expect{Now: w.clock.Now()}); err == nil {
			t.Error("the response that is shown can be used")
		}
		w.set(func(s *identity.Settings) { s.EvidenceDays = 0 })
		v = w.try(w.conn.ID, "").saml(practice.Request{})
		if v.Response != "" || v.Claims.EmailAddress == "" {
			t.Errorf("without evidence the response is kept: %q", v.Response)
		}
		text := strings.Join(w.rows("SELECT seen FROM test_runs"), "\n")
		if strings.Contains(text, "ada@acme.test") {
			t.Error("what came is not sealed")
		}
		if _, err := json.Marshal(v); err != nil {
			t.Error(err)
		}
	})
}
