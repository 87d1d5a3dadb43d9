package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/signin"
)

// ready is a SAML connection with its provider's data, switched off.
func (s *site) ready(more url.Values) string {
	s.Helper()
	idp, _ := s.provider()
	one := s.fresh("okta_saml", more)
	s.post(one+"/setup/connect", url.Values{"way": {"text"}, "guide": {"okta_saml"}, "metadata_text": {string(idp.Metadata())}}, http.StatusSeeOther)
	return one
}

// inUse is one that people use.
func (s *site) inUse() string {
	s.Helper()
	one := s.ready(nil)
	s.post(one+"/switch", url.Values{"on": {"true"}, "confirmed": {"true"}}, http.StatusSeeOther)
	return one
}

// draft is the one of the connection that stands there.
func (s *site) draft(one string) (draft, live identity.RevisionID) {
	s.Helper()
	v, err := s.tools.Manage.Draft(s.Context(), s.at(one).ID)
	if err != nil {
		s.Fatal(err)
	}
	return v.Draft.RevisionID, v.Live.LiveRevisionID
}

func TestConfiguration_IsChangedAtOnceWhileNobodyUsesTheConnection(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		one := s.ready(nil)
		s.done(one+"/configuration", "Empty: mail.", "Seen at this provider, too: email", "Custom attributes", "Sign-in", "Old cryptography")
		s.done(s.post(one+"/configuration/mapping", url.Values{"email_address": {"email"}}, http.StatusSeeOther), "The connection has been changed.")
		s.post(one+"/configuration/behaviour", url.Values{"login_hint": {"custom_attribute"}, "login_hint_source": {"upn"}, "force_authn": {"true"}, "clock_skew_seconds": {"300"}}, http.StatusSeeOther)
		s.post(one+"/configuration/add", url.Values{"attribute": {"Department"}, "key": {"department"}, "sso_path": {"dept"}, "multi_valued": {"true"}}, http.StatusSeeOther)
		s.done(one+"/configuration", "Department", "dept", "Several values")
		conf := s.at(one).Config
		if m := conf.SAML; m.Mapping.EmailAddress != "email" || m.LoginHint.Source != "upn" || !m.ForceAuthn || m.AllowIDPInitiated || m.ClockSkewSeconds != 300 || len(conf.CustomAttributes) != 1 {
			t.Errorf("configured %+v %+v", m, conf.CustomAttributes)
		}
		s.post(one+"/configuration/remove", url.Values{"key": {"department"}}, http.StatusSeeOther)
		if n := len(s.at(one).Config.CustomAttributes); n != 0 {
			t.Errorf("%d custom attributes are left", n)
		}
	})
}

func TestConfiguration_KeepsWhatWasGivenWhenItIsRefused(t *testing.T) {
	s := onSQLite(t)
	one := s.ready(nil)
	for path, form := range map[string]url.Values{
		"/behaviour": {"login_hint": {"custom_attribute"}, "clock_skew_seconds": {"9"}},
		"/add":       {"attribute": {"Team"}, "key": {"_team"}, "sso_path": {"kept"}},
	} {
		body := s.post(one+"/configuration"+path, form, http.StatusUnprocessableEntity)
		if kept := form.Get("sso_path") + form.Get("clock_skew_seconds"); !strings.Contains(body, `value="`+kept+`"`) || !strings.Contains(body, "problem") {
			t.Errorf("%s: lost, or without a problem at the field", path)
		}
	}
	s.post(one+"/configuration/behaviour", url.Values{"login_hint": {"off"}, "clock_skew_seconds": {"long"}}, http.StatusUnprocessableEntity)
}

func TestConfiguration_OfOpenIDConnectHasItsOwnWords(t *testing.T) {
	s := onSQLite(t)
	one := s.fresh("generic_oidc", nil)
	s.done(one+"/configuration", "Whether the address is verified", "Scopes", "PKCE")
	s.post(one+"/configuration/mapping", url.Values{"email_verified": {"checked"}, "email_verified_default": {"true"}}, http.StatusSeeOther)
	s.post(one+"/configuration/behaviour", url.Values{"scopes": {"openid email"}, "prompt": {"login"}, "requires_pkce": {"true"}}, http.StatusSeeOther)
	if o := s.at(one).Config.OIDC; o.Mapping.EmailVerified != "checked" || !o.Mapping.EmailVerifiedDefault || len(o.Scopes) != 2 || o.Prompt != "login" || !o.RequiresPKCE {
		t.Errorf("configured %+v", o)
	}
	s.get(one+"/keys", http.StatusNotFound)
}

func TestLegacy_IsAllowedUntilADayByWhoHasJustSignedIn(t *testing.T) {
	s := onSQLite(t)
	one := s.ready(nil)
	s.done(one+"/configuration/legacy", "Signatures with SHA-1")
	s.says(s.post(one+"/configuration/legacy", url.Values{"sha1": {"true"}}, http.StatusUnprocessableEntity), "Name a day between tomorrow and two years from now.")
	s.says(s.post(one+"/configuration/legacy", url.Values{"sha1": {"true"}, "until": {"2019-01-01"}}, http.StatusUnprocessableEntity), "Name a day")
	day := s.clock.Now().AddDate(0, 3, 0).Format(time.DateOnly)
	s.done(s.post(one+"/configuration/legacy", url.Values{"sha1": {"true"}, "until": {day}}, http.StatusSeeOther), "Signatures with SHA-1")
	s.post(one+"/configuration/legacy", url.Values{"until": {day}}, http.StatusSeeOther)
	if l := s.at(one).Config.SAML.Legacy; l != (identity.LegacyException{}) {
		t.Errorf("the exception goes on: %+v", l)
	}
	s.clock.Advance(11 * time.Minute)
	s.says(s.get(one+"/configuration/legacy", http.StatusForbidden), "Sign in again")
}

func TestKeys_AreRenewedInThreeSteps(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		one := s.ready(nil)
		s.done(one+"/keys", "Renew the key", "BEGIN CERTIFICATE", "In use")
		s.get(one+"/keys/retire", http.StatusSeeOther)
		s.done(one+"/keys/add", "Nobody notices anything")
		s.done(s.post(one+"/keys", nil, http.StatusSeeOther), "The new key is in our metadata now.", "Retire the old key", "Decrypts, signs later")
		s.post(one+"/keys", nil, http.StatusSeeOther) // sent twice
		s.done(one+"/keys/retire", "Retire the old key?", "can’t be read any more")
		state, err := s.tools.Manage.ConnectionState(t.Context(), s.at(one).ID)
		if err != nil || len(state.Keys) != 2 {
			t.Fatalf("%d keys, %v", len(state.Keys), err)
		}
		s.post(one+"/keys/retire", url.Values{"newest": {string(state.Keys[0].ID)}}, http.StatusSeeOther) // another one was shown
		if state, err := s.tools.Manage.ConnectionState(t.Context(), s.at(one).ID); err != nil || len(state.Keys) != 2 {
			t.Fatalf("retired what was not shown: %v", err)
		}
		s.done(s.post(one+"/keys/retire", url.Values{"newest": {string(state.Keys[1].ID)}}, http.StatusSeeOther), "The old key has been retired.", "Renew the key")
		s.clock.Advance(11 * time.Minute)
		s.post(one+"/keys", nil, http.StatusForbidden)
		s.get(one+"/keys/retire", http.StatusForbidden)
	})
}

func TestDraft_TakesChangesOfAConnectionInUseAndIsPromotedOnceItWasLookedAt(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		one := s.inUse()
		s.done(one+"/changes", "Nothing is waiting", "Revision 2", "Live")
		s.done(one+"/configuration", "What you change here goes into a draft.")
		s.done(s.post(one+"/configuration/mapping", url.Values{"email_address": {"email"}}, http.StatusSeeOther), "That is in the draft now.", "You are editing the draft")
		if m := s.at(one).Config.SAML.Mapping; m.EmailAddress != "" {
			t.Fatal("it is live")
		}
		s.done(one, "A draft is waiting", "Attribute of the email address")
		s.done(one+"/changes", "What changes", "Attribute of the email address", "mail", "email", "No test run has ended well with the draft as it is.", "Run a test sign-in")
		draft, live := s.draft(one)
		s.done(one+"/changes/promote", "Make the draft live?", "It was not tested", "Attribute of the email address")
		stale := url.Values{"draft": {string(live)}, "live": {string(live)}}
		s.says(s.post(one+"/changes/promote", stale, http.StatusConflict), "decided on another configuration")
		s.done(s.post(one+"/changes/promote", url.Values{"draft": {string(draft)}, "live": {string(live)}}, http.StatusSeeOther), "The draft is live", "from a draft", "Nothing is waiting")
		if m := s.at(one).Config.SAML.Mapping; m.EmailAddress != "email" {
			t.Error("it is not live")
		}
		s.get(one+"/changes/promote", http.StatusNotFound)
	})
}

func TestDraft_IsNotPromotedWhereNobodyCouldSignInWithIt(t *testing.T) {
	s := onSQLite(t)
	one := s.inUse()
	ours := s.at(one).ID.SPMetadataURL(base)
	s.done(s.post(one+"/setup/connect", url.Values{"way": {"fields"}, "guide": {"okta_saml"}, "idp_entity_id": {ours}, "idp_sso_url": {s.at(one).Config.SAML.IDPSSOURL}}, http.StatusSeeOther),
		"That is in the draft now.", "This is an address of this service, and not of the provider.")
	body := s.get(one+"/changes/promote", http.StatusOK)
	s.says(body, "The draft can’t be made live", "This is an address of this service")
	if strings.Contains(body, "Make it live<") {
		t.Error("it is offered all the same")
	}
	draft, live := s.draft(one)
	s.post(one+"/changes/promote", url.Values{"draft": {string(draft)}, "live": {string(live)}}, http.StatusUnprocessableEntity)
	if s.at(one).Config.SAML.IDPEntityID == ours {
		t.Error("it is live")
	}
}

func TestDraft_EditedMeanwhileIsNotOverwritten(t *testing.T) {
	s := onSQLite(t)
	one := s.inUse()
	s.post(one+"/configuration/mapping", url.Values{"email_address": {"email"}}, http.StatusSeeOther)
	seen, _ := s.draft(one)
	s.clock.Advance(time.Second)
	s.post(one+"/configuration/mapping", url.Values{"email_address": {"Email"}, "draft": {string(seen)}}, http.StatusSeeOther)
	body := s.post(one+"/configuration/mapping", url.Values{"email_address": {"mine"}, "draft": {string(seen)}}, http.StatusConflict)
	if !strings.Contains(body, `value="mine"`) {
		t.Error("what was given is lost")
	}
	s.post(one+"/changes/discard", url.Values{"draft": {string(seen)}}, http.StatusConflict)
	now, _ := s.draft(one)
	s.done(one+"/changes/discard", "Discard the draft?", "Attribute of the email address")
	s.done(s.post(one+"/changes/discard", url.Values{"draft": {string(now)}}, http.StatusSeeOther), "The draft has been discarded.", "Nothing is waiting")
}

func TestHistory_GoesBackByOneClickAndForthAgain(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		one := s.ready(nil)
		before := s.at(one)
		s.clock.Advance(time.Second)
		s.post(one+"/configuration/mapping", url.Values{"email_address": {"email"}}, http.StatusSeeOther)
		changed := s.at(one)
		s.done(one+"/changes/"+string(before.LiveRevisionID), "Beside what is live now.", "Attribute of the email address", "Make it live again")
		s.done(one+"/changes/"+string(changed.LiveRevisionID), "This is what is live.")
		s.clock.Advance(time.Second)
		back := s.post(one+"/changes/restore", url.Values{"revision": {string(before.LiveRevisionID)}, "live": {string(changed.LiveRevisionID)}}, http.StatusSeeOther)
		s.done(back, "The earlier configuration is live again.", "Undo", "made live again")
		if m := s.at(one).Config.SAML.Mapping; m.EmailAddress != "" {
			t.Error("it did not go back")
		}
		s.post(one+"/changes/restore", url.Values{"revision": {string(changed.LiveRevisionID)}, "live": {string(changed.LiveRevisionID)}}, http.StatusConflict)
		s.clock.Advance(time.Second)
		undo := url.Values{"revision": {string(changed.LiveRevisionID)}, "live": {string(s.at(one).LiveRevisionID)}}
		s.post(one+"/changes/restore", undo, http.StatusSeeOther)
		if m := s.at(one).Config.SAML.Mapping; m.EmailAddress != "email" {
			t.Error("it was not undone")
		}
		s.get(one+"/changes/entrev_000000000000000000000000000", http.StatusNotFound)
		s.clock.Advance(11 * time.Minute)
		s.post(one+"/changes/restore", undo, http.StatusForbidden)
	})
}

func TestTestRuns_AreBegunListedAndShown(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		empty := s.fresh("okta_saml", url.Values{"domains": {"b.test"}})
		s.says(s.post(empty+"/tests", nil, http.StatusUnprocessableEntity), "These are missing")
		one := s.ready(nil)
		s.done(one+"/tests", "No test run yet")
		to := s.post(one+"/tests", nil, http.StatusSeeOther)
		if !strings.HasPrefix(to, base+"/v1/enterprise_connections/") || !strings.Contains(to, "init_test_run?ticket=") {
			t.Fatalf("it leads to %s", to)
		}
		id := s.at(one).ID
		link, err := s.tools.SignIn.BeginTestRun(t.Context(), id, "")
		if err != nil {
			t.Fatal(err)
		}
		s.open(id, link)
		s.done(one+"/tests", "Under way", "which is live")
		s.done(one+"/tests/"+string(link.ID), "Test run", "Under way")
		s.clock.Advance(time.Hour)
		s.done(one+"/tests?status=failed", "Failed", "Nobody came back from the identity provider.")
		s.done(one+"/tests/"+string(link.ID), "Nobody came back from the identity provider.", "enterprise_connection_test_run_never_returned", "Request")
		s.done(one+"/tests?status=success", "Nothing found")
		s.get(one+"/tests/entrun_000000000000000000000000000", http.StatusNotFound)
		s.get(empty+"/tests/"+string(link.ID), http.StatusNotFound)
	})
}

// open opens the link of a test run in a browser.
func (s *site) open(id identity.ConnectionID, link signin.TestRunLink) {
	s.Helper()
	at, err := url.Parse(link.URL)
	if err != nil {
		s.Fatal(err)
	}
	visitor := signin.TestRunVisitor{Connection: id, Run: link.ID, Secret: at.Query().Get("ticket"), Browser: signin.NewTestBrowser()}
	if _, err := s.tools.SignIn.OpenTestRun(s.Context(), visitor); err != nil {
		s.Fatal(err)
	}
}
