package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Threats T-NET-01 and T-NET-03: deliveries are not led to private addresses, nor
// anywhere by a redirect; a development server may call its own machine.
func TestWebhookCaller_IsGuarded(t *testing.T) {
	t.Parallel()
	asked := 0
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer site.Close()
	post := func(cfg Config, url string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		return cfg.webhookCaller(time.Now)().Do(r)
	}
	for _, url := range []string{site.URL, strings.Replace(site.URL, "http:", "https:", 1), "https://10.0.0.1/", "https://169.254.169.254/", "https://localhost/"} {
		if resp, err := post(Config{}, url); err == nil {
			resp.Body.Close()
			t.Errorf("%s was called", url)
		}
	}
	if asked != 0 {
		t.Errorf("the machine itself was asked %d times", asked)
	}
	resp, err := post(Config{Development: true}, site.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTemporaryRedirect || asked != 1 {
		t.Errorf("status %d after %d requests, want the redirect as the answer", resp.StatusCode, asked)
	}
}
