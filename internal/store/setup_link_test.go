package store_test

import (
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestSetupLinks_ComeBackAsTheyWereStoredAndAreBoundOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := organization(1)
		l := identity.SetupLink{
			ID: "aplt_1", OrganizationID: o.ID, ITContactID: "it", Scopes: []string{identity.SetupRead}, TokenHash: "one",
			ExpiresAt: at(9), CreatedAt: at(1), UpdatedAt: at(1),
		}
		all := identity.SetupLink{ID: "aplt_2", OrganizationID: o.ID, TokenHash: "two", ExpiresAt: at(9)}
		none := identity.SetupLink{ID: "aplt_3", OrganizationID: o.ID, TokenHash: "three", Scopes: []string{}, ExpiresAt: at(9)}
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertOrganization(o) },
				func() error { return tx.InsertSetupLink(l) },
				func() error { return tx.InsertSetupLink(all) },
				func() error { return tx.InsertSetupLink(none) },
				func() error { return back(t, "SetupLink", l)(tx.SetupLink(l.ID)) },
				func() error { return back(t, "all scopes", all)(tx.SetupLink(all.ID)) },
				func() error { return back(t, "no scopes", none)(tx.SetupLink(none.ID)) },
				func() error { return is(t, "bound at its end", false)(tx.BindSetupLink(l.ID, "b", at(9))) },
				func() error { return is(t, "bound", true)(tx.BindSetupLink(l.ID, "b", at(2))) },
				func() error { return is(t, "bound again", false)(tx.BindSetupLink(l.ID, "c", at(3))) },
				func() error { return is(t, "revoked", true)(tx.RevokeSetupLink(l.ID, "why", at(4))) },
				func() error { return is(t, "revoked again", false)(tx.RevokeSetupLink(l.ID, "", at(5))) },
				func() error { return is(t, "revoked unopened", true)(tx.RevokeSetupLink(all.ID, "", at(4))) },
				func() error { return is(t, "bound when revoked", false)(tx.BindSetupLink(all.ID, "d", at(5))) },
			)
		})
		l.BrowserHash, l.OpenedAt, l.RevokedAt, l.RevocationReason, l.UpdatedAt = "b", at(2), at(4), "why", at(4)
		read(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return back(t, "SetupLinkByTokenHash", l)(tx.SetupLinkByTokenHash("one")) },
				func() error { return back(t, "SetupLinkByBrowserHash", l)(tx.SetupLinkByBrowserHash("b")) },
			)
		})
	})
}
