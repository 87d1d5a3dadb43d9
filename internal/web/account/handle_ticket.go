package account

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/signin"
)

// ticketParam is the parameter of a link that holds a ticket, as Clerk's clients
// name it.
const ticketParam = "__clerk_ticket"

// ticketPage asks whoever opened a link with a ticket to go on. Opening it changes
// nothing: mail programs look at links before people do.
func (u *UI) ticketPage(w http.ResponseWriter, r *http.Request, ticket string) error {
	_, back, err := u.entry(r)
	if err != nil {
		return err
	}
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	return u.pages.Render(w, http.StatusOK, PageTicket, &Ticket{
		Frame: u.leads(f), Action: "/sign-in/ticket", Ticket: ticket, ReturnURL: back,
	})
}

// hasTicket reads the ticket of a link; empty if there is none.
func hasTicket(r *http.Request) (string, error) {
	q, err := httpio.Query(r)
	if err != nil {
		return "", err
	}
	return q.Text(ticketParam)
}

// handleTicket redeems a ticket: with a session, or with the way to the company's
// provider where the address signs in there.
func (u *UI) handleTicket(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	ticket, ticketErr := form.Text(FieldTicket)
	back, backErr := form.Text(FieldReturnURL)
	if err := fault.Join(ticketErr, backErr, u.count(r, u.Visits), u.count(r, u.Tries)); err != nil {
		return err
	}
	client, err := u.Sessions.EnsureClient(r.Context(), w, r)
	if err != nil {
		return err
	}
	redeemed, err := u.SignIn.Ticket(r.Context(), signin.Redeem{Client: client.ID, Token: ticket, ReturnURL: back})
	if err != nil {
		return err
	}
	if redeemed.Next.Step != 0 {
		return u.lead(w, r, redeemed.Next)
	}
	u.Sessions.SetCookie(w, redeemed.Done.Cookie)
	return seeOther(w, r, u.Arrived(redeemed.Done))
}
