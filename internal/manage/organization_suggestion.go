package manage

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// SuggestionView is a suggestion with what it is shown with.
type SuggestionView struct {
	identity.OrganizationSuggestion
	Organization identity.Organization
}

// SuggestionsOfUser lists the organizations that were suggested to a user; of these
// states if any are named.
func (s *Service) SuggestionsOfUser(ctx context.Context, user string, statuses []identity.SuggestionStatus, p Page) (list []SuggestionView, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		u, err := findUser(tx, user)
		if err != nil {
			return err
		}
		rows, n, err := tx.SuggestionsOf(u.ID, statuses, p)
		if err != nil {
			return err
		}
		list, total = make([]SuggestionView, 0, len(rows)), n
		for _, row := range rows {
			v, err := suggestionView(tx, row)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}

func suggestionView(tx *store.Tx, row identity.OrganizationSuggestion) (v SuggestionView, err error) {
	v.OrganizationSuggestion = row
	v.Organization, err = tx.Organization(row.OrganizationID)
	return v, err
}

// AcceptSuggestion makes of a suggestion to a user a request to join. Those to
// others do not exist.
func (s *Service) AcceptSuggestion(ctx context.Context, user identity.UserID, id string) (v SuggestionView, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Suggestion(identity.SuggestionID(id))
		if err == nil && row.UserID != user {
			err = store.ErrNotFound
		}
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "organization suggestion"))
		}
		if err := mayAsk(tx, row); err != nil {
			return err
		}
		if _, err := tx.MoveSuggestion(row.ID, identity.SuggestionPending, identity.SuggestionAccepted, now); err != nil {
			return err
		}
		r := identity.MembershipRequest{
			ID: identity.NewID[identity.MembershipRequestID](now), OrganizationID: row.OrganizationID, UserID: user,
			SuggestionID: row.ID, Status: identity.RequestPending, CreatedAt: now, UpdatedAt: now,
		}
		if err := tx.InsertMembershipRequest(r); err != nil {
			return err
		}
		if err := s.audit(tx, identity.AuditEntry{
			Action: "organization_suggestion.accepted", Subject: string(row.ID), OrganizationID: row.OrganizationID,
			Detail: map[string]string{"membership_request_id": string(r.ID)},
		}); err != nil {
			return err
		}
		row.Status, row.UpdatedAt = identity.SuggestionAccepted, now
		v, err = suggestionView(tx, row)
		return err
	})
	return v, err
}

// mayAsk asks policy whether the person of a suggestion may accept it.
func mayAsk(tx *store.Tx, row identity.OrganizationSuggestion) error {
	f := policy.AskFacts{Suggestion: row}
	var err error
	if f.Domain, err = tx.OrganizationDomain(row.OrganizationID, row.DomainID); store.Optional(err) != nil {
		return err
	}
	if f.Emails, err = tx.EmailAddressesOf(row.UserID); err != nil {
		return err
	}
	if f.Connections, err = tx.ConnectionsByDomains(f.Domain.Name.Candidates()); err != nil {
		return err
	}
	_, err = tx.Membership(row.OrganizationID, row.UserID)
	f.Member = err == nil
	if err := store.Optional(err); err != nil {
		return err
	}
	return policy.Ask(f).Denied
}
