package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// SAMLView is a SAML connection as Clerk's older API shows it.
type SAMLView struct {
	identity.Connection
	Users int // with an account at it
}

// SAMLConnections lists the SAML connections.
func (s *Service) SAMLConnections(ctx context.Context, f store.ConnectionFilter, p store.Page) (list []SAMLView, total int, err error) {
	f.SAML = true
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		connections, n, err := tx.Connections(f, p)
		if err != nil {
			return err
		}
		list, total = nil, n
		for _, c := range connections {
			users, err := tx.CountAccounts(c.ID)
			if err != nil {
				return err
			}
			list = append(list, SAMLView{Connection: c, Users: users})
		}
		return nil
	})
	return list, total, err
}

// SAMLConnection reads a SAML connection. One of another protocol is not seen.
func (s *Service) SAMLConnection(ctx context.Context, id identity.ConnectionID) (v SAMLView, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		v.Connection, err = tx.Connection(id)
		if store.Optional(err) != nil {
			return err
		}
		if err != nil || !v.Provider.IsSAML() {
			return fault.New(fault.NotFound, "resource", "SAML connection")
		}
		v.Users, err = tx.CountAccounts(id)
		return err
	})
	return v, err
}
