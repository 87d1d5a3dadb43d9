package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// usher is a whole development server in this process, over real HTTP.
type usher struct {
	t    *testing.T
	info server.DevInfo
	log  *lockedBuffer
}

// eachEngine tells a story on SQLite and on PostgreSQL.
func eachEngine(t *testing.T, story func(t *testing.T, u *usher)) {
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := ""
			if engine == store.PostgreSQL {
				url = storetest.URL(t, engine)
			}
			story(t, startUsher(t, server.DevOptions{Data: t.TempDir(), Database: url}))
		})
	}
}

// startUsher starts a server and stops it at the end of the test.
func startUsher(t *testing.T, o server.DevOptions) *usher {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	u := &usher{t: t, log: newLockedBuffer()}
	ctx, stop := context.WithCancel(context.Background())
	started := make(chan struct{})
	done := make(chan error, 1)
	go func() { done <- server.RunDev(ctx, o, &announced{w: u.log, when: "Stop with Ctrl-C", ready: started}) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the server said:\n%s", u.log)
		}
	})
	select {
	case <-started:
	case err := <-done:
		done <- err
		t.Fatalf("the server did not start: %v\n%s", err, u.log)
	case <-time.After(time.Minute):
		t.Fatal("the server did not start within a minute")
	}
	b, err := os.ReadFile(filepath.Join(o.Data, "dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &u.info); err != nil {
		t.Fatal(err)
	}
	return u
}

// announced passes output on and notes when a text has been written.
type announced struct {
	w     io.Writer
	when  string
	ready chan struct{}
	seen  bool
}

func (a *announced) Write(p []byte) (int, error) {
	n, err := a.w.Write(p)
	if !a.seen && strings.Contains(string(p), a.when) {
		a.seen = true
		close(a.ready)
	}
	return n, err
}

// object is JSON as a test reads it.
type object map[string]any

// call makes a call of the Backend API that must answer with the status.
func (u *usher) call(method, path string, body any, status int) object {
	u.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			u.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(u.t.Context(), method, u.info.BackendAPIURL+path, in)
	if err != nil {
		u.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+u.info.SecretKey)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		u.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		u.t.Fatal(err)
	}
	if res.StatusCode != status {
		u.t.Fatalf("%s %s: got %s, want %d\n%s", method, path, res.Status, status, b)
	}
	if got := res.Header.Get("Content-Type"); got != "application/json" {
		u.t.Errorf("%s %s: Content-Type %q, want exactly application/json", method, path, got)
	}
	if bytes.HasPrefix(b, []byte("[")) {
		b = append(append([]byte(`{"data":`), b...), '}')
	}
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		u.t.Fatalf("%s %s: %v\n%s", method, path, err, b)
	}
	return o
}

// list is the data of a list.
func (o object) list() []object {
	var out []object
	items, _ := o["data"].([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// str is a text in nested objects.
func (o object) str(path ...string) string {
	for _, name := range path[:len(path)-1] {
		inner, _ := o[name].(map[string]any)
		o = inner
	}
	s, _ := o[path[len(path)-1]].(string)
	return s
}

// user finds the one user with an address; nil if there is none.
func (u *usher) user(email string) object {
	u.t.Helper()
	list := u.call("GET", "/users?email_address="+email, nil, 200).list()
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	u.t.Fatalf("%d users have %s", len(list), email)
	return nil
}

// members are the addresses of an organization's members.
func (u *usher) members(org string) []string {
	u.t.Helper()
	var out []string
	for _, m := range u.call("GET", "/organizations/"+org+"/memberships?order_by=created_at", nil, 200).list() {
		out = append(out, m.str("public_user_data", "identifier")+" "+m.str("role"))
	}
	return out
}

// lastAttempt is the newest SSO attempt.
func (u *usher) lastAttempt() object {
	u.t.Helper()
	list := u.call("GET", "/sso_attempts?limit=1", nil, 200).list()
	if len(list) == 0 {
		u.t.Fatal("there is no attempt")
	}
	return list[0]
}

func devOptions(t *testing.T) server.DevOptions {
	t.Helper()
	return server.DevOptions{Data: t.TempDir()}
}
