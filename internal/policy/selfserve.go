package policy

import (
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
)

// FreshProof is how old the last look at a record may be when a connection is set
// up or activated by somebody who is no operator. Ours (threat T-ORG-04).
const FreshProof = 24 * time.Hour

// SelfServeFacts is what SelfServe looks at.
type SelfServeFacts struct {
	Now          time.Time
	Organization identity.OrgID // of who acts
	Before       identity.Connection
	Connection   identity.Connection           // as it is to be
	Listed       []identity.OrganizationDomain // of the organization
}

// SelfServe decides whether somebody who is no operator, but a member or the
// holder of a link, may leave a connection so: every domain must be listed for SSO
// by the organization and be shown to be its own (threat T-ORG-01). Where the
// connection is made, speaks for more names or begins to be used, the proof must be
// fresh (threat T-ORG-04). One domain that fails fails it all.
func SelfServe(f SelfServeFacts) Decision {
	var t Trace
	c := f.Connection
	stays := f.Before.ID == "" || f.Before.OrganizationID == f.Organization
	if !t.note("own_connection", f.Organization != "" && c.OrganizationID == f.Organization && stays, string(c.OrganizationID)) {
		return deny(t, fault.New(fault.NotFound, "resource", "enterprise connection"))
	}
	for _, name := range c.Domains {
		i := slices.IndexFunc(f.Listed, func(d identity.OrganizationDomain) bool {
			return d.Name == name && d.OrganizationID == f.Organization
		})
		owned := i >= 0 && f.Listed[i].Ownership.Verified()
		if !t.note("ownership_verified", owned, string(name)) {
			return deny(t, notOwned(name))
		}
		d := f.Listed[i]
		if !t.note("listed_for_sso", d.EnrollmentMode == identity.EnrollmentSSO, string(name)) {
			return deny(t, fault.New(fault.OrganizationDomainModeInvalid, "param_name", "domains", "domain", string(name)))
		}
		if f.asksFresh(name) && !t.note("proof_fresh", Fresh(d, f.Listed, f.Now), string(name)) {
			return deny(t, notOwned(name))
		}
	}
	return Decision{Trace: t}
}

func notOwned(name identity.Domain) error {
	return fault.New(fault.OrganizationDomainOwnershipNotVerified, "param_name", "domains", "domain", string(name))
}

func (f SelfServeFacts) asksFresh(name identity.Domain) bool {
	begins := f.Connection.Active && !f.Before.Active
	widens := f.Connection.Config.AllowSubdomains && !f.Before.Config.AllowSubdomains
	return f.Before.ID == "" || begins || widens || !slices.Contains(f.Before.Domains, name)
}

// Fresh reports whether the proof of a domain was seen to stand a short time ago.
// An operator's word has no record to look for: it stands until it is taken back.
// So does what was verified before there were records, which only operators did.
func Fresh(d identity.OrganizationDomain, siblings []identity.OrganizationDomain, now time.Time) bool {
	o := d.Ownership
	if o.Strategy == identity.OwnershipParent {
		above := OwnedAbove(d, siblings)
		if above == nil {
			return false
		}
		o = above.Ownership
	}
	switch o.Strategy {
	case identity.OwnershipManual, identity.OwnershipLegacy:
		return o.Verified()
	case identity.OwnershipTXT:
		return o.Verified() && o.MissingSince.IsZero() && now.Sub(o.SeenAt) < FreshProof
	default:
		return false
	}
}
