package manage

import (
	"net/url"

	"usher/internal/identity"
	"usher/internal/secret"
)

// invitationURL is the link by which an invitation to an organization is accepted.
func (s *Service) invitationURL(i identity.OrganizationInvitation) (string, error) {
	return s.ticketURL(secret.Ticket{
		Kind: secret.TicketOrganizationInvitation, ID: string(i.ID), Says: []string{string(i.OrganizationID), string(i.Email)},
	})
}

// appInvitationURL is the link by which an invitation to the application is
// accepted.
func (s *Service) appInvitationURL(i identity.Invitation) (string, error) {
	return s.ticketURL(secret.Ticket{
		Kind: secret.TicketInvitation, ID: string(i.ID), Says: []string{string(i.Email)},
	})
}

func (s *Service) ticketURL(t secret.Ticket) (string, error) {
	text, err := s.Ring.SignTicket(t)
	return s.BaseURL + "/v1/tickets/accept?ticket=" + url.QueryEscape(text), err
}
