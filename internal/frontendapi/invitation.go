package frontendapi

import (
	"net/http"
	"net/url"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
)

// acceptPath is the hosted page that invitations without a URL of their own lead
// to.
const acceptPath = "/accept-invitation"

// handleInvitationLink takes the link of an invitation on to the page that accepts it,
// with the ticket and what the person has to do there (behaviour 1.142). Nothing
// is used up by it (threat T-ORG-09).
func (a *API) handleInvitationLink(w http.ResponseWriter, r *http.Request) error {
	q, err := httpio.Query(r)
	if err != nil {
		return err
	}
	ticket, err := q.Text("ticket")
	if err != nil {
		return err
	}
	var holder *identity.Session
	s, err := a.Sessions.Current(r.Context(), r)
	if err == nil {
		holder = &s.Session
	} else if !fault.Is(err, fault.SignedOut) {
		return err
	}
	v, err := a.SignIn.Invitation(r.Context(), ticket, holder)
	if err != nil {
		return err
	}
	to := v.RedirectURL
	if to == "" {
		to = a.BaseURL + acceptPath
	}
	u, err := url.Parse(to)
	if err != nil {
		return fault.New(fault.InvalidRedirectURL).Because(err)
	}
	query := u.Query()
	query.Set("__clerk_ticket", ticket)
	query.Set("__clerk_status", v.State.Wire())
	u.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}
