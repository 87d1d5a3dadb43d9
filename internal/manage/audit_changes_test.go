package manage_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
)

// peopleChanges are the methods that change people, what they are known by, and
// the tickets for them.
func peopleChanges() map[string]row {
	return map[string]row{
		"Ban": {"user.banned user.banned", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.Ban(ctx, []string{on.user, on.outsider})
			return err
		}},
		"Unban": {"user.unbanned", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.Unban(ctx, []string{on.user})
			return err
		}},
		"RemovePassword": {"user.password.removed", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.RemovePassword(ctx, on.user, ptr(true))
			return err
		}},
		"DeleteAccount": {"enterprise_account.deleted", func(ctx context.Context, w *world, on subjects) error {
			return w.s.DeleteAccount(ctx, on.user, on.account)
		}},
		"ChangeMember": {"organization_membership.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeMember(ctx, on.org, on.user, manage.MembershipChange{Role: identity.RoleAdmin})
			return err
		}},
		"AddEmail": {"email_address.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.AddEmail(ctx, manage.EmailChange{UserID: on.outsider, Address: "eve@elsewhere.test", Verified: true, Primary: true})
			return err
		}},
		"ChangeEmail": {"email_address.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeEmail(ctx, on.email, manage.EmailChange{Verified: true, Primary: true})
			return err
		}},
		"DeleteEmail": {"email_address.deleted", func(ctx context.Context, w *world, on subjects) error {
			return w.s.DeleteEmail(ctx, on.email)
		}},
		"ReplaceEmails": {"email_address.replaced", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ReplaceEmails(ctx, manage.EmailChange{UserID: on.outsider, Address: "eve@elsewhere.test"})
			return err
		}},
		"ChangeSignUp": {"sign_up.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeSignUp(ctx, on.signUp, manage.SignUpChange{ExternalID: ptr("crm-7")})
			return err
		}},
		"CreateSignInToken": {"sign_in_token.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.CreateSignInToken(ctx, manage.TicketChange{UserID: on.outsider})
			return err
		}},
		"CreateActorToken": {"actor_token.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.CreateActorToken(ctx, manage.TicketChange{UserID: on.outsider, Actor: identity.Metadata{"sub": on.user}})
			return err
		}},
		"RevokeTicket": {"sign_in_token.revoked", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.RevokeTicket(ctx, identity.TicketSignIn, on.ticket)
			return err
		}},
	}
}

// roleChanges are the methods that change roles, permissions and role sets. What
// one changes besides has lines too.
func roleChanges() map[string]row {
	name, key := "Other", "org:other"
	return map[string]row{
		"CreateRole": {"role.created role_set.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.CreateRole(ctx, manage.RoleChange{Name: &name, Key: &key, IncludeInInitialRoleSet: ptr(true)})
			return err
		}},
		"ChangeRole": {"role.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeRole(ctx, on.role, manage.RoleChange{Name: &name})
			return err
		}},
		"GrantPermission": {"role.permission.granted", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.GrantPermission(ctx, on.unused, on.permission)
			return err
		}},
		"WithdrawPermission": {"role.permission.withdrawn", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.WithdrawPermission(ctx, on.role, on.permission)
			return err
		}},
		"DeleteRole": {"role.deleted role_set.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.DeleteRole(ctx, on.unused)
			return err
		}},
		"CreatePermission": {"permission.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.CreatePermission(ctx, manage.PermissionChange{Name: &name, Key: ptr("org:other:read")})
			return err
		}},
		"ChangePermission": {"permission.updated role.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangePermission(ctx, on.permission, manage.PermissionChange{Key: ptr("org:other:read")})
			return err
		}},
		"DeletePermission": {"permission.deleted role.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.DeletePermission(ctx, on.permission)
			return err
		}},
		"CreateRoleSet": {"role_set.created role_set.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.CreateRoleSet(ctx, manage.RoleSetChange{
				Name: &name, Type: ptr("initial"), Roles: []string{"org:admin"}, DefaultRoleKey: ptr("org:admin"), CreatorRoleKey: ptr("org:admin"),
			})
			return err
		}},
		"ChangeRoleSet": {"role_set.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.ChangeRoleSet(ctx, "role_set:old", manage.RoleSetChange{Name: &name})
			return err
		}},
		"ReplaceRoleInSet": {"role_migration.completed role_migration.created role_set.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.ReplaceRoleInSet(ctx, "role_set:new", "org:guest", "org:boss")
			return err
		}},
		"ReplaceRoleSet": {"role_migration.completed role_migration.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.ReplaceRoleSet(ctx, "role_set:old", "role_set:new", mappings())
			return err
		}},
		"MigrateRoles": {"role_migration.completed", func(ctx context.Context, w *world, _ subjects) error {
			set := get(w, func(tx *store.Tx) (identity.RoleSet, error) { return tx.RoleSetByKey("role_set:old") })
			w.write(func(tx *store.Tx) error {
				return tx.InsertRoleMigration(identity.RoleMigration{
					ID: identity.NewID[identity.RoleMigrationID](began), Source: set.ID, Trigger: identity.RoleRemoval,
					Mappings: map[identity.RoleID]identity.RoleID{set.Default: set.Creator}, CreatedAt: began, UpdatedAt: began,
				})
			})
			return w.s.MigrateRoles(ctx)
		}},
	}
}

// listChanges are the methods that change lists of the deployment's, and logos.
func listChanges() map[string]row {
	return map[string]row{
		"AddAccessIdentifier": {"access_identifier.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.AddAccessIdentifier(ctx, identity.BlockList, "other.test")
			return err
		}},
		"DeleteAccessIdentifier": {"access_identifier.deleted", func(ctx context.Context, w *world, on subjects) error {
			return w.s.DeleteAccessIdentifier(ctx, identity.AllowList, on.access)
		}},
		"AddRedirectURL": {"redirect_url.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.AddRedirectURL(ctx, "other://callback")
			return err
		}},
		"DeleteRedirectURL": {"redirect_url.deleted", func(ctx context.Context, w *world, on subjects) error {
			return w.s.DeleteRedirectURL(ctx, on.redirect)
		}},
		"SetLogo": {"organization.logo.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.SetLogo(ctx, on.org, on.user, logo(w))
			return err
		}},
		"DeleteLogo": {"organization.logo.deleted organization.logo.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.SetLogo(ctx, on.org, "", logo(w))
			if err == nil {
				_, err = w.s.DeleteLogo(ctx, on.org)
			}
			return err
		}},
	}
}

func logo(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// more adds to the subjects what the changes above are about.
func (w *world) more(on subjects) subjects {
	w.Helper()
	ctx := w.Context()
	w.sets()
	w.enrolling(on)
	on.permission = string(must(w.s.CreatePermission(ctx, manage.PermissionChange{Name: ptr("Read"), Key: ptr("org:invoices:read")}))(w).ID)
	on.role = string(get(w, func(tx *store.Tx) (identity.Role, error) { return tx.RoleByKey("org:guest") }).ID)
	must(w.s.GrantPermission(ctx, on.role, on.permission))(w)
	on.unused = string(must(w.s.CreateRole(ctx, manage.RoleChange{Name: ptr("Unused"), Key: ptr("org:unused"), IncludeInInitialRoleSet: ptr(true)}))(w).ID)
	on.email = must(w.s.AddEmail(ctx, manage.EmailChange{UserID: on.outsider, Address: "eve@spare.test"}))(w).ID
	on.ticket = must(w.s.CreateSignInToken(ctx, manage.TicketChange{UserID: on.outsider}))(w).ID
	on.access = must(w.s.AddAccessIdentifier(ctx, identity.AllowList, "acme.test"))(w).ID
	on.redirect = must(w.s.AddRedirectURL(ctx, "app://callback"))(w).ID
	on.account = identity.NewID[identity.AccountID](began)
	on.signUp = identity.NewID[identity.SignUpID](began)
	w.write(func(tx *store.Tx) error {
		if err := tx.InsertSignUp(identity.SignUp{
			ID: on.signUp, ClientID: "client_1", Status: identity.SignUpMissingRequirements, CreatedAt: began, UpdatedAt: began, AbandonAt: began.Add(24 * time.Hour),
		}); err != nil {
			return err
		}
		_, err := tx.InsertAccount(identity.EnterpriseAccount{
			ID: on.account, UserID: identity.UserID(on.user), ConnectionID: on.connection, Subject: "s-1", CreatedAt: began, UpdatedAt: began,
		})
		return err
	})
	return on
}

// lists are what there is besides of which administrators change, for a picture.
func (w *world) lists() []any {
	w.Helper()
	ctx := w.Context()
	permissions, _, err := w.s.Permissions(ctx, manage.NamedFilter{}, manage.Page{})
	if err != nil {
		w.Fatal(err)
	}
	all := []any{permissions}
	for _, l := range []identity.AccessList{identity.AllowList, identity.BlockList} {
		rows, _, err := w.s.AccessIdentifiers(ctx, l, manage.Page{})
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, rows)
	}
	urls, _, err := w.s.RedirectURLs(ctx, manage.Page{})
	if err != nil {
		w.Fatal(err)
	}
	return append(all, urls, get(w, func(tx *store.Tx) (identity.SignUp, error) { return tx.LatestSignUp("client_1") }))
}
