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
	}
	return deleted{Object: "organization_domain", ID: v.Subject, Deleted: true}
}

// eventSession is a session with its person, as events show it.
type eventSession struct {
	wireSession
	User wireUser `json:"user"`
}
