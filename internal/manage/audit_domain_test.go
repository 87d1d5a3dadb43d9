package manage_test

import (
	"context"
	"regexp"

	"usher/internal/identity"
	"usher/internal/manage"
)

// domainChanges are the methods of domains and invitations that change something.
// What they are tried on is made before, by the lines that they leave besides.
func domainChanges() map[string]row {
	const made = "organization_domain.created "
	const changed = made + "organization_domain.updated"
	const owned = made + "organization_domain.ownership_verified"
	sso, enrolled := identity.EnrollmentSSO, identity.EnrollmentManual
	list := func(ctx context.Context, w *world, on subjects, mode identity.EnrollmentMode) (manage.DomainRef, error) {
		d, err := w.s.AddDomain(ctx, manage.DomainRef{Organization: on.org}, manage.DomainChange{Name: "listed.example", EnrollmentMode: &mode, Verified: ptr(false)})
		return manage.DomainRef{Organization: on.org, Domain: string(d.ID)}, err
	}
	return map[string]row{
		"AddDomain": {"organization_domain.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := list(ctx, w, on, enrolled)
			return err
		}},
		"AddDomains": {"organization_domain.created", func(ctx context.Context, w *world, on subjects) error {
			_, _, err := w.s.AddDomains(ctx, manage.DomainRef{Organization: on.org}, []string{"listed.example"}, manage.DomainChange{})
			return err
		}},
		"ChangeDomain": {changed, func(ctx context.Context, w *world, on subjects) error {
			ref, err := list(ctx, w, on, enrolled)
			if err == nil {
				_, err = w.s.ChangeDomain(ctx, ref, manage.DomainChange{Verified: ptr(true)})
			}
			return err
		}},
		"DeleteDomain": {made + "organization_domain.deleted", func(ctx context.Context, w *world, on subjects) error {
			ref, err := list(ctx, w, on, enrolled)
			if err == nil {
				_, err = w.s.DeleteDomain(ctx, ref)
			}
			return err
		}},
		"PrepareAffiliation": {changed, func(ctx context.Context, w *world, on subjects) error {
			ref, err := list(ctx, w, on, enrolled)
			if err == nil {
				_, err = w.s.PrepareAffiliation(ctx, ref, "ada@listed.example")
			}
			return err
		}},
		"AttemptAffiliation": {changed + " organization_domain.updated", func(ctx context.Context, w *world, on subjects) error {
			ref, err := list(ctx, w, on, enrolled)
			if err == nil {
				_, err = w.s.PrepareAffiliation(ctx, ref, "ada@listed.example")
			}
			if err == nil {
				_, err = w.s.AttemptAffiliation(ctx, ref, regexp.MustCompile(`\d{6}`).FindString(w.mails()[0].Subject))
			}
			return err
		}},
		"PrepareOwnership": {changed, func(ctx context.Context, w *world, on subjects) error {
			ref, err := list(ctx, w, on, sso)
			if err == nil {
				_, err = w.s.PrepareOwnership(ctx, ref)
			}
			return err
		}},
		"AttemptOwnership": {changed + " organization_domain.updated", func(ctx context.Context, w *world, on subjects) error {
			w.s.Records = records{}
			ref, err := list(ctx, w, on, sso)
			if err == nil {
				_, err = w.s.PrepareOwnership(ctx, ref)
			}
			if err == nil {
				_, err = w.s.AttemptOwnership(ctx, ref)
			}
			return err
		}},
		"VerifyOwnership": {owned, func(ctx context.Context, w *world, on subjects) error {
			ref, err := list(ctx, w, on, sso)
			if err == nil {
				_, err = w.s.VerifyOwnership(ctx, ref)
			}
			return err
		}},
		"OwnershipOfMany": {owned, func(ctx context.Context, w *world, on subjects) error {
			ref, err := list(ctx, w, on, sso)
			if err == nil {
				_, _, err = w.s.OwnershipOfMany(ctx, manage.DomainRef{Organization: on.org}, []string{ref.Domain}, w.s.VerifyOwnership)
			}
			return err
		}},
		"Invite": {"invitation.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.Invite(ctx, []manage.AppInvite{{EmailAddress: "new@listed.example"}})
			return err
		}},
		"RevokeAppInvitation": {"invitation.created invitation.revoked", func(ctx context.Context, w *world, _ subjects) error {
			list, err := w.s.Invite(ctx, []manage.AppInvite{{EmailAddress: "new@listed.example"}})
			if err == nil {
				_, err = w.s.RevokeAppInvitation(ctx, string(list[0].ID))
			}
			return err
		}},
		"InviteToOrganization": {"organization_invitation.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.InviteToOrganization(ctx, on.org, []manage.Invite{{EmailAddress: "new@listed.example", Role: identity.RoleMember}})
			return err
		}},
		"RevokeInvitation": {"organization_invitation.created organization_invitation.revoked", func(ctx context.Context, w *world, on subjects) error {
			list, err := w.s.InviteToOrganization(ctx, on.org, []manage.Invite{{EmailAddress: "new@listed.example", Role: identity.RoleMember}})
			if err == nil {
				_, err = w.s.RevokeInvitation(ctx, on.org, string(list[0].ID), "")
			}
			return err
		}},
		"ResendInvitation": {"organization_invitation.created organization_invitation.resent", func(ctx context.Context, w *world, on subjects) error {
			list, err := w.s.InviteToOrganization(ctx, on.org, []manage.Invite{{EmailAddress: "new@listed.example", Role: identity.RoleMember}})
			if err == nil {
				_, err = w.s.ResendInvitation(ctx, on.org, string(list[0].ID))
			}
			return err
		}},
		"CreateOwnOrganization": {"organization.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.CreateOwnOrganization(ctx, identity.UserID(on.outsider), "Own")
			return err
		}},
		"OperatorLink": {"operator_link.created organization.created organization_membership.created user.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.OperatorLink(ctx, "olga@northwind.test")
			return err
		}},
		"RevokeSecretKey": {"secret_key.created secret_key.revoked", func(ctx context.Context, w *world, _ subjects) error {
			key, err := w.s.NewSecretKey(ctx, "billing", false)
			if err != nil {
				return err
			}
			id, err := w.s.Authenticate(ctx, key)
			if err != nil {
				return err
			}
			return w.s.RevokeSecretKey(ctx, id)
		}},
	}
}
