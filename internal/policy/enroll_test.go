package policy_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

// enrollRules are all rules of Enroll, in order.
const enrollRules = "domains_enabled mode_enabled domain_enrolls person_usable address_verified address_at_domain not_sso " +
	"not_a_member not_offered_before not_invited default_role membership_quota exclusive_membership"

// upTo is the trace that ends at a rule.
func upTo(rules, last string) string {
	before, _, _ := strings.Cut(rules+" ", last+" ")
	return before + last
}

func TestEnroll(t *testing.T) {
	t.Parallel()
	type facts = policy.EnrollFacts
	serving := func(active bool, list identity.Domain) identity.Connection {
		return identity.Connection{ID: "entconn_1", OrganizationID: "org_globex", Active: active, Domains: []identity.Domain{list}}
	}
	tests := map[string]struct {
		given func(*facts)
		ends  string // at this rule; empty: the mode is offered
		offer identity.EnrollmentMode
	}{
		"1.134 an invitation": {given: func(*facts) {}, offer: identity.EnrollmentInvitation},
		"1.134 a suggestion": {
			given: func(f *facts) { f.Domain.EnrollmentMode = identity.EnrollmentSuggestion }, offer: identity.EnrollmentSuggestion,
		},
		"not where the deployment has no domains": {
			given: func(f *facts) {
				f.Settings.OrganizationDomainsEnabled, f.Settings.OrganizationDomainInvitations = false, false
			}, ends: "domains_enabled",
		},
		"not where it has no organizations": {given: func(f *facts) { f.Settings.OrganizationsDisabled = true }, ends: "domains_enabled"},
		"1.133 not in a mode that was switched off": {
			given: func(f *facts) { f.Settings.OrganizationDomainInvitations, f.Domain.Verified = false, false }, ends: "mode_enabled",
		},
		"threat T-ORG-07 not by a domain that nobody has verified": {
			given: func(f *facts) { f.Domain.Verified, f.Person.Banned = false, true }, ends: "domain_enrolls",
		},
		"1.133 not in the mode by hand": {given: func(f *facts) { f.Domain.EnrollmentMode = identity.EnrollmentManual }, ends: "domain_enrolls"},
		"threat T-ORG-06 not by a domain for SSO": {
			given: func(f *facts) { f.Domain.EnrollmentMode = identity.EnrollmentSSO }, ends: "domain_enrolls",
		},
		"not a banned person": {
			given: func(f *facts) { f.Person.Banned, f.Address.Status = true, identity.Unverified }, ends: "person_usable",
		},
		"not a deactivated one": {given: func(f *facts) { f.Person.DeactivatedAt = now }, ends: "person_usable"},
		"not while locked":      {given: func(f *facts) { f.Person.LockedUntil = now.Add(time.Second) }, ends: "person_usable"},
		"threat T-ORG-07 not by an address that nobody has proved": {
			given: func(f *facts) { f.Address.Status, f.Address.Address = identity.Unverified, "ada@x.test" }, ends: "address_verified",
		},
		"threat T-ORG-07 nor by a reserved one": {
			given: func(f *facts) { f.Address.Status, f.Address.Reserved = identity.Unverified, true }, ends: "address_verified",
		},
		"threat T-ORG-07 not by one at a subdomain": {
			given: func(f *facts) {
				f.Address.Address, f.Connections = "ada@eu.acme.test", []identity.Connection{serving(true, "eu.acme.test")}
			}, ends: "address_at_domain",
		},
		"threat T-ORG-07 not by a lookalike": {given: func(f *facts) { f.Address.Address = "ada@evilacme.test" }, ends: "address_at_domain"},
		"not where an active connection, whoever's, serves the address": {
			given: func(f *facts) { f.Connections, f.Member = []identity.Connection{serving(true, "acme.test")}, true }, ends: "not_sso",
		},
		"nor one for all below": {
			given: func(f *facts) {
				f.Domain.Name, f.Address.Address = "eu.acme.test", "ada@eu.acme.test"
				c := serving(true, "acme.test")
				c.Config.AllowSubdomains = true
				f.Connections = []identity.Connection{c}
			}, ends: "not_sso",
		},
		"but where it is switched off": {
			given: func(f *facts) { f.Connections = []identity.Connection{serving(false, "acme.test")} }, offer: identity.EnrollmentInvitation,
		},
		"not a member":                       {given: func(f *facts) { f.Member, f.Enrolled = true, true }, ends: "not_a_member"},
		"not twice, nor to who has left":     {given: func(f *facts) { f.Enrolled, f.Invited = true, true }, ends: "not_offered_before"},
		"1.140 not beside an invitation":     {given: func(f *facts) { f.Invited, f.Role = true, nil }, ends: "not_invited"},
		"not where newcomers have no role":   {given: func(f *facts) { f.Role, f.Organization.MaxAllowedMemberships = nil, 1 }, ends: "default_role"},
		"1.141 not where every seat is gone": {given: func(f *facts) { f.Organization.MaxAllowedMemberships, f.ExclusiveElsewhere = 4, true }, ends: "membership_quota"},
		"but in the last seat":               {given: func(f *facts) { f.Organization.MaxAllowedMemberships = 5 }, offer: identity.EnrollmentInvitation},
		"not who belongs to an exclusive organization": {
			given: func(f *facts) { f.ExclusiveElsewhere, f.OtherOrganizations = true, 1 }, ends: "exclusive_membership",
		},
		"not by an exclusive one, who belongs to another": {
			given: func(f *facts) { f.Organization.ExclusiveMembership, f.OtherOrganizations = true, 1 }, ends: "exclusive_membership",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts{
				Now: now,
				Settings: identity.Settings{
					OrganizationDomainsEnabled: true, OrganizationDomainInvitations: true, OrganizationDomainSuggestions: true,
				},
				Person:       identity.User{ID: "user_ada"},
				Address:      identity.EmailAddress{ID: "idn_1", UserID: "user_ada", Address: "ada@acme.test", Status: identity.Verified},
				Domain:       identity.OrganizationDomain{ID: "orgdmn_1", OrganizationID: "org_acme", Name: "acme.test", Verified: true, EnrollmentMode: identity.EnrollmentInvitation},
				Organization: identity.Organization{ID: "org_acme"},
				Role:         &identity.Role{Key: identity.RoleMember},
				Seats:        4,
			}
			tt.given(&f)
			want := enrollRules
			if tt.ends != "" {
				want = upTo(enrollRules, tt.ends)
			}
			if d := policy.Enroll(f); d.Offer != tt.offer || d.Trace.String() != want {
				t.Errorf("got %q by %s\nwant %q by %s", d.Offer, d.Trace, tt.offer, want)
			}
		})
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	const rules = "not_accepted not_a_member address_at_domain not_sso"
	type facts = policy.AskFacts
	for name, tt := range map[string]struct {
		given func(*facts)
		code  fault.Code
		trace string
	}{
		"a suggestion is accepted": {given: func(*facts) {}, trace: rules},
		"not twice": {
			given: func(f *facts) { f.Suggestion.Status, f.Member = identity.SuggestionAccepted, true },
			code:  fault.OrganizationSuggestionAccepted, trace: "not_accepted",
		},
		"not after an answer": {
			given: func(f *facts) { f.Suggestion.Status = identity.SuggestionCompleted }, code: fault.OrganizationSuggestionAccepted, trace: "not_accepted",
		},
		"not by a member": {
			given: func(f *facts) { f.Member, f.Emails = true, nil }, code: fault.AlreadyAMember, trace: "not_accepted not_a_member",
		},
		"threat T-ORG-07 not when the address is gone": {
			given: func(f *facts) {
				f.Emails[0].Address, f.Connections = "ada@x.test", []identity.Connection{{Active: true, Domains: []identity.Domain{"acme.test"}}}
			},
			code: fault.ResourceForbidden, trace: "not_accepted not_a_member address_at_domain",
		},
		"threat T-ORG-07 not by one that is not proved": {
			given: func(f *facts) { f.Emails[0].Status = identity.Unverified },
			code:  fault.ResourceForbidden, trace: "not_accepted not_a_member address_at_domain",
		},
		"threat T-ORG-12 not past SSO": {
			given: func(f *facts) {
				f.Connections = []identity.Connection{{Active: true, Domains: []identity.Domain{"acme.test"}}}
			},
			code: fault.SAMLEmailAddressDomainReserved, trace: rules,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts{
				Suggestion: identity.OrganizationSuggestion{ID: "orgsug_1", UserID: "user_ada", Status: identity.SuggestionPending},
				Domain:     identity.OrganizationDomain{Name: "acme.test"},
				Emails:     []identity.EmailAddress{{Address: "ada@acme.test", Status: identity.Verified}},
			}
			tt.given(&f)
			check(t, policy.Ask(f), tt.code, tt.trace)
		})
	}
}

func TestAcceptRequest(t *testing.T) {
	t.Parallel()
	const rules = "request_pending roles_settled role_in_set not_a_member membership_quota exclusive_membership"
	member := identity.Role{Key: identity.RoleMember}
	for name, tt := range map[string]struct {
		given func(*identity.MembershipRequest, *policy.JoinFacts)
		code  fault.Code
		trace string
	}{
		"1.134 a request is accepted": {given: func(*identity.MembershipRequest, *policy.JoinFacts) {}, trace: rules},
		"not twice": {
			given: func(r *identity.MembershipRequest, f *policy.JoinFacts) {
				r.Status, f.Member = identity.RequestAccepted, true
			},
			code: fault.MembershipRequestNotPending, trace: "request_pending",
		},
		"not after it was rejected": {
			given: func(r *identity.MembershipRequest, _ *policy.JoinFacts) { r.Status = identity.RequestRejected },
			code:  fault.MembershipRequestNotPending, trace: "request_pending",
		},
		"threat T-ORG-13 not when the organization is full": {
			given: func(_ *identity.MembershipRequest, f *policy.JoinFacts) { f.Organization.MaxAllowedMemberships = 4 },
			code:  fault.OrganizationMembershipQuotaExceeded, trace: upTo(rules, "membership_quota"),
		},
		"not where newcomers have no role": {
			given: func(_ *identity.MembershipRequest, f *policy.JoinFacts) { f.Role = nil },
			code:  fault.NotFound, trace: upTo(rules, "role_in_set"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := identity.MembershipRequest{ID: "orgmemreq_1", Status: identity.RequestPending}
			f := policy.JoinFacts{Person: "user_ada", Organization: identity.Organization{ID: "org_acme"}, Role: &member, Members: 4}
			tt.given(&r, &f)
			d := policy.AcceptRequest(r, f)
			check(t, d, tt.code, tt.trace)
			if j := d.Plan.Join; tt.code == "" && (j == nil || j.Organization != "org_acme" || j.Role != identity.RoleMember) {
				t.Errorf("plan %+v", d.Plan)
			}
		})
	}
}

func TestOffersStand(t *testing.T) {
	t.Parallel()
	row := func(verified bool, mode identity.EnrollmentMode) identity.OrganizationDomain {
		return identity.OrganizationDomain{Verified: verified, EnrollmentMode: mode}
	}
	for name, tt := range map[string]struct {
		before, after identity.OrganizationDomain
		want          bool
	}{
		"1.135 after another mode":          {row(true, identity.EnrollmentInvitation), row(true, identity.EnrollmentSuggestion), true},
		"1.135 after the mode by hand":      {row(true, identity.EnrollmentSuggestion), row(true, identity.EnrollmentManual), true},
		"not after it is listed for SSO":    {row(true, identity.EnrollmentInvitation), row(true, identity.EnrollmentSSO), false},
		"not after it is no longer proved":  {row(true, identity.EnrollmentInvitation), row(false, identity.EnrollmentInvitation), false},
		"an unverified domain offered none": {row(false, identity.EnrollmentInvitation), row(false, identity.EnrollmentManual), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := policy.OffersStand(tt.before, tt.after); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
