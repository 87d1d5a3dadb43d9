package policy

import (
	"strconv"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
)

// AdmitFacts is what Admit looks at.
type AdmitFacts struct {
	Now        time.Time
	Settings   identity.Settings
	Connection identity.Connection // with its live configuration
	Claims     Claims
	TypedEmail identity.Email // empty when the provider initiated the sign-in
	Directory  bool           // directory sync is on at the connection

	Listed []identity.AccessIdentifier // what the block-list, where it is in use, says of the address

	Organization *identity.Organization // of the connection; nil for an application-wide one
	Members      int                    // of the organization
	DefaultRole  identity.RoleKey       // of the organization; empty: there is no such role

	// Invitation is what the address has been invited to the organization by; nil:
	// it was not.
	Invitation *identity.OrganizationInvitation

	// InvitedRole is the invitation's; nil: members of the organization cannot have
	// it, and the invitation is not used.
	InvitedRole *identity.Role

	// AppInvitation is what the address has been invited to the application by;
	// nil: it was not.
	AppInvitation *identity.Invitation

	// The people whom the claims may mean; facts that do not fit the claims are
	// not used.
	Linked            *Person  // whose account has this connection and subject
	ByVerifiedEmail   *Person  // who holds the address, verified or reserved
	ByUnverifiedEmail []Person // who hold it unverified
}

// Person is a person with what matters at one connection.
type Person struct {
	User       identity.User
	Emails     []identity.EmailAddress
	Account    *identity.EnterpriseAccount // at the connection; nil: none
	Membership *identity.Membership        // in the connection's organization; nil: none

	OtherOrganizations int  // that the person belongs to besides the connection's
	ExclusiveElsewhere bool // one of them allows no other membership
	SecondFactor       bool // the person has set one up
	InDirectory        bool // the connection's directory keeps the person
}

// Admit decides whether a person whom an identity provider vouches for may sign
// in through a connection, and as whom: the person that the subject is linked to,
// one found by the address, or a new one; and with which membership.
//
// The subject, within the connection, is the person. An address finds a person at
// the first link only.
func Admit(f AdmitFacts) Decision {
	a := &admission{AdmitFacts: f}
	for _, step := range []func() error{
		a.connection, a.claims, a.tenant, a.trust, a.address, a.identify, a.access, a.standing, a.membership,
	} {
		if err := step(); err != nil {
			return deny(a.trace, err)
		}
	}
	a.attributes()
	return Decision{Plan: a.plan, Trace: a.trace}
}

// admission is one run of Admit.
type admission struct {
	AdmitFacts
	trace  Trace
	person *Person // who it is; nil: somebody new
	plan   Plan

	impersonated bool // for Link: somebody else acts as the person
}

// connection: may anybody come in by it at all?
func (a *admission) connection() error {
	c := a.Connection
	if !a.trace.note("connection_active", c.Active, string(c.ID)) {
		return NotActive(c).Detail("reason", "inactive")
	}
	if !a.trace.note("authenticatable", c.Authenticatable, string(c.ID)) {
		return NotActive(c).Detail("reason", "not_authenticatable")
	}
	if c.OrganizationID == "" {
		a.Organization = nil
		return nil
	}
	known := a.Organization != nil && a.Organization.ID == c.OrganizationID
	if !a.trace.note("organization_present", known, string(c.OrganizationID)) {
		return NotActive(c).Detail("reason", "organization_missing")
	}
	return nil
}

// NotActive is the refusal by a connection through which nobody may come in, as
// Clerk's clients know it for its kind.
func NotActive(c identity.Connection) *fault.Error {
	switch {
	case c.Provider.IsEASIE():
		return fault.New(fault.EASIEConnectionActiveNotFound)
	case c.Provider.IsOIDC():
		return fault.New(fault.SSOSignInConnectionMissing)
	}
	return fault.New(fault.SAMLConnectionActiveNotFound)
}

// claims: did the provider say who it is, in a form that lasts?
func (a *admission) claims() error {
	c := a.Claims
	mapped := ""
	if saml := a.Connection.Config.SAML; saml != nil {
		mapped = saml.Mapping.UserID
	}
	present := strings.TrimSpace(c.Subject) != "" && len(c.Subject) <= maxSubject
	if !a.trace.note("subject_present", present, cut(c.Subject)) {
		return c.subjectMissing(mapped, "subject", strconv.Itoa(len(c.Subject))+" bytes")
	}
	if !a.trace.note("subject_stable", c.SubjectFormat != transientFormat, c.SubjectFormat) {
		return c.subjectMissing("", "subject", c.SubjectFormat)
	}
	if !a.trace.note("email_present", c.Email != "", cut(c.RawEmail)) {
		return c.attributeMissing(a.emailName(), "email_address")
	}
	return nil
}

// emailName is the attribute that should have held the address.
func (a *admission) emailName() string {
	switch {
	case a.Claims.EmailName != "":
		return a.Claims.EmailName
	case a.Claims.Protocol == ProtocolOIDC:
		return identity.ClaimMapping{}.WithPreset(a.Connection.Provider).EmailAddress
	case a.Connection.Config.SAML != nil:
		return a.Connection.Config.SAML.Mapping.WithPreset(a.Connection.Provider).EmailAddress
	}
	return identity.MappingPreset(a.Connection.Provider).EmailAddress
}

// address: may the connection speak for it, and was it the one that was asked for?
func (a *admission) address() error {
	domain := a.Claims.Email.Domain()
	if !a.trace.note("email_domain_allowed", a.Connection.Serves(domain), served(a.Connection, domain)) {
		return a.Claims.domainMismatch(domainList(a.Connection, ", "), string(domain), "domain")
	}
	typed := a.TypedEmail
	if !a.trace.note("email_as_typed", typed == "" || typed == a.Claims.Email, string(typed)) {
		return a.Claims.domainMismatch(string(typed.Domain()), string(domain), "email_as_typed").
			Detail("expected", string(typed), "received", string(a.Claims.Email))
	}
	return nil
}

// access: does the block-list shut the address out? An allow-list and what is said of
// kinds of addresses do not shut out people for whom a connection speaks.
func (a *admission) access() error {
	f := AccessFacts{Purpose: ForSignUp, Email: a.Claims.Email, Restrictions: a.Settings.Restrictions, Listed: a.Listed}
	if a.person != nil {
		f.Purpose = ForSignIn
	}
	f.Restrictions.Allowlist, f.Restrictions.BlockEmailSubaddresses, f.Restrictions.BlockDisposableDomains = false, false, false
	d := Access(f)
	a.trace = append(a.trace, d.Trace...)
	return d.Denied
}

// standing: is the person in good standing?
func (a *admission) standing() error {
	if a.Directory && !a.trace.note("in_directory", a.person != nil && a.person.InDirectory, string(a.Connection.ID)) {
		return a.unknown("not_in_directory")
	}
	if a.person == nil {
		return nil
	}
	u := a.person.User
	if !a.trace.note("user_not_banned", !u.Banned, string(u.ID)) {
		return fault.New(fault.UserBanned)
	}
	if !a.trace.note("user_not_locked", !u.Locked(a.Now), string(u.ID)) {
		return fault.New(fault.UserLocked)
	}
	if !a.trace.note("user_not_deactivated", u.DeactivatedAt.IsZero(), string(u.ID)) {
		return fault.New(fault.UserDeactivated)
	}
	a.plan.NeedsSecondFactor = a.person.SecondFactor && !a.plan.RemoveCredentials
	return nil
}

// membership: may the person be a member? One who is stays as she is.
func (a *admission) membership() error {
	org := a.Organization
	if org == nil {
		return nil
	}
	if a.person != nil && a.person.Membership != nil && a.person.Membership.OrganizationID == org.ID {
		a.trace.note("already_member", true, string(a.person.Membership.Role))
		return nil
	}
	limit := org.MaxAllowedMemberships
	if !a.trace.note("membership_quota", limit <= 0 || a.Members < limit, strconv.Itoa(a.Members)+" of "+strconv.Itoa(limit)) {
		return fault.New(fault.OrganizationMembershipQuotaExceededForSSO, "max_allowed_memberships", limit)
	}
	others, exclusive := 0, false
	if a.person != nil {
		others, exclusive = a.person.OtherOrganizations, a.person.ExclusiveElsewhere
	}
	free := !exclusive && (others == 0 || !org.ExclusiveMembership)
	if !a.trace.note("exclusive_membership", free, strconv.Itoa(others)+" other organizations") {
		return fault.New(fault.ExclusiveOrganizationMembership)
	}
	if !a.trace.note("role", a.DefaultRole != "", string(a.DefaultRole)) {
		return fault.New(fault.NotFound, "resource", "role").Detail("reason", "default_role_missing")
	}
	a.plan.Join = &Join{Organization: org.ID, Role: a.DefaultRole, Connection: a.Connection.ID}
	if i := a.invited(); i != nil {
		a.trace.note("invited", true, string(i.ID))
		*a.plan.Join = JoinByInvitation(*i)
	}
	return nil
}

// invited is the invitation that the provider's word accepts: one to the
// connection's organization for the address that it vouches for (threat T-ORG-12).
func (a *admission) invited() *identity.OrganizationInvitation {
	i := a.Invitation
	if i == nil || a.InvitedRole == nil || i.OrganizationID != a.Connection.OrganizationID || i.Email != a.Claims.Email || i.StatusAt(a.Now) != identity.InvitationPending {
		return nil
	}
	return i
}

// invitedToApp is invited for an invitation to the application.
func (a *admission) invitedToApp() *identity.Invitation {
	i := a.AppInvitation
	if i == nil || i.Email != a.Claims.Email || i.StatusAt(a.Now) != identity.InvitationPending {
		return nil
	}
	return i
}
