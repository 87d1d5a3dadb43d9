package policy

import (
	"slices"

	"usher/internal/fault"
	"usher/internal/identity"
)

// AccessFacts is what Access looks at.
type AccessFacts struct {
	Purpose      Purpose // ForSignIn, ForSignUp or ForAddress, to which the lists do not apply
	Email        identity.Email
	Restrictions identity.Restrictions
	Listed       []identity.AccessIdentifier // the rows of both lists that mean the address
	Disposable   identity.DomainSet          // besides those that are known here
}

// Access decides whether the lists and restrictions of the deployment let an address
// in. It opens no other way than the one that Enforce leaves: an address that is
// allowed and on an SSO domain signs in by SSO.
func Access(f AccessFacts) Decision {
	var t Trace
	on := f.Purpose == ForSignUp || f.Purpose == ForSignIn && !f.Restrictions.ListsDisabledOnSignIn
	refused := fault.New(fault.SignInNotAllowed, "param_name", "email_address")
	if on && f.Restrictions.Blocklist && !t.note("not_blocked", !f.in(identity.BlockList), string(f.Email)) {
		return deny(t, refused.Detail("reason", "blocked"))
	}
	if on && f.Restrictions.Allowlist && !t.note("on_allowlist", f.in(identity.AllowList), string(f.Email)) {
		return deny(t, refused.Detail("reason", "not_allowed"))
	}
	if f.Purpose == ForSignIn { // who has an address keeps it
		return Decision{Trace: t}
	}
	if f.Restrictions.BlockEmailSubaddresses && !t.note("no_subaddress", !f.Email.IsSubaddress(), string(f.Email)) {
		return deny(t, refused.Detail("reason", "subaddress"))
	}
	if f.Restrictions.BlockDisposableDomains && !t.note("not_disposable", !isDisposable(f.Email.Domain(), f.Disposable), string(f.Email.Domain())) {
		return deny(t, fault.New(fault.FormEmailAddressBlocked, "param_name", "email_address").Detail("reason", "disposable"))
	}
	return Decision{Trace: t}
}

// in reports whether one of a list's rows means the address.
func (f AccessFacts) in(list identity.AccessList) bool {
	patterns := f.Email.AccessPatterns()
	return slices.ContainsFunc(f.Listed, func(a identity.AccessIdentifier) bool {
		return a.List == list && slices.Contains(patterns, a.Identifier)
	})
}
