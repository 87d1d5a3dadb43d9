package backendapi_test

import (
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"usher/internal/httpio"
	"usher/internal/practice"
)

// provider makes a practice provider to configure connections with.
func (f *fixture) provider(base string) *practice.IDP {
	f.t.Helper()
	idp, err := practice.New(practice.Config{BaseURL: base, Name: "P", Now: func() time.Time { return f.now }})
	if err != nil {
		f.t.Fatal(err)
	}
	return idp
}

func TestConnections_AreMadeReadChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Acme")
		idp := f.provider("https://idp.example.test")
		bare := base64.StdEncoding.EncodeToString(idp.Certificate().Raw)
		made := f.answers("POST", "/enterprise_connections", object{
			"name": "Acme SSO", "provider": "saml_okta", "domains": []string{" ACME.test", "acme.test", "acme.example"},
			"organization_id": org, "sync_user_attributes": false,
			"saml": object{"idp_entity_id": idp.EntityID(), "idp_sso_url": idp.SSOURL(), "idp_certificate": bare},
		}, 201)
		id := str(made, "id")
		equal(t, "a new one is switched off", made["active"], any(false)) // behaviour 1.3
		equal(t, "domains", made["domains"], any([]any{"acme.test", "acme.example"}))
		equal(t, "sync is ignored at creation", made["sync_user_attributes"], any(true))
		equal(t, "additional identifiers", made["disable_additional_identifications"], any(true))
		equal(t, "login hint of a named provider", str(made, "saml_connection", "login_hint", "mode"), "email_address")
		equal(t, "mapping of a named provider", str(made, "saml_connection", "attribute_mapping", "email_address"), "mail")
		for name, path := range map[string]string{"acs_url": "/v1/saml/acs/" + id, "sp_metadata_url": "/v1/saml/metadata/" + id + ".xml", "sp_entity_id": "/v1/saml/metadata/" + id + ".xml"} {
			equal(t, name, str(made, "saml_connection", name), baseURL+path)
		}
		if at(made, "saml_connection", "idp_certificate_expires_at") == nil {
			t.Error("the end of the certificate is not shown")
		}
		second := f.provider("https://second.example.test")
		both := f.call("PATCH", "/enterprise_connections/"+id, object{"saml": object{"idp_certificates": []string{
			bare, base64.StdEncoding.EncodeToString(second.Certificate().Raw),
		}}})
		if list, _ := at(both, "saml_connection", "idp_certificates").([]any); len(list) != 2 || str(list[0], "certificate") != str(both, "saml_connection", "idp_certificate") {
			t.Errorf("the certificates are %v", list)
		}
		made = f.call("PATCH", "/enterprise_connections/"+id, object{"saml": object{"idp_certificate": bare}})
		equal(t, "no OAuth", made["oauth_config"], any(nil))
		equal(t, "read", f.call("GET", "/enterprise_connections/"+id, nil), made)

		changed := f.call("PATCH", "/enterprise_connections/"+id, object{
			"active": true, "domains": []string{}, "organization_id": nil, "name": nil, "sync_user_attributes": false,
			"custom_attributes": []object{{"name": "Team", "key": "team", "sso_path": "team", "directory_path": "t", "multi_valued": true}},
			"saml": object{
				"force_authn": true, "allow_idp_initiated": true, "login_hint": object{"mode": "custom_attribute", "source": "upn"},
				"attribute_mapping": object{"first_name": "givenName"},
			},
		})
		equal(t, "active", changed["active"], any(true))
		equal(t, "an empty list of domains changes nothing", changed["domains"], made["domains"]) // behaviour 1.16
		equal(t, "a connection is not unlinked", changed["organization_id"], any(org))
		equal(t, "null leaves as it is", changed["name"], any("Acme SSO"))
		equal(t, "sync", changed["sync_user_attributes"], any(false))
		equal(t, "custom attributes", changed["custom_attributes"], any([]any{object{
			"name": "Team", "key": "team", "sso_path": "team", "scim_path": "t", "directory_path": "t", "multi_valued": true,
		}}))
		equal(t, "force_authn", at(changed, "saml_connection", "force_authn"), any(true))
		equal(t, "mapping", str(changed, "saml_connection", "attribute_mapping", "first_name"), "givenName")
		equal(t, "what was not named stays", str(changed, "saml_connection", "attribute_mapping", "email_address"), "mail")
		again := f.call("PATCH", "/enterprise_connections/"+id, object{"organization_id": ""})
		equal(t, "an empty text does not unlink either", again["organization_id"], any(org))
		f.refuses("PATCH", "/enterprise_connections/"+id, object{"provider": "saml_custom"}, 422, "form_param_value_invalid") // behaviour 1.2
		f.call("PATCH", "/enterprise_connections/"+id, object{"provider": "saml_okta"})

		f.answers("POST", "/enterprise_connections", object{"name": "All", "provider": "saml_custom", "domains": []string{"all.test"}}, 201)
		equal(t, "newest first", pick(f.call("GET", "/enterprise_connections", nil), "name"), []string{"All", "Acme SSO"})
		equal(t, "of the organization", pick(f.call("GET", "/enterprise_connections?organization_id="+org, nil), "name"), []string{"Acme SSO"})
		equal(t, "active ones", pick(f.call("GET", "/enterprise_connections?active=true", nil), "name"), []string{"Acme SSO"})
		equal(t, "a page", f.call("GET", "/enterprise_connections?limit=1", nil)["total_count"], any(2.0))
		equal(t, "deleted", f.call("DELETE", "/enterprise_connections/"+id, nil), object{"object": "enterprise_connection", "id": id, "deleted": true})
		f.refuses("DELETE", "/enterprise_connections/"+id, nil, 404, "resource_not_found")
	})
}

func TestConnections_RefusesWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		body := func(change object) object {
			b := object{"name": "X", "provider": "saml_custom", "domains": []string{"x.test"}}
			for name, v := range change {
				b[name] = v
			}
			return b
		}
		saml := func(change object) object { return body(object{"saml": change}) }
		for name, test := range map[string]struct {
			body   object
			status int
			codes  []string
		}{
			"nothing":                      {object{}, 422, []string{"form_param_missing provider"}},
			"neither name nor domains":     {object{"provider": "saml_custom"}, 422, []string{"form_param_missing domains", "form_param_missing name"}},
			"a provider whom nobody knows": {body(object{"provider": "saml_x"}), 422, []string{"form_param_value_invalid provider"}},
			"OpenID Connect without a client": {
				body(object{"provider": "oidc_custom", "active": true, "oidc": object{"auth_url": "https://idp.test/a", "token_url": "https://idp.test/t", "user_info_url": "https://idp.test/u"}}),
				422,
				[]string{"form_param_missing client_id"},
			},
			"EASIE without the deployment's client": {body(object{"provider": "oauth_google", "active": true}), 422, []string{"easie_invalid_oauth_credentials provider"}},
			"no domains":                            {body(object{"domains": []string{}}), 422, []string{"form_param_missing domains"}},
			"a domain that is none":                 {body(object{"domains": []string{"x"}}), 422, []string{"form_param_format_invalid domains"}},
			"too many domains":                      {body(object{"domains": make([]string, 101)}), 422, []string{"form_param_array_size_exceeded domains"}},
			"an organization that nobody knows":     {body(object{"organization_id": "org_x"}), 404, []string{"organization_not_found_or_unauthorized <nil>"}},
			"active without the provider's data":    {body(object{"active": true}), 422, []string{"saml_connection_cant_be_activated <nil>"}},
			"a certificate that is none":            {saml(object{"idp_certificate": "x"}), 422, []string{"form_param_format_invalid idp_certificate"}},
			"an SSO URL without TLS":                {saml(object{"idp_sso_url": "http://idp.example.test/sso"}), 422, []string{"form_param_format_invalid idp_sso_url"}},
			"an SSO URL that is script":             {saml(object{"idp_sso_url": "javascript:alert(1)"}), 422, []string{"form_param_format_invalid idp_sso_url"}},
			"a hint without its source":             {saml(object{"login_hint": object{"mode": "custom_attribute"}}), 422, []string{"form_param_missing login_hint.source"}},
			"a hint of an unknown mode":             {saml(object{"login_hint": object{"mode": "x"}}), 422, []string{"form_param_value_invalid login_hint.mode"}},
			"a tolerance of an hour":                {saml(object{"clock_skew_seconds": 3600}), 422, []string{"form_param_value_invalid clock_skew_seconds"}},
			"metadata that is none":                 {saml(object{"idp_metadata": "<html/>"}), 422, []string{"saml_failed_to_parse_idp_metadata <nil>"}},
			"an unknown name inside":                {saml(object{"certificate": "x"}), 422, []string{"form_param_unknown saml.certificate"}},
			"a custom attribute without a key":      {body(object{"custom_attributes": []object{{"name": "Team", "key": "_x"}}}), 422, []string{"form_param_format_invalid custom_attributes.key"}},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				equal(t, "failures", codes(g.refusal("POST", "/enterprise_connections", test.body, test.status)), test.codes)
			})
		}
		equal(t, "connections made by all that", f.call("GET", "/enterprise_connections", nil)["total_count"], any(0.0))
	})
}

func TestConnections_AreSwitchedOnWithTheProvidersDataOnly(t *testing.T) { // behaviour 1.4
	each(t, func(t *testing.T, f *fixture) {
		idp := f.provider("https://idp.example.test")
		id := str(f.answers("POST", "/enterprise_connections", object{"name": "X", "provider": "saml_custom", "domains": []string{"x.test"}}, 201), "id")
		path := "/enterprise_connections/" + id
		e := f.refuses("PATCH", path, object{"active": true}, 422, "saml_connection_cant_be_activated")
		equal(t, "missing", e.Meta["missing_fields"], any([]any{"idp_entity_id", "idp_sso_url", "idp_certificate"}))
		f.call("PATCH", path, object{"saml": object{"idp_entity_id": idp.EntityID(), "idp_sso_url": idp.SSOURL()}})
		e = f.refuses("PATCH", path, object{"active": true}, 422, "saml_connection_cant_be_activated")
		equal(t, "missing", e.Meta["missing_fields"], any([]any{"idp_certificate"}))
		armoured := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: idp.Certificate().Raw}))
		on := f.call("PATCH", path, object{"active": true, "saml": object{"idp_certificate": armoured}})
		equal(t, "active", on["active"], any(true))
		bare := base64.StdEncoding.EncodeToString(idp.Certificate().Raw)
		same := f.call("PATCH", path, object{"saml": object{"idp_certificate": bare}})
		equal(t, "PEM and bare base64 are one", str(same, "saml_connection", "idp_certificate"), str(on, "saml_connection", "idp_certificate"))
	})
}

func TestConnections_LearnFromMetadata(t *testing.T) { // behaviours 1.5 and 1.6
	each(t, func(t *testing.T, f *fixture) {
		idp := f.provider("https://idp.example.test")
		body := "metadata"
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/metadata" {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write([]byte(body))
		}))
		defer site.Close()
		local, err := netip.ParseAddrPort(strings.TrimPrefix(site.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		create := func(saml object, status int) object {
			t.Helper()
			return f.answers("POST", "/enterprise_connections", object{
				"name": "X", "provider": "saml_custom", "domains": []string{"x.test"}, "active": true, "saml": saml,
			}, status)
		}
		refuse := func(saml object, status int, code string) {
			t.Helper()
			f.refuses("POST", "/enterprise_connections", object{
				"name": "X", "provider": "saml_custom", "domains": []string{"x.test"}, "saml": saml,
			}, status, code)
		}
		// Without permission, a loopback address is not asked (threat T-SSRF-01).
		refuse(object{"idp_metadata_url": site.URL + "/metadata"}, 400, "saml_failed_to_fetch_idp_metadata")
		f.tools.Manage.Fetch = httpio.NewClient(httpio.ClientOptions{Now: f.tools.Manage.Now, AllowPrivate: true, AllowedPorts: []uint16{local.Port()}})
		refuse(object{"idp_metadata_url": site.URL + "/metadata"}, 422, "saml_failed_to_parse_idp_metadata")
		refuse(object{"idp_metadata_url": site.URL + "/nowhere"}, 400, "saml_failed_to_fetch_idp_metadata")
		body = string(idp.Metadata())
		byURL := create(object{"idp_metadata_url": site.URL + "/metadata", "idp_sso_url": "https://elsewhere.test/sso"}, 201)
		equal(t, "metadata wins over single values", str(byURL, "saml_connection", "idp_sso_url"), idp.SSOURL())
		equal(t, "entity", str(byURL, "saml_connection", "idp_entity_id"), idp.EntityID())
		byXML := create(object{"idp_metadata": body}, 201)
		equal(t, "the same by XML", str(byXML, "saml_connection", "idp_certificate"), str(byURL, "saml_connection", "idp_certificate"))
		refuse(object{"idp_metadata": strings.ReplaceAll(body, `Location="https:`, `Location="http:`)}, 422, "saml_failed_to_parse_idp_metadata")
		refuse(object{"idp_metadata": strings.ReplaceAll(body, "SingleSignOnService", "SingleLogoutService")}, 422, "saml_metadata_missing_fields")
	})
}

func TestConnections_KeysRollOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		path := "/enterprise_connections/" + company.conn + "/keys"
		key := f.answers("POST", path, nil, 201)
		equal(t, "object", str(key, "object"), "enterprise_connection_key")
		if str(key, "certificate") == "" || len(key) != 4 {
			t.Errorf("a key is shown with its id, certificate and time, and nothing else: %v", key) // threat T-SEC-04
		}
		equal(t, "retired", f.call("POST", path+"/retire", nil), object{"retired": 1.0})
		equal(t, "retired again", f.call("POST", path+"/retire", nil), object{"retired": 0.0})
		company.signIn()
	})
}

func TestConnections_SpeakForADomainThatIsFree(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		other := f.organization("Other")
		f.refuses("POST", "/enterprise_connections", object{
			"name": "Y", "provider": "saml_custom", "domains": []string{"acme.test"}, "organization_id": other,
		}, 409, "enterprise_connection_domain_taken")
		f.refuses("PATCH", "/enterprise_connections/"+company.conn, object{"domains": []string{"acme.com", "x"}}, 422, "form_param_format_invalid")
		changed := f.call("PATCH", "/enterprise_connections/"+company.conn, object{"domains": []string{"acme.com"}})
		equal(t, "replaced", changed["domains"], any([]any{"acme.com"}))
		f.answers("POST", "/enterprise_connections", object{
			"name": "Y", "provider": "saml_custom", "domains": []string{"acme.test"}, "organization_id": other,
		}, 201)
	})
}
