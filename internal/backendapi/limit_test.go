package backendapi_test

import (
	"net/http"
	"testing"
	"time"

	"usher/internal/backendapi"
	"usher/internal/httpio"
)

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
