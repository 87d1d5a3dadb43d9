package backendapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/practice"
	"usher/internal/resolver/resolvertest"
)

// Threats T-ORG-01 and T-ORG-04: the record of every domain is there when somebody
// who is no operator sets a connection up, or switches it on.
func TestSelfServe_NeedsAFreshProofOfEveryDomain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		zone := f.dns()
		org := f.organization("Acme")
		path := "/organizations/" + org + "/domains"
		admin := f.user("boss@home.test", nil)
		f.call("POST", "/organizations/"+org+"/memberships", object{"user_id": str(admin, "id"), "role": "org:admin"})
		member := f.user("dora@home.test", nil)
		f.call("POST", "/organizations/"+org+"/memberships", object{"user_id": str(member, "id"), "role": "org:member"})
		idp, err := practice.New(practice.Config{BaseURL: "https://idp.example.test/acme", Now: func() time.Time { return f.now }})
		if err != nil {
			t.Fatal(err)
		}
		text := string(idp.Metadata())
		by := &manage.SelfServe{Organization: identity.OrgID(org), Member: identity.UserID(str(admin, "id"))}
		create := func(by *manage.SelfServe, domains ...string) (identity.Connection, string) {
			name := "Acme sign-in"
			c, err := f.tools.Manage.CreateConnection(t.Context(), identity.SAMLOkta, manage.ConnectionChange{
				Name: &name, Domains: domains, OrganizationID: &org, SAML: &manage.SAMLChange{IDPMetadata: &text}, By: by,
			})
			return c, codeOf(err)
		}
		change := func(id identity.ConnectionID, ch manage.ConnectionChange) string {
			ch.By = by
			_, err := f.tools.Manage.ChangeConnection(t.Context(), id, ch)
			return codeOf(err)
		}
		proved := func(name string) (record string, answer resolvertest.Answer) {
			id := str(f.call("POST", path, object{"name": name, "enrollment_mode": "enterprise_sso", "verified": false}), "id")
			ref := manage.DomainRef{Organization: org, Domain: id}
			d, err := f.tools.Manage.PrepareOwnership(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			record = d.Name.OwnershipRecord()
			answer = resolvertest.Text(record, d.Ownership.Value)
			zone.Set(record, answer)
			if d, err = f.tools.Manage.AttemptOwnership(t.Context(), ref); err != nil || !d.Ownership.Verified() {
				t.Fatalf("%+v, %v", d.Ownership, err)
			}
			return record, answer
		}
		const notVerified = "organization_domain_ownership_not_verified"
		_, code := create(by, "acme.test")
		equal(t, "a domain that is not listed", code, notVerified)
		f.call("POST", path, object{"name": "victim.test", "enrollment_mode": "enterprise_sso"})
		_, code = create(by, "victim.test")
		equal(t, "one that is listed and not proved", code, notVerified)
		record, answer := proved("acme.test")
		_, code = create(by, "acme.test", "victim.test")
		equal(t, "one of two", code, notVerified)
		equal(t, "nothing is made", f.call("GET", "/enterprise_connections", nil)["total_count"], any(0.0))
		_, code = create(&manage.SelfServe{Organization: by.Organization, Member: identity.UserID(str(member, "id"))}, "acme.test")
		equal(t, "without the permission", code, "missing_organization_permission")
		_, code = create(&manage.SelfServe{Organization: identity.OrgID(f.organization("Globex"))}, "acme.test")
		equal(t, "T-ORG-17 for another organization", code, "resource_not_found")

		c, code := create(by, "acme.test")
		equal(t, "a proved one", code, "")
		equal(t, "PATCH domains too", change(c.ID, manage.ConnectionChange{Domains: []string{"acme.test", "victim.test"}}), notVerified)
		on := true
		begin := func() string { return change(c.ID, manage.ConnectionChange{Active: &on}) }
		f.now = f.now.Add(policy.FreshProof)
		zone.Set(record, resolvertest.Answer{Rcode: dns.RcodeNameError})
		equal(t, "a record that is gone", begin(), notVerified)
		zone.Set(record, resolvertest.Answer{Rcode: dns.RcodeServerFailure})
		equal(t, "a server that cannot tell", begin(), notVerified)
		status := func() any {
			list := f.call("GET", path+"?limit=10", nil)["data"].([]any)
			for _, d := range list {
				if str(d.(object), "name") == "acme.test" {
					return str(d.(object), "ownership_verification", "status")
				}
			}
			return nil
		}
		equal(t, "the proof stands for its grace all the same", status(), any("verified"))
		name := "Another name"
		equal(t, "another change is made", change(c.ID, manage.ConnectionChange{Name: &name}), "")
		zone.Set(record, answer)
		equal(t, "T-ORG-04 looked for at once and found", begin(), "")
		if c, err := f.tools.Manage.Connection(t.Context(), c.ID); err != nil || !c.Active {
			t.Errorf("active %v, %v", c.Active, err)
		}

		// A domain below rests on the record above.
		f.call("POST", path, object{"name": "eu.acme.test", "enrollment_mode": "enterprise_sso"})
		f.now = f.now.Add(policy.FreshProof)
		below := manage.ConnectionChange{Domains: []string{"acme.test", "eu.acme.test"}}
		zone.Set(record, resolvertest.Answer{Rcode: dns.RcodeNameError})
		equal(t, "T-ORG-04 a domain below, the record above being gone", change(c.ID, below), notVerified)
		zone.Set(record, answer)
		equal(t, "and there", change(c.ID, below), "")

		f.now = f.now.Add(policy.FreshProof)
		zone.Set(record, resolvertest.Answer{Rcode: dns.RcodeNameError})
		f.call("PATCH", "/enterprise_connections/"+string(c.ID), object{"active": false})
		f.call("PATCH", "/enterprise_connections/"+string(c.ID), object{"active": true}) // an operator answers for it
		other, err := f.tools.Manage.CreateConnection(t.Context(), identity.SAMLOkta, manage.ConnectionChange{
			Name: &name, Domains: []string{"all.test"}, SAML: &manage.SAMLChange{IDPMetadata: &text},
		})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "T-ORG-17 a connection of the application", change(other.ID, manage.ConnectionChange{Name: &name}), "resource_not_found")
	})
}

// Threat T-ORG-04: what rests on a domain above is not proved through a public
// suffix, or by another organization.
func TestSelfServe_NoProofThroughAPublicSuffixOrAnotherOrganization(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		globex := "/organizations/" + f.organization("Globex") + "/domains"
		above := f.call("POST", globex, object{"name": "acme.test", "enrollment_mode": "enterprise_sso"})
		f.call("POST", globex+"/"+str(above, "id")+"/verify_ownership", nil)
		org := f.organization("Acme")
		path := "/organizations/" + org + "/domains"
		cloud := f.call("POST", path, object{"name": "amazonaws.com", "enrollment_mode": "enterprise_sso"})
		f.call("POST", path+"/"+str(cloud, "id")+"/verify_ownership", nil)
		text := ""
		for _, name := range []string{"eu.acme.test", "victim.s3.amazonaws.com"} {
			made := f.call("POST", path, object{"name": name, "enrollment_mode": "enterprise_sso"})
			equal(t, name, made["ownership_verification"], any(nil))
			title := strings.ToUpper(name)
			_, err := f.tools.Manage.CreateConnection(t.Context(), identity.SAMLOkta, manage.ConnectionChange{
				Name: &title, Domains: []string{name}, OrganizationID: &org, SAML: &manage.SAMLChange{IDPEntityID: &text},
				By: &manage.SelfServe{Organization: identity.OrgID(org)},
			})
			equal(t, name, codeOf(err), "organization_domain_ownership_not_verified")
		}
	})
}
