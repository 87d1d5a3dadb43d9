package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestCookie_IsKeptFromScriptsAndOtherSites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Open(t, store.SQLite))
	for _, secure := range []bool{true, false} {
		w.m.Secure = secure
		rec := httptest.NewRecorder()
		w.m.SetCookie(rec, "token")
		line := setCookie(t, rec, "__client")
		for _, want := range []string{"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=31536000"} {
			if !strings.Contains(line, want) {
				t.Errorf("%s lacks %s", line, want)
			}
		}
		if strings.Contains(line, "Secure") != secure || strings.Contains(line, "Domain") {
			t.Errorf("%s, over https: %v", line, secure)
		}
	}
}

func TestClient_IsFoundByItsCookieAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		c, ok, err := w.m.Client(t.Context(), b.request())
		if err != nil || !ok || c.ID != b.client || strings.Contains(c.TokenHash, b.cookie) || len(b.cookie) != len(b.client)+1+43 {
			t.Errorf("client %+v, %v, %v", c, ok, err)
		}
		rec := httptest.NewRecorder()
		if again := must(w.m.EnsureClient(t.Context(), rec, b.request()))(t); again.ID != b.client || len(rec.Header()) != 0 {
			t.Errorf("known already: %s, %v", again.ID, rec.Header())
		}
		for name, cookie := range map[string]string{
			"none": "", "an unknown one": "x", "the hash": c.TokenHash, "one of a browser that is forgotten": "client_x.token", "no browser's": "." + b.cookie,
		} {
			if _, ok, err := w.m.Client(t.Context(), (&browser{w: w, cookie: cookie}).request()); ok || err != nil {
				t.Errorf("%s: %v, %v", name, ok, err)
			}
		}
		// Threat T-SES-02: one of two was planted.
		r := b.request()
		r.Header.Set("Cookie", "__client=planted; __client="+b.cookie)
		if _, _, err := w.m.Client(t.Context(), r); !fault.Is(err, fault.CookieInvalid) {
			t.Errorf("two cookies: %v", err)
		}
	})
}

// Threat T-SES-01, behaviour 4.C: a cookie that was planted before the sign-in is
// worth nothing after it, and is told so.
func TestCreate_TheBrowserGetsAnotherCookie(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		planted := *b
		s := b.signIn(nil)
		if b.cookie == planted.cookie {
			t.Fatal("the cookie stayed")
		}
		if _, ok, err := w.m.Client(t.Context(), planted.request()); ok || !fault.Is(err, fault.CookieInvalid) || !session.Superseded(err) {
			t.Errorf("the planted cookie still names the browser: %v, %v", ok, err)
		}
		if _, err := w.m.Current(t.Context(), planted.request()); !session.Superseded(err) {
			t.Errorf("by the planted cookie: %v", err)
		}
		signed := must(w.m.Current(t.Context(), b.request()))(t)
		if signed.Session.ID != s.ID || signed.User.ID != w.ada.ID || signed.Client.LastActiveSessionID != s.ID {
			t.Errorf("signed in %+v", signed)
		}
	})
}

// A cookie that was given anew is one like every other: it names the browser, the one
// before it is superseded, and so is it in its turn.
func TestReissue_TheCookieBeforeIsSuperseded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		b.signIn(nil)
		for range 2 {
			old := *b
			w.write(func(tx *store.Tx) (err error) {
				b.cookie, err = w.m.Reissue(tx, b.client)
				return err
			})
			if c, ok, err := w.m.Client(t.Context(), b.request()); !ok || err != nil || c.ID != b.client {
				t.Errorf("the new cookie names %s, %v, %v", c.ID, ok, err)
			}
			if _, ok, err := w.m.Client(t.Context(), old.request()); ok || !session.Superseded(err) {
				t.Errorf("the cookie before: %v, %v", ok, err)
			}
		}
	})
}

// Threat T-SES-01: whoever has a superseded cookie starts again as another browser,
// and is not locked out.
func TestEnsureClient_ASupersededCookieIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		old := *b
		b.signIn(nil)
		rec := httptest.NewRecorder()
		c := must(w.m.EnsureClient(t.Context(), rec, old.request()))(t)
		old.receive(rec)
		if again, ok, err := w.m.Client(t.Context(), old.request()); c.ID == b.client || !ok || err != nil || again.ID != c.ID {
			t.Errorf("made %s, found %s, %v, %v", c.ID, again.ID, ok, err)
		}
		if signed := must(w.m.Current(t.Context(), b.request()))(t); signed.Client.ID != b.client {
			t.Errorf("the first browser is %s", signed.Client.ID)
		}
	})
}

func TestCreate_ReplacesTheBrowsersSessionAndNoOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b, elsewhere := w.browser(), w.browser()
		first, other := b.signIn(nil), elsewhere.signIn(nil)
		second := b.signIn(nil)
		if got := w.session(first.ID).Status; got != identity.SessionReplaced {
			t.Errorf("the first is %s", got)
		}
		if got := w.session(other.ID).Status; got != identity.SessionActive {
			t.Errorf("the other browser's is %s", got)
		}
		if signed := must(w.m.Current(t.Context(), b.request()))(t); signed.Session.ID != second.ID {
			t.Errorf("current %s", signed.Session.ID)
		}
	})
}

// Threat T-SAML-17.
func TestCreate_TheProviderMayEndItSoonerAndNotLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		week := began.Add(7 * 24 * time.Hour)
		for name, test := range map[string]struct{ notAfter, want time.Time }{
			"no limit":       {time.Time{}, week},
			"an earlier one": {began.Add(time.Hour), began.Add(time.Hour)},
			"a later one":    {week.Add(time.Hour), week},
		} {
			s := w.browser().signIn(func(st *session.Start) { st.NotAfter = test.notAfter })
			if !s.ExpireAt.Equal(test.want) {
				t.Errorf("%s: until %s, want %s", name, s.ExpireAt, test.want)
			}
		}
	})
}

func TestSession_EndsWhenItIsOldOrIdle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(func(s *identity.Settings) { s.SessionLifetimeSeconds, s.SessionIdleSeconds = 3600, 600 })
		b := w.browser()
		s := b.signIn(nil)
		idle := w.browser().signIn(nil)
		for range 11 { // in use, by pages and by tokens
			w.clock.Advance(5 * time.Minute)
			must(w.m.Current(t.Context(), b.request()))(t)
			w.token(session.Ask{Session: s.ID, Client: b.client})
		}
		if got := w.session(idle.ID).Status; got != identity.SessionAbandoned {
			t.Errorf("after 55 idle minutes: %s", got)
		}
		w.clock.Advance(5*time.Minute - time.Millisecond)
		must(w.m.Current(t.Context(), b.request()))(t)
		w.clock.Advance(time.Millisecond)
		if _, err := w.m.Current(t.Context(), b.request()); !fault.Is(err, fault.SignedOut) {
			t.Errorf("after an hour: %v", err)
		}
		if _, err := w.m.Token(t.Context(), session.Ask{Session: s.ID}); !fault.Is(err, fault.AuthenticationInvalid) {
			t.Errorf("a token after an hour: %v", err)
		}
		if got := w.session(s.ID).Status; got != identity.SessionExpired {
			t.Errorf("after an hour: %s", got)
		}
		list, total, err := w.m.List(t.Context(), store.SessionFilter{UserID: w.ada.ID}, store.Page{})
		if err != nil || total != 2 || list[0].Status == identity.SessionActive || list[1].Status == identity.SessionActive {
			t.Errorf("listed %+v, %d, %v", list, total, err)
		}
	})
}

// A session that only mints tokens for an application is in use all the same.
func TestSession_TokensKeepItAwake(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(func(s *identity.Settings) { s.SessionIdleSeconds = 120 })
		b := w.browser()
		s := b.signIn(nil)
		for range 5 {
			w.clock.Advance(50 * time.Second)
			w.token(session.Ask{Session: s.ID, Client: b.client})
		}
		w.clock.Advance(50 * time.Second)
		w.token(session.Ask{Session: s.ID}) // asked for by the Backend API: nobody is there
		w.clock.Advance(70 * time.Second)
		if _, err := w.m.Token(t.Context(), session.Ask{Session: s.ID, Client: b.client}); !fault.Is(err, fault.AuthenticationInvalid) {
			t.Errorf("two minutes after the last use: %v", err)
		}
	})
}

func TestRevoke_EndsASessionAtOnceAndOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		s := b.signIn(nil)
		if got := must(w.m.Revoke(t.Context(), s.ID))(t); got.Status != identity.SessionRevoked {
			t.Errorf("status %s", got.Status)
		}
		if _, err := w.m.Current(t.Context(), b.request()); !fault.Is(err, fault.SignedOut) {
			t.Errorf("current: %v", err)
		}
		if _, err := w.m.Revoke(t.Context(), "sess_x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown one: %v", err)
		}
		ended := b.signIn(nil)
		if err := w.m.SignOut(t.Context(), identity.Client{ID: b.client}); err != nil {
			t.Fatal(err)
		}
		if got := must(w.m.Revoke(t.Context(), ended.ID))(t); got.Status != identity.SessionEnded {
			t.Errorf("one that is over became %s", got.Status)
		}
		if _, err := w.m.Session(t.Context(), "sess_x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown one: %v", err)
		}
	})
}

func TestSetOrganization_OnlyToOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		s := b.signIn(nil)
		set := func(id identity.SessionID, org identity.OrgID) error {
			return w.m.SetOrganization(t.Context(), id, org)
		}
		if err := set(s.ID, ""); err != nil || w.session(s.ID).LastActiveOrganizationID != "" {
			t.Errorf("to none: %v", err)
		}
		if err := set(s.ID, identity.NewID[identity.OrgID](began)); !fault.Is(err, fault.OrganizationNotFound) {
			t.Errorf("to a foreign one: %v", err)
		}
		if err := set(s.ID, w.acme.ID); err != nil || w.session(s.ID).LastActiveOrganizationID != w.acme.ID {
			t.Errorf("to her own: %v", err)
		}
		w.set(func(s *identity.Settings) { s.ForceOrganizationSelection = true })
		if err := set(s.ID, ""); err != nil || w.session(s.ID).LastActiveOrganizationID != w.acme.ID {
			t.Errorf("to none where one is required: %v", err)
		}
		if err := set("sess_x", w.acme.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("of an unknown session: %v", err)
		}
		must(w.m.Revoke(t.Context(), s.ID))(t)
		if err := set(s.ID, w.acme.ID); !fault.Is(err, fault.InvalidActionForSession) {
			t.Errorf("of one that is over: %v", err)
		}
	})
}

func TestCurrent_WithoutASessionNobodyIsSignedIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		nobody := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		for name, r := range map[string]*http.Request{"no cookie": nobody, "a browser that only began": w.browser().request()} {
			if _, err := w.m.Current(t.Context(), r); !fault.Is(err, fault.SignedOut) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Threat T-API-13: who revoked a session or changed the signing key is in the audit
// log, once.
func TestAudit_KnowsWhoRevokedAndRotated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.browser().signIn(nil)
		someone := identity.Actor{Kind: identity.ActorUser, ID: "user_x", TraceID: "trace"}
		ctx := identity.WithActor(t.Context(), someone)
		for range 2 {
			must(w.m.Revoke(ctx, s.ID))(t)
		}
		must(w.m.Keys.Rotate(ctx, false))(t)
		err := w.m.DB.Read(t.Context(), func(tx *store.Tx) error {
			lines, _, err := tx.AuditLog(store.AuditFilter{}, store.Page{})
			if len(lines) != 2 {
				t.Fatalf("%d lines, want 2: %+v", len(lines), lines)
			}
			for _, line := range lines {
				if line.Actor != someone || line.Action != "session.revoked" && line.Action != "signing_key.rotated" {
					t.Errorf("the line %+v", line)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
