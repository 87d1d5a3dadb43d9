package e2e

import (
	"strings"
	"testing"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/actortoken"
	"github.com/clerk/clerk-sdk-go/v2/allowlistidentifier"
	"github.com/clerk/clerk-sdk-go/v2/blocklistidentifier"
	"github.com/clerk/clerk-sdk-go/v2/client"
	"github.com/clerk/clerk-sdk-go/v2/emailaddress"
	"github.com/clerk/clerk-sdk-go/v2/instancesettings"
	"github.com/clerk/clerk-sdk-go/v2/jwttemplate"
	"github.com/clerk/clerk-sdk-go/v2/redirecturl"
	"github.com/clerk/clerk-sdk-go/v2/samlconnection"
	"github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/clerk/clerk-sdk-go/v2/signintoken"
	"github.com/clerk/clerk-sdk-go/v2/testingtoken"
	"github.com/clerk/clerk-sdk-go/v2/user"
)

func TestClerkGo_AddressesSessionsAndTokens(t *testing.T) {
	eachEngine(t, func(t *testing.T, u *usher) {
		ctx, config := t.Context(), u.sdk()
		users, emails, sessions := user.NewClient(config), emailaddress.NewClient(config), session.NewClient(config)
		must(t, newPerson(u.info.BaseURL).signIn("alice@acme.test"))
		alice := u.user("alice@acme.test").str("id")
		dora, err := users.Create(ctx, &user.CreateParams{EmailAddresses: &[]string{"dora@initech.test"}, Password: clerk.String("correct horse battery")})
		must(t, err)

		second, err := emails.Create(ctx, &emailaddress.CreateParams{UserID: clerk.String(dora.ID), EmailAddress: clerk.String("d@home.test"), Verified: clerk.Bool(true)})
		must(t, err)
		_, err = emails.Update(ctx, second.ID, &emailaddress.UpdateParams{Primary: clerk.Bool(true)})
		must(t, err)
		got, err := emails.Get(ctx, second.ID)
		must(t, err)
		dora, err = users.Get(ctx, dora.ID)
		must(t, err)
		if got.EmailAddress != "d@home.test" || *dora.PrimaryEmailAddressID != second.ID {
			t.Errorf("address: %+v of %+v", got, dora)
		}
		_, err = emails.Create(ctx, &emailaddress.CreateParams{UserID: clerk.String(dora.ID), EmailAddress: clerk.String("dora@acme.test")})
		if code := sdkCode(t, err); code != "saml_email_address_domain_reserved" {
			t.Errorf("an address on an SSO domain: got %q", code)
		}
		_, err = emails.Delete(ctx, second.ID)
		must(t, err)
		_, err = users.VerifyPassword(ctx, &user.VerifyPasswordParams{UserID: dora.ID, Password: "wrong horse battery"})
		if code := sdkCode(t, err); code != "incorrect_password" {
			t.Errorf("another password: got %q", code)
		}

		list, err := sessions.List(ctx, &session.ListParams{UserID: clerk.String(alice), Status: clerk.String("active")})
		must(t, err)
		browsers := client.NewClient(config)
		browser, err := browsers.Get(ctx, list.Sessions[0].ClientID)
		must(t, err)
		if len(browser.SessionIDs) != 1 || browser.SessionIDs[0] != list.Sessions[0].ID {
			t.Errorf("browser: %+v", browser)
		}
		templates := jwttemplate.NewClient(config)
		template, err := templates.Create(ctx, &jwttemplate.CreateParams{Name: clerk.String("app"), Claims: *raw(`{"mail":"{{user.primary_email_address}}"}`), Lifetime: clerk.Int64(90)})
		must(t, err)
		template, err = templates.Update(ctx, template.ID, &jwttemplate.UpdateParams{Lifetime: clerk.Int64(120)})
		must(t, err)
		if template.Lifetime != 120 || template.Name != "app" {
			t.Errorf("template: %+v", template)
		}
		_, err = templates.Delete(ctx, template.ID)
		must(t, err)

		ticket, err := signintoken.NewClient(config).Create(ctx, &signintoken.CreateParams{UserID: clerk.String(dora.ID), ExpiresInSeconds: clerk.Int64(60)})
		must(t, err)
		revoked, err := signintoken.NewClient(config).Revoke(ctx, ticket.ID)
		must(t, err)
		if ticket.Token == "" || revoked.Status != "revoked" {
			t.Errorf("sign-in token: %+v, then %+v", ticket, revoked)
		}
		actor, err := actortoken.NewClient(config).Create(ctx, &actortoken.CreateParams{UserID: clerk.String(dora.ID), Actor: *raw(`{"sub":"` + alice + `"}`)})
		must(t, err)
		_, err = actortoken.NewClient(config).Revoke(ctx, actor.ID)
		must(t, err)
		_, err = testingtoken.NewClient(config).Create(ctx)
		must(t, err)
		banned, err := users.Ban(ctx, dora.ID)
		must(t, err)
		if !banned.Banned {
			t.Error("not banned")
		}
	})
}

func TestClerkGo_SettingsAndLists(t *testing.T) {
	eachEngine(t, func(t *testing.T, u *usher) {
		ctx, config := t.Context(), u.sdk()
		settings := instancesettings.NewClient(config)
		must(t, settings.Update(ctx, &instancesettings.UpdateParams{SupportEmail: clerk.String("help@acme.test")}))
		restrictions, err := settings.UpdateRestrictions(ctx, &instancesettings.UpdateRestrictionsParams{Blocklist: clerk.Bool(true)})
		must(t, err)
		if !restrictions.Blocklist || restrictions.Allowlist {
			t.Errorf("restrictions: %+v", restrictions)
		}
		allowed, err := allowlistidentifier.NewClient(config).Create(ctx, &allowlistidentifier.CreateParams{Identifier: clerk.String("*@initech.test")})
		must(t, err)
		_, err = allowlistidentifier.NewClient(config).Delete(ctx, allowed.ID)
		must(t, err)
		_, err = blocklistidentifier.NewClient(config).Create(ctx, &blocklistidentifier.CreateParams{Identifier: clerk.String("eve@evil.test")})
		must(t, err)
		blocked, err := blocklistidentifier.NewClient(config).List(ctx, &blocklistidentifier.ListParams{})
		must(t, err)
		if blocked.TotalCount != 1 || blocked.BlocklistIdentifiers[0].Identifier != "eve@evil.test" {
			t.Errorf("block-list: %+v", blocked)
		}
		redirect, err := redirecturl.NewClient(config).Create(ctx, &redirecturl.CreateParams{URL: clerk.String("myapp://callback")})
		must(t, err)
		_, err = redirecturl.NewClient(config).Delete(ctx, redirect.ID)
		must(t, err)
		flat := samlconnection.NewClient(config)
		made, err := flat.Create(ctx, &samlconnection.CreateParams{Name: clerk.String("Initech"), Domain: clerk.String("initech.test"), Provider: clerk.String("saml_okta")})
		must(t, err)
		changed, err := flat.Update(ctx, made.ID, &samlconnection.UpdateParams{Name: clerk.String("Initech SSO")})
		must(t, err)
		found, err := flat.List(ctx, &samlconnection.ListParams{Query: clerk.String("initech")})
		must(t, err)
		if changed.Name != "Initech SSO" || !strings.HasPrefix(made.ID, "samlc_") || found.TotalCount != 1 {
			t.Errorf("connection: %+v, found %+v", changed, found)
		}
		_, err = flat.Delete(ctx, made.ID)
		must(t, err)
	})
}
