package policy

import (
	"slices"
	"strconv"

	"usher/internal/fault"
	"usher/internal/identity"
)

// identify finds out who it is, and plans the account. Exactly one of the rules
// subject_known, email_verified_match, email_unverified_match and person_unknown
// is noted.
func (a *admission) identify() error {
	if p := a.Linked; p != nil && a.isOurs(p.Account) && p.Account.Subject == a.Claims.Subject {
		a.trace.note("subject_known", true, string(p.User.ID))
		return a.known(p)
	}
	if p := a.ByVerifiedEmail; p != nil && p.holds(a.Claims.Email).IsHeld() {
		a.trace.note("email_verified_match", true, string(p.User.ID))
		return a.link(p)
	}
	p, why := a.claimable()
	if p != nil {
		a.trace.note("email_unverified_match", true, string(p.User.ID))
		a.plan.RemoveCredentials = true
		return a.link(p)
	}
	a.trace.note("person_unknown", true, why)
	// Who was invited may come though nobody else is let in unknown: behaviour 1.31.
	invited := a.invited() != nil || a.invitedToApp() != nil
	if !a.trace.note("jit_allowed", !a.Connection.Config.DisableJITProvisioning || invited, string(a.Connection.ID)) {
		return a.unknown("jit_disabled")
	}
	a.plan.CreateUser, a.plan.Accept = &NewUser{Email: a.Claims.Email}, a.invitedToApp()
	a.plan.Link = a.account("")
	return nil
}

// unknown refuses a person for whom no account exists, or none that counts.
func (a *admission) unknown(reason string) error {
	return fault.New(fault.SAMLJITProvisioningDisabled, "email_address", string(a.Claims.Email)).Detail("reason", reason)
}

// isOurs reports whether an account is one at this connection.
func (a *admission) isOurs(account *identity.EnterpriseAccount) bool {
	return account != nil && account.ConnectionID == a.Connection.ID
}

// holds is the person's row of the address; zero if there is none.
func (p Person) holds(e identity.Email) identity.EmailAddress {
	return p.row(func(row identity.EmailAddress) bool { return row.Address == e })
}

func (p Person) row(is func(identity.EmailAddress) bool) identity.EmailAddress {
	if i := slices.IndexFunc(p.Emails, is); i >= 0 {
		return p.Emails[i]
	}
	return identity.EmailAddress{}
}

// claimable finds the person who holds the address unverified and may be linked
// by it, or says why nobody is.
//
// The provider's word is the first proof that anybody gives for the address, so
// it may take the person over; not, however, one who has proved another address,
// who is somebody else until shown otherwise, and not where several claim it.
func (a *admission) claimable() (p *Person, why string) {
	var found []*Person
	for i := range a.ByUnverifiedEmail {
		p := &a.ByUnverifiedEmail[i]
		if row := p.holds(a.Claims.Email); row.ID != "" && !row.IsHeld() {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 0:
		return nil, string(a.Claims.Email)
	case a.Settings.EmailVerifiedAtSignUp:
		return nil, "held unverified, and addresses are verified at sign-up here"
	case a.Connection.Config.DisableJITProvisioning:
		return nil, "held unverified, and the connection creates nobody"
	case len(found) > 1:
		return nil, "held unverified by " + strconv.Itoa(len(found)) + " people"
	case found[0].row(identity.EmailAddress.IsHeld).ID != "":
		return nil, "held unverified by a person who has verified another address"
	}
	return found[0], ""
}

// link plans the first account of a person who was found by the address.
func (a *admission) link(p *Person) error {
	a.person = p
	if !a.trace.note("subject_unchanged", !a.isOurs(p.Account), string(p.User.ID)) {
		return fault.New(fault.SSOAccountAlreadyConnected).Detail("reason", "subject_changed",
			"expected", cut(p.Account.Subject), "received", cut(a.Claims.Subject))
	}
	a.plan.User = p.User.ID
	a.plan.Link = a.account("")
	a.plan.VerifyEmail = p.holds(a.Claims.Email).ID
	return nil
}

// known plans what a sign-in of a linked person changes about the account and
// the address.
func (a *admission) known(p *Person) error {
	a.person = p
	own := p.holds(a.Claims.Email)
	other := a.ByVerifiedEmail
	taken := other != nil && other.User.ID != p.User.ID && other.holds(a.Claims.Email).IsHeld()
	if !a.trace.note("address_free", !taken, string(a.Claims.Email)) {
		return fault.New(fault.IdentificationClaimed, "param_name", "email_address").Detail("reason", "address_taken")
	}
	a.plan.User = p.User.ID
	a.plan.Refresh = a.account(p.Account.ID)
	if own.IsVerified() || !a.syncs() {
		return nil
	}
	vouched := p.row(func(row identity.EmailAddress) bool { return row.AccountID == p.Account.ID })
	switch {
	case own.ID != "":
		a.plan.VerifyEmail = own.ID
	case vouched.ID != "":
		a.plan.UpdateEmail = &EmailUpdate{ID: vouched.ID, To: a.Claims.Email}
	default:
		a.plan.AddEmail = a.Claims.Email
	}
	return nil
}

// account is the account as the claims have it; an empty id is a new one.
func (a *admission) account(id identity.AccountID) *Account {
	metadata, _ := merge(nil, a.Claims.PublicMetadata)
	return &Account{
		ID:             id,
		ConnectionID:   a.Connection.ID,
		Subject:        a.Claims.Subject,
		SubjectFormat:  a.Claims.SubjectFormat,
		Email:          a.Claims.Email,
		FirstName:      personName(a.Claims.FirstName),
		LastName:       personName(a.Claims.LastName),
		PublicMetadata: metadata,
	}
}
