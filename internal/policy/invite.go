package policy

import (
	"slices"
	"strconv"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
)

// InviteFacts is what Invite looks at.
type InviteFacts struct {
	Organization identity.Organization
	Email        identity.Email
	Role         *identity.Role // nil: members of the organization cannot have it

	Anyone  bool           // the Backend API in nobody's name: no role limits it
	Inviter *identity.Role // of who invites; nil: no member, or Anyone

	Member  bool // the address is that of a member
	Pending bool // the address has an invitation that waits
	Seats   int  // members and invitations that wait
}

// Invite decides whether an address may be invited to an organization. Nobody
// invites into a role that allows what her own does not (threat T-ORG-11), and
// invitations count as members (behaviour 1.141).
func Invite(f InviteFacts) Decision {
	var t Trace
	if !f.Anyone {
		if !t.note("inviter_is_member", f.Inviter != nil, "") {
			return deny(t, fault.New(fault.NotAMember, "param_name", "inviter_user_id"))
		}
		d := Permit(f.Inviter, identity.MembershipsManage)
		if t = append(t, d.Trace...); d.Denied != nil {
			return deny(t, d.Denied)
		}
	}
	if !t.note("role_in_set", f.Role != nil, string(f.Organization.RoleSetID)) {
		return deny(t, fault.New(fault.NotFound, "resource", "role", "param_name", "role"))
	}
	if !f.Anyone {
		i := slices.IndexFunc(f.Role.Permissions, func(p identity.Permission) bool { return !f.Inviter.Allows(p) })
		if !t.note("within_own_permissions", i < 0, string(f.Role.Key)) {
			return deny(t, fault.New(fault.MissingOrganizationPermission, "permission", string(f.Role.Permissions[i])))
		}
	}
	if !t.note("not_a_member", !f.Member, string(f.Email)) {
		return deny(t, fault.New(fault.AlreadyAMember, "param_name", "email_address"))
	}
	if !t.note("not_invited", !f.Pending, string(f.Email)) {
		return deny(t, fault.New(fault.OrganizationInvitationNotUnique, "email_address", string(f.Email)))
	}
	limit := f.Organization.MaxAllowedMemberships
	if !t.note("membership_quota", limit <= 0 || f.Seats < limit, strconv.Itoa(f.Seats)+" of "+strconv.Itoa(limit)) {
		return deny(t, fault.New(fault.OrganizationMembershipQuotaExceeded, "max_allowed_memberships", limit))
	}
	return Decision{Trace: t}
}

// AcceptFacts is what Accept looks at.
type AcceptFacts struct {
	Now        time.Time
	Invitation identity.OrganizationInvitation
	Join       JoinFacts // of the person, with the invitation's role
	Emails     []identity.EmailAddress

	// Connections are those through which the invited address signs in, if any, and
	// Through the one that the person's session came through.
	Connections []identity.ConnectionID
	Through     identity.ConnectionID
}

// Waiting decides whether an invitation can be accepted at all, by whoever may.
func Waiting(i identity.OrganizationInvitation, now time.Time) Decision {
	return waiting(string(i.ID), i.StatusAt(now), fault.OrganizationInvitationRevoked, fault.OrganizationInvitationAccepted)
}

func waiting(id string, status identity.InvitationStatus, revoked, accepted fault.Code) Decision {
	var t Trace
	for _, rule := range []struct {
		name string
		not  identity.InvitationStatus
		code fault.Code
	}{
		{"not_revoked", identity.InvitationRevoked, revoked},
		{"not_accepted", identity.InvitationAccepted, accepted},
		{"not_expired", identity.InvitationExpired, fault.TicketExpired},
	} {
		if !t.note(rule.name, status != rule.not, id) {
			return deny(t, fault.New(rule.code))
		}
	}
	return Decision{Trace: t}
}

// Accept decides whether a signed-in person may accept an invitation: the one who
// has shown that the invited address is hers (threat T-ORG-09), and where it
// signs in by SSO, who came that way (threat T-ORG-12).
func Accept(f AcceptFacts) Decision {
	d := Waiting(f.Invitation, f.Now)
	t := d.Trace
	if d.Denied != nil {
		return d
	}
	hers := slices.ContainsFunc(f.Emails, func(e identity.EmailAddress) bool { return e.IsVerified() && e.Address == f.Invitation.Email })
	if !t.note("address_is_hers", hers, string(f.Invitation.Email)) {
		return deny(t, fault.New(fault.ResourceForbidden).Detail("reason", "invited_another"))
	}
	sso := len(f.Connections) == 0 || slices.Contains(f.Connections, f.Through)
	if !t.note("came_by_sso", sso, string(f.Through)) {
		return deny(t, fault.New(fault.SAMLEmailAddressDomainReserved, "domain", string(f.Invitation.Email.Domain())))
	}
	d = AddMember(f.Join)
	d.Trace = append(t, d.Trace...)
	if d.Denied == nil {
		*d.Plan.Join = JoinByInvitation(f.Invitation)
	}
	return d
}

// InviteToAppFacts is what InviteToApp looks at.
type InviteToAppFacts struct {
	Email          identity.Email
	Account        bool // the address is somebody's, verified or reserved
	Pending        bool // the address has an invitation that waits
	IgnoreExisting bool // the caller wants it in spite of both
}

// InviteToApp decides whether an address may be invited to make an account.
func InviteToApp(f InviteToAppFacts) Decision {
	var t Trace
	if !t.note("no_account", !f.Account || f.IgnoreExisting, string(f.Email)) {
		return deny(t, fault.New(fault.FormIdentifierExists, "param_name", "email_address"))
	}
	if !t.note("not_invited", !f.Pending || f.IgnoreExisting, string(f.Email)) {
		return deny(t, fault.New(fault.DuplicateRecord, "email_addresses", []string{string(f.Email)}))
	}
	return Decision{Trace: t}
}

// WaitingInApp is Waiting for an invitation to the application, of which an
// account makes use.
func WaitingInApp(i identity.Invitation, now time.Time) Decision {
	return waiting(string(i.ID), i.StatusAt(now), fault.InvitationRevoked, fault.InvitationAlreadyAccepted)
}
