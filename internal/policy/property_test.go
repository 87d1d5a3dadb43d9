package policy_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"usher/internal/identity"
	"usher/internal/policy"
)

// TestMain keeps rapid from leaving files of failed cases behind, which every
// later run would repeat. A failure prints the seed that brings it back.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// The generators draw from a few values each, so that they collide often. They
// hold state of their own, so the tests that draw from them are not parallel.
var (
	someDomain     = rapid.SampledFrom([]identity.Domain{"acme.test", "eu.acme.test", "evilacme.test", "globex.test"})
	someEmail      = rapid.SampledFrom([]identity.Email{"a@acme.test", "a@acme.test", "a@acme.test", "b@acme.test", "a@eu.acme.test", "a@evilacme.test", ""})
	someConnection = rapid.SampledFrom([]identity.ConnectionID{"entconn_1", "entconn_1", "entconn_2"})
	someSubject    = rapid.SampledFrom([]string{"s-1", "s-1", "s-1", "s-2", ""})
	someUser       = rapid.SampledFrom([]identity.UserID{"user_1", "user_2", "user_3"})
	someOrg        = rapid.SampledFrom([]identity.OrgID{"", "org_1", "org_2"})
	someProvider   = rapid.SampledFrom([]identity.Provider{identity.SAMLCustom, identity.SAMLCustom, identity.OIDCCustom, identity.OAuthGoogle, identity.OAuthMicrosoft})
	someTenant     = rapid.SampledFrom([]string{"t-1", "t-1", "t-2", ""})
	// often is for what lets a sign-in through.
	often = rapid.Map(rapid.IntRange(0, 15), func(n int) bool { return n > 0 })
)

func maybe[T any](t *rapid.T, label string, g func() T) *T {
	if !rapid.Bool().Draw(t, label) {
		return nil
	}
	v := g()
	return &v
}

func drawPerson(t *rapid.T) policy.Person {
	p := policy.Person{
		User:               identity.User{ID: someUser.Draw(t, "user"), Banned: !often.Draw(t, "not banned")},
		OtherOrganizations: rapid.IntRange(0, 2).Draw(t, "others"),
		ExclusiveElsewhere: !often.Draw(t, "free"),
		SecondFactor:       rapid.Bool().Draw(t, "second factor"),
		InDirectory:        rapid.Bool().Draw(t, "in directory"),
	}
	if !often.Draw(t, "unlocked") {
		p.User.LockedUntil = now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "lock")))
	}
	for _, e := range rapid.SliceOfN(someEmail, 0, 3).Draw(t, "emails") {
		p.Emails = append(p.Emails, identity.EmailAddress{
			ID: identity.EmailID("idn_" + e), UserID: p.User.ID, Address: e,
			Status:    rapid.SampledFrom([]identity.VerificationStatus{identity.Verified, identity.Unverified}).Draw(t, "status"),
			AccountID: rapid.SampledFrom([]identity.AccountID{"", "eac_1"}).Draw(t, "vouched"),
		})
	}
	p.Account = maybe(t, "account", func() identity.EnterpriseAccount {
		return identity.EnterpriseAccount{
			ID: "eac_1", UserID: p.User.ID, ConnectionID: someConnection.Draw(t, "account at"),
			Subject: someSubject.Draw(t, "account subject"), Email: someEmail.Draw(t, "account email"),
		}
	})
	p.Membership = maybe(t, "membership", func() identity.Membership {
		return identity.Membership{OrganizationID: someOrg.Draw(t, "member of"), UserID: p.User.ID, Role: "org:admin"}
	})
	return p
}

func drawFacts(t *rapid.T) policy.AdmitFacts {
	person := func() policy.Person { return drawPerson(t) }
	c := identity.Connection{
		ID: someConnection.Draw(t, "connection"), OrganizationID: someOrg.Draw(t, "organization"),
		Provider: someProvider.Draw(t, "provider"), TenantID: someTenant.Draw(t, "bound to"),
		Domains: append(rapid.SliceOfN(someDomain, 0, 2).Draw(t, "domains"), "acme.test")[rapid.IntRange(0, 1).Draw(t, "from"):],
		Active:  often.Draw(t, "active"), Authenticatable: often.Draw(t, "authenticatable"),
		Config: identity.ConnectionConfig{
			SyncUserAttributes:              rapid.Bool().Draw(t, "sync"),
			AllowSubdomains:                 rapid.Bool().Draw(t, "subdomains"),
			DisableJITProvisioning:          !often.Draw(t, "jit"),
			OIDC:                            &identity.OIDCConfig{Mapping: identity.ClaimMapping{EmailVerifiedDefault: rapid.Bool().Draw(t, "verified by default")}},
			AllowOrganizationAccountLinking: rapid.Bool().Draw(t, "linking"),
		},
	}
	email := someEmail.Draw(t, "email")
	return policy.AdmitFacts{
		Now: now, Connection: c,
		Settings:   identity.Settings{EmailVerifiedAtSignUp: rapid.Bool().Draw(t, "verify")},
		Directory:  !often.Draw(t, "no directory"),
		TypedEmail: rapid.SampledFrom([]identity.Email{"", "", email, email, "b@acme.test"}).Draw(t, "typed"),
		Claims: policy.Claims{
			Protocol: rapid.SampledFrom([]policy.Protocol{policy.ProtocolSAML, policy.ProtocolOIDC}).Draw(t, "protocol"),
			Subject:  someSubject.Draw(t, "subject"), Email: email, EmailVerified: often.Draw(t, "email verified"),
			EmailUnsaid: rapid.Bool().Draw(t, "unsaid"),
			Tenant: maybe(t, "tenant", func() policy.Tenant {
				return policy.Tenant{
					HostedDomain: string(someDomain.Draw(t, "hd")), ID: someTenant.Draw(t, "tid"), OwnsDomain: often.Draw(t, "edov"), Guest: rapid.Bool().Draw(t, "guest"),
				}
			}),
			FirstName: rapid.SampledFrom([]string{"", "Ada", "A\n"}).Draw(t, "first name"),
			PublicMetadata: identity.Metadata{
				"k": rapid.SampledFrom([]any{"v", []any{"v"}, nil}).Draw(t, "value"),
			},
		},
		Organization: &identity.Organization{
			ID:                    rapid.SampledFrom([]identity.OrgID{c.OrganizationID, c.OrganizationID, c.OrganizationID, "org_2"}).Draw(t, "facts of"),
			MaxAllowedMemberships: rapid.SampledFrom([]int{0, 0, 2, 4}).Draw(t, "limit"), ExclusiveMembership: !often.Draw(t, "open"),
		},
		Members:           rapid.IntRange(0, 3).Draw(t, "members"),
		DefaultRole:       rapid.SampledFrom([]identity.RoleKey{"org:member", "org:member", "org:member", ""}).Draw(t, "role"),
		Linked:            maybe(t, "linked", person),
		ByVerifiedEmail:   maybe(t, "by verified", person),
		ByUnverifiedEmail: rapid.SliceOfN(rapid.Custom(drawPerson), 0, 2).Draw(t, "by unverified"),
	}
}

// eachAdmission runs a check on many facts.
func eachAdmission(t *testing.T, check func(*rapid.T, policy.AdmitFacts)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			check(t, drawFacts(t))
		}
	})
}

// Invariant 3 of the threat catalogue (threats T-SAML-23, T-ID-13, T-ID-16): a
// connection can never create, link, change or sign in a person outside the
// domains it may speak for, nor a person keyed to another connection; whatever
// the facts, even those that contradict each other.
func TestAdmit_aConnectionNeverReachesBeyondItsDomains(t *testing.T) {
	eachAdmission(t, func(t *rapid.T, f policy.AdmitFacts) {
		d := policy.Admit(f)
		if d.Denied != nil {
			if d.Plan != (policy.Plan{}) {
				t.Fatalf("invariant 8: denied with %v, and a plan: %+v", d.Denied, d.Plan)
			}
			return
		}
		if !f.Connection.Active || !f.Connection.Authenticatable {
			t.Fatalf("admitted by a connection that is not in use")
		}
		if !f.Connection.Serves(f.Claims.Email.Domain()) {
			t.Fatalf("admitted with %s by a connection on %v", f.Claims.Email, f.Connection.Domains)
		}
		checkTenant(t, f, d.Plan)
		checkPerson(t, f, d.Plan)
		checkAddresses(t, f, d.Plan)
		if j := d.Plan.Join; j != nil && (j.Organization != f.Connection.OrganizationID || j.Organization == "" || j.Connection != f.Connection.ID || j.Role != f.DefaultRole) {
			t.Fatalf("joins %+v", j)
		}
	})
}

// checkPerson: who is signed in is new, keyed to this connection and subject, or
// holds the vouched address and has no other account here.
func checkPerson(t *rapid.T, f policy.AdmitFacts, p policy.Plan) {
	account := p.Link
	if account == nil {
		account = p.Refresh
	}
	if account == nil || (p.Link == nil) == (p.Refresh == nil) || account.ConnectionID != f.Connection.ID ||
		account.Subject != f.Claims.Subject || account.Subject == "" || account.Email != f.Claims.Email {
		t.Fatalf("account %+v, %+v", p.Link, p.Refresh)
	}
	if p.CreateUser != nil {
		if p.User != "" || p.Refresh != nil || p.CreateUser.Email != f.Claims.Email || f.Connection.Config.DisableJITProvisioning {
			t.Fatalf("creates %+v beside %q", p.CreateUser, p.User)
		}
		return
	}
	people := slices.Clone(f.ByUnverifiedEmail)
	for _, who := range []*policy.Person{f.Linked, f.ByVerifiedEmail} {
		if who != nil {
			people = append(people, *who)
		}
	}
	if !slices.ContainsFunc(people, func(who policy.Person) bool {
		ours := who.Account != nil && who.Account.ConnectionID == f.Connection.ID
		keyed := ours && who.Account.Subject == f.Claims.Subject && p.Refresh != nil
		found := !ours && p.Link != nil && slices.ContainsFunc(who.Emails, func(e identity.EmailAddress) bool {
			return e.Address == f.Claims.Email && (e.IsVerified() || p.RemoveCredentials && !f.Settings.EmailVerifiedAtSignUp)
		})
		return who.User.ID == p.User && !who.User.Banned && (keyed || found)
	}) {
		t.Fatalf("signs in %q, who is nobody that the claims mean", p.User)
	}
}

// checkAddresses: no address changes but the vouched one.
func checkAddresses(t *rapid.T, f policy.AdmitFacts, p policy.Plan) {
	if p.AddEmail != "" && p.AddEmail != f.Claims.Email || p.UpdateEmail != nil && p.UpdateEmail.To != f.Claims.Email {
		t.Fatalf("writes another address: %q, %+v", p.AddEmail, p.UpdateEmail)
	}
	if p.VerifyEmail != "" && p.VerifyEmail != identity.EmailID("idn_"+f.Claims.Email) {
		t.Fatalf("verifies another address: %q", p.VerifyEmail)
	}
	if (f.Directory || !f.Connection.Config.SyncUserAttributes) && (p.UpdateUser != nil || p.AddEmail != "" || p.UpdateEmail != nil) {
		t.Fatalf("changes a person without sync: %+v", p)
	}
}

func TestAdmit_theSameFactsAreTheSameDecision(t *testing.T) {
	eachAdmission(t, func(t *rapid.T, f policy.AdmitFacts) {
		first, second := policy.Admit(f), policy.Admit(f)
		same := cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
		if diff := cmp.Diff(first, second, same, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}

// A trace ends at the first refusal, and its last rule is the refusal.
func TestAdmit_theTraceEndsAtTheRefusal(t *testing.T) {
	eachAdmission(t, func(t *rapid.T, f policy.AdmitFacts) {
		d := policy.Admit(f)
		for i, r := range d.Trace {
			if last := i == len(d.Trace)-1; r.Passed == (last && d.Denied != nil) {
				t.Fatalf("denied %v, trace %+v", d.Denied, d.Trace)
			}
		}
	})
}

// What Discover offers for an address is what Admit accepts for it: nobody is
// sent to a connection that may not speak for the address.
func TestDiscover_offersOnlyWhatAdmitAccepts(t *testing.T) {
	eachAdmission(t, func(t *rapid.T, f policy.AdmitFacts) {
		offered := policy.Discover(policy.DiscoverFacts{Email: f.Claims.Email, Connections: []identity.Connection{f.Connection}}).Connections
		if d := policy.Admit(f); d.Denied == nil && len(offered) == 0 {
			t.Fatalf("admitted by a connection that is not offered")
		}
		enforced := policy.Enforce(policy.EnforceFacts{Email: f.Claims.Email, Strategy: "password", Connections: []identity.Connection{f.Connection}})
		if f.Claims.Email != "" && (enforced.Denied != nil) != (len(offered) > 0) {
			t.Fatalf("offered %d, a password refused: %v", len(offered), enforced.Denied)
		}
	})
}

// checkTenant: a multi-tenant provider speaks for the tenant that the connection is
// bound to, about addresses that the tenant owns (threats T-EASIE-01, T-EASIE-03,
// T-EASIE-06).
func checkTenant(t *rapid.T, f policy.AdmitFacts, p policy.Plan) {
	c, tenant := f.Connection, f.Claims.Tenant
	if b := p.BindTenant; b != nil && (c.Provider != identity.OAuthMicrosoft || b.Connection != c.ID || c.TenantID != "" || b.Tenant != tenant.ID || b.Tenant == "") {
		t.Fatalf("%+v binds %+v", c, b)
	}
	switch c.Provider {
	case identity.OAuthGoogle:
		if tenant == nil || !c.Serves(identity.Domain(tenant.HostedDomain)) || !f.Claims.EmailVerified {
			t.Fatalf("Google admitted %+v to a connection on %v", f.Claims, c.Domains)
		}
	case identity.OAuthMicrosoft:
		if tenant == nil || tenant.ID == "" || !tenant.OwnsDomain || c.TenantID != "" && tenant.ID != c.TenantID || c.TenantID == "" && p.BindTenant == nil {
			t.Fatalf("Microsoft admitted %+v to a connection bound to %q", tenant, c.TenantID)
		}
	default:
		unsaid := f.Claims.Protocol == policy.ProtocolOIDC && f.Claims.EmailUnsaid
		if !unsaid && !f.Claims.EmailVerified || unsaid && !c.Config.OIDC.Mapping.EmailVerifiedDefault {
			t.Fatalf("admitted with an address that nobody has verified: %+v", f.Claims)
		}
	}
}
