package backendapi_test

import (
	"net/http/httptest"
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/signin"
)

func TestInstance_IsShownAndChanged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		shown := f.call("GET", "/instance", nil)
		equal(t, "kind", shown["environment_type"], any("production"))
		equal(t, "origins", shown["allowed_origins"], any(nil))
		if w := f.sendRaw("PATCH", "/instance", object{
			"support_email": "help@acme.test", "allowed_origins": []string{"https://app.acme.test", "http://localhost:3000", "capacitor://localhost", "chrome-extension://abc"},
			"test_mode": false, "hibp": false, "clerk_js_version": nil, "preferred_sign_in_strategy_when_password_required": "",
		}); w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		equal(t, "origins afterwards", len(f.call("GET", "/instance", nil)["allowed_origins"].([]any)), 4)
		equal(t, "support address", f.call("GET", "/settings", nil)["support_email"], any("help@acme.test"))
		for _, origin := range []string{"https://app.acme.test/", "app.acme.test", "*", "null", "http://app.acme.test", "https://App.acme.test", "https://a@b.test"} {
			f.refuses("PATCH", "/instance", object{"allowed_origins": []string{origin}}, 422, "form_invalid_origin")
		}
		f.refuses("PATCH", "/instance", object{"support_email": "x"}, 422, "form_param_format_invalid")
		equal(t, "what is not served", codes(f.refusal("PATCH", "/instance", object{"test_mode": true, "hibp": true}, 403)),
			[]string{"feature_not_implemented hibp", "feature_not_implemented test_mode"})
		f.refuses("PATCH", "/instance", object{"made_up": 1}, 422, "form_param_unknown")
		domains := items(f.call("GET", "/domains", nil))
		equal(t, "domain", str(domains[0], "name"), "sign-in.example.test")
		token := f.call("POST", "/testing_tokens", nil)
		if left := int64(token["expires_at"].(float64)) - f.now.Unix(); left != 3600 {
			t.Errorf("the testing token expires in %d seconds, want 3600", left)
		}
	})
}

// An allowed origin or a listed URL is where people may be sent, and nothing else
// is.
func TestRedirectURLs_AreListedAndTakenAtSignIn(t *testing.T) { // threat T-SES-05
	each(t, func(t *testing.T, f *fixture) {
		check := func(url string) bool {
			err := f.tools.SignIn.CheckReturn(t.Context(), url)
			if err != nil && !fault.Is(err, fault.RedirectURLDomainMismatch) {
				t.Errorf("%s: %v", url, err)
			}
			return err == nil
		}
		equal(t, "not listed", check("myapp://callback"), false)
		made := f.call("POST", "/redirect_urls", object{"url": "myapp://callback"})
		f.refuses("POST", "/redirect_urls", object{"url": "myapp://callback"}, 400, "duplicate_record")
		equal(t, "listed", check("myapp://callback"), true)
		equal(t, "another path is another URL", check("myapp://callback/x"), false)
		path := "/redirect_urls/" + str(made, "id")
		equal(t, "read", f.call("GET", path, nil), made)
		f.call("POST", "/redirect_urls", object{"url": "https://app.acme.test/cb"})
		equal(t, "list", pick(f.read("GET", "/redirect_urls", nil, 200), "url"), []string{"https://app.acme.test/cb", "myapp://callback"})
		paged := f.send("GET", "/redirect_urls?paginated=true&limit=1", nil)
		equal(t, "with the total", decode(t, paged)["total_count"], any(2.0))
		for _, url := range []string{
			"javascript://x/%0aalert(1)", "data://x", "file://x/y", "http://app.acme.test/cb", "https://user@app.test/", "myapp:callback", "/path", "https://a b.test/", "",
		} {
			list := f.refusal("POST", "/redirect_urls", object{"url": url}, 422)
			equal(t, url, list[0].Meta["param_name"], any("url"))
		}
		equal(t, "deleted", f.call("DELETE", path, nil)["deleted"], any(true))
		f.refuses("GET", path, nil, 404, "resource_not_found")
		f.refuses("DELETE", path, nil, 404, "resource_not_found")
		equal(t, "not listed any more", check("myapp://callback"), false)

		equal(t, "an origin", check("https://other.acme.test/deep"), false)
		f.sendRaw("PATCH", "/instance", object{"allowed_origins": []string{"https://other.acme.test"}})
		equal(t, "an allowed origin", check("https://other.acme.test/deep"), true)
	})
}

func TestAccessLists_AreKept(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for list, filter := range map[string]string{"allowlist": "Bob@Acme.test", "blocklist": "acme.test"} {
			path := "/" + list + "_identifiers"
			made := f.call("POST", path, object{"identifier": filter})
			want := map[string]string{"allowlist": "bob@acme.test", "blocklist": "*@acme.test"}[list]
			equal(t, "in its one form", str(made, "identifier"), want)
			equal(t, "object", str(made, "object"), list+"_identifier")
			f.refuses("POST", path, object{"identifier": want}, 400, "duplicate_record")
			f.refuses("POST", path, object{"identifier": "a b"}, 422, "form_param_format_invalid")
			f.refuses("POST", path, object{}, 422, "form_param_missing")
			equal(t, "list", pick(f.read("GET", path, nil, 200), "identifier"), []string{want})
			other := map[string]string{"allowlist": "/blocklist", "blocklist": "/allowlist"}[list] + "_identifiers/"
			f.refuses("DELETE", other+str(made, "id"), nil, 404, "resource_not_found")
			equal(t, "deleted", f.call("DELETE", path+"/"+str(made, "id"), nil)["deleted"], any(true))
			f.refuses("DELETE", path+"/"+str(made, "id"), nil, 404, "resource_not_found")
		}
		f.refuses("POST", "/allowlist_identifiers", object{"identifier": "a@b.test", "notify": true}, 403, "feature_not_implemented")
	})
}

// Behaviours 1.130 and 7.B.
func TestRestrictions_DisposableAddresses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		more := func() identity.DomainSet { return identity.DomainSet{"burner.test": {}} }
		f.tools.SignIn.Disposable, f.tools.Manage.Disposable = more, more
		signUp := func(address string) string {
			_, _, err := f.tools.SignIn.BeginSignUp(t.Context(), signin.SignUpForm{Client: f.browser(), Address: address, Source: "192.0.2.1"})
			return codeOf(err)
		}
		equal(t, "as long as nobody minds", signUp("ada@burner.test"), "")
		on := f.call("PATCH", "/instance/restrictions", object{"block_disposable_email_domains": true, "block_email_subaddresses": true})
		equal(t, "restrictions", on["block_disposable_email_domains"], any(true))
		equal(t, "the deployment's list", signUp("bob@burner.test"), "form_email_address_blocked")
		equal(t, "Usher's list", signUp("bob@mailinator.com"), "form_email_address_blocked")
		equal(t, "another", signUp("bob@globex.test"), "")
		user := str(f.user("carol@globex.test", nil), "id")
		f.refuses("POST", "/email_addresses", object{"user_id": user, "email_address": "c@burner.test"}, 403, "form_email_address_blocked")
		f.refuses("POST", "/email_addresses", object{"user_id": user, "email_address": "c+x@globex.test"}, 403, "not_allowed_access")
		org := f.organization("Globex")
		f.refuses("POST", "/organizations/"+org+"/domains", object{"name": "burner.test"}, 422, "organization_domain_blocked")
		f.refuses("POST", "/organizations/"+org+"/domains", object{"name": "mailinator.com"}, 422, "organization_domain_blocked")
		f.refuses("POST", "/enterprise_connections", object{"name": "X", "provider": "saml_custom", "domains": []string{"burner.test"}}, 422, "organization_domain_blocked")
		f.call("PATCH", "/instance/restrictions", object{"block_disposable_email_domains": false})
		equal(t, "and off again", signUp("dora@burner.test"), "")
	})
}

func TestAccessLists_SayWhoComesIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		f.user("carol@globex.test", nil)
		signUp := func(address string) error {
			_, _, err := f.tools.SignIn.BeginSignUp(t.Context(), signin.SignUpForm{Client: f.browser(), Address: address})
			return err
		}
		code := func(address string) error {
			client := f.browser()
			next, err := f.tools.SignIn.Begin(t.Context(), signin.Begin{Client: client, Address: address})
			if err == nil {
				_, err = f.tools.SignIn.SendCode(t.Context(), signin.Browser{Client: client, Source: "192.0.2.1"}, next.SignIn.ID)
			}
			return err
		}
		refused := func(what string, err error, want bool) {
			t.Helper()
			if fault.Is(err, fault.SignInNotAllowed) != want || !want && err != nil {
				t.Errorf("%s: got %v, want refused: %v", what, err, want)
			}
		}
		f.call("POST", "/blocklist_identifiers", object{"identifier": "globex.test"})
		refused("a list that is not in use", signUp("dora@globex.test"), false)
		on := f.call("PATCH", "/instance/restrictions", object{"blocklist": true})
		equal(t, "restrictions", on, object{
			"object": "instance_restrictions", "allowlist": false, "blocklist": true, "allowlist_blocklist_disabled_on_sign_in": false,
			"block_email_subaddresses": false, "block_disposable_email_domains": false,
		})
		refused("a blocked sign-up", signUp("dora@globex.test"), true)
		refused("a blocked sign-in", code("carol@globex.test"), true)
		f.call("PATCH", "/instance/restrictions", object{"allowlist_blocklist_disabled_on_sign_in": true})
		refused("the lists are off at sign-in", code("carol@globex.test"), false)
		f.call("PATCH", "/instance/restrictions", object{"allowlist": true, "blocklist": false, "block_email_subaddresses": true, "allowlist_blocklist_disabled_on_sign_in": false})
		refused("not on the allow-list", signUp("ed@initech.test"), true)
		f.call("POST", "/allowlist_identifiers", object{"identifier": "*@initech.test"})
		refused("on the allow-list", signUp("ed@initech.test"), false)
		refused("a subaddress", signUp("ed+2@initech.test"), true)

		// SSO stays: an allow-list opens no other way for its people and does not
		// shut them out; a block-list does.
		f.call("POST", "/allowlist_identifiers", object{"identifier": "alice@acme.test"})
		client := f.browser()
		next, err := f.tools.SignIn.Begin(t.Context(), signin.Begin{Client: client, Address: "alice@acme.test"})
		if err != nil || next.Step != signin.NextProvider {
			t.Errorf("an allowed address on an SSO domain: %+v, %v", next.Step, err)
		}
		_, err = f.tools.SignIn.SendCode(t.Context(), signin.Browser{Client: client, Source: "192.0.2.1"}, next.SignIn.ID)
		if !fault.Is(err, fault.StrategyForUserInvalid) {
			t.Errorf("a code for it: %v", err)
		}
		company.signIn()
		f.call("POST", "/blocklist_identifiers", object{"identifier": "alice@acme.test"})
		f.call("PATCH", "/instance/restrictions", object{"blocklist": true})
		_, ticket := company.begin("alice@acme.test")
		_, err = company.answer(ticket, "alice@acme.test", "")
		refused("a blocked person who comes by SSO", err, true)
	})
}

// browser is a browser that has begun something.
func (f *fixture) browser() identity.ClientID {
	f.t.Helper()
	c, err := f.tools.Sessions.EnsureClient(f.t.Context(), httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	if err != nil {
		f.t.Fatal(err)
	}
	return c.ID
}
