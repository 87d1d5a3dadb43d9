package backendapi_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/signin"
)

// testRun goes through a test run and returns its result's path.
func (c *company) testRun(link, person, misbehave string) {
	t := c.f.t
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(link, baseURL+"/v1/enterprise_connections/"+c.conn+"/init_test_run?ticket=") {
		t.Errorf("the link is %s", link)
	}
	ticket, err := c.f.tools.SignIn.OpenTestRun(t.Context(), signin.TestRunVisitor{
		Connection: identity.ConnectionID(c.conn), Secret: u.Query().Get("ticket"), Browser: "a browser",
	})
	if err != nil {
		t.Fatal(err)
	}
	if misbehave == "never" {
		return
	}
	accepted, err := c.answer(ticket, person, misbehave)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.f.tools.SignIn.TestRunResult(t.Context(), signin.TestRunVisitor{
		Connection: accepted.TestRun.Connection, Run: accepted.TestRun.Run, Secret: accepted.TestRun.Token, Browser: "a browser",
	}); err != nil {
		t.Fatal(err)
	}
}

// Behaviours 1.118 to 1.121: from the link to the list, as Clerk's SDK polls it.
func TestTestRuns_AreMadeAndListed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		path := "/enterprise_connections/" + c.conn + "/test_runs"
		f.call("PATCH", "/enterprise_connections/"+c.conn, object{"active": false}) // works before activation
		link := str(f.call("POST", path, nil), "url")
		equal(t, "listed before the link is opened", f.call("GET", path, nil), object{"data": []any{}, "total_count": 0.0})
		c.testRun(link, "alice@acme.test", "")
		c.testRun(str(f.call("POST", path, object{}), "url"), "alice@acme.test", "wrong-audience")
		c.testRun(str(f.call("POST", path, object{"target": "live"}), "url"), "alice@acme.test", "never")

		all := f.call("GET", path, nil)
		equal(t, "statuses", pick(all, "status"), []string{"pending", "failed", "success"})
		equal(t, "what gates activation", f.call("GET", path+"?status=success&limit=1", nil)["total_count"], any(1.0))
		equal(t, "two statuses", pick(f.call("GET", path+"?status=success&status=failed", nil), "status"), []string{"failed", "success"})
		good, bad, open := items(all)[2], items(all)[1], items(all)[0]
		equal(t, "who came", good["parsed_user_info"], any(object{
			"email_address": "alice@acme.test", "first_name": "Alice", "last_name": "Liddell", "user_id": str(good, "parsed_user_info", "user_id"),
		}))
		equal(t, "type", str(good, "connection_type"), "saml")
		if !strings.Contains(str(good, "saml", "saml_request"), "AuthnRequest") || !strings.Contains(str(good, "saml", "saml_response"), "alice@acme.test") ||
			!strings.Contains(str(good, "saml", "saml_response"), "SignatureValue>redacted<") {
			t.Errorf("saml: %v", good["saml"])
		}
		equal(t, "of one that failed", bad["parsed_user_info"], any(nil))
		logs, _ := bad["logs"].([]any)
		last := logs[len(logs)-1]
		if str(last, "level") != "error" || str(last, "code") != "saml_response_invalid" ||
			!slices.ContainsFunc(logs, func(l any) bool {
				return str(l, "code") == "audience" && strings.Contains(str(l, "message"), "Expected: ")
			}) {
			t.Errorf("logs: %v", logs)
		}
		equal(t, "of one at the provider", open["parsed_user_info"], any(nil))
		f.now = f.now.Add(15 * time.Minute)
		equal(t, "later", pick(f.call("GET", path+"?status=failed", nil), "status"), []string{"failed", "failed"})

		one := f.call("GET", path+"/"+str(good, "id"), nil)
		equal(t, "one", []string{str(one, "object"), str(one, "status"), str(one, "outcome", "result"), str(one, "outcome", "joins")},
			[]string{"enterprise_connection_test_run", "success", "create", "org:member"})
		equal(t, "its attempt", str(f.call("GET", "/sso_attempts/"+str(one, "sso_attempt_id"), nil), "kind"), "test_run")
		equal(t, "nobody was made", f.call("GET", "/users/count", nil)["total_count"], any(0.0))
		equal(t, "no session", len(items(f.read("GET", "/organizations/"+c.org+"/memberships", nil, 200))), 0)

		f.refuses("GET", path+"?status=x", nil, 422, "form_param_value_invalid")
		f.refuses("POST", path, object{"target": "draft"}, 404, "resource_not_found")
		f.refuses("POST", path, object{"target": "x"}, 422, "form_param_value_invalid")
		f.refuses("GET", path+"/entrun_x", nil, 404, "resource_not_found")
		for _, other := range []string{"entconn_x", string(identity.NewID[identity.ConnectionID](f.now))} {
			f.refuses("GET", "/enterprise_connections/"+other+"/test_runs", nil, 404, "resource_not_found")
			f.refuses("POST", "/enterprise_connections/"+other+"/test_runs", nil, 404, "resource_not_found")
			f.refuses("GET", "/enterprise_connections/"+other+"/test_runs/"+str(good, "id"), nil, 404, "resource_not_found")
		}
	})
}

func TestDrafts_AreEditedTriedPromotedAndTakenBack(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		path := "/enterprise_connections/" + c.conn
		f.refuses("GET", path+"/draft", nil, 404, "resource_not_found")
		d := f.call("PATCH", path+"/draft", object{"saml": object{"attribute_mapping": object{"first_name": "given"}}})
		equal(t, "changes", d["changes"], any([]any{object{"field": "saml.attribute_mapping.first_name", "live": "firstName", "draft": "given", "secret": false}}))
		equal(t, "as it would be", str(d, "enterprise_connection", "saml_connection", "attribute_mapping", "first_name"), "given")
		equal(t, "findings", pick(d["findings"], "code"), []string{"not_tested"})
		equal(t, "promotable", d["promotable"], any(true))
		equal(t, "who", str(d, "created_by", "kind"), "secret_key")
		equal(t, "base", str(d, "base_revision_id"), str(d, "live_revision_id"))

		needs := object{"revision_id": d["revision_id"], "live_revision_id": d["live_revision_id"], "needs_test_run": true}
		failure := f.refuses("POST", path+"/draft/promote", needs, 422, "enterprise_connection_draft_not_ready")
		equal(t, "why", failure.Meta["findings"], any("not_tested"))
		c.testRun(str(f.call("POST", path+"/test_runs", nil), "url"), "alice@acme.test", "")
		if d = f.call("GET", path+"/draft", nil); d["test_run"] == nil || len(items(d["findings"])) != 0 {
			t.Errorf("tried, the draft is %v", d)
		}
		f.refuses("PATCH", path+"/draft", object{"revision_id": "entrev_x", "saml": object{"force_authn": true}}, 409, "enterprise_connection_draft_changed")
		f.refuses("PATCH", path+"/draft", object{"active": false}, 422, "form_param_unknown")
		f.refuses("POST", path+"/draft/promote", object{"revision_id": d["revision_id"]}, 422, "form_param_missing")
		live := f.call("POST", path+"/draft/promote", needs)
		equal(t, "live", str(live, "saml_connection", "attribute_mapping", "first_name"), "given")
		f.refuses("POST", path+"/draft/promote", needs, 404, "resource_not_found")

		revisions := f.call("GET", path+"/revisions", nil)
		equal(t, "causes", pick(revisions, "cause"), []string{"promoted", "created"})
		if items(revisions)[0]["test_run"] == nil || items(revisions)[0]["live"] != true {
			t.Errorf("the promoted revision: %v", items(revisions)[0])
		}
		back := f.call("POST", path+"/revisions/"+str(items(revisions)[1], "id")+"/restore", nil)
		equal(t, "taken back", str(back, "saml_connection", "attribute_mapping", "first_name"), "firstName")
		equal(t, "number", f.call("GET", path+"/revisions?limit=1", nil)["total_count"], any(3.0))
		f.refuses("POST", path+"/revisions/entrev_x/restore", nil, 404, "resource_not_found")

		f.call("PATCH", path+"/draft", object{"saml": object{"force_authn": true}})
		f.refuses("DELETE", path+"/draft?revision_id=entrev_x", nil, 409, "enterprise_connection_draft_changed")
		equal(t, "discarded", f.call("DELETE", path+"/draft", nil), object{"object": "enterprise_connection_draft", "id": c.conn, "deleted": true})
	})
}

// A client secret comes out by no way.
func TestDrafts_TellNoSecret(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.answers("POST", "/enterprise_connections", object{
			"name": "O", "provider": "oidc_custom", "domains": []string{"o.test"},
			"oidc": object{"client_id": "usher", "client_secret": "CANARY-1", "auth_url": "https://o.test/a", "token_url": "https://o.test/t", "user_info_url": "https://o.test/u"},
		}, 201)
		path := "/enterprise_connections/" + str(made, "id")
		for _, w := range []string{
			f.send("PATCH", path+"/draft", object{"oidc": object{"client_secret": "CANARY-2"}}).Body.String(),
			f.send("GET", path+"/draft", nil).Body.String(),
			f.send("GET", path+"/revisions", nil).Body.String(),
		} {
			if strings.Contains(w, "CANARY") || !strings.Contains(w, path[len("/enterprise_connections/"):]) && !strings.Contains(w, "enterprise_connection_revision") {
				t.Errorf("got %s", w)
			}
		}
		d := f.call("GET", path+"/draft", nil)
		equal(t, "changes", d["changes"], any([]any{object{"field": "oidc.client_secret", "live": nil, "draft": nil, "secret": true}}))
	})
}
