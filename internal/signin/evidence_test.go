package signin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
)

func TestMessage_SaysWhatCameWithoutWhatIsAboutThePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.refusedWith(practice.Request{Misbehave: "wrong-audience", Edited: &practice.Person{Mail: "ada@acme.test", FirstName: "Adaline"}})
		m := must(w.flow.Message(t.Context(), id))(t)
		if m.ExpiresAt.IsZero() || !m.Seen.Kept || len(m.Seen.Attributes) == 0 {
			t.Errorf("the message is not read: %+v", m)
		}
		for _, a := range m.Seen.Attributes {
			if strings.Contains(a.Name+string(a.Address), "Ada") {
				t.Errorf("a value is shown: %+v", a)
			}
		}
		w.clock.Advance(1000 * time.Hour)
		if m := must(w.flow.Message(t.Context(), id))(t); !m.ExpiresAt.IsZero() || m.Seen.Kept {
			t.Errorf("a message that has run out is read: %+v", m)
		}
		if _, err := w.flow.Message(t.Context(), "ssoa_none"); !fault.Is(err, fault.SSOAttemptNotFound) {
			t.Errorf("an attempt that there isn't: %v", err)
		}
	})
}

func TestReveal_OpensTheEvidenceOnceTheAuditLogSaysSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.refusedWith(practice.Request{Misbehave: "wrong-audience"})
		r := must(w.flow.Reveal(t.Context(), id))(t)
		if !strings.Contains(r.Text, "<") || !slices.ContainsFunc(r.Values, func(v signin.RevealedValue) bool { return slices.Contains(v.Values, "ada@acme.test") }) {
			t.Errorf("not opened: %+v", r)
		}
		if lines := w.revelations(); len(lines) != 1 || lines[0].Subject != string(id) || lines[0].OrganizationID != w.org.ID {
			t.Errorf("the audit log says %+v", lines)
		}
		w.clock.Advance(1000 * time.Hour)
		if _, err := w.flow.Reveal(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("evidence that has run out: %v", err)
		}
		if _, err := w.flow.Reveal(t.Context(), w.lost("ada@acme.test")); !fault.Is(err, fault.NotFound) {
			t.Errorf("an attempt without evidence: %v", err)
		}
		if _, err := w.flow.Reveal(t.Context(), "ssoa_none"); !fault.Is(err, fault.SSOAttemptNotFound) {
			t.Errorf("an attempt that there isn't: %v", err)
		}
		if lines := w.revelations(); len(lines) != 1 {
			t.Errorf("%d lines say that something was shown, want 1", len(lines))
		}
	})
}

func (w *world) revelations() []identity.AuditEntry {
	w.Helper()
	return get(w, func(tx *store.Tx) ([]identity.AuditEntry, error) {
		list, _, err := tx.AuditLog(store.AuditFilter{Action: "sso_attempt.evidence.revealed"}, store.Page{})
		return list, err
	})
}

func TestReveal_OpensTheEvidenceOfOpenIDConnect(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		id := o.refusedWith(practice.Login{Misbehave: "wrong-audience"})
		r := must(o.flow.Reveal(t.Context(), id))(t)
		if !strings.Contains(r.Text, `"id_token"`) || !slices.ContainsFunc(r.Values, func(v signin.RevealedValue) bool { return slices.Contains(v.Values, "ada@acme.test") }) {
			t.Errorf("not opened: %+v", r)
		}
	})
}

func TestCountWhatIf_CountsAllAndKeepsThePartThatIsAskedFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for n, address := range []string{"ada@acme.test", "bob@acme.test", "eve@solo.test"} {
			u := w.person(address, identity.Verified, func(u *identity.User) { u.Banned = n == 1 })
			w.join(&supposed{now: w.clock.Now(), user: u}, w.org.ID)
			w.clock.Advance(time.Second)
		}
		off := false
		q := signin.WhatIf{Organization: w.org.ID, Proposal: signin.Proposal{Connection: w.conn.ID, Active: &off}}
		n := must(w.flow.CountWhatIf(t.Context(), q, signin.Part{Offset: 1, Limit: 1}))(t)
		if n.Judged != 3 || n.Total != 3 || len(n.Members) != 1 || n.Members[0].Email != "bob@acme.test" || n.More {
			t.Errorf("got %+v", n)
		}
		out := must(w.flow.CountWhatIf(t.Context(), signin.WhatIf{Organization: w.org.ID}, signin.Part{Limit: 10, Of: func(m signin.MemberOutcome) bool { return !m.Then.In }}))(t)
		if out.In != 2 || out.Total != 1 || out.Members[0].Email != "bob@acme.test" || len(out.Codes) != 1 || out.Codes[0].Number != 1 || out.Routes[signin.StrategySSO] != 1 || out.Routes[signin.RouteFirstFactor] != 1 {
			t.Errorf("got %+v", out)
		}
		if _, err := w.flow.CountWhatIf(t.Context(), signin.WhatIf{Organization: "org_none"}, signin.Part{}); !fault.Is(err, fault.OrganizationNotFound) {
			t.Errorf("an organization that there isn't: %v", err)
		}
	})
}
