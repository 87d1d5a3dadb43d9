package manage

import (
	"fmt"

	"usher/internal/identity"
	"usher/internal/store"
)

// mailAboutConnection tells those who manage an organization's connections that
// another configuration is live: it may be nobody's they know (threat T-API-05).
func (s *Service) mailAboutConnection(tx *store.Tx, c identity.Connection, r identity.ConnectionRevision) error {
	if c.OrganizationID == "" || !c.Active {
		return nil
	}
	in, err := tx.Instance()
	if err != nil {
		return err
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
		err := tx.InsertMailOutbox(identity.Mail{
			ID: identity.NewID[identity.MailID](r.CreatedAt), To: string(address), CreatedAt: r.CreatedAt,
			Subject: fmt.Sprintf("The single sign-on of %s was changed", org.Name),
			Text: fmt.Sprintf("%s signs in at %s through %s. %s\n\n"+
				"If you do not know of this change, have it looked at: the earlier settings are kept, and can be made live again.\n\n"+
				"Reference: %s\n", org.Name, in.Settings.ApplicationName, c.Name, what, r.ID),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
