package policy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
)

// DiscoverFacts is what Discover looks at.
type DiscoverFacts struct {
	Email identity.Email

	// Connections are those that list the address's domain or one above it, in
	// any state and order.
	Connections []identity.Connection
}

// Discovery says where an address signs in.
type Discovery struct {
	// Connections that the person chooses from: those of organizations first, then
	// the application's; among them those that list the very domain first, then
	// the oldest. Empty: no SSO, any other method.
	Connections []identity.Connection
	Trace       Trace
}

// Discover finds the connections that an address goes to. With any, the address
// signs in through one of them and in no other way, known or not.
func Discover(f DiscoverFacts) Discovery {
	var d Discovery
	domain := f.Email.Domain()
	for _, c := range inOrder(f.Connections, domain) {
		id := string(c.ID)
		if d.Trace.note("domain_served", c.Serves(domain), id+": "+served(c, domain)) &&
			d.Trace.note("connection_active", c.Active, id) &&
			d.Trace.note("authenticatable", c.Authenticatable, id) {
			d.Connections = append(d.Connections, c)
		}
	}
	d.Trace.note("sso_found", len(d.Connections) > 0, strconv.Itoa(len(d.Connections))+" for "+string(domain))
	return d
}

// Choose names the connection that a sign-in or sign-up goes on with: the only
// one, or the one that the client named.
func (d Discovery) Choose(p Purpose, named identity.ConnectionID) (identity.Connection, error) {
	if named == "" && len(d.Connections) > 0 {
		if len(d.Connections) > 1 {
			return identity.Connection{}, fault.New(fault.SSOConnectionRequired, "param_name", "enterprise_connection_id")
		}
		return d.Connections[0], nil
	}
	i := slices.IndexFunc(d.Connections, func(c identity.Connection) bool { return c.ID == named })
	if i < 0 {
		return identity.Connection{}, connectionMissing(p)
	}
	return d.Connections[i], nil
}

func connectionMissing(p Purpose) error {
	if p == ForSignUp {
		return fault.New(fault.SSOSignUpConnectionMissing)
	}
	return fault.New(fault.SSOSignInConnectionMissing)
}

func inOrder(list []identity.Connection, domain identity.Domain) []identity.Connection {
	rank := func(c identity.Connection) int {
		n := 0
		if c.OrganizationID == "" {
			n += 2
		}
		if !slices.Contains(c.Domains, domain) {
			n++
		}
		return n
	}
	return slices.SortedFunc(slices.Values(list), func(a, b identity.Connection) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}

// served shows a domain beside those that a connection speaks for.
func served(c identity.Connection, d identity.Domain) string {
	s := string(d) + " in [" + domainList(c, " ") + "]"
	if c.Config.AllowSubdomains {
		s += " and below"
	}
	return s
}

func domainList(c identity.Connection, sep string) string {
	names := make([]string, len(c.Domains))
	for i, d := range c.Domains {
		names[i] = string(d)
	}
	return strings.Join(names, sep)
}
