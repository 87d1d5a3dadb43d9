package backendapi_test

import (
	"net/http"
	"testing"
	"time"

	"usher/internal/backendapi"
	"usher/internal/httpio"
)

func routes(api *backendapi.API) http.Handler {
	mux := http.NewServeMux()
	api.Routes(mux)
	return mux
}

func TestAPI_LimitsCalls(t *testing.T) { // threat T-DOS-09
	each(t, func(t *testing.T, f *fixture) {
		user := str(f.user("carol@globex.test", nil), "id")
		now := func() time.Time { return f.now }
		mux := http.NewServeMux()
		(&backendapi.API{
			Manage: f.tools.Manage, SignIn: f.tools.SignIn, Sessions: f.tools.Sessions, BaseURL: baseURL,
			Calls:   httpio.NewLimiter(httpio.Limit{Events: 5, Per: 1000 * time.Second}, 2, now),
			Changes: httpio.NewLimiter(httpio.Limit{Events: 2, Per: 1000 * time.Second}, 100, now),
		}).Routes(mux)
		f.handler = mux
		stranger := f.with("Authorization", "Bearer sk_test_unknown")
		for range 10 {
			stranger.refuses("GET", "/users", nil, 401, "clerk_key_invalid") // they use up nothing
		}
		f.call("PATCH", "/users/"+user, object{"first_name": "A"})
		f.call("PATCH", "/users/"+user+"/metadata", nil)
		w := f.send("PUT", "/users/"+user+"/metadata", nil)
		if w.Code != 429 || w.Header().Get("Retry-After") == "" {
			t.Errorf("a third change: got %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
		f.call("GET", "/users/count", nil)
		f.call("GET", "/users/count", nil)
		e := f.refuses("GET", "/users/count", nil, 429, "too_many_requests")
		if e.Meta["resets_in"] == nil {
			t.Error("it does not say when")
		}
		f.call("GET", "/jwks", nil)
	})
}

// Behaviour 7.A: changes of one thing count together, those of another apart.
func TestAPI_LimitsChangesOfOneThing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		carol, dora := str(f.user("carol@globex.test", nil), "id"), str(f.user("dora@globex.test", nil), "id")
		org, other := f.organization("Globex"), f.organization("Initech")
		for _, u := range []string{carol, dora} {
			f.call("POST", "/organizations/"+org+"/memberships", object{"user_id": u, "role": "org:member"})
		}
		now := func() time.Time { return f.now }
		f.handler = routes(&backendapi.API{
			Manage: f.tools.Manage, SignIn: f.tools.SignIn, Sessions: f.tools.Sessions, BaseURL: baseURL,
			Changes: httpio.NewLimiter(httpio.Limit{Events: 2, Per: 1000 * time.Second}, 100, now),
		})
		refuses := func(method, path string, body any) {
			t.Helper()
			w := f.send(method, path, body)
			if w.Code != 429 || w.Header().Get("Retry-After") == "" {
				t.Errorf("%s %s: got %d, Retry-After %q", method, path, w.Code, w.Header().Get("Retry-After"))
			}
		}
		f.call("PATCH", "/organizations/"+org, object{"name": "A"})
		f.call("PATCH", "/organizations/"+org+"/metadata", object{})
		refuses("PUT", "/organizations/"+org+"/metadata", object{})
		f.call("PATCH", "/organizations/"+other, object{"name": "B"})
		member := "/organizations/" + org + "/memberships/"
		f.call("PATCH", member+carol, object{"role": "org:admin"})
		f.call("PATCH", member+carol+"/metadata", object{})
		refuses("PATCH", member+carol, object{"role": "org:member"})
		f.call("PATCH", member+dora, object{"role": "org:admin"})
	})
}

// Behaviour 7.A: so many an hour over all nodes, whatever comes of them.
func TestAPI_LimitsInvitationsOfAnHour(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Globex")
		for path, most := range map[string]int{"/invitations/bulk": 25, "/organizations/" + org + "/invitations/bulk": 50} {
			for range most {
				f.refusal("POST", path, "[]", 422)
			}
			w := f.send("POST", path, "[]")
			if w.Code != 429 || w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: got %d, Retry-After %q", path, w.Code, w.Header().Get("Retry-After"))
			}
		}
		f.call("POST", "/invitations", object{"email_address": "ada@acme.test"}) // counted apart
		f.now = f.now.Add(time.Hour)
		f.refusal("POST", "/invitations/bulk", "[]", 422)
	})
}
