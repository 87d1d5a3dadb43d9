package signin

import (
	"context"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/secret"
	"usher/internal/session"
	"usher/internal/store"
)

// InvitationState is what somebody who holds the link of an invitation has to do.
type InvitationState string

// The states, as Clerk's __clerk_status names them where it does.
const (
	InvitationSignIn InvitationState = "sign_in"  // the address has an account, or signs in by SSO
	InvitationSignUp InvitationState = "sign_up"  // it has neither
	InvitationAccept InvitationState = "accept"   // who is signed in may accept
	InvitationDone   InvitationState = "complete" // who is signed in has accepted
)

// Wire is the state as __clerk_status: who is signed in and may accept has all
// that is needed.
func (s InvitationState) Wire() string {
	if s == InvitationAccept {
		s = InvitationDone
	}
	return string(s)
}

// InvitationView is what a page shows of an invitation.
type InvitationView struct {
	State        InvitationState
	Email        identity.Email
	Organization identity.Organization // the zero organization: the invitation is to the application
	RedirectURL  string                // where the link leads instead of to our own page; empty: there
	SSO          bool                  // the address signs in by SSO

	invitation identity.OrganizationInvitation
	app        *identity.Invitation // to the application; nil: to an organization
}

// Invitation reads an invitation for who holds its link. It changes nothing: mail
// scanners open links too (threat T-ORG-09). With a session, its person must be the
// one who was invited.
func (f *Flow) Invitation(ctx context.Context, text string, s *identity.Session) (v InvitationView, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		v, err = f.invitation(tx, text, s)
		return err
	})
	return v, err
}

func (f *Flow) invitation(tx *store.Tx, text string, s *identity.Session) (v InvitationView, err error) {
	t, ok := f.Ring.OpenTicket(text)
	if !ok {
		return v, fault.New(fault.TicketInvalid)
	}
	switch t.Kind {
	case secret.TicketOrganizationInvitation:
		v, err = f.invitationOf(tx, t)
	case secret.TicketInvitation:
		v, err = f.appInvitationOf(tx, t)
	default:
		err = fault.New(fault.TicketInvalid)
	}
	if err != nil {
		return v, err
	}
	status, by := v.invitation.Status, v.invitation.UserID
	if v.app != nil {
		status, by = v.app.Status, v.app.UserID
	}
	if s != nil && status == identity.InvitationAccepted && by == s.UserID {
		v.State = InvitationDone
		return v, nil
	}
	if denied := v.waiting(f.Now()); denied != nil {
		return v, denied
	}
	if s != nil {
		return f.invitationOfPerson(tx, v, *s)
	}
	return f.invitationOfNobody(tx, v)
}

func (v InvitationView) waiting(now time.Time) error {
	if v.app != nil {
		return policy.WaitingInApp(*v.app, now).Denied
	}
	return policy.Waiting(v.invitation, now).Denied
}

// invitationOfPerson is what who is signed in can do. An invitation to the application
// asks nothing more of who has the invited address.
func (f *Flow) invitationOfPerson(tx *store.Tx, v InvitationView, s identity.Session) (InvitationView, error) {
	if v.app == nil {
		v.State = InvitationAccept
		_, err := f.accept(tx, v, s)
		return v, err
	}
	held, err := tx.VerifiedEmail(v.Email)
	if store.Optional(err) != nil {
		return v, err
	}
	if err != nil || held.UserID != s.UserID {
		return v, fault.New(fault.ResourceForbidden).Detail("reason", "invited_another")
	}
	v.State = InvitationDone
	return v, nil
}

// invitationOfNobody is what who is signed out can do.
func (f *Flow) invitationOfNobody(tx *store.Tx, v InvitationView) (InvitationView, error) {
	found, err := discover(tx, v.Email)
	if err != nil {
		return v, err
	}
	v.SSO = len(found.Connections) > 0
	_, err = tx.HeldEmail(v.Email)
	if store.Optional(err) != nil {
		return v, err
	}
	v.State = InvitationSignUp
	if err == nil || v.SSO {
		v.State = InvitationSignIn
	}
	return v, nil
}

// invitationOf finds the row of a ticket, which must say what the ticket says.
func (f *Flow) invitationOf(tx *store.Tx, t secret.Ticket) (v InvitationView, err error) {
	v.invitation, err = tx.OrganizationInvitation(identity.OrgInvitationID(t.ID))
	if err != nil { // it went with its organization
		return v, store.Missing(err, fault.New(fault.OrganizationInvitationToDeleted))
	}
	if !slices.Equal(t.Says, []string{string(v.invitation.OrganizationID), string(v.invitation.Email)}) {
		return v, fault.New(fault.TicketInvalid)
	}
	v.Email, v.RedirectURL = v.invitation.Email, v.invitation.RedirectURL
	v.Organization, err = tx.Organization(v.invitation.OrganizationID)
	return v, err
}

// appInvitationOf is invitationOf for an invitation to the application.
func (f *Flow) appInvitationOf(tx *store.Tx, t secret.Ticket) (v InvitationView, err error) {
	i, err := tx.Invitation(identity.InvitationID(t.ID))
	if err != nil {
		return v, store.Missing(err, fault.New(fault.TicketInvalid))
	}
	if !slices.Equal(t.Says, []string{string(i.Email)}) {
		return v, fault.New(fault.TicketInvalid)
	}
	return InvitationView{Email: i.Email, RedirectURL: i.RedirectURL, app: &i}, nil
}

// accept asks policy whether the person of a session may accept.
func (f *Flow) accept(tx *store.Tx, v InvitationView, s identity.Session) (policy.Decision, error) {
	facts := policy.AcceptFacts{Now: f.Now(), Invitation: v.invitation, Through: s.ConnectionID}
	var err error
	if facts.Emails, err = tx.EmailAddressesOf(s.UserID); err != nil {
		return policy.Decision{}, err
	}
	found, err := discover(tx, v.Email)
	if err != nil {
		return policy.Decision{}, err
	}
	for _, c := range found.Connections {
		facts.Connections = append(facts.Connections, c.ID)
	}
	if facts.Join, err = provision.JoinFacts(tx, v.Organization, s.UserID, v.invitation.Role); err != nil {
		return policy.Decision{}, err
	}
	d := policy.Accept(facts)
	return d, d.Denied
}

// AcceptInvitation makes the person of a session a member, and the organization the
// active one.
func (f *Flow) AcceptInvitation(ctx context.Context, text string, s identity.Session) (InvitationView, error) {
	return f.acceptInvitation(ctx, s, func(tx *store.Tx) (InvitationView, error) { return f.invitation(tx, text, &s) })
}

// AcceptOwnInvitation is AcceptInvitation for a person who is shown her invitations
// and needs no link: the invited address is hers, which she has proved. Those to
// others do not exist.
func (f *Flow) AcceptOwnInvitation(ctx context.Context, id identity.OrgInvitationID, s identity.Session) (InvitationView, error) {
	return f.acceptInvitation(ctx, s, func(tx *store.Tx) (v InvitationView, err error) {
		if v.invitation, err = tx.OrganizationInvitation(id); err != nil {
			return v, store.Missing(err, fault.New(fault.OrganizationInvitationNotFound))
		}
		held, err := tx.VerifiedEmail(v.invitation.Email)
		if store.Optional(err) != nil {
			return v, err
		}
		if err != nil || held.UserID != s.UserID {
			return v, fault.New(fault.OrganizationInvitationNotFound)
		}
		v.Email = v.invitation.Email
		if v.Organization, err = tx.Organization(v.invitation.OrganizationID); err != nil {
			return v, err
		}
		if v.invitation.Status == identity.InvitationAccepted && v.invitation.UserID == s.UserID {
			v.State = InvitationDone
			return v, nil
		}
		if denied := v.waiting(f.Now()); denied != nil {
			return v, denied
		}
		return f.invitationOfPerson(tx, v, s)
	})
}

func (f *Flow) acceptInvitation(ctx context.Context, s identity.Session, find func(*store.Tx) (InvitationView, error)) (v InvitationView, err error) {
	now := f.Now()
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		if v, err = find(tx); err != nil || v.State != InvitationAccept {
			return err
		}
		d, err := f.accept(tx, v, s)
		if err != nil {
			return err
		}
		if _, err := provision.Apply(tx, d.Plan, StrategyTicket, now); err != nil {
			return err
		}
		held, err := tx.Session(s.ID)
		if err != nil {
			return err
		}
		if held, err = f.Sessions.Activate(tx, held); err != nil {
			return err
		}
		held.LastActiveOrganizationID, held.UpdatedAt = v.Organization.ID, now
		v.State = InvitationDone
		return tx.UpdateSession(held)
	})
	return v, err
}

// SignUpInvited makes the account of who was invited: the link, which only the
// mail holds, proves the address. The mode of sign-up does not matter to who was
// invited; SSO does (threat T-ORG-12).
func (f *Flow) SignUpInvited(ctx context.Context, text string, form SignUpForm) (done Done, err error) {
	if err := fault.Join(checkName("first_name", form.FirstName), checkName("last_name", form.LastName), checkPassword(form.Password)); err != nil {
		return done, err
	}
	hash := ""
	if form.Password != "" {
		if hash, err = f.Hasher.Hash(ctx, form.Password); err != nil {
			return done, busy(err)
		}
	}
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		v, err := f.invitation(tx, text, nil)
		if err != nil {
			return err
		}
		switch {
		case v.SSO:
			return fault.New(fault.SAMLEmailAddressDomainReserved, "domain", string(v.Email.Domain()))
		case v.State != InvitationSignUp && v.app != nil:
			return fault.New(fault.InvitationAccountExists)
		case v.State != InvitationSignUp:
			return fault.New(fault.FormIdentifierExists, "param_name", "email_address")
		}
		done, err = f.signUpInvited(tx, v, invitedForm{SignUpForm: form, hash: hash})
		return err
	})
	return done, err
}

// invitedForm is the form with the hash of its password, made before the
// transaction.
type invitedForm struct {
	SignUpForm
	hash string
}

func (f *Flow) signUpInvited(tx *store.Tx, v InvitationView, form invitedForm) (Done, error) {
	now := f.Now()
	plan := policy.Plan{CreateUser: &policy.NewUser{Email: v.Email, FirstName: form.FirstName, LastName: form.LastName}, Accept: v.app}
	if v.app == nil {
		facts, err := provision.JoinFacts(tx, v.Organization, "", v.invitation.Role)
		if err != nil {
			return Done{}, err
		}
		if denied := policy.AddMember(facts).Denied; denied != nil {
			return Done{}, denied
		}
		join := policy.JoinByInvitation(v.invitation)
		plan.Join = &join
	}
	in, err := tx.Instance()
	if err != nil {
		return Done{}, err
	}
	if !in.Settings.PasswordEnabled {
		form.hash = ""
	}
	made, err := provision.Apply(tx, plan, StrategyTicket, now)
	if err != nil {
		return Done{}, err
	}
	u := made.User
	u.PasswordHash, u.LastSignInAt, u.LastActiveAt = form.hash, now, now
	if err := tx.UpdateUser(u); err != nil {
		return Done{}, err
	}
	if err := f.enroll(tx, u.ID); err != nil {
		return Done{}, err
	}
	ses, cookie, err := f.Sessions.Create(tx, session.Start{
		Client: form.Client, User: u.ID, Organization: v.Organization.ID, Settings: in.Settings, Now: now,
	})
	return Done{Session: ses, Cookie: cookie}, err
}
