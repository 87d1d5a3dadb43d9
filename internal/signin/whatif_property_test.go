package signin_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
)

// How many cases are drawn: 5,200 in all, which is about a minute of one processor.
const (
	drawnSAML = 3600
	drawnOIDC = 1600
)

// supposed is a drawn deployment: a connection for a domain of its own, and perhaps
// a person who has to do with its address.
type supposed struct {
	rnd   *rand.Rand
	n     int
	now   time.Time
	conn  identity.Connection
	org   identity.OrgID // of the connection; empty: of all
	email identity.Email
	user  identity.User // the one with the address; zero: nobody
	story []string      // what was drawn
}

// often and seldom say yes in 7 of 8 cases, and in 1.
func (s *supposed) often() bool  { return s.rnd.IntN(8) > 0 }
func (s *supposed) seldom() bool { return !s.often() }

func (s *supposed) note(yes bool, what string) bool {
	if yes {
		s.story = append(s.story, what)
	}
	return yes
}

// draw makes the deployment of a case, which is the same whenever it is drawn.
func (w *world) draw(n int, c identity.Connection) *supposed {
	w.Helper()
	w.clock.Advance(time.Second)
	s := &supposed{rnd: rand.New(rand.NewPCG(7, uint64(n))), n: n, now: w.clock.Now(), conn: c}
	domain := identity.Domain(fmt.Sprintf("d%d.test", n))
	s.email = identity.Email("ada@" + domain)
	w.set(func(in *identity.Settings) {
		in.EmailVerifiedAtSignUp = s.note(s.rnd.IntN(2) == 0, "verified at sign-up")
		in.Restrictions.Blocklist = s.note(s.seldom(), "block-list")
		in.Restrictions.ListsDisabledOnSignIn = s.note(s.seldom(), "lists off at sign-in")
	})
	if !s.note(s.seldom(), "of all") {
		s.org = w.drawOrganization(s, s.rnd.IntN(4), s.note(s.seldom(), "exclusive")).ID
	}
	w.reconfigure(s, domain)
	w.drawPerson(s)
	w.write(func(tx *store.Tx) error {
		if s.note(s.seldom(), "blocked") {
			if _, err := tx.InsertAccessIdentifier(identity.AccessIdentifier{
				ID: identity.NewID[identity.AccessID](s.now), List: identity.BlockList, Identifier: identity.AccessPattern(s.email), CreatedAt: s.now,
			}); err != nil {
				return err
			}
		}
		if s.user.ID == "" && s.note(s.seldom(), "invited") {
			if err := tx.InsertInvitation(identity.Invitation{
				ID: identity.NewID[identity.InvitationID](s.now), Email: s.email, Status: identity.InvitationPending,
				ExpiresAt: s.now.Add(time.Hour), CreatedAt: s.now,
			}); err != nil {
				return err
			}
		}
		if s.org == "" || !s.note(s.seldom(), "invited to the organization") {
			return nil
		}
		return tx.InsertOrganizationInvitation(identity.OrganizationInvitation{
			ID: identity.NewID[identity.OrgInvitationID](s.now), OrganizationID: s.org, Email: s.email, Role: identity.RoleAdmin,
			Status: identity.InvitationPending, ExpiresAt: s.now.Add(time.Hour), CreatedAt: s.now,
		})
	})
	return s
}

// drawOrganization makes an organization with a limit of members; 0: none.
func (w *world) drawOrganization(s *supposed, limit int, exclusive bool) identity.Organization {
	w.Helper()
	o := identity.Organization{
		ID: identity.NewID[identity.OrgID](s.now), Name: fmt.Sprint("O", s.n), MaxAllowedMemberships: limit, ExclusiveMembership: exclusive,
		CreatedAt: s.now, UpdatedAt: s.now,
	}
	if limit > 0 {
		s.story = append(s.story, fmt.Sprint("at most ", limit))
	}
	filler := identity.User{ID: identity.NewID[identity.UserID](s.now), CreatedAt: s.now}
	w.write(func(tx *store.Tx) error {
		if err := tx.InsertOrganization(o); err != nil {
			return err
		}
		if err := tx.InsertUser(filler); err != nil {
			return err
		}
		_, err := tx.InsertMembership(identity.Membership{
			ID: identity.NewID[identity.MembershipID](s.now), OrganizationID: o.ID, UserID: filler.ID, Role: identity.RoleAdmin, CreatedAt: s.now,
		})
		return err
	})
	return o
}

// reconfigure gives the connection to the case.
func (w *world) reconfigure(s *supposed, domain identity.Domain) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		c, err := tx.Connection(s.conn.ID)
		if err != nil {
			return err
		}
		c.OrganizationID, c.Domains = s.org, []identity.Domain{domain}
		c.Active, c.Authenticatable = !s.note(s.seldom(), "inactive"), !s.note(s.seldom(), "for linking only")
		c.Config.DisableJITProvisioning = s.note(s.rnd.IntN(3) == 0, "no JIT")
		c.Config.SyncUserAttributes = s.note(s.often(), "sync")
		c.Config.AllowSubdomains = s.note(s.rnd.IntN(2) == 0, "subdomains")
		c.Config.AllowOrganizationAccountLinking = s.note(s.rnd.IntN(2) == 0, "linking")
		if c.Config.AllowSubdomains && s.note(s.seldom(), "at a subdomain") {
			s.email = identity.Email("ada@eu." + string(domain))
		}
		s.conn = c
		if err := tx.UpdateConnection(c); err != nil {
			return err
		}
		revision := identity.ConnectionRevision{ID: identity.NewID[identity.RevisionID](s.now), ConnectionID: c.ID, Config: c.Config, CreatedAt: s.now}
		s.conn.LiveRevisionID = revision.ID
		return tx.InsertRevision(revision)
	})
}

// drawPerson makes the one with the address, or two, or nobody.
func (w *world) drawPerson(s *supposed) {
	w.Helper()
	status := identity.Verified
	switch kind := s.rnd.IntN(8); kind {
	case 0, 1:
		s.story = append(s.story, "nobody")
		return
	case 2:
		s.story, status = append(s.story, "unverified"), identity.Unverified
	case 3:
		s.story, status = append(s.story, "unverified twice"), identity.Unverified
		w.person(string(s.email), status, nil)
	}
	s.user = w.person(string(s.email), status, func(u *identity.User) {
		u.Banned = s.note(s.seldom(), "banned")
		if s.note(s.seldom(), "locked") {
			u.LockedUntil = s.now.Add(time.Hour)
		}
		if s.note(s.seldom(), "deactivated") {
			u.DeactivatedAt = s.now
		}
		u.PublicMetadata = identity.Metadata{"k": "v"}
	})
	w.write(func(tx *store.Tx) error {
		if status == identity.Verified && s.note(s.rnd.IntN(2) == 0, "linked") {
			if _, err := tx.InsertAccount(identity.EnterpriseAccount{
				ID: identity.NewID[identity.AccountID](s.now), UserID: s.user.ID, ConnectionID: s.conn.ID, Provider: s.conn.Provider,
				Subject: fmt.Sprint("s-", s.n), Email: s.email, CreatedAt: s.now, UpdatedAt: s.now,
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if s.org != "" && s.note(s.rnd.IntN(2) == 0, "member") {
		w.join(s, s.org)
	}
	if s.note(s.seldom(), "member elsewhere") {
		w.join(s, w.drawOrganization(s, 0, s.note(s.rnd.IntN(2) == 0, "where it is exclusive")).ID)
	}
}

func (w *world) join(s *supposed, org identity.OrgID) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		_, err := tx.InsertMembership(identity.Membership{
			ID: identity.NewID[identity.MembershipID](s.now), OrganizationID: org, UserID: s.user.ID, Role: identity.RoleMember, CreatedAt: s.now,
		})
		return err
	})
}

// subject is by which name the provider knows the person, as the simulation takes
// it to.
func (w *world) subject(s *supposed) string {
	if slices.Contains(s.story, "linked") {
		return fmt.Sprint("s-", s.n)
	}
	return "simulated:" + string(s.email)
}

// What a simulation says of an address is what the sign-in then comes to: the
// verdict, its reasons, and what is written. What is said of a whole organization is
// the same again, and so is what a replay says of a refusal.
func TestSimulate_SaysWhatHappensAtSAML(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	for n := range drawnSAML {
		s := w.draw(n, w.conn)
		w.foretold(s, func(ticket signin.Ticket, client identity.ClientID, p *practice.Person) (signin.Done, error) {
			accepted, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Edited: p}))
			if err != nil {
				return signin.Done{}, err
			}
			return w.flow.CompleteSAML(t.Context(), signin.Return{Nonce: accepted.Nonce, Client: client})
		})
	}
}

func TestSimulate_SaysWhatHappensAtOpenID(t *testing.T) {
	t.Parallel()
	o := newOpenID(t, store.SQLite, identity.OIDCCustom)
	for n := range drawnOIDC {
		s := o.draw(n, o.conn)
		o.foretold(s, func(ticket signin.Ticket, client identity.ClientID, p *practice.Person) (signin.Done, error) {
			return o.flow.FinishOIDC(t.Context(), o.answers(ticket, client, practice.Login{Edited: p}))
		})
	}
}

// finish is what a protocol does with a ticket.
type finish func(signin.Ticket, identity.ClientID, *practice.Person) (signin.Done, error)

// foretold simulates, signs in, and compares.
func (w *world) foretold(s *supposed, end finish) {
	w.Helper()
	sim := must(w.flow.Simulate(w.Context(), string(s.email)))(w)
	w.sameForAll(s, sim)
	client := w.browser()
	next := must(w.flow.Begin(w.Context(), signin.Begin{Client: client, Address: string(s.email)}))(w)
	if (next.Step == signin.NextProvider) != (len(sim.Outcomes) == 1) {
		w.Fatalf("case %d %q: %d outcomes simulated, and the sign-in went to step %d", s.n, s.story, len(sim.Outcomes), next.Step)
	}
	if len(sim.Outcomes) == 0 {
		return
	}
	want := sim.Outcomes[0].Decision
	done, err := end(next.Ticket, client, &practice.Person{Mail: string(s.email), Subject: w.subject(s)})
	a := w.attempt(next.Ticket.AttemptID)
	if diff := cmp.Diff(verdictOf(want.Denied), verdictOf(err)); diff != "" {
		w.Fatalf("case %d %q: (-simulated +happened)\n%s", s.n, s.story, diff)
	}
	if diff := cmp.Diff(reasons(want.Trace), reasons(a.Trace)); diff != "" {
		w.Fatalf("case %d %q: reasons (-simulated +happened)\n%s", s.n, s.story, diff)
	}
	if err != nil {
		w.sameAgain(s, a, want)
		return
	}
	w.carriedOut(s, want.Plan, done)
}

// verdictOf is a refusal, to compare.
func verdictOf(err error) string {
	if err == nil {
		return "in"
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		meta := e.Meta()
		delete(meta, "attempt_id")
		return fmt.Sprint(e.Code(), meta)
	}
	return err.Error()
}

// reasons is a trace, but for the format of a name that a simulation can't know.
func reasons(trace []identity.Rule) []identity.Rule {
	trace = slices.Clone(trace)
	for i := range trace {
		if trace[i].Name == "subject_stable" {
			trace[i].Detail = ""
		}
	}
	return trace
}

// sameAgain: a replay of the refusal says the same.
func (w *world) sameAgain(s *supposed, a identity.Attempt, want policy.Decision) {
	w.Helper()
	r := must(w.flow.Replay(w.Context(), a.ID, signin.Against{}))(w)
	if got := verdictOf(r.Now.Refused); got != verdictOf(want.Denied) || !cmp.Equal(a.Trace, []identity.Rule(r.Now.Decision.Trace)) {
		w.Fatalf("case %d %q: replayed as %s, %s, was %s", s.n, s.story, got, r.Now.Decision.Trace, verdictOf(want.Denied))
	}
	if len(r.Now.Findings) == 0 || len(r.Was.Findings) == 0 || r.Now.Findings[0].Cause.Name != r.Was.Findings[0].Cause.Name {
		w.Fatalf("case %d %q: causes %v, replayed %v", s.n, s.story, r.Was.Findings, r.Now.Findings)
	}
}

// sameForAll: the organization's members one by one and all at once.
func (w *world) sameForAll(s *supposed, sim signin.Simulation) {
	w.Helper()
	if !slices.Contains(s.story, "member") {
		return
	}
	page := must(w.flow.WhatIf(w.Context(), signin.WhatIf{Organization: s.org}))(w)
	i := slices.IndexFunc(page.Members, func(m signin.MemberOutcome) bool { return m.User.ID == s.user.ID })
	if i < 0 {
		w.Fatalf("case %d %q: not among the members", s.n, s.story)
	}
	got := page.Members[i].Now
	if len(sim.Outcomes) == 0 {
		if got.Route != signin.RouteFirstFactor || got.In != (len(sim.Factors) > 0) {
			w.Fatalf("case %d %q: of all %s, in %t; simulated %v", s.n, s.story, got.Route, got.In, sim.Factors)
		}
		return
	}
	same := cmp.Comparer(func(a, b error) bool { return verdictOf(a) == verdictOf(b) })
	if diff := cmp.Diff(sim.Outcomes[0].Decision, got.Decision, same); diff != "" || got.In != (got.Refused == nil) {
		w.Fatalf("case %d %q: (-simulated +of all)\n%s", s.n, s.story, diff)
	}
}

// carriedOut: what the plan says was written, and nothing else of its kind.
func (w *world) carriedOut(s *supposed, p policy.Plan, done signin.Done) {
	w.Helper()
	fail := func(what string, got any) {
		w.Helper()
		w.Fatalf("case %d %q: %s: %+v, planned %+v", s.n, s.story, what, got, p)
	}
	user := done.Session.UserID
	if (p.CreateUser == nil) != (p.User == user) || p.CreateUser != nil && user == s.user.ID {
		fail("user", user)
	}
	planned := p.Link
	if planned == nil {
		planned = p.Refresh
	}
	account := get(w, func(tx *store.Tx) (identity.EnterpriseAccount, error) { return tx.AccountOf(s.conn.ID, user) })
	if account.Subject != planned.Subject || account.Email != planned.Email || planned.ID != "" && planned.ID != account.ID {
		fail("account", account)
	}
	emails := get(w, func(tx *store.Tx) ([]identity.EmailAddress, error) { return tx.EmailAddressesOf(user) })
	if len(emails) != 1 || emails[0].Address != s.email || !emails[0].IsVerified() {
		fail("addresses", emails)
	}
	for _, m := range w.memberships(user) {
		if m.OrganizationID != s.org {
			continue
		}
		if j := p.Join; j != nil && (m.Role != j.Role || m.ConnectionID != j.Connection) {
			fail("membership", m)
		}
	}
	member := slices.ContainsFunc(w.memberships(user), func(m identity.Membership) bool { return m.OrganizationID == s.org })
	if member != (s.org != "" && (p.Join != nil || slices.Contains(s.story, "member"))) {
		fail("member", member)
	}
	stored := get(w, func(tx *store.Tx) (identity.User, error) { return tx.User(user) })
	if p.UpdateUser == nil && p.CreateUser == nil && !cmp.Equal(stored.PublicMetadata, s.user.PublicMetadata) {
		fail("person", stored)
	}
}
