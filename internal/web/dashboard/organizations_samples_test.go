package dashboard

import (
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

// sampleOrganization is the one that most samples are about.
func sampleOrganization() manage.OrganizationView {
	return manage.OrganizationView{
		Organization: identity.Organization{
			ID: "org_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Name: "Acme", Slug: "acme", MaxAllowedMemberships: 200, AdminDeleteEnabled: true, CreatedAt: sampled.Add(-50 * time.Hour),
		},
		Members: 143, RoleSetKey: "role_set:default",
	}
}

func sampleRoles() []manage.RoleInSet {
	return []manage.RoleInSet{
		{Role: identity.Role{Key: identity.RoleMember, Name: "Member"}}, {Role: identity.Role{Key: identity.RoleAdmin, Name: "Admin"}},
	}
}

func sampleMember() manage.MembershipView {
	return manage.MembershipView{
		Membership: identity.Membership{
			ID: "orgmem_2x9KbPq7tR4mVn8sWc1yZd5eLf3", OrganizationID: sampleOrganization().ID, UserID: "user_2x9KbPq7tR4mVn8sWc1yZd5eLf3",
			Role: identity.RoleAdmin, ConnectionID: "entconn_1", CreatedAt: sampled.Add(-time.Hour),
		},
		Organization: sampleOrganization(), Role: sampleRoles()[1].Role, User: identity.User{FirstName: "Alice", LastName: "Smith"}, Identifier: "alice@acme.test",
	}
}

func organizationSamples() []sample {
	acme, path := sampleOrganization(), organizationPath(sampleOrganization().ID)
	globex := manage.OrganizationView{Organization: identity.Organization{ID: "org_2x9KbPq7tR4mVn8sWc1yZd5eLf4", Name: "Globex", CreatedAt: sampled.Add(-5 * time.Minute)}, Members: 1}
	refused := newOrganizationScreen(map[string]string{"name": "Acme", "slug": "acme"})
	refused.Problems = []page.Problem{{Field: "slug", Text: "That slug is taken. Choose another."}}
	okta := identity.Connection{ID: "entconn_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Name: "Acme Okta", Provider: identity.SAMLOkta, Domains: []identity.Domain{"acme.test", "acme.example"}}
	sets := []manage.RoleSetView{{RoleSet: identity.RoleSet{Key: "role_set:default", Name: "Default"}}}
	effects := []manage.Effect{
		{Name: "members_removed", People: 143, Plain: "143 people lose their membership. Their users stay."},
		{Name: "no_organization_left", People: 12, Plain: "12 people belong to no other organization."},
	}
	return []sample{
		{"organizations", organizationsPath, organizationsScreen(asked(organizationsPath, nil), "-created_at", []manage.OrganizationView{acme, globex}, 60, sampled)},
		{"organizations_none", organizationsPath, organizationsScreen(asked(organizationsPath, nil), "-created_at", nil, 0, sampled)},
		{"organizations_not_found", organizationsPath, organizationsScreen(asked(organizationsPath, httpio.Params{"q": {"initech"}}), "name", nil, 0, sampled)},
		{"organization_new", organizationsPath + "/new", newOrganizationScreen(map[string]string{})},
		{"organization_new_refused", organizationsPath + "/new", refused},
		{"organization", path, organizationOverviewScreen(acme, []identity.Connection{okta}, false)},
		{"organization_unmanaged", path, organizationOverviewScreen(acme, nil, true)},
		{"organization_settings", path + "/settings", organizationSettingsScreen(acme, givenOf(acme), sets)},
		{"organization_delete", path + "/delete", deleteOrganizationScreen(acme, effects)},
		{"organization_delete_empty", path + "/delete", deleteOrganizationScreen(globex, nil)},
	}
}

func memberSamples() []sample {
	acme, alice, path := sampleOrganization(), sampleMember(), membersPath(sampleOrganization().ID)
	bob := manage.MembershipView{Membership: identity.Membership{UserID: "user_2", OrganizationID: acme.ID, CreatedAt: sampled.Add(-time.Hour), Role: identity.RoleMember}, Organization: acme, Identifier: "bob@acme.test"}
	refused := removeMemberScreen(alice, nil)
	refused.Problems = []page.Problem{{Text: "Nobody else can manage the members."}}
	effects := []manage.Effect{{Name: "rejoins", People: 1, Plain: "The person joined through Acme Okta and comes back at the next sign-in through it."}}
	return []sample{
		{"members", path, membersScreen(acme, asked(path, nil), "-created_at", []manage.MembershipView{alice, bob}, 143, sampleRoles(), sampled)},
		{"members_none", path, membersScreen(acme, asked(path, nil), "-created_at", nil, 0, sampleRoles(), sampled)},
		{"members_not_found", path, membersScreen(acme, asked(path, httpio.Params{"q": {"zoe"}}), "-created_at", nil, 0, sampleRoles(), sampled)},
		{"member", path + "/" + string(alice.UserID), memberScreen(alice, sampleRoles())},
		{"member_remove", path, removeMemberScreen(alice, effects)},
		{"member_remove_refused", path, refused},
		{"member_add", path, addMemberScreen(acme, map[string]string{}, sampleRoles())},
	}
}

func invitationSamples() []sample {
	acme, path := sampleOrganization(), invitationsPath(sampleOrganization().ID)
	to := func(email identity.Email, status identity.InvitationStatus) manage.InvitationView {
		return manage.InvitationView{
			OrganizationInvitation: identity.OrganizationInvitation{
				ID: identity.OrgInvitationID("orginv_" + string(status)), OrganizationID: acme.ID, Email: email, Status: status, CreatedAt: sampled.Add(-time.Hour), ExpiresAt: sampled.Add(29 * 24 * time.Hour),
			},
			Organization: acme.Organization, RoleName: "Member", InviterName: "alice@acme.test",
		}
	}
	list := []manage.InvitationView{to("zoe@acme.test", identity.InvitationPending), to("max@acme.test", identity.InvitationAccepted), to("eve@acme.test", identity.InvitationRevoked)}
	refused := inviteScreen(acme, map[string]string{"email_addresses": "zoe", "role": "org:admin"}, sampleRoles())
	refused.Problems = []page.Problem{{Field: "email_addresses", Text: "Enter an email address like name@company.com."}}
	return []sample{
		{"invitations", path, invitationsScreen(acme, asked(path, nil), "-created_at", list, 3, sampled)},
		{"invitations_none", path, invitationsScreen(acme, asked(path, nil), "-created_at", nil, 0, sampled)},
		{"invitations_not_found", path, invitationsScreen(acme, asked(path, httpio.Params{"status": {"expired"}}), "-created_at", nil, 0, sampled)},
		{"invite", path + "/new", inviteScreen(acme, map[string]string{}, sampleRoles())},
		{"invite_refused", path + "/new", refused},
	}
}

func domainSamples() []sample {
	acme, path := sampleOrganization(), organizationDomainsPath(sampleOrganization().ID)
	fresh := manage.DomainView{OrganizationDomain: identity.OrganizationDomain{ID: "orgdmn_1", OrganizationID: acme.ID, Name: "acme.test", EnrollmentMode: identity.EnrollmentSSO, CreatedAt: sampled}, Organization: acme.Organization}
	waits, proved, missing := fresh, fresh, fresh
	waits.Ownership = identity.Ownership{Strategy: identity.OwnershipTXT, Value: "usher-2x9KbPq7tR4mVn8sWc1yZd5eLf3", ExpiresAt: sampled.Add(time.Hour)}
	proved.Ownership = identity.Ownership{Strategy: identity.OwnershipManual, VerifiedAt: sampled.Add(-time.Hour)}
	proved.Verified, proved.EnrollmentMode = true, identity.EnrollmentInvitation
	missing.Ownership = identity.Ownership{
		Strategy: identity.OwnershipTXT, Value: "usher-2x9KbPq7tR4mVn8sWc1yZd5eLf3", VerifiedAt: sampled.Add(-900 * time.Hour), SeenAt: sampled.Add(-50 * time.Hour), MissingSince: sampled.Add(-26 * time.Hour),
	}
	list := domainsBlock(asked(path, nil), "-created_at", []manage.DomainView{waits, proved, missing}, 3, sampled)
	return []sample{
		{"domains", path, organizationDomainsScreen(acme, list, "")},
		{"domains_none", path, organizationDomainsScreen(acme, domainsBlock(asked(path, nil), "-created_at", nil, 0, sampled), "")},
		{"domain_new", path + "/1", domainScreen(fresh, sampled)},
		{"domain_waits", path + "/1", domainScreen(waits, sampled)},
		{"domain_proved", path + "/1", domainScreen(proved, sampled)},
		{"domain_missing", path + "/1", domainScreen(missing, sampled)},
		{"domain_delete", path + "/1", deleteDomainScreen(fresh)},
	}
}
