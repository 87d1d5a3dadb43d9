package store

import (
	"time"

	"usher/internal/identity"
)

// sealText seals a text of a row; empty stays empty.
func (tx *Tx) sealText(table, column, id, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	return tx.db.keys.Seal(table, column, id, []byte(text))
}

// openText opens what sealText sealed.
func (tx *Tx) openText(table, column, id, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	text, err := tx.db.keys.Open(table, column, id, sealed)
	return string(text), err
}

// InsertClientSecret adds a client secret of a connection, sealed.
func (tx *Tx) InsertClientSecret(s identity.ClientSecret) error {
	sealed, err := tx.sealText("connection_secrets", "secret", string(s.ID), s.Secret)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO connection_secrets (id, connection_id, secret, created_at) VALUES ($1, $2, $3, $4)`,
		s.ID, s.ConnectionID, sealed, ms(s.CreatedAt))
	return err
}

// ClientSecret returns a client secret of a connection.
func (tx *Tx) ClientSecret(c identity.ConnectionID, id identity.ClientSecretID) (identity.ClientSecret, error) {
	return one(tx, func(row scanner) (s identity.ClientSecret, err error) {
		var sealed string
		if err := row.Scan(&s.ID, &s.ConnectionID, &sealed, (*milliseconds)(&s.CreatedAt)); err != nil {
			return s, err
		}
		s.Secret, err = tx.openText("connection_secrets", "secret", string(s.ID), sealed)
		return s, err
	}, `
		SELECT id, connection_id, secret, created_at FROM connection_secrets
		WHERE connection_id = $1 AND id = $2`, c, id)
}

// ProviderCredentials returns the deployment's client at an EASIE provider.
func (tx *Tx) ProviderCredentials(p identity.Provider) (identity.ProviderCredentials, error) {
	return one(tx, func(row scanner) (c identity.ProviderCredentials, err error) {
		var sealed string
		if err := row.Scan(oneOf(&c.Provider, identity.Providers()...), &c.ClientID, &sealed, &c.DiscoveryURL, &c.Discovery,
			(*milliseconds)(&c.UpdatedAt)); err != nil {
			return c, err
		}
		c.ClientSecret, err = tx.openText("provider_credentials", "client_secret", string(c.Provider), sealed)
		return c, err
	}, `
		SELECT provider, client_id, client_secret, discovery_url, discovery, updated_at
		FROM provider_credentials WHERE provider = $1`, p)
}

// PutProviderCredentials writes them, whether or not there were any.
func (tx *Tx) PutProviderCredentials(c identity.ProviderCredentials) error {
	sealed, err := tx.sealText("provider_credentials", "client_secret", string(c.Provider), c.ClientSecret)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO provider_credentials (provider, client_id, client_secret, discovery_url, discovery, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (provider) DO UPDATE SET client_id = excluded.client_id, client_secret = excluded.client_secret,
			discovery_url = excluded.discovery_url, discovery = excluded.discovery, updated_at = excluded.updated_at`,
		c.Provider, c.ClientID, sealed, c.DiscoveryURL, c.Discovery, ms(c.UpdatedAt))
	return err
}

// DeleteProviderCredentials removes them and reports whether there were any.
func (tx *Tx) DeleteProviderCredentials(p identity.Provider) (bool, error) {
	return tx.execChanged(`DELETE FROM provider_credentials WHERE provider = $1`, p)
}

// AccountToken returns what an EASIE provider is asked with about an account.
func (tx *Tx) AccountToken(id identity.AccountID) (identity.AccountToken, error) {
	return one(tx, func(row scanner) (t identity.AccountToken, err error) {
		var sealed string
		if err := row.Scan(&t.AccountID, &sealed, &t.Issuer, &t.Subject, (*milliseconds)(&t.NextCheckAt), (*milliseconds)(&t.FailingSince),
			(*milliseconds)(&t.UpdatedAt)); err != nil {
			return t, err
		}
		t.RefreshToken, err = tx.openText("account_tokens", "refresh_token", string(t.AccountID), sealed)
		return t, err
	}, `
		SELECT account_id, refresh_token, issuer, subject, next_check_at, failing_since, updated_at
		FROM account_tokens WHERE account_id = $1`, id)
}

// PutAccountToken writes it, whether or not there was one.
func (tx *Tx) PutAccountToken(t identity.AccountToken) error {
	sealed, err := tx.sealText("account_tokens", "refresh_token", string(t.AccountID), t.RefreshToken)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO account_tokens (account_id, refresh_token, issuer, subject, next_check_at, failing_since, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account_id) DO UPDATE SET refresh_token = excluded.refresh_token,
			issuer = excluded.issuer, subject = excluded.subject,
			next_check_at = excluded.next_check_at, failing_since = excluded.failing_since, updated_at = excluded.updated_at`,
		t.AccountID, sealed, t.Issuer, t.Subject, ms(t.NextCheckAt), ms(t.FailingSince), ms(t.UpdatedAt))
	return err
}

// ClaimAccountCheck takes the question about an account, until another time, from
// everybody else who would ask it, and reports whether it was due: of two nodes,
// one asks (threat T-EASIE-10). Until its answer is kept the question counts as
// unanswered.
func (tx *Tx) ClaimAccountCheck(id identity.AccountID, now, until time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE account_tokens SET next_check_at = $3, updated_at = $2,
			failing_since = CASE WHEN failing_since = 0 THEN $2 ELSE failing_since END
		WHERE account_id = $1 AND next_check_at <= $2`, id, ms(now), ms(until))
}

// DoubtAccountTokens counts the next question about everybody who comes through a
// provider as one after an unanswered one.
func (tx *Tx) DoubtAccountTokens(p identity.Provider, now time.Time) error {
	_, err := tx.exec(`
		UPDATE account_tokens SET failing_since = $2
		WHERE failing_since = 0 AND account_id IN (
			SELECT a.id FROM enterprise_accounts a JOIN enterprise_connections c ON c.id = a.connection_id
			WHERE c.provider = $1)`, p, ms(now))
	return err
}

// ForgetAccountToken forgets what a provider is asked with about an account.
func (tx *Tx) ForgetAccountToken(id identity.AccountID) error {
	_, err := tx.exec(`DELETE FROM account_tokens WHERE account_id = $1`, id)
	return err
}

// DeprovisionAccount notes that the provider said that a person is gone, and
// forgets what it was asked with.
func (tx *Tx) DeprovisionAccount(id identity.AccountID, now time.Time) error {
	if err := tx.ForgetAccountToken(id); err != nil {
		return err
	}
	found, err := tx.userChanged(changed[identity.UserID](tx, `
		UPDATE enterprise_accounts SET deprovisioned_at = $2, updated_at = $2 WHERE id = $1 RETURNING user_id`, id, ms(now)))
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}
