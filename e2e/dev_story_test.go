package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/secret"
	"usher/internal/server"
)

// What scripts rely on: dev.json appears once the server answers, for its owner
// only, with these names; Ctrl-C ends it; the next start goes on where it was.
func TestDev_WritesItsFileStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	o := devOptions(t)
	first := runDev(t, o)
	info, err := os.Stat(filepath.Join(o.Data, "dev.json"))
	must(t, err)
	if info.Mode() != 0o600 { // threat T-SEC-08
		t.Errorf("dev.json has mode %v, want -rw-------", info.Mode())
	}
	b, err := os.ReadFile(filepath.Join(o.Data, "dev.json"))
	must(t, err)
	var file object
	must(t, json.Unmarshal(b, &file))
	if diff := cmp.Diff([]string{
		"backend_api_url", "base_url", "dashboard_link", "demo", "mailbox_url", "pid", "publishable_key", "secret_key",
	}, slices.Sorted(maps.Keys(file))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	demo := file["demo"].(map[string]any)
	for name, want := range map[string][]string{"organizations": {"id", "slug"}, "connections": {"domains", "id", "organization_id"}} {
		for _, item := range demo[name].([]any) {
			if got := slices.Sorted(maps.Keys(item.(map[string]any))); !slices.Equal(got, want) {
				t.Errorf("%s have the names %v, want %v", name, got, want)
			}
		}
	}
	if got, want := first.info.Demo.People, []string{"alice@acme.test", "bob@acme.test", "carol@globex.test", "dave@solo.test"}; !slices.Equal(got, want) {
		t.Errorf("people: got %v, want %v", got, want)
	}
	if first.info.BackendAPIURL != first.info.BaseURL+"/backend/v1" || !strings.HasPrefix(first.info.SecretKey, "sk_test_") {
		t.Errorf("the file says %+v", first.info)
	}
	p := newPerson(first.info.BaseURL)
	must(t, p.signIn("alice@acme.test"))
	alice := first.user("alice@acme.test")
	began := time.Now()
	if code := first.stop(os.Interrupt); code != 0 || time.Since(began) > 10*time.Second {
		t.Errorf("after Ctrl-C it ended with %d in %v, want 0 within seconds", code, time.Since(began))
	}
	if _, err := os.Stat(filepath.Join(o.Data, "dev.json")); !os.IsNotExist(err) {
		t.Errorf("dev.json is still there: %v", err)
	}

	o.Listen = strings.TrimPrefix(first.info.BaseURL, "http://")
	again := runDev(t, o)
	want := first.info
	want.PID, want.DashboardLink = again.info.PID, again.info.DashboardLink // a link works once
	if diff := cmp.Diff(want, again.info); diff != "" {
		t.Errorf("the second start differs (-first +second):\n%s", diff)
	}
	for _, name := range []string{"id", "primary_email_address_id", "first_name"} {
		if got, want := again.user("alice@acme.test").str(name), alice.str(name); got != want {
			t.Errorf("%s of Alice: got %q, want %q", name, got, want)
		}
	}
	g, err := p.get("/user")
	must(t, err)
	if g.status != http.StatusOK || !strings.Contains(g.text, "alice@acme.test") {
		t.Errorf("Alice is not signed in any more: %d", g.status)
	}
	must(t, newPerson(again.info.BaseURL).signIn("bob@acme.test"))
	if code := again.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("after SIGTERM it ended with %d, want 0", code)
	}
}

func TestDev_StartsEmptyWithoutADemo(t *testing.T) {
	t.Parallel()
	p := runDev(t, devOptions(t), "--no-demo")
	if diff := cmp.Diff(server.DemoInfo{Organizations: []server.DemoOrganization{}, Connections: []server.DemoConnection{}, People: []string{}}, p.info.Demo); diff != "" {
		t.Errorf("demo (-want +got):\n%s", diff)
	}
	for list, want := range map[string]int{"/users": 1, "/organizations": 1, "/enterprise_connections": 0} { // an operator, and where she belongs
		if got := p.call("GET", list, nil, 200).list(); len(got) != want {
			t.Errorf("%s holds %v", list, got)
		}
	}
	g, err := newPerson(p.info.BaseURL).get("/practice/acme/")
	must(t, err)
	if g.status != http.StatusNotFound {
		t.Errorf("the practice provider answers %d, want 404", g.status)
	}
}

// serveFlags are the flags of a production server over a fresh database.
func serveFlags(t *testing.T, public, database string) (flags []string, secretKey string) {
	t.Helper()
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	must(t, os.WriteFile(keys, []byte(secret.NewKeyRing("k1")), 0o600))
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "usher.db")
	}
	secretKey = "sk_live_" + secret.NewToken(32)
	keyFile := filepath.Join(dir, "secret_key")
	must(t, os.WriteFile(keyFile, []byte(secretKey), 0o600))
	config := filepath.Join(dir, "usher.toml")
	must(t, os.WriteFile(config, []byte(`secret_key_file = "`+keyFile+`"`+"\n"), 0o600))
	return []string{"--config", config, "--public-url", public, "--database", database, "--key-file", keys}, secretKey
}

// What helps while developing would let anybody in, or show everybody's mail.
func TestServe_HasNoPracticeProviderAndNoMailbox(t *testing.T) { // threat T-API-16
	t.Parallel()
	listen := freeAddress(t)
	flags, secretKey := serveFlags(t, "http://"+listen, "")
	p := runServe(t, listen, flags...)
	p.info = server.DevInfo{BackendAPIURL: "http://" + listen + "/backend/v1", SecretKey: secretKey}
	visitor := newPerson("http://" + listen)
	for _, path := range []string{
		"/practice", "/practice/", "/practice/acme/", "/practice/acme/sso", "/practice/acme/metadata", "/practice/acme/people",
		"/mailbox", "/mailbox/mail_1", "/metrics", "/debug/pprof/", "/debug/vars",
	} {
		g, err := visitor.get(path)
		must(t, err)
		if g.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, g.status)
		}
	}
	if got := p.call("GET", "/organizations", nil, 200).list(); len(got) != 0 {
		t.Errorf("a fresh deployment has %v", got)
	}
	g, err := visitor.get("/sign-in")
	must(t, err)
	if g.status != http.StatusOK || strings.Contains(g.text, "mailbox") {
		t.Errorf("the sign-in page: %d\n%s", g.status, g.text)
	}
}
