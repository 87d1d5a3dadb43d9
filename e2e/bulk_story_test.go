package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// ledger is a customer's server that counts what it is told of.
type ledger struct {
	*httptest.Server
	mu  sync.Mutex
	ids map[string]map[string]bool // by membership: the ids of its events
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{ids: map[string]map[string]bool{}}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e struct {
			Data struct {
				ID   string `json:"id"`
				Role string `json:"role"`
			} `json:"data"`
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &e); err != nil || e.Data.Role != "org:guest" {
			t.Errorf("delivered: %s", body)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.ids[e.Data.ID] == nil {
			l.ids[e.Data.ID] = map[string]bool{}
		}
		l.ids[e.Data.ID][r.Header.Get("svix-id")] = true
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *ledger) told() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ids)
}

// Of two nodes one is killed in the middle of a change of many members' roles, of
// the deliveries that tell of it, and of an export of the audit log. The other goes
// on with all three: every member is changed, and told of by one event; the log is
// whole (threats T-OPS-08, T-OPS-09, T-OPS-17, T-API-13).
func TestTwoNodes_OneGoesOnWithWhatTheOtherHadInHand(t *testing.T) {
	t.Parallel()
	const size = 4000 // more than is moved before the answer
	o := server.DevOptions{Data: t.TempDir(), Listen: freeAddress(t), Database: storetest.URL(t, store.PostgreSQL)}
	a := runDev(t, o)
	a.call("POST", "/organization_roles", object{"name": "Guest", "key": "org:guest", "include_in_initial_role_set": true}, 200)
	fill(t, o, size)
	o.Listen = freeAddress(t)
	b := runDev(t, o)
	l := newLedger(t)
	a.call("POST", "/webhooks/endpoints", object{"url": l.URL, "event_types": []string{"organizationMembership.updated"}}, 200)

	for i := range 20 { // lines to export
		a.call("PATCH", "/settings", object{"application_name": fmt.Sprint("Usher ", i)}, 200)
	}
	var lines int64
	after := exported(t, &a.usher, 0, &lines)
	began := a.call("POST", "/role_sets/role_set:default/roles/replace", object{"role_key": "org:member", "to_role_key": "org:guest"}, 200)
	if began["role_set_migration"] == nil {
		t.Fatalf("%d members were moved before the answer", size)
	}
	b.await(func() bool { return l.told() > 0 })
	a.kill()
	if n := l.told(); n >= size {
		t.Fatalf("all %d were delivered before it could be killed", n)
	}

	b.await(func() bool { return b.set()["role_set_migration"] == nil })
	moved, _ := b.call("GET", "/organizations/acme/memberships?role=org:guest", nil, 200)["total_count"].(float64)
	if left := b.call("GET", "/organizations/acme/memberships?role=org:member", nil, 200)["total_count"]; moved < size || left != 0.0 {
		t.Errorf("%v members were moved and %v left behind, want %d and none", moved, left, size)
	}
	total := int(moved + b.call("GET", "/organizations/globex/memberships?role=org:guest", nil, 200)["total_count"].(float64))
	b.await(func() bool { return l.told() >= total })
	l.mu.Lock()
	for id, events := range l.ids {
		if len(events) != 1 {
			t.Errorf("of %s %d events were told, want one", id, len(events))
		}
	}
	l.mu.Unlock()
	b.await(func() bool { return b.call("POST", "/audit_log/verifications", object{}, 200)["waiting"] == 0.0 })
	exported(t, &b.usher, after, &lines)
	verdict := b.call("POST", "/audit_log/verifications", object{}, 200)
	if verdict["whole"] != true || verdict["lines"] != float64(lines) {
		t.Errorf("%d lines were exported by both nodes; the log says %v", lines, verdict)
	}
}

// exported reads the audit log behind a position to its end, checks that no line is
// left out or comes twice, and returns where it ends.
func exported(t *testing.T, u *usher, after int64, lines *int64) int64 {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/audit_log/export?after=%d", u.info.BackendAPIURL, after), nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+u.info.SecretKey)
	client := &http.Client{Timeout: time.Minute}
	resp, err := client.Do(r)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	for text := range bytes.Lines(body) {
		var line struct {
			Position int64 `json:"position"`
		}
		must(t, json.Unmarshal(text, &line))
		if line.Position != after+1 {
			t.Errorf("line %d follows line %d", line.Position, after)
		}
		after = line.Position
		*lines++
	}
	return after
}
