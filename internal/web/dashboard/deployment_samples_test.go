package dashboard

import (
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
	"usher/internal/web/page"
)

func webhookSamples() []sample {
	on := manage.EndpointView{
		Endpoint: identity.Endpoint{ID: "ep_1", URL: "https://api.northwind.test/webhooks", Description: "Billing", Secret: identity.EndpointSecret{Current: "whsec_c2FtcGxl"}},
		Health:   identity.EndpointHealth{LastSuccessAt: sampled.Add(-time.Minute)}, Counts: store.DeliveryCounts{Delivered: 120, Waiting: 2},
	}
	failing, off := on, on
	failing.Health = identity.EndpointHealth{Failures: 7, FailingSince: sampled.Add(-2 * time.Hour)}
	failing.Types = []identity.EventType{identity.UserCreated, identity.UserDeleted}
	failing.Counts.Failed = 3
	off.DisabledAt, off.DisabledBecause = sampled.Add(-time.Hour), "It failed for three days."
	path := webhookPath(on.ID)
	deliveries := []identity.Delivery{
		{ID: "whd_1", Type: identity.UserCreated, Status: identity.Delivered, Tries: 1, CreatedAt: sampled.Add(-time.Minute)},
		{ID: "whd_2", Type: identity.UserUpdated, Status: identity.DeliveryWaiting, Tries: 3, CreatedAt: sampled.Add(-time.Hour), NextAt: sampled.Add(time.Hour)},
	}
	one := manage.DeliveryView{Delivery: deliveries[1], Event: identity.Event{Subject: "user_2x9KbPq7tR4mVn8sWc1yZd5eLf3"}, Tries: []identity.DeliveryTry{
		{Number: 1, At: sampled.Add(-time.Hour), Took: 15 * time.Second, Failure: "no answer within 15 s"}, {Number: 2, At: sampled.Add(-time.Minute), Took: 120 * time.Millisecond, Code: 500, Failure: "it answered with an error", Answer: "<h1>oops</h1>"},
	}}
	refusedForm := newWebhookScreen(map[string]string{"url": "http://localhost"})
	refusedForm.Problems = []page.Problem{{Field: "url", Text: "Give an address that begins with https://."}}
	return []sample{
		{"webhooks", webhooksPath, webhooksScreen([]manage.EndpointView{on, failing, off}, sampled)},
		{"webhooks_none", webhooksPath, webhooksScreen(nil, sampled)},
		{"webhook_new", webhooksPath + "/new", newWebhookScreen(map[string]string{})},
		{"webhook_new_refused", webhooksPath + "/new", refusedForm},
		{"webhook_secret", path, webhookSecretScreen(on)},
		{"webhook", path, webhookScreen(on, asked(path, nil), deliveries, 2, sampled)},
		{"webhook_failing", path, webhookScreen(failing, asked(path, nil), nil, 0, sampled)},
		{"webhook_off", path, webhookScreen(off, asked(path, nil), nil, 0, sampled)},
		{"webhook_settings", path, webhookSettingsScreen(on, endpointGiven(failing))},
		{"webhook_delete", path, deleteWebhookScreen(on)},
		{"webhook_delivery", path, deliveryScreen(on, one, sampled)},
		{"webhook_delivery_untried", path, deliveryScreen(on, manage.DeliveryView{Delivery: deliveries[1]}, sampled)},
	}
}

func settingsSamples() []sample {
	in := identity.DefaultSettings()
	in.AllowedOrigins = []string{"https://app.northwind.test"}
	general := generalSettingsScreen(givenSettings(in))
	general.Problems = []page.Problem{{Field: "session_days", Text: "Give a number."}}
	lists := access{
		restrictions: identity.Restrictions{Blocklist: true},
		blocked:      []identity.AccessIdentifier{{ID: "blid_1", List: identity.BlockList, Identifier: "*@evil.test"}},
	}
	return []sample{
		{"settings", settingsPath, generalSettingsScreen(givenSettings(in))},
		{"settings_refused", settingsPath, general},
		{"settings_organizations", settingsPath + "/organizations", organizationDefaultsScreen(map[string]string{"max_allowed_memberships": "0", "domains_enabled": "true"})},
		{"settings_access", settingsPath + "/access", accessScreen(lists, "", "allow")},
	}
}

func auditSamples() []sample {
	list := []identity.AuditEntry{
		{At: sampled.Add(-time.Minute), Actor: identity.Actor{Kind: identity.ActorUser, ID: "user_1"}, Action: "user.banned", Subject: "user_2", Detail: map[string]string{"reason": "asked", "by": "support"}},
		{At: sampled.Add(-time.Hour), Actor: identity.Actor{Kind: identity.ActorCommandLine}, Action: "organization_domain.affiliation.verified", Subject: "orgdmn_1"},
	}
	return []sample{
		{"audit", auditPath, auditScreen(asked(auditPath, nil), list, 2, sampled)},
		{"audit_none", auditPath, auditScreen(asked(auditPath, httpio.Params{"q": {"user_3"}}), nil, 0, sampled)},
	}
}

func roleSamples() []sample {
	permissions := []identity.DefinedPermission{
		{ID: "perm_1", Key: identity.MembershipsManage, Name: "Manage members"}, {ID: "perm_2", Key: "org:invoices:create", Name: "Create invoices", Description: "And send them"},
	}
	admin := manage.RoleView{Role: identity.Role{ID: "role_1", Key: identity.RoleAdmin, Name: "Admin", CreatedAt: sampled.Add(-time.Hour)}, Permissions: permissions}
	set := manage.RoleSetView{
		RoleSet: identity.RoleSet{ID: "roleset_1", Key: "role_set:default", Name: "Default", Default: "role_2", Creator: "role_1"}, Roles: sampleRoles(),
		Migration: &identity.RoleMigration{Migrated: 4200}, Keys: map[identity.RoleID]identity.RoleKey{"role_1": identity.RoleAdmin, "role_2": identity.RoleMember},
	}
	blocked := deleteRoleScreen(admin)
	refused(&blocked, fault.New(fault.OrganizationRoleAssignedMembers))
	return []sample{
		{"roles", rolesPath, roleListScreen([]manage.RoleView{admin}, sampled)},
		{"role_new", rolesPath + "/new", roleScreen("", roleGiven{key: "org:"}, permissions)},
		{"role", rolesPath + "/role_1", roleScreen("role_1", roleGiven{name: "Admin", key: "org:admin", permissions: map[string]bool{"perm_1": true}}, permissions)},
		{"role_delete", rolesPath + "/role_1", deleteRoleScreen(admin)},
		{"role_delete_refused", rolesPath + "/role_1", blocked},
		{"permissions", rolesPath + "/permissions", permissionsScreen(permissions, map[string]string{"key": "org:"})},
		{"role_sets", rolesPath + "/sets", roleSetsScreen([]manage.RoleSetView{set})},
	}
}

func searchSamples() []sample {
	all := found{
		organizations: []manage.OrganizationView{sampleOrganization()}, connections: []identity.Connection{{ID: "entconn_1", Name: "Acme Okta", Domains: []identity.Domain{"acme.test"}}},
		users: []manage.UserView{{User: identity.User{ID: "user_1", FirstName: "Alice"}}, {User: identity.User{ID: "user_2"}}, {User: identity.User{ID: "user_3"}}, {User: identity.User{ID: "user_4"}}, {User: identity.User{ID: "user_5"}}},
	}
	return []sample{
		{"search", searchPath, searchScreen("acme", all)},
		{"search_none", searchPath, searchScreen("zzz", found{})},
		{"search_nothing_asked", searchPath, searchScreen("", found{})},
	}
}

func mailSamples() []sample {
	plain := manage.MailTemplateView{
		Slug: "verification_code", Name: "Verification code", Subject: "{{otp_code}} is your code", Text: "Your code is {{otp_code}}.", Variables: []string{"otp_code", "app.name"}, Required: []string{"otp_code"}, Delivered: true,
	}
	own := plain
	own.Changed, own.Delivered = true, false
	refusedMail := mailScreen(own, map[string]string{"subject": "Code", "text": "none"}, manage.MailPreview{})
	refusedMail.Problems = []page.Problem{{Field: "text", Text: "The text lacks {{otp_code}}."}}
	path := mailPath + "/" + plain.Slug
	return []sample{
		{"mails", mailPath, mailsScreen([]manage.MailTemplateView{plain, own})},
		{"mail", path, mailScreen(plain, mailGiven(plain), manage.MailPreview{Subject: "424242 is your code", Text: "Your code is 424242."})},
		{"mail_refused", path, refusedMail},
	}
}
