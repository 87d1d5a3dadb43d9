package policy_test

import (
	"slices"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/policy"
)

// Behaviours 1.20, 1.41, 1.43 and 1.90: what is said before it happens.
func TestImpact(t *testing.T) {
	t.Parallel()
	before := with(at("entconn_1", "org_acme", "acme.test", "acme.example"), func(c *identity.Connection) { c.Name = "Okta" })
	other := with(at("entconn_2", "", "acme.test"), func(c *identity.Connection) { c.Name = "Application" })
	facts := func() policy.ImpactFacts {
		after := before
		return policy.ImpactFacts{
			Before: before, After: &after, People: 12, Through: 9, Sessions: 1,
			AtDomain: map[identity.Domain]int{"acme.test": 14, "acme.example": 0, "new.test": 3},
		}
	}
	tests := map[string]struct {
		given func(*policy.ImpactFacts)
		want  []string
	}{
		"a change that nobody sees": {given: func(f *policy.ImpactFacts) { f.After.Name = "Entra" }},
		"1.90 switched off, people use other ways and sessions are kept": {
			given: func(f *policy.ImpactFacts) { f.After.Active = false },
			want: []string{
				"domain_released: 14 people with an address at acme.test can no longer sign in through this connection; they sign in with a code by mail.",
				"domain_released: 0 people with an address at acme.example can no longer sign in through this connection; they sign in with a code by mail.",
				"sessions_kept: 1 person signed in through it now stay signed in until their session ends.",
				"members_stay: 9 people who joined through it stay members.",
			},
		},
		"1.43 deleted, users stay and another connection takes over": {
			given: func(f *policy.ImpactFacts) {
				f.After, f.Others, f.Settings.PasswordEnabled = nil, []identity.Connection{before, other}, true
			},
			want: []string{
				"domain_released: 14 people with an address at acme.test can no longer sign in through this connection; they are sent to Application.",
				"domain_released: 0 people with an address at acme.example can no longer sign in through this connection; they sign in with a password or a code by mail.",
				"people_stay: 12 people who signed in through it keep their user and what belongs to it.",
				"sessions_kept: 1 person signed in through it now stay signed in until their session ends.",
				"members_stay: 9 people who joined through it stay members, and may leave from now on.",
			},
		},
		"1.20 switched on, everybody at the domains is bound": {
			given: func(f *policy.ImpactFacts) { f.Before.Active = false },
			want: []string{
				"domain_enforced: 14 people with an address at acme.test must sign in through this connection from now on, in no other way.",
				"domain_enforced: 0 people with an address at acme.example must sign in through this connection from now on, in no other way.",
			},
		},
		"a domain is exchanged": {
			given: func(f *policy.ImpactFacts) { f.After.Domains = []identity.Domain{"acme.test", "new.test"} },
			want: []string{
				"domain_enforced: 3 people with an address at new.test must sign in through this connection from now on, in no other way.",
				"domain_released: 0 people with an address at acme.example can no longer sign in through this connection; they sign in with a code by mail.",
			},
		},
		"1.41 moved, members stay behind and join at their next sign-in": {
			given: func(f *policy.ImpactFacts) {
				f.After.OrganizationID = "org_globex"
				f.Move = policy.Movement{To: "org_globex", Stay: 9, JoinLater: 11, NoSeat: 2}
			},
			want: []string{
				"members_left_behind: 9 people stay members of the present organization, and may leave it from now on.",
				"join_at_next_sign_in: 11 people join the other organization at their next sign-in.",
				"no_seat: 2 people will be refused there: the organization has no seat for them.",
			},
		},
		"deleted while it was switched off": {
			given: func(f *policy.ImpactFacts) { f.Before.Active, f.After = false, nil },
			want:  []string{"people_stay: 12 people who signed in through it keep their user and what belongs to it."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts()
			tt.given(&f)
			var got []string
			for _, e := range policy.Impact(f) {
				got = append(got, e.Name+": "+e.Plain)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
