package policy_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestCreateOrganization_IsForThoseWhoMay(t *testing.T) {
	t.Parallel()
	if d := policy.CreateOrganization(identity.User{}); d.Denied != nil {
		t.Error(d.Denied)
	}
	if d := policy.CreateOrganization(identity.User{CreateOrganizationDisabled: true}); !fault.Is(d.Denied, fault.ResourceForbidden) || d.Trace.String() != "may_create" {
		t.Errorf("got %v, %q", d.Denied, d.Trace)
	}
}
