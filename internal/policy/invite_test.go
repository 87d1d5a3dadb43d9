package policy_test

import (
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestInvite(t *testing.T) {
	t.Parallel()
	type facts = policy.InviteFacts
	const (
		rest   = "not_a_member not_invited membership_quota"
		anyone = "role_in_set " + rest
		member = "inviter_is_member is_member permitted role_in_set within_own_permissions " + rest
	)
	admin := &identity.Role{Key: identity.RoleAdmin, Permissions: identity.SystemPermissions()}
	lead := &identity.Role{Key: "org:lead", Permissions: []identity.Permission{identity.MembershipsManage, identity.MembershipsRead}}
	tests := map[string]struct {
		given func(*facts)
		code  fault.Code
		trace string
		meta  string // the permission that is missing
	}{
		"the Backend API invites":           {given: func(*facts) {}, trace: anyone},
		"1.138 an administrator invites":    {given: func(f *facts) { f.Anyone, f.Inviter = false, admin }, trace: member},
		"into what the inviter may herself": {given: func(f *facts) { f.Anyone, f.Inviter, f.Role = false, lead, lead }, trace: member},
		"1.138 not who is no member": {
			given: func(f *facts) { f.Anyone, f.Role = false, nil }, code: fault.NotAMember, trace: "inviter_is_member",
		},
		"1.138 not who may not manage members": {
			given: func(f *facts) {
				f.Anyone, f.Role = false, nil
				f.Inviter = &identity.Role{Permissions: []identity.Permission{identity.MembershipsRead}}
			},
			code: fault.MissingOrganizationPermission, trace: "inviter_is_member is_member permitted",
		},
		"1.147 not into a role outside the role set": {
			given: func(f *facts) { f.Role, f.Member = nil, true }, code: fault.NotFound, trace: "role_in_set",
		},
		"threat T-ORG-11 not above one's own permissions": {
			given: func(f *facts) { f.Anyone, f.Inviter, f.Role, f.Member = false, lead, admin, true },
			code:  fault.MissingOrganizationPermission, trace: "inviter_is_member is_member permitted role_in_set within_own_permissions", meta: string(identity.ProfileManage),
		},
		"but the Backend API may": {given: func(f *facts) { f.Role = admin }, trace: anyone},
		"not a member": {
			given: func(f *facts) { f.Member, f.Pending = true, true }, code: fault.AlreadyAMember, trace: "role_in_set not_a_member",
		},
		"1.140 not twice": {
			given: func(f *facts) { f.Pending, f.Organization.MaxAllowedMemberships = true, 1 },
			code:  fault.OrganizationInvitationNotUnique, trace: "role_in_set not_a_member not_invited",
		},
		"1.141 not when every seat is taken or promised": {
			given: func(f *facts) { f.Organization.MaxAllowedMemberships = 4 }, code: fault.OrganizationMembershipQuotaExceeded, trace: anyone,
		},
		"1.141 but to the last one": {given: func(f *facts) { f.Organization.MaxAllowedMemberships = 5 }, trace: anyone},
		"1.150 and without end where 0 is the number": {
			given: func(f *facts) { f.Organization.MaxAllowedMemberships, f.Seats = 0, 100000 }, trace: anyone,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts{
				Organization: identity.Organization{ID: "org_acme", RoleSetID: "roleset_1"}, Email: "dora@acme.test", Anyone: true, Seats: 4,
				Role: &identity.Role{Key: identity.RoleMember, Permissions: []identity.Permission{identity.MembershipsRead}},
			}
			tt.given(&f)
			d := policy.Invite(f)
			check(t, d, tt.code, tt.trace)
			if tt.meta != "" && fault.From(d.Denied).Meta()["permission"] != tt.meta {
				t.Errorf("meta %v, want the permission %s", fault.From(d.Denied).Meta(), tt.meta)
			}
		})
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	type facts = policy.AcceptFacts
	const (
		waiting = "not_revoked not_accepted not_expired"
		hers    = waiting + " address_is_hers came_by_sso"
		rules   = hers + " roles_settled role_in_set not_a_member membership_quota exclusive_membership"
	)
	tests := map[string]struct {
		given func(*facts)
		code  fault.Code
		trace string
	}{
		"1.139 who was invited joins": {given: func(*facts) {}, trace: rules},
		"threat T-ORG-09 not by one that was revoked": {
			given: func(f *facts) { f.Invitation.Status, f.Emails = identity.InvitationRevoked, nil },
			code:  fault.OrganizationInvitationRevoked, trace: "not_revoked",
		},
		"threat T-ORG-09 not by one that was used": {
			given: func(f *facts) { f.Invitation.Status, f.Emails = identity.InvitationAccepted, nil },
			code:  fault.OrganizationInvitationAccepted, trace: "not_revoked not_accepted",
		},
		"threat T-ORG-09 not by one at its end": {
			given: func(f *facts) { f.Invitation.ExpiresAt, f.Emails = now, nil },
			code:  fault.TicketExpired, trace: waiting,
		},
		"one that is over was revoked first": {
			given: func(f *facts) { f.Invitation.Status, f.Invitation.ExpiresAt = identity.InvitationRevoked, now },
			code:  fault.OrganizationInvitationRevoked, trace: "not_revoked",
		},
		"threat T-ORG-09 not who has another address": {
			given: func(f *facts) {
				f.Emails[0].Address, f.Connections = "eve@acme.test", []identity.ConnectionID{"entconn_1"}
			},
			code: fault.ResourceForbidden, trace: waiting + " address_is_hers",
		},
		"threat T-ORG-09 nor who has not proved it": {
			given: func(f *facts) { f.Emails[0].Status = identity.Unverified }, code: fault.ResourceForbidden, trace: waiting + " address_is_hers",
		},
		"threat T-ORG-12 not past SSO": {
			given: func(f *facts) { f.Connections, f.Join.Member = []identity.ConnectionID{"entconn_1"}, true },
			code:  fault.SAMLEmailAddressDomainReserved, trace: hers,
		},
		"threat T-ORG-12 nor through another connection": {
			given: func(f *facts) { f.Connections, f.Through = []identity.ConnectionID{"entconn_1"}, "entconn_2" },
			code:  fault.SAMLEmailAddressDomainReserved, trace: hers,
		},
		"by SSO, through one of several": {
			given: func(f *facts) {
				f.Connections, f.Through = []identity.ConnectionID{"entconn_1", "entconn_2"}, "entconn_2"
			}, trace: rules,
		},
		"not twice": {
			given: func(f *facts) { f.Join.Member = true }, code: fault.AlreadyAMember, trace: hers + " roles_settled role_in_set not_a_member",
		},
		"threat T-ORG-13 not when the organization is full": {
			given: func(f *facts) { f.Join.Organization.MaxAllowedMemberships, f.Join.Members = 2, 2 },
			code:  fault.OrganizationMembershipQuotaExceeded, trace: hers + " roles_settled role_in_set not_a_member membership_quota",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts{
				Now: now,
				Invitation: identity.OrganizationInvitation{
					ID: "orginv_1", OrganizationID: "org_acme", Email: "dora@acme.test", Role: identity.RoleMember, Status: identity.InvitationPending,
					PublicMetadata: identity.Metadata{"team": "red"}, PrivateMetadata: identity.Metadata{"n": 1}, ExpiresAt: now.Add(time.Second),
				},
				Join:   policy.JoinFacts{Person: "user_dora", Organization: identity.Organization{ID: "org_acme"}, Role: &identity.Role{Key: identity.RoleMember}},
				Emails: []identity.EmailAddress{{Address: "dora@acme.test", Status: identity.Verified}},
			}
			tt.given(&f)
			d := policy.Accept(f)
			check(t, d, tt.code, tt.trace)
			j := d.Plan.Join
			if tt.code == "" && (j == nil || j.Invitation != "orginv_1" || j.Connection != "" || j.PublicMetadata["team"] != "red" || j.PrivateMetadata["n"] != 1) {
				t.Errorf("1.139 plan %+v, want the membership with the invitation's metadata", d.Plan)
			}
		})
	}
}

func TestInviteToApp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given policy.InviteToAppFacts
		code  fault.Code
		trace string
	}{
		"a new address":                     {policy.InviteToAppFacts{}, "", "no_account not_invited"},
		"not one with an account":           {policy.InviteToAppFacts{Account: true, Pending: true}, fault.FormIdentifierExists, "no_account"},
		"1.140 not one that is invited":     {policy.InviteToAppFacts{Pending: true}, fault.DuplicateRecord, "no_account not_invited"},
		"but where the caller wants it so":  {policy.InviteToAppFacts{Account: true, Pending: true, IgnoreExisting: true}, "", "no_account not_invited"},
		"who wants it so needs no account":  {policy.InviteToAppFacts{IgnoreExisting: true}, "", "no_account not_invited"},
		"an account alone is reason enough": {policy.InviteToAppFacts{Account: true}, fault.FormIdentifierExists, "no_account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, policy.InviteToApp(tt.given), tt.code, tt.trace)
		})
	}
}

func TestWaitingInApp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status identity.InvitationStatus
		left   time.Duration
		code   fault.Code
		trace  string
	}{
		"one that waits":          {identity.InvitationPending, time.Second, "", "not_revoked not_accepted not_expired"},
		"not one at its end":      {identity.InvitationPending, 0, fault.TicketExpired, "not_revoked not_accepted not_expired"},
		"not one that was used":   {identity.InvitationAccepted, -time.Second, fault.InvitationAlreadyAccepted, "not_revoked not_accepted"},
		"not one that is revoked": {identity.InvitationRevoked, -time.Second, fault.InvitationRevoked, "not_revoked"},
		"nor one kept as expired": {identity.InvitationExpired, time.Second, fault.TicketExpired, "not_revoked not_accepted not_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := identity.Invitation{ID: "inv_1", Status: tt.status, ExpiresAt: now.Add(tt.left)}
			check(t, policy.WaitingInApp(i, now), tt.code, tt.trace)
		})
	}
}
