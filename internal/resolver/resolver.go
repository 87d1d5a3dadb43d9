// Package resolver asks the domain name system for the TXT records by which
// organizations show that a domain is theirs. It says what is there, not what
// that means.
package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Limits of a look-up. Ours (threat T-ORG-03).
const (
	MaxRecords = 64 // of one name; what comes after them is not read

	maxServers   = 3
	maxText      = 1 << 10          // bytes of one record; a longer one is none of ours
	queryTimeout = 3 * time.Second  // of one question to one server
	totalTimeout = 10 * time.Second // of a look-up

	// payload is what an answer over UDP may have, in bytes: the DNS Flag Day's.
	payload = 1232

	// systemFile is where the machine's own servers stand.
	systemFile = "/etc/resolv.conf"
)

// Client asks resolving name servers.
type Client struct {
	Servers []string // host:port; empty: those of the machine
}

// TXT returns the texts of a name's TXT records: the strings of a record joined,
// the first MaxRecords of them. None is no error: the name may be missing or have
// other records only. An error says that nobody could tell.
//
// Records must be the name's own. What an alias (CNAME) leads to is somebody
// else's word: whoever answers for the names behind "*.example.com CNAME …" owns
// no domain by it (threat T-ORG-03).
func (c *Client) TXT(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, totalTimeout)
	defer cancel()
	servers, err := c.servers()
	if err != nil {
		return nil, err
	}
	query := new(dns.Msg)
	query.SetQuestion(dns.Fqdn(name), dns.TypeTXT)
	query.SetEdns0(payload, false)
	var errs []error
	for _, server := range servers {
		reply, err := ask(ctx, query, server)
		if err == nil {
			return texts(reply, query.Question[0].Name), nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("resolver: looking up %s: %w", name, errors.Join(errs...))
}

func (c *Client) servers() ([]string, error) {
	if len(c.Servers) > 0 {
		return c.Servers[:min(len(c.Servers), maxServers)], nil
	}
	cfg, err := dns.ClientConfigFromFile(systemFile)
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	var list []string
	for _, host := range cfg.Servers[:min(len(cfg.Servers), maxServers)] {
		list = append(list, net.JoinHostPort(host, cfg.Port))
	}
	if len(list) == 0 {
		return nil, errors.New("resolver: the machine has no name servers")
	}
	return list, nil
}

// ask puts a question to one server, over TCP where the answer is too long for
// UDP. Only an answer that settles the question is none of an error.
func ask(ctx context.Context, query *dns.Msg, server string) (*dns.Msg, error) {
	for _, network := range []string{"udp", "tcp"} {
		client := &dns.Client{Net: network, Timeout: queryTimeout, UDPSize: payload}
		reply, _, err := client.ExchangeContext(ctx, query.Copy(), server)
		switch {
		case err != nil:
			return nil, err
		case reply.Truncated && network == "udp":
			continue
		case reply.Truncated:
			return nil, errors.New("the answer is cut off")
		case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
			return nil, fmt.Errorf("the server answers %s", dns.RcodeToString[reply.Rcode])
		case len(reply.Question) != 1 || !strings.EqualFold(reply.Question[0].Name, query.Question[0].Name):
			return nil, errors.New("the answer is to another question")
		}
		return reply, nil
	}
	return nil, errors.New("no answer")
}

func texts(reply *dns.Msg, name string) []string {
	var list []string
	for _, record := range reply.Answer {
		txt, ok := record.(*dns.TXT)
		if !ok || !strings.EqualFold(txt.Hdr.Name, name) {
			continue
		}
		if len(list) == MaxRecords {
			break
		}
		if text := strings.Join(txt.Txt, ""); len(text) <= maxText {
			list = append(list, text)
		}
	}
	return list
}
