package manage

import (
	"context"
	"crypto/x509"
	"strconv"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/saml"
	"usher/internal/store"
)

// SPMetadata is the service provider's metadata of a connection, for its
// provider. Every key in use is in it, so that the provider can learn a new one
// before it signs.
func (s *Service) SPMetadata(ctx context.Context, id identity.ConnectionID) ([]byte, error) {
	var c identity.Connection
	var keys []identity.ConnectionKey
	err := s.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		if c, err = tx.Connection(id); err != nil {
			return store.Missing(err, fault.New(fault.SAMLConnectionActiveNotFound))
		}
		if c.Config.SAML == nil {
			return fault.New(fault.SAMLConnectionActiveNotFound)
		}
		keys, err = tx.ConnectionKeys(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, k := range keys {
		cert, err := saml.ParseCertificate(k.Certificate)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	return saml.SPMetadata{
		EntityID:               id.SPMetadataURL(s.BaseURL),
		ACSURL:                 id.ACSURL(s.BaseURL),
		SigningCertificates:    certs,
		EncryptionCertificates: certs,
		AuthnRequestsSigned:    c.Config.SAML.WantSigned,
		WantAssertionsSigned:   true,
		NameIDFormats:          nameIDFormats(),
	}.XML(), nil
}

// AddConnectionKey begins a rollover: the new key is published beside the old
// one, which goes on signing and decrypting until it is retired.
func (s *Service) AddConnectionKey(ctx context.Context, id identity.ConnectionID) (identity.ConnectionKey, error) {
	key, err := newConnectionKey(id, s.Now())
	if err != nil {
		return key, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		if err := tx.InsertConnectionKey(key); err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{
			Action: "enterprise_connection.key.added", Subject: string(id), OrganizationID: c.OrganizationID,
			Detail: map[string]string{"key_id": string(key.ID)},
		})
	})
	return key, err
}

// RetireConnectionKeys ends a rollover: every key but the newest is retired. It
// returns how many were.
func (s *Service) RetireConnectionKeys(ctx context.Context, id identity.ConnectionID) (retired int, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		retired = 0
		keys, err := tx.ConnectionKeys(id)
		if err != nil {
			return err
		}
		for _, k := range keys[min(1, len(keys)):] {
			if _, err := tx.RetireConnectionKey(k.ID, now); err != nil {
				return err
			}
			retired++
		}
		if retired == 0 {
			return nil
		}
		return s.audit(tx, identity.AuditEntry{
			Action: "enterprise_connection.keys.retired", Subject: string(id), Detail: map[string]string{"keys": strconv.Itoa(retired)},
		})
	})
	return retired, err
}

// refreshSoon is how soon a metadata URL that was just set is fetched again.
const refreshSoon = time.Hour

// nameIDFormats are those that make a lasting key, best first: SAML core,
// section 8.3.
func nameIDFormats() []string {
	return []string{
		"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
	}
}
