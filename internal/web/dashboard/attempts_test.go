package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/practice/practicetest"
	"usher/internal/signin"
)

// idpKeys are of the real time, as the deployment is.
var idpKeys = practicetest.Keys(time.Now())

// acme is an organization whose people sign in at a practice provider.
type acme struct {
	*site
	org  string // path of its page
	conn identity.Connection
	idp  *practice.IDP
}

func (s *site) acme() *acme {
	s.Helper()
	idp, err := practice.New(practice.Config{
		BaseURL: "https://idp.test", Now: s.clock.Now, Keys: idpKeys(s),
		People: []practice.Person{{Mail: "ada@acme.test", FirstName: "Ada"}, {Mail: "bob@acme.test", FirstName: "Bob"}},
	})
	if err != nil {
		s.Fatal(err)
	}
	a := &acme{site: s, org: s.organization("Acme"), idp: idp}
	name, id, active, metadata := "Acme sign-in", strings.TrimPrefix(a.org, "/dashboard/organizations/"), true, string(idp.Metadata())
	a.conn, err = s.tools.Manage.CreateConnection(s.Context(), identity.SAMLCustom, manage.ConnectionChange{
		Name: &name, Domains: []string{"acme.test"}, OrganizationID: &id, Active: &active, SAML: &manage.SAMLChange{IDPMetadata: &metadata},
	})
	if err != nil {
		s.Fatal(err)
	}
	sp, err := s.tools.Manage.SPMetadata(s.Context(), a.conn.ID)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := idp.AddSPMetadata(sp); err != nil {
		s.Fatal(err)
	}
	return a
}

// begin sends somebody to the provider.
func (a *acme) begin(address string) (signin.Ticket, identity.ClientID) {
	a.Helper()
	client, err := a.tools.Sessions.EnsureClient(a.Context(), httptest.NewRecorder(), httptest.NewRequestWithContext(a.Context(), http.MethodGet, base, http.NoBody))
	if err != nil {
		a.Fatal(err)
	}
	next, err := a.tools.SignIn.Begin(a.Context(), signin.Begin{Client: client.ID, Address: address})
	if err != nil {
		a.Fatal(err)
	}
	return next.Ticket, client.ID
}

// attempt is a whole sign-in, as the provider answers it; it returns the path of its
// page.
func (a *acme) attempt(r practice.Request) string {
	a.Helper()
	ticket, client := a.begin("ada@acme.test")
	u, err := url.Parse(ticket.Redirect)
	if err != nil {
		a.Fatal(err)
	}
	asked, err := practice.ParseRedirect(u.Query().Get("SAMLRequest"))
	if err != nil {
		a.Fatal(err)
	}
	r.InResponseTo, r.RelayState, r.SP = asked.ID, u.Query().Get("RelayState"), a.conn.ID.SPMetadataURL(base)
	if r.Person == "" {
		r.Person = "ada@acme.test"
	}
	a.clock.Advance(3 * time.Second)
	answer, err := a.idp.Respond(r)
	if err != nil {
		a.Fatal(err)
	}
	accepted, err := a.tools.SignIn.FinishSAML(a.Context(), signin.Answer{Connection: a.conn.ID, SAMLResponse: answer.SAMLResponse, RelayState: answer.RelayState})
	if err == nil {
		_, err = a.tools.SignIn.CompleteSAML(a.Context(), signin.Return{Nonce: accepted.Nonce, Client: client})
	}
	if err != nil && fault.From(err).Meta()["attempt_id"] == nil {
		a.Fatal(err)
	}
	return "/dashboard/attempts/" + string(ticket.AttemptID)
}

func TestAttempts_AreListedNarrowedAndFoundByWhatIsKnown(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.done("/dashboard/attempts", "Nobody has tried yet")
		a := s.acme()
		in := a.attempt(practice.Request{})
		a.attempt(practice.Request{Misbehave: "no-mail"})
		a.begin("bob@acme.test")
		s.done("/dashboard/attempts", "ada@acme.test", "Signed in", "Refused", "saml_user_attribute_missing", "Acme sign-in", "Under way")
		s.done("/dashboard/attempts?outcome=under_way", "bob@acme.test")
		s.clock.Advance(20 * time.Minute)
		s.done("/dashboard/attempts?outcome=lost", "bob@acme.test", "Never came back")
		lacks := func(path, unwanted string) {
			t.Helper()
			if got := text(s.get(path, http.StatusOK)); strings.Contains(got, unwanted) {
				t.Errorf("%s says %q:\n%s", path, unwanted, got)
			}
		}
		lacks("/dashboard/attempts?outcome=lost", "ada@acme.test")
		lacks("/dashboard/attempts?q=ada@acme.test", "bob@acme.test")
		lacks("/dashboard/attempts?code=saml_user_attribute_missing&since=day", "bob@acme.test")
		s.done("/dashboard/attempts?q="+string(a.conn.ID), "bob@acme.test", "ada@acme.test")
		s.done("/dashboard/attempts?q="+strings.TrimPrefix(a.org, "/dashboard/organizations/")+"&outcome=refused", "saml_user_attribute_missing")
		s.done("/dashboard/attempts?q=nobody@acme.test", "No such attempt")
		s.done("/dashboard/attempts?q=nonsense", "No such attempt")
		if to := s.get("/dashboard/attempts?q="+strings.TrimPrefix(in, "/dashboard/attempts/"), http.StatusSeeOther); to != in {
			t.Errorf("the reference leads to %s", to)
		}
		s.get("/dashboard/attempts?page=0", http.StatusUnprocessableEntity)
	})
}

func TestAttempt_TellsItsStoryWithTheCauseAndTheFix(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.acme()
		in := a.attempt(practice.Request{})
		s.done(in, "Nothing stood in the way", "At the provider", "3.0 s", "The browser came back to finish", "The rules that decided", "Users are created at their first sign-in", "Acme sign-in")
		refused := a.attempt(practice.Request{Misbehave: "wrong-audience"})
		s.done(refused, "Refused", "what it had to be", "The answer is meant for another service provider than this connection", "Certain", "Fix", "What the provider sent", "Attributes")
		s.get("/dashboard/attempts/ssoa_000000000000000000000000000", http.StatusNotFound)
		s.get("/dashboard/attempts/nothing", http.StatusNotFound)
	})
}

func TestAttempt_ThatNeverCameBackIsDiagnosedByWhatThePersonSaw(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.acme()
		ticket, _ := a.begin("ada@acme.test")
		s.clock.Advance(20 * time.Minute)
		one := "/dashboard/attempts/" + string(ticket.AttemptID)
		s.done(one, "Started, and never came back", "Nobody has come in through this connection yet")
		s.operate()
		s.says(s.post(one, url.Values{"saw": {"AADSTS50105: not assigned"}}, http.StatusOK), "error AADSTS50105.", "Fix, in Microsoft Entra")
	})
}

func TestAttempt_WhatPeopleAndProvidersWriteIsShownAsText(t *testing.T) { // threat T-API-09
	s := onSQLite(t)
	a := s.acme()
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	one := a.attempt(practice.Request{Edited: &practice.Person{
		Mail: "ada@acme.test", FirstName: hostile, Attributes: []practice.Attribute{{Name: hostile, Values: []string{hostile}}},
	}})
	for what, body := range map[string]string{
		"attempt": s.get(one, http.StatusOK), "message": s.post(one+"/message", nil, http.StatusOK), "replay": s.get(one+"/replay", http.StatusOK),
		"revision": s.get(one+"/replay?revision="+url.QueryEscape(hostile), http.StatusNotFound), "saw": s.post(one, url.Values{"saw": {hostile}}, http.StatusOK),
		"list": s.get("/dashboard/attempts?q="+url.QueryEscape(hostile)+"&code="+url.QueryEscape(hostile), http.StatusOK),
		"page": s.post("/dashboard/what-if/page", url.Values{"saw": {hostile}}, http.StatusOK), "what if": s.get("/dashboard/what-if?q="+url.QueryEscape(hostile), http.StatusUnprocessableEntity),
		"connection": s.get("/dashboard/connections/"+string(a.conn.ID), http.StatusOK),
	} {
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: what came from outside is markup", what)
		}
	}
}

func TestAttempt_TheMessageIsRevealedToWhoHasJustSignedInAndAudited(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.acme()
		one := a.attempt(practice.Request{Edited: &practice.Person{Mail: "ada@acme.test", FirstName: "Adaline"}})
		if strings.Contains(s.get(one, http.StatusOK), "Adaline") {
			t.Error("the value is shown before it was revealed")
		}
		s.done(one+"/message", "Reveal the message?", "written into the audit log")
		s.says(s.post(one+"/message", nil, http.StatusOK), "Adaline", "ada@acme.test", "As it came")
		s.done("/dashboard/audit-log?about=sso_attempt.", "Sso attempt evidence revealed", strings.TrimPrefix(one, "/dashboard/attempts/"))
		s.clock.Advance(11 * time.Minute)
		s.get(one+"/message", http.StatusForbidden)
		s.post(one+"/message", nil, http.StatusForbidden)
		s.clock.Advance(30 * 24 * time.Hour)
		s.operate()
		s.done(one, "kept for a short time only")
		s.post(one+"/message", nil, http.StatusNotFound)
		lines, _, err := s.tools.Manage.AuditLog(t.Context(), manage.AuditFilter{Action: "sso_attempt."}, manage.Page{})
		if err != nil || len(lines) != 1 {
			t.Errorf("%d lines, %v; want the one of what was shown", len(lines), err)
		}
	})
}

func TestReplay_JudgesTheSameMessageByOtherSettings(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.acme()
		first, err := s.tools.Manage.Connection(t.Context(), a.conn.ID)
		if err != nil {
			t.Fatal(err)
		}
		other := "https://other.test/metadata"
		if _, err := s.tools.Manage.ChangeConnection(t.Context(), a.conn.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{IDPEntityID: &other}}); err != nil {
			t.Fatal(err)
		}
		one := a.attempt(practice.Request{})
		s.done(one, "Refused", "Judge it again")
		s.done(one+"/replay", "The verdict stays the same")
		s.done(one+"/replay?revision="+string(first.LiveRevisionID), "It would be accepted now", "Then and now", "saml_response_invalid", "A new one")
		if _, err := s.tools.Manage.EditDraft(t.Context(), a.conn.ID, "", manage.ConnectionChange{SAML: &manage.SAMLChange{IDPEntityID: &first.Config.SAML.IDPEntityID}}); err != nil {
			t.Fatal(err)
		}
		s.done(one+"/replay?revision=draft", "It would be accepted now", "The draft", "Not kept")
		s.says(s.get(one+"/replay?revision=connrev_000000000000000000000000000", http.StatusNotFound), "Judge it again")
		if n, err := s.tools.Manage.CountUsers(t.Context(), manage.UserFilter{Query: "ada@acme.test"}); err != nil || n != 0 {
			t.Errorf("%d users were made by judging again, %v", n, err)
		}
		s.clock.Advance(30 * 24 * time.Hour)
		s.operate()
		s.says(s.get(one+"/replay", http.StatusNotFound), "kept for a short time only")
	})
}
