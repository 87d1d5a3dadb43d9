package backendapi

import (
	"encoding/json"
	"fmt"

	"usher/internal/identity"
	"usher/internal/manage"
)

// EventData is what an event says of its subject: the shape that the API shows it
// in, at the time of the event (behaviour 6.B).
func (a *API) EventData(v manage.EventView) (json.RawMessage, error) {
	data, err := json.Marshal(a.eventData(v))
	if err != nil {
		return nil, fmt.Errorf("backendapi: writing an event: %w", err)
	}
	return data, nil
}

func (a *API) eventData(v manage.EventView) any {
	switch {
	case v.Type == identity.UserDeleted:
		return deleted{Object: "user", ID: v.Subject, ExternalID: orNull(v.User.ExternalID), Deleted: true}
	case v.Type == identity.OrganizationDeleted:
		return deleted{Object: "organization", ID: v.Subject, Slug: orNull(v.Organization.Slug), Deleted: true}
	case v.Type == identity.RoleDeleted:
		return deleted{Object: "role", ID: v.Subject, Deleted: true}
	case v.Type == identity.PermissionDeleted:
		return deleted{Object: "permission", ID: v.Subject, Deleted: true}
	case v.Session != nil:
		return eventSession{wireSessionOf(*v.Session), a.wireUser(*v.User)}
	case v.User != nil:
		return a.wireUser(*v.User)
	case v.Organization != nil:
		return wireOrganizationOf(*v.Organization)
	case v.Membership != nil:
		w := wireMembershipOf(*v.Membership)
		w.Organization = wireOrganizationOf(v.Membership.Organization)
		return w
	case v.Domain != nil:
		return wireDomainAt(v.Domain.UpdatedAt)(*v.Domain)
	case v.Role != nil:
		return wireRoleOf(*v.Role)
	case v.Permission != nil:
		return wirePermissionOf(*v.Permission)
	case v.Invitation != nil:
		return a.eventInvitation(*v.Invitation)
	case v.Mail != nil:
		return a.wireMail(*v.Mail)
	}
	return deleted{Object: "organization_domain", ID: v.Subject, Deleted: true}
}

// eventSession is a session with its person, as events show it.
type eventSession struct {
	wireSession
	User wireUser `json:"user"`
}

// eventInvitation is an invitation with its organization, as events show it.
type eventInvitation struct {
	wireOrganizationInvitation
	UserID *string             `json:"user_id,omitempty"` // who accepted it
	Data   eventInvitationData `json:"data"`
}

type eventInvitationData struct {
	PublicOrganizationData publicOrganizationData `json:"public_organization_data"`
}

func (a *API) eventInvitation(v manage.InvitationView) eventInvitation {
	return eventInvitation{a.wireInvitation(v), orNull(v.UserID), eventInvitationData{publicOrganization(v.Organization)}}
}

// wireMail is a mail with all that its sending takes, as email.created shows it.
type wireMail struct {
	Object           string            `json:"object"`
	ID               string            `json:"id"`
	Slug             string            `json:"slug"`
	FromEmailName    string            `json:"from_email_name"`
	ReplyToEmailName *string           `json:"reply_to_email_name"`
	ToEmailAddress   string            `json:"to_email_address"`
	EmailAddressID   *string           `json:"email_address_id"`
	UserID           *string           `json:"user_id"`
	Subject          string            `json:"subject"`
	Body             string            `json:"body"`
	BodyPlain        string            `json:"body_plain"`
	Status           string            `json:"status"`
	Data             identity.Metadata `json:"data"`
	DeliveredByClerk bool              `json:"delivered_by_clerk"`
}

func (a *API) wireMail(m identity.WrittenMail) wireMail {
	return wireMail{
		Object: "email", ID: string(m.ID), Slug: m.Slug, FromEmailName: a.senderName(m.FromName), ReplyToEmailName: orNull(m.ReplyToName),
		ToEmailAddress: m.To, EmailAddressID: orNull(m.EmailID), UserID: orNull(m.UserID), Subject: m.Subject, Body: m.HTML,
		BodyPlain: m.Text, Status: "queued", Data: manage.MailData(m.Values), DeliveredByClerk: m.Delivered,
	}
}

// logged is what the delivery log shows of an event's data: all but codes and links
// that let somebody in, which are for the endpoint alone.
func logged(e identity.Event) (json.RawMessage, error) {
	if !e.Type.Secret() || len(e.Data) == 0 {
		return e.Data, nil
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, fmt.Errorf("backendapi: reading an event: %w", err)
	}
	for _, name := range []string{"subject", "body", "body_plain", "url"} {
		if _, ok := data[name]; ok {
			data[name] = json.RawMessage("null")
		}
	}
	if e.Type == identity.EmailCreated {
		data["data"] = json.RawMessage("{}")
	}
	return json.Marshal(data)
}
