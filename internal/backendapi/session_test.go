package backendapi_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
)

// deactivate does what a directory will.
func (f *fixture) deactivate(user string) {
	f.t.Helper()
	if err := f.tools.DB.Write(f.t.Context(), func(tx *store.Tx) error {
		u, err := tx.User(identity.UserID(user))
		if err != nil {
			return err
		}
		u.DeactivatedAt = f.now
		return tx.UpdateUser(u)
	}); err != nil {
		f.t.Fatal(err)
	}
}

// claims reads the body of a token.
func claims(t *testing.T, token string) object {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c object
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSessions_AreListedReadAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		first, second := company.signIn(), company.signIn()
		s := f.call("GET", "/sessions/"+second, nil)
		user, client := str(s, "user_id"), str(s, "client_id")
		equal(t, "status", str(s, "status"), "active")
		ids := func(query string) []string { return pick(f.read("GET", "/sessions"+query, nil, 200), "id") }
		equal(t, "newest first, a bare array", ids("?user_id="+user), []string{second, first})
		equal(t, "of a browser", ids("?client_id="+client), []string{second})
		equal(t, "of nobody", ids("?user_id=user_x"), []string(nil))
		w := f.send("GET", "/sessions?paginated=true&limit=1&user_id="+user, nil)
		var paged struct {
			Data  []object `json:"data"`
			Total int      `json:"total_count"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &paged); err != nil || paged.Total != 2 || len(paged.Data) != 1 {
			t.Errorf("paginated: %s %v", w.Body, err)
		}
		equal(t, "revoked", str(f.call("POST", "/sessions/"+first+"/revoke", nil), "status"), "revoked")
		equal(t, "revoked again", str(f.call("POST", "/sessions/"+first+"/revoke", nil), "status"), "revoked")
		equal(t, "by status", ids("?status=revoked&user_id="+user), []string{first})
		f.refuses("POST", "/sessions/"+first+"/tokens", nil, 401, "authentication_invalid")
		f.refuses("GET", "/sessions?status=asleep", nil, 422, "form_param_value_invalid")
		f.now = f.now.AddDate(0, 0, 8)
		equal(t, "after its time", str(f.call("GET", "/sessions/"+second, nil), "status"), "expired")
		f.refuses("POST", "/sessions/"+second+"/tokens", nil, 401, "authentication_invalid")
		equal(t, "expired ones are not active", ids("?status=active&user_id="+user), []string(nil))
		equal(t, "they are expired", ids("?status=expired&user_id="+user), []string{second})
	})
}

func TestSessions_TokensLastAsLongAsAsked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		path := "/sessions/" + company.signIn() + "/tokens"
		life := func(body any) float64 {
			t.Helper()
			c := claims(t, str(f.call("POST", path, body), "jwt"))
			return c["exp"].(float64) - c["iat"].(float64)
		}
		equal(t, "without a body", life(nil), 60.0)
		equal(t, "null", life(object{"expires_in_seconds": nil}), 60.0)
		equal(t, "least", life(object{"expires_in_seconds": 30}), 30.0)
		equal(t, "most", life(object{"expires_in_seconds": 315360000}), 315360000.0)
		for _, bad := range []any{29, 315360001, -1, 0} {
			f.refuses("POST", path, object{"expires_in_seconds": bad}, 422, "form_param_value_invalid")
		}
		f.refuses("POST", path, object{"expires_in_seconds": "60"}, 422, "form_param_type_invalid")
		c := claims(t, str(f.call("POST", path, nil), "jwt"))
		equal(t, "version", c["v"], any(2.0))
		equal(t, "organization", at(c, "o", "slg"), any("acme"))
		equal(t, "role", at(c, "o", "rol"), any("member"))
	})
}

func TestAttempts_AreListedAndExplained(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		session := company.signIn()
		_, ticket := company.begin("alice@acme.test")
		if _, err := company.answer(ticket, "alice@acme.test", "wrong-audience"); err == nil {
			t.Fatal("an answer for another audience was accepted")
		}
		_, lost := company.begin("alice@acme.test")
		list := f.call("GET", "/sso_attempts", nil)
		equal(t, "newest first", pick(list, "state"), []string{"started", "refused", "complete"})
		refused := items(list)[1]
		equal(t, "code", str(refused, "refusal", "code"), "saml_response_invalid")
		equal(t, "reason", str(refused, "refusal", "reason"), "audience")
		if at(refused, "refusal", "detail", "expected") == nil || str(refused, "refusal", "fix") == "" {
			t.Errorf("the refusal does not say what was expected and what to do: %v", refused["refusal"])
		}
		complete := f.call("GET", "/sso_attempts/"+str(items(list)[2], "id"), nil)
		equal(t, "one is like its place in the list", complete, items(list)[2])
		equal(t, "session", str(complete, "session_id"), session)
		if trace, _ := complete["trace"].([]any); len(trace) == 0 {
			t.Error("there is no trace")
		}
		if text := f.send("GET", "/sso_attempts", nil).Body.String(); strings.Contains(text, "<saml") || strings.Contains(text, "PHNhb") {
			t.Error("the list shows evidence")
		}
		for query, want := range map[string]int{
			"state=refused": 1, "state=complete": 1, "code=saml_response_invalid": 1, "code=x": 0,
			"email_address=Alice@Acme.test": 3, "email_address=bob@acme.test": 0,
			"enterprise_connection_id=" + company.conn: 3, "enterprise_connection_id=x": 0,
			"organization_id=" + company.org: 3, "organization_id=x": 0,
		} {
			equal(t, query, f.call("GET", "/sso_attempts?"+query, nil)["total_count"], any(float64(want)))
		}
		f.refuses("GET", "/sso_attempts?email_address=x", nil, 422, "form_param_format_invalid")
		f.now = f.now.Add(16 * 60e9)
		equal(t, "one that never came back", str(f.call("GET", "/sso_attempts/"+string(lost.AttemptID), nil), "state"), "never_returned")
	})
}

func TestSimulations_SayWhatWouldHappen(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		simulate := func(email string) object {
			t.Helper()
			return f.call("POST", "/sso_simulations", object{"email_address": email})
		}
		fresh := simulate("Alice@acme.test")
		equal(t, "route", str(fresh, "route"), "enterprise_sso")
		outcome := fresh["outcomes"].([]any)[0]
		equal(t, "result", str(outcome, "result"), "create")
		equal(t, "joins", at(outcome, "joins_organization"), any(true))
		equal(t, "role", str(outcome, "role"), "org:member")
		equal(t, "connection", str(outcome, "enterprise_connection_id"), company.conn)
		company.signIn()
		equal(t, "afterwards", str(simulate("alice@acme.test")["outcomes"].([]any)[0], "result"), "sign_in")
		elsewhere := simulate("carol@globex.test")
		equal(t, "route without SSO", str(elsewhere, "route"), "first_factor")
		equal(t, "factors", elsewhere["first_factors"], any([]any{"email_code"}))
		equal(t, "settings", at(f.call("PATCH", "/settings", object{"password_enabled": true}), "password_enabled"), any(true))
		equal(t, "factors with passwords on", simulate("carol@globex.test")["first_factors"], any([]any{"password", "email_code"}))
		f.refuses("PATCH", "/settings", object{"session_claims_version": 3}, 422, "form_param_value_invalid")
		f.refuses("PATCH", "/settings", object{"creator_role": "org:member"}, 422, "form_param_value_invalid")
		f.refuses("PATCH", "/settings", object{"made_up": 1}, 422, "form_param_unknown")
		f.refuses("POST", "/sso_simulations", object{}, 422, "form_param_missing")
		f.refuses("POST", "/sso_simulations", object{"email_address": "x"}, 422, "form_param_format_invalid")
		if n := len(items(f.call("GET", "/sso_attempts?state=started", nil))); n != 0 {
			t.Errorf("a simulation left %d attempts", n)
		}
	})
}
