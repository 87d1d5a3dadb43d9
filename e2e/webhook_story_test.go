package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// customer is a server that webhooks are delivered to.
type customer struct {
	*httptest.Server
	arrived chan delivery
	mu      sync.Mutex
	answer  func(http.ResponseWriter) // nil: 200
}

type delivery struct {
	headers map[string]string
	body    string
}

func newCustomer(t *testing.T) *customer {
	t.Helper()
	c := &customer{arrived: make(chan delivery, 100)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d := delivery{map[string]string{}, string(body)}
		for _, name := range []string{"svix-id", "svix-timestamp", "svix-signature"} {
			d.headers[name] = r.Header.Get(name)
		}
		c.mu.Lock()
		answer := c.answer
		c.mu.Unlock()
		c.arrived <- d
		if answer != nil {
			answer(w)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *customer) set(answer func(http.ResponseWriter)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// next waits for a delivery.
func (c *customer) next(t *testing.T) delivery {
	t.Helper()
	select {
	case d := <-c.arrived:
		return d
	case <-time.After(time.Minute):
		t.Fatal("nothing was delivered within a minute")
		return delivery{}
	}
}

// Threat T-WH-01: what arrives satisfies the official verifiers, unmodified; a
// changed byte does not.
func TestWebhook_SatisfiesTheOfficialVerifiers(t *testing.T) {
	node := requireNode(t, "svix")
	eachEngine(t, func(t *testing.T, u *usher) {
		c := newCustomer(t)
		made := u.call("POST", "/webhooks/endpoints", object{"url": c.URL + "/hook", "event_types": []string{"user.created"}}, 200)
		u.call("POST", "/users", object{"email_address": []string{"dora@initech.test"}}, 200)
		d := c.next(t)
		in, err := json.Marshal(map[string]any{"secret": made.str("secret"), "headers": d.headers, "body": d.body})
		must(t, err)
		cmd := exec.CommandContext(t.Context(), node, "webhook.mjs")
		cmd.Dir, cmd.Stdin = "node", bytes.NewReader(in)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, &stderr)
		}
		var got map[string]string
		must(t, json.Unmarshal(out, &got))
		want := map[string]string{
			"svix": "accepted", "clerk": "user.created user ins_", "svixTampered": "WebhookVerificationError", "clerkTampered": "refused",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the verifiers say (-want +got):\n%s", diff)
		}
	})
}

// Threat T-OPS-08: the process is killed while the customer's server has a delivery
// in its hands. After the restart it comes again, under the same id.
func TestWebhook_IsDeliveredAfterAKill(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			o := server.DevOptions{Data: t.TempDir(), Listen: freeAddress(t), NoDemo: true}
			if engine == store.PostgreSQL {
				o.Database = storetest.URL(t, engine)
			}
			c := newCustomer(t)
			hold := make(chan struct{})
			c.set(func(http.ResponseWriter) { <-hold })
			p := runDev(t, o, "--no-demo")
			p.call("POST", "/webhooks/endpoints", object{"url": c.URL}, 200)
			p.call("POST", "/users", object{"email_address": []string{"dora@initech.test"}}, 200)
			first := c.next(t)
			p.kill()
			c.set(nil)
			close(hold)
			p = runDev(t, o, "--no-demo")
			again := c.next(t) // after the lease of the one that was killed: 30 s
			if again.headers["svix-id"] != first.headers["svix-id"] || again.body != first.body {
				t.Errorf("first %+v, then %+v", first, again)
			}
			if verdict := p.call("POST", "/audit_log/verifications", object{}, 200); verdict["whole"] != true {
				t.Errorf("the audit log after the kill: %v", verdict)
			}
		})
	}
}
