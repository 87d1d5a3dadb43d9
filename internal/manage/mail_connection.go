package manage

import (
	"usher/internal/identity"
	"usher/internal/mail"
	"usher/internal/store"
)

// mailAboutConnection tells those who manage an organization's connections that
// another configuration is live: it may be nobody's they know (threat T-API-05).
func (s *Service) mailAboutConnection(tx *store.Tx, c identity.Connection, r identity.ConnectionRevision) error {
	if c.OrganizationID == "" || !c.Active {
		return nil
	}
	org, err := tx.Organization(c.OrganizationID)
	if err != nil {
		return store.Optional(err)
	}
	to, err := tx.AddressesOfMembersWith(org.ID, identity.EntConnsManage)
	if err != nil {
		return err
	}
	what := "A draft of its settings was made live."
	if r.Cause == identity.RevisionRestored {
		what = "Its settings were set back to earlier ones."
	}
	for _, address := range to {
		err := s.writeMail(tx, mail.Letter{Slug: mail.ConnectionChanged, To: address, Values: map[string]string{
			"org.name": org.Name, "connection.name": c.Name, "change": what, "revision.id": string(r.ID),
		}})
		if err != nil {
			return err
		}
	}
	return nil
}
