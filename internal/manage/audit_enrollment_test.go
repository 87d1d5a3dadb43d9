package manage_test

import (
	"context"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
)

// enrolling is a domain at which the outsider has an address.
const enrolling identity.DomainID = "orgdmn_enrolling"

func (w *world) enrolling(on subjects) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		return tx.InsertOrganizationDomain(identity.OrganizationDomain{
			ID: enrolling, OrganizationID: identity.OrgID(on.org), Name: "globex.test", EnrollmentMode: identity.EnrollmentSuggestion,
			Verified: true, CreatedAt: began, UpdatedAt: began,
		})
	})
}

// enrollmentChanges are the methods of suggestions and requests. Those that they
// are tried on are written past the flows, and leave no lines.
func enrollmentChanges() map[string]row {
	suggested := func(w *world, on subjects) identity.OrganizationSuggestion {
		s := identity.OrganizationSuggestion{
			ID: identity.NewID[identity.SuggestionID](began), OrganizationID: identity.OrgID(on.org), UserID: identity.UserID(on.outsider),
			DomainID: enrolling, Status: identity.SuggestionPending, CreatedAt: began, UpdatedAt: began,
		}
		w.write(func(tx *store.Tx) error { return tx.InsertSuggestion(s) })
		return s
	}
	asked := func(w *world, on subjects) manage.RequestRef {
		s := suggested(w, on)
		r := identity.MembershipRequest{
			ID: identity.NewID[identity.MembershipRequestID](began), OrganizationID: s.OrganizationID, UserID: s.UserID, SuggestionID: s.ID,
			Status: identity.RequestPending, CreatedAt: began, UpdatedAt: began,
		}
		w.write(func(tx *store.Tx) error { return tx.InsertMembershipRequest(r) })
		return manage.RequestRef{Organization: on.org, Request: string(r.ID)}
	}
	const accepted = "organization_membership.created organization_membership_request.accepted"
	return map[string]row{
		"AcceptSuggestion": {"organization_suggestion.accepted", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.AcceptSuggestion(ctx, identity.UserID(on.outsider), string(suggested(w, on).ID))
			return err
		}},
		"AcceptRequest": {accepted, func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.AcceptRequest(ctx, asked(w, on))
			return err
		}},
		"RejectRequest": {"organization_membership_request.rejected", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.RejectRequest(ctx, asked(w, on))
			return err
		}},
	}
}
