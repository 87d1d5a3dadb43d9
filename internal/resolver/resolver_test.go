package resolver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"usher/internal/resolver"
	"usher/internal/resolver/resolvertest"
)

const name = "_usher-challenge.acme.test"

func record(owner string, parts ...string) dns.RR {
	return &dns.TXT{Hdr: dns.RR_Header{Name: dns.Fqdn(owner), Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: parts}
}

func many(n, size int) (list []dns.RR) {
	for i := range n {
		list = append(list, record(name, fmt.Sprintf("%04d%s", i, strings.Repeat("x", size))))
	}
	return list
}

func TestTXT(t *testing.T) {
	t.Parallel()
	alias := &dns.CNAME{Hdr: dns.RR_Header{Name: dns.Fqdn(name), Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: "x.evil.test."}
	tests := map[string]struct {
		answer []dns.RR
		rcode  int
		want   []string
		err    string
	}{
		"a record": {answer: []dns.RR{record(name, "usher=1")}, want: []string{"usher=1"}},
		"T-ORG-03 the strings of a record are one text":                {answer: []dns.RR{record(name, "usher", "=", "1")}, want: []string{"usher=1"}},
		"T-ORG-03 two records are two texts":                           {answer: []dns.RR{record(name, "usher="), record(name, "1")}, want: []string{"usher=", "1"}},
		"T-ORG-03 what an alias leads to is not the name's":            {answer: []dns.RR{alias, record("x.evil.test", "usher=1")}},
		"T-ORG-03 nor is a record of the name above":                   {answer: []dns.RR{record("acme.test", "usher=1")}},
		"a name in capitals is the same name":                          {answer: []dns.RR{record(strings.ToUpper(name), "usher=1")}, want: []string{"usher=1"}},
		"a name that there isn't":                                      {rcode: dns.RcodeNameError},
		"a name without TXT records":                                   {},
		"a server that fails cannot tell":                              {rcode: dns.RcodeServerFailure, err: "SERVFAIL"},
		"a server that refuses cannot tell":                            {rcode: dns.RcodeRefused, err: "REFUSED"},
		"a text that is too long is left out":                          {answer: []dns.RR{record(name, slices.Repeat([]string{strings.Repeat("x", 250)}, 5)...), record(name, "a")}, want: []string{"a"}},
		"T-ORG-03 an answer that does not fit UDP is asked for by TCP": {answer: many(30, 100), want: valuesOf(many(30, 100))},
		"T-ORG-03 of a thousand records the first 64 count":            {answer: many(1000, 0), want: valuesOf(many(resolver.MaxRecords, 0))},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			zone := resolvertest.Serve(t)
			zone.Set(name, resolvertest.Answer{Records: tt.answer, Rcode: tt.rcode})
			got, err := (&resolver.Client{Servers: []string{zone.Address}}).TXT(t.Context(), name)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %q, %v; want an error with %q", got, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %d texts %.80q, want %d", len(got), got, len(tt.want))
			}
		})
	}
}

func valuesOf(list []dns.RR) (values []string) {
	for _, r := range list {
		values = append(values, strings.Join(r.(*dns.TXT).Txt, ""))
	}
	return values
}

func TestTXT_AsksTheNextServerWhenOneCannotTell(t *testing.T) {
	t.Parallel()
	broken, good := resolvertest.Serve(t), resolvertest.Serve(t)
	broken.Set(name, resolvertest.Answer{Rcode: dns.RcodeServerFailure})
	good.Set(name, resolvertest.Text(name, "usher=1"))
	got, err := (&resolver.Client{Servers: []string{broken.Address, good.Address}}).TXT(t.Context(), name)
	if err != nil || !slices.Equal(got, []string{"usher=1"}) {
		t.Errorf("got %q, %v", got, err)
	}
}
