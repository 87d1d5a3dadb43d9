package dashboard

import (
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

func organizationSamples() []sample {
	acme := manage.OrganizationView{Organization: identity.Organization{ID: "org_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Name: "Acme", Slug: "acme", CreatedAt: sampled.Add(-50 * time.Hour)}, Members: 143, RoleSetKey: "role_set:default"}
	globex := manage.OrganizationView{Organization: identity.Organization{ID: "org_2x9KbPq7tR4mVn8sWc1yZd5eLf4", Name: "Globex", CreatedAt: sampled.Add(-5 * time.Minute)}, Members: 1}
	refused := newOrganizationScreen(map[string]string{"name": "Acme", "slug": "acme"})
	refused.Problems = []page.Problem{{Field: "slug", Text: "That slug is taken. Choose another."}}
	return []sample{
		{"organizations", organizationsPath, organizationsScreen(asked(organizationsPath, nil), "-created_at", []manage.OrganizationView{acme, globex}, 60, sampled)},
		{"organizations_none", organizationsPath, organizationsScreen(asked(organizationsPath, nil), "-created_at", nil, 0, sampled)},
		{"organizations_not_found", organizationsPath, organizationsScreen(asked(organizationsPath, httpio.Params{"q": {"initech"}}), "name", nil, 0, sampled)},
		{"organization_new", organizationsPath + "/new", newOrganizationScreen(map[string]string{})},
		{"organization_new_refused", organizationsPath + "/new", refused},
	}
}
