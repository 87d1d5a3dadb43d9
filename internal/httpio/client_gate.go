package httpio

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// Calls at a time to one host and in all (threat T-DOS-08). Ours.
	perHost = 4
	inAll   = 64

	// After maxFailures failed calls in a row a host is left alone for pauseFor,
	// so that a dead identity provider costs little (threat T-DOS-08). Ours.
	maxFailures = 5
	pauseFor    = 30 * time.Second

	// maxHosts is how many failing hosts are remembered. Ours.
	maxHosts = 4096
)

var errPaused = errors.New("httpio: the host failed too often and is left alone for a while")

// gate bounds how many outgoing calls run at a time.
type gate struct {
	now func() time.Time
	all chan struct{}

	mu    sync.Mutex
	hosts map[string]*hostGate
}

type hostGate struct {
	slots    chan struct{}
	users    int // calls that run or wait
	failures int // in a row
	until    time.Time
}

func newGate(now func() time.Time) *gate {
	return &gate{now: now, all: make(chan struct{}, inAll), hosts: map[string]*hostGate{}}
}

// enter waits for a place for a call to host, a name with its port. The caller
// calls leave when the call is over.
func (g *gate) enter(ctx context.Context, host string) (leave func(), err error) {
	h, err := g.use(host)
	if err != nil {
		return nil, err
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		g.unuse(host, h)
		return nil, ctx.Err()
	}
	select {
	case g.all <- struct{}{}:
	case <-ctx.Done():
		<-h.slots
		g.unuse(host, h)
		return nil, ctx.Err()
	}
	return sync.OnceFunc(func() {
		<-g.all
		<-h.slots
		g.unuse(host, h)
	}), nil
}

// report notes whether a call to host got an answer.
func (g *gate) report(host string, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, ok := g.hosts[host]
	switch {
	case !ok:
	case answered:
		h.failures = 0
	default:
		h.failures++
		if h.failures >= maxFailures {
			h.until = g.now().Add(pauseFor)
		}
	}
}

func (g *gate) use(host string) (*hostGate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, ok := g.hosts[host]
	if !ok {
		if len(g.hosts) >= maxHosts {
			g.forget()
		}
		h = &hostGate{slots: make(chan struct{}, perHost)}
		g.hosts[host] = h
	}
	if h.failures >= maxFailures && g.now().Before(h.until) {
		return nil, errPaused
	}
	h.users++
	return h, nil
}

func (g *gate) unuse(host string, h *hostGate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h.users--
	if h.users == 0 && h.failures == 0 {
		delete(g.hosts, host)
	}
}

// forget drops the hosts that nobody is calling.
func (g *gate) forget() {
	for name, h := range g.hosts {
		if h.users == 0 {
			delete(g.hosts, name)
		}
	}
}
