package backendapi_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
)

func TestSetupLinks_AreMadeOpenedAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Acme")
		made := f.answers("POST", "/admin_portal_link_tokens", object{
			"organization_id": org, "it_contact_id": "usr_abc123", "scopes": []string{"admin_portal:read"}, "seconds_until_expiration": 60,
		}, 201)
		id, token := str(made, "id"), str(made, "token")
		for form, got := range map[string]string{
			`^aplt_[0-9A-Fa-f]{32}$`: id, `^apl_\w{27}$`: str(made, "admin_portal_link_id"), `^ins_\w{27}$`: str(made, "instance_id"),
		} {
			if !regexp.MustCompile(form).MatchString(got) {
				t.Errorf("%q is not of the form %s", got, form)
			}
		}
		equal(t, "organization", str(made, "organization_id"), org)
		equal(t, "contact", str(made, "it_contact_id"), "usr_abc123")
		equal(t, "scopes", made["scopes"], any([]any{"admin_portal:read"}))
		equal(t, "a minute", made["expiration"].(float64)-made["created_at"].(float64), 60_000.0)
		equal(t, "state", []any{made["revoked"], made["revocation_reason"], made["expired"]}, []any{false, nil, false})
		if _, err := f.tools.Manage.OpenSetupLink(t.Context(), token, ""); err != nil {
			t.Error(err)
		}

		second := f.answers("POST", "/admin_portal_link_tokens", object{"organization_id": org, "it_contact_id": nil, "scopes": nil}, 201)
		equal(t, "an hour", second["expiration"].(float64)-second["created_at"].(float64), 3600_000.0)
		equal(t, "all scopes", []any{second["scopes"], second["it_contact_id"]}, []any{nil, nil})
		equal(t, "the same portal", str(second, "admin_portal_link_id"), str(made, "admin_portal_link_id"))
		revoked := f.call("POST", "/admin_portal_link_tokens/"+str(second, "id")+"/revoke", object{"revocation_reason": "Revoked by user"})
		equal(t, "revoked", []any{revoked["revoked"], revoked["revocation_reason"], revoked["token"]}, []any{true, "Revoked by user", nil})
		equal(t, "revoked again", f.call("POST", "/admin_portal_link_tokens/"+str(second, "id")+"/revoke", object{"revocation_reason": nil}), revoked)
		_, err := f.tools.Manage.OpenSetupLink(t.Context(), str(second, "token"), "")
		refusedBy(t, "a revoked one", err, fault.SetupLinkRevoked)
		equal(t, "audit log", f.audited(str(second, "id")), []string{"setup_link.created", "setup_link.revoked"})

		f.now = f.now.Add(time.Minute)
		over := f.call("POST", "/admin_portal_link_tokens/"+id+"/revoke", nil)
		equal(t, "over", []any{over["expired"], over["revocation_reason"]}, []any{true, nil})

		f.refuses("POST", "/admin_portal_link_tokens", object{}, 422, "form_param_missing")
		f.refuses("POST", "/admin_portal_link_tokens", object{"organization_id": "org_x"}, 404, "organization_not_found_or_unauthorized")
		f.refuses("POST", "/admin_portal_link_tokens", object{"organization_id": org, "seconds_until_expiration": 0}, 422, "form_param_value_invalid")
		f.refuses("POST", "/admin_portal_link_tokens", object{"organization_id": org, "seconds_until_expiration": 86_401}, 422, "form_param_value_invalid")
		f.refuses("POST", "/admin_portal_link_tokens", object{"organization_id": org, "scopes": []any{strings.Repeat("x", 257)}}, 422, "form_param_max_length_exceeded")
		f.refuses("POST", "/admin_portal_link_tokens", object{"organization_id": org, "scopes": []any{nil}}, 422, "form_param_nil")
		f.refuses("POST", "/admin_portal_link_tokens/aplt_x/revoke", nil, 404, "resource_not_found")
	})
}
