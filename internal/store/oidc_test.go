package store_test

import (
	"errors"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Threat T-SEC-01 is in what is stored; here everything comes back.
func TestOIDC_SecretsComeBackAsTheyWereStored(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		u, c := user(1), connection(1, "acme.test")
		a := account(1, c.ID, u.ID)
		secret := identity.ClientSecret{ID: id[identity.ClientSecretID](1), ConnectionID: c.ID, Secret: "s3cret", CreatedAt: at(1)}
		own := identity.ProviderCredentials{
			Provider: identity.OAuthGoogle, ClientID: "usher", ClientSecret: "hush", DiscoveryURL: "https://idp.test", Discovery: "{}", UpdatedAt: at(1),
		}
		token := identity.AccountToken{
			AccountID: a.ID, RefreshToken: "r-1", Issuer: "https://idp.test", Subject: "s-1", NextCheckAt: at(5), FailingSince: at(2), UpdatedAt: at(3),
		}
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertConnection(c) },
				func() error { return is(t, "InsertAccount", true)(tx.InsertAccount(a)) },
				func() error { return tx.InsertClientSecret(secret) },
				func() error { return tx.PutProviderCredentials(identity.ProviderCredentials{Provider: own.Provider}) },
				func() error { return tx.PutProviderCredentials(own) },
				func() error { return tx.PutAccountToken(identity.AccountToken{AccountID: a.ID}) },
				func() error { return tx.PutAccountToken(token) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			_, err := tx.ClientSecret("entconn_other", secret.ID)
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another connection's secret: %v", err)
			}
			return first(
				func() error { return back(t, "ClientSecret", secret)(tx.ClientSecret(c.ID, secret.ID)) },
				func() error { return back(t, "ProviderCredentials", own)(tx.ProviderCredentials(own.Provider)) },
				func() error { return back(t, "AccountToken", token)(tx.AccountToken(a.ID)) },
			)
		})
	})
}

// Threat T-EASIE-10: of two who would ask, one does.
func TestOIDC_AQuestionIsClaimedOnceWhenItIsDue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		u, c := user(1), connection(1, "acme.test")
		a := account(1, c.ID, u.ID)
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertUser(u) },
				func() error { return tx.InsertConnection(c) },
				func() error { return is(t, "InsertAccount", true)(tx.InsertAccount(a)) },
				func() error {
					return tx.PutAccountToken(identity.AccountToken{AccountID: a.ID, RefreshToken: "r", NextCheckAt: at(5)})
				},
				func() error { return is(t, "before its time", false)(tx.ClaimAccountCheck(a.ID, at(4), at(9))) },
				func() error { return is(t, "in time", true)(tx.ClaimAccountCheck(a.ID, at(5), at(9))) },
				func() error { return is(t, "once more", false)(tx.ClaimAccountCheck(a.ID, at(5), at(9))) },
				func() error { return tx.DeprovisionAccount(a.ID, at(6)) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			if _, err := tx.AccountToken(a.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the token of somebody who is gone: %v", err)
			}
			gone, err := tx.AccountOf(c.ID, u.ID)
			if !gone.DeprovisionedAt.Equal(at(6)) {
				t.Errorf("deprovisioned at %v", gone.DeprovisionedAt)
			}
			return err
		})
	})
}

// Threat T-EASIE-03: the first tenant stays.
func TestOIDC_AConnectionIsBoundToATenantOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := connection(1, "acme.test")
		c.TenantID = ""
		write(t, db, func(tx *store.Tx) error {
			return first(
				func() error { return tx.InsertConnection(c) },
				func() error { return is(t, "the first", true)(tx.BindTenant(c.ID, "t-1", at(7))) },
				func() error { return is(t, "the second", false)(tx.BindTenant(c.ID, "t-2", at(8))) },
			)
		})
		read(t, db, func(tx *store.Tx) error {
			bound, err := tx.Connection(c.ID)
			if bound.TenantID != "t-1" {
				t.Errorf("bound to %q", bound.TenantID)
			}
			return err
		})
	})
}
