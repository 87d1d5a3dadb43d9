package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/actortoken"
	"github.com/clerk/clerk-sdk-go/v2/allowlistidentifier"
	"github.com/clerk/clerk-sdk-go/v2/blocklistidentifier"
	"github.com/clerk/clerk-sdk-go/v2/client"
	"github.com/clerk/clerk-sdk-go/v2/domain"
	"github.com/clerk/clerk-sdk-go/v2/emailaddress"
	"github.com/clerk/clerk-sdk-go/v2/instancesettings"
	"github.com/clerk/clerk-sdk-go/v2/invitation"
	"github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/clerk/clerk-sdk-go/v2/jwttemplate"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationdomain"
	"github.com/clerk/clerk-sdk-go/v2/organizationinvitation"
	"github.com/clerk/clerk-sdk-go/v2/organizationmembership"
	"github.com/clerk/clerk-sdk-go/v2/redirecturl"
	"github.com/clerk/clerk-sdk-go/v2/samlconnection"
	"github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/clerk/clerk-sdk-go/v2/signintoken"
	"github.com/clerk/clerk-sdk-go/v2/template"
	"github.com/clerk/clerk-sdk-go/v2/testingtoken"
	"github.com/clerk/clerk-sdk-go/v2/user"

	"usher/internal/web/account"
)

// newClients signs Alice in and begins a sign-up of Nina.
func newClients(t *testing.T, u *usher) *clients {
	t.Helper()
	w := &clients{t: t, u: u, discovery: u.info.BaseURL + "/practice/oidc/globex/.well-known/openid-configuration"}
	p := newPerson(u.info.BaseURL)
	must(t, p.signIn("alice@acme.test"))
	w.cookie, w.session = p.cookie(), u.lastAttempt().str("session_id")
	alice := u.user("alice@acme.test")
	w.alice = alice.str("id")
	for _, a := range alice["enterprise_accounts"].([]any) {
		w.account = object(a.(map[string]any)).str("id")
	}
	g, err := newPerson(u.info.BaseURL).submit("/sign-up", "/sign-up", url.Values{account.FieldEmail: {"nina@home.test"}})
	to, err := expect(g, err, "signing up")
	must(t, err)
	w.signUp = strings.TrimPrefix(to, "/sign-up/")
	return w
}

// goSDK calls with clerk-sdk-go every method that it has for an operation which is
// served.
func (w *clients) goSDK(api string) {
	config := &clerk.ClientConfig{BackendConfig: clerk.BackendConfig{
		URL: clerk.String(api), Key: clerk.String(w.u.info.SecretKey), HTTPClient: &http.Client{},
	}}
	dora := w.goPeople(config)
	w.goOrganizations(config, dora)
	w.goInvitations(config, dora)
	w.goSessions(config, dora)
	w.goInstance(config)
	w.goMails(config)
	_, err := user.NewClient(config).Delete(w.t.Context(), dora)
	must(w.t, err)
}

// sees checks one thing that the SDK read.
func (w *clients) sees(what string, ok bool, got any) {
	w.t.Helper()
	if !ok {
		w.t.Errorf("%s: the SDK read %+v", what, got)
	}
}

func (w *clients) goPeople(config *clerk.ClientConfig) string {
	t, ctx := w.t, w.t.Context()
	users, emails := user.NewClient(config), emailaddress.NewClient(config)
	dora, err := users.Create(ctx, &user.CreateParams{EmailAddresses: &[]string{"dora@go.test"}, Password: clerk.String("correct horse battery")})
	must(t, err)
	listed, err := users.List(ctx, &user.ListParams{UserIDs: []string{dora.ID}})
	must(t, err)
	w.sees("users", listed.TotalCount == 1 && listed.Users[0].ID == dora.ID, listed)
	counted, err := users.Count(ctx, &user.ListParams{UserIDs: []string{dora.ID}})
	must(t, err)
	w.sees("their number", counted.TotalCount == 1, counted)
	read, err := users.Get(ctx, dora.ID)
	must(t, err)
	w.sees("user", read.EmailAddresses[0].EmailAddress == "dora@go.test" && read.PasswordEnabled, read)
	read, err = users.Update(ctx, dora.ID, &user.UpdateParams{FirstName: clerk.String("Dora")})
	must(t, err)
	w.sees("first name", *read.FirstName == "Dora", read)
	read, err = users.UpdateMetadata(ctx, dora.ID, &user.UpdateMetadataParams{PublicMetadata: raw(`{"a":1}`)})
	must(t, err)
	w.sees("metadata", sameJSON(read.PublicMetadata, `{"a":1}`), read)
	banned, err := users.Ban(ctx, dora.ID)
	must(t, err)
	free, err := users.Unban(ctx, dora.ID)
	must(t, err)
	w.sees("ban", banned.Banned && !free.Banned, banned)
	locked, err := users.Lock(ctx, dora.ID)
	must(t, err)
	open, err := users.Unlock(ctx, dora.ID)
	must(t, err)
	w.sees("lock", locked.Locked && !open.Locked, locked)
	verified, err := users.VerifyPassword(ctx, &user.VerifyPasswordParams{UserID: dora.ID, Password: "correct horse battery"})
	must(t, err)
	w.sees("password", verified.Verified, verified)

	second, err := emails.Create(ctx, &emailaddress.CreateParams{UserID: &dora.ID, EmailAddress: clerk.String("second@go.test"), Verified: clerk.Bool(true)})
	must(t, err)
	second, err = emails.Update(ctx, second.ID, &emailaddress.UpdateParams{Primary: clerk.Bool(true)})
	must(t, err)
	again, err := emails.Get(ctx, second.ID)
	must(t, err)
	w.sees("address", again.EmailAddress == "second@go.test" && again.Verification.Status == "verified", again)
	gone, err := emails.Delete(ctx, second.ID)
	must(t, err)
	w.sees("deleted address", gone.Deleted && gone.ID == second.ID, gone)
	return dora.ID
}

func (w *clients) goOrganizations(config *clerk.ClientConfig, dora string) {
	t, ctx := w.t, w.t.Context()
	orgs, members, domains := organization.NewClient(config), organizationmembership.NewClient(config), organizationdomain.NewClient(config)
	org, err := orgs.Create(ctx, &organization.CreateParams{Name: clerk.String("Everything"), Slug: clerk.String("everything-go"), CreatedBy: &dora})
	must(t, err)
	listed, err := orgs.List(ctx, &organization.ListParams{Query: &org.ID})
	must(t, err)
	w.sees("organizations", listed.TotalCount == 1 && listed.Organizations[0].ID == org.ID, listed)
	read, err := orgs.Get(ctx, "everything-go")
	must(t, err)
	w.sees("organization", read.ID == org.ID && read.CreatedBy == dora, read)
	read, err = orgs.Update(ctx, org.ID, &organization.UpdateParams{Name: clerk.String("All")})
	must(t, err)
	w.sees("name", read.Name == "All", read)
	read, err = orgs.UpdateMetadata(ctx, org.ID, &organization.UpdateMetadataParams{PublicMetadata: raw(`{"a":1}`)})
	must(t, err)
	w.sees("metadata", sameJSON(read.PublicMetadata, `{"a":1}`), read)
	read, err = orgs.UpdateLogo(ctx, org.ID, &organization.UpdateLogoParams{File: formFile{bytes.NewReader(logo(t))}})
	must(t, err)
	w.sees("logo", read.HasImage, read)
	read, err = orgs.DeleteLogo(ctx, org.ID)
	must(t, err)
	w.sees("no logo", !read.HasImage, read)

	m, err := members.Create(ctx, &organizationmembership.CreateParams{OrganizationID: org.ID, UserID: &w.alice, Role: clerk.String("org:member")})
	must(t, err)
	w.sees("membership", m.PublicUserData.UserID == w.alice && m.Role == "org:member", m)
	m, err = members.Update(ctx, &organizationmembership.UpdateParams{OrganizationID: org.ID, UserID: w.alice, Role: clerk.String("org:admin")})
	must(t, err)
	w.sees("role", m.Role == "org:admin", m)
	all, err := members.List(ctx, &organizationmembership.ListParams{OrganizationID: org.ID})
	must(t, err)
	w.sees("memberships", all.TotalCount == 2, all)
	of, err := user.NewClient(config).ListOrganizationMemberships(ctx, dora, &user.ListOrganizationMembershipsParams{})
	must(t, err)
	w.sees("memberships of a user", of.TotalCount == 1 && of.OrganizationMemberships[0].Organization.ID == org.ID, of)
	m, err = members.Delete(ctx, &organizationmembership.DeleteParams{OrganizationID: org.ID, UserID: w.alice})
	must(t, err)
	w.sees("removed", m.PublicUserData.UserID == w.alice, m)

	_, err = instancesettings.NewClient(config).UpdateOrganizationSettings(ctx, &instancesettings.UpdateOrganizationSettingsParams{DomainsEnabled: clerk.Bool(true)})
	must(t, err)
	d, err := domains.Create(ctx, org.ID, &organizationdomain.CreateParams{Name: clerk.String("domain-go.test"), EnrollmentMode: clerk.String("manual_invitation"), Verified: clerk.Bool(false)})
	must(t, err)
	d, err = domains.Update(ctx, &organizationdomain.UpdateParams{OrganizationID: org.ID, DomainID: d.ID, Verified: clerk.Bool(true)})
	must(t, err)
	w.sees("domain", d.Verification != nil && d.Verification.Status == "verified", d)
	ds, err := domains.List(ctx, org.ID, &organizationdomain.ListParams{})
	must(t, err)
	w.sees("domains", ds.TotalCount == 1 && ds.OrganizationDomains[0].ID == d.ID, ds)
	gone, err := domains.Delete(ctx, &organizationdomain.DeleteParams{OrganizationID: org.ID, DomainID: d.ID})
	must(t, err)
	w.sees("deleted domain", gone.Deleted, gone)
	gone, err = orgs.Delete(ctx, org.ID)
	must(t, err)
	w.sees("deleted organization", gone.Deleted && gone.ID == org.ID, gone)
}

func (w *clients) goInvitations(config *clerk.ClientConfig, dora string) {
	t, ctx := w.t, w.t.Context()
	org, err := organization.NewClient(config).Create(ctx, &organization.CreateParams{Name: clerk.String("Inviting")})
	must(t, err)
	invitations, app := organizationinvitation.NewClient(config), invitation.NewClient(config)
	made, err := invitations.Create(ctx, &organizationinvitation.CreateParams{OrganizationID: org.ID, EmailAddress: clerk.String("dora@go.test"), Role: clerk.String("org:member")})
	must(t, err)
	read, err := invitations.Get(ctx, &organizationinvitation.GetParams{OrganizationID: org.ID, ID: made.ID})
	must(t, err)
	w.sees("invitation", read.EmailAddress == "dora@go.test" && read.Status == "pending", read)
	listed, err := invitations.List(ctx, &organizationinvitation.ListParams{OrganizationID: org.ID, Statuses: &[]string{"pending"}})
	must(t, err)
	everywhere, err := invitations.ListFromInstance(ctx, &organizationinvitation.ListFromInstanceParams{Query: clerk.String("dora@go.test")})
	must(t, err)
	of, err := user.NewClient(config).ListOrganizationInvitations(ctx, &user.ListOrganizationInvitationsParams{UserID: dora})
	must(t, err)
	w.sees("invitations", listed.TotalCount == 1 && everywhere.TotalCount == 1 && of.TotalCount == 1, of)
	ended, err := invitations.Revoke(ctx, &organizationinvitation.RevokeParams{OrganizationID: org.ID, ID: made.ID})
	must(t, err)
	w.sees("revoked", ended.Status == "revoked", ended)

	one, err := app.Create(ctx, &invitation.CreateParams{EmailAddress: "gil@go.test"})
	must(t, err)
	many, err := app.BulkCreate(ctx, &invitation.BulkCreateParams{Invitations: []*invitation.CreateParams{{EmailAddress: "hal@go.test"}, {EmailAddress: "ida@go.test"}}})
	must(t, err)
	all, err := app.List(ctx, &invitation.ListParams{})
	must(t, err)
	w.sees("to the application", len(many.Invitations) == 2 && all.TotalCount == 3, all)
	over, err := app.Revoke(ctx, one.ID)
	must(t, err)
	w.sees("revoked", over.Revoked, over)
}

func (w *clients) goSessions(config *clerk.ClientConfig, dora string) {
	t, ctx := w.t, w.t.Context()
	sessions, browsers, templates := session.NewClient(config), client.NewClient(config), jwttemplate.NewClient(config)
	template, err := templates.Create(ctx, &jwttemplate.CreateParams{Name: clerk.String("app_go"), Claims: *raw(`{"a":1}`)})
	must(t, err)
	read, err := templates.Get(ctx, template.ID)
	must(t, err)
	changed, err := templates.Update(ctx, template.ID, &jwttemplate.UpdateParams{Lifetime: clerk.Int64(90)})
	must(t, err)
	all, err := templates.List(ctx, &jwttemplate.ListParams{})
	must(t, err)
	w.sees("templates", read.Name == "app_go" && changed.Lifetime == 90 && all.TotalCount == 1, all)

	made, err := sessions.Create(ctx, &session.CreateParams{UserID: dora})
	must(t, err)
	s, err := sessions.Get(ctx, w.session)
	must(t, err)
	list, err := sessions.List(ctx, &session.ListParams{UserID: &w.alice, Status: clerk.String("active")})
	must(t, err)
	w.sees("sessions", s.UserID == w.alice && list.TotalCount == 1, list)
	token, err := sessions.CreateToken(ctx, &session.CreateTokenParams{ID: w.session})
	must(t, err)
	other, err := sessions.CreateToken(ctx, &session.CreateTokenParams{ID: w.session, TemplateName: "app_go"})
	must(t, err)
	w.sees("tokens", token.JWT != "" && other.JWT != "" && token.JWT != other.JWT, token)
	ended, err := sessions.Revoke(ctx, &session.RevokeParams{ID: made.ID})
	must(t, err)
	w.sees("revoked", ended.Status == "revoked", ended)
	gone, err := templates.Delete(ctx, template.ID)
	must(t, err)
	w.sees("deleted template", gone.Deleted, gone)

	browser, err := browsers.Verify(ctx, &client.VerifyParams{Token: &w.cookie})
	must(t, err)
	same, err := browsers.Get(ctx, browser.ID)
	must(t, err)
	w.sees("browser", same.ID == s.ClientID && len(same.Sessions) == 1, same)
	// Not its deprecated List: it asks for the list without a total, and wants one.

	ticket, err := signintoken.NewClient(config).Create(ctx, &signintoken.CreateParams{UserID: &dora})
	must(t, err)
	revoked, err := signintoken.NewClient(config).Revoke(ctx, ticket.ID)
	must(t, err)
	w.sees("sign-in token", ticket.Token != "" && revoked.Status == "revoked", ticket)
	actor, err := actortoken.NewClient(config).Create(ctx, &actortoken.CreateParams{UserID: &dora, Actor: *raw(`{"sub":"support"}`)})
	must(t, err)
	void, err := actortoken.NewClient(config).Revoke(ctx, actor.ID)
	must(t, err)
	w.sees("actor token", actor.UserID == dora && void.Status == "revoked", actor)
	testing, err := testingtoken.NewClient(config).Create(ctx)
	must(t, err)
	keys, err := jwks.NewClient(config).Get(ctx, &jwks.GetParams{})
	must(t, err)
	w.sees("keys", testing.Token != "" && len(keys.Keys) == 1, keys)
}

func (w *clients) goInstance(config *clerk.ClientConfig) {
	t, ctx := w.t, w.t.Context()
	settings, redirects, flat := instancesettings.NewClient(config), redirecturl.NewClient(config), samlconnection.NewClient(config)
	allow, block := allowlistidentifier.NewClient(config), blocklistidentifier.NewClient(config)
	must(t, settings.Update(ctx, &instancesettings.UpdateParams{SupportEmail: clerk.String("help@go.test")}))
	restrictions, err := settings.UpdateRestrictions(ctx, &instancesettings.UpdateRestrictionsParams{Blocklist: clerk.Bool(false)})
	must(t, err)
	w.sees("restrictions", !restrictions.Blocklist, restrictions)
	one, err := allow.Create(ctx, &allowlistidentifier.CreateParams{Identifier: clerk.String("*@allowed-go.test")})
	must(t, err)
	allowed, err := allow.List(ctx, &allowlistidentifier.ListParams{})
	must(t, err)
	gone, err := allow.Delete(ctx, one.ID)
	must(t, err)
	w.sees("allow-list", allowed.TotalCount == 1 && gone.Deleted, allowed)
	other, err := block.Create(ctx, &blocklistidentifier.CreateParams{Identifier: clerk.String("evil@go.test")})
	must(t, err)
	blocked, err := block.List(ctx, &blocklistidentifier.ListParams{})
	must(t, err)
	gone, err = block.Delete(ctx, other.ID)
	must(t, err)
	w.sees("block-list", blocked.TotalCount == 1 && gone.Deleted, blocked)
	redirect, err := redirects.Create(ctx, &redirecturl.CreateParams{URL: clerk.String("goapp://callback")})
	must(t, err)
	same, err := redirects.Get(ctx, redirect.ID)
	must(t, err)
	list, err := redirects.List(ctx, &redirecturl.ListParams{})
	must(t, err)
	gone, err = redirects.Delete(ctx, redirect.ID)
	must(t, err)
	w.sees("redirect URLs", same.URL == "goapp://callback" && list.TotalCount == 1 && gone.Deleted, list)
	at, err := domain.NewClient(config).List(ctx, &domain.ListParams{})
	must(t, err)
	w.sees("domains of the deployment", at.TotalCount == 1 && at.Domains[0].FrontendAPIURL == w.u.info.BaseURL, at)

	c, err := flat.Create(ctx, &samlconnection.CreateParams{Name: clerk.String("Flat"), Domain: clerk.String("flat-go.test"), Provider: clerk.String("saml_okta")})
	must(t, err)
	read, err := flat.Get(ctx, c.ID)
	must(t, err)
	changed, err := flat.Update(ctx, c.ID, &samlconnection.UpdateParams{Name: clerk.String("Flatter")})
	must(t, err)
	found, err := flat.List(ctx, &samlconnection.ListParams{Query: clerk.String("flatter")})
	must(t, err)
	gone, err = flat.Delete(ctx, c.ID)
	must(t, err)
	w.sees("connections", read.Domain == "flat-go.test" && changed.Name == "Flatter" && found.TotalCount == 1 && gone.Deleted, found)
}

func (w *clients) goMails(config *clerk.ClientConfig) {
	t, ctx := w.t, w.t.Context()
	const slug, email = "verification_code", clerk.TemplateTypeEmail
	mails := template.NewClient(config)
	all, err := mails.List(ctx, &template.ListParams{TemplateType: email})
	must(t, err)
	read, err := mails.Get(ctx, &template.GetParams{TemplateType: email, Slug: slug})
	must(t, err)
	w.sees("mails", all.TotalCount > 1 && int64(len(all.Templates)) <= all.TotalCount && read.Slug == slug && read.RequiredVariables[0] == "otp_code", all)
	changed, err := mails.Update(ctx, &template.UpdateParams{TemplateType: email, Slug: slug, Subject: clerk.String("Code {{otp_code}}")})
	must(t, err)
	seen, err := mails.Preview(ctx, &template.PreviewParams{TemplateType: email, Slug: slug})
	must(t, err)
	w.sees("changed mail", changed.CanRevert && seen.Subject == "Code 424242" && strings.Contains(seen.Body, "424242"), seen)
	back, err := mails.Revert(ctx, &template.RevertParams{TemplateType: email, Slug: slug})
	must(t, err)
	w.sees("reverted mail", !back.CanRevert && back.Subject == read.Subject, back)
	off, err := mails.ToggleDelivery(ctx, &template.ToggleDeliveryParams{TemplateType: email, Slug: slug, DeliveredByClerk: clerk.Bool(false)})
	must(t, err)
	on, err := mails.ToggleDelivery(ctx, &template.ToggleDeliveryParams{TemplateType: email, Slug: slug, DeliveredByClerk: clerk.Bool(true)})
	must(t, err)
	w.sees("delivery", !off.DeliveredByClerk && on.DeliveredByClerk, off)
}
