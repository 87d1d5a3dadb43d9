package store_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// scanned are the tables that hold a handful of rows and may be read as a whole.
var scanned = regexp.MustCompile(`^SCAN (instance|r|s|e|h|signing_keys|secret_keys|schema_migrations|webhook_endpoints|mail_templates|audit_head|around|of|CONSTANT ROW|[0-9]+-ROW VALUES CLAUSE)\b`)

// Every statement that is kept prepared finds its rows through an index.
func TestStatements_UseAnIndex(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.SQLite)
	ignore := func(_ any, err error) {
		t.Helper()
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	}
	u, o, c := user(1), organization(1), connection(1, "acme.test")
	write(t, db, func(tx *store.Tx) error { // all that has rows to find or change
		ignore(tx.User(u.ID))
		ignore(tx.EmailAddress("x"))
		ignore(tx.EmailAddressesOf(u.ID))
		ignore(tx.VerifiedEmail("x"))
		ignore(tx.UnverifiedEmails("x"))
		ignore(nil, tx.UpdateUser(u))
		ignore(nil, tx.UpdateEmailAddress(email(1, u.ID, "a@b.test", identity.Verified)))
		ignore(tx.DeleteEmailAddress("x"))
		ignore(tx.DeleteUser("x"))
		ignore(tx.Organization(o.ID))
		ignore(tx.OrganizationBySlug("x"))
		ignore(nil, tx.UpdateOrganization(o))
		ignore(nil, tx.SwitchOffConnections(o.ID, at(0)))
		ignore(tx.DeleteOrganization("x"))
		ignore(tx.OrganizationDomains(o.ID))
		ignore(tx.VerifiedDomain("x"))
		ignore(tx.OrganizationDomainByName(o.ID, "x"))
		ignore(tx.OrganizationDomain(o.ID, "x"))
		ignore(tx.DomainsNamed("x"))
		ignore(tx.MembershipByID("x"))
		_, _, err := tx.OtherOrganizations(u.ID, o.ID)
		ignore(nil, err)
		ignore(tx.RolesInUse(o.ID, at(0)))
		ignore(tx.RoleIsInvited("x", at(0)))
		ignore(nil, tx.MoveInvitations(store.RoleMove{Organization: o.ID, From: "x", To: "y"}, at(0)))
		ignore(tx.OrganizationInvitation("x"))
		ignore(tx.PendingInvitation(o.ID, "x", at(0)))
		ignore(tx.CountPendingInvitations(o.ID, at(0)))
		ignore(tx.SettleInvitation("x", identity.InvitationRevoked, "", at(0)))
		ignore(tx.EnrollingDomains([]identity.Domain{"x", "y"}))
		ignore(tx.Enrolled(o.ID, u.ID))
		ignore(tx.DropOffers("x", at(0)))
		ignore(tx.PendingOffers([]identity.DomainID{"x", "y"}, at(0)))
		ignore(tx.Suggestion("x"))
		ignore(tx.MoveSuggestion("x", identity.SuggestionPending, identity.SuggestionAccepted, at(0)))
		ignore(tx.MembershipRequest(o.ID, "x"))
		ignore(tx.SettleMembershipRequest("x", identity.RequestAccepted, at(0)))
		ignore(tx.Invitation("x"))
		ignore(tx.InvitationTo("x", at(0)))
		ignore(tx.SettleAppInvitation("x", identity.InvitationRevoked, "", at(0)))
		ignore(tx.CountOrganizationDomains(o.ID))
		ignore(tx.OwnershipDue(at(1), 1))
		ignore(nil, tx.UpdateOrganizationDomain(identity.OrganizationDomain{}))
		ignore(tx.DeleteOrganizationDomain("x"))
		ignore(tx.Roles())
		ignore(tx.Role("x"))
		ignore(tx.RoleByKey("x"))
		ignore(tx.RoleOf(o.ID, u.ID))
		ignore(tx.DefaultRole(o.ID))
		ignore(nil, tx.UpdateRole(identity.Role{ID: "x"}))
		ignore(tx.DeleteRole("x"))
		ignore(tx.RoleHasMembers("x"))
		ignore(tx.Permission("x"))
		ignore(tx.PermissionByKey("x"))
		ignore(nil, tx.UpdatePermission(identity.DefinedPermission{ID: "x"}))
		ignore(tx.DeletePermission("x"))
		ignore(tx.RoleSet("x"))
		ignore(tx.RoleSetByKey("x"))
		ignore(tx.InitialRoleSet())
		ignore(tx.RoleSets())
		ignore(nil, tx.UpdateRoleSet(identity.RoleSet{ID: "x"}))
		ignore(tx.DeleteRoleSet("x"))

		ignore(tx.RoleMigration("x"))
		ignore(tx.RoleMigrations())
		ignore(nil, tx.UpdateRoleMigration(identity.RoleMigration{ID: "x"}))
		ignore(tx.MoveMembers(store.RoleMove{Organization: o.ID, From: "a", To: "b", Most: 1}, at(0)))
		ignore(tx.OrganizationsOfRoleSet("x", "", 1))
		ignore(nil, tx.MoveToRoleSet("x", "y", at(0)))
		ignore(tx.CountOrganizationsMadeBy(u.ID))
		ignore(nil, tx.DeselectOrganization(o.ID, at(0)))
		ignore(tx.Image("x"))
		ignore(tx.DeleteImage("x"))
		ignore(nil, tx.InsertRole(identity.Role{ID: "role_1", Key: "k", Permissions: identity.SystemPermissions()}))
		ignore(tx.Membership(o.ID, u.ID))
		ignore(tx.CountMembers(o.ID))
		ignore(tx.CountMembersThrough(o.ID, c.ID))
		ignore(tx.CountAccountsInOrganization(c.ID, o.ID))
		ignore(tx.CountSignedInThrough(c.ID, at(1)))
		ignore(tx.CountAtDomain("acme.test"))
		ignore(tx.ClientSecret(c.ID, "x"))
		ignore(tx.ProviderCredentials("x"))
		ignore(tx.AccountToken("x"))
		ignore(tx.ClaimAccountCheck("x", at(1), at(2)))
		ignore(tx.BindTenant(c.ID, "t", at(1)))
		ignore(nil, tx.SetSessionCheck("x", at(1)))
		ignore(tx.CountMembersWithPermission(o.ID, identity.ProfileManage))
		ignore(nil, tx.UpdateMembership(identity.Membership{}))
		ignore(tx.DeleteMembership(o.ID, u.ID))
		ignore(nil, tx.InsertConnection(c))
		ignore(tx.Connection(c.ID))
		ignore(tx.ConnectionsByDomains([]identity.Domain{"eu.acme.test", "acme.test"}))
		ignore(nil, tx.UpdateConnection(c))
		ignore(nil, tx.InsertRevision(identity.ConnectionRevision{ID: "entrev_2", ConnectionID: c.ID}))
		ignore(tx.Revision("x"))
		ignore(tx.Revisions(c.ID))
		ignore(nil, tx.PutDraft(identity.ConnectionDraft{ConnectionID: c.ID, RevisionID: "x"}))
		ignore(tx.Draft(c.ID))
		ignore(tx.Configuration(c.ID, "x"))
		ignore(nil, tx.Prove(c.ID, "x", "y", at(0)))
		ignore(tx.RevisionUsesSecret(c.ID, "x"))
		ignore(nil, tx.DeleteClientSecret(c.ID, "x"))
		ignore(tx.ConnectionsOfIssuer("x", 1))
		ignore(tx.DeleteDraft(c.ID, "x"))
		ignore(nil, tx.InsertTestRun(identity.TestRun{ID: "x", ConnectionID: c.ID}))
		ignore(tx.TestRun("x"))
		ignore(tx.TestRunByTicketHash("x"))
		ignore(tx.OpenTestRun(identity.TestRun{ID: "x"}, at(0)))
		ignore(tx.PutTestRun(identity.TestRun{ID: "x"}, identity.TestRunOpened))
		ignore(tx.ConnectionKeys(c.ID))
		ignore(tx.RetireConnectionKey("x", at(0)))
		ignore(tx.MetadataState(c.ID))
		ignore(tx.MetadataDue(at(0), 1))
		ignore(tx.DeleteConnection(c.ID))
		ignore(tx.AccountBySubject(c.ID, "x"))
		ignore(tx.AccountOf(c.ID, u.ID))
		ignore(tx.AccountsOfUser(u.ID))
		ignore(tx.CountAccounts(c.ID))
		ignore(tx.DeleteAccount("x"))
		return nil
	})
	write(t, db, func(tx *store.Tx) error {
		ignore(tx.Client("x"))
		ignore(tx.ClientByTokenHash("x"))
		ignore(tx.DeleteClient("x"))
		ignore(tx.Session("x"))
		ignore(tx.SessionsOfClient("x"))
		ignore(tx.SessionsOfUser(u.ID))
		ignore(nil, tx.UpdateSession(identity.Session{}))
		ignore(tx.EndSession("x", identity.SessionEnded, at(0)))
		ignore(tx.EndSessionsOfUser(u.ID, identity.SessionEnded, at(0)))
		ignore(tx.SignIn("x"))
		ignore(tx.LatestSignIn("x"))
		ignore(nil, tx.UpdateSignIn(identity.SignIn{}))
		ignore(tx.CompleteSignIn("x", "y", at(0)))
		ignore(tx.CountCodeTry("x", at(0)))
		ignore(tx.SignUp("x"))
		ignore(tx.LatestSignUp("x"))
		ignore(nil, tx.UpdateSignUp(identity.SignUp{}))
		ignore(tx.CompleteSignUp("x", "y", "z", at(0)))
		ignore(tx.CountSignUpCodeTry("x", at(0)))
		ignore(tx.SetupLink("x"))
		ignore(tx.SetupLinkByTokenHash("x"))
		ignore(tx.SetupLinkByBrowserHash("x"))
		ignore(tx.BindSetupLink("x", "y", at(0)))
		ignore(tx.RevokeSetupLink("x", "", at(0)))
		ignore(tx.Attempt("x"))
		ignore(tx.LastSuccess("x", at(0)))
		ignore(tx.CountOthersIn("x", store.Window{}, "y"))
		ignore(tx.CountLost("x", store.Window{}))
		_, _, err := tx.PersonSuccess("x", "y", at(0))
		ignore(nil, err)
		_, _, err = tx.AttributesSeen("x", 1)
		ignore(nil, err)
		ignore(tx.CountNextHour(at(0)))
		ignore(tx.MembersAfter("x", "", 1))
		ignore(tx.Evidence("x"))
		ignore(tx.PendingRequest("x"))
		ignore(tx.UsePendingRequest("x", at(0)))
		ignore(tx.Verdict("x"))
		ignore(tx.UseVerdict("x", at(0)))
		ignore(tx.Instance())
		ignore(tx.SigningKeys())
		ignore(tx.RetireSigningKey("x", at(0)))
		ignore(tx.SecretKeyByHash("x"))
		ignore(tx.RevokeSecretKey("x", at(0)))
		ignore(tx.OutboxDue(at(0)))
		ignore(tx.ClaimOutbox(at(0), time.Second, 1))
		ignore(nil, tx.DoneOutbox("x"))
		ignore(nil, tx.RetryOutbox("x", at(0), ""))
		ignore(tx.MailboxMail("x"))
		ignore(tx.TakeLease("x", "y", at(0), at(1)))
		ignore(tx.Count("x", at(0), 1))
		ignore(tx.Counted("x", 1))
		ignore(nil, tx.ForgetCount("x"))
		ignore(nil, tx.AbandonSignIns("x", at(0)))
		ignore(nil, tx.AbandonSignUps("x", at(0)))
		ignore(tx.Prune(at(0), store.Retention{Attempts: 1, SignIns: 1, Sessions: 1, Clients: 1, RateCounters: 1, Events: 1, MailEvents: 1, Mail: 1}))
		ignore(nil, tx.InsertEndpoint(identity.Endpoint{ID: "ep_1"}))
		ignore(tx.Endpoint("ep_1"))
		ignore(nil, tx.UpdateEndpoint(identity.Endpoint{ID: "ep_1"}))
		ignore(tx.EndpointHealth("ep_1"))
		ignore(tx.TakeEndpoint(store.Lease{Endpoint: "ep_1", Holder: "x"}, at(0), at(1)))
		ignore(tx.PutEndpointHealth(store.Lease{Endpoint: "ep_1", Holder: "x"}, identity.EndpointHealth{}))
		ignore(nil, tx.LeaveEndpoint(store.Lease{Endpoint: "ep_1", Holder: "x"}))
		ignore(nil, tx.ForgiveEndpoint("ep_1"))
		ignore(tx.EndpointsDue(at(0)))
		ignore(tx.NextDelivery("ep_1", at(0)))
		ignore(tx.Delivery("x"))
		ignore(tx.UpdateDelivery(identity.Delivery{ID: "x"}))
		ignore(nil, tx.StopDeliveries("ep_1", at(0)))
		ignore(tx.ReplayDelivery("x", at(0)))
		ignore(tx.ReplayFailed("ep_1", at(0), at(1)))
		ignore(nil, tx.InsertDelivery("ep_1", "x", at(0)))
		ignore(tx.DeliveryTries("x"))
		ignore(tx.CountDeliveries("ep_1", at(0)))
		ignore(tx.Event("x"))
		ignore(nil, tx.PutMailTemplate(identity.MailTemplate{Slug: "x"}))
		ignore(tx.MailTemplate("x"))
		ignore(tx.MailTemplates())
		ignore(nil, tx.Audit(identity.AuditEntry{At: at(0)}))
		ignore(tx.AuditUnchained(1))
		_, _, err = tx.AuditHead()
		ignore(nil, err)
		ignore(nil, tx.ChainAudit(nil))
		ignore(tx.AuditAfter(0, 1))
		ignore(tx.AuditWaiting(1))
		ignore(tx.DeleteEndpoint("ep_1"))
		return nil
	})
	for _, missing := range []func(*store.Tx) error{ // each fails its transaction
		func(tx *store.Tx) error { return tx.UpdateAccount(account(1, c.ID, u.ID)) },
		func(tx *store.Tx) error { return tx.UpdateClient(identity.Client{}) },
		func(tx *store.Tx) error { return tx.UpdateAttempt(identity.Attempt{}) },
		func(tx *store.Tx) error { return tx.SawSignIn("x", at(0)) },
	} {
		ignore(nil, db.Write(t.Context(), missing))
	}
	texts := db.Prepared()
	if len(texts) < 90 {
		t.Errorf("only %d statements were looked at", len(texts))
	}
	parameters := regexp.MustCompile(`\$\d+`)
	read(t, db, func(tx *store.Tx) error {
		for _, text := range texts {
			if !strings.Contains(text, "FROM") && !strings.Contains(text, "WHERE") {
				continue
			}
			distinct := map[string]bool{}
			for _, p := range parameters.FindAllString(text, -1) {
				distinct[p] = true
			}
			plan, err := tx.Plan(text, len(distinct))
			if err != nil {
				return err
			}
			for _, step := range plan {
				if strings.HasPrefix(step, "SCAN") && !scanned.MatchString(step) {
					t.Errorf("reads a whole table: %s\n%s", text, strings.Join(plan, "\n"))
				}
			}
		}
		return nil
	})
}
