package frontendapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/practice"
	"usher/internal/store"
)

func TestACS_AndTheReturnSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		answer := w.answer(b.begin("ada@acme.test"), practice.Request{})
		before := b.cookies["__client"]
		rec := b.crossSite(w.acs(), answer)
		if rec.Header().Get("Set-Cookie") != "" {
			t.Errorf("the cross-site post sets %q", rec.Header().Get("Set-Cookie"))
		}
		if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers %v", rec.Header())
		}
		rec = b.follows(rec)
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/user" || b.cookies["__client"] == before || len(b.cookies) != 1 {
			t.Errorf("got %d to %q with cookies %v", rec.Code, rec.Header().Get("Location"), b.cookies)
		}
		line := rec.Header().Get("Set-Cookie")
		for _, want := range []string{"__client=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
			if !strings.Contains(line, want) {
				t.Errorf("%s lacks %s", line, want)
			}
		}
	})
}

// What is refused at the ACS, in JSON.
func TestACS_Refusals(t *testing.T) {
	w := onSQLite(t)
	b := w.program()
	good := func(r practice.Request) string { return w.answer(b.begin("ada@acme.test"), r) }
	tests := map[string]struct {
		path, body string
		status     int
		code       fault.Code
		attempt    bool // the refusal refers to one
	}{
		"RelayState missing, threat T-SAML-03": {w.acs(), good(practice.Request{Misbehave: "no-relaystate"}), 400, "saml_response_relaystate_missing", true},
		"another domain":                       {w.acs(), good(practice.Request{Misbehave: "other-domain"}), 400, "saml_email_address_domain_mismatch", true},
		"no address":                           {w.acs(), good(practice.Request{Misbehave: "no-mail"}), 400, "saml_user_attribute_missing", true},
		"a forged signature":                   {w.acs(), good(practice.Request{Misbehave: "wrong-key"}), 401, "saml_response_invalid", true},
		"nothing posted":                       {w.acs(), "", 400, "saml_response_relaystate_missing", true},
		"an unknown connection, threat T-SAML-01": {
			"/v1/saml/acs/entconn_000000000000000000000000000", good(practice.Request{}), 404, "saml_connection_active_not_found", false,
		},
		"an id that is none":         {"/v1/saml/acs/x", good(practice.Request{}), 404, "saml_connection_active_not_found", false},
		"two answers":                {w.acs(), good(practice.Request{}) + "&SAMLResponse=x", 422, "form_param_duplicate", false},
		"a form that is broken":      {w.acs(), "%zz", 400, "request_body_invalid", false},
		"too large, threat T-DOS-02": {w.acs(), "SAMLResponse=" + strings.Repeat("A", 512<<10), 413, "request_body_too_large", false},
	}
	for name, test := range tests {
		meta := checkCode(t, name, b.crossSite(test.path, test.body), test.status, test.code)
		if id, _ := meta["attempt_id"].(string); strings.HasPrefix(id, "ssoa_") != test.attempt {
			t.Errorf("%s: meta %v", name, meta)
		}
		if test.attempt && (meta["reason"] != nil || meta["expected"] != nil || meta["received"] != nil) {
			t.Errorf("%s: meta shows what only administrators may see: %v", name, meta)
		}
	}
}

func TestACS_APersonIsShownAPageWithTheReference(t *testing.T) {
	w := onSQLite(t)
	b := w.browser()
	ticket := b.begin("ada@acme.test")
	rec := b.crossSite(w.acs(), w.answer(ticket, practice.Request{Misbehave: "no-relaystate"}))
	body := rec.Body.String()
	if rec.Code != http.StatusBadRequest || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") ||
		!strings.Contains(body, "saml_response_relaystate_missing") || !strings.Contains(body, "ssoa_") {
		t.Errorf("got %d %s:\n%s", rec.Code, rec.Header().Get("Content-Type"), body)
	}
	for _, secret := range []string{"panic", "goroutine", "internal/", "SELECT"} {
		if strings.Contains(body, secret) {
			t.Errorf("the page shows %q (threat T-SEC-06)", secret)
		}
	}
}

// Threat T-SAML-28.
func TestACS_AnswersToPOSTOnly(t *testing.T) {
	w := onSQLite(t)
	b := w.browser()
	answer := w.answer(b.begin("ada@acme.test"), practice.Request{})
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		rec := b.send(method, w.acs()+"?"+answer, "")
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, rec.Code, rec.Header().Get("Allow"))
		}
	}
	if rec := b.follows(b.crossSite(w.acs(), answer)); rec.Code != http.StatusSeeOther {
		t.Errorf("the answer was used up: %d", rec.Code)
	}
}

// Clients may put the id of the nested SAML settings into the URL.
func TestACS_KnowsBothIDs(t *testing.T) {
	w := onSQLite(t)
	b := w.browser()
	answer := w.answer(b.begin("ada@acme.test"), practice.Request{})
	if rec := b.follows(b.crossSite("/v1/saml/acs/"+w.conn.ID.SAMLID(), answer)); rec.Code != http.StatusSeeOther {
		t.Errorf("got %d: %s", rec.Code, rec.Body)
	}
}

// Threat T-SAML-25.
func TestComplete_OnlyInTheBrowserThatBegan(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		attacker, victim := w.program(), w.program()
		answer := w.answer(attacker.begin("ada@acme.test"), practice.Request{})
		checkCode(t, "the victim's browser", victim.follows(victim.crossSite(w.acs(), answer)), 401, fault.SAMLResponseInvalid)
		if len(victim.cookies) != 0 {
			t.Errorf("the victim's browser got %v", victim.cookies)
		}
		for name, path := range map[string]string{"no nonce": "", "an unknown one": "?nonce=x"} {
			checkCode(t, name, victim.send(http.MethodGet, "/v1/saml/complete"+path, ""), 400, fault.SSOVerdictInvalid)
		}
		checkCode(t, "two nonces", victim.send(http.MethodGet, "/v1/saml/complete?nonce=a&nonce=b", ""), 422, fault.FormParamDuplicate)
		r := victim.send(http.MethodPost, "/v1/saml/complete", "nonce=a")
		if r.Code != http.StatusMethodNotAllowed && r.Code != http.StatusNotFound {
			t.Errorf("a POST: %d", r.Code)
		}
	})
}

func TestComplete_WhatTheProviderBeganEndsInTheBrowserThatBroughtIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mayInitiate()
		b, other := w.program(), w.program()
		rec := b.crossSite(w.acs(), w.unasked(practice.Request{}))
		line := rec.Header().Get("Set-Cookie")
		for _, want := range []string{"__Host-usher_saml=", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=300"} {
			if !strings.Contains(line, want) {
				t.Errorf("%s lacks %s", line, want)
			}
		}
		checkCode(t, "another browser with the link", other.send(http.MethodGet, rec.Header().Get("Location"), ""), 400, fault.SSOVerdictInvalid)
		if len(other.cookies) != 0 {
			t.Errorf("a forwarded link made a browser known: %v", other.cookies)
		}
		done := b.follows(rec)
		if done.Code != http.StatusSeeOther || done.Header().Get("Location") != "/user" || b.cookies["__client"] == "" || b.cookies["__Host-usher_saml"] != "" {
			t.Errorf("got %d to %q with cookies %v: %s", done.Code, done.Header().Get("Location"), b.cookies, done.Body)
		}
		tokens(t, w, b)
	})
}

// Threat T-SAML-27: the question comes as a page and names both.
func TestComplete_AsksBeforeItEndsAnotherPersonsSession(t *testing.T) {
	w := onSQLite(t)
	w.mayInitiate()
	b := w.browser()
	b.follows(b.crossSite(w.acs(), w.answer(b.begin("bob@acme.test"), practice.Request{Person: "bob@acme.test"})))
	rec := b.follows(b.crossSite(w.acs(), w.unasked(practice.Request{})))
	body := rec.Body.String()
	if rec.Code != http.StatusOK || !strings.Contains(body, "ada@acme.test") || !strings.Contains(body, "bob@acme.test") || !strings.Contains(body, `method="post"`) {
		t.Errorf("got %d:\n%s", rec.Code, body)
	}
}

// Threat T-DOS-10: refusals count against their address, good answers never do.
func TestACS_OnlyRefusalsCount(t *testing.T) {
	w := onSQLite(t)
	office := w.program()
	for range 70 {
		office.cookies = map[string]string{}
		answer := w.answer(office.begin("ada@acme.test"), practice.Request{})
		if rec := office.crossSite(w.acs(), answer); rec.Code != http.StatusSeeOther {
			t.Fatalf("a good answer: %d %s", rec.Code, rec.Body)
		}
	}
	for n := range 60 {
		checkCode(t, fmt.Sprintf("refusal %d", n), office.crossSite(w.acs(), "SAMLResponse=x"), 400, fault.SAMLResponseRelayStateMissing)
	}
	rec := office.crossSite(w.acs(), "SAMLResponse=x")
	checkCode(t, "one more", rec, 429, fault.TooManyRequests)
	if rec.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", rec.Header().Get("Retry-After"))
	}
	awaited := w.answer(office.begin("ada@acme.test"), practice.Request{})
	if rec := office.crossSite(w.acs(), awaited); rec.Code != http.StatusSeeOther {
		t.Errorf("an answer that is awaited, behind the same address: %d %s", rec.Code, rec.Body)
	}
	elsewhere := w.program()
	elsewhere.address = "198.51.100.7:99"
	checkCode(t, "another address", elsewhere.crossSite(w.acs(), "SAMLResponse=x"), 400, fault.SAMLResponseRelayStateMissing)
	w.clock.Advance(time.Second)
	answer := w.answer(office.begin("ada@acme.test"), practice.Request{})
	if rec := office.crossSite(w.acs(), answer); rec.Code != http.StatusSeeOther {
		t.Errorf("a good answer a second later: %d %s", rec.Code, rec.Body)
	}
}

func TestMetadata_OfAConnection(t *testing.T) {
	w := onSQLite(t)
	b := w.program()
	rec := b.send(http.MethodGet, "/v1/saml/metadata/"+string(w.conn.ID)+".xml", "")
	sp := must(practice.ReadSP(rec.Body.Bytes()))(t)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/samlmetadata+xml" || rec.Header().Get("X-Content-Type-Options") != "nosniff" ||
		sp.ACSURL != base+w.acs() || sp.EntityID != base+"/v1/saml/metadata/"+string(w.conn.ID)+".xml" {
		t.Errorf("got %d %v, %+v", rec.Code, rec.Header(), sp)
	}
	for _, path := range []string{"entconn_000000000000000000000000000.xml", string(w.conn.ID), "x.xml", ".xml"} {
		checkCode(t, path, b.send(http.MethodGet, "/v1/saml/metadata/"+path, ""), 404, fault.SAMLConnectionActiveNotFound)
	}
	checkCode(t, "an unknown place", b.send(http.MethodGet, "/v1/other", ""), 404, fault.NotFound)
}

func TestJWKS_IsForEverybody(t *testing.T) {
	w := onSQLite(t)
	rec := w.program().send(http.MethodGet, "/.well-known/jwks.json", "")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(rec.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" || rec.Header().Get("Access-Control-Allow-Origin") != "*" ||
		rec.Header().Get("Cache-Control") != "public, max-age=60" || len(set.Keys) != 1 {
		t.Errorf("got %d %v: %s", rec.Code, rec.Header(), rec.Body)
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
		if set.Keys[0][private] != "" {
			t.Errorf("the key set shows %s", private)
		}
	}
}

func TestTokens_ForTheBrowserThatHoldsTheSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.program()
		rec := b.follows(b.crossSite(w.acs(), w.answer(b.begin("ada@acme.test"), practice.Request{})))
		if rec.Code != http.StatusSeeOther {
			t.Fatal(rec.Body)
		}
		tokens(t, w, b)
	})
}

// tokens checks what the browser of a signed-in person gets.
func tokens(t *testing.T, w *world, b *browser) {
	t.Helper()
	list, _, err := w.tools.Sessions.List(t.Context(), store.SessionFilter{}, store.Page{})
	if err != nil || len(list) != 1 {
		t.Fatalf("sessions %+v, %v", list, err)
	}
	path := "/v1/client/sessions/" + string(list[0].ID) + "/tokens"
	rec := b.send(http.MethodPost, path, "")
	var token struct{ Object, JWT string }
	if err := json.Unmarshal(rec.Body.Bytes(), &token); err != nil || rec.Code != http.StatusOK || token.Object != "token" || strings.Count(token.JWT, ".") != 2 {
		t.Errorf("got %d %s, %v", rec.Code, rec.Body, err)
	}
	for name, origins := range map[string][]string{"a foreign page": {"https://evil.test"}, "two origins": {base, base}, "a page without one": {"null"}} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, base+path, nil)
		r.Header["Origin"] = origins
		r.AddCookie(&http.Cookie{Name: "__client", Value: b.cookies["__client"]})
		checkCode(t, name+", threat T-SES-08", b.do(r), 400, fault.OriginInvalid)
	}
	checkCode(t, "a foreign organization", b.send(http.MethodPost, path, url.Values{"organization_id": {"org_x"}}.Encode()), 404, fault.OrganizationNotFound)
	if rec := b.send(http.MethodPost, path, "organization_id="); rec.Code != http.StatusOK {
		t.Errorf("without an organization: %d %s", rec.Code, rec.Body)
	}
	checkCode(t, "an unknown session", b.send(http.MethodPost, "/v1/client/sessions/sess_x/tokens", ""), 404, fault.NotFound)
	stranger := w.program()
	checkCode(t, "no cookie", stranger.send(http.MethodPost, path, ""), 401, fault.SignedOut)
	stranger.begin("bob@acme.test")
	checkCode(t, "another browser", stranger.send(http.MethodPost, path, ""), 404, fault.NotFound)
}

// Threat T-SES-01, behaviour 4.C: a cookie that was there before the sign-in is told
// that another superseded it.
func TestTokens_ASupersededCookieIsToldSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b, old := w.program(), w.program()
		answer := w.answer(b.begin("ada@acme.test"), practice.Request{})
		old.cookies["__client"] = b.cookies["__client"]
		if rec := b.follows(b.crossSite(w.acs(), answer)); rec.Code != http.StatusSeeOther {
			t.Fatal(rec.Body)
		}
		list, _, err := w.tools.Sessions.List(t.Context(), store.SessionFilter{}, store.Page{})
		if err != nil || len(list) != 1 {
			t.Fatalf("sessions %+v, %v", list, err)
		}
		path := "/v1/client/sessions/" + string(list[0].ID) + "/tokens"
		checkCode(t, "the cookie of before", old.send(http.MethodPost, path, ""), 400, fault.CookieInvalid)
		if rec := b.send(http.MethodPost, path, ""); rec.Code != http.StatusOK {
			t.Errorf("the cookie of now: %d %s", rec.Code, rec.Body)
		}
	})
}

// Threat T-SES-01: nobody is locked out by a superseded cookie. What the provider
// began makes another browser of it.
func TestComplete_ASupersededCookieIsAsGoodAsNone(t *testing.T) {
	w := onSQLite(t)
	w.mayInitiate()
	b := w.browser()
	b.begin("ada@acme.test")
	old := b.cookies["__client"]
	b.follows(b.crossSite(w.acs(), w.unasked(practice.Request{})))
	b.cookies["__client"] = old
	rec := b.follows(b.crossSite(w.acs(), w.unasked(practice.Request{})))
	if rec.Code != http.StatusSeeOther || b.cookies["__client"] == old {
		t.Errorf("got %d, %s", rec.Code, rec.Body)
	}
	// What this browser began is another's by now.
	ticket := b.begin("ada@acme.test")
	b.cookies["__client"] = old
	if rec := b.follows(b.crossSite(w.acs(), w.answer(ticket, practice.Request{}))); rec.Code != http.StatusUnauthorized || !strings.Contains(rec.Body.String(), "Finish in the browser where you began") {
		t.Errorf("by the superseded cookie: %d %s", rec.Code, rec.Body)
	}
}
