package manage

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/saml"
	"usher/internal/secret"
	"usher/internal/store"
)

// secretKeyBytes is 256 bits of chance.
const secretKeyBytes = 32

// NewSecretKey makes a key of the Backend API. It is returned this once and kept
// as a hash. Development keys begin with sk_test_, others with sk_live_.
func (s *Service) NewSecretKey(ctx context.Context, name string, development bool) (string, error) {
	prefix := "sk_live_"
	if development {
		prefix = "sk_test_"
	}
	key := prefix + secret.NewToken(secretKeyBytes)
	return key, s.AcceptSecretKey(ctx, name, key)
}

// AcceptSecretKey makes a key that was made elsewhere valid. It is no error if
// it is already.
func (s *Service) AcceptSecretKey(ctx context.Context, name, key string) error {
	now := s.Now()
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.SecretKeyByHash(s.hashSecretKey(key))
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		k := identity.SecretKey{ID: identity.NewID[identity.SecretKeyID](now), Hash: s.hashSecretKey(key), Name: name, CreatedAt: now}
		if err := tx.InsertSecretKey(k); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "secret_key.created", Subject: string(k.ID)})
	})
}

// Authenticate accepts a valid secret key and nothing else (threat T-API-01), and
// says which it is.
func (s *Service) Authenticate(ctx context.Context, key string) (id identity.SecretKeyID, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		k, err := tx.SecretKeyByHash(s.hashSecretKey(key))
		if err != nil {
			return store.Missing(err, fault.New(fault.SecretKeyInvalid))
		}
		if !k.RevokedAt.IsZero() {
			return fault.New(fault.SecretKeyInvalid)
		}
		id = k.ID
		return nil
	})
	return id, err
}

func (s *Service) hashSecretKey(key string) string { return s.Ring.HashToken("secret_key", key) }

// Validity is the time for which a certificate says that it is valid.
type Validity struct{ From, Until time.Time }

// CertificateValidity reads the dates of a stored certificate.
func CertificateValidity(text string) (Validity, error) {
	c, err := saml.ParseCertificate(text)
	if err != nil {
		return Validity{}, err
	}
	return Validity{From: c.NotBefore, Until: c.NotAfter}, nil
}

// SecretKeys lists the keys of the Backend API, revoked ones too, the newest first.
func (s *Service) SecretKeys(ctx context.Context) (list []identity.SecretKey, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, err = tx.SecretKeys()
		return err
	})
	return list, err
}

// RevokeSecretKey shuts a key of the Backend API out at once. One that is revoked
// already stays so.
func (s *Service) RevokeSecretKey(ctx context.Context, id identity.SecretKeyID) error {
	now := s.Now()
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		keys, err := tx.SecretKeys()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(keys, func(k identity.SecretKey) bool { return k.ID == id }) {
			return fault.New(fault.NotFound, "resource", "secret key")
		}
		revoked, err := tx.RevokeSecretKey(id, now)
		if err != nil || !revoked {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "secret_key.revoked", Subject: string(id)})
	})
}
