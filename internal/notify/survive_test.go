package notify_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/notify"
)

// breaks panics instead of calling one host.
type breaks struct {
	notify.Caller
	host string
}

func (b breaks) Do(r *http.Request) (*http.Response, error) {
	if r.URL.Host == b.host {
		panic("boom")
	}
	return b.Caller.Do(r)
}

// Threat T-DOS-18: the process and all other work go on.
func TestSurvive_APanicIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	err := notify.Survive(func() error { panic("boom") })
	if err == nil || !strings.Contains(err.Error(), "panic: boom") || !strings.Contains(err.Error(), "survive_test.go") {
		t.Errorf("got %v, want the panic with its stack", err)
	}
	if err := notify.Survive(func() error { return errDown }); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the error as it is", err)
	}
}

// Threat T-DOS-18.
func TestDeliver_AMailThatPanicsIsTriedAgainLikeAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mail("first")
		w.server.hook = func() { w.server.hook = nil; panic("boom") }
		w.mail("second")
		w.delivers(1)
		w.clock.Advance(10 * time.Second)
		w.delivers(1)
		if got := w.server.mails(); len(got) != 2 {
			t.Errorf("sent: %+v", got)
		}
	})
}

// Threat T-DOS-18.
func TestWebhooks_APanicAtOneEndpointIsNobodyElses(t *testing.T) {
	eachHooks(t, func(t *testing.T, h *hooks) {
		bad, good := h.endpoint(1), h.endpoint(2)
		call := h.node.Call
		h.node.Call = func() notify.Caller { return breaks{call(), strings.Split(bad.URL, "/")[2]} }
		h.user(identity.UserID("user_1"))
		h.round()
		if got := whats(good.take()); got != "user.created user_1" {
			t.Errorf("to the other endpoint: %s", got)
		}
		h.node.Call = call
		h.round()
		if got := whats(bad.take()); got != "user.created user_1" {
			t.Errorf("afterwards: %s", got)
		}
	})
}
