package policy

import (
	"usher/internal/fault"
	"usher/internal/identity"
)

// CreateOrganization decides whether a person may create an organization by herself.
// How many she may have made is asked where it is counted.
func CreateOrganization(u identity.User) Decision {
	var t Trace
	if !t.note("may_create", !u.CreateOrganizationDisabled, string(u.ID)) {
		return deny(t, fault.New(fault.ResourceForbidden))
	}
	return Decision{Trace: t}
}
