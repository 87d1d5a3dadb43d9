package policy_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	row := func(list identity.AccessList, pattern identity.AccessPattern) []identity.AccessIdentifier {
		return []identity.AccessIdentifier{{List: list, Identifier: pattern}}
	}
	both := identity.Restrictions{Allowlist: true, Blocklist: true}
	onlySignUp := both
	onlySignUp.ListsDisabledOnSignIn = true
	plain := identity.Restrictions{BlockEmailSubaddresses: true}
	for name, test := range map[string]struct {
		purpose      policy.Purpose
		email        identity.Email
		restrictions identity.Restrictions
		listed       []identity.AccessIdentifier
		refused      bool
		trace        string
	}{
		"nothing is restricted":                       {policy.ForSignUp, "ada+x@acme.com", identity.Restrictions{}, row(identity.BlockList, "ada+x@acme.com"), false, ""},
		"a blocked address":                           {policy.ForSignIn, "ada@acme.com", both, row(identity.BlockList, "ada@acme.com"), true, "not_blocked"},
		"a blocked domain":                            {policy.ForSignUp, "ada@acme.com", both, row(identity.BlockList, "*@acme.com"), true, "not_blocked"},
		"the block-list goes before the allow-list":   {policy.ForSignUp, "ada@acme.com", both, append(row(identity.AllowList, "ada@acme.com"), row(identity.BlockList, "*@acme.com")...), true, "not_blocked"},
		"an allowed address":                          {policy.ForSignUp, "ada@acme.com", both, row(identity.AllowList, "ada@acme.com"), false, "not_blocked on_allowlist"},
		"an allowed domain":                           {policy.ForSignIn, "ada@acme.com", both, row(identity.AllowList, "*@acme.com"), false, "not_blocked on_allowlist"},
		"a row of another address means nothing":      {policy.ForSignIn, "ada@acme.com", both, row(identity.AllowList, "bob@acme.com"), true, "not_blocked on_allowlist"},
		"a domain does not mean the one below it":     {policy.ForSignIn, "ada@eu.acme.com", both, row(identity.AllowList, "*@acme.com"), true, "not_blocked on_allowlist"},
		"nobody is listed":                            {policy.ForSignUp, "ada@acme.com", both, nil, true, "not_blocked on_allowlist"},
		"lists off at sign-in":                        {policy.ForSignIn, "ada@acme.com", onlySignUp, row(identity.BlockList, "ada@acme.com"), false, ""},
		"lists off at sign-in are on at sign-up":      {policy.ForSignUp, "ada@acme.com", onlySignUp, row(identity.BlockList, "ada@acme.com"), true, "not_blocked"},
		"a subaddress signs up":                       {policy.ForSignUp, "ada+x@acme.com", plain, nil, true, "no_subaddress"},
		"a plain address signs up":                    {policy.ForSignUp, "ada@acme.com", plain, nil, false, "no_subaddress"},
		"a subaddress that is known signs in as ever": {policy.ForSignIn, "ada+x@acme.com", plain, nil, false, ""},
		"a subaddress is added to an account":         {policy.ForAddress, "ada+x@acme.com", plain, nil, true, "no_subaddress"},
		"the lists are not asked about an addition":   {policy.ForAddress, "ada@acme.com", both, row(identity.BlockList, "ada@acme.com"), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Access(policy.AccessFacts{Purpose: test.purpose, Email: test.email, Restrictions: test.restrictions, Listed: test.listed})
			if (d.Denied != nil) != test.refused || test.refused && !fault.Is(d.Denied, fault.SignInNotAllowed) {
				t.Errorf("got %v, want refused: %v", d.Denied, test.refused)
			}
			if d.Trace.String() != test.trace {
				t.Errorf("trace %q, want %q", d.Trace, test.trace)
			}
		})
	}
}

// Behaviour 7.B, form_email_address_blocked.
func TestAccess_DisposableAddresses(t *testing.T) {
	t.Parallel()
	on := identity.Restrictions{BlockDisposableDomains: true}
	more := identity.DomainSet{"burner.test": {}}
	for name, test := range map[string]struct {
		purpose policy.Purpose
		email   identity.Email
		with    identity.Restrictions
		refused bool
	}{
		"one that is known here signs up":       {policy.ForSignUp, "ada@mailinator.com", on, true},
		"below one that is known here":          {policy.ForSignUp, "ada@x.mailinator.com", on, true},
		"one of the deployment's list signs up": {policy.ForSignUp, "ada@burner.test", on, true},
		"below one of the deployment's list":    {policy.ForSignUp, "ada@eu.burner.test", on, true},
		"one is added to an account":            {policy.ForAddress, "ada@burner.test", on, true},
		"who has one signs in as ever":          {policy.ForSignIn, "ada@burner.test", on, false},
		"another with such an end":              {policy.ForSignUp, "ada@afterburner.test", on, false},
		"nothing is restricted":                 {policy.ForSignUp, "ada@mailinator.com", identity.Restrictions{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Access(policy.AccessFacts{Purpose: test.purpose, Email: test.email, Restrictions: test.with, Disposable: more})
			if fault.Is(d.Denied, fault.FormEmailAddressBlocked) != test.refused || !test.refused && d.Denied != nil {
				t.Errorf("got %v, want refused: %v", d.Denied, test.refused)
			}
		})
	}
}
