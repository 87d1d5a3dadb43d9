package backendapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
)

func TestAPI_AsksForAValidSecretKey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		revoked, err := f.tools.Manage.NewSecretKey(t.Context(), "revoked", false)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.tools.DB.Write(t.Context(), func(tx *store.Tx) error {
			keys, err := tx.SecretKeys()
			if err != nil {
				return err
			}
			i := slices.IndexFunc(keys, func(k identity.SecretKey) bool { return k.Name == "revoked" })
			_, err = tx.RevokeSecretKey(keys[i].ID, f.now)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		tests := map[string]struct { // threat T-API-01
			headers []string
			code    string
		}{
			"no key":                     {nil, "authorization_header_format_invalid"},
			"an empty header":            {[]string{""}, "authorization_header_format_invalid"},
			"another scheme":             {[]string{"Basic " + testKey}, "authorization_header_format_invalid"},
			"a scheme in small letters":  {[]string{"bearer " + testKey}, "authorization_header_format_invalid"},
			"no scheme":                  {[]string{testKey}, "authorization_header_format_invalid"},
			"an empty key":               {[]string{"Bearer "}, "authorization_header_format_invalid"},
			"two keys in one header":     {[]string{"Bearer " + testKey + " " + testKey}, "authorization_header_format_invalid"},
			"two headers":                {[]string{"Bearer " + testKey, "Bearer " + testKey}, "authorization_header_format_invalid"},
			"an unknown key":             {[]string{"Bearer sk_test_unknown"}, "clerk_key_invalid"},
			"the beginning of a key":     {[]string{"Bearer " + testKey[:30]}, "clerk_key_invalid"},
			"a publishable key":          {[]string{"Bearer pk_test_c2lnbi1pbi5leGFtcGxlLnRlc3Qk"}, "clerk_key_invalid"},
			"a revoked key":              {[]string{"Bearer " + revoked}, "clerk_key_invalid"},
			"a key with a NUL character": {[]string{"Bearer sk_test_\x00"}, "clerk_key_invalid"},
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				g := f.with("Authorization", test.headers...)
				g.t = t
				g.refuses("GET", "/users", nil, http.StatusUnauthorized, test.code)
			})
		}
		other := f.with("Authorization", "Bearer "+f.newKey())
		other.call("GET", "/users/count", nil)
	})
}

// The check stands in front of handlers: no spelling of a path goes around it,
// and a path that leads nowhere does not say so to a stranger.
func TestAPI_ChecksTheKeyInFrontOfEachHandler(t *testing.T) { // threat T-API-08
	each(t, func(t *testing.T, f *fixture) {
		stranger := f.with("Authorization")
		for _, path := range []string{"/users", "/users/", "/users/%2e%2e/users", "/jwks", "/nowhere", "/"} {
			stranger.refuses("GET", path, nil, http.StatusUnauthorized, "authorization_header_format_invalid")
		}
		for _, path := range []string{"/nowhere", "/users/", "/users/user_1/nowhere", "/"} {
			f.refuses("GET", path, nil, http.StatusNotFound, "resource_not_found")
		}
	})
}

func TestAPI_SpeaksTheVersionsThatArePublished(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const header = "Clerk-API-Version"
		for _, v := range []string{"2021-02-05", "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", "2026-05-12", "2026-08-20", "2027-01-01"} {
			f.with(header, v).call("GET", "/users/count", nil)
			f.call("GET", "/users/count?__clerk_api_version="+v, nil)
		}
		for _, v := range []string{"", "1", "2020-01-01", "2025-04-11", "2026-05-12 ", "latest", "2026-05-12x", "9999-99-99", "2026-xx-yy"} {
			f.with(header, v).refuses("GET", "/users/count", nil, http.StatusBadRequest, "api_version_invalid")
		}
		both := "/users/count?__clerk_api_version=2026-05-12"
		f.with(header, "2026-05-12").refuses("GET", both, nil, http.StatusBadRequest, "api_version_invalid")
		f.with(header, "2026-05-12", "2026-05-12").refuses("GET", "/users/count", nil, http.StatusBadRequest, "api_version_invalid")
		f.refuses("GET", both+"&__clerk_api_version=2026-05-12", nil, http.StatusBadRequest, "api_version_invalid")
	})
}

func TestAPI_TakesJSONOfOneMeaning(t *testing.T) { // threat T-API-06
	each(t, func(t *testing.T, f *fixture) {
		for name, test := range map[string]struct {
			body   string
			status int
			codes  []string
		}{
			"not JSON":                {`name=Acme`, 400, []string{"request_body_invalid <nil>"}},
			"an array":                {`[]`, 400, []string{"request_body_invalid <nil>"}},
			"a text":                  {`"name"`, 400, []string{"request_body_invalid <nil>"}},
			"two objects":             {`{"name":"A"}{"name":"B"}`, 400, []string{"request_body_invalid <nil>"}},
			"cut off":                 {`{"name":"A"`, 400, []string{"request_body_invalid <nil>"}},
			"a NUL character":         {`{"name":"A\u0000"}`, 400, []string{"request_body_invalid <nil>"}},
			"bad UTF-8":               {"{\"name\":\"A\xff\"}", 400, []string{"request_body_invalid <nil>"}},
			"half a surrogate pair":   {`{"name":"A\ud800"}`, 400, []string{"request_body_invalid <nil>"}},
			"depth 1,000":             {`{"public_metadata":` + strings.Repeat(`{"a":`, 1000) + `1` + strings.Repeat(`}`, 1001), 400, []string{"request_body_invalid <nil>"}},
			"a number of 400 digits":  {`{"name":"A","public_metadata":{"n":1e400}}`, 400, []string{"request_body_invalid <nil>"}},
			"a name twice":            {`{"name":"A","name":"B"}`, 422, []string{"form_param_duplicate name"}},
			"a name in other letters": {`{"Name":"A"}`, 422, []string{"form_param_unknown Name"}},
			"unknown names, all listed": {
				`{"name":"A","private":1,"owner":{},"public_metadata":{"free":1}}`, 422,
				[]string{"form_param_unknown owner", "form_param_unknown private"},
			},
			"wrong types, all listed": {
				`{"name":1,"slug":["a"],"max_allowed_memberships":"5","admin_delete_enabled":0,"public_metadata":[]}`, 422,
				[]string{
					"form_param_type_invalid admin_delete_enabled", "form_param_type_invalid max_allowed_memberships",
					"form_param_type_invalid name", "form_param_type_invalid public_metadata", "form_param_type_invalid slug",
				},
			},
			"a missing name": {`{}`, 422, []string{"form_param_missing name"}},
			"a null name":    {`{"name":null}`, 422, []string{"form_param_missing name"}},
			"no body":        {``, 422, []string{"form_param_missing name"}},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				equal(t, "failures", codes(g.refusal("POST", "/organizations", test.body, test.status)), test.codes)
			})
		}
		f.with("Content-Type", "text/plain").refuses("POST", "/organizations", `{"name":"A"}`, 415, "unsupported_content_type")
		f.with("Content-Type").refuses("POST", "/organizations", `{"name":"A"}`, 415, "unsupported_content_type")
		f.with("Content-Type", "application/json; charset=utf-8").call("POST", "/organizations", `{"name":"A"}`)
		equal(t, "organizations made by all that", f.call("GET", "/organizations", nil)["total_count"], 1.0)
	})
}

// A name in a path is as hostile as a body; both engines must say the same.
func TestAPI_AnUnknownIDIsNotFoundWhateverItLooksLike(t *testing.T) { // threats T-API-02, T-API-06
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		session := c.signIn()
		other := f.organization("Globex")
		user := str(f.user("carol@globex.test", nil), "id")
		for _, id := range []string{"user_1", "x", "%00", "%ff", "%27%20OR%201=1", strings.Repeat("a", 5000), c.org, session} {
			f.refuses("GET", "/users/"+id, nil, 404, "resource_not_found")
			f.refuses("PATCH", "/users/"+id, object{"first_name": "X"}, 404, "resource_not_found")
			f.refuses("DELETE", "/users/"+id, nil, 404, "resource_not_found")
			f.refuses("POST", "/users/"+id+"/ban", nil, 404, "resource_not_found")
			f.refuses("GET", "/users/"+id+"/organization_memberships", nil, 404, "resource_not_found")
		}
		for _, id := range []string{"ssoa_1", "x", user} {
			f.refuses("GET", "/sso_attempts/"+id, nil, 404, "sso_attempt_not_found")
		}
		for _, id := range []string{"sess_1", "%00", "%ff", user} {
			f.refuses("GET", "/sessions/"+id, nil, 404, "resource_not_found")
			f.refuses("POST", "/sessions/"+id+"/revoke", nil, 404, "resource_not_found")
			f.refuses("POST", "/sessions/"+id+"/tokens", nil, 404, "resource_not_found")
			f.refuses("GET", "/enterprise_connections/"+id, nil, 404, "resource_not_found")
			f.refuses("PATCH", "/enterprise_connections/"+id, object{"name": "X"}, 404, "resource_not_found")
			f.refuses("DELETE", "/enterprise_connections/"+id, nil, 404, "resource_not_found")
			f.refuses("POST", "/enterprise_connections/"+id+"/keys", nil, 404, "resource_not_found")
			f.refuses("GET", "/organizations/"+id, nil, 404, "resource_not_found")
			f.refuses("GET", "/organizations/"+id+"/memberships", nil, 404, "resource_not_found")
			f.refuses("DELETE", "/organizations/"+c.org+"/memberships/"+id, nil, 404, "resource_not_found")
		}
		f.refuses("DELETE", "/organizations/"+other+"/memberships/"+str(f.call("GET", "/sessions/"+session, nil), "user_id"), nil, 404, "resource_not_found")
		f.refuses("POST", "/organizations/"+c.org+"/memberships", object{"user_id": "user_none", "role": "org:member"}, 404, "resource_not_found")
		f.refuses("POST", "/organizations/"+c.org+"/memberships", object{"user_id": user, "role": "org:nobody"}, 404, "resource_not_found")
	})
}

func TestAPI_PublishesTheKeySet(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		keys, _ := f.call("GET", "/jwks", nil)["keys"].([]any)
		if len(keys) != 1 {
			t.Fatalf("got %d keys, want 1", len(keys))
		}
		for name, want := range map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "e": "AQAB"} {
			equal(t, name, str(keys[0], name), want)
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			if at(keys[0], private) != nil {
				t.Errorf("the public key set shows %q", private)
			}
		}
	})
}

func TestLists_AreBoundedAndOrdered(t *testing.T) { // threat T-API-07
	each(t, func(t *testing.T, f *fixture) {
		for _, name := range []string{"beta", "alpha", "gamma"} {
			f.user(name+"@globex.test", object{"first_name": name})
			f.organization(name)
		}
		emails := func(query string) []string {
			var out []string
			for _, u := range items(f.read("GET", "/users"+query, nil, 200)) {
				out = append(out, u["first_name"].(string))
			}
			return out
		}
		equal(t, "newest first", emails(""), []string{"gamma", "alpha", "beta"})
		equal(t, "oldest first", emails("?order_by=created_at"), []string{"beta", "alpha", "gamma"})
		equal(t, "with a plus", emails("?order_by=%2Bcreated_at"), []string{"beta", "alpha", "gamma"})
		equal(t, "by first name", emails("?order_by=-first_name"), []string{"gamma", "beta", "alpha"})
		equal(t, "by address", emails("?order_by=email_address"), []string{"alpha", "beta", "gamma"})
		equal(t, "a page", emails("?limit=1&offset=1"), []string{"alpha"})
		equal(t, "beyond the end", emails("?offset=2147483000"), []string(nil))
		orgs := f.call("GET", "/organizations?order_by=name&limit=2", nil)
		equal(t, "organizations by name", pick(orgs, "slug"), []string{"alpha", "beta"})
		equal(t, "total", orgs["total_count"], 3.0)
		f.call("GET", "/organizations?order_by=-members_count", nil)
		for _, list := range []string{
			"/users", "/organizations", "/organization_memberships", "/organizations/alpha/memberships",
			"/enterprise_connections", "/sessions", "/sso_attempts",
		} {
			f.read("GET", list+"?limit=500&offset=0", nil, 200)
			for _, query := range []string{
				"limit=0", "limit=501", "limit=-1", "limit=1e3", "limit=x", "offset=-1", "offset=1000000000000000000", "offset=1.5",
			} {
				name, _, _ := strings.Cut(query, "=")
				e := f.refuses("GET", list+"?"+query, nil, 422, "form_param_value_invalid")
				equal(t, list+" "+query, e.Meta["param_name"], any(name))
			}
			f.refuses("GET", list+"?limit=1&limit=2", nil, 422, "form_param_duplicate")
		}
		for _, list := range []string{"/users", "/organizations", "/organization_memberships", "/organizations/alpha/memberships"} {
			for _, order := range []string{"password_hash", "id%3BDROP TABLE users", "u.id", "--created_at", "created_at desc"} {
				f.refuses("GET", list+"?order_by="+strings.ReplaceAll(order, " ", "%20"), nil, 422, "form_param_value_invalid")
			}
		}
		both := f.refusal("GET", "/users?limit=0&offset=x&banned=perhaps&order_by=no", nil, 422)
		equal(t, "all that is wrong", codes(both), []string{
			"form_param_value_invalid banned", "form_param_value_invalid limit", "form_param_value_invalid offset", "form_param_value_invalid order_by",
		})
	})
}

// A filter that is not known must not be taken for none: the caller would get
// everybody.
func TestLists_RefuseWhatTheyCannotFilterBy(t *testing.T) { // threat T-API-03
	each(t, func(t *testing.T, f *fixture) {
		f.organization("Alpha")
		for _, path := range []string{
			"/users?email_query=a", "/users/count?nameQuery=a", "/users?emailAddress=a@b.test",
			"/organizations?slug=alpha", "/organizations/alpha/memberships?shoe_size=a",
			"/organization_memberships?user_id=user_1", "/enterprise_connections?domain=a.test",
			"/sessions?email_address=a@b.test", "/sso_attempts?user_id=user_1",
		} {
			f.refuses("GET", path, nil, 422, "form_param_unknown")
		}
		f.read("GET", "/users?paginated=true&__clerk_api_version=2025-04-10", nil, 200)
	})
}
