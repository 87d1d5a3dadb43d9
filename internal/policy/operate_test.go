package policy_test

import (
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestOperate(t *testing.T) { // threats T-ID-17, T-SES-17, T-API-12
	t.Parallel()
	now := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	const all = "is_operator not_impersonated own_sign_in"
	for name, test := range map[string]struct {
		given func(*policy.OperateFacts)
		code  fault.Code
		trace string
	}{
		"an operator who signed in by a code":                          {func(*policy.OperateFacts) {}, "", all},
		"an operator through the operators' own connection":            {func(f *policy.OperateFacts) { through(f, "org_operators") }, "", all},
		"not before there are operators":                               {func(f *policy.OperateFacts) { f.Operators = "" }, fault.OperatorRequired, "is_operator"},
		"not somebody else":                                            {func(f *policy.OperateFacts) { f.Membership = nil }, fault.OperatorRequired, "is_operator"},
		"not a member of another organization":                         {func(f *policy.OperateFacts) { f.Membership.OrganizationID = "org_acme" }, fault.OperatorRequired, "is_operator"},
		"not who acts as an operator":                                  {func(f *policy.OperateFacts) { f.Session.Actor = identity.Metadata{"sub": "user_eve"} }, fault.OperatorSignInRequired, "is_operator not_impersonated"},
		"not through another organization's connection":                {func(f *policy.OperateFacts) { through(f, "org_acme") }, fault.OperatorSignInRequired, all},
		"not through a connection of the whole application":            {func(f *policy.OperateFacts) { through(f, "") }, fault.OperatorSignInRequired, all},
		"not through a connection that is gone":                        {func(f *policy.OperateFacts) { through(f, "org_operators"); f.Connection = nil }, fault.OperatorSignInRequired, all},
		"what is dangerous, shortly after signing in":                  {func(f *policy.OperateFacts) { f.Within = 10 * time.Minute }, "", all + " signed_in_recently"},
		"nothing dangerous once the sign-in is as old as is asked for": {func(f *policy.OperateFacts) { f.Within = 5 * time.Minute }, fault.OperatorConfirmationRequired, all + " signed_in_recently"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := policy.OperateFacts{
				Now: now, Operators: "org_operators", Membership: &identity.Membership{OrganizationID: "org_operators", UserID: "user_ada"},
				Session: identity.Session{ID: "sess_1", UserID: "user_ada", FirstFactorAt: now.Add(-5 * time.Minute)},
			}
			test.given(&f)
			d := policy.Operate(f)
			if (test.code == "") != (d.Denied == nil) || d.Denied != nil && !fault.Is(d.Denied, test.code) {
				t.Errorf("got %v, want %q", d.Denied, test.code)
			}
			if d.Trace.String() != test.trace {
				t.Errorf("trace %q, want %q", d.Trace, test.trace)
			}
		})
	}
}

func through(f *policy.OperateFacts, org identity.OrgID) {
	f.Session.ConnectionID = "entconn_1"
	f.Connection = &identity.Connection{ID: "entconn_1", OrganizationID: org}
}
