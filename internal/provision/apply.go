package provision

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// Applied is what a plan led to.
type Applied struct {
	User       identity.User // as it is now
	Account    identity.AccountID
	Membership identity.MembershipID // empty: nobody joined
	Created    bool                  // the user is new
}

// apply is one plan on its way.
type apply struct {
	tx       *store.Tx
	plan     policy.Plan
	strategy string // that verified the address: "saml", "oauth_…", "scim"
	now      time.Time
	changed  bool // the user's row is to be written
	out      Applied
}

// Apply carries the plan out. Strategy says what verified the person's address,
// as Clerk's verifications name it.
func Apply(tx *store.Tx, plan policy.Plan, strategy string, now time.Time) (Applied, error) {
	a := &apply{tx: tx, plan: plan, strategy: strategy, now: now}
	for _, step := range []func() error{
		a.tenant, a.person, a.credentials, a.account, a.address, a.attributes, a.save, a.membership, a.removal,
	} {
		if err := step(); err != nil {
			return Applied{}, err
		}
	}
	return a.out, nil
}

// tenant binds the connection to the tenant that vouches for its first person.
func (a *apply) tenant() error {
	b := a.plan.BindTenant
	if b == nil {
		return nil
	}
	bound, err := a.tx.BindTenant(b.Connection, b.Tenant, a.now)
	if err == nil && !bound {
		err = errors.New("provision: the connection is bound to a tenant already")
	}
	return err
}

// person finds or makes the user.
func (a *apply) person() error {
	if a.plan.CreateUser == nil {
		u, err := a.tx.User(a.plan.User)
		a.out.User = u
		return err
	}
	n := a.plan.CreateUser
	a.out.User = identity.User{
		ID:             identity.NewID[identity.UserID](a.now),
		FirstName:      n.FirstName,
		LastName:       n.LastName,
		PublicMetadata: n.PublicMetadata,
		CreatedAt:      a.now,
		UpdatedAt:      a.now,
	}
	a.out.Created = true
	if err := a.invitation(); err != nil {
		return err
	}
	email := a.newEmail(n.Email)
	a.out.User.PrimaryEmailID = email.ID
	if err := a.tx.InsertUser(a.out.User); err != nil {
		return err
	}
	return a.tx.InsertEmailAddress(email)
}

// invitation accepts the one to the application that the new person came by: its
// metadata is hers, unless the provider says otherwise.
func (a *apply) invitation() error {
	i := a.plan.Accept
	if i == nil {
		return nil
	}
	accepted, err := a.tx.SettleAppInvitation(i.ID, identity.InvitationAccepted, a.out.User.ID, a.now)
	if err != nil {
		return err
	}
	if !accepted {
		return errors.New("provision: the invitation is over already")
	}
	if err := a.tx.Audit(identity.AuditEntry{
		At: a.now, Actor: a.herself(), Action: "invitation.accepted", Subject: string(i.ID),
		Detail: map[string]string{"user_id": string(a.out.User.ID)},
	}); err != nil {
		return err
	}
	merged := maps.Clone(i.PublicMetadata)
	if merged == nil {
		merged = identity.Metadata{}
	}
	maps.Copy(merged, a.out.User.PublicMetadata)
	a.out.User.PublicMetadata = merged
	return nil
}

// newEmail is an address that the provider vouches for.
func (a *apply) newEmail(address identity.Email) identity.EmailAddress {
	return identity.EmailAddress{
		ID:         identity.NewID[identity.EmailID](a.now),
		UserID:     a.out.User.ID,
		Address:    address,
		Status:     identity.Verified,
		Strategy:   a.strategy,
		VerifiedAt: a.now,
		CreatedAt:  a.now,
		UpdatedAt:  a.now,
	}
}

// credentials takes away what somebody else may have prepared (threat T-ID-10).
func (a *apply) credentials() error {
	if !a.plan.RemoveCredentials {
		return nil
	}
	a.out.User.PasswordHash, a.out.User.Username, a.changed = "", "", true
	held, err := a.tx.EmailAddressesOf(a.out.User.ID)
	if err != nil {
		return err
	}
	for _, e := range held {
		if e.ID == a.plan.VerifyEmail {
			a.out.User.PrimaryEmailID = e.ID
			continue
		}
		if _, err := a.tx.DeleteEmailAddress(e.ID); err != nil {
			return err
		}
	}
	_, err = a.tx.EndSessionsOfUser(a.out.User.ID, identity.SessionRevoked, a.now)
	return err
}

// account makes or refreshes the person's account at the connection.
func (a *apply) account() error {
	switch {
	case a.plan.Link != nil:
		row := a.accountRow(*a.plan.Link, identity.EnterpriseAccount{
			ID: identity.NewID[identity.AccountID](a.now), CreatedAt: a.now,
		})
		fresh, err := a.tx.InsertAccount(row)
		if err != nil {
			return err
		}
		if !fresh {
			return errors.New("provision: the account exists already")
		}
		a.out.Account = row.ID
	case a.plan.Refresh != nil:
		a.out.Account = a.plan.Refresh.ID
		return a.tx.UpdateAccount(a.accountRow(*a.plan.Refresh, identity.EnterpriseAccount{ID: a.plan.Refresh.ID}))
	}
	return nil
}

func (a *apply) accountRow(from policy.Account, row identity.EnterpriseAccount) identity.EnterpriseAccount {
	row.UserID = a.out.User.ID
	row.ConnectionID = from.ConnectionID
	row.Subject, row.SubjectFormat = from.Subject, from.SubjectFormat
	row.Email, row.FirstName, row.LastName = from.Email, from.FirstName, from.LastName
	row.PublicMetadata = from.PublicMetadata
	row.LastAuthenticatedAt, row.UpdatedAt = a.now, a.now
	return row
}

// address brings the person's addresses in line with what the provider vouches
// for.
func (a *apply) address() error {
	if a.plan.AddEmail != "" {
		e := a.newEmail(a.plan.AddEmail)
		e.AccountID = a.out.Account
		if a.out.User.PrimaryEmailID == "" {
			a.out.User.PrimaryEmailID, a.changed = e.ID, true
		}
		if err := a.tx.InsertEmailAddress(e); err != nil {
			return err
		}
	}
	up := a.plan.UpdateEmail
	if up == nil && a.plan.VerifyEmail == "" && !a.out.Created {
		return nil
	}
	held, err := a.tx.EmailAddressesOf(a.out.User.ID)
	if err != nil {
		return err
	}
	for _, e := range held {
		moves := up != nil && e.ID == up.ID
		if !moves && e.ID != a.plan.VerifyEmail && !a.out.Created {
			continue
		}
		e.AccountID, e.UpdatedAt = a.out.Account, a.now
		if !e.IsVerified() {
			e.Status, e.Strategy, e.VerifiedAt = identity.Verified, a.strategy, a.now
		}
		write := a.tx.UpdateEmailAddress
		if moves {
			e.Address, write = up.To, a.replaceEmail
		}
		if err := write(e); err != nil {
			return err
		}
	}
	return nil
}

// replaceEmail puts another address in the place of one, under the same id.
func (a *apply) replaceEmail(e identity.EmailAddress) error {
	if _, err := a.tx.DeleteEmailAddress(e.ID); err != nil {
		return err
	}
	e.Strategy, e.VerifiedAt = a.strategy, a.now
	return a.tx.InsertEmailAddress(e)
}

// attributes takes over what the provider says about the person.
func (a *apply) attributes() error {
	up := a.plan.UpdateUser
	if up == nil {
		return nil
	}
	a.changed = true
	if up.FirstName != "" {
		a.out.User.FirstName = up.FirstName
	}
	if up.LastName != "" {
		a.out.User.LastName = up.LastName
	}
	if len(up.PublicMetadata) > 0 {
		merged := identity.Metadata{}
		maps.Copy(merged, a.out.User.PublicMetadata)
		maps.Copy(merged, up.PublicMetadata)
		a.out.User.PublicMetadata = merged
	}
	return nil
}

// save writes the user where something changed.
func (a *apply) save() error {
	if !a.changed {
		return nil
	}
	a.out.User.UpdatedAt = a.now
	return a.tx.UpdateUser(a.out.User)
}

// membership joins the person to the organization.
func (a *apply) membership() error {
	j := a.plan.Join
	if j == nil {
		return nil
	}
	m := identity.Membership{
		ID:             identity.NewID[identity.MembershipID](a.now),
		OrganizationID: j.Organization,
		UserID:         a.out.User.ID,
		Role:           j.Role,
		ConnectionID:   j.Connection,
		CreatedAt:      a.now,
		UpdatedAt:      a.now,

		PublicMetadata: j.PublicMetadata, PrivateMetadata: j.PrivateMetadata,
	}
	if err := a.accept(*j); err != nil {
		return err
	}
	fresh, err := a.tx.InsertMembership(m)
	if err != nil {
		return fmt.Errorf("provision: joining %s: %w", j.Organization, err)
	}
	if !fresh {
		return fmt.Errorf("provision: joining %s: the person is a member already", j.Organization)
	}
	a.out.Membership = m.ID
	return nil
}

// accept settles the invitation that the person joins by. The audit log says who is
// in by it, as what, and who invited: by their ids, which may outlive them (threat
// T-SEC-12).
func (a *apply) accept(j policy.Join) error {
	if j.Invitation == "" {
		return nil
	}
	accepted, err := a.tx.SettleInvitation(j.Invitation, identity.InvitationAccepted, a.out.User.ID, a.now)
	if err != nil {
		return err
	}
	if !accepted {
		return errors.New("provision: the invitation is over already")
	}
	i, err := a.tx.OrganizationInvitation(j.Invitation)
	if err != nil {
		return err
	}
	detail := map[string]string{"user_id": string(a.out.User.ID), "role": string(j.Role)}
	if i.InviterID != "" {
		detail["inviter_id"] = string(i.InviterID)
	}
	return a.tx.Audit(identity.AuditEntry{
		At: a.now, Actor: a.herself(), Action: "organization_invitation.accepted", Subject: string(j.Invitation),
		OrganizationID: j.Organization, Detail: detail,
	})
}

// herself is the person as the one who acts, where nobody else does.
func (a *apply) herself() identity.Actor {
	return identity.Actor{Kind: identity.ActorUser, ID: string(a.out.User.ID)}
}

// removal ends a membership, and makes its organization the active one of none of
// the person's sessions (threat T-ORG-18).
func (a *apply) removal() error {
	if a.plan.RemoveMembership == "" {
		return nil
	}
	m, err := a.tx.MembershipByID(a.plan.RemoveMembership)
	if store.Optional(err) != nil {
		return err
	}
	if err != nil || m.UserID != a.out.User.ID {
		return errors.New("provision: the membership is gone already")
	}
	if _, err := a.tx.DeleteMembership(m.OrganizationID, m.UserID); err != nil {
		return err
	}
	return a.deselect(m.OrganizationID)
}

func (a *apply) deselect(org identity.OrgID) error {
	sessions, err := a.tx.SessionsOfUser(a.out.User.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.LastActiveOrganizationID != org || !s.Live(a.now) {
			continue
		}
		s.LastActiveOrganizationID, s.UpdatedAt = "", a.now
		if err := a.tx.UpdateSession(s); err != nil {
			return err
		}
	}
	return nil
}
