package dashboard

import (
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

const sampleBase = "https://sign-in.northwind.test"

func sampleConnection() identity.Connection {
	return identity.Connection{
		ID: "entconn_2x9KbPq7tR4mVn8sWc1yZd5eLf3", OrganizationID: sampleOrganization().ID, Name: "Acme Okta", Provider: identity.SAMLOkta, Active: true, Authenticatable: true,
		Domains: []identity.Domain{"acme.test", "acme.example"}, CreatedAt: sampled.Add(-90 * 24 * time.Hour),
		Config: identity.ConnectionConfig{SyncUserAttributes: true, DisableAdditionalIdentifications: true, SAML: &identity.SAMLConfig{
			IDPEntityID: "http://www.okta.com/exk1", IDPSSOURL: "https://acme.okta.com/app/exk1/sso/saml", IDPMetadataURL: "https://acme.okta.com/app/exk1/sso/saml/metadata",
		}},
	}
}

func connectionSamples() []sample {
	okta, path := sampleConnection(), connectionPath(sampleConnection().ID)
	fresh := identity.Connection{ID: "entconn_2", Name: "Globex Entra", Provider: identity.OIDCCustom, Config: identity.ConnectionConfig{OIDC: &identity.OIDCConfig{}}, CreatedAt: sampled}
	easie := identity.Connection{ID: "entconn_3", Name: "Hooli", Provider: identity.OAuthMicrosoft, Domains: []identity.Domain{"hooli.test"}, TenantID: "8f1c", CreatedAt: sampled, Config: identity.ConnectionConfig{OIDC: &identity.OIDCConfig{}}}
	names := map[identity.OrgID]string{okta.OrganizationID: "Acme"}
	effects := []manage.Effect{{Name: "domain_released", People: 12, Plain: "12 people with an address at acme.example can no longer sign in through this connection; they sign in with a code by mail."}}
	refused := switchConnectionScreen(fresh, true, nil)
	return []sample{
		{"connections", connectionsPath, connectionsScreen(asked(connectionsPath, nil), "-created_at", []identity.Connection{okta, fresh}, names, 2, sampled)},
		{"connections_none", connectionsPath, connectionsScreen(asked(connectionsPath, nil), "-created_at", nil, nil, 0, sampled)},
		{"connections_not_found", connectionsPath, connectionsScreen(asked(connectionsPath, httpio.Params{"state": {"active"}}), "-created_at", nil, nil, 0, sampled)},
		{"connection", path, connectionScreen(okta, "Acme", sampleBase, sampled)},
		{"connection_fresh", path, connectionScreen(fresh, "", sampleBase, sampled)},
		{"connection_easie", path, connectionScreen(easie, "", sampleBase, sampled)},
		{"connection_settings", path + "/settings", connectionSettingsScreen(okta, "Acme", connectionGiven(okta))},
		{"connection_confirm", path + "/settings", confirmConnectionScreen(okta, effects, connectionGiven(okta))},
		{"connection_switch", path, switchConnectionScreen(okta, false, effects)},
		{"connection_switch_refused", path, refused},
		{"connection_delete", path, deleteConnectionScreen(okta, effects)},
	}
}
