package policy

import "usher/internal/fault"

// LinkFacts is what MayLink looks at, and with Claims, what Link looks at.
type LinkFacts struct {
	AdmitFacts // Connection, Organization, Settings, Now; for Link the claims and whom they mean

	// Person is who is signed in and asks, with the account at the connection and
	// the membership in its organization, if there are any.
	Person Person

	// Impersonated says that somebody else acts as the person, who would then have
	// another way in that is not the person's own (threat T-SES-17).
	Impersonated bool
}

// MayLink decides whether a signed-in person may link an account at a connection
// to her own: one of the connection's organization, where the organization's
// connection allows it (behaviour 1.53). To anybody else the connection does not
// exist (threat T-ID-15).
func MayLink(f LinkFacts) Decision {
	a := f.admission()
	if err := a.linkable(); err != nil {
		return deny(a.trace, err)
	}
	return Decision{Trace: a.trace}
}

// Link decides whether what a provider vouches for becomes an account of the
// person who asked for it. The person keeps the address that she has; the
// provider's, which must be one that the connection may speak for, is added.
func Link(f LinkFacts) Decision {
	a := f.admission()
	for _, step := range []func() error{
		a.linkable, a.claims, a.tenant, a.trust, a.address, a.linkTo, a.standing,
	} {
		if err := step(); err != nil {
			return deny(a.trace, err)
		}
	}
	a.plan.NeedsSecondFactor = false // nobody signs in
	a.attributes()
	return Decision{Plan: a.plan, Trace: a.trace}
}

func (f LinkFacts) admission() *admission {
	return &admission{AdmitFacts: f.AdmitFacts, person: &f.Person, impersonated: f.Impersonated}
}

func (a *admission) linkable() error {
	c, p := a.Connection, a.person
	absent := func() error { return fault.New(fault.NotFound, "resource", "enterprise connection") }
	if !a.trace.note("connection_active", c.Active, string(c.ID)) {
		return absent()
	}
	if a.impersonated && !a.trace.note("in_person", false, string(p.User.ID)) {
		return absent()
	}
	if !a.trace.note("linking_allowed", c.Config.AllowOrganizationAccountLinking, string(c.ID)) {
		return absent()
	}
	member := c.OrganizationID != "" && p.Membership != nil && p.Membership.OrganizationID == c.OrganizationID
	if !a.trace.note("is_member", member, string(c.OrganizationID)) {
		return absent()
	}
	if !a.trace.note("not_linked_yet", !a.isOurs(p.Account), string(p.User.ID)) {
		return fault.New(fault.SSOAccountAlreadyConnected).Detail("reason", "already_linked")
	}
	return nil
}

// linkTo plans the account, unless it or its address is somebody else's.
func (a *admission) linkTo() error {
	p := a.person
	other := a.Linked != nil && a.isOurs(a.Linked.Account) && a.Linked.Account.Subject == a.Claims.Subject && a.Linked.User.ID != p.User.ID
	if !a.trace.note("subject_free", !other, string(p.User.ID)) {
		return fault.New(fault.OAuthIdentificationClaimed).Detail("reason", "subject_taken")
	}
	taken := a.ByVerifiedEmail != nil && a.ByVerifiedEmail.User.ID != p.User.ID && a.ByVerifiedEmail.holds(a.Claims.Email).IsVerified()
	if !a.trace.note("address_free", !taken, string(a.Claims.Email)) {
		return fault.New(fault.OAuthIdentificationClaimed).Detail("reason", "address_taken")
	}
	a.plan.User, a.plan.Link = p.User.ID, a.account("")
	if own := p.holds(a.Claims.Email); own.ID != "" {
		a.plan.VerifyEmail = own.ID
	} else {
		a.plan.AddEmail = a.Claims.Email
	}
	return nil
}
