package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

// wish is Ada, a member of Acme with an address elsewhere, who wants to link her
// account at Acme's connection.
func wish() policy.LinkFacts {
	f := policy.LinkFacts{AdmitFacts: firstVisit()}
	f.Connection.Config.AllowOrganizationAccountLinking = true
	f.Person = policy.Person{
		User:       ada,
		Emails:     []identity.EmailAddress{{ID: "idn_home", UserID: ada.ID, Address: "ada@home.test", Status: identity.Verified}},
		Membership: &identity.Membership{OrganizationID: acme.ID, UserID: ada.ID, Role: "org:member"},
	}
	return f
}

const (
	wishing  = "connection_active linking_allowed is_member not_linked_yet "
	vouched  = wishing + "subject_present subject_stable email_present email_trusted email_domain_allowed email_as_typed "
	linkable = vouched + "subject_free address_free "
)

// Behaviours 1.53 and 1.54, threats T-ID-14 and T-ID-15.
func TestLink(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given func(*policy.LinkFacts)
		code  fault.Code
		plan  policy.Plan
		trace string
	}{
		"1.53 a signed-in member links the organization's account though the address differs": {
			given: func(*policy.LinkFacts) {},
			plan:  policy.Plan{User: ada.ID, Link: account(""), AddEmail: "ada@acme.test"},
			trace: linkable + standing + "attributes",
		},
		"1.53 where the connection does not allow it": {
			given: func(f *policy.LinkFacts) { f.Connection.Config.AllowOrganizationAccountLinking = false },
			code:  fault.NotFound, trace: "connection_active linking_allowed",
		},
		"threat T-ID-15: to somebody who is no member the connection does not exist": {
			given: func(f *policy.LinkFacts) { f.Person.Membership = nil },
			code:  fault.NotFound, trace: "connection_active linking_allowed is_member",
		},
		"threat T-ID-15: a member of another organization": {
			given: func(f *policy.LinkFacts) { f.Person.Membership.OrganizationID = "org_globex" },
			code:  fault.NotFound, trace: "connection_active linking_allowed is_member",
		},
		"threat T-SES-17: somebody who acts as the person links nothing": {
			given: func(f *policy.LinkFacts) { f.Impersonated = true },
			code:  fault.NotFound, trace: "connection_active in_person",
		},
		"nobody is a member of an application-wide connection": {
			given: func(f *policy.LinkFacts) { f.Connection.OrganizationID, f.Person.Membership.OrganizationID = "", "" },
			code:  fault.NotFound, trace: "connection_active linking_allowed is_member",
		},
		"a connection that is switched off": {
			given: func(f *policy.LinkFacts) { f.Connection.Active = false },
			code:  fault.NotFound, trace: "connection_active",
		},
		"threat T-SAML-02: a connection that is for linking only": {
			given: func(f *policy.LinkFacts) { f.Connection.Authenticatable = false },
			plan:  policy.Plan{User: ada.ID, Link: account(""), AddEmail: "ada@acme.test"},
			trace: linkable + standing + "attributes",
		},
		"1.54 a second link to the same connection": {
			given: func(f *policy.LinkFacts) { f.Person.Account = linked().Account },
			code:  fault.SSOAccountAlreadyConnected, trace: wishing,
		},
		"threat T-ID-14: an account that is another person's": {
			given: func(f *policy.LinkFacts) { f.Linked = linked(); f.Linked.User.ID = "user_eve" },
			code:  fault.OAuthIdentificationClaimed, trace: vouched + "subject_free",
		},
		"an address that is another person's": {
			given: func(f *policy.LinkFacts) {
				f.ByVerifiedEmail = holder(identity.Verified)
				f.ByVerifiedEmail.User.ID = "user_eve"
			},
			code: fault.OAuthIdentificationClaimed, trace: linkable,
		},
		"an address that the connection may not speak for": {
			given: func(f *policy.LinkFacts) { f.Claims.Email = "ada@home.test" },
			code:  fault.SAMLEmailAddressDomainMismatch, trace: strings.TrimSuffix(vouched, "email_as_typed "),
		},
		"an address that she holds unverified becomes verified": {
			given: func(f *policy.LinkFacts) {
				f.Person.Emails = append(f.Person.Emails, identity.EmailAddress{ID: "idn_work", Address: "ada@acme.test"})
			},
			plan:  policy.Plan{User: ada.ID, Link: account(""), VerifyEmail: "idn_work"},
			trace: linkable + standing + "attributes",
		},
		"threat T-ID-18: a banned person": {
			given: func(f *policy.LinkFacts) { f.Person.User.Banned = true },
			code:  fault.UserBanned, trace: linkable + "user_not_banned",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := wish()
			tt.given(&f)
			d := policy.Link(f)
			checkDenied(t, d.Denied, tt.code, nil)
			if diff := cmp.Diff(tt.plan, d.Plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			checkTrace(t, d.Trace, strings.TrimSpace(tt.trace))
		})
	}
}
