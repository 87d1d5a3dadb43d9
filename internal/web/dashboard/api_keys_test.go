package dashboard_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"usher/internal/fault"
)

func TestAPIKeys_AreShownOnceAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		made := s.post("/dashboard/api-keys", url.Values{"name": {"billing"}}, http.StatusOK)
		key := regexp.MustCompile(`sk_live_[A-Za-z0-9_-]+`).FindString(made)
		id, err := s.tools.Manage.Authenticate(t.Context(), key)
		if err != nil {
			t.Fatalf("the key that was shown: %v", err)
		}
		list := s.get("/dashboard/api-keys", http.StatusOK)
		s.says(list, "billing", "Valid")
		if regexp.MustCompile(`sk_live_`).MatchString(list) {
			t.Error("the list shows the key")
		}
		s.says(s.get("/dashboard/api-keys/"+string(id)+"/revoke", http.StatusOK), "Revoke billing?")
		s.says(s.get(s.post("/dashboard/api-keys/"+string(id)+"/revoke", nil, http.StatusSeeOther), http.StatusOK), "has been revoked", "Revoked")
		if _, err := s.tools.Manage.Authenticate(t.Context(), key); !fault.Is(err, fault.SecretKeyInvalid) {
			t.Errorf("the revoked key: %v", err)
		}
		s.get("/dashboard/api-keys/"+string(id)+"/revoke", http.StatusNotFound)
	})
}

func TestAPIKeys_AreMadeOnlyShortlyAfterSigningIn(t *testing.T) { // threat T-API-12
	s := onSQLite(t)
	s.clock.Advance(10 * time.Minute)
	s.says(s.get("/dashboard/api-keys/new", http.StatusForbidden), "Sign in again")
	s.post("/dashboard/api-keys", url.Values{"name": {"billing"}}, http.StatusForbidden)
	s.operate()
	s.get("/dashboard/api-keys/new", http.StatusOK)
}
