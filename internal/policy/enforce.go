package policy

import (
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
)

// StrategySSO is the one strategy of an address on an SSO domain.
const StrategySSO = "enterprise_sso"

// Purpose is what an address or a strategy is to be used for.
type Purpose int

// The purposes.
const (
	ForSignIn Purpose = iota
	ForSignUp
	ForAddress    // to add or verify an address of an account
	ForIdentifier // to add another identifier or method: a user name, a phone, a password
)

// EnforceFacts is what Enforce looks at.
type EnforceFacts struct {
	Purpose  Purpose
	Email    identity.Email // empty: another kind of identifier
	Strategy string         // such as "password", "email_code", "ticket", or StrategySSO

	// Connections are the candidates for the address, as for Discover.
	Connections []identity.Connection

	// Bound are the connections at which the person has an account; none where
	// nobody is known yet.
	Bound []identity.Connection

	SignUpMode identity.SignUpMode // with ForSignUp
}

// Enforce decides whether a strategy may be used, or whether it must be SSO. It
// is asked about each domain for itself: an organization can require SSO on one
// and leave another alone.
func Enforce(f EnforceFacts) Decision {
	e := enforcement{EnforceFacts: f}
	for _, c := range f.Bound {
		if c.InUse() {
			e.bound = append(e.bound, c)
		}
	}
	if f.Email != "" {
		e.found = Discover(DiscoverFacts{Email: f.Email, Connections: f.Connections}).Connections
	}
	var err error
	switch f.Purpose {
	case ForSignUp:
		err = e.signUp()
	case ForAddress:
		err = e.address()
	case ForIdentifier:
		err = e.additional()
	default: // ForSignIn
		err = e.signIn()
	}
	return Decision{Denied: err, Trace: e.trace}
}

type enforcement struct {
	EnforceFacts
	bound []identity.Connection // those in use
	found []identity.Connection // those that the address goes to
	trace Trace
}

func (e *enforcement) signIn() error {
	if e.Strategy == StrategySSO {
		if !e.trace.note("connection_found", len(e.found) > 0, string(e.Email.Domain())) {
			return connectionMissing(ForSignIn)
		}
		return nil
	}
	if !e.trace.note("strategy_allowed", len(e.found) == 0, e.Strategy+" at "+string(e.Email.Domain())) {
		return fault.New(fault.StrategyForUserInvalid).Detail("reason", "sso_domain", "expected", StrategySSO, "received", e.Strategy)
	}
	c, ok := e.bypassed()
	if !e.trace.note("identifier_of_connection", ok, string(c)) {
		return fault.New(fault.SignInMustUseConnectionIdentifier)
	}
	return nil
}

// bypassed looks for a connection whose person comes by another identifier: one
// that is no address at all, or an address elsewhere where the connection allows
// no additional ones.
func (e *enforcement) bypassed() (identity.ConnectionID, bool) {
	for _, c := range e.bound {
		if e.Email == "" || c.Config.DisableAdditionalIdentifications && !c.Serves(e.Email.Domain()) {
			return c.ID, false
		}
	}
	return "", true
}

func (e *enforcement) signUp() error {
	if e.Strategy == StrategySSO {
		if !e.trace.note("connection_found", len(e.found) > 0, string(e.Email.Domain())) {
			return connectionMissing(ForSignUp)
		}
		return nil
	}
	if !e.trace.note("domain_not_reserved", len(e.found) == 0, string(e.Email.Domain())) {
		return fault.New(fault.SAMLEmailAddressDomainReserved, "param_name", "email_address")
	}
	if !e.trace.note("sign_up_open", e.SignUpMode == "" || e.SignUpMode == identity.SignUpPublic, string(e.SignUpMode)) {
		if e.SignUpMode == identity.SignUpWaitlist {
			return fault.New(fault.SignUpRestrictedWaitlist)
		}
		return fault.New(fault.SignUpModeRestricted)
	}
	return nil
}

func (e *enforcement) address() error {
	if err := e.additional(); err != nil {
		return err
	}
	free := len(e.found) == 0 || e.Strategy == StrategySSO
	if !e.trace.note("domain_not_reserved", free, string(e.Email.Domain())) {
		return fault.New(fault.SAMLEmailAddressDomainReserved, "param_name", "email_address")
	}
	return nil
}

func (e *enforcement) additional() error {
	var forbid []string
	for _, c := range e.bound {
		if c.Config.DisableAdditionalIdentifications {
			forbid = append(forbid, string(c.ID))
		}
	}
	if !e.trace.note("additional_identifiers_allowed", len(forbid) == 0, strings.Join(forbid, " ")) {
		return fault.New(fault.SSOAdditionalIdentificationsDisabled)
	}
	return nil
}
