package frontendapi_test

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
	"usher/internal/signin"
	"usher/internal/store"
)

// link makes the link to a test run, as a path with its query.
func (w *world) link(id identity.ConnectionID) string {
	w.Helper()
	return strings.TrimPrefix(must(w.tools.SignIn.BeginTestRun(w.Context(), id, ""))(w).URL, base)
}

// runs are the test runs of a connection, the newest first.
func (w *world) runs(id identity.ConnectionID) []signin.TestRunView {
	w.Helper()
	list, _, err := w.tools.SignIn.TestRuns(w.Context(), signin.TestRunFilter{ConnectionID: id}, store.Page{})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// shows checks that a page was sent as pages are, and says some words.
func shows(t testing.TB, rec *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	if rec.Code != status || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") || rec.Header().Get("Referrer-Policy") != "no-referrer" ||
		rec.Header().Get("Cache-Control") != "no-store" || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("got %d with %v", rec.Code, rec.Header())
	}
	for _, word := range words {
		if !strings.Contains(rec.Body.String(), word) {
			t.Errorf("the page does not say %q:\n%s", word, rec.Body)
		}
	}
}

// Behaviours 1.118 and 1.119, threat T-SES-16: from the link to the page, in one
// browser.
func TestTestRun_GoesFromTheLinkToTheResult(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		off := false
		must(w.tools.Manage.ChangeConnection(t.Context(), w.conn.ID, manage.ConnectionChange{Active: &off}))(w)
		b, link := w.browser(), w.link(w.conn.ID)
		rec := b.send(http.MethodGet, link, "")
		if rec.Code != http.StatusMovedPermanently || !strings.HasPrefix(rec.Header().Get("Location"), w.idp.SSOURL()) ||
			rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Fatalf("got %d with %v", rec.Code, rec.Header())
		}
		if line := rec.Header().Get("Set-Cookie"); !strings.HasPrefix(line, "__Host-usher_test_run=") || !strings.Contains(line, "HttpOnly") ||
			!strings.Contains(line, "Secure") || !strings.Contains(line, "SameSite=Lax") || len(b.cookies) != 1 {
			t.Errorf("cookie %s of %v", line, b.cookies)
		}
		ticket := signin.Ticket{Redirect: rec.Header().Get("Location")}
		answer := w.answer(ticket, practice.Request{})
		rec = b.crossSite(w.acs(), answer)
		to := rec.Header().Get("Location")
		if rec.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/v1/enterprise_connections/"+string(w.conn.ID)+"/test_runs/entrun_") || rec.Header().Get("Set-Cookie") != "" {
			t.Fatalf("got %d to %s with %v", rec.Code, to, rec.Header())
		}
		for range 2 {
			shows(t, b.send(http.MethodGet, to, ""), http.StatusOK, "The sign-in would succeed", "ada@acme.test", "email_domain_allowed", "A new user would be made", "switched off", "Passed")
		}
		if b.cookies["__client"] != "" {
			t.Errorf("the browser has cookies %v", b.cookies)
		}
		shows(t, w.browser().send(http.MethodGet, to, ""), http.StatusBadRequest)
		shows(t, b.send(http.MethodGet, strings.Split(to, "?")[0]+"?token=x", ""), http.StatusNotFound)
		shows(t, b.send(http.MethodGet, link, ""), http.StatusBadRequest, "This test run can no longer be started")
		checkCode(t, "a link to a program", w.program().send(http.MethodGet, link, ""), http.StatusBadRequest, fault.TestRunTicketInvalid)
		checkCode(t, "no ticket", w.program().send(http.MethodGet, strings.Split(link, "?")[0], ""), http.StatusUnprocessableEntity, fault.FormParamMissing)
		rec = b.crossSite(w.acs(), answer) // once more
		if rec.Code != http.StatusUnauthorized {
			t.Errorf("an answer once more: %d to %q", rec.Code, rec.Header().Get("Location"))
		}
	})
}

func TestTestRun_ShowsWhyItFailed(t *testing.T) {
	w := onSQLite(t)
	b := w.browser()
	rec := b.send(http.MethodGet, w.link(w.conn.ID), "")
	rec = b.crossSite(w.acs(), w.answer(signin.Ticket{Redirect: rec.Header().Get("Location")}, practice.Request{Misbehave: "wrong-audience"}))
	shows(t, b.send(http.MethodGet, rec.Header().Get("Location"), ""), http.StatusOK,
		"The sign-in would fail", "saml_response_invalid", "Failed", "Set the audience", "Expected", w.conn.ID.SPMetadataURL(base))
	if cookies := b.cookies["__client"]; cookies != "" {
		t.Error("the browser got a client")
	}
}

func TestTestRun_SendsAFormWhereTheProviderWantsOne(t *testing.T) {
	w := onSQLite(t)
	xml := strings.ReplaceAll(string(w.idp.Metadata()), "HTTP-Redirect", "HTTP-POST")
	must(w.tools.Manage.ChangeConnection(t.Context(), w.conn.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadata: &xml}}))(w)
	rec := w.browser().send(http.MethodGet, w.link(w.conn.ID), "")
	shows(t, rec, http.StatusOK, `name="SAMLRequest"`, `name="RelayState"`, w.idp.SSOURL())
}

// Threat T-OIDC-32, over HTTP: with all its cookies, a browser ends a test run at
// its result and a sign-in at a session, whichever comes first.
func TestTestRun_OfOpenIDConnectBesideASignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, b := w.openID(), w.browser()
		list, _, err := w.tools.Manage.Connections(t.Context(), manage.ConnectionFilter{Provider: identity.OIDCCustom}, manage.Page{})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		rec := b.send(http.MethodGet, w.link(list[0].ID), "")
		if rec.Code != http.StatusMovedPermanently {
			t.Fatalf("got %d: %s", rec.Code, rec.Body)
		}
		ofSignIn := o.answer(b, "")
		ofRun := must(o.Login(rec.Header().Get("Location"), practice.Login{Person: "ada@looms.test"}))(t).Parameters()
		shows(t, w.browser().send(http.MethodGet, callback+"?"+ofRun.Encode(), ""), http.StatusBadRequest)
		client := b.cookies["__client"]
		rec = b.crossSite(callback, ofRun.Encode())
		rec = b.send(http.MethodGet, rec.Header().Get("Location"), "")
		if rec.Code != http.StatusSeeOther || !strings.Contains(rec.Header().Get("Location"), "/test_runs/") || b.cookies["__client"] != client {
			t.Fatalf("got %d to %q with %v", rec.Code, rec.Header().Get("Location"), b.cookies)
		}
		shows(t, b.send(http.MethodGet, rec.Header().Get("Location"), ""), http.StatusOK, "The sign-in would succeed", "ada@looms.test")
		if runs := w.runs(list[0].ID); len(runs) != 1 || runs[0].Status != "success" {
			t.Errorf("runs %+v", runs)
		}
		rec = b.send(http.MethodGet, callback+"?"+ofSignIn.Encode(), "")
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/user" || b.cookies["__client"] == client {
			t.Errorf("the sign-in: %d to %q", rec.Code, rec.Header().Get("Location"))
		}
		rec = b.send(http.MethodGet, callback+"?"+url.Values{"state": {ofRun.Get("state")}, "code": {"x"}}.Encode(), "")
		shows(t, rec, http.StatusBadRequest)
	})
}

// promote makes a change live by way of a draft.
func (w *world) promote(ch manage.SAMLChange) identity.Connection {
	w.Helper()
	v := must(w.tools.Manage.EditDraft(w.Context(), w.conn.ID, "", manage.ConnectionChange{SAML: &ch}))(w)
	return must(w.tools.Manage.PromoteDraft(w.Context(), w.conn.ID, manage.Promotion{Draft: v.Draft.RevisionID, Live: v.Live.LiveRevisionID}))(w)
}

// Sign-ins that are at the provider while a draft is promoted are judged by what is
// live when they come back: in where the answer is still as it must be, refused
// where it is not, and in again after the way back.
func TestPromotion_WhileSignInsAreUnderWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := must(practice.New(practice.Config{BaseURL: "https://other.test", Now: w.clock.Now, Keys: idpKeys(w)}))(w)
		document := string(other.Metadata())
		type underWay struct {
			b      *browser
			answer string
		}
		away := func(person string) underWay {
			b := w.browser()
			return underWay{b, w.answer(b.begin(person), practice.Request{Person: person})}
		}
		in := func(what string, u underWay, want bool) {
			t.Helper()
			rec := u.b.crossSite(w.acs(), u.answer)
			if rec.Code == http.StatusSeeOther {
				rec = u.b.follows(rec)
			}
			if got := rec.Code == http.StatusSeeOther && rec.Header().Get("Location") == "/user"; got != want {
				t.Errorf("%s: %d to %q", what, rec.Code, rec.Header().Get("Location"))
			}
		}
		first, second, third := away("ada@acme.test"), away("bob@acme.test"), away("ada@acme.test")
		answered := away("bob@acme.test")
		accepted := answered.b.crossSite(w.acs(), answered.answer) // judged, and the browser not back yet
		before := w.conn.LiveRevisionID

		name := "given"
		w.promote(manage.SAMLChange{FirstName: &name})
		in("another mapping is live", first, true)
		rec := answered.b.follows(accepted)
		if rec.Code == http.StatusSeeOther {
			t.Error("an answer that was read by the old mapping signed somebody in by the new one")
		}
		w.clock.Set(w.clock.Now().Add(time.Second))
		w.promote(manage.SAMLChange{IDPMetadata: &document})
		in("another provider is live", second, false)
		must(w.tools.Manage.RestoreRevision(t.Context(), w.conn.ID, manage.Restoration{Revision: before}))(w)
		in("the way back was taken", third, true)
	})
}
