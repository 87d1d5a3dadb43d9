package manage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// someone is who acts in these tests.
var someone = identity.Actor{Kind: identity.ActorSecretKey, ID: "key_1", Address: "192.0.2.7", TraceID: "trace"}

// lines are the audit log, the oldest first.
func (w *world) lines() []identity.AuditEntry {
	w.Helper()
	list, _, err := w.s.AuditLog(w.Context(), manage.AuditFilter{}, manage.Page{})
	if err != nil {
		w.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// row is a method that changes something, and what the audit log calls it. The call
// is made in a deployment of its own, on its subjects.
type row struct {
	actions string
	call    func(ctx context.Context, w *world, on subjects) error
}

// changes are the methods that change something.
func changes() map[string]row {
	name := "Other"
	table := map[string]row{
		"CreateUser": {"user.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.CreateUser(ctx, manage.UserChange{EmailAddresses: []string{"new@acme.test"}})
			return err
		}},
		"ChangeUser": {"user.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeUser(ctx, on.user, manage.UserChange{FirstName: &name})
			return err
		}},
		"ChangeUserMetadata": {"user.metadata.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeUserMetadata(ctx, on.user, manage.MetadataChange{Public: identity.Metadata{"a": 1}})
			return err
		}},
		"SetBanned": {"user.banned user.unbanned", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.SetBanned(ctx, on.user, true)
			if err == nil {
				_, err = w.s.SetBanned(ctx, on.user, false)
			}
			return err
		}},
		"SetLocked": {"user.locked user.unlocked", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.SetLocked(ctx, on.user, true)
			if err == nil {
				_, err = w.s.SetLocked(ctx, on.user, false)
			}
			return err
		}},
		"DeleteUser": {"user.deleted", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.DeleteUser(ctx, on.user)
			return err
		}},
		"CreateOrganization": {"organization.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.CreateOrganization(ctx, manage.OrganizationChange{Name: &name})
			return err
		}},
		"ChangeOrganization": {"organization.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeOrganization(ctx, on.org, manage.OrganizationChange{Name: &name})
			return err
		}},
		"ChangeOrganizationMetadata": {"organization.metadata.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeOrganizationMetadata(ctx, on.org, manage.MetadataChange{Public: identity.Metadata{"a": 1}})
			return err
		}},
		"DeleteOrganization": {"organization.deleted", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.DeleteOrganization(ctx, on.org)
			return err
		}},
		"AddMember": {"organization_membership.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.AddMember(ctx, on.org, on.outsider, identity.RoleMember, manage.MetadataChange{})
			return err
		}},
		"ChangeMemberRole": {"organization_membership.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeMemberRole(ctx, on.org, on.user, identity.RoleAdmin)
			return err
		}},
		"ChangeMembershipMetadata": {"organization_membership.metadata.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeMembershipMetadata(ctx, on.org, on.user, manage.MetadataChange{Public: identity.Metadata{"a": 1}})
			return err
		}},
		"RemoveMember": {"organization_membership.deleted", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.RemoveMember(ctx, on.org, on.user)
			return err
		}},
		"Leave": {"organization_membership.deleted", func(ctx context.Context, w *world, on subjects) error {
			return w.s.Leave(ctx, identity.OrgID(on.org), identity.UserID(on.user))
		}},
		"CreateConnection": {"enterprise_connection.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.CreateConnection(ctx, identity.SAMLCustom, manage.ConnectionChange{Name: &name, Domains: []string{"other.test"}})
			return err
		}},
		"ChangeConnection": {"enterprise_connection.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeConnection(ctx, on.connection, manage.ConnectionChange{Name: &name})
			return err
		}},
		"DeleteConnection": {"enterprise_connection.deleted", func(ctx context.Context, w *world, on subjects) error {
			return w.s.DeleteConnection(ctx, on.connection)
		}},
		"AddConnectionKey": {"enterprise_connection.key.added", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.AddConnectionKey(ctx, on.connection)
			return err
		}},
		"RetireConnectionKeys": {"enterprise_connection.key.added enterprise_connection.keys.retired", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.AddConnectionKey(ctx, on.connection)
			if err == nil {
				_, err = w.s.RetireConnectionKeys(ctx, on.connection)
			}
			return err
		}},
		"RefreshMetadata": {"enterprise_connection.created enterprise_connection.metadata.refreshed", func(ctx context.Context, w *world, _ subjects) error {
			idp := w.idp("https://idp.audited.test")
			_, err := w.s.CreateConnection(ctx, identity.SAMLCustom, manage.ConnectionChange{
				Name: &name, Domains: []string{"audited.test"}, SAML: &manage.SAMLChange{IDPMetadataURL: &idp.url},
			})
			if err != nil {
				return err
			}
			if err := idp.AnnounceNext(); err != nil {
				return err
			}
			w.clock.Advance(2 * time.Hour)
			_, err = w.s.RefreshMetadata(ctx, time.Hour)
			return err
		}},
		"SetProviderCredentials": {"provider_credentials.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.SetProviderCredentials(ctx, identity.OAuthGoogle, manage.CredentialsChange{ClientID: "x", ClientSecret: ptr("y")})
			return err
		}},
		"RemoveProviderCredentials": {"provider_credentials.deleted provider_credentials.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.SetProviderCredentials(ctx, identity.OAuthGoogle, manage.CredentialsChange{ClientID: "x", ClientSecret: ptr("y")})
			if err == nil {
				err = w.s.RemoveProviderCredentials(ctx, identity.OAuthGoogle)
			}
			return err
		}},
		"ChangeSettings": {"settings.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.ChangeSettings(ctx, manage.SettingsChange{ApplicationName: &name})
			return err
		}},
		"ChangeOrganizationSettings": {"settings.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.ChangeOrganizationSettings(ctx, manage.OrganizationSettingsChange{MaxAllowedMemberships: ptr(7)})
			return err
		}},
		"NewSecretKey": {"secret_key.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.NewSecretKey(ctx, "x", false)
			return err
		}},
		"AcceptSecretKey": {"secret_key.created", func(ctx context.Context, w *world, _ subjects) error {
			return w.s.AcceptSecretKey(ctx, "x", "sk_test_elsewhere")
		}},
		"CreateEndpoint": {"webhook_endpoint.created", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.CreateEndpoint(ctx, manage.EndpointChange{URL: ptr("https://customer.test/other")})
			return err
		}},
		"ChangeEndpoint": {"webhook_endpoint.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ChangeEndpoint(ctx, on.endpoint, manage.EndpointChange{Description: &name})
			return err
		}},
		"DeleteEndpoint": {"webhook_endpoint.deleted", func(ctx context.Context, w *world, on subjects) error {
			return w.s.DeleteEndpoint(ctx, on.endpoint)
		}},
		"RotateEndpointSecret": {"webhook_endpoint.secret.rotated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.RotateEndpointSecret(ctx, on.endpoint)
			return err
		}},
		"ReplaceEndpointSecret": {"webhook_endpoint.secret.rotated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.ReplaceEndpointSecret(ctx, on.endpoint)
			return err
		}},
		"ReplayDelivery": {"webhook_endpoint.replayed", func(ctx context.Context, w *world, on subjects) error {
			list, _, err := w.s.Deliveries(ctx, on.endpoint, manage.DeliveryFilter{}, manage.Page{})
			if err != nil {
				return err
			}
			_, err = w.s.ReplayDelivery(ctx, on.endpoint, string(list[0].ID))
			return err
		}},
		"ChangeMailTemplate": {"mail_template.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.ChangeMailTemplate(ctx, "no_account", manage.MailTemplateChange{Subject: &name})
			return err
		}},
		"RevertMailTemplate": {"mail_template.updated mail_template.updated", func(ctx context.Context, w *world, _ subjects) error {
			_, err := w.s.ChangeMailTemplate(ctx, "no_account", manage.MailTemplateChange{Subject: &name})
			if err == nil {
				_, err = w.s.RevertMailTemplate(ctx, "no_account")
			}
			return err
		}},
		"Replay": {"webhook_endpoint.replayed", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.Replay(ctx, on.endpoint, began)
			return err
		}},
	}
	for _, more := range []map[string]row{peopleChanges(), roleChanges(), listChanges(), setupLinkChanges(), draftChanges(), enrollmentChanges()} {
		maps.Copy(table, more)
	}
	maps.Copy(table, domainChanges())
	return table
}

// readings are the methods that change nothing that anybody is told of. ChainAudit
// gives lines of the log their places.
func readings() []string {
	return []string{
		"AccessIdentifiers",
		"AllMemberships",
		"AuditAfter",
		"AuditLog",
		"Authenticate",
		"ChainAudit",
		"CompareRevisions",
		"Connection",
		"ConnectionFacts",
		"ConnectionFindings",
		"ConnectionState",
		"Connections",
		"CountAttempts",
		"CountCall",
		"CountUsers",
		"Deliveries",
		"Delivery",
		"Domain",
		"Domains",
		"Draft",
		"Email",
		"Endpoint",
		"Endpoints",
		"EventView",
		"Image",
		"Instance",
		"Invitations",
		"InvitationsOfUser",
		"MailTemplate",
		"MailTemplates",
		"Mailbox",
		"MailboxMail",
		"MayCreateOrganization",
		"MayLeave",
		"Members",
		"MembershipOf",
		"MembershipRequests",
		"MembershipsOf",
		"Operate",
		"Organization",
		"OrganizationInvitation",
		"OrganizationInvitations",
		"OrganizationSettings",
		"Organizations",
		"Overview",
		"Permission",
		"Permissions",
		"PreviewConnection",
		"PreviewDeletion",
		"PreviewOrganizationDeletion",
		"PreviewRemoval",
		"PreviewUserDeletion",
		"PreviewMailTemplate",
		"PrimaryEmail",
		"ProviderCredentials",
		"RecheckOwnership",
		"RedirectURL",
		"RedirectURLs",
		"Revisions",
		"Role",
		"RoleSet",
		"RoleSets",
		"Roles",
		"SAMLConnection",
		"SAMLConnections",
		"SPMetadata",
		"SecretKeys",
		"Settings",
		"SetupVisit",
		"SignUp",
		"SuggestionsOfUser",
		"User",
		"Users",
		"VerifyAudit",
		"VerifyPassword",
		"WithoutManager",
	}
}

// subjects is what there is to change.
type subjects struct {
	user, outsider, org, endpoint string
	role, unused, permission      string // the permission is the role's
	ticket                        string
	connection                    identity.ConnectionID
	account                       identity.AccountID
	email                         identity.EmailID // of the outsider, not verified
	access                        identity.AccessID
	redirect                      identity.RedirectID
	signUp                        identity.SignUpID
}

func (w *world) subjects() subjects {
	w.Helper()
	w.db.Record(store.Recorder{Now: w.clock.Now, Describe: func(_ *store.Tx, e identity.Event) (json.RawMessage, error) {
		return json.Marshal(e.Subject)
	}})
	w.set(func(s *identity.Settings) { s.OrganizationDomainsEnabled = true })
	e := must(w.s.CreateEndpoint(w.Context(), manage.EndpointChange{URL: ptr("https://customer.test/hook")}))(w)
	org := w.organization("Acme")
	w.member(org.ID, "root@acme.test", identity.RoleAdmin)
	return w.more(subjects{
		user: string(w.member(org.ID, "ada@acme.test", identity.RoleMember).ID), outsider: string(w.user("eve@globex.test").ID),
		org: string(org.ID), endpoint: string(e.ID),
		connection: w.connect(manage.ConnectionChange{OrganizationID: ptr(string(org.ID))}).ID,
	})
}

// Every method is known to change something or not, so that none is forgotten; and
// each change leaves its line, with the one who acts.
func TestAudit_EveryChangeLeavesItsLine(t *testing.T) {
	t.Parallel()
	table := changes()
	methods := reflect.TypeFor[*manage.Service]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		if _, changes := table[name]; changes == slices.Contains(readings(), name) {
			t.Errorf("%s must stand either among the changes or among the readings", name)
		}
	}
	for name, test := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Open(t, store.SQLite))
			on := w.subjects()
			before := len(w.lines())
			w.clock.Advance(time.Second)
			if err := test.call(identity.WithActor(t.Context(), someone), w, on); err != nil {
				t.Fatal(err)
			}
			var actions []string
			for _, line := range w.lines()[before:] {
				actions = append(actions, line.Action)
				if line.Actor != someone || line.Subject == "" || !line.Intact || line.At.IsZero() {
					t.Errorf("the line %+v", line)
				}
			}
			slices.Sort(actions)
			if got := strings.Join(actions, " "); got != test.actions {
				t.Errorf("the audit log says %q, want %q", got, test.actions)
			}
		})
	}
}

// Threat T-API-13: what can't be audited does not happen. PostgreSQL keeps no zero
// byte in a text, so this actor's lines can't be written.
func TestAudit_WithoutItsLineNothingChanges(t *testing.T) {
	t.Parallel()
	unwritable := identity.WithActor(t.Context(), identity.Actor{Kind: identity.ActorSecretKey, ID: "key\x00"})
	for name, test := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Open(t, store.PostgreSQL))
			on := w.subjects()
			before := w.picture()
			err := test.call(unwritable, w, on)
			if err == nil {
				t.Error("it succeeded")
			}
			if after := w.picture(); after != before {
				t.Errorf("something changed: %s, was %s", after, before)
			}
		})
	}
}

// picture is all that administrators can change, as text.
func (w *world) picture() string {
	w.Helper()
	ctx := w.Context()
	users, _, err := w.s.Users(ctx, manage.UserFilter{}, manage.Page{})
	orgs, _, err2 := w.s.Organizations(ctx, manage.OrganizationFilter{}, manage.Page{})
	members, _, err3 := w.s.AllMemberships(ctx, "", manage.Page{})
	connections, _, err4 := w.s.Connections(ctx, manage.ConnectionFilter{}, manage.Page{})
	settings, err5 := w.s.OrganizationSettings(ctx)
	endpoints, err6 := w.s.Endpoints(ctx)
	if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
		w.Fatal(err)
	}
	text, err := json.Marshal([]any{
		users, orgs, members, connections, settings, endpoints, w.lists(), get(w, (*store.Tx).SecretKeys),
		get(w, (*store.Tx).Roles), get(w, (*store.Tx).RoleSets),
		get(w, func(tx *store.Tx) ([]identity.ConnectionKey, error) { return tx.ConnectionKeys(connections[0].ID) }),
	})
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

// Many change things while two nodes chain: everybody gets through, and every line
// has its place once.
func TestChainAudit_IsInNobodysWay(t *testing.T) {
	t.Parallel()
	a, b := storetest.Two(t)
	w := newWorld(t, a)
	other := newService(b, w.clock)
	const each = 10
	var wg sync.WaitGroup
	for n, s := range []*manage.Service{w.s, other} {
		for i := range each {
			wg.Go(func() {
				name := fmt.Sprint("Acme ", n, " ", i)
				if _, err := s.CreateOrganization(t.Context(), manage.OrganizationChange{Name: &name}); err != nil {
					t.Error(err)
				}
				if _, err := s.ChainAudit(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if _, err := w.s.ChainAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := must(w.s.VerifyAudit(t.Context(), manage.AuditHead{}))(t); got.Problem != "" || got.Lines != 2*each || got.Waiting != 0 {
		t.Errorf("got %+v, want %d lines", got, 2*each)
	}
}

func TestAuditLog_IsFiltered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		as := func(kind identity.ActorKind, id string) context.Context {
			return identity.WithActor(t.Context(), identity.Actor{Kind: kind, ID: id})
		}
		org := must(w.s.CreateOrganization(as(identity.ActorSecretKey, "key_1"), manage.OrganizationChange{Name: ptr("Acme")}))(t)
		w.clock.Advance(time.Minute)
		u := must(w.s.CreateUser(as(identity.ActorCommandLine, ""), manage.UserChange{Username: ptr("ada")}))(t)
		w.clock.Advance(time.Minute)
		must(w.s.SetBanned(as(identity.ActorSecretKey, "key_2"), string(u.ID), true))(t)
		for name, test := range map[string]struct {
			f    manage.AuditFilter
			want string
		}{
			"everything, the newest first": {manage.AuditFilter{}, "user.banned user.created organization.created"},
			"by actor":                     {manage.AuditFilter{ActorID: "key_2"}, "user.banned"},
			"by kind of actor":             {manage.AuditFilter{ActorKind: identity.ActorCommandLine}, "user.created"},
			"by action":                    {manage.AuditFilter{Action: "user.created"}, "user.created"},
			"by noun":                      {manage.AuditFilter{Action: "user."}, "user.banned user.created"},
			"by subject":                   {manage.AuditFilter{Subject: string(u.ID)}, "user.banned user.created"},
			"by organization":              {manage.AuditFilter{OrganizationID: org.ID}, "organization.created"},
			"since":                        {manage.AuditFilter{Since: began.Add(time.Minute)}, "user.banned user.created"},
			"before":                       {manage.AuditFilter{Until: began.Add(time.Minute)}, "organization.created"},
			"by something else":            {manage.AuditFilter{Subject: "x"}, ""},
		} {
			list, total, err := w.s.AuditLog(t.Context(), test.f, manage.Page{})
			var got []string
			for _, line := range list {
				got = append(got, line.Action)
			}
			if err != nil || strings.Join(got, " ") != test.want || total != len(got) {
				t.Errorf("%s: got %v, %d, %v, want %s", name, got, total, err, test.want)
			}
		}
	})
}

// Threat T-SEC-12: of a person who is gone the log has the id only.
func TestAuditLog_KnowsPeopleByIDOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		on := w.subjects()
		must(w.s.ChangeUser(t.Context(), on.user, manage.UserChange{FirstName: ptr("Augusta"), LastName: ptr("Canary")}))(t)
		must(w.s.DeleteUser(t.Context(), on.user))(t)
		for _, line := range w.lines() {
			text := fmt.Sprintf("%+v", line)
			for _, canary := range []string{"ada@acme", "Augusta", "Canary"} {
				if strings.Contains(text, canary) {
					t.Errorf("%s is in %s", canary, text)
				}
			}
		}
	})
}
