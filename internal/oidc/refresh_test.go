package oidc

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// T-EASIE-09: three values, never an error that looks like a person who is gone.
func TestRefresh(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) {
			p.on("/token", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			})
		}
	}
	set := func(name string, value any) func(*testing.T, *provider) {
		return func(_ *testing.T, p *provider) { p.token.claims[name] = value }
	}
	rows := []struct {
		name    string
		given   func(*testing.T, *provider)
		want    Liveness
		reason  string
		refused bool
	}{
		{"T-RP-27: a new ID token", func(*testing.T, *provider) {}, Alive, "", false},
		{"T-RP-27: no nonce in it", func(_ *testing.T, p *provider) { delete(p.token.claims, "nonce") }, Alive, "", false},
		{"T-RP-27: no ID token", func(_ *testing.T, p *provider) { p.token = nil }, Alive, "", false},
		{"T-RP-27: another issuer", set("iss", "https://evil.test"), Unknown, "iss", true},
		{"T-RP-27: another sub", set("sub", "u-2"), Unknown, "sub", true},
		{"T-RP-27: another audience", set("aud", "other"), Unknown, "aud", true},
		{"T-RP-27: a bad signature", func(_ *testing.T, p *provider) { p.token.key = testSigners().rsa2 }, Unknown, "signature", true},
		{"T-RP-27: alg none", func(t *testing.T, p *provider) {
			p.token.raw = hand(`{"alg":"none"}`, string(encode(t, p.token.claims)), unsigned)
		}, Unknown, "alg", true},
		{"the keys cannot be had", func(_ *testing.T, p *provider) {
			p.on("/keys", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		}, Unknown, "keys_unavailable", false},
		{"invalid_grant", says(400, `{"error":"invalid_grant"}`), Gone, "invalid_grant", false},
		{"Google: deleted", says(400, `{"error":"invalid_grant","error_description":"Account has been deleted"}`), Gone, "invalid_grant", false},
		{"Entra ID: disabled", says(400, `{"error":"invalid_grant","error_codes":[50057]}`), Gone, "person_gone", false},
		{"Entra ID: deleted", says(400, `{"error":"invalid_grant","error_description":"AADSTS50034: no such account"}`), Gone, "person_gone", false},
		{"Entra ID: a second factor is wanted", says(400, `{"error":"invalid_grant","error_codes":[50076],"suberror":"basic_action"}`), Unknown, "interaction_required", false},
		{"interaction_required", says(400, `{"error":"interaction_required"}`), Unknown, "interaction_required", false},
		{"our own secret is wrong", says(401, `{"error":"invalid_client"}`), Unknown, "invalid_client", false},
		{"a number of Entra ID with another error", says(400, `{"error":"temporarily_unavailable","error_codes":[50057]}`), Unknown, "server_error", false},
		{"down", says(503, `{"error":"invalid_grant"}`), Unknown, "server_error", false},
		{"busy", says(429, `{"error":"invalid_grant"}`), Unknown, "rate_limited", false},
		{"a page", says(200, "<html>"), Unknown, "html", false},
		{"nothing in it", says(200, "{}"), Unknown, "malformed", false},
		{"unreachable", func(_ *testing.T, p *provider) { p.server.Close() }, Unknown, "unreachable", false},
	}
	for _, row := range rows {
		t.Run("T-EASIE-09: "+row.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			c := p.client()
			r := RefreshRequest{
				Provider: p.described(c), ClientID: testClient, ClientSecret: testSecret, RefreshToken: "old",
				Issuer: p.server.URL, Subject: "u-1",
			}
			row.given(t, p)
			got := c.Refresh(t.Context(), r)
			if got.Liveness != row.want || got.Reason != row.reason || got.Refused != row.refused {
				t.Errorf("got %+v", got)
			}
			if (got.RefreshToken == testRefresh) != (row.want == Alive || row.reason == "keys_unavailable") {
				t.Errorf("the rotated token is %q", got.RefreshToken)
			}
			if row.want == Alive && (p.form.Get("grant_type") != "refresh_token" || p.form.Get("refresh_token") != "old") {
				t.Errorf("asked with %v", p.form)
			}
		})
	}
}

// T-RP-27, T-EASIE-03: every tenant's tokens verify; only the person's own counts.
func TestRefresh_AnotherMicrosoftTenantIsRefused(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	r := RefreshRequest{Provider: microsoft(p), ClientID: testClient, ClientSecret: testSecret, RefreshToken: "old", Subject: "u-1"}
	r.Issuer = p.server.URL + "/" + testTenant + "/v2.0"
	if got := p.client().Refresh(t.Context(), r); got.Liveness != Alive {
		t.Errorf("the own tenant: %+v", got)
	}
	r.Issuer = p.server.URL + "/" + otherTenant + "/v2.0"
	if got := p.client().Refresh(t.Context(), r); got.Liveness != Unknown || !got.Refused || got.Reason != "iss" {
		t.Errorf("another tenant: %+v", got)
	}
}

// T-EASIE-09: slow.
func TestRefresh_SlowIsUnknown(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client()
	d := p.described(c)
	over := make(chan struct{})
	defer close(over)
	p.on("/token", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	got := c.Refresh(ctx, RefreshRequest{Provider: d, ClientID: testClient, ClientSecret: testSecret, RefreshToken: "old"})
	if got.Liveness != Unknown || got.Reason != "timeout" || got.Refused {
		t.Errorf("got %+v", got)
	}
}
