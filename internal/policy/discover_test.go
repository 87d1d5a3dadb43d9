package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

// at is a connection in use on the domains.
func at(id identity.ConnectionID, org identity.OrgID, domains ...identity.Domain) identity.Connection {
	return identity.Connection{ID: id, OrganizationID: org, Provider: identity.SAMLOkta, Domains: domains, Active: true, Authenticatable: true, CreatedAt: now}
}

func with(c identity.Connection, change func(*identity.Connection)) identity.Connection {
	change(&c)
	return c
}

func subdomains(c *identity.Connection) { c.Config.AllowSubdomains = true }
func inactive(c *identity.Connection)   { c.Active = false }
func linkOnly(c *identity.Connection)   { c.Authenticatable = false }
func lenient(c *identity.Connection)    { c.Config.DisableAdditionalIdentifications = false }
func strict(c *identity.Connection)     { c.Config.DisableAdditionalIdentifications = true }

func TestDiscover(t *testing.T) {
	t.Parallel()
	one := at("entconn_1", "org_acme", "example.com")
	const found = "domain_served connection_active authenticatable "
	tests := map[string]struct {
		email       identity.Email
		connections []identity.Connection
		want        string // ids
		trace       string
	}{
		"1.17 an address is routed by the exact domain": {
			"john@example.com", []identity.Connection{one}, "entconn_1", found + "sso_found",
		},
		"1.17 john@sales.example.com does not match a connection on example.com": {
			"john@sales.example.com", []identity.Connection{one}, "", "domain_served sso_found",
		},
		"1.17 any of several domains": {
			"john@example.org", []identity.Connection{at("entconn_1", "org_acme", "example.com", "example.org")}, "entconn_1", found + "sso_found",
		},
		"1.18 allow_subdomains extends the match to subdomains": {
			"john@a.sales.example.com", []identity.Connection{with(one, subdomains)}, "entconn_1", found + "sso_found",
		},
		"threat T-ID-08: evilexample.com is no subdomain of example.com": {
			"john@evilexample.com", []identity.Connection{with(one, subdomains)}, "", "domain_served sso_found",
		},
		"threat T-ID-08: example.com.evil is none either": {
			"john@example.com.evil", []identity.Connection{with(one, subdomains)}, "", "domain_served sso_found",
		},
		"1.3 a connection that is disabled affects nobody": {
			"john@example.com", []identity.Connection{with(one, inactive)}, "", "domain_served connection_active sso_found",
		},
		"1.90 a disabled connection is not offered and people fall back to other methods": {
			"john@example.com", []identity.Connection{with(one, inactive)}, "", "domain_served connection_active sso_found",
		},
		"1.43 with the connection deleted people use another method": {
			"john@example.com", nil, "", "sso_found",
		},
		"threat T-SAML-02: a connection for linking only is not offered": {
			"john@example.com", []identity.Connection{with(one, linkOnly)}, "", found + "sso_found",
		},
		"1.24 several connections are all listed, those of organizations first": {
			"john@example.com",
			[]identity.Connection{
				at("entconn_5", "", "example.com"),
				with(at("entconn_4", "org_b", "com.example", "example.com"), func(c *identity.Connection) { c.CreatedAt = now.Add(1) }),
				at("entconn_3", "org_b", "example.com"),
				at("entconn_2", "org_a", "example.com"),
				with(one, inactive),
			},
			"entconn_2 entconn_3 entconn_4 entconn_5",
			"domain_served connection_active " + strings.Repeat(found, 4) + "sso_found",
		},
		"1.24 those that list the very domain come before those above it": {
			"john@eu.example.com",
			[]identity.Connection{with(one, subdomains), at("entconn_9", "org_acme", "eu.example.com")},
			"entconn_9 entconn_1",
			found + found + "sso_found",
		},
		"no address": {"", []identity.Connection{one}, "", "domain_served sso_found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := append([]identity.Connection(nil), tt.connections...)
			d := policy.Discover(policy.DiscoverFacts{Email: tt.email, Connections: tt.connections})
			if got := ids(d.Connections); got != tt.want {
				t.Errorf("got %q; want %q", got, tt.want)
			}
			if got := d.Trace.String(); got != tt.trace {
				t.Errorf("trace:\n got %s\nwant %s", got, tt.trace)
			}
			if diff := cmp.Diff(before, tt.connections); diff != "" {
				t.Errorf("the facts were changed:\n%s", diff)
			}
		})
	}
}

func ids(list []identity.Connection) string {
	var names []string
	for _, c := range list {
		names = append(names, string(c.ID))
	}
	return strings.Join(names, " ")
}

func TestDiscover_saysWhyAConnectionIsSkipped(t *testing.T) {
	t.Parallel()
	d := policy.Discover(policy.DiscoverFacts{Email: "john@example.com", Connections: []identity.Connection{
		with(at("entconn_1", "org_a", "example.com"), inactive), with(at("entconn_2", "org_a", "example.org"), subdomains),
	}})
	want := policy.Trace{
		{Name: "domain_served", Passed: true, Detail: "entconn_1: example.com in [example.com]"},
		{Name: "connection_active", Passed: false, Detail: "entconn_1"},
		{Name: "domain_served", Passed: false, Detail: "entconn_2: example.com in [example.org] and below"},
		{Name: "sso_found", Passed: false, Detail: "0 for example.com"},
	}
	if diff := cmp.Diff(want, d.Trace); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
}

func TestDiscovery_Choose(t *testing.T) {
	t.Parallel()
	a, b := at("entconn_a", "org_a", "example.com"), at("entconn_b", "org_b", "example.com")
	tests := map[string]struct {
		found   []identity.Connection
		purpose policy.Purpose
		named   identity.ConnectionID
		want    identity.ConnectionID
		code    fault.Code
	}{
		"the only one":                              {[]identity.Connection{a}, policy.ForSignIn, "", a.ID, ""},
		"1.24 the client must choose of several":    {[]identity.Connection{a, b}, policy.ForSignIn, "", "", fault.SSOConnectionRequired},
		"1.24 a sign-up that names none of several": {[]identity.Connection{a, b}, policy.ForSignUp, "", "", fault.SSOConnectionRequired},
		"the one that was named":                    {[]identity.Connection{a, b}, policy.ForSignIn, b.ID, b.ID, ""},
		"the first, by name":                        {[]identity.Connection{a, b}, policy.ForSignIn, a.ID, a.ID, ""},
		"one that was not offered":                  {[]identity.Connection{a}, policy.ForSignIn, b.ID, "", fault.SSOSignInConnectionMissing},
		"none at sign-in":                           {nil, policy.ForSignIn, "", "", fault.SSOSignInConnectionMissing},
		"none at sign-up":                           {nil, policy.ForSignUp, "", "", fault.SSOSignUpConnectionMissing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := policy.Discovery{Connections: tt.found}.Choose(tt.purpose, tt.named)
			checkDenied(t, err, tt.code, nil)
			if c.ID != tt.want {
				t.Errorf("got %q; want %q", c.ID, tt.want)
			}
		})
	}
}
