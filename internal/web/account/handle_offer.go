package account

import (
	"net/http"
	"slices"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/session"
)

// offers lists the organizations that the person may join or ask to join, those that
// her domains make now among them.
func (u *UI) offers(r *http.Request, s session.Signed, members []manage.MembershipView) (list []Offer, err error) {
	if err := u.SignIn.Enroll(r.Context(), s.Session); err != nil {
		return nil, err
	}
	t, user := words(r), string(s.User.ID)
	belongs := func(org identity.OrgID) bool {
		return slices.ContainsFunc(members, func(m manage.MembershipView) bool { return m.OrganizationID == org })
	}
	invitations, _, err := u.Manage.InvitationsOfUser(r.Context(), user,
		manage.InvitationFilter{Statuses: []identity.InvitationStatus{identity.InvitationPending}}, manage.Page{})
	if err != nil {
		return nil, err
	}
	for _, i := range invitations {
		if belongs(i.OrganizationID) {
			continue
		}
		list = append(list, Offer{
			Name: i.Organization.Name, Text: t.Say("user.invited_as", "email", string(i.Email)),
			Do: t.Say("user.join"), AcceptURL: "/user/invitations/" + string(i.ID),
		})
	}
	suggestions, _, err := u.Manage.SuggestionsOfUser(r.Context(), user,
		[]identity.SuggestionStatus{identity.SuggestionPending, identity.SuggestionAccepted}, manage.Page{})
	if err != nil {
		return nil, err
	}
	for _, v := range suggestions {
		switch {
		case belongs(v.OrganizationID):
		case v.Status == identity.SuggestionAccepted:
			list = append(list, Offer{Name: v.Organization.Name, Text: t.Say("user.asked_to_join")})
		default:
			list = append(list, Offer{
				Name: v.Organization.Name, Text: t.Say("user.may_ask"),
				Do: t.Say("user.ask_to_join"), AcceptURL: "/user/suggestions/" + string(v.ID),
			})
		}
	}
	return list, nil
}

// handleAcceptOwnInvitation joins the person to the organization that invited her.
func (u *UI) handleAcceptOwnInvitation(w http.ResponseWriter, r *http.Request) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	s, err := u.Sessions.Current(r.Context(), r)
	if err != nil {
		return err
	}
	id := identity.OrgInvitationID(r.PathValue("invitation_id"))
	if _, err := u.SignIn.AcceptOwnInvitation(acting(r, s), id, s.Session); err != nil {
		return err
	}
	return seeOther(w, r, "/user")
}

// handleAcceptSuggestion asks the administrators of an organization for the person.
func (u *UI) handleAcceptSuggestion(w http.ResponseWriter, r *http.Request) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	s, err := u.Sessions.Current(r.Context(), r)
	if err != nil {
		return err
	}
	if _, err := u.Manage.AcceptSuggestion(acting(r, s), s.User.ID, r.PathValue("suggestion_id")); err != nil {
		return err
	}
	return seeOther(w, r, "/user")
}
