package backendapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"usher/internal/backendapi"
	"usher/internal/httpio"
)

func (f *fixture) endpoint(more object) object {
	f.t.Helper()
	body := object{"url": "https://customer.test/hook"}
	for name, v := range more {
		body[name] = v
	}
	return f.call("POST", "/webhooks/endpoints", body)
}

// raw is a call whose answer is no JSON object.
func (f *fixture) raw(method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(f.t.Context(), method, backendapi.Prefix+path, nil)
	r.Header = f.header.Clone()
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// deliveries are the event types of an endpoint's deliveries, the oldest first.
func (f *fixture) deliveries(endpoint string) []string {
	f.t.Helper()
	list := pick(f.call("GET", "/webhooks/endpoints/"+endpoint+"/deliveries?limit=500", nil), "event_type")
	slices.Sort(list)
	return list
}

// audited are the actions that the audit log has of something, sorted.
func (f *fixture) audited(subject string) []string {
	f.t.Helper()
	actions := pick(f.call("GET", "/audit_log?subject="+subject, nil), "action")
	slices.Sort(actions)
	return actions
}

// Threats T-SEC-04 and T-WH-03: a secret is shown to who has it made, once.
func TestEndpoints_ShowTheirSecretOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.endpoint(nil)
		id, secret := str(made, "id"), str(made, "secret")
		if !strings.HasPrefix(secret, "whsec_") {
			t.Errorf("the secret: %q", secret)
		}
		path := "/webhooks/endpoints/" + id
		for _, v := range []object{f.call("GET", path, nil), f.call("PATCH", path, object{"description": "CRM"}), f.call("GET", "/webhooks/endpoints", nil)} {
			text, err := json.Marshal(v)
			if err != nil || strings.Contains(string(text), strings.TrimPrefix(secret, "whsec_")) {
				t.Errorf("shown again: %s, %v", text, err)
			}
		}
		rotated := f.call("POST", path+"/secret", object{})
		if other := str(rotated, "secret"); other == secret || rotated["old_secret_until"] == nil {
			t.Errorf("rotated: %v", rotated)
		}
		if at := f.call("POST", path+"/secret", object{"at_once": true}); at["old_secret_until"] != nil {
			t.Errorf("replaced at once: %v", at)
		}
		if got := f.call("DELETE", path, nil); got["deleted"] != true {
			t.Errorf("deleted: %v", got)
		}
		f.refuses("GET", path, nil, 404, "resource_not_found")
	})
}

// Threats T-NET-01 to T-NET-04, and every mistake at once.
func TestEndpoints_RefuseWhatMustNotBeCalled(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.tools.Manage.CheckURL = httpio.NewClient(httpio.ClientOptions{Now: f.tools.Now}).CheckURL
		for _, url := range []string{
			"", "http://customer.test/", "https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/",
			"https://[::ffff:10.0.0.1]/", "https://127.1/", "https://me@customer.test/", "https://customer.test:25/", "file:///etc/passwd",
			"https://customer.test/#part", "customer.test", "https://" + strings.Repeat("a", 3000) + ".test/",
		} {
			if got := f.refusal("POST", "/webhooks/endpoints", object{"url": url}, 422); str(got[0].Meta, "param_name") != "url" {
				t.Errorf("%q: %+v", url, got)
			}
		}
		got := codes(f.refusal("POST", "/webhooks/endpoints", object{
			"description": strings.Repeat("x", 300), "event_types": []string{"user.created", "user.eaten"}, "contacts": []string{"nobody"},
		}, 422))
		equal(t, "all mistakes", got, []string{
			"form_param_format_invalid contacts", "form_param_max_length_exceeded description", "form_param_missing url",
			"form_param_value_invalid event_types",
		})
		for range 50 {
			f.endpoint(nil)
		}
		f.refuses("POST", "/webhooks/endpoints", object{"url": "https://customer.test/"}, 422, "form_param_array_size_exceeded")
	})
}

// Behaviour 6.B: data has the shape that the API shows the thing in.
func TestEvents_HaveTheShapesOfTheAPI(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := str(f.endpoint(nil), "id")
		path := "/webhooks/endpoints/" + id + "/deliveries"
		data := func(event string) object {
			t.Helper()
			list := items(f.call("GET", path+"?event_type="+event, nil))
			if len(list) == 0 {
				t.Fatalf("there is no %s among %v", event, f.deliveries(id))
			}
			got := f.call("GET", path+"/"+str(list[0], "id"), nil)
			o, _ := got["data"].(object)
			return o
		}
		c := f.company()
		session := c.signIn()
		alice := items(f.read("GET", "/users?email_address=alice@acme.test", nil, 200))[0]
		user := str(alice, "id")
		members := f.call("GET", "/organizations/"+c.org+"/memberships", nil)
		equal(t, "user.created", data("user.created"), f.call("GET", "/users/"+user, nil))
		organization := f.call("GET", "/organizations/"+c.org, nil)
		equal(t, "organization.created", data("organization.created"), organization)
		member := items(members)[0]
		delete(member["organization"].(object), "members_count") // events do not count
		equal(t, "organizationMembership.created", data("organizationMembership.created"), member)
		signed := data("session.created")
		if str(signed, "id") != session || str(signed, "object") != "session" || str(signed, "user", "id") != user {
			t.Errorf("session.created: %v", signed)
		}
		permission := f.call("POST", "/organization_permissions", object{"name": "Read", "key": "org:invoices:read"})
		equal(t, "permission.created", data("permission.created"), permission)
		role := f.call("POST", "/organization_roles", object{"name": "Clerk", "key": "org:clerk", "permissions": []any{permission["id"]}})
		equal(t, "role.created", data("role.created"), role)
		renamed := f.call("PATCH", "/organization_permissions/"+str(permission, "id"), object{"key": "org:invoices:write"})
		equal(t, "permission.updated", data("permission.updated"), renamed)
		equal(t, "role.updated", data("role.updated"), f.call("GET", "/organization_roles/"+str(role, "id"), nil))
		f.call("DELETE", "/organization_roles/"+str(role, "id"), nil)
		equal(t, "role.deleted", data("role.deleted"), object{"object": "role", "id": str(role, "id"), "deleted": true})
		f.call("DELETE", "/organization_permissions/"+str(permission, "id"), nil)
		equal(t, "permission.deleted", data("permission.deleted"), object{"object": "permission", "id": str(permission, "id"), "deleted": true})
		f.call("POST", "/sessions/"+session+"/revoke", nil)
		if got := data("session.revoked"); str(got, "status") != "revoked" {
			t.Errorf("session.revoked: %v", got)
		}
		f.call("DELETE", "/organizations/"+c.org+"/memberships/"+user, nil)
		if got := data("organizationMembership.deleted"); str(got, "public_user_data", "user_id") != user {
			t.Errorf("organizationMembership.deleted: %v", got)
		}
		f.call("DELETE", "/users/"+user, nil)
		equal(t, "user.deleted", data("user.deleted"), object{"object": "user", "id": user, "deleted": true})
		f.call("DELETE", "/organizations/"+c.org, nil)
		equal(t, "organization.deleted", data("organization.deleted"), object{"object": "organization", "id": c.org, "slug": "acme", "deleted": true})
	})
}

// What an endpoint has missed while it was off comes when it asks.
func TestReplay_BringsWhatWasMissed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := str(f.endpoint(object{"event_types": []string{"user.created", "user.updated"}}), "id")
		path := "/webhooks/endpoints/" + id
		since := object{"since": f.now.UnixMilli()}
		u := str(f.user("a@acme.test", nil), "id")
		f.call("PATCH", path, object{"disabled": true})
		f.call("PATCH", "/users/"+u, object{"first_name": "Ada"})
		f.organization("Acme")
		f.refuses("POST", path+"/replay", since, 409, "webhook_endpoint_disabled")
		f.call("PATCH", path, object{"disabled": false})
		equal(t, "before", f.deliveries(id), []string{"user.created"})
		if got := f.call("POST", path+"/replay", since); got["replayed"] != 2.0 {
			t.Errorf("replayed: %v", got)
		}
		equal(t, "after", f.deliveries(id), []string{"user.created", "user.updated"})
		list := items(f.call("GET", path+"/deliveries?status=waiting", nil))
		if len(list) != 2 {
			t.Errorf("waiting: %v", list)
		}
		f.call("POST", path+"/deliveries/"+str(list[0], "id")+"/replay", nil)
		f.refuses("POST", path+"/replay", object{}, 422, "form_param_missing")
		f.refuses("GET", path+"/deliveries/dlv_none", nil, 404, "resource_not_found")
		f.refuses("GET", path+"/deliveries?status=eaten", nil, 422, "form_param_value_invalid")
		other := str(f.endpoint(nil), "id")
		f.refuses("GET", "/webhooks/endpoints/"+other+"/deliveries/"+str(list[0], "id"), nil, 404, "resource_not_found")
	})
}

func TestSvix_IsNotHere(t *testing.T) {
	each(t, func(_ *testing.T, f *fixture) {
		f.refuses("POST", "/webhooks/svix", object{}, 403, "feature_not_implemented")
	})
}

// The actor is the secret key that called; addresses are kept only where that is
// asked for (threat T-SEC-12).
func TestAuditLog_KnowsWhoCalled(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Acme")
		line := items(f.call("GET", "/audit_log?subject="+org, nil))[0]
		if str(line, "action") != "organization.created" || str(line, "actor", "kind") != "secret_key" ||
			!strings.HasPrefix(str(line, "actor", "id"), "key_") || str(line, "actor", "address") != "" {
			t.Errorf("the line: %v", line)
		}
		other := f.with("Authorization", "Bearer "+f.newKey())
		other.call("PATCH", "/organizations/"+org, object{"name": "Acme 2"})
		byOther := items(f.call("GET", "/audit_log?action=organization.updated", nil))[0]
		if str(byOther, "actor", "id") == str(line, "actor", "id") {
			t.Errorf("two keys are one actor: %v", byOther)
		}
		equal(t, "all of organizations", pick(f.call("GET", "/audit_log?action=organization.&organization_id="+org, nil), "action"),
			[]string{"organization.updated", "organization.created"})
		got := codes(f.refusal("GET", "/audit_log?actor_kind=cat&since=noon", nil, 422))
		equal(t, "mistakes", got, []string{"form_param_format_invalid since", "form_param_value_invalid actor_kind"})
	})
}

func TestAuditLog_IsExportedAndVerified(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.organization("Acme")
		f.organization("Initech")
		if _, err := f.tools.Manage.ChainAudit(t.Context()); err != nil {
			t.Fatal(err)
		}
		verdict := f.call("POST", "/audit_log/verifications", object{})
		if verdict["whole"] != true || verdict["lines"] != 3.0 || verdict["waiting"] != 0.0 {
			t.Errorf("verdict: %v", verdict)
		}
		if again := f.call("POST", "/audit_log/verifications", object{"head": verdict["head"]}); again["whole"] != true {
			t.Errorf("with its own end: %v", again)
		}
		f.refuses("POST", "/audit_log/verifications", object{"head": "x"}, 422, "form_param_format_invalid")
		export := func(after string) (actions []string) {
			r := f.raw(http.MethodGet, "/audit_log/export"+after)
			if got := r.Header().Get("Content-Type"); got != "application/x-ndjson" {
				t.Errorf("Content-Type %q", got)
			}
			for line := range strings.Lines(r.Body.String()) {
				var o object
				if err := json.Unmarshal([]byte(line), &o); err != nil {
					t.Error(err)
				}
				actions = append(actions, str(o, "action"))
			}
			return actions
		}
		equal(t, "all", export(""), []string{"secret_key.created", "organization.created", "organization.created"})
		equal(t, "behind the second", export("?after=2"), []string{"organization.created"})
		equal(t, "behind the last", export("?after=3"), []string(nil))
		f.refuses("GET", "/audit_log/export?after=-1", nil, 422, "form_param_format_invalid")
	})
}
