package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
)

var (
	now  = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	acme = identity.Organization{ID: "org_acme", Name: "Acme"}
	okta = identity.Connection{
		ID: "entconn_okta", OrganizationID: acme.ID, Provider: identity.SAMLOkta,
		Domains: []identity.Domain{"acme.test"}, Active: true, Authenticatable: true,
		Config: identity.ConnectionConfig{
			SyncUserAttributes: true, DisableAdditionalIdentifications: true, SAML: &identity.SAMLConfig{},
		},
	}
	ada = identity.User{ID: "user_ada", FirstName: "Ada", LastName: "King"}
)

// The parts of a trace. Their order is part of the promise.
const (
	opening  = "connection_active authenticatable organization_present "
	claimed  = opening + "subject_present subject_stable email_present email_trusted "
	accepted = claimed + "email_domain_allowed email_as_typed "
	standing = "user_not_banned user_not_locked user_not_deactivated "
	joining  = "membership_quota exclusive_membership role "
	newcomer = accepted + "person_unknown jit_allowed "
	known    = accepted + "subject_known address_free " + standing
	verified = accepted + "email_verified_match subject_unchanged " + standing
	claiming = accepted + "email_unverified_match subject_unchanged " + standing
)

// firstVisit is somebody whom Usher doesn't know, at Acme's connection.
func firstVisit() policy.AdmitFacts {
	org := acme
	c := okta
	saml := *okta.Config.SAML
	c.Config.SAML = &saml
	return policy.AdmitFacts{
		Now: now, Settings: identity.DefaultSettings(), Connection: c,
		Organization: &org, Members: 3, DefaultRole: "org:member",
		Claims: policy.Claims{
			Protocol: policy.ProtocolSAML, Subject: "s-1", Email: "ada@acme.test", RawEmail: "Ada@acme.test",
			EmailName: "mail", EmailVerified: true, FirstName: "Ada", LastName: "King",
		},
	}
}

// holder is Ada with the address, and no account or membership.
func holder(status identity.VerificationStatus) *policy.Person {
	return &policy.Person{User: ada, Emails: []identity.EmailAddress{
		{ID: "idn_ada", UserID: ada.ID, Address: "ada@acme.test", Status: status},
	}}
}

// linked is Ada after her first sign-in: account, vouched address, membership.
func linked() *policy.Person {
	p := holder(identity.Verified)
	p.Emails[0].AccountID = "eac_ada"
	p.Account = &identity.EnterpriseAccount{ID: "eac_ada", UserID: ada.ID, ConnectionID: okta.ID, Subject: "s-1", Email: "ada@acme.test"}
	p.Membership = &identity.Membership{OrganizationID: acme.ID, UserID: ada.ID, Role: "org:admin"}
	return p
}

func account(id identity.AccountID) *policy.Account {
	return &policy.Account{
		ID: id, ConnectionID: okta.ID, Subject: "s-1", Email: "ada@acme.test", FirstName: "Ada", LastName: "King",
	}
}

var (
	join    = &policy.Join{Organization: acme.ID, Role: "org:member", Connection: okta.ID}
	newAda  = &policy.NewUser{Email: "ada@acme.test", FirstName: "Ada", LastName: "King"}
	created = policy.Plan{CreateUser: newAda, Link: account(""), Join: join}
	again   = policy.Plan{User: ada.ID, Refresh: account("eac_ada")}
)

type admitTest struct {
	given func(*policy.AdmitFacts)
	code  fault.Code // empty: admitted
	plan  policy.Plan
	trace string // the rules, in order
	meta  map[string]any
}

func runAdmit(t *testing.T, tests map[string]admitTest) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := firstVisit()
			tt.given(&f)
			d := policy.Admit(f)
			checkDenied(t, d.Denied, tt.code, tt.meta)
			if diff := cmp.Diff(tt.plan, d.Plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if got, want := d.Trace.String(), strings.TrimSpace(tt.trace); got != want {
				t.Errorf("trace:\n got %s\nwant %s", got, want)
			}
			for i, r := range d.Trace {
				if last := i == len(d.Trace)-1; r.Passed == (last && tt.code != "") {
					t.Errorf("rule %s: passed %v, of %d is number %d", r.Name, r.Passed, len(d.Trace), i+1)
				}
			}
		})
	}
}

// checkDenied compares a refusal with a code; an empty code wants none.
func checkDenied(t *testing.T, err error, code fault.Code, meta map[string]any) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("got %v; want no refusal", err)
		}
		return
	}
	f := fault.From(err)
	if err == nil || f.Code() != code {
		t.Fatalf("got %v; want %s", err, code)
	}
	for key, want := range meta {
		got, ok := f.Meta()[key]
		if !ok {
			got = f.Details()[key]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestAdmit_connection(t *testing.T) {
	t.Parallel()
	runAdmit(t, map[string]admitTest{
		"1.91 an inactive connection at ACS is saml_connection_active_not_found (threat T-SAML-01)": {
			given: func(f *policy.AdmitFacts) { f.Connection.Active = false },
			code:  fault.SAMLConnectionActiveNotFound,
			trace: "connection_active",
		},
		"threat T-SAML-01: switched off after the flow began, for somebody known too": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Active, f.Linked, f.TypedEmail = false, linked(), "ada@acme.test"
			},
			code:  fault.SAMLConnectionActiveNotFound,
			trace: "connection_active",
		},
		"threat T-SAML-02: a connection for linking only signs nobody in": {
			given: func(f *policy.AdmitFacts) { f.Connection.Authenticatable, f.Linked = false, linked() },
			code:  fault.SAMLConnectionActiveNotFound,
			trace: "connection_active authenticatable",
		},
		"a connection whose organization is gone": {
			given: func(f *policy.AdmitFacts) { f.Organization = nil },
			code:  fault.SAMLConnectionActiveNotFound,
			trace: opening,
		},
		"another organization's facts": {
			given: func(f *policy.AdmitFacts) { f.Organization.ID = "org_globex" },
			code:  fault.SAMLConnectionActiveNotFound,
			trace: opening,
		},
		"1.1 with no organization it serves the whole application": {
			given: func(f *policy.AdmitFacts) { f.Connection.OrganizationID, f.Organization = "", nil },
			plan:  policy.Plan{CreateUser: newAda, Link: account("")},
			trace: strings.ReplaceAll(newcomer, "organization_present ", "") + "attributes",
		},
		"1.27 an application-wide connection creates users but no membership": {
			given: func(f *policy.AdmitFacts) { f.Connection.OrganizationID = "" }, // the facts still hold Acme
			plan:  policy.Plan{CreateUser: newAda, Link: account("")},
			trace: strings.ReplaceAll(newcomer, "organization_present ", "") + "attributes",
		},
	})
}

func TestAdmit_claims(t *testing.T) {
	t.Parallel()
	mapped := func(f *policy.AdmitFacts) { f.Connection.Config.SAML.Mapping.UserID = "employeeNumber" }
	oidc := func(f *policy.AdmitFacts) {
		f.Claims.Protocol, f.Claims.EmailName, f.Connection.Provider, f.Connection.Config.SAML = policy.ProtocolOIDC, "", identity.OIDCCustom, nil
	}
	runAdmit(t, map[string]admitTest{
		"threat T-SAML-31: no subject": {
			given: func(f *policy.AdmitFacts) { f.Claims.Subject = " \t" },
			code:  fault.SAMLResponseInvalid, meta: map[string]any{"reason": "nameid"},
			trace: opening + "subject_present",
		},
		"threat T-SAML-31: a subject over 1,024 bytes": {
			given: func(f *policy.AdmitFacts) { f.Claims.Subject = strings.Repeat("s", 1025) },
			code:  fault.SAMLResponseInvalid, meta: map[string]any{"reason": "nameid", "received": "1025 bytes"},
			trace: opening + "subject_present",
		},
		"a subject of 1,024 bytes": {
			given: func(f *policy.AdmitFacts) {
				f.Claims.Subject = strings.Repeat("s", 1024)
				f.Connection.Config.DisableJITProvisioning = true // the plan is not the question
			},
			code: fault.SAMLJITProvisioningDisabled, trace: newcomer,
		},
		"threat T-SAML-31: a transient NameID is no key": {
			given: func(f *policy.AdmitFacts) {
				f.Claims.SubjectFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
			},
			code: fault.SAMLResponseInvalid, meta: map[string]any{"reason": "nameid"},
			trace: opening + "subject_present subject_stable",
		},
		"threat T-SAML-31: the mapped user_id is missing": {
			given: func(f *policy.AdmitFacts) { mapped(f); f.Claims.Subject = "" },
			code:  fault.SAMLUserAttributeMissing, meta: map[string]any{"missing_attribute": "employeeNumber"},
			trace: opening + "subject_present",
		},
		"a missing sub at OIDC": {
			given: func(f *policy.AdmitFacts) { oidc(f); f.Claims.Subject = "" },
			code:  fault.SSOUserAttributeMissing, meta: map[string]any{"missing_attribute": "sub"},
			trace: opening + "subject_present",
		},
		"1.64 a missing email attribute is saml_user_attribute_missing (threat T-SAML-32)": {
			given: func(f *policy.AdmitFacts) { f.Claims.Email, f.Claims.RawEmail, f.Linked = "", "", linked() },
			code:  fault.SAMLUserAttributeMissing, meta: map[string]any{"missing_attribute": "mail"},
			trace: opening + "subject_present subject_stable email_present",
		},
		"an administrator sees up to 256 bytes of what came instead": {
			given: func(f *policy.AdmitFacts) { f.Claims.Email, f.Claims.RawEmail = "", strings.Repeat("x", 256) },
			code:  fault.SAMLUserAttributeMissing, meta: map[string]any{"received": strings.Repeat("x", 256)},
			trace: opening + "subject_present subject_stable email_present",
		},
		"and no half character of more": {
			given: func(f *policy.AdmitFacts) { f.Claims.Email, f.Claims.RawEmail = "", "x"+strings.Repeat("ü", 500) },
			code:  fault.SAMLUserAttributeMissing, meta: map[string]any{"received": "x" + strings.Repeat("ü", 127) + "…"},
			trace: opening + "subject_present subject_stable email_present",
		},
		"1.64 the name of the missing attribute is that of the provider's preset": {
			given: func(f *policy.AdmitFacts) {
				f.Claims.Email, f.Claims.EmailName, f.Connection.Provider = "", "", identity.SAMLGoogle
			},
			code: fault.SAMLUserAttributeMissing, meta: map[string]any{"missing_attribute": "email"},
			trace: opening + "subject_present subject_stable email_present",
		},
		"1.64 or that of the connection's own mapping": {
			given: func(f *policy.AdmitFacts) {
				f.Claims.Email, f.Claims.EmailName, f.Connection.Config.SAML.Mapping.EmailAddress = "", "", "adresse"
			},
			code: fault.SAMLUserAttributeMissing, meta: map[string]any{"missing_attribute": "adresse"},
			trace: opening + "subject_present subject_stable email_present",
		},
		"1.64 at OIDC it is enterprise_sso_user_attribute_missing": {
			given: func(f *policy.AdmitFacts) { oidc(f); f.Claims.Email = "" },
			code:  fault.SSOUserAttributeMissing, meta: map[string]any{"missing_attribute": "email"},
			trace: opening + "subject_present subject_stable email_present",
		},
		"1.65 an address outside the connection's domains is saml_email_address_domain_mismatch (threat T-SAML-23)": {
			given: func(f *policy.AdmitFacts) {
				f.Claims.Email, f.Connection.Domains = "eve@evil.test", []identity.Domain{"acme.test", "acme.example"}
			},
			code:  fault.SAMLEmailAddressDomainMismatch,
			meta:  map[string]any{"expected_domain": "acme.test, acme.example", "received_domain": "evil.test", "reason": "domain"},
			trace: claimed + "email_domain_allowed",
		},
		"1.65 at OIDC it is enterprise_sso_email_address_domain_mismatch": {
			given: func(f *policy.AdmitFacts) { oidc(f); f.Claims.Email = "eve@evil.test" },
			code:  fault.SSOEmailAddressDomainMismatch, meta: map[string]any{"received_domain": "evil.test"},
			trace: claimed + "email_domain_allowed",
		},
		"1.17 a subdomain is another domain at the answer too (threat T-ID-08)": {
			given: func(f *policy.AdmitFacts) { f.Claims.Email = "ada@sales.acme.test" },
			code:  fault.SAMLEmailAddressDomainMismatch,
			trace: claimed + "email_domain_allowed",
		},
		"threat T-ID-08: a domain that ends like ours": {
			given: func(f *policy.AdmitFacts) {
				f.Claims.Email, f.Connection.Config.AllowSubdomains = "ada@evilacme.test", true
			},
			code:  fault.SAMLEmailAddressDomainMismatch,
			trace: claimed + "email_domain_allowed",
		},
		"threat T-SAML-23: a linked person's address outside the domains changes nothing (threat T-ID-13)": {
			given: func(f *policy.AdmitFacts) { f.Linked, f.Claims.Email = linked(), "ada@evil.test" },
			code:  fault.SAMLEmailAddressDomainMismatch,
			trace: claimed + "email_domain_allowed",
		},
		"1.53 linking through membership opens no way in for other domains (threat T-ID-15)": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Config.AllowOrganizationAccountLinking, f.Claims.Email = true, "ada@home.test"
				f.ByVerifiedEmail = &policy.Person{User: ada, Membership: linked().Membership, Emails: []identity.EmailAddress{
					{ID: "idn_home", Address: "ada@home.test", Status: identity.Verified},
				}}
			},
			code:  fault.SAMLEmailAddressDomainMismatch,
			trace: claimed + "email_domain_allowed",
		},
		"1.66 the asserted address differs from the typed one (threat T-SAML-24)": {
			given: func(f *policy.AdmitFacts) { f.TypedEmail, f.Linked = "bob@acme.test", linked() },
			code:  fault.SAMLEmailAddressDomainMismatch,
			meta:  map[string]any{"reason": "email_as_typed", "expected": "bob@acme.test", "received": "ada@acme.test"},
			trace: accepted,
		},
		"the asserted address is the typed one": {
			given: func(f *policy.AdmitFacts) { f.TypedEmail = "ada@acme.test" },
			plan:  created, trace: newcomer + joining + "attributes",
		},
	})
}

func TestAdmit_newcomer(t *testing.T) {
	t.Parallel()
	other := func(id identity.UserID) policy.Person {
		p := *holder(identity.Unverified)
		p.User = identity.User{ID: id}
		return p
	}
	runAdmit(t, map[string]admitTest{
		"1.50 no match is a new user": {
			given: func(*policy.AdmitFacts) {}, plan: created, trace: newcomer + joining + "attributes",
		},
		"1.27 they are added as a member with the organization's default role": {
			given: func(f *policy.AdmitFacts) { f.DefaultRole = "org:guest" },
			plan: policy.Plan{CreateUser: newAda, Link: account(""), Join: &policy.Join{
				Organization: acme.ID, Role: "org:guest", Connection: okta.ID,
			}},
			trace: newcomer + joining + "attributes",
		},
		"1.28 without a default role nobody joins": {
			given: func(f *policy.AdmitFacts) { f.DefaultRole = "" },
			code:  fault.NotFound, meta: map[string]any{"resource": "role"},
			trace: newcomer + joining,
		},
		"1.30 with JIT off a person with no account is saml_jit_provisioning_disabled": {
			given: func(f *policy.AdmitFacts) { f.Connection.Config.DisableJITProvisioning = true },
			code:  fault.SAMLJITProvisioningDisabled, meta: map[string]any{"email_address": "ada@acme.test"},
			trace: newcomer,
		},
		"1.30 with JIT off an existing user signs in however created": {
			given: func(f *policy.AdmitFacts) { f.Connection.Config.DisableJITProvisioning, f.Linked = true, linked() },
			plan:  again, trace: known + "already_member attributes",
		},
		"1.31 a user created by the Backend API signs in with JIT off": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Config.DisableJITProvisioning, f.ByVerifiedEmail = true, holder(identity.Verified)
			},
			plan:  policy.Plan{User: ada.ID, Link: account(""), VerifyEmail: "idn_ada", Join: join},
			trace: verified + joining + "attributes",
		},
		"1.49 an unverified address is not linked where sign-up verifies: a new user (threat T-ID-10)": {
			given: func(f *policy.AdmitFacts) { f.ByUnverifiedEmail = []policy.Person{*holder(identity.Unverified)} },
			plan:  created, trace: newcomer + joining + "attributes",
		},
		"part 8 no. 22: JIT off and an unverified address, where sign-up verifies (threat T-ID-11)": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Config.DisableJITProvisioning = true
				f.ByUnverifiedEmail = []policy.Person{*holder(identity.Unverified)}
			},
			code: fault.SAMLJITProvisioningDisabled, trace: newcomer,
		},
		"threat T-ID-11: JIT off and an unverified address, where sign-up does not verify": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Config.DisableJITProvisioning, f.Settings.EmailVerifiedAtSignUp = true, false
				f.ByUnverifiedEmail = []policy.Person{*holder(identity.Unverified)}
			},
			code: fault.SAMLJITProvisioningDisabled, trace: newcomer,
		},
		"threat T-ID-10: an unverified address that two people claim is neither's": {
			given: func(f *policy.AdmitFacts) {
				f.Settings.EmailVerifiedAtSignUp = false
				f.ByUnverifiedEmail = []policy.Person{other("user_1"), other("user_2")}
			},
			plan: created, trace: newcomer + joining + "attributes",
		},
		"threat T-ID-10: a person who has proved another address is not taken over": {
			given: func(f *policy.AdmitFacts) {
				f.Settings.EmailVerifiedAtSignUp = false
				p := *holder(identity.Unverified)
				p.Emails = append(p.Emails, identity.EmailAddress{ID: "idn_home", Address: "ada@home.test", Status: identity.Verified})
				f.ByUnverifiedEmail = []policy.Person{p}
			},
			plan: created, trace: newcomer + joining + "attributes",
		},
		"1.34 sign-up by invitation only still lets connections create users": {
			given: func(f *policy.AdmitFacts) { f.Settings.SignUpMode = identity.SignUpRestricted },
			plan:  created, trace: newcomer + joining + "attributes",
		},
		"1.34 and so does the waiting list": {
			given: func(f *policy.AdmitFacts) { f.Settings.SignUpMode = identity.SignUpWaitlist },
			plan:  created, trace: newcomer + joining + "attributes",
		},
		"1.33 with a directory people whom it did not sync cannot sign in (part 8 no. 23)": {
			given: func(f *policy.AdmitFacts) { f.Directory = true },
			code:  fault.SAMLJITProvisioningDisabled, trace: newcomer + "in_directory",
		},
		"1.33 known ones neither": {
			given: func(f *policy.AdmitFacts) { f.Directory, f.Linked = true, linked() },
			code:  fault.SAMLJITProvisioningDisabled, trace: accepted + "subject_known address_free in_directory",
		},
		"somebody else's facts find nobody": {
			given: func(f *policy.AdmitFacts) {
				wrong := linked()
				wrong.Account.Subject = "s-2"
				f.Linked = wrong
				f.ByVerifiedEmail = &policy.Person{User: ada, Emails: []identity.EmailAddress{
					{ID: "idn_home", Address: "ada@home.test", Status: identity.Verified},
				}}
				f.ByUnverifiedEmail = []policy.Person{*f.ByVerifiedEmail}
				f.Settings.EmailVerifiedAtSignUp = false
			},
			plan: created, trace: newcomer + joining + "attributes",
		},
		"an account at another connection is not the subject's": {
			given: func(f *policy.AdmitFacts) {
				f.Linked = linked()
				f.Linked.Account.ConnectionID = "entconn_globex"
			},
			plan: created, trace: newcomer + joining + "attributes",
		},
	})
}

func TestAdmit_link(t *testing.T) {
	t.Parallel()
	byVerified := policy.Plan{User: ada.ID, Link: account(""), VerifyEmail: "idn_ada", Join: join}
	runAdmit(t, map[string]admitTest{
		"1.47 a verified address is linked and sign-in completes": {
			given: func(f *policy.AdmitFacts) { f.ByVerifiedEmail = holder(identity.Verified) },
			plan:  byVerified, trace: verified + joining + "attributes",
		},
		"1.20 existing users get an enterprise account linked to their existing user": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail, f.TypedEmail = holder(identity.Verified), "ada@acme.test"
			},
			plan: byVerified, trace: verified + joining + "attributes",
		},
		"1.46 addresses asserted by an enterprise IdP count as verified": {
			given: func(f *policy.AdmitFacts) {
				f.Settings.EmailVerifiedAtSignUp, f.ByUnverifiedEmail = false, []policy.Person{*holder(identity.Unverified)}
			},
			plan: policy.Plan{
				User: ada.ID, Link: account(""), VerifyEmail: "idn_ada", RemoveCredentials: true, Join: join,
			},
			trace: claiming + joining + "attributes",
		},
		"1.48 an unverified address is linked and verified where sign-up does not verify (threat T-ID-10)": {
			given: func(f *policy.AdmitFacts) {
				f.Settings.EmailVerifiedAtSignUp = false
				p := *holder(identity.Unverified)
				p.User.PasswordHash, p.SecondFactor = "$argon2id$…", true // whoever prepared the account
				f.ByUnverifiedEmail = []policy.Person{p}
			},
			plan: policy.Plan{
				User: ada.ID, Link: account(""), VerifyEmail: "idn_ada", RemoveCredentials: true, Join: join,
			},
			trace: claiming + joining + "attributes",
		},
		"a verified holder is chosen before those who hold it unverified": {
			given: func(f *policy.AdmitFacts) {
				f.Settings.EmailVerifiedAtSignUp, f.ByVerifiedEmail = false, holder(identity.Verified)
				eve := *holder(identity.Unverified)
				eve.User.ID = "user_eve"
				f.ByUnverifiedEmail = []policy.Person{eve}
			},
			plan: byVerified, trace: verified + joining + "attributes",
		},
		"1.54 a second link to the same connection is enterprise_sso_account_already_connected (threat T-ID-12)": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail = linked()
				f.Claims.Subject = "s-2"
			},
			code: fault.SSOAccountAlreadyConnected, meta: map[string]any{"reason": "subject_changed", "expected": "s-1", "received": "s-2"},
			trace: accepted + "email_verified_match subject_unchanged",
		},
		"threat T-ID-12: for an unverified address too": {
			given: func(f *policy.AdmitFacts) {
				f.Settings.EmailVerifiedAtSignUp = false
				p := *holder(identity.Unverified)
				p.Account = &identity.EnterpriseAccount{ConnectionID: okta.ID, Subject: "s-2"}
				f.ByUnverifiedEmail = []policy.Person{p}
			},
			code:  fault.SSOAccountAlreadyConnected,
			trace: accepted + "email_unverified_match subject_unchanged",
		},
		"an account at another connection is no hindrance": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail = holder(identity.Verified)
				f.ByVerifiedEmail.Account = &identity.EnterpriseAccount{ConnectionID: "entconn_old", Subject: "s-2"}
			},
			plan: byVerified, trace: verified + joining + "attributes",
		},
		"1.55 a second factor is still demanded (threat T-ID-19)": {
			given: func(f *policy.AdmitFacts) { f.Linked = linked(); f.Linked.SecondFactor = true },
			plan:  policy.Plan{User: ada.ID, Refresh: account("eac_ada"), NeedsSecondFactor: true},
			trace: known + "already_member attributes",
		},
		"part 8 no. 24: linking bypasses passwords but not the second factor": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail = holder(identity.Verified)
				f.ByVerifiedEmail.SecondFactor = true
			},
			plan: policy.Plan{
				User: ada.ID, Link: account(""), VerifyEmail: "idn_ada", Join: join, NeedsSecondFactor: true,
			},
			trace: verified + joining + "attributes",
		},
	})
}

func TestAdmit_known(t *testing.T) {
	t.Parallel()
	moved := func(f *policy.AdmitFacts) {
		f.Linked, f.Claims.Email = linked(), "ada.king@acme.test"
	}
	refreshed := account("eac_ada")
	refreshed.Email = "ada.king@acme.test"
	runAdmit(t, map[string]admitTest{
		"1.29 who is a member already keeps the role": {
			given: func(f *policy.AdmitFacts) { f.Linked = linked() },
			plan:  again, trace: known + "already_member attributes",
		},
		"a known subject keeps its user after a change of address (threat T-ID-13)": {
			given: moved,
			plan: policy.Plan{
				User: ada.ID, Refresh: refreshed, UpdateEmail: &policy.EmailUpdate{ID: "idn_ada", To: "ada.king@acme.test"},
			},
			trace: known + "already_member attributes",
		},
		"a new address that the person holds unverified becomes verified": {
			given: func(f *policy.AdmitFacts) {
				moved(f)
				f.Linked.Emails = append(f.Linked.Emails, identity.EmailAddress{ID: "idn_king", Address: "ada.king@acme.test"})
			},
			plan:  policy.Plan{User: ada.ID, Refresh: refreshed, VerifyEmail: "idn_king"},
			trace: known + "already_member attributes",
		},
		"a new address that the person has verified changes no address": {
			given: func(f *policy.AdmitFacts) {
				moved(f)
				f.Linked.Emails = append(f.Linked.Emails, identity.EmailAddress{ID: "idn_king", Address: "ada.king@acme.test", Status: identity.Verified})
			},
			plan:  policy.Plan{User: ada.ID, Refresh: refreshed},
			trace: known + "already_member attributes",
		},
		"a new address where the account vouches for none is added": {
			given: func(f *policy.AdmitFacts) { moved(f); f.Linked.Emails = nil },
			plan:  policy.Plan{User: ada.ID, Refresh: refreshed, AddEmail: "ada.king@acme.test"},
			trace: known + "already_member attributes",
		},
		"threat T-ID-13: a new address that is another person's is identification_claimed": {
			given: func(f *policy.AdmitFacts) {
				moved(f)
				f.ByVerifiedEmail = &policy.Person{User: identity.User{ID: "user_king"}, Emails: []identity.EmailAddress{
					{ID: "idn_king", Address: "ada.king@acme.test", Status: identity.Verified},
				}}
			},
			code:  fault.IdentificationClaimed,
			trace: accepted + "subject_known address_free",
		},
		"a new address replaces the one that the account vouches for and no other": {
			given: func(f *policy.AdmitFacts) {
				moved(f)
				home := identity.EmailAddress{ID: "idn_home", Address: "ada@home.test", Status: identity.Verified}
				f.Linked.Emails = append([]identity.EmailAddress{home}, f.Linked.Emails...)
			},
			plan: policy.Plan{
				User: ada.ID, Refresh: refreshed, UpdateEmail: &policy.EmailUpdate{ID: "idn_ada", To: "ada.king@acme.test"},
			},
			trace: known + "already_member attributes",
		},
		"an address that others claim without proof is free": {
			given: func(f *policy.AdmitFacts) {
				moved(f)
				eve := policy.Person{User: identity.User{ID: "user_eve"}, Emails: []identity.EmailAddress{{ID: "idn_eve", Address: "ada.king@acme.test"}}}
				f.ByVerifiedEmail, f.ByUnverifiedEmail = &eve, []policy.Person{eve}
			},
			plan: policy.Plan{
				User: ada.ID, Refresh: refreshed, UpdateEmail: &policy.EmailUpdate{ID: "idn_ada", To: "ada.king@acme.test"},
			},
			trace: known + "already_member attributes",
		},
		"the person's own verified address is no conflict": {
			given: func(f *policy.AdmitFacts) { f.Linked, f.ByVerifiedEmail = linked(), linked() },
			plan:  again, trace: known + "already_member attributes",
		},
		"threat T-ID-18: a banned person": {
			given: func(f *policy.AdmitFacts) { f.Linked = linked(); f.Linked.User.Banned = true },
			code:  fault.UserBanned, trace: accepted + "subject_known address_free user_not_banned",
		},
		"threat T-ID-18: a banned person at the first link joins nothing": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail = holder(identity.Verified)
				f.ByVerifiedEmail.User.Banned = true
			},
			code: fault.UserBanned, trace: accepted + "email_verified_match subject_unchanged user_not_banned",
		},
		"threat T-ID-18: a locked person": {
			given: func(f *policy.AdmitFacts) { f.Linked = linked(); f.Linked.User.LockedUntil = now.Add(time.Second) },
			code:  fault.UserLocked, trace: accepted + "subject_known address_free user_not_banned user_not_locked",
		},
		"a lock that is over": {
			given: func(f *policy.AdmitFacts) { f.Linked = linked(); f.Linked.User.LockedUntil = now },
			plan:  again, trace: known + "already_member attributes",
		},
		"1.89 a deactivated person is user_deactivated (threat T-ID-18)": {
			given: func(f *policy.AdmitFacts) { f.Linked = linked(); f.Linked.User.DeactivatedAt = now.Add(-time.Hour) },
			code:  fault.UserDeactivated, trace: known,
		},
		"1.39 a removed user is added again at the next sign-in": {
			given: func(f *policy.AdmitFacts) { f.Linked = linked(); f.Linked.Membership = nil },
			plan:  policy.Plan{User: ada.ID, Refresh: account("eac_ada"), Join: join},
			trace: known + joining + "attributes",
		},
		"1.41 after a move each user joins the new organization at the next sign-in": {
			given: func(f *policy.AdmitFacts) {
				f.Linked = linked() // a member of Acme
				f.Linked.OtherOrganizations = 1
				f.Connection.OrganizationID, f.Organization = "org_globex", &identity.Organization{ID: "org_globex"}
			},
			plan: policy.Plan{User: ada.ID, Refresh: account("eac_ada"), Join: &policy.Join{
				Organization: "org_globex", Role: "org:member", Connection: okta.ID,
			}},
			trace: known + joining + "attributes",
		},
	})
}

func TestAdmit_membership(t *testing.T) {
	t.Parallel()
	free := func() *policy.Person {
		p := linked()
		p.Membership = nil
		return p
	}
	invited := func() *identity.OrganizationInvitation {
		return &identity.OrganizationInvitation{
			ID: "orginv_1", OrganizationID: acme.ID, Email: "ada@acme.test", Role: "org:admin", Status: identity.InvitationPending, ExpiresAt: now.Add(time.Hour),
		}
	}
	byInvitation := policy.Plan{User: ada.ID, Refresh: account("eac_ada"), Join: &policy.Join{Organization: acme.ID, Role: "org:admin", Invitation: "orginv_1"}}
	runAdmit(t, map[string]admitTest{
		"1.32 a full organization is organization_membership_quota_exceeded_for_sso (part 8 no. 39)": {
			given: func(f *policy.AdmitFacts) { f.Organization.MaxAllowedMemberships = 3 },
			code:  fault.OrganizationMembershipQuotaExceededForSSO, meta: map[string]any{"max_allowed_memberships": 3},
			trace: newcomer + "membership_quota",
		},
		"the last seat": {
			given: func(f *policy.AdmitFacts) { f.Organization.MaxAllowedMemberships = 4 },
			plan:  created, trace: newcomer + joining + "attributes",
		},
		"a member of a full organization signs in": {
			given: func(f *policy.AdmitFacts) { f.Organization.MaxAllowedMemberships, f.Linked = 3, linked() },
			plan:  again, trace: known + "already_member attributes",
		},
		"1.35 nobody of another organization joins an exclusive one": {
			given: func(f *policy.AdmitFacts) {
				f.Organization.ExclusiveMembership, f.ByVerifiedEmail = true, holder(identity.Verified)
				f.ByVerifiedEmail.OtherOrganizations = 1
			},
			code:  fault.ExclusiveOrganizationMembership,
			trace: verified + "membership_quota exclusive_membership",
		},
		"1.35 nobody of an exclusive organization joins another": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail = holder(identity.Verified)
				f.ByVerifiedEmail.OtherOrganizations, f.ByVerifiedEmail.ExclusiveElsewhere = 1, true
			},
			code:  fault.ExclusiveOrganizationMembership,
			trace: verified + "membership_quota exclusive_membership",
		},
		"1.35 a person of no other organization joins an exclusive one": {
			given: func(f *policy.AdmitFacts) {
				f.Organization.ExclusiveMembership, f.ByVerifiedEmail = true, holder(identity.Verified)
			},
			plan:  policy.Plan{User: ada.ID, Link: account(""), VerifyEmail: "idn_ada", Join: join},
			trace: verified + joining + "attributes",
		},
		"1.31 who was invited joins by the invitation (threat T-ORG-12)": {
			given: func(f *policy.AdmitFacts) { f.Linked, f.Invitation, f.InvitedRole = free(), invited(), &adminRole },
			plan:  byInvitation, trace: known + joining + "invited attributes",
		},
		"an invitation to a role that the set has no more is not used (threat T-ORG-11)": {
			given: func(f *policy.AdmitFacts) { f.Linked, f.Invitation = free(), invited() },
			plan:  policy.Plan{User: ada.ID, Refresh: account("eac_ada"), Join: join}, trace: known + joining + "attributes",
		},
		"nor is one to another address": {
			given: func(f *policy.AdmitFacts) {
				f.Linked, f.Invitation, f.InvitedRole = free(), invited(), &adminRole
				f.Invitation.Email = "eve@acme.test"
			},
			plan: policy.Plan{User: ada.ID, Refresh: account("eac_ada"), Join: join}, trace: known + joining + "attributes",
		},
		"nor one that is over": {
			given: func(f *policy.AdmitFacts) {
				f.Linked, f.Invitation, f.InvitedRole = free(), invited(), &adminRole
				f.Invitation.ExpiresAt = now
			},
			plan: policy.Plan{User: ada.ID, Refresh: account("eac_ada"), Join: join}, trace: known + joining + "attributes",
		},
		"a person of other organizations joins one that is not exclusive": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail = holder(identity.Verified)
				f.ByVerifiedEmail.OtherOrganizations = 2
			},
			plan:  policy.Plan{User: ada.ID, Link: account(""), VerifyEmail: "idn_ada", Join: join},
			trace: verified + joining + "attributes",
		},
	})
}

// An operator's block-list counts for people who come by SSO too.
func TestAdmit_theBlockListShutsOut(t *testing.T) {
	t.Parallel()
	blocked := func(f *policy.AdmitFacts) {
		f.Settings.Restrictions.Blocklist = true
		f.Listed = []identity.AccessIdentifier{{List: identity.BlockList, Identifier: "ada@acme.test"}}
	}
	runAdmit(t, map[string]admitTest{
		"a newcomer whose address is blocked": {
			given: blocked, code: fault.SignInNotAllowed, trace: newcomer + "not_blocked",
		},
		"a known person whose address is blocked": {
			given: func(f *policy.AdmitFacts) { blocked(f); f.Linked = linked() },
			code:  fault.SignInNotAllowed, trace: accepted + "subject_known address_free not_blocked",
		},
		"a known person where the lists count at sign-up only": {
			given: func(f *policy.AdmitFacts) {
				blocked(f)
				f.Linked, f.Settings.Restrictions.ListsDisabledOnSignIn = linked(), true
			},
			plan: again, trace: known + "already_member attributes",
		},
		"an allow-list does not shut out people for whom a connection speaks": {
			given: func(f *policy.AdmitFacts) {
				f.Settings.Restrictions = identity.Restrictions{Allowlist: true, BlockEmailSubaddresses: true, BlockDisposableDomains: true}
			},
			plan: created, trace: newcomer + joining + "attributes",
		},
	})
}
