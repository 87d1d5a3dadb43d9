// Package resolvertest has a name server on the loopback interface for tests of
// what asks one.
package resolvertest

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Answer is what the server says about a name.
type Answer struct {
	Records []dns.RR
	Rcode   int
}

// Text is the answer of a name with TXT records of one string each.
func Text(name string, values ...string) (a Answer) {
	for _, v := range values {
		a.Records = append(a.Records, &dns.TXT{Hdr: dns.RR_Header{Name: dns.Fqdn(name), Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{v}})
	}
	return a
}

// Server answers over UDP and TCP until the test ends. Names that were not set do
// not exist.
type Server struct {
	Address string // host:port

	mu    sync.Mutex
	names map[string]Answer
}

// Set says what the server answers about a name from now on.
func (s *Server) Set(name string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[strings.ToLower(dns.Fqdn(name))] = a
}

// Serve starts a server.
func Serve(t testing.TB) *Server {
	t.Helper()
	s := &Server{names: map[string]Answer{}}
	tcp, udp := listen(t)
	s.Address = tcp.Addr().String()
	for _, server := range []*dns.Server{{Listener: tcp, Handler: s}, {PacketConn: udp, Handler: s}} {
		started, done := make(chan struct{}), make(chan error, 1)
		server.NotifyStartedFunc = func() { close(started) }
		go func() { done <- server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() {
			if err := server.Shutdown(); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	return s
}

// listen finds a port that is free for both.
func listen(t testing.TB) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for the life of the test
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String()) //nolint:noctx // for the life of the test
		if err == nil {
			return tcp, udp
		}
		tcp.Close()
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

// ServeDNS implements dns.Handler.
func (s *Server) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	s.mu.Lock()
	a, known := s.names[strings.ToLower(query.Question[0].Name)]
	s.mu.Unlock()
	reply := new(dns.Msg)
	reply.SetReply(query)
	reply.Answer, reply.Rcode = a.Records, a.Rcode
	if !known {
		reply.Rcode = dns.RcodeNameError
	}
	if _, tcp := w.RemoteAddr().(*net.TCPAddr); !tcp {
		size := dns.MinMsgSize
		if o := query.IsEdns0(); o != nil {
			size = int(o.UDPSize())
		}
		reply.Truncate(size)
	}
	w.WriteMsg(reply)
}
