package backendapi_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/store"
)

func decode(t *testing.T, w *httptest.ResponseRecorder) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return o
}

func TestClients_AreShownWithTheirSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		session1 := f.company().signIn()
		client := str(f.call("GET", "/sessions/"+session1, nil), "client_id")
		shown := f.call("GET", "/clients/"+client, nil)
		equal(t, "sessions", shown["session_ids"], any([]any{session1}))
		equal(t, "strategy", shown["last_authentication_strategy"], any("enterprise_sso"))
		equal(t, "the sign-in is over", shown["sign_in_id"], any(nil))
		equal(t, "list", pick(f.read("GET", "/clients", nil, 200), "id"), []string{client})
		equal(t, "with the total", decode(t, f.send("GET", "/clients?paginated=true", nil))["total_count"], any(1.0))
		f.refuses("GET", "/clients/client_x", nil, 404, "resource_not_found")
		w := httptest.NewRecorder()
		c, err := f.tools.Sessions.EnsureClient(t.Context(), w, httptest.NewRequest("POST", "/", nil))
		if err != nil {
			t.Fatal(err)
		}
		cookie := w.Result().Cookies()[0].Value
		equal(t, "verified", str(f.call("POST", "/clients/verify", object{"token": cookie}), "id"), string(c.ID))
		f.refuses("POST", "/clients/verify", object{"token": cookie + "x"}, 400, "cookie_invalid")
		f.refuses("POST", "/clients/verify", object{}, 422, "form_param_missing")
	})
}

func TestSessions_AreMadeOfNothingInDevelopmentOnly(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		user := str(f.user("carol@globex.test", nil), "id")
		org := f.organization("Globex")
		f.refuses("POST", "/sessions", object{"user_id": user}, 400, "request_invalid_for_environment")
		f.tools.Sessions.Development = true
		f.refuses("POST", "/sessions", object{"user_id": user, "active_organization_id": org}, 404, "organization_not_found_or_unauthorized")
		f.call("POST", "/organizations/"+org+"/memberships", object{"user_id": user, "role": "org:member"})
		made := f.call("POST", "/sessions", object{"user_id": user, "active_organization_id": org})
		equal(t, "status", str(made, "status"), "active")
		equal(t, "organization", str(made, "last_active_organization_id"), org)
		equal(t, "audit log", f.audited(str(made, "id")), []string{"session.created"})
		f.call("POST", "/sessions/"+str(made, "id")+"/tokens", nil)
		f.refuses("POST", "/sessions", object{"user_id": "user_x"}, 404, "resource_not_found")
		f.refuses("POST", "/sessions", object{}, 422, "form_param_missing")
		f.call("POST", "/users/"+user+"/ban", nil)
		f.refuses("POST", "/sessions", object{"user_id": user}, 403, "user_banned")
	})
}

func TestSessions_AreRefreshed(t *testing.T) { // threats T-SES-12, T-SES-13
	each(t, func(t *testing.T, f *fixture) {
		const origin = "https://app.acme.test"
		id := f.company().signIn()
		var refresh string
		err := f.tools.DB.Write(t.Context(), func(tx *store.Tx) error {
			s, err := tx.Session(identity.SessionID(id))
			if err != nil {
				return err
			}
			refresh, err = f.tools.Sessions.IssueRefresh(tx, s)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		mint := func(azp string) string {
			token, err := f.tools.Sessions.Token(t.Context(), session.Ask{Session: identity.SessionID(id), AuthorizedParty: azp})
			if err != nil {
				t.Fatal(err)
			}
			f.now = f.now.Add(2 * time.Minute) // it has expired
			return token
		}
		path := "/sessions/" + id + "/refresh"
		body := func(token string, more object) object {
			b := object{"expired_token": token, "refresh_token": refresh, "request_origin": origin, "request_headers": object{"a": []string{"b"}}, "request_originating_ip": "192.0.2.1"}
			for k, v := range more {
				b[k] = v
			}
			return b
		}
		good := mint(origin)
		answer := f.call("POST", path+"?suffixed_cookies=true", body(good, nil))
		equal(t, "origin", claimsOf(t, str(answer, "jwt"))["azp"], any(origin))
		cookies := f.call("POST", path, body(mint(origin), object{"format": "cookie"}))["cookies"].([]any)
		if c, _ := cookies[0].(string); !strings.HasPrefix(c, "__session=ey") || !strings.Contains(c, "Secure") {
			t.Errorf("cookie %q", c)
		}
		parts := strings.Split(good, ".")
		f.call("POST", "/jwt_templates", object{"name": "app", "claims": object{"azp_": 1, "sid_": id}})
		for name, test := range map[string]struct {
			token string
			more  object
			code  string
		}{
			"an origin with a path":          {mint(origin), object{"request_origin": origin + "/x"}, "refresh_request_origin_invalid"},
			"no origin":                      {mint(origin), object{"request_origin": "app"}, "refresh_request_origin_invalid"},
			"another origin":                 {mint(origin), object{"request_origin": "https://evil.test"}, "refresh_request_origin_azp_mismatch"},
			"a token of no page":             {mint(""), nil, "expired_session_token_missing_azp"},
			"another refresh token":          {mint(origin), object{"refresh_token": refresh + "x"}, "refresh_token_not_found"},
			"a text":                         {"x", nil, "expired_session_token_invalid"},
			"a changed token":                {parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), nil, "expired_session_token_invalid"},
			"no signature":                   {"eyJhbGciOiJub25lIn0." + parts[1] + ".", nil, "expired_session_token_invalid"},
			"T-SES-03 a token of a template": {str(f.call("POST", "/sessions/"+id+"/tokens/app", nil), "jwt"), nil, "expired_session_token_invalid"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses("POST", path, body(test.token, test.more), 401, test.code)
			})
		}
		other := f.companyAgain()
		f.refuses("POST", "/sessions/"+other+"/refresh", body(mint(origin), nil), 401, "refresh_sid_mismatch")
		old := mint(origin)
		f.now = f.now.Add(24 * time.Hour)
		f.refuses("POST", path, body(old, nil), 401, "session_refresh_expired_session_token_too_old")
		equal(t, "missing", codes(f.refusal("POST", path, object{"format": "x"}, 422)), []string{
			"form_param_missing expired_token", "form_param_missing refresh_token", "form_param_missing request_origin", "form_param_value_invalid format",
		})
		twice := mint(origin)
		f.call("POST", path, body(twice, nil))
		f.refuses("POST", path, body(twice, nil), 401, "session_refresh_expired_session_token_consumed")
		equal(t, "two requests of one page", str(f.call("GET", "/sessions/"+id, nil), "status"), "active")
		last := mint(origin)
		f.now = f.now.Add(10 * time.Second)
		f.refuses("POST", path, body(twice, nil), 401, "session_refresh_expired_session_token_consumed")
		equal(t, "a copy that comes later ends the session", str(f.call("GET", "/sessions/"+id, nil), "status"), "revoked")
		line := items(f.call("GET", "/audit_log?action=session.revoked&subject="+id, nil))[0]
		equal(t, "why, in the audit log", str(line, "detail", "reason"), "an expired token was traded in twice")
		f.refuses("POST", path, body(last, nil), 401, "session_refresh_inactive_session")
		f.refuses("POST", "/sessions/sess_x/refresh", body(last, nil), 401, "refresh_sid_mismatch")
	})
}

// A signature can be written in several ways: the last character of its base64 has
// bits that say nothing, and line ends are passed over. However it is written, it is
// the same token.
func TestSessions_AStolenTokenIsKnownHoweverItIsWritten(t *testing.T) { // threat T-SES-13
	each(t, func(t *testing.T, f *fixture) {
		const origin = "https://app.acme.test"
		for name, rewrite := range map[string]func(string) string{
			"with other idle bits": func(token string) string {
				const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
				last := len(token) - 1
				return token[:last] + string(letters[strings.IndexByte(letters, token[last])^1])
			},
			"with a line end": func(token string) string { return token + "\n" },
		} {
			f.now = f.now.Add(time.Minute)
			id := string(f.sessionOf(str(f.user(fmt.Sprintf("u%d@globex.test", len(name)), nil), "id")).ID)
			var refresh, token string
			err := f.tools.DB.Write(t.Context(), func(tx *store.Tx) error {
				s, err := tx.Session(identity.SessionID(id))
				if err != nil {
					return err
				}
				refresh, err = f.tools.Sessions.IssueRefresh(tx, s)
				return err
			})
			if err == nil {
				token, err = f.tools.Sessions.Token(t.Context(), session.Ask{Session: identity.SessionID(id), AuthorizedParty: origin})
			}
			if err != nil {
				t.Fatal(err)
			}
			f.now = f.now.Add(2 * time.Minute)
			body := object{"expired_token": token, "refresh_token": refresh, "request_origin": origin}
			f.call("POST", "/sessions/"+id+"/refresh", body)
			f.now = f.now.Add(time.Minute)
			body["expired_token"] = rewrite(token)
			if w := f.send("POST", "/sessions/"+id+"/refresh", body); w.Code != 401 {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
	})
}

// companyAgain is another session of Alice's.
func (f *fixture) companyAgain() string {
	f.t.Helper()
	f.tools.Sessions.Development = true
	alice := str(items(f.read("GET", "/users", nil, 200))[0], "id")
	return str(f.call("POST", "/sessions", object{"user_id": alice}), "id")
}
