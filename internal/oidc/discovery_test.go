package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"usher/internal/fault"
	"usher/internal/httpio"
)

func goodDiscovery() map[string]any {
	return map[string]any{
		"issuer": "https://idp.test/realm", "authorization_endpoint": "https://idp.test/authorize",
		"token_endpoint": "https://idp.test/token", "jwks_uri": "https://idp.test/keys", "userinfo_endpoint": "https://idp.test/userinfo",
		"response_types_supported": []string{"code", "id_token"}, "id_token_signing_alg_values_supported": []string{"HS256", "RS256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_post", "private_key_jwt"},
		"authorization_response_iss_parameter_supported": true, "scopes_supported": []string{"openid"},
	}
}

func TestParseDiscovery(t *testing.T) {
	t.Parallel()
	const from = "https://idp.test/realm/.well-known/openid-configuration"
	set := func(name string, value any) func(map[string]any) {
		return func(d map[string]any) { d[name] = value }
	}
	none := func(map[string]any) {}
	const mismatch, cannot = fault.OAuthDiscoveryIssuerMismatch, fault.OAuthCannotUseDiscoveryURL
	rows := []struct {
		name  string
		given func(map[string]any)
		from  string
		code  fault.Code
	}{
		{"T-RP-15: a good document", none, from, ""},
		{"with a query, as Entra ID's for one application", none, from + "?appid=1", ""},
		{"an issuer that ends in a slash, as Auth0's", set("issuer", "https://idp.test/realm/"), from, ""},
		{"T-OIDC-25, T-RP-17, 1.9: another issuer", set("issuer", "https://evil.test/realm"), from, mismatch},
		{"T-OIDC-25: another path", set("issuer", "https://idp.test/other"), from, mismatch},
		{"T-OIDC-25: two slashes", set("issuer", "https://idp.test/realm//"), from, mismatch},
		{"T-OIDC-25: the path in other letters", set("issuer", "https://idp.test/Realm"), from, mismatch},
		{"T-OIDC-25: the issuer of all tenants", set("issuer", "https://idp.test/{tenantid}"), from, mismatch},
		{"T-OIDC-25: another place than the standard's", none, "https://idp.test/openid.json", mismatch},
		{"1.8: no token endpoint", set("token_endpoint", ""), from, cannot},
		{"1.8: no issuer", set("issuer", nil), from, cannot},
		{"1.8: no key set", set("jwks_uri", 5), from, cannot},
		{"T-OIDC-26: an endpoint by http", set("token_endpoint", "http://idp.test/token"), from, cannot},
		{"T-OIDC-26: an endpoint by http, the document by HTTPS in capitals", func(d map[string]any) {
			d["issuer"], d["token_endpoint"] = "HTTPS://idp.test/realm", "http://idp.test/token"
		}, "HTTPS://idp.test/realm/.well-known/openid-configuration", cannot},
		{"T-OIDC-26: an endpoint that is a script", set("authorization_endpoint", "javascript:alert(1)//"), from, cannot},
		{"T-OIDC-26: an endpoint with a user", set("jwks_uri", "https://a:b@idp.test/"), from, cannot},
		{"T-OIDC-26: an endpoint with a fragment", set("authorization_endpoint", "https://idp.test/#x"), from, cannot},
		{"T-DOS-07: an endless endpoint", set("token_endpoint", "https://idp.test/"+strings.Repeat("x", maxURL)), from, cannot},
		{"no code flow", set("response_types_supported", []string{"id_token"}), from, cannot},
		{"T-OIDC-10: symmetric algorithms alone", set("id_token_signing_alg_values_supported", []string{"HS256", "none"}), from, cannot},
		{"T-DOS-07: over 256 KiB", set("x", strings.Repeat("x", maxDocument)), from, cannot},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := goodDiscovery()
			row.given(d)
			p, err := ParseDiscovery(encode(t, d), row.from)
			if row.code != "" {
				if got := fault.From(err); err == nil || got.Code() != row.code || got.Status() != 422 || got.Meta()["param_name"] != "discovery_url" {
					t.Fatalf("got %v, want %s", err, row.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !p.IssuerInAnswer || !p.HasIDToken() || p.Validate() != nil || !slices.Equal(p.AuthMethods, []string{"client_secret_post", "private_key_jwt"}) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestParseDiscovery_SaysWhatStandsInThePlaceOfADocument(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                                "it is empty",
		" \n":                             "it is empty",
		"\n<!DOCTYPE html><p>Sign in":     "it is an HTML page, perhaps a login page",
		"<HTML lang=en>":                  "it is an HTML page, perhaps a login page",
		"\ufeff<?xml version='1.0'?><x/>": "it is XML, perhaps the metadata of SAML",
		"issuer":                          "it is not a sound JSON object",
		"[]":                              "it is not a sound JSON object",
	} {
		_, err := ParseDiscovery([]byte(raw), "https://idp.test/.well-known/openid-configuration")
		if !fault.Is(err, fault.OAuthCannotUseDiscoveryURL) || fault.From(err).Meta()["reason"] != want {
			t.Errorf("%q: %v, want %q", raw, err, want)
		}
	}
}

func TestParseDiscovery_KnowsGoogle(t *testing.T) {
	t.Parallel()
	d := goodDiscovery()
	d["issuer"] = googleIssuer
	p, err := ParseDiscovery(encode(t, d), DiscoveryURL(googleIssuer))
	if err != nil || p.Quirk != QuirkGoogle {
		t.Errorf("got %+v, %v", p, err)
	}
}

// T-OIDC-19.
func TestParseDiscovery_NamesAreExactAndOccurOnce(t *testing.T) {
	t.Parallel()
	good := string(encode(t, goodDiscovery()))
	for name, doc := range map[string]string{
		"twice":            strings.Replace(good, `"issuer"`, `"issuer":"https://evil.test","issuer"`, 1),
		"in other letters": strings.Replace(good, `"issuer"`, `"Issuer"`, 1),
		"not JSON":         "<html>",
		"a list":           "[" + good + "]",
		"not UTF-8":        strings.Replace(good, "realm", "\xff", 1),
		"too deep":         strings.Replace(good, `"code"`, strings.Repeat("[", 40)+strings.Repeat("]", 40), 1),
	} {
		if _, err := ParseDiscovery([]byte(doc), DiscoveryURL("https://idp.test/realm")); !fault.Is(err, fault.OAuthCannotUseDiscoveryURL) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestDiscover_OverHTTP(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	d := p.described(p.client()) // T-RP-15
	if d.JWKSURI != p.server.URL+"/keys" || !slices.Equal(d.AuthMethods, []string{methodBasic}) {
		t.Errorf("got %+v", d)
	}
	const path = "/.well-known/openid-configuration"
	rows := map[string]struct {
		answer http.HandlerFunc
		code   fault.Code
		reason string
	}{
		"1.9: a page in place of JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<html>sign in"))
		}, fault.OAuthDiscoveryRetrievalError, "html"},
		"1.9: not found":         {http.NotFound, fault.OAuthDiscoveryRetrievalError, "status"},
		"1.9: an internal error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, fault.OAuthDiscoveryRetrievalError, "server_error"},
		"T-DOS-07: over 256 KiB": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"x":%q}`, strings.Repeat("x", maxDocument))
		}, fault.OAuthDiscoveryRetrievalError, "too_large"},
		"T-NET-05: compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte("{}"))
		}, fault.OAuthDiscoveryRetrievalError, "not_json"},
		"an empty object":         {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) }, fault.OAuthCannotUseDiscoveryURL, "unusable"},
		"T-RP-17: another issuer": {func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(goodDiscovery()) }, fault.OAuthDiscoveryIssuerMismatch, "issuer"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.on(path, row.answer)
			_, err := p.client().Discover(t.Context(), p.server.URL+path)
			wantFault(t, err, row.code, row.reason)
		})
	}
	if _, err := p.client().Discover(t.Context(), "file:///etc/passwd"); !fault.Is(err, fault.OAuthCannotUseDiscoveryURL) {
		t.Errorf("got %v", err)
	}
	p.server.Close()
	_, err := p.client().Discover(t.Context(), p.server.URL+path)
	wantFault(t, err, fault.OAuthDiscoveryRetrievalError, "unreachable")
}

// T-OIDC-26: where calls lead is the guarded client's business; what it refuses
// looks like a host that does not answer.
func TestDiscover_ThroughTheGuardedClient(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	guarded := httpio.NewClient(httpio.ClientOptions{Now: noon})
	_, err := NewClient(guarded.HTTP(), noon).Discover(t.Context(), DiscoveryURL(p.server.URL))
	wantFault(t, err, fault.OAuthDiscoveryRetrievalError, "unreachable")
	if p.called("/.well-known/openid-configuration") != 0 {
		t.Error("a private address was called")
	}
	open := httpio.NewClient(httpio.ClientOptions{Now: noon, AllowPrivate: true})
	c := NewClient(open.HTTP(), noon)
	r, err := c.Redeem(t.Context(), testExchange(), p.wants(c, "family_name"))
	wantTEE(t, r, err, "")
	p.on("/token", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	r, err = c.Redeem(t.Context(), testExchange(), p.wants(c))
	wantTEE(t, r, err, "redirected")
}

// T-OIDC-26: what was stored stays until somebody has looked at the change.
func TestProvider_MovedNamesWhatIsAtAnotherHost(t *testing.T) {
	t.Parallel()
	old := Provider{
		Issuer: "https://idp.test", AuthorizationEndpoint: "https://idp.test/a", TokenEndpoint: "https://idp.test/t",
		JWKSURI: "https://idp.test/k", UserInfoEndpoint: "https://idp.test/u",
	}
	next := old
	next.TokenEndpoint, next.JWKSURI = "https://idp.test/t2", "https://IDP.test/k"
	if got := old.Moved(next); len(got) != 0 {
		t.Errorf("another path: got %v", got)
	}
	next.Issuer, next.TokenEndpoint, next.UserInfoEndpoint = "https://idp2.test", "https://evil.test/t", ""
	if got, want := strings.Join(old.Moved(next), " "), "issuer token_endpoint userinfo_endpoint"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	next = old
	next.TokenEndpoint = "http://idp.test/t"
	if got := old.Moved(next); !slices.Equal(got, []string{"token_endpoint"}) {
		t.Errorf("another scheme: got %v", got)
	}
}

// 1.8: a connection set up by hand; all faults are told at once.
func TestProvider_ValidateTellsAllFaults(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		given Provider
		want  string
	}{
		"nothing": {Provider{}, "authorization_endpoint token_endpoint userinfo_endpoint"},
		"user information alone": {Provider{
			AuthorizationEndpoint: "https://i.test/a", TokenEndpoint: "https://i.test/t", UserInfoEndpoint: "https://i.test/u",
		}, ""},
		"issuer and keys alone": {Provider{
			AuthorizationEndpoint: "https://i.test/a", TokenEndpoint: "https://i.test/t", Issuer: "i", JWKSURI: "https://i.test/k",
		}, ""},
		"an issuer without keys": {Provider{
			AuthorizationEndpoint: "https://i.test/a", TokenEndpoint: "x", Issuer: "i", UserInfoEndpoint: "https://i.test/u",
		}, "token_endpoint jwks_uri"},
		"keys without an issuer": {Provider{
			AuthorizationEndpoint: "https://i.test/a", TokenEndpoint: "https://i.test/t", JWKSURI: "https://i.test/k", UserInfoEndpoint: "https://i.test/u",
		}, "issuer"},
	}
	for _, half := range []Provider{{Issuer: "i"}, {JWKSURI: "k"}} {
		if half.HasIDToken() {
			t.Errorf("an ID token is expected of %+v", half)
		}
	}
	for name, row := range rows {
		var got []string
		if err := row.given.Validate(); err != nil {
			for _, f := range fault.All(err) {
				field, _ := f.Details()["field"].(string)
				got = append(got, field)
			}
		}
		if s := strings.Join(got, " "); s != row.want {
			t.Errorf("%s: got %q, want %q", name, s, row.want)
		}
	}
}
