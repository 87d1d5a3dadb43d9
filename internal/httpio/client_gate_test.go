package httpio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

// Threat T-DOS-08.
func TestGate_LetsFourCallsToAHostRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(time.Now)
		var leaves []func()
		for range perHost {
			leave, err := g.enter(t.Context(), "idp.test:443")
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		entered := make(chan error, 1)
		go func() {
			_, err := g.enter(t.Context(), "idp.test:443")
			entered <- err
		}()
		synctest.Wait()
		if len(entered) != 0 {
			t.Fatal("a fifth call runs")
		}
		if leave, err := g.enter(t.Context(), "other.test:443"); err != nil {
			t.Errorf("another host waits: %v", err)
		} else {
			leave()
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.enter(short, "idp.test:443"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller whose time is up: %v", err)
		}
		leaves[0]()
		leaves[0]() // twice is once
		if err := <-entered; err != nil {
			t.Errorf("the fifth call: %v", err)
		}
	})
}

// Threat T-DOS-08.
func TestGate_Lets64CallsRunInAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(time.Now)
		var last func()
		for i := range inAll {
			leave, err := g.enter(t.Context(), fmt.Sprint("idp", i, ".test:443"))
			if err != nil {
				t.Fatal(err)
			}
			last = leave
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.enter(short, "one-more.test:443"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a 65th call: %v", err)
		}
		last()
		if _, err := g.enter(t.Context(), "one-more.test:443"); err != nil {
			t.Errorf("after one has left: %v", err)
		}
	})
}

// Threat T-DOS-08.
func TestGate_LeavesAFailingHostAlone(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	g := newGate(func() time.Time { return now })
	call := func(host string, answered bool) error {
		leave, err := g.enter(t.Context(), host)
		if err != nil {
			return err
		}
		defer leave()
		g.report(host, answered)
		return nil
	}
	for _, answered := range []bool{false, false, false, false, true, false, false, false, false, false} {
		if err := call("idp.test:443", answered); err != nil {
			t.Fatalf("before five failures in a row: %v", err)
		}
	}
	if err := call("idp.test:443", true); !errors.Is(err, errPaused) {
		t.Errorf("after five failures in a row: %v", err)
	}
	if err := call("idp.test:8443", true); err != nil {
		t.Errorf("another port: %v", err)
	}
	now = now.Add(pauseFor)
	if err := call("idp.test:443", false); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	if err := call("idp.test:443", true); !errors.Is(err, errPaused) {
		t.Errorf("after it failed again: %v", err)
	}
	now = now.Add(pauseFor)
	if err := call("idp.test:443", true); err != nil {
		t.Errorf("after the second pause: %v", err)
	}
	if len(g.hosts) != 0 {
		t.Errorf("%d hosts are remembered, want none", len(g.hosts))
	}
	for i := range maxHosts + 10 {
		if err := call(fmt.Sprint("dead", i), false); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.hosts) > maxHosts {
		t.Errorf("%d hosts are remembered", len(g.hosts))
	}
}

// Threats T-NET-01 and T-NET-02: what is judged is the address that is dialled.
func TestControl_RefusesInwardAddresses(t *testing.T) {
	t.Parallel()
	c := NewClient(ClientOptions{Now: time.Now, Denied: []netip.Prefix{netip.MustParsePrefix("5.9.0.0/16")}})
	dev := NewClient(ClientOptions{Now: time.Now, AllowPrivate: true})
	for _, addr := range []string{
		"127.0.0.1", "127.255.0.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "198.18.0.1", "198.19.255.255", "192.0.0.1", "192.0.2.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"5.9.1.1", "::ffff:5.9.1.1", // our own
		"::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::a00:1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1",
		"2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "2001::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1",
	} {
		network := "tcp4"
		if a := netip.MustParseAddr(addr); a.Is6() {
			network = "tcp6"
		}
		if err := c.control(network, netip.AddrPortFrom(netip.MustParseAddr(addr), 443).String(), nil); err == nil {
			t.Errorf("%s may be called", addr)
		}
	}
	for _, addr := range []string{"8.8.8.8:443", "[2606:4700::1111]:443"} {
		if err := c.control("tcp"+map[bool]string{true: "6", false: "4"}[addr[0] == '['], addr, nil); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for _, addr := range []string{"169.254.169.254:80", "224.0.0.1:80", "0.0.0.0:80"} {
		if err := dev.control("tcp4", addr, nil); err == nil {
			t.Errorf("development may call %s", addr)
		}
	}
	for _, network := range []string{"udp4", "unix", "tcp"} {
		if err := c.control(network, "8.8.8.8:443", nil); err == nil {
			t.Errorf("%s may be called", network)
		}
	}
}

// Threat T-NET-05.
func TestClient_UsesOnlyTheConfiguredProxy(t *testing.T) {
	t.Parallel()
	r := &http.Request{URL: &url.URL{Scheme: "https", Host: "idp.test"}}
	if c := NewClient(ClientOptions{Now: time.Now}); c.base.Proxy != nil {
		t.Error("a client without a proxy asks for one")
	}
	proxy := &url.URL{Scheme: "http", Host: "proxy.internal:3128"}
	got, err := NewClient(ClientOptions{Now: time.Now, Proxy: proxy}).base.Proxy(r)
	if err != nil || got.String() != proxy.String() {
		t.Errorf("proxy %v, %v", got, err)
	}
}
