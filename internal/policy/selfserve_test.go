package policy_test

import (
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestSelfServe(t *testing.T) {
	t.Parallel()
	type facts = policy.SelfServeFacts
	row := func(name identity.Domain, s identity.OwnershipStrategy, seen time.Duration) identity.OrganizationDomain {
		o := identity.Ownership{Strategy: s}
		if s != "" {
			o.VerifiedAt = now.Add(-1000 * time.Hour)
		}
		if s == identity.OwnershipTXT {
			o.SeenAt = now.Add(-seen)
		}
		return identity.OrganizationDomain{ID: identity.DomainID("orgdmn_" + name), OrganizationID: "org_acme", Name: name, EnrollmentMode: identity.EnrollmentSSO, Ownership: o}
	}
	made := func(names ...identity.Domain) identity.Connection {
		return identity.Connection{ID: "entconn_1", OrganizationID: "org_acme", Domains: names}
	}
	switchedOn := func(c identity.Connection) identity.Connection { c.Active = true; return c }
	widened := func(c identity.Connection) identity.Connection { c.Config.AllowSubdomains = true; return c }
	const (
		known = "own_connection ownership_verified listed_for_sso"
		fresh = known + " proof_fresh"
	)
	tests := map[string]struct {
		given func(*facts)
		code  fault.Code
		trace string
	}{
		"threat T-ORG-01 a proved domain":  {given: func(*facts) {}, trace: fresh},
		"threat T-ORG-01 an unproved one":  {given: func(f *facts) { f.Listed[0].Ownership = identity.Ownership{} }, code: fault.OrganizationDomainOwnershipNotVerified, trace: "own_connection ownership_verified"},
		"threat T-ORG-01 one not listed":   {given: func(f *facts) { f.Listed = nil }, code: fault.OrganizationDomainOwnershipNotVerified, trace: "own_connection ownership_verified"},
		"threat T-ORG-01 another's domain": {given: func(f *facts) { f.Listed[0].OrganizationID = "org_globex" }, code: fault.OrganizationDomainOwnershipNotVerified, trace: "own_connection ownership_verified"},
		"threat T-ORG-01 affiliation is not ownership": {
			given: func(f *facts) { f.Listed[0].Verified, f.Listed[0].Ownership = true, identity.Ownership{} },
			code:  fault.OrganizationDomainOwnershipNotVerified, trace: "own_connection ownership_verified",
		},
		"threat T-ORG-01 a name below a proved one must be listed itself": {
			given: func(f *facts) { f.Connection = made("eu.acme.test") },
			code:  fault.OrganizationDomainOwnershipNotVerified, trace: "own_connection ownership_verified",
		},
		"threat T-ORG-01 one of two fails both": {
			given: func(f *facts) { f.Connection = made("acme.test", "victim.test") },
			code:  fault.OrganizationDomainOwnershipNotVerified, trace: fresh + " ownership_verified",
		},
		"1.110 a domain that enrolls people": {
			given: func(f *facts) { f.Listed[0].EnrollmentMode = identity.EnrollmentManual },
			code:  fault.OrganizationDomainModeInvalid, trace: known,
		},
		"threat T-ORG-17 a connection of another organization": {
			given: func(f *facts) { f.Connection.OrganizationID, f.Listed = "org_globex", nil }, code: fault.NotFound, trace: "own_connection",
		},
		"threat T-ORG-17 one that was another's": {
			given: func(f *facts) { f.Before = made("acme.test"); f.Before.OrganizationID = "org_globex" }, code: fault.NotFound, trace: "own_connection",
		},
		"threat T-ORG-17 one of the whole application": {
			given: func(f *facts) { f.Organization, f.Connection.OrganizationID = "", "" }, code: fault.NotFound, trace: "own_connection",
		},
		"threat T-ORG-04 a proof of a day ago": {
			given: func(f *facts) { f.Listed[0] = row("acme.test", identity.OwnershipTXT, policy.FreshProof) },
			code:  fault.OrganizationDomainOwnershipNotVerified, trace: fresh,
		},
		"threat T-ORG-04 a proof whose record is missing": {
			given: func(f *facts) { f.Listed[0].Ownership.MissingSince = now },
			code:  fault.OrganizationDomainOwnershipNotVerified, trace: fresh,
		},
		"threat T-ORG-04 switching on with an old proof": {
			given: func(f *facts) {
				f.Before, f.Connection = made("acme.test"), switchedOn(made("acme.test"))
				f.Listed[0] = row("acme.test", identity.OwnershipTXT, policy.FreshProof)
			},
			code: fault.OrganizationDomainOwnershipNotVerified, trace: fresh,
		},
		"threat T-ORG-04 another domain with an old proof": {
			given: func(f *facts) {
				f.Before, f.Connection = made("acme.test"), made("acme.test", "acme.example")
				f.Listed = append(f.Listed, row("acme.example", identity.OwnershipTXT, policy.FreshProof))
			},
			code: fault.OrganizationDomainOwnershipNotVerified, trace: known + " ownership_verified listed_for_sso proof_fresh",
		},
		"threat T-ORG-04 the names below with an old proof": {
			given: func(f *facts) {
				f.Before, f.Connection = switchedOn(made("acme.test")), widened(switchedOn(made("acme.test")))
				f.Listed[0] = row("acme.test", identity.OwnershipTXT, policy.FreshProof)
			},
			code: fault.OrganizationDomainOwnershipNotVerified, trace: fresh,
		},
		"any other change is made with an old proof": {
			given: func(f *facts) {
				f.Before, f.Connection = switchedOn(made("acme.test")), switchedOn(made("acme.test"))
				f.Listed[0] = row("acme.test", identity.OwnershipTXT, policy.FreshProof)
			},
			trace: known,
		},
		"but not without one": {
			given: func(f *facts) {
				f.Before, f.Connection = switchedOn(made("acme.test")), switchedOn(made("acme.test"))
				f.Listed[0].Ownership.VerifiedAt = time.Time{}
			},
			code: fault.OrganizationDomainOwnershipNotVerified, trace: "own_connection ownership_verified",
		},
		"an operator's word stands":    {given: func(f *facts) { f.Listed[0] = row("acme.test", identity.OwnershipManual, 0) }, trace: fresh},
		"and what was verified before": {given: func(f *facts) { f.Listed[0] = row("acme.test", identity.OwnershipLegacy, 0) }, trace: fresh},
		"1.122 a domain below is as fresh as the one above": {
			given: func(f *facts) {
				f.Connection = made("eu.acme.test")
				f.Listed = append(f.Listed, row("eu.acme.test", identity.OwnershipParent, 0))
			},
			trace: fresh,
		},
		"threat T-ORG-04 and as old": {
			given: func(f *facts) {
				f.Connection = made("eu.acme.test")
				f.Listed = []identity.OrganizationDomain{row("acme.test", identity.OwnershipTXT, policy.FreshProof), row("eu.acme.test", identity.OwnershipParent, 0)}
			},
			code: fault.OrganizationDomainOwnershipNotVerified, trace: fresh,
		},
		"threat T-ORG-04 one below a domain that is no longer there": {
			given: func(f *facts) {
				f.Connection = made("eu.acme.test")
				f.Listed = []identity.OrganizationDomain{row("eu.acme.test", identity.OwnershipParent, 0)}
			},
			code: fault.OrganizationDomainOwnershipNotVerified, trace: fresh,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts{
				Now: now, Organization: "org_acme", Connection: made("acme.test"),
				Listed: []identity.OrganizationDomain{row("acme.test", identity.OwnershipTXT, policy.FreshProof-time.Second)},
			}
			tt.given(&f)
			check(t, policy.SelfServe(f), tt.code, tt.trace)
		})
	}
}
