package cause

import (
	"slices"
	"strings"

	"usher/internal/fault"
)

// policy finds the causes of what policy refused, after the protocol was content.
func (x *finder) policy() {
	switch fault.Code(x.Attempt.Code) {
	case fault.SAMLUserAttributeMissing, fault.SSOUserAttributeMissing:
		x.attributeMissing()
	case fault.SAMLEmailAddressDomainMismatch, fault.SSOEmailAddressDomainMismatch:
		x.domain()
	case fault.SSOHostedDomainMismatch:
		x.note(WrongAccount, Certain, "The account is of %q, the connection of %q.", x.detail("received"), x.detail("expected"))
	case fault.ExternalAccountEmailVerificationMissing:
		x.unverified()
	case fault.SSOAccountAlreadyConnected:
		x.note(PersonRecreated, Likely, "The person of this address had %q before, and %q now.", x.detail("expected"), x.detail("received"))
		x.note(NameIDUnstable, Possible, "If it happens to everybody, the provider's name for people changes.")
	case fault.Deprovisioned:
		x.note(PersonSuspended, Certain, "The provider says that the account is gone.")
	case fault.UserDeactivated:
		x.note(RefusedHere, Certain, "The person is deactivated here.")
		x.note(PersonSuspended, Possible, "Where a directory keeps people, it was switched off there.")
	default:
		x.refusedHere()
	}
}

func (x *finder) refusedHere() {
	rule := "The code is " + x.Attempt.Code + "."
	if n := len(x.Attempt.Trace); n > 0 && !x.Attempt.Trace[n-1].Passed {
		rule = "The rule " + x.Attempt.Trace[n-1].Name + " refused: " + clip(x.Attempt.Trace[n-1].Detail) + "."
	}
	x.note(RefusedHere, Certain, "%s", rule)
	if fix := x.fixHere(); fix != "" {
		x.found[len(x.found)-1].Fix = fix
	}
}

// fixHere is the fix of the code, for what is decided here.
func (x *finder) fixHere() string {
	pairs := func(m map[string]any) (list []any) {
		for k, v := range m {
			list = append(list, k, v)
		}
		return list
	}
	return fault.New(fault.Code(x.Attempt.Code), pairs(x.Attempt.Meta)...).Detail(pairs(x.Attempt.Detail)...).Fix()
}

func (x *finder) attributeMissing() {
	name, _ := x.Attempt.Meta["missing_attribute"].(string)
	if reason := x.detail("reason"); reason == "subject" || name == "sub" {
		x.note(NameIDMissing, Certain, "There is no usable %q.", name)
		return
	}
	if x.guest() {
		x.note(GuestAccount, Likely, "The name or an address holds #EXT#.")
	}
	var names, fits []string
	for _, a := range x.Seen.Attributes {
		names = append(names, a.Name)
		if a.Address != "" && a.Name != name {
			fits = append(fits, a.Name)
		}
	}
	switch {
	case len(fits) > 0:
		x.note(EmailMissing, Certain, "There is no usable %q, and what looks like an address is in %q.", name, clip(strings.Join(fits, `", "`)))
	case len(names) > 0:
		x.note(EmailMissing, Certain, "There is no usable %q among %q.", name, clip(strings.Join(names, `", "`)))
	default:
		x.note(EmailMissing, Certain, "There is no usable %q.", name)
	}
}

func (x *finder) guest() bool {
	return x.Seen.Guest || strings.Contains(strings.ToUpper(x.detail("received")), "#EXT#")
}

func (x *finder) domain() {
	if x.detail("reason") == "email_as_typed" {
		x.note(WrongAccount, Certain, "The person typed one address, and the provider vouched for another.")
		return
	}
	if x.guest() {
		x.note(GuestAccount, Certain, "The name or an address holds #EXT#.")
	}
	served := func(a Attribute) bool { return a.Address != "" && slices.Contains(x.Connection.Domains, a.Address) }
	expected, _ := x.Attempt.Meta["expected_domain"].(string)
	received, _ := x.Attempt.Meta["received_domain"].(string)
	if i := slices.IndexFunc(x.Seen.Attributes, served); i >= 0 {
		x.note(EmailDomainMismatch, Certain, "The address is at %s, the connection serves %s, and %q has one that fits.", received, expected, x.Seen.Attributes[i].Name)
		return
	}
	x.note(EmailDomainMismatch, Certain, "The address is at %s, the connection serves %s.", received, expected)
}

func (x *finder) unverified() {
	received := x.detail("received")
	if x.guest() || strings.Contains(received, "guest account") {
		x.note(GuestAccount, Certain, "Received: %s.", received)
	}
	x.note(EmailUnverified, Certain, "Received: %s.", received)
}
