package policy

import (
	"slices"
	"strconv"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
)

// EnrollFacts is what Enroll looks at: one person with one address, and one domain
// of an organization.
type EnrollFacts struct {
	Now          time.Time
	Settings     identity.Settings
	Person       identity.User
	Address      identity.EmailAddress
	Domain       identity.OrganizationDomain
	Organization identity.Organization
	Role         *identity.Role // that newcomers get; nil: there is none

	// Connections are those that list the address's domain or one above it, of any
	// organization and in any state.
	Connections []identity.Connection

	Member   bool // the person is one
	Enrolled bool // the person was offered it before, or has left
	Invited  bool // the address has an invitation of the organization that waits
	Seats    int  // members and invitations that wait

	OtherOrganizations int  // as in JoinFacts
	ExclusiveElsewhere bool // as in JoinFacts
}

// EnrollDecision is the decision of Enroll.
type EnrollDecision struct {
	Offer identity.EnrollmentMode // EnrollmentInvitation or EnrollmentSuggestion; empty: nothing is offered
	Trace Trace
}

// Enroll decides whether a domain of an organization offers a person membership:
// by an invitation, or by the suggestion to ask for it (behaviour 1.134). It is no
// mistake of anybody's when nothing is offered, so there is no fault.
//
// The address must be proved and at that very domain (threat T-ORG-07), and it
// must not be one that signs in by SSO: its provider decides who comes in. What
// could not be accepted is not offered.
func Enroll(f EnrollFacts) EnrollDecision {
	var d EnrollDecision
	t := &d.Trace
	name := f.Address.Address.Domain()
	limit := f.Organization.MaxAllowedMemberships
	gone := f.Person.Banned || !f.Person.DeactivatedAt.IsZero() || f.Person.Locked(f.Now)
	if t.note("domains_enabled", !f.Settings.OrganizationsDisabled && f.Settings.OrganizationDomainsEnabled, "") &&
		t.note("mode_enabled", f.Settings.AllowsEnrollment(f.Domain.EnrollmentMode), string(f.Domain.EnrollmentMode)) &&
		t.note("domain_enrolls", f.Domain.Verified && f.Domain.EnrollmentMode.IsAutomatic(), string(f.Domain.ID)) &&
		t.note("person_usable", !gone, string(f.Person.ID)) &&
		t.note("address_verified", f.Address.IsVerified(), string(f.Address.ID)) &&
		t.note("address_at_domain", name == f.Domain.Name, string(name)) &&
		t.note("not_sso", !servedBySSO(f.Connections, name), string(name)) &&
		t.note("not_a_member", !f.Member, string(f.Person.ID)) &&
		t.note("not_offered_before", !f.Enrolled, string(f.Person.ID)) &&
		t.note("not_invited", !f.Invited, string(f.Address.ID)) &&
		t.note("default_role", f.Role != nil, string(f.Organization.RoleSetID)) &&
		t.note("membership_quota", limit <= 0 || f.Seats < limit, strconv.Itoa(f.Seats)+" of "+strconv.Itoa(limit)) &&
		t.note("exclusive_membership", !f.ExclusiveElsewhere && (f.OtherOrganizations == 0 || !f.Organization.ExclusiveMembership),
			strconv.Itoa(f.OtherOrganizations)+" other organizations") {
		d.Offer = f.Domain.EnrollmentMode
	}
	return d
}

// servedBySSO reports whether people with an address at the domain sign in by SSO.
func servedBySSO(connections []identity.Connection, name identity.Domain) bool {
	return slices.ContainsFunc(connections, func(c identity.Connection) bool { return c.Active && c.Serves(name) })
}

// AskFacts is what Ask looks at.
type AskFacts struct {
	Suggestion  identity.OrganizationSuggestion
	Domain      identity.OrganizationDomain // that it came by
	Emails      []identity.EmailAddress     // of the person to whom it was made
	Connections []identity.Connection       // as of EnrollFacts
	Member      bool                        // the person is one
}

// Ask decides whether a person may accept a suggestion, and so ask to join. What
// led to the suggestion must still be so.
func Ask(f AskFacts) Decision {
	var t Trace
	if !t.note("not_accepted", f.Suggestion.Status == identity.SuggestionPending, string(f.Suggestion.ID)) {
		return deny(t, fault.New(fault.OrganizationSuggestionAccepted))
	}
	if !t.note("not_a_member", !f.Member, string(f.Suggestion.UserID)) {
		return deny(t, fault.New(fault.AlreadyAMember))
	}
	name := f.Domain.Name
	hers := slices.ContainsFunc(f.Emails, func(e identity.EmailAddress) bool { return e.IsVerified() && e.Address.Domain() == name })
	if !t.note("address_at_domain", hers, string(name)) {
		return deny(t, fault.New(fault.ResourceForbidden).Detail("reason", "address_elsewhere"))
	}
	if !t.note("not_sso", !servedBySSO(f.Connections, name), string(name)) {
		return deny(t, fault.New(fault.SAMLEmailAddressDomainReserved, "domain", string(name)))
	}
	return Decision{Trace: t}
}

// Undecided decides whether a request to join can be accepted or rejected at all.
func Undecided(r identity.MembershipRequest) Decision {
	var t Trace
	if !t.note("request_pending", r.Status == identity.RequestPending, string(r.ID)) {
		return deny(t, fault.New(fault.MembershipRequestNotPending))
	}
	return Decision{Trace: t}
}

// AcceptRequest decides whether a request to join may be accepted: as any other
// joining. The role is the organization's default and nobody's choice, so that it
// is not compared with that of who accepts.
func AcceptRequest(r identity.MembershipRequest, join JoinFacts) Decision {
	d := Undecided(r)
	if d.Denied != nil {
		return d
	}
	t := d.Trace
	d = AddMember(join)
	d.Trace = append(t, d.Trace...)
	return d
}

// OffersStand reports whether what a domain has offered may still be accepted
// after a change: not where the organization no longer has what it was offered by.
func OffersStand(before, after identity.OrganizationDomain) bool {
	return !before.Verified || after.Verified && after.EnrollmentMode != identity.EnrollmentSSO
}
