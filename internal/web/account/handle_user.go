package account

import (
	"context"
	"net/http"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/message"
	"usher/internal/session"
	"usher/internal/web/page"
)

func (u *UI) handleHome(w http.ResponseWriter, r *http.Request) error {
	f, settings, err := u.frameBySettings(w, r)
	if err != nil {
		return err
	}
	if u.Dev != nil {
		view := u.Dev.Home()
		view.Frame = inEnglish(f)
		return u.pages.Render(w, http.StatusOK, PageDevHome, &view)
	}
	view := &Home{Frame: f, SignInURL: "/sign-in"}
	if settings.SignUpMode == identity.SignUpPublic {
		view.SignUpURL = "/sign-up"
	}
	if _, err := u.Sessions.Current(r.Context(), r); err == nil {
		view.UserURL = "/user"
	}
	return u.pages.Render(w, http.StatusOK, PageHome, view)
}

// handleUser shows the person's own page.
func (u *UI) handleUser(w http.ResponseWriter, r *http.Request) error {
	s, f, err := u.signedIn(w, r)
	if err != nil {
		return err
	}
	person, err := u.Manage.User(r.Context(), string(s.User.ID))
	if err != nil {
		return err
	}
	members, _, err := u.Manage.MembershipsOf(r.Context(), string(s.User.ID), manage.Page{})
	if err != nil {
		return err
	}
	view := &User{Name: s.User.Name()}
	companies := map[identity.AccountID]string{}
	for _, a := range person.Accounts {
		if a.Connection.ID == "" {
			continue
		}
		companies[a.ID] = a.Connection.Name
		view.Connections = append(view.Connections, Company{
			Name: a.Connection.Name, Organization: organizationName(members, a.Connection.OrganizationID),
			Email: string(a.Email), LastUsed: moment(f.Text, u.Now(), a.LastAuthenticatedAt),
		})
	}
	linkable, err := u.SignIn.Linkable(r.Context(), s)
	if err != nil {
		return err
	}
	for _, c := range linkable {
		view.Connections = append(view.Connections, Company{
			Name: c.Name, Organization: organizationName(members, c.OrganizationID), LinkURL: "/user/connections/" + string(c.ID),
		})
	}
	for _, e := range person.Emails {
		primary := e.ID == s.User.PrimaryEmailID
		if primary {
			view.Email = string(e.Address)
		}
		view.Emails = append(view.Emails, Email{
			Address: string(e.Address), Primary: primary, Verified: e.IsVerified(), Company: companies[e.AccountID],
		})
	}
	for _, m := range members {
		view.Organizations = append(view.Organizations, Membership{
			Name: m.Organization.Name, Role: m.Role.Name, Company: m.ConnectionID != "",
			Active:   m.OrganizationID == s.Session.LastActiveOrganizationID,
			LeaveURL: "/organization/" + string(m.OrganizationID) + "/leave",
		})
	}
	if view.Offers, err = u.offers(r, s, members); err != nil {
		return err
	}
	if view.CreateURL, err = u.createURL(r, s); err != nil {
		return err
	}
	if view.Sessions, err = u.sessions(r, s); err != nil {
		return err
	}
	f.SignedInAs = view.Email
	if len(linkable) > 0 {
		f = u.leads(f)
	}
	view.Frame = f
	return u.pages.Render(w, http.StatusOK, PageUser, view)
}

// handleLink sends the person to a provider, to link the account there.
func (u *UI) handleLink(w http.ResponseWriter, r *http.Request) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	s, err := u.Sessions.Current(r.Context(), r)
	if err != nil {
		return err
	}
	id, err := identity.ParseConnectionID(r.PathValue("connection_id"))
	if err != nil {
		return fault.New(fault.NotFound, "resource", "enterprise connection").Because(err)
	}
	ticket, err := u.SignIn.BeginLink(r.Context(), s, id)
	if err != nil {
		return err
	}
	return u.toProvider(w, r, ticket, "")
}

func organizationName(members []manage.MembershipView, id identity.OrgID) string {
	for _, m := range members {
		if m.OrganizationID == id {
			return m.Organization.Name
		}
	}
	return ""
}

// sessions lists where the person is signed in.
func (u *UI) sessions(r *http.Request, s session.Signed) ([]Session, error) {
	list, _, err := u.Sessions.List(r.Context(), session.Filter{UserID: s.User.ID}, manage.Page{})
	if err != nil {
		return nil, err
	}
	var out []Session
	now, t := u.Now(), words(r)
	for _, other := range list {
		if !other.Live(now) {
			continue
		}
		row := Session{Device: t.Say("user.another_browser"), LastSeen: moment(t, now, other.LastActiveAt), Current: other.ID == s.Session.ID}
		if row.Current {
			row.Device = t.Say("user.this_browser")
		} else {
			row.RevokeURL = "/sessions/" + string(other.ID) + "/revoke"
		}
		out = append(out, row)
	}
	return out, nil
}

// acting is the request's context with the signed-in person as the one who acts,
// for the audit log. Somebody else who acts as the person is named by the session,
// which the line of the ticket names too (threat T-SES-17).
func acting(r *http.Request, s session.Signed) context.Context {
	return identity.WithActor(r.Context(), actorOf(r, s.Session))
}

func actorOf(r *http.Request, s identity.Session) identity.Actor {
	actor := identity.Actor{Kind: identity.ActorUser, ID: string(s.UserID), TraceID: httpio.TraceID(r.Context())}
	if s.Impersonated() {
		actor.Kind, actor.ID = identity.ActorImpersonator, string(s.ID)
	}
	return actor
}

// handleRevokeSession signs the person out in another browser.
func (u *UI) handleRevokeSession(w http.ResponseWriter, r *http.Request) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	s, err := u.Sessions.Current(r.Context(), r)
	if err != nil {
		return err
	}
	id := identity.SessionID(r.PathValue("session_id"))
	other, err := u.Sessions.Session(r.Context(), id)
	if err != nil {
		return err
	}
	if other.UserID != s.User.ID {
		return fault.New(fault.NotFound, "resource", "session")
	}
	if _, err := u.Sessions.Revoke(acting(r, s), id); err != nil {
		return err
	}
	return seeOther(w, r, "/user")
}

// handleOrganizations lets a person choose where to work.
func (u *UI) handleOrganizations(w http.ResponseWriter, r *http.Request) error {
	s, f, err := u.signedIn(w, r)
	if err != nil {
		return err
	}
	members, _, err := u.Manage.MembershipsOf(r.Context(), string(s.User.ID), manage.Page{})
	if err != nil {
		return err
	}
	email, err := u.Manage.PrimaryEmail(r.Context(), s.User)
	if err != nil {
		return err
	}
	settings, err := u.Manage.Settings(r.Context())
	if err != nil {
		return err
	}
	view := &ChooseOrganization{
		Frame: f, Action: "/organization", Personal: !settings.ForceOrganizationSelection,
		Account: Account{Name: s.User.Name(), Email: string(email)},
	}
	if view.CreateURL, err = u.createURL(r, s); err != nil {
		return err
	}
	for _, m := range members {
		view.Organizations = append(view.Organizations, OrganizationChoice{
			ID: string(m.OrganizationID), Name: m.Organization.Name, Role: m.Role.Name,
		})
	}
	return u.pages.Render(w, http.StatusOK, PageChooseOrg, view)
}

func (u *UI) handleChooseOrganization(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	text, err := form.Text(FieldOrganization)
	if err != nil {
		return err
	}
	s, err := u.Sessions.Current(r.Context(), r)
	if err != nil {
		return err
	}
	if text == PersonalAccount {
		text = ""
	}
	if err := u.Sessions.SetOrganization(r.Context(), s.Session.ID, identity.OrgID(text)); err != nil {
		return err
	}
	return seeOther(w, r, "/user")
}

// handleLeavePage asks before a membership is given up, or says why it can't be.
func (u *UI) handleLeavePage(w http.ResponseWriter, r *http.Request) error {
	s, f, err := u.signedIn(w, r)
	if err != nil {
		return err
	}
	m, err := u.Manage.MembershipOf(r.Context(), identity.OrgID(r.PathValue("organization_id")), s.User.ID)
	if err != nil {
		return err
	}
	view := &Leave{
		Frame: f, Action: r.URL.Path, Organization: m.Organization.Name, Role: m.Role.Name, BackURL: "/user",
	}
	refused, err := u.Manage.MayLeave(r.Context(), m.OrganizationID, s.User.ID)
	if err != nil {
		return err
	}
	switch {
	case refused == nil:
	case fault.Is(refused, fault.OrganizationMembershipEnterpriseConnection):
		view.Refused = LeaveCompany
		if c, err := u.Manage.Connection(r.Context(), m.ConnectionID); err == nil {
			view.Company = c.Name
		}
	case fault.Is(refused, fault.OrganizationMinimumPermissionsNeeded):
		view.Refused = LeaveLastAdmin
	default:
		return refused
	}
	return u.pages.Render(w, http.StatusOK, PageLeave, view)
}

func (u *UI) handleLeave(w http.ResponseWriter, r *http.Request) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	s, err := u.Sessions.Current(r.Context(), r)
	if err != nil {
		return err
	}
	if err := u.Manage.Leave(acting(r, s), identity.OrgID(r.PathValue("organization_id")), s.User.ID); err != nil {
		return err
	}
	return seeOther(w, r, "/user")
}

func (u *UI) handleSignOut(w http.ResponseWriter, r *http.Request) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	c, ok, err := u.Sessions.Client(r.Context(), r)
	if err != nil && !session.Superseded(err) { // nobody is signed in by that one
		return err
	}
	if ok {
		if err := u.Sessions.SignOut(r.Context(), c); err != nil {
			return err
		}
	}
	return seeOther(w, r, "/signed-out")
}

func (u *UI) handleSignedOut(w http.ResponseWriter, r *http.Request) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	return u.pages.Render(w, http.StatusOK, PageSignedOut, &SignedOut{Frame: f, SignInURL: "/sign-in"})
}

// inEnglish is the frame of a page for developers, whose words are English.
func inEnglish(f page.Frame) page.Frame {
	f.Text = message.Text{}
	return f
}

// handleMailbox lists the mail of a development server.
func (u *UI) handleMailbox(w http.ResponseWriter, r *http.Request) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	limit, offset, err := httpio.Page(r)
	if err != nil {
		return err
	}
	mails, _, err := u.Manage.Mailbox(r.Context(), manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	view := &Mailbox{Frame: inEnglish(f)}
	for _, m := range mails {
		view.Mails = append(view.Mails, MailLine{Subject: m.Subject, To: m.To, Sent: moment(view.Text, u.Now(), m.CreatedAt), URL: "/mailbox/" + string(m.ID)})
	}
	return u.pages.Render(w, http.StatusOK, PageMailbox, view)
}

func (u *UI) handleMail(w http.ResponseWriter, r *http.Request) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	m, err := u.Manage.MailboxMail(r.Context(), identity.MailID(r.PathValue("mail_id")))
	if err != nil {
		return err
	}
	f = inEnglish(f)
	return u.pages.Render(w, http.StatusOK, PageMail, &Mail{
		Frame: f, Subject: m.Subject, To: m.To, Sent: moment(f.Text, u.Now(), m.CreatedAt),
		Code: codeIn(m.Text), Links: linksIn(m.Text), Text: m.Text, HTML: m.HTML, BackURL: "/mailbox",
	})
}

// moment is a time as people say it, and as programs read it.
func moment(t message.Text, now, at time.Time) Moment {
	if at.IsZero() {
		return Moment{}
	}
	return Moment{Text: ago(t, now.Sub(at)), Time: at.UTC().Format(time.RFC3339)}
}

func ago(t message.Text, d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return t.Say("time.just_now")
	case d < time.Hour:
		return t.Say("time.minutes_ago", "count", int(d/time.Minute))
	case d < day:
		return t.Say("time.hours_ago", "count", int(d/time.Hour))
	}
	return t.Say("time.days_ago", "count", int(d/day))
}
