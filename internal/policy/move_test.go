package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestMove(t *testing.T) {
	t.Parallel()
	it := identity.Role{Key: "org:it", Permissions: []identity.Permission{identity.EntConnsManage}}
	const allowed = "target_exists not_enrolled_here not_taken"
	tests := map[string]struct {
		given func(*policy.MoveFacts)
		code  fault.Code
		want  policy.Movement // without Denied and Trace
		trace string
	}{
		"1.41 memberships stay, people join the new organization at the next sign-in, nobody is removed": {
			given: func(*policy.MoveFacts) {},
			want:  policy.Movement{To: "org_globex", Stay: 5, JoinLater: 6}, trace: allowed,
		},
		"1.41 those without a seat are counted": {
			given: func(f *policy.MoveFacts) { f.Target.MaxAllowedMemberships, f.TargetMembers = 10, 8 },
			want:  policy.Movement{To: "org_globex", Stay: 5, JoinLater: 6, NoSeat: 4}, trace: allowed,
		},
		"an organization that is over its limit has no seat": {
			given: func(f *policy.MoveFacts) { f.Target.MaxAllowedMemberships, f.TargetMembers = 10, 12 },
			want:  policy.Movement{To: "org_globex", Stay: 5, JoinLater: 6, NoSeat: 6}, trace: allowed,
		},
		"seats for all": {
			given: func(f *policy.MoveFacts) { f.Target.MaxAllowedMemberships, f.TargetMembers = 20, 8 },
			want:  policy.Movement{To: "org_globex", Stay: 5, JoinLater: 6}, trace: allowed,
		},
		"to where it is": {
			given: func(f *policy.MoveFacts) { f.Target.ID = "org_acme" },
			want:  policy.Movement{To: "org_acme"}, trace: allowed,
		},
		"1.42 a connection is not unlinked from its organization": {
			given: func(f *policy.MoveFacts) { f.Target = nil },
			code:  fault.OrganizationNotFound, trace: "target_exists",
		},
		"threat T-ORG-17: who manages connections on both sides may": {
			given: func(f *policy.MoveFacts) { f.Anyone, f.RoleThere, f.RoleTarget = false, &it, &it },
			want:  policy.Movement{To: "org_globex", Stay: 5, JoinLater: 6},
			trace: "target_exists permitted_there permitted_in_target not_enrolled_here not_taken",
		},
		"threat T-ORG-17: a stranger to the present organization": {
			given: func(f *policy.MoveFacts) { f.Anyone, f.RoleTarget = false, &it },
			code:  fault.OrganizationNotFound, trace: "target_exists permitted_there",
		},
		"threat T-ORG-17: a stranger to the target": {
			given: func(f *policy.MoveFacts) { f.Anyone, f.RoleThere = false, &it },
			code:  fault.OrganizationNotFound, trace: "target_exists permitted_there permitted_in_target",
		},
		"threat T-ORG-17: a member of the present organization who does not manage connections": {
			given: func(f *policy.MoveFacts) { f.Anyone, f.RoleThere, f.RoleTarget = false, &memberRole, &it },
			code:  fault.OrganizationNotFound, trace: "target_exists permitted_there",
		},
		"threat T-ORG-17: a member of the target who does not manage connections": {
			given: func(f *policy.MoveFacts) { f.Anyone, f.RoleThere, f.RoleTarget = false, &it, &memberRole },
			code:  fault.OrganizationNotFound, trace: "target_exists permitted_there permitted_in_target",
		},
		"1.22 the target has the domain as a Verified Domain": {
			given: func(f *policy.MoveFacts) {
				f.Listed = []identity.OrganizationDomain{{ID: "orgdmn_1", OrganizationID: "org_globex", Name: "acme.test", Verified: true}}
			},
			code: fault.OrganizationDomainExistsForEnrollment, trace: "target_exists not_enrolled_here",
		},
		"the old organization keeps another connection at the domain": {
			given: func(f *policy.MoveFacts) {
				f.Others = []identity.Connection{f.Connection, at("entconn_2", "org_acme", "acme.test")}
			},
			code: fault.ConnectionDomainTaken, trace: allowed,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := policy.MoveFacts{
				Connection: at("entconn_1", "org_acme", "acme.test"), Target: &identity.Organization{ID: "org_globex"}, Anyone: true,
				People: 7, JoinedThrough: 5, InTarget: 1, TargetMembers: 8,
			}
			tt.given(&f)
			m := policy.Move(f)
			checkDenied(t, m.Denied, tt.code, nil)
			if diff := cmp.Diff(tt.want, m, cmpopts.IgnoreFields(policy.Movement{}, "Denied", "Trace")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := m.Trace.String(); got != tt.trace {
				t.Errorf("trace:\n got %s\nwant %s", got, tt.trace)
			}
		})
	}
}
