package signin

import (
	"context"
	"net/url"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/store"
)

// invitationLife is how long an invitation by a domain waits: Clerk's, of all
// invitations (behaviour 1.139).
const invitationLife = 30 * 24 * time.Hour

// Enroll offers the person of a session what the domains of her addresses let her
// have and she was not offered yet: when a domain begins to enroll people who are
// here already, it is at their next sign-in or visit. So no switch mails many
// people at once. It writes only where there is something to offer.
func (f *Flow) Enroll(ctx context.Context, s identity.Session) error {
	if s.Impersonated() { // the person is not there
		return nil
	}
	some := false
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		offers, err := f.offers(tx, s.UserID)
		some = len(offers) > 0
		return err
	})
	if err != nil || !some {
		return err
	}
	return f.DB.Write(ctx, func(tx *store.Tx) error { return f.enroll(tx, s.UserID) })
}

// offer is what policy lets a person be offered.
type offer struct {
	mode    identity.EnrollmentMode
	address identity.Email
	domain  identity.OrganizationDomain
	org     identity.Organization
	role    identity.RoleKey
}

// enroll makes the offers, each once in the life of a person and an organization.
func (f *Flow) enroll(tx *store.Tx, user identity.UserID) error {
	offers, err := f.offers(tx, user)
	if err != nil {
		return err
	}
	for _, o := range offers {
		write := f.suggest
		if o.mode == identity.EnrollmentInvitation {
			write = f.inviteByDomain
		}
		if err := write(tx, user, o); err != nil {
			return err
		}
	}
	return nil
}

// offers asks policy about every domain that enrolls people and at which the
// person has a verified address; at most one offer an organization.
func (f *Flow) offers(tx *store.Tx, user identity.UserID) (list []offer, err error) {
	in, err := tx.Instance()
	if err != nil || !in.Settings.OrganizationDomainsEnabled {
		return nil, err
	}
	held, err := tx.EmailAddressesOf(user)
	if err != nil {
		return nil, err
	}
	var names []identity.Domain
	for _, e := range held {
		if e.IsVerified() {
			names = append(names, e.Address.Domain())
		}
	}
	domains, err := tx.EnrollingDomains(names)
	if err != nil || len(domains) == 0 {
		return nil, err
	}
	u, err := tx.User(user)
	if err != nil {
		return nil, err
	}
	offered := map[identity.OrgID]bool{}
	for _, d := range domains {
		for _, e := range held {
			if offered[d.OrganizationID] || !e.IsVerified() || e.Address.Domain() != d.Name {
				continue
			}
			facts := policy.EnrollFacts{Now: f.Now(), Settings: in.Settings, Person: u, Address: e, Domain: d}
			if err := loadEnrollment(tx, &facts); err != nil {
				return nil, err
			}
			if mode := policy.Enroll(facts).Offer; mode != "" {
				offered[d.OrganizationID] = true
				list = append(list, offer{mode, e.Address, d, facts.Organization, facts.Role.Key})
			}
		}
	}
	return list, nil
}

// loadEnrollment reads what policy asks about the person and the organization.
func loadEnrollment(tx *store.Tx, f *policy.EnrollFacts) (err error) {
	org, user := f.Domain.OrganizationID, f.Person.ID
	if f.Enrolled, err = tx.Enrolled(org, user); err != nil || f.Enrolled {
		return err
	}
	if f.Connections, err = tx.ConnectionsByDomains(f.Domain.Name.Candidates()); err != nil {
		return err
	}
	if f.Organization, err = tx.Organization(org); err != nil {
		return err
	}
	role, err := tx.DefaultRole(org)
	if err == nil {
		f.Role = &role
	} else if err := store.Optional(err); err != nil {
		return err
	}
	_, err = tx.PendingInvitation(org, f.Address.Address, f.Now)
	f.Invited = err == nil
	if err := store.Optional(err); err != nil {
		return err
	}
	if f.Organization.MaxAllowedMemberships > 0 {
		members, err := tx.CountMembers(org)
		if err != nil {
			return err
		}
		waiting, err := tx.CountPendingInvitations(org, f.Now)
		if err != nil {
			return err
		}
		f.Seats = members + waiting
	}
	of, _, err := tx.MembershipsOfUser(user, store.Page{})
	if err != nil {
		return err
	}
	for _, m := range of {
		if m.OrganizationID == org {
			f.Member = true
			continue
		}
		other, err := tx.Organization(m.OrganizationID)
		if err != nil {
			return err
		}
		f.OtherOrganizations++
		f.ExclusiveElsewhere = f.ExclusiveElsewhere || other.ExclusiveMembership
	}
	return nil
}

// inviteByDomain invites the person and mails the link.
func (f *Flow) inviteByDomain(tx *store.Tx, user identity.UserID, o offer) error {
	now := f.Now()
	i := identity.OrganizationInvitation{
		ID: identity.NewID[identity.OrgInvitationID](now), OrganizationID: o.org.ID, Email: o.address, Role: o.role,
		DomainID: o.domain.ID, Status: identity.InvitationPending, ExpiresAt: now.Add(invitationLife), CreatedAt: now, UpdatedAt: now,
	}
	if fresh, err := offered(tx, user, o, string(i.ID)); err != nil || !fresh {
		return err
	}
	if err := tx.InsertOrganizationInvitation(i); err != nil {
		return err
	}
	text, err := f.Ring.SignTicket(secret.Ticket{
		Kind: secret.TicketOrganizationInvitation, ID: string(i.ID), Says: []string{string(i.OrganizationID), string(i.Email)},
	})
	if err != nil {
		return err
	}
	link := f.BaseURL + "/v1/tickets/accept?ticket=" + url.QueryEscape(text)
	if err := f.writeMail(tx, domainInvitationMail(link, o.org, i)); err != nil {
		return err
	}
	return tx.Audit(identity.AuditEntry{
		At: now, Actor: identity.Actor{Kind: identity.ActorSystem, ID: "enrollment"},
		Action: "organization_invitation.created", Subject: string(i.ID), OrganizationID: o.org.ID,
		Detail: map[string]string{"domain_id": string(o.domain.ID)},
	})
}

// suggest lets the person know that she may ask to join: on her page, without a
// mail.
func (f *Flow) suggest(tx *store.Tx, user identity.UserID, o offer) error {
	now := f.Now()
	s := identity.OrganizationSuggestion{
		ID: identity.NewID[identity.SuggestionID](now), OrganizationID: o.org.ID, UserID: user, DomainID: o.domain.ID,
		Status: identity.SuggestionPending, CreatedAt: now, UpdatedAt: now,
	}
	if fresh, err := offered(tx, user, o, string(s.ID)); err != nil || !fresh {
		return err
	}
	return tx.InsertSuggestion(s)
}

// offered keeps that the person was offered membership, and reports whether it is
// the first time.
func offered(tx *store.Tx, user identity.UserID, o offer, id string) (bool, error) {
	return tx.InsertEnrollment(identity.Enrollment{OrganizationID: o.org.ID, UserID: user, DomainID: o.domain.ID, OfferID: id})
}
