package dashboard

import (
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
)

func setupLinkSamples() []sample {
	acme := sampleOrganization()
	path := setupLinkPath(acme.ID)
	link := manage.NewSetupLink{
		SetupLink: identity.SetupLink{ID: "aplt_6b0720d4000000000000000000000000", OrganizationID: acme.ID, ExpiresAt: sampled.Add(8 * time.Hour)},
		URL:       "https://usher.test/setup?token=aplt_c2FtcGxlIG9mIGEgbGluayB0aGF0IG9wZW5zIG5vdGhpbmc",
	}
	return []sample{
		{"setup_link_new", path, newSetupLinkScreen(acme, "28800")},
		{"setup_link_created", path, setupLinkCreatedScreen(acme, link, "Northwind Bank")},
	}
}
