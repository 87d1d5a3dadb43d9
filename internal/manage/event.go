package manage

import (
	"errors"

	"usher/internal/identity"
	"usher/internal/store"
)

// EventView is what an event tells of, at the time of the event: one of its parts,
// or neither for what was deleted.
type EventView struct {
	Type         identity.EventType
	Subject      string
	User         *UserView // of a session too
	Session      *identity.Session
	Organization *OrganizationView
	Membership   *MembershipView
	Domain       *DomainView
	Role         *RoleView
	Permission   *identity.DefinedPermission
	Invitation   *InvitationView
	Mail         *identity.WrittenMail
}

// EventView reads what an event tells of, in the transaction of its cause.
func (s *Service) EventView(tx *store.Tx, e identity.Event) (EventView, error) {
	v := EventView{Type: e.Type, Subject: e.Subject}
	switch e.Type.Object() {
	case identity.UserCreated.Object():
		u, err := eventUser(tx, identity.UserID(e.Subject))
		v.User = u
		return v, err
	case identity.EventSessionCreated.Object():
		session, err := tx.Session(identity.SessionID(e.Subject))
		if err != nil {
			return v, err
		}
		v.Session = &session
		v.User, err = eventUser(tx, session.UserID)
		return v, err
	case identity.OrganizationCreated.Object():
		o, err := s.eventOrganization(tx, identity.OrgID(e.Subject))
		v.Organization = &o
		return v, err
	case identity.MembershipCreated.Object():
		m, err := s.eventMembership(tx, e)
		v.Membership = &m
		return v, err
	case identity.DomainCreated.Object():
		if e.Type == identity.DomainDeleted {
			return v, nil
		}
		return v, s.eventDomain(tx, e, &v)
	case identity.RoleCreated.Object():
		r, err := tx.Role(identity.RoleID(e.Subject))
		if err != nil {
			return v, err
		}
		view, err := roleView(tx, r)
		v.Role = &view
		return v, err
	case identity.PermissionCreated.Object():
		p, err := tx.Permission(identity.PermissionID(e.Subject))
		v.Permission = &p
		return v, err
	case identity.EventInvitationCreated.Object():
		return v, s.eventInvitation(tx, e, &v)
	case identity.EmailCreated.Object():
		v.Mail = e.Mail
		return v, nil
	}
	return v, errors.New("manage: no event is called " + string(e.Type))
}

func (s *Service) eventOrganization(tx *store.Tx, id identity.OrgID) (OrganizationView, error) {
	o, err := tx.Organization(id)
	if err != nil {
		return OrganizationView{}, err
	}
	return s.uncountedOrganization(tx, o)
}

func (s *Service) eventMembership(tx *store.Tx, e identity.Event) (MembershipView, error) {
	m, err := tx.Membership(e.OrganizationID, e.UserID)
	if err != nil {
		return MembershipView{}, err
	}
	o, err := s.eventOrganization(tx, e.OrganizationID)
	if err != nil {
		return MembershipView{}, err
	}
	return s.viewMembership(tx, m, shown{
		orgs: map[identity.OrgID]OrganizationView{o.ID: o}, roles: map[identity.RoleKey]identity.Role{},
	})
}

func (s *Service) eventInvitation(tx *store.Tx, e identity.Event, v *EventView) error {
	i, err := tx.OrganizationInvitation(identity.OrgInvitationID(e.Subject))
	if err != nil {
		return err
	}
	view, err := s.invitationView(tx, i)
	v.Invitation = &view
	return err
}

func eventUser(tx *store.Tx, id identity.UserID) (*UserView, error) {
	u, err := tx.User(id)
	if err != nil {
		return nil, err
	}
	v, err := userView(tx, u)
	return &v, err
}

func (s *Service) eventDomain(tx *store.Tx, e identity.Event, v *EventView) error {
	d, err := tx.OrganizationDomain(e.OrganizationID, identity.DomainID(e.Subject))
	if err != nil {
		return err
	}
	o, err := tx.Organization(d.OrganizationID)
	if err != nil {
		return err
	}
	view, err := s.domainView(tx, d, o)
	v.Domain = &view
	return err
}
