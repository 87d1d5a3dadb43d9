package notify_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"usher/internal/identity"
	"usher/internal/notify"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// secretOf is the secret of the nth of a test's endpoints, or of its rotations.
func secretOf(n byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(append([]byte(strings.Repeat("s", 31)), n))
}

// hooks is a deployment with users to change, and a node that delivers.
type hooks struct {
	*world
	node *notify.Webhooks
}

func eachHooks(t *testing.T, test func(t *testing.T, h *hooks)) {
	t.Helper()
	each(t, func(t *testing.T, w *world) {
		h := &hooks{world: w}
		h.node = h.other("one", w.db)
		w.db.Record(store.Recorder{Now: w.clock.Now, Describe: func(_ *store.Tx, e identity.Event) (json.RawMessage, error) {
			return json.RawMessage(`{"id":"` + e.Subject + `"}`), nil
		}})
		w.write(func(tx *store.Tx) error {
			_, err := tx.InsertInstance(identity.Instance{ID: "ins_1", Settings: identity.DefaultSettings()})
			return err
		})
		test(t, h)
	})
}

// other is another node.
func (h *hooks) other(holder string, db *store.DB) *notify.Webhooks {
	return &notify.Webhooks{
		DB: db, Now: h.clock.Now, Holder: holder, Log: slog.New(slog.DiscardHandler),
		Call: func() notify.Caller {
			return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		},
	}
}

// receiver is the customer's endpoint.
type receiver struct {
	*identity.Endpoint
	mu     sync.Mutex
	answer http.HandlerFunc // nil: 204
	got    []received
}

type received struct {
	id, timestamp, signature, body string
}

// what is the event and its subject, such as "user.created user_1".
func (r received) what() string {
	var e struct {
		Type string `json:"type"`
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if json.Unmarshal([]byte(r.body), &e) != nil {
		return "unreadable"
	}
	return e.Type + " " + e.Data.ID
}

func (r *receiver) set(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// take returns what has arrived since the last call.
func (r *receiver) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func whats(list []received) string {
	var out []string
	for _, r := range list {
		out = append(out, r.what())
	}
	return strings.Join(out, ", ")
}

// endpoint makes one that is subscribed to types, or to all.
func (h *hooks) endpoint(n byte, types ...identity.EventType) *receiver {
	h.Helper()
	r := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		answer := r.answer
		r.got = append(r.got, received{req.Header.Get("svix-id"), req.Header.Get("svix-timestamp"), req.Header.Get("svix-signature"), string(body)})
		r.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, req)
	}))
	h.Cleanup(server.Close)
	r.Endpoint = &identity.Endpoint{
		ID: identity.NewID[identity.EndpointID](began), URL: server.URL + "/hook", Types: types, Contacts: []identity.Email{"ops@customer.test"},
		Secret: identity.EndpointSecret{Current: secretOf(n)}, CreatedAt: h.clock.Now(),
	}
	h.write(func(tx *store.Tx) error { return tx.InsertEndpoint(*r.Endpoint) })
	return r
}

// user makes a person.
func (h *hooks) user(id identity.UserID) {
	h.Helper()
	h.write(func(tx *store.Tx) error { return tx.InsertUser(identity.User{ID: id}) })
}

func (h *hooks) change(id identity.UserID) {
	h.Helper()
	h.write(func(tx *store.Tx) error { return tx.UpdateUser(identity.User{ID: id, FirstName: "Other"}) })
}

// round delivers what is due and waits for it.
func (h *hooks) round() {
	h.Helper()
	if err := h.node.Start(h.Context()); err != nil {
		h.Fatal(err)
	}
	h.node.Wait()
}

// deliveries lists those to an endpoint, the newest first.
func (h *hooks) deliveries(r *receiver) []identity.Delivery {
	h.Helper()
	return storetest.Get(h, h.db, func(tx *store.Tx) ([]identity.Delivery, error) {
		list, _, err := tx.Deliveries(r.ID, store.DeliveryFilter{}, store.Page{})
		return list, err
	})
}

func (h *hooks) tries(id identity.DeliveryID) []identity.DeliveryTry {
	h.Helper()
	return storetest.Get(h, h.db, func(tx *store.Tx) ([]identity.DeliveryTry, error) { return tx.DeliveryTries(id) })
}

func (h *hooks) health(r *receiver) identity.EndpointHealth {
	h.Helper()
	return storetest.Get(h, h.db, func(tx *store.Tx) (identity.EndpointHealth, error) { return tx.EndpointHealth(r.ID) })
}

func (h *hooks) reload(r *receiver) identity.Endpoint {
	h.Helper()
	return storetest.Get(h, h.db, func(tx *store.Tx) (identity.Endpoint, error) { return tx.Endpoint(r.ID) })
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}
