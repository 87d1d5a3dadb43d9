package backendapi_test

import (
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"usher/internal/backendapi"
	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/store"
)

// sample is a call of an operation that succeeds. The samples are made in order, each
// of them twice, so what takes something away stands last.
type sample struct {
	op   string   // its pattern
	ids  []string // what stands in the places of the pattern
	body any      // nil: the operation reads none

	status int    // 0: 200
	again  string // the code of the same call once more; empty: it succeeds again
}

// path is the pattern with its places filled.
func (s sample) path() string { return s.with(-1, "") }

// with is the path with another text in one of its places.
func (s sample) with(place int, other string) string {
	_, path, _ := strings.Cut(s.op, " ")
	i := -1
	return placeholder.ReplaceAllStringFunc(path, func(string) string {
		if i++; i == place {
			return other
		}
		return url.PathEscape(s.ids[i])
	})
}

func (s sample) method() string {
	method, _, _ := strings.Cut(s.op, " ")
	return method
}

func (s sample) writes() bool { return s.method() != "GET" }

// uploads reports whether the body is a form with a file.
func (s sample) uploads() bool { return strings.HasSuffix(s.op, "/logo") && s.body != nil }

// do makes the call.
func (f *fixture) do(s sample) *httptest.ResponseRecorder {
	f.t.Helper()
	if s.uploads() {
		body, contentType := upload(f.t, drawn(f.t, 8, 8), nil)
		return f.with("Content-Type", contentType).sendRaw(s.method(), s.path(), body)
	}
	return f.sendRaw(s.method(), s.path(), s.body)
}

// everything is a deployment with at least one of each thing.
type everything struct {
	f                              *fixture
	company                        *company
	alice, carol, dora             string // Alice signs in by SSO and is in Acme; Dora is its administrator
	account, attempt               string
	session, client, cookie        string
	expired, refresh               string // tokens of the session
	tokenUser                      string // whose the session is, once another was made
	email, verification, code      string // Carol's second address, not verified, and a code that was sent to it
	third                          string // her third one
	domain, spare                  string // of Acme; the spare one is not verified
	claimed, claim                 string // another, and the code that was sent to an address at it
	orgInvitation, appInvitation   string
	signIn, actor                  string // tokens
	template, redirect, allow, ban string
	role, permission, system       string
	set                            string
	flat                           string // a connection under its older name
	oidc                           string // another connection
	signUp                         string
	endpoint, delivery             string
	draft, current, first          string // revisions of the connection: of its draft, of now, and the one that it began with
	testRun, setupLink             string
	open                           string // an organization that a domain lets people ask to join
	asker                          string // who has asked to
	wanted, unwanted               string // what was asked
}

// origin is that of an application.
const origin = "https://app.acme.test"

// everything makes one of each thing.
func (f *fixture) everything() *everything {
	f.t.Helper()
	f.tools.Sessions.Development = true
	f.settings(func(s *identity.Settings) { s.OrganizationDomainsEnabled, s.PasswordEnabled = true, true })
	id := func(method, path string, body any) string { return str(f.call(method, path, body), "id") }
	e := &everything{f: f}
	e.endpoint = str(f.call("POST", "/webhooks/endpoints", object{"url": "https://customer.test/hook"}), "id")
	e.company = f.company()
	e.session = e.company.signIn()
	s := f.call("GET", "/sessions/"+e.session, nil)
	e.alice, e.client = str(s, "user_id"), str(s, "client_id")
	e.account = str(f.call("GET", "/users/"+e.alice, nil)["enterprise_accounts"].([]any)[0], "id")
	e.attempt = str(items(f.call("GET", "/sso_attempts", nil))[0], "id")
	e.carol = str(f.user("carol@globex.test", object{"first_name": "Carol", "password": "correct horse battery"}), "id")
	e.dora = str(f.user("dora@globex.test", object{"username": "dora"}), "id")
	org := "/organizations/" + e.company.org
	f.call("POST", org+"/memberships", object{"user_id": e.dora, "role": "org:admin"})
	e.tokens()
	e.email = id("POST", "/email_addresses", object{"user_id": e.carol, "email_address": "carol@home.test"})
	e.third = id("POST", "/email_addresses", object{"user_id": e.carol, "email_address": "third@home.test"})
	e.verification = id("POST", "/email_addresses/"+e.email+"/prepare_verification", nil)
	e.code = sixDigits.FindString(f.lastMail().Text)
	e.domain = id("POST", org+"/domains", object{"name": "acme.example"})
	e.spare = id("POST", org+"/domains", object{"name": "spare.example", "verified": false})
	e.claimed = id("POST", org+"/domains", object{"name": "claimed.example", "verified": false})
	f.call("POST", org+"/domains/"+e.claimed+"/prepare_affiliation_verification", object{"affiliation_email_address": "dora@claimed.example"})
	e.claim = sixDigits.FindString(f.lastMail().Text)
	e.orgInvitation = id("POST", org+"/invitations", object{"email_address": "eve@home.test", "role": "org:member"})
	e.appInvitation = id("POST", "/invitations", object{"email_address": "fay@home.test"})
	e.signIn = id("POST", "/sign_in_tokens", object{"user_id": e.carol})
	e.actor = id("POST", "/actor_tokens", object{"user_id": e.carol, "actor": object{"sub": "support"}})
	e.template = id("POST", "/jwt_templates", object{"name": "app", "claims": object{"a": 1}})
	e.redirect = id("POST", "/redirect_urls", object{"url": "myapp://callback"})
	e.allow = id("POST", "/allowlist_identifiers", object{"identifier": "*@globex.test"})
	e.ban = id("POST", "/blocklist_identifiers", object{"identifier": "evil@home.test"})
	e.permission = id("POST", "/organization_permissions", object{"name": "Read", "key": "org:invoices:read"})
	e.system = str(items(f.call("GET", "/organization_permissions?query=sys_domains:read", nil))[0], "id")
	e.role = id("POST", "/organization_roles", object{"name": "Billing", "key": "org:billing", "permissions": []string{e.permission}})
	e.set = id("POST", "/role_sets", object{
		"name": "Small", "key": "role_set:small", "default_role_key": "org:member", "creator_role_key": "org:admin", "roles": []string{"org:admin", "org:member"},
	})
	e.flat = id("POST", "/saml_connections", object{"name": "Initech", "domain": "initech.test", "provider": "saml_okta"})
	e.oidc = str(f.answers("POST", "/enterprise_connections", object{"name": "Umbrella", "provider": "oidc_custom", "domains": []string{"umbrella.test"}}, 201), "id")
	e.tries()
	e.enrolls()
	up, _ := f.beginSignUp("gil@home.test")
	e.signUp = string(up.ID)
	f.call("PUT", "/provider_credentials/oauth_google", object{"client_id": "x", "client_secret": "y"})
	e.delivery = str(items(f.call("GET", "/webhooks/endpoints/"+e.endpoint+"/deliveries", nil))[0], "id")
	return e
}

// tokens makes a token of the session that has expired, what it is traded in with,
// and a browser's cookie.
func (e *everything) tokens() {
	t, f := e.f.t, e.f
	t.Helper()
	w := httptest.NewRecorder()
	if _, err := f.tools.Sessions.EnsureClient(t.Context(), w, httptest.NewRequest("POST", "/", nil)); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		if c.Name == "__client" {
			e.cookie = c.Value
		}
	}
	err := f.tools.DB.Write(t.Context(), func(tx *store.Tx) error {
		s, err := tx.Session(identity.SessionID(e.session))
		if err != nil {
			return err
		}
		e.refresh, err = f.tools.Sessions.IssueRefresh(tx, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	e.expired, err = f.tools.Sessions.Token(t.Context(), session.Ask{Session: identity.SessionID(e.session), AuthorizedParty: origin})
	if err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(61e9)
}

// tries makes a draft of the connection, a test run of it, and a setup link.
func (e *everything) tries() {
	e.f.t.Helper()
	f, path := e.f, "/enterprise_connections/"+e.company.conn
	d := f.call("PATCH", path+"/draft", object{"saml": object{"attribute_mapping": object{"first_name": "given"}}})
	e.draft, e.current = str(d, "revision_id"), str(d, "live_revision_id")
	e.first = str(items(f.call("GET", path+"/revisions", nil))[0], "id")
	e.company.testRun(str(f.call("POST", path+"/test_runs", nil), "url"), "alice@acme.test", "")
	e.testRun = str(items(f.call("GET", path+"/test_runs", nil))[0], "id")
	e.setupLink = str(f.answers("POST", "/admin_portal_link_tokens", object{"organization_id": e.company.org}, 201), "id")
}

// enrolls lets two people ask to join an organization.
func (e *everything) enrolls() {
	e.f.t.Helper()
	f := e.f
	path, _ := f.enrolls("Open", "open.example", "automatic_suggestion")
	e.open = strings.TrimPrefix(path, "/organizations/")
	ask := func(address string) (user, request string) {
		s := f.comes(address)
		id := str(f.ofUser(s, "organization_suggestions")[0].(object), "id")
		if _, err := f.tools.Manage.AcceptSuggestion(f.t.Context(), s.UserID, id); err != nil {
			f.t.Fatal(err)
		}
		return string(s.UserID), str(items(f.call("GET", path+"/membership_requests", nil))[0], "id")
	}
	e.asker, e.wanted = ask("lea@open.example")
	_, e.unwanted = ask("max@open.example")
}

// samples are calls of every operation that is served.
func (e *everything) samples() []sample {
	return slices.Concat(e.reads(), e.changesOfPeople(), e.changesOfOrganizations(), e.changesOfTheInstance(), e.ends())
}

func ids(list ...string) []string { return list }

func (e *everything) reads() []sample {
	org, conn := e.company.org, e.company.conn
	plain := []string{
		"GET /jwks", "GET /clients", "GET /sessions", "GET /users", "GET /users/count", "GET /invitations", "GET /organization_invitations",
		"GET /allowlist_identifiers", "GET /blocklist_identifiers", "GET /domains", "GET /instance", "GET /instance/organization_settings",
		"GET /jwt_templates", "GET /organizations", "GET /organization_roles", "GET /organization_domains", "GET /redirect_urls",
		"GET /saml_connections", "GET /enterprise_connections", "GET /organization_memberships", "GET /organization_permissions", "GET /role_sets",
		"GET /settings", "GET /sso_attempts", "GET /webhooks/event_types", "GET /webhooks/endpoints", "GET /audit_log", "GET /audit_log/export",
		"GET /sso_overview",
	}
	var list []sample
	for _, op := range plain {
		list = append(list, sample{op: op})
	}
	for op, places := range map[string][]string{
		"GET /clients/{client_id}":                                                       {e.client},
		"GET /email_addresses/{email_address_id}":                                        {e.email},
		"GET /sessions/{session_id}":                                                     {e.session},
		"GET /users/{user_id}":                                                           {e.alice},
		"GET /users/{user_id}/organization_memberships":                                  {e.alice},
		"GET /users/{user_id}/organization_invitations":                                  {e.alice},
		"GET /jwt_templates/{template_id}":                                               {e.template},
		"GET /organizations/{organization_id}":                                           {org},
		"GET /organizations/{organization_id}/memberships":                               {org},
		"GET /organizations/{organization_id}/invitations":                               {org},
		"GET /organizations/{organization_id}/invitations/pending":                       {org},
		"GET /organizations/{organization_id}/invitations/{invitation_id}":               {org, e.orgInvitation},
		"GET /organizations/{organization_id}/domains":                                   {org},
		"GET /organizations/{organization_id}/domains/{domain_id}":                       {org, e.domain},
		"GET /organization_roles/{organization_role_id}":                                 {e.role},
		"GET /organization_permissions/{permission_id}":                                  {e.permission},
		"GET /role_sets/{role_set_key_or_id}":                                            {e.set},
		"GET /redirect_urls/{id}":                                                        {e.redirect},
		"GET /sign_ups/{id}":                                                             {e.signUp},
		"GET /saml_connections/{saml_connection_id}":                                     {e.flat},
		"GET /enterprise_connections/{enterprise_connection_id}":                         {conn},
		"GET /provider_credentials/{provider}":                                           {"oauth_google"},
		"GET /sso_attempts/{attempt_id}":                                                 {e.attempt},
		"GET /webhooks/endpoints/{endpoint_id}":                                          {e.endpoint},
		"GET /webhooks/endpoints/{endpoint_id}/deliveries":                               {e.endpoint},
		"GET /webhooks/endpoints/{endpoint_id}/deliveries/{delivery_id}":                 {e.endpoint, e.delivery},
		"GET /enterprise_connections/{enterprise_connection_id}/draft":                   {conn},
		"GET /enterprise_connections/{enterprise_connection_id}/facts":                   {conn},
		"GET /enterprise_connections/{enterprise_connection_id}/revisions":               {conn},
		"GET /enterprise_connections/{enterprise_connection_id}/test_runs":               {conn},
		"GET /enterprise_connections/{enterprise_connection_id}/test_runs/{test_run_id}": {conn, e.testRun},
		"GET /organizations/{organization_id}/membership_requests":                       {e.open},
		"GET /users/{user_id}/organization_suggestions":                                  {e.asker},
		"GET /templates/{template_type}":                                                 {"email"},
		"GET /templates/{template_type}/{slug}":                                          {"email", "invitation"},
	} {
		list = append(list, sample{op: op, ids: places})
	}
	return list
}

func (e *everything) changesOfPeople() []sample {
	const user = "/users/{user_id}"
	carol := ids(e.carol)
	return []sample{
		{op: "POST /users", body: object{"email_address": []string{"new@home.test"}}, again: "form_identifier_exists"},
		{op: "PATCH " + user, ids: carol, body: object{"last_name": "Jones"}},
		{op: "PATCH " + user + "/metadata", ids: carol, body: object{"public_metadata": object{"a": 1}}},
		{op: "PUT " + user + "/metadata", ids: carol, body: object{"public_metadata": object{"b": 1}}},
		{op: "POST " + user + "/verify_password", ids: carol, body: object{"password": "correct horse battery"}},
		{op: "POST " + user + "/remove_password", ids: carol, body: object{}},
		{op: "POST " + user + "/ban", ids: carol},
		{op: "POST " + user + "/unban", ids: carol},
		{op: "POST " + user + "/lock", ids: carol},
		{op: "POST " + user + "/unlock", ids: carol},
		{op: "POST /users/ban", body: object{"user_ids": carol}},
		{op: "POST /users/unban", body: object{"user_ids": carol}},
		{op: "POST /email_addresses", body: object{"user_id": e.carol, "email_address": "c@home.test"}, again: "form_identifier_exists"},
		{op: "PATCH /email_addresses/{email_address_id}", ids: ids(e.email), body: object{"primary": false}},
		{
			op: "POST /email_addresses/{email_address_id}/attempt_verification", ids: ids(e.email),
			body: object{"verification_id": e.verification, "code": e.code}, again: "verification_already_verified",
		},
		{op: "POST /sessions", body: object{"user_id": e.carol}},
		{
			op: "POST /sessions/{session_id}/refresh", ids: ids(e.session), again: "session_refresh_expired_session_token_consumed",
			body: object{"expired_token": e.expired, "refresh_token": e.refresh, "request_origin": origin},
		},
		{op: "POST /sessions/{session_id}/tokens", ids: ids(e.session), body: object{}},
		{op: "POST /sessions/{session_id}/tokens/{template_name}", ids: ids(e.session, "app"), body: object{}},
		{op: "POST /clients/verify", body: object{"token": e.cookie}},
		{op: "POST /sign_in_tokens", body: object{"user_id": e.carol}},
		{op: "POST /actor_tokens", body: object{"user_id": e.carol, "actor": object{"sub": "support"}}},
		{op: "PATCH /sign_ups/{id}", ids: ids(e.signUp), body: object{"external_id": "crm-7"}},
		{op: "POST /sso_simulations", body: object{"email_address": "alice@acme.test"}},
		{op: "POST /sso_simulations/organization", body: object{"organization_id": e.company.org}},
		{op: "POST /sso_causes", body: object{"text": "AADSTS50105"}},
		{op: "POST /sso_attempts/{attempt_id}/causes", ids: ids(e.attempt), body: object{"text": "AADSTS50105"}},
		{op: "POST /sso_attempts/{attempt_id}/replay", ids: ids(e.attempt), body: object{}},
		{op: "POST /operator_links", body: object{"email_address": "operator@home.test"}},
	}
}

func (e *everything) changesOfOrganizations() []sample {
	const at = "/organizations/{organization_id}"
	org := ids(e.company.org)
	domain, spare, owned := ids(e.company.org, e.domain), ids(e.company.org, e.spare), object{"organization_domain_ids": ids(e.spare)}
	return []sample{
		{op: "POST /organizations", body: object{"name": "Globex", "slug": "globex"}, again: "form_identifier_exists"},
		{op: "PATCH " + at, ids: org, body: object{"name": "Acme Inc"}},
		{op: "PATCH " + at + "/metadata", ids: org, body: object{"public_metadata": object{"a": 1}}},
		{op: "PUT " + at + "/metadata", ids: org, body: object{"public_metadata": object{"b": 1}}},
		{op: "PUT " + at + "/logo", ids: org, body: "a picture"},
		{op: "POST " + at + "/memberships", ids: org, body: object{"user_id": e.carol, "role": "org:member"}, again: "already_a_member_in_organization"},
		{op: "PATCH " + at + "/memberships/{user_id}", ids: ids(e.company.org, e.carol), body: object{"role": "org:admin"}},
		{op: "PATCH " + at + "/memberships/{user_id}/metadata", ids: ids(e.company.org, e.carol), body: object{"public_metadata": object{"a": 1}}},
		{op: "POST " + at + "/invitations", ids: org, body: object{"email_address": "hal@home.test", "role": "org:member"}, again: "organization_invitation_not_unique"},
		{
			op: "POST " + at + "/invitations/bulk", ids: org, again: "organization_invitation_not_unique",
			body: []any{object{"email_address": "ida@home.test", "role": "org:member"}},
		},
		{op: "POST " + at + "/domains", ids: org, body: object{"name": "more.example"}, again: "organization_domain_already_exists_same_organization"},
		{op: "POST " + at + "/domains/bulk", ids: org, body: object{"names": ids("bulk.example")}}, // each failure is told for itself
		{op: "PATCH " + at + "/domains/{domain_id}", ids: domain, body: object{"enrollment_mode": "manual_invitation"}},
		{op: "POST " + at + "/domains/{domain_id}/prepare_ownership_verification", ids: spare},
		{op: "POST " + at + "/domains/prepare_ownership_verification/bulk", ids: org, body: owned},
		{op: "POST " + at + "/domains/{domain_id}/attempt_ownership_verification", ids: spare},
		{op: "POST " + at + "/domains/attempt_ownership_verification/bulk", ids: org, body: owned},
		{
			op: "POST " + at + "/domains/{domain_id}/prepare_affiliation_verification", ids: spare,
			body: object{"affiliation_email_address": "dora@spare.example"}, again: "verification_code_too_many_requests",
		},
		{
			op: "POST " + at + "/domains/{domain_id}/attempt_affiliation_verification", ids: ids(e.company.org, e.claimed),
			body: object{"code": e.claim}, again: "verification_already_verified",
		},
		{op: "POST " + at + "/domains/{domain_id}/verify_ownership", ids: domain},
		{op: "POST /organization_permissions", body: object{"name": "Write", "key": "org:invoices:write"}, again: "form_identifier_exists"},
		{op: "PATCH /organization_permissions/{permission_id}", ids: ids(e.permission), body: object{"name": "See"}},
		{op: "POST /organization_roles", body: object{"name": "Extra", "key": "org:extra"}, again: "form_identifier_exists"},
		{op: "PATCH /organization_roles/{organization_role_id}", ids: ids(e.role), body: object{"name": "Accounting"}},
		{
			op: "POST /organization_roles/{organization_role_id}/permissions/{permission_id}", ids: ids(e.role, e.system),
			again: "organization_role_permission_association_exists",
		},
		{
			op: "DELETE /organization_roles/{organization_role_id}/permissions/{permission_id}", ids: ids(e.role, e.system),
			again: "organization_role_permission_association_not_found",
		},
		{
			op:   "POST /role_sets", // a key that is made of a name is another one each time
			body: object{"name": "Large", "default_role_key": "org:member", "creator_role_key": "org:admin", "roles": ids("org:admin", "org:member")},
		},
		{op: "PATCH /role_sets/{role_set_key_or_id}", ids: ids(e.set), body: object{"name": "Smaller"}},
		{op: "POST /role_sets/{role_set_key_or_id}/roles", ids: ids(e.set), body: object{"role_keys": ids("org:billing")}, again: "form_param_duplicate"},
		{
			op: "POST /role_sets/{role_set_key_or_id}/roles/replace", ids: ids(e.set), again: "resource_not_found",
			body: object{"role_key": "org:billing", "to_role_key": "org:member"},
		},
		{op: "POST /admin_portal_link_tokens", body: object{"organization_id": e.company.org}, status: 201},
		{op: "POST " + at + "/membership_requests/{request_id}/accept", ids: ids(e.open, e.wanted), again: "organization_membership_request_not_pending"},
		{op: "POST " + at + "/membership_requests/{request_id}/reject", ids: ids(e.open, e.unwanted), again: "organization_membership_request_not_pending"},
	}
}

func (e *everything) changesOfTheInstance() []sample {
	const connection, endpoint = "/enterprise_connections/{enterprise_connection_id}", "/webhooks/endpoints/{endpoint_id}"
	const template = "/templates/{template_type}/{slug}"
	conn, hook, mail := ids(e.company.conn), ids(e.endpoint), ids("email", "invitation")
	return []sample{
		{op: "POST /invitations", body: object{"email_address": "jim@home.test"}, again: "duplicate_record"},
		{op: "POST /invitations/bulk", body: []any{object{"email_address": "kay@home.test"}}, again: "duplicate_record"},
		{op: "POST /allowlist_identifiers", body: object{"identifier": "*@home.test"}, again: "duplicate_record"},
		{op: "POST /blocklist_identifiers", body: object{"identifier": "mallory@home.test"}, again: "duplicate_record"},
		{op: "POST /redirect_urls", body: object{"url": "myapp://other"}, again: "duplicate_record"},
		{op: "POST /jwt_templates", body: object{"name": "other", "claims": object{}}, again: "form_already_exists"},
		{op: "PATCH /jwt_templates/{template_id}", ids: ids(e.template), body: object{"name": "app", "claims": object{"b": 1}}},
		{op: "POST /testing_tokens"},
		{op: "PATCH /instance", body: object{"support_email": "help@acme.test"}, status: 204},
		{op: "PATCH /instance/restrictions", body: object{"block_email_subaddresses": true}},
		{op: "PATCH /instance/organization_settings", body: object{"max_allowed_memberships": 50}},
		{op: "PATCH /settings", body: object{"application_name": "Acme"}},
		{op: "POST /signing_keys/rotate", body: object{}},
		{op: "PUT /provider_credentials/{provider}", ids: ids("oauth_google"), body: object{"client_id": "x", "client_secret": "y"}},
		{op: "POST /enterprise_connections", body: object{"name": "Hooli", "provider": "saml_custom", "domains": ids("hooli.test")}, status: 201},
		{
			op: "POST " + connection + "/draft/promote", ids: conn, again: "resource_not_found",
			body: object{"revision_id": e.draft, "live_revision_id": e.current},
		},
		{op: "POST " + connection + "/revisions/{revision_id}/restore", ids: ids(e.company.conn, e.first)},
		{op: "PATCH " + connection + "/draft", ids: conn, body: object{"saml": object{"force_authn": true}}},
		{op: "POST " + connection + "/test_runs", ids: conn, body: object{"target": "draft"}},
		{op: "PATCH " + connection, ids: conn, body: object{"name": "Acme SSO 2"}},
		{op: "POST " + connection + "/preview", ids: conn, body: object{"active": false}},
		{op: "POST " + connection + "/keys", ids: conn, status: 201},
		{op: "POST " + connection + "/keys/retire", ids: conn},
		{op: "POST /saml_connections", body: object{"name": "Pied", "provider": "saml_custom", "domain": "pied.test"}},
		{op: "PATCH /saml_connections/{saml_connection_id}", ids: ids(e.flat), body: object{"name": "Initech 2"}},
		{op: "POST /webhooks/endpoints", body: object{"url": "https://customer.test/other"}},
		{op: "PATCH " + endpoint, ids: hook, body: object{"description": "CRM"}},
		{op: "POST " + endpoint + "/secret", ids: hook, body: object{}},
		{op: "POST " + endpoint + "/replay", ids: hook, body: object{"since": 1}},
		{op: "POST " + endpoint + "/deliveries/{delivery_id}/replay", ids: ids(e.endpoint, e.delivery)},
		{op: "POST /audit_log/verifications", body: object{}},
		{op: "PUT " + template, ids: mail, body: object{"subject": "Welcome"}},
		{op: "POST " + template + "/preview", ids: mail, body: object{"name": "Invitation"}},
		{op: "POST " + template + "/toggle_delivery", ids: mail, body: object{"delivered_by_clerk": true}},
		{op: "POST " + template + "/revert", ids: mail},
	}
}

// ends take things away.
func (e *everything) ends() []sample {
	const gone = "resource_not_found"
	org := e.company.org
	return []sample{
		{op: "POST /sign_in_tokens/{sign_in_token_id}/revoke", ids: ids(e.signIn), again: "sign_in_token_cannot_be_revoked_code"},
		{op: "POST /actor_tokens/{actor_token_id}/revoke", ids: ids(e.actor), again: "actor_token_cannot_be_revoked_code"},
		{op: "POST /invitations/{invitation_id}/revoke", ids: ids(e.appInvitation), again: "invitation_already_revoked"},
		{
			op: "POST /organizations/{organization_id}/invitations/{invitation_id}/revoke", ids: ids(org, e.orgInvitation), body: object{},
			again: "organization_invitation_not_pending",
		},
		{op: "POST /sessions/{session_id}/revoke", ids: ids(e.session)},
		{op: "POST /admin_portal_link_tokens/{setup_link_id}/revoke", ids: ids(e.setupLink), body: object{}},
		{op: "DELETE /enterprise_connections/{enterprise_connection_id}/draft", ids: ids(e.company.conn), again: gone},
		{op: "DELETE /organizations/{organization_id}/logo", ids: ids(org), again: "image_not_found"},
		{op: "DELETE /organizations/{organization_id}/memberships/{user_id}", ids: ids(org, e.carol), again: gone},
		{op: "DELETE /organizations/{organization_id}/domains/{domain_id}", ids: ids(org, e.spare), again: gone},
		{
			op: "POST /role_sets/{role_set_key_or_id}/replace", ids: ids(e.set), again: gone,
			body: object{"dest_role_set_key": "role_set:default"},
		},
		{op: "DELETE /organization_roles/{organization_role_id}", ids: ids(e.role), again: gone},
		{op: "DELETE /organization_permissions/{permission_id}", ids: ids(e.permission), again: gone},
		{op: "POST /email_addresses/{email_address_id}/prepare_verification", ids: ids(e.third), again: "verification_code_too_many_requests"},
		{op: "DELETE /email_addresses/{email_address_id}", ids: ids(e.email), again: gone},
		{op: "PUT /users/{user_id}/email_address", ids: ids(e.carol), body: object{"email_address": "only@home.test"}},
		{op: "DELETE /users/{user_id}/external_accounts/{external_account_id}", ids: ids(e.alice, e.account), again: gone},
		{op: "DELETE /users/{user_id}", ids: ids(e.carol), again: gone},
		{op: "DELETE /organizations/{organization_id}", ids: ids(org), again: gone},
		{op: "DELETE /allowlist_identifiers/{identifier_id}", ids: ids(e.allow), again: gone},
		{op: "DELETE /blocklist_identifiers/{identifier_id}", ids: ids(e.ban), again: gone},
		{op: "DELETE /redirect_urls/{id}", ids: ids(e.redirect), again: gone},
		{op: "DELETE /jwt_templates/{template_id}", ids: ids(e.template), again: gone},
		{op: "DELETE /saml_connections/{saml_connection_id}", ids: ids(e.flat), again: gone},
		{op: "DELETE /enterprise_connections/{enterprise_connection_id}", ids: ids(e.oidc), again: gone},
		{op: "DELETE /provider_credentials/{provider}", ids: ids("oauth_google"), again: gone},
		{op: "DELETE /webhooks/endpoints/{endpoint_id}", ids: ids(e.endpoint), again: gone},
	}
}

// wholeAPI checks that there is a sample of every operation that is served, so that
// what is checked of all operations is checked of new ones too.
func (e *everything) wholeAPI(t *testing.T) []sample {
	t.Helper()
	list := e.samples()
	seen := map[string]int{}
	for _, s := range list {
		seen[s.op]++
	}
	for op, n := range seen {
		if n > 1 {
			t.Errorf("%s has %d samples", op, n)
		}
	}
	got, want := slices.Sorted(maps.Keys(seen)), slices.Sorted(slices.Values(backendapi.Served()))
	for _, op := range want {
		if !slices.Contains(got, op) {
			t.Errorf("%s has no sample of a call: add one to operations_fixture_test.go", op)
		}
	}
	for _, op := range got {
		if !slices.Contains(want, op) {
			t.Errorf("%s is not served", op)
		}
	}
	return list
}
