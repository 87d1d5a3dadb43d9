package manage

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// KeyView is a key of ours at a connection, without what is secret about it.
type KeyView struct {
	ID        identity.KeyID
	CreatedAt time.Time
	Signs     bool   // requests are signed with it; answers may be encrypted for any
	PEM       string // of the certificate
	CertificateView
}

// ConnectionState is what is kept beside a connection's configuration.
type ConnectionState struct {
	Keys []KeyView // those in use, the oldest first

	// Metadata is how the refreshing of what the provider says about itself goes;
	// without NextAt, nothing is refreshed.
	Metadata identity.MetadataState
}

// ConnectionState reads what is kept beside a connection's configuration.
func (s *Service) ConnectionState(ctx context.Context, id identity.ConnectionID) (v ConnectionState, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		v = ConnectionState{}
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		keys, err := tx.ConnectionKeys(id)
		if err != nil {
			return err
		}
		slices.Reverse(keys)
		for i, k := range keys {
			view := KeyView{ID: k.ID, CreatedAt: k.CreatedAt, Signs: i == 0, PEM: pemOf(k.Certificate)}
			if list := Certificates([]string{k.Certificate}); len(list) == 1 {
				view.CertificateView = list[0]
			}
			v.Keys = append(v.Keys, view)
		}
		if s.source(c) == nil {
			return nil
		}
		v.Metadata, err = tx.MetadataState(id)
		return store.Optional(err)
	})
	return v, err
}

// pemOf writes a stored certificate as consoles take it.
func pemOf(stored string) string {
	der, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// ConnectionFindings says what is wrong, or may be, with what is live of a
// connection: errors first. Whether it was tried is not among them.
func (s *Service) ConnectionFindings(ctx context.Context, id identity.ConnectionID) ([]Finding, error) {
	var c identity.Connection
	f := policy.DraftFacts{Now: s.Now(), BaseURL: s.BaseURL}
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if c, err = s.connection(tx, id); err != nil {
			return err
		}
		f.Connection = c
		if c.Provider.IsEASIE() {
			_, err := tx.ProviderCredentials(c.Provider)
			if store.Optional(err) != nil {
				return err
			}
			f.Credentials = err == nil
		}
		f.SameIssuer, err = tx.ConnectionsOfIssuer(c.Config.Issuer(), maxSameIssuer)
		return err
	})
	if err != nil {
		return nil, err
	}
	if conf := c.Config.SAML; conf != nil {
		f.Certificates = certificateFacts(conf.IDPCertificates)
		f.MetadataIssuer, f.MetadataNotices = s.metadataFacts(conf)
	}
	return slices.DeleteFunc(policy.Diagnose(f), func(f Finding) bool { return f.Code == "not_tested" }), nil
}
