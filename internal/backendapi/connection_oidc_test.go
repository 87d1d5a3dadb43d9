package backendapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/practice"
)

// canary must be in no answer.
const canary = "canary-secret-of-the-client"

// openID is a practice OpenID provider over real HTTP that the deployment may call.
func (f *fixture) openID() *practice.OIDC {
	f.t.Helper()
	var o *practice.OIDC
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.ServeHTTP(w, r) }))
	f.t.Cleanup(server.Close)
	now := f.tools.Manage.Now
	o, err := practice.NewOIDC(practice.OIDCConfig{BaseURL: server.URL + "/practice/oidc", Now: now})
	if err != nil {
		f.t.Fatal(err)
	}
	f.tools.Manage.AllowLoopback = true
	f.tools.Manage.Fetch = httpio.NewClient(httpio.ClientOptions{Now: now, AllowPrivate: true})
	return o
}

// told is a call that must succeed and tell nobody the secret (threat T-SEC-04).
func (f *fixture) told(method, path string, body any, status int) object {
	f.t.Helper()
	answer := f.answers(method, path, body, status)
	text, err := json.Marshal(answer)
	if err != nil || strings.Contains(string(text), canary) {
		f.t.Errorf("%s %s tells the secret: %s %v", method, path, text, err)
	}
	return answer
}

// Behaviours 1.7 to 1.12: every answer is as described, and none has the secret.
func TestConnections_OpenIDConnect(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		o := f.openID()
		made := f.told("POST", "/enterprise_connections", object{
			"name": "Acme OpenID", "provider": "oidc_custom", "domains": []string{"acme.test"}, "organization_id": f.organization("Acme"),
			"active": true, "oidc": object{"client_id": "usher", "client_secret": canary, "discovery_url": o.Issuer("")},
		}, 201)
		path := "/enterprise_connections/" + str(made, "id")
		for name, want := range map[string]string{
			"client_id": "usher", "discovery_url": o.DiscoveryURL(), "issuer": o.Issuer(""), "redirect_uri": baseURL + "/v1/oauth_callback",
			"provider_key": "oidc_custom",
		} {
			equal(t, name, str(made, "oauth_config", name), want)
		}
		equal(t, "secret", at(made, "oauth_config", "has_client_secret"), any(true))
		equal(t, "no SAML", made["saml_connection"], any(nil))
		equal(t, "read", f.told("GET", path, nil, 200), made)
		equal(t, "listed", any(items(f.told("GET", "/enterprise_connections", nil, 200))[0]), any(made))

		rotated := f.told("PATCH", path, object{"oidc": object{"client_secret": canary + "2"}}, 200)
		equal(t, "the endpoints after the secret was changed", str(rotated, "oauth_config", "token_url"), str(made, "oauth_config", "token_url"))
		equal(t, "the document's address", str(rotated, "oauth_config", "discovery_url"), o.DiscoveryURL())
		byHand := f.told("PATCH", path, object{"provider": "oidc_custom", "oidc": object{
			"token_url": "https://idp.test/token", "scopes": []string{"openid", "email"}, "response_mode": "form_post", "prompt": "login", "login_hint": "off",
			"attribute_mapping": object{"first_name": "nickname", "email_verified": "checked", "email_verified_default": true}, "clock_skew_seconds": 30,
		}}, 200)
		equal(t, "the document's address once an endpoint is set by hand", at(byHand, "oauth_config", "discovery_url"), any(nil))
		equal(t, "a mapped claim", str(byHand, "oauth_config", "attribute_mapping", "email_verified"), "checked")
		equal(t, "the standard one beside it", str(byHand, "oauth_config", "attribute_mapping", "last_name"), "family_name")

		f.refuses("PATCH", path, object{"provider": "oidc_gitlab"}, 422, "form_param_value_invalid")
		f.refuses("PATCH", path, object{"oidc": object{"client_secret": ""}}, 422, "form_public_client_requires_pkce")
		for misbehave, code := range map[string]string{
			"discovery-wrong-issuer": "custom_oauth_provider_discovery_issuer_mismatch",
			"discovery-html":         "custom_oauth_provider_cannot_use_discovery_url",
			"discovery-down":         "custom_oauth_provider_discovery_server_retrieval_error",
			"discovery-huge":         "custom_oauth_provider_discovery_server_retrieval_error",
		} {
			if err := o.Misbehave(misbehave, ""); err != nil {
				t.Fatal(err)
			}
			f.refuses("PATCH", path, object{"oidc": object{"discovery_url": o.DiscoveryURL()}}, 422, code)
		}
		same := f.told("PATCH", path, object{"saml": object{"idp_entity_id": "https://idp.test"}}, 200)
		equal(t, "settings of another protocol", same["saml_connection"], any(nil))
		f.told("DELETE", path, nil, 200)
	})
}

// Behaviours 1.10 and 1.56: connections by EASIE, and the deployment's client there.
func TestConnections_EASIE(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const tenant = "aaaa1111-2222-4333-8444-555555555555"
		for _, p := range []string{"oauth_google", "oauth_microsoft"} {
			credentials := "/provider_credentials/" + p
			f.refuses("GET", credentials, nil, 404, "resource_not_found")
			f.refuses("PUT", credentials, object{"client_id": "usher"}, 422, "form_param_missing")
			f.refuses("PUT", credentials, object{"client_id": "usher", "client_secret": canary, "discovery_url": "https://mallory.test"}, 422, "form_param_value_invalid")
			set := f.told("PUT", credentials, object{"client_id": "usher", "client_secret": canary}, 200)
			equal(t, "redirect URI", str(set, "redirect_uri"), baseURL+"/v1/oauth_callback")
			f.told("PUT", credentials, object{"client_id": "usher-2"}, 200)
			equal(t, "client", str(f.told("GET", credentials, nil, 200), "client_id"), "usher-2")

			body := object{"name": "Acme", "provider": p, "domains": []string{p[6:] + ".test"}, "active": true}
			made := f.told("POST", "/enterprise_connections", body, 201)
			path := "/enterprise_connections/" + str(made, "id")
			equal(t, "client of its own", at(made, "oauth_config", "client_id"), any(nil))
			equal(t, "tenant", at(made, "oauth_config", "tenant_id"), any(nil))
			if p == "oauth_microsoft" {
				equal(t, "bound", str(f.told("PATCH", path, object{"oidc": object{"tenant_id": tenant}}, 200), "oauth_config", "tenant_id"), tenant)
				equal(t, "bound still", str(f.told("PATCH", path, object{"name": "Acme 2"}, 200), "oauth_config", "tenant_id"), tenant)
			}
			f.refuses("PATCH", path, object{"oidc": object{"tenant_id": "common"}}, 422, "form_param_format_invalid")
			f.refuses("PATCH", path, object{"disable_additional_identifications": false}, 422, "form_param_value_invalid")
			f.refuses("DELETE", credentials, nil, 400, "oauth_provider_in_use")
			f.told("PATCH", path, object{"active": false}, 200)
			f.told("DELETE", credentials, nil, 200)
			f.refuses("PATCH", path, object{"active": true}, 422, "easie_invalid_oauth_credentials")
		}
		f.refuses("GET", "/provider_credentials/oidc_custom", nil, 404, "resource_not_found")
	})
}

// Behaviours 1.20, 1.41, 1.43 and 1.90: what a change would mean for people is said
// before it is made, and nothing is made of it.
func TestConnections_AChangeIsPreviewed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		c.signIn()
		f.user("bob@other.test", nil)
		path := "/enterprise_connections/" + c.conn
		before := f.call("GET", path, nil)
		effects := func(body object) []string {
			t.Helper()
			preview := f.call("POST", path+"/preview", body)
			equal(t, "object", str(preview, "object"), "enterprise_connection_preview")
			var list []string
			found, _ := preview["effects"].([]any)
			for _, e := range found {
				list = append(list, str(e, "name"))
				if n, ok := at(e, "people").(float64); !ok || str(e, "message") == "" || n != 1 && str(e, "name") != "join_at_next_sign_in" {
					t.Errorf("%v: %v", body, e)
				}
			}
			return list
		}
		other := f.organization("Other")
		for _, row := range []struct {
			change object
			want   []string
		}{
			{object{"name": "Another"}, nil},
			{object{"domains": []string{"acme.test", "other.test"}}, []string{"domain_enforced"}},
			{object{"active": false}, []string{"domain_released", "sessions_kept", "members_stay"}},
			{object{"deleted": true}, []string{"domain_released", "people_stay", "sessions_kept", "members_stay"}},
			{object{"organization_id": other}, []string{"members_left_behind", "join_at_next_sign_in"}},
		} {
			equal(t, "effects", effects(row.change), row.want)
		}
		f.refuses("POST", path+"/preview", object{"organization_id": identity.NewID[identity.OrgID](f.now)}, 404, "organization_not_found_or_unauthorized")
		f.refuses("POST", path+"/preview", object{"domains": []string{"x"}}, 422, "form_param_format_invalid")
		f.refuses("POST", path+"/preview", object{"provider": "saml_okta"}, 422, "form_param_unknown")
		f.refuses("POST", "/enterprise_connections/entconn_x/preview", object{}, 404, "resource_not_found")
		equal(t, "the connection after all that", f.call("GET", path, nil), before)
	})
}
