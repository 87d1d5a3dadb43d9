package backendapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

// tokenPart reads a part of a token.
func tokenPart(t *testing.T, token string, i int) object {
	t.Helper()
	var o object
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func claimsOf(t *testing.T, token string) object {
	t.Helper()
	return tokenPart(t, token, 1)
}

func TestTemplates_AreMadeReadChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := f.call("POST", "/jwt_templates", object{"name": "hasura", "claims": object{"a": "{{user.id}}"}})
		for name, want := range map[string]any{"lifetime": 60.0, "allowed_clock_skew": 5.0, "custom_signing_key": false, "signing_algorithm": "RS256"} {
			equal(t, name, made[name], want)
		}
		path := "/jwt_templates/" + str(made, "id")
		equal(t, "read", f.call("GET", path, nil), made)
		secret := strings.Repeat("s", 32)
		changed := f.call("PATCH", path, object{
			"name": "hasura", "claims": object{"b": 1}, "lifetime": 3600, "allowed_clock_skew": 0, "custom_signing_key": true, "signing_algorithm": "HS256", "signing_key": secret,
		})
		equal(t, "claims", changed["claims"], any(object{"b": 1.0}))
		equal(t, "lifetime", changed["lifetime"], any(3600.0))
		equal(t, "its own key", changed["custom_signing_key"], any(true))
		if text := f.send("GET", path, nil).Body.String(); strings.Contains(text, secret) {
			t.Errorf("the key shows: %s", text) // threat T-SEC-04
		}
		f.call("POST", "/jwt_templates", object{"name": "other", "claims": object{}})
		equal(t, "list", pick(f.read("GET", "/jwt_templates", nil, 200), "name"), []string{"other", "hasura"})
		f.refuses("POST", "/jwt_templates", object{"name": "hasura", "claims": object{}}, 422, "form_already_exists")
		f.refuses("PATCH", path, object{"name": "other"}, 422, "form_already_exists")
		f.call("DELETE", path, nil)
		f.refuses("GET", path, nil, 404, "resource_not_found")
		f.refuses("PATCH", path, object{"name": "x"}, 404, "resource_not_found")
		f.refuses("DELETE", path, nil, 404, "resource_not_found")
		equal(t, "audit log", f.audited(str(made, "id")), []string{"jwt_template.created", "jwt_template.deleted", "jwt_template.updated"})
	})
}

func TestTemplates_RefuseWhatCannotBe(t *testing.T) { // threat T-API-14
	each(t, func(t *testing.T, f *fixture) {
		for name, test := range map[string]struct {
			claims any
			more   object
			status int
			code   string
		}{
			"private metadata":           {object{"a": "{{user.private_metadata.crm}}"}, nil, 422, "form_param_value_invalid"},
			"a name that there isn't":    {object{"a": "{{user.password_hash}}"}, nil, 422, "form_param_value_invalid"},
			"code":                       {object{"a": "{{7*7}}"}, nil, 422, "form_param_value_invalid"},
			"a call":                     {object{"a": "{{user.id.toString()}}"}, nil, 422, "form_param_value_invalid"},
			"another template language":  {object{"a": "{{#each user}}{{/each}}"}, nil, 422, "form_param_value_invalid"},
			"a shortcode without an end": {object{"a": "x {{user.id"}, nil, 422, "form_param_value_invalid"},
			"deep inside":                {object{"a": []any{object{"b": "{{x}}"}}}, nil, 422, "form_param_value_invalid"},
			"depth 20":                   {deep(20), nil, 422, "form_param_value_invalid"},
			"too large":                  {object{"a": strings.Repeat("x", 9<<10)}, nil, 422, "form_param_exceeds_allowed_size"},
			"a reserved claim":           {object{"sub": "user_admin"}, nil, 400, "jwt_template_reserved_claim"},
			"no claims":                  {nil, nil, 422, "form_param_missing"},
			"a short life":               {object{}, object{"lifetime": 29}, 422, "form_param_value_invalid"},
			"a long life":                {object{}, object{"lifetime": 315360001}, 422, "form_param_value_invalid"},
			"a wide clock":               {object{}, object{"allowed_clock_skew": 301}, 422, "form_param_value_invalid"},
			"a name with a slash":        {object{}, object{"name": "a/b"}, 422, "form_param_format_invalid"},
			"no name":                    {object{}, object{"name": ""}, 422, "form_param_missing"},
			"an algorithm without a key": {object{}, object{"custom_signing_key": true, "signing_algorithm": "HS256"}, 422, "form_conditional_param_missing"},
			"an algorithm alone":         {object{}, object{"signing_algorithm": "HS256"}, 422, "form_conditional_param_missing"},
			"no signature at all":        {object{}, object{"custom_signing_key": true, "signing_algorithm": "none", "signing_key": "x"}, 422, "form_param_value_invalid"},
			"a short secret":             {object{}, object{"custom_signing_key": true, "signing_algorithm": "HS256", "signing_key": "short"}, 422, "form_param_value_invalid"},
			"a secret for RSA":           {object{}, object{"custom_signing_key": true, "signing_algorithm": "RS256", "signing_key": strings.Repeat("x", 64)}, 422, "form_param_value_invalid"},
			"a key of another curve":     {object{}, object{"custom_signing_key": true, "signing_algorithm": "ES384", "signing_key": ecKey(t)}, 422, "form_param_value_invalid"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				body := object{"name": "x", "claims": test.claims}
				for k, v := range test.more {
					body[k] = v
				}
				g.refuses("POST", "/jwt_templates", body, test.status, test.code)
			})
		}
		equal(t, "templates made by all that", f.read("GET", "/jwt_templates", nil, 200), any([]any{}))
	})
}

// Threat T-SES-04: Clerk's clients take a token for a handshake, or for a session's,
// by such claims.
func TestTemplates_RefuseClaimsThatClientsTrust(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := "/jwt_templates/" + str(f.call("POST", "/jwt_templates", object{"name": "good", "claims": object{"a": object{"sid": 1}}}), "id")
		for _, claim := range []string{"handshake", "sub", "sid", "o", "act", "iss"} {
			claims := object{claim: "{{user.unsafe_metadata.x}}"}
			f.refuses("POST", "/jwt_templates", object{"name": "x", "claims": claims}, 400, "jwt_template_reserved_claim")
			f.refuses("PATCH", made, object{"claims": claims}, 400, "jwt_template_reserved_claim")
		}
	})
}

func ecKey(t *testing.T) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func TestTemplates_MintTokens(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		session := company.signIn()
		alice := str(f.call("GET", "/sessions/"+session, nil), "user_id")
		f.call("PATCH", "/users/"+alice, object{"public_metadata": object{"plan": object{"seats": 5}}, "private_metadata": object{"crm": 7}, "last_name": ""})
		f.call("POST", "/jwt_templates", object{"name": "app", "lifetime": 300, "allowed_clock_skew": 20, "claims": object{
			"id": "{{user.id}}", "mail": "<{{user.primary_email_address}}>", "verified": "{{user.email_verified}}", "seats": "{{user.public_metadata.plan.seats}}",
			"meta": "{{user.public_metadata}}", "none": "{{user.public_metadata.plan.none.deeper}}", "or": "{{user.last_name || user.username || 'nobody'}}",
			"or_number": "{{user.username || 3}}", "text": "{{user.username}}-{{user.public_metadata.plan}}", "role": "{{org.role}}", "slug": "{{org.slug}}",
			"orgs": "{{user.organizations}}", "permissions": "{{org_membership.permissions}}", "actor": "{{session.actor}}", "plain": []any{1, true, "x"}, "aud": "other",
			"hostile": "{{user.first_name}}",
		}})
		f.call("PATCH", "/users/"+alice, object{"first_name": "{{user.private_metadata}}"})
		path := "/sessions/" + session + "/tokens/app"
		token := str(f.call("POST", path, nil), "jwt")
		claims := claimsOf(t, token)
		now := float64(f.now.Unix())
		if len(claims["jti"].(string)) < 20 {
			t.Errorf("jti %v", claims["jti"])
		}
		delete(claims, "jti")
		equal(t, "claims", claims, object{
			"id": alice, "mail": "<alice@acme.test>", "verified": true, "seats": 5.0, "meta": object{"plan": object{"seats": 5.0}}, "none": nil, "or": "nobody",
			"or_number": 3.0, "text": `-{"seats":5}`, "role": "org:member", "slug": "acme", "orgs": object{company.org: "org:member"}, "permissions": []any{},
			"actor": nil, "plain": []any{1.0, true, "x"}, "aud": "other", "hostile": "{{user.private_metadata}}", // a value is never a template
			"exp": now + 300, "iat": now, "nbf": now - 20, "iss": "https://sign-in.example.test", "sub": alice,
		})
		header := tokenPart(t, token, 0)
		equal(t, "it is no session token", header["cat"], any("cl_B7d4PD222AAA"))
		equal(t, "key", header["kid"], f.call("GET", "/jwks", nil)["keys"].([]any)[0].(object)["kid"])
		equal(t, "a life of its own", claimsOf(t, str(f.call("POST", path, object{"expires_in_seconds": 30}), "jwt"))["exp"], any(float64(f.now.Unix()+30)))
		f.refuses("POST", path, object{"expires_in_seconds": 29}, 422, "form_param_value_invalid")
		f.refuses("POST", "/sessions/"+session+"/tokens/none", nil, 404, "resource_not_found")
		f.refuses("POST", "/sessions/sess_x/tokens/app", nil, 404, "resource_not_found")
		f.call("POST", "/users/"+alice+"/lock", nil)
		f.refuses("POST", path, nil, 403, "user_locked")
		f.call("POST", "/users/"+alice+"/unlock", nil)
		f.call("POST", "/sessions/"+session+"/revoke", nil)
		f.refuses("POST", path, nil, 401, "authentication_invalid")
	})
}

func TestTemplates_SignWithTheirOwnKey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		session := f.company().signIn()
		mint := func(name, algorithm, key string) []string {
			f.call("POST", "/jwt_templates", object{"name": name, "claims": object{}, "custom_signing_key": true, "signing_algorithm": algorithm, "signing_key": key})
			token := str(f.call("POST", "/sessions/"+session+"/tokens/"+name, nil), "jwt")
			header := tokenPart(t, token, 0)
			equal(t, "algorithm", header["alg"], any(algorithm))
			equal(t, "it names no key of ours", header["kid"], any(nil))
			return strings.Split(token, ".")
		}
		secret := strings.Repeat("k", 32)
		parts := mint("shared", "HS256", secret)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(parts[0] + "." + parts[1]))
		equal(t, "HMAC", parts[2], base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))

		key := ecKey(t)
		parts = mint("curve", "ES256", key)
		block, _ := pem.Decode([]byte(key))
		private, err := x509.ParseECPrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil || len(sig) != 64 {
			t.Fatalf("a signature of %d bytes, want 64: %v", len(sig), err)
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if !ecdsa.Verify(&private.PublicKey, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
			t.Error("the signature does not verify")
		}
	})
}
