package policy

import (
	"strconv"

	"usher/internal/fault"
	"usher/internal/identity"
)

// MaxDomains is how many domains an organization may list: Clerk's default
// (behaviour 1.132).
const MaxDomains = 10

// ListDomainFacts is what ListDomain looks at.
type ListDomainFacts struct {
	DomainFacts  // with UseVerified and a Mode
	Settings     identity.Settings
	Organization identity.Organization
	Listed       int // domains that the organization has already; not counted with Self
}

// ListDomain decides whether an organization may list a domain, or change how
// people are enrolled by one that it lists. Domains for SSO need no leave of the
// deployment's settings about enrollment.
func ListDomain(f ListDomainFacts) Decision {
	var t Trace
	for _, rule := range []func(*Trace, ListDomainFacts) error{domainsEnabled, domainQuota, unlimitedMembership} {
		if err := rule(&t, f); err != nil {
			return deny(t, err)
		}
	}
	f.Use, f.DomainFacts.Organization = UseVerified, f.Organization.ID
	f.Blocked = f.Settings.BlockedEmailDomains
	d := Domain(f.DomainFacts)
	d.Trace = append(t, d.Trace...)
	return d
}

func domainsEnabled(t *Trace, f ListDomainFacts) error {
	if f.Mode == identity.EnrollmentSSO {
		return nil
	}
	if !t.note("domains_enabled", f.Settings.OrganizationDomainsEnabled, "") {
		return fault.New(fault.OrganizationDomainsNotEnabled)
	}
	if !t.note("mode_enabled", f.Settings.AllowsEnrollment(f.Mode), string(f.Mode)) {
		return fault.New(fault.OrganizationDomainModeNotEnabled, "enrollment_mode", string(f.Mode))
	}
	return nil
}

func domainQuota(t *Trace, f ListDomainFacts) error {
	if f.Self != "" || t.note("domain_quota", f.Listed < MaxDomains, strconv.Itoa(f.Listed)) {
		return nil
	}
	return fault.New(fault.OrganizationDomainQuotaExceeded, "max_allowed_domains", MaxDomains)
}

// unlimitedMembership keeps people who come by themselves from using up the seats
// of an organization that has a number of them: behaviour 1.136.
func unlimitedMembership(t *Trace, f ListDomainFacts) error {
	if !f.Mode.IsAutomatic() {
		return nil
	}
	limit := f.Organization.MaxAllowedMemberships
	if t.note("unlimited_membership", limit <= 0, strconv.Itoa(limit)) {
		return nil
	}
	return fault.New(fault.OrganizationUnlimitedMembershipRequired)
}

// UnlistDomainFacts is what UnlistDomain looks at.
type UnlistDomainFacts struct {
	Domain      identity.OrganizationDomain
	Siblings    []identity.OrganizationDomain // all that the organization lists
	Connections []identity.Connection         // of the organization
}

// UnlistDomain decides whether a domain may go. The last one that shows who owns
// a domain of the organization's own connection stays: behaviour 1.115.
func UnlistDomain(f UnlistDomainFacts) Decision {
	var t Trace
	d := f.Domain
	needed := false
	for _, c := range f.Connections {
		needed = needed || d.EnrollmentMode == identity.EnrollmentSSO && d.Ownership.Verified() && c.Serves(d.Name) && !provedElsewhere(f, c)
	}
	if !t.note("not_last_for_sso", !needed, string(d.Name)) {
		return deny(t, fault.New(fault.OrganizationDomainLastVerified, "domain", string(d.Name)))
	}
	return Decision{Trace: t}
}

// provedElsewhere reports whether another domain shows who owns one of the
// connection's.
func provedElsewhere(f UnlistDomainFacts, c identity.Connection) bool {
	for _, other := range f.Siblings {
		if other.ID != f.Domain.ID && other.EnrollmentMode == identity.EnrollmentSSO && other.Ownership.Verified() && c.Serves(other.Name) {
			return true
		}
	}
	return false
}

// Affiliate decides whether an address may show that somebody of the organization
// reads mail at a domain: one at that very domain (threat T-ORG-07).
func Affiliate(d identity.OrganizationDomain, address identity.Email) Decision {
	var t Trace
	if !t.note("address_at_domain", address.Domain() == d.Name, string(address)) {
		return deny(t, fault.New(fault.OrganizationDomainMismatch, "param_name", "affiliation_email_address", "domain", string(d.Name)))
	}
	return Decision{Trace: t}
}
